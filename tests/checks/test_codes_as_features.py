"""The checks of *Use codes as features* catch what learners get wrong."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_judged
from scipy import stats
from scipy.stats import zscore
from sklearn.preprocessing import StandardScaler

from course_utils.checks import TODO, Status
from course_utils.checks import codes_as_features as check
from course_utils.metrics import bootstrap_interval

TURN = [[0.6, -0.8], [0.8, 0.6]]


@pytest.mark.parametrize(
    ("matrix", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([[1, 0], [0, 3]], Status.RIGHT, "now the second"),
        (((1, 0), (0, 3)), Status.RIGHT, "now the second"),
        (np.array([[0.5, 0.0], [0.0, 1.0]]), Status.RIGHT, "now the second"),
        (np.diag([1, 9]).astype(np.uint8), Status.RIGHT, "now the second"),
        ([[1, -1], [1, -0.7]], Status.RIGHT, "now the third"),
        ([[3, -4], [0.04, 0.03]], Status.RIGHT, "now the third"),
        ([[Fraction(3, 5), Fraction(-4, 5)], [0, Fraction(1, 9)]], Status.RIGHT, "now the third"),
        (pd.DataFrame([[1, 0], [0, 3]]), Status.RIGHT, "now the second"),
        (sp.csr_array(np.diag([1, 3])), Status.RIGHT, "now the second"),
        ([[1e-20, 0], [0, 1]], Status.RIGHT, "now the second"),
        ([[1e-200, 0], [0, 3e-200]], Status.RIGHT, "now the second"),
        ([[1e200, 0], [0, 3e200]], Status.RIGHT, "now the second"),
        ([[1, 0], [0, 1]], Status.WRONG, "still the nearest"),
        ([[5, 0], [0, 5]], Status.WRONG, "still the nearest"),
        ([[0, -1], [1, 0]], Status.WRONG, "still the nearest"),
        (TURN, Status.WRONG, "still the nearest"),
        ([[-1, 0], [0, 1]], Status.WRONG, "still the nearest"),
        ([[2, 0], [0, 1]], Status.WRONG, "still the nearest"),
        ([[1, 0], [0, 0]], Status.WRONG, "no inverse"),
        ([[1, 2], [2, 4]], Status.WRONG, "no inverse"),
        ([[0.1, 0.2], [0.3, 0.6]], Status.WRONG, "no inverse"),
        ([2, 1], Status.WRONG, "two rows of two numbers"),
        ([[1, 2, 3], [4, 5, 6]], Status.WRONG, "two rows of two numbers, got shape (2, 3)"),
        ([[1, 2], [3]], Status.WRONG, "different lengths"),
        ([[np.nan, 0], [0, 1]], Status.WRONG, "must be finite"),
        ([[np.inf, 0], [0, 1]], Status.WRONG, "must be finite"),
        ([[1j, 0], [0, 1]], Status.WRONG, "complex"),
        (3, Status.WRONG, "two rows of two numbers"),
        ("stretch", Status.WRONG, "not a legal input"),
    ],
)
def test_break_neighbours(matrix, status, text):
    assert_judged(check.break_neighbours, matrix, status, text)


def test_break_neighbours_names_the_distances_before():
    lengths = np.linalg.norm([[1, 3], [4, -1], [-4, -3]], axis=1)
    before = "{:.3f}, {:.3f} and {:.0f}".format(*lengths)
    message = check.break_neighbours.judge([[3, 0], [0, 1]]).message
    assert before in message
    assert "grow by more than another" in message
    assert "Turning the plane" in check.break_neighbours.judge(TURN).message


def test_break_neighbours_names_the_distances():
    message = check.break_neighbours.judge([[2, 0], [0, 2]]).message
    assert "distances 6.325, 8.246, 10" in message
    assert "hint" in message
    assert "4e+200" in check.break_neighbours.judge([[1e200, 0], [0, 1e190]]).message


def test_break_neighbours_says_that_a_tie_is_no_win():
    tie = [[-3, 1], [-1, -4]]  # the first two at √169, the third at √337
    assert_judged(check.break_neighbours, tie, Status.WRONG, "as near as the first, but not nearer")


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (0.8**10, Status.RIGHT, "begins at 0"),
        ((1 - 2 / 10) ** 10, Status.RIGHT, "begins at 0"),
        (math.pow(8, 10) / math.pow(10, 10), Status.RIGHT, "begins at 0"),
        (math.exp(10 * math.log(0.8)), Status.RIGHT, "begins at 0"),
        (Fraction(4, 5) ** 10, Status.RIGHT, "begins at 0"),
        (Decimal("0.8") ** 10, Status.RIGHT, "begins at 0"),
        (np.float32(0.8) ** 10, Status.RIGHT, "begins at 0"),
        (np.array(0.8**10), Status.RIGHT, "begins at 0"),
        (np.prod(np.full(10, 0.8)), Status.RIGHT, "begins at 0"),
        (stats.binom.pmf(0, 10, 0.2), Status.RIGHT, "begins at 0"),
        (1 - sum(0.2 * 0.8**i for i in range(10)), Status.RIGHT, "begins at 0"),
        (0.1073741824, Status.RIGHT, "begins at 0"),
        (0.107, Status.WRONG, "rounded"),
        (0.11, Status.WRONG, "rounded"),
        (0.8, Status.WRONG, "one draw"),
        (0.2, Status.WRONG, "one draw that hits"),
        (0.2**10, Status.WRONG, "*hit*"),
        (1 - 0.8**10, Status.WRONG, "*not* 0"),
        (0.9**10, Status.WRONG, "misses *both*"),
        (0.9**20, Status.WRONG, "each of the two digits for itself"),
        (0.8**8, Status.WRONG, "ten, not eight"),
        (0.8**2, Status.WRONG, "ten, not two"),
        (0, Status.WRONG, "without replacement"),
        (100 * 0.8**10, Status.WRONG, "percent"),
        (1, Status.WRONG, "all ten draws miss"),
        (0.025, Status.WRONG, "all ten draws miss"),
        (True, Status.WRONG, "no number"),
        ("0.107", Status.WRONG, "text"),
        ([0.8] * 10, Status.WRONG, "single number"),
        (math.nan, Status.WRONG, "predict_bootstrap"),
    ],
)
def test_predict_bootstrap(answer, status, text):
    assert_judged(check.predict_bootstrap, answer, status, text)


def test_predict_bootstrap_agrees_with_a_bootstrap():
    gains = np.array([1, 1] + [0] * 8)
    means = gains[np.random.default_rng(0).integers(10, size=(100_000, 10))].mean(axis=1)
    assert check.predict_bootstrap.answer() == pytest.approx(np.mean(means == 0), abs=0.004)
    assert bootstrap_interval(gains)[0] == 0


def solved_standardise(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread[np.ptp(train, axis=0) == 0] = 1
    return (train - mean) / spread, (test - mean) / spread


def as_on_the_page(train, test):
    constant = train.max(axis=0) == train.min(axis=0)
    mean, spread = train.mean(axis=0), np.where(constant, 1, train.std(axis=0))
    return (train - mean) / spread, (test - mean) / spread


def column_by_column(train, test):
    scaled = np.empty(train.shape), np.empty(test.shape)
    for j in range(train.shape[1]):
        values = train[:, j].tolist()
        mean = sum(values) / len(values)
        spread = (sum((x - mean) ** 2 for x in values) / len(values)) ** 0.5
        spread = 1 if len(set(values)) == 1 else spread
        for part, out in zip((train, test), scaled, strict=True):
            out[:, j] = (part[:, j] - mean) / spread
    return scaled


def by_frames(train, test):
    frame, other = pd.DataFrame(train), pd.DataFrame(test)
    spread = frame.std(ddof=0).where(frame.nunique() > 1, 1)
    return (frame - frame.mean()) / spread, (other - frame.mean()) / spread


def by_comparing_with_the_first_row(train, test):
    same = (train == train[0]).all(axis=0)
    mean, spread = train.mean(axis=0), np.sqrt(np.mean((train - train.mean(axis=0)) ** 2, axis=0))
    safe = spread.copy()
    safe[same] = 1.0
    return [(part - mean) / safe for part in (train, test)]


def by_lists(train, test):
    parts = as_on_the_page(train, test)
    return parts[0].tolist(), parts[1].tolist()


def by_library(train, test):
    scaler = StandardScaler().fit(train)
    return [scaler.transform(train), scaler.transform(test)]


def by_division_where_it_is_safe(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    varies = np.broadcast_to(np.ptp(train, axis=0) > 0, train.shape[1:])
    out = []
    for part in (train, test):
        scaled = part - mean
        np.divide(scaled, spread, out=scaled, where=varies)
        out.append(scaled)
    return tuple(out)


def by_recursion_over_columns(train, test):
    if train.shape[1] == 1:
        return as_on_the_page(train, test)
    left = by_recursion_over_columns(train[:, :1], test[:, :1])
    right = by_recursion_over_columns(train[:, 1:], test[:, 1:])
    return tuple(np.hstack(both) for both in zip(left, right, strict=True))


def by_transposing(train, test):
    columns = []
    for old, new in zip(train.T, test.T, strict=True):
        spread = 1.0 if len(np.unique(old)) == 1 else np.std(old)
        columns.append(((old - old.mean()) / spread, (new - old.mean()) / spread))
    return tuple(np.array(part).T for part in zip(*columns, strict=True))


def by_differences(train, test):
    varies = np.any(np.diff(train, axis=0) != 0, axis=0)
    return tuple(
        (part - train.mean(0)) / np.where(varies, train.std(0), 1) for part in (train, test)
    )


def by_scaled_unit(train, test):
    size = np.abs(train).max(axis=0)
    size = np.where(size == 0, 1, size)
    return (
        as_on_the_page(train / size, test / size)
        if (np.ptp(train, 0) > 0).all()
        else (as_on_the_page(train, test))
    )


def by_rounded_spread(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    return (train - mean) / spread, (test - mean) / spread


def by_tiny_spread(limit):
    def attempt(train, test):
        mean, spread = train.mean(axis=0), train.std(axis=0)
        spread = np.where(spread < limit, 1, spread)
        return (train - mean) / spread, (test - mean) / spread

    return attempt


def by_relative_spread(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    small = spread <= 1e-3 * np.abs(train).max(axis=0)
    return tuple((part - mean) / np.where(small, 1, spread) for part in (train, test))


def by_values_of_all_columns(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where((spread == 0) | (len(np.unique(train)) == 1), 1, spread)
    return (train - mean) / spread, (test - mean) / spread


def by_a_little_more(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-8
    return (train - mean) / spread, (test - mean) / spread


def with_constants_as_they_are(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    constant = np.ptp(train, axis=0) == 0
    mean, spread = np.where(constant, 0, mean), np.where(constant, 1, spread)
    return (train - mean) / spread, (test - mean) / spread


def constants_become_zero(train, test):
    scaled = as_on_the_page(train, test)
    constant = np.ptp(train, axis=0) == 0
    return tuple(np.where(constant, 0, part) for part in scaled)


def with_the_bug(train, test):
    with np.errstate(all="ignore"):
        return (train - train.mean(0)) / train.std(0), (test - test.mean(0)) / test.std(0)


def without_constant_columns(train, test):
    with np.errstate(all="ignore"):
        return (train - train.mean(0)) / train.std(0), (test - train.mean(0)) / train.std(0)


def nans_become_zero(train, test):
    return tuple(map(np.nan_to_num, without_constant_columns(train, test)))


def by_both_sets(train, test):
    both = np.concatenate([train, test])
    return tuple((part - both.mean(0)) / np.where(both.std(0), both.std(0), 1) for part in both)


def by_one_spread(train, test):
    spread = train.std() or 1
    return (train - train.mean(0)) / spread, (test - train.mean(0)) / spread


def along_the_rows(train, test):
    return zscore(train, axis=1), zscore(test, axis=1)


def to_the_range(train, test):
    low, width = train.min(axis=0), np.ptp(train, axis=0)
    width = np.where(width == 0, 1, width)
    return (train - low) / width, (test - low) / width


def by_variance(train, test):
    mean, spread = train.mean(axis=0), np.where(np.ptp(train, axis=0) == 0, 1, train.var(axis=0))
    return (train - mean) / spread, (test - mean) / spread


def sample_deviation(train, test):
    spread = train.std(axis=0, ddof=1)
    spread = np.where(spread == 0, 1, spread)
    return (train - train.mean(0)) / spread, (test - train.mean(0)) / spread


def in_place(train, test):
    parts = solved_standardise(train, test)
    train -= train.mean(axis=0)
    return parts


def in_half(train, test):
    return tuple(part.astype(np.float16) for part in as_on_the_page(train, test))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda train, test: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        *(
            (right, Status.RIGHT, "8 of 8")
            for right in (
                solved_standardise,
                as_on_the_page,
                column_by_column,
                by_frames,
                by_comparing_with_the_first_row,
                by_lists,
                by_library,
                by_division_where_it_is_safe,
                by_recursion_over_columns,
                by_transposing,
                by_differences,
                by_scaled_unit,
            )
        ),
        (by_tiny_spread(1e-7), Status.WRONG, "all values are equal"),
        (by_tiny_spread(1e-12), Status.WRONG, "in whatever unit"),
        (by_tiny_spread(0.1), Status.WRONG, "all values are equal"),
        (by_a_little_more, Status.WRONG, "case"),
        (by_relative_spread, Status.WRONG, "a small spread is a spread"),
        (by_values_of_all_columns, Status.WRONG, "Ask the values"),
        (by_rounded_spread, Status.WRONG, "Ask the values"),
        (with_constants_as_they_are, Status.WRONG, "shifted like every other"),
        (constants_become_zero, Status.WRONG, "no training digit"),
        (with_the_bug, Status.WRONG, "one test row"),
        (without_constant_columns, Status.WRONG, "no training digit"),
        (nans_become_zero, Status.WRONG, "no training digit"),
        (by_both_sets, Status.WRONG, "case"),
        (by_one_spread, Status.WRONG, "case"),
        (along_the_rows, Status.WRONG, "case"),
        (to_the_range, Status.WRONG, "two rows, tested on themselves"),
        (by_variance, Status.WRONG, "case"),
        (sample_deviation, Status.WRONG, "pandas"),
        (in_place, Status.WRONG, "input was changed"),
        (lambda train, test: as_on_the_page(train, test)[0], Status.WRONG, "case"),
        (lambda train, test: as_on_the_page(train, test)[::-1], Status.WRONG, "case"),
        (lambda train, test: print(train), Status.RETURNED_NONE, "return"),
        (lambda train, test: train.scaled, Status.RAISED, "AttributeError"),
        (lambda train: train, Status.RAISED, ""),
    ],
)
def test_standardise(attempt, status, text):
    assert_judged(check.standardise, attempt, status, text)
