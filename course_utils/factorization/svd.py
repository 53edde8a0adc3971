"""The best approximation of rank k, and what it says about new rows.

The signs of singular vectors are a free choice that every solver makes differently; here one rule
makes it, so that results can be stored, compared and explained.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.sparse.linalg import ArpackError, svds

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix
from course_utils._threads import SMALL_SIDE, one_blas_thread
from course_utils.factorization._values import checked_matrix, rescaled, scaled_to_one

# Below this many rows or columns LAPACK finds all singular values sooner than ARPACK finds a few.
_SMALL_SIDE = 200

# Sums of cubes are compared with 0, and magnitudes with each other, up to this much rounding.
_SIGN_TOLERANCE = 1e-6


class SVD(NamedTuple):
    """Truncated singular value decomposition: `u @ diag(s) @ vt` has rank at most k.

    Introduced in *Compare SVD with an autoencoder*.

    It unpacks like the result of `numpy.linalg.svd`.

    Attributes
    ----------
    u : ndarray, shape (rows, k)
        Left singular vectors, one orthonormal column per factor.
    s : ndarray, shape (k,)
        Singular values, largest first, in the unit of the matrix.
    vt : ndarray, shape (k, cols)
        Right singular vectors, one orthonormal row per factor; signs as in :func:`truncated_svd`.
    """

    u: np.ndarray
    s: np.ndarray
    vt: np.ndarray

    def reconstruct(self) -> np.ndarray:
        """Multiply the factors out.

        Returns
        -------
        ndarray, shape (rows, cols)
            The matrix of rank k that is closest to the decomposed one (Eckart & Young 1936).

        Examples
        --------
        >>> truncated_svd([[3.0, 0.0], [0.0, 2.0]], 1).reconstruct()
        array([[3., 0.],
               [0., 0.]])
        """
        return (self.u * self.s) @ self.vt

    def fold_in(
        self,
        ratings: Matrix,
        where: ArrayLike | None = None,
        *,
        l2: float = 0.0,
    ) -> np.ndarray:
        """Find codes of rows that were not decomposed, without decomposing again.

        Introduced in *Missing is not zero*.

        `codes @ svd.vt` predicts every cell of the new rows, and for the decomposed rows themselves
        the codes are `u * s`.

        Parameters
        ----------
        ratings : array_like or scipy sparse array, shape (n, cols)
            New rows in the unit of the decomposed matrix, and centred if that was.
        where : array_like of bool, shape (n, cols), optional
            Cells that are known; the others may hold anything, also NaN. Default: all.
        l2 : float
            Weight λ of the squared length of a code against its squared errors. With fewer known
            cells than factors and λ = 0 it is the shortest of all codes that fit exactly.

        Returns
        -------
        ndarray, shape (n, k)
            Row i minimises ‖(ratings[i] − code @ vt)[where[i]]‖² + λ‖code‖². Same dtype as `vt`,
            computed in float64.

        Raises
        ------
        TypeError
            If `ratings` does not hold real numbers, `where` is not boolean or `l2` is no number.
        ValueError
            If a shape does not fit, a known cell is NaN or infinite, or `l2` is negative.

        Examples
        --------
        >>> svd = truncated_svd([[4.0, 2.0], [2.0, 1.0]], 1)
        >>> new = [[8.0, np.nan]]
        >>> (svd.fold_in(new, where=[[True, False]]) @ svd.vt).round(6)
        array([[8., 4.]])
        """
        cols = self.vt.shape[1]
        rows = _table("ratings", ratings)
        if rows.shape[1] != cols:
            raise ValueError(f"ratings must have shape (n, {cols}), got {rows.shape}")
        l2 = _arguments.number("l2", l2, low=0)
        known = (
            np.ones(rows.shape, bool)
            if where is None
            else _arguments.truths("where", where, rows.shape)
        )
        if not np.isfinite(rows[known]).all():
            raise ValueError(
                "ratings must be finite in every known cell, got NaN or infinity; "
                "mark missing cells with where"
            )
        basis = self.vt.astype(np.float64)
        if where is None:  # vt has orthonormal rows, so least squares is a plain product
            codes = rows @ basis.T / (1 + l2)
        else:
            targets = np.where(known, rows, 0.0) @ basis.T
            grams = np.einsum("fj,nj,gj->nfg", basis, known, basis, optimize=True)
            grams += l2 * np.eye(len(basis))
            inverses = np.linalg.pinv(grams, rcond=1e-12, hermitian=True)
            codes = np.einsum("nfg,ng->nf", inverses, targets)
        return codes.astype(self.vt.dtype)


def truncated_svd(matrix: Matrix, k: int) -> SVD:
    """Find the k largest singular values and their vectors, with signs that never flip.

    Introduced in *Compare SVD with an autoencoder*.

    The sign of each factor depends on its row of `vt` alone: the sum of cubes is positive, so that
    the strong entries are; if the positive and the negative side balance, the first of the
    strongest entries is positive. Hence rows may be rotated or put in another order (`u` follows,
    `vt` stays), columns put in another order (`vt` follows, unless the two sides balance), and
    neither solver nor storage format matters.

    Equal singular values have no vectors of their own, only a space they span; their vectors, but
    not `reconstruct()` with all of them, do depend on the solver.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, cols)
        Finite real numbers; any sparse format. A cell that is not stored is a zero, not a
        missing value.
    k : int
        Number of factors, from 1 to min(rows, cols).

    Returns
    -------
    SVD
        float32 if `matrix` is float32, else float64; computed in float64 in both cases, and at
        any scale: the unit of the numbers does not matter.

    Raises
    ------
    TypeError
        If `matrix` does not hold real numbers or `k` is not an integer.
    ValueError
        If `matrix` is not 2-D, empty, masked, or holds NaN or infinity, if `k` is out of range,
        or if a singular value is too large for the result's type.

    Notes
    -----
    Small matrices and large k go to LAPACK, others to ARPACK (Lanczos), which needs only products
    with the matrix, so a sparse one stays sparse; where ARPACK gives up, LAPACK takes over.
    Eckart & Young (1936), "The approximation of one matrix by another of lower rank",
    Psychometrika 1, doi:10.1007/BF02288367.

    Examples
    --------
    >>> svd = truncated_svd([[0.0, -3.0], [2.0, 0.0]], 2)
    >>> svd.s
    array([3., 2.])
    >>> svd.vt
    array([[0., 1.],
           [1., 0.]])
    """
    values, dtype = checked_matrix("matrix", matrix)
    k = _arguments.integer("k", k, 1, min(values.shape))
    values, exponent = scaled_to_one(values)
    u, s, vt = _leading(values, k)
    signs = _signs(vt)
    return SVD(
        (u * signs).astype(dtype),
        rescaled("the singular values of matrix", s, exponent, dtype),
        (vt * signs[:, None] + 0.0).astype(dtype),  # + 0.0 turns -0.0 into 0.0
    )


def rank_k_rmse(matrix: Matrix, k: int) -> float:
    """Root mean squared error, over all cells, that no matrix of rank k can beat.

    Introduced in *Compare SVD with an autoencoder*.

    It follows from the singular values alone: sqrt((s[k]² + s[k+1]² + …) / number of cells), Eckart
    & Young (1936).

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, cols)
        As for :func:`truncated_svd`; cells that are not stored count as zeros.
    k : int
        Rank, from 1 to min(rows, cols).

    Returns
    -------
    float
        In the unit of the matrix. For large matrices it is the small difference of two large
        sums, exact to about 1e-8 of the root mean square of the cells.

    Raises
    ------
    TypeError, ValueError
        As for :func:`truncated_svd`.

    Examples
    --------
    >>> round(rank_k_rmse([[3.0, 0.0], [0.0, 2.0]], 1), 6)
    1.0
    """
    values, _ = checked_matrix("matrix", matrix)
    k = _arguments.integer("k", k, 1, min(values.shape))
    values, exponent = scaled_to_one(values)
    if _worth_iterating(values, k):
        lost = (values**2).sum() - np.sum(_leading(values, k)[1] ** 2)
    else:
        with one_blas_thread(min(values.shape) <= SMALL_SIDE):
            lost = np.sum(scipy.linalg.svdvals(_dense(values))[k:] ** 2)
    cells = values.shape[0] * values.shape[1]
    return float(np.ldexp(np.sqrt(max(lost, 0.0) / cells), exponent))


def _leading(
    values: np.ndarray | sp.csr_array, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left vectors, singular values and right vectors of the k largest, with any signs."""
    if not _worth_iterating(values, k):
        return _decomposed(values, k)
    if _is_zero(values):  # ARPACK stops when its first product is zero
        return np.eye(values.shape[0], k), np.zeros(k), np.eye(k, values.shape[1])
    # A start that is drawn, so that it is orthogonal to no factor, and always the same.
    start = np.random.default_rng(0).standard_normal(min(values.shape))
    try:
        # Products with a sparse matrix are not BLAS's, and the rest is short.
        with one_blas_thread(sp.issparse(values) or min(values.shape) <= SMALL_SIDE):
            u, s, vt = svds(values, k=k, v0=start, solver="arpack")
    except ArpackError:  # a matrix of low rank can leave it without a direction to go on
        return _decomposed(values, k)
    return u[:, ::-1], s[::-1], vt[::-1]  # svds returns the smallest first


def _decomposed(
    values: np.ndarray | sp.csr_array, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with one_blas_thread(min(values.shape) <= SMALL_SIDE):
        u, s, vt = scipy.linalg.svd(_dense(values), full_matrices=False)
    return u[:, :k], s[:k], vt[:k]


def _worth_iterating(values: np.ndarray | sp.csr_array, k: int) -> bool:
    # A sparse matrix need not be spared once u and vt are about as large as its dense form. For a
    # dense one memory is no matter, and LAPACK wins earlier.
    share = 4 if sp.issparse(values) else 20
    return min(values.shape) > _SMALL_SIDE and share * k <= min(values.shape)


def _dense(values: np.ndarray | sp.csr_array) -> np.ndarray:
    return values.toarray() if sp.issparse(values) else values


def _is_zero(values: np.ndarray | sp.csr_array) -> bool:
    return not np.any(values.data if sp.issparse(values) else values)


def _signs(vt: np.ndarray) -> np.ndarray:
    """+1 or -1 for each row of `vt`, from that row alone; see :func:`truncated_svd`."""
    cubes = vt**3
    balance = cubes.sum(axis=1) / np.abs(cubes).sum(axis=1)
    magnitudes = np.abs(vt)
    strongest = magnitudes >= (1 - _SIGN_TOLERANCE) * magnitudes.max(axis=1, keepdims=True)
    first = np.take_along_axis(vt, strongest.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.sign(np.where(np.abs(balance) > _SIGN_TOLERANCE, balance, first))


def _table(name: str, rows: Matrix) -> np.ndarray:
    """Rows as a dense float64 table, which may hold NaN."""
    if _sparse_forms.is_sparse(rows):
        csr = _sparse_forms.canonical_csr(name, rows, finite=False)
        return csr.toarray().astype(np.float64)
    return _arguments.dense(name, rows, ndim=2, shape="(n, cols)", empty=True, finite=False)
