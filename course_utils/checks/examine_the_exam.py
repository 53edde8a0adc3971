"""Checks of *Examine the exam*."""

from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils import metrics
from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    Prediction,
    numbers,
    same_kind,
)

_LENGTH, _MOST = 10, 50  # of a list, and of what is hidden of a person


def _asked(people: np.ndarray, stamps: np.ndarray, share: float) -> np.ndarray:
    return np.asarray(stamps > np.quantile(stamps, 1 - share))


def _sampled_recall(rank: int, rivals: int, negatives: int, k: int) -> float:
    draws = (
        comb(rank, before) * comb(rivals - rank, negatives - before)
        for before in range(min(k, negatives + 1))
    )
    return float(Fraction(sum(draws), comb(rivals, negatives)))


def _recall_with_one_rival() -> float:
    return float(metrics.sampled_recall([0, 8], 10, 1, 1).mean())


def _by_person(hidden: np.ndarray, a: np.ndarray, b: np.ndarray) -> str:
    shares = ((found / np.minimum(_LENGTH, hidden)).sum() for found in (a, b))
    return _better(*shares)


def _pooled(hidden: np.ndarray, a: np.ndarray, b: np.ndarray) -> str:
    return _better(a.sum(), b.sum())


def _better(a: float, b: float) -> str:
    if abs(a - b) < 1e-9:
        return "neither is above"
    return "A is above" if a > b else "B is above"


def _opposite(expected: str, got: str) -> str:
    decided = "neither is above" not in (expected, got)
    return "they disagree" if decided and expected != got else ""


def _finds_problem(hidden: Any, a: Any, b: Any) -> str:
    named = {"my_hidden": hidden, "my_a": a, "my_b": b}
    for name, values in named.items():
        if values.shape != (2,) or np.any(values != np.floor(values)):
            return f"{name} must be two whole numbers, one for each person"
    if hidden.min() < 1 or hidden.max() > _MOST:
        return f"each person has 1 to {_MOST} hidden films"
    for name, found in list(named.items())[1:]:
        if found.min() < 0:
            return f"{name} must not be negative: a list finds 0 films or more"
        if np.any(found > np.minimum(_LENGTH, hidden)):
            return (
                f"{name} must be at most what is hidden, and at most {_LENGTH}, the list's length"
            )
    return ""


def _both_recalls(broken: bool, hidden: np.ndarray, a: np.ndarray, b: np.ndarray) -> dict[str, str]:
    """Say what both recalls are, to somebody who has not yet found two that disagree."""
    if broken:
        return {}
    by_person = [(found / np.minimum(_LENGTH, hidden)).mean() for found in (a, b)]
    pooled = [found.sum() / hidden.sum() for found in (a, b)]
    return {
        label: f"A {for_a:.3f}, B {for_b:.3f}"
        for label, (for_a, for_b) in {"ladder": by_person, "pooled": pooled}.items()
    }


@st.composite
def _some_likes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    n = draw(st.integers(2, 24))
    people = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    late = draw(st.sampled_from([6, 40, 2_000_000_000]))
    stamps = draw(st.lists(st.integers(0, late), min_size=n, max_size=n))
    # Powers of two, so that rounding never decides on which side of the cut a like lies.
    return np.array(people), np.array(stamps), draw(st.sampled_from([0.5, 0.25, 0.125]))


@st.composite
def _draws(draw: st.DrawFn) -> tuple[int, int, int, int]:
    rivals = draw(st.integers(1, 60))
    negatives = draw(st.integers(1, rivals))
    return draw(st.integers(0, rivals)), rivals, negatives, draw(st.integers(1, negatives + 2))


asked_by_time = Exercise(
    name="asked_by_time",
    reference=_asked,
    cases=[
        Case(
            "two people of the same years",
            (np.array([0, 1, 0, 1]), np.array([10, 11, 30, 31]), 0.5),
            "both were there all the time, so both versions agree",
            hint="np.quantile(stamps, 1 - share) lies halfway between two stamps here, at 20.5.",
        ),
        Case(
            "one left before the other came",
            (np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([1, 2, 3, 4, 11, 12, 13, 14]), 0.5),
            "what person 0 likes at time 4 is asked, and what person 1 likes at 11 is shown",
            hint="There is one cut for everybody. Who decides where it lies?",
        ),
        Case(
            "likes in no order",
            (np.array([2, 0, 2, 1]), np.array([40, 10, 20, 30]), 0.25),
            "the answer stands in the order of the likes",
            hint="The cut lies at 32.5 here. Answer for each like, in the order given.",
        ),
        Case(
            "several likes in the second of the cut",
            (np.array([0, 1, 2, 3, 4]), np.array([5, 7, 7, 7, 9]), 0.5),
            "asked is what is later than the cut; what falls on it is shown",
            hint="Later than the cut, not at it.",
        ),
        Case(
            "all in the same second",
            (np.array([0, 1, 2]), np.array([7, 7, 7]), 0.25),
            "nothing is later than the cut",
        ),
        Case(
            "a cut between two likes",
            (np.array([0, 0, 1, 1, 1, 1, 1]), np.array([1, 2, 3, 4, 50, 60, 70]), 0.2),
            "np.quantile takes a point between them",
        ),
        Case(
            "one minute, in seconds since 1970",
            (np.arange(9) % 3, 1_260_759_144 + 6 * np.array([3, 1, 4, 0, 5, 9, 2, 6, 7]), 0.25),
            "large numbers that differ by little",
        ),
    ],
    hint="The cut is a quantile of all stamps, whoever they belong to.",
    search=_some_likes(),
    compare=same_kind,
)

predict_sampled = Prediction(
    name="predict_sampled",
    answer=_recall_with_one_rival,
    because="First always wins; ninth, with eight of ten rivals before it, wins two times of ten.",
    hint="With one rival drawn, place 9 comes first if one of the two films behind it is drawn.",
    misconceptions={
        "that is the recall among all eleven films": lambda: 0.5,
        "that is model A: two of ten rivals stand before its film": lambda: 0.8,
        "that is the half that has it at place nine; the other half always finds it": lambda: 0.2,
        "ninth of eleven leaves two films behind it, not one": lambda: 0.55,
        "eight of ten rivals stand before the film, so eight of ten draws lose": lambda: 0.9,
    },
    decimals=2,
)

sampled_recall = Exercise(
    name="sampled_recall",
    reference=_sampled_recall,
    cases=[
        Case("one of ten drawn", (2, 10, 1, 1), "two of ten rivals stand before it: 0.8"),
        Case("no rival before it", (0, 10, 5, 1), "it is first whoever is drawn"),
        Case(
            "twenty of thirty, without replacement",
            (9, 30, 20, 5),
            "nobody is drawn twice, so the draws depend on each other",
            hint="Among 20 of 30, drawn without replacement: hypergeometric, not binomial.",
        ),
        Case(
            "a list of two",
            (1, 4, 2, 2),
            "at most one rival can stand before it, and a list of two has room for both",
            hint="Found means that fewer than k of the drawn rivals stand before it.",
        ),
        Case(
            "a list longer than the draw",
            (10, 10, 3, 5),
            "three rivals cannot fill five places",
        ),
        Case("all drawn, rank below k", (4, 12, 12, 5), "nothing is left to chance: 1"),
        Case(
            "all drawn, rank k",
            (5, 12, 12, 5),
            "five rivals before it fill the five places: 0",
            hint="rank counts the rivals before the film, from 0, and is no place from 1.",
        ),
        Case("all rivals before it", (7, 7, 3, 2), "any three push it out of a list of two"),
        Case("a hundred of 5,511", (531, 5511, 100, 10), "here the chance is about one half"),
        Case(
            "a small chance",
            (5000, 5511, 100, 10),
            "far below, and yet not 0",
            hint="Work out the chance itself; do not draw, and do not round.",
        ),
    ],
    hint="How many of the drawn rivals stand before it: add up the chances of 0, 1, …, k − 1.",
    search=_draws(),
    without=("course_utils.metrics.sampled_recall",),
)

break_pooling = Breaking(
    name="break_pooling",
    suspect=_pooled,
    reference=_by_person,
    refusal=_finds_problem,
    hint="Pooled, a person with many hidden films has more to say. Let A serve the other one.",
    compare=_opposite,
    takes=numbers,
    detail=_both_recalls,
)
