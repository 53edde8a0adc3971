"""What the models share: layers, and rows of any kind as tensors on the model's device."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils.embeddings import embedding_bag_inputs


def layers(widths: Sequence[int], first: nn.Module | None = None) -> nn.Sequential:
    """Linear layers of the given widths with a ReLU between two of them."""
    layers = [first] if first is not None else []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if index:
            layers.append(nn.ReLU())
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


def check_sizes(sizes: Sequence[Any]) -> None:
    """Refuse widths of layers that are no positive integers."""
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"every size must be an integer of at least 1, got {size!r}")


def check_share(share: float) -> None:
    """Refuse a share that would hide everything."""
    if not 0 <= share < 1:
        raise ValueError(f"a share must be from 0 to below 1, got {share!r}")


def on_device_of(model: nn.Module, rows: ArrayLike | Tensor) -> Tensor:
    """Rows as a tensor of the model's own type on the model's own device; no copy if they are."""
    weight = next(model.parameters())
    if not isinstance(rows, Tensor):  # PyTorch takes no negative strides and warns if read-only
        rows = torch.from_numpy(np.require(rows, requirements=["C", "W"]))
    return rows.to(device=weight.device, dtype=weight.dtype)


def with_gaps(model: nn.Module, rows: Any) -> Tensor:
    """Sparse rows as a dense tensor on the model's device, NaN in the cells that are not stored."""
    rows, weight = canonical(rows), next(model.parameters())
    places = row_of(rows, weight.device), columns_of(rows, weight.device)
    gaps = weight.new_full(rows.shape, math.nan)
    return gaps.index_put_(places, torch.from_numpy(rows.data[: rows.nnz]).to(weight))


def observed_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over the cells of the target that are not NaN."""
    observed = ~torch.isnan(target)
    # Not (error[observed]): how many cells that selects a GPU would have to tell the CPU first.
    squares = torch.where(observed, output - target, 0.0).square()
    return squares.sum() / observed.sum().clamp(min=1)


def canonical(rows: Any) -> sp.csr_array:
    """CSR without duplicates; a copy if that takes a change."""
    rows = sp.csr_array(rows)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def bag_tensors(
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


def row_of(rows: sp.csr_array, device: torch.device) -> Tensor:
    """Row of each stored entry of a CSR matrix."""
    return torch.from_numpy(np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))).to(device)


def columns_of(rows: sp.csr_array, device: torch.device) -> Tensor:
    """Column of each stored entry of a CSR matrix."""
    return torch.from_numpy(rows.indices[: rows.nnz].astype(np.int64)).to(device)
