"""What every training in Keras promises, whichever of the three functions does it."""

import random

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from tensorflow_log import without_start_of_xla

from course_utils import runtime

pytestmark = pytest.mark.keras

ROWS, COLUMNS = 24, 4
RNG = np.random.default_rng(0)
X = RNG.random((ROWS, COLUMNS)).astype(np.float32)
LABELS = RNG.integers(3, size=ROWS)


@pytest.fixture(scope="module")
def models():
    runtime.start(framework="keras")
    from course_utils import keras_models

    return keras_models


class Fit:
    """The autoencoder's training."""

    def network(self, models, **options):
        return models.mlp_autoencoder([COLUMNS, 3, 2], **options)[0]

    def train(self, models, network, x=X, **options):
        return models.fit(network, x, **{"epochs": 3, "batch_size": 8} | options)


class FitRepeated(Fit):
    """The training on a small table."""

    def train(self, models, network, x=X, **options):
        how = {"epochs": 4, "parts": 2, "batch_size": 5} | options
        return models.fit_repeated(network, x, **how)


class Classifier(Fit):
    """The training of a classifier from a given start."""

    def network(self, models):
        import keras

        start = keras.initializers.GlorotNormal(0)
        dense = keras.layers.Dense(3, activation="softmax", kernel_initializer=start)
        return keras.Sequential([keras.Input((COLUMNS,)), dense])

    def train(self, models, network, x=X, *, seed=0, **options):
        how = {"steps": 6, "batch_size": 5} | options
        train = models.classifier_trainer(network, **how)
        return train(network.get_weights(), x, LABELS, seed=seed)


WAYS = {"fit": Fit(), "fit_repeated": FitRepeated(), "classifier_trainer": Classifier()}


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


def same(first, second):
    return all(map(np.array_equal, first, second))


# ---- what a training leaves behind --------------------------------------------------------------


def test_it_trains_silently(models, way, capfd):
    network = way.network(models)
    before = network.get_weights()
    way.train(models, network)
    assert not same(before, network.get_weights())
    out, err = capfd.readouterr()
    assert (out, without_start_of_xla(err)) == ("", "")


def test_it_depends_on_its_seed_and_leaves_all_global_ones_as_they_were(models, way):
    import keras

    def trained(seed, global_seed):
        keras.utils.set_random_seed(global_seed)
        network = way.network(models)
        state = random.getstate()
        way.train(models, network, seed=seed)
        assert random.getstate() == state
        drawn = keras.random.normal((3,)).numpy(), np.random.rand(3)  # noqa: NPY002
        keras.utils.set_random_seed(global_seed)
        undisturbed = keras.random.normal((3,)).numpy(), np.random.rand(3)  # noqa: NPY002
        assert same(drawn, undisturbed)
        return network.get_weights()

    first = trained(0, 1)
    assert same(first, trained(0, 2))
    assert same(first, trained(np.int64(0), 2))
    assert not same(first, trained(1, 1))


def test_a_generator_as_seed_goes_on_where_it_was(models, way):
    def trained(seed):
        network = way.network(models)
        way.train(models, network, seed=seed)
        return network.get_weights()

    rng = np.random.default_rng(5)
    first, second = trained(rng), trained(rng)
    assert not same(first, second)
    assert same(first, trained(np.random.default_rng(5)))


def test_settings_of_the_learner_stay(models, way):
    network = way.network(models)
    network.compile("sgd", "mae")
    optimizer, answer = network.optimizer, network.predict(X, verbose=0)
    way.train(models, network)
    assert network.optimizer is optimizer
    assert (network.loss, network.steps_per_execution) == ("mae", 1)
    assert int(optimizer.iterations) == 0
    assert not np.array_equal(network.predict(X, verbose=0), answer)


def test_afterwards_the_network_answers_as_in_evaluation(models):
    import keras

    inputs = keras.Input((COLUMNS,))
    hidden = keras.layers.Dropout(0.5, seed=0)(inputs)
    network = keras.Model(inputs, keras.layers.Dense(COLUMNS)(hidden))
    history = models.fit(network, X, validation=X, loss="mse", epochs=2, batch_size=8)
    answer = network(X).numpy()
    np.testing.assert_array_equal(answer, network(X).numpy())
    assert history.validation[-1] == pytest.approx(np.mean((answer - X) ** 2), rel=1e-5)


# ---- what comes in ------------------------------------------------------------------------------

TABLES = {
    "uint8": np.round(X).astype(np.uint8),
    "bool": np.round(X).astype(bool),
    "float16": np.round(X).astype(np.float16),
    "float64": np.round(X).astype(np.float64),
    "Fortran order": np.asfortranarray(np.round(X)),
    "data frame": pd.DataFrame(np.round(X)),
    "list": np.round(X).tolist(),
    "masked without a masked cell": np.ma.masked_array(np.round(X)),
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table_means_its_numbers(models, kind):
    from course_utils.keras_models import _inputs

    rows = _inputs.rows_of("x", TABLES[kind], (None, COLUMNS))
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.round(X))


def test_every_training_takes_such_tables(models, way):
    weights = []
    for table in (np.round(X), pd.DataFrame(np.round(X).astype(np.uint8))):
        network = way.network(models)
        way.train(models, network, table)
        weights.append(network.get_weights())
    assert same(*weights)


BAD = {
    "sparse": (sp.csr_array(X), TypeError, "must be a dense array, got a csr_array"),
    "masked": (np.ma.masked_less(X, 0.5), ValueError, r"masked cells; say what they are"),
    "text": (X.astype(str), TypeError, "must hold real numbers, got text"),
    "complex": (X.astype(complex), TypeError, "must hold real numbers, got complex128"),
    "missing": (np.where(X > 0.5, X, np.nan), ValueError, "must be finite, got nan"),
    "infinite": (np.where(X > 0.5, X, np.inf), ValueError, "must be finite, got inf"),
    "too large": (X.astype(float) * 1e300, ValueError, "in single precision must be finite"),
    "wide": (np.zeros((ROWS, 5)), ValueError, r"must have shape \(rows, 4\), got \(24, 5\)"),
    "a row": (X[0], ValueError, r"must be 2-D with shape \(rows, 4\), got shape \(4,\)"),
    "empty": (X[:0], ValueError, "must not be empty"),
}


@pytest.mark.parametrize("kind", BAD)
def test_it_refuses_tables_by_name_before_any_work(models, way, kind):
    table, error, message = BAD[kind]
    network = way.network(models)
    before = network.get_weights()
    with pytest.raises(error, match=rf"^(x|inputs)\b.*{message}"):
        way.train(models, network, table)
    assert same(before, network.get_weights())


COUNTS = {
    "fit": ("epochs", "batch_size"),
    "fit_repeated": ("epochs", "parts", "batch_size"),
    "classifier_trainer": ("steps", "batch_size"),
}


@pytest.mark.parametrize(("name", "count"), [(n, c) for n in COUNTS for c in COUNTS[n]])
@pytest.mark.parametrize(("value", "error"), [(2.0, TypeError), (True, TypeError), (0, ValueError)])
def test_counts_are_integers(models, name, count, value, error):
    network = WAYS[name].network(models)
    with pytest.raises(error, match=f"^{count} must be an integer of at least 1, got {value}$"):
        WAYS[name].train(models, network, **{count: value})


@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), ("0.1", TypeError), (np.nan, ValueError)]
)
def test_the_learning_rate_is_a_number_above_0(models, way, value, error):
    with pytest.raises(error, match="^learning_rate must be a number above 0"):
        way.train(models, way.network(models), learning_rate=value)


@pytest.mark.parametrize(
    ("value", "error"), [(-1, ValueError), (0.5, TypeError), (None, TypeError)]
)
def test_the_seed_is_a_number_or_a_generator(models, way, value, error):
    with pytest.raises(error, match="^seed must be an integer of at least 0"):
        way.train(models, way.network(models), seed=value)


def test_numbers_of_numpy_are_taken_as_pythons_own(models, way):
    options = {"learning_rate": 0.0625, "batch_size": 6}
    weights = []
    for how in (options, {key: np.array(value)[()] for key, value in options.items()}):
        network = way.network(models)
        way.train(models, network, **how)
        weights.append(network.get_weights())
    assert same(*weights)


def test_it_refuses_what_is_no_network(models, way):
    import keras

    one, other = keras.Input((COLUMNS,)), keras.Input((COLUMNS,))
    for network, error, message in (
        (keras.layers.Dense(4), TypeError, "must be a keras.Model, got Dense"),
        (keras.Sequential([keras.layers.Dense(4)]), ValueError, r"start it with keras.Input"),
        (
            keras.Model([one, other], keras.layers.Add()([one, other])),
            ValueError,
            "one input and one output, got 2 and 1",
        ),
    ):
        with pytest.raises(error, match=message):
            way.train(models, network)


# ---- a loss that is not finite ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fit", "fit_repeated"])
def test_an_infinite_loss_leaves_the_network_as_it_was(models, name):
    network = WAYS[name].network(models, output_activation="linear")
    before = network.get_weights()
    with pytest.raises(
        FloatingPointError, match=r"loss is (nan|inf) in .* its weights from before"
    ):
        WAYS[name].train(models, network, 1e15 * X, loss="mse", learning_rate=1e30)
    assert same(before, network.get_weights())


def test_a_validation_loss_that_is_infinite_is_told_apart(models):
    network = models.mlp_autoencoder([COLUMNS, 2], output_activation="linear")[0]
    before = network.get_weights()
    with pytest.raises(FloatingPointError, match="the validation loss is inf in epoch 1"):
        models.fit(network, X, validation=1e30 * X, loss="mse", epochs=2, batch_size=8)
    assert same(before, network.get_weights())


# ---- the history --------------------------------------------------------------------------------


def test_history_has_the_fields_of_both_frameworks(models):
    network = WAYS["fit"].network(models)
    history = WAYS["fit"].train(models, network, validation=X[:10], epochs=4)
    assert history._fields[:3] == ("train", "validation", "best_epoch")
    assert [len(part) for part in (history.train, history.validation, history.seconds)] == [4] * 3
    assert all(type(loss) is float for loss in history.train + history.validation)
    assert history.best_epoch == int(np.argmin(history.validation))
    assert (history.loss, history.validation_loss) == (history.train, history.validation)


def test_without_validation_the_training_loss_says_which_epoch_is_best(models):
    history = WAYS["fit"].train(models, WAYS["fit"].network(models))
    assert history.validation == []
    assert history.best_epoch == int(np.argmin(history.train))


def test_batch_size_does_not_change_how_the_validation_loss_is_taken(models):
    for batch_size in (3, 24):
        network = WAYS["fit"].network(models)
        history = WAYS["fit"].train(
            models, network, validation=X[:11], loss="mse", batch_size=batch_size
        )
        error = np.mean((network(X[:11]).numpy().astype(np.float64) - X[:11]) ** 2)
        assert history.validation[-1] == pytest.approx(error, rel=1e-5)
