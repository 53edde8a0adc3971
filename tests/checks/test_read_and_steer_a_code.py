"""The checks of *Read and steer a code* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged, assert_right
from scipy import optimize, spatial, stats

from course_utils import reading
from course_utils.checks import TODO, Status
from course_utils.checks import read_and_steer_a_code as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (4 / 7, Status.RIGHT, "rarely on"),
        (Fraction(4, 7), Status.RIGHT, "rarely on"),
        (Decimal("0.57"), Status.RIGHT, "rarely on"),
        (0.5714, Status.RIGHT, "rarely on"),
        (0.57, Status.RIGHT, "rarely on"),
        (np.float32(4 / 7), Status.RIGHT, "rarely on"),
        (np.array(4 / 7), Status.RIGHT, "rarely on"),
        (optimize.brentq(lambda p: p / 3 - (1 / 3 - p / 4), 0.1, 1), Status.RIGHT, "rarely on"),
        (1, Status.WRONG, "its mean costs less"),
        (1.0, Status.WRONG, "its mean costs less"),
        (12 / 17, Status.WRONG, "you squared its mean"),
        (0.71, Status.WRONG, "you squared its mean"),
        (4 / 5, Status.WRONG, "counts twice"),
        (1 / 12, Status.WRONG, "always on"),
        (7 / 4, Status.WRONG, "solve for p"),
        (0.6, Status.WRONG, "solve for p"),
        (57, Status.WRONG, ""),
        (0, Status.WRONG, "solve for p"),
        (0.5, Status.WRONG, "solve for p"),
        ("4/7", Status.WRONG, "quotes"),
        ((4, 7), Status.WRONG, ""),
        (np.nan, Status.WRONG, ""),
    ],
)
def test_predict_pair(answer, status, text):
    assert_judged(check.predict_pair, answer, status, text)


# ---- share_found --------------------------------------------------------------------------------


def unit(table):
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def solved_share(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    rows, columns = optimize.linear_sum_assignment(-cosines)
    return (cosines[rows, columns] > 0.9).sum() / len(truth)


def with_maximize(learnt, truth):
    cosines = unit(learnt) @ unit(truth).T
    pairs = optimize.linear_sum_assignment(cosines, maximize=True)
    return float(np.sum(cosines[pairs] > 0.9)) / truth.shape[0]


def with_distances(learnt, truth):
    far = spatial.distance.cdist(truth, learnt, "cosine")
    return Fraction(int((far[optimize.linear_sum_assignment(far)] < 0.1).sum()), len(truth))


def with_einsum(learnt, truth):
    lengths = np.outer(np.sqrt((truth**2).sum(1)), np.sqrt((learnt**2).sum(1)))
    cosines = np.einsum("tn,un->tu", truth, learnt) / lengths
    return np.mean(
        [
            *(
                cosines[pair] > 0.9
                for pair in zip(*optimize.linear_sum_assignment(1 - cosines), strict=True)
            ),
            *[False] * max(0, len(truth) - len(learnt)),
        ]
    )


def with_loops(learnt, truth):
    cost = np.zeros((len(truth), len(learnt)))
    for i, a in enumerate(truth):
        for j, b in enumerate(learnt):
            cost[i, j] = -(a @ b) / np.sqrt(a @ a) / np.sqrt(b @ b)
    found = 0
    for i, j in zip(*optimize.linear_sum_assignment(cost), strict=True):
        found += cost[i, j] < -0.9
    return found / len(truth)


def padded(learnt, truth):
    size = max(len(learnt), len(truth))
    cosines = np.zeros((size, size))
    cosines[: len(truth), : len(learnt)] = unit(truth) @ unit(learnt).T
    # A dummy pair costs as much as a cosine of 0, so here every cosine is lifted above it.
    lifted = np.where(cosines != 0, cosines + 10, 0)
    rows, columns = optimize.linear_sum_assignment(-lifted)
    return np.sum(cosines[rows, columns] > 0.9) / len(truth)


def in_a_frame(learnt, truth):
    cosines = pd.DataFrame(unit(truth) @ unit(learnt).T)
    rows, columns = optimize.linear_sum_assignment(cosines, maximize=True)
    return np.array(
        [cosines.iat[r, c] > 0.9 for r, c in zip(rows, columns, strict=True)]
    ).sum() / len(truth)


def best_of_all(learnt, truth):
    """Try all orders: slow, but small tables only."""
    cosines = unit(truth) @ unit(learnt).T
    if cosines.shape[0] > cosines.shape[1]:
        cosines = cosines.T
    rows = np.arange(len(cosines))
    ways = permutations(range(cosines.shape[1]), len(cosines))
    best = max(ways, key=lambda way: cosines[rows, list(way)].sum())
    return (cosines[rows, list(best)] > 0.9).sum() / len(truth)


def of_the_page(learnt, truth):
    return ((truth @ learnt.T).max(axis=1) > 0.9).mean()


def only_lengths_mended(learnt, truth):
    return ((unit(truth) @ unit(learnt).T).max(axis=1) > 0.9).mean()


def only_learnt_scaled(learnt, truth):
    cosines = truth @ unit(learnt).T
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.9).sum() / len(truth)


def lengths_of_columns(learnt, truth):
    learnt, truth = (table / np.linalg.norm(table, axis=0) for table in (learnt, truth))
    cosines = truth @ learnt.T
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.9).sum() / len(truth)


def without_lengths(learnt, truth):
    cosines = truth @ learnt.T
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.9).sum() / len(truth)


def minimised(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    return (cosines[optimize.linear_sum_assignment(cosines)] > 0.9).sum() / len(truth)


def either_sign(learnt, truth):
    cosines = np.abs(unit(truth) @ unit(learnt).T)
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.9).sum() / len(truth)


def of_pairs(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.9).mean()


def of_units(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.9).sum() / len(learnt)


def greedy(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    found = 0
    for row in cosines:
        found += row.max() > 0.9
        cosines[:, row.argmax()] = -2
    return found / len(truth)


def counted(learnt, truth):
    return solved_share(learnt, truth) * len(truth)


def by_units(learnt, truth):
    return ((unit(learnt) @ unit(truth).T).max(axis=1) > 0.9).mean()


def mean_cosine(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    return cosines[optimize.linear_sum_assignment(-cosines)].mean()


def low_limit(learnt, truth):
    cosines = unit(truth) @ unit(learnt).T
    return (cosines[optimize.linear_sum_assignment(-cosines)] > 0.7).sum() / len(truth)


def by_index(learnt, truth):
    n = min(len(learnt), len(truth))
    return ((unit(truth)[:n] * unit(learnt)[:n]).sum(axis=1) > 0.9).sum() / len(truth)


def in_place(learnt, truth):
    learnt /= np.linalg.norm(learnt, axis=1, keepdims=True)
    return solved_share(learnt, truth)


def from_the_course(learnt, truth):
    return (reading.match_atoms(learnt, truth).cosines > 0.9).mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        solved_share,
        with_maximize,
        with_distances,
        with_einsum,
        with_loops,
        padded,
        in_a_frame,
        best_of_all,
        lambda learnt, truth: np.float32(solved_share(learnt, truth)),
        lambda learnt, truth: np.array(solved_share(learnt, truth)),
        lambda learnt, truth: float(solved_share(learnt.tolist(), truth.tolist())),
        lambda learnt, truth: solved_share(np.asfortranarray(learnt * 2), truth / 3),
    ],
)
def test_share_found_takes_every_right_answer(attempt):
    assert_right(check.share_found, attempt, "8 of 8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda learnt, truth: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (lambda learnt, truth: print(), Status.RETURNED_NONE, "return"),
        (of_the_page, Status.WRONG, "one unit between two truths"),
        (only_lengths_mended, Status.WRONG, "one unit between two truths"),
        (only_learnt_scaled, Status.WRONG, "lengths of the truth"),
        (lengths_of_columns, Status.WRONG, ""),
        (without_lengths, Status.WRONG, "lengths"),
        (minimised, Status.WRONG, ""),
        (either_sign, Status.WRONG, "No absolute values"),
        (of_pairs, Status.WRONG, "Divide by the number of truths"),
        (of_units, Status.WRONG, ""),
        (greedy, Status.WRONG, "Choose for all truths at once"),
        (counted, Status.WRONG, "each found"),
        (by_units, Status.WRONG, ""),
        (mean_cosine, Status.WRONG, "each found"),
        (low_limit, Status.WRONG, ""),
        (by_index, Status.WRONG, ""),
        (in_place, Status.WRONG, "input was changed"),
        (from_the_course, Status.WRONG, "course_utils.reading"),
        (lambda learnt, truth: 1.0, Status.WRONG, "one unit between two truths"),
        (lambda learnt, truth: learnt @ truth, Status.RAISED, "ValueError"),
    ],
)
def test_share_found(attempt, status, text):
    assert_judged(check.share_found, attempt, status, text)


# ---- name_and_test ------------------------------------------------------------------------------


def gains_of(activity, labels, k):
    top = np.argsort(-activity)[:k]
    return labels[top].mean(axis=0) - labels.mean(axis=0)


def solved_name(activity, labels, half, k):
    name = int(gains_of(activity[half], labels[half], k).argmax())
    return name, float(gains_of(activity[~half], labels[~half], k)[name])


def with_frames(activity, labels, half, k):
    frame = pd.DataFrame(labels).iloc[np.argsort(-activity)]
    in_half = half[frame.index]
    first, second = frame[in_half], frame[~in_half]
    name = (first.head(k).mean() - first.mean()).idxmax()
    return int(name), second[name].head(k).mean() - second[name].mean()


def name_with_loops(activity, labels, half, k):
    def gain(part, label):
        films = [i for i in range(len(activity)) if part[i]]
        films.sort(key=lambda i: activity[i], reverse=True)
        top = sum(bool(labels[i, label]) for i in films[:k]) / k
        return top - sum(bool(labels[i, label]) for i in films) / len(films)

    best = 0
    for label in range(labels.shape[1]):
        if gain(half, label) > gain(half, best):
            best = label
    return best, gain(~half, best)


def with_partition(activity, labels, half, k):
    def gains(part):
        inside = np.flatnonzero(part)
        top = inside[np.argpartition(activity[inside], -k)[-k:]]
        return labels[top].mean(0) - labels[inside].mean(0)

    name = np.argmax(gains(half))
    return int(name), gains(np.logical_not(half))[name]


def with_a_limit(activity, labels, half, k):
    def gains(part):
        limit = np.sort(activity[part])[-k]
        return labels[part & (activity >= limit)].mean(0) - labels[part].mean(0)

    name = int(gains(half).argmax())
    return [name, float(gains(~half)[name])]


def with_fractions(activity, labels, half, k):
    def gains(part):
        order = sorted(np.flatnonzero(part), key=lambda i: -activity[i])
        return [
            Fraction(sum(map(int, labels[order[:k], j])), k)
            - Fraction(sum(map(int, labels[order, j])), len(order))
            for j in range(labels.shape[1])
        ]

    first = gains(half)
    name = first.index(max(first))
    return name, gains(~half)[name]


def with_weights(activity, labels, half, k):
    def gains(part):
        rank = stats.rankdata(-activity[part])
        weights = (rank <= k) / k - 1 / part.sum()
        return weights @ labels[part]

    name = int(gains(half).argmax())
    return name, float(gains(~half)[name])


def of_the_second_page(activity, labels, half, k):
    def gains(part):
        top = np.argsort(-activity[part])[:k]
        return labels[part][top].mean(axis=0)

    return int(gains(half).argmax()), float(gains(~half).max())


def no_base_rate(activity, labels, half, k):
    def shares(part):
        return labels[part][np.argsort(-activity[part])[:k]].mean(axis=0)

    name = int(shares(half).argmax())
    return name, float(shares(~half)[name])


def best_of_the_second(activity, labels, half, k):
    first = gains_of(activity[half], labels[half], k)
    second = gains_of(activity[~half], labels[~half], k)
    return int(first.argmax()), float(second.max())


def named_on_the_second(activity, labels, half, k):
    second = gains_of(activity[~half], labels[~half], k)
    return int(second.argmax()), float(second.max())


def named_on_all(activity, labels, half, k):
    name = int(gains_of(activity, labels, k).argmax())
    return name, float(gains_of(activity[~half], labels[~half], k)[name])


def taken_where_named(activity, labels, half, k):
    first = gains_of(activity[half], labels[half], k)
    return int(first.argmax()), float(first.max())


def base_rate_of_all(activity, labels, half, k):
    def gains(part):
        top = labels[part][np.argsort(-activity[part])[:k]].mean(axis=0)
        return top - labels.mean(axis=0)

    name = int(gains(half).argmax())
    return name, float(gains(~half)[name])


def base_rate_for_the_name_only(activity, labels, half, k):
    name = int(labels[half][np.argsort(-activity[half])[:k]].mean(axis=0).argmax())
    return name, float(gains_of(activity[~half], labels[~half], k)[name])


def places_mixed_up(activity, labels, half, k):
    def gains(part):
        return labels[np.argsort(-activity[part])[:k]].mean(axis=0) - labels[part].mean(axis=0)

    name = int(gains(half).argmax())
    return name, float(gains(~half)[name])


def least_active(activity, labels, half, k):
    return solved_name(-activity, labels, half, k)


def far_from_zero(activity, labels, half, k):
    return solved_name(np.abs(activity), labels, half, k)


def halves_exchanged(activity, labels, half, k):
    return solved_name(activity, labels, ~half, k)


def one_more(activity, labels, half, k):
    return solved_name(activity, labels, half, k + 1)


def always_two(activity, labels, half, k):
    return solved_name(activity, labels, half, 2)


def a_ratio(activity, labels, half, k):
    def lifts(part):
        top = labels[part][np.argsort(-activity[part])[:k]].mean(axis=0)
        return top / np.maximum(labels[part].mean(axis=0), 1e-9)

    name = int(lifts(half).argmax())
    return name, float(lifts(~half)[name])


def unsorted(activity, labels, half, k):
    def gains(part):
        return labels[part][:k].mean(axis=0) - labels[part].mean(axis=0)

    name = int(gains(half).argmax())
    return name, float(gains(~half)[name])


def less_the_others(activity, labels, half, k):
    def gains(part):
        order = np.argsort(-activity[part])
        return labels[part][order[:k]].mean(axis=0) - labels[part][order[k:]].mean(axis=0)

    name = int(gains(half).argmax())
    return name, float(gains(~half)[name])


def counts(activity, labels, half, k):
    def gains(part):
        return labels[part][np.argsort(-activity[part])[:k]].sum(axis=0)

    name = int(gains(half).argmax())
    return name, int(gains(~half)[name])


def turned_round(activity, labels, half, k):
    return solved_name(activity, labels, half, k)[::-1]


def sorted_in_place(activity, labels, half, k):
    found = solved_name(activity, labels, half, k)
    activity.sort()
    return found


def with_the_course(activity, labels, half, k):
    found = reading.read_units(activity[:, None], labels, half, k=k)
    return int(found.names[0]), float(found.gains[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        solved_name,
        with_frames,
        name_with_loops,
        with_partition,
        with_a_limit,
        with_fractions,
        with_weights,
        lambda *a: np.array(solved_name(*a)),
        lambda *a: (np.int64(solved_name(*a)[0]), np.float32(solved_name(*a)[1])),
        lambda activity, labels, half, k: solved_name(3 * activity - 1, labels, half, k),
        lambda activity, labels, half, k: solved_name(
            np.argsort(np.argsort(activity)), labels, half, k
        ),
        lambda activity, labels, half, k: solved_name(activity, labels.astype(float), half, k),
    ],
)
def test_name_and_test_takes_every_right_answer(attempt):
    assert_right(check.name_and_test, attempt, "6 of 6")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda *a: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (lambda *a: print(), Status.RETURNED_NONE, "return"),
        (of_the_second_page, Status.WRONG, ""),
        (no_base_rate, Status.WRONG, ""),
        (best_of_the_second, Status.WRONG, "must not choose"),
        (named_on_the_second, Status.WRONG, ""),
        (named_on_all, Status.WRONG, ""),
        (taken_where_named, Status.WRONG, ""),
        (base_rate_of_all, Status.WRONG, "on 1 of its four"),
        (base_rate_for_the_name_only, Status.WRONG, ""),
        (places_mixed_up, Status.WRONG, "on 1 of its four"),
        (least_active, Status.WRONG, ""),
        (far_from_zero, Status.WRONG, ""),
        (halves_exchanged, Status.WRONG, ""),
        (one_more, Status.WRONG, ""),
        (always_two, Status.WRONG, ""),
        (a_ratio, Status.WRONG, ""),
        (unsorted, Status.WRONG, ""),
        (less_the_others, Status.WRONG, ""),
        (counts, Status.WRONG, ""),
        (turned_round, Status.WRONG, ""),
        (sorted_in_place, Status.WRONG, "input was changed"),
        (lambda *a: solved_name(*a)[0], Status.WRONG, ""),
        (lambda *a: solved_name(*a)[1], Status.WRONG, ""),
        (lambda *a: (*solved_name(*a), 0), Status.WRONG, ""),
        (with_the_course, Status.WRONG, "course_utils.reading"),
        (lambda activity, labels, half, k: labels[activity], Status.RAISED, "IndexError"),
    ],
)
def test_name_and_test(attempt, status, text):
    assert_judged(check.name_and_test, attempt, status, text)


# ---- break_by_eye -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        ((TODO, TODO), Status.NOT_ATTEMPTED, "not attempted"),
        ((0.46, TODO), Status.NOT_ATTEMPTED, "not attempted"),
        ((0.46, 64), Status.RIGHT, "noise would do"),
        ((0.5, 30), Status.RIGHT, "5.16"),
        ((0.5, 64), Status.RIGHT, "11.00"),
        ((Fraction(1, 2), 64), Status.RIGHT, "noise would do"),
        ((Decimal("0.45"), 60), Status.RIGHT, "noise would do"),
        ((np.float32(0.48), np.int8(64)), Status.RIGHT, "noise would do"),
        ((0.5, 64.0), Status.RIGHT, "noise would do"),
        ((np.array(0.5), np.array(50)), Status.RIGHT, "noise would do"),
        (([0.5], 64), Status.WRONG, ""),
        ((0.05, 64), Status.WRONG, "not enough by chance"),
        ((0.39, 64), Status.WRONG, "A common genre, and many looks"),
        ((0.5, 29), Status.WRONG, "4.98"),
        ((0.1, 64), Status.WRONG, "not enough by chance"),
        ((0, 64), Status.WRONG, "0.00"),
        ((0.5, 10), Status.WRONG, "not enough by chance"),
        ((0.6, 64), Status.WRONG, "from 0 to 0.5"),
        ((46, 64), Status.WRONG, "from 0 to 0.5"),
        ((-0.5, 64), Status.WRONG, "from 0 to 0.5"),
        ((0.5, 65), Status.WRONG, "from 1 to 64"),
        ((0.5, 0), Status.WRONG, "from 1 to 64"),
        ((0.5, 40.5), Status.WRONG, "whole number"),
        ((True, 64), Status.WRONG, "from 0 to 0.5"),
        ((0.5, True), Status.WRONG, "whole number"),
        (("0.5", 64), Status.WRONG, ""),
        ((np.nan, 64), Status.WRONG, "from 0 to 0.5"),
        ((0.5, np.inf), Status.WRONG, ""),
        ((0.5, None), Status.RETURNED_NONE, ""),
    ],
)
def test_break_by_eye(answer, status, text):
    assert_judged(check.break_by_eye, answer, status, text)
