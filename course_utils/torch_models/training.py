"""A training loop that stops early and can be killed and resumed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils._progress import epochs_bar
from course_utils.torch_models.checkpoints import Checkpoint, fingerprint
from course_utils.torch_models.losses import MeanLoss, evaluating, mean_loss
from course_utils.torch_models.randomness import Seed, seed_number, seeded
from course_utils.torch_models.tensors import check_model, ready

__all__ = ["History", "fit", "mean_loss"]


class History(NamedTuple):
    """What happened in a training.

    Introduced in *Autoencode sparse rows*.

    Attributes
    ----------
    train : list of float
        Loss of each epoch: the mean over its steps of the loss of the batch, in training mode and
        before the step moved the weights. Each step weighs as many things as the loss averages
        over, so that the cut into batches favours none.
    validation : list of float
        Validation loss after each epoch, in evaluation mode; empty without validation.
    best_epoch : int
        Epoch, counted from 0, whose weights the model has now.
    """

    train: list[float]
    validation: list[float]
    best_epoch: int


def fit(
    model: nn.Module,
    rows: Any,
    *,
    validation: Any = None,
    epochs: int = 10,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    one_cycle: bool = False,
    patience: int | None = None,
    min_delta: float = 0.0,
    seed: Seed = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model with Adam on batches of rows.

    Introduced in *Autoencode sparse rows*.

    The model's own `loss(rows)` says what is minimised; batches are `rows[positions]`. The model's
    device decides where this happens: dense rows move there as a whole, once, and sparse ones batch
    by batch. However the training ends, also when it is interrupted, the model then has the weights
    of its best epoch, or those it came with if there was none, and is in evaluation mode.

    Parameters
    ----------
    model : torch.nn.Module
        With a method `loss(rows) -> Tensor` that averages over rows, or else over as many things
        as its method `loss_weight(rows)` says. If its loss is no such mean, methods
        `loss_totals(rows)`, which add up over batches, and `loss_of(*totals)` tell what it is for
        many batches. It is trained in place.
    rows : scipy sparse array or array_like or Tensor, shape (n, n_features)
        Training rows, with something in them. A single row may be empty.
    validation : like `rows`, or callable, optional
        Decides which epoch is best: rows whose loss does, or a function that takes the model, in
        evaluation mode, and returns a loss. Default: the training loss decides.
    epochs : int
        Most epochs to train, those of an earlier, resumed run included.
    batch_size : int
        Rows in a step.
    learning_rate : float
        Adam's step size.
    one_cycle : bool
        Let the step size rise to `learning_rate` in the first tenth of all steps and fall to 0
        along a cosine (Smith and Topin, 2019). It bears a higher rate and needs fewer epochs for
        the same loss; `epochs` then shapes the whole training, so do not stop it early.
    patience : int, optional
        Stop after so many epochs without improvement. Default: never.
    min_delta : float
        What counts as improvement: a loss lower than the best by more than this.
    seed : int or numpy.random.Generator
        Decides, epoch by epoch, the order of the rows and whatever the model draws from PyTorch's
        global generator, which is left as it was found.
    checkpoint : path, optional
        File to write after each epoch. If it exists, training continues from there, and ends with
        the same weights as if it had never stopped; those that `model` comes with do not matter.
        It belongs to its rows, validation rows, settings and configuration, in whatever form and
        type the rows come; `patience`, `min_delta` and, without `one_cycle`, `epochs` may change.
    progress : bool, optional
        Whether to draw a progress bar. Default: in a notebook's page or on a terminal, once
        training has taken two seconds; it vanishes at the end.

    Returns
    -------
    History
        Losses by epoch, those of a resumed run included.

    Raises
    ------
    TypeError
        If an option is of the wrong kind, such as 2.0 for a count, or `rows` are none that the
        model takes.
    ValueError
        If a number is out of range, there is nothing in the rows, or `checkpoint` belongs to
        another model or another training.
    FileNotFoundError
        If the folder of `checkpoint` does not exist.
    FloatingPointError
        If the training or the validation loss, or a weight, is not finite. A checkpoint then
        holds the epochs before.

    References
    ----------
    L. N. Smith, N. Topin (2019). Super-convergence: very fast training of neural networks using
    large learning rates. arXiv:1708.07120

    Examples
    --------
    >>> import scipy.sparse
    >>> from course_utils.torch_models import SparseInputAutoencoder
    >>> model = SparseInputAutoencoder(4, hidden_sizes=[], code_size=2, seed=0)
    >>> history = fit(model, scipy.sparse.eye_array(4), epochs=50, learning_rate=0.05)
    >>> history.train[-1] < 0.7 * history.train[0]
    True
    """
    settings = _Settings.checked(
        epochs, batch_size, learning_rate, one_cycle, patience, min_delta, seed
    )
    progress = None if progress is None else _arguments.flag("progress", progress)
    rows, validation = _checked_data(model, rows, validation)
    file = None
    if checkpoint is not None:
        file = Checkpoint(checkpoint, model, _identity(model, rows, validation, settings))
    run = _Run(model, settings)
    run.resume(file)
    try:
        with epochs_bar(settings.epochs, len(run.train), progress) as advance:
            for epoch in run.remaining():
                run.train_on(rows, epoch)
                run.judge(validation)
                run.write(file)
                advance(run.losses[-1], run.best_loss)
    finally:
        run.finish()
    return History(run.train, run.validation, run.best_epoch)


@dataclass(frozen=True)
class _Settings:
    """The options of `fit` as numbers of Python, which a checkpoint can hold."""

    epochs: int
    batch_size: int
    learning_rate: float
    one_cycle: bool
    patience: int | None
    min_delta: float
    seed: int

    @classmethod
    def checked(
        cls,
        epochs: Any,
        batch_size: Any,
        learning_rate: Any,
        one_cycle: Any,
        patience: Any,
        min_delta: Any,
        seed: Any,
    ) -> _Settings:
        return cls(
            epochs=_arguments.integer("epochs", epochs, 1),
            batch_size=_arguments.integer("batch_size", batch_size, 1),
            learning_rate=_arguments.number("learning_rate", learning_rate, 0),
            one_cycle=_arguments.flag("one_cycle", one_cycle),
            patience=None if patience is None else _arguments.integer("patience", patience, 1),
            min_delta=_arguments.number("min_delta", min_delta, 0),
            seed=seed_number(seed),
        )

    def rate(self, epochs_done: float) -> float:
        """Learning rate after a number of epochs that need not be whole."""
        if not self.one_cycle:
            return self.learning_rate
        return _one_cycle(self.learning_rate, epochs_done / self.epochs)


def _one_cycle(peak: float, done: float, rise: float = 0.1) -> float:
    """Learning rate when the share `done` of the training is over: up from peak / 25, down to 0."""
    if done < rise:
        return peak * (1 + 24 * done / rise) / 25
    return peak * (1 + math.cos(math.pi * (done - rise) / (1 - rise))) / 2


def _checked_data(model: Any, rows: Any, validation: Any) -> tuple[Any, Any]:
    check_model(model)
    rows = ready(model, rows, "rows")
    if validation is not None and not callable(validation):
        validation = ready(model, validation, "validation")
    return rows, validation


def _identity(model: nn.Module, rows: Any, validation: Any, settings: _Settings) -> dict[str, Any]:
    """Name what a checkpoint must share with the training that continues it."""
    judge = "a function" if callable(validation) else None
    return {
        "rows": fingerprint(rows),
        "validation": judge if judge or validation is None else fingerprint(validation),
        "precision": str(next(model.parameters()).dtype),
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "one_cycle": settings.epochs if settings.one_cycle else None,
        "seed": settings.seed,
    }


@dataclass
class _Run:
    """How far a training has come, and its best weights so far."""

    model: nn.Module
    settings: _Settings
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    best_epoch: int = -1
    best_loss: float = math.inf

    def __post_init__(self) -> None:
        state = self.model.state_dict()
        self.best_state = {key: tensor.clone() for key, tensor in state.items()}
        self.optimizer = _adam(self.model, self.settings.learning_rate)

    @property
    def losses(self) -> list[float]:
        """The losses that decide which epoch is best."""
        return self.validation or self.train

    def resume(self, file: Checkpoint | None) -> None:
        content = None if file is None else file.read()
        if content is not None:
            self.model.load_state_dict(content["state"])
            self.optimizer.load_state_dict(content["optimizer"])
            self._keep(content["run"].pop("best_state"))
            for name, value in content["run"].items():
                setattr(self, name, value)

    def remaining(self) -> Iterator[int]:
        """Epochs to train, until they are over or bring nothing any more."""
        while len(self.train) < self.settings.epochs and not self._stalled():
            yield len(self.train)

    def _stalled(self) -> bool:
        patience = self.settings.patience
        return patience is not None and len(self.train) - 1 - self.best_epoch >= patience

    def train_on(self, rows: Any, epoch: int) -> None:
        """Train for one epoch."""
        plan = self.settings
        seed = plan.seed, epoch
        loss = _train_epoch(self.model, rows, self.optimizer, plan.batch_size, seed, plan.rate)
        self._refuse_unless_finite("training loss", loss)
        finite = [torch.isfinite(weight).all() for weight in self.model.parameters()]
        if not bool(torch.stack(finite).all()):
            self._refuse_unless_finite("largest weight", math.inf)
        self.train.append(loss)

    def judge(self, validation: Any) -> None:
        """Keep the weights if the epoch is the best so far."""
        if validation is not None:
            loss = _validation_loss(self.model, validation, self.settings.batch_size)
            self._refuse_unless_finite("validation loss", loss)
            self.validation.append(loss)
        if self.losses[-1] < self.best_loss - self.settings.min_delta:
            self.best_epoch, self.best_loss = len(self.train) - 1, self.losses[-1]
            self._keep(self.model.state_dict())

    def _keep(self, weights: dict[str, Tensor]) -> None:
        for key, tensor in weights.items():
            self.best_state[key].copy_(tensor)

    def _refuse_unless_finite(self, what: str, value: float) -> None:
        if math.isfinite(value):
            return
        now = "those it came with" if self.best_epoch < 0 else f"those of epoch {self.best_epoch}"
        raise FloatingPointError(
            f"the {what} is {value} after {len(self.train)} whole epochs, and the model's weights "
            f"are {now}; a smaller learning_rate or scaled rows may help"
        )

    def write(self, file: Checkpoint | None) -> None:
        if file is not None:
            names = "train", "validation", "best_epoch", "best_loss", "best_state"
            file.write(self.optimizer, {name: getattr(self, name) for name in names})

    def finish(self) -> None:
        """Leave the model with its best weights, ready to be asked."""
        self.model.load_state_dict(self.best_state)
        self.model.eval()


def _adam(model: nn.Module, learning_rate: float) -> torch.optim.Adam:
    """Adam that goes through each weight once a step: on a processor, several times faster.

    That version walks through memory as if every weight were contiguous, and writes outside of one
    that is not, so that a model with such a weight, or a complex one, gets the ordinary version.
    """
    parameters = list(model.parameters())
    return torch.optim.Adam(parameters, lr=learning_rate, fused=all(map(_fusible, parameters)))


def _fusible(weight: Tensor) -> bool:
    known = weight.device.type in ("cpu", "cuda")
    return known and weight.is_floating_point() and weight.is_contiguous()


def _validation_loss(model: nn.Module, validation: Any, batch_size: int) -> float:
    if not callable(validation):
        return mean_loss(model, validation, batch_size=batch_size)
    with evaluating(model):
        loss = validation(model)
    try:
        return float(loss)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"validation must return a number, got {loss!r}") from None


def _train_epoch(
    model: nn.Module,
    rows: Any,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    seed: tuple[int, int],
    rate: Callable[[float], float],
) -> float:
    """One pass over the rows in a random order; mean loss on the way.

    `seed` ends with the number of the epoch; `rate` gives the learning rate after a number of
    epochs that need not be whole. The noise of an epoch depends on nothing that came before it, so
    that a resumed training repeats the noise of an uninterrupted one.
    """
    order: Any = np.random.default_rng(seed).permutation(rows.shape[0])
    if isinstance(rows, Tensor):
        order = torch.from_numpy(order).to(rows.device)
    model.train()
    mean = MeanLoss(model)
    with seeded(np.random.SeedSequence(seed), next(model.parameters()).device):
        for start in range(0, len(order), batch_size):
            optimizer.param_groups[0]["lr"] = rate(seed[1] + start / len(order))
            loss = mean.add(_chosen(rows, order[start : start + batch_size]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return mean.value()


def _chosen(rows: Any, places: Any) -> Any:
    """Rows at some places; a tensor has a way that copies whole rows, three times as fast."""
    return rows.index_select(0, places) if isinstance(rows, Tensor) else rows[places]
