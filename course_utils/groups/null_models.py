"""Prepare a table, and take away from it which rows go together, who said what, or its groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils._sparse_forms import Matrix, canonical_csr

_Seed = int | np.random.Generator


def centre_observed(ratings: Matrix) -> sp.csr_array:
    """Subtract from each rating the mean of its column, over the cells that hold a rating.

    Introduced in *Find groups in interactions*.

    Cells without a rating stay empty, so that filled with zeros they say "like the average" and not
    "zero stars".

    Parameters
    ----------
    ratings : array_like or scipy sparse array, shape (rows, cols)
        Ratings; a zero in a dense table, or a cell that is not stored in a sparse one, was not
        rated. A zero that *is* stored counts as a rating.

    Returns
    -------
    csr_array, shape (rows, cols)
        Centred ratings at the cells of `ratings`: float32 if `ratings` is, else float64. A rating
        that equals the mean of its column stays stored, as a zero.

    Raises
    ------
    ValueError
        If `ratings` is not 2-D or holds NaN or infinity.

    Examples
    --------
    >>> centre_observed([[5, 0], [3, 2], [0, 4]]).toarray()
    array([[ 1.,  0.],
           [-1., -1.],
           [ 0.,  1.]])
    """
    columns, dtype = _sparse_columns(ratings)
    counts = np.diff(columns.indptr)
    # Means of numbers far from 0: take one of them off first, and add up what is left.
    first = np.zeros(columns.shape[1])
    first[counts > 0] = columns.data[columns.indptr[:-1][counts > 0]]
    owner = np.repeat(np.arange(columns.shape[1]), counts)
    rest = columns.data - first[owner]
    means = np.bincount(owner, rest, columns.shape[1]) / np.maximum(counts, 1)
    centred = (rest - means[owner]).astype(dtype)
    return sp.csc_array((centred, columns.indices, columns.indptr), shape=columns.shape).tocsr()


def permute_columns(table: ArrayLike, rng: _Seed | None = None, *, seed: _Seed = 0) -> np.ndarray:
    """Shuffle every column of a table on its own: same columns, no relation between them.

    Introduced in *Find groups in interactions*.

    Parameters
    ----------
    table : array_like, shape (rows, cols)
        Any dense table.
    rng : numpy.random.Generator, optional
        The older name of `seed`, which it replaces.
    seed : int or numpy.random.Generator
        A number gives the same order at every call; a generator goes on drawing.

    Returns
    -------
    ndarray, shape (rows, cols)
        A new table of the same dtype; each column holds the same values in another order.

    Raises
    ------
    ValueError
        If `table` is not 2-D.

    Examples
    --------
    >>> shuffled = permute_columns([[1, 10], [2, 20], [3, 30]], np.random.default_rng(0))
    >>> np.sort(shuffled, axis=0)
    array([[ 1, 10],
           [ 2, 20],
           [ 3, 30]])
    """
    values = _arguments.as_array("table", table)
    if values.ndim != 2:
        raise ValueError(f"table must be 2-D, got shape {values.shape}")
    if values.dtype.kind == "c":  # NumPy would shuffle the real parts alone
        raise TypeError(f"table must hold real numbers, got {values.dtype}")
    return _generator(rng, seed).permuted(values, axis=0)


def shuffle_ratings(ratings: Matrix, rng: _Seed | None = None, *, seed: _Seed = 0) -> sp.csr_array:
    """Shuffle the ratings of each column among those who gave them; who rated what stays.

    Introduced in *Find groups in interactions*.

    A finer null model than :func:`permute_columns`: it keeps how many cells each row and each
    column fills, and which ones, and takes away only who said what.

    Parameters
    ----------
    ratings : array_like or scipy sparse array, shape (rows, cols)
        Ratings as for :func:`centre_observed`.
    rng : numpy.random.Generator, optional
        The older name of `seed`, which it replaces.
    seed : int or numpy.random.Generator
        A number gives the same order at every call; a generator goes on drawing.

    Returns
    -------
    csr_array, shape (rows, cols)
        The same cells are stored, and each column holds the same values, in another order:
        float32 if `ratings` is, else float64.

    Raises
    ------
    ValueError
        If `ratings` is not 2-D or holds NaN or infinity.

    Examples
    --------
    >>> table = [[5, 0], [3, 2], [1, 4]]
    >>> shuffled = shuffle_ratings(table, np.random.default_rng(0)).toarray()
    >>> np.sort(shuffled, axis=0)
    array([[1., 0.],
           [3., 2.],
           [5., 4.]])
    """
    columns, dtype = _sparse_columns(ratings)
    owner = np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
    # One sort for all columns: by column, and by chance inside of each.
    order = np.lexsort((_generator(rng, seed).random(columns.nnz), owner))
    return sp.csc_array(
        (columns.data[order].astype(dtype), columns.indices, columns.indptr), shape=columns.shape
    ).tocsr()


def matched_gaussian(points: ArrayLike, rng: _Seed | None = None, *, seed: _Seed = 0) -> np.ndarray:
    """Draw as many points from the one normal distribution with the same mean and covariance.

    Introduced in *Find groups in interactions*.

    Parameters
    ----------
    points : array_like, shape (n, d)
        The points to be matched.
    rng : numpy.random.Generator, optional
        The older name of `seed`, which it replaces.
    seed : int or numpy.random.Generator
        A number gives the same draws at every call; a generator goes on drawing.

    Returns
    -------
    ndarray of float64, shape (n, d)
        One cloud: as wide as `points` in every direction, but without groups.

    Raises
    ------
    ValueError
        If `points` is not 2-D, empty or not finite.

    Examples
    --------
    >>> matched_gaussian([[0.0, 5.0], [2.0, 5.0]], np.random.default_rng(0))[:, 1]
    array([5., 5.])
    """
    values = _arguments.dense("points", points, ndim=2, shape="(n, d)")
    mean = values.mean(axis=0)
    # A square root of the covariance from the singular values, which is never short of full rank.
    _, scales, directions = np.linalg.svd(values - mean, full_matrices=False)
    root = (scales / np.sqrt(len(values)))[:, None] * directions
    return mean + _generator(rng, seed).standard_normal((len(values), len(root))) @ root


def _sparse_columns(ratings: Matrix) -> tuple[sp.csc_array, np.dtype]:
    """Ratings as CSC in float64, without duplicates, and the dtype that results should have."""
    csr = canonical_csr("ratings", ratings)
    return csr.astype(np.float64).tocsc(), csr.dtype


def _generator(rng: Any, seed: Any) -> np.random.Generator:
    return _arguments.random_generator(seed) if rng is None else _arguments.random_generator(rng)
