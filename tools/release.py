"""Build a release and try it: ``python -m tools.release [--stamp] [--light]``.

The version stands in ``course_utils/__init__.py``, what changed in ``CHANGELOG.md``. The wheel and
the source distribution go to ``build/dist``, with their hashes and the notes of the release, after
both were installed into an empty environment and asked whether they work.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools import bootstrap
from tools.course import ROOT, program
from tools.stored import write_atomically

DIST = ROOT / "build" / "dist"
HEADING = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<date>\d{4}-\d\d-\d\d)$", re.M)
FRAMEWORKS = ("keras", "torch")
# What the modules without a framework import; the rest of the 3 GB is left out by --light.
LIGHT = ["dask", "distributed", "hypothesis", "ipython", "ipywidgets", "matplotlib", "openTSNE"]
LIGHT += ["packaging", "pandas", "pooch", "psutil", "pyarrow", "scikit-learn", "seaborn"]
LIGHT += ["threadpoolctl", "tqdm"]


class Release(NamedTuple):
    """The newest release of a changelog.

    Attributes
    ----------
    version : str
        For instance "0.2.0".
    date : str
        ISO 8601.
    notes : str
        What changed, Markdown.
    """

    version: str
    date: str
    notes: str


def newest(changelog: str) -> Release:
    """Return the newest release of a changelog; what is unreleased is none."""
    found = list(HEADING.finditer(changelog))
    if not found:
        raise ValueError("CHANGELOG.md has no heading of the form ## [1.2.3] - 2026-01-31")
    end = found[1].start() if len(found) > 1 else len(changelog)
    notes = changelog[found[0].end() : end].strip() + "\n"
    return Release(found[0]["version"], found[0]["date"], notes)


def package_version(source: str) -> str:
    """Return ``__version__`` as a module assigns it."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            return str(ast.literal_eval(node.value))
    raise ValueError("course_utils/__init__.py assigns no __version__")


def stamped(citation: str, release: Release) -> str:
    """Return the text of CITATION.cff with a release's version and date."""
    text = re.sub(r"^version: .*$", f"version: {release.version}", citation, flags=re.M)
    return re.sub(r"^date-released: .*$", f"date-released: {release.date}", text, flags=re.M)


def problems(root: Path = ROOT, tag: str | None = None) -> list[str]:
    """Say in which of its files, or in its tag, a release contradicts itself; empty if in none."""

    def read(name: str) -> str:
        return (root / name).read_text(encoding="utf-8")

    release = newest(read("CHANGELOG.md"))
    version = package_version(read("course_utils/__init__.py"))
    found = []
    if version != release.version:
        found.append(
            f"course_utils is {version}, the newest release of CHANGELOG.md {release.version}; "
            "give the changelog a section for it, or __version__ another number"
        )
    if stamped(read("CITATION.cff"), release) != read("CITATION.cff"):
        found.append("CITATION.cff is of another release; run python -m tools.release --stamp")
    if tag is not None and tag != f"v{version}":
        found.append(f"the tag is {tag}, course_utils is {version}; tag it as v{version}")
    return found


def build(output: Path) -> tuple[Path, Path]:
    """Build the wheel and the source distribution into an empty folder.

    Parameters
    ----------
    output : Path
        The folder; what is there is removed first.

    Returns
    -------
    wheel, sdist : Path
        The two files.
    """
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--outdir", str(output), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}\nthe release could not be built")
    (wheel,), (sdist,) = output.glob("*.whl"), output.glob("*.tar.gz")
    return wheel, sdist


def try_out(package: Path, data: Path, *, light: bool) -> bool:
    """Install a package into an empty environment and run :mod:`tools.smoke` there.

    Parameters
    ----------
    package : Path
        A wheel or a source distribution.
    data : Path
        Folder of the data.
    light : bool
        Install no framework, and try none.

    Returns
    -------
    bool
        Whether all went well.
    """
    print(f"── {package.name} in an empty environment", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        venv = Path(name) / "venv"
        python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        configuration = bootstrap.pip_configuration(python)
        installers = [bootstrap.pip_command(python)]
        if uv := bootstrap.uv_command(python, configuration):
            installers.insert(0, uv)
        if light:
            done = bootstrap.install(installers, ["--no-deps", str(package)])
            done = done and bootstrap.install(installers, LIGHT)
        else:
            bootstrap.take_cpu_torch(python, configuration)
            done = bootstrap.install(installers, [str(package)])
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        parts = [["plain", str(data)], *([] if light else [[part] for part in FRAMEWORKS])]
        return done and not any(
            subprocess.run(
                [str(python), str(ROOT / "tools" / "smoke.py"), *part],
                cwd=name,
                env=environment | {"PYTHONUTF8": "1"},
            ).returncode
            for part in parts
        )


def digests(files: tuple[Path, ...]) -> str:
    """Return the hashes of files, in the form that ``sha256sum -c`` reads."""
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stamp", action="store_true", help="write version and date into CITATION.cff, and end"
    )
    parser.add_argument(
        "--light", action="store_true", help="try the packages without TensorFlow and PyTorch"
    )
    parser.add_argument("--tag", help="the tag that is released; it has to name the version")


def _run(options: argparse.Namespace) -> int:
    """0 if the release agrees with itself, was built, and works."""
    release = newest((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if options.stamp:
        citation = ROOT / "CITATION.cff"
        write_atomically(citation, stamped(citation.read_text(encoding="utf-8"), release))
        return 0
    if found := problems(tag=options.tag):
        print("\n".join(f"✗ {line}" for line in found), file=sys.stderr)
        return 1
    files = build(DIST)
    for file in files:
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(files[1]) as archive:
            archive.extractall(name, filter="data")
        (source,) = Path(name).iterdir()
        if not all([try_out(file, source / "data", light=options.light) for file in files]):
            print("✗ the packages do not work (the reason stands above)", file=sys.stderr)
            return 1
    write_atomically(DIST / "SHA256SUMS", digests(files))
    write_atomically(DIST / "NOTES.md", release.notes)
    print(
        f"Release {release.version} lies in {DIST.relative_to(ROOT)}. To publish it:\n"
        f"  git tag -a v{release.version} -m 'Release {release.version}'\n"
        f"  git push origin v{release.version}"
    )
    return 0


main = program("release", "Build a release and try it.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
