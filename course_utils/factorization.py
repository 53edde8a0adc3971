"""Factorise a matrix: the best approximation of rank k, and what it says about new rows.

The signs of singular vectors are a free choice that every solver makes differently; here one rule
makes it, so that results can be stored, compared and explained.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.sparse.linalg import svds

# Below this many rows or columns LAPACK finds all singular values sooner than ARPACK finds a few.
_SMALL_SIDE = 200

# From this share of known cells on, a product with the dense mask is faster.
_DENSE_SHARE = 0.1

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
        ratings: ArrayLike | sp.sparray | sp.spmatrix,
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
            Row i minimises ‖(ratings[i] − code @ vt)[where[i]]‖² + λ‖code‖². Same dtype as `vt`.

        Raises
        ------
        ValueError
            If the shape does not fit, `where` is not boolean, a known cell is NaN or infinite, or
            `l2` is negative.

        Examples
        --------
        >>> svd = truncated_svd([[4.0, 2.0], [2.0, 1.0]], 1)
        >>> new = [[8.0, np.nan]]
        >>> (svd.fold_in(new, where=[[True, False]]) @ svd.vt).round(6)
        array([[8., 4.]])
        """
        dense = ratings.toarray() if sp.issparse(ratings) else ratings
        rows = np.asarray(dense, dtype=np.float64)
        basis = self.vt.astype(np.float64)
        cols = basis.shape[1]
        if rows.ndim != 2 or rows.shape[1] != cols:
            raise ValueError(f"ratings must have shape (n, {cols}), got {rows.shape}")
        if not 0 <= l2 < np.inf:
            raise ValueError(f"l2 must be a finite number of at least 0, got {l2!r}")
        known = np.ones(rows.shape, dtype=bool) if where is None else np.asarray(where)
        if known.dtype != bool or known.shape != rows.shape:
            raise ValueError(
                f"where must be boolean with shape {rows.shape}, "
                f"got {known.dtype} with shape {known.shape}"
            )
        if not np.isfinite(rows[known]).all():
            raise ValueError(
                "ratings holds NaN or infinity in a known cell; mark missing cells with where"
            )
        if where is None:  # vt has orthonormal rows, so least squares is a plain product
            codes = rows @ basis.T / (1 + l2)
        else:
            targets = np.where(known, rows, 0.0) @ basis.T
            grams = np.einsum("fj,nj,gj->nfg", basis, known, basis, optimize=True)
            grams += l2 * np.eye(len(basis))
            inverses = np.linalg.pinv(grams, rcond=1e-12, hermitian=True)
            codes = np.einsum("nfg,ng->nf", inverses, targets)
        return codes.astype(self.vt.dtype)


def truncated_svd(matrix: ArrayLike | sp.sparray | sp.spmatrix, k: int) -> SVD:
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
        float32 if `matrix` is float32, else float64; computed in float64 in both cases.

    Raises
    ------
    TypeError
        If `k` is not an integer.
    ValueError
        If `matrix` is not 2-D, empty, not numeric, or holds NaN or infinity, or if `k` is out
        of range.

    Notes
    -----
    Small matrices and large k go to LAPACK, others to ARPACK (Lanczos), which needs only products
    with the matrix, so a sparse one stays sparse. Eckart & Young (1936), "The approximation of one
    matrix by another of lower rank", Psychometrika 1, doi:10.1007/BF02288367.

    Examples
    --------
    >>> svd = truncated_svd([[0.0, -3.0], [2.0, 0.0]], 2)
    >>> svd.s
    array([3., 2.])
    >>> svd.vt
    array([[0., 1.],
           [1., 0.]])
    """
    values, dtype = _checked_matrix(matrix)
    k = _checked_rank(k, values.shape)
    if not _worth_iterating(values, k):
        u, s, vt = scipy.linalg.svd(_dense(values), full_matrices=False)
        u, s, vt = u[:, :k], s[:k], vt[:k]
    elif _is_zero(values):  # ARPACK stops when its first product is zero
        u, s, vt = np.eye(values.shape[0], k), np.zeros(k), np.eye(k, values.shape[1])
    else:
        # A start that is drawn, so that it is orthogonal to no factor, and always the same.
        start = np.random.default_rng(0).standard_normal(min(values.shape))
        u, s, vt = svds(values, k=k, v0=start, solver="arpack")
        u, s, vt = u[:, ::-1], s[::-1], vt[::-1]  # svds returns the smallest first
    signs = _signs(vt)
    return SVD(
        (u * signs).astype(dtype),
        s.astype(dtype),
        (vt * signs[:, None] + 0.0).astype(dtype),  # + 0.0 turns -0.0 into 0.0
    )


def rank_k_rmse(matrix: ArrayLike | sp.sparray | sp.spmatrix, k: int) -> float:
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
    values, _ = _checked_matrix(matrix)
    k = _checked_rank(k, values.shape)
    cells = values.shape[0] * values.shape[1]
    if not _worth_iterating(values, k):
        lost = np.sum(scipy.linalg.svdvals(_dense(values))[k:] ** 2)
    else:
        stored = values.data if sp.issparse(values) else values
        lost = np.sum(stored**2) - np.sum(truncated_svd(values, k).s ** 2)
    return float(np.sqrt(max(lost, 0.0) / cells))


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

    def scores(self, rows: ArrayLike | sp.sparray | sp.spmatrix) -> np.ndarray:
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
        ValueError
            If the number of items differs or a number is not finite.

        Examples
        --------
        >>> model = ease([[1, 1, 0], [1, 1, 1]], l2=1.0)
        >>> model.scores([[1, 0, 0]]).round(4)
        array([[0. , 0.6, 0.2]])
        """
        values, _ = _checked_matrix(rows)
        given = sp.csr_array(values)
        if given.shape[1] != self.interactions.shape[1]:
            raise ValueError(
                f"rows must have {self.interactions.shape[1]} columns, one for each item, "
                f"got shape {given.shape}"
            )
        dense = given.toarray()
        if self.side == "items":
            projected = given @ self.factor
        else:  # P = (I − Xᵀ (XXᵀ + l2 I)⁻¹ X) / l2, never written down
            common = (given @ self.interactions.T).toarray()
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
        >>> ease([[1, 1, 0], [1, 1, 1]], l2=1.0).weights().round(4)
        array([[0. , 0.6, 0.2],
               [0.6, 0. , 0.2],
               [0.2, 0.2, 0. ]])
        """
        matrix = self.scores(sp.eye_array(self.interactions.shape[1], format="csr"))
        np.fill_diagonal(matrix, 0.0)
        return matrix


def ease(interactions: ArrayLike | sp.sparray | sp.spmatrix, l2: float) -> EASE:
    """Fit the best linear item-to-item model with a zero diagonal.

    Introduced in *Climb the recommender ladder*.

    Without the zero diagonal the best way to reconstruct an item would be to copy it; without the
    penalty, items with few interactions would be explained by chance.

    Parameters
    ----------
    interactions : array_like or scipy sparse array, shape (users, items)
        Often 1 for "has interacted"; any finite numbers will do.
    l2 : float
        Penalty, above 0; some hundreds for a few hundred users.

    Returns
    -------
    EASE
        With `scores` and `weights`.

    Raises
    ------
    ValueError
        If `interactions` is not 2-D, empty or not finite, or `l2` is not positive.

    Notes
    -----
    With fewer users than items the inverse is taken on the side of the users, by the identity
    (XᵀX + l2 I)⁻¹ = (I − Xᵀ (XXᵀ + l2 I)⁻¹ X) / l2, and no items × items matrix is ever made:
    memory is O(min(users, items)² + nonzeros), time O(min(users, items)² items).

    H. Steck (2019). Embarrassingly shallow autoencoders for sparse data. WWW '19, equation (8).
    doi:10.1145/3308558.3313710

    Examples
    --------
    >>> ease([[1, 1, 0], [1, 1, 1]], l2=1.0).side
    'users'
    """
    values, _ = _checked_matrix(interactions)
    if not 0 < l2 < np.inf:
        raise ValueError(f"l2 must be a finite number above 0, got {l2!r}")
    known = sp.csr_array(values)
    users, items = known.shape
    gram = (known @ known.T if users < items else known.T @ known).toarray()
    gram[np.diag_indices_from(gram)] += l2
    cholesky = scipy.linalg.cholesky(gram, lower=True, overwrite_a=True)
    if users >= items:
        inverse = scipy.linalg.cho_solve((cholesky, True), np.eye(items), overwrite_b=True)
        return EASE("items", float(l2), known, inverse, np.diag(inverse).copy())
    diagonal = np.empty(items)
    by_item = known.tocsc()
    step = max(1, 2**22 // users)  # items at a time: 32 MB
    for start in range(0, items, step):
        block = by_item[:, start : start + step].toarray()
        half = scipy.linalg.solve_triangular(cholesky, block, lower=True, overwrite_b=True)
        diagonal[start : start + step] = (1 - np.sum(half**2, axis=0)) / l2
    return EASE("users", float(l2), known, cholesky, diagonal)


class Factors(NamedTuple):
    """Two tables of factors whose product predicts a table.

    Introduced in *Autoencode interactions in PyTorch*.

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
    ratings: sp.sparray | sp.spmatrix, k: int, *, l2: float, rounds: int = 10, seed: int = 0
) -> Factors:
    """Factorise the stored cells of a table, and only those, with a penalty on the factors.

    Introduced in *Autoencode interactions in PyTorch*.

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
        Weight λ of the squared factors against the squared errors, above 0.
    rounds : int
        How often both sides are solved.
    seed : int
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
        If `ratings` is not sparse or `k` is not an integer.
    ValueError
        If `ratings` is empty or not finite, or a number is out of range.

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
    if not _is_sparse(ratings):
        raise TypeError(f"ratings must be a scipy sparse array, got {type(ratings).__name__}")
    if not 0 < l2 < np.inf:
        raise ValueError(f"l2 must be a finite number above 0, got {l2!r}")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds!r}")
    checked, dtype = _checked_matrix(ratings)
    values = sp.csr_array(checked)
    k = _checked_rank(k, values.shape)
    known = sp.csr_array((np.ones(values.nnz), values.indices, values.indptr), values.shape)
    sides: list[tuple[Any, Any]] = [(values, known), (values.T.tocsr(), known.T.tocsr())]
    if values.nnz > _DENSE_SHARE * values.shape[0] * values.shape[1]:
        sides = [(table, mask.toarray()) for table, mask in sides]
    columns = np.random.default_rng(seed).standard_normal((k, values.shape[1])).T / np.sqrt(k)
    for _ in range(rounds):
        rows = _ridge_codes(*sides[0], columns, l2)
        columns = _ridge_codes(*sides[1], rows, l2)
    return Factors(rows.astype(dtype), columns.astype(dtype))


def _ridge_codes(
    values: sp.csr_array, known: sp.csr_array | np.ndarray, vectors: np.ndarray, l2: float
) -> np.ndarray:
    """Ridge regression of each row's known cells on the vectors of their columns."""
    k = vectors.shape[1]
    products = (vectors[:, :, None] * vectors[:, None, :]).reshape(-1, k * k)
    grams = (known @ products).reshape(-1, k, k) + l2 * np.eye(k)
    return np.linalg.solve(grams, (values @ vectors)[:, :, None])[:, :, 0]


def _checked_matrix(
    matrix: ArrayLike | sp.sparray | sp.spmatrix,
) -> tuple[np.ndarray | sp.csr_array, np.dtype]:
    """Finite 2-D float64 values, dense or CSR, and the dtype that results should have."""
    is_sparse = bool(sp.issparse(matrix))
    values: Any = matrix if is_sparse else np.asarray(matrix)
    if values.ndim != 2:
        raise ValueError(f"matrix must have two dimensions, got shape {values.shape}")
    if 0 in values.shape:
        raise ValueError(f"matrix must have at least one row and column, got shape {values.shape}")
    if values.dtype.kind not in "fiub":
        raise ValueError(f"matrix must hold real numbers, got dtype {values.dtype}")
    dtype = np.dtype(np.float32 if values.dtype == np.float32 else np.float64)
    if is_sparse:
        values = sp.csr_array(values).astype(np.float64)  # a copy, so its duplicates may be summed
        values.sum_duplicates()
        bad = np.flatnonzero(~np.isfinite(values.data))
        places = np.column_stack(values.tocoo().coords)[bad]
    else:
        values = values.astype(np.float64)
        places = np.argwhere(~np.isfinite(values))
    if len(places):
        row, column = places[0]
        raise ValueError(
            f"matrix must hold finite numbers only, got {values[row, column]} in row {row}, "
            f"column {column} ({len(places)} such cells); decide first what a missing cell is to be"
        )
    return values, dtype


def _checked_rank(k: int, shape: tuple[int, int]) -> int:
    smaller = min(shape)
    try:
        rank = operator.index(k)
    except TypeError:
        rank = None
    if rank is None or isinstance(k, (bool, np.bool_)):
        raise TypeError(f"k must be an integer from 1 to {smaller}, got {k!r}")
    if not 1 <= rank <= smaller:
        raise ValueError(
            f"k must be from 1 to {smaller}, the smaller side of shape {tuple(shape)}, got {rank}"
        )
    return rank


def _worth_iterating(values: np.ndarray | sp.csr_array, k: int) -> bool:
    # A sparse matrix need not be spared once u and vt are about as large as its dense form. For a
    # dense one memory is no matter, and LAPACK wins earlier.
    share = 4 if sp.issparse(values) else 20
    return min(values.shape) > _SMALL_SIDE and share * k <= min(values.shape)


def _dense(values: np.ndarray | sp.csr_array) -> np.ndarray:
    return values.toarray() if sp.issparse(values) else values


def _is_sparse(value: Any) -> bool:
    return bool(sp.issparse(value))  # SciPy's own narrows the type too far


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
