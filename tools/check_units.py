"""Run unit tests and doctests: ``python -m tools.check_units [--quick]``.

Three processes, because one may hold only one framework: first what needs none, on two workers;
then what needs TensorFlow beside what needs PyTorch. Each works with one thread. With ``--quick``
only fast tests run that need no framework.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from course_utils._frameworks import FRAMEWORKS, framework_of, module_names
from tools.course import ONE_THREAD, ROOT, program

TWO_WORKERS = ["-n", "2", "--dist", "loadgroup"]
# Two processes that share the fast tests: two workers of one would collect all of them twice.
FAST = ["-q", "-m", "not keras and not torch and not slow"]
QUICK = {
    "of the package": [sys.executable, "-m", "pytest", *FAST, "tests/unit"],
    "of the engine of checks, tools and gates": [
        *(sys.executable, "-m", "pytest", *FAST, "tests/tools", "tests/gates"),
        *(str(path) for path in sorted((ROOT / "tests" / "checks").glob("test_engine*.py"))),
    ],
}
PYTEST = [sys.executable, "-m", "pytest", "-q", "--doctest-modules", "tests"]
# Marker -> the modules and packages whose doctests need that framework.
FRAMEWORK_MODULES: dict[str, list[str]] = {framework: [] for framework in FRAMEWORKS}
for _name in module_names():
    _framework = framework_of(_name)
    if _framework and framework_of(_name.rpartition(".")[0]) is None:
        _path = _name.replace(".", "/")
        FRAMEWORK_MODULES[_framework].append(_path if (ROOT / _path).is_dir() else f"{_path}.py")
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
    plain = [*PYTEST, "course_utils", "-m", "not keras and not torch"]
    plain += TWO_WORKERS
    framework = {}
    for marker, modules in FRAMEWORK_MODULES.items():
        plain += [f"--ignore={module}" for module in modules]
        framework[marker] = [*PYTEST, *modules, "-m", marker]
    return plain, framework


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="only what is fast")


def _run(options: argparse.Namespace) -> int:
    """Run everything, also after a failure; the exit status is 1 if anything failed."""
    if options.quick:
        return int(_side_by_side(QUICK))
    plain, framework = commands()
    print("── unit tests without a framework", flush=True)
    failed = subprocess.run(plain, cwd=ROOT, env=os.environ | ONE_THREAD).returncode != 0
    named = {f"with {marker}": command for marker, command in framework.items()}
    return int(_side_by_side(named) or failed)


def _side_by_side(commands: Mapping[str, Sequence[str]]) -> bool:
    """Run commands at the same time, print what each says in one piece; True if one failed."""
    running = {
        name: subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for name, command in commands.items()
    }
    failed = False
    for name, process in running.items():
        output, _ = process.communicate()
        print(f"── unit tests {name}\n{output}", flush=True)
        failed |= process.returncode not in (0, NO_TEST)
    return failed


main = program("check_units", "Run the unit tests.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
