"""Build the course's virtual environment: ``python tools/bootstrap.py [folder]``.

Runs on the bare interpreter, before anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)


def main(folder: str = ".venv") -> int:
    """Create `folder`, install the course into it and leave a stamp; 0 if all went well."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"This is Python {found}; the course needs {_dotted(OLDEST)} to {_dotted(NEWEST)} "
            "(TensorFlow has no wheels for others).\n"
            "Install one of these and name it: make course PYTHON=python3.12",
            file=sys.stderr,
        )
        return 1
    venv = ROOT / folder
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    start = time.monotonic()
    print(f"Building {folder}: about 3 GB, some minutes; needed only once.", flush=True)
    if not _create(venv, python):
        return 1
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    if not sys.stdout.isatty():  # at a terminal pip's own progress is worth seeing, in a log not
        command += ["-qq"]
    command += ["--constraint", "constraints.txt", "--editable", ".[dev]"]
    if subprocess.run(command, cwd=ROOT).returncode:
        print(
            "pip could not install the course (its own message stands above).\n"
            f"When the cause is mended, run the same make command again; {folder} is completed.",
            file=sys.stderr,
        )
        return 1
    (venv / ".complete").touch()
    print(f"{folder} is ready after {time.monotonic() - start:.0f} s.", flush=True)
    return 0


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _version(python: Path) -> str:
    run = subprocess.run([str(python), "--version"], capture_output=True, text=True)
    return run.stdout.strip()


def _create(venv: Path, python: Path) -> bool:
    """Make the environment with pip in it, also where Python ships without ensurepip (Debian)."""
    make = [sys.executable, "-m", "venv", str(venv)]
    # An interrupted build is completed; one of another Python version has to go first.
    if python.exists() and _version(python) != _version(Path(sys.executable)):
        make.insert(3, "--clear")
    if subprocess.run(make, capture_output=True).returncode == 0:
        return True
    bare = subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)])
    into = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "pip"]
    if bare.returncode == 0 and subprocess.run(into).returncode == 0:
        return True
    print(
        "Neither `python -m venv` nor pip could create the environment.\n"
        "On Debian and Ubuntu: sudo apt install python3-venv",
        file=sys.stderr,
    )
    return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python tools/bootstrap.py", description="Build the course's virtual environment."
    )
    parser.add_argument("folder", nargs="?", default=".venv", help="where it is built (.venv)")
    sys.exit(main(parser.parse_args().folder))
