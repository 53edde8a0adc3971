"""What the tests of every check share."""

import inspect

from course_utils.checks import Breaking


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
