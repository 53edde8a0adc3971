"""Write the links between notebooks and the map of the course: ``python -m tools.links``.

A notebook's number stands in one place, its file name. From the file names, the titles and the
first cells this program writes

- the target of every link to a notebook, by its topic, and the number and title in its text,
- the line at the end of a notebook that leads to its neighbours,
- the map, between two comments, in the README and in *Start here*,
- three questions on earlier notebooks at the end of a first cell, between two comments.

So a notebook is put in or moved by renaming one file and running this program. With ``--check`` it
writes nothing and names what is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import nbformat

from course_utils.work import ROUTES, recall
from course_utils.work._cells import title_of
from tools.course import ROOT, program, read, topic_of
from tools.stored import to_json, write_atomically

# The topic with which a part of the course begins, and the name of the part.
PARTS = {
    "align_and_index": "Sparse matrices",
    "compare_svd_and_autoencoder": "Linear or not",
    "autoencode_digits": "Digits",
    "autoencode_interactions": "Interactions",
    "find_similar_films": "Films",
    "scale_past_one_machine": "Beyond one machine",
}
MAP = re.compile(r"(<!-- map -->\n).*?(\n<!-- end of the map -->)", re.S)
QUESTIONS = re.compile(r"\n+<!-- recall -->.*?<!-- end of recall -->", re.S)
BEFORE = """<!-- recall -->
<details><summary><b>Do you still know?</b> Questions on earlier pages; an answer opens and says \
why.</summary>"""
ASKED = 3  # at the start of a notebook
FILE_NAME = re.compile(r"(?<!\w)\d\d_([a-z0-9_]+)")
NUMBERED_LINK = re.compile(r"\[\d\d [^\[\]]*\](\((?:[\w./-]*/)?\d\d_([a-z0-9_]+)\.ipynb)")
NEIGHBOURS = re.compile(r"\n+(?:\[← [^\n]*|\[[^\n\]]* →\]\([^\n]*)\Z")


@dataclass(frozen=True)
class Page:
    """What the other notebooks have to know of one.

    Attributes
    ----------
    path : Path
        The file.
    title : str
        Its heading.
    first : str
        Source of its first cell.
    """

    path: Path
    title: str
    first: str

    @property
    def number(self) -> str:
        """Two digits."""
        return self.path.name[:2]

    @property
    def topic(self) -> str:
        """The file's name without number and suffix."""
        return topic_of(self.path)

    @property
    def name(self) -> str:
        """Number and title."""
        return f"{self.number} {self.title}"

    @cached_property
    def task(self) -> str:
        """What the reader will do, the first sentence of it."""
        text = " ".join(self._part("What you'll do.").split())
        return re.split(r"(?<=[.!?]) (?=[A-Z])", text, maxsplit=1)[0]

    @cached_property
    def minutes(self) -> int:
        """Minutes of a reader who does the exercises; 0 if the page names none."""
        found = re.search(r"(\d+) minutes?\b", self._part("Time."))
        return int(found[1]) if found else 0

    @cached_property
    def needs(self) -> list[str]:
        """Topics of the notebooks that *What you'll need* links."""
        return sorted(set(FILE_NAME.findall(self._part("What you'll need."))))

    def _part(self, name: str) -> str:
        """Text of the first cell from a bold name to the next one."""
        pattern = rf"^\*\*{re.escape(name)}\*\*(.*?)(?=^\*\*|\Z)"
        found = re.search(pattern, self.first, re.M | re.S)
        return found[1].strip() if found else ""


def pages(folder: Path) -> list[Page]:
    """Find what stands in the first cells of the notebooks.

    Parameters
    ----------
    folder : Path
        Where the notebooks are.

    Returns
    -------
    list of Page
        In reading order.

    Raises
    ------
    ValueError
        If two notebooks have the same number or the same topic.
    """
    found = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        notebook = read(path)
        cells: list[dict[str, Any]] = notebook.get("cells", [])
        first = "".join(cells[0]["source"]) if cells else ""
        found.append(Page(path, title_of({"cells": cells}), first))
    for what in ("number", "topic"):
        seen: dict[str, Page] = {}
        for page in found:
            twin = seen.setdefault(getattr(page, what), page)
            if twin is not page:
                raise ValueError(
                    f"{twin.path.name} and {page.path.name} have the same {what}; rename one"
                )
    return found


def neighbour_line(course: Sequence[Page], topic: str) -> str:
    """Line that leads to the previous and to the next notebook.

    Parameters
    ----------
    course : sequence of Page
        All notebooks, in reading order.
    topic : str
        The notebook whose neighbours are meant.

    Returns
    -------
    str
        Markdown; empty if it has none.
    """
    here = [page.topic for page in course].index(topic)
    before = [f"[← {page.name}]({page.path.name})" for page in course[max(0, here - 1) : here]]
    after = [f"[{page.name} →]({page.path.name})" for page in course[here + 1 : here + 2]]
    return " · ".join(before + after)


def course_map(course: Sequence[Page], folder: str = "") -> str:
    """Table of the notebooks, by part, and the routes through them.

    Parameters
    ----------
    course : sequence of Page
        All notebooks, in reading order.
    folder : str
        In front of every file name, such as "notebooks/".

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If a part begins with, or a route leads through, a notebook that is not there.
    """
    by_topic = {page.topic: page for page in course}
    for topic in [*PARTS, *(topic for route in ROUTES.values() for topic in route)]:
        if topic not in by_topic:
            raise ValueError(
                f"PARTS of tools/links.py or ROUTES of course_utils.work name {topic!r}, "
                "which is no topic"
            )
    lines = ["| notebook | what you'll do | minutes | needs |", "|---|---|---|---|"]
    for page in course:
        if page.topic in PARTS:
            lines.append(f"| **{PARTS[page.topic]}** | | | |")
        needs = sorted(by_topic[topic].number for topic in page.needs if topic in by_topic)
        lines.append(
            f"| [{page.name}]({folder}{page.path.name}) | {page.task} | {page.minutes} | "
            f"{', '.join(needs) or '–'} |"
        )
    lines += [
        "",
        "Nobody has to take all of it. Three routes lead through the course; where one leaves out",
        "what a page needs, the first cell of that page says what to look up:",
        "",
    ]
    for name, topics in ROUTES.items():
        route = sorted((by_topic[topic] for topic in topics), key=lambda page: page.number)
        hours = sum(page.minutes for page in route) / 60
        numbers = ", ".join(page.number for page in route)
        lines.append(f"- **{name}**: {numbers} (about {hours:.0f} hours)")
    return "\n".join(lines)


def linked(text: str, course: Sequence[Page]) -> str:
    """Text of a document or of a cell with its links to notebooks, and its map, written anew.

    Parameters
    ----------
    text : str
        Markdown.
    course : sequence of Page
        All notebooks, in reading order.

    Returns
    -------
    str
        The same with today's file names, and today's numbers and titles where the text of a link
        begins with a number. What names an unknown topic stays.

    Examples
    --------
    >>> course = [Page(Path("notebooks/04_add.ipynb"), "Add numbers", "")]
    >>> linked("[03 Add](03_add.ipynb), as [*Add numbers*](../notebooks/03_add.ipynb#sum)", course)
    '[04 Add numbers](04_add.ipynb), as [*Add numbers*](../notebooks/04_add.ipynb#sum)'
    """
    by_topic = {page.topic: page for page in course}
    text = NUMBERED_LINK.sub(
        lambda found: (
            f"[{by_topic[found[2]].name}]{found[1]}" if found[2] in by_topic else found[0]
        ),
        text,
    )
    return FILE_NAME.sub(
        lambda found: by_topic[found[1]].path.stem if found[1] in by_topic else found[0], text
    )


def questions_before(topic: str, course: Sequence[Page]) -> list[recall.Question]:
    """Choose what a notebook asks about earlier ones.

    Parameters
    ----------
    topic : str
        The notebook.
    course : sequence of Page
        All notebooks, in reading order.

    Returns
    -------
    list of Question
        Up to three, in turn from the notebooks that it needs, or from the one before it. Notebooks
        that need the same ones ask about different things.
    """
    order = [page.topic for page in course]
    here = order.index(topic)
    needed = [need for need in course[here].needs if need in order[:here]] or order[:here][-1:]
    by_topic = [recall.questions([need]) for need in sorted(needed, key=order.index)]
    turned = [
        found[here % len(found) :] + found[: here % len(found)] for found in by_topic if found
    ]
    in_turn = [one for row in zip_longest(*turned) for one in row if one is not None]
    return in_turn[:ASKED]


def with_questions(text: str, topic: str, course: Sequence[Page]) -> str:
    """Write a first cell's questions on earlier notebooks anew.

    Parameters
    ----------
    text : str
        Its source.
    topic : str
        The notebook.
    course : sequence of Page
        All notebooks, in reading order.

    Returns
    -------
    str
        The text; without questions if there is nothing earlier.
    """
    text = QUESTIONS.sub("", text)
    found = questions_before(topic, course)
    if not found:
        return text
    topics = {question.topic for question in found}
    places = recall.places(course[0].path.parent, topics, by_heading=True)
    asked = recall.as_details(found, places)
    return f"{text}\n\n{BEFORE}\n\n{asked}\n\n</details>\n<!-- end of recall -->"


def notebook_text(path: Path, course: Sequence[Page]) -> str:
    """Text of a notebook's file with all its links as they should be.

    Parameters
    ----------
    path : Path
        One of the notebooks.
    course : sequence of Page
        All notebooks, in reading order.

    Returns
    -------
    str
        The file's text; the same as it is if no link has to change.
    """
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.v4.reads(before)
    old = [cell.source for cell in notebook.cells]
    last = notebook.cells[-1]
    last.source = NEIGHBOURS.sub("", last.source)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_map(linked(cell.source, course), course)
    first = notebook.cells[0]
    first.source = with_questions(first.source, topic_of(path), course)
    if line := neighbour_line(course, topic_of(path)):
        last.source += f"\n\n{line}"
    changed = old != [cell.source for cell in notebook.cells]
    return to_json(notebook) if changed else before


def with_map(text: str, course: Sequence[Page], folder: str = "") -> str:
    """Text with the map between the two comments, if it has them, written anew.

    Parameters
    ----------
    text : str
        Markdown.
    course : sequence of Page
        All notebooks, in reading order.
    folder : str
        In front of every file name.

    Returns
    -------
    str
        The text.
    """
    if not MAP.search(text):
        return text
    table = course_map(course, folder)
    return MAP.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", text)


def documents(root: Path) -> Iterator[Path]:
    """Yield the Markdown files outside `notebooks` that link to notebooks."""
    yield from sorted(root.glob("*.md"))
    yield from sorted((root / "data").glob("*.md"))
    yield from sorted((root / "docs").rglob("*.md"))


def rewritten(root: Path) -> dict[Path, str]:
    """Find what has to change.

    Parameters
    ----------
    root : Path
        The folder that holds `notebooks`, README.md and docs.

    Returns
    -------
    dict of Path to str
        Files whose links are out of date, and the text that each should have.

    Raises
    ------
    ValueError
        If two notebooks have the same number or topic, or a route leads to no notebook.
    """
    course = pages(root / "notebooks")
    texts = {page.path: notebook_text(page.path, course) for page in course}
    for path in documents(root):
        text = linked(path.read_text(encoding="utf-8"), course)
        texts[path] = with_map(text, course, "notebooks/")
    return {path: text for path, text in texts.items() if text != path.read_text(encoding="utf-8")}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if links are old")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the course")


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, 1 if `--check` finds old links, or 2 if two notebooks have one place."""
    try:
        changed = rewritten(options.root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for path, text in changed.items():
        name = path.relative_to(options.root)
        if options.check:
            print(f"✗ {name}: links are out of date; python -m tools.links writes them")
        else:
            write_atomically(path, text)
            print(f"wrote {name}")
    print(f"{len(changed)} files {'to change' if options.check else 'changed'}")
    return int(options.check and bool(changed))


main = program("links", "Write the links between notebooks.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
