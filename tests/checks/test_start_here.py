"""The checks of *Check your set-up and find your way* catch what learners get wrong."""

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
        (lambda matrix: print(np.mean(matrix == 0)), Status.RETURNED_NONE, "return"),
    ],
)
def test_share_of_zeros(attempt, status, text):
    assert_judged(check.share_of_zeros, attempt, status, text)


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
        (7 / 12, Status.RIGHT, "the other 5 are not"),
        (5 / 12, Status.WRONG, "*not* 0"),
        (7, Status.WRONG, "number of zeros"),
        (100 * 7 / 12, Status.WRONG, "between 0 and 1"),
        (0.5, Status.WRONG, "Count the zeros"),
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
