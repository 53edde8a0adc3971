"""course_utils.datasets.mnist: what is read, and what is refused and how."""

import gzip
import hashlib
import re
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.datasets import (
    data_directory,
    load_mnist,
)
from course_utils.datasets import mnist as mnist_module


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.mark.slow
def test_mnist_has_the_promised_types(mnist):
    x_train, y_train, x_test, y_test = mnist
    assert x_train.shape == (60_000, 784)
    assert x_test.shape == (10_000, 784)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.shape == (60_000,)
    assert y_test.shape == (10_000,)
    assert y_train.dtype == y_test.dtype == np.uint8
    for array in mnist:
        assert array.flags.writeable
        assert array.flags.c_contiguous


@pytest.mark.slow
def test_mnist_has_the_known_content(mnist):
    # The mean and the deviation that every MNIST tutorial normalises with, and the known class
    # counts.
    assert mnist.x_train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert mnist.x_train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    assert mnist.x_train.min() == 0
    assert mnist.x_train.max() == 1
    assert np.bincount(mnist.y_train).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    ]
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    # Every pixel is a byte divided by 255, correctly rounded.
    pixels = mnist.x_test[:50].astype(np.float64) * 255
    np.testing.assert_allclose(pixels, np.rint(pixels), atol=1e-4)


@pytest.fixture
def mnist_copy(tmp_path, monkeypatch):
    shutil.copytree(data_directory() / "mnist", tmp_path / "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path / "mnist"


def cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-5000] ^= 0x10
    path.write_bytes(content)


def flip_checksum(path):
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)


def not_gzip(path):
    path.write_bytes(b"<html>404</html>")


def empty(path):
    path.write_bytes(b"")


def labels_instead(path):
    shutil.copy(path.with_name("t10k-labels-idx1-ubyte.gz"), path)


def other_count(path):
    path.write_bytes(
        gzip.compress(b"\0\0\x08\x03\0\0\0\1\0\0\0\x1c\0\0\0\x1c" + bytes(784), mtime=0)
    )


@pytest.mark.parametrize(
    "damage", [cut, flip, flip_checksum, not_gzip, empty, labels_instead, other_count]
)
def test_a_damaged_mnist_file_is_named(mnist_copy, damage):
    path = mnist_copy / "train-images-idx3-ubyte.gz"  # the first to be read, so the test is quick
    damage(path)
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))} is .*build\.py"):
        load_mnist()


@pytest.mark.slow
def test_the_header_of_an_mnist_file_is_read(mnist_copy):
    path = mnist_copy / "train-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[3] = 9  # the length stays right
    path.write_bytes(gzip.compress(content, mtime=0))
    with pytest.raises(
        ValueError, match=r"train-labels.* header \(2057, 60000\) .*\(2049, 60000\)"
    ):
        load_mnist()


@pytest.mark.slow
def test_other_digits_are_refused_in_the_courses_own_folder(mnist_copy):
    path = mnist_copy / "train-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] = (content[-1] + 1) % 10
    path.write_bytes(gzip.compress(content, mtime=0))
    assert load_mnist().y_train[-1] == content[-1]  # a folder of the reader's own
    (mnist_copy.parent / "SHA256SUMS").touch()
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(ValueError, match=rf"train-labels.*its sha256 is {digest}, expected 65a50c"):
        load_mnist()


@pytest.mark.slow
def test_digits_packed_by_another_program_are_taken(mnist_copy):
    path = mnist_copy / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
    (mnist_copy.parent / "SHA256SUMS").touch()
    assert len(load_mnist().y_train) == 60_000


@pytest.mark.slow
@given(data=st.data(), kind=st.sampled_from(["cut", "flipped"]))
def test_any_damage_is_refused_or_harmless(tmp_path_factory, data, kind):
    """A gzip file also holds a date and the like: what is unpacked decides."""
    name = "t10k-labels-idx1-ubyte"
    content = bytearray((data_directory() / "mnist" / f"{name}.gz").read_bytes())
    whole = gzip.decompress(content)
    place = data.draw(st.integers(0, len(content) - 1))
    if kind == "cut":
        del content[place:]
    else:
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    folder = tmp_path_factory.mktemp("data")
    (folder / "SHA256SUMS").touch()
    (folder / "mnist").mkdir()
    (folder / "mnist" / f"{name}.gz").write_bytes(content)
    try:
        labels = mnist_module._read_idx(folder, name, (10_000,))
    except ValueError as error:
        assert str(folder / "mnist" / f"{name}.gz") in str(error)  # noqa: PT017
        return
    assert kind == "flipped"
    assert labels.tobytes() == whole[8:]


@pytest.mark.slow
def test_a_missing_mnist_file_is_named(mnist_copy):
    (mnist_copy / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"train-labels-idx1-ubyte\.gz is missing.*build\.py"
    ):
        load_mnist()
