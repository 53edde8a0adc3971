"""Which file is a copy of which notebook, and into which of today's notebooks its cells belong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.work._cells import (
    Cell,
    Notebook,
    fresh_id,
    from_bytes,
    identified,
    same_text,
    title_of,
)
from course_utils.work._transaction import STATE

Books = Mapping[str, Notebook]


@dataclass
class Copy:
    """A learner's notebook, and the name of what it was made from; None if nobody knows."""

    path: Path
    content: bytes
    notebook: Notebook
    base: str | None = None


@dataclass
class Part:
    """Cells of copies that belong into one of today's notebooks, each id once."""

    base: list[Cell] = field(default_factory=list)
    mine: list[Cell] = field(default_factory=list)

    def take_base(self, cell: Cell) -> None:
        """Add a cell from which a copy was made."""
        if cell["id"] not in {other["id"] for other in self.base}:
            self.base.append(cell)

    def take(self, cell: Cell, *, untouched: bool) -> None:
        """Add a learner's cell; where its id is taken, it stays under another unless untouched."""
        used = {other["id"]: other for other in self.mine}
        if cell["id"] not in used:
            self.mine.append(cell)
        elif not untouched and not same_text(cell, used[cell["id"]]):
            self.mine.append(dict(cell, id=fresh_id(f"own-{cell['id'][:50]}", used)))


def topic_of(name: str) -> str:
    """Name of a notebook without its number and suffix.

    Examples
    --------
    >>> topic_of("01_align_and_index.ipynb")
    'align_and_index'
    """
    return re.sub(r"^\d\d_", "", name).removesuffix(".ipynb")


def read_course(course: Path, topics: Collection[str] | None = None) -> dict[str, Notebook]:
    """Read the course's notebooks, or those on some topics, by file name."""
    found = {}
    for path in sorted(course.glob("[0-9][0-9]_*.ipynb")):
        if topics is not None and topic_of(path.name) not in topics:
            continue
        book = from_bytes(path.read_bytes(), path.name)
        found[path.name] = dict(book, cells=identified(book["cells"]), nbformat_minor=5)
    return found


def base_path(folder: Path, name: str) -> Path:
    """Where that is kept from which a copy was made."""
    return folder / STATE / "base" / name


def read_bases(folder: Path) -> dict[str, Notebook]:
    """Read what the copies were made from, by file name; what is damaged is left out."""
    found = {}
    for path in sorted((folder / STATE / "base").glob("*.ipynb")):
        try:
            book = from_bytes(path.read_bytes(), path.name)
        except ValueError:  # now the copy counts as one that somebody has put there by hand
            continue
        found[path.name] = dict(book, cells=identified(book["cells"]))
    return found


def read_copies(folder: Path, bases: Books) -> tuple[list[Copy], list[Path]]:
    """Read the notebooks in the folder, and find what each was made from.

    Parameters
    ----------
    folder : Path
        The folder of the copies.
    bases : mapping of str to dict
        What they were made from, by file name.

    Returns
    -------
    copies : list of Copy
        By path. One that has the name of its base is its copy; else the one with most of its
        cells, and a quarter of them at least.
    damaged : list of Path
        Files that are no whole notebooks.
    """
    copies, damaged = [], []
    for path in sorted(folder.rglob("*.ipynb")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        content = path.read_bytes()
        try:
            copies.append(Copy(path, content, from_bytes(content, path.name)))
        except ValueError:
            damaged.append(path)
    free = set(bases) - {path.name for path in damaged if path.parent == folder}
    for copy in copies:
        if copy.path.parent == folder and copy.path.name in free:
            copy.base = copy.path.name
            free.remove(copy.path.name)
    _match_by_cells([copy for copy in copies if copy.base is None], free, bases)
    return copies, damaged


def _match_by_cells(copies: Sequence[Copy], free: set[str], bases: Books) -> None:
    homes = homes_of(bases)
    own = {
        name: {cell["id"] for cell in bases[name]["cells"] if len(homes[cell["id"]]) == 1}
        for name in free
    }
    scores = sorted(
        (-len(own[name] & {cell.get("id") for cell in copy.notebook["cells"]}), name, position)
        for position, copy in enumerate(copies)
        for name in free
    )
    for score, name, position in scores:
        enough = -4 * score >= max(1, len(own[name]))
        if enough and copies[position].base is None and name in free:
            copies[position].base = name
            free.remove(name)


def homes_of(books: Books) -> dict[str, list[str]]:
    """Return the notebooks that hold each id; ids need not differ from notebook to notebook."""
    homes: dict[str, list[str]] = defaultdict(list)
    for name, book in books.items():
        for cell in book["cells"]:
            homes[cell["id"]].append(name)
    return homes


def successors(bases: Books, new: Books) -> dict[str, str | None]:
    """Today's notebook for each earlier one.

    Parameters
    ----------
    bases, new : mapping of str to dict
        Notebooks by file name.

    Returns
    -------
    dict of str to (str or None)
        That of the same topic, else of the same title, else that with most of its cells and a
        quarter of them at least; None if it has left the course.
    """
    by_topic = {topic_of(name): name for name in new}
    by_title = {title_of(book): name for name, book in new.items() if title_of(book)}
    was, now = homes_of(bases), homes_of(new)
    result = {}
    for name, book in bases.items():
        own = [cell["id"] for cell in book["cells"] if len(was[cell["id"]]) == 1]
        votes = Counter(now[cell][0] for cell in own if len(now.get(cell, ())) == 1)
        most = next((other for other, n in votes.most_common(1) if 4 * n >= len(own)), None)
        result[name] = by_topic.get(topic_of(name)) or by_title.get(title_of(book)) or most
    return result


def _router(
    base: str, main: Mapping[str, str | None], bases: Books, new: Books, closed: set[str]
) -> Callable[[Cell], str]:
    """Return a function that says into which of today's notebooks a cell of a base belongs."""
    was, now = homes_of(bases), homes_of(new)
    own = str(main[base])
    # Notebooks that are nobody's successor and hold cells of this one have been split off it.
    born = set(new) - set(main.values()) - closed
    split_off = {
        home
        for cell in bases[base]["cells"]
        if len(was[cell["id"]]) == 1
        for home in now.get(cell["id"], ())
        if home in born
    }
    texts = {
        name: {cell["id"]: cell for cell in new[name]["cells"]}
        for name in [own, *sorted(split_off)]
    }

    def place(cell: Cell) -> str:
        candidates = [name for name in texts if cell["id"] in texts[name]]
        for name in candidates:
            if same_text(texts[name][cell["id"]], cell):
                return name
        homes = [name for name in now.get(cell["id"], ()) if name not in closed]
        moved = len(homes) == 1 and len(was[cell["id"]]) == 1
        return candidates[0] if candidates else homes[0] if moved else own

    return place


def parts_of(
    copies: Sequence[Copy],
    bases: Books,
    new: Books,
    main: Mapping[str, str | None],
    closed: set[str],
) -> dict[str, Part]:
    """Sort the cells of all copies by the notebook into which they belong now.

    Parameters
    ----------
    copies : sequence of Copy
        Those without a base are left out.
    bases, new : mapping of str to dict
        Notebooks by file name.
    main : mapping of str to (str or None)
        Today's notebook for each earlier one.
    closed : set of str
        Notebooks into which nothing can be written.

    Returns
    -------
    dict of str to Part
        By today's file name. A cell that the learner has added goes with the one above it.
    """
    parts: dict[str, Part] = defaultdict(Part)
    for copy in copies:
        if copy.base is None or main[copy.base] is None or main[copy.base] in closed:
            continue
        place = _router(copy.base, main, bases, new, closed)
        base = {cell["id"]: cell for cell in bases[copy.base]["cells"]}
        for cell in base.values():
            parts[place(cell)].take_base(cell)
        where = str(main[copy.base])
        for cell in identified(copy.notebook["cells"], list(base.values())):
            given = base.get(cell["id"])
            where = where if given is None else place(given)
            parts[where].take(cell, untouched=given is not None and same_text(cell, given))
    return parts
