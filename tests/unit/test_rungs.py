"""Each rung scores as its formula says; the oracles are dense and small."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import exams, factorization, rungs

RNG = np.random.default_rng(3)
TRAIN = (RNG.random((12, 9)) < 0.4).astype(float)
SEEN = sp.csr_array((RNG.random((5, 9)) < 0.4).astype(float))


def test_popularity_is_the_count_for_everybody():
    np.testing.assert_array_equal(
        rungs.popularity(3 * TRAIN)(SEEN), np.tile((TRAIN > 0).sum(axis=0), (5, 1))
    )


def test_popularity_of_items_that_nobody_has_is_zero():
    train = sp.csr_array(([1.0, 0.0, 5.0], ([0, 0, 1], [0, 1, 0])), shape=(2, 4))
    scores = rungs.popularity(train)(sp.csr_array((3, 4)))
    assert scores.tolist() == [[2, 0, 0, 0]] * 3
    assert scores.dtype == np.float64


@pytest.mark.parametrize("k", [1, 3, 8, 100])
def test_item_knn_adds_up_the_cosines_of_the_nearest(k):
    norms = np.linalg.norm(TRAIN, axis=0)
    cosines = TRAIN.T @ TRAIN / np.where(norms[:, None] * norms == 0, 1, norms[:, None] * norms)
    np.fill_diagonal(cosines, -1)
    near = np.argsort(-cosines.round(12), axis=1, kind="stable")[:, : min(k, 8)]
    weights = np.zeros((9, 9))
    for item in range(9):
        weights[near[item], item] = cosines[near[item], item]
    expected = SEEN.toarray() @ weights
    np.testing.assert_allclose(rungs.item_knn(TRAIN, k)(SEEN), expected, atol=1e-12)


def test_item_knn_scores_the_last_item_also_if_it_is_nobodys_neighbour():
    train = [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0]]
    assert rungs.item_knn(train, 1)(SEEN[:, :4]).shape == (5, 4)
    assert rungs.item_knn(train, 1)(sp.csr_array([[0.0, 0, 0, 1]])).tolist() == [[0] * 4]


@pytest.mark.parametrize("k", [1, 4, 50])
def test_pure_svd_projects_the_row(k):
    vt = np.linalg.svd(TRAIN, full_matrices=False)[2][:k]
    np.testing.assert_allclose(rungs.pure_svd(TRAIN, k)(SEEN), SEEN @ vt.T @ vt, atol=1e-8)


def test_ease_explains_each_item_by_the_others():
    expected = np.zeros((5, 9))
    for item in range(9):
        others = np.delete(np.arange(9), item)
        x = TRAIN[:, others]
        weights = np.linalg.solve(x.T @ x + 2 * np.eye(8), x.T @ TRAIN[:, item])
        expected[:, item] = SEEN.toarray()[:, others] @ weights
    np.testing.assert_allclose(rungs.ease(TRAIN, 2)(SEEN), expected, atol=1e-10)


def test_implicit_als_solves_a_weighted_ridge_for_each_person():
    scorer = rungs.implicit_als(TRAIN, (3, 4.0, 0.01))
    vectors = scorer.__self__.columns
    for seen, scores in zip(SEEN.toarray(), scorer(SEEN), strict=True):
        weights = 1 + 4 * seen
        gram = vectors.T @ (weights[:, None] * vectors) + 0.01 * weights.sum() * np.eye(3)
        code = np.linalg.solve(gram, vectors.T @ (weights * seen))
        np.testing.assert_allclose(scores, vectors @ code, atol=1e-8)


def test_implicit_als_is_fitted_in_five_rounds():
    ours = rungs.implicit_als(TRAIN, (3, 4.0, 0.01)).__self__
    five = factorization.fit_implicit_als(TRAIN, 3, alpha=4.0, l2=0.01, rounds=5)
    np.testing.assert_allclose(ours.columns, five.columns)


def test_fractions_and_stored_zeros_may_be_factored_and_negatives_may_not():
    train = sp.csr_array(([0.5, 0.0, 0.25], ([0, 0, 1], [0, 1, 1])), shape=(2, 3))
    seen, setting = sp.csr_array((1, 3)), (1, 0.0, 0.1)
    assert rungs.implicit_als(train, setting)(seen).shape == (1, 3)
    with pytest.raises(ValueError, match=r"setting\[1\] must be a number of at least 0, got -1"):
        rungs.implicit_als(train, (1, -1, 0.1))
    with pytest.raises(ValueError, match=r"setting\[2\] must be a number above 0, got 0"):
        rungs.implicit_als(train, (1, 1.0, 0))
    train.data[0] = -0.5
    with pytest.raises(ValueError, match="train must not be negative, got -0.5"):
        rungs.implicit_als(train, setting)


def test_one_teacher_is_enough_and_one_item_too():
    seen = sp.csr_array(np.ones((2, 2)))
    for model, setting in (
        (rungs.item_knn, 1),
        (rungs.pure_svd, 1),
        (rungs.ease, 1.0),
        (rungs.implicit_als, (1, 1.0, 1.0)),
    ):
        assert model([[1.0, 1.0]], setting)(seen).shape == (2, 2)
        with pytest.raises(ValueError, match="train must have at least one row and column"):
            model(np.empty((0, 2)), setting)
    assert rungs.popularity([[1.0]])(seen[:, :1]).tolist() == [[1], [1]]
    assert rungs.popularity(np.empty((0, 2)))(seen).tolist() == [[0, 0], [0, 0]]


def test_more_factors_than_people_count_as_all():
    assert rungs.implicit_als(TRAIN[:4], (64, 4.0, 0.01))(SEEN).shape == (5, 9)


@pytest.mark.parametrize("layout", [sp.csc_array, sp.coo_array, sp.lil_array, np.asarray])
def test_every_rung_sits_an_exam_in_any_format(layout):
    models = {
        rungs.popularity: None,
        rungs.item_knn: 3,
        rungs.pure_svd: 2,
        rungs.ease: 1.0,
        rungs.implicit_als: (2, 5.0, 0.01),
    }
    exam = exams.Exam(sp.csr_array(TRAIN), SEEN, ~(SEEN.toarray() > 0), np.arange(9))
    for model, setting in models.items():
        plain = exams.scores(model, setting, exam)
        np.testing.assert_allclose(
            model(layout(TRAIN), setting)(SEEN)[exam.hidden], plain[exam.hidden], atol=1e-9
        )


@pytest.mark.parametrize("k", [0, 2.0, True])
def test_a_foreign_size_is_refused(k):
    for model in (rungs.item_knn, rungs.pure_svd):
        with pytest.raises((TypeError, ValueError), match="k must be an integer of at least 1"):
            model(TRAIN, k)
    with pytest.raises((TypeError, ValueError), match="must be an integer of at least 1"):
        rungs.implicit_als(TRAIN, (k, 4.0, 0.01))
