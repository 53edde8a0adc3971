"""Build the course's virtual environment: ``python tools/bootstrap.py [folder]``.

Runs on the bare interpreter, before anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)

# Where PyTorch keeps its builds for processors alone; another address, or "" for none, stands in
# the environment variable COURSE_TORCH_INDEX.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 4

# What pip is told by its configuration, in the words of uv.
UV_NAMES = {
    "index_url": "UV_DEFAULT_INDEX",
    "extra_index_url": "UV_EXTRA_INDEX_URL",
    "find_links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
    "trusted_host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
}
# What changes how pip talks, and not what it installs.
ONLY_MANNERS = {
    "cache_dir",
    "default_timeout",
    "disable_pip_version_check",
    "no_color",
    "no_input",
    "prefer_binary",
    "progress_bar",
    "quiet",
    "require_virtualenv",
    "retries",
    "root_user_action",
    "timeout",
    "verbose",
}


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
    configuration = pip_configuration(python)
    installers = [pip_command(python)]
    if uv := uv_command(python, configuration):
        installers.insert(0, uv)
    take_cpu_torch(python, configuration)
    if not install(installers, ["--editable", ".[dev]"]):
        print(
            "The course could not be installed (the reason stands above).\n"
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


def _has_pip(python: Path) -> bool:
    return (
        subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode == 0
    )


def _create(venv: Path, python: Path) -> bool:
    """Make the environment with pip in it, also where Python ships without ensurepip (Debian)."""
    make = [sys.executable, "-m", "venv", str(venv)]
    if python.exists():
        # An interrupted build is completed; one of another Python version has to go first.
        if _version(python) != _version(Path(sys.executable)):
            make.insert(3, "--clear")
        elif _has_pip(python):
            return True
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


# --- Which program installs ----------------------------------------------------------------------

Installer = tuple[list[str], dict[str, str]]
"""The start of a command line, and what it needs in its environment."""


def install(installers: list[Installer], what: list[str]) -> bool:
    """Install with the first program that can."""
    for place, (command, environment) in enumerate(installers):
        if place:
            print("uv could not do it (see above); pip tries.", file=sys.stderr, flush=True)
        line = [*command, "--constraint", "constraints.txt", *what]
        if subprocess.run(line, cwd=ROOT, env=os.environ | environment).returncode == 0:
            return True
    return False


def pip_command(python: Path) -> Installer:
    """Command of pip, which is always there."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    return command + _quiet("-qq"), {}


def uv_command(python: Path, configuration: dict[str, str]) -> Installer | None:
    """Command of uv, several times as fast, if it is here or pip can get it; else None."""
    environment = uv_environment(configuration)
    if environment is None:
        return None
    program = shutil.which("uv")
    command = [program] if program else [str(python), "-m", "uv"]
    if not program:
        get, _ = pip_command(python)
        line = [*get, "-qqq", "--constraint", "constraints.txt", "uv"]
        if subprocess.run(line, cwd=ROOT, capture_output=True).returncode:
            return None
    # As pip does: whichever index has the best version, not the first that has any.
    options = ["--python", str(python), "--index-strategy", "unsafe-best-match"]
    return [*command, "pip", "install", *options, *_quiet("--quiet")], environment


def _quiet(option: str) -> list[str]:
    # At a terminal an installer's own progress is worth seeing, in a log it is not.
    return [] if sys.stdout.isatty() else [option]


def pip_configuration(python: Path) -> dict[str, str]:
    """Ask pip what its files and environment variables say to `pip install`, by option."""
    run = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], capture_output=True, text=True
    )
    return read_configuration(run.stdout)


def read_configuration(listed: str) -> dict[str, str]:
    """Read the lines of `pip config list`: an environment variable beats a file."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, equals, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if equals and section in found:
            found[section][option.replace("-", "_")] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]


def uv_environment(configuration: dict[str, str]) -> dict[str, str] | None:
    """Tell uv what pip is told; None if pip is told something that uv may not understand."""
    if not configuration.keys() <= UV_NAMES.keys() | ONLY_MANNERS:
        return None
    environment = {}
    for option, name in UV_NAMES.items():
        if option in configuration:
            separator = "," if option == "find_links" else " "
            environment[name] = separator.join(configuration[option].split())
    return environment


# --- PyTorch without CUDA ------------------------------------------------------------------------


def take_cpu_torch(python: Path, configuration: dict[str, str]) -> bool:
    """Install PyTorch's build for processors where no other is of use: 2 GB less."""
    index = os.environ.get("COURSE_TORCH_INDEX", TORCH_INDEX)
    asked = index and "no_index" not in configuration
    if not sys.platform.startswith("linux") or has_nvidia() or not asked or _has_torch(python):
        return False
    if not reachable(f"{index}/torch/"):
        print(
            f"{index} does not answer; PyTorch comes from pip's registry, perhaps with 2 GB for "
            "graphics cards.",
            flush=True,
        )
        return False
    return install([pip_command(python)], ["--no-deps", "--index-url", index, "torch"])


def has_nvidia() -> bool:
    """Whether this machine has a graphics card of NVIDIA, or is made to use one."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _has_torch(python: Path) -> bool:
    ask = "import importlib.metadata as m; m.version('torch')"
    return subprocess.run([str(python), "-c", ask], capture_output=True).returncode == 0


def reachable(address: str) -> bool:
    """Whether an address answers within seconds, names that are hard to resolve included."""
    answers = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(address, timeout=PROBE_SECONDS) as answer:
                answers.append(answer.status == 200)
        except (OSError, ValueError):
            pass

    probe = threading.Thread(target=ask, daemon=True)
    probe.start()
    probe.join(PROBE_SECONDS)
    return any(answers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python tools/bootstrap.py", description="Build the course's virtual environment."
    )
    parser.add_argument("folder", nargs="?", default=".venv", help="where it is built (.venv)")
    try:
        sys.exit(main(parser.parse_args().folder))
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
