"""Gaussian noise that is cut to [0, 1], and the ratio that measures it in decibels."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from memory import peak_of
from scipy.stats import norm

from course_utils.metrics import psnr
from course_utils.noise import gaussian_noise

greys = arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.floats(0, 1)
)


# ---- gaussian_noise -----------------------------------------------------------------------------


def censored_moments(grey, sigma):
    """Mean and mean square of a normal variable cut to [0, 1], by its known integrals."""
    low, high = (0 - grey) / sigma, (1 - grey) / sigma
    inside, white = norm.cdf(high) - norm.cdf(low), norm.sf(high)
    mean = grey * inside + sigma * (norm.pdf(low) - norm.pdf(high)) + white
    square = (
        (grey**2 + sigma**2) * inside
        + sigma * ((0 + grey) * norm.pdf(low) - (1 + grey) * norm.pdf(high))
        + white
    )
    return mean, square


@pytest.mark.parametrize("grey", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_moments_are_those_of_the_cut_normal_distribution(grey, sigma):
    noisy = gaussian_noise(np.full((400, 500), grey), sigma, seed=1)
    mean, square = censored_moments(grey, sigma)
    assert noisy.mean() == pytest.approx(mean, abs=0.005)
    assert np.square(noisy).mean() == pytest.approx(square, abs=0.005)


def test_shares_that_are_cut_off_follow_the_normal_distribution():
    noisy = gaussian_noise(np.full(200_000, 0.3), 0.5)
    assert np.mean(noisy == 0) == pytest.approx(norm.cdf(-0.6), abs=0.005)
    assert np.mean(noisy == 1) == pytest.approx(norm.sf(1.4), abs=0.005)


def test_every_pixel_and_every_image_gets_noise_of_its_own():
    noise = gaussian_noise(np.full((300, 200), 0.5), 0.05) - 0.5
    assert len(np.unique(noise)) == noise.size
    between_pixels = np.corrcoef(noise, rowvar=False) - np.eye(200)
    between_images = np.corrcoef(noise) - np.eye(300)
    assert max(np.abs(between_pixels).max(), np.abs(between_images).max()) < 0.35


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_type_follows_the_images(dtype):
    images = np.full((50, 40), 0.25, dtype=dtype)
    noisy = gaussian_noise(images, 0.5)
    assert (noisy.dtype, noisy.shape) == (dtype, (50, 40))
    assert noisy.mean() == pytest.approx(censored_moments(0.25, 0.5)[0], abs=0.03)
    assert (images == dtype(0.25)).all()  # untouched


@pytest.mark.parametrize("images", [[[0, 1]], np.array([True, False]), np.uint8([0, 1])])
def test_integers_become_floats(images):
    noisy = gaussian_noise(images, 0.1)
    assert noisy.dtype == np.float64
    assert noisy.shape == np.shape(images)


@given(greys, st.floats(0, 3), st.integers(0, 3))
def test_range_and_seed(images, sigma, seed):
    noisy = gaussian_noise(images, sigma, seed=seed)
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    np.testing.assert_array_equal(noisy, gaussian_noise(images, sigma, seed=seed))


@given(greys)
def test_no_noise_changes_nothing_and_gives_a_copy(images):
    noisy = gaussian_noise(images, 0)
    np.testing.assert_array_equal(noisy, images)
    assert not np.shares_memory(noisy, images)


def test_another_seed_and_a_generator_give_other_noise():
    images = np.full((4, 5), 0.5)
    generator = np.random.default_rng(3)
    first, second = (gaussian_noise(images, 0.2, seed=generator) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, gaussian_noise(images, 0.2, seed=3))
    assert not np.array_equal(first, gaussian_noise(images, 0.2, seed=4))
    np.testing.assert_array_equal(gaussian_noise(images, 0.2), gaussian_noise(images, 0.2, seed=0))


def test_single_precision_is_drawn_in_single_precision():
    peaks = []
    for dtype in (np.float32, np.float64):
        images = np.zeros((100, 784), dtype)
        peaks.append(peak_of(partial(gaussian_noise, images, 0.1)))
    assert peaks[0] == pytest.approx(peaks[1] / 2, rel=0.05)


def test_an_empty_array_stays_empty():
    assert gaussian_noise(np.zeros((0, 784), np.float32), 0.5).shape == (0, 784)


@pytest.mark.parametrize(
    ("images", "sigma", "message"),
    [
        ([0.5, 255.0], 0.5, r"images must lie in \[0, 1\], got values from 0.5 to 255; divide"),
        ([-0.1], 0.5, r"images must lie in \[0, 1\]"),
        ([np.nan], 0.5, r"images must lie in \[0, 1\]"),
        ([0.5], -0.1, "sigma must be a number of at least 0, got -0.1"),
        ([0.5], np.inf, "sigma must be a number"),
        ([0.5], np.nan, "sigma must be a number"),
    ],
)
def test_noise_refuses(images, sigma, message):
    with pytest.raises(ValueError, match=message):
        gaussian_noise(images, sigma)


# ---- psnr ---------------------------------------------------------------------------------------


def psnr_by_hand(truth, image):
    """The definition, pixel by pixel: 20 log10 of the peak over the root of the mean square."""
    squares = [
        (float(a) - float(b)) ** 2 for a, b in zip(np.ravel(truth), np.ravel(image), strict=True)
    ]
    return 20 * np.log10(1 / np.sqrt(sum(squares) / len(squares)))


@pytest.mark.parametrize("seed", range(4))
def test_psnr_follows_its_definition(seed):
    truth, image = np.random.default_rng(seed).random((2, 6, 7))
    assert psnr(truth, image) == pytest.approx(psnr_by_hand(truth, image), rel=1e-12)
    assert psnr(truth, 3 * image - 1) == pytest.approx(psnr_by_hand(truth, 3 * image - 1))


@given(greys, st.integers(0, 9))
def test_psnr_is_symmetric_and_blind_to_order_and_to_negatives(truth, seed):
    rng = np.random.default_rng(seed)
    image = 0.5 * truth + 0.5 * rng.uniform(0.01, 1, truth.shape)
    value = psnr(truth, image)
    assert psnr(image, truth) == value
    assert psnr(1 - truth, 1 - image) == pytest.approx(value)
    order = rng.permutation(truth.size)
    assert psnr(truth.ravel()[order], image.ravel()[order]) == pytest.approx(value)


@given(st.floats(0.01, 0.5), st.floats(0.1, 0.9))
def test_a_tenth_of_the_error_is_twenty_decibels(error, share):
    truth = np.full((3, 4), 0.5)
    assert psnr(truth, truth + error) == pytest.approx(-20 * np.log10(error))
    gained = psnr(truth, truth + share * error) - psnr(truth, truth + error)
    assert gained == pytest.approx(-20 * np.log10(share))


def test_psnr_averages_before_the_logarithm():
    truth = np.full((2, 3), 0.5)
    image = truth + np.array([[0.1], [0.3]])
    assert psnr(truth, image) == pytest.approx(-10 * np.log10(0.05))  # not the mean of 20 and 10.5


def test_psnr_of_equal_images_is_infinite():
    assert psnr([[0.25, 1.0]], [[0.25, 1.0]]) == np.inf


def test_psnr_of_noise_that_nothing_cuts_is_that_of_sigma():
    noisy = gaussian_noise(np.full((500, 400), 0.5), 0.05)
    assert psnr(np.full((500, 400), 0.5), noisy) == pytest.approx(-20 * np.log10(0.05), abs=0.05)


@pytest.mark.parametrize(
    ("truth", "image", "message"),
    [
        ([0.5], [[0.5]], "same shape"),
        ([], [], "truth must not be empty"),
        ([0, 255], [0, 255], r"truth must lie in \[0, 1\].*divide bytes by 255"),
        ([-0.5], [0.5], r"truth must lie in \[0, 1\]"),
        ([np.nan], [0.5], "truth must be finite"),
    ],
)
def test_psnr_refuses(truth, image, message):
    with pytest.raises(ValueError, match=message):
        psnr(truth, image)
