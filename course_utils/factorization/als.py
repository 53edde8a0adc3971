"""Alternating least squares: two tables of factors from the stored cells of a table alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _sparse_forms
from course_utils.factorization._values import rescaled, scaled_to_one

# From this share of known cells on, a product with the dense mask is faster.
_DENSE_SHARE = 0.1

# Share of the largest number of a linear system below which a number is taken for rounding.
_SAFE_SHARE = 1e-13

# Rows whose systems are solved together: as many as stay in the processor's cache.
_BLOCK = 256

# A larger penalty gives the same factors: zeros.
_LARGEST_PENALTY = 1e300


class Factors(NamedTuple):
    """Two tables of factors whose product predicts a table.

    Introduced in *Missing is not zero*.

    Unlike those of an :class:`SVD`, the factors are in no order.

    Attributes
    ----------
    rows : ndarray, shape (rows, k)
        One vector for each row of the table.
    columns : ndarray, shape (cols, k)
        One vector for each column.
    """

    rows: np.ndarray
    columns: np.ndarray

    def reconstruct(self) -> np.ndarray:
        """Multiply the factors out.

        Returns
        -------
        ndarray, shape (rows, cols)
            A prediction for every cell.

        Examples
        --------
        >>> Factors(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]])).reconstruct()
        array([[3., 4.],
               [6., 8.]])
        """
        return self.rows @ self.columns.T


def alternating_least_squares(
    ratings: sp.sparray | sp.spmatrix,
    k: int,
    *,
    l2: float,
    rounds: int = 10,
    seed: int | np.random.Generator = 0,
) -> Factors:
    """Factorise the stored cells of a table, and only those, with a penalty on the factors.

    Introduced in *Missing is not zero*.

    Given the vectors of the columns, the best vector of each row is a ridge regression on the cells
    it has (:meth:`SVD.fold_in`), and the other way round; each round does both, and no step can
    make the objective larger.

    Parameters
    ----------
    ratings : scipy sparse array, shape (rows, cols)
        A stored cell is known, also if it holds 0; what is not stored is unknown, not 0. Take
        the mean off first: an unknown row or column is predicted as 0.
    k : int
        Number of factors, from 1 to min(rows, cols).
    l2 : float
        Weight λ of the squared factors against the squared errors, above 0. However small it is,
        a vector that the cells leave open is the shortest that fits.
    rounds : int
        How often both sides are solved.
    seed : int or numpy.random.Generator
        Of the random vectors of the columns at the start.

    Returns
    -------
    Factors
        ``(rows, columns)``, shapes (rows, k) and (cols, k), float32 if `ratings` is, else
        float64; computed in float64 in both cases. They descend on
        Σ (rating − row · column)² + λ (Σ ‖row‖² + Σ ‖column‖²), the first sum over known cells.

    Raises
    ------
    TypeError
        If `ratings` is not sparse or does not hold real numbers, `k` or `rounds` is not an
        integer, or `l2` is no number.
    ValueError
        If `ratings` is not 2-D, empty or not finite, a number is out of range, or a factor is too
        large for the result's type.

    References
    ----------
    Y. Koren, R. Bell, C. Volinsky (2009). Matrix factorization techniques for recommender
    systems. Computer 42(8), equation (2). doi:10.1109/MC.2009.263

    Examples
    --------
    >>> ratings = sp.coo_array(([4.0, 2.0, 2.0], ([0, 0, 1], [0, 1, 0])))
    >>> alternating_least_squares(ratings, 1, l2=1e-6, rounds=50).reconstruct().round(2)
    array([[4., 2.],
           [2., 1.]])
    """
    table = _sparse_forms.canonical_csr("ratings", ratings, sparse_only=True, empty=False)
    k = _arguments.integer("k", k, 1, min(table.shape))
    l2 = _arguments.number("l2", l2, above=0)
    rounds = _arguments.integer("rounds", rounds, 1)
    start = _arguments.random_generator(seed).standard_normal((k, table.shape[1])).T / np.sqrt(k)
    values, exponent = scaled_to_one(table.astype(np.float64))
    half = exponent // 2  # for each of the two sides
    values.data = np.ldexp(values.data, exponent - 2 * half)
    l2 = min(float(np.ldexp(l2, -2 * half)), _LARGEST_PENALTY)
    known = sp.csr_array((np.ones(values.nnz), values.indices, values.indptr), values.shape)
    sides: list[tuple[Any, Any]] = [(values, known), (values.T.tocsr(), known.T.tocsr())]
    if values.nnz > _DENSE_SHARE * values.shape[0] * values.shape[1]:
        sides = [(numbers, mask.toarray()) for numbers, mask in sides]
    columns = np.ldexp(start, -half)
    for _ in range(rounds):
        rows = _ridge_codes(*sides[0], columns, l2)
        columns = _ridge_codes(*sides[1], rows, l2)
    return Factors(
        rescaled("the factors of the rows", rows, half, table.dtype),
        rescaled("the factors of the columns", columns, half, table.dtype),
    )


def _ridge_codes(
    values: sp.csr_array, known: sp.csr_array | np.ndarray, vectors: np.ndarray, l2: float
) -> np.ndarray:
    """Ridge regression of each row's known cells on the vectors of their columns."""
    k = vectors.shape[1]
    # A gram is symmetric: what stands on and above its diagonal says it all.
    above = np.triu_indices(k)
    places = np.empty((k, k), dtype=np.intp)
    places[above] = places.T[above] = np.arange(len(above[0]))
    products = np.concatenate([vectors[:, i:] * vectors[:, i : i + 1] for i in range(k)], axis=1)
    targets = (values @ vectors)[:, :, np.newaxis]
    largest = (known @ np.square(vectors).sum(axis=1)).max()
    solve = _solve if l2 >= _SAFE_SHARE * largest else _solve_where_seen
    codes = np.empty_like(targets)
    for start in range(0, len(codes), _BLOCK):
        rows = slice(start, start + _BLOCK)
        grams = np.take(known[rows] @ products, places, axis=1)
        codes[rows] = solve(grams, targets[rows], l2)
    return codes[:, :, 0]


def _solve(grams: np.ndarray, targets: np.ndarray, l2: float) -> np.ndarray:
    """Solve (gram + l2 · identity) · code = target for each row; changes the grams."""
    np.einsum("nii->ni", grams)[:] += l2
    return np.linalg.solve(grams, targets)


def _solve_where_seen(grams: np.ndarray, targets: np.ndarray, l2: float) -> np.ndarray:
    """Solve the same if l2 drowns in rounding: in directions without data the answer is 0."""
    strengths, axes = np.linalg.eigh(grams)
    seen = strengths > _SAFE_SHARE * strengths[:, -1:]
    shares = np.where(seen, 1 / np.where(seen, strengths + l2, 1.0), 0.0)
    along = np.swapaxes(axes, 1, 2) @ targets
    return np.asarray(axes @ (shares[:, :, np.newaxis] * along))
