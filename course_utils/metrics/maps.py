"""What codes and maps keep of the data: classes, neighbours, units that answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils.ranking import top_k


def dead_units(codes: ArrayLike) -> np.ndarray:
    """Tell which units of a code give the same answer to every row.

    Introduced in *Draw digits in two dimensions*.

    Such a unit tells nothing about its input. A rectified unit whose sum is never positive on the
    data is the usual case: it answers 0, passes no gradient back, and so stays as it is.

    Parameters
    ----------
    codes : array_like, shape (rows, units)
        Answers of a layer to at least two different inputs; better to many.

    Returns
    -------
    ndarray of bool, shape (units,)
        True where all rows hold exactly the same value.

    Raises
    ------
    ValueError
        If `codes` is not 2-D, has fewer than two rows, or holds a value that is not finite.

    References
    ----------
    L. Lu, Y. Shin, Y. Su, G. E. Karniadakis (2020). Dying ReLU and initialization: theory and
    numerical examples. Communications in Computational Physics 28(5). arXiv:1903.06733

    Examples
    --------
    >>> dead_units([[0.9, 0.0], [0.6, 0.0], [3.6, 0.0]])
    array([False,  True])
    """
    values = _arguments.dense("codes", codes, ndim=2, shape="(rows, units)", single=True)
    if len(values) < 2:
        raise ValueError(f"codes must have at least two rows to compare, got {len(values)}")
    return values.min(axis=0) == values.max(axis=0)


def knn_accuracy(
    codes: ArrayLike,
    labels: ArrayLike,
    test_codes: ArrayLike | None = None,
    test_labels: ArrayLike | None = None,
    k: int = 10,
) -> float:
    """Share of points whose label is that of the majority of their k nearest neighbours.

    Introduced in *Draw digits in two dimensions*.

    Distances are Euclidean; if two labels have equally many votes, the smaller label wins. Which
    of several points at exactly the distance of the k-th one votes is for scikit-learn to say.

    Parameters
    ----------
    codes : array_like, shape (rows, units)
        Points that vote.
    labels : array_like of int, shape (rows,)
        Their labels.
    test_codes : array_like, shape (test rows, units), optional
        Points to be judged. Default: `codes` themselves, each without a vote for itself
        (leave one out).
    test_labels : array_like of int, shape (test rows,), optional
        Their true labels; given together with `test_codes`.
    k : int
        Voters for each point, at most as many as there are.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If shapes do not fit, there is nothing to judge, a code is not finite, a label is no
        integer, only one of `test_codes` and `test_labels` is given, or `k` is out of range.

    References
    ----------
    T. Cover, P. Hart (1967). Nearest neighbor pattern classification. IEEE Transactions on
    Information Theory 13(1). doi:10.1109/TIT.1967.1053964

    Examples
    --------
    >>> line = [[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]]
    >>> knn_accuracy(line, [3, 3, 3, 7, 7, 7], [[1.5], [9.0], [5.0]], [3, 7, 7], k=3)
    0.6666666666666666
    >>> knn_accuracy(line, [3, 3, 3, 7, 7, 7], k=2)
    1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    points = _arguments.dense("codes", codes, ndim=2, shape="(rows, units)")
    truth = _labels("labels", labels, "codes", points)
    if (test_codes is None) != (test_labels is None):
        raise ValueError("give test_codes and test_labels together, or neither")
    k = _arguments.integer("k", k, 1, len(points) - (test_codes is None))
    centre, scale = _frame(points)
    classifier = KNeighborsClassifier(k).fit((points - centre) / scale, truth)
    if test_codes is None or test_labels is None:
        return float(classifier.score(None, truth))  # no point votes for itself
    queries = _arguments.dense("test_codes", test_codes, ndim=2, shape="(test rows, units)")
    if queries.shape[1] != points.shape[1]:
        raise ValueError(
            f"test_codes must have shape (test rows, {points.shape[1]}), got {queries.shape}"
        )
    wanted = _labels("test_labels", test_labels, "test_codes", queries)
    return float(classifier.score((queries - centre) / scale, wanted))


def trustworthiness(x: ArrayLike, codes: ArrayLike, k: int = 10) -> float:
    """How far neighbours on the map can be trusted to be neighbours in the data.

    Introduced in *Map digits with t-SNE*.

    A point among the k nearest of another one on the map, but only at rank r > k in the data, is an
    intruder and costs r - k. The sum of the costs is divided by the largest sum that n points can
    give, and taken from 1.

    Parameters
    ----------
    x : array_like, shape (n, features)
        The data.
    codes : array_like, shape (n, units)
        The same points on the map.
    k : int
        Neighbours that are looked at, below n / 2.

    Returns
    -------
    float
        1 if nobody intrudes, about 0.5 if the map has nothing to do with the data.

    Raises
    ------
    ValueError
        If the arrays are not 2-D with the same number of rows and finite values, or `k` is out
        of range.

    Notes
    -----
    Time grows with n² · (features + k), memory with n: ranks are counted block by block. Equal
    distances count in the order of the rows, so shuffle the rows if many points coincide.

    References
    ----------
    J. Venna, S. Kaski (2001). Neighborhood preservation in nonlinear projection methods: an
    experimental study. ICANN 2001, equation 1. doi:10.1007/3-540-44668-0_68

    Examples
    --------
    >>> line = [[0], [1], [3], [7]]
    >>> trustworthiness(line, [[10], [11], [13], [17]], k=1)
    1.0
    >>> trustworthiness(line, [[0], [1], [7], [3]], k=1)
    0.625
    """
    data = _arguments.dense("x", x, ndim=2, shape="(n, features)")
    places = _arguments.dense("codes", codes, ndim=2, shape="(n, units)")
    if len(data) != len(places):
        raise ValueError(
            f"x and codes must describe the same points, got {len(data)} and {len(places)} rows"
        )
    n = len(data)
    if n < 3:
        raise ValueError(f"x must have at least three rows, got {n}")
    k = _arguments.integer("k", k, 1, (n - 1) // 2)
    data, places = _centred(data), _centred(places)
    cost = 0
    for start in range(0, n, 256):
        rows = np.arange(start, min(start + 256, n))
        on_map, in_data = _distances(places, rows), _distances(data, rows)
        nearest = top_k(-on_map, k)
        for j in range(k):
            neighbour = nearest[:, j : j + 1]
            there = np.take_along_axis(in_data, neighbour, axis=1)
            earlier = (in_data == there) & (np.arange(n) < neighbour)
            ranks = 1 + np.sum((in_data < there) | earlier, axis=1)
            cost += int(np.maximum(ranks - k, 0).sum())
    return float(1 - 2 * cost / (n * k * (2 * n - 3 * k - 1)))


def continuity(x: ArrayLike, codes: ArrayLike, k: int = 10) -> float:
    """How far neighbours in the data are still neighbours on the map.

    Introduced in *Map digits with t-SNE*.

    The mirror image of :func:`trustworthiness`: a point among the k nearest of another one in the
    data that is only at rank r > k on the map costs r - k. Tearing a group apart lowers continuity,
    throwing groups on one another lowers trustworthiness.

    Parameters
    ----------
    x : array_like, shape (n, features)
        The data.
    codes : array_like, shape (n, units)
        The same points on the map.
    k : int
        Neighbours that are looked at, below n / 2.

    Returns
    -------
    float
        1 if nobody is lost, about 0.5 if the map has nothing to do with the data.

    Raises
    ------
    ValueError
        As for :func:`trustworthiness`.

    References
    ----------
    J. Venna, S. Kaski (2001). Neighborhood preservation in nonlinear projection methods: an
    experimental study. ICANN 2001, equation 2. doi:10.1007/3-540-44668-0_68

    Examples
    --------
    >>> continuity([[0], [1], [3], [7]], [[0], [1], [7], [3]], k=1)
    0.625
    """
    points = _arguments.dense("codes", codes, ndim=2, shape="(n, units)")
    return trustworthiness(points, _arguments.dense("x", x, ndim=2, shape="(n, features)"), k)


def _frame(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Where points lie and, as a power of two, how far apart: a shift must not cost digits.

    Products of matrices find distances from squares of coordinates, which cancel far from zero,
    and vanish or overflow if all are very small or very large.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    centre = low / 2 + high / 2
    reach = max(float((high / 2 - low / 2).max()), np.finfo(np.float64).tiny)
    return centre, float(np.ldexp(1.0, np.frexp(reach)[1] - 1))


def _centred(points: np.ndarray) -> np.ndarray:
    centre, scale = _frame(points)
    return (points - centre) / scale


def _labels(name: str, values: ArrayLike, of: str, points: np.ndarray) -> np.ndarray:
    labels = _arguments.integers(name, values)
    if len(labels) != len(points):
        raise ValueError(
            f"{name} must have one label for each of the {len(points)} rows of {of}, "
            f"got {len(labels)}"
        )
    return labels


def _distances(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Squared distances from some points to all; infinity to themselves, so they come last."""
    from scipy.spatial.distance import cdist

    if points.shape[1] <= 16:
        squares = cdist(points[rows], points, "sqeuclidean")
    else:  # a matrix product, much faster in many dimensions
        norms = np.einsum("ij,ij->i", points, points)
        squares = norms[rows, np.newaxis] + norms - 2 * points[rows] @ points.T
    squares[np.arange(len(rows)), rows] = np.inf
    return squares
