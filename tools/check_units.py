"""Run unit tests and doctests: ``python -m tools.check_units``.

Three processes, because one may hold only one framework: first what needs none, on two workers;
then what needs TensorFlow beside what needs PyTorch. Each works with one thread.
"""

from __future__ import annotations

import os
import subprocess
import sys

from course_utils._frameworks import framework_of, module_names
from tools.course import ONE_THREAD, ROOT

PYTEST = [sys.executable, "-m", "pytest", "-q", "--doctest-modules", "tests"]
# Marker -> the module or package whose doctests need that framework.
FRAMEWORK_MODULES = {
    framework: path if (ROOT / path).is_dir() else f"{path}.py"
    for name in module_names()
    for framework, path in [(framework_of(name), name.replace(".", "/"))]
    if framework and framework_of(name.rpartition(".")[0]) is None
}
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
    plain += ["-n", "2", "--dist", "loadgroup"]
    framework = {}
    for marker, module in FRAMEWORK_MODULES.items():
        plain.append(f"--ignore={module}")
        present = [module] if (ROOT / module).exists() else []
        framework[marker] = [*PYTEST, *present, "-m", marker]
    return plain, framework


def main() -> int:
    """Run everything, also after a failure; the exit status is 1 if anything failed."""
    environment = os.environ | ONE_THREAD
    plain, framework = commands()
    print("── unit tests without a framework", flush=True)
    failed = subprocess.run(plain, cwd=ROOT, env=environment).returncode != 0
    running = {
        marker: subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for marker, command in framework.items()
    }
    for marker, process in running.items():
        output, _ = process.communicate()
        print(f"── unit tests with {marker}\n{output}", flush=True)
        failed |= process.returncode not in (0, NO_TEST)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
