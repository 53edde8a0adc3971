"""Any published edition of MovieLens, cut into parts."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np

from course_utils import _arguments, _files
from course_utils.datasets import load_movielens
from course_utils.distributed.parts import write_runs


def write_grouplens(
    source: str | os.PathLike[str] | None, folder: str | os.PathLike[str], *, parts: int = 16
) -> list[Path]:
    """Write a GroupLens folder as parts, with the ids of its users and films beside them.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    source : path or None
        A folder of any edition, as `load_movielens` takes it; None for the one that ships.
    folder : path
        Where the parts go; it must exist. ``user_ids.npy`` and ``item_ids.npy`` say which user
        and which film each row and each column stands for.
    parts : int
        Files; each holds a run of users.

    Returns
    -------
    list of Path
        The parts, in order.

    Raises
    ------
    FileNotFoundError
        If a folder or a table is missing.
    ValueError
        If the tables are damaged, a rating is no half star, or `parts` is below 1.

    Notes
    -----
    The table is read as a whole, with some 20 bytes a rating: 640 MB for ml-32m. What comes after
    reads a part at a time.
    """
    parts = _arguments.integer("parts", parts, 1, 99_999)
    folder = _files.home(folder, "folder")
    matrix, user_ids, item_ids = load_movielens(source).users_by_items()
    for name, ids in (("user_ids.npy", user_ids), ("item_ids.npy", item_ids)):
        _files.replace_atomically(folder / name, functools.partial(np.save, arr=ids))
    return write_runs(folder, matrix.shape[0], parts, lambda first, end: matrix[first:end])
