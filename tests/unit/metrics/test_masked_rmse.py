"""`metrics.masked_rmse`: hidden cells only, and an interval that covers as often as it says."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.metrics import masked_rmse, rmse


def world(rows=200, columns=30, seed=0):
    rng = np.random.default_rng(seed)
    where = rng.random((rows, columns)) < 0.2
    truth = rng.standard_normal((rows, columns)) + rng.standard_normal((rows, 1))
    cells = np.nonzero(where)
    return sp.csr_array((truth[cells], cells), shape=truth.shape), truth, where


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_only_hidden_cells_count(form):
    hidden, truth, where = world()
    prediction = truth + np.where(where, 0.5, 99)
    assert masked_rmse(hidden.asformat(form), prediction).rmse == pytest.approx(0.5)
    prediction[~where] = np.nan
    assert masked_rmse(hidden, prediction).rmse == pytest.approx(0.5)
    noise = np.random.default_rng(1).standard_normal(truth.shape)
    assert masked_rmse(hidden, noise).rmse == pytest.approx(rmse(truth, noise, where=where))


def test_a_hidden_zero_counts():
    hidden = sp.csr_array(([0.0, 2.0], [0, 1], [0, 2]), shape=(1, 2))
    assert masked_rmse(hidden, [[3.0, 2.0]]).rmse == pytest.approx(np.sqrt(4.5))


def test_interval_is_that_of_drawing_rows():
    hidden, truth, where = world(60)
    rng, errors = np.random.default_rng(5), []
    prediction = np.zeros_like(truth)
    for _ in range(4000):
        rows = rng.integers(60, size=60)
        errors.append(np.sqrt((truth[rows] ** 2)[where[rows]].mean()))
    score = masked_rmse(hidden, prediction, resamples=4000, level=0.9)
    assert (score.low, score.high) == pytest.approx(np.quantile(errors, [0.05, 0.95]), abs=0.01)
    assert score.low < score.rmse < score.high


def test_interval_is_wider_than_that_of_single_cells():
    """Cells of a row share an error, so there is less to be learnt from them than from others."""
    hidden, truth, where = world(200)
    score = masked_rmse(hidden, np.zeros_like(truth))
    squares = truth[where] ** 2
    naive = 2 * 1.96 * squares.std() / np.sqrt(squares.size) / (2 * score.rmse)
    assert score.high - score.low > 1.3 * naive


def test_difference_to_a_baseline_on_the_same_draws():
    hidden, truth, _ = world()
    good, bad = 0.5 * truth, np.zeros_like(truth)
    score = masked_rmse(hidden, good, baseline=bad)
    alone = [masked_rmse(hidden, values) for values in (good, bad)]
    assert score.rmse == pytest.approx(alone[0].rmse - alone[1].rmse)
    assert score.high < 0
    assert masked_rmse(hidden, bad, baseline=bad) == (0, 0, 0)
    shifted = masked_rmse(hidden, truth + 0.2, baseline=truth + 0.3)
    assert tuple(shifted) == pytest.approx((-0.1, -0.1, -0.1))


def test_rows_without_hidden_cells_change_nothing():
    hidden, truth, _ = world()
    padded = sp.csr_array(sp.vstack([hidden, sp.csr_array((50, 30))]))
    more = np.vstack([truth, np.ones((50, 30))])
    assert masked_rmse(padded, 0 * more) == masked_rmse(hidden, 0 * truth)


def test_refuses():
    hidden, truth, where = world()
    with pytest.raises(TypeError, match="hidden must be a scipy sparse array"):
        masked_rmse(truth, truth)
    with pytest.raises(ValueError, match=r"same shape, got \(200, 30\) and \(30, 200\)"):
        masked_rmse(hidden, truth.T)
    with pytest.raises(ValueError, match="must hold at least one cell"):
        masked_rmse(sp.csr_array((2, 3)), np.zeros((2, 3)))
    with pytest.raises(
        ValueError, match="prediction must be finite in every hidden cell, got nan in row"
    ):
        masked_rmse(hidden, np.where(where, np.nan, truth))
    with pytest.raises(ValueError, match="level must be a number above 0 and below 1"):
        masked_rmse(hidden, truth, level=1.0)
