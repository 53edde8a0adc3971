"""Autoencoders in PyTorch, with a training loop that stops early and can be killed and resumed.

Importing this module imports PyTorch, so it belongs in notebooks and tests that hold no
TensorFlow.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from tqdm import tqdm

from course_utils.embeddings import embedding_bag_inputs

_FORMAT = 1  # of the files that `save` and `fit` write


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
        _check_sizes(widths)
        _check_share(hide_observed)
        self.config: dict[str, Any] = {
            "n_features": int(n_features),
            "hidden_sizes": [int(width) for width in hidden_sizes],
            "code_size": int(code_size),
            "hide_observed": float(hide_observed),
        }
        self.encoder = _layers(widths)
        self.decoder = _layers(widths[::-1])

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
        return _observed_squared_error(self(target), target)

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
            return torch.tensor(_canonical(rows).nnz)
        return (~torch.isnan(self._tensor(rows))).sum()

    def _hide(self, rows: Tensor) -> Tensor:
        # A gap is 0 already, so dropout can only hide what was observed.
        return nn.functional.dropout(rows, self.config["hide_observed"], self.training)

    def _tensor(self, rows: Any) -> Tensor:
        tensor = _with_gaps(self, rows) if sp.issparse(rows) else _on_device_of(self, rows)
        if tensor.ndim != 2 or tensor.shape[1] != self.config["n_features"]:
            raise ValueError(
                f"the model takes rows of {self.config['n_features']} columns, "
                f"got an array of shape {tuple(tensor.shape)}"
            )
        return tensor


def _observed_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over the cells of the target that are not NaN."""
    observed = ~torch.isnan(target)
    # Not (error[observed]): how many cells that selects a GPU would have to tell the CPU first.
    squares = torch.where(observed, output - target, 0.0).square()
    return squares.sum() / observed.sum().clamp(min=1)


def _check_sizes(sizes: Sequence[Any]) -> None:
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"every size must be an integer of at least 1, got {size!r}")


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise ValueError(f"a share must be from 0 to below 1, got {share!r}")


def _with_gaps(model: nn.Module, rows: Any) -> Tensor:
    """Sparse rows as a dense tensor on the model's device, NaN in the cells that are not stored."""
    rows, weight = _canonical(rows), next(model.parameters())
    places = _row_of(rows, weight.device), _columns_of(rows, weight.device)
    gaps = weight.new_full(rows.shape, math.nan)
    return gaps.index_put_(places, torch.from_numpy(rows.data[: rows.nnz]).to(weight))


def _on_device_of(model: nn.Module, rows: ArrayLike | Tensor) -> Tensor:
    """Rows as a tensor of the model's own type on the model's own device; no copy if they are."""
    weight = next(model.parameters())
    if not isinstance(rows, Tensor):  # PyTorch takes no negative strides and warns if read-only
        rows = torch.from_numpy(np.require(rows, requirements=["C", "W"]))
    return rows.to(device=weight.device, dtype=weight.dtype)


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
        loss = _observed_squared_error(self.decode(codes), target)
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


class SparseInputAutoencoder(nn.Module):
    r"""Autoencoder whose first layer looks its input up instead of multiplying by it.

    Introduced in *Look up embeddings from a sparse matrix*.

    A dense first layer computes :math:`x W + b`. If `x` is a row of a sparse matrix, that is a
    weighted sum of the few rows of `W` it names: an embedding lookup. The input is therefore never
    made dense; what is dense is one batch of the *output*.

    Parameters
    ----------
    n_features : int
        Columns of the matrix.
    hidden_sizes : sequence of int
        Widths of the encoder's hidden layers, each followed by a ReLU; the decoder mirrors them.
        Empty for a code right behind the lookup.
    code_size : int
        Width of the code, which is linear.

    Attributes
    ----------
    config : dict
        The three arguments, as :func:`save` stores them.
    lookup : torch.nn.EmbeddingBag
        The first layer's weights, shape (n_features, width): the transpose of a linear layer's.

    Raises
    ------
    ValueError
        If a size is not a positive integer.

    Examples
    --------
    >>> model = SparseInputAutoencoder(6, hidden_sizes=[4], code_size=2)
    >>> batch = sp.csr_array(np.eye(3, 6, dtype=np.float32))
    >>> model(batch).shape, model.encode(batch).shape
    (torch.Size([3, 6]), torch.Size([3, 2]))
    """

    def __init__(self, n_features: int, hidden_sizes: Sequence[int], code_size: int) -> None:
        super().__init__()
        widths = [n_features, *hidden_sizes, code_size]
        _check_sizes(widths)
        self.config: dict[str, Any] = {
            "n_features": int(n_features),
            "hidden_sizes": [int(width) for width in hidden_sizes],
            "code_size": int(code_size),
        }
        self.lookup = nn.EmbeddingBag(n_features, widths[1], mode="sum")
        # As nn.Linear(n_features, width) starts: the lookup is that layer, only faster.
        bound = 1 / math.sqrt(n_features)
        nn.init.uniform_(self.lookup.weight, -bound, bound)
        self.bias = nn.Parameter(torch.empty(widths[1]).uniform_(-bound, bound))
        self.encoder = _layers(widths[1:], first=nn.ReLU() if hidden_sizes else None)
        self.decoder = _layers(widths[::-1])

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of sparse rows.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            As for :func:`course_utils.embeddings.embedding_bag_inputs`.

        Returns
        -------
        Tensor, shape (n, code_size)
            One code per row; an empty row has the code of the bias alone.

        Raises
        ------
        ValueError
            If the number of columns is not `n_features`, or an id or a weight is invalid.
        """
        ids, offsets, weights = _bag_tensors(rows, self.lookup, self.config["n_features"])
        return self.encoder(self.lookup(ids, offsets, per_sample_weights=weights) + self.bias)

    def forward(self, rows: sp.csr_array) -> Tensor:
        """Reconstruct sparse rows.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            The input.

        Returns
        -------
        Tensor, shape (n, n_features)
            Dense: this is why one trains in batches.
        """
        return self.decoder(self.encode(rows))

    def loss(self, rows: sp.csr_array) -> Tensor:
        """Mean squared error over all cells of a batch, empty cells counting as 0.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Differentiable.
        """
        return sparse_mean_squared_error(self(rows), rows)


def _layers(widths: Sequence[int], first: nn.Module | None = None) -> nn.Sequential:
    """Linear layers of the given widths with a ReLU between two of them."""
    layers = [first] if first is not None else []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if index:
            layers.append(nn.ReLU())
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


def sparse_mean_squared_error(output: Tensor, target: sp.csr_array) -> Tensor:
    r"""Mean squared error of a dense output against a sparse target.

    Introduced in *Look up embeddings from a sparse matrix*.

    With :math:`\sum (y - x)^2 = \sum y^2 + \sum_{x \neq 0} x (x - 2 y)` only the stored cells of
    the target are visited, and no dense copy of it is made.

    Parameters
    ----------
    output : Tensor, shape (n, columns)
        What the model says.
    target : csr_array, shape (n, columns)
        What is true; without duplicates.

    Returns
    -------
    Tensor, shape ()
        Mean over all n * columns cells.

    Raises
    ------
    ValueError
        If the shapes differ, there is no cell, or an entry of `target` is stored twice.

    Examples
    --------
    >>> sparse_mean_squared_error(torch.tensor([[1.0, 2.0]]), sp.csr_array([[0.0, 4.0]]))
    tensor(2.5000)
    """
    if tuple(output.shape) != target.shape or output.numel() == 0:
        raise ValueError(
            f"output and target must have the same shape and a cell, "
            f"got {tuple(output.shape)} and {target.shape}"
        )
    if not target.has_canonical_format:
        raise ValueError("target holds an entry twice; call sum_duplicates() on it first")
    return _SparseSquaredError.apply(output, target)


class _SparseSquaredError(torch.autograd.Function):
    """The mean squared error with a gradient that takes one array of the output's size.

    Left to autograd, the same formula keeps four of them, and the output is the largest array of
    a training step.
    """

    @staticmethod
    def forward(context: Any, output: Tensor, target: sp.csr_array) -> Tensor:
        rows = _row_of(target, output.device)
        columns = _columns_of(target, output.device)
        values = torch.from_numpy(target.data[: target.nnz]).to(output)
        context.save_for_backward(output, rows, columns, values)
        corrections = values * (values - 2 * output[rows, columns])
        return (torch.linalg.vector_norm(output).square() + corrections.sum()) / output.numel()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        output, rows, columns, values = context.saved_tensors
        gradient = output.clone()
        gradient[rows, columns] -= values
        return gradient.mul_(2 * gradients[0] / output.numel()), None


class InteractionAutoencoder(nn.Module):
    r"""Denoising autoencoder of users, whose weights hold two vectors for each item.

    Introduced in *Find similar films*.

    A user's items are looked up, added and squashed into a code, and the code says how probable
    each item is to be this user's next:

        code = tanh(Σ lookup[item] / √count + bias),   p = softmax(output · code + bias)

    In training a part of the items is hidden from the encoder, so that copying does not help, and
    a part of the code is dropped. The loss is that of Liang et al. (2018), the multinomial
    likelihood; no item of a row stands for "disliked", only for "not chosen so far".

    Parameters
    ----------
    n_items : int
        Columns of the matrix.
    code_size : int
        Width of the code.
    hide_items, drop_code : float
        Share of a row's items hidden and of the code dropped in training, from 0 to below 1;
        drawn from PyTorch's global generator, which :func:`fit` seeds.

    Attributes
    ----------
    config : dict
        The four arguments, as :func:`save` stores them.
    lookup : torch.nn.EmbeddingBag
        What an item says about a user: weight of shape (n_items, code_size).
    output : torch.nn.Linear
        To which user an item is offered: weight of the same shape.

    Raises
    ------
    ValueError
        If a size is not a positive integer or a share out of range.

    References
    ----------
    D. Liang, R. G. Krishnan, M. D. Hoffman, T. Jebara (2018). Variational autoencoders for
    collaborative filtering. WWW '18, section 2 (Mult-DAE). doi:10.1145/3178876.3186150

    Examples
    --------
    >>> model = InteractionAutoencoder(5, code_size=2).eval()
    >>> rows = sp.csr_array(np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32))
    >>> model(rows).shape, model.encode(rows).shape
    (torch.Size([2, 5]), torch.Size([2, 2]))
    """

    def __init__(
        self, n_items: int, code_size: int, *, hide_items: float = 0.3, drop_code: float = 0.3
    ) -> None:
        super().__init__()
        _check_sizes([n_items, code_size])
        _check_share(hide_items)
        _check_share(drop_code)
        self.config: dict[str, Any] = {
            "n_items": int(n_items),
            "code_size": int(code_size),
            "hide_items": float(hide_items),
            "drop_code": float(drop_code),
        }
        self.lookup = nn.EmbeddingBag(n_items, code_size, mode="sum")
        self.bias = nn.Parameter(torch.zeros(code_size))
        self.output = nn.Linear(code_size, n_items)
        for weight in (self.lookup.weight, self.output.weight):
            nn.init.normal_(weight, std=0.3 / math.sqrt(code_size))
        nn.init.zeros_(self.output.bias)

    def start_at(self, popularity: ArrayLike) -> None:
        """Let the untrained model offer what is popular, so that training starts from there.

        Parameters
        ----------
        popularity : array_like, shape (n_items,)
            Number of interactions of each item, at least 0.
        """
        counts = torch.as_tensor(np.asarray(popularity), dtype=self.output.bias.dtype)
        with torch.no_grad():
            self.output.bias.copy_(torch.log(counts + 0.05))  # an item nobody chose is not -inf

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of users.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Interactions, 1 or a positive weight; as for
            :func:`course_utils.embeddings.embedding_bag_inputs`.

        Returns
        -------
        Tensor, shape (n, code_size)
            From -1 to 1. A row's length does not matter, only its direction.

        Raises
        ------
        ValueError
            If the number of columns is not `n_items`, or an id or a weight is invalid.
        """
        ids, offsets, weights = _bag_tensors(rows, self.lookup, self.config["n_items"])
        if self.training:
            draws = torch.rand(len(weights), device=weights.device)
            weights = weights * (draws >= self.config["hide_items"])
        row_of = _row_of(rows, weights.device)
        squares = weights.new_zeros(rows.shape[0]).index_add_(0, row_of, weights**2)
        weights = weights / torch.where(squares > 0, squares, 1).sqrt()[row_of]
        return torch.tanh(self.lookup(ids, offsets, per_sample_weights=weights) + self.bias)

    def forward(self, rows: sp.csr_array) -> Tensor:
        """Score all items; softmax over a row makes probabilities of the scores.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_items)
            Dense: this is why one trains in batches.
        """
        codes = self.encode(rows)
        return self.output(nn.functional.dropout(codes, self.config["drop_code"], self.training))

    def loss(self, rows: sp.csr_array) -> Tensor:
        """Mean over all interactions of -log p(item | what the encoder saw of the user).

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Input and target, without duplicates, with at least one interaction.

        Returns
        -------
        Tensor, shape ()
            In nats; differentiable. Users count by the number of their interactions.
        """
        scores = self(rows)
        ids, _, weights = _bag_tensors(rows, self.lookup, self.config["n_items"])
        row_of = _row_of(rows, scores.device)
        chosen = scores[row_of, ids.long()] - torch.logsumexp(scores, dim=1)[row_of]
        return -(weights * chosen).sum() / weights.sum()


def _bag_tensors(
    rows: Any, lookup: torch.nn.EmbeddingBag, columns: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, offsets and weights of sparse rows where the lookup's table is, weights in its type."""
    if rows.shape[1] != columns:
        raise ValueError(
            f"the model takes rows of {columns} columns, got a matrix of shape {rows.shape}"
        )
    ids, offsets, weights = map(torch.from_numpy, embedding_bag_inputs(rows))
    table = lookup.weight
    return ids.to(table.device), offsets.to(table.device), weights.to(table)


def _row_of(rows: sp.csr_array, device: torch.device) -> Tensor:
    """Row of each stored entry of a CSR matrix."""
    return torch.from_numpy(np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))).to(device)


def _columns_of(rows: sp.csr_array, device: torch.device) -> Tensor:
    """Column of each stored entry of a CSR matrix."""
    return torch.from_numpy(rows.indices[: rows.nnz].astype(np.int64)).to(device)


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
    >>> _ = torch.manual_seed(0)
    >>> model = SparseInputAutoencoder(4, hidden_sizes=[], code_size=2)
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
    rows = _canonical(rows) if sp.issparse(rows) else _on_device_of(model, rows)
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise ValueError(f"{name} must be 2-D with at least one row, got shape {tuple(rows.shape)}")
    return rows


def _canonical(rows: Any) -> sp.csr_array:
    """CSR without duplicates; a copy if that takes a change."""
    rows = sp.csr_array(rows)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
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


# --- files --------------------------------------------------------------------------------------

_Model = TypeVar("_Model", bound=nn.Module)
_CLASSES: dict[str, type[nn.Module]] = {
    "Autoencoder": Autoencoder,
    "SparseCodeAutoencoder": SparseCodeAutoencoder,
    "SparseInputAutoencoder": SparseInputAutoencoder,
    "InteractionAutoencoder": InteractionAutoencoder,
}


def save(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write a model's weights and configuration to a file.

    Introduced in *Look up embeddings from a sparse matrix*.

    The file holds tensors and plain values, no pickled code: it can be loaded with
    `weights_only=True`, also after the class has moved. It appears complete or not at all, and an
    earlier file stays until then.

    Parameters
    ----------
    model : torch.nn.Module
        One of this module's models.
    path : path
        Where to write; the folder must exist.

    Raises
    ------
    TypeError
        If `model` is of another class.

    See Also
    --------
    load : Reads the file.
    """
    _write_atomically(_description(model), Path(path))


def load(path: str | os.PathLike[str]) -> nn.Module:
    """Read a model that :func:`save` wrote.

    Introduced in *Look up embeddings from a sparse matrix*.

    Parameters
    ----------
    path : path
        The file. A checkpoint of :func:`fit` serves too and gives the weights of its best epoch.

    Returns
    -------
    torch.nn.Module
        A new model on the CPU with the stored class, configuration and weights.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or was not written by :func:`save`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(SparseInputAutoencoder(4, [], 2), Path(folder) / "model.pt")
    ...     load(Path(folder) / "model.pt").config
    {'n_features': 4, 'hidden_sizes': [], 'code_size': 2}
    """
    content = _read(Path(path))
    model = _CLASSES[content["class"]](**content["config"])
    state = content["run"]["best_state"] if "run" in content else content["state"]
    model.to(next(iter(state.values())).dtype)
    model.load_state_dict(state)
    return model


def _description(model: nn.Module) -> dict[str, Any]:
    name = type(model).__name__
    if _CLASSES.get(name) is not type(model):
        raise TypeError(f"model must be one of {', '.join(_CLASSES)}, got {name}")
    return {
        "format": _FORMAT,
        "class": name,
        "config": model.config,
        "state": model.state_dict(),
    }


def _write_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: dict[str, Any],
    run: _Run,
) -> None:
    content = _description(model)
    content |= {"optimizer": optimizer.state_dict(), "settings": settings, "run": vars(run)}
    _write_atomically(content, path)


def _resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, Any]
) -> _Run:
    """Put model and optimizer where the checkpoint left them."""
    content = _read(path)
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


def _write_atomically(content: dict[str, Any], path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many types: zip, pickle, end of file
        raise ValueError(f"{path} is damaged or not a file of this course ({error})") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"{path} was not written by save() or fit() of this course")
    return content
