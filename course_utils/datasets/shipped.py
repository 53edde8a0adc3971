"""Where the data of the course lies, and whether a file of it is as it was shipped."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from course_utils._files import home


def data_directory() -> Path:
    """Return the folder that holds the data of the course.

    It is the folder named by the environment variable ``COURSE_DATA`` if that is set (a leading
    ``~`` is the home folder), and otherwise the folder ``data`` beside the package `course_utils`
    in the checkout.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder. The message says where it was looked for and what to do.
    PermissionError
        If the folder may not be read.

    Examples
    --------
    >>> (data_directory() / "README.md").exists()
    True
    """
    named = os.environ.get("COURSE_DATA")
    folder = home(named) if named else Path(__file__).resolve().parents[2] / "data"
    # An installed package may have a folder of that name beside it which belongs to another one.
    ours = bool(named) or has_listing(folder)
    if ours and os.path.isdir(
        folder
    ):  # False, where Path.is_dir raises, in a folder that may not be read
        if not os.access(folder, os.R_OK | os.X_OK):
            raise PermissionError(f"the folder {folder} may not be read; change its permissions")
        return folder
    if named:
        what = "is a file" if os.path.exists(folder) else "does not exist or may not be seen"
        raise FileNotFoundError(
            f"the environment variable COURSE_DATA names {folder}, which is not a folder: it "
            f"{what}; set it to the folder 'data' of the course, or unset it"
        )
    raise FileNotFoundError(
        f"no data of the course in {folder}; it lies beside course_utils in a checkout "
        "and in the source distribution, not in a wheel. Install the package from the checkout "
        "(pip install -e .), or set the environment variable COURSE_DATA to the course's folder "
        "'data'"
    )


def repair_hint(folder: Path) -> str:
    """Say how to get a damaged or missing file of the shipped data back."""
    script = folder / "build.py"
    return f"get it back with 'python {script}', or with 'git checkout -- data' in the course"


def _listing(data: Path) -> Path:
    return data / "SHA256SUMS"


def has_listing(data: Path) -> bool:
    """Tell whether a folder is the course's own, or one that the reader filled."""
    return _listing(data).is_file()


def check_shipped(data: Path, path: Path) -> None:
    """Compare a shipped text file with its listed hash; text has no checksum of its own."""
    if not has_listing(data):
        return
    lines = (line.split() for line in _listing(data).read_text(encoding="utf-8").splitlines())
    expected = {name: digest for digest, name in lines}.get(path.relative_to(data).as_posix())
    given = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is not None and given != expected:
        raise ValueError(
            f"{path} is not the file that ships with the course: sha256 is {given}, "
            f"expected {expected}; {repair_hint(data)}"
        )
