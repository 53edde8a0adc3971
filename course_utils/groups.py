"""Look for groups in a table, and ask what the same search finds where there are none.

k-means returns k groups of anything, so every number here comes with a null model: the same
computation on a table from which one thing was taken away. All k-means runs use one thread: on
tables of some hundred rows threads cost more than they give, and one of them adds up in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from course_utils import _arguments
from course_utils._sparse_forms import Matrix, canonical_csr

__all__ = [
    "Gap",
    "bootstrap_agreement",
    "centre_observed",
    "choose_k",
    "gap_statistic",
    "k_means",
    "marchenko_pastur_density",
    "marchenko_pastur_edge",
    "matched_gaussian",
    "permute_columns",
    "shuffle_ratings",
]

_Seed = int | np.random.Generator

# --- preparing a table ---------------------------------------------------------------------------


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


# --- null models ---------------------------------------------------------------------------------


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
    values = _checked_points(points)
    mean = values.mean(axis=0)
    # A square root of the covariance from the singular values, which is never short of full rank.
    _, scales, directions = np.linalg.svd(values - mean, full_matrices=False)
    root = (scales / np.sqrt(len(values)))[:, None] * directions
    return mean + _generator(rng, seed).standard_normal((len(values), len(root))) @ root


# --- eigenvalues of noise ------------------------------------------------------------------------


def marchenko_pastur_edge(n: int, d: int, sigma: float = 1.0) -> tuple[float, float]:
    """Say between which values the eigenvalues of the covariance of pure noise lie.

    Introduced in *Find groups in interactions*.

    For n rows of d independent numbers with standard deviation sigma all true eigenvalues are
    sigma²; those of the sample spread out between ::

        sigma² (1 − √(d/n))²    and    sigma² (1 + √(d/n))²

    when both n and d are large; in a finite table the outermost may lie a little beyond. With d > n
    the lower one is for the n eigenvalues that are not 0.

    Parameters
    ----------
    n, d : int
        Rows and columns of the table, at least 1.
    sigma : float
        Standard deviation of a cell, from 1e-150 to 1e150.

    Returns
    -------
    lower, upper : float
        In the unit of `sigma` squared.

    Raises
    ------
    TypeError
        If `n` or `d` is not a whole number.
    ValueError
        If `n` or `d` is below 1, or `sigma` lies outside 1e-150 … 1e150.

    References
    ----------
    V. A. Marchenko and L. A. Pastur (1967). Distribution of eigenvalues for some sets of random
    matrices. Mathematics of the USSR-Sbornik 1(4), 457–483. doi:10.1070/SM1967v001n04ABEH001994

    Examples
    --------
    >>> marchenko_pastur_edge(400, 100, sigma=2.0)
    (1.0, 9.0)
    """
    ratio = _arguments.integer("d", d, 1) / _arguments.integer("n", n, 1)
    sigma = _arguments.number("sigma", sigma, above=0)
    if not 1e-150 <= sigma <= 1e150:
        raise ValueError(f"sigma must be between 1e-150 and 1e150, got {sigma}; change the unit")
    return float(sigma**2 * (1 - np.sqrt(ratio)) ** 2), float(sigma**2 * (1 + np.sqrt(ratio)) ** 2)


def marchenko_pastur_density(values: ArrayLike, n: int, d: int, sigma: float = 1.0) -> np.ndarray:
    """Share of the eigenvalues of noise per unit of eigenvalue, between the two edges.

    Introduced in *Find groups in interactions*.

    Parameters
    ----------
    values : array_like, shape (m,)
        Where to evaluate the density, in the unit of `sigma` squared.
    n, d, sigma
        As in :func:`marchenko_pastur_edge`.

    Returns
    -------
    ndarray of float64, shape (m,)
        ``√((upper − x)(x − lower)) / (2π sigma² x d/n)``, and 0 outside of the edges. It
        integrates to 1, or to n/d if d > n: the other eigenvalues are 0.

    Raises
    ------
    TypeError, ValueError
        As :func:`marchenko_pastur_edge`.

    Examples
    --------
    >>> marchenko_pastur_density([0.5, 4.0, 9.5], 400, 100, sigma=2.0).round(3)
    array([0.   , 0.154, 0.   ])
    """
    lower, upper = marchenko_pastur_edge(n, d, sigma)
    x = _arguments.dense("values", values, empty=True, finite=False)
    inside = (x > lower) & (x < upper)
    safe = np.where(inside, x, 1.0)
    height = np.sqrt(np.maximum((upper - safe) * (safe - lower), 0.0))
    return np.where(inside, height / (2 * np.pi * sigma**2 * d / n * safe), 0.0)


# --- k-means, and what to ask of it --------------------------------------------------------------


def k_means(points: ArrayLike, k: int, *, restarts: int = 10, seed: _Seed = 0) -> KMeans:
    """Run scikit-learn's k-means on one thread, from several starts, and keep the best result.

    Introduced in *Find groups in interactions*.

    Parameters
    ----------
    points : array_like, shape (n, d)
        One point per row.
    k : int
        Number of groups, from 1 to n.
    restarts : int
        Number of random starts (k-means++); the result with the smallest inertia is kept.
    seed : int or numpy.random.Generator
        Of the starts.

    Returns
    -------
    sklearn.cluster.KMeans
        Fitted: ``labels_`` (n,), ``cluster_centers_`` (k, d), ``inertia_`` (the sum of squared
        distances to the own centre) and ``predict``.

    Raises
    ------
    TypeError
        If `k` or `restarts` is not a whole number.
    ValueError
        If `points` is not 2-D, empty or not finite, or a number is out of range.

    References
    ----------
    D. Arthur and S. Vassilvitskii (2007). k-means++: the advantages of careful seeding. SODA.

    Examples
    --------
    >>> k_means([[0.0], [1.0], [9.0], [10.0]], 2).inertia_
    1.0
    """
    values = _checked_points(points)
    k = _arguments.integer("k", k, 1, len(values))
    restarts = _arguments.integer("restarts", restarts, 1)
    with threadpool_limits(limits=1):
        return KMeans(k, n_init=restarts, random_state=_state(seed)).fit(values)


class Gap(NamedTuple):
    """What :func:`gap_statistic` finds for each number of groups.

    Introduced in *Find groups in interactions*.

    Attributes
    ----------
    gap : ndarray, shape (numbers,)
        Mean logarithm of the inertia of the null model less that of the points.
    error : ndarray, shape (numbers,)
        Standard error of `gap` from the draws of the null model.
    """

    gap: np.ndarray
    error: np.ndarray


def gap_statistic(
    points: ArrayLike,
    numbers: Iterable[int],
    *,
    null: Callable[[ArrayLike, np.random.Generator], np.ndarray] = matched_gaussian,
    draws: int = 20,
    seed: _Seed = 0,
) -> Gap:
    """Compare how fast the inertia falls with k: in the points, and in a null model of them.

    Introduced in *Find groups in interactions*.

    The paper draws its null evenly from a box around the points; the default here is one Gaussian
    cloud, so that a long cloud is not taken for two groups. A gap above that of one group says that
    the points are not like the null, which need not be groups.

    Parameters
    ----------
    points : array_like, shape (n, d)
        One point per row.
    numbers : iterable of int
        The values of k, each below n and below the number of different points.
    null : callable
        ``null(points, rng)`` returns one draw of the null model, an array of shape (n, d).
    draws : int
        How many draws, at least 2.
    seed : int or numpy.random.Generator
        Of the draws and the starts of k-means.

    Returns
    -------
    Gap
        ``(gap, error)``, one number each per k. The error is sd · √(1 + 1/draws).

    Raises
    ------
    TypeError
        If a count is not a whole number.
    ValueError
        If `points` is not 2-D, empty or not finite, a number is out of range, or an inertia is 0,
        as it has no logarithm.

    References
    ----------
    R. Tibshirani, G. Walther and T. Hastie (2001). Estimating the number of clusters in a data set
    via the gap statistic. JRSS B 63(2), 411–423. doi:10.1111/1467-9868.00293

    Examples
    --------
    >>> points = np.concatenate([np.arange(10.0), 100 + np.arange(10.0)])[:, None]
    >>> gap_statistic(points, [1, 2]).gap.round(1)
    array([-0.1,  4.4])
    """
    values = _checked_points(points)
    numbers = [_arguments.integer("each number of groups", k, 1, len(values) - 1) for k in numbers]
    draws = _arguments.integer("draws", draws, 2)  # one has no standard error
    rng, state = _arguments.random_generator(seed), _state(seed)

    def log_inertias(table: ArrayLike) -> list[float]:
        inertias = [float(k_means(table, k, seed=state).inertia_) for k in numbers]
        if not all(inertias):
            raise ValueError("an inertia of 0 has no logarithm: fewer different points than groups")
        return np.log(inertias).tolist()

    found = np.array(log_inertias(values))
    reference = np.array([log_inertias(null(values, rng)) for _ in range(draws)])
    error = reference.std(axis=0) * np.sqrt(1 + 1 / draws)
    return Gap(reference.mean(axis=0) - found, error)


def choose_k(numbers: ArrayLike, gap: ArrayLike, error: ArrayLike) -> int:
    """Choose the smallest k whose gap is not clearly beaten by that of the next one.

    Introduced in *Find groups in interactions*.

    Parameters
    ----------
    numbers : array_like of int, shape (m,)
        Ascending numbers of groups.
    gap, error : array_like, shape (m,)
        As in :class:`Gap`.

    Returns
    -------
    int
        The first k with ``gap(k) ≥ gap(next k) − error(next k)``; the last one if there is none.

    Raises
    ------
    ValueError
        If the three are empty or differ in shape.

    References
    ----------
    R. Tibshirani, G. Walther and T. Hastie (2001), as in :func:`gap_statistic`.

    Examples
    --------
    >>> choose_k([1, 2, 3], gap=[0.0, 0.9, 0.95], error=[0.1, 0.1, 0.1])
    2
    """
    values = _arguments.as_array("numbers", numbers)
    gaps = _arguments.dense("gap", gap, empty=True)
    errors = _arguments.dense("error", error, empty=True)
    if values.ndim != 1 or values.size == 0 or not values.shape == gaps.shape == errors.shape:
        raise ValueError(
            "numbers, gap and error must have the same length of at least 1, got shapes "
            f"{values.shape}, {gaps.shape} and {errors.shape}"
        )
    enough = np.append(gaps[:-1] >= gaps[1:] - errors[1:], True)
    return int(values[np.argmax(enough)])


def bootstrap_agreement(
    points: ArrayLike, k: int, *, pairs: int = 20, seed: _Seed = 0
) -> np.ndarray:
    """Group the points twice, each time learnt from another resample, and compare the groups.

    Introduced in *Find groups in interactions*.

    A resample is as many points as there are, drawn with replacement.

    Parameters
    ----------
    points : array_like, shape (n, d)
        One point per row.
    k : int
        Number of groups, from 1 to n.
    pairs : int
        Number of comparisons.
    seed : int or numpy.random.Generator
        Of the resamples and the starts of k-means.

    Returns
    -------
    ndarray of float64, shape (pairs,)
        Adjusted Rand index of the two groupings of all points: 1 if they are the same, about 0 if
        they agree by chance only. High agreement means that the result can be repeated, not that
        there are groups.

    Raises
    ------
    TypeError
        If `k` or `pairs` is not a whole number.
    ValueError
        If `points` is not 2-D, empty or not finite, or a number is out of range.

    References
    ----------
    S. Dolnicar, F. Leisch (2010). Evaluation of structure and reproducibility of cluster solutions
    using the bootstrap. Marketing Letters 21, 83–101. doi:10.1007/s11002-009-9083-4

    C. Hennig (2007). Cluster-wise assessment of cluster stability. Computational Statistics & Data
    Analysis 52(1), 258–271. doi:10.1016/j.csda.2006.11.025

    Examples
    --------
    >>> points = np.concatenate([np.arange(10.0), 100 + np.arange(10.0)])[:, None]
    >>> bootstrap_agreement(points, 2, pairs=3)
    array([1., 1., 1.])
    """
    values = _checked_points(points)
    k = _arguments.integer("k", k, 1, len(values))
    pairs = _arguments.integer("pairs", pairs, 1)
    rng, state = _arguments.random_generator(seed), _state(seed)

    def grouping() -> np.ndarray:
        resample = rng.integers(len(values), size=len(values))
        with threadpool_limits(limits=1):
            return k_means(values[resample], k, seed=state).predict(values)

    return np.array([adjusted_rand_score(grouping(), grouping()) for _ in range(pairs)])


# --- checks of arguments -------------------------------------------------------------------------


def _sparse_columns(ratings: Matrix) -> tuple[sp.csc_array, np.dtype]:
    """Ratings as CSC in float64, without duplicates, and the dtype that results should have."""
    csr = canonical_csr("ratings", ratings)
    return csr.astype(np.float64).tocsc(), csr.dtype


def _checked_points(points: ArrayLike) -> np.ndarray:
    return _arguments.dense("points", points, ndim=2, shape="(n, d)")


def _generator(rng: Any, seed: Any) -> np.random.Generator:
    return _arguments.random_generator(seed) if rng is None else _arguments.random_generator(rng)


def _state(seed: Any) -> int:
    """Turn a seed into the number that scikit-learn takes; a generator draws it."""
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**31))
    return _arguments.integer("seed", seed, 0, 2**32 - 1)
