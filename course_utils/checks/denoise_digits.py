"""Checks of *Remove noise from digits*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, same_value

# Mean squared errors of two parts of the same size: 20 dB and 10 dB.
_SQUARES = (0.01, 0.1)
_MEAN = sum(_SQUARES) / 2
_SIDE, _INK = 7, 14


def _decibels(mean_square: float) -> float:
    return float(10 * np.log10(1 / mean_square))


def _psnr_of_bytes(truth: np.ndarray, image: np.ndarray) -> float:
    difference = truth.astype(float) - image.astype(float)
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


def _same_decibels(expected: float, got: Any) -> str:
    """Compare decibels: near 0 an answer in single precision is off by little, but not beside 0."""
    problem = same_value(expected, got)
    close = problem == "other values" and np.isclose(got, expected, rtol=0, atol=1e-5)
    return "" if close else problem


def _median(picture: Any) -> np.ndarray:
    return median_filter(np.asarray(picture, dtype=float), size=3)


def _picture_problem(picture: Any) -> str:
    values = np.asarray(picture)
    if values.shape != (_SIDE, _SIDE):
        return f"give {_SIDE} rows of {_SIDE} pixels, got shape {values.shape}"
    if not np.isin(values, (0, 1)).all():
        return "a pixel is 0 or 1"
    ink = int(np.sum(values == 1))
    return "" if ink >= _INK else f"{ink} pixels have ink; at least {_INK} must"


def _wiped_out(expected: np.ndarray, got: np.ndarray) -> str:
    """Broken means: no ink is left of a picture that had some."""
    return "" if got.any() else "no ink is left"


@st.composite
def _byte_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    size = int(np.prod(shape))
    grey = st.lists(st.integers(0, 255), min_size=size, max_size=size)
    truth = np.array(draw(grey), dtype=np.uint8)
    image = np.array(draw(grey.filter(lambda other: other != truth.tolist())), dtype=np.uint8)
    return truth.reshape(shape), image.reshape(shape)


predict_mixed_psnr = Prediction(
    name="predict_mixed_psnr",
    answer=lambda: _decibels(_MEAN),
    because="The mean square is 0.055: the worse half decides. A mean of the decibels, 15, would "
    "hide that.",
    hint="First the squared error of each part, then the mean of both, then the logarithm.",
    misconceptions={
        "that is the mean of the decibels; the mean is taken of the squared errors": lambda: 15.0,
        "that is the sum of the decibels": lambda: 30.0,
        "that is the sum of the squared errors; take their mean": lambda: _decibels(2 * _MEAN),
        "that is the mean of the roots; the mean is taken of the squares themselves": lambda: (
            _decibels(float(np.mean(np.sqrt(_SQUARES))) ** 2)
        ),
        "that is the worse part alone; the other one has pixels, too": lambda: 10.0,
        "that is the better part alone; the other one has pixels, too": lambda: 20.0,
        "that is the mean square; the decibels are missing": lambda: _MEAN,
        "that is one over the mean square; its logarithm is missing": lambda: 1 / _MEAN,
        "the square of 1 stands above the line, the mean square below": lambda: -_decibels(_MEAN),
        "that is twice too much: the mean square is a square already, so 10 in front, not 20": (
            lambda: 2 * _decibels(_MEAN)
        ),
        "a decibel is a *tenth* of a power of ten": lambda: _decibels(_MEAN) / 10,
        "that is the natural logarithm; decibels use powers of ten": lambda: float(
            -10 * np.log(_MEAN)
        ),
    },
)

psnr_of_bytes = Exercise(
    name="psnr_of_bytes",
    reference=_psnr_of_bytes,
    compare=_same_decibels,
    cases=[
        Case(
            "a pixel brighter by 3",
            (np.array([100], np.uint8), np.array([103], np.uint8)),
            "such small errors come out right in the colleague's version as well",
            hint="In bytes 100 - 103 is 253: change to a larger type before you subtract. And the "
            "square of 255 stands above the line.",
        ),
        Case(
            "a pixel brighter by 16",
            (np.array([100], np.uint8), np.array([116], np.uint8)),
            "the colleague's version calls this picture perfect",
            hint="A byte has room for 0 to 255. What is the square of 16?",
        ),
        Case(
            "a pixel darker by 100",
            (np.array([200], np.uint8), np.array([100], np.uint8)),
            "an error of 100 is worse than one of 16",
            hint="A square of 10,000 needs more room than a byte or a signed byte has.",
        ),
        Case(
            "black taken for white",
            (np.array([0, 7], np.uint8), np.array([255, 7], np.uint8)),
            "the largest possible error, in one of two pixels: 3 decibels",
            hint="The type needs room for -255 and for its square, 65,025: int16 ends at 32,767.",
        ),
        Case(
            "two pictures",
            (
                np.array([[10, 20], [30, 40]], np.uint8),
                np.array([[60, 20], [30, 0]], np.uint8),
            ),
            "one number for all pixels of all pictures",
            hint="Take the mean of all squares first, and the logarithm once.",
        ),
        Case(
            "three pictures of two rows",
            (
                np.array([[[0, 9, 1]] * 2, [[255, 4, 30]] * 2, [[7, 7, 7]] * 2], np.uint8),
                np.array([[[200, 9, 0]] * 2, [[25, 4, 31]] * 2, [[7, 8, 7]] * 2], np.uint8),
            ),
            "one number for all pixels, whatever the shape",
            hint="Take the mean of all squares first, and the logarithm once.",
        ),
    ],
    hint="Print truth - image for the shown input, and its square. Of which type are they?",
    search=_byte_pairs(),
    search_hint="Print truth - image for this input, and its square. Does their type hold both?",
    without=("course_utils.metrics.psnr",),
)

break_median = Breaking(
    name="break_median",
    suspect=_median,
    reference=lambda picture: np.asarray(picture, dtype=float),
    refusal=_picture_problem,
    hint="Ink survives where at least 5 of 9 pixels have ink. Count them around a pixel of the "
    "result; the mirror repeats the outermost row or column, which therefore counts twice.",
    compare=_wiped_out,
)
