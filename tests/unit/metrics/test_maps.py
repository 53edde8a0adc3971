"""Scores of codes against scikit-learn and brute force, and what they must not depend on."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import manifold
from sklearn.decomposition import PCA
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from course_utils.datasets import load_mnist
from course_utils.metrics import continuity, dead_units, knn_accuracy, trustworthiness


def cloud(seed, rows=60, columns=3):
    """Points, labels that partly follow them, and a map that partly does."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rows, columns))
    labels = (points[:, 0] + 0.5 * rng.normal(size=rows) > 0).astype(int) + 2 * rng.integers(
        2, size=rows
    )
    return points, labels, points[:, :2] + 0.3 * rng.normal(size=(rows, 2))


def moved(points, seed):
    """Rotate, stretch by one factor and shift: no neighbourhood changes."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(points.shape[1],) * 2))
    return 3.5 * points @ rotation + rng.normal(size=points.shape[1])


seeds = st.integers(0, 2**20)


class TestKnnAccuracy:
    @pytest.mark.parametrize("k", [1, 4, 7])
    @pytest.mark.parametrize("columns", [1, 2, 20])
    def test_agrees_with_scikit_learn_on_a_few_clouds(self, k, columns):
        points, labels, _ = cloud(k, columns=columns)
        classifier = KNeighborsClassifier(k).fit(points[:40], labels[:40])
        expected = classifier.score(points[40:], labels[40:])
        assert knn_accuracy(points[:40], labels[:40], points[40:], labels[40:], k=k) == expected

    def test_ten_neighbours_vote_unless_told_otherwise(self):
        points, labels, _ = cloud(3)
        split = points[:40], labels[:40], points[40:], labels[40:]
        scores = [knn_accuracy(*split, k=k) for k in (9, 10, 11)]
        assert scores[0] != scores[1] != scores[2]
        assert knn_accuracy(*split) == scores[1]

    @pytest.mark.slow
    @given(seeds, st.integers(1, 9), st.sampled_from([1, 2, 20]))
    def test_agrees_with_scikit_learn(self, seed, k, columns):
        points, labels, _ = cloud(seed, columns=columns)
        classifier = KNeighborsClassifier(k).fit(points[:40], labels[:40])
        expected = classifier.score(points[40:], labels[40:])
        assert knn_accuracy(points[:40], labels[:40], points[40:], labels[40:], k=k) == expected

    @pytest.mark.slow
    def test_without_test_points_it_leaves_each_point_out_in_turn(self):
        points, labels, _ = cloud(1)
        scores = cross_val_score(KNeighborsClassifier(10), points, labels, cv=LeaveOneOut())
        assert knn_accuracy(points, labels) == pytest.approx(scores.mean(), abs=1e-12)

    def test_a_copy_of_a_point_may_vote_for_it_but_not_the_point_itself(self):
        assert knn_accuracy([[0.0], [5.0], [6.0]], [1, 2, 2], k=1) == pytest.approx(2 / 3)
        assert knn_accuracy([[0.0], [0.0], [6.0], [6.0]], [1, 1, 2, 2], k=1) == 1

    @pytest.mark.slow
    @given(seeds)
    def test_moving_the_plane_or_renaming_labels_changes_nothing(self, seed):
        points, labels, _ = cloud(seed)
        both = moved(points, seed)
        score = knn_accuracy(points[:40], labels[:40], points[40:], labels[40:], k=1)
        assert knn_accuracy(both[:40], labels[:40], both[40:], labels[40:], k=1) == score
        other = np.array([7, 3, 9, 1], dtype=np.uint8)[labels]
        assert knn_accuracy(both[:40], other[:40], both[40:], other[40:], k=1) == score

    @pytest.mark.slow
    @given(seeds)
    def test_the_order_of_the_voters_does_not_matter(self, seed):
        points, labels, _ = cloud(seed)
        order = np.random.default_rng(seed).permutation(40)
        assert knn_accuracy(points[:40], labels[:40], points[40:], labels[40:]) == knn_accuracy(
            points[order], labels[order], points[40:], labels[40:]
        )

    def test_labels_without_relation_to_the_codes_score_like_guessing(self):
        rng = np.random.default_rng(0)
        codes, labels = rng.normal(size=(4000, 2)), rng.integers(10, size=4000)
        assert knn_accuracy(codes, labels) == pytest.approx(0.1, abs=0.02)

    def test_a_tie_goes_to_the_smaller_label(self):
        assert knn_accuracy([[0.0], [1.0]], [8, 3], [[0.1], [0.9]], [3, 3], k=2) == 1

    @pytest.mark.slow
    def test_two_principal_components_of_the_digits_score_as_published(self):
        digits = load_mnist()
        pca = PCA(2, svd_solver="covariance_eigh").fit(digits.x_train)
        score = knn_accuracy(
            pca.transform(digits.x_train),
            digits.y_train,
            pca.transform(digits.x_test),
            digits.y_test,
        )
        assert round(score, 3) == 0.443

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ([1.0, 2.0], [0, 1]),
                r"codes must be 2-D with shape \(rows, units\), got shape \(2,\)",
            ),
            (([[1.0], [np.nan]], [0, 1]), "codes must be finite"),
            (([[1.0], [2.0]], [0]), "one label for each of the 2 rows of codes, got 1"),
            (([[1.0], [2.0]], [[0], [1]]), "labels must be 1-D"),
            (
                ([[1.0], [2.0]], [0, 1], [[1.0]]),
                "^give test_codes and test_labels together, or neither$",
            ),
            (([[1.0], [2.0]], [0, 1], None, [0]), "together"),
            (([[1.0], [2.0]], [0, 1], [1.0], [0], 1), "test_codes must be 2-D"),
            (([[1.0], [2.0]], [0, 1], [[1.0, 2.0]], [0], 1), r"shape \(test rows, 1\).*\(1, 2\)"),
            (
                ([[1.0], [2.0]], [0, 1], [[1.0]], [0, 1], 1),
                "each of the 1 rows of test_codes, got 2",
            ),
            (([[1.0], [2.0]], [0, 1], [[1.0]], [0], 3), "k must be an integer from 1 to 2, got 3"),
            (([[1.0], [2.0]], [0, 1], None, None, 2), "k must be an integer from 1 to 1, got 2"),
            (([[1.0], [2.0]], [0, 1], [[1.0]], [0], 0), "got 0"),
        ],
    )
    def test_refuses_what_cannot_be_scored(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            knn_accuracy(*arguments)


def brute_force(x, codes, k):
    """Trustworthiness straight from the definition, one pair of points at a time."""

    def ranks(points, i):
        others = [j for j in range(len(points)) if j != i]
        others.sort(key=lambda j: (np.sum((points[i] - points[j]) ** 2), j))
        return {j: rank for rank, j in enumerate(others, start=1)}

    n, cost = len(x), 0
    for i in range(n):
        in_data, on_map = ranks(x, i), ranks(codes, i)
        cost += sum(max(in_data[j] - k, 0) for j in in_data if on_map[j] <= k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * cost


class TestTrustworthinessAndContinuity:
    @pytest.mark.parametrize("columns", [1, 3, 16, 17])
    def test_agree_with_the_definition_on_a_few_points(self, columns):
        points, _, codes = cloud(columns, rows=13, columns=max(2, columns))
        points = points[:, :columns]
        for k in (1, 3, 6):
            assert trustworthiness(points, codes, k) == pytest.approx(
                brute_force(points, codes, k), abs=1e-12
            )
            assert continuity(points, codes, k) == pytest.approx(
                brute_force(codes, points, k), abs=1e-12
            )

    @pytest.mark.parametrize("seed", range(3))
    def test_agree_with_the_definition_where_some_points_coincide(self, seed):
        rng = np.random.default_rng(seed)
        x, codes = rng.integers(0, 3, (9, 2)), rng.integers(0, 3, (9, 1))
        for k in (1, 2, 4):
            assert trustworthiness(x, codes, k) == pytest.approx(brute_force(x, codes, k))
            assert continuity(x, codes, k) == pytest.approx(brute_force(codes, x, k))

    def test_ten_neighbours_are_looked_at_unless_told_otherwise(self):
        points, _, codes = cloud(0)
        for score in (trustworthiness, continuity):
            assert score(points, codes) == score(points, codes, 10) != score(points, codes, 11)

    @pytest.mark.parametrize("rows", [3, 255, 256, 257, 300])
    def test_all_blocks_of_rows_count(self, rows):
        points, _, codes = cloud(rows, rows=rows)
        expected = manifold.trustworthiness(points, codes, n_neighbors=1)
        assert trustworthiness(points, codes, 1) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("columns", [2, 20])
    @pytest.mark.parametrize("unit", [2.0**-1060, 2.0**-500, 2.0**500, 2.0**1000])
    def test_neither_a_unit_nor_a_shift_changes_a_score(self, columns, unit):
        points = np.random.default_rng(1).integers(0, 50, (40, columns)).astype(float)
        labels, codes = np.arange(40) % 3, points[:, :2] // 7
        moved_far = points * unit
        assert trustworthiness(moved_far, codes, 5) == trustworthiness(points, codes, 5)
        assert continuity(codes, moved_far, 5) == continuity(codes, points, 5)
        assert knn_accuracy(moved_far, labels, k=3) == knn_accuracy(points, labels, k=3)
        split = labels[:30], moved_far[30:] + 2.0**20 * unit, labels[30:]
        assert knn_accuracy(moved_far[:30] + 2.0**20 * unit, *split, k=3) == knn_accuracy(
            points[:30], labels[:30], points[30:], labels[30:], k=3
        )
        for shift in (2.0**40, 2.0**40 * np.arange(columns)):
            assert trustworthiness(points + shift, codes, 5) == trustworthiness(points, codes, 5)

    @pytest.mark.parametrize("columns", [2, 20])
    def test_the_largest_numbers_are_no_trouble(self, columns):
        points = np.random.default_rng(1).integers(-8, 9, (40, columns)).astype(float)
        points[:2] = [[-8], [8]]
        codes, labels = points[:, :2] // 2, np.arange(40) % 3
        largest = points * 2.0**1020
        assert trustworthiness(largest, codes, 5) == trustworthiness(points, codes, 5)
        assert knn_accuracy(largest, labels, k=3) == knn_accuracy(points, labels, k=3)

    @pytest.mark.slow
    @given(seeds, st.integers(1, 9), st.sampled_from([3, 20]))
    def test_agree_with_scikit_learn(self, seed, k, columns):
        points, _, codes = cloud(seed, columns=columns)
        expected = manifold.trustworthiness(points, codes, n_neighbors=k)
        assert trustworthiness(points, codes, k) == pytest.approx(expected, abs=1e-12)
        expected = manifold.trustworthiness(codes, points, n_neighbors=k)
        assert continuity(points, codes, k) == pytest.approx(expected, abs=1e-12)

    def test_agrees_with_scikit_learn_over_several_blocks(self):
        points, _, codes = cloud(3, rows=700, columns=30)
        expected = manifold.trustworthiness(points, codes, n_neighbors=10)
        assert trustworthiness(points, codes) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.slow
    @given(
        hnp.arrays(np.int64, (9, 2), elements=st.integers(0, 2)),
        hnp.arrays(np.int64, (9, 1), elements=st.integers(0, 2)),
        st.integers(1, 4),
    )
    def test_agree_with_the_definition_where_many_points_coincide(self, x, codes, k):
        assert trustworthiness(x, codes, k) == pytest.approx(brute_force(x, codes, k), abs=1e-12)
        assert continuity(x, codes, k) == pytest.approx(brute_force(codes, x, k), abs=1e-12)

    @pytest.mark.slow
    @given(seeds, st.sampled_from([trustworthiness, continuity]))
    def test_nothing_changes_if_data_and_map_are_moved(self, seed, score):
        points, _, codes = cloud(seed)
        expected = score(points, codes)
        assert score(moved(points, seed), moved(codes, seed + 1)) == pytest.approx(expected)

    @pytest.mark.slow
    @given(seeds, st.sampled_from([trustworthiness, continuity]))
    def test_the_order_of_the_rows_does_not_matter(self, seed, score):
        points, _, codes = cloud(seed)
        order = np.random.default_rng(seed).permutation(len(points))
        assert score(points[order], codes[order]) == pytest.approx(score(points, codes))

    @pytest.mark.parametrize("score", [trustworthiness, continuity])
    def test_a_faithful_map_scores_1_an_unrelated_one_half(self, score):
        points, _, _ = cloud(0, rows=600, columns=2)
        assert score(points, moved(points, 1)) == 1
        assert score(points, points[::-1]) == pytest.approx(0.5, abs=0.05)
        assert score(points, np.zeros((600, 2))) == pytest.approx(0.5, abs=0.05)

    def test_the_worst_map_scores_0(self):
        # On a circle of six, each point is shown beside the one opposite to it.
        circle = np.exp(2j * np.pi * np.arange(6) / 6)
        x = np.column_stack([circle.real, circle.imag])
        codes = np.array([0, 10, 20, 1, 11, 21])[:, np.newaxis]
        assert trustworthiness(x, codes, 1) == pytest.approx(0)

    def test_folding_costs_trust_and_tearing_costs_continuity(self):
        line = np.linspace(-1, 1, 101)[:, np.newaxis]
        folded, torn = np.abs(line - 0.003), np.where(line > 0, line + 5, -line)
        assert trustworthiness(line, folded, 5) < 0.8 < continuity(line, folded, 5)
        assert trustworthiness(line, torn, 5) == pytest.approx(1, abs=0.01)
        ring = np.linspace(0, 2 * np.pi, 101)[:-1]
        circle = np.column_stack([np.cos(ring), np.sin(ring)])
        cut = ring[:, np.newaxis]
        assert continuity(circle, cut, 5) < trustworthiness(circle, cut, 5)

    @pytest.mark.parametrize(
        ("x", "codes", "k", "message"),
        [
            (np.zeros((4, 2)), np.zeros((5, 2)), 1, "same points, got 4 and 5 rows"),
            (np.zeros((4, 2)), np.zeros((4, 2)), 2, "k must be an integer from 1 to 1, got 2"),
            (np.zeros((4, 2)), np.zeros((4, 2)), 0, "got 0"),
            (np.zeros((9, 2)), np.zeros((9, 2)), 5, "k must be an integer from 1 to 4, got 5"),
            (np.zeros((2, 2)), np.zeros((2, 2)), 1, "x must have at least three rows, got 2"),
            (np.zeros(4), np.zeros((4, 2)), 1, "x must be 2-D"),
            (np.zeros((4, 2)), np.zeros(4), 1, "codes must be 2-D"),
            (np.zeros((4, 2)), np.full((4, 2), np.inf), 1, "codes must be finite"),
        ],
    )
    def test_refuse_what_cannot_be_compared(self, x, codes, k, message):
        with pytest.raises(ValueError, match=message):
            trustworthiness(x, codes, k)


@pytest.mark.parametrize("score", [trustworthiness, continuity])
def test_both_scores_refuse_a_table_by_its_own_name(score):
    plane, line = np.zeros((4, 2)), np.zeros(4)
    with pytest.raises(ValueError, match=r"^x must be 2-D with shape \(n, features\)"):
        score(line, plane, 1)
    with pytest.raises(ValueError, match=r"^codes must be 2-D with shape \(n, units\)"):
        score(plane, line, 1)
    with pytest.raises(ValueError, match="^x must be finite"):
        score(plane + np.nan, plane, 1)
    with pytest.raises(ValueError, match="^codes must be finite"):
        score(plane, plane + np.inf, 1)


class TestDeadUnits:
    def test_finds_the_unit_of_the_sources_printed_codes(self):
        assert dead_units([[0.98, 0.0], [0.63, 0.0], [3.64, 0.0]]).tolist() == [False, True]

    def test_a_unit_that_answers_one_other_value_everywhere_is_dead_too(self):
        assert dead_units([[1.5, 0.0], [1.5, 1.0]]).tolist() == [True, False]

    def test_one_answer_among_many_keeps_a_unit_alive(self):
        codes = np.zeros((1000, 2))
        codes[777, 1] = 1e-30
        assert dead_units(codes).tolist() == [True, False]

    @given(
        hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6),
                   elements=st.sampled_from([0.0, 1.0, 2.0]))
    )  # fmt: skip
    def test_agrees_with_looking_at_all_pairs_of_rows(self, codes):
        pairs = itertools.combinations(range(len(codes)), 2)
        alive = np.any([codes[i] != codes[j] for i, j in pairs], axis=0)
        np.testing.assert_array_equal(dead_units(codes), ~alive)
        np.testing.assert_array_equal(dead_units(codes[::-1]), ~alive)
        np.testing.assert_array_equal(dead_units(codes[:, ::-1]), ~alive[::-1])
        np.testing.assert_array_equal(dead_units(4 * codes - 8), ~alive)

    def test_one_row_says_nothing(self):
        with pytest.raises(ValueError, match="at least two rows"):
            dead_units([[0.0, 1.0]])
        with pytest.raises(ValueError, match="codes must be finite"):
            dead_units([[0.0], [np.nan]])
        with pytest.raises(ValueError, match="codes must be 2-D"):
            dead_units([0.0, 1.0])
