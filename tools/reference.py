"""Write the reference: ``python -m tools.reference``.

Four documents are made from the lists in ``docs/reference``:

- ``docs/glossary.md``: each term in a sentence, with its symbol, its shape and the notebook in
  which it comes up first,
- ``docs/traps.md``: what goes wrong, by what one sees on the screen, and where it is explained,
- ``docs/identities.md``: one sheet of the equations that the course proves,
- ``docs/plans.md``: lesson plans, whose minutes are added up from the notebooks.

Every trap and every identity holds a few lines of code, and a test runs each of them: the message
has to come, and both sides of the equation have to agree. With ``--check`` the program writes
nothing and says what is out of date, and which term, notebook or cell has gone.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from course_utils.work._cells import headings_above
from course_utils.work._copies import read_course
from course_utils.work._progress import STUB
from tools.course import NOTEBOOKS, ROOT, program, report
from tools.links import MAP, Page, pages
from tools.notebook_lint import EXERCISE
from tools.stored import write_atomically

SOURCES = ROOT / "docs" / "reference"
MADE_BY = "<!-- Written by python -m tools.reference from docs/reference/{}. -->"


@dataclass(frozen=True)
class Term:
    """An entry of the glossary.

    Attributes
    ----------
    term, meaning : str
        The word, and one sentence.
    symbol, shape : str
        How formulas write it, and its shape in words; empty if it has none.
    spelled : tuple of str
        Other forms that count as a first use, such as a plural.
    notebook : str
        Topic of the notebook that explains it, where an earlier one uses the word in passing.
    """

    term: str
    meaning: str
    symbol: str = ""
    shape: str = ""
    spelled: tuple[str, ...] = ()
    notebook: str = ""


@dataclass(frozen=True)
class Trap:
    """A mistake, found by what it shows.

    Attributes
    ----------
    see : str
        Error message, or what is printed where nothing complains.
    code, instead : str
        Lines that show it, and lines that do it right.
    why : str
        What happens, and what to do.
    notebook, cell : str
        Topic of the notebook and id of the cell that explain it.
    framework : str
        "keras" or "torch" if the code needs one.
    """

    see: str
    code: str
    instead: str
    why: str
    notebook: str
    cell: str
    framework: str = ""


@dataclass(frozen=True)
class Identity:
    r"""An equation that a notebook proves.

    Attributes
    ----------
    name, formula, where : str
        What it is called, the equation in LaTeX, and what its letters are.
    given, left, right : str
        Lines that make its data from a generator ``rng``, and both sides as expressions.
    notebook, cell : str
        Topic of the notebook and id of the cell that show it.
    framework : str
        "keras" or "torch" if the code needs one.
    """

    name: str
    formula: str
    where: str
    given: str
    left: str
    right: str
    notebook: str
    cell: str
    framework: str = ""


@dataclass(frozen=True)
class Session:
    """A part of a lesson plan.

    Attributes
    ----------
    name : str
        What it is called.
    notebooks : list of dict
        ``topic``, and in ``later`` the exercises that are left for home; ``"*"`` means all.
    runs_out : str
        What to do when time runs out, beside leaving the rest for home.
    """

    name: str
    notebooks: list[dict[str, Any]]
    runs_out: str = ""


@dataclass(frozen=True)
class Plan:
    """A lesson plan.

    Attributes
    ----------
    name, about : str
        What it is called, and for whom it is.
    minutes : int
        What one part has.
    session : list of Session
        Its parts.
    """

    name: str
    about: str
    minutes: int
    session: list[Session]


@dataclass(frozen=True)
class Cell:
    """Where a cell stands: the heading above it, and its text."""

    heading: str
    text: str
    is_markdown: bool


@dataclass(frozen=True)
class Book:
    """What the reference has to know of a notebook.

    Attributes
    ----------
    page : Page
        File, title, and the minutes that the page promises for reading and exercises.
    cells : mapping of str to Cell
        Id -> cell.
    exercises : mapping of str to int
        Name of each exercise, in the order of the page -> its minutes.
    """

    page: Page
    cells: Mapping[str, Cell]
    exercises: Mapping[str, int] = field(default_factory=dict)

    def link(self, cell: str = "") -> str:
        """Markdown link to the notebook, or to the heading above one of its cells."""
        heading = self.cells[cell].heading if cell else ""
        anchor = "#" + heading.replace(" ", "-") if heading else ""
        return f"[{self.page.name}](../notebooks/{self.page.path.name}{anchor})"


def glossary() -> list[Term]:
    """Read the terms, in alphabetical order."""
    entries = _entries("glossary", "term")
    terms = [Term(**(entry | {"spelled": tuple(entry.get("spelled", ()))})) for entry in entries]
    return sorted(terms, key=lambda each: each.term.casefold())


def traps() -> list[Trap]:
    """Read the traps: error messages first, each kind in the order of what one sees."""
    found = [Trap(**entry) for entry in _entries("traps", "trap")]
    return sorted(found, key=lambda each: (not is_error(each.see), each.see.casefold()))


def identities() -> list[Identity]:
    """Read the identities, in the order of the file."""
    return [Identity(**entry) for entry in _entries("identities", "identity")]


def plans() -> list[Plan]:
    """Read the lesson plans, in the order of the file."""
    return [
        Plan(**(entry | {"session": [Session(**part) for part in entry["session"]]}))
        for entry in _entries("plans", "plan")
    ]


def _entries(name: str, kind: str) -> list[dict[str, Any]]:
    text = (SOURCES / f"{name}.toml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)[kind]
    return entries


def is_error(seen: str) -> bool:
    """Whether what one sees is an error message.

    Parameters
    ----------
    seen : str
        The first line.

    Returns
    -------
    bool
        True if it begins with the name of an exception.

    Examples
    --------
    >>> is_error("ValueError: shapes do not fit"), is_error("2.0")
    (True, False)
    """
    return re.match(r"[A-Z]\w*(Error|Exception): ", seen) is not None


def books(folder: Path = NOTEBOOKS) -> dict[str, Book]:
    """Read the notebooks.

    Parameters
    ----------
    folder : Path
        Where they are.

    Returns
    -------
    dict of str to Book
        Topic -> what the reference has to know of it, in reading order.
    """
    read = read_course(folder)
    found = {}
    for page in pages(folder):
        cells = read[page.path.name]["cells"]
        placed = {
            cell["id"]: Cell(
                heading.replace("`", ""),
                MAP.sub("", cell["source"]),
                cell["cell_type"] == "markdown",
            )
            for cell, heading in zip(cells, headings_above(cells), strict=True)
        }
        found[page.topic] = Book(page, placed, _exercises([*placed.values()]))
    return found


def _exercises(cells: Sequence[Cell]) -> dict[str, int]:
    """Name of each exercise, from the stub that follows its heading -> its minutes."""
    found = {}
    for told, stub in pairwise(cells):
        heading = EXERCISE.fullmatch(told.text.partition("\n")[0])
        if heading and (name := STUB.search(stub.text)):
            found[name[1]] = int(heading[3])
    return found


def first_use(term: Term, course: Mapping[str, Book]) -> Book | None:
    """Find the notebook in which a term comes up first, or which explains it.

    Parameters
    ----------
    term : Term
        The term.
    course : mapping of str to Book
        All notebooks, in reading order.

    Returns
    -------
    Book or None
        The first whose text holds the term, or another form of it, as whole words; if the term
        names a notebook, that one or none.
    """
    forms = (r"\s+".join(map(re.escape, form.split())) for form in (term.term, *term.spelled))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)
    for topic, book in course.items():
        if term.notebook in ("", topic) and any(
            cell.is_markdown and pattern.search(cell.text) for cell in book.cells.values()
        ):
            return book
    return None


def problems(course: Mapping[str, Book]) -> list[str]:
    """Name what in the lists has no place in the notebooks any more.

    Parameters
    ----------
    course : mapping of str to Book
        All notebooks.

    Returns
    -------
    list of str
        One line each.
    """
    found = [
        f"glossary: {term.notebook or 'no notebook'} "
        f"{'never ' if term.notebook else ''}says {term.term!r}; add the form it uses to `spelled`"
        for term in glossary()
        if first_use(term, course) is None
    ]
    for plan in plans():
        for part in plan.session:
            for entry in part.notebooks:
                topic = entry["topic"]
                known = {"*", *(course[topic].exercises if topic in course else ())}
                if topic not in course:
                    found.append(f"plan {plan.name!r}: there is no notebook {topic!r}")
                elif lost := set(entry.get("later", ())) - known:
                    found.append(f"plan {plan.name!r}: {topic} has no exercise {sorted(lost)}")
    places = [(trap.see, trap.notebook, trap.cell) for trap in traps()]
    places += [(identity.name, identity.notebook, identity.cell) for identity in identities()]
    for name, topic, cell in places:
        if topic not in course:
            found.append(f"{name!r}: there is no notebook {topic!r}")
        elif cell not in course[topic].cells:
            found.append(f"{name!r}: {topic} has no cell {cell!r}")
    return found


def glossary_page(course: Mapping[str, Book]) -> str:
    """Document with the terms."""
    lines = [
        "# Glossary",
        "",
        MADE_BY.format("glossary.toml"),
        "",
        "Each term in a sentence, with the notebook that explains it or uses it first.",
    ]
    letter = ""
    for term in glossary():
        if term.term[0].upper() != letter:
            letter = term.term[0].upper()
            lines += ["", f"## {letter}"]
        about = [f"**{term.term}**", *([f"${term.symbol}$"] if term.symbol else []), term.shape]
        book = first_use(term, course)
        place = f" See {book.link()}." if book else ""
        lines += ["", f"{', '.join(filter(None, about))}: {term.meaning}{place}"]
    return "\n".join(lines) + "\n"


def traps_page(course: Mapping[str, Book]) -> str:
    """Document with the traps."""
    lines = [
        "# Traps, by what you see",
        "",
        MADE_BY.format("traps.toml"),
        "",
        "Search this page for the words on your screen. Each entry shows lines that lead there,",
        "says why, and shows lines that do not.",
    ]
    errors = None
    for trap in traps():
        if is_error(trap.see) != errors:
            errors = is_error(trap.see)
            lines += ["", "## Error messages" if errors else "## Nothing complains"]
        place = course[trap.notebook].link(trap.cell)
        lines += ["", f"### `{trap.see}`", "", _code(trap.code)]
        lines += ["", f"{trap.why} See {place}.", "", _code(trap.instead)]
    return "\n".join(lines) + "\n"


def identities_page(course: Mapping[str, Book]) -> str:
    """Document with the identities, to print."""
    lines = [
        "# Identities",
        "",
        MADE_BY.format("identities.toml"),
        "",
        "Equations that the course proves in front of the reader. A test computes both sides of",
        "each from random numbers: `pytest tests/tools/test_reference.py -k identity`.",
    ]
    for identity in identities():
        place = course[identity.notebook].link(identity.cell)
        lines += ["", f"## {identity.name}", "", f"$${identity.formula}$$"]
        lines += ["", f"{identity.where} {place}"]
    return "\n".join(lines) + "\n"


def minutes_of(entry: Mapping[str, Any], course: Mapping[str, Book]) -> int:
    """Count the minutes of a notebook in a plan, without the exercises that are left for home.

    Parameters
    ----------
    entry : mapping
        ``topic``, and perhaps ``later``.
    course : mapping of str to Book
        All notebooks.

    Returns
    -------
    int
        Minutes.
    """
    book = course[entry["topic"]]
    return book.page.minutes - sum(book.exercises[name] for name in _later(entry, book))


def _later(entry: Mapping[str, Any], book: Book) -> list[str]:
    named = entry.get("later", [])
    return list(book.exercises) if named == ["*"] else named


def plans_page(course: Mapping[str, Book]) -> str:
    """Document with the lesson plans."""
    lines = [
        "# Lesson plans",
        "",
        MADE_BY.format("plans.toml"),
        "",
        "Minutes are those that the pages promise, less the exercises that are left for home:",
        "150 words or twelve lines of code take a minute, and exercises have minutes of their own.",
        "A class that discusses needs about a third more, and the plans leave room for it. When",
        "time runs out, exercises are the first thing to leave for home: each has its check there.",
    ]
    for plan in plans():
        lines += ["", f"## {plan.name}", "", plan.about]
        for part in plan.session:
            minutes = sum(minutes_of(entry, course) for entry in part.notebooks)
            lines += ["", f"### {part.name} ({minutes} of {plan.minutes} minutes)", ""]
            for entry in part.notebooks:
                book = course[entry["topic"]]
                later = _later(entry, book)
                which = ", ".join(
                    f"{number} (`{name}`)"
                    for number, name in enumerate(book.exercises, 1)
                    if name in later
                )
                home = f"; for home: exercises {which}" if which else ""
                lines.append(f"- {book.link()}, {minutes_of(entry, course)} minutes{home}")
            if part.runs_out:
                lines += ["", f"If time runs out: {part.runs_out}"]
    return "\n".join(lines) + "\n"


def _code(lines: str) -> str:
    return f"```python\n{lines.strip()}\n```"


def written(course: Mapping[str, Book]) -> dict[Path, str]:
    """Write all documents.

    Parameters
    ----------
    course : mapping of str to Book
        All notebooks, in reading order.

    Returns
    -------
    dict of Path to str
        File -> its text.
    """
    docs = ROOT / "docs"
    return {
        docs / "glossary.md": glossary_page(course),
        docs / "traps.md": traps_page(course),
        docs / "identities.md": identities_page(course),
        docs / "plans.md": plans_page(course),
    }


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is old")


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if an entry has lost its place or `--check` finds an old document."""
    course = books()
    found = problems(course)
    if not found:
        for path, text in written(course).items():
            current = path.read_text(encoding="utf-8") if path.exists() else ""
            if text == current:
                continue
            if options.check:
                found.append(f"{path.name} is out of date; python -m tools.reference writes it")
            else:
                write_atomically(path, text)
                print(f"wrote {path.relative_to(ROOT)}")
    entries = len(glossary()) + len(traps()) + len(identities()) + len(plans())
    return report(found, f"{entries} entries of the reference, {{}}")


main = program(
    "reference", "Write glossary, traps and identities.", _run, _options, notebooks=False
)

if __name__ == "__main__":
    sys.exit(main())
