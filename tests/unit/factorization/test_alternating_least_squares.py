"""Alternating least squares: oracles for one step, the objective, planted factors, refusals."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import datasets
from course_utils.factorization import SVD, als, alternating_least_squares, truncated_svd
from course_utils.metrics import rmse


def table(rows=9, cols=7, share=0.5, seed=0):
    rng = np.random.default_rng(seed)
    known = rng.random((rows, cols)) < share
    known[0] = False  # a row without a rating
    return rng.standard_normal((rows, cols)), known


def stored(values, known):
    row, col = np.nonzero(known)
    return sp.csr_array((values[known], (row, col)), shape=values.shape)


def objective(values, known, rows, columns, l2):
    errors = (values - rows @ columns.T)[known]
    return np.sum(errors**2) + l2 * (np.sum(rows**2) + np.sum(columns**2))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_columns_are_the_best_answer_to_the_rows(seed, share):
    values, known = table(20, 12, share, seed)
    rows, columns = alternating_least_squares(stored(values, known), 3, l2=0.7, rounds=4, seed=seed)
    oracle = SVD(np.empty(0), np.empty(0), rows.T).fold_in(values.T, known.T, l2=0.7)
    np.testing.assert_allclose(columns, oracle, atol=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_rows_of_the_first_round_answer_to_normal_vectors_of_length_one(scale):
    """A vector of k numbers of variance 1 / k has a length of about 1."""
    values, known = table(20, 12)
    values *= scale
    rows, _ = alternating_least_squares(stored(values, known), 3, l2=0.7, rounds=1, seed=5)
    start = np.random.default_rng(5).standard_normal((3, 12)) / np.sqrt(3)
    oracle = SVD(np.empty(0), np.empty(0), start).fold_in(values, known, l2=0.7)
    np.testing.assert_allclose(rows, oracle, atol=1e-9 * scale)


def test_there_are_ten_rounds_by_default_from_the_seed_zero():
    ratings = stored(*table())
    default = alternating_least_squares(ratings, 2, l2=0.5)
    for rounds, same in ((10, True), (11, False)):
        found = alternating_least_squares(ratings, 2, l2=0.5, rounds=rounds, seed=0)
        assert np.array_equal(found.rows, default.rows) == same


def test_each_of_many_rows_is_answered_as_if_it_were_alone():
    """More rows than are solved together."""
    values, known = table(3 * als._BLOCK, 5)
    rows, _ = alternating_least_squares(stored(values, known), 2, l2=0.7, rounds=1)
    start = np.random.default_rng(0).standard_normal((2, 5)) / np.sqrt(2)
    oracle = SVD(np.empty(0), np.empty(0), start).fold_in(values, known, l2=0.7)
    np.testing.assert_allclose(rows, oracle, atol=1e-9)


def test_factors_that_the_type_cannot_hold_are_refused():
    """The column starts with less than 0.2, so the row gets more than five times the rating."""
    assert abs(np.random.default_rng(0).standard_normal()) < 0.2
    ratings = sp.csr_array(np.array([[3e38]], np.float32))
    with pytest.raises(ValueError, match="that float32 can hold, got infinity") as error:
        alternating_least_squares(ratings, 1, l2=1e-3, rounds=1)
    assert str(error.value).startswith("the factors of the rows must be numbers that float32 can")
    alternating_least_squares(ratings.astype(float), 1, l2=1e-3, rounds=1)


def test_every_round_lowers_the_objective():
    values, known = table()
    ratings = stored(values, known)
    steps = [
        objective(values, known, *alternating_least_squares(ratings, 2, l2=0.3, rounds=n), l2=0.3)
        for n in range(1, 8)
    ]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] < steps[0]


def test_both_ways_of_counting_agree(monkeypatch):
    ratings = stored(*table())
    results = []
    for share in (0.0, 1.0):
        monkeypatch.setattr(als, "_DENSE_SHARE", share)
        results.append(alternating_least_squares(ratings, 2, l2=0.5))
    for dense, sparse in zip(*results, strict=True):
        np.testing.assert_allclose(dense, sparse, rtol=1e-8, atol=1e-12)


def test_whole_table_gives_the_truncated_svd():
    values = np.diag([9.0, 5.0, 1.0, 0.5]) @ np.linalg.qr(table(4, 4)[0])[0]
    rows, columns = alternating_least_squares(
        stored(values, np.ones((4, 4), dtype=bool)), 2, l2=1e-9, rounds=100
    )
    np.testing.assert_allclose(rows @ columns.T, truncated_svd(values, 2).reconstruct(), atol=1e-5)


def test_planted_factors_are_found_where_nobody_rated():
    planted = datasets.planted_interactions(200, 60, 2, density=0.3, noise=0.0, seed=0)
    ratings = planted.observed
    ratings.data -= 3
    rows, columns = alternating_least_squares(ratings, 2, l2=0.01, rounds=20)
    truth = planted.truth - 3
    error = rmse(truth, rows @ columns.T, where=~planted.mask)
    assert error < 0.05 * np.std(truth)
    zeros_in_gaps = truncated_svd(ratings, 2).reconstruct()
    assert rmse(truth, zeros_in_gaps, where=~planted.mask) > 0.5 * np.std(truth)


def test_stored_zero_is_a_rating_and_a_gap_is_not():
    gap = sp.csr_array(([4.0, 2.0, 2.0], ([0, 0, 1], [0, 1, 0])), shape=(2, 2))
    zero = sp.csr_array(([4.0, 2.0, 2.0, 0.0], ([0, 0, 1, 1], [0, 1, 0, 1])), shape=(2, 2))
    guesses = []
    for ratings in (gap, zero):
        rows, columns = alternating_least_squares(ratings, 1, l2=1e-3, rounds=50)
        guesses.append((rows @ columns.T)[1, 1])
    assert guesses[0] == pytest.approx(1.0, abs=0.01)
    assert abs(guesses[1] - 1.0) > 0.1


def test_unknown_rows_are_predicted_as_zero():
    rows, _ = alternating_least_squares(stored(*table()), 2, l2=0.5)
    assert not rows[0].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_follows_the_input(dtype):
    found = alternating_least_squares(stored(*table()).astype(dtype), 2, l2=0.5)
    assert found.rows.dtype == found.columns.dtype == found.reconstruct().dtype == dtype


@pytest.mark.parametrize("form", ["coo", "csc", "csr"])
def test_format_does_not_matter_and_input_stays(form):
    ratings = stored(*table()).asformat(form)
    before = ratings.toarray()
    rows, _ = alternating_least_squares(ratings, 2, l2=0.5)
    np.testing.assert_array_equal(ratings.toarray(), before)
    np.testing.assert_allclose(
        rows, alternating_least_squares(ratings.tocsr(), 2, l2=0.5)[0], rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"ratings": np.eye(3)}, TypeError, "sparse array.*got ndarray"),
        ({"ratings": sp.csr_array((0, 3))}, ValueError, "at least one row and column"),
        ({"l2": 0}, ValueError, "above 0, got 0"),
        ({"l2": np.nan}, ValueError, "above 0"),
        ({"rounds": 0}, ValueError, "at least 1, got 0"),
        ({"rounds": 1.5}, TypeError, "got 1.5"),
        ({"k": 4}, ValueError, "from 1 to 3"),
        ({"k": 1.5}, TypeError, "integer"),
        ({"ratings": sp.csr_array([[np.inf, 1.0]])}, ValueError, "finite"),
    ],
)
def test_refusals(change, error, words):
    options = {"ratings": sp.eye_array(3, format="csr"), "k": 1, "l2": 1.0} | change
    with pytest.raises(error, match=words):
        alternating_least_squares(options.pop("ratings"), options.pop("k"), **options)
