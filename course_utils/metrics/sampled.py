"""Ranks among all items, and what is measured if only some items are drawn to compete."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils.ranking import rankable


class HiddenRanks(NamedTuple):
    """Where each relevant item stands among the items that are not relevant.

    Introduced in *Examine the exam*.

    Attributes
    ----------
    users : ndarray of int, shape (n,)
        Whose item it is; ascending.
    ranks : ndarray of int, shape (n,)
        How many rivals stand before it, from 0.
    rivals : ndarray of int, shape (n,)
        How many rivals there are.
    """

    users: np.ndarray
    ranks: np.ndarray
    rivals: np.ndarray


def hidden_ranks(
    scores: ArrayLike, relevant: ArrayLike, *, seed: int | np.random.Generator = 0
) -> HiddenRanks:
    """Rank each relevant item alone against the user's items that are not relevant.

    Introduced in *Examine the exam*.

    Rivals are the items that may be recommended and are not relevant. Other relevant items are
    none, so that one find does not push out another. Of equal scores the order is drawn: in
    the order of items, a model that scores all alike would profit from how items are numbered.

    Parameters
    ----------
    scores : array_like, shape (users, items)
        Higher is recommended earlier. Minus infinity means *never recommend*.
    relevant : array_like of bool, shape (users, items)
        What should be recommended.
    seed : int or numpy.random.Generator
        Of the order of equal scores.

    Returns
    -------
    HiddenRanks
        One entry for each relevant item, user by user. One that is never recommended stands
        behind all rivals.

    Raises
    ------
    TypeError
        If `scores` holds no real numbers, or `relevant` is not boolean.
    ValueError
        If the shapes differ or a score is NaN.

    Examples
    --------
    >>> hidden_ranks([[0.9, 0.5, 0.7, 0.1]], [[False, True, False, False]])
    HiddenRanks(users=array([0]), ranks=array([2]), rivals=array([3]))
    """
    values, wanted = rankable("scores", scores), _arguments.truths("relevant", relevant)
    _arguments.same_shape("scores", values, "relevant", wanted)
    generator = _arguments.random_generator(seed)
    may_rival = ~wanted & (values > -np.inf)
    users = np.nonzero(wanted)[0]
    ranks, rivals = np.empty(len(users), dtype=np.int64), may_rival.sum(axis=1)
    ends = np.searchsorted(users, np.arange(len(values) + 1))
    for user, (start, end) in enumerate(itertools.pairwise(ends)):
        own, others = values[user, wanted[user], None], values[user, may_rival[user]]
        equal = (others == own).sum(axis=1)
        ranks[start:end] = (others > own).sum(axis=1) + generator.integers(0, equal + 1)
    return HiddenRanks(users, ranks, rivals[users])


def sampled_recall(ranks: ArrayLike, rivals: ArrayLike, negatives: int, k: int) -> np.ndarray:
    """Find the chance that an item is among the first k if only some rivals are drawn.

    Introduced in *Examine the exam*.

    Many evaluations let one relevant item compete with `negatives` rivals, drawn without
    replacement, and count how often it is among the first k. How many of the drawn ones stand
    before it has a hypergeometric distribution, so nothing has to be drawn: this is the mean of
    all draws.

    Parameters
    ----------
    ranks, rivals : array_like of int, shape (n,) or ()
        As :func:`hidden_ranks` gives them: rivals before the item, and rivals in all.
    negatives : int
        How many are drawn, from 1; all, where there are fewer.
    k : int
        Length of the list, from 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        From 0 to 1. With all rivals it is 1 where the rank is below k, else 0; with one and k = 1
        its mean is the area under the ROC curve.

    Raises
    ------
    TypeError
        If something is no integer.
    ValueError
        If a number is out of range.

    Notes
    -----
    W. Krichene and S. Rendle (2020). On sampled metrics for item recommendation. KDD.
    doi:10.1145/3394486.3403226

    Examples
    --------
    >>> sampled_recall([2, 0, 8], 10, 1, 1)
    array([0.8, 1. , 0.2])
    """
    from scipy.stats import hypergeom

    places = _arguments.integers("ranks", np.atleast_1d(_arguments.as_array("ranks", ranks)))
    many = np.atleast_1d(_arguments.as_array("rivals", rivals))
    many = _arguments.integers("rivals", many).astype(np.int64)
    if many.shape != (1,):  # one number of rivals goes for all ranks
        _arguments.same_shape("ranks", places, "rivals", many)
    many = np.broadcast_to(many, places.shape)
    negatives = _arguments.integer("negatives", negatives, 1)
    k = _arguments.integer("k", k, 1)
    if places.size and (places.min() < 0 or (places > many).any() or many.min() < 1):
        raise ValueError("ranks must go from 0 to the number of rivals, which is at least 1")
    # Many items share a rank, and the distribution costs more than to look it up.
    pairs, which = np.unique(np.stack([places, many]), axis=1, return_inverse=True)
    drawn = np.minimum(negatives, pairs[1])
    return hypergeom.cdf(k - 1, pairs[1], pairs[0], drawn)[which.ravel()]
