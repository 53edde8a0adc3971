"""The checks of notebook 06 catch what learners get wrong."""

import numpy as np
import pytest

from course_utils.checks import TODO, Status
from course_utils.checks import notebook_06 as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (80, Status.RIGHT, "80"),
        (28 + 10 + 12 + 30, Status.RIGHT, "add up"),
        (64, Status.WRONG, "weights alone"),
        (38, Status.WRONG, "encoder alone"),
        (76, Status.WRONG, "twice the encoder"),
        (22, Status.WRONG, "number of units"),
        (81, Status.WRONG, "one bias for each output"),
    ],
)
def test_predict_parameters(answer, status, text):
    outcome = check.predict_parameters.judge(answer)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message


def solved_loss(x, p):
    return -np.mean(x * np.log(p) + (1 - x) * np.log(1 - p))


def without_black(x, p):
    return -np.mean(x * np.log(p))


def without_sign(x, p):
    return np.mean(x * np.log(p) + (1 - x) * np.log(1 - p))


def with_roles_swapped(x, p):
    return -np.mean(p * np.log(np.clip(x, 1e-7, 1)) + (1 - p) * np.log(np.clip(1 - x, 1e-7, 1)))


def summed(x, p):
    return -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))


def rounded(x, p):
    return solved_loss(np.round(x), p)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda x, p: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_loss, Status.RIGHT, "4 of 4"),
        (lambda x, p: np.mean((x - p) ** 2), Status.WRONG, "0 of 4"),
        (without_black, Status.WRONG, "a black pixel called white"),
        (without_sign, Status.WRONG, "0 of 4"),
        (with_roles_swapped, Status.WRONG, "0 of 4"),
        (summed, Status.WRONG, "four pixels"),
        (rounded, Status.WRONG, "a grey pixel"),
        (lambda x, p: print(solved_loss(x, p)), Status.RETURNED_NONE, "return"),
        (lambda x, p: x.loss, Status.RAISED, "AttributeError"),
    ],
)
def test_pixel_loss(attempt, status, text):
    outcome = check.pixel_loss.judge(attempt)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message


def solved_log_odds(mean):
    clipped = np.clip(mean, 0.001, 0.999)
    return np.log(clipped / (1 - clipped))


def unclipped(mean):
    with np.errstate(divide="ignore"):
        return np.log(mean / (1 - mean))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda mean: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_log_odds, Status.RIGHT, "6 of 6"),
        (unclipped, Status.WRONG, "never lit"),
        (lambda mean: np.log(np.clip(mean, 0.001, 0.999)), Status.WRONG, "a coin"),
        (lambda mean: -solved_log_odds(mean), Status.WRONG, "a bright pixel"),
        (lambda mean: np.log(np.maximum(mean, 0.001) / (1 - mean + 1e-3)), Status.WRONG, "a coin"),
        (lambda mean: solved_log_odds(mean.mean()), Status.WRONG, "shape () instead of (1,)"),
        (lambda mean: 1 / (1 + np.exp(-mean)), Status.WRONG, "a coin"),
    ],
)
def test_log_odds(attempt, status, text):
    outcome = check.log_odds.judge(attempt)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message


@pytest.mark.parametrize(
    ("widths", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([784, 256, 128, 64, 2], Status.RIGHT, "broken"),
        ([784, 32], Status.RIGHT, "broken"),
        ([784, 128, 64, 32], Status.WRONG, "survives"),
        ([784, 128, 64, 2], Status.WRONG, "survives"),  # other widths, same number of layers
        ([784], Status.WRONG, "not a legal input"),
        ([784, 0], Status.WRONG, "not a legal input"),
        ([784, 32.5], Status.WRONG, "not a legal input"),
        (784, Status.WRONG, "not a legal input"),
    ],
)
def test_break_position(widths, status, text):
    outcome = check.break_position.judge(widths)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message
