"""Checks of notebook 13, Find similar films."""

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


def _hit_rate(query: int, neighbours: ArrayLike, liked: ArrayLike) -> float:
    others = np.asarray(liked)[np.asarray(liked) != query]
    return float(np.mean(np.isin(others, neighbours)))


@st.composite
def _score_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    size = draw(st.integers(1, 4))
    scores = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=size, max_size=size)
    return np.array(draw(scores)), np.array(draw(scores))


@st.composite
def _judged_lists(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray]:
    liked = draw(st.lists(st.integers(0, 9), min_size=2, max_size=5, unique=True))
    query = draw(st.sampled_from(liked))
    others = st.integers(0, 9).filter(lambda film: film != query)
    neighbours = draw(st.lists(others, min_size=1, max_size=5, unique=True))
    return query, np.array(neighbours), np.array(liked)


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

hit_rate = Exercise(
    name="hit_rate",
    reference=_hit_rate,
    cases=[
        Case(
            "one of two found",
            (7, np.array([1, 2, 3]), np.array([3, 5, 7])),
            "films 3 and 5 are to be found, and 3 is",
        ),
        Case(
            "all found",
            (7, np.array([5, 1, 3]), np.array([7, 3, 5])),
            "a perfect list must score 1, although the film itself is not in it",
        ),
        Case("none found", (0, np.array([1, 2]), np.array([0, 8])), "the list is of no use"),
        Case(
            "more neighbours than liked films",
            (4, np.arange(10, 30), np.array([4, 12])),
            "the share is of the liked films, not of the neighbours",
        ),
        Case(
            "more liked films than neighbours",
            (4, np.array([5]), np.array([4, 5, 6, 7, 8])),
            "one of four is found; a short list cannot find all",
        ),
    ],
    hint="Leave the film itself out of the liked ones, then see which of the rest are neighbours.",
    search=_judged_lists(),
)
