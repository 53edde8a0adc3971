"""What adds up adds up: equal to one process bit by bit, and to independent formulas."""

import itertools
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.distributed import (
    add,
    cooccurrence,
    ease_from_gram,
    fold,
    gram,
    list_parts,
    models,
    read_part,
    top_directions,
    totals,
    write_like_movielens,
    write_lists,
    write_part,
)
from course_utils.factorization import fit_ease, truncated_svd

COLUMNS = np.array([5, 3, 77, 11, 40, 41, 42, 99])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    write_like_movielens(folder, users=500, items=150, ratings=15_000, parts=5)
    return folder


@pytest.fixture(scope="module")
def paths(folder):
    return list_parts(folder)


@pytest.fixture(scope="module")
def whole(paths):
    return sp.vstack([read_part(path, values="halves") for path in paths]).toarray()


def test_totals_are_those_of_the_dense_matrix(paths, whole):
    found = fold(totals, paths)
    assert (found.users, found.ratings) == (500, np.count_nonzero(whole))
    assert np.array_equal(found.counts, (whole > 0).sum(axis=0))
    assert np.array_equal(found.sums, whole.sum(axis=0))
    assert np.array_equal(found.squares, (whole.astype(int) ** 2).sum(axis=0))
    stars = [column[column > 0] / 2 for column in whole.T]
    with np.errstate(invalid="ignore"):
        means = [c.mean() if len(c) else np.nan for c in stars]
        variances = [c.var() if len(c) else np.nan for c in stars]
    assert np.allclose(found.means(), means, equal_nan=True, rtol=1e-14)
    assert np.allclose(found.variances(), variances, equal_nan=True, rtol=1e-12, atol=1e-14)


def test_totals_of_a_part_worked_out_by_hand(tmp_path):
    """Two films have one rating and none, and a user has none either."""
    stars = sp.csr_array([[2.0, 3.5, 0, 0], [0, 0, 0, 0], [5.0, 0, 0, 0]])
    found = totals(write_part(tmp_path, stars, number=0, parts=1))
    assert (found.users, found.ratings) == (3, 3)
    assert found.counts.tolist() == [2, 1, 0, 0]
    assert found.sums.tolist() == [14, 7, 0, 0]
    assert found.squares.tolist() == [116, 49, 0, 0]
    assert {array.dtype for array in found[2:]} == {np.dtype(np.int64)}
    np.testing.assert_array_equal(found.means(), [3.5, 3.5, np.nan, np.nan])
    np.testing.assert_array_equal(found.variances(), [2.25, 0.0, np.nan, np.nan])


def test_counts_are_whole_numbers_of_64_bits_that_do_not_overflow(tmp_path):
    path = write_part(tmp_path, sp.csr_array(np.full((500, 1), 5.0)), number=0, parts=1)
    assert gram(path, [0], values="halves").tolist() == [[50_000]]
    both = gram(path, [0]), cooccurrence(path)
    assert {each.dtype for each in both} == {np.dtype(np.int64)}
    assert isinstance(both[1], sp.csr_array)


class Pair(NamedTuple):
    one: int
    other: np.ndarray


def test_results_add_up_entry_by_entry_and_stay_of_their_kind():
    found = add(Pair(1, np.array([1, 2])), Pair(2, np.array([0, 1])))
    assert type(found) is Pair
    assert (found.one, found.other.tolist()) == (3, [1, 3])
    assert add((1, (2.5, "a")), (3, (4.0, "b"))) == (4, (6.5, "ab"))
    with pytest.raises(ValueError, match="shorter"):
        add((1, 2), (1,))


def test_the_mean_of_means_is_another_number(paths):
    """The negative control: what must not be averaged differs."""
    true = fold(totals, paths).means()
    averaged = np.mean([totals(path).means() for path in paths], axis=0)
    assert np.nanmax(np.abs(true - averaged)) > 0.05


def test_gram_and_cooccurrence_are_those_of_the_dense_matrix(paths, whole):
    rated = (whole > 0).astype(np.int64)
    chosen = rated[:, COLUMNS]
    assert np.array_equal(fold(gram, paths, COLUMNS), chosen.T @ chosen)
    halves = whole[:, COLUMNS].astype(np.int64)
    assert np.array_equal(fold(gram, paths, COLUMNS, values="halves"), halves.T @ halves)
    assert np.array_equal(fold(cooccurrence, paths).toarray(), rated.T @ rated)


@pytest.mark.slow
@given(
    cuts=st.lists(st.integers(0, 40), max_size=5),
    seed=st.integers(0, 2**20),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=15)
def test_any_cut_and_any_order_give_the_same_bits(cuts, seed, order, tmp_path_factory):
    """Empty parts included."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 11, (40, 9)) / 2 * (rng.random((40, 9)) < 0.3)
    edges = [0, *sorted(cuts), 40]
    folder = tmp_path_factory.mktemp("cut")
    paths = [
        write_part(folder, sp.csr_array(dense[a:b]), number=i, parts=len(edges) - 1, first_user=a)
        for i, (a, b) in enumerate(itertools.pairwise(edges))
    ]
    order.shuffle(paths)
    found = fold(totals, paths)
    halves = (2 * dense).astype(np.int64)
    assert np.array_equal(found.sums, halves.sum(axis=0))
    assert np.array_equal(found.squares, (halves**2).sum(axis=0))
    rated = (dense > 0).astype(np.int64)
    assert np.array_equal(fold(gram, paths, np.arange(9)), rated.T @ rated)


def test_floats_depend_on_the_order(paths):
    """The negative control: a third of a star is no whole number."""

    def thirds(path):
        matrix = read_part(path)
        return matrix.sum(axis=0, dtype=float) / 3

    assert fold(thirds, paths).tobytes() != fold(thirds, paths[::-1]).tobytes()


def test_ease_is_that_of_one_process(paths, whole):
    rated = (whole > 0).astype(float)
    weights = ease_from_gram(fold(gram, paths, np.arange(150)), 50.0)
    assert np.allclose(weights, fit_ease(rated, 50.0).weights(), atol=1e-10)
    assert not weights.diagonal().any()


@pytest.mark.parametrize(
    ("matrix", "l2", "words"),
    [
        ([[1, 2], [0, 1]], 1, "symmetric"),
        ([[1.0]], 0, "l2"),
        ([[0, 3], [3, 0]], 1, "XᵀX"),
        ([[1e9, 1e9], [1e9, 1e9]], 0.01, "rounding decides"),
        ([[1e308, 1e308], [1e308, 1e308]], 1, "infinite sum"),
    ],
)
def test_ease_refuses_what_is_no_gram(matrix, l2, words):
    with pytest.raises(ValueError, match=words):
        ease_from_gram(matrix, l2)


def test_directions_are_those_of_the_svd_after_enough_passes(paths, whole):
    svd = truncated_svd((whole > 0).astype(float), 4)
    s, vt = top_directions(paths, 4, passes=12, extra=20)
    assert np.allclose(s, svd.s, rtol=1e-6)
    assert np.abs(np.sum(vt * svd.vt, axis=1)).min() > 1 - 1e-4
    assert np.allclose(vt @ vt.T, np.eye(4), atol=1e-10)
    few = top_directions(paths, 4, passes=2, extra=0)[0]
    assert np.abs(few / svd.s - 1).max() > 1e-3, "two passes are not enough"


def test_directions_of_some_columns(paths, whole):
    svd = truncated_svd((whole[:, COLUMNS] > 0).astype(float), 2)
    s, _ = top_directions(paths, 2, columns=COLUMNS, passes=20, extra=5)
    assert np.allclose(s, svd.s, rtol=1e-6)


def test_lists_are_those_of_the_whole_matrix(paths, whole, tmp_path):
    columns = np.arange(149, -1, -3)
    weights = ease_from_gram(fold(gram, paths, columns), 50.0)
    np.save(tmp_path / "weights.npy", weights)
    files = write_lists(paths[::-1], tmp_path / "weights.npy", columns, tmp_path, k=7)
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert [row["user"] for row in rows] == list(range(500))
    rated = whole[:, columns] > 0
    scores = np.where(rated, -np.inf, rated.astype(float) @ weights)
    for row, score in zip(rows, scores, strict=True):
        best = np.argsort(-score, kind="stable")[:7]
        wanted = np.where(np.isfinite(score[best]), columns[best], -1)
        assert sorted(row["items"]) == sorted(wanted)


def test_lists_refuse_what_does_not_fit(paths, tmp_path):
    np.save(tmp_path / "w.npy", np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        write_lists(paths, tmp_path / "w.npy", [0, 1], tmp_path, k=1)
    with pytest.raises(FileNotFoundError, match="to write lists into"):
        write_lists(paths, tmp_path / "w.npy", [0, 1, 2], tmp_path / "none", k=1)


def test_no_part_is_refused():
    with pytest.raises(ValueError, match="at least one part"):
        fold(totals, [])
    with pytest.raises(ValueError, match="at least one part"):
        top_directions([], 1)


def test_ease_leaves_the_sum_as_it_is_and_refuses_what_is_not_square():
    products = np.array([[2.0, 1.0], [1.0, 2.0]])
    ease_from_gram(products, 0.5)
    assert products.tolist() == [[2.0, 1.0], [1.0, 2.0]]
    for wrong in ([[1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0], [0.0, 0.0]], [[1.0, 2.0], [0.0, 1.0]]):
        with pytest.raises(ValueError, match="gram must be square and symmetric, got shape"):
            ease_from_gram(wrong, 0.5)


def test_directions_by_default_are_those_of_eight_passes_and_twenty_more(paths):
    found = top_directions(paths, 3)
    same = top_directions(paths, 3, columns=np.arange(150), passes=8, extra=20, seed=0)
    for one, other in zip(found, same, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(top_directions(paths, 3, seed=1)[1], found[1])


def test_directions_have_one_sign_and_end_in_zeros_where_the_rank_does(tmp_path):
    """Two users rate all and the others nothing: X is 1 0 0 … times a row of ones."""
    stars = sp.csr_array(np.outer([1, 0, 1, 0], np.ones(9)))
    path = write_part(tmp_path, stars, number=0, parts=1)
    s, vt = top_directions([path], 3, passes=2, extra=1)
    np.testing.assert_allclose(s, [np.sqrt(18), 0, 0], atol=1e-6)
    np.testing.assert_allclose(vt[0], np.full(9, 1 / 3), atol=1e-12)
    assert ((vt**3).sum(axis=1) >= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_sum_of_cubes_of_each_direction_is_positive(seed, paths):
    vt = top_directions(paths, 5, passes=1, extra=3, seed=seed)[1]
    assert ((vt**3).sum(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("k", "options", "allowed"),
    [
        (8, {"extra": 0}, True),
        (9, {"extra": 0}, False),
        (7, {"extra": 1}, True),
        (8, {"extra": 1}, False),
        (0, {"extra": 1}, False),
        (1, {"extra": -1}, False),
        (1, {"extra": 1, "passes": 0}, False),
        (1, {"extra": 1, "seed": -1}, False),
    ],
)
def test_no_more_directions_than_items(k, options, allowed, paths):
    options = {"passes": 1, "columns": COLUMNS} | options
    if allowed:
        s, vt = top_directions(paths, k, **options)
        assert (s.shape, vt.shape) == ((k,), (k, 8))
    else:
        with pytest.raises(ValueError, match="must be an integer"):
            top_directions(paths, k, **options)


@pytest.fixture
def three_films(tmp_path):
    """Two users of whom one has rated two of three films, and a B that tells the films apart."""
    path = write_part(
        tmp_path, sp.csr_array([[4.0, 0, 0], [1.0, 0, 5.0]]), number=1, parts=2, first_user=70
    )
    np.save(tmp_path / "w.npy", [[0, 2.0, 1.0], [9.0, 0, 9.0], [5.0, 4.0, 0]])
    return path, tmp_path / "w.npy", tmp_path


def test_lists_have_the_best_film_first_and_end_with_gaps(three_films):
    path, weights, folder = three_films
    (file,) = write_lists([path], weights, [0, 1, 2], folder, k=3)
    assert file == folder / f"lists-{path.name}"
    table = pq.read_table(file)
    assert table.to_pylist() == [
        {"user": 70, "items": [1, 2, -1]},
        {"user": 71, "items": [1, -1, -1]},
    ]
    assert [str(field.type) for field in table.schema] == [
        "int64",
        "fixed_size_list<element: int32>[3]",
    ]
    assert pq.read_metadata(file).row_group(0).column(0).compression == "ZSTD"


def test_lists_name_films_by_their_number_among_all(three_films):
    path, weights, folder = three_films
    (file,) = write_lists([path], weights, [2, 1, 0], folder, k=1)
    # B is about films 2, 1 and 0 now: film 0 says 5 for film 2 and 4 for film 1.
    assert pq.read_table(file).column("items").to_pylist() == [[2], [1]]


def test_lists_in_blocks_of_users_are_the_same(paths, tmp_path, monkeypatch):
    np.save(tmp_path / "w.npy", np.random.default_rng(0).normal(size=(150, 150)))
    contents = []
    for name, users in (("one", 1024), ("many", 7)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(models, "_USERS", users)
        options = {} if name == "one" else {"k": 10}  # which is the default
        files = write_lists(paths, tmp_path / "w.npy", np.arange(150), tmp_path / name, **options)
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]


def test_pages_of_lists_carry_checksums(three_films):
    path, weights, folder = three_films
    (file,) = write_lists([path], weights, [0, 1, 2], folder, k=1)
    content, found = file.read_bytes(), 0
    for place in range(30, 200):
        changed = bytearray(content)
        changed[place] ^= 1
        try:
            table = pq.read_table(pa.BufferReader(bytes(changed)), page_checksum_verification=True)
            assert table.equals(pq.read_table(file)), f"byte {place}: silently wrong"
        except (pa.ArrowException, OSError):
            found += 1
    assert found > 20


@pytest.mark.parametrize("k", [0, 4])
def test_lists_are_no_longer_than_there_are_films(k, three_films):
    path, weights, folder = three_films
    with pytest.raises(ValueError, match="k must be an integer from 1 to 3"):
        write_lists([path], weights, [0, 1, 2], folder, k=k)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3, 1), (4, 4)])
def test_weights_of_another_shape_are_refused(shape, three_films):
    path, weights, folder = three_films
    np.save(weights, np.zeros(shape))
    with pytest.raises(ValueError, match="weights must be of shape") as error:
        write_lists([path], weights, [0, 1, 2], folder, k=1)
    assert str(error.value) == f"weights must be of shape (3, 3), got {shape}"
    assert list(folder.glob("lists-*")) == []


def test_what_is_added_up_is_added_up_where_the_client_says(paths, monkeypatch, tmp_path):
    asked = []

    def noted(function, names, *arguments, client=None):
        asked.append(client)
        return fold(function, names, *arguments)

    monkeypatch.setattr(models, "fold", noted)
    client = object()
    top_directions(paths, 2, passes=2, client=client)
    assert asked == [client, client]
    np.save(tmp_path / "w.npy", np.zeros((8, 8)))
    write_lists(paths, tmp_path / "w.npy", COLUMNS, tmp_path, k=1, client=client)
    assert asked[2:] == [client]
