"""The denoising network as a rung of the recommender ladder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch

from course_utils import _arguments, _objects, _sparse_forms
from course_utils.torch_models.interactions import InteractionAutoencoder
from course_utils.torch_models.training import fit


def denoiser(
    train: sp.csr_array, setting: tuple[int, float], *, epochs: int = 16, seed: int = 0
) -> Callable[[sp.csr_array], np.ndarray]:
    """Train the denoising autoencoder of *Climb the recommender ladder*: a model for exams.

    Introduced in *Examine the exam*.

    Parameters
    ----------
    train : csr_array, shape (teachers, items)
        What is stored, a teacher has; an empty row is refused.
    setting : tuple of int and float
        Numbers in the code, and the share of a row's items that is hidden in training.
    epochs : int
        Passes over the teachers, in batches of 64.
    seed : int
        Of the first weights and of what is hidden.

    Returns
    -------
    callable
        Maps rows of new people to scores, the logarithms of probabilities but for a constant.

    Raises
    ------
    TypeError, ValueError
        As for :class:`InteractionAutoencoder` and :func:`fit`.

    Examples
    --------
    >>> scorer = denoiser(sp.csr_array(np.eye(3)), (2, 0.0), epochs=1)
    >>> scorer(sp.csr_array(np.eye(3))).shape
    (3, 3)
    """
    known = _sparse_forms.canonical_csr("train", train, sparse_only=True)
    if 0 in known.shape or not known.nnz or known.data.min() < 0:
        raise ValueError(
            f"train must hold interactions above 0, got shape {known.shape} with "
            f"{known.data.min(initial=0):g} as the least; what nobody chose is left out"
        )
    parts = _objects.parts("setting", setting, 2, "code size and share of hidden items")
    code_size = _arguments.integer("setting[0]", parts[0], 1)
    hide_items = _arguments.number("setting[1]", parts[1], low=0, below=1)
    network = InteractionAutoencoder(known.shape[1], code_size, hide_items=hide_items, seed=seed)
    network.start_at_popularity(known.sum(axis=0))
    fit(network, known, epochs=epochs, batch_size=64, learning_rate=4e-3, seed=seed)

    def score(seen: sp.csr_array) -> np.ndarray:
        with torch.no_grad():
            return network(seen.astype(np.float32)).numpy()

    return score
