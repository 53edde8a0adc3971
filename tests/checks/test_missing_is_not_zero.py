"""The checks of *Missing is not zero* know the stub, the solution and plausible mistakes."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.sparse as sp
from judging import assert_judged, assert_not_right, assert_right

from course_utils.checks import TODO, Status
from course_utils.checks import missing_is_not_zero as check

NAN = np.nan


def test_stubs_are_not_attempted():
    assert check.user_means.judge(lambda *_: TODO).status is Status.NOT_ATTEMPTED
    assert check.masked_error.judge(TODO).status is Status.NOT_ATTEMPTED
    assert check.break_masked_loss.judge(TODO, TODO).status is Status.NOT_ATTEMPTED
    assert check.code_of.judge(lambda *_: TODO).status is Status.NOT_ATTEMPTED
    assert check.corrected_mean.judge(lambda *_: TODO).status is Status.NOT_ATTEMPTED


# --- user_means -----------------------------------------------------------------------------------


def means_of_three_columns(ratings, known):
    return means_by_loop(ratings[:, :3], known[:, :3])


def means_that_forget_infinity(ratings, known):
    """Clear NaN, but not what else may stand in a hidden cell: 0 times infinity is NaN."""
    counts = known.sum(axis=1)
    sums = (np.where(np.isnan(ratings), 0, ratings) * known).sum(axis=1)
    return np.where(counts, sums / np.maximum(counts, 1), sums.sum() / counts.sum())


def means_between_0_and_5(ratings, known):
    return np.clip(means_by_loop(ratings, known), 0, 5)


def means_that_fill_the_input(ratings, known):
    ratings[~known] = 0
    return means_by_loop(ratings, known)


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (means_of_three_columns, ""),
        (means_that_forget_infinity, ""),
        (means_between_0_and_5, "not in general"),
        (means_that_fill_the_input, "the input was changed"),
        (lambda ratings, known: means_by_loop(ratings, known).round(1), "not in general"),
        (lambda ratings, known: np.nanmean(np.where(known, ratings, np.nan), axis=1), ""),
    ],
)
def test_user_means_of_wide_tables_fail(attempt, text):
    outcome = check.user_means.judge(attempt)
    assert outcome.status in {Status.WRONG, Status.RAISED}, outcome.message
    assert text in outcome.message


def means_by_loop(ratings, known):
    overall = ratings[known].mean()
    rows = zip(ratings, known, strict=True)
    return np.array([row[mask].mean() if mask.any() else overall for row, mask in rows])


def means_by_nan(ratings, known):
    overall = ratings[known].mean()
    blank = np.where(known, ratings, np.nan)
    return np.array([overall if np.isnan(row).all() else np.nanmean(row) for row in blank])


def means_by_masked_array(ratings, known):
    table = np.ma.array(np.where(known, ratings, 0), mask=~known)
    return table.mean(axis=1).filled(ratings[known].mean())


def means_with_where(ratings, known):
    some = known.any(axis=1)
    means = np.full(len(ratings), ratings[known].mean())
    means[some] = ratings[some].mean(axis=1, where=known[some])
    return means


def means_as_list(ratings, known):
    return list(means_by_loop(ratings, known))


def means_of_frame(ratings, known):
    table = pd.DataFrame(ratings).where(known)
    return table.mean(axis=1).fillna(ratings[known].mean()).to_numpy()


def means_by_bincount(ratings, known):
    person, _ = np.nonzero(known)
    count = np.bincount(person, minlength=len(known))
    sums = np.bincount(person, ratings[known], minlength=len(known))
    return np.where(count, sums / np.maximum(count, 1), ratings[known].mean())


def means_by_average(ratings, known):
    cleared = np.where(known, ratings, 0)
    some = known.any(axis=1)
    means = np.full(len(ratings), np.average(cleared, weights=known))
    means[some] = np.average(cleared[some], axis=1, weights=known[some])
    return means


def means_by_matrix_product(ratings, known):
    sums = np.where(known, ratings, 0) @ np.ones(ratings.shape[1])
    counts = known @ np.ones(ratings.shape[1])
    means = np.full(len(ratings), sums.sum() / counts.sum())
    return np.divide(sums, counts, out=means, where=counts > 0)


def means_by_choose(ratings, known):
    cleared = np.ma.masked_array(ratings, mask=~known).filled(0)
    counts = np.count_nonzero(known, axis=1)
    return np.choose(
        counts > 0, [ratings[known].mean(), cleared.sum(axis=1) / np.clip(counts, 1, None)]
    )


def means_by_sparse_array(ratings, known):
    where = np.nonzero(known)
    table = sp.csr_array((ratings[known], where), shape=ratings.shape)
    counts = np.diff(table.indptr)
    means = table.sum(axis=1) / np.maximum(counts, 1)
    return np.where(counts, means, ratings[known].mean())


def means_by_groups(ratings, known):
    people, _ = np.nonzero(known)
    means = pd.Series(ratings[known]).groupby(people).mean()
    return means.reindex(range(len(ratings)), fill_value=ratings[known].mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    "solution",
    [
        means_by_matrix_product,
        means_by_choose,
        means_by_sparse_array,
        means_by_groups,
        means_by_loop,
        means_by_nan,
        means_by_masked_array,
        means_with_where,
        means_as_list,
        means_of_frame,
        means_by_bincount,
        means_by_average,
    ],
)
def test_user_means_over_known_cells_pass(solution):
    assert_right(check.user_means, solution, "5 of 5 cases")


def over_all_columns(ratings, known):
    return ratings.mean(axis=1)


def zeros_are_missing(ratings, known):
    return ratings.sum(axis=1) / np.maximum((ratings != 0).sum(axis=1), 1)


def multiplies_by_the_mask(ratings, known):
    return (ratings * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def zero_for_newcomers(ratings, known):
    return np.where(known, ratings, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def mean_of_means_for_newcomers(ratings, known):
    means = zero_for_newcomers(ratings, known)
    rated = known.any(axis=1)
    return np.where(rated, means, means[rated].mean())


def forgets_to_return(ratings, known):
    means_by_loop(ratings, known)


@pytest.mark.parametrize(
    ("attempt", "status", "case"),
    [
        (over_all_columns, Status.WRONG, "half of the cells hidden"),
        (zeros_are_missing, Status.WRONG, "a known rating of 0"),
        (multiplies_by_the_mask, Status.WRONG, "other values in the hidden cells"),
        (zero_for_newcomers, Status.WRONG, "a person without ratings"),
        (mean_of_means_for_newcomers, Status.WRONG, "a person without ratings"),
        (forgets_to_return, Status.RETURNED_NONE, "all cells known"),
        (lambda ratings, known: ratings[0, 9], Status.RAISED, "all cells known"),
        (lambda ratings, known: means_by_loop(ratings.T, known.T), Status.WRONG, "all cells known"),
        (lambda ratings, known: means_by_loop(ratings, known)[:, None], Status.WRONG, "shape"),
        (lambda ratings, known: ratings[known].mean(), Status.WRONG, "all cells known"),
    ],
)
def test_wrong_user_means_are_caught(attempt, status, case):
    outcome = check.user_means.judge(attempt)
    assert outcome.status is status
    assert case in outcome.message


# --- masked_error ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prediction",
    [
        10,
        10.0,
        ((4 - 2) ** 2 + (1 - 5) ** 2) / 2,
        np.mean([4, 16]),
        np.nanmean((np.array([NAN, 2, 5]) - [3, 4, 1]) ** 2),
        np.ma.masked_invalid((np.array([NAN, 2, 5]) - [3, 4, 1]) ** 2).mean(),
        np.array(10),
        np.float32(10),
        np.int8(10),
        Fraction(20, 2),
        Decimal(10),
        pd.Series([NAN, 4, 16]).mean(),
        np.linalg.norm([2, -4]) ** 2 / 2,
    ],
)
def test_masked_error_is_found(prediction):
    assert_judged(check.masked_error, prediction, Status.RIGHT)


@pytest.mark.parametrize(
    ("prediction", "problem"),
    [
        (20 / 3, "not over all three"),
        (29 / 3, "takes the missing target for a zero"),
        (NAN, "leave them out"),
        (20.0, "the loss is a mean"),
        (np.sqrt(10), "without a root"),
        (3, "square them first"),
        (7, "other values"),
        (6.67, "not over all three"),
        (9.67, "missing target for a zero"),
        (3.16, "without a root"),
        (-10, "other values"),
        (29, "other values"),
        (-1, "other values"),
        (np.inf, "other values"),
        ("10", "without quotes"),
        ([4, 16], "single number"),
        (np.mean, "call it"),
    ],
)
def test_wrong_masked_errors_are_explained(prediction, problem):
    outcome = check.masked_error.judge(prediction)
    assert outcome.status is Status.WRONG
    assert problem in outcome.message


# --- break_masked_loss ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "answers"),
    [
        ([[5.0, 0.0]], [[4.0, 3.0]]),
        ([[0.0]], [[2.0]]),  # no cell is left, and 0 / 0 is NaN
        ([[0.0]], [[0.0]]),
        ([[NAN, 0.0, 2.0]], [[1.0, 1.0, 2.0]]),
        ([[0, 1], [1, 1]], [[0, 2], [2, 2]]),  # the cell left out is right, and lowers the mean
        ([[-0.0, 1.0]], [[1.0, 1.0]]),
        ([(0, 3)], [(1, 3)]),
        (np.array([[0, 3]]), np.array([[1, 3]])),
        (np.array([[0, 3]], dtype=np.uint8), np.array([[1, 3]], dtype=np.uint8)),
        (np.array([[0, 3]], dtype=np.float16), [[Fraction(1, 2), 3]]),
        ([[Fraction(0), Fraction(3)]], [[Decimal(1), Decimal(3)]]),
        (pd.DataFrame([[0, NAN], [1, 2]]), pd.DataFrame([[1, 1], [1, 2]])),
        (sp.csr_array([[0, 3]]), [[1, 3]]),
        ([[0.0] * 50], [[1e-3] * 50]),
    ],
)
def test_a_known_target_of_0_breaks_the_mask(targets, answers):
    assert_judged(check.break_masked_loss, (targets, answers), Status.RIGHT)


@pytest.mark.parametrize(
    ("targets", "answers", "problem"),
    [
        ([[5.0, NAN]], [[4.0, 1.0]], "survives"),
        ([[5.0, 1.0]], [[4.0, 1.0]], "survives"),
        ([[5.0, 0.0]], [[4.0, 1.0]], "survives"),  # wrong by 1 in both cells
        ([[5.0, 0.0]], [[4.0, -1.0]], "survives"),
        ([[5.0, -1.0]], [[5.0, 1e9]], "survives"),
        ([[NAN, 2.0]], [[0.0, 0.0]], "survives"),
        ([[1e-3, 2.0]], [[0.0, 0.0]], "survives"),
        ([[0.0, 5.0]], [[0.0, 5.0]], "survives"),
        ([[5.0]], [[4.0, 1.0]], "same shape"),
        ([[NAN]], [[4.0]], "at least one target"),
        ([[0.0, np.inf]], [[4.0, 1.0]], "none may be infinite"),
        ([[5.0]], [[NAN]], "finite number"),
        ([5.0, 0.0], [4.0, 3.0], "the targets need rows and columns"),
        ([[5.0, 0.0]], [4.0, 3.0], "the answers need rows and columns"),
        (0.0, 1.0, "rows and columns"),
        ([[None, 0.0]], [[4.0, 3.0]], "None"),
        ([["0", "1"]], [[4.0, 3.0]], "without quotes"),
        ([[False, True]], [[4.0, 3.0]], "write 1 and 0"),
        ([[0.0, 1.0], [2.0]], [[4.0, 3.0]], "different lengths"),
        (np.ma.masked_invalid([[0.0, NAN]]), [[4.0, 3.0]], "masked array"),
    ],
)
def test_harmless_and_illegal_tables_are_sent_back(targets, answers, problem):
    assert_judged(check.break_masked_loss, (targets, answers), Status.WRONG, problem)


# --- code_of --------------------------------------------------------------------------------------


def ridge(ratings, known, vt, l2):
    basis = vt[:, known]
    return np.linalg.solve(basis @ basis.T + l2 * np.eye(len(vt)), basis @ ratings[known])


def by_inverse(ratings, known, vt, l2):
    basis = vt[:, known]
    return np.linalg.inv(basis @ basis.T + np.diag(np.full(len(vt), l2))) @ basis @ ratings[known]


def by_stacked_rows(ratings, known, vt, l2):
    tall = np.vstack([vt[:, known].T, np.sqrt(l2) * np.eye(len(vt))])
    return np.linalg.lstsq(tall, np.append(ratings[known], np.zeros(len(vt))))[0]


def by_cleared_columns(ratings, known, vt, l2):
    masked, cleared = vt * known, np.where(known, ratings, 0)
    return scipy.linalg.solve(masked @ vt.T + l2 * np.identity(len(vt)), masked @ cleared)


def by_sums(ratings, known, vt, l2):
    left, right = l2 * np.eye(len(vt)), np.zeros(len(vt))
    for j in np.flatnonzero(known):
        left += np.outer(vt[:, j], vt[:, j])
        right += vt[:, j] * ratings[j]
    return np.linalg.solve(left, right)


def by_pseudo_inverse(ratings, known, vt, l2):
    basis = vt.T[known]
    return np.linalg.pinv(basis.T @ basis + l2 * np.eye(vt.shape[0])) @ (basis.T @ ratings[known])


def by_cholesky(ratings, known, vt, l2):
    basis = vt[:, known]
    factor = scipy.linalg.cho_factor(basis @ basis.T + l2 * np.eye(len(vt)))
    return scipy.linalg.cho_solve(factor, basis @ ratings[known])


def by_singular_values(ratings, known, vt, l2):
    if not known.any():
        return np.zeros(len(vt))
    left, s, right = np.linalg.svd(vt[:, known], full_matrices=False)
    return left @ (s / (s**2 + l2) * (right @ ratings[known]))


def by_dual_form(ratings, known, vt, l2):
    """Solve for as many numbers as ratings are known, not as factors there are."""
    basis = vt[:, known]
    grams = basis.T @ basis + l2 * np.eye(known.sum())
    return basis @ np.linalg.lstsq(grams, ratings[known])[0]


def by_diagonal(ratings, known, vt, l2):
    basis = vt[:, known]
    equations = basis @ basis.T
    np.fill_diagonal(equations, np.diag(equations) + l2)
    return np.linalg.solve(equations, basis @ ratings[known]).tolist()


def by_frame(ratings, known, vt, l2):
    basis = pd.DataFrame(vt).loc[:, known]
    equations = basis.to_numpy() @ basis.to_numpy().T + l2 * np.eye(len(vt))
    return pd.Series(np.linalg.solve(equations, basis.to_numpy() @ ratings[known]))


def by_elimination(ratings, known, vt, l2):
    k = len(vt)
    where = [j for j, is_known in enumerate(known) if is_known]
    rows = [
        [sum(vt[a][j] * vt[b][j] for j in where) + l2 * (a == b) for b in range(k)]
        + [sum(vt[a][j] * ratings[j] for j in where)]
        for a in range(k)
    ]
    for a in range(k):
        rows[a] = [value / rows[a][a] for value in rows[a]]
        for b in range(k):
            if b != a:
                rows[b] = [x - rows[b][a] * y for x, y in zip(rows[b], rows[a], strict=True)]
    return [row[-1] for row in rows]


RIGHT_CODES = [
    ridge,
    by_inverse,
    by_stacked_rows,
    by_cleared_columns,
    by_sums,
    by_pseudo_inverse,
    by_cholesky,
    by_singular_values,
    by_dual_form,
    by_diagonal,
    by_frame,
    by_elimination,
]


@pytest.mark.slow
@pytest.mark.parametrize("solution", RIGHT_CODES)
def test_ridge_codes_pass(solution):
    assert_right(check.code_of, solution, "7 of 7 cases")


def always_two_factors(ratings, known, vt, l2):
    basis = vt[:, known]
    return np.linalg.solve(basis @ basis.T + l2 * np.eye(2), basis @ ratings[known])


def test_a_code_of_two_numbers_is_caught():
    assert_judged(check.code_of, always_two_factors, Status.RAISED, "three factors")


def zero_filled_projection(ratings, known, vt, l2):
    return vt @ np.where(known, ratings, 0.0)


def includes_the_unknown(ratings, known, vt, l2):
    return vt @ ratings


def forgets_the_penalty(ratings, known, vt, l2):
    return np.linalg.lstsq(vt[:, known].T, ratings[known])[0]


def penalises_everything_alike(ratings, known, vt, l2):
    return vt[:, known] @ ratings[known] / (1 + l2)


def shrinks_the_projection_of_zeros(ratings, known, vt, l2):
    return vt @ np.where(known, ratings, 0.0) / (1 + l2)


def halves_the_penalty(ratings, known, vt, l2):
    return ridge(ratings, known, vt, l2 / 2)


def penalty_per_rating(ratings, known, vt, l2):
    return ridge(ratings, known, vt, l2 * known.sum())


def penalty_in_every_entry(ratings, known, vt, l2):
    basis = vt[:, known]
    return np.linalg.pinv(basis @ basis.T + l2) @ basis @ ratings[known]


def shrinks_too_little_if_strong(ratings, known, vt, l2):
    return ridge(ratings, known, vt, min(l2, 1.0))


@pytest.mark.parametrize(
    ("attempt", "case", "hint"),
    [
        (zero_filled_projection, "everything known, a penalty", "Differentiate"),
        (includes_the_unknown, "everything known, a penalty", "Differentiate"),
        (forgets_the_penalty, "everything known, a penalty", "Differentiate"),
        (halves_the_penalty, "everything known, a penalty", "Differentiate"),
        (penalty_per_rating, "everything known, a penalty", "Differentiate"),
        (penalty_in_every_entry, "everything known, a penalty", "and where"),
        (penalises_everything_alike, "three known ratings", "unknown columns"),
        (shrinks_the_projection_of_zeros, "three known ratings", "unknown columns"),
        (shrinks_too_little_if_strong, "a strong penalty", "diagonal"),
    ],
)
def test_wrong_codes_are_caught(attempt, case, hint):
    outcome = check.code_of.judge(attempt)
    assert outcome.status is Status.WRONG
    assert case in outcome.message
    assert hint in outcome.message.splitlines()[-1]


def asks_nan_what_is_known(ratings, known, vt, l2):
    return ridge(ratings, ~np.isnan(ratings), vt, l2)


def clears_the_input(ratings, known, vt, l2):
    ratings[~known] = 0
    return ridge(ratings, known, vt, l2)


def as_a_row(ratings, known, vt, l2):
    return ridge(ratings, known, vt, l2)[None]


def the_prediction_instead(ratings, known, vt, l2):
    return ridge(ratings, known, vt, l2) @ vt


def root_of_the_penalty_left_out(ratings, known, vt, l2):
    tall = np.vstack([vt[:, known].T, l2 * np.eye(len(vt))])
    return np.linalg.lstsq(tall, np.append(ratings[known], np.zeros(len(vt))))[0]


def rounded(ratings, known, vt, l2):
    return ridge(ratings, known, vt, l2).round(3)


def of_the_course(ratings, known, vt, l2):
    from course_utils.factorization import SVD

    nobody = SVD(np.empty((0, len(vt))), np.empty(len(vt)), vt)
    return nobody.fold_in(ratings[None], where=known[None], l2=l2)[0]


def mean_taken_off(ratings, known, vt, l2):
    return ridge(ratings - ratings[known].mean() if known.any() else ratings, known, vt, l2)


def nothing_without_three_ratings(ratings, known, vt, l2):
    return ridge(ratings, known, vt, l2) if known.sum() > 2 else np.zeros(len(vt))


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (asks_nan_what_is_known, "not in general"),
        (clears_the_input, "the input was changed"),
        (as_a_row, "shape (1, 2)"),
        (the_prediction_instead, "shape (4,)"),
        (root_of_the_penalty_left_out, "everything known, a penalty"),
        (rounded, ""),
        (of_the_course, "write it yourself"),
        (mean_taken_off, ""),
        (nothing_without_three_ratings, "a single rating"),
    ],
)
def test_more_wrong_codes_are_caught(attempt, text):
    assert_not_right(check.code_of, attempt, text)


# --- corrected_mean -------------------------------------------------------------------------------


def by_weights(ratings, chances):
    return np.average(ratings, weights=1 / chances)


def by_loop(ratings, chances):
    above = below = 0.0
    for rating, chance in zip(ratings, chances, strict=True):
        above += rating / chance
        below += 1 / chance
    return above / below


def by_shares(ratings, chances):
    weights = 1 / chances
    return ratings @ (weights / weights.sum())


def by_fractions(ratings, chances):
    weights = [1 / Fraction(chance) for chance in chances]
    return sum(w * Fraction(r) for w, r in zip(weights, ratings, strict=True)) / sum(weights)


def by_powers(ratings, chances):
    return float((ratings * chances**-1).sum() / (chances**-1).sum())


def by_zip(ratings, chances):
    weights = [1 / chance for chance in chances]
    return sum(w * r for w, r in zip(weights, ratings, strict=True)) / sum(weights)


def by_frame_of_two(ratings, chances):
    table = pd.DataFrame({"rating": ratings, "weight": 1 / chances})
    return (table.rating * table.weight).sum() / table.weight.sum()


def by_ratio_of_means(ratings, chances):
    return np.mean(ratings / chances) / np.mean(1 / chances)


def by_harmonic_mean(ratings, chances):
    harmonic = len(chances) / np.sum(np.reciprocal(chances))
    return np.array(harmonic * (ratings / chances).mean())


def by_einsum(ratings, chances):
    weights = np.reciprocal(chances)
    return np.einsum("i,i", weights, ratings) / np.einsum("i->", weights)


def by_scaled_weights(ratings, chances):
    weights = chances.min() / chances  # at most 1
    return np.dot(weights, ratings) / weights.sum()


def by_decimals(ratings, chances):
    weights = [1 / Decimal(float(chance)) for chance in chances]
    given = [Decimal(float(rating)) for rating in ratings]
    return sum(w * r for w, r in zip(weights, given, strict=True)) / sum(weights)


RIGHT_MEANS = [
    by_weights,
    by_loop,
    by_shares,
    by_fractions,
    by_powers,
    by_zip,
    by_frame_of_two,
    by_ratio_of_means,
    by_harmonic_mean,
    by_einsum,
    by_scaled_weights,
    by_decimals,
]


@pytest.mark.slow
@pytest.mark.parametrize("solution", RIGHT_MEANS)
def test_corrected_means_pass_within_a_second(solution):
    assert_right(check.corrected_mean, solution, "5 of 5 cases")


def forgets_to_return_the_mean(ratings, chances):
    by_weights(ratings, chances)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda r, p: np.average(r, weights=p), Status.WRONG, "weigh more"),
        (lambda r, p: np.mean(r), Status.WRONG, "weigh more"),
        (lambda r, p: np.mean(r / p), Status.WRONG, "sum of the weights"),
        (lambda r, p: np.sum(r / p), Status.WRONG, "sum of the weights"),
        (lambda r, p: np.sum(r / p) / len(r), Status.WRONG, "sum of the weights"),
        (lambda r, p: np.average(r, weights=1.0001 - p), Status.WRONG, "case"),
        (lambda r, p: np.average(r, weights=1 / p**2), Status.WRONG, "weigh more"),
        (lambda r, p: np.average(r, weights=1 / r), Status.WRONG, ""),
        (lambda r, p: np.median(r), Status.WRONG, ""),
        (lambda r, p: round(by_weights(r, p), 1), Status.WRONG, ""),
        (lambda r, p: min(5, by_weights(r, p)), Status.WRONG, ""),
        (lambda r, p: r / p, Status.WRONG, "equal chances"),
        (forgets_to_return_the_mean, Status.RETURNED_NONE, "equal chances"),
        (lambda r, p: np.average(r, weights=np.maximum(1 / p, 50)), Status.WRONG, ""),
        (lambda r, p: np.average(r, weights=np.minimum(1 / p, 20)), Status.WRONG, ""),
        (lambda r, p: np.average(r, weights=1 / p.round(1).clip(0.1)), Status.WRONG, ""),
        (lambda r, p: np.average(r, weights=1 / (p + 0.01)), Status.WRONG, ""),
        (lambda r, p: np.sum(r * p) / np.sum(1 / p), Status.WRONG, ""),
        (lambda r, p: np.average(r, weights=np.divide(1, p, out=p)), Status.WRONG, "changed"),
        (lambda r, p: str(by_weights(r, p)), Status.WRONG, "text"),
    ],
)
def test_wrong_corrections_are_caught(attempt, status, text):
    assert_judged(check.corrected_mean, attempt, status, text)
