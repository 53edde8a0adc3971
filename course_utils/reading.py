"""Read a code: match what was learnt with the truth, name units, and test the names elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from course_utils import _arguments

__all__ = ["Match", "RankSums", "Reading", "match_atoms", "rank_sums", "read_units", "top_share"]


class Match(NamedTuple):
    """Which learnt direction stands for which true one.

    Introduced in *Read and steer a code*.

    Attributes
    ----------
    cosines : ndarray of float64, shape (truths,)
        Of each truth and its partner; 0 if none was left for it.
    partners : ndarray of int, shape (truths,)
        Row of the learnt directions; −1 if none was left.
    """

    cosines: np.ndarray
    partners: np.ndarray


class RankSums(NamedTuple):
    """How well each unit sorts the rows by each label.

    Introduced in *Read and steer a code*.

    Attributes
    ----------
    z : ndarray of float64, shape (units, labels)
        Of the rank-sum test; above 0 where rows with the label answer more. 0 if a unit gives one
        answer to all.
    auc : ndarray of float64, shape (units, labels)
        Chance that a row with the label answers more than one without, ties counted as half.
    """

    z: np.ndarray
    auc: np.ndarray


class Reading(NamedTuple):
    """A name for each unit from one half of the rows, and what it is worth on the other.

    Introduced in *Read and steer a code*.

    Attributes
    ----------
    names : ndarray of int, shape (units,)
        Column of the label: of all labels the one with the largest z on the naming half.
    p_values : ndarray of float64, shape (units,)
        One-sided, of that one label on the other half.
    passed : ndarray of bool, shape (units,)
        Whether it stays below the level when all units are looked at (Benjamini and Hochberg).
    gains : ndarray of float64, shape (units,)
        Share of the label among the rows that answer most on the other half, less its share
        among all rows there.
    """

    names: np.ndarray
    p_values: np.ndarray
    passed: np.ndarray
    gains: np.ndarray


def match_atoms(learnt: ArrayLike, truth: ArrayLike, *, either_sign: bool = False) -> Match:
    """Give each true direction a learnt one of its own, so that the cosines add up to the most.

    Introduced in *Read and steer a code*.

    One learnt direction stands for at most one truth (the assignment problem of Kuhn, 1955), so
    two truths that share a unit are not both found, and units that say the same count once.

    Parameters
    ----------
    learnt : array_like, shape (units, n_features)
        Of any length; a row of zeros points nowhere and has the cosine 0 with everything.
    truth : array_like, shape (truths, n_features)
        As `learnt`.
    either_sign : bool
        Take a direction and its opposite for the same, as with PCA and ICA, whose signs mean
        nothing. An atom of a code that is never negative has a sign.

    Returns
    -------
    Match
        ``(cosines, partners)``.

    Raises
    ------
    TypeError
        If a table holds no real numbers.
    ValueError
        If one is not 2-D, empty or not finite, or their numbers of columns differ.

    References
    ----------
    H. W. Kuhn (1955). The Hungarian method for the assignment problem. Naval Research Logistics
    Quarterly 2. doi:10.1002/nav.3800020109

    Examples
    --------
    >>> match_atoms([[0, 2], [3, 3]], [[1, 0], [0, 1]]).cosines.round(2)
    array([0.71, 1.  ])
    >>> match_atoms([[0, -2]], [[1, 0], [0, 1]], either_sign=True).partners
    array([-1,  0])
    """
    found = _directions("learnt", learnt)
    wanted = _directions("truth", truth)
    if found.shape[1] != wanted.shape[1]:
        raise ValueError(
            f"learnt and truth must have as many columns, got {found.shape[1]} and "
            f"{wanted.shape[1]}; compare directions of one space"
        )
    cosines = np.clip(wanted @ found.T, -1, 1)
    if _arguments.flag("either_sign", either_sign):
        cosines = np.abs(cosines)
    rows, columns = optimize.linear_sum_assignment(cosines, maximize=True)
    partners = np.full(len(wanted), -1)
    partners[rows] = columns
    best = np.zeros(len(wanted))
    best[rows] = cosines[rows, columns]
    return Match(best, partners)


def _directions(name: str, values: ArrayLike) -> np.ndarray:
    table = _arguments.dense(name, values, ndim=2, shape="(directions, n_features)")
    largest = np.abs(table).max(axis=1, keepdims=True)
    table = table / np.where(largest > 0, largest, 1)  # so that no square is too large or small
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.where(lengths > 0, lengths, 1)


def rank_sums(activity: ArrayLike, labels: ArrayLike) -> RankSums:
    """Compare rows with and without each label by the ranks of each unit's answers.

    Introduced in *Read and steer a code*.

    The rank-sum test of Wilcoxon, Mann and Whitney, in its normal form and with ties, for all
    units and labels at once.

    Parameters
    ----------
    activity : array_like, shape (rows, units)
        What the units answer, on any scale.
    labels : array_like of bool, shape (rows, labels)
        Each is carried by some rows, not by all.

    Returns
    -------
    RankSums
        ``(z, auc)``.

    Raises
    ------
    TypeError
        If a table is of the wrong kind.
    ValueError
        If one is not 2-D, empty or not finite, their numbers of rows differ, or a label is
        carried by all rows or by none.

    References
    ----------
    H. B. Mann, D. R. Whitney (1947). On a test of whether one of two random variables is
    stochastically larger than the other. Annals of Mathematical Statistics 18(1).
    doi:10.1214/aoms/1177730491

    Examples
    --------
    >>> found = rank_sums([[0.9], [0.7], [0.2], [0.0]], [[True], [True], [False], [False]])
    >>> found.auc, found.z.round(2)
    (array([[1.]]), array([[1.55]]))
    """
    values, carried = _checked(activity, labels)
    n, counts = len(values), carried.sum(axis=0)
    if not ((counts > 0) & (counts < n)).all():
        place = int(np.argmin((counts > 0) & (counts < n)))
        raise ValueError(
            f"labels must be carried by some rows and not by all, got {counts[place]} of {n} in "
            f"column {place}; leave it out"
        )
    ranks = stats.rankdata(values, axis=0)
    wins = ranks.T @ carried - counts * (counts + 1) / 2
    pairs = counts * (n - counts)
    # Without ties the ranks have the variance (n² − 1) / 12; ties make it smaller.
    spread = np.sqrt(pairs / (n - 1) * ranks.var(axis=0)[:, None])
    z = np.divide(wins - pairs / 2, spread, out=np.zeros(wins.shape), where=spread > 0)
    return RankSums(z, wins / pairs)


def top_share(activity: ArrayLike, labels: ArrayLike, k: int = 20) -> np.ndarray:
    """Share of each label among the k rows that answer most, for each unit.

    Introduced in *Read and steer a code*.

    Rows that tie for the last places share them, as if they were drawn by lot: their order in the
    table decides nothing.

    Parameters
    ----------
    activity : array_like, shape (rows, units)
        What the units answer.
    labels : array_like of bool, shape (rows, labels)
        Who carries what.
    k : int
        From 1 to the number of rows.

    Returns
    -------
    ndarray of float64, shape (units, labels)
        From 0 to 1.

    Raises
    ------
    TypeError
        If a table or `k` is of the wrong kind.
    ValueError
        If a table is not 2-D, empty or not finite, their numbers of rows differ, or `k` is out of
        range.

    Examples
    --------
    >>> top_share([[5.0], [4.0], [0.0], [0.0]], [[True], [False], [True], [False]], 2)
    array([[0.5]])
    >>> top_share([[5.0], [0.0], [0.0], [0.0]], [[True], [True], [False], [False]], 2).round(3)
    array([[0.667]])
    """
    values, carried = _checked(activity, labels)
    k = _arguments.integer("k", k, 1, len(values))
    last = np.partition(values, len(values) - k, axis=0)[len(values) - k]
    above, level = values > last, values == last
    places = above + level * ((k - above.sum(axis=0)) / level.sum(axis=0))
    return places.T @ carried / k


def read_units(
    activity: ArrayLike,
    labels: ArrayLike,
    half: ArrayLike,
    *,
    k: int = 20,
    level: float = 0.05,
) -> Reading:
    """Name each unit on one half of the rows, and test that one name on the other half.

    Introduced in *Read and steer a code*.

    A name that was chosen among many and is tested on the same rows is always good. Here each
    unit has one look at the second half, and the looks of all units are counted: of the names
    that pass, a share `level` at most is expected to be chance. That holds for independent rows;
    a name may pass because of something else that its rows have in common.

    Parameters
    ----------
    activity : array_like, shape (rows, units)
        What the units answer.
    labels : array_like of bool, shape (rows, labels)
        What units may be named after; each is carried by some rows of both halves, not by all.
    half : array_like of bool, shape (rows,)
        True for the rows that give the names.
    k : int
        Length of the list of which `gains` are taken.
    level : float
        False discovery rate, between 0 and 1.

    Returns
    -------
    Reading
        ``(names, p_values, passed, gains)``.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        As for :func:`rank_sums` on each half, or if an option is out of range.

    References
    ----------
    Y. Benjamini, Y. Hochberg (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57(1). doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> labels = np.tile([[True, False], [False, True]], (20, 1))
    >>> activity = labels[:, :1] + np.arange(40)[:, None] / 100
    >>> reading = read_units(activity, labels, np.arange(40) < 20, k=5)
    >>> reading.names, reading.passed, reading.gains
    (array([0]), array([ True]), array([0.5]))
    """
    values, carried = _checked(activity, labels)
    naming = _arguments.truths("half", half, (len(values),))
    level = _arguments.number("level", level, above=0, below=1)
    if naming.all() or not naming.any():
        raise ValueError("half must leave rows on both sides, got one value for all")
    names = rank_sums(values[naming], carried[naming]).z.argmax(axis=1)
    values, carried, units = values[~naming], carried[~naming], np.arange(values.shape[1])
    p_values = stats.norm.sf(rank_sums(values, carried).z[units, names])
    passed = stats.false_discovery_control(p_values) <= level
    gains = top_share(values, carried, k)[units, names] - carried.mean(axis=0)[names]
    return Reading(names, p_values, passed, gains)


def _checked(activity: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    values = _arguments.dense("activity", activity, ndim=2, shape="(rows, units)")
    carried = _arguments.truths("labels", labels)
    if carried.ndim != 2 or carried.shape[0] != values.shape[0] or not carried.size:
        raise ValueError(
            f"labels must have shape ({len(values)}, labels), a row for each row of activity, "
            f"got {carried.shape}"
        )
    return values, carried
