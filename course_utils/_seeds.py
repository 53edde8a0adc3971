"""A seed as the number that a library takes which knows no NumPy generators."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils import _arguments


def number_of(seed: Any, largest: int) -> int:
    """Return a seed as a number; a generator draws it.

    Parameters
    ----------
    seed : int or numpy.random.Generator
        What the caller gave.
    largest : int
        The largest number that the library takes.

    Returns
    -------
    int
        From 0 to `largest`.

    Raises
    ------
    TypeError
        If `seed` is neither of the two.
    ValueError
        If it is negative or larger than `largest`.

    Examples
    --------
    >>> number_of(7, 100)
    7
    >>> 0 <= number_of(np.random.default_rng(0), 100) <= 100
    True
    """
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(largest, endpoint=True))
    _arguments.random_generator(seed)  # its message names the generator, too
    return _arguments.integer("seed", seed, 0, largest)
