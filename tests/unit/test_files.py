"""Paths and writing: nothing half, nothing lost, nothing private by accident."""

import errno
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from course_utils import _files


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert _files.home("~/a b/ü") == tmp_path / "a b" / "ü"
    assert _files.home(Path("~") / "a") == tmp_path / "a"
    with pytest.raises(TypeError, match="^path must be text or a pathlib.Path, got 3$"):
        _files.home(3)


class TestWritable:
    @pytest.mark.parametrize(("names", "named"), [([], "path"), (["model"], "model")])
    def test_what_is_no_path_is_named(self, names, named):
        message = f"{named} must be text or a pathlib.Path, got 3"
        with pytest.raises(TypeError, match=f"^{message}$"):
            _files.writable(3, *names)

    def test_a_missing_folder_is_named(self, tmp_path):
        message = f"there is no folder {tmp_path / 'none'} to write model.pt into; create it first"
        with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
            _files.writable(tmp_path / "none" / "model.pt")

    def test_a_folder_is_no_file(self, tmp_path):
        message = f"{tmp_path} is a folder; give the path of a file in it"
        with pytest.raises(IsADirectoryError, match=f"^{re.escape(message)}$"):
            _files.writable(tmp_path)

    def test_a_folder_that_may_not_be_written_to_is_refused(self, tmp_path, monkeypatch):
        asked = []
        monkeypatch.setattr(_files.os, "access", lambda *arguments: bool(asked.append(arguments)))
        message = f"the folder {tmp_path} cannot be written to; choose another"
        with pytest.raises(PermissionError, match=f"^{re.escape(message)}$"):
            _files.writable(tmp_path / "model.pt")
        assert asked == [(tmp_path, os.W_OK)]

    def test_a_path_that_will_do_is_given_back(self, tmp_path):
        assert _files.writable(str(tmp_path / "model.pt")) == tmp_path / "model.pt"


class TestReplaceAtomically:
    def test_an_error_leaves_the_earlier_file_and_nothing_else(self, tmp_path):
        target = tmp_path / "model.pt"
        target.write_bytes(b"earlier")

        def fail(file):
            file.write(b"half")
            raise OSError("no space left on device")

        with pytest.raises(OSError, match="no space left"):
            _files.replace_atomically(target, fail)
        assert target.read_bytes() == b"earlier"
        assert os.listdir(tmp_path) == ["model.pt"]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
    @pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
    def test_a_new_file_has_the_mode_that_the_umask_asks_for(self, tmp_path, mask):
        before = os.umask(mask)
        try:
            _files.replace_atomically(tmp_path / "new", lambda file: file.write(b"x"))
            (tmp_path / "plain").touch()
        finally:
            os.umask(before)
        assert mode(tmp_path / "new") == mode(tmp_path / "plain")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
    def test_an_earlier_file_keeps_its_mode_and_a_link_stays_a_link(self, tmp_path):
        (tmp_path / "real").touch()
        (tmp_path / "real").chmod(0o664)
        (tmp_path / "link").symlink_to("real")
        _files.replace_atomically(tmp_path / "link", lambda file: file.write(b"x"))
        assert (tmp_path / "link").is_symlink()
        assert (mode(tmp_path / "real"), (tmp_path / "real").read_bytes()) == (0o664, b"x")

    def test_the_file_appears_once_all_of_it_is_on_the_disk(self, tmp_path, monkeypatch):
        target, stored, seen = tmp_path / "model.pt", [], []
        target.write_bytes(b"earlier")

        def write(file):
            seen.extend(set(os.listdir(tmp_path)) - {"model.pt"})
            file.write(b"whole")

        monkeypatch.setattr(
            _files.os, "fsync", lambda number: stored.append((os.fstat(number).st_size, whole()))
        )

        def whole():
            return target.read_bytes()

        _files.replace_atomically(target, write)
        assert stored == [(5, b"earlier")]
        assert whole() == b"whole"
        (partial,) = seen
        assert re.fullmatch(r"model\.pt\.[0-9a-f]{8}\.partial", partial)
        assert os.listdir(tmp_path) == ["model.pt"]

    def test_what_another_process_is_writing_is_not_taken_for_its_own(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_files.secrets, "token_hex", lambda _: "same")
        (tmp_path / "model.pt.same.partial").write_bytes(b"of another process")
        with pytest.raises(FileExistsError):
            _files.replace_atomically(tmp_path / "model.pt", lambda file: file.write(b"x"))
        assert not (tmp_path / "model.pt").exists()

    def test_the_first_error_is_the_one_that_is_told(self, tmp_path):
        def fail(_):
            for path in tmp_path.iterdir():
                path.unlink()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            _files.replace_atomically(tmp_path / "model.pt", fail)

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ((errno.ENOSPC, "No space left on device"), "model.pt"),
            ((errno.ENOENT, "No such file", "own.txt"), "own.txt"),
            (("words alone",), None),
        ],
    )
    def test_an_error_of_the_system_names_a_file(self, tmp_path, arguments, named):
        def fail(_):
            raise OSError(*arguments)

        with pytest.raises(OSError) as error:  # noqa: PT011 - the whole text is compared below
            _files.replace_atomically(tmp_path / "model.pt", fail)
        own = str(tmp_path / named) if named == "model.pt" else named
        assert error.value.filename == own
        assert str(error.value) == (
            f"[Errno {arguments[0]}] {arguments[1]}: {own!r}" if own else arguments[0]
        )


def test_a_text_is_stored_in_utf_8_with_its_own_line_ends(tmp_path):
    _files.replace_text(tmp_path / "note", "ü\r\n✓\n")
    assert (tmp_path / "note").read_bytes() == b"\xc3\xbc\r\n\xe2\x9c\x93\n"
