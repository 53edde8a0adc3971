"""Checks of *Find similar films*."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    Prediction,
    number_list,
    numbers,
)

FAST_HEARTS, SLOW_HEARTS = np.array([4.0, 3.0, 0.0]), np.array([3.0, 4.0, 0.0])
_SHRINK = 3.0


def _cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def _scores(stars: ArrayLike, shrink: float) -> np.ndarray:
    """Shrunk cosines of film 0 with films 1 and 2."""
    rows = np.asarray(stars, dtype=float)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    common = (rows[1:] > 0) @ (rows[0] > 0).astype(float)
    return units[1:] @ units[0] * (common + 1) / (common + 1 + shrink)


def _nearer(stars: ArrayLike, shrink: float) -> str:
    """Which film is more like film 0; equal scores name none."""
    first, second = _scores(stars, shrink)
    if np.isclose(first, second, rtol=1e-9, atol=1e-12):
        return "neither"
    return "film 1" if first > second else "film 2"


def _no_disagreement(shrunk: str, plain: str) -> str:
    """Say something only if each names a film, and not the same one."""
    return f"{shrunk} and {plain}" if {shrunk, plain} == {"film 1", "film 2"} else ""


def _both_scores(broken: bool, stars: ArrayLike) -> dict[str, str]:
    lines = {
        name: "film 1 {:.3f}, film 2 {:.3f}".format(*_scores(stars, shrink))
        for name, shrink in (("plain", 0.0), ("shrunk", _SHRINK))
    }
    tie = "neither" in (_nearer(stars, 0.0), _nearer(stars, _SHRINK))
    return lines | ({"note": "equal scores are no disagreement"} if tie else {})


def _stars_problem(stars: ArrayLike) -> str:
    values = np.asarray(stars, dtype=float)
    if values.ndim != 2 or len(values) != 3 or not 3 <= values.shape[1] <= 6:
        return f"give three rows with 3 to 6 numbers each, got shape {values.shape}"
    if not np.all((values >= 0) & (values <= 5)):
        return "stars lie between 0 (not rated) and 5"
    if np.any((values > 0) & (values < 0.01)):
        return "a rating is at least 0.01; 0 says that somebody has not rated"
    return "" if values.any(axis=1).all() else "somebody must have rated each film"


def _auc(right: ArrayLike, wrong: ArrayLike) -> float:
    first, second = np.asarray(right), np.asarray(wrong)
    return float(np.mean(first > second) + 0.5 * np.mean(first == second))


@st.composite
def _score_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(1, 20))
    scale = draw(st.sampled_from([1.0, 1e-12, 1e12]))
    scores = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=size, max_size=size)
    return np.array(draw(scores)) * scale, np.array(draw(scores)) * scale


def _interval(values: ArrayLike) -> tuple[float, float]:
    own = np.asarray(values, dtype=float)
    half = 1.96 * own.std(ddof=1) / np.sqrt(len(own))
    return float(own.mean() - half), float(own.mean() + half)


def _by_own_intervals(mine: ArrayLike, theirs: ArrayLike) -> str:
    (low, high), (other_low, other_high) = _interval(mine), _interval(theirs)
    apart = low > other_high or other_low > high
    return "told apart" if apart else "not told apart"


def _by_differences(mine: ArrayLike, theirs: ArrayLike) -> str:
    low, high = _interval(np.asarray(mine, dtype=float) - np.asarray(theirs, dtype=float))
    # Equal differences leave some 1e-17 of rounding.
    return "told apart" if low > 1e-12 or high < -1e-12 else "not told apart"


def _judges_problem(mine: Sequence[float], theirs: Sequence[float]) -> str:
    if len(mine) != len(theirs):
        return f"each judge scores both: {len(mine)} and {len(theirs)} scores"
    if not 5 <= len(mine) <= 20:
        return f"give the scores of 5 to 20 judges; got {len(mine)}"
    if not all(0 <= score <= 1 for score in [*mine, *theirs]):
        return "a score lies between 0 and 1"
    return ""


def _three_intervals(broken: bool, mine: ArrayLike, theirs: ArrayLike) -> dict[str, str]:
    gap = np.asarray(mine, dtype=float) - np.asarray(theirs, dtype=float)
    shown = {"mine": mine, "theirs": theirs, "difference": gap}
    return {name: "{:.3f} … {:.3f}".format(*_interval(values)) for name, values in shown.items()}


predict_cosine = Prediction(
    name="predict_cosine",
    answer=lambda: _cosine(FAST_HEARTS, SLOW_HEARTS),
    because="24 of a possible 25: nearly the same direction.",
    hint="Divide the dot product by the product of both lengths.",
    misconceptions={
        "that is the dot product; divide it by both lengths": lambda: FAST_HEARTS @ SLOW_HEARTS,
        "divided by one length only; both vectors have one": lambda: FAST_HEARTS @ SLOW_HEARTS / 5,
        "that is the distance of the two, not the angle": lambda: np.sqrt(2.0),
        "they differ: only the same direction gives 1": lambda: 1.0,
    },
)

break_plain_cosine = Breaking(
    name="break_plain_cosine",
    suspect=lambda stars: _nearer(stars, 0.0),
    reference=lambda stars: _nearer(stars, _SHRINK),
    refusal=_stars_problem,
    hint="Film 1 needs one common person and a high cosine, film 2 many people and a lower one.",
    compare=_no_disagreement,
    takes=numbers,
    detail=_both_scores,
)

break_overlap = Breaking(
    name="break_overlap",
    suspect=_by_own_intervals,
    reference=_by_differences,
    refusal=_judges_problem,
    hint="Judges who differ much from each other, and who all prefer the same one by a little.",
    takes=number_list,
    detail=_three_intervals,
)

auc = Exercise(
    name="auc",
    reference=_auc,
    cases=[
        Case(
            "one won, one lost",
            (np.array([0.9, 0.2]), np.array([0.4, 0.6])),
            "without ties, both versions agree",
        ),
        Case(
            "all scores equal",
            (np.zeros(4), np.zeros(4)),
            "whoever knows nothing must get 0.5, or the best scorer is the one that says nothing",
        ),
        Case(
            "won, lost, tied",
            (np.array([0.9, 0.2, 0.5]), np.array([0.4, 0.6, 0.5])),
            "a tie is half a win",
        ),
        Case("always wrong", (np.array([0.1, 0.2]), np.array([0.4, 0.6])), "0 is possible"),
        Case(
            "no neighbour",
            (np.array([-np.inf, 0.3]), np.array([-np.inf, -np.inf])),
            "films that may not be listed score minus infinity, and tie with each other",
            hint="−∞ less −∞ is no number; compare the scores, do not subtract them.",
        ),
        Case(
            "each pair with its own opponent",
            (np.array([0.9, 0.2, 0.3]), np.array([0.4, 0.1, 0.6])),
            "the first score meets the first, the second the second: two of three are won",
            hint="Compare position by position.",
        ),
        Case(
            "nearly equal",
            (np.array([0.5 + 1e-12, 3e-13]), np.array([0.5, 1e-13])),
            "a little more is more: 0.5 + 10⁻¹² beats 0.5",
            hint="Only equal scores tie.",
        ),
        Case(
            "twenty comparisons",
            (np.arange(20.0), np.full(20, 4.5)),
            "15 of 20 are won: a mean over all of them",
        ),
    ],
    hint="Three outcomes, three weights: 1, one half and 0.",
    search=_score_pairs(),
)
