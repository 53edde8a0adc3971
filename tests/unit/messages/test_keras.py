"""What models and training in Keras say to wrong values: see ``keras.txt`` beside this file."""

import functools
import re

import numpy as np
import pytest
from wrong_arguments import (
    approved,
    lines_for,
    messages_that_name_no_argument,
    not_called,
    thing_named,
)

pytestmark = pytest.mark.keras

ROWS = np.random.default_rng(0).uniform(0.1, 0.9, size=(8, 6)).astype(np.float32)


@pytest.fixture(autouse=True, scope="module")
def compiled_again():
    """Let what `network` has switched off end with these tests."""
    yield
    import tensorflow as tf

    tf.config.run_functions_eagerly(False)


def network():
    """A small one; what training is asked here does not depend on how it is run."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    return small_autoencoder()


@functools.cache
def small_autoencoder():
    """Return the same one for all calls: to make one takes longer than to train it."""
    from course_utils.keras_models import mlp_autoencoder

    return mlp_autoencoder([6, 2], seed=0)[0]


# Function -> a call of it that is right.
CALLS = {
    "keras_models.classifier_trainer": lambda: {
        "network": network(),
        "steps": 2,
        "batch_size": 4,
        "learning_rate": 0.001,
        "peak_rate": 0.01,
    },
    "keras_models.conv_denoiser": lambda: {
        "side": 4,
        "channels": 2,
        "hidden_layers": 1,
        "output_mean": 0.5,
        "seed": 0,
    },
    "keras_models.fit": lambda: {
        "autoencoder": network(),
        "x": ROWS,
        "targets": ROWS,
        "noise": 0.1,
        "validation": ROWS[:4],
        "epochs": 1,
        "batch_size": 4,
        "loss": "binary_crossentropy",
        "learning_rate": 0.001,
        "one_cycle": True,
        "warmup": 0.1,
        "seed": 0,
        "progress": False,
    },
    "keras_models.fit_repeated": lambda: {
        "model": network(),
        "inputs": ROWS,
        "targets": ROWS,
        "epochs": 1,
        "batch_size": 4,
        "loss": "mse",
        "learning_rate": 0.001,
        "one_cycle": False,
        "shuffle": True,
        "parts": 1,
        "seed": 0,
        "progress": False,
    },
    "keras_models.log_odds": lambda: {"mean": ROWS.mean(axis=0), "smallest": 0.001},
    "keras_models.mlp_autoencoder": lambda: {
        "widths": [6, 4, 2],
        "activation": "relu",
        "code_activation": "linear",
        "output_activation": "sigmoid",
        "output_mean": ROWS.mean(axis=0),
        "seed": 0,
    },
}
SELVES = {}
ELSEWHERE = re.compile(r"keras_models\.masked_mse$")  # a function of tensors


@pytest.mark.parametrize("name", CALLS)
def test_every_wrong_value_gets_the_message_that_was_approved(name):
    assert lines_for(thing_named(name, SELVES), CALLS[name]) == approved("keras")[name]


def test_every_message_names_an_argument():
    assert messages_that_name_no_argument("keras") == []


def test_every_public_function_is_called():
    assert [name for name in not_called("keras", CALLS, SELVES) if not ELSEWHERE.match(name)] == []
