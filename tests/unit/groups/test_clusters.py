"""k-means, and what is asked of it."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_info, threadpool_limits

from course_utils import datasets, groups
from course_utils.groups import clusters


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

    def test_ten_starts_of_seed_0_unless_told_otherwise(self):
        found = groups.k_means([[0.0], [1.0], [5.0]], 2)
        assert (found.n_clusters, found.n_init, found.random_state) == (2, 10, 0)

    def test_all_of_it_runs_on_one_thread(self, monkeypatch):
        threads = []

        def record(function):
            def recording(*arguments, **options):
                threads.extend(pool["num_threads"] for pool in threadpool_info())
                return function(*arguments, **options)

            return recording

        for name in ("fit", "predict"):
            monkeypatch.setattr(KMeans, name, record(getattr(KMeans, name)))
        with threadpool_limits(2):
            groups.bootstrap_agreement(np.arange(8.0)[:, None], 2, pairs=1)
        assert set(threads) == {1}

    @pytest.mark.parametrize(
        ("points", "k", "error", "message"),
        [
            ([[1.0], [2.0]], 3, ValueError, "k must be an integer from 1 to 2, got 3"),
            ([[1.0], [2.0]], 0, ValueError, "got 0"),
            ([[1.0], [2.0]], 1.5, TypeError, "got 1.5"),
            ([], 1, ValueError, "points must be 2-D"),
            ([1.0, 2.0], 1, ValueError, r"shape \(n, d\)"),
            (np.empty((0, 2)), 1, ValueError, "not be empty"),
            ([[np.nan]], 1, ValueError, "finite"),
        ],
    )
    def test_refuses(self, points, k, error, message):
        with pytest.raises(error, match=message):
            groups.k_means(points, k)

    def test_refuses_no_start(self):
        with pytest.raises(ValueError, match="restarts must be an integer of at least 1, got 0"):
            groups.k_means([[1.0], [2.0]], 1, restarts=0)


@pytest.fixture(scope="module")
def blobs():
    """Three far groups of 30 points, and their labels."""
    labels = np.repeat(np.arange(3), 30)
    centres = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]])
    return centres[labels] + np.random.default_rng(0).standard_normal((90, 2)), labels


@pytest.fixture
def quick_groups(monkeypatch):
    """Groups on either side of the mean, without k-means."""

    def k_means(points, k, *, seed):
        middle = points.mean()
        return SimpleNamespace(
            inertia_=points.var() / k, predict=lambda values: (values[:, 0] > middle).astype(int)
        )

    monkeypatch.setattr(clusters, "k_means", k_means)


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

    def test_the_points_are_compared_with_twenty_clouds_unless_told_otherwise(self, quick_groups):
        points = np.random.default_rng(0).standard_normal((15, 2))
        plain = groups.gap_statistic(points, [1, 2])
        same = groups.gap_statistic(
            points, [1, 2], null=groups.matched_gaussian, draws=20, seed=np.int64(0)
        )
        assert np.array_equal(plain, same)
        assert plain.gap.shape == plain.error.shape == (2,)

    def test_inertias_are_those_of_scikit_learn(self, blobs):
        table = blobs[0][::3]
        rng = np.random.default_rng(2)
        clouds = [groups.matched_gaussian(table, rng) for _ in range(2)]
        logs = [
            [np.log(KMeans(k, n_init=10, random_state=2).fit(each).inertia_) for k in (1, 2, 29)]
            for each in (table, *clouds)
        ]
        gap, error = groups.gap_statistic(table, [1, 2, 29], draws=2, seed=2)
        np.testing.assert_allclose(gap, np.mean(logs[1:], axis=0) - logs[0], rtol=1e-9)
        np.testing.assert_allclose(error, np.std(logs[1:], axis=0) * np.sqrt(1.5), rtol=1e-9)

    def test_repeats_itself(self, blobs):
        first, second = (groups.gap_statistic(blobs[0], [1, 2], draws=2, seed=3) for _ in range(2))
        assert np.array_equal(first, second)

    @pytest.mark.parametrize(
        ("points", "numbers", "draws", "message"),
        [
            ([[1.0], [2.0], [3.0]], [3], 5, "each of numbers must be .* from 1 to 2"),
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

    def test_groups_are_learnt_from_two_resamples_and_compared_on_all_points(self):
        points = np.random.default_rng(0).standard_normal((25, 2))
        rng = np.random.default_rng(3)
        expected = []
        for _ in range(3):
            one, other = (
                KMeans(3, n_init=10, random_state=3).fit(points[rng.integers(25, size=25)])
                for _ in range(2)
            )
            expected.append(adjusted_rand_score(one.predict(points), other.predict(points)))
        found = groups.bootstrap_agreement(points, 3, pairs=3, seed=3)
        np.testing.assert_allclose(found, expected)
        assert 0 < found.min() < found.max() < 1

    def test_twenty_pairs_of_seed_0_unless_told_otherwise(self, quick_groups):
        points = np.random.default_rng(0).standard_normal((9, 1))
        found = groups.bootstrap_agreement(points, 2)
        assert found.shape == (20,)
        assert np.array_equal(found[:2], groups.bootstrap_agreement(points, 2, pairs=2, seed=0))
        assert len(np.unique(found)) > 3
        assert groups.bootstrap_agreement(points, 9, pairs=1).shape == (1,)
        with pytest.raises(ValueError, match="k must be an integer from 1 to 9, got 10"):
            groups.bootstrap_agreement(points, 10)

    def test_repeats_itself_and_refuses(self, blobs):
        first, second = (groups.bootstrap_agreement(blobs[0], 5, pairs=2) for _ in range(2))
        assert np.array_equal(first, second)
        with pytest.raises(ValueError, match="pairs must be"):
            groups.bootstrap_agreement(blobs[0], 2, pairs=0)


def test_a_seed_is_at_most_what_scikit_learn_takes():
    points = np.arange(6.0)[:, None]
    calls = (
        lambda seed: groups.k_means(points, 2, restarts=1, seed=seed).random_state,
        lambda seed: groups.gap_statistic(points, [1], draws=2, seed=seed),
        lambda seed: groups.bootstrap_agreement(points, 1, pairs=1, seed=seed),
    )
    for call in calls:
        with pytest.raises(ValueError, match="seed must be an integer from 0 to 4294967295, got"):
            call(2**32)
        assert np.isfinite(call(2**32 - 1)).all()
        assert np.isfinite(call(np.random.default_rng(0))).all()


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
