"""Merge three versions of a notebook's cells: what a copy was made from, the copy, and the new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.work._cells import Cell, digest, same_text

NOTE = "The course has changed this cell: yours stands above, the new one is this."


@dataclass
class Counts:
    """How many cells a merge renewed, added, removed, and put below a learner's own."""

    renewed: int = 0
    added: int = 0
    removed: int = 0
    both: int = 0

    def __str__(self) -> str:
        """Say what is not zero.

        Examples
        --------
        >>> print(Counts(renewed=2, added=1))
        2 cells renewed, 1 added
        """
        parts = [
            (self.renewed, "renewed"),
            (self.added, "added"),
            (self.removed, "removed"),
            (self.both, "changed by you and by the course: the new text stands below yours"),
        ]
        said = [f"{number} {what}" for number, what in parts if number]
        first = said[0] if said else "no text changed"
        unit = "cell" if first.startswith("1 ") else "cells"
        return ", ".join([first.replace(" ", f" {unit} ", 1) if said else first, *said[1:]])


def merge(
    base: Sequence[Cell], mine: Sequence[Cell], new: Sequence[Cell]
) -> tuple[list[Cell], Counts]:
    """Bring what is new into a learner's cells, without losing a line that the learner typed.

    Parameters
    ----------
    base : sequence of dict
        What the copy was made from. In each of the three sequences every cell has an id that no
        other cell of it has.
    mine : sequence of dict
        What the learner has made of it.
    new : sequence of dict
        What the course has now.

    Returns
    -------
    cells : list of dict
        A cell that the learner has not touched takes the new text, or goes if it has gone. What
        the learner typed stays. Where both changed a cell, the new one is put below, with a line
        that says so. Cells the learner deleted stay deleted.
    counts : Counts
        What was done.
    """
    was = {cell["id"]: cell for cell in base}
    here = {cell["id"]: cell for cell in mine}
    now = {cell["id"]: cell for cell in new}
    counts = Counts()
    result: dict[str, list[Cell]] = {}
    for name, cell in here.items():
        result[name] = _merged(was.get(name), cell, now.get(name), counts)
    for name, cell in now.items():
        if name not in here and name not in was:
            result[name] = [cell]
            counts.added += 1
    _renew_notes(result)
    return [cell for name in _order(was, here, now, result) for cell in result[name]], counts


def _merged(was: Cell | None, mine: Cell, now: Cell | None, counts: Counts) -> list[Cell]:
    """Return what becomes of one cell that the learner has: none, one or two cells."""
    untouched = was is not None and same_text(mine, was)
    if now is None:
        counts.removed += untouched
        return [] if untouched else [mine]
    if same_text(mine, now):
        return [_with_new_metadata(was, mine, now)]
    if untouched:
        counts.renewed += 1
        return [now]
    if was is not None and same_text(now, was):
        return [_with_new_metadata(was, mine, now)]
    counts.both += 1
    return [mine, _noted(now)]


def _order(
    was: Mapping[str, Cell],
    here: Mapping[str, Cell],
    now: Mapping[str, Cell],
    result: Mapping[str, list[Cell]],
) -> list[str]:
    """Order of the learner if the learner has moved a cell, else that of the course."""
    ours = [name for name in here if result[name]]
    theirs = [name for name in now if result.get(name)]
    moved = [name for name in was if name in here] != [name for name in here if name in was]
    return woven(ours, theirs) if moved else woven(theirs, ours)


def woven(main: Sequence[str], other: Sequence[str]) -> list[str]:
    """Put what only the other sequence has after what precedes it there.

    Examples
    --------
    >>> woven(["a", "c", "b"], ["x", "a", "y", "b", "z"])
    ['x', 'a', 'y', 'c', 'b', 'z']
    """
    result = list(main)
    before: str | None = None
    for name in other:
        if name not in result:
            result.insert(0 if before is None else result.index(before) + 1, name)
        before = name
    return result


def _with_new_metadata(was: Cell | None, mine: Cell, now: Cell) -> Cell:
    before = {} if was is None else was["metadata"]
    return dict(mine, metadata=merged_mapping(before, mine["metadata"], now["metadata"]))


def merged_mapping(
    was: Mapping[str, Any], mine: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Three-way merge of metadata, key by key; what the course has changed goes first.

    Examples
    --------
    >>> merged_mapping({"a": 1, "b": 1}, {"a": 2, "b": 1, "c": 1}, {"a": 1})
    {'a': 2, 'c': 1}
    """
    result = dict(mine)
    for key in [*now, *was]:
        if key in now and (key not in was or was[key] != now[key]):
            result[key] = now[key]
        elif key not in now and key in result and result[key] == was[key]:
            del result[key]
    return result


# ---- the new text below a learner's own ---------------------------------------------------------


def _noted(cell: Cell) -> Cell:
    """Return the course's cell with a first line that says where the learner's own is."""
    text = cell["source"]
    if cell["cell_type"] == "markdown":
        noted = f"*{NOTE}*\n\n{text}"
    elif text.startswith("%%"):  # a cell magic has to stay alone in the first line
        magic, _, rest = text.partition("\n")
        noted = f"{magic}\n# {NOTE}\n{rest}"
    else:
        noted = f"# {NOTE}\n{text}"
    return dict(cell, source=noted, id=_note_id(cell["id"], noted))


def _note_id(name: str, text: str) -> str:
    """Id of a note: it tells below which cell it belongs, and whether its text is as it was."""
    return f"update-{digest(name)}-{digest(text)}"


def _renew_notes(result: dict[str, list[Cell]]) -> None:
    """Leave out notes that stand there already, and earlier ones to which nobody has added."""
    for name, cells in list(result.items()):
        if len(cells) != 2:
            continue
        note = cells[1]["id"]
        if note in result:
            del cells[1]
        for other, (old, *_) in [(key, held) for key, held in result.items() if held]:
            if other != note and other == _note_id(name, old["source"]):
                result[other] = []
