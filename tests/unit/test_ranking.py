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
