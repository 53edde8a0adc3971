"""Text files read with care: each way in which a file can be damaged has words of its own."""

import gzip
import io
import re

import pytest
from judging import direct_calls

from course_utils.datasets import _text
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


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.csv"


class TestWatchedStream:
    def read(self, content, size=7):
        source = io.BytesIO(content)
        stream = WatchedStream(source)
        with io.BufferedReader(stream, size) as reader:
            found = reader.read()
        assert source.closed
        assert stream.closed
        return stream, found

    @pytest.mark.parametrize("content", [b"", b"a,b\n", b"0123456789" * 1000])
    def test_bytes_pass_and_the_last_ones_are_kept(self, content):
        stream, found = self.read(content)
        assert found == content
        assert stream.tail == content[-4096:]
        assert stream.has_null is False

    def test_a_block_larger_than_what_is_kept(self):
        stream, found = self.read(bytes(range(1, 256)) * 40, 10_000)
        assert stream.tail == found[-4096:]

    @pytest.mark.parametrize("content", [b"\0aaaaaaaaaaaa", b"aaaaaaaaaaaa\0", b"aaaaaaa\0aaaaaa"])
    def test_a_zero_byte_anywhere_is_remembered(self, content):
        stream, _ = self.read(content, 3)
        assert stream.has_null is True

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            (b"", None),
            (b" \n\n", None),
            (b"one\ntwo", "two"),
            (b"one\r\ntwo\r\n \r\n", "two"),
            (b"one\rtwo\r", "two"),
            ("\ufeffone".encode(), "one"),
            (b"one\n\xff\n", "\ufffd"),
            (b"x" * 4095, "x" * 4095),
            (b"x" * 4096, None),
            (b"x" * 5000, None),
            (b"x" * 4094 + b"\ny", "y"),
        ],
    )
    def test_the_last_line_that_is_not_blank(self, content, line):
        stream, _ = self.read(content)
        assert stream.last_line() == line


@pytest.mark.parametrize("content", [b"", b"\x1f", b"\x1fa", b"text", b"\x8b\x1f"])
def test_what_does_not_begin_as_gzip_is_read_as_it_is(path, content):
    path.write_bytes(content)
    with open_bytes(path) as stream:
        assert stream.read() == content
    path.write_bytes(gzip.compress(content))
    with open_bytes(path) as stream:
        assert stream.read() == content


# Without the time, which would stand in the names of tests: each of pytest's workers packs anew.
PACKED = gzip.compress(b"text", mtime=0)


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (PACKED[:-3], "Compressed file ended before the end-of-stream marker"),
            (PACKED[:-8] + bytes(8), "CRC check failed"),
            (PACKED[:10] + b"\xff" * 9, "Error -3 while decompressing data"),
        ],
    )
    def test_of_a_gzip_file(self, path, content, reason):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="gzip") as error:
            read_text(path)
        text = str(error.value)
        assert text.startswith(f"{path}: the gzip file is cut or damaged ({reason}")
        assert text.endswith("); get it again")

    def test_of_letters(self, path):
        line = b"L\xe9on,4 and a line that goes on and on and on and on and on, too\n"
        path.write_bytes(b"one\r\n" + line + b"E\xe9\n")
        expected = (
            f"{path}, line 2: byte 0xe9 in b'L\\xe9on,4 and a line that goes on and on and on and"
            " on and on, '; the file is not text in UTF-8; "
        )
        with pytest.raises(ValueError, match="UTF-8") as error:
            read_text(path)
        assert str(error.value) == f"{expected}save it as UTF-8"
        with pytest.raises(ValueError, match="UTF-8") as error, naming_damage(path, "ask"):
            path.read_text(encoding="utf-8")
        assert str(error.value) == f"{expected}ask"

    @pytest.mark.parametrize(
        ("encoding", "name", "content"),
        [("cp1252", "CP1252", b"\x81"), ("utf-16", "UTF-16", b"a"), ("ascii", "ASCII", b"\xff")],
    )
    def test_of_letters_in_another_encoding(self, path, encoding, name, content):
        """A line of UTF-8 that is no UTF-8 is no news here."""
        path.write_bytes(content)
        with (
            pytest.raises(ValueError, match=name) as error,
            naming_damage(path, "ask", encoding),
        ):
            path.read_text(encoding=encoding)
        assert str(error.value) == f"{path} is not text in {name}; ask"

    def test_the_line_is_left_out_where_all_lines_can_be_read(self, path):
        path.write_bytes("é".encode())
        assert _text._undecoded_line(path) == ""

    def test_other_errors_pass(self, path):
        with pytest.raises(ZeroDivisionError), naming_damage(path):
            1 / 0  # noqa: B018

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_utf_16_is_known_by_its_first_bytes(self, path, encoding):
        path.write_bytes("\ufefftext".encode(encoding))
        for remedy in ("save it as UTF-8", "ask"):
            with pytest.raises(ValueError, match="UTF-16") as error:
                refuse_utf_16(path, *[remedy][remedy == "save it as UTF-8" :])
            assert str(error.value) == f"{path} is text in UTF-16, expected UTF-8; {remedy}"
        path.write_bytes("text".encode(encoding))
        refuse_utf_16(path)


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_utf_8_is_utf_8_though_it_may_be_latin_1(self, path, encoding):
        path.write_bytes("Léon 心\x85".encode(encoding))
        assert read_text(path) == read_text(path, or_latin_1=True) == "Léon 心\x85"

    def test_latin_1_is_read_where_it_may_be(self, path):
        path.write_bytes("Léon\x85ß".encode("latin-1"))
        assert read_text(path, or_latin_1=True) == "Léon\x85ß"
        with pytest.raises(ValueError, match="is not text in UTF-8"):
            read_text(path)

    @pytest.mark.parametrize("letter", ["é", "心", "🎬"])
    def test_letters_of_both_mean_damage(self, path, letter):
        line = letter.encode() + b"\xe9\n"
        path.write_bytes(b"one\n" + line)
        with pytest.raises(ValueError, match="damaged") as error:
            read_text(path, or_latin_1=True)
        assert str(error.value) == (
            f"{path}, line 2: byte 0xe9 in {line!r}; the file"
            " holds letters in UTF-8 and others that are not; it is damaged, get it again"
        )


class TestLines:
    def test_lines_that_are_not_blank_have_their_numbers(self, path):
        path.write_bytes("\ufeffone\r\n\n \ntwo\n\nthree".encode())
        assert list(filled_lines(path)) == [(1, "one"), (4, "two"), (6, "three")]
        path.write_bytes(gzip.compress(b"\xffone \n"))
        assert list(filled_lines(path)) == [(1, "\ufffdone ")]

    def test_the_line_of_a_row(self, path):
        path.write_bytes(b"\nhead\none\n\ntwo\n")
        assert [line_of_row(path, row, 1) for row in (0, 1)] == [3, 5]
        assert line_of_row(path, 0, 0) == 2
        with pytest.raises(AssertionError, match=f"^{re.escape(str(path))} has no row 2$"):
            line_of_row(path, 2, 1)


@direct_calls
def test_a_file_without_an_end_is_warned_about_where_its_reader_was_called(path):
    def load():
        warn_unfinished(path, 1234, stacklevel=3)

    with pytest.warns(UserWarning) as caught:  # noqa: PT030
        load()
    (warning,) = caught
    assert warning.filename == __file__


def test_what_is_said_of_a_file_without_an_end(path):
    with pytest.warns(UserWarning) as caught:  # noqa: PT030
        warn_unfinished(path, 1234, stacklevel=2)
    (warning,) = caught
    assert str(warning.message) == (
        f"{path}: the last line has no line break, so the file may be cut within its last field."
        " It was read: 1,234 rows below the header, if there is one. Compare that number, or the"
        " sha256 of the file, with what its source states; if the file is whole, end its last line"
        " to be rid of this warning."
    )
