"""Losses that Keras does not have."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="course_utils")
def masked_mse(targets: tf.Tensor, predictions: tf.Tensor) -> tf.Tensor:
    """Mean squared error over the known cells alone: NaN in the targets means missing.

    Introduced in *Missing is not zero*.

    A loss for Keras: pass the function itself to `compile`, or to
    :func:`course_utils.keras_models.fit_repeated`. A missing cell costs 0 and has a gradient of
    exactly 0, whatever is answered there, even infinity or NaN. A model that is saved with this
    loss can be loaded by ``keras.models.load_model`` in every process that has imported this
    module.

    Parameters
    ----------
    targets, predictions : tensor of floats, shape (rows, columns)
        True values, with NaN where there is none, and what the network says.

    Returns
    -------
    tensor, shape ()
        Sum of squared errors of the known cells / number of known cells; 0 if there is none.

    References
    ----------
    .. [1] S. Sedhain et al., "AutoRec: autoencoders meet collaborative filtering", WWW 2015,
       doi:10.1145/2740908.2742726, equation 2.

    Examples
    --------
    >>> loss = masked_mse(tf.constant([[5.0, float("nan")]]), tf.constant([[3.0, 9.0]]))
    >>> float(loss)
    4.0
    """
    predictions = tf.convert_to_tensor(predictions)
    targets = tf.cast(tf.convert_to_tensor(targets), predictions.dtype)
    known = tf.math.logical_not(tf.math.is_nan(targets))
    # Both sides are replaced *before* they are subtracted: 0 times NaN or infinity is NaN, in the
    # sum as well as in the gradient, so a mask that is multiplied afterwards comes too late.
    nothing = tf.zeros_like(predictions)
    errors = tf.where(known, targets, nothing) - tf.where(known, predictions, nothing)
    count = tf.reduce_sum(tf.cast(known, errors.dtype))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.square(errors)), count)
