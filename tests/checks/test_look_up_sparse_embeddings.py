"""The checks of *Look up embeddings from a sparse matrix* catch what learners get wrong."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_not_right, assert_right

from course_utils.checks import TODO, Status
from course_utils.checks import look_up_sparse_embeddings as check


def of_the_page(matrix, table):
    """Look up as the exercise's faulty version does."""
    rows, ids = matrix.nonzero()
    sums = np.zeros((matrix.shape[0], table.shape[1]))
    np.add.at(sums, rows, table[ids] * matrix.data[:, np.newaxis])
    return sums / np.bincount(rows, weights=matrix.data)[:, np.newaxis]


def right_mean(matrix, table, *, sum_up=np.add.at):
    cells = sp.coo_array(matrix)
    sums = np.zeros((matrix.shape[0], table.shape[1]))
    sum_up(sums, cells.row, table[cells.col] * cells.data[:, np.newaxis])
    totals = matrix.sum(axis=1)[:, np.newaxis]
    return np.divide(sums, totals, out=np.zeros_like(sums), where=totals != 0)


def by_product(matrix, table):
    totals = matrix.sum(axis=1)
    return (matrix @ table) / np.where(totals == 0, np.inf, totals)[:, np.newaxis]


def keep_the_last(sums, rows, contributions):
    sums[rows] += contributions


def keeps_the_last(matrix, table):
    return right_mean(matrix, table, sum_up=keep_the_last)


def drops_the_last_row(matrix, table):
    result = right_mean(matrix, table)
    return result[: np.flatnonzero(result.any(axis=1)).max(initial=-1) + 1]


def nan_for_nothing(matrix, table):
    with np.errstate(invalid="ignore", divide="ignore"):
        return (matrix @ table) / matrix.sum(axis=1)[:, np.newaxis]


def divides_where_filled(matrix, table):
    filled = np.diff(sp.csr_array(matrix).indptr) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (matrix @ table) / matrix.sum(axis=1)[:, np.newaxis]
    return np.where(filled[:, np.newaxis], means, 0)


def cuts_to_integers(matrix, table):
    return right_mean(matrix, table).astype(np.result_type(matrix.dtype, np.int64))


def expects_two_numbers(matrix, table):
    return right_mean(matrix, table)[:, :2]


def only_csr_and_csc(matrix, table):
    if matrix.format not in ("csr", "csc"):
        raise TypeError(matrix.format)
    return right_mean(matrix, table)


def zero_within_a_tolerance(matrix, table):
    totals = matrix.sum(axis=1)
    totals = np.where(np.abs(totals) < 1e-5, np.inf, totals)
    return (matrix @ table) / totals[:, np.newaxis]


def divides_by_the_number(matrix, table):
    counts = np.maximum(np.diff(sp.csr_array(matrix).indptr), 1)
    return (matrix @ table) / counts[:, np.newaxis]


def divides_by_sizes(matrix, table):
    totals = np.abs(matrix.toarray()).sum(axis=1, keepdims=True)
    return (matrix @ table) / np.where(totals == 0, 1, totals)


def keeps_the_sum_at_zero(matrix, table):
    totals = matrix.sum(axis=1)[:, np.newaxis]
    return (matrix @ table) / np.where(totals == 0, 1, totals)


def six_decimals(matrix, table):
    return np.round(right_mean(matrix, table), 6)


def tidies_the_input(matrix, table):
    if hasattr(matrix, "sum_duplicates"):
        matrix.sum_duplicates()
    return right_mean(matrix, table)


def test_predict_lookup():
    assert check.predict_lookup.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.predict_lookup.judge([[9.5, 95], [10.5, 105]]).status is Status.RIGHT


@pytest.mark.parametrize(
    "answer",
    [
        np.array([[9.5, 95], [10.5, 105]], dtype=np.float16),
        [[Fraction(19, 2), 95], [Decimal("10.5"), 105]],
        sp.csr_array([[9.5, 95], [10.5, 105]]),
        (np.array([9.5, 95]), np.array([10.5, 105])),
        np.matrix([[9.5, 95], [10.5, 105]]),
    ],
)
def test_predict_lookup_of_any_type(answer):
    assert check.predict_lookup.judge(answer).status is Status.RIGHT


@pytest.mark.parametrize(
    ("answer", "explanation"),
    [
        ([[5, 50], [3, 30]], "without their weights"),
        ([[9.5 / 3.5, 95 / 3.5], [3, 30]], "asks for a mean"),
        ([[1.5 * 4 + 2 * 3, 120], [7, 70]], "columns from 1"),
        ([[9.5, 95]], "shape"),
        ([[9.5, 95], [10.5]], "rows of different lengths"),
        ([9.5, 95, 10.5, 105], "shape"),
        ([[9.5, 10.5], [95, 105]], "other values"),
        ([["9.5", "95"], ["10.5", "105"]], "text"),
    ],
)
def test_predict_lookup_explains(answer, explanation):
    outcome = check.predict_lookup.judge(answer)
    assert outcome.status is Status.WRONG
    assert explanation in outcome.message


def by_normalised_rows(matrix, table):
    dense = matrix.toarray().astype(float)
    totals = dense.sum(axis=1, keepdims=True)
    shares = np.divide(dense, totals, out=np.zeros_like(dense), where=totals != 0)
    return shares @ table


def by_a_loop_over_rows(matrix, table):
    result = np.zeros((matrix.shape[0], table.shape[1]))
    for row, weights in enumerate(matrix.toarray()):
        if weights.sum() != 0:
            result[row] = weights @ table / weights.sum()
    return result


def with_quiet_warnings(matrix, table):
    totals = np.asarray(matrix.sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (matrix @ table) / totals[:, np.newaxis]
    means[totals == 0] = 0
    return means


def by_slices(matrix, table):
    rows = matrix.tocsr()
    result = []
    for start, end in zip(rows.indptr, rows.indptr[1:], strict=False):
        weights = rows.data[start:end]
        total = weights.sum()
        sums = weights @ table[rows.indices[start:end]]
        result.append(sums / total if total != 0 else np.zeros(table.shape[1]))
    return result


def by_diagonal(matrix, table):
    totals = np.asarray(matrix.sum(axis=1), dtype=float)
    shares = np.divide(1, totals, out=np.zeros_like(totals), where=totals != 0)
    return sp.diags_array(shares) @ (matrix @ table)


def by_bincount(matrix, table):
    cells = sp.coo_array(matrix)
    totals = np.bincount(cells.row, weights=cells.data, minlength=matrix.shape[0])
    totals = np.where(totals == 0, np.inf, totals)
    weighted = cells.data / totals[cells.row]
    result = np.zeros((matrix.shape[0], table.shape[1]))
    np.add.at(result, cells.row, weighted[:, np.newaxis] * table[cells.col])
    return result


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        right_mean,
        by_product,
        by_normalised_rows,
        by_a_loop_over_rows,
        by_bincount,
        with_quiet_warnings,
        by_slices,
        by_diagonal,
    ],
)
def test_mean_lookup(attempt):
    assert check.mean_lookup.judge(lambda matrix, table: TODO).status is Status.NOT_ATTEMPTED
    assert check.mean_lookup.judge(lambda matrix, table: None).status is Status.RETURNED_NONE
    assert check.mean_lookup.judge(attempt).status is Status.RIGHT


@pytest.mark.parametrize(
    ("attempt", "case"),
    [
        (of_the_page, "CSC input"),
        (lambda m, t: of_the_page(sp.csr_array(m), t), "a stored zero"),
        (keeps_the_last, "the matrix of step 1"),
        (lambda m, t: m @ t, "the matrix of step 1"),
        (nan_for_nothing, "an empty row in the middle"),
        (drops_the_last_row, "an empty row at the end"),
        (divides_where_filled, "weights that cancel"),
        (cuts_to_integers, "integer weights"),
        (expects_two_numbers, "three ids and a wider table"),
        (only_csr_and_csc, "LIL format"),
        (zero_within_a_tolerance, "weights that nearly cancel"),
        (divides_by_the_number, "the matrix of step 1"),
        (divides_by_sizes, "weights that cancel"),
        (keeps_the_sum_at_zero, "weights that cancel"),
        (six_decimals, "the smallest counter-example"),
        (tidies_the_input, "duplicates"),
        (lambda m, t: sp.csr_array(right_mean(m, t)), "the matrix of step 1"),
    ],
)
def test_mean_lookup_catches(attempt, case):
    outcome = check.mean_lookup.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert f"case      {case}" in outcome.message


def test_mean_lookup_speaks_of_the_sum_of_the_weights():
    message = check.mean_lookup.judge(divides_by_the_number).message
    assert "divided by the sum of its weights" in message
    assert "you were given" not in message  # the page gives no version of it


def right_weight_gradient(matrix, table, upstream):
    cells = matrix.tocoo()
    return (table[cells.col] * upstream[cells.row]).sum(axis=1)


def from_all_pairs(matrix, table, upstream):
    cells = matrix.tocoo()
    return (upstream @ table.T)[cells.row, cells.col]


def by_einsum(matrix, table, upstream):
    rows = np.searchsorted(matrix.indptr, np.arange(matrix.nnz), side="right") - 1
    return np.einsum("ed,ed->e", table[matrix.indices], upstream[rows])


def by_a_loop(matrix, table, upstream):
    result = []
    for row in range(matrix.shape[0]):
        for place in range(matrix.indptr[row], matrix.indptr[row + 1]):
            result.append(float(table[matrix.indices[place]] @ upstream[row]))
    return result


def by_rows(matrix, table, upstream):
    parts = [
        table[matrix.indices[start:end]] @ upstream[row]
        for row, (start, end) in enumerate(zip(matrix.indptr, matrix.indptr[1:], strict=False))
    ]
    return np.concatenate(parts)


def as_pytorch_differentiates(matrix, table, upstream):
    if any(values.dtype.kind != "f" for values in (matrix.data, table, upstream)):
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return right_weight_gradient(matrix, table, upstream)


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        right_weight_gradient,
        from_all_pairs,
        by_einsum,
        by_a_loop,
        by_rows,
        as_pytorch_differentiates,
    ],
)
def test_weight_gradient(attempt):
    assert check.weight_gradient.judge(lambda m, t, g: TODO).status is Status.NOT_ATTEMPTED
    assert check.weight_gradient.judge(lambda m, t, g: None).status is Status.RETURNED_NONE
    assert check.weight_gradient.judge(attempt).status is Status.RIGHT


def times_the_weight(matrix, table, upstream):
    return right_weight_gradient(matrix, table, upstream) * matrix.data


def without_stored_zeros(matrix, table, upstream):
    rows, ids = matrix.nonzero()
    return (table[ids] * upstream[rows]).sum(axis=1)


def sorted_first(matrix, table, upstream):
    return right_weight_gradient(matrix.sorted_indices(), table, upstream)


def duplicates_added(matrix, table, upstream):
    tidy = matrix.copy()
    tidy.sum_duplicates()
    return right_weight_gradient(
        tidy if len(tidy.data) < len(matrix.data) else matrix, table, upstream
    )


def filled_rows_only(matrix, table, upstream):
    counts = np.diff(matrix.indptr)
    counts = counts[counts > 0]
    rows = np.repeat(np.arange(len(counts)), counts)
    return (table[matrix.indices] * upstream[rows]).sum(axis=1)


@pytest.mark.parametrize(
    ("attempt", "case"),
    [
        (times_the_weight, "a single weight"),
        (lambda m, t, g: m.T @ g, "a single weight"),
        (lambda m, t, g: (g @ t.T)[m.toarray() > 0], "columns out of order"),
        (sorted_first, "columns out of order"),
        (without_stored_zeros, "a stored zero"),
        (duplicates_added, "duplicates"),
        (filled_rows_only, "an empty row"),
        (lambda m, t, g: right_weight_gradient(m, t[:, :2], g[:, :2]), "three ids"),
    ],
)
def test_weight_gradient_catches(attempt, case):
    outcome = check.weight_gradient.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert f"case      {case}" in outcome.message


@pytest.mark.parametrize(
    "weights",
    [
        [[1, 0, 0, 0], [0, 0, 0, 0]],
        [[0, 0, 0, 0]],
        np.array([[0.5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        sp.csr_array([[1, 0, 0, -1], [0, 0, 0, 0]]),
        ((1, 2, 3, 4), (0, 0, 0, 0)),
        [[Fraction(1, 2), 0, 0, 0], [0, 0, 0, 0]],
        [[Decimal("0.1"), 0, 0, 0], [0, 0, 0, 0]],
        [[1e-300, 0, 0, 0], [0, 0, 0, 0]],
        np.array([[1, 0, 0, 0], [0, 0, 0, 0]], dtype=np.uint8),
        sp.lil_array([[1.0, 0, 0, 0], [0, 0, 0, 0]]),
    ],
)
def test_break_row_count(weights):
    assert check.break_row_count.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.break_row_count.judge(weights).status is Status.RIGHT


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[0, 0, 0, 0], [1, 0, 0, 0]], "survives"),
        ([[1, 0, 0, 2], [0, 0, 0, 0], [0, 3, 0, 0]], "survives"),
        ([[1, 0], [0, 0]], "4 columns"),
        ([1, 0, 0, 0], "4 columns"),
        ([[1, 0, 0, float("inf")]], "finite"),
        ([["1", "0", "0", "0"], ["0", "0", "0", "0"]], "text"),
        ([[1, 0, 0, 2], [0, 0, 0]], "different lengths"),
        ([[True, False, False, False], [False] * 4], "write 1 and 0"),
        (np.zeros((11, 4)), "1 to 10 rows"),
        (np.zeros((0, 4)), "1 to 10 rows"),
    ],
)
def test_break_row_count_catches(weights, message):
    outcome = check.break_row_count.judge(weights)
    assert outcome.status is Status.WRONG
    assert message in outcome.message


def slopes_by_loop(sizes, times):
    found = []
    for k in range(len(sizes) - 1):
        rise = math.log(times[k + 1]) - math.log(times[k])
        found.append(rise / (math.log(sizes[k + 1]) - math.log(sizes[k])))
    return found


def slopes_by_ratios(sizes, times):
    return np.log2(times[1:] / times[:-1]) / np.log2(sizes[1:] / sizes[:-1])


def slopes_by_base(sizes, times):
    steps = zip(sizes[1:] / sizes[:-1], times[1:] / times[:-1], strict=True)
    return np.array([math.log(more_time, more) for more, more_time in steps])


def slopes_by_lines(sizes, times):
    x, y = np.log(sizes), np.log(times)
    lines = [np.polyfit(x[k : k + 2], y[k : k + 2], 1) for k in range(len(x) - 1)]
    return np.array([slope for slope, _ in lines])


def slopes_by_matrix(sizes, times):
    differences = np.eye(len(sizes), k=1)[:-1] - np.eye(len(sizes))[:-1]
    return (differences @ np.log10(times)) / (differences @ np.log10(sizes))


def slopes_of_frame(sizes, times):
    logs = pd.DataFrame({"sizes": np.log(sizes), "times": np.log(times)}).diff().iloc[1:]
    return logs["times"] / logs["sizes"]


def slopes_in_place(sizes, times):
    np.log(times, out=times)
    return np.diff(times) / np.diff(np.log(sizes))


RIGHT_SLOPES = [
    slopes_by_loop,
    slopes_by_ratios,
    slopes_by_base,
    slopes_by_lines,
    slopes_by_matrix,
    slopes_of_frame,
    lambda s, t: np.diff(np.log(t)) / np.diff(np.log(s)),
    lambda s, t: np.diff(np.log10(t)) / np.diff(np.log10(s)),
    lambda s, t: tuple(np.diff(np.log(t)) / np.diff(np.log(s))),
    lambda s, t: -np.diff(np.log(t)) / -np.diff(np.log(s)),
    lambda s, t: (np.diff(np.log(t)) / np.diff(np.log(s))).astype(np.float32),
    lambda s, t: np.ediff1d(np.log(t)) / np.ediff1d(np.log(s)),
]


@pytest.mark.parametrize("attempt", RIGHT_SLOPES)
def test_slopes_in_many_styles(attempt):
    assert_right(check.slopes, attempt, "6 of 6 cases")


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (lambda s, t: np.diff(t) / np.diff(s), "ratio of the times"),
        (lambda s, t: np.diff(np.log10(t)), "need not rise tenfold"),
        (lambda s, t: np.log10(t[1:] / t[:-1]), "need not rise tenfold"),
        (lambda s, t: np.diff(np.log(t)) / np.log(10), "need not rise tenfold"),
        (lambda s, t: np.diff(np.log(t)) / np.log(s[1] / s[0]), "not by the first step"),
        (lambda s, t: np.diff(np.log(s)) / np.diff(np.log(t)), "first flat"),
        (lambda s, t: np.polyfit(np.log(s), np.log(t), 1)[0], "0 of 6"),
        (lambda s, t: np.gradient(np.log(t), np.log(s)), "0 of 6"),
        (lambda s, t: np.abs(np.diff(np.log(t)) / np.diff(np.log(s))), "Keep the sign"),
        (lambda s, t: np.diff(np.log(t[::-1])) / np.diff(np.log(s)), "0 of 6"),
        (lambda s, t: np.diff(np.log(t + 1e-9)) / np.diff(np.log(s)), "without adding"),
        (lambda s, t: np.diff(np.log1p(t)) / np.diff(np.log1p(s)), "0 of 6"),
        (lambda s, t: np.round(np.diff(np.log(t)) / np.diff(np.log(s)), 1), "5 of 6|4 of 6"),
        (lambda s, t: np.maximum(np.diff(np.log(t)) / np.diff(np.log(s)), 0), "Keep the sign"),
        (lambda s, t: (t[1:] / t[:-1]) / (s[1:] / s[:-1]), "first flat"),
        (lambda s, t: np.diff(np.log(t), prepend=0) / np.diff(np.log(s), prepend=0), "0 of 6"),
        (lambda s, t: (np.diff(np.log(t)) / np.diff(np.log(s))).astype(np.float16), "6|float16"),
        (lambda s, t: np.diff(np.log(t)) / np.mean(np.diff(np.log(s))), "mean of all"),
        (slopes_in_place, "the input was changed"),
        (lambda s, t: slopes_by_loop(s, t)[-1:], "one fewer than there are points"),
    ],
)
def test_wrong_slopes_are_told_why(attempt, text):
    outcome = assert_not_right(check.slopes, attempt)
    assert any(part in outcome.message for part in text.split("|")), outcome.message
