"""Values as the learner should see them, in aligned lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.checks._answers import NotAnAnswerError, is_sparse, is_text, plain

# Types that a printed array gives away by itself.
_USUAL = ("int64", "float64", "bool", "complex128")


def describe(value: Any, digits: int = 7) -> str:
    """Text of a value as the learner should see it.

    Parameters
    ----------
    value : object
        Sparse arrays are shown by their dense values, with format and dtype in front; what is
        stored follows if the values do not give it away (stored zeros, duplicates, order). Arrays
        carry their dtype unless it is a usual one, and their shape if they are empty.
    digits : int, default 7
        Significant digits of floats; 7 are what :func:`same_value` compares.

    Returns
    -------
    str
        One line, or several if the value is an array with rows.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> print(describe(sp.csc_array([[0, 5], [2, 0]])))
    csc_array, int64:
    [[0 5]
     [2 0]]
    >>> print(describe(sp.csr_array(([5, 0], [1, 0], [0, 2]), shape=(1, 2))))
    csr_array, int64:
    [[0 5]]
    stored: data [5 0], indices [1 0], indptr [0 2]
    >>> describe(np.array([3, 9], dtype=np.uint8)), describe(np.zeros((0, 3)))
    ('[3 9] (uint8)', '[] (shape (0, 3))')
    """
    if is_sparse(value):
        kind = type(value).__name__
        table = _table(value.toarray(), digits)
        return "\n".join([f"{kind}, {value.dtype}:", table, *_storage(value)])
    if isinstance(value, np.ndarray) and value.ndim:
        return _table(value, digits) + _remark(value)
    if isinstance(value, tuple):
        inside = ", ".join(describe(part, digits) for part in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    try:
        own = plain(value)
    except NotAnAnswerError:
        own = value
    if isinstance(own, np.ndarray):  # a tensor or a data frame
        return f"{type(value).__name__}: {_table(own, digits)}{_remark(own)}"
    return f"{own:.{digits}g}" if isinstance(own, float) else repr(own)


def _table(array: np.ndarray, digits: int) -> str:
    if array.size == 0:
        return "[]"
    with np.printoptions(precision=max(8, digits)):
        return str(array)


def _remark(array: np.ndarray) -> str:
    """Say what a printed array does not show by itself."""
    remarks = [] if array.dtype.name in _USUAL or is_text(array) else [array.dtype.name]
    if array.size == 0 and array.ndim:
        remarks.append(f"shape {array.shape}")
    return f" ({', '.join(remarks)})" if remarks else ""


def _storage(value: Any) -> list[str]:
    """Line with the stored arrays of CSR, CSC or COO if they are not what the values suggest."""
    if value.ndim != 2 or value.format not in ("csr", "csc", "coo"):
        return []
    # A new wrapper looks for itself instead of trusting a cached flag.
    in_order = value.format == "coo" or type(value)(value).has_sorted_indices
    if in_order and value.nnz == np.count_nonzero(value.toarray()):
        return []
    names = ("data", "row", "col") if value.format == "coo" else ("data", "indices", "indptr")
    return ["stored: " + ", ".join(f"{name} {getattr(value, name)}" for name in names)]


def shown_apart(expected: Any, got: Any) -> tuple[str, str]:
    """Texts of two values that differ: with more digits, or their types, if they look alike.

    Examples
    --------
    >>> shown_apart(0.1, 0.1 + 1e-10)
    ('0.1', '0.1000000001')
    >>> shown_apart(1, 1.0)
    ('1 (int)', '1 (float)')
    """
    for digits in (7, 10, 17):
        texts = describe(expected, digits), describe(got, digits)
        if texts[0] != texts[1]:
            return texts
    kinds = [
        f"{value.dtype}, shape {value.shape}"
        if isinstance(value, np.ndarray)
        else type(value).__name__
        for value in (expected, got)
    ]
    return f"{texts[0]} ({kinds[0]})", f"{texts[1]} ({kinds[1]})"


def aligned(label: str, text: str) -> str:
    """One aligned line of feedback; the rest of a longer text is indented below it."""
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"  {label:<9} {first}", *(" " * 12 + line for line in rest)])
