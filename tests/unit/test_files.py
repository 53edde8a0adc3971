"""Paths and writing: nothing half, nothing lost, nothing private by accident."""

import os
import stat
import sys

import pytest

from course_utils import _files


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert _files.home("~/a b/ü") == tmp_path / "a b" / "ü"
    with pytest.raises(TypeError, match="^path must be text or a pathlib.Path, got 3$"):
        _files.home(3)


class TestWritable:
    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="to write model.pt into; create it first"):
            _files.writable(tmp_path / "none" / "model.pt")

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(IsADirectoryError, match="is a folder"):
            _files.writable(tmp_path)

    def test_a_folder_that_may_not_be_written_to_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_files.os, "access", lambda *_: False)
        with pytest.raises(PermissionError, match="cannot be written to"):
            _files.writable(tmp_path / "model.pt")


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
