"""`conv_denoiser` against convolutions that SciPy computes, and against what it promises."""

import numpy as np
import pytest
from scipy.signal import correlate

from course_utils import runtime
from course_utils.noise import gaussian_noise

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def models():
    runtime.start(framework="keras")
    from course_utils import keras_models

    return keras_models


def windows(maps, kernel, padding):
    """Sums over windows at all places of maps (height, width, channels in)."""
    padded = np.pad(maps, (padding, padding, (0, 0)))
    outputs = kernel.shape[3]
    found = [correlate(padded, kernel[..., out], mode="valid")[..., 0] for out in range(outputs)]
    return np.stack(found, axis=-1)


def drawn(maps, kernel):
    """Each place draws its window of 6 × 6 pixels; windows overlap and add up."""
    height, width, _ = maps.shape
    canvas = np.zeros((2 * height + 4, 2 * width + 4))
    for row in range(height):
        for column in range(width):
            window = kernel[:, :, 0] @ maps[row, column]
            canvas[2 * row : 2 * row + 6, 2 * column : 2 * column + 6] += window
    return canvas[2:-2, 2:-2]


def by_hand(network, picture):
    weights = network.get_weights()
    maps = np.maximum(windows(picture[..., None], weights[0], (2, 2))[::2, ::2] + weights[1], 0)
    for kernel, bias in zip(weights[2:-2:2], weights[3:-2:2], strict=True):
        maps = np.maximum(windows(maps, kernel, (1, 1)) + bias, 0)
    return 1 / (1 + np.exp(-drawn(maps, weights[-2]) - weights[-1]))


@pytest.mark.parametrize(("side", "channels", "hidden"), [(8, 3, 2), (6, 1, 0), (10, 2, 1)])
def test_it_is_the_convolutions_of_scipy(models, side, channels, hidden):
    network = models.conv_denoiser(side, channels=channels, hidden_layers=hidden, seed=1)
    network.set_weights([RNG.normal(size=w.shape) * 0.3 for w in network.get_weights()])
    pictures = RNG.random((3, side, side))
    expected = [by_hand(network, picture).ravel() for picture in pictures]
    np.testing.assert_allclose(network(pictures.reshape(3, -1)).numpy(), expected, atol=1e-5)


def test_parameters_do_not_depend_on_the_side(models):
    counts = [models.conv_denoiser(side, channels=5).count_params() for side in (4, 28)]
    assert counts == [73 * 5 + 1 + 2 * 5 * (9 * 5 + 1)] * 2


def test_a_moved_picture_gets_the_moved_answer(models):
    network = models.conv_denoiser(32, channels=3, hidden_layers=1, seed=2)
    picture = np.zeros((32, 32))
    picture[10:18, 12:20] = RNG.random((8, 8))
    moved = np.roll(picture, (4, -2), axis=(0, 1))
    answers = network(np.stack([picture, moved]).reshape(2, -1)).numpy().reshape(2, 32, 32)
    expected = np.roll(answers[0], (4, -2), axis=(0, 1))
    np.testing.assert_allclose(answers[1][8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-6)
    odd = np.roll(picture, (1, 0), axis=(0, 1)).reshape(1, -1)
    answer = network(odd).numpy().reshape(32, 32)
    assert np.abs(answer - np.roll(answers[0], 1, axis=0))[8:-8, 8:-8].max() > 1e-3


@pytest.mark.parametrize("mean", [0.13, 0, np.float32(1)])
def test_it_starts_at_the_mean(models, mean):
    network = models.conv_denoiser(4, output_mean=mean)
    answer = network(RNG.random((2, 16))).numpy()
    np.testing.assert_allclose(answer, np.clip(float(mean), 1e-3, 1 - 1e-3), rtol=1e-5)


def test_its_seed_decides_whatever_was_drawn_before(models):
    import keras

    def weights(seed):
        return models.conv_denoiser(4, channels=2, seed=seed).get_weights()

    first = weights(3)
    keras.utils.set_random_seed(9)
    assert all(map(np.array_equal, first, weights(np.random.default_rng(3))))
    assert not any(map(np.array_equal, first[::2], weights(4)[::2]))


def test_it_learns_to_remove_noise_better_than_the_mean_and_the_noisy_picture(models):
    stripes = np.zeros((64, 8, 8), np.float32)
    for picture, column in zip(stripes, RNG.integers(1, 7, size=64), strict=True):
        picture[:, column] = 1
    x = stripes.reshape(64, -1)
    network = models.conv_denoiser(8, channels=8, hidden_layers=1, output_mean=x.mean())
    history = models.fit(network, x, noise=0.3, epochs=60, batch_size=16, learning_rate=0.02)
    noisy = gaussian_noise(x, 0.3, seed=5)
    error = np.mean((network(noisy).numpy() - x) ** 2)
    assert error < 0.5 * min(np.mean((noisy - x) ** 2), x.var())
    assert history.train[-1] < history.train[0]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"side": 7}, ValueError, "side must be even"),
        ({"side": 0}, ValueError, "side"),
        ({"side": 8.0}, TypeError, "side"),
        ({"channels": 0}, ValueError, "channels"),
        ({"hidden_layers": -1}, ValueError, "hidden_layers"),
        ({"output_mean": 1.5}, ValueError, "output_mean"),
        ({"output_mean": "grey"}, TypeError, "output_mean"),
        ({"seed": -1}, ValueError, "seed"),
    ],
)
def test_what_it_refuses(models, arguments, error, match):
    with pytest.raises(error, match=match):
        models.conv_denoiser(**arguments)
