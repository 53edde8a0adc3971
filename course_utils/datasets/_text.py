"""Text files read with care: gzip, a byte order mark, a file that was cut, the number of a line."""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any

_GZIP_MAGIC = b"\x1f\x8b"
_DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


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
