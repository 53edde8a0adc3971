"""A training loop that stops early and can be killed and resumed."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from tqdm import tqdm

from course_utils.torch_models.files import description, read, write
from course_utils.torch_models.tensors import canonical, on_device_of


class History(NamedTuple):
    """What happened in a training.

    Attributes
    ----------
    train : list of float
        Mean loss of each epoch, taken while the weights still moved.
    validation : list of float
        Validation loss after each epoch; empty without validation.
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
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model with Adam on batches of rows.

    Introduced in *Look up embeddings from a sparse matrix*.

    The model's own `loss(rows)` says what is minimised; batches are `rows[positions]`. The model's
    device decides where this happens: dense rows move there as a whole, once, and sparse ones batch
    by batch.

    Parameters
    ----------
    model : torch.nn.Module
        With a method `loss(rows) -> Tensor` that averages over rows, or else over as many things
        as its method `loss_weight(rows)` says. It is trained in place and ends with the weights
        of its best epoch.
    rows : csr_array or ndarray or Tensor, shape (n, n_features)
        Training rows.
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
    seed : int
        Decides, epoch by epoch, the order of the rows and whatever the model draws from PyTorch's
        global generator, which is left as it was found.
    checkpoint : path, optional
        File to write after each epoch. If it exists, training continues from there, and ends with
        the same weights as if it had never stopped.
    progress : bool, optional
        Whether to draw a progress bar on stderr. Default: only on a terminal.

    Returns
    -------
    History
        Losses by epoch, those of a resumed run included.

    Raises
    ------
    ValueError
        If a number is out of range, there are no rows, the loss is not finite, or `checkpoint`
        belongs to another model or another training.

    References
    ----------
    L. N. Smith, N. Topin (2019). Super-convergence: very fast training of neural networks using
    large learning rates. arXiv:1708.07120

    Examples
    --------
    >>> from course_utils import torch_models
    >>> _ = torch.manual_seed(0)
    >>> model = torch_models.SparseInputAutoencoder(4, hidden_sizes=[], code_size=2)
    >>> rows = sp.csr_array(np.eye(4, dtype=np.float32))
    >>> history = fit(model, rows, epochs=50, learning_rate=0.05)
    >>> history.train[-1] < 0.7 * history.train[0]
    True
    """
    for name, number, least in (
        ("epochs", epochs, 1),
        ("batch_size", batch_size, 1),
        ("patience", patience if patience is not None else 1, 1),
        ("learning_rate", learning_rate, 0),
        ("min_delta", min_delta, 0),
    ):
        if not least <= number < math.inf:
            raise ValueError(f"{name} must be at least {least}, got {number!r}")
    rows = _ready(rows, "rows", model)
    if validation is not None and not callable(validation):
        validation = _ready(validation, "validation", model)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    settings = {
        "rows": list(rows.shape),
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "one_cycle": epochs if one_cycle else None,
        "seed": seed,
    }

    def rate(epochs_done: float) -> float:
        return _one_cycle(learning_rate, epochs_done / epochs) if one_cycle else learning_rate

    run = _Run()
    if checkpoint is not None and Path(checkpoint).exists():
        run = _resume(Path(checkpoint), model, optimizer, settings)
    bar = tqdm(
        total=epochs,
        initial=len(run.train),
        unit="epoch",
        disable=None if progress is None else not progress,
    )
    with bar:
        while len(run.train) < epochs and not run.stalled(patience):
            epoch = len(run.train)
            run.train.append(_train_epoch(model, rows, optimizer, batch_size, (seed, epoch), rate))
            if validation is not None:
                run.validation.append(_validation_loss(model, validation, batch_size))
            latest = (run.train if validation is None else run.validation)[-1]
            if latest < run.best_loss - min_delta:
                run.best_epoch, run.best_loss = epoch, latest
                run.best_state = {key: t.clone() for key, t in model.state_dict().items()}
            if checkpoint is not None:
                _write_checkpoint(Path(checkpoint), model, optimizer, settings, run)
            bar.update()
            bar.set_postfix(loss=f"{latest:.4g}", best=f"{run.best_loss:.4g}")
    model.load_state_dict(run.best_state)
    return History(run.train, run.validation, run.best_epoch)


def mean_loss(model: nn.Module, rows: Any, *, batch_size: int = 256) -> float:
    """Loss of a model on rows, averaged over batches without training.

    Introduced in *Look up embeddings from a sparse matrix*.

    Parameters
    ----------
    model : torch.nn.Module
        As for :func:`fit`.
    rows : csr_array or ndarray or Tensor, shape (n, n_features)
        At least one row.
    batch_size : int
        Rows at a time; changes memory, not the result.

    Returns
    -------
    float
        Mean over all rows, or over all things that the model's loss averages over.
    """
    rows = _ready(rows, "rows", model)
    was_training = model.training
    model.eval()
    mean = _Mean()
    with torch.no_grad():
        for start in range(0, rows.shape[0], batch_size):
            batch = rows[start : start + batch_size]
            mean.add(model, model.loss(batch), batch)  # type: ignore[operator]
    model.train(was_training)
    return mean.value()


def _validation_loss(model: nn.Module, validation: Any, batch_size: int) -> float:
    if not callable(validation):
        return mean_loss(model, validation, batch_size=batch_size)
    model.eval()
    with torch.no_grad():
        return float(validation(model))


class _Mean:
    """Mean of the losses of batches; what is on a GPU is fetched once, at the end."""

    def __init__(self) -> None:
        self.losses: list[Tensor] = []
        self.weights: list[Any] = []

    def add(self, model: nn.Module, loss: Tensor, batch: Any) -> None:
        self.losses.append(loss.detach())
        count = getattr(model, "loss_weight", None)
        self.weights.append(batch.shape[0] if count is None else count(batch))

    def value(self) -> float:
        losses = torch.stack(self.losses).cpu().double()
        weights = torch.stack([torch.as_tensor(weight) for weight in self.weights]).cpu().double()
        return float(losses @ weights / weights.sum())


def _ready(rows: Any, name: str, model: nn.Module) -> Any:
    """Rows that can be cut into batches: CSR if sparse, else a tensor where the model is."""
    rows = canonical(rows) if sp.issparse(rows) else on_device_of(model, rows)
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise ValueError(f"{name} must be 2-D with at least one row, got shape {tuple(rows.shape)}")
    return rows


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
    epochs that need not be whole.
    """
    order: Any = np.random.default_rng(seed).permutation(rows.shape[0])
    if isinstance(rows, Tensor):
        order = torch.from_numpy(order).to(rows.device)
    model.train()
    mean = _Mean()
    with _seeded(next(model.parameters()).device, seed):
        for start in range(0, len(order), batch_size):
            optimizer.param_groups[0]["lr"] = rate(seed[1] + start / len(order))
            batch = rows[order[start : start + batch_size]]
            loss = model.loss(batch)  # type: ignore[operator]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mean.add(model, loss, batch)
    value = mean.value()
    if not math.isfinite(value):
        raise ValueError(
            f"the loss is {value} after {seed[1]} whole epochs; "
            "a smaller learning_rate or scaled input may help"
        )
    return value


def _one_cycle(peak: float, done: float, rise: float = 0.1) -> float:
    """Learning rate when the share `done` of the training is over: up from peak / 25, down to 0."""
    if done < rise:
        return peak * (1 + 24 * done / rise) / 25
    return peak * (1 + math.cos(math.pi * (done - rise) / (1 - rise))) / 2


@contextlib.contextmanager
def _seeded(device: torch.device, seed: tuple[int, int]) -> Iterator[None]:
    """Seed PyTorch's global generators for one epoch, and give them back as they were.

    The noise of an epoch then depends on nothing that came before it, so that a resumed training
    repeats the noise of an uninterrupted one.
    """
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        yield


@dataclass
class _Run:
    """How far a training has come."""

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    best_epoch: int = -1
    best_loss: float = math.inf
    best_state: dict[str, Tensor] = field(default_factory=dict)

    def stalled(self, patience: int | None) -> bool:
        return patience is not None and len(self.train) - 1 - self.best_epoch >= patience


def _write_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: dict[str, Any],
    run: _Run,
) -> None:
    content = description(model)
    content |= {"optimizer": optimizer.state_dict(), "settings": settings, "run": vars(run)}
    write(content, path)


def _resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, Any]
) -> _Run:
    """Put model and optimizer where the checkpoint left them."""
    content = read(path)
    if "run" not in content:
        raise ValueError(f"{path} holds a model, but no training that could continue")
    wanted = {"class": type(model).__name__, "config": model.config, "settings": settings}
    for key, value in wanted.items():
        if content[key] != value:
            raise ValueError(
                f"{path} belongs to another training: its {key} is {content[key]}, "
                f"not {value}; delete the file to start afresh"
            )
    model.load_state_dict(content["state"])
    optimizer.load_state_dict(content["optimizer"])
    return _Run(**content["run"])
