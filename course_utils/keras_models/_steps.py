"""The steps that all trainings share: a compiled network, its losses, and what happens to them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras


def one_cycle_schedule(
    learning_rate: float, warmup: float, steps: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a rate that rises to its peak in a share of the steps and falls to 0 in the rest."""
    warmup_steps = round(warmup * steps)
    if warmup_steps == 0:
        return keras.optimizers.schedules.CosineDecay(learning_rate, decay_steps=steps)
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 25,
        decay_steps=max(steps - warmup_steps, 1),
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
    )


def compiled_twin(
    network: keras.Model,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    loss: str | Callable[..., Any],
    *,
    steps: int,
    jit_compile: bool | str,
) -> keras.Model:
    """Return a second model over the same layers, compiled with Adam.

    Compiled itself, the learner's model would keep the schedule and the number of steps, which
    slows down its `predict`, and lose the settings that it came with.

    Parameters
    ----------
    network : keras.Model
        Its layers are shared, its own settings neither read nor changed.
    learning_rate : float or LearningRateSchedule
        For Adam.
    loss : str or callable
        As Keras takes it.
    steps : int
        Steps that run without a return to Python.
    jit_compile : bool or "auto"
        Whether XLA compiles the step.

    Returns
    -------
    keras.Model
        To be trained.
    """
    twin = keras.Model(network.inputs, network.outputs)
    twin.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=loss,
        jit_compile=jit_compile,
        steps_per_execution=steps,
    )
    # Adam's memory is made here: made by the first step, it would have Keras trace that step twice.
    twin.optimizer.build(twin.trainable_variables)
    return twin


class Watch(keras.callbacks.Callback):
    """Keeps losses and seconds of each epoch, and stops at a loss that is not finite.

    Parameters
    ----------
    after_epoch : callable, optional
        Called with the latest loss and with the lowest so far.
    unit : str
        What Keras' epochs are here, for the message.
    """

    def __init__(
        self, after_epoch: Callable[[float, float], None] | None = None, unit: str = "epoch"
    ) -> None:
        super().__init__()
        self.after_epoch, self.unit = after_epoch, unit
        self.train: list[float] = []
        self.validation: list[float] = []
        self.seconds: list[float] = []
        self.started = 0.0

    def judged(self) -> list[float]:
        """Return the losses that say which epoch is best."""
        return self.validation or self.train

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the watch."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Read the watch and look at the losses."""
        losses = logs or {}
        self.seconds.append(time.perf_counter() - self.started)
        for kind, key, kept in (
            ("training", "loss", self.train),
            ("validation", "val_loss", self.validation),
        ):
            if key in losses:
                kept.append(float(losses[key]))
                if not math.isfinite(kept[-1]):
                    raise FloatingPointError(
                        f"the {kind} loss is {kept[-1]} in {self.unit} {epoch + 1}, and the "
                        "network has its weights from before the training again: try a smaller "
                        "learning_rate, or look for extreme values in the data"
                    )
        if self.after_epoch:
            self.after_epoch(self.judged()[-1], min(self.judged()))
