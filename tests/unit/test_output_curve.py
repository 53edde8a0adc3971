"""A curve behind a model is the mean of what was true, and never falls."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import peak_of
from scipy.special import expit

from course_utils import output_curve
from course_utils.metrics import binary_cross_entropy, rmse
from course_utils.output_curve import fit_output_curve


def means_that_never_fall(means, counts):
    """Isotonic regression by its minimax formula: no pooling, every interval is looked at."""

    def mean(i, j):
        return np.average(means[i : j + 1], weights=counts[i : j + 1])

    n = len(means)
    return [max(min(mean(i, j) for j in range(k, n)) for i in range(k + 1)) for k in range(n)]


def by_pandas(answer, target, bins):
    edges = np.linspace(min(answer), max(answer), bins + 1)
    groups = pd.cut(answer, [*edges[:-1].tolist(), np.inf], right=False)
    table = pd.DataFrame({"answer": answer, "target": target}).groupby(groups, observed=True)
    means = table.mean()
    fitted = means_that_never_fall(means["target"].to_numpy(), table.size().to_numpy())
    return means["answer"].to_numpy(), fitted


eighths = st.integers(-16, 16).map(lambda n: n / 8)  # no rounding at the edges of 1, 2 or 4 groups


@pytest.mark.slow
@given(
    pairs=st.lists(st.tuples(eighths, eighths), min_size=2, max_size=30),
    bins=st.sampled_from([1, 2, 4]),
)
def test_every_group_gets_its_mean_and_means_never_fall(pairs, bins):
    answer, target = np.array(pairs).T
    answer[0], answer[1] = -2.0, 2.0
    curve = fit_output_curve(answer, target, bins=bins)
    knots, means = by_pandas(answer, target, bins)
    np.testing.assert_allclose(curve.answers, knots, atol=1e-12)
    np.testing.assert_allclose(curve.means, means, atol=1e-12)
    np.testing.assert_array_equal(curve(curve.answers), curve.means)


@pytest.mark.parametrize("bins", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_groups_of_equal_width_get_means_that_never_fall(seed, bins):
    answer, target = np.random.default_rng(seed).integers(-16, 17, (2, 12)) / 8
    answer[0], answer[1] = -2.0, 2.0
    curve = fit_output_curve(answer, target, bins=bins)
    knots, means = by_pandas(answer, target, bins)
    np.testing.assert_allclose(curve.answers, knots, atol=1e-12)
    np.testing.assert_allclose(curve.means, means, atol=1e-12)


def test_there_are_forty_groups_unless_told_otherwise():
    answer = np.linspace(0, 1, 500)
    assert len(fit_output_curve(answer, answer).answers) == 40


@pytest.mark.parametrize("cells", [1, 39, 40, 41])
def test_blocks_of_any_size_make_no_difference(monkeypatch, cells):
    answer, target = np.random.default_rng(3).random((2, 5, 8))
    whole = fit_output_curve(answer, target, bins=6)
    monkeypatch.setattr(output_curve, "_BLOCK", cells)
    for one, other in zip(whole, fit_output_curve(answer, target, bins=6), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_single_precision_is_doubled_block_by_block(monkeypatch):
    monkeypatch.setattr(output_curve, "_BLOCK", 2**12)
    answer, target = np.random.default_rng(0).random((2, 2**18), dtype=np.float32)
    fit_output_curve(answer[:9], target[:9])  # imports what it needs
    peak = peak_of(lambda: fit_output_curve(answer, target))
    assert peak < answer.nbytes


def test_it_finds_the_curve_that_made_the_data():
    rng = np.random.default_rng(0)
    answer = rng.uniform(-4, 4, size=(400, 500))
    target = rng.random(answer.shape) < expit(answer)
    curve = fit_output_curve(answer, target.astype(float))
    inside = np.linspace(-3.8, 3.8, 101)
    np.testing.assert_allclose(curve(inside), expit(inside), atol=0.02)


@given(scale=st.sampled_from([2.0**-40, 0.5, 2.0**40]), shift=st.sampled_from([0.0, -4.0, 4.0]))
def test_the_unit_of_the_answers_does_not_matter(scale, shift):
    rng = np.random.default_rng(1)
    answer, target = rng.integers(0, 64, size=(2, 200)) / 64
    curve = fit_output_curve(answer, target, bins=8)
    other = fit_output_curve(scale * (answer + shift), target, bins=8)
    np.testing.assert_allclose(other.means, curve.means)
    np.testing.assert_allclose(other(scale * (answer + shift)), curve(answer), atol=1e-9)


def test_a_cut_is_beaten_and_the_mean_kept():
    rng = np.random.default_rng(2)
    target = rng.random((100, 50)) ** 4
    answer = 2 * target - 0.5 + rng.normal(scale=0.2, size=target.shape)
    curve = fit_output_curve(answer, target)
    cut = np.clip(answer, 0.001, 0.999)
    assert rmse(target, curve(answer)) < 0.7 * rmse(target, cut)
    assert binary_cross_entropy(target, curve(answer)) < binary_cross_entropy(target, cut)
    sizes = np.histogram(answer, bins=40)[0]
    filled = sizes > 0
    assert np.average(curve.means, weights=sizes[filled]) == pytest.approx(target.mean())


def test_blocks_make_no_difference(monkeypatch):
    rng = np.random.default_rng(3)
    answer, target = rng.random((2, 1000))
    whole = fit_output_curve(answer, target)
    monkeypatch.setattr(output_curve, "_BLOCK", 7)
    for one, other in zip(whole, fit_output_curve(answer, target), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_beyond_the_data_it_is_constant():
    curve = fit_output_curve([0.0, 1.0, 2.0, 3.0], [0.2, 0.2, 0.8, 0.8], bins=2)
    np.testing.assert_allclose(curve([-1e300, 0.5, 1.5, 2.5, 1e300]), [0.2, 0.2, 0.5, 0.8, 0.8])


def test_where_means_would_fall_it_is_flat():
    curve = fit_output_curve([0, 1, 2, 3], [1, 0, 0, 3], bins=4)
    np.testing.assert_allclose(curve.means, [1 / 3, 1 / 3, 1 / 3, 3])


def test_one_answer_for_everything_gives_the_mean():
    curve = fit_output_curve(np.full((3, 2), 0.7), np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(curve([[0.0], [0.7], [5.0]]), [[2.5], [2.5], [2.5]])


def test_extreme_answers_do_not_overflow():
    curve = fit_output_curve([-1.5e308, 1.5e308], [0, 1], bins=3)
    np.testing.assert_array_equal(curve([-1.5e308, 1.5e308]), [0, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_and_shape_stay(dtype):
    answer = np.linspace(0, 1, 24, dtype=dtype).reshape(2, 3, 4)
    kept = answer.copy()
    result = fit_output_curve(answer, answer**2)(answer)
    assert result.dtype == dtype
    assert result.shape == answer.shape
    np.testing.assert_array_equal(answer, kept)
    assert fit_output_curve(answer, answer)(np.empty((0, 4))).shape == (0, 4)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([1.0], [1.0, 2.0]), ValueError, "shape"),
        (([], []), ValueError, "answer"),
        (([np.nan], [1.0]), ValueError, "answer"),
        (([1.0], [np.inf]), ValueError, "target"),
        ((["a"], [1.0]), TypeError, "answer"),
    ],
)
def test_what_has_no_curve_is_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        fit_output_curve(*arguments)


@pytest.mark.parametrize(("bins", "error"), [(0, ValueError), (2.0, TypeError), (True, TypeError)])
def test_bins_are_counted(bins, error):
    with pytest.raises(error, match="bins"):
        fit_output_curve([0.0, 1.0], [0.0, 1.0], bins=bins)


def test_an_answer_that_is_missing_is_refused():
    curve = fit_output_curve([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="answer"):
        curve([0.5, np.nan])
