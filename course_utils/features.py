"""How good are features? Classifiers on few labels, and images found by their nearest codes.

Everything here takes arrays, whatever made them: pixels, PCA or an encoder. No framework is
needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments, _objects
from course_utils.metrics import mean_interval
from course_utils.ranking import best_of, candidates

__all__ = [
    "Curve",
    "Parts",
    "draw_rows",
    "label_budget_curve",
    "mean_interval",
    "nearest_rows",
]

_BLOCK_CELLS = 2**21  # distances, or coordinates, that are in memory at once: 16 MB
_ENOUGH = 300  # answers on labelled rows after which no further fold is tried


class Parts(NamedTuple):
    """The same thing – features or labels – of the rows to learn from, to choose by, to test on.

    Introduced in *Use codes as features*.

    Attributes
    ----------
    train, validation, test : ndarray
        One row, or one label, for each example.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


class Curve(NamedTuple):
    """Accuracy of one kind of features at several numbers of labels.

    Introduced in *Use codes as features*.

    Attributes
    ----------
    accuracy : ndarray, shape (budgets, draws)
        Share of the test rows that are classified correctly, for each draw of labelled rows.
    chosen : list of str
        Name of the candidate that was chosen at each budget; where each draw chose for itself,
        the names with the number of draws, the most frequent first: "k=1 (3), k=5 (1)".
    """

    accuracy: np.ndarray
    chosen: list[str]


def draw_rows(n_rows: int, budget: int, draw: int, *, seed: int = 0) -> np.ndarray:
    """Draw the rows that get a label.

    Introduced in *Use codes as features*.

    The same numbers give the same rows, so that several kinds of features can be compared on the
    same labelled rows: what is easy or hard about one draw then cancels from their difference.

    Parameters
    ----------
    n_rows : int
        Rows to draw from.
    budget : int
        How many are drawn, without replacement.
    draw : int
        Number of the draw, from 0.
    seed : int
        Another seed gives other draws.

    Returns
    -------
    ndarray of int, shape (budget,)
        Numbers of different rows, in random order.

    Raises
    ------
    ValueError
        If `budget` is not between 1 and `n_rows`.

    Examples
    --------
    >>> draw_rows(10, 3, draw=0)
    array([4, 8, 9])
    """
    n_rows = _arguments.integer("n_rows", n_rows, 1)
    budget = _arguments.integer("budget", budget, 1, n_rows)
    draw, seed = _arguments.integer("draw", draw, 0), _arguments.integer("seed", seed, 0)
    return np.random.default_rng([seed, budget, draw]).choice(n_rows, budget, replace=False)


def label_budget_curve(
    features: Parts,
    labels: Parts,
    candidates: Mapping[str, Any],
    budgets: Sequence[int],
    *,
    draws: int = 5,
    folds: int = 0,
    seed: int = 0,
    workers: int = 1,
) -> Curve:
    """Measure what a classifier makes of features when only some of the rows have a label.

    Introduced in *Use codes as features*.

    A candidate is one classifier in one of several settings; which one is kept costs labels, too.

    With `folds` each draw chooses by cross-validation among its own labels, so that a budget of 100
    has cost 100 labels: its rows are cut into folds, each fold in turn is predicted from the rest,
    and the candidate with the most right answers is fitted to the whole draw. Folds are tried
    until 300 rows have been predicted; of 1,000 labels in three folds that is the first.

    Without `folds` the labels of the validation rows choose, a gift on top of every budget [1]_:
    each candidate is fitted once, to a draw that is used for nothing else, and the one with the
    highest accuracy on the validation rows is fitted to `draws` other draws.

    The test rows choose nothing, and a single candidate needs no choice.

    Parameters
    ----------
    features : Parts
        Features of shape (rows, columns). With `folds` the validation rows are not looked at.
    labels : Parts
        Labels of shape (rows,); of the training rows only those that are drawn are looked at.
    candidates : mapping of str to scikit-learn classifier
        Setting -> estimator; fitted are clones. If several are equally good the first is chosen.
    budgets : sequence of int
        Numbers of labelled rows.
    draws : int
        Draws at each budget that are scored.
    folds : int
        Parts of each draw for cross-validation, from 2; 0 lets the validation rows choose.
    seed : int
        Decides the draws, see :func:`draw_rows`.
    workers : int
        Threads that fit at the same time. The result is the same for any number of them.

    Returns
    -------
    Curve
        Accuracies of shape (budgets, draws) and the names of the chosen candidates.

    Raises
    ------
    ValueError
        If rows and labels differ in number, there is no candidate, a number is out of range, or a
        budget has fewer labels than folds.

    References
    ----------
    .. [1] A. Oliver, A. Odena, C. Raffel, E. D. Cubuk, I. J. Goodfellow, "Realistic evaluation of
       deep semi-supervised learning algorithms", NeurIPS 2018, arXiv:1804.09170.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> x = np.arange(40.0).reshape(40, 1)
    >>> curve = label_budget_curve(
    ...     Parts(x, x, x),
    ...     Parts(x[:, 0] < 20, x[:, 0] < 20, x[:, 0] < 20),
    ...     {"depth 1": DecisionTreeClassifier(max_depth=1)},
    ...     [40],
    ...     draws=2,
    ... )
    >>> curve.accuracy, curve.chosen
    (array([[1., 1.]]), ['depth 1'])
    """
    from threadpoolctl import threadpool_limits

    features, labels = _checked_parts("features", features), _checked_parts("labels", labels)
    for name, rows, answers in zip(Parts._fields, features, labels, strict=True):
        if len(rows) != len(answers):
            raise ValueError(
                f"{name} must have one label for each row, "
                f"got {len(rows)} rows and {len(answers)} labels"
            )
    candidates = _objects.mapping("candidates", candidates, "settings and their classifiers")
    if not candidates:
        raise ValueError("candidates must hold at least one classifier to choose from, got none")
    folds = _arguments.integer("folds", folds, 0)
    if folds == 1:
        raise ValueError("folds must be 0, or at least 2 to predict each from the rest; got 1")
    lowest = max(1, folds)
    budgets = [
        _arguments.integer("each of budgets", budget, lowest, len(features.train))
        for budget in _objects.items("budgets", budgets, "numbers of rows")
    ]
    draws = _arguments.integer("draws", draws, 1)
    workers = _arguments.integer("workers", workers, 1)
    seed = _arguments.integer("seed", seed, 0)
    names, classifiers = list(candidates), list(candidates.values())
    score = partial(_accuracy, features, labels, seed)
    accuracy = np.empty((len(budgets), draws))
    chosen = []
    # These matrices are small: threads of BLAS and of OpenMP, whose number each worker sets for
    # itself, would mostly wait for each other, and for `workers`.
    crew = ThreadPoolExecutor(workers, initializer=threadpool_limits, initargs=(1, "openmp"))
    with threadpool_limits(1, user_api="blas"), crew as pool:
        for i, budget in enumerate(budgets):
            numbers = range(1, draws + 1)
            best = [0] * draws
            if folds and len(classifiers) > 1:
                vote = partial(_chosen_within, features, labels, seed, classifiers, folds, budget)
                best = list(pool.map(vote, numbers))
            elif len(classifiers) > 1:
                choosing = pool.map(score, classifiers, repeat(budget), repeat(0), repeat(1))
                best = [int(np.argmax(list(choosing)))] * draws
            chosen.append(_tally([names[b] for b in best]) if folds else names[best[0]])
            kept = [classifiers[b] for b in best]
            accuracy[i] = list(pool.map(score, kept, repeat(budget), numbers, repeat(2)))
    return Curve(accuracy, chosen)


def _tally(names: Sequence[str]) -> str:
    """Each name with its number, the most frequent first."""
    return ", ".join(f"{name} ({count})" for name, count in Counter(names).most_common())


def _chosen_within(
    features: Parts,
    labels: Parts,
    seed: int,
    classifiers: Sequence[Any],
    folds: int,
    budget: int,
    draw: int,
) -> int:
    """Find the candidate that predicts most of one draw from the rest of it."""
    from sklearn.base import clone

    rows = draw_rows(len(features.train), budget, draw, seed=seed)
    right = np.zeros(len(classifiers), dtype=int)
    predicted = 0
    for fold in range(folds):
        held = rows[fold::folds]
        rest = np.delete(rows, slice(fold, None, folds))
        for i, classifier in enumerate(classifiers):
            fitted = clone(classifier).fit(features.train[rest], labels.train[rest])
            right[i] += np.sum(fitted.predict(features.train[held]) == labels.train[held])
        predicted += len(held)
        if predicted >= _ENOUGH:
            break
    return int(np.argmax(right))


def _checked_parts(name: str, parts: Parts) -> Parts:
    """Three arrays, none of them empty; what they hold is for the classifier to judge."""
    three = _objects.parts(name, parts, 3, "three parts: train, validation and test")
    arrays = [
        _arguments.as_array(f"{name}.{field}", part)
        for field, part in zip(Parts._fields, three, strict=True)
    ]
    for field, array in zip(Parts._fields, arrays, strict=True):
        if array.size == 0:
            raise ValueError(f"{name}.{field} must not be empty, got shape {array.shape}")
    return Parts(*arrays)


def _accuracy(
    features: Parts, labels: Parts, seed: int, classifier: Any, budget: int, draw: int, judge: int
) -> float:
    """Accuracy on the judging part of a clone that was fitted to one draw of labelled rows."""
    from sklearn.base import clone

    rows = draw_rows(len(features.train), budget, draw, seed=seed)
    fitted = clone(classifier).fit(features.train[rows], labels.train[rows])
    return float(np.mean(fitted.predict(features[judge]) == labels[judge]))


def nearest_rows(codes: ArrayLike, queries: ArrayLike, k: int) -> np.ndarray:
    """Find the rows with the k nearest codes of each query, nearest first.

    Introduced in *Use codes as features*.

    Distances are Euclidean. A product of matrices, `|q|² - 2 q·c + |c|²`, finds for a block of
    queries which rows *may* be among the nearest; these few are compared by their differences.

    Parameters
    ----------
    codes : array_like, shape (rows, columns)
        What is searched.
    queries : array_like, shape (queries, columns)
        What is searched for.
    k : int
        From 1 to the number of rows.

    Returns
    -------
    ndarray of int, shape (queries, k)
        Numbers of rows of `codes`; of equally near ones the lower comes first.

    Raises
    ------
    ValueError
        If the shapes do not fit or `k` is out of range.

    Examples
    --------
    >>> nearest_rows([[0.0], [1.0], [5.0]], [[0.9], [4.0]], 2)
    array([[1, 0],
           [2, 1]])
    """
    rows = _arguments.dense("codes", codes, ndim=2, shape="(rows, columns)")
    wanted = _arguments.dense("queries", queries, ndim=2, shape="(queries, columns)", empty=True)
    if rows.shape[1] != wanted.shape[1]:
        raise ValueError(
            "codes and queries must have the same number of columns, "
            f"got {rows.shape} and {wanted.shape}"
        )
    k = _arguments.integer("k", k, 1, len(rows))
    # Far from zero the squares of the product would cancel; around their middle they do not. A
    # power of two as unit changes no digit and keeps all squares within range.
    centre = rows.min(axis=0) / 2 + rows.max(axis=0) / 2
    near, far = rows - centre, wanted - centre
    unit = 2.0 ** np.frexp(max(np.abs(near).max(), np.abs(far).max(initial=0)))[1]
    near, far, rows, wanted = near / unit, far / unit, rows / unit, wanted / unit
    half_norms = (near**2).sum(axis=1) / 2
    reach = np.sqrt(2 * half_norms.max())
    rounding = 4 * (rows.shape[1] + 8) * np.finfo(np.float64).eps
    found = np.empty((len(wanted), k), dtype=np.intp)
    step = max(1, _BLOCK_CELLS // max(rows.shape))
    for start in range(0, len(wanted), step):
        asked = far[start : start + step]
        # |q|² is the same for all rows and so changes no order.
        closeness = asked @ near.T - half_norms
        slack = rounding * reach * (np.linalg.norm(asked, axis=1) + reach)
        places, columns = candidates(closeness, k, slack)
        exact = -_squared_distances(rows, columns, wanted, places + start)
        found[start : start + step] = columns[best_of(places, columns, exact, k, len(asked))]
    return found


def _squared_distances(
    rows: np.ndarray, columns: np.ndarray, queries: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Squared distances of pairs, from differences and so without cancellation."""
    squares = np.empty(len(columns))
    step = max(1, _BLOCK_CELLS // rows.shape[1])
    for start in range(0, len(columns), step):
        pairs = slice(start, start + step)
        squares[pairs] = ((rows[columns[pairs]] - queries[places[pairs]]) ** 2).sum(axis=1)
    return squares
