"""Ways to corrupt data on purpose, so that a model can learn to undo it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils._sparse_forms import canonical_csr

__all__ = ["MaskedInteractions", "gaussian_noise", "mask_observed"]


def gaussian_noise(
    images: ArrayLike, sigma: float, *, seed: int | np.random.Generator = 0
) -> np.ndarray:
    """Add Gaussian noise to grey values and cut the result to [0, 1].

    Introduced in *Remove noise from digits*.

    The cut keeps the result a picture, but it moves the mean: half of the noise on a black pixel is
    cut off, and what is left makes the pixel brighter by sigma / sqrt(2 pi) on average (a little
    less where white cuts too).

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
    TypeError
        If `images` is sparse or does not hold real numbers, or `sigma` is no number.
    ValueError
        If a grey value is masked or lies outside [0, 1], or `sigma` is negative or not finite.

    Examples
    --------
    >>> gaussian_noise([0.0, 0.5, 1.0], 0.1, seed=0).round(3)
    array([0.013, 0.487, 1.   ])
    >>> fresh = np.random.default_rng(0)
    >>> bool((gaussian_noise([0.5], 0.1, seed=fresh) == gaussian_noise([0.5], 0.1, seed=fresh))[0])
    False
    """
    given = _arguments.as_array("images", images)
    # Half precision is what the result comes back in; the sum is taken in single.
    values = _arguments.dense("images", given, empty=True, finite=False, single=True)
    _arguments.in_unit_interval("images", values)
    sigma = _arguments.number("sigma", sigma, low=0)
    dtype = np.dtype(np.float16) if given.dtype == np.float16 else values.dtype
    # NumPy draws float32 and float64 only; float32 takes half the memory and time.
    drawn = np.float64 if dtype == np.float64 else np.float32
    noise = _arguments.random_generator(seed).standard_normal(values.shape, dtype=drawn)
    noise *= sigma
    return np.clip(values + noise, 0, 1).astype(dtype, copy=False)


class MaskedInteractions(NamedTuple):
    """A sparse matrix in two parts: what a model may see, and what it is asked for.

    Introduced in *Autoencode interactions in PyTorch*.

    Attributes
    ----------
    visible, hidden : csr_array, shape (rows, columns)
        Every cell stored in the matrix is stored in exactly one of them.
    """

    visible: sp.csr_array
    hidden: sp.csr_array


def mask_observed(
    matrix: sp.sparray | sp.spmatrix, fraction: float, *, seed: int | np.random.Generator = 0
) -> MaskedInteractions:
    """Hide some of the observed cells of a sparse matrix, and touch no other cell.

    Introduced in *Autoencode interactions in PyTorch*.

    A cell counts as observed if it is stored, a stored 0 included. What is not stored stays
    unknown: there is nothing to hide, and nothing is made up.

    Parameters
    ----------
    matrix : scipy sparse array, shape (rows, columns)
        Any format and real dtype, also NaN. Duplicates are summed first.
    fraction : float
        Share of the observed cells to hide, from 0 to 1: exactly ``round(fraction · observed)``
        cells, each equally likely.
    seed : int or numpy.random.Generator
        A number gives the same mask at every call; a generator goes on drawing.

    Returns
    -------
    MaskedInteractions
        ``(visible, hidden)``, which add up to `matrix`, of its shape and dtype, but float32 for
        half precision, and int64 or uint64 if duplicates of integers add up.

    Raises
    ------
    TypeError
        If `matrix` is not sparse, for a dense array does not say which cells were observed, or
        does not hold real numbers, or `fraction` is no number.
    ValueError
        If `matrix` is not 2-D, or `fraction` out of range.

    Examples
    --------
    >>> stars = sp.csr_array(np.array([[5, 0, 0, 4], [0, 3, 1, 0]]))
    >>> visible, hidden = mask_observed(stars, 0.5, seed=0)
    >>> visible.nnz, hidden.nnz
    (2, 2)
    >>> (visible + hidden).toarray()
    array([[5, 0, 0, 4],
           [0, 3, 1, 0]])
    """
    cells = canonical_csr("matrix", matrix, finite=False, keep_dtype=True, sparse_only=True)
    fraction = _arguments.number("fraction", fraction, 0, 1)
    hide = np.zeros(cells.nnz, dtype=bool)
    count = round(fraction * cells.nnz)
    hide[_arguments.random_generator(seed).choice(cells.nnz, count, replace=False)] = True
    return MaskedInteractions(_kept(cells, ~hide), _kept(cells, hide))


def _kept(cells: sp.csr_array, keep: np.ndarray) -> sp.csr_array:
    """Only the chosen ones of the stored cells."""
    row_starts = np.concatenate([[0], np.cumsum(keep)])[cells.indptr]
    return sp.csr_array((cells.data[keep], cells.indices[keep], row_starts), shape=cells.shape)
