"""What a learner reads, word for word, and what a grader gets."""

import sys
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils.checks import (
    TODO,
    Breaking,
    Case,
    Exercise,
    Outcome,
    Prediction,
    Status,
    points,
    require,
    verdict,
)
from course_utils.checks._running import TooSlowError
from course_utils.checks.engine import same_ranking

DOUBLE = Exercise(
    name="double",
    reference=lambda number: 2 * number,
    cases=[
        Case("two", (2,), "2 * 2 and 2 ** 2 agree"),
        Case("three", (3,), "no longer", hint="Twice, not squared."),
        Case("four", (4,), "still not"),
    ],
    hint="Add it to itself.",
    search=st.tuples(st.integers(0, 1000)),
    search_hint="Try larger ones.",
)
SEARCH = "inputs of a search"


def text(*lines):
    return "\n".join(lines)


def raises_at(numbers, error):
    def attempt(number):
        if number in numbers:
            raise error
        return 2 * number

    return attempt


def returns_at(answers):
    return lambda number: answers.get(number, 2 * number)


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [
        (
            TODO,
            Outcome(Status.NOT_ATTEMPTED, "○ double: not attempted yet", 0, 4),
        ),
        (
            lambda number: TODO,
            Outcome(Status.NOT_ATTEMPTED, "○ double: not attempted yet", 0, 4),
        ),
        (
            returns_at({4: TODO}),
            Outcome(Status.NOT_ATTEMPTED, "○ double: not attempted yet", 0, 4),
        ),
        (
            7,
            Outcome(
                Status.WRONG,
                "✗ double: pass the function itself, without calling it; got 7",
                0,
                4,
            ),
        ),
        (
            lambda number: number**2,
            Outcome(
                Status.WRONG,
                text(
                    "✗ double: 1 of 3 cases",
                    "  case      three – no longer",
                    "  input     3",
                    "  expected  6",
                    "  got       9",
                    "  problem   other values",
                    "  hint      Twice, not squared.",
                ),
                1,
                4,
                ("three", "four", SEARCH),
            ),
        ),
        (
            returns_at({2: 5, 3: 5}),
            Outcome(
                Status.WRONG,
                text(
                    "✗ double: 0 of 3 cases",
                    "  case      two – 2 * 2 and 2 ** 2 agree",
                    "  input     2",
                    "  expected  4",
                    "  got       5",
                    "  problem   other values",
                    "  hint      Add it to itself.",
                ),
                1,
                4,
                ("two", "three", SEARCH),
            ),
        ),
        (
            returns_at({4: None}),
            Outcome(
                Status.RETURNED_NONE,
                text(
                    "✗ double: 2 of 3 cases",
                    "  case      four – still not",
                    "  input     4",
                    "  expected  8",
                    "  got       None – is there a `return` at the end?",
                    "  hint      Add it to itself.",
                ),
                2,
                4,
                ("four", SEARCH),
            ),
        ),
        (
            raises_at({3}, KeyError("no 3")),
            Outcome(
                Status.RAISED,
                text(
                    "✗ double: 1 of 3 cases",
                    "  case      three – no longer",
                    "  input     3",
                    "  expected  6",
                    "  raised    KeyError: 'no 3'",
                    "  hint      Twice, not squared.",
                ),
                2,
                4,
                ("three", SEARCH),
            ),
        ),
        (
            raises_at({4}, SystemExit("bye")),
            Outcome(
                Status.RAISED,
                text(
                    "✗ double: 2 of 3 cases",
                    "  case      four – still not",
                    "  input     4",
                    "  expected  8",
                    "  raised    SystemExit: bye – it ends Python; return a value instead",
                    "  hint      Add it to itself.",
                ),
                2,
                4,
                ("four", SEARCH),
            ),
        ),
        (
            lambda number: 2 * number if number < 7 else 0,
            Outcome(
                Status.WRONG,
                text(
                    "✗ double: 3 of 3 cases, but not in general",
                    "  case      the smallest counter-example a search found",
                    "  input     7",
                    "  expected  14",
                    "  got       0",
                    "  problem   other values",
                    "  hint      Try larger ones.",
                ),
                3,
                4,
                (SEARCH,),
            ),
        ),
        (
            raises_at(range(100, 2000), ValueError("too large")),
            Outcome(
                Status.RAISED,
                text(
                    "✗ double: 3 of 3 cases, but not in general",
                    "  case      the smallest counter-example a search found",
                    "  input     100",
                    "  expected  200",
                    "  raised    ValueError: too large",
                    "  hint      Try larger ones.",
                ),
                3,
                4,
                (SEARCH,),
            ),
        ),
        (
            lambda number: number + number,
            Outcome(Status.RIGHT, "✓ double: 3 of 3 cases", 4, 4),
        ),
    ],
)
def test_outcome_of_an_exercise(attempt, outcome):
    assert DOUBLE.judge(attempt) == outcome


@pytest.mark.parametrize("form", ["csr", "coo"])
def test_of_several_names_of_one_function_learners_are_told_the_first(form):
    names = [f"scipy.sparse.{form}_array.todense", "scipy.sparse.dia_array.todense"]
    exercise = Exercise(
        "total", np.sum, [Case("one", (np.ones((1, 1)),), "r")], "h", without=tuple(names)
    )
    told = exercise.judge(lambda table: sp.csr_array(table).todense().sum()).message
    assert f"without {names[0]}" in told


def test_a_forbidden_call_is_named():
    exercise = Exercise(
        "order", sorted, [Case("two", ([2, 1],), "r")], "h", without=("numpy.sort",)
    )
    assert exercise.judge(lambda row: np.sort(row).tolist()).message == text(
        "✗ order: 0 of 1 cases",
        "  case      two – r",
        "  input     [2, 1]",
        "  expected  [1, 2]",
        "  problem   this exercise asks you to write it yourself, without numpy.sort",
        "  hint      h",
    )


def never_ends(tried, where):
    def attempt(number):
        tried.append(number)
        if where(number):
            raise TooSlowError
        return 2 * number

    return attempt


TOO_SLOW = "  problem   the verdict has taken 5 seconds; is there a loop that never ends?"


def test_after_an_endless_loop_nothing_else_is_tried():
    tried = []
    message = text(
        "✗ double: 1 of 3 cases",
        "  case      three – no longer",
        "  input     3",
        "  expected  6",
        TOO_SLOW,
        "  hint      Twice, not squared.",
    )
    expected = Outcome(Status.TOO_SLOW, message, 1, 4, ("three", "four", SEARCH))
    assert DOUBLE.judge(never_ends(tried, lambda number: number == 3)) == expected
    assert tried == [2, 3]


def test_an_endless_loop_ends_a_search():
    tried = []
    outcome = DOUBLE.judge(never_ends(tried, lambda number: number > 4))
    assert tried[:3] == [2, 3, 4]
    assert [number > 4 for number in tried[3:]] == [False] * (len(tried) - 4) + [True]
    message = text(
        "✗ double: 3 of 3 cases, but not in general",
        "  case      the smallest counter-example a search found",
        f"  input     {tried[-1]}",
        f"  expected  {2 * tried[-1]}",
        TOO_SLOW,
        "  hint      Try larger ones.",
    )
    assert outcome == Outcome(Status.TOO_SLOW, message, 3, 4, (SEARCH,))


def test_an_attempt_that_changes_its_mind_is_told_so():
    seen = []

    def attempt(number):
        seen.append(number)
        return 2 * number if seen.count(number) > 1 or number in (2, 3, 4) else None

    message = "✗ double: two calls with the same input gave different results"
    assert DOUBLE.judge(attempt) == Outcome(Status.WRONG, message, 3, 4, (SEARCH,))


def test_without_a_search_there_is_one_case_less():
    lenient = Exercise("double", DOUBLE.reference, DOUBLE.cases, "h")
    wrong = lenient.judge(returns_at({3: 5}))
    assert (wrong.passed, wrong.total, wrong.failed) == (2, 3, ("three",))
    assert lenient.judge(abs).failed == ("two", "three", "four")
    right = lenient.judge(DOUBLE.reference)
    assert right == Outcome(Status.RIGHT, "✓ double: 3 of 3 cases", 3, 3)
    assert lenient.judge(TODO).total == lenient.judge(3).total == 3


def test_what_an_attempt_prints_is_shown_once(capsys):
    def chatty(number):
        sys.stdout.write(f"got {number}\n")
        return 5 if number == 2 or number > 40 else 2 * number

    assert DOUBLE.judge(chatty).failed == ("two", SEARCH)
    assert capsys.readouterr().out == "got 2\n"
    outcome = DOUBLE.judge(lambda number: chatty(number) if number != 2 else 4)
    assert "  input     41\n" in outcome.message
    assert capsys.readouterr().out == "got 3\ngot 4\n"


def test_an_attempt_that_writes_into_its_input_is_told_what_became_of_it():
    def sorts(numbers, first):
        numbers.sort()
        return numbers[first:]

    cases = [Case("two", ([3, 1], 0), "order", hint="Of it.")]
    exercise = Exercise("sorts", lambda numbers, first: sorted(numbers)[first:], cases, "h")
    assert exercise.judge(sorts).message == text(
        "✗ sorts: 0 of 1 cases",
        "  case      two – order",
        "  input     [3, 1], 0",
        "  expected  [1, 3]",
        "  got       [1, 3]",
        "  problem   the result is right, but the input was changed",
        "  input now [1, 3], 0",
        "  hint      Work on a copy of the input.",
    )


def test_a_wrong_result_is_wrong_whatever_became_of_the_input():
    def empties(numbers):
        numbers.clear()
        return [1]

    exercise = Exercise("sorts", sorted, [Case("two", ([3, 1],), "order")], "h")
    assert exercise.judge(empties).message == text(
        "✗ sorts: 0 of 1 cases",
        "  case      two – order",
        "  input     [3, 1]",
        "  expected  [1, 3]",
        "  got       [1]",
        "  problem   shape (1,) instead of (2,)",
        "  hint      h",
    )


def test_detail_adds_lines_to_a_wrong_result_and_to_nothing_else():
    exercise = Exercise(
        "add",
        lambda a, b: a + b,
        [Case("any", (2, 3), "r")],
        "h",
        detail=lambda arguments, expected, got: {
            "terms": str(arguments),
            "off by": str(got - expected),
        },
    )
    wrong = [
        "✗ add: 0 of 1 cases",
        "  case      any – r",
        "  input     2, 3",
        "  expected  5",
    ]
    assert exercise.judge(lambda a, b: a * b).message == text(
        *wrong,
        "  got       6",
        "  problem   other values",
        "  terms     (2, 3)",
        "  off by    1",
        "  hint      h",
    )
    assert exercise.judge(lambda a, b: 1 / 0).message == text(
        *wrong, "  raised    ZeroDivisionError: division by zero", "  hint      h"
    )
    assert exercise.judge(lambda a, b: None).message == text(
        *wrong, "  got       None – is there a `return` at the end?", "  hint      h"
    )


def test_a_warning_is_told_of_with_a_wrong_result_and_excused_with_a_right_one():
    def warns(factor):
        def attempt(number):
            for word in ("first", "second"):
                warnings.warn_explicit(word, UserWarning, "elsewhere.py", 1)
            return factor * number

        return attempt

    cases = [Case("three", (3,), "r")]
    exercise = Exercise("double", lambda number: 2 * number, cases, "h")
    assert exercise.judge(warns(2)).message == text(
        "✓ double: 1 of 1 cases",
        "  note      Python warned (UserWarning: first); the results are right, so that is fine",
    )
    assert exercise.judge(warns(3)).message == text(
        "✗ double: 0 of 1 cases",
        "  case      three – r",
        "  input     3",
        "  expected  6",
        "  got       9",
        "  problem   other values",
        "  warned    UserWarning: first",
        "  hint      h",
    )


def test_what_differs_only_in_its_last_digits_is_shown_with_them():
    exercise = Exercise("third", lambda: 1 / 3, [Case("only", (), "r")], "h")
    message = exercise.judge(lambda: 0.333330).message
    assert message.splitlines()[3:5] == ["  expected  0.3333333", "  got       0.33333"]
    message = Exercise("one", lambda: 1, [Case("only", (), "r")], "h", compare=lambda a, b: "odd")
    assert message.judge(lambda: 1.0).message.splitlines()[3:] == [
        "  expected  1 (int)",
        "  got       1 (float)",
        "  problem   odd",
        "  hint      h",
    ]


def test_a_rule_of_its_own_sees_the_arguments_and_cannot_spoil_them():
    asked = []

    def accepts(expected, got, scores, k):
        asked.append((list(scores), k))
        found = same_ranking(scores, expected, got)
        scores.clear()
        return found

    exercise = Exercise(
        "top",
        lambda scores, k: np.argsort(scores)[::-1][:k],
        [Case("ties", ([0.5, 0.9, 0.5], 2), "r")],
        "h",
        accepts=accepts,
    )
    assert exercise.judge(lambda scores, k: [1, 0]).status is Status.RIGHT
    assert exercise.judge(lambda scores, k: [1, 2]).status is Status.RIGHT
    assert exercise.judge(lambda scores, k: [0, 1]).status is Status.WRONG
    assert asked == 3 * [([0.5, 0.9, 0.5], 2)]


def test_a_reference_that_writes_into_its_input_spoils_nothing():
    def largest(numbers):
        numbers.sort()
        return numbers[-1]

    exercise = Exercise("largest", largest, [Case("two", ([3, 1],), "r")], "h")
    outcome = exercise.judge(lambda numbers: numbers[1])
    assert "  input     [3, 1]\n" in outcome.message


# ---- predictions and inputs that break something -------------------------------------------------

SHARE = Prediction(
    name="share",
    answer=lambda: 7 / 12,
    because="Seven of twelve.",
    hint="Divide.",
    misconceptions={"that is the other share": lambda: 5 / 12, "that is a count": lambda: 7},
)
ROWS = Prediction("rows", lambda: (3, 4), "Three rows, four columns.", "Rows come first.")


@pytest.mark.parametrize(
    ("prediction", "given", "outcome"),
    [
        (SHARE, TODO, Outcome(Status.NOT_ATTEMPTED, "○ share: not attempted yet")),
        (
            ROWS,
            (3, TODO),
            Outcome(Status.NOT_ATTEMPTED, "○ rows: not attempted yet (one part is still TODO)"),
        ),
        (
            SHARE,
            None,
            Outcome(Status.RETURNED_NONE, "✗ share: got None – put your value in place of TODO"),
        ),
        (SHARE, 7 / 12, Outcome(Status.RIGHT, "✓ share: 0.5833333. Seven of twelve.", 1)),
        (ROWS, [3, 4], Outcome(Status.RIGHT, "✓ rows: [3, 4]. Three rows, four columns.", 1)),
        (
            SHARE,
            0.7,
            Outcome(
                Status.WRONG,
                text(
                    "✗ share: not 0.7",
                    "  problem   other values",
                    "  hint      Divide.",
                ),
                failed=("share",),
            ),
        ),
    ],
)
def test_outcome_of_a_prediction(prediction, given, outcome):
    assert prediction.judge(given) == outcome


@pytest.mark.parametrize(
    ("given", "shown", "problem"),
    [
        (5 / 12, "0.4166667", "that is the other share"),
        (7, "7", "that is a count"),
        (Fraction(5, 12), "0.4166667", "that is the other share"),
        (np.float16(5 / 12), "0.416748", "that is the other share"),
        (0.42, "0.42", "that is the other share"),  # rounded
        (
            0.58,
            "0.58",
            "nearly: it is rounded to 2 decimals; write the calculation and let Python do it",
        ),
        (
            0.6,
            "0.6",
            "other values",  # one digit alone may be a guess
        ),
        (
            Decimal("0.583"),
            "0.583",
            "nearly: it is rounded to 3 decimals; write the calculation and let Python do it",
        ),
        (100 * 7 / 12, "58.33333", "that is 100 times the answer; a share goes from 0 to 1"),
        (True, "True", "True is no number; a number is asked for"),
        ("7/12", "'7/12'", "a text instead of a number; write it without quotes"),
        (float, "<class 'float'>", "a class instead of a number"),
        (len, "<built-in function len>", "a function instead of a number; call it"),
        ([7 / 12], "[0.5833333333333334]", "a list of 1 values instead of a single number"),
        ((7, 12), "(7, 12)", "a tuple of 2 values instead of a single number"),
        ({7}, "{7}", "a set instead of a list or an array"),
        (1j, "1j", "complex numbers instead of real ones"),
        (np.ones(2), "[1. 1.]", "shape (2,) instead of ()"),
    ],
)
def test_problem_of_a_wrong_prediction(given, shown, problem):
    assert SHARE.judge(given).message == text(
        f"✗ share: not {shown}", f"  problem   {problem}", "  hint      Divide."
    )


def test_a_module_is_no_number():
    problem = SHARE.judge(sys).message.splitlines()[1]
    assert problem == "  problem   a module instead of a number"


@pytest.mark.parametrize(
    ("answer", "given", "problem"),
    [
        (20 / 3, 6.67, "nearly: it is rounded to 2 decimals"),
        (20 / 3, 6.66, "nearly: it is cut off to 2 decimals"),
        (-20 / 3, -6.66, "nearly: it is cut off to 2 decimals"),
        (20 / 3, 6.6, "nearly: it is cut off to 1 decimal"),
        (20 / 3, 6.65, "other values"),
        (20 / 3, 6.68, "other values"),
        (20 / 3, -6.67, "other values"),
        (0.004, -0.003, "other values"),
        (1234.4, 1234, "nearly: it is rounded to a whole number"),
        (1234.6, 1234, "other values"),  # a whole number that is cut off is just wrong
        (1234.5, 1234, "nearly: it is rounded to a whole number"),
        (9.6, 10, "nearly: it is rounded to a whole number"),
        (9.4, 9, "other values"),  # one digit alone may be a guess
        (0.095, 0.1, "other values"),
        (0.951, 0.95, "nearly: it is rounded to 2 decimals"),
        (0.0951, 0.095, "nearly: it is rounded to 3 decimals"),
        (0.0949, 0.094, "nearly: it is cut off to 3 decimals"),
        (float("inf"), 10**6, "other values"),
        (float("inf"), 0.5, "other values"),
        (7 / 12, 0.1667 + 0.8333 / 2, "nearly: a part of it was rounded"),
        (-7 / 12, -0.1667 - 0.8333 / 2, "nearly: a part of it was rounded"),
        (7 / 12, -0.1667 - 0.8333 / 2, "other values"),
        (7 / 12, 7 / 12 * 1.00021, "other values"),
        (7 / 12, 7 / 12 * 0.99981, "nearly: a part of it was rounded"),
        (10000.4, 10001.0, "other values"),  # a whole number is counted, not rounded on the way
        (10000, 10001, "other values"),
        (True, 1.0, None),
    ],
)
def test_when_a_number_is_called_rounded(answer, given, problem):
    prediction = Prediction("number", lambda: answer, "b", "h")
    message = prediction.judge(given).message
    if problem is None:
        assert "nearly" not in message
    elif problem.startswith("nearly"):
        problem += "; write the calculation and let Python do it"
    if problem is not None:
        assert message.splitlines()[1] == f"  problem   {problem}"


@pytest.mark.parametrize(
    ("answer", "decimals", "right", "wrong"),
    [
        (20 / 3, 2, [6.67, 6.6666, 6.668], [6.66, 6.68, 6.6, 7]),
        (0.125, 2, [0.12, 0.13, 0.1251], [0.11, 0.134, 0.14, -0.125]),  # half a unit away
        (0.0149, 2, [0.01, 0.0051], [0.0049, 0.021]),  # both are 0.01
        (1234.4, 0, [1234, 1234.4], [1233, 1236]),
        ((1.25, 1.251), 2, [(1.25, 1.25), [1.251, 1.254]], [(1.25, 1.27), 1.25, [1.25]]),
        ([1.0, 2.0], 2, [[1, 2]], [["1", "2"], [1, [2]], [None, 2], [1j, 2]]),
        ("ab", 2, ["ab"], ["cd", 0.5]),
    ],
)
def test_as_many_decimals_count_as_the_exercise_says(answer, decimals, right, wrong):
    prediction = Prediction("number", lambda: answer, "b", "h", decimals=decimals)
    assert {prediction.judge(given).status for given in right} == {Status.RIGHT}
    assert {prediction.judge(given).status for given in wrong} == {Status.WRONG}


def test_a_right_number_is_shown_with_the_decimals_that_count():
    prediction = Prediction("number", lambda: 20 / 3, "Divide.", "h", decimals=2)
    assert prediction.judge(20 / 3).message == "✓ number: 6.67. Divide."
    assert prediction.judge(7).message.startswith("✗ number: not 7\n")
    pair = Prediction("pair", lambda: (1, 2), "Count.", "h", decimals=2)
    assert pair.judge((1, 2)).message == "✓ pair: (1, 2). Count."


def test_a_mistake_is_known_by_its_decimals_as_well():
    prediction = Prediction("n", lambda: 1.0, "b", "h", {"the root": lambda: 2**0.5}, decimals=2)
    assert prediction.judge(1.41).message.splitlines()[1] == "  problem   the root"


def test_a_table_may_be_sparse_unless_a_sparse_array_is_asked_for():
    table = np.array([[0, 2], [3, 0]])
    dense = Prediction("table", lambda: table, "b", "h")
    assert dense.judge(sp.coo_array(table)).status is Status.RIGHT
    sparse = Prediction("table", lambda: sp.csr_array(table), "b", "h")
    assert sparse.judge(sp.csc_array(table)).status is Status.RIGHT
    problem = sparse.judge(table).message.splitlines()[2]
    assert problem == "  problem   a ndarray instead of a sparse array"


MEAN = Breaking(
    name="break_mean",
    suspect=lambda numbers, weight: numbers[len(numbers) // 2] / weight,
    reference=lambda numbers, weight: sum(numbers) / len(numbers),
    refusal=lambda numbers, weight=1: "" if len(numbers) else "an empty list has no mean",
    hint="When do middle and mean differ?",
)


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ((TODO, TODO), Outcome(Status.NOT_ATTEMPTED, "○ break_mean: not attempted yet")),
        (
            ([1, 2], TODO),
            Outcome(
                Status.NOT_ATTEMPTED,
                "○ break_mean: not attempted yet (one input is still TODO)",
            ),
        ),
        (
            ([1, 2], None),
            Outcome(
                Status.RETURNED_NONE,
                "✗ break_mean: got None – put your input in place of TODO",
            ),
        ),
        (
            ([], 1),
            Outcome(
                Status.WRONG,
                text(
                    "✗ break_mean: not a legal input",
                    "  input     [], 1",
                    "  problem   an empty list has no mean",
                ),
                failed=("break_mean",),
            ),
        ),
        (
            ([1, 2, 3], 1),
            Outcome(
                Status.WRONG,
                text(
                    "✗ break_mean: the function survives",
                    "  input     [1, 2, 3], 1",
                    "  result    2",
                    "  hint      When do middle and mean differ?",
                ),
                failed=("break_mean",),
            ),
        ),
        (
            ((1, 2, 6), 1),
            Outcome(
                Status.RIGHT,
                text(
                    "✓ break_mean: broken",
                    "  input     (1, 2, 6), 1",
                    "  expected  3",
                    "  got       2",
                ),
                1,
            ),
        ),
        (
            ([1, 2, 3], 0),
            Outcome(
                Status.RIGHT,
                text(
                    "✓ break_mean: broken",
                    "  input     [1, 2, 3], 0",
                    "  expected  2",
                    "  raised    ZeroDivisionError: division by zero",
                ),
                1,
            ),
        ),
        (
            ([2, 2 + 3e-6], 1),  # they differ in the seventh digit
            Outcome(
                Status.WRONG,
                text(
                    "✗ break_mean: the function survives",
                    "  input     [2, 2.000003], 1",
                    "  result    2.000003",
                    "  hint      When do middle and mean differ?",
                ),
                failed=("break_mean",),
            ),
        ),
        (
            ([2, 2 + 8e-6], 1),
            Outcome(
                Status.RIGHT,
                text(
                    "✓ break_mean: broken",
                    "  input     [2, 2.000008], 1",
                    "  expected  2.000004",
                    "  got       2.000008",
                ),
                1,
            ),
        ),
    ],
)
def test_outcome_of_an_input_that_is_to_break_something(given, outcome):
    assert MEAN.judge(*given) == outcome


@pytest.mark.parametrize(
    ("given", "shown", "problem"),
    [
        ((), "", "give 2 inputs, with commas between; got 0"),
        (([1], 2, 3), "[1], 2, 3", "give 2 inputs, with commas between; got 3"),
        (([[1, 2], [3]], 1), "[[1, 2], [3]], 1", "rows of different lengths: 2, 1"),
        ((5, 1), "5, 1", "TypeError: object of type 'int' has no len()"),
        ((["a"], 1), "['a'], 1", "a text instead of numbers; write them without quotes"),
        (
            ([1, [2]], 1),
            "[1, [2]], 1",
            "numbers and lists side by side; every row has to be a list",
        ),
        (({1, 2}, 1), "{1, 2}, 1", "a set instead of a list or an array"),
        (([1, "2", None], 1), "[1, '2', None], 1", "None in the place of a number"),
    ],
)
def test_problem_of_an_illegal_input(given, shown, problem):
    assert MEAN.judge(*given).message == text(
        "✗ break_mean: not a legal input", f"  input     {shown}", f"  problem   {problem}"
    )


def test_as_many_inputs_as_the_functions_take():
    def judged(refusal, *given, takes=lambda x: x):
        breaking = Breaking("b", lambda *x: 1, lambda *x: 2, refusal, "h", takes=takes)
        return breaking.judge(*given).message.splitlines()[-1].strip()

    broken = "got       1"
    assert judged(lambda a: "", 1) == broken
    assert judged(lambda a: "", 1, 2) == "problem   give 1 input; got 2"
    assert judged(lambda a, b=3: "", 1) == judged(lambda a, b=3: "", 1, 2) == broken
    assert judged(lambda a, b=3: "", 1, 2, 3) == (
        "problem   give 2 inputs, with commas between; got 3"
    )
    assert judged(lambda a, *, b=3: "", 1) == broken
    assert judged(lambda a, *, b=3: "", 1, 2) == "problem   give 1 input; got 2"
    assert judged(lambda *a: "", 1, 2, 3) == broken
    assert judged(max, "", "") == broken  # a function of compiled code does not tell
    assert judged(lambda a, b: "", 1, 2, takes=[int, float]) == broken


def test_each_input_is_brought_into_its_own_form():
    seen = []
    breaking = Breaking(
        "b",
        lambda a, b: seen.append((a, b)),
        lambda a, b: (a.append(9), seen.append((a, b))),
        lambda a, b: (a.append(8), seen.append((a, b)), "")[-1],
        "h",
        takes=(list, float),
    )
    assert breaking.judge((1, 2), 3).status is Status.RIGHT
    assert seen == [([1, 2, 8], 3.0), ([1, 2, 9], 3.0), ([1, 2], 3.0)]  # none spoils another's
    assert list(map(type, seen[0])) == [list, float]


def test_a_headline_and_details_of_its_own():
    asked = []

    def headline(broken, number):
        asked.append((broken, number))
        return f"the sign of {number} is {'lost' if broken else 'kept'}"

    def detail(broken, number):
        asked.append((broken, number))
        return {"square": str(number**2), "broken": str(broken)}

    arguments = ("sign", abs, lambda number: number, lambda number: "", "Look below zero.")
    both = Breaking(*arguments, headline=headline, detail=detail)
    assert both.judge(-3).message == text(
        "✓ sign: the sign of -3 is lost", "  square    9", "  broken    True"
    )
    assert both.judge(3).message == text(
        "✗ sign: the sign of 3 is kept", "  square    9", "  broken    False"
    )
    assert asked == 2 * [(True, -3)] + 2 * [(False, 3)]
    assert Breaking(*arguments, detail=detail).judge(3).message == text(
        "✗ sign: the function survives",
        "  input     3",
        "  result    3",
        "  hint      Look below zero.",
        "  square    9",
        "  broken    False",
    )
    assert Breaking(*arguments, compare=lambda a, b: "").judge(-3).status is Status.WRONG


@pytest.mark.parametrize(
    ("exercise", "given", "verdict"),
    [(DOUBLE, abs, "wrong"), (SHARE, None, "returned_none"), (MEAN, ([1, 2, 6], 1), "right")],
)
def test_each_verdict_is_recorded(exercise, given, verdict, monkeypatch, capsys):
    module = sys.modules[type(exercise).__module__]
    recorded = []
    monkeypatch.setattr(module, "record", lambda *arguments: recorded.append(arguments))
    given = given if isinstance(given, tuple) else (given,)
    exercise(*given)
    assert capsys.readouterr().out == exercise.judge(*given).message + "\n"
    assert recorded == [(exercise, exercise.name, verdict)]


# ---- points --------------------------------------------------------------------------------------


def outcome_of(status, passed=0, total=1, failed=()):
    return Outcome(status, "the feedback", passed, total, failed)


@pytest.mark.parametrize(
    ("outcome", "most", "earned", "printed"),
    [
        (outcome_of(Status.RIGHT, 4, 4), 3, 3.0, "the feedback\n"),
        (
            outcome_of(Status.WRONG, 2, 3, ("a", "b")),
            2,
            1.33,
            "the feedback\nright in 2 of 3 cases, wrong in: a, b\n",
        ),
        (
            outcome_of(Status.WRONG, 1, 2),
            2.5,
            1.25,
            "the feedback\nright in 1 of 2 cases, wrong in: all\n",
        ),
    ],
)
def test_points(outcome, most, earned, printed, capsys):
    result = points(outcome, most)
    assert (result, type(result)) == (earned, float)
    assert capsys.readouterr().out == printed


def test_no_points_are_an_error_with_the_feedback():
    for nothing in (outcome_of(Status.WRONG, 0, 3), outcome_of(Status.WRONG, 1, 300)):
        with pytest.raises(AssertionError, match="^the feedback$"):
            points(nothing, 1)
    assert points(outcome_of(Status.WRONG, 1, 100), 1) == 0.01


def test_require_prints_or_raises_the_feedback(capsys):
    require(outcome_of(Status.RIGHT))
    assert capsys.readouterr().out == "the feedback\n"
    for status in set(Status) - {Status.RIGHT}:
        with pytest.raises(AssertionError, match="^the feedback$"):
            require(outcome_of(status))
    assert capsys.readouterr().out == ""


def test_a_verdict_that_does_not_hold_is_an_error_in_words():
    with pytest.raises(AssertionError, match="^does not hold: loss ≤ 0.1$"):
        verdict("loss ≤ 0.1", False)
    with pytest.raises(TypeError) as error:
        verdict("loss ≤ 0.1", 1)
    assert str(error.value) == "verdict needs True or False as its second argument, got 1"


def test_a_stub_shows_what_is_to_be_done():
    assert repr(TODO) == "TODO"
