"""Tables of feature vectors and folded-in items, against gradients, normal equations and loops."""

import re

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from course_utils import content, embeddings, factorization


def features_of(items, columns, seed=0):
    rng = np.random.default_rng(seed)
    return sp.csr_array((rng.random((items, columns)) < 0.4).astype(float))


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 3), st.sampled_from([1e-3, 1.0, 1e3]),
    st.integers(0, 9),
)  # fmt: skip
def test_a_ridge_table_is_least_squares_with_rows_of_penalty(items, columns, width, l2, seed):
    rows = features_of(items, columns, seed).toarray()
    targets = np.random.default_rng(seed).normal(size=(items, width))
    left = np.vstack([rows, np.sqrt(l2) * np.eye(columns)])
    right = np.vstack([targets, np.zeros((columns, width))])
    expected = np.linalg.lstsq(left, right, rcond=None)[0]
    found = content.ridge_table(rows, targets, l2)
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("shape", [(12, 5), (5, 12)])
def test_both_sides_set_the_gradient_to_zero(shape):
    rows = features_of(*shape)
    targets = np.random.default_rng(1).normal(size=(shape[0], 2))
    table = content.ridge_table(rows, targets, 0.7)
    gradient = rows.T @ (rows @ table - targets) + 0.7 * table
    assert np.abs(gradient).max() < 1e-12


def test_a_feature_that_no_item_has_gets_zeros():
    table = content.ridge_table([[1, 0], [1, 0], [1, 0]], np.ones((3, 2)), 1.0)
    np.testing.assert_array_equal(table[1], 0)
    np.testing.assert_allclose(table[0], 0.75)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_any_format_and_a_stored_zero_give_the_same(form):
    rows = features_of(6, 4)
    starts = np.append(rows.indptr[:-1], rows.nnz + 1)
    stored = sp.csr_array(
        (np.append(rows.data, 0.0), np.append(rows.indices, 0), starts), rows.shape
    )
    targets = np.arange(12.0).reshape(6, 2)
    expected = content.ridge_table(rows.toarray(), targets, 2.0)
    np.testing.assert_allclose(content.ridge_table(rows.asformat(form), targets, 2.0), expected)
    np.testing.assert_allclose(content.ridge_table(stored, targets, 2.0), expected)


def test_features_in_single_precision_are_solved_in_double():
    rows = features_of(7, 3) / 3
    single = rows.astype(np.float32)
    targets = np.random.default_rng(0).normal(size=(7, 2))
    expected = content.ridge_table(single.astype(np.float64), targets, 1e-3)
    np.testing.assert_allclose(content.ridge_table(single, targets, 1e-3), expected, rtol=1e-12)
    likes = sp.csr_array((rows.T > 0).astype(np.float32) / 3)
    codes, options = targets[:3], {"alpha": 0.7, "l2": 0.1}
    np.testing.assert_allclose(
        content.fold_in_items(likes, codes, **options),
        content.fold_in_items(likes.astype(np.float64), codes, **options),
        rtol=1e-12,
    )


def test_the_table_is_for_looking_up():
    rows = features_of(8, 5)
    table = content.ridge_table(rows, np.random.default_rng(0).normal(size=(8, 3)), 1.0)
    looked_up = embeddings.sparse_embedding_lookup(rows, table, combiner="sum")
    np.testing.assert_allclose(looked_up, rows @ table, atol=1e-12)


def test_to_fit_and_to_score_may_be_exchanged():
    """People times a fitted matrix of weights is a fit to people times weights."""
    rows, cold = features_of(9, 5), features_of(4, 5, 1)
    rng = np.random.default_rng(2)
    seen, weights = rng.random((3, 9)), rng.normal(size=(9, 9))
    one = seen @ (cold @ content.ridge_table(rows, weights.T, 3.0)).T
    other = (cold @ content.ridge_table(rows, (seen @ weights).T, 3.0)).T
    np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([[1, 0]], [[1.0], [2.0]], 1.0), ValueError, "targets must have 1 rows"),
        (([[1, 0]], [1.0], 1.0), ValueError, "(items, d)"),
        (([[1, 0]], [[1.0]], 0), ValueError, "l2"),
        (([[1, 0]], [[1.0]], "1"), TypeError, "l2"),
        (([[1, np.nan]], [[1.0]], 1.0), ValueError, "finite"),
        ((np.empty((0, 2)), np.empty((0, 1)), 1.0), ValueError, "features"),
        (([["a"]], [[1.0]], 1.0), TypeError, "features"),
    ],
)
def test_a_ridge_table_refuses(arguments, error, text):
    with pytest.raises(error, match=re.escape(text)):
        content.ridge_table(*arguments)


# ---- folding in ---------------------------------------------------------------------------------


def cost(vector, likes, codes, prior, alpha, l2, by_weight=False):
    """Write the formula of the docstring, one person at a time."""
    penalty = l2 * sum(1 + alpha * x for x in likes) if by_weight else l2
    total = penalty * np.sum((vector - prior) ** 2)
    for x, code in zip(likes, codes, strict=True):
        total += (1 + alpha * x) * ((x > 0) - code @ vector) ** 2
    return total


@pytest.mark.parametrize("by_weight", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_folding_in_finds_the_smallest_cost(by_weight, alpha):
    rng = np.random.default_rng(0)
    likes = sp.csr_array(rng.integers(0, 3, (6, 4)) * (rng.random((6, 4)) < 0.5))
    codes, prior = rng.normal(size=(6, 2)), rng.normal(size=(4, 2))
    options = {"alpha": alpha, "l2": 0.3, "by_weight": by_weight}
    found = content.fold_in_items(likes, codes, prior, **options)
    for item in range(4):
        given_to = likes.toarray()[:, item], codes, prior[item], alpha, 0.3, by_weight
        best = scipy.optimize.minimize(cost, np.zeros(2), given_to, tol=1e-12)
        np.testing.assert_allclose(found[item], best.x, atol=1e-5)
        assert cost(found[item], *given_to) <= best.fun + 1e-10


def test_without_a_prior_it_is_the_step_of_implicit_als():
    likes = features_of(20, 12)
    model = factorization.fit_implicit_als(likes, 3, alpha=4.0, l2=0.05, rounds=2)
    turned = factorization.ImplicitALS(model.columns, model.rows, 4.0, 0.05, True)
    expected = turned.codes(likes.T)
    found = content.fold_in_items(likes, model.rows, alpha=4.0, l2=0.05)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_a_like_of_zero_that_is_stored_is_no_like():
    stored = sp.csr_array(([1.0, 0.0, 2.0], ([0, 1, 2], [0, 0, 1])), shape=(3, 2))
    codes, options = np.array([[1.0], [2.0], [3.0]]), {"alpha": 2.0, "l2": 0.5}
    np.testing.assert_array_equal(
        content.fold_in_items(stored, codes, **options),
        content.fold_in_items(stored.toarray(), codes, **options),
    )
    assert stored.nnz == 3


def test_a_huge_penalty_leaves_the_prior_and_a_tiny_one_the_likes():
    rng = np.random.default_rng(3)
    likes, codes, prior = features_of(15, 3), rng.normal(size=(15, 2)), rng.normal(size=(3, 2))
    options = {"alpha": 2.0, "by_weight": False}
    far = content.fold_in_items(likes, codes, prior, l2=1e12, **options)
    near = content.fold_in_items(likes, codes, prior, l2=1e-12, **options)
    plain = content.fold_in_items(likes, codes, l2=1e-12, **options)
    np.testing.assert_allclose(far, prior, atol=1e-8)
    np.testing.assert_allclose(near, plain, atol=1e-8)
    assert np.abs(near - prior).max() > 0.1


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"likes": [[-1.0], [0.0]]}, ValueError, "must not be negative, got -1"),
        ({"codes": [[1.0]]}, ValueError, "codes must have 2 rows"),
        ({"prior": [[1.0, 2.0]]}, ValueError, "prior must have shape (1, 1)"),
        ({"prior": [1.0]}, ValueError, "prior must be 2-D"),
        ({"codes": [1.0, 2.0]}, ValueError, "codes must be 2-D"),
        ({"codes": np.empty((2, 0))}, ValueError, "codes must not be empty"),
        ({"alpha": -1.0}, ValueError, "alpha"),
        ({"l2": 0.0}, ValueError, "l2"),
        ({"by_weight": 1}, TypeError, "by_weight"),
        ({"codes": [[np.inf], [1.0]]}, ValueError, "codes"),
        ({"likes": np.empty((2, 0))}, ValueError, "likes"),
    ],
)
def test_folding_in_refuses(changed, error, text):
    given_to = {"likes": [[1.0], [0.0]], "codes": [[1.0], [2.0]], "alpha": 1.0, "l2": 1.0}
    with pytest.raises(error, match=re.escape(text)):
        content.fold_in_items(**(given_to | changed))
