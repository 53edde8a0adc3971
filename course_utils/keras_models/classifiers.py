"""Train one classifier from many starts, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike


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
