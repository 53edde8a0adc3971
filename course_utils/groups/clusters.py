"""k-means, and what to ask of it: how many groups, and whether they come back.

All runs use one thread: on tables of some hundred rows threads cost more than they give, and one
of them adds up in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from course_utils import _arguments, _objects, _seeds
from course_utils.groups.null_models import matched_gaussian

_Seed = int | np.random.Generator
_LARGEST_STATE = 2**32 - 1  # that scikit-learn takes


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
    values = _arguments.dense("points", points, ndim=2, shape="(n, d)")
    k = _arguments.integer("k", k, 1, len(values))
    restarts = _arguments.integer("restarts", restarts, 1)
    with threadpool_limits(limits=1):
        return KMeans(k, n_init=restarts, random_state=_seeds.number_of(seed, _LARGEST_STATE)).fit(
            values
        )


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
    values = _arguments.dense("points", points, ndim=2, shape="(n, d)")
    numbers = [
        _arguments.integer("each of numbers", k, 1, len(values) - 1)
        for k in _objects.items("numbers", numbers, "numbers of groups")
    ]
    _objects.function("null", null, "null(points, rng)")
    draws = _arguments.integer("draws", draws, 2)  # one has no standard error
    rng, state = _arguments.random_generator(seed), _seeds.number_of(seed, _LARGEST_STATE)

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
    values = _arguments.integers("numbers", values)
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
    values = _arguments.dense("points", points, ndim=2, shape="(n, d)")
    k = _arguments.integer("k", k, 1, len(values))
    pairs = _arguments.integer("pairs", pairs, 1)
    rng, state = _arguments.random_generator(seed), _seeds.number_of(seed, _LARGEST_STATE)

    def grouping() -> np.ndarray:
        resample = rng.integers(len(values), size=len(values))
        with threadpool_limits(limits=1):
            return k_means(values[resample], k, seed=state).predict(values)

    return np.array([adjusted_rand_score(grouping(), grouping()) for _ in range(pairs)])
