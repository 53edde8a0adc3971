"""How far a learner has come: exercises done, tried and open, by notebook and by route."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.work._cells import title_of
from course_utils.work._copies import Books, read_course, topic_of
from course_utils.work._folder import course_folder, work_folder
from course_utils.work._record import SWITCH, Verdict, folder_of_copies, read_record
from course_utils.work._routes import ROUTES

STUB = re.compile(r"^check\.(\w+)\(", re.M)
MARKS = {"done": "✓", "tried": "✗", "open": "○"}


@dataclass(frozen=True)
class Standing:
    """How a notebook stands.

    Attributes
    ----------
    name : str
        Number and title of the notebook.
    topic : str
        Its topic.
    exercises : dict of str to str
        Name of an exercise, in the order of the page -> "done", "tried" or "open".
    """

    name: str
    topic: str
    exercises: dict[str, str]

    def count(self, state: str) -> int:
        """Count the exercises in a state."""
        return list(self.exercises.values()).count(state)


def standings(books: Books, verdicts: Sequence[Verdict]) -> list[Standing]:
    """Say of each exercise whether it is done, tried or open.

    Parameters
    ----------
    books : mapping of str to dict
        The course's notebooks, by file name.
    verdicts : sequence of Verdict
        The record. An exercise that was right once is done.

    Returns
    -------
    list of Standing
        One for each notebook.
    """
    states = {verdict.exercise: "tried" for verdict in verdicts}
    states |= {verdict.exercise: "done" for verdict in verdicts if verdict.verdict == "right"}
    found = []
    for name, book in books.items():
        topic = topic_of(name)
        stubs = [
            STUB.search(cell["source"])
            for cell in book["cells"]
            if "exercise" in cell["metadata"].get("tags", [])
        ]
        exercises = {
            stub[1]: states.get(f"{topic}.{stub[1]}", "open") for stub in stubs if stub is not None
        }
        found.append(Standing(f"{name[:2]} {title_of(book)}", topic, exercises))
    return found


def progress(
    folder: str | os.PathLike[str] | None = None, *, course: str | os.PathLike[str] | None = None
) -> list[str]:
    """Tell how far one has come.

    Parameters
    ----------
    folder, course : path, optional
        Where the copies are, and where the notebooks are; see :func:`work_folder`.

    Returns
    -------
    list of str
        Lines to print: each notebook with the marks of its exercises, then each route.
    """
    return _lines(_standings(work_folder(folder, course=course), course))


def _standings(folder: Path, course: str | os.PathLike[str] | None) -> list[Standing]:
    return standings(read_course(course_folder(course)), read_record(folder))


def _lines(found: Sequence[Standing]) -> list[str]:
    lines = [
        f"{' '.join(MARKS[state] for state in each.exercises.values()):<12} {each.name}"
        for each in found
    ]
    lines += ["", f"{MARKS['done']} done   {MARKS['tried']} tried   {MARKS['open']} open", ""]
    return lines + _routes(found)


def _routes(found: Sequence[Standing]) -> list[str]:
    lines = []
    present = {each.topic: each for each in found}
    routes = {"all": tuple(present), **ROUTES}
    for route, topics in routes.items():
        of = [present[topic] for topic in topics if topic in present]
        done, tried, total = _counts(of)
        unfinished = [each.name for each in of if each.count("done") < len(each.exercises)]
        onward = f"; next: {unfinished[0]}" if unfinished else ""
        lines.append(f"{route}: {done} of {total} exercises done, {tried} tried{onward}")
    return lines


def _counts(found: Sequence[Standing]) -> tuple[int, int, int]:
    """Count the exercises that are done, those that are tried, and all."""
    done = sum(each.count("done") for each in found)
    tried = sum(each.count("tried") for each in found)
    return done, tried, sum(len(each.exercises) for each in found)


def show_progress() -> None:
    """Print and draw how far one has come in the copies in which this notebook lies.

    Introduced in *Check your set-up and find your way*.

    Nothing leaves the machine: the record is a file beside the copies. Outside a folder of copies
    it says where they come from.
    """
    folder = folder_of_copies()
    if folder is None:
        print(
            "This notebook is no copy of your own, so nothing is recorded. `make lab`, or "
            "`python -m course_utils.work lab`, makes copies and opens them."
        )
        return
    found = _standings(folder, None)
    print(*_routes(found), sep="\n")
    if any(each.count("open") < len(each.exercises) for each in found):
        _draw(found)
    else:
        print(f"\nThe checks write into .course/progress.jsonl; {SWITCH}=off turns that off.")


def _draw(found: Sequence[Standing]) -> None:
    """Draw one row for each notebook and one square for each exercise."""
    import numpy as np
    import seaborn as sns
    from matplotlib import pyplot as plt
    from matplotlib.colors import ListedColormap

    from course_utils import plots

    widest = max(len(each.exercises) for each in found)
    levels = np.full((len(found), widest), np.nan)
    marks = np.full((len(found), widest), "")
    for row, each in enumerate(found):
        for column, state in enumerate(each.exercises.values()):
            levels[row, column] = list(MARKS).index(state)
            marks[row, column] = MARKS[state]
    figure, axes = plt.subplots(figsize=(7, 0.32 * len(found) + 0.8))
    colours = ListedColormap([plots.COLORS["blue"], plots.COLORS["orange"], "#eeeeee"])
    sns.heatmap(
        levels,
        annot=marks,
        fmt="",
        cmap=colours,
        vmin=0,
        vmax=2,
        cbar=False,
        linewidths=2,
        yticklabels=[each.name for each in found],
        xticklabels=[str(number + 1) for number in range(widest)],
        ax=axes,
    )
    axes.set(xlabel="exercise")
    done, tried, total = _counts(found)
    plots.show(
        figure,
        alt="A row of squares for each notebook, one for each exercise: "
        f"{done} of {total} are done, {tried} tried and not right yet, the rest open.",
    )
