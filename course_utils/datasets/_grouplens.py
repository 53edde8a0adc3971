"""The files of GroupLens, as published since 1998, read into two checked tables.

====================  ========================  ==================================
editions              ratings                   films
====================  ========================  ==================================
ml-100k               ``u.data``, tabs          ``u.item``, ``|``, latin-1
ml-1m                 ``ratings.dat``, ``::``   ``movies.dat``, ``::``, latin-1
ml-10m                ``ratings.dat``, ``::``   ``movies.dat``, ``::``, UTF-8
all since             ``ratings.csv``, header   ``movies.csv``, header, UTF-8
====================  ========================  ==================================
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from course_utils.datasets._text import (
    WatchedStream,
    filled_lines,
    line_of_row,
    naming_damage,
    open_bytes,
    read_text,
    refuse_utf_16,
    warn_unfinished,
)
from course_utils.datasets.interactions import RATING_RANGE

NO_GENRES = "(no genres listed)"
_NAMES = {
    "ratings": ("ratings.csv", "ratings.dat", "u.data"),
    "movies": ("movies.csv", "movies.dat", "u.item"),
}
_SEPARATORS = {".csv": ",", ".dat": "::", ".data": "\t", ".item": "|"}
_LARGEST_ID = int(np.iinfo(np.int32).max)
# The whole numbers of a ratings file, with the lowest and the highest that each may be.
_WHOLE = {
    "userId": (1, _LARGEST_ID),
    "movieId": (1, _LARGEST_ID),
    "timestamp": (0, int(np.iinfo(np.int64).max)),
}
_RATING_COLUMNS = ["userId", "movieId", "rating", "timestamp"]
_MOVIE_COLUMNS = ["movieId", "title", "genres"]
# ml-100k: five fields, and then a 0 or 1 for each genre of u.genre.
_ITEM_COLUMNS = ["movieId", "title", "release", "video release", "URL"]
_ITEM_GENRES = [
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
]
# Split at single colons, "1::31::2.5::99" has an empty field between any two values.
_DAT_FIELDS = ["userId", "empty1", "movieId", "empty2", "rating", "empty3", "timestamp"]
_CHUNK_ROWS = 1_000_000


def find_table(folder: Path, table: str) -> Path:
    """Return the path of one of the two tables of a GroupLens folder."""
    names = [name + packed for name in _NAMES[table] for packed in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    deeper = sorted(
        path.parent.name
        for name in names
        for path in folder.glob(f"*/{name}")
        if not path.parent.name.startswith(".")
    )
    hint = f"; the folder {deeper[0]!r} in it holds them, give that one" if deeper else ""
    raise FileNotFoundError(f"no {table} in {folder}; expected one of {', '.join(names)}{hint}")


def has_header(path: Path) -> bool:
    """Tell whether the first line of a file names its columns."""
    return ".csv" in path.suffixes


def _separator(path: Path) -> str:
    return next(_SEPARATORS[ending] for ending in path.suffixes if ending in _SEPARATORS)


def _split_line(path: Path, line: str) -> list[str]:
    """Return the fields of one line; for error messages only, slow."""
    return next(csv.reader([line])) if has_header(path) else line.split(_separator(path))


def _length_problem(path: Path, number: int, fields: Sequence[str], names: Sequence[str]) -> str:
    """Say that a line has too few or too many fields."""
    line = _separator(path).join(fields)
    return (
        f"{path}, line {number}: {len(fields)} fields in {line[:80]!r}; expected {len(names)} "
        f"({', '.join(names)}); a last line that is too short means that the file was cut"
    )


def _check_header(path: Path, number: int, names: Sequence[str], columns: Sequence[str]) -> None:
    """Raise if a header lacks a column or names it twice; say which name comes close."""
    missing = [name for name in columns if name not in names]
    if not missing:
        twice = [name for name in columns if list(names).count(name) > 1]
        if twice:
            raise ValueError(f"{path}, line {number}: column {twice[0]} twice; expected it once")
        return
    simple = {re.sub(r"[^a-z]", "", name.lower()): name for name in names}
    close = difflib.get_close_matches(missing[0].lower(), simple, n=1)
    if close:
        hint = f"; rename {simple[close[0]]!r} to {missing[0]!r}"
    elif len(names) == 1 and (found := re.search(r"[;\t|]", names[0])):
        hint = f"; they are separated by {found[0]!r}: save the file with commas"
    elif re.fullmatch(r"\d+", names[0].strip()):
        hint = f"; this is a row of data: put the line {','.join(columns)} above it"
    else:
        hint = ""
    raise ValueError(
        f"{path}, line {number}: no column {', '.join(missing)}; the header names "
        f"{', '.join(names)}; expected {', '.join(columns)}{hint}"
    )


def _check_rating_head(path: Path) -> list[str]:
    """Return the names of the columns; refuse a file without one of them, or without a line.

    The first row is looked at here because pandas takes its surplus fields for an index.
    """
    with contextlib.closing(filled_lines(path)) as lines:
        names = _RATING_COLUMNS
        number, line = next(lines, (1, ""))
        if not line:
            raise ValueError(f"{path} is empty; expected {', '.join(names)}")
        if has_header(path):
            names = _split_line(path, line)
            _check_header(path, number, names, _RATING_COLUMNS)
            number, line = next(lines, (1, ""))
    if line and len(_split_line(path, line)) > len(names):
        raise ValueError(_length_problem(path, number, _split_line(path, line), names))
    return names


def _field_problem(name: str, text: str) -> str | None:
    """Say what is wrong with one field, or None."""
    if name == "rating":
        low, high = RATING_RANGE
        try:
            good = low <= float(text) <= high
        except ValueError:
            good = False
        return None if good else f"rating is {text!r}; expected a number from {low:g} to {high:g}"
    low_id, high_id = _WHOLE[name]
    whole = _whole(text)
    if whole is not None and low_id <= whole <= high_id:
        return None
    return f"{name} is {text!r}; expected a whole number from {low_id} to {high_id}"


def _whole(text: str) -> int | None:
    """Return the whole number that a text stands for, as in "7" or "7.0", or None."""
    if re.fullmatch(r"\s*[+-]?\d+(\.0*)?\s*", text, re.ASCII):
        return int(text.partition(".")[0])
    return None


def _all_whole(column: pd.Series, low: int, high: int) -> bool:
    """Tell whether all numbers of a column are whole and in range; words and truths are not."""
    if column.dtype.kind not in "iuf":
        return False
    values = column.to_numpy()
    if column.dtype.kind == "f":  # a NaN compares false, so it is caught here as well
        high = min(high, 2**53)  # beyond, not every whole number is a float
        if not (values == np.floor(values)).all():
            return False
    return bool(((values >= low) & (values <= high)).all())


def _raise_bad_rating(path: Path, names: list[str], rows_before: int, reason: object) -> NoReturn:
    """Raise a ValueError about the first wrong line at or after data row `rows_before`.

    The reader has seen that something is wrong in this part of the file; this finds the line and
    the words.
    """
    with contextlib.closing(filled_lines(path)) as lines:
        if has_header(path):
            next(lines)
        for row, (number, line) in enumerate(lines):
            if row < rows_before:
                continue
            fields = _split_line(path, line)
            if len(fields) != len(names):
                raise ValueError(_length_problem(path, number, fields, names))
            for name, text in zip(names, fields, strict=True):
                problem = _field_problem(name, text) if name in _RATING_COLUMNS else None
                if problem:
                    raise ValueError(f"{path}, line {number}: {problem}")
    raise ValueError(f"{path}, after line {rows_before + 1}: {reason}")


def _rating_chunks(path: Path, stream: WatchedStream, names: list[str]) -> Iterator[pd.DataFrame]:
    """Yield a ratings file in checked pieces, so that a large one never lies in memory as text."""
    # Types of whole numbers are not forced: pandas would make a 1 of "True" without a word.
    layout: dict[str, Any] = {"dtype": {"rating": np.float64}, "encoding_errors": "replace"}
    layout |= {"low_memory": False}  # one type for each column of a piece
    if not has_header(path):
        dat = _separator(path) == "::"
        layout |= {"sep": ":" if dat else "\t", "header": None, "quoting": csv.QUOTE_NONE}
        layout |= {"names": _DAT_FIELDS if dat else names}
    low, high = RATING_RANGE
    rows_before = 0
    try:
        with pd.read_csv(io.BufferedReader(stream), chunksize=_CHUNK_ROWS, **layout) as chunks:
            for chunk in chunks:
                if chunk.empty:  # a header alone: its columns have no type
                    continue
                between_colons = [name for name in _DAT_FIELDS[1::2] if name in chunk.columns]
                if not (
                    chunk["rating"].between(low, high).all()
                    and all(_all_whole(chunk[name], *ends) for name, ends in _WHOLE.items())
                    and chunk[between_colons].isna().to_numpy().all()
                ):
                    raise ValueError("a value is out of range")
                if stream.has_null:
                    raise ValueError("a zero byte; the file is damaged, get it again")
                rows_before += len(chunk)
                yield chunk
    except (ValueError, TypeError, OverflowError) as error:  # pandas: a field is no such number
        _raise_bad_rating(path, names, rows_before, error)


def _check_no_duplicates(path: Path, users: np.ndarray, movies: np.ndarray) -> None:
    """Raise if a user rated a film twice; O(n) for files sorted by user and film."""
    pairs = (users.astype(np.int64) << 32) | movies
    if bool((pairs[1:] > pairs[:-1]).all()):
        return
    order = np.argsort(pairs, kind="stable")
    again = np.flatnonzero(pairs[order[1:]] == pairs[order[:-1]])
    if len(again) == 0:
        return
    nearest = again[np.argmin(order[again + 1])]
    first, second = (
        line_of_row(path, int(order[nearest + step]), int(has_header(path))) for step in (0, 1)
    )
    row = order[nearest]
    raise ValueError(
        f"{path}, line {second}: user {users[row]} rates film {movies[row]} again "
        f"(first on line {first}); expected each pair of user and film once"
    )


def read_ratings(path: Path) -> pd.DataFrame:
    """Return a ratings file as a table of compact types."""
    compact = {"userId": np.int32, "movieId": np.int32, "rating": np.float32, "timestamp": np.int64}
    pieces: dict[str, list[np.ndarray]] = {name: [] for name in compact}
    stream = WatchedStream(open_bytes(path))
    with stream, naming_damage(path):
        refuse_utf_16(path)
        names = _check_rating_head(path)
        for chunk in _rating_chunks(path, stream, names):
            for name, dtype in compact.items():
                pieces[name].append(chunk[name].to_numpy(dtype=dtype))
    rows = sum(map(len, pieces["rating"]))
    if rows == 0:
        raise ValueError(f"{path} holds no ratings; expected at least one line below the header")
    # pandas fills what a short line lacks in the columns that are not needed; a cut is seen here.
    last = stream.last_line()
    if last is not None and len(_split_line(path, last)) != len(names):
        number = line_of_row(path, rows - 1, int(has_header(path)))
        raise ValueError(_length_problem(path, number, _split_line(path, last), names))
    # pop: the pieces of a column are freed before the next column is joined.
    columns = {name: np.concatenate(pieces.pop(name)) for name in compact}
    _check_no_duplicates(path, columns["userId"], columns["movieId"])
    if not stream.tail.endswith((b"\n", b"\r")):
        warn_unfinished(path, rows, stacklevel=4)
    return pd.DataFrame(columns, copy=False)


def _numbered_rows(path: Path, text: str) -> list[tuple[int, list[str]]]:
    """Return the lines that are not blank as fields, each with its number."""
    if not has_header(path):
        # str.splitlines would also cut at "\x85", which is a letter of old Windows texts.
        lines = enumerate(re.split(r"\r\n|\n|\r", text), start=1)
        return [(number, line.split(_separator(path))) for number, line in lines if line.strip()]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(field.strip() for field in row)]
    except csv.Error as error:
        raise ValueError(
            f"{path}, line {reader.line_num}: {error}; expected {', '.join(_MOVIE_COLUMNS)}, with "
            "quotes in pairs; the file may be cut"
        ) from error


def _genres_of_folder(folder: Path) -> list[str]:
    """Return the genres of ml-100k in the order of their columns in u.item."""
    listing = folder / "u.genre"
    if not listing.is_file():
        return _ITEM_GENRES
    lines = read_text(listing, or_latin_1=True).split()
    return [line.rpartition("|")[0] for line in lines]


def _genres_of_item(path: Path, number: int, fields: list[str], genres: list[str]) -> str:
    """Return the genres of a line of u.item in the form that later editions have."""
    flags = fields[len(_ITEM_COLUMNS) :]
    for name, flag in zip(genres, flags, strict=True):
        if flag not in ("0", "1"):
            raise ValueError(f"{path}, line {number}: {name} is {flag!r}; expected 0 or 1")
    kept = [name for name, flag in zip(genres, flags, strict=True) if flag == "1"]
    return "|".join(kept) or NO_GENRES


def read_movies(path: Path) -> pd.DataFrame:
    """Return a films file as a table, checked."""
    text = read_text(path, or_latin_1=not has_header(path))
    rows = _numbered_rows(path, text)
    if not rows:
        raise ValueError(f"{path} is empty; expected {', '.join(_MOVIE_COLUMNS)}")
    names, genres = _MOVIE_COLUMNS, _genres_of_folder(path.parent)
    if has_header(path):
        number, names = rows.pop(0)
        _check_header(path, number, names, _MOVIE_COLUMNS)
    elif _separator(path) == "|":
        names = _ITEM_COLUMNS + genres
    films: dict[int, tuple[str, str]] = {}
    for number, fields in rows:
        if len(fields) != len(names):
            raise ValueError(_length_problem(path, number, fields, names))
        film = dict(zip(names, fields, strict=True))
        if "genres" not in names:
            film["genres"] = _genres_of_item(path, number, fields, genres)
        problem = _film_problem(film, films)
        if problem:
            raise ValueError(f"{path}, line {number}: {problem}")
        films[_whole(film["movieId"]) or 0] = (film["title"], film["genres"])
    if text[-1] not in "\r\n":
        warn_unfinished(path, len(rows), stacklevel=4)
    titles, kinds = zip(*films.values(), strict=True) if films else ((), ())
    columns = (np.array(list(films), dtype=np.int32), list(titles), list(kinds))
    return pd.DataFrame(dict(zip(_MOVIE_COLUMNS, columns, strict=True)))


def _film_problem(film: dict[str, str], before: dict[int, tuple[str, str]]) -> str | None:
    """Say what is wrong with one film, or None."""
    if problem := _field_problem("movieId", film["movieId"]):
        return problem
    if _whole(film["movieId"]) in before:
        return f"movieId is {film['movieId']!r} again; expected each film once"
    if not film["title"]:
        return "title is ''; expected a title"
    return (
        None if film["genres"] else f"genres is ''; expected genres separated by |, or {NO_GENRES}"
    )
