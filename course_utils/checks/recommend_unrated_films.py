"""Checks of *Recommend what nobody has rated*."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    NotAnAnswerError,
    Prediction,
)
from course_utils.embeddings import sparse_embedding_lookup

_TABLE = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0], [0.0, 0.0]])  # the last one is the id
_CODE = np.array([1.0, 0.5])
_LEAST = 2  # titles that a word must stand in
_LONGEST = 12  # titles in a list


def _score_of_bag(row: list[float], combiner: str = "sum", code: np.ndarray = _CODE) -> float:
    return float(sparse_embedding_lookup([row], _TABLE, combiner=combiner)[0] @ code)


def _count_finds(scores: np.ndarray, hidden: np.ndarray, order: np.ndarray, k: int) -> int:
    ranked = order[np.argsort(-scores[order], kind="stable")[:k]]
    return int(hidden[ranked].sum())


def _fold_in_film(
    likes: np.ndarray, codes: np.ndarray, prior: np.ndarray, alpha: float, l2: float
) -> np.ndarray:
    weights = 1 + alpha * likes
    gram = (codes.T * weights) @ codes + l2 * np.eye(codes.shape[1])
    return np.linalg.solve(gram, codes.T @ (weights * likes) + l2 * prior)


def _titles(value: Any) -> list[str]:
    if isinstance(value, str):
        raise NotAnAnswerError("a single text; give a list of titles, as in ['Ghost', 'Alien']")
    try:
        titles = list(value)
    except TypeError:
        raise NotAnAnswerError("give a list of titles, as in ['Ghost', 'Alien']") from None
    for title in titles:
        if not isinstance(title, str):
            raise NotAnAnswerError(f"a title is a text, got {title!r}; write it in quotes")
    return [str(title) for title in titles]


def _titles_problem(warm: list[str], cold: list[str]) -> str:
    for name, titles in {"my_warm": warm, "my_cold": cold}.items():
        if not 1 <= len(titles) <= _LONGEST:
            return f"{name} must hold 1 to {_LONGEST} titles, got {len(titles)}"
        if not all(title.strip() for title in titles):
            return f"{name} holds an empty title"
    return ""


def _bag(title: str) -> set[str]:
    return set(title.lower().split())


def _untaught_words(warm: list[str], cold: list[str]) -> list[str]:
    """Words that are columns, and that no warm film has."""
    counts = Counter(word for title in [*warm, *cold] for word in _bag(title))
    taught = set().union(*map(_bag, warm))
    return sorted(word for word, n in counts.items() if n >= _LEAST and word not in taught)


def _columns_without_a_film(warm: list[str], cold: list[str]) -> int:
    return len(_untaught_words(warm, cold))


def _which_words(broken: bool, warm: list[str], cold: list[str]) -> dict[str, str]:
    if not broken:
        return {}
    return {"columns": ", ".join(map(repr, _untaught_words(warm, cold)))}


@st.composite
def _ranked_films(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Scores with many ties, short and long."""
    films = draw(st.sampled_from([1, 2, 3, 5, 20, 40]))
    generator = np.random.default_rng(draw(st.integers(0, 50)))
    levels = draw(st.sampled_from([1, 2, 5, 100]))
    scale = draw(st.sampled_from([1.0, -1.0, 1e-12, 1e12]))
    scores = generator.integers(0, levels, films) * scale - draw(st.sampled_from([0.0, 3.0]))
    hidden = generator.random(films) < 0.4
    return scores, hidden, generator.permutation(films), draw(st.integers(1, films))


@st.composite
def _new_films(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    people, k = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    generator = np.random.default_rng(draw(st.integers(0, 50)))
    likes = (generator.random(people) < draw(st.sampled_from([0.0, 0.4, 1.0]))).astype(float)
    codes = generator.normal(size=(people, k)) * draw(st.sampled_from([1.0, 0.1, 10.0]))
    prior = generator.normal(size=k) * draw(st.sampled_from([0.0, 1.0, 5.0]))
    return (
        likes,
        codes,
        prior,
        draw(st.sampled_from([0.0, 1.0, 8.0])),
        draw(st.sampled_from([0.1, 1.0, 50.0])),
    )


_THREE = np.ones((3, 1))
_CODES = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, -1.0], [0.5, 0.5]])

_MANY = np.arange(60)
_ORDER = np.random.default_rng(0).permutation(60)
_BEST = _ORDER[_ORDER % 3 == 2][:10]  # of the films with the best score the first in the order

predict_bag = Prediction(
    name="predict_bag",
    answer=lambda: _score_of_bag([1, 1, 1, 1]),
    because="(3, 4) · (1, 0.5): an id of zeros adds nothing and takes nothing away.",
    hint="Add up the rows that the film names, then multiply with the code number by number.",
    misconceptions={
        "the id is unknown, the features are not": lambda: 0.0,
        "the rows are added up, not averaged; that is a quarter of the sum": lambda: _score_of_bag(
            [1, 1, 1, 1], "mean"
        ),
        "the rows are added up, not averaged; that is a third of the sum": lambda: _score_of_bag(
            [1, 1, 1, 0], "mean"
        ),
        # A comedy of the 1980s and a space comedy of no decade have the same score.
        "that leaves out Space, or the decade; this comedy of the 1980s is set in space": (
            lambda: _score_of_bag([1, 1, 0, 0])
        ),
        "that leaves Comedy out": lambda: _score_of_bag([0, 1, 1, 0]),
        "that is the sum of the film's vector; the code weighs its numbers": lambda: _score_of_bag(
            [1, 1, 1, 1], code=np.ones(2)
        ),
        "the first number of the code belongs to the first column": lambda: _score_of_bag(
            [1, 1, 1, 1], code=_CODE[::-1]
        ),
    },
)

count_finds = Exercise(
    name="count_finds",
    reference=_count_finds,
    cases=[
        Case(
            "all scores different",
            (np.array([0.2, 0.9, 0.5]), np.array([False, True, False]), np.array([2, 0, 1]), 1),
            "the order has nothing to decide: both versions agree",
        ),
        Case(
            "all scores equal",
            (np.zeros(4), np.array([True, True, False, False]), np.array([3, 2, 1, 0]), 2),
            "a model that knows nothing lists films 3 and 2, the first two of the order",
            hint="Of equal scores the first in `order` comes first, not the lowest film number.",
        ),
        Case(
            "an order that is not its own inverse",
            (np.zeros(4), np.array([False, True, False, False]), np.array([1, 2, 3, 0]), 1),
            "order[0] is the film that comes first, and that is film 1",
            hint="order[place] is a film, not the place of film number `place`.",
        ),
        Case(
            "a tie for the last place",
            (
                np.array([0.3, 0.7, 0.3, 0.3]),
                np.array([False, False, False, True]),
                np.array([3, 0, 1, 2]),
                2,
            ),
            "film 1 is the best, and of the three others film 3 stands first in the order",
            hint="Sort by score first; the order decides among equals alone.",
        ),
        Case(
            "scores and order disagree",
            (np.array([5.0, 1.0, 9.0]), np.array([False, False, True]), np.array([0, 1, 2]), 1),
            "the best film stands last in the order",
            hint="The order decides among equal scores alone.",
        ),
        Case(
            "negative scores",
            (
                np.array([-2.0, -7.0, -2.0]),
                np.array([False, False, True]),
                np.array([2, 1, 0]),
                1,
            ),
            "-2 is better than -7",
        ),
        Case(
            "nearly equal scores",
            (np.array([0.3, 0.3 + 1e-12]), np.array([False, True]), np.array([0, 1]), 1),
            "a little better is better: 0.3 + 10⁻¹² beats 0.3",
            hint="Rank the scores as they are, without rounding and without noise.",
        ),
        Case(
            "sixty films with three scores",
            (_MANY % 3, np.isin(_MANY, _BEST), _ORDER, len(_BEST)),
            "argsort needs kind='stable' to keep equals in their order",
            hint="argsort needs kind='stable' to keep equal scores in their order.",
        ),
    ],
    hint="Bring scores and hidden films into the order before anything is ranked.",
    search=_ranked_films(),
)

break_vocabulary = Breaking(
    name="break_vocabulary",
    suspect=_columns_without_a_film,
    reference=lambda warm, cold: 0,
    refusal=_titles_problem,
    hint="A column needs a word in two titles. Must one of them be warm?",
    takes=_titles,
    detail=_which_words,
)

fold_in_film = Exercise(
    name="fold_in_film",
    reference=_fold_in_film,
    cases=[
        Case(
            "one like of three, α = 0",
            (np.array([1.0, 0.0, 0.0]), _THREE, np.array([0.8]), 0.0, 2.0),
            "(1 + 2 · 0.8) / (3 + 2) = 0.52",
        ),
        Case(
            "the same with α = 8",
            (np.array([1.0, 0.0, 0.0]), _THREE, np.array([0.8]), 8.0, 2.0),
            "the like weighs 9, so (9 + 2 · 0.8) / (9 + 1 + 1 + 2)",
            hint="A like weighs 1 + α on both sides of the equation, a zero 1.",
        ),
        Case(
            "nobody likes it",
            (np.zeros(3), _THREE, np.array([0.8]), 8.0, 2.0),
            "the zeros still pull: 2 · 0.8 / (3 + 2), not 0.8",
            hint="The prior goes into the right-hand side, times l2; it is not added at the end.",
        ),
        Case(
            "a prior of zeros",
            (np.array([1.0, 1.0, 0.0]), _THREE, np.array([0.0]), 1.0, 1.0),
            "plain folding in",
        ),
        Case(
            "two numbers a code",
            (np.array([1.0, 0.0, 1.0, 0.0]), _CODES, np.array([1.0, -2.0]), 3.0, 0.5),
            "a system of two equations",
            hint="np.linalg.solve, with l2 on the diagonal of a matrix of k × k.",
        ),
        Case(
            "a huge penalty",
            (np.array([1.0, 0.0, 1.0, 0.0]), _CODES, np.array([1.0, -2.0]), 3.0, 1e9),
            "the result is the prior",
            hint="The penalty is on the distance from the prior, so l2 stands on both sides.",
        ),
    ],
    hint="Set the gradient to zero: weighted Gram matrix plus l2 I, times v, equals what?",
    search=_new_films(),
    without=("course_utils.content.fold_in_items", "course_utils.factorization.fit_implicit_als"),
)
