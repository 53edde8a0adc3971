"""The five outcomes, the search for a counter-example, and comparison of results."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils.checks import TODO, Breaking, Case, Exercise, Prediction, Status, verdict
from course_utils.checks.engine import describe, same_value

ABSOLUTE = Exercise(
    name="absolute",
    reference=abs,
    cases=[
        Case("a positive number", (3,), "nothing changes"),
        Case("a negative number", (-4,), "the sign goes"),
        Case("zero", (0,), "it is its own opposite"),
    ],
    hint="Which numbers need another sign?",
    search=st.tuples(st.integers(-1000, 1000)),
)


def wrong_above_fifty(number):
    return abs(number) if number <= 50 else 0


def raises_below_zero(number):
    if number < 0:
        raise ValueError("no negative numbers")
    return number


def forgets_to_return(number):
    abs(number)


def test_untouched_stub_is_not_attempted(capsys):
    ABSOLUTE(lambda number: TODO)
    assert capsys.readouterr().out == "○ absolute: not attempted yet\n"
    assert ABSOLUTE.judge(TODO).status is Status.NOT_ATTEMPTED


def test_right_answer_counts_the_cases(capsys):
    ABSOLUTE(lambda number: max(number, -number))
    assert capsys.readouterr().out == "✓ absolute: 3 of 3 cases\n"


def test_wrong_answer_names_case_reason_input_expected_got_and_hint(capsys):
    ABSOLUTE(lambda number: number)
    assert capsys.readouterr().out.splitlines() == [
        "✗ absolute: 1 of 3 cases",
        "  case      a negative number – the sign goes",
        "  input     -4",
        "  expected  4",
        "  got       -4",
        "  problem   other values",
        "  hint      Which numbers need another sign?",
    ]


def test_forgotten_return_is_told_apart():
    outcome = ABSOLUTE.judge(forgets_to_return)
    assert outcome.status is Status.RETURNED_NONE
    assert "None – is there a `return`" in outcome.message
    assert outcome.message.startswith("✗ absolute: 0 of 3 cases")


def test_exception_is_shown_with_type_and_message():
    outcome = ABSOLUTE.judge(raises_below_zero)
    assert outcome.status is Status.RAISED
    assert "raised    ValueError: no negative numbers" in outcome.message
    assert "a negative number" in outcome.message


def test_search_finds_the_smallest_counter_example_and_the_same_each_time():
    outcome = ABSOLUTE.judge(wrong_above_fifty)
    assert outcome.status is Status.WRONG
    assert outcome.message.startswith("✗ absolute: 3 of 3 cases, but not in general")
    assert "input     51\n" in outcome.message
    assert ABSOLUTE.judge(wrong_above_fifty) == outcome


def test_without_a_search_named_cases_decide():
    lenient = Exercise(ABSOLUTE.name, abs, ABSOLUTE.cases, ABSOLUTE.hint)
    assert lenient.judge(wrong_above_fifty).status is Status.RIGHT


def test_search_swallows_what_the_attempt_prints(capsys):
    def chatty(number):
        print("called with", number)
        return abs(number)

    ABSOLUTE(chatty)
    assert capsys.readouterr().out.splitlines() == [
        "called with 3",
        "called with -4",
        "called with 0",
        "✓ absolute: 3 of 3 cases",
    ]


def test_attempt_that_changes_its_mind_is_caught():
    seen = set()

    def once(number):
        return abs(number) if number in {3, -4, 0} or number in seen or seen.add(number) else 7

    assert "gave different results" in ABSOLUTE.judge(once).message


def test_called_function_instead_of_function_is_explained():
    outcome = ABSOLUTE.judge(abs(-3))
    assert outcome.status is Status.WRONG
    assert "pass the function itself" in outcome.message


def in_place(vector):
    vector *= -1
    return vector


def negates_shared_storage(matrix):
    result = sp.csr_array(matrix)
    result.data *= -1
    return result


STORED_ZERO = sp.csr_array(([0, 7], [1, 0], [0, 2]), shape=(1, 2))


@pytest.mark.parametrize(
    ("reference", "argument", "attempt"),
    [
        (np.negative, np.array([3.0, -1.0]), in_place),
        (lambda matrix: -matrix, STORED_ZERO, negates_shared_storage),
        (sorted, [3, 1, 2], lambda numbers: numbers.sort() or numbers),
    ],
)
def test_changed_input_is_wrong_and_harms_nobody_else(reference, argument, attempt):
    before = describe(argument)
    exercise = Exercise("tidy", reference, [Case("first", (argument,), "order")] * 2, "Hint.")
    outcome = exercise.judge(attempt)
    assert outcome.status is Status.WRONG
    assert "the result is right, but the input was changed" in outcome.message
    assert "Work on a copy" in outcome.message
    assert describe(argument) == before
    assert exercise.judge(lambda value: attempt(value.copy())).status is Status.RIGHT


def test_what_scipy_tidies_in_place_is_no_change():
    """Its own sum() sorts the indices of the array it is asked to add up."""
    exercise = Exercise("sum", lambda m: m.sum(), [Case("one", (STORED_ZERO,), "sums")], "Add.")
    assert exercise.judge(lambda matrix: matrix.sum()).status is Status.RIGHT


def test_unreadable_result_is_wrong_and_not_a_crash():
    class Odd:
        def __array__(self, *_, **__):
            raise RuntimeError("nobody may look")

    outcome = ABSOLUTE.judge(lambda number: Odd())
    assert outcome.status is Status.WRONG
    assert "an Odd that NumPy cannot read (nobody may look)" in outcome.message


PREDICTION = Prediction(
    name="rows",
    answer=lambda: (3, 4),
    because="Three rows, four columns.",
    hint="Rows come first.",
    misconceptions={"columns and rows are swapped": lambda: (4, 3)},
)


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "○ rows: not attempted yet"),
        (None, Status.RETURNED_NONE, "put your value in place of TODO"),
        ((3, 4), Status.RIGHT, "✓ rows: (3, 4). Three rows, four columns."),
        ((4, 3), Status.WRONG, "columns and rows are swapped"),
        ((3, 3), Status.WRONG, "value 1: other values"),
        (12, Status.WRONG, "one int instead of 2 values"),
        (([1, [2]], 4), Status.WRONG, "numbers and lists side by side"),
    ],
)
def test_prediction(given, status, text, capsys):
    outcome = PREDICTION.judge(given)
    assert outcome.status is status
    assert text in outcome.message
    assert ("Rows come first." in outcome.message) == (status is Status.WRONG)
    PREDICTION(given)
    assert capsys.readouterr().out == outcome.message + "\n"


def test_rounded_prediction_is_told_so():
    share = Prediction("share", lambda: 7 / 12, "Seven of twelve.", "Divide.")
    for rounded in (0.58, 0.583, 0.5833, np.float32(0.583)):
        assert "it is rounded" in share.judge(rounded).message
    assert "rounded" not in share.judge(0.5).message
    assert share.judge(7 / 12).status is Status.RIGHT
    assert "rounded" not in PREDICTION.judge((3, 5)).message


BREAKING = Breaking(
    name="break_mean",
    suspect=lambda numbers: numbers[len(numbers) // 2],
    reference=np.mean,
    refusal=lambda numbers: "" if len(numbers) else "an empty list has no mean",
    hint="When do middle and mean differ?",
)


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "○ break_mean: not attempted yet"),
        (None, Status.RETURNED_NONE, "put your input in place of TODO"),
        ([], Status.WRONG, "an empty list has no mean"),
        (5, Status.WRONG, "TypeError"),
        ([1, 2, 3], Status.WRONG, "When do middle and mean differ?"),
        ([1, 2, 6], Status.RIGHT, "got       2"),
    ],
)
def test_breaking(given, status, text, capsys):
    outcome = BREAKING.judge(given)
    assert outcome.status is status
    assert text in outcome.message
    BREAKING(given)
    assert capsys.readouterr().out == outcome.message + "\n"


def test_breaking_by_an_exception_counts():
    fragile = Breaking("fragile", lambda n: 1 / n, lambda n: 0.0, lambda n: "", "Try.")
    outcome = fragile.judge(0)
    assert outcome.status is Status.RIGHT
    assert "raised    ZeroDivisionError" in outcome.message


@pytest.mark.parametrize(
    ("expected", "got", "difference"),
    [
        (1, 1.0 + 1e-9, ""),
        (1.0, 1.0 + 1e-4, "other values"),
        (np.nan, np.nan, ""),
        ("ab", "ab", ""),
        ("ab", "ba", "other values"),
        ("ab", 3, "a number instead of a text"),
        (3.5, "3.5", "a text instead of a number"),
        (3.5, 3.5 + 0j, "complex numbers instead of real ones"),
        (3.5 + 1j, 3.5 + 1j, ""),
        ([1, 2], (1, 2), ""),
        ((1, 2), [1, 2], ""),
        ((1, 2), [1], "1 values instead of 2"),
        (np.zeros(3), np.zeros((3, 1)), "shape (3, 1) instead of (3,)"),
        ([1, 2], [[1], [2, 3]], "rows of different lengths: 1, 2"),
        ([1, 2], {1: 2}, "a dict instead of a list or an array"),
        (sp.csr_array([[1, 2]]), np.array([[1, 2]]), "a ndarray instead of a sparse array"),
        (np.array([[1, 2]]), sp.csr_array([[1, 2]]), "a sparse array instead of a dense one"),
        (sp.csr_array([[1, 2]]), sp.csc_array([[1, 2]]), ""),
        (sp.csr_array([[1, 2]]), sp.csr_array([[1, 3]]), "other values"),
        (sp.csr_array([[1]]), sp.csr_array([[1.0]]), "dtype float64 instead of int64"),
        (sp.csr_array([[1]]), sp.csr_array([[1, 0]]), "shape (1, 2) instead of (1, 1)"),
    ],
)
def test_same_value(expected, got, difference):
    assert same_value(expected, got) == difference


def test_describe_shows_sparse_arrays_by_their_values():
    assert describe(sp.csr_array([[0, 5]])) == "csr_array, int64:\n[[0 5]]"
    assert describe((1, np.array([2, 3]))) == "(1, [2 3])"
    assert describe("text") == "'text'"
    assert describe(1 / 3) == describe(np.float64(1 / 3)) == "0.3333333"


def test_verdict_prints_or_raises(capsys):
    verdict("a ≤ b", np.bool_(True))
    assert capsys.readouterr().out == "✓ a ≤ b\n"
    with pytest.raises(AssertionError, match="does not hold: a ≤ b"):
        verdict("a ≤ b", False)
    with pytest.raises(TypeError, match="True or False"):
        verdict("a ≤ b", np.array([True, False]))


@pytest.mark.parametrize(
    ("matrix", "stored"),
    [
        (sp.csr_array([[0, 5], [2, 0]]), None),
        (sp.csc_array([[0, 5], [2, 0]]), None),
        (sp.dia_array([[0, 5], [2, 0]]), None),
        (sp.coo_array(([5, 2], ([0, 0], [1, 0]))), None),
        (
            sp.csr_array(([5, 2], [1, 0], [0, 2]), shape=(1, 2)),
            "stored: data [5 2], indices [1 0], indptr [0 2]",
        ),
        (
            sp.csc_array(([5, 0], [0, 1], [0, 2]), shape=(2, 1)),
            "stored: data [5 0], indices [0 1], indptr [0 2]",
        ),
        (
            sp.coo_array(([5, 2], ([0, 0], [1, 1]))),
            "stored: data [5 2], row [0 0], col [1 1]",
        ),
    ],
)
def test_describe_shows_storage_that_the_values_hide(matrix, stored):
    last = describe(matrix).splitlines()[-1]
    assert (last == stored) if stored else last.endswith("]]")


def test_hint_of_a_case_replaces_the_general_one():
    cases = [
        Case("zero", (0,), "a start"),
        Case("two", (2,), "twice", hint="Of the case."),
        Case("five", (5,), "more"),
    ]
    exercise = Exercise("double", lambda number: 2 * number, cases, hint="In general.")
    assert exercise.judge(lambda number: 3 * number).message.endswith("hint      Of the case.")
    assert exercise.judge(lambda number: number**2).message.endswith("hint      In general.")
    with_search = Exercise(
        "double", lambda number: 2 * number, cases[:2], "In general.", st.tuples(st.integers(0, 9))
    )
    assert with_search.judge(lambda number: number**2).message.endswith("hint      In general.")
