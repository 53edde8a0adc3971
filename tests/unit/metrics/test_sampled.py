"""Ranks by counting, sampled recall by drawing and by exact fractions, people by drawing people."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils import metrics


@st.composite
def scored(draw):
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 9))
    values = draw(hnp.arrays(float, shape, elements=st.sampled_from([-np.inf, -1, 0, 0.5, 2])))
    return values, draw(hnp.arrays(bool, shape))


@given(scored(), st.integers(0, 3))
def test_ranks_count_the_rivals_before_each_item(case, seed):
    values, wanted = case
    found = metrics.hidden_ranks(values, wanted, seed=seed)
    places = np.argwhere(wanted)
    np.testing.assert_array_equal(found.users, places[:, 0])
    for (user, item), rank, rivals in zip(places, found.ranks, found.rivals, strict=True):
        others = [
            v for v, w in zip(values[user], wanted[user], strict=True) if not w and v > -np.inf
        ]
        assert rivals == len(others)
        before = sum(v > values[user, item] for v in others)
        equal = sum(v == values[user, item] for v in others)
        assert before <= rank <= before + equal


def test_equal_scores_are_drawn_evenly():
    wanted = np.zeros((3000, 4), dtype=bool)
    wanted[:, 0] = True
    ranks = metrics.hidden_ranks(np.zeros(wanted.shape), wanted).ranks
    np.testing.assert_allclose(np.bincount(ranks) / 3000, 0.25, atol=0.03)


def test_the_order_of_equal_scores_is_that_of_the_seed():
    wanted = np.zeros((40, 9), dtype=bool)
    wanted[:, 0] = True
    first, same, other = (
        metrics.hidden_ranks(np.zeros(wanted.shape), wanted, **options).ranks.tolist()
        for options in ({}, {"seed": 0}, {"seed": 1})
    )
    assert first == same != other


def test_another_relevant_item_is_no_rival():
    found = metrics.hidden_ranks([[3.0, 2.0, 1.0]], [[True, True, False]])
    assert found.ranks.tolist() == [0, 0]
    assert found.rivals.tolist() == [1, 1]


def test_what_is_never_recommended_stands_last():
    found = metrics.hidden_ranks([[-np.inf, -np.inf, 5.0]], [[True, False, False]])
    assert (found.ranks.tolist(), found.rivals.tolist()) == ([1], [1])


def test_large_integers_are_compared_exactly():
    big = np.array([[2**63, 2**63 + 1]], dtype=np.uint64)
    assert metrics.hidden_ranks(big, [[True, False]]).ranks.tolist() == [1]


def test_the_rank_agrees_with_a_list_of_all():
    rng = np.random.default_rng(0)
    values, wanted = rng.random((20, 50)), np.zeros((20, 50), dtype=bool)
    wanted[np.arange(20), rng.integers(0, 50, 20)] = True
    found = metrics.hidden_ranks(values, wanted)
    for k in (1, 5, 49, 50):
        np.testing.assert_array_equal(found.ranks < k, metrics.recall_at_k(values, wanted, k) == 1)


@pytest.mark.parametrize(
    ("scores", "relevant", "error", "text"),
    [
        ([[1.0, np.nan]], [[True, False]], ValueError, "scores must not be NaN"),
        ([[1.0, 2.0]], [[True], [False]], ValueError, "same shape"),
        ([[1.0, 2.0]], [[1, 0]], TypeError, "relevant must hold True and False"),
        (["a"], [[True]], TypeError, "scores"),
    ],
)
def test_foreign_ranks_are_refused(scores, relevant, error, text):
    with pytest.raises(error, match=text):
        metrics.hidden_ranks(scores, relevant)


@given(st.data())
def test_the_chance_is_exact(data):
    rivals = data.draw(st.integers(1, 40))
    rank, negatives = data.draw(st.integers(0, rivals)), data.draw(st.integers(1, rivals))
    k = data.draw(st.integers(1, 45))
    ways = sum(
        math.comb(rank, before) * math.comb(rivals - rank, negatives - before)
        for before in range(min(k, negatives + 1))
    )
    expected = float(Fraction(ways, math.comb(rivals, negatives)))
    found = metrics.sampled_recall([rank], rivals, negatives, k)
    np.testing.assert_allclose(found, [expected], atol=1e-12)


def test_the_chance_is_the_mean_of_draws():
    rng = np.random.default_rng(1)
    ranks, rivals = np.array([3, 40, 41, 90]), 100
    drawn = np.array([rng.permuted(np.arange(rivals))[:20] for _ in range(4000)])
    counted = [((drawn < rank).sum(axis=1) < 5).mean() for rank in ranks]
    np.testing.assert_allclose(metrics.sampled_recall(ranks, rivals, 20, 5), counted, atol=0.03)


def test_with_all_rivals_nothing_is_left_to_chance():
    found = metrics.sampled_recall([0, 9, 10, 11], [50, 50, 50, 11], 5511, 10)
    assert found.tolist() == [1, 1, 0, 0]


def test_one_rival_gives_the_area_under_the_curve():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    values, wanted = rng.random((1, 60)), rng.random((1, 60)) < 0.3
    found = metrics.hidden_ranks(values, wanted)
    area = metrics.sampled_recall(found.ranks, found.rivals, 1, 1).mean()
    assert area == pytest.approx(roc_auc_score(wanted[0], values[0]))


def test_numbers_alone_and_small_types_are_taken():
    assert metrics.sampled_recall(2, 10, 1, 1).tolist() == pytest.approx([0.8])
    small = np.array([0, 100, 200], np.uint8), np.full(3, 250, np.uint8)
    large = [0, 100, 200], [250] * 3
    np.testing.assert_array_equal(
        metrics.sampled_recall(*small, 20, 5), metrics.sampled_recall(*large, 20, 5)
    )
    assert metrics.sampled_recall([0, 1], [1, 1], 1, 1).tolist() == [1, 0]


def test_no_rank_gives_no_chance():
    assert metrics.sampled_recall(np.empty(0, int), np.empty(0, int), 5, 1).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([11], 10, 5, 1), ValueError, "ranks must go from 0"),
        (([-1], 10, 5, 1), ValueError, "ranks must go from 0"),
        (([0], 0, 5, 1), ValueError, "at least 1"),
        (([0], 10, 0, 1), ValueError, "negatives must be"),
        (([0], 10, 5, 0), ValueError, "k must be"),
        (([0.5], 10, 5, 1), TypeError, "ranks must hold integers"),
        (([0], 10.0, 5, 1), TypeError, "rivals must hold integers"),
        (([0], 10, 5.0, 1), TypeError, "negatives must be"),
    ],
)
def test_foreign_draws_are_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        metrics.sampled_recall(*arguments)


# ---- how many people ----------------------------------------------------------------------------


@pytest.mark.parametrize(("gap", "spread", "power"), [(0.3, 1.0, 0.8), (-0.5, 1.0, 0.6)])
def test_so_many_people_tell_two_models_apart(gap, spread, power):
    n = metrics.people_needed(gap, spread, power=power)
    rng = np.random.default_rng(0)
    means = rng.normal(gap, spread, (6000, n)).mean(axis=1)
    sure = np.sign(gap) * means > 1.959964 * spread / math.sqrt(n)
    assert abs(sure.mean() - power) < 0.02


def test_the_textbook_factor():
    assert metrics.people_needed(0.01, 1.0) == pytest.approx(7.849e4, rel=1e-3)
    assert metrics.people_needed(1.0, 0.0) == 2
    assert metrics.people_needed(1, 1, power=0.5, level=0.95) == 4  # 1.96² = 3.84


def test_half_the_gap_takes_four_times_as_many():
    few, many = (metrics.people_needed(gap, 1.0) for gap in (0.02, 0.01))
    assert many == pytest.approx(4 * few, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((0.0, 1.0), {}, ValueError, "gap must not be 0"),
        ((0.1, -1.0), {}, ValueError, "spread must be"),
        ((np.nan, 1.0), {}, ValueError, "gap must be"),
        ((0.1, 1.0), {"power": 1.0}, ValueError, "power must be"),
        ((0.1, 1.0), {"level": 95}, ValueError, "level must be"),
        (("0.1", 1.0), {}, TypeError, "gap must be"),
    ],
)
def test_foreign_gaps_are_refused(arguments, options, error, text):
    with pytest.raises(error, match=text):
        metrics.people_needed(*arguments, **options)
