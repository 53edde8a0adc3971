"""A job ends with what it printed or with an error that names the rank, and leaves no process."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from course_utils.distributed import RankFailed, launch, torchrun_command
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
    assert command[0] == sys.executable
    options = ["--nproc-per-node", "3", "--max-restarts", "2", "--standalone", "a.py", "x"]
    assert command[3:] == options
    here = torchrun_command("a.py", nodes=2, endpoint="127.0.0.1:29500")
    assert "--local-addr" in here
    assert "--local-addr" not in torchrun_command("a.py", nodes=2, endpoint="node1:29500")


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
    with pytest.raises(error, match=words):
        launch(path, **options)
    with pytest.raises(TypeError, match="arguments must be text"):
        launch(path, 3)
    with pytest.raises(FileNotFoundError, match=r"no script .*none\.py"):
        launch(tmp_path / "none.py")


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
