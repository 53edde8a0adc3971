"""How far results may differ, how that is said, and when an input is what it was."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.checks import _compare
from course_utils.checks._answers import NotAnAnswerError
from course_utils.checks.engine import same_dtype, same_kind, same_ranking, same_value

SINGLE = np.float32
HALF_STEP = 2.0**-10  # between two neighbours of half precision, from 1 to 2


@pytest.mark.parametrize(
    ("expected", "allowed", "too_far"),
    [
        # Floats may differ by a millionth of their size,
        (1.0, 1 + 0.9e-6, 1 + 1.2e-6),
        (-3e9, -3e9 * (1 + 0.9e-6), -3e9 * (1 - 1.2e-6)),
        ([1e-3, 1.0], [1e-3 * (1 + 0.9e-6), 1.0], [1e-3 * (1 + 3e-6), 1.0]),
        # and where 0 is right by 1e-9 of the largest, or of 1 if that is larger, or if all are 0,
        ([0.0, 1.0], [0.9e-9, 1.0], [1.2e-9, 1.0]),
        ([0.0, -0.01], [0.9e-11, -0.01], [1.2e-11, -0.01]),
        ([0.0, 1e6], [-0.9e-9, 1e6], [-1.2e-9, 1e6]),
        ([0.0, 0.0], [0.9e-9, 0.0], [1.2e-9, 0.0]),
        ([0.0, np.inf, np.nan], [0.9e-9, np.inf, np.nan], [1.2e-9, np.inf, np.nan]),
        # and by 1e-12 in any case;
        ([0.0, 1e-9], [0.9e-12, 1e-9], [1.2e-12, 1e-9]),
        # in single precision, also in a part of it, by seven digits of the largest;
        ([0.0, 10.0], SINGLE([4.5e-6, 10]), SINGLE([5e-6, 10])),
        ([0.0, -0.1], SINGLE([4.5e-8, -0.1]), SINGLE([5e-8, -0.1])),
        ([0.0, np.nan], SINGLE([4.5e-7, np.nan]), SINGLE([5e-7, np.nan])),
        ((0.0, 1), [SINGLE(4.5e-7), 1], [SINGLE(5e-7), 1]),
        tuple(sp.csr_array(SINGLE([[zero, 10]])) for zero in (0.0, 4.5e-6, 5e-6)),
        # where half precision was asked for, by two of its steps.
        (np.float16([1]), [1 + 1.9 * HALF_STEP], [1 + 2.1 * HALF_STEP]),
        # What is infinite stays so, whatever overflows on the way.
        ([1e308, np.inf], [1e308, np.inf], [-1e308, np.inf]),
        (1 + 1j, 1 + 1j + 1e-9, 1 + 2j),
        (1.0 + 1e-9, 1, 2),
        # Integers are exact, and of any size.
        (2**53 + 1, 2**53 + 1, 2**53),
        (2**70, 2**70, 2**70 + 1),
        (2.0**70, 2**70, 2**71),
        (1, 1, 2**70),
        (np.zeros(0), [], [0.0]),
    ],
)
def test_how_far_numbers_may_differ(expected, allowed, too_far):
    assert same_value(expected, allowed) == ""
    assert same_value(expected, too_far) != ""


def test_another_tolerance():
    assert same_value(1.0, 1.009, relative=0.01) == ""
    assert same_value(1.0, 1.011, relative=0.01) == "other values"


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (3, "rounded: float16 holds three digits; calculate in float64"),
        (4, "rounded: float16 holds three digits; calculate in float64"),
        (5, "other values"),
    ],
)
def test_what_only_half_precision_has_rounded(steps, text):
    assert same_value(np.array([1.0, 7.0]), np.float16([1 + steps * HALF_STEP, 7])) == text
    assert same_value(np.array([-1.0, 7.0]), np.float16([-1 - steps * HALF_STEP, 7])) == text
    assert same_value(1.0, 1 + steps * HALF_STEP) == "other values"


ROW = np.arange(12)


def changed(array, place, value):
    result = array.copy()
    result[place] = value
    return result


@pytest.mark.parametrize(
    ("expected", "got", "text"),
    [
        (ROW, changed(ROW, 5, 0), "other values"),  # twelve are seen at a glance
        (
            np.arange(13),
            changed(np.arange(13), 5, 12345678),
            "other values, first at 5: 12345678 instead of 5",
        ),
        (
            np.arange(14).reshape(2, 7) / 4,
            changed(np.arange(14).reshape(2, 7) / 4, (1, 2), 1 / 3),
            "other values, first at (1, 2): 0.3333333 instead of 2.25",
        ),
        (
            np.full(13, "a"),
            changed(np.full(13, "a"), 2, "b"),
            "other values, first at 2: 'b' instead of 'a'",
        ),
        ((1, 2), np.array([1, 2]), ""),
        ((1, 2), np.array([1, 3]), "value 1: other values"),
        ((1, 2), np.array(1), "one int instead of 2 values"),
        ((1, 2), np.array([1, 2, 3]), "3 values instead of 2"),
        ((1, (2, 3)), (1, (2, 4)), "value 1: value 1: other values"),
        ((1.0, 2), (1.0 + 1e-5, 2), "value 0: other values"),
        (3, "3", "a text instead of a number"),
        (True, "x", "a text instead of a number"),
        (np.uint8(3), "3", "a text instead of a number"),
        (3.0, b"3", "a text instead of a number"),
        (3j, "3", "a text instead of a text"),
        (3, 3j, "complex numbers instead of real ones"),
        (np.array([1.0]), np.array([1j]), "complex numbers instead of real ones"),
        ("a", 3, "a number instead of a text"),
        ("a", [3, 4], "an array of shape (2,) instead of a text"),
        ("a", None, "a NoneType instead of a text"),
        ("a", b"a", "other values"),
        (1, 2**70, "other values"),
        (1, [2**70], "shape (1,) instead of ()"),
        ([1, 2], None, "a NoneType instead of an array of shape (2,)"),
        (1, len, "a function instead of a number"),
        (1, int, "a class (int) instead of a number"),
        ([1, 2], [1, None], "None in the place of a number"),
        ([1, 2], [True, len], "a function in the place of a number"),
        ([1, 2], np.array([1.5, int], dtype=object), "a class (int) in the place of a number"),
        ([1, 2], {1, 2}, "a set instead of a list or an array"),
        (
            sp.csr_array([[1, 2]]),
            sp.csr_array([[1], [2]]),
            "shape (2, 1) instead of (1, 2)",
        ),
        (
            sp.csr_array([[1.0, 2.0]]),
            sp.csr_array([[1.0, 2.00001]]),
            "other values",
        ),
        (
            sp.csr_array([[0.0, 2.0]]),
            sp.csr_array(SINGLE([[0.0, 2.0]])),
            "dtype float32 instead of float64",
        ),
    ],
)
def test_a_difference_in_words(expected, got, text):
    assert same_value(expected, got) == text


@pytest.mark.parametrize(
    ("expected", "got", "kind", "dtype"),
    [
        (ROW, ROW.copy(), "", ""),
        (1, 2, "other values", "other values"),
        ((1, 2.0), (1, 2.0), "", ""),
        (
            (1, 2.0, 3),
            (1, 2, 3.0),
            "int64 numbers instead of floats",
            "dtype int64 instead of float64",
        ),
        ((1, (2,)), (1, (2.0,)), "float64 numbers instead of integers", "dtype float64 instead"),
        (True, 1, "int64 numbers instead of True and False", "dtype int64 instead of bool"),
        (1, True, "bool numbers instead of integers", "dtype bool instead of int64"),
        (1j, 1j, "", ""),
        (1 + 0j, 1.0, "float64 numbers instead of complex numbers", "dtype float64 instead of"),
        ("a", "a", "", ""),
        (np.zeros(0, int), np.zeros(0), "", "dtype float64 instead of int64"),
        (np.uint8([1]), np.int16([1]), "", "dtype int16 instead of uint8"),
        (sp.csr_array([[1]]), sp.csc_array([[1]]), "", ""),
        (sp.csr_array((1, 1), dtype=int), sp.csr_array((1, 1), dtype=int), "", ""),
    ],
)
def test_kinds_and_dtypes_of_what_agrees(expected, got, kind, dtype):
    assert same_kind(expected, got) == kind
    found = same_dtype(expected, got)
    assert found == dtype or (dtype and found.startswith(dtype))


SCORES = [0.5, 0.9, 0.5, 0.1]


@pytest.mark.parametrize(
    ("expected", "got", "text"),
    [
        ([1, 0, 2], [1, 0, 2], ""),
        ([1, 0, 2], (1, 2, 0), ""),
        ([1, 0], np.array([1, 2], np.uint8), ""),
        ([1, 3], [1.0, 3.0], ""),  # the very numbers that are expected
        ([3], [3], ""),
        ([3], [4], "positions go from 0 to 3"),
        ([1, 0], [-3, 0], "positions go from 0 to 3"),
        ([1, 0], [1, 1], "a position stands twice"),
        ([1, 0], [1, 3], "other values"),
        ([1, 0], [1], "shape (1,) instead of (2,)"),
        ([1, 0], [1.0, 2.0], "float64 array instead of positions, which are integers"),
        ([1, 0], [False, True], "bool array instead of positions, which are integers"),
        ([1, 0], {1, 2}, "a set instead of a list or an array"),
        ([1, 0], [[1], [2, 3]], "rows of different lengths: 1, 2"),
        ([], [], ""),
        ([], [1], "shape (1,) instead of (0,)"),
    ],
)
def test_rankings(expected, got, text):
    assert same_ranking(SCORES, expected, got) == text


def test_a_result_that_cannot_even_be_compared_is_told_so():
    def compare(expected, got, *more):
        if isinstance(got, Exception):
            raise got
        return f"{expected} {got} {more}"

    assert _compare.difference(compare, 1, 2) == "1 2 ()"
    assert _compare.difference(compare, 1, 2, 3, 4) == "1 2 (3, 4)"
    assert _compare.difference(compare, 1, NotAnAnswerError("a set")) == "a set"
    assert _compare.difference(compare, 1, ValueError("odd")) == "not comparable (ValueError: odd)"


def table(stored, form="csr", shape=(2, 2)):
    return getattr(sp, f"{form}_array")(stored, shape=shape)


def list_of_lists(rows):
    matrix = sp.lil_array((2, 2))
    matrix.rows[:] = rows
    matrix.data[:] = [[0.0] * len(row) for row in rows]
    return matrix


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (table(([1, 2], [0, 0], [0, 2, 2])), table(([2, 1], [0, 0], [0, 2, 2]))),  # data
        (table(([1, 1], [1, 0], [0, 2, 2])), table(([1, 1], [0, 1], [0, 2, 2]))),  # indices
        (table(([0], [0], [0, 1, 1])), table(([0], [0], [0, 0, 1]))),  # indptr
        (table(([0], ([0], [0])), "coo"), table(([0], ([1], [0])), "coo")),  # row
        (table(([0], ([0], [0])), "coo"), table(([0], ([0], [1])), "coo")),  # col
        (table(([[0, 0]], [0]), "dia"), table(([[0, 0]], [1]), "dia")),  # offsets
        (list_of_lists([[0], []]), list_of_lists([[1], []])),  # rows
    ],
)
def test_the_same_values_stored_otherwise(before, after):
    assert _compare.contents(before) == _compare.contents(after)
    assert _compare.storage(before) == _compare.storage(before.copy())
    assert _compare.storage([1, before]) != _compare.storage([1, after])
    assert _compare.storage((1, before)) == _compare.storage((2, before))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1, 2], [1, 3]),
        ([1, [2]], [1, [3]]),
        ((1, np.array([2])), (1, np.array([3]))),
        (np.array([1, 2]), np.array([[1, 2]])),
        (np.array([1]), np.array([1], np.uint64)),
        (np.array([0.0]), np.array([-0.0])),
        (np.array([[1], "a"], dtype=object), np.array([[2], "a"], dtype=object)),
        ({"a": 1}, {"a": 2}),
        (table(([1.0], [0], [0, 1, 1])), table(([2.0], [0], [0, 1, 1]))),
        (table(([1], [0], [0, 1, 1])), table(([1.0], [0], [0, 1, 1]))),
    ],
)
def test_what_a_value_means_has_changed(before, after):
    same = before.copy() if hasattr(before, "copy") else before
    assert _compare.contents(before) == _compare.contents(same)
    assert _compare.contents(before) != _compare.contents(after)


def test_only_sparse_arrays_have_a_storage_of_their_own():
    assert _compare.storage([1, np.ones(2), "a"]) == [None, None, None]
