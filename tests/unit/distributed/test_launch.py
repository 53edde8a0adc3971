"""A job ends with what it printed or with an error that names the rank, and leaves no process."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from course_utils.distributed import (
    RankFailed,
    launch,
    torchrun_command,
    torchrun_environment,
)
from course_utils.distributed._processes import processes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Return what writes a script, and see to it that no process of it is left."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = tmp_path / "job.py"

    def write(text):
        path.write_text(text, encoding="utf-8")
        return path

    yield write
    assert running(path) == []


def running(argument):
    """Processes with this in their command line, whoever started them."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        zombie = process.info["status"] == psutil.STATUS_ZOMBIE
        if str(argument) in (process.info["cmdline"] or []) and not zombie:
            found.append(process)
    return found


@pytest.mark.torch
@pytest.mark.slow
def test_what_ranks_print_is_returned(script):
    # In one piece: where output is not buffered, print writes the end of a line by itself.
    path = script("import os, sys; sys.stdout.write(f'{os.environ[\"RANK\"]} {sys.argv[1:]}\\n')")
    lines = launch(path, "a b", "ü", ranks=2).splitlines()
    assert sorted(lines) == ["0 ['a b', 'ü']", "1 ['a b', 'ü']"]


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("os.kill(os.getpid(), 9)", r"rank 1 of job\.py was killed \(SIGKILL\)"),
        ("raise ValueError('no such film')", r"rank 1 .*code 1; .*\n.*ValueError: no such film"),
        ("sys.exit(3)", r"rank 1 of job\.py ended with code 3"),
    ],
)
def test_a_rank_that_dies_is_named_and_the_other_does_not_wait(script, death, words):
    path = script(
        "import os, sys, time\n"
        f"if os.environ['RANK'] == '1': {death}\n"
        "time.sleep(3600)\n"  # as a rank that waits for the sum of another
    )
    with pytest.raises(RankFailed, match=f"(?s){words}"):
        launch(path, ranks=2)


@pytest.mark.torch
@pytest.mark.slow
def test_a_job_that_hangs_is_ended(script):
    path = script("import time; time.sleep(3600)")
    with pytest.raises(TimeoutError, match=r"job\.py on 2 ranks did not end in 4 s"):
        launch(path, ranks=2, timeout=4)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_no_rank_outlives_a_torchrun_that_was_killed(script):
    path = script(
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"  # one that does not end when asked
        "if os.environ['RANK'] == '0': os.kill(os.getppid(), 9)\n"
        "time.sleep(3600)\n"
    )
    with pytest.raises(RankFailed, match=r"job\.py ended with exit code -9"):
        launch(path, ranks=2)


def test_commands_are_those_of_torchrun():
    command = torchrun_command("a.py", "x", ranks=3, restarts=2)
    assert command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    options = ["--nproc-per-node", "3", "--max-restarts", "2", "--standalone", "a.py", "x"]
    assert command[3:] == options
    assert torchrun_command("~/a.py")[3:] == [
        *["--nproc-per-node", "2", "--max-restarts", "0", "--standalone"],
        str(Path.home() / "a.py"),
    ]
    meeting = ["--rdzv-backend", "c10d", "--rdzv-id", "course", "--rdzv-endpoint"]
    for endpoint, local in (
        ("127.0.0.1:29500", ["--local-addr", "127.0.0.1"]),
        ("node1:29500", []),
    ):
        assert torchrun_command("a.py", nodes=3, endpoint=endpoint)[7:] == [
            *["--nnodes", "3", *meeting, endpoint, *local, "a.py"]
        ]


@pytest.mark.parametrize(
    ("platform", "on_loopback", "elsewhere"),
    [
        ("linux", {"GLOO_SOCKET_IFNAME": "lo"}, {}),
        ("darwin", {"GLOO_SOCKET_IFNAME": "lo0"}, {}),
        ("win32", {"USE_LIBUV": "0"}, {"USE_LIBUV": "0"}),
    ],
)
def test_ranks_talk_through_loopback_unless_nodes_meet_elsewhere(
    platform, on_loopback, elsewhere, monkeypatch
):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    always = {"OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    assert torchrun_environment() == always | on_loopback
    assert torchrun_environment("127.0.0.1:29500") == always | on_loopback
    assert torchrun_environment("node1:29500") == always | elsewhere
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert torchrun_environment()["OMP_NUM_THREADS"] == "3"


class Torchrun:
    """What stands in for torchrun: writes this, and ends with this code, or not in time."""

    def __init__(self, monkeypatch):
        self.output, self.errors, self.code, self.in_time = b"", b"", 0, True
        self.calls, self.seconds, self.ended = [], None, False
        # As `launch` the package has the function, and not the module.
        module = sys.modules["course_utils.distributed.launch"]
        monkeypatch.setattr(module, "processes", self.processes)

    @contextlib.contextmanager
    def processes(self):
        try:
            yield self.start
        finally:
            self.ended = True

    def start(self, command, variables, *, stdin, stdout, stderr):
        self.calls.append((command, variables, stdin))
        os.write(stdout.fileno(), self.output)
        os.write(stderr.fileno(), self.errors)
        return SimpleNamespace(wait=self.wait)

    def wait(self, seconds):
        self.seconds = seconds
        if not self.in_time:
            raise subprocess.TimeoutExpired("torchrun", seconds)
        return self.code


@pytest.fixture
def torchrun(monkeypatch):
    return Torchrun(monkeypatch)


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "job.py"
    path.touch()
    return path


def test_what_is_started_is_the_command_with_its_variables_and_without_a_keyboard(job, torchrun):
    torchrun.output, torchrun.errors = "1 ü ".encode() + b"\xff\n", b"a warning\n"
    options = {"ranks": 3, "nodes": 2, "endpoint": "node1:29500", "restarts": 1}
    assert launch(job, "a", "b", timeout=7, **options) == "1 ü \N{REPLACEMENT CHARACTER}\n"
    assert torchrun.calls == [
        (
            torchrun_command(job, "a", "b", **options),
            torchrun_environment("node1:29500"),
            subprocess.DEVNULL,
        )
    ]
    assert torchrun.seconds == 7
    assert torchrun.ended
    launch(job, timeout=0.5)
    assert torchrun.seconds == 0.5
    launch(job)
    assert torchrun.calls[2][:2] == (torchrun_command(job), torchrun_environment())
    assert torchrun.seconds == 600


def test_a_job_that_is_late_says_so_and_is_ended(job, torchrun):
    torchrun.in_time = False
    with pytest.raises(TimeoutError) as error:
        launch(job, timeout=2.5)
    assert str(error.value) == (
        "job.py on 2 ranks did not end in 2.5 s and was stopped; "
        "does every rank take part in each sum?"
    )
    assert torchrun.ended


FAILURE = """\
W1129 14:00:00.000000 7 torch/distributed/run.py:803] Setting OMP_NUM_THREADS
{written}
E1129 14:00:01.000000 7 torch/distributed/elastic/api.py:882] failed (exitcode: {code}) \
local_rank: 1 (pid: 9) of binary: python
Traceback (most recent call last):
  File "run.py", line 1, in <module>
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
job.py FAILED
------------------------------------------------------------
Failures:
[1]:
  rank      : 0 (local_rank: 0)
  exitcode  : 1 (pid: 8)
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  host      : localhost
  rank      : 12 (local_rank: 1)
  exitcode  : {code} (pid: 9)
  error_file: <N/A>
============================================================
"""


@pytest.mark.parametrize(
    ("code", "how"),
    [(-9, "was killed (SIGKILL)"), (3, "ended with code 3"), (1, "ended with code 1")],
)
@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("", "none"),
        ("one\n\n  \ntwo", "one\ntwo"),
        # Lines of torchrun begin with a letter and a date.
        ("E1129 a\nI1129 b\nW1129 c\nX1129 d", "X1129 d"),
        ("\n".join("abcdefgh"), "c\nd\ne\nf\ng\nh"),
        ("failed (exitcode: 0) before\nthe last", "failed (exitcode: 0) before\nthe last"),
    ],
)
def test_a_failure_names_the_rank_and_shows_the_last_lines_of_the_ranks(
    code, how, written, last, job, torchrun
):
    torchrun.code, torchrun.output = 1, b"not shown"
    torchrun.errors = FAILURE.format(written=written, code=code).encode()
    with pytest.raises(RankFailed) as error:
        launch(job)
    assert str(error.value) == f"rank 12 of job.py {how}; the last lines written:\n{last}"


def test_a_torchrun_that_says_nothing_of_ranks_is_quoted(job, torchrun):
    torchrun.code, torchrun.errors = -9, b"one\ntwo \xff\n"
    with pytest.raises(RankFailed) as error:
        launch(job)
    assert str(error.value) == (
        "job.py ended with exit code -9; its last lines:\none\ntwo \N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"ranks": 0}, ValueError, "ranks"),
        ({"ranks": 2.0}, TypeError, "ranks"),
        ({"restarts": -1}, ValueError, "restarts"),
        ({"nodes": 2}, ValueError, "endpoint must say where 2 nodes meet"),
        ({"timeout": 0}, ValueError, "timeout"),
    ],
)
def test_what_cannot_be_started_is_refused(options, error, words, tmp_path):
    path = tmp_path / "job.py"
    path.touch()
    with pytest.raises(error, match=rf"^{words}\b"):
        launch(path, **options)
    with pytest.raises(TypeError) as wrong:
        launch(path, "a", 3)
    assert str(wrong.value) == "arguments must be text, got ('a', 3); wrap numbers in str()"
    with pytest.raises(FileNotFoundError) as missing:
        launch(tmp_path / "none.py")
    assert str(missing.value) == (
        f"there is no script {tmp_path / 'none.py'} to start; write it first"
    )


def test_a_script_is_named_by_text_or_a_path():
    with pytest.raises(TypeError, match=r"^script must be text or a pathlib\.Path, got 3"):
        launch(3)


def test_several_nodes_must_be_told_where_to_meet():
    with pytest.raises(ValueError, match="endpoint must") as error:
        torchrun_command("a.py", nodes=2)
    assert str(error.value) == (
        "endpoint must say where 2 nodes meet, got None; "
        'give the address of the first of them and a port, such as "node1:29500"'
    )


def test_a_child_whose_parent_has_gone_is_ended_and_nothing_else(tmp_path):
    here = str(tmp_path / "here")
    child = f"import time; open({here!r}, 'w').close(); time.sleep(3600)"
    parent = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])"
    with psutil.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as other:
        with processes() as start:
            start([sys.executable, "-c", parent, child], {}).wait()
            while not Path(here).exists():
                time.sleep(0.01)
            assert len(running(child)) == 1
        assert running(child) == []
        assert other.status() != psutil.STATUS_ZOMBIE
        other.kill()
