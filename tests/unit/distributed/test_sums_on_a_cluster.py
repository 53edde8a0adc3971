"""Sums over parts on a cluster that a stand-in plays: what is sent, in what order, what fails."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils.distributed import fold


class Cluster:
    """What stands in for a client of Dask: it does each task at once, and writes down what came.

    A task that fails raises its error when its result is asked for, and so do those that need it.
    """

    status = "running"

    def __init__(self, workers):
        self.workers, self.scattered = workers, []
        self.keys, self.runs = [], 0

    def nthreads(self):
        return {f"tcp://127.0.0.1:{port}": 1 for port in range(self.workers)}

    def scatter(self, data, *, broadcast, hash):
        self.scattered.append((data, broadcast, hash))
        return SimpleNamespace(result=lambda: data)

    def submit(self, function, total, *arguments, key, pure):
        assert not pure, "a file may have changed since"
        self.keys.append(key)
        self.runs += total is None
        try:
            given = [a.result() if hasattr(a, "result") else a for a in (total, *arguments)]
            value = function(*given)
        except Exception as error:
            failed = error  # the name of a caught error is gone at the end of its block
            status = "pending" if isinstance(error, Closed) else "error"

            def result():
                raise failed
        else:
            status = "finished"

            def result():
                return value

        return SimpleNamespace(result=result, status=status)


class Cancelled(Exception):
    """As Dask's: it says which task it was."""

    def __init__(self, key):
        self.key = key


class NoWorker(Exception):
    @property
    def task(self):
        return self.args[0]


class Closed(OSError):
    """The connection's, whatever its kind: the task has not failed."""


@pytest.fixture(autouse=True)
def errors_of_a_cluster(monkeypatch):
    """Importing Dask takes a second; its own errors are met by the tests of a real cluster."""
    for name, module in {
        "client": SimpleNamespace(FutureCancelledError=Cancelled),
        "scheduler": SimpleNamespace(NoWorkerError=NoWorker),
    }.items():
        monkeypatch.setitem(sys.modules, f"distributed.{name}", module)


def lengths(path, shift=0, *, times=1):
    return np.array([times * len(path) + shift])


PARTS = ["/data/part-a.parquet", "/data/part-bb.parquet", "/data/part-ccc.parquet"]


@pytest.mark.parametrize(("workers", "runs"), [(0, 1), (1, 1), (2, 2), (3, 3), (9, 3)])
def test_each_worker_adds_up_a_run_of_parts(workers, runs):
    cluster = Cluster(workers)
    whole = fold(lengths, PARTS, 5, times=2)
    assert whole.tolist() == [2 * (20 + 21 + 22) + 3 * 5]
    assert np.array_equal(fold(lengths, iter(PARTS), 5, client=cluster, times=2), whole)
    assert cluster.runs == runs
    assert cluster.scattered == []


def test_a_task_has_the_name_of_its_part_and_is_never_taken_for_an_earlier_one():
    cluster = Cluster(2)
    for _ in range(2):
        fold(lengths, PARTS, client=cluster)
    names = sorted(key.split(" ")[0] for key in cluster.keys)
    assert names[::2] == names[1::2] == ["part-a.parquet", "part-bb.parquet", "part-ccc.parquet"]
    assert len(set(cluster.keys)) == 6


@pytest.mark.parametrize(("cells", "times"), [(125_000, 0), (125_001, 1)])
def test_an_array_of_more_than_a_million_bytes_is_sent_to_all_at_once(cells, times):
    cluster, large = Cluster(2), np.arange(float(cells))
    found = fold(
        lambda path, array, text: array[:2] + len(text), PARTS, large, "ab", client=cluster
    )
    assert found.tolist() == [6.0, 9.0]
    assert len(cluster.scattered) == times
    for data, broadcast, hash_ in cluster.scattered:
        assert data is large
        assert (broadcast, hash_) == (True, False)


@pytest.mark.parametrize(
    ("error", "who", "part"),
    [
        (Cancelled("part-bb.parquet 0f3"), "the scheduler is gone", "part-bb.parquet"),
        (NoWorker("part-a.parquet 0f3", 120), "no worker is left", "part-a.parquet"),
        (Closed(), "the scheduler is gone", "part-ccc.parquet"),
    ],
    ids=["cancelled", "no worker", "closed"],
)
def test_a_cluster_that_is_gone_is_an_error_that_names_the_part(error, who, part):
    def fails(path):
        raise error

    with pytest.raises(ConnectionError) as caught:
        fold(fails, PARTS, client=Cluster(2))
    assert str(caught.value) == (
        f"{who}, and with it the sum over 3 parts at {part}; start a cluster and add up again"
    )
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [ZeroDivisionError(), OSError(28, "No space left")])
def test_an_error_of_the_function_itself_stays_what_it_is(error):
    def fails(path):
        raise error

    with pytest.raises(type(error)) as caught:
        fold(fails, PARTS, client=Cluster(2))
    assert caught.value is error


@pytest.mark.parametrize("call", ["nthreads", "scatter"])
def test_a_scheduler_that_does_not_answer_is_gone(call, monkeypatch):
    def refuses(*args, **options):
        raise OSError("Timed out trying to connect")

    cluster = Cluster(2)
    monkeypatch.setattr(cluster, call, refuses)
    with pytest.raises(ConnectionError, match=r"scheduler is gone.*at part-ccc\.parquet"):
        fold(lambda path, array: 1, PARTS, np.zeros(200_000), client=cluster)


def test_a_client_that_has_given_up_is_asked_for_nothing(monkeypatch):
    cluster = Cluster(2)
    monkeypatch.setattr(cluster, "status", "closed")
    with pytest.raises(ConnectionError, match="scheduler is gone") as caught:
        fold(lengths, PARTS, client=cluster)
    assert "closed" in str(caught.value.__cause__)
    assert not cluster.keys
