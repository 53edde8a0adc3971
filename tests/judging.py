"""What tests share: judging an attempt, and what mutation cannot bear."""

import functools
import inspect
import os
from time import process_time

import pytest

from course_utils.checks import Breaking, Status, _search

# For tests that look at who calls whom, which mutmut changes: it calls every function by way of
# another.
direct_calls = pytest.mark.skipif(
    "MUTANT_UNDER_TEST" in os.environ, reason="mutmut calls every function by way of another"
)


def assert_judged(exercise, attempt, status, text=""):
    """Judge an attempt, and compare its status and a part of the feedback.

    A tuple holds the inputs of an exercise that is to be broken by more than one.
    """
    several = (
        isinstance(exercise, Breaking)
        and isinstance(attempt, tuple)
        and len(inspect.signature(exercise.refusal).parameters) > 1
    )
    outcome = exercise.judge(*attempt) if several else exercise.judge(attempt)
    assert (outcome.status, text in outcome.message) == (status, True), outcome.message
    return outcome


def quickly(judge, *arguments, drawing=0.0):
    """Judge, and demand that it takes about a second of computing, as a quiet core computes.

    What else runs on a machine, or a slower one, makes the same work take longer; so a verdict
    that took longer is compared with a sum that takes some 60 ms on a quiet core. Programs that
    begin in between disturb that once or twice, but a slow verdict is slow each time.

    A learner's process has not drawn the inputs of a search before; `drawing` are the seconds that
    this takes.
    """
    outcome, seconds = _timed(judge, *arguments)
    seconds += drawing
    if seconds > 1 and "MUTANT_UNDER_TEST" not in os.environ and not _is_quick(seconds):
        seconds = min(_timed_afresh(judge, *arguments) for _ in range(2))
        assert _is_quick(seconds), f"{seconds:.1f} s of computing"
    return outcome


def _timed(work, *arguments):
    started = process_time()
    return work(*arguments), process_time() - started


def _timed_afresh(work, *arguments):
    _search.DRAWN.clear()
    return _timed(work, *arguments)[1]


def _is_quick(seconds):
    return seconds < 40 * _timed(lambda: sum(i * i for i in range(1_000_000)))[1]


def assert_right(exercise, attempt, text=""):
    """Judge a right attempt, quickly."""
    drawing = _seconds_of_drawing(getattr(exercise, "search", None))
    return quickly(assert_judged, exercise, attempt, Status.RIGHT, text, drawing=drawing)


@functools.cache
def _seconds_of_drawing(search):
    if search is None:
        return 0.0
    return _timed(_search.smallest_failure, search, lambda arguments: False)[1]


def assert_not_right(exercise, attempt, text=""):
    """Judge a wrong attempt, which may also raise an error or return nothing, quickly."""
    outcome = quickly(exercise.judge, attempt)
    statuses = {Status.WRONG, Status.RAISED, Status.RETURNED_NONE}
    assert (outcome.status in statuses, text in outcome.message) == (True, True), outcome.message
    return outcome
