"""The checks of notebook 01 catch what learners get wrong."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import sparse
from course_utils.checks import TODO, Status
from course_utils.checks import notebook_01 as check


def mask_per_row(matrix):
    """Left-align as the source document does it."""
    rows, columns = matrix.nonzero()
    aligned = np.zeros_like(columns)
    for row in np.unique(rows):
        mask = rows == row
        aligned[mask] = np.arange(mask.sum())
    return sp.coo_array((matrix.data, (rows, aligned)), shape=matrix.shape).tocsr()


def aligned_columns(csr):
    counts = np.diff(csr.indptr)
    columns = np.arange(csr.nnz) - np.repeat(csr.indptr[:-1], counts)
    return sp.csr_array((csr.data, columns, csr.indptr), shape=csr.shape)


def right(matrix):
    csr = sp.csr_array(matrix, copy=True)
    csr.sum_duplicates()
    csr.eliminate_zeros()
    return aligned_columns(csr)


def ignores_storage(matrix):
    return aligned_columns(sp.csr_array(matrix))


def drops_empty_rows(matrix):
    csr = right(matrix)
    return csr[np.diff(csr.indptr) > 0]


def masks_the_data(matrix):
    rows, _ = matrix.nonzero()
    data = matrix.data[matrix.data != 0]
    aligned = np.concatenate([np.arange(count) for count in np.unique_counts(rows).counts] + [[]])
    return sp.csr_array((data, (rows, aligned.astype(int))), shape=matrix.shape)


def forgets_to_sort(matrix):
    csr = sp.csr_array(matrix, copy=True)
    csr.eliminate_zeros()
    return aligned_columns(csr)


def sorts_only(matrix):
    csr = sp.csr_array(matrix, copy=True)
    csr.eliminate_zeros()
    csr.sort_indices()
    return aligned_columns(csr)


def zeros_before_the_sum(matrix):
    csr = sp.csr_array(matrix, copy=True)
    csr.eliminate_zeros()
    csr.sum_duplicates()
    return aligned_columns(csr)


def sorts_by_value(matrix):
    dense = matrix.toarray()
    return sp.csr_array(-np.sort(-dense, axis=1))


def trims(matrix):
    return sparse.left_align(matrix, trim=True)


def loses_negative_values(matrix):
    dense = matrix.toarray()
    order = np.argsort(dense <= 0, axis=1, kind="stable")
    return sp.csr_array(np.take_along_axis(dense, order, axis=1))


def fails_without_nonzeros(matrix):
    csr = right(matrix)
    csr.data[0] = csr.data.flat[0]
    return csr


@pytest.mark.parametrize(
    ("attempt", "status", "texts"),
    [
        (lambda matrix: TODO, Status.NOT_ATTEMPTED, ["not attempted"]),
        (right, Status.RIGHT, ["✓ left_align: 7 of 7 cases"]),
        (lambda matrix: sparse.left_align(matrix).tocoo(), Status.RIGHT, ["7 of 7"]),
        (lambda matrix: print(matrix), Status.RETURNED_NONE, ["0 of 7", "return"]),
        (lambda matrix: matrix, Status.WRONG, ["0 of 7", "the number of nonzeros before it"]),
        (lambda matrix: right(matrix).toarray(), Status.WRONG, ["instead of a sparse array"]),
        (sorts_by_value, Status.WRONG, ["0 of 7", "the matrix of step 3"]),
        (trims, Status.WRONG, ["0 of 7", "shape (3, 2) instead of (3, 4)"]),
        (drops_empty_rows, Status.WRONG, ["1 of 7", "an empty row", "shape (2, 3)"]),
        (mask_per_row, Status.RAISED, ["2 of 7", "a stored zero", "ValueError"]),
        (ignores_storage, Status.WRONG, ["2 of 7", "stored: data [5 0 8 2]"]),
        (masks_the_data, Status.WRONG, ["3 of 7", "CSC input", "csc_array"]),
        (forgets_to_sort, Status.WRONG, ["4 of 7", "unsorted indices", "indices [3 1 2 0]"]),
        (sorts_only, Status.WRONG, ["5 of 7", "duplicates", "stored: data [1 2 6]"]),
        (zeros_before_the_sum, Status.WRONG, ["6 of 7", "cancel", "Which has to come first"]),
        (loses_negative_values, Status.WRONG, ["not in general", "smallest counter-example"]),
        (fails_without_nonzeros, Status.RAISED, ["not in general", "IndexError"]),
    ],
)
def test_left_align(attempt, status, texts):
    outcome = check.left_align.judge(attempt)
    assert outcome.status is status, outcome.message
    for text in texts:
        assert text in outcome.message, outcome.message


def test_left_align_tells_the_whole_story(capsys):
    check.left_align(ignores_storage)
    assert capsys.readouterr().out.splitlines() == [
        "✗ left_align: 2 of 7 cases",
        "  case      a stored zero – nonzero() leaves it out and .data keeps it, so the two no "
        "longer belong together",
        "  input     csr_array, int64:",
        "            [[5 0 0 8]",
        "             [0 2 0 0]]",
        "            stored: data [5 0 8 2], indices [0 1 3 1], indptr [0 3 4]",
        "  expected  csr_array, int64:",
        "            [[5 8 0 0]",
        "             [2 0 0 0]]",
        "  got       csr_array, int64:",
        "            [[5 0 8 0]",
        "             [2 0 0 0]]",
        "            stored: data [5 0 8 2], indices [0 1 2 0], indptr [0 3 4]",
        "  problem   other values",
        "  hint      eliminate_zeros() drops stored zeros; call it on a copy, for it works in "
        "place.",
    ]


def test_every_case_of_left_align_has_its_own_hint():
    hints = [case.hint for case in check.left_align.cases]
    assert len(hints) == len(set(hints)) == 7
    assert all(hints)


@pytest.mark.parametrize(
    ("prediction", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([0, 1, 1, 4, 5, 5], Status.RIGHT, "[0, 1, 1, 4, 5, 5]"),
        (np.array([0, 1, 1, 4, 5, 5]), Status.RIGHT, "starts where the one before it ends"),
        ([1, 0, 3, 1, 0], Status.WRONG, "lengths of the lists"),
        ([1, 1, 4, 5, 5], Status.WRONG, "starts somewhere, too"),
        ([0, 1, 1, 4, 5], Status.WRONG, "where does the last list end?"),
        ([0, 1, 4, 5], Status.WRONG, "an empty list has a start as well"),
        ([1, 2, 2, 5, 6, 6], Status.WRONG, "the first position is 0"),
        ([0, 1, 2, 4, 5, 5], Status.WRONG, "other values"),
        (None, Status.RETURNED_NONE, "in place of TODO"),
    ],
)
def test_predict_row_splits(prediction, status, text):
    outcome = check.predict_row_splits.judge(prediction)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message


def splits_as_given(rows, num_rows):
    return np.concatenate([[0], np.cumsum(np.bincount(rows))])


def splits_of_occupied_rows(rows, num_rows):
    return np.concatenate([[0], np.cumsum(np.unique_counts(rows).counts)])


def splits_one_too_long(rows, num_rows):
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=num_rows + 1))])


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda rows, num_rows: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (
            lambda rows, num_rows: np.searchsorted(rows, np.arange(num_rows + 1)),
            Status.RIGHT,
            "✓ row_splits: 4 of 4 cases",
        ),
        (splits_as_given, Status.WRONG, "an empty row at the end"),
        (splits_of_occupied_rows, Status.WRONG, "an empty row in the middle"),
        (splits_one_too_long, Status.WRONG, "0 of 4"),
        (lambda rows, num_rows: np.bincount(rows, minlength=num_rows), Status.WRONG, "0 of 4"),
        (lambda rows, num_rows: np.append(rows, num_rows), Status.WRONG, "0 of 4"),
    ],
)
def test_row_splits(attempt, status, text):
    outcome = check.row_splits.judge(attempt)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message


@pytest.mark.parametrize(
    ("class_sizes", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([128], Status.RIGHT, "got       [-128]"),
        ([3, 200, 1], Status.RIGHT, "got       [  3 -56   1]"),
        ([0, 256], Status.RIGHT, "got       [0 0]"),
        ([127, 127], Status.WRONG, "survives"),
        ([60, 80], Status.WRONG, "survives"),
        ([2.5], Status.WRONG, "give a list of whole numbers"),
        ([True], Status.WRONG, "give a list of whole numbers"),
        (128, Status.WRONG, "give a list of whole numbers"),
        ([], Status.WRONG, "give a list of whole numbers"),
        ([-1], Status.WRONG, "between 0 and 100,000"),
        ([10**9], Status.WRONG, "between 0 and 100,000"),
        (None, Status.RETURNED_NONE, "in place of TODO"),
    ],
)
def test_break_class_sizes(class_sizes, status, text):
    outcome = check.break_class_sizes.judge(class_sizes)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message
