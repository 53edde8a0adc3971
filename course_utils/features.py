"""How good are features? Classifiers on few labels, and images found by their nearest codes.

Everything here takes arrays, whatever made them: pixels, PCA or an encoder. No framework is
needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student_t

from course_utils.ranking import top_k

__all__ = [
    "Curve",
    "Parts",
    "draw_rows",
    "label_budget_curve",
    "mean_interval",
    "nearest_rows",
]

_BLOCK = 1000  # queries whose distances to all rows are in memory at once


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
        Name of the candidate that the validation rows chose at each budget.
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
    if not 1 <= budget <= n_rows:
        raise ValueError(f"budget must be from 1 to the {n_rows} rows, got {budget}")
    return np.random.default_rng([seed, budget, draw]).choice(n_rows, budget, replace=False)


def label_budget_curve(
    features: Parts,
    labels: Parts,
    candidates: Mapping[str, Any],
    budgets: Sequence[int],
    *,
    draws: int = 5,
    seed: int = 0,
    workers: int = 1,
) -> Curve:
    """Measure what a classifier makes of features when only some of the rows have a label.

    Introduced in *Use codes as features*.

    At each budget every candidate – one classifier in several settings – is fitted once, to a draw
    that is used for nothing else, and the one with the highest accuracy on the validation rows is
    kept (a single candidate needs no choice). It is then fitted to `draws` other draws and scored
    on the test rows, which choose nothing.

    Parameters
    ----------
    features : Parts
        Features of shape (rows, columns).
    labels : Parts
        Labels of shape (rows,); of the training rows only those that are drawn are looked at.
    candidates : mapping of str to scikit-learn classifier
        Setting -> estimator; fitted are clones. If several are equally good the first is chosen.
    budgets : sequence of int
        Numbers of labelled rows.
    draws : int
        Draws at each budget, besides the one that chooses.
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
        If rows and labels differ in number, there is no candidate, or a number is out of range.

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
    from sklearn.base import clone
    from threadpoolctl import threadpool_limits

    for name, rows, answers in zip(Parts._fields, features, labels, strict=True):
        if len(rows) != len(answers) or len(rows) == 0:
            raise ValueError(
                f"{name}: need one label for each row and at least one row, "
                f"got {len(rows)} rows and {len(answers)} labels"
            )
    if not candidates:
        raise ValueError("candidates is empty; give at least one classifier to choose from")
    for number, name in ((draws, "draws"), (workers, "workers")):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")

    def score(candidate: Any, budget: int, draw: int, part: str) -> float:
        rows = draw_rows(len(features.train), budget, draw, seed=seed)
        fitted = clone(candidate).fit(features.train[rows], labels.train[rows])
        return float(np.mean(fitted.predict(getattr(features, part)) == getattr(labels, part)))

    accuracy = np.empty((len(budgets), draws))
    chosen = []
    # These matrices are small: threads of BLAS would mostly wait for each other, and for `workers`.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        for i, budget in enumerate(budgets):

            def on_validation(candidate: Any, budget: int = budget) -> float:
                return score(candidate, budget, 0, "validation")

            name, best = next(iter(candidates.items()))
            if len(candidates) > 1:
                scores = list(pool.map(on_validation, candidates.values()))
                name, best = list(candidates.items())[int(np.argmax(scores))]
            chosen.append(name)

            def on_test(draw: int, budget: int = budget, best: Any = best) -> float:
                return score(best, budget, draw, "test")

            accuracy[i] = list(pool.map(on_test, range(1, draws + 1)))
    return Curve(accuracy, chosen)


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
    sample = np.asarray(values, dtype=np.float64).ravel()
    if len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError(f"need at least two finite values, got {np.asarray(values).tolist()}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    half = student_t.ppf((1 + level) / 2, len(sample) - 1) * sample.std(ddof=1) / len(sample) ** 0.5
    return float(sample.mean() - half), float(sample.mean() + half)


def nearest_rows(codes: ArrayLike, queries: ArrayLike, k: int) -> np.ndarray:
    """Find the rows with the k nearest codes of each query, nearest first.

    Introduced in *Use codes as features*.

    Distances are Euclidean and are computed as `|q|² - 2 q·c + |c|²`, a product of matrices, for a
    thousand queries at a time.

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
    rows, wanted = np.asarray(codes), np.asarray(queries)
    if rows.ndim != 2 or wanted.ndim != 2 or rows.shape[1] != wanted.shape[1]:
        raise ValueError(
            "codes and queries must have two dimensions and the same number of columns, "
            f"got {rows.shape} and {wanted.shape}"
        )
    if rows.dtype.kind != "f":  # squares of bytes would overflow
        rows = rows.astype(np.float64)
    # |q|² is the same for all rows and so changes no order.
    half_norms = (rows**2).sum(axis=1) / 2
    found = [
        top_k(wanted[start : start + _BLOCK] @ rows.T - half_norms, k)
        for start in range(0, len(wanted), _BLOCK)
    ]
    return np.concatenate(found) if found else np.empty((0, k), dtype=np.intp)
