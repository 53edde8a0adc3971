"""The checks of *Remove noise from digits* catch what learners get wrong."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import denoise_digits as check
from course_utils.metrics import psnr

ANSWER = 10 * np.log10(1 / 0.055)
PARTS = np.repeat([0.1, 10**-0.5], 4)  # errors of eight pixels: 20 dB, then 10 dB


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (ANSWER, Status.RIGHT, "worse half"),
        (psnr(np.zeros(8), PARTS), Status.RIGHT, "worse half"),
        (np.float32(ANSWER), Status.RIGHT, "worse half"),
        (np.array(ANSWER), Status.RIGHT, "worse half"),
        (-10 * math.log10((0.01 + 0.1) / 2), Status.RIGHT, "worse half"),
        (-20 * np.log10(np.sqrt(0.055)), Status.RIGHT, "worse half"),
        (10 - 10 * math.log10(0.55), Status.RIGHT, "worse half"),
        (-10 * np.log10((10**-2 + 10**-1) / 2), Status.RIGHT, "worse half"),
        (-10 * math.log(0.055, 10), Status.RIGHT, "worse half"),
        (Decimal("12.596373105057561"), Status.RIGHT, "worse half"),
        (Fraction(ANSWER), Status.RIGHT, "worse half"),
        (-np.longdouble(10) * np.log10(np.longdouble("0.055")), Status.RIGHT, "worse half"),
        (15, Status.WRONG, "mean of the decibels"),
        (15.0, Status.WRONG, "mean of the decibels"),
        (30, Status.WRONG, "sum of the decibels"),
        (-10 * np.log10(0.11), Status.WRONG, "sum of the squared errors"),
        (-20 * np.log10(np.mean(PARTS)), Status.WRONG, "mean of the roots"),
        (13.63, Status.WRONG, "mean of the roots"),
        (10, Status.WRONG, "worse part alone"),
        (20, Status.WRONG, "better part alone"),
        (0.055, Status.WRONG, "decibels are missing"),
        (10 * np.log10(0.055), Status.WRONG, "below"),
        (-20 * np.log10(0.055), Status.WRONG, "10 in front, not 20"),
        (-np.log10(0.055), Status.WRONG, "tenth"),
        (-10 * np.log(0.055), Status.WRONG, "natural logarithm"),
        (1 / 0.055, Status.WRONG, "its logarithm is missing"),
        (12.6, Status.WRONG, "rounded"),
        (12.596, Status.WRONG, "rounded"),
        (17, Status.WRONG, "squared error of each part"),
        (np.sqrt(200), Status.WRONG, "squared error of each part"),
        (2 / (1 / 20 + 1 / 10), Status.WRONG, "squared error of each part"),
        ("12.6", Status.WRONG, "text"),
        ([20, 10], Status.WRONG, "single number"),
        (True, Status.WRONG, "no number"),
        (math.inf, Status.WRONG, "predict_mixed_psnr"),
        (math.nan, Status.WRONG, "predict_mixed_psnr"),
    ],
)
def test_predict_mixed_psnr(answer, status, text):
    assert_judged(check.predict_mixed_psnr, answer, status, text)


def bytes_solved(truth, image):
    return 10 * np.log10(1 / np.mean((truth / 255 - image / 255) ** 2))


def bytes_in(kind):
    return lambda truth, image: (
        10 * np.log10(255**2 / np.mean((truth.astype(kind) - image.astype(kind)) ** 2))
    )


def bytes_by_loop(truth, image):
    squares = [(int(a) - int(b)) ** 2 for a, b in zip(truth.ravel(), image.ravel(), strict=True)]
    return 10 * math.log10(255**2 * len(squares) / sum(squares))


def bytes_by_distance(truth, image):
    length = np.linalg.norm(truth.astype(float).ravel() - image.astype(float).ravel())
    return 20 * np.log10(255 * np.sqrt(truth.size) / length)


def bytes_by_larger_minus_smaller(truth, image):
    apart = (np.maximum(truth, image) - np.minimum(truth, image)).astype(np.int64)
    return 10 * np.log10(255**2 / np.mean(apart**2))


def mean_of_decibels(truth, image):
    squares = (truth.astype(float) - image).reshape(len(truth), -1) ** 2
    with np.errstate(divide="ignore"):
        return float(np.mean(10 * np.log10(255**2 / squares.mean(axis=1))))


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


def test_decibels_near_0_may_be_off_by_the_rounding_of_single_precision():
    truth, image = np.array([251], np.uint8), np.array([0], np.uint8)
    exercise = check.psnr_of_bytes
    expected, single = exercise.reference(truth, image), bytes_in(np.float32)(truth, image)
    assert abs(single - expected) > 1e-6 * expected
    assert exercise.compare(expected, single) == ""
    assert exercise.compare(expected, single + 1e-4) == "other values"
    assert exercise.compare(expected, single + 1j).startswith("complex")


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda truth, image: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (bytes_solved, Status.RIGHT, "6 of 6"),
        (bytes_as_integers, Status.RIGHT, "6 of 6"),
        *((bytes_in(kind), Status.RIGHT, "6 of 6") for kind in ("int32", "i8", "f4", "f8", "u2")),
        (bytes_by_loop, Status.RIGHT, "6 of 6"),
        (bytes_by_distance, Status.RIGHT, "6 of 6"),
        (bytes_by_larger_minus_smaller, Status.RIGHT, "6 of 6"),
        (lambda truth, image: Fraction(bytes_solved(truth, image)), Status.RIGHT, "6 of 6"),
        (lambda truth, image: np.array(bytes_solved(truth, image)), Status.RIGHT, "6 of 6"),
        (bytes_in("int16"), Status.WRONG, "int16 ends at 32,767"),
        (bytes_in("int8"), Status.WRONG, "calls this picture perfect"),
        (lambda truth, image: psnr(truth / 255, image / 255), Status.WRONG, "write it yourself"),
        (mean_of_decibels, Status.WRONG, "black taken for white"),
        (lambda truth, image: -bytes_solved(truth, image), Status.WRONG, "brighter by 3"),
        (lambda truth, image: bytes_solved(truth, image) / 10, Status.WRONG, "brighter by 3"),
        (lambda truth, image: 2 * bytes_solved(truth, image), Status.WRONG, "brighter by 3"),
        (lambda truth, image: round(bytes_solved(truth, image), 1), Status.WRONG, "brighter by 3"),
        (lambda truth, image: bytes_solved(truth[:2], image[:2]), Status.WRONG, "three pictures"),
        (bytes_with_the_bug, Status.WRONG, "calls this picture perfect"),
        (squared_as_bytes, Status.WRONG, "calls this picture perfect"),
        (cast_too_late, Status.WRONG, "100 - 103 is 253"),
        (as_signed_bytes, Status.WRONG, "black taken for white"),
        (peak_of_one, Status.WRONG, "square of 255 stands"),
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


def picture(*rows):
    values = np.zeros((7, 7), int)
    values[list(rows)] = 1
    return values


def every_third_diagonal():
    rows, columns = np.indices((7, 7))
    return ((rows - columns) % 3 == 1).astype(int)


def dots():
    """Draw sixteen dots with an empty pixel between any two."""
    values = np.zeros((7, 7), int)
    values[::2, ::2] = 1
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
        (tuple(map(tuple, picture(1, 4).tolist())), Status.RIGHT, "broken"),
        (picture(1, 5)[::-1].astype(np.uint8), Status.RIGHT, "broken"),
        (picture(2, 5), Status.RIGHT, "broken"),
        (every_third_diagonal(), Status.RIGHT, "broken"),
        (dots(), Status.RIGHT, "broken"),
        (pd.DataFrame(picture(1, 4)), Status.RIGHT, "broken"),
        (np.ma.array(picture(1, 4)), Status.RIGHT, "broken"),
        (np.ma.masked_equal(picture(1, 4), 0), Status.WRONG, "masked array"),
        (sp.csr_array(picture(1, 4)), Status.RIGHT, "broken"),
        (
            [[Fraction(int(value)) for value in row] for row in picture(1, 4)],
            Status.RIGHT,
            "broken",
        ),
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
        (np.ones((7, 7)), Status.WRONG, "survives"),
        (np.zeros((7, 7)), Status.WRONG, "0 pixels have ink"),
        (255 * picture(1, 4), Status.WRONG, "0 or 1"),
        (-picture(1, 4), Status.WRONG, "0 or 1"),
        (picture(1, 4).ravel(), Status.WRONG, "7 rows of 7 pixels"),
        (dots()[::-1, ::-1] | picture(3), Status.WRONG, "survives"),
        ("lines", Status.WRONG, "not a legal input"),
        ([[1, 0], [0]], Status.WRONG, "not a legal input"),
    ],
)
def test_break_median(attempt, status, text):
    assert_judged(check.break_median, attempt, status, text)
