"""The checks of *Find similar films* catch what learners get wrong."""

import numpy as np
import pytest
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import find_similar_films as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "got None"),
        (24 / 25, Status.RIGHT, "24 of a possible 25"),
        (0.96, Status.RIGHT, "0.96"),
        (24, Status.WRONG, "dot product"),
        (24 / 5, Status.WRONG, "one length"),
        (1.0, Status.WRONG, "same direction"),
        (2**0.5, Status.WRONG, "distance"),
        (0.5, Status.WRONG, "other values"),
    ],
)
def test_predict_cosine(answer, status, text):
    assert_judged(check.predict_cosine, answer, status, text)


@pytest.mark.parametrize(
    ("stars", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([[5, 1, 1], [5, 0, 0], [3, 3, 3]], Status.RIGHT, "broken"),
        ([[5, 1, 1], [5, 1, 1], [0, 0, 2]], Status.WRONG, "survives"),
        ([[5, 1, 1], [5, 0, 0], [1, 5, 5]], Status.WRONG, "survives"),
        ([[5, 1], [5, 0], [3, 3]], Status.WRONG, "3 to 6 numbers"),
        ([[5, 1, 1], [9, 0, 0], [3, 3, 3]], Status.WRONG, "between 0"),
        ([[5, 1, 1], [0, 0, 0], [3, 3, 3]], Status.WRONG, "somebody must have rated"),
        ("five stars", Status.WRONG, "not a legal input"),
    ],
)
def test_break_plain_cosine(stars, status, text):
    assert_judged(check.break_plain_cosine, stars, status, text)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda right, wrong: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (
            lambda right, wrong: np.mean(right > wrong) / 2 + np.mean(right >= wrong) / 2,
            Status.RIGHT,
            "5 of 5",
        ),
        (
            lambda right, wrong: float(np.mean((np.sign(right - wrong) + 1) / 2)),
            Status.WRONG,
            "no neighbour",
        ),
        (lambda right, wrong: float(np.mean(right >= wrong)), Status.WRONG, "1 of 5"),
        (lambda right, wrong: float(np.mean(right > wrong)), Status.WRONG, "1 of 5"),
        (lambda right, wrong: (right > wrong) + 0.5 * (right == wrong), Status.WRONG, "shape"),
        (lambda right, wrong: print(np.mean(right > wrong)), Status.RETURNED_NONE, "return"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in subtract")
def test_auc(attempt, status, text):
    assert_judged(check.auc, attempt, status, text)
