"""The folder of a learner's copies: made from the course's notebooks, and updated from them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_utils._files import home
from course_utils.work._cells import identified, same_text, to_bytes, without_outputs
from course_utils.work._copies import (
    Books,
    Copy,
    Part,
    base_path,
    homes_of,
    parts_of,
    read_bases,
    read_copies,
    read_course,
    successors,
    topic_of,
)
from course_utils.work._merge import merge, merged_mapping
from course_utils.work._transaction import Change, alone, back_up, commit, content, recover

ROOT = Path(__file__).resolve().parents[2]


def course_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """Find the folder with the notebooks as the course ships them.

    Parameters
    ----------
    folder : path, optional
        Default: what the environment variable ``COURSE_NOTEBOOKS`` names, else ``notebooks``
        beside the package in the checkout, else ``notebooks`` in the working directory.

    Returns
    -------
    Path
        An existing folder.

    Raises
    ------
    FileNotFoundError
        If there are no notebooks of the course in it.
    """
    named = folder or os.environ.get("COURSE_NOTEBOOKS")
    places = [home(named)] if named else [ROOT / "notebooks", Path.cwd() / "notebooks"]
    for place in places:
        if any(place.glob("[0-9][0-9]_*.ipynb")):
            return place.resolve()
    raise FileNotFoundError(
        f"no notebooks of the course in {' or '.join(map(str, places))}: an installed package does "
        "not hold them, they come with the course's repository or its source distribution. Name "
        "their folder with --course FOLDER or in the environment variable COURSE_NOTEBOOKS"
    )


def work_folder(
    folder: str | os.PathLike[str] | None = None, *, course: str | os.PathLike[str] | None = None
) -> Path:
    """Say where the copies are, or will be.

    Parameters
    ----------
    folder : path, optional
        Default: what the environment variable ``COURSE_WORK`` names, else ``work`` beside the
        course's notebooks, or ``~/latent-codes`` where they may only be read.
    course : path, optional
        Folder of the course's notebooks; default as in :func:`course_folder`.

    Returns
    -------
    Path
        The folder, which need not exist yet.

    Raises
    ------
    ValueError
        If the course itself is in it.
    """
    pristine = course_folder(course)
    named = folder or os.environ.get("COURSE_WORK")
    if named:
        found = home(named)
    else:
        found = pristine.parent / "work"
        # On a hub all learners share one course, which they may only read.
        if not os.access(found if found.is_dir() else found.parent, os.W_OK):
            found = Path.home() / "latent-codes"
    found = found.resolve()
    if found in (pristine, *pristine.parents):
        raise ValueError(f"{found} holds the course itself; choose another folder for the copies")
    return found


def start(
    folder: str | os.PathLike[str] | None = None, *, course: str | os.PathLike[str] | None = None
) -> list[str]:
    """Copy each notebook of the course of which there is no copy yet; what is there stays.

    Parameters
    ----------
    folder, course : path, optional
        Where the copies go, and where the notebooks are; see :func:`work_folder`.

    Returns
    -------
    list of str
        What was done, in lines to print.
    """
    target, pristine = work_folder(folder, course=course), course_folder(course)
    with alone(target):
        lines = recover(target)
        new, bases = read_course(pristine), read_bases(target)
        copies, damaged = read_copies(target, bases)
        main = successors(bases, new)
        has = {main[copy.base] for copy in copies if copy.base is not None}
        has |= {path.name for path in damaged}
        fresh = [
            name
            for name in new
            if name not in has and not (target / name).exists() and not _known(name, new, bases)
        ]
        lines += commit(target, [each for name in fresh for each in _fresh(target, name, new)])
    lines += [_is_damaged(path, target) for path in damaged]
    if fresh:
        lines.append(f"{len(fresh)} notebooks copied to {target}")
    strangers = [copy for copy in copies if copy.base is None and copy.path.name in new]
    older = [
        name
        for name in bases
        if name not in fresh and (name not in new or bases[name] != without_outputs(new[name]))
    ]
    if strangers or older:
        lines.append("the course has changed: `python -m course_utils.work update` brings it here")
    return lines


def _fresh(target: Path, name: str, new: Books) -> list[Change]:
    base = base_path(target, name)
    return [
        Change(target / name, None, to_bytes(new[name])),
        Change(base, content(base), to_bytes(without_outputs(new[name]))),
    ]


def _known(name: str, new: Books, bases: Books) -> bool:
    """Whether a notebook of the course holds cells of which the learner has a copy elsewhere."""
    was = homes_of(bases)
    own = (cell["id"] for cell in new[name]["cells"])
    return name not in bases and any(len(was.get(cell, ())) == 1 for cell in own)


def _is_damaged(path: Path, folder: Path) -> str:
    where = path.relative_to(folder).as_posix()
    return f"{where} is no whole notebook and stays as it is; delete it to get a fresh one"


@dataclass
class _Plan:
    """What an update is about to change, and what it will say."""

    changes: list[Change] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def update(
    folder: str | os.PathLike[str] | None = None, *, course: str | os.PathLike[str] | None = None
) -> list[str]:
    """Bring what is new in the course into the copies, without losing a line somebody typed.

    Cells that the learner has not touched take the new text. Where both changed a cell, the new
    one is put below with a line that says so. Notebooks that were split, moved or renamed find
    their copies, and a copy that the learner has renamed keeps its name. A second copy that the
    learner has made of a notebook is left alone.

    Parameters
    ----------
    folder, course : path, optional
        Where the copies are, and where the notebooks are; see :func:`work_folder`.

    Returns
    -------
    list of str
        What was done, in lines to print.
    """
    target, pristine = work_folder(folder, course=course), course_folder(course)
    with alone(target):
        lines = recover(target)
        plan = _planned(target, pristine)
        backup = back_up(target, plan.changes)
        if backup is not None:
            lines.append(f"your copies as they were: {backup}")
        lines += commit(target, plan.changes)
    return [*lines, *plan.lines] or ["nothing to update"]


def _planned(folder: Path, course: Path) -> _Plan:
    new, bases = read_course(course), read_bases(folder)
    copies, damaged = read_copies(folder, bases)
    main = successors(bases, new)
    plan = _Plan(lines=[_is_damaged(path, folder) for path in damaged])
    targets: dict[str, Path] = {}
    for name in new:
        path = _target(folder, name, copies, main, damaged)
        if path in targets.values():  # the learner has given this name to another notebook
            path = path.with_name(f"{Path(name).stem}-course.ipynb")
        targets[name] = path
    closed = {name for name, path in targets.items() if path in damaged}
    parts = parts_of(copies, bases, new, main, closed)
    standing = {copy.path: copy for copy in copies}
    for name, path in targets.items():
        if name not in closed:
            part = parts.get(name, Part())
            _plan_copy(plan, path, standing.get(path), part, (name, new), main, copies, bases)
            _plan_base(plan, folder, name, bases, new)
    for name in bases:
        successor = main[name]
        if name not in new and successor is not None and successor not in closed:
            plan.changes.append(_change(base_path(folder, name), None))
    for copy in copies:
        successor = None if copy.base is None else main[copy.base]
        open_ = successor is not None and successor not in closed
        if open_ and copy.path not in targets.values():
            plan.changes.append(Change(copy.path, copy.content, None))
            plan.lines.append(f"{copy.path.name}: its cells are in {successor} now")
    return plan


def _change(path: Path, after: bytes | None) -> Change:
    return Change(path, content(path), after)


def _plan_base(plan: _Plan, folder: Path, name: str, bases: Books, new: Books) -> None:
    wanted = without_outputs(new[name])
    if bases.get(name) != wanted:
        plan.changes.append(_change(base_path(folder, name), to_bytes(wanted)))


def _plan_copy(
    plan: _Plan,
    path: Path,
    standing: Copy | None,
    part: Part,
    named: tuple[str, Books],
    main: dict[str, str | None],
    copies: Sequence[Copy],
    bases: Books,
) -> None:
    """Plan what becomes of one copy, of which `part` holds the cells."""
    name, new = named
    notebook = new[name]
    if standing is not None and standing.base is None:
        # Nobody knows from what it was made, so whatever differs counts as typed.
        now = {cell["id"]: cell for cell in notebook["cells"]}
        for cell in identified(standing.notebook["cells"], notebook["cells"]):
            given = now.get(cell["id"])
            part.take(cell, untouched=given is not None and same_text(cell, given))
    if not part.mine:
        before = None if standing is None else standing.content
        plan.changes.append(Change(path, before, to_bytes(notebook)))
        plan.lines.append(f"{path.name}: new")
        return
    cells, counts = merge(part.base, part.mine, notebook["cells"])
    source = next((c for c in _ranked(copies, main, name)), standing)
    was = {} if source is None or source.base is None else bases[source.base]["metadata"]
    mine = {} if source is None else source.notebook["metadata"]
    metadata = merged_mapping(was, mine, notebook["metadata"])
    merged = dict(notebook, cells=cells, metadata=metadata)
    if standing is None or standing.notebook != merged:
        before = None if standing is None else standing.content
        plan.changes.append(Change(path, before, to_bytes(merged)))
        plan.lines.append(f"{path.name}: {counts}")


def _ranked(copies: Sequence[Copy], main: dict[str, str | None], name: str) -> list[Copy]:
    """Return the copies whose notebook is now the one of this name, the same topic first."""
    fitting = [copy for copy in copies if copy.base is not None and main[copy.base] == name]
    return sorted(fitting, key=lambda copy: topic_of(str(copy.base)) != topic_of(name))


def _target(
    folder: Path,
    name: str,
    copies: Sequence[Copy],
    main: dict[str, str | None],
    damaged: Sequence[Path],
) -> Path:
    """Where the copy of a notebook is to stand."""
    for copy in _ranked(copies, main, name):
        renamed_by_learner = copy.path.name != copy.base
        path = copy.path if renamed_by_learner else copy.path.with_name(name)
        return copy.path if path in damaged else path
    return folder / name
