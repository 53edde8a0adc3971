"""Where the data of the course lies, and whether a file of it is as it was shipped."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def data_directory() -> Path:
    """Return the folder that holds the data of the course.

    It is the folder named by the environment variable ``COURSE_DATA`` if that is set, and
    otherwise the folder ``data`` beside the package `course_utils` in the checkout.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder. The message says where it was looked for and what to do.

    Examples
    --------
    >>> (data_directory() / "README.md").exists()
    True
    """
    named = os.environ.get("COURSE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "data"
    if folder.is_dir():
        return folder
    if named:
        raise FileNotFoundError(
            f"the environment variable COURSE_DATA names {folder}, which is not a folder; "
            "set it to the folder 'data' of the course, or unset it"
        )
    raise FileNotFoundError(
        f"no folder {folder}; the data lies beside course_utils in a checkout of the course. "
        "Install the "
        "package from the checkout (pip install -e .), or set the environment variable "
        "COURSE_DATA to the "
        "course's folder 'data'"
    )


def _repair_hint(folder: Path) -> str:
    """Say how to get a damaged or missing file of the shipped data back."""
    script = folder / "build.py"
    return f"get it back with 'python {script}', or with 'git checkout -- data' in the course"


def _check_shipped(data: Path, path: Path) -> None:
    """Compare a shipped text file with its listed hash; text has no checksum of its own."""
    listing = data / "SHA256SUMS"
    if not listing.is_file():  # a folder that the reader filled and named in COURSE_DATA
        return
    lines = (line.split() for line in listing.read_text(encoding="utf-8").splitlines())
    expected = {name: digest for digest, name in lines}.get(path.relative_to(data).as_posix())
    given = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is not None and given != expected:
        raise ValueError(
            f"{path} is not the file that ships with the course: sha256 is {given}, expected "
            f"{expected}; "
            f"{_repair_hint(data)}"
        )
