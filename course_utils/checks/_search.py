"""Search for the smallest input on which an attempt fails, the same on every run."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

EXAMPLES = 200
# Shrinking a counter-example may go on for long; what it has after so many calls is small enough.
CALLS = 1000
# Search -> all inputs that an attempt meets that fails on none, in their order. Drawing them takes
# longer than to call most attempts, and they are the same for every attempt on an exercise.
DRAWN: WeakKeyDictionary[Any, list[tuple[Any, ...]]] = WeakKeyDictionary()


class _EnoughError(BaseException):
    """No more calls."""


def smallest_failure(
    search: Any, fails: Callable[[tuple[Any, ...]], bool]
) -> tuple[Any, ...] | None:
    """Draw inputs until one fails, and make it smaller as long as it does.

    The inputs of a search that found nothing are kept: where the next attempt fails on none of
    them either, nothing is drawn. Where it fails, the search is as in a fresh process.

    Parameters
    ----------
    search : hypothesis strategy
        Produces argument tuples.
    fails : callable
        Whether an attempt fails on an argument tuple; it leaves the tuple as it is.

    Returns
    -------
    tuple or None
        The smallest input found, or None if none of 200 fails.
    """
    smallest = None
    if search in DRAWN:
        smallest = next(filter(fails, DRAWN[search]), None)
        if smallest is None:
            return None

    import hypothesis

    settings = hypothesis.settings(
        database=None,
        deadline=None,
        max_examples=EXAMPLES,
        # The phase that explains takes most of the time, and nobody reads it.
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    )
    calls = 0
    met = []

    def fails_within_bounds(arguments: tuple[Any, ...]) -> bool:
        nonlocal calls, smallest
        calls += 1
        if calls > CALLS:
            raise _EnoughError
        met.append(arguments)
        failed = fails(arguments)
        smallest = arguments if failed else smallest
        return failed

    with (
        _leaving_nothing_behind(),
        contextlib.suppress(hypothesis.errors.NoSuchExample, hypothesis.errors.Flaky, _EnoughError),
    ):
        return hypothesis.find(
            search, fails_within_bounds, settings=settings, random=random.Random(0)
        )
    if smallest is None and calls <= CALLS:
        DRAWN[search] = met
    return smallest


@contextlib.contextmanager
def _leaving_nothing_behind() -> Iterator[None]:
    """Keep Hypothesis from writing beside the notebook, and from reading any module's constants.

    It collects the constants of all modules that are loaded, and keeps them, so that a verdict
    would depend on what else the process has imported, and on whether it searched before.
    """
    from hypothesis import configuration
    from hypothesis.internal.conjecture import providers

    before = getattr(configuration, "__hypothesis_home_directory", None)
    configuration.set_hypothesis_home_dir(Path(os.devnull, "hypothesis"))  # can never be made
    with _without_constants(providers):
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(before)


def _without_constants(providers: Any) -> contextlib.AbstractContextManager[Any]:
    """Draw as in a process that has imported nothing; old versions of Hypothesis always do."""
    if not hasattr(providers, "_get_local_constants"):
        return contextlib.nullcontext()
    none, kept = providers.Constants(), providers.CONSTANTS_CACHE
    # What the cache holds may have been made of the constants that others collected.
    fresh = type(kept)(kept.max_size)
    return mock.patch.multiple(providers, _get_local_constants=lambda: none, CONSTANTS_CACHE=fresh)
