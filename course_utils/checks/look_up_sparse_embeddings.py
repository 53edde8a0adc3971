"""Checks of *Look up embeddings from a sparse matrix*."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils import embeddings
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, numbers

_WEIGHTS = np.array([[1.5, 0, 0, 2.0], [0, 0, 3.5, 0]])
TABLE = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])


def _csr(data: list[float], indices: list[int], indptr: list[int], ids: int = 4) -> sp.csr_array:
    parts = (np.array(data, dtype=float), np.array(indices, dtype=int), np.array(indptr))
    return sp.csr_array(parts, shape=(len(indptr) - 1, ids))


def _lookup(matrix: Any, table: np.ndarray) -> np.ndarray:
    return embeddings.sparse_embedding_lookup(matrix, table)


def _mean_lookup(matrix: Any, table: np.ndarray) -> np.ndarray:
    totals = matrix.sum(axis=1)
    sums = matrix @ table
    filled = (totals != 0)[:, np.newaxis]
    return np.divide(sums, totals[:, np.newaxis], out=np.zeros(sums.shape), where=filled)


def _weight_gradient(matrix: Any, table: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.einsum("ed,ed->e", table[matrix.indices], upstream[rows])


def _lookup_up_to_last_filled_row(weights: np.ndarray) -> np.ndarray:
    rows, ids = np.nonzero(weights)
    result = np.zeros((rows.max(initial=-1) + 1, TABLE.shape[1]))
    np.add.at(result, rows, TABLE[ids] * weights[rows, ids][:, None])
    return result


def _weights_problem(weights: np.ndarray) -> str:
    if weights.ndim != 2 or weights.shape[1] != len(TABLE) or not 1 <= len(weights) <= 10:
        return f"give a matrix of 1 to 10 rows and {len(TABLE)} columns, got shape {weights.shape}"
    return "" if np.isfinite(weights).all() else "every weight has to be finite"


_FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


@st.composite
def _entries(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]]:
    """Draw entries of a matrix of any shape and scale, in any order and often repeated."""
    rows, ids = draw(st.integers(1, 4)), draw(st.integers(1, 20))
    entry = st.tuples(st.integers(0, rows - 1), st.integers(0, ids - 1), st.integers(-2, 3))
    entries = draw(st.lists(entry, max_size=6))
    row, column, data = (np.array([e[k] for e in entries], dtype=np.int64) for k in range(3))
    return row, column, data * 2.0 ** draw(st.integers(-40, 20)), (rows, ids)


def _table(ids: int, width: int) -> np.ndarray:
    """Rows that are easy to tell apart, with both signs."""
    return np.arange(1.0, ids * width + 1).reshape(ids, width) * np.where(
        np.arange(width) % 2, -1, 1
    )


@st.composite
def _mean_inputs(draw: st.DrawFn) -> Any:
    row, column, data, shape = draw(_entries())
    matrix = sp.coo_array((data, (row, column)), shape=shape)
    table = _table(shape[1], draw(st.integers(1, 3))) * draw(st.sampled_from([1.0, 2.0**-20]))
    return matrix.asformat(draw(st.sampled_from(_FORMATS))), table


@st.composite
def _gradient_inputs(draw: st.DrawFn) -> Any:
    row, column, data, shape = draw(_entries())
    order = np.argsort(row, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))])
    matrix = sp.csr_array((data[order], column[order], starts), shape=shape)
    width = draw(st.integers(1, 3))
    upstream = np.arange(1.0, width * shape[0] + 1).reshape(-1, width)
    return matrix, _table(shape[1], width), upstream * draw(st.sampled_from([1.0, -0.5, 2.0**20]))


def _slopes(sizes: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.diff(np.log(times)) / np.diff(np.log(sizes))


@st.composite
def _curves(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw sizes that rise by any factors, and times in any unit that rise, rest or fall."""
    n = draw(st.integers(2, 6))
    steps = draw(st.lists(st.integers(1, 50), min_size=n, max_size=n))
    sizes = np.cumsum(steps).astype(draw(st.sampled_from(["i8", "f8"])))
    times = np.array(draw(st.lists(st.integers(1, 999), min_size=n, max_size=n)), dtype=float)
    return sizes, times * draw(st.sampled_from([1.0, 1e-9, 1e6]))


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

mean_lookup = Exercise(
    name="mean_lookup",
    reference=_mean_lookup,
    cases=[
        Case(
            "the matrix of step 1",
            (sp.csr_array(_WEIGHTS), TABLE),
            "both rows have weights that add up to 3.5",
            hint="The lookup's rows, each divided by the sum of its weights, not by their number.",
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
            hint="np.add.at adds every entry; sums[rows] += … keeps only the last of a row.",
        ),
        Case(
            "an empty row in the middle",
            (_csr([2.0, 1.0], [3, 0], [0, 1, 1, 2]), TABLE),
            "its weights add up to 0, and 0 / 0 is not a number",
            hint="np.divide has an argument `where`, and zeros to start from can be its `out`.",
        ),
        Case(
            "an empty row at the end",
            (_csr([2.0], [3], [0, 1, 1]), TABLE),
            "the result has as many rows as the matrix",
            hint="np.bincount stops at the largest number it has seen, unless minlength says more.",
        ),
        Case(
            "weights that cancel",
            (_csr([1.0, -1.0, 2.0], [0, 1, 3], [0, 2, 3]), TABLE),
            "the row is not empty, and yet there is nothing to divide by",
            hint="Ask whether the divisor is 0, not whether the row is empty.",
        ),
        Case(
            "integer weights",
            (sp.csr_array(np.array([[2, 0, 0, 2], [0, 3, 0, 0]])), TABLE),
            "the number of stars is an integer, a mean is not",
        ),
        Case(
            "LIL format",
            (sp.lil_array(_WEIGHTS), TABLE),
            "`.data` means something else in every format",
            hint="sp.coo_array(matrix) takes every format.",
        ),
        Case(
            "weights that nearly cancel",
            (_csr([1.0, -1.0 + 2.0**-20], [0, 1], [0, 2]), TABLE),
            "2⁻²⁰ is small, but it is not 0",
            hint="Compare the divisor with 0 itself.",
        ),
        Case(
            "three ids and a wider table",
            (_csr([1.0, 2.0], [2, 0], [0, 2], ids=3), np.arange(21.0).reshape(3, 7)),
            "the table sets the width, and the matrix the number of ids",
        ),
    ],
    hint="Which row, which column and which value belong together? Take them from one place.",
    search=_mean_inputs(),
)

weight_gradient = Exercise(
    name="weight_gradient",
    reference=_weight_gradient,
    cases=[
        Case(
            "a single weight",
            (_csr([3.0], [2], [0, 1]), TABLE, np.array([[1.0, 0.5]])),
            "table row 2 times row 0 of upstream: 3 · 1 + 30 · 0.5",
            hint="A change of the weight moves the result along one table row.",
        ),
        Case(
            "the matrix of step 1",
            (sp.csr_array(_WEIGHTS), TABLE, np.array([[1.0, 0.0], [0.0, 1.0]])),
            "the size of a weight plays no part, only its place does",
            hint="In the order of matrix.data, and each entry with its own row of upstream.",
        ),
        Case(
            "columns out of order",
            (_csr([1.0, 2.0], [3, 0], [0, 2]), TABLE, np.array([[1.0, 1.0]])),
            "the result follows matrix.data, whatever the order of the columns",
            hint="Read the columns from matrix.indices.",
        ),
        Case(
            "a stored zero",
            (_csr([0.0, 2.0], [1, 2], [0, 1, 2]), TABLE, np.array([[1.0, 1.0], [0.0, 2.0]])),
            "it is a weight that could grow, so it has a gradient as well",
            hint="nonzero() leaves stored zeros out; indices and indptr do not.",
        ),
        Case(
            "duplicates",
            (_csr([1.0, 2.0, 5.0], [1, 1, 3], [0, 3]), TABLE, np.array([[2.0, 0.0]])),
            "both entries of the cell are weights, with the same gradient",
        ),
        Case(
            "an empty row",
            (_csr([5.0], [0], [0, 0, 1]), TABLE, np.array([[7.0, 7.0], [1.0, 1.0]])),
            "the first entry stands in row 1",
            hint="np.diff(matrix.indptr) says how many entries each row has.",
        ),
        Case(
            "nothing stored",
            (_csr([], [], [0, 0]), TABLE, np.array([[1.0, 1.0]])),
            "no weight, no gradient: the shape is (0,)",
        ),
        Case(
            "three ids, four numbers each",
            # not integers: of those PyTorch takes no gradient, and it is an honest way to answer
            (
                _csr([2.0, 1.0], [1, 2], [0, 2], ids=3),
                np.arange(12.0).reshape(3, 4),
                np.ones((1, 4)),
            ),
            "neither the 4 ids nor the 2 numbers of step 1 are fixed",
        ),
    ],
    hint="How does the result move when one weight grows, and what does upstream say about that?",
    search=_gradient_inputs(),
)

break_row_count = Breaking(
    name="break_row_count",
    suspect=_lookup_up_to_last_filled_row,
    reference=lambda weights: _lookup(weights.astype(float), TABLE),
    refusal=_weights_problem,
    takes=numbers,
    hint="The function learns how many rows there are from the entries. Which row has none?",
)

slopes = Exercise(
    name="slopes",
    reference=_slopes,
    cases=[
        Case(
            "ten times the nonzeros, ten times the time",
            (np.array([300, 3_000]), np.array([0.5, 5.0])),
            "in proportion: the slope is 1",
            hint="The logarithm of the ratio of the times, divided by that of the sizes.",
        ),
        Case(
            "first flat, then in proportion",
            (np.array([10, 100, 1_000]), np.array([0.25, 0.25, 2.5])),
            "0 where nothing grows; three points have two slopes",
            hint="From each point to the next, times above the line, sizes below: one fewer than "
            "there are points.",
        ),
        Case(
            "twice the size, four times the time",
            (np.array([1.0, 2.0, 4.0]), np.array([3.0, 12.0, 48.0])),
            "2: the cost grows with the square",
            hint="Sizes need not rise tenfold: their logarithms have to be in the result.",
        ),
        Case(
            "steps of different factors",
            (np.array([2, 20, 60, 600]), np.array([1.0, 10.0, 30.0, 300.0])),
            "every slope has its own step along the sizes",
            hint="Divide difference by difference, not by the first step or by the mean of all.",
        ),
        Case(
            "faster for more",
            (np.array([100.0, 1_000.0]), np.array([8.0, 4.0])),
            "a curve may fall, and its slope is negative then",
            hint="Keep the sign: later minus earlier, above and below the line.",
        ),
        Case(
            "in nanoseconds",
            (np.array([3, 9, 81]), np.array([2e-9, 6e-9, 54e-9])),
            "the unit of the time plays no part in a ratio",
            hint="Take logarithms of the numbers as they are, without adding or rounding anything.",
        ),
    ],
    hint="Differences of the logarithms, of the times above and of the sizes below.",
    search=_curves(),
)
