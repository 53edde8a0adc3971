"""A network that treats every place of a picture alike, for pictures stored as rows."""

from __future__ import annotations

import keras
import numpy as np

from course_utils import _arguments
from course_utils.keras_models.networks import log_odds


def conv_denoiser(
    side: int = 28,
    *,
    channels: int = 32,
    hidden_layers: int = 2,
    output_mean: float | None = None,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Build a convolutional network that maps square pictures to square pictures.

    Introduced in *Remove noise from digits*.

    A convolution [1]_ lays the same small window of weights on every place, so a picture that
    is moved by an even number of pixels is answered by the moved answer (except near the border).
    The first layer looks at 6 × 6 pixels in every second row and column, which leaves a quarter of
    the places to the layers between; these look at 3 × 3 places, and the last one
    draws 6 × 6 pixels around each place. All rectify (ReLU) but the last, which is a sigmoid.

    Parameters
    ----------
    side : int
        Height and width of a picture, even.
    channels : int
        Windows of each layer but the last, that is, numbers at each place.
    hidden_layers : int
        Layers between the first and the last.
    output_mean : float, optional
        Mean grey value of the training data. If given, the weights of the last layer start at 0
        and its bias such that every pixel of every answer is this mean. Default: random weights.
    seed : int or numpy.random.Generator
        Decides all initial weights, whatever the process has drawn before.

    Returns
    -------
    keras.Model
        Shape (n, side²) → (n, side²), a row of pixels for each picture. Its 73 · channels + 1
        parameters, and channels · (9 · channels + 1) more for each hidden layer, do not depend
        on `side`.

    Raises
    ------
    TypeError
        If a count is no integer, or `output_mean` no number.
    ValueError
        If `side` is not even and positive, a number is out of range, or `output_mean` lies
        outside [0, 1].

    References
    ----------
    .. [1] Y. LeCun et al., "Backpropagation applied to handwritten zip code recognition",
       Neural Computation 1, 541-551, 1989, doi:10.1162/neco.1989.1.4.541.

    Examples
    --------
    >>> network = conv_denoiser(8, channels=4, hidden_layers=1, output_mean=0.25)
    >>> network.count_params() == 73 * 4 + 1 + 4 * (9 * 4 + 1)
    True
    >>> network(np.zeros((3, 64))).numpy().round(3)[:, :2]
    array([[0.25, 0.25],
           [0.25, 0.25],
           [0.25, 0.25]], dtype=float32)
    """
    side = _arguments.integer("side", side, 2)
    if side % 2:
        raise ValueError(f"side must be even, since the first layer halves it, got {side}")
    channels = _arguments.integer("channels", channels, 1)
    hidden_layers = _arguments.integer("hidden_layers", hidden_layers, 0)
    rng = _arguments.random_generator(seed)
    starts = iter(rng.integers(2**31, size=hidden_layers + 2).tolist())
    first, *between = (
        keras.layers.Conv2D(
            channels,
            window,
            strides=stride,
            padding="same",
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(next(starts)),
            name=name,
        )
        for window, stride, name in [
            (6, 2, "halve"),
            *((3, 1, f"hidden_{i + 1}") for i in range(hidden_layers)),
        ]
    )
    last = keras.layers.Conv2DTranspose(
        1,
        6,
        strides=2,
        padding="same",
        activation="sigmoid",
        kernel_initializer=keras.initializers.GlorotNormal(next(starts)),
        name="draw",
    )
    rows = keras.Input((side**2,), name="input")
    picture = keras.layers.Reshape((side, side, 1), name="picture")(rows)
    for layer in (first, *between, last):
        picture = layer(picture)
    network = keras.Model(rows, keras.layers.Flatten(name="rows")(picture), name="conv_denoiser")
    if output_mean is not None:
        mean = _arguments.number("output_mean", output_mean, 0, 1)
        last.set_weights([np.zeros(last.kernel.shape), log_odds([mean])])
    return network
