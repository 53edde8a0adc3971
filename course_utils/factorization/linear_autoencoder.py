"""EASE: the best linear item-to-item model with a zero diagonal, in closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix
from course_utils._threads import SMALL_SIDE, one_blas_thread

# Smallest penalty, as a share of the largest eigenvalue: rounding then stays below 1e-6.
_SMALLEST_PENALTY = 2e-10
_BLOCK_CELLS = 2**22  # users × items that are dense at a time: 32 MB


class EASE(NamedTuple):
    """Linear autoencoder that may not copy an item from itself, in closed form.

    Introduced in *Climb the recommender ladder*.

    With interactions X of users × items and P = (XᵀX + l2 I)⁻¹ it is the matrix B = I − P
    diag(1/P), which minimises ‖X − XB‖² + l2 ‖B‖² with a diagonal of zeros.

    Attributes
    ----------
    side : {"users", "items"}
        Which of the two equal formulas is used: the one with the smaller matrix to solve for.
    l2 : float
        The penalty.
    interactions : csr_array of float64, shape (users, items)
        What it was fitted to.
    factor : ndarray, shape (smaller side, smaller side)
        Side "users": lower Cholesky factor of XXᵀ + l2 I. Side "items": P.
    diagonal : ndarray, shape (items,)
        Diagonal of P.
    """

    side: str
    l2: float
    interactions: sp.csr_array
    factor: np.ndarray
    diagonal: np.ndarray

    def scores(self, rows: Matrix) -> np.ndarray:
        """Score all items for users, those it was fitted to or new ones.

        Parameters
        ----------
        rows : array_like or scipy sparse array, shape (n, items)
            Interactions of the users.

        Returns
        -------
        ndarray of float64, shape (n, items)
            `rows @ B`. Items the user already has are scored too; leave them out of a list.

        Raises
        ------
        TypeError
            If `rows` does not hold real numbers.
        ValueError
            If the number of items differs or a number is not finite.

        Examples
        --------
        >>> model = fit_ease([[1, 1, 0], [1, 1, 1]], l2=1.0)
        >>> model.scores([[1, 0, 0]]).round(4)
        array([[0. , 0.6, 0.2]])
        """
        given = _sparse_forms.canonical_csr("rows", rows).astype(np.float64)
        items = self.interactions.shape[1]
        if given.shape[1] != items:
            raise ValueError(
                f"rows must have {items} columns, one for each item, got shape {given.shape}"
            )
        dense = given.toarray()
        if self.side == "items":
            projected = given @ self.factor
        else:  # P = (I − Xᵀ (XXᵀ + l2 I)⁻¹ X) / l2, never written down
            common = (given @ self.interactions.T).toarray()
            with one_blas_thread(len(self.factor) <= SMALL_SIDE):
                solved = scipy.linalg.cho_solve((self.factor, True), common.T).T
            projected = (dense - solved @ self.interactions) / self.l2
        return dense - projected / self.diagonal

    def weights(self) -> np.ndarray:
        """Write B down.

        Returns
        -------
        ndarray of float64, shape (items, items)
            Entry (i, j) is what having item i says for item j. The diagonal is exactly 0.

        Examples
        --------
        >>> fit_ease([[1, 1, 0], [1, 1, 1]], l2=1.0).weights().round(4)
        array([[0. , 0.6, 0.2],
               [0.6, 0. , 0.2],
               [0.2, 0.2, 0. ]])
        """
        matrix = self.scores(sp.eye_array(self.interactions.shape[1], format="csr"))
        np.fill_diagonal(matrix, 0.0)
        return matrix


def fit_ease(interactions: Matrix, l2: float) -> EASE:
    """Fit the best linear item-to-item model with a zero diagonal.

    Introduced in *Climb the recommender ladder*.

    Without the zero diagonal the best way to reconstruct an item would be to copy it; without the
    penalty, items with few interactions would be explained by chance. `ease` is its older name.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (users, items)
        Often 1 for "has interacted"; any finite numbers will do. What is not stored is 0.
    l2 : float
        Penalty, above 0; some hundreds for a few hundred users.

    Returns
    -------
    EASE
        With `scores` and `weights`.

    Raises
    ------
    TypeError
        If `interactions` does not hold real numbers or `l2` is no number.
    ValueError
        If `interactions` is not 2-D, empty or not finite, or `l2` is not above 0, or so small
        beside the interactions that rounding would decide the weights.

    Notes
    -----
    With fewer users than items the inverse is taken on the side of the users, by the identity
    (XᵀX + l2 I)⁻¹ = (I − Xᵀ (XXᵀ + l2 I)⁻¹ X) / l2, and no items × items matrix is ever made:
    memory is O(min(users, items)² + nonzeros), time O(min(users, items)² items).

    H. Steck (2019). Embarrassingly shallow autoencoders for sparse data. WWW '19, equation (8).
    doi:10.1145/3308558.3313710

    Examples
    --------
    >>> fit_ease([[1, 1, 0], [1, 1, 1]], l2=1.0).side
    'users'
    """
    # In float64 and a copy, for the model keeps it.
    known = _sparse_forms.canonical_csr("interactions", interactions, empty=False).astype(float)
    l2 = _arguments.number("l2", l2, above=0)
    with one_blas_thread(min(known.shape) <= SMALL_SIDE):
        return _fitted(known, l2)


ease = fit_ease


def _fitted(known: sp.csr_array, l2: float) -> EASE:
    users, items = known.shape
    gram = (known @ known.T if users < items else known.T @ known).toarray()
    cholesky = penalised_cholesky(gram, l2)
    if users >= items:
        inverse = inverse_from(cholesky)
        return EASE("items", l2, known, inverse, np.diag(inverse).copy())
    diagonal = np.empty(items)
    by_item = known.tocsc()
    step = max(1, _BLOCK_CELLS // users)
    for start in range(0, items, step):
        block = by_item[:, start : start + step].toarray()
        half = scipy.linalg.solve_triangular(cholesky, block, lower=True, overwrite_b=True)
        diagonal[start : start + step] = (1 - np.sum(half**2, axis=0)) / l2
    return EASE("users", l2, known, cholesky, diagonal)


def penalised_cholesky(gram: np.ndarray, l2: float) -> np.ndarray:
    """Lower Cholesky factor of gram + l2 I, which is written over `gram`.

    Raises
    ------
    ValueError
        If `gram` overflows, or `l2` is so small beside it that rounding would decide.
    scipy.linalg.LinAlgError
        If no table has this `gram`.
    """
    with np.errstate(over="ignore"):
        reach = float(np.abs(gram).sum(axis=1).max())  # no eigenvalue is larger
    _check_penalty(l2, reach)
    gram[np.diag_indices_from(gram)] += l2
    return scipy.linalg.cholesky(gram, lower=True, overwrite_a=True)


def inverse_from(cholesky: np.ndarray) -> np.ndarray:
    """Invert a matrix that is given by its lower Cholesky factor."""
    return scipy.linalg.cho_solve((cholesky, True), np.eye(len(cholesky)), overwrite_b=True)


def _check_penalty(l2: float, reach: float) -> None:
    if not np.isfinite(reach):
        raise ValueError(
            "interactions must be small enough to be squared and added up, got an infinite sum; "
            "divide them by a constant first, and l2 by its square"
        )
    least = max(_SMALLEST_PENALTY * reach, float(np.finfo(float).tiny))
    if l2 < least:
        raise ValueError(
            f"l2 must be at least {least:.2g} for these interactions, or rounding decides the "
            f"weights, got {l2:g}; take a larger penalty"
        )
