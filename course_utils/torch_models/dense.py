"""The autoencoder with dense layers, for rows that may have gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils._sparse_forms import is_sparse
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import (
    check_width,
    dense_rows,
    layers,
    sizes,
    sparse_rows,
    with_gaps,
)


class Autoencoder(nn.Module):
    r"""Autoencoder with dense layers, for rows that may have gaps.

    Introduced in *Autoencode interactions in PyTorch*.

    With hidden layers of 128 and 64 units it is the network d-128-64-k-64-128-d. A cell that is
    NaN, or not stored in a sparse matrix, was not observed: the encoder gets 0 for it, and the loss
    leaves it out, as in Sedhain et al. (2015). Centre the rows beforehand, so that 0 means
    "average". In training a share of the observed cells can be hidden from the encoder, which must
    then predict them (Vincent et al., 2008); gaps are never filled with noise.

    Parameters
    ----------
    n_features : int
        Columns of the matrix, d.
    hidden_sizes : sequence of int
        Widths of the encoder's hidden layers, each followed by a ReLU; the decoder mirrors them.
        No layer should be narrower than the code. Empty for a linear autoencoder.
    code_size : int
        Width of the code, k, which is linear.
    hide_observed : float
        Share of the observed cells hidden from the encoder in training, from 0 to below 1. What
        stays is divided by 1 - hide_observed, so that codes keep their scale. Drawn from PyTorch's
        global generator, which :func:`fit` seeds.
    seed : int or numpy.random.Generator, optional
        Decides the first weights, and PyTorch's global generator stays as it is. Default: they are
        drawn from that one, as PyTorch's own layers do.

    Attributes
    ----------
    config : dict
        The first four arguments, as :func:`save` stores them.
    encoder, decoder : torch.nn.Sequential
        The two halves; they take rows without gaps.

    Raises
    ------
    TypeError
        If a size is no integer or `hide_observed` no number.
    ValueError
        If a size is below 1 or `hide_observed` is out of range.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol (2008). Extracting and composing robust
    features with denoising autoencoders. ICML '08. doi:10.1145/1390156.1390294

    S. Sedhain, A. K. Menon, S. Sanner, L. Xie (2015). AutoRec: autoencoders meet collaborative
    filtering. WWW '15 Companion, equation 2. doi:10.1145/2740908.2742726

    Examples
    --------
    >>> model = Autoencoder(5, hidden_sizes=[4], code_size=2)
    >>> rows = torch.tensor([[1.0, 0.0, float("nan"), 0.0, 2.0]])
    >>> model(rows).shape, model.encode(rows).shape
    (torch.Size([1, 5]), torch.Size([1, 2]))
    """

    def __init__(
        self,
        n_features: int,
        hidden_sizes: Sequence[int] = (128, 64),
        code_size: int = 32,
        *,
        hide_observed: float = 0.0,
        seed: Seed | None = None,
    ) -> None:
        super().__init__()
        self.config: dict[str, Any] = {
            "n_features": _arguments.integer("n_features", n_features, 1),
            "hidden_sizes": sizes("hidden_sizes", hidden_sizes),
            "code_size": _arguments.integer("code_size", code_size, 1),
            "hide_observed": _arguments.number("hide_observed", hide_observed, 0, below=1),
        }
        widths = [self.config["n_features"], *self.config["hidden_sizes"], self.config["code_size"]]
        with first_weights(seed):
            self.encoder = layers(widths)
            self.decoder = layers(widths[::-1])

    def prepare(self, rows: Any, name: str = "rows") -> Tensor | sp.csr_array:
        """Bring rows into the form of which :func:`fit` cuts its batches.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            As for :meth:`encode`.
        name : str
            What messages call them.

        Returns
        -------
        Tensor or csr_array, shape (n, n_features)
            Sparse rows stay sparse; others are on the model's device.

        Raises
        ------
        TypeError
            If `rows` do not hold real numbers.
        ValueError
            If the number of columns is not `n_features`, or a value is infinite.
        """
        rows = sparse_rows(self, rows, name) if is_sparse(rows) else dense_rows(self, rows, name)
        check_width(rows, self.config["n_features"])
        return rows

    def encode(self, rows: Any) -> Tensor:
        """Codes of rows.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            On any device and of any real type; NaN, or not stored, where nothing was observed.
            What a sparse array stores twice is the sum.

        Returns
        -------
        Tensor, shape (n, code_size)
            On the model's device.

        Raises
        ------
        TypeError
            If `rows` do not hold real numbers.
        ValueError
            If the number of columns is not `n_features`, cells are masked, or one is infinite or
            stored as NaN.
        """
        return self.encoder(self._hide(filled(self._tensor(rows))))

    def forward(self, rows: Any) -> Tensor:
        """Reconstruct rows, gaps included.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_features)
            Without gaps.
        """
        return self.decoder(self.encode(rows))

    def loss(self, rows: Any) -> Tensor:
        """Mean squared error over the observed cells of a batch.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Differentiable; 0 if nothing was observed.
        """
        target = self._tensor(rows)
        total, cells = squared_error(self(target), target)
        return total / cells.clamp(min=1)

    def loss_weight(self, rows: Any) -> Tensor:
        """Count the cells that :meth:`loss` averages over.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor of integer, shape ()
            The number of observed cells.
        """
        rows = self.prepare(rows)
        return torch.tensor(rows.nnz) if is_sparse(rows) else count_observed(rows)

    def _hide(self, rows: Tensor) -> Tensor:
        # A gap is 0 already, so dropout can only hide what was observed.
        share = self.config["hide_observed"]
        return nn.functional.dropout(rows, share, self.training) if share else rows

    def _tensor(self, rows: Any) -> Tensor:
        rows = self.prepare(rows)
        return with_gaps(self, rows) if is_sparse(rows) else rows


def may_have_gaps(rows: Tensor) -> bool:
    """Tell whether a cell may be NaN, by one sum: a NaN makes it NaN, and infinity is refused.

    Asking each cell costs a small model more than its products. A GPU would have to wait for the
    answer, so there it is always yes.
    """
    return rows.device.type != "cpu" or bool(torch.isnan(rows.detach().sum()))


def filled(rows: Tensor) -> Tensor:
    """Rows with 0 in their gaps."""
    return torch.nan_to_num(rows, nan=0.0) if may_have_gaps(rows) else rows


def count_observed(rows: Tensor) -> Tensor:
    """Count the cells that are not NaN."""
    if may_have_gaps(rows):
        return (~torch.isnan(rows)).sum()
    return torch.tensor(rows.numel())


def squared_error(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Sum of the squared errors over the cells of the target that are not NaN, and their number."""
    if not may_have_gaps(target):
        error = nn.functional.mse_loss(output, target, reduction="sum")
        return error, torch.tensor(target.numel())
    observed = ~torch.isnan(target)
    # Not (error[observed]): how many cells that selects a GPU would have to tell the CPU first.
    return torch.where(observed, output - target, 0.0).square().sum(), observed.sum()
