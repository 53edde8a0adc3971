"""The checks of *Autoencode digits* catch what learners get wrong."""

import numpy as np
import pytest
from judging import assert_judged

from course_utils.checks import TODO, Status
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


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda order, n_validation: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_split, Status.RIGHT, "4 of 4"),
        (as_lists, Status.RIGHT, "4 of 4"),
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
        (lambda order, n_validation: (order / 2, order), Status.WRONG, "row numbers"),
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


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda mean, n_images: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_odds, Status.RIGHT, "6 of 6"),
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
        (784, Status.WRONG, "not a legal input"),
    ],
)
def test_break_narrowest(widths, status, text):
    assert_judged(check.break_narrowest, widths, status, text)
