"""A teacher sees what learners have chosen to show, and nothing else."""

import json
import time

import learners
import pytest
from learners import cell, save

from course_utils import work
from course_utils.work import __main__ as program
from course_utils.work import _sharing
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


def test_what_is_written_and_how_to_take_it_back_is_said(place, monkeypatch):
    epoch = time.gmtime(0)
    monkeypatch.setattr(_sharing.time, "gmtime", lambda: epoch)
    for name, verdict in (("first.x", "right"), ("first.y", "raised"), ("second.z", "wrong")):
        note(place.work, name, verdict)
    path = place.shared / "Mia M.standing.json"
    assert work.share(place.shared, "Mia M", **place.options) == [
        f"{path} now says that Mia M has done 1 exercises and tried 2 more, and which;"
        " nothing else.",
        f'To take it back: python -m course_utils.work unshare {place.shared} --name "Mia M"',
    ]
    shown = {"first.x": "done", "first.y": "tried", "second.z": "tried"}
    assert work.read_class(place.shared) == ([work.Learner("Mia M", "1970-01-01", shown)], [])
    assert '\n  "second.z": "tried"\n' in path.read_text()  # so that Mia can read what is shown


def test_the_record_is_that_of_the_folder_named_or_of_the_one_beside_the_course(place):
    other = place.work.with_name("other")
    work.start(other, course=place.course)
    note(place.work, "first.x", "right")
    note(other, "first.y", "right")
    for folder, done in ((other, "first.y"), (None, "first.x")):
        work.share(place.shared, "Mia", folder=folder, course=place.course)
        ((learner,), _) = work.read_class(place.shared)
        assert learner.exercises == {done: "done"}


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
    with pytest.raises(FileNotFoundError) as error:
        work.unshare(place.shared, "Mia")
    assert str(error.value) == (
        f"nothing is shown as 'Mia' in {place.shared}; look at the names there"
    )


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


def show(place, name, **exercises):
    entry = {"name": name, "day": "2026-11-29", "exercises": exercises}
    (place.shared / f"{name}.standing.json").write_text(json.dumps(entry))


def test_where_most_are_stuck_comes_first_and_ten_places_are_enough(place):
    names = "abcdefghijklm"
    save(place.course / "00_first.ipynb", [cell("t", "# First"), *map(exercise, names)])
    for number in range(3):
        tried = {f"first.{name}": "tried" for name in names}
        done = {"first.c": "done", "first.e": "done"} if number == 0 else {}
        show(place, f"L{number}", **(tried | done | {"first.m": "done"}))
    # Three have tried all but c and e, which one has done, and m, which all have done.
    assert table(place).splitlines()[-11:] == [
        "tried and not solved:",
        *(f"  {name} in 00 First: 3 not yet, 0 done" for name in "abdfghijkl"),
    ]
    for number in range(3):
        show(place, f"L{number}", **{"first.b": "tried", "first.a": "tried" if number else "done"})
    assert table(place).splitlines()[-3:] == [
        "tried and not solved:",
        "  b in 00 First: 3 not yet, 0 done",
        "  a in 00 First: 2 not yet, 1 done",
    ]


def test_one_who_is_stuck_is_not_pointed_at(place):
    show(place, "Mia", **{"first.x": "tried"})
    show(place, "Ben")
    assert table(place).endswith("no exercise has stopped more than one of them")


def test_names_stand_in_the_order_of_letters_and_the_table_is_as_wide_as_they_are(place):
    for name in ("b", "Anna-Lena", "C"):
        show(place, name)
    save(place.course / "00_first.ipynb", [cell("t", "# F"), *map(exercise, "abcdefghijkl")])
    assert table(place).splitlines()[:5] == [
        "           00  01  shown on",
        "of         12   1",
        "Anna-Lena   ·   ·  2026-11-29",
        "b           ·   ·  2026-11-29",
        "C           ·   ·  2026-11-29",
    ]


def test_a_short_name_leaves_room_for_the_numbers(place):
    show(place, "A")
    assert table(place).splitlines()[:3] == [
        "    00  01  shown on",
        "of   2   1",
        "A    ·   ·  2026-11-29",
    ]


def test_other_files_in_the_folder_are_left_alone(place):
    (place.shared / "notes.json").write_text("{")
    (place.shared / "A.standing.json").mkdir()
    (place.shared / "B.standing.json").write_text("{")
    assert work.read_class(place.shared) == ([], ["A.standing.json", "B.standing.json"])
    assert work.class_table(place.shared, course=place.course) == [
        "cannot be read: A.standing.json; ask for it again",
        "cannot be read: B.standing.json; ask for it again",
        f"nobody has shown anything in {place.shared} yet",
    ]


def test_states_that_are_no_text_become_text(place):
    (place.shared / "A.standing.json").write_text(
        '{"name": "A", "day": "d", "exercises": {"x": 1}}'
    )
    assert work.read_class(place.shared)[0] == [work.Learner("A", "d", {"x": "1"})]


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


@pytest.mark.parametrize("key", ["name", "day"])
def test_a_file_with_a_number_for_a_text_is_damaged(place, key):
    entry = {"name": "A", "day": "d", "exercises": {}} | {key: 1}
    (place.shared / "A.standing.json").write_text(json.dumps(entry))
    assert work.read_class(place.shared) == ([], ["A.standing.json"])


@pytest.mark.parametrize("name", ["x", "_", "x" * 40, "Ü 1.a-_b"])
def test_a_name_may_be_short_or_long(place, name):
    work.share(place.shared, name, **place.options)
    assert (place.shared / f"{name}.standing.json").is_file()


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a\\b", ".hidden", "end ", "end.", "x" * 41])
def test_a_name_must_be_the_name_of_a_file(place, name):
    for change in (work.unshare, lambda to, name: work.share(to, name, **place.options)):
        with pytest.raises(ValueError, match="name") as error:
            change(place.shared, name)
        assert str(error.value) == (
            f"name must be 1 to 40 letters, digits, spaces, '.', '-' or '_', got {name!r}"
        )


def test_a_folder_that_is_not_there(place):
    gone = place.shared / "gone"
    with pytest.raises(FileNotFoundError) as error:
        work.share(gone, "Mia", **place.options)
    assert str(error.value) == f"there is no folder {gone}; ask your teacher for its name"
    with pytest.raises(FileNotFoundError) as error:
        work.class_table(gone, course=place.course)
    assert str(error.value) == f"there is no folder {gone}"


def test_from_the_command_line(place, capsys):
    options = ["--folder", str(place.work), "--course", str(place.course)]
    assert program.main([*options, "share", str(place.shared), "--name", "Mia Müller"]) == 0
    assert "To take it back" in capsys.readouterr().out
    assert program.main([*options, "class", str(place.shared)]) == 0
    assert "Mia Müller" in capsys.readouterr().out
    assert program.main([*options, "unshare", str(place.shared), "--name", "Mia Müller"]) == 0
    assert program.main([*options, "unshare", str(place.shared), "--name", "Mia Müller"]) == 2
