"""A teacher sees what learners have chosen to show, and nothing else."""

import json

import learners
import pytest
from learners import cell, save

from course_utils import work
from course_utils.work import __main__ as program
from course_utils.work._record import note


def exercise(name):
    found = cell(name, f"check.{name}(answer)", "code")
    found["metadata"] = {"tags": ["exercise"]}
    return found


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two notebooks with three exercises, a learner's copies, and the folder of a class."""
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    found = learners.folders(tmp_path)
    save(found.course / "00_first.ipynb", [cell("a", "# First"), exercise("x"), exercise("y")])
    save(found.course / "01_second.ipynb", [cell("b", "# Second"), exercise("z")])
    found.shared = tmp_path / "class"
    found.shared.mkdir()
    found.options = {"folder": found.work, "course": found.course}
    work.start(found.work, course=found.course)
    return found


def table(place):
    return "\n".join(work.class_table(place.shared, course=place.course))


def test_only_what_was_done_and_tried_is_shown(place):
    note(place.work, "first.x", "wrong")
    note(place.work, "first.x", "right")
    note(place.work, "second.z", "raised")
    note(place.work, "recall:first.q", "wrong")
    lines = work.share(place.shared, "Mia", **place.options)
    assert "has done 1 exercises and tried 1 more" in lines[0]
    (path,) = place.shared.iterdir()
    assert json.loads(path.read_text())["exercises"] == {"first.x": "done", "second.z": "tried"}
    assert list(json.loads(path.read_text())) == ["name", "day", "exercises"]


def test_nothing_is_shown_before_it_is_asked_for(place):
    note(place.work, "first.x", "right")
    assert list(place.shared.iterdir()) == []
    assert "nobody has shown anything" in table(place)


def test_a_learner_takes_it_back(place):
    work.share(place.shared, "Mia", **place.options)
    assert work.unshare(place.shared, "Mia") == [
        f"{place.shared} no longer says anything about Mia"
    ]
    assert list(place.shared.iterdir()) == []
    with pytest.raises(FileNotFoundError, match="nothing is shown as 'Mia'"):
        work.unshare(place.shared, "Mia")


def test_the_table_counts_and_says_where_they_are_stuck(place):
    for name, exercises in {
        "Mia": {"first.x": "done", "first.y": "tried", "gone.exercise": "done"},
        "Ben": {"first.x": "done", "first.y": "tried", "second.z": "tried"},
        "Zoe": {"first.y": "done"},
    }.items():
        entry = {"name": name, "day": "2026-11-29", "exercises": exercises}
        (place.shared / f"{name}.standing.json").write_text(json.dumps(entry))
    assert table(place).splitlines() == [
        "     00  01  shown on",
        "of    2   1",
        "Ben   1   ·  2026-11-29",
        "Mia   1   ·  2026-11-29",
        "Zoe   1   ·  2026-11-29",
        "",
        "tried and not solved:",
        "  y in 00 First: 2 not yet, 1 done",
    ]


def test_a_class_that_is_not_stuck(place):
    work.share(place.shared, "Mia", **place.options)
    assert table(place).endswith("no exercise has stopped more than one of them")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"name": 1}', '{"name": "A", "day": "", "exercises": []}', "[" * 9999]
)
def test_a_damaged_file_is_named_and_the_others_are_read(place, text):
    work.share(place.shared, "Mia", **place.options)
    (place.shared / "A.standing.json").write_text(text)
    assert table(place).startswith("cannot be read: A.standing.json; ask for it again")
    assert "Mia" in table(place)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\\b", ".hidden", "end ", "end.", "x" * 41])
def test_a_name_must_be_the_name_of_a_file(place, name):
    with pytest.raises(ValueError, match="name must be 1 to 40 letters"):
        work.share(place.shared, name, **place.options)


def test_a_folder_that_is_not_there(place):
    with pytest.raises(FileNotFoundError, match="ask your teacher"):
        work.share(place.shared / "gone", "Mia", **place.options)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        work.class_table(place.shared / "gone", course=place.course)


def test_from_the_command_line(place, capsys):
    options = ["--folder", str(place.work), "--course", str(place.course)]
    assert program.main([*options, "share", str(place.shared), "--name", "Mia Müller"]) == 0
    assert "To take it back" in capsys.readouterr().out
    assert program.main([*options, "class", str(place.shared)]) == 0
    assert "Mia Müller" in capsys.readouterr().out
    assert program.main([*options, "unshare", str(place.shared), "--name", "Mia Müller"]) == 0
    assert program.main([*options, "unshare", str(place.shared), "--name", "Mia Müller"]) == 2
