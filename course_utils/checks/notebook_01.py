"""Checks of notebook 01, Align and index sparse matrices."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils import sparse
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

_MATRIX = np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 0, 3, 1]])
_LISTS = [[4], [], [7, 1, 6], [2], []]


def _csr(data: list[int], indices: list[int], indptr: list[int], columns: int) -> sp.csr_array:
    parts = (np.array(data), np.array(indices), np.array(indptr))
    return sp.csr_array(parts, shape=(len(indptr) - 1, columns))


@st.composite
def _stored_matrices(draw: st.DrawFn) -> tuple[Any]:
    """Draw a small matrix in CSR, CSC or COO, with its entries in any order and often repeated."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    entry = st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1), st.integers(-2, 9))
    entries = draw(st.lists(entry, max_size=6))
    row, column, data = (np.array([e[k] for e in entries], dtype=np.int64) for k in range(3))
    kind = draw(st.sampled_from([sp.csr_array, sp.csc_array, sp.coo_array]))
    if kind is sp.coo_array:
        return (sp.coo_array((data, (row, column)), shape=(rows, columns)),)
    major, minor, sides = (row, column, rows) if kind is sp.csr_array else (column, row, columns)
    order = np.argsort(major, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=sides))])
    return (kind((data[order], minor[order], starts), shape=(rows, columns)),)


def _row_splits(rows: np.ndarray, num_rows: int) -> np.ndarray:
    counts = np.bincount(rows, minlength=num_rows)
    return np.concatenate([[0], np.cumsum(counts)])


def _class_sizes_in_int8(class_sizes: list[int]) -> np.ndarray:
    indices = np.repeat(np.arange(len(class_sizes)), class_sizes)
    indicator = sparse.index_to_indicator(indices, len(class_sizes), dtype=np.int8)
    return (indicator.T @ indicator).diagonal()


def _class_sizes_problem(class_sizes: Any) -> str:
    sizes = np.asarray(class_sizes)
    if sizes.ndim != 1 or sizes.size == 0 or sizes.dtype.kind not in "iu":
        return "give a list of whole numbers, one for each class, such as [2, 1, 3]"
    if sizes.min() < 0 or sizes.max() > 100_000:
        return "a class has between 0 and 100,000 members"
    return ""


_lengths = [len(values) for values in _LISTS]

left_align = Exercise(
    name="left_align",
    reference=sparse.left_align,
    cases=[
        Case(
            "the matrix of step 3",
            (sp.csr_array(_MATRIX),),
            "you know the answer, so you can follow every number",
            hint="The new column of a nonzero is the number of nonzeros before it in its row.",
        ),
        Case(
            "an empty row",
            (sp.csr_array([[0, 5, 0], [0, 0, 0], [0, 3, 1], [0, 0, 0]]),),
            "it stores nothing, yet it is a row of the result",
            hint="np.diff(indptr) counts 0 for such a row; np.unique(rows) never sees it.",
        ),
        Case(
            "a stored zero",
            (_csr([5, 0, 8, 2], [0, 1, 3, 1], [0, 3, 4], 4),),
            "nonzero() leaves it out and .data keeps it, so the two no longer belong together",
            hint="eliminate_zeros() drops stored zeros; call it on a copy, for it works in place.",
        ),
        Case(
            "CSC input",
            (sp.csc_array(_MATRIX),),
            "its .data runs down the columns, so values land in rows that are not theirs",
            hint="sp.csr_array(matrix) takes a sparse array of any format and stores it by rows.",
        ),
        Case(
            "unsorted indices",
            (_csr([8, 5, 1, 3], [3, 1, 2, 0], [0, 2, 4], 4),),
            "a row may be stored in any order, and the order to keep is that of the columns",
            hint="sort_indices() sorts the columns of each row, in place.",
        ),
        Case(
            "duplicates",
            (_csr([1, 2, 6], [2, 2, 0], [0, 2, 3], 4),),
            "two entries of one cell are one number, their sum",
            hint="sum_duplicates() adds them up, in place, and sorts each row while it is there.",
        ),
        Case(
            "duplicates that cancel",
            (_csr([4, -4, 7], [1, 1, 3], [0, 3], 4),),
            "4 and -4 in one cell leave a zero, which appears only once they are added up",
            hint="Which has to come first: sum_duplicates() or eliminate_zeros()?",
        ),
    ],
    hint="Compare row by row: which nonzero was lost, moved too far or merged on the way?",
    search=_stored_matrices(),
)

predict_row_splits = Prediction(
    name="predict_row_splits",
    answer=lambda: np.concatenate([[0], np.cumsum(_lengths)]),
    because="Each list starts where the one before it ends; an empty one ends where it starts.",
    hint="Walk along the values and note the position at which each list starts.",
    misconceptions={
        "these are the lengths of the lists; row_splits adds them up": lambda: _lengths,
        "the first list starts somewhere, too: at 0": lambda: np.cumsum(_lengths),
        "the last entry is missing: where does the last list end?": lambda: [0, 1, 1, 4, 5],
        "an empty list has a start as well": lambda: [0, 1, 4, 5],
        "in Python the first position is 0": lambda: [1, 2, 2, 5, 6, 6],
    },
)

row_splits = Exercise(
    name="row_splits",
    reference=_row_splits,
    cases=[
        Case("every row occupied", (np.array([0, 0, 1, 2, 2]), 3), "nothing is left out here"),
        Case(
            "an empty row in the middle",
            (np.array([0, 0, 2]), 3),
            "bincount counts 0 for a number that it jumps over",
        ),
        Case(
            "an empty row at the end",
            (np.array([0, 0, 1]), 4),
            "bincount stops at the largest number it has seen, and the rows behind it are lost",
        ),
        Case(
            "no nonzeros at all",
            (np.array([], dtype=np.int64), 2),
            "two empty rows are still two rows",
        ),
    ],
    hint="The result always has num_rows + 1 entries. Who tells bincount about num_rows?",
    search=st.integers(1, 4).flatmap(
        lambda num_rows: st.tuples(
            st.lists(st.integers(0, num_rows - 1), max_size=5).map(
                lambda rows: np.array(sorted(rows), dtype=np.int64)
            ),
            st.just(num_rows),
        )
    ),
)

break_class_sizes = Breaking(
    name="break_class_sizes",
    suspect=_class_sizes_in_int8,
    reference=np.asarray,
    refusal=_class_sizes_problem,
    hint="An int8 ends at 127. Which number is it that has to fit?",
)
