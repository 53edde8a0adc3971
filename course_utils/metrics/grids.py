"""The whole grid of settings that were tried, and whether the best of them lies on its edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_utils import _arguments, _objects


def grid_report(errors: Mapping[Any, float], names: str | Sequence[str]) -> str:
    r"""Write down a grid of settings with the error of each, and say if the best lies on an edge.

    Introduced in *Autoencode interactions in PyTorch*.

    A choice on the edge of its grid is no choice yet: a wider grid might hold a better one. An
    axis with one value was not searched, and has no edge.

    Parameters
    ----------
    errors : mapping of number or of tuple (number, number) to float
        Setting -> its error. A grid of two settings need not be full.
    names : str or sequence of str
        What the one setting, or the two, are called.

    Returns
    -------
    str
        A table with the first setting down and the second across, and a last line with the best.

    Raises
    ------
    TypeError
        If an error is not a number.
    ValueError
        If there is no setting, a setting has more or fewer parts than there are names, these are
        neither one nor two, or an error is not finite.

    Examples
    --------
    >>> print(grid_report({2: 0.5, 4: 0.3, 8: 0.4}, "k"))
    k
    2  0.5000
    4  0.3000
    8  0.4000
    best: k = 4
    >>> print(grid_report({(2, 0.1): 0.5, (2, 1): 0.3, (4, 0.1): 0.6, (4, 1): 0.7}, ("k", "λ")))
    k \ λ     0.1       1
    2      0.5000  0.3000
    4      0.6000  0.7000
    best: k = 2, λ = 1 (edge of the grid: k = 2, λ = 1)
    """
    titles = [names] if isinstance(names, str) else _objects.items("names", names, "names")
    errors = _objects.mapping("errors", errors, "settings and their errors")
    if len(titles) not in (1, 2):
        raise ValueError(f"names must be one or two, got {len(titles)}; report two at a time")
    if not errors:
        raise ValueError("errors must hold at least one setting, got none")
    table = {
        _setting(key, titles): _arguments.number(f"errors[{key!r}]", value)
        for key, value in errors.items()
    }
    axes = [sorted(set(axis)) for axis in zip(*table, strict=True)]
    return "\n".join([*_lines(table, titles, axes), _best(table, titles, axes)])


def _setting(key: Any, titles: Sequence[str]) -> tuple[Any, ...]:
    setting = key if isinstance(key, tuple) else (key,)
    if len(setting) != len(titles):
        raise ValueError(
            f"each setting must have a part for each of {', '.join(titles)}, got {key!r}"
        )
    return setting


def _lines(table: Mapping[Any, float], titles: Sequence[str], axes: Sequence[Any]) -> list[str]:
    """Head and rows, in columns of the same width."""
    across = [(f"{value:g}", (value,)) for value in axes[1]] if len(axes) == 2 else [("", ())]
    head = [" \\ ".join(titles), *(name for name, _ in across)]
    rows = [
        [f"{down:g}", *(_cell(table.get((down, *rest))) for _, rest in across)] for down in axes[0]
    ]
    first = max(len(row[0]) for row in [head, *rows])
    wide = max(len(cell) for row in [head, *rows] for cell in row[1:])
    return [
        "  ".join([row[0].ljust(first), *(cell.rjust(wide) for cell in row[1:])]).rstrip()
        for row in [head, *rows]
    ]


def _cell(error: float | None) -> str:
    return "" if error is None else f"{error:.4f}"


def _best(table: Mapping[Any, float], titles: Sequence[str], axes: Sequence[Any]) -> str:
    best = min(table, key=lambda setting: table[setting])
    parts = [f"{title} = {value:g}" for title, value in zip(titles, best, strict=True)]
    on_edge = [
        part
        for part, value, axis in zip(parts, best, axes, strict=True)
        if len(axis) > 1 and value in (axis[0], axis[-1])
    ]
    edge = f" (edge of the grid: {', '.join(on_edge)})" if on_edge else ""
    return f"best: {', '.join(parts)}{edge}"
