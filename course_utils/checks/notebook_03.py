"""Checks of notebook 03, Look up embeddings from a sparse matrix."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils import embeddings
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

_WEIGHTS = np.array([[1.5, 0, 0, 2.0], [0, 0, 3.5, 0]])
TABLE = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])


def _csr(data: list[float], indices: list[int], indptr: list[int]) -> sp.csr_array:
    parts = (np.array(data, dtype=float), np.array(indices), np.array(indptr))
    return sp.csr_array(parts, shape=(len(indptr) - 1, 4))


def _lookup(matrix: Any, table: np.ndarray) -> np.ndarray:
    return embeddings.sparse_embedding_lookup(matrix, table)


def _lookup_gradient(matrix: Any, upstream: np.ndarray) -> np.ndarray:
    return embeddings.sparse_embedding_lookup(matrix.T, upstream)


def _lookup_up_to_last_filled_row(weights: Any) -> np.ndarray:
    rows, ids = np.nonzero(np.asarray(weights, dtype=float))
    result = np.zeros((rows.max(initial=-1) + 1, TABLE.shape[1]))
    np.add.at(result, rows, TABLE[ids] * np.asarray(weights, dtype=float)[rows, ids][:, None])
    return result


def _weights_problem(weights: Any) -> str:
    values = np.asarray(weights, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(TABLE) or not 1 <= len(values) <= 10:
        return f"give a matrix of 1 to 10 rows and {len(TABLE)} columns, got shape {values.shape}"
    return "" if np.isfinite(values).all() else "every weight has to be finite"


@st.composite
def _stored_matrices(draw: st.DrawFn) -> Any:
    """Draw a small matrix in CSR or CSC, its entries in any order and often repeated."""
    rows = draw(st.integers(1, 3))
    entry = st.tuples(st.integers(0, rows - 1), st.integers(0, 3), st.integers(-2, 3))
    entries = draw(st.lists(entry, max_size=6))
    row, column, data = (np.array([e[k] for e in entries], dtype=np.int64) for k in range(3))
    by_rows = draw(st.booleans())
    major, minor, sides = (row, column, rows) if by_rows else (column, row, 4)
    order = np.argsort(major, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=sides))])
    parts = (data[order].astype(float), minor[order], starts)
    return (sp.csr_array if by_rows else sp.csc_array)(parts, shape=(rows, 4))


predict_lookup = Prediction(
    name="predict_lookup",
    answer=lambda: _lookup(_WEIGHTS, TABLE),
    because="1.5 times the first table row plus 2 times the last; 3.5 times the third.",
    hint="Each nonzero names a table row by its column and says how much of it to take.",
    misconceptions={
        "that adds up the rows without their weights": lambda: (_WEIGHTS != 0) @ TABLE,
        "that divides by the sum of the weights; nothing asks for a mean here": lambda: (
            embeddings.sparse_embedding_lookup(_WEIGHTS, TABLE, combiner="mean")
        ),
        "that counts the columns from 1": lambda: _WEIGHTS @ np.roll(TABLE, 1, axis=0),
    },
)

lookup = Exercise(
    name="lookup",
    reference=_lookup,
    cases=[
        Case(
            "the matrix of step 1",
            (sp.csr_array(_WEIGHTS), TABLE),
            "the version you were given gets this one right",
        ),
        Case(
            "CSC input",
            (sp.csc_array(_WEIGHTS), TABLE),
            "nonzero() goes along the rows and .data down the columns: weights change places",
            hint="sp.coo_array(matrix) has rows, columns and values in one and the same order.",
        ),
        Case(
            "a stored zero",
            (_csr([1.5, 0.0, 3.5], [0, 1, 2], [0, 2, 3]), TABLE),
            "nonzero() leaves it out and .data keeps it, so their lengths differ",
            hint="Take all three arrays from one object, and a stored zero does no harm.",
        ),
        Case(
            "duplicates",
            (_csr([1.0, 2.0, 3.0], [1, 1, 0], [0, 3]), TABLE),
            "an entry given twice counts as the sum of both",
            hint="np.add.at adds every entry; result[rows] += … keeps only the last of a row.",
        ),
        Case(
            "an empty row at the end",
            (_csr([2.0], [3], [0, 1, 1]), TABLE),
            "the result has as many rows as the matrix",
        ),
        Case("a wider table", (sp.csr_array(_WEIGHTS), np.eye(4, 7)), "the table sets the width"),
    ],
    hint="Which row, which column and which value belong together? Take them from one place.",
    search=st.tuples(_stored_matrices(), st.just(TABLE)),
)

lookup_gradient = Exercise(
    name="lookup_gradient",
    reference=_lookup_gradient,
    cases=[
        Case(
            "the matrix of step 1",
            (sp.csr_array(_WEIGHTS), np.array([[1.0, 0.0], [0.0, 1.0]])),
            "column 1 is empty, so row 1 of the table gets no gradient",
            hint="The result has one row per row of the table, the unused ones included.",
        ),
        Case(
            "an id that two rows use",
            (_csr([1.0, 2.0], [3, 3], [0, 1, 2]), np.array([[1.0, 2.0], [10.0, 20.0]])),
            "its gradients add up",
            hint="Row j collects from every row of the matrix in which column j is filled.",
        ),
        Case(
            "an empty row",
            (_csr([5.0], [0], [0, 0, 1]), np.array([[7.0, 7.0], [1.0, 1.0]])),
            "what it would pass on reaches no table row",
        ),
        Case(
            "no nonzeros",
            (_csr([], [], [0, 0]), np.array([[1.0, 1.0]])),
            "every gradient is 0, yet the shape is that of the table",
        ),
        Case("CSC input", (sp.csc_array(_WEIGHTS), np.ones((2, 3))), "the format must not matter"),
    ],
    hint="The lookup is a matrix product; what is the gradient of A @ E with respect to E?",
    search=_stored_matrices().map(
        lambda matrix: (matrix, np.arange(1.0, 2 * matrix.shape[0] + 1).reshape(-1, 2))
    ),
)

break_row_count = Breaking(
    name="break_row_count",
    suspect=_lookup_up_to_last_filled_row,
    reference=lambda weights: _lookup(np.asarray(weights, dtype=float), TABLE),
    refusal=_weights_problem,
    hint="The function learns how many rows there are from the entries. Which row has none?",
)
