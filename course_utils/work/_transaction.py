"""Change several files so that a kill at any moment does no harm.

What is to be written is first put aside as a whole, then a journal says where it goes, then it goes
there. Before the journal stands, nothing has happened; once it stands, the next run ends the work.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils._files import replace_atomically

STATE = ".course"  # hidden folder in the folder of the copies


@dataclass(frozen=True)
class Change:
    """A file's content as it was when it was read, and as it is to be; None if there is no file."""

    path: Path
    before: bytes | None
    after: bytes | None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time change the folder; the system ends the claim of a killed one.

    Parameters
    ----------
    folder : Path
        The folder of the copies; made if needed.
    """
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    with open(folder / STATE / "lock", "ab") as file:
        _claim(file.fileno())
        yield


def _claim(descriptor: int) -> None:
    # Some network file systems know no locks; a single learner seldom starts two updates at once.
    with contextlib.suppress(OSError):
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)


def content(path: Path) -> bytes | None:
    """Content of a file; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def back_up(folder: Path, changes: Sequence[Change]) -> Path | None:
    """Write the copies as they were into a new folder named by date and time.

    Parameters
    ----------
    folder : Path
        The folder of the copies.
    changes : sequence of Change
        What is about to happen in it.

    Returns
    -------
    Path or None
        Where the backup is; None if no copy is going to change.
    """
    kept = {
        change.path.relative_to(folder): change.before
        for change in changes
        if change.before is not None and STATE not in change.path.relative_to(folder).parts
    }
    if not kept:
        return None
    backups = folder / STATE / "backups"
    unfinished = backups / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    for path, before in kept.items():
        _write(unfinished / path, before)
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    target, number = backups / stamp, 1
    while target.exists():
        number += 1
        target = backups / f"{stamp}_{number}"
    os.replace(unfinished, target)
    return target


def commit(folder: Path, changes: Sequence[Change]) -> list[str]:
    """Write or remove several files as one change.

    Parameters
    ----------
    folder : Path
        The folder of the copies.
    changes : sequence of Change
        Files in it.

    Returns
    -------
    list of str
        What had to be put beside a file, a line each; usually empty.
    """
    pending = folder / STATE / "pending"
    journal = []
    # New files first and removals last: a cell that moves stands twice for a moment, never nowhere.
    ordered = sorted(changes, key=lambda change: (change.after is None, change.before is not None))
    for number, change in enumerate(ordered):
        if change.after is not None:
            _write(pending / str(number), change.after)
        journal.append(
            {
                "path": change.path.relative_to(folder).as_posix(),
                "staged": None if change.after is None else str(number),
                "before": _mark(change.before),
                "after": _mark(change.after),
            }
        )
    if not journal:
        return []
    _write(pending / "journal.json", json.dumps(journal).encode())
    return recover(folder)


def recover(folder: Path) -> list[str]:
    """End a change whose journal stands, and forget one that had not come so far.

    Parameters
    ----------
    folder : Path
        The folder of the copies.

    Returns
    -------
    list of str
        A line for each file that somebody changed since it was read. It stays, and what was meant
        for it stands beside it.
    """
    pending = folder / STATE / "pending"
    lines = []
    written = content(pending / "journal.json")
    for entry in [] if written is None else json.loads(written):
        path = folder / entry["path"]
        staged = None if entry["staged"] is None else (pending / entry["staged"]).read_bytes()
        now = _mark(content(path))
        if now not in (entry["before"], entry["after"]):
            lines.append(f"{entry['path']} was saved by somebody during the update; it stays")
            if staged is None:
                continue
            path = path.with_name(f"{path.stem}-update-{entry['after'][:8]}{path.suffix}")
            lines[-1] += f", and the update is {path.name}"
        if staged is None:
            path.unlink(missing_ok=True)
        elif _mark(content(path)) != entry["after"]:
            _write(path, staged)
        _remove_partial(path)
    (pending / "journal.json").unlink(missing_ok=True)
    for left in sorted(pending.glob("*")):
        left.unlink(missing_ok=True)
    return lines


def _write(path: Path, whole: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_atomically(path, lambda file: file.write(whole))


def _remove_partial(path: Path) -> None:
    """Remove what a killed process left of its way to a file."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):
        left.unlink(missing_ok=True)


def _mark(whole: bytes | None) -> str | None:
    return None if whole is None else hashlib.sha256(whole).hexdigest()
