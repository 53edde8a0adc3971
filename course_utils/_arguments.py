"""The front door for plain arguments: what comes in is what a function means, or is refused.

Every public function of the course checks its arguments here, so that one mistake gets one
message everywhere. A wrong kind of thing is a TypeError, a wrong value a ValueError; the message
says what was given, what is needed and, where that helps, what to do.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp


def integer(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Return a count or a position as Python's own integer.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : int or NumPy integer or 0-d array of integer
        Booleans and floats such as 2.0 are none.
    low, high : int, optional
        Smallest and largest value allowed.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    TypeError
        If `value` is no integer.
    ValueError
        If it is out of range.

    Examples
    --------
    >>> integer("k", np.int64(2), 1, 3)
    2
    >>> integer("k", 2.0, 1, 3)
    Traceback (most recent call last):
    TypeError: k must be an integer from 1 to 3, got 2.0
    """
    wanted = f"{name} must be an integer{_between(low, high)}"
    try:
        whole = None if _is_boolean(value) else operator.index(value)
    except TypeError:
        whole = None
    if whole is None:
        raise TypeError(f"{wanted}, got {shown(value)}")
    if (low is not None and whole < low) or (high is not None and whole > high):
        raise ValueError(f"{wanted}, got {whole}")
    return whole


def number(
    name: str,
    value: Any,
    low: float | None = None,
    high: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return a finite real number as Python's own float.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : real number
        Of Python, NumPy, `fractions` or `decimal`, or an array of 0 dimensions.
    low, high : float, optional
        Smallest and largest value allowed.
    above, below : float, optional
        Bounds that are themselves not allowed.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    TypeError
        If `value` is no real number; booleans and text are none.
    ValueError
        If it is NaN, infinite or out of range.

    Examples
    --------
    >>> number("sigma", np.float32(0.5), low=0)
    0.5
    >>> number("level", 1, above=0, below=1)
    Traceback (most recent call last):
    ValueError: level must be a number above 0 and below 1, got 1
    """
    wanted = f"{name} must be a number{_between(low, high, above, below)}"
    if not _is_real(value):
        raise TypeError(f"{wanted}, got {shown(value)}")
    real = float(value)
    inside = (
        math.isfinite(real)
        and (low is None or real >= low)
        and (high is None or real <= high)
        and (above is None or real > above)
        and (below is None or real < below)
    )
    if not inside:
        raise ValueError(f"{wanted}, got {shown(value)}")
    return real


def flag(name: str, value: Any) -> bool:
    """Return an option that is on or off as Python's own boolean.

    Examples
    --------
    >>> flag("progress", np.True_)
    True
    >>> flag("progress", "no")
    Traceback (most recent call last):
    TypeError: progress must be True or False, got 'no'
    """
    if not _is_boolean(value):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """Return one of several words as Python's own text.

    Examples
    --------
    >>> choice("combiner", np.str_("sum"), ("sum", "mean"))
    'sum'
    >>> choice("combiner", "average", ("sum", "mean"))
    Traceback (most recent call last):
    ValueError: combiner must be 'sum' or 'mean', got 'average'
    """
    known = list(options)
    listed = " or ".join(filter(None, [", ".join(map(repr, known[:-1])), repr(known[-1])]))
    if not isinstance(value, str):
        raise TypeError(f"{name} must be {listed}, got {shown(value)}")
    if value not in known:
        raise ValueError(f"{name} must be {listed}, got {str(value)!r}")
    return str(value)


def random_generator(seed: Any, name: str = "seed") -> np.random.Generator:
    """Return a generator of random numbers; one that is given goes on where it was.

    Parameters
    ----------
    seed : int or numpy.random.Generator
        A number of at least 0 gives the same draws at every call.
    name : str
        The argument's name, for the message.

    Returns
    -------
    numpy.random.Generator
        New, or the very one that was given.

    Examples
    --------
    >>> random_generator(np.int64(0)).integers(10)
    np.int64(8)
    >>> random_generator(0.5)
    Traceback (most recent call last):
    TypeError: seed must be an integer of at least 0 or a numpy.random.Generator, got 0.5
    """
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(integer(name, seed, 0))
    except (TypeError, ValueError) as error:
        wanted = f"{name} must be an integer of at least 0 or a numpy.random.Generator"
        raise type(error)(f"{wanted}, got {shown(seed)}") from None


def dense(
    name: str,
    values: Any,
    *,
    ndim: int | None = None,
    shape: str = "",
    empty: bool = False,
    finite: bool = True,
    single: bool = False,
) -> np.ndarray:
    """Return real numbers as a dense array of floats, in which sums and squares are safe.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of real numbers
        Integers of any width, booleans, half precision, fractions, data frames and tensors are
        taken as the numbers they are.
    ndim : int, optional
        Dimensions needed. Default: any.
    shape : str
        The shape in words for the message, such as ``"(rows, units)"``.
    empty : bool
        Whether an array without a cell is allowed.
    finite : bool
        Whether NaN and infinity are refused.
    single : bool
        Whether float32 stays float32. Everything else becomes float64.

    Returns
    -------
    ndarray of float64, or of float32
        May share memory with `values`.

    Raises
    ------
    TypeError
        If `values` is sparse, or holds anything but real numbers.
    ValueError
        If it has another number of dimensions, cells that are masked or not finite, or no cell.

    Examples
    --------
    >>> dense("codes", [[1, 2]], ndim=2)
    array([[1., 2.]])
    >>> dense("codes", sp.csr_array([[1.0]]))
    Traceback (most recent call last):
    TypeError: codes must be a dense array, got a csr_array of shape (1, 1); use .toarray()
    """
    array = _real(name, as_array(name, values))
    array = array.astype(
        np.float32 if single and array.dtype == np.float32 else np.float64, copy=False
    )
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must be {_dimensions(ndim, shape)}, got shape {array.shape}")
    if not empty and array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if finite:
        check_finite(name, array)
    return array


def integers(name: str, values: Any, *, ndim: int = 1) -> np.ndarray:
    """Return whole numbers, such as labels or positions, with the dtype they came with.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of integer
        Floats such as 3.0 and booleans are none. An empty list has no dtype and becomes int64.
    ndim : int
        Dimensions needed.

    Returns
    -------
    ndarray of integer
        May share memory with `values`.

    Examples
    --------
    >>> integers("labels", [3, 1])
    array([3, 1])
    >>> integers("labels", [3.0, 1.0])
    Traceback (most recent call last):
    TypeError: labels must hold integers, got float64; convert whole numbers with .astype(int)
    """
    array = as_array(name, values)
    if array.ndim != ndim:
        raise ValueError(f"{name} must be {ndim}-D, got shape {array.shape}")
    if array.size == 0 and array.dtype.kind not in "iu":
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        remedy = "; convert whole numbers with .astype(int)" if array.dtype.kind == "f" else ""
        raise TypeError(f"{name} must hold integers, got {_dtype(array)}{remedy}")
    return array


def truths(name: str, values: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return a mask of booleans, of a given shape if one is named.

    Examples
    --------
    >>> truths("where", [True, False], (2,))
    array([ True, False])
    >>> truths("where", [1, 0])
    Traceback (most recent call last):
    TypeError: where must hold True and False, got int64; compare first, as in `values > 0`
    """
    array = as_array(name, values)
    if array.dtype != bool:
        raise TypeError(
            f"{name} must hold True and False, got {_dtype(array)}; "
            "compare first, as in `values > 0`"
        )
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array


def same_shape(first: str, one: np.ndarray, second: str, other: np.ndarray) -> None:
    """Refuse two arrays that differ in shape: broadcasting them would be silently wrong.

    Examples
    --------
    >>> same_shape("truth", np.zeros(3), "prediction", np.zeros((3, 1)))
    Traceback (most recent call last):
    ValueError: truth and prediction must have the same shape, got (3,) and (3, 1)
    """
    if one.shape != other.shape:
        raise ValueError(
            f"{first} and {second} must have the same shape, got {one.shape} and {other.shape}"
        )


def in_unit_interval(name: str, values: np.ndarray) -> None:
    """Refuse grey values or probabilities outside [0, 1].

    Examples
    --------
    >>> in_unit_interval("images", np.array([0.0, 255.0]))
    Traceback (most recent call last):
    ValueError: images must lie in [0, 1], got values from 0 to 255; divide bytes by 255
    """
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        low, high = values.min(), values.max()
        remedy = "; divide bytes by 255" if high > 1 else ""
        raise ValueError(f"{name} must lie in [0, 1], got values from {low:g} to {high:g}{remedy}")


def check_finite(name: str, array: np.ndarray) -> None:
    """Refuse NaN and infinity, and say where the first one stands."""
    if array.dtype.kind == "f" and not all_finite(array):
        wrong = np.argwhere(~np.isfinite(array))
        place = _place(wrong[0])
        raise ValueError(
            f"{name} must be finite, got {array[tuple(wrong[0])]} {place} "
            f"({len(wrong)} such {'cell' if len(wrong) == 1 else 'cells'}); "
            "decide first what a missing value is to be"
        )


def all_finite(array: np.ndarray) -> bool:
    """Whether no value is NaN or infinite; one sum of squares says so unless it overflows."""
    flat = array.ravel(order="K")
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat))) or bool(np.isfinite(array).all())


def as_array(name: str, values: Any) -> np.ndarray:
    """Return whatever means a dense array as one, and refuse what cannot mean one."""
    sparse: bool = sp.issparse(values)  # asked in the `if`, it would narrow the type too far
    if sparse:
        raise TypeError(
            f"{name} must be a dense array, got a {type(values).__name__} of shape "
            f"{values.shape}; use .toarray()"
        )
    if isinstance(values, np.ma.MaskedArray):
        if hidden := int(np.ma.count_masked(values)):
            raise ValueError(
                f"{name} must be a plain array, got a masked one with {hidden} masked "
                f"{'cell' if hidden == 1 else 'cells'}; say what they are with .filled(...)"
            )
        return values.data
    if hasattr(values, "detach"):  # a tensor of PyTorch, on any device, with or without gradient
        if str(values.layout) != "torch.strided":
            raise TypeError(f"{name} must be a dense array, got a sparse tensor; use .to_dense()")
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":  # NumPy has no such type
            values = values.float()
    try:
        array = np.asarray(values)
    except ValueError:  # NumPy's own message speaks of inhomogeneous shapes
        raise ValueError(f"{name} must have rows of equal length, got {shown(values)}") from None
    if array.dtype != object:
        return array
    try:
        if any(value is None for value in array.ravel()):  # NumPy would read NaN
            raise TypeError
        return array.astype(np.float64)  # fractions, decimals, numbers beyond 64 bits
    except (TypeError, ValueError, OverflowError):
        found = next((v for v in array.ravel() if not _is_real(v)), array.ravel()[0])
        raise TypeError(f"{name} must hold real numbers, got {shown(found)}") from None


def _real(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "V" and "float" in str(array.dtype):  # bfloat16 of TensorFlow
        return array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got {_dtype(array)}")
    return array


def _dtype(array: np.ndarray) -> str:
    return "text" if array.dtype.kind in "US" else str(array.dtype)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def _is_real(value: Any) -> bool:
    if _is_boolean(value):
        return False
    if isinstance(value, numbers.Real) or type(value).__name__ == "Decimal":
        return True
    return getattr(value, "shape", None) == () and np.asarray(value).dtype.kind in "iuf"


def _between(
    low: float | None,
    high: float | None,
    above: float | None = None,
    below: float | None = None,
) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    parts = [
        f"{word} {bound}"
        for word, bound in (
            ("of at least", low),
            ("above", above),
            ("of at most", high),
            ("below", below),
        )
        if bound is not None
    ]
    return " " + " and ".join(parts) if parts else ""


def _dimensions(ndim: int, shape: str) -> str:
    return f"{ndim}-D with shape {shape}" if shape else f"{ndim}-D"


def _place(position: np.ndarray) -> str:
    if len(position) == 2:
        return f"in row {position[0]}, column {position[1]}"
    return f"at position {', '.join(map(str, position))}" if len(position) else "alone"


def shown(value: Any, limit: int = 60) -> str:
    """Short text of a value: NumPy's scalars without their type, long ones cut."""
    text = str(value) if isinstance(value, (np.number, np.bool_)) else " ".join(repr(value).split())
    return text if len(text) <= limit else f"{text[:limit]}…"
