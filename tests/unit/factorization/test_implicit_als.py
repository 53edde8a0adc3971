"""Implicit-feedback ALS against the dense weighted ridge it stands for, and its objective."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from memory import peak_of

from course_utils.factorization import (
    ImplicitALS,
    alternating_least_squares,
    fit_implicit_als,
    implicit_als,
)


def dense_codes(table, vectors, alpha, l2, by_weight):
    """One least squares problem on all columns for each row; shares no formula with the code."""
    codes = np.zeros((len(table), vectors.shape[1]))
    for row, numbers in enumerate(table):
        weights = 1 + alpha * numbers
        penalty = l2 * (weights.sum() if by_weight else 1)
        padded = np.vstack(
            [np.sqrt(weights)[:, None] * vectors, np.sqrt(penalty) * np.eye(vectors.shape[1])]
        )
        wanted = np.concatenate([np.sqrt(weights) * (numbers > 0), np.zeros(vectors.shape[1])])
        codes[row] = np.linalg.lstsq(padded, wanted, rcond=None)[0]
    return codes


def dense_fit(table, k, alpha, l2, by_weight, rounds, seed):
    columns = np.random.default_rng(seed).standard_normal((k, table.shape[1])).T / np.sqrt(k)
    for _ in range(rounds):
        rows = dense_codes(table, columns, alpha, l2, by_weight)
        columns = dense_codes(table.T, rows, alpha, l2, by_weight)
    return dense_codes(table, columns, alpha, l2, by_weight), columns


def objective(table, model):
    weights = 1 + model.alpha * table
    errors = (table > 0) - model.rows @ model.columns.T
    sides = zip(
        (model.rows, model.columns), (weights.sum(axis=1), weights.sum(axis=0)), strict=True
    )
    penalties = sum(np.sum(w * np.sum(side**2, axis=1)) for side, w in sides)
    if not model.by_weight:
        penalties = np.sum(model.rows**2) + np.sum(model.columns**2)
    return np.sum(weights * errors**2) + model.l2 * penalties


def likes(users=40, items=30, share=0.2, seed=0):
    return (np.random.default_rng(seed).random((users, items)) < share).astype(float)


@st.composite
def problems(draw):
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    table = draw(hnp.arrays(float, shape, elements=st.sampled_from([0.0, 0.0, 1.0, 0.25, 7])))
    k = draw(st.integers(1, min(shape)))
    options = {
        "alpha": draw(st.sampled_from([0.0, 0.5, 8.0])),
        "l2": draw(st.sampled_from([0.01, 0.3, 5.0])),
        "by_weight": draw(st.booleans()),
    }
    return table, k, options, draw(st.integers(0, 3))


@pytest.mark.slow
@given(problems())
def test_sparse_correction_equals_the_dense_solve(problem):
    table, k, options, seed = problem
    model = fit_implicit_als(sp.csr_array(table), k, rounds=2, seed=seed, **options)
    rows, columns = dense_fit(table, k, rounds=2, seed=seed, **options)
    np.testing.assert_allclose(model.rows @ model.columns.T, rows @ columns.T, atol=1e-7)


@pytest.mark.parametrize("by_weight", [True, False])
@pytest.mark.parametrize("k", [1, 4, 9])  # rows with more, and with fewer, likes than factors
def test_codes_of_given_vectors(k, by_weight):
    rng = np.random.default_rng(k)
    vectors, table = rng.standard_normal((30, k)), likes() * rng.integers(1, 5, (40, 30))
    table[3] = 0
    model = ImplicitALS(np.empty((0, k)), vectors, 5.0, 0.01, by_weight)
    expected = dense_codes(table, vectors, 5.0, 0.01, by_weight)
    np.testing.assert_allclose(model.codes(table), expected, atol=1e-10)
    np.testing.assert_allclose(model.scores(table), expected @ vectors.T, atol=1e-10)


def test_by_default_there_are_ten_rounds_from_the_seed_zero_with_penalties_by_weight():
    table = likes(12, 10)
    default = fit_implicit_als(table, 2, alpha=3.0, l2=0.05)
    rows, columns = dense_fit(table, 2, 3.0, 0.05, True, rounds=10, seed=0)
    np.testing.assert_allclose(default.columns, columns, atol=1e-9)
    np.testing.assert_allclose(default.rows, rows, atol=1e-9)
    assert default[2:] == (3.0, 0.05, True)


@pytest.mark.parametrize("l2", [1e-300, 1e-13, 1e-12])
def test_a_penalty_that_rounding_would_decide_is_raised(l2):
    """To 1e-10 times the largest eigenvalue of the vectors' products, which is 4 here."""
    vectors, table = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 3.0, 1.0]])
    low, raised = (
        ImplicitALS(np.empty((0, 2)), vectors, 5.0, penalty, by_weight=False).codes(table)
        for penalty in (l2, 4e-10)
    )
    np.testing.assert_array_equal(low, raised)
    other = ImplicitALS(np.empty((0, 2)), vectors, 5.0, 5e-10, by_weight=False).codes(table)
    assert (other != raised).any()


def test_a_penalty_by_weight_grows_with_the_weights_of_all_items():
    """Three items and an interaction of 2 that weighs 1 + 5 · 2: a sum of 13."""
    vectors, table = np.array([[1.0], [2.0], [1.0]]), np.array([[2.0, 0.0, 0.0]])
    by_weight = ImplicitALS(np.empty((0, 1)), vectors, 5.0, 0.1, by_weight=True).codes(table)
    assert by_weight[0, 0] == pytest.approx(11 / (11 + 4 + 1 + 1.3), rel=1e-14)
    alone = ImplicitALS(np.empty((0, 1)), vectors, 5.0, 0.1, by_weight=False).codes(table)
    assert alone[0, 0] == pytest.approx(11 / (11 + 4 + 1 + 0.1), rel=1e-14)


@pytest.mark.parametrize(
    ("alpha", "largest", "allowed"),
    [
        (1e100, 1.0, True),
        (1e100, 0.5, True),
        (1.01e100, 0.5, False),
        (9.9e49, 1e50, True),
        (1.01e50, 1e50, False),
        (0.0, 1e100, True),
        (0.0, 1.01e100, False),
        (1e99, 0.0, True),
    ],
)
def test_no_weight_is_larger_than_1e100(alpha, largest, allowed):
    table = np.array([[largest, 0.0], [0.0, 0.0]])
    if allowed:
        assert np.isfinite(fit_implicit_als(table, 1, alpha=alpha, l2=1.0, rounds=1).rows).all()
    else:
        with pytest.raises(ValueError, match="alpha times the largest") as error:
            fit_implicit_als(table, 1, alpha=alpha, l2=1.0)
        assert str(error.value) == (
            f"alpha times the largest of interactions must be at most 1e+100, got {alpha:g} "
            f"times {largest:g}; divide interactions by a constant"
        )


def test_the_head_example():
    # Vectors 1, 1, 2; one like on the first: (1 + 8) / (1 + 1 + 4 + 8 + 1).
    model = ImplicitALS(np.empty((0, 1)), np.array([[1.0], [1], [2]]), 8.0, 1.0, by_weight=False)
    assert model.codes([[1, 0, 0]])[0, 0] == pytest.approx(0.6, abs=1e-12)


@pytest.mark.parametrize("by_weight", [True, False])
def test_every_round_lowers_the_objective(by_weight):
    table = likes()
    options = {"alpha": 4.0, "l2": 0.02, "by_weight": by_weight}
    steps = [objective(table, fit_implicit_als(table, 3, rounds=n, **options)) for n in range(1, 9)]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] < 0.99 * steps[0]


def test_no_other_vectors_nearby_are_better():
    table = likes(12, 10)
    model = fit_implicit_als(table, 2, alpha=3.0, l2=0.05, rounds=400)
    best, rng = objective(table, model), np.random.default_rng(0)
    for _ in range(20):
        rows, columns = (1e-3 * rng.standard_normal(side.shape) for side in model[:2])
        other = model._replace(rows=model.rows + rows, columns=model.columns + columns)
        assert objective(table, other) > best


def test_without_extra_weight_it_is_an_svd_with_shrunk_values():
    table = likes(8, 6, 0.4)
    model = fit_implicit_als(table, 6, alpha=0.0, l2=0.3, by_weight=False, rounds=500)
    # The solution is known: singular values shrunk by l2, as far as they reach above it.
    left, strengths, right = np.linalg.svd(table, full_matrices=False)
    expected = (left * np.maximum(strengths - 0.3, 0)) @ right
    np.testing.assert_allclose(model.rows @ model.columns.T, expected, atol=1e-4)


def test_zeros_left_out_would_be_another_answer():
    # The negative control: on the likes alone "1 everywhere" is perfect.
    table = np.kron(np.eye(2), np.ones((20, 15))) * likes(share=0.5)
    model = fit_implicit_als(table, 2, alpha=5.0, l2=0.01)
    known_only = alternating_least_squares(sp.csr_array(table), 2, l2=0.1).reconstruct()
    elsewhere = np.kron(1 - np.eye(2), np.ones((20, 15))) > 0
    assert np.abs(model.scores(table)[elsewhere]).max() < 0.1
    assert np.abs(known_only[elsewhere]).mean() > 0.5
    assert model.scores(table)[table > 0].min() > 0.5


def test_parts_add_up_and_stay_with_the_likes():
    table = likes() * np.random.default_rng(1).integers(1, 4, (40, 30))
    model = fit_implicit_als(table, 5, alpha=5.0, l2=0.01)
    for user in range(5):
        row, scores = table[[user]], model.scores(table[[user]])[0]
        for item in (0, 7, 29):
            parts = model.parts(row, item)
            assert parts.sum() == pytest.approx(scores[item], abs=1e-12)
            assert not parts[table[user] == 0].any()


def test_parts_are_the_terms_of_the_dense_formula():
    table, user, item = likes(), 2, 9
    model = fit_implicit_als(table, 5, alpha=5.0, l2=0.01)
    weights = 1 + 5.0 * table[user]
    v = model.columns
    inverse = np.linalg.inv(v.T @ np.diag(weights) @ v + 0.01 * weights.sum() * np.eye(5))
    expected = (table[user] > 0) * weights * (v @ inverse @ v[item])
    np.testing.assert_allclose(model.parts(table[[user]], item), expected, atol=1e-12)


def test_somebody_without_likes_has_a_code_of_zero():
    table = likes()
    table[[0, 7]] = 0
    table[:, 4] = 0
    model = fit_implicit_als(table, 3, alpha=5.0, l2=0.01)
    assert not model.rows[[0, 7]].any()
    assert not model.columns[4].any()
    assert not model.parts(table[[0]], 3).any()
    assert model.codes(np.zeros((0, 30))).shape == (0, 3)


def test_a_table_without_likes_gives_zeros():
    model = fit_implicit_als(np.zeros((4, 3)), 2, alpha=5.0, l2=0.01)
    assert not model.rows.any()
    assert not model.columns.any()


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e50])
def test_alpha_makes_up_for_the_unit(scale):
    table = likes() * np.random.default_rng(1).integers(1, 4, (40, 30))
    near = fit_implicit_als(table, 3, alpha=5.0, l2=0.01)
    far = fit_implicit_als(table * scale, 3, alpha=5.0 / scale if scale > 1e-90 else 0.0, l2=0.01)
    if scale > 1e-90:
        np.testing.assert_allclose(far.rows, near.rows, rtol=1e-6, atol=1e-9)
    assert np.isfinite(far.scores(table * scale)).all()


@pytest.mark.parametrize("l2", [1e-300, 1e-12, 1e6, 1e300])
@pytest.mark.parametrize("k", [2, 20])
def test_any_penalty_and_weight_gives_numbers(l2, k):
    for alpha in (0.0, 1.0, 1e90):
        model = fit_implicit_als(likes(), k, alpha=alpha, l2=l2, rounds=2)
        assert np.isfinite(model.rows).all()
        assert np.isfinite(model.columns).all()


@pytest.mark.parametrize(
    "make", [np.asarray, sp.coo_array, sp.csc_matrix, sp.lil_array, sp.dok_array]
)
@pytest.mark.parametrize("dtype", [np.int8, np.float32, bool])
def test_every_format_and_type_gives_the_same(make, dtype):
    table = likes().astype(dtype)
    expected = fit_implicit_als(likes(), 3, alpha=5.0, l2=0.01)
    found = fit_implicit_als(make(table), 3, alpha=5, l2=0.01)
    np.testing.assert_allclose(found.rows, expected.rows, rtol=1e-9)
    assert found.rows.dtype == np.float64


def test_stored_zeros_and_duplicates_mean_what_they_sum_to():
    # Two plays stored apart are two plays; a stored 0, and two that cancel, are none.
    stored = sp.coo_array(
        (np.array([1.0, 1, 0, 2, -2]), ([0, 0, 0, 1, 1], [0, 0, 1, 1, 1])), shape=(2, 3)
    )
    found = fit_implicit_als(stored, 1, alpha=1.0, l2=0.1)
    expected = fit_implicit_als([[2, 0, 0], [0, 0, 0]], 1, alpha=1.0, l2=0.1)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.columns, expected.columns)


def test_batches_change_nothing(monkeypatch):
    whole = fit_implicit_als(likes(), 4, alpha=5.0, l2=0.01)
    monkeypatch.setattr(implicit_als, "_BATCH", 1)
    np.testing.assert_allclose(fit_implicit_als(likes(), 4, alpha=5.0, l2=0.01).rows, whole.rows)


def test_memory_holds_neither_the_table_nor_all_its_weights():
    # Dense, the table would need 8 GB.
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 20_000, 100_000), rng.integers(0, 50_000, 100_000)
    table = sp.coo_array((np.ones(100_000), cells), shape=(20_000, 50_000)).tocsr()
    models = []
    peak = peak_of(lambda: models.append(fit_implicit_als(table, 4, alpha=5.0, l2=0.01, rounds=1)))
    assert peak < 150e6
    assert models[0].columns.shape == (50_000, 4)


def test_a_seed_is_a_start_and_a_generator_moves_on():
    first, again = (fit_implicit_als(likes(), 2, alpha=1.0, l2=0.1, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.rows, again.rows)
    generator = np.random.default_rng(4)
    drawn = fit_implicit_als(likes(), 2, alpha=1.0, l2=0.1, seed=generator)
    np.testing.assert_array_equal(drawn.rows, first.rows)
    assert (
        fit_implicit_als(likes(), 2, alpha=1.0, l2=0.1, rounds=1, seed=5).rows[0, 0]
        != (first.rows[0, 0])
    )


def test_input_is_not_changed():
    table = sp.coo_array(([1.0, 1.0, 0.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    fit_implicit_als(table, 1, alpha=1.0, l2=0.1).scores(table)
    np.testing.assert_array_equal(table.data, [1, 1, 0])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"interactions": np.ones(3)}, ValueError, "2-D"),
        ({"interactions": np.ones((0, 3))}, ValueError, "interactions must"),
        ({"interactions": [[np.nan, 1]]}, ValueError, "finite"),
        ({"interactions": [[1.0, -2.0]]}, ValueError, "negative, got -2; .* leave it out"),
        ({"interactions": [["a", "b"]]}, TypeError, "real numbers"),
        ({"interactions": [[1e101, 0.0]]}, ValueError, "divide interactions by a constant"),
        ({"alpha": 1e101}, ValueError, "at most 1e\\+100"),
        ({"alpha": -1.0}, ValueError, "alpha must"),
        ({"alpha": "2"}, TypeError, "alpha must"),
        ({"l2": 0.0}, ValueError, "l2 must .*above 0"),
        ({"l2": np.inf}, ValueError, "l2 must"),
        ({"k": 0}, ValueError, "k must"),
        ({"k": 3}, ValueError, "k must"),
        ({"k": 1.0}, TypeError, "k must"),
        ({"rounds": 0}, ValueError, "rounds must"),
        ({"by_weight": 1}, TypeError, "by_weight must"),
        ({"seed": -1}, ValueError, "seed must"),
    ],
)
def test_refuses(change, error, message):
    options = {"interactions": np.eye(2), "k": 1, "alpha": 1.0, "l2": 0.1} | change
    with pytest.raises(error, match=message):
        fit_implicit_als(options.pop("interactions"), options.pop("k"), **options)


def test_a_model_refuses_rows_of_other_items():
    model = fit_implicit_als(np.eye(3), 1, alpha=1.0, l2=0.1)
    with pytest.raises(ValueError, match="3 columns, one for each item, got shape \\(1, 2\\)"):
        model.codes([[1, 0]])
    with pytest.raises(ValueError, match="must not be negative"):
        model.scores([[1, 0, -1]])
    with pytest.raises(ValueError, match="ask for one user at a time"):
        model.parts(np.eye(3), 0)
    with pytest.raises(ValueError, match="one row and 3 columns, one for each item, got shape"):
        model.parts(np.eye(1, 2), 0)
    for item in (-1, 3):
        with pytest.raises(ValueError, match=f"item must be an integer from 0 to 2, got {item}"):
            model.parts([[1, 0, 0]], item)
    with pytest.raises(ValueError, match="must not be negative") as error:
        model.codes([[0.5, 0, -1.5]])
    assert str(error.value) == (
        "interactions must not be negative, got -1.5; a dislike is no interaction, leave it out"
    )
