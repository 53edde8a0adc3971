"""The checks of *Remove noise from digits* catch what learners get wrong."""

import numpy as np
import pytest
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import denoise_digits as check
from course_utils.metrics import psnr


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (10 * np.log10(50), Status.RIGHT, "3 decibels"),
        (psnr([0.5, 0.5], [0.7, 0.5]), Status.RIGHT, "3 decibels"),
        (np.float32(10 * np.log10(50)), Status.RIGHT, "3 decibels"),
        (20.0, Status.WRONG, "mean is taken of the squares"),
        (-20 * np.log10(0.2), Status.WRONG, "half of the pixels are right"),
        (10.0, Status.WRONG, "mean of the errors"),
        (-10 * np.log10(0.2), Status.WRONG, "the error itself"),
        (0.02, Status.WRONG, "decibels are missing"),
        (10 * np.log10(0.02), Status.WRONG, "below"),
        (20 * np.log10(50), Status.WRONG, "10 in front, not 20"),
        (np.log10(50), Status.WRONG, "tenth"),
        (10 * np.log(50), Status.WRONG, "natural logarithm"),
        (16.99, Status.WRONG, "rounded"),
        (12, Status.WRONG, "squared error of each half"),
    ],
)
def test_predict_psnr(answer, status, text):
    assert_judged(check.predict_psnr, answer, status, text)


def bytes_solved(truth, image):
    return psnr(truth / 255, image / 255)


def bytes_as_integers(truth, image):
    return 20 * np.log10(255) - 10 * np.log10(np.mean((truth.astype(int) - image) ** 2))


def bytes_with_the_bug(truth, image):
    mean_square = np.mean((truth - image) ** 2)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / mean_square)


def squared_as_bytes(truth, image):
    difference = np.abs(truth.astype(int) - image).astype(np.uint8)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / np.mean(difference**2))


def cast_too_late(truth, image):
    return 10 * np.log10(255**2 / np.mean((truth - image).astype(float) ** 2))


def as_signed_bytes(truth, image):
    difference = (truth.astype(int) - image).astype(np.int8).astype(float)
    return 10 * np.log10(255**2 / np.mean(difference**2))


def peak_of_one(truth, image):
    return 10 * np.log10(1 / np.mean((truth.astype(float) - image) ** 2))


def one_number_per_picture(truth, image):
    return 10 * np.log10(255**2 / np.mean((truth.astype(float) - image) ** 2, axis=-1))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda truth, image: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (bytes_solved, Status.RIGHT, "5 of 5"),
        (bytes_as_integers, Status.RIGHT, "5 of 5"),
        (bytes_with_the_bug, Status.WRONG, "calls this picture perfect"),
        (squared_as_bytes, Status.WRONG, "calls this picture perfect"),
        (cast_too_late, Status.WRONG, "brighter by 3"),
        (as_signed_bytes, Status.WRONG, "black taken for white"),
        (peak_of_one, Status.WRONG, "square of 255 still"),
        (one_number_per_picture, Status.WRONG, "shape"),
        (lambda truth, image: 42.0, Status.WRONG, "brighter by 3"),
        (lambda truth, image: print(truth), Status.RETURNED_NONE, "return"),
        (lambda truth, image: truth.decibels, Status.RAISED, "AttributeError"),
    ],
)
def test_psnr_of_bytes(attempt, status, text):
    assert_judged(check.psnr_of_bytes, attempt, status, text)


def test_error_of_sixteen_is_what_the_notebook_says_it_is():
    truth, image = check.psnr_of_bytes.cases[1].arguments
    assert bytes_with_the_bug(truth, image) == np.inf
    truth, image = check.psnr_of_bytes.cases[0].arguments
    assert bytes_with_the_bug(truth, image) == pytest.approx(bytes_solved(truth, image))


def prototypes_solved(noisy, prototypes, sigma):
    answers = []
    for picture in noisy:
        squares = np.array([((picture - prototype) ** 2).sum() for prototype in prototypes])
        weights = np.exp(-(squares - squares.min()) / (2 * sigma**2))
        answers.append(weights / weights.sum() @ prototypes)
    return np.array(answers)


def with_squares(change):
    """Build an attempt that differs from the solution in its exponents alone."""

    def attempt(noisy, prototypes, sigma):
        squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
        exponents = change(squares, noisy.shape[1], sigma)
        weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True) @ prototypes

    return attempt


def underflowing(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    weights = np.exp(-squares / (2 * sigma**2))
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=1, keepdims=True) @ prototypes


def smallest_square_of_all_rows(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    weights = np.exp(-(squares - squares.min()) / (2 * sigma**2))
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=1, keepdims=True) @ prototypes


def one_on_underflow(noisy, prototypes, sigma):
    return np.nan_to_num(underflowing(noisy, prototypes, sigma), nan=1.0)


def nearest_on_underflow(noisy, prototypes, sigma):
    answer = underflowing(noisy, prototypes, sigma)
    return np.where(np.isnan(answer), nearest_prototype(noisy, prototypes, sigma), answer)


def nearest_prototype(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    return prototypes[squares.argmin(axis=1)]


def normalised_over_the_pictures(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    weights = np.exp(-squares / (2 * sigma**2))
    return weights / weights.sum(axis=0) @ prototypes


def different_prototypes_only(noisy, prototypes, sigma):
    return prototypes_solved(noisy, np.unique(prototypes, axis=0), sigma)


def each_pixel_for_itself(noisy, prototypes, sigma):
    columns = zip(noisy.T, prototypes.T, strict=True)
    answers = [prototypes_solved(n[:, None], p[:, None], sigma)[:, 0] for n, p in columns]
    return np.stack(answers, axis=1)


def written_into_the_noisy(noisy, prototypes, sigma):
    noisy[:] = prototypes_solved(noisy, prototypes, sigma)
    return noisy


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda noisy, prototypes, sigma: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (prototypes_solved, Status.RIGHT, "8 of 8"),
        (lambda *given: prototypes_solved(*given).tolist(), Status.WRONG, "instead of an array"),
        (with_squares(lambda squares, n, sigma: -squares / (2 * sigma**2)), Status.RIGHT, "8 of"),
        (with_squares(lambda squares, n, sigma: -squares / sigma**2), Status.WRONG, "one pixel"),
        (with_squares(lambda squares, n, sigma: -squares / (2 * sigma)), Status.WRONG, "one pixel"),
        (
            with_squares(lambda squares, n, sigma: -np.sqrt(squares) / (2 * sigma**2)),
            Status.WRONG,
            "two pixels",  # with one pixel at distances of 0, 0.5 and 1, the root changes nothing
        ),
        (
            with_squares(lambda squares, n, sigma: squares / (2 * sigma**2)),
            Status.WRONG,
            "one pixel",
        ),
        (
            with_squares(lambda squares, n, sigma: -squares / n / (2 * sigma**2)),
            Status.WRONG,
            "added over its pixels",
        ),
        (underflowing, Status.WRONG, "little noise"),
        (smallest_square_of_all_rows, Status.WRONG, "three pictures"),
        (one_on_underflow, Status.WRONG, "three pictures"),
        (nearest_on_underflow, Status.WRONG, "a tie"),
        (nearest_prototype, Status.WRONG, "half way"),
        (normalised_over_the_pictures, Status.WRONG, "half way"),
        (different_prototypes_only, Status.WRONG, "one prototype twice"),
        (each_pixel_for_itself, Status.WRONG, "two pixels"),
        (lambda noisy, prototypes, sigma: noisy, Status.WRONG, "one prototype"),
        (written_into_the_noisy, Status.WRONG, "input was changed"),
        (lambda noisy, prototypes, sigma: print(sigma), Status.RETURNED_NONE, "return"),
        (lambda noisy, prototypes, sigma: noisy.mean_of, Status.RAISED, "AttributeError"),
    ],
)
def test_posterior_mean(attempt, status, text):
    assert_judged(check.posterior_mean, attempt, status, text)


def picture(*rows):
    values = np.zeros((7, 7), int)
    values[list(rows)] = 1
    return values


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (picture(1, 4), Status.RIGHT, "broken"),
        (picture(2, 5).T.tolist(), Status.RIGHT, "broken"),
        (picture(1, 5).astype(float), Status.RIGHT, "broken"),
        (picture(1, 4).astype(bool), Status.RIGHT, "broken"),
        (
            picture(0, 3),
            Status.WRONG,
            "therefore counts twice",
        ),  # the mirrored border doubles the first line
        (picture(0, 6), Status.WRONG, "therefore counts twice"),
        (picture(2, 4), Status.WRONG, "survives"),  # the row between sees both lines
        (picture(2, 3), Status.WRONG, "survives"),
        (np.indices((7, 7)).sum(axis=0) % 2, Status.WRONG, "survives"),
        (picture(3), Status.WRONG, "7 pixels have ink; at least 14 must"),
        (picture(1, 4) * 0.5, Status.WRONG, "0 or 1"),
        (np.ones((28, 28)), Status.WRONG, "7 rows of 7 pixels"),
        ([[1, 0], [0]], Status.WRONG, "not a legal input"),
    ],
)
def test_break_median(attempt, status, text):
    assert_judged(check.break_median, attempt, status, text)
