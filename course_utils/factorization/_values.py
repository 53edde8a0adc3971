"""What all factorisations do with the numbers they are given: check, scale, scale back.

Squares of numbers beyond 1e154 are infinite, and those below 1e-162 are 0. A power of two moves a
table next to 1 without rounding one of its numbers, and moves the factors back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix


def checked_matrix(name: str, matrix: Matrix) -> tuple[np.ndarray | sp.csr_array, np.dtype]:
    """Finite 2-D float64 values, dense or CSR, and the dtype that results should have."""
    values: np.ndarray | sp.csr_array
    if _sparse_forms.is_sparse(matrix):
        values = _sparse_forms.canonical_csr(name, matrix, empty=False)
    else:
        values = _arguments.dense(name, matrix, ndim=2, shape="(rows, cols)", single=True)
    return values.astype(np.float64), values.dtype


def scaled_to_one(values: Any) -> tuple[Any, int]:
    """Return values, dense or CSR, with a largest from 1/2 to 1, and the power of two taken out."""
    stored = values.data if isinstance(values, sp.csr_array) else values
    largest = max(stored.max(initial=0.0), -stored.min(initial=0.0))
    exponent = int(np.frexp(largest)[1])
    if isinstance(values, sp.csr_array):
        parts = np.ldexp(values.data, -exponent), values.indices, values.indptr
        return sp.csr_array(parts, shape=values.shape), exponent
    return np.ldexp(values, -exponent), exponent


def rescaled(name: str, values: np.ndarray, exponent: int, dtype: np.dtype) -> np.ndarray:
    """Put the power of two back, in the type of the result, or refuse what it cannot hold."""
    with np.errstate(over="ignore"):
        result = np.ldexp(values, exponent).astype(dtype)
    if not np.isfinite(result).all():
        raise ValueError(
            f"{name} must be numbers that {dtype} can hold, got infinity; divide the matrix "
            "by a constant first, or convert it to float64"
        )
    return result
