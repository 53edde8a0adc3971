"""Checks of *Use codes as features*."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    NotAnAnswerError,
    Prediction,
    as_written,
    numbers,
)

CODES = np.array([[1, 3], [4, -1], [-4, -3]])
# Digits in all, and those that only the autoencoder gets right.
DIGITS, GAINED = 10, 2
_KEEPS_ORDER = (
    "Turning the plane or stretching it alike in all directions keeps the order of distances."
)
_GREW_TOO_LITTLE = (
    "Before, the distances were 3.162, 4.123 and 5: the first has to grow by more than another."
)


def _matrix(matrix: object) -> np.ndarray:
    """Take a matrix as it was written: whether it can be undone must not depend on rounding."""
    values = numbers(matrix)
    if values.shape != (2, 2):
        raise NotAnAnswerError(f"give two rows of two numbers, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise NotAnAnswerError("the numbers must be finite; nan or inf is among them")
    return np.array(as_written(values), dtype=object)


def _squares(matrix: np.ndarray) -> list[Fraction]:
    """Squared distances of CODES from the origin after all have been multiplied by the matrix."""
    return [sum(part**2 for part in matrix @ code) for code in CODES.astype(object)]


def _nearest(matrix: np.ndarray) -> int:
    squares = _squares(matrix)
    return squares.index(min(squares))


def _matrix_problem(matrix: np.ndarray) -> str:
    (a, b), (c, d) = matrix
    return "this matrix has no inverse, so no decoder could undo it" if a * d == b * c else ""


def _nearest_now(broken: bool, matrix: np.ndarray) -> str:
    if broken:
        return f"now the {('second', 'third')[_nearest(matrix) - 1]} code is the nearest"
    squares = _squares(matrix)
    if squares.count(squares[0]) > 1:
        return "another code is as near as the first, but not nearer"
    return "the first code is still the nearest"


def _length(square: Fraction) -> float:
    """Root of a fraction, also of one whose square is beyond a float."""
    exponent = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(square / Fraction(4) ** exponent), exponent)


def _distances_now(broken: bool, matrix: np.ndarray) -> dict[str, str]:
    plain = _squares(np.array([[1, 0], [0, 1]], dtype=object))
    grown = [square / before for square, before in zip(_squares(matrix), plain, strict=True)]
    alike = max(grown) < min(grown) * Fraction(10**9 + 1, 10**9)  # a turn is rounded
    remark = (
        {"hint": _KEEPS_ORDER if alike else _GREW_TOO_LITTLE},
        {"next": "and the third one?"},
        {"because": "(4, 3) has become a short direction"},
    )[_nearest(matrix)]
    return {"distances": ", ".join(f"{_length(sq):.4g}" for sq in _squares(matrix)), **remark}


def _missed(draws: int, digits: int = GAINED) -> float:
    """Probability that none of some draws hits one of some digits."""
    return (1 - digits / DIGITS) ** draws


def _standardise(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    constant = train.max(axis=0) == train.min(axis=0)
    mean, spread = train.mean(axis=0), np.where(constant, 1, train.std(axis=0))
    return (train - mean) / spread, (test - mean) / spread


_EXPONENTS = st.sampled_from([0, 0, 20, 60, -20, -60])  # of the unit; no power of two rounds


@st.composite
def _train_and_test(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Few different integers in each column, in any unit: no spread is a rounding error."""
    columns, unit = draw(st.integers(1, 4)), 2.0 ** draw(_EXPONENTS)
    whole = st.integers(-3, 3)
    sizes = draw(st.tuples(st.integers(1, 9), st.integers(1, 5)))
    train, test = (draw(hnp.arrays(float, (n, columns), elements=whole)) for n in sizes)
    return train * unit, test * unit


break_neighbours = Breaking(
    name="break_neighbours",
    suspect=_nearest,
    reference=lambda matrix: 0,
    refusal=_matrix_problem,
    hint=_KEEPS_ORDER,
    takes=_matrix,
    headline=_nearest_now,
    detail=_distances_now,
)

predict_bootstrap = Prediction(
    name="predict_bootstrap",
    answer=lambda: _missed(DIGITS),
    because="More than 2.5 % of the means are 0, so the interval begins at 0: two digits of ten "
    "decide nothing.",
    hint="A mean is 0 only if all ten draws miss the two digits. What is the probability that one "
    "draw does?",
    misconceptions={
        "that is one draw; all ten have to miss": lambda: _missed(1),
        "that is one draw that hits, and the mean difference; all ten have to miss": lambda: (
            1 - _missed(1)
        ),
        "that all ten draws *hit* one of the two digits": lambda: (1 - _missed(1)) ** DIGITS,
        "that is the share of the means that are *not* 0": lambda: 1 - _missed(DIGITS),
        "one draw misses *both* digits with probability 0.8": lambda: _missed(DIGITS, 1),
        "that misses each of the two digits for itself; one draw misses both at once": lambda: (
            _missed(2 * DIGITS, 1)
        ),
        "a bootstrap draws as many digits as there are, ten, not eight": lambda: _missed(
            DIGITS - GAINED
        ),
        "a bootstrap draws as many digits as there are, ten, not two": lambda: _missed(GAINED),
        "so it would be without replacement; here a digit may be drawn twice": lambda: 0.0,
        "that is in percent; a share lies between 0 and 1": lambda: 100 * _missed(DIGITS),
    },
)

standardise = Exercise(
    name="standardise",
    reference=_standardise,
    cases=[
        Case(
            "two rows, tested on themselves",
            (np.array([[0.0], [2.0]]), np.array([[0.0], [2.0]])),
            "they are at distance 1 from their mean, and so is their spread",
            hint="The spread is the root of the mean over all n rows: NumPy's std, not that of "
            "pandas, which divides by n - 1. And a test row is scaled like a training row.",
        ),
        Case(
            "one test row",
            (np.array([[0.0], [2.0]]), np.array([[4.0]])),
            "a single row has a spread of 0 and is its own mean, so nothing would be left of it",
        ),
        Case(
            "a brighter test set",
            (np.array([[0.0], [2.0]]), np.array([[10.0], [12.0]])),
            "equal pixels must get equal values, in whichever set they stand",
        ),
        Case(
            "a pixel that no training digit inks",
            (np.array([[0.0, 1.0], [0.0, 3.0]]), np.array([[0.5, 2.0]])),
            "its spread is 0, and a division by 0 leaves no number to compute with",
            hint="A constant column cannot be brought to spread 1: divide it by 1 instead. And "
            "each column has a mean and a spread of its own.",
        ),
        Case(
            "a pixel with the same ink in all training digits",
            (np.array([[0.5, 1.0], [0.5, 3.0]]), np.array([[0.75, 2.0]])),
            "a constant column is shifted like every other, only not divided",
            hint="Subtract the mean from all columns; divide a constant one by 1.",
        ),
        Case(
            "0.1 three times",
            (
                np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]]),
                np.array([[0.1, 2.0], [0.3, 4.0]]),
            ),
            "their mean is rounded, so their spread comes out as 1e-17 instead of 0",
            hint="Ask the values, not the rounded spread, whether a column is constant.",
        ),
        Case(
            "a faint pixel, and one that hardly changes",
            (np.array([[1e-9, 1.0], [3e-9, 1 + 2**-20]]), np.array([[2e-9, 1.0]])),
            "their values differ, so they are not constant, in whatever unit",
            hint="Constant means that all values are equal; a small spread is a spread.",
        ),
        Case(
            "two columns of other size",
            (np.array([[1.0, 100.0], [2.0, 300.0], [3.0, 200.0]]), np.array([[2.0, 200.0]])),
            "each column is scaled by itself",
            hint="Mean and spread of each column: axis=0.",
        ),
    ],
    hint="Which rows may say what the mean and the spread are?",
    search=_train_and_test(),
    search_hint="Mean and spread come from `train`, column by column, in whatever unit; only a "
    "column whose values are all equal is not divided.",
)
