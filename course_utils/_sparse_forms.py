"""The front door for sparse matrices: every format in, one trusted form out.

SciPy knows seven formats; entries may stand in any order, several times, and may be zeros. Behind
this door there is CSR with sorted columns, without duplicates, in a type that holds their sums.
What a *stored zero* means is the caller's to say: it is a rating of 0 in one place and nothing in
another, see the page on missing values in the documentation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments

Matrix = ArrayLike | sp.sparray | sp.spmatrix
SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def is_sparse(value: Any) -> bool:
    """Whether a value is a scipy sparse array or matrix.

    SciPy's own `issparse` narrows the type to a base class without dtype and shape.

    Examples
    --------
    >>> is_sparse(sp.coo_array((2, 2))), is_sparse(np.eye(2))
    (True, False)
    """
    return bool(sp.issparse(value))


def canonical_csr(
    name: str,
    matrix: Any,
    *,
    stored_zeros: bool = True,
    finite: bool = True,
    keep_dtype: bool = False,
    sparse_only: bool = False,
    empty: bool = True,
    sum_duplicates: bool = True,
) -> sp.csr_array:
    """Return a matrix as CSR with sorted columns and no duplicates; the given one never changes.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    matrix : array_like or scipy sparse array or matrix, shape (rows, columns)
        Of any format and of any real type. Duplicates add up.
    stored_zeros : bool
        Whether a zero that is stored stays stored. If not, it goes, and so do duplicates that
        cancel. A zero in a block of BSR or on a diagonal of DIA always goes: these formats store
        it whether or not anybody gave one.
    finite : bool
        Whether NaN and infinity are refused.
    keep_dtype : bool
        Whether the values keep their type. Only integers and booleans that are stored several
        times do not: they become int64 or uint64, which hold their sum. Default: float32 stays,
        everything else becomes float64.
    sparse_only : bool
        Whether a dense array is refused, since it does not say which cells were observed.
    empty : bool
        Whether a matrix without rows or columns is allowed.
    sum_duplicates : bool
        Whether entries are put in order and duplicates added up. Without, floats in CSR stay as
        they are stored, which saves a look at all of them where the caller adds up anyway.

    Returns
    -------
    csr_array
        May share memory with `matrix`.

    Raises
    ------
    TypeError
        If the matrix holds no real numbers, or is dense and must not be.
    ValueError
        If it is not 2-D, an index lies outside it, or a value is masked or not finite.

    Examples
    --------
    >>> plays = sp.coo_array((np.array([200, 100], np.uint8), ([0, 0], [1, 1])), shape=(1, 3))
    >>> canonical_csr("plays", plays).toarray()
    array([[  0., 300.,   0.]])
    """
    matrix = _two_dimensional(name, matrix, sparse_only, empty)
    check_indices(name, matrix)
    csr = _promoted_csr(_fresh(_without_padding(matrix)), keep_dtype, sum_duplicates)
    if sum_duplicates and not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()  # sorts the columns first
    if matrix.dtype == SINGLE:
        csr = csr.astype(SINGLE, copy=False)
    if not stored_zeros and not csr.data.all():
        csr = csr.copy()
        csr.eliminate_zeros()
    if finite and csr.dtype.kind == "f" and not _arguments.all_finite(csr.data):
        _refuse_not_finite(name, csr)
    return csr


def rows_of(csr: sp.csr_array) -> np.ndarray:
    """Row of each stored entry of a CSR matrix, in the order of storage.

    Examples
    --------
    >>> rows_of(sp.csr_array([[1, 1], [0, 0], [0, 1]]))
    array([0, 0, 2])
    """
    return np.repeat(np.arange(csr.shape[0]), np.diff(csr.indptr))


def ranks_in_rows(csr: sp.csr_array, *keys: np.ndarray) -> np.ndarray:
    """Rank of each stored entry among those of its row, from 0; of the keys the last decides first.

    Examples
    --------
    >>> ranks_in_rows(sp.csr_array([[1, 1, 1], [0, 1, 0]]), np.array([0.3, 0.1, 0.2, 0.5]))
    array([2, 0, 1, 0])
    """
    rows = rows_of(csr)
    ranks = np.empty(csr.nnz, dtype=np.intp)
    ranks[np.lexsort((*keys, rows))] = np.arange(csr.nnz) - csr.indptr[rows]
    return ranks


def check_not_negative(name: str, interactions: sp.csr_array) -> None:
    """Refuse interactions below 0, where an empty cell says less than any.

    Examples
    --------
    >>> check_not_negative("likes", sp.csr_array([[1, -2]]))
    Traceback (most recent call last):
    ValueError: likes must not be negative, got -2; a dislike is no interaction, leave it out
    """
    if interactions.nnz and interactions.data.min() < 0:
        raise ValueError(
            f"{name} must not be negative, got {interactions.data.min():g}; a dislike is no "
            "interaction, leave it out"
        )


def check_indices(name: str, matrix: Any) -> None:
    """Refuse indices that compiled code would follow out of its arrays.

    SciPy does not look at the indices it is given, and a product with a bad one reads foreign
    memory. Formats without index arrays of their own (LIL, DOK, DIA) cannot hold a bad one.
    """
    if not is_sparse(matrix):
        return
    if matrix.format == "coo":
        axes = [("row", matrix.coords[0], 0), ("column", matrix.coords[1], 1)]
    elif matrix.format == "csr":
        axes = [("column", matrix.indices[: matrix.nnz], 1)]
    elif matrix.format == "csc":
        axes = [("row", matrix.indices[: matrix.nnz], 0)]
    elif matrix.format == "bsr":
        matrix.check_format(full_check=True)
        return
    else:
        return
    for kind, ids, axis in axes:
        if ids.dtype.kind not in "iu":
            raise TypeError(f"{name}: every {kind} must be an integer, got {ids.dtype}: {ids[:8]}")
        # Read as unsigned, a negative index is a huge one: one pass finds both.
        if len(ids) and ids.view(f"u{ids.itemsize}").max() >= matrix.shape[axis]:
            position = int(np.argmax((ids < 0) | (ids >= matrix.shape[axis])))
            raise ValueError(
                f"{name}: every {kind} must lie in 0 … {matrix.shape[axis] - 1}, "
                f"got {ids[position]} at position {position}"
            )


def _two_dimensional(name: str, matrix: Any, sparse_only: bool, empty: bool) -> Any:
    if not is_sparse(matrix):
        if sparse_only:
            raise TypeError(
                f"{name} must be a scipy sparse array, whose stored cells are the observed ones; "
                f"got {type(matrix).__name__}"
            )
        matrix = _arguments.as_array(name, matrix)
    if matrix.ndim != 2:
        raise ValueError(f"{name} must be 2-D, got {matrix.ndim}-D with shape {matrix.shape}")
    if matrix.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {matrix.dtype}")
    if not empty and 0 in matrix.shape:
        raise ValueError(f"{name} must have at least one row and column, got shape {matrix.shape}")
    return matrix


def _without_padding(matrix: Any) -> Any:
    """Take out the zeros with which BSR fills up its blocks and DIA its diagonals.

    Which of them somebody gave, these formats do not tell.
    """
    if not is_sparse(matrix) or matrix.format not in ("bsr", "dia"):
        return matrix
    cells = matrix.tocoo()
    given = cells.data != 0
    rows, columns = cells.coords
    return sp.coo_array((cells.data[given], (rows[given], columns[given])), cells.shape)


def _promoted_csr(matrix: Any, keep_dtype: bool, sum_duplicates: bool) -> sp.csr_array:
    """CSR in a type that holds sums; converted first, for COO adds up on the way to CSR."""
    wanted = matrix.dtype.newbyteorder("=")  # compiled code reads no other
    if matrix.dtype == np.float16:
        wanted = SINGLE
    elif not keep_dtype and matrix.dtype != SINGLE:
        wanted = DOUBLE
    elif matrix.dtype.kind in "biu" and _may_repeat(matrix):
        wanted = np.dtype(np.uint64 if matrix.dtype.kind == "u" else np.int64)
    stays = isinstance(matrix, sp.csr_array) and not sum_duplicates
    if wanted == SINGLE and is_sparse(matrix) and not (stays or _is_canonical(matrix)):
        wanted = DOUBLE  # a long sum in single precision loses digits
    if matrix.dtype != wanted:
        matrix = matrix.astype(wanted)
    # What is CSR already is fresh; a second wrapper would look at the order of all entries again.
    return matrix if isinstance(matrix, sp.csr_array) else _fresh(sp.csr_array(matrix))


def _fresh(matrix: Any) -> Any:
    """Wrap CSR or CSC anew, so that the wrapper looks for itself whether entries are in order.

    Flags on the given one may be stale, for SciPy does not notice when somebody writes into
    `matrix.indices`. It also leaves room behind the last entry.
    """
    if not is_sparse(matrix) or matrix.format not in ("csr", "csc"):
        return matrix
    wrapper = sp.csr_array if matrix.format == "csr" else sp.csc_array
    fresh = wrapper(matrix.shape, dtype=matrix.dtype)  # given the arrays, it would read them all
    fresh.data, fresh.indices = matrix.data[: matrix.nnz], matrix.indices[: matrix.nnz]
    fresh.indptr = matrix.indptr
    return fresh


def _is_canonical(matrix: Any) -> bool:
    """Whether each cell is stored at most once, as far as a look at the format and order tells."""
    if matrix.format in ("csr", "csc"):
        return bool(matrix.has_canonical_format)
    return matrix.format in ("lil", "dok")


def _may_repeat(matrix: Any) -> bool:
    """Whether a cell is stored several times; formats with one value a cell never do."""
    if not is_sparse(matrix) or _is_canonical(matrix):
        return False
    rows, columns = matrix.tocoo().coords
    places = rows.astype(np.int64) * matrix.shape[1] + columns
    return len(np.unique(places)) < len(places)


def _refuse_not_finite(name: str, csr: sp.csr_array) -> None:
    wrong = np.flatnonzero(~np.isfinite(csr.data))
    row, column = rows_of(csr)[wrong[0]], csr.indices[wrong[0]]
    raise ValueError(
        f"{name} must be finite, got {csr.data[wrong[0]]} in row {row}, column {column} "
        f"({len(wrong)} such {'cell' if len(wrong) == 1 else 'cells'}); "
        "leave missing cells unstored"
    )
