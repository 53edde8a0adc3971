"""Small Keras networks and one way to train them.

Importing this module imports TensorFlow: call ``runtime.start(framework="keras")`` first, which
keeps TensorFlow's start-up messages out of the notebook.
"""

from course_utils.keras_models.classifiers import classifier_trainer
from course_utils.keras_models.convolutional import conv_denoiser
from course_utils.keras_models.losses import masked_mse
from course_utils.keras_models.networks import log_odds, mlp_autoencoder
from course_utils.keras_models.repeated import fit_repeated
from course_utils.keras_models.training import History, fit

__all__ = [
    "History",
    "classifier_trainer",
    "conv_denoiser",
    "fit",
    "fit_repeated",
    "log_odds",
    "masked_mse",
    "mlp_autoencoder",
]
