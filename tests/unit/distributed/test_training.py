"""Several ranks take the steps of one process with the whole batch."""

import itertools
import json
import os
import subprocess
import sys

import pytest
import scipy.sparse as sp

pytestmark = [pytest.mark.torch, pytest.mark.slow]

# What both sides train: 61 rows in batches of 20, so that the last batch has one row and a rank
# none. A loss that averages over cells, and weights that differ from rank to rank at first.
SCRIPT = """
import json, os, sys
import scipy.sparse as sp
import torch
import torch.distributed as dist
from course_utils.distributed.training import add_up, shared_steps
from course_utils.torch_models import SparseInputAutoencoder, fit

dist.init_process_group("gloo")
rank = dist.get_rank()
rows = sp.random_array((61, 40), density=0.2, rng=0, format="csr")
model = SparseInputAutoencoder(40, [8], 3, seed=rank).double()
with shared_steps(model) as traffic:
    if "kill" in sys.argv and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        shared = model.loss
        calls = []
        def deadly(batch):
            calls.append(1)
            if rank == 1 and len(calls) == 7:  # in the middle of the second epoch
                os.kill(os.getpid(), 9)
            return shared(batch)
        model.loss = deadly
    options = {"checkpoint": sys.argv[1] + ".pt"} if "kill" in sys.argv else {}
    history = fit(model, rows, epochs=3, batch_size=20, learning_rate=0.01, **options)
table = torch.nn.Parameter(torch.zeros(6, 2))
if rank == 0:
    table.grad = torch.sparse_coo_tensor([[1, 4]], torch.ones(2, 2), (6, 2), check_invariants=True)
sparse_bytes = add_up([table], [table])
torch.save(model.state_dict(), f"{sys.argv[1]}.{rank}")
with open(f"{sys.argv[1]}.{rank}.json", "w") as file:
    json.dump({"train": history.train, "steps": traffic.steps, "bytes": traffic.bytes,
               "sparse": sparse_bytes, "sum": table.grad.to_dense().tolist()}, file)
dist.destroy_process_group()
"""


def torchrun(tmp_path, *arguments, restarts=0):
    script = tmp_path / "ranks.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",  # without it torchrun prints a banner
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # without it a restart hangs (pytorch 135712)
        "GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo",
    }
    if sys.platform == "win32":
        environment |= {"USE_LIBUV": "0"}
        del environment["GLOO_SOCKET_IFNAME"]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "--max-restarts", str(restarts), str(script)]
    return subprocess.run(
        [*command, str(tmp_path / "out"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def alone():
    from course_utils.torch_models import SparseInputAutoencoder, fit

    rows = sp.random_array((61, 40), density=0.2, rng=0, format="csr")
    model = SparseInputAutoencoder(40, [8], 3, seed=0).double()
    return model, fit(model, rows, epochs=3, batch_size=20, learning_rate=0.01)


def assert_equal_to_one_process(tmp_path, alone):
    import torch

    model, history = alone
    for rank in range(2):
        weights = torch.load(tmp_path / f"out.{rank}", weights_only=True)
        for name, wanted in model.state_dict().items():
            assert torch.allclose(weights[name], wanted, rtol=0, atol=1e-12), name
        report = json.loads((tmp_path / f"out.{rank}.json").read_text(encoding="utf-8"))
        assert report["train"] == pytest.approx(history.train, abs=1e-12)
    return report


def test_two_ranks_are_one_process_with_the_whole_batch(tmp_path, alone):
    run = torchrun(tmp_path)
    assert run.returncode == 0, run.stderr
    report = assert_equal_to_one_process(tmp_path, alone)
    numbers = sum(parameter.numel() for parameter in alone[0].parameters())
    assert report["steps"] == 3 * 4
    assert report["bytes"] == 3 * 4 * 8 * numbers
    # The rank without a row gives nothing and gets the rows of the other.
    assert report["sparse"] == 0
    assert report["sum"] == [[0, 0], [1, 1], [0, 0], [0, 0], [1, 1], [0, 0]]
    first = json.loads((tmp_path / "out.0.json").read_text(encoding="utf-8"))
    assert first["sparse"] == 2 * (8 + 2 * 4)


def test_a_killed_rank_is_started_again_and_ends_with_the_same_weights(tmp_path, alone):
    run = torchrun(tmp_path, "kill", restarts=1)
    assert run.returncode == 0, run.stderr
    report = assert_equal_to_one_process(tmp_path, alone)
    assert report["steps"] == 2 * 4, "the first epoch came from the checkpoint"


def test_without_a_group_it_is_refused(alone):
    from course_utils.distributed.training import shared_steps

    with pytest.raises(RuntimeError, match="torchrun"), shared_steps(alone[0]):
        pass


@pytest.mark.parametrize("world", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [0, 1, 6, 20])
def test_every_row_has_one_rank(n, world):
    from course_utils.distributed.training import my_rows

    shares = [list(range(n))[my_rows(n, rank, world)] for rank in range(world)]
    assert list(itertools.chain(*shares)) == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
