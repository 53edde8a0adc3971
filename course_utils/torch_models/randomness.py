"""Draws that depend on a seed alone, and leave PyTorch's global generators as they were."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

import numpy as np
import torch

from course_utils import _seeds

Seed = int | np.random.Generator

_LARGEST_SEED = 2**63 - 1  # PyTorch takes 64 bits, and no sign from us

_CPU = torch.device("cpu")


def seed_number(seed: Seed) -> int:
    """Return a seed as a number; a generator draws it."""
    return _seeds.number_of(seed, _LARGEST_SEED)


@contextlib.contextmanager
def seeded(seed: int | np.random.SeedSequence, device: torch.device = _CPU) -> Iterator[None]:
    """Seed PyTorch's global generators for a while, and give them back as they were."""
    if isinstance(seed, np.random.SeedSequence):
        seed = int(seed.generate_state(1)[0])
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        # Seeding everything would change the generators of GPUs, which are not given back.
        seed_all = torch.default_generator if device.type == "cpu" else torch
        seed_all.manual_seed(seed)
        yield


def first_weights(seed: Seed | None) -> AbstractContextManager[None]:
    """Draw a model's weights from a seed, or from the global generator if there is none."""
    return contextlib.nullcontext() if seed is None else seeded(seed_number(seed))
