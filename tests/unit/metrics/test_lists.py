"""Ranking, NDCG, recall and the bootstrap against brute force and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import ndcg_score, recall_score

from course_utils.metrics import bootstrap_interval, ndcg_at_k, recall_at_k
from course_utils.ranking import candidates, top_k


def stable_sort(scores, k):
    return np.argsort(-np.asarray(scores), axis=1, kind="stable")[:, :k]


@st.composite
def score_tables(draw):
    """Scores with many ties, some of them minus infinity, and a legal k."""
    rows, columns = draw(st.integers(0, 4)), draw(st.integers(1, 40))
    values = st.sampled_from([-math.inf, -1.0, 0.0, 0.25, 0.5, 2.0])
    scores = draw(hnp.arrays(draw(st.sampled_from(["f4", "f8"])), (rows, columns), elements=values))
    return scores, draw(st.integers(1, columns))


class TestTopK:
    @pytest.mark.parametrize("k", [1, 2, 3, 7, 12])
    @pytest.mark.parametrize("dtype", ["f4", "f8", "i1"])
    def test_stable_sort_of_rows_with_ties(self, k, dtype):
        scores = np.random.default_rng(k).integers(-2, 3, (6, 12)).astype(dtype)
        np.testing.assert_array_equal(top_k(scores, k), stable_sort(scores, k))

    @pytest.mark.slow
    @given(score_tables())
    def test_stable_sort(self, table):
        scores, k = table
        np.testing.assert_array_equal(top_k(scores, k), stable_sort(scores, k))

    @pytest.mark.parametrize("columns", [1, 39, 40, 41, 1280, 1281, 5000])
    def test_long_rows(self, columns):
        rng = np.random.default_rng(columns)
        for scores in (rng.random((7, columns)), rng.integers(0, 5, (7, columns))):
            k = min(10, columns)
            np.testing.assert_array_equal(top_k(scores, k), stable_sort(scores, k))

    def test_few_candidates_are_looked_at(self):
        scores = np.random.default_rng(0).random((50, 10_000))
        assert len(candidates(scores, 10)[0]) < 50 * 12

    def test_slack_keeps_what_may_be_better(self):
        rows, columns = candidates(np.array([[0.5, 0.45, 0.1]]), 1, slack=0.1)
        assert (rows.tolist(), columns.tolist()) == ([0, 0], [0, 1])

    @pytest.mark.parametrize(
        ("scores", "k", "message"),
        [
            ([1.0, 2.0], 1, "must be 2-D"),
            ([[1.0, 2.0]], 3, "from 1 to 2"),
            ([[1.0, 2.0]], 0, "from 1 to 2"),
            ([[1.0, np.nan]], 1, "NaN"),
        ],
    )
    def test_refuses(self, scores, k, message):
        with pytest.raises(ValueError, match=message):
            top_k(scores, k)


def ndcg_by_hand(scores, relevant, k):
    """Walk down the list; shares no idea with the tested code."""
    places = sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:k]
    gain = sum(
        1 / math.log2(rank + 2)
        for rank, item in enumerate(places)
        if relevant[item] and scores[item] > -math.inf
    )
    best = sum(1 / math.log2(rank + 2) for rank in range(min(k, sum(relevant))))
    return gain / best


def recall_by_hand(scores, relevant, k):
    places = sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:k]
    found = sum(relevant[item] and scores[item] > -math.inf for item in places)
    return found / min(k, sum(relevant))


@st.composite
def judged_tables(draw):
    scores, k = draw(score_tables().filter(lambda table: len(table[0]) > 0))
    relevant = draw(hnp.arrays(bool, scores.shape))
    relevant[:, draw(st.integers(0, scores.shape[1] - 1))] = True
    return scores, relevant, k


@pytest.mark.parametrize(
    ("metric", "by_hand"), [(ndcg_at_k, ndcg_by_hand), (recall_at_k, recall_by_hand)]
)
class TestMetrics:
    @pytest.mark.parametrize("k", [1, 2, 5, 9])
    def test_brute_force_on_a_few_tables(self, metric, by_hand, k):
        rng = np.random.default_rng(k)
        scores = rng.choice([-math.inf, -1.0, 0.0, 0.5, 2.0], (8, 9))
        relevant = rng.random((8, 9)) < 0.4
        relevant[:, k - 1] = True
        expected = [by_hand(*row, k) for row in zip(scores, relevant, strict=True)]
        found = metric(scores, relevant, k)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert np.all((found >= 0) & (found <= 1))

    @pytest.mark.slow
    @given(data=st.data())
    def test_brute_force(self, metric, by_hand, data):
        scores, relevant, k = data.draw(judged_tables())
        expected = [by_hand(*row, k) for row in zip(scores, relevant, strict=True)]
        np.testing.assert_allclose(metric(scores, relevant, k), expected, rtol=1e-12)

    @pytest.mark.slow
    @given(data=st.data())
    def test_bounds_and_perfect_ranking(self, metric, by_hand, data):
        scores, relevant, k = data.draw(judged_tables())
        assert np.all((metric(scores, relevant, k) >= 0) & (metric(scores, relevant, k) <= 1))
        np.testing.assert_allclose(metric(relevant.astype(float), relevant, k), 1)
        np.testing.assert_array_equal(metric(np.full(scores.shape, -np.inf), relevant, k), 0)

    def test_order_of_users_does_not_matter(self, metric, by_hand):
        rng = np.random.default_rng(0)
        scores, relevant = rng.random((5, 30)), rng.random((5, 30)) < 0.2
        relevant[:, 0] = True
        np.testing.assert_array_equal(
            metric(scores[::-1], relevant[::-1], 7), metric(scores, relevant, 7)[::-1]
        )

    @pytest.mark.parametrize(
        ("scores", "relevant", "k", "message"),
        [
            ([[1.0, 2.0]], [[True]], 1, "same shape"),
            ([[1.0, 2.0], [1.0, 2.0]], [[True, False], [False, False]], 1, "user 1"),
            ([[1.0, 2.0]], [[True, False]], 3, "from 1 to 2"),
            ([[np.nan, 2.0]], [[True, False]], 1, "NaN"),
            ([[1.0, 2.0]], [[True, False]], 0, "from 1 to 2"),
        ],
    )
    def test_refuses(self, metric, by_hand, scores, relevant, k, message):
        with pytest.raises(ValueError, match=message):
            metric(scores, np.array(relevant), k)


@pytest.mark.parametrize("found", [18, 22, 28])
def test_rounding_takes_no_perfect_list_above_1(found):
    relevant = np.arange(40)[None] < found
    assert ndcg_at_k(relevant.astype(float), relevant, 32).tolist() == [1.0]


class TestAgainstScikitLearn:
    @pytest.fixture
    def table(self):
        rng = np.random.default_rng(3)
        relevant = rng.random((40, 300)) < 0.05
        relevant[:, 7] = True
        return rng.random((40, 300)), relevant

    @pytest.mark.parametrize("k", [1, 10, 100, 300])
    def test_ndcg(self, table, k):
        scores, relevant = table
        expected = ndcg_score(relevant, scores, k=k, ignore_ties=True)
        assert ndcg_at_k(scores, relevant, k).mean() == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("k", [50, 100, 300])  # at least as many as any user's relevant items
    def test_recall(self, table, k):
        scores, relevant = table
        listed = np.zeros_like(relevant)
        np.put_along_axis(listed, stable_sort(scores, k), True, axis=1)
        expected = recall_score(relevant, listed, average="samples")
        assert recall_at_k(scores, relevant, k).mean() == pytest.approx(expected, rel=1e-12)


class TestBootstrapInterval:
    @pytest.mark.slow
    def test_covers_the_mean_as_often_as_promised(self):
        rng = np.random.default_rng(0)
        inside = 0
        for seed in range(200):
            low, high = bootstrap_interval(rng.exponential(size=80), seed=seed, resamples=400)
            inside += low <= 1.0 <= high
        assert 0.89 <= inside / 200 <= 0.99

    @pytest.mark.slow
    def test_width_of_a_normal_sample(self):
        low, high = bootstrap_interval(np.random.default_rng(1).normal(size=2000))
        assert high - low == pytest.approx(2 * 1.96 / math.sqrt(2000), rel=0.1)

    def test_paired_differences_are_narrower(self):
        rng = np.random.default_rng(2)
        first = rng.random(300)
        second = first + 0.01 + 0.01 * rng.random(300)
        low, high = bootstrap_interval(second - first)
        assert 0.01 < low < high < 0.02
        assert np.diff(bootstrap_interval(first)) > 10 * (high - low)

    def test_reproducible_and_level(self):
        values = np.random.default_rng(0).random(50)
        assert bootstrap_interval(values) == bootstrap_interval(values)
        # Draws of a seed are kept for the next interval; those of a generator are drawn anew.
        assert bootstrap_interval(values) == bootstrap_interval(
            values, seed=np.random.default_rng(0)
        )
        assert np.diff(bootstrap_interval(values, level=0.5)) < np.diff(bootstrap_interval(values))

    def test_constant(self):
        low, high = bootstrap_interval([0.3] * 9)
        assert (low, high) == (pytest.approx(0.3), pytest.approx(0.3))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (dict(values=[]), "must not be empty"),
            (dict(values=[[1.0]]), "1-D"),
            (dict(values=[1.0, np.nan]), "finite"),
            (dict(values=[1.0], level=1.0), "above 0 and below 1"),
            (dict(values=[1.0], resamples=0), "of at least 1"),
        ],
    )
    def test_refuses(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            bootstrap_interval(**arguments)
