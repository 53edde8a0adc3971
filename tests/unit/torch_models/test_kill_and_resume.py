"""A training process is really killed, again and again, and still ends where it would have ended.

Two of the models draw noise while they train, so a resumed run repeats noise as well as steps.
"""

import contextlib
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
import scipy.sparse as sp

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals"),
]


def train(kind, checkpoint, say):
    """Train in a process of its own.

    It says one word for each step and each stage of writing a checkpoint, so that the test can
    choose its moment, and at the end the exact result.
    """
    import torch

    from course_utils import torch_models

    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    if kind == "Autoencoder":
        model = torch_models.Autoencoder(60, [32], 8, hide_observed=0.3)
        rows = rng.standard_normal((400, 60)).astype(np.float32)
        rows[rng.random(rows.shape) < 0.5] = np.nan
    else:
        arguments = {"SparseInputAutoencoder": (60, [32], 8), "InteractionAutoencoder": (60, 8)}
        model = getattr(torch_models, kind)(*arguments[kind])
        rows = sp.csr_array((rng.random((400, 60)) < 0.2).astype(np.float32))

    def saying(word, function, afterwards=None):
        def call(*arguments, **options):
            say.send(word)
            result = function(*arguments, **options)
            if afterwards is not None:
                say.send(afterwards)
            return result

        return call

    model.loss = saying("step", model.loss)
    torch.save = saying("write", torch.save)
    os.replace = saying("replace", os.replace, "replaced")
    history = torch_models.fit(
        model,
        rows,
        validation=rows[:50],
        epochs=6,
        batch_size=40,
        learning_rate=0.01,
        patience=3,
        one_cycle=kind == "Autoencoder",
        checkpoint=checkpoint,
    )
    say.send((history, [parameter.tolist() for parameter in model.parameters()]))


@pytest.fixture(scope="module")
def processes():
    """Fork each process from one that has only imported PyTorch, which takes seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["course_utils.torch_models"])
    return context


@contextlib.contextmanager
def started(processes, kind, checkpoint):
    """Start the training; yield the process and the words that it says until it ends."""
    listen, say = processes.Pipe(duplex=False)
    process = processes.Process(target=train, args=(kind, checkpoint, say))
    process.start()
    say.close()  # so that the end of the process is the end of its words

    def words():
        with contextlib.suppress(EOFError):
            while True:
                yield listen.recv()

    try:
        yield process, words()
    finally:
        process.join()
        listen.close()


def finish(processes, kind, checkpoint):
    """Train to the end; return the result and the number of steps it took."""
    with started(processes, kind, checkpoint) as (process, words):
        said = list(words)
    assert process.exitcode == 0
    return said[-1], said.count("step")


def kill(processes, kind, checkpoint, word, count, delay):
    """Start the training and kill it `delay` seconds after it has said the word `count` times."""
    with started(processes, kind, checkpoint) as (process, words):
        for said in words:
            count -= said == word
            if count == 0:
                break
        time.sleep(delay)
        process.kill()  # SIGKILL: no exception, no cleaning up, nothing flushed
    assert process.exitcode == -signal.SIGKILL


# Moments to die at, one after the other, each time continuing from what the last one left behind:
# in the first epoch; while a checkpoint is written; before it takes its name; some time later; as
# soon as it has its name.
MOMENTS = {
    "Autoencoder": [("step", 3, 0.0), ("write", 2, 0.0), ("replace", 2, 0.0), ("step", 1, 0.02)],
    "InteractionAutoencoder": [("replace", 2, 0.0), ("step", 17, 0.0)],
    "SparseInputAutoencoder": [("replaced", 2, 0.0)],
}


@pytest.mark.parametrize("kind", MOMENTS)
def test_killed_training_ends_as_if_it_had_never_been_killed(kind, processes, tmp_path):
    expected, steps = finish(processes, kind, None)
    path = tmp_path / "run.pt"
    for word, count, delay in MOMENTS[kind]:
        kill(processes, kind, path, word, count, delay)
    left_behind = {file.name for file in tmp_path.iterdir()} - {"run.pt"}
    assert all(name.endswith(".partial") for name in left_behind)
    result, rest = finish(processes, kind, path)
    assert result == expected
    assert rest < steps  # it continued, and did not start afresh
