"""Train an autoencoder: one-cycle schedule, compiled steps, fresh noise."""

from __future__ import annotations

import time
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike


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
    >>> from course_utils.keras_models import mlp_autoencoder
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
