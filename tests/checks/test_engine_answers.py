"""What is taken for a number, a table or a list, in which form, and what is refused in words."""

import sys
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from course_utils.checks import TODO, _answers
from course_utils.checks._answers import NotAnAnswerError, as_array, decimals_shown, kind_of
from course_utils.checks._describe import aligned, shown_apart
from course_utils.checks.engine import (
    anything,
    as_written,
    describe,
    number_list,
    numbers,
    plain,
)

MASKED = (
    "a masked array, of which some cells count and others do not; give a plain array, such as "
    ".filled(0)"
)


class Tensor:
    """Looks like a tensor of PyTorch: with a gradient and on another device."""

    def __init__(self, values, dtype="torch.float32", layout="torch.strided", steps=()):
        self.values_, self.dtype, self.layout, self.steps = values, dtype, layout, steps

    def then(self, step, **changes):
        known = {"dtype": self.dtype, "layout": self.layout}
        return Tensor(self.values_, **known | changes, steps=(*self.steps, step))

    def detach(self):
        return self.then("detach")

    def cpu(self):
        return self.then("cpu")

    def to_dense(self):
        return self.then("to_dense", layout="torch.strided")

    def float(self):
        assert self.dtype == "torch.bfloat16"  # a float64 would lose half of its digits
        return self.then("float", dtype="torch.float32")

    def numpy(self):
        assert self.steps[:2] == ("detach", "cpu")
        assert self.layout == "torch.strided"
        assert self.dtype != "torch.bfloat16"  # which NumPy does not know
        return np.array(self.values_)


class Eager:
    """Looks like a tensor of TensorFlow."""

    def numpy(self):
        return np.array([1, 2])


class Arrays:
    """Looks like an array of yet another library."""

    dtype = "int64"

    def __array__(self, dtype=None, copy=None):
        return np.array([1, 2])


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (True, bool, "True"),
        (np.True_, bool, "True"),
        (np.int8(3), int, "3"),
        (np.float32(0.5), float, "0.5"),
        (np.longdouble(0.5), float, "0.5"),
        (np.str_("a"), str, "'a'"),
        (np.complex64(1j), complex, "1j"),
        (Fraction(4, 2), int, "2"),
        (Fraction(1, 2), float, "0.5"),
        (Decimal("2.0"), int, "2"),
        (Decimal("2.5"), float, "2.5"),
        (Decimal("1e30"), int, f"1{'0' * 30}"),  # beyond the digits that decimals calculate with
        (Decimal("NaN"), float, "nan"),
        (Decimal("Infinity"), float, "inf"),
        (np.array(3), int, "3"),
        (np.array(Fraction(1, 2)), float, "0.5"),
        (b"a", bytes, "b'a'"),
        (None, type(None), "None"),
        (range(2, 8, 3), list, "[2, 5]"),
        ((np.int8(1), [Fraction(2)]), tuple, "(1, [2])"),
        ([np.int8(1), (Fraction(2),)], list, "[1, (2,)]"),
        (np.ma.array([1, 2]), np.ndarray, "array([1, 2])"),
        (np.asmatrix([[1, 2]]), np.ndarray, "array([[1, 2]])"),
        (
            np.array([[1], [Fraction(1, 2)]], dtype=object),
            np.ndarray,
            "array([[1. ],\n       [0.5]])",
        ),
        (np.array([Fraction(2), True], dtype=object), np.ndarray, "array([2, 1])"),
        (np.array([1, "a"], dtype=object), np.ndarray, "array([1, 'a'], dtype=object)"),
        (np.array([1, None], dtype=object), np.ndarray, "array([1, None], dtype=object)"),
        (np.array([], dtype=object), np.ndarray, "array([], dtype=object)"),
        (pd.Series([1, 2]), np.ndarray, "array([1, 2])"),
        (pd.DataFrame({"a": [1], "b": [2]}), np.ndarray, "array([[1, 2]])"),
        (pd.Index([1, 2]), np.ndarray, "array([1, 2])"),
        (Tensor([1.0, 2.0]), np.ndarray, "array([1., 2.])"),
        (Tensor([1.0, 2.0], dtype="torch.bfloat16"), np.ndarray, "array([1., 2.])"),
        (Tensor([1.0, 2.0], layout="torch.sparse_csr"), np.ndarray, "array([1., 2.])"),
        (Tensor([0.1], dtype="torch.float64"), np.ndarray, "array([0.1])"),
        (Tensor(0.5), float, "0.5"),
        (Eager(), np.ndarray, "array([1, 2])"),
        (Arrays(), np.ndarray, "array([1, 2])"),
    ],
)
def test_everything_that_means_a_number_has_one_form(value, kind, text):
    own = plain(value)
    assert (type(own), repr(own)) == (kind, text)


def test_subclasses_of_lists_become_lists():
    class Row(list):
        pass

    class Point(tuple):
        pass

    assert type(plain(Row([np.int8(1)]))) is list
    assert type(plain(Point([np.int8(1)]))) is list


def test_a_class_or_a_function_is_left_alone():
    for value in (Eager, len, pd.DataFrame, sys, object()):
        assert plain(value) is value


def test_a_sparse_tensor_of_tensorflow_is_a_sparse_array():
    tensor = SimpleNamespace(
        dense_shape=[3, 4], values=np.array([5.0, 7.0]), indices=[[0, 2], [1, 0]]
    )
    np.testing.assert_array_equal(
        plain(tensor).toarray(), [[0, 0, 5, 0], [7, 0, 0, 0], [0, 0, 0, 0]]
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.ma.array([1, 2], mask=[0, 1]), MASKED),
        ({1, 2}, "a set instead of a list or an array"),
        (frozenset(), "a frozenset instead of a list or an array"),
        ({}, "a dict instead of a list or an array"),
        ({}.values(), "a dict_values instead of a list or an array"),
        ({}.keys(), "a dict_keys instead of a list or an array"),
        ({}.items(), "a dict_items instead of a list or an array"),
        (iter([]), "a list_iterator instead of a list or an array"),
        (enumerate([]), "an enumerate instead of a list or an array"),
    ],
)
def test_what_has_no_order_or_can_be_read_but_once_is_refused(value, text):
    with pytest.raises(NotAnAnswerError) as error:
        plain(value)
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([[1, 2], [3]], "rows of different lengths: 2, 1"),
        ([[[1], [2, 3]], [[4], [5]]], "inside the rows are lists of different lengths"),
        ([1, [2]], "numbers and lists side by side; every row has to be a list"),
        ([1j], "complex numbers instead of real ones"),
        (["1"], "a text instead of numbers; write them without quotes"),
        ([b"1"], "a text instead of numbers; write them without quotes"),
        ([True, False], "True and False instead of numbers; write 1 and 0"),
        ([1, True], "True or False among the numbers; write 1 and 0"),
        (((1, 0.5), (2, True)), "True or False among the numbers; write 1 and 0"),
        ([1, None], "None in the place of a number"),
        ([1, len], "a function in the place of a number"),
        ([int, None], "None in the place of a number"),
        ([int, 1], "a class (int) in the place of a number"),
        ([2, object()], "an object in the place of a number"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "a datetime64 in the place of a number"),
        (np.zeros(0, "datetime64[D]"), "a datetime64[D] in the place of a number"),
    ],
)
def test_what_is_no_table_is_refused(value, text):
    with pytest.raises(NotAnAnswerError) as error:
        numbers(value)
    assert str(error.value) == text


def test_what_numpy_cannot_read_is_refused():
    class Odd:
        def __init__(self, error):
            self.error = error

        def __array__(self, *_, **__):
            raise self.error

    for error in (TypeError("no"), OverflowError("no"), RuntimeError("no")):
        with pytest.raises(NotAnAnswerError) as refused:
            as_array(Odd(error))
        assert str(refused.value) == "an Odd that NumPy cannot read (no)"
        assert refused.value.__cause__ is error
    message = r"^a list that NumPy cannot read \(int too large to convert to float\)$"
    with pytest.raises(NotAnAnswerError, match=message):
        as_array([10**400])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([2**70, -1], float),
        ([[2**70], [1]], float),
        ([2**70, 0.5], float),
        ([2**63], np.uint64),
        ([1, 2], np.int64),
        ([], float),
        ([0.5], float),
    ],
)
def test_integers_of_any_size_are_numbers(value, dtype):
    array = numbers(value)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, np.array(value, dtype=dtype))


def test_one_number_beyond_64_bits_stays_exact():
    assert as_array(2**70)[()] == 2**70


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, 0.5), [1, 0.5]),
        (np.array([1, 2], np.uint8), [1, 2]),
        (Tensor([1.0, 2.0]), [1.0, 2.0]),
        (range(2), [0, 1]),
        ([], []),
    ],
)
def test_a_row_of_any_kind_is_a_list(value, expected):
    row = number_list(value)
    assert (type(row), row) == (list, expected)
    assert [type(each) for each in row] == [type(each) for each in expected]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "one number instead of a list of numbers"),
        ([[1, 2]], "an array of shape (1, 2) instead of a list of numbers"),
        (sp.csr_array([[1]]), "an array of shape (1, 1) instead of a list of numbers"),
    ],
)
def test_what_is_no_row_is_refused(value, text):
    with pytest.raises(NotAnAnswerError) as error:
        number_list(value)
    assert str(error.value) == text


def test_a_sparse_array_means_its_table():
    table = anything(sp.coo_array([[0, 2]]))
    assert (type(table), table.tolist()) == (np.ndarray, [[0, 2]])
    assert anything((1, np.int8(2))) == (1, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.ones(2, np.int8), "int8 array"),
        (sp.csr_array([[1.0]]), "csr_array of float64"),
        (len, "function"),
        (Eager, "class (Eager)"),
        (None, "NoneType"),
        (TODO, "Todo"),
        (3, "int"),
    ],
)
def test_a_value_has_a_name_in_a_word_or_two(value, text):
    assert kind_of(value) == text


def test_what_was_written_is_exact_in_every_shape():
    table = as_written([[0.1, 0.2], [1e-7, 3]])
    assert table.dtype == object
    assert table.tolist() == [[Fraction(1, 10), Fraction(1, 5)], [Fraction(1, 10**7), 3]]
    assert as_written(np.float32(0.1)) == Fraction(1, 10)
    assert type(as_written(2)) is Fraction
    with pytest.raises(ValueError, match="nan"):
        as_written([0.5, np.nan])


@pytest.mark.parametrize(
    ("value", "decimals"),
    [
        (0.583, 3),
        (14, 0),
        (14.0, 0),
        (1400.0, 0),
        (1e-7, 7),
        (Decimal("0.50"), 1),
        (np.float32(6.67), 2),
        (np.array(6.67), 2),
        (np.array(np.float32(6.67)), 2),
        (np.int8(3), 0),
        (Tensor(0.583), 3),
        (Fraction(1, 2), None),  # was not written with decimals
        (True, None),
        ("0.5", None),
        (1j, None),
        ([0.5], None),
        (np.array([0.5]), None),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("Infinity"), None),
        (None, None),
    ],
)
def test_how_many_decimals_a_number_was_written_with(value, decimals):
    assert decimals_shown(value) == decimals


@pytest.mark.parametrize(
    ("value", "precision"),
    [
        (0.5, 0),
        (np.float64(0.5), 2.0**-52),
        (np.float16(0.5), 2.0**-10),
        (np.array([0.5], np.float32), 2.0**-23),
        (pd.Series([0.5], dtype="float32"), 2.0**-23),
        (Tensor(0.5), 2.0**-52),  # what it is as an array
        (np.int8(3), 0),
        ([0.5], 0),
        (None, 0),
    ],
)
def test_how_exact_the_type_of_a_number_is(value, precision):
    assert _answers.relative_precision(value) == precision


# ---- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((), "()"),
        ((1,), "(1,)"),
        ((1 / 3, (2, "a")), "(0.3333333, (2, 'a'))"),
        ([1 / 3], "[0.3333333333333333]"),
        (None, "None"),
        ({1, 2}, "{1, 2}"),
        (np.array(1 / 3), "0.3333333"),
        (np.zeros(0), "[] (shape (0,))"),
        (np.zeros((2, 0), np.int8), "[] (int8, shape (2, 0))"),
        (np.array([], dtype="U1"), "[] (shape (0,))"),
        (np.array(["a"]), "['a']"),
        (np.array([b"a"]), "[b'a']"),
        (np.array([1 + 1j]), "[1.+1.j]"),
        (np.array([True]), "[ True]"),
        (np.array([1], np.int8), "[1] (int8)"),
        (np.array([1 / 3]), "[0.33333333]"),
        (np.array([1 / 3], np.float32), "[0.33333334] (float32)"),
        (pd.Series([1, 2]), "Series: [1 2]"),
        (pd.Series([1, 2], dtype="int8"), "Series: [1 2] (int8)"),
        (Tensor([]), "Tensor: [] (shape (0,))"),
        (sp.csr_array((2, 0)), "csr_array, float64:\n[]"),
        (sp.csr_matrix([[1, 0]]), "csr_matrix, int64:\n[[1 0]]"),
        (
            sp.csr_array(([0, 7], [0, 1], [0, 2]), shape=(1, 2)),
            "csr_array, int64:\n[[0 7]]\nstored: data [0 7], indices [0 1], indptr [0 2]",
        ),
        (
            sp.csr_array(([3, 4], [1, 1], [0, 2]), shape=(1, 2)),
            "csr_array, int64:\n[[0 7]]\nstored: data [3 4], indices [1 1], indptr [0 2]",
        ),
        (
            sp.csr_array(([7, 8], [1, 0], [0, 2]), shape=(1, 2)),
            "csr_array, int64:\n[[8 7]]\nstored: data [7 8], indices [1 0], indptr [0 2]",
        ),
        (sp.coo_array(([7, 8], ([0, 0], [1, 0]))), "coo_array, int64:\n[[8 7]]"),
        (sp.coo_array(np.array([7, 0])), "coo_array, int64:\n[7 0]"),
        (sp.dok_array([[0, 5]]), "dok_array, int64:\n[[0 5]]"),
    ],
)
def test_values_as_the_learner_sees_them(value, text):
    assert describe(value) == text


def test_the_flag_of_a_sparse_array_is_not_trusted():
    matrix = sp.csr_array(([7, 8], [1, 0], [0, 2]), shape=(1, 2))
    matrix.has_sorted_indices = True
    assert describe(matrix).endswith("stored: data [7 8], indices [1 0], indptr [0 2]")


def test_more_digits_where_they_are_asked_for():
    assert describe(1 / 3, 10) == "0.3333333333"
    assert describe((1 / 3,), 10) == "(0.3333333333,)"
    assert describe(np.array([1 / 3]), 10) == "[0.3333333333]"
    assert describe(np.array([1 / 3]), 3) == "[0.33333333]"
    assert describe(sp.csr_array([[1 / 3]]), 10) == "csr_array, float64:\n[[0.3333333333]]"
    assert describe(pd.Series([1 / 3]), 10) == "Series: [0.3333333333]"


@pytest.mark.parametrize(
    ("expected", "got", "texts"),
    [
        (1, 2, ("1", "2")),
        (0.1, 0.1 + 1e-8, ("0.1", "0.10000001")),
        (1 / 3, 1 / 3 + 1e-9, ("0.3333333333", "0.3333333343")),
        (0.5, 0.5 + 2**-50, ("0.5", "0.50000000000000089")),
        (1, 1.0, ("1 (int)", "1 (float)")),
        (np.ones(1), np.ones((1,)), ("[1.] (float64, shape (1,))",) * 2),
        (np.ones(1), [1.0], ("[1.]", "[1.0]")),
        ("a", np.str_("a"), ("'a' (str)", "'a' (str_)")),
    ],
)
def test_what_differs_is_shown_apart(expected, got, texts):
    assert shown_apart(expected, got) == texts


def test_feedback_stands_in_a_column():
    assert aligned("input", "3") == "  input     3"
    assert aligned("input now", "a\nb\nc") == "  input now a\n            b\n            c"
    assert aligned("a long label", "") == "  a long label "
