"""Implicit-feedback ALS: two tables of factors from every cell, the empty ones with less weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix
from course_utils._threads import one_blas_thread

# Gathered numbers of the vectors of one batch of rows: 32 MB.
_BATCH = 2**22

# A smaller penalty, as a share of the largest eigenvalue, would be decided by rounding.
_SMALLEST_PENALTY = 1e-10

# Weights and penalties beyond this are refused or cut, so that no product of two is infinite.
_LARGEST = 1e100


class ImplicitALS(NamedTuple):
    """Factors of a table in which an empty cell is weak evidence of no interest.

    Introduced in *Climb the recommender ladder*.

    Attributes
    ----------
    rows : ndarray of float64, shape (users, k)
        One code for each user it was fitted to; what `codes` gives for their interactions.
    columns : ndarray of float64, shape (items, k)
        One vector for each item.
    alpha : float
        An interaction x weighs 1 + alpha x, an empty cell 1.
    l2 : float
        The penalty.
    by_weight : bool
        Whether the penalty of a row is `l2` times the sum of its weights, or `l2` itself.
    """

    rows: np.ndarray
    columns: np.ndarray
    alpha: float
    l2: float
    by_weight: bool

    def codes(self, interactions: Matrix) -> np.ndarray:
        """Fold users in, those it was fitted to or new ones.

        Parameters
        ----------
        interactions : array_like or scipy sparse array, shape (n, items)
            As in :func:`fit_implicit_als`.

        Returns
        -------
        ndarray of float64, shape (n, k)
            The best code of each user for the given item vectors. Without interactions it is 0.

        Raises
        ------
        TypeError
            If `interactions` does not hold real numbers.
        ValueError
            If the number of items differs, or a number is not finite, negative or too large.

        Examples
        --------
        >>> model = fit_implicit_als([[1, 1, 0], [1, 1, 0]], 1, alpha=8, l2=1.0, seed=1)
        >>> bool(np.allclose(model.codes([[1, 1, 0], [0, 0, 0]]), [model.rows[0], [0]]))
        True
        """
        known = _checked(interactions, self.alpha)
        if known.shape[1] != len(self.columns):
            raise ValueError(
                f"interactions must have {len(self.columns)} columns, one for each item, got "
                f"shape {known.shape}"
            )
        with one_blas_thread():
            return _weighted_codes(known, self.columns, self.alpha, self.l2, self.by_weight)

    def scores(self, interactions: Matrix) -> np.ndarray:
        """Score all items for users, those it was fitted to or new ones.

        Parameters
        ----------
        interactions : array_like or scipy sparse array, shape (n, items)
            As in :func:`fit_implicit_als`.

        Returns
        -------
        ndarray of float64, shape (n, items)
            `codes @ columns.T`: near 1 for what the user would like. Items the user already has
            are scored too; leave them out of a list.

        Raises
        ------
        TypeError
            If `interactions` does not hold real numbers.
        ValueError
            If the number of items differs, or a number is not finite, negative or too large.

        Examples
        --------
        >>> likes = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]]
        >>> model = fit_implicit_als(likes, 2, alpha=8, l2=0.01)
        >>> model.scores([[1, 0, 0]]).round(1) + 0.0
        array([[0.9, 0.9, 0. ]])
        """
        return self.codes(interactions) @ self.columns.T

    def parts(self, interactions: Matrix, item: int) -> np.ndarray:
        """Split one score of a user into what each interaction contributes to it.

        The code of a user is a weighted sum over the interactions, and so is every score. The
        parts are exact for the given history. Without one of its interactions the weights
        of the others change, too, so a score does not fall by exactly that part.

        Parameters
        ----------
        interactions : array_like or scipy sparse array, shape (1, items)
            One user's, as in :func:`fit_implicit_als`.
        item : int
            The item whose score is explained.

        Returns
        -------
        ndarray of float64, shape (items,)
            The sum is the score. 0 where the user has no interaction; a part may be negative.

        Raises
        ------
        TypeError
            If `interactions` does not hold real numbers or `item` is no integer.
        ValueError
            If there is not exactly one row, the number of items differs, `item` is out of range,
            or a number is not finite, negative or too large.

        Examples
        --------
        >>> likes = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]]
        >>> model = fit_implicit_als(likes, 2, alpha=8, l2=0.01)
        >>> parts = model.parts([[1, 0, 1]], 1)
        >>> bool(np.isclose(parts.sum(), model.scores([[1, 0, 1]])[0, 1])), int(parts.argmax())
        (True, 0)
        """
        item = _arguments.integer("item", item, 0, len(self.columns) - 1)
        known = _checked(interactions, self.alpha)
        if known.shape != (1, len(self.columns)):
            raise ValueError(
                f"interactions must have one row and {len(self.columns)} columns, one for each "
                f"item, got shape {known.shape}; ask for one user at a time"
            )
        strengths, _, turned = _turned(self.columns)
        penalty = _penalties(known, self.alpha, self.l2, self.by_weight, strengths)[0]
        mine, weights = turned[known.indices], 1 + self.alpha * known.data
        gram = (mine * (weights - 1)[:, None]).T @ mine + np.diag(strengths + penalty)
        result = np.zeros(len(self.columns))
        result[known.indices] = weights * (mine @ np.linalg.solve(gram, turned[item]))
        return result


def fit_implicit_als(
    interactions: Matrix,
    k: int,
    *,
    alpha: float,
    l2: float,
    by_weight: bool = True,
    rounds: int = 10,
    seed: int | np.random.Generator = 0,
) -> ImplicitALS:
    """Factorise a table of interactions, with a small weight on the cells that are empty.

    Introduced in *Climb the recommender ladder*.

    Whoever interacted with an item is taken to want it (1), and all others not to (0): strongly
    where there is an interaction, weakly where there is none. Given the vectors of the items, the
    best code of each user is a weighted ridge regression on *all* items, and the other way round;
    each round does both, and no step can make the objective larger.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (users, items)
        0 or more: 1 for "likes", or how often. What is not stored is 0, so is a stored 0.
    k : int
        Number of factors, from 1 to min(users, items).
    alpha : float
        An interaction x weighs 1 + alpha x, an empty cell 1. 0 or more; the best is searched.
    l2 : float
        Weight of the squared factors, above 0. With `by_weight` some thousandths.
    by_weight : bool
        Whether the penalty of a user or item is `l2` times the sum of the weights of its cells
        (Rendle et al., 2022), so that one `l2` suits short and long rows, or `l2` itself.
    rounds : int
        How often both sides are solved.
    seed : int or numpy.random.Generator
        Of the random vectors of the items at the start.

    Returns
    -------
    ImplicitALS
        With `codes`, `scores` and `parts`. The users are solved once more at the end.

    Raises
    ------
    TypeError
        If `interactions` does not hold real numbers, `k` or `rounds` is not an integer, `alpha`
        or `l2` is no number, or `by_weight` is no truth value.
    ValueError
        If `interactions` is not 2-D, empty, not finite or negative, a number is out of range, or
        `alpha` times an interaction beyond 1e100.

    Notes
    -----
    With the item vectors V, a user's system has the matrix VᵀWV + penalty, W a diagonal of weights.
    It is never formed from all items: VᵀWV = VᵀV + alpha Σ x v vᵀ over the user's own items, one
    matrix for everybody plus a sparse correction. VᵀV is made diagonal once, so a user with
    m < k interactions needs a system of m equations only. Time O(items k² + Σ m² k) a side,
    memory O((users + items) k) and some ten megabytes. A penalty below 1e-10 times the
    largest eigenvalue of VᵀV is raised to that, for rounding would decide.

    Y. Hu, Y. Koren, C. Volinsky (2008). Collaborative filtering for implicit feedback datasets.
    ICDM, equations (3) to (5). doi:10.1109/ICDM.2008.22

    S. Rendle, W. Krichene, L. Zhang, Y. Koren (2022). Revisiting the performance of iALS on item
    recommendation benchmarks. RecSys. doi:10.1145/3523227.3548486

    Examples
    --------
    >>> likes = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]]
    >>> model = fit_implicit_als(likes, 2, alpha=8, l2=0.01)
    >>> model.columns.shape, bool(np.allclose(model.codes(likes), model.rows))
    ((3, 2), True)
    """
    alpha = _arguments.number("alpha", alpha, low=0)
    known = _checked(interactions, alpha, empty=False)
    k = _arguments.integer("k", k, 1, min(known.shape))
    l2 = _arguments.number("l2", l2, above=0)
    by_weight = _arguments.flag("by_weight", by_weight)
    rounds = _arguments.integer("rounds", rounds, 1)
    generator = _arguments.random_generator(seed)
    columns = generator.standard_normal((k, known.shape[1])).T / np.sqrt(k)
    by_item = known.T.tocsr()
    with one_blas_thread():  # thousands of systems of k equations at most
        for _ in range(rounds):
            rows = _weighted_codes(known, columns, alpha, l2, by_weight)
            columns = _weighted_codes(by_item, rows, alpha, l2, by_weight)
        rows = _weighted_codes(known, columns, alpha, l2, by_weight)
    return ImplicitALS(rows, columns, alpha, l2, by_weight)


def _checked(interactions: Matrix, alpha: float, empty: bool = True) -> sp.csr_array:
    """Interactions as CSR of positive float64 whose weights are finite."""
    known = _sparse_forms.canonical_csr(
        "interactions", interactions, stored_zeros=False, empty=empty
    )
    known = known.astype(np.float64)
    _sparse_forms.check_not_negative("interactions", known)
    largest = known.data.max(initial=0.0)
    if largest > _LARGEST or alpha > _LARGEST / max(largest, 1.0):
        raise ValueError(
            f"alpha times the largest of interactions must be at most {_LARGEST:g}, got {alpha:g} "
            f"times {largest:g}; divide interactions by a constant"
        )
    return known


def _turned(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues and axes of VᵀV, and the vectors along these axes."""
    strengths, axes = np.linalg.eigh(vectors.T @ vectors)
    return np.maximum(strengths, 0.0), axes, vectors @ axes


def _penalties(
    known: sp.csr_array, alpha: float, l2: float, by_weight: bool, strengths: np.ndarray
) -> np.ndarray:
    """Penalty of each row, above what rounding would decide."""
    n, items = known.shape
    weights = items + alpha * known.sum(axis=1) if by_weight else np.ones(n)
    least = max(_SMALLEST_PENALTY * strengths[-1], np.finfo(float).tiny)
    with np.errstate(over="ignore"):
        return np.clip(l2 * weights, least, _LARGEST)


def _weighted_codes(
    known: sp.csr_array, vectors: np.ndarray, alpha: float, l2: float, by_weight: bool
) -> np.ndarray:
    """Weighted ridge regression of each row's 0s and 1s on the vectors of all columns."""
    strengths, axes, turned = _turned(vectors)
    penalties = _penalties(known, alpha, l2, by_weight, strengths)
    codes = np.zeros((known.shape[0], vectors.shape[1]))
    for batch, places in _rows_of_one_length(known, vectors.shape[1]):
        mine = turned[known.indices[places]]  # (batch, m, k)
        extra = alpha * known.data[places]
        ridge = strengths + penalties[batch, None]  # VᵀV is diagonal here
        codes[batch] = _solved(mine, extra, ridge)
    return codes @ axes.T


def _solved(mine: np.ndarray, extra: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Solve (diag(ridge) + Σ extra v vᵀ) code = Σ (1 + extra) v for rows of one length."""
    m, k = mine.shape[1:]
    swapped = np.swapaxes(mine, 1, 2)
    if m >= k:
        grams = swapped @ (extra[:, :, None] * mine)
        grams[:, np.arange(k), np.arange(k)] += ridge
        targets = swapped @ (1 + extra)[:, :, None]
        return np.linalg.solve(grams, targets)[:, :, 0]
    # The code is Vᵀ y / ridge, with one y for each interaction: m equations in place of k.
    shared = mine @ (swapped / ridge[:, :, None])
    shared *= (extra / (1 + extra))[:, :, None]
    shared[:, np.arange(m), np.arange(m)] += 1 / (1 + extra)
    found = np.linalg.solve(shared, np.ones((len(mine), m, 1)))
    return (swapped @ found)[:, :, 0] / ridge


def _rows_of_one_length(known: sp.csr_array, k: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of rows with equally many interactions, and where these are stored."""
    lengths = np.diff(known.indptr)
    order = np.argsort(lengths, kind="stable")
    first = int(np.searchsorted(lengths[order], 1))  # rows without interactions keep a code of 0
    while first < len(order):
        m = int(lengths[order[first]])
        end = int(np.searchsorted(lengths[order], m, side="right"))
        end = min(end, first + max(1, _BATCH // (m * k)))
        batch = order[first:end]
        yield batch, known.indptr[batch][:, None] + np.arange(m)
        first = end
