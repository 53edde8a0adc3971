"""Intervals of means and of errors: their defaults, what they keep, and what they refuse."""

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from memory import peak_of

from course_utils.metrics import (
    bootstrap_interval,
    intervals,
    masked_rmse,
    mean_interval,
    people_needed,
)


def test_mean_interval_is_students():
    rng = np.random.default_rng(0)
    for n, level in ((2, 0.9), (3, 0.95), (20, 0.5)):
        values = rng.standard_normal(n)
        half = scipy.stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
        expected = values.mean() - half, values.mean() + half
        np.testing.assert_allclose(mean_interval(values, level=level), expected)


def test_an_interval_holds_95_percent_unless_told_otherwise():
    values = np.random.default_rng(0).random(30)
    hidden, guess = sp.csr_array(values[:, None]), np.full((30, 1), 0.4)
    assert mean_interval(values) == mean_interval(values, level=0.95)
    assert bootstrap_interval(values) == bootstrap_interval(
        values, level=0.95, resamples=2000, seed=0
    )
    assert masked_rmse(hidden, guess) == masked_rmse(
        hidden, guess, level=0.95, resamples=1000, seed=0
    )
    assert people_needed(0.01, 0.1) == people_needed(0.01, 0.1, power=0.8, level=0.95)


def test_the_draws_of_a_number_are_kept_unless_they_are_many(monkeypatch):
    kept = intervals._drawn_before
    values = np.random.default_rng(0).random(40)

    def misses_and_hits(cells, seed):
        monkeypatch.setattr(intervals, "_KEPT_CELLS", cells)
        kept.cache_clear()
        found = {bootstrap_interval(values, resamples=50, seed=seed) for _ in range(2)}
        return kept.cache_info()[:2][::-1], found

    often, numbers = misses_and_hits(2000, 3)
    assert often == (1, 1)
    assert misses_and_hits(1999, 3) == ((0, 0), numbers)
    assert misses_and_hits(2000, np.random.default_rng(3))[0] == (0, 0)
    assert misses_and_hits(2000, np.int64(3)) == ((1, 1), numbers)
    assert len(numbers) == 1


def test_a_baseline_is_judged_by_the_same_rows():
    hidden = sp.csr_array(np.array([[1.0, 0, 2], [0, 0, 0], [0, 3, 0]]))
    prediction, baseline = np.zeros((3, 3)), np.ones((3, 3))
    score = masked_rmse(hidden, prediction, baseline=baseline)
    assert score.rmse == pytest.approx(np.sqrt(14 / 3) - np.sqrt(5 / 3))


def test_errors_of_single_precision_are_squared_in_double():
    rng = np.random.default_rng(0)
    truth, guess = rng.random((2, 30, 4)).astype(np.float32)
    score = masked_rmse(sp.csr_array(truth), guess, resamples=3)
    exact = np.sqrt(np.mean((truth.astype(float) - guess.astype(float)) ** 2))
    assert score.rmse == pytest.approx(exact, rel=1e-14)


def test_predictions_in_single_precision_are_not_copied():
    hidden = sp.csr_array(([1.0, 2.0], ([0, 499], [3, 7])), shape=(500, 500))
    prediction = np.zeros((500, 500), dtype=np.float32)
    peak = peak_of(lambda: masked_rmse(hidden, prediction, resamples=2))
    assert peak < prediction.nbytes


@pytest.mark.parametrize("level", [0, 1])
def test_a_level_lies_between_0_and_1(level):
    hidden = sp.csr_array([[1.0]])
    calls = (
        lambda: mean_interval([1.0, 2.0], level=level),
        lambda: bootstrap_interval([1.0, 2.0], level=level),
        lambda: masked_rmse(hidden, [[1.0]], level=level),
        lambda: people_needed(1, 1, level=level),
        lambda: people_needed(1, 1, power=level),
    )
    for call in calls:
        with pytest.raises(ValueError, match="must be a number above 0 and below 1, got"):
            call()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["prediction", "baseline"])
def test_the_first_hidden_cell_without_a_number_is_named(name, wrong):
    hidden = sp.csr_array(np.array([[0.0, 1, 0], [2, 0, 3], [0, 0, 4]]))
    given = {"prediction": np.zeros((3, 3)), "baseline": np.zeros((3, 3))}
    given[name][1:, 2] = wrong
    with pytest.raises(ValueError, match="must be finite") as error:
        masked_rmse(hidden, **given)
    assert str(error.value) == (
        f"{name} must be finite in every hidden cell, got {wrong} in row 1, column 2"
    )


@pytest.mark.parametrize(
    ("power", "level", "people"),
    [(0.5, 0.5, 46), (0.001, 0.5, 2), (0.8, 0.95, 785), (0.95, 0.8, 857)],
)
def test_people_needed_by_the_table_of_the_normal_distribution(power, level, people):
    assert people_needed(0.1, 1.0, power=power, level=level) == people
    assert people_needed(-0.1, 1.0, power=power, level=level) == people
