"""Losses that Keras does not have."""

from __future__ import annotations

import tensorflow as tf


def masked_mse(targets: tf.Tensor, predictions: tf.Tensor) -> tf.Tensor:
    """Mean squared error over the known cells alone: NaN in the targets means missing.

    Introduced in *Missing is not zero*.

    A loss for Keras: pass the function itself to `compile`, or to :func:`fit_repeated`. The error
    of a missing cell is replaced by 0 *before* it is squared: NaN times 0 is NaN, so multiplying by
    a mask would not do. Its gradient is exactly 0.

    Parameters
    ----------
    targets, predictions : tensor, shape (rows, columns)
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
    known = tf.math.logical_not(tf.math.is_nan(targets))
    errors = tf.where(known, targets, predictions) - predictions
    count = tf.reduce_sum(tf.cast(known, errors.dtype))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.square(errors)), count)
