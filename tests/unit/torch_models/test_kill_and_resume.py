"""A training process is really killed, again and again, and still ends where it would have ended.

Each model draws noise while it trains, so a resumed run has to repeat noise as well as steps.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals"),
]

# Prints one line for each step and each stage of writing a checkpoint, so that the test can
# choose its moment, and the exact result at the end.
TRAINING = """
import os, sys
import numpy as np, scipy.sparse as sp, torch
torch.set_num_threads(1)
from course_utils import torch_models

kind, checkpoint = sys.argv[1], sys.argv[2]
torch.manual_seed(0)
rng = np.random.default_rng(0)
if kind == "Autoencoder":
    model = torch_models.Autoencoder(60, [32], 8, hide_observed=0.3)
    rows = rng.standard_normal((400, 60)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.5] = np.nan
else:
    model = torch_models.InteractionAutoencoder(60, 8)
    rows = sp.csr_array((rng.random((400, 60)) < 0.2).astype(np.float32))

def saying(word, function):
    def call(*arguments, **options):
        print(word, flush=True)
        return function(*arguments, **options)
    return call

model.loss = saying("step", model.loss)
torch.save = saying("write", torch.save)
os.replace = saying("replace", os.replace)
print("start", flush=True)
history = torch_models.fit(
    model, rows, validation=rows[:50], epochs=6, batch_size=40, learning_rate=0.01,
    patience=3, one_cycle=kind == "Autoencoder", checkpoint=checkpoint or None,
)
state = [parameter.detach().double() for parameter in model.parameters()]
print("result", history, [(tensor.sum().item(), tensor.square().sum().item()) for tensor in state])
"""


def start(kind, checkpoint):
    command = [sys.executable, "-c", TRAINING, kind, str(checkpoint)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


def finish(kind, checkpoint):
    """Train to the end and return the printed result and the number of steps it took."""
    with start(kind, checkpoint) as process:
        words = process.stdout.read().splitlines()
    assert process.returncode == 0
    return words[-1], words.count("step")


def kill(kind, checkpoint, word, count, delay=0.0):
    """Start the training and kill it `delay` seconds after the word has appeared `count` times."""
    with start(kind, checkpoint) as process:
        for line in process.stdout:
            count -= line.strip() == word
            if count == 0:
                break
        time.sleep(delay)
        process.kill()  # SIGKILL: no exception, no cleaning up, nothing flushed
    assert process.returncode == -signal.SIGKILL


# Moments to die at, one after the other, each time continuing from what the last one left behind:
# in the first epoch; while a checkpoint is written; before it takes its name; some time later.
MOMENTS = {
    "Autoencoder": [("step", 3, 0.0), ("write", 2, 0.0), ("replace", 2, 0.0), ("step", 1, 0.02)],
    "InteractionAutoencoder": [("replace", 2, 0.0), ("step", 17, 0.0)],
}


@pytest.mark.parametrize("kind", MOMENTS)
def test_killed_training_ends_as_if_it_had_never_been_killed(kind, tmp_path):
    expected, steps = finish(kind, "")
    path = tmp_path / "run.pt"
    for word, count, delay in MOMENTS[kind]:
        kill(kind, path, word, count, delay)
    left_behind = {file.name for file in tmp_path.iterdir()} - {"run.pt"}
    assert all(name.endswith(".partial") for name in left_behind)
    result, rest = finish(kind, path)
    assert result == expected
    assert rest < steps  # it continued, and did not start afresh
