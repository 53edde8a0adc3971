"""The MNIST digits that ship with the course."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.datasets._text import DAMAGED_GZIP
from course_utils.datasets.shipped import data_directory, has_listing, repair_hint


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


# Of the idx files as they were published: two programs may pack the same bytes differently.
_PUBLISHED = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# Pictures in each of the two parts.
_PARTS = {"train": 60_000, "t10k": 10_000}


def _read_idx(data: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the bytes of one gzipped idx file, shape `shape`, checked against what is known."""
    path, hint = data / "mnist" / f"{name}.gz", repair_hint(data)
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; {hint}") from None
    except DAMAGED_GZIP as error:
        raise ValueError(f"{path} is damaged or cut ({error}); {hint}") from error
    header_size = 4 * (1 + len(shape))
    header = tuple(np.frombuffer(content[:header_size], dtype=">u4").tolist())
    # idx: two zero bytes, 8 for unsigned bytes, the number of dimensions, then the length of each.
    expected = (0x0800 + len(shape), *shape)
    size = header_size + int(np.prod(shape))
    if header != expected or len(content) != size:
        raise ValueError(
            f"{path} is not the idx file expected: header {header} and {len(content)} bytes, "
            f"expected header {expected} and {size} bytes; {hint}"
        )
    given = hashlib.sha256(content).hexdigest()
    # A folder that the reader filled may hold other pictures in the same form.
    if has_listing(data) and given != _PUBLISHED[name]:
        raise ValueError(
            f"{path} is not what was published: unpacked, its sha256 is {given}, "
            f"expected {_PUBLISHED[name]}; {hint}"
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
        If a file is cut or damaged: its gzip checksum, its header, its length or, in the course's
        own folder of data, its sha256 is wrong. The message names the file and what was expected,
        and says how to get it back.

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
    arrays = []
    for name, count in _PARTS.items():
        pixels = _read_idx(data, f"{name}-images-idx3-ubyte", (count, 28, 28)).reshape(count, 784)
        labels = _read_idx(data, f"{name}-labels-idx1-ubyte", (count,))
        images = np.divide(pixels, np.float32(255), dtype=np.float32)
        arrays += [images, labels.copy()]  # a copy: the bytes of a file cannot be written to
    return MNIST(*arrays)
