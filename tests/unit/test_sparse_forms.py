"""The front door for sparse matrices gives one answer for every way to store the same cells."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from course_utils import _sparse_forms
from course_utils._sparse_forms import canonical_csr

FORMATS = ["coo", "csr", "csc", "bsr", "lil", "dok", "dia"]
TYPES = ["bool", "int8", "uint8", "int16", "uint32", "int64", "float32", "float64"]


@st.composite
def entries(draw):
    """Shape, rows, columns and values, in any order, some cells several times, some values 0."""
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cell = st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1))
    cells = draw(st.lists(cell, max_size=8))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    low, high = (0, 1) if dtype.kind == "b" else (0, 255) if dtype.kind == "u" else (-128, 127)
    values = draw(st.lists(st.integers(low, high), min_size=len(cells), max_size=len(cells)))
    rows, columns = np.array(cells, int).reshape(-1, 2).T
    return shape, rows, columns, np.array(values).astype(dtype)


def plain(shape, rows, columns, values):
    table = np.zeros(shape)
    np.add.at(table, (rows, columns), values.astype(np.float64))
    return table


class TestCanonicalCsr:
    @pytest.mark.slow
    @given(entries())
    def test_adds_up_duplicates_of_every_type_as_float64_does(self, drawn):
        shape, rows, columns, values = drawn
        coo = sp.coo_array((values, (rows, columns)), shape=shape)
        order = np.argsort(rows, kind="stable")
        starts = np.searchsorted(rows[order], np.arange(shape[0] + 1))
        csr = sp.csr_array((values[order], columns[order], starts), shape=shape)
        for matrix in (coo, csr, sp.csr_matrix(csr)):
            for keep in (False, True):
                result = canonical_csr("m", matrix, keep_dtype=keep)
                assert result.toarray().tolist() == plain(*drawn).tolist()
                assert result.has_canonical_format
                assert len(result.data) == result.nnz

    @pytest.mark.slow
    @given(entries(), st.sampled_from(FORMATS))
    def test_every_format_gives_the_same_answer_and_stays_as_it_was(self, drawn, kind):
        shape, rows, columns, values = drawn
        table = plain(shape, rows, columns, values).clip(0, 1).astype(values.dtype)
        matrix = sp.coo_array(table).asformat(kind)
        before = matrix.copy()
        result = canonical_csr("m", matrix, stored_zeros=False)
        assert result.toarray().tolist() == table.astype(float).tolist()
        assert result.nnz == np.count_nonzero(table)
        assert matrix.toarray().tolist() == before.toarray().tolist()

    def test_the_caller_s_arrays_stay_as_they_are(self):
        matrix = sp.csr_array(
            (np.array([1.0, 2.0, 0.0]), np.array([2, 0, 1]), [0, 3]), shape=(1, 3)
        )
        for part in (matrix.data, matrix.indices, matrix.indptr):
            part.flags.writeable = False
        result = canonical_csr("m", matrix, stored_zeros=False)
        assert (result.data.tolist(), result.indices.tolist()) == ([2.0, 1.0], [0, 2])
        assert matrix.indices.tolist() == [2, 0, 1]

    def test_a_stale_flag_is_not_trusted(self):
        matrix = sp.csr_array(np.array([[1.0, 2.0]]))
        assert matrix.has_canonical_format
        matrix.indices[:] = [1, 0]
        assert canonical_csr("m", matrix).indices.tolist() == [0, 1]

    def test_room_behind_the_last_entry_is_left_out(self):
        matrix = sp.csr_array((np.array([1.0, 99]), np.array([0, 99]), [0, 1]), shape=(1, 2))
        assert canonical_csr("m", matrix).toarray().tolist() == [[1.0, 0.0]]

    @pytest.mark.parametrize(
        ("given", "plain", "kept"),
        [
            ("float32", "float32", "float32"),
            ("uint8", "float64", "uint8"),
            ("bool", "float64", "bool"),
            ("int64", "float64", "int64"),
        ],
    )
    def test_the_type_is_kept_or_promoted(self, given, plain, kept):
        matrix = sp.csr_array(np.eye(2).astype(given))
        assert canonical_csr("m", matrix).dtype == plain
        assert canonical_csr("m", matrix, keep_dtype=True).dtype == kept

    def test_integers_that_add_up_are_widened(self):
        twice = sp.coo_array((np.array([200, 100], np.uint8), ([0, 0], [0, 0])), shape=(1, 1))
        assert canonical_csr("m", twice, keep_dtype=True).toarray().tolist() == [[300]]

    @pytest.mark.parametrize("kind", ["coo", "csr"])
    def test_single_precision_adds_up_in_double(self, kind):
        one, small = np.float32(1), np.float32(2**-25)  # 1 + small is 1 in single precision
        values, n = np.array([one, *[small] * 64]), 65
        coo = sp.coo_array((values, ([0] * n, [0] * n)), shape=(1, 1))
        csr = sp.csr_array((values, [0] * n, [0, n]), shape=(1, 1))
        result = canonical_csr("m", coo if kind == "coo" else csr)
        assert (result.dtype, result.data[0]) == (np.float32, np.float32(1 + 64 * 2**-25))

    def test_takes_dense_tables_and_frames(self):
        assert canonical_csr("m", pd.DataFrame({"a": [0, 2]})).toarray().tolist() == [[0], [2]]

    @pytest.mark.parametrize(
        ("given", "kept", "plain"),
        [
            ("bool", "int64", "float64"),
            ("int8", "int64", "float64"),
            ("uint8", "uint64", "float64"),
            ("float32", "float32", "float32"),
            ("float64", "float64", "float64"),
        ],
    )
    @pytest.mark.parametrize("kind", ["coo", "csr"])
    def test_numbers_stored_twice_add_up_in_a_type_that_holds_their_sum(
        self, kind, given, kept, plain
    ):
        values = np.array([1, 1], given)
        coo = sp.coo_array((values, ([1, 1], [2, 2])), shape=(2, 3))
        # Built from the arrays: a conversion would have added up.
        matrix = coo if kind == "coo" else sp.csr_array((values, [2, 2], [0, 0, 2]), shape=(2, 3))
        for keep, wanted in ((True, kept), (False, plain)):
            found = canonical_csr("m", matrix, keep_dtype=keep)
            assert (found.nnz, found.toarray()[1, 2]) == (1, 2)
            assert found.dtype == np.dtype(wanted)

    @pytest.mark.parametrize("kind", FORMATS)
    @pytest.mark.parametrize("given", ["uint8", "bool", "int16"])
    def test_whole_numbers_stored_once_keep_their_type(self, kind, given):
        """The cells are such that a wrong way to number them would find two alike."""
        dense = np.zeros((4, 3), given)
        dense[3, 0] = dense[0, 1] = dense[2, 2] = 1
        found = canonical_csr("m", sp.coo_array(dense).asformat(kind), keep_dtype=True)
        assert found.dtype == np.dtype(given)
        assert found.toarray().tolist() == dense.tolist()

    @pytest.mark.parametrize(
        ("given", "kept", "plain"),
        [
            ("float16", "float32", "float32"),
            (">i2", "int16", "float64"),
            (">f4", "float32", "float64"),
            (">f8", "float64", "float64"),
        ],
    )
    def test_types_that_sparse_arrays_do_not_have_become_the_nearest(self, given, kept, plain):
        dense = np.array([[0, 3], [1, 0]], given)
        for keep, wanted in ((True, kept), (False, plain)):
            found = canonical_csr("m", dense, keep_dtype=keep)
            assert found.toarray().tolist() == [[0, 3], [1, 0]]
            assert (found.dtype, found.dtype.isnative) == (np.dtype(wanted), True)

    def test_without_adding_up_floats_in_csr_stay_as_they_are_stored(self):
        for dtype in ("float32", "float64"):
            matrix = sp.csr_array((np.array([1, 2, 4], dtype), [2, 0, 2], [0, 3]), shape=(1, 3))
            found = canonical_csr("m", matrix, sum_duplicates=False)
            assert np.shares_memory(found.data, matrix.data)
            assert found.indices.tolist() == [2, 0, 2]
            assert found.dtype == dtype
            assert found.toarray().tolist() == [[2, 0, 5]]

    def test_duplicates_that_cancel_leave_nothing_where_zeros_are_left_out(self):
        matrix = sp.csr_array(([1.0, -1.0, 3.0], [1, 1, 0], [0, 3]), shape=(1, 2))
        assert canonical_csr("m", matrix).nnz == 2
        assert canonical_csr("m", matrix, stored_zeros=False).nnz == 1

    def test_what_is_in_order_is_not_copied_and_what_is_not_is_left_as_it_was(self):
        matrix = sp.csr_array(np.array([[1.0, 0, 2]]))
        assert np.shares_memory(canonical_csr("m", matrix).data, matrix.data)
        given = sp.csr_array((np.array([1.0, 0.0]), [0, 1], [0, 2]), shape=(1, 2))
        canonical_csr("m", given, stored_zeros=False)
        assert given.nnz == 2

    def test_nan_and_infinity_pass_where_asked_for(self):
        found = canonical_csr("m", [[np.nan, np.inf]], finite=False)
        np.testing.assert_array_equal(found.toarray(), [[np.nan, np.inf]])

    def test_a_matrix_without_rows_or_columns_is_allowed_unless_refused(self):
        for shape in ((0, 3), (3, 0)):
            assert canonical_csr("m", sp.csr_array(shape)).shape == shape
            assert canonical_csr("m", np.zeros(shape)).shape == shape
            with pytest.raises(ValueError, match="at least one row and column, got shape"):
                canonical_csr("m", np.zeros(shape), empty=False)

    def test_a_stored_zero_stays_unless_asked_otherwise(self):
        matrix = sp.csr_array(([0.0, 1.0], [0, 1], [0, 2]), shape=(1, 2))
        assert canonical_csr("m", matrix).nnz == 2
        assert canonical_csr("m", matrix, stored_zeros=False).nnz == 1

    @pytest.mark.parametrize(
        ("matrix", "options", "error", "words"),
        [
            (sp.coo_array([1, 2]), {}, ValueError, r"2-D, got 1-D with shape \(2,\)"),
            (sp.csr_array(np.eye(1) * 1j), {}, TypeError, "real numbers, got dtype complex128"),
            (np.ma.masked_array([[1]], [[True]]), {}, ValueError, "1 masked cell"),
            ([[0, np.nan]], {}, ValueError, "finite, got nan in row 0, column 1"),
            (np.eye(1), {"sparse_only": True}, TypeError, "scipy sparse array.*got ndarray"),
            (sp.csr_array((0, 3)), {"empty": False}, ValueError, "at least one row and column"),
            (
                sp.csr_array(([1.0], [5], [0, 1]), shape=(1, 2)),
                {},
                ValueError,
                "every column must lie in 0 … 1, got 5 at position 0",
            ),
            (
                sp.csc_array(([1.0], [-1], [0, 1]), shape=(2, 1)),
                {},
                ValueError,
                "every row must lie in 0 … 1, got -1 at position 0",
            ),
        ],
        ids=["1-D", "complex", "masked", "NaN", "dense", "empty", "outside", "negative"],
    )
    def test_refuses_by_name(self, matrix, options, error, words):
        with pytest.raises(error, match=f"^m.*{words}"):
            canonical_csr("m", matrix, **options)


@pytest.mark.slow
@given(entries())
def test_rows_of_names_the_row_of_each_entry(drawn):
    shape, rows, columns, values = drawn
    csr = sp.coo_array((values, (rows, columns)), shape=shape).tocsr()
    assert _sparse_forms.rows_of(csr).tolist() == csr.tocoo().coords[0].tolist()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.nan, 2.0], r"got nan in row 0, column 2 \(1 such cell\); leave missing"),
        ([1.0, np.inf, np.nan], r"got inf in row 0, column 2 \(2 such cells\); leave missing"),
    ],
)
def test_what_is_not_finite_is_named_and_counted(values, message):
    table = sp.csr_array((values, [0, 2, 1], [0, 2, 3]), shape=(2, 3))
    with pytest.raises(ValueError, match=message):
        canonical_csr("ratings", table)


def test_rows_and_ranks_count_from_the_start_of_each_row():
    csr = sp.csr_array(np.array([[0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 1, 0]]))
    assert _sparse_forms.rows_of(csr).tolist() == [1, 1, 1, 2, 3, 3]
    first, last = np.array([1, 3, 2, 9, 5, 4]), np.array([7, 7, 0, 7, 7, 7])
    assert _sparse_forms.ranks_in_rows(csr, first).tolist() == [0, 2, 1, 0, 1, 0]
    # The last key decides, and the first where the last ones are equal.
    assert _sparse_forms.ranks_in_rows(csr, first, last).tolist() == [1, 2, 0, 0, 1, 0]
    assert _sparse_forms.ranks_in_rows(csr[:1], np.array([])).tolist() == []


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32, np.uint8])
@pytest.mark.parametrize(
    ("kind", "axis", "word", "last"),
    [("coo", 0, "row", 1), ("coo", 1, "column", 2), ("csr", 1, "column", 2), ("csc", 0, "row", 1)],
)
def test_an_index_outside_is_named_with_its_place(kind, axis, word, last, dtype):
    matrix = sp.coo_array(np.array([[0, 0, 7.0], [0, 0, 8.0]])).asformat(kind)

    def put(index):
        ids = np.array(index, dtype)
        if kind == "coo":
            coords = list(matrix.coords)
            coords[axis] = ids
            matrix.coords = tuple(coords)
        else:
            matrix.indices = ids

    put([0, last])
    _sparse_forms.check_indices("m", matrix)
    for wrong in [last + 1, 200] + ([-1] if np.dtype(dtype).kind == "i" else []):
        put([0, wrong])
        with pytest.raises(ValueError, match=f"^m: every {word}") as error:
            _sparse_forms.check_indices("m", matrix)
        assert str(error.value) == (
            f"m: every {word} must lie in 0 … {last}, got {wrong} at position 1"
        )


def test_indices_that_are_no_integers_are_shown_and_not_all_of_them():
    matrix = sp.csr_array(np.ones((1, 9)))
    matrix.indices = np.arange(9.0)
    with pytest.raises(TypeError) as error:
        _sparse_forms.check_indices("m", matrix)
    assert str(error.value) == (
        "m: every column must be an integer, got float64: [0. 1. 2. 3. 4. 5. 6. 7.]"
    )


@pytest.mark.parametrize("kind", [*FORMATS, "dense"])
def test_indices_within_are_good_in_every_format(kind):
    matrix = np.eye(3) if kind == "dense" else sp.coo_array(np.eye(3)).asformat(kind)
    _sparse_forms.check_indices("m", matrix)
    if kind != "dense":
        _sparse_forms.check_indices("m", sp.coo_array((0, 0)).asformat(kind))


def test_indices_of_blocks_are_looked_at_one_by_one():
    matrix = sp.bsr_array(np.eye(4), blocksize=(2, 2))
    matrix.indices = np.array([0, 2], np.int32)
    with pytest.raises(ValueError, match="index values must be < 2"):
        _sparse_forms.check_indices("m", matrix)


@pytest.mark.parametrize(
    "matrix",
    [
        sp.bsr_array([[1.0, 0.0], [2.0, 3.0]], blocksize=(2, 2)),
        sp.bsr_array([[True, False], [True, True]], blocksize=(1, 2)),
        sp.dia_array([[1, 0], [2, 3]]),
        sp.bsr_array([[1, 0, 0, 0], [2, 3, 0, 0]], blocksize=(1, 2)),
    ],
)
def test_zeros_that_fill_up_a_format_are_no_stored_zeros(matrix):
    before = matrix.data.copy()
    found = canonical_csr("m", matrix, stored_zeros=True)
    assert found.indices.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())
    np.testing.assert_array_equal(matrix.data, before)


def test_parts_of_a_block_add_up():
    blocks = np.array([[[1, 0]], [[200, 100]]], np.uint8)
    twice = sp.bsr_array((blocks, [0, 0], [0, 2]), shape=(1, 2))
    for keep_dtype in (True, False):
        assert canonical_csr("m", twice, keep_dtype=keep_dtype).toarray().tolist() == [[201, 100]]


def test_room_behind_the_last_entry_may_hold_any_index():
    matrix = sp.csr_array(([1.0, 9.0], [1, 1], [0, 1]), shape=(1, 2))
    matrix.indices = np.array([1, 99], np.int32)
    _sparse_forms.check_indices("m", matrix)
    assert canonical_csr("m", matrix).toarray().tolist() == [[0.0, 1.0]]
    turned = sp.csc_array(([1.0, 9.0], [1, 1], [0, 1]), shape=(2, 1))
    turned.indices = np.array([1, 99], np.int32)
    assert canonical_csr("m", turned).toarray().tolist() == [[0.0], [1.0]]
