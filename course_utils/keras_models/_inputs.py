"""What the training functions ask of a network and of its data, checked before any work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from course_utils import _arguments
from course_utils.keras_models.losses import masked_mse


def check_network(name: str, network: Any) -> None:
    """Refuse what is no Keras network with one input and one output, ready to run."""
    if not isinstance(network, keras.Model):
        raise TypeError(f"{name} must be a keras.Model, got {type(network).__name__}")
    if not network.built or not network.inputs:
        raise ValueError(f"{name} must know the shape of its input; start it with keras.Input(...)")
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ValueError(
            f"{name} must have one input and one output, got {len(network.inputs)} and "
            f"{len(network.outputs)}"
        )


def check_known(name: str, value: Any, get: Callable[[Any], Any], what: str) -> None:
    """Refuse what is neither a function nor a name that Keras knows."""
    if callable(value):
        return
    wanted = f"{name} must be a function, or the name of {what} of Keras, got {value!r}"
    if not isinstance(value, str):
        raise TypeError(wanted)
    try:
        get(value)
    except ValueError:
        raise ValueError(wanted) from None


def rows_of(
    name: str, values: Any, shape: tuple[int | None, ...], *, gaps: bool = False
) -> np.ndarray:
    """Return rows as float32, in the shape that a network has for them.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like
        What is given.
    shape : tuple
        Of the network's input or output; None stands for the number of rows.
    gaps : bool
        Whether NaN is allowed, as "missing".

    Returns
    -------
    ndarray of float32
        May share memory with `values`.
    """
    wanted = f"({', '.join(['rows', *map(str, shape[1:])])}{',' if len(shape) == 1 else ''})"
    array = _arguments.dense(
        name, values, ndim=len(shape), shape=wanted, finite=not gaps, single=True
    )
    if array.shape[1:] != tuple(shape[1:]):
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    with np.errstate(over="ignore"):  # found below, and told in words
        rows = array.astype(np.float32, copy=False)
    if gaps:
        _arguments.check_finite(name, rows[~np.isnan(rows)])
    elif rows is not array:
        _arguments.check_finite(f"{name} in single precision", rows)
    return rows


def inputs_and_targets(
    names: tuple[str, str], inputs: Any, targets: Any, network: keras.Model, loss: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float32; without targets, they are the inputs."""
    check_known("loss", loss, keras.losses.get, "a loss")
    if targets is None and network.output_shape != network.input_shape:
        raise ValueError(
            "an autoencoder answers in the shape of its input, "
            f"got {network.input_shape} → {network.output_shape}; another network needs targets"
        )
    given = rows_of(names[0], inputs, network.input_shape)
    if targets is None:
        wanted = given
    else:
        wanted = rows_of(names[1], targets, network.output_shape, gaps=loss is masked_mse)
    if len(given) != len(wanted):
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same number of rows, "
            f"got {len(given)} and {len(wanted)}"
        )
    if loss == "binary_crossentropy":
        _arguments.in_unit_interval(
            f"{names[targets is not None]}, for binary cross-entropy,", wanted
        )
    return given, wanted
