"""Checks of *Choose the width of a code*: stub, solution, and what one would get wrong."""

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged, assert_right

from course_utils.checks import TODO, Status
from course_utils.checks import choose_the_width as check


def status(exercise, *answer):
    return exercise.judge(*answer).status


def test_stubs():
    assert status(check.break_min_delta, TODO) is Status.NOT_ATTEMPTED
    assert status(check.choose_width, lambda *arguments: TODO) is Status.NOT_ATTEMPTED
    assert status(check.predict_all_zeros, TODO) is Status.NOT_ATTEMPTED


@pytest.mark.parametrize(
    "losses",
    [
        [4e-4, 2e-4, 1e-4, 5e-5],
        (1, 1e-3, 5e-4, 2e-4, 1e-4),
        [8e-4, 1e-4, 1e-5, 1e-6],
        np.array([4e-4, 2e-4, 1e-4, 5e-5]),
        [np.float64(4e-4), np.float64(2e-4), 1e-4, 5e-5],
        list(np.geomspace(8e-4, 1e-4, 4)),
        [8e-4 / 2**epoch for epoch in range(8)],
        [Fraction(1, 2000), Fraction(1, 4000), Fraction(1, 8000), Fraction(1, 16000)],
        [Decimal("0.0008"), Decimal("0.0004"), Decimal("0.0002"), Decimal("0.0001")],
        pd.Series([0.7, 0.0009, 0.0004, 0.0002, 0.0001]),
    ],
)
def test_small_losses_break_the_rule(losses):
    assert status(check.break_min_delta, losses) is Status.RIGHT


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([8, 4, 2, 1], "survives"),
        ([8, 4, 2, 1], "epoch 4 of 4 is the last that improves"),
        ([1, 0.5, 0.0004, 0.0002, 0.0001], "after epoch 5: not before your last one"),
        ([0.004, 0.0012, 0.0006, 0.0003], "epoch 2 of 4 is the last"),
        (np.array([8.0, 4, 2, 1]), "epoch 4 of 4"),
        (np.zeros((4, 2)), "an array of shape (4, 2) instead of a list"),
        ([0.016, 0.008, 0.004, 0.0025], "at most half"),
        ([4e-4, 3e-4, 2e-4, 1e-4], "at most half"),
        ([4e-4, 2e-4, 1e-4], "4 to 8"),
        ([4e-4, 2e-4, 1e-4, 0], "positive"),
        ([4e-4, 2e-4, 1e-4, True], "True or False among"),
        (4e-4, "one number instead of a list"),
        ([4e-4 / 2**epoch for epoch in range(9)], "4 to 8"),
        ([4e-4, 2e-4, 1e-4, -1e-4], "positive"),
        ([np.inf, 2e-4, 1e-4, 1e-5], "positive"),
        ([4e-4, 2e-4, 1e-4, 1e-4], "at most half"),
        ([1e-4, 2e-4, 4e-4, 8e-4], "at most half"),
        ("0.0004", "text"),
    ],
)
def test_losses_that_do_not_break_it(losses, words):
    outcome = check.break_min_delta.judge(losses)
    assert outcome.status is Status.WRONG
    assert words in outcome.message


def test_stopping_rule_is_that_of_fit():
    torch_free = check._epochs_until_stop([5.0, 3.0, 4.0, 3.5, 3.2, 1.0], 0.0)
    assert torch_free == 4
    assert check._epochs_until_stop([5.0, 4.9995, 4.9991, 1.0], 0.001) == 3


def first_good(widths, errors, slack):
    return int(widths[errors <= errors.min() + slack][0])


def in_a_loop(widths, errors, slack):
    bound = min(errors) + slack
    for width, error in zip(widths, errors, strict=True):
        if error <= bound:
            return width


def with_a_generator(widths, errors, slack):
    lowest = sorted(errors)[0]
    return next(w for w, e in zip(widths, errors, strict=True) if e - lowest <= slack)


def with_argmax(widths, errors, slack):
    return widths[np.argmax(errors - errors.min() <= slack)].item()


def with_flatnonzero(widths, errors, slack):
    return widths[np.flatnonzero(~(errors > np.amin(errors) + slack))[0]]


def with_pandas(widths, errors, slack):
    curve = pd.Series(errors, index=widths)
    return curve.index[curve <= curve.min() + slack].min()


def with_a_dictionary(widths, errors, slack):
    curve = dict(zip(widths.tolist(), errors.tolist(), strict=True))
    return min(width for width, error in curve.items() if error <= min(curve.values()) + slack)


def backwards(widths, errors, slack):
    best = widths[-1]
    for width, error in list(zip(widths, errors, strict=True))[::-1]:
        best = width if error <= errors.min() + slack else best
    return best


def with_where(widths, errors, slack):
    return np.where(errors <= errors.min() + slack, widths, widths.max() + 1).min()


def with_sorting(widths, errors, slack):
    bound = np.sort(errors)[0] + slack
    return np.sort(widths[errors <= bound])[0]


def with_fractions(widths, errors, slack):
    exact = [Fraction(float(error)) for error in errors]
    good = [error <= min(exact) + Fraction(slack) for error in exact]
    return next(itertools.compress(widths, good))


RIGHT = (
    first_good,
    in_a_loop,
    with_a_generator,
    with_argmax,
    with_flatnonzero,
    with_pandas,
    with_a_dictionary,
    backwards,
    with_where,
    with_sorting,
    with_fractions,
    lambda w, e, s: np.array(first_good(w, e, s), dtype=np.int16),
    lambda w, e, s: np.uint16(first_good(w, e, s)),
)


@pytest.mark.parametrize("answer", RIGHT)
def test_choose_width_is_right(answer):
    assert_right(check.choose_width, answer, "8 of 8")


def walks(widths, errors, slack):
    """Stop where the next step gains too little: the bug of the page."""
    for i in range(len(widths) - 1):
        if errors[i] - errors[i + 1] <= slack:
            return int(widths[i])
    return int(widths[-1])


def walks_back(widths, errors, slack):
    """Go from the best to the left for as long as the errors are good enough."""
    i = int(np.argmin(errors))
    while i and errors[i - 1] <= errors.min() + slack:
        i -= 1
    return int(widths[i])


def changes(widths, errors, slack):
    errors -= errors.min()
    return int(widths[errors <= slack][0])


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (walks, "a step without gain"),
        (walks_back, "not in general"),
        (lambda w, e, s: int(w[np.argmin(e)]), "nearly as good"),
        (lambda w, e, s: int(w[e < e.min() + s][0]), "nearly as good"),
        (lambda w, e, s: int(w[e <= e.min() + s][-1]), "one elbow"),
        (lambda w, e, s: int(w[e <= e.min() * (1 + s)][0]), "nearly as good"),
        (lambda w, e, s: int(w[e <= e[-1] + s][0]), "not in general"),
        (lambda w, e, s: int(np.argmax(e <= e.min() + s)), "one elbow"),
        (lambda w, e, s: int(w[np.isclose(e, e.min(), atol=s)][0]), "a hair above"),
        (lambda w, e, s: float(first_good(w, e, s)), "instead of integers"),
        (lambda w, e, s: int(w[e <= np.median(e) + s][0]), "one elbow"),
        (lambda w, e, s: int(w[e >= e.max() - s][-1]), "one elbow"),
        (lambda w, e, s: int(w[e <= s][0]) if (e <= s).any() else int(w[-1]), "one elbow"),
        (lambda w, e, s: int(w[np.round(e, 3) <= np.round(e.min() + s, 3)][0]), "a hair above"),
        (lambda w, e, s: int(w[e <= e.min() + 0.0625][0]), "another size"),
        (lambda w, e, s: [first_good(w, e, s)], "shape (1,)"),
        (lambda w, e, s: 16, "nearly as good"),
        (lambda w, e, s: w[e <= e.min() + s], "one elbow"),
        (lambda w, e, s: int(2 ** np.argmax(e <= e.min() + s) * w[0]), "nearly as good"),
        (changes, "input was changed"),
        (lambda w, e, s: str(first_good(w, e, s)), "text"),
    ],
)
def test_choose_width_is_wrong(answer, text):
    assert_judged(check.choose_width, answer, Status.WRONG, text)


def test_choose_width_that_returns_nothing():
    outcome = check.choose_width.judge(lambda widths, errors, slack: print(errors))
    assert outcome.status is Status.RETURNED_NONE


@pytest.mark.parametrize(
    "answer",
    [
        math.sqrt(0.01 * 13),
        0.36,
        0.361,
        0.3606,
        0.36056,
        np.sqrt(0.13),
        np.float32(0.36),
        np.array(0.13) ** 0.5,
        Decimal("0.13").sqrt(),
        Decimal("0.36"),
        Fraction(math.sqrt(0.13)),
        (4000 / 400_000 * (1 + 25) / 2) ** 0.5,
    ],
)
def test_error_of_all_zeros_is_right(answer):
    assert_judged(check.predict_all_zeros, answer, Status.RIGHT, "13/100")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (math.sqrt(13), "empty cells take part"),
        (0.3, "mean of the squares"),
        (0.13, "root is still"),
        (0.03, "absolute"),
        (math.sqrt(0.26), "half of the ratings"),
        (0, "each cell that holds"),
        (math.sqrt(0.99 * 13), "ninety-nine"),
        (math.sqrt(1.3), "1 %"),
        (0.4, ""),
        (1, ""),
        (-0.36, ""),
        (0.37, ""),
        (0.35, ""),
        (0.0203, ""),
        (math.sqrt(0.02), ""),
        ("0.36", "text"),
        ([0.36, 0.36], ""),
        (True, ""),
    ],
)
def test_error_of_all_zeros_is_wrong_for_a_reason(answer, text):
    assert_judged(check.predict_all_zeros, answer, Status.WRONG, text)
