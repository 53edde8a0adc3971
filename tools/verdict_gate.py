"""Show that every verdict of the notebooks can fail: perturb what it measures, and it turns false.

A verdict prints ✓ or stops the notebook. One whose condition holds whatever was measured proves
nothing, and no run of the notebook shows that. So while the gate of the notebooks runs them, each
kernel also does this: when a verdict has been found true, its condition is evaluated again with
one of its quantities replaced by others of the same shape, until it turns false.

:func:`install` works in the kernels (see ``tests/no_network/sitecustomize.py``), :func:`report`
reads what they found.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, TypeGuard

import numpy as np

FOLDER = "COURSE_VERDICTS"  # environment variable: where the kernels write what they found
SECONDS = 20.0  # for the perturbations of one verdict


def install(folder: Path) -> None:
    """Let every verdict of this process be tried, and leave a line on each in a folder.

    Parameters
    ----------
    folder : Path
        An existing folder; each process writes a file of its own.
    """
    from course_utils import checks
    from course_utils.checks import engine

    plain = engine.verdict

    @functools.wraps(plain)
    def tried(statement: str, holds: Any) -> None:
        plain(statement, holds)
        line = {"statement": statement, **_tried(sys._getframe(1))}
        with open(folder / f"{os.getpid()}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    checks.verdict = engine.verdict = tried


def report(folder: Path) -> tuple[int, list[str]]:
    """Read what the kernels found.

    Parameters
    ----------
    folder : Path
        As given to :func:`install`.

    Returns
    -------
    count : int
        Verdicts that were tried.
    unshaken : list of str
        One line for each verdict that never turned false: the statement and what was perturbed.
    """
    count, unshaken = 0, []
    for file in sorted(folder.glob("*.jsonl")):
        for text in file.read_text(encoding="utf-8").splitlines():
            line, count = json.loads(text), count + 1
            if not line["shaken_by"]:
                tried = ", ".join(line["perturbed"]) or "nothing that could be perturbed"
                unshaken.append(f"{line['statement']}: {line['condition']} ({tried})")
    return count, unshaken


def _tried(frame: FrameType) -> dict[str, Any]:
    """Name the quantity whose perturbation turns the verdict in a frame false, if one does."""
    condition, names = condition_in(frame)
    if condition is None:
        return {"condition": "", "shaken_by": "", "perturbed": []}
    text = ast.unparse(condition)
    return {"condition": text, **shaken_by(text, names)}


def condition_in(frame: FrameType) -> tuple[ast.expr | None, dict[str, Any]]:
    """Find the condition of the verdict that a frame is calling, and the names in reach of it.

    Parameters
    ----------
    frame : frame
        That of the cell, while it calls `verdict`.

    Returns
    -------
    condition : ast.expr or None
        The second argument of the call; None if the call cannot be told.
    names : dict of str to object
        What the condition may refer to.
    """
    import executing

    node = executing.Source.executing(frame).node
    condition = node.args[1] if isinstance(node, ast.Call) and len(node.args) > 1 else None
    return condition, {**frame.f_globals, **frame.f_locals}


def shaken_by(condition: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """Perturb one after the other what a condition measures, until it turns false.

    What it measures are the names of data in it and in the notebook's own functions that it calls,
    the results of functions of the notebook or the course, and where there are none of these what
    any other call gives. Each is replaced in all its places at once, so that a condition that
    compares a quantity with itself stays true.

    Parameters
    ----------
    condition : str
        A Python expression that holds.
    names : mapping of str to object
        What it may refer to. Nothing in here is changed.

    Returns
    -------
    dict
        Under "shaken_by" the part whose perturbation made the condition false, or ""; under
        "perturbed" all parts that were tried.

    Examples
    --------
    >>> shaken_by("loss < 0.1", {"loss": 0.05})
    {'shaken_by': 'loss', 'perturbed': ['loss']}
    >>> shaken_by("counts.sum() == counts.sum()", {"counts": np.array([1, 2])})["shaken_by"]
    ''
    """
    world = dict(names)
    for name in _names(ast.parse(condition)):
        if isinstance(world.get(name), np.random.Generator):
            # What the condition draws from must not go on for the notebook.
            world[name] = copy.deepcopy(world[name])
    perturbed: list[str] = []
    end = time.monotonic() + SECONDS
    parts = _parts(condition, world)
    for part, value in parts.items():
        with_hole = ast.unparse(_Hole(part).visit(ast.parse(condition, mode="eval")))
        others = _of_the_same_type(value, parts.values())
        for other in itertools.chain(perturbations(value), others):
            if time.monotonic() > end:
                return {"shaken_by": "", "perturbed": [*perturbed, "(out of time)"]}
            if part not in perturbed:
                perturbed.append(part)
            if _is_false(with_hole, _world_with(world, part, other)):
                return {"shaken_by": part, "perturbed": perturbed}
    return {"shaken_by": "", "perturbed": perturbed}


_HOLE = "_perturbed_"


def _parts(condition: str, world: Mapping[str, Any]) -> dict[str, Any]:
    """Names of data in a condition; else what is called, looked up or read from other names."""
    parts: dict[str, Any] = {}

    def add(part: str, value: Any) -> bool:
        if next(perturbations(value), None) is None:
            return False
        parts[part] = value
        return True

    def result(node: ast.expr) -> bool:
        """Take what a part gives, texts included."""
        try:
            value = eval(ast.unparse(node), dict(world))
        except Exception:  # it has no meaning alone, such as a part of a loop
            return False
        if isinstance(value, str):
            parts[ast.unparse(node)] = value
            return True
        return add(ast.unparse(node), value)

    def look(node: ast.AST) -> bool:
        """Whether something measured was found in or below a node."""
        if isinstance(node, ast.Name):
            value = world.get(node.id)
            if _is_of_the_notebook(value):
                return any([add(name, world[name]) for name in _read_by(value, world)])
            return add(node.id, value)
        found = any([look(child) for child in ast.iter_child_nodes(node)])
        if isinstance(node, ast.Call) and _is_ours(node.func, world):
            return result(node) or found
        if found or not isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
            return found
        return result(node)

    look(ast.parse(condition, mode="eval"))
    return parts


def _is_of_the_notebook(value: Any) -> TypeGuard[FunctionType]:
    return isinstance(value, FunctionType) and value.__module__ == "__main__"


def _is_ours(function: ast.expr, world: Mapping[str, Any]) -> bool:
    """Whether a call runs a function of the course, whose result the condition is there to test.

    One that answers yes or no, such as a notebook's own `surely_above`, only words the condition.
    """
    try:
        called = eval(ast.unparse(function), dict(world))
    except Exception:
        return False
    module = getattr(called, "__module__", None) or ""
    return module.startswith("course_utils") or _is_of_the_notebook(called)


def _read_by(function: FunctionType, world: Mapping[str, Any]) -> list[str]:
    """Names of the notebook that a function of the notebook reads, also through others."""
    names: dict[str, None] = {}
    waiting = [function]
    while waiting:
        for name in waiting.pop().__code__.co_names:
            if name in world and name not in names:
                names[name] = None
                if _is_of_the_notebook(world[name]):
                    waiting.append(world[name])
    return [name for name in names if not callable(world[name])]


def _world_with(world: Mapping[str, Any], part: str, other: Any) -> dict[str, Any]:
    """Replace one quantity among the names, also for the functions of the notebook."""
    changed = {**world, _HOLE: other}
    if part.isidentifier():
        changed[part] = other
    for name, value in world.items():
        if _is_of_the_notebook(value):
            parts = value.__code__, changed, value.__name__, value.__defaults__, value.__closure__
            changed[name] = FunctionType(*parts)
            changed[name].__kwdefaults__ = value.__kwdefaults__
    return changed


def _of_the_same_type(value: Any, others: Iterable[Any]) -> list[Any]:
    """Other measured quantities that could stand in the place of one."""
    return [other for other in others if other is not value and type(other) is type(value)]


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


class _Hole(ast.NodeTransformer):
    """Put a name in the places of a part."""

    def __init__(self, part: str) -> None:
        self.part = part

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and ast.unparse(node) == self.part:
            return ast.Name(_HOLE, ast.Load())
        return self.generic_visit(node)


def _is_false(condition: str, world: dict[str, Any]) -> bool:
    try:
        with np.errstate(all="ignore"):
            return not eval(condition, world)
    except Exception:  # a value of another kind proves nothing either way
        return False


def perturbations(value: Any) -> Iterator[Any]:
    """Other values of the same kind and shape; none for what is no data.

    Parameters
    ----------
    value : object
        A number, an array, a sparse array, a table, or a container of these.

    Yields
    ------
    object
        Copies in which every number is another.

    Examples
    --------
    >>> list(perturbations(True)), list(perturbations(print))
    ([False], [])
    """
    if isinstance(value, str):
        yield ""
        return
    for change in (_mixed, _negated, _shifted, _grown, _shrunk, _zeroed, _longer, _shorter):
        other = _changed(value, change)
        if other is None:
            break
        yield other
        if isinstance(value, (bool, np.bool_)):
            return
    if isinstance(value, dict):  # one entry alone, for what compares entries
        for key, change in itertools.product(value, (_shifted, _negated)):
            other = _changed(value[key], change)
            if other is not None:
                yield {**value, key: other}
    if type(value) in (list, tuple):
        yield type(value)([*value, *(value[-1:] or [0])])
        first = _changed(value[0], _mixed) if value else None
        if first is not None:
            yield type(value)([first, *value[1:]])


def _changed(value: Any, change: Any) -> Any:
    """Copy a value with all its numbers changed; None if it holds none."""
    if isinstance(value, (type, ModuleType)):
        return None
    if type(value) in (list, tuple) and change in (_longer, _shorter) and value:
        return change(value)
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, float, np.number)):
        if change in (_longer, _shorter):
            return value
        other = change(np.array([value], dtype=float))[0]
        return int(other) if isinstance(value, (int, np.integer)) else float(other)
    if isinstance(value, np.ndarray):
        return _changed_array(value, change)
    if hasattr(value, "toarray") and hasattr(value, "data"):
        dense = _changed_array(value.toarray(), change)
        return None if dense is None else type(value)(dense)
    if hasattr(value, "detach"):
        tensor = _changed_array(value.detach().cpu().numpy(), change)
        return None if tensor is None else value.new_tensor(tensor)
    if hasattr(value, "to_numpy") and hasattr(value, "index"):
        return _changed_table(value, change)
    parts, closed = _opened(value)
    others = [_changed(part, change) for part in parts]
    if all(other is None for other in others):
        return None
    return closed([old if new is None else new for old, new in zip(parts, others, strict=True)])


def _opened(value: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Parts of a container, and what makes one of the same kind of other parts."""
    if isinstance(value, dict):
        return list(value.values()), lambda parts: dict(zip(value, parts, strict=True))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(value), lambda parts: type(value)(*parts)
    if isinstance(value, (list, tuple)):
        return list(value), type(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]

        def closed(parts: list[Any]) -> Any:
            other = copy.copy(value)
            for name, part in zip(names, parts, strict=True):
                object.__setattr__(other, name, part)
            return other

        return [getattr(value, name) for name in names], closed
    return [], list


def _changed_array(array: np.ndarray, change: Any) -> np.ndarray | None:
    if change in (_longer, _shorter):
        return change(array) if array.ndim and len(array) > 1 else array
    if array.dtype == bool:
        return np.zeros_like(array) if change is _zeroed else ~array
    if array.dtype.kind not in "iuf" or array.size == 0:
        return None
    return change(array.astype(float)).astype(array.dtype)


def _changed_table(table: Any, change: Any) -> Any:
    other = table.copy()
    if other.ndim == 1:
        values = _changed_array(other.to_numpy(), change)
        return None if values is None else type(table)(values, index=table.index)
    for column in other.columns:
        values = _changed_array(other[column].to_numpy(), change)
        if values is not None:
            other[column] = values
    return other


def _longer(values: Any) -> Any:
    many = 20
    return np.concatenate([values] * many) if isinstance(values, np.ndarray) else values * many


def _shorter(values: Any) -> Any:
    return values[:-1]


def _negated(values: np.ndarray) -> np.ndarray:
    return -values - 1


def _shifted(values: np.ndarray) -> np.ndarray:
    return values + 1 + np.abs(values).max()


def _grown(values: np.ndarray) -> np.ndarray:
    return values * 10


def _shrunk(values: np.ndarray) -> np.ndarray:
    return values / 10


def _mixed(values: np.ndarray) -> np.ndarray:
    """Other numbers of the same size, each drawn for itself."""
    rng = np.random.default_rng(0)
    return rng.normal(values.mean(), values.std() + np.abs(values).max() / 4, values.shape)


def _zeroed(values: np.ndarray) -> np.ndarray:
    return np.zeros_like(values)
