"""Train one classifier from many starts, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils.keras_models._inputs import check_network, rows_of
from course_utils.keras_models._steps import Watch, compiled_twin
from course_utils.keras_models._twins import weights_kept_unless_finite


def classifier_trainer(
    network: keras.Model,
    *,
    steps: int,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    peak_rate: float | None = None,
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
    learning_rate : float
        First step size of Adam, which falls to 0 along a cosine.
    peak_rate : optional
        Older name of `learning_rate`.

    Returns
    -------
    callable
        ``train(start, x, labels, seed=0)`` sets the weights of `network` to `start` (a list as
        ``get_weights`` returns it) and trains them in place; nothing is left of earlier trainings.
        `seed`, a number or a generator, decides the order of the rows.

    Raises
    ------
    TypeError
        If an option is of the wrong kind; by the returned function, if labels are no integers.
    ValueError
        If a number is not positive; by the returned function, if rows and labels differ in
        number, there are none, or a label is not from 0 to classes - 1.
    FloatingPointError
        By the returned function, if the loss is no longer finite; the network has its weights from
        before the call again.

    Examples
    --------
    >>> network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, "softmax")])
    >>> train = classifier_trainer(network, steps=200, learning_rate=0.1)
    >>> x, labels = np.array([[-1.0], [1.0]], "float32"), np.array([0, 1])
    >>> train(network.get_weights(), x, labels)
    >>> network(x).numpy().argmax(axis=1)
    array([0, 1])
    """
    check_network("network", network)
    steps = _arguments.integer("steps", steps, 1)
    batch_size = _arguments.integer("batch_size", batch_size, 1)
    rate = _arguments.number(
        "learning_rate", learning_rate if peak_rate is None else peak_rate, above=0
    )
    twin = compiled_twin(
        network,
        keras.optimizers.schedules.CosineDecay(rate, steps),
        "sparse_categorical_crossentropy",
        steps=steps,
        jit_compile=True,
    )
    classes = network.output_shape[-1]

    def train(
        start: Sequence[np.ndarray],
        x: ArrayLike,
        labels: ArrayLike,
        *,
        seed: int | np.random.Generator = 0,
    ) -> None:
        rows = rows_of("x", x, network.input_shape)
        answers = _arguments.integers("labels", labels)
        if len(rows) != len(answers):
            raise ValueError(
                "x and labels must have the same number of rows, "
                f"got {len(rows)} rows and {len(answers)} labels"
            )
        if answers.min() < 0 or answers.max() >= classes:
            raise ValueError(
                f"labels must be integers from 0 to {classes - 1}, got {answers.min()} to "
                f"{answers.max()}"
            )
        rng = _arguments.random_generator(seed)
        needed = steps * batch_size
        passes = [rng.permutation(len(rows)) for _ in range(-(-needed // len(rows)))]
        order = np.concatenate(passes)[:needed].reshape(steps, batch_size)
        inputs, targets = tf.constant(rows), tf.constant(answers.astype(np.int32))
        batches = tf.data.Dataset.from_tensor_slices(order).map(
            lambda chosen: (tf.gather(inputs, chosen), tf.gather(targets, chosen))
        )
        with weights_kept_unless_finite(network):
            network.set_weights(start)
            for variable in twin.optimizer.variables:  # Adam's memory and its count of steps
                variable.assign(tf.zeros_like(variable))
            twin.fit(
                batches.prefetch(2),
                steps_per_epoch=steps,
                shuffle=False,
                callbacks=[Watch()],
                verbose=0,
            )

    return train
