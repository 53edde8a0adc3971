"""`noise.mask_observed`: nothing is lost, nothing is made up, and every cell has its chance."""

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from course_utils.noise import mask_observed


def ratings(rows=30, columns=20, density=0.3, seed=0):
    rng = np.random.default_rng(seed)
    stars = rng.integers(1, 6, (rows, columns)) * (rng.random((rows, columns)) < density)
    return sp.csr_array(stars.astype(np.float32))


def cells(matrix):
    """Position -> value of what is stored; fails if a cell is stored twice."""
    matrix = sp.coo_array(matrix)
    places = list(zip(matrix.row.tolist(), matrix.col.tolist(), strict=True))
    assert len(set(places)) == len(places)
    return dict(zip(places, matrix.data.tolist(), strict=True))


@st.composite
def sparse_matrices(draw):
    """Small matrices with stored zeros and unsorted columns, in any format."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    places = st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1))
    chosen = draw(st.lists(places, unique=True))
    values = draw(st.lists(st.integers(0, 5), min_size=len(chosen), max_size=len(chosen)))
    row, column = np.array(chosen, dtype=int).reshape(-1, 2).T
    matrix = sp.coo_array((np.array(values, dtype=float), (row, column)), shape=(rows, columns))
    return matrix.asformat(draw(st.sampled_from(["coo", "csr", "csc"])))


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.99, 1.0])
def test_each_of_some_cells_is_in_exactly_one_part(layout, fraction):
    rng = np.random.default_rng(0)
    stored = rng.random((6, 7)) < 0.5
    stored[2] = False
    places = np.nonzero(stored)
    values = rng.integers(0, 3, len(places[0]))  # a stored 0 is a cell, too
    matrix = sp.coo_array((values, places), shape=(6, 7)).asformat(layout)
    before = cells(matrix)
    visible, hidden = mask_observed(matrix, fraction)
    assert hidden.nnz == round(fraction * len(before))
    assert cells(visible) | cells(hidden) == before
    assert visible.nnz + hidden.nnz == len(before)
    for part in (visible, hidden):
        assert (part.format, part.shape, part.dtype) == ("csr", (6, 7), matrix.dtype)
    assert cells(hidden) == cells(mask_observed(matrix, fraction, seed=0).hidden)


def test_missing_values_are_hidden_like_any_other():
    matrix = sp.csr_array(np.array([[np.nan, np.inf, 1.0]]))
    assert mask_observed(matrix, 1).hidden.nnz == 3


@pytest.mark.slow
@given(matrix=sparse_matrices(), fraction=st.floats(0, 1), seed=st.integers(0, 5))
def test_each_observed_cell_is_in_exactly_one_part(matrix, fraction, seed):
    before = cells(matrix)
    visible, hidden = mask_observed(matrix, fraction, seed=seed)
    assert cells(visible) | cells(hidden) == before
    assert not cells(visible).keys() & cells(hidden).keys()
    assert hidden.nnz == round(fraction * len(before))
    assert cells(matrix) == before
    for part in (visible, hidden):
        assert part.format == "csr"
        assert (part.shape, part.dtype) == (matrix.shape, matrix.dtype)
        assert type(part)(part).has_canonical_format


@pytest.mark.slow
def test_every_cell_is_hidden_equally_often():
    matrix = ratings(8, 6)
    rng = np.random.default_rng(1)
    masks = (mask_observed(matrix, 0.25, seed=rng).hidden for _ in range(2000))
    counts = sum(hidden.astype(bool).astype(int) for hidden in masks)
    shares = counts.data / 2000
    assert counts.nnz == matrix.nnz
    assert abs(shares - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 2000)


def test_seed_fixes_the_mask_and_a_generator_draws_on():
    matrix = ratings()
    fixed = [cells(mask_observed(matrix, 0.5, seed=seed).hidden) for seed in (0, 0, 1)]
    assert fixed[0] == fixed[1] != fixed[2]
    rng = np.random.default_rng(0)
    drawn = [cells(mask_observed(matrix, 0.5, seed=rng).hidden) for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_duplicates_are_one_cell():
    twice = sp.csr_array(([1.0, 2.0, 4.0], [0, 0, 1], [0, 3]), shape=(1, 2))
    visible, hidden = mask_observed(twice, 0.5, seed=0)
    assert cells(visible) | cells(hidden) == {(0, 0): 3.0, (0, 1): 4.0}
    assert twice.nnz == 3


def test_the_parts_share_nothing_with_the_input():
    matrix = ratings()
    for part in mask_observed(matrix, 0.0, seed=0):
        part.data[:] = 9
    assert matrix.data.max() <= 5


def test_refuses():
    with pytest.raises(TypeError, match="sparse array, whose stored cells.*got ndarray"):
        mask_observed(np.eye(3), 0.5)
    with pytest.raises(ValueError, match="from 0 to 1, got 1.5"):
        mask_observed(ratings(), 1.5)
    with pytest.raises(ValueError, match="from 0 to 1, got nan"):
        mask_observed(ratings(), float("nan"))
    with pytest.raises(ValueError, match="2-D"):
        mask_observed(sp.coo_array(np.ones(3)), 0.5)
