"""The checks of *Embed categories as rows of a table* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_judged, assert_not_right, assert_right

from course_utils import embeddings
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


def in_a_loop(indices, num_classes):
    vectors = np.zeros((len(indices), num_classes), dtype=int)
    for row, index in enumerate(indices):
        vectors[row, index] = 1
    return vectors


def put_along(indices, num_classes):
    vectors = np.zeros((indices.size, num_classes))
    np.put_along_axis(vectors, indices[:, None].astype(int), 1, axis=1)
    return vectors


def flat_places(indices, num_classes):
    flat = np.zeros(len(indices) * num_classes)
    flat[np.arange(len(indices)) * num_classes + indices] = 1
    return flat.reshape(len(indices), num_classes)


def by_sparse(indices, num_classes):
    n = len(indices)
    cells = (np.ones(n), (np.arange(n), indices))
    return sp.coo_array(cells, shape=(n, num_classes)).toarray()


def by_pandas(indices, num_classes):
    return pd.get_dummies(pd.Categorical(indices, categories=range(num_classes))).to_numpy()


def rows_of_lists(indices, num_classes):
    rows = [[int(index == k) for k in range(num_classes)] for index in indices]
    return np.array(rows).reshape(len(indices), num_classes)


def adds_ones(indices, num_classes):
    vectors = np.zeros((len(indices), num_classes))
    np.add.at(vectors, (np.arange(len(indices)), indices), 1)
    return vectors


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        in_a_loop,
        put_along,
        flat_places,
        by_sparse,
        by_pandas,
        rows_of_lists,
        adds_ones,
        lambda i, n: (i[:, None] == np.arange(n)).astype(np.uint8),
        lambda i, n: i[:, np.newaxis] == np.arange(n),
        lambda i, n: np.equal.outer(i, np.arange(n)) * 1.0,
        lambda i, n: np.identity(n, dtype=np.float32)[i],
        lambda i, n: np.eye(n).take(i, axis=0),
        lambda i, n: np.where(np.arange(n) == i.reshape(-1, 1), 1, 0),
        lambda i, n: pd.DataFrame(np.eye(n)).iloc[i],
    ],
)
def test_one_hot_in_other_styles(attempt):
    assert_right(check.one_hot, attempt)


def changes_its_input(indices, num_classes):
    result = right_one_hot(indices, num_classes)
    indices.sort()
    return result


def of_the_type_of_the_indices(indices, num_classes):
    columns = np.arange(num_classes).astype(indices.dtype)
    return (indices[:, None] == columns).astype(float)


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (lambda i, n: np.eye(10)[i], "occurs twice"),
        (lambda i, n: np.eye(n)[np.unique(i)], "occurs twice"),
        (lambda i, n: np.eye(n)[np.sort(i)], "occurs twice"),
        (lambda i, n: np.eye(n)[i - 1], "one index"),
        (lambda i, n: np.eye(n, k=1)[i], "one index"),
        (lambda i, n: 2 * np.eye(n)[i] - 1, "one index"),
        (lambda i, n: np.eye(n)[i] * i[:, None], "one index"),
        (lambda i, n: np.eye(n)[i].ravel(), "shape (10,) instead of (1, 10)"),
        (lambda i, n: np.eye(n)[i].squeeze(), "shape (10,) instead of (1, 10)"),
        (lambda i, n: np.eye(n)[i[::-1]], "indices that fall"),
        (lambda i, n: np.eye(n)[i.astype(np.int8)], "a short type and many categories"),
        (of_the_type_of_the_indices, "a short type and many categories"),
        (lambda i, n: np.eye(n)[list(set(i.tolist()))], "occurs twice"),
        (lambda i, n: sp.csr_array(np.eye(n)[i]), "a sparse array instead of a dense one"),
        (lambda i, n: [[int(k == c) for c in range(n)] for k in i], "no index at all"),
        (lambda i, n: np.eye(n)[np.minimum(i, 99)], "many categories"),
        (lambda i, n: np.eye(n)[i[:5]], "not in general"),
        (changes_its_input, "Work on a copy"),
        (embeddings.one_hot, "write it yourself"),
        (lambda i, n: embeddings.one_hot(i.tolist(), n).astype(int), "write it yourself"),
        (lambda i, n: check.one_hot.reference(i, n), "write it yourself"),
        (lambda i, n: print(np.eye(n)[i]), "return"),
    ],
)
def test_one_hot_catches_more(attempt, text):
    assert_not_right(check.one_hot, attempt, text)


@pytest.mark.parametrize(
    "answer",
    [
        50.0,
        Fraction(50),
        Decimal("50"),
        np.int8(50),
        np.array(50),
        np.float32(50),
        10 * 4 + 4 * 2 + 2,
        sum([40, 8, 2]),
        np.sum([40, 8, 2]),
        int("50"),
        np.prod((10, 4)) + np.prod((4, 2)) + 2,
        pd.Series([40, 8, 2]).sum(),
    ],
)
def test_predict_parameters_of_any_type(answer):
    assert_right(check.predict_parameters, answer)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("50", "quotes"),
        ([50], "single number"),
        (np.array([50]), "shape"),
        (True, "no number"),
        (lambda: 50, "call it"),
        (49, "other values"),
        (None, "put your value"),
    ],
)
def test_predict_parameters_refuses(answer, text):
    assert_not_right(check.predict_parameters, answer, text)


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
        (lambda i, n: right_are_valid(i, 10), "a wrong id in the middle"),
    ],
)
def test_are_valid_catches(attempt, case):
    outcome = check.are_valid.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}
    assert case in outcome.message


def each_one(indices, num_classes):
    return all(isinstance(index, np.integer) and 0 <= index < num_classes for index in indices)


def nested_questions(indices, num_classes):
    if not len(indices):
        return True
    if not np.issubdtype(indices.dtype, np.integer):
        return False
    if np.any(indices < 0):
        return False
    return not np.any(indices >= num_classes)


def by_membership(indices, num_classes):
    if indices.size > 0 and indices.dtype.kind not in ("i", "u"):
        return False
    return set(indices.tolist()) <= set(range(num_classes))


def by_name(indices, num_classes):
    integers = str(indices.dtype).startswith(("int", "uint"))
    return len(indices) == 0 or (integers and in_range(indices, num_classes))


def by_clipping(indices, num_classes):
    if indices.size == 0:
        return True
    return indices.dtype.kind in "iu" and np.array_equal(
        np.clip(indices.astype(object), 0, num_classes - 1), indices
    )


def by_sorting(indices, num_classes):
    ordered = sorted(indices.tolist())
    whole = [type(index) is int for index in ordered]
    if indices.dtype == object:
        return not ordered
    return not ordered or (all(whole) and ordered[0] >= 0 and ordered[-1] < num_classes)


def by_trying(indices, num_classes):
    if indices.size == 0:
        return True
    if indices.dtype.kind not in "iu" or (indices < 0).any():
        return False
    try:
        np.zeros(num_classes)[indices]
    except IndexError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        each_one,
        nested_questions,
        by_membership,
        by_name,
        by_clipping,
        by_sorting,
        by_trying,
        lambda i, n: i.size == 0 or bool(i.dtype.kind in "iu" and 0 <= i.min() <= i.max() < n),
        lambda i, n: np.all([isinstance(k, np.integer) and k in range(n) for k in i]),
        lambda i, n: not i.size or (i.dtype.kind in "ui" and np.isin(i, np.arange(n)).all()),
        lambda i, n: np.bool_(right_are_valid(i, n)),
        lambda i, n: int(right_are_valid(i, n)),
        lambda i, n: (
            i.shape == (0,)
            or (np.issubdtype(i.dtype, np.integer) and min(i) >= 0 and max(i) <= n - 1)
        ),
    ],
)
def test_are_valid_in_other_styles(attempt):
    assert_right(check.are_valid, attempt)


def when_integers(rule):
    def attempt(indices, num_classes):
        if indices.size == 0:
            return True
        return indices.dtype.kind in "iu" and bool(rule(indices, num_classes))

    return attempt


def rounds_its_input(indices, num_classes):
    result = right_are_valid(indices, num_classes)
    indices[...] = 0
    return result


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (when_integers(lambda i, n: np.abs(i).max() < n), "minus one"),
        (when_integers(lambda i, n: i[0] >= 0 and i[-1] < n), "minus one"),
        (
            when_integers(lambda i, n: i.min() >= 0 and i[0] < n and i[-1] < n),
            "a wrong id in the middle",
        ),
        (when_integers(lambda i, n: i.mean() >= 0 and i.mean() < n), "one past the end"),
        (when_integers(lambda i, n: ((i >= 0) & (i < n)).any()), "one past the end"),
        (when_integers(lambda i, n: i.min() > 0 and i.max() < n), "first and last category"),
        (when_integers(lambda i, n: i.min() >= 0 and i.max() < n - 1), "first and last category"),
        (when_integers(lambda i, n: i.min() >= 0 and i.max() < 10), "a wrong id in the middle"),
        (when_integers(lambda i, n: -n <= i.min() and i.max() < n), "minus one"),
        (when_integers(lambda i, n: in_range(i.astype(np.int8), n)), "not in general"),
        (when_integers(lambda i, n: in_range(i, n) and len(set(i.tolist())) == len(i)), "not in"),
        (when_integers(lambda i, n: in_range(i[:5], n)), "a wrong id in the middle"),
        (lambda i, n: i.size == 0 or (i.dtype != np.float64 and in_range(i, n)), "32 bits"),
        (lambda i, n: i.size == 0 or (i.dtype.itemsize == 8 and right_are_valid(i, n)), "short"),
        (lambda i, n: i.size > 0 and right_are_valid(i, n), "Answer True for it first"),
        (rounds_its_input, "Work on a copy"),
        (lambda i, n: (i >= 0) & (i < n), "shape (3,) instead of ()"),
        (lambda i, n: "yes" if right_are_valid(i, n) else "no", "text"),
        (lambda i, n: print(right_are_valid(i, n)), "return"),
    ],
)
def test_are_valid_catches_more(attempt, text):
    assert_not_right(check.are_valid, attempt, text)


@pytest.mark.parametrize(
    "after",
    [
        ((1, 0), (2, 3), (4, 5)),
        np.array([[0, 1], [2, 3], [9, 0]], dtype=np.int8),
        np.array([[0, 1], [2, 3], [4.5, 4.5]], dtype=np.float32),
        [[Fraction(1, 3), Fraction(2, 3)], [2, 3], [4, 5]],
        [[Decimal("0.1"), Decimal("0.9")], [2, 3], [4, 5]],
        [[0.1, 0.9], [2, 3], [4, 5]],  # the change of the second rounds to -0.09999999999999998
        [[0, 1], [2.1, 2.9], [4.3, 4.7]],
        pd.DataFrame({"a": [1, 2, 4], "b": [0, 3, 5]}),
        sp.csr_array([[1, 0], [2, 3], [4, 5]]),
        [[0, 1], [1e20, -1e20], [4, 5]],
        [[-5, 6], [3, 2], [0, 9]],
        [[1, 0], [2, 9], [4, 5]],
        [np.array([0, 1]), np.array([3, 2]), np.array([4, 5])],
    ],
)
def test_break_moved_rows_in_other_styles(after):
    assert_right(check.break_moved_rows, after)


@pytest.mark.parametrize(
    ("after", "text"),
    [
        ([[1, 1], [2, 3], [4, 5]], "survives"),
        ([[0, 1], [3, 4], [5, 6]], "survives"),
        ([[1, 1], [2, 2], [4, 5]], "survives"),  # the table as a whole keeps its sum
        ([[2, 3], [0, 1], [4, 5]], "survives"),  # so does a table whose rows change places
        ([[0, 1], [2, 3], [4, 5 + 1e-12]], "survives"),
        ([[0, 1, 2], [3, 4, 5]], "shape (3, 2) is needed"),
        ([1, 0, 2, 3, 4, 5], "shape (3, 2) is needed"),
        ([[1, 0], [2, 3], [4, float("inf")]], "finite"),
        ([[1, 0], [2, 3], [4]], "different lengths"),
        ([[1, 0], [2, 3], [4, None]], "None"),
        ([["1", "0"], ["2", "3"], ["4", "5"]], "quotes"),
        (np.zeros((3, 2), dtype=bool), "True and False"),
        (1, "shape (3, 2) is needed"),
        ([], "shape (3, 2) is needed"),
        (None, "put your input"),
    ],
)
def test_break_moved_rows_catches_more(after, text):
    assert_not_right(check.break_moved_rows, after, text)


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
        ("abc", "a text instead of numbers"),
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


@pytest.mark.parametrize(
    "score",
    [
        Fraction(18, 25),
        Decimal("0.72"),
        np.float32(0.72),
        np.float16(0.72),
        np.mean([1, 0.65, 0.65, 0.65, 0.65]),
        sum([1] + 4 * [0.65]) / 5,
        3.6 / 5,
        0.2 + 0.8 * 0.65,
    ],
)
def test_predict_own_neighbour_of_any_type(score):
    assert_right(check.predict_own_neighbour, score)


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (72, "100 times"),
        ("0.72", "quotes"),
        ([0.72], "single number"),
        (0.7, "other values"),
        (0.73, "other values"),
        (-0.72, "other values"),
        (0.7083, "five neighbours in all"),
        (0.83, "mean of five"),
        (None, "put your value"),
    ],
)
def test_predict_own_neighbour_refuses(score, text):
    assert_not_right(check.predict_own_neighbour, score, text)
