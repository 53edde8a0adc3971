"""The checks of *Find similar films* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_judged

from course_utils import similarity
from course_utils.checks import TODO, Status
from course_utils.checks import find_similar_films as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "got None"),
        (24 / 25, Status.RIGHT, "24 of a possible 25"),
        (0.96, Status.RIGHT, "0.96"),
        (Fraction(24, 25), Status.RIGHT, "0.96"),
        (Decimal("0.96"), Status.RIGHT, "0.96"),
        (np.float32(0.96), Status.RIGHT, "0.96"),
        (np.array(0.96), Status.RIGHT, "0.96"),
        (96, Status.WRONG, "100 times"),
        (-0.96, Status.WRONG, "other values"),
        (0.04, Status.WRONG, "other values"),
        ("0.96", Status.WRONG, "quotes"),
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
        (np.array([[5, 1, 1], [5, 0, 0], [3, 3, 3]], dtype=np.uint8), Status.RIGHT, "broken"),
        (pd.DataFrame([[5, 1, 1], [5, 0, 0], [3, 3, 3]]), Status.RIGHT, "film 1 0.962"),
        (sp.coo_array([[5, 1, 1], [5, 0, 0], [3, 3, 3]]), Status.RIGHT, "broken"),
        ([[5, 1, 1], [3, 3, 3], [5, 0, 0]], Status.RIGHT, "broken"),
        ([[0.5, 0.1, 0.1], [0.5, 0, 0], [0.3, 0.3, 0.3]], Status.RIGHT, "broken"),
        ([[4, 1, 1, 1, 1], [4, 0, 0, 0, 0], [2, 2, 2, 2, 2]], Status.RIGHT, "broken"),
        ([[5, 1, 0], [5, 1, 0], [1, 1, 1]], Status.WRONG, "shrunk    film 1"),
        ([[5, 5, 5], [5, 5, 5], [5, 5, 0]], Status.WRONG, "survives"),
        ([[5, 5, 0], [5, 0, 0], [0, 5, 0]], Status.WRONG, "equal scores are no disagreement"),
        ([[2, 2, 2], [1, 1, 1], [3, 3, 3]], Status.WRONG, "equal scores are no disagreement"),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], Status.WRONG, "equal scores"),
        ([[5, 1, 1], [5, 1e-300, 0], [3, 3, 3]], Status.WRONG, "at least 0.01"),
        ([[5, 1, 1], [5, 0], [3, 3, 3]], Status.WRONG, "rows of different lengths"),
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


def in_a_loop(right, wrong):
    won = 0
    for liked, opponent in zip(right, wrong, strict=True):
        won += 1 if liked > opponent else 0.5 if liked == opponent else 0
    return won / len(right)


def with_select(right, wrong):
    return np.select([right > wrong, right == wrong], [1.0, 0.5], 0.0).mean()


def in_fractions(right, wrong):
    points = [Fraction(int(a > b) + int(a >= b), 2) for a, b in zip(right, wrong, strict=True)]
    return sum(points) / len(points)


def all_pairs(right, wrong):
    right = right[:, None]
    return np.mean(right > wrong) + 0.5 * np.mean(right == wrong)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (in_a_loop, Status.RIGHT, "8 of 8"),
        (with_select, Status.RIGHT, "8 of 8"),
        (in_fractions, Status.RIGHT, "8 of 8"),
        (lambda right, wrong: 1 - check._auc(wrong, right), Status.WRONG, "write it yourself"),
        (lambda right, wrong: 1 - with_select(wrong, right), Status.RIGHT, "8 of 8"),
        (all_pairs, Status.WRONG, "position by position"),
        (
            lambda r, w: np.mean(r > w) + 0.5 * np.mean(np.isclose(r, w) & ~(r > w)),
            Status.WRONG,
            "smallest counter-example",
        ),
        (lambda r, w: np.mean(r - w > 1e-9) + np.mean(abs(r - w) <= 1e-9) / 2, Status.WRONG, ""),
        # Both print as 0.5, so the reason has to say that they differ.
        (lambda r, w: np.mean(r > w) + 0.5 * np.mean(np.isclose(r, w)), Status.WRONG, "0.5 + 10"),
        (lambda r, w: np.sum(r > w) + 0.5 * np.sum(r == w), Status.WRONG, "0 of 8"),
        (lambda r, w: np.mean(r > w) / max(np.mean(r != w), 1e-9), Status.WRONG, "1 of 8"),
        (lambda r, w: with_select(r, w).round(1), Status.WRONG, ""),
        (lambda r, w: with_select(w, r), Status.WRONG, ""),
        (lambda r, w: with_select(r[:4], w[:4]), Status.WRONG, "twenty"),
        (lambda r, w: 0.5, Status.WRONG, "always wrong"),
        (lambda right, wrong: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (
            lambda right, wrong: np.mean(right > wrong) / 2 + np.mean(right >= wrong) / 2,
            Status.RIGHT,
            "8 of 8",
        ),
        (
            lambda right, wrong: float(np.mean((np.sign(right - wrong) + 1) / 2)),
            Status.WRONG,
            "no neighbour",
        ),
        (lambda right, wrong: float(np.mean(right >= wrong)), Status.WRONG, "1 of 8"),
        (lambda right, wrong: float(np.mean(right > wrong)), Status.WRONG, "1 of 8"),
        (lambda right, wrong: (right > wrong) + 0.5 * (right == wrong), Status.WRONG, "shape"),
        (lambda right, wrong: print(np.mean(right > wrong)), Status.RETURNED_NONE, "return"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in subtract")
def test_auc(attempt, status, text):
    assert_judged(check.auc, attempt, status, text)


@pytest.mark.parametrize("seed", range(20))
def test_both_scores_are_those_of_the_course(seed):
    stars = np.random.default_rng(seed).integers(0, 6, (3, 5)).astype(float) + np.eye(3, 5)
    for shrink in (0.0, 3.0):
        theirs = similarity.similar_items(
            0, stars, 2, support=sp.csr_array(stars), min_support=0, shrink=shrink
        )
        ours = check._scores(stars, shrink)
        np.testing.assert_allclose(ours[theirs.indices - 1], theirs.scores, atol=1e-12)


MINE, THEIRS = [0.2, 0.4, 0.6, 0.8, 1.0], [0.1, 0.3, 0.5, 0.7, 0.9]


@pytest.mark.parametrize(
    ("mine", "theirs", "status", "text"),
    [
        (TODO, TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (MINE, TODO, Status.NOT_ATTEMPTED, "still TODO"),
        (None, THEIRS, Status.RETURNED_NONE, "TODO"),
        (MINE, THEIRS, Status.RIGHT, "told apart"),
        (THEIRS, MINE, Status.RIGHT, "difference -0.100 … -0.100"),
        (np.array(MINE, dtype=np.float32), tuple(THEIRS), Status.RIGHT, "broken"),
        (
            [Fraction(n, 10) for n in (1, 3, 5, 8, 9, 10)],
            [0, 0.1, 0.4, 0.6, 0.8, 0.9],
            Status.RIGHT,
            "",
        ),
        ([0, 1, 0, 1, 0, 1], [0.01, 0.99, 0.01, 1, 0, 1], Status.WRONG, "survives"),
        ([*[0.9, 0.1] * 5], [*[0.8, 0.05] * 5], Status.RIGHT, "broken"),
        (MINE, MINE, Status.WRONG, "0.000 … 0.000"),
        (MINE, MINE[::-1], Status.WRONG, "survives"),
        ([0.9] * 5, [0.1] * 5, Status.WRONG, "survives"),
        ([0.9, 0.8, 0.9, 0.8, 0.9], [0.1, 0.2, 0.1, 0.2, 0.1], Status.WRONG, "survives"),
        (MINE, THEIRS[:4], Status.WRONG, "each judge scores both"),
        (MINE[:3], THEIRS[:3], Status.WRONG, "5 to 20 judges"),
        ([20, 40, 60, 80, 100], THEIRS, Status.WRONG, "between 0 and 1"),
        ([0.1, np.nan, 0.2, 0.3, 0.4], THEIRS, Status.WRONG, "between 0 and 1"),
        ([MINE], [THEIRS], Status.WRONG, "instead of a list"),
        (0.5, 0.4, Status.WRONG, "one number instead of a list"),
    ],
)
def test_break_overlap(mine, theirs, status, text):
    assert_judged(check.break_overlap, (mine, theirs), status, text)
