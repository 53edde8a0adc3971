"""The best candidates of each row, in whatever order they come."""

import numpy as np
import pytest

from course_utils import ranking


@pytest.mark.parametrize("shuffled", [False, True])
def test_equal_scores_go_to_the_lower_column(shuffled):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, (30, 12)).astype(float)
    rows, columns = ranking.candidates(scores, 5)
    if shuffled:  # within their rows
        order = np.lexsort((rng.random(len(rows)), rows))
        rows, columns = rows[order], columns[order]
    best = ranking.best_of(rows, columns, scores[rows, columns], 5, len(scores))
    expected = [np.lexsort((np.arange(12), -row))[:5] for row in scores]
    assert np.array_equal(columns[best], expected)


def test_the_least_integer_ranks_last():
    scores = np.array([[-128, 127, 0]], np.int8)
    assert ranking.top_k(scores, 3).tolist() == [[1, 2, 0]]


@pytest.mark.parametrize("columns", [1, 4, 7, 8, 31, 130, 300])
@pytest.mark.parametrize("dtype", ["i1", "f4", "f8"])
def test_candidates_hold_the_best_in_the_order_of_the_table(columns, dtype):
    scores = np.random.default_rng(columns).integers(-100, 100, (6, columns)).astype(dtype)
    for k in {1, 2, columns // 3, columns} & set(range(1, columns + 1)):
        rows, places = ranking.candidates(scores, k)
        assert np.all(np.diff(rows * columns + places) > 0)
        for row in range(6):
            best = set(np.argsort(-scores[row].astype(int), kind="stable")[:k])
            assert best <= set(places[rows == row])
        expected = np.argsort(-scores.astype(int), axis=1, kind="stable")[:, :k]
        assert ranking.top_k(scores, k).tolist() == expected.tolist()


def test_each_row_may_have_a_slack_of_its_own():
    scores = np.array([[0.5, 0.45, 0.1], [0.5, 0.45, 0.1]])
    rows, columns = ranking.candidates(scores, 1, slack=np.array([0.0, 0.1]))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 0), (1, 1)]
    assert len(ranking.candidates(scores, 1, slack=0.05 + 1e-9)[0]) == 4
    assert len(ranking.candidates(scores, 1, slack=0.04)[0]) == 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [("i1", "i1"), ("u8", "u8"), ("f4", "f4"), ("f8", "f8"), ("f2", "f8"), ("?", "f8")],
)
def test_scores_are_compared_in_a_type_that_holds_them(given, kept):
    values = ranking.rankable("scores", np.ones((2, 3), given))
    assert values.dtype == kept
    assert values.shape == (2, 3)


def test_no_rows_have_no_ranks_and_infinity_has_one():
    assert ranking.top_k(np.empty((0, 3)), 2).shape == (0, 2)
    assert ranking.top_k([[np.inf, -np.inf, 0.0]], 3).tolist() == [[0, 2, 1]]
    assert ranking.top_k([[-np.inf, -np.inf]], 2).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([[1.0, np.nan]], "marks must not be NaN: a score that cannot be compared has no rank"),
        ([1.0, 2.0], "marks must be 2-D with shape (rows, columns), got (2,)"),
        (np.ones((2, 2, 2), int), "marks must be 2-D with shape (rows, columns), got (2, 2, 2)"),
    ],
)
def test_what_has_no_ranks_is_refused_by_name(scores, message):
    with pytest.raises(ValueError, match="marks must") as error:
        ranking.rankable("marks", scores)
    assert str(error.value) == message
