"""The checks of *Embed categories as rows of a table* catch what learners get wrong."""

import numpy as np
import pytest
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import embed_categories as check


def right_one_hot(indices, num_classes):
    return np.eye(num_classes)[indices]


def width_of_the_largest(indices, num_classes):
    return np.eye(max(indices, default=0) + 1)[indices]


def counts(indices, num_classes):
    vector = np.zeros((1, num_classes))
    vector[0, indices] = 1
    return vector


def transposed(indices, num_classes):
    return np.eye(num_classes)[indices].T


def every_row_all_ones(indices, num_classes):
    vectors = np.zeros((len(indices), num_classes))
    vectors[:, indices] = 1
    return vectors


def as_many_rows_as_categories(indices, num_classes):
    """Cut a square down to size, which fails when it is too small."""
    vectors = np.zeros((num_classes, num_classes))
    vectors[np.arange(len(indices)), indices] = 1
    return vectors[: len(indices)]


def test_one_hot():
    assert check.one_hot.judge(lambda indices, num_classes: TODO).status is Status.NOT_ATTEMPTED
    assert check.one_hot.judge(lambda i, n: None).status is Status.RETURNED_NONE
    assert check.one_hot.judge(right_one_hot).status is Status.RIGHT


@pytest.mark.parametrize(
    ("attempt", "case"),
    [
        (width_of_the_largest, "one index"),
        (counts, "occurs twice"),
        (transposed, "one index"),
        (every_row_all_ones, "occurs twice"),
        (lambda i, n: np.stack([np.eye(n)[k] for k in i]), "no index at all"),
        (lambda i, n: np.eye(n)[: len(i)][:, i], "one index"),
        (as_many_rows_as_categories, "more indices than categories"),
    ],
)
def test_one_hot_catches(attempt, case):
    outcome = check.one_hot.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert case in outcome.message


def test_predict_parameters():
    assert check.predict_parameters.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.predict_parameters.judge(50).status is Status.RIGHT


@pytest.mark.parametrize(
    ("answer", "explanation"),
    [
        (170, "shared table once for every model"),
        (90, "another copy"),
        (48, "biases"),
        (40, "shared ones only"),
        (10, "new ones only"),
        (42, "forgets its weights"),
        (52, "one bias per output"),
        (160, "new layer not at all"),
        (130, "it is one, not three"),
    ],
)
def test_predict_parameters_explains(answer, explanation):
    outcome = check.predict_parameters.judge(answer)
    assert outcome.status is Status.WRONG
    assert explanation in outcome.message


def right_are_valid(indices, num_classes):
    if len(indices) == 0:
        return True
    return indices.dtype.kind in "iu" and indices.min() >= 0 and indices.max() < num_classes


def in_range(indices, num_classes):
    return bool(np.all((indices >= 0) & (indices < num_classes)))


def rounds(indices, num_classes):
    return bool(np.all(indices == np.round(indices))) and in_range(indices, num_classes)


def test_are_valid():
    assert check.are_valid.judge(lambda indices, num_classes: TODO).status is Status.NOT_ATTEMPTED
    assert check.are_valid.judge(right_are_valid).status is Status.RIGHT


@pytest.mark.parametrize(
    ("attempt", "case"),
    [
        (lambda i, n: bool(np.max(i) <= n), "one past the end"),
        (lambda i, n: bool(np.max(i) < n), "minus one"),
        (lambda i, n: bool(np.max(i) < n and np.min(i) >= 0), "a fraction"),
        (rounds, "whole numbers stored as floats"),
        (lambda i, n: i.dtype.kind in "iu" and i.min() >= 0 and i.max() < n, "no ids"),
        (lambda i, n: i.dtype == np.int64 and right_are_valid(i, n), "short integers"),
        (lambda i, n: i.dtype.kind == "i" and right_are_valid(i, n), "unsigned integers"),
        (lambda i, n: i.dtype.kind != "f" and in_range(i, n), "truth values"),
        (lambda i, n: i.dtype.kind not in "fb" and in_range(i, n), "objects"),
        (lambda i, n: i.dtype.kind in "iu" and in_range(i, n), "no ids, stored as floats"),
        (lambda i, n: right_are_valid(i, 10), "counter-example"),
    ],
)
def test_are_valid_catches(attempt, case):
    outcome = check.are_valid.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert case in outcome.message


@pytest.mark.parametrize("after", [[[1, 0], [2, 3], [4, 5]], [[0, 1], [2, 3], [5.5, 3.5]]])
def test_break_moved_rows(after):
    assert check.break_moved_rows.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.break_moved_rows.judge(after).status is Status.RIGHT


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ([[0, 1], [2, 3], [4, 5]], "no row has moved"),
        ([[0, 1], [2, 4], [4, 5]], "survives"),
        ([[0, 1], [2, 3]], "shape (3, 2) is needed"),
        ([[0, 1], [2, 3], [4, float("nan")]], "finite"),
        ("abc", "not a legal input"),
    ],
)
def test_break_moved_rows_catches(after, message):
    outcome = check.break_moved_rows.judge(after)
    assert outcome.status is Status.WRONG
    assert message in outcome.message


@pytest.mark.parametrize("score", [0.72, (1 + 4 * 0.65) / 5, np.float64(0.72), np.array(0.72)])
def test_predict_own_neighbour(score):
    assert_judged(check.predict_own_neighbour, score, Status.RIGHT)


@pytest.mark.parametrize(
    ("score", "explanation"),
    [
        (0.65, "film itself"),
        (0.825, "mean of five"),
        (0.52, "1, not 0"),
        (3.6, "the sum"),
        (0.9, "divide by five"),
        (1.0, "only the film itself"),
    ],
)
def test_predict_own_neighbour_explains(score, explanation):
    assert_judged(check.predict_own_neighbour, score, Status.WRONG, explanation)
