"""Find similar items by their cosines, without ever holding all pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix
from course_utils.ranking import best_of, candidates, top_k
from course_utils.sparse import check_indices

Scorer = Callable[[np.ndarray], np.ndarray]
"""Maps positions of items, shape (m,), to scores of all items, shape (m, n); high is similar."""

# Cosines that agree to so many decimals count as equal: rounding must not decide between ties.
_DECIMALS = 12
_PAIR_CELLS = 2**17  # numbers gathered at once when pairs are scored again: 1 MB


class Neighbours(NamedTuple):
    """Neighbours and their scores, most similar first.

    Introduced in *Find similar films*.

    Attributes
    ----------
    indices : ndarray of int, shape (n, k) or (k,)
        Positions of the neighbours.
    scores : ndarray, same shape
        Descending along the last axis; equal scores stand in the order of their indices.
    """

    indices: np.ndarray
    scores: np.ndarray


def top_k_cosine(vectors: Matrix, k: int, *, block_rows: int = 128) -> Neighbours:
    """Find the k vectors with the largest cosine to each vector, exactly.

    Introduced in *Find similar films*.

    Only `block_rows` rows of the n × n matrix exist at a time: memory is O(n * k + block_rows * n).

    Parameters
    ----------
    vectors : array_like or scipy sparse array, shape (n, d)
        One vector per row; finite. A sparse one is never made dense.
    k : int
        Neighbours of each row, from 1 to n - 1.
    block_rows : int
        Rows scored at once. It changes time and memory, never the result.

    Returns
    -------
    Neighbours
        `(indices, scores)`, both of shape (n, k). A row is not its own neighbour, but its
        duplicates are. Cosines are compared at 12 decimals, and of equal ones the lower index
        comes first. A zero vector has cosine 0 with everything. Scores are float32 if `vectors`
        is float32, else float64.

    Raises
    ------
    TypeError
        If `k` or `block_rows` is not an integer.
    ValueError
        If `vectors` is not 2-D, not real, not finite or has fewer than two rows, or a number is
        out of range.

    Notes
    -----
    A dense block is scored by one matrix product in single precision, which is fast, but rounds
    the same pair differently at different places of a block. So the product only decides who
    *may* be among the k, with room for the largest error it can make (Higham 2002, section 3.1),
    and those few pairs are scored again in double precision by a sum whose order depends on
    nothing but d. With many equal vectors that second look is at many pairs, and slow.

    Examples
    --------
    >>> indices, scores = top_k_cosine([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [1.0, 1.0]], k=2)
    >>> indices
    array([[1, 3],
           [0, 3],
           [3, 0],
           [0, 1]])
    >>> scores[0].round(3)
    array([1.   , 0.707])
    """
    values = _checked_vectors(vectors)
    n = values.shape[0]
    if n < 2:
        raise ValueError(
            f"vectors must have at least two rows to compare, got shape {values.shape}"
        )
    k = _arguments.integer("k", k, 1, n - 1)
    block_rows = _arguments.integer("block_rows", block_rows, 1)
    dtype = np.float32 if values.dtype == np.float32 else np.float64
    values = _in_range(values)
    cosines = _SparseCosines(values) if _sparse_forms.is_sparse(values) else _DenseCosines(values)
    indices, scores = np.empty((n, k), dtype=np.intp), np.empty((n, k), dtype=dtype)
    for start in range(0, n, block_rows):
        stop = min(start + block_rows, n)
        block = cosines.block(start, stop)
        block[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        rows, columns = candidates(block, k, cosines.slack)
        exact = np.round(cosines.exact(block, start, rows, columns), _DECIMALS)
        exact += 0.0  # turns -0.0 into 0.0
        best = best_of(rows, columns, exact, k, stop - start)
        indices[start:stop], scores[start:stop] = columns[best], exact[best]
    return Neighbours(indices, scores)


class _DenseCosines:
    """Cosines of dense vectors: blocks of them nearly, in single precision, and pairs exactly.

    `slack` is twice the largest error that a cosine in a block can have.
    """

    def __init__(self, values: np.ndarray) -> None:
        n, d = values.shape
        self.values, self.norms = values, np.empty(n)
        self.units = np.empty((n, d), dtype=np.float32)
        self.slack = 2 * (d + 8) * 2.0**-24 + 2.0**-22
        self.step = max(1, _PAIR_CELLS // max(1, d))
        for start in range(0, n, self.step):
            rows = slice(start, start + self.step)
            part = values[rows].astype(np.float64)
            self.norms[rows] = _norms(part)
            self.units[rows] = part / self.norms[rows, None]

    def block(self, start: int, stop: int) -> np.ndarray:
        return self.units[start:stop] @ self.units.T

    def exact(
        self, block: np.ndarray, start: int, rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        exact = np.empty(len(rows))
        for first in range(0, len(rows), self.step):
            pair = slice(first, first + self.step)
            left, right = rows[pair] + start, columns[pair]
            products = self.values[left] / self.norms[left, None]
            products *= self.values[right] / self.norms[right, None]
            exact[pair] = products.sum(axis=1)
        return exact


class _SparseCosines:
    """Cosines of sparse vectors: a sparse product adds up every pair in the same order."""

    slack = 2 * 10.0**-_DECIMALS

    def __init__(self, values: sp.csr_array) -> None:
        self.units = _sparse_units(values.astype(np.float64))
        self.transposed = self.units.T.tocsr()

    def block(self, start: int, stop: int) -> np.ndarray:
        return (self.units[start:stop] @ self.transposed).toarray()

    def exact(
        self, block: np.ndarray, start: int, rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        return block[rows, columns]


def _norms(rows: np.ndarray) -> np.ndarray:
    """Lengths, 1 for a zero vector."""
    lengths = np.sqrt(np.sum(rows.astype(np.float64) ** 2, axis=1))
    return np.where(lengths == 0, 1.0, lengths)


def _sparse_units(rows: sp.csr_array) -> sp.csr_array:
    """Vectors of length 1; zero vectors stay as they are."""
    places = _sparse_forms.rows_of(rows)
    squares = rows.data.astype(np.float64) ** 2
    lengths = np.sqrt(np.bincount(places, squares, rows.shape[0]))
    data = (rows.data / lengths[places]).astype(rows.dtype) if squares.any() else rows.data
    return sp.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)


def _in_range(values: Any) -> Any:
    """Vectors whose squares neither overflow nor vanish; their directions stay as they are."""
    if _sparse_forms.is_sparse(values):
        largest = np.zeros(values.shape[0], dtype=values.dtype)
        np.maximum.at(largest, _sparse_forms.rows_of(values), np.abs(values.data))
    else:
        largest = np.maximum(values.max(axis=1, initial=0), -values.min(axis=1, initial=0))
    largest = np.where(largest == 0, 1.0, largest.astype(np.float64))
    if largest.max(initial=1) < 1e100 and largest.min(initial=1) > 1e-100:
        return values
    if not _sparse_forms.is_sparse(values):
        return values / largest[:, None]
    data = values.data / largest[_sparse_forms.rows_of(values)]
    return sp.csr_array((data, values.indices, values.indptr), shape=values.shape)


def cosine_scorer(
    vectors: Matrix,
    *,
    support: sp.sparray | sp.spmatrix | None = None,
    min_support: int = 3,
    shrink: float = 30.0,
) -> Scorer:
    """Make a function that scores all items by their cosine to given ones.

    Introduced in *Find similar films*.

    With `support`, the score of items i and j is

        cosine * (common + 1) / (common + 1 + shrink)

    where `common` is the number of users who rated both, and minus infinity, which means *no
    neighbour*, if fewer than `min_support` users rated j. A high cosine of two films that two
    people have seen is mostly luck; shrinking says how much is left of it.

    Parameters
    ----------
    vectors : array_like or scipy sparse array, shape (n, d)
        One vector per item.
    support : scipy sparse array, shape (n, users), optional
        Who rated what; only which entries are not 0 matters. Default: plain cosine.
    min_support : int
        Least number of ratings a neighbour has.
    shrink : float
        Common raters, less one, at which a cosine is halved; 0 leaves it alone.

    Returns
    -------
    callable
        Positions of items, shape (m,) -> float64 scores, shape (m, n). The score of an item with
        itself is not special. It refuses positions outside 0 … n - 1.

    Raises
    ------
    ValueError
        If the vectors are not 2-D and finite, the numbers of items differ, or `shrink` is
        negative.

    References
    ----------
    Y. Koren (2008). Factorization meets the neighborhood: a multifaceted collaborative filtering
    model. KDD, equation (2); here with 1 added to the count. doi:10.1145/1401890.1401944

    Examples
    --------
    >>> together = sp.csr_array([[1, 1, 1], [1, 1, 0], [0, 0, 1]])
    >>> scorer = cosine_scorer(np.ones((3, 2)), support=together, min_support=2, shrink=3)
    >>> scorer(np.array([0])).round(3)
    array([[0.571, 0.5  ,  -inf]])
    """
    return _scorer(_checked_vectors(vectors), support, min_support, shrink)


def _scorer(values: Any, support: Any, min_support: int, shrink: float) -> Scorer:
    """Make the scorer of vectors that are already checked."""
    n = values.shape[0]
    min_support = _arguments.integer("min_support", min_support, 0)
    shrink = _arguments.number("shrink", shrink, 0)
    values = _in_range(values)
    if _sparse_forms.is_sparse(values):
        units = _sparse_units(values)
        transposed = units.T.tocsr()
    else:
        units = values / _norms(values)[:, None]
        transposed = units.T

    def cosines(items: np.ndarray) -> np.ndarray:
        product = units[check_indices(items, n)] @ transposed
        if _sparse_forms.is_sparse(product):
            product = product.toarray()
        return product.astype(np.float64)

    if support is None:
        return cosines
    rated = _sparse_forms.canonical_csr("support", support, stored_zeros=False)
    if rated.shape[0] != n:
        raise ValueError(
            f"support must have a row for each of the {n} vectors, got shape {rated.shape}"
        )
    # Ones in single precision count exactly up to 16 million users.
    ones = np.ones(rated.nnz, dtype=np.float32)
    rated = sp.csr_array((ones, rated.indices, rated.indptr), shape=rated.shape)
    raters = rated.T.tocsr()
    left_out = np.diff(rated.indptr) < min_support

    def shrunk_cosines(items: np.ndarray) -> np.ndarray:
        items = check_indices(items, n)
        weights = (rated[items] @ raters).toarray().astype(np.float64) + 1
        weights /= weights + shrink
        weights *= cosines(items)
        weights[:, left_out] = -np.inf
        return weights

    return shrunk_cosines


def similar_items(
    query: int,
    vectors: Matrix,
    k: int,
    *,
    support: sp.sparray | sp.spmatrix | None = None,
    min_support: int = 3,
    shrink: float = 30.0,
) -> Neighbours:
    """Find the items most similar to one item, wary of items that hardly anybody has rated.

    Introduced in *Find similar films*.

    Scores are those of :func:`cosine_scorer`.

    Parameters
    ----------
    query : int
        Position of the item, from 0.
    vectors : array_like or scipy sparse array, shape (n, d)
        One vector per item.
    k : int
        Neighbours wanted, from 1 to n - 1. Fewer come back if fewer have enough support.
    support : scipy sparse array, shape (n, users), optional
        Who rated what. Default: plain cosine.
    min_support : int
        Least number of ratings a neighbour has; applies only with `support`.
    shrink : float
        Common raters, less one, at which a cosine is halved; applies only with `support`.

    Returns
    -------
    Neighbours
        `(indices, scores)`, both of shape (k,) or shorter; never the query itself.

    Raises
    ------
    TypeError
        If `query` or `k` is not an integer.
    ValueError
        If a number is out of range, or as for :func:`cosine_scorer`.

    Examples
    --------
    >>> vectors = [[1.0, 0.0], [1.0, 0.1], [1.0, 0.0]]
    >>> similar_items(0, vectors, k=2).indices
    array([2, 1])
    >>> together = sp.csr_array([[1, 1, 1], [1, 1, 1], [0, 0, 1]])
    >>> similar_items(0, vectors, k=2, support=together).indices
    array([1])
    """
    values = _checked_vectors(vectors)
    n = values.shape[0]
    if n < 2:
        raise ValueError(f"vectors must have at least two rows to compare, got {values.shape}")
    query = _arguments.integer("query", query, 0, n - 1)
    k = _arguments.integer("k", k, 1, n - 1)
    scorer = _scorer(values, support, min_support, shrink)
    scores = scorer(np.array([query]))
    scores[0, query] = -np.inf
    indices = top_k(scores, k)[0]
    indices = indices[scores[0, indices] > -np.inf]
    return Neighbours(indices, scores[0, indices])


def _checked_vectors(vectors: Matrix) -> Any:
    """Real numbers, float32 or float64, dense or CSR without stored zeros."""
    if _sparse_forms.is_sparse(vectors):
        return _sparse_forms.canonical_csr("vectors", vectors, stored_zeros=False)
    return np.ascontiguousarray(
        _arguments.dense("vectors", vectors, ndim=2, shape="(n, d)", empty=True, single=True)
    )
