"""The gap by which a condition holds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def gap_of(condition: ast.expr, names: Mapping[str, Any]) -> float | None:
    """Return the gap by which a condition holds, negative where it does not.

    Parameters
    ----------
    condition : ast.expr
        An expression, such as ``loss < rival - 0.1``.
    names : mapping of str to object
        What it may refer to.

    Returns
    -------
    float or None
        The smallest difference between the two sides of its comparisons by size, in their own
        unit; the largest where one of them is enough ("or", "any"). None if nothing is compared
        by size.

    Examples
    --------
    >>> gap_of(ast.parse("0 < x <= 5 and y.all()", mode="eval").body, {"x": 3, "y": np.ones(2)})
    2.0
    >>> gap_of(ast.parse("x == 3", mode="eval").body, {"x": 3}) is None
    True
    """
    match condition:
        case ast.BoolOp(op=op, values=values):
            return _taken(min if isinstance(op, ast.And) else max, values, names)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            gap = gap_of(inner, names)
            return None if gap is None else -gap
        case ast.Compare():
            return _of_comparison(condition, names, np.min)
        # all(…), np.any(…) and (…).all(): of a comparison, the least or the largest gap
        case (
            ast.Call(
                func=ast.Name(id="all" | "any" as name) | ast.Attribute(attr="all" | "any" as name),
                args=[ast.Compare() as inside],
            )
            | ast.Call(
                func=ast.Attribute(value=ast.Compare() as inside, attr="all" | "any" as name)
            )
        ):
            return _of_comparison(inside, names, np.min if name == "all" else np.max)
    return None


def _taken(take: Any, values: Iterable[ast.expr], names: Mapping[str, Any]) -> float | None:
    gaps = [gap for value in values if (gap := gap_of(value, names)) is not None]
    return take(gaps) if gaps else None


def _of_comparison(node: ast.Compare, names: Mapping[str, Any], take: Any) -> float | None:
    sides = [_value(side, names) for side in (node.left, *node.comparators)]
    gaps = []
    for left, op, right in zip(sides[:-1], node.ops, sides[1:], strict=True):
        if isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            try:
                difference = np.asarray(right, dtype=float) - np.asarray(left, dtype=float)
                gaps.append(take(difference if isinstance(op, (ast.Lt, ast.LtE)) else -difference))
            except (TypeError, ValueError):  # sets and texts can be compared by size as well
                return None
    return float(min(gaps)) if gaps else None


def _value(side: ast.expr, names: Mapping[str, Any]) -> Any:
    return eval(compile(ast.Expression(side), "<side>", "eval"), dict(names))
