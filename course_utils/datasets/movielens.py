"""MovieLens: the edition that ships with the course, and every other one that is published."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from course_utils.datasets._text import (
    _check_complete,
    _filled_lines,
    _line_of_row,
    _naming_damage,
    _open_watched,
    _WatchedStream,
)
from course_utils.datasets.interactions import RATING_RANGE, Interactions
from course_utils.datasets.shipped import _check_shipped, data_directory

_LARGEST_ID = np.iinfo(np.int32).max


class MovieLens(NamedTuple):
    """A MovieLens data set as two tables.

    Introduced in *Check your set-up and find your way*.

    Attributes
    ----------
    ratings : pandas.DataFrame
        One row for each rating, in the order of the file: ``userId`` and ``movieId`` (int32),
        ``rating`` (float32, 0.5–5 stars), ``timestamp`` (int64, seconds since 1970-01-01 UTC).
    movies : pandas.DataFrame
        One row for each film: ``movieId`` (int32), ``title`` ("Toy Story (1995)") and ``genres``
        ("Comedy|Drama").
    """

    ratings: pd.DataFrame
    movies: pd.DataFrame

    def matrix(self) -> Interactions:
        """Return the ratings as a sparse matrix of items × users.

        Introduced in *Check your set-up and find your way*.

        Only films and users with at least one rating have a row or a column, both in ascending
        order of their id. Costs O(ratings); the dense matrix is never made.

        Returns
        -------
        Interactions
            ``(matrix, item_ids, user_ids)``: a csr_array of float32 of shape (items, users), the
            ``movieId`` of each row and the ``userId`` of each column (int32).

        Examples
        --------
        >>> ratings = pd.DataFrame(
        ...     {"userId": [7, 9, 7], "movieId": [20, 20, 10], "rating": [4.0, 0.5, 3.0]}
        ... )
        >>> matrix, item_ids, user_ids = MovieLens(ratings, movies=pd.DataFrame()).matrix()
        >>> item_ids, user_ids
        (array([10, 20]), array([7, 9]))
        >>> matrix.toarray()
        array([[3. , 0. ],
               [4. , 0.5]], dtype=float32)
        """
        rows, item_ids = pd.factorize(self.ratings["movieId"].to_numpy(), sort=True)
        columns, user_ids = pd.factorize(self.ratings["userId"].to_numpy(), sort=True)
        values = self.ratings["rating"].to_numpy(dtype=np.float32)
        # int32 indices halve the memory; neither films nor users come near 2^31.
        places = (rows.astype(np.int32), columns.astype(np.int32))
        matrix = csr_array((values, places), shape=(len(item_ids), len(user_ids)))
        return Interactions(matrix, item_ids, user_ids)


_RATING_TYPES = {
    "userId": np.int64,
    "movieId": np.int64,
    "rating": np.float64,
    "timestamp": np.int64,
}
_RATING_COLUMNS = list(_RATING_TYPES)
_MOVIE_COLUMNS = ["movieId", "title", "genres"]
# Split at single colons, "1::31::2.5::99" has an empty field between any two values.
_DAT_FIELDS = ["userId", "empty1", "movieId", "empty2", "rating", "empty3", "timestamp"]
_CHUNK_ROWS = 1_000_000


def _is_dat(path: Path) -> bool:
    """Tell whether a file is of the older layout: separated by "::", without a header."""
    return ".dat" in path.suffixes


def _split_line(path: Path, line: str) -> list[str]:
    """Return the fields of one line of a GroupLens file; for error messages only, slow."""
    return line.split("::") if _is_dat(path) else next(csv.reader([line]))


def _check_head(path: Path, columns: Sequence[str]) -> None:
    """Raise if the file is empty, its header lacks a column, or its first row has too many fields.

    The last is looked at here because pandas takes surplus fields of the first row for an index.
    """
    with contextlib.closing(_filled_lines(path)) as lines:
        names = list(columns)
        number, line = next(lines, (1, ""))
        if not line:
            raise ValueError(f"{path} is empty; expected {', '.join(columns)}")
        if not _is_dat(path):
            names = _split_line(path, line)
            missing = [name for name in columns if name not in names]
            if missing:
                raise ValueError(
                    f"{path}, line {number}: no column {', '.join(missing)}; the header names "
                    f"{', '.join(names)}; expected {', '.join(columns)}"
                )
            number, line = next(lines, (1, ""))
    if line and len(_split_line(path, line)) > len(names):
        raise ValueError(_length_message(path, number, line, names))


def _length_message(path: Path, number: int, line: str, names: Sequence[str]) -> str:
    """Say that a line has too few or too many fields."""
    return (
        f"{path}, line {number}: {len(_split_line(path, line))} fields in {line[:80]!r}; expected "
        f"{len(names)} ({', '.join(names)})"
    )


def _field_problem(name: str, text: str) -> str | None:
    """Say what is wrong with one field of a ratings file, or None."""
    if name == "rating":
        low, high = RATING_RANGE
        try:
            good = low <= float(text) <= high
        except ValueError:
            good = False
        return None if good else f"rating is {text!r}; expected a number from {low:g} to {high:g}"
    low_id = 0 if name == "timestamp" else 1
    high_id = np.iinfo(np.int64).max if name == "timestamp" else _LARGEST_ID
    if re.fullmatch(r"\s*[+-]?\d+\s*", text) and low_id <= int(text) <= high_id:
        return None
    return f"{name} is {text!r}; expected a whole number from {low_id} to {high_id}"


def _raise_bad_rating(path: Path, rows_before: int, reason: object) -> NoReturn:
    """Raise a ValueError about the first wrong line at or after data row `rows_before`.

    The reader has seen that something is wrong in this part of the file; this finds the line and
    the words.
    """
    with contextlib.closing(_filled_lines(path)) as lines:
        names = _RATING_COLUMNS
        if not _is_dat(path):
            _, header = next(lines)
            names = _split_line(path, header)
        for row, (number, line) in enumerate(lines):
            if row < rows_before:
                continue
            fields = _split_line(path, line)
            if len(fields) != len(names):
                raise ValueError(_length_message(path, number, line, names))
            for name, text in zip(names, fields, strict=True):
                problem = _field_problem(name, text) if name in _RATING_TYPES else None
                if problem:
                    raise ValueError(f"{path}, line {number}: {problem}")
    raise ValueError(f"{path}, after line {rows_before + 1}: {reason}")


def _rating_chunks(path: Path, stream: _WatchedStream) -> Iterator[pd.DataFrame]:
    """Yield a ratings file in checked pieces, so that a large one never lies in memory as text."""
    layout: dict[str, Any] = {"dtype": _RATING_TYPES, "encoding_errors": "replace"}
    if _is_dat(path):
        layout |= {"sep": ":", "header": None, "names": _DAT_FIELDS}
    low, high = RATING_RANGE
    rows_before = 0
    try:
        with pd.read_csv(io.BufferedReader(stream), chunksize=_CHUNK_ROWS, **layout) as chunks:
            for chunk in chunks:
                identities = chunk[["userId", "movieId"]].to_numpy()
                between_colons = [name for name in _DAT_FIELDS[1::2] if name in chunk.columns]
                if not (
                    # a NaN compares false, so it is caught here as well
                    chunk["rating"].between(low, high).all()
                    and ((identities >= 1) & (identities <= _LARGEST_ID)).all()
                    and (chunk["timestamp"] >= 0).all()
                    and chunk[between_colons].isna().to_numpy().all()
                ):
                    raise ValueError("a value is out of range")
                rows_before += len(chunk)
                yield chunk
    except (ValueError, TypeError, OverflowError) as error:  # pandas: a field is no such number
        _raise_bad_rating(path, rows_before, error)


def _check_no_duplicates(
    path: Path, users: np.ndarray, movies: np.ndarray, header_lines: int
) -> None:
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
        _line_of_row(path, int(order[nearest + step]), header_lines) for step in (0, 1)
    )
    row = order[nearest]
    raise ValueError(
        f"{path}, line {second}: user {users[row]} rates film {movies[row]} again (first on line "
        f"{first}); "
        "expected each pair of user and film once"
    )


def _read_ratings(path: Path) -> pd.DataFrame:
    """Return a ratings file as a table of compact types."""
    compact = {"userId": np.int32, "movieId": np.int32, "rating": np.float32, "timestamp": np.int64}
    pieces: dict[str, list[np.ndarray]] = {name: [] for name in compact}
    stream = _open_watched(path)
    with stream, _naming_damage(path):
        _check_head(path, _RATING_COLUMNS)
        for chunk in _rating_chunks(path, stream):
            for name, dtype in compact.items():
                pieces[name].append(chunk[name].to_numpy(dtype=dtype))
    _check_complete(path, stream)
    if sum(map(len, pieces["rating"])) == 0:
        raise ValueError(f"{path} holds no ratings; expected at least one line below the header")
    # pop: the pieces of a column are freed before the next column is joined.
    columns = {name: np.concatenate(pieces.pop(name)) for name in compact}
    header_lines = 0 if _is_dat(path) else 1
    _check_no_duplicates(path, columns["userId"], columns["movieId"], header_lines)
    return pd.DataFrame(columns, copy=False)


def _movie_table(path: Path, stream: _WatchedStream) -> pd.DataFrame:
    """Return a films file as a table of strings."""
    if _is_dat(path):
        # Written in latin-1, long ago. Only "\n" ends a line: str.splitlines would also cut at
        # "\x85".
        lines = io.BufferedReader(stream).read().decode("latin-1").split("\n")
        filled = pd.Series([line.rstrip("\r") for line in lines if line.strip()], dtype=object)
        table = filled.str.split("::", expand=True)
        if table.shape[1] > len(_MOVIE_COLUMNS):
            row = int(np.argmax(table[len(_MOVIE_COLUMNS)].notna()))
            number = _line_of_row(path, row, 0)
            raise ValueError(_length_message(path, number, filled.iloc[row], _MOVIE_COLUMNS))
        return table.reindex(columns=range(len(_MOVIE_COLUMNS))).set_axis(_MOVIE_COLUMNS, axis=1)
    # keep_default_na: a film may be called "Null" or "NA".
    table = pd.read_csv(
        io.BufferedReader(stream), dtype=str, keep_default_na=False, encoding="utf-8"
    )
    return table[_MOVIE_COLUMNS]


def _read_movies(path: Path) -> pd.DataFrame:
    """Return a films file as a table, checked."""
    header_lines = 0 if _is_dat(path) else 1
    stream = _open_watched(path)
    with stream, _naming_damage(path):
        _check_head(path, _MOVIE_COLUMNS)
        try:
            table = _movie_table(path, stream)
        except pd.errors.ParserError as error:  # says which line
            raise ValueError(f"{path}: {error}; expected {', '.join(_MOVIE_COLUMNS)}") from error
    _check_complete(path, stream)

    identities = pd.to_numeric(table["movieId"], errors="coerce").to_numpy(dtype=np.float64)
    whole = (identities >= 1) & (identities <= _LARGEST_ID) & (identities == np.floor(identities))
    for name, bad, expected in (
        ("movieId", ~whole, f"a whole number from 1 to {_LARGEST_ID}"),
        ("title", (table["title"].isna() | (table["title"] == "")).to_numpy(), "a title"),
        (
            "genres",
            (table["genres"].isna() | (table["genres"] == "")).to_numpy(),
            "genres separated by |",
        ),
        ("movieId", table["movieId"].duplicated().to_numpy(), "each film once"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            given = table[name].iloc[row]
            given = "missing" if pd.isna(given) else repr(given)
            line = _line_of_row(path, row, header_lines)
            raise ValueError(f"{path}, line {line}: {name} is {given}; expected {expected}")
    return table.assign(movieId=identities.astype(np.int32))


def _find_table(folder: Path, table: str) -> Path:
    """Return the path of one table of a GroupLens folder."""
    names = [f"{table}{ending}" for ending in (".csv", ".csv.gz", ".dat", ".dat.gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"no {table} in {folder}; expected one of {', '.join(names)}")


def load_movielens(path: str | os.PathLike[str] | None = None) -> MovieLens:
    """Load MovieLens: the edition that ships with the course, or any GroupLens folder.

    Introduced in *Check your set-up and find your way*.

    Parameters
    ----------
    path : str or path-like, optional
        A folder that holds ``ratings`` and ``movies``, as ``.csv`` with a header (ml-latest-small,
        ml-25m, ml-32m) or as ``.dat`` separated by ``::`` (ml-1m, ml-10m; titles in latin-1), each
        gzipped or not. Without it, the shipped ml-latest-small of October 2016: 100,004 ratings by
        671 users of 9,066 films. `download` fetches larger sets and returns such a folder.

    Returns
    -------
    MovieLens
        ``(ratings, movies)``, two tables; ``.matrix()`` gives the sparse matrix of items × users.

    Raises
    ------
    FileNotFoundError
        If the folder or one of the two tables is missing.
    ValueError
        If a file is empty, cut or damaged, a column is missing, a line has too few or too many
        fields, an id is not a whole number from 1, a rating is not a number from 0.5 to 5, a user
        rates a film twice, or a rated film is not in the table of films. The message names the
        file, the line and what was expected. A last line without a line break counts as cut.

    Notes
    -----
    Read in pieces of a million rows: 20 bytes for each rating in the end, a little more on the way
    there.

    References
    ----------
    F. M. Harper and J. A. Konstan (2015). The MovieLens datasets: history and context. ACM
    Transactions on Interactive Intelligent Systems 5(4), 19. doi:10.1145/2827872

    Examples
    --------
    >>> movielens = load_movielens()
    >>> len(movielens.ratings)
    100004
    >>> movielens.movies.title[movielens.movies.movieId == 1485].item()
    'Liar Liar (1997)'
    >>> movielens.matrix().matrix.shape
    (9066, 671)
    """
    folder = data_directory() / "ml-latest-small" if path is None else Path(path)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise FileNotFoundError(
            f"{folder} {what}; expected a folder with ratings.csv and movies.csv (or .dat), such "
            "as ml-25m"
        )
    ratings_path, movies_path = _find_table(folder, "ratings"), _find_table(folder, "movies")
    if path is None:
        _check_shipped(folder.parent, ratings_path)
        _check_shipped(folder.parent, movies_path)
    ratings, movies = _read_ratings(ratings_path), _read_movies(movies_path)
    rated = ratings["movieId"].to_numpy()
    known = np.isin(rated, movies["movieId"].to_numpy(), kind=None)
    if not known.all():
        row = int(np.argmin(known))
        line = _line_of_row(ratings_path, row, int(not _is_dat(ratings_path)))
        raise ValueError(
            f"{ratings_path}, line {line}: film {rated[row]} is not in {movies_path}; expected "
            "every rated film "
            "there (one of the two files may be cut, or of another edition)"
        )
    return MovieLens(ratings, movies)
