"""The checks of *Find groups in interactions* catch what learners get wrong."""

import warnings

import numpy as np
import pytest
from judging import assert_judged

from course_utils import groups
from course_utils.checks import TODO, Status
from course_utils.checks import find_groups as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "got None"),
        (6.5, Status.RIGHT, "The loose group is cut"),
        (np.float32(6.5), Status.RIGHT, "6.5"),
        (20, Status.WRONG, "two groups"),
        (18.5, Status.WRONG, "worth more when it is cut"),
        (2.0, Status.WRONG, "left out"),
        (4.5, Status.WRONG, "missing"),
        (0, Status.WRONG, "as many groups as points"),
        (5.0, Status.WRONG, "squares"),
        (1.5, Status.WRONG, "other values"),
    ],
)
def test_predict_inertia(answer, status, text):
    assert_judged(check.predict_inertia, answer, status, text)


def test_the_hints_do_not_name_the_points():
    outcome = check.predict_inertia.judge(1.5)
    assert not any(digit in outcome.message.splitlines()[-1] for digit in "123456789")


@pytest.mark.parametrize("k", range(1, 7))
def test_the_expected_inertia_is_what_k_means_finds(k):
    assert check._smallest_inertia(check.STARS, k) == pytest.approx(
        groups.k_means(check.STARS[:, None], k).inertia_
    )


@pytest.mark.parametrize(
    ("points", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([*range(10), 12], Status.RIGHT, "broken"),
        ([12.0, *range(9, -1, -1)], Status.RIGHT, "broken"),
        (np.array([*range(10), 12]), Status.RIGHT, "broken"),
        ([1, 2, 3, 8, 9, 10], Status.WRONG, "survives"),
        ([0, 1, 2, 5, 6, 7], Status.WRONG, "survives"),
        ([*range(10), 100], Status.WRONG, "survives"),
        ([*range(10), 10.5], Status.WRONG, "at least twice"),
        ([0, 0, 0, 0], Status.WRONG, "at least twice"),
        ([0, 1, 4], Status.WRONG, "4 to 20 numbers"),
        ([[0, 1, 4, 5]], Status.WRONG, "4 to 20 numbers"),
        ([0, 1, 2, np.nan], Status.WRONG, "between"),
        ("two groups", Status.WRONG, "not a legal input"),
    ],
)
def test_break_k_means(points, status, text):
    assert_judged(check.break_k_means, points, status, text)


def test_a_broken_k_means_says_why():
    message = check.break_k_means.judge([*range(10), 12]).message
    # 82.5 = 2 (0.5² + … + 4.5²) beside 17.5 = 2 (0.5² + 1.5² + 2.5²) and 21.2 = 374 − 42²/5.
    assert message.splitlines()[-1] == (
        "  because   inertia 82.5 at the widest gap, 38.7 where k-means cuts"
    )
    assert "because" not in check.break_k_means.judge([0, 1, 2, 10, 11, 12]).message


def test_the_suspect_cuts_where_k_means_cuts():
    points = [*range(10), 12.0]
    labels = groups.k_means(np.array(points)[:, None], 2).labels_
    sizes = sorted(np.bincount(labels).tolist())
    assert sorted(map(len, check._k_means_groups(points))) == sizes


def right_centre(table, rated):
    counts = np.maximum(1, rated.sum(axis=0))
    return np.where(rated, table - (table * rated).sum(axis=0) / counts, 0)


def divides_by_zero(table, rated):
    return np.where(rated, table - (table * rated).sum(axis=0) / rated.sum(axis=0), 0)


def buggy_mean(table, rated):
    return np.where(rated, table - table.mean(axis=0), 0)


def in_place(table, rated):
    table -= (table * rated).sum(axis=0) / np.maximum(1, rated.sum(axis=0))
    table[~rated] = 0
    return table


def by_value(table, rated):
    return right_centre(table, table > 0)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda table, rated: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (right_centre, Status.RIGHT, "4 of 4"),
        (
            lambda table, rated: right_centre(table, rated).astype(np.float32),
            Status.RIGHT,
            "4 of 4",
        ),
        (lambda table, rated: table - table.mean(axis=0), Status.WRONG, "an empty cell"),
        (buggy_mean, Status.WRONG, "an empty cell"),
        (
            lambda table, rated: table - (table * rated).sum(axis=0) / rated.sum(axis=0),
            Status.WRONG,
            "an empty cell",
        ),
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (3, Status.WRONG, "pass the function itself"),
        (by_value, Status.WRONG, "zero stars"),
        (in_place, Status.WRONG, "input was changed"),
        (lambda table, rated: table - table.mean(axis=1, keepdims=True), Status.WRONG, "0 of 4"),
        (lambda table, rated: print(table), Status.RETURNED_NONE, "return"),
    ],
)
def test_centre(attempt, status, text):
    assert_judged(check.centre, attempt, status, text)


def test_centre_does_not_let_a_warning_pass():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pytest raises them by itself; a notebook does not
        outcome = check.centre.judge(divides_by_zero)
    assert outcome.status is Status.RAISED
    assert "a film nobody rated" in outcome.message
    assert "RuntimeWarning: invalid value" in outcome.message


def rule(numbers, gap, error):
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - error[i + 1]:
            return numbers[i]
    return numbers[-1]


def own_error(numbers, gap, error):
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - error[i]:
            return numbers[i]
    return numbers[-1]


def strictly(numbers, gap, error):
    for i in range(len(numbers) - 1):
        if gap[i] > gap[i + 1] - error[i + 1]:
            return numbers[i]
    return numbers[-1]


def forgets_the_last(numbers, gap, error):
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - error[i + 1]:
            return numbers[i]


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda numbers, gap, error: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (rule, Status.RIGHT, "6 of 6"),
        (groups.choose_k, Status.RIGHT, "6 of 6"),
        (lambda numbers, gap, error: float(rule(numbers, gap, error)), Status.RIGHT, "6 of 6"),
        (lambda numbers, gap, error: numbers[np.argmax(gap)], Status.WRONG, "a little more"),
        (own_error, Status.WRONG, "errors that differ"),
        (
            lambda numbers, gap, error: numbers.index(rule(numbers, gap, error)) + 1,
            Status.WRONG,
            "do not start at 1",
        ),
        (strictly, Status.WRONG, "counter-example"),
        (forgets_the_last, Status.RETURNED_NONE, "rising to the end"),
        (lambda numbers, gap, error: 2, Status.WRONG, "no groups"),
    ],
)
def test_choose_k(attempt, status, text):
    assert_judged(check.choose_k, attempt, status, text)
