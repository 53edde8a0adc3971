"""How far values are from what they should be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def _same_shape(truth: ArrayLike, prediction: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 arrays; an average over broadcast shapes would be silently wrong."""
    left, right = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if left.shape != right.shape:
        raise ValueError(
            f"truth and prediction must have the same shape, got {left.shape} and {right.shape}"
        )
    if left.size == 0:
        raise ValueError(f"there is nothing to average over: both have shape {left.shape}")
    return left, right


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
    ValueError
        If the shapes differ, `where` is not boolean, or no cell counts.

    Examples
    --------
    >>> rmse([[3, 0]], [[1, 0]])
    1.4142135623730951
    >>> rmse([[3, 0]], [[1, 0]], where=[[True, False]])
    2.0
    """
    left, right = _same_shape(truth, prediction)
    squares = (left - right) ** 2
    if where is None:
        return float(np.sqrt(squares.mean()))
    counts = np.asarray(where)
    if counts.dtype != bool or counts.shape != squares.shape:
        raise ValueError(
            f"where must be boolean with shape {squares.shape}, "
            f"got {counts.dtype} with shape {counts.shape}"
        )
    if not counts.any():
        raise ValueError("where selects no cell, so there is nothing to average over")
    return float(np.sqrt(squares[counts].mean()))


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
    left, right = _same_shape(truth, prediction)
    for name, values in (("truth", left), ("prediction", right)):
        if not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"{name} must lie in [0, 1], got values from {values.min()} to {values.max()}"
            )
    clipped = np.clip(right, 1e-7, 1 - 1e-7)
    return float(-np.mean(left * np.log(clipped) + (1 - left) * np.log1p(-clipped)))


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
    values = np.asarray(x, dtype=np.float64)
    if values.size == 0:
        raise ValueError(f"x must not be empty, got shape {values.shape}")
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"x must lie in [0, 1], got values from {values.min()} to {values.max()}")
    from scipy.special import entr  # -x log x with the right value at 0

    return float(np.mean(entr(values) + entr(1 - values)))


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
    left, right = _same_shape(truth, image)
    if not (left.min() >= 0 and left.max() <= 1):
        raise ValueError(
            f"truth must lie in [0, 1], got values from {left.min()} to {left.max()}; "
            "divide bytes by 255"
        )
    mean_square = np.mean((left - right) ** 2)
    return float(-10 * np.log10(mean_square)) if mean_square else np.inf
