"""The command line, without make, without git, and in a folder that only has a package."""

import io
import subprocess
import sys
import types

import learners
import pytest
from learners import cell, save

from course_utils import work
from course_utils.work import __main__ as program
from course_utils.work import recall
from course_utils.work._record import note
from course_utils.work.recall import Choice, Question


@pytest.fixture
def place(tmp_path):
    found = learners.folders(tmp_path)
    save(found.course / "00_first.ipynb", [cell("a", "# First")])
    save(found.course / "01_second.ipynb", [cell("b", "# Second")])
    found.work = tmp_path / "mine"
    found.options = ["--folder", str(found.work), "--course", str(found.course)]
    return found


def test_start_and_update_say_what_they_do(place, capsys):
    assert program.main([*place.options, "start"]) == 0
    assert capsys.readouterr().out == (
        f"2 notebooks copied to {place.work}\nyour copies: {place.work}\n"
    )
    save(place.course / "02_third.ipynb", [cell("a", "# Third")])
    save(place.course / "03_fourth.ipynb", [cell("a", "# Fourth")])
    assert program.main([*place.options, "update"]) == 0
    assert capsys.readouterr().out == "02_third.ipynb: new\n03_fourth.ipynb: new\n"
    assert program.main([*place.options, "update"]) == 0
    assert capsys.readouterr().out == "nothing to update\n"


def test_start_says_each_thing_on_a_line(place, capsys):
    work.start(place.work, course=place.course)
    for name in ("00_first.ipynb", "01_second.ipynb"):
        (place.work / name).write_text("{")
    program.main([*place.options, "start"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1] == f"your copies: {place.work}"


def test_without_options_the_copies_lie_beside_the_course(place, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(place.course))
    monkeypatch.delenv("COURSE_WORK", raising=False)
    program.main(["start"])
    folder = place.course.parent / "work"
    assert capsys.readouterr().out.endswith(f"your copies: {folder}\n")
    save(place.course.parent / "other" / "notebooks" / "00_x.ipynb", [])
    program.main(["--course", str(place.course.parent / "other" / "notebooks"), "start"])
    assert capsys.readouterr().out.endswith(
        f"your copies: {place.course.parent / 'other' / 'work'}\n"
    )
    monkeypatch.setattr(sys, "argv", ["work", "update"])
    assert program.main() == 0
    assert capsys.readouterr().out == "nothing to update\n"


@pytest.mark.parametrize("status", [0, 3])
def test_lab_opens_the_first_copy(place, monkeypatch, status):
    opened = []
    monkeypatch.setattr(
        program.subprocess, "call", lambda command: opened.append(command) or status
    )
    assert program.main([*place.options, "lab"]) == status
    (place.work / "00_first.ipynb").rename(place.work / "mine.ipynb")
    assert program.main([*place.options, "lab"]) == status
    assert opened == [
        [sys.executable, "-m", "jupyterlab", str(place.work / "00_first.ipynb")],
        [sys.executable, "-m", "jupyterlab", str(place.work)],
    ]


def test_what_is_missing_is_said_in_one_line(place, capsys):
    assert program.main(["--course", str(place.work), "start"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"no notebooks of the course in {place.work}: ")
    assert said.err.count("\n") == 1


def test_progress_is_that_of_the_folder_named(place, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    stub = cell("x", "check.x(1)", "code", metadata={"tags": ["exercise"]})
    save(place.course / "00_first.ipynb", [cell("a", "# First"), stub])
    work.start(place.work, course=place.course)
    note(place.work, "first.x", "right")
    assert program.main([*place.options, "progress"]) == 0
    lines = work.progress(place.work, course=place.course)
    assert lines[0] == "✓            00 First"
    assert capsys.readouterr().out.split("\n") == [*lines, ""]


@pytest.mark.parametrize(
    ("arguments", "name", "given"),
    [
        ("share x --name M", "share", (("x", "M"), {"folder": "f", "course": "c"})),
        ("unshare x --name M", "unshare", (("x", "M"), {})),
        ("class x", "class_table", (("x",), {"course": "c"})),
        ("progress", "progress", (("f",), {"course": "c"})),
        ("update", "update", (("f",), {"course": "c"})),
    ],
)
def test_what_was_given_is_passed_on_and_each_line_said(
    arguments, name, given, monkeypatch, capsys
):
    calls = []
    monkeypatch.setattr(
        program, name, lambda *first, **more: calls.append((first, more)) or ["one", "two"]
    )
    assert program.main(["--folder", "f", "--course", "c", *arguments.split()]) == 0
    assert calls == [given]
    assert capsys.readouterr().out == "one\ntwo\n"


class TestRecall:
    """What it passes on; the questions have tests of their own."""

    QUESTION = Question("first", "q", "a", "?", Choice("1", "Yes."), (Choice("2", "No."),))

    @pytest.fixture
    def asked(self, place, monkeypatch):
        given = types.SimpleNamespace(topics=[], asked=[], course=place.course)

        def topics(*arguments):
            given.topics.append(arguments)
            return ["first"]

        monkeypatch.setattr(recall, "topics", topics)
        monkeypatch.setattr(recall, "ask", lambda *arguments: given.asked.append(arguments))
        monkeypatch.setattr(
            recall,
            "questions",
            lambda chosen=None: [self.QUESTION] * (1 if chosen == ["first"] else 2),
        )
        return given

    @pytest.mark.parametrize(
        ("options", "named", "before", "number"),
        [
            ([], [], None, 5),
            (["00", "second", "--number", "2"], ["00", "second"], None, 2),
            (["--before", "second"], [], "second", 5),
        ],
    )
    def test_it_asks_about_what_was_named(self, place, asked, options, named, before, number):
        assert program.main([*place.options, "recall", *options]) == 0
        assert asked.topics == [(place.course, place.work, named, before)]
        assert asked.asked == [([self.QUESTION], recall.places(place.course), place.work, number)]

    @pytest.mark.parametrize("form", ["page", "gift"])
    def test_it_writes_all_and_asks_nothing(self, place, asked, tmp_path, capsys, form):
        target, write = tmp_path / "written", {"page": recall.as_page, "gift": recall.as_gift}
        assert program.main([*place.options, "recall", f"--{form}", str(target)]) == 0
        expected = write[form]([self.QUESTION] * 2, recall.places(place.course))
        assert target.read_text(encoding="utf-8") == expected
        assert capsys.readouterr().out == f"2 questions written to {target}\n"
        assert asked.asked == asked.topics == []


def test_a_terminal_that_lacks_a_letter_shows_another(place, monkeypatch):
    """Code pages of Windows lack ✓; a stand-in may lack `reconfigure`."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    work.start(place.work, course=place.course)
    assert program.main([*place.options, "progress"]) == 0
    assert b"? done   ? tried   ? open" in stream.buffer.getvalue()


HELP = {
    "": """\
usage: python -m course_utils.work [-h] [--folder FOLDER] [--course COURSE] command ...

Your own copies of the notebooks, and what is new in the course.

positional arguments:
  command
    start          copy each notebook of which there is no copy yet
    lab            start, then open JupyterLab at the first copy
    update         bring what is new in the course into the copies
    progress       tell which exercises are done, tried and open, by route
    recall         ask a few questions on notebooks that you have begun
    share          show a folder's readers which exercises you have done and tried
    unshare        take back what you have shown in a folder
    class          tell where the learners are who have shown it in a folder

options:
  -h, --help       show this help message and exit
  --folder FOLDER  where the copies are (default: work, beside notebooks)
  --course COURSE  folder with the course's notebooks
""",
    "lab": """\
usage: python -m course_utils.work lab [-h]

start, then open JupyterLab at the first copy

options:
  -h, --help  show this help message and exit
""",
    "recall": """\
usage: python -m course_utils.work recall [-h] [--before BEFORE] [--number NUMBER] [--page PAGE]
                                          [--gift GIFT]
                                          [notebooks ...]

ask a few questions on notebooks that you have begun

positional arguments:
  notebooks        numbers or topics; default: those begun

options:
  -h, --help       show this help message and exit
  --before BEFORE  ask about what comes before this notebook instead
  --number NUMBER  how many questions (5)
  --page PAGE      write all questions as a page without scripts instead
  --gift GIFT      write all questions for Moodle instead, in GIFT format
""",
    "share": """\
usage: python -m course_utils.work share [-h] --name NAME to

show a folder's readers which exercises you have done and tried

positional arguments:
  to           the folder that a teacher has named

options:
  -h, --help   show this help message and exit
  --name NAME  name under which you appear there
""",
    "unshare": """\
usage: python -m course_utils.work unshare [-h] --name NAME to

take back what you have shown in a folder

positional arguments:
  to           the folder that a teacher has named

options:
  -h, --help   show this help message and exit
  --name NAME  name under which you appear there
""",
    "class": """\
usage: python -m course_utils.work class [-h] to

tell where the learners are who have shown it in a folder

positional arguments:
  to          the folder that a teacher has named

options:
  -h, --help  show this help message and exit
""",
}


@pytest.mark.parametrize(("command", "text"), HELP.items())
def test_help_says_what_there_is(monkeypatch, capsys, command, text):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as left:
        program.main([*command.split(), "--help"])
    assert (left.value.code, capsys.readouterr().out) == (0, text)


@pytest.mark.parametrize("arguments", [[], ["share", "folder"], ["unshare", "x"], ["class"]])
def test_what_is_needed_is_asked_for(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        program.main(arguments)
    assert left.value.code == 2
    assert "the following arguments are required: " in capsys.readouterr().err


@pytest.mark.slow
def test_as_a_module_from_anywhere(place, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "course_utils.work", *place.options, "start"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "2 notebooks copied" in run.stdout
