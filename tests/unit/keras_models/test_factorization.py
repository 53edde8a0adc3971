"""Networks beside factorisations: the masked loss, fast fits, and the linear autoencoder."""

import numpy as np
import pytest

from course_utils.factorization import rank_k_rmse, truncated_svd
from course_utils.metrics import rmse

pytestmark = pytest.mark.keras

RATINGS = np.array(
    [[5, 3, 0, 0], [4, 0, 0, 5], [0, 0, 3, 4], [0, 5, 0, 0], [0, 0, 4, 0]], dtype=float
)


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def models(tf):
    from course_utils import keras_models

    return keras_models


def source_network(models, seed=0, columns=4, code=3):
    return models.mlp_autoencoder([columns, code], code_activation="tanh", seed=seed)[0]


# --- masked loss ----------------------------------------------------------------------------------


def numpy_masked_mse(targets, predictions):
    known = ~np.isnan(targets)
    return np.mean((targets[known] - predictions[known]) ** 2)


def table(seed, rows=4, columns=5):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 6, (rows, columns)).astype(np.float32)
    targets[rng.random((rows, columns)) < 0.5] = np.nan
    targets[0, 0] = 0.0  # a known zero counts
    return targets, rng.normal(size=(rows, columns)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_masked_loss_is_the_mean_over_known_cells(models, tf, seed):
    targets, predictions = table(seed)
    loss = models.masked_mse(tf.constant(targets), tf.constant(predictions))
    assert float(loss) == pytest.approx(numpy_masked_mse(targets, predictions), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_gradient_is_exact_and_zero_where_the_target_is_missing(models, tf, seed):
    targets, predictions = table(seed)
    variable = tf.Variable(predictions)
    with tf.GradientTape() as tape:
        loss = models.masked_mse(tf.constant(targets), variable)
    gradient = tape.gradient(loss, variable).numpy()
    known = ~np.isnan(targets)
    assert (gradient[~known] == 0).all()
    expected = 2 * (predictions - targets)[known] / known.sum()
    np.testing.assert_allclose(gradient[known], expected, rtol=1e-5)
    # central differences in float64, of NumPy's own formula
    for cell in np.ndindex(targets.shape):
        step = np.zeros(targets.shape)
        step[cell] = 1e-5
        exact = predictions.astype(np.float64)
        slope = numpy_masked_mse(targets, exact + step) - numpy_masked_mse(targets, exact - step)
        assert gradient[cell] == pytest.approx(slope / 2e-5, abs=1e-4)


def test_gradient_of_the_weights_ignores_what_is_predicted_for_missing_cells(models, tf):
    targets, inputs = table(3)
    network = source_network(models, columns=5, code=2)
    column = np.array([np.nan] * 4, dtype=np.float32)
    targets[:, 2] = column  # nobody rated item 2
    with tf.GradientTape() as tape:
        loss = models.masked_mse(tf.constant(targets), network(inputs))
    last = network.get_layer("reconstruction")
    kernel, bias = tape.gradient(loss, [last.kernel, last.bias])
    assert (kernel.numpy()[:, 2] == 0).all()
    assert bias.numpy()[2] == 0
    assert (bias.numpy()[[0, 1, 3, 4]] != 0).all()


def test_masked_loss_of_nothing_is_zero_with_a_zero_gradient(models, tf):
    variable = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        loss = models.masked_mse(tf.constant([[np.nan, np.nan]]), variable)
    assert float(loss) == 0.0
    assert tape.gradient(loss, variable).numpy().tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("answer", [np.inf, -np.inf, np.nan, 1e30])
def test_whatever_is_answered_in_a_missing_cell_costs_nothing(models, tf, answer):
    targets, predictions = table(2)
    expected = numpy_masked_mse(targets, predictions)
    predictions[np.isnan(targets)] = answer
    variable = tf.Variable(predictions)
    with tf.GradientTape() as tape:
        loss = models.masked_mse(tf.constant(targets), variable)
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    gradient = tape.gradient(loss, variable).numpy()
    assert (gradient[np.isnan(targets)] == 0).all()
    assert np.isfinite(gradient).all()


def test_rows_without_a_known_cell_cost_nothing(models):
    targets, predictions = table(4)
    more = np.vstack([targets, np.full((2, 5), np.nan)]), np.vstack([predictions, predictions[:2]])
    assert float(models.masked_mse(*more)) == float(models.masked_mse(targets, predictions))


# Keras asks TensorFlow for arrays in a way that NumPy 2 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_saved_with_the_masked_loss_can_be_loaded(models, tmp_path):
    import keras

    targets, inputs = table(5)
    network = source_network(models, columns=5, code=2)
    network.compile("adam", models.masked_mse)
    network.fit(inputs, targets, verbose=0)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert loaded.loss is models.masked_mse
    np.testing.assert_array_equal(loaded(inputs), network(inputs))
    assert loaded.evaluate(inputs, targets, verbose=0) == pytest.approx(
        numpy_masked_mse(targets, network(inputs).numpy()), rel=1e-5
    )


def test_masked_loss_without_missing_cells_is_the_plain_one(models, tf):
    _, predictions = table(1)
    targets = np.ones_like(predictions)
    masked = models.masked_mse(tf.constant(targets), tf.constant(predictions))
    assert float(masked) == pytest.approx(rmse(targets, predictions) ** 2, rel=1e-6)


# --- fit_repeated ---------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 5])
@pytest.mark.parametrize("one_cycle", [False, True])
def test_weights_are_those_of_a_plain_fit(models, one_cycle, parts):
    import keras

    x = (RATINGS / 5).astype(np.float32)
    plain, fast = source_network(models), source_network(models)
    rate = 0.01
    if one_cycle:  # 30 steps, of which the first tenth rises
        rate = keras.optimizers.schedules.CosineDecay(
            0.01 / 25, decay_steps=27, warmup_target=0.01, warmup_steps=3
        )
    plain.compile(keras.optimizers.Adam(rate), "mse")
    plain.fit(x, x, epochs=10, batch_size=2, shuffle=False, verbose=0)
    how = {"one_cycle": one_cycle, "parts": parts, "learning_rate": 0.01}
    models.fit_repeated(fast, x, epochs=10, batch_size=2, shuffle=False, **how)
    for left, right in zip(plain.get_weights(), fast.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    untrained = source_network(models).get_weights()
    assert np.abs(untrained[0] - plain.get_weights()[0]).max() > 1e-3


def test_each_epoch_visits_every_row_once_in_an_order_from_the_seed(models):
    from course_utils.keras_models import repeated

    x = np.arange(5, dtype=np.float32)[:, None]

    def visits(seed, shuffle=True):
        batches = repeated._repeated_batches(x, 10 * x, 2, 6, shuffle, np.random.default_rng(seed))
        seen = [(a.numpy().ravel(), b.numpy().ravel()) for a, b in batches]
        assert [len(a) for a, _ in seen] == [2, 2, 1] * 6
        assert all((10 * a == b).all() for a, b in seen)
        return np.concatenate([a for a, _ in seen]).reshape(6, 5)

    orders = visits(seed=0)
    assert (np.sort(orders, axis=1) == np.arange(5)).all()
    assert len(np.unique(orders, axis=0)) > 1
    assert (visits(seed=0) == orders).all()
    assert (visits(seed=1) != orders).any()
    assert (visits(seed=0, shuffle=False) == np.arange(5)).all()


def test_targets_may_differ_from_inputs_and_be_missing(models):
    rng = np.random.default_rng(0)
    inputs = rng.random((6, 4))
    targets = np.where(rng.random((6, 4)) < 0.5, rng.random((6, 4)), np.nan)
    network = source_network(models)
    losses = models.fit_repeated(
        network, inputs, targets, epochs=400, batch_size=6, loss=models.masked_mse,
        learning_rate=0.03, parts=4,
    )  # fmt: skip
    assert losses.shape == (4,)
    assert losses[-1] < losses[0] / 4
    answers = network(inputs.astype(np.float32)).numpy()
    assert numpy_masked_mse(targets, answers) < losses[0] / 4


def test_same_seed_same_weights_whatever_was_drawn_before(models, tf):
    def trained(seed):
        network = source_network(models)
        models.fit_repeated(network, RATINGS / 5, epochs=10, batch_size=2, seed=seed)
        return network.get_weights()[0]

    first = trained(0)
    np.random.default_rng().random(3)
    tf.random.normal((3,))
    np.testing.assert_array_equal(first, trained(0))
    assert np.abs(first - trained(1)).max() > 1e-6


def test_settings_of_the_model_stay(models):
    network = source_network(models)
    network.compile("sgd", "mae")
    own = network.optimizer
    models.fit_repeated(network, RATINGS / 5, epochs=10)
    assert network.optimizer is own
    assert network.steps_per_execution == 1


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.ones((3, 5)),), {}, r"inputs must have shape \(rows, 4\)"),
        ((np.ones(4),), {}, r"inputs must be 2-D with shape \(rows, 4\)"),
        ((np.ones((0, 4)),), {}, "inputs must not be empty"),
        (
            (np.ones((3, 4)), np.ones((2, 4))),
            {},
            "inputs and targets must have the same number of rows, got 3 and 2",
        ),
        ((np.full((3, 4), np.nan),), {}, "inputs must be finite, got nan"),
        ((np.ones((3, 4)), np.full((3, 4), np.nan)), {}, "targets must be finite, got nan"),
        ((np.ones((3, 4)),), {"epochs": 15}, "got 15 epochs in 10 parts"),
        ((np.ones((3, 4)),), {"epochs": 0}, "epochs must be an integer of at least 1, got 0"),
        ((np.ones((3, 4)),), {"batch_size": 0}, "batch_size must be an integer of at least 1"),
        ((np.ones((3, 4)),), {"learning_rate": 0.0}, "learning_rate must be a number above 0"),
    ],
)
def test_bad_input_is_refused(models, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        models.fit_repeated(source_network(models), *arguments, **({"epochs": 10} | options))


def test_a_loss_that_explodes_is_reported(models):
    network = models.mlp_autoencoder([4, 3], output_activation="linear")[0]
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        models.fit_repeated(network, RATINGS * 1e18, epochs=10, learning_rate=1e18)


# --- what a network can and cannot do -------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3])
def test_linear_autoencoder_reaches_the_bound_and_finds_the_same_projection(models, k):
    import keras

    def dense(units, seed):
        start = keras.initializers.GlorotNormal(seed)
        return keras.layers.Dense(units, use_bias=False, kernel_initializer=start)

    inputs = keras.Input((4,))
    network = keras.Model(inputs, dense(4, seed=1)(dense(k, seed=0)(inputs)))
    bound = rank_k_rmse(RATINGS, k)
    assert rmse(RATINGS, network(RATINGS).numpy()) > 1.2 * bound
    models.fit_repeated(network, RATINGS, epochs=2000, batch_size=5, learning_rate=0.02)
    assert bound - 1e-5 <= rmse(RATINGS, network(RATINGS).numpy()) <= 1.001 * bound
    encode, decode = network.get_weights()
    vt = truncated_svd(RATINGS, k).vt
    np.testing.assert_allclose(encode @ decode, vt.T @ vt, atol=0.02)
    assert np.abs(np.abs(encode.T) - np.abs(vt)).max() > 0.05  # the weights themselves differ


def test_tanh_and_sigmoid_codes_are_the_same_family(models):
    tanh = source_network(models, seed=2)
    sigmoid = models.mlp_autoencoder([4, 3], code_activation="sigmoid", seed=5)[0]
    kernel, bias, decoder, offset = tanh.get_weights()
    # tanh(z) = 2 sigmoid(2 z) - 1
    sigmoid.set_weights([2 * kernel, 2 * bias, 2 * decoder, offset - decoder.sum(axis=0)])
    np.testing.assert_allclose(tanh(RATINGS).numpy(), sigmoid(RATINGS).numpy(), atol=1e-5)


def test_a_trained_bent_network_passes_the_bound_of_linear_maps(models):
    network = source_network(models)
    assert network.count_params() == 31
    bound = rank_k_rmse(RATINGS, 3)
    assert rmse(RATINGS, 5 * network(RATINGS / 5).numpy()) > bound
    models.fit_repeated(network, RATINGS / 5, epochs=1500, batch_size=5, learning_rate=0.01)
    assert rmse(RATINGS, 5 * network(RATINGS / 5).numpy()) < bound / 2
