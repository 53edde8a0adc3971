"""How far a score might be off: what other users or rows might have said."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike


def bootstrap_interval(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Find an interval for a mean over users: what might others like them have said.

    Introduced in *Use codes as features*.

    Users are drawn with replacement, as many as there are, and the mean is taken again and again;
    the interval holds the central part of those means. For two methods judged by the same users
    pass the *differences*: what users have in common cancels, and the interval becomes much
    narrower than those of the two means suggest.

    Parameters
    ----------
    values : array_like, shape (users,)
        One value for each user.
    level : float
        Share of the resampled means that lie inside, between 0 and 1.
    resamples : int
        How often users are drawn.
    seed : int
        Of the draws.

    Returns
    -------
    low, high : float
        In the unit of `values`.

    Raises
    ------
    ValueError
        If `values` is not 1-D, empty or not finite, or a number is out of range.

    References
    ----------
    B. Efron (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7(1).
    doi:10.1214/aos/1176344552

    Examples
    --------
    >>> bootstrap_interval([0.0, 1.0] * 50)
    (0.41, 0.6)
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError(
            f"values must be 1-D, finite and not empty, one for each user; got shape {sample.shape}"
        )
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(
            "level must lie between 0 and 1 and resamples be at least 1, "
            f"got {level} and {resamples}"
        )
    rng = np.random.default_rng(seed)
    # How often each user is drawn says as much as who is drawn, and needs one product.
    draws = rng.multinomial(sample.size, np.full(sample.size, 1 / sample.size), size=resamples)
    means = draws @ sample / sample.size
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class MaskedScore(NamedTuple):
    """A root mean squared error over hidden cells, and what other rows might have said.

    Introduced in *Autoencode interactions in PyTorch*.

    Attributes
    ----------
    rmse : float
        In the unit of the ratings; a difference of two such errors if a baseline was given.
    low, high : float
        Ends of its interval.
    """

    rmse: float
    low: float
    high: float


def masked_rmse(
    hidden: Any,
    prediction: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> MaskedScore:
    """Score predictions on hidden cells only, with a bootstrap interval over rows.

    Introduced in *Autoencode interactions in PyTorch*.

    Cells of one row are alike, so whole rows are drawn with replacement, each with all its hidden
    cells, and the error is computed again and again.

    Parameters
    ----------
    hidden : scipy sparse array, shape (rows, columns)
        The true values of the cells that count, those that are stored; see
        :func:`course_utils.noise.mask_observed`.
    prediction : array_like, shape (rows, columns)
        Predictions; only those of the hidden cells are looked at.
    baseline : array_like, shape (rows, columns), optional
        Other predictions. The result is then the error of `prediction` less that of `baseline`,
        on the same draws, so that what is hard for both cancels. Below 0: `prediction` is better.
    level : float
        Share of the resampled errors that lie inside the interval, between 0 and 1.
    resamples : int
        How often rows are drawn.
    seed : int
        Of the draws.

    Returns
    -------
    MaskedScore
        ``(rmse, low, high)``.

    Raises
    ------
    TypeError
        If `hidden` is not sparse.
    ValueError
        If the shapes differ, no cell is hidden, a prediction of a hidden cell is not finite, or a
        number is out of range.

    References
    ----------
    B. Efron (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7(1).
    doi:10.1214/aos/1176344552

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> hidden = csr_array(np.array([[4.0, 0, 0], [0, 2, 0]]))
    >>> masked_rmse(hidden, np.full((2, 3), 3.0)).rmse
    1.0
    """
    sparse: bool = sp.issparse(hidden)  # asked in the `if`, it would narrow the type too far
    if not sparse:
        raise TypeError(f"hidden must be a scipy sparse array, got {type(hidden).__name__}")
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(
            "level must lie between 0 and 1 and resamples be at least 1, "
            f"got {level} and {resamples}"
        )
    cells = sp.csr_array(hidden)
    if not cells.has_canonical_format:
        cells = cells.copy()
        cells.sum_duplicates()
    if cells.nnz == 0:
        raise ValueError("hidden holds no cell, so there is nothing to average over")
    counts = np.diff(cells.indptr)
    judged = np.flatnonzero(counts)  # a row without a hidden cell says nothing
    sums = [
        _row_squares(cells, values, judged)
        for values in (prediction, baseline)
        if values is not None
    ]
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(judged.size, np.full(judged.size, 1 / judged.size), size=resamples)
    whole = np.ones((1, judged.size))

    def error(weights: np.ndarray) -> np.ndarray:
        cells_drawn = weights @ counts[judged]
        errors = [np.sqrt(weights @ row_sums / cells_drawn) for row_sums in sums]
        return errors[0] if baseline is None else errors[0] - errors[1]

    low, high = np.quantile(error(draws), [(1 - level) / 2, (1 + level) / 2])
    return MaskedScore(float(error(whole)[0]), float(low), float(high))


def _row_squares(cells: sp.csr_array, prediction: ArrayLike, judged: np.ndarray) -> np.ndarray:
    """Sum of squared errors over the hidden cells of each judged row."""
    values = np.asarray(prediction)
    if values.shape != cells.shape:
        raise ValueError(
            f"hidden and prediction must have the same shape, got {cells.shape} and {values.shape}"
        )
    rows = np.repeat(np.arange(cells.shape[0]), np.diff(cells.indptr))
    errors = values[rows, cells.indices].astype(np.float64) - cells.data
    if not np.isfinite(errors).all():
        raise ValueError("a prediction of a hidden cell is not a finite number")
    return np.bincount(rows, errors**2, cells.shape[0])[judged]
