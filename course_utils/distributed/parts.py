"""Ratings in Parquet files, one for each run of users, in which no flipped byte goes unseen.

A part holds three columns, one row for each rating: ``user``, counted from the first user of the
part, ``item`` and ``halves``, the rating in half stars. What else one must know stands in the
metadata of its schema. Pages carry checksums, as Parquet offers them; but headers and footer have
none there, so the name of the file ends with the checksum of all its bytes.
"""

from __future__ import annotations

import io
import json
import os
import re
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments, _files, _sparse_forms

_NAME = re.compile(r"part-(?P<number>\d{5})-of-(?P<parts>\d{5})-(?P<checksum>[0-9a-f]{8})\.parquet")
_KEY = b"course"
_SCHEMA = pa.schema([("user", pa.int32()), ("item", pa.int32()), ("halves", pa.int8())])
_VALUES = {"stars": np.float32, "halves": np.int32, "rated": np.int32}


class DamagedPart(ValueError):
    """A part that is cut, changed, missing or of another set; the message names its file.

    Introduced in *Scale past one machine*.
    """


class Part(NamedTuple):
    """What a part says of itself.

    Attributes
    ----------
    number, parts : int
        Which part it is, counted from 0, and of how many.
    first_user : int
        Position of its first user among all users.
    users, items : int
        Rows and columns of its matrix; all parts of a set have the same items.
    ratings : int
        Ratings in it.
    """

    number: int
    parts: int
    first_user: int
    users: int
    items: int
    ratings: int


def write_part(
    folder: str | os.PathLike[str],
    stars: sp.sparray | sp.spmatrix,
    *,
    number: int,
    parts: int,
    first_user: int = 0,
) -> Path:
    """Write the ratings of a run of users to a file with checksums.

    Parameters
    ----------
    folder : path
        Where to; it must exist.
    stars : scipy sparse array, shape (users, items)
        Ratings in steps of half a star, from 0.5 to 5.
    number, parts : int
        Which part this is, counted from 0, and of how many.
    first_user : int
        Position of the first row among all users.

    Returns
    -------
    Path
        The file; its name ends with a checksum of its bytes. It appears whole or not at all.

    Raises
    ------
    TypeError
        If `stars` is not sparse, or a number is no integer.
    ValueError
        If a rating is no half star from 0.5 to 5, or a number is out of range.
    OSError
        If the file cannot be written, on a full disk for instance; the message names the part.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_part(folder, sp.csr_array([[0, 4.5], [3, 0]]), number=0, parts=1)
    ...     read_part(path).toarray()
    array([[0. , 4.5],
           [3. , 0. ]], dtype=float32)
    """
    csr = _sparse_forms.canonical_csr("stars", stars, sparse_only=True)
    parts = _arguments.integer("parts", parts, 1, 99_999)
    number = _arguments.integer("number", number, 0, parts - 1)
    first_user = _arguments.integer("first_user", first_user, 0)
    halves = 2 * csr.data
    wrong = (halves != np.round(halves)) | (halves < 1) | (halves > 10)
    if wrong.any():
        raise ValueError(
            f"stars must be half stars from 0.5 to 5, got {csr.data[wrong][0]:g}; round them first"
        )
    part = Part(number, parts, first_user, *csr.shape, csr.nnz)
    columns = [_sparse_forms.rows_of(csr), csr.indices, halves.astype(np.int8)]
    schema = _SCHEMA.with_metadata({_KEY: json.dumps(part._asdict())})
    table = pa.table([pa.array(c, t.type) for c, t in zip(columns, _SCHEMA, strict=True)], schema)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    content = buffer.getvalue()
    name = f"part-{number:05}-of-{parts:05}-{zlib.crc32(content):08x}.parquet"
    path = _files.home(folder, "folder") / name
    _files.replace_atomically(path, lambda file: file.write(content))
    return path


def write_runs(
    folder: Path, users: int, parts: int, between: Callable[[int, int], sp.csr_array]
) -> list[Path]:
    """Write all parts of a set, each with a run of users of nearly equal length.

    Parameters
    ----------
    folder : Path
        Where to; it must exist.
    users, parts : int
        How many there are, and how many files.
    between : callable
        Called with the first user of a part and the first of the next; returns their ratings.

    Returns
    -------
    list of Path
        The files, in order. The ratings of one are in memory at a time.
    """
    cuts = [users * part // parts for part in range(parts + 1)]
    return [
        write_part(folder, between(first, end), number=part, parts=parts, first_user=first)
        for part, (first, end) in enumerate(pairwise(cuts))
    ]


def read_part(
    path: str | os.PathLike[str], columns: ArrayLike | None = None, *, values: str = "stars"
) -> sp.csr_array:
    """Read a part as a sparse matrix, after a look at the checksum of every byte.

    Introduced in *Scale past one machine*.

    Parameters
    ----------
    path : path
        The file.
    columns : array_like of int, optional
        Items to keep, in this order. Default: all.
    values : {"stars", "halves", "rated"}
        Stars as float32, half stars as int32, or a 1 for each rating as int32. Whole numbers add
        up exactly in any order.

    Returns
    -------
    csr_array, shape (users of the part, items or number of columns)
        Users without a rating have an empty row.

    Raises
    ------
    DamagedPart
        If the file is missing, cut or changed, wherever the byte stands.
    ValueError
        If a column is out of range or named twice.
    """
    dtype = _VALUES[_arguments.choice("values", values, _VALUES)]
    part, table = _read(_files.home(path))
    users, items = (table.column(name).to_numpy() for name in ("user", "item"))
    indptr = np.zeros(part.users + 1, np.int64)
    np.cumsum(np.bincount(users, minlength=part.users), out=indptr[1:])
    if values == "rated":
        data = np.ones(part.ratings, dtype)
    else:
        data = table.column("halves").to_numpy().astype(dtype)
        if values == "stars":
            data /= 2
    index_type = np.int32 if part.ratings < 2**31 else np.int64
    matrix = sp.csr_array((data, items, indptr.astype(index_type)), (part.users, part.items))
    return matrix if columns is None else _kept(matrix, columns)


def describe_part(path: str | os.PathLike[str]) -> Part:
    """Read what a part says of itself, after a look at its checksums.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Part
        Its numbers.

    Raises
    ------
    DamagedPart
        If the file is missing, cut or changed.
    """
    return _read(_files.home(path))[0]


def list_parts(folder: str | os.PathLike[str]) -> list[Path]:
    """List the parts of a folder in order, if all of them are there.

    Introduced in *Scale past one machine*.

    Names are looked at, files are not opened: a damaged one is found when it is read.

    Parameters
    ----------
    folder : path
        Where one set of parts lies.

    Returns
    -------
    list of Path
        Part 0 first.

    Raises
    ------
    FileNotFoundError
        If there is no part.
    DamagedPart
        If one is missing, or there are parts of two sets.
    """
    folder = _files.home(folder, "folder")
    found = {path: _NAME.fullmatch(path.name) for path in sorted(folder.glob("part-*.parquet"))}
    names = {path: match for path, match in found.items() if match}
    if not names:
        raise FileNotFoundError(f"there is no part in {folder}; write_part names its files so")
    totals = {int(match["parts"]) for match in names.values()}
    numbers = [int(match["number"]) for match in names.values()]
    if len(totals) > 1 or len(set(numbers)) < len(numbers):
        raise DamagedPart(f"{folder} holds parts of two sets; keep each set in a folder of its own")
    (parts,) = totals
    if missing := sorted(set(range(parts)) - set(numbers)):
        raise DamagedPart(
            f"{folder} lacks part {missing[0]:05} of {parts:05} ({len(missing)} in all); "
            "write it again"
        )
    return list(names)


def _read(path: Path) -> tuple[Part, Any]:
    """Content of a part that is whole."""
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise DamagedPart(
            f"{path}: the name must be part-…-of-…-CHECKSUM.parquet, as write_part gives it"
        )
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DamagedPart(f"{path}: there is no such file; write this part again") from None
    if f"{zlib.crc32(content):08x}" != name["checksum"]:
        raise DamagedPart(
            f"{path}: the bytes do not have the checksum in its name, so the file is cut or "
            "changed; write this part again"
        )
    try:
        table = pq.read_table(io.BytesIO(content), page_checksum_verification=True)
        part = Part(**json.loads(table.schema.metadata[_KEY]))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedPart(f"{path}: not a part of this course ({error})") from error
    return part, table


def _kept(matrix: sp.csr_array, columns: ArrayLike) -> sp.csr_array:
    """Columns of a matrix in a given order; through a table of places, for SciPy's way sorts."""
    chosen = _arguments.integers("columns", columns)
    n_items = matrix.shape[1]
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= n_items):
        raise ValueError(f"columns must lie in 0 … {n_items - 1}, got {chosen}")
    places = np.full(n_items, -1, np.int32)
    places[chosen] = np.arange(len(chosen))
    if np.count_nonzero(places >= 0) < len(chosen):
        raise ValueError("columns must name each item once")
    place = places[matrix.indices]
    keep = place >= 0
    ends = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr].astype(matrix.indptr.dtype)
    kept = sp.csr_array((matrix.data[keep], place[keep], ends), (matrix.shape[0], len(chosen)))
    kept.sort_indices()
    return kept
