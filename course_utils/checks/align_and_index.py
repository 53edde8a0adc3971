"""Checks of *Align and index sparse matrices*."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from course_utils import sparse
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

_MATRIX = np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 0, 3, 1]])
_WITH_EMPTY_ROW = np.insert(_MATRIX, 1, 0, axis=0)
_LISTS = [[4], [], [7, 1, 6], [2], []]


def _csr(data: list[int], indices: list[int], indptr: list[int], columns: int) -> sp.csr_array:
    parts = (np.array(data), np.array(indices), np.array(indptr))
    return sp.csr_array(parts, shape=(len(indptr) - 1, columns))


# Forms that cannot hold a cell twice.
_WITHOUT_DUPLICATES = [sp.lil_array, sp.dok_array, sp.dia_array, sp.bsr_array]


@st.composite
def _stored_matrices(draw: st.DrawFn) -> tuple[Any]:
    """Draw a matrix in any form; in CSR, CSC and COO in any order and often with duplicates."""
    # NumPy's sorting that is not stable changes the order only beyond 16 numbers.
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 20))
    entry = st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1), st.integers(-2, 9))
    entries = draw(st.lists(entry, max_size=16))
    row, column, data = (np.array([e[k] for e in entries], dtype=np.int64) for k in range(3))
    dtype = draw(st.sampled_from([np.int64, np.float32, np.float64, np.bool_]))
    if dtype is np.bool_:  # whether a sum of booleans stays one, the statement leaves free
        _, once = np.unique(row * columns + column, return_index=True)
        row, column, data = row[once], column[once], data[once]
    # Halves, where the dtype has them, show that somebody went by way of the integers.
    data = (data if dtype in (np.int64, np.bool_) else data / 2).astype(dtype)
    kind = draw(st.sampled_from([sp.csr_array, sp.csc_array, sp.coo_array, *_WITHOUT_DUPLICATES]))
    if kind in _WITHOUT_DUPLICATES:
        return (kind(sp.coo_array((data, (row, column)), shape=(rows, columns))),)
    if kind is sp.coo_array:
        return (sp.coo_array((data, (row, column)), shape=(rows, columns)),)
    major, minor, sides = (row, column, rows) if kind is sp.csr_array else (column, row, columns)
    order = np.argsort(major, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=sides))])
    return (kind((data[order], minor[order], starts), shape=(rows, columns)),)


def _overall_average(averages: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    there = sizes > 0
    return np.average(averages[there], axis=0, weights=sizes[there])


@st.composite
def _classes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw averages and sizes of classes, of which some are empty and not all."""
    classes, pixels = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    sizes = np.array(draw(st.lists(st.integers(0, 200), min_size=classes, max_size=classes)))
    sizes[draw(st.integers(0, classes - 1))] += 1
    cells = st.sampled_from([0.0, 0.5, 1.0, -2.0, 255.0])
    flat = draw(st.lists(cells, min_size=classes * pixels, max_size=classes * pixels))
    averages = np.array(flat).reshape(classes, pixels)
    averages[sizes == 0] = np.nan
    return averages, sizes.astype(draw(st.sampled_from(["i8", "i4", "f8"])))


def _class_sizes_in_int8(class_sizes: list[int]) -> np.ndarray:
    indices = np.repeat(np.arange(len(class_sizes)), class_sizes)
    indicator = sparse.index_to_indicator(indices, len(class_sizes), dtype=np.int8)
    return (indicator.T @ indicator).diagonal()


def _class_sizes_problem(class_sizes: Any) -> str:
    sizes = np.asarray(class_sizes)
    if sizes.ndim != 1 or sizes.size == 0 or sizes.dtype.kind not in "iu":
        return "give a list of whole numbers, one for each class, such as [2, 1, 3]"
    if sizes.size > 10:
        return "ten classes at most; one is enough"
    if sizes.min() < 0 or sizes.max() > 100_000:
        return "a class has between 0 and 100,000 members"
    return ""


_lengths = [len(values) for values in _LISTS]

left_align = Exercise(
    name="left_align",
    reference=sparse.left_align,
    cases=[
        Case(
            "the matrix of step 2",
            # In float64, so that whoever builds the result with np.zeros meets the next case.
            (sp.csr_array(_WITH_EMPTY_ROW, dtype=np.float64),),
            "you know the answer; the empty row is a row of the result, too",
            hint="The new column of a nonzero is the number of nonzeros before it in its row.",
        ),
        Case(
            "another dtype",
            (sp.csr_array(_MATRIX / 2, dtype=np.float32),),
            "float32 takes half the memory of float64, as long as nobody converts it on the way",
            hint="Which array of the result has the dtype of its values, and what did you fill it "
            "with?",
        ),
        Case(
            "a stored zero",
            (_csr([5, 0, 8, 2], [0, 1, 3, 1], [0, 3, 4], 4),),
            "nonzero() leaves it out and .data keeps it, so the two no longer belong together",
            hint="A stored zero is no nonzero: it has to be gone before anything is counted.",
        ),
        Case(
            "CSC input",
            (sp.csc_array(_MATRIX),),
            "its .data runs down the columns, so values land in rows that are not theirs",
            hint="In which form does .data run along the rows? Every other form leads there.",
        ),
        Case(
            "unsorted indices",
            (_csr([8, 5, 1, 3], [3, 1, 2, 0], [0, 2, 4], 4),),
            "a row may be stored in any order, and the order to keep is that of the columns",
            hint="In a row of the matrix the columns rise. Do they in `indices`?",
        ),
        Case(
            "duplicates",
            (_csr([1, 2, 6], [2, 2, 0], [0, 2, 3], 4),),
            "two entries of one cell are one number, their sum",
            hint="How many entries does row 0 store, and how many nonzeros does it have?",
        ),
        Case(
            "duplicates that cancel",
            (_csr([4, -4, 7], [1, 1, 3], [0, 3], 4),),
            "4 and -4 in one cell leave a zero, which appears only once they are added up",
            hint="When do you look for zeros, before this one appears or after?",
        ),
    ],
    hint="Compare dtype and shape, then row by row: what was lost, changed or put elsewhere?",
    search=_stored_matrices(),
    without=("course_utils.sparse.left_align", "course_utils.sparse.to_ragged"),
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
        "an empty list in the middle has a start as well": lambda: [0, 1, 4, 5, 5],
        "an empty list takes no position": lambda: [0, 1, 2, 5, 6, 7],
        "in Python the first position is 0": lambda: [1, 2, 2, 5, 6, 6],
    },
)

overall_average = Exercise(
    name="overall_average",
    reference=_overall_average,
    cases=[
        Case(
            "two classes of one size",
            (np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([3, 3])),
            "here the average of the averages is right, and only here",
            hint="The result has one number for each pixel, the average of six images.",
        ),
        Case(
            "ten and one",
            (np.array([[1.0], [12.0]]), np.array([10, 1])),
            "ten images at 1 and one at 12 add up to 22, so the average of eleven is 2",
            hint="A class of ten images counts ten times.",
        ),
        Case(
            "a class without images",
            (np.array([[0.5, 0.0], [np.nan, np.nan], [0.0, 1.0]]), np.array([2, 0, 6])),
            "its average is nan, and it has no say in the average of all",
            hint="0 times nan is nan: leave the empty class out before you multiply.",
        ),
        Case(
            "one class alone",
            (np.array([[np.nan] * 3, [0.1, 0.2, 0.3]]), np.array([0, 1])),
            "the average of one image is that image",
            hint="What do you divide by? By the number of images, not of classes.",
        ),
    ],
    hint="From average and size follows the sum of each class; add up the sums.",
    search=_classes(),
)

break_class_sizes = Breaking(
    name="break_class_sizes",
    suspect=_class_sizes_in_int8,
    reference=np.asarray,
    refusal=_class_sizes_problem,
    hint="Each 1 fits into a byte. Which number has to fit as well?",
)
