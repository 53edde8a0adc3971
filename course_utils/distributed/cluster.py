"""A Dask cluster on this machine: quiet, on loopback alone, and gone at the end of its block."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from course_utils import _arguments

if TYPE_CHECKING:
    from distributed import Client

_QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical"}  # read by the workers when they import Dask


@contextlib.contextmanager
def local_cluster(workers: int = 2) -> Iterator[Client]:
    """Start processes that compute for this one, and stop them at the end of a `with` block.

    A scheduler and its workers listen on 127.0.0.1, on ports that the system picks. What runs on
    them runs as it would on many machines: only the address differs.

    Parameters
    ----------
    workers : int
        Processes, of one thread each.

    Yields
    ------
    distributed.Client
        For :func:`fold` and the functions that take a client.

    Raises
    ------
    TypeError
        If `workers` is no integer.
    ValueError
        If it is below 1.

    Notes
    -----
    Workers are new processes that import the program that started them: in a script this must
    stand behind ``if __name__ == "__main__":``. In a notebook it need not.
    """
    workers = _arguments.integer("workers", workers, 1)
    with _environment(_QUIET):
        import dask  # only here: importing it takes a second
        from distributed import Client, LocalCluster

        local = {
            "n_workers": workers,
            "threads_per_worker": 1,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",  # None would take port 8787, or warn
            "silence_logs": "CRITICAL",
        }
        with (
            dask.config.set({"logging.distributed": "critical"}),
            LocalCluster(**local) as cluster,
            Client(cluster) as client,
        ):
            yield client


@contextlib.contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Set variables for processes that are started meanwhile, and give the old ones back."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
