"""Checks of *Use codes as features*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

CORNERS = np.array([[0, 0], [2, 0], [0, 10], [2, 10]])
CODES = np.array([[1, 3], [4, -1], [-4, -3]])
_KEEPS_ORDER = (
    "Turning the plane or stretching it alike in all directions keeps the order of distances."
)


def _squared_distance(points: np.ndarray) -> float:
    return float(np.sum((points[0] - points[-1]) ** 2))


def _distances(matrix: Any) -> np.ndarray:
    """How far CODES are from the origin after all have been multiplied by the matrix."""
    return np.linalg.norm(CODES @ np.asarray(matrix, dtype=float).T, axis=1)


def _nearest(matrix: Any) -> int:
    return int(np.argmin(_distances(matrix)))


def _matrix_problem(matrix: Any) -> str:
    values = np.asarray(matrix, dtype=float)
    if values.shape != (2, 2) or not np.isfinite(values).all():
        return f"give a finite 2×2 matrix; this one has shape {values.shape}"
    if np.linalg.matrix_rank(values) < 2:
        return "this matrix has no inverse, so no decoder could undo it"
    return ""


def _nearest_now(broken: bool, matrix: np.ndarray) -> str:
    which = _nearest(matrix)
    return (
        f"now the {('second', 'third')[which - 1]} code is the nearest"
        if broken
        else ("the first code is still the nearest")
    )


def _distances_now(broken: bool, matrix: np.ndarray) -> dict[str, str]:
    remark = (
        {"hint": _KEEPS_ORDER},
        {"next": "and the third one?"},
        {"because": "(4, 3) has become a short direction"},
    )[_nearest(matrix)]
    return {"distances": ", ".join(f"{length:.4g}" for length in _distances(matrix)), **remark}


def _standardise(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    constant = train.max(axis=0) == train.min(axis=0)
    mean, spread = train.mean(axis=0), np.where(constant, 1, train.std(axis=0))
    return (train - mean) / spread, (test - mean) / spread


def _precision_at_k(codes: np.ndarray, labels: np.ndarray, k: int) -> float:
    distances = ((codes[:, np.newaxis] - codes) ** 2).sum(axis=2).astype(float)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return float(np.mean(labels[nearest] == labels[:, np.newaxis]))


# Columns of few different integers: some are constant, and no spread is a rounding error.
_rows = st.integers(1, 4).flatmap(lambda n: hnp.arrays(float, (n, 2), elements=st.integers(0, 3)))


@st.composite
def _labelled_codes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    n = draw(st.integers(2, 5))
    codes = draw(hnp.arrays(float, (n, 2), elements=st.integers(0, 3)))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2)))
    return codes, labels, draw(st.integers(1, n - 1))


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
    reference=lambda matrix: _nearest(np.eye(2)),
    refusal=_matrix_problem,
    hint=_KEEPS_ORDER,
    headline=_nearest_now,
    detail=_distances_now,
)

standardise = Exercise(
    name="standardise",
    reference=_standardise,
    cases=[
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
            "two columns of other size",
            (np.array([[1.0, 100.0], [2.0, 300.0], [3.0, 200.0]]), np.array([[2.0, 200.0]])),
            "each column is scaled by itself",
        ),
    ],
    hint="Which rows may say what the mean and the spread are?",
    search=st.tuples(_rows, _rows),
)

precision_at_k = Exercise(
    name="precision_at_k",
    reference=_precision_at_k,
    cases=[
        Case(
            "two pairs",
            (np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([3, 3, 7, 7]), 1),
            "each finds its partner",
        ),
        Case(
            "two pairs, k = 2",
            (np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([3, 3, 7, 7]), 2),
            "the second neighbour comes from the other pair",
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
        ),
        Case(
            "codes far apart",
            (np.array([[0.0], [1e4], [3e4]]), np.array([0, 0, 1]), 1),
            "however far the others are, a row is never its own result",
            hint="Which distance to itself is larger than any other, in whatever unit?",
        ),
    ],
    hint="For each row: sort all other rows by distance, look at the labels of the first k.",
    search=_labelled_codes(),
)
