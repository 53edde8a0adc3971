"""The checks of *Compare SVD* know the stub, the solution and plausible mistakes."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
from judging import assert_judged, assert_right

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


@pytest.mark.slow
@pytest.mark.parametrize("solution", [by_pinv, by_qr, by_svd, by_normal_equations, by_orth])
def test_projections_pass(solution):
    outcome = check.projection_distance.judge(solution)
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "attempt", [rows_normalised, signed_difference, first_row_only, always_three_columns]
)
def test_more_wrong_distances_are_caught(attempt):
    assert_judged(check.projection_distance, attempt, Status.WRONG)


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
    ],
)
def test_a_first_entry_of_zero_breaks_the_rule(matrix):
    assert check.break_sign_rule.judge(matrix).status is Status.RIGHT


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [
        ([[1.0, 2.0], [3.0, 5.0]], "survives"),
        ([[-1.0]], "survives"),
        ([1.0, 2.0], "not a legal input"),
        ([[np.nan, 1.0]], "finite"),
        (np.ones((7, 2)), "one to six"),
        (None, "put your input"),
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


@pytest.mark.slow
@pytest.mark.parametrize("solution", [by_numpy, by_sorting, by_loop, by_fractions, by_best_name])
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
    ],
)
def test_flattering_gains_are_caught(attempt, status, hint):
    assert_judged(check.gain_over_rivals, attempt, status, hint)
