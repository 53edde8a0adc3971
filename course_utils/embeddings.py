"""Rows of a table picked by category, or added up with the weights of a sparse matrix.

No framework is imported here. ``torch.nn.EmbeddingBag`` and ``tf.nn.embedding_lookup_sparse``
compute the same numbers; the tests compare them, each in a process of its own.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, DTypeLike

from course_utils import _arguments, _objects
from course_utils._kernels import KERNELS, multiply
from course_utils._sparse_forms import Matrix, canonical_csr, rows_of
from course_utils.sparse import check_indices

__all__ = ["COMBINERS", "embedding_bag_inputs", "one_hot", "sparse_embedding_lookup"]

COMBINERS = ("sum", "mean", "sqrtn")


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
    indices = _arguments.as_array("indices", indices)
    flat = check_indices(indices.ravel(), num_classes)
    vectors = np.zeros((len(flat), num_classes), _objects.dtype("dtype", dtype))
    vectors[np.arange(len(flat)), flat] = 1
    return vectors.reshape(*indices.shape, num_classes)


def sparse_embedding_lookup(
    matrix: Matrix, table: ArrayLike, *, combiner: str = "sum", kernel: str = "auto"
) -> np.ndarray:
    r"""Add up the table rows that each row of a sparse matrix names, with its values as weights.

    Introduced in *Look up embeddings from a sparse matrix*.

    Row i of the result is :math:`\sum_j A_{ij} E_j`, so with the combiner "sum" it is the matrix
    product `A @ E`, and its gradient with respect to the table is `A.T @ G`. Time and memory grow
    with the nonzeros: no dense copy of `matrix` is made. Large products run on
    :func:`course_utils.runtime.default_threads` threads.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, ids)
        Weights: `matrix[i, j]` is the weight of table row j in result row i. Any format; entries
        given twice count as their sum, and stored zeros as nothing. It is not changed.
    table : array_like, shape (ids, dimension)
        One row per id. NaN and infinity reach only the results whose ids have a weight.
    combiner : {"sum", "mean", "sqrtn"}
        What to divide the weighted sum by: nothing, the sum of the row's weights, or the root of
        the sum of their squares.
    kernel : {"auto", "scipy", "torch"}
        What multiplies. PyTorch is several times as fast in float32 and rounds otherwise in the
        last digit or two. "auto" takes it for float32 products of a million multiplications and
        more if it was loaded before the first such lookup of the process, and SciPy in all other
        cases; so the same call gives the same digits as long as the process lives. "torch" needs
        PyTorch to be loaded.

    Returns
    -------
    ndarray, shape (rows, dimension)
        An empty row gives zeros, and so does a row whose divisor is 0 (as in TensorFlow). For the
        mean, a sum of fractions that is only rounding counts as 0: one of n weights that is below
        16 n eps times the largest. float32 if the table is float32 and the weights are float32,
        half precision or integers, else float64.

    Raises
    ------
    TypeError
        If the ids of a sparse matrix are not integers, or values are not real numbers.
    ValueError
        If `table` does not have one row per column of `matrix`, one of the two is not 2-D or has
        masked cells, an id lies outside the table, a weight is NaN or infinite, an option is none
        of those listed, or PyTorch is asked for and not loaded.

    See Also
    --------
    embedding_bag_inputs : The same matrix as arguments of `torch.nn.EmbeddingBag`.

    Notes
    -----
    The combiners are those of `tf.nn.embedding_lookup_sparse` [1]_, which cuts off empty rows at
    the end; here the result always has as many rows as `matrix`. Divisors are computed in
    float64. The products of a row are added in the type of the result: in float32 a row of a
    million ids has some three or four right digits; take a float64 table for longer ones.

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
    combiner = _arguments.choice("combiner", combiner, COMBINERS)
    kernel = _arguments.choice("kernel", kernel, KERNELS)
    only_add = combiner == "sum"  # the product adds up duplicates, too, and a stored zero is 0
    weights = canonical_csr(
        "matrix",
        matrix,
        stored_zeros=only_add,
        finite=not only_add,
        keep_dtype=True,
        sum_duplicates=not only_add,
    )
    rows = _arguments.dense("table", table, empty=True, finite=False, single=True)
    if rows.ndim != 2 or rows.shape[0] != weights.shape[1]:
        raise ValueError(
            "table must have one row per column of the matrix, that is shape "
            f"({weights.shape[1]}, dimension), got {rows.shape}"
        )
    dtype = np.result_type(weights.dtype, rows.dtype)
    if weights.dtype.kind in "biu":  # counts must not turn a float32 table into float64
        dtype = rows.dtype
    rows = rows.astype(dtype, copy=False)
    if only_add:
        sums = multiply(weights.astype(dtype, copy=False), rows, kernel)
        # One look at the sums instead of two at the weights: they are finite only if all weights
        # are, and if no stored zero met an infinite number or NaN.
        if sums.size and _arguments.all_finite(sums):
            return sums
        weights = canonical_csr(
            "matrix", weights, stored_zeros=False, keep_dtype=True, sum_duplicates=False
        )
    else:
        given_type = getattr(matrix, "dtype", None)
        precision = np.dtype(np.float16) if given_type == np.float16 else weights.dtype
        weights = _divided(weights, combiner, precision)
    return multiply(weights.astype(dtype, copy=False), rows, kernel)


def embedding_bag_inputs(
    matrix: Matrix,
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
        For `per_sample_weights`; integers and half precision become float32. May share memory
        with `matrix`.

    Raises
    ------
    TypeError
        If the ids of a sparse matrix are not integers, or values are not real numbers.
    ValueError
        If `matrix` is not 2-D, an id lies outside it, or a weight is masked, NaN or infinite.

    Examples
    --------
    >>> embedding_bag_inputs([[1.5, 0, 0, 2.0], [0, 0, 0, 0], [0, 0, 3.5, 0]])
    (array([0, 3, 2], dtype=int32), array([0, 2, 2], dtype=int32), array([1.5, 2. , 3.5]))
    """
    csr = canonical_csr("matrix", matrix, stored_zeros=False, keep_dtype=True)
    if csr.dtype not in (np.float32, np.float64):
        csr = csr.astype(np.float32)
    return csr.indices, csr.indptr[:-1], csr.data


def _divided(weights: sp.csr_array, combiner: str, precision: np.dtype) -> sp.csr_array:
    """Weights over the divisor of their row, in float64; nothing where the divisor is 0.

    Divided before they are multiplied, weights far from 1 cannot leave the range of a float.
    """
    rows, count = rows_of(weights), weights.shape[0]
    sizes = np.abs(weights.data.astype(np.float64))
    largest = np.zeros(count)
    np.maximum.at(largest, rows, sizes)
    # In units of about the largest weight of its row; a power of two rounds nothing.
    exponents = np.frexp(largest)[1]
    values = np.ldexp(weights.data.astype(np.float64), -exponents[rows])
    if combiner == "sqrtn":
        divisors = np.sqrt(np.bincount(rows, values**2, count))
        counts = divisors != 0
    else:
        divisors = np.bincount(rows, values, count)
        counts = np.abs(divisors) > _rounding(values, rows, count, precision)
    keep = counts[rows]  # a stored 0 would make NaN of an infinite table row
    starts = np.concatenate([[0], np.cumsum(keep)])[weights.indptr]
    parts = values[keep] / divisors[rows[keep]], weights.indices[keep], starts
    return sp.csr_array(parts, shape=weights.shape)


def _rounding(values: np.ndarray, rows: np.ndarray, count: int, precision: np.dtype) -> np.ndarray:
    """Bound what rounding leaves of a row's sum when its weights, of up to about 1, cancel."""
    if precision.kind != "f":
        return np.zeros(count)
    eps = float(np.finfo(precision).eps)
    whole = np.bincount(rows, np.abs(values), count)
    return np.minimum(16 * eps * np.bincount(rows, minlength=count), np.sqrt(eps) * whole)
