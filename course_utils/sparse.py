"""Sparse matrices with a short left end: left-align, make ragged, turn indices into indicators.

Everything here is vectorised: time and memory grow with the nonzeros (or rows), and no Python
loop visits a row.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, DTypeLike

from course_utils import _arguments, _objects
from course_utils._sparse_forms import Matrix, canonical_csr

__all__ = ["check_indices", "from_ragged", "index_to_indicator", "left_align", "to_ragged"]

_LARGEST_INT32 = np.iinfo(np.int32).max


def left_align(matrix: Matrix, *, trim: bool = False) -> sp.csr_array:
    """Move the nonzeros of every row to the left, keeping their order.

    Introduced in *Align and index sparse matrices*.

    Takes O(nonzeros + rows) if `matrix` is CSR with sorted columns and without duplicates;
    otherwise SciPy first brings it into that form.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, cols)
        Any format and any real dtype; NaN is a value. Duplicates are summed, stored zeros
        dropped, and columns sorted first. It is not changed.
    trim : bool
        Cut the result to the longest row.

    Returns
    -------
    csr_array, shape (rows, cols) or (rows, longest row)
        Same dtype as `matrix`, but float32 for half precision, and int64 or uint64 if duplicates
        of integers add up. Shares no memory with `matrix`.

    Raises
    ------
    TypeError
        If `matrix` does not hold real numbers.
    ValueError
        If `matrix` is not 2-D, has masked cells or an index that lies outside of it.

    See Also
    --------
    to_ragged : The same values without the column numbers.

    Examples
    --------
    >>> left_align([[0, 5, 0, 8], [2, 0, 0, 0]]).toarray()
    array([[5, 8, 0, 0],
           [2, 0, 0, 0]])
    >>> left_align([[0, 5, 0, 8], [2, 0, 0, 0]], trim=True).toarray()
    array([[5, 8],
           [2, 0]])
    """
    csr = canonical_csr("matrix", matrix, stored_zeros=False, finite=False, keep_dtype=True)
    counts = np.diff(csr.indptr)
    # The k-th nonzero of the whole matrix is the (k - start of its row)-th of its row.
    columns = np.arange(csr.nnz, dtype=csr.indptr.dtype)
    columns -= np.repeat(csr.indptr[:-1], counts)
    width = int(counts.max(initial=0)) if trim else csr.shape[1]
    parts = (csr.data.copy(), columns, csr.indptr.copy())
    return sp.csr_array(parts, shape=(csr.shape[0], width))


def index_to_indicator(
    indices: ArrayLike, num_classes: int, *, dtype: DTypeLike = np.float32
) -> sp.csr_array:
    """Turn class indices into a sparse matrix with a single 1 per row.

    Introduced in *Align and index sparse matrices*.

    Row i of the result times a table E is `E[indices[i]]`, and `indicator.T @ X` sums the rows of X
    per class.

    Parameters
    ----------
    indices : array_like of int, shape (n,)
        Class of each row, from 0 to num_classes - 1.
    num_classes : int
        Number of columns; a class may stay empty.
    dtype : numpy dtype
        Type of the ones. SciPy adds up in this type: an int8 saves memory, and
        `indicator.T @ indicator` overflows as soon as a class has more than 127 rows.

    Returns
    -------
    csr_array, shape (n, num_classes)
        `result[i, j]` is 1 if `indices[i] == j`, else 0. Shares no memory with `indices`.

    Raises
    ------
    TypeError
        If `indices` or `num_classes` are not integers, where booleans and floats such as 3.0 are
        none, or SciPy has no sparse arrays of `dtype`.
    ValueError
        If `indices` is not 1-D, an index lies outside 0 … num_classes - 1, or `num_classes` is
        negative.

    Examples
    --------
    >>> index_to_indicator([0, 2, 1, 2], 3, dtype=int).toarray()
    array([[1, 0, 0],
           [0, 0, 1],
           [0, 1, 0],
           [0, 0, 1]])
    """
    columns = check_indices(indices, num_classes)
    num_classes = int(num_classes)
    dtype = _objects.dtype("dtype", dtype)
    _check_dtype("dtype", dtype)
    rows = len(columns)
    # One nonzero per row: CSR is known at once, without a detour over COO and its sorting.
    index_dtype = np.int32 if max(rows, num_classes) <= _LARGEST_INT32 else np.int64
    row_starts = np.arange(rows + 1, dtype=index_dtype)
    parts = (np.ones(rows, dtype), columns.astype(index_dtype), row_starts)
    return sp.csr_array(parts, shape=(rows, num_classes))


def to_ragged(
    matrix: Matrix,
) -> tuple[np.ndarray, np.ndarray]:
    """List the nonzeros of every row one after the other, with the place where each row starts.

    Introduced in *Align and index sparse matrices*.

    The two arrays are `values` and `row_splits` of TensorFlow's RaggedTensor; `row_splits[:-1]` are
    the `offsets` of PyTorch's EmbeddingBag.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, cols)
        As for :func:`left_align`; aligned or not, the result is the same.

    Returns
    -------
    values : ndarray, shape (nonzeros,)
        Nonzeros, row by row and in the order of their columns; dtype as for
        :func:`left_align`.
    row_splits : ndarray of int64, shape (rows + 1,)
        Row i is `values[row_splits[i]:row_splits[i + 1]]`.

    Raises
    ------
    TypeError
        If `matrix` does not hold real numbers.
    ValueError
        If `matrix` is not 2-D, has masked cells or an index that lies outside of it.

    Examples
    --------
    >>> to_ragged([[0, 5, 0, 8], [0, 0, 0, 0], [2, 0, 0, 0]])
    (array([5, 8, 2]), array([0, 2, 2, 3]))
    """
    csr = canonical_csr("matrix", matrix, stored_zeros=False, finite=False, keep_dtype=True)
    return csr.data.copy(), csr.indptr.astype(np.int64)


def from_ragged(
    values: ArrayLike, row_splits: ArrayLike, *, num_columns: int | None = None
) -> sp.csr_array:
    """Build the left-aligned matrix whose rows are the given lists; undoes :func:`to_ragged`.

    Introduced in *Align and index sparse matrices*.

    Parameters
    ----------
    values : array_like, shape (nonzeros,)
        The lists, one after the other. None may be 0, which a sparse matrix could not keep.
    row_splits : array_like of int, shape (rows + 1,)
        Starts at 0, never decreases, ends at the number of values.
    num_columns : int, optional
        Number of columns. Default: length of the longest list.

    Returns
    -------
    csr_array, shape (rows, num_columns)
        Row i starts with `values[row_splits[i]:row_splits[i + 1]]`; same dtype as `values`.

    Raises
    ------
    TypeError
        If `values` are not numbers that SciPy's sparse arrays can hold, or `row_splits` or
        `num_columns` are not integers.
    ValueError
        If `values` is not 1-D or holds a zero, `row_splits` does not cut it into lists, or a list
        is longer than `num_columns`.

    Examples
    --------
    >>> from_ragged([5, 8, 2], [0, 2, 2, 3]).toarray()
    array([[5, 8],
           [0, 0],
           [2, 0]])
    """
    values = _arguments.as_array("values", values)
    if values.ndim != 1:
        raise ValueError(f"values must be 1-D, got shape {values.shape}")
    _check_dtype("values", values.dtype)
    row_splits = _arguments.integers("row_splits", row_splits)
    if (
        len(row_splits) == 0
        or row_splits[0] != 0
        or row_splits[-1] != len(values)
        or np.any(row_splits[1:] < row_splits[:-1])
    ):
        raise ValueError(
            f"row_splits must start at 0, never decrease and end at the number of values "
            f"({len(values)}), got {row_splits}"
        )
    if not values.all():
        raise ValueError(
            f"values[{np.argmin(values != 0)}] is 0: a sparse matrix cannot tell it from an "
            "empty cell, so the list would lose it"
        )
    row_splits = row_splits.astype(np.int64)
    counts = np.diff(row_splits)
    longest = int(counts.max(initial=0))
    width = longest if num_columns is None else _arguments.integer("num_columns", num_columns, 0)
    if width < longest:
        raise ValueError(f"num_columns is {width}, but the longest list has {longest} values")
    columns = np.arange(len(values)) - np.repeat(row_splits[:-1], counts)
    return sp.csr_array((values.copy(), columns, row_splits), shape=(len(counts), width))


def check_indices(indices: ArrayLike, num_classes: int) -> np.ndarray:
    """Refuse what is no list of class indices instead of letting a library guess.

    NumPy takes -1 for the last row and Keras truncates 3.7 to 3; both hide a mistake.

    Parameters
    ----------
    indices : array_like of int, shape (n,)
        Indices; an empty list is fine.
    num_classes : int
        Every index must be below it.

    Returns
    -------
    ndarray of int, shape (n,)
        The indices; the same array if `indices` was one.

    Raises
    ------
    TypeError
        If `indices` or `num_classes` are not integers; booleans and floats such as 3.0 are none.
    ValueError
        If `indices` is not 1-D, an index lies outside 0 … num_classes - 1, or `num_classes` is
        negative.

    Examples
    --------
    >>> check_indices([0, 2, -1], 3)
    Traceback (most recent call last):
    ...
    ValueError: indices must lie in 0 … 2, got -1 at position 2
    """
    num_classes = _arguments.integer("num_classes", num_classes, 0)
    indices = _arguments.integers("indices", indices)
    indices = indices.astype(indices.dtype.newbyteorder("="), copy=False)
    # Read as unsigned, a negative number exceeds every legal one: one pass sees both ends.
    unsigned = indices.view(indices.dtype.str.replace("i", "u"))
    if len(indices) and unsigned.max() >= min(num_classes, int(np.iinfo(indices.dtype).max) + 1):
        position = int(np.argmax((indices < 0) | (indices >= num_classes)))
        allowed = f"lie in 0 … {num_classes - 1}" if num_classes else "be empty for 0 classes"
        raise ValueError(f"indices must {allowed}, got {indices[position]} at position {position}")
    return indices


def _check_dtype(name: str, dtype: np.dtype) -> None:
    if dtype.kind not in "biufc" or dtype == np.float16:
        raise TypeError(
            f"{name} must be of a type that SciPy's sparse arrays have, got {dtype}; use .astype"
        )
