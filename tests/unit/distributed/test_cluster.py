"""A real cluster: the same bits, through a killed worker too, and nothing left behind."""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from course_utils.distributed import (
    DamagedPart,
    cluster_commands,
    command_cluster,
    connect,
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
ROOT = pathlib.Path(__file__).parents[3]


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


def kill_once(victim, pid_of, flag):
    """Return totals of parts, but at first kill a process over one of them, and wait for that.

    What dies is known and when, however busy the machine is: nothing here waits for a clock.
    """

    def deadly(path):
        if path.name == victim and not flag.exists():
            flag.touch()
            os.kill(pid_of(), signal.SIGKILL)
            time.sleep(3600)
        return totals(path)

    return deadly


@pytest.mark.parametrize("number", range(6))
def test_a_killed_worker_costs_time_and_no_bit(number, paths, client, tmp_path):
    before = set(client.run(os.getpid).values())
    function = kill_once(paths[number].name, os.getpid, tmp_path / "flag")
    found = fold(function, paths, client=client)
    assert (tmp_path / "flag").exists()
    client.wait_for_workers(2, timeout=300)  # a new one takes its place
    assert len(before & set(client.run(os.getpid).values())) == 1
    assert same(found, fold(totals, paths))


def test_a_cluster_of_command_lines_gives_the_same_bits_and_ends(paths, client):
    """The form of a real cluster: each is a process, and a file says where the scheduler is."""
    with command_cluster(2) as other:
        scheduler = other.run_on_scheduler(os.getpid)
        workers = other.run(os.getpid)
        nannies = other.run(os.getpid, nanny=True)
        everyone = [
            psutil.Process(pid) for pid in [scheduler, *workers.values(), *nannies.values()]
        ]
        assert len({process.pid for process in everyone} - {os.getpid()}) == 5
        assert same(fold(totals, paths[::-1], client=other), fold(totals, paths))
        addresses = set().union(*map(listening, everyone))
        assert {address.ip for address in addresses} == {"127.0.0.1"}
        victim = min(workers.values())
        psutil.Process(victim).kill()
        assert same(fold(totals, paths, client=other), fold(totals, paths))
    assert psutil.wait_procs(everyone, 60)[1] == []


@pytest.mark.parametrize("when", ["before", "noticed", "given up", "meanwhile"])
def test_a_scheduler_that_is_gone_is_an_error_that_names_the_part(when, paths, tmp_path, capfd):
    from distributed import Client

    with command_cluster(2) as cluster, Client(cluster.scheduler.address, timeout=2) as client:
        pid, function = client.run_on_scheduler(os.getpid), totals
        if when == "meanwhile":
            function = kill_once(paths[2].name, lambda: pid, tmp_path / "flag")
        else:
            psutil.Process(pid).kill()
        late = {"noticed": ["running"], "given up": ["running", "connecting", "closing"]}
        while client.status in late.get(when, []):
            time.sleep(0.01)
        with pytest.raises(ConnectionError, match=r"scheduler is gone.*part-0000\d-of-00006-"):
            fold(function, paths, client=client)
    assert capfd.readouterr().err == ""


def test_where_no_worker_is_left_it_is_an_error_that_names_a_part(paths, tmp_path):
    def forget_soon(dask_scheduler):
        dask_scheduler.no_workers_timeout = 1  # and not after two minutes

    flag = tmp_path / "flag"

    def waits(path):
        flag.touch()
        time.sleep(3600)

    def kill_all(pids):
        while not flag.exists():
            time.sleep(0.01)
        for pid in pids:  # nannies first, which would start workers again
            psutil.Process(pid).kill()

    with command_cluster(2) as client:
        client.run_on_scheduler(forget_soon)
        pids = [*client.run(os.getpid, nanny=True).values(), *client.run(os.getpid).values()]
        with ThreadPoolExecutor() as pool:
            killer = pool.submit(kill_all, pids)
            with pytest.raises(ConnectionError, match=r"no worker is left.*part-0000\d-of-00006-"):
                fold(waits, paths, client=client)
            killer.result()


def test_the_commands_are_those_that_run(tmp_path):
    scheduler, worker = cluster_commands(tmp_path / "file.json")
    for command in (scheduler, worker):
        assert command[:4] == [sys.executable, "-m", "dask", command[3]]
        assert "--scheduler-file" in command
        assert command[command.index("--host") + 1] == "127.0.0.1"
    for command in cluster_commands("file.json", host=None):
        assert "--host" not in command


def test_a_scheduler_that_never_came_is_named(tmp_path):
    with pytest.raises(TimeoutError, match=r"no scheduler has written .*none\.json"):
        connect(tmp_path / "none.json", timeout=0.2).__enter__()
    with socket.socket() as nobody:  # a port at which nothing listens
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        (tmp_path / "old.json").write_text(json.dumps({"address": address}), encoding="utf-8")
        with pytest.raises(TimeoutError, match=f"no scheduler answers at {address}"):
            connect(tmp_path / "old.json", timeout=0.2).__enter__()


FULL = """
import os, sys
from pathlib import Path
import numpy as np
from course_utils.distributed import list_parts, local_cluster, write_like_movielens, write_lists

if __name__ == "__main__":
    disk, parts, weights = map(Path, sys.argv[1:])
    columns = np.arange(len(np.load(weights)))
    (disk / "ballast").write_bytes(bytes(4096))

    def attempt(what):
        try:
            what()
        except OSError as error:
            print(error)

    attempt(lambda: write_like_movielens(disk, users=2000, items=400, ratings=60_000, parts=1))
    print(os.listdir(disk))
    paths = list_parts(parts)
    with local_cluster(2) as client:
        attempt(lambda: write_lists(paths, weights, columns, disk, k=150, client=client))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="user namespaces are Linux's")
def test_a_disk_that_is_full_is_an_error_that_names_the_part(paths, tmp_path):
    """A disk of 32 KiB, which one may mount in a name space of one's own."""
    disk, script, weights = tmp_path / "disk", tmp_path / "full.py", tmp_path / "w.npy"
    disk.mkdir()
    script.write_text(FULL, encoding="utf-8")
    np.save(weights, np.random.default_rng(0).normal(size=(150, 150)))
    space = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=32k none {shlex.quote(str(disk))}"
    if (
        not shutil.which("unshare")
        or subprocess.run([*space, mount], capture_output=True).returncode
    ):
        pytest.skip("this system lets nobody mount a disk")
    job = [sys.executable, str(script), str(disk), str(paths[0].parent), str(weights)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [*space, f"{mount} && exec {shlex.join(job)}"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    written, here, listed = run.stdout.splitlines()
    assert re.search(r"No space left.*/part-00000-of-00001-\w+\.parquet", written)
    assert here == "['ballast']"
    assert re.search(r"No space left.*/lists-part-0000\d-of-00006-\w+\.parquet", listed)


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
    client.wait_for_workers(2, timeout=300)


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
    assert psutil.wait_procs(workers, 120)[1] == []
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
