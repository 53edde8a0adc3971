"""The checks of *Align and index sparse matrices* catch what learners get wrong."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from judging import assert_judged

from course_utils import sparse
from course_utils.checks import TODO, Status
from course_utils.checks import align_and_index as check


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


def loops_over_slices(matrix):
    csr = right(matrix)
    for start, stop in pairwise(csr.indptr):
        csr.indices[start:stop] = np.arange(stop - start)
    return csr


def dense_in(dtype=None):
    """Left-align a dense copy row by row, into zeros of a dtype of its own."""

    def attempt(matrix):
        dense = matrix.toarray()
        aligned = np.zeros(dense.shape, dense.dtype if dtype is None else dtype)
        for row, values in enumerate(dense):
            nonzeros = values[values != 0]
            aligned[row, : len(nonzeros)] = nonzeros
        return sp.csr_array(aligned)

    return attempt


def knows_no_bool(matrix):
    aligned = right(matrix)
    return aligned.astype(np.int8) if aligned.dtype == bool else aligned


def unstable_beyond_16_columns(matrix):
    """What np.argsort(dense == 0, axis=1) does without kind="stable"."""
    if matrix.shape[1] <= 16:
        return right(matrix)
    return right(sp.csr_array(matrix)[:, ::-1])


def changes_its_input(matrix):
    result = right(matrix)
    matrix.data[:] = 0
    return result


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
    aligned = right(matrix)
    return aligned[:, : np.diff(aligned.indptr).max(initial=0)]


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
        (lambda matrix: right(matrix).tocoo(), Status.RIGHT, ["7 of 7"]),
        (lambda matrix: print(matrix), Status.RETURNED_NONE, ["0 of 7", "return"]),
        (lambda matrix: matrix, Status.WRONG, ["0 of 7", "the number of nonzeros before it"]),
        (lambda matrix: right(matrix).toarray(), Status.WRONG, ["instead of a sparse array"]),
        (sorts_by_value, Status.WRONG, ["0 of 7", "the matrix of step 2"]),
        (trims, Status.WRONG, ["0 of 7", "shape (4, 2) instead of (4, 4)"]),
        (drops_empty_rows, Status.WRONG, ["0 of 7", "the empty row", "shape (3, 4)"]),
        (mask_per_row, Status.RAISED, ["2 of 7", "a stored zero", "ValueError"]),
        (ignores_storage, Status.WRONG, ["2 of 7", "stored: data [5 0 8 2]"]),
        (masks_the_data, Status.WRONG, ["3 of 7", "CSC input", "csc_array"]),
        (forgets_to_sort, Status.WRONG, ["4 of 7", "unsorted indices", "indices [3 1 2 0]"]),
        (sorts_only, Status.WRONG, ["5 of 7", "duplicates", "stored: data [1 2 6]"]),
        (zeros_before_the_sum, Status.WRONG, ["6 of 7", "cancel", "When do you look for zeros"]),
        (loses_negative_values, Status.WRONG, ["not in general", "smallest counter-example"]),
        (loops_over_slices, Status.RIGHT, ["7 of 7"]),
        (dense_in(), Status.RIGHT, ["7 of 7"]),
        (
            dense_in(np.float64),
            Status.WRONG,
            ["1 of 7", "float64 instead of float32", "Which array"],
        ),
        (dense_in(np.float32), Status.WRONG, ["0 of 7", "float32 instead of float64"]),
        (dense_in(np.int64), Status.WRONG, ["0 of 7", "int64 instead of float64"]),
        (knows_no_bool, Status.WRONG, ["not in general", "int8 instead of bool"]),
        (unstable_beyond_16_columns, Status.WRONG, ["not in general", "other values"]),
        (changes_its_input, Status.WRONG, ["0 of 7", "input was changed", "Work on a copy"]),
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
        "  hint      A stored zero is no nonzero: it has to be gone before anything is counted.",
    ]


def test_every_case_has_its_own_hint():
    hints = [case.hint for case in check.left_align.cases]
    assert len(hints) == len(set(hints)) == 7
    assert all(hints)


def test_feedback_of_left_align_names_no_method_to_call():
    texts = [text for case in check.left_align.cases for text in (case.reason, case.hint)]
    methods = ("eliminate_zeros", "sum_duplicates", "sort_indices", "csr_array", "tocsr")
    assert not [text for text in texts for method in methods if method in text]


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
        ([0, 1, 4, 5, 5], Status.WRONG, "in the middle has a start"),
        ([0, 1, 2, 5, 6, 7], Status.WRONG, "takes no position"),
        ([1, 2, 2, 5, 6, 6], Status.WRONG, "the first position is 0"),
        ([0, 1, 2, 4, 5, 5], Status.WRONG, "other values"),
        (None, Status.RETURNED_NONE, "in place of TODO"),
    ],
)
def test_predict_row_splits(prediction, status, text):
    assert_judged(check.predict_row_splits, prediction, status, text)


@pytest.mark.parametrize(
    ("class_sizes", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([128], Status.RIGHT, "got       [-128]"),
        ([3, 200, 1], Status.RIGHT, "got       [  3 -56   1]"),
        ([0, 256], Status.RIGHT, "got       [0 0]"),
        ([300], Status.RIGHT, "got       [44]"),
        ([128] * 10, Status.RIGHT, "broken"),
        ([128] * 11, Status.WRONG, "ten classes at most"),
        ([100_001], Status.WRONG, "between 0 and 100,000"),
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
    assert_judged(check.break_class_sizes, class_sizes, status, text)


def overall_by_sums(averages, sizes):
    total, count = np.zeros(averages.shape[1]), 0
    for average, size in zip(averages, sizes, strict=True):
        if size:
            total += size * average
            count += size
    return total / count


def overall_by_repeating(averages, sizes):
    return np.repeat(averages, sizes.astype(int), axis=0).mean(axis=0)


def overall_by_nan_to_num(averages, sizes):
    return (np.nan_to_num(averages) * sizes[:, np.newaxis]).sum(axis=0) / sizes.sum()


def overall_in_place(averages, sizes):
    averages[sizes == 0] = 0
    return sizes @ averages / sizes.sum()


def forgets_the_empty_class_at_the_end(averages, sizes):
    last = len(sizes) - (sizes[-1] == 0)
    return sizes[:last] @ averages[:last] / sizes.sum()


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda averages, sizes: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (overall_by_sums, Status.RIGHT, "4 of 4"),
        (overall_by_repeating, Status.RIGHT, "4 of 4"),
        (overall_by_nan_to_num, Status.RIGHT, "4 of 4"),
        (lambda a, s: np.average(a[s > 0], axis=0, weights=s[s > 0]), Status.RIGHT, "4 of 4"),
        (lambda a, s: np.nansum(a * (s / s.sum())[:, None], axis=0), Status.RIGHT, "4 of 4"),
        (lambda a, s: list(overall_by_sums(a, s)), Status.RIGHT, "4 of 4"),
        (lambda a, s: np.einsum("k,kj->j", s / s.sum(), np.nan_to_num(a)), Status.RIGHT, "4 of 4"),
        (lambda a, s: a.mean(axis=0), Status.WRONG, "counts ten times"),
        (lambda a, s: np.nanmean(a, axis=0), Status.WRONG, "counts ten times"),
        (lambda a, s: np.median(a, axis=0), Status.WRONG, "counts ten times"),
        (lambda a, s: s @ a / s.sum(), Status.WRONG, "leave the empty class out"),
        (lambda a, s: np.average(a, axis=0, weights=s), Status.WRONG, "leave the empty class out"),
        (lambda a, s: s[s > 0] @ a[s > 0] / len(s), Status.WRONG, "average of six images"),
        (lambda a, s: s[s > 0] @ a[s > 0], Status.WRONG, "0 of 4"),
        (lambda a, s: a.mean(axis=1), Status.WRONG, "shape (2,) instead of (1,)"),
        (lambda a, s: float(np.nanmean(a)), Status.WRONG, "one number for each pixel"),
        (lambda a, s: np.round(overall_by_sums(a, s), 1), Status.WRONG, "2 of 4"),
        (lambda a, s: overall_by_sums(a, s)[:3], Status.WRONG, "not in general"),
        (lambda a, s: np.abs(overall_by_sums(a, s)), Status.WRONG, "not in general"),
        (forgets_the_empty_class_at_the_end, Status.WRONG, "leave the empty class out"),
        (overall_in_place, Status.WRONG, "the input was changed"),
        (lambda a, s: print(overall_by_sums(a, s)), Status.RETURNED_NONE, "return"),
        (lambda a, s: a.average(), Status.RAISED, "AttributeError"),
    ],
)
def test_overall_average(attempt, status, text):
    assert_judged(check.overall_average, attempt, status, text)


def bytewise(matrix):
    """Go by way of a list of lists, which any form gives."""
    dense = np.asarray(matrix.todense())
    lists = [[value for value in row if value] for row in dense]
    padded = [row + [0] * (dense.shape[1] - len(row)) for row in lists]
    return sp.csr_array(np.array(padded, dtype=matrix.dtype).reshape(dense.shape))


def by_coordinates(matrix):
    coo = sp.coo_array(matrix, copy=True)
    coo.sum_duplicates()
    keep = coo.data != 0
    order = np.lexsort((coo.col[keep], coo.row[keep]))
    row, data = coo.row[keep][order], coo.data[keep][order]
    first = np.searchsorted(row, row)
    return sp.coo_array((data, (row, np.arange(len(row)) - first)), shape=coo.shape)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (bytewise, Status.RIGHT, "7 of 7"),
        (by_coordinates, Status.RIGHT, "7 of 7"),
        (lambda matrix: right(matrix).tolil(), Status.RIGHT, "7 of 7"),
        (lambda matrix: right(matrix).todok(), Status.RIGHT, "7 of 7"),
        (lambda matrix: right(matrix.tocsc().tocsr()), Status.RIGHT, "7 of 7"),
        (sparse.left_align, Status.WRONG, "write it yourself"),
        (lambda matrix: right(matrix.tocoo(copy=True)).T, Status.WRONG, "0 of 7"),
        (lambda matrix: right(matrix).toarray(), Status.WRONG, "0 of 7"),
        (lambda matrix: (matrix.data, matrix.indices, right(matrix))[2], Status.RAISED, "indices"),
    ],
)
def test_left_align_in_other_forms(attempt, status, text):
    assert_judged(check.left_align, attempt, status, text)


@pytest.mark.parametrize(
    ("class_sizes", "status", "text"),
    [
        ((128,), Status.RIGHT, "broken"),
        (np.array([128]), Status.RIGHT, "broken"),
        (np.array([200], dtype=np.uint8), Status.RIGHT, "broken"),
        ([np.int16(500)], Status.RIGHT, "broken"),
        ([127, 128], Status.RIGHT, "broken"),
        ([100_000], Status.RIGHT, "broken"),
        ([65_536], Status.RIGHT, "broken"),
        ([[128]], Status.WRONG, "give a list of whole numbers"),
        ("128", Status.WRONG, ""),
        ({128}, Status.WRONG, ""),
        ([127], Status.WRONG, "survives"),
        ([0], Status.WRONG, "survives"),
        ([1] * 10, Status.WRONG, "survives"),
        ([float("nan")], Status.WRONG, ""),
    ],
)
def test_break_class_sizes_in_other_forms(class_sizes, status, text):
    assert_judged(check.break_class_sizes, class_sizes, status, text)
