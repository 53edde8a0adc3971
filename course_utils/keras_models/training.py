"""Train an autoencoder: one-cycle schedule, compiled steps, fresh noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from scipy.special import ndtri

from course_utils import _arguments, _seeds
from course_utils._progress import epochs_bar
from course_utils.keras_models._inputs import check_network, inputs_and_targets
from course_utils.keras_models._steps import Watch, one_cycle_schedule
from course_utils.keras_models._twins import twin_in_training

_LARGEST_SEED = 2**63 - 2  # TensorFlow's stateless generators take 64 bits

# Quantiles of the standard normal distribution, from -4.3 to 4.3, one for each 16 bits.
_QUANTILES = ndtri((np.arange(2**16) + 0.5) / 2**16).astype(np.float32)


class History(NamedTuple):
    """What happened in a training.

    Introduced in *Autoencode digits*.

    Attributes
    ----------
    train : list of float
        Training loss of each epoch: the mean over its batches, taken *while* the weights change.
    validation : list of float
        Loss on the validation rows at the end of each epoch; empty without validation rows.
    best_epoch : int
        Epoch, counted from 0, with the lowest validation loss, or without validation rows with
        the lowest training loss. The network has the weights of the last epoch all the same: only
        there has the learning rate come down to 0.
    seconds : list of float
        Wall time of each epoch; the first contains the compilation.
    """

    train: list[float]
    validation: list[float]
    best_epoch: int
    seconds: list[float]

    @property
    def loss(self) -> list[float]:
        """Older name of `train`."""
        return self.train

    @property
    def validation_loss(self) -> list[float]:
        """Older name of `validation`."""
        return self.validation


def fit(
    autoencoder: keras.Model,
    x: ArrayLike,
    *,
    targets: ArrayLike | None = None,
    noise: float = 0.0,
    validation: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    epochs: int = 10,
    batch_size: int = 128,
    loss: str | Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = "binary_crossentropy",
    learning_rate: float = 4e-3,
    one_cycle: bool = True,
    warmup: float = 0.1,
    seed: int | np.random.Generator = 0,
    progress: bool | None = None,
    peak_rate: float | None = None,
    report: bool | None = None,
) -> History:
    """Train an autoencoder to reproduce its input, or to clean it, fast on a CPU.

    Introduced in *Autoencode digits*.

    Three things make it fast. Adam's step size rises to `learning_rate` and falls to 0 along a
    cosine (a one-cycle schedule [1]_), which needs fewer epochs than a constant rate. XLA compiles
    the training step (`jit_compile`) unless there are convolutions, which it slows down on a CPU,
    and a whole epoch runs without a return to Python (`steps_per_execution`), which shortens each
    epoch.

    With `noise` it becomes a denoising autoencoder [2]_, as in *Remove noise from digits*: the
    network sees `x` with noise that is drawn anew in every step, so that no row is seen twice
    with the same noise, and has to answer with the clean `x`.

    Parameters
    ----------
    autoencoder : keras.Model
        Trained in place, without Keras' or anybody's global seed. Its own `compile` settings are
        neither needed nor touched. If the loss is no longer finite, it has its weights from before
        again.
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
        Data of which the loss is taken after each epoch, in one batch whatever `batch_size` is,
        and without what layers such as `Dropout` do in training; nothing is learnt from it.
        A tuple holds inputs and targets. No noise is added to it: pass noisy inputs, which then
        are the same in each epoch.
    epochs : int
        Passes over `x`. The schedule is stretched over all of them, so ten epochs are not the
        first ten of twenty.
    batch_size : int
        Rows per step. Rows that do not fill a batch are left out, others in each epoch: a
        smaller last batch would have to be compiled separately.
    loss : str or callable
        By its Keras name, such as "binary_crossentropy" or "mse", or a function of (targets,
        predictions). With :func:`course_utils.keras_models.masked_mse`, NaN in the targets means
        "missing".
    learning_rate : float
        Adam's step size: the highest one with `one_cycle`, where training starts at a 25th of it.
    one_cycle : bool
        Whether the rate rises and falls. If not, it is constant.
    warmup : float
        Share of the steps in which the rate of one cycle rises, from 0 to below 1.
    seed : int or numpy.random.Generator
        Decides the order of the rows and the noise, whatever the process has drawn before.
    progress : bool, optional
        Whether to draw a progress bar, which vanishes at the end. Default: where somebody watches,
        in a notebook's page or on a terminal, if the training takes more than two seconds.
    peak_rate, report : optional
        Older names of `learning_rate` and of `progress`.

    Returns
    -------
    History
        Losses and seconds of each epoch.

    Raises
    ------
    TypeError
        If data are sparse or no real numbers, or an option is of the wrong kind.
    ValueError
        If shapes do not fit the network or each other, values are not finite or outside [0, 1]
        where they must not be, or an option is out of range.
    FloatingPointError
        If the training or the validation loss is no longer finite.

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
    >>> history = fit(autoencoder, x, epochs=2, batch_size=16)
    >>> len(history.train), history.validation
    (2, [])
    >>> denoising = fit(autoencoder, x, noise=0.5, epochs=3, batch_size=16)
    >>> len(denoising.train)
    3
    """
    learning_rate = learning_rate if peak_rate is None else peak_rate
    progress = progress if report is None else report
    check_network("autoencoder", autoencoder)
    noise = _arguments.number("noise", noise, 0)
    x, targets = inputs_and_targets(("x", "targets"), x, targets, autoencoder, loss)
    if noise:
        _arguments.in_unit_interval("x, for noise that is cut to it,", x)
    if validation is not None:
        pair = validation if isinstance(validation, tuple) else (validation, None)
        if len(pair) != 2:
            raise ValueError(f"validation must be an array or two of them, got {len(pair)}")
        names = ("validation", "the targets of validation")
        validation = inputs_and_targets(names, *pair, autoencoder, loss)
    epochs = _arguments.integer("epochs", epochs, 1)
    batch_size = _arguments.integer("batch_size", batch_size, 1)
    if batch_size > len(x):
        raise ValueError(f"batch_size must be at most the {len(x)} rows of x, got {batch_size}")
    learning_rate = _arguments.number("learning_rate", learning_rate, above=0)
    warmup = _arguments.number("warmup", warmup, 0, below=1)
    steps = len(x) // batch_size
    cycle = _arguments.flag("one_cycle", one_cycle)
    number = _seeds.number_of(seed, _LARGEST_SEED)
    batches = _batches(x, batch_size, epochs, number, targets=targets, noise=noise)
    lent = twin_in_training(
        autoencoder,
        one_cycle_schedule(learning_rate, warmup, steps * epochs) if cycle else learning_rate,
        loss,
        shapes=(batch_size, None if validation is None else len(validation[0])),
        steps=steps,
        jit_compile=not any(map(_is_convolution, autoencoder.layers)),
    )
    with epochs_bar(epochs, progress=progress) as advance, lent as twin:
        watch = Watch(advance)
        twin.fit(
            batches,
            epochs=epochs,
            steps_per_epoch=steps,
            validation_data=None if validation is None else _one_batch(*validation),
            shuffle=False,  # done by _batches
            callbacks=[watch],
            verbose=0,
        )
    best = int(np.argmin(watch.judged()))
    return History(watch.train, watch.validation, best, watch.seconds)


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
    quantiles = tf.constant(_QUANTILES) if noise else None

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
        target = batch if answers is table else tf.gather(answers, chosen)
        if noise:
            # Counted down from -1: the numbers from 0 up belong to the orders of the epochs.
            step_seed = tf.stack([tf.constant(seed, tf.int64), -1 - step])
            drawn = _normal(batch.shape, step_seed, quantiles)
            batch = tf.clip_by_value(batch + noise * drawn, 0.0, 1.0)
        return batch, target

    orders = tf.data.Dataset.range(epochs).flat_map(one_epoch)
    return orders.enumerate().map(input_and_target).prefetch(2)


def _normal(shape: tf.TensorShape, seed: tf.Tensor, quantiles: tf.Tensor) -> tf.Tensor:
    """Look up normal numbers at random places of a table, in half the time that drawing takes."""
    words = tf.random.stateless_uniform(
        [-(-shape.num_elements() // 4)], seed=seed, minval=None, maxval=None, dtype=tf.uint64
    )
    places = tf.reshape(tf.bitcast(words, tf.uint16), [-1])[: shape.num_elements()]
    return tf.reshape(tf.gather(quantiles, tf.cast(places, tf.int32)), shape)


def _is_convolution(layer: keras.layers.Layer) -> bool:
    return hasattr(layer, "kernel_size")


def _one_batch(x: np.ndarray, targets: np.ndarray) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors((x, targets))
