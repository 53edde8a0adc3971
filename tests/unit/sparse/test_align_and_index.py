"""`course_utils.sparse` against brute force, exact identities and awkward storage."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.sparse import (
    check_indices,
    from_ragged,
    index_to_indicator,
    left_align,
    to_ragged,
)

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]
DTYPES = [np.int8, np.int64, np.uint16, np.float32, np.float64, np.bool_]
SOURCE = np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 0, 3, 1]])


def left_align_by_hand(dense):
    """Move the nonzeros of each row one by one; shares no idea with the tested code."""
    result = np.zeros_like(dense)
    for row in range(dense.shape[0]):
        free = 0
        for column in range(dense.shape[1]):
            if dense[row, column] != 0:
                result[row, free] = dense[row, column]
                free += 1
    return result


def dense_matrices(dtype=np.int64):
    """Small dense matrices, about half of whose cells are 0; sides may be 0."""
    shapes = st.tuples(st.integers(0, 6), st.integers(0, 6))
    elements = st.sampled_from([0, 0, 0, 1, 2, 5, 7]).map(np.dtype(dtype).type)
    return hnp.arrays(dtype, shapes, elements=elements)


@st.composite
def messy_matrices(draw):
    """CSR, CSC or COO with duplicates, stored zeros, sums that cancel, and any order of columns."""
    rows, cols = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cells = draw(
        st.lists(
            st.tuples(
                st.integers(0, rows - 1), st.integers(0, cols - 1), st.integers(-2, 2).map(float)
            ),
            max_size=12,
        )
    )
    kind = draw(st.sampled_from([sp.csr_array, sp.csc_array, sp.coo_array]))
    data = np.array([value for _, _, value in cells], dtype=np.float64)
    row = np.array([r for r, _, _ in cells], dtype=np.int32)
    col = np.array([c for _, c, _ in cells], dtype=np.int32)
    if kind is sp.coo_array:
        return sp.coo_array((data, (row, col)), shape=(rows, cols))
    major, minor = (row, col) if kind is sp.csr_array else (col, row)
    order = np.argsort(major, kind="stable")  # only by row: the columns stay as drawn
    sides = rows if kind is sp.csr_array else cols
    starts = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=sides))])
    return kind((data[order], minor[order], starts), shape=(rows, cols))


def assert_same(result, dense):
    assert isinstance(result, sp.csr_array)
    assert result.dtype == dense.dtype
    np.testing.assert_array_equal(result.toarray(), dense)


def assert_well_formed(result):
    """Canonical CSR by our own reading of the arrays, not by SciPy's cached flags."""
    assert result.indptr[0] == 0
    assert result.indptr[-1] == len(result.indices) == len(result.data)
    assert np.all(result.data != 0)
    for start, stop in zip(result.indptr[:-1], result.indptr[1:], strict=True):
        np.testing.assert_array_equal(result.indices[start:stop], np.arange(stop - start))


class TestLeftAlign:
    def test_example_of_the_source(self):
        assert_same(left_align(SOURCE), np.array([[5, 8, 0, 0], [2, 0, 0, 0], [3, 1, 0, 0]]))

    @pytest.mark.slow
    @given(dense_matrices())
    def test_brute_force(self, dense):
        result = left_align(dense)
        assert_same(result, left_align_by_hand(dense))
        assert_well_formed(result)

    @pytest.mark.slow
    @given(messy_matrices())
    @settings(max_examples=300)
    def test_brute_force_on_messy_storage(self, matrix):
        result = left_align(matrix)
        assert_same(result, left_align_by_hand(matrix.toarray()))
        assert_well_formed(result)

    @pytest.mark.slow
    @given(messy_matrices())
    def test_row_sums_and_order_are_preserved(self, matrix):
        result = left_align(matrix)
        np.testing.assert_array_equal(result.sum(axis=1), matrix.toarray().sum(axis=1))
        for before, after in zip(matrix.toarray(), result.toarray(), strict=True):
            np.testing.assert_array_equal(before[before != 0], after[after != 0])

    @pytest.mark.slow
    @given(messy_matrices())
    def test_idempotent(self, matrix):
        once = left_align(matrix)
        np.testing.assert_array_equal(left_align(once).toarray(), once.toarray())

    @pytest.mark.slow
    @given(messy_matrices(), st.randoms(use_true_random=False))
    def test_commutes_with_row_permutation(self, matrix, random):
        order = list(range(matrix.shape[0]))
        random.shuffle(order)
        dense = matrix.toarray()
        np.testing.assert_array_equal(
            left_align(dense[order]).toarray(), left_align(matrix).toarray()[order]
        )

    @pytest.mark.parametrize("layout", FORMATS)
    @pytest.mark.parametrize("kind", ["array", "matrix"])
    def test_every_format(self, layout, kind):
        matrix = getattr(sp, f"{layout}_{kind}")(SOURCE)
        assert_same(left_align(matrix), left_align_by_hand(SOURCE))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_every_dtype_stays(self, dtype):
        dense = SOURCE.astype(dtype)
        assert_same(left_align(sp.csr_array(dense)), left_align_by_hand(dense))
        assert_same(left_align(sp.csc_array(dense)), left_align_by_hand(dense))

    def test_nan_is_a_value(self):
        assert_same(left_align([[0.0, np.nan, 0.0, 1.0]]), np.array([[np.nan, 1.0, 0.0, 0.0]]))

    def test_int64_indices(self):
        matrix = sp.csr_array(SOURCE)
        matrix.indices, matrix.indptr = (
            matrix.indices.astype(np.int64),
            matrix.indptr.astype(np.int64),
        )
        assert_same(left_align(matrix), left_align_by_hand(SOURCE))

    def test_int32_indices_when_they_suffice(self):
        result = left_align(sp.csr_array(SOURCE))
        assert result.indices.dtype == result.indptr.dtype == np.int32

    @pytest.mark.parametrize("shape", [(0, 0), (0, 4), (3, 0), (3, 4)])
    @pytest.mark.parametrize("trim", [False, True])
    def test_nothing_stored(self, shape, trim):
        result = left_align(sp.csr_array(shape, dtype=np.float32), trim=trim)
        assert result.shape == ((shape[0], 0) if trim else shape)
        assert result.nnz == 0
        assert result.dtype == np.float32

    def test_trim_cuts_to_the_longest_row(self):
        assert_same(left_align(SOURCE, trim=True), np.array([[5, 8], [2, 0], [3, 1]]))

    def test_trim_of_a_full_row_cuts_nothing(self):
        assert left_align([[1, 2, 3], [0, 0, 4]], trim=True).shape == (2, 3)

    def test_trim_does_not_count_stored_zeros(self):
        matrix = sp.csr_array((np.array([0, 0, 7]), [0, 1, 2], [0, 3]), shape=(1, 3))
        assert_same(left_align(matrix, trim=True), np.array([[7]]))

    def test_flags_that_lie_are_not_believed(self):
        matrix = sp.csr_array(SOURCE)
        assert matrix.has_canonical_format  # now cached on the object …
        matrix.indices[:2] = [3, 1]  # … and wrong
        np.testing.assert_array_equal(left_align(matrix).toarray()[0], [8, 5, 0, 0])

    def test_room_behind_the_last_nonzero_is_ignored(self):
        matrix = sp.csr_array(SOURCE)
        matrix.data = np.concatenate([matrix.data, [99, 0]])
        matrix.indices = np.concatenate([matrix.indices, np.array([0, 0], dtype=np.int32)])
        result = left_align(matrix)
        assert_same(result, left_align_by_hand(SOURCE))
        assert len(result.data) == 5

    @pytest.mark.slow
    @given(messy_matrices())
    def test_input_is_not_changed(self, matrix):
        parts = [matrix.data] + (
            [matrix.row, matrix.col] if matrix.format == "coo" else [matrix.indices, matrix.indptr]
        )
        before = [part.copy() for part in parts]
        left_align(matrix)
        for part, copy in zip(parts, before, strict=True):
            np.testing.assert_array_equal(part, copy)

    def test_shares_no_memory_with_the_input(self):
        matrix = sp.csr_array(SOURCE)
        result = left_align(matrix)
        for mine in (result.data, result.indices, result.indptr):
            for yours in (matrix.data, matrix.indices, matrix.indptr):
                assert not np.shares_memory(mine, yours)

    @pytest.mark.parametrize("bad", [5, [1, 2], np.zeros((2, 2, 2)), sp.coo_array(np.arange(3))])
    def test_other_dimensions_are_refused(self, bad):
        with pytest.raises(ValueError, match="must be 2-D, got"):
            left_align(bad)

    @pytest.mark.parametrize("dtype", [np.complex64, "U3"])
    def test_unsupported_dtypes_are_refused(self, dtype):
        with pytest.raises(TypeError, match="matrix must hold real numbers"):
            left_align(SOURCE.astype(dtype))

    def test_half_precision_and_whole_objects_are_taken_as_numbers(self):
        assert_same(left_align(SOURCE.astype(np.float16)), left_align_by_hand(SOURCE.astype("f4")))
        assert_same(left_align(SOURCE.astype(object)), left_align_by_hand(SOURCE.astype("f8")))


class TestIndexToIndicator:
    def test_example_of_the_source(self):
        expected = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
        assert_same(index_to_indicator([0, 2, 1, 2], 3), expected)

    @given(st.lists(st.integers(0, 4), max_size=20), st.integers(5, 7))
    def test_brute_force(self, indices, num_classes):
        expected = np.zeros((len(indices), num_classes), dtype=np.float32)
        for row, index in enumerate(indices):
            expected[row, index] = 1
        result = index_to_indicator(indices, num_classes)
        assert_same(result, expected)
        assert result.has_canonical_format

    @given(st.lists(st.integers(0, 4), max_size=20))
    def test_times_a_table_is_indexing(self, indices):
        table = np.random.default_rng(0).normal(size=(5, 3))
        indices = np.array(indices, dtype=np.int64)
        product = index_to_indicator(indices, 5, dtype=np.float64) @ table
        np.testing.assert_array_equal(product, table[indices])

    @pytest.mark.slow
    @given(st.lists(st.integers(0, 4), max_size=20))
    def test_gram_matrix_is_the_counts(self, indices):
        indicator = index_to_indicator(indices, 5, dtype=np.int64)
        counts = np.bincount(np.array(indices, dtype=np.int64), minlength=5)
        np.testing.assert_array_equal((indicator.T @ indicator).toarray(), np.diag(counts))

    def test_narrow_dtype_overflows_in_the_gram_matrix(self):
        indicator = index_to_indicator([0] * 200, 1, dtype=np.int8)
        assert (indicator.T @ indicator).toarray() == 200 - 256

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_dtype_of_the_ones(self, dtype):
        assert_same(index_to_indicator([1, 0], 2, dtype=dtype), np.eye(2, dtype=dtype)[[1, 0]])

    @pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.uint64])
    def test_dtype_of_the_indices(self, dtype):
        result = index_to_indicator(np.array([2, 0], dtype=dtype), 3)
        np.testing.assert_array_equal(result.toarray(), [[0, 0, 1], [1, 0, 0]])
        assert result.indices.dtype == np.int32

    def test_shares_no_memory_with_the_indices(self):
        indices = np.array([0, 1], dtype=np.int32)
        assert not np.shares_memory(index_to_indicator(indices, 2).indices, indices)

    def test_more_columns_than_int32_can_number(self):
        last = 2**31 + 5
        result = index_to_indicator([last], last + 1)
        assert result.shape == (1, last + 1)
        assert result.indices.tolist() == [last]

    @pytest.mark.parametrize(("columns", "wide"), [(2**31 - 1, np.int32), (2**31, np.int64)])
    def test_indices_are_as_narrow_as_the_number_of_columns_allows(self, columns, wide):
        result = index_to_indicator([0], columns)
        assert result.indices.dtype == result.indptr.dtype == wide

    def test_index_that_would_wrap_around_is_refused(self):
        with pytest.raises(ValueError, match="got 4294967297 at position 0"):
            index_to_indicator(np.array([2**32 + 1]), 3)

    def test_nothing_to_index(self):
        assert index_to_indicator([], 3).shape == (0, 3)
        assert index_to_indicator([], 0).shape == (0, 0)

    def test_unsupported_dtype_is_refused(self):
        with pytest.raises(TypeError, match="SciPy's sparse arrays have, got float16"):
            index_to_indicator([0], 1, dtype=np.float16)


class TestCheckIndices:
    def test_good_indices_pass_unchanged(self):
        indices = np.array([0, 2, 2], dtype=np.uint8)
        assert check_indices(indices, 3) is indices

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ([0, -1], r"must lie in 0 … 2, got -1 at position 1"),
            ([0, 1, 3], r"must lie in 0 … 2, got 3 at position 2"),
            ([[0, 1]], r"must be 1-D, got shape \(1, 2\)"),
            (1, r"must be 1-D, got shape \(\)"),
        ],
    )
    def test_values_out_of_range(self, bad, message):
        with pytest.raises(ValueError, match=message):
            check_indices(bad, 3)

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ([0, 3.7], r"must hold integers, got float64"),
            ([0.0, 1.0], "must hold integers, got float64"),
            ([True, False], "must hold integers, got bool"),
            (["0", "1"], "must hold integers, got text"),
            ([0, None], "must hold real numbers, got None"),
        ],
    )
    def test_not_integers(self, bad, message):
        with pytest.raises(TypeError, match=message):
            check_indices(bad, 3)

    @pytest.mark.parametrize("bad", [3.0, "3", True, None])
    def test_number_of_classes_must_be_an_integer(self, bad):
        with pytest.raises(TypeError, match="num_classes must be an integer of at least 0, got"):
            check_indices([0], bad)

    def test_number_of_classes_must_not_be_negative(self):
        with pytest.raises(
            ValueError, match="num_classes must be an integer of at least 0, got -1"
        ):
            check_indices([], -1)

    def test_no_class_at_all(self):
        with pytest.raises(ValueError, match="must be empty for 0 classes, got 0 at position 0"):
            check_indices([0], 0)


class TestRagged:
    def test_example(self):
        values, row_splits = to_ragged([[0, 5, 0, 8], [0, 0, 0, 0], [2, 0, 0, 0]])
        assert values.tolist() == [5, 8, 2]
        assert row_splits.tolist() == [0, 2, 2, 3]
        assert row_splits.dtype == np.int64

    def test_stored_zeros_and_sums_that_cancel_are_left_out_and_nan_is_a_value(self):
        stored = [0.0, np.nan, 2.0, 3.0, -3.0]
        matrix = sp.csr_array((stored, [1, 0, 2, 1, 1], [0, 2, 5]), shape=(2, 3))
        values, row_splits = to_ragged(matrix)
        np.testing.assert_array_equal(values, [np.nan, 2.0])
        assert row_splits.tolist() == [0, 1, 2]

    @pytest.mark.slow
    @given(messy_matrices())
    def test_lists_are_the_nonzeros_of_each_row(self, matrix):
        values, row_splits = to_ragged(matrix)
        assert len(row_splits) == matrix.shape[0] + 1
        for row, (start, stop) in enumerate(itertools.pairwise(row_splits)):
            dense_row = matrix.toarray()[row]
            np.testing.assert_array_equal(values[start:stop], dense_row[dense_row != 0])

    @pytest.mark.slow
    @given(messy_matrices())
    def test_aligning_first_changes_nothing(self, matrix):
        for direct, aligned in zip(to_ragged(matrix), to_ragged(left_align(matrix)), strict=True):
            np.testing.assert_array_equal(direct, aligned)

    @pytest.mark.slow
    @given(messy_matrices())
    def test_there_and_back_is_left_align(self, matrix):
        trimmed = from_ragged(*to_ragged(matrix))
        assert_same(trimmed, left_align(matrix, trim=True).toarray())
        assert_well_formed(trimmed)
        full = from_ragged(*to_ragged(matrix), num_columns=matrix.shape[1])
        assert_same(full, left_align(matrix).toarray())

    @given(st.lists(st.lists(st.integers(1, 9), max_size=4), max_size=5))
    def test_back_and_there_is_nothing(self, lists):
        values = np.array([value for row in lists for value in row], dtype=np.int64)
        row_splits = np.cumsum([0] + [len(row) for row in lists])
        back = to_ragged(from_ragged(values, row_splits))
        np.testing.assert_array_equal(back[0], values)
        np.testing.assert_array_equal(back[1], row_splits)

    def test_result_shares_no_memory(self):
        matrix = sp.csr_array(SOURCE)
        values, row_splits = to_ragged(matrix)
        assert not np.shares_memory(values, matrix.data)
        assert not np.shares_memory(from_ragged(values, row_splits).data, values)

    def test_nothing_at_all(self):
        values, row_splits = to_ragged(sp.csr_array((0, 3)))
        assert values.shape == (0,)
        assert row_splits.tolist() == [0]
        assert from_ragged([], [0]).shape == (0, 0)

    def test_unsigned_row_splits(self):
        result = from_ragged([5, 8, 2], np.array([0, 2, 2, 3], dtype=np.uint8))
        np.testing.assert_array_equal(result.toarray(), [[5, 8], [0, 0], [2, 0]])

    @pytest.mark.parametrize("row_splits", [[], [0], [1, 3], [0, 2], [0, 2, 1, 3], [0, 4]])
    def test_row_splits_that_do_not_fit_are_refused(self, row_splits):
        with pytest.raises(ValueError, match="row_splits must start at 0, never decrease and end"):
            from_ragged([5, 8, 2], row_splits)

    def test_float_row_splits_are_refused(self):
        with pytest.raises(TypeError, match="row_splits must hold integers"):
            from_ragged([5], [0.0, 1.0])

    def test_a_zero_cannot_be_kept(self):
        with pytest.raises(ValueError, match=r"values\[1\] is 0") as error:
            from_ragged([5, 0, 8], [0, 3])
        assert str(error.value) == (
            "values[1] is 0: a sparse matrix cannot tell it from an empty cell, "
            "so the list would lose it"
        )

    def test_empty_lists_need_no_column_and_there_are_never_fewer(self):
        assert from_ragged([], [0, 0, 0], num_columns=0).shape == (2, 0)
        with pytest.raises(
            ValueError, match="num_columns must be an integer of at least 0, got -1"
        ):
            from_ragged([], [0, 0], num_columns=-1)

    def test_too_few_columns_are_refused(self):
        with pytest.raises(ValueError, match="num_columns is 1, but the longest list has 2 values"):
            from_ragged([5, 8], [0, 2], num_columns=1)

    @pytest.mark.parametrize("values", [[[1, 2]], 3])
    def test_values_must_be_a_list(self, values):
        with pytest.raises(ValueError, match="values must be 1-D"):
            from_ragged(values, [0, 1])

    def test_values_of_unsupported_dtype_are_refused(self):
        with pytest.raises(TypeError, match="SciPy's sparse arrays"):
            from_ragged(["a"], [0, 1])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int64", ">i4", "uint8", "uint64"])
@pytest.mark.parametrize("num_classes", [3, 127, 128, 200, 256, 300])
@pytest.mark.parametrize("index", [-128, -1, 0, 2, 126, 127, 199, 255])
def test_index_is_legal_or_not_whatever_its_type(dtype, num_classes, index):
    limits = np.iinfo(dtype)
    if not limits.min <= index <= limits.max:
        return  # the type has no such number
    indices = np.array([0, index], dtype=dtype)
    if 0 <= index < num_classes:
        np.testing.assert_array_equal(index_to_indicator(indices, num_classes).indices, [0, index])
    else:
        with pytest.raises(ValueError, match=f"got {index} at position 1"):
            index_to_indicator(indices, num_classes)
