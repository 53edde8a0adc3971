"""Write two tables to practise the project on: ``python -m tools.project_tables``.

Neither is about films, and both are real: which pixels a handwritten digit inks, and how often a
word stands in a cell of this course's notebooks. They are wide tables as `load_interactions` reads
them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from course_utils._files import home
from course_utils.datasets import load_mnist
from tools.course import ROOT, find_notebooks, program, read
from tools.stored import write_atomically

FOLDER = ROOT / "build" / "project"
_MOST_WORDS = 400


def words() -> tuple[list[str], list[str], np.ndarray]:
    """Count words in the prose of the notebooks.

    Returns
    -------
    row_ids : list of str
        Cells, as number of the notebook and id.
    column_ids : list of str
        The words that stand in most cells, without the shortest.
    table : ndarray of int, shape (cells, words)
        How often, at most 5.
    """
    counted = {}
    for path in find_notebooks(()):
        for cell in read(path)["cells"]:
            if cell["cell_type"] == "markdown":
                found = re.findall(r"[a-z]{4,}", "".join(cell["source"]).lower())
                counted[f"{path.name[:2]}-{cell['id']}"] = Counter(found)
    cells_with = Counter(word for counts in counted.values() for word in counts)
    chosen = sorted(cells_with, key=lambda word: (-cells_with[word], word))[:_MOST_WORDS]
    rows = [[min(counts[word], 5) for word in chosen] for counts in counted.values()]
    return list(counted), chosen, np.array(rows)


def ink(n_digits: int = 600) -> tuple[list[str], list[str], np.ndarray]:
    """Grade the pixels of the first handwritten digits by their ink.

    Parameters
    ----------
    n_digits : int
        How many digits.

    Returns
    -------
    row_ids, column_ids : list of str
        Digits with their labels, and pixels by row and column.
    table : ndarray of int, shape (digits, pixels)
        1 to 5 for ink, 0 for none; pixels that nobody inks are left out.
    """
    data = load_mnist()
    grades = np.ceil(data.x_train[:n_digits] * 5).astype(int)
    used = np.flatnonzero(grades.any(axis=0))
    rows = [f"digit-{n}-a-{label}" for n, label in enumerate(data.y_train[:n_digits])]
    return rows, [f"r{pixel // 28}c{pixel % 28}" for pixel in used], grades[:, used]


def as_csv(row_ids: Sequence[str], column_ids: Sequence[str], table: np.ndarray) -> str:
    """Write a wide table, blank where it holds 0.

    Parameters
    ----------
    row_ids, column_ids : sequence of str
        Names, without commas.
    table : ndarray of int, shape (rows, columns)
        The cells.

    Returns
    -------
    str
        The file's text.

    Examples
    --------
    >>> print(as_csv(["a"], ["x", "y"], np.array([[3, 0]])))
    row,x,y
    a,3,
    <BLANKLINE>
    """
    lines = [",".join(["row", *column_ids])]
    for name, cells in zip(row_ids, table.tolist(), strict=True):
        lines.append(",".join([name, *(str(cell) if cell else "" for cell in cells)]))
    return "\n".join(lines) + "\n"


def write(folder: Path) -> list[Path]:
    """Write both tables.

    Parameters
    ----------
    folder : Path
        Where to; it is made if it is not there.

    Returns
    -------
    list of Path
        The files.
    """
    written = []
    for name, table in {"words": words(), "ink": ink()}.items():
        path = folder / f"{name}.csv"
        write_atomically(path, as_csv(*table))
        written.append(path)
    return written


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=home, default=FOLDER, help="folder (build/project)")


def _run(options: argparse.Namespace) -> int:
    for path in write(options.output):
        print(f"wrote {path}")
    return 0


main = program("project_tables", "Write two tables.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
