"""Processes that are ended, whoever their parent is by then, at the end of a block."""

from __future__ import annotations

import contextlib
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psutil

_MARK = "COURSE_MARK"  # inherited by children, so that one is found whose parent has died, too
_GRACE = 5.0  # seconds in which a process may end by itself

Start = Callable[..., subprocess.Popen[str]]


@contextlib.contextmanager
def processes() -> Iterator[Start]:
    """Yield a function that starts processes; none of them, nor of their children, stays.

    The function takes a command, variables to add to the environment, and options of `Popen`.
    """
    mark = uuid.uuid4().hex
    started: list[subprocess.Popen[str]] = []

    def start(
        command: list[str], variables: Mapping[str, str], **options: Any
    ) -> subprocess.Popen[str]:
        environment = os.environ | variables | {_MARK: mark}
        started.append(
            subprocess.Popen(
                command, env=environment, encoding="utf-8", errors="replace", **options
            )
        )
        return started[-1]

    try:
        yield start
    finally:
        _end_all(started, mark)
        for process in started:
            with process:  # closes its pipes, and takes note that it has ended
                pass


def _end_all(started: list[subprocess.Popen[str]], mark: str) -> None:
    """Ask, wait and end; then again, for one that was asked may have started another."""
    for end in (psutil.Process.terminate, psutil.Process.kill, psutil.Process.kill):
        left = _descendants(started) | _those_with(mark)
        for process in left:
            with contextlib.suppress(psutil.Error):
                end(process)
        psutil.wait_procs(left, _GRACE)


def _descendants(started: list[subprocess.Popen[str]]) -> set[psutil.Process]:
    """Return processes that were started, and their children, while their parents live."""
    found = set()
    for each in started:
        if each.poll() is not None:
            continue  # its number may be another's by now
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(each.pid)
            found |= {process, *process.children(recursive=True)}
    return found


def _those_with(mark: str) -> set[psutil.Process]:
    """Return processes with the mark; one that has renamed itself, as Dask's do, has lost it."""
    found = set()
    for process in psutil.process_iter():
        # Other users' processes do not say, and some are gone meanwhile.
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process)
    return found
