"""Planted dictionaries: rows are what the atoms and codes say, and pairs keep to their rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.datasets import planted_dictionary

SIZES = (st.integers(1, 30), st.integers(1, 9), st.integers(2, 9))


@given(*SIZES, st.data())
def test_rows_are_sums_of_k_atoms(n_rows, n_features, n_atoms, data):
    k = data.draw(st.integers(1, n_atoms))
    planted = planted_dictionary(n_rows, n_features, n_atoms, k, noise=0)
    assert planted.rows.dtype == planted.atoms.dtype == planted.codes.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(planted.atoms, axis=1), 1, rtol=1e-6)
    for row, code in zip(planted.rows, planted.codes, strict=True):
        on = np.flatnonzero(code)
        assert len(on) == k
        assert ((code[on] >= 0.5) & (code[on] <= 1.5)).all()
        by_hand = sum(code[j] * planted.atoms[j] for j in on)
        np.testing.assert_allclose(row, by_hand, atol=1e-5)


def test_atoms_are_drawn_evenly_and_point_everywhere():
    planted = planted_dictionary(4000, 3, 10, 2)
    np.testing.assert_allclose((planted.codes > 0).mean(axis=0), 0.2, atol=0.03)
    strengths = planted.codes[planted.codes > 0]
    assert abs(strengths.mean() - 1) < 0.02
    many = planted_dictionary(1, 3, 4000, 1).atoms
    np.testing.assert_allclose(many.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(many.T @ many / 4000, np.eye(3) / 3, atol=0.03)


def test_noise_has_the_deviation_asked_for_and_changes_nothing_else():
    quiet, loud = (planted_dictionary(2000, 8, 12, 3, noise=noise, seed=4) for noise in (0, 0.4))
    np.testing.assert_array_equal(quiet.atoms, loud.atoms)
    np.testing.assert_array_equal(quiet.codes, loud.codes)
    difference = loud.rows - quiet.rows
    assert abs(difference.std() - 0.4) < 0.01
    assert abs(np.corrcoef(difference.ravel(), quiet.rows.ravel())[0, 1]) < 0.03


def test_twins_are_on_together_and_equally_strong():
    codes = planted_dictionary(3000, 8, 12, 3, pair="twins").codes
    np.testing.assert_array_equal(codes[:, 0], codes[:, 1])
    assert 0.35 < (codes[:, 0] > 0).mean() < 0.55  # 1 − (3/4 · 8/11) = 0.45


def test_a_child_needs_its_parent_and_not_the_other_way_round():
    codes = planted_dictionary(3000, 8, 12, 3, pair="child").codes
    child, parent = codes[:, 0] > 0, codes[:, 1] > 0
    assert not (child & ~parent).any()
    assert (parent & ~child).any()
    assert not np.array_equal(codes[:, 0], codes[:, 1])


@pytest.mark.parametrize("pair", ["twins", "child"])
def test_a_pair_leaves_the_atoms_and_the_others_as_they_are(pair):
    free = planted_dictionary(50, 8, 12, 3, seed=2)
    paired = planted_dictionary(50, 8, 12, 3, pair=pair, seed=2)
    np.testing.assert_array_equal(free.atoms, paired.atoms)
    np.testing.assert_array_equal(free.codes[:, 2:], paired.codes[:, 2:])


def test_seeds():
    one, same, other = (planted_dictionary(9, 4, 5, 2, seed=seed).rows for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    generator = np.random.default_rng(0)
    first, second = (planted_dictionary(9, 4, 5, 2, seed=generator).rows for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"n_rows": 0}, ValueError, "n_rows"),
        ({"n_features": 2.0}, TypeError, "n_features"),
        ({"n_atoms": 0}, ValueError, "n_atoms"),
        ({"k": 6}, ValueError, "k must be"),
        ({"k": True}, TypeError, "k must be"),
        ({"noise": -0.1}, ValueError, "noise"),
        ({"noise": np.nan}, ValueError, "noise"),
        ({"pair": "cousins"}, ValueError, "pair"),
        ({"n_atoms": 1, "k": 1, "pair": "twins"}, ValueError, "n_atoms"),
        ({"seed": "one"}, TypeError, "seed"),
    ],
)
def test_what_cannot_be_planted_is_refused(changed, error, text):
    options = {"n_rows": 3, "n_features": 4, "n_atoms": 5, "k": 2} | changed
    with pytest.raises(error, match=text):
        planted_dictionary(**options)


def test_noise_and_pair_and_seed_are_what_they_are_unless_told_otherwise():
    usual = planted_dictionary(9, 4, 5, 2)
    told = planted_dictionary(9, 4, 5, 2, noise=0.05, pair="free", seed=0)
    for one, two in zip(usual, told, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_ends_of_the_ranges_belong_to_them():
    planted = planted_dictionary(1, 1, 1, 1, noise=1e30)
    assert planted.rows.shape == planted.atoms.shape == planted.codes.shape == (1, 1)
    assert np.isfinite(planted.rows).all()
    both = planted_dictionary(3, 1, 2, 1, pair="twins").codes
    assert (both > 0).all()
    with pytest.raises(ValueError, match="n_atoms must be an integer of at least 2, got 1"):
        planted_dictionary(3, 1, 1, 1, pair="child")


def test_strengths_are_drawn_for_each_row_and_atom():
    codes = planted_dictionary(2000, 3, 4, 4).codes
    assert len(np.unique(codes)) > 7900
    np.testing.assert_allclose(np.corrcoef(codes.T), np.eye(4), atol=0.1)
    assert codes.min() < 0.51
    assert codes.max() > 1.49


def test_a_generator_is_drawn_from_once_and_its_number_is_a_seed():
    generator = np.random.default_rng(3)
    number = int(np.random.default_rng(3).integers(2**63))
    first = planted_dictionary(9, 4, 5, 2, seed=generator)
    np.testing.assert_array_equal(first.rows, planted_dictionary(9, 4, 5, 2, seed=number).rows)
    assert generator.random() != np.random.default_rng(3).random()


def test_a_child_is_as_often_on_as_an_atom_that_is_free():
    child = planted_dictionary(4000, 3, 10, 2, pair="child").codes[:, 0] > 0
    assert abs(child.mean() - 0.2) < 0.03
