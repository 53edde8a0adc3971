"""Scores against independent oracles, and what they must not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from memory import peak_of
from sklearn.metrics import log_loss, root_mean_squared_error

from course_utils.datasets import load_mnist
from course_utils.metrics import bce_floor, binary_cross_entropy, errors, psnr, rmse

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)
NUMBERS = st.floats(-100, 100)
GREY = st.floats(0, 1)


def pairs(elements):
    """Two arrays of one shape."""
    return SHAPES.flatmap(
        lambda shape: st.tuples(
            hnp.arrays(np.float64, shape, elements=elements),
            hnp.arrays(np.float64, shape, elements=elements),
        )
    )


@pytest.mark.slow
@given(pairs(NUMBERS))
def test_rmse_agrees_with_scikit_learn(pair):
    truth, prediction = pair
    expected = root_mean_squared_error(truth.ravel(), prediction.ravel())
    assert rmse(truth, prediction) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.slow
@given(pairs(NUMBERS), st.randoms(use_true_random=False))
def test_rmse_sees_only_the_chosen_cells(pair, random):
    truth, prediction = pair
    where = np.array([random.random() < 0.5 for _ in range(truth.size)]).reshape(truth.shape)
    where.flat[0] = True
    expected = rmse(truth[where], prediction[where])
    spoilt = np.where(where, prediction, 1e6)  # what stands in the other cells must not matter
    assert rmse(truth, spoilt, where=where) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.slow
@given(pairs(NUMBERS), st.floats(-10, 10))
def test_rmse_is_symmetric_scales_and_ignores_a_common_shift(pair, factor):
    truth, prediction = pair
    value = rmse(truth, prediction)
    assert rmse(prediction, truth) == value
    assert rmse(factor * truth, factor * prediction) == pytest.approx(abs(factor) * value, abs=1e-9)
    assert rmse(truth + 5, prediction + 5) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_rmse_sees_only_the_chosen_of_a_few_cells(seed):
    rng = np.random.default_rng(seed)
    truth, prediction = rng.normal(size=(2, 4, 5))
    where = rng.random((4, 5)) < 0.5
    spoilt = np.where(where, prediction, np.nan)
    expected = np.sqrt(np.mean((truth[where] - prediction[where]) ** 2))
    assert rmse(truth, spoilt, where=where) == pytest.approx(expected, rel=1e-12)
    assert rmse(spoilt, truth, where=where) == pytest.approx(expected, rel=1e-12)


def test_rmse_where_cells_count_is_taken_in_double_precision():
    truth = np.full((300, 2), 16_777_216, dtype=np.float32)
    prediction = truth - np.float32(1)
    prediction[7] -= np.float32(4098)
    where = np.ones(truth.shape, dtype=bool)
    exact = np.sqrt((299 + 4099**2) / 300)
    assert rmse(truth, prediction, where) == pytest.approx(exact, rel=1e-13)
    assert rmse(truth, prediction) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("error", [3e-200, 2e-141, 5e-140, 1.0, 3e153, 4e160, 1e308])
def test_rmse_of_errors_of_any_size(error):
    assert rmse([error, 0.0], [0.0, 0.0]) == pytest.approx(error / np.sqrt(2), rel=1e-14)
    assert rmse([0.0, error], [0.0, 0.0], [False, True]) == pytest.approx(error, rel=1e-14)
    assert rmse([error, error / 2], [0.0, 0.0]) == pytest.approx(error * np.sqrt(0.625), rel=1e-14)


def test_rmse_of_equal_values_is_zero():
    assert rmse([1e300, 2.0], [1e300, 2.0]) == 0


@pytest.mark.parametrize("block", [1, 4, 6, 24, 100])
def test_blocks_change_no_mean(monkeypatch, block):
    truth, prediction = np.random.default_rng(0).random((2, 4, 6))
    monkeypatch.setattr(errors, "_BLOCK", block)
    assert rmse(truth, prediction) == pytest.approx(
        np.sqrt(np.mean((truth - prediction) ** 2)), rel=1e-13
    )
    assert bce_floor(truth) == pytest.approx(entropy(truth), rel=1e-13)


@pytest.mark.parametrize(
    "score",
    [rmse, psnr, binary_cross_entropy, lambda x, _: bce_floor(x)],
    ids=["rmse", "psnr", "binary_cross_entropy", "bce_floor"],
)
def test_single_precision_is_doubled_block_by_block(monkeypatch, score):
    monkeypatch.setattr(errors, "_BLOCK", 2**10)
    x, other = np.random.default_rng(0).random((2, 2**17), dtype=np.float32)
    peak = peak_of(lambda: score(x, other))
    assert peak < x.nbytes  # in double precision one array alone would take twice as much


def test_single_precision_where_cells_count_is_doubled_block_by_block(monkeypatch):
    monkeypatch.setattr(errors, "_BLOCK", 2**10)
    x, other = np.random.default_rng(0).random((2, 2**17), dtype=np.float32)
    where = x < 0.5
    peak = peak_of(lambda: rmse(x, other, where))
    assert peak < 2 * x.nbytes


def test_rmse_of_integers_and_lists_does_not_overflow():
    assert rmse(np.array([200], dtype=np.uint8), np.array([250], dtype=np.uint8)) == 50
    assert rmse([0, 0], [3, 4]) == pytest.approx(np.sqrt(12.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 2, 3]), r"same shape, got \(2,\) and \(3,\)"),
        (([[1], [2]], [1, 2]), r"same shape, got \(2, 1\) and \(2,\)"),  # would broadcast
        (([], []), "truth must not be empty"),
        (([1, 2], [1, 2, 3], [True, True]), "same shape"),
        (([1, np.nan], [1, 2]), "truth must be finite, got nan at position 1"),
        (([1, 2], [1, np.inf], [True, True]), "prediction must be finite"),
        (([1, 2], [1, 2], [True]), "where must have shape"),
        (([1, 2], [1, 2], [False, False]), "select at least one cell"),
    ],
)
def test_rmse_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        rmse(*arguments)


def entropy(x):
    """Mean entropy of grey values that are neither 0 nor 1, as it stands in books."""
    return -np.mean(x * np.log(x) + (1 - x) * np.log(1 - x))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_cross_entropy_and_floor_of_greys_are_their_formulas_in_double_precision(dtype):
    rng = np.random.default_rng(0)
    x, p = rng.uniform(0.1, 0.9, (2, 5, 6)).astype(dtype)
    truth, prediction = x.astype(float), p.astype(float)
    expected = -np.mean(truth * np.log(prediction) + (1 - truth) * np.log(1 - prediction))
    assert binary_cross_entropy(x, p) == pytest.approx(expected, rel=1e-13)
    assert bce_floor(x) == pytest.approx(entropy(truth), rel=1e-13)
    assert psnr(x, p) == pytest.approx(-10 * np.log10(np.mean((truth - prediction) ** 2)))


def test_the_floor_of_black_and_white_is_zero_and_of_grey_one_bit():
    assert bce_floor([[0.0, 1.0], [1.0, 0.0]]) == 0
    assert bce_floor([0.5, 0.5]) == pytest.approx(np.log(2))
    assert bce_floor([0.0, 0.5, 1.0]) == pytest.approx(np.log(2) / 3)


@pytest.mark.slow
@given(
    hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(0, 1)).flatmap(
        lambda truth: st.tuples(
            st.just(truth), hnp.arrays(np.float64, truth.shape, elements=st.floats(1e-6, 1 - 1e-6))
        )
    )
)
def test_cross_entropy_of_black_and_white_agrees_with_scikit_learn(pair):
    truth, prediction = pair
    expected = log_loss(truth, prediction, labels=[0, 1])
    assert binary_cross_entropy(truth, prediction) == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@given(pairs(GREY))
def test_cross_entropy_is_the_floor_plus_a_divergence_that_is_never_negative(pair):
    """H(x, p) = H(x) + KL(x ‖ p): Gibbs' inequality, the reason why the floor is one."""
    truth, prediction = pair
    excess = binary_cross_entropy(truth, prediction) - bce_floor(truth)
    assert excess >= -1e-9
    # Pinsker's inequality: KL(x ‖ p) ≥ 2 (x - p)², up to the clipping of p.
    assert excess >= 2 * np.mean((truth - prediction) ** 2) - 1e-5


@pytest.mark.slow
@given(pairs(GREY))
def test_cross_entropy_does_not_change_in_the_negative(pair):
    truth, prediction = pair
    expected = binary_cross_entropy(truth, prediction)
    assert binary_cross_entropy(1 - truth, 1 - prediction) == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_is_finite_for_certain_and_wrong_answers():
    assert binary_cross_entropy([1.0], [0.0]) == pytest.approx(7 * np.log(10))
    assert binary_cross_entropy([0.0], [1.0]) == pytest.approx(7 * np.log(10), rel=1e-6)
    assert binary_cross_entropy([0.0, 1.0], [0.0, 1.0]) == pytest.approx(1e-7, rel=1e-3)


@pytest.mark.slow
@given(hnp.arrays(np.float64, SHAPES, elements=GREY))
def test_floor_is_reached_by_the_perfect_answer_and_bounded_by_one_bit(x):
    assert bce_floor(x) == pytest.approx(binary_cross_entropy(x, x), abs=1e-6)
    assert 0 <= bce_floor(x) <= np.log(2) + 1e-12


@pytest.mark.slow
@given(hnp.arrays(np.float64, SHAPES, elements=st.sampled_from([0.0, 1.0])))
def test_floor_of_black_and_white_is_zero(x):
    assert bce_floor(x) == 0


@pytest.mark.slow
def test_floor_and_mean_image_of_the_test_digits():
    digits = load_mnist()
    mean = np.broadcast_to(digits.x_train.mean(axis=0), digits.x_test.shape)
    assert round(bce_floor(digits.x_test), 4) == 0.0581
    assert round(binary_cross_entropy(digits.x_test, mean), 4) == 0.2625


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([0.5], [0.5, 0.5], "same shape"),
        ([], [], "truth must not be empty"),
        ([2.0], [0.5], r"truth must lie in \[0, 1\], got values from 2 to 2"),
        ([0.5], [-0.1], r"prediction must lie in \[0, 1\]"),
        ([np.nan], [0.5], "truth must be finite"),
        ([0.5], [np.nan], "prediction must be finite"),
    ],
)
def test_cross_entropy_refuses(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        binary_cross_entropy(truth, prediction)


@pytest.mark.parametrize(
    ("x", "message"),
    [([], "must not be empty"), ([1.5], "must lie in"), ([np.nan], "must be finite")],
)
def test_floor_refuses(x, message):
    with pytest.raises(ValueError, match=message):
        bce_floor(x)
