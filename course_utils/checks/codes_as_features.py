"""Checks of *Use codes as features*."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    NotAnAnswerError,
    Prediction,
    as_written,
    numbers,
)

CORNERS = np.array([[0, 0], [2, 0], [0, 10], [2, 10]])
CODES = np.array([[1, 3], [4, -1], [-4, -3]])
# Shares that are right on four draws, in percent.
OURS = np.array([71, 68, 75, 70])
THEIRS = np.array([70, 65, 73, 68])
_KEEPS_ORDER = (
    "Turning the plane or stretching it alike in all directions keeps the order of distances."
)
_READY_MADE = (
    "course_utils.features.nearest_rows",
    "course_utils.metrics.knn_accuracy",
    "scipy.spatial.KDTree",
    "scipy.spatial.cKDTree",
    "sklearn.neighbors.NearestNeighbors",
    "sklearn.neighbors.KNeighborsClassifier",
    "sklearn.neighbors.KDTree",
    "sklearn.neighbors.BallTree",
    "sklearn.neighbors.kneighbors_graph",
)


def _squared_distance(points: np.ndarray) -> float:
    return float(np.sum((points[0] - points[-1]) ** 2))


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
    remark = (
        {"hint": _KEEPS_ORDER},
        {"next": "and the third one?"},
        {"because": "(4, 3) has become a short direction"},
    )[_nearest(matrix)]
    return {"distances": ", ".join(f"{_length(sq):.4g}" for sq in _squares(matrix)), **remark}


def _lower_end(
    differences: np.ndarray, *, ddof: int = 1, factor: float | None = None, root: bool = True
) -> float:
    """Lower end of Student's interval for a mean, or of what mistakes make of it."""
    n = len(differences)
    factor = float(stats.t.ppf(0.975, n - 1)) if factor is None else factor
    spread = np.std(differences, ddof=ddof) / (math.sqrt(n) if root else 1)
    return float(np.mean(differences) - factor * spread)


def _unpaired_lower_end() -> float:
    spread = math.sqrt((np.var(OURS, ddof=1) + np.var(THEIRS, ddof=1)) / len(OURS))
    return float(np.mean(OURS - THEIRS) - stats.t.ppf(0.975, 3) * spread)


def _standardise(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    constant = train.max(axis=0) == train.min(axis=0)
    mean, spread = train.mean(axis=0), np.where(constant, 1, train.std(axis=0))
    return (train - mean) / spread, (test - mean) / spread


def _precision_at_k(codes: np.ndarray, labels: np.ndarray, k: int) -> float:
    distances = ((codes[:, np.newaxis] - codes) ** 2).sum(axis=2).astype(float)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return float(np.mean(labels[nearest] == labels[:, np.newaxis]))


_EXPONENTS = st.sampled_from([0, 0, 20, 60, -20, -60])  # of the unit; no power of two rounds


@st.composite
def _train_and_test(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Few different integers in each column, in any unit: no spread is a rounding error."""
    columns, unit = draw(st.integers(1, 4)), 2.0 ** draw(_EXPONENTS)
    whole = st.integers(-3, 3)
    sizes = draw(st.tuples(st.integers(1, 9), st.integers(1, 5)))
    train, test = (draw(hnp.arrays(float, (n, columns), elements=whole)) for n in sizes)
    return train * unit, test * unit


@st.composite
def _labelled_codes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Short and long collections, with many ties and copies, in any unit."""
    n = draw(st.sampled_from([2, 3, 4, 4, 5, 5, 5, 20]))
    columns, unit = draw(st.integers(1, 4)), 2.0 ** draw(_EXPONENTS)
    codes = draw(hnp.arrays(float, (n, columns), elements=st.integers(-3, 3)))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(-1, 12)))
    return codes * unit, labels, draw(st.integers(1, n - 1))


predict_distance = Prediction(
    name="predict_distance",
    answer=lambda: _squared_distance(_standardise(CORNERS, CORNERS)[0]),
    because="Both columns now take the values -1 and 1, so each adds 2² = 4.",
    hint="What are mean and standard deviation of 0, 2, 0, 2? And of 0, 0, 10, 10?",
    misconceptions={
        "that is the distance before the columns are standardised": lambda: _squared_distance(
            CORNERS
        ),
        "that is the distance itself; its square is asked for": lambda: float(np.sqrt(8)),
        "that is one column alone; both differ between the two points": lambda: 4.0,
        "that is for columns divided by their range, from 0 to 1": lambda: 2.0,
        "that divides by n - 1 = 3; the standard deviation here divides by n = 4": lambda: (
            _squared_distance(CORNERS / CORNERS.std(axis=0, ddof=1))
        ),
        "the mean is subtracted, but the columns are not divided": lambda: _squared_distance(
            CORNERS - CORNERS.mean(axis=0)
        ),
    },
)

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

predict_interval = Prediction(
    name="predict_interval",
    answer=lambda: _lower_end(OURS - THEIRS),
    because="The four differences are all above 0, and so is their interval, although the two "
    "ranges overlap.",
    hint="Mean and standard deviation of the four differences; the latter is divided by the "
    "root of 4 and multiplied by 3.18.",
    decimals=1,
    misconceptions={
        "that is the mean gain; the interval begins below it": lambda: 2,
        "that is the upper end": lambda: 4 - _lower_end(OURS - THEIRS),
        "that is half of the width; subtract it from the mean": lambda: (
            2 - _lower_end(OURS - THEIRS)
        ),
        "that divides by n = 4 within s; a sample's s divides by n - 1 = 3": lambda: _lower_end(
            OURS - THEIRS, ddof=0
        ),
        "1.96 is for many draws; with four the factor is 3.18": lambda: _lower_end(
            OURS - THEIRS, factor=1.96
        ),
        "s has to be divided by the root of n = 4": lambda: _lower_end(OURS - THEIRS, root=False),
        "s is divided by n there; divide it by the root of n": lambda: _lower_end(
            OURS - THEIRS, factor=3.18 / 2
        ),
        "the draws are the same for both: take the spread of the differences": (
            _unpaired_lower_end
        ),
        "that is the interval of the AE alone; take the differences first": lambda: _lower_end(
            OURS
        ),
        "that is the interval of PCA alone; take the differences first": lambda: _lower_end(THEIRS),
        "that is PCA minus AE": lambda: _lower_end(THEIRS - OURS),
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
            hint="A constant column cannot be brought to spread 1: divide it by 1 instead.",
        ),
        Case(
            "a pixel with the same ink in all training digits",
            (np.array([[0.5, 1.0], [0.5, 3.0]]), np.array([[0.75, 2.0]])),
            "a constant column is shifted like every other, only not divided",
            hint="Subtract the mean from all columns; divide a constant one by 1.",
        ),
        Case(
            "0.1 three times",
            (np.array([[0.1], [0.1], [0.1]]), np.array([[0.1], [0.3]])),
            "their mean is rounded, so their spread comes out as 1e-17 instead of 0",
            hint="Ask the values, not the rounded spread, whether a column is constant.",
        ),
        Case(
            "a faint pixel",
            (np.array([[1e-9, 1.0], [3e-9, 3.0]]), np.array([[2e-9, 2.0]])),
            "its values differ, so it is not constant, in whatever unit",
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

# Forty rows in three places, with labels that tell in which order equally near ones came.
_PLACES = np.array([7 * i % 3 for i in range(40)], dtype=float)[:, np.newaxis]
_PLACE_LABELS = np.array([i * i % 5 for i in range(40)])

precision_at_k = Exercise(
    name="precision_at_k",
    reference=_precision_at_k,
    cases=[
        Case(
            "two pairs",
            (np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([3, 3, 7, 7]), 1),
            "each finds its partner",
            hint="With k = 1 each row has one result, the nearest other row.",
        ),
        Case(
            "two pairs, k = 2",
            (np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([3, 3, 7, 7]), 2),
            "the second neighbour comes from the other pair",
            hint="Half of the results are right here: count all k results of all queries.",
        ),
        Case(
            "no label twice",
            (np.array([[0.0], [1.0], [3.0]]), np.array([0, 1, 2]), 1),
            "only a row that finds itself could score here",
            hint="A row is at distance 0 from itself. Keep it out of its own results.",
        ),
        Case(
            "the same code twice",
            (np.array([[1.0], [1.0], [5.0]]), np.array([4, 9, 9]), 1),
            "a copy is a neighbour; the row itself is not, though both are at distance 0",
            hint="Leaving out the first of the sorted rows may leave out the copy.",
        ),
        Case(
            "two columns",
            (np.array([[0.0, 0.0], [3.0, 3.0], [4.0, 0.0]]), np.array([0, 1, 0]), 1),
            "the distance is Euclidean: (3, 3) is further from (0, 0) than (4, 0) is",
            hint="Squares of the differences, added over all columns.",
        ),
        Case(
            "codes far apart",
            (np.array([[0.0], [1e4], [3e4]]), np.array([0, 0, 1]), 1),
            "however far the others are, a row is never its own result",
            hint="Which distance to itself is larger than any other, in whatever unit?",
        ),
        Case(
            "codes close together",
            (np.array([[0.0], [1e-7], [3e-7], [4e-7]]), np.array([0, 0, 1, 1]), 1),
            "a small distance is a distance, too",
            hint="Compare the distances themselves; do not round them, or ask which are near 0.",
        ),
        Case(
            "forty codes in three places",
            (_PLACES, _PLACE_LABELS, 5),
            "many are equally near, and then the lower row comes first",
            hint="Equally near rows have to keep their order: a sort that is not stable, or "
            "argpartition, changes it. So does leaving out a copy in place of the row itself.",
        ),
    ],
    hint="For each row: sort all other rows by distance, look at the labels of the first k.",
    search=_labelled_codes(),
    search_hint="Equally near rows come in their order, a row is never its own result, and the "
    "unit changes nothing.",
    without=_READY_MADE,
)
