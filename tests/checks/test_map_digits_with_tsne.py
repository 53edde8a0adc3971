"""The checks of *Map digits with t-SNE* catch what learners get wrong."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.special import entr, xlogy
from scipy.stats import entropy
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from course_utils import metrics
from course_utils.checks import TODO, Status, codes_in_two_dimensions
from course_utils.checks import map_digits_with_tsne as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (2**1.5, Status.RIGHT, "1.5 bits"),
        (2 * np.sqrt(2), Status.RIGHT, "1.5 bits"),
        (np.float32(2.828427), Status.RIGHT, "1.5 bits"),
        (np.array(8) ** 0.5, Status.RIGHT, "1.5 bits"),
        (2.83, Status.RIGHT, "1.5 bits"),
        (2.828, Status.RIGHT, "1.5 bits"),
        (Decimal("2.83"), Status.RIGHT, "1.5 bits"),
        (Fraction(283, 100), Status.RIGHT, "1.5 bits"),
        (np.exp2(1.5), Status.RIGHT, "1.5 bits"),
        (math.exp(entropy([2, 1, 1])), Status.RIGHT, "1.5 bits"),
        (1 / math.prod(p**p for p in (0.5, 0.25, 0.25)), Status.RIGHT, "1.5 bits"),
        (np.float16(2.828), Status.RIGHT, "1.5 bits"),
        (0.354, Status.WRONG, "not negative"),
        (2.25, Status.WRONG, "yes and no"),
        (-2.83, Status.WRONG, "yes and no"),
        ([2.83], Status.WRONG, "single number"),
        (np.nan, Status.WRONG, ""),
        (1.5, Status.WRONG, "entropy in bits"),
        (3, Status.WRONG, "count alike"),
        (2**1.0397, Status.WRONG, "nats"),
        (np.exp(1.5), Status.WRONG, "e to the power"),
        (1.04, Status.WRONG, "nats"),
        (8 / 3, Status.WRONG, "sum of squares"),
        (2**-1.5, Status.WRONG, "not negative"),
        (2, Status.WRONG, "turned over"),
        (2.8, Status.WRONG, "rounded"),
        (4, Status.WRONG, "yes and no"),
        ("2.83", Status.WRONG, "without quotes"),
    ],
)
def test_predict_perplexity(answer, status, text):
    assert_judged(check.predict_perplexity, answer, status, text)


def perplexity_of_selected(p):
    some = p[p > 0]
    return 2 ** -np.sum(some * np.log2(some))


def perplexity_in_nats(p):
    some = p[p != 0]
    return np.exp(-(some * np.log(some)).sum())


def perplexity_by_loop(p):
    bits = 0.0
    for share in p:
        if share > 0:
            bits -= share * np.log2(share)
    return 2.0**bits


def perplexity_with_where(p):
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    return float(2 ** (-p @ logs))


def perplexity_with_nansum(p):
    return 2 ** -np.nansum(p * np.log2(p))  # NumPy warns, and the result is right


def perplexity_by_scipy(p):
    return 2 ** entropy(p, base=2)


def perplexity_as_product(p):
    some = p[p > 0]
    return 1 / np.prod(some**some)


def perplexity_by_python(p):
    return 2 ** math.fsum(-share * math.log2(share) for share in p.tolist() if share)


def perplexity_by_xlogy(p):
    return np.array(np.exp(-xlogy(p, p).sum()))


def perplexity_by_special(p):
    return np.exp(entr(p).sum())


def perplexity_of_sorted(p):
    some = np.trim_zeros(np.sort(p))
    return np.float64(np.exp2(np.dot(some, np.log2(1 / some))))


def perplexity_by_frame(p):
    column = pd.Series(p).replace(0, np.nan).dropna()
    return 2 ** -(column * np.log2(column)).sum()


def perplexity_in_half_precision(p):
    some = p[p > 0].astype(np.float16)
    return float(2 ** -np.sum(some * np.log2(some)))


def perplexity_of_ones(p):
    return 2 ** -np.sum(p * np.log2(np.where(p == 0, 1, p)))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda p: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (perplexity_of_selected, Status.RIGHT, "6 of 6"),
        (perplexity_by_loop, Status.RIGHT, "6 of 6"),
        (perplexity_in_nats, Status.RIGHT, "6 of 6"),
        (perplexity_with_where, Status.RIGHT, "6 of 6"),
        (perplexity_with_nansum, Status.RIGHT, "fine"),
        (perplexity_by_scipy, Status.RIGHT, "6 of 6"),
        (perplexity_as_product, Status.RIGHT, "6 of 6"),
        (perplexity_of_ones, Status.RIGHT, "6 of 6"),
        (perplexity_by_python, Status.RIGHT, "6 of 6"),
        (perplexity_by_xlogy, Status.RIGHT, "6 of 6"),
        (perplexity_by_special, Status.RIGHT, "6 of 6"),
        (perplexity_of_sorted, Status.RIGHT, "6 of 6"),
        (perplexity_by_frame, Status.RIGHT, "6 of 6"),
        (perplexity_in_half_precision, Status.WRONG, "case"),
        (lambda p: 2 ** -np.sum(p * np.log(p)), Status.WRONG, "base 2"),
        (lambda p: 2 ** -np.sum(p * np.log2(p)), Status.WRONG, "zeros out"),
        (lambda p: np.exp(-np.sum(p * np.log(p))), Status.WRONG, "one for sure"),
        (lambda p: 2 ** -np.sum(p * np.log2(p + 1e-10)), Status.WRONG, "one strong"),
        (lambda p: 2 ** -np.sum(p * np.log2(p.clip(1e-3))), Status.WRONG, "not what is small"),
        (
            lambda p: 2 ** -np.sum(p[p > 1e-6] * np.log2(p[p > 1e-6])),
            Status.WRONG,
            "not what is small",
        ),
        (lambda p: -np.sum(p[p > 0] * np.log2(p[p > 0])), Status.WRONG, "four alike"),
        (lambda p: 2 ** np.sum(p[p > 0] * np.log2(p[p > 0])), Status.WRONG, "four alike"),
        (lambda p: 2 ** -np.mean(p[p > 0] * np.log2(p[p > 0])), Status.WRONG, "four alike"),
        (lambda p: 1 / np.sum(p**2), Status.WRONG, "a half and two quarters"),
        (lambda p: float(np.sum(p > 0)), Status.WRONG, "a half and two quarters"),
        (lambda p: round(perplexity_of_selected(p), 2), Status.WRONG, "a half and two"),
        (lambda p: round(perplexity_of_selected(p)), Status.WRONG, "a half and two"),
        (lambda p: 1 / p.max(), Status.WRONG, "a half and two quarters"),
        (lambda p: 4.0, Status.WRONG, "a half and two quarters"),
        (lambda p: {4: 4.0, 3: 2**1.5, 1: 1.0}[len(p)], Status.WRONG, "one for sure"),
        (lambda p: print(p), Status.RETURNED_NONE, "return"),
        (lambda p: p.entropy, Status.RAISED, "AttributeError"),
    ],
)
def test_perplexity(attempt, status, text):
    assert_judged(check.perplexity, attempt, status, text)


def squares(points):
    return np.square(points[:, np.newaxis] - points).sum(axis=2).astype(float)


def nearest_other(points):
    distances = squares(points)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def solved_share(x, codes):
    return float(np.mean(nearest_other(x) == nearest_other(codes)))


def share_by_loop(x, codes):
    def nearest(points, i):
        others = [j for j in range(len(points)) if j != i]
        return min(others, key=lambda j: np.linalg.norm(points[i] - points[j]))

    return sum(nearest(x, i) == nearest(codes, i) for i in range(len(x))) / len(x)


def share_by_cdist(x, codes):
    def nearest(points):
        return (cdist(points, points) + np.diag([np.inf] * len(points))).argmin(axis=1)

    return np.mean(nearest(x) == nearest(codes))


def share_by_pdist(x, codes):
    found = []
    for points in (x, codes):
        distances = squareform(pdist(points))
        distances[np.eye(len(points), dtype=bool)] = np.inf
        found.append(distances.argmin(axis=0))
    return np.equal(*found).mean()


def share_by_second_smallest(x, codes):  # no two distances are equal, so it is right
    rank = [np.argsort(squares(points), axis=1)[:, 1] for points in (x, codes)]
    return float(np.mean(rank[0] == rank[1]))


def share_by_complex_numbers(x, codes):
    kept = 0
    for i in range(len(x)):
        rest = np.delete(np.arange(len(x)), i)
        first = rest[np.abs(x[rest] - x[i]).astype(complex).__pow__(2).real.sum(1).argmin()]
        second = rest[((codes[rest] - codes[i]) ** 2).sum(1).argmin()]
        kept += int(first == second)
    return Fraction(kept, len(x))


def share_by_pairwise(x, codes):
    first, second = pairwise_distances(x), pairwise_distances(codes)
    for distances in (first, second):
        np.fill_diagonal(distances, np.nan)
    return float((np.nanargmin(first, 1) == np.nanargmin(second, 1)).mean())


def share_by_einsum(x, codes):
    def nearest(points):
        gaps = points[:, None] - points[None]
        distances = np.einsum("ijk,ijk->ij", gaps, gaps)
        return np.where(np.eye(len(points), dtype=bool), np.inf, distances).argmin(axis=1)

    return np.array((nearest(x) == nearest(codes)).mean())


def share_by_masks(x, codes):
    own = np.eye(len(x), dtype=bool)
    first, second = (np.ma.array(squares(points), mask=own).argmin(axis=1) for points in (x, codes))
    return np.count_nonzero(first == second) / len(x)


def share_by_python(x, codes):
    def nearest(points, i):
        rest = [(math.dist(points[i], points[j]), j) for j in range(len(points)) if j != i]
        return min(rest)[1]

    x, codes = x.tolist(), codes.tolist()
    return sum(nearest(x, i) == nearest(codes, i) for i in range(len(x))) / len(x)


def share_by_frames(x, codes):
    found = [
        pd.DataFrame(squares(points)).mask(np.eye(len(points), dtype=bool)).idxmin(axis=1)
        for points in (x, codes)
    ]
    return (found[0] == found[1]).mean()


def share_by_partition(x, codes):
    near = [np.argpartition(squares(points), 1, axis=1)[:, 1] for points in (x, codes)]
    return np.float64(np.mean(near[0] == near[1]))


def share_with_itself(x, codes):
    return float(np.mean(squares(x).argmin(axis=1) == squares(codes).argmin(axis=1)))


def share_of_equal_distances(x, codes):
    return float(np.mean(squares(x).min(axis=1) == squares(codes).min(axis=1)))


def share_up_to(limit):
    def share(x, codes):
        found = []
        for points in (x, codes):
            distances = squares(points)
            np.fill_diagonal(distances, limit)
            found.append(distances.argmin(axis=1))
        return float(np.mean(found[0] == found[1]))

    return share


def share_by(metric):
    def share(x, codes):
        found = []
        for points in (x, codes):
            distances = cdist(points, points, metric)
            np.fill_diagonal(distances, np.inf)
            found.append(distances.argmin(axis=1))
        return float(np.mean(found[0] == found[1]))

    return share


def share_by_library(x, codes):
    found = [
        NearestNeighbors(n_neighbors=1).fit(points).kneighbors(return_distance=False)
        for points in (x, codes)
    ]
    return float(np.mean(found[0] == found[1]))


def share_by_tree(x, codes):
    found = [KDTree(points).query(points, 2)[1][:, 1] for points in (x, codes)]
    return float(np.mean(found[0] == found[1]))


def share_that_writes(x, codes):
    codes -= codes.mean(axis=0)
    return solved_share(x, codes)


def share_of_neighbours_in_order(x, codes):
    near = [np.argsort(squares(points), axis=1)[:, :2] for points in (x, codes)]
    return float(np.mean(near[0] == near[1]))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda x, codes: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_share, Status.RIGHT, "7 of 7"),
        (share_by_loop, Status.RIGHT, "7 of 7"),
        (share_by_cdist, Status.RIGHT, "7 of 7"),
        (share_by_pdist, Status.RIGHT, "7 of 7"),
        (share_by_second_smallest, Status.RIGHT, "7 of 7"),
        (share_by_complex_numbers, Status.RIGHT, "7 of 7"),
        (share_by_pairwise, Status.RIGHT, "7 of 7"),
        (share_by_einsum, Status.RIGHT, "7 of 7"),
        (share_by_masks, Status.RIGHT, "7 of 7"),
        (share_by_python, Status.RIGHT, "7 of 7"),
        (share_by_frames, Status.RIGHT, "7 of 7"),
        (share_by_partition, Status.RIGHT, "7 of 7"),
        (share_with_itself, Status.WRONG, "two points change places"),
        (share_of_equal_distances, Status.WRONG, "not distances"),
        (lambda x, codes: solved_share(x[:, :1], codes[:, :1]), Status.WRONG, "three pixels"),
        (lambda x, codes: solved_share(x[:, :2], codes[:, :2]), Status.WRONG, "in general"),
        (lambda x, codes: solved_share(codes, codes), Status.WRONG, "two points change"),
        (lambda x, codes: 1 - solved_share(x, codes), Status.WRONG, "ten times as large"),
        (lambda x, codes: solved_share(x, codes) * len(x), Status.WRONG, "from 0 to 1"),
        (share_up_to(9999), Status.WRONG, "far apart"),
        (share_up_to(1e6), Status.WRONG, "far apart"),
        (share_up_to(1e12), Status.WRONG, "far apart"),
        (share_by("cityblock"), Status.WRONG, "add squares"),
        (share_by("chebyshev"), Status.WRONG, "nor the largest"),
        (share_by("cosine"), Status.WRONG, "case"),
        (share_by_library, Status.WRONG, "write it yourself"),
        (share_by_tree, Status.WRONG, "write it yourself"),
        (share_that_writes, Status.WRONG, "input was changed"),
        (share_of_neighbours_in_order, Status.WRONG, "two points change"),
        (lambda x, codes: 0.5, Status.WRONG, "ten times as large"),
        (lambda x, codes: print(x), Status.RETURNED_NONE, "return"),
        (lambda x, codes: x.nearest, Status.RAISED, "AttributeError"),
    ],
)
def test_share_kept(attempt, status, text):
    assert_judged(check.share_kept, attempt, status, text)


def test_share_kept_is_found_where_the_first_edition_had_it():
    assert codes_in_two_dimensions.share_kept is check.share_kept


GROUPS = [[i, height] for height in (0, 100) for i in range(4)]
FLAT = [[i] for i, _ in GROUPS]
THREE = [[i, height] for height in (0, 50, 100) for i in range(4)]


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        ((TODO, TODO), Status.NOT_ATTEMPTED, "not attempted"),
        ((TODO, FLAT), Status.NOT_ATTEMPTED, "one input"),
        ((None, FLAT), Status.RETURNED_NONE, "TODO"),
        ((GROUPS, FLAT), Status.RIGHT, "broken"),
        ((np.array(GROUPS), np.array(FLAT)), Status.RIGHT, "continuity 0.708"),
        ((pd.DataFrame(GROUPS), pd.DataFrame(FLAT)), Status.RIGHT, "broken"),
        ((np.array(GROUPS) * 1e-9, np.array(FLAT) * 1e9), Status.RIGHT, "broken"),
        ((THREE, [[i] for i, _ in THREE]), Status.WRONG, "less than 0.2"),
        ((GROUPS, [[i, 0] for i, _ in GROUPS]), Status.RIGHT, "broken"),
        ((GROUPS, [[i + h / 1000] for i, h in GROUPS]), Status.RIGHT, "broken"),
        (([[*point, 0] for point in GROUPS], FLAT), Status.RIGHT, "broken"),
        ((np.array(GROUPS, dtype=np.uint8), np.array(FLAT, dtype=np.int8)), Status.RIGHT, "broken"),
        (([tuple(point) for point in GROUPS], tuple(map(tuple, FLAT))), Status.RIGHT, "broken"),
        (([[i, -h] for i, h in GROUPS], [[-i] for i, _ in GROUPS]), Status.RIGHT, "broken"),
        (([[Fraction(i, 3), h] for i, h in GROUPS], FLAT), Status.RIGHT, "broken"),
        ((np.array(GROUPS) + 1000.0, [[7 - i, 5] for i, _ in GROUPS]), Status.RIGHT, "broken"),
        ((GROUPS, GROUPS), Status.WRONG, "trustworthiness 1.000"),
        ((FLAT, GROUPS), Status.WRONG, "throw one on top"),
        ((THREE, [[h] for _, h in THREE]), Status.WRONG, "less than 0.2"),
        (([[0], [1], [3], [7], [9]], [[0], [1], [7], [3], [9]]), Status.WRONG, "less than 0.2"),
        ((GROUPS[:4], FLAT[:4]), Status.WRONG, "5 to 12 points"),
        ((GROUPS, FLAT[:7]), Status.WRONG, "same 5 to 12"),
        ((GROUPS * 2, FLAT * 2), Status.WRONG, "5 to 12"),
        ((GROUPS, [i for i, _ in GROUPS]), Status.WRONG, "tables"),
        ((GROUPS, [[i, i, i] for i, _ in GROUPS]), Status.WRONG, "one or two"),
        (([[1] * 4] * 5, [[1]] * 5), Status.WRONG, "one to three"),
        ((GROUPS, [[np.nan]] * 8), Status.WRONG, "finite"),
        ((GROUPS, [[np.inf]] * 8), Status.WRONG, "finite"),
        (([[0, 1], [2]] * 4, FLAT), Status.WRONG, "not a legal input"),
        (("a map", FLAT), Status.WRONG, "not a legal input"),
        (([["0", "1"]] * 8, FLAT), Status.WRONG, "quotes"),
        (([[0.0, 0.0]] * 8, FLAT), Status.WRONG, "scores"),
    ],
)
def test_break_one_score(answer, status, text):
    assert_judged(check.break_one_score, answer, status, text)


def test_the_claim_of_the_exercise_on_one_score():
    above = metrics.continuity(GROUPS, FLAT, k=1) - metrics.trustworthiness(GROUPS, FLAT, k=1)
    assert above >= 0.2
