"""Change `course_utils` in many small ways with mutmut, and count what the tests notice.

What was found is kept by module, with a digest of the module and of the tests that name it. So a
run that was stopped goes on, and a module is tried again only after it or its tests have changed.
While tests are being written, it is enough to try the mutants again that nobody noticed.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_utils._frameworks import framework_of, module_names
from tools.course import ONE_THREAD, ROOT, find_notebooks
from tools.mutants.planted import COPIED, WORK, copy_course, fresh
from tools.stored import write_atomically

# Each group is a process of its own, since a process may hold only one framework. Tests marked slow
# are left out: most start processes of their own, and a mutant that survives runs every test.
MARKERS = {
    "plain": "not keras and not torch and not slow",
    "keras": "keras and not slow",
    "torch": "torch and not slow",
}
# A framework that has computed runs threads, which do not survive a fork; so its mutants are forked
# from a server that has only imported it. The others are forked from the process that ran the
# tests, which is several times as fast.
ISOLATION = {"plain": "fork", "keras": "forkserver", "torch": "forkserver"}
# Positions and colours of a drawing, which are judged by eye, and the checks of the exercises,
# which have a gate of their own.
NOT_MUTATED = re.compile(r"plots(\.|$)|checks\.(?!engine$|_)")
# mutmut copies every function once per mutant, docstring included, so pytest's own doctests would
# run a hundred times over; this file runs each once.
EXAMPLES = Path(__file__).with_name("examples_once.py")
# Exit status of pytest for a mutant -> what it means; see mutmut's own table.
OUTCOMES = (
    {1: "killed", 3: "killed", 33: "no test"}
    | dict.fromkeys((-24, 24, 36, 152, 255), "timeout")
    | dict.fromkeys((-6, -11), "crashed")
)
CAUGHT = {"killed": 1, "timeout": 36, "crashed": -11}  # and a status that says so


@dataclass(frozen=True)
class Found:
    """What became of a module's mutants.

    Attributes
    ----------
    code : str
        Digest of the module.
    digest : str
        Of the module and of the tests that name it.
    mutants : int
        How many there are.
    outcomes : dict of str to str
        Mutant that was tried -> "killed", "timeout", "crashed", "survived" or "no test".
    changes : dict of str to list of str
        Mutant that nobody noticed -> the lines that it takes away and adds.
    """

    code: str
    digest: str
    mutants: int
    outcomes: dict[str, str]
    changes: dict[str, list[str]]

    @property
    def caught(self) -> dict[str, str]:
        """Mutants that made a test fail, or run on and on, or end the process."""
        return {mutant: what for mutant, what in self.outcomes.items() if what in CAUGHT}

    @property
    def noticed(self) -> int:
        """How many mutants were caught."""
        return len(self.caught)

    @property
    def score(self) -> float:
        """Share of the mutants tried that were noticed; 1 if there are none."""
        return self.noticed / len(self.outcomes) if self.outcomes else 1.0


def group_of(module: str) -> str:
    """Group in which a module of `course_utils` is mutated."""
    return framework_of(f"course_utils.{module}") or "plain"


def modules() -> list[str]:
    """Modules of `course_utils` that are mutated, by dotted name such as "metrics.errors"."""
    found = [name.removeprefix("course_utils.") for name in module_names()]
    packages = {name.rpartition(".")[0] for name in found} | {"course_utils"}  # nothing to call
    return [name for name in found if name not in packages and not NOT_MUTATED.match(name)]


def module_path(module: str) -> str:
    """Path of a module in the repository."""
    return f"course_utils/{module.replace('.', '/')}.py"


def chosen_tests(chosen: Sequence[str], root: Path = ROOT) -> list[Path]:
    """Test files that import `course_utils` and name a chosen module; others can kill nothing.

    What the fixtures of their folder import and name counts as well.

    Gates and tests of the tools are left out, since they read files that mutmut's copy does not
    hold, and so are those of single exercises and of drawings, which are not mutated.

    Parameters
    ----------
    chosen : sequence of str
        Names of modules.
    root : Path
        The course, or a copy.

    Returns
    -------
    list of Path
        Relative to `root`.
    """
    package = re.compile(r"^\s*(?:from|import) course_utils\b", re.M)
    # A test may import what a package makes public, or name a module in it.
    names = {part for module in chosen for part in module.split(".")}
    module = re.compile(rf"\b(?:{'|'.join(sorted(names))})\b")
    found = []
    tests = root / "tests"
    files = {*tests.glob("checks/test_engine*.py"), *tests.glob("unit/**/test_*.py")}
    for file in sorted(files - set(tests.glob("unit/plots/*.py"))):
        text = "".join(part.read_text(encoding="utf-8") for part in _with_fixtures(file))
        if package.search(text) and module.search(text):
            found.append(file.relative_to(root))
    return found


def _with_fixtures(test: Path) -> list[Path]:
    """Test file and the fixtures of its folder, if there are any."""
    fixtures = test.with_name("conftest.py")
    return [fixtures, test] if fixtures.exists() else [test]


def code_of(module: str) -> str:
    """Digest of a module: while it stays, its mutants have the same names."""
    return hashlib.sha256((ROOT / module_path(module)).read_bytes()).hexdigest()


def digest_of(module: str) -> str:
    """Digest of a module and of the tests that name it: while it stays, so does what was found."""
    files = [ROOT / module_path(module), ROOT / "tests" / "conftest.py"]
    for test in chosen_tests([module]):
        files += _with_fixtures(ROOT / test)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def drawn(mutants: Iterable[str], sample: int | None) -> list[str]:
    """Choose mutants at random, always the same; a larger sample holds the smaller one.

    Parameters
    ----------
    mutants : iterable of str
        Their names.
    sample : int or None
        How many; None means all.

    Returns
    -------
    list of str
        Names.

    Examples
    --------
    >>> drawn("abcdefgh", 3) == drawn("hgfedcba", 5)[:3]
    True
    """
    order = sorted(mutants)
    random.Random(0).shuffle(order)
    return order[:sample]


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
        copy_course(fresh(folder), [f"notebooks/{path.name}" for path in find_notebooks([])])
        tests = [*chosen_tests(chosen, folder), _write_examples(folder, group, chosen)]
        (folder / "setup.cfg").write_text(_configuration(group, chosen, tests), encoding="utf-8")
        stamp.write_text(digest.hexdigest())
    return folder


def _write_examples(folder: Path, group: str, chosen: Sequence[str]) -> Path:
    """Write the test that runs the examples of the docstrings, and what it is to run."""
    examples = {
        f"course_utils.{module}": _names_with_examples(folder / module_path(module))
        for module in chosen
    }
    test = folder / "tests" / "test_examples_once.py"
    shutil.copy(EXAMPLES, test)
    test.with_suffix(".json").write_text(json.dumps({"group": group, "examples": examples}))
    return test.relative_to(folder)


def _names_with_examples(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [(f"{node.name}.", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    return [
        prefix + node.name
        for prefix, body in [("", tree.body), *classes]
        for node in body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and ">>>" in (ast.get_docstring(node) or "")
    ]


def _configuration(group: str, chosen: Sequence[str], tests: Sequence[Path]) -> str:
    def lines(values: Iterable[str]) -> str:
        return "".join(f"\n    {value}" for value in values)

    arguments = ["-p", "no:cacheprovider", "-m", MARKERS[group]]
    return (
        "[mutmut]\n"
        "source_paths=course_utils\n"
        f"also_copy={lines(['data', 'notebooks'])}\n"
        f"only_mutate={lines(map(module_path, chosen))}\n"
        f"pytest_add_cli_args={lines(arguments)}\n"
        f"pytest_add_cli_args_test_selection={lines(test.as_posix() for test in tests)}\n"
        f"process_isolation={ISOLATION[group]}\n"
        "use_git_change_detection=false\n"
    )


def mutate_package(
    chosen: Sequence[str], sample: int | None = None, jobs: int = 2, *, survivors: bool = False
) -> dict[str, Found]:
    """Run mutmut over modules of `course_utils`.

    Parameters
    ----------
    chosen : sequence of str
        Names of modules.
    sample : int, optional
        Mutants of each module to try, drawn with a fixed seed; default all.
    jobs : int
        Mutants to try at the same time.
    survivors : bool
        Whether a mutant that was caught before is taken for caught as long as its module has not
        changed. That holds while tests are only added.

    Returns
    -------
    dict of str to Found
        Module -> what became of its mutants.

    Raises
    ------
    RuntimeError
        If mutmut itself fails, as it does when the tests are not green before any change.
    """
    kept = WORK / "found.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    found = {module: Found(**entry) for module, entry in known.items()}
    digests = {module: digest_of(module) for module in chosen}
    old = [
        module
        for module in chosen
        if module not in found
        or found[module].digest != digests[module]
        or len(found[module].outcomes) < min(sample or sys.maxsize, found[module].mutants)
    ]
    for group in MARKERS:
        if members := [module for module in old if group_of(module) == group]:
            folder = prepare(group, members)
            print(f"── mutmut: {', '.join(members)}", flush=True)
            caught = {
                module: found[module].caught
                for module in members
                if survivors and module in found and found[module].code == code_of(module)
            }
            try:
                _try(folder, members, sample, jobs, group, caught)
            finally:  # also what a run that is stopped has found until then
                for module in members:
                    if _verdicts_file(folder, module).exists():
                        found[module] = _look(folder, module, digests[module])
                entries = {module: asdict(entry) for module, entry in sorted(found.items())}
                write_atomically(kept, json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
    if without := [module for module in chosen if module not in found]:
        raise RuntimeError(
            f"mutmut made no mutants of {', '.join(without)}: see mutmut.log in {WORK}"
        )
    return {module: found[module] for module in chosen}


def _try(
    folder: Path,
    members: Sequence[str],
    sample: int | None,
    jobs: int,
    group: str,
    caught: Mapping[str, Mapping[str, str]],
) -> None:
    """Let mutmut try what it has not tried yet; it keeps the verdict on each mutant at once."""
    names: list[str] = []
    if sample is not None or caught:
        # Before mutmut has made the mutants there are no names to draw from and no place for
        # verdicts: ask for one that is not there.
        _mutmut(folder, ["none-yet"], jobs)
    for module, outcomes in caught.items():
        _give(folder, module, {mutant: CAUGHT[outcome] for mutant, outcome in outcomes.items()})
    if sample is not None:
        for module in members:
            verdicts = _verdicts(folder, module)
            names += [name for name in drawn(verdicts, sample) if verdicts[name] is None]
        if not names:
            return
    if status := _mutmut(folder, names, jobs):
        raise RuntimeError(
            f"mutmut stopped with status {status}, see mutmut.log in {folder}; the tests are red "
            f"before any change if this fails there:\n"
            f"python -m pytest -x -m '{MARKERS[group]}' tests"
        )


def _mutmut(folder: Path, names: Sequence[str], jobs: int) -> int:
    mutmut = shutil.which("mutmut", path=str(Path(sys.executable).parent)) or "mutmut"
    # A folder on PYTHONPATH would be imported from, in place of the mutated copy.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (folder / "mutmut.log").open("a", encoding="utf-8") as log:
        return subprocess.run(
            [mutmut, "run", "--max-children", str(jobs), *names],
            cwd=folder,
            env=environment | ONE_THREAD,
            stdout=log,  # it draws a spinner
            stderr=log,
        ).returncode


def _verdicts(folder: Path, module: str) -> dict[str, int | None]:
    """Exit status of each mutant of a module, None where it was not tried."""
    verdicts: dict[str, int | None] = _record(folder, module)["exit_code_by_key"]
    return verdicts


def _give(folder: Path, module: str, verdicts: Mapping[str, int]) -> None:
    """Write verdicts where mutmut keeps its own: it does not try such a mutant again."""
    record = _record(folder, module)
    record["exit_code_by_key"] |= verdicts
    write_atomically(_verdicts_file(folder, module), json.dumps(record))


def _record(folder: Path, module: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(_verdicts_file(folder, module).read_text("utf-8"))
    return record


def _verdicts_file(folder: Path, module: str) -> Path:
    return Path(f"{folder / 'mutants' / module_path(module)}.meta")


def _look(folder: Path, module: str, digest: str) -> Found:
    """Collect the verdicts on a module's mutants, and what those changed that nobody noticed."""
    text = (folder / "mutants" / module_path(module)).read_text(encoding="utf-8")
    lines_of_file = text.splitlines()
    functions = {
        node.name: lines_of_file[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    verdicts = _verdicts(folder, module)
    outcomes = {
        mutant: OUTCOMES.get(status, "survived")
        for mutant, status in verdicts.items()
        if status is not None
    }
    changes = {}
    for mutant, outcome in outcomes.items():
        if outcome in ("survived", "no test"):
            name = mutant.rpartition(".")[2]
            original = name.rpartition("__mutmut_")[0] + "__mutmut_orig"
            lines = difflib.unified_diff(
                functions[original],
                [line.replace(name, original) for line in functions[name]],
                n=0,
            )
            changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
            changes[mutant] = [f"{line[0]} {line[1:]}" for line in changed]
    return Found(code_of(module), digest, len(verdicts), outcomes, changes)
