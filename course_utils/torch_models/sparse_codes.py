"""Codes in which few units are active: an autoencoder, and what makes its codes sparse."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils.torch_models.dense import Autoencoder
from course_utils.torch_models.tensors import (
    observed_squared_error,
)


class SparseCodeAutoencoder(Autoencoder):
    r"""Autoencoder with one layer each way and a code in which few units are active.

    Introduced in *Make codes sparse*.

    The decoder is a dictionary: row x becomes a sum of *atoms*, its columns, each weighted by
    a unit of the code, ::

        code = activation(W x + b),   x̂ = Σ code[j] · atom[j] + offset

    The activation is a sigmoid for the Kullback-Leibler penalty, which speaks of probabilities,
    and a ReLU otherwise. What is penalised is the tensor that the decoder receives; what one
    penalises elsewhere the next layer can undo. As in :class:`Autoencoder`, NaN is a gap.

    Parameters
    ----------
    n_features : int
        Columns of the matrix.
    code_size : int
        Number of units and of atoms, usually many.
    sparsity : {"none", "kl", "l1", "top_k"}
        What makes the code sparse: nothing, :func:`kl_sparsity` or :func:`l1_sparsity` added to
        the loss, or :func:`keep_top_k` on the code itself.
    weight : float
        Factor of the penalty, at least 0; for "kl" and "l1". Both penalties are means over units,
        and the squared error is a mean over cells, so it does not depend on sizes.
    target : float
        Mean activity asked for by "kl", between 0 and 1.
    k : int, optional
        Most active units in a row; for "top_k" alone.
    unit_atoms : bool, optional
        Scale each atom to length 1, so that a code cannot be made small by large atoms. Default:
        except for "kl", whose codes cannot exceed 1.

    Attributes
    ----------
    config : dict
        The seven arguments, as :func:`save` stores them.

    Raises
    ------
    ValueError
        If an argument is out of range, or is given to a kind of sparsity that ignores it.

    References
    ----------
    A. Ng (2011). Sparse autoencoder. CS294A lecture notes, section 3.

    A. Makhzani, B. Frey (2014). k-sparse autoencoders. ICLR. arXiv:1312.5663

    Examples
    --------
    >>> model = SparseCodeAutoencoder(6, 8, sparsity="top_k", k=2)
    >>> codes = model.encode(np.eye(6))
    >>> codes.shape, int((codes > 0).sum(dim=1).max()) <= 2
    (torch.Size([6, 8]), True)
    """

    def __init__(
        self,
        n_features: int,
        code_size: int,
        *,
        sparsity: str = "none",
        weight: float = 0.0,
        target: float = 0.05,
        k: int | None = None,
        unit_atoms: bool | None = None,
    ) -> None:
        super().__init__(n_features, [], code_size)
        if sparsity not in ("none", "kl", "l1", "top_k"):
            raise ValueError(f"sparsity must be 'none', 'kl', 'l1' or 'top_k', got {sparsity!r}")
        if not 0 <= weight < math.inf:
            raise ValueError(f"weight must be a number of at least 0, got {weight!r}")
        if weight and sparsity not in ("kl", "l1"):
            raise ValueError(f"sparsity {sparsity!r} has no weight, got {weight!r}")
        if (k is None) == (sparsity == "top_k"):
            raise ValueError(f"k is for sparsity 'top_k', which needs it; got {sparsity!r}, k={k}")
        _check_target(target)
        if k is not None:
            _check_k(k, code_size)
        self.config = {
            "n_features": int(n_features),
            "code_size": int(code_size),
            "sparsity": sparsity,
            "weight": float(weight),
            "target": float(target),
            "k": None if k is None else int(k),
            "unit_atoms": sparsity != "kl" if unit_atoms is None else bool(unit_atoms),
        }
        layer_in, layer_out = self._two_layers()
        with torch.no_grad():  # each unit starts by looking for its own atom
            nn.init.normal_(layer_out.weight)
            layer_out.weight.copy_(nn.functional.normalize(layer_out.weight, dim=0))
            layer_in.weight.copy_(layer_out.weight.T)
            layer_in.bias.zero_()
            layer_out.bias.zero_()

    def _two_layers(self) -> tuple[nn.Linear, nn.Linear]:
        return cast(nn.Linear, self.encoder[0]), cast(nn.Linear, self.decoder[0])

    def start_at(self, mean: ArrayLike) -> None:
        """Set the offset to the mean row, and let the encoder look at what differs from it.

        Parameters
        ----------
        mean : array_like, shape (n_features,)
            Mean of the training rows.
        """
        layer_in, layer_out = self._two_layers()
        with torch.no_grad():
            layer_out.bias.copy_(torch.as_tensor(np.asarray(mean)))
            layer_in.bias.copy_(-layer_in.weight @ layer_out.bias)

    def encode(self, rows: ArrayLike | Tensor) -> Tensor:
        """Codes of rows: the very tensor that the decoder receives.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            As for :meth:`Autoencoder.encode`.

        Returns
        -------
        Tensor, shape (n, code_size)
            At least 0; with "kl" at most 1 as well.

        Raises
        ------
        ValueError
            If the number of columns is not `n_features`.
        """
        sums = self.encoder(torch.nan_to_num(self._tensor(rows), nan=0.0))
        if self.config["sparsity"] == "kl":
            return torch.sigmoid(sums)
        if self.config["sparsity"] == "top_k":
            return keep_top_k(torch.relu(sums), self.config["k"])
        return torch.relu(sums)

    def atoms(self) -> Tensor:
        """Rows that the units stand for.

        Returns
        -------
        Tensor, shape (code_size, n_features)
            What one unit of activity adds to a reconstruction; differentiable.
        """
        atoms = self._two_layers()[1].weight.T
        return nn.functional.normalize(atoms, dim=1) if self.config["unit_atoms"] else atoms

    def decode(self, codes: Tensor) -> Tensor:
        """Add up atoms.

        Parameters
        ----------
        codes : Tensor, shape (n, code_size)
            Activity of each unit; any real numbers.

        Returns
        -------
        Tensor, shape (n, n_features)
            ``codes @ atoms + offset``.
        """
        return codes @ self.atoms() + self._two_layers()[1].bias

    def forward(self, rows: ArrayLike | Tensor) -> Tensor:
        """Reconstruct rows, gaps included.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_features)
            Without gaps.
        """
        return self.decode(self.encode(rows))

    def loss(self, rows: ArrayLike | Tensor) -> Tensor:
        """Mean squared error over the observed cells, plus the weighted penalty of the code.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Differentiable. The "kl" penalty is that of the batch, so it depends on which rows
            come together.
        """
        target = self._tensor(rows)
        codes = self.encode(target)
        loss = observed_squared_error(self.decode(codes), target)
        if self.config["sparsity"] == "kl":
            loss = loss + self.config["weight"] * _divergence(codes, self.config["target"])
        elif self.config["sparsity"] == "l1":
            loss = loss + self.config["weight"] * l1_sparsity(codes)
        return loss


def kl_sparsity(codes: Tensor, target: float) -> Tensor:
    r"""Penalise units whose mean activity is not the target.

    Introduced in *Make codes sparse*.

    With :math:`m_j` the mean of unit j over rows and :math:`\rho` the target, each unit costs the
    Kullback-Leibler divergence of two coins, :math:`\rho \log(\rho / m_j) + (1 - \rho) \log((1 -
    \rho) / (1 - m_j))`.

    Parameters
    ----------
    codes : Tensor, shape (n, units)
        From 0 to 1, such as the output of a sigmoid: not what goes into it.
    target : float
        Between 0 and 1.

    Returns
    -------
    Tensor, shape ()
        Mean over units, in nats; differentiable. It is 0 if each *mean* is on target, which does
        not say that any single value is 0. Means are kept off 0 and 1 by the precision of the
        type, so that it stays finite.

    Raises
    ------
    ValueError
        If `codes` is not 2-D with a row, a mean lies outside [0, 1], or `target` is out of range.

    References
    ----------
    A. Ng (2011). Sparse autoencoder. CS294A lecture notes, section 3.

    Examples
    --------
    >>> kl_sparsity(torch.tensor([[0.5], [0.5]]), target=0.05)
    tensor(0.4946)
    >>> kl_sparsity(torch.tensor([[0.0], [0.1]]), target=0.05)
    tensor(0.)
    """
    _check_codes(codes)
    _check_target(target)
    if not bool(((codes >= 0) & (codes <= 1)).all()):
        raise ValueError(
            "codes must lie in [0, 1], such as the output of a sigmoid; "
            f"got values from {float(codes.min()):g} to {float(codes.max()):g}"
        )
    return _divergence(codes, target)


def _divergence(codes: Tensor, target: float) -> Tensor:
    rounding = torch.finfo(codes.dtype).eps
    means = codes.mean(dim=0).clamp(rounding, 1 - rounding)
    on = target * (math.log(target) - torch.log(means))
    off = (1 - target) * (math.log1p(-target) - torch.log1p(-means))
    return (on + off).mean()


def l1_sparsity(codes: Tensor) -> Tensor:
    """Penalise activity by its size.

    Introduced in *Make codes sparse*.

    It pulls every active unit down by the same amount and so leaves the weak ones at 0, but also
    the strong ones too small.

    Parameters
    ----------
    codes : Tensor, shape (n, units)
        Any real numbers.

    Returns
    -------
    Tensor, shape ()
        Mean absolute value over rows and units.

    Raises
    ------
    ValueError
        If `codes` is not 2-D with a row.

    References
    ----------
    B. A. Olshausen, D. J. Field (1996). Emergence of simple-cell receptive field properties by
    learning a sparse code for natural images. Nature 381. doi:10.1038/381607a0

    Examples
    --------
    >>> l1_sparsity(torch.tensor([[3.0, 0.0], [0.0, -1.0]]))
    tensor(1.)
    """
    _check_codes(codes)
    return codes.abs().mean()


def keep_top_k(codes: Tensor, k: int) -> Tensor:
    """Set all but the k largest values of each row to 0.

    Introduced in *Make codes sparse*.

    Gradients pass through what is kept.

    Parameters
    ----------
    codes : Tensor, shape (n, units)
        Usually the output of a ReLU; of signed values the largest are kept, not the farthest
        from 0.
    k : int
        From 1 to the number of units.

    Returns
    -------
    Tensor, shape (n, units)
        Exactly k places of each row are kept, also where values are equal; which of equal ones
        is PyTorch's choice.

    Raises
    ------
    ValueError
        If `codes` is not 2-D with a row, or `k` is out of range.

    References
    ----------
    A. Makhzani, B. Frey (2014). k-sparse autoencoders. ICLR. arXiv:1312.5663

    Examples
    --------
    >>> keep_top_k(torch.tensor([[3.0, 1.0, 2.0], [0.0, 0.0, 5.0]]), k=2)
    tensor([[3., 0., 2.],
            [0., 0., 5.]])
    """
    _check_codes(codes)
    _check_k(k, codes.shape[1])
    values, places = codes.topk(k, dim=1)
    return torch.zeros_like(codes).scatter(1, places, values)


def _check_codes(codes: Tensor) -> None:
    if codes.ndim != 2 or codes.numel() == 0:
        raise ValueError(f"codes must be 2-D and not empty, got shape {tuple(codes.shape)}")


def _check_target(target: float) -> None:
    if not 0 < target < 1:
        raise ValueError(f"target must lie between 0 and 1, got {target!r}")


def _check_k(k: Any, units: int) -> None:
    whole = isinstance(k, (int, np.integer)) and not isinstance(k, bool)
    if not whole or not 1 <= k <= units:
        raise ValueError(f"k must be an integer from 1 to {units}, got {k!r}")
