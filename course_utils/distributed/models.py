"""EASE, truncated SVD and lists of recommendations, from sums over parts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.linalg
from numpy.typing import ArrayLike

from course_utils import _arguments, _files, _objects
from course_utils.distributed.parts import describe_part, read_part
from course_utils.distributed.sums import PathLike, fold
from course_utils.factorization.linear_autoencoder import inverse_from, penalised_cholesky
from course_utils.ranking import top_k

if TYPE_CHECKING:
    from distributed import Client

_USERS = 1024  # whose scores stand in memory at once


def ease_from_gram(gram: ArrayLike, l2: float) -> np.ndarray:
    """Solve for the weights of EASE from XᵀX alone, which adds up over parts.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    gram : array_like, shape (items, items)
        XᵀX of all users, symmetric.
    l2 : float
        The penalty, above 0.

    Returns
    -------
    ndarray of float64, shape (items, items)
        The matrix B of :class:`course_utils.factorization.EASE`; its diagonal is 0.

    Raises
    ------
    TypeError
        If `gram` does not hold real numbers, or `l2` is no number.
    ValueError
        If `gram` is not square and symmetric, or `l2` is not above 0, or too small for a sum of
        this size.

    References
    ----------
    H. Steck (2019). Embarrassingly shallow autoencoders for sparse data. WWW '19.
    doi:10.1145/3308558.3313710

    Examples
    --------
    >>> ease_from_gram([[2, 2, 1], [2, 2, 1], [1, 1, 1]], l2=1.0).round(4)
    array([[0. , 0.6, 0.2],
           [0.6, 0. , 0.2],
           [0.2, 0.2, 0. ]])
    """
    matrix = _arguments.dense("gram", gram, ndim=2, shape="(items, items)")
    l2 = _arguments.number("l2", l2, above=0)
    if not np.array_equal(matrix, matrix.T):
        raise ValueError(f"gram must be square and symmetric, got shape {matrix.shape}")
    try:
        inverse = inverse_from(penalised_cholesky(matrix.copy(), l2))
    except scipy.linalg.LinAlgError:
        raise ValueError(
            f"gram must be XᵀX of real interactions and l2 large enough beside it, got l2 = {l2:g}"
        ) from None
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def top_directions(
    paths: Iterable[PathLike],
    k: int,
    *,
    columns: ArrayLike | None = None,
    passes: int = 8,
    extra: int = 20,
    seed: int = 0,
    client: Client | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k largest singular values of all parts together, and their right vectors.

    Introduced in *Scale past one machine*.

    Each pass sends a tall, thin matrix Q of items × (k + extra) to the parts and adds up
    Xᵀ(XQ); no matrix of items × items is ever made. How exact the result is, the number of passes
    decides: the first directions come early, the last ones late.

    Parameters
    ----------
    paths : iterable of path
        The parts. X holds a 1 for each rating.
    k : int
        Directions wanted; with `extra` at most the number of items.
    columns : array_like of int, optional
        Items to keep. Default: all.
    passes : int
        Looks at all parts.
    extra : int
        Directions carried along, which make the wanted ones better.
    seed : int
        Decides the first Q.
    client : distributed.Client, optional
        Where to compute. Default: in this process.

    Returns
    -------
    s : ndarray of float64, shape (k,)
        Singular values, largest first.
    vt : ndarray of float64, shape (k, items)
        Right singular vectors; the sum of cubes of each is positive.

    Raises
    ------
    DamagedPart
        If a part is not whole.
    ValueError
        If a number is out of range, or there is no part.

    References
    ----------
    N. Halko, P. G. Martinsson, J. A. Tropp (2011). Finding structure with randomness. SIAM Review
    53(2). doi:10.1137/090771806
    """
    wanted = _part_paths(paths)
    if not wanted:
        raise ValueError("paths must name at least one part, got none")
    chosen = None if columns is None else _arguments.integers("columns", columns)
    items = describe_part(wanted[0]).items if chosen is None else len(chosen)
    passes = _arguments.integer("passes", passes, 1)
    extra = _arguments.integer("extra", extra, 0, max(0, items - 1))
    k = _arguments.integer("k", k, 1, items - extra)
    q = np.random.default_rng(_arguments.integer("seed", seed, 0)).normal(size=(items, k + extra))
    for _ in range(passes):
        q = np.linalg.qr(q)[0]
        product = fold(_through, wanted, q, chosen, client=client)  # XᵀX q
        last, q = q, product
    squares, turn = np.linalg.eigh(last.T @ product)  # Rayleigh and Ritz: the best within the span
    squares, turn = squares[::-1][:k], turn[:, ::-1][:, :k]
    vt = (last @ turn).T
    signs = np.where((vt**3).sum(axis=1) < 0, -1.0, 1.0)
    return np.sqrt(np.maximum(squares, 0)), vt * signs[:, None]


def _through(path: PathLike, q: np.ndarray, columns: np.ndarray | None) -> np.ndarray:
    matrix = read_part(path, columns, values="rated").astype(np.float64)
    return matrix.T @ (matrix @ q)


def _part_paths(paths: Iterable[PathLike]) -> list[Path]:
    return [
        _files.home(path, "each of paths")
        for path in _objects.items("paths", paths, "paths of parts")
    ]


def write_lists(
    paths: Iterable[PathLike],
    weights: PathLike,
    columns: ArrayLike,
    folder: PathLike,
    *,
    k: int = 10,
    client: Client | None = None,
) -> list[Path]:
    """Write the k best unrated films of every user, scored part by part and written part by part.

    Parameters
    ----------
    paths : iterable of path
        The parts.
    weights : path
        A ``.npy`` file of B, shape (m, m), as :func:`ease_from_gram` gives it. Each worker reads it
        from there, so that it is not sent with every task.
    columns : array_like of int, shape (m,)
        The items that B is about.
    folder : path
        Where the lists go; it must exist. Each gets the name of its part with ``lists-`` before it.
    k : int
        Length of a list, from 1 to m. A user who has rated nearly all has -1 at its end.
    client : distributed.Client, optional
        Where to compute. Default: in this process.

    Returns
    -------
    list of Path
        Parquet files with the columns ``user``, counted among all users, and ``items``, a list of
        k; in the order of the parts.

    Raises
    ------
    DamagedPart
        If a part is not whole.
    FileNotFoundError
        If `weights` or the folder does not exist.
    OSError
        If lists cannot be written, on a full disk for instance, with the name of their file.
    ValueError
        If shapes do not fit, or there is no part.
    """
    chosen = _arguments.integers("columns", columns)
    k = _arguments.integer("k", k, 1, len(chosen))
    table = _files.home(weights, "weights")
    if not table.is_file():
        raise FileNotFoundError(f"there is no file {table} of weights; np.save writes it")
    shape = np.load(table, mmap_mode="r").shape
    if shape != (len(chosen), len(chosen)):
        raise ValueError(f"weights must be of shape ({len(chosen)}, {len(chosen)}), got {shape}")
    out = _files.home(folder, "folder")
    if not out.is_dir():
        raise FileNotFoundError(f"there is no folder {out} to write lists into; create it first")
    write = partial(_write_lists_of, weights=table, columns=chosen, out=out, k=k)
    return sorted(fold(write, _part_paths(paths), client=client))


def _write_lists_of(
    path: PathLike, *, weights: Path, columns: np.ndarray, out: Path, k: int
) -> list[Path]:
    """Write the lists of one part; the result is a list, and lists add up to longer ones."""
    part = describe_part(path)
    rated = read_part(path, columns, values="rated")
    matrix = np.load(weights, mmap_mode="r")
    lists = np.empty((part.users, k), np.int32)
    for start in range(0, part.users, _USERS):
        rows = rated[start : start + _USERS]
        scores = rows @ matrix
        scores[rows.nonzero()] = -np.inf
        best = top_k(scores, k)
        open_ones = np.take_along_axis(scores, best, axis=1) > -np.inf
        lists[start : start + _USERS] = np.where(open_ones, columns[best], -1)
    users = np.arange(part.first_user, part.first_user + part.users)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(lists.ravel()), k)
    table = pa.table({"user": pa.array(users, pa.int64()), "items": flat})
    target = out / f"lists-{Path(os.fspath(path)).name}"
    _files.replace_atomically(
        target,
        lambda file: pq.write_table(table, file, compression="zstd", write_page_checksum=True),
    )
    return [target]
