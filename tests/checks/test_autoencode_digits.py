"""The checks of *Autoencode digits* catch what learners get wrong."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from judging import assert_judged, quickly

from course_utils.checks import TODO, Status, _search
from course_utils.checks import autoencode_digits as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (80, Status.RIGHT, "80"),
        (28 + 10 + 12 + 30, Status.RIGHT, "add up"),
        (64, Status.WRONG, "weights alone"),
        (86, Status.WRONG, "inputs receive nothing"),
        (74, Status.WRONG, "last layer"),
        (38, Status.WRONG, "encoder alone"),
        (76, Status.WRONG, "twice the encoder"),
        (22, Status.WRONG, "number of units"),
        (48, Status.WRONG, "share no weights"),
        (np.int64(80), Status.RIGHT, "80"),
        (np.array(80), Status.RIGHT, "80"),
        (Fraction(160, 2), Status.RIGHT, "80"),
        ("80", Status.WRONG, "not '80'"),
        ([28, 10, 12, 30], Status.WRONG, "not [28"),
        (81, Status.WRONG, "one bias for each output"),
    ],
)
def test_predict_parameters(answer, status, text):
    assert_judged(check.predict_parameters, answer, status, text)


def solved_split(order, n_validation):
    rows = np.stack([order, order + len(order)], axis=1)
    return rows[n_validation:].ravel(), rows[:n_validation].ravel()


def split_with_the_bug(order, n_validation):
    rows = np.concatenate([order, order + len(order)])
    return rows[n_validation:], rows[:n_validation]


def split_of_twice_as_many_rows(order, n_validation):
    rows = np.concatenate([order, order + len(order)])
    return rows[2 * n_validation :], rows[: 2 * n_validation]


def without_copies(order, n_validation):
    return order[n_validation:], order[:n_validation]


def without_copies_for_validation(order, n_validation):
    return solved_split(order, n_validation)[0], order[:n_validation]


def parts_swapped(order, n_validation):
    return solved_split(order, n_validation)[::-1]


def unshuffled(order, n_validation):
    return solved_split(np.arange(len(order)), n_validation)


def from_the_end(order, n_validation):
    rows = np.stack([order, order + len(order)], axis=1)[::-1]
    return rows[:-n_validation].ravel(), rows[-n_validation:].ravel()


def as_lists(order, n_validation):
    return [part.tolist() for part in solved_split(order, n_validation)]


def shuffled_in_place(order, n_validation):
    parts = solved_split(order, n_validation)
    order.sort()
    return parts


def everything_twice(order, n_validation):
    return [np.tile(part, 2) for part in solved_split(order, n_validation)]


def shifted_by_two_n(order, n_validation):
    training, validation = solved_split(order, n_validation)
    return training, np.where(validation < len(order), validation, validation + len(order))


def with_a_loop(order, n_validation):
    training, validation = [], []
    for position, digit in enumerate(order):
        part = validation if position < n_validation else training
        part += [digit, digit + len(order)]
    return np.array(training, dtype=int), np.array(validation, dtype=int)


def with_isin(order, n_validation):
    rows = np.arange(2 * len(order))
    kept = np.isin(rows % len(order), order[:n_validation])
    return rows[~kept], rows[kept]


def with_append(order, n_validation):
    n = len(order)
    kept, learnt = np.split(order, [n_validation])
    return np.append(learnt, learnt + n), np.append(kept, kept + n)


def with_hstack_backwards(order, n_validation):
    both = np.array([order, order + order.size])
    return np.hstack(both[::-1, n_validation:]), np.hstack(both[::-1, :n_validation])


def with_sets(order, n_validation):
    n = len(order)
    validation = {row for digit in order[:n_validation].tolist() for row in (digit, digit + n)}
    return sorted(set(range(2 * n)) - validation), sorted(validation)


def as_int32(order, n_validation):
    return tuple(part.astype(np.int32) for part in solved_split(order, n_validation))


def as_bytes(order, n_validation):
    return tuple(part.astype(np.uint8) for part in solved_split(order, n_validation))


def as_masks(order, n_validation):
    n = len(order)
    kept = np.isin(np.arange(2 * n) % n, order[:n_validation])
    return ~kept, kept


def started_with_floats(order, n_validation):
    empty = np.array([])
    return tuple(np.append(empty, part) for part in solved_split(order, n_validation))


def with_two_columns(order, n_validation):
    rows = np.stack([order, order + len(order)], axis=1)
    return rows[n_validation:], rows[:n_validation]


def neighbours_as_pairs(order, n_validation):
    rows = np.stack([2 * order, 2 * order + 1], axis=1)
    return rows[n_validation:].ravel(), rows[:n_validation].ravel()


def one_too_many(order, n_validation):
    return solved_split(order, n_validation + 1)


def of_ten_digits(order, n_validation):
    rows = np.stack([order, order + 10], axis=1)
    return rows[n_validation:].ravel(), rows[:n_validation].ravel()


def at_most_fifty(order, n_validation):
    return solved_split(order, min(n_validation, 50))


def shuffled_again(order, n_validation):
    return solved_split(np.random.default_rng(0).permutation(order), n_validation)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda order, n_validation: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_split, Status.RIGHT, "5 of 5"),
        (as_lists, Status.RIGHT, "5 of 5"),
        (with_a_loop, Status.RIGHT, "5 of 5"),
        (with_isin, Status.RIGHT, "5 of 5"),
        (with_append, Status.RIGHT, "5 of 5"),
        (with_hstack_backwards, Status.RIGHT, "5 of 5"),
        (with_sets, Status.RIGHT, "5 of 5"),
        (as_int32, Status.RIGHT, "5 of 5"),
        (as_bytes, Status.WRONG, "two hundred digits"),
        (as_masks, Status.WRONG, "a mask"),
        (started_with_floats, Status.WRONG, "are float64"),
        (with_two_columns, Status.WRONG, "shape (2, 2)"),
        (neighbours_as_pairs, Status.WRONG, "show the same digit"),
        (one_too_many, Status.WRONG, "other digits"),
        (of_ten_digits, Status.WRONG, "there is no row 10"),
        (at_most_fifty, Status.WRONG, "a search"),
        (shuffled_again, Status.WRONG, "other digits"),
        (split_with_the_bug, Status.WRONG, "training row 5 and validation row 2 show the same"),
        (split_of_twice_as_many_rows, Status.WRONG, "show the same digit"),
        (without_copies, Status.WRONG, "row 3 is in neither part"),
        (without_copies_for_validation, Status.WRONG, "row 5 is in neither part"),
        (everything_twice, Status.WRONG, "there 2 times"),
        (parts_swapped, Status.WRONG, "other digits"),
        (unshuffled, Status.WRONG, "other digits"),
        (from_the_end, Status.WRONG, "no digit for validation"),
        (shifted_by_two_n, Status.WRONG, "there is no row 8"),
        (shuffled_in_place, Status.WRONG, "input was changed"),
        (lambda order, n_validation: order, Status.WRONG, "two arrays"),
        (lambda order, n_validation: (order / 2, order), Status.WRONG, "row numbers are an int"),
        (lambda order, n_validation: print(order), Status.RETURNED_NONE, "return"),
        (lambda order, n_validation: order.rows, Status.RAISED, "AttributeError"),
    ],
)
def test_split_rows(attempt, status, text):
    assert_judged(check.split_rows, attempt, status, text)


def solved_odds(mean, n_images):
    smoothed = (n_images * mean + 1) / (n_images + 2)
    return np.log(smoothed / (1 - smoothed))


def unsmoothed(mean, n_images):
    with np.errstate(divide="ignore"):
        return np.log(mean / (1 - mean))


def clipped(mean, n_images):
    return unsmoothed(np.clip(mean, 0.001, 0.999), n_images)


def ones_added_to_the_mean(mean, n_images):
    return np.log((mean + 1) / (2 - mean))


def only_the_inked_image(mean, n_images):
    with np.errstate(divide="ignore"):
        return np.log((n_images * mean + 1) / (n_images - n_images * mean))


def logarithm_of_the_mean(mean, n_images):
    return np.log((n_images * mean + 1) / (n_images + 2))


def one_image_too_few(mean, n_images):
    return unsmoothed((n_images * mean + 1) / (n_images + 3), n_images)


def of_the_whole_image(mean, n_images):
    return solved_odds(mean.mean(), n_images)


def written_into_the_mean(mean, n_images):
    mean *= n_images
    return np.log((mean + 1) / (n_images - mean + 1))


def odds_of_both_sums(mean, n_images):
    ink = np.multiply(mean, n_images)
    missing = np.multiply(1 - mean, n_images)
    return np.log(ink + 1) - np.log(missing + 1)


def odds_with_logit(mean, n_images):
    from scipy.special import logit

    return logit((mean * n_images + 1) / (n_images + 2))


def odds_in_loops(mean, n_images):
    result = np.empty(mean.shape)
    for place in np.ndindex(mean.shape):
        ink = mean[place] * n_images
        result[place] = math.log((ink + 1) / (n_images - ink + 1))
    return result


def odds_vectorized(mean, n_images):
    return np.vectorize(lambda m: math.log((m * n_images + 1) / ((1 - m) * n_images + 1)))(mean)


def odds_as_lists(mean, n_images):
    return odds_of_both_sums(mean, n_images).tolist()


def odds_with_stacked_images(mean, n_images):
    total = mean * n_images + np.ones_like(mean) + np.zeros_like(mean)
    m = total / (n_images + 2)
    return np.log(m) - np.log1p(-m)


def from_the_course(mean, n_images):
    from course_utils.keras_models import log_odds

    return log_odds((mean * n_images + 1) / (n_images + 2), smallest=1e-12)


def row_by_row(mean, n_images):
    return np.array([solved_odds(row, n_images) for row in mean]).reshape(len(mean), -1)


def of_the_first_row(mean, n_images):
    return solved_odds(mean, n_images) if mean.ndim == 1 else solved_odds(mean[0], n_images)


def flattened(mean, n_images):
    return solved_odds(mean.ravel(), n_images)


def transposed(mean, n_images):
    return solved_odds(mean.T, n_images)


def at_most_a_thousand(mean, n_images):
    return solved_odds(mean, min(n_images, 10**6))


def odds_without_logarithm(mean, n_images):
    return (mean * n_images + 1) / (n_images - mean * n_images + 1)


def with_two_logarithms(mean, n_images):
    return np.log2(odds_without_logarithm(mean, n_images))


def number_of_pixels_for_images(mean, n_images):
    return solved_odds(mean, len(mean))


def rounded_sums(mean, n_images):
    ink = np.round(mean * n_images)
    return np.log((ink + 1) / (n_images - ink + 1))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda mean, n_images: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_odds, Status.RIGHT, "8 of 8"),
        (odds_of_both_sums, Status.RIGHT, "8 of 8"),
        (odds_with_logit, Status.RIGHT, "8 of 8"),
        (odds_in_loops, Status.RIGHT, "8 of 8"),
        (odds_vectorized, Status.RIGHT, "8 of 8"),
        (odds_as_lists, Status.RIGHT, "8 of 8"),
        (odds_with_stacked_images, Status.RIGHT, "8 of 8"),
        (row_by_row, Status.WRONG, "shape (1, 1) instead of (1,)"),
        (of_the_first_row, Status.WRONG, "a mean image"),
        (flattened, Status.WRONG, "shape (6,) instead of (2, 3)"),
        (transposed, Status.WRONG, "shape (3, 2) instead of (2, 3)"),
        (at_most_a_thousand, Status.WRONG, "a search"),
        (odds_without_logarithm, Status.WRONG, "a coin"),
        (with_two_logarithms, Status.WRONG, "a quarter of four"),
        (number_of_pixels_for_images, Status.WRONG, "a quarter of four"),
        (rounded_sums, Status.WRONG, "one image"),
        (unsmoothed, Status.WRONG, "a quarter of four"),
        (clipped, Status.WRONG, "a quarter of four"),
        (ones_added_to_the_mean, Status.WRONG, "a quarter of four"),
        (only_the_inked_image, Status.WRONG, "a coin"),
        (logarithm_of_the_mean, Status.WRONG, "a coin"),
        (one_image_too_few, Status.WRONG, "a coin"),
        (of_the_whole_image, Status.WRONG, "shape () instead of (1,)"),
        (lambda mean, n_images: -solved_odds(mean, n_images), Status.WRONG, "a quarter of four"),
        (written_into_the_mean, Status.WRONG, "input was changed"),
        (lambda mean, n_images: print(mean), Status.RETURNED_NONE, "return"),
        (lambda mean, n_images: mean.odds, Status.RAISED, "AttributeError"),
    ],
)
def test_smoothed_log_odds(attempt, status, text):
    assert_judged(check.smoothed_log_odds, attempt, status, text)


@pytest.mark.parametrize(
    ("widths", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([784, 16, 32], Status.RIGHT, "broken"),
        ([784, 64, 16, 32], Status.RIGHT, "got       2"),
        ([784, 32, 32], Status.RIGHT, "got       1"),  # a tie: argmin takes the first
        ([2, 8], Status.RIGHT, "got       0"),
        ([784, 128, 64, 32], Status.WRONG, "survives"),
        ([784, 256, 128, 64, 2], Status.WRONG, "survives"),  # deeper, but still a funnel
        ([784, 32], Status.WRONG, "survives"),
        ([784, 16, 64, 8], Status.WRONG, "survives"),  # a waist, but not below the code
        ([784], Status.WRONG, "not a legal input"),
        ([784, 0], Status.WRONG, "not a legal input"),
        ([784, 32.5], Status.WRONG, "not a legal input"),
        ([784, True, 32], Status.WRONG, "not a legal input"),
        ([784, -1, 32], Status.WRONG, "not a legal input"),
        (784, Status.WRONG, "not a legal input"),
        ("784, 16, 32", Status.WRONG, "not a legal input"),
        ({784: 16}, Status.WRONG, "not a legal input"),
        ([784, 16, 32, 16, 784], Status.WRONG, "the encoder's half alone"),
        ([784, 16, 784], Status.WRONG, "the encoder's half alone"),
        ([[784, 16, 32]], Status.WRONG, "not a legal input"),
        (np.array([784, 16, 32]), Status.RIGHT, "got       1"),
        ([784, np.int8(16), np.array(32)], Status.RIGHT, "got       1"),
        ((10, 1, 2), Status.RIGHT, "got       1"),
        (range(3, 5), Status.RIGHT, "got       0"),
        ([10**30, 3, 10**20], Status.RIGHT, "got       1"),
        ([784, 32, 64, 32], Status.RIGHT, "got       1"),
    ],
)
def test_break_narrowest(widths, status, text):
    assert_judged(check.break_narrowest, widths, status, text)


@pytest.mark.keras
def test_smoothed_log_odds_is_not_taken_from_the_course():
    import course_utils.keras_models  # noqa: F401

    assert_judged(check.smoothed_log_odds, from_the_course, Status.WRONG, "keras_models.log_odds")


def shares_by_loop(losses):
    whole = losses[0] - losses[-1]
    return np.array([(losses[i] - losses[i + 1]) / whole for i in range(len(losses) - 1)])


def shares_by_zip(losses):
    gains = [before - after for before, after in itertools.pairwise(losses)]
    return [gain / sum(gains) for gain in gains]


def shares_by_slices(losses):
    values = np.asarray(losses)
    gains = values[:-1] - values[1:]
    return gains / gains.sum()


def shares_of_both_signs(losses):
    return np.diff(losses) / (losses[-1] - losses[0])


def shares_of_the_way_so_far(losses):
    values = np.array(losses, dtype=float)
    return np.diff((values[0] - values) / (values[0] - values[-1]))


def shares_as_fractions(losses):
    exact = [Fraction(loss) for loss in losses]
    return tuple((a - b) / (exact[0] - exact[-1]) for a, b in itertools.pairwise(exact))


def shares_in_place(losses):
    values = np.array(losses)
    values -= values[-1]
    values /= values[0]
    return -np.diff(values)


def total_only(losses):
    return [(losses[0] - losses[-1]) / losses[0]]


def so_far(losses):
    values = np.asarray(losses)
    return (values[0] - values[1:]) / (values[0] - values[-1])


def of_the_first(losses):
    return -np.diff(losses) / losses[0]


def of_the_one_before(losses):
    return -np.diff(losses) / np.asarray(losses[:-1])


def of_the_range(losses):
    return -np.diff(losses) / (max(losses) - min(losses))


def of_all_that_moves(losses):
    steps = np.diff(losses)
    return -steps / np.abs(steps).sum()


def gains_alone(losses):
    return -np.diff(losses)


def wrong_way_round(losses):
    return np.diff(losses) / (losses[0] - losses[-1])


def never_negative(losses):
    return np.maximum(shares_by_slices(losses), 0)


def in_percent(losses):
    return 100 * shares_by_slices(losses)


def backwards(losses):
    return shares_by_slices(losses)[::-1]


def sorted_first(losses):
    return shares_by_slices(sorted(losses, reverse=True))


def sorted_in_place(losses):
    result = shares_by_slices(losses)
    losses.sort()
    return result


def with_a_leading_nought(losses):
    return np.append(0, shares_by_slices(losses))


def of_three_steps(losses):
    return shares_by_slices(losses[:5])


def kept_from_nought(losses):
    return -np.diff(losses) / (losses[0] - losses[-1] + 1e-8)


def without_small_parts(losses):
    parts = shares_by_slices(losses)
    return np.where(np.abs(parts) < 1e-4, 0, parts)


def rounded(losses):
    return np.round(shares_by_slices(losses), 2)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda losses: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (shares_by_loop, Status.RIGHT, "8 of 8"),
        (shares_by_zip, Status.RIGHT, "8 of 8"),
        (shares_by_slices, Status.RIGHT, "8 of 8"),
        (shares_of_both_signs, Status.RIGHT, "8 of 8"),
        (shares_of_the_way_so_far, Status.RIGHT, "8 of 8"),
        (shares_as_fractions, Status.RIGHT, "8 of 8"),
        (shares_in_place, Status.RIGHT, "8 of 8"),
        (total_only, Status.WRONG, "three losses"),
        (so_far, Status.WRONG, "three losses"),
        (of_the_first, Status.WRONG, "three losses"),
        (of_the_one_before, Status.WRONG, "three losses"),
        (of_the_range, Status.WRONG, "a step back"),
        (of_all_that_moves, Status.WRONG, "a step back"),
        (gains_alone, Status.WRONG, "three losses"),
        (wrong_way_round, Status.WRONG, "three losses"),
        (never_negative, Status.WRONG, "a step back"),
        (in_percent, Status.WRONG, "three losses"),
        (backwards, Status.WRONG, "three losses"),
        (sorted_first, Status.WRONG, "a step back"),
        (sorted_in_place, Status.WRONG, "input was changed"),
        (with_a_leading_nought, Status.WRONG, "shape (3,) instead of (2,)"),
        (of_three_steps, Status.WRONG, "a search"),
        (kept_from_nought, Status.WRONG, "small losses"),
        (rounded, Status.WRONG, "five losses"),
        (without_small_parts, Status.WRONG, "a tiny step"),
        (lambda losses: print(losses), Status.RETURNED_NONE, "return"),
        (lambda losses: losses.mean(), Status.RAISED, "AttributeError"),
    ],
)
def test_shares(attempt, status, text):
    assert_judged(check.shares, attempt, status, text)


@pytest.mark.parametrize(
    ("exercise", "attempt"),
    [
        (check.split_rows, with_sets),
        (check.split_rows, at_most_fifty),
        (check.smoothed_log_odds, odds_in_loops),
        (check.smoothed_log_odds, at_most_a_thousand),
        (check.shares, shares_as_fractions),
        (check.shares, of_three_steps),
    ],
)
def test_a_verdict_takes_less_than_a_second(exercise, attempt):
    exercise.judge(attempt)  # imports what the search needs
    _search.DRAWN.clear()  # a learner's process has drawn nothing
    quickly(exercise.judge, attempt)
