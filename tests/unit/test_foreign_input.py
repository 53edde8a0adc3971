"""Functions of tables give the plain float64 answer for every form in which a table may come.

One strategy draws small tables of any type, format, order of storage, duplicates and stored zeros,
and each function is compared with a dense oracle on `np.add.at` of the same cells in float64.
"""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import embeddings, factorization, groups, noise, plots, sparse

FORMATS = ["dense", "coo", "csr", "csc", "bsr", "lil", "dok", "dia"]
TYPES = ["bool", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f8", ">i4"]


def highest(dtype):
    return {"b": 1, "i": 100, "u": 200, "f": 50}[np.dtype(dtype).kind]


def parts_of(matrix):
    if isinstance(matrix, np.ndarray):
        return [matrix]
    if matrix.format == "coo":
        return [matrix.data, *matrix.coords]
    if matrix.format in ("csr", "csc", "bsr"):
        return [matrix.data, matrix.indices, matrix.indptr]
    return [matrix.toarray()]


@st.composite
def tables(draw):
    """A sparse matrix in one of its many forms, its float64 table, and its stored cells."""
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cell = st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1))
    cells = draw(st.lists(cell, max_size=10))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    high = highest(dtype)
    numbers = st.integers(-high if dtype.kind in "if" else 0, high)
    values = np.array(draw(st.lists(numbers, min_size=len(cells), max_size=len(cells))), int)
    rows, columns = np.array(cells, int).reshape(-1, 2).T
    form = draw(st.sampled_from(FORMATS))
    if dtype == np.float16 or not dtype.isnative:
        form = "dense"  # SciPy has no sparse arrays of these
    kind = draw(st.sampled_from(["array", "matrix"]))
    table, stored = np.zeros(shape), np.zeros(shape, bool)
    if form in ("coo", "csr", "csc"):  # these store a cell several times, in any order
        np.add.at(table, (rows, columns), values)
        stored[rows, columns] = True
        make = getattr(sp, f"{form}_{kind}")
        if form == "coo":
            matrix = make((values.astype(dtype), (rows, columns)), shape=shape)
        else:
            major, minor = (rows, columns) if form == "csr" else (columns, rows)
            order = np.argsort(major, kind="stable")
            starts = np.searchsorted(major[order], np.arange(shape[form == "csc"] + 1))
            matrix = make((values.astype(dtype)[order], minor[order], starts), shape=shape)
            wide = draw(st.sampled_from([np.int32, np.int64]))
            matrix.indices, matrix.indptr = matrix.indices.astype(wide), starts.astype(wide)
            if draw(st.booleans()) and len(values):  # room behind the last entry
                matrix.data = np.append(matrix.data, matrix.data[:1])
                matrix.indices = np.append(matrix.indices, matrix.indices[:1])
        for part in parts_of(matrix):
            part.flags.writeable = False
    elif form == "dense":
        table[rows, columns] = values
        matrix, stored = table.astype(dtype), table != 0
        matrix.flags.writeable = False
    else:
        table[rows, columns] = values
        stored = table != 0
        matrix = getattr(sp, f"{form}_{kind}")(table.astype(dtype))
        if form == "bsr":  # the zeros in its blocks were given by nobody
            blocks = tuple(draw(st.sampled_from([1, number])) for number in shape)
            matrix = matrix.tobsr(blocksize=blocks)
    return matrix, table, stored


def unchanged(matrix, before):
    for part, copy in zip(parts_of(matrix), before, strict=True):
        np.testing.assert_array_equal(part, copy)


def aligned(table):
    result = np.zeros_like(table)
    for row, numbers in enumerate(table):
        kept = numbers[numbers != 0]
        result[row, : len(kept)] = kept
    return result


def check_left_align(matrix, table, stored):
    result = sparse.left_align(matrix)
    np.testing.assert_array_equal(result.toarray().astype(float), aligned(table))
    assert sparse.left_align(matrix, trim=True).shape[1] == (table != 0).sum(axis=1).max()


def check_to_ragged(matrix, table, stored):
    values, splits = sparse.to_ragged(matrix)
    assert values.astype(float).tolist() == table[table != 0].tolist()
    assert np.diff(splits).tolist() == (table != 0).sum(axis=1).tolist()
    back = sparse.from_ragged(values, splits, num_columns=table.shape[1])
    np.testing.assert_array_equal(back.toarray().astype(float), aligned(table))


def check_lookup(matrix, table, stored):
    ids = np.arange(1.0, 1 + 2 * table.shape[1]).reshape(-1, 2)
    divisors = {
        "sum": np.ones(len(table)),
        "mean": table.sum(axis=1),
        "sqrtn": np.linalg.norm(table, axis=1),
    }
    for combiner, divisor in divisors.items():
        result = embeddings.sparse_embedding_lookup(matrix, ids, combiner=combiner)
        wanted = np.zeros((len(table), 2))
        some = divisor != 0
        wanted[some] = (table @ ids)[some] / divisor[some, None]
        np.testing.assert_allclose(result, wanted, rtol=1e-6, atol=1e-9)


def check_bag_inputs(matrix, table, stored):
    ids, starts, weights = embeddings.embedding_bag_inputs(matrix)
    rows = np.repeat(np.arange(len(table)), np.diff([*starts, len(ids)]))
    rebuilt = np.zeros(table.shape)
    np.add.at(rebuilt, (rows, ids), weights)
    np.testing.assert_array_equal(rebuilt, table)
    assert weights.all()


def check_svd(matrix, table, stored):
    for k in range(1, min(table.shape) + 1):
        svd = factorization.truncated_svd(matrix, k)
        strengths = np.linalg.svd(table, compute_uv=False)
        scale = max(strengths[0], 1)
        np.testing.assert_allclose(svd.s, strengths[:k], rtol=1e-6, atol=1e-6 * scale)
        lost = np.sqrt(np.sum(strengths[k:] ** 2) / table.size)
        assert factorization.rank_k_rmse(matrix, k) == pytest.approx(lost, abs=1e-6 * scale)
    codes = svd.fold_in(matrix)
    np.testing.assert_allclose(codes, table @ svd.vt.T, rtol=1e-5, atol=1e-4 * scale)


def check_ease(matrix, table, stored):
    inverse = np.linalg.inv(table.T @ table + 2.0 * np.eye(table.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    model = factorization.fit_ease(matrix, l2=2.0)
    np.testing.assert_allclose(model.weights(), weights, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.scores(matrix), table @ weights, rtol=1e-6, atol=1e-4)


def check_als(matrix, table, stored):
    if isinstance(matrix, np.ndarray):
        with pytest.raises(TypeError, match="ratings must be a scipy sparse array"):
            factorization.alternating_least_squares(matrix, 1, l2=0.5)
        return
    found = factorization.alternating_least_squares(matrix, 1, l2=0.5, rounds=2, seed=3)
    columns = np.random.default_rng(3).standard_normal((1, table.shape[1])).T
    for _ in range(2):
        rows = (table @ columns) / (stored @ columns**2 + 0.5)
        columns = (table.T @ rows) / (stored.T @ rows**2 + 0.5)
    np.testing.assert_allclose(found.reconstruct(), rows @ columns.T, rtol=1e-5, atol=1e-5)


def check_implicit_als(matrix, table, stored):
    if table.min() < 0:
        with pytest.raises(ValueError, match="interactions must not be negative"):
            factorization.fit_implicit_als(matrix, 1, alpha=0.5, l2=0.1)
        return
    found = factorization.fit_implicit_als(matrix, 1, alpha=0.5, l2=0.1, rounds=1, seed=3)
    weights, wanted = 1 + 0.5 * table, table > 0
    columns = np.random.default_rng(3).standard_normal((1, table.shape[1])).T
    rows = (weights * wanted) @ columns / (weights @ (columns**2 + 0.1))
    columns = (weights * wanted).T @ rows / (weights.T @ (rows**2 + 0.1))
    np.testing.assert_allclose(found.columns, columns, rtol=1e-6, atol=1e-9)


def check_mask(matrix, table, stored):
    if isinstance(matrix, np.ndarray):
        with pytest.raises(TypeError, match="matrix must be a scipy sparse array"):
            noise.mask_observed(matrix, 0.5)
        return
    visible, hidden = noise.mask_observed(matrix, 0.5)
    np.testing.assert_array_equal(visible.toarray().astype(float) + hidden.toarray(), table)
    assert visible.nnz + hidden.nnz == stored.sum()


def check_centre(matrix, table, stored):
    centred = groups.centre_observed(matrix)
    means = table.sum(axis=0) / np.maximum(stored.sum(axis=0), 1)
    wanted = np.where(stored, table - means, 0)
    np.testing.assert_allclose(centred.toarray(), wanted, rtol=1e-5, atol=1e-4)
    assert centred.nnz == stored.sum()


def check_shuffle(matrix, table, stored):
    shuffled = groups.shuffle_ratings(matrix, seed=1)
    assert shuffled.nnz == stored.sum()
    np.testing.assert_array_equal(np.sort(shuffled.toarray(), axis=0), np.sort(table, axis=0))


def check_heat_map(matrix, table, stored):
    figure, axes = plots.plt.subplots()
    plots.heat_map(matrix, axes)
    if isinstance(matrix, np.ndarray):
        stored = np.ones_like(stored)  # a 0 that is written down is a number
    assert [text.get_text() for text in axes.texts] == [f"{number:g}" for number in table[stored]]
    plots.plt.close(figure)


CHECKS = [
    check_left_align,
    check_to_ragged,
    check_lookup,
    check_bag_inputs,
    check_svd,
    check_ease,
    check_als,
    check_implicit_als,
    check_mask,
    check_centre,
    check_shuffle,
]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@given(tables())
@settings(max_examples=150)
def test_every_form_of_a_table_gives_the_plain_answer(check, drawn):
    matrix, table, stored = drawn
    before = [part.copy() for part in parts_of(matrix)]
    check(matrix, table, stored)
    unchanged(matrix, before)


@pytest.mark.slow
@given(tables())
@settings(max_examples=12)
def test_heat_map_writes_the_plain_numbers(drawn):
    check_heat_map(*drawn)


DENSE = {
    "gaussian_noise": lambda table: noise.gaussian_noise(table, 0),
    "permute_columns": lambda table: np.sort(groups.permute_columns(table), axis=0),
    "matched_gaussian": groups.matched_gaussian,
    "k_means": lambda table: groups.k_means(table, 2).cluster_centers_,
    "gap_statistic": lambda table: groups.gap_statistic(table, [1], draws=2),
    "bootstrap_agreement": lambda table: groups.bootstrap_agreement(table, 1, pairs=1),
    "heat_map": lambda table: [t.get_text() for t in plots.heat_map(table, new_axes()).texts],
}


def new_axes():
    plots.plt.close("all")
    return plots.plt.subplots()[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", DENSE)
@given(st.data())
@settings(max_examples=25)
def test_dense_functions_take_every_type_as_float64(name, data):
    dtype = data.draw(st.sampled_from(TYPES))
    order = data.draw(st.sampled_from("CF"))
    numbers = data.draw(st.permutations([0, 0, 1, 1, 0, 1, 0, 1]))
    table = np.array(numbers, float).reshape(4, 2)
    foreign = np.array(table.astype(dtype), order=order)
    foreign.flags.writeable = False
    wrapped = data.draw(st.sampled_from([np.asarray, pd.DataFrame, np.ma.asarray]))
    given_table = wrapped(foreign.astype(foreign.dtype.newbyteorder("=")))
    if len(np.unique(table, axis=0)) < 3:
        return  # fewer different points than groups
    wanted, got = DENSE[name](table), DENSE[name](given_table)
    if name == "heat_map":
        assert got == wanted
    else:
        np.testing.assert_allclose(np.asarray(got, float), wanted, atol=1e-3)
    plots.plt.close("all")


@pytest.mark.parametrize("name", DENSE)
def test_dense_functions_say_so_when_given_sparse_or_masked_tables(name):
    table = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    if name != "heat_map":
        with pytest.raises(TypeError, match=r"must be a dense array, got a csr_array.*toarray"):
            DENSE[name](sp.csr_array(table))
    with pytest.raises(ValueError, match="must be a plain array, got a masked one with 1 masked"):
        DENSE[name](np.ma.masked_array(table, table + np.arange(2) == 0))


SPARSE = {
    "left_align": sparse.left_align,
    "to_ragged": sparse.to_ragged,
    "embedding_bag_inputs": embeddings.embedding_bag_inputs,
    "truncated_svd": lambda matrix: factorization.truncated_svd(matrix, 1),
    "rank_k_rmse": lambda matrix: factorization.rank_k_rmse(matrix, 1),
    "fit_ease": lambda matrix: factorization.fit_ease(matrix, l2=1.0),
    "fit_implicit_als": lambda m: factorization.fit_implicit_als(m, 1, alpha=1.0, l2=1.0),
    "alternating_least_squares": lambda m: factorization.alternating_least_squares(m, 1, l2=1.0),
    "mask_observed": lambda matrix: noise.mask_observed(matrix, 0.5),
    "centre_observed": groups.centre_observed,
    "shuffle_ratings": groups.shuffle_ratings,
}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_functions_refuse_by_name(name):
    with pytest.raises(TypeError, match="must hold real numbers, got dtype complex128"):
        SPARSE[name](sp.csr_array([[1j, 0]]))
    with pytest.raises(ValueError, match="column must lie in 0 … 1, got 5"):
        SPARSE[name](sp.csr_array(([1.0], [5], [0, 1]), shape=(1, 2)))
    if name not in ("alternating_least_squares", "mask_observed"):
        with pytest.raises(ValueError, match="masked"):
            SPARSE[name](np.ma.masked_array([[1.0, 2.0]], [[True, False]]))


# --- scales, and systems that leave something open -----------------------------------------------


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e-30, 1e30, 1e200, 1e300])
@pytest.mark.parametrize("side", [40, 230])
def test_svd_and_als_do_not_mind_the_unit(side, scale, make):
    table = np.random.default_rng(0).random((side, side))
    svd, far = (factorization.truncated_svd(make(t), 2) for t in (table, table * scale))
    np.testing.assert_allclose(far.s / scale, svd.s, rtol=1e-9)
    np.testing.assert_allclose(far.vt, svd.vt, atol=1e-6)
    error = factorization.rank_k_rmse(make(table * scale), 2) / scale
    assert error == pytest.approx(factorization.rank_k_rmse(make(table), 2), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e150])
def test_als_scales_with_its_ratings(scale):
    table = np.outer([1.0, 2, 3], [2.0, 1, 4])
    found = factorization.alternating_least_squares(
        sp.csr_array(table * scale), 1, l2=1e-9 * min(scale, 1), rounds=20
    )
    np.testing.assert_allclose(found.reconstruct() / scale, table, rtol=1e-6)


@pytest.mark.parametrize("l2", [1e-300, 1e-18, 1e-9])
def test_als_with_a_tiny_penalty_finds_the_shortest_vectors(l2):
    ratings = sp.csr_array(([4.0, 2.0], [0, 1], [0, 1, 2, 2]), shape=(3, 3))
    rows, columns = factorization.alternating_least_squares(ratings, 3, l2=l2, rounds=3)
    assert (rows @ columns.T)[[0, 1], [0, 1]] == pytest.approx([4, 2], rel=1e-6)
    assert not rows[2].any()
    assert not columns[2].any()
    assert np.abs(rows).max() < 100


def test_a_huge_penalty_gives_zeros():
    ratings = sp.csr_array([[4.0, 2.0], [0.0, 1.0]])
    found = factorization.alternating_least_squares(ratings, 1, l2=1e300)
    assert np.abs(found.reconstruct()).max() < 1e-200


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_svd_of_less_rank_than_factors(rank):
    rng = np.random.default_rng(rank)
    table = rng.standard_normal((260, rank)) @ rng.standard_normal((rank, 240))
    svd = factorization.truncated_svd(sp.csr_array(table), 8)
    np.testing.assert_allclose(svd.reconstruct(), table, atol=1e-9)
    np.testing.assert_allclose(svd.u.T @ svd.u, np.eye(8), atol=1e-9)


def test_svd_beyond_its_type_is_refused():
    with pytest.raises(ValueError, match="numbers that float32 can hold"):
        factorization.truncated_svd(np.full((9, 9), 3e38, np.float32), 1)


def test_means_of_many_single_precision_ratings():
    stars = np.full(200_000, 4.1, np.float32)
    stars[::2] = 3.9
    column = sp.csr_array((stars, np.zeros(len(stars), int), np.arange(len(stars) + 1)))
    assert abs(groups.centre_observed(column).data.astype(float).mean()) < 1e-7
