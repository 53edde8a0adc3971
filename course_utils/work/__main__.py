"""The command line of a learner: ``python -m course_utils.work start``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils.work import progress, start, update, work_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        Exit status: 0, or 2 if something is missing or cannot be written.
    """
    chosen = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # code pages of Windows lack ✓
            stream.reconfigure(errors="replace")
    try:
        return int(chosen.run(chosen) or 0)
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.work",
        description="Your own copies of the notebooks, and what is new in the course.",
    )
    parser.add_argument("--folder", help="where the copies are (default: work, beside notebooks)")
    parser.add_argument("--course", help="folder with the course's notebooks")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, text in (
        ("start", _start, "copy each notebook of which there is no copy yet"),
        ("lab", _lab, "start, then open JupyterLab at the first copy"),
        ("update", _update, "bring what is new in the course into the copies"),
        ("progress", _progress, "tell which exercises are done, tried and open, by route"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(run=run)
    return parser


def _start(chosen: argparse.Namespace) -> None:
    folder = work_folder(chosen.folder, course=chosen.course)
    print(*start(folder, course=chosen.course), sep="\n")
    print(f"your copies: {folder}")


def _lab(chosen: argparse.Namespace) -> int:
    _start(chosen)
    folder = work_folder(chosen.folder, course=chosen.course)
    first: Path = next(folder.glob("00_*.ipynb"), folder)
    return subprocess.call([sys.executable, "-m", "jupyterlab", str(first)])


def _update(chosen: argparse.Namespace) -> None:
    folder = work_folder(chosen.folder, course=chosen.course)
    print(*update(folder, course=chosen.course), sep="\n")


def _progress(chosen: argparse.Namespace) -> None:
    folder = work_folder(chosen.folder, course=chosen.course)
    print(*progress(folder, course=chosen.course), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
