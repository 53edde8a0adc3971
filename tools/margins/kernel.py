"""What happens in a kernel whose margins are measured; see ``tests/no_network/sitecustomize.py``.

All draws of the course come from `numpy.random.default_rng`, from numbers that `_seeds.number_of`
hands to other libraries, or from seeds that a notebook gives to a library itself. The first two
are replaced here, the third by :func:`with_other_seeds` in the notebook's text.
"""

from __future__ import annotations

import ast
import copy
import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from tools.margins.gap import gap_of
from tools.verdict_gate import condition_in

FILE = "COURSE_MARGINS"  # environment variable: where a kernel writes what its verdicts found
SHIFT = "COURSE_SEED_SHIFT"  # environment variable: which other seeds; 0 means those of the page
STRIDE = 10_007  # between a seed and the next other one; no page counts its seeds so far


def install(file: Path, shift: int) -> None:
    """Write every verdict of this process down instead of stopping, and draw from other seeds.

    Parameters
    ----------
    file : Path
        Gets a line for each verdict.
    shift : int
        0 leaves every seed as it is.
    """
    from course_utils import checks
    from course_utils.checks import engine

    def noted(statement: str, holds: Any) -> None:
        line = {"statement": statement, "holds": bool(holds), **_measured(sys._getframe(1))}
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")

    checks.verdict = engine.verdict = noted
    if shift:
        draw_from_other_seeds(shift)


def draw_from_other_seeds(shift: int) -> None:
    """Replace the seeds of this process: of a kernel, or of one that a page has started.

    Parameters
    ----------
    shift : int
        Which other seeds, from 1.
    """
    from course_utils import _seeds

    plain_rng, plain_number = np.random.default_rng, _seeds.number_of

    def default_rng(seed: Any = None) -> np.random.Generator:
        if isinstance(seed, (int, np.integer)):
            seed = [int(seed), shift]
        elif isinstance(seed, (list, tuple)):
            seed = [*seed, shift]
        return plain_rng(seed)

    def number_of(seed: Any, largest: int) -> int:
        number = plain_number(seed, largest)
        return number if isinstance(seed, np.random.Generator) else number + STRIDE * shift

    np.random.default_rng = default_rng
    _seeds.number_of = number_of


def _measured(frame: FrameType) -> dict[str, Any]:
    """Return the condition of the verdict in a frame, and by how much it holds."""
    condition, names = condition_in(frame)
    if condition is None:
        return {"condition": "", "gap": None}
    for name, value in names.items():
        if isinstance(value, np.random.Generator):  # what is drawn here must not be missing later
            names[name] = copy.deepcopy(value)
    with np.errstate(all="ignore"):
        gap = gap_of(condition, names)
    return {"condition": ast.unparse(condition), "gap": gap}


class _OtherSeeds(ast.NodeTransformer):
    """Add to the seeds that a cell gives to a library itself."""

    def __init__(self, shift: int) -> None:
        self.more = ast.Constant(STRIDE * shift)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("manual_seed", "set_random_seed", "RandomState") and node.args:
            node.args[0] = self._other(node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "random_state":
                keyword.value = self._other(keyword.value)
        return node

    def _other(self, seed: ast.expr) -> ast.expr:
        return ast.BinOp(seed, ast.Add(), self.more)


def with_other_seeds(source: str, shift: int) -> str:
    """Return the source of a cell with other seeds where it seeds a library itself.

    Examples
    --------
    >>> with_other_seeds("torch.manual_seed(3)", 1)
    'torch.manual_seed(3 + 10007)'
    >>> with_other_seeds("KMeans(3, random_state=0)", 2)
    'KMeans(3, random_state=0 + 20014)'
    >>> with_other_seeds("%load_ext autoreload", 1)
    '%load_ext autoreload'
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic command
        return source
    before = ast.dump(tree)
    changed = _OtherSeeds(shift).visit(tree)
    if not shift or ast.dump(changed) == before:
        return source
    return ast.unparse(ast.fix_missing_locations(changed))
