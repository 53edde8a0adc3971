"""Checks of *Find groups in interactions*."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    Prediction,
    as_written,
    number_list,
    same_kind,
)

# One tight and one loose group: which of them a third centre cuts is not a matter of taste.
STARS = np.array([1.0, 2.0, 3.0, 8.0, 11.0, 14.0])


def _inertia(points: np.ndarray) -> float:
    return float(np.sum((points - points.mean()) ** 2))


def _smallest_inertia(points: np.ndarray, k: int) -> float:
    """Inertia of the best k groups of points on a line, where groups are always neighbours."""
    points = np.sort(points)
    if k == 1:
        return _inertia(points)
    cuts = range(k - 1, len(points))
    return min(_smallest_inertia(points[:cut], k - 1) + _inertia(points[cut:]) for cut in cuts)


def _centre(table: ArrayLike, rated: ArrayLike) -> np.ndarray:
    values, known = np.asarray(table, dtype=float), np.asarray(rated, dtype=bool)
    counts = np.maximum(1, known.sum(axis=0))
    return np.where(known, values - np.where(known, values, 0).sum(axis=0) / counts, 0.0)


def _choose_k(numbers: Sequence[int], gap: Sequence[float], error: Sequence[float]) -> int:
    for i in range(len(numbers) - 1):
        if gap[i] >= gap[i + 1] - error[i + 1]:
            return numbers[i]
    return numbers[-1]


def _p_value(found: float, nulls: ArrayLike) -> float:
    values = np.asarray(nulls, dtype=float)
    return (1 + int(np.sum(values >= found))) / (1 + len(values))


@st.composite
def _rated_tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    size = shape[0] * shape[1]
    stars = draw(st.lists(st.sampled_from([0.0, 0.5, 1, 3, 5]), min_size=size, max_size=size))
    known = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    rated = np.reshape(known, shape)
    return np.where(rated, np.reshape(stars, shape), 0.0), rated


@st.composite
def _gap_curves(draw: st.DrawFn) -> tuple[list[int], list[float], list[float]]:
    size = draw(st.integers(1, 7))
    first, step = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    heights = st.sampled_from([-0.5, -0.125, 0.0, 0.25, 0.5, 1.0, 64.0])
    gap = draw(st.lists(heights, min_size=size, max_size=size))
    error = draw(st.lists(st.sampled_from([0.0, 0.125, 0.375]), min_size=size, max_size=size))
    return list(range(first, first + step * size, step)), gap, error


@st.composite
def _values_of_nulls(draw: st.DrawFn) -> tuple[float, np.ndarray]:
    scale = draw(st.sampled_from([1.0, 1e-9, 1e9]))
    values = draw(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
    return draw(st.integers(-4, 4)) * scale, np.array(values) * scale


def _parts(points: ArrayLike, cut: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.sort(np.asarray(points, dtype=float))
    return values[:cut], values[cut:]


def _widest_gap_groups(points: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    values = np.sort(np.asarray(points, dtype=float))
    return _parts(values, int(np.argmax(np.diff(values))) + 1)


def _k_means_groups(points: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Find the two groups of smallest inertia; in case of a tie those at the widest gap."""
    cuts = [_parts(points, cut) for cut in range(1, len(np.asarray(points)))]
    best = min(cuts, key=lambda parts: sum(map(_inertia, parts)))
    evident = _widest_gap_groups(points)
    most = (1 + 1e-9) * sum(map(_inertia, best))
    return evident if sum(map(_inertia, evident)) <= most else best


def _what_they_cost(broken: bool, points: Any) -> dict[str, str]:
    if not broken:
        return {}
    evident, chosen = (
        sum(map(_inertia, find(points))) for find in (_widest_gap_groups, _k_means_groups)
    )
    return {"because": f"inertia {evident:.5g} at the widest gap, {chosen:.5g} where k-means cuts"}


def _points_problem(points: Sequence[float]) -> str:
    if not 4 <= len(points) <= 20:
        return f"give a list of 4 to 20 numbers; got {len(points)}"
    if not all(-1000 <= point <= 1000 for point in points):
        return "the numbers lie between -1000 and 1000"
    # 0.1, 0.2, 0.3 and 0.5 have gaps of 1, 1 and 2 tenths, whatever floating point makes of them.
    second, widest = map(float, np.sort(np.diff(np.sort(as_written(points))))[-2:])
    if widest == 0 or widest < 2 * second * (1 - 1e-9):
        return f"the widest gap ({widest:g}) must be at least twice the next one ({second:g})"
    return ""


predict_inertia = Prediction(
    name="predict_inertia",
    answer=lambda: _smallest_inertia(STARS, 3),
    because="The loose group is cut, which pays although nobody would call it two.",
    hint="A third centre goes where it saves most; then square, and add up all three groups.",
    misconceptions={
        "that is the inertia of two groups; a third centre helps": lambda: _smallest_inertia(
            STARS, 2
        ),
        "another group is worth more when it is cut": lambda: (
            _smallest_inertia(STARS[:3], 2) + _inertia(STARS[3:])
        ),
        "one of the groups is left out of the sum": lambda: _inertia(STARS[:3]),
        "one of the groups is missing in the sum": lambda: _smallest_inertia(STARS[3:], 2),
        "only with as many groups as points is nothing left": lambda: 0.0,
        "those are distances; k-means squares them": lambda: 5.0,
    },
)

break_k_means = Breaking(
    name="break_k_means",
    suspect=_k_means_groups,
    reference=_widest_gap_groups,
    refusal=_points_problem,
    hint="Which group costs k-means much although nobody doubts it? See what one cut there saves.",
    takes=number_list,
    detail=_what_they_cost,
)

centre = Exercise(
    name="centre",
    reference=_centre,
    cases=[
        Case(
            "everything rated",
            (np.array([[5.0, 1.0], [3.0, 2.0]]), np.ones((2, 2), dtype=bool)),
            "without empty cells, both versions agree",
        ),
        Case(
            "an empty cell",
            (np.array([[5.0, 0.0], [3.0, 4.0]]), np.array([[True, False], [True, True]])),
            "a cell without a rating says nothing: it must neither pull the mean nor become "
            "a rating below it",
        ),
        Case(
            "a film nobody rated",
            (np.array([[0.0, 5.0], [0.0, 4.0]]), np.array([[False, True], [False, True]])),
            "its mean would be 0 divided by 0",
            "Divide by the number of ratings, but never by less than 1.",
        ),
        Case(
            "a rating of zero stars",
            (np.array([[0.0], [4.0]]), np.array([[True], [True]])),
            "`rated` decides what a rating is, not whether the number is zero",
            "Use the mask, not `table > 0`.",
        ),
        Case(
            "more people than films",
            (
                np.array([[5.0, 0.0], [0.5, 2.0], [0.0, 3.0], [4.0, 0.0]]),
                np.array([[True, False], [True, True], [False, True], [True, False]]),
            ),
            "the mean is that of a film, over its own ratings, half stars included",
            "Rows are people, columns are films.",
        ),
    ],
    hint="Sum over the rated cells of a column, divide by their number, subtract there only.",
    search=_rated_tables(),
    warnings_are_errors=True,  # it is how a division by zero shows
)

choose_k = Exercise(
    name="choose_k",
    reference=_choose_k,
    cases=[
        Case(
            "a clear top",
            ([1, 2, 3], [0.0, 0.9, 0.5], [0.1, 0.1, 0.1]),
            "the gap falls after the right number",
        ),
        Case(
            "no groups",
            ([1, 2, 3], [0.05, 0.0, 0.02], [0.1, 0.1, 0.1]),
            "one group is an answer, too, and the silhouette can never give it",
        ),
        Case(
            "a little more",
            ([1, 2, 3], [0.0, 0.9, 0.95], [0.1, 0.1, 0.1]),
            "a rise smaller than its error is no rise, so the largest gap is not the answer",
        ),
        Case(
            "errors that differ",
            ([1, 2, 3], [0.0, 0.3, 0.2], [0.5, 0.1, 0.1]),
            "the error is that of the next gap",
            "Look at error[i + 1], not at error[i].",
        ),
        Case(
            "numbers that do not start at 1",
            ([3, 5, 7], [0.0, 0.9, 0.5], [0.1, 0.1, 0.1]),
            "the answer is a number of groups, not its position",
        ),
        Case(
            "errors of every size",
            ([2, 3, 4, 5], [0.0, 0.05, 2.0, 1.9], [0.0, 0.01, 3.0, 0.0]),
            "0.05 is a rise if its error is 0.01, and 1.95 is none if its error is 3",
            "Each number has an error of its own.",
        ),
        Case(
            "rising to the end",
            ([1, 2, 3], [0.0, 0.5, 1.0], [0.1, 0.1, 0.1]),
            "somebody must be last, and then it is the best there is",
        ),
    ],
    hint="Go from small to large and return the first number that meets the condition.",
    search=_gap_curves(),
    compare=same_kind,
    without=("course_utils.groups.choose_k",),
)

p_value = Exercise(
    name="p_value",
    reference=_p_value,
    cases=[
        Case(
            "above all nulls",
            (0.5, np.array([0.1, 0.3, 0.2, 0.1, 0.4])),
            "five nulls cannot show that something is rarer than once in six",
            "A share of 0 says *never*. The table itself belongs to what could have been drawn.",
        ),
        Case(
            "below some",
            (0.25, np.array([0.1, 0.3, 0.2])),
            "one null is larger: two of four tables, counted with the table itself",
        ),
        Case(
            "an equal null",
            (2.0, np.array([1.0, 2.0, 3.0, 0.0])),
            "a null with the same value is as large as what was found",
            "*At least* as large: which comparison has the equals on its side?",
        ),
        Case(
            "below all",
            (-1.0, np.array([0.5, -0.5])),
            "every table does as well: the share is 1",
        ),
        Case(
            "one null, nearly equal",
            (1.0, np.array([1.0 - 1e-9])),
            "nearly as large is smaller: 1 − 10⁻⁹ is less than 1",
        ),
        Case(
            "many nulls",
            (98.5, np.arange(100.0)),
            "one of 100 is larger: two of 101",
            "The table itself counts above the line and below it.",
        ),
    ],
    hint="Count all tables that do at least as well, the real one among them.",
    search=_values_of_nulls(),
)
