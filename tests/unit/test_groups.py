"""Groups: preparing a table, null models, the edges of noise, k-means and what is asked of it."""

import itertools

import numpy as np
import pytest
import scipy.integrate
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from course_utils import datasets, groups


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

    def test_permuting_refuses_one_dimension(self):
        with pytest.raises(ValueError, match="2-D"):
            groups.permute_columns([1, 2], np.random.default_rng(0))


class TestMarchenkoPastur:
    @pytest.mark.slow
    @pytest.mark.parametrize(("n", "d", "sigma"), [(3000, 300, 1.0), (1000, 1500, 0.5)])
    def test_holds_the_eigenvalues_of_noise(self, n, d, sigma):
        table = sigma * np.random.default_rng(0).standard_normal((n, d))
        eigenvalues = np.linalg.svd(table, compute_uv=False) ** 2 / n
        lower, upper = groups.marchenko_pastur_edge(n, d, sigma)
        assert eigenvalues.min() == pytest.approx(lower, rel=0.05)
        assert eigenvalues.max() == pytest.approx(upper, rel=0.05)
        middle = (lower + upper) / 2
        share, _ = scipy.integrate.quad(
            lambda x: groups.marchenko_pastur_density([x], n, d, sigma)[0], lower, middle
        )
        assert np.mean(eigenvalues < middle) * len(eigenvalues) / d == pytest.approx(
            share, abs=0.01
        )

    @pytest.mark.parametrize(("n", "d", "total"), [(400, 100, 1.0), (100, 400, 0.25)])
    def test_density_integrates_to_one_and_has_the_variance_as_mean(self, n, d, total):
        lower, upper = groups.marchenko_pastur_edge(n, d, 2.0)

        def density(x):
            return groups.marchenko_pastur_density([x], n, d, 2.0)[0]

        assert scipy.integrate.quad(density, lower, upper)[0] == pytest.approx(total, abs=1e-6)
        mean = scipy.integrate.quad(lambda x: x * density(x), lower, upper)[0]
        assert mean == pytest.approx(4.0, abs=1e-5)

    def test_density_is_zero_outside_and_at_zero(self):
        values = groups.marchenko_pastur_density([0.0, 0.9, 9.1, 100.0], 400, 100, 2.0)
        assert values.tolist() == [0, 0, 0, 0]

    def test_edge_of_the_tutorials_table(self):
        assert groups.marchenko_pastur_edge(10_000, 500, np.sqrt(19 / 12))[1] == pytest.approx(
            2.3706, abs=5e-5
        )

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ((0, 5), ValueError, "n must be an integer of at least 1, got 0"),
            ((5, 2.5), TypeError, "d must be an integer"),
            ((True, 5), TypeError, "n must be an integer"),
            ((5, 5, 0.0), ValueError, "sigma must be a number above 0"),
            ((5, 5, np.inf), ValueError, "sigma must be"),
        ],
    )
    def test_refuses(self, arguments, error, message):
        with pytest.raises(error, match=message):
            groups.marchenko_pastur_edge(*arguments)


def best_inertia(points, k):
    """Try every labelling."""
    return min(
        sum(
            np.sum((points[labels == group] - points[labels == group].mean(axis=0)) ** 2)
            for group in np.unique(labels)
        )
        for labels in map(np.array, itertools.product(range(k), repeat=len(points)))
    )


class TestKMeans:
    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_finds_the_best_of_all_groupings(self, k):
        points = np.random.default_rng(k).standard_normal((7, 2))
        inertia = groups.k_means(points, k, restarts=100).inertia_
        assert inertia == pytest.approx(best_inertia(points, k))

    def test_is_scikit_learns(self):
        points = np.random.default_rng(0).standard_normal((100, 3))
        theirs = KMeans(4, n_init=3, random_state=5).fit(points)
        ours = groups.k_means(points, 4, restarts=3, seed=5)
        assert np.array_equal(ours.labels_, theirs.labels_)

    @pytest.mark.parametrize(
        ("points", "k", "error", "message"),
        [
            ([[1.0], [2.0]], 3, ValueError, "k must be an integer from 1 to 2, got 3"),
            ([[1.0], [2.0]], 0, ValueError, "got 0"),
            ([[1.0], [2.0]], 1.5, TypeError, "got 1.5"),
            ([1.0, 2.0], 1, ValueError, r"shape \(n, d\)"),
            (np.empty((0, 2)), 1, ValueError, "not be empty"),
            ([[np.nan]], 1, ValueError, "finite"),
        ],
    )
    def test_refuses(self, points, k, error, message):
        with pytest.raises(error, match=message):
            groups.k_means(points, k)


@pytest.fixture(scope="module")
def blobs():
    """Three far groups of 30 points, and their labels."""
    labels = np.repeat(np.arange(3), 30)
    centres = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]])
    return centres[labels] + np.random.default_rng(0).standard_normal((90, 2)), labels


class TestGap:
    @pytest.mark.slow
    def test_chooses_the_number_of_far_groups(self, blobs):
        numbers = [1, 2, 3, 4, 5]
        assert groups.choose_k(numbers, *groups.gap_statistic(blobs[0], numbers, draws=8)) == 3

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(3))
    def test_chooses_one_in_a_stretched_cloud(self, seed):
        cloud = np.random.default_rng(seed).standard_normal((200, 2)) * [5.0, 1.0]
        numbers = [1, 2, 3]
        found = groups.gap_statistic(cloud, numbers, draws=10, seed=seed)
        assert groups.choose_k(numbers, *found) == 1

    def test_agrees_with_the_formula(self, blobs):
        points = blobs[0]

        def null(values, rng):
            return values * rng.integers(1, 9)

        factors = np.random.default_rng(4).integers(1, 9, size=6)
        gap, error = groups.gap_statistic(points, [1, 3], null=null, draws=6, seed=4)
        # Inertia grows with the square of the factor, for every number of groups.
        assert gap == pytest.approx([2 * np.log(factors).mean()] * 2)
        assert error == pytest.approx([2 * np.log(factors).std() * np.sqrt(7 / 6)] * 2)

    def test_repeats_itself(self, blobs):
        first, second = (groups.gap_statistic(blobs[0], [1, 2], draws=2, seed=3) for _ in range(2))
        assert np.array_equal(first, second)

    @pytest.mark.parametrize(
        ("points", "numbers", "draws", "message"),
        [
            ([[1.0], [2.0], [3.0]], [3], 5, "each number of groups must be .* from 1 to 2"),
            ([[1.0], [2.0], [3.0]], [1], 1, "draws must be an integer of at least 2"),
            ([[1.0], [1.0], [1.0]], [1], 5, "inertia of 0"),
        ],
    )
    def test_refuses(self, points, numbers, draws, message):
        with pytest.raises(ValueError, match=message):
            groups.gap_statistic(points, numbers, draws=draws)

    @pytest.mark.parametrize(
        ("gap", "error", "expected"),
        [
            ([0.0, 0.9, 0.95], [0.1, 0.1, 0.1], 4),
            ([0.0, 0.9, 0.95], [0.1, 0.1, 0.0], 6),
            ([0.0, 0.5, 0.0], [0.0, 0.5, 0.0], 2),
            ([0.0, 0.5, 0.0], [0.6, 0.4, 0.0], 4),
            ([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], 6),
        ],
    )
    def test_choose_k(self, gap, error, expected):
        assert groups.choose_k([2, 4, 6], gap, error) == expected

    def test_choose_k_of_one_number(self):
        assert groups.choose_k([5], [0.3], [0.1]) == 5

    @pytest.mark.parametrize(
        "arguments", [([], [], []), ([1, 2], [0.0], [0.0, 0.0]), (1, 0.0, 0.0)]
    )
    def test_choose_k_refuses(self, arguments):
        with pytest.raises(ValueError, match="same length of at least 1"):
            groups.choose_k(*arguments)


class TestBootstrapAgreement:
    @pytest.mark.slow
    def test_is_one_for_far_groups_and_low_in_a_round_cloud(self, blobs):
        assert groups.bootstrap_agreement(blobs[0], 3, pairs=4).tolist() == [1, 1, 1, 1]
        cloud = np.random.default_rng(0).standard_normal((300, 10))
        assert groups.bootstrap_agreement(cloud, 3, pairs=4).mean() < 0.4

    def test_is_high_for_a_stretched_cloud_without_groups(self):
        cloud = np.random.default_rng(0).standard_normal((300, 2)) * [10.0, 1.0]
        assert groups.bootstrap_agreement(cloud, 2, pairs=4).mean() > 0.7

    def test_repeats_itself_and_refuses(self, blobs):
        first, second = (groups.bootstrap_agreement(blobs[0], 5, pairs=2) for _ in range(2))
        assert np.array_equal(first, second)
        with pytest.raises(ValueError, match="pairs must be"):
            groups.bootstrap_agreement(blobs[0], 2, pairs=0)


def test_planted_groups_are_found_after_centring_only():
    planted = datasets.planted_interactions(
        300, 100, 4, density=0.25, noise=0.5, seed=1, n_groups=4
    )
    centred = groups.centre_observed(planted.observed).toarray()
    filled = planted.observed.toarray()
    centred_ari, filled_ari = (
        adjusted_rand_score(planted.user_groups, groups.k_means(table, 4).labels_)
        for table in (centred, filled)
    )
    assert centred_ari > 0.8
    assert filled_ari < 0.4
    _, edge = groups.marchenko_pastur_edge(300, 100, centred.std())
    eigenvalues = np.linalg.svd(centred - centred.mean(axis=0), compute_uv=False) ** 2 / 300
    assert np.sum(eigenvalues > edge) == 3
