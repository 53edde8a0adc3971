"""Rows of a table picked by category, or added up with the weights of a sparse matrix.

No framework is imported here. ``torch.nn.EmbeddingBag`` and ``tf.nn.embedding_lookup_sparse``
compute the same numbers; the tests compare them, each in a process of its own.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, DTypeLike

from course_utils.runtime import default_threads
from course_utils.sparse import check_indices

__all__ = [
    "COMBINERS",
    "embedding_bag_inputs",
    "one_hot",
    "sparse_embedding_lookup",
]

COMBINERS = ("sum", "mean", "sqrtn")

# Multiplications below which starting another thread costs more than it saves (about 1 ms).
_WORK_PER_THREAD = 4_000_000

# Multiplications from which PyTorch's kernel is worth its call.
_WORK_FOR_TORCH = 1_000_000


def one_hot(indices: ArrayLike, num_classes: int, *, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Turn categories into dense vectors that hold a single 1.

    Introduced in *Embed categories as rows of a table*.

    `one_hot(indices, n) @ table` equals `table[indices]`, at n times the work;
    :func:`course_utils.sparse.index_to_indicator` is the sparse form.

    Parameters
    ----------
    indices : array_like of int, any shape
        Categories from 0 to num_classes - 1. A single integer gives a single vector.
    num_classes : int
        Length of each vector.
    dtype : numpy dtype
        Type of the ones and zeros.

    Returns
    -------
    ndarray, shape indices.shape + (num_classes,)
        1 at the position of the category, 0 elsewhere.

    Raises
    ------
    TypeError
        If `indices` or `num_classes` are not integers; booleans and floats such as 3.0 are none.
    ValueError
        If a category lies outside 0 … num_classes - 1, or `num_classes` is negative.

    Examples
    --------
    >>> one_hot(3, 5)
    array([0., 0., 0., 1., 0.], dtype=float32)
    >>> one_hot([1, -1], 3)
    Traceback (most recent call last):
    ...
    ValueError: indices must lie in 0 … 2, got -1 at position 1
    """
    indices = np.asarray(indices)
    flat = check_indices(indices.ravel(), num_classes)
    vectors = np.zeros((len(flat), num_classes), dtype)
    vectors[np.arange(len(flat)), flat] = 1
    return vectors.reshape(*indices.shape, num_classes)


def sparse_embedding_lookup(
    matrix: ArrayLike | sp.sparray | sp.spmatrix, table: ArrayLike, *, combiner: str = "sum"
) -> np.ndarray:
    r"""Add up the table rows that each row of a sparse matrix names, with its values as weights.

    Introduced in *Look up embeddings from a sparse matrix*.

    Row i of the result is :math:`\sum_j A_{ij} E_j`, so with the combiner "sum" it is the matrix
    product `A @ E`, and its gradient with respect to the table is `A.T @ G`. Time and memory grow
    with the nonzeros: no dense copy of `matrix` is made. Large products run on
    :func:`course_utils.runtime.default_threads` threads; where PyTorch is loaded, large float32
    products run on its kernel and threads, with other rounding in the last digit.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, ids)
        Weights: `matrix[i, j]` is the weight of table row j in result row i. Any format; entries
        given twice count as their sum, and stored zeros as nothing. It is not changed.
    table : array_like, shape (ids, dimension)
        One row per id.
    combiner : {"sum", "mean", "sqrtn"}
        What to divide the weighted sum by: nothing, the sum of the row's weights, or the root of
        the sum of their squares.

    Returns
    -------
    ndarray, shape (rows, dimension)
        An empty row gives zeros, and so does a row whose divisor is 0 (as in TensorFlow). float32
        if the table is float32 and the weights are float32 or integers, else float64.

    Raises
    ------
    TypeError
        If the ids of a sparse matrix are not integers, or values are not real numbers.
    ValueError
        If `table` does not have one row per column of `matrix`, one of the two is not 2-D, an id
        lies outside the table, a weight is NaN or infinite, or `combiner` is none of the three.

    See Also
    --------
    embedding_bag_inputs : The same matrix as arguments of `torch.nn.EmbeddingBag`.

    Notes
    -----
    The combiners are those of `tf.nn.embedding_lookup_sparse` [1]_, which cuts off empty rows at
    the end; here the result always has as many rows as `matrix`.

    References
    ----------
    .. [1] TensorFlow API, https://www.tensorflow.org/api_docs/python/tf/nn/embedding_lookup_sparse

    Examples
    --------
    >>> matrix = sp.csr_array([[1.5, 0, 0, 2.0], [0, 0, 0, 0]])
    >>> table = [[1, 10], [2, 20], [3, 30], [4, 40]]
    >>> sparse_embedding_lookup(matrix, table)
    array([[ 9.5, 95. ],
           [ 0. ,  0. ]])
    >>> sparse_embedding_lookup(matrix, table, combiner="mean").round(3)
    array([[ 2.714, 27.143],
           [ 0.   ,  0.   ]])
    """
    if combiner not in COMBINERS:
        raise ValueError(f"combiner must be one of {', '.join(COMBINERS)}, got {combiner!r}")
    weights = _checked_csr(matrix)
    table = _checked_table(table, weights.shape[1])
    dtype = np.result_type(weights.dtype, table.dtype)
    if weights.dtype.kind in "biu":  # counts must not turn a float32 table into float64
        dtype = table.dtype
    weights = weights.astype(dtype, copy=False)
    sums = _multiply(weights, table.astype(dtype, copy=False))
    if combiner == "sum":
        return sums
    divisor = _row_divisors(weights, combiner)[:, np.newaxis]
    return np.divide(sums, divisor, out=np.zeros_like(sums), where=divisor != 0)


def embedding_bag_inputs(
    matrix: ArrayLike | sp.sparray | sp.spmatrix,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Describe a sparse matrix by the three arrays that `torch.nn.EmbeddingBag` takes.

    Introduced in *Look up embeddings from a sparse matrix*.

    They are CSR's own arrays under other names, so for a CSR matrix of floats nothing is copied.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, ids)
        As for :func:`sparse_embedding_lookup`.

    Returns
    -------
    indices : ndarray of int32 or int64, shape (nonzeros,)
        Ids, row by row.
    offsets : ndarray of the same dtype, shape (rows,)
        Where each row starts in `indices`. An empty row starts where the next one does.
    weights : ndarray of float32 or float64, shape (nonzeros,)
        For `per_sample_weights`; integers become float32. May share memory with `matrix`.

    Raises
    ------
    TypeError
        If the ids of a sparse matrix are not integers, or values are not real numbers.
    ValueError
        If `matrix` is not 2-D, an id lies outside it, or a weight is NaN or infinite.

    Examples
    --------
    >>> embedding_bag_inputs([[1.5, 0, 0, 2.0], [0, 0, 0, 0], [0, 0, 3.5, 0]])
    (array([0, 3, 2], dtype=int32), array([0, 2, 2], dtype=int32), array([1.5, 2. , 3.5]))
    """
    csr = _checked_csr(matrix)
    if csr.dtype not in (np.float32, np.float64):
        csr = csr.astype(np.float32)
    return csr.indices[: csr.nnz], csr.indptr[:-1], csr.data[: csr.nnz]


def _checked_csr(matrix: Any) -> sp.csr_array:
    """CSR whose ids and weights can be trusted; may share memory with `matrix`."""
    if not sp.issparse(matrix):
        matrix = np.asarray(matrix)
    if matrix.ndim != 2:
        raise ValueError(f"matrix must be 2-D, got {matrix.ndim}-D with shape {matrix.shape}")
    if matrix.dtype.kind not in "biuf" or matrix.dtype == np.float16:
        raise TypeError(f"weights must be float32, float64 or integers, got {matrix.dtype}")
    if sp.issparse(matrix):
        _check_ids(matrix)
    csr = sp.csr_array(matrix)
    if csr.dtype.kind == "f" and not _all_finite(csr.data[: csr.nnz]):
        bad = int(np.argmin(np.isfinite(csr.data[: csr.nnz])))
        row = int(np.searchsorted(csr.indptr, bad, side="right")) - 1
        raise ValueError(
            f"weights must be finite, got {csr.data[bad]} in row {row}, id {csr.indices[bad]}"
        )
    return csr


def _all_finite(values: np.ndarray) -> bool:
    """Whether no value is NaN or infinite; one sum of squares says so unless it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(values, values))) or bool(np.isfinite(values).all())


def _check_ids(matrix: Any) -> None:
    """Refuse indices that compiled code would follow out of its arrays.

    SciPy does not look at the indices it is given, and a product with a bad one reads foreign
    memory. Formats without index arrays of their own (LIL, DOK, DIA) cannot hold a bad one.
    """
    if matrix.format == "coo":
        axes = [("row", matrix.coords[0], 0), ("id", matrix.coords[1], 1)]
    elif matrix.format == "csr":
        axes = [("id", matrix.indices[: matrix.nnz], 1)]
    elif matrix.format == "csc":
        axes = [("row", matrix.indices[: matrix.nnz], 0)]
    elif matrix.format == "bsr":
        matrix.check_format(full_check=True)
        return
    else:
        return
    for name, ids, axis in axes:
        if ids.dtype.kind not in "iu":
            raise TypeError(f"every {name} must be an integer, got {ids.dtype}: {ids[:8]}")
        # Read as unsigned, a negative id is a huge one: one pass finds both.
        if len(ids) and ids.view(f"u{ids.itemsize}").max() >= matrix.shape[axis]:
            position = int(np.argmax((ids < 0) | (ids >= matrix.shape[axis])))
            raise ValueError(
                f"every {name} must lie in 0 … {matrix.shape[axis] - 1}, "
                f"got {ids[position]} at position {position}"
            )


def _checked_table(table: ArrayLike, ids: int) -> np.ndarray:
    table = np.asarray(table)
    if table.ndim != 2 or table.shape[0] != ids:
        raise ValueError(
            f"table must have one row per column of the matrix, that is shape ({ids}, dimension), "
            f"got {table.shape}"
        )
    if table.dtype.kind not in "biuf" or table.dtype == np.float16:
        raise TypeError(f"table must be float32, float64 or integers, got {table.dtype}")
    return table if table.dtype.kind == "f" else table.astype(np.float64)


def _multiply(weights: sp.csr_array, table: np.ndarray) -> np.ndarray:
    """`weights @ table` by the fastest kernel that this process has.

    PyTorch sums float32 rows with vector instructions, several times as fast as SciPy. It is
    used where it is loaded already, and never loaded for this: it cannot share a process with
    TensorFlow.
    """
    work = weights.nnz * table.shape[1]
    torch = sys.modules.get("torch")
    if torch is not None and table.dtype == np.float32 and work >= _WORK_FOR_TORCH:
        return _multiply_by_torch(torch, weights, table)
    return _multiply_by_scipy(weights, table)


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


def _row_divisors(weights: sp.csr_array, combiner: str) -> np.ndarray:
    """Sum of each row's weights, or the root of the sum of their squares."""
    if combiner == "mean":
        return weights.sum(axis=1)
    if not weights.has_canonical_format:  # (a + b)² is not a² + b²
        weights = weights.copy()
        weights.sum_duplicates()
    squares = sp.csr_array((weights.data**2, weights.indices, weights.indptr), weights.shape)
    return np.sqrt(squares.sum(axis=1))
