"""Checks of *Climb the recommender ladder*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils import metrics
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

_FILMS = 10


def _ndcg_of_first_and_third() -> float:
    relevant = np.array([[True, False, True, False]])
    return float(metrics.ndcg_at_k([[4.0, 3.0, 2.0, 1.0]], relevant, 3)[0])


def _recommend(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-np.where(seen, -np.inf, scores), kind="stable")[:k]


def _perfect_list(hidden: Any) -> tuple[np.ndarray, np.ndarray]:
    relevant = np.isin(np.arange(_FILMS), hidden)[None]
    return relevant.astype(float), relevant


def _recall_without_minimum(hidden: Any, k: int) -> float:
    scores, relevant = _perfect_list(hidden)
    found = metrics.recall_at_k(scores, relevant, k)[0] * min(k, relevant.sum())
    return float(found / relevant.sum())


def _recall(hidden: Any, k: int) -> float:
    return float(metrics.recall_at_k(*_perfect_list(hidden), k)[0])


def _hidden_problem(hidden: Any, k: Any) -> str:
    films = np.asarray(hidden)
    if films.ndim != 1 or films.size == 0 or films.dtype.kind not in "iu":
        return "give a list of at least one whole film number"
    if films.min() < 0 or films.max() >= _FILMS or len(np.unique(films)) != films.size:
        return f"films are different numbers from 0 to {_FILMS - 1}"
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= _FILMS:
        return f"k must be a whole number from 1 to {_FILMS}, got {k!r}"
    return ""


def _ease_weights(interactions: np.ndarray, l2: float) -> np.ndarray:
    gram = interactions.T @ interactions
    inverse = np.linalg.inv(gram + l2 * np.eye(len(gram)))
    return np.eye(len(gram)) - inverse / np.diag(inverse)


@st.composite
def _scored_films(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores that are all different, so that there is one right list whatever the sort does."""
    films = draw(st.integers(1, 4))
    scores = draw(st.permutations([-2.0, -1.0, 0.0, 1.0]))[:films]
    seen = draw(
        st.lists(st.booleans(), min_size=films, max_size=films).filter(lambda s: not all(s))
    )
    return np.array(scores), np.array(seen), draw(st.integers(1, films - sum(seen)))


@st.composite
def _likes(draw: st.DrawFn) -> tuple[np.ndarray, float]:
    people, films = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    row = st.lists(st.sampled_from([0.0, 1.0]), min_size=films, max_size=films)
    rows = draw(st.lists(row, min_size=people, max_size=people))
    return np.array(rows), draw(st.sampled_from([1.0, 10.0]))


predict_ndcg = Prediction(
    name="predict_ndcg",
    answer=_ndcg_of_first_and_third,
    because="1.5 of a possible 1.63: one place lost at rank 3 costs little.",
    hint="What the list collects, divided by what a perfect list collects.",
    misconceptions={
        "that is what the list collects; divide it by the perfect list's sum": lambda: 1.5,
        "that is the recall of the list, which does not see the order": lambda: 1.0,
        "a perfect list has two finds, at ranks 1 and 2, not three": lambda: (
            1.5 / (1 + 1 / np.log2(3) + 1 / 2)
        ),
        "the discount is 1 / log2(rank + 1), not 1 / rank": lambda: (1 + 1 / 3) / (1 + 1 / 2),
    },
    decimals=2,  # whoever uses a pocket calculator is right, too
)

recommend = Exercise(
    name="recommend",
    reference=_recommend,
    cases=[
        Case(
            "positive scores",
            (np.array([0.2, 0.9, 0.5]), np.array([False, True, False]), 2),
            "the version above is right here",
        ),
        Case(
            "log-probabilities",
            (np.array([-1.2, -0.3, -2.5]), np.array([False, True, False]), 2),
            "all are below 0, so a seen film with score 0 comes first",
        ),
        Case(
            "nothing seen",
            (np.array([0.1, 0.3, 0.2]), np.zeros(3, dtype=bool), 3),
            "a new person gets the best of all",
        ),
        Case(
            "very low scores",
            (np.array([-1e12, 5.0]), np.array([False, True]), 1),
            "no fixed number such as -999 is low enough",
        ),
        Case(
            "scores on both sides of 0",
            (np.array([-0.4, 0.7, -0.1, 0.3]), np.array([False, False, True, False]), 3),
            "a score of 0 would put the seen film in the middle of the list",
        ),
    ],
    hint="A seen film needs a score that is below every other.",
    search=_scored_films(),
)

break_recall = Breaking(
    name="break_recall",
    suspect=_recall_without_minimum,
    reference=_recall,
    refusal=_hidden_problem,
    hint="A list of k can hold all hidden films only if there are no more than k.",
)

ease_weights = Exercise(
    name="ease_weights",
    reference=_ease_weights,
    cases=[
        Case(
            "two films liked together",
            (np.array([[1.0, 1.0], [1.0, 1.0]]), 1.0),
            "each explains the other, shrunk by the penalty",
        ),
        Case(
            "films of different popularity",
            (np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]), 1.0),
            "P is symmetric and B is not: column j is divided by entry j of the diagonal",
        ),
        Case(
            "nothing in common",
            (np.eye(3), 2.0),
            "nobody likes two films, so nothing follows from anything; the diagonal stays 0",
        ),
        Case(
            "more films than people",
            (np.array([[1.0, 0.0, 1.0, 1.0]]), 5.0),
            "the penalty makes the matrix invertible",
        ),
        Case("a film nobody likes", (np.array([[1.0, 0.0], [1.0, 0.0]]), 1.0), "its weights are 0"),
    ],
    hint="Invert, divide column by column by the diagonal, change the sign, clear the diagonal.",
    search=_likes(),
    without=("course_utils.factorization.EASE", "course_utils.factorization.ease"),
)
