"""Checks of *Autoencode sparse rows*."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, anything, number_list

_ROW = np.array([0.0, 0.0, 3.0, 0.0])
_OUTPUT = np.array([1.0, 0.0, 2.0, 1.0])
_FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


def _parts_of_the_loss(row: np.ndarray, output: np.ndarray) -> list[float]:
    squares, correction = np.sum(output**2), np.sum(row * (row - 2 * output))
    return [float(squares), float(correction), float(np.mean((output - row) ** 2))]


def _sparse_loss(output: np.ndarray, target: Any) -> float:
    return float(np.mean((output - target.toarray()) ** 2))


def _centred_product(matrix: Any, vector: np.ndarray) -> np.ndarray:
    dense = matrix.toarray()
    return (dense - dense.mean(axis=0)) @ vector


def _mean_of_batch_means(errors: list[float], batch_size: int) -> float:
    starts = range(0, len(errors), batch_size)
    return float(np.mean([np.mean(errors[start : start + batch_size]) for start in starts]))


def _mean(errors: list[float], batch_size: int) -> float:
    return float(np.mean(errors))


def _other_mean(expected: float, got: float) -> str:
    same = abs(expected - got) <= 1e-9 * max(abs(expected), abs(got))
    return "" if same else "another mean"


def _batches_problem(errors: list[float], batch_size: Any) -> str:
    if not 1 <= len(errors) <= 20:
        return f"give a list of 1 to 20 errors, got {len(errors)}"
    if not all(np.isfinite(error) and error >= 0 for error in errors):
        return "squared errors are finite and not negative"
    if isinstance(batch_size, bool) or not isinstance(batch_size, int):
        return f"the batch size must be an integer, got {batch_size!r}"
    return "" if batch_size >= 1 else f"the batch size must be at least 1, got {batch_size}"


def _stored(
    rows: list[int], columns: list[int], data: list[float], shape: tuple[int, int]
) -> sp.coo_array:
    return sp.coo_array((np.array(data, dtype=float), (rows, columns)), shape=shape)


@st.composite
def _losses(draw: st.DrawFn) -> Any:
    """Draw an output and a target of any shape, format and scale, with duplicates and zeros."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 20))
    cell = st.tuples(
        st.integers(0, rows - 1), st.integers(0, columns - 1), st.integers(-3, 5).map(float)
    )
    cells = draw(st.lists(cell, max_size=6))
    scale = 2.0 ** draw(st.integers(-20, 20))
    target = _stored(
        [c[0] for c in cells], [c[1] for c in cells], [c[2] * scale for c in cells], (rows, columns)
    )
    values = draw(st.lists(st.integers(-4, 4), min_size=columns, max_size=columns))
    output = np.arange(rows)[:, np.newaxis] + np.array(values, dtype=float)
    return output * scale, target.asformat(draw(st.sampled_from(_FORMATS)))


@st.composite
def _products(draw: st.DrawFn) -> Any:
    """Draw a CSR matrix of any shape and scale, and a vector for it."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 20))
    cell = st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1), st.integers(-3, 5))
    cells = draw(st.lists(cell, max_size=10))
    scale = 2.0 ** draw(st.integers(-20, 20))
    matrix = _stored(
        [c[0] for c in cells], [c[1] for c in cells], [c[2] * scale for c in cells], (rows, columns)
    )
    vector = draw(st.lists(st.integers(-4, 4), min_size=columns, max_size=columns))
    return sp.csr_array(matrix), np.array(vector, dtype=float)


predict_loss = Prediction(
    name="predict_loss",
    answer=lambda: _parts_of_the_loss(_ROW, _OUTPUT),
    because="1 + 0 + 4 + 1 = 6; 3 · (3 − 2 · 2) = −3; and (6 − 3) / 4, a mean over all four cells.",
    hint="The first sum visits every output, the second only the cell where x is not 0.",
    misconceptions={
        "that divides by the one stored cell; the mean is over all four": lambda: [6, -3, 3],
        "that squares only the output of the stored cell": lambda: [4, -3, 0.25],
        "that takes x + 2y for x − 2y": lambda: [6, 21, 6.75],
        "that takes 2y − x, or x − y, for x − 2y": lambda: [6, 3, 2.25],
    },
)

sparse_loss = Exercise(
    name="sparse_loss",
    reference=_sparse_loss,
    cases=[
        Case(
            "a full matrix",
            (np.array([[1.0, 2.0], [0.5, -1.0]]), sp.csr_array([[1.0, 4.0], [2.0, 3.0]])),
            "the squared errors are 0, 4, 2.25 and 16, and the result is their mean",
        ),
        Case(
            "the row of exercise 1",
            (_OUTPUT[np.newaxis], sp.csr_array(_ROW[np.newaxis])),
            "the mean is over all four cells, and only one of them is stored",
            hint="How many cells does the output have?",
        ),
        Case(
            "CSC input",
            (np.array([[1.0, 2.0], [0.0, 1.0]]), sp.csc_array([[1.0, 4.0], [2.0, 3.0]])),
            "nonzero() goes along the rows and .data down the columns: values change places",
            hint="sp.coo_array(target) has rows, columns and values in one and the same order.",
        ),
        Case(
            "a stored zero",
            (
                np.array([[1.0, 3.0, -1.0]]),
                sp.csr_array(([0.0, 2.0, 4.0], [0, 1, 2], [0, 3]), shape=(1, 3)),
            ),
            "nonzero() leaves it out and .data keeps it, so their lengths differ",
            hint="Take all three arrays from one object, and a stored zero does no harm.",
        ),
        Case(
            "duplicates",
            (np.ones((1, 3)), sp.csr_array(([2.0, 1.0], [1, 1], [0, 2]), shape=(1, 3))),
            "the cell holds 3, and 3 · (3 − 2y) is not what 2 and 1 give one by one",
            hint="Add them up first, in a copy: sum_duplicates() changes what it is called on.",
        ),
        Case(
            "nothing stored",
            (np.array([[1.0, -2.0]]), sp.csr_array((1, 2), dtype=float)),
            "what is left is the mean of the squared outputs",
            hint="Nothing may be divided by the number of stored cells: it can be 0.",
        ),
        Case(
            "LIL format",
            (np.ones((2, 3)), sp.lil_array([[0.0, 5.0, 0.0], [-1.0, 0.0, 0.0]])),
            "`.data` means something else in every format",
            hint="sp.coo_array(target) takes every format.",
        ),
        Case(
            "two rows of twenty",
            (np.arange(40.0).reshape(2, 20) / 8, sp.csr_array(np.eye(2, 20, 5) * -3)),
            "neither the four columns nor the sign of exercise 1 is fixed",
        ),
    ],
    hint="Which row, which column and which value belong together, and what is the mean over?",
    search=_losses(),
    search_hint="Try it on the input above, and compare with np.mean((y - x) ** 2) of dense ones.",
)

centred_product = Exercise(
    name="centred_product",
    reference=_centred_product,
    cases=[
        Case(
            "the matrix of this step",
            (sp.csr_array([[4.0, 0.0], [0.0, 0.0], [2.0, 3.0]]), np.array([1.0, 2.0])),
            "A v is (4, 0, 8) and μ · v is 4",
            hint="The mean row times the vector is one number. From what is it subtracted?",
        ),
        Case(
            "a single row",
            (sp.csr_array([[5.0, 0.0, 1.0]]), np.array([1.0, 1.0, 2.0])),
            "a single row is its own mean, so nothing is left",
        ),
        Case(
            "an empty row",
            (sp.csr_array([[6.0], [0.0], [0.0]]), np.array([1.0])),
            "it counts in the mean, and minus the mean is left of it",
            hint="Divide the sums of the columns by the number of rows, not by the filled cells.",
        ),
        Case(
            "a stored zero and duplicates",
            (
                sp.csr_array(([1.0, 2.0, 0.0], [0, 0, 1], [0, 2, 3]), shape=(2, 2)),
                np.array([1.0, -1.0]),
            ),
            "a cell given twice counts as its sum, and a stored zero is a zero",
        ),
        Case(
            "integers",
            (sp.csr_array(np.array([[1, 0], [0, 2]])), np.array([3.0, 1.0])),
            "the mean of integers is a fraction",
        ),
        Case(
            "more columns than rows",
            (sp.csr_array(np.eye(2, 20, 3) * 7), np.arange(20.0)),
            "the result has one number per row",
        ),
    ],
    hint="(A − 1 μ) v = A v − 1 (μ · v): no cell of A is filled.",
    search=_products(),
    without=tuple(
        f"scipy.sparse.{form}_{kind}.{method}"
        for form in _FORMATS
        for kind in ("array", "matrix")
        for method in ("toarray", "todense")
    ),
)

break_batch_mean = Breaking(
    name="break_batch_mean",
    suspect=_mean_of_batch_means,
    reference=_mean,
    refusal=_batches_problem,
    takes=[number_list, anything],
    compare=_other_mean,
    hint="The last batch may be shorter than the others. Whose errors then count for more?",
)
