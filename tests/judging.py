"""What tests share: judging an attempt, and what mutation cannot bear."""

import inspect
import os

import pytest

from course_utils.checks import Breaking

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
