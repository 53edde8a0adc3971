"""Checks of *Start here*."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction

SMALL_MATRIX = np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 0, 3, 1]])

_ENLARGED = np.pad(SMALL_MATRIX, [(0, 2), (0, 1)])


def _share_of_zeros(matrix: np.ndarray) -> float:
    return float(np.mean(np.asarray(matrix) == 0))


def _largest(matrix: np.ndarray) -> float:
    return float(np.max(matrix))


def _mean_rating(stars: np.ndarray) -> float:
    given = np.asarray(stars)[np.asarray(stars) > 0]
    return float(given.mean()) if given.size else float("nan")


def _same_sum(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.sum(first) == np.sum(second))


def _image_problem(first: ArrayLike, second: ArrayLike) -> str:
    shapes = np.shape(first), np.shape(second)
    pixels = np.concatenate([np.ravel(first), np.ravel(second)])
    if pixels.dtype.kind not in "biuf" or not ((pixels >= 0) & (pixels <= 1)).all():
        return "pixels are numbers between 0 (no ink) and 1 (full ink)"
    if shapes != ((2, 2), (2, 2)):
        return f"both images must have shape (2, 2), got {shapes[0]} and {shapes[1]}"
    if not _same_sum(np.asarray(first), np.asarray(second)) and np.isclose(
        np.sum(first), np.sum(second), rtol=1e-12
    ):
        return (
            "on paper the two sums agree, but in binary they are rounded and differ in the last "
            "digit; give pixels whose sums are exact, such as 0, 0.5 and 1"
        )
    return ""


# -0.5 and 0.5 become 0 when they are cut to whole numbers, and 1e-12 when they are rounded.
_cells = st.sampled_from([0.0, 1.0, -2.0, 0.5, -0.5, 1e-12])


@st.composite
def _small_matrices(draw: st.DrawFn) -> tuple[np.ndarray]:
    """Draw a matrix of one to four rows and columns, of floats, integers or truth values."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    flat = draw(st.lists(_cells, min_size=rows * columns, max_size=rows * columns))
    dtype = draw(st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_]))
    whole = np.rint(np.abs(flat)) if dtype not in (np.float64, np.float32) else np.array(flat)
    return (whole.astype(dtype).reshape(rows, columns),)


# Only to show what the answers look like; the learner writes no function of this name.
largest = Exercise(
    name="largest",
    reference=_largest,
    cases=[
        Case("the matrix above", (SMALL_MATRIX,), "you can see its largest number"),
        Case("one cell", (np.array([[7]]),), "one number is the largest of all"),
        Case("a negative number", (np.array([[-9, 4]]),), "far below 0 is not large"),
    ],
    hint="Does the sign matter?",
)

predict_share = Prediction(
    name="predict_share",
    answer=lambda: _share_of_zeros(_ENLARGED),
    because="The five numbers stay, and all of the other 20 of 25 cells are 0.",
    hint="How many cells has the new table, and how many of them are not 0?",
    misconceptions={
        "that is the share of cells that are *not* 0": lambda: 1 - _share_of_zeros(_ENLARGED),
        "that is the number of zeros; divide it by the number of cells": lambda: 20,
        "a share lies between 0 and 1; leave it as a fraction": lambda: 80,
        "that is the share before anything was added": lambda: _share_of_zeros(SMALL_MATRIX),
        "the new column runs through the new rows, too": lambda: 18 / 25,
    },
)

share_of_zeros = Exercise(
    name="share_of_zeros",
    reference=_share_of_zeros,
    cases=[
        Case("the matrix above", (SMALL_MATRIX,), "you have counted it by hand"),
        Case("nothing but zeros", (np.zeros((2, 3)),), "the share is 1, not an error"),
        Case("no zero at all", (np.ones((2, 2)),), "the share is 0"),
        Case("negative numbers", (np.array([[-1, 0, 2]]),), "below 0 is not 0"),
        Case("small numbers", (np.array([[0.5, 0.0, 1e-12]]),), "small is not 0"),
        Case("numbers that cancel", (np.array([[1, -1], [0, 3]]),), "a sum cannot see zeros"),
    ],
    hint="Comparing a whole array with 0 gives True and False, and True counts as 1.",
    search=_small_matrices(),
)

mean_rating = Exercise(
    name="mean_rating",
    reference=_mean_rating,
    cases=[
        Case(
            "every film rated", (np.array([5, 3, 4]),), "nothing is missing, so any mean is right"
        ),
        Case("two films not rated", (np.array([5, 0, 3, 0]),), "0 means *not rated*, not *bad*"),
        Case("half a star", (np.array([0.5, 0, 3.5]),), "half a star is a rating, and a bad one"),
        Case("one rating", (np.array([0, 0, 2, 0]),), "the mean of one number is that number"),
        Case(
            "no rating at all",
            (np.array([0, 0, 0]),),
            "there is nothing to average, and nan says so; 0 would be a lie",
            hint='What is left of `stars` here? Return float("nan") where that is nothing.',
        ),
    ],
    hint="Both the sum and the count must leave out the films that were not rated.",
    search=st.lists(st.sampled_from([0, 0.5, 1, 3, 4.5]), min_size=1, max_size=12).map(
        lambda stars: (np.array(stars),)
    ),
)

break_same_sum = Breaking(
    name="break_same_sum",
    suspect=_same_sum,
    reference=lambda first, second: bool(np.array_equal(first, second)),
    refusal=_image_problem,
    hint="Keep the total amount of ink (0s and 1s will do), and move it to another pixel.",
)
