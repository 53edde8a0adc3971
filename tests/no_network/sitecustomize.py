"""Refuse every connection that would leave this machine.

Python imports a module of this name from PYTHONPATH at its start, so with this folder on the path
the guard holds in the test processes, in the kernels of the notebooks and in their children.
Loopback and local sockets stay open: kernels talk to their clients through them.

When the gate of the notebooks asks for it, a kernel also tries whether its verdicts can fail, and
when their margins are measured, it writes these down.
"""

import ipaddress
import os
import socket
import sys
from pathlib import Path


class NetworkBlockedError(RuntimeError):
    """Something tried to reach the network; no OSError, so that no retry swallows it."""


def _refuse(target: object) -> None:
    raise NetworkBlockedError(
        f"the network is blocked in the tests, and something tried to reach {target!r}; "
        "use the data that ships in data/"
    )


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guard_method(name: str) -> None:
    original = getattr(socket.socket, name)

    def guarded(self, *arguments):
        address = arguments[-1]  # connect(address), sendto(data[, flags], address)
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            _refuse(address)
        return original(self, *arguments)

    setattr(socket.socket, name, guarded)


def _guard_lookup(name: str) -> None:
    original = getattr(socket, name)

    def guarded(host, *arguments, **keywords):
        if not _is_local(host):
            _refuse(host)
        return original(host, *arguments, **keywords)

    setattr(socket, name, guarded)


def block() -> None:
    """Install the guard, once per process."""
    if getattr(socket, "blocked_by_the_tests", False):
        return
    for method in ("connect", "connect_ex", "sendto"):
        _guard_method(method)
    for function in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        _guard_lookup(function)
    socket.blocked_by_the_tests = True  # type: ignore[attr-defined]


block()

if "COURSE_VERDICTS" in os.environ and any("ipykernel" in part for part in sys.orig_argv):
    from tools import verdict_gate

    verdict_gate.install(Path(os.environ["COURSE_VERDICTS"]))

if "COURSE_MARGINS" in os.environ:
    from tools.margins import kernel

    other_seeds = int(os.environ[kernel.SHIFT])
    if any("ipykernel" in part for part in sys.orig_argv):
        kernel.install(Path(os.environ[kernel.FILE]), other_seeds)
    elif other_seeds:
        kernel.draw_from_other_seeds(other_seeds)
