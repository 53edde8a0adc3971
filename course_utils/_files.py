"""The front door for paths, and one way to write a file: whole, or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def home(path: str | os.PathLike[str], name: str = "path") -> Path:
    """Return a path in which a leading ``~`` is the home folder; `name` is the argument's.

    Raises
    ------
    TypeError
        If `path` is neither text nor a path.

    Examples
    --------
    >>> home("~/data") == Path.home() / "data"
    True
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be text or a pathlib.Path, got {path!r}")
    return Path(path).expanduser()


def writable(path: str | os.PathLike[str], name: str = "path") -> Path:
    """Return the path of a file that can be written, before any work begins; `name` as above.

    Raises
    ------
    FileNotFoundError
        If its folder does not exist.
    IsADirectoryError
        If it is a folder itself.
    PermissionError
        If nobody may write there.

    Examples
    --------
    >>> writable("no-such-folder/model.pt")
    Traceback (most recent call last):
    FileNotFoundError: there is no folder no-such-folder to write model.pt into; create it first
    """
    target = home(path, name)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; give the path of a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {target.parent} to write {target.name} into; create it first"
        )
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"the folder {target.parent} cannot be written to; choose another")
    return target


def replace_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file that appears complete or not at all; an earlier one stays until then.

    Parameters
    ----------
    path : path
        Where the file is to be. A new one gets the mode that the umask asks for, an earlier one
        keeps its own.
    write : callable
        Called with a binary file, open for writing.

    Raises
    ------
    OSError
        If it cannot be written, on a full disk for instance, whose message then names the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_atomically(Path(folder) / "note", lambda file: file.write(b"whole"))
    ...     (Path(folder) / "note").read_bytes()
    b'whole'
    """
    target = writable(path).resolve()  # a link stays a link, and what it points to is replaced
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with open(partial, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, partial)
        os.replace(partial, target)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        # A full disk names no file. Words without an error number would be lost beside a name.
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = str(target)
        raise


def replace_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8 that appears complete or not at all.

    Parameters
    ----------
    path : path
        Where the file is to be; see :func:`replace_atomically`.
    text : str
        Its content. Line ends stay as they are.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_text(Path(folder) / "note", "✓")
    ...     (Path(folder) / "note").read_text(encoding="utf-8")
    '✓'
    """
    replace_atomically(path, lambda file: file.write(text.encode("utf-8")))
