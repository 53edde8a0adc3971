"""The checks of *Climb the recommender ladder* catch what learners get wrong."""

import numpy as np
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


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda scores, seen, k: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (by_deleting, Status.RIGHT, "5 of 5"),
        (
            lambda scores, seen, k: np.argsort(-(scores * ~seen), kind="stable")[:k],
            Status.WRONG,
            "log-probabilities",
        ),
        (by_a_low_number, Status.WRONG, "very low scores"),
        (without_translating_back, Status.WRONG, "0 of 5"),
        (with_any_sort, Status.RIGHT, "5 of 5"),
        (with_zero_for_seen, Status.WRONG, "log-probabilities"),
        (lambda scores, seen, k: by_deleting(scores, seen, k).tolist(), Status.RIGHT, "5 of 5"),
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


def ridge(interactions, l2):
    gram = interactions.T @ interactions
    return np.linalg.solve(gram + l2 * np.eye(len(gram)), gram)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda interactions, l2: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (weights, Status.RIGHT, "5 of 5"),
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
