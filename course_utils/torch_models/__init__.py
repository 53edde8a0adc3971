"""Autoencoders in PyTorch, with a training loop that stops early and can be killed and resumed.

Importing this module imports PyTorch, so it belongs in notebooks and tests that hold no
TensorFlow.
"""

from course_utils.torch_models.bounds import (
    Nats,
    bernoulli_nats,
    bound_faults,
    divergence,
    draw_codes,
    importance_weighted_bound,
    nats,
)
from course_utils.torch_models.classifiers import Classifier
from course_utils.torch_models.dense import Autoencoder
from course_utils.torch_models.feature_bags import FeatureBagAutoencoder
from course_utils.torch_models.files import load, save
from course_utils.torch_models.interactions import InteractionAutoencoder
from course_utils.torch_models.losses import mean_loss
from course_utils.torch_models.rung import denoiser
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
from course_utils.torch_models.variational import (
    LinearVariationalAutoencoder,
    VariationalAutoencoder,
)

__all__ = [
    "Autoencoder",
    "Classifier",
    "FeatureBagAutoencoder",
    "History",
    "InteractionAutoencoder",
    "LinearVariationalAutoencoder",
    "Nats",
    "SparseCodeAutoencoder",
    "SparseInputAutoencoder",
    "VariationalAutoencoder",
    "bernoulli_nats",
    "bound_faults",
    "denoiser",
    "divergence",
    "draw_codes",
    "fit",
    "importance_weighted_bound",
    "keep_top_k",
    "kl_sparsity",
    "l1_sparsity",
    "load",
    "mean_loss",
    "nats",
    "save",
    "sparse_mean_squared_error",
]
