"""Start a script on several ranks with torchrun, and end every process of it in the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile

from course_utils import _arguments, _files
from course_utils.distributed._processes import processes

PathLike = str | os.PathLike[str]

_FAILED = re.compile(
    r"Root Cause.*?rank\s*:\s*(?P<rank>\d+).*?exitcode\s*:\s*(?P<code>-?\d+)", re.S
)
_OF_TORCHRUN = re.compile(r"[EIW]\d{4} ")  # how its lines begin; those of a rank do not


class RankFailed(RuntimeError):
    """A rank that ended early, and with it the job; the message names the rank."""


def torchrun_command(
    script: PathLike,
    *arguments: str,
    ranks: int = 2,
    nodes: int = 1,
    endpoint: str | None = None,
    restarts: int = 0,
) -> list[str]:
    """Write the command line that starts a script on several ranks.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    script : path
        A Python file that calls `torch.distributed.init_process_group("gloo")`.
    *arguments : str
        For the script.
    ranks : int
        Processes on each node.
    nodes : int
        Machines. The same command is given on each of them.
    endpoint : str, optional
        Where nodes meet: address and port of the first of them, such as ``"node1:29500"``; needed
        for more than one. With 127.0.0.1 all "nodes" are on this machine, and stay on loopback.
    restarts : int
        How often all ranks may be started again after one has died. They go on from the
        checkpoint that the script gives to `fit`.

    Returns
    -------
    list of str
        What :func:`launch` runs; `shlex.join` makes a line for a terminal of it.

    Raises
    ------
    TypeError
        If a number is no integer, or an argument is no text.
    ValueError
        If a number is too small, or there are several nodes and no `endpoint`.

    Examples
    --------
    >>> command = torchrun_command("train.py", nodes=2, endpoint="node1:29500")
    >>> print(*command[3:])  # behind python -m torch.distributed.run, which torchrun stands for
    --nproc-per-node 2 --max-restarts 0 --nnodes 2 --rdzv-backend c10d --rdzv-id course \
--rdzv-endpoint node1:29500 train.py
    """
    ranks = _arguments.integer("ranks", ranks, 1)
    nodes = _arguments.integer("nodes", nodes, 1)
    restarts = _arguments.integer("restarts", restarts, 0)
    if any(not isinstance(argument, str) for argument in arguments):
        raise TypeError(f"arguments must be text, got {arguments}; wrap numbers in str()")
    command = [sys.executable, "-m", "torch.distributed.run"]
    command += ["--nproc-per-node", str(ranks), "--max-restarts", str(restarts)]
    if endpoint is not None:
        if not isinstance(endpoint, str):
            raise TypeError(f'endpoint must be text such as "node1:29500", got {endpoint!r}')
        command += ["--nnodes", str(nodes), "--rdzv-backend", "c10d", "--rdzv-id", "course"]
        command += ["--rdzv-endpoint", endpoint]
        if endpoint.startswith("127.0.0.1:"):
            command += ["--local-addr", "127.0.0.1"]
    elif nodes == 1:
        command += ["--standalone"]
    else:
        raise ValueError(
            f"endpoint must say where {nodes} nodes meet, got None; "
            'give the address of the first of them and a port, such as "node1:29500"'
        )
    return [*command, str(_files.home(script, "script")), *arguments]


def torchrun_environment(endpoint: str | None = None) -> dict[str, str]:
    """Return the variables without which torchrun misbehaves, to be added to `os.environ`.

    Parameters
    ----------
    endpoint : str, optional
        As for :func:`torchrun_command`. Without one, or on 127.0.0.1, ranks talk through the
        loopback interface alone.

    Returns
    -------
    dict of str to str
        One thread for each rank, unless it is set already; stores that a second attempt does not
        share with the first, or else a restart may fail or hang (pytorch issue 135712); the
        interface.

    Examples
    --------
    >>> torchrun_environment()["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"]
    '1'
    """
    wanted = {
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    if sys.platform == "win32":
        wanted["USE_LIBUV"] = "0"
    elif endpoint is None or endpoint.startswith("127.0.0.1:"):
        wanted["GLOO_SOCKET_IFNAME"] = "lo0" if sys.platform == "darwin" else "lo"
    return wanted


def launch(
    script: PathLike,
    *arguments: str,
    ranks: int = 2,
    nodes: int = 1,
    endpoint: str | None = None,
    restarts: int = 0,
    timeout: float = 600.0,
) -> str:
    """Run a script on several ranks of this machine, and wait until all of them are gone.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    script : path
        As for :func:`torchrun_command`, like what follows. With several nodes this starts the
        ranks of one of them.
    *arguments : str
        For the script.
    ranks, nodes : int
        Processes on each node, and nodes.
    endpoint : str, optional
        Where nodes meet.
    restarts : int
        How often all ranks may be started again.
    timeout : float
        Seconds after which all are ended.

    Returns
    -------
    str
        What the ranks printed.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a number is too small, or there are several nodes and no `endpoint`.
    FileNotFoundError
        If there is no such script.
    RankFailed
        If a rank died and there was no restart left, with its number, its exit code, and the
        last lines that were written.
    TimeoutError
        If the job did not end in time, as when a rank waits for a sum that another never gives.

    Notes
    -----
    However this ends, by an interrupt of the kernel too, no process stays behind.
    """
    timeout = _arguments.number("timeout", timeout, above=0)
    path = _files.home(script, "script")
    if not path.is_file():
        raise FileNotFoundError(f"there is no script {path} to start; write it first")
    command = torchrun_command(
        path, *arguments, ranks=ranks, nodes=nodes, endpoint=endpoint, restarts=restarts
    )
    with (
        # Files, and no pipes: those would stay open if torchrun died before its ranks.
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        with processes() as start:
            process = start(
                command,
                torchrun_environment(endpoint),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                raise TimeoutError(
                    f"{path.name} on {ranks} ranks did not end in {timeout:g} s and was stopped; "
                    "does every rank take part in each sum?"
                ) from None
        for file in (output, errors):
            file.seek(0)
        if code:
            raise RankFailed(_reason(path.name, errors.read(), code))
        return output.read()


def _reason(script: str, errors: str, code: int) -> str:
    before = errors.rpartition("failed (exitcode")[0] or errors
    own = [line for line in before.splitlines() if line.strip() and not _OF_TORCHRUN.match(line)]
    last = "\n".join(own[-6:]) or "none"
    failed = _FAILED.search(errors)
    if failed is None:
        return f"{script} ended with exit code {code}; its last lines:\n{last}"
    code = int(failed["code"])
    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with code {code}"
    return f"rank {failed['rank']} of {script} {how}; the last lines written:\n{last}"
