"""The checks of *Use codes as features* catch what learners get wrong."""

import numpy as np
import pytest
from judging import assert_judged
from sklearn.preprocessing import StandardScaler

from course_utils.checks import TODO, Status
from course_utils.checks import codes_as_features as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (8, Status.RIGHT, "each adds"),
        (8.0, Status.RIGHT, "each adds"),
        (104, Status.WRONG, "before the columns"),
        (8**0.5, Status.WRONG, "its square"),
        (4, Status.WRONG, "one column alone"),
        (2, Status.WRONG, "range"),
        (6, Status.WRONG, "n - 1"),
        (7, Status.WRONG, "standard deviation"),
    ],
)
def test_predict_distance(answer, status, text):
    assert_judged(check.predict_distance, answer, status, text)


@pytest.mark.parametrize(
    ("matrix", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([[1, 0], [0, 3]], Status.RIGHT, "now the second"),
        (np.array([[0.5, 0.0], [0.0, 1.0]]), Status.RIGHT, "now the second"),
        ([[1, -1], [1, -0.7]], Status.RIGHT, "now the third"),
        ([[1, 0], [0, 1]], Status.WRONG, "still the nearest"),
        ([[5, 0], [0, 5]], Status.WRONG, "still the nearest"),
        ([[0, -1], [1, 0]], Status.WRONG, "still the nearest"),
        ([[2, 0], [0, 1]], Status.WRONG, "still the nearest"),
        ([[1, 0], [0, 0]], Status.WRONG, "no inverse"),
        ([[1, 2], [2, 4]], Status.WRONG, "no inverse"),
        ([2, 1], Status.WRONG, "2×2"),
        ([[np.nan, 0], [0, 1]], Status.WRONG, "finite"),
        ("stretch", Status.WRONG, "not a legal input"),
    ],
)
def test_break_neighbours(matrix, status, text):
    assert_judged(check.break_neighbours, matrix, status, text)


def test_break_neighbours_names_the_distances():
    message = check.break_neighbours.judge([[2, 0], [0, 2]]).message
    assert "distances 6.325, 8.246, 10" in message
    assert "hint" in message


def solved_standardise(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread[np.ptp(train, axis=0) == 0] = 1
    return (train - mean) / spread, (test - mean) / spread


def by_rounded_spread(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    return (train - mean) / spread, (test - mean) / spread


def by_tiny_spread(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread < 1e-7, 1, spread)
    return (train - mean) / spread, (test - mean) / spread


def with_constants_as_they_are(train, test):
    mean, spread = train.mean(axis=0), train.std(axis=0)
    constant = np.ptp(train, axis=0) == 0
    mean, spread = np.where(constant, 0, mean), np.where(constant, 1, spread)
    return (train - mean) / spread, (test - mean) / spread


def by_library(train, test):
    scaler = StandardScaler().fit(train)
    return [scaler.transform(train), scaler.transform(test)]


def with_the_bug(train, test):
    with np.errstate(all="ignore"):
        return (train - train.mean(0)) / train.std(0), (test - test.mean(0)) / test.std(0)


def without_constant_columns(train, test):
    with np.errstate(all="ignore"):
        return (train - train.mean(0)) / train.std(0), (test - train.mean(0)) / train.std(0)


def by_both_sets(train, test):
    both = np.concatenate([train, test])
    return tuple((part - both.mean(0)) / np.where(both.std(0), both.std(0), 1) for part in both)


def by_one_spread(train, test):
    spread = train.std() or 1
    return (train - train.mean(0)) / spread, (test - train.mean(0)) / spread


def sample_deviation(train, test):
    spread = train.std(axis=0, ddof=1)
    spread = np.where(spread == 0, 1, spread)
    return (train - train.mean(0)) / spread, (test - train.mean(0)) / spread


def in_place(train, test):
    parts = solved_standardise(train, test)
    train -= train.mean(axis=0)
    return parts


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda train, test: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_standardise, Status.RIGHT, "6 of 6"),
        (by_library, Status.RIGHT, "6 of 6"),
        (by_tiny_spread, Status.RIGHT, "6 of 6"),
        (by_rounded_spread, Status.WRONG, "Ask the values"),
        (with_constants_as_they_are, Status.WRONG, "shifted like every other"),
        (with_the_bug, Status.WRONG, "one test row"),
        (without_constant_columns, Status.WRONG, "no training digit"),
        (by_both_sets, Status.WRONG, "one test row"),
        (by_one_spread, Status.WRONG, "case"),
        (sample_deviation, Status.WRONG, "one test row"),
        (in_place, Status.WRONG, "input was changed"),
        (lambda train, test: print(train), Status.RETURNED_NONE, "return"),
        (lambda train, test: train.scaled, Status.RAISED, "AttributeError"),
    ],
)
def test_standardise(attempt, status, text):
    assert_judged(check.standardise, attempt, status, text)


def solved_precision(codes, labels, k):
    hits = 0
    for row, code in enumerate(codes):
        others = [other for other in range(len(codes)) if other != row]
        others.sort(key=lambda other: np.sum((codes[other] - code) ** 2))
        hits += sum(labels[other] == labels[row] for other in others[:k])
    return hits / (len(codes) * k)


def ranked(codes):
    distances = ((codes[:, None] - codes) ** 2).sum(axis=2)
    return np.argsort(distances, axis=1, kind="stable")


def finds_itself(codes, labels, k):
    return np.mean(labels[ranked(codes)[:, :k]] == labels[:, None])


def first_one_left_out(codes, labels, k):
    return np.mean(labels[ranked(codes)[:, 1 : k + 1]] == labels[:, None])


def one_neighbour_more(codes, labels, k):
    return solved_precision(codes, labels, min(k + 1, len(codes) - 1))


def any_hit(codes, labels, k):
    distances = ((codes[:, None] - codes) ** 2).sum(axis=2).astype(float)
    np.fill_diagonal(distances, np.inf)
    return np.mean((labels[np.argsort(distances, axis=1)[:, :k]] == labels[:, None]).any(axis=1))


def by_both_hints(codes, labels, k):
    distances = ((codes[:, np.newaxis] - codes) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, np.newaxis])


def with_a_large_number(codes, labels, k):
    distances = ((codes[:, np.newaxis] - codes) ** 2).sum(axis=2)
    np.fill_diagonal(distances, 999)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, np.newaxis])


def city_blocks(codes, labels, k):
    distances = np.abs(codes[:, None] - codes).sum(axis=2).astype(float)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, None])


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes, labels, k: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_precision, Status.RIGHT, "6 of 6"),
        (lambda *given: np.float32(solved_precision(*given)), Status.RIGHT, "6 of 6"),
        (by_both_hints, Status.RIGHT, "6 of 6"),
        (with_a_large_number, Status.WRONG, "far apart"),
        (finds_itself, Status.WRONG, "other values"),
        (first_one_left_out, Status.WRONG, "the same code twice"),
        (one_neighbour_more, Status.WRONG, "two pairs"),
        (any_hit, Status.WRONG, "k = 2"),
        (city_blocks, Status.WRONG, "two columns"),
        (lambda codes, labels, k: 1.0, Status.WRONG, "k = 2"),
        (lambda codes, labels, k: print(k), Status.RETURNED_NONE, "return"),
        (lambda codes, labels, k: codes.near, Status.RAISED, "AttributeError"),
    ],
)
def test_precision_at_k(attempt, status, text):
    assert_judged(check.precision_at_k, attempt, status, text)
