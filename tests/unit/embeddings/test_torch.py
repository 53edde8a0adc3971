"""The lookup against `torch.nn.EmbeddingBag` and `torch.sparse_csr`, values and gradients."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import _kernels, embeddings
from course_utils.embeddings import embedding_bag_inputs, one_hot, sparse_embedding_lookup

pytestmark = [
    pytest.mark.torch,
    # PyTorch says so once per process; the layout does what we ask of it.
    pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta:UserWarning"),
]

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def awkward(seed, dtype, form="csr", rows=23, ids=11):
    """Empty rows first, in the middle and last; stored zeros; duplicates; any order of ids."""
    rng = np.random.default_rng(seed)
    filled = np.setdiff1d(np.arange(rows), [0, 9, 10, rows - 2, rows - 1])
    row, column = rng.choice(filled, 80), rng.integers(0, ids, 80)
    values = rng.standard_normal(80).astype(dtype)
    values[:5] = 0
    row[10:15], column[10:15] = row[15:20], column[15:20]
    major, minor, size = (row, column, rows) if form == "csr" else (column, row, ids)
    order = np.argsort(major, kind="stable")
    starts = np.searchsorted(major[order], np.arange(size + 1)).astype(np.int32)
    make = sp.csr_array if form == "csr" else sp.csc_array
    parts = (values[order], minor[order].astype(np.int32), starts)
    matrix = make(parts, shape=(rows, ids))
    assert matrix.nnz == 80
    table = rng.standard_normal((ids, 4)).astype(dtype)
    upstream = rng.standard_normal((rows, 4)).astype(dtype)
    return matrix, table, upstream


def bag(torch, matrix, table, upstream):
    weight = torch.tensor(table, requires_grad=True)
    ids, offsets, weights = map(torch.from_numpy, embedding_bag_inputs(matrix))
    result = torch.nn.functional.embedding_bag(
        ids, weight, offsets, mode="sum", per_sample_weights=weights
    )
    result.backward(torch.tensor(upstream))
    return result.detach().numpy(), weight.grad.numpy()


def sparse_csr(torch, matrix, table, upstream):
    weight = torch.tensor(table, requires_grad=True)
    csr = sp.csr_array(matrix)
    csr.sum_duplicates()
    tensor = torch.sparse_csr_tensor(
        *map(torch.from_numpy, (csr.indptr, csr.indices, csr.data)),
        size=csr.shape,
        check_invariants=True,
    )
    result = tensor @ weight
    result.backward(torch.tensor(upstream))
    return result.detach().numpy(), weight.grad.numpy()


def gathered_one_hot(torch, matrix, table, upstream):
    weight = torch.tensor(table, requires_grad=True)
    cells = sp.coo_array(matrix)
    vectors = torch.tensor(one_hot(cells.col, matrix.shape[1], dtype=table.dtype))
    result = torch.zeros(matrix.shape[0], table.shape[1], dtype=weight.dtype).index_add(
        0, torch.tensor(cells.row), (vectors @ weight) * torch.tensor(cells.data)[:, None]
    )
    result.backward(torch.tensor(upstream))
    return result.detach().numpy(), weight.grad.numpy()


@pytest.mark.parametrize("way", [bag, sparse_csr, gathered_one_hot])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("seed", range(3))
def test_same_answer_and_same_gradient(torch, way, dtype, form, seed):
    matrix, table, upstream = awkward(seed, dtype, form)
    result, gradient = way(torch, matrix, table, upstream)
    ours = sparse_embedding_lookup(matrix, table)
    assert ours.dtype == result.dtype == dtype
    np.testing.assert_allclose(ours, result, atol=10 * TOLERANCE[dtype], rtol=0)
    ours = sparse_embedding_lookup(matrix.T, upstream)
    np.testing.assert_allclose(ours, gradient, atol=10 * TOLERANCE[dtype], rtol=0)
    np.testing.assert_allclose(matrix.toarray().T @ upstream, gradient, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.int64, np.bool_])
def test_counts_go_into_the_bag_as_float32(torch, dtype):
    matrix = sp.csr_array(np.array([[1, 0, 1], [0, 0, 0]], dtype=dtype))
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    result, _ = bag(torch, matrix, table, np.ones((2, 2), dtype=np.float32))
    np.testing.assert_array_equal(result, [[4.0, 6.0], [0.0, 0.0]])


def test_the_bag_alone_averages_without_weights(torch):
    """Its mode 'mean' refuses weights, so the weighted mean is ours to compute."""
    ids, offsets, weights = map(torch.from_numpy, embedding_bag_inputs(np.eye(2)))
    with pytest.raises(NotImplementedError, match="mode='sum'"):
        torch.nn.functional.embedding_bag(
            ids,
            torch.ones(2, 1, dtype=torch.float64),
            offsets,
            mode="mean",
            per_sample_weights=weights,
        )


def large(dtype):
    """Enough work for PyTorch's kernel; empty rows first, in the middle and last."""
    rng = np.random.default_rng(0)
    matrix = sp.random_array((700, 90), density=0.5, rng=rng, dtype=dtype, format="csr")
    keep = np.ones(700, dtype=dtype)
    keep[[0, 300, 301, 698, 699]] = 0
    matrix = sp.csr_array(sp.diags_array(keep) @ matrix).astype(dtype)
    matrix.eliminate_zeros()
    table = rng.standard_normal((90, 40)).astype(dtype)
    assert matrix.nnz * 40 >= _kernels._WORK_FOR_TORCH
    return matrix, table


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
def test_large_float32_lookups_take_the_vectorised_kernel(monkeypatch, combiner):
    monkeypatch.setattr(_kernels, "_multiply_by_scipy", None)
    matrix, table = large(np.float32)
    result = sparse_embedding_lookup(matrix, table, combiner=combiner)
    assert result.dtype == np.float32
    monkeypatch.undo()
    exact = sparse_embedding_lookup(matrix.astype(float), table.astype(float), combiner=combiner)
    np.testing.assert_allclose(result, exact, atol=2e-5, rtol=0)
    assert not result[[0, 300, 301, 698, 699]].any()


@pytest.mark.usefixtures("torch")
def test_the_vectorised_kernel_takes_arrays_that_cannot_be_written():
    matrix, table = large(np.float32)
    expected = sparse_embedding_lookup(matrix, table)
    for array in (matrix.data, matrix.indices, matrix.indptr, table):
        array.flags.writeable = False
    np.testing.assert_array_equal(sparse_embedding_lookup(matrix, table), expected)
    np.testing.assert_array_equal(
        sparse_embedding_lookup(matrix, np.asfortranarray(table)), expected
    )


@pytest.mark.usefixtures("torch")
def test_float64_stays_with_scipy(monkeypatch):
    monkeypatch.setattr(_kernels, "_multiply_by_torch", None)
    matrix, table = large(np.float64)
    np.testing.assert_allclose(
        sparse_embedding_lookup(matrix, table), matrix.toarray() @ table, atol=1e-12, rtol=0
    )


@pytest.mark.usefixtures("torch")
def test_small_lookups_do_not_depend_on_what_is_loaded(monkeypatch):
    monkeypatch.setattr(_kernels, "_multiply_by_torch", None)
    matrix, table, _ = awkward(0, np.float32)
    sparse_embedding_lookup(matrix, table)


@pytest.mark.usefixtures("torch")
def test_the_choice_of_a_process_is_made_once(monkeypatch):
    matrix, table = large(np.float32)
    _kernels.torch_was_loaded.cache_clear()
    monkeypatch.delitem(sys.modules, "torch")
    before = sparse_embedding_lookup(matrix, table)
    monkeypatch.undo()
    np.testing.assert_array_equal(sparse_embedding_lookup(matrix, table), before)
    np.testing.assert_array_equal(sparse_embedding_lookup(matrix, table, kernel="scipy"), before)
    _kernels.torch_was_loaded.cache_clear()


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("kernel", ["scipy", "torch"])
@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
def test_rows_of_a_table_that_no_id_uses_may_hold_anything(kernel, combiner):
    matrix = sp.csr_array(([2.0, 0.0, 1.0, -1.0], [0, 1, 2, 3], [0, 2, 4]), shape=(2, 5))
    table = np.array([[1.0], [np.nan], [3.0], [3.0], [np.inf]])
    got = sparse_embedding_lookup(matrix, table, combiner=combiner, kernel=kernel)
    assert got.tolist() == [[2.0 if combiner == "sum" else 1.0], [0.0]]
