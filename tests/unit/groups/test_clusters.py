"""k-means, and what is asked of it."""

import itertools

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from course_utils import datasets, groups


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
