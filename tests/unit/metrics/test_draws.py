"""Scores of drawings against SciPy, brute force and closed forms."""

from functools import partial

import numpy as np
import pytest
from memory import peak_of
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import norm

from course_utils import metrics


def points(n, columns, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return scale * rng.standard_normal((n, columns)) @ rng.standard_normal((columns, columns))


class TestFrechetDistance:
    @pytest.mark.parametrize("columns", [1, 2, 7, 30])
    @pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
    def test_agrees_with_a_root_of_a_matrix(self, columns, scale):
        x, y = points(90, columns, 1, scale), points(80, columns, 2, scale) + 0.3 * scale
        one = np.cov(x.T, bias=True).reshape(columns, columns)
        two = np.cov(y.T, bias=True).reshape(columns, columns)
        shift = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)
        expected = shift + np.trace(one + two - 2 * sqrtm(one @ two).real)
        assert metrics.frechet_distance(x, y) == pytest.approx(expected, rel=1e-8)

    def test_one_column_has_a_closed_form(self):
        x, y = points(50, 1, 3), 2 * points(40, 1, 4) + 5
        expected = (x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2
        assert metrics.frechet_distance(x, y) == pytest.approx(expected)

    def test_is_symmetric_and_zero_for_the_same_points(self):
        x, y = points(30, 5, 5), points(40, 5, 6)
        assert metrics.frechet_distance(x, y) == pytest.approx(metrics.frechet_distance(y, x))
        assert metrics.frechet_distance(x, x[::-1]) == pytest.approx(0, abs=1e-10)

    def test_takes_constant_columns_and_fewer_points_than_columns(self):
        x, y = points(30, 6, 7), points(4, 6, 8)
        x[:, 2] = 0.0
        assert np.isfinite(metrics.frechet_distance(x, y))
        assert metrics.frechet_distance([[0.0, 1.0]] * 3, [[3.0, 5.0]] * 2) == pytest.approx(25)

    def test_turning_both_changes_nothing(self):
        x, y = points(30, 4, 9), points(30, 4, 10)
        turn = np.linalg.qr(points(4, 4, 11))[0]
        assert metrics.frechet_distance(x @ turn, y @ turn) == pytest.approx(
            metrics.frechet_distance(x, y)
        )

    def test_means_are_taken_in_double_precision(self):
        rng = np.random.default_rng(0)
        x, y = (1000 + rng.random((2, 500, 3))).astype(np.float32)
        exact = metrics.frechet_distance(x.astype(float), y.astype(float))
        for one, other in ((x, y), (x, y.astype(float)), (x.astype(float), y)):
            assert metrics.frechet_distance(one, other) == pytest.approx(exact, rel=1e-9)

    def test_promotes_what_is_small(self):
        x = np.array([[0], [255]], dtype=np.uint8)
        assert metrics.frechet_distance(x, x.astype(float) + 3) == pytest.approx(9)


class TestCoverage:
    @pytest.mark.parametrize("k", [1, 5])
    def test_agrees_with_all_distances(self, k):
        real, drawn = points(60, 3, 1), points(40, 3, 2)
        among = cdist(real, real)
        np.fill_diagonal(among, np.inf)
        radius = np.sort(among, axis=1)[:, k - 1]
        expected = np.mean(cdist(real, drawn).min(axis=1) <= radius)
        assert 0 < expected < 1
        assert metrics.coverage(real, drawn, k) == pytest.approx(expected)

    def test_a_drawn_point_right_at_the_radius_covers(self):
        real = [[0.0], [2.0], [5.0], [9.0]]  # radii 2, 2, 3 and 4
        assert metrics.coverage(real, [[-2.0]], k=1) == 0.25
        assert metrics.coverage(real, [[13.0]], k=1) == 0.25
        assert metrics.coverage(real, [[-2.0], [13.0]], k=1) == 0.5
        assert metrics.coverage(real, [[-2.25], [13.25]], k=1) == 0
        assert metrics.coverage(real, [[-4.0]], k=3) == 0.5  # radii 9, 7, 5 and 9

    def test_the_fifth_neighbour_sets_the_radius_unless_told_otherwise(self):
        real, drawn = points(60, 3, 1), points(40, 3, 2)
        assert metrics.coverage(real, drawn) == metrics.coverage(real, drawn, 5)
        assert metrics.coverage(real, drawn, 4) < metrics.coverage(real, drawn, 5)
        assert metrics.coverage(real, drawn, 5) < metrics.coverage(real, drawn, 6)

    def test_another_sample_covers_as_often_as_theory_says(self):
        rng = np.random.default_rng(0)
        real, drawn = rng.random((4000, 2)), rng.random((4000, 2))
        assert metrics.coverage(real, drawn, 5) == pytest.approx(1 - 2**-5, abs=0.015)

    def test_drawings_of_one_kind_do_not_cover_the_other(self):
        real = np.concatenate([points(30, 2, 3), points(30, 2, 4) + 1000])
        assert metrics.coverage(real, real[:30] + 1e-9) == 0.5


class TestNearestDistance:
    def test_agrees_with_all_distances(self):
        some, known = points(300, 5, 1), points(70, 5, 2)
        np.testing.assert_allclose(
            metrics.nearest_distance(some, known), cdist(some, known).min(axis=1)
        )

    @pytest.mark.parametrize("rows", [1, 255, 256, 257, 513])
    def test_all_blocks_are_filled(self, rows):
        some, known = points(rows, 2, 1), points(9, 2, 2)
        expected = cdist(some, known).min(axis=1)
        np.testing.assert_allclose(metrics.nearest_distance(some, known), expected)

    def test_far_from_the_origin_the_nearest_is_still_found(self):
        known = np.add([1e9, -1e9], [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
        some = np.add([1e9, -1e9], [[0.9, 0.0], [1.6, 0.0]])
        np.testing.assert_allclose(metrics.nearest_distance(some, known), [0.1, 0.4], atol=1e-6)

    def test_a_copy_in_another_precision_is_at_zero_too(self):
        known = (points(50, 3, 3) + 1000).astype(np.float32)
        assert (metrics.nearest_distance(known.astype(float), known) == 0).all()
        assert (metrics.nearest_distance(known, known.astype(float)) == 0).all()

    def test_single_precision_takes_half_the_memory(self):
        some, known = (points(n, 3, n).astype(np.float32) for n in (256, 8000))
        peaks = []
        for dtype in ("f4", "f8"):
            pair = some.astype(dtype), known.astype(dtype)
            peaks.append(peak_of(partial(metrics.nearest_distance, *pair)))
        assert peaks[0] < 0.7 * peaks[1]

    def test_distances_come_in_double_precision(self):
        found = metrics.nearest_distance(np.float32([[0.0, 0.0]]), np.float32([[1.0, 1.0]]))
        assert found.dtype == np.float64
        assert found[0] == pytest.approx(np.sqrt(2), rel=1e-15)

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_a_copy_is_at_zero_also_far_from_the_origin(self, dtype):
        known = (points(50, 3, 3) + 1000).astype(dtype)
        assert (metrics.nearest_distance(known[::-1], known) == 0).all()


class TestImportanceBound:
    def test_a_coin_by_hand(self):
        # Prior 1/2 for each code, q the prior: weights 0.2 and 0.8, mean 1/2.
        weights = np.log([[0.2, 0.5], [0.8, 0.5]])
        np.testing.assert_allclose(metrics.importance_bound(weights), np.log([0.5, 0.5]))

    @pytest.mark.parametrize("shift", [-1e5, 0.0, 1e5])
    def test_neither_overflows_nor_vanishes(self, shift):
        weights = points(8, 3, 1)
        expected = np.log(np.mean(np.exp(weights), axis=0)) + shift
        np.testing.assert_allclose(metrics.importance_bound(weights + shift), expected)

    def test_lies_between_the_mean_and_the_largest(self):
        weights = points(9, 4, 2)
        bound = metrics.importance_bound(weights)
        assert (weights.mean(axis=0) < bound).all()
        assert (bound < weights.max(axis=0)).all()

    def test_one_draw_is_itself(self):
        np.testing.assert_array_equal(metrics.importance_bound([[-3.0, 2.0]]), [-3.0, 2.0])

    def test_more_draws_come_nearer_to_log_p(self):
        # log of the mean of exp(s * normal - s²/2) is 0.
        weights = 2 * norm.ppf(np.random.default_rng(0).random((64, 4000))) - 2
        few = metrics.importance_bound(weights[:2]).mean()
        many = metrics.importance_bound(weights).mean()
        assert -2 < few < many < 0


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (metrics.frechet_distance, ([[1.0]], [[1.0], [2.0]]), "x must have at least 2 rows"),
        (metrics.frechet_distance, ([[1.0], [2.0]], [[1.0]]), "y must have at least 2 rows"),
        (metrics.frechet_distance, (np.eye(3), np.eye(2)), "y must have 3 columns"),
        (metrics.frechet_distance, ([[np.nan], [2.0]], [[1.0], [2.0]]), "x must"),
        (metrics.frechet_distance, ([1.0, 2.0], [[1.0], [2.0]]), "x must"),
        (metrics.coverage, (np.eye(3), np.eye(3), 3), "k must be an integer from 1 to 2, got 3"),
        (metrics.coverage, (np.eye(3), np.eye(3), 0), "k must be an integer from 1 to 2, got 0"),
        (metrics.nearest_distance, (np.eye(3), np.ones(3)), "known must be 2-D"),
        (metrics.coverage, (np.eye(3), np.eye(4)), "drawn must have 3 columns"),
        (metrics.nearest_distance, (np.eye(3), np.eye(4)), "known must have 3 columns"),
        (metrics.importance_bound, ([[-np.inf, 0.0]],), "log_weights must"),
        (metrics.importance_bound, ([0.0],), "log_weights must"),
        (metrics.importance_bound, (np.empty((0, 3)),), "log_weights must"),
    ],
)
def test_says_what_is_wrong(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)
