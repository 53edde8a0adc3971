"""Where the eigenvalues of noise end."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments


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
