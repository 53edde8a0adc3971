"""Checks of *Find similar films*."""

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils import similarity
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

FAST_HEARTS, SLOW_HEARTS = np.array([4.0, 3.0, 0.0]), np.array([3.0, 4.0, 0.0])
_SHRINK = 3.0


def _cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def _nearest_by_plain_cosine(stars: ArrayLike) -> int:
    return int(similarity.similar_items(0, np.asarray(stars, dtype=float), 1).indices[0])


def _nearest_by_shrunk_cosine(stars: ArrayLike) -> int:
    values = np.asarray(stars, dtype=float)
    neighbours = similarity.similar_items(
        0, values, 1, support=sp.csr_array(values), min_support=0, shrink=_SHRINK
    )
    return int(neighbours.indices[0])


def _stars_problem(stars: ArrayLike) -> str:
    values = np.asarray(stars, dtype=float)
    if values.ndim != 2 or len(values) != 3 or not 3 <= values.shape[1] <= 6:
        return f"give three rows with 3 to 6 numbers each, got shape {values.shape}"
    if not np.all((values >= 0) & (values <= 5)):
        return "stars lie between 0 (not rated) and 5"
    return "" if values.any(axis=1).all() else "somebody must have rated each film"


def _auc(right: ArrayLike, wrong: ArrayLike) -> float:
    first, second = np.asarray(right), np.asarray(wrong)
    return float(np.mean(first > second) + 0.5 * np.mean(first == second))


@st.composite
def _score_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(1, 4))
    scores = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=size, max_size=size)
    return np.array(draw(scores)), np.array(draw(scores))


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
    suspect=_nearest_by_plain_cosine,
    reference=_nearest_by_shrunk_cosine,
    refusal=_stars_problem,
    hint="Film 1 needs one common person and a high cosine, film 2 many people and a lower one.",
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
        ),
    ],
    hint="Three outcomes, three weights: 1, one half and 0.",
    search=_score_pairs(),
)
