"""Checks of *Missing is not zero*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, numbers
from course_utils.factorization import SVD, truncated_svd

_NAN = np.nan
_RATINGS = np.array([[5.0, 3.0, 0.0, 0.0], [4.0, 0.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0]])
_KNOWN = _RATINGS > 0
_TARGETS = np.array([[_NAN, 2.0, 5.0]])
_ANSWERS = np.array([[3.0, 4.0, 1.0]])
_VT = truncated_svd([[2.0, 1.0, 2.0, 0.0], [0.0, 3.0, -1.0, 1.0], [1.0, 0.0, 0.0, 2.0]], 2).vt


def _user_means(ratings: np.ndarray, known: np.ndarray) -> np.ndarray:
    counts = known.sum(axis=1)
    sums = np.where(known, ratings, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), sums.sum() / counts.sum())


@st.composite
def _rated(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw a table with at least one known rating; hidden cells hold anything."""
    shape = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    known = draw(hnp.arrays(bool, shape))
    known[0, 0] |= not known.any()
    stars = st.sampled_from([0.0, 0.5, 1.0, 3.0, 5.0, -2.5, 1000.0])
    values = draw(hnp.arrays(float, shape, elements=stars))
    hidden = draw(st.sampled_from([0.0, -1.0, 99.0, 1e9, _NAN, np.inf]))
    return np.where(known, values, hidden), known


def _table(value: Any) -> np.ndarray:
    return numbers(value).astype(float)


def _masked_error(targets: np.ndarray, answers: np.ndarray) -> float:
    known = ~np.isnan(targets)
    return float(np.mean((targets[known] - answers[known]) ** 2))


def _mask_by_comparing_with_zero(targets: np.ndarray, answers: np.ndarray) -> float:
    stored = np.nan_to_num(targets)
    counted = stored != 0
    squares = (stored - answers)[counted] ** 2
    return float(squares.mean()) if squares.size else _NAN  # NumPy would warn as well


def _tables_problem(targets: np.ndarray, answers: np.ndarray) -> str:
    for name, table in (("targets", targets), ("answers", answers)):
        if table.ndim != 2:
            return f"the {name} need rows and columns, as in [[1, 2]]; got shape {table.shape}"
    if targets.shape != answers.shape:
        return f"give two tables of the same shape, not {targets.shape} and {answers.shape}"
    if np.isnan(targets).all() or np.isinf(targets).any():
        return "at least one target has to be known, and none may be infinite"
    if not np.isfinite(answers).all():
        return "a network answers every cell with a finite number"
    return ""


def _code_of(ratings: np.ndarray, known: np.ndarray, vt: np.ndarray, l2: float) -> np.ndarray:
    no_rows = SVD(np.empty((0, len(vt))), np.empty(len(vt)), vt)
    return no_rows.fold_in(ratings[None], where=known[None], l2=l2)[0]


def _row(*values: float) -> tuple[np.ndarray, np.ndarray]:
    row = np.array(values)
    return row, ~np.isnan(row)


@st.composite
def _rows_to_fold_in(
    draw: st.DrawFn,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Draw one person's ratings and orthonormal factors of any number and length."""
    columns = draw(st.integers(1, 7))
    k = draw(st.integers(1, columns))
    whole = st.lists(st.integers(-3, 3), min_size=columns, max_size=columns)
    vectors = np.array(draw(st.lists(whole, min_size=k, max_size=k)), dtype=float)
    vt = np.linalg.qr((vectors + 4 * np.eye(k, columns)).T)[0].T
    known = np.array(draw(st.lists(st.booleans(), min_size=columns, max_size=columns)))
    scale = draw(st.sampled_from([1.0, 1e-3, 1e3]))
    values = scale * np.array(draw(whole), dtype=float)
    hidden = draw(st.sampled_from([0.0, 99.0, _NAN]))
    return np.where(known, values, hidden), known, vt, draw(st.sampled_from([0.25, 1.0, 40.0]))


def _corrected_mean(ratings: np.ndarray, chances: np.ndarray) -> float:
    return float(np.sum(ratings / chances) / np.sum(1 / chances))


@st.composite
def _ratings_with_chances(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 8))
    ratings = draw(st.lists(st.integers(-5, 10), min_size=n, max_size=n))
    chances = draw(st.lists(st.integers(1, 100), min_size=n, max_size=n))
    scale = draw(st.sampled_from([1.0, 0.01]))
    return np.array(ratings, dtype=float), scale * np.array(chances) / 100


user_means = Exercise(
    name="user_means",
    reference=_user_means,
    cases=[
        Case(
            "all cells known",
            (_RATINGS[1:2, [0, 2, 3]], np.ones((1, 3), dtype=bool)),
            "nothing is missing, so it is the plain mean",
        ),
        Case(
            "half of the cells hidden",
            (_RATINGS[:2], _KNOWN[:2]),
            "(5 + 3) / 2 is 4; dividing by four columns gives 2",
            hint="Divide each person's sum by the number of that person's known cells.",
        ),
        Case(
            "a known rating of 0",
            (np.array([[0.0, 4.0, 0.0]]), np.array([[True, True, False]])),
            "only the mask says what is missing; on some scales 0 is a verdict",
            hint="Count the cells of `known`, not the cells that differ from 0.",
        ),
        Case(
            "other values in the hidden cells",
            (np.array([[2.0, 99.0], [_NAN, 4.0]]), np.array([[True, False], [False, True]])),
            "what stands in a hidden cell must not matter, and NaN times 0 is NaN",
            hint="np.where(known, ratings, 0) removes it; multiplying by `known` does not.",
        ),
        Case(
            "a person without ratings",
            (_RATINGS, _KNOWN),
            "0 / 0 is no answer; the mean of all known ratings is a sensible one",
            hint="np.where(counts > 0, …, mean of all known ratings); mind the division by 0.",
        ),
    ],
    hint="Only known cells take part, in the sum and in the count.",
    search=_rated(),
)

masked_error = Prediction(
    name="masked_error",
    answer=lambda: _masked_error(_TARGETS, _ANSWERS),
    because="Two cells are known; their errors are 2 and −4, and the mean of the squares is 20/2.",
    hint="Cross out the cells whose target is missing, also in the count.",
    misconceptions={
        "the mean goes over the two known cells, not over all three": lambda: 20 / 3,
        "that takes the missing target for a zero": lambda: 29 / 3,
        "NaN appears only if missing cells take part; leave them out": lambda: _NAN,
        "that is the sum; the loss is a mean": lambda: 20.0,
        "that is the root of the loss; it is a mean of squares, without a root": lambda: 10**0.5,
        "that is the mean of the absolute errors; square them first": lambda: 3.0,
    },
)

break_masked_loss = Breaking(
    name="break_masked_loss",
    suspect=_mask_by_comparing_with_zero,
    reference=_masked_error,
    refusal=_tables_problem,
    hint="Which known target does `stored != 0` leave out? Its error has to make a difference.",
    takes=_table,
)

code_of = Exercise(
    name="code_of",
    reference=_code_of,
    cases=[
        Case(
            "everything known, no penalty",
            (*_row(2.0, 1.0, 2.0, 0.0), _VT, 0.0),
            "the rows of vt are orthonormal, so the code is vt @ ratings",
        ),
        Case(
            "everything known, a penalty",
            (*_row(2.0, 1.0, 2.0, 0.0), _VT, 0.5),
            "with orthonormal rows the penalty divides the code by 1 + λ",
            hint="Differentiate λ c·c as well. What does it add to the k equations, and where?",
        ),
        Case(
            "three known ratings",
            (*_row(2.0, _NAN, 1.0, -1.0), _VT, 0.5),
            "unknown cells may hold NaN and must not take part",
            hint="Both vt and ratings lose their unknown columns, before anything is multiplied.",
        ),
        Case(
            "a strong penalty",
            (*_row(2.0, 1.0, _NAN, 0.0), _VT, 100.0),
            "the code shrinks towards 0, and the prediction towards the mean",
            hint="λ belongs to every code entry by itself: on the diagonal, and nowhere else.",
        ),
        Case(
            "a single rating",
            (*_row(_NAN, 3.0, _NAN, _NAN), _VT, 1.0),
            "one number for two factors: only the penalty makes the answer unique",
        ),
        Case(
            "no rating at all",
            (*_row(_NAN, _NAN, _NAN, _NAN), _VT, 1.0),
            "a newcomer's code is 0, so the prediction is the mean that was taken off",
        ),
        Case(
            "three factors",
            (*_row(2.0, _NAN, 1.0, -1.0, 3.0), np.eye(5)[[0, 2, 4]], 0.5),
            "another number of factors and films: nothing may be fixed to two and four",
            hint="len(vt) says how many numbers a code has.",
        ),
    ],
    hint="Set the derivative of the sum to 0: k linear equations for the k numbers of the code.",
    search=_rows_to_fold_in(),
    without=tuple(
        f"course_utils.factorization.{name}"
        for name in ("SVD", "truncated_svd", "alternating_least_squares", "fit_implicit_als")
    ),
)

corrected_mean = Exercise(
    name="corrected_mean",
    reference=_corrected_mean,
    cases=[
        Case(
            "equal chances",
            (np.array([5.0, 1.0, 3.0]), np.array([0.5, 0.5, 0.5])),
            "ratings at random need no correction: the plain mean",
            hint="Divide by the sum of the weights, not by the number of ratings.",
        ),
        Case(
            "fans rate three times as often",
            (np.array([5.0, 5.0, 5.0, 1.0]), np.array([0.75, 0.75, 0.75, 0.25])),
            "one low rating stands for four cells, a high one for four thirds",
            hint="A rating with a small chance is rare in what we see, so it has to weigh more.",
        ),
        Case(
            "a single rating",
            (np.array([4.0]), np.array([0.1])),
            "a weighted mean of one number is that number, whatever its weight",
            hint="Divide by the sum of the weights, not by the number of ratings.",
        ),
        Case(
            "low ratings are likely",
            (np.array([1.0, 2.0, 5.0]), np.array([0.9, 0.6, 0.1])),
            "the weights follow the chances, whichever way round these run",
            hint="Use the chances given, not the ratings, to say what is rare.",
        ),
        Case(
            "certain ratings",
            (np.array([2.0, 4.0]), np.array([1.0, 0.5])),
            "a chance of 1 gives the weight 1",
            hint="The weight is 1/chance, not 1 − chance.",
        ),
    ],
    hint="Weights 1/chance, above and below the fraction line.",
    search=_ratings_with_chances(),
)
