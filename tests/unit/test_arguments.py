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


def test_a_flag_is_true_or_false_and_no_number():
    assert _arguments.flag("progress", np.bool_(False)) is False
    with pytest.raises(TypeError, match="progress must be True or False, got 1"):
        _arguments.flag("progress", 1)


def test_a_choice_names_the_choices():
    assert type(_arguments.choice("kind", np.str_("b"), "abc")) is str
    with pytest.raises(ValueError, match="kind must be 'a', 'b' or 'c', got 'd'"):
        _arguments.choice("kind", "d", "abc")
    with pytest.raises(TypeError, match="kind must be 'a', 'b' or 'c', got None"):
        _arguments.choice("kind", None, "abc")


class TestRandomGenerator:
    def test_a_seed_gives_numpy_s_own_stream(self):
        drawn = _arguments.random_generator(np.uint8(7)).random(3)
        assert drawn.tolist() == np.random.default_rng(7).random(3).tolist()

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

    def test_says_the_shape_it_needs(self):
        with pytest.raises(ValueError, match=r"2-D with shape \(rows, units\), got shape \(2,\)"):
            _arguments.dense("codes", [1, 2], ndim=2, shape="(rows, units)")

    def test_a_sum_of_squares_that_overflows_is_still_finite(self):
        assert _arguments.dense("x", [1e300, 1e300]).tolist() == [1e300, 1e300]

    def test_nan_passes_where_gaps_are_meant(self):
        assert np.isnan(_arguments.dense("x", [np.nan], finite=False)).all()


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

    def test_other_dimensions_are_refused(self):
        with pytest.raises(ValueError, match=r"labels must be 1-D, got shape \(1, 1\)"):
            _arguments.integers("labels", [[1]])

    def test_a_mask_has_its_shape(self):
        with pytest.raises(ValueError, match=r"where must have shape \(2,\), got \(1,\)"):
            _arguments.truths("where", [True], (2,))


def test_grey_values_say_what_to_do_with_bytes():
    _arguments.in_unit_interval("x", np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="from -1 to 0.5$"):
        _arguments.in_unit_interval("x", np.array([-1.0, 0.5]))
    with pytest.raises(ValueError, match="divide bytes by 255"):
        _arguments.in_unit_interval("x", np.array([0.0, 255.0]))
