"""Find similar items by their cosines, without ever holding all pairs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import ArrayLike

from course_utils.ranking import best_of, candidates, top_k

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


def top_k_cosine(
    vectors: ArrayLike | sp.sparray | sp.spmatrix, k: int, *, block_rows: int = 128
) -> Neighbours:
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
    k = _checked_integer("k", k, 1, n - 1)
    block_rows = _checked_integer("block_rows", block_rows, 1, None)
    dtype = np.float32 if values.dtype == np.float32 else np.float64
    score_block, slack, rescore = _sparse_scores(values) if _is_sparse(values) else _scores(values)
    indices, scores = np.empty((n, k), dtype=np.intp), np.empty((n, k), dtype=dtype)
    for start in range(0, n, block_rows):
        stop = min(start + block_rows, n)
        block = score_block(start, stop)
        block[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        rows, columns = candidates(block, k, slack)
        exact = rescore(block, start, rows, columns)
        best = best_of(rows, columns, exact, k, stop - start)
        indices[start:stop], scores[start:stop] = columns[best], exact[best]
    return Neighbours(indices, scores)


def _scores(values: np.ndarray) -> tuple[Callable[..., Any], float, Callable[..., Any]]:
    """Blocks of approximate cosines, twice their largest error, and the exact cosines of pairs."""
    n, d = values.shape
    norms = np.empty(n)
    units = np.empty((n, d), dtype=np.float32)
    step = max(1, _PAIR_CELLS // max(1, d))
    for start in range(0, n, step):
        part = values[start : start + step].astype(np.float64)
        norms[start : start + step] = _norms(part)
        units[start : start + step] = part / norms[start : start + step, None]

    def score_block(start: int, stop: int) -> np.ndarray:
        return units[start:stop] @ units.T

    def rescore(block: np.ndarray, start: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        exact = np.empty(len(rows))
        for first in range(0, len(rows), step):
            pair = slice(first, first + step)
            left, right = rows[pair] + start, columns[pair]
            products = values[left] / norms[left, None]
            products *= values[right] / norms[right, None]
            exact[pair] = products.sum(axis=1)
        return _rounded(exact)

    return score_block, 2 * (d + 8) * 2.0**-24 + 2.0**-22, rescore


def _sparse_scores(
    values: sp.csr_array,
) -> tuple[Callable[..., Any], float, Callable[..., Any]]:
    """Return what `_scores` does; a sparse product adds up every pair in the same order."""
    wide = values.astype(np.float64)
    units = sp.diags_array(1 / _sparse_norms(wide)).tocsr() @ wide
    units.sort_indices()
    transposed = units.T.tocsr()

    def score_block(start: int, stop: int) -> np.ndarray:
        return (units[start:stop] @ transposed).toarray()

    def rescore(block: np.ndarray, start: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return _rounded(block[rows, columns])

    return score_block, 2 * 10.0**-_DECIMALS, rescore


def _rounded(cosines: np.ndarray) -> np.ndarray:
    return np.round(cosines, _DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _norms(rows: np.ndarray) -> np.ndarray:
    """Lengths, 1 for a zero vector; scaled first so that no square overflows or vanishes."""
    largest = np.abs(rows).max(axis=1, initial=0.0)
    largest[largest == 0] = 1.0
    lengths = largest * np.sqrt(np.sum((rows / largest[:, None]) ** 2, axis=1))
    lengths[lengths == 0] = 1.0
    return lengths


def _sparse_norms(rows: sp.csr_array) -> np.ndarray:
    lengths = scipy.sparse.linalg.norm(rows, axis=1)
    return np.where(lengths == 0, 1.0, lengths)


def cosine_scorer(
    vectors: ArrayLike | sp.sparray | sp.spmatrix,
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
        itself is not special.

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
    values = _checked_vectors(vectors)
    n = values.shape[0]
    if not 0 <= shrink < np.inf:
        raise ValueError(f"shrink must be a finite number of at least 0, got {shrink!r}")
    if _is_sparse(values):
        units = sp.diags_array(1 / _sparse_norms(values.astype(np.float64))).tocsr() @ values
        transposed = units.T.tocsr()
    else:
        units = values / _norms(values)[:, None]
        transposed = units.T

    def cosines(items: np.ndarray) -> np.ndarray:
        product = units[items] @ transposed
        return product.toarray() if _is_sparse(product) else product.astype(np.float64)

    if support is None:
        return cosines
    rated = _csr(support)
    if rated.shape[0] != n:
        raise ValueError(
            f"support must have a row for each of the {n} vectors, got shape {rated.shape}"
        )
    # Ones in single precision count exactly up to 16 million users.
    rated = rated.astype(np.float32, copy=True)  # its indices are the caller's
    rated.data[:] = rated.data != 0
    rated.eliminate_zeros()
    raters = rated.T.tocsr()
    left_out = np.diff(rated.indptr) < min_support

    def shrunk_cosines(items: np.ndarray) -> np.ndarray:
        weights = (rated[items] @ raters).toarray().astype(np.float64) + 1
        weights /= weights + shrink
        weights *= cosines(items)
        weights[:, left_out] = -np.inf
        return weights

    return shrunk_cosines


def similar_items(
    query: int,
    vectors: ArrayLike | sp.sparray | sp.spmatrix,
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
    query = _checked_integer("query", query, 0, n - 1)
    k = _checked_integer("k", k, 1, n - 1)
    scorer = cosine_scorer(values, support=support, min_support=min_support, shrink=shrink)
    scores = scorer(np.array([query]))
    scores[0, query] = -np.inf
    indices = top_k(scores, k)[0]
    indices = indices[scores[0, indices] > -np.inf]
    return Neighbours(indices, scores[0, indices])


def _is_sparse(value: Any) -> bool:
    # SciPy's own issparse narrows the type to a base class without dtype and shape.
    return bool(sp.issparse(value))


def _csr(matrix: Any, dtype: Any = None) -> sp.csr_array:
    """Matrix as CSR without duplicates; the given one is never changed."""
    rows = sp.csr_array(matrix, dtype=dtype)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def _checked_vectors(vectors: ArrayLike | sp.sparray | sp.spmatrix) -> Any:
    """2-D finite real numbers: float32 or float64, dense or CSR without duplicates."""
    values: Any = vectors if _is_sparse(vectors) else np.asarray(vectors)
    if values.ndim != 2:
        raise ValueError(f"vectors must have two dimensions, got shape {values.shape}")
    if values.dtype.kind not in "fiub":
        raise ValueError(f"vectors must hold real numbers, got dtype {values.dtype}")
    dtype = np.float32 if values.dtype == np.float32 else np.float64
    if _is_sparse(values):
        values = _csr(values, dtype)
    else:
        values = np.ascontiguousarray(values, dtype=dtype)
    stored = values.data if _is_sparse(values) else values
    if not np.isfinite(stored).all():
        raise ValueError("vectors must hold finite numbers, got NaN or infinity")
    return values


def _checked_integer(name: str, number: Any, least: int, most: int | None) -> int:
    bound = f"from {least} to {most}" if most is not None else f"of at least {least}"
    try:
        value = operator.index(number)
    except TypeError:
        value = None
    if value is None or isinstance(number, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer {bound}, got {number!r}")
    if value < least or (most is not None and value > most):
        raise ValueError(f"{name} must be an integer {bound}, got {value}")
    return value
