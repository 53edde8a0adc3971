"""How good a list of recommendations is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils.ranking import rankable, top_k


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


def found_for_each(name: str, wanted: np.ndarray) -> np.ndarray:
    """Refuse users for whom nothing can be found: nothing can be measured of them."""
    some = wanted.any(axis=1)
    if not some.all():
        raise ValueError(
            f"{name} must hold an item for each user, got none for user {int(np.argmin(some))}; "
            "leave such users out"
        )
    return wanted


def _ranked_hits(scores: ArrayLike, relevant: ArrayLike, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the first k ranks hold a relevant item, and how many relevant items there are."""
    values, wanted = rankable("scores", scores), _arguments.truths("relevant", relevant)
    _arguments.same_shape("scores", values, "relevant", wanted)
    k = _arguments.integer("k", k, 1, values.shape[1])
    counts = found_for_each("relevant", wanted).sum(axis=1)
    ranked = top_k(values, k)
    hits = np.take_along_axis(wanted, ranked, axis=1)
    return hits & (np.take_along_axis(values, ranked, axis=1) > -np.inf), counts
