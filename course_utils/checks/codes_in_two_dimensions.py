"""Checks of *Draw digits in two dimensions*."""

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils import metrics
from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    Prediction,
    as_written,
    describe,
    numbers,
    same_kind,
)

# Learners' copies of the first edition look for `share_kept` here.
from course_utils.checks.map_digits_with_tsne import (
    NEIGHBOUR_SEARCHES,
    labelled_points,
    nearest_other,
    share_kept,
)

__all__ = [
    "break_positive_weight",
    "break_sum",
    "most_confused",
    "own_points_accuracy",
    "predict_dead",
    "share_kept",
]


def _some_unit_all_negative(weights: int, units: int) -> float:
    return 1 - (1 - 0.5**weights) ** units


def _some_weight_is_positive(inputs: np.ndarray, weights: np.ndarray) -> str:
    return "alive" if (weights > 0).any() else "dead"


def _answers(inputs: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Answer as on paper: in floating point 0.3 - 3 * 0.1 is not 0."""
    return np.maximum(as_written(inputs) @ as_written(weights), 0)


def _dead_or_alive(inputs: np.ndarray, weights: np.ndarray) -> str:
    answers = _answers(inputs, weights)
    return "dead" if answers.min() == answers.max() else "alive"


def _unit_problem(inputs: np.ndarray, weights: np.ndarray) -> str:
    if inputs.ndim != 2 or not 2 <= len(inputs) <= 10:
        return f"inputs is a table with a row for each of two to ten digits, got {inputs.shape}"
    if weights.shape != (inputs.shape[1],):
        return f"weights has one number for each column of inputs, got {weights.shape}"
    if not (np.isfinite(inputs).all() and np.isfinite(weights).all()):
        return "all numbers are finite"
    if (inputs < 0).any():
        return "the inputs come from rectified units, so none of them is negative"
    if stuck := np.flatnonzero(metrics.dead_units(inputs)).tolist():
        return f"column {stuck[0]} of inputs is the same in all rows: that unit is dead itself"
    if not (weights > 0).any():
        return "one weight at least is positive"
    return ""


def _sums_of_unit(broken: bool, inputs: np.ndarray, weights: np.ndarray) -> Mapping[str, str]:
    return {"answers": describe(_answers(inputs, weights).astype(float))}


def _sums_to_zero(codes: np.ndarray) -> list[bool]:
    return [bool(sum(column) == 0) for column in as_written(codes).T]


def _codes_problem(codes: np.ndarray) -> str:
    if codes.ndim != 2 or codes.shape[1] != 2 or not 2 <= len(codes) <= 10:
        return f"give two to ten codes of two numbers each, got shape {codes.shape}"
    return "" if np.isfinite(codes).all() else "the numbers of a code are finite"


def _own_points_accuracy(codes: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(labels[nearest_other(codes)] == labels))


def _most_confused(confusion: np.ndarray) -> tuple[int, int]:
    both = np.triu(confusion + confusion.T, 1)
    first, second = np.unravel_index(both.argmax(), both.shape)
    return (int(first), int(second)) if both.any() else (0, 1)


@st.composite
def _confusions(draw: st.DrawFn) -> tuple[np.ndarray]:
    size = draw(st.integers(2, 7))
    most = draw(st.sampled_from([2, 9, 10**9]))
    cells = st.lists(st.integers(0, most), min_size=size**2, max_size=size**2)
    return (np.array(draw(cells)).reshape(size, size),)


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
        "that is the probability of exactly one such unit": lambda: 2 / 16 * 15 / 16,
    },
)

break_positive_weight = Breaking(
    name="break_positive_weight",
    suspect=_some_weight_is_positive,
    reference=_dead_or_alive,
    refusal=_unit_problem,
    takes=numbers,
    detail=_sums_of_unit,
    hint="The positive weight must never win. Let its input be small in every row, "
    "and another one large.",
)

break_sum = Breaking(
    name="break_sum",
    suspect=_sums_to_zero,
    reference=lambda codes: metrics.dead_units(codes).tolist(),
    refusal=_codes_problem,
    takes=numbers,
    hint="The colleague calls a column dead if its sum is 0. Which other numbers sum to 0, "
    "and which column is stuck although its sum is not 0?",
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
            hint="A share goes from 0 to 1. Whose label does each of the four points get?",
        ),
        Case(
            "a stranger",
            (np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), np.array([3, 3, 8])),
            "two of three are right",
        ),
        Case(
            "a plane, not a line",
            (np.array([[0.0, 0.0], [1.0, 9.0], [3.0, 0.0]]), np.array([3, 8, 3])),
            "the second point is near in the first number and far in the second",
            hint="Both numbers of a code count for a distance.",
        ),
        Case(
            "round the corner",
            (np.array([[0.0, 0.0], [3.0, 3.0], [0.0, 5.0]]), np.array([3, 3, 8])),
            "from the first point, (3, 3) is 4.2 away and (0, 5) is 5",
            hint="Distances are Euclidean: add squares, neither absolute values nor the largest.",
        ),
        Case(
            "along the edge",
            (np.array([[0.0, 0.0], [4.0, 4.0], [5.0, 0.0]]), np.array([3, 8, 3])),
            "from the first point, (5, 0) is 5 away and (4, 4) is 5.7",
            hint="Distances are Euclidean: all differences count, not only the largest.",
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
        Case(
            "two equally near",
            (np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), np.array([3, 3, 8])),
            "of points that are equally near, the first row decides",
            hint="For the middle point both others are at distance 1; take the one with the "
            "smaller row number.",
        ),
        Case(
            "far apart",
            (np.array([[0.0, 0.0], [2.0, 0.0], [5.0, 0.0]]) * 2.0**50, np.array([3, 3, 8])),
            "a map may have any scale",
            hint="No finite number is larger than every distance.",
        ),
    ],
    hint="Whose label does a point get that is nearest to itself?",
    search=labelled_points(),
    search_hint="Find each point's nearest *other* point, by Euclidean distance; of equally near "
    "ones the smallest row number.",
    without=("course_utils.metrics.knn_accuracy", *NEIGHBOUR_SEARCHES),
)

most_confused = Exercise(
    name="most_confused",
    reference=_most_confused,
    cases=[
        Case(
            "three kinds",
            (np.array([[50, 1, 2], [0, 40, 3], [9, 0, 60]]),),
            "0 and 2 are taken for each other 2 + 9 times",
            hint="Count both directions. The diagonal counts right answers: no confusion.",
        ),
        Case(
            "both directions",
            (np.array([[9, 6, 0, 0], [0, 9, 0, 4], [0, 0, 9, 0], [0, 3, 0, 9]]),),
            "6 one way is less than 4 + 3 both ways",
            hint="Add what stands at row a, column b and what stands at row b, column a.",
        ),
        Case(
            "smaller one first",
            (np.array([[5, 0, 0], [0, 5, 0], [0, 7, 5]]),),
            "a pair has no direction: the smaller number stands first",
            hint="All seven confusions stand at row 2, column 1; the pair is (1, 2).",
        ),
        Case(
            "a tie",
            (np.array([[5, 0, 2, 0], [0, 5, 0, 0], [0, 0, 5, 1], [0, 2, 1, 5]]),),
            "(0, 2), (1, 3) and (2, 3) have two confusions each: the smallest first number wins",
            hint="Of equal pairs take the one with the smaller first number, then the smaller "
            "second one.",
        ),
        Case(
            "two kinds, never confused",
            (np.array([[3, 0], [0, 4]]),),
            "there is only one pair",
            hint="A pair holds two different numbers, here 0 and 1.",
        ),
        Case(
            "rows and columns mean different things",
            (np.array([[0, 0, 0], [8, 0, 0], [1, 1, 0]]),),
            "0 and 1: eight confusions, all in row 1",
        ),
        Case(
            "large counts",
            (np.array([[0, 2**24, 2**24 + 1], [0, 0, 0], [0, 0, 0]]),),
            "one confusion more is more, also of sixteen million",
            hint="Counts are whole numbers; single precision does not hold these.",
        ),
    ],
    hint="Look at the pairs (a, b) with a < b, and count the confusions of each both ways.",
    search=_confusions(),
    compare=same_kind,
)
