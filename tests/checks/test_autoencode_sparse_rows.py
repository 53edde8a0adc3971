"""The checks of *Autoencode sparse rows* catch what learners get wrong."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import autoencode_sparse_rows as check

# --- predict_loss -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        [6, -3, 0.75],
        (6.0, -3.0, 0.75),
        np.array([6, -3, 0.75]),
        [6, -3, Fraction(3, 4)],
        [1 + 0 + 4 + 1, 3 * (3 - 4), (6 - 3) / 4],
    ],
)
def test_predict_loss(answer):
    assert_judged(check.predict_loss, answer, Status.RIGHT)


@pytest.mark.parametrize(
    ("answer", "explanation"),
    [
        ([6, -3, 3], "all four"),
        ([4, -3, 0.25], "only the output of the stored cell"),
        ([6, 21, 6.75], "x + 2y"),
        ([6, 3, 2.25], "x − 2y"),
        ([6, -3], "hint"),
        ([6, -3, 0.7], "hint"),
    ],
)
def test_predict_loss_explains(answer, explanation):
    assert_judged(check.predict_loss, answer, Status.WRONG, explanation)


# --- sparse_loss --------------------------------------------------------------------------------


def of_the_page(output, target):
    """Compute as the exercise's faulty version does."""
    rows, columns = target.nonzero()
    stored, found = target.data, output[rows, columns]
    correction = stored * (stored - 2 * found)
    return (np.sum(output**2) + np.sum(correction)) / target.nnz


def by_coo(output, target):
    cells = sp.coo_array(target, copy=True)
    cells.sum_duplicates()
    found = output[cells.row, cells.col]
    return (np.sum(output**2) + np.sum(cells.data * (cells.data - 2 * found))) / output.size


def by_csr(output, target):
    tidy = sp.csr_array(target, copy=True)
    tidy.sum_duplicates()
    rows = np.repeat(np.arange(tidy.shape[0]), np.diff(tidy.indptr))
    found = output[rows, tidy.indices]
    return ((output**2).sum() + (tidy.data * (tidy.data - 2 * found)).sum()) / output.size


def by_products(output, target):
    target = target.tocsr()
    target = target + sp.csr_array(target.shape)  # a sum of two matrices has no duplicates
    cross = target.multiply(output).sum()
    return (np.sum(output**2) + target.power(2).sum() - 2 * cross) / output.size


def by_a_loop(output, target):
    cells = sp.coo_array(target)
    sums = {}
    for row, column, value in zip(cells.row, cells.col, cells.data, strict=True):
        sums[row, column] = sums.get((row, column), 0) + value
    total = float(np.sum(output**2))
    for (row, column), value in sums.items():
        total += value * (value - 2 * output[row, column])
    return total / output.size


def by_norm(output, target):
    return np.linalg.norm(output - target.todense()) ** 2 / output.size


def by_fraction(output, target):
    return Fraction(dense(output, target))


def without_dimensions(output, target):
    return np.array(dense(output, target))


def dense(output, target):
    return np.square(output - target.toarray()).mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [by_coo, by_csr, by_products, by_a_loop, dense, by_norm, by_fraction, without_dimensions],
)
def test_sparse_loss(attempt):
    assert_judged(check.sparse_loss, attempt, Status.RIGHT)


def mean_over_all_cells_only(output, target):
    return of_the_page(output, target) * target.nnz / output.size


def duplicates_one_by_one(output, target):
    cells = sp.coo_array(target)
    found = output[cells.row, cells.col]
    return (np.sum(output**2) + np.sum(cells.data * (cells.data - 2 * found))) / output.size


def csr_only(output, target):
    if not hasattr(target, "indptr"):
        raise AttributeError("indptr")
    return by_csr(output, target)


def changes_the_target(output, target):
    if target.format in ("csr", "csc", "coo"):
        target.sum_duplicates()
    return by_coo(output, target)


def writes_into_the_output(output, target):
    result = dense(output, target)
    output -= target.toarray()
    return result


def sum_instead_of_mean(output, target):
    return by_coo(output, target) * output.size


def per_row(output, target):
    return by_coo(output, target) * output.shape[1]


@pytest.mark.parametrize(
    ("attempt", "part"),
    [
        (of_the_page, "the row of exercise 1"),
        (mean_over_all_cells_only, "CSC input"),
        (lambda o, t: mean_over_all_cells_only(o, sp.csr_array(t)), "a stored zero"),
        (duplicates_one_by_one, "duplicates"),
        (csr_only, "LIL format"),
        (changes_the_target, ""),
        (sum_instead_of_mean, "a full matrix"),
        (per_row, "a full matrix"),
        (lambda o, t: by_coo(o, t) if t.nnz else 0.0, "nothing stored"),
        (lambda o, t: round(by_coo(o, t), 3), ""),
        (lambda o, t: np.sqrt(dense(o, t)), "a full matrix"),
        (lambda o, t: np.mean(np.abs(o - t.toarray())), "a full matrix"),
        (lambda o, t: np.mean(o**2), "a full matrix"),
        (lambda o, t: dense(o, t) / 2, "a full matrix"),
        (lambda o, t: np.var(o - t.toarray()), "a full matrix"),
        (lambda o, t: np.array([dense(o, t)]), "shape"),
        (lambda o, t: dense(o[:, :4], t.tocsr()[:, :4]), "two rows of twenty"),
        (writes_into_the_output, "was changed"),
    ],
)
def test_sparse_loss_catches(attempt, part):
    outcome = check.sparse_loss.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}, outcome.message
    assert part in outcome.message


def test_sparse_loss_speaks_of_no_version_that_the_page_does_not_give():
    message = check.sparse_loss.judge(lambda o, t: dense(o, t) * o.size).message
    assert "the result is their mean" in message


# --- centred_product ----------------------------------------------------------------------------


def by_mean(matrix, vector):
    return matrix @ vector - matrix.mean(axis=0) @ vector


def by_sum(matrix, vector):
    ones = np.ones(matrix.shape[0])
    return matrix @ vector - ones * (matrix.T @ ones / len(ones) @ vector)


def mean_of_the_product(matrix, vector):
    product = matrix @ vector
    return product - product.mean()


def by_bincount(matrix, vector):
    sums = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.shape[1])
    return matrix.dot(vector) - np.dot(sums / matrix.shape[0], vector)


def by_rows(matrix, vector):
    mean = matrix.sum(axis=0) / matrix.shape[0]
    rows = [matrix[[row]] @ vector for row in range(matrix.shape[0])]
    return np.array([row[0] - mean @ vector for row in rows])


def by_centring_matrix(matrix, vector):
    rows = matrix.shape[0]
    return ((np.eye(rows) - 1 / rows) @ (matrix @ vector)).tolist()


def by_multiply(matrix, vector):
    weighted = matrix.multiply(vector)
    return weighted.sum(axis=1) - weighted.sum() / matrix.shape[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [by_mean, by_sum, mean_of_the_product, by_bincount, by_rows, by_centring_matrix, by_multiply],
)
def test_centred_product(attempt):
    assert_judged(check.centred_product, attempt, Status.RIGHT)


def stored_cells_only(matrix, vector):
    mean = matrix.mean(axis=0)
    centred = sp.csr_array(
        (matrix.data - mean[matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape
    )
    return centred @ vector


def mean_of_filled(matrix, vector):
    counts = np.maximum(np.bincount(matrix.indices, minlength=matrix.shape[1]), 1)
    return matrix @ vector - (matrix.sum(axis=0) / counts) @ vector


def not_centred(matrix, vector):
    return matrix @ vector


def rows_and_columns_swapped(matrix, vector):
    return matrix @ vector - matrix.mean(axis=1) * vector.sum()


def whole_means(matrix, vector):
    return matrix @ vector - (matrix.sum(axis=0) // matrix.shape[0]) @ vector


def matrix_mean_only(matrix, vector):
    return matrix @ vector - matrix.mean() * vector.sum()


def centred_in_place(matrix, vector):
    result = by_mean(matrix, vector)
    matrix.data[:] = 1
    return result


def dense_copy(matrix, vector):
    filled = matrix.toarray()
    return (filled - filled.mean(axis=0)) @ vector


@pytest.mark.parametrize(
    "attempt",
    [
        stored_cells_only,
        mean_of_filled,
        not_centred,
        rows_and_columns_swapped,
        whole_means,
        dense_copy,
        lambda m, v: dense_copy(sp.coo_array(m), v),
        lambda m, v: matrix_mean_only(m, v),
        lambda m, v: m @ (v - v.mean()),
        lambda m, v: m.mean(axis=0) @ v - m @ v,
        lambda m, v: by_mean(m, v)[:, np.newaxis],
        lambda m, v: np.round(by_mean(m, v), 3),
        lambda m, v: m @ v - np.median(m @ v),
        lambda m, v: by_mean(m, v)[:3],
        centred_in_place,
    ],
)
def test_centred_product_catches(attempt):
    assert_judged(check.centred_product, attempt, Status.WRONG)


# --- break_batch_mean ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        ([0, 0, 3], 2),
        (np.array([1.0, 1.0, 4.0]), np.int64(2)),
        ((0, 1, 0, 0), 3),
        ([Fraction(1, 2), 0, 0], 2),
        ([1e-12, 0, 5e-12], 2),
        (range(3), 2),
        ([0, 0, 3], np.array(2)),
        ([0, 0, 3], np.uint8(2)),
        ([1e9, 0, 0], 2),
        (np.array([0, 0, 3], dtype=np.float32), 2),
    ],
)
def test_break_batch_mean(answer):
    outcome = check.break_batch_mean.judge(*answer)
    assert outcome.status is Status.RIGHT, outcome.message


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (([0, 0, 3, 3], 2), "survives"),
        (([2, 2, 2], 2), "survives"),
        (([1, 5, 3], 2), "survives"),
        (([1, 2, 4], 1), "survives"),
        (([1, 2, 4], 7), "survives"),
        (([], 2), "1 to 20"),
        (([1, -2, 4], 2), "negative"),
        (([1, 2, 4], 0), "at least 1"),
        (([1, 2, 4], 1.5), "integer"),
        (([1, 2, float("inf")], 2), "finite"),
        ((["0", "0", "3"], 2), "text"),
        (([[0, 0, 3]], 2), "shape (1, 3)"),
        ((3, 2), "one number"),
        (([0, 0, 3], "2"), "integer"),
        (([0, 0, 3], True), "integer"),
        (([0] * 21, 2), "1 to 20"),
    ],
)
def test_break_batch_mean_catches(answer, part):
    outcome = check.break_batch_mean.judge(*answer)
    assert outcome.status is Status.WRONG
    assert part in outcome.message


# --- all ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["predict_loss", "sparse_loss", "centred_product"])
def test_not_attempted(name):
    exercise = getattr(check, name)
    assert_judged(exercise, TODO, Status.NOT_ATTEMPTED)


def test_break_batch_mean_not_attempted():
    assert check.break_batch_mean.judge(TODO, TODO).status is Status.NOT_ATTEMPTED


@pytest.mark.parametrize("exercise", [check.sparse_loss, check.centred_product])
def test_the_stub(exercise):
    assert exercise.judge(lambda first, second: TODO).status is Status.NOT_ATTEMPTED
    assert exercise.judge(lambda first, second: None).status is Status.RETURNED_NONE
