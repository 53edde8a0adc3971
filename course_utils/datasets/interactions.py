"""Ratings as a sparse matrix, and a wide table of ratings of one's own."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from course_utils.datasets._text import _check_complete, _naming_damage, _open_watched

RATING_RANGE = (0.5, 5.0)


class Interactions(NamedTuple):
    """Ratings as a sparse matrix, with the names of its rows and columns.

    Introduced in *Autoencode interactions in PyTorch*.

    Attributes
    ----------
    matrix : csr_array of float32, shape (rows, columns)
        The ratings. A cell that is not stored was not rated; no zeros are stored.
    row_ids : ndarray, shape (rows,)
        What each row stands for; integers from `MovieLens.matrix`, strings from
        `load_interactions`.
    column_ids : ndarray, shape (columns,)
        What each column stands for.
    """

    matrix: csr_array
    row_ids: np.ndarray
    column_ids: np.ndarray


def _first_repeat(names: Sequence[str]) -> int | None:
    """Return the place of the first name that stands in the list twice, or None."""
    repeated = pd.Series(list(names), dtype=object).duplicated().to_numpy()
    return int(np.argmax(repeated)) if repeated.any() else None


def _row_values(
    where: str, names: Sequence[str], cells: Sequence[str], columns: Sequence[int]
) -> np.ndarray:
    """Return the filled cells of one row as numbers."""
    try:
        return np.array(cells, dtype=np.float32)
    except ValueError:
        for cell, column in zip(cells, columns, strict=True):
            try:
                float(cell)
            except ValueError:
                raise ValueError(
                    f"{where}, column {names[column]!r}: {cell!r} is not a number; expected a "
                    "rating, or nothing "
                    "where there is none"
                ) from None
        raise


class _WideTable(NamedTuple):
    """The filled cells of a wide table, row by row."""

    names: list[str]
    row_ids: list[str]
    row_lines: list[int]
    columns: list[np.ndarray]
    values: list[np.ndarray]


def _read_wide(path: Path, lines: Iterable[str]) -> _WideTable:
    """Return the filled cells of a wide table; all lines must be as long as the header."""
    reader = csv.reader(lines)
    header = next((row for row in reader if row), None)
    if header is None:
        raise ValueError(
            f"{path} is empty; expected a header line with a column id above each column"
        )
    names = header[1:]
    if not names:
        raise ValueError(
            f"{path}, line 1: one field; expected the name of the row ids and then the column ids"
        )
    if "" in names:
        raise ValueError(
            f"{path}, line 1: field {names.index('') + 2} is empty; expected a column id"
        )
    repeat = _first_repeat(names)
    if repeat is not None:
        raise ValueError(
            f"{path}, line 1: column id {names[repeat]!r} stands there twice; expected it once"
        )
    table = _WideTable(names, [], [], [], [])
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {reader.line_num}: {len(row)} fields; expected {len(header)}, as "
                "in the header "
                "(a short last line means that the file was cut)"
            )
        if not row[0]:
            raise ValueError(
                f"{path}, line {reader.line_num}: the first field is empty; expected a row id"
            )
        filled = [column for column, cell in enumerate(row[1:]) if cell]
        cells = [row[1 + column] for column in filled]
        where = f"{path}, line {reader.line_num}"
        table.row_ids.append(row[0])
        table.row_lines.append(reader.line_num)
        table.columns.append(np.array(filled, dtype=np.int32))
        table.values.append(_row_values(where, names, cells, filled))
    return table


def load_interactions(
    path: str | os.PathLike[str], *, rating_range: tuple[float, float] = RATING_RANGE
) -> Interactions:
    r"""Load a wide table of ratings: one line for each row id, one column for each column id.

    Introduced in *Autoencode interactions in PyTorch*.

    Parameters
    ----------
    path : str or path-like
        A csv file in UTF-8, gzipped or not; its first bytes decide, not its name. The header holds
        any word and then the column ids; each further line a row id and then one cell for each
        column. A blank cell was not rated.
    rating_range : (float, float)
        The lowest and the highest rating that may stand in a cell.

    Returns
    -------
    Interactions
        ``(matrix, row_ids, column_ids)``: a csr_array of float32 with rows and columns as in the
        file, and the ids as strings, so that the book '0826414346' keeps its zero.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, cut or damaged, a line has too few or too many fields, an id is
        missing or stands there twice, or a cell is not a number in `rating_range`. The message
        names the file, the line, the column and what was expected. A last line without a line
        break counts as cut.

    Notes
    -----
    A cell that holds 0 is taken as *not rated*, like a blank one: no rating scale here has a zero,
    and tables that were saved after ``fillna(0)`` are full of them. Memory grows with the ratings,
    not with rows × columns.

    Examples
    --------
    >>> import gzip, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "full_matrix.csv.gzip"
    ...     text = b"book,A101,A103\n0826414346,,4.0\nB000OVF7JY,5.0,0\n"
    ...     _ = path.write_bytes(gzip.compress(text))
    ...     matrix, row_ids, column_ids = load_interactions(path)
    >>> matrix.toarray()
    array([[0., 4.],
           [5., 0.]], dtype=float32)
    >>> matrix.nnz, row_ids.tolist(), column_ids.tolist()
    (2, ['0826414346', 'B000OVF7JY'], ['A101', 'A103'])
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there; expected a csv file with one row of ratings for each line"
        )
    stream = _open_watched(path)
    with (
        _naming_damage(path),
        io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8-sig", newline="") as lines,
    ):
        try:
            table = _read_wide(path, lines)
        except csv.Error as error:
            raise ValueError(f"{path} is not a csv file: {error}") from error
    _check_complete(path, stream)
    if not table.row_ids:
        raise ValueError(
            f"{path} holds only a header; expected at least one row of ratings below it"
        )
    repeat = _first_repeat(table.row_ids)
    if repeat is not None:
        raise ValueError(
            f"{path}, line {table.row_lines[repeat]}: row id {table.row_ids[repeat]!r} stands "
            "there twice, so its "
            "pairs would be rated twice; expected each row id once"
        )
    values, columns = np.concatenate(table.values), np.concatenate(table.columns)
    row_starts = np.cumsum([0, *map(len, table.values)], dtype=np.int64)
    low, high = rating_range
    wrong = ~(((values >= low) & (values <= high)) | (values == 0))
    if wrong.any():
        place = int(np.argmax(wrong))
        row = int(np.searchsorted(row_starts, place, side="right")) - 1
        raise ValueError(
            f"{path}, line {table.row_lines[row]}, column {table.names[columns[place]]!r}: "
            f"{values[place]:g} is out "
            f"of range; expected a rating from {low:g} to {high:g}, or nothing where there is none"
        )
    matrix = csr_array((values, columns, row_starts), shape=(len(table.row_ids), len(table.names)))
    matrix.eliminate_zeros()
    return Interactions(
        matrix, np.array(table.row_ids, dtype=str), np.array(table.names, dtype=str)
    )
