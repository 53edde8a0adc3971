"""The checks of *Draw digits in two dimensions* catch what learners get wrong."""

import itertools
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged
from scipy import sparse
from scipy.spatial.distance import cdist
from scipy.stats import binom
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from course_utils import metrics
from course_utils.checks import TODO, Status
from course_utils.checks import codes_in_two_dimensions as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (1 - (15 / 16) ** 2, Status.RIGHT, "15/16"),
        (31 / 256, Status.RIGHT, "1/16"),
        (np.float64(31 / 256), Status.RIGHT, "1/16"),
        (1 / 16, Status.WRONG, "there are two of them"),
        (1 / 8, Status.WRONG, "twice"),
        (1 / 256, Status.WRONG, "both units are dead"),
        ((15 / 16) ** 2, Status.WRONG, "both units live"),
        (1 - 0.5**8, Status.WRONG, "a unit lives if"),
        (1 - (1 - 1 / 2**4) * (1 - 1 / 2**4), Status.RIGHT, "1/16"),
        (Fraction(31, 256), Status.RIGHT, "1/16"),
        (np.array(0.12109375), Status.RIGHT, "1/16"),
        (1 / 16 + 1 / 16 - 1 / 256, Status.RIGHT, "1/16"),
        (Decimal(31) / 256, Status.RIGHT, "1/16"),
        (binom.sf(0, 2, 1 / 16), Status.RIGHT, "1/16"),
        (np.float32(31 / 256), Status.RIGHT, "1/16"),
        (-np.expm1(2 * np.log1p(-1 / 16)), Status.RIGHT, "1/16"),
        (np.mean([a == 0 or b == 0 for a in range(16) for b in range(16)]), Status.RIGHT, "1/16"),
        (0.33, Status.WRONG, "four coins"),
        (1 - 31 / 256, Status.WRONG, "both units live"),
        (np.nan, Status.WRONG, ""),
        (15 / 128, Status.WRONG, "exactly one"),
        (12.109375, Status.WRONG, "100 times"),
        (0.5, Status.WRONG, "four coins"),
        (31, Status.WRONG, "four coins"),
        ("31/256", Status.WRONG, "without quotes"),
        ([31 / 256], Status.WRONG, "single number"),
        (True, Status.WRONG, "no number"),
        (0.121, Status.WRONG, "rounded"),
        (0.25, Status.WRONG, "four coins"),
    ],
)
def test_predict_dead(answer, status, text):
    assert_judged(check.predict_dead, answer, status, text)


ONE, LARGER = [[1.0, 5.0], [2.0, 6.0]], [1.0, -1.0]


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        ((TODO, TODO), Status.NOT_ATTEMPTED, "not attempted"),
        ((ONE, TODO), Status.NOT_ATTEMPTED, "one input"),
        ((None, LARGER), Status.RETURNED_NONE, "TODO"),
        ((ONE, LARGER), Status.RIGHT, "broken"),
        ((np.array(ONE), np.array(LARGER)), Status.RIGHT, "broken"),
        (([[0, 1], [1, 2], [2, 4]], (1, -1)), Status.RIGHT, "broken"),
        ((pd.DataFrame(ONE), pd.Series(LARGER)), Status.RIGHT, "broken"),
        (([[0.1, 0.3], [0.2, 0.6]], [3, -1]), Status.RIGHT, "broken"),  # 0, as on paper
        (([[1e-9, 1.0], [2e-9, 2.0]], [1.0, -1e-6]), Status.RIGHT, "broken"),
        (([[1e9, 1e12], [2e9, 2e12]], [1.0, -1.0]), Status.RIGHT, "broken"),
        (([[1, 0], [0, 1]], [1, 1]), Status.RIGHT, "broken"),  # 1 in both rows says nothing
        (([[1, 5, 7], [2, 6, 0]], [1, -1, 0]), Status.RIGHT, "broken"),
        (([[1, Fraction(5)], [2, 6]], [Fraction(1, 2), -1]), Status.RIGHT, "broken"),
        (([[5, 1], [6, 2]], [1, -1]), Status.RIGHT, "broken"),  # 4 in both rows
        ((np.array(ONE, dtype=np.uint8), np.array([1, -1], dtype=np.int8)), Status.RIGHT, "broken"),
        (([[i, 10 * i] for i in range(10)], [9, -1]), Status.RIGHT, "broken"),
        (([[5, 1], [6, 1.5]], [1, -1]), Status.WRONG, "survives"),
        (([[1, 5], [6, 2]], [1, -1]), Status.WRONG, "answers"),
        ((ONE, [-1, -1]), Status.WRONG, "one weight at least"),
        ((ONE, [0, -1]), Status.WRONG, "one weight at least"),
        (([[-1, 5], [2, 6]], LARGER), Status.WRONG, "none of them is negative"),
        (([[0, 5], [0, 6]], LARGER), Status.WRONG, "column 0"),
        (([[1, 5], [2, 5]], LARGER), Status.WRONG, "column 1"),
        (([[1, 5]], LARGER), Status.WRONG, "two to ten"),
        (([[1, 5], [2, 6]] * 6, LARGER), Status.WRONG, "two to ten"),
        (([1, 5], LARGER), Status.WRONG, "table"),
        ((ONE, [1, -1, 0]), Status.WRONG, "one number for each column"),
        ((ONE, [[1], [-1]]), Status.WRONG, "one number for each column"),
        ((ONE, [np.inf, -1]), Status.WRONG, "finite"),
        (([[np.nan, 5], [2, 6]], LARGER), Status.WRONG, "finite"),
        (([[1, 5], [2]], LARGER), Status.WRONG, "not a legal input"),
        (([["1", "5"], ["2", "6"]], LARGER), Status.WRONG, "quotes"),
        ((ONE, "1, -1"), Status.WRONG, "not a legal input"),
    ],
)
def test_break_positive_weight(answer, status, text):
    assert_judged(check.break_positive_weight, answer, status, text)


@pytest.mark.parametrize(
    ("codes", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([[1.0, 0.0], [-1.0, 2.0]], Status.RIGHT, "broken"),
        (np.array([[1, 5], [-1, 5]]), Status.RIGHT, "broken"),
        ([[2.0, 1.0], [2.0, 0.0]], Status.RIGHT, "broken"),  # stuck at another value
        ([[0.1, 1], [0.2, 2], [-0.3, 3]], Status.RIGHT, "broken"),  # 0 on paper
        (pd.DataFrame([[1, 0], [-1, 2]]), Status.RIGHT, "broken"),
        (((1, Fraction(1, 3)), (-1, Fraction(2, 3))), Status.RIGHT, "broken"),
        ([[1e-12, 3], [-1e-12, 4]], Status.RIGHT, "broken"),
        ([[1, 0]] * 10, Status.RIGHT, "broken"),
        (np.eye(2) - 0.5, Status.RIGHT, "broken"),
        ([[Decimal("0.5"), 1], [Decimal("-0.5"), 2]], Status.RIGHT, "broken"),
        (np.array([[3, 3], [3, 3]], dtype=np.uint8), Status.RIGHT, "broken"),
        ([[7, 1], [7, -1], [7, 0]], Status.RIGHT, "broken"),
        ([[1.0, 0.0], [2.0, 0.0]], Status.WRONG, "survives"),
        ([[0.0, 0.0], [0.0, 0.0]], Status.WRONG, "survives"),
        ([[-1.0, 0.0], [-2.0, 0.0]], Status.WRONG, "survives"),
        ([[0.1, 1], [0.2, 2], [-0.29, 3]], Status.WRONG, "which column is stuck"),
        ([[1.0, 0.0]], Status.WRONG, "not a legal input"),
        ([[1.0, 0.0]] * 11, Status.WRONG, "two to ten"),
        ([1.0, -1.0], Status.WRONG, "not a legal input"),
        ([[1.0, np.nan], [1.0, 0.0]], Status.WRONG, "finite"),
        ([[1.0, np.inf], [-1.0, 0.0]], Status.WRONG, "finite"),
        ([[1.0], [-1.0]], Status.WRONG, "two numbers"),
        ([[1, 2, 3], [-1, 2, 3]], Status.WRONG, "two numbers"),
        ("codes", Status.WRONG, "not a legal input"),
    ],
)
def test_break_sum(codes, status, text):
    assert_judged(check.break_sum, codes, status, text)


def squares(points):
    return np.square(points[:, np.newaxis] - points).sum(axis=2).astype(float)


def nearest_other(points):
    distances = squares(points)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def solved_accuracy(codes, labels):
    return float(np.mean(labels[nearest_other(codes)] == labels))


def accuracy_by_loop(codes, labels):
    right = 0
    for i in range(len(codes)):
        others = [j for j in range(len(codes)) if j != i]
        nearest = min(others, key=lambda j: np.linalg.norm(codes[i] - codes[j]))
        right += labels[nearest] == labels[i]
    return np.float32(right / len(codes))


def with_itself(codes, labels):
    return float(np.mean(labels[squares(codes).argmin(axis=1)] == labels))


def second_smallest(codes, labels):
    return float(np.mean(labels[np.argsort(squares(codes), axis=1)[:, 1]] == labels))


def farthest(codes, labels):
    return float(np.mean(labels[squares(codes).argmax(axis=1)] == labels))


def order_of_the_rows(codes, labels):
    before = labels[np.maximum(np.arange(len(labels)) - 1, 0)]
    return float(np.mean(np.where(np.arange(len(labels)) == 0, labels[1], before) == labels))


def zero_is_infinite(codes, labels):
    distances = squares(codes)
    distances[distances == 0] = np.inf  # a copy is a neighbour as well
    return float(np.mean(labels[distances.argmin(axis=1)] == labels))


def by_the_course(codes, labels):
    return metrics.knn_accuracy(codes, labels, k=1)


def by_a_saved_name(codes, labels, score=metrics.knn_accuracy):
    return score(codes, labels, k=1)


def by_neighbours(codes, labels):
    nearest = NearestNeighbors(n_neighbors=1).fit(codes).kneighbors(return_distance=False)
    return float(np.mean(labels[nearest[:, 0]] == labels))


def by_a_classifier(codes, labels):
    rows = np.arange(len(codes))
    right = 0
    for i in rows:
        voters = KNeighborsClassifier(n_neighbors=1).fit(codes[rows != i], labels[rows != i])
        right += voters.predict(codes[[i]])[0] == labels[i]
    return right / len(codes)


def share_of_wrong(codes, labels):
    return 1 - solved_accuracy(codes, labels)


def counted(codes, labels):
    return int(np.sum(labels[nearest_other(codes)] == labels))


def by_distances(metric):
    def accuracy(codes, labels):
        distances = cdist(codes, codes, metric)
        np.fill_diagonal(distances, np.inf)
        return float(np.mean(labels[distances.argmin(axis=1)] == labels))

    return accuracy


def with_a_wall_of(limit):
    def accuracy(codes, labels):
        distances = squares(codes)
        np.fill_diagonal(distances, limit)
        return float(np.mean(labels[distances.argmin(axis=1)] == labels))

    return accuracy


def stable_second(codes, labels):
    order = np.argsort(squares(codes), axis=1, kind="stable")
    first = np.where(order[:, 0] == np.arange(len(codes)), order[:, 1], order[:, 0])
    return (labels[first] == labels).mean()


def without_own_row(codes, labels):
    right = [
        labels[others[np.square(codes[others] - codes[i]).sum(axis=1).argmin()]] == labels[i]
        for i in range(len(codes))
        for others in [np.delete(np.arange(len(codes)), i)]
    ]
    return sum(right) / len(right)


def masked(codes, labels):
    distances = np.ma.array(squares(codes), mask=np.eye(len(codes), dtype=bool))
    return np.mean(labels[distances.argmin(axis=1)] == labels)


def by_matrix_product(codes, labels):
    norms = (codes**2).sum(axis=1)
    distances = norms[:, None] + norms - 2 * codes @ codes.T
    distances[np.diag_indices(len(codes))] = np.nan
    return np.float64((labels[np.nanargmin(distances, axis=1)] == labels).mean())


def by_einsum(codes, labels):
    gap = codes[:, None, :] - codes[None, :, :]
    distances = np.sqrt(np.einsum("ijk,ijk->ij", gap, gap))
    distances = np.where(np.eye(len(codes)) == 1, np.inf, distances)
    return np.array(np.mean(labels[distances.argmin(1)] == labels))


def by_complex_numbers(codes, labels):
    points = codes[:, 0] + 1j * codes[:, 1]
    distances = np.abs(points[:, None] - points)
    np.fill_diagonal(distances, np.inf)
    return sum(int(a == b) for a, b in zip(labels[distances.argmin(1)], labels, strict=True)) / len(
        labels
    )


def by_fractions(codes, labels):
    points = [[Fraction(v) for v in row] for row in codes.tolist()]
    right = 0
    for i, (a, b) in enumerate(points):
        others = [((a - c) ** 2 + (b - d) ** 2, j) for j, (c, d) in enumerate(points) if j != i]
        right += bool(labels[min(others)[1]] == labels[i])
    return Fraction(right, len(points))


def by_frames(codes, labels):
    distances = pd.DataFrame(squares(codes)).mask(np.eye(len(codes), dtype=bool))
    return (labels[distances.idxmin(axis=1).to_numpy()] == labels).mean()


def by_lexsort(codes, labels):
    rows, right = np.arange(len(codes)), []
    for i, row in enumerate(squares(codes)):
        first = next(j for j in np.lexsort((rows, row)) if j != i)
        right.append(labels[first] == labels[i])
    return np.mean(right)


def last_of_ties(codes, labels):
    distances = squares(codes)[:, ::-1].copy()
    rows = np.arange(len(codes))
    distances[rows, len(codes) - 1 - rows] = np.inf
    return float(np.mean(labels[len(codes) - 1 - distances.argmin(axis=1)] == labels))


def that_writes(codes, labels):
    codes -= codes.mean(axis=0)
    return solved_accuracy(codes, labels)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes, labels: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_accuracy, Status.RIGHT, "9 of 9"),
        (accuracy_by_loop, Status.RIGHT, "9 of 9"),
        (by_distances("euclidean"), Status.RIGHT, "9 of 9"),
        (stable_second, Status.RIGHT, "9 of 9"),
        (without_own_row, Status.RIGHT, "9 of 9"),
        (masked, Status.RIGHT, "9 of 9"),
        (by_matrix_product, Status.RIGHT, "9 of 9"),
        (by_einsum, Status.RIGHT, "9 of 9"),
        (by_complex_numbers, Status.RIGHT, "9 of 9"),
        (by_fractions, Status.RIGHT, "9 of 9"),
        (by_frames, Status.RIGHT, "9 of 9"),
        (by_lexsort, Status.RIGHT, "9 of 9"),
        (with_a_wall_of(np.finfo(float).max), Status.RIGHT, "9 of 9"),
        (by_distances("cityblock"), Status.WRONG, "add squares"),
        (by_distances("chebyshev"), Status.WRONG, "nor the largest"),
        (lambda c, labels: solved_accuracy(c[:, :1], labels), Status.WRONG, "a plane"),
        (lambda c, labels: solved_accuracy(c[:, 1:], labels), Status.WRONG, "case"),
        (with_a_wall_of(9999), Status.WRONG, "No finite number"),
        (with_a_wall_of(1e6), Status.WRONG, "No finite number"),
        (with_a_wall_of(1e12), Status.WRONG, "No finite number"),
        (last_of_ties, Status.WRONG, "row"),
        (that_writes, Status.WRONG, "input was changed"),
        (with_itself, Status.WRONG, "two points with two labels"),
        (second_smallest, Status.WRONG, "copies"),
        (zero_is_infinite, Status.WRONG, "copies"),
        (farthest, Status.WRONG, "two pairs"),
        (order_of_the_rows, Status.WRONG, "two pairs"),
        (by_the_course, Status.WRONG, "write it yourself"),
        (by_a_saved_name, Status.WRONG, "write it yourself"),
        (by_neighbours, Status.WRONG, "write it yourself"),
        (by_a_classifier, Status.WRONG, "write it yourself"),
        (share_of_wrong, Status.WRONG, "two points with two labels"),
        (counted, Status.WRONG, "two pairs"),
        (lambda codes, labels: 1.0, Status.WRONG, "two points"),
        (lambda codes, labels: print(codes), Status.RETURNED_NONE, "return"),
        (lambda codes, labels: codes.nearest, Status.RAISED, "AttributeError"),
    ],
)
def test_own_points_accuracy(attempt, status, text):
    assert_judged(check.own_points_accuracy, attempt, status, text)


@pytest.mark.parametrize(
    "library_call", [by_the_course, by_a_saved_name, by_neighbours, by_a_classifier]
)
def test_library_calls_are_right_and_work_again_after_a_check(library_call):
    check.own_points_accuracy.judge(library_call)
    codes, labels = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), np.array([3, 3, 8])
    assert library_call(codes, labels) == pytest.approx(solved_accuracy(codes, labels))


def pairs_by_loop(confusion):
    best, most = (0, 1), -1
    for a in range(len(confusion)):
        for b in range(a + 1, len(confusion)):
            if confusion[a, b] + confusion[b, a] > most:
                best, most = (a, b), confusion[a, b] + confusion[b, a]
    return best


def pairs_by_maximum(confusion):
    pairs = itertools.combinations(range(len(confusion)), 2)
    return max(pairs, key=lambda pair: confusion[pair] + confusion[pair[::-1]])


def pairs_by_triangle(confusion):
    rows, columns = np.triu_indices(len(confusion), 1)
    worst = (confusion[rows, columns] + confusion[columns, rows]).argmax()
    return rows[worst], columns[worst]


def pairs_by_minus_one(confusion):
    both = np.triu(confusion + confusion.T, 1) + np.tril(np.full(confusion.shape, -1))
    return tuple(map(int, divmod(both.argmax(), len(both))))


def pairs_by_sorting(confusion):
    n = len(confusion)
    pairs = [(-confusion[a, b] - confusion[b, a], a, b) for a in range(n) for b in range(a + 1, n)]
    return min(pairs)[1:]


def pairs_by_table(confusion):
    table = pd.DataFrame(confusion + confusion.T).where(
        np.triu(np.ones(confusion.shape, dtype=bool), 1)
    )
    return tuple(int(i) for i in table.stack().idxmax())


def pairs_in_python(confusion):
    table = confusion.tolist()
    count = {(a, b): table[a][b] + table[b][a] for b in range(len(table)) for a in range(b)}
    return min(count, key=lambda pair: (-count[pair], pair))


def pairs_by_counter(confusion):
    count = Counter()
    for (a, b), times in np.ndenumerate(confusion):
        if a != b:
            count[min(a, b), max(a, b)] += int(times)
    most = max(count.values())
    return sorted(pair for pair, times in count.items() if times == most)[0]


def pairs_by_argwhere(confusion):
    both = np.triu(confusion + confusion.T, 1).astype(float)
    both[np.tril_indices(len(both))] = -np.inf
    return tuple(np.argwhere(both == both.max())[0].tolist())


def pairs_by_coo(confusion):
    both = sparse.coo_array(np.triu(confusion + confusion.T + 1, 1))
    first = both.data.argmax()
    return int(both.row[first]), int(both.col[first])


def pairs_by_stable_sort(confusion):
    rows, columns = np.triu_indices(len(confusion), k=1)
    order = np.argsort(-(confusion[rows, columns] + confusion[columns, rows]), kind="stable")
    return np.int64(rows[order[0]]), np.int64(columns[order[0]])


def pairs_by_rows(confusion):
    both = confusion + confusion.T
    best = [int(both[a, a + 1 :].max()) for a in range(len(both) - 1)]
    first = best.index(max(best))
    return first, first + 1 + int(both[first, first + 1 :].argmax())


def pairs_on_the_diagonal(confusion):
    both = confusion + confusion.T
    return tuple(int(i) for i in np.unravel_index(both.argmax(), both.shape))


def pairs_one_way(confusion):
    off = confusion - np.diag(np.diag(confusion))
    return tuple(sorted(int(i) for i in np.unravel_index(off.argmax(), off.shape)))


def pairs_last_of_ties(confusion):
    pairs = list(itertools.combinations(range(len(confusion)), 2))[::-1]
    return max(pairs, key=lambda pair: confusion[pair] + confusion[pair[::-1]])


def pairs_that_write(confusion):
    np.fill_diagonal(confusion, 0)
    return pairs_by_loop(confusion)


def pairs_by_smaller_second(confusion):
    pairs = sorted(itertools.combinations(range(len(confusion)), 2), key=lambda pair: pair[::-1])
    return max(pairs, key=lambda pair: confusion[pair] + confusion[pair[::-1]])


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda confusion: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (pairs_by_loop, Status.RIGHT, "7 of 7"),
        (pairs_by_maximum, Status.RIGHT, "7 of 7"),
        (pairs_by_triangle, Status.RIGHT, "7 of 7"),
        (pairs_by_minus_one, Status.RIGHT, "7 of 7"),
        (pairs_by_sorting, Status.RIGHT, "7 of 7"),
        (pairs_by_table, Status.RIGHT, "7 of 7"),
        (pairs_in_python, Status.RIGHT, "7 of 7"),
        (pairs_by_counter, Status.RIGHT, "7 of 7"),
        (pairs_by_argwhere, Status.RIGHT, "7 of 7"),
        (pairs_by_coo, Status.RIGHT, "7 of 7"),
        (pairs_by_stable_sort, Status.RIGHT, "7 of 7"),
        (pairs_by_rows, Status.RIGHT, "7 of 7"),
        (pairs_on_the_diagonal, Status.WRONG, "no confusion"),
        (pairs_one_way, Status.WRONG, "Add what stands"),
        (lambda c: pairs_by_loop(np.triu(c)), Status.WRONG, "three kinds"),
        (lambda c: pairs_by_loop(np.triu(c)), Status.WRONG, "Count both"),
        (lambda c: pairs_by_loop(c)[::-1], Status.WRONG, "three kinds"),
        (pairs_last_of_ties, Status.WRONG, "Of equal pairs"),
        (pairs_by_smaller_second, Status.WRONG, "in general"),
        (lambda c: tuple(map(float, pairs_by_loop(c))), Status.WRONG, "three kinds"),
        (lambda c: pairs_by_loop(c / c.sum(axis=1, keepdims=True)), Status.WRONG, "case"),
        (lambda c: c[pairs_by_loop(c)], Status.WRONG, "three kinds"),
        (lambda c: 10 * pairs_by_loop(c)[0] + pairs_by_loop(c)[1], Status.WRONG, "three kinds"),
        (lambda c: (0, 2), Status.WRONG, "both directions"),
        (lambda c: (4, 9), Status.WRONG, "three kinds"),
        (lambda c: pairs_by_loop(-c), Status.WRONG, "three kinds"),
        (lambda c: pairs_by_loop(c * c.T), Status.WRONG, "case"),
        (lambda c: pairs_by_loop(np.abs(c - c.T)), Status.WRONG, "case"),
        (lambda c: pairs_by_loop(c.astype(np.float32)), Status.WRONG, "single precision"),
        (pairs_that_write, Status.WRONG, "input was changed"),
        (lambda c: print(c), Status.RETURNED_NONE, "return"),
        (lambda c: c.worst, Status.RAISED, "AttributeError"),
    ],
)
def test_most_confused(attempt, status, text):
    assert_judged(check.most_confused, attempt, status, text)
