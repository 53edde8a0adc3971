"""What adds up adds up: equal to one process bit by bit, and to independent formulas."""

import itertools
from typing import NamedTuple

import numpy as np
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
