"""The autoencoder that looks its sparse input up instead of multiplying by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from course_utils.torch_models.tensors import (
    bag_tensors,
    check_sizes,
    columns_of,
    layers,
    row_of,
)


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
    >>> batch = sp.eye_array(3, 6, dtype="float32", format="csr")
    >>> model(batch).shape, model.encode(batch).shape
    (torch.Size([3, 6]), torch.Size([3, 2]))
    """

    def __init__(self, n_features: int, hidden_sizes: Sequence[int], code_size: int) -> None:
        super().__init__()
        widths = [n_features, *hidden_sizes, code_size]
        check_sizes(widths)
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
        self.encoder = layers(widths[1:], first=nn.ReLU() if hidden_sizes else None)
        self.decoder = layers(widths[::-1])

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
        ids, offsets, weights = bag_tensors(rows, self.lookup, self.config["n_features"])
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
        rows = row_of(target, output.device)
        columns = columns_of(target, output.device)
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
