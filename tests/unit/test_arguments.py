"""The front door for plain arguments: what it takes, what it refuses, and in which words."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils import _arguments

WHOLE = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


class TestInteger:
    @pytest.mark.parametrize("kind", [int, *map(np.dtype, WHOLE)])
    def test_takes_whole_numbers_of_every_type_as_python_s_own(self, kind):
        value = kind(3) if kind is int else kind.type(3)
        assert type(_arguments.integer("k", value, 1, 3)) is int
        assert _arguments.integer("k", np.array(value), 1, 3) == 3

    @pytest.mark.parametrize(
        "value",
        [
            2.0,
            np.float32(2),
            True,
            np.True_,
            np.array(True),
            "2",
            None,
            Fraction(2),
            [2],
            np.ones(2),
        ],
        ids=repr,
    )
    def test_refuses_everything_else_by_type(self, value):
        with pytest.raises(TypeError, match=r"^k must be an integer from 1 to 3, got "):
            _arguments.integer("k", value, 1, 3)

    @pytest.mark.parametrize(
        ("bounds", "words"),
        [((1, 3), "from 1 to 3"), ((5, None), "of at least 5"), ((None, 3), "of at most 3")],
    )
    def test_says_the_range(self, bounds, words):
        with pytest.raises(ValueError, match=f"^k must be an integer {words}, got 4$"):
            _arguments.integer("k", 4, *bounds)

    @pytest.mark.parametrize("bounds", [(4, 4), (4, None), (None, 4), (None, None), (0, 9)])
    def test_bounds_are_allowed_and_may_be_left_out(self, bounds):
        assert _arguments.integer("k", 4, *bounds) == 4

    def test_without_a_range_none_is_said(self):
        with pytest.raises(TypeError, match="^k must be an integer, got '4'$"):
            _arguments.integer("k", "4")


class TestNumber:
    @pytest.mark.parametrize(
        "value",
        [0.5, np.float16(0.5), np.float32(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")],
        ids=repr,
    )
    def test_takes_real_numbers_of_every_type(self, value):
        result = _arguments.number("sigma", value, low=0)
        assert (type(result), result) == (float, 0.5)

    @pytest.mark.parametrize("value", [True, "0.5", None, 1j, [0.5], np.ones(1)], ids=repr)
    def test_refuses_everything_else_by_type(self, value):
        with pytest.raises(TypeError, match="^sigma must be a number of at least 0, got "):
            _arguments.number("sigma", value, low=0)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1, 1, 2])
    def test_refuses_what_is_not_finite_or_out_of_range(self, value):
        with pytest.raises(ValueError, match="^p must be a number of at least 0 and below 1, got "):
            _arguments.number("p", value, low=0, below=1)

    def test_an_open_end_is_open(self):
        with pytest.raises(ValueError, match="above 0"):
            _arguments.number("p", 0, above=0)

    @pytest.mark.parametrize(
        ("bounds", "words", "inside", "outside"),
        [
            ({}, "", [-1e300, 1e300], [np.inf]),
            ({"low": 0, "high": 1}, " from 0 to 1", [0, 1], [-0.1, 1.1]),
            ({"low": 2}, " of at least 2", [2, 3], [1.9]),
            ({"high": 2}, " of at most 2", [2, -3], [2.1]),
            ({"above": 0, "below": 1}, " above 0 and below 1", [0.1, 0.9], [0, 1]),
            ({"low": 0, "below": 1}, " of at least 0 and below 1", [0, 0.9], [-0.1, 1]),
            ({"above": 0, "high": 1}, " above 0 and of at most 1", [0.1, 1], [0, 1.1]),
        ],
    )
    def test_the_words_are_the_bounds(self, bounds, words, inside, outside):
        for value in inside:
            assert _arguments.number("p", value, **bounds) == value
        for value in outside:
            with pytest.raises(ValueError, match="^p must be") as error:
                _arguments.number("p", value, **bounds)
            assert str(error.value) == f"p must be a number{words}, got {value}"


def test_a_flag_is_true_or_false_and_no_number():
    assert _arguments.flag("progress", np.bool_(False)) is False
    assert _arguments.flag("progress", np.array(True)) is True
    for value in (1, None, "True", np.int64(1)):
        with pytest.raises(TypeError, match="^progress must be True or False, got ") as error:
            _arguments.flag("progress", value)
        assert str(error.value).endswith(f"got {value!r}".replace("np.int64(1)", "1"))


def test_a_choice_names_the_choices():
    assert type(_arguments.choice("kind", np.str_("b"), "abc")) is str
    with pytest.raises(ValueError, match="kind must be 'a', 'b' or 'c', got 'd'"):
        _arguments.choice("kind", "d", "abc")
    with pytest.raises(TypeError, match="kind must be 'a', 'b' or 'c', got None"):
        _arguments.choice("kind", None, "abc")
    with pytest.raises(ValueError, match="^kind must be 'a', got 'aa'$"):
        _arguments.choice("kind", "aa", ("a",))
    with pytest.raises(ValueError, match="^kind must be 'a' or 'b', got 'c'$"):
        _arguments.choice("kind", np.str_("c"), "ab")


class TestRandomGenerator:
    def test_a_seed_gives_numpy_s_own_stream(self):
        drawn = _arguments.random_generator(np.uint8(7)).random(3)
        assert drawn.tolist() == np.random.default_rng(7).random(3).tolist()

    def test_zero_is_a_seed(self):
        drawn = _arguments.random_generator(0).random()
        assert drawn == np.random.default_rng(0).random()

    def test_the_argument_has_its_own_name(self):
        with pytest.raises(ValueError, match="^rng must") as error:
            _arguments.random_generator(-1, "rng")
        assert str(error.value) == (
            "rng must be an integer of at least 0 or a numpy.random.Generator, got -1"
        )
        assert error.value.__cause__ is None

    def test_a_generator_goes_on(self):
        rng = np.random.default_rng(0)
        assert _arguments.random_generator(rng) is rng

    @pytest.mark.parametrize(
        ("seed", "error"),
        [(0.0, TypeError), (True, TypeError), (None, TypeError), (-1, ValueError)],
    )
    def test_refuses_what_is_neither(self, seed, error):
        with pytest.raises(error, match="seed must be an integer of at least 0 or a numpy.random"):
            _arguments.random_generator(seed)


class TestDense:
    @pytest.mark.slow
    @given(
        hnp.arrays(
            st.sampled_from([*WHOLE, "bool", "float16", "float64", ">f8", ">i4"]),
            hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
            elements={"allow_nan": False, "allow_infinity": False},
        )
    )
    def test_every_real_type_becomes_float64_with_the_same_numbers(self, values):
        result = _arguments.dense("x", values)
        assert result.dtype == np.float64
        assert result.dtype.isnative
        assert result.tolist() == values.astype(np.float64).tolist()

    def test_float32_stays_where_asked(self):
        values = np.ones(2, np.float32)
        assert np.shares_memory(_arguments.dense("x", values, single=True), values)
        assert _arguments.dense("x", values).dtype == np.float64
        assert _arguments.dense("x", np.ones(2, np.float16), single=True).dtype == np.float64

    @pytest.mark.parametrize(
        "values",
        [
            [[Fraction(1, 2), Decimal(2)]],
            pd.DataFrame({"a": [0.5], "b": [2]}),
            np.ma.masked_array([[0.5, 2]], [[False, False]]),
            ((0.5, 2.0),),
        ],
        ids=["fractions", "frame", "nothing masked", "tuples"],
    )
    def test_takes_what_means_a_table(self, values):
        assert _arguments.dense("x", values, ndim=2).tolist() == [[0.5, 2.0]]

    @pytest.mark.parametrize(
        ("values", "error", "words"),
        [
            (
                sp.coo_array(np.eye(2)),
                TypeError,
                r"a dense array, got a coo_array of shape \(2, 2\)",
            ),
            (np.ma.masked_array([1, 2], [True, False]), ValueError, "1 masked cell; .*filled"),
            ([[1, 2], [3]], ValueError, "rows of equal length"),
            (["1", "2"], TypeError, "real numbers, got text"),
            ([1j], TypeError, "real numbers, got complex128"),
            ([None, 1], TypeError, "real numbers, got None"),
            ([{}], TypeError, "real numbers, got {}"),
            (np.array(["2020-01-01"], "M8[D]"), TypeError, "real numbers, got datetime"),
            ([], ValueError, r"not be empty, got shape \(0,\)"),
            ([1, np.nan, np.inf], ValueError, r"finite, got nan at position 1 \(2 such cells\)"),
            (
                pd.DataFrame({"a": pd.array([1, None], "Int64")}),
                ValueError,
                "nan in row 1, column 0",
            ),
        ],
        # Without backslashes: pytest escapes them once more each time it collects a class.
        ids=lambda value: value.replace("\\", "") if isinstance(value, str) else None,
    )
    def test_refuses_by_name(self, values, error, words):
        with pytest.raises(error, match=f"^x must .*{words}"):
            _arguments.dense("x", values)

    @pytest.mark.parametrize(
        ("values", "error", "words"),
        [
            (
                np.ma.masked_array([1, 2, 3], [True, False, True]),
                ValueError,
                "x must be a plain array, got a masked one with 2 masked cells; "
                "say what they are with .filled(...)",
            ),
            (
                np.ma.masked_array([1, 2], [True, False]),
                ValueError,
                "x must be a plain array, got a masked one with 1 masked cell; "
                "say what they are with .filled(...)",
            ),
            (
                sp.csr_array((1, 2)),
                TypeError,
                "x must be a dense array, got a csr_array of shape (1, 2); use .toarray()",
            ),
            ([[1], [2, 3]], ValueError, "x must have rows of equal length, got [[1], [2, 3]]"),
            ([1, None], TypeError, "x must hold real numbers, got None"),
            ([Fraction(1), "a"], TypeError, "x must hold real numbers, got 'a'"),
            ([Fraction(1), {}], TypeError, "x must hold real numbers, got {}"),
            ([10**400], TypeError, f"x must hold real numbers, got 1{59 * '0'}…"),
            (np.zeros(1, "V4"), TypeError, "x must hold real numbers, got |V4"),
            (b"a", TypeError, "x must hold real numbers, got text"),
            (
                [1, np.inf],
                ValueError,
                "x must be finite, got inf at position 1 (1 such cell); "
                "decide first what a missing value is to be",
            ),
            (
                [[[1.0, -np.inf], [np.nan, 0]]],
                ValueError,
                "x must be finite, got -inf at position 0, 0, 1 (2 such cells); "
                "decide first what a missing value is to be",
            ),
            (
                np.nan,
                ValueError,
                "x must be finite, got nan alone (1 such cell); "
                "decide first what a missing value is to be",
            ),
        ],
        ids=range(13),
    )
    def test_says_what_was_given_and_what_to_do(self, values, error, words):
        with pytest.raises(error) as caught:
            _arguments.dense("x", values)
        assert str(caught.value) == words

    def test_dimensions_and_cells_may_be_asked_for(self):
        assert _arguments.dense("x", [[1]], ndim=2).shape == (1, 1)
        assert _arguments.dense("x", 1).shape == ()
        assert _arguments.dense("x", [], empty=True).shape == (0,)
        with pytest.raises(ValueError, match=r"^x must be 2-D, got shape \(1,\)$"):
            _arguments.dense("x", [1], ndim=2)

    def test_numbers_beyond_64_bits_and_of_any_kind_are_the_nearest_floats(self):
        found = _arguments.dense("x", [2**70, Fraction(1, 4), Decimal("0.5")])
        assert found.tolist() == [2.0**70, 0.25, 0.5]

    def test_half_precision_of_tensorflow_is_taken_as_the_numbers_it_holds(self):
        bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
        assert _arguments.dense("x", np.array([1.5, 2], bfloat16)).tolist() == [1.5, 2.0]
        assert _arguments.dense("x", np.array([1], bfloat16), single=True).dtype == np.float32

    def test_says_the_shape_it_needs(self):
        with pytest.raises(ValueError, match=r"2-D with shape \(rows, units\), got shape \(2,\)"):
            _arguments.dense("codes", [1, 2], ndim=2, shape="(rows, units)")

    def test_a_sum_of_squares_that_overflows_is_still_finite(self):
        assert _arguments.dense("x", [1e300, 1e300]).tolist() == [1e300, 1e300]

    def test_nan_passes_where_gaps_are_meant(self):
        assert np.isnan(_arguments.dense("x", [np.nan], finite=False)).all()


class Tensor:
    """What stands in for a tensor of PyTorch: NumPy can read it only where it is detached."""

    def __init__(self, values, dtype="torch.float32", layout="torch.strided", steps=()):
        self.values, self.dtype, self.layout, self.steps = values, dtype, layout, steps

    def _then(self, step, dtype=None):
        return Tensor(self.values, dtype or self.dtype, self.layout, (*self.steps, step))

    def detach(self):
        return self._then("detach")

    def cpu(self):
        return self._then("cpu")

    def float(self):
        return self._then("float", "torch.float32")

    def __array__(self, dtype=None, copy=None):
        assert self.steps[:2] == ("detach", "cpu")
        assert self.dtype == "torch.float32"
        return np.array(self.values, np.float32)


class TestTensorsOfAStandIn:
    @pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
    def test_a_tensor_with_a_gradient_on_any_device_is_the_numbers_it_holds(self, dtype):
        found = _arguments.dense("x", Tensor([1.5, 2], dtype), single=True)
        assert (found.tolist(), found.dtype) == ([1.5, 2.0], np.float32)

    def test_a_sparse_tensor_is_refused(self):
        with pytest.raises(TypeError) as error:
            _arguments.dense("x", Tensor([1.5], layout="torch.sparse_coo"))
        assert str(error.value) == ("x must be a dense array, got a sparse tensor; use .to_dense()")

    def test_a_truth_of_pytorch_is_no_number(self):
        true = Tensor(True, "torch.bool")
        with pytest.raises(TypeError, match="k must be an integer"):
            _arguments.integer("k", true)
        with pytest.raises(TypeError, match="p must be a number"):
            _arguments.number("p", true)


@pytest.mark.torch
class TestTensors:
    def test_a_tensor_is_the_numbers_it_holds(self):
        import torch

        values = torch.tensor([[1.5]], requires_grad=True)
        assert _arguments.dense("x", values).tolist() == [[1.5]]
        assert _arguments.dense("x", values.bfloat16()).tolist() == [[1.5]]
        assert _arguments.integer("k", torch.tensor(2)) == 2

    def test_a_sparse_tensor_and_a_boolean_one_are_refused(self):
        import torch

        with pytest.raises(TypeError, match="got a sparse tensor; use .to_dense()"):
            _arguments.dense("x", torch.eye(2).to_sparse())
        with pytest.raises(TypeError, match="k must be an integer"):
            _arguments.integer("k", torch.tensor(True))


class TestIntegersAndTruths:
    @pytest.mark.parametrize("kind", WHOLE)
    def test_integers_keep_their_type(self, kind):
        assert _arguments.integers("labels", np.array([1], kind)).dtype == kind

    def test_an_empty_list_has_no_type_of_its_own(self):
        assert _arguments.integers("labels", []).dtype == np.int64

    @pytest.mark.parametrize("values", [[1.0], [True], ["1"], [None]])
    def test_other_types_are_refused(self, values):
        with pytest.raises(TypeError, match="labels must hold"):
            _arguments.integers("labels", values)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ([1.0], "float64; convert whole numbers with .astype(int)"),
            (np.ones(1, np.float32), "float32; convert whole numbers with .astype(int)"),
            ([True], "bool"),
            (["1"], "text"),
            ([b"1"], "text"),
            ([1j], "complex128"),
        ],
    )
    def test_only_floats_are_to_be_converted(self, values, words):
        with pytest.raises(TypeError) as error:
            _arguments.integers("labels", values)
        assert str(error.value) == f"labels must hold integers, got {words}"

    def test_an_empty_array_of_integers_keeps_its_type(self):
        assert _arguments.integers("labels", np.array([], np.int8)).dtype == np.int8

    def test_other_dimensions_are_refused(self):
        assert _arguments.integers("labels", [[1]], ndim=2).tolist() == [[1]]
        with pytest.raises(ValueError, match=r"labels must be 1-D, got shape \(1, 1\)"):
            _arguments.integers("labels", [[1]])

    def test_a_mask_has_its_shape(self):
        assert _arguments.truths("where", [True, False]).tolist() == [True, False]
        with pytest.raises(ValueError, match=r"where must have shape \(2,\), got \(1,\)"):
            _arguments.truths("where", [True], (2,))
        with pytest.raises(TypeError) as error:
            _arguments.truths("where", ["a"])
        assert str(error.value) == (
            "where must hold True and False, got text; compare first, as in `values > 0`"
        )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([-1.0, 0.5], "from -1 to 0.5"),
        ([-0.25, 1.0], "from -0.25 to 1"),
        ([0.0, 1.5], "from 0 to 1.5; divide bytes by 255"),
        ([0.0, 255.0], "from 0 to 255; divide bytes by 255"),
        ([-1.0, 2.0], "from -1 to 2; divide bytes by 255"),
    ],
)
def test_grey_values_say_what_to_do_with_bytes(values, words):
    _arguments.in_unit_interval("x", np.array([0.0, 1.0]))
    _arguments.in_unit_interval("x", np.array([]))
    with pytest.raises(ValueError, match="x must lie in") as error:
        _arguments.in_unit_interval("x", np.array(values))
    assert str(error.value) == f"x must lie in [0, 1], got values {words}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64(2.5), "2.5"),
        (np.True_, "True"),
        ("a", "'a'"),
        ("x" * 58, "'" + "x" * 58 + "'"),
        ("x" * 59, "'" + "x" * 59 + "…"),
        (np.eye(2), "array([[1., 0.], [0., 1.]])"),
    ],
    ids=range(6),
)
def test_a_value_is_shown_in_one_short_line(value, shown):
    assert _arguments.shown(value) == shown


def test_finite_numbers_whose_squares_overflow_are_finite_and_whole_numbers_are_not_looked_at():
    assert _arguments.all_finite(np.array([[1e200, -1e200]]))
    assert not _arguments.all_finite(np.array([[1e200, -np.inf]]))
    assert not _arguments.all_finite(np.array([np.nan]))
    _arguments.check_finite("x", np.array([1, 2]))
    _arguments.check_finite("x", np.array([True]))
