"""Reading a code: matching, rank sums, top lists and names, each against a slow oracle."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from course_utils import reading

SEEDS = st.integers(0, 10_000)


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def best_total(cosines):
    """Try every way of giving the truths learnt directions of their own."""
    truths, units = cosines.shape
    if truths > units:
        return best_total(cosines.T)
    ways = itertools.permutations(range(units), truths)
    return max(sum(cosines[row, unit] for row, unit in enumerate(way)) for way in ways)


@given(SEEDS, st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_no_other_matching_is_better(seed, units, truths, n, either):
    rng = np.random.default_rng(seed)
    learnt, truth = rng.standard_normal((units, n)), rng.standard_normal((truths, n))
    cosines = np.array([[cosine(t, u) for u in learnt] for t in truth])
    cosines = np.abs(cosines) if either else cosines
    match = reading.match_atoms(learnt, truth, either_sign=either)
    matched = match.partners >= 0
    assert matched.sum() == min(units, truths)
    assert len(set(match.partners[matched])) == matched.sum()
    pairs = cosines[np.flatnonzero(matched), match.partners[matched]]
    np.testing.assert_allclose(match.cosines[matched], pairs, atol=1e-12)
    assert not match.cosines[~matched].any()
    assert match.cosines.sum() == pytest.approx(best_total(cosines), abs=1e-12)


def test_a_direction_and_its_opposite_differ_unless_told_otherwise():
    match = reading.match_atoms([[0.0, -3.0]], [[0.0, 1.0]])
    assert match.cosines.tolist() == [-1]
    assert reading.match_atoms([[0.0, -3.0]], [[0.0, 1.0]], either_sign=True).cosines == [1]


def test_twenty_rows_and_a_level_of_five_percent_unless_told_otherwise():
    rng = np.random.default_rng(4)
    labels = rng.random((120, 3)) < 0.4
    activity = rng.standard_normal((120, 40)) + 0.5 * labels[:, [0]]
    half = np.arange(120) < 60
    np.testing.assert_array_equal(
        reading.top_share(activity, labels), reading.top_share(activity, labels, 20)
    )
    plain = reading.read_units(activity, labels, half)
    for one, other in zip(
        plain, reading.read_units(activity, labels, half, k=20, level=0.05), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert 0 < plain.passed.sum() < 40


def test_one_direction_stands_for_one_truth():
    match = reading.match_atoms([[1.0, 0], [-1, 0]], [[1.0, 0.1], [1, -0.1]])
    assert sorted(match.cosines.round(2)) == [-1.0, 1.0]


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 1e300])
def test_lengths_do_not_matter(scale):
    learnt = np.array([[3.0, 4.0], [-4.0, 3.0]])
    match = reading.match_atoms(learnt * scale, learnt)
    np.testing.assert_allclose(match.cosines, 1)
    assert match.partners.tolist() == [0, 1]


def test_zeros_point_nowhere():
    match = reading.match_atoms([[0.0, 0], [0, 0]], [[1.0, 0], [0, 0]])
    assert match.cosines.tolist() == [0, 0]


def test_directions_of_two_spaces_are_refused():
    with pytest.raises(ValueError, match="as many columns, got 2 and 3"):
        reading.match_atoms(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="finite"):
        reading.match_atoms([[np.nan, 1]], np.eye(2))
    with pytest.raises(TypeError, match="either_sign"):
        reading.match_atoms(np.eye(2), np.eye(2), either_sign="yes")


def labelled(seed, n, units, n_labels, levels):
    """Tables with ties, in which each label is carried by some and not by all."""
    rng = np.random.default_rng(seed)
    activity = rng.integers(levels, size=(n, units)).astype(float)
    labels = rng.random((n, n_labels)) < rng.uniform(0.1, 0.9, n_labels)
    labels[0], labels[1] = True, False
    return activity, labels


@given(SEEDS, st.integers(3, 40), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 2, 50]))
def test_rank_sums_are_those_of_scipy(seed, n, units, n_labels, levels):
    activity, labels = labelled(seed, n, units, n_labels, levels)
    found = reading.rank_sums(activity, labels)
    for unit, label in np.ndindex(found.z.shape):
        with_, without = (activity[part, unit] for part in (labels[:, label], ~labels[:, label]))
        wins = np.mean([[(a > b) + (a == b) / 2 for b in without] for a in with_])
        assert found.auc[unit, label] == pytest.approx(wins)
        if len(set(activity[:, unit])) == 1:
            assert found.z[unit, label] == 0
            continue
        test = stats.mannwhitneyu(
            with_, without, alternative="greater", method="asymptotic", use_continuity=False
        )
        assert stats.norm.sf(found.z[unit, label]) == pytest.approx(test.pvalue, abs=1e-12)


def test_a_label_of_all_or_none_is_refused():
    for column in ([True, True], [False, False]):
        labels = np.column_stack([[True, False], column])
        with pytest.raises(ValueError, match="of 2 in column 1; leave it out"):
            reading.rank_sums([[1.0], [2]], labels)


@given(SEEDS, st.integers(1, 5), st.sampled_from([1, 2, 9]), st.integers(1, 3), st.data())
def test_ties_share_the_last_places(seed, n, levels, n_labels, data):
    rng = np.random.default_rng(seed)
    activity, labels = rng.integers(levels, size=n), rng.random((n, n_labels)) < 0.5
    k = data.draw(st.integers(1, n))
    # Every order of the rows, each sorted stably: all ways to break the ties, equally often.
    shares = []
    for order in itertools.permutations(range(n)):
        ranked = sorted(order, key=lambda row: -activity[row])
        shares.append(labels[ranked[:k]].mean(axis=0))
    found = reading.top_share(activity[:, None].astype(float), labels, k)
    np.testing.assert_allclose(found[0], np.mean(shares, axis=0))


def test_each_unit_has_a_list_of_its_own():
    rng = np.random.default_rng(1)
    activity, labels = rng.integers(3, size=(9, 4)).astype(float), rng.random((9, 3)) < 0.5
    for k in (1, 4, 9):
        together = reading.top_share(activity, labels, k)
        alone = [reading.top_share(activity[:, [unit]], labels, k)[0] for unit in range(4)]
        np.testing.assert_allclose(together, alone)


def test_rounding_takes_no_cosine_beyond_1():
    vectors = np.random.default_rng(0).standard_normal((200, 7))
    assert min(reading.match_atoms([-v], [v]).cosines[0] for v in vectors) == -1
    assert max(reading.match_atoms([v], [v]).cosines[0] for v in vectors) == 1


def test_a_name_right_at_the_level_passes():
    activity, labels = labelled(3, 40, 1, 1, 50)
    half = np.arange(40) % 4 < 2
    p_value = reading.read_units(activity, labels, half, k=5).p_values[0]
    assert reading.read_units(activity, labels, half, k=5, level=p_value).passed.all()
    below = np.nextafter(p_value, 0)
    assert not reading.read_units(activity, labels, half, k=5, level=below).passed.any()


def test_the_list_is_not_longer_than_the_table():
    with pytest.raises(ValueError, match="k must be"):
        reading.top_share([[1.0], [2.0]], [[True], [False]], 3)


def slow_reading(activity, labels, half, k, level):
    """Read units one by one with SciPy's test, and count the looks by hand."""

    def p_value(rows, unit, label):
        carried, values = labels[rows, label], activity[rows, unit]
        if len(set(values)) == 1:
            return 0.5
        options = {"alternative": "greater", "method": "asymptotic", "use_continuity": False}
        return stats.mannwhitneyu(values[carried], values[~carried], **options).pvalue

    names, p_values = [], []
    for unit in range(activity.shape[1]):
        tried = [p_value(half, unit, label) for label in range(labels.shape[1])]
        names.append(int(np.argmin(tried)))
        p_values.append(p_value(~half, unit, names[-1]))
    order, passed = np.argsort(p_values), np.zeros(len(names), dtype=bool)
    for rank in range(len(order), 0, -1):
        if p_values[order[rank - 1]] <= level * rank / len(order):
            passed[order[:rank]] = True
            break
    rest = np.flatnonzero(~half)
    gains = []
    for unit, name in enumerate(names):
        top = rest[np.argsort(-activity[rest, unit])[:k]]
        gains.append(labels[top, name].mean() - labels[rest, name].mean())
    return names, p_values, passed, gains


@given(SEEDS, st.integers(16, 60), st.integers(1, 8), st.integers(1, 4), st.integers(1, 6))
def test_names_and_tests_are_those_of_a_slow_reader(seed, n, units, n_labels, k):
    rng = np.random.default_rng(seed)
    labels = rng.random((n, n_labels)) < 0.4
    labels[[0, 2]], labels[[1, 3]] = True, False
    half = np.isin(np.arange(n), [0, 1]) | (rng.random(n) < 0.5)
    half[[2, 3]] = False
    assume(k <= (~half).sum())
    strength = rng.uniform(0, 3, units)
    activity = rng.standard_normal((n, units)) + strength * labels[:, [0]]
    found = reading.read_units(activity, labels, half, k=k, level=0.1)
    names, p_values, passed, gains = slow_reading(activity, labels, half, k, 0.1)
    assert found.names.tolist() == names
    np.testing.assert_allclose(found.p_values, p_values, atol=1e-12)
    assert found.passed.tolist() == passed.tolist()
    np.testing.assert_allclose(found.gains, gains, atol=1e-12)


def test_the_tested_half_chooses_no_name():
    """A unit that follows label 0 on one half and label 1 on the other keeps the first name."""
    labels = np.tile([[True, False], [False, True]], (20, 1))
    half = np.arange(40) < 20
    activity = np.where(half, labels[:, 0], labels[:, 1])[:, None] + np.arange(40)[:, None] / 1e3
    found = reading.read_units(activity, labels, half)
    assert found.names.tolist() == [0]
    assert found.p_values[0] > 0.99
    assert found.gains[0] <= 0


def test_chance_passes_as_rarely_as_promised():
    """Under no relation at all, some unit passes in about one world of twenty."""
    worlds = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        labels = rng.random((100, 6)) < 0.4
        reading_ = reading.read_units(
            rng.standard_normal((100, 20)), labels, rng.random(100) < 0.5, k=5
        )
        worlds.append(reading_.passed.any())
    assert 0.01 <= np.mean(worlds) <= 0.09


def test_what_is_no_split_is_refused():
    activity, labels = labelled(0, 12, 2, 2, 5)
    for half in (np.ones(12, bool), np.zeros(12, bool)):
        with pytest.raises(ValueError, match="both sides"):
            reading.read_units(activity, labels, half)
    with pytest.raises(ValueError, match="half"):
        reading.read_units(activity, labels, np.ones(11, bool))
    with pytest.raises(ValueError, match="level"):
        reading.read_units(activity, labels, np.arange(12) < 6, k=2, level=1)


@pytest.mark.parametrize("function", [reading.rank_sums, reading.top_share])
@pytest.mark.parametrize("labels", [[True, False], [[True]], np.zeros((2, 0), bool)])
def test_labels_need_a_row_for_each_row(function, labels):
    with pytest.raises(ValueError, match=r"labels must have shape \(2, labels\)"):
        function([[1.0], [2.0]], labels)


def test_frames_are_taken_and_numbers_for_labels_are_not():
    activity, labels = labelled(1, 30, 3, 2, 9)
    plain = reading.rank_sums(activity, labels)
    framed = reading.rank_sums(pd.DataFrame(activity), pd.DataFrame(labels))
    np.testing.assert_array_equal(plain.z, framed.z)
    with pytest.raises(TypeError, match="labels must hold True and False, got int"):
        reading.rank_sums(activity, labels.astype(int))
