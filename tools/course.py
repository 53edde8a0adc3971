"""Where things are, which notebooks there are, and how a program of the course begins.

Everything else in `tools` builds on this module, which needs the standard library only.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"

# What tells a library how many threads it may have.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def threads(number: int) -> dict[str, str]:
    """Environment of a process with so many threads.

    Idle OpenMP threads spin: with more busy threads than cores everything takes ten times as long.
    """
    return {"GOMP_SPINCOUNT": "10000"} | dict.fromkeys(_THREADS, str(number))


ONE_THREAD = threads(1)  # of processes that work beside others


class Program(Protocol):
    """The `main` of a program: takes a command line and returns the exit status."""

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run it; the command line is by default that of the process."""
        ...


def find_notebooks(names: Sequence[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """Notebooks in reading order.

    Parameters
    ----------
    names : sequence of str
        Paths, file names, stems, topics such as "align_and_index" or numbers such as "03"; empty
        means all.
    folder : Path
        Where the course's notebooks are.

    Returns
    -------
    list of Path
        Sorted by file name, without duplicates.

    Raises
    ------
    ValueError
        If a name fits no notebook; the message lists what there is.
    """
    known = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        if not known:
            raise ValueError(f"there is no notebook in {folder}")
        return known
    chosen = set()
    for name in names:
        path = Path(name).expanduser()
        if path.suffix == ".ipynb" and path.is_file():
            chosen.add(path.resolve())
            continue
        fitting = [
            file
            for file in known
            if path.name in (file.name, file.stem, file.stem[:2], topic_of(file))
        ]
        if not fitting:
            there = "\n".join(f"  {file.stem}" for file in known) or "  (none)"
            raise ValueError(f"no notebook called {name!r}; there are:\n{there}")
        chosen.update(file.resolve() for file in fitting)
    return sorted(chosen, key=lambda file: file.name)


def topic_of(path: Path) -> str:
    """Name of a notebook without its number, by which everything refers to it.

    Parameters
    ----------
    path : Path
        The notebook.

    Returns
    -------
    str
        The topic.

    Examples
    --------
    >>> topic_of(Path("notebooks/01_align_and_index.ipynb"))
    'align_and_index'
    """
    return re.sub(r"^\d\d_", "", path.stem)


def read(path: Path) -> dict[str, Any]:
    """Read a notebook as plain JSON, whose sources may be lists of lines."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def promised_seconds(path: Path) -> int:
    """Run time that a notebook promises, in seconds; 0 if it promises none."""
    try:
        seconds = read(path)["metadata"]["course"]["seconds"]
    except (ValueError, KeyError, TypeError):
        return 0
    return seconds if isinstance(seconds, int) else 0


def longest_first(paths: Sequence[Path]) -> list[Path]:
    """Order in which notebooks that run side by side end soonest.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks.

    Returns
    -------
    list of Path
        By the run time that they promise, the longest first.
    """
    return sorted(paths, key=lambda path: (-promised_seconds(path), path.name))


def program(
    name: str,
    description: str,
    run: Callable[[argparse.Namespace], int],
    options: Callable[[argparse.ArgumentParser], object] | None = None,
    *,
    notebooks: bool = True,
) -> Program:
    """Make the `main` of a program.

    Parameters
    ----------
    name : str
        Name of the module in `tools`.
    description : str
        What it does, in a sentence for ``--help``.
    run : callable
        Called with the options; returns the exit status.
    options : callable, optional
        Adds options to the parser.
    notebooks : bool
        Whether the command line may name notebooks. `run` finds them as paths, in reading order,
        in ``notebooks``.

    Returns
    -------
    callable
        Takes a command line, default ``sys.argv[1:]``, and returns the exit status: that of
        `run`, 2 if a name fits no notebook, or 130 if somebody pressed Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tools.{name}", description=description)
    if options is not None:
        options(parser)
    if notebooks:
        parser.add_argument(
            "notebooks", nargs="*", help="number, topic or path, such as 03; default: all of them"
        )

    def main(arguments: Sequence[str] | None = None) -> int:
        print_anything()
        chosen = parser.parse_args(arguments)
        if notebooks:
            try:
                chosen.notebooks = find_notebooks(chosen.notebooks)
            except ValueError as error:
                print(error, file=sys.stderr)
                return 2
        try:
            return run(chosen)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return main


def print_anything() -> None:
    """Let ✓ and ● be printed everywhere, also where Windows' code page lacks them.

    A terminal gets what it can show and ``?`` for the rest, a file or a pipe UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            try:
                "✓●…".encode(stream.encoding)
            except UnicodeEncodeError:
                encoding = stream.encoding if stream.isatty() else "utf-8"
                stream.reconfigure(encoding=encoding, errors="replace")


def report(found: Sequence[str], summary: str) -> int:
    """Print what is wrong with built pages, then a line that counts it.

    Parameters
    ----------
    found : sequence of str
        One line for each problem.
    summary : str
        What was built, with ``{}`` for the number of problems.

    Returns
    -------
    int
        Exit status: 0, or 1 if there is a problem.
    """
    for line in found:
        print(f"✗ {line}", file=sys.stderr)
    print(summary.format(f"{len(found)} problems"))
    return int(bool(found))
