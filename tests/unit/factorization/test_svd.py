"""Truncated SVD: exact numbers, independent oracles, signs that never flip, refusals."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse.linalg import svds

from course_utils.factorization import SVD, rank_k_rmse, truncated_svd
from course_utils.factorization import svd as svd_module
from course_utils.metrics import rmse

RATINGS = np.array(
    [[5, 3, 0, 0], [4, 0, 0, 5], [0, 0, 3, 4], [0, 5, 0, 0], [0, 0, 4, 0]], dtype=float
)

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]

matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7),
    elements=st.integers(-9, 9).map(float),
)


def separated(rows, cols, seed):
    """Random matrix whose singular values are far apart, so that its vectors are well defined."""
    rng = np.random.default_rng(seed)
    side = min(rows, cols)
    u = np.linalg.qr(rng.standard_normal((rows, side)))[0]
    v = np.linalg.qr(rng.standard_normal((cols, side)))[0]
    return (u * np.geomspace(100, 1, side)) @ v.T


@pytest.fixture
def iterate_always(monkeypatch):
    monkeypatch.setattr(svd_module, "_SMALL_SIDE", 0)


# --- the numbers of the two matrices in the course ------------------------------------------------


def test_ratings_have_the_known_singular_values_and_errors():
    assert truncated_svd(RATINGS, 4).s.round(4).tolist() == [8.1426, 6.3292, 4.8644, 3.3132]
    svd = truncated_svd(RATINGS, 3)
    assert round(rank_k_rmse(RATINGS, 3), 6) == 0.740857
    assert round(rmse(RATINGS, svd.reconstruct()), 6) == 0.740857
    assert round(rmse(RATINGS, svd.reconstruct(), where=RATINGS > 0), 6) == 0.632276


def test_half_hidden_matrix_has_the_known_singular_values_and_errors():
    random = np.random.RandomState(42)  # the legacy stream decides the numbers, so it stays
    truth = random.randint(1, 11, size=(10, 10)).astype(float)
    hidden = np.zeros((10, 10), dtype=bool)
    hidden.ravel()[random.choice(100, 50, replace=False)] = True
    filled = np.where(hidden, 0, truth)
    svd = truncated_svd(filled, 5)
    assert svd.s.round(2).tolist() == [33.43, 19.42, 15.38, 11.49, 9.49]
    assert round(rank_k_rmse(filled, 5), 4) == 1.1414
    assert round(rmse(truth, svd.reconstruct(), where=hidden), 3) == 6.489
    assert round(rmse(truth, np.zeros_like(truth), where=hidden), 3) == 6.671


# --- oracles --------------------------------------------------------------------------------------


@pytest.mark.slow
@given(matrices, st.data())
def test_agrees_with_the_full_decomposition(matrix, data):
    k = data.draw(st.integers(1, min(matrix.shape)))
    svd = truncated_svd(matrix, k)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    assert svd.u.shape == (len(matrix), k)
    assert svd.s.shape == (k,)
    assert svd.vt.shape == (k, matrix.shape[1])
    np.testing.assert_allclose(svd.s, s[:k], atol=1e-9)
    assert (np.diff(svd.s) <= 1e-12).all()
    np.testing.assert_allclose(svd.u.T @ svd.u, np.eye(k), atol=1e-9)
    np.testing.assert_allclose(svd.vt @ svd.vt.T, np.eye(k), atol=1e-9)
    np.testing.assert_allclose(matrix @ svd.vt.T, svd.u * svd.s, atol=1e-8)
    if k == len(s) or s[k - 1] - s[k] > 1e-6:  # otherwise the best approximation is not unique
        best = (u[:, :k] * s[:k]) @ vt[:k]
        np.testing.assert_allclose(svd.reconstruct(), best, atol=1e-8)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("matrix", [RATINGS, RATINGS.T], ids=["tall", "wide"])
def test_every_valid_rank_works_for_every_format(matrix, k):
    expected = truncated_svd(matrix, k)
    for form in FORMATS:
        got = truncated_svd(sp.coo_array(matrix).asformat(form), k)
        for left, right in zip(got, expected, strict=True):
            np.testing.assert_allclose(left, right, atol=1e-12, err_msg=form)
    got = truncated_svd(sp.csr_matrix(matrix), k)
    np.testing.assert_allclose(got.vt, expected.vt, atol=1e-12)


@pytest.mark.slow
@given(matrices, st.data())
@settings(max_examples=200)
def test_no_competitor_of_the_same_rank_is_closer(matrix, data):
    k = data.draw(st.integers(1, min(matrix.shape)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    bound = rank_k_rmse(matrix, k)
    svd = truncated_svd(matrix, k)
    assert rmse(matrix, svd.reconstruct()) == pytest.approx(bound, abs=1e-9)
    rows, cols = matrix.shape
    left = rng.standard_normal((rows, k))
    fitted = left @ np.linalg.lstsq(left, matrix)[0]  # the best for these random columns
    nearby = (svd.u * svd.s + 1e-3 * rng.standard_normal((rows, k))) @ (
        svd.vt + 1e-3 * rng.standard_normal((k, cols))
    )
    for competitor in (left @ rng.standard_normal((k, cols)), fitted, nearby):
        assert rmse(matrix, competitor) >= bound - 1e-9


@pytest.mark.slow
@given(matrices)
def test_error_falls_with_the_rank_and_ends_at_zero(matrix):
    errors = [rank_k_rmse(matrix, k) for k in range(1, min(matrix.shape) + 1)]
    assert (np.diff(errors) <= 1e-9).all()
    assert errors[-1] == 0.0


# --- signs ----------------------------------------------------------------------------------------


@pytest.mark.slow
@given(matrices)
def test_each_factor_has_the_documented_sign(matrix):
    for row in truncated_svd(matrix, min(matrix.shape)).vt:
        cubes = np.sum(row**3)
        strongest = np.flatnonzero(np.abs(row) >= np.abs(row).max() * (1 - 1e-5))
        assert cubes > 0 or (abs(cubes) < 1e-5 and row[strongest[0]] > 0)


def test_balanced_factor_starts_with_a_positive_entry():
    for matrix in ([[1.0, -1.0]], [[-1.0, 1.0]], [[1.0, -1.0], [-2.0, 2.0]]):
        assert truncated_svd(matrix, 1).vt.round(6).tolist() == [[0.707107, -0.707107]]
    # rounding differs between the two strongest entries, and must not decide
    almost = [[-1.0, 1.0 + 1e-12]], [[-1.0 - 1e-12, 1.0]], [[1.0, -1.0 - 1e-12]]
    assert all(truncated_svd(matrix, 1).vt[0, 0] > 0 for matrix in almost)


def test_the_first_of_the_strongest_entries_decides_and_not_the_first_of_all():
    found = truncated_svd([[0.0, 0.0, 0.0, 0.0, 5.0], [0.0, -1.0, 1.0, 0.0, 0.0]], 2).vt
    half = 0.5**0.5
    np.testing.assert_allclose(found, [[0, 0, 0, 0, 1], [0, half, -half, 0, 0]], atol=1e-12)


def test_a_small_majority_among_many_entries_decides():
    row = np.ones((1, 10_000))
    row[0, :4990] = -1
    for matrix in (row, -row):
        assert (np.sign(truncated_svd(matrix, 1).vt) == row).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(9, 5), (5, 9), (6, 6)])
def test_rows_may_be_rotated_or_permuted(shape, seed):
    rows, cols = shape
    matrix = separated(rows, cols, seed)
    rng = np.random.default_rng(seed + 100)
    svd = truncated_svd(matrix, 4)
    rotation = np.linalg.qr(rng.standard_normal((rows, rows)))[0]
    order = rng.permutation(rows)
    for turned, moved in [
        (rotation @ matrix, rotation @ svd.u),
        (matrix[order], svd.u[order]),
        (-matrix, -svd.u),
    ]:
        got = truncated_svd(turned, 4)
        np.testing.assert_allclose(got.s, svd.s, atol=1e-9)
        np.testing.assert_allclose(got.vt, svd.vt, atol=1e-9)
        np.testing.assert_allclose(got.u, moved, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(9, 5), (5, 9)])
def test_columns_may_be_permuted(shape, seed):
    matrix = separated(*shape, seed)
    order = np.random.default_rng(seed).permutation(shape[1])
    svd, got = truncated_svd(matrix, 4), truncated_svd(matrix[:, order], 4)
    np.testing.assert_allclose(got.vt, svd.vt[:, order], atol=1e-9)
    np.testing.assert_allclose(got.u, svd.u, atol=1e-9)


def test_columns_may_be_rotated_up_to_the_sign():
    matrix = separated(8, 5, 0)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    svd, got = truncated_svd(matrix, 3), truncated_svd(matrix @ rotation, 3)
    np.testing.assert_allclose(got.reconstruct(), svd.reconstruct() @ rotation, atol=1e-9)
    np.testing.assert_allclose(got.vt.T @ got.vt, rotation.T @ svd.vt.T @ svd.vt @ rotation)


@pytest.mark.parametrize("driver", ["gesdd", "gesvd", "arpack", "propack", "gram"])
def test_solver_does_not_decide_the_sign(driver, monkeypatch):
    matrix = separated(30, 20, 3)
    expected = truncated_svd(matrix, 4)
    real = scipy.linalg.svd

    def solve(matrix, **_):
        if driver in ("gesdd", "gesvd"):
            u, s, vt = real(matrix, full_matrices=False, lapack_driver=driver)
        elif driver == "gram":
            squares, vectors = np.linalg.eigh(matrix.T @ matrix)
            vt, s = vectors.T[::-1], np.sqrt(squares[::-1])
            u = matrix @ vt.T / s
        else:
            u, s, vt = svds(matrix, k=4, solver=driver, rng=np.random.default_rng(7))
            u, s, vt = u[:, ::-1], s[::-1], vt[::-1]
        flips = np.random.default_rng(0).choice([-1.0, 1.0], size=len(s))
        return u * flips, s, vt * flips[:, None]

    monkeypatch.setattr(svd_module.scipy.linalg, "svd", solve)
    got = truncated_svd(matrix, 4)
    for left, right in zip(got, expected, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-7)


# --- the iterative route --------------------------------------------------------------------------


@pytest.mark.usefixtures("iterate_always")
@pytest.mark.parametrize("form", ["dense", "csr", "csc", "coo"])
@pytest.mark.parametrize("shape", [(90, 40), (40, 90)])
def test_iterative_route_gives_the_same(form, shape):
    rng = np.random.default_rng(4)
    dense = np.where(rng.random(shape) < 0.3, rng.standard_normal(shape), 0.0)
    matrix = dense if form == "dense" else sp.coo_array(dense).asformat(form)
    svd = truncated_svd(matrix, 2)
    u, s, vt = np.linalg.svd(dense, full_matrices=False)
    np.testing.assert_allclose(svd.s, s[:2], rtol=1e-10)
    np.testing.assert_allclose(svd.reconstruct(), (u[:, :2] * s[:2]) @ vt[:2], atol=1e-9)
    assert (np.sum(svd.vt**3, axis=1) > 0).all()
    order = rng.permutation(shape[0])
    moved = truncated_svd(sp.csr_array(dense[order]), 2)
    np.testing.assert_allclose(moved.vt, svd.vt, atol=1e-9)
    np.testing.assert_allclose(moved.u, svd.u[order], atol=1e-9)
    assert rank_k_rmse(matrix, 2) == pytest.approx(np.sqrt(np.sum(s[2:] ** 2) / dense.size))


@pytest.mark.usefixtures("iterate_always")
def test_iterative_route_gives_the_same_bits_each_time():
    matrix = np.random.default_rng(4).standard_normal((90, 80))
    first, again = truncated_svd(matrix, 2), truncated_svd(matrix, 2)
    for one, other in zip(first, again, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.usefixtures("iterate_always")
@pytest.mark.parametrize("rank", [0, 1, 3])
def test_iterative_route_survives_too_little_rank(rank):
    rng = np.random.default_rng(5)
    matrix = sp.csr_array(rng.standard_normal((60, rank)) @ rng.standard_normal((rank, 50)))
    svd = truncated_svd(matrix, 6)
    np.testing.assert_allclose(svd.reconstruct(), matrix.toarray(), atol=1e-10)
    np.testing.assert_allclose(svd.s[rank:], 0, atol=1e-10)
    np.testing.assert_allclose(svd.u.T @ svd.u, np.eye(6), atol=1e-9)
    np.testing.assert_allclose(svd.vt @ svd.vt.T, np.eye(6), atol=1e-9)
    assert rank_k_rmse(matrix, 6) == pytest.approx(0, abs=1e-6)


@pytest.mark.usefixtures("iterate_always")
def test_duplicates_count_once_in_the_error_of_the_iterative_route():
    starts = np.array([0, 2, 3, 4, 4, 4, 4, 4, 4])
    matrix = sp.csr_array(([2.0, 3.0, 1.0, 7.0], [0, 0, 1, 2], starts), shape=(8, 9))
    assert matrix.nnz == 4
    assert rank_k_rmse(matrix, 1) == pytest.approx(np.sqrt((5**2 + 1) / 72))


def test_large_sparse_matrix_is_never_made_dense(monkeypatch):
    rows, cols = 30_000, 20_000  # 4.8 GB if dense
    rng = np.random.default_rng(6)
    at = rng.integers(rows, size=50_000), rng.integers(cols, size=50_000)
    matrix = sp.coo_array((rng.random(50_000), at), shape=(rows, cols)).tocsc()
    monkeypatch.setattr(sp.csr_array, "toarray", None)
    svd = truncated_svd(matrix, 2)
    np.testing.assert_allclose(matrix @ svd.vt.T, svd.u * svd.s, atol=1e-8)


# --- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_float32_stays_and_everything_else_becomes_float64(make):
    for given_type in (np.float32, np.float64, np.int8, np.int64, np.uint8, bool):
        svd = truncated_svd(make(RATINGS.astype(given_type)), 2)
        wanted = np.float32 if given_type is np.float32 else np.float64
        assert {part.dtype for part in svd} == {np.dtype(wanted)}
        assert svd.reconstruct().dtype == wanted
        assert svd.fold_in(RATINGS).dtype == wanted
    exact = truncated_svd(RATINGS, 2)
    single = truncated_svd(make(RATINGS.astype(np.float32)), 2)
    np.testing.assert_allclose(single.vt, exact.vt, atol=1e-7)


def test_input_is_left_alone_and_duplicates_are_summed():
    ratings = sp.coo_array(([2.0, 3.0, 1.0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    assert truncated_svd(ratings, 2).s.tolist() == [5.0, 1.0]
    assert ratings.nnz == 3
    unsorted = sp.csr_array(([1.0, 2.0, 3.0], [1, 1, 0], [0, 3, 3]), shape=(2, 2))
    truncated_svd(unsorted, 1)
    assert unsorted.nnz == 3
    matrix = RATINGS.copy()
    truncated_svd(matrix, 3)
    np.testing.assert_array_equal(matrix, RATINGS)


def test_unpacks_like_numpy():
    u, s, vt = truncated_svd(RATINGS, 3)
    np.testing.assert_allclose(u @ np.diag(s) @ vt, truncated_svd(RATINGS, 3).reconstruct())


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [truncated_svd, rank_k_rmse])
@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (0, ValueError, r"k must be an integer from 1 to 4, got 0"),
        (5, ValueError, r"from 1 to 4.*got 5"),
        (-1, ValueError, "got -1"),
        (2.0, TypeError, r"integer from 1 to 4, got 2\.0"),
        (True, TypeError, "got True"),
        ("2", TypeError, "got '2'"),
        (None, TypeError, "got None"),
    ],
)
def test_bad_rank_is_refused(function, k, error, message):
    with pytest.raises(error, match=message):
        function(RATINGS, k)


def test_numpy_integers_are_ranks():
    assert truncated_svd(RATINGS, np.int8(3)).s.shape == (3,)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_their_place(make, bad):
    matrix = RATINGS.copy()
    matrix[3, 1] = bad
    with pytest.raises(ValueError, match=rf"must be finite, got {bad} in row 3, column 1 \(1"):
        truncated_svd(make(matrix), 2)
    with pytest.raises(ValueError, match="matrix must be finite"):
        rank_k_rmse(make(matrix), 2)


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (np.zeros((0, 4)), ValueError, r"not be empty, got shape \(0, 4\)"),
        (sp.csr_array((3, 0)), ValueError, r"at least one row and column, got shape \(3, 0\)"),
        (np.zeros(4), ValueError, r"must be 2-D.*, got shape \(4,\)"),
        (np.zeros((2, 2, 2)), ValueError, r"got shape \(2, 2, 2\)"),
        (np.array([["a", "b"]]), TypeError, "real numbers, got text"),
        (np.array([[1 + 2j, 0]]), TypeError, "real numbers, got complex128"),
        (np.array([[None, 1]]), TypeError, "real numbers, got None"),
        (np.ma.masked_array([[1, 2]], [[True, False]]), ValueError, "1 masked cell"),
    ],
)
def test_what_is_no_matrix_is_refused(matrix, error, message):
    for function in (truncated_svd, rank_k_rmse):
        with pytest.raises(error, match=message):
            function(matrix, 1)


# --- fold_in --------------------------------------------------------------------------------------


@pytest.mark.slow
@given(matrices, st.data())
def test_decomposed_rows_get_their_own_codes(matrix, data):
    k = data.draw(st.integers(1, min(matrix.shape)))
    svd = truncated_svd(matrix, k)
    np.testing.assert_allclose(svd.fold_in(matrix), svd.u * svd.s, atol=1e-8)
    np.testing.assert_allclose(svd.fold_in(matrix) @ svd.vt, svd.reconstruct(), atol=1e-8)
    everything = np.ones(matrix.shape, dtype=bool)
    np.testing.assert_allclose(svd.fold_in(matrix, where=everything), svd.u * svd.s, atol=1e-7)
    np.testing.assert_allclose(svd.fold_in(sp.csr_array(matrix)), svd.u * svd.s, atol=1e-8)


@pytest.mark.parametrize("l2", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("cells", [1, 2, 3, 5, 8])
def test_known_cells_alone_decide_and_the_code_is_the_best_one(cells, l2):
    rng = np.random.default_rng(cells)
    svd = truncated_svd(separated(12, 8, 1), 3)
    row = rng.standard_normal(8)
    known = np.zeros(8, dtype=bool)
    known[rng.choice(8, cells, replace=False)] = True
    unknown_are_nan = np.where(known, row, np.nan)
    (code,) = svd.fold_in([unknown_are_nan], where=[known], l2=l2)
    # Ridge regression written as ordinary least squares with k more rows.
    stacked = np.vstack([svd.vt[:, known].T, np.sqrt(l2) * np.eye(3)])
    oracle = np.linalg.lstsq(stacked, np.concatenate([row[known], np.zeros(3)]))[0]
    np.testing.assert_allclose(code, oracle, atol=1e-9)
    np.testing.assert_allclose(svd.fold_in([row], where=[known], l2=l2)[0], code)
    if cells <= 3 and l2 == 0:
        np.testing.assert_allclose((code @ svd.vt)[known], row[known], atol=1e-9)


def test_fewer_ratings_than_factors_is_no_new_row_or_no_rating():
    svd = truncated_svd(RATINGS, 3)
    nothing = np.zeros((1, 4), dtype=bool)
    assert svd.fold_in(np.zeros((0, 4))).shape == (0, 3)
    assert svd.fold_in([[np.nan] * 4], where=nothing).tolist() == [[0.0, 0.0, 0.0]]
    assert svd.fold_in(np.zeros((1, 4))).tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("l2", [0.0, 0.5, 3.0])
def test_all_cells_known_is_the_default_and_a_cell_that_is_not_stored_is_a_zero(l2):
    svd = truncated_svd(RATINGS, 3)
    everything = np.ones(RATINGS.shape, bool)
    expected = svd.fold_in(RATINGS, everything, l2=l2)
    np.testing.assert_allclose(expected, svd.u * svd.s / (1 + l2), atol=1e-12)
    np.testing.assert_allclose(svd.fold_in(RATINGS, l2=l2), expected, atol=1e-12)
    sparse = sp.csc_array(RATINGS.astype(np.int8))
    np.testing.assert_allclose(svd.fold_in(sparse, l2=l2), expected, atol=1e-12)


def test_a_stored_cell_that_is_unknown_may_hold_nan():
    svd = truncated_svd(RATINGS, 2)
    known = np.array([[True, False, True, True]])
    row = np.array([[1.0, np.nan, 0.0, 2.0]])
    expected = svd.fold_in(row, known)
    np.testing.assert_array_equal(svd.fold_in(sp.csr_array(row), known), expected)


def test_rows_are_folded_in_one_by_one():
    rng = np.random.default_rng(8)
    svd = truncated_svd(separated(12, 8, 2), 3)
    rows, known = rng.standard_normal((5, 8)), rng.random((5, 8)) < 0.5
    together = svd.fold_in(rows, where=known, l2=0.5)
    alone = [svd.fold_in(rows[i : i + 1], where=known[i : i + 1], l2=0.5)[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, atol=1e-12)


@pytest.mark.parametrize(
    ("ratings", "options", "error", "message"),
    [
        ([1.0, 2.0, 3.0, 4.0], {}, ValueError, r"2-D with shape \(n, cols\), got shape \(4,\)"),
        ([[1.0, 2.0, 3.0]], {}, ValueError, r"shape \(n, 4\), got \(1, 3\)"),
        ([[1.0, np.nan, 0, 0]], {}, ValueError, "mark missing cells with where"),
        (
            [[1.0, np.nan, 0, 0]],
            {"where": np.ones((1, 4), bool)},
            ValueError,
            "mark missing cells with where",
        ),
        ([[1.0, 2, 3, 4]], {"where": np.ones((1, 4))}, TypeError, "where must hold True"),
        ([[1.0, 2, 3, 4]], {"where": np.ones((2, 4), bool)}, ValueError, "where must have shape"),
        ([[1.0, 2, 3, 4]], {"l2": -1.0}, ValueError, "at least 0, got -1.0"),
        ([[1.0, 2, 3, 4]], {"l2": np.nan}, ValueError, "at least 0, got nan"),
    ],
)
def test_bad_new_rows_are_refused(ratings, options, error, message):
    with pytest.raises(error, match=message):
        truncated_svd(RATINGS, 2).fold_in(ratings, **options)


def test_a_known_cell_without_a_number_says_what_to_do():
    with pytest.raises(ValueError, match="ratings must be finite") as error:
        truncated_svd(RATINGS, 2).fold_in([[1.0, np.inf, 0, 0]])
    assert str(error.value) == (
        "ratings must be finite in every known cell, got NaN or infinity; "
        "mark missing cells with where"
    )


def test_svd_is_a_plain_tuple_of_three():
    assert SVD._fields == ("u", "s", "vt")
