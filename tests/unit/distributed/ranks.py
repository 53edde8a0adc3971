"""What test_training trains in one process, and on several ranks that torchrun starts."""

import contextlib
import json
import os
import socket
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
import torch.distributed as dist

from course_utils.distributed.training import add_up, gradient_bytes, my_rows, shared_steps
from course_utils.torch_models import (
    Autoencoder,
    InteractionAutoencoder,
    SparseCodeAutoencoder,
    SparseInputAutoencoder,
    fit,
)

EPOCHS, BATCH = 3, 20
STEPS = 4  # of an epoch: 61 rows, so that the last batch has one row and all ranks but one none


def sparse_rows():
    rows = sp.random_array((61, 40), density=0.2, rng=0).toarray()
    rows[10:17] = 0  # users without anything
    return sp.csr_array(rows)


def dense_rows():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(61, 12))
    rows[rng.random(rows.shape) < 0.3] = np.nan  # gaps
    return rows


# Losses that average over cells, over observed cells, over weighted interactions, and one that is
# no mean at all, for its penalty is of the batch.
MODELS = {
    "cells": (lambda seed: SparseInputAutoencoder(40, [8], 3, seed=seed), sparse_rows),
    "interactions": (
        lambda seed: InteractionAutoencoder(40, 3, hide_items=0.0, drop_code=0.0, seed=seed),
        sparse_rows,
    ),
    "gaps": (lambda seed: Autoencoder(12, [8], 3, seed=seed), dense_rows),
    "penalty": (
        lambda seed: SparseCodeAutoencoder(12, 6, sparsity="kl", weight=0.5, seed=seed),
        dense_rows,
    ),
    "noise": (lambda seed: InteractionAutoencoder(40, 3, seed=seed), sparse_rows),
}


def train(name, seed, sharing=contextlib.nullcontext, before=lambda model: None, **options):
    """Train one of the models; return it, what happened, and what `sharing` yields."""
    make, rows = MODELS[name]
    model = make(seed).double()
    with sharing(model) as traffic:
        before(model)
        settings = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": 0.01}
        history = fit(model, rows(), progress=False, **settings, **options)
    return model, history, traffic


def descend(share=lambda n: slice(0, n), add=lambda parameters, sparse: 0):
    """Train with sparse gradients and plain steps, by hand; return weights, bytes, predictions."""
    rows = sparse_rows().astype(np.float64)
    model = SparseInputAutoencoder(40, [8], 3, seed=0).double()
    table = model.lookup.weight
    model.lookup.sparse = True
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    sent, predicted = 0, 0
    for start in range(0, 61, BATCH):
        batch = rows[start : start + BATCH]
        mine = batch[share(batch.shape[0])]
        optimizer.zero_grad()
        if mine.shape[0]:
            (model.loss(mine) * (mine.shape[0] / batch.shape[0])).backward()
        sent += add(list(model.parameters()), [table])
        predicted += gradient_bytes(table, len(set(mine.indices.tolist())))
        predicted += sum(gradient_bytes(p) for p in model.parameters() if p is not table)
        optimizer.step()
    return model.state_dict(), sent, predicted


def dies_at(call):
    """Return what lets a rank kill itself at this step of its life."""

    def prepare(model):
        shared, calls = model.loss, []

        def deadly(batch):
            calls.append(1)
            if len(calls) == call:
                os.kill(os.getpid(), 9)
            return shared(batch)

        model.loss = deadly

    return prepare


def main(folder, jobs, *deaths):
    """Do one job, or several whose names a comma divides, and write down what became of each."""
    dist.init_process_group("gloo")
    for job in jobs.split(","):
        report_of(Path(folder), job, *deaths)
    dist.destroy_process_group()


def report_of(folder, job, *deaths):
    """Do a job; of each life of the ranks but the last, `deaths` says whose death at which step."""
    rank, world = dist.get_rank(), dist.get_world_size()
    name = folder / f"{job}.{rank}"
    report = {"guarded": hasattr(socket, "blocked_by_the_tests")}
    if job == "sparse":
        state, sent, predicted = descend(lambda n: my_rows(n, rank, world), add_up)
        report |= {"bytes": sent, "predicted": predicted}
    else:
        options = {}
        if deaths:
            options["checkpoint"] = folder / "training.pt"
            life = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
            report["lives"] = life + 1
            victim, step = map(int, deaths[life].split(":")) if life < len(deaths) else (None, 0)
            if rank == victim:
                options["before"] = dies_at(step)
        # Ranks begin with different weights, of which those of rank 0 are taken.
        model, history, traffic = train(job, rank, shared_steps, **options)
        state = model.state_dict()
        report |= {"train": history.train, "steps": traffic.steps, "bytes": traffic.bytes}
    torch.save(state, f"{name}.pt")
    Path(f"{name}.json").write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
