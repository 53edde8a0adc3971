"""Train on a small table for many epochs, without paying for each epoch."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils._progress import epochs_bar
from course_utils.keras_models._inputs import check_network, inputs_and_targets
from course_utils.keras_models._steps import Watch, one_cycle_schedule
from course_utils.keras_models._twins import twin_in_training


def fit_repeated(
    model: keras.Model,
    inputs: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    epochs: int,
    batch_size: int = 32,
    loss: str | Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = "mse",
    learning_rate: float = 1e-3,
    one_cycle: bool = False,
    shuffle: bool = True,
    parts: int = 10,
    seed: int | np.random.Generator = 0,
    progress: bool | None = None,
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
        Trained in place. Its own `compile` settings are neither needed nor touched. If the loss
        is no longer finite, it has its weights from before again.
    inputs : array_like, shape (rows, columns)
        Finite values.
    targets : array_like, shape (rows, outputs), optional
        What the model should answer, `inputs` by default. NaN is allowed, as "missing", if `loss`
        is :func:`course_utils.keras_models.masked_mse`.
    epochs : int
        Passes over the rows.
    batch_size : int
        Rows per step; the last step of an epoch takes what is left, as in Keras.
    loss : str or callable
        A Keras loss by its name, or a function of (targets, predictions).
    learning_rate : float
        Of Adam.
    one_cycle : bool
        Let the rate rise to `learning_rate` in the first tenth of all steps and fall to 0 along a
        cosine, as :func:`course_utils.keras_models.fit` does. Default: it is constant.
    shuffle : bool
        Visit the rows of each epoch in another order. (`fit` on arrays draws one order and keeps
        it for all epochs once a global seed is set, as seen with Keras 3.15.)
    parts : int
        Parts of equal length for which the loss is reported; has to divide `epochs`.
    seed : int or numpy.random.Generator
        Decides the order of the rows, whatever the process has drawn before.
    progress : bool, optional
        Whether to draw a progress bar, as in :func:`course_utils.keras_models.fit`.

    Returns
    -------
    ndarray, shape (parts,)
        Mean training loss in each part of the training, taken while the weights change.

    Raises
    ------
    TypeError
        If data are sparse or no real numbers, or an option is of the wrong kind.
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
    check_network("model", model)
    x, y = inputs_and_targets(("inputs", "targets"), inputs, targets, model, loss)
    epochs = _arguments.integer("epochs", epochs, 1)
    parts = _arguments.integer("parts", parts, 1)
    if epochs % parts:
        raise ValueError(f"parts must divide epochs, got {epochs} epochs in {parts} parts")
    batch_size = _arguments.integer("batch_size", batch_size, 1)
    learning_rate = _arguments.number("learning_rate", learning_rate, above=0)
    each = epochs // parts
    steps = -(-len(x) // batch_size) * each
    cycle = _arguments.flag("one_cycle", one_cycle)
    shuffle = _arguments.flag("shuffle", shuffle)
    batches = _repeated_batches(
        x, y, batch_size, epochs, shuffle, _arguments.random_generator(seed)
    )

    def after_part(latest: float, lowest: float) -> None:
        for _ in range(each):
            advance(latest, lowest)

    lent = twin_in_training(
        model,
        one_cycle_schedule(learning_rate, 0.1, steps * parts) if cycle else learning_rate,
        loss,
        shapes=(min(batch_size, len(x)), len(x) % batch_size),
        steps=steps,
        jit_compile="auto",
    )
    with epochs_bar(epochs, progress=progress) as advance, lent as twin:
        watch = Watch(after_part, unit="part")
        twin.fit(
            batches,
            epochs=parts,
            steps_per_epoch=steps,
            shuffle=False,  # done by _repeated_batches
            callbacks=[watch],
            verbose=0,
        )
    return np.array(watch.train)


def _repeated_batches(
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    epochs: int,
    shuffle: bool,
    rng: np.random.Generator,
) -> tf.data.Dataset:
    """All batches of all epochs, each as (input, target); the last of an epoch may be smaller."""
    orders = np.tile(np.arange(len(x)), (epochs, 1))
    if shuffle:
        orders = rng.permuted(orders, axis=1)
    inputs, targets = tf.constant(x), tf.constant(y)

    def one_epoch(order: tf.Tensor) -> tf.data.Dataset:
        rows = tf.gather(inputs, order), tf.gather(targets, order)
        return tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)

    options = tf.data.Options()  # a thread of its own: handing tiny batches over costs more
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(orders).flat_map(one_epoch).with_options(options)
