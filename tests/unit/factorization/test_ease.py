"""EASE against its definition: a constrained least squares problem, solved column by column."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.datasets import load_movielens
from course_utils.factorization import ease, linear_autoencoder
from course_utils.factorization.linear_autoencoder import penalised_cholesky


def weights_by_definition(interactions, l2):
    """Ridge regression of every item on all *other* items; shares no formula with the code."""
    items = interactions.shape[1]
    weights = np.zeros((items, items))
    for item in range(items):
        others = np.delete(np.arange(items), item)
        left = interactions[:, others]
        padded = np.vstack([left, np.sqrt(l2) * np.eye(len(others))])
        target = np.concatenate([interactions[:, item], np.zeros(len(others))])
        weights[others, item] = np.linalg.lstsq(padded, target, rcond=None)[0]
    return weights


def item_side(interactions, l2):
    """Steck's equation (8) as it stands there."""
    inverse = np.linalg.inv(interactions.T @ interactions + l2 * np.eye(interactions.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


@st.composite
def problems(draw):
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    interactions = draw(
        hnp.arrays(float, shape, elements=st.sampled_from([0.0, 0.0, 1.0, -0.5, 3]))
    )
    return interactions, draw(st.sampled_from([0.1, 1.0, 50.0]))


class TestEase:
    @pytest.mark.slow
    @given(problems())
    def test_definition(self, problem):
        interactions, l2 = problem
        model = ease(interactions, l2)
        np.testing.assert_allclose(
            model.weights(), weights_by_definition(interactions, l2), atol=1e-9
        )
        assert model.side == ("users" if interactions.shape[0] < interactions.shape[1] else "items")

    @pytest.mark.parametrize("l2", [1.0, 100.0, 1000.0])
    @pytest.mark.parametrize("shape", [(40, 300), (300, 40), (100, 100), (99, 100)])
    def test_both_sides_agree_to_twelve_digits(self, shape, l2):
        interactions = (np.random.default_rng(0).random(shape) < 0.1).astype(float)
        model = ease(sp.csr_array(interactions), l2)
        np.testing.assert_allclose(model.weights(), item_side(interactions, l2), rtol=0, atol=1e-12)
        new = (np.random.default_rng(1).random((7, shape[1])) < 0.1).astype(float)
        np.testing.assert_allclose(
            model.scores(new), new @ item_side(interactions, l2), rtol=0, atol=1e-12
        )

    @pytest.mark.slow
    def test_both_sides_agree_on_films(self):
        matrix = load_movielens().matrix().matrix
        often = np.argsort(-np.diff(matrix.indptr), kind="stable")[:900]
        likes = (matrix[often].T >= 4).astype(float).tocsr()
        model = ease(likes, 200.0)
        assert model.side == "users"
        weights = model.weights()
        np.testing.assert_allclose(weights, item_side(likes.toarray(), 200.0), rtol=0, atol=1e-12)
        assert np.all(np.diag(weights) == 0)

    @pytest.mark.slow
    def test_items_are_solved_in_blocks(self):
        # More items than fit into one block of 2**22 numbers.
        likes = sp.random_array((2048, 2060), density=0.001, rng=np.random.default_rng(0))
        likes.data[:] = 1
        model = ease(likes, 10.0)
        inverse = np.linalg.inv((likes.T @ likes).toarray() + 10 * np.eye(2060))
        np.testing.assert_allclose(model.diagonal, np.diag(inverse), rtol=1e-12)

    def test_scores_of_sparse_and_dense_rows_agree(self):
        rng = np.random.default_rng(2)
        model = ease(rng.integers(0, 2, (5, 8)), 1.0)
        rows = rng.integers(0, 2, (3, 8))
        np.testing.assert_array_equal(model.scores(rows), model.scores(sp.coo_array(rows)))

    def test_input_is_not_changed(self):
        rows = np.eye(3)
        given_rows = sp.csr_array(np.eye(2, 3))
        ease(rows, 1.0), ease(given_rows, 1.0)
        np.testing.assert_array_equal(rows, np.eye(3))
        np.testing.assert_array_equal(given_rows.toarray(), np.eye(2, 3))

    @pytest.mark.parametrize(
        ("interactions", "l2", "message"),
        [
            (np.eye(3), 0.0, "above 0"),
            (np.eye(3), -1.0, "above 0"),
            (np.eye(3), np.inf, "above 0"),
            (np.ones(3), 1.0, "2-D"),
            ([[np.nan]], 1.0, "finite"),
            ([[1, 1, 1], [1, 1, 1]], 1e-18, "l2 must be at least .* take a larger penalty"),
            ([[1], [1]], 1e-18, "l2 must be at least"),
            ([[1e200]], 1.0, "divide them by a constant"),
        ],
    )
    def test_refuses(self, interactions, l2, message):
        with pytest.raises(ValueError, match=message):
            ease(interactions, l2)

    def test_refuses_rows_of_other_items(self):
        with pytest.raises(ValueError, match="3 columns") as error:
            ease(np.eye(3), 1.0).scores([[1.0, 0.0]])
        assert str(error.value) == ("rows must have 3 columns, one for each item, got shape (1, 2)")
        with pytest.raises(ValueError, match="rows must be finite"):
            ease(np.eye(3), 1.0).scores([[1.0, np.nan, 0.0]])

    def test_no_items_are_no_matrix_and_no_users_can_be_scored(self):
        with pytest.raises(ValueError, match="at least one row and column"):
            ease(np.zeros((0, 3)), 1.0)
        assert ease(np.eye(3), 1.0).scores(np.zeros((0, 3))).shape == (0, 3)

    @pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
    def test_the_smallest_penalty_is_a_share_of_what_no_eigenvalue_exceeds(self, shape):
        """The largest sum of magnitudes in a row of the products, here of either side: 4."""
        table = np.zeros(shape)
        table[0, 0], table[1, 1] = -2, 1
        assert np.isfinite(ease(table, 8e-10).weights()).all()
        with pytest.raises(ValueError, match="l2 must be") as error:
            ease(table, 7.9e-10)
        assert str(error.value) == (
            "l2 must be at least 8e-10 for these interactions, or rounding decides the weights, "
            "got 7.9e-10; take a larger penalty"
        )

    def test_without_interactions_any_normal_number_is_a_penalty(self):
        least = np.finfo(float).tiny
        assert not ease(np.zeros((2, 3)), least).weights().any()
        with pytest.raises(ValueError, match="l2 must be at least 2.2e-308"):
            ease(np.zeros((2, 3)), least / 2)

    @pytest.mark.parametrize("cells", [1, 4, 6, 100])
    def test_items_come_in_blocks_and_none_is_left_out(self, monkeypatch, cells):
        interactions = np.random.default_rng(0).integers(0, 2, (2, 7)).astype(float)
        monkeypatch.setattr(linear_autoencoder, "_BLOCK_CELLS", cells)
        np.testing.assert_allclose(
            ease(interactions, 0.5).weights(), item_side(interactions, 0.5), atol=1e-12
        )

    @pytest.mark.filterwarnings("error")
    def test_a_sum_that_overflows_is_told_without_a_warning(self):
        with pytest.raises(ValueError, match="got an infinite sum"):
            penalised_cholesky(np.full((3, 3), 1e308), 1.0)

    @pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
    def test_what_overflows_when_squared_says_what_to_do(self, shape):
        with pytest.raises(ValueError, match="interactions must be small") as error:
            ease(np.full(shape, 1e200), 1.0)
        assert str(error.value) == (
            "interactions must be small enough to be squared and added up, got an infinite sum; "
            "divide them by a constant first, and l2 by its square"
        )

    @pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
    def test_a_model_keeps_its_numbers_when_the_table_changes(self, shape):
        table = sp.csr_array(np.arange(6.0).reshape(shape))
        model = ease(table, 1.0)
        before = model.weights()
        table.data[:] = 9
        np.testing.assert_array_equal(model.weights(), before)
        assert model.interactions.dtype == np.float64
        assert model.l2 == 1.0
