"""Training with noise: fresh in each step, on the inputs alone, and from the same seed the same."""

import numpy as np
import pytest

from course_utils import runtime
from course_utils.noise import gaussian_noise

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def models():
    runtime.start(framework="keras")
    from course_utils import keras_models

    return keras_models


def batches(models, x, *, steps_of=4, epochs=2, seed=0, **options):
    from course_utils.keras_models import training

    iterator = training._batches(x, steps_of, epochs, seed, **options).as_numpy_iterator()
    return [np.stack(part) for part in zip(*iterator, strict=True)]


def stripes(rows=400, columns=6, seed=0):
    """Two kinds of pictures, light on the left or light on the right, some lighter than others."""
    rng = np.random.default_rng(seed)
    left = np.arange(columns) < columns // 2
    kind = rng.integers(0, 2, (rows, 1))
    return (np.where(kind, left, ~left) * rng.uniform(0.7, 1.0, (rows, 1))).astype(np.float32)


def linear_network(models):
    return models.mlp_autoencoder([6, 6], output_activation="linear")[0]


# ---- what the network is shown ------------------------------------------------------------------


def test_noise_is_on_the_inputs_and_the_targets_stay_clean(models):
    x = stripes()
    inputs, targets = batches(models, x, noise=0.3)
    rows = {row.tobytes() for row in x}
    assert all(row.tobytes() in rows for batch in targets for row in batch)
    assert (inputs != targets).any(axis=(1, 2)).all()
    assert inputs.min() == 0
    assert inputs.max() == 1


def test_noise_has_the_moments_of_gaussian_noise(models):
    x = np.full((500, 200), 0.25, np.float32)
    inputs, _ = batches(models, x, steps_of=500, epochs=1, noise=0.5)
    expected = gaussian_noise(x, 0.5)
    assert inputs.mean() == pytest.approx(expected.mean(), abs=0.005)
    assert inputs.std() == pytest.approx(expected.std(), abs=0.005)
    assert np.mean(inputs == 0) == pytest.approx(np.mean(expected == 0), abs=0.008)


def test_noise_is_fresh_in_every_step_and_epoch_and_differs_between_rows(models):
    x = np.full((8, 50), 0.5, np.float32)
    inputs, _ = batches(models, x, epochs=3, noise=0.05)  # nothing is cut
    rows = inputs.reshape(-1, 50) - 0.5
    assert len(rows) == 24
    correlation = np.corrcoef(rows) - np.eye(24)
    assert np.abs(correlation).max() < 0.6


def test_seed_decides_the_noise_and_noise_leaves_the_order_alone(models):
    x = stripes()
    first, order = batches(models, x, noise=0.2, seed=5)
    again, _ = batches(models, x, noise=0.2, seed=5)
    other, _ = batches(models, x, noise=0.2, seed=6)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    clean, _ = batches(models, x, seed=5)
    np.testing.assert_array_equal(clean, order)


def test_targets_stay_with_their_rows(models):
    x = np.arange(40, dtype=np.float32).reshape(20, 2)
    inputs, targets = batches(models, x, targets=-x, epochs=3)
    np.testing.assert_array_equal(targets, -inputs)
    assert len({batch.tobytes() for batch in inputs}) == len(inputs)


# ---- what it learns -----------------------------------------------------------------------------


def test_a_linear_network_learns_the_regression_from_noisy_to_clean(models):
    """Least squares on many noisy copies is the answer that fresh noise has to come close to."""
    x = stripes(rows=2000)
    copies = np.concatenate([gaussian_noise(x, 0.4, seed=seed) for seed in range(20)])
    design = np.column_stack([copies, np.ones(len(copies))])
    solution = np.linalg.lstsq(design, np.tile(x, (20, 1)), rcond=None)[0]
    network = linear_network(models)
    models.fit(network, x, noise=0.4, loss="mse", epochs=30, batch_size=20, progress=False)
    fresh = gaussian_noise(stripes(seed=1), 0.4, seed=99)
    expected = np.column_stack([fresh, np.ones(len(fresh))]) @ solution
    difference = network(fresh).numpy() - expected
    assert np.sqrt(np.mean(difference**2)) < 0.1 * expected.std()


def test_noisy_targets_teach_the_identity(models):
    """The network is not unable to reproduce noise; it learns what the targets ask for."""
    noisy = gaussian_noise(stripes(rows=2000), 0.4)
    network = linear_network(models)
    models.fit(
        network, noisy, loss="mse", epochs=30, batch_size=20, learning_rate=0.02, progress=False
    )
    fresh = gaussian_noise(stripes(seed=1), 0.4, seed=99)
    assert np.sqrt(np.mean((network(fresh).numpy() - fresh) ** 2)) < 0.05


def test_given_pairs_and_their_validation(models):
    x = stripes(rows=2000)
    noisy, fresh = gaussian_noise(x, 0.4), gaussian_noise(stripes(seed=1), 0.4, seed=99)
    network = linear_network(models)
    history = models.fit(
        network,
        noisy,
        targets=x,
        validation=(fresh, stripes(seed=1)),
        loss="mse",
        epochs=10,
        batch_size=20,
        progress=False,
    )
    error = np.mean((network(fresh).numpy() - stripes(seed=1)) ** 2)
    assert history.validation[-1] == pytest.approx(error, rel=1e-4)
    assert error < 0.5 * np.mean((fresh - stripes(seed=1)) ** 2)


def test_validation_alone_is_its_own_target_and_gets_no_noise(models):
    x = stripes()
    network = linear_network(models)
    history = models.fit(
        network, x, noise=0.4, validation=x, loss="mse", epochs=1, batch_size=20, progress=False
    )
    error = np.mean((network(x).numpy() - x) ** 2)
    assert history.validation == [pytest.approx(error, rel=1e-4)]


def test_training_with_noise_depends_on_its_seed_and_on_nothing_else(models):
    import keras

    def train(seed, global_seed):
        keras.utils.set_random_seed(global_seed)
        network = linear_network(models)
        models.fit(
            network, stripes(), noise=0.3, epochs=1, batch_size=20, seed=seed, progress=False
        )
        return network.get_weights()[0]

    first = train(0, 1)
    np.testing.assert_array_equal(first, train(0, 2))
    assert not np.array_equal(first, train(1, 1))


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -0.1}, "noise must be a number of at least 0, got -0.1"),
        ({"noise": np.nan}, "noise must be a number of at least 0, got nan"),
        ({"noise": np.inf}, "noise must be a number of at least 0, got inf"),
        ({"targets": np.zeros((8, 6))}, "x and targets must have the same number of rows, got 9 "),
        ({"targets": np.zeros((9, 5))}, r"targets must have shape \(rows, 6\)"),
        (
            {"targets": np.full((9, 6), 2)},
            r"targets, for binary cross-entropy, must lie in \[0, 1\]",
        ),
        (
            {"targets": np.full((9, 6), np.nan)},
            "targets must be finite, got nan in row 0, column 0",
        ),
        ({"validation": (np.zeros((9, 6)),)}, "an array or two of them, got 1"),
        (
            {"validation": (np.zeros((9, 6)), np.zeros((8, 6)))},
            "validation and the targets of validation must have the same number of rows",
        ),
        (
            {"validation": (np.zeros((9, 6)), np.full((9, 6), 2))},
            r"the targets of validation, for binary cross-entropy, must lie in \[0, 1\]",
        ),
    ],
)
def test_fit_refuses(models, options, message):
    with pytest.raises(ValueError, match=message):
        models.fit(
            linear_network(models), np.zeros((9, 6)), batch_size=3, progress=False, **options
        )


def test_noise_needs_grey_values_whatever_the_loss(models):
    x = np.full((9, 6), 1.5)
    with pytest.raises(ValueError, match=r"x, for noise that is cut to it, must lie in \[0, 1\]"):
        models.fit(linear_network(models), x, noise=0.1, loss="mse", batch_size=3)


def test_inputs_outside_the_unit_interval_are_fine_if_the_targets_are_inside(models):
    x = stripes(rows=40)
    network, _, _ = models.mlp_autoencoder([6, 3])
    history = models.fit(network, 2 * x - 1, targets=x, epochs=1, batch_size=10, progress=False)
    assert np.isfinite(history.train[0])
