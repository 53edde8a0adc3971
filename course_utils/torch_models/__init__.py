"""Autoencoders in PyTorch, with a training loop that stops early and can be killed and resumed.

Importing this module imports PyTorch, so it belongs in notebooks and tests that hold no
TensorFlow.
"""

from course_utils.torch_models.dense import Autoencoder
from course_utils.torch_models.files import load, save
from course_utils.torch_models.interactions import InteractionAutoencoder
from course_utils.torch_models.losses import mean_loss
from course_utils.torch_models.sparse_codes import (
    SparseCodeAutoencoder,
    keep_top_k,
    kl_sparsity,
    l1_sparsity,
)
from course_utils.torch_models.sparse_input import (
    SparseInputAutoencoder,
    sparse_mean_squared_error,
)
from course_utils.torch_models.training import History, fit

__all__ = [
    "Autoencoder",
    "History",
    "InteractionAutoencoder",
    "SparseCodeAutoencoder",
    "SparseInputAutoencoder",
    "fit",
    "keep_top_k",
    "kl_sparsity",
    "l1_sparsity",
    "load",
    "mean_loss",
    "save",
    "sparse_mean_squared_error",
]
