"""Run the notebooks and compare every output: ``python -m tools.check_notebooks [notebook …]``.

This is nbval in strict mode, with the network blocked, one thread per kernel and a kernel per
core. nbval has blind spots; :mod:`tools.notebook_lint` watches those.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.course import ONE_THREAD, ROOT, longest_first, program

CELL_TIMEOUT = 300  # seconds
NO_NETWORK = ROOT / "tests" / "no_network"


def check(
    paths: Sequence[Path],
    *,
    workers: int,
    pythonpath: Sequence[Path] = (),
    options: Sequence[str] = (),
    capture: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run notebooks under nbval in a process of its own.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks.
    workers : int
        Notebooks that run at the same time.
    pythonpath : sequence of Path
        Folders from which the kernels import before anything that is installed.
    options : sequence of str
        More options of pytest.
    capture : bool
        Keep the output instead of printing it.

    Returns
    -------
    subprocess.CompletedProcess
        `returncode` is 0 if every output is as stored.
    """
    path = [*map(str, pythonpath), str(NO_NETWORK), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    command += [f"--nbval-cell-timeout={CELL_TIMEOUT}", "-n", str(workers)]
    command += ["--dist", "loadscope", "--no-loadscope-reorder"]  # in the order given below
    return subprocess.run(
        [*command, *options, *map(str, longest_first(paths))],
        cwd=ROOT,
        env=environment,
        text=True,
        encoding="utf-8",
        capture_output=capture,
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=2, help="notebooks at the same time (2)")


def _run(options: argparse.Namespace) -> int:
    """Exit status of pytest."""
    return check(options.notebooks, workers=min(options.workers, len(options.notebooks))).returncode


main = program("check_notebooks", "Compare every stored output.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
