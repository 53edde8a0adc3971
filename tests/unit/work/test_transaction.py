"""Several files change as one: what is put aside, what a journal says, and what a next run ends."""

import hashlib
import json
import sys
import time
import types
from pathlib import Path

import pytest

from course_utils.work import _transaction
from course_utils.work._transaction import Change, alone, back_up, commit, content, recover


@pytest.fixture
def folder(tmp_path):
    """Three copies, one of them deeper."""
    folder = tmp_path / "work"
    (folder / "done").mkdir(parents=True)
    for name in ("a", "b", "done/c"):
        (folder / name).write_bytes(f"old {name}".encode())
    return folder


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def change(folder, name, after):
    return Change(folder / name, content(folder / name), after)


OLD = {"a": b"old a", "b": b"old b", "done/c": b"old done/c"}


@pytest.fixture
def changes(folder):
    return [
        change(folder, "a", None),
        change(folder, "b", b"new b"),
        change(folder, "more/d", b"new d"),
    ]


NEW = {"b": b"new b", "done/c": b"old done/c", "more/d": b"new d"}


class TestAlone:
    def test_one_process_at_a_time(self, tmp_path):
        fcntl = pytest.importorskip("fcntl")
        lock = tmp_path / "a" / "work" / ".course" / "lock"
        with (
            alone(tmp_path / "a" / "work"),
            open(lock, "ab") as other,
            pytest.raises(BlockingIOError),
        ):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with alone(tmp_path / "a" / "work"), pytest.raises(ZeroDivisionError):
            1 / 0  # noqa: B018
        with open(lock, "ab") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_a_file_system_without_locks_is_no_obstacle(self, tmp_path, monkeypatch):
        fcntl = pytest.importorskip("fcntl")

        def refuse(*_):
            raise OSError

        monkeypatch.setattr(fcntl, "flock", refuse)
        with alone(tmp_path):
            pass

    def test_windows_locks_one_byte_and_waits(self, monkeypatch):
        calls = []
        stand_in = types.SimpleNamespace(LK_LOCK=5, locking=lambda *given: calls.append(given))
        monkeypatch.setitem(sys.modules, "msvcrt", stand_in)
        monkeypatch.setattr(_transaction, "os", types.SimpleNamespace(name="nt"))
        _transaction._claim(7)
        assert calls == [(7, 5, 1)]


class TestBackUp:
    @pytest.fixture(autouse=True)
    def at_the_epoch(self, monkeypatch):
        def strftime(form):
            return time.strftime(form, time.gmtime(0))

        monkeypatch.setattr(_transaction, "time", types.SimpleNamespace(strftime=strftime))

    def test_it_holds_what_is_about_to_change(self, folder):
        planned = [
            change(folder, "a", b"new"),
            change(folder, "done/c", None),
            change(folder, "new", b"new"),
            change(folder, ".course/base/a", b"new"),
        ]
        backups = folder / ".course" / "backups"
        (backups / "unfinished").mkdir(parents=True)
        (backups / "unfinished" / "left").touch()  # by a run that was killed
        target = back_up(folder, planned)
        assert target == backups / "1970-01-01_00-00-00"
        assert files(target) == {"a": b"old a", "done/c": b"old done/c"}
        assert list(backups.iterdir()) == [target]

    def test_several_in_one_second_have_numbers(self, folder):
        names = [back_up(folder, [change(folder, "a", b"new")]).name for _ in range(3)]
        first = "1970-01-01_00-00-00"
        assert names == [first, f"{first}_2", f"{first}_3"]

    def test_where_no_copy_changes_there_is_none(self, folder):
        (folder / ".course").mkdir()
        (folder / ".course" / "a").touch()
        planned = [change(folder, "new", b"new"), change(folder, ".course/a", b"new")]
        assert back_up(folder, planned) is None
        assert back_up(folder, []) is None
        assert list((folder / ".course").iterdir()) == [folder / ".course" / "a"]


class TestCommit:
    def test_all_changes_are_made_and_nothing_is_left(self, folder, changes):
        assert commit(folder, changes) == []
        assert files(folder) == NEW

    def test_no_change_needs_no_journal(self, folder):
        assert commit(folder, []) == []
        assert not (folder / ".course").exists()

    def test_new_files_come_first_and_removals_last(self, folder, changes, monkeypatch):
        monkeypatch.setattr(_transaction, "recover", lambda _: ["said"])
        assert commit(folder, changes) == ["said"]

        def mark(whole):
            return hashlib.sha256(whole).hexdigest()

        pending = folder / ".course" / "pending"
        assert json.loads((pending / "journal.json").read_bytes()) == [
            {"path": "more/d", "staged": "0", "before": None, "after": mark(b"new d")},
            {"path": "b", "staged": "1", "before": mark(b"old b"), "after": mark(b"new b")},
            {"path": "a", "staged": None, "before": mark(b"old a"), "after": None},
        ]
        assert files(folder).items() >= OLD.items()
        monkeypatch.undo()
        assert recover(folder) == []
        assert files(folder) == NEW


class TestRecover:
    @pytest.fixture
    def pending(self, folder, changes, monkeypatch):
        """A change of which the journal stands and nothing has happened yet."""
        with monkeypatch.context() as patch:
            patch.setattr(_transaction, "recover", lambda _: [])
            commit(folder, changes)
        return folder / ".course" / "pending"

    def test_nothing_to_recover(self, folder):
        assert recover(folder) == []
        assert files(folder) == OLD

    def test_before_the_journal_stands_nothing_has_happened(self, folder, pending):
        (pending / "journal.json").unlink()
        (pending / "journal.json.1234.partial").touch()
        assert recover(folder) == []
        assert files(folder) == OLD

    def test_the_journal_goes_first_so_that_a_kill_never_leaves_one_without_its_files(
        self, folder, pending, monkeypatch
    ):
        gone = []
        unlink = Path.unlink
        monkeypatch.setattr(
            Path, "unlink", lambda path, **more: (gone.append(path.name), unlink(path, **more))
        )
        recover(folder)
        assert gone == ["a", "journal.json", "0", "1"]

    def test_what_was_done_already_stays_done(self, folder, pending, monkeypatch):
        (folder / "more").mkdir()
        (folder / "more" / "d").write_bytes(b"new d")
        (folder / "a").unlink()
        written = []
        write = _transaction._write
        monkeypatch.setattr(
            _transaction, "_write", lambda path, whole: (written.append(path), write(path, whole))
        )
        assert recover(folder) == []
        assert files(folder) == NEW
        assert written == [folder / "b"]

    def test_what_somebody_saved_since_stays(self, folder, pending):
        for name in ("a", "b"):
            (folder / name).write_bytes(b"typed since")
        (folder / "more").mkdir()
        (folder / "more" / "d").write_bytes(b"made since")
        beside = {
            name: f"{name}-update-{hashlib.sha256(f'new {name}'.encode()).hexdigest()[:8]}"
            for name in "bd"
        }
        assert recover(folder) == [
            "more/d was saved by somebody during the update; it stays, and the update is "
            + beside["d"],
            f"b was saved by somebody during the update; it stays, and the update is {beside['b']}",
            "a was saved by somebody during the update; it stays",
        ]
        assert files(folder) == {
            "a": b"typed since",
            "b": b"typed since",
            "done/c": b"old done/c",
            "more/d": b"made since",
            beside["b"]: b"new b",
            f"more/{beside['d']}": b"new d",
        }

    def test_a_file_that_stays_does_not_keep_others_from_going(self, folder):
        gone = [Change(folder / "a", b"read", None), change(folder, "b", None)]
        said = commit(folder, gone)
        assert said == ["a was saved by somebody during the update; it stays"]
        assert files(folder) == {"a": b"old a", "done/c": b"old done/c"}

    def test_the_update_beside_a_notebook_is_a_notebook(self, folder):
        path = folder / "x.ipynb"
        commit(folder, [Change(path, b"read", b"new")])
        mark = hashlib.sha256(b"new").hexdigest()[:8]
        assert files(folder) == OLD | {f"x-update-{mark}.ipynb": b"new"}

    def test_what_a_killed_process_wrote_in_part_goes(self, folder):
        names = ["b[1].ipynb.12ab.partial", "a.partial", "b1.ipynb.12ab.partial"]
        for name in names:
            (folder / name).touch()
        commit(folder, [change(folder, "b[1].ipynb", b"new")])
        assert files(folder) == OLD | {"b[1].ipynb": b"new"} | dict.fromkeys(names[1:], b"")

    def test_a_file_that_is_gone_has_no_content(self, folder):
        assert content(folder / "gone") is None
        assert content(folder / "a") == b"old a"
        with pytest.raises(OSError, match="irectory|denied"):
            content(folder)
