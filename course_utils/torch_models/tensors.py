"""What the models share: layers, and rows of any kind in the one form that the models trust."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils._sparse_forms import canonical_csr, is_sparse, rows_of


def sizes(name: str, values: Any) -> list[int]:
    """Widths of layers as Python's integers, of at least 1."""
    if isinstance(values, str) or not np.iterable(values):
        raise TypeError(f"{name} must be a sequence of integers, got {values!r}")
    return [_arguments.integer(f"{name}[{i}]", size, 1) for i, size in enumerate(values)]


def layers(widths: Sequence[int], first: nn.Module | None = None) -> nn.Sequential:
    """Linear layers of the given widths with a ReLU between two of them."""
    modules = [first] if first is not None else []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if index:
            modules.append(nn.ReLU())
        modules.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*modules)


def as_tensor(array: np.ndarray) -> Tensor:
    """Array as a tensor; PyTorch takes no negative strides and warns of what is read-only."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def dense_rows(model: nn.Module, rows: Any, name: str = "rows") -> Tensor:
    """Rows as a tensor of the model's own type on its own device, NaN where there is a gap.

    No copy if they are one already. Whether a tensor on a GPU holds infinity is not asked here,
    where a training step would have to wait for the answer, but in :func:`ready`.
    """
    if isinstance(rows, Tensor):
        if rows.layout != torch.strided or rows.is_complex():
            kind = "a sparse tensor; use .to_dense()" if not rows.is_complex() else str(rows.dtype)
            raise TypeError(f"{name} must be a dense tensor of real numbers, got {kind}")
    else:
        array = _arguments.dense(name, rows, finite=False, single=True, empty=True)
        _refuse_infinity(name, bool(np.isinf(array).any()))
        rows = as_tensor(array)
    weight = next(model.parameters())
    return rows.to(device=weight.device, dtype=weight.dtype)


class _Trusted(sp.csr_array):
    """Rows that came through the front door, and so did whatever is cut out of them.

    A step asks for the rows of its batch several times; checking them each time would take a fifth
    of a small model's training.
    """


def sparse_rows(model: nn.Module, rows: Any, name: str = "rows") -> sp.csr_array:
    """Sparse rows as CSR without duplicates, in the model's own precision."""
    if isinstance(rows, _Trusted):
        return rows
    csr = canonical_csr(name, rows, sparse_only=True)
    double = next(model.parameters()).dtype == torch.float64
    if csr.dtype == np.float64 and not double:
        with np.errstate(over="ignore"):
            csr = csr.astype(np.float32)
        _refuse_infinity(name, not _arguments.all_finite(csr.data))
    return _Trusted(csr)


def check_model(model: Any) -> None:
    """Refuse what cannot be trained."""
    if (
        not isinstance(model, nn.Module)
        or not callable(getattr(model, "loss", None))
        or next(model.parameters(), None) is None
    ):
        raise TypeError(
            "model must be a torch.nn.Module with parameters and a method loss(rows), "
            f"got {type(model).__name__}"
        )


def ready(model: nn.Module, rows: Any, name: str) -> Any:
    """Rows of a whole training, checked once, in a form that can be cut into batches.

    Sparse ones become CSR, others a tensor where the model is. A model of this package has a
    method `prepare`, which knows what it takes; others take what comes.
    """
    prepare = getattr(model, "prepare", None)
    if prepare is not None:
        rows = prepare(rows, name)
    else:
        rows = sparse_rows(model, rows, name) if is_sparse(rows) else dense_rows(model, rows, name)
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise ValueError(f"{name} must be 2-D with at least one row, got shape {tuple(rows.shape)}")
    if isinstance(rows, Tensor):
        _refuse_infinity(name, bool(torch.isinf(rows).any()))
    weight = getattr(model, "loss_weight", None)
    if weight is not None and float(weight(rows)) == 0:
        raise ValueError(f"{name} must hold something to learn from, got empty rows only")
    return rows


def _refuse_infinity(name: str, infinite: bool) -> None:
    if infinite:
        raise ValueError(
            f"{name} must be finite, got infinity, or a number beyond the model's precision; "
            "leave it out, or train the model in float64 with .double()"
        )


def check_width(rows: Any, columns: int) -> None:
    """Refuse rows of another number of columns than the model's."""
    if rows.ndim != 2 or rows.shape[1] != columns:
        kind = "a matrix" if is_sparse(rows) else "an array"
        raise ValueError(
            f"the model takes rows of {columns} columns, got {kind} of shape {tuple(rows.shape)}"
        )


def with_gaps(model: nn.Module, rows: sp.csr_array) -> Tensor:
    """Sparse rows as a dense tensor on the model's device, NaN in the cells that are not stored."""
    weight = next(model.parameters())
    gaps = weight.new_full(rows.shape, math.nan)
    return gaps.index_put_(places_of(rows, weight.device), as_tensor(rows.data).to(weight))


def places_of(rows: sp.csr_array, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column of each stored entry of a CSR matrix."""
    places = rows_of(rows), rows.indices.astype(np.int64)
    return as_tensor(places[0]).to(device), as_tensor(places[1]).to(device)


def bags(rows: sp.csr_array, lookup: nn.EmbeddingBag) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, offsets and weights of CSR rows where the lookup's table is, weights in its type."""
    table, parts = lookup.weight, (rows.indices, rows.indptr[:-1], rows.data)
    ids, offsets, weights = map(as_tensor, parts)
    return ids.to(table.device), offsets.to(table.device), weights.to(table)


def real_tensor(name: str, values: Any) -> Tensor:
    """Real numbers as a tensor of floats in which sums are safe; gradients pass."""
    if not isinstance(values, Tensor):
        values = as_tensor(_arguments.dense(name, values, single=True, empty=True, finite=False))
    if values.is_complex():
        raise TypeError(f"{name} must hold real numbers, got {values.dtype}")
    return values if values.dtype in (torch.float32, torch.float64) else values.float()
