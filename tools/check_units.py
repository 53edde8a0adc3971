"""Run unit tests and doctests: ``python -m tools.check_units [--quick | --types]``.

Three processes, because one may hold only one framework: first what needs PyTorch beside what
needs TensorFlow, then what needs none, on three workers. Each works with one thread. With
``--types`` mypy runs as well, where the second process has ended before the first. With ``--quick``
only fast tests run that need no framework.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from course_utils._frameworks import FRAMEWORKS, framework_of, module_names
from tools.course import ONE_THREAD, ROOT, program

# One worker more than two cores, since many tests wait: for a process, a time-out, the disk. A file
# stays on one worker: what it makes for all its tests, such as the site, is made once.
WORKERS = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
# Two processes that share the fast tests: two workers of one would collect all of them twice.
FAST = ["-q", "-m", "not keras and not torch and not slow"]
QUICK = {
    "of the package": [sys.executable, "-m", "pytest", *FAST, "tests/unit"],
    "of the engine of checks, tools and gates": [
        *(sys.executable, "-m", "pytest", *FAST, "tests/tools", "tests/gates"),
        *(str(path) for path in sorted((ROOT / "tests" / "checks").glob("test_engine*.py"))),
    ],
}
PYTEST = [sys.executable, "-m", "pytest", "-q", "--doctest-modules"]
TYPES = {"of types (mypy)": [sys.executable, "-m", "mypy"]}
# Marker -> the modules and packages whose doctests need that framework.
FRAMEWORK_MODULES: dict[str, list[str]] = {framework: [] for framework in FRAMEWORKS}
for _name in module_names():
    _framework = framework_of(_name)
    if _framework and framework_of(_name.rpartition(".")[0]) is None:
        _path = _name.replace(".", "/")
        FRAMEWORK_MODULES[_framework].append(_path if (ROOT / _path).is_dir() else f"{_path}.py")
LONGEST_FIRST = ("torch", "keras")
NO_TEST = 5  # exit status of pytest when it found nothing to run


def commands() -> tuple[list[str], dict[str, list[str]]]:
    """Pytest's command lines.

    Returns
    -------
    plain : list of str
        For everything that needs no framework.
    framework : dict of str to list of str
        Marker -> command line of its process.
    """
    plain = [*PYTEST, "tests", "course_utils", "-m", "not keras and not torch"]
    plain += WORKERS
    framework = {}
    for marker, modules in FRAMEWORK_MODULES.items():
        plain += [f"--ignore={module}" for module in modules]
        framework[marker] = [*PYTEST, *files_that_name(marker), *modules, "-m", marker]
    return plain, framework


def files_that_name(framework: str) -> list[str]:
    """Test files with the name of a framework in them; no other can hold a test marked with it.

    Reading the others for nothing would take ten seconds.
    """
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [
        path.relative_to(ROOT).as_posix()
        for path in files
        if re.search(rf"\b{framework}\b", path.read_text(encoding="utf-8"))
    ]


def _options(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--quick", action="store_true", help="only what is fast")
    either.add_argument("--types", action="store_true", help="mypy as well")


def _run(options: argparse.Namespace) -> int:
    """Run everything, also after a failure; the exit status is 1 if anything failed."""
    if options.quick:
        return int(_side_by_side(QUICK))
    plain, framework = commands()
    named = {f"of units with {marker}": framework[marker] for marker in LONGEST_FIRST}
    failed = _side_by_side(named | (TYPES if options.types else {}))
    print("── tests of units without a framework", flush=True)
    return int(
        subprocess.run(plain, cwd=ROOT, env=os.environ | ONE_THREAD).returncode != 0 or failed
    )


def _side_by_side(commands: Mapping[str, Sequence[str]]) -> bool:
    """Run commands, two at a time, and print what each says in one piece; True if one failed."""

    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    failed = False
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = {pool.submit(run, command): name for name, command in commands.items()}
        for ended in as_completed(running):
            print(f"── tests {running[ended]}\n{ended.result().stdout}", flush=True)
            failed |= ended.result().returncode not in (0, NO_TEST)
    return failed


main = program("check_units", "Run the unit tests.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
