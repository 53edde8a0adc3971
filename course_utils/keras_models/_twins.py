"""Compiled twins of networks, which are kept: compiling takes longer than many a training."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from course_utils.keras_models._steps import compiled_twin

_KEPT = 4  # the latest; each holds weights and Adam's memory of its own
_twins: dict[tuple[Any, ...], tuple[keras.Model, list[np.ndarray]]] = {}


@contextlib.contextmanager
def weights_kept_unless_finite(*networks: keras.Model) -> Iterator[None]:
    """Give networks their weights back if the loss of a training is not finite."""
    before = [network.get_weights() for network in networks]
    try:
        yield
    except FloatingPointError:
        for network, weights in zip(networks, before, strict=True):
            network.set_weights(weights)
        raise


@contextlib.contextmanager
def twin_in_training(
    network: keras.Model,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    loss: str | Callable[..., Any],
    *,
    shapes: tuple[Any, ...],
    steps: int,
    jit_compile: bool | str,
) -> Iterator[keras.Model]:
    """Lend a compiled twin for one training, and hand its weights on to the network.

    The twin of a network of plain dense layers is a copy. It is kept, and serves the next network
    that takes the very same steps; the numbers are those of a twin compiled anew. Other networks
    get a twin over their own layers, for once.

    Parameters
    ----------
    network, learning_rate, loss, steps, jit_compile
        As for :func:`course_utils.keras_models._steps.compiled_twin`. If the loss is not finite,
        the network has its weights from before again.
    shapes : tuple
        Of all batches, since each is compiled for itself.

    Yields
    ------
    keras.Model
        With the weights of the network and an Adam that remembers nothing.
    """
    options: dict[str, Any] = {"steps": steps, "jit_compile": jit_compile}
    if not (_is_plain(network) and _is_ours(loss)):
        with weights_kept_unless_finite(network):
            yield compiled_twin(network, learning_rate, loss, **options)
        return
    key = (_structure(network), _settings(learning_rate), loss, shapes, *options.values())
    # Taken out while it is in use: one that failed in the middle never comes back.
    twin, memory = _twins.pop(key, (None, []))
    if twin is None:
        twin = compiled_twin(_copy_of(network), learning_rate, loss, **options)
        memory = [variable.numpy() for variable in twin.optimizer.variables]
    for variable, start in zip(twin.optimizer.variables, memory, strict=True):
        variable.assign(start)
    twin.set_weights(network.get_weights())
    try:
        with weights_kept_unless_finite(twin):
            yield twin
    finally:  # also what was learnt until somebody interrupted it
        network.set_weights(twin.get_weights())
    _twins[key] = twin, memory
    if len(_twins) > _KEPT:
        del _twins[next(iter(_twins))]


def _is_plain(network: keras.Model) -> bool:
    """Whether a network is its weights and nothing else: dense layers with Keras' activations."""
    return all(
        type(layer) is keras.layers.InputLayer
        or (
            type(layer) is keras.layers.Dense
            and layer.activation.__module__.startswith("keras.")
            and not any(
                getattr(layer, f"{what}_{kind}")
                for what in ("kernel", "bias")
                for kind in ("regularizer", "constraint")
            )
            and layer.activity_regularizer is None
        )
        for layer in network.layers
    )


def _is_ours(loss: str | Callable[..., Any]) -> bool:
    """Whether a loss is the same in every training; a learner's function may read what changes."""
    return isinstance(loss, str) or loss.__module__.startswith("course_utils.")


def _structure(network: keras.Model) -> str:
    """Describe a network but for its start."""

    def without_start(config: Any) -> Any:
        if isinstance(config, dict):
            return {
                key: without_start(value)
                for key, value in config.items()
                if not key.endswith("_initializer")
            }
        return [without_start(part) for part in config] if isinstance(config, list) else config

    return repr(without_start(network.get_config()))


def _settings(learning_rate: Any) -> str:
    return repr(learning_rate if isinstance(learning_rate, float) else learning_rate.get_config())


def _copy_of(network: keras.Model) -> keras.Model:
    """Copy a network; its new start is drawn without moving Python's global generator."""
    state = random.getstate()
    try:
        return keras.models.clone_model(network)
    finally:
        random.setstate(state)
