"""A Dask cluster on this machine: quiet, on loopback alone, and gone at the end of its block."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import _arguments, _files
from course_utils.distributed._processes import processes

if TYPE_CHECKING:
    from distributed import Client

# For this process, and as variables for those that are started.
_SETTINGS = {
    "logging.distributed": "critical",
    # Where no worker is left for so long, a task fails; by default it would wait for ever.
    "distributed.scheduler.no-workers-timeout": "2 minutes",
    # A worker that was lost is not given up: on a busy machine it may be up again only after the
    # 15 seconds that are the default.
    "distributed.deploy.lost-worker-timeout": "1 day",
}
# Seconds after which a scheduler that does not answer is taken for gone: Dask's own default.
_PATIENCE = 30.0
_VARIABLES = {
    "DASK_" + name.replace(".", "__").replace("-", "_").upper(): value
    for name, value in _SETTINGS.items()
}


@contextlib.contextmanager
def local_cluster(workers: int = 2) -> Iterator[Client]:
    """Start processes that compute for this one, and stop them at the end of a `with` block.

    Introduced in *Scale past one machine*.

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
    with _settings():
        from distributed import Client, LocalCluster

        local = {
            "n_workers": workers,
            "threads_per_worker": 1,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",  # None would take port 8787, or warn
            "silence_logs": "CRITICAL",
        }
        with LocalCluster(**local) as cluster, Client(cluster) as client:
            yield client


def cluster_commands(
    scheduler_file: str | os.PathLike[str], *, host: str | None = "127.0.0.1"
) -> tuple[list[str], list[str]]:
    """Write the command lines that start a cluster on one machine or on many.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    scheduler_file : path
        Where the scheduler writes its address, and workers and clients read it: on many machines,
        a file on a disk that they share.
    host : str, optional
        Address on which to listen. With None, all of the machine: this is what changes where the
        workers are on other machines than the scheduler. Neither encrypts, nor asks for a password,
        so the network must be one's own.

    Returns
    -------
    scheduler, worker : list of str
        The scheduler is started once, and a worker on each machine as often as it has cores;
        `shlex.join` makes a line for a terminal of each. A worker leaves when the scheduler has
        been gone for 20 seconds.

    Examples
    --------
    >>> scheduler, worker = cluster_commands("cluster.json")
    >>> print(*scheduler[1:])  # behind python
    -m dask scheduler --scheduler-file cluster.json --no-dashboard --port 0 --host 127.0.0.1 \
--dashboard-address 127.0.0.1:0
    >>> print(*worker[1:])
    -m dask worker --scheduler-file cluster.json --no-dashboard --nthreads 1 --death-timeout 20 \
--host 127.0.0.1 --dashboard-address 127.0.0.1:0
    """
    file = [
        "--scheduler-file",
        str(_files.home(scheduler_file, "scheduler_file")),
        "--no-dashboard",
    ]
    # Without a dashboard, too, each answers over HTTP, by default on all interfaces.
    where = [] if host is None else ["--host", host, "--dashboard-address", f"{host}:0"]
    return (
        [sys.executable, "-m", "dask", "scheduler", *file, "--port", "0", *where],
        [
            *[sys.executable, "-m", "dask", "worker", *file],
            *["--nthreads", "1", "--death-timeout", "20", *where],
        ],
    )


@contextlib.contextmanager
def connect(
    scheduler_file: str | os.PathLike[str], *, workers: int = 1, timeout: float = 120.0
) -> Iterator[Client]:
    """Use a cluster that was started by command lines, here or on other machines.

    Parameters
    ----------
    scheduler_file : path
        What the scheduler writes, as :func:`cluster_commands` names it.
    workers : int
        How many to wait for.
    timeout : float
        Seconds to wait for scheduler and workers to start. A scheduler that has started, but does
        not answer for 30 seconds, then or later, is taken for gone.

    Yields
    ------
    distributed.Client
        For :func:`fold` and the functions that take a client. Its method `shutdown` ends the
        cluster; without, the cluster stays.

    Raises
    ------
    TypeError
        If a number is of the wrong kind.
    ValueError
        If a number is too small.
    TimeoutError
        If scheduler or workers are not there in time.
    """
    workers = _arguments.integer("workers", workers, 1)
    timeout = _arguments.number("timeout", timeout, above=0)
    with _settings():
        from distributed import Client

        end = time.monotonic() + timeout
        address = _address(_files.home(scheduler_file, "scheduler_file"), end)
        try:
            client = Client(address, timeout=min(_PATIENCE, max(1.0, end - time.monotonic())))
        except OSError as error:
            raise TimeoutError(
                f"no scheduler answers at {address}, which {scheduler_file} names; start it again"
            ) from error
        with client:
            client.wait_for_workers(workers, timeout=max(1.0, end - time.monotonic()))
            yield client


def _address(file: Path, end: float) -> str:
    """Read where the scheduler listens, once it has written that down."""
    while time.monotonic() < end:
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        except (FileNotFoundError, ValueError, KeyError):  # not there, or not whole
            time.sleep(0.05)
    raise TimeoutError(f"no scheduler has written {file}; start one, as cluster_commands says")


@contextlib.contextmanager
def command_cluster(workers: int = 2) -> Iterator[Client]:
    """Start a cluster by its command lines on this machine, and stop it at the end of the block.

    Each is a process of its own, the scheduler too, as on many machines: :func:`local_cluster` is
    up sooner, but keeps the scheduler in this process.

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
    TimeoutError
        If the cluster does not start.
    """
    workers = _arguments.integer("workers", workers, 1)
    with tempfile.TemporaryDirectory() as folder, processes() as start:
        file = Path(folder, "cluster.json")
        scheduler, worker = cluster_commands(file)
        nowhere = subprocess.DEVNULL
        for command in (scheduler, *[worker] * workers):
            start(command, _VARIABLES, cwd=folder, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        with connect(file, workers=workers) as client:
            yield client


@contextlib.contextmanager
def _settings() -> Iterator[None]:
    """Let Dask log nothing but what is critical, and wait neither too long nor too short."""
    with _environment(_VARIABLES):
        import dask  # only here: importing it takes a second

        with dask.config.set(_SETTINGS):
            yield


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
