"""The front door for what is no number: functions, lists of settings, tables with named columns.

The rules are those of `course_utils._arguments`: a wrong kind of thing is a TypeError, a wrong
value a ValueError, and the message says what was given, what is needed and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from course_utils._arguments import shown

if TYPE_CHECKING:
    import pandas as pd

_Kind = TypeVar("_Kind")
_Function = TypeVar("_Function", bound=Callable[..., Any])


def function(name: str, value: _Function, call: str) -> _Function:
    """Return a function, of which `call` says how it is called.

    Examples
    --------
    >>> function("scorer", None, "scorer(items)")
    Traceback (most recent call last):
    TypeError: scorer must be a function, called as scorer(items), got None
    """
    if not callable(value):
        raise TypeError(f"{name} must be a function, called as {call}, got {shown(value)}")
    return value


def made_by(name: str, value: Any, kind: type[_Kind], maker: str) -> _Kind:
    """Return what another function of the course has made.

    Examples
    --------
    >>> made_by("exam", [1], dict, "deal")
    Traceback (most recent call last):
    TypeError: exam must be a dict, as deal gives it, got [1]
    """
    if not isinstance(value, kind):
        wanted = f"{name} must be a {kind.__name__}, as {maker} gives it"
        raise TypeError(f"{wanted}, got {shown(value)}")
    return value


def items(name: str, values: Iterable[_Kind], of: str) -> list[_Kind]:
    """Return some things as a list; a text is one thing.

    Examples
    --------
    >>> items("settings", (1, 2), "settings")
    [1, 2]
    >>> items("settings", "12", "settings")
    Traceback (most recent call last):
    TypeError: settings must be a list of settings, got '12'
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list of {of}, got {shown(values)}")
    return list(values)


def all_made_by(
    name: str, values: Iterable[Any], of: str, kind: type[_Kind], maker: str
) -> list[_Kind]:
    """Return some things that another function of the course has made.

    Examples
    --------
    >>> all_made_by("exams", [{}, 3], "exams", dict, "deal")
    Traceback (most recent call last):
    TypeError: exams must be a dict, as deal gives it, got 3
    """
    return [made_by(name, value, kind, maker) for value in items(name, values, of)]


def parts(name: str, values: Iterable[Any], number: int, of: str) -> list[Any]:
    """Return a tuple of several things, of which `of` says what they are, as a list.

    Examples
    --------
    >>> parts("setting", (8, 0.1, 2), 2, "size and share")
    Traceback (most recent call last):
    ValueError: setting must be size and share, got 3 parts
    """
    found = items(name, values, of)
    if len(found) != number:
        raise ValueError(f"{name} must be {of}, got {len(found)} parts")
    return found


def texts(name: str, values: Iterable[str], of: str) -> list[str]:
    """Return some texts as a list.

    Examples
    --------
    >>> texts("titles", ["Heat (1995)", None], "titles")
    Traceback (most recent call last):
    TypeError: titles must be a list of titles, got None at position 1
    """
    found = items(name, values, of)
    for position, value in enumerate(found):
        if not isinstance(value, str):
            raise TypeError(
                f"{name} must be a list of {of}, got {shown(value)} at position {position}"
            )
    return found


def mapping(name: str, values: Mapping[Any, _Kind], of: str) -> Mapping[Any, _Kind]:
    """Return a dictionary, of which `of` says what leads to what.

    Examples
    --------
    >>> mapping("errors", [0.1], "settings and their errors")
    Traceback (most recent call last):
    TypeError: errors must be a dictionary of settings and their errors, got [0.1]
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} must be a dictionary of {of}, got {shown(values)}")
    return values


def table(name: str, value: pd.DataFrame, columns: Sequence[str], source: str) -> pd.DataFrame:
    """Return a data frame that has some columns.

    Examples
    --------
    >>> import pandas as pd
    >>> table("movies", pd.DataFrame({"title": ["Heat"]}), ["movieId", "title"], "load")
    Traceback (most recent call last):
    ValueError: movies must be a table with movieId, title, got none with movieId; load gives one
    """
    import pandas as pd

    wanted = f"{name} must be a table with {', '.join(columns)}"
    if not isinstance(value, pd.DataFrame):
        raise TypeError(f"{wanted}, got {shown(value)}; {source} gives one")
    for column in columns:
        if column not in value.columns:
            raise ValueError(f"{wanted}, got none with {column}; {source} gives one")
    return value


def dtype(name: str, value: DTypeLike) -> np.dtype:
    """Return a type of NumPy.

    Examples
    --------
    >>> dtype("dtype", "float33")
    Traceback (most recent call last):
    TypeError: dtype must be a type of NumPy, such as np.float32, got 'float33'
    """
    try:
        return np.dtype(value)
    except TypeError:
        wanted = f"{name} must be a type of NumPy, such as np.float32"
        raise TypeError(f"{wanted}, got {shown(value)}") from None
