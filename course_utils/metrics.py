"""Scores that several notebooks share, each defined by its formula."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils.ranking import top_k

__all__ = [
    "MaskedScore",
    "bce_floor",
    "binary_cross_entropy",
    "bootstrap_interval",
    "continuity",
    "dead_units",
    "knn_accuracy",
    "masked_rmse",
    "ndcg_at_k",
    "psnr",
    "recall_at_k",
    "rmse",
    "trustworthiness",
]


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


def ndcg_at_k(scores: ArrayLike, relevant: ArrayLike, k: int) -> np.ndarray:
    """Normalised discounted cumulative gain of the k best-scored items of each user.

    Introduced in *Climb the recommender ladder*.

    A relevant item at rank r, counted from 1, is worth 1 / log2(r + 1); the sum is divided by that
    of a perfect ranking.

    Parameters
    ----------
    scores : array_like, shape (users, items)
        Higher is recommended earlier, equal ones in the order of the items. Minus infinity means
        *never recommend*, for instance what the user has already seen.
    relevant : array_like of bool, shape (users, items)
        What should have been recommended; at least one item for each user.
    k : int
        Length of the list, from 1 to the number of items.

    Returns
    -------
    ndarray, shape (users,)
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes differ, `relevant` is not boolean, a user has no relevant item, a score is
        NaN, or `k` is out of range.

    References
    ----------
    K. Järvelin and J. Kekäläinen (2002). Cumulated gain-based evaluation of IR techniques. ACM
    Transactions on Information Systems 20(4). doi:10.1145/582415.582418

    Examples
    --------
    >>> ndcg_at_k([[0.9, 0.5, 0.1]], [[False, True, True]], k=2).round(4)
    array([0.3869])
    """
    hits, counts = _ranked_hits(scores, relevant, k)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discounts)[np.minimum(counts, k) - 1]
    # The two sums add in different orders, so a perfect list may exceed 1 by rounding.
    return np.minimum(hits @ discounts / best, 1.0)


def recall_at_k(scores: ArrayLike, relevant: ArrayLike, k: int) -> np.ndarray:
    """Share of the relevant items that are among the k best-scored ones of each user.

    Introduced in *Make codes sparse*.

    The share is of min(k, relevant items), as in Liang et al. (2018), so that a perfect list scores
    1 even for a user with more than k relevant items.

    Parameters
    ----------
    scores : array_like, shape (users, items)
        As for :func:`ndcg_at_k`.
    relevant : array_like of bool, shape (users, items)
        As for :func:`ndcg_at_k`.
    k : int
        Length of the list, from 1 to the number of items.

    Returns
    -------
    ndarray, shape (users,)
        From 0 to 1.

    Raises
    ------
    ValueError
        As for :func:`ndcg_at_k`.

    Examples
    --------
    >>> recall_at_k([[0.9, 0.5, 0.1]], [[False, True, True]], k=2)
    array([0.5])
    """
    hits, counts = _ranked_hits(scores, relevant, k)
    return hits.sum(axis=1) / np.minimum(counts, k)


def _ranked_hits(scores: ArrayLike, relevant: ArrayLike, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the first k ranks hold a relevant item, and how many relevant items there are."""
    values, wanted = np.asarray(scores), np.asarray(relevant)
    if values.ndim != 2 or values.shape != wanted.shape or wanted.dtype != bool:
        raise ValueError(
            "scores and relevant must have the same shape (users, items), relevant as bool; "
            f"got {values.shape} and {wanted.shape} of {wanted.dtype}"
        )
    counts = wanted.sum(axis=1)
    if not counts.all():
        raise ValueError(
            f"user {int(np.argmin(counts > 0))} has no relevant item, so nothing can be measured; "
            "leave such users out"
        )
    ranked = top_k(values, k)
    hits = np.take_along_axis(wanted, ranked, axis=1)
    return hits & (np.take_along_axis(values, ranked, axis=1) > -np.inf), counts


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
    values = _points(codes, "codes")
    if len(values) < 2:
        raise ValueError(f"codes needs at least two rows to compare, got {len(values)}")
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

    Distances are Euclidean; if two labels have equally many votes, the smaller label wins.

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
    from sklearn.neighbors import NearestNeighbors

    points, truth = _points(codes, "codes"), _labels(labels, "labels")
    if (test_codes is None) != (test_labels is None):
        raise ValueError("give test_codes and test_labels together, or neither")
    if len(truth) != len(points):
        raise ValueError(f"need one label for each row, got {len(truth)} for {len(points)} rows")
    voters = len(points) - (test_codes is None)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= voters:
        raise ValueError(f"k must be an integer from 1 to the {voters} possible voters, got {k!r}")
    neighbours = NearestNeighbors(n_neighbors=int(k)).fit(points)
    if test_codes is None or test_labels is None:
        nearest = neighbours.kneighbors(return_distance=False)  # a point is not its own neighbour
        wanted = truth
    else:
        queries, wanted = _points(test_codes, "test_codes"), _labels(test_labels, "test_labels")
        if queries.shape[1] != points.shape[1] or len(wanted) != len(queries):
            raise ValueError(
                f"test_codes must have shape (test rows, {points.shape[1]}) with one label for "
                f"each row, got {queries.shape} and {len(wanted)} labels"
            )
        nearest = neighbours.kneighbors(queries, return_distance=False)
    names, votes = np.unique(truth, return_inverse=True)
    counts = (votes[nearest][:, :, np.newaxis] == np.arange(len(names))).sum(axis=1)
    return float(np.mean(names[counts.argmax(axis=1)] == wanted))


def trustworthiness(x: ArrayLike, codes: ArrayLike, k: int = 10) -> float:
    """How far neighbours on the map can be trusted to be neighbours in the data.

    Introduced in *Draw digits in two dimensions*.

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
    data, places = _points(x, "x"), _points(codes, "codes")
    if len(data) != len(places):
        raise ValueError(
            f"x and codes must describe the same points, got {len(data)} and {len(places)} rows"
        )
    n = len(data)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k < n / 2:
        raise ValueError(f"k must be an integer from 1 to below half of the {n} rows, got {k!r}")
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

    Introduced in *Draw digits in two dimensions*.

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
    return trustworthiness(codes, x, k)


def _points(values: ArrayLike, name: str) -> np.ndarray:
    points = np.asarray(values, dtype=np.float64)
    if points.ndim != 2 or points.size == 0 or not np.isfinite(points).all():
        raise ValueError(
            f"{name} must be finite with shape (rows, columns), at least one of each; "
            f"got shape {points.shape}"
        )
    return points


def _labels(values: ArrayLike, name: str) -> np.ndarray:
    labels = np.asarray(values)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be integers with shape (rows,), got {labels.dtype} {labels.shape}"
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
