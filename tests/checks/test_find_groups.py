"""The checks of *Find groups in interactions* catch what learners get wrong."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.stats
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
        (Fraction(13, 2), Status.RIGHT, "6.5"),
        (Decimal("6.5"), Status.RIGHT, "6.5"),
        (np.array(6.5), Status.RIGHT, "6.5"),
        ([6.5], Status.WRONG, "list"),
        ("6.5", Status.WRONG, "quotes"),
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
        ([[0, 1, 4, 5]], Status.WRONG, "an array of shape (1, 4) instead of a list"),
        ([0.1 * n for n in range(10)] + [1.1], Status.RIGHT, "broken"),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2], Status.RIGHT, "broken"),
        ([Fraction(n, 10) for n in (*range(10), 12)], Status.RIGHT, "broken"),
        ([Decimal(n) / 1000 for n in (*range(10), 12)], Status.RIGHT, "broken"),
        (np.array([*range(10), 12], dtype=np.uint8), Status.RIGHT, "broken"),
        ([1e-6 * n for n in (*range(10), 12)], Status.RIGHT, "broken"),
        ([-900, *range(-10, 1), 3], Status.WRONG, "survives"),
        ([0, 2, 4, 5], Status.WRONG, "at least twice"),
        ([0, 1, 2, 2000], Status.WRONG, "between"),
        ({0, 1, 5}, Status.WRONG, "a set instead of a list"),
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


def in_loops(table, rated):
    result = [[0.0] * table.shape[1] for _ in table]
    for film in range(table.shape[1]):
        own = [stars for stars, known in zip(table[:, film], rated[:, film], strict=True) if known]
        for person, known in enumerate(rated[:, film]):
            if known:
                result[person][film] = table[person, film] - sum(own) / len(own)
    return result


def with_pandas(table, rated):
    frame = pd.DataFrame(table).where(rated)
    return (frame - frame.mean()).fillna(0)


def with_divide(table, rated):
    counts, means = rated.sum(axis=0), np.zeros(table.shape[1])
    np.divide(np.sum(table, axis=0, where=rated), counts, where=counts > 0, out=means)
    return (table - means) * rated


def with_einsum(table, rated):
    return np.where(rated, table - np.einsum("ij,ij->j", table, rated) / rated.sum(0).clip(1), 0)


def of_all_films(table, rated):
    return np.where(rated, table - table[rated].mean(), 0) if rated.any() else 0 * table


def one_more(table, rated):
    return np.where(rated, table - table.sum(axis=0) / (rated.sum(axis=0) + 1), 0)


def median_of_film(table, rated):
    frame = pd.DataFrame(table).where(rated)
    return (frame - frame.median()).fillna(0).to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda table, rated: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (right_centre, Status.RIGHT, "5 of 5"),
        (
            lambda table, rated: right_centre(table, rated).astype(np.float32),
            Status.RIGHT,
            "5 of 5",
        ),
        (lambda table, rated: table - table.mean(axis=0), Status.WRONG, "an empty cell"),
        (buggy_mean, Status.WRONG, "an empty cell"),
        (in_loops, Status.RIGHT, "5 of 5"),
        (with_pandas, Status.RIGHT, "5 of 5"),
        (with_divide, Status.RIGHT, "5 of 5"),
        (with_einsum, Status.RIGHT, "5 of 5"),
        (of_all_films, Status.WRONG, "everything rated"),
        (one_more, Status.WRONG, "0 of 5"),
        (median_of_film, Status.WRONG, "more people than films"),
        (lambda table, rated: right_centre(table, rated).round(), Status.WRONG, "0 of 5"),
        (lambda table, rated: right_centre(table.T, rated.T).T, Status.WRONG, "0 of 5"),
        (lambda table, rated: right_centre(table, rated).astype(int), Status.WRONG, "0 of 5"),
        (
            lambda table, rated: table - (table * rated).sum(axis=0) / rated.sum(axis=0),
            Status.WRONG,
            "an empty cell",
        ),
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (3, Status.WRONG, "pass the function itself"),
        (by_value, Status.WRONG, "zero stars"),
        (in_place, Status.WRONG, "input was changed"),
        (lambda table, rated: table - table.mean(axis=1, keepdims=True), Status.WRONG, "0 of 5"),
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


def with_next(numbers, gap, error):
    pays_not = (
        n for n, g, h, e in zip(numbers, gap, gap[1:], error[1:], strict=False) if g >= h - e
    )
    return next(pays_not, numbers[-1])


def with_arrays(numbers, gap, error):
    gap, error = np.array(gap), np.array(error)
    met = np.append(gap[:-1] >= gap[1:] - error[1:], True)
    return np.asarray(numbers)[np.argmax(met)]


def with_while(numbers, gap, error):
    i = 0
    while i + 1 < len(numbers) and gap[i] + error[i + 1] < gap[i + 1]:
        i += 1
    return numbers[i]


def backwards(numbers, gap, error):
    answer = numbers[-1]
    for i in reversed(range(len(numbers) - 1)):
        if gap[i + 1] - gap[i] <= error[i + 1]:
            answer = numbers[i]
    return answer


def last_is_length(numbers, gap, error):
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - error[i + 1]:
            return numbers[i]
    return len(numbers)


def last_success(numbers, gap, error):
    answer = numbers[-1]
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - error[i + 1]:
            answer = numbers[i]
    return answer


def nearly(numbers, gap, error):
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - 0.1:
            return numbers[i]
    return numbers[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda numbers, gap, error: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (rule, Status.RIGHT, "7 of 7"),
        (with_next, Status.RIGHT, "7 of 7"),
        (with_arrays, Status.RIGHT, "7 of 7"),
        (with_while, Status.RIGHT, "7 of 7"),
        (backwards, Status.RIGHT, "7 of 7"),
        (groups.choose_k, Status.WRONG, "without course_utils.groups.choose_k"),
        (lambda numbers, gap, error: float(rule(numbers, gap, error)), Status.WRONG, "integers"),
        (last_is_length, Status.WRONG, "smallest counter-example"),
        (last_success, Status.WRONG, "no groups"),
        (nearly, Status.WRONG, "errors of every size"),
        (lambda numbers, gap, error: [rule(numbers, gap, error)], Status.WRONG, "shape"),
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


@pytest.mark.parametrize("size", range(1, 8))
def test_the_expected_number_is_that_of_the_course(size):
    rng = np.random.default_rng(size)
    for gap, error in rng.random((20, 2, size)):
        numbers = list(range(2, 2 + size))
        assert check._choose_k(numbers, gap, error) == groups.choose_k(numbers, gap, error)


def counted(found, nulls):
    return (sum(value >= found for value in nulls) + 1) / (len(nulls) + 1)


def among_all(found, nulls):
    return np.mean(np.append(nulls, found) >= found)


def by_sorting(found, nulls):
    smaller = np.searchsorted(np.sort(nulls), found, side="left")
    return Fraction(1 + len(nulls) - int(smaller), 1 + len(nulls))


def in_a_loop(found, nulls):
    count = 1
    for value in nulls.tolist():
        if not value < found:
            count += 1
    return np.array(count / (len(nulls) + 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda found, nulls: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (counted, Status.RIGHT, "6 of 6"),
        (among_all, Status.RIGHT, "6 of 6"),
        (by_sorting, Status.RIGHT, "6 of 6"),
        (in_a_loop, Status.RIGHT, "6 of 6"),
        (lambda found, nulls: (1 + (nulls >= found).sum()) / (1 + nulls.size), Status.RIGHT, "6"),
        (lambda found, nulls: 1 - np.sum(nulls < found) / (1 + len(nulls)), Status.RIGHT, "6"),
        (lambda found, nulls: np.mean(nulls > found), Status.WRONG, "says *never*"),
        (lambda found, nulls: np.mean(nulls >= found), Status.WRONG, "above all nulls"),
        (lambda f, n: (1 + np.sum(n > f)) / (1 + len(n)), Status.WRONG, "equals on its side"),
        (lambda f, n: (1 + np.sum(n >= f)) / len(n), Status.WRONG, "above all nulls"),
        (lambda f, n: np.sum(n >= f) / (1 + len(n)), Status.WRONG, "above all nulls"),
        (lambda f, n: max(np.mean(n >= f), 1 / (1 + len(n))), Status.WRONG, "below some"),
        (lambda f, n: (1 + np.sum(abs(n) >= abs(f))) / (1 + len(n)), Status.WRONG, "below all"),
        (lambda f, n: (1 + np.sum(n <= f)) / (1 + len(n)), Status.WRONG, "above all nulls"),
        (
            lambda f, n: (1 + np.sum((n > f) | np.isclose(n, f))) / (1 + len(n)),
            Status.WRONG,
            "nearly equal",
        ),
        # Both print as 1, so the reason has to say that they differ.
        (lambda f, n: counted(round(f, 6), n.round(6)), Status.WRONG, "1 − 10⁻⁹ is less than 1"),
        (lambda f, n: scipy.stats.norm.sf(f, n.mean(), n.std()), Status.WRONG, "above all"),
        (lambda f, n: round(counted(f, n), 2), Status.WRONG, "above all nulls"),
        (lambda f, n: (1 + np.sum(n >= f)) / 6, Status.WRONG, "below some"),
        (lambda f, n: bool(f > n.max()), Status.WRONG, "above all nulls"),
        (lambda f, n: n.sort() or counted(f, n), Status.WRONG, "input was changed"),
        (lambda found, nulls: print(found), Status.RETURNED_NONE, "return"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_p_value(attempt, status, text):
    assert_judged(check.p_value, attempt, status, text)
