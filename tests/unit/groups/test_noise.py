"""The edges of noise."""

import numpy as np
import pytest
import scipy.integrate

from course_utils import groups


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

    def test_a_cell_has_the_standard_deviation_1_unless_told_otherwise(self):
        assert groups.marchenko_pastur_edge(400, 100) == (0.25, 2.25)
        x = [0.2, 0.5, 2.0, 2.3]
        density = groups.marchenko_pastur_density(x, 400, 100)
        np.testing.assert_array_equal(density, groups.marchenko_pastur_density(x, 400, 100, 1.0))
        middle = [np.sqrt((2.25 - v) * (v - 0.25)) / (2 * np.pi * 0.25 * v) for v in (0.5, 2.0)]
        np.testing.assert_allclose(density, [0, *middle, 0])

    def test_the_density_takes_any_shape_also_none_and_infinity(self):
        assert groups.marchenko_pastur_density([], 400, 100).shape == (0,)
        far = groups.marchenko_pastur_density([[np.inf, -np.inf], [np.nan, 1.0]], 400, 100)
        assert (far > 0).tolist() == [[False, False], [False, True]]

    def test_the_widest_and_the_narrowest_noise(self):
        assert groups.marchenko_pastur_edge(4, 1, 1e150)[1] == pytest.approx(2.25e300)
        assert groups.marchenko_pastur_edge(4, 1, 1e-150)[1] == pytest.approx(2.25e-300)

    def test_edge_of_the_tutorials_table(self):
        assert groups.marchenko_pastur_edge(10_000, 500, np.sqrt(19 / 12))[1] == pytest.approx(
            2.3706, abs=5e-5
        )

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ((0, 5), ValueError, "n must be an integer of at least 1, got 0"),
            ((5, 2.5), TypeError, "d must be an integer"),
            ((5, 0), ValueError, "d must be an integer of at least 1, got 0"),
            ((True, 5), TypeError, "n must be an integer"),
            ((5, 5, 0.0), ValueError, "sigma must be a number above 0"),
            ((5, 5, np.inf), ValueError, "sigma must be"),
        ],
    )
    def test_refuses(self, arguments, error, message):
        with pytest.raises(error, match=message):
            groups.marchenko_pastur_edge(*arguments)
