"""How far a score might be off: what other users or rows might have said."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments, _sparse_forms

_DRAWN_CELLS = 2**20  # counts of draws that are in memory at once: 8 MB
_KEPT_CELLS = 2**21  # draws up to this size are kept for the next interval


def bootstrap_interval(
    values: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int | np.random.Generator = 0,
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
    seed : int or numpy.random.Generator
        Of the draws.

    Returns
    -------
    low, high : float
        In the unit of `values`.

    Raises
    ------
    TypeError
        If `resamples` is no integer, `level` no number, or `values` holds no real numbers.
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
    sample = _arguments.dense("values", values, ndim=1, shape="(users,)")
    means = _resampled(
        lambda draws: draws @ sample / sample.size, sample.size, resamples=resamples, seed=seed
    )
    return _central(means, level)


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Find Student's interval for a mean of few values.

    Introduced in *Use codes as features*.

    It covers what made these values differ from each other – here the draw of the labelled rows –
    and nothing else. For two methods on the same draws pass the *differences*.

    Parameters
    ----------
    values : array_like, shape (n,)
        At least two independent values.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
        In the unit of `values`.

    Raises
    ------
    ValueError
        If there are fewer than two values, one is not finite, or `level` is out of range.

    References
    ----------
    Student (1908). The probable error of a mean. Biometrika 6(1). doi:10.1093/biomet/6.1.1

    Examples
    --------
    >>> low, high = mean_interval([0.90, 0.92, 0.94])
    >>> print(f"{low:.3f} to {high:.3f}")
    0.870 to 0.970
    """
    from scipy.stats import ttest_1samp

    sample = _arguments.dense("values", values, ndim=1, shape="(n,)")
    level = _arguments.number("level", level, above=0, below=1)
    if len(sample) < 2:
        raise ValueError("values must be at least two, for one alone does not vary; got 1")
    centre = sample.mean()
    if np.all(sample == sample[0]):
        return float(sample[0]), float(sample[0])
    # Around their own mean the values are small, so that a common shift costs no digits.
    low, high = ttest_1samp(sample - centre, 0).confidence_interval(level)
    return float(centre + low), float(centre + high)


def people_needed(gap: float, spread: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Find how many people it takes to tell two models apart.

    Introduced in *Examine the exam*.

    If the interval of the mean difference is to lie on one side of 0 with a chance of `power`, the
    mean may be only so many standard errors wide: n = (z + z')² spread² / gap², with the points of
    the normal distribution for `level` (two-sided) and `power`. For 95 % and 80 % the factor is
    7.85.

    Parameters
    ----------
    gap : float
        Mean difference between the models, not 0; its sign does not matter.
    spread : float
        Standard deviation of the differences, at least 0, if the same people judge both models. If
        each model has its own people, the root of the sum of both variances; the number is then
        that of *each* group.
    power, level : float
        Between 0 and 1.

    Returns
    -------
    int
        At least 2. Only as good as `gap`: where that is uncertain by a factor of two, the number
        is by four.

    Raises
    ------
    TypeError
        If something is no number.
    ValueError
        If `gap` is 0, which no number of people tells from 0, or a number is out of range.

    Notes
    -----
    J. Cohen (1988). Statistical power analysis for the behavioral sciences, chapter 2. Routledge.
    ISBN 978-0-8058-0283-2

    Examples
    --------
    >>> people_needed(0.02, 0.1)
    197
    """
    from scipy.stats import norm

    gap = abs(_arguments.number("gap", gap))
    spread = _arguments.number("spread", spread, 0)
    power = _arguments.number("power", power, above=0, below=1)
    level = _arguments.number("level", level, above=0, below=1)
    if gap == 0:
        raise ValueError("gap must not be 0: no number of people can tell equal models apart")
    widths = norm.ppf((1 + level) / 2) + norm.ppf(power)
    return max(2, math.ceil((max(widths, 0.0) * (spread / gap)) ** 2))


def _resampled(
    statistic: Callable[[np.ndarray], np.ndarray],
    n: int,
    *,
    resamples: int,
    seed: int | np.random.Generator,
) -> np.ndarray:
    """Statistic of n things drawn with replacement, again and again.

    How often each thing is drawn says as much as which are drawn, and needs one product: so
    `statistic` maps such counts, shape (m, n), to values, shape (m,). Only some resamples exist
    at a time; all blocks together draw the same numbers as one.
    """
    resamples = _arguments.integer("resamples", resamples, 1)
    rng = _arguments.random_generator(seed)
    blocks: Iterable[np.ndarray] = _drawn(n, resamples, rng)
    if not isinstance(seed, np.random.Generator) and n * resamples <= _KEPT_CELLS:
        blocks = _drawn_before(n, resamples, int(seed))
    return np.concatenate([statistic(counts) for counts in blocks])


def _drawn(n: int, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield blocks of counts: how often each of n things is drawn, shape (m, n)."""
    chances, step = np.full(n, 1 / n), max(1, _DRAWN_CELLS // n)
    for start in range(0, resamples, step):
        yield rng.multinomial(n, chances, size=min(step, resamples - start)).astype(np.float64)


@lru_cache(maxsize=2)  # the people of one exam are drawn for interval after interval
def _drawn_before(n: int, resamples: int, seed: int) -> tuple[np.ndarray, ...]:
    return tuple(_drawn(n, resamples, np.random.default_rng(seed)))


def _central(values: np.ndarray, level: float) -> tuple[float, float]:
    """Find the central part of some values, which holds a share `level` of them."""
    level = _arguments.number("level", level, above=0, below=1)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
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
    seed: int | np.random.Generator = 0,
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
    seed : int or numpy.random.Generator
        Of the draws.

    Returns
    -------
    MaskedScore
        ``(rmse, low, high)``.

    Raises
    ------
    TypeError
        If `hidden` is not sparse, or a number is of the wrong kind.
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
    cells = _sparse_forms.canonical_csr("hidden", hidden, sparse_only=True)
    if cells.nnz == 0:
        raise ValueError("hidden must hold at least one cell to average over, got none")
    counts = np.diff(cells.indptr)
    judged = np.flatnonzero(counts)  # a row without a hidden cell says nothing
    cells_of, sums = counts[judged], [_row_squares(cells, "prediction", prediction)[judged]]
    if baseline is not None:
        sums.append(_row_squares(cells, "baseline", baseline)[judged])

    def error(weights: np.ndarray) -> np.ndarray:
        drawn = weights @ cells_of
        errors = [np.sqrt(weights @ row_sums / drawn) for row_sums in sums]
        return errors[0] if baseline is None else errors[0] - errors[1]

    errors = _resampled(error, judged.size, resamples=resamples, seed=seed)
    return MaskedScore(float(error(np.ones((1, judged.size)))[0]), *_central(errors, level))


def _row_squares(cells: sp.csr_array, name: str, prediction: ArrayLike) -> np.ndarray:
    """Sum of squared errors over the hidden cells of each row."""
    values = _arguments.dense(name, prediction, ndim=2, finite=False, single=True)
    if values.shape != cells.shape:
        raise ValueError(
            f"hidden and {name} must have the same shape, got {cells.shape} and {values.shape}"
        )
    rows = _sparse_forms.rows_of(cells)
    predicted = values[rows, cells.indices].astype(np.float64)
    if not np.isfinite(predicted).all():
        wrong = int(np.argmin(np.isfinite(predicted)))
        raise ValueError(
            f"{name} must be finite in every hidden cell, got {predicted[wrong]} in row "
            f"{rows[wrong]}, column {cells.indices[wrong]}"
        )
    return np.bincount(rows, (predicted - cells.data) ** 2, cells.shape[0])
