"""The rungs of the recommender ladder as models for :mod:`course_utils.exams`.

Each takes the teachers' rows and a setting, and returns what scores the rows of new people. They
are written in the open in *Climb the recommender ladder*; the network, which needs PyTorch, is
:func:`course_utils.torch_models.denoiser`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _objects, _sparse_forms, factorization
from course_utils._sparse_forms import Matrix
from course_utils.similarity import top_k_cosine

__all__ = ["Scorer", "ease", "implicit_als", "item_knn", "popularity", "pure_svd"]

Scorer = Callable[[sp.csr_array], np.ndarray]
"""Maps rows of new people, shape (people, items), to scores of all items, high is wanted."""


def popularity(train: Matrix, setting: Any = None) -> Scorer:
    """Score each item by how many teachers have it, the same for everybody.

    Introduced in *Examine the exam*.

    Parameters
    ----------
    train : array_like or scipy sparse array, shape (teachers, items)
        What is not 0, a teacher has.
    setting : object
        There is nothing to set.

    Returns
    -------
    callable
        Maps rows to scores.

    Raises
    ------
    TypeError, ValueError
        If `train` is no matrix of real, finite numbers.

    Examples
    --------
    >>> popularity([[1, 0], [1, 1]])(sp.csr_array((1, 2)))
    array([[2., 1.]])
    """
    known = _sparse_forms.canonical_csr("train", train, stored_zeros=False)
    counts = np.bincount(known.indices, minlength=known.shape[1]).astype(np.float64)
    return lambda seen: np.tile(counts, (seen.shape[0], 1))


def item_knn(train: Matrix, k: int) -> Scorer:
    """Score each item by its cosines with what a person has, as far as those are its k nearest.

    Introduced in *Examine the exam*.

    Parameters
    ----------
    train : array_like or scipy sparse array, shape (teachers, items)
        At least two items.
    k : int
        Neighbours of each item; more than there are counts as all.

    Returns
    -------
    callable
        Maps rows to scores.

    Raises
    ------
    TypeError, ValueError
        If `train` is no matrix of real, finite numbers, or `k` no integer of at least 1.

    Examples
    --------
    >>> train = sp.csr_array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    >>> item_knn(train, 2)(sp.csr_array([[1.0, 0, 0]]))
    array([[0., 1., 0.]])
    """
    known = _sparse_forms.canonical_csr("train", train, empty=False)
    n = known.shape[1]
    k = min(_arguments.integer("k", k, 1), n - 1)
    near, cosines = top_k_cosine(known.T, k)
    places = near.ravel(), np.repeat(np.arange(n), k)
    weights = sp.csr_array((cosines.ravel(), places), shape=(n, n))
    return lambda seen: (seen @ weights).toarray()


def pure_svd(train: Matrix, k: int) -> Scorer:
    """Score items by a person's row, projected on the k strongest directions (PureSVD).

    Introduced in *Examine the exam*.

    Parameters
    ----------
    train : array_like or scipy sparse array, shape (teachers, items)
        An empty cell is a 0.
    k : int
        Directions; more than the matrix has counts as all.

    Returns
    -------
    callable
        Maps rows to scores.

    Raises
    ------
    TypeError, ValueError
        As for :func:`course_utils.factorization.truncated_svd`.

    Notes
    -----
    P. Cremonesi, Y. Koren, R. Turrin (2010). Performance of recommender algorithms on top-N
    recommendation tasks. RecSys. doi:10.1145/1864708.1864721

    Examples
    --------
    >>> pure_svd([[1, 1, 0], [1, 1, 0]], 1)(sp.csr_array([[1.0, 0, 0]])).round(3) + 0.0
    array([[0.5, 0.5, 0. ]])
    """
    known = _sparse_forms.canonical_csr("train", train, empty=False)
    vt = factorization.truncated_svd(known, min(_arguments.integer("k", k, 1), *known.shape)).vt
    return lambda seen: seen @ vt.T @ vt


def ease(train: Matrix, l2: float) -> Scorer:
    """Score items by a linear model in which no item explains itself (EASE).

    Introduced in *Examine the exam*.

    Parameters
    ----------
    train : array_like or scipy sparse array, shape (teachers, items)
        An empty cell is a 0.
    l2 : float
        The penalty, above 0.

    Returns
    -------
    callable
        Maps rows to scores.

    Raises
    ------
    TypeError, ValueError
        As for :func:`course_utils.factorization.fit_ease`.

    Examples
    --------
    >>> ease([[1, 1], [1, 1]], 1.0)(sp.csr_array([[1.0, 0]])).round(3)
    array([[0.   , 0.667]])
    """
    return factorization.fit_ease(
        _sparse_forms.canonical_csr("train", train, empty=False), l2
    ).scores


def implicit_als(train: Matrix, setting: tuple[int, float, float]) -> Scorer:
    """Score items by factors for which an empty cell is weak evidence (iALS), after five rounds.

    Introduced in *Examine the exam*.

    Parameters
    ----------
    train : array_like or scipy sparse array, shape (teachers, items)
        0 or more.
    setting : tuple of int and two floats
        Factors (more than the matrix has count as all), weight of an interaction, and penalty.

    Returns
    -------
    callable
        Maps rows to scores.

    Raises
    ------
    TypeError, ValueError
        As for :func:`course_utils.factorization.fit_implicit_als`.

    Examples
    --------
    >>> scorer = implicit_als([[1, 1, 0], [1, 1, 0], [0, 0, 1]], (2, 5.0, 0.01))
    >>> scorer(sp.csr_array([[1.0, 0, 0]])).argmax(axis=1)
    array([0])
    """
    known = _sparse_forms.canonical_csr("train", train, empty=False)
    parts = _objects.parts("setting", setting, 3, "factors, weight and penalty")
    k = min(_arguments.integer("setting[0]", parts[0], 1), *known.shape)
    alpha = _arguments.number("setting[1]", parts[1], low=0)
    l2 = _arguments.number("setting[2]", parts[2], above=0)
    _sparse_forms.check_not_negative("train", known)
    return factorization.fit_implicit_als(known, k, alpha=alpha, l2=l2, rounds=5).scores
