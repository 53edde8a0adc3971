"""Products of a sparse matrix with a dense table: the kernels, and which of them runs."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp

from course_utils.runtime import default_threads

KERNELS = ("auto", "scipy", "torch")

# Multiplications below which starting another thread costs more than it saves (about 1 ms).
_WORK_PER_THREAD = 4_000_000

# Multiplications from which PyTorch's kernel is worth its call.
_WORK_FOR_TORCH = 1_000_000


def multiply(weights: sp.csr_array, table: np.ndarray, kernel: str = "auto") -> np.ndarray:
    """`weights @ table`, both of the same float type.

    PyTorch sums float32 rows with vector instructions, several times as fast as SciPy, and with
    other rounding in the last digit. "auto" takes it for large float32 products where it is
    loaded already, and never loads it: it cannot share a process with TensorFlow.
    """
    if kernel == "torch":
        return _multiply_by_torch(_loaded_torch(), weights, table)
    large = table.dtype == np.float32 and weights.nnz * table.shape[1] >= _WORK_FOR_TORCH
    if kernel == "auto" and large and torch_was_loaded():
        return _multiply_by_torch(_loaded_torch(), weights, table)
    return _multiply_by_scipy(weights, table)


@cache
def torch_was_loaded() -> bool:
    """Whether PyTorch was there when this was first asked: later calls must not differ."""
    return "torch" in sys.modules


def _loaded_torch() -> Any:
    try:
        return sys.modules["torch"]
    except KeyError:
        raise ValueError(
            "kernel must be 'scipy' or 'auto' while PyTorch is not loaded, got 'torch'; "
            "import torch first"
        ) from None


def _multiply_by_torch(torch: Any, weights: sp.csr_array, table: np.ndarray) -> np.ndarray:
    """`weights @ table` as an EmbeddingBag computes it."""
    arrays = (
        weights.indices[: weights.nnz],
        table,
        weights.indptr[:-1],
        weights.data[: weights.nnz],
    )
    # PyTorch warns of arrays it may not write to, though it only reads these: copy them.
    ids, rows, starts, values = (
        torch.from_numpy(np.require(array, requirements=("C", "W"))) for array in arrays
    )
    with torch.no_grad():
        bags = torch.nn.functional.embedding_bag(
            ids, rows, starts, mode="sum", per_sample_weights=values
        )
    return bags.numpy()


def _multiply_by_scipy(weights: sp.csr_array, table: np.ndarray) -> np.ndarray:
    """`weights @ table`, in blocks of rows with equally many nonzeros, one per thread.

    SciPy's product runs on one thread and lets go of the interpreter lock.
    """
    work = weights.nnz * table.shape[1]
    threads = min(default_threads(), work // _WORK_PER_THREAD)
    if threads < 2:
        return weights @ table
    row_starts = weights.indptr
    cuts = np.searchsorted(row_starts, np.linspace(0, weights.nnz, threads + 1).astype(np.int64))
    cuts[0], cuts[-1] = 0, weights.shape[0]  # empty rows at both ends belong to a block as well
    product = np.empty((weights.shape[0], table.shape[1]), table.dtype)

    def multiply_block(start: int, stop: int) -> None:
        first, last = row_starts[start], row_starts[stop]
        parts = weights.data[first:last], weights.indices[first:last]
        block = sp.csr_array(
            (*parts, row_starts[start : stop + 1] - first), shape=(stop - start, weights.shape[1])
        )
        product[start:stop] = block @ table

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(multiply_block, cuts[:-1], cuts[1:]))  # list: raise what a block raised
    return product
