"""The checks of notebook 03 catch what learners get wrong."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.checks import TODO, Status
from course_utils.checks import notebook_03 as check


def of_the_source(matrix, table):
    """Look up as the source document does."""
    rows, ids = matrix.nonzero()
    result = np.zeros((matrix.shape[0], table.shape[1]))
    np.add.at(result, rows, table[ids] * matrix.data[:, np.newaxis])
    return result


def right_lookup(matrix, table):
    cells = sp.coo_array(matrix)
    result = np.zeros((matrix.shape[0], table.shape[1]))
    np.add.at(result, cells.row, table[cells.col] * cells.data[:, np.newaxis])
    return result


def keeps_the_last(matrix, table):
    cells = sp.coo_array(matrix)
    result = np.zeros((matrix.shape[0], table.shape[1]))
    result[cells.row] += table[cells.col] * cells.data[:, np.newaxis]
    return result


def drops_the_last_row(matrix, table):
    result = right_lookup(matrix, table)
    return result[: np.flatnonzero(result.any(axis=1)).max(initial=-1) + 1]


def forgets_the_weights(matrix, table):
    return (matrix != 0).astype(float) @ table


def drops_stored_zeros(matrix, table):
    rows, ids = matrix.nonzero()
    values = sp.csr_array(matrix).data
    values = values[values != 0]
    result = np.zeros((matrix.shape[0], table.shape[1]))
    np.add.at(result, rows, table[ids] * values[:, np.newaxis])
    return result


def test_predict_lookup():
    assert check.predict_lookup.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.predict_lookup.judge([[9.5, 95], [10.5, 105]]).status is Status.RIGHT


@pytest.mark.parametrize(
    ("answer", "explanation"),
    [
        ([[5, 50], [3, 30]], "without their weights"),
        ([[9.5 / 3.5, 95 / 3.5], [3, 30]], "asks for a mean"),
        ([[1.5 * 4 + 2 * 3, 120], [7, 70]], "columns from 1"),
        ([[9.5, 95]], "shape"),
    ],
)
def test_predict_lookup_explains(answer, explanation):
    outcome = check.predict_lookup.judge(answer)
    assert outcome.status is Status.WRONG
    assert explanation in outcome.message


@pytest.mark.parametrize(
    "attempt", [right_lookup, drops_stored_zeros, lambda matrix, table: matrix @ table]
)
def test_lookup(attempt):
    assert check.lookup.judge(lambda matrix, table: TODO).status is Status.NOT_ATTEMPTED
    assert check.lookup.judge(lambda matrix, table: None).status is Status.RETURNED_NONE
    assert check.lookup.judge(attempt).status is Status.RIGHT


@pytest.mark.parametrize(
    ("attempt", "case"),
    [
        (of_the_source, "CSC input"),
        (keeps_the_last, "the matrix of step 1"),
        (drops_the_last_row, "an empty row at the end"),
        (forgets_the_weights, "the matrix of step 1"),
        (lambda m, t: of_the_source(sp.csr_array(m), t), "a stored zero"),
    ],
)
def test_lookup_catches(attempt, case):
    outcome = check.lookup.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert case in outcome.message


@pytest.mark.parametrize(
    "attempt", [lambda matrix, g: matrix.T @ g, lambda matrix, g: matrix.toarray().T @ g]
)
def test_lookup_gradient(attempt):
    assert check.lookup_gradient.judge(lambda matrix, g: TODO).status is Status.NOT_ATTEMPTED
    assert check.lookup_gradient.judge(attempt).status is Status.RIGHT


def used_rows_only(matrix, upstream):
    gradient = matrix.T @ upstream
    return gradient[gradient.any(axis=1)]


def last_wins(matrix, upstream):
    cells = sp.coo_array(matrix)
    gradient = np.zeros((matrix.shape[1], upstream.shape[1]))
    gradient[cells.col] = upstream[cells.row] * cells.data[:, np.newaxis]
    return gradient


@pytest.mark.parametrize(
    ("attempt", "case"),
    [
        (lambda matrix, g: matrix @ g, "the matrix of step 1"),
        (used_rows_only, "the matrix of step 1"),
        (last_wins, "an id that two rows use"),
        (lambda matrix, g: (matrix != 0).T @ g, "the matrix of step 1"),
    ],
)
def test_lookup_gradient_catches(attempt, case):
    outcome = check.lookup_gradient.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert case in outcome.message


@pytest.mark.parametrize("weights", [[[1, 0, 0, 0], [0, 0, 0, 0]], [[0, 0, 0, 0]]])
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
    ],
)
def test_break_row_count_catches(weights, message):
    outcome = check.break_row_count.judge(weights)
    assert outcome.status is Status.WRONG
    assert message in outcome.message
