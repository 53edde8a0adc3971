"""How far values are from what they should be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments

_BLOCK = 2**20  # cells that are in memory in double precision at once: 8 MB an array


def _pair(truth: ArrayLike, other: str, values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays, finite and of one shape: an average over broadcast ones would be wrong."""
    left = _arguments.dense("truth", truth, single=True)
    right = _arguments.dense(other, values, single=True)
    _arguments.same_shape("truth", left, other, right)
    return left, right


def _mean(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> float:
    """Mean of a function of corresponding cells, in double precision and never all at once."""
    flat = [array.reshape(-1) for array in arrays]
    total = 0.0
    for start in range(0, flat[0].size, _BLOCK):
        parts = [array[start : start + _BLOCK].astype(np.float64) for array in flat]
        total += function(*parts).sum()
    return float(total / flat[0].size)


def _mean_square(left: np.ndarray, right: np.ndarray) -> float:
    return _mean(lambda x, y: (x - y) ** 2, left, right)


def rmse(truth: ArrayLike, prediction: ArrayLike, where: ArrayLike | None = None) -> float:
    """Root of the mean squared error, over all cells or over chosen ones.

    Introduced in *Compare SVD with an autoencoder*.

    Parameters
    ----------
    truth, prediction : array_like, same shape
        In the same unit; the result has it too.
    where : array_like of bool, same shape, optional
        Cells that count. Default: all.

    Returns
    -------
    float
        sqrt(mean((truth - prediction)²)).

    Raises
    ------
    TypeError
        If an array is sparse or holds no real numbers, or `where` is not boolean.
    ValueError
        If the shapes differ, no cell counts, or one that counts is masked or not finite.

    Examples
    --------
    >>> rmse([[3, 0]], [[1, 0]])
    1.4142135623730951
    >>> rmse([[3, 0]], [[1, 0]], where=[[True, False]])
    2.0
    """
    if where is None:
        left, right = _pair(truth, "prediction", prediction)
    else:
        left = _arguments.dense("truth", truth, finite=False, single=True)
        right = _arguments.dense("prediction", prediction, finite=False, single=True)
        _arguments.same_shape("truth", left, "prediction", right)
        chosen = _arguments.truths("where", where, left.shape)
        if not chosen.any():
            raise ValueError("where must select at least one cell, got none")
        for name, values in (("truth", left), ("prediction", right)):
            _arguments.check_finite(name, np.where(chosen, values, 0))  # others may be missing
        left, right = left[chosen], right[chosen]
    with np.errstate(over="ignore"):
        mean_square = _mean_square(left, right)
    if 1e-280 < mean_square < np.inf:
        return float(np.sqrt(mean_square))
    # Squares of very large or very small errors leave the range of double precision.
    errors = np.abs(left.astype(np.float64) - right)
    scale = errors.max() or 1.0
    return float(scale * np.sqrt(np.mean((errors / scale) ** 2)))


def binary_cross_entropy(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean binary cross-entropy of grey values, in nats per pixel.

    Introduced in *Autoencode digits*.

    Parameters
    ----------
    truth : array_like
        Grey values in [0, 1].
    prediction : array_like, same shape
        Values in [0, 1]; clipped to [1e-7, 1 - 1e-7] as Keras does, so that the result is finite.

    Returns
    -------
    float
        -mean(x log p + (1 - x) log(1 - p)).

    Raises
    ------
    ValueError
        If the shapes differ, are empty, or a value lies outside [0, 1].

    Examples
    --------
    >>> round(binary_cross_entropy([1.0, 0.0], [0.5, 0.5]), 6)
    0.693147
    """
    left, right = _pair(truth, "prediction", prediction)
    _arguments.in_unit_interval("truth", left)
    _arguments.in_unit_interval("prediction", right)

    def loss(x: np.ndarray, p: np.ndarray) -> np.ndarray:
        p = np.clip(p, 1e-7, 1 - 1e-7)
        return x * np.log(p) + (1 - x) * np.log1p(-p)

    return -_mean(loss, left, right)


def bce_floor(x: ArrayLike) -> float:
    """Binary cross-entropy of a perfect reconstruction: the entropy of the grey values.

    Introduced in *Autoencode digits*.

    A grey pixel of value x costs H(x) even if it is predicted exactly, so no model reaches 0 on
    data that is not black and white.

    Parameters
    ----------
    x : array_like
        Grey values in [0, 1].

    Returns
    -------
    float
        Mean of -x log x - (1 - x) log(1 - x), in nats per pixel, with 0 log 0 = 0.

    Raises
    ------
    ValueError
        If `x` is empty or a value lies outside [0, 1].

    Examples
    --------
    >>> round(bce_floor([0.0, 1.0, 0.5]), 6)
    0.231049
    """
    from scipy.special import entr  # -x log x with the right value at 0

    values = _arguments.dense("x", x, single=True)
    _arguments.in_unit_interval("x", values)
    return _mean(lambda x: entr(x) + entr(1 - x), values)


def psnr(truth: ArrayLike, image: ArrayLike) -> float:
    """Peak signal-to-noise ratio of grey values, in decibels.

    Introduced in *Remove noise from digits*.

    Ten decibels more are a tenth of the squared error. The mean is taken over all pixels of all
    images before the logarithm, not image by image.

    Parameters
    ----------
    truth : array_like
        Clean grey values in [0, 1], so that the peak is 1.
    image : array_like, same shape
        What is compared with it; values outside [0, 1] are taken as they are.

    Returns
    -------
    float
        10 log10(1 / mean((truth - image)²)); infinity if both are equal.

    Raises
    ------
    ValueError
        If the shapes differ, are empty, or a value of `truth` lies outside [0, 1].

    References
    ----------
    A. Horé, D. Ziou (2010). Image quality metrics: PSNR vs. SSIM. ICPR 2010, equation 1.
    doi:10.1109/ICPR.2010.579

    Examples
    --------
    >>> round(psnr([0.0, 1.0], [0.1, 0.9]), 6)
    20.0
    """
    left, right = _pair(truth, "image", image)
    _arguments.in_unit_interval("truth", left)
    mean_square = _mean_square(left, right)
    return float(-10 * np.log10(mean_square)) if mean_square else np.inf
