"""Statistics that add up: computed part by part, on any number of processes, in any order."""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments, _objects
from course_utils.distributed.parts import read_part

if TYPE_CHECKING:
    from distributed import Client

_LARGE = 1_000_000  # bytes of an array that travels by itself

PathLike = str | os.PathLike[str]


class Totals(NamedTuple):
    """Whole numbers of which means and variances follow; those of two parts add up.

    Introduced in *Scale past one machine*.

    Attributes
    ----------
    users, ratings : int
        How many there are, users without a rating included.
    counts : ndarray of int64, shape (items,)
        Ratings of each film.
    sums, squares : ndarray of int64, shape (items,)
        Sum of these ratings and of their squares, in half stars.
    """

    users: int
    ratings: int
    counts: np.ndarray
    sums: np.ndarray
    squares: np.ndarray

    def means(self) -> np.ndarray:
        """Mean rating of each film.

        Returns
        -------
        ndarray of float64, shape (items,)
            In stars; NaN for a film without a rating.

        Examples
        --------
        >>> Totals(2, 2, np.array([2, 0]), np.array([14, 0]), np.array([100, 0])).means()
        array([3.5, nan])
        """
        known = self.counts > 0
        return np.divide(self.sums / 2, self.counts, out=np.full(known.shape, np.nan), where=known)

    def variances(self) -> np.ndarray:
        """Variance of the ratings of each film.

        Returns
        -------
        ndarray of float64, shape (items,)
            In stars², of the film's ratings as they are (divided by their number); NaN for a film
            without a rating. The difference is taken between whole numbers, so nothing cancels.

        Examples
        --------
        >>> Totals(2, 2, np.array([2, 0]), np.array([14, 0]), np.array([100, 0])).variances()
        array([0.25,  nan])
        """
        known = self.counts > 0
        spread = self.counts * self.squares - self.sums**2
        whole = 4.0 * self.counts.astype(float) ** 2
        return np.divide(spread, whole, out=np.full(known.shape, np.nan), where=known)


def totals(path: PathLike) -> Totals:
    """Count and add up the ratings of a part.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    path : path
        The part.

    Returns
    -------
    Totals
        Of this part alone; :func:`fold` adds them up.

    Raises
    ------
    DamagedPart
        If the part is not whole.
    """
    matrix = read_part(path, values="halves")
    items, halves, n = matrix.indices, matrix.data, matrix.shape[1]
    # Weighted counts are float64: exact up to 2**53, which is 10**14 ratings of 10 half stars.
    sums, squares = (np.bincount(items, halves**power, n).astype(np.int64) for power in (1, 2))
    return Totals(matrix.shape[0], matrix.nnz, np.bincount(items, minlength=n), sums, squares)


def gram(path: PathLike, columns: ArrayLike, *, values: str = "rated") -> np.ndarray:
    """Multiply some columns of a part with each other: XᵀX.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    path : path
        The part.
    columns : array_like of int, shape (m,)
        Items; the result is dense, with m² numbers of 8 bytes.
    values : {"rated", "halves"}
        Whether X holds a 1 for each rating, and entry (i, j) counts who rated both, or the half
        stars.

    Returns
    -------
    ndarray of int64, shape (m, m)
        Of this part alone; those of all parts add up to that of all users.

    Raises
    ------
    DamagedPart
        If the part is not whole.
    ValueError
        If a column is out of range or named twice, or `values` is another word.
    """
    values = _arguments.choice("values", values, ("rated", "halves"))
    matrix = read_part(path, columns, values=values).astype(np.int64)
    return (matrix.T @ matrix).toarray()


def cooccurrence(path: PathLike) -> sp.csr_array:
    """Count for each pair of films the users of a part who rated both.

    Parameters
    ----------
    path : path
        The part.

    Returns
    -------
    csr_array of int64, shape (items, items)
        Sparse, but not for long: 1,600 users of ml-32m's kind fill 53 million pairs. For many
        users take :func:`gram` of chosen columns.

    Raises
    ------
    DamagedPart
        If the part is not whole.
    """
    matrix = read_part(path, values="rated").astype(np.int64)
    return sp.csr_array(matrix.T @ matrix)


def fold(
    function: Callable[..., Any],
    paths: Iterable[PathLike],
    *arguments: Any,
    client: Client | None = None,
    **options: Any,
) -> Any:
    """Add up what a function says of each part, here or on a cluster.

    Introduced in *Scale past one machine*.

    Whole numbers give the same sum, bit by bit, with any number of workers and parts and in any
    order; floats do not.

    Parameters
    ----------
    function : callable
        Called with a path, then `arguments` and `options`. It returns numbers, arrays, or a tuple
        of them, which add up.
    paths : iterable of path
        The parts; at least one.
    *arguments, **options
        For the function. Large arrays belong in a file of which the path is given.
    client : distributed.Client, optional
        Where to compute, as from :func:`local_cluster`. Each worker adds up a run of parts, so
        that it holds one sum and one part, however many there are. Default: in this process.

    Returns
    -------
    object
        The sum, of the kind that the function returns.

    Raises
    ------
    DamagedPart
        If a part is not whole, with its name, wherever it was read.
    ConnectionError
        If the scheduler is gone, or all workers for some minutes, with the part that was waited
        for.
    distributed.scheduler.KilledWorker
        If workers died over a part again and again, with its name. One that dies once costs time
        alone: others do its work again.
    ValueError
        If there is no path.

    Examples
    --------
    >>> fold(len, ["abc", "de"])
    5
    """
    wanted = _objects.items("paths", paths, "paths of parts")
    if not wanted:
        raise ValueError("paths must name at least one part, got none")
    if client is None:
        total = function(wanted[0], *arguments, **options)
        for path in wanted[1:]:
            total = add(total, function(path, *arguments, **options))
        return total
    from distributed.client import FutureCancelledError
    from distributed.scheduler import NoWorkerError

    ends: list[Any] = []
    try:
        if client.status in ("closing", "closed"):
            raise ConnectionError(f"the client is {client.status}")
        runs = min(max(1, len(client.nthreads())), len(wanted))
        sent = tuple(_sent(client, argument) for argument in arguments)
        ends += [
            _chain(client, function, wanted[start::runs], sent, options) for start in range(runs)
        ]
        total = ends[0].result()
        for end in ends[1:]:
            total = add(total, end.result())
    except (FutureCancelledError, NoWorkerError, OSError) as error:
        # An OSError is the function's own where a task has failed, as when its disk is full; else
        # it is one of the connection, which Dask raises in several kinds.
        if isinstance(error, OSError) and any(end.status == "error" for end in ends):
            raise
        who = "no worker is left" if isinstance(error, NoWorkerError) else "the scheduler is gone"
        key = getattr(error, "key", getattr(error, "task", wanted[-1]))
        part = os.path.basename(os.fspath(key)).partition(" ")[0]
        raise ConnectionError(
            f"{who}, and with it the sum over {len(wanted)} parts at {part}; "
            "start a cluster and add up again"
        ) from error
    return total


def add(one: Any, other: Any) -> Any:
    """Add two results of the same kind, tuples entry by entry.

    Parameters
    ----------
    one, other : number, array, sparse array or tuple of them
        What :func:`fold` got of two parts.

    Returns
    -------
    object
        Their sum, of the same kind.

    Examples
    --------
    >>> add((1, np.array([1, 2])), (2, np.array([0, 1])))
    (3, array([1, 3]))
    """
    if isinstance(one, tuple):
        sums = [add(a, b) for a, b in zip(one, other, strict=True)]
        return type(one)(*sums) if hasattr(one, "_fields") else tuple(sums)
    return one + other


def _sent(client: Client, argument: Any) -> Any:
    """Send a large array to each worker once, and not with every task."""
    if isinstance(argument, np.ndarray) and argument.nbytes > _LARGE:
        return client.scatter(argument, broadcast=True, hash=False)
    return argument


def _chain(
    client: Client,
    function: Callable[..., Any],
    paths: list[PathLike],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> Any:
    """Tasks of which each adds a part to the sum of those before it.

    A task may give another result next time, for its file may have changed: it is never pure. Its
    key holds the name of its part, so that an error of the cluster names it, too.
    """
    total = None
    for path in paths:
        key = f"{os.path.basename(os.fspath(path))} {uuid.uuid4().hex}"
        step = functools.partial(_one_more, function, path, options)
        total = client.submit(step, total, *arguments, key=key, pure=False)
    return total


def _one_more(
    function: Callable[..., Any],
    path: PathLike,
    options: dict[str, Any],
    total: Any,
    *arguments: Any,
) -> Any:
    more = function(path, *arguments, **options)
    return more if total is None else add(total, more)
