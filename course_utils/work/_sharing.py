"""A class as a table: who has done what, from learners who have chosen to show it.

Nobody reads a learner's record. A learner who wants to be seen copies the standing of the exercises
into a folder that the teacher names, under a name of the learner's choice, and can take it back.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils._files import home, replace_text
from course_utils.work._copies import read_course
from course_utils.work._folder import course_folder, work_folder
from course_utils.work._progress import Standing, standings
from course_utils.work._record import read_record

_NAME = re.compile(r"\w[\w .-]{0,39}")
_SUFFIX = ".standing.json"
_Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Learner:
    """What a learner shows.

    Attributes
    ----------
    name : str
        The name under which the learner wants to appear.
    day : str
        Day on which it was shown, in ISO 8601.
    exercises : dict of str to str
        Topic and name of an exercise -> "done" or "tried"; what is open is left out.
    """

    name: str
    day: str
    exercises: dict[str, str]


def share(
    to: _Path, name: str, *, folder: _Path | None = None, course: _Path | None = None
) -> list[str]:
    """Show the standing of one's exercises to whoever can read a folder.

    Parameters
    ----------
    to : path
        The folder, which has to exist.
    name : str
        Name under which to appear: 1 to 40 letters, digits, spaces, ``.``, ``-`` or ``_``.
    folder, course : path, optional
        Where the copies are, and where the notebooks are; see :func:`work_folder`.

    Returns
    -------
    list of str
        Lines to print: what was written, and how to take it back.

    Raises
    ------
    ValueError
        If the name cannot be the name of a file.
    FileNotFoundError
        If the folder is not there.
    """
    target = _file(to, name)
    books = read_course(course_folder(course))
    found = standings(books, read_record(work_folder(folder, course=course)))
    exercises = {
        f"{each.topic}.{exercise}": state
        for each in found
        for exercise, state in each.exercises.items()
        if state != "open"
    }
    shown = Learner(name, time.strftime("%Y-%m-%d", time.gmtime()), exercises)
    replace_text(target, json.dumps(vars(shown), indent=1))
    done = list(exercises.values()).count("done")
    return [
        f"{target} now says that {name} has done {done} exercises and tried {len(exercises) - done}"
        " more, and which; nothing else.",
        f"To take it back: python -m course_utils.work unshare {to} --name {json.dumps(name)}",
    ]


def unshare(to: _Path, name: str) -> list[str]:
    """Take back what was shown.

    Parameters
    ----------
    to : path
        The folder.
    name : str
        The name under which one appears there.

    Returns
    -------
    list of str
        A line to print.

    Raises
    ------
    ValueError
        If the name cannot be the name of a file.
    FileNotFoundError
        If the folder is not there, or nothing of that name in it.
    """
    target = _file(to, name)
    if not target.exists():
        raise FileNotFoundError(f"nothing is shown as {name!r} in {to}; look at the names there")
    target.unlink()
    return [f"{to} no longer says anything about {name}"]


def _file(to: _Path, name: str) -> Path:
    folder = home(to, "to")
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise ValueError(
            f"name must be 1 to 40 letters, digits, spaces, '.', '-' or '_', got {name!r}"
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; ask your teacher for its name")
    return folder / f"{name}{_SUFFIX}"


def read_class(folder: _Path) -> tuple[list[Learner], list[str]]:
    """Read what the learners of a class have shown.

    Parameters
    ----------
    folder : path
        The folder into which they have written.

    Returns
    -------
    list of Learner
        In the order of their names.
    list of str
        Names of files that cannot be read.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    """
    place = home(folder, "folder")
    if not place.is_dir():
        raise FileNotFoundError(f"there is no folder {place}")
    learners, damaged = [], []
    for path in sorted(place.glob(f"*{_SUFFIX}")):
        try:
            learners.append(_learner(json.loads(path.read_bytes())))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            damaged.append(path.name)
    return sorted(learners, key=lambda each: each.name.casefold()), damaged


def _learner(entry: Mapping[str, object]) -> Learner:
    name, day, exercises = entry["name"], entry["day"], entry["exercises"]
    if not (isinstance(name, str) and isinstance(day, str) and isinstance(exercises, dict)):
        raise TypeError
    return Learner(name, day, {str(key): str(state) for key, state in exercises.items()})


def class_table(folder: _Path, *, course: _Path | None = None) -> list[str]:
    """Tell where the learners of a class are, and where they are stuck.

    Parameters
    ----------
    folder : path
        The folder into which they have written.
    course : path, optional
        Where the course's notebooks are.

    Returns
    -------
    list of str
        Lines to print: a row for each learner with the number of exercises done in each notebook,
        then the exercises that several have tried and not solved.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    """
    learners, damaged = read_class(folder)
    books = standings(read_course(course_folder(course)), ())
    lines = [f"cannot be read: {name}; ask for it again" for name in damaged]
    if not learners:
        return [*lines, f"nobody has shown anything in {folder} yet"]
    return [*lines, *_rows(learners, books), "", *_stuck(learners, books)]


def _rows(learners: Sequence[Learner], books: Sequence[Standing]) -> list[str]:
    width = max(len("of"), *(len(each.name) for each in learners))
    numbers = "".join(f"{each.name[:2]:>4}" for each in books)
    possible = "".join(f"{len(each.exercises):>4}" for each in books)
    lines = [f"{'':{width}}{numbers}  shown on", f"{'of':{width}}{possible}"]
    for learner in learners:
        done = [
            sum(learner.exercises.get(f"{each.topic}.{name}") == "done" for name in each.exercises)
            for each in books
        ]
        counts = "".join(f"{number or '·':>4}" for number in done)
        lines.append(f"{learner.name:{width}}{counts}  {learner.day}")
    return lines


def _stuck(learners: Sequence[Learner], books: Sequence[Standing]) -> list[str]:
    found = []
    for each in books:
        for name in each.exercises:
            states = [learner.exercises.get(f"{each.topic}.{name}") for learner in learners]
            tried, done = states.count("tried"), states.count("done")
            if tried > 1:
                found.append((tried, f"{name} in {each.name}: {tried} not yet, {done} done"))
    if not found:
        return ["no exercise has stopped more than one of them"]
    ordered = sorted(found, key=lambda pair: -pair[0])
    return ["tried and not solved:", *(f"  {line}" for _, line in ordered[:10])]
