"""Train on a small table for many epochs, without paying for each epoch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from course_utils.keras_models.losses import masked_mse


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
    >>> from course_utils.keras_models import mlp_autoencoder
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
