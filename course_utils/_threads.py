"""How many threads linear algebra may use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from threadpoolctl import threadpool_limits

# Up to this smaller side, a matrix is factorised sooner by one thread than by several.
SMALL_SIDE = 1000


@contextlib.contextmanager
def one_blas_thread(when: bool = True) -> Iterator[None]:
    """Let BLAS and LAPACK work on one thread, as suits many small matrices.

    A second thread starts with each product and then spins for some thousandths of a second, in
    wait of the next: with matrices of a few hundred rows that takes longer than the work, and
    several times as long on a machine that has other things to do.

    Parameters
    ----------
    when : bool
        If not, nothing changes: for work whose size is known only in the run.

    Examples
    --------
    >>> import numpy as np  # with its BLAS
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    {1}
    """
    with threadpool_limits(1 if when else None, user_api="blas"):
        yield
