"""A notebook's cells as the merge sees them: read from any editor's file, each with an id."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Cell = dict[str, Any]
Notebook = dict[str, Any]

_LEGAL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def from_bytes(content: bytes, name: str) -> Notebook:
    """Read a notebook of format 4 as plain JSON; every source becomes one text.

    Parameters
    ----------
    content : bytes
        Content of the file.
    name : str
        Its name, for the message.

    Returns
    -------
    dict
        The notebook.

    Raises
    ------
    ValueError
        If the file is no notebook of format 4.
    """
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        cells = [_tidy(cell) for cell in notebook["cells"]]
        whole = notebook["nbformat"] == 4 and isinstance(notebook.get("metadata", {}), dict)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ValueError(f"{name} is no whole notebook: {problem!r}") from None
    if not whole:
        raise ValueError(f"{name} is no notebook of format 4")
    return dict(notebook, cells=cells, metadata=notebook.get("metadata", {}))


def _tidy(cell: Cell) -> Cell:
    """Check what the merge relies on, and join the lines of the source."""
    source, metadata = cell["source"], cell.get("metadata", {})
    if cell["cell_type"] not in ("code", "markdown", "raw") or not isinstance(metadata, dict):
        raise ValueError("there is a cell of an unknown kind")
    return dict(cell, source="".join(source).replace("\r\n", "\n"), metadata=metadata)


def to_bytes(notebook: Notebook) -> bytes:
    """Content of the notebook's file, with sources as lists of lines, as Jupyter writes it."""
    cells = [
        dict(cell, source=cell["source"].splitlines(keepends=True)) for cell in notebook["cells"]
    ]
    whole = dict(notebook, cells=cells)
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True)
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:  # half of a pair of surrogates, which JSON can only spell out
        return (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode("ascii")


def without_outputs(notebook: Notebook) -> Notebook:
    """Copy of a notebook with what a later merge has to know of it."""
    cells = [
        {key: cell[key] for key in ("id", "cell_type", "source", "metadata") if key in cell}
        | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})
        for cell in notebook["cells"]
    ]
    return dict(notebook, cells=cells)


def same_text(first: Cell, second: Cell) -> bool:
    """Whether two cells hold the same text; outputs and folding do not count."""
    return bool(first["cell_type"] == second["cell_type"] and first["source"] == second["source"])


def digest(text: str) -> str:
    """Eight letters that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def title_of(notebook: Mapping[str, Any]) -> str:
    r"""Text of the first heading of a notebook, or an empty text.

    Parameters
    ----------
    notebook : mapping
        As JSON or nbformat read it; a source may be a list of lines.

    Returns
    -------
    str
        The title.

    Examples
    --------
    >>> title_of({"cells": [{"cell_type": "markdown", "source": ["# Add\n", "Numbers."]}]})
    'Add'
    """
    for cell in notebook["cells"]:
        found = re.search(r"^# +(.+)$", "".join(cell["source"]), re.M)
        if cell["cell_type"] == "markdown" and found:
            return found[1].strip()
    return ""


def headings_above(cells: Sequence[Cell]) -> list[str]:
    r"""For each cell the heading, below the title, under which it stands; empty if there is none.

    Parameters
    ----------
    cells : sequence of dict
        Cells whose sources are texts.

    Returns
    -------
    list of str
        One for each cell; a cell that begins a part stands under its own first heading.

    Examples
    --------
    >>> headings_above([
    ...     {"cell_type": "markdown", "source": "# Add"},
    ...     {"cell_type": "markdown", "source": "So.\n## 1. Two"},
    ...     {"cell_type": "code", "source": "## no heading"},
    ... ])
    ['', '1. Two', '1. Two']
    """
    found = []
    heading = ""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            own = re.search(r"^##+ +(.+)$", cell["source"], re.M)
            heading = own[1] if own else heading
        found.append(heading)
    return found


def identified(cells: Sequence[Cell], known: Sequence[Cell] = ()) -> list[Cell]:
    """Give every cell an id, and none of them twice.

    Parameters
    ----------
    cells : sequence of dict
        As an editor left them: without ids, or with some twice.
    known : sequence of dict
        Cells with ids. A cell that has none of their ids but the text of one that is missing
        takes its id, since some editors renew ids when a file is saved or a cell is moved.

    Returns
    -------
    list of dict
        Copies, in the same order.
    """
    names: list[str | None] = []
    for cell in cells:
        name = _given_id(cell)
        names.append(None if name in names else name)
    texts = {cell["id"]: (cell["cell_type"], cell["source"]) for cell in known}
    missing = [name for name in texts if name not in names]
    used = {name for name in names if name}
    result = []
    for name, cell in zip(names, cells, strict=True):
        text = (cell["cell_type"], cell["source"])
        twin = next((other for other in missing if texts[other] == text), None)
        if name not in texts and twin is not None:
            missing.remove(twin)
            name = twin
        elif name is None:
            name = fresh_id(f"own-{digest(cell['source'])}", used)
        used.add(name)
        result.append(dict(cell, id=name))
    return result


def _given_id(cell: Cell) -> str | None:
    """Return the id of a cell, which Colab keeps in the metadata; None if there is no legal one."""
    found = cell.get("id") or cell["metadata"].get("id")
    return found if isinstance(found, str) and _LEGAL_ID.fullmatch(found) else None


def fresh_id(stem: str, used: Iterable[str]) -> str:
    """Return the stem, or the stem with the first number that nobody has.

    Examples
    --------
    >>> fresh_id("own", ["own", "own-2"])
    'own-3'
    """
    taken = set(used)
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name
