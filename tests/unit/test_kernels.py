"""Which kernel multiplies, on how many threads, and what PyTorch's one is given.

PyTorch itself is asked in embeddings/test_torch.py; here a stand-in of NumPy computes.
"""

import contextlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import _kernels

# Empty rows first, in the middle and last, a repeated column, unsorted columns, spare storage.
WEIGHTS = sp.csr_array(
    (
        np.float32([2, 3, 5, 7, 11, 13, 99]),
        [2, 0, 1, 1, 2, 0, 0],
        [0, 0, 2, 2, 5, 6, 6],
    ),
    shape=(6, 3),
)
TABLE = np.float32([[1, 10], [2, 20], [4, 40]])
PRODUCT = np.float32([[0, 0], [11, 110], [0, 0], [68, 680], [13, 130], [0, 0]])


def embedding_bag(ids, rows, starts, *, mode, per_sample_weights):
    """Add up rows of a table as PyTorch's function of this name does."""
    assert mode == "sum"
    assert len(ids) == len(per_sample_weights)
    result = np.zeros((len(starts), rows.shape[1]), rows.dtype)
    for row, (start, stop) in enumerate(zip(starts, [*starts[1:], len(ids)], strict=True)):
        for place in range(start, stop):
            result[row] += per_sample_weights[place] * rows[ids[place]]
    return SimpleNamespace(numpy=lambda: result)


@pytest.fixture
def torch(monkeypatch):
    """Put a stand-in in the place of PyTorch; what it was asked for stands in `calls`."""
    calls, recording = [], [True]

    def from_numpy(array):
        assert array.flags["C_CONTIGUOUS"]
        assert array.flags["WRITEABLE"]
        return array

    @contextlib.contextmanager
    def no_grad():
        recording[0] = False
        yield
        recording[0] = True

    def bag(*arguments, **options):
        assert not recording[0]
        calls.append("embedding_bag")
        return embedding_bag(*arguments, **options)

    module = SimpleNamespace(
        calls=calls,
        from_numpy=from_numpy,
        no_grad=no_grad,
        nn=SimpleNamespace(functional=SimpleNamespace(embedding_bag=bag)),
    )
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setattr(_kernels, "torch_was_loaded", lambda: True)
    return module


@pytest.mark.parametrize("kernel", ["scipy", "auto", "torch"])
def test_every_kernel_multiplies(torch, kernel):
    np.testing.assert_array_equal(_kernels.multiply(WEIGHTS, TABLE, kernel), PRODUCT)
    assert torch.calls == ["embedding_bag"] * (kernel == "torch")


def test_pytorch_gets_arrays_that_it_may_write_to(torch):
    weights, table = WEIGHTS.copy(), np.asfortranarray(TABLE)
    for array in (weights.data, weights.indices, weights.indptr, table):
        array.flags.writeable = False
    np.testing.assert_array_equal(_kernels.multiply(weights, table, "torch"), PRODUCT)
    assert torch.calls


@pytest.mark.parametrize(
    ("dtype", "enough", "loaded", "kernel", "by_torch"),
    [
        (np.float32, 12, True, "auto", True),  # 6 nonzeros in 2 columns are 12 multiplications
        (np.float32, 13, True, "auto", False),
        (np.float64, 12, True, "auto", False),
        (np.float32, 12, False, "auto", False),
        (np.float32, 12, True, "scipy", False),
        (np.float64, 13, False, "torch", True),
    ],
)
def test_which_kernel_is_taken(torch, monkeypatch, dtype, enough, loaded, kernel, by_torch):
    monkeypatch.setattr(_kernels, "_WORK_FOR_TORCH", enough)
    monkeypatch.setattr(_kernels, "torch_was_loaded", lambda: loaded)
    product = _kernels.multiply(WEIGHTS.astype(dtype), TABLE.astype(dtype), kernel)
    np.testing.assert_array_equal(product, PRODUCT)
    assert product.dtype == dtype
    assert torch.calls == ["embedding_bag"] * by_torch


def test_auto_is_what_one_gets_without_a_word(torch, monkeypatch):
    monkeypatch.setattr(_kernels, "_WORK_FOR_TORCH", 1)
    np.testing.assert_array_equal(_kernels.multiply(WEIGHTS, TABLE), PRODUCT)
    assert torch.calls


def test_pytorch_that_is_not_loaded_is_not_loaded_either(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared below
        _kernels.multiply(WEIGHTS, TABLE, "torch")
    assert str(error.value) == (
        "kernel must be 'scipy' or 'auto' while PyTorch is not loaded, got 'torch'; "
        "import torch first"
    )
    assert error.value.__suppress_context__
    assert "torch" not in sys.modules


@pytest.fixture
def pools(monkeypatch):
    """Record how many threads work on which rows; their work is done in one."""
    started = []

    class Pool(contextlib.nullcontext):
        def __init__(self, threads):
            super().__init__(self)
            self.threads = threads

        def map(self, function, starts, stops):
            blocks = list(zip(starts.tolist(), stops.tolist(), strict=True))
            started.append((self.threads, blocks))
            return (function(*block) for block in blocks)

    monkeypatch.setattr(_kernels, "ThreadPoolExecutor", Pool)
    return started


@pytest.mark.parametrize(
    ("available", "enough", "expected"),
    [
        (4, 3, [(4, [(0, 2), (2, 4), (4, 4), (4, 6)])]),  # 1 or 2 of 6 nonzeros for each
        (4, 4, [(3, [(0, 2), (2, 4), (4, 6)])]),  # 12 multiplications are enough for three
        (4, 5, [(2, [(0, 4), (4, 6)])]),
        (4, 6, [(2, [(0, 4), (4, 6)])]),
        (4, 7, []),
        (2, 1, [(2, [(0, 4), (4, 6)])]),
        (1, 1, []),
    ],
)
def test_each_thread_gets_as_many_nonzeros(pools, monkeypatch, available, enough, expected):
    monkeypatch.setattr(_kernels, "default_threads", lambda: available)
    monkeypatch.setattr(_kernels, "_WORK_PER_THREAD", enough)
    product = _kernels.multiply(WEIGHTS, TABLE, "scipy")
    np.testing.assert_array_equal(product, PRODUCT)
    assert product.dtype == np.float32
    assert pools == expected


def test_an_error_in_a_thread_is_an_error(monkeypatch):
    monkeypatch.setattr(_kernels, "default_threads", lambda: 2)
    monkeypatch.setattr(_kernels, "_WORK_PER_THREAD", 1)
    with pytest.raises(ValueError, match="dimension mismatch|inconsistent shapes|mismatch"):
        _kernels.multiply(WEIGHTS, TABLE[:2], "scipy")
