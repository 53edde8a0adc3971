"""The front door for answers: numbers, tables and lists of any type, in one form each."""

from __future__ import annotations

import numbers as abstract
from collections.abc import Iterator, Mapping, Set
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.sparse as sp


class NotAnAnswerError(ValueError):
    """Something that cannot be taken for a number, a table or a list; says why in plain words."""


def is_sparse(value: Any) -> bool:
    """Whether a value is one of SciPy's sparse arrays or matrices."""
    # SciPy's own issparse narrows the type to a base class without dtype and shape.
    return bool(sp.issparse(value))


def plain(value: Any) -> Any:
    """Put Python's numbers, lists, and NumPy's arrays in place of everything that means the same.

    Parameters
    ----------
    value : object
        Numbers of any type (fractions, decimals, NumPy's, arrays and tensors without dimensions),
        tensors, data frames, ranges, and tuples and lists of these. Sparse arrays stay as they
        are.

    Returns
    -------
    object
        `int`, `float`, `bool`, `complex`, `str`, `numpy.ndarray`, sparse array, or list or tuple
        of these; anything else as it is.

    Raises
    ------
    NotAnAnswerError
        For an array with masked cells, a set, a dictionary or an iterator: what they mean depends
        on more than their values.

    Examples
    --------
    >>> from fractions import Fraction
    >>> plain([Fraction(1, 2), np.int8(3), np.array(True)])
    [0.5, 3, True]
    """
    if isinstance(value, (bool, int, float, complex, str, bytes)) and not isinstance(
        value, np.generic
    ):
        return value
    if isinstance(value, (Fraction, Decimal)):
        return int(value) if _is_whole(value) else float(value)
    if isinstance(value, np.generic):
        own = value.item()
        return float(own) if isinstance(own, np.floating) else own  # a long double stays NumPy's
    if isinstance(value, (tuple, list)):
        return (
            type(value)(map(plain, value)) if type(value) in (tuple, list) else [*map(plain, value)]
        )
    if isinstance(value, range):
        return list(value)
    if is_sparse(value):
        return value
    if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
        raise NotAnAnswerError(
            "a masked array, of which some cells count and others do not; give a plain array, "
            "such as .filled(0)"
        )
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, (Set, Mapping, Iterator)) or type(value).__name__ in _VIEWS:
        raise NotAnAnswerError(f"{_with_article(_kind(value))} instead of a list or an array")
    if (array := _from_framework(value)) is not None:
        return plain(array)
    return value


def _is_whole(value: Fraction | Decimal) -> bool:
    if isinstance(value, Fraction):
        return value.denominator == 1
    return value.is_finite() and value == value.to_integral_value()


_VIEWS = frozenset({"dict_values", "dict_keys", "dict_items"})


def _plain_array(value: np.ndarray) -> Any:
    array = np.asarray(value)  # a numpy.matrix, or a masked array without masked cells
    if array.ndim == 0:
        return plain(array[()])
    if array.dtype == object:
        own = [plain(part) for part in array.ravel()]
        if own and all(map(is_number, own)):
            return np.array(own).reshape(array.shape)
    return array


def _from_framework(value: Any) -> Any:
    """Array of a tensor, a data frame or a series, told by what it can do; None if it is none."""
    if hasattr(value, "dense_shape") and hasattr(value, "values"):  # TensorFlow's sparse tensor
        where = np.asarray(value.indices).T
        return sp.coo_array((np.asarray(value.values), tuple(where)), tuple(value.dense_shape))
    if hasattr(value, "detach"):  # PyTorch's
        tensor = value.detach().cpu()
        if "sparse" in str(tensor.layout):
            tensor = tensor.to_dense()
        return (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
    for method in ("to_numpy", "numpy"):  # pandas', TensorFlow's
        if callable(getattr(value, method, None)) and not isinstance(value, type):
            return np.asarray(getattr(value, method)())
    return np.asarray(value) if hasattr(value, "__array__") and hasattr(value, "dtype") else None


def numbers(value: Any) -> np.ndarray:
    """Array of real numbers, of whatever container.

    Parameters
    ----------
    value : object
        What :func:`plain` takes; sparse arrays and matrices of any format count as the table they
        mean.

    Returns
    -------
    ndarray of int or float

    Raises
    ------
    NotAnAnswerError
        For rows of different lengths, text, None, complex numbers, and True and False.

    Examples
    --------
    >>> numbers(sp.coo_array([[0, 2]]))
    array([[0, 2]])
    >>> numbers([[1, 2], [3]])
    Traceback (most recent call last):
    course_utils.checks._answers.NotAnAnswerError: rows of different lengths: 2, 1
    """
    value = plain(value)
    if is_sparse(value):
        value = value.toarray()
    array = as_array(value)
    if array.dtype.kind not in "iuf":
        raise NotAnAnswerError(_unfit(array))
    if _any_truth(value):  # NumPy makes a 1 of a True among numbers
        raise NotAnAnswerError("True or False among the numbers; write 1 and 0")
    return array


def _any_truth(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_any_truth, value))
    return isinstance(value, bool)


def number_list(value: Any) -> list[Any]:
    """List of Python's own real numbers, of a list, a tuple, a range or a row of any kind.

    Raises
    ------
    NotAnAnswerError
        For what :func:`numbers` refuses, and for anything but one row.

    Examples
    --------
    >>> number_list(np.array([3, 4], dtype=np.uint8))
    [3, 4]
    """
    array = numbers(value)
    if array.ndim != 1:
        what = "one number" if array.ndim == 0 else f"an array of shape {array.shape}"
        raise NotAnAnswerError(f"{what} instead of a list of numbers")
    own = plain(value)
    return list(own) if isinstance(own, (list, tuple)) else array.tolist()


def anything(value: Any) -> Any:
    """Give what :func:`plain` makes of a value, with the table in place of a sparse array."""
    value = plain(value)
    return value.toarray() if is_sparse(value) else value


def as_array(value: Any) -> np.ndarray:
    """Array of a plain value; rows of different lengths are refused in plain words."""
    try:
        array = np.asarray(value)
        if array.dtype == object and array.ndim and all(map(is_number, array.flat)):
            array = array.astype(float)  # integers beyond 64 bits
    except ValueError as error:
        raise NotAnAnswerError(_ragged(value)) from error
    except (TypeError, OverflowError, RuntimeError) as error:
        raise NotAnAnswerError(
            f"{_with_article(_kind(value))} that NumPy cannot read ({error})"
        ) from error
    return array


def is_number(value: Any) -> bool:
    """Whether a plain value is a real number, or True or False."""
    return isinstance(value, (int, float))


def is_text(array: np.ndarray) -> bool:
    """Whether an array holds text."""
    return array.dtype.kind in "US"


def _ragged(value: Any) -> str:
    lengths = [len(part) if hasattr(part, "__len__") else None for part in value]
    if None in lengths:
        return "numbers and lists side by side; every row has to be a list"
    if len(set(lengths)) == 1:
        return "inside the rows are lists of different lengths"
    return f"rows of different lengths: {', '.join(map(str, lengths))}"


def _unfit(array: np.ndarray) -> str:
    if array.dtype.kind == "b":
        return "True and False instead of numbers; write 1 and 0"
    if array.dtype.kind == "c":
        return "complex numbers instead of real ones"
    if is_text(array):
        return "a text instead of numbers; write them without quotes"
    if array.size and any(part is None for part in array.flat):
        return "None in the place of a number"
    odd = next((_kind(part) for part in array.flat if not is_number(part)), str(array.dtype))
    return f"{_with_article(odd)} in the place of a number"


def _with_article(name: str) -> str:
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def _kind(value: Any) -> str:
    """Name of a type as the learner knows it."""
    if isinstance(value, type):
        return f"class ({value.__name__})"
    if callable(value):
        return "function"
    return type(value).__name__.strip("_")


def kind_of(value: Any) -> str:
    """Say what a value is, in a word or two; an array with its dtype.

    Examples
    --------
    >>> kind_of(np.ones(2)), kind_of(len), kind_of(3)
    ('float64 array', 'function', 'int')
    """
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array"
    return f"{type(value).__name__} of {value.dtype}" if is_sparse(value) else _kind(value)


def as_written(value: Any) -> Any:
    """Exact fractions in place of floats, as if one calculated on paper.

    0.1 + 0.2 is not 0.3 in floating point. A check whose answer depends on equal sums or distances
    compares what was written down, not what was rounded.

    Parameters
    ----------
    value : array_like of real numbers

    Returns
    -------
    Fraction, or ndarray of Fraction
        Finite numbers only; anything else raises ValueError.

    Examples
    --------
    >>> tenths = as_written([0.1, 0.2, 0.3])
    >>> bool(tenths[0] + tenths[1] == tenths[2])
    True
    """
    array = np.asarray(value)
    exact = np.empty(array.shape, dtype=object)
    for position in np.ndindex(array.shape):
        exact[position] = Fraction(str(array[position]))
    return exact[()]


def decimals_shown(value: Any) -> int | None:
    """How many decimals a number was written with; None if it is none.

    Examples
    --------
    >>> decimals_shown(0.583), decimals_shown(np.float32(6.67)), decimals_shown(14)
    (3, 2, 0)
    """
    if not isinstance(plain(value), abstract.Real) or isinstance(plain(value), bool):
        return None
    if isinstance(value, Fraction):
        return None
    own = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
    try:
        number = Decimal(str(own if isinstance(own, (np.generic, Decimal)) else plain(value)))
    except ArithmeticError:
        return None
    if not number.is_finite():
        return None
    exponent = number.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def relative_precision(value: Any) -> float:
    """How exactly the type of a number can hold it: 0 for Python's own, 1e-3 for half precision.

    Examples
    --------
    >>> round(relative_precision(np.float16(0.5)), 4), relative_precision(0.5)
    (0.001, 0.0)
    """
    dtype = getattr(_from_framework(value), "dtype", None)
    return float(np.finfo(dtype).eps) if dtype is not None and dtype.kind == "f" else 0.0
