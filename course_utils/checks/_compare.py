"""How two values differ, in words, and whether an input is still what it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils.checks._answers import (
    NotAnAnswerError,
    as_array,
    is_number,
    is_sparse,
    is_text,
    kind_of,
    plain,
)

# Larger results are too much to compare by eye, so the first difference is named.
_SEEN_AT_A_GLANCE = 12

_SINGLE = float(np.finfo(np.float32).eps)


def same_value(expected: Any, got: Any, *, relative: float = 1e-6) -> str:
    """Compare two results of a function and say in words how they differ.

    Parameters
    ----------
    expected, got : scalar, array_like, scipy sparse array, or tuple/list of these
        Sparse arrays are compared by shape, dtype and dense values, so any sparse format and
        any order of storage will do. Numbers may be of any type. The type that is expected says
        how exact they must be: half precision is no excuse where more was asked for.
    relative : float, default 1e-6
        How far floats may differ by rounding, in relation to their size; what is calculated in
        single precision, by seven digits of the largest number.

    Returns
    -------
    str
        Empty if they agree, else the difference.

    Examples
    --------
    >>> same_value(np.array([1, 2]), [1, 2])
    ''
    >>> same_value(np.zeros((2, 3)), np.zeros((2, 2)))
    'shape (2, 2) instead of (2, 3)'
    """
    try:
        return _difference(plain(expected), plain(got), relative, _is_single(got))
    except NotAnAnswerError as error:
        return str(error)


def same_kind(expected: Any, got: Any) -> str:
    """Compare as :func:`same_value` does, and do not take floats for integers or booleans.

    Examples
    --------
    >>> same_kind(np.array([1, 2]), np.array([1.0, 2.0]))
    'float64 numbers instead of integers'
    >>> same_kind(np.array([1, 2]), np.array([1, 2], dtype=np.int8))
    ''
    """
    return same_value(expected, got) or _pairwise(_other_kind, expected, got)


def same_dtype(expected: Any, got: Any) -> str:
    """Compare as :func:`same_value` does, and the dtypes as well.

    Examples
    --------
    >>> same_dtype(np.ones(2), np.ones(2, dtype=np.float32))
    'dtype float32 instead of float64'
    """
    return same_value(expected, got) or _pairwise(_other_dtype, expected, got)


def same_ranking(scores: ArrayLike, expected: ArrayLike, got: Any) -> str:
    """Compare two rankings by the scores they lead to, so that equals may stand in any order.

    Parameters
    ----------
    scores : (n,) array_like
        What the positions are ranked by.
    expected, got : (k,) array_like of int
        Positions in scores, best first.

    Returns
    -------
    str
        Empty if both rank equally well, else the difference.

    Examples
    --------
    >>> same_ranking([0.5, 0.9, 0.5], [1, 0], [1, 2])
    ''
    >>> same_ranking([0.5, 0.9, 0.5], [1, 0, 2], [1, 0, 0])
    'a position stands twice'
    """
    if not same_value(expected, got):
        return ""
    try:
        places = as_array(plain(got))
    except NotAnAnswerError as error:
        return str(error)
    wanted = np.asarray(expected)
    if places.shape != wanted.shape:
        return f"shape {places.shape} instead of {wanted.shape}"
    if not np.issubdtype(places.dtype, np.integer):
        return f"{kind_of(places)} instead of positions, which are integers"
    values = np.asarray(scores)
    if places.size and not (places.min() >= 0 and places.max() < len(values)):
        return f"positions go from 0 to {len(values) - 1}"
    if len(np.unique(places)) < len(places):
        return "a position stands twice"
    return same_value(values[wanted], values[places])


def difference(compare: Callable[..., str], expected: Any, got: Any, *more: Any) -> str:
    """Difference in words, also for a result so odd that it cannot even be compared."""
    try:
        return compare(expected, got, *more)
    except NotAnAnswerError as error:
        return str(error)
    except Exception as error:
        return f"not comparable ({type(error).__name__}: {error})"


def _difference(expected: Any, got: Any, relative: float, single: bool) -> str:
    if isinstance(expected, tuple):
        return _difference_of_parts(expected, got, relative, single)
    if is_sparse(expected):
        if not is_sparse(got):
            return f"a {type(got).__name__} instead of a sparse array"
        if got.shape == expected.shape and got.dtype != expected.dtype:
            return f"dtype {got.dtype} instead of {expected.dtype}"
        return _difference(expected.toarray(), got.toarray(), relative, single)
    if is_sparse(got):
        return "a sparse array instead of a dense one"
    wanted, given = np.asarray(expected), as_array(got)
    if given.dtype == object and wanted.dtype != object and is_number(given[()]):
        given = given.astype(float)  # an integer beyond 64 bits
    if wrong := _wrong_type(wanted, given):
        return wrong
    if given.shape != wanted.shape:
        return f"shape {given.shape} instead of {wanted.shape}"
    agree = _agreement(wanted, given, relative, single)
    if agree.all():
        return ""
    if _only_too_short(wanted, given, agree):
        return f"rounded: {given.dtype} holds three digits; calculate in float64"
    if agree.size <= _SEEN_AT_A_GLANCE:
        return "other values"
    place = tuple(int(i) for i in np.argwhere(~agree)[0])
    where = place[0] if len(place) == 1 else place
    return (
        f"other values, first at {where}: {_short(given[place])} instead of {_short(wanted[place])}"
    )


def _difference_of_parts(expected: tuple[Any, ...], got: Any, relative: float, single: bool) -> str:
    if isinstance(got, np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, (tuple, list)):
        return f"one {type(got).__name__} instead of {len(expected)} values"
    if len(got) != len(expected):
        return f"{len(got)} values instead of {len(expected)}"
    for position, pair in enumerate(zip(expected, got, strict=True)):
        if found := _difference(*pair, relative, single):
            return f"value {position}: {found}"
    return ""


def _wrong_type(expected: np.ndarray, got: np.ndarray) -> str:
    real = expected.dtype.kind in "biuf"
    if real and is_text(got):
        return "a text instead of a number"
    if real and got.dtype.kind == "c":
        return "complex numbers instead of real ones"
    if got.dtype == object and expected.dtype != object:
        odd = next(part for part in got.flat if not is_number(part))
        if got.ndim == 0:
            return f"a {kind_of(odd)} instead of {_asked_for(expected)}"
        what = "None" if odd is None else f"a {kind_of(odd)}"
        return f"{what} in the place of a number"
    if is_text(got) != is_text(expected):
        return f"{_asked_for(got)} instead of a text"
    return ""


def _asked_for(array: np.ndarray) -> str:
    if is_text(array):
        return "a text"
    return f"an array of shape {array.shape}" if array.ndim else "a number"


def _agreement(expected: np.ndarray, got: np.ndarray, relative: float, single: bool) -> np.ndarray:
    if not any(np.issubdtype(array.dtype, np.inexact) for array in (expected, got)):
        return np.asarray(expected == got)
    # A type that holds three digits excuses the answer only if that type was asked for.
    relative = max(relative, 2 * _rounding(expected))
    largest = float(np.abs(expected[np.isfinite(expected)]).max(initial=0)) or 1.0
    # Where mathematics has 0, floating point leaves some 1e-16 of what was added up.
    absolute = max(1e-12, 1e-9 * min(1.0, largest))
    if single:  # and single precision some 1e-7
        absolute = max(absolute, 4 * _SINGLE * largest)
    with np.errstate(over="ignore"):
        return np.isclose(got, expected, rtol=relative, atol=absolute, equal_nan=True)


def _is_single(value: Any) -> bool:
    """Whether a result, or a part of it, was calculated in single precision."""
    if isinstance(value, (tuple, list)):
        return any(map(_is_single, value))
    return str(getattr(value, "dtype", "")).endswith("float32")


def _rounding(array: np.ndarray) -> float:
    """How far apart two neighbouring numbers of a float type are, in relation to their size."""
    return float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0


def _only_too_short(expected: np.ndarray, got: np.ndarray, agree: np.ndarray) -> bool:
    """Whether half precision is all that is wrong with an answer."""
    if got.dtype != np.float16:
        return False
    off = np.abs(expected[~agree] - got[~agree].astype(float))
    return bool(np.all(off <= 4 * _rounding(got) * np.abs(expected[~agree])))


def _short(value: Any) -> str:
    own = value.item()
    return f"{own:.7g}" if isinstance(own, float) else repr(own)


def _pairwise(rule: Callable[[Any, Any], str], expected: Any, got: Any) -> str:
    """First difference that a rule finds in results whose values agree."""
    expected, got = plain(expected), plain(got)
    if isinstance(expected, tuple):
        parts = (_pairwise(rule, *pair) for pair in zip(expected, got, strict=True))
        return next((part for part in parts if part), "")
    return rule(
        expected if is_sparse(expected) else np.asarray(expected),
        got if is_sparse(got) else np.asarray(got),
    )


_KINDS = {
    "i": "integers",
    "u": "integers",
    "b": "True and False",
    "f": "floats",
    "c": "complex numbers",
}


def _other_kind(expected: Any, got: Any) -> str:
    wanted, given = (_KINDS.get(array.dtype.kind) for array in (expected, got))
    return "" if wanted == given or not got.size else f"{got.dtype} numbers instead of {wanted}"


def _other_dtype(expected: Any, got: Any) -> str:
    same = expected.dtype == got.dtype
    return "" if same else f"dtype {got.dtype} instead of {expected.dtype}"


def contents(value: Any) -> Any:
    """Something that compares equal as long as nobody changes what the value means."""
    if isinstance(value, (tuple, list)):
        return [contents(part) for part in value]
    if is_sparse(value):
        return contents(value.toarray())
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype, value.shape, value.tobytes()
    return repr(value)


def storage(value: Any) -> Any:
    """Something that compares equal as long as what is stored stays as it is."""
    if isinstance(value, (tuple, list)):
        return [storage(part) for part in value]
    if not is_sparse(value):
        return None
    names = ("data", "indices", "indptr", "row", "col", "offsets", "rows")
    parts = [getattr(value, name, None) for name in names]
    return [contents(part) for part in parts if part is not None]
