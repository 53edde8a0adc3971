"""The MNIST digits that ship with the course."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.datasets._text import _DAMAGED_GZIP
from course_utils.datasets.shipped import _repair_hint, data_directory


class MNIST(NamedTuple):
    """The MNIST digits: 60,000 to train on and 10,000 to test on.

    Introduced in *Check your set-up and find your way*.

    Attributes
    ----------
    x_train : ndarray of float32, shape (60000, 784)
        Pixels in [0, 1], row by row of a 28 × 28 picture; 0 is background, 1 is ink.
    y_train : ndarray of uint8, shape (60000,)
        The digit 0–9 that each picture shows.
    x_test : ndarray of float32, shape (10000, 784)
        Pixels of the test digits, written by other people than the training digits.
    y_test : ndarray of uint8, shape (10000,)
        The digits of the test pictures.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def _read_idx(path: Path, shape: tuple[int, ...], hint: str) -> np.ndarray:
    """Return the bytes of one gzipped idx file, shape `shape`; gzip's own CRC vouches for them."""
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; {hint}") from None
    except _DAMAGED_GZIP as error:
        raise ValueError(f"{path} is damaged or cut ({error}); {hint}") from error
    header_size = 4 * (1 + len(shape))
    header = tuple(np.frombuffer(content[:header_size], dtype=">u4").tolist())
    # idx: two zero bytes, 8 for unsigned bytes, the number of dimensions, then the length of each.
    expected = (0x0800 + len(shape), *shape)
    if header != expected or len(content) != header_size + int(np.prod(shape)):
        raise ValueError(
            f"{path} is not the idx file expected: header {header} and {len(content)} bytes, "
            "expected header "
            f"{expected} and {header_size + int(np.prod(shape))} bytes; {hint}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header_size).reshape(shape)


def load_mnist() -> MNIST:
    """Load the 70,000 MNIST digits that ship with the course.

    Introduced in *Check your set-up and find your way*.

    Returns
    -------
    MNIST
        ``(x_train, y_train, x_test, y_test)``: float32 pixels in [0, 1] of shape (60000, 784) and
        (10000, 784), and uint8 labels of shape (60000,) and (10000,). About 220 MB of memory.

    Raises
    ------
    FileNotFoundError
        If the folder of the data or one of the four files is missing.
    ValueError
        If a file is cut or damaged: its gzip checksum, its header or its length is wrong. The
        message names the file and says how to get it back.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to
    document recognition. Proceedings of the IEEE 86(11), 2278–2324. doi:10.1109/5.726791

    Examples
    --------
    >>> mnist = load_mnist()
    >>> mnist.x_train.shape, mnist.x_train.dtype, float(mnist.x_train.max())
    ((60000, 784), dtype('float32'), 1.0)
    >>> mnist.y_test[:5]
    array([7, 2, 1, 0, 4], dtype=uint8)
    """
    data = data_directory()
    hint = _repair_hint(data)
    arrays = []
    for name, count in (("train", 60_000), ("t10k", 10_000)):
        pixels = _read_idx(data / "mnist" / f"{name}-images-idx3-ubyte.gz", (count, 28, 28), hint)
        labels = _read_idx(data / "mnist" / f"{name}-labels-idx1-ubyte.gz", (count,), hint)
        images = np.divide(pixels.reshape(count, 784), np.float32(255), dtype=np.float32)
        arrays += [
            images,
            labels.copy(),
        ]  # a copy, because the bytes of a file cannot be written to
    return MNIST(*arrays)
