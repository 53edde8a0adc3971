"""The autoencoder that looks its sparse input up instead of multiplying by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils._sparse_forms import canonical_csr
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import (
    as_tensor,
    bags,
    check_width,
    layers,
    places_of,
    real_tensor,
    sizes,
    sparse_rows,
)

# Cells whose squares are added up at once; each such sum goes into a wider one.
_BLOCK = 256


class SparseInputAutoencoder(nn.Module):
    r"""Autoencoder whose first layer looks its input up instead of multiplying by it.

    Introduced in *Autoencode sparse rows*.

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
    seed : int or numpy.random.Generator, optional
        Decides the first weights, and PyTorch's global generator stays as it is. Default: they are
        drawn from that one.

    Attributes
    ----------
    config : dict
        The first three arguments, as :func:`save` stores them.
    lookup : torch.nn.EmbeddingBag
        The first layer's weights, shape (n_features, width): the transpose of a linear layer's.

    Raises
    ------
    TypeError
        If a size is no integer.
    ValueError
        If a size is below 1.

    Examples
    --------
    >>> model = SparseInputAutoencoder(6, hidden_sizes=[4], code_size=2)
    >>> batch = sp.eye_array(3, 6, dtype="float32", format="csr")
    >>> model(batch).shape, model.encode(batch).shape
    (torch.Size([3, 6]), torch.Size([3, 2]))
    """

    def __init__(
        self,
        n_features: int,
        hidden_sizes: Sequence[int],
        code_size: int,
        *,
        seed: Seed | None = None,
    ) -> None:
        super().__init__()
        self.config: dict[str, Any] = {
            "n_features": _arguments.integer("n_features", n_features, 1),
            "hidden_sizes": sizes("hidden_sizes", hidden_sizes),
            "code_size": _arguments.integer("code_size", code_size, 1),
        }
        widths = [self.config["n_features"], *self.config["hidden_sizes"], self.config["code_size"]]
        # As nn.Linear(n_features, width) starts: the lookup is that layer, only faster.
        bound = 1 / math.sqrt(widths[0])
        with first_weights(seed):
            self.lookup = nn.EmbeddingBag(widths[0], widths[1], mode="sum")
            nn.init.uniform_(self.lookup.weight, -bound, bound)
            self.bias = nn.Parameter(torch.empty(widths[1]).uniform_(-bound, bound))
            self.encoder = layers(widths[1:], first=nn.ReLU() if len(widths) > 2 else None)
            self.decoder = layers(widths[::-1])

    def prepare(self, rows: Any, name: str = "rows") -> sp.csr_array:
        """Bring rows into the form of which :func:`fit` cuts its batches.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            As for :meth:`encode`.
        name : str
            What messages call them.

        Returns
        -------
        csr_array, shape (n, n_features)
            Without duplicates.

        Raises
        ------
        TypeError
            If `rows` are dense or do not hold real numbers.
        ValueError
            If the number of columns is not `n_features`, or an id or a weight is invalid.
        """
        rows = sparse_rows(self, rows, name)
        check_width(rows, self.config["n_features"])
        return rows

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of sparse rows.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            Of any format and real type; entries given twice count as their sum.

        Returns
        -------
        Tensor, shape (n, code_size)
            One code per row; an empty row has the code of the bias alone.

        Raises
        ------
        TypeError
            If `rows` are dense or do not hold real numbers.
        ValueError
            If the number of columns is not `n_features`, or an id or a weight is invalid.
        """
        ids, offsets, weights = bags(self.prepare(rows), self.lookup)
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
        rows = self.prepare(rows)
        return _SparseSquaredError.apply(self(rows), rows)

    def loss_weight(self, rows: sp.csr_array) -> Tensor:
        """Count the cells that :meth:`loss` averages over.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor of integer, shape ()
            n * n_features.
        """
        return torch.tensor(self.prepare(rows).shape[0] * self.config["n_features"])


def sparse_mean_squared_error(output: Tensor, target: sp.csr_array) -> Tensor:
    r"""Mean squared error of a dense output against a sparse target.

    With :math:`\sum (y - x)^2 = \sum y^2 + \sum_{x \neq 0} x (x - 2 y)` only the stored cells of
    the target are visited, and no dense copy of it is made.

    Parameters
    ----------
    output : Tensor, shape (n, columns)
        What the model says.
    target : scipy sparse array, shape (n, columns)
        What is true, of any format and real type; entries given twice count as their sum.

    Returns
    -------
    Tensor, shape ()
        Mean over all n * columns cells, differentiable. However many there are, it is as exact as
        the precision of `output` allows.

    Raises
    ------
    TypeError
        If `target` is not sparse, or one of the two does not hold real numbers.
    ValueError
        If the shapes differ, there is no cell, or an entry of `target` is not finite.

    Examples
    --------
    >>> sparse_mean_squared_error(torch.tensor([[1.0, 2.0]]), sp.csr_array([[0.0, 4.0]]))
    tensor(2.5000)
    """
    output = real_tensor("output", output)
    target = canonical_csr("target", target, sparse_only=True)
    if tuple(output.shape) != target.shape or output.numel() == 0:
        raise ValueError(
            f"output and target must have the same shape and a cell, "
            f"got {tuple(output.shape)} and {target.shape}"
        )
    return _SparseSquaredError.apply(output, target)


class _SparseSquaredError(torch.autograd.Function):
    """The mean squared error with a gradient that takes one array of the output's size.

    Left to autograd, the same formula keeps four of them, and the output is the largest array of
    a training step.
    """

    @staticmethod
    def forward(context: Any, output: Tensor, target: sp.csr_array) -> Tensor:
        rows, columns = places_of(target, output.device)
        values = as_tensor(target.data).to(output)
        context.save_for_backward(output, rows, columns, values)
        corrections = _widened(values * (values - 2 * output[rows, columns]))
        return ((_sum_of_squares(output) + corrections.sum()) / output.numel()).to(output)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        output, rows, columns, values = context.saved_tensors
        gradient = output.clone()
        gradient[rows, columns] -= values
        return gradient.mul_(2 * gradients[0] / output.numel()), None


def _sum_of_squares(values: Tensor) -> Tensor:
    """Sum of squares in double precision, at the speed of a norm and without a copy.

    The norm of a long vector adds up in single precision: 1e8 cells would be off by 2 %.
    """
    flat = values.reshape(-1)
    cut = len(flat) - len(flat) % _BLOCK
    blocks = torch.linalg.vector_norm(flat[:cut].view(-1, _BLOCK), dim=1)
    rest = torch.linalg.vector_norm(flat[cut:])
    return _widened(blocks).square().sum() + _widened(rest).square()


def _widened(values: Tensor) -> Tensor:
    """Double precision, which Apple's GPUs do not have."""
    return values if values.device.type == "mps" else values.double()
