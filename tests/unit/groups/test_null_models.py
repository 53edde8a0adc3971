"""Preparing a table, and null models."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import groups


def ratings_table(seed, rows=7, cols=5):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((rows, cols)) < 0.5, rng.integers(1, 6, (rows, cols)), 0.0)


class TestCentreObserved:
    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=30, deadline=None)
    def test_agrees_with_a_loop_over_nan_means(self, seed):
        table = ratings_table(seed)
        expected = table.copy()
        for column in expected.T:
            rated = column != 0
            if rated.any():
                column[rated] -= column[rated].mean()
        assert np.allclose(groups.centre_observed(table).toarray(), expected)

    def test_keeps_cells_and_dtype(self):
        table = sp.csr_array(ratings_table(0).astype(np.float32))
        centred = groups.centre_observed(table)
        assert centred.dtype == np.float32
        assert (centred.nnz, centred.format) == (table.nnz, "csr")
        assert np.array_equal(table.toarray(), ratings_table(0))

    def test_counts_a_stored_zero_as_a_rating(self):
        table = sp.csr_array(([0.0, 4.0], ([0, 1], [0, 0])), shape=(3, 1))
        assert groups.centre_observed(table).toarray().ravel().tolist() == [-2, 2, 0]

    def test_adds_up_duplicates_without_changing_the_input(self):
        table = sp.coo_array(([1.0, 2.0, 5.0], ([0, 0, 1], [0, 0, 0])), shape=(2, 1))
        assert groups.centre_observed(table).toarray().ravel().tolist() == [-1, 1]
        assert table.nnz == 3

    def test_does_it_once(self):
        once = groups.centre_observed(ratings_table(1))
        assert np.allclose(groups.centre_observed(once).toarray(), once.toarray())

    @pytest.mark.parametrize(
        ("table", "message"),
        [([1.0, 2.0], r"2-D, got .*shape \(2,\)"), ([[np.nan, 1.0]], "finite, got nan")],
    )
    def test_refuses(self, table, message):
        with pytest.raises(ValueError, match=message):
            groups.centre_observed(table)


class TestNullModels:
    def test_permuted_columns_keep_values_and_lose_relations(self):
        column = np.arange(500.0)
        table = np.column_stack([column, column])
        permuted = groups.permute_columns(table, np.random.default_rng(0))
        assert np.array_equal(np.sort(permuted, axis=0), table)
        assert abs(np.corrcoef(permuted.T)[0, 1]) < 0.15
        assert np.array_equal(table[:, 0], column)

    def test_every_order_of_a_column_is_as_likely(self):
        rng = np.random.default_rng(0)
        table = np.repeat([[1], [2], [3]], 6000, axis=1)
        permuted = groups.permute_columns(table, rng)
        counts = np.unique(permuted, axis=1, return_counts=True)[1]
        assert len(counts) == 6
        assert np.all(np.abs(counts - 1000) < 150)

    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=30, deadline=None)
    def test_shuffled_ratings_keep_cells_and_columns(self, seed):
        table = ratings_table(seed)
        shuffled = groups.shuffle_ratings(table, np.random.default_rng(seed)).toarray()
        assert np.array_equal(shuffled > 0, table > 0)
        assert np.array_equal(np.sort(shuffled, axis=0), np.sort(table, axis=0))

    def test_shuffled_ratings_take_every_order(self):
        table = np.repeat([[1.0], [0.0], [2.0], [3.0]], 6000, axis=1)
        shuffled = groups.shuffle_ratings(table, np.random.default_rng(0)).toarray()
        counts = np.unique(shuffled, axis=1, return_counts=True)[1]
        assert len(counts) == 6
        assert np.all(np.abs(counts - 1000) < 150)

    def test_matched_gaussian_has_the_mean_and_covariance(self):
        rng = np.random.default_rng(0)
        points = rng.standard_normal((20_000, 3)) ** 2 @ [[1, 2, 0], [0, 1, 0], [0, 0, 3]] + 5
        drawn = groups.matched_gaussian(points, rng)
        assert drawn.shape == points.shape
        assert np.allclose(drawn.mean(axis=0), points.mean(axis=0), atol=0.15)
        assert np.allclose(np.cov(drawn.T), np.cov(points.T), rtol=0.06, atol=0.4)
        skew = np.mean((drawn - drawn.mean(axis=0)) ** 3, axis=0) / drawn.std(axis=0) ** 3
        assert np.all(np.abs(skew) < 0.1)  # the points have a skewness above 2

    def test_matched_gaussian_stays_in_the_plane_of_the_points(self):
        points = np.random.default_rng(0).standard_normal((50, 1)) @ [[1.0, 2.0, -1.0]]
        drawn = groups.matched_gaussian(points, np.random.default_rng(1))
        assert np.linalg.matrix_rank(drawn - points.mean(axis=0), tol=1e-8) == 1

    @pytest.mark.parametrize(
        "draw", [groups.permute_columns, groups.shuffle_ratings, groups.matched_gaussian]
    )
    def test_a_number_draws_the_same_again_and_a_generator_goes_on(self, draw):
        table = np.random.default_rng(0).integers(1, 99, (12, 3))

        def drawn(*arguments, **options):
            found = draw(table, *arguments, **options)
            return (found.toarray() if sp.issparse(found) else found).tolist()

        assert drawn() == drawn(seed=0) == drawn(seed=np.random.default_rng(0)) != drawn(seed=1)
        assert drawn(1) == drawn(rng=1) == drawn(seed=1) == drawn(1, seed=2)
        rng = np.random.default_rng(5)
        assert drawn(rng) == drawn(seed=5) != drawn(rng)

    def test_types_stay(self):
        table = ratings_table(0).astype(np.float32)
        shuffled = groups.shuffle_ratings(table)
        assert (shuffled.dtype, shuffled.format, shuffled.shape) == (np.float32, "csr", (7, 5))
        assert groups.shuffle_ratings(table.astype(int)).dtype == np.float64
        assert groups.permute_columns(table.astype(np.int8)).dtype == np.int8
        assert groups.matched_gaussian(table).dtype == np.float64

    def test_the_last_rows_and_columns_may_be_empty(self):
        cells = [5.0, 3.0, 1.0, 2.0], ([0, 1, 2, 2], [0, 0, 0, 1])
        table = sp.csr_array(cells, shape=(5, 4))
        for made in (groups.shuffle_ratings(table), groups.centre_observed(table)):
            assert made.shape == (5, 4)
            assert made.nnz == 4
        assert groups.centre_observed(table).toarray()[:3, 0].tolist() == [2, 0, -2]

    def test_fewer_points_than_columns_are_matched_too(self):
        points = np.random.default_rng(0).standard_normal((3, 5))
        draws = np.concatenate([groups.matched_gaussian(points, seed=s) for s in range(400)])
        np.testing.assert_allclose(draws.mean(axis=0), points.mean(axis=0), atol=0.15)
        np.testing.assert_allclose(np.cov(draws.T), np.cov(points.T, bias=True), atol=0.25)
        assert np.linalg.matrix_rank(draws - points.mean(axis=0), tol=1e-8) == 2

    def test_permuting_refuses_one_dimension(self):
        with pytest.raises(ValueError, match="2-D"):
            groups.permute_columns([1, 2], np.random.default_rng(0))
        with pytest.raises(ValueError, match="points must be 2-D"):
            groups.matched_gaussian([1.0, 2.0])
