"""Steer lists: add a bonus to the scores of all people, and see what it brings and costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments, metrics, ranking
from course_utils.metrics.lists import found_for_each

__all__ = ["Steering", "gain_at_price", "steer"]


class Steering(NamedTuple):
    """Lists under a growing bonus.

    Introduced in *Read and steer a code*.

    Attributes
    ----------
    strengths : ndarray of float64, shape (m,)
        How much of the bonus was added; ascending, the first is 0.
    shares : ndarray of float64, shape (m, people)
        Share of wanted items in the list of each person.
    marks : ndarray of float64, shape (m, people)
        NDCG of the list, by the hidden items of the person.
    """

    strengths: np.ndarray
    shares: np.ndarray
    marks: np.ndarray


def steer(
    scores: ArrayLike,
    bonus: ArrayLike,
    wanted: ArrayLike,
    hidden: ArrayLike,
    strengths: ArrayLike,
    *,
    k: int = 20,
) -> Steering:
    """Add more and more of a bonus to everybody's scores, and look at the lists.

    Introduced in *Read and steer a code*.

    With s the standard deviation of a person's scores, the list is that of ``scores + strength ·
    s · bonus``. Where scores are products of vectors, pushing a person's vector along a direction
    is the same as a bonus: each item's product with the direction.

    Parameters
    ----------
    scores : array_like, shape (people, items)
        Minus infinity for what must not be recommended; else finite.
    bonus : array_like, shape (items,)
        Brought to mean 0 and standard deviation 1 first.
    wanted : array_like of bool, shape (items,)
        What the list should hold more of.
    hidden : array_like of bool, shape (people, items)
        What a person really has, at least one item for each.
    strengths : array_like, shape (m,)
        Ascending from 0.
    k : int
        Length of the list, from 1 to the number of items.

    Returns
    -------
    Steering
        ``(strengths, shares, marks)``.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a shape does not fit, `strengths` do not ascend from 0, `bonus` is the same for all
        items, or a person has no finite score or nothing hidden.

    Examples
    --------
    >>> last, first = np.eye(4)[-1], np.eye(4)[:1] > 0
    >>> steer([[3.0, 2, 1, 0]], last, last > 0, first, strengths=[0, 9], k=1)[1:]
    (array([[0.],
           [1.]]), array([[1.],
           [0.]]))
    """
    values = ranking.rankable("scores", scores).astype(np.float64)
    people, items = values.shape
    target = _arguments.truths("wanted", wanted, (items,))
    relevant = found_for_each("hidden", _arguments.truths("hidden", hidden, (people, items)))
    steps = _arguments.dense("strengths", strengths, ndim=1, shape="(m,)")
    k = _arguments.integer("k", k, 1, items)
    push = _arguments.dense("bonus", bonus, ndim=1, shape="(items,)")
    if push.shape != (items,) or np.ptp(push) == 0:
        raise ValueError(
            f"bonus must hold a number for each of {items} items, and not the same for all; got "
            f"shape {push.shape}"
        )
    if steps[0] != 0 or (np.diff(steps) <= 0).any():
        raise ValueError(f"strengths must ascend from 0, got {steps.tolist()}")
    if np.isposinf(values).any():
        raise ValueError("scores must be finite, or minus infinity for what is left out, got inf")
    open_ = np.isfinite(values)
    if not open_.any(axis=1).all():
        raise ValueError(
            f"scores must hold a finite one for each person, got none for person "
            f"{int(np.argmin(open_.any(axis=1)))}; leave people out to whom nothing can be "
            "recommended"
        )
    spread = np.nanstd(np.where(open_, values, np.nan), axis=1, keepdims=True)
    push = spread * (push - push.mean()) / push.std()
    shares, marks = [], []
    for step in steps:
        steered = values + step * push
        shares.append(target[ranking.top_k(steered, k)].mean(axis=1))
        marks.append(metrics.ndcg_at_k(steered, relevant, k))
    return Steering(steps, np.array(shares), np.array(marks))


def gain_at_price(steering: Steering, price: float = 0.1) -> np.ndarray:
    """Share of wanted items that each person's list gains where steering has cost so much.

    Introduced in *Read and steer a code*.

    Two bonuses of one strength push lists differently far, so they are compared at one price: the
    first strength at which the mean NDCG has fallen by a share `price`, between two strengths on a
    straight line. If it never falls so far, the largest strength is taken.

    Parameters
    ----------
    steering : Steering
        Of :func:`steer`.
    price : float
        Share of the mean NDCG that may be lost, between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (people,)
        From −1 to 1.

    Raises
    ------
    TypeError
        If `steering` is none, or `price` is not a number.
    ValueError
        If `price` is out of range.

    Examples
    --------
    >>> marks, shares = np.array([[1.0], [0.8], [0.2]]), np.array([[0.1], [0.3], [0.9]])
    >>> gain_at_price(Steering(np.arange(3.0), shares, marks), price=0.5).round(2)
    array([0.5])
    """
    if not isinstance(steering, Steering):
        raise TypeError(f"steering must come from steer, got {type(steering).__name__}")
    price = _arguments.number("price", price, above=0, below=1)
    means = steering.marks.mean(axis=1)
    limit = (1 - price) * means[0]
    below = np.flatnonzero(means <= limit)
    if not len(below) or below[0] == 0:
        return steering.shares[-1] - steering.shares[0]
    after = int(below[0])
    part = (means[after - 1] - limit) / (means[after - 1] - means[after])
    reached = (1 - part) * steering.shares[after - 1] + part * steering.shares[after]
    return reached - steering.shares[0]
