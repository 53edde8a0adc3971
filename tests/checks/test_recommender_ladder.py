"""The checks of *Climb the recommender ladder* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged

from course_utils import factorization
from course_utils.checks import TODO, Status
from course_utils.checks import recommender_ladder as check

NDCG = 1.5 / (1 + 1 / np.log2(3))


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (NDCG, Status.RIGHT, "1.5 of a possible"),
        (Decimal("0.92"), Status.RIGHT, "1.5 of a possible"),
        (Fraction(23, 25), Status.RIGHT, "1.5 of a possible"),
        (np.array(NDCG), Status.RIGHT, "1.5 of a possible"),
        (1 / NDCG, Status.WRONG, "other values"),
        (92, Status.WRONG, ""),
        (0.63, Status.WRONG, "other values"),
        ("0.92", Status.WRONG, "quotes"),
        (np.float32(NDCG), Status.RIGHT, "1.5 of a possible"),
        (0.9197, Status.RIGHT, "1.5 of a possible"),
        (0.92, Status.RIGHT, "1.5 of a possible"),
        (0.9, Status.WRONG, "other values"),
        (1.5, Status.WRONG, "divide it"),
        (1.0, Status.WRONG, "recall"),
        (1.5 / (1.5 + 1 / np.log2(3)), Status.WRONG, "not three"),
        (4 / 3 / 1.5, Status.WRONG, "1 / rank"),
        (0.5, Status.WRONG, "other values"),
    ],
)
def test_predict_ndcg(answer, status, text):
    assert_judged(check.predict_ndcg, answer, status, text)


def by_deleting(scores, seen, k):
    unseen = np.flatnonzero(~seen)
    return unseen[np.argsort(-scores[unseen], kind="stable")][:k]


def by_a_low_number(scores, seen, k):
    return np.argsort(-np.where(seen, -999, scores), kind="stable")[:k]


def with_any_sort(scores, seen, k):
    return np.argsort(np.where(seen, -np.inf, scores))[::-1][:k]


def with_zero_for_seen(scores, seen, k):
    return np.argsort(-np.where(seen, 0, scores), kind="stable")[:k]


def without_translating_back(scores, seen, k):
    return np.argsort(-scores[~seen], kind="stable")[:k]


def sorted_places(scores, seen, k):
    unseen = [film for film in range(len(scores)) if not seen[film]]
    return sorted(unseen, key=lambda film: scores[film], reverse=True)[:k]


def with_nan(scores, seen, k):
    return np.argsort(-np.where(seen, np.nan, scores))[:k]  # NaN comes last


def with_lexsort(scores, seen, k):
    return np.lexsort((-scores, seen))[:k]


def one_after_the_other(scores, seen, k):
    left, films = np.where(seen, -np.inf, scores), []
    for _ in range(k):
        films.append(int(np.argmax(left)))
        left[films[-1]] = -np.inf
    return tuple(films)


def with_pandas(scores, seen, k):
    return pd.Series(scores)[~seen].sort_values(ascending=False).index[:k]


def with_partition(scores, seen, k):
    return np.argpartition(-np.where(seen, -np.inf, scores), k - 1)[:k]


def below_the_smallest(scores, seen, k):
    return np.argsort(-np.where(seen, scores.min() - 1, scores), kind="stable")[:k]


def twice_the_size_lower(scores, seen, k):
    return np.argsort(-(scores - 2 * np.abs(scores).max() * seen), kind="stable")[:k]


def into_the_input(scores, seen, k):
    scores[seen] = -np.inf
    return np.argsort(-scores)[:k]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda scores, seen, k: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (by_deleting, Status.RIGHT, "9 of 9"),
        (
            lambda scores, seen, k: np.argsort(-(scores * ~seen), kind="stable")[:k],
            Status.WRONG,
            "log-probabilities",
        ),
        (by_a_low_number, Status.WRONG, "very low scores"),
        (sorted_places, Status.RIGHT, "9 of 9"),
        (with_nan, Status.RIGHT, "9 of 9"),
        (with_lexsort, Status.RIGHT, "9 of 9"),
        (one_after_the_other, Status.RIGHT, "9 of 9"),
        (with_pandas, Status.RIGHT, "9 of 9"),
        (with_partition, Status.WRONG, "stand in order"),
        (twice_the_size_lower, Status.WRONG, "another lies below"),
        (below_the_smallest, Status.WRONG, "as low as they get"),
        (lambda s, seen, k: by_deleting(s.astype(np.float32), seen, k), Status.WRONG, "nearly"),
        (lambda s, seen, k: by_deleting(s, seen, k).astype(float), Status.WRONG, "integers"),
        (lambda s, seen, k: s[by_deleting(s, seen, k)], Status.WRONG, "0 of 9"),
        (lambda s, seen, k: by_deleting(s, seen, 2), Status.WRONG, "nothing seen"),
        (lambda s, seen, k: by_deleting(-s, seen, k), Status.WRONG, ""),
        (lambda s, seen, k: by_deleting(s, ~seen, k), Status.WRONG, ""),
        (into_the_input, Status.WRONG, "input was changed"),
        (without_translating_back, Status.WRONG, "0 of 9"),
        (with_any_sort, Status.RIGHT, "9 of 9"),
        (with_zero_for_seen, Status.WRONG, "log-probabilities"),
        (lambda scores, seen, k: by_deleting(scores, seen, k).tolist(), Status.RIGHT, "9 of 9"),
        (lambda scores, seen, k: print(scores), Status.RETURNED_NONE, "return"),
    ],
)
def test_recommend(attempt, status, text):
    assert_judged(check.recommend, attempt, status, text)


@pytest.mark.parametrize(
    ("hidden", "k", "status", "text"),
    [
        (TODO, TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([2, 3, 5, 7], 3, Status.RIGHT, "broken"),
        ((0, 1), 1, Status.RIGHT, "0.5"),
        (np.array([2, 3, 5], dtype=np.uint8), np.int64(1), Status.RIGHT, "broken"),
        (range(4), 3, Status.RIGHT, "0.75"),
        ([Fraction(2), Decimal(3)], 1, Status.RIGHT, "broken"),
        ({2, 3}, 1, Status.WRONG, "a set instead of a list"),
        ([2, 3], 2.5, Status.WRONG, "whole number"),
        ([2, 3], True, Status.WRONG, "whole number"),
        ([[2, 3]], 1, Status.WRONG, "list"),
        (3, 1, Status.WRONG, "list"),
        ([-1, 2], 1, Status.WRONG, "from 0 to 9"),
        (list(range(10)), 9, Status.RIGHT, "broken"),
        ([2, 3], 2, Status.WRONG, "survives"),
        ([2], 10, Status.WRONG, "survives"),
        ([2, 2, 3], 1, Status.WRONG, "different numbers"),
        ([11], 1, Status.WRONG, "from 0 to 9"),
        ([], 1, Status.WRONG, "at least one"),
        ([0.5], 1, Status.WRONG, "whole film number"),
        ([1, 2], 0, Status.WRONG, "from 1 to 10"),
    ],
)
def test_break_recall(hidden, k, status, text):
    assert_judged(check.break_recall, (hidden, k), status, text)


def weights(interactions, l2, *, axis=0, diagonal=True, sign=-1):
    n = interactions.shape[1]
    inverse = np.linalg.inv(interactions.T @ interactions + l2 * np.eye(n))
    result = sign * inverse / np.expand_dims(np.diag(inverse), axis)
    if diagonal:
        np.fill_diagonal(result, 0)
    return result


def copied_from_the_course(interactions, l2):
    return factorization.ease(interactions, l2).weights()


def put_together_from_the_course(interactions, l2):
    model = factorization.ease(interactions, l2)
    return model.scores(np.eye(interactions.shape[1]))


def film_by_film(interactions, l2):
    n = interactions.shape[1]
    result = np.zeros((n, n))
    for film in range(n):
        others = [other for other in range(n) if other != film]
        x = interactions[:, others]
        gram = x.T @ x + l2 * np.eye(n - 1)
        result[others, film] = np.linalg.solve(gram, x.T @ interactions[:, film])
    return result


def from_the_people(interactions, l2):
    people, n = interactions.shape
    inner = np.linalg.inv(interactions @ interactions.T + l2 * np.eye(people))
    p = (np.eye(n) - interactions.T @ inner @ interactions) / l2
    return np.where(np.eye(n, dtype=bool), 0, -p / p.diagonal())


def in_loops(interactions, l2):
    n = interactions.shape[1]
    p = np.linalg.pinv(interactions.T @ interactions + l2 * np.identity(n))
    return [[0.0 if i == j else -p[i, j] / p[j, j] for j in range(n)] for i in range(n)]


def ridge(interactions, l2):
    gram = interactions.T @ interactions
    return np.linalg.solve(gram + l2 * np.eye(len(gram)), gram)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda interactions, l2: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (weights, Status.RIGHT, "5 of 5"),
        (film_by_film, Status.RIGHT, "5 of 5"),
        (from_the_people, Status.RIGHT, "5 of 5"),
        (in_loops, Status.RIGHT, "5 of 5"),
        (lambda x, l2: pd.DataFrame(weights(x, l2)), Status.RIGHT, "5 of 5"),
        (lambda x, l2: weights(x, l2).tolist(), Status.RIGHT, "5 of 5"),
        (lambda x, l2: weights(x.T, l2), Status.WRONG, "popularity"),
        (lambda x, l2: weights(x, l2).T, Status.WRONG, "different popularity"),
        (lambda x, l2: weights(x, 1.0), Status.WRONG, "0"),
        (lambda x, l2: weights(x, l2**2), Status.WRONG, ""),
        (lambda x, l2: weights((x > 0).astype(float), l2), Status.WRONG, "counter-example"),
        (lambda x, l2: weights(x, l2).round(2), Status.WRONG, "0 of 5"),
        (lambda x, l2: weights(x - x.mean(axis=0), l2), Status.WRONG, "0 of 5"),
        (lambda x, l2: weights(x, l2, axis=1), Status.WRONG, "different popularity"),
        (lambda x, l2: weights(x, l2, diagonal=False), Status.WRONG, "0 of 5"),
        (lambda x, l2: weights(x, l2, sign=1), Status.WRONG, "0 of 5"),
        (ridge, Status.WRONG, "0 of 5"),
        (copied_from_the_course, Status.WRONG, "write it yourself"),
        (put_together_from_the_course, Status.WRONG, "write it yourself"),
        (lambda x, l2: weights(x, 0.0), Status.RAISED, "Singular"),
    ],
)
def test_ease_weights(attempt, status, text):
    assert_judged(check.ease_weights, attempt, status, text)


def test_the_expected_weights_are_those_of_the_course():
    likes = np.random.default_rng(0).integers(0, 2, (6, 4)).astype(float)
    check.ease_weights.judge(copied_from_the_course)
    theirs = copied_from_the_course(likes, 2.0)  # the check has put everything back
    np.testing.assert_allclose(check._ease_weights(likes, 2.0), theirs, atol=1e-12)


def exam_by_exam(practice, exam):
    total = 0
    for column in range(practice.shape[1]):
        own = practice[:, column].tolist()
        total += exam[own.index(max(own)), column]
    return total / practice.shape[1]


def along_the_axis(practice, exam):
    chosen = np.argmax(practice, axis=0, keepdims=True)
    return np.take_along_axis(exam, chosen, axis=0).mean()


def from_frames(practice, exam):
    chosen = pd.DataFrame(practice).idxmax()
    return np.mean([exam[setting, column] for column, setting in chosen.items()])


def with_max(practice, exam):
    marks = [
        max(zip(tried, range(0, -len(tried), -1), sat, strict=True))[2]
        for tried, sat in zip(practice.T, exam.T, strict=True)
    ]
    return Fraction(sum(map(Fraction, marks))) / len(marks)


def last_of_equals(practice, exam):
    chosen = len(practice) - 1 - np.argmax(practice[::-1], axis=0)
    return np.mean(exam[chosen, range(len(chosen))])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda practice, exam: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (exam_by_exam, Status.RIGHT, "6 of 6"),
        (along_the_axis, Status.RIGHT, "6 of 6"),
        (from_frames, Status.RIGHT, "6 of 6"),
        (with_max, Status.RIGHT, "6 of 6"),
        (lambda p, e: np.diagonal(e[p.argmax(0)]).mean(), Status.RIGHT, "6 of 6"),
        (lambda p, e: e.max(axis=0).mean(), Status.WRONG, "may not say which setting"),
        (lambda p, e: e[p.mean(axis=1).argmax()].mean(), Status.WRONG, "knows best"),
        (lambda p, e: p.max(axis=0).mean(), Status.WRONG, "practice knows best"),
        (lambda p, e: e[range(len(p)), p.argmax(axis=1)].mean(), Status.WRONG, ""),
        (lambda p, e: e[p.argmin(axis=0), range(e.shape[1])].mean(), Status.WRONG, ""),
        (last_of_equals, Status.WRONG, "the first counts"),
        # Both print as 0.4, so the reason has to say that they differ.
        (lambda p, e: exam_by_exam(p.round(6), e), Status.WRONG, "nearly equal marks in practice"),
        (lambda p, e: exam_by_exam(p.round(9), e), Status.WRONG, "0.4 + 10⁻¹² beats 0.4"),
        (lambda p, e: e[p == p.max(axis=0)].mean(), Status.WRONG, "equal marks"),
        (lambda p, e: e[p.argmax(0), range(e.shape[1])].sum(), Status.WRONG, "knows best"),
        (lambda p, e: e[p.argmax(0), range(e.shape[1])], Status.WRONG, "shape"),
        (lambda p, e: np.median(e[p.argmax(0), range(e.shape[1])]), Status.WRONG, "four marks"),
        (lambda p, e: exam_by_exam(p[:, :2], e[:, :2]), Status.WRONG, "four exams"),
        (lambda p, e: exam_by_exam(e, p), Status.WRONG, "0 of 6"),
        (lambda p, e: round(exam_by_exam(p, e), 1), Status.WRONG, ""),
        (lambda practice, exam: print(exam), Status.RETURNED_NONE, "return"),
    ],
)
def test_honest_mark(attempt, status, text):
    assert_judged(check.honest_mark, attempt, status, text)
