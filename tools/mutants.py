"""Would anybody notice? ``python -m tools.mutants [module or notebook …]``.

Two questions, each put to a copy of the course; the working tree is never touched:

- mutmut changes `course_utils`, all but the drawing, in many small ways; do the unit tests and
  doctests notice?
- one number of each notebook is changed; does strict nbval notice?

The run is long. It works under ``build/mutants`` and goes on where it was stopped, until a file it
depends on changes. Below 90 % in either part, the exit status is 1.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from course_utils._frameworks import framework_of, module_names
from tools.check_notebooks import check
from tools.course import ONE_THREAD, ROOT, find_notebooks
from tools.notebook_lint import IGNORE
from tools.stored import to_json, write_atomically

WORK = ROOT / "build" / "mutants"
PASSING_SCORE = 0.90
COPIED = ("course_utils", "data", "tests", "pyproject.toml")


# ------------------------------------------------------------------ one mutant, planted in a copy


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


# ------------------------------------------------------------------- one number of every notebook

# Numbers that only decide how something looks or which random numbers are drawn.
COSMETIC = re.compile(
    r"seed|random_state|rng|fig|size|width|height|alpha|dpi|lw|ls|color|cmap|vmin|vmax|lim|ticks"
    r"|scale|decimals|precision|repeats|threads|n_jobs|verbose|pad|rotation|bins|alt"
)
COSMETIC_CALLS = re.compile(
    r"(?:^|\.)(?:round|default_rng|start|manual_seed|Generator|set_\w+|subplots|figure|savefig)$"
    r"|^(?:plots|plt|axes|ax|figure|fig|left|right)\b"
)


def number_to_change(notebook: NotebookNode) -> tuple[int, str] | None:
    """Choose one number of a notebook whose change must show, always the same one.

    Numbers in literal data of a cell that prints come first, then other numbers of such a cell,
    then the rest. Left out are cells that nbval ignores, that draw or that set up, thresholds in
    a verdict, seeds, sizes and the like.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.

    Returns
    -------
    (int, str) or None
        Position of the cell and its new source; None if there is no such number.
    """
    candidates = []
    for position, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if (
            cell.cell_type != "code"
            or {IGNORE, "setup", "exercise"} & set(tags)
            or "plots.show" in cell.source
        ):
            continue
        prints = 0 if "print(" in cell.source else 1
        for rank, node in _numbers(ast.parse(cell.source), in_data=False):
            candidates.append((prints, rank, position, node.lineno, node.col_offset, node))
    if not candidates:
        return None
    *_, position, _, _, node = min(candidates, key=lambda candidate: candidate[:-1])
    return position, _with_other_number(notebook.cells[position].source, node)


def _numbers(node: ast.AST, *, in_data: bool) -> Iterator[tuple[int, ast.Constant]]:
    """Numbers below a node that mean something, with 0 for those in literal data and 1 else."""
    if isinstance(node, ast.Constant):
        if type(node.value) in (int, float):
            yield (0 if in_data else 1), node
        return
    if isinstance(node, ast.JoinedStr):  # positions inside of f-strings differ between Pythons
        return
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name == "verdict" or COSMETIC_CALLS.search(name):
            return
    if isinstance(node, ast.keyword) and COSMETIC.search(node.arg or ""):
        return
    in_data = in_data or isinstance(node, (ast.List, ast.Dict))
    for child in ast.iter_child_nodes(node):
        yield from _numbers(child, in_data=in_data)


def _with_other_number(source: str, node: ast.Constant) -> str:
    assert isinstance(node.value, (int, float))
    other = node.value + 1 if isinstance(node.value, int) else node.value * 1.5 or 1.0
    lines = source.splitlines(keepends=True)
    line = lines[node.lineno - 1].encode()  # the tree counts bytes
    changed = line[: node.col_offset] + repr(other).encode() + line[node.end_col_offset :]
    lines[node.lineno - 1] = changed.decode()
    return "".join(lines)


def mutate_notebooks(paths: Sequence[Path]) -> dict[str, str]:
    """Change one number of each notebook and ask nbval.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks.

    Returns
    -------
    dict of str to str
        Notebook -> "killed", or why it counts as survived.
    """
    results = {}
    for path in tqdm(paths, desc="notebooks", unit="notebook", disable=None):
        name = f"notebooks/{path.name}"
        tree = _fresh(WORK / path.stem)
        copy_course(tree, [name])
        clean = gate(tree, [name])
        if clean.returncode:
            results[name] = "is not green before anything is changed"
            continue
        notebook = nbformat.read(tree / name, as_version=4)
        chosen = number_to_change(notebook)
        if chosen is None:
            results[name] = "has no number to change"
            continue
        position, source = chosen
        before, notebook.cells[position].source = notebook.cells[position].source, source
        write_atomically(tree / name, to_json(notebook))
        outcome = gate(tree, [name])
        changed = [
            f"{old.strip()} → {new.strip()}"
            for old, new in zip(before.splitlines(), source.splitlines(), strict=True)
            if old != new
        ]
        results[name] = (
            "killed" if outcome.returncode == 1 else f"survived: cell {position + 1}: {changed[0]}"
        )
        shutil.rmtree(tree)
    return results


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


# ------------------------------------------------------------------------- mutmut on course_utils

# Each group is a process of its own, since a process may hold only one framework. A framework that
# has computed runs threads, which do not survive a fork; so its mutants are forked from a server
# that has only imported it. The others are forked from the process that ran the tests, which is
# several times as fast.
MARKERS = {"plain": "not keras and not torch", "keras": "keras", "torch": "torch"}
ISOLATION = {"plain": "fork", "keras": "forkserver", "torch": "forkserver"}
# mutmut copies every function once per mutant, docstring included, so pytest's own doctests would
# run a hundred times over; this file runs each once.
DOCTESTS = '''"""Run the examples of each function of {module} once."""

import doctest

import {module} as module
import pytest

pytestmark = pytest.mark.{marker}


@pytest.mark.parametrize("name", {names})
def test_example(name):
    thing = module
    for part in name.split("."):
        thing = getattr(thing, part)
    runner, finder = doctest.DocTestRunner(), doctest.DocTestFinder(recurse=False)
    for example in finder.find(thing, name, globs=vars(module).copy()):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
'''


def group_of(module: str) -> str:
    """Group in which a module of `course_utils` is mutated."""
    return framework_of(f"course_utils.{module}") or "plain"


# Positions and colours of a drawing, which are judged by eye, and the checks of the exercises,
# which have a gate of their own.
NOT_MUTATED = re.compile(r"plots(\.|$)|checks\.(?!engine$|_)")


def modules() -> list[str]:
    """Modules of `course_utils` that are mutated, by dotted name such as "metrics.errors"."""
    found = [name.removeprefix("course_utils.") for name in module_names()]
    packages = {name.rpartition(".")[0] for name in found} | {"course_utils"}  # nothing to call
    return [name for name in found if name not in packages and not NOT_MUTATED.match(name)]


def module_path(module: str) -> str:
    """Path of a module in the repository."""
    return f"course_utils/{module.replace('.', '/')}.py"


def prepare(group: str, chosen: Sequence[str]) -> Path:
    """Make or keep the folder in which mutmut works.

    Parameters
    ----------
    group : {"plain", "keras", "torch"}
        The group.
    chosen : sequence of str
        Modules to mutate.

    Returns
    -------
    Path
        The folder; results of an earlier run are kept if nothing it depends on has changed.
    """
    folder = WORK / group
    # The choice counts too: mutmut would take a module that was left out in between for mutated.
    digest = hashlib.sha256(Path(__file__).read_bytes() + " ".join(chosen).encode())
    for name in COPIED:
        path = ROOT / name
        files = sorted(file for file in path.rglob("*") if file.suffix != ".pyc" and file.is_file())
        for file in files or [path]:
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    stamp = folder / "fingerprint"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        copy_course(_fresh(folder))
        stamp.write_text(digest.hexdigest())
    tests = _tests_of(folder, chosen) + [_write_doctests(folder, module) for module in chosen]
    (folder / "setup.cfg").write_text(_configuration(group, chosen, tests), encoding="utf-8")
    return folder


def _tests_of(folder: Path, chosen: Sequence[str]) -> list[str]:
    """Test files that import `course_utils` and name a chosen module; others can kill nothing."""
    package = re.compile(r"^\s*(?:from|import) course_utils\b", re.M)
    # A test may import what a package makes public, or name a module in it.
    names = {part for module in chosen for part in module.split(".")}
    module = re.compile(rf"\b(?:{'|'.join(sorted(names))})\b")
    found = []
    for file in sorted((folder / "tests").rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if package.search(text) and module.search(text) and "test_doctests_" not in file.name:
            found.append(file.relative_to(folder).as_posix())
    return found


def _write_doctests(folder: Path, module: str) -> str:
    tree = ast.parse((folder / module_path(module)).read_text(encoding="utf-8"))
    names = [
        f"{prefix}{node.name}"
        for prefix, body in [("", tree.body)]
        + [(f"{node.name}.", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and ">>>" in (ast.get_docstring(node) or "")
    ]
    group = group_of(module)
    text = DOCTESTS.format(
        module=module_path(module).removesuffix(".py").replace("/", "."),
        marker=group if group != "plain" else "filterwarnings('error')",
        names=names,
    )
    name = f"tests/test_doctests_{module.replace('.', '_')}.py"
    (folder / name).write_text(text, encoding="utf-8")
    return name


def _configuration(group: str, chosen: Sequence[str], tests: Sequence[str]) -> str:
    def lines(values: Iterable[str]) -> str:
        return "".join(f"\n    {value}" for value in values)

    arguments = ["-p", "no:cacheprovider", "-m", MARKERS[group]]
    return (
        "[mutmut]\n"
        "source_paths=course_utils\n"
        "also_copy=data\n"
        f"only_mutate={lines(map(module_path, chosen))}\n"
        f"pytest_add_cli_args={lines(arguments)}\n"
        f"pytest_add_cli_args_test_selection={lines(tests)}\n"
        f"process_isolation={ISOLATION[group]}\n"
        "use_git_change_detection=false\n"
    )


def mutate_package(chosen: Sequence[str]) -> dict[str, Counter[str]]:
    """Run mutmut over modules of `course_utils`.

    Parameters
    ----------
    chosen : sequence of str
        Names of modules.

    Returns
    -------
    dict of str to Counter
        Module -> how many mutants were "killed", "survived" and so on. The survivors are printed.

    Raises
    ------
    RuntimeError
        If mutmut itself fails, as it does when the tests are not green before any change.
    """
    results: dict[str, Counter[str]] = {}
    for group in MARKERS:
        members = [module for module in chosen if group_of(module) == group]
        if not members:
            continue
        folder = prepare(group, members)
        print(f"── mutmut: {', '.join(members)}", flush=True)
        mutmut = shutil.which("mutmut", path=str(Path(sys.executable).parent)) or "mutmut"
        with (folder / "mutmut.log").open("w", encoding="utf-8") as log:
            run = subprocess.run(
                [mutmut, "run", "--max-children", "2"],
                cwd=folder,
                env=os.environ | ONE_THREAD,
                stdout=None if sys.stdout.isatty() else log,  # it draws a spinner
            )
        if run.returncode:
            raise RuntimeError(
                f"mutmut stopped with status {run.returncode}, see mutmut.log in {folder}; the "
                "tests are red before any change if this fails there:\n"
                f"python -m pytest -x -m '{MARKERS[group]}' tests"
            )
        for module in members:
            results[module] = _tally(folder, module)
    return results


# Exit status of pytest for a mutant -> what it means; see mutmut's own table.
KILLED = {1, 3}
TIMED_OUT = {-24, 24, 36, 152, 255}


def _tally(folder: Path, module: str) -> Counter[str]:
    """Count the verdicts of a module's mutants and print those that nobody noticed."""
    mutated = folder / "mutants" / module_path(module)
    verdicts = json.loads(Path(f"{mutated}.meta").read_text(encoding="utf-8"))["exit_code_by_key"]
    text = mutated.read_text(encoding="utf-8")
    functions = {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    }
    tally: Counter[str] = Counter()
    for mutant, status in verdicts.items():
        outcome = "killed" if status in KILLED else "timeout" if status in TIMED_OUT else "survived"
        tally[outcome] += 1
        if outcome == "survived":
            name = mutant.rpartition(".")[2]
            original = name.rpartition("__mutmut_")[0] + "__mutmut_orig"
            changes = difflib.ndiff(
                functions[original].splitlines(),
                functions[name].replace(name, original).splitlines(),
            )
            print(f"  {mutant} (status {status})")
            print(*(f"    {line}" for line in changes if line[0] in "-+"), sep="\n")
    return tally


def score(tally: Counter[str]) -> float:
    """Share of mutants that a test noticed, by a failure or by running on and on."""
    return (tally["killed"] + tally["timeout"]) / max(1, tally.total())


# ------------------------------------------------------------------------------------- the program


def _is_in(module: str, names: Sequence[str]) -> bool:
    """Whether a module, or a package that holds it, is among names."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default ``sys.argv[1:]``.

    Returns
    -------
    int
        0, or 1 if too many mutants survive, or 2 if a name is unknown.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants", description="Change the course and see who notices."
    )
    parser.add_argument(
        "names",
        nargs="*",
        help="modules or packages such as 'metrics', notebooks such as '01'; default: all",
    )
    options = parser.parse_args(arguments)
    known = modules()
    chosen = [module for module in known if not options.names or _is_in(module, options.names)]
    rest = [name for name in options.names if not any(_is_in(module, [name]) for module in known)]
    try:
        notebooks = find_notebooks(rest) if rest or not options.names else []
    except ValueError as error:
        print(f"modules: {', '.join(known)}\n{error}", file=sys.stderr)
        return 2
    scores = []
    for module, tally in mutate_package(chosen).items():
        print(f"{module:<26}{score(tally):>7.1%}   of {tally.total()}: {dict(tally)}")
        scores.append((score(tally), tally.total()))
    total = sum(count for _, count in scores)
    package = sum(share * count for share, count in scores) / max(1, total)
    if scores:
        print(f"{'course_utils':<26}{package:>7.1%}   of {total} mutants noticed")
    outcomes = mutate_notebooks(notebooks)
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome}")
    noticed = sum(outcome == "killed" for outcome in outcomes.values())
    if outcomes:
        print(f"notebooks: {noticed} of {len(outcomes)} changes noticed")
    enough = (not scores or package >= PASSING_SCORE) and noticed >= PASSING_SCORE * len(outcomes)
    print("✓ enough" if enough else f"✗ below {PASSING_SCORE:.0%}")
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())
