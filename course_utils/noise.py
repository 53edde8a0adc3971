"""Ways to corrupt data on purpose, so that a model can learn to undo it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def gaussian_noise(
    images: ArrayLike, sigma: float, *, seed: int | np.random.Generator = 0
) -> np.ndarray:
    """Add Gaussian noise to grey values and cut the result to [0, 1].

    Introduced in notebook 08. The cut keeps the result a picture, but it moves the mean: half
    of the noise on a black pixel is cut off, and what is left makes the pixel brighter by
    sigma / sqrt(2 pi) on average (a little less where white cuts too).

    Parameters
    ----------
    images : array_like
        Grey values in [0, 1], any shape.
    sigma : float
        Standard deviation of the noise before the cut, in the unit of the grey values.
    seed : int or numpy.random.Generator
        A number gives the same noise at every call; a generator goes on drawing, so that each
        call with it gives fresh noise.

    Returns
    -------
    ndarray, same shape as `images`
        New array in [0, 1], of the float type of `images` (integers become float64).

    Raises
    ------
    ValueError
        If a grey value lies outside [0, 1], or `sigma` is negative or not finite.

    Examples
    --------
    >>> gaussian_noise([0.0, 0.5, 1.0], 0.1, seed=0).round(3)
    array([0.013, 0.487, 1.   ])
    >>> fresh = np.random.default_rng(0)
    >>> bool((gaussian_noise([0.5], 0.1, seed=fresh) == gaussian_noise([0.5], 0.1, seed=fresh))[0])
    False
    """
    values = np.asarray(images)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"images must lie in [0, 1], got values from {values.min()} to {values.max()}; "
            "divide bytes by 255"
        )
    if not 0 <= sigma < np.inf:
        raise ValueError(f"sigma must be a finite number of at least 0, got {sigma}")
    # NumPy draws float32 and float64 only; float32 takes half the memory and time.
    drawn = np.float64 if values.dtype == np.float64 else np.float32
    noise = np.random.default_rng(seed).standard_normal(values.shape, dtype=drawn)
    noise *= sigma
    return np.clip(values + noise, 0, 1).astype(values.dtype, copy=False)
