"""Checks of *Autoencode interactions in PyTorch*."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

# A learner's copy of the first edition finds this exercise here.
from course_utils.checks.choose_the_width import break_min_delta as break_min_delta
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, number_list

_OBSERVED = 1 / 6  # of all cells: a fifth is kept, and five of its six values are not 0
_FEWEST, _MOST = 3, 6  # ratings that an answer holds


def _less_their_mean(ratings: Sequence[float]) -> list[float]:
    """Half stars less their mean; 0 exactly where a rating is the mean."""
    stars = [float(rating) for rating in ratings]
    return [star - sum(stars) / len(stars) for star in stars]


def _ratings_problem(ratings: Sequence[float]) -> str:
    if not _FEWEST <= len(ratings) <= _MOST:
        return f"give {_FEWEST} to {_MOST} ratings"
    if any(isinstance(rating, bool) for rating in ratings):
        return "a rating is a number of stars"
    if not all(0.5 <= rating <= 5 and rating * 2 % 1 == 0 for rating in ratings):
        return "a rating is 0.5, 1, 1.5 … up to 5 stars"
    return ""


def _what_is_left(broken: bool, ratings: list[float]) -> dict[str, str]:
    left = ", ".join(f"{value:.3g}" for value in _less_their_mean(ratings))
    return {"detail": f"less their mean, the ratings are {left}"} if not broken else {}


def _masked_rmse(ratings: np.ndarray, hidden: np.ndarray, prediction: np.ndarray) -> float:
    judged = hidden & (ratings != 0)
    return float(np.sqrt(np.mean((ratings - prediction)[judged] ** 2)))


def _bootstrap_interval(values: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


@st.composite
def _tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    cells = shape[0] * shape[1]

    def table(values: st.SearchStrategy) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=cells, max_size=cells))).reshape(shape)

    ratings = table(st.integers(0, 10)) / 2  # also half stars
    hidden = table(st.booleans())
    judged = draw(st.integers(0, cells - 1))  # something to judge
    ratings.flat[judged], hidden.flat[judged] = draw(st.sampled_from([4.0, 0.5])), True
    return ratings, hidden, table(st.integers(-4, 28)) / 4


@st.composite
def _people_and_draws(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    people, times = draw(st.integers(1, 6)), draw(st.integers(1, 30))
    scale = draw(st.sampled_from([1.0, 1e-6, 1e6]))
    values = draw(st.lists(st.integers(-8, 8), min_size=people, max_size=people))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return np.array(values) * scale, rng.integers(people, size=(times, people))


predict_density = Prediction(
    name="predict_density",
    answer=lambda: _OBSERVED + (1 - _OBSERVED) / 2,
    because="The 1/6 stay, and noise lifts half of the other 5/6 above 0.",
    hint="Which cells are above 0 afterwards: those with a rating, and how many of those without?",
    misconceptions={
        "the cut at 0 keeps the noise that is above 0, also where nobody rated": lambda: _OBSERVED,
        "half of the noise is below 0, and is cut to 0": lambda: 1.0,
        "cells with a rating are above 0 as well": lambda: (1 - _OBSERVED) / 2,
        "the ratings themselves stay above 0, at least all but a few": lambda: 0.5,
        "a fifth of the cells is kept, but a sixth of those hold the value 0": lambda: (
            0.2 + 0.8 / 2
        ),
        "a rated cell may hold the value 0, too, and noise lifts half of those as well": lambda: (
            _OBSERVED + 0.8 / 2
        ),
    },
)

break_nonzero_mask = Breaking(
    name="break_nonzero_mask",
    suspect=lambda ratings: sum(left != 0 for left in _less_their_mean(ratings)),
    reference=len,
    refusal=_ratings_problem,
    hint="Which rating is 0 once the mean has been taken off?",
    takes=number_list,
    detail=_what_is_left,
)

masked_rmse = Exercise(
    name="masked_rmse",
    reference=_masked_rmse,
    cases=[
        Case(
            "every cell rated and hidden",
            (
                np.array([[4.0, 0.5, 3.0]]),
                np.array([[True, True, True]]),
                np.array([[2.4, 1.25, 3.0]]),
            ),
            "no cell is left out here, so only the formula counts",
            hint="The root of the mean of the squared errors; a half star is a rating, and a "
            "prediction stays as it is, unrounded.",
        ),
        Case(
            "one hidden rating",
            (
                np.array([[4.0, 0, 0], [0, 0, 5]]),
                np.array([[True, False, False], [False, False, False]]),
                np.array([[3.0, 0, 0], [0, 0, 0]]),
            ),
            "one judged cell, off by one star: the visible 5 does not count",
        ),
        Case(
            "a hidden cell that nobody rated",
            (
                np.array([[4.0, 0, 3]]),
                np.array([[True, True, True]]),
                np.array([[3.0, 3, 3]]),
            ),
            "0 is not a rating, so a prediction of 3 is not wrong there",
            hint="A cell is judged if it was hidden *and* somebody rated it.",
        ),
        Case(
            "two rows of unequal length",
            (
                np.array([[1.0, 1, 1], [5, 0, 0]]),
                np.array([[True, True, True], [True, False, False]]),
                np.array([[1.0, 1, 1], [3, 3, 3]]),
            ),
            "each judged cell counts once, so the error is √(4/4)",
            hint="Average over all judged cells at once, not row by row.",
        ),
        Case(
            "a prediction of 0",
            (np.array([[2.0, 4]]), np.array([[True, True]]), np.array([[0.0, 4]])),
            "a model may predict 0, and is wrong by 2 stars then",
            hint="Whether a cell was rated stands in `ratings`, not in `prediction`.",
        ),
        Case(
            "predictions beyond the stars",
            (
                np.array([[0.5], [5.0], [0.0]]),
                np.array([[True], [True], [True]]),
                np.array([[-1.5], [7.0], [9.0]]),
            ),
            "a model may predict less than 0 and more than 5, and is 2 stars off twice here",
            hint="A prediction stays as it is; none is cut.",
        ),
    ],
    hint="Which cells are in the mean? Only those the model had to guess can say how it guesses.",
    search=_tables(),
)

bootstrap_interval = Exercise(
    name="bootstrap_interval",
    reference=_bootstrap_interval,
    cases=[
        Case(
            "every draw takes everybody once",
            (np.array([0.0, 3.0, 6.0]), np.array([[0, 1, 2], [2, 0, 1]])),
            "each mean is 3, so the interval is a point",
            hint="One mean per line of draws; then the quantiles of these means.",
        ),
        Case(
            "two lines of draws, three people",
            (np.array([0.0, 3.0, 6.0]), np.array([[0, 0, 0], [2, 2, 2]])),
            "the means are 0 and 6; 2.5 % of the way between them is 0.15",
            hint="Who is drawn three times counts three times, and np.quantile interpolates.",
        ),
        Case(
            "differences on both sides of 0",
            (
                np.array([-0.4, 0.1, -0.2, 0.3]),
                np.array([[0, 0, 2, 1], [3, 3, 1, 1], [2, 2, 0, 3]]),
            ),
            "low comes first, and it is the lower one also below 0",
            hint="A share of 2.5 % lies below the interval and as much above it.",
        ),
        Case(
            "forty lines",
            (
                np.array([1.0, 2.0, 4.0, 8.0, 16.0]),
                np.random.default_rng(0).integers(5, size=(40, 5)),
            ),
            "95 % of the means lie inside: one of the forty is cut off at each end",
            hint="The quantiles 0.025 and 0.975 of the means.",
        ),
        Case("one person", (np.array([7.0]), np.array([[0], [0]])), "nobody else can be drawn"),
    ],
    hint="values[draws] has a line per draw: whose values stand in it?",
    search=_people_and_draws(),
    without=("course_utils.metrics.bootstrap_interval", "scipy.stats.bootstrap"),
)
