"""Compiled twins that are kept give the numbers of twins compiled anew."""

import random

import numpy as np
import pytest

from course_utils import runtime

pytestmark = pytest.mark.keras

X = np.random.default_rng(0).random((24, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def models():
    runtime.start(framework="keras")
    from course_utils import keras_models

    return keras_models


@pytest.fixture
def twins(models):
    from course_utils.keras_models import _twins

    _twins._twins.clear()
    return _twins


def trained(models, seed=0, x=X, **options):
    network = models.mlp_autoencoder([4, 3, 2], seed=seed)[0]
    models.fit(network, x, **{"epochs": 2, "batch_size": 8} | options)
    return network.get_weights()


def trained_repeatedly(models, seed=0, x=X, **options):
    network = models.mlp_autoencoder([4, 3, 2], seed=seed)[0]
    models.fit_repeated(network, x, **{"epochs": 4, "parts": 2, "batch_size": 5} | options)
    return network.get_weights()


@pytest.mark.parametrize("train", [trained, trained_repeatedly])
def test_another_start_and_other_data_take_the_same_steps(models, twins, train):
    anew = train(models, seed=1)
    twins._twins.clear()
    train(models, seed=0, x=1 - X)
    assert len(twins._twins) == 1
    kept = train(models, seed=1)
    assert len(twins._twins) == 1
    assert all(map(np.array_equal, anew, kept))


def test_other_steps_get_another_twin_and_the_latest_few_are_kept(models, twins):
    different = [{}, {"learning_rate": 0.1}, {"loss": "mse"}, {"epochs": 1}, {"batch_size": 6}]
    first = [trained(models, **options) for options in different]
    assert len(twins._twins) == 4
    for position in (-1, 0):  # one that is kept, and the one that had to go
        again = trained(models, **different[position])
        assert all(map(np.array_equal, first[position], again))


def test_a_loss_of_the_course_is_kept_and_a_learners_is_not(models, twins):
    trained(models, loss=models.masked_mse)
    assert len(twins._twins) == 1
    trained(models, loss=lambda targets, outputs: models.masked_mse(targets, outputs))
    assert len(twins._twins) == 1


def test_noise_lies_in_the_batches_and_not_in_the_steps(models, twins):
    clean = trained(models, seed=1)
    noisy = trained(models, seed=1, noise=0.3)
    assert len(twins._twins) == 1
    assert not np.array_equal(noisy[-1], clean[-1])


def test_a_twin_that_failed_is_not_used_again(models, twins):
    expected = trained(models, loss="mse", validation=X)
    assert len(twins._twins) == 1
    with pytest.raises(FloatingPointError):
        trained(models, loss="mse", validation=1e30 * X)
    assert len(twins._twins) == 0
    assert all(map(np.array_equal, expected, trained(models, loss="mse", validation=X)))


def test_what_was_learnt_until_an_interruption_is_kept(models, twins, monkeypatch):
    from course_utils.keras_models import _steps

    def interrupt(self, epoch, logs=None):
        raise KeyboardInterrupt

    network = models.mlp_autoencoder([4, 3, 2])[0]
    before = network.get_weights()
    monkeypatch.setattr(_steps.Watch, "on_epoch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        models.fit(network, X, epochs=2, batch_size=8)
    assert not np.array_equal(before[-1], network.get_weights()[-1])
    assert len(twins._twins) == 0


def test_a_network_that_is_more_than_weights_keeps_its_own_layers(models, twins):
    import keras

    def network_of(*layers):
        return keras.Sequential([keras.Input((4,)), *layers])

    for network in (
        network_of(keras.layers.Dropout(0.5, seed=0), keras.layers.Dense(4)),
        network_of(keras.layers.Dense(4, activation=lambda values: values)),
        network_of(keras.layers.Dense(4, kernel_regularizer="l2")),
    ):
        before = network.get_weights()[0]
        models.fit(network, X, epochs=1, batch_size=8, loss="mse")
        assert not np.array_equal(before, network.get_weights()[0])
    network = network_of(keras.layers.Dense(4))
    models.fit(network, X, epochs=1, batch_size=8, loss=lambda t, p: (t - p) ** 2)
    assert len(twins._twins) == 0


def test_a_copy_draws_nothing_from_the_global_generator(models, twins):
    import keras

    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])  # without a seed
    state = random.getstate()
    models.fit(network, X, epochs=1, batch_size=8, loss="mse")
    assert len(twins._twins) == 1
    assert random.getstate() == state


def test_frozen_layers_stay(models, twins):
    trained(models)
    network = models.mlp_autoencoder([4, 3, 2])[0]
    network.get_layer("code").trainable = False
    before = network.get_layer("code").get_weights()[0]
    models.fit(network, X, epochs=2, batch_size=8)
    assert len(twins._twins) == 2
    np.testing.assert_array_equal(before, network.get_layer("code").get_weights()[0])
