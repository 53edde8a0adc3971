"""What a check can find, and how it is shown: outcomes, named cases, points."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

import numpy as np


class _Todo:
    """Placeholder of an exercise that nobody has attempted yet."""

    def __repr__(self) -> str:
        return "TODO"


TODO: Final = _Todo()


class Status(enum.Enum):
    """What a check can find, with the mark it prints."""

    NOT_ATTEMPTED = "○"
    RETURNED_NONE = "✗ (nothing returned)"
    RAISED = "✗ (raised)"
    TOO_SLOW = "✗ (too slow)"
    WRONG = "✗"
    RIGHT = "✓"


@dataclass(frozen=True)
class Outcome:
    """Result of a check.

    Attributes
    ----------
    status : Status
        Which of the six outcomes it is.
    message : str
        The text the learner reads.
    passed, total : int
        How many cases the attempt is right on, and how many there are; a search counts as one
        case more, and a prediction or an input that is to break something as a single one.
    failed : tuple of str
        Names of the cases on which it is not right.
    """

    status: Status
    message: str
    passed: int = 0
    total: int = 1
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One named input.

    Attributes
    ----------
    name : str
        What is special about the input, such as "an empty row".
    arguments : tuple
        Positional arguments of the function.
    reason : str
        Why it matters, as a full clause; shown when the case fails.
    hint : str
        Shown in place of the exercise's hint when this case fails.
    """

    name: str
    arguments: tuple[Any, ...]
    reason: str
    hint: str = ""


def verdict(statement: str, holds: bool | np.bool_) -> None:
    """Print a statement that the numbers above support, or stop the notebook.

    Introduced in *Check your set-up and find your way*.

    Trained numbers differ in their last digits from one processor to the next, so nbval compares a
    verdict with a margin instead of the number itself.

    Parameters
    ----------
    statement : str
        What is claimed, such as "test loss ≤ 0.10".
    holds : bool
        Whether it is so.

    Raises
    ------
    AssertionError
        If it is not so.

    Examples
    --------
    >>> verdict("2 + 2 = 4", 2 + 2 == 4)
    ✓ 2 + 2 = 4
    """
    if not isinstance(holds, (bool, np.bool_)):
        raise TypeError(f"verdict needs True or False as its second argument, got {holds!r}")
    if not holds:
        raise AssertionError(f"does not hold: {statement}")
    print(f"✓ {statement}")


def require(outcome: Outcome) -> None:
    """Print the feedback if the outcome is right, or raise it.

    Exercises only print, so that a notebook goes on whatever the learner wrote. A grader needs an
    error instead: `require(check.left_align.judge(left_align))`.

    Parameters
    ----------
    outcome : Outcome
        What :meth:`judge` of an exercise returned.

    Raises
    ------
    AssertionError
        If the outcome is anything but right; the message is the feedback.

    Examples
    --------
    >>> require(Outcome(Status.RIGHT, "✓ double: 2 of 2 cases"))
    ✓ double: 2 of 2 cases
    >>> require(Outcome(Status.NOT_ATTEMPTED, "○ double: not attempted yet"))
    Traceback (most recent call last):
    AssertionError: ○ double: not attempted yet
    """
    if outcome.status is not Status.RIGHT:
        raise AssertionError(outcome.message)
    print(outcome.message)


def points(outcome: Outcome, most: float) -> float:
    """Print the feedback with the cases that failed, and give the share of the points earned.

    nbgrader takes the number in the last line of a graded cell for its points, so
    `points(check.left_align.judge(left_align), 2)` gives partial credit.

    Parameters
    ----------
    outcome : Outcome
        What :meth:`judge` of an exercise returned.
    most : float
        Points of a right answer.

    Returns
    -------
    float
        Rounded to two decimals; above 0, and below `most` unless the outcome is right.

    Raises
    ------
    AssertionError
        If nothing is right: nbgrader takes a 0 in the last line for full marks.

    Examples
    --------
    >>> points(Outcome(Status.WRONG, "✗ double: 1 of 3 cases", 2, 3, ("three",)), 2)
    ✗ double: 1 of 3 cases
    right in 2 of 3 cases, wrong in: three
    1.33
    """
    earned = most if outcome.status is Status.RIGHT else most * outcome.passed / outcome.total
    if round(earned, 2) <= 0:
        raise AssertionError(outcome.message)
    print(outcome.message)
    if outcome.status is Status.RIGHT:
        return float(most)
    failed = ", ".join(outcome.failed) or "all"
    print(f"right in {outcome.passed} of {outcome.total} cases, wrong in: {failed}")
    return round(earned, 2)
