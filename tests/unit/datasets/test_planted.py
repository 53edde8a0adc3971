"""course_utils.datasets.planted: the formula, the mask, the noise, the groups."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from course_utils.datasets import planted as planted_module
from course_utils.datasets import planted_interactions


def plant(**changes):
    usual = {"n_users": 300, "n_items": 200, "rank": 4, "density": 0.3, "noise": 0.25, "seed": 1}
    return planted_interactions(**(usual | changes))


def test_planted_ratings_follow_the_formula():
    planted = plant()
    users, items = planted.user_factors, planted.item_factors
    np.testing.assert_allclose(planted.truth, 3 + 2 * users @ items.T, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(users, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1, atol=1e-6)
    assert np.linalg.matrix_rank(planted.truth - 3) == 4
    assert planted.truth.min() >= 1
    assert planted.truth.max() <= 5
    assert planted.truth.std() == pytest.approx(2 / np.sqrt(4), rel=0.05)
    assert planted.truth.dtype == planted.observed.dtype == np.float32
    assert planted.user_groups.tolist() == [0] * 300


def test_planted_cells_and_noise_are_as_asked():
    planted = plant()
    assert planted.observed.shape == planted.mask.shape == (300, 200)
    assert planted.observed.nnz == planted.mask.sum() == 18_000
    assert planted.observed.has_canonical_format
    rows, columns = planted.observed.nonzero()
    assert planted.mask[rows, columns].all()
    error = planted.observed.toarray()[planted.mask] - planted.truth[planted.mask]
    # 18,000 draws: the mean is known to 0.25/√18000, the deviation to that over √2; five of them
    # each.
    assert abs(error.mean()) < 5 * 0.25 / np.sqrt(18_000)
    assert error.std() == pytest.approx(0.25, abs=5 * 0.25 / np.sqrt(36_000))


def test_the_mask_favours_nobody():
    counts = plant(density=0.5).mask.sum(axis=1)
    # The number of a user's cells is hypergeometric: mean 100, deviation about √50.
    assert abs(counts - 100).max() < 5 * np.sqrt(50)
    assert counts.std() == pytest.approx(np.sqrt(50), rel=0.25)


def test_full_density_and_no_noise_give_the_truth():
    planted = plant(density=1, noise=0)
    np.testing.assert_array_equal(planted.observed.toarray(), planted.truth)


def test_the_seed_decides_and_the_streams_are_apart():
    first, again, other = plant(), plant(), plant(seed=2)
    np.testing.assert_array_equal(first.observed.toarray(), again.observed.toarray())
    assert not np.allclose(first.truth, other.truth)
    quiet, dense = plant(noise=0.0), plant(density=0.6)
    np.testing.assert_array_equal(quiet.mask, first.mask)
    np.testing.assert_array_equal(quiet.truth, first.truth)
    np.testing.assert_array_equal(dense.truth, first.truth)


def test_planted_groups_are_seen_and_their_absence_too():
    def between(planted):
        """Return how much closer users of one group are than users of two, as mean cosine."""
        cosine = planted.user_factors @ planted.user_factors.T
        same = planted.user_groups[:, None] == planted.user_groups
        return cosine[same].mean() - cosine[~same].mean()

    tight, loose = plant(n_groups=3, group_spread=0.2), plant(n_groups=3, group_spread=20.0)
    assert set(tight.user_groups.tolist()) == {0, 1, 2}
    assert between(tight) > 0.9
    assert abs(between(loose)) < 0.1
    same = plant(n_groups=3, group_spread=0)
    assert len(np.unique(same.user_factors.round(5), axis=0)) == 3


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_users": 0}, ValueError, "n_users must be an integer of at least 1, got 0"),
        ({"n_items": 2.0}, TypeError, "n_items must be an integer of at least 1, got 2.0"),
        ({"n_items": True}, TypeError, "n_items must be an integer of at least 1, got True"),
        ({"rank": 0}, ValueError, "rank must be an integer from 1 to 200, got 0"),
        ({"rank": 201}, ValueError, "rank must be an integer from 1 to 200, got 201"),
        ({"density": 0}, ValueError, "density must be a number above 0 and of at most 1, got 0"),
        ({"density": 1.1}, ValueError, ", got 1.1"),
        ({"density": float("nan")}, ValueError, ", got nan"),
        ({"noise": -0.1}, ValueError, "noise must be a number from 0 to 1e+30, got -0.1"),
        ({"noise": float("inf")}, ValueError, ", got inf"),
        ({"n_groups": 5}, ValueError, "n_groups must be an integer from 1 to 4, got 5"),
        ({"noise": "0.1"}, TypeError, "noise must be a number"),
        ({"density": True}, TypeError, "density must be a number"),
        ({"seed": 0.5}, TypeError, "seed must be an integer of at least 0 or a numpy.random"),
        ({"seed": -1}, ValueError, "seed must be an integer of at least 0 or a numpy.random"),
        (
            {"n_groups": 2, "group_spread": -1},
            ValueError,
            "group_spread must be a number from 0 to",
        ),
    ],
)
def test_planted_arguments_are_checked(changes, error, message):
    with pytest.raises(error, match=re.escape(message)):
        plant(**changes)


@pytest.mark.slow
@given(
    n_users=st.integers(1, 12),
    n_items=st.integers(1, 12),
    rank=st.integers(1, 12),
    density=st.sampled_from([0.125, 0.25, 0.5, 1]),
    noise=st.sampled_from([0, 0.25, 2]),
    n_groups=st.integers(1, 3),
    spread=st.sampled_from([0, 0.5, 1e30]),
    seed=st.integers(0, 2**40),
    wide=st.sampled_from([np.int64, np.int16, np.uint8, np.array]),
    real=st.sampled_from([np.float16, np.float32, np.float64, Fraction, np.array]),
)
def test_numbers_of_numpy_are_taken_as_pythons_own(
    n_users, n_items, rank, density, noise, n_groups, spread, seed, wide, real
):
    rank = min(n_users, n_items, rank)
    n_groups = min(n_groups, rank)
    usual = planted_interactions(
        n_users, n_items, rank, density, noise, seed, n_groups=n_groups, group_spread=spread
    )
    other = planted_interactions(
        n_users=wide(n_users),
        n_items=wide(n_items),
        rank=wide(rank),
        density=real(density),
        noise=real(noise),
        seed=np.int64(seed),
        n_groups=wide(n_groups),
        group_spread=np.float64(spread),
    )
    for one, two in zip(usual, other, strict=True):
        np.testing.assert_array_equal(
            one.toarray() if isinstance(one, csr_array) else one,
            two.toarray() if isinstance(two, csr_array) else two,
        )
    assert usual.observed.nnz == usual.mask.sum() == max(1, round(density * n_users * n_items))
    assert np.isfinite(usual.truth).all()
    assert np.isfinite(usual.observed.data).all()


def test_the_seed_is_0_unless_told_otherwise():
    one, two = planted_interactions(9, 8, 2, 0.5, 0.1), planted_interactions(9, 8, 2, 0.5, 0.1, 0)
    np.testing.assert_array_equal(one.observed.toarray(), two.observed.toarray())


def test_a_generator_is_drawn_from():
    rng, twin = np.random.default_rng(5), np.random.default_rng(5)
    first, second = plant(seed=rng), plant(seed=rng)
    assert not np.array_equal(first.truth, second.truth)
    np.testing.assert_array_equal(first.truth, plant(seed=twin).truth)
    twin.random()  # what is drawn in between counts, as for every generator
    assert not np.array_equal(second.truth, plant(seed=twin).truth)


def test_a_generators_number_is_taken_as_the_seed():
    number = int(np.random.default_rng(5).integers(2**63))
    np.testing.assert_array_equal(
        plant(seed=np.random.default_rng(5)).truth, plant(seed=number).truth
    )


def test_the_scatter_of_a_group_is_as_long_as_it_was_asked_to_be():
    """At right angles to its direction it has the share (rank − 1) / rank of that, squared."""
    planted = plant(n_users=4000, n_groups=1, group_spread=0.1)
    users = planted.user_factors.astype(float)
    mean = users.mean(axis=0) / np.linalg.norm(users.mean(axis=0))
    across = users - np.outer(users @ mean, mean)
    assert np.sqrt((across**2).sum(axis=1).mean()) == pytest.approx(0.1 * np.sqrt(3 / 4), rel=0.03)
    usual, told = plant(n_groups=2), plant(n_groups=2, group_spread=0.5)
    np.testing.assert_array_equal(usual.truth, told.truth)


def test_directions_of_groups_are_at_right_angles():
    planted = plant(n_groups=4, group_spread=0)
    directions = np.array(
        [planted.user_factors[planted.user_groups == group][0] for group in range(4)]
    )
    np.testing.assert_allclose(directions @ directions.T, np.eye(4), atol=1e-6)
    assert planted.user_groups.dtype == np.int64
    counts = np.bincount(planted.user_groups)
    assert (abs(counts - 75) < 5 * np.sqrt(300 * 0.25 * 0.75)).all()


def test_rounding_does_not_pass_the_ends(monkeypatch):
    """A vector may be a little longer than 1; here it is much longer."""
    unit_rows = planted_module._unit_rows
    monkeypatch.setattr(planted_module, "_unit_rows", lambda vectors: 1.5 * unit_rows(vectors))
    truth = plant(rank=2).truth
    assert (truth.min(), truth.max()) == (1, 5)


def test_directions_of_users_and_items_are_even():
    planted = plant(n_users=4000, n_items=4000, rank=3, density=1e-6)
    for vectors in (planted.user_factors, planted.item_factors):
        np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=0.05)
        np.testing.assert_allclose(vectors.T @ vectors / 4000, np.eye(3) / 3, atol=0.03)


def test_noise_is_of_mean_zero_and_of_no_one_elses_stream():
    one, two = plant(noise=1), plant(noise=2)
    first = one.observed.data - one.truth[one.mask]
    second = two.observed.data - two.truth[two.mask]
    np.testing.assert_allclose(second, 2 * first, atol=1e-5)
    assert abs(np.corrcoef(first, one.truth[one.mask])[0, 1]) < 0.04


@pytest.mark.parametrize(("density", "count"), [(1e-9, 1), (0.4, 2), (0.5, 3), (0.6, 4), (1, 6)])
def test_as_many_cells_are_observed_as_were_asked_for(density, count):
    planted = planted_interactions(2, 3, 1, density, 0)
    assert planted.observed.nnz == planted.mask.sum() == count
    np.testing.assert_array_equal(planted.observed.toarray() != 0, planted.mask)


def test_the_smallest_and_the_largest_that_can_be_planted():
    planted = planted_interactions(1, 1, 1, 1, 1e30, n_groups=1, group_spread=1e30)
    assert np.isfinite(planted.observed.data).all()
    assert planted.truth.item() in (1, 5)
    assert plant(rank=200).truth.shape == (300, 200)
    assert set(plant(n_groups=4).user_groups.tolist()) == {0, 1, 2, 3}
