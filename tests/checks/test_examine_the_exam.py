"""The checks of *Examine the exam* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction
from math import comb, exp, lgamma

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged, assert_not_right, assert_right
from scipy import stats

from course_utils import metrics
from course_utils.checks import TODO, Status
from course_utils.checks import examine_the_exam as check

# ---- asked_by_time ------------------------------------------------------------------------------


def person_by_person(people, stamps, share):
    asked = np.zeros(len(stamps), dtype=bool)
    for person in np.unique(people):
        own = np.flatnonzero(people == person)
        asked[own] = stamps[own] > np.quantile(stamps[own], 1 - share)
    return asked


def in_a_loop(people, stamps, share):
    cut = np.quantile(stamps, 1 - share)
    return [stamp > cut for stamp in stamps]


def by_series(people, stamps, share):
    times = pd.Series(stamps)
    return times > times.quantile(1 - share)


def by_percentile(people, stamps, share):
    return stamps > np.percentile(stamps, 100 * (1 - share))


def by_hand(people, stamps, share):
    ordered = sorted(map(int, stamps))
    place = (1 - share) * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    cut = ordered[low] + (place - low) * (ordered[high] - ordered[low])
    return tuple(bool(stamp > cut) for stamp in stamps)


def not_earlier(people, stamps, share):
    return ~(stamps <= np.quantile(stamps, 1 - share))


def the_last_of_all(people, stamps, share):
    asked = np.zeros(len(stamps), dtype=bool)
    asked[np.argsort(stamps, kind="stable")[len(stamps) - int(share * len(stamps)) :]] = True
    return asked


def of_whole_people(people, stamps, share):
    last = np.array([stamps[people == person].max() for person in people])
    return last > np.quantile(stamps, 1 - share)


def sorted_first(people, stamps, share):
    return np.sort(stamps) > np.quantile(stamps, 1 - share)


def into_the_input(people, stamps, share):
    cut = np.quantile(stamps, 1 - share)
    stamps -= int(cut)
    return stamps > cut - int(cut)


RIGHT_ASKED = [
    lambda people, stamps, share: stamps > np.quantile(stamps, 1 - share),
    in_a_loop,
    by_series,
    by_percentile,
    by_hand,
    not_earlier,
    lambda people, stamps, share: np.greater(stamps, np.quantile(stamps, 1 - share)).tolist(),
]
WRONG_ASKED = [
    (person_by_person, "one cut for everybody"),
    (lambda p, s, share: s >= np.quantile(s, 1 - share), "not at it"),
    (lambda p, s, share: s > np.quantile(s, share), ""),
    (lambda p, s, share: s > np.quantile(s, 1 - share, method="higher"), "at 20.5"),
    (lambda p, s, share: s > np.sort(s)[int((1 - share) * len(s))], "between two stamps"),
    (lambda p, s, share: s < np.quantile(s, 1 - share), ""),
    (lambda p, s, share: s > np.quantile(s, 0.8), ""),
    (lambda p, s, share: s > np.quantile(np.unique(s), 1 - share), ""),
    (lambda p, s, share: s > np.median(s), ""),
    (lambda p, s, share: s > s.min() + (1 - share) * (s.max() - s.min()), ""),
    (lambda p, s, share: np.flatnonzero(s > np.quantile(s, 1 - share)), ""),
    (lambda p, s, share: (s > np.quantile(s, 1 - share)).astype(int), "instead of True and False"),
    (lambda p, s, share: s[s > np.quantile(s, 1 - share)], ""),
    (
        lambda p, s, share: s.astype(np.float32) > np.quantile(s, 1 - share).astype("f"),
        "differ by little",
    ),
    (lambda p, s, share: s > round(np.quantile(s, 1 - share), -2), ""),
    (the_last_of_all, "what falls on it is shown"),
    (of_whole_people, ""),
    (sorted_first, "in the order of the likes"),
    (into_the_input, "input was changed"),
    (lambda p, s, share: print(s), "return"),
]


def test_asked_by_time_is_open_at_first():
    assert_judged(check.asked_by_time, lambda *_: TODO, Status.NOT_ATTEMPTED, "not attempted")


@pytest.mark.slow
@pytest.mark.parametrize("attempt", RIGHT_ASKED)
def test_asked_by_time_takes_right_answers(attempt):
    assert_right(check.asked_by_time, attempt, "7 of 7")


@pytest.mark.slow
@pytest.mark.parametrize(("attempt", "text"), WRONG_ASKED)
def test_asked_by_time_catches(attempt, text):
    assert_not_right(check.asked_by_time, attempt, text)


# ---- predict_sampled ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (0.6, Status.RIGHT, "First always wins"),
        ((1 + 0.2) / 2, Status.RIGHT, "First always wins"),
        (Fraction(3, 5), Status.RIGHT, "First always wins"),
        (Decimal("0.60"), Status.RIGHT, "First always wins"),
        (np.array(0.6), Status.RIGHT, "First always wins"),
        (np.float32(0.6), Status.RIGHT, "First always wins"),
        (0.5, Status.WRONG, "all eleven films"),
        (0.8, Status.WRONG, "model A"),
        (0.2, Status.WRONG, "the other half"),
        (0.55, Status.WRONG, "two films behind"),
        (0.9, Status.WRONG, "draws lose"),
        (60, Status.WRONG, ""),
        ("0.6", Status.WRONG, "quotes"),
        (0.4, Status.WRONG, "other values"),
        (1.0, Status.WRONG, "other values"),
        (None, Status.RETURNED_NONE, "None"),
    ],
)
def test_predict_sampled(answer, status, text):
    assert_judged(check.predict_sampled, answer, status, text)


# ---- sampled_recall -----------------------------------------------------------------------------


def by_distribution(rank, rivals, negatives, k):
    return stats.hypergeom.cdf(k - 1, rivals, rank, negatives)


def by_survival(rank, rivals, negatives, k):
    return 1 - stats.hypergeom(rivals, rank, negatives).sf(k - 1)


def by_terms(rank, rivals, negatives, k):
    chances = stats.hypergeom.pmf(np.arange(k), rivals, rank, negatives)
    return float(np.sum(chances))


def by_fractions(rank, rivals, negatives, k):
    ways = sum(
        comb(rank, i) * comb(rivals - rank, negatives - i) for i in range(min(k, negatives + 1))
    )
    return Fraction(ways, comb(rivals, negatives))


def drawn_one_by_one(rank, rivals, negatives, k):
    chances = [1.0]  # of so many drawn before the film
    for drawn in range(negatives):
        following = [0.0] * (len(chances) + 1)
        for before, chance in enumerate(chances):
            up = max(0, rank - before) / (rivals - drawn)
            following[before] += chance * (1 - up)
            following[before + 1] += chance * up
        chances = following[: k + 1]
    return sum(chances[:k])


def by_logarithms(rank, rivals, negatives, k):
    def log_ways(n, m):
        return lgamma(n + 1) - lgamma(m + 1) - lgamma(n - m + 1)

    total = 0.0
    for i in range(min(k, negatives + 1)):
        if i <= rank and negatives - i <= rivals - rank:
            ways = log_ways(rank, i) + log_ways(rivals - rank, negatives - i)
            total += exp(ways - log_ways(rivals, negatives))
    return np.array(total)


def by_drawing(rank, rivals, negatives, k):
    rng = np.random.default_rng(0)
    return np.mean(rng.hypergeometric(rank, rivals - rank, negatives, 10_000) < k)


RIGHT_SAMPLED = [
    by_distribution,
    by_survival,
    by_terms,
    by_fractions,
    drawn_one_by_one,
    by_logarithms,
    lambda rank, rivals, negatives, k: float(by_distribution(rank, rivals, negatives, k)),
]
WRONG_SAMPLED = [
    (lambda r, n, m, k: float(r / n * m < k), ""),
    (lambda r, n, m, k: stats.binom.cdf(k - 1, m, r / n), "not binomial"),
    (lambda r, n, m, k: stats.hypergeom.cdf(k, n, r, m), ""),
    (lambda r, n, m, k: stats.hypergeom.cdf(k - 1, n, max(r - 1, 0), m), ""),
    (lambda r, n, m, k: stats.hypergeom.cdf(k - 1, n, min(r + 1, n), m), ""),
    (lambda r, n, m, k: stats.hypergeom.cdf(k - 1, n + 1, r, m), ""),
    (lambda r, n, m, k: stats.hypergeom.pmf(k - 1, n, r, m), ""),
    (lambda r, n, m, k: stats.hypergeom.sf(k - 1, n, r, m), ""),
    (lambda r, n, m, k: stats.hypergeom.cdf(k - 1, n, m, k), ""),
    (lambda r, n, m, k: stats.poisson.cdf(k - 1, m * r / n), ""),
    (by_drawing, ""),
    (lambda r, n, m, k: round(by_distribution(r, n, m, k), 3), ""),
    (lambda r, n, m, k: float(r < k), ""),
    (lambda r, n, m, k: 1 - r / n, ""),
    (lambda r, n, m, k: (1 - r / n) ** m, ""),
    (lambda r, n, m, k: stats.hypergeom.cdf(0, n, r, m), "without replacement"),
    (lambda r, n, m, k: stats.hypergeom.cdf(9, 5511, r, 100), ""),
    (lambda r, n, m, k: metrics.sampled_recall(r, n, m, k)[0], "write it yourself"),
    (lambda r, n, m, k: print(r), "return"),
]


def test_sampled_recall_is_open_at_first():
    assert_judged(check.sampled_recall, lambda *_: TODO, Status.NOT_ATTEMPTED, "not attempted")


@pytest.mark.slow
@pytest.mark.parametrize("attempt", RIGHT_SAMPLED)
def test_sampled_recall_takes_right_answers(attempt):
    assert_right(check.sampled_recall, attempt, "10 of 10")


@pytest.mark.slow
@pytest.mark.parametrize(("attempt", "text"), WRONG_SAMPLED)
def test_sampled_recall_catches(attempt, text):
    assert_not_right(check.sampled_recall, attempt, text)


# ---- break_pooling ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hidden", "a", "b", "status", "text"),
    [
        (TODO, TODO, TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([1, 10], [1, 2], [0, 5], Status.RIGHT, "broken"),
        ([10, 1], [5, 0], [2, 1], Status.RIGHT, "broken"),
        ((2, 50), (2, 0), (0, 3), Status.RIGHT, "broken"),
        (np.array([1, 9]), np.array([1, 1]), np.array([0, 4]), Status.RIGHT, "broken"),
        (pd.Series([1, 20]), [1.0, 0.0], [0.0, 9.0], Status.RIGHT, "broken"),
        ([Fraction(1), Decimal(8)], [1, 0], [0, 7], Status.RIGHT, "broken"),
        ([5, 10], [3, 1], [1, 4], Status.RIGHT, "broken"),
        ([5, 10], [3, 1], [1, 5], Status.WRONG, "ladder    A 0.350, B 0.350"),  # neither is above
        ([1, 50], [1, 0], [0, 10], Status.WRONG, "pooled    A 0.020, B 0.196"),
        ([5, 10], [3, 0], [1, 2], Status.WRONG, "survives"),  # as many finds
        ([4, 4], [1, 3], [3, 2], Status.WRONG, "survives"),
        ([1, 10], [1, 5], [0, 2], Status.WRONG, "survives"),
        ([1, 10], [1, 2], [1, 2], Status.WRONG, "survives"),
        ([1, 10, 3], [1, 2, 3], [0, 5, 3], Status.WRONG, "two whole numbers"),
        ([1, 10], [2, 2], [0, 5], Status.WRONG, "at most what is hidden"),
        ([1, 30], [1, 2], [0, 15], Status.WRONG, "the list's length"),
        ([0, 10], [0, 2], [0, 5], Status.WRONG, "1 to 50"),
        ([1, 99], [1, 2], [0, 5], Status.WRONG, "1 to 50"),
        ([1, 10], [1, 2.5], [0, 5], Status.WRONG, "whole numbers"),
        ([1, 10], [1, -2], [0, 5], Status.WRONG, "negative"),
        ([1, 10], TODO, [0, 5], Status.NOT_ATTEMPTED, "still TODO"),
        (["1", "10"], [1, 2], [0, 5], Status.WRONG, "text"),
        (1, [1, 2], [0, 5], Status.WRONG, ""),
        ([[1, 10]], [1, 2], [0, 5], Status.WRONG, ""),
        ([1, None], [1, 2], [0, 5], Status.WRONG, "None"),
    ],
)
def test_break_pooling(hidden, a, b, status, text):
    assert_judged(check.break_pooling, (hidden, a, b), status, text)
