"""Read the questions, and find the cells to which they lead."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from course_utils.work._cells import headings_above, title_of
from course_utils.work._copies import read_course, topic_of


@dataclass(frozen=True)
class Choice:
    """One answer, and why it is right or wrong."""

    text: str
    because: str


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    Attributes
    ----------
    topic : str
        Topic of the notebook.
    name : str
        Name within the notebook.
    cell : str
        Id of the cell that answers it.
    ask : str
        The question; code stands in backticks.
    right : Choice
        The right answer.
    wrong : tuple of Choice
        Tempting ones.
    """

    topic: str
    name: str
    cell: str
    ask: str
    right: Choice
    wrong: tuple[Choice, ...]

    @property
    def key(self) -> str:
        """Name in the record."""
        return f"recall:{self.topic}.{self.name}"


def questions(topics: Collection[str] | None = None) -> list[Question]:
    """Read the questions.

    Parameters
    ----------
    topics : collection of str, optional
        Topics of notebooks; default: all that have questions.

    Returns
    -------
    list of Question
        In the order of the topics' names and of the files.

    Examples
    --------
    >>> [question.topic for question in questions(["start_here"])][:1]
    ['start_here']
    """
    found = []
    source = [file for file in files(__package__).iterdir() if file.name.endswith(".toml")]
    for file in sorted(source, key=lambda each: each.name):
        topic = file.name.removesuffix(".toml")
        if topics is None or topic in topics:
            for entry in tomllib.loads(file.read_text(encoding="utf-8"))["question"]:
                wrong = tuple(Choice(*choice) for choice in entry["wrong"])
                right = Choice(*entry["right"])
                found.append(
                    Question(topic, entry["name"], entry["cell"], entry["ask"], right, wrong)
                )
    return found


def shuffled(question: Question, seed: object = "") -> list[Choice]:
    """Put the choices into an order that does not tell the right one; the same for each seed."""
    choices = [question.right, *question.wrong]
    random.Random(f"{question.key} {seed}").shuffle(choices)
    return choices


def places(
    course: Path, topics: Collection[str] | None = None, *, by_heading: bool = False
) -> dict[tuple[str, str], tuple[str, str]]:
    """Find where the cells of the course stand.

    Parameters
    ----------
    course : Path
        Folder of the course's notebooks.
    topics : collection of str, optional
        Notebooks to look into. Default: all.
    by_heading : bool
        Whether an address leads to the heading above the cell, which every page has, instead of to
        the cell itself, which JupyterLab alone can find.

    Returns
    -------
    dict of (str, str) to (str, str)
        Topic and id of a cell -> address of the cell, and the notebook's title with the heading
        above the cell.
    """
    found = {}
    for name, book in read_course(course, topics).items():
        title = f"{name[:2]} {title_of(book)}"
        for cell, heading in zip(book["cells"], headings_above(book["cells"]), strict=True):
            where = f"{title}, {heading}" if heading else title
            # JupyterLab's own anchors of headings, which the pages have, too.
            slug = heading.replace("`", "").replace(" ", "-")
            anchor = slug if by_heading else f"cell-id={cell['id']}"
            found[topic_of(name), cell["id"]] = (f"{name}#{anchor}" if anchor else name, where)
    return found


def place_of(
    question: Question, found: Mapping[tuple[str, str], tuple[str, str]]
) -> tuple[str, str]:
    """Address and description of the cell that answers a question; its topic if it has gone."""
    return found.get((question.topic, question.cell), ("", question.topic.replace("_", " ")))
