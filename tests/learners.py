"""Small courses, and learners who do anything to their copies."""

import itertools
import json
from types import SimpleNamespace

from hypothesis import strategies as st

_numbers = itertools.count()


def cell(name, source, kind="markdown", **more):
    if kind == "code":
        more = {"outputs": [], "execution_count": None} | more
    return {"id": name, "cell_type": kind, "source": source, "metadata": {}} | more


def notebook(cells):
    return {"cells": cells, "metadata": {"course": {}}, "nbformat": 4, "nbformat_minor": 5}


def save(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(cells)), encoding="utf-8")


def load(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [each | {"source": "".join(each["source"])} for each in cells]


def sources(path):
    return [each["source"] for each in load(path)]


def folders(root):
    """Return an empty course, a place for copies, and functions that fill them."""
    course, work = root / "notebooks", root / "work"
    course.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(course=course, work=work)


def content(folder):
    """Every file in a folder, but for dated backups and the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "backups" not in path.parts and path.name != "lock"
    }


# ---- random edits; every typed line is unlike any other ------------------------------------------


def typed(draw):
    return f"typed {next(_numbers)}" + draw(
        st.sampled_from(["", "\n", "\r", " ü𝔘", "\u2028", "%%"])
    )


def edited(draw, cells):
    """Return a learner's version of cells, and the lines typed into it that still stand."""
    cells = [dict(each) for each in cells]
    for _ in range(draw(st.integers(0, 5))):
        what = draw(st.sampled_from(["type", "replace", "add", "delete", "move", "run", "renew"]))
        spot = draw(st.integers(0, len(cells)))
        if what == "add":
            kind = draw(st.sampled_from(["code", "markdown"]))
            names = [None, "exercise-1", f"fresh{next(_numbers)}"]
            new = cell(draw(st.sampled_from(names)), typed(draw), kind)
            cells.insert(spot, new if new["id"] else {k: v for k, v in new.items() if k != "id"})
        elif cells:
            spot %= len(cells)
            if what == "type":
                cells[spot]["source"] += "\n" + typed(draw)
            elif what == "replace":
                cells[spot]["source"] = typed(draw)
            elif what == "delete":
                del cells[spot]
            elif what == "move":
                cells.insert(draw(st.integers(0, len(cells))), cells.pop(spot))
            elif what == "run" and cells[spot]["cell_type"] == "code":
                cells[spot] |= {"execution_count": 3, "outputs": [{"output_type": "stream"}]}
            elif what == "renew":
                cells[spot]["id"] = f"renewed{next(_numbers)}"
    # Lines of Windows end as all others do in a merged file, so they are compared without the end.
    sources = [each["source"].replace("\r\n", "\n") for each in cells]
    lines = [line for source in sources for line in source.split("\n") if line.startswith("typed")]
    return cells, lines


def renewed(draw, cells):
    """Return what the course makes of its cells."""
    cells = [dict(each) for each in cells]
    for _ in range(draw(st.integers(0, 5))):
        what = draw(st.sampled_from(["correct", "add", "drop", "move"]))
        spot = draw(st.integers(0, max(0, len(cells) - 1)))
        if what == "add" or not cells:
            name = f"c{next(_numbers)}"
            cells.insert(spot, cell(name, f"course {name}", draw(st.sampled_from(["code", "raw"]))))
        elif what == "correct":
            cells[spot]["source"] += f"\ncourse corrected {next(_numbers)}"
        elif what == "drop":
            del cells[spot]
        else:
            cells.insert(draw(st.integers(0, len(cells))), cells.pop(spot))
    return cells
