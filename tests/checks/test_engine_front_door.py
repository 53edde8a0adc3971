"""Answers of any type, limits of time, what is forbidden, and inputs compared as stored."""

import os
import subprocess
import sys
import threading
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from judging import assert_judged, quickly

from course_utils.checks import Breaking, Case, Exercise, Outcome, Prediction, Status, points
from course_utils.checks.engine import (
    as_written,
    describe,
    number_list,
    numbers,
    same_dtype,
    same_kind,
    same_ranking,
    same_value,
)

SHARE = Prediction("share", lambda: 7 / 12, "Seven of twelve.", "Divide.")
LOSS = Prediction(
    "loss", lambda: 20 / 3, "A mean.", "Divide.", {"the sum": lambda: 20.0, "root": lambda: 8**0.5}
)


@pytest.mark.parametrize(
    "answer",
    [
        7 / 12,
        Fraction(7, 12),
        Decimal(7) / Decimal(12),
        np.float64(7 / 12),
        np.float32(7 / 12),
        np.float16(7 / 12),
        np.longdouble(7) / 12,
        np.array(7 / 12),
        np.array(Fraction(7, 12)),
    ],
)
def test_numbers_of_any_type_are_right(answer):
    assert_judged(SHARE, answer, Status.RIGHT, "✓ share: 0.583")


@pytest.mark.parametrize(
    ("prediction", "answer", "text"),
    [
        (SHARE, 58.333333333, "that is 100 times the answer"),
        (SHARE, "7/12", "without quotes"),
        (SHARE, True, "True is no number"),
        (SHARE, abs, "a function instead of a number"),
        (SHARE, np.ma.array([1.0], mask=[True]), "masked array"),
        (SHARE, {7, 12}, "a set instead of a list"),
        (SHARE, [7 / 12], "a list of 1 values instead of a single number"),
        (SHARE, 0.5 + 1j, "complex numbers"),
        (LOSS, 6.67, "it is rounded to 2 decimals"),
        (LOSS, 6.66, "it is cut off to 2 decimals"),
        (LOSS, 2.83, "root"),
        (LOSS, 6.69, "other values"),
    ],
)
def test_wrong_predictions_are_told_why(prediction, answer, text):
    outcome = assert_judged(prediction, answer, Status.WRONG, text)
    assert ("nearly" in outcome.message) == ("it is" in text)


def test_two_decimals_count_where_the_exercise_says_so():
    loss = Prediction("loss", lambda: 20 / 3, "A mean.", "Divide.", decimals=2)
    for answer in (6.67, 6.6666, Fraction(20, 3), np.float16(6.67), Decimal("6.67")):
        assert_judged(loss, answer, Status.RIGHT, "✓ loss: 6.67.")
    for answer in (6.65, 6.68, 7):
        assert_judged(loss, answer, Status.WRONG)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_a_table_may_be_sparse_in_any_format(form, kind):
    table = getattr(sp, f"{form}_{kind}")(np.array([[0.0, 2.0], [3.0, 0.0]]))
    np.testing.assert_array_equal(numbers(table), [[0, 2], [3, 0]])
    first = Breaking("first", lambda m: m[0, 0], lambda m: m.max(), lambda m: "", "Look.")
    assert_judged(first, table, Status.RIGHT, "got       0")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([[1, 2], [3]], "rows of different lengths: 2, 1"),
        ([[1, None]], "None in the place of a number"),
        ([True], "True and False instead of numbers"),
        ([[True, 0], [2, 3]], "True or False among the numbers"),
        ([[np.True_, 0.5]], "True or False among the numbers"),
        ([1j], "complex numbers"),
        (["1"], "a text instead of numbers"),
        (np.ma.array([1, 2], mask=[False, True]), "masked array"),
        ((n for n in [1, 2]), "a generator instead of a list"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_in_plain_words(given, text):
    with pytest.raises(ValueError, match=text):
        numbers(given)
    table = Breaking("table", np.min, np.max, lambda m: "", "Look.", takes=numbers)
    outcome = assert_judged(table, given, Status.WRONG, text)
    assert "inhomogeneous" not in outcome.message


def test_containers_of_any_kind_become_lists_and_tables():
    assert number_list(pd.Series([1, 2])) == [1, 2]
    assert number_list([np.int64(1), Fraction(1, 2)]) == [1, 0.5]
    assert number_list(range(3)) == [0, 1, 2]
    assert numbers(pd.DataFrame({"a": [1, 2]})).tolist() == [[1], [2]]


def test_a_missing_input_is_told_without_internal_names():
    pair = Breaking("pair", lambda a, b: a, lambda a, b: b, lambda a, b: "", "Look.")
    outcome = assert_judged(pair, (1,), Status.WRONG, "give 2 inputs, with commas between; got 1")
    assert "positional" not in outcome.message


def test_fractions_in_place_of_rounded_sums():
    a, b, c = as_written([0.1, 0.2, 0.3])
    assert a + b == c
    assert as_written(0.25) == Fraction(1, 4)


SORTED = Exercise(
    "order",
    lambda row: np.argsort(row, kind="stable"),
    [Case("three", (np.array([3, 1, 2]),), "easy")],
    "Sort.",
    without=("numpy.argsort", "numpy.ndarray.argsort", "course_utils.sparse.left_align"),
)


def test_what_is_to_be_written_is_seen_under_any_name():
    from numpy import argsort as borrowed

    def quiet(row):
        try:
            return borrowed(row)
        except:  # noqa: E722
            return np.array([1, 2, 0])

    for attempt in (np.argsort, lambda r: borrowed(r), lambda r: r.argsort(), quiet):
        assert_judged(SORTED, attempt, Status.WRONG, "write it yourself, without numpy.")
    assert_judged(SORTED, lambda r: sorted(range(len(r)), key=r.tolist().__getitem__), Status.RIGHT)
    assert_judged(SORTED, lambda r: SORTED.reference(r), Status.WRONG, "the check's own reference")
    assert np.argsort([2, 1]).tolist() == [1, 0]
    assert sys.getprofile() is None


def forever(number):
    while True:
        pass


ABSOLUTE = Exercise("absolute", abs, [Case("a", (3,), "r"), Case("b", (-4,), "r")], "h")


@pytest.mark.slow
def test_an_endless_loop_ends_in_any_thread(monkeypatch):
    from course_utils.checks import _running

    monkeypatch.setattr(_running, "SECONDS", 0.3)
    started = time.monotonic()
    assert_judged(ABSOLUTE, forever, Status.TOO_SLOW, "is there a loop that never ends?")
    found = []
    thread = threading.Thread(target=lambda: found.append(ABSOLUTE.judge(forever).status))
    thread.start()
    thread.join(30)
    assert found == [Status.TOO_SLOW]
    assert time.monotonic() - started < 30
    assert_judged(ABSOLUTE, abs, Status.RIGHT)


def test_the_end_of_python_is_caught_and_an_interruption_is_not():
    assert_judged(ABSOLUTE, lambda n: sys.exit(), Status.RAISED, "SystemExit")

    def interrupted(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ABSOLUTE.judge(interrupted)


def test_warnings_are_explained_or_errors():
    def halves(row):
        return row / row

    cases = [Case("zero", (np.array([0.0, 2.0]),), "r")]
    lenient = Exercise("halves", lambda row: np.array([np.nan, 1]), cases, "h")
    assert_judged(lenient, halves, Status.RIGHT, "the results are right, so that is fine")
    strict = Exercise("halves", lenient.reference, cases, "h", warnings_are_errors=True)
    assert_judged(strict, halves, Status.RAISED, "RuntimeWarning")


REPEATED = sp.csr_array(([5, 0, 1], [1, 0, 1], [0, 3]), shape=(1, 2))


@pytest.mark.parametrize("name", ["sum_duplicates", "eliminate_zeros", "sort_indices"])
def test_tidying_up_the_callers_matrix_is_a_change(name):
    def tidies(matrix):
        own = matrix.tocsr()
        getattr(own, name)()
        return own.toarray()

    total = Exercise("table", lambda m: m.toarray(), [Case("a", (REPEATED,), "r")], "h")
    assert_judged(total, tidies, Status.WRONG, "the input was changed")
    assert_judged(total, lambda m: (m.max(), m.toarray())[1], Status.RIGHT)


@pytest.mark.parametrize(
    ("compare", "expected", "got", "text"),
    [
        (same_kind, np.array([1]), np.array([1.0]), "float64 numbers instead of integers"),
        (same_kind, np.array([1]), np.array([1], np.uint8), ""),
        (same_dtype, np.ones(2), np.ones(2, np.float32), "dtype float32 instead of float64"),
        (same_value, np.zeros((0, 3)), np.zeros(0), "shape (0,) instead of (0, 3)"),
        (same_value, np.zeros(20), np.eye(20)[3], "other values, first at 3: 1 instead of 0"),
        (same_value, np.array([1e-9]), np.array([3e-9]), "other values"),
        (same_value, 0.0, 1e-17, ""),
        (same_value, 1.5, None, "a NoneType instead of a number"),
    ],
)
def test_comparison(compare, expected, got, text):
    assert compare(expected, got) == text


@pytest.mark.parametrize(
    ("expected", "got", "text"),
    [
        # What the type itself has rounded, where another type was asked for.
        (np.array([7 / 12, 2.5]), np.float16([7 / 12, 2.5]), "float16 holds three digits"),
        (np.array([2049, 7]), np.float16([2049, 7]), "float16 holds three digits"),
        (np.array([70000.0]), np.float16([np.inf]), "other values"),
        (np.array([0.5833]), np.float16([0.59]), "other values"),
        (np.array([1e-6, 1.0]), np.float16([1e-6, 1.0]), "other values"),  # too small for half
        (np.array([7 / 12, 0.1], np.float32), np.float16([7 / 12, 0.1]), "float16 holds"),
        # Nothing is lost: halves and small integers are exact in every type.
        (np.array([0.5, -3.0, np.nan]), np.float16([0.5, -3.0, np.nan]), ""),
        (np.eye(3), np.eye(3, dtype=np.float16), ""),
        # Half precision was asked for, so three digits are all that can be asked.
        (np.float16([7 / 12, 0.1]), np.array([7 / 12, 0.1]), ""),
        (np.float16([7 / 12, 0.1]), np.array([7 / 12, 0.101]), "other values"),
        # Single precision holds seven digits.
        (np.array([7 / 12, 1 / 3]), np.float32([7 / 12, 1 / 3]), ""),
        (np.array([7 / 12, 1 / 3]), np.float32([7 / 12, 0.33334]), "other values"),
        (np.array([1e-9]), np.float32([3e-9]), "other values"),
        (0.0, np.float32(6e-8), ""),
        (0.0, 6e-8, "other values"),
        (0.0, np.float32(1e-6), "other values"),
        (np.array([0.003, 1.4]), np.float32([0.003 + 2e-8, 1.4]), ""),
        (np.array([0.003, 1.4]), np.array([0.003 + 2e-8, 1.4]), "other values"),
        (np.array([0.003, 1.4]), np.float32([0.003 + 2e-6, 1.4]), "other values"),
        ((0.0, 3.0), (np.float32(6e-8), np.float32(3)), ""),
    ],
)
def test_the_type_that_is_asked_for_decides_how_exact_an_answer_must_be(expected, got, text):
    assert text in same_value(expected, got)
    assert bool(text) == bool(same_value(expected, got))


@pytest.mark.parametrize("n", [10, 1_000])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_calculated_in_single_precision_is_right(n, seed):
    values = np.random.default_rng(seed).uniform(0.5, 5, size=(n, 3))
    single = values.astype(np.float32)
    assert same_value(values.mean(axis=0), single.mean(axis=0)) == ""
    assert same_value(values.std(axis=0), single.std(axis=0)) == ""
    assert same_value(values[:10] @ values[:10].T, single[:10] @ single[:10].T) == ""
    half = values.astype(np.float16)
    assert same_value(values.mean(axis=0), half.mean(axis=0)) != ""


def test_a_masked_array_without_masked_cells_is_its_table():
    table = np.ma.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(numbers(table), table.data)
    assert same_value(table.data, table) == ""
    assert same_value(table.data, np.ma.masked_equal(table, 9.0)) == ""
    assert "masked array" in same_value(table.data, np.ma.masked_equal(table, 4.0))


def test_equals_may_stand_in_any_order():
    scores = [0.5, 0.9, 0.5]
    assert same_ranking(scores, [1, 0], [1, 2]) == ""
    for wrong in ([0, 1], [1, 1], [1, 7], [1.0, 2.0], [1]):
        assert same_ranking(scores, [1, 0], wrong) != ""


def test_dtypes_and_empty_shapes_are_shown():
    assert describe(np.array([1], np.int8)) == "[1] (int8)"
    assert describe(np.zeros((0, 3))) == "[] (shape (0, 3))"


def test_points_by_cases(capsys):
    outcome = ABSOLUTE.judge(lambda number: number)
    assert (outcome.passed, outcome.total, outcome.failed) == (1, 2, ("b",))
    assert points(outcome, 3) == 1.5
    assert "wrong in: b" in capsys.readouterr().out
    assert points(Outcome(Status.RIGHT, "✓"), 2) == 2.0


@pytest.mark.slow
def test_a_failing_search_is_quick_and_leaves_nothing_behind(tmp_path):
    code = (
        "from hypothesis import strategies as st\n"
        "from course_utils.checks import Case, Exercise\n"
        "e = Exercise('a', abs, [Case('c', (3,), 'r')], 'h', st.tuples(st.integers(-999, 999)))\n"
        "print(e.judge(lambda n: n if n < 50 else 0).message)\n"
        "t = Exercise('t', len, [Case('c', ('',), 'r')], 'h', st.tuples(st.text()))\n"
        "print(t.judge(lambda n: min(len(n), 3)).message)\n"
    )
    environment = dict(os.environ, PYTHONPATH=os.getcwd())
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
    exercise = Exercise(
        "sums", sum, [Case("c", ([1],), "r")], "h", st.tuples(st.lists(st.integers(-99, 99)))
    )
    quickly(
        assert_judged, exercise, lambda row: sum(row[:3]), Status.WRONG, "input     [0, 0, 0, 1]"
    )


def test_a_search_draws_the_same_whatever_the_process_has_read(monkeypatch):
    """Hypothesis keeps the constants of all modules that it has seen, and draws from them."""
    drawn = []
    exercise = Exercise(
        "add", sum, [Case("c", ([1],), "r")], "h", st.tuples(st.lists(st.integers()))
    )

    def attempt(row):
        drawn.append(list(row))
        return sum(row)

    assert_judged(exercise, attempt, Status.RIGHT)
    first = drawn.copy()
    drawn.clear()
    constants = providers.Constants()
    constants.integers.update(range(10**6, 10**6 + 500))
    monkeypatch.setattr(providers, "_local_constants", constants)
    monkeypatch.setattr(providers, "CONSTANTS_CACHE", type(providers.CONSTANTS_CACHE)(1024))
    assert_judged(exercise, attempt, Status.RIGHT)
    assert drawn == first
