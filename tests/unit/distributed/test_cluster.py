"""A real cluster: the same bits, through a killed worker too, and nothing left behind."""

import os
import pathlib
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from course_utils.distributed import (
    DamagedPart,
    fold,
    gram,
    list_parts,
    local_cluster,
    read_part,
    top_directions,
    totals,
    write_like_movielens,
    write_lists,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    write_like_movielens(folder, users=400, items=150, ratings=12_000, parts=6)
    return list_parts(folder)


@pytest.fixture(scope="module")
def client():
    with local_cluster(2) as client:
        yield client


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_cluster_gives_the_bits_of_one_process(paths, client):
    whole = fold(totals, paths)
    columns = np.arange(60)
    products = fold(gram, paths, columns)
    for order in (paths, paths[::-1], paths[3:] + paths[:3]):
        assert same(fold(totals, order, client=client), whole)
        assert np.array_equal(fold(gram, order, columns, client=client), products)
    s, vt = top_directions(paths, 3, passes=3, client=client)
    alone = top_directions(paths, 3, passes=3)
    assert np.allclose(s, alone[0])
    assert np.allclose(vt, alone[1])


def test_lists_are_written_by_the_workers(paths, client, tmp_path):
    np.save(tmp_path / "w.npy", np.random.default_rng(0).normal(size=(20, 20)))
    contents = []
    for name, where in (("here", None), ("there", client)):
        (tmp_path / name).mkdir()
        files = write_lists(
            paths, tmp_path / "w.npy", np.arange(20), tmp_path / name, k=3, client=where
        )
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]


def test_a_damaged_part_is_named_by_the_cluster(paths, client, tmp_path):
    damaged = tmp_path / paths[2].name
    content = bytearray(paths[2].read_bytes())
    content[len(content) // 2] ^= 4
    damaged.write_bytes(content)
    with pytest.raises(DamagedPart, match=damaged.name):
        fold(totals, [*paths[:2], damaged, *paths[3:]], client=client)


def test_a_large_argument_is_sent_once(paths, client):
    large = np.arange(200_000.0)

    def first_cells(path, array):
        return array[:3]

    assert fold(first_cells, paths, large, client=client).tolist() == [0, 6, 12]


@pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")
def test_a_worker_holds_one_part_however_many_there_are(client, tmp_path):
    """Peak memory while the data grow sixteenfold: VmHWM, for ru_maxrss is the parent's."""
    (path,) = write_like_movielens(tmp_path, users=2000, items=3000, ratings=320_000, parts=1)
    columns = np.arange(300)

    def peak():
        lines = pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

    peaks = []
    for times in (2, 32):
        fold(gram, [path] * times, columns, client=client)
        peaks.append(max(client.run(peak).values()))
    assert read_part(path).nnz > 250_000
    assert peaks[1] < 1.15 * peaks[0]  # an exponent below 0.05


def test_a_killed_worker_costs_time_and_no_bit(paths, client):
    def slowly(path):
        time.sleep(0.5)
        return totals(path)

    victim = min(client.run(os.getpid).values())
    killer = threading.Timer(0.8, psutil.Process(victim).kill)
    killer.start()
    found = fold(slowly, paths, client=client)
    killer.join()
    assert not psutil.pid_exists(victim) or psutil.Process(victim).status() == "zombie"
    assert same(found, fold(totals, paths))


def test_a_part_that_kills_its_workers_is_named(paths, client):
    from distributed.scheduler import KilledWorker

    victim = paths[4].name

    def deadly(path):
        if path.name == victim:
            os._exit(9)
        return 1

    def give_up_at_once(dask_scheduler):
        dask_scheduler.allowed_failures = 0  # and not after three more workers have died

    client.run_on_scheduler(give_up_at_once)
    with pytest.raises(KilledWorker, match=victim):
        fold(deadly, paths, client=client)


def test_everything_listens_on_loopback_and_ends(paths, client, capfd):
    client.wait_for_workers(2)  # those that the tests above have killed come back as new processes
    here = psutil.Process()
    before, listened = set(here.children(recursive=True)), listening(here)
    with local_cluster(1) as client:
        assert fold(totals, paths, client=client).users == 400
        started = set(here.children(recursive=True)) - before
        sockets = set().union(*map(listening, [here, *started])) - listened
        assert sockets
        assert {address.ip for address in sockets} == {"127.0.0.1"}
    workers = [child for child in started if "resource_tracker" not in name(child)]
    assert psutil.wait_procs(workers, 20)[1] == []
    assert listening(here) <= listened
    assert capfd.readouterr().err == ""


def listening(process):
    found = process.net_connections("tcp")
    return {each.laddr for each in found if each.status == psutil.CONN_LISTEN}


def name(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
