"""Steering lists: bonus, shares, marks and prices, against lists made one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import metrics, steering


def table(seed, people=4, items=12, steps=4):
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((people, items)) * 10.0 ** rng.integers(-3, 4)
    seen = rng.random((people, items)) < 0.3
    seen[:, :3] = False
    scores[seen] = -np.inf
    hidden = (rng.random((people, items)) < 0.3) & ~seen
    hidden[:, 0] = True
    bonus = rng.standard_normal(items)
    strengths = np.r_[0, np.cumsum(rng.uniform(0.1, 2, steps - 1))]
    return scores, bonus, rng.random(items) < 0.4, hidden, strengths


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_lists_are_those_of_a_slow_steerer(seed, k):
    scores, bonus, wanted, hidden, strengths = table(seed)
    found = steering.steer(scores, bonus, wanted, hidden, strengths, k=k)
    np.testing.assert_array_equal(found.strengths, strengths)
    for s, strength in enumerate(strengths):
        for person, row in enumerate(scores):
            may = [item for item in range(len(row)) if row[item] > -np.inf]
            spread = np.std([row[item] for item in may])
            push = (bonus - np.mean(bonus)) / np.std(bonus)
            steered = {item: row[item] + strength * spread * push[item] for item in may}
            best = sorted(may, key=steered.__getitem__, reverse=True)[:k]
            assert found.shares[s, person] == pytest.approx(np.mean(wanted[best]))
            worth = [1 / np.log2(rank + 2) for rank in range(k)]
            ideal = sum(worth[: min(k, hidden[person].sum())])
            mark = sum(w for w, item in zip(worth, best, strict=True) if hidden[person, item])
            assert found.marks[s, person] == pytest.approx(mark / ideal)


@given(st.integers(0, 1000), st.sampled_from([1e-6, 3.0, 1e6]), st.floats(-5, 5))
def test_the_scale_of_a_bonus_does_not_matter(seed, scale, shift):
    scores, bonus, wanted, hidden, strengths = table(seed)
    plain = steering.steer(scores, bonus, wanted, hidden, strengths, k=3)
    scaled = steering.steer(scores, scale * (bonus + shift), wanted, hidden, strengths, k=3)
    np.testing.assert_allclose(plain.shares, scaled.shares)
    np.testing.assert_allclose(plain.marks, scaled.marks)


def test_pushing_a_person_is_a_bonus():
    rng = np.random.default_rng(0)
    items, people, direction = (rng.standard_normal(size) for size in ((30, 5), (6, 5), (5,)))
    pushed = (people + 2 * direction) @ items.T
    scores = people @ items.T
    bonus = items @ direction
    strength = 2 * np.std(bonus) / np.std(scores, axis=1)
    for person in range(6):
        row = slice(person, person + 1)
        args = scores[row], bonus, np.arange(30) < 9, np.arange(30)[None] < 5
        found = steering.steer(*args, [0, strength[person]], k=10)
        best = np.argsort(-pushed[person])[:10]
        assert found.shares[1, 0] == pytest.approx(np.mean(best < 9))


def test_twenty_are_listed_and_a_tenth_is_paid_unless_told_otherwise():
    case = table(7, items=30)
    plain = steering.steer(*case)
    np.testing.assert_array_equal(plain.shares, steering.steer(*case, k=20).shares)
    assert not np.array_equal(plain.shares, steering.steer(*case, k=21).shares)
    fine = steered([[1.0], [0.5]], [[0.0], [1.0]])
    assert steering.gain_at_price(fine) == pytest.approx([0.2])
    assert steering.gain_at_price(fine) == steering.gain_at_price(fine, 0.1)


def test_a_list_may_hold_all_items():
    found = steering.steer(
        [[3.0, 2, 1]], [1, 2, 3], [True, False, False], [[False, False, True]], [0, 9], k=3
    )
    np.testing.assert_allclose(found.shares, 1 / 3)
    np.testing.assert_allclose(found.marks, [[0.5], [1.0]])


def test_integers_are_steered_too():
    args = [0, 0, 1], [False, False, True], [[True, False, False]], [0, 9]
    whole = steering.steer(np.array([[3, 2, 1]]), *args, k=1)
    real = steering.steer([[3.0, 2, 1]], *args, k=1)
    np.testing.assert_array_equal(whole.shares, real.shares)
    assert whole.shares.tolist() == [[0], [1]]


def test_nothing_is_changed():
    given_ = table(3)
    copies = [np.copy(each) for each in given_]
    steering.steer(*given_, k=2)
    for before, after in zip(copies, given_, strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_cannot_be_steered_is_refused():
    scores, bonus, wanted, hidden, strengths = table(1)

    def steer(**changed):
        named = {"scores": scores, "bonus": bonus, "wanted": wanted, "hidden": hidden}
        return steering.steer(**(named | {"strengths": strengths, "k": 3} | changed))

    with pytest.raises(ValueError, match="same for all"):
        steer(bonus=np.ones(12))
    with pytest.raises(ValueError, match="shape"):
        steer(bonus=bonus[:-1])
    with pytest.raises(ValueError, match="wanted"):
        steer(wanted=wanted[:-1])
    with pytest.raises(ValueError, match="hidden"):
        steer(hidden=hidden[:, :-1])
    with pytest.raises(ValueError, match="ascend from 0"):
        steer(strengths=[0.1, 1])
    with pytest.raises(ValueError, match="ascend from 0"):
        steer(strengths=[0, 1, 1])
    with pytest.raises(ValueError, match="got none for person 2"):
        steer(scores=np.where(np.arange(4)[:, None] == 2, -np.inf, scores))
    with pytest.raises(ValueError, match="scores must be finite, or minus infinity"):
        steer(scores=np.where(np.arange(4)[:, None] == 2, np.inf, scores))
    with pytest.raises(ValueError, match="k must be an integer from 1 to 12, got 13"):
        steer(k=13)
    with pytest.raises(ValueError, match="k must be an integer from 1 to 12, got 0"):
        steer(k=0)
    with pytest.raises(ValueError, match="strengths must be 1-D"):
        steer(strengths=[[0, 1]])
    with pytest.raises(ValueError, match="bonus must be 1-D"):
        steer(bonus=bonus[None])


def steered(marks, shares):
    marks, shares = np.array(marks, dtype=float), np.array(shares, dtype=float)
    return steering.Steering(np.arange(float(len(marks))), shares, marks)


@given(st.integers(0, 1000), st.floats(0.01, 0.9))
def test_the_price_is_met_on_a_straight_line(seed, price):
    rng = np.random.default_rng(seed)
    marks = np.sort(rng.uniform(0.0, 1, 6))[::-1][:, None] * np.ones(3)
    shares = rng.random((6, 3))
    gains = steering.gain_at_price(steered(marks, shares), price)
    limit = max((1 - price) * marks[0, 0], marks[-1, 0])
    for person in range(3):
        reached = np.interp(-limit, -marks[:, 0], shares[:, person])
        assert gains[person] == pytest.approx(reached - shares[0, person])


def test_marks_are_those_of_all_people_together():
    both = steered([[1, 0.5], [0.5, 1], [0, 0]], [[0, 0], [0.2, 0.4], [1, 1]])
    np.testing.assert_allclose(steering.gain_at_price(both, 0.5), [0.6, 0.7])


def test_what_costs_too_little_is_pushed_as_far_as_it_went():
    never = steered([[1.0], [0.99], [0.97]], [[0.1], [0.2], [0.5]])
    assert steering.gain_at_price(never, 0.1) == pytest.approx([0.4])


def test_a_price_that_is_met_exactly_is_met():
    exact = steered([[1.0], [0.5], [0.25]], [[0.0], [0.5], [1.0]])
    assert steering.gain_at_price(exact, 0.5) == pytest.approx([0.5])
    assert steering.gain_at_price(exact, 0.75) == pytest.approx([1.0])


def test_where_nothing_can_be_lost_it_is_pushed_as_far_as_it_went():
    nothing = steered([[0.0], [0.0], [0.0]], [[0.25], [0.5], [1.0]])
    assert steering.gain_at_price(nothing, 0.5) == pytest.approx([0.75])


def test_the_first_fall_counts():
    wavy = steered([[1.0], [0.8], [1.0], [0.5]], [[0.0], [0.2], [0.7], [1.0]])
    assert steering.gain_at_price(wavy, 0.1) == pytest.approx([0.1])


def test_prices_that_are_none_are_refused():
    fine = steered([[1.0], [0.5]], [[0.0], [1.0]])
    for price in (0, 1, -0.1, np.nan):
        with pytest.raises(ValueError, match="price"):
            steering.gain_at_price(fine, price)
    with pytest.raises(TypeError, match="steering must come from steer"):
        steering.gain_at_price((1, 2, 3))


def test_lists_by_ndcg_are_those_of_the_metrics():
    scores, bonus, wanted, hidden, _ = table(5)
    found = steering.steer(scores, bonus, wanted, hidden, [0.0], k=5)
    np.testing.assert_allclose(found.marks[0], metrics.ndcg_at_k(scores, hidden, 5))
