"""`course_utils.embeddings` against loops over cells, exact identities and awkward storage."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import peak_of

from course_utils import _kernels, embeddings
from course_utils.embeddings import embedding_bag_inputs, one_hot, sparse_embedding_lookup
from course_utils.sparse import index_to_indicator

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]
SOURCE = np.array([[1.5, 0, 0, 2.0], [0, 0, 3.5, 0]])


def lookup_by_hand(dense, table, combiner="sum"):
    """Visit every cell; shares no idea with the tested code."""
    result = np.zeros((len(dense), len(table[0])))
    for row, weights in enumerate(dense):
        total = squares = 0.0
        for column, weight in enumerate(weights):
            total += weight
            squares += weight**2
            for dimension in range(result.shape[1]):
                result[row, dimension] += weight * table[column][dimension]
        divisor = {"sum": 1.0, "mean": total, "sqrtn": squares**0.5}[combiner]
        result[row] = result[row] / divisor if divisor else 0.0
    return result


def gather_and_add(matrix, table):
    """The way of the source document, on coordinates that are safe to use."""
    coo = sp.coo_array(matrix)
    result = np.zeros((matrix.shape[0], table.shape[1]))
    np.add.at(result, coo.row, table[coo.col] * coo.data[:, np.newaxis])
    return result


@st.composite
def messy_matrices(draw):
    """CSR, CSC or COO with duplicates, stored zeros, empty rows anywhere, columns in any order."""
    rows, cols = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cells = draw(
        st.lists(
            st.tuples(
                st.integers(0, rows - 1), st.integers(0, cols - 1), st.integers(-2, 3).map(float)
            ),
            max_size=12,
        )
    )
    data = np.array([value for _, _, value in cells], dtype=np.float64)
    row = np.array([r for r, _, _ in cells], dtype=np.int32)
    col = np.array([c for _, c, _ in cells], dtype=np.int32)
    kind = draw(st.sampled_from(["coo", "csr", "csc"]))
    if kind == "coo":
        return sp.coo_array((data, (row, col)), shape=(rows, cols))
    # Built from the raw arrays: converting from COO would sum the duplicates.
    major, minor, size = (row, col, rows) if kind == "csr" else (col, row, cols)
    order = np.argsort(major, kind="stable")
    starts = np.searchsorted(major[order], np.arange(size + 1)).astype(np.int32)
    make = sp.csr_array if kind == "csr" else sp.csc_array
    return make((data[order], minor[order], starts), shape=(rows, cols))


def table_for(matrix, dimension=3, dtype=np.float64):
    return np.random.default_rng(7).standard_normal((matrix.shape[1], dimension)).astype(dtype)


# --- one_hot ------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.lists(st.integers(0, 6), max_size=8))
@settings(deadline=None)
def test_one_hot_rows_pick_table_rows(indices):
    table = np.arange(28.0).reshape(7, 4)
    expected = np.array([table[index] for index in indices]).reshape(-1, 4)
    np.testing.assert_array_equal(one_hot(indices, 7) @ table, expected)


def test_one_hot_is_the_dense_form_of_the_indicator():
    np.testing.assert_array_equal(
        one_hot([0, 2, 1, 2], 3), [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]
    )
    np.testing.assert_array_equal(
        one_hot([0, 2, 1, 2], 3), index_to_indicator([0, 2, 1, 2], 3).toarray()
    )


@pytest.mark.parametrize("indices", [3, [3], [[3, 0], [1, 2]], np.zeros((2, 3, 1), dtype=np.uint8)])
def test_one_hot_keeps_the_shape_of_the_indices(indices):
    vectors = one_hot(indices, 5)
    assert vectors.shape == (*np.shape(indices), 5)
    np.testing.assert_array_equal(vectors.argmax(axis=-1), indices)
    np.testing.assert_array_equal(vectors.sum(axis=-1), np.ones(np.shape(indices)))


def test_one_hot_type():
    assert one_hot([1], 2).dtype == np.float32
    assert one_hot([1], 2, dtype=np.int8).dtype == np.int8


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([3.7], TypeError, "must hold integers, got float64"),
        ([3.0], TypeError, "must hold integers, got float64"),
        ([True], TypeError, "must hold integers, got bool"),
        ([0, -1], ValueError, "lie in 0 … 9, got -1 at position 1"),
        ([[0, 1], [10, 2]], ValueError, "lie in 0 … 9, got 10 at position 2"),
    ],
)
def test_one_hot_refuses(indices, error, message):
    with pytest.raises(error, match=message):
        one_hot(indices, 10)


# --- sparse_embedding_lookup --------------------------------------------------------------------


def test_example_of_the_source():
    table = np.arange(16.0).reshape(4, 4)
    expected = np.array([1.5 * table[0] + 2 * table[3], 3.5 * table[2]])
    np.testing.assert_array_equal(sparse_embedding_lookup(sp.csr_matrix(SOURCE), table), expected)


@pytest.mark.slow
@given(messy_matrices(), st.sampled_from(embeddings.COMBINERS))
@settings(deadline=None, max_examples=300)
def test_agrees_with_a_loop_over_all_cells(matrix, combiner):
    before = matrix.copy()
    table = table_for(matrix)
    got = sparse_embedding_lookup(matrix, table, combiner=combiner)
    expected = lookup_by_hand(matrix.toarray(), table, combiner)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(matrix.data, before.data)


@pytest.mark.slow
@given(messy_matrices())
@settings(deadline=None, max_examples=300)
def test_four_ways_without_a_framework(matrix):
    table = table_for(matrix)
    expected = matrix.toarray() @ table
    cells = matrix.tocsr()
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(cells.indptr))
    one_hot_rows = one_hot(cells.indices, matrix.shape[1], dtype=np.float64) * cells.data[:, None]
    grouped = index_to_indicator(rows, matrix.shape[0], dtype=np.float64).T
    for result in (
        sparse_embedding_lookup(matrix, table),
        gather_and_add(matrix, table),
        matrix @ table,
        grouped @ (one_hot_rows @ table),
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
@given(messy_matrices())
@settings(deadline=None)
def test_gradient_is_the_transposed_lookup(matrix):
    """The lookup is linear in the table, so differences give its gradient without a step error."""
    table = table_for(matrix)
    upstream = np.random.default_rng(1).standard_normal((matrix.shape[0], table.shape[1]))
    gradient = sparse_embedding_lookup(matrix.T, upstream)
    for cell in np.ndindex(table.shape):
        step = np.zeros_like(table)
        step[cell] = 1.0
        moved = (sparse_embedding_lookup(matrix, step) * upstream).sum()
        assert gradient[cell] == pytest.approx(moved, abs=1e-12)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
def test_every_format_gives_the_same(form, combiner):
    table = np.arange(12.0).reshape(4, 3)
    expected = lookup_by_hand(SOURCE, table, combiner)
    matrix = sp.coo_array(SOURCE).asformat(form)
    got = sparse_embedding_lookup(matrix, table, combiner=combiner)
    np.testing.assert_allclose(got, expected, rtol=1e-14)


@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
def test_empty_rows_first_in_the_middle_and_last(combiner):
    dense = np.zeros((5, 4))
    dense[1, 2], dense[3, [0, 3]] = 2.0, [1.0, 4.0]
    got = sparse_embedding_lookup(sp.csr_array(dense), np.ones((4, 2)), combiner=combiner)
    assert got.shape == (5, 2)
    np.testing.assert_array_equal(got[[0, 2, 4]], np.zeros((3, 2)))
    assert (got[[1, 3]] > 0).all()


@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
def test_a_row_of_stored_zeros_is_an_empty_row(combiner):
    matrix = sp.csr_array((np.zeros(2), [0, 1], [0, 2]), shape=(1, 3))
    got = sparse_embedding_lookup(matrix, np.ones((3, 2)), combiner=combiner)
    np.testing.assert_array_equal(got, np.zeros((1, 2)))


def test_weights_that_cancel_have_no_mean_and_give_zeros():
    got = sparse_embedding_lookup([[1.0, -1.0]], [[5.0], [3.0]], combiner="mean")
    np.testing.assert_array_equal(got, [[0.0]])


def test_whole_weights_that_cancel_have_no_mean_either():
    got = sparse_embedding_lookup(np.array([[3, -1, -2]]), np.ones((3, 1)), combiner="mean")
    np.testing.assert_array_equal(got, [[0.0]])


def test_fractions_that_cancel_but_for_rounding_have_no_mean():
    weights = np.array([[0.1, 0.2, -0.3]])
    assert weights.sum() != 0
    got = sparse_embedding_lookup(weights, [[1.0], [2.0], [4.0]], combiner="mean")
    np.testing.assert_array_equal(got, [[0.0]])


@pytest.mark.parametrize(("left", "counts"), [(31, False), (33, True)])
def test_a_sum_of_n_weights_counts_from_sixteen_n_eps_of_the_largest(left, counts):
    eps = np.finfo(float).eps
    largest = 1 - eps
    got = sparse_embedding_lookup(
        [[largest, left * eps - largest]], [[0.0], [1.0]], combiner="mean"
    )
    assert (got[0, 0] != 0) == counts


def test_half_precision_is_rounded_more_and_taken_for_rounding_sooner():
    half = np.array([[0.1, 0.2, -0.3]], np.float16)
    table = np.array([[1.0], [2.0], [4.0]])
    assert half.astype(float).sum() != 0
    np.testing.assert_array_equal(sparse_embedding_lookup(half, table, combiner="mean"), [[0.0]])
    # The same numbers in single precision do differ.
    assert sparse_embedding_lookup(half.astype(np.float32), table, combiner="mean")[0, 0] != 0


def test_one_weight_with_many_small_ones_of_its_sign_is_no_rounding():
    weights = np.full((1, 101), 0.001, np.float16)
    weights[0, 0] = 1
    got = sparse_embedding_lookup(weights, np.ones((101, 1)), combiner="mean")
    assert got[0, 0] == pytest.approx(1)


def test_weights_whose_squares_add_up_to_one_stay_as_they_are():
    got = sparse_embedding_lookup([[0.6, 0.8]], [[10.0], [100.0]], combiner="sqrtn")
    assert got[0, 0] == pytest.approx(86, rel=1e-14)


@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_of_the_table_reach_only_the_rows_with_a_weight(combiner, bad):
    """A stored zero is no weight."""
    matrix = sp.csr_array(([0.0, 2.0, 1.0], [0, 1, 0], [0, 2, 3]), shape=(2, 2))
    table = np.array([[bad], [3.0]])
    got = sparse_embedding_lookup(matrix, table, combiner=combiner)
    assert got[0, 0] == (6.0 if combiner == "sum" else 3.0)
    np.testing.assert_array_equal(got[1], [bad])


@pytest.mark.parametrize("combiner", embeddings.COMBINERS)
def test_weights_that_are_not_finite_are_refused_by_every_combiner(combiner):
    with pytest.raises(ValueError, match="matrix must be finite, got nan in row 0, column 1"):
        sparse_embedding_lookup([[1.0, np.nan]], np.ones((2, 1)), combiner=combiner)


def test_duplicates_count_as_their_sum_in_every_combiner():
    twice = sp.csr_array(([1.0, 2.0, 4.0], [1, 1, 0], [0, 3]), shape=(1, 2))
    table = np.array([[1.0], [10.0]])
    for combiner, expected in (("sum", 34.0), ("mean", 34 / 7), ("sqrtn", 34 / 5)):
        got = sparse_embedding_lookup(twice, table, combiner=combiner)
        assert got[0, 0] == pytest.approx(expected, rel=1e-14)
    assert twice.nnz == 3  # the caller's matrix is as it was


@pytest.mark.parametrize(
    ("weights", "table", "result"),
    [
        (np.float32, np.float32, np.float32),
        (np.int64, np.float32, np.float32),
        (np.bool_, np.float32, np.float32),
        (np.float64, np.float32, np.float64),
        (np.float32, np.float64, np.float64),
        (np.int64, np.int64, np.float64),
    ],
)
def test_types_follow_the_input(weights, table, result):
    matrix = sp.csr_array(np.array([[1, 0], [0, 1]], dtype=weights))
    for combiner in embeddings.COMBINERS:
        got = sparse_embedding_lookup(matrix, np.ones((2, 3), dtype=table), combiner=combiner)
        assert got.dtype == result
        np.testing.assert_array_equal(got, np.ones((2, 3)))


def test_counts_do_not_overflow_in_a_narrow_type():
    matrix = sp.csr_array(np.full((1, 3), 100, dtype=np.int8))
    assert sparse_embedding_lookup(matrix, np.ones((3, 1)))[0, 0] == 300
    assert sparse_embedding_lookup(matrix, np.ones((3, 1)), combiner="mean")[0, 0] == 1
    assert sparse_embedding_lookup(matrix, np.ones((3, 1)), combiner="sqrtn")[0, 0] == (
        pytest.approx(3**0.5)
    )


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_matrices(shape):
    got = sparse_embedding_lookup(sp.csr_array(shape), np.ones((shape[1], 2)))
    np.testing.assert_array_equal(got, np.zeros((shape[0], 2)))


@pytest.mark.parametrize("threads", ["2", "3", "7"])
def test_threads_change_nothing(threads, monkeypatch):
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((60, 30)) * (rng.random((60, 30)) < 0.2)
    dense[:9], dense[25:31], dense[-9:] = 0, 0, 0
    dense[40] = 1  # one row longer than a thread's share
    matrix, table = sp.csr_array(dense), rng.standard_normal((30, 5))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = sparse_embedding_lookup(matrix, table)
    monkeypatch.setattr(_kernels, "_WORK_PER_THREAD", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    got = sparse_embedding_lookup(matrix, table)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(got, dense @ table, rtol=1e-12, atol=1e-12)


def test_no_dense_copy_of_the_input_is_made():

    matrix = sp.csr_array(
        (np.ones(1000, dtype=np.float32), np.arange(1000), np.arange(1001)), shape=(1000, 100_000)
    )
    table = np.ones((100_000, 2), dtype=np.float32)
    for combiner in embeddings.COMBINERS:
        peak = peak_of(partial(sparse_embedding_lookup, matrix, table, combiner=combiner))
        assert peak < 2_000_000  # dense: 400 MB


def corrupt(kind, **arrays):
    matrix = sp.csr_array(SOURCE) if kind == "csr" else sp.csc_array(SOURCE)
    for name, values in arrays.items():
        setattr(matrix, name, np.array(values))
    return matrix


@pytest.mark.parametrize(
    "function", [embedding_bag_inputs, lambda m: sparse_embedding_lookup(m, np.ones((4, 2)))]
)
@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (
            corrupt("csr", indices=[0, -1, 2]),
            ValueError,
            "column must lie in 0 … 3, got -1 at pos.* 1",
        ),
        (
            corrupt("csr", indices=[0, 3, 4]),
            ValueError,
            "column must lie in 0 … 3, got 4 at pos.* 2",
        ),
        (corrupt("csc", indices=[0, 2, 1]), ValueError, "row must lie in 0 … 1, got 2 at pos.* 1"),
        (corrupt("csr", indices=[0, 2.5, 2]), TypeError, "column must be an integer, got float64"),
        (corrupt("csr", data=[1, np.nan, 2]), ValueError, "finite, got nan in row 0, column 3"),
        (corrupt("csr", data=[1, 2, np.inf]), ValueError, "finite, got inf in row 1, column 2"),
        (sp.csr_array(SOURCE.astype(complex)), TypeError, "real numbers, got dtype complex128"),
        (np.ones(4), ValueError, r"matrix must be 2-D, got 1-D with shape \(4,\)"),
        (np.array([["a", "b"]]), TypeError, "matrix must hold real numbers"),
    ],
)
def test_bad_ids_and_weights_are_refused(function, matrix, error, message):
    with pytest.raises(error, match=message):
        function(matrix)


def test_bad_ids_of_a_coo_matrix_are_refused():
    matrix = sp.coo_array(SOURCE)
    matrix.coords = (matrix.coords[0], np.array([0, -3, 2]))
    with pytest.raises(ValueError, match="column must lie in 0 … 3, got -3"):
        sparse_embedding_lookup(matrix, np.ones((4, 2)))


def test_bad_ids_of_a_bsr_matrix_are_refused():
    matrix = sp.bsr_array(SOURCE)
    matrix.indices = matrix.indices + 100
    with pytest.raises(ValueError, match="index values must be < 4"):
        sparse_embedding_lookup(matrix, np.ones((4, 2)))


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (np.ones((1000, 4)), ValueError, r"shape \(4, dimension\), got \(1000, 4\)"),
        (np.ones((3, 4)), ValueError, r"shape \(4, dimension\), got \(3, 4\)"),
        (np.ones(4), ValueError, r"shape \(4, dimension\), got \(4,\)"),
        (np.ones((4, 2), dtype=complex), TypeError, "table must hold real numbers, got complex128"),
        (sp.csr_array((4, 2)), TypeError, r"table must be a dense array.*toarray"),
        (np.ma.masked_array(np.ones((4, 2)), True), ValueError, "8 masked cells"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table, error, message):
    with pytest.raises(error, match=message):
        sparse_embedding_lookup(SOURCE, table)


def test_unknown_combiner_is_refused():
    with pytest.raises(ValueError, match="combiner must be 'sum', 'mean' or 'sqrtn', got 'max'"):
        sparse_embedding_lookup(SOURCE, np.ones((4, 2)), combiner="max")


# --- embedding_bag_inputs -----------------------------------------------------------------------


@pytest.mark.slow
@given(messy_matrices())
@settings(deadline=None)
def test_bag_inputs_hold_the_matrix(matrix):
    indices, offsets, weights = embedding_bag_inputs(matrix)
    assert len(offsets) == matrix.shape[0]
    assert indices.dtype == offsets.dtype
    rebuilt = np.zeros(matrix.shape)
    for row, bag in enumerate(
        zip(np.split(indices, offsets[1:]), np.split(weights, offsets[1:]), strict=True)
    ):
        np.add.at(rebuilt[row], *bag)
    np.testing.assert_allclose(rebuilt, matrix.toarray(), atol=1e-12)


def test_bag_inputs_of_csr_are_its_own_arrays():
    matrix = sp.csr_array(SOURCE)
    indices, offsets, weights = embedding_bag_inputs(matrix)
    assert np.shares_memory(indices, matrix.indices)
    assert np.shares_memory(offsets, matrix.indptr)
    assert np.shares_memory(weights, matrix.data)


def test_bag_inputs_leave_out_stored_zeros():
    matrix = sp.csr_array(([0.0, 2.0, 0.0], [0, 1, 1], [0, 2, 3]), shape=(2, 2))
    indices, offsets, weights = embedding_bag_inputs(matrix)
    assert (indices.tolist(), offsets.tolist(), weights.tolist()) == ([1], [0, 1], [2.0])


@pytest.mark.parametrize(
    ("given_type", "weight_type"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int64, np.float32),
        (np.bool_, np.float32),
    ],
)
def test_bag_weights_are_floats(given_type, weight_type):
    weights = embedding_bag_inputs(sp.csr_array(np.eye(2, dtype=given_type)))[2]
    assert weights.dtype == weight_type


@pytest.mark.slow
def test_module_imports_no_framework():
    code = (
        "import sys, course_utils.embeddings; assert not {'tensorflow', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_large_finite_weights_are_no_infinity():
    """Their squares overflow float32, which the quick look for infinities must not fall for."""
    matrix = sp.csr_array(np.array([[1e30, 0.0]], dtype=np.float32))
    result = sparse_embedding_lookup(matrix, np.array([[2.0], [3.0]], dtype=np.float32))
    np.testing.assert_allclose(result, [[2e30]], rtol=1e-6)


# --- weights far from 1, and weights that cancel --------------------------------------------------


@pytest.mark.parametrize("weight", [1e20, 1e-30, 3e38, 1e-44])
@pytest.mark.parametrize("combiner", ["mean", "sqrtn"])
def test_a_single_weight_of_any_size_averages_to_its_row(weight, combiner):
    matrix, table = np.array([[weight]], np.float32), np.full((1, 1), 5, np.float32)
    assert sparse_embedding_lookup(matrix, table, combiner=combiner).tolist() == [[5.0]]


@pytest.mark.parametrize("weight", [1e-310, 1e-200, 1e200, 1e308])
@pytest.mark.parametrize("combiner", ["mean", "sqrtn"])
def test_a_single_weight_in_double_precision_does_so_too(weight, combiner):
    got = sparse_embedding_lookup([[weight]], [[5.0]], combiner=combiner)
    assert got.tolist() == [[5.0]]


@pytest.mark.slow
@given(st.lists(st.integers(1, 10), min_size=1, max_size=60), st.sampled_from(["f4", "f8"]))
def test_centred_ratings_have_no_mean(halves, dtype):
    stars = np.array(halves, dtype) / 2
    weights = (stars - stars.mean())[np.newaxis]
    table = np.arange(len(stars), dtype=dtype)[:, np.newaxis]
    got = sparse_embedding_lookup(weights, table, combiner="mean")
    if np.ptp(stars):  # equal ratings leave rounding alone, of whatever sum
        assert got.tolist() == [[0.0]]


@pytest.mark.slow
@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=30))
def test_weights_of_one_sign_are_never_taken_for_rounding(weights):
    single = np.array([weights], np.float32)
    got = sparse_embedding_lookup(single, np.ones((len(weights), 1), "f4"), combiner="mean")
    assert got[0, 0] == pytest.approx(1, rel=1e-5)


def test_torch_is_refused_where_it_is_not_loaded():
    with pytest.raises(ValueError, match="kernel must be 'scipy' or 'auto' while PyTorch is not"):
        sparse_embedding_lookup(SOURCE, np.ones((4, 2)), kernel="torch")
    with pytest.raises(ValueError, match="while PyTorch is not loaded"):
        sparse_embedding_lookup(SOURCE, np.ones((4, 2)), combiner="mean", kernel="torch")
    with pytest.raises(ValueError, match="kernel must be 'auto', 'scipy' or 'torch', got 'numpy'"):
        sparse_embedding_lookup(SOURCE, np.ones((4, 2)), kernel="numpy")
