"""A teacher finds wrong answers to every exercise, as the tests of the checks know them."""

import re

import pytest

from course_utils.checks import Exercise, Status
from course_utils.checks import align_and_index as check
from course_utils.work._progress import Standing
from tools import mistakes
from tools.mistakes import Listener, Mistake, by_exercise, listening


def test_every_exercise_of_the_course_has_some():
    text = mistakes.DOCUMENT.read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.M)[1:]
    told = {}
    for section in sections:
        name, *exercises = re.split(r"^\*\*Exercise \d+, ", section, flags=re.M)
        told[name.strip()] = {
            re.match(r"`(\w+)`", each)[1]: each.count("\n- ") for each in exercises
        }
    wanted = {each.name: list(each.exercises) for each in mistakes.notebooks()}
    assert {name: list(exercises) for name, exercises in told.items()} == wanted, (
        "python -m tools.mistakes writes docs/mistakes.md anew"
    )
    assert [name for exercises in told.values() for name, n in exercises.items() if n == 0] == []


def test_a_wrong_answer_is_heard_with_its_name_and_its_hint():
    listener = Listener()

    def sorts_nothing(matrix):
        return matrix.tocsr()

    with listening(listener):
        assert check.left_align.judge(sorts_nothing).status is Status.WRONG
        check.predict_row_splits.judge([1, 0, 3, 1, 0])
        check.predict_row_splits.judge([0, 1, 1, 4, 5, 5])
    left, lengths = listener.found
    assert (left.exercise, left.answer) == ("align_and_index.left_align", "sorts nothing")
    assert "the number of nonzeros before it" in left.hint
    assert lengths.answer == "`[1, 0, 3, 1, 0]`"
    assert lengths.about == "these are the lengths of the lists; row_splits adds them up"


def test_judging_is_as_before_afterwards():
    before = Exercise.judge
    with pytest.raises(ZeroDivisionError), listening(Listener()):
        raise ZeroDivisionError
    assert Exercise.judge is before


def test_each_feedback_stands_once_and_not_too_many():
    found = [Mistake("a.b", f"answer {n}", f"about {n // 2}", "") for n in range(1, 50)]
    chosen = by_exercise([Mistake("a.b", "", "no name", ""), *found])["a.b"]
    assert [each.answer for each in chosen[:3]] == ["answer 1", "answer 2", "answer 4"]
    assert len(chosen) == mistakes.MOST
    assert by_exercise([Mistake("a.b", "", "no name", "")])["a.b"][0].about == "no name"


def test_a_hint_that_all_share_stands_once():
    course = [Standing("00 First", "first", {"x": "open", "y": "open"})]
    two = [Mistake("first.x", f"`{n}`", f"about_{n}", "Look `a_b`?") for n in range(2)]
    text = mistakes.page({"first.x": two, "first.y": two[:1]}, course)
    assert text.count("Look `a_b`?") == 2
    assert "- `1`: about\\_1.\n" in text
    assert "- `0`: about\\_0. Look `a_b`?\n" in text


def test_nothing_is_written_if_a_test_fails(tmp_path, monkeypatch):
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it():\n    assert False\n")
    monkeypatch.setattr(mistakes, "DOCUMENT", tmp_path / "mistakes.md")
    assert mistakes.main([str(failing)]) == 1
    assert not (tmp_path / "mistakes.md").exists()
