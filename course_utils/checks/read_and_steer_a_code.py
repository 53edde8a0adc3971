"""Checks of *Read and steer a code*."""

from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from scipy import optimize, stats

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    NotAnAnswerError,
    Prediction,
    anything,
)

# Directions in the plane, in degrees: as in step 2, but so few that they can be drawn.
_WANTED, _LIMIT = 5, 0.9


def _turned(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _share_found(learnt: np.ndarray, truth: np.ndarray) -> float:
    found, wanted = (
        table / np.linalg.norm(table, axis=1, keepdims=True) for table in (learnt, truth)
    )
    cosines = wanted @ found.T
    rows, columns = optimize.linear_sum_assignment(-cosines)
    return float((cosines[rows, columns] > _LIMIT).sum() / len(truth))


@st.composite
def _tables_of_atoms(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(draw(st.integers(0, 2000)))
    units, truths = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    truth = generator.standard_normal((truths, draw(st.integers(2, 4))))
    learnt = truth[generator.integers(truths, size=units)].copy()
    learnt += draw(st.sampled_from([0.1, 0.4])) * generator.standard_normal(learnt.shape)
    learnt *= generator.choice([1.0, 1.0, 1.0, -1.0], size=(units, 1))
    return learnt * 10.0 ** generator.integers(-3, 4, size=(units, 1)), truth


def _gains(activity: np.ndarray, labels: np.ndarray, rows: np.ndarray, k: int) -> list[Fraction]:
    """Share among the k most active of some rows less the share of all of them, exactly."""
    places = np.flatnonzero(rows)
    top = places[np.argsort(-activity[places])[:k]]
    return [
        Fraction(int(one[top].sum()), k) - Fraction(int(one[places].sum()), len(places))
        for one in labels.T
    ]


def _name_and_test(
    activity: np.ndarray, labels: np.ndarray, half: np.ndarray, k: int
) -> tuple[int, float]:
    naming = _gains(activity, labels, half, k)
    name = max(range(len(naming)), key=naming.__getitem__)
    return name, float(_gains(activity, labels, ~half, k)[name])


@st.composite
def _labelled_units(
    draw: st.DrawFn,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    generator = np.random.default_rng(draw(st.integers(0, 2000)))
    n, n_labels = draw(st.integers(6, 30)), draw(st.integers(1, 5))
    activity = generator.permutation(n) * draw(st.sampled_from([1.0, 1e-9, 1e9]))
    activity = activity - draw(st.sampled_from([0.0, float(activity.mean())]))
    labels = generator.random((n, n_labels)) < generator.random(n_labels)
    half = generator.permutation(n) < draw(st.integers(2, n - 2))
    k = draw(st.integers(1, min(half.sum(), (~half).sum()) - 1))
    naming = _gains(activity, labels, half, k)
    assume(naming.count(max(naming)) == 1)
    return activity, labels, half, k


def _case(*columns: str, halves: str, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Films from the most active to the least: a string of 0 and 1 for each label."""
    n = len(halves)
    labels = np.array([[mark == "1" for mark in column] for column in columns]).T
    half = np.array([mark == "a" for mark in halves])
    return np.linspace(2, 0.1, n), labels, half, k


def _mixed(
    case: tuple[np.ndarray, np.ndarray, np.ndarray, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Put the films of a case into another order."""
    activity, labels, half, k = case
    order = np.random.default_rng(0).permutation(len(activity))
    return activity[order], labels[order], half[order], k


def _expected(share: Any, units: Any) -> float:
    """Units of which 7 of the top 10 carry a label by chance."""
    return int(units) * float(stats.binom.sf(6, 10, float(share)))


def _looks_problem(share: Any, units: Any) -> str:
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= float(share) <= 0.5:
        return f"my_share is a number from 0 to 0.5, got {share!r}"
    whole = isinstance(units, Real) and not isinstance(units, bool) and float(units).is_integer()
    if not whole or not 1 <= float(units) <= 64:
        return f"my_units is a whole number from 1 to 64, got {units!r}"
    return ""


def _one(value: Any) -> Any:
    value = anything(value)
    if isinstance(value, np.ndarray):
        if value.ndim:
            raise NotAnAnswerError("an array instead of one number")
        value = value.item()
    return value


predict_pair = Prediction(
    name="predict_pair",
    answer=lambda: Fraction(4, 7),
    because="p²/3 < p/3 − p²/4 is 7p/12 < 1/3: sharing pays for features that are rarely on.",
    hint="Write both errors as p times something, divide by p, and solve for p.",
    misconceptions={
        "that is where the dropped feature is answered with 0; its mean costs less": lambda: 1,
        "the mean of the square of the smaller is 1/6; you squared its mean, 1/3": lambda: Fraction(
            12, 17
        ),
        "both features are wrong by the smaller, so its square counts twice": lambda: Fraction(
            4, 5
        ),
        "that is the variance if it is always on, not where the two errors meet": lambda: Fraction(
            1, 12
        ),
    },
    decimals=2,
)

share_found = Exercise(
    name="share_found",
    reference=_share_found,
    cases=[
        Case(
            "each found",
            (_turned(2, 88, 175), _turned(0, 90, 180)),
            "each truth has a unit of its own nearby",
        ),
        Case(
            "one unit between two truths",
            (_turned(10, 110), _turned(0, 20)),
            "one learnt direction cannot be two truths",
            "Which unit is left for the second truth when the first has taken its own?",
        ),
        Case(
            "lengths",
            (_turned(5, 95) * [[7.0], [0.01]], _turned(0, 90)),
            "a cosine is a product of directions; lengths say nothing",
            "Divide each row by its length, those of both tables.",
        ),
        Case(
            "lengths of the truth",
            (_turned(60, 91), _turned(0, 90) * [[3.0], [2.0]]),
            "a long vector has large products with everything",
            "Divide each row by its length, those of both tables.",
        ),
        Case(
            "the opposite",
            (_turned(180, 90), _turned(0, 90)),
            "a code that is never negative cannot use an atom upside down",
            "No absolute values.",
        ),
        Case(
            "greedy",
            (_turned(8, -18), _turned(0, 29.6)),
            "the first truth likes unit 0 best, but both are found if it takes unit 1",
            "Choose for all truths at once: scipy.optimize.linear_sum_assignment.",
        ),
        Case(
            "fewer units than truths",
            (_turned(1, 89), _turned(0, 90, 180, 270)),
            "a truth without a unit is not found",
            "Divide by the number of truths.",
        ),
        Case(
            "more units than truths",
            (_turned(1, 2, 3, 300, 200), _turned(0, 90)),
            "three units on one truth find one truth",
            "Count truths, not units.",
        ),
    ],
    hint="Cosines of all pairs, one unit for each truth, then count those above 0.9.",
    search=_tables_of_atoms(),
    without=("course_utils.reading",),
)

name_and_test = Exercise(
    name="name_and_test",
    reference=_name_and_test,
    cases=[
        Case(
            "a good name",
            _case("11110000", "00001111", halves="abababab", k=2),
            "the first label is on top in both halves: 1 of the top, 1/2 of all",
        ),
        Case(
            "a name that does not hold",
            _case("10101001", "01010000", halves="abababab", k=2),
            "named after label 0 on the first half, it keeps that name on the other, "
            "however bad it is there",
            "The second half tests one name; it must not choose. Label 0 is on 0 of its two most "
            "active films, and on 1 of its four.",
        ),
        Case(
            "a common label",
            _mixed(_case("111111111110", "110000110000", halves="aabbaabbaabb", k=3)),
            "nearly all films carry label 0, so to find it on top says little",
            "Less its share among all films of the half.",
        ),
        Case(
            "films in any order",
            _mixed(_case("1110100000", "0001011111", halves="aababbabab", k=2)),
            "most active is who has the largest activity, wherever it stands",
            "Sort the films of each half by activity, largest first.",
        ),
        Case(
            "halves of different size",
            _mixed(_case("110110000000", "001001111111", halves="abaabbbbbbab", k=2)),
            "each share is one of its own half",
            "Take the base rate from the films of the same half.",
        ),
        Case(
            "activity below 0",
            (
                np.array([-1.0, -5, -2, -4, -3, -6]),
                *_case("100110", "011001", halves="aababb", k=1)[1:],
            ),
            "-1 is the largest; strong is not far from 0",
            "No absolute values.",
        ),
    ],
    hint="Name: where share among the top k less share among all is largest, on the first half.",
    search=_labelled_units(),
    without=("course_utils.reading",),
)

break_by_eye = Breaking(
    name="break_by_eye",
    suspect=lambda share, units: False,
    reference=lambda share, units: _expected(share, units) >= _WANTED,
    refusal=_looks_problem,
    takes=_one,
    hint="Chance of 7 or more of 10 at your share, times the number of units you look at.",
    headline=lambda broken, share, units: "noise would do" if broken else "not enough by chance",
    detail=lambda broken, share, units: (
        {"expected": f"{_expected(share, units):.2f} convincing units from noise"}
        | ({} if broken else {"hint": "A common genre, and many looks."})
    ),
)
