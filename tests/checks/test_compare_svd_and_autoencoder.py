"""The checks of *Compare SVD* know the stub, the solution and plausible mistakes."""

import math
import statistics
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.sparse as sp
from judging import assert_judged, assert_not_right, assert_right

from course_utils.checks import TODO, Status
from course_utils.checks import compare_svd_and_autoencoder as check
from course_utils.factorization import rank_k_rmse


def test_stubs_are_not_attempted():
    assert check.rank_two_error.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.projection_distance.judge(lambda *_: TODO).status is Status.NOT_ATTEMPTED
    assert check.break_sign_rule.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.gain_over_rivals.judge(lambda *_: TODO).status is Status.NOT_ATTEMPTED


# --- rank_two_error -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prediction",
    [
        1.32,
        np.float64(1.316),
        np.float32(1.31605),
        rank_k_rmse([[5, 3, 0, 0], [4, 0, 0, 5], [0, 0, 3, 4], [0, 5, 0, 0], [0, 0, 4, 0]], 2),
        np.sqrt((4.8644**2 + 3.3132**2) / 20),  # from the printed digits
        math.hypot(4.8644, 3.3132) / math.sqrt(20),
        math.sqrt(statistics.fmean([4.8644**2, 3.3132**2, *[0] * 18])),
        Fraction(329, 250),
        Decimal("1.32"),
        np.array(1.316),
        np.float16(1.316),
        pd.Series([4.8644, 3.3132]).pow(2).sum() ** 0.5 / 20**0.5,
        1.31605,
    ],
)
def test_rank_two_error_is_found(prediction):
    outcome = check.rank_two_error.judge(prediction)
    assert outcome.status is Status.RIGHT
    assert "1.32." in outcome.message


@pytest.mark.parametrize(
    ("prediction", "problem"),
    [
        (1.73, "take the root"),
        (1.7319, "take the root"),
        (1.09, "you counted one"),
        (5.89, "divide by the 20 cells first"),
        (2.63, "not over the rows"),
        (0.74, "what rank 3 leaves"),
        (1.0, "other values"),
        (None, "put your value"),
        (1.7, "take the root"),  # rounded to one decimal
        ((4.8644 + 3.3132) / 20, "other values"),
        (8.1776 / 20**0.5, "other values"),
        (np.sqrt((8.1426**2 + 6.3292**2) / 20), "other values"),
        (-1.32, "other values"),
        (132, "other values"),
        (np.nan, "other values"),
        ("1.32", "without quotes"),
        ([4.8644, 3.3132], "single number"),
        (np.sqrt, "call it"),
        (True, "no number"),
    ],
)
def test_wrong_rank_two_errors_are_explained(prediction, problem):
    outcome = check.rank_two_error.judge(prediction)
    assert outcome.status is Status.WRONG or prediction is None
    assert problem in outcome.message


# --- projection_distance --------------------------------------------------------------------------


def by_pinv(first, second):
    project_first = np.linalg.pinv(first) @ first
    project_second = np.linalg.pinv(second) @ second
    return np.abs(project_first - project_second).max()


def by_qr(first, second):
    q_first, q_second = np.linalg.qr(first.T)[0], np.linalg.qr(second.T)[0]
    return np.abs(q_first @ q_first.T - q_second @ q_second.T).max()


def by_svd(first, second):
    bases = [np.linalg.svd(basis, full_matrices=False)[2] for basis in (first, second)]
    return np.max(np.abs(bases[0].T @ bases[0] - bases[1].T @ bases[1]))


def by_normal_equations(first, second):
    def projection(basis):
        return basis.T @ np.linalg.inv(basis @ basis.T) @ basis

    return float(np.abs(projection(first) - projection(second)).max())


def by_orth(first, second):
    left, right = scipy.linalg.orth(first.T), scipy.linalg.orth(second.T)
    return abs(left @ left.T - right @ right.T).max()


def by_null_space(first, second):
    outside = [scipy.linalg.null_space(basis) for basis in (first, second)]
    return np.abs(outside[0] @ outside[0].T - outside[1] @ outside[1].T).max()


def by_gram_schmidt(first, second):
    projections = []
    for basis in (first, second):
        orthonormal = []
        for row in basis:
            for done in orthonormal:
                row = row - (row @ done) * done
            for done in orthonormal:  # once more, against rounding
                row = row - (row @ done) * done
            orthonormal.append(row / np.sqrt(row @ row))
        projections.append(sum(np.outer(row, row) for row in orthonormal))
    return np.abs(projections[0] - projections[1]).max()


def by_least_squares(first, second):
    identity = np.eye(first.shape[1])
    left, right = (b.T @ np.linalg.lstsq(b.T, identity)[0] for b in (first, second))
    return np.abs(left - right).max().item()


def by_eigenvectors(first, second):
    def projection(basis):
        vectors = np.linalg.eigh(basis.T @ basis)[1][:, -len(basis) :]
        return vectors @ vectors.T

    return np.array(np.abs(projection(first) - projection(second)).max())


def by_cholesky(first, second):
    def projection(basis):
        half = scipy.linalg.solve_triangular(np.linalg.cholesky(basis @ basis.T), basis, lower=True)
        return half.T @ half

    return max(map(abs, (projection(first) - projection(second)).ravel()))


def by_frames(first, second):
    left, right = (pd.DataFrame(np.linalg.pinv(b) @ b) for b in (first, second))
    return (left - right).abs().max().max()


def by_loops(first, second):
    left, right = np.linalg.pinv(first) @ first, np.linalg.pinv(second) @ second
    largest = 0.0
    for i in range(len(left)):
        for j in range(len(left)):
            largest = max(largest, abs(left[i, j] - right[i, j]))
    return largest


RIGHT_DISTANCES = [
    by_pinv,
    by_qr,
    by_svd,
    by_normal_equations,
    by_orth,
    by_null_space,
    by_gram_schmidt,
    by_least_squares,
    by_eigenvectors,
    by_cholesky,
    by_frames,
    by_loops,
]


@pytest.mark.slow
@pytest.mark.parametrize("solution", RIGHT_DISTANCES)
def test_projections_pass(solution):
    outcome = assert_right(check.projection_distance, solution)
    assert outcome.message == "✓ projection_distance: 8 of 8 cases"


def absolute_entries(first, second):
    return np.abs(np.abs(first) - np.abs(second)).max()


def plain_entries(first, second):
    return np.abs(first - second).max()


def not_normalised(first, second):
    return np.abs(first.T @ first - second.T @ second).max()


def sum_instead_of_maximum(first, second):
    return np.abs(np.linalg.pinv(first) @ first - np.linalg.pinv(second) @ second).sum()


def forgets_to_return(first, second):
    by_pinv(first, second)


@pytest.mark.parametrize(
    ("attempt", "status", "case"),
    [
        (plain_entries, Status.WRONG, "a flipped sign"),
        (absolute_entries, Status.WRONG, "factors in another order"),
        (not_normalised, Status.WRONG, "mixed factors"),
        (sum_instead_of_maximum, Status.WRONG, "another plane"),
        (forgets_to_return, Status.RETURNED_NONE, "the same basis"),
        (lambda first, second: first @ second, Status.RAISED, "the same basis"),
    ],
)
def test_wrong_distances_are_caught(attempt, status, case):
    outcome = check.projection_distance.judge(attempt)
    assert outcome.status is status
    assert case in outcome.message


def rows_normalised(first, second):
    first, second = (b / np.linalg.norm(b, axis=1, keepdims=True) for b in (first, second))
    return np.abs(first.T @ first - second.T @ second).max()


def signed_difference(first, second):
    return (np.linalg.pinv(first) @ first - np.linalg.pinv(second) @ second).max()


def first_row_only(first, second):
    return by_pinv(first[:1], second[:1])


def always_three_columns(first, second):
    return by_pinv(first[:, :3], second[:, :3])


def by_cross_product(first, second):
    """Compare normals, which only planes in three dimensions have."""
    normals = [np.cross(*basis) if len(basis) == 2 else basis[0] for basis in (first, second)]
    left, right = (np.outer(n, n) / (n @ n) for n in normals)
    return np.abs(left - right).max()


def largest_angle(first, second):
    return scipy.linalg.subspace_angles(first.T, second.T).max()


def spectral_distance(first, second):
    return np.linalg.norm(np.linalg.pinv(first) @ first - np.linalg.pinv(second) @ second, 2)


def mean_instead_of_maximum(first, second):
    return np.abs(np.linalg.pinv(first) @ first - np.linalg.pinv(second) @ second).mean()


def qr_of_the_rows(first, second):
    left, right = np.linalg.qr(first)[1], np.linalg.qr(second)[1]
    return np.abs(left.T @ left - right.T @ right).max()


def on_the_wrong_side(first, second):
    return np.abs(first @ np.linalg.pinv(first) - second @ np.linalg.pinv(second)).max()


def one_space_for_both(first, second):
    return np.abs(np.linalg.pinv(first) @ first - np.linalg.pinv(first) @ first).max()


def all_entries(first, second):
    return np.abs(np.linalg.pinv(first) @ first - np.linalg.pinv(second) @ second)


def short_rows_are_rounding(first, second):
    return by_pinv(np.where(abs(first) < 0.01, 0, first), second)


def normalised_in_place(first, second):
    for basis in (first, second):
        basis /= np.linalg.norm(basis)
    return by_pinv(first, second)


def rounded_to_a_decimal(first, second):
    return round(float(by_pinv(first, second)), 1)


def sorted_entries(first, second):
    return np.abs(np.sort(np.abs(first), axis=None) - np.sort(np.abs(second), axis=None)).max()


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt",
    [
        rows_normalised,
        signed_difference,
        first_row_only,
        always_three_columns,
        by_cross_product,
        largest_angle,
        spectral_distance,
        mean_instead_of_maximum,
        qr_of_the_rows,
        on_the_wrong_side,
        one_space_for_both,
        all_entries,
        short_rows_are_rounding,
        normalised_in_place,
        rounded_to_a_decimal,
        sorted_entries,
    ],
)
def test_more_wrong_distances_are_caught(attempt):
    assert_not_right(check.projection_distance, attempt)


def test_equal_spaces_are_expected_to_be_exactly_0_apart():
    assert "expected  0\n" in check.projection_distance.judge(not_normalised).message


@pytest.mark.slow
def test_a_distance_that_knows_the_cases_is_caught_by_the_search():
    def knows_the_cases(first, second):
        named = [arguments for arguments in (c.arguments for c in check.projection_distance.cases)]
        if any(np.array_equal(first, a) and np.array_equal(second, b) for a, b in named):
            return by_pinv(first, second)
        return 0.0

    outcome = check.projection_distance.judge(knows_the_cases)
    assert outcome.status is Status.WRONG
    assert "not in general" in outcome.message


# --- break_sign_rule ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "matrix",
    [
        [[0.0, 1.0]],
        np.diag([2.0, 1.0]),
        [[0, 3], [0, 1]],
        ((0, 2, 1), (0, 1, 1), (0, 0, 3)),
        np.array([[0, 1e-3, 2e-3]], dtype=np.float32),
        np.eye(3),
        [[0, -1], [0, 0]],
        [[Fraction(0), Fraction(1, 3)]],
        [[Decimal(0), Decimal("0.1")]],
        sp.csr_array([[0, 2, 0], [0, 0, 1]]),
        sp.coo_array([[2, 0], [0, 1]]),
        pd.DataFrame({"nobody": [0, 0, 0], "some": [5, 4, 1]}),
        np.array([[0, 5], [0, 3]], dtype=np.int8),
        [[1, 0, 0], [0, 2, 1], [0, 1, 2]],
        [[3, 3], [3, 3], [3, -3], [3, -3]],  # two films with nothing in common, as vectors
    ],
)
def test_a_first_entry_of_zero_breaks_the_rule(matrix):
    assert check.break_sign_rule.judge(matrix).status is Status.RIGHT


@pytest.mark.parametrize("seed", range(12))
def test_a_first_film_that_nobody_rated_breaks_the_rule_whatever_rounding_leaves(seed):
    rng = np.random.default_rng(seed)
    people, films = rng.integers(1, 7), rng.integers(2, 7)
    matrix = rng.integers(1, 6, size=(people, films)).astype(float)
    matrix[:, 0] = 0
    assert_judged(check.break_sign_rule, matrix, Status.RIGHT)
    assert_judged(check.break_sign_rule, 1e6 * matrix / 7, Status.RIGHT)


@pytest.mark.parametrize("seed", range(6))
def test_small_first_entries_that_are_no_rounding_survive(seed):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([rng.uniform(1, 2, 4) * 1e-9, rng.uniform(1, 2, (4, 3))])
    assert_judged(check.break_sign_rule, matrix, Status.WRONG, "survives")


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [
        ([[1.0, 2.0], [3.0, 5.0]], "survives"),
        ([[-1.0]], "survives"),
        ([1.0, 2.0], "not a legal input"),
        ([[np.nan, 1.0]], "finite"),
        (np.ones((7, 2)), "one to six"),
        (None, "put your input"),
        ([[0.0, 0.0], [0.0, 0.0]], "survives"),  # nothing is lost of nothing
        ([[1, 0], [1, 0]], "survives"),  # the second film has no taste to lose
        ([[5, 3, 0, 0], [4, 0, 0, 5], [0, 0, 3, 4], [0, 5, 0, 0], [0, 0, 4, 0]], "survives"),
        ([[1], [0]], "survives"),
        ([[2, 1], [1, 2]], "survives"),
        (np.ones((2, 7)), "one to six"),
        ([[]], "one to six"),
        ([[[0, 1]]], "one to six"),
        ([[0, np.inf]], "finite"),
        ([[False, True]], "write 1 and 0"),
        ([["0", "1"]], "without quotes"),
        ([[0, 1], [2]], "different lengths"),
        ([[0, None]], "None"),
        ([[0j, 1]], "complex"),
        (0, "one to six"),
        (np.ma.array([[0, 1]], mask=[[True, False]]), "masked array"),
    ],
)
def test_harmless_and_illegal_matrices_are_sent_back(matrix, problem):
    outcome = check.break_sign_rule.judge(matrix)
    assert outcome.status is not Status.RIGHT
    assert problem in outcome.message


# --- gain_over_rivals -----------------------------------------------------------------------------


def by_numpy(rivals, starts):
    return np.min(list(rivals.values())) / np.mean(starts)


def by_sorting(rivals, starts):
    return sorted(rivals.values())[0] * len(starts) / sum(starts)


def by_loop(rivals, starts):
    best = float("inf")
    for name in rivals:
        best = min(best, rivals[name])
    total = 0.0
    for error in starts:
        total += error
    return best / (total / len(starts))


def by_fractions(rivals, starts):
    mean = sum(Fraction(error) for error in starts) / len(starts)
    return Fraction(min(rivals.values())) / mean


def by_best_name(rivals, starts):
    return np.float64(rivals[min(rivals, key=rivals.get)]) / np.average(starts)


def by_statistics(rivals, starts):
    return min(rivals.values()) / statistics.mean(starts)


def by_series(rivals, starts):
    return pd.Series(rivals).min() / pd.Series(starts).mean()


def by_math(rivals, starts):
    return len(starts) * min(rivals.values()) / math.fsum(starts)


def by_arrays(rivals, starts):
    return np.array(min(rivals.values())) / np.array(starts).mean()


def by_items(rivals, starts):
    _, best = min(rivals.items(), key=lambda pair: pair[1])
    return best / np.mean(starts)


def by_gains(rivals, starts):
    mean = sum(starts) / len(starts)
    return min(error / mean for error in rivals.values())


def by_decimals(rivals, starts):
    mean = sum(map(Decimal, starts)) / len(starts)
    return min(map(Decimal, rivals.values())) / mean


RIGHT_GAINS = [
    by_numpy,
    by_sorting,
    by_loop,
    by_fractions,
    by_best_name,
    by_statistics,
    by_series,
    by_math,
    by_arrays,
    by_items,
    by_gains,
    by_decimals,
]


@pytest.mark.slow
@pytest.mark.parametrize("solution", RIGHT_GAINS)
def test_gains_over_the_best_rival_pass_within_a_second(solution):
    assert_right(check.gain_over_rivals, solution, "5 of 5 cases")


def sorts_the_starts(rivals, starts):
    starts.sort()
    return by_loop(rivals, starts)


def forgets_to_return_the_gain(rivals, starts):
    by_loop(rivals, starts)


@pytest.mark.parametrize(
    ("attempt", "status", "hint"),
    [
        (lambda rivals, starts: max(rivals.values()) / min(starts), Status.WRONG, "smallest"),
        (lambda rivals, starts: min(rivals.values()) / min(starts), Status.WRONG, "mean over"),
        (lambda rivals, starts: min(rivals.values()) / np.median(starts), Status.WRONG, "median"),
        (lambda rivals, starts: np.mean(starts) / min(rivals.values()), Status.WRONG, "above"),
        (
            lambda rivals, starts: next(iter(rivals.values())) / np.mean(starts),
            Status.WRONG,
            "best",
        ),
        (lambda rivals, starts: list(rivals.values())[-1] / np.mean(starts), Status.WRONG, "order"),
        (lambda rivals, starts: min(rivals.values()) / sum(starts), Status.WRONG, "mean over"),
        (lambda rivals, starts: min(rivals.values()) / starts[0], Status.WRONG, "mean over"),
        (lambda rivals, starts: round(by_loop(rivals, starts)), Status.WRONG, ""),
        (lambda rivals, starts: min(rivals.values()) - np.mean(starts), Status.WRONG, "above"),
        (lambda rivals, starts: min(rivals) / np.mean(starts), Status.RAISED, ""),
        (forgets_to_return_the_gain, Status.RETURNED_NONE, ""),
        (sorts_the_starts, Status.WRONG, ""),
        (lambda rivals, starts: np.mean(list(rivals.values())) / np.mean(starts), Status.WRONG, ""),
        (lambda rivals, starts: min(rivals.values()) / max(starts), Status.WRONG, "mean over"),
        (
            lambda rivals, starts: np.mean([min(rivals.values()) / s for s in starts]),
            Status.WRONG,
            "mean over",
        ),
        (lambda rivals, starts: rivals["PCA"] / np.mean(starts), Status.WRONG, "smallest"),
        (lambda rivals, starts: max(1, by_loop(rivals, starts)), Status.WRONG, ""),
        (lambda rivals, starts: rivals.popitem()[1] / np.mean(starts), Status.WRONG, ""),
        (lambda rivals, starts: f"{by_loop(rivals, starts)} times", Status.WRONG, "text"),
        (lambda rivals, starts: 100 * by_loop(rivals, starts), Status.WRONG, ""),
    ],
)
def test_flattering_gains_are_caught(attempt, status, hint):
    assert_judged(check.gain_over_rivals, attempt, status, hint)
