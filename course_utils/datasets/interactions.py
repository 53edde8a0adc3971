"""Ratings as a sparse matrix, and a wide table of ratings of one's own."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, get_index_dtype

from course_utils._arguments import choice, number
from course_utils._files import home
from course_utils.datasets._text import naming_damage, open_bytes, refuse_utf_16, warn_unfinished

RATING_RANGE = (0.5, 5.0)
_LARGEST_RATING = float(np.finfo(np.float32).max)
_ENCODING_HINT = "save it as UTF-8, or give its encoding, such as encoding='cp1252' or 'utf-16'"


class Interactions(NamedTuple):
    """Ratings as a sparse matrix, with the names of its rows and columns.

    Introduced in *Choose the width of a code*.

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


def _rating(cell: str, decimal: str) -> float:
    """Return the number in a cell; `float` alone would take "1_0" for ten."""
    if "_" in cell or (decimal == "," and "." in cell):
        raise ValueError
    return float(cell.replace(decimal, "."))


def _row_values(
    where: str, table: _WideTable, cells: Sequence[str], columns: Sequence[int], decimal: str
) -> np.ndarray:
    """Return the filled cells of one row as numbers."""
    values = np.empty(len(cells))
    for place, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        try:
            values[place] = _rating(cell, decimal)
        except ValueError:
            other = "." if decimal == "," else ","
            hint = f"; give decimal={other!r} if that is meant" if other in cell else ""
            raise ValueError(
                f"{where}, column {table.names[column]!r}: {cell!r} is not a number; expected a "
                f"rating, or nothing where there is none{hint}{_long_hint(table)}"
            ) from None
    return values


class _WideTable(NamedTuple):
    """The filled cells of a wide table, row by row."""

    names: list[str]
    row_ids: list[str]
    row_lines: list[int]
    columns: list[np.ndarray]
    values: list[np.ndarray]


def _long_hint(table: _WideTable) -> str:
    """Say what to do with a table that may have one rating in each line."""
    if len(table.names) not in (2, 3):
        return ""
    return (
        ". If each line holds one rating (user, item, rating), make it wide first: pandas.read_csv("
        "path, dtype=str).pivot(index=…, columns=…, values=…).to_csv(…)"
    )


def _read_header(path: Path, number: int, header: Sequence[str], separator: str) -> list[str]:
    """Return the column ids, checked."""
    where, names = f"{path}, line {number}", list(header[1:])
    missing = "; is the line with the column ids missing?"
    if not names:
        others = [mark for mark in (";", "\t", "|", ",") if mark != separator]
        found = max(others, key=header[0].count)
        hint = f"; give separator={found!r} if that is meant" if found in header[0] else ""
        raise ValueError(
            f"{where}: one field; expected the name of the row ids and then the column ids{hint}"
        )
    if "" in names:
        raise ValueError(
            f"{where}: field {names.index('') + 2} is empty; expected a column id{missing}"
        )
    repeat = _first_repeat(names)
    if repeat is not None:
        raise ValueError(
            f"{where}: column id {names[repeat]!r} stands there twice; expected it once{missing}"
        )
    return names


def _read_wide(path: Path, lines: Iterable[str], separator: str, decimal: str) -> _WideTable:
    """Return the filled cells of a wide table; all lines must be as long as the header."""
    rows = _numbered_rows(path, lines, separator)
    number, header = next(rows, (1, []))
    if not header:
        raise ValueError(
            f"{path} is empty; expected a header line with a column id above each column"
        )
    table = _WideTable(_read_header(path, number, header, separator), [], [], [], [])
    for number, row in rows:
        where = f"{path}, line {number}"
        if len(row) != len(header):
            raise ValueError(
                f"{where}: {len(row)} fields; expected {len(header)}, as in the header "
                "(a short last line means that the file was cut)"
            )
        if not row[0]:
            raise ValueError(f"{where}: the first field is empty; expected a row id")
        filled = [column for column, cell in enumerate(row[1:]) if cell]
        cells = [row[1 + column] for column in filled]
        table.row_ids.append(row[0])
        table.row_lines.append(number)
        table.columns.append(np.array(filled, dtype=np.int32))
        table.values.append(_row_values(where, table, cells, filled, decimal))
    return table


def _numbered_rows(
    path: Path, lines: Iterable[str], separator: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that hold more than blanks as fields, each with its number."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(
            f"{path}, line {reader.line_num}: {error}; expected quotes in pairs, doubled within a "
            "field (the file may be cut)"
        ) from error


def _noting_last(path: Path, lines: Iterable[str], last: list[str]) -> Iterator[str]:
    """Pass lines through and keep the latest one in `last`; NumPy would drop zero bytes of ids."""
    for place, line in enumerate(lines, start=1):
        if "\0" in line:
            raise ValueError(
                f"{path}, line {place}: a zero byte in {line[:60]!r}; expected text. The file is "
                "damaged, or in another encoding, such as encoding='utf-16-le'"
            )
        last[:] = [line]
        yield line


def _check_values(path: Path, table: _WideTable, low: float, high: float) -> None:
    """Raise if a rating is out of range; 0 is none, and compared before it is rounded."""
    for line, columns, values in zip(table.row_lines, table.columns, table.values, strict=True):
        wrong = ~((values >= low) & (values <= high)) & (values != 0)
        wrong |= (values != 0) & (values.astype(np.float32) == 0)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise ValueError(
                f"{path}, line {line}, column {table.names[columns[place]]!r}: {values[place]:g} "
                f"is out of range; expected a rating from {low:g} to {high:g}, or nothing where "
                f"there is none{_long_hint(table)}"
            )


def _check_options(
    rating_range: tuple[float, float], separator: str, encoding: str
) -> tuple[float, float, str]:
    """Return the lowest and highest rating and the name of the encoding."""
    try:
        low, high = rating_range
    except (TypeError, ValueError):
        raise TypeError(
            f"rating_range must be two numbers, (lowest, highest), got {rating_range!r}"
        ) from None
    low = number("the lowest of rating_range", low, -_LARGEST_RATING, _LARGEST_RATING)
    high = number("the highest of rating_range", high, low, _LARGEST_RATING)
    if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
        raise ValueError(f"separator must be one character, such as ';', got {separator!r}")
    try:
        "".encode(encoding)  # refuses codecs that are none of text, such as "hex"
        known = codecs.lookup(encoding).name
    except (LookupError, TypeError):
        raise ValueError(
            f"encoding must be the name of one, such as 'utf-8' or 'cp1252', got {encoding!r}"
        ) from None
    return low, high, "utf-8-sig" if known == "utf-8" else known


def load_interactions(
    path: str | os.PathLike[str],
    *,
    rating_range: tuple[float, float] = RATING_RANGE,
    separator: str = ",",
    decimal: str = ".",
    encoding: str = "utf-8",
) -> Interactions:
    r"""Load a wide table of ratings: one line for each row id, one column for each column id.

    Introduced in *Choose the width of a code*.

    Parameters
    ----------
    path : str or path-like
        A csv file, gzipped or not; its first bytes decide, not its name. The header holds any word
        and then the column ids; each further line a row id and then one cell for each column. A
        blank cell was not rated. ``~`` is the home folder.
    rating_range : (float, float)
        The lowest and the highest rating that may stand in a cell.
    separator : str
        The character between two cells: ``";"`` in many spreadsheets, ``"\\t"`` for tabs.
    decimal : {".", ","}
        What stands before the decimals of a rating.
    encoding : str
        How the text is written; UTF-8 with or without a byte order mark, unless told otherwise. It
        is not guessed, as a wrong guess would change ids without a word.

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
        If the file is empty, cut, damaged or in another encoding, a line has too few or too many
        fields, an id is missing or stands there twice, or a cell is not a number in
        `rating_range`. The message names the file, the line, the column and what was expected.

    Warns
    -----
    UserWarning
        If the last line has no line break: the file may be cut within its last cell.

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
    low, high, encoding = _check_options(rating_range, separator, encoding)
    decimal = choice("decimal", decimal, (".", ","))
    path = home(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise FileNotFoundError(
            f"{path} {what}; expected a csv file with one row of ratings for each line"
        )
    last = [""]
    with naming_damage(path, _ENCODING_HINT, encoding):
        if not encoding.startswith("utf-16"):
            refuse_utf_16(path, _ENCODING_HINT)
        with io.TextIOWrapper(open_bytes(path), encoding=encoding, newline="") as lines:
            table = _read_wide(path, _noting_last(path, lines, last), separator, decimal)
    if not table.row_ids:
        raise ValueError(
            f"{path} holds only a header; expected at least one row of ratings below it"
        )
    repeat = _first_repeat(table.row_ids)
    if repeat is not None:
        raise ValueError(
            f"{path}, line {table.row_lines[repeat]}: row id {table.row_ids[repeat]!r} stands "
            "there twice, so its pairs would be rated twice; expected each row id once"
            f"{_long_hint(table)}"
        )
    _check_values(path, table, low, high)
    values = np.concatenate(table.values).astype(np.float32)
    # The columns are int32; wider row starts would make SciPy widen them.
    row_starts = np.cumsum([0, *map(len, table.values)])
    row_starts = row_starts.astype(get_index_dtype(maxval=row_starts[-1]))
    shape = (len(table.row_ids), len(table.names))
    matrix = csr_array((values, np.concatenate(table.columns), row_starts), shape=shape)
    matrix.eliminate_zeros()
    if not last[0].endswith(("\n", "\r")):
        warn_unfinished(path, len(table.row_ids), stacklevel=3)
    return Interactions(
        matrix, np.array(table.row_ids, dtype=str), np.array(table.names, dtype=str)
    )
