"""What starts a cluster, and how one finds it: nothing here is started."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_utils.distributed import cluster, cluster_commands


def test_the_commands_without_an_address_listen_on_all_of_the_machine():
    scheduler, worker = cluster_commands("~/c.json", host=None)
    file = ["--scheduler-file", str(Path.home() / "c.json"), "--no-dashboard"]
    dask = [sys.executable, "-m", "dask"]
    assert scheduler == [*dask, "scheduler", *file, "--port", "0"]
    assert worker == [*dask, "worker", *file, "--nthreads", "1", "--death-timeout", "20"]


def test_the_commands_listen_at_one_address_with_all_they_have():
    for command in cluster_commands("c.json", host="10.0.0.7"):
        assert command[-4:] == ["--host", "10.0.0.7", "--dashboard-address", "10.0.0.7:0"]


def test_variables_say_to_dask_what_the_settings_say():
    """Dask's own rule: DASK_ before it, __ for a dot, and case does not matter."""
    assert cluster._VARIABLES["DASK_DISTRIBUTED__SCHEDULER__NO_WORKERS_TIMEOUT"] == "2 minutes"
    assert len(cluster._VARIABLES) == len(cluster._SETTINGS)


def test_variables_are_those_of_before_when_the_block_has_ended(monkeypatch):
    monkeypatch.setenv("ONE", "old")
    monkeypatch.delenv("TWO", raising=False)
    with pytest.raises(ZeroDivisionError), cluster._environment({"ONE": "1", "TWO": "2"}):
        assert (os.environ["ONE"], os.environ["TWO"]) == ("1", "2")
        raise ZeroDivisionError
    assert os.environ["ONE"] == "old"
    assert "TWO" not in os.environ


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on while one sleeps, and not else; it may do something at a time."""
    clock = SimpleNamespace(now=100.0, plans={})

    def sleep(seconds):
        clock.now += seconds
        for time in sorted(clock.plans):
            if time <= clock.now:
                clock.plans.pop(time)()

    times = SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep)
    monkeypatch.setattr(cluster, "time", times)
    return clock


@pytest.mark.parametrize("halfway", [None, '{"addre', '{"id": "Scheduler-1"}'])
def test_an_address_is_waited_for_until_it_is_whole(halfway, clock, tmp_path):
    file = tmp_path / "c.json"
    if halfway is not None:
        clock.plans[100.1] = lambda: file.write_text(halfway, encoding="utf-8")
    whole = json.dumps({"id": "ü", "address": "tcp://127.0.0.1:8786"}, ensure_ascii=False)
    clock.plans[100.2] = lambda: file.write_text(whole, encoding="utf-8")
    assert cluster._address(file, 101.0) == "tcp://127.0.0.1:8786"
    assert clock.now < 100.3  # it looks often


def test_a_scheduler_that_never_came_is_named(clock, tmp_path):
    file = tmp_path / "c.json"
    with pytest.raises(TimeoutError) as error:
        cluster._address(file, 102.0)
    assert str(error.value) == (
        f"no scheduler has written {file}; start one, as cluster_commands says"
    )
    assert 102.0 <= clock.now < 102.1


def test_an_address_that_cannot_be_read_is_an_error_at_once(clock, tmp_path):
    with pytest.raises((IsADirectoryError, PermissionError)):  # the latter on Windows
        cluster._address(tmp_path, 102.0)
    assert clock.now == 100.0
