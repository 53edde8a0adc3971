"""A network that is no autoencoder learns the targets it is given, such as coordinates of a map."""

import numpy as np
import pytest

from course_utils import runtime

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def models():
    runtime.start(framework="keras", threads=1)
    from course_utils import keras_models

    return keras_models


def test_an_encoder_learns_linear_targets_of_another_width(models):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 5)).astype(np.float32)
    y = x @ rng.normal(size=(5, 2)) + [3, -1]
    _, encoder, _ = models.mlp_autoencoder([5, 2])
    history = models.fit(
        encoder,
        x[:500],
        targets=y[:500],
        validation=(x[500:], y[500:]),
        loss="mse",
        epochs=30,
        batch_size=20,
        learning_rate=0.05,
        progress=False,
    )
    assert history.validation[-1] < 1e-3
    np.testing.assert_allclose(encoder(x[500:]).numpy(), y[500:], atol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"autoencoder answers in the shape of its input.*another network needs targets"),
        ({"targets": np.zeros((9, 5))}, r"targets must have shape \(rows, 2\).*\(9, 5\)"),
        ({"targets": np.zeros((8, 2))}, "same number of rows, got 9 and 8"),
        (
            {"targets": np.zeros((9, 2)), "validation": np.zeros((3, 5))},
            "another network needs targets",
        ),
    ],
)
def test_it_refuses_targets_that_do_not_fit(models, options, message):
    _, encoder, _ = models.mlp_autoencoder([5, 2])
    with pytest.raises(ValueError, match=message):
        models.fit(encoder, np.zeros((9, 5)), loss="mse", batch_size=3, **options)
