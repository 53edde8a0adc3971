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


def idx(array):
    """Return an array in the format of the files, with a header of its own."""
    header = np.array([0x0800 + array.ndim, *array.shape], dtype=">u4")
    return header.tobytes() + array.tobytes()


class TestOneFile:
    """A picture of two by three, and its message where it is none."""

    NAME = "t10k-images-idx3-ubyte"
    PICTURE = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)

    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "mnist" / f"{self.NAME}.gz"
        path.parent.mkdir()
        path.write_bytes(gzip.compress(idx(self.PICTURE)))
        return path

    def read(self, path, shape=(1, 2, 3)):
        return mnist_module._read_idx(path.parent.parent, self.NAME, shape)

    def refused(self, path, shape=(1, 2, 3)):
        with pytest.raises(ValueError, match="mnist") as error:
            self.read(path, shape)
        hint = f"; get it back with 'python {path.parent.parent / 'build.py'}', or with"
        text = str(error.value)
        assert text.startswith(str(path))
        assert text.endswith(f"{hint} 'git checkout -- data' in the course")
        return text.removeprefix(str(path)).partition(hint)[0]

    def test_bytes_are_read_in_their_shape(self, path):
        found = self.read(path)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, self.PICTURE)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (idx(PICTURE[0]), "header (2050, 2, 3, 66051) and 18 bytes"),
            (idx(PICTURE)[:-1], "header (2051, 1, 2, 3) and 21 bytes"),
            (idx(PICTURE) + b"x", "header (2051, 1, 2, 3) and 23 bytes"),
            (idx(PICTURE.reshape(1, 3, 2)), "header (2051, 1, 3, 2) and 22 bytes"),
            (b"", "header () and 0 bytes"),
        ],
    )
    def test_another_header_or_length_is_said(self, path, content, message):
        path.write_bytes(gzip.compress(content))
        assert self.refused(path) == (
            f" is not the idx file expected: {message}, expected header (2051, 1, 2, 3) and"
            " 22 bytes"
        )

    def test_a_file_that_is_cut_is_said(self, path):
        path.write_bytes(path.read_bytes()[:-9])
        assert self.refused(path) == (
            " is damaged or cut (Compressed file ended before the end-of-stream marker was reached)"
        )

    def test_a_file_that_is_missing_is_said(self, path):
        path.unlink()
        with pytest.raises(FileNotFoundError) as error:
            self.read(path)
        assert str(error.value) == (
            f"{path} is missing; get it back with 'python {path.parent.parent / 'build.py'}', or"
            " with 'git checkout -- data' in the course"
        )

    def test_in_the_courses_own_folder_the_digits_must_be_the_published_ones(self, path):
        (path.parent.parent / "SHA256SUMS").touch()
        given = hashlib.sha256(idx(self.PICTURE)).hexdigest()
        assert self.refused(path) == (
            f" is not what was published: unpacked, its sha256 is {given}, expected"
            " 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        )


def test_pixels_become_shares_of_ink_and_labels_can_be_written_to(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    asked = []

    def read(data, name, shape):
        asked.append((data, name, shape))
        found = np.zeros(shape, dtype=np.uint8)
        found.flat[:2] = (51, 255) if len(shape) == 3 else (len(asked), 9)
        found.flags.writeable = False
        return found

    monkeypatch.setattr(mnist_module, "_read_idx", read)
    monkeypatch.setattr(mnist_module, "_PARTS", {"train": 60, "t10k": 10})
    x_train, y_train, x_test, y_test = load_mnist()
    assert asked == [
        (tmp_path, "train-images-idx3-ubyte", (60, 28, 28)),
        (tmp_path, "train-labels-idx1-ubyte", (60,)),
        (tmp_path, "t10k-images-idx3-ubyte", (10, 28, 28)),
        (tmp_path, "t10k-labels-idx1-ubyte", (10,)),
    ]
    for pixels, count in ((x_train, 60), (x_test, 10)):
        assert (pixels.shape, pixels.dtype) == ((count, 784), np.float32)
        assert pixels[0, :3].tolist() == [np.float32(0.2), 1, 0]
    assert (y_train[:3].tolist(), y_test[:3].tolist()) == ([2, 9, 0], [4, 9, 0])
    assert y_train.dtype == y_test.dtype == np.uint8
    y_train[0] = y_test[0] = 1


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
