"""Change one number of a notebook and ask whether strict nbval notices."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from tools.mutants.planted import WORK, copy_course, fresh, gate
from tools.notebook_lint import IGNORE
from tools.stored import to_json, write_atomically

# Numbers that only decide how something looks or which random numbers are drawn.
COSMETIC = re.compile(
    r"seed|random_state|rng|fig|size|width|height|alpha|dpi|lw|ls|color|cmap|vmin|vmax|lim|ticks"
    r"|scale|decimals|precision|repeats|threads|n_jobs|verbose|pad|rotation|bins|alt"
)
COSMETIC_CALLS = re.compile(
    r"(?:^|\.)(?:round|default_rng|start|manual_seed|Generator|set_\w+|subplots|figure|savefig)$"
    r"|^(?:plots|plt|axes|ax|figure|fig|left|right)\b"
)


def number_to_change(notebook: NotebookNode) -> tuple[int, str] | None:
    """Choose one number of a notebook whose change must show, always the same one.

    Numbers in literal data of a cell that prints come first, then other numbers of such a cell,
    then the rest. Left out are cells that nbval ignores, that draw or that set up, thresholds in
    a verdict, seeds, sizes and the like.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.

    Returns
    -------
    (int, str) or None
        Position of the cell and its new source; None if there is no such number.
    """
    candidates = []
    for position, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if (
            cell.cell_type != "code"
            or {IGNORE, "setup", "exercise"} & set(tags)
            or "plots.show" in cell.source
        ):
            continue
        prints = 0 if "print(" in cell.source else 1
        for rank, node in _numbers(ast.parse(cell.source), in_data=False):
            candidates.append((prints, rank, position, node.lineno, node.col_offset, node))
    if not candidates:
        return None
    *_, position, _, _, node = min(candidates, key=lambda candidate: candidate[:-1])
    return position, _with_other_number(notebook.cells[position].source, node)


def _numbers(node: ast.AST, *, in_data: bool) -> Iterator[tuple[int, ast.Constant]]:
    """Numbers below a node that mean something, with 0 for those in literal data and 1 else."""
    if isinstance(node, ast.Constant):
        if type(node.value) in (int, float):
            yield (0 if in_data else 1), node
        return
    if isinstance(node, ast.JoinedStr):  # positions inside of f-strings differ between Pythons
        return
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name == "verdict" or COSMETIC_CALLS.search(name):
            return
    if isinstance(node, ast.keyword) and COSMETIC.search(node.arg or ""):
        return
    in_data = in_data or isinstance(node, (ast.List, ast.Dict))
    for child in ast.iter_child_nodes(node):
        yield from _numbers(child, in_data=in_data)


def _with_other_number(source: str, node: ast.Constant) -> str:
    assert isinstance(node.value, (int, float))
    other = node.value + 1 if isinstance(node.value, int) else node.value * 1.5 or 1.0
    lines = source.splitlines(keepends=True)
    line = lines[node.lineno - 1].encode()  # the tree counts bytes
    changed = line[: node.col_offset] + repr(other).encode() + line[node.end_col_offset :]
    lines[node.lineno - 1] = changed.decode()
    return "".join(lines)


def mutate_notebooks(paths: Sequence[Path]) -> dict[str, str]:
    """Change one number of each notebook and ask nbval.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks.

    Returns
    -------
    dict of str to str
        Notebook -> "killed", or why it counts as survived.
    """
    results = {}
    for path in tqdm(paths, desc="notebooks", unit="notebook", disable=None):
        name = f"notebooks/{path.name}"
        tree = fresh(WORK / path.stem)
        copy_course(tree, [name])
        clean = gate(tree, [name])
        if clean.returncode:
            results[name] = "is not green before anything is changed"
            continue
        notebook = nbformat.read(tree / name, as_version=4)
        chosen = number_to_change(notebook)
        if chosen is None:
            results[name] = "has no number to change"
            continue
        position, source = chosen
        before, notebook.cells[position].source = notebook.cells[position].source, source
        write_atomically(tree / name, to_json(notebook))
        outcome = gate(tree, [name])
        changed = [
            f"{old.strip()} → {new.strip()}"
            for old, new in zip(before.splitlines(), source.splitlines(), strict=True)
            if old != new
        ]
        results[name] = (
            "killed" if outcome.returncode == 1 else f"survived: cell {position + 1}: {changed[0]}"
        )
        shutil.rmtree(tree)
    return results
