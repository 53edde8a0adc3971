"""Examine recommenders on items of which they have not seen a single interaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _objects, _sparse_forms, exams
from course_utils._sparse_forms import Matrix

__all__ = ["ColdExam", "Model", "climb", "deal", "examine", "examine_later", "reveal", "scores"]

# A model learns from the teachers' rows, the features of the items they speak of and a setting, and
# returns what scores other items, given their features, for new rows.
Model = Callable[[sp.csr_array, sp.csr_array, Any], Callable[[sp.csr_array, sp.csr_array], Any]]


class ColdExam(NamedTuple):
    """People who show what they have of the warm items, and are asked for cold ones.

    Introduced in *Recommend what nobody has rated*.

    Attributes
    ----------
    train : csr_array of float64, shape (teachers, warm items)
        What models may be fitted to.
    seen : csr_array of float64, shape (people, warm items)
        What is shown of the people examined.
    hidden : ndarray of bool, shape (people, cold items)
        What a model is to find; at least one item for each person.
    warm, cold : ndarray of int
        Which columns of the whole table these are. `cold` is in a random order, so that a model
        whose scores are equal gains nothing by the order of the table.
    first : csr_array of float64, shape (teachers, cold items)
        What the teachers have of the cold items. No model of cold items may be fitted to it; it
        shows what the first interactions would change.
    """

    train: sp.csr_array
    seen: sp.csr_array
    hidden: np.ndarray
    warm: np.ndarray
    cold: np.ndarray
    first: sp.csr_array


def examine(
    interactions: Matrix,
    teachers: np.ndarray,
    examined: np.ndarray,
    cold: np.ndarray,
    *,
    warm: np.ndarray | None = None,
    least: int = 4,
    seed: int | np.random.Generator = 0,
) -> ColdExam:
    """Make one exam of two groups of people and two groups of items.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (people, items)
        What is not 0, a person has.
    teachers, examined : array_like of bool, shape (people,)
        Nobody is both.
    cold : array_like of bool, shape (items,)
        What nobody is told about.
    warm : array_like of bool, shape (items,), optional
        What may be taught and shown. Default: all other items.
    least : int
        Examined is who has so many warm items, and a cold one; at least 1.
    seed : int or numpy.random.Generator
        Decides the order of the cold items.

    Returns
    -------
    ColdExam
        With at least one person.

    Raises
    ------
    TypeError
        If `interactions` does not hold real numbers, or an option is of the wrong kind.
    ValueError
        If a shape is wrong, somebody is teacher and examined, an item is warm and cold, there is
        no teacher or no item of a group, or nobody is left to be examined.

    Examples
    --------
    >>> exam = examine(np.ones((2, 3)), [True, False], [False, True], [False, False, True], least=2)
    >>> exam.train.shape, exam.seen.nnz, exam.hidden
    ((1, 2), 2, array([[ True]]))
    """
    known = _sparse_forms.canonical_csr("interactions", interactions, stored_zeros=False)
    least = _arguments.integer("least", least, 1)
    generator = _arguments.random_generator(seed)
    people, items = known.shape
    teachers = _arguments.truths("teachers", teachers, (people,))
    examined = _arguments.truths("examined", examined, (people,))
    cold = _arguments.truths("cold", cold, (items,))
    warm = ~cold if warm is None else _arguments.truths("warm", warm, (items,))
    _disjoint("teachers", "examined", "person", teachers, examined)
    _disjoint("warm", "cold", "item", warm, cold)
    for name, group in {"teachers": teachers, "warm": warm, "cold": cold}.items():
        if not group.any():
            raise ValueError(f"{name} must hold at least one True, got nothing but False")
    has = sp.csr_array(known.astype(bool).astype(np.float64))
    places = generator.permutation(np.flatnonzero(cold))
    asked = has[examined]
    asked = asked[np.diff(asked[:, warm].indptr) >= least]
    asked = asked[np.diff(asked[:, places].indptr) >= 1]
    if not asked.shape[0]:
        raise ValueError(
            f"examined must hold somebody with {least} warm items and a cold one, got nobody; "
            "examine more people or lower least"
        )
    return ColdExam(
        sp.csr_array(has[teachers][:, warm]),
        sp.csr_array(asked[:, warm]),
        asked[:, places].toarray() > 0,
        np.flatnonzero(warm),
        places,
        sp.csr_array(has[teachers][:, places]),
    )


def _disjoint(first: str, second: str, what: str, one: np.ndarray, other: np.ndarray) -> None:
    if (one & other).any():
        raise ValueError(
            f"{first} and {second} must have nothing in common, got {what} "
            f"{int(np.argmax(one & other))} in both; take it out of one"
        )


def deal(
    interactions: Matrix,
    *,
    folds: int = 5,
    least: int = 4,
    seed: int | np.random.Generator = 0,
) -> tuple[list[ColdExam], list[ColdExam]]:
    """Deal people and items into groups: each item is cold once, each person examined once.

    Introduced in *Recommend what nobody has rated*.

    In exam g the people of group g are asked for the items of group g. In its practice exam these
    people and items do not occur at all: another group of people is asked for another group of
    items, so whoever chooses a setting there has met neither.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (people, items)
        What is not 0, a person has.
    folds : int
        Number of groups, at least 3.
    least : int
        As in :func:`examine`.
    seed : int or numpy.random.Generator
        Decides the groups and the orders of the cold items.

    Returns
    -------
    exams, practice : list of ColdExam
        One of each for each group.

    Raises
    ------
    TypeError
        If `interactions` does not hold real numbers, or an option is of the wrong kind.
    ValueError
        If an option is out of range, or a group has nobody to be examined.

    Examples
    --------
    >>> final, practice = deal(np.ones((6, 9)), folds=3, least=3)
    >>> [exam.hidden.shape for exam in final], [exam.train.shape for exam in practice]
    ([(2, 3), (2, 3), (2, 3)], [(2, 3), (2, 3), (2, 3)])
    """
    known = _sparse_forms.canonical_csr("interactions", interactions, stored_zeros=False)
    if min(known.shape) < 3:
        raise ValueError(
            f"interactions must have at least 3 rows and columns to deal, got shape {known.shape}"
        )
    folds = _arguments.integer("folds", folds, 3, min(known.shape))
    generator = _arguments.random_generator(seed)
    person, item = (np.arange(size) % folds for size in known.shape)
    generator.shuffle(person)
    generator.shuffle(item)
    options: dict[str, Any] = {"least": least, "seed": generator}
    final = [examine(known, person != g, person == g, item == g, **options) for g in range(folds)]
    practice = []
    for g in range(folds):
        other = (g + 1) % folds
        teachers = (person != g) & (person != other)
        options["warm"] = (item != g) & (item != other)
        practice.append(examine(known, teachers, person == other, item == other, **options))
    return final, practice


def examine_later(
    interactions: Matrix,
    times: Matrix,
    *,
    share: float = 0.8,
    least: int = 4,
    seed: int | np.random.Generator = 0,
) -> ColdExam:
    """Make one exam by time: cold is what was first seen after a day, and so is who is asked.

    Introduced in *Recommend what nobody has rated*.

    The teachers are the people with a rating before that day, and they teach what they had by
    then. Whoever came later is examined. Nothing that a model is fitted to is younger than that
    day.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (people, items)
        What is not 0, a person has, such as likes.
    times : scipy sparse array, shape (people, items)
        When each rating was given, of all that was rated and not of likes alone: an item that was
        rated, and not liked, is not new. In any unit.
    share : float
        Share of the ratings before the day, above 0 and below 1.
    least : int
        As in :func:`examine`.
    seed : int or numpy.random.Generator
        Decides the order of the cold items.

    Returns
    -------
    ColdExam
        Items that nobody rated are neither warm nor cold.

    Raises
    ------
    TypeError
        If `times` is dense, a matrix does not hold real numbers, or an option is of the wrong kind.
    ValueError
        If the shapes differ, an interaction has no time, all times are equal, or nobody and
        nothing is left on one side of the day.

    Examples
    --------
    >>> times = sp.csr_array([[1, 2, 3], [7, 8, 9]])
    >>> exam = examine_later([[1, 1, 0], [1, 0, 1]], times, share=0.3, least=1)
    >>> exam.train.toarray(), exam.warm, exam.cold
    (array([[1., 1.]]), array([0, 1]), array([2]))
    """
    known = _sparse_forms.canonical_csr("interactions", interactions, stored_zeros=False)
    given = _sparse_forms.canonical_csr("times", times, sparse_only=True)
    share = _arguments.number("share", share, above=0, below=1)
    if given.shape != known.shape:
        raise ValueError(
            f"times must have the shape of interactions, {known.shape}, got {given.shape}"
        )
    if not given.nnz or given.data.min() == given.data.max():
        raise ValueError(
            "times must differ, or nothing is earlier than anything else; take an edition with "
            "timestamps, or hold items out at random with deal"
        )
    if not known.nnz:
        raise ValueError(f"interactions must hold at least one, got none in shape {known.shape}")
    has = sp.csr_array(known.astype(bool).astype(np.float64))
    rows = _sparse_forms.rows_of(given)
    rated = _marked(rows, given.indices, given.shape)
    if has.multiply(rated).nnz < has.nnz:
        raise ValueError("times must hold a time for each interaction, got one without")
    before = given.data < np.quantile(given.data, share)
    early = _marked(rows[before], given.indices[before], given.shape)
    teachers, warm = np.diff(early.indptr) > 0, early.sum(axis=0) > 0
    taught = has.multiply(early)  # what the teachers did later goes
    others = sp.diags_array((~teachers).astype(float)) @ has
    kept, cold = sp.csr_array(taught + others), (rated.sum(axis=0) > 0) & ~warm
    taught_by = teachers & (np.diff(sp.csr_array(taught).indptr) > 0)
    return examine(kept, taught_by, ~teachers, cold, warm=warm, least=least, seed=seed)


def _marked(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sp.csr_array:
    """Ones at some places."""
    return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape)


def reveal(exam: ColdExam, count: int, *, seed: int | np.random.Generator = 0) -> sp.csr_array:
    """Draw the first interactions of each cold item.

    Introduced in *Recommend what nobody has rated*.

    Parameters
    ----------
    exam : ColdExam
        Whose `first` is drawn from.
    count : int
        So many of each item, or all that it has; at least 0.
    seed : int or numpy.random.Generator
        Decides whose they are. With the same number, what a small count draws is a part of what a
        larger one draws.

    Returns
    -------
    csr_array of float64, shape (teachers, cold items)
        1 where a teacher has the item.

    Raises
    ------
    TypeError
        If `count` is no integer.
    ValueError
        If `count` is negative.

    Examples
    --------
    >>> exam = deal(np.ones((6, 9)), folds=3, least=3)[0][0]
    >>> reveal(exam, 2).sum(axis=0)
    array([2., 2., 2.])
    """
    exam = _objects.made_by("exam", exam, ColdExam, "examine")
    count = _arguments.integer("count", count, 0)
    by_item = exam.first.T.tocsr()
    item_of = _sparse_forms.rows_of(by_item)
    keys = _arguments.random_generator(seed).random(by_item.nnz)
    drawn = _sparse_forms.ranks_in_rows(by_item, keys) < count
    return _marked(by_item.indices[drawn], item_of[drawn], exam.first.shape)


def scores(model: Model, setting: Any, exam: ColdExam, features: Matrix) -> np.ndarray:
    """Fit a model to the teachers and let it score the cold items for the people examined.

    Introduced in *Recommend what nobody has rated*.

    Parameters
    ----------
    model : callable
        `model(train, features of the warm items, setting)` returns a function that takes rows of
        `seen` and the features of the cold items, and gives their scores.
    setting : object
        Passed on.
    exam : ColdExam
        Neither `hidden` nor `first` is given to the model.
    features : array_like or scipy sparse array, shape (items, features)
        A row for each column of the whole table.

    Returns
    -------
    ndarray of float64, shape (people, cold items)
        As the model gives them.

    Raises
    ------
    TypeError
        If `features` does not hold real numbers.
    ValueError
        If `features` has too few rows or the scores have another shape.

    Examples
    --------
    >>> exam = deal(np.ones((6, 9)), folds=3, least=3)[0][0]
    >>> def by_number(train, warm, setting):
    ...     return lambda seen, cold: np.tile(cold.sum(axis=1), (seen.shape[0], 1))
    >>> scores(by_number, None, exam, np.ones((9, 2))).shape
    (2, 3)
    """
    _objects.function("model", model, "model(train, features, setting)")
    _objects.made_by("exam", exam, ColdExam, "examine")
    rows = _sparse_forms.canonical_csr("features", features, stored_zeros=False)
    items = int(max(exam.warm.max(), exam.cold.max())) + 1
    if rows.shape[0] < items:
        raise ValueError(
            f"features must have a row for each of {items} items or more, got shape {rows.shape}"
        )
    score = model(exam.train, rows[exam.warm], setting)
    values = np.asarray(score(exam.seen, rows[exam.cold]), dtype=np.float64)
    if values.shape != exam.hidden.shape:
        raise ValueError(
            f"model must score {exam.hidden.shape[0]} people and {exam.hidden.shape[1]} cold "
            f"items, got shape {values.shape}"
        )
    return values


def climb(
    model: Model,
    settings: Sequence[Any],
    final: Sequence[ColdExam],
    practice: Sequence[ColdExam],
    features: Matrix,
) -> exams.Climb:
    """Choose a setting for each exam in its practice exam, then sit it.

    Introduced in *Recommend what nobody has rated*.

    Parameters
    ----------
    model : callable
        As for :func:`scores`.
    settings : sequence
        What is tried, hashable; if there is one, nothing is chosen and no practice is sat.
    final, practice : sequence of ColdExam
        As :func:`deal` gives them; at least 100 cold items in each.
    features : array_like or scipy sparse array, shape (items, features)
        A row for each column of the whole table.

    Returns
    -------
    Climb
        As of :func:`course_utils.exams.climb`.

    Raises
    ------
    ValueError
        If there is no setting, or not one practice exam for each exam.

    Examples
    --------
    >>> final, practice = deal(np.ones((6, 300)), folds=3)
    >>> def nothing(train, warm, setting):
    ...     return lambda seen, cold: np.zeros((seen.shape[0], cold.shape[0]))
    >>> climb(nothing, [None], final, practice, np.ones((300, 1))).marks["recall@20"]
    array([1., 1., 1., 1., 1., 1.])
    """
    _objects.function("model", model, "model(train, features, setting)")
    final = _objects.all_made_by("final", final, "exams", ColdExam, "deal")
    practice = _objects.all_made_by("practice", practice, "exams", ColdExam, "deal")
    return exams.climb_by(partial(scores, model, features=features), settings, final, practice)
