"""Examine recommenders on people they have never met, with settings chosen on others still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _objects, _sparse_forms, metrics, ranking
from course_utils._sparse_forms import Matrix
from course_utils.metrics.lists import found_for_each

__all__ = [
    "MEASURES",
    "Climb",
    "Exam",
    "Model",
    "climb",
    "climb_by",
    "deal",
    "examine",
    "hide_share",
    "marks",
    "scores",
]

# Name of a measure -> the function and the length of the list.
MEASURES: dict[str, tuple[Callable[..., np.ndarray], int]] = {
    "NDCG@100": (metrics.ndcg_at_k, 100),
    "NDCG@10": (metrics.ndcg_at_k, 10),
    "recall@20": (metrics.recall_at_k, 20),
    "recall@50": (metrics.recall_at_k, 50),
}

# A model learns from the teachers' rows with a setting, and returns what scores new rows.
Model = Callable[[sp.csr_array, Any], Callable[[sp.csr_array], np.ndarray]]


class Exam(NamedTuple):
    """People to learn from, and others of whom a part is shown and a part is hidden.

    Introduced in *Climb the recommender ladder*.

    Attributes
    ----------
    train : csr_array of float64, shape (teachers, items)
        What models may be fitted to. Only items that a teacher has are columns, unless
        :func:`examine` was to keep the others.
    seen : csr_array of float64, shape (people, items)
        What is shown of the people examined.
    hidden : ndarray of bool, shape (people, items)
        What a model is to find; at least one item for each person.
    items : ndarray of int, shape (items,)
        Which columns of the whole table these are.
    """

    train: sp.csr_array
    seen: sp.csr_array
    hidden: np.ndarray
    items: np.ndarray


class Climb(NamedTuple):
    """How a model fared: in practice with each setting, in the exams with the chosen ones.

    Introduced in *Climb the recommender ladder*.

    Attributes
    ----------
    practice : dict
        Setting -> NDCG@100 in each practice exam.
    chosen : list
        The setting of each exam: the best in *its* practice exam, of equal ones the first.
    marks : dict of str to ndarray
        Measure -> a mark for each person examined, exam after exam.
    lists : ndarray of int, shape (people of the first exam, 10)
        What is recommended there.
    """

    practice: dict[Any, np.ndarray]
    chosen: list[Any]
    marks: dict[str, np.ndarray]
    lists: np.ndarray


def hide_share(
    rows: Matrix,
    share: float = 0.2,
    *,
    times: Matrix | None = None,
    seed: int | np.random.Generator = 0,
) -> tuple[sp.csr_array, np.ndarray]:
    """Hide a share of the items of each person, rounded, and at least one.

    Introduced in *Climb the recommender ladder*.

    Parameters
    ----------
    rows : array_like or scipy sparse array, shape (people, items)
        What is not 0, a person has.
    share : float
        Above 0 and below 1.
    times : array_like or scipy sparse array, shape (people, items), optional
        When a person got each item. The latest are hidden then, and of equally late ones some that
        are drawn. Default: all are drawn.
    seed : int or numpy.random.Generator
        Decides which items are hidden.

    Returns
    -------
    seen : csr_array of float64, shape (people, items)
        1 where something is shown. Of one item nothing is left.
    hidden : ndarray of bool, shape (people, items)
        What is hidden.

    Raises
    ------
    TypeError
        If `rows` does not hold real numbers.
    ValueError
        If `share` is out of range, `rows` is not 2-D or not finite, or `times` has another shape
        or no time for an item that somebody has.

    Examples
    --------
    >>> seen, hidden = hide_share([[1, 1, 1, 0, 1, 1]], 0.4)
    >>> int(hidden.sum()), seen.nnz
    (2, 3)
    >>> hide_share([[1, 1, 1]], 0.4, times=[[30, 10, 20]])[1]
    array([[ True, False, False]])
    """
    known = _sparse_forms.canonical_csr("rows", rows, stored_zeros=False)
    share = _arguments.number("share", share, above=0, below=1)
    generator = _arguments.random_generator(seed)
    counts = np.diff(known.indptr)
    row_of = _sparse_forms.rows_of(known)
    drawn = generator.random(known.nnz)
    keys = [drawn] if times is None else [drawn, -_times_of(known, times)]
    limit = np.maximum(1, np.round(share * counts))[row_of]
    hide = _sparse_forms.ranks_in_rows(known, *keys) < limit
    places = row_of, known.indices
    seen, hidden = (
        sp.csr_array((np.ones(part.sum()), tuple(axis[part] for axis in places)), known.shape)
        for part in (~hide, hide)
    )
    return seen, hidden.toarray() > 0


def _checked_times(known: sp.csr_array, times: Matrix) -> sp.csr_array:
    given = _sparse_forms.canonical_csr("times", times)
    if given.shape != known.shape:
        raise ValueError(f"times must have shape {known.shape}, as the rows, got {given.shape}")
    return given


def _times_of(known: sp.csr_array, times: Matrix) -> np.ndarray:
    """Time of each stored entry."""
    given = _checked_times(known, times)
    there = sp.csr_array((np.ones(given.nnz), given.indices, given.indptr), given.shape)
    if there.multiply(known.astype(bool)).nnz < known.nnz:
        raise ValueError(
            "times must hold a time for each item that somebody has; where there are none, "
            "nothing can be hidden by time"
        )
    if not known.nnz:  # SciPy gives one row of nothing for no positions
        return np.zeros(0)
    return np.asarray(given[_sparse_forms.rows_of(known), known.indices]).ravel()


def examine(
    interactions: Matrix,
    teachers: np.ndarray,
    examined: np.ndarray,
    *,
    share: float = 0.2,
    least: int = 5,
    keep_unknown: bool = False,
    times: Matrix | None = None,
    seed: int | np.random.Generator = 0,
) -> Exam:
    """Make one exam of two groups of people.

    Introduced in *Climb the recommender ladder*.

    Items that no teacher has are left out, and whoever then has too few, too. With `keep_unknown`
    they stay: nobody can find them, so those that are hidden are misses, and people and what is
    hidden are the same whoever teaches.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (people, items)
        What is not 0, a person has.
    teachers, examined : array_like of bool, shape (people,)
        Nobody is both.
    share : float
        Share of a person's items that is hidden.
    least : int
        Examined is who has so many items that a teacher has, or any with `keep_unknown`; at least
        2.
    keep_unknown : bool
        Whether items that no teacher has are kept.
    times : array_like or scipy sparse array, shape (people, items), optional
        As in :func:`hide_share`.
    seed : int or numpy.random.Generator
        Decides which items are hidden.

    Returns
    -------
    Exam
        With at least one person.

    Raises
    ------
    TypeError
        If `interactions` does not hold real numbers, or an option is of the wrong kind.
    ValueError
        If a shape or an option is wrong, somebody is teacher and examined, or nobody is left to
        be examined.

    Examples
    --------
    >>> exam = examine([[1, 1, 0], [1, 1, 1]], [True, False], [False, True], least=2)
    >>> exam.train.shape, exam.seen.nnz, int(exam.hidden.sum())
    ((1, 2), 1, 1)
    """
    known = _sparse_forms.canonical_csr("interactions", interactions, stored_zeros=False)
    least = _arguments.integer("least", least, 2)
    people = (known.shape[0],)
    teachers = _arguments.truths("teachers", teachers, people)
    examined = _arguments.truths("examined", examined, people)
    if (teachers & examined).any():
        raise ValueError(
            f"teachers and examined must be different people, got person "
            f"{int(np.argmax(teachers & examined))} in both; take them out of one"
        )
    train = known[teachers].astype(bool).astype(np.float64)
    counts = train.sum(axis=0)
    items = np.flatnonzero(counts >= (0 if _arguments.flag("keep_unknown", keep_unknown) else 1))
    people_of = np.flatnonzero(examined)
    judged = known[people_of][:, items]
    enough = np.diff(judged.indptr) >= least
    judged = judged[enough]
    if times is not None:
        times = _checked_times(known, times)[people_of[enough]][:, items]
    if not judged.shape[0]:
        raise ValueError(
            f"examined must hold somebody with {least} items that a teacher has, got nobody; "
            "examine more people or lower least"
        )
    seen, hidden = hide_share(judged, share, times=times, seed=seed)
    return Exam(sp.csr_array(train[:, items]), seen, hidden, items)


def deal(
    interactions: Matrix,
    *,
    folds: int = 5,
    share: float = 0.2,
    least: int = 5,
    times: Matrix | None = None,
    seed: int | np.random.Generator = 0,
) -> tuple[list[Exam], list[Exam]]:
    """Deal people into groups: each is examined once, and each exam has a practice exam.

    Introduced in *Climb the recommender ladder*.

    Cross-validation over people, nested: models learn from all groups but the one examined. In the
    practice exam one of *these* groups is examined, and the others teach, so whoever chooses a
    setting there has not met the people of the exam.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (people, items)
        What is not 0, a person has.
    folds : int
        Number of groups, at least 3.
    share, least, times : float, int, matrix
        As in :func:`examine`.
    seed : int or numpy.random.Generator
        Decides the groups and what is hidden.

    Returns
    -------
    exams, practice : list of Exam
        One of each for each group.

    Raises
    ------
    TypeError
        If `interactions` does not hold real numbers, or an option is of the wrong kind.
    ValueError
        If an option is out of range, or a group has nobody to be examined.

    Examples
    --------
    >>> exams, practice = deal(np.ones((6, 5)), folds=3)
    >>> [len(exam.hidden) for exam in exams], [exam.train.shape[0] for exam in practice]
    ([2, 2, 2], [2, 2, 2])
    """
    known = _sparse_forms.canonical_csr("interactions", interactions, stored_zeros=False)
    folds = _arguments.integer("folds", folds, 3, max(3, known.shape[0]))
    generator = _arguments.random_generator(seed)
    group = np.arange(known.shape[0]) % folds
    generator.shuffle(group)
    options: dict[str, Any] = {"share": share, "least": least, "times": times, "seed": generator}
    exams = [examine(known, group != g, group == g, **options) for g in range(folds)]
    practice = []
    for g in range(folds):
        helpers = group == (g + 1) % folds
        practice.append(examine(known, ~helpers & (group != g), helpers, **options))
    return exams, practice


def scores(model: Model, setting: Any, exam: Exam) -> np.ndarray:
    """Fit a model to the teachers and let it score all items for the people examined.

    Introduced in *Climb the recommender ladder*.

    Parameters
    ----------
    model : callable
        `model(train, setting)` returns a function from rows of `seen` to scores.
    setting : object
        Passed on.
    exam : Exam
        The hidden items are not given to the model.

    Returns
    -------
    ndarray of float64, shape (people, items)
        Minus infinity for what a person has been shown to have, and for what no teacher has.

    Raises
    ------
    ValueError
        If the model's scores have another shape.

    Examples
    --------
    >>> exam = Exam(sp.csr_array([[1.0, 1]]), sp.csr_array([[1.0, 0]]), np.array([[0, 1]]) > 0,
    ...             np.arange(2))
    >>> scores(lambda train, _: lambda seen: np.ones(seen.shape), None, exam)
    array([[-inf,   1.]])
    """
    _objects.function("model", model, "model(train, setting)")
    _objects.made_by("exam", exam, Exam, "examine")
    known = np.flatnonzero(exam.train.sum(axis=0))
    train, seen = exam.train, exam.seen
    if len(known) < train.shape[1]:  # nothing can be learnt of the others
        train, seen = train[:, known], seen[:, known]
    values = np.asarray(model(train, setting)(seen), dtype=np.float64)
    if values.shape != seen.shape:
        raise ValueError(
            f"model must score {seen.shape[0]} people and {seen.shape[1]} items, "
            f"got shape {values.shape}"
        )
    everything = np.full(exam.hidden.shape, -np.inf)
    everything[:, known] = np.where(seen.toarray() > 0, -np.inf, values)
    return everything


def marks(values: np.ndarray, hidden: np.ndarray) -> dict[str, np.ndarray]:
    """Mark the scores of each person with all measures of the course.

    Parameters
    ----------
    values : array_like, shape (people, items)
        As :func:`scores` gives them; at least 100 items.
    hidden : array_like of bool, shape (people, items)
        What should have been found.

    Returns
    -------
    dict of str to ndarray of shape (people,)
        NDCG@100, NDCG@10, recall@20 and recall@50.

    Raises
    ------
    ValueError
        As for :func:`course_utils.metrics.ndcg_at_k`.

    Examples
    --------
    >>> list(marks(np.eye(2, 100), np.eye(2, 100) > 0)["recall@20"])
    [np.float64(1.0), np.float64(1.0)]
    """
    scores = ranking.rankable("values", values)
    relevant = found_for_each("hidden", _arguments.truths("hidden", hidden, scores.shape))
    return {name: measure(scores, relevant, k) for name, (measure, k) in MEASURES.items()}


def climb(
    model: Model, settings: Sequence[Any], exams: Sequence[Exam], practice: Sequence[Exam]
) -> Climb:
    """Choose a setting for each exam in its practice exam, then sit it.

    Introduced in *Climb the recommender ladder*.

    Parameters
    ----------
    model : callable
        `model(train, setting)` returns a function from rows of `seen` to scores.
    settings : sequence
        What is tried, hashable; if there is one, nothing is chosen and no practice is sat.
    exams, practice : sequence of Exam
        As :func:`deal` gives them.

    Returns
    -------
    Climb
        Settings, marks and lists.

    Raises
    ------
    ValueError
        If there is no setting, or not one practice exam for each exam.

    Examples
    --------
    >>> exams, practice = deal(np.ones((6, 200)), folds=3)
    >>> done = climb(lambda train, _: lambda seen: np.ones(seen.shape), [None], exams, practice)
    >>> done.chosen, done.marks["NDCG@10"].shape, done.lists.shape
    ([None, None, None], (6,), (2, 10))
    """
    _objects.function("model", model, "model(train, setting)")
    exams = _objects.all_made_by("exams", exams, "exams", Exam, "deal")
    practice = _objects.all_made_by("practice", practice, "exams", Exam, "deal")
    return climb_by(partial(scores, model), settings, exams, practice)


def climb_by(
    sit: Callable[[Any, Any], np.ndarray],
    settings: Sequence[Any],
    exams: Sequence[Any],
    practice: Sequence[Any],
) -> Climb:
    """Do what :func:`climb` does, with exams of any kind.

    Parameters
    ----------
    sit : callable
        `sit(setting, exam)` returns scores of the shape of `exam.hidden`.
    settings : sequence
        What is tried, hashable; if there is one, nothing is chosen and no practice is sat.
    exams, practice : sequence
        Each says in its `hidden` what should be found.

    Returns
    -------
    Climb
        Settings, marks and lists.

    Raises
    ------
    ValueError
        If there is no setting, or not one practice exam for each exam.

    Examples
    --------
    >>> exams, practice = deal(np.ones((6, 200)), folds=3)
    >>> done = climb_by(lambda _, exam: exam.hidden.astype(float), ["any"], exams, practice)
    >>> done.marks["recall@20"].mean()
    np.float64(1.0)
    """
    settings = _objects.items("settings", settings, "settings")
    exams = _objects.items("exams", exams, "exams")
    practice = _objects.items("practice", practice, "exams")
    if not settings or len(exams) != len(practice) or not exams:
        raise ValueError(
            f"climb needs a setting and a practice exam for each exam, got {len(settings)} "
            f"settings, {len(practice)} practice exams and {len(exams)} exams"
        )
    tried: dict[Any, np.ndarray] = {}
    if len(settings) > 1:
        tried = {each: _practised(sit, each, practice) for each in settings}
        best = np.argmax(list(tried.values()), axis=0)
        chosen = [settings[place] for place in best]
    else:
        chosen = [settings[0]] * len(exams)
    values = [sit(each, exam) for each, exam in zip(chosen, exams, strict=True)]
    each = [marks(one, exam.hidden) for one, exam in zip(values, exams, strict=True)]
    together = {name: np.concatenate([one[name] for one in each]) for name in MEASURES}
    return Climb(tried, chosen, together, ranking.top_k(values[0], 10))


def _practised(
    sit: Callable[[Any, Any], np.ndarray], setting: Any, practice: Sequence[Any]
) -> np.ndarray:
    """Mean NDCG@100 of one setting in each practice exam."""
    found = [metrics.ndcg_at_k(sit(setting, exam), exam.hidden, 100).mean() for exam in practice]
    return np.array(found)
