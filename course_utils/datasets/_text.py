"""Text files read with care: gzip, encodings, the number of a line, a file that may be cut."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import itertools
import re
import warnings
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any

DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
_GZIP_MAGIC = b"\x1f\x8b"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Letters beyond ASCII as UTF-8 writes them, in two to four bytes.
_UTF_8_LETTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_TAIL = 4096


class WatchedStream(io.RawIOBase):
    """Pass bytes through, remembering the last ones: they tell whether the file ends well.

    `has_null` tells whether a zero byte was among them, at which pandas before 3.1 ends a field.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.tail = b""
        self.has_null = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._source.read(len(buffer))
        buffer[: len(block)] = block
        self.has_null = self.has_null or b"\0" in block
        self.tail = (self.tail + block[-_TAIL:])[-_TAIL:]
        return len(block)

    def close(self) -> None:
        self._source.close()
        super().close()

    def last_line(self) -> str | None:
        """Return the last line that is not blank, or None if it is longer than what was kept."""
        lines = [line for line in re.split(rb"[\r\n]", self.tail) if line.strip()]
        if not lines or (len(lines) == 1 and len(self.tail) == _TAIL):
            return None
        return lines[-1].decode(errors="replace").removeprefix("\ufeff")


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file of bytes, through gzip if its first two bytes say so, whatever its name."""
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP_MAGIC
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


@contextlib.contextmanager
def naming_damage(
    path: Path, remedy: str = "save it as UTF-8", encoding: str = "utf-8"
) -> Iterator[None]:
    """Turn what gzip and the decoder of text raise into a ValueError that names the file.

    The encoding is the one that was asked for; some decoders call themselves "charmap".
    """
    try:
        yield
    except DAMAGED_GZIP as error:
        raise ValueError(
            f"{path}: the gzip file is cut or damaged ({error}); get it again"
        ) from error
    except UnicodeError as error:
        what = encoding.removesuffix("-sig").upper()
        where = _undecoded_line(path) if what == "UTF-8" else ""
        raise ValueError(f"{path}{where} is not text in {what}; {remedy}") from error


def _undecoded_line(path: Path) -> str:
    """Say which is the first line that is not UTF-8, or nothing."""
    with open_bytes(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f", line {number}: byte {line[error.start]:#04x} in {line[:60]!r}; the file"
    return ""


def refuse_utf_16(path: Path, remedy: str = "save it as UTF-8") -> None:
    """Refuse a file that begins as UTF-16 does; spreadsheets write it as "Unicode text"."""
    with open_bytes(path) as stream:
        if stream.read(2) in _UTF_16:
            raise ValueError(f"{path} is text in UTF-16, expected UTF-8; {remedy}")


def read_text(path: Path, *, or_latin_1: bool = False) -> str:
    """Return the text of a file in UTF-8, or in latin-1 if it can only be that.

    Text in latin-1 is hardly ever UTF-8 by chance: a letter such as "é" would have to be followed
    by a sign or a control character from 0x80 to 0xBF. So what decodes strictly as UTF-8 is UTF-8.
    What does not is latin-1, unless some of its letters are UTF-8: then it was, and is damaged.
    """
    with naming_damage(path):
        refuse_utf_16(path)
        with open_bytes(path) as stream:
            content = stream.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if not or_latin_1:
                raise
    if _UTF_8_LETTER.search(content):
        raise ValueError(
            f"{path}{_undecoded_line(path)} holds letters in UTF-8 and others that are not; it is "
            "damaged, get it again"
        )
    return content.decode("latin-1")


def filled_lines(path: Path) -> Generator[tuple[int, str], None, None]:
    """Yield number and text of the lines that are not blank; for error messages only, slow."""
    with io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line.removesuffix("\n")


def line_of_row(path: Path, row: int, header_lines: int) -> int:
    """Return the line number of data row `row` (from 0), for an error message."""
    with contextlib.closing(filled_lines(path)) as lines:
        for number, _ in itertools.islice(lines, row + header_lines, None):
            return number
    raise AssertionError(f"{path} has no row {row}")


def warn_unfinished(path: Path, rows: int, stacklevel: int) -> None:
    """Warn that a file of so many rows has no line break at its end.

    Many published files lack it, and so does one that was cut within its last field. The stack
    level is that of the caller of the public function, so that the warning points at their line.
    """
    warnings.warn(
        f"{path}: the last line has no line break, so the file may be cut within its last field. "
        f"It was read: {rows:,} rows below the header, if there is one. Compare that number, or "
        "the sha256 of the file, with what its source states; if the file is whole, end its last "
        "line to be rid of this warning.",
        stacklevel=stacklevel,
    )
