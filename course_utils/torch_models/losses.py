"""The loss of a model on many rows, whatever the batches in which it is taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils.torch_models.tensors import check_model, ready


def mean_loss(model: nn.Module, rows: Any, *, batch_size: int = 256) -> float:
    """Loss of a model on rows, in evaluation mode and without training.

    Introduced in *Autoencode sparse rows*.

    Parameters
    ----------
    model : torch.nn.Module
        As for :func:`fit`. Its mode is left as it was found.
    rows : scipy sparse array or array_like or Tensor, shape (n, n_features)
        At least one row, with something in it.
    batch_size : int
        Rows at a time; changes memory, not the result.

    Returns
    -------
    float
        What `model.loss` says of all rows at once, up to rounding.

    Raises
    ------
    TypeError
        If `batch_size` is no integer, `model` has no `loss`, or `rows` are of a kind that it does
        not take.
    ValueError
        If there are no rows, or nothing in them that the loss could average over.
    """
    batch_size = _arguments.integer("batch_size", batch_size, 1)
    check_model(model)
    rows = ready(model, rows, "rows")
    mean = TotalLoss(model) if hasattr(model, "loss_totals") else MeanLoss(model)
    with evaluating(model):
        for start in range(0, rows.shape[0], batch_size):
            mean.add(rows[start : start + batch_size])
    return mean.value()


class MeanLoss:
    """Weighted mean of the losses of batches; what is on a GPU is fetched once, at the end."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.losses: list[Tensor] = []
        self.weights: list[Any] = []

    def add(self, batch: Any) -> Tensor:
        """Take the loss of a batch into the mean, and return it."""
        loss = self.model.loss(batch)
        self.losses.append(loss.detach())
        count = getattr(self.model, "loss_weight", None)
        self.weights.append(batch.shape[0] if count is None else count(batch))
        return loss

    def value(self) -> float:
        """Return the mean."""
        losses = torch.stack(self.losses).cpu().double()
        weights = torch.stack([torch.as_tensor(weight) for weight in self.weights]).cpu().double()
        return float(losses @ weights / weights.sum())


class TotalLoss:
    """The loss of a model whose loss is no mean over rows, but follows from totals over rows."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.totals: list[tuple[Tensor, ...]] = []

    def add(self, batch: Any) -> None:
        """Take a batch into the totals."""
        self.totals.append(self.model.loss_totals(batch))

    def value(self) -> float:
        """Return the loss of all batches together, rounded as the model rounds."""
        return float(self.model.loss_of(*map(_sum, zip(*self.totals, strict=True))))


def _sum(parts: tuple[Tensor, ...]) -> Tensor:
    together = torch.stack(parts).cpu()
    return together.double().sum(dim=0).to(together.dtype)


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluate without gradients; afterwards each part of the model has its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
