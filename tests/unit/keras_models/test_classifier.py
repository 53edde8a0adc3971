"""The trainer of classifiers that is compiled once."""

import numpy as np
import pytest

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def setting():
    from course_utils import runtime

    runtime.start(seed=0, framework="keras")
    import keras

    from course_utils.keras_models import classifier_trainer

    network = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(
                4, activation="tanh", kernel_initializer=keras.initializers.GlorotNormal(0)
            ),
            keras.layers.Dense(3, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=90)
    x = rng.standard_normal((90, 2)) + 6 * np.eye(3, 2)[labels]
    return (
        network,
        network.get_weights(),
        classifier_trainer(network, steps=60, learning_rate=0.05),
        x,
        labels,
    )


def test_learns_clouds(setting):
    network, start, train, x, labels = setting
    train(start, x, labels)
    assert np.mean(network(x).numpy().argmax(axis=1) == labels) > 0.9


def test_nothing_is_left_of_an_earlier_training(setting):
    network, start, train, x, labels = setting
    train(start, x, labels, seed=3)
    first = network.get_weights()
    train(start, -x[:50], labels[:50], seed=4)
    assert not np.allclose(first[0], network.get_weights()[0])
    train(start, x, labels, seed=3)
    for before, after in zip(first, network.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_start_is_where_it_starts(setting):
    network, start, train, x, labels = setting
    frozen = [weights.copy() for weights in start]
    train([weights + 1 for weights in start], x, labels)
    first = network.get_weights()
    train(start, x, labels)
    assert not np.allclose(first[0], network.get_weights()[0])
    for before, after in zip(frozen, start, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (
            5,
            np.arange(4) % 3,
            "^x and labels must have the same number of rows, got 5 rows and 4 labels$",
        ),
        (0, np.arange(0), "x must not be empty"),
        (3, np.array([0, 1, 3]), "from 0 to 2, got 0 to 3"),
        (3, np.array([0, -1, 2]), "from 0 to 2, got -1 to 2"),
        (3, np.array([0.0, 1.0, 2.0]), "^labels must hold integers, got float64"),
    ],
)
def test_refuses_labels(setting, rows, labels, message):
    from course_utils.keras_models import classifier_trainer

    network, start, _, x, _ = setting
    train = classifier_trainer(network, steps=1)
    error = TypeError if labels.dtype == float else ValueError
    with pytest.raises(error, match=message):
        train(start, x[:rows], labels)


def test_refuses_numbers(setting):
    from course_utils.keras_models import classifier_trainer

    for name, options in {
        "steps": {"steps": 0},
        "batch_size": {"steps": 1, "batch_size": 0},
        "learning_rate": {"steps": 1, "learning_rate": 0},
    }.items():
        with pytest.raises(ValueError, match=f"{name} must be"):
            classifier_trainer(setting[0], **options)


def test_the_older_name_of_the_learning_rate(setting):
    from course_utils.keras_models import classifier_trainer

    network, start, train, x, labels = setting
    train(start, x, labels)
    expected = network.get_weights()
    classifier_trainer(network, steps=60, peak_rate=0.05)(start, x, labels)
    assert all(map(np.array_equal, expected, network.get_weights()))


def test_a_loss_that_explodes_leaves_the_network_as_it_was(setting):
    network, start, train, x, labels = setting
    network.set_weights(start)
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        train([np.full_like(weights, np.nan) for weights in start], x, labels)
    assert all(map(np.array_equal, start, network.get_weights()))
