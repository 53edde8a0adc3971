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
