"""What models and training in PyTorch say to wrong values: see ``torch.txt`` beside this file."""

import re
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from wrong_arguments import (
    approved,
    lines_for,
    messages_that_name_no_argument,
    not_called,
    thing_named,
)

pytestmark = pytest.mark.torch

ROWS = np.random.default_rng(0).uniform(0.1, 0.9, size=(8, 6)).astype(np.float32)
LIKES = sp.csr_array((ROWS > 0.5).astype(np.float32))
LABELS = np.arange(8) % 2


def models():
    from course_utils import torch_models

    return torch_models


def network():
    return models().Autoencoder(6, (4,), 2, seed=0)


def variational():
    return models().VariationalAutoencoder(6, (4,), 2, seed=0)


def sized(**others):
    return {"n_features": 6, "hidden_sizes": (4,), "code_size": 2, **others, "seed": 0}


# Function or class -> a call of it that is right.
CALLS = {
    "torch_models.Autoencoder": lambda: sized(hide_observed=0.5),
    "torch_models.Autoencoder.prepare": lambda: {"rows": ROWS},
    "torch_models.Classifier": lambda: {
        "n_features": 6,
        "classes": 2,
        "hidden_sizes": (4,),
        "seed": 0,
    },
    "torch_models.Classifier.labelled": lambda: {"rows": ROWS, "labels": LABELS},
    "torch_models.FeatureBagAutoencoder": lambda: {
        "features": LIKES,
        "code_size": 2,
        "ids": True,
        "drop_ids": 0.5,
        "penalty": 0.1,
        "hide_items": 0.3,
        "drop_code": 0.3,
        "seed": 0,
    },
    "torch_models.InteractionAutoencoder": lambda: {
        "n_items": 6,
        "code_size": 2,
        "hide_items": 0.3,
        "drop_code": 0.3,
        "seed": 0,
    },
    "torch_models.InteractionAutoencoder.prepare": lambda: {"rows": LIKES},
    "torch_models.InteractionAutoencoder.start_at_popularity": lambda: {
        "popularity": np.arange(1.0, 7.0)
    },
    "torch_models.LinearVariationalAutoencoder": lambda: {
        "n_features": 6,
        "code_size": 2,
        "seed": 0,
    },
    "torch_models.SparseCodeAutoencoder": lambda: {
        "n_features": 6,
        "code_size": 4,
        "sparsity": "top_k",
        "k": 2,
        "unit_atoms": True,
        "seed": 0,
    },
    "torch_models.SparseCodeAutoencoder.start_at_mean": lambda: {"mean": ROWS.mean(axis=0)},
    "torch_models.SparseInputAutoencoder": sized,
    "torch_models.SparseInputAutoencoder.prepare": lambda: {"rows": LIKES},
    "torch_models.VariationalAutoencoder": lambda: sized(
        beta=1.0, noisy=True, output_mean=ROWS.mean(axis=0)
    ),
    "torch_models.VariationalAutoencoder.prepare": lambda: {"rows": ROWS},
    "torch_models.denoiser": lambda: {
        "train": LIKES,
        "setting": (2, 0.3),
        "epochs": 1,
        "seed": 0,
    },
    "torch_models.fit": lambda: {
        "model": network(),
        "rows": ROWS,
        "validation": ROWS[:4],
        "epochs": 1,
        "batch_size": 4,
        "learning_rate": 0.001,
        "one_cycle": False,
        "patience": 1,
        "min_delta": 0.0,
        "seed": 0,
        "checkpoint": Path("training.pt"),
        "progress": False,
    },
    "torch_models.importance_weighted_bound": lambda: {
        "model": variational(),
        "rows": ROWS,
        "draws": 2,
        "seed": 0,
        "batch_size": 4,
    },
    "torch_models.load": lambda: {"path": saved()},
    "torch_models.mean_loss": lambda: {"model": network(), "rows": ROWS, "batch_size": 4},
    "torch_models.nats": lambda: {
        "model": variational(),
        "rows": ROWS,
        "seed": 0,
        "batch_size": 4,
    },
    "torch_models.save": lambda: {"model": network(), "path": Path("model.pt")},
}
SELVES = {
    "torch_models.Autoencoder": network,
    "torch_models.Classifier": lambda: models().Classifier(6, 2, (4,), seed=0),
    "torch_models.InteractionAutoencoder": lambda: models().InteractionAutoencoder(6, 2, seed=0),
    "torch_models.SparseCodeAutoencoder": lambda: models().SparseCodeAutoencoder(
        6, 4, sparsity="top_k", k=2, seed=0
    ),
    "torch_models.SparseInputAutoencoder": lambda: models().SparseInputAutoencoder(
        6, (4,), 2, seed=0
    ),
    "torch_models.VariationalAutoencoder": variational,
}
# Functions of tensors, which the models call, and what runs in several processes.
ELSEWHERE = re.compile(
    r"distributed\.training\.|torch_models\.(bernoulli_nats|bound_faults|divergence|draw_codes|"
    r"keep_top_k|kl_sparsity|l1_sparsity|sparse_mean_squared_error)$"
)


def saved():
    path = Path("model.pt")
    models().save(network(), path)
    return path


@pytest.mark.parametrize("name", CALLS)
def test_every_wrong_value_gets_the_message_that_was_approved(name):
    assert lines_for(thing_named(name, SELVES), CALLS[name]) == approved("torch")[name]


def test_every_message_names_an_argument():
    assert messages_that_name_no_argument("torch") == []


def test_every_public_function_is_called():
    assert [name for name in not_called("torch", CALLS, SELVES) if not ELSEWHERE.match(name)] == []
