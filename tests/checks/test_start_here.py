"""The checks of *Check your set-up and find your way* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import start_here as check


def zeros_by_sum(matrix):
    return float(matrix.sum() == 0)


def share_of_nonzeros(matrix):
    return np.count_nonzero(matrix) / matrix.size


def not_positive(matrix):
    return float(np.mean(matrix <= 0))


def per_row(matrix):
    return np.mean(matrix == 0, axis=1)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda matrix: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (lambda matrix: float(np.mean(matrix == 0)), Status.RIGHT, "6 of 6 cases"),
        (lambda matrix: 1 - np.count_nonzero(matrix) / matrix.size, Status.RIGHT, "6 of 6"),
        (share_of_nonzeros, Status.WRONG, "0 of 6"),
        (not_positive, Status.WRONG, "below 0 is not 0"),
        (zeros_by_sum, Status.WRONG, "the matrix above"),
        (lambda matrix: float(np.mean(matrix.astype(int) == 0)), Status.WRONG, "small is not 0"),
        (lambda matrix: float(np.mean(np.abs(matrix) < 1e-9)), Status.WRONG, "small is not 0"),
        (per_row, Status.WRONG, "shape (3,) instead of ()"),
        (lambda matrix: (matrix == 0).sum() / matrix.size, Status.RIGHT, "6 of 6"),
        (lambda matrix: sum(c == 0 for row in matrix for c in row) / matrix.size, Status.RIGHT, ""),
        (lambda matrix: Fraction(int((matrix == 0).sum()), matrix.size), Status.RIGHT, "6 of 6"),
        (lambda matrix: np.mean(~matrix.astype(bool)), Status.RIGHT, "6 of 6"),
        (lambda matrix: np.mean(matrix == 0, dtype=np.float32), Status.RIGHT, "6 of 6"),
        (lambda matrix: np.mean(np.isclose(matrix, 0)), Status.WRONG, "small is not 0"),
        (lambda matrix: np.mean(matrix == 0, axis=0), Status.WRONG, "instead of ()"),
        (lambda matrix: (matrix == 0).sum() / len(matrix), Status.WRONG, "the matrix above"),
        (lambda matrix: (matrix == 0).sum() / 12, Status.WRONG, "nothing but zeros"),
        (lambda matrix: int((matrix == 0).sum()), Status.WRONG, "the matrix above"),
        (lambda matrix: 100 * np.mean(matrix == 0), Status.WRONG, "the matrix above"),
        (lambda matrix: round(np.mean(matrix == 0), 2), Status.WRONG, "the matrix above"),
        (lambda matrix: print(np.mean(matrix == 0)), Status.RETURNED_NONE, "return"),
    ],
)
def test_share_of_zeros(attempt, status, text):
    assert_judged(check.share_of_zeros, attempt, status, text)


def mean_in_a_loop(ratings):
    given = [float(stars) for stars in ratings if stars > 0]
    return sum(given) / len(given) if given else float("nan")


def zero_for_nothing(ratings):
    return ratings[ratings > 0].mean() if (ratings > 0).any() else 0.0


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda ratings: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (
            lambda ratings: ratings[ratings > 0].mean() if (ratings > 0).any() else np.nan,
            Status.RIGHT,
            "5 of 5",
        ),
        (lambda ratings: ratings.mean(), Status.WRONG, "0 means *not rated*"),
        (lambda ratings: ratings.sum() / ratings.size, Status.WRONG, "two films not rated"),
        (
            lambda ratings: ratings[ratings >= 1].mean() if (ratings >= 1).any() else np.nan,
            Status.WRONG,
            "half a star is a rating",
        ),
        (zero_for_nothing, Status.WRONG, "would be a lie"),
        (lambda ratings: max(ratings), Status.WRONG, "0 of 5"),
        (mean_in_a_loop, Status.RIGHT, "5 of 5"),
        (lambda ratings: np.mean(ratings[ratings > 0]), Status.RIGHT, "5 of 5"),
        (lambda ratings: np.nanmean(np.where(ratings > 0, ratings, np.nan)), Status.RIGHT, "5 of"),
        (lambda ratings: np.float64(ratings.sum()) / (ratings > 0).sum(), Status.RIGHT, "5 of 5"),
        (lambda ratings: np.median(ratings[ratings > 0]), Status.WRONG, ""),
        (lambda ratings: ratings[ratings != 0].mean() - 1, Status.WRONG, "0 of 5"),
        (lambda ratings: ratings[ratings > 0].mean().round(1), Status.WRONG, "not in general"),
        (lambda ratings: np.mean(np.unique(ratings[ratings > 0])), Status.WRONG, "not in general"),
        (
            lambda ratings: ratings[ratings > 0].sum() / max(1, (ratings > 0).sum()),
            Status.WRONG,
            "",
        ),
    ],
)
def test_mean_rating(attempt, status, text):
    assert_judged(check.mean_rating, attempt, status, text)


def test_division_by_nothing_is_wrong_or_raises():
    outcome = check.mean_rating.judge(lambda ratings: sum(ratings) // sum(1 for r in ratings if r))
    assert outcome.status in {Status.WRONG, Status.RAISED}


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (20 / 25, Status.RIGHT, "all of the other 20 of 25 cells are 0"),
        (0.8, Status.RIGHT, "0.8"),
        (1 - 5 / 25, Status.RIGHT, "0.8"),
        (Fraction(4, 5), Status.RIGHT, "0.8"),
        (Decimal("0.8"), Status.RIGHT, "0.8"),
        (np.float32(0.8), Status.RIGHT, "0.8"),
        (np.array(0.8), Status.RIGHT, "0.8"),
        (np.mean(np.pad(check.SMALL_MATRIX, [(0, 2), (0, 1)]) == 0), Status.RIGHT, "0.8"),
        (5 / 25, Status.WRONG, "*not* 0"),
        (20, Status.WRONG, "number of zeros"),
        (80, Status.WRONG, "between 0 and 1"),
        (7 / 12, Status.WRONG, "before anything was added"),
        (18 / 25, Status.WRONG, "runs through the new rows"),
        (0.5, Status.WRONG, "How many cells has the new table"),
        (18 / 23, Status.WRONG, "How many cells has the new table"),
        (1, Status.WRONG, "How many cells has the new table"),
        (-0.8, Status.WRONG, "How many cells has the new table"),
        ("20 / 25", Status.WRONG, "without quotes"),
        (lambda: 0.8, Status.WRONG, ""),
        ([0.8, 0.2], Status.WRONG, ""),
        (None, Status.RETURNED_NONE, "in place of TODO"),
    ],
)
def test_predict_share(answer, status, text):
    assert_judged(check.predict_share, answer, status, text)


@pytest.mark.parametrize(
    ("images", "status", "text"),
    [
        ((TODO, TODO), Status.NOT_ATTEMPTED, "not attempted"),
        (([[1, 0], [0, 0]], [[0, 1], [0, 0]]), Status.RIGHT, "broken"),
        (([[1, 0], [0, 0]], [[1, 0], [0, 0]]), Status.WRONG, "survives"),
        (([[1, 0], [0, 0]], [[0, 0], [0, 0]]), Status.WRONG, "move it to another pixel"),
        (([1, 0], [0, 1]), Status.WRONG, "shape (2, 2)"),
        (([["a", "b"], ["c", "d"]], [["b", "a"], ["c", "d"]]), Status.WRONG, "pixels are numbers"),
        (([[2, 0], [0, 0]], [[0, 2], [0, 0]]), Status.WRONG, "between 0 (no ink)"),
        ((np.eye(2), np.eye(2)[::-1]), Status.RIGHT, "broken"),
        ((np.eye(2, dtype=bool), ~np.eye(2, dtype=bool)), Status.RIGHT, "broken"),
        (([[0.5, 0.5], [0, 0]], [[1, 0], [0, 0]]), Status.RIGHT, "broken"),
        ((((0.25, 0), (0, 0)), ((0, 0.25), (0, 0))), Status.RIGHT, "broken"),
        (([[0.1, 0.2], [0.3, 0]], [[0.3, 0.2], [0.1, 0]]), Status.WRONG, "on paper the two sums"),
        (([[0, 0], [0, 0]], [[0, 0], [0, 0]]), Status.WRONG, "survives"),
        (([[-1, 1], [0, 0]], [[0, 0], [0, 0]]), Status.WRONG, "between 0 (no ink)"),
        (([[np.nan, 0], [0, 0]], [[0, 0], [0, 0]]), Status.WRONG, "between 0 (no ink)"),
        ((np.eye(3), np.eye(3)[::-1]), Status.WRONG, "shape (2, 2)"),
    ],
)
def test_break_same_sum(images, status, text):
    assert_judged(check.break_same_sum, tuple(images), status, text)


@pytest.mark.parametrize(
    ("attempt", "status"),
    [
        (lambda matrix: TODO, Status.NOT_ATTEMPTED),
        (lambda matrix: print(np.max(matrix)), Status.RETURNED_NONE),
        (lambda matrix: matrix.largest(), Status.RAISED),
        (lambda matrix: float(np.max(np.abs(matrix))), Status.WRONG),
        (lambda matrix: float(np.max(matrix)), Status.RIGHT),
    ],
)
def test_demonstration_shows_every_answer(attempt, status):
    assert check.largest.judge(attempt).status is status
