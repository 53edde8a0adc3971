"""How good drawings are: as many kinds as in the data, and none of them a copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments


def frechet_distance(x: ArrayLike, y: ArrayLike) -> float:
    r"""Fréchet distance of two sets of points that are taken as normal.

    Introduced in *Draw from a code*.

    With the means m and the covariances C of both sets,
    :math:`|m_x - m_y|^2 + \operatorname{tr}(C_x + C_y - 2 (C_x C_y)^{1/2})`. On the features of a
    network for photographs this is known as FID (Heusel and others, 2017). It sees nothing but
    means and covariances, and it cannot see copies.

    Parameters
    ----------
    x : array_like, shape (n, features)
        Points, at least two.
    y : array_like, shape (m, features)
        Other points, at least two.

    Returns
    -------
    float
        At least 0, in squared units of the features. It depends on n and m: always compare as many.

    Raises
    ------
    ValueError
        If an array is not 2-D or not finite, has fewer than two rows, or the widths differ.

    Notes
    -----
    Covariances divide by the number of points. With factors C = A Aᵀ the trace of the root is the
    sum of the singular values of :math:`A_x^T A_y`, which no rounding turns complex.

    References
    ----------
    D. C. Dowson, B. V. Landau (1982). The Fréchet distance between multivariate normal
    distributions. Journal of Multivariate Analysis 12. doi:10.1016/0047-259X(82)90077-X

    M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler, S. Hochreiter (2017). GANs trained by a two
    time-scale update rule converge to a local Nash equilibrium. NeurIPS. arXiv:1706.08500

    Examples
    --------
    >>> frechet_distance([[-1.0], [1.0]], [[1.0], [5.0]])
    10.0
    """
    first, second = _pair("x", x, "y", y, least=2)
    shift = np.square(
        first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    ).sum()
    one, two = _factor(first), _factor(second)
    together = np.linalg.svd(one.T @ two, compute_uv=False).sum()
    spread = np.square(one).sum() + np.square(two).sum() - 2 * together
    return float(shift + max(spread, 0.0))


def _factor(points: np.ndarray) -> np.ndarray:
    """Find a matrix A with A Aᵀ the covariance."""
    centred = points - points.mean(axis=0, dtype=np.float64)
    return np.asarray(np.linalg.qr(centred / np.sqrt(len(points)), mode="r")).T


def coverage(real: ArrayLike, drawn: ArrayLike, k: int = 5) -> float:
    """Share of real points with a drawn one at most as far as their k-th real neighbour.

    Introduced in *Draw from a code*.

    Parameters
    ----------
    real : array_like, shape (n, features)
        Real points.
    drawn : array_like, shape (m, features)
        Drawn points. More of them cover more, so always compare as many.
    k : int
        Which neighbour sets the radius, below n.

    Returns
    -------
    float
        From 0 to 1. Real points of another sample, as many, reach about 1 - 2**-k.

    Raises
    ------
    ValueError
        If an array is not 2-D or not finite, widths differ, or `k` is out of range.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo (2020). Reliable fidelity and diversity metrics
    for generative models. ICML. arXiv:2002.09797

    Examples
    --------
    >>> coverage([[0.0], [1.0], [5.0], [6.0]], [[0.4], [0.6]], k=1)
    0.5
    """
    from sklearn.neighbors import NearestNeighbors

    first, second = _pair("real", real, "drawn", drawn)
    k = _arguments.integer("k", k, 1, len(first) - 1)
    radius = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(first).kneighbors()[0][:, -1]
    return float(np.mean(nearest_distance(first, second) <= radius))


def nearest_distance(points: ArrayLike, known: ArrayLike) -> np.ndarray:
    """Euclidean distance from each point to the nearest known one: 0 for a copy.

    Introduced in *Draw from a code*.

    Parameters
    ----------
    points : array_like, shape (n, features)
        Such as drawings.
    known : array_like, shape (m, features)
        Such as training digits.

    Returns
    -------
    ndarray of float64, shape (n,)
        Smooth drawings lie nearer to everything, so compare with reconstructions.

    Raises
    ------
    ValueError
        If an array is not 2-D or not finite, or the widths differ.

    Examples
    --------
    >>> nearest_distance([[0.0, 0.0], [3.0, 1.0]], [[3.0, 1.0], [3.0, 4.0]])
    array([3.16227766, 0.        ])
    """
    first, second = _pair("points", points, "known", known)
    # Squares of coordinates far from zero would cancel.
    centre = second.mean(axis=0, dtype=np.float64).astype(second.dtype)
    first, second = first - centre, second - centre
    result = np.empty(len(first))
    squares = np.einsum("ij,ij->i", second, second) / 2
    for start in range(0, len(first), 256):
        some = first[start : start + 256]
        near = second[np.argmin(squares - some @ second.T, axis=1)]
        # Subtracted, not from squares that cancel: a copy is at 0.
        result[start : start + 256] = np.linalg.norm((some - near).astype(np.float64), axis=1)
    return result


def importance_bound(log_weights: ArrayLike) -> np.ndarray:
    """Logarithm of the mean of importance weights, for each row of data.

    Parameters
    ----------
    log_weights : array_like, shape (draws, rows)
        Logarithms of weights; minus infinity for a weight of 0 is refused.

    Returns
    -------
    ndarray of float64, shape (rows,)
        In the mean over draws at most log p, and at least the mean of the logarithms.

    Raises
    ------
    ValueError
        If the array is not 2-D, empty or not finite.

    References
    ----------
    Y. Burda, R. Grosse, R. Salakhutdinov (2016). Importance weighted autoencoders. ICLR.
    arXiv:1509.00519

    Examples
    --------
    >>> importance_bound([[np.log(0.2)], [np.log(0.8)]]).round(3)
    array([-0.693])
    """
    from scipy.special import logsumexp

    values = _arguments.dense("log_weights", log_weights, ndim=2, shape="(draws, rows)")
    return logsumexp(values, axis=0) - np.log(len(values))


def _pair(
    first_name: str, first: ArrayLike, second_name: str, second: ArrayLike, least: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of points of the same width, in one precision."""
    shape = "(points, features)"
    one = _arguments.dense(first_name, first, ndim=2, shape=shape, single=True)
    two = _arguments.dense(second_name, second, ndim=2, shape=shape, single=True)
    if one.shape[1] != two.shape[1]:
        raise ValueError(
            f"{second_name} must have {one.shape[1]} columns, as {first_name} has, got {two.shape}"
        )
    for name, points in ((first_name, one), (second_name, two)):
        if len(points) < least:
            raise ValueError(f"{name} must have at least {least} rows, got {len(points)}")
    dtype = np.promote_types(one.dtype, two.dtype)
    return one.astype(dtype, copy=False), two.astype(dtype, copy=False)
