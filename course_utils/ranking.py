"""The k largest numbers of each row: exact, fast, and of equal ones the first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments

__all__ = [
    "best_of",
    "candidates",
    "rankable",
    "top_k",
]

_GROUP = 32  # scores of which only the largest is looked at while a bound is sought


def top_k(scores: ArrayLike, k: int) -> np.ndarray:
    """Find the positions of the k largest scores of each row, largest first.

    Introduced in *Examine the exam*.

    Parameters
    ----------
    scores : array_like, shape (rows, columns)
        Minus infinity is allowed, NaN is not.
    k : int
        From 1 to the number of columns.

    Returns
    -------
    ndarray of int, shape (rows, k)
        Of equal scores the lower position comes first, as in a stable sort of the whole row.

    Raises
    ------
    TypeError
        If `scores` is sparse or holds no real numbers, or `k` is no integer.
    ValueError
        If `scores` is not 2-D, masked or NaN, or `k` is out of range.

    Examples
    --------
    >>> top_k([[0.1, 0.9, 0.5, 0.9]], 3)
    array([[1, 3, 2]])
    """
    values = rankable("scores", scores)
    k = _arguments.integer("k", k, 1, values.shape[1])
    rows, columns = candidates(values, k)
    return columns[best_of(rows, columns, values[rows, columns], k, len(values))]


def rankable(name: str, scores: ArrayLike) -> np.ndarray:
    """Return a table of scores that can be compared; integers stay as exact as they are.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    scores : array_like, shape (rows, columns)
        Of any real type. Infinity is allowed, NaN is not.

    Returns
    -------
    ndarray of integer, float32 or float64
        May share memory with `scores`.

    Raises
    ------
    TypeError
        If `scores` is sparse or holds anything but real numbers.
    ValueError
        If it is not 2-D, or a score is masked or NaN.

    Examples
    --------
    >>> rankable("scores", [[2**63, 2**63 + 1]]).dtype
    dtype('uint64')
    """
    values = _arguments.as_array(name, scores)
    if values.dtype.kind not in "iu":
        values = _arguments.dense(name, values, finite=False, single=True, empty=True)
    if values.ndim != 2:
        raise ValueError(f"{name} must be 2-D with shape (rows, columns), got {values.shape}")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{name} must not be NaN: a score that cannot be compared has no rank")
    return values


def candidates(
    scores: np.ndarray, k: int, slack: float | np.ndarray = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow each row down to the few scores that may be among its k largest.

    The k-th largest of the maxima of disjoint groups is no larger than the k-th largest score, so
    whatever lies below it is out. Groups are taken across the row: the maximum of long runs is
    found for many groups at once, faster than the row is partitioned as long as k is small.

    Parameters
    ----------
    scores : ndarray of real numbers, shape (rows, columns)
        Without NaN.
    k : int
        From 1 to the number of columns.
    slack : float or ndarray, shape (rows,)
        Scores that may be wrong by half of this are kept if the right ones could be among the k.

    Returns
    -------
    rows, columns : ndarray of int, shape (m,)
        Places of all candidates, at least k in each row, sorted by row and column.

    Examples
    --------
    >>> candidates(np.array([[0.1, 0.9, 0.5, 0.9]]), 2)
    (array([0, 0]), array([1, 3]))
    """
    n = scores.shape[1]
    size = max(1, min(_GROUP, n // (4 * k)))
    groups = n // size
    maxima = scores[:, : size * groups].reshape(len(scores), size, groups).max(axis=1)
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    if np.any(slack):  # integers have none, and stay integers
        bound = bound - slack
    # A bound in double precision would have every score converted before it is compared.
    places = np.flatnonzero(scores >= bound.astype(scores.dtype)[:, None])
    rows, columns = np.divmod(places, n)
    return rows, columns


def best_of(
    rows: np.ndarray, columns: np.ndarray, scores: np.ndarray, k: int, n_rows: int
) -> np.ndarray:
    """Pick the k best candidates of each row.

    Parameters
    ----------
    rows, columns : ndarray of int, shape (m,)
        As :func:`candidates` returns them.
    scores : ndarray of real numbers, shape (m,)
        Score of each candidate.
    k : int
        Wanted in each row.
    n_rows : int
        Number of rows.

    Returns
    -------
    ndarray of int, shape (n_rows, k)
        Positions in the three arrays, best first; of equal scores the lower column.

    Examples
    --------
    >>> best_of(np.array([0, 0]), np.array([1, 3]), np.array([0.5, 0.6]), 1, 1)
    array([[1]])
    """
    # Negated bit by bit, every integer has its place in the opposite order; -128 has no negative.
    descending = -scores if scores.dtype.kind == "f" else ~scores
    # The sort is stable: columns that ascend, as those of `candidates` do, need no key.
    ascend = np.all((np.diff(rows) > 0) | (np.diff(columns) > 0))
    order = np.lexsort((descending, rows) if ascend else (columns, descending, rows))
    starts = np.searchsorted(rows, np.arange(n_rows))  # sorting moved candidates within rows only
    return order[starts[:, None] + np.arange(k)]
