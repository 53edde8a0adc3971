"""Verdicts are kept beside the copies, silently, and nothing that goes wrong there is felt."""

import errno
import json
import os
import subprocess
import sys
import time
import types

import learners
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learners import cell, save

from course_utils import work
from course_utils.checks import TODO
from course_utils.checks import start_here as check
from course_utils.work import _progress, _record

PAGE = [
    cell("title", "# Check"),
    cell("e1", "my_share = TODO\n\ncheck.predict_share(my_share)", "code"),
    cell("e1-solution", "# A solution\ncheck.predict_share(0.8)", "code"),
    cell("e2", "check.share_of_zeros(share_of_zeros)", "code"),
    cell("e3", "check.break_same_sum(1, 2)", "code"),
]
for _number in (1, 3, 4):
    PAGE[_number]["metadata"] = {"tags": ["exercise"]}


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Stand in a folder of copies, with nothing in the environment that turns the record off."""
    place = learners.folders(tmp_path)
    save(place.course / "00_start_here.ipynb", PAGE)
    work.start(place.work, course=place.course)
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(place.course))
    monkeypatch.setenv("COURSE_WORK", str(place.work))
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    monkeypatch.chdir(place.work)
    return place.work


def recorded(folder):
    return [(entry.exercise, entry.verdict) for entry in work.read_record(folder)]


def test_each_kind_of_exercise_is_recorded_and_prints_what_it_judges(copies, capsys):
    check.predict_share(0.5)
    check.share_of_zeros(lambda matrix: float((matrix == 0).mean()))
    check.share_of_zeros(lambda matrix: 1 / 0)
    check.break_same_sum([[1, 0], [0, 0]], [[0, 1], [0, 0]])
    assert recorded(copies) == [
        ("start_here.predict_share", "wrong"),
        ("start_here.share_of_zeros", "right"),
        ("start_here.share_of_zeros", "raised"),
        ("start_here.break_same_sum", "right"),
    ]
    said = capsys.readouterr()
    assert said.out.startswith(check.predict_share.judge(0.5).message + "\n✓ share_of_zeros")
    assert said.err == ""
    times = [entry.time for entry in work.read_record(copies)]
    assert all(time.endswith("Z") and time[10] == "T" for time in times)


def test_untouched_stubs_solutions_and_exercises_of_ones_own_are_left_out(copies, monkeypatch):
    check.predict_share(TODO)
    main = types.ModuleType("__main__")
    main.In = ["", "check.predict_share(0.8)", "# A solution\ncheck.predict_share(0.8)"]
    monkeypatch.setitem(sys.modules, "__main__", main)
    check.predict_share(0.8)
    main.In.append("check.predict_share(0.8)")
    type(check.predict_share)("mine", lambda: 1, "", "")(1)
    check.predict_share.judge(0.8)
    assert recorded(copies) == []
    check.predict_share(0.8)
    assert recorded(copies) == [("start_here.predict_share", "right")]


@pytest.mark.parametrize("value", ["off", "OFF", "0", "no", " false "])
def test_one_variable_turns_it_off(copies, monkeypatch, value):
    monkeypatch.setenv("COURSE_PROGRESS", value)
    check.predict_share(0.5)
    assert not (copies / ".course" / "progress.jsonl").exists()


def test_nothing_is_written_outside_a_folder_of_copies(copies, monkeypatch):
    monkeypatch.chdir(copies.parent)
    check.predict_share(0.5)
    assert recorded(copies) == []
    below = copies / "done" / "early"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    check.predict_share(0.5)
    assert recorded(copies) == [("start_here.predict_share", "wrong")]


@pytest.mark.parametrize("depth", range(5))
def test_the_folder_of_copies_is_at_most_three_above(copies, depth, monkeypatch):
    below = copies.joinpath(*"abcd"[:depth])
    below.mkdir(parents=True, exist_ok=True)
    expected = copies if depth <= 3 else None
    assert _record.folder_of_copies(below) == expected
    monkeypatch.chdir(copies)
    assert _record.folder_of_copies(below.relative_to(copies)) == expected
    monkeypatch.chdir(below)
    assert _record.folder_of_copies() == expected


def test_a_folder_that_only_looks_like_one_of_copies_is_none(tmp_path):
    (tmp_path / "work" / ".course").mkdir(parents=True)
    (tmp_path / "work" / ".course" / "base").touch()
    assert _record.folder_of_copies(tmp_path / "work") is None


def test_a_line_says_what_was_judged_how_and_when(copies, monkeypatch):
    epoch = time.gmtime(0)
    monkeypatch.setattr(_record.time, "gmtime", lambda: epoch)
    _record.note(copies, "a.b", "right")
    path = copies / ".course" / "progress.jsonl"
    line = b'{"exercise": "a.b", "verdict": "right", "time": "1970-01-01T00:00:00Z"}'
    assert path.read_bytes() == b"\n" + line + b"\n"
    _record._append(path, "ü")  # which is not silent, so that a slip in it would show
    assert path.read_bytes() == b"\n" + line + b"\n\n\xc3\xbc\n"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    _record.note(copies, "a.c", "right")
    assert recorded(copies) == [("a.b", "right")]


def test_a_note_that_cannot_be_written_is_silent(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    _record.note(tmp_path / "gone", "a.b", "right")
    assert list(tmp_path.iterdir()) == []


def test_no_file_stays_open(copies, monkeypatch):
    closed = []
    monkeypatch.setattr(_record.os, "close", closed.append)
    with monkeypatch.context() as patch:
        patch.setattr(_record.os, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            _record._append(copies / "file", "line")
    monkeypatch.undo()
    for descriptor in closed:
        os.close(descriptor)
    assert len(closed) == 1


def test_a_topic_is_that_of_the_module_of_checks_that_holds_the_exercise(monkeypatch):
    exercise, other = object(), object()
    modules = {
        "course_utils.checks.gone": None,
        "elsewhere": types.SimpleNamespace(one=exercise),
        "course_utils.checks.first": types.SimpleNamespace(one=other),
        "course_utils.checks.second": types.SimpleNamespace(one=exercise),
    }
    monkeypatch.setattr(_record, "sys", types.SimpleNamespace(modules=modules))
    assert _record._topic_of(exercise, "one") == "second"
    assert _record._topic_of(exercise, "two") == ""


@pytest.mark.parametrize(
    ("main", "solution"),
    [
        (None, False),
        (types.SimpleNamespace(), False),
        (types.SimpleNamespace(In=[]), False),
        (types.SimpleNamespace(In=["# A solution", "x"]), False),
        (types.SimpleNamespace(In=["x", "\n  # A solution, and why\nx"]), True),
        (types.SimpleNamespace(In=["x\n# A solution"]), False),
    ],
)
def test_a_solution_begins_by_saying_so(monkeypatch, main, solution):
    modules = {} if main is None else {"__main__": main}
    monkeypatch.setattr(_record, "sys", types.SimpleNamespace(modules=modules))
    assert _record._is_solution() is solution


def test_an_entry_that_is_not_all_text_is_left_out(copies):
    good = {"exercise": "a.b", "verdict": "right", "time": "t"}
    entries = [good | {"time": 3}, good | {"exercise": None}, good | {"more": "x"}, good, {}]
    lines = [json.dumps(entry).encode() for entry in entries]
    broken = lines[3].replace(b"a.b", b"a.\xff")
    path = copies / ".course" / "progress.jsonl"
    path.write_bytes(b"\n".join([*lines, b"[" * 100_000, broken]))
    assert recorded(copies) == [("a.b", "right"), ("a.\ufffd", "right")]


def test_a_full_disk_costs_one_line_and_no_verdict(copies, monkeypatch, capsys):
    check.predict_share(0.5)
    write = os.write

    def full(descriptor, content):
        write(descriptor, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(_record.os, "write", full)
    check.predict_share(0.5)
    monkeypatch.setattr(_record.os, "write", write)
    check.predict_share(0.8)
    assert [verdict for _, verdict in recorded(copies)] == ["wrong", "right"]
    assert capsys.readouterr().out.count("predict_share: ") == 3


@pytest.mark.parametrize("how", ["folder", "read only", "gone"])
def test_a_place_that_cannot_be_written_costs_no_verdict(copies, monkeypatch, capsys, how):
    if how == "folder":
        (copies / ".course" / "progress.jsonl").mkdir()
    elif how == "read only":
        monkeypatch.setattr(
            _record.os, "open", lambda *_: (_ for _ in ()).throw(PermissionError("no"))
        )
    else:
        monkeypatch.setattr(
            _record.Path, "cwd", lambda: (_ for _ in ()).throw(FileNotFoundError("gone"))
        )
    check.predict_share(0.5)
    assert capsys.readouterr().out.startswith("✗ predict_share")
    monkeypatch.undo()
    assert recorded(copies) == []


@given(st.lists(st.one_of(st.binary(), st.sampled_from([b"{}", b"[1]", b"null", b'{"time": 3}']))))
def test_a_damaged_file_is_read_as_far_as_it_goes(tmp_path_factory, junk):
    folder = tmp_path_factory.getbasetemp() / "damaged"
    (folder / ".course").mkdir(parents=True, exist_ok=True)
    good = json.dumps({"exercise": "a.b", "verdict": "right", "time": "t"}).encode()
    path = folder / ".course" / "progress.jsonl"
    path.write_bytes(b"\n".join([*junk, good, *junk, good]))
    assert work.read_record(folder) == [work.Verdict("a.b", "right", "t")] * 2


@pytest.mark.slow
def test_two_processes_write_whole_lines(copies):
    code = (
        "from course_utils.work import record\n"
        "from course_utils.checks import start_here as check\n"
        "for _ in range(300): record(check.predict_share, 'predict_share', 'wrong')"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=copies) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert recorded(copies) == [("start_here.predict_share", "wrong")] * 600


class TestProgress:
    def test_right_once_is_done_and_the_rest_is_tried_or_open(self, copies):
        check.predict_share(0.8)
        check.predict_share(0.5)
        check.share_of_zeros(lambda matrix: 0)
        lines = work.progress()
        assert lines[0] == "✓ ✗ ○        00 Check"
        assert "all: 1 of 3 exercises done, 1 tried; next: 00 Check" in lines
        assert "digits: 1 of 3 exercises done, 1 tried; next: 00 Check" in lines

    def test_a_finished_route_names_nothing_next(self, copies):
        names = ("predict_share", "share_of_zeros", "break_same_sum")
        for name in names:
            work.record(getattr(check, name), name, "right")
        assert "half a day: 3 of 3 exercises done, 0 tried" in work.progress()

    def test_in_a_notebook_it_prints_and_draws(self, copies, monkeypatch, capsys):
        work.show_progress()
        assert "COURSE_PROGRESS=off turns that off" in capsys.readouterr().out
        drawn = []
        monkeypatch.setattr("course_utils.plots.show", lambda figure, alt: drawn.append(alt))
        check.predict_share(0.8)
        work.show_progress()
        (alt,) = drawn
        assert "1 of 3 are done, 0 tried" in alt
        monkeypatch.chdir(copies.parent)
        capsys.readouterr()
        work.show_progress()
        assert capsys.readouterr().out.startswith("This notebook is no copy of your own")

    @pytest.mark.slow
    def test_every_exercise_of_the_course_is_found_where_its_check_is(self):
        """The record names an exercise by topic and name, and so does a page."""
        import importlib

        books = _progress.read_course(work.course_folder())
        for each in _progress.standings(books, []):
            checks = importlib.import_module(f"course_utils.checks.{each.topic}")
            stubs = [
                one
                for one in books[next(name for name in books if each.topic in name)]["cells"]
                if "exercise" in one["metadata"].get("tags", [])
            ]
            assert len(each.exercises) == len(stubs)
            assert all(hasattr(checks, name) for name in each.exercises)
