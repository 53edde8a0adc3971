"""Checks of *Autoencode interactions*: stub, solution, and what one would get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from judging import assert_judged

from course_utils import metrics
from course_utils.checks import TODO, Status, choose_the_width
from course_utils.checks import autoencode_interactions as check


def status(exercise, *answer):
    return exercise.judge(*answer).status


@pytest.mark.parametrize(
    "answer",
    [
        1 / 6 + 5 / 6 / 2,
        7 / 12,
        Fraction(7, 12),
        Decimal(7) / 12,
        np.array(7 / 12),
        np.float64(7) / 12,
        np.float32(7) / 12,
    ],
)
def test_density_is_right(answer):
    assert status(check.predict_density, answer) is Status.RIGHT


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (1 / 6, "also where nobody rated"),
        (1.0, "cut to 0"),
        (5 / 12, "as well"),
        (0.5, "ratings themselves"),
        (0.6, "value 0"),
        (1 / 6 + 0.4, "lifts half of those"),
        (0.583, "rounded"),
        (np.float32(0.583), "rounded"),
        ("7/12", "text"),
    ],
)
def test_density_is_wrong_for_a_reason(answer, words):
    outcome = check.predict_density.judge(answer)
    assert outcome.status is Status.WRONG
    assert words in outcome.message


def test_stubs():
    assert status(check.predict_density, TODO) is Status.NOT_ATTEMPTED
    assert status(check.break_nonzero_mask, TODO) is Status.NOT_ATTEMPTED
    assert status(check.masked_rmse, lambda *arguments: TODO) is Status.NOT_ATTEMPTED


@pytest.mark.parametrize(
    "ratings",
    [
        [2, 3, 4],
        (1, 1.5, 2),
        [3, 3, 3],
        np.array([2.0, 3, 4]),
        np.array([1, 3, 5], dtype=np.uint8),
        np.array([0.5, 1.5, 2.5], dtype=np.float16),
        [np.float32(0.5), np.float64(1.5), 1],
        [Fraction(1, 2), Fraction(3, 2), Fraction(5, 2)],
        [Decimal("0.5"), Decimal("1.5"), Decimal("2.5")],
        pd.Series([4.5, 5, 4, 4.5]),
        range(1, 6),
        [5, 0.5, 1.5, 2.5, 3, 2.5],
        np.full(6, 4.5),
    ],
)
def test_a_rating_that_is_the_mean_breaks_the_mask(ratings):
    assert_judged(check.break_nonzero_mask, ratings, Status.RIGHT, "broken")


@pytest.mark.parametrize(
    ("ratings", "text"),
    [
        ([1, 2], "3 to 6 ratings"),
        ([3], "3 to 6 ratings"),
        ([], ""),
        ([2, 3, 4, 2, 3, 4, 3], "3 to 6 ratings"),
        ([1, 2, 4], "less their mean, the ratings are -1.33, -0.333, 1.67"),
        ([1, 1, 5], "Which rating is 0"),
        ([0.5, 0.5, 1], "survives"),
        ([0, 0, 0], "0.5, 1, 1.5"),
        ([-1, 0, 1], "0.5, 1, 1.5"),
        ([2, 3.25, 4], "0.5, 1, 1.5"),
        ([5, 6, 7], "0.5, 1, 1.5"),
        ([2.9999999, 3, 3.0000001], "0.5, 1, 1.5"),
        ([2, float("nan"), 4], ""),
        ([2, float("inf"), 4], ""),
        ([True, True, True], ""),
        (3, "one number instead of a list"),
        ([[2, 3, 4]], "an array of shape (1, 3)"),
        ("234", "text"),
        (["2", "3", "4"], ""),
        ([2, None, 4], ""),
        ({"a": 2}, ""),
    ],
)
def test_ratings_that_do_not_break_the_mask(ratings, text):
    assert_judged(check.break_nonzero_mask, ratings, Status.WRONG, text)


def masked(ratings, hidden, prediction):
    return np.sqrt(((ratings - prediction) ** 2)[hidden & (ratings > 0)].mean())


def in_loops(ratings, hidden, prediction):
    squares = [
        (r - p) ** 2
        for r, h, p in zip(ratings.flat, hidden.flat, prediction.flat, strict=True)
        if h and r
    ]
    return (sum(squares) / len(squares)) ** 0.5


def with_indices(ratings, hidden, prediction):
    rows, columns = np.nonzero(hidden * ratings)
    return np.linalg.norm((ratings - prediction)[rows, columns]) / len(rows) ** 0.5


def with_nan(ratings, hidden, prediction):
    return np.sqrt(np.nanmean(np.where(hidden & (ratings != 0), ratings - prediction, np.nan) ** 2))


def with_a_masked_array(ratings, hidden, prediction):
    left_out = ~hidden | (ratings == 0)
    return np.ma.masked_array((ratings - prediction) ** 2, left_out).mean() ** 0.5


def with_weights(ratings, hidden, prediction):
    return np.average((ratings - prediction) ** 2, weights=hidden & (ratings > 0)) ** 0.5


def with_pandas(ratings, hidden, prediction):
    squares = pd.DataFrame((ratings - prediction) ** 2).where(hidden & (ratings > 0))
    return np.array(squares.stack().mean() ** 0.5)


@pytest.mark.parametrize(
    "solution",
    [
        masked,
        in_loops,
        with_indices,
        with_nan,
        with_a_masked_array,
        with_weights,
        with_pandas,
        lambda r, h, p: Fraction(float(masked(r, h, p))),
    ],
)
def test_masked_rmse_is_right(solution):
    assert status(check.masked_rmse, solution) is Status.RIGHT


WRONG = {
    "all cells": lambda r, h, p: np.sqrt(((r - p) ** 2).mean()),
    "all observed": lambda r, h, p: np.sqrt(((r - p) ** 2)[r > 0].mean()),
    "all hidden": lambda r, h, p: np.sqrt(((r - p) ** 2)[h].mean()),
    "no root": lambda r, h, p: ((r - p) ** 2)[h & (r > 0)].mean(),
    "absolute": lambda r, h, p: np.abs(r - p)[h & (r > 0)].mean(),
    "zeros elsewhere": lambda r, h, p: np.sqrt((((r - p) * (h & (r > 0))) ** 2).mean()),
    "predicted cells": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r > 0) & (p > 0)].mean()),
    "row by row": lambda r, h, p: np.sqrt(
        np.mean(
            [((a - c) ** 2)[b & (a > 0)].mean() for a, b, c in zip(r, h, p, strict=True) if b.any()]
        )
    ),
    "constant": lambda r, h, p: 1.0,
    "rounded predictions": lambda r, h, p: masked(r, h, np.round(p)),
    "cut predictions": lambda r, h, p: masked(r, h, p.astype(int)),
    "no half stars": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r >= 1)].mean()),
    "only good ratings": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r > 2)].mean()),
    "clipped predictions": lambda r, h, p: masked(r, h, np.clip(p, 1, 5)),
    "no negative predictions": lambda r, h, p: masked(r, h, np.maximum(p, 0)),
    "not beyond five": lambda r, h, p: masked(r, h, np.minimum(p, 5)),
    "first row": lambda r, h, p: masked(r[:1], h[:1], p[:1]),
    "visible": lambda r, h, p: np.sqrt(((r - p) ** 2)[~h & (r > 0)].mean()),
    "rounded": lambda r, h, p: round(float(masked(r, h, p)), 1),
    "sample deviation": lambda r, h, p: (r - p)[h & (r > 0)].std(),
    "root of the sum": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r > 0)].sum()),
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("answer", WRONG)
def test_masked_rmse_is_wrong(answer):
    assert status(check.masked_rmse, WRONG[answer]) is Status.WRONG


@pytest.mark.parametrize("answer", ["no root", "absolute", "rounded predictions"])
def test_slips_in_the_formula_get_a_hint_about_the_formula(answer):
    message = check.masked_rmse.judge(WRONG[answer]).message
    assert "root of the mean" in message
    assert "0 of 6 cases" in message


def test_bug_of_the_exercise_gets_a_hint_about_the_cells():
    message = check.masked_rmse.judge(WRONG["all cells"]).message
    assert "Which cells" in message


def test_masked_rmse_must_not_change_its_input():
    def changes(ratings, hidden, prediction):
        hidden &= ratings > 0
        return masked(ratings, hidden, prediction)

    assert status(check.masked_rmse, changes) is Status.WRONG


def in_a_loop(values, draws):
    means = sorted(sum(values[person] for person in drawn) / len(drawn) for drawn in draws)
    return [np.quantile(means, 0.025), np.quantile(means, 0.975)]


def with_percentiles(values, draws):
    return np.percentile(np.take(values, draws).sum(axis=1) / len(values), [2.5, 97.5])


def with_counts(values, draws):
    counts = np.array([np.bincount(drawn, minlength=len(values)) for drawn in draws])
    return tuple(np.quantile(counts @ values / len(values), (0.025, 0.975)))


def with_a_frame(values, draws):
    means = pd.DataFrame(values[draws]).mean(axis=1)
    return means.quantile([0.025, 0.975])


def by_hand(values, draws):
    means = np.sort(values[draws].mean(axis=-1))
    places = np.array([0.025, 0.975]) * (len(means) - 1)
    return np.interp(places, np.arange(len(means)), means)


def wrong_interval(means):
    return tuple(np.quantile(means, [0.025, 0.975]))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda values, draws: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (in_a_loop, Status.RIGHT, "5 of 5"),
        (with_percentiles, Status.RIGHT, "5 of 5"),
        (with_counts, Status.RIGHT, "5 of 5"),
        (with_a_frame, Status.RIGHT, "5 of 5"),
        (by_hand, Status.RIGHT, "5 of 5"),
        (lambda v, d: wrong_interval(v), Status.WRONG, "every draw takes everybody once"),
        (lambda v, d: wrong_interval(v[d]), Status.WRONG, "everybody once"),
        (lambda v, d: wrong_interval(v[d].mean()), Status.WRONG, "two lines"),
        (lambda v, d: wrong_interval(v[d].mean(axis=0)), Status.WRONG, "everybody once"),
        (lambda v, d: wrong_interval(v[d].sum(axis=1)), Status.WRONG, "everybody once"),
        (
            lambda v, d: wrong_interval([v[np.unique(drawn)].mean() for drawn in d]),
            Status.WRONG,
            "differences on both sides",
        ),
        (lambda v, d: wrong_interval(np.median(v[d], axis=1)), Status.WRONG, "both sides"),
        (lambda v, d: by_hand(v, d)[::-1], Status.WRONG, "two lines"),
        (lambda v, d: (v[d].mean(1).min(), v[d].mean(1).max()), Status.WRONG, "interpolates"),
        (lambda v, d: np.quantile(v[d].mean(1), [0.05, 0.95]), Status.WRONG, "two lines"),
        (lambda v, d: np.quantile(v[d].mean(1), [2.5 / 10, 0.975]), Status.WRONG, "two lines"),
        (lambda v, d: np.percentile(v[d].mean(1), [0.025, 0.975]), Status.WRONG, "two lines"),
        (lambda v, d: by_hand(v, d).round(2), Status.WRONG, ""),
        (lambda v, d: np.quantile(v[d].mean(1), 0.975), Status.WRONG, "instead of 2 values"),
        (
            lambda v, d: np.quantile(v[d].mean(1), [0.025, 0.975], method="nearest"),
            Status.WRONG,
            "two lines",
        ),
        (
            lambda v, d: v[d].mean(1).mean() + 1.96 * v[d].mean(1).std() * np.array([-1, 1]),
            Status.WRONG,
            "two lines",
        ),
        (
            lambda v, d: wrong_interval(np.random.default_rng(0).choice(v, d.shape).mean(1)),
            Status.WRONG,
            "everybody once",
        ),
        (lambda v, d: metrics.bootstrap_interval(v), Status.WRONG, "write it yourself"),
        (
            lambda v, d: scipy.stats.bootstrap((v,), np.mean).confidence_interval,
            Status.WRONG,
            "write it yourself",
        ),
        (lambda v, d: v.sort() or by_hand(v, d), Status.WRONG, ""),
        (lambda v, d: print(v[d]), Status.RETURNED_NONE, "return"),
    ],
)
def test_bootstrap_interval(attempt, status, text):
    assert_judged(check.bootstrap_interval, attempt, status, text)


def test_bootstrap_interval_agrees_with_that_of_the_course():
    values = np.random.default_rng(3).standard_normal(200)
    draws = np.random.default_rng(4).integers(200, size=(4000, 200))
    theirs = metrics.bootstrap_interval(values, resamples=4000)
    assert check._bootstrap_interval(values, draws) == pytest.approx(theirs, abs=0.01)


def test_the_first_edition_finds_the_exercise_that_moved():
    assert check.break_min_delta is choose_the_width.break_min_delta
