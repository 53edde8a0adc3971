"""Real and planted data: digits, films, any ratings table, and larger sets to download.

Everything a notebook loads by default ships in ``data/`` and needs no network. The functions here
read it, check that it is intact, and hand out arrays of compact types. ``data/README.md`` has
sources and terms.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import itertools
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

__all__ = [
    "DOWNLOADS",
    "MNIST",
    "DownloadError",
    "Interactions",
    "MovieLens",
    "PlantedInteractions",
    "RemoteFile",
    "data_directory",
    "download",
    "load_interactions",
    "load_mnist",
    "load_movielens",
    "planted_interactions",
]

RATING_RANGE = (0.5, 5.0)
_GZIP_MAGIC = b"\x1f\x8b"
_DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
_LARGEST_ID = np.iinfo(np.int32).max


# --- where the data is ---------------------------------------------------------------------------


def data_directory() -> Path:
    """Return the folder that holds the data of the course.

    It is the folder named by the environment variable ``COURSE_DATA`` if that is set, and
    otherwise the folder ``data`` beside the package `course_utils` in the checkout.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder. The message says where it was looked for and what to do.

    Examples
    --------
    >>> (data_directory() / "README.md").exists()
    True
    """
    named = os.environ.get("COURSE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parent.parent / "data"
    if folder.is_dir():
        return folder
    if named:
        raise FileNotFoundError(
            f"the environment variable COURSE_DATA names {folder}, which is not a folder; "
            "set it to the folder 'data' of the course, or unset it"
        )
    raise FileNotFoundError(
        f"no folder {folder}; the data lies beside course_utils in a checkout of the course. "
        "Install the "
        "package from the checkout (pip install -e .), or set the environment variable "
        "COURSE_DATA to the "
        "course's folder 'data'"
    )


def _repair_hint(folder: Path) -> str:
    """Say how to get a damaged or missing file of the shipped data back."""
    script = folder / "build.py"
    return f"get it back with 'python {script}', or with 'git checkout -- data' in the course"


# --- MNIST ---------------------------------------------------------------------------------------


class MNIST(NamedTuple):
    """The MNIST digits: 60,000 to train on and 10,000 to test on.

    Introduced in *Check your set-up and find your way*.

    Attributes
    ----------
    x_train : ndarray of float32, shape (60000, 784)
        Pixels in [0, 1], row by row of a 28 × 28 picture; 0 is background, 1 is ink.
    y_train : ndarray of uint8, shape (60000,)
        The digit 0–9 that each picture shows.
    x_test : ndarray of float32, shape (10000, 784)
        Pixels of the test digits, written by other people than the training digits.
    y_test : ndarray of uint8, shape (10000,)
        The digits of the test pictures.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def _read_idx(path: Path, shape: tuple[int, ...], hint: str) -> np.ndarray:
    """Return the bytes of one gzipped idx file, shape `shape`; gzip's own CRC vouches for them."""
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; {hint}") from None
    except _DAMAGED_GZIP as error:
        raise ValueError(f"{path} is damaged or cut ({error}); {hint}") from error
    header_size = 4 * (1 + len(shape))
    header = tuple(np.frombuffer(content[:header_size], dtype=">u4").tolist())
    # idx: two zero bytes, 8 for unsigned bytes, the number of dimensions, then the length of each.
    expected = (0x0800 + len(shape), *shape)
    if header != expected or len(content) != header_size + int(np.prod(shape)):
        raise ValueError(
            f"{path} is not the idx file expected: header {header} and {len(content)} bytes, "
            "expected header "
            f"{expected} and {header_size + int(np.prod(shape))} bytes; {hint}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header_size).reshape(shape)


def load_mnist() -> MNIST:
    """Load the 70,000 MNIST digits that ship with the course.

    Introduced in *Check your set-up and find your way*.

    Returns
    -------
    MNIST
        ``(x_train, y_train, x_test, y_test)``: float32 pixels in [0, 1] of shape (60000, 784) and
        (10000, 784), and uint8 labels of shape (60000,) and (10000,). About 220 MB of memory.

    Raises
    ------
    FileNotFoundError
        If the folder of the data or one of the four files is missing.
    ValueError
        If a file is cut or damaged: its gzip checksum, its header or its length is wrong. The
        message names the file and says how to get it back.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to
    document recognition. Proceedings of the IEEE 86(11), 2278–2324. doi:10.1109/5.726791

    Examples
    --------
    >>> mnist = load_mnist()
    >>> mnist.x_train.shape, mnist.x_train.dtype, float(mnist.x_train.max())
    ((60000, 784), dtype('float32'), 1.0)
    >>> mnist.y_test[:5]
    array([7, 2, 1, 0, 4], dtype=uint8)
    """
    data = data_directory()
    hint = _repair_hint(data)
    arrays = []
    for name, count in (("train", 60_000), ("t10k", 10_000)):
        pixels = _read_idx(data / "mnist" / f"{name}-images-idx3-ubyte.gz", (count, 28, 28), hint)
        labels = _read_idx(data / "mnist" / f"{name}-labels-idx1-ubyte.gz", (count,), hint)
        images = np.divide(pixels.reshape(count, 784), np.float32(255), dtype=np.float32)
        arrays += [
            images,
            labels.copy(),
        ]  # a copy, because the bytes of a file cannot be written to
    return MNIST(*arrays)


# --- reading text files with care ----------------------------------------------------------------


class _WatchedStream(io.RawIOBase):
    """Pass bytes through, remembering the last one: a whole text file ends with a line break."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile) -> None:
        self._source = source
        self.last = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._source.read(len(buffer))
        if block:
            buffer[: len(block)] = block
            self.last = block[-1:]
        return len(block)

    def close(self) -> None:
        self._source.close()
        super().close()


def _open_watched(path: Path) -> _WatchedStream:
    """Open a file of bytes, through gzip if its first two bytes say so, whatever its name."""
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP_MAGIC
    return _WatchedStream(gzip.open(path, "rb") if packed else path.open("rb"))


def _check_complete(path: Path, stream: _WatchedStream) -> None:
    """Raise if a file that was read to its end has no line break there."""
    if not stream.last:
        raise ValueError(f"{path} is empty; expected a header line and then one line for each row")
    if stream.last not in b"\r\n":
        raise ValueError(
            f"{path}: the last line has no line break, so the file was probably cut while it was "
            "written or "
            "copied; get it again (or end its last line, if you are sure that it is whole)"
        )


@contextlib.contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    """Turn what gzip and the decoder of text raise into a ValueError that names the file."""
    try:
        yield
    except _DAMAGED_GZIP as error:
        raise ValueError(
            f"{path}: the gzip file is cut or damaged ({error}); get it again"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8: {error}") from error


def _filled_lines(path: Path) -> Generator[tuple[int, str], None, None]:
    """Yield number and text of the lines that are not blank; for error messages only, slow."""
    with io.TextIOWrapper(
        io.BufferedReader(_open_watched(path)), encoding="utf-8-sig", errors="replace"
    ) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line.removesuffix("\n")


def _line_of_row(path: Path, row: int, header_lines: int) -> int:
    """Return the line number of data row `row` (from 0), for an error message."""
    with contextlib.closing(_filled_lines(path)) as lines:
        for number, _ in itertools.islice(lines, row + header_lines, None):
            return number
    raise AssertionError(f"{path} has no row {row}")


# --- MovieLens -----------------------------------------------------------------------------------


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


def _check_shipped(data: Path, path: Path) -> None:
    """Compare a shipped text file with its listed hash; text has no checksum of its own."""
    listing = data / "SHA256SUMS"
    if not listing.is_file():  # a folder that the reader filled and named in COURSE_DATA
        return
    lines = (line.split() for line in listing.read_text(encoding="utf-8").splitlines())
    expected = {name: digest for digest, name in lines}.get(path.relative_to(data).as_posix())
    given = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is not None and given != expected:
        raise ValueError(
            f"{path} is not the file that ships with the course: sha256 is {given}, expected "
            f"{expected}; "
            f"{_repair_hint(data)}"
        )


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


# --- any wide table of ratings -------------------------------------------------------------------


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


# --- planted ratings -----------------------------------------------------------------------------


class PlantedInteractions(NamedTuple):
    """Ratings made by a known low-rank rule, some of them observed.

    Introduced in *Autoencode interactions in PyTorch*.

    Attributes
    ----------
    observed : csr_array of float32, shape (n_users, n_items)
        The cells that are given to a model: truth plus noise.
    truth : ndarray of float32, shape (n_users, n_items)
        What every cell would be without noise, in [1, 5].
    mask : ndarray of bool, shape (n_users, n_items)
        True where a cell is observed.
    user_factors : ndarray of float32, shape (n_users, rank)
        One unit vector for each user.
    item_factors : ndarray of float32, shape (n_items, rank)
        One unit vector for each item.
    user_groups : ndarray of int64, shape (n_users,)
        The planted group of each user; all 0 where none were planted.
    """

    observed: csr_array
    truth: np.ndarray
    mask: np.ndarray
    user_factors: np.ndarray
    item_factors: np.ndarray
    user_groups: np.ndarray


def _unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _check_count(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return a whole number in range, or raise."""
    limit = f"from {low} to {high}" if high is not None else f"of at least {low}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} is {value!r}; expected a whole number {limit}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name} is {value}; expected a whole number {limit}")
    return int(value)


def planted_interactions(
    n_users: int,
    n_items: int,
    rank: int,
    density: float,
    noise: float,
    seed: int,
    *,
    n_groups: int | None = None,
    group_spread: float = 0.5,
) -> PlantedInteractions:
    """Make ratings in which there is something to learn, and that says what it is.

    Introduced in *Autoencode interactions in PyTorch*.

    User *i* and item *j* are unit vectors uᵢ and vⱼ in `rank` dimensions, and ::

        truth[i, j]    = 3 + 2 uᵢ·vⱼ                              in [1, 5], without clipping
        observed[i, j] = truth[i, j] + noise · ε,   ε ~ N(0, 1)    on the observed cells

    so ``truth − 3`` has exactly rank `rank`, and no prediction of new observed cells has a smaller
    expected squared error than ``noise²``, that of the truth. The standard deviation of the truth
    is close to 2/√rank.

    Parameters
    ----------
    n_users, n_items : int
        The shape of the matrix; the truth takes 4 bytes for each cell.
    rank : int
        The number of factors, at most ``min(n_users, n_items)``.
    density : float
        The fraction of cells observed, in (0, 1]: exactly ``round(density · n_users · n_items)``
        cells, at least one, chosen evenly.
    noise : float
        The standard deviation of the noise in stars, at least 0. Noisy ratings are not clipped, as
        that would move their mean; they may lie a little outside of [1, 5].
    seed : int
        Factors, mask and noise come from three streams of it: changing `density` or `noise` leaves
        the truth as it is, and changing `noise` leaves the mask as it is.
    n_groups : int, optional
        Plant this many groups of users, at most `rank`. Users of a group are scattered around a
        direction of their own; the directions are at right angles. Without it, directions of users
        are even.
    group_spread : float
        The length, in expectation, of the scatter around the direction of the group before it is
        scaled to length 1: 0 makes the users of a group the same; far above 1 no groups can be
        seen.

    Returns
    -------
    PlantedInteractions
        ``(observed, truth, mask, user_factors, item_factors, user_groups)``.

    Raises
    ------
    TypeError
        If a count is not a whole number.
    ValueError
        If a number is out of the range stated above.

    Examples
    --------
    >>> planted = planted_interactions(100, 40, rank=3, density=0.25, noise=0.1, seed=0)
    >>> planted.observed.shape, planted.observed.nnz
    ((100, 40), 1000)
    >>> int(np.linalg.matrix_rank(planted.truth - 3))
    3
    >>> error = planted.observed.toarray()[planted.mask] - planted.truth[planted.mask]
    >>> print(f"{error.std():.2f}")
    0.10
    """
    n_users = _check_count("n_users", n_users, 1)
    n_items = _check_count("n_items", n_items, 1)
    rank = _check_count("rank", rank, 1, min(n_users, n_items))
    if not 0 < density <= 1:
        raise ValueError(f"density is {density}; expected a fraction above 0 and at most 1")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise is {noise}; expected a standard deviation of at least 0")
    if not 0 <= group_spread < np.inf:
        raise ValueError(f"group_spread is {group_spread}; expected a number of at least 0")
    if n_groups is not None:
        n_groups = _check_count("n_groups", n_groups, 1, rank)

    factor_rng, mask_rng, noise_rng = map(
        np.random.default_rng, np.random.SeedSequence(seed).spawn(3)
    )
    items = _unit_rows(factor_rng.standard_normal((n_items, rank)))
    scatter = factor_rng.standard_normal((n_users, rank))
    if n_groups is None:
        groups = np.zeros(n_users, dtype=np.int64)
        users = _unit_rows(scatter)
    else:
        groups = factor_rng.integers(n_groups, size=n_users)
        directions = np.linalg.qr(factor_rng.standard_normal((rank, rank)))[0]
        users = _unit_rows(directions[groups] + group_spread / np.sqrt(rank) * scatter)
    users, items = users.astype(np.float32), items.astype(np.float32)
    # Rounding may pass the ends by one unit in the last place.
    truth = np.clip(3 + 2 * (users @ items.T), 1, 5)

    cells = n_users * n_items
    count = max(1, round(density * cells))
    places = np.sort(mask_rng.choice(cells, size=count, replace=False, shuffle=False))
    mask = np.zeros((n_users, n_items), dtype=bool)
    mask.flat[places] = True
    values = truth.flat[places] + np.float32(noise) * noise_rng.standard_normal(
        count, dtype=np.float32
    )
    row_starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    observed = csr_array((values, places % n_items, row_starts), shape=(n_users, n_items))
    return PlantedInteractions(observed, truth, mask, users, items, groups)


# --- larger data sets ----------------------------------------------------------------------------


class DownloadError(OSError):
    """A data set could not be had; the message says what each place answered and what to do."""


class RemoteFile(NamedTuple):
    """A file elsewhere: how it is known, and where it can be had.

    Attributes
    ----------
    size : int
        Its length in bytes.
    hash : str
        The algorithm and the digest of its content: ``"sha256:…"`` or ``"md5:…"``.
    urls : tuple of str
        Where to look for it, in this order.
    """

    size: int
    hash: str
    urls: tuple[str, ...]


def _grouplens(name: str, size: int, digest: str) -> RemoteFile:
    """Return the entry of one set: where GroupLens keeps it, then the Internet Archive."""
    url = f"https://files.grouplens.org/datasets/movielens/{name}.zip"
    # "id_" asks the archive for the bytes as they were; the hash decides whether they are the
    # right ones.
    return RemoteFile(size, digest, (url, f"https://web.archive.org/web/2024id_/{url}"))


DOWNLOADS: Mapping[str, RemoteFile] = {
    "ml-latest-small": _grouplens(
        "ml-latest-small",
        978_202,
        "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
    ),
    "ml-1m": _grouplens(
        "ml-1m",
        5_917_549,
        "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
    ),
    "ml-25m": _grouplens(
        "ml-25m",
        261_978_986,
        "sha256:8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
    ),
    # GroupLens publishes the md5 of this one; no sha256 was at hand.
    "ml-32m": _grouplens("ml-32m", 238_950_008, "md5:d472be332d4daa821edc399621853b57"),
}
# The licence travels with the ratings; tags and genome scores, half of the bytes, stay in the zip
# file.
_WANTED_MEMBER = re.compile(r"(ratings|movies)\.(csv|dat)|README(\.\w+)?")


def _file_problem(path: Path, remote: RemoteFile) -> str | None:
    """Say how a file differs from what the registry knows, or None."""
    import pooch

    size = path.stat().st_size
    if size != remote.size:
        return f"{size:,} bytes, expected {remote.size:,}: cut, or another file"
    algorithm, _, expected = remote.hash.partition(":")
    given = pooch.file_hash(str(path), alg=algorithm)
    return (
        None
        if given == expected
        else f"{algorithm} is {given}, expected {expected}: another file, or damaged"
    )


def _network_problem(error: Exception, timeout: float) -> str:
    """Say in words what an exception of requests means."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"the connection ended before the file was whole ({error})"
    if isinstance(error, requests.ConnectionError):
        return "no connection: nothing answers there, or this machine has no network"
    return f"{type(error).__name__}: {error}"


def _fetch(
    archive: Path, remote: RemoteFile, timeout: float, progress: bool, history: Sequence[str]
) -> None:
    """Download `archive` from the first place that has the right bytes; leave no wrong ones."""
    import pooch
    import requests

    problems = list(history)
    downloader = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=timeout)
    # A folder of one's own makes two processes safe: each writes there, and the last one puts the
    # same bytes in the place of the first one's.
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=f".{archive.name}-") as folder:
        partial = Path(folder) / archive.name
        for url in remote.urls:
            try:
                downloader(url, str(partial), None)
            except requests.RequestException as error:
                problems.append(f"{url}: {_network_problem(error, timeout)}")
                continue
            problem = _file_problem(partial, remote)
            if problem is None:
                _put(partial, archive, remote)
                return
            problems.append(f"{url}: {problem}")
    listed = "\n".join(f"  - {problem}" for problem in problems)
    raise DownloadError(
        f"{archive.name} ({remote.size:,} bytes, {remote.hash}) could not be "
        f"downloaded:\n{listed}\n"
        "What to do: the edition that ships with the course needs no network, load_movielens(). "
        "For this one, try "
        f"again later, or fetch {remote.urls[0]} with a browser, save it as {archive} and call "
        "download again."
    )


def _put(partial: Path, archive: Path, remote: RemoteFile) -> None:
    """Move a checked file to its place in one step."""
    try:
        os.replace(partial, archive)
    except OSError:
        # Windows refuses while another process reads the file; if that one is good, nothing is
        # lost.
        if not archive.is_file() or _file_problem(archive, remote) is not None:
            raise


def _crc32(path: Path) -> int:
    """Return the checksum that zip files keep of their members."""
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(2**20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _wanted_members(bundle: zipfile.ZipFile, folder: str) -> dict[str, zipfile.ZipInfo]:
    """Return the members to unpack by file name; refuse paths that lead out of the bundle."""
    wanted = {}
    for member in bundle.infolist():
        parts = PurePosixPath(member.filename).parts
        if (
            not parts
            or parts[0] == "/"
            or ".." in parts
            or "\\" in member.filename
            or ":" in parts[0]
        ):
            raise DownloadError(
                f"{bundle.filename}: refused, as it names a path outside of it: {member.filename!r}"
            )
        if len(parts) == 2 and parts[0] == folder and _WANTED_MEMBER.fullmatch(parts[1]):
            wanted[parts[1]] = member
    return wanted


def _unpack(archive: Path, target: Path) -> Path:
    """Unpack the tables of a zip file into `target`, in one step, unless they are there."""
    with zipfile.ZipFile(archive) as bundle:
        members = _wanted_members(bundle, target.name)

        def whole(folder: Path) -> bool:
            return all(
                (folder / name).is_file()
                and (folder / name).stat().st_size == member.file_size
                and _crc32(folder / name) == member.CRC
                for name, member in members.items()
            )

        for table in ("ratings", "movies"):
            if not any(name.startswith(table) for name in members):
                raise DownloadError(
                    f"{archive} holds no {target.name}/{table}.csv or .dat; expected one of them"
                )
        if target.is_dir() and whole(target):
            return target
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            for name, member in members.items():
                # The name is ours, matched above; the path inside of the zip file is not used to
                # write.
                with bundle.open(member) as source, (fresh / name).open("wb") as copy:
                    shutil.copyfileobj(source, copy, 2**20)
            try:
                if target.is_dir():
                    if whole(target):  # put there by another process in the meantime
                        return target
                    os.rename(target, Path(temporary) / "damaged")
                os.rename(fresh, target)
            except OSError:
                # Another process was faster; its files are as good as ours.
                if not (target.is_dir() and whole(target)):
                    raise
    return target


def download(
    name: str,
    *,
    directory: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    progress: bool = True,
    registry: Mapping[str, RemoteFile] = DOWNLOADS,
) -> Path:
    """Download a larger MovieLens set, check it, unpack it, and return its folder.

    Nothing in the course needs it. The sets may be used for research and teaching under the terms
    in their README, which is unpacked with them; they may not be passed on.

    Parameters
    ----------
    name : {"ml-latest-small", "ml-1m", "ml-25m", "ml-32m"}
        Which set: 100,836 ratings (1 MB to download; the edition of September 2018), 1 million (6
        MB), 25 million (262 MB), or 32 million (239 MB).
    directory : str or path-like, optional
        Where to keep the zip file and the folder; by default the user's cache folder.
    timeout : float
        Seconds to wait for a server that says nothing.
    progress : bool
        Show a progress bar on standard error.
    registry : mapping of str to RemoteFile
        What is known of each set; for tests, and for mirrors of your own.

    Returns
    -------
    pathlib.Path
        The folder with ``ratings``, ``movies`` and the README, for `load_movielens`.

    Raises
    ------
    ValueError
        If the name is not in the registry.
    DownloadError
        If no place has the right bytes: a wrong hash, a file that was cut, a refusal such as 403,
        no connection, no answer. The message lists what each place answered, what was expected,
        and what to do next.

    Notes
    -----
    A zip file that is there already is used without the network, after its hash was checked; a
    damaged one is fetched again. So a file fetched by hand and put there works as well. Files
    appear under their name only when they are whole, and two processes may download the same set
    at once.

    Examples
    --------
    >>> folder = download("ml-1m")  # doctest: +SKIP
    >>> len(load_movielens(folder).ratings)  # doctest: +SKIP
    1000209
    """
    if name not in registry:
        raise ValueError(f"no data set {name!r}; expected one of {', '.join(registry)}")
    import pooch

    folder = Path(directory) if directory is not None else Path(pooch.os_cache("sparse-to-latent"))
    folder.mkdir(parents=True, exist_ok=True)
    archive, remote = folder / f"{name}.zip", registry[name]
    problem = _file_problem(archive, remote) if archive.is_file() else ""
    if problem is not None:
        _fetch(
            archive,
            remote,
            timeout,
            progress,
            [f"{archive} was there: {problem}"] if problem else [],
        )
    try:
        return _unpack(archive, folder / name)
    except zipfile.BadZipFile as error:
        raise DownloadError(
            f"{archive} has the right hash but is not a zip file: {error}"
        ) from error
