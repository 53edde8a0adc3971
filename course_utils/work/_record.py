"""What the checks have said, in a file of the learner's own: a line of JSON for each verdict.

Nothing leaves the machine. Nothing is written outside a folder of copies, nor anywhere if the
environment variable ``COURSE_PROGRESS`` is ``off``. Whatever goes wrong here goes wrong silently:
a full disk must not come between a learner and a verdict.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from course_utils.work._transaction import STATE

FILE = "progress.jsonl"
SWITCH = "COURSE_PROGRESS"
_OFF = {"off", "0", "no", "false"}
_CHECKS = "course_utils.checks."
# First line of a cell that the course has answered: running it is nobody's success.
_SOLUTION = "# A solution"
_DEEPEST = 3  # folders below that of the copies


@dataclass(frozen=True)
class Verdict:
    """One line of the record.

    Attributes
    ----------
    exercise : str
        Topic of the notebook and name of the exercise, such as "align_and_index.left_align".
    verdict : str
        Name of the outcome in small letters, such as "right", "wrong" or "raised".
    time : str
        When it was, in ISO 8601 and UTC.
    """

    exercise: str
    verdict: str
    time: str


def folder_of_copies(start: Path | None = None) -> Path | None:
    """Find the folder of copies in which one is, or None; default: the working directory."""
    here = (Path.cwd() if start is None else start).absolute()
    for folder in [here, *here.parents][: _DEEPEST + 1]:
        if (folder / STATE / "base").is_dir():
            return folder
    return None


def record(exercise: object, name: str, verdict: str) -> None:
    """Append a verdict to the record of the copies one works in, if there are any.

    Parameters
    ----------
    exercise : object
        The exercise; one that stands in no module of checks is left out.
    name : str
        Its name.
    verdict : str
        Name of the outcome. A stub that nobody has touched is left out, and so is the course's
        own solution.
    """
    with contextlib.suppress(Exception):
        if verdict == "not_attempted":
            return
        topic, folder = _topic_of(exercise, name), folder_of_copies()
        if topic and folder is not None and not _is_solution():
            note(folder, f"{topic}.{name}", verdict)


def note(folder: Path, exercise: str, verdict: str) -> None:
    """Append a verdict to the record in a folder of copies; silent, whatever goes wrong.

    Parameters
    ----------
    folder : Path
        The folder of copies.
    exercise, verdict : str
        As in :class:`Verdict`.
    """
    with contextlib.suppress(Exception):
        if not _is_off():
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            line = json.dumps(vars(Verdict(exercise, verdict, now)))
            _append(folder / STATE / FILE, line)


def _is_off() -> bool:
    return os.environ.get(SWITCH, "").strip().lower() in _OFF


def _topic_of(exercise: object, name: str) -> str:
    for module, held in list(sys.modules.items()):
        if module.startswith(_CHECKS) and getattr(held, "__dict__", {}).get(name) is exercise:
            return module.removeprefix(_CHECKS)
    return ""


def _is_solution() -> bool:
    """Whether the cell that runs now, of which IPython keeps the text, is a solution."""
    cells: list[object] = getattr(sys.modules.get("__main__"), "In", [])
    return bool(cells) and str(cells[-1]).lstrip().startswith(_SOLUTION)


def _append(path: Path, line: str) -> None:
    """Write a line with one call, which two kernels may do at the same time.

    It begins on a line of its own, so what a full disk has cut off spoils nothing else.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"\n{line}\n".encode())
    finally:
        os.close(descriptor)


def read_record(folder: Path) -> list[Verdict]:
    """Read the record in a folder of copies, without what is damaged.

    Parameters
    ----------
    folder : Path
        The folder of copies.

    Returns
    -------
    list of Verdict
        In the order in which they were written; empty if there is no record.
    """
    try:
        text = (folder / STATE / FILE).read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    found = []
    for line in text.split("\n"):
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            entry = Verdict(**json.loads(line))
            if all(isinstance(value, str) for value in vars(entry).values()):
                found.append(entry)
    return found
