"""Run the notebooks and compare every output: ``python -m tools.check_notebooks [notebook …]``.

This is nbval in strict mode, with the network blocked, and by default one thread per kernel and a
kernel per core. nbval has blind spots; :mod:`tools.notebook_lint` watches those. While the
notebooks run, every verdict in them is also shown to be able to fail, see
:mod:`tools.verdict_gate`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools import verdict_gate
from tools.course import ROOT, longest_first, program, threads

CELL_TIMEOUT = 300  # seconds
NO_NETWORK = ROOT / "tests" / "no_network"
# Statement of a verdict that no perturbation turns false -> why it may stay.
UNSHAKEN = {
    "every package is here and new enough": "it looks at texts, which the gate does not perturb",
    "Keras warns that input_length is no more": "it looks for a word in the text of a warning",
    **{
        f"{penalty} has the right gradient": "it is right at every point, perturbed or not"
        for penalty in ("KL", "L1", "top-k")
    },
}


def check(
    paths: Sequence[Path],
    *,
    workers: int,
    threads_each: int = 1,
    pythonpath: Sequence[Path] = (),
    options: Sequence[str] = (),
    capture: bool = False,
    verdicts: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run notebooks under nbval in a process of its own.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks.
    workers : int
        Notebooks that run at the same time.
    threads_each : int
        Threads of each kernel.
    pythonpath : sequence of Path
        Folders from which the kernels import before anything that is installed.
    options : sequence of str
        More options of pytest.
    capture : bool
        Keep the output instead of printing it.
    verdicts : Path, optional
        Existing folder in which the kernels leave what they find when they try the verdicts.

    Returns
    -------
    subprocess.CompletedProcess
        `returncode` is 0 if every output is as stored.
    """
    path = [*map(str, pythonpath), str(NO_NETWORK), os.environ.get("PYTHONPATH", "")]
    environment = (
        os.environ | threads(threads_each) | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    )
    if verdicts is not None:
        environment[verdict_gate.FOLDER] = str(verdicts)
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
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at the same time (2)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each notebook (1)")


def _run(options: argparse.Namespace) -> int:
    """Exit status of pytest, or 1 if a verdict cannot fail."""
    workers = min(options.jobs, len(options.notebooks))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        status = check(
            options.notebooks,
            workers=workers,
            threads_each=options.threads,
            pythonpath=[ROOT],
            verdicts=folder,
        ).returncode
        count, lines = verdict_gate.report(folder)
    unshaken = [line for line in lines if not line.startswith(tuple(UNSHAKEN))]
    for line in unshaken:
        print(f"✗ never false, whatever was measured: {line}", file=sys.stderr)
    print(
        f"{count} verdicts, {len(unshaken)} of them never false when perturbed"
        if unshaken
        else f"{count} verdicts, each turned false when perturbed"
    )
    return status or int(bool(unshaken))


main = program("check_notebooks", "Compare every stored output.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
