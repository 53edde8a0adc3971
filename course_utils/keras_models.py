"""Small Keras networks and one way to train them.

Importing this module imports TensorFlow: call ``runtime.start(framework="keras")`` first, which
keeps TensorFlow's start-up messages out of the notebook.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from scipy.special import logit

# Initialisations that keep the size of the signal from layer to layer: units of these
# activations let only half of it through, which He's variance of 2 / inputs makes up for.
_HALF_RECTIFIED = {"relu", "elu", "gelu", "leaky_relu", "selu", "silu", "swish"}


def log_odds(mean: ArrayLike, *, smallest: float = 1e-3) -> np.ndarray:
    """Logarithm of the odds, the inverse of the sigmoid.

    Introduced in *Autoencode digits*.

    With these values as biases, a sigmoid output layer whose weights are 0 answers the mean of the
    data.

    Parameters
    ----------
    mean : array_like
        Values in [0, 1], for instance the mean image.
    smallest : float
        `mean` is first clipped to [smallest, 1 - smallest], because a pixel that is never lit
        has odds of 0 and log-odds of minus infinity, from which no training comes back.

    Returns
    -------
    ndarray, same shape as `mean`
        log(mean / (1 - mean)).

    Raises
    ------
    ValueError
        If a mean lies outside [0, 1], or `smallest` is not between 0 and 0.5.

    Examples
    --------
    >>> log_odds([0.5, 0.75]).round(4)
    array([0.    , 1.0986])
    >>> log_odds([0.0, 1.0], smallest=0.01).round(4)
    array([-4.5951,  4.5951])
    """
    values = np.asarray(mean, dtype=np.float64)
    if not 0 < smallest < 0.5:
        raise ValueError(f"smallest must lie between 0 and 0.5, got {smallest}")
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"mean must lie in [0, 1], got values from {values.min()} to {values.max()}"
        )
    return logit(np.clip(values, smallest, 1 - smallest))


def mlp_autoencoder(
    widths: Sequence[int],
    *,
    activation: str = "relu",
    code_activation: str = "linear",
    output_activation: str = "sigmoid",
    output_mean: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Build a symmetric autoencoder of dense layers, and its two halves.

    Introduced in *Autoencode digits*.

    The three models share their layers, so training the first trains all of them. Layers are named
    ``encoder_1``, …, ``code``, ``decoder_1``, …, ``reconstruction``; look them up with
    ``get_layer("code")``, never by their position.

    Parameters
    ----------
    widths : sequence of int
        Units per layer from the input to the code; the decoder mirrors them.
        ``[784, 128, 64, 32]`` gives 784-128-64-32-64-128-784.
    activation : str
        Of the hidden layers, by its Keras name. They start with He's initialisation [1]_ if it is
        a rectifier, else with Glorot's [2]_.
    code_activation, output_activation : str
        Of the code layer and of the last layer.
    output_mean : array_like, shape (widths[0],), optional
        Mean of the training data. If given, the weights of the last layer start at 0 and its
        bias at the value for which every output is this mean, so that training starts from the
        best constant answer.
    seed : int
        Decides all initial weights, whatever the process has drawn before.

    Returns
    -------
    autoencoder, encoder, decoder : keras.Model
        Shapes (n, widths[0]) → (n, widths[0]), (n, widths[0]) → (n, widths[-1]) and
        (n, widths[-1]) → (n, widths[0]).

    Raises
    ------
    ValueError
        If `widths` are not at least two positive integers, `output_mean` has another shape, or
        `output_activation` has no bias for a given mean (only "sigmoid" and "linear" have).

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015,
       arXiv:1502.01852, equation 10.
    .. [2] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010, equation 16.

    Examples
    --------
    >>> autoencoder, encoder, decoder = mlp_autoencoder([6, 4, 2])
    >>> [layer.units for layer in autoencoder.layers[1:]]
    [4, 2, 4, 6]
    >>> encoder.output_shape, decoder.input_shape
    ((None, 2), (None, 2))
    """
    units = [int(width) for width in widths]
    if len(units) < 2 or units != list(widths) or min(units) < 1:
        raise ValueError(
            f"widths must be two or more positive integers, input first, got {list(widths)}"
        )
    seeds = iter(np.random.default_rng(seed).integers(2**31, size=2 * len(units)).tolist())

    def dense(width: int, name: str, layer_activation: str) -> keras.layers.Dense:
        kind = "he_normal" if layer_activation in _HALF_RECTIFIED else "glorot_normal"
        start = keras.initializers.get({"class_name": kind, "config": {"seed": next(seeds)}})
        return keras.layers.Dense(
            width, activation=layer_activation, kernel_initializer=start, name=name
        )

    hidden = units[1:-1]
    encoder_layers = [dense(w, f"encoder_{i}", activation) for i, w in enumerate(hidden, start=1)]
    encoder_layers.append(dense(units[-1], "code", code_activation))
    decoder_layers = [
        dense(w, f"decoder_{i}", activation) for i, w in enumerate(reversed(hidden), start=1)
    ]
    decoder_layers.append(dense(units[0], "reconstruction", output_activation))

    inputs = keras.Input((units[0],), name="input")
    code_inputs = keras.Input((units[-1],), name="code_input")
    code = _chain(encoder_layers, inputs)
    autoencoder = keras.Model(inputs, _chain(decoder_layers, code), name="autoencoder")
    encoder = keras.Model(inputs, code, name="encoder")
    decoder = keras.Model(code_inputs, _chain(decoder_layers, code_inputs), name="decoder")
    if output_mean is not None:
        last = decoder_layers[-1]
        bias = _bias_for_mean(output_mean, units[0], output_activation)
        last.set_weights([np.zeros(last.kernel.shape), bias])
    return autoencoder, encoder, decoder


def _chain(layers: list[keras.layers.Dense], tensor: keras.KerasTensor) -> keras.KerasTensor:
    for layer in layers:
        tensor = layer(tensor)
    return tensor


def _bias_for_mean(mean: ArrayLike, width: int, output_activation: str) -> np.ndarray:
    values = np.asarray(mean, dtype=np.float64)
    if values.shape != (width,):
        raise ValueError(f"output_mean must have shape ({width},), got {values.shape}")
    if output_activation == "sigmoid":
        return log_odds(values)
    if output_activation == "linear":
        return values
    raise ValueError(
        f"output_mean needs the output activation 'sigmoid' or 'linear', got {output_activation!r}"
    )


class History(NamedTuple):
    """What happened in a training.

    Attributes
    ----------
    loss : list of float
        Training loss of each epoch: the mean over its batches, taken *while* the weights change.
    validation_loss : list of float
        Loss on the validation rows at the end of each epoch; empty without validation rows.
    seconds : list of float
        Wall time of each epoch; the first contains the compilation.
    """

    loss: list[float]
    validation_loss: list[float]
    seconds: list[float]


def fit(
    autoencoder: keras.Model,
    x: ArrayLike,
    *,
    targets: ArrayLike | None = None,
    noise: float = 0.0,
    validation: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    epochs: int = 10,
    batch_size: int = 128,
    loss: str = "binary_crossentropy",
    peak_rate: float = 4e-3,
    warmup: float = 0.1,
    seed: int = 0,
    report: bool = True,
) -> History:
    """Train an autoencoder to reproduce its input, or to clean it, fast on a CPU.

    Introduced in *Autoencode digits*.

    Three things make it fast. The learning rate of Adam rises to `peak_rate` and falls to 0 along a
    cosine (a one-cycle schedule [1]_), which needs fewer epochs than a constant rate. XLA compiles
    the training step (`jit_compile`), and a whole epoch runs without a return to Python
    (`steps_per_execution`), which shortens each epoch.

    With `noise` it becomes a denoising autoencoder [2]_, as in *Remove noise from digits*: the
    network sees `x` with noise that is drawn anew in every step, so that no row is seen twice
    with the same noise, and has to answer with the clean `x`.

    Parameters
    ----------
    autoencoder : keras.Model
        Trained in place. Its own `compile` settings are neither needed nor touched.
    x : array_like, shape (rows, columns)
        Training data, the inputs of the network.
    targets : array_like, shape (rows, outputs), optional
        What the network should answer; default: `x`, without any noise. With binary
        cross-entropy in [0, 1]. With targets the network need not be an autoencoder: it may
        teach an encoder the coordinates of a map.
    noise : float
        Standard deviation of the Gaussian noise that is added to the inputs, which are then cut
        to [0, 1] as by :func:`course_utils.noise.gaussian_noise`; `x` has to lie in [0, 1]. With
        0 nothing is added or cut.
    validation : array_like, shape (rows, columns), or tuple of two, optional
        Data of which the loss is taken after each epoch, in one batch; nothing is learnt from it.
        A tuple holds inputs and targets. No noise is added to it: pass noisy inputs, which then
        are the same in each epoch.
    epochs : int
        Passes over `x`. The schedule is stretched over all of them, so ten epochs are not the
        first ten of twenty.
    batch_size : int
        Rows per step. Rows that do not fill a batch are left out, others in each epoch: a
        smaller last batch would have to be compiled separately.
    loss : str
        By its Keras name, such as "binary_crossentropy" or "mse".
    peak_rate : float
        Highest learning rate; training starts at a 25th of it.
    warmup : float
        Share of the steps in which the rate rises, from 0 to below 1.
    seed : int
        Decides the order of the rows and the noise, whatever the process has drawn before.
    report : bool
        Print what is going on: a line at the start and one per epoch (at most some ten).

    Returns
    -------
    History
        Losses and seconds of each epoch.

    Raises
    ------
    ValueError
        If shapes do not fit the network or each other, values are not finite or outside [0, 1]
        where they must not be, or an option is out of range.
    FloatingPointError
        If the loss is no longer finite.

    References
    ----------
    .. [1] L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using
       large learning rates", 2019, arXiv:1708.07120.
    .. [2] P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol, "Extracting and composing robust
       features with denoising autoencoders", ICML 2008, doi:10.1145/1390156.1390294.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((64, 6)).astype("float32")
    >>> autoencoder, encoder, decoder = mlp_autoencoder([6, 2])
    >>> history = fit(autoencoder, x, epochs=2, batch_size=16, report=False)
    >>> len(history.loss), history.validation_loss
    (2, [])
    >>> denoising = fit(autoencoder, x, noise=0.5, epochs=3, batch_size=16, report=False)
    >>> len(denoising.loss)
    3
    """
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a finite number of at least 0, got {noise}")
    x, targets = _checked_pair(x, targets, autoencoder, loss, ("x", "targets"))
    if noise:
        _check_range(x, "x", "noise that is cut to it")
    if validation is not None:
        pair = validation if isinstance(validation, tuple) else (validation, None)
        if len(pair) != 2:
            raise ValueError(f"validation must be an array or two of them, got {len(pair)}")
        validation = _checked_pair(
            *pair, autoencoder, loss, ("validation", "the targets of validation")
        )
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if not 1 <= batch_size <= len(x):
        raise ValueError(f"batch_size must be from 1 to the {len(x)} rows of x, got {batch_size}")
    if not (peak_rate > 0 and 0 <= warmup < 1):
        raise ValueError(
            f"peak_rate must be positive and warmup from 0 to below 1, got {peak_rate} and {warmup}"
        )
    steps = len(x) // batch_size
    # A second model over the same layers: the schedule and the step size of this training would
    # otherwise stay in the learner's model and slow down its `predict`.
    trainer = keras.Model(autoencoder.inputs, autoencoder.outputs)
    trainer.compile(
        optimizer=keras.optimizers.Adam(_one_cycle(peak_rate, warmup, steps * epochs)),
        loss=loss,
        jit_compile=True,
        steps_per_execution=steps,
    )
    if report:
        print(f"compiling, then {epochs} epochs of {steps} steps with {batch_size} rows each")
    progress = _Progress(epochs, report)
    trainer.fit(
        _batches(x, batch_size, epochs, seed, targets=targets, noise=noise),
        epochs=epochs,
        steps_per_epoch=steps,
        validation_data=None if validation is None else _one_batch(*validation),
        shuffle=False,  # done by _batches
        callbacks=[progress],
        verbose=0,
    )
    return progress.history


def _checked_pair(
    inputs: ArrayLike,
    targets: ArrayLike | None,
    model: keras.Model,
    loss: str,
    names: tuple[str, str],
) -> tuple[np.ndarray, np.ndarray]:
    """Both as float32; without targets they are the inputs."""
    if targets is None and model.output_shape != model.input_shape:
        raise ValueError(
            "an autoencoder answers in the shape of its input, "
            f"got {model.input_shape} → {model.output_shape}; another network needs targets"
        )
    given = _checked(inputs, model.input_shape[-1], names[0])
    wanted = given if targets is None else _checked(targets, model.output_shape[-1], names[1])
    if len(given) != len(wanted):
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same number of rows, "
            f"got {len(given)} and {len(wanted)}"
        )
    if loss == "binary_crossentropy":
        _check_range(wanted, names[targets is not None], "binary cross-entropy")
    return given, wanted


def _checked(data: ArrayLike, width: int, name: str) -> np.ndarray:
    values = np.asarray(data)
    if values.ndim != 2 or values.shape[1] != width or len(values) == 0:
        raise ValueError(
            f"{name} must have shape (rows, {width}) with at least one row, got {values.shape}"
        )
    values = values.astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds values that are not finite")
    return values


def _check_range(values: np.ndarray, name: str, purpose: str) -> None:
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"{name} must lie in [0, 1] for {purpose}, got values from "
            f"{values.min()} to {values.max()}; divide bytes by 255"
        )


def _one_cycle(
    peak_rate: float, warmup: float, steps: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup_steps = round(warmup * steps)
    if warmup_steps == 0:
        return keras.optimizers.schedules.CosineDecay(peak_rate, decay_steps=steps)
    return keras.optimizers.schedules.CosineDecay(
        peak_rate / 25,
        decay_steps=max(steps - warmup_steps, 1),
        warmup_target=peak_rate,
        warmup_steps=warmup_steps,
    )


def _batches(
    x: np.ndarray,
    batch_size: int,
    epochs: int,
    seed: int,
    *,
    targets: np.ndarray | None = None,
    noise: float = 0.0,
) -> tf.data.Dataset:
    """All batches of all epochs, each as (input, target), with noise on the inputs."""
    rows, steps = len(x), len(x) // batch_size
    table = tf.constant(x)
    answers = table if targets is None or targets is x else tf.constant(targets)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Stateless, so that the order depends on the seed alone and not on TensorFlow's own.
        order = tf.random.experimental.stateless_shuffle(
            tf.range(rows), seed=tf.stack([tf.constant(seed, tf.int64), epoch])
        )
        return tf.data.Dataset.from_tensor_slices(
            tf.reshape(order[: steps * batch_size], (steps, batch_size))
        )

    def input_and_target(step: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.gather(table, chosen)
        if noise:
            # Counted down from -1: the numbers from 0 up belong to the orders of the epochs.
            drawn = tf.random.stateless_normal(
                tf.shape(batch), seed=tf.stack([tf.constant(seed, tf.int64), -1 - step])
            )
            batch = tf.clip_by_value(batch + noise * drawn, 0.0, 1.0)
        return batch, tf.gather(answers, chosen)

    orders = tf.data.Dataset.range(epochs).flat_map(one_epoch)
    return orders.enumerate().map(input_and_target).prefetch(2)


def _one_batch(x: np.ndarray, targets: np.ndarray) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors((x, targets))


class _Progress(keras.callbacks.Callback):
    """Keeps the history and prints about ten lines of it."""

    def __init__(self, epochs: int, report: bool) -> None:
        super().__init__()
        self.history = History([], [], [])
        self.epochs, self.report = epochs, report
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        losses = logs or {}
        self.history.seconds.append(time.perf_counter() - self.started)
        self.history.loss.append(losses["loss"])
        if not np.isfinite(losses["loss"]):
            raise FloatingPointError(
                f"the loss is {losses['loss']} in epoch {epoch + 1}: try a smaller peak_rate"
            )
        line = f"epoch {epoch + 1:>{len(str(self.epochs))}}: training loss {losses['loss']:.4f}"
        if "val_loss" in losses:
            self.history.validation_loss.append(losses["val_loss"])
            line += f", validation loss {losses['val_loss']:.4f}"
        every = -(-self.epochs // 10)
        if self.report and ((epoch + 1) % every == 0 or epoch + 1 == self.epochs):
            print(line, flush=True)


def masked_mse(targets: tf.Tensor, predictions: tf.Tensor) -> tf.Tensor:
    """Mean squared error over the known cells alone: NaN in the targets means missing.

    Introduced in *Missing is not zero*.

    A loss for Keras: pass the function itself to `compile`, or to :func:`fit_repeated`. The error
    of a missing cell is replaced by 0 *before* it is squared: NaN times 0 is NaN, so multiplying by
    a mask would not do. Its gradient is exactly 0.

    Parameters
    ----------
    targets, predictions : tensor, shape (rows, columns)
        True values, with NaN where there is none, and what the network says.

    Returns
    -------
    tensor, shape ()
        Sum of squared errors of the known cells / number of known cells; 0 if there is none.

    References
    ----------
    .. [1] S. Sedhain et al., "AutoRec: autoencoders meet collaborative filtering", WWW 2015,
       doi:10.1145/2740908.2742726, equation 2.

    Examples
    --------
    >>> loss = masked_mse(tf.constant([[5.0, np.nan]]), tf.constant([[3.0, 9.0]]))
    >>> float(loss)
    4.0
    """
    known = tf.math.logical_not(tf.math.is_nan(targets))
    errors = tf.where(known, targets, predictions) - predictions
    count = tf.reduce_sum(tf.cast(known, errors.dtype))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.square(errors)), count)


def fit_repeated(
    model: keras.Model,
    inputs: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    epochs: int,
    batch_size: int = 32,
    loss: str | Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = "mse",
    learning_rate: float = 1e-3,
    shuffle: bool = True,
    parts: int = 10,
    seed: int = 0,
) -> np.ndarray:
    """Train on a small table for many epochs, without paying for each epoch.

    Introduced in *Compare SVD with an autoencoder*.

    The steps are those of ``model.compile("adam", loss)`` and ``model.fit(inputs, targets,
    epochs=epochs, batch_size=batch_size)``. But on a small table `fit` spends nearly all its time
    between the steps and between the epochs, in Python. Here the table is repeated instead, and
    TensorFlow runs a tenth of all steps without a return to Python (`steps_per_execution`).

    Parameters
    ----------
    model : keras.Model
        Trained in place. Its own `compile` settings are neither needed nor touched.
    inputs : array_like, shape (rows, columns)
        Finite values.
    targets : array_like, shape (rows, outputs), optional
        What the model should answer, `inputs` by default. NaN is allowed, as "missing", if `loss`
        is :func:`masked_mse`.
    epochs : int
        Passes over the rows.
    batch_size : int
        Rows per step; the last step of an epoch takes what is left, as in Keras.
    loss : str or callable
        A Keras loss by its name, or a function of (targets, predictions).
    learning_rate : float
        Of Adam, constant.
    shuffle : bool
        Visit the rows of each epoch in another order. (`fit` on arrays draws one order and keeps
        it for all epochs once a global seed is set, as seen with Keras 3.15.)
    parts : int
        Parts of equal length for which the loss is reported; has to divide `epochs`.
    seed : int
        Decides the order of the rows, whatever the process has drawn before.

    Returns
    -------
    ndarray, shape (parts,)
        Mean training loss in each part of the training, taken while the weights change.

    Raises
    ------
    ValueError
        If shapes do not fit the model, values are not finite, or an option is out of range.
    FloatingPointError
        If the loss is no longer finite.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((5, 4))
    >>> autoencoder, encoder, decoder = mlp_autoencoder([4, 3], code_activation="tanh")
    >>> losses = fit_repeated(autoencoder, x, epochs=100, batch_size=2)
    >>> losses.shape, bool(losses[-1] < losses[0])
    ((10,), True)
    """
    x = np.asarray(inputs, dtype=np.float32)
    y = x if targets is None else np.asarray(targets, dtype=np.float32)
    for name, values, shape in (
        ("inputs", x, model.input_shape),
        ("targets", y, model.output_shape),
    ):
        if values.ndim != 2 or values.shape[1] != shape[-1] or len(values) != len(x) or not len(x):
            raise ValueError(
                f"{name} must have shape (rows, {shape[-1]}) with the same number of rows, at "
                f"least one, got {values.shape}"
            )
    if not np.isfinite(x).all():
        raise ValueError("inputs holds values that are not finite")
    if not np.isfinite(y[~np.isnan(y)] if loss is masked_mse else y).all():
        raise ValueError("targets holds values that are not finite (NaN needs loss=masked_mse)")
    if epochs < 1 or parts < 1 or epochs % parts:
        raise ValueError(
            f"epochs must be positive and parts divide it, got {epochs} epochs in {parts} parts"
        )
    if batch_size < 1 or not learning_rate > 0:
        raise ValueError(
            f"batch_size and learning_rate must be positive, got {batch_size} and {learning_rate}"
        )
    steps = -(-len(x) // batch_size) * (epochs // parts)
    # A second model over the same layers, for the reason given in `fit`.
    trainer = keras.Model(model.inputs, model.outputs)
    trainer.compile(
        optimizer=keras.optimizers.Adam(learning_rate), loss=loss, steps_per_execution=steps
    )
    history = trainer.fit(
        _repeated_batches(x, y, batch_size, epochs, shuffle, seed),
        epochs=parts,
        steps_per_epoch=steps,
        shuffle=False,  # done by _repeated_batches
        verbose=0,
    )
    losses = np.array(history.history["loss"])
    if not np.isfinite(losses).all():
        raise FloatingPointError("the loss is no longer finite: try a smaller learning_rate")
    return losses


def _repeated_batches(
    x: np.ndarray, y: np.ndarray, batch_size: int, epochs: int, shuffle: bool, seed: int
) -> tf.data.Dataset:
    """All batches of all epochs, each as (input, target); the last of an epoch may be smaller."""
    orders = np.tile(np.arange(len(x)), (epochs, 1))
    if shuffle:
        orders = np.random.default_rng(seed).permuted(orders, axis=1)
    inputs, targets = tf.constant(x), tf.constant(y)

    def one_epoch(order: tf.Tensor) -> tf.data.Dataset:
        rows = tf.gather(inputs, order), tf.gather(targets, order)
        return tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)

    options = tf.data.Options()  # a thread of its own: handing tiny batches over costs more
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(orders).flat_map(one_epoch).with_options(options)


def classifier_trainer(
    network: keras.Model, *, steps: int, batch_size: int = 32, peak_rate: float = 1e-3
) -> Callable[..., None]:
    """Compile the training of a classifier once, to run it from many starts.

    Introduced in *Use codes as features*.

    Compiling takes longer than a short training, and `compile` and `fit` would do it anew for every
    start and every set of labelled rows.

    Parameters
    ----------
    network : keras.Model
        From (n, columns) to probabilities (n, classes).
    steps : int
        Steps of each training, however many rows it has.
    batch_size : int
        Rows in each step; small sets are gone through many times.
    peak_rate : float
        First learning rate of Adam, which falls to 0 along a cosine.

    Returns
    -------
    callable
        ``train(start, x, labels, seed=0)`` sets the weights of `network` to `start` (a list as
        ``get_weights`` returns it) and trains them in place; nothing is left of earlier trainings.

    Raises
    ------
    ValueError
        If a number is not positive; by the returned function, if rows and labels differ in
        number, there are none, or a label is not an integer from 0 to classes - 1.

    Examples
    --------
    >>> network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, "softmax")])
    >>> train = classifier_trainer(network, steps=200, peak_rate=0.1)
    >>> x, labels = np.array([[-1.0], [1.0]], "float32"), np.array([0, 1])
    >>> train(network.get_weights(), x, labels)
    >>> network(x).numpy().argmax(axis=1)
    array([0, 1])
    """
    if steps < 1 or batch_size < 1 or not peak_rate > 0:
        raise ValueError(
            "steps, batch_size and peak_rate must be positive, "
            f"got {steps}, {batch_size} and {peak_rate}"
        )
    # A second model over the same layers, for the reason given in `fit`.
    trainer = keras.Model(network.inputs, network.outputs)
    trainer.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(peak_rate, steps)),
        loss="sparse_categorical_crossentropy",
        jit_compile=True,
        steps_per_execution=steps,
    )
    classes = network.output_shape[-1]

    def train(
        start: Sequence[np.ndarray], x: ArrayLike, labels: ArrayLike, *, seed: int = 0
    ) -> None:
        rows, answers = np.asarray(x, dtype=np.float32), np.asarray(labels)
        if len(rows) != len(answers) or len(rows) == 0:
            raise ValueError(
                "need one label for each row and at least one row, "
                f"got {len(rows)} rows and {len(answers)} labels"
            )
        if answers.dtype.kind not in "iu" or answers.min() < 0 or answers.max() >= classes:
            raise ValueError(f"labels must be integers from 0 to {classes - 1}")
        network.set_weights(start)
        for variable in trainer.optimizer.variables:  # Adam's memory and its count of steps
            variable.assign(tf.zeros_like(variable))
        rng = np.random.default_rng(seed)
        needed = steps * batch_size
        passes = [rng.permutation(len(rows)) for _ in range(-(-needed // len(rows)))]
        order = np.concatenate(passes)[:needed].reshape(steps, batch_size)
        inputs, targets = tf.constant(rows), tf.constant(answers.astype(np.int32))
        batches = tf.data.Dataset.from_tensor_slices(order).map(
            lambda chosen: (tf.gather(inputs, chosen), tf.gather(targets, chosen))
        )
        trainer.fit(batches.prefetch(2), steps_per_epoch=steps, shuffle=False, verbose=0)

    return train
