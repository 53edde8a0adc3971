"""Autoencoders of dense layers, and the start that keeps them from beginning far off."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from course_utils import _arguments, _objects
from course_utils.keras_models._inputs import check_known

# Initialisations that keep the size of the signal from layer to layer: units of these
# activations let only half of it through, which He's variance of 2 / inputs makes up for.
_HALF_RECTIFIED = {"relu", "elu", "gelu", "leaky_relu", "selu", "silu", "swish"}


def log_odds(mean: ArrayLike, *, smallest: float = 1e-3) -> np.ndarray:
    """Logarithm of the odds, the inverse of the sigmoid.

    Introduced in *Autoencode digits*.

    With these values as biases, a sigmoid output layer whose weights are 0 answers the mean of the
    data.

    Parameters
    ----------
    mean : array_like
        Values in [0, 1], for instance the mean image.
    smallest : float
        `mean` is first clipped to [smallest, 1 - smallest], because a pixel that is never lit
        has odds of 0 and log-odds of minus infinity, from which no training comes back.

    Returns
    -------
    ndarray, same shape as `mean`
        log(mean / (1 - mean)).

    Raises
    ------
    ValueError
        If a mean lies outside [0, 1], or `smallest` is not between 0 and 0.5.

    Examples
    --------
    >>> log_odds([0.5, 0.75]).round(4)
    array([0.    , 1.0986])
    >>> log_odds([0.0, 1.0], smallest=0.01).round(4)
    array([-4.5951,  4.5951])
    """
    values = _arguments.dense("mean", mean, empty=True)
    smallest = _arguments.number("smallest", smallest, above=0, below=0.5)
    _arguments.in_unit_interval("mean", values)
    return logit(np.clip(values, smallest, 1 - smallest))


def mlp_autoencoder(
    widths: Sequence[int],
    *,
    activation: str = "relu",
    code_activation: str = "linear",
    output_activation: str = "sigmoid",
    output_mean: ArrayLike | None = None,
    seed: int | np.random.Generator = 0,
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Build a symmetric autoencoder of dense layers, and its two halves.

    Introduced in *Compare SVD with an autoencoder*.

    The three models share their layers, so training the first trains all of them. Layers are named
    ``encoder_1``, …, ``code``, ``decoder_1``, …, ``reconstruction``; look them up with
    ``get_layer("code")``, never by their position.

    Parameters
    ----------
    widths : sequence of int
        Units per layer from the input to the code; the decoder mirrors them.
        ``[784, 128, 64, 32]`` gives 784-128-64-32-64-128-784.
    activation : str
        Of the hidden layers, by its Keras name. They start with He's initialisation [1]_ if it is
        a rectifier, else with Glorot's [2]_.
    code_activation, output_activation : str
        Of the code layer and of the last layer.
    output_mean : array_like, shape (widths[0],), optional
        Mean of the training data. If given, the weights of the last layer start at 0 and its
        bias at the value for which every output is this mean, so that training starts from the
        best constant answer.
    seed : int or numpy.random.Generator
        Decides all initial weights, whatever the process has drawn before.

    Returns
    -------
    autoencoder, encoder, decoder : keras.Model
        Shapes (n, widths[0]) → (n, widths[0]), (n, widths[0]) → (n, widths[-1]) and
        (n, widths[-1]) → (n, widths[0]).

    Raises
    ------
    TypeError
        If a width is no integer.
    ValueError
        If `widths` are not at least two, all positive, `output_mean` has another shape, or
        `output_activation` has no bias for a given mean (only "sigmoid" and "linear" have).

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015,
       arXiv:1502.01852, equation 10.
    .. [2] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010, equation 16.

    Examples
    --------
    >>> autoencoder, encoder, decoder = mlp_autoencoder([6, 4, 2])
    >>> [layer.units for layer in autoencoder.layers[1:]]
    [4, 2, 4, 6]
    >>> encoder.output_shape, decoder.input_shape
    ((None, 2), (None, 2))
    """
    units = [
        _arguments.integer(f"widths[{i}]", width, 1)
        for i, width in enumerate(_objects.items("widths", widths, "widths, input first"))
    ]
    for name, value in {
        "activation": activation,
        "code_activation": code_activation,
        "output_activation": output_activation,
    }.items():
        if value is not None:
            check_known(name, value, keras.activations.get, "an activation")
    if len(units) < 2:
        raise ValueError(f"widths must be two or more integers, input first, got {units}")
    rng = _arguments.random_generator(seed)
    seeds = iter(rng.integers(2**31, size=2 * len(units)).tolist())

    def dense(width: int, name: str, layer_activation: str) -> keras.layers.Dense:
        kind = "he_normal" if layer_activation in _HALF_RECTIFIED else "glorot_normal"
        start = keras.initializers.get({"class_name": kind, "config": {"seed": next(seeds)}})
        return keras.layers.Dense(
            width, activation=layer_activation, kernel_initializer=start, name=name
        )

    hidden = units[1:-1]
    encoder_layers = [dense(w, f"encoder_{i}", activation) for i, w in enumerate(hidden, start=1)]
    encoder_layers.append(dense(units[-1], "code", code_activation))
    decoder_layers = [
        dense(w, f"decoder_{i}", activation) for i, w in enumerate(reversed(hidden), start=1)
    ]
    decoder_layers.append(dense(units[0], "reconstruction", output_activation))

    inputs = keras.Input((units[0],), name="input")
    code_inputs = keras.Input((units[-1],), name="code_input")
    code = _chain(encoder_layers, inputs)
    autoencoder = keras.Model(inputs, _chain(decoder_layers, code), name="autoencoder")
    encoder = keras.Model(inputs, code, name="encoder")
    decoder = keras.Model(code_inputs, _chain(decoder_layers, code_inputs), name="decoder")
    if output_mean is not None:
        last = decoder_layers[-1]
        bias = _bias_for_mean(output_mean, units[0], output_activation)
        last.set_weights([np.zeros(last.kernel.shape), bias])
    return autoencoder, encoder, decoder


def _chain(layers: list[keras.layers.Dense], tensor: keras.KerasTensor) -> keras.KerasTensor:
    for layer in layers:
        tensor = layer(tensor)
    return tensor


def _bias_for_mean(mean: ArrayLike, width: int, output_activation: str) -> np.ndarray:
    values = _arguments.dense("output_mean", mean)
    if values.shape != (width,):
        raise ValueError(f"output_mean must have shape ({width},), got {values.shape}")
    if output_activation == "sigmoid":
        _arguments.in_unit_interval("output_mean", values)
        return log_odds(values)
    if output_activation == "linear":
        return values
    raise ValueError(
        f"output_mean needs the output activation 'sigmoid' or 'linear', got {output_activation!r}"
    )
