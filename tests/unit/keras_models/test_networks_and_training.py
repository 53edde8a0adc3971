"""Networks and training: shapes, starting points, PCA as an oracle, reproducibility, refusals."""

import itertools

import numpy as np
import pytest

from course_utils import runtime
from course_utils.checks import autoencode_digits
from course_utils.metrics import binary_cross_entropy, rmse

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def models():
    runtime.start(framework="keras")
    from course_utils import keras_models

    return keras_models


@pytest.fixture(scope="module")
def keras(models):
    import keras

    return keras


def low_rank(rows=256, columns=12, rank=2, seed=0):
    """Grey values near a plane, with a little noise around it."""
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    noisy = plane + 0.1 * rng.normal(size=plane.shape)
    return (1 / (1 + np.exp(-noisy))).astype(np.float32)


def pca_reconstruction(x, rank):
    centre = x.mean(axis=0)
    _, _, axes = np.linalg.svd(x - centre, full_matrices=False)
    return (x - centre) @ axes[:rank].T @ axes[:rank] + centre


# ---- metrics, as Keras computes them ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_cross_entropy_agrees_with_keras(keras, seed):
    truth, prediction = np.random.default_rng(seed).random((2, 7, 11)).astype(np.float32)
    prediction[0, 0] = 0  # both clip to 1e-7
    expected = float(np.mean(keras.losses.binary_crossentropy(truth, prediction)))
    assert binary_cross_entropy(truth, prediction) == pytest.approx(expected, rel=1e-4)


# ---- log_odds -----------------------------------------------------------------------------------


def test_log_odds_is_the_inverse_of_the_sigmoid(models, keras):
    mean = np.linspace(0.01, 0.99, 50)
    sigmoid = keras.ops.convert_to_numpy(keras.activations.sigmoid(models.log_odds(mean)))
    np.testing.assert_allclose(sigmoid, mean, rtol=1e-5)
    np.testing.assert_allclose(models.log_odds(1 - mean), -models.log_odds(mean), atol=1e-12)


def test_log_odds_clips_at_both_ends(models):
    mean = np.array([[0.0, 1e-5, 0.3], [0.5, 0.9999, 1.0]])
    result = models.log_odds(mean)
    np.testing.assert_allclose(np.abs(result[[0, 0, 1, 1], [0, 1, 1, 2]]), np.log(999))
    np.testing.assert_allclose(result[[0, 1], [2, 0]], [np.log(0.3 / 0.7), 0.0], atol=1e-12)


@pytest.mark.parametrize(
    ("mean", "message"),
    [([-0.1], r"lie in \[0, 1\]"), ([1.1], r"lie in \[0, 1\]"), ([np.nan], "be finite")],
)
def test_log_odds_refuses_what_is_no_mean(models, mean, message):
    with pytest.raises(ValueError, match=f"mean must {message}"):
        models.log_odds(mean)


@pytest.mark.parametrize("smallest", [0, 0.5, -1, np.nan])
def test_log_odds_refuses_a_clip_without_an_inside(models, smallest):
    with pytest.raises(ValueError, match="smallest must be a number above 0 and below 0.5"):
        models.log_odds([0.5], smallest=smallest)


# ---- mlp_autoencoder ----------------------------------------------------------------------------


def test_network_of_the_course(models):
    autoencoder, encoder, decoder = models.mlp_autoencoder([784, 128, 64, 32])
    names = [layer.name for layer in autoencoder.layers]
    assert names == [
        "input",
        *("encoder_1", "encoder_2", "code"),
        *("decoder_1", "decoder_2", "reconstruction"),
    ]
    assert [layer.units for layer in autoencoder.layers[1:]] == [128, 64, 32, 64, 128, 784]
    assert autoencoder.count_params() == 222_384
    assert encoder.count_params() + decoder.count_params() == 222_384


@pytest.mark.parametrize("widths", [[4, 3], [6, 4, 2], (9, 7, 5, 3)])
def test_parameters_as_counted_by_hand(models, widths):
    mirrored = [*widths, *reversed(widths[:-1])]
    by_hand = sum((rows + 1) * columns for rows, columns in itertools.pairwise(mirrored))
    assert models.mlp_autoencoder(widths)[0].count_params() == by_hand


def test_check_of_the_exercise_counts_as_keras_does(models):
    widths = autoencode_digits.SMALL_NETWORK
    autoencoder, _, _ = models.mlp_autoencoder(widths[: len(widths) // 2 + 1])
    assert autoencoder.count_params() == autoencode_digits.predict_parameters.answer()


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_check_of_the_exercise_finds_the_code_where_keras_has_it(models, depth):
    widths = [12, 9, 7, 5, 3][:depth]
    autoencoder, _, _ = models.mlp_autoencoder(widths)
    position = autoencode_digits.break_narrowest.reference(widths)
    assert autoencoder.layers[position] is autoencoder.get_layer("code")


def test_halves_share_the_layers_and_compose_to_the_whole(models):
    x = low_rank()
    autoencoder, encoder, decoder = models.mlp_autoencoder([12, 8, 3], code_activation="tanh")
    np.testing.assert_array_equal(decoder(encoder(x)).numpy(), autoencoder(x).numpy())
    models.fit(autoencoder, x, epochs=1, progress=False)
    np.testing.assert_array_equal(decoder(encoder(x)).numpy(), autoencoder(x).numpy())
    assert encoder.get_layer("code") is autoencoder.get_layer("code")


def test_activations_stand_where_they_were_asked_for(models):
    autoencoder, _, _ = models.mlp_autoencoder(
        [4, 3, 2], activation="silu", code_activation="tanh", output_activation="linear"
    )
    found = {layer.name: layer.activation.__name__ for layer in autoencoder.layers[1:]}
    assert found == {
        "encoder_1": "silu",
        "code": "tanh",
        "decoder_1": "silu",
        "reconstruction": "linear",
    }


@pytest.mark.parametrize(("activation", "numerator"), [("relu", 2), ("silu", 2), ("tanh", None)])
def test_initial_weights_have_the_variance_of_he_or_glorot(models, activation, numerator):
    autoencoder, _, _ = models.mlp_autoencoder([400, 300, 100], activation=activation)
    kernel, bias = autoencoder.get_layer("encoder_1").get_weights()
    variance = numerator / 400 if numerator else 2 / (400 + 300)
    assert kernel.var() == pytest.approx(variance, rel=0.03)
    assert not bias.any()
    code = autoencoder.get_layer("code").get_weights()[0]  # linear: nothing is cut off
    assert code.var() == pytest.approx(2 / (300 + 100), rel=0.05)


@pytest.mark.parametrize("output_activation", ["sigmoid", "linear"])
def test_output_mean_is_what_the_untrained_network_answers(models, output_activation):
    x = low_rank()
    mean = x.mean(axis=0)
    autoencoder, _, _ = models.mlp_autoencoder(
        [12, 8, 3], output_activation=output_activation, output_mean=mean
    )
    answer = autoencoder(x).numpy()
    np.testing.assert_allclose(answer, np.broadcast_to(mean, x.shape), rtol=1e-5)
    without, _, _ = models.mlp_autoencoder([12, 8, 3], output_activation=output_activation)
    assert rmse(x, answer) < rmse(x, without(x).numpy())


def test_seed_alone_decides_the_weights(models, keras):
    keras.utils.set_random_seed(1)
    first = models.mlp_autoencoder([6, 6, 6], seed=3)[0].get_weights()
    keras.utils.set_random_seed(2)
    second = models.mlp_autoencoder([6, 6, 6], seed=3)[0].get_weights()
    other = models.mlp_autoencoder([6, 6, 6], seed=4)[0].get_weights()
    assert all(map(np.array_equal, first, second))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[2])  # layers of one shape differ all the same


@pytest.mark.parametrize(
    ("widths", "error", "message"),
    [
        ([784], ValueError, r"widths must be two or more integers, input first, got \[784\]"),
        ([], ValueError, "widths must be two or more integers"),
        ([784, 0], ValueError, r"widths\[1\] must be an integer of at least 1, got 0"),
        ([784, -2], ValueError, r"widths\[1\] must be an integer of at least 1, got -2"),
        ([784, 31.5], TypeError, r"widths\[1\] must be an integer of at least 1, got 31.5"),
        ([784.0, 2], TypeError, r"widths\[0\] must be an integer of at least 1, got 784.0"),
        ([784, True], TypeError, r"widths\[1\] must be an integer of at least 1, got True"),
    ],
)
def test_network_refuses_widths(models, widths, error, message):
    with pytest.raises(error, match=message):
        models.mlp_autoencoder(widths)


def test_network_refuses_a_mean_it_cannot_start_from(models):
    with pytest.raises(ValueError, match=r"output_mean must have shape \(6,\), got \(5,\)"):
        models.mlp_autoencoder([6, 2], output_mean=np.zeros(5))
    with pytest.raises(ValueError, match="'sigmoid' or 'linear', got 'tanh'"):
        models.mlp_autoencoder([6, 2], output_activation="tanh", output_mean=np.zeros(6))
    with pytest.raises(ValueError, match=r"output_mean must lie in \[0, 1\]"):
        models.mlp_autoencoder([6, 2], output_mean=np.full(6, 33.0))


# ---- fit ----------------------------------------------------------------------------------------


def test_linear_autoencoder_reaches_the_bound_of_pca_and_not_less(models):
    """Eckart and Young: no linear map of rank 2 has a smaller squared error than PCA's."""
    x = low_rank(rows=512)
    bound = rmse(x, pca_reconstruction(x, 2))
    autoencoder, _, _ = models.mlp_autoencoder(
        [12, 2], output_activation="linear", output_mean=x.mean(axis=0)
    )
    assert rmse(x, autoencoder(x).numpy()) > 2 * bound
    models.fit(
        autoencoder, x, loss="mse", epochs=60, batch_size=32, learning_rate=2e-2, progress=False
    )
    reached = rmse(x, autoencoder(x).numpy())
    assert bound * (1 - 1e-5) <= reached <= 1.02 * bound
    assert rmse(pca_reconstruction(x, 2), autoencoder(x).numpy()) < 0.2 * bound


def test_training_beats_the_mean_and_the_history_says_so(models):
    x, validation = low_rank(rows=640)[:512], low_rank(rows=640)[512:]
    autoencoder, _, _ = models.mlp_autoencoder([12, 8, 2], output_mean=x.mean(axis=0))
    start = binary_cross_entropy(validation, autoencoder(validation).numpy())
    history = models.fit(
        autoencoder, x, validation=validation, epochs=8, batch_size=16, progress=False
    )
    end = binary_cross_entropy(validation, autoencoder(validation).numpy())
    assert history.validation[-1] == pytest.approx(end, rel=1e-4)
    assert end < 0.97 * start
    assert len(history.train) == len(history.validation) == len(history.seconds) == 8
    assert history.train[-1] < history.train[0]
    assert min(history.seconds) > 0


def test_fit_depends_on_its_seed_and_on_nothing_else(models, keras):
    x = low_rank()

    def train(seed, global_seed):
        keras.utils.set_random_seed(global_seed)
        autoencoder, _, _ = models.mlp_autoencoder([12, 2])
        models.fit(autoencoder, x, epochs=2, batch_size=32, seed=seed, progress=False)
        return np.concatenate([weights.ravel() for weights in autoencoder.get_weights()])

    first = train(0, 1)
    np.testing.assert_array_equal(first, train(0, 2))
    assert not np.array_equal(first, train(1, 1))


def test_batches_shuffle_anew_and_never_repeat_a_row_within_an_epoch(models):
    x = np.arange(10, dtype=np.float32)[:, None]
    from course_utils.keras_models import training

    batches = list(training._batches(x, batch_size=4, epochs=3, seed=0).as_numpy_iterator())
    assert [batch.shape for batch, _ in batches] == [(4, 1)] * 6
    assert all(np.array_equal(given, target) for given, target in batches)
    epochs = [np.concatenate([batches[i][0], batches[i + 1][0]]).ravel() for i in (0, 2, 4)]
    assert all(len(set(epoch)) == 8 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


@pytest.mark.parametrize("warmup", [0.0, 0.2])
def test_learning_rate_rises_to_its_peak_and_falls_to_zero(models, warmup):
    from course_utils.keras_models import _steps

    schedule = _steps.one_cycle_schedule(5e-3, warmup, 100)
    rates = np.array([float(schedule(step)) for step in range(101)])
    top = round(100 * warmup)
    assert rates.argmax() == top
    assert rates.max() == pytest.approx(5e-3)
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    if warmup:
        assert rates[0] == pytest.approx(5e-3 / 25)


def test_fit_leaves_the_settings_of_the_model_alone(models):
    autoencoder, _, _ = models.mlp_autoencoder([12, 2])
    models.fit(autoencoder, low_rank(), epochs=1, progress=False)
    assert not autoencoder.compiled


def test_a_constant_rate_is_that_of_plain_keras(models, keras):
    """Without one cycle and without a shuffle, the steps are those of `compile` and `fit`."""
    x = low_rank(rows=32)
    ours, _, _ = models.mlp_autoencoder([12, 2])
    plain, _, _ = models.mlp_autoencoder([12, 2])
    models.fit(ours, x, epochs=3, batch_size=32, one_cycle=False, learning_rate=1e-2)
    plain.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy")
    plain.fit(x, x, epochs=3, batch_size=32, shuffle=False, verbose=0)
    for left, right in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_one_cycle_takes_other_steps(models):
    weights = []
    for one_cycle in (True, False):
        autoencoder, _, _ = models.mlp_autoencoder([12, 2])
        models.fit(autoencoder, low_rank(), epochs=2, batch_size=32, one_cycle=one_cycle)
        weights.append(autoencoder.get_weights()[0])
    assert np.abs(weights[0] - weights[1]).max() > 1e-4


def test_older_names_mean_the_same(models, capfd):
    def trained(**options):
        autoencoder, _, _ = models.mlp_autoencoder([12, 2])
        return models.fit(autoencoder, low_rank(), validation=low_rank(), epochs=2, **options)

    new = trained(learning_rate=0.01, progress=False)
    old = trained(peak_rate=0.01, report=False)
    assert (old.loss, old.validation_loss) == (new.train, new.validation)
    assert capfd.readouterr() == ("", "")
    trained(report=True)
    assert "2/2" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.zeros((9, 5)), {}, r"x must have shape \(rows, 6\).*got \(9, 5\)"),
        (np.zeros(6), {}, r"x must be 2-D with shape \(rows, 6\), got shape \(6,\)"),
        (np.zeros((0, 6)), {}, r"x must not be empty, got shape \(0, 6\)"),
        (np.full((9, 6), 255), {}, r"x, .*, must lie in \[0, 1\].*divide bytes by 255"),
        (np.full((9, 6), np.nan), {}, "x must be finite, got nan in row 0, column 0"),
        (np.full((9, 6), np.inf), {"loss": "mse"}, "x must be finite, got inf"),
        (np.zeros((9, 6)), {"validation": np.zeros((9, 7))}, "validation must have shape"),
        (
            np.zeros((9, 6)),
            {"validation": np.full((9, 6), 2)},
            r"validation, .* must lie in \[0, 1\]",
        ),
        (
            np.zeros((9, 6)),
            {"batch_size": 10},
            "batch_size must be at most the 9 rows of x, got 10",
        ),
        (np.zeros((9, 6)), {"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
        (np.zeros((9, 6)), {"epochs": 0}, "epochs must be an integer of at least 1, got 0"),
        (np.zeros((9, 6)), {"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        (
            np.zeros((9, 6)),
            {"warmup": 1},
            "warmup must be a number of at least 0 and below 1, got 1",
        ),
    ],
)
def test_fit_refuses(models, data, options, message):
    autoencoder, _, _ = models.mlp_autoencoder([6, 2])
    with pytest.raises(ValueError, match=message):
        models.fit(autoencoder, data, **{"batch_size": 3, "progress": False} | options)


def test_fit_refuses_a_network_that_is_no_autoencoder(models):
    _, encoder, _ = models.mlp_autoencoder([6, 2])
    with pytest.raises(ValueError, match="answers in the shape of its input"):
        models.fit(encoder, np.zeros((9, 6)), batch_size=3)


def test_fit_says_so_when_the_loss_explodes(models):
    autoencoder, _, _ = models.mlp_autoencoder([12, 8, 2], output_activation="linear")
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        models.fit(
            autoencoder,
            low_rank(),
            loss="mse",
            epochs=3,
            batch_size=8,
            learning_rate=1e30,
            progress=False,
        )
