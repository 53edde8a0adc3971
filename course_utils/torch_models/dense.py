"""The autoencoder with dense layers, for rows that may have gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from course_utils.torch_models.tensors import (
    canonical,
    check_share,
    check_sizes,
    layers,
    observed_squared_error,
    on_device_of,
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

    Attributes
    ----------
    config : dict
        The four arguments, as :func:`save` stores them.
    encoder, decoder : torch.nn.Sequential
        The two halves; they take rows without gaps.

    Raises
    ------
    ValueError
        If a size is not a positive integer or `hide_observed` is out of range.

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
    ) -> None:
        super().__init__()
        widths = [n_features, *hidden_sizes, code_size]
        check_sizes(widths)
        check_share(hide_observed)
        self.config: dict[str, Any] = {
            "n_features": int(n_features),
            "hidden_sizes": [int(width) for width in hidden_sizes],
            "code_size": int(code_size),
            "hide_observed": float(hide_observed),
        }
        self.encoder = layers(widths)
        self.decoder = layers(widths[::-1])

    def encode(self, rows: Any) -> Tensor:
        """Codes of rows.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            On any device and of any type; NaN, or not stored, where nothing was observed.

        Returns
        -------
        Tensor, shape (n, code_size)
            On the model's device.

        Raises
        ------
        ValueError
            If the number of columns is not `n_features`.
        """
        return self.encoder(self._hide(torch.nan_to_num(self._tensor(rows), nan=0.0)))

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
        return observed_squared_error(self(target), target)

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
        if sp.issparse(rows):
            return torch.tensor(canonical(rows).nnz)
        return (~torch.isnan(self._tensor(rows))).sum()

    def _hide(self, rows: Tensor) -> Tensor:
        # A gap is 0 already, so dropout can only hide what was observed.
        return nn.functional.dropout(rows, self.config["hide_observed"], self.training)

    def _tensor(self, rows: Any) -> Tensor:
        tensor = with_gaps(self, rows) if sp.issparse(rows) else on_device_of(self, rows)
        if tensor.ndim != 2 or tensor.shape[1] != self.config["n_features"]:
            raise ValueError(
                f"the model takes rows of {self.config['n_features']} columns, "
                f"got an array of shape {tuple(tensor.shape)}"
            )
        return tensor
