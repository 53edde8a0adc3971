"""Checks of *Remove noise from digits*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

# Half of the pixels are off by this much, the others are right.
_ERROR = 0.2
_SIDE, _INK = 7, 14


def _decibels(mean_square: float) -> float:
    return float(10 * np.log10(1 / mean_square))


def _psnr_of_bytes(truth: np.ndarray, image: np.ndarray) -> float:
    difference = truth.astype(float) - image.astype(float)
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


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


def _safest(scores: dict[str, dict[str, float]]) -> str:
    worst = {name: min(row.values()) for name, row in scores.items()}
    return max(worst, key=lambda name: worst[name])  # of equals the first


def _same_name(expected: str, got: Any) -> str:
    if not isinstance(got, str):
        return f"a {type(got).__name__} instead of a name (str)"
    return "" if expected == got else "another name"


@st.composite
def _byte_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    size = int(np.prod(shape))
    grey = st.lists(st.integers(0, 255), min_size=size, max_size=size)
    truth = np.array(draw(grey), dtype=np.uint8)
    image = np.array(draw(grey.filter(lambda other: other != truth.tolist())), dtype=np.uint8)
    return truth.reshape(shape), image.reshape(shape)


@st.composite
def _score_tables(draw: st.DrawFn) -> tuple[dict[str, dict[str, float]]]:
    names = draw(st.lists(st.sampled_from("fbdace"), min_size=1, max_size=6, unique=True))
    tests = draw(st.lists(st.sampled_from("zyxw"), min_size=1, max_size=4, unique=True))
    decibels = st.sampled_from([7.5, 13.0, 19.25, -1.5, 0.0, -80.0, 300.0, float("inf")])
    return ({name: {test: draw(decibels) for test in tests} for name in names},)


predict_psnr = Prediction(
    name="predict_psnr",
    answer=lambda: _decibels(_ERROR**2 / 2),
    because="The mean square is 0.02: twice that of 0.1 everywhere, which costs 3 decibels.",
    hint="First the squared error of each half, then the mean of both, then the logarithm.",
    misconceptions={
        "the mean *error* is 0.1, but the mean is taken of the squares": lambda: _decibels(
            (_ERROR / 2) ** 2
        ),
        "half of the pixels are right; their squares of 0 count in the mean too": lambda: _decibels(
            _ERROR**2
        ),
        "that is the mean of the errors; square each of them first": lambda: _decibels(_ERROR / 2),
        "that is the error itself; square it first": lambda: _decibels(_ERROR),
        "that is the mean square; the decibels are missing": lambda: _ERROR**2 / 2,
        "that is one over the mean square; its logarithm is missing": lambda: 2 / _ERROR**2,
        "the square of 1 stands above the line, the mean square below": lambda: (
            -_decibels(_ERROR**2 / 2)
        ),
        "that is twice too much: the mean square is a square already, so 10 in front, not 20": (
            lambda: 2 * _decibels(_ERROR**2 / 2)
        ),
        "a decibel is a *tenth* of a power of ten": lambda: _decibels(_ERROR**2 / 2) / 10,
        "that is the natural logarithm; decibels use powers of ten": lambda: float(
            10 * np.log(2 / _ERROR**2)
        ),
    },
)

psnr_of_bytes = Exercise(
    name="psnr_of_bytes",
    reference=_psnr_of_bytes,
    cases=[
        Case(
            "a pixel brighter by 3",
            (np.array([100], np.uint8), np.array([103], np.uint8)),
            "such small errors come out right in the colleague's version as well",
            hint="Compare with the colleague's formula: is the square of 255 still in it?",
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

safest = Exercise(
    name="safest",
    reference=_safest,
    cases=[
        Case(
            "good on average, bad at worst",
            (
                {
                    "dense": {"as trained": 20.0, "moved": 2.0},
                    "blur": {"as trained": 10.0, "moved": 9},
                },
            ),
            "9 is a better worst score than 2",
            hint="For each method find its lowest score first. No mean is needed.",
        ),
        Case(
            "the best score decides nothing",
            (
                {
                    "blur": {"moved": 17.0, "inverted": 16.0, "slanted": 18.0},
                    "dense": {"moved": 12.0, "inverted": 25.0, "slanted": 17.0},
                    "ridge": {"moved": 14.0, "inverted": 17.0, "slanted": 13.0},
                },
            ),
            "the worst score stands in another place in each row",
            hint="The lowest score of a method, wherever it stands in its row.",
        ),
        Case(
            "less than nothing",
            (
                {
                    "ridge": {"inverted": -3.5},
                    "dense": {"inverted": -1.0},
                    "blur": {"inverted": -9.0},
                },
            ),
            "decibels may be negative: the error is larger than white for black",
            hint="Do not start with 0 as the best score so far.",
        ),
        Case(
            "without an error",
            (
                {
                    "median": {"no noise": 22.5, "noise": 12.0},
                    "nothing": {"no noise": float("inf"), "noise": 9.0},
                    "blur": {"no noise": 21.0, "noise": 11.0},
                },
            ),
            "infinity is a score like any other, and never the lowest of this row",
        ),
        Case(
            "only without an error",
            ({"blur": {"no noise": 300.0}, "nothing": {"no noise": float("inf")}},),
            "here infinity is the worst score, and the best worst score",
            hint="min and max know how to deal with infinity; leave no score out.",
        ),
        Case(
            "a tie",
            (
                {
                    "ridge": {"moved": 3.0, "slanted": 9.0},
                    "wide": {"moved": 12.0, "slanted": 11.0},
                    "conv": {"moved": 11.0, "slanted": 19.0},
                },
            ),
            "both have 11 at worst; the first of them in the table is asked for",
            hint="Of equals the first in the order of the dict, not of the alphabet.",
        ),
        Case("one method", ({"mean": {"any": 11.7}},), "there is no choice"),
    ],
    hint="Two steps: the lowest score of each method, then the method where that is highest.",
    search=_score_tables(),
    search_hint="The lowest score of each method; the highest of these; of equals the first.",
    compare=_same_name,
)
