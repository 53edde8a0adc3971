"""One change of one file, planted in a copy of the course, and the gate that must notice it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools.check_notebooks import check
from tools.course import ONE_THREAD, ROOT
from tools.stored import to_json, write_atomically

WORK = ROOT / "build" / "mutants"
COPIED = ("course_utils", "data", "tests", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """One change of one file, and the gate that must notice it.

    Attributes
    ----------
    file : str
        Path in the repository.
    old, new : str
        The text and what takes its place; `old` occurs exactly once. In a notebook it is looked
        for in the sources of the cells.
    gate : str
        A test file or a notebook.
    """

    file: str
    old: str
    new: str
    gate: str


def copy_course(target: Path, notebooks: Iterable[str] = ()) -> None:
    """Copy the package, the data, the tests and some notebooks.

    Parameters
    ----------
    target : Path
        A folder that does not exist yet or is empty.
    notebooks : iterable of str
        Paths in the repository.
    """
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=unwanted)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    for name in notebooks:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def plant(tree: Path, mutant: Mutant) -> None:
    """Apply a mutant to a copy.

    Parameters
    ----------
    tree : Path
        The copy.
    mutant : Mutant
        What to change.

    Raises
    ------
    ValueError
        If the old text does not occur exactly once: the mutant no longer fits the code.
    """
    path = tree / mutant.file
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, as_version=4)
        sources = [cell.source for cell in notebook.cells]
    else:
        sources = [path.read_text(encoding="utf-8")]
    count = sum(source.count(mutant.old) for source in sources)
    if count != 1:
        raise ValueError(
            f"the mutant of {mutant.file} is stale: {mutant.old!r} occurs {count} times, not once"
        )
    sources = [source.replace(mutant.old, mutant.new) for source in sources]
    if path.suffix == ".ipynb":
        for cell, source in zip(notebook.cells, sources, strict=True):
            cell.source = source
        write_atomically(path, to_json(notebook))
    else:
        write_atomically(path, sources[0])


def gate(tree: Path, names: Sequence[str], *, workers: int = 0) -> subprocess.CompletedProcess[str]:
    """Run tests or notebooks of a copy against the package in that copy.

    Parameters
    ----------
    tree : Path
        The copy.
    names : sequence of str
        Test files, or notebooks; not both.
    workers : int
        Notebooks that run at the same time.

    Returns
    -------
    subprocess.CompletedProcess
        `returncode` is 0 if all is well and 1 if something was noticed; anything else means that
        the gate itself did not run.
    """
    options = ["-x", "--color=no", "-p", "no:cacheprovider"]
    paths = [tree / name for name in names]
    if paths[0].suffix == ".ipynb":
        return check(paths, workers=workers, pythonpath=[tree], options=options, capture=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *map(str, paths)],
        cwd=tree,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": str(tree)},
        text=True,
        encoding="utf-8",
        capture_output=True,
    )


def fresh(folder: Path) -> Path:
    """Remove a folder, and return its path to be filled anew."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder
