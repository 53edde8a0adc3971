"""Checks of *Draw digits in two dimensions*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils import metrics
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

# `metrics.knn_accuracy` and scikit-learn's neighbours would do the exercise.
_NEIGHBOURS = (
    "course_utils.metrics.knn_accuracy",
    "sklearn.neighbors.NearestNeighbors",
    "sklearn.neighbors.KNeighborsClassifier",
    "sklearn.neighbors.KDTree",
    "sklearn.neighbors.BallTree",
)


def _some_unit_all_negative(weights: int, units: int) -> float:
    return 1 - (1 - 0.5**weights) ** units


def _sums_to_zero(codes: ArrayLike) -> np.ndarray:
    return np.asarray(codes, dtype=float).sum(axis=0) == 0


def _codes_problem(codes: Any) -> str:
    values = np.asarray(codes, dtype=float)
    if values.ndim != 2 or values.shape[1] != 2 or not 2 <= len(values) <= 10:
        return f"give two to ten codes of two numbers each, got shape {values.shape}"
    return "" if np.isfinite(values).all() else "the numbers of a code are finite"


def _nearest_other(points: np.ndarray) -> np.ndarray:
    squares = np.square(points[:, np.newaxis] - points).sum(axis=2).astype(float)
    np.fill_diagonal(squares, np.inf)
    return squares.argmin(axis=1)


def _own_points_accuracy(codes: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(labels[_nearest_other(codes)] == labels))


def _share_kept(x: np.ndarray, codes: np.ndarray) -> float:
    return float(np.mean(_nearest_other(x) == _nearest_other(codes)))


@st.composite
def _spread_points(draw: st.DrawFn, columns: int, count: int) -> np.ndarray:
    """Whole numbers on a line of powers of 3, so that no two distances are equal."""
    order = draw(st.permutations(range(count)))
    first = 3.0 ** np.array(order)
    return np.column_stack([first] + [np.zeros(count)] * (columns - 1))


@st.composite
def _labelled_codes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(2, 5))
    labels = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    return draw(_spread_points(2, count)), np.array(labels)


@st.composite
def _data_and_map(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(2, 5))
    return draw(_spread_points(3, count)), draw(_spread_points(2, count))


predict_dead = Prediction(
    name="predict_dead",
    answer=lambda: _some_unit_all_negative(4, 2),
    because="All four weights of a unit are negative with probability 1/16; "
    "both units escape that with (15/16)².",
    hint="First one unit: four coins all fall on the same side. Then: neither of two units.",
    misconceptions={
        "that is one given unit; there are two of them": lambda: _some_unit_all_negative(4, 1),
        "adding counts the networks with two dead units twice": lambda: 2 * 0.5**4,
        "that is the probability that both units are dead": lambda: 0.5**8,
        "that is the probability that both units live": lambda: (1 - 0.5**4) ** 2,
        "a unit lives if any *one* of its weights is positive": lambda: 1 - 0.5**8,
    },
)

break_sum = Breaking(
    name="break_sum",
    suspect=_sums_to_zero,
    reference=metrics.dead_units,
    refusal=_codes_problem,
    hint="With numbers of at least 0 a sum of 0 means zeros only. Is a linear code at least 0?",
)

own_points_accuracy = Exercise(
    name="own_points_accuracy",
    reference=_own_points_accuracy,
    cases=[
        Case(
            "two points with two labels",
            (np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([3, 8])),
            "each has only the other to ask, so both are wrong",
            hint="1.0 means that each point was asked about itself.",
        ),
        Case(
            "two pairs",
            (np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0], [9.0, 2.0]]), np.array([3, 3, 8, 8])),
            "each point's neighbour has its label",
        ),
        Case(
            "a stranger",
            (np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), np.array([3, 3, 8])),
            "two of three are right",
        ),
        Case(
            "copies",
            (
                np.array([[5.0, 5.0], [5.0, 5.0], [0.0, 0.0], [0.0, 0.0]]),
                np.array([3, 3, 1, 8]),
            ),
            "a copy is a neighbour like any other, at distance 0",
            hint="The point itself need not stand first in a sorted row. What distance would "
            "keep it from ever being nearest?",
        ),
    ],
    hint="Whose label does a point get that is nearest to itself?",
    search=_labelled_codes(),
    without=_NEIGHBOURS,
)

share_kept = Exercise(
    name="share_kept",
    reference=_share_kept,
    cases=[
        Case(
            "the same picture, ten times as large",
            (np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[0.0], [10.0], [30.0], [70.0]])),
            "every nearest neighbour stays",
        ),
        Case(
            "two points change places",
            (np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[0.0], [1.0], [7.0], [3.0]])),
            "the first two keep each other; the last two now look elsewhere",
        ),
        Case(
            "three pixels, two numbers",
            (
                np.array([[0.0, 0, 0], [1, 0, 0], [0, 3, 0], [0, 3, 2]]),
                np.array([[0.0, 0], [5, 0], [1, 0], [7, 0]]),
            ),
            "the data and the map need not have the same width",
            hint="Look for neighbours in each space by its own distances.",
        ),
        Case(
            "two points",
            (np.array([[0.0], [1.0]]), np.array([[4.0], [2.0]])),
            "there is only one other point",
            hint="A point is not its own neighbour.",
        ),
    ],
    hint="Find each point's nearest neighbour twice, then compare two arrays of row numbers.",
    search=_data_and_map(),
)
