"""The checks of *Use codes as features* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_judged
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import zscore
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from course_utils import features
from course_utils.checks import TODO, Status
from course_utils.checks import codes_as_features as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (8, Status.RIGHT, "each adds"),
        (8.0, Status.RIGHT, "each adds"),
        (np.array(8), Status.RIGHT, "each adds"),
        (np.float32(8), Status.RIGHT, "each adds"),
        (Fraction(16, 2), Status.RIGHT, "each adds"),
        (Decimal("8"), Status.RIGHT, "each adds"),
        (104, Status.WRONG, "before the columns"),
        (8**0.5, Status.WRONG, "its square"),
        (2.83, Status.WRONG, "its square"),
        (4, Status.WRONG, "one column alone"),
        (2, Status.WRONG, "range"),
        (6, Status.WRONG, "n - 1"),
        (7, Status.WRONG, "standard deviation"),
        (16, Status.WRONG, "standard deviation"),
        ("8", Status.WRONG, "text"),
        ([2, 2], Status.WRONG, "single number"),
        (True, Status.WRONG, "no number"),
    ],
)
def test_predict_distance(answer, status, text):
    assert_judged(check.predict_distance, answer, status, text)


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
        (0.7, Status.RIGHT, "differences are all above 0"),
        (2 - 3.18 * (2 / 3) ** 0.5 / 2, Status.RIGHT, "differences are all above 0"),
        (2 - 3.1824463 / 6**0.5, Status.RIGHT, "differences are all above 0"),
        (2 - 3.18 * np.std([1, 3, 2, 2], ddof=1) / 4**0.5, Status.RIGHT, "0.7"),
        (np.float32(0.7), Status.RIGHT, "0.7"),
        (Fraction(7, 10), Status.RIGHT, "0.7"),
        (Decimal("0.7"), Status.RIGHT, "0.7"),
        (np.array(0.70), Status.RIGHT, "0.7"),
        (features.mean_interval([1, 3, 2, 2])[0], Status.RIGHT, "0.7"),
        (2, Status.WRONG, "mean gain"),
        (3.3, Status.WRONG, "upper end"),
        (1.3, Status.WRONG, "half of the width"),
        (0.9, Status.WRONG, "n - 1 = 3"),
        (0.8753, Status.WRONG, "n - 1 = 3"),
        (1.2, Status.WRONG, "1.96"),
        (-0.6, Status.WRONG, "the root of n = 4"),
        (-5.1, Status.WRONG, "the same for both"),
        (1.35, Status.WRONG, "divide it by the root"),
        (66.3, Status.WRONG, "AE alone"),
        (63.6, Status.WRONG, "PCA alone"),
        (-3.3, Status.WRONG, "PCA minus AE"),
        (0, Status.WRONG, "3.18"),
        ((0.7, 3.3), Status.WRONG, "single number"),
        ("0.7", Status.WRONG, "text"),
        (0.007, Status.WRONG, "3.18"),
    ],
)
def test_predict_interval(answer, status, text):
    assert_judged(check.predict_interval, answer, status, text)


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
            )
        ),
        (by_tiny_spread(1e-7), Status.WRONG, "all values are equal"),
        (by_tiny_spread(1e-12), Status.WRONG, "in whatever unit"),
        (by_tiny_spread(0.1), Status.WRONG, "all values are equal"),
        (by_a_little_more, Status.WRONG, "case"),
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


def solved_precision(codes, labels, k):
    hits = 0
    for row, code in enumerate(codes):
        others = [other for other in range(len(codes)) if other != row]
        others.sort(key=lambda other: np.sum((codes[other] - code) ** 2))
        hits += sum(labels[other] == labels[row] for other in others[:k])
    return hits / (len(codes) * k)


def by_both_hints(codes, labels, k, diagonal=np.inf):
    distances = ((codes[:, np.newaxis] - codes) ** 2).sum(axis=2)
    np.fill_diagonal(distances, diagonal)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, np.newaxis])


def by_cdist(codes, labels, k):
    distances = cdist(codes, codes)
    np.fill_diagonal(distances, np.inf)
    return float((labels[distances.argsort(kind="stable")[:, :k]] == labels[:, None]).mean())


def by_pdist(codes, labels, k):
    distances = squareform(pdist(codes, "sqeuclidean")) + np.diag(np.full(len(codes), np.inf))
    nearest = np.argsort(np.nan_to_num(distances, nan=0.0), axis=1, kind="mergesort")[:, :k]
    return (labels[nearest] == labels[:, None]).sum() / nearest.size


def by_products(codes, labels, k):
    squares = (codes**2).sum(1)
    distances = squares[:, None] - 2 * codes @ codes.T + squares
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, 1, kind="stable")[:, :k]
    return np.equal(labels[nearest], labels[:, None]).mean(axis=1).mean()


def by_pairs(codes, labels, k):
    shares = []
    for i in range(len(codes)):
        ranked = sorted(
            (sum((a - b) ** 2 for a, b in zip(codes[i], codes[j], strict=True)), j)
            for j in range(len(codes))
            if j != i
        )
        shares.append(Fraction(sum(int(labels[j] == labels[i]) for _, j in ranked[:k]), k))
    return sum(shares) / len(shares)


def by_lexsort(codes, labels, k):
    total = 0
    for i in range(len(codes)):
        squares = ((codes - codes[i]) ** 2).sum(axis=1)
        order = np.lexsort((np.arange(len(codes)), squares))
        order = order[order != i][:k]
        total += np.count_nonzero(labels[order] == labels[i])
    return total / len(codes) / k


def by_frame(codes, labels, k):
    shares = []
    for i, code in enumerate(codes):
        far = pd.Series(np.linalg.norm(codes - code, axis=1)).drop(i)
        shares.append(np.mean(labels[far.sort_values(kind="stable").index[:k]] == labels[i]))
    return np.mean(shares)


def by_deleting(codes, labels, k):
    hits = []
    for i in range(len(codes)):
        rest, names = np.delete(codes, i, axis=0), np.delete(labels, i)
        order = np.argsort(np.sum((rest - codes[i]) ** 2, axis=-1), kind="stable")
        hits.extend(names[order[:k]] == labels[i])
    return np.array(hits).mean()


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


def majority(codes, labels, k):
    distances = cdist(codes, codes)
    np.fill_diagonal(distances, np.inf)
    nearest = labels[np.argsort(distances, axis=1, kind="stable")[:, :k]]
    return np.mean([np.median(row) == label for row, label in zip(nearest, labels, strict=True)])


def city_blocks(codes, labels, k):
    distances = np.abs(codes[:, None] - codes).sum(axis=2).astype(float)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, None])


def cosines(codes, labels, k):
    unit = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-300)
    distances = -unit @ unit.T
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, None])


def unstable(codes, labels, k):
    distances = ((codes[:, None] - codes) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.mean(labels[np.argsort(distances, axis=1)[:, :k]] == labels[:, None])


def by_partition(codes, labels, k):
    distances = ((codes[:, None] - codes) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
    return np.mean(labels[nearest] == labels[:, None])


def higher_row_first(codes, labels, k):
    distances = ((codes[:, None] - codes) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = len(codes) - 1 - np.argsort(distances[:, ::-1], axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, None])


def without_copies(codes, labels, k):
    distances = ((codes[:, None] - codes) ** 2).sum(axis=2)
    distances[np.isclose(distances, 0)] = np.inf
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.mean(labels[nearest] == labels[:, None])


def rounded(codes, labels, k):
    return by_both_hints(np.round(codes, 6), labels, k)


def in_percent(codes, labels, k):
    return 100 * solved_precision(codes, labels, k)


def by_ready_made(codes, labels, k):
    rows = NearestNeighbors(n_neighbors=k).fit(codes).kneighbors(return_distance=False)
    return np.mean(labels[rows] == labels[:, None])


def by_tree(codes, labels, k):
    rows = KDTree(codes).query(codes, k + 1)[1][:, 1:]
    return np.mean(labels[rows] == labels[:, None])


def by_the_course(codes, labels, k):
    rows = features.nearest_rows(codes, codes, k + 1)[:, 1:]
    return np.mean(labels[rows] == labels[:, None])


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes, labels, k: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        *(
            (right, Status.RIGHT, "8 of 8")
            for right in (
                solved_precision,
                by_both_hints,
                by_cdist,
                by_pdist,
                by_products,
                by_pairs,
                by_lexsort,
                by_frame,
                by_deleting,
                lambda *given: np.float32(solved_precision(*given)),
                lambda *given: np.array(solved_precision(*given)),
            )
        ),
        (lambda *given: by_both_hints(*given, diagonal=999), Status.WRONG, "far apart"),
        (lambda *given: by_both_hints(*given, diagonal=1e12), Status.WRONG, "unit"),
        (finds_itself, Status.WRONG, "other values"),
        (first_one_left_out, Status.WRONG, "the same code twice"),
        (one_neighbour_more, Status.WRONG, "two pairs"),
        (any_hit, Status.WRONG, "k = 2"),
        (majority, Status.WRONG, "k = 2"),
        (city_blocks, Status.WRONG, "two columns"),
        (cosines, Status.WRONG, "case"),
        (unstable, Status.WRONG, "not stable"),
        (by_partition, Status.WRONG, "argpartition"),
        (higher_row_first, Status.WRONG, "case"),
        (without_copies, Status.WRONG, "case"),
        (rounded, Status.WRONG, "do not round"),
        (in_percent, Status.WRONG, "two pairs"),
        (by_ready_made, Status.WRONG, "NearestNeighbors"),
        (by_tree, Status.WRONG, "KDTree"),
        (by_the_course, Status.WRONG, "nearest_rows"),
        (lambda codes, labels, k: 1.0, Status.WRONG, "k = 2"),
        (lambda codes, labels, k: print(k), Status.RETURNED_NONE, "return"),
        (lambda codes, labels, k: codes.near, Status.RAISED, "AttributeError"),
    ],
)
def test_precision_at_k(attempt, status, text):
    assert_judged(check.precision_at_k, attempt, status, text)
