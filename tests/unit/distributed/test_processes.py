"""Who is ended at the end of a block, and how: real processes, and stand-ins for foreign ones."""

import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from course_utils.distributed import _processes
from course_utils.distributed._processes import processes

PYTHON = [sys.executable, "-I", "-S", "-c"]  # a bare one is there in a fiftieth of a second
BARE = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-I', '-S', '-c', {!r}], {})"
SLEEP = "import time; time.sleep(3600)"


def says(start, code, variables=None):
    """Start a process that first writes a line; return it and the line."""
    process = start([*PYTHON, code], variables or {}, stdout=subprocess.PIPE)
    return process, process.stdout.readline()


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # a dead child of nobody may stay as one
    except psutil.NoSuchProcess:
        return False


def test_a_process_gets_variables_on_top_of_the_environment_and_its_options(monkeypatch, tmp_path):
    monkeypatch.setenv("ONE", "old")
    monkeypatch.setenv("TWO", "kept")
    code = "import os; print(os.environ['ONE'], os.environ['TWO'], os.getcwd(), flush=True)"
    with processes() as start:
        process = start([*PYTHON, code], {"ONE": "new"}, stdout=subprocess.PIPE, cwd=tmp_path)
        assert process.communicate()[0] == f"new kept {tmp_path}\n"


def test_what_a_process_writes_is_text_whatever_its_bytes():
    with processes() as start:
        code = "import sys; sys.stdout.buffer.write(b'\\xc3\\xbc \\xff\\n')"
        assert says(start, code)[1] == "ü \N{REPLACEMENT CHARACTER}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not ask, it ends")
def test_one_is_asked_first_has_time_to_say_farewell_and_its_pipes_are_closed(tmp_path):
    note = tmp_path / "note"
    code = f"""
import signal, sys, time
def farewell(*_):
    time.sleep(0.05)
    open({str(note)!r}, "w").write("farewell")
    sys.exit()
signal.signal(signal.SIGTERM, farewell)
print(flush=True)
time.sleep(3600)
"""
    with processes() as start:
        process, _ = says(start, code)
    assert note.read_text(encoding="utf-8") == "farewell"
    assert process.stdout.closed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not ask, it ends")
def test_one_that_does_not_end_when_asked_is_killed_after_a_while(monkeypatch):
    monkeypatch.setattr(_processes, "_GRACE", 0.02)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)"
    with processes() as start:
        process, _ = says(start, f"{code}; {SLEEP}")
    assert not psutil.pid_exists(process.pid)


def test_children_without_the_mark_are_ended_with_their_parent_also_behind_one_that_has_ended(
    monkeypatch,
):
    """Dask's processes lose the mark when they rename themselves."""
    monkeypatch.setattr(_processes, "_GRACE", 0.02)
    child = BARE.format(SLEEP, "env={}")
    with processes() as start:
        start([*PYTHON, "pass"], {}).wait()
        _, line = says(start, f"{child}; print(p.pid, flush=True); {SLEEP}")
        found = psutil.Process(int(line))
        assert lives(found)
    assert not lives(found)


class StandIn:
    """A process of the system that says this of itself, or raises it."""

    def __init__(self, pid, environ=None, status=psutil.STATUS_SLEEPING):
        self.pid, self._environ, self._status = pid, environ or {}, status

    def environ(self):
        if isinstance(self._environ, Exception):
            raise self._environ
        return self._environ

    def status(self):
        return self._status


@pytest.mark.parametrize(
    "silent",
    [psutil.AccessDenied(1), psutil.NoSuchProcess(1), PermissionError(), ProcessLookupError()],
    ids=lambda error: type(error).__name__,
)
def test_only_living_processes_with_the_mark_are_found_and_silent_ones_are_passed_over(
    silent, monkeypatch
):
    mark = {"COURSE_MARK": "mine"}
    everyone = [
        StandIn(1, silent),
        StandIn(2, {"COURSE_MARK": "another's"}),
        StandIn(3, mark),
        StandIn(4, mark, psutil.STATUS_ZOMBIE),
        StandIn(5),
        StandIn(6, mark),
    ]
    monkeypatch.setattr(_processes.psutil, "process_iter", lambda: everyone)
    assert {process.pid for process in _processes._those_with("mine")} == {3, 6}


def test_children_of_children_are_found_of_all_that_live_and_are_still_there(monkeypatch):
    """A stand-in has one child, of ten times its number, and that has one, of a hundred times."""

    class Process(StandIn):
        def __init__(self, pid):
            if pid == 3:
                raise psutil.NoSuchProcess(pid)
            super().__init__(pid)

        def children(self, recursive=False):
            return [StandIn(10 * self.pid), *([StandIn(100 * self.pid)] if recursive else [])]

    monkeypatch.setattr(_processes.psutil, "Process", Process)
    codes = {1: None, 2: 0, 3: None, 4: None}  # the second has ended
    started = [SimpleNamespace(pid=pid, poll=lambda pid=pid: codes[pid]) for pid in codes]
    found = {process.pid for process in _processes._descendants(started)}
    assert found == {1, 10, 100, 4, 40, 400}


def test_one_that_may_not_be_ended_does_not_keep_the_others(monkeypatch):
    """Each is asked once and killed twice, with a wait after each."""
    calls = []

    class Process:
        def __init__(self, pid):
            self.pid = pid

        def end(self, how):
            calls.append((self.pid, how))
            if self.pid == 1:
                raise psutil.AccessDenied(1)

        def terminate(self):
            self.end("asked")

        def kill(self):
            self.end("killed")

    monkeypatch.setattr(_processes.psutil, "Process", Process)
    monkeypatch.setattr(_processes, "_descendants", lambda started: {one} if started else set())
    monkeypatch.setattr(_processes, "_those_with", lambda mark: {two} if mark == "mine" else set())
    monkeypatch.setattr(
        _processes.psutil, "wait_procs", lambda left, seconds: calls.append((len(left), seconds))
    )
    one, two = Process(1), Process(2)
    _processes._end_all([object()], "mine")
    for how in ("asked", "killed", "killed"):
        round_, calls = calls[:3], calls[3:]
        assert sorted(round_[:2]) == [(1, how), (2, how)]
        assert round_[2] == (2, _processes._GRACE)
    assert calls == []
