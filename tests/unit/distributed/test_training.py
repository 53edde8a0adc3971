"""Several ranks take the steps of one process with the whole batch, through a killed rank too."""

import functools
import itertools
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course_utils.distributed import launch

pytestmark = [pytest.mark.torch, pytest.mark.slow]

HERE = Path(__file__).parent
SCRIPT = HERE / "ranks.py"
GUARD = HERE.parents[1] / "no_network"
ROOT = HERE.parents[2]


@pytest.fixture(autouse=True)
def guarded(monkeypatch):
    """Let ranks find the package, and refuse them the network."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (GUARD, ROOT))))


@pytest.fixture(scope="module")
def ranks():
    from unit.distributed import ranks

    return ranks


@pytest.fixture(scope="module")
def undisturbed(ranks, tmp_path_factory):
    """Return what ranks end with where nothing happens to them.

    Two do all jobs one after the other: to start them takes far longer than any.
    """

    @functools.cache
    def folder_of(world, jobs):
        folder = tmp_path_factory.mktemp("ranks")
        launch(SCRIPT, str(folder), jobs, ranks=world)
        return folder

    def trained(job, world=2):
        return results(folder_of(world, ",".join(ranks.MODELS) if world == 2 else job), job, world)

    return trained


def results(folder, job, world=2):
    import torch

    found = []
    for rank in range(world):
        report = json.loads((folder / f"{job}.{rank}.json").read_text(encoding="utf-8"))
        found.append((torch.load(folder / f"{job}.{rank}.pt", weights_only=True), report))
    return found


def assert_close(weights, wanted):
    import torch

    assert weights.keys() == wanted.keys()
    for name in wanted:
        assert torch.allclose(weights[name], wanted[name], rtol=0, atol=1e-12), name


def assert_same(weights, wanted):
    import torch

    assert all(torch.equal(weights[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(
    ("job", "world"), [("cells", 2), ("cells", 3), ("interactions", 2), ("gaps", 2), ("penalty", 2)]
)
def test_ranks_are_one_process_with_the_whole_batch(job, world, ranks, undisturbed):
    model, history, _ = ranks.train(job, 0)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    found = undisturbed(job, world)
    for weights, report in found:
        assert_close(weights, model.state_dict())
        assert_same(weights, found[0][0])
        assert report["train"] == pytest.approx(history.train, abs=1e-12)
        assert report["train"] == found[0][1]["train"], "ranks choose the same best epoch"
        assert report["steps"] == ranks.EPOCHS * ranks.STEPS
        assert report["bytes"] == report["steps"] * 8 * numbers, "as for dense gradients predicted"
        assert report["guarded"]


def test_shares_of_a_loss_must_be_weighed(ranks):
    """The negative control: a mean of means over unequal shares is another loss."""
    make, rows = ranks.MODELS["gaps"]
    model, batch = make(0).double(), rows()[:21]
    halves = [model.loss(batch[ranks.my_rows(21, rank, 2)]).item() for rank in range(2)]
    assert abs(sum(halves) / 2 - model.loss(batch).item()) > 1e-4


def test_sparse_gradients_add_up_and_their_bytes_are_predicted(ranks, tmp_path):
    """By hand and with plain steps, for Adam takes no sparse gradient; ranks without rows too."""
    world = 4
    launch(SCRIPT, str(tmp_path), "sparse", ranks=world)
    wanted, _, _ = ranks.descend()
    dense = ranks.STEPS * sum(weights.nbytes for weights in wanted.values())
    for weights, report in results(tmp_path, "sparse", world):
        assert_close(weights, wanted)
        assert report["bytes"] == report["predicted"] < dense


DENSE_ZERO = """
import datetime
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
soon = dist.new_group(timeout=datetime.timedelta(seconds=10))
gradient = torch.zeros(6, 4)
if dist.get_rank() == 0:
    gradient[1] = 1.0
    gradient = gradient.to_sparse(1)
try:
    dist.all_reduce(gradient, group=soon)
except RuntimeError as error:
    print("timed out" in str(error).lower())
dist.destroy_process_group()
"""


def test_a_dense_zero_beside_sparse_gradients_is_waited_for_until_a_time_out(tmp_path):
    """The negative control of ranks without rows, which must send an empty sparse gradient."""
    script = tmp_path / "zero.py"
    script.write_text(DENSE_ZERO, encoding="utf-8")
    printed = launch(script)  # two ranks may print into one line
    timed_out, others = printed.count("True"), printed.count("False")
    assert timed_out + others == 2, "neither rank gets a sum"
    assert timed_out >= 1, "the other one may only see that the first has gone"


def test_each_rank_draws_its_own_noise_and_the_same_in_each_run(ranks, undisturbed, tmp_path):
    launch(SCRIPT, str(tmp_path), "noise")
    (again, _), _ = results(tmp_path, "noise")
    (first, report), (second, other) = undisturbed("noise")
    assert_same(first, second)
    assert report["train"] == other["train"]
    assert_same(first, again)
    alone = ranks.train("noise", 0)[1].train
    assert report["train"] != pytest.approx(alone, abs=1e-6)
    assert report["train"] == pytest.approx(alone, rel=0.2)


def test_streams_of_ranks_differ_and_leave_the_generator_in_step(ranks):
    import torch

    from course_utils.distributed import training

    draws, after = [], []
    model = torch.nn.Linear(1, 1)
    for rank in range(3):
        torch.manual_seed(5)
        with training._own_draws(model, rank, 3):
            draws.append(torch.rand(4).tolist())
            torch.rand(rank)  # shares of different size
        after.append(float(torch.rand(())))
    assert len({tuple(draw) for draw in draws}) == 3
    assert len(set(after)) == 1
    model.eval()
    before = torch.get_rng_state()
    with training._own_draws(model, 1, 3):
        pass
    assert torch.equal(torch.get_rng_state(), before), "only training draws"


# Within the second epoch; before the first checkpoint, and in the step of the last single row.
@pytest.mark.parametrize(("job", "deaths"), [("noise", ["1:7"]), ("cells", ["0:2", "1:8"])])
def test_killed_ranks_are_started_again_and_no_bit_is_lost(
    job, deaths, ranks, undisturbed, tmp_path
):
    launch(SCRIPT, str(tmp_path), job, *deaths, restarts=len(deaths))
    killed = results(tmp_path, job)
    for (weights, report), (wanted, expected) in zip(killed, undisturbed(job), strict=True):
        assert_same(weights, wanted)
        assert report["train"] == expected["train"]
        assert report["lives"] == len(deaths) + 1
        assert report["steps"] == (ranks.EPOCHS - 1) * ranks.STEPS, "the rest was in a checkpoint"


def test_two_nodes_are_two_ranks_of_one(ranks, tmp_path):
    """The command of a real cluster, given twice; only the address would differ."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    job = functools.partial(launch, SCRIPT, str(tmp_path), "cells", ranks=1)
    with ThreadPoolExecutor(2) as nodes:
        jobs = [nodes.submit(job, nodes=2, endpoint=endpoint, restarts=1) for _ in range(2)]
        for job in jobs:
            job.result()
    model, history, _ = ranks.train("cells", 0)
    for weights, report in results(tmp_path, "cells"):
        assert_close(weights, model.state_dict())
        assert report["train"] == pytest.approx(history.train, abs=1e-12)


def test_without_a_group_it_is_refused(ranks):
    from course_utils.distributed.training import shared_steps

    model = ranks.MODELS["cells"][0](0)
    with pytest.raises(RuntimeError, match="torchrun"), shared_steps(model):
        pass


@pytest.mark.parametrize("world", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [0, 1, 6, 20])
def test_every_row_has_one_rank(n, world):
    from course_utils.distributed.training import my_rows

    shares = [list(range(n))[my_rows(n, rank, world)] for rank in range(world)]
    assert list(itertools.chain(*shares)) == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("rows", [-1, 5])
def test_more_rows_than_there_are_send_nothing(rows):
    import torch

    from course_utils.distributed.training import gradient_bytes

    with pytest.raises(ValueError, match="rows"):
        gradient_bytes(torch.zeros(4, 2), rows=rows)
