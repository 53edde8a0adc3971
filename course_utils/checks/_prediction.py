"""Exercises in which the learner says what will come out."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.checks._answers import (
    NotAnAnswerError,
    anything,
    as_array,
    decimals_shown,
    is_sparse,
    plain,
    relative_precision,
)
from course_utils.checks._compare import difference, same_value
from course_utils.checks._describe import aligned, describe
from course_utils.checks._outcomes import TODO, Outcome, Status
from course_utils.work import record


@dataclass(frozen=True)
class Prediction:
    """Check of a value that the learner predicts before running the code.

    Attributes
    ----------
    name : str
        Name of the exercise.
    answer : callable
        Computes the right value, so that it is never written down twice.
    because : str
        One sentence that explains the right value; shown once it is found.
    hint : str
        Shown with a wrong answer.
    misconceptions : mapping of str to (callable, ...)
        Explanation -> function that computes the value which this mistake would give.
    decimals : int, optional
        So many decimals count: for answers that are worked out with rounded numbers, or by hand.

    Examples
    --------
    >>> nonzeros = Prediction(
    ...     name="nonzeros",
    ...     answer=lambda: 4,
    ...     because="Each stored value counts once.",
    ...     hint="Count the cells that are not 0.",
    ...     misconceptions={"that is the number of cells": lambda: 12},
    ... )
    >>> nonzeros(TODO)
    ○ nonzeros: not attempted yet
    >>> nonzeros(12)
    ✗ nonzeros: not 12
      problem   that is the number of cells
      hint      Count the cells that are not 0.
    >>> nonzeros(4)
    ✓ nonzeros: 4. Each stored value counts once.
    """

    name: str
    answer: Callable[[], Any]
    because: str
    hint: str
    misconceptions: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    decimals: int | None = None

    def __call__(self, prediction: Any) -> None:
        """Judge the prediction and print the feedback."""
        outcome = self.judge(prediction)
        print(outcome.message)
        record(self, self.name, outcome.status.name.lower())

    def judge(self, prediction: Any) -> Outcome:
        """Compare a prediction with the computed answer.

        Parameters
        ----------
        prediction : object
            The learner's value: a number of any type, or a container of numbers.

        Returns
        -------
        Outcome
            Not attempted, returned none, wrong or right.
        """
        if prediction is TODO:
            return Outcome(Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet")
        if _is_partly_todo(prediction):
            message = f"○ {self.name}: not attempted yet (one part is still TODO)"
            return Outcome(Status.NOT_ATTEMPTED, message)
        if prediction is None:
            return Outcome(
                Status.RETURNED_NONE, f"✗ {self.name}: got None – put your value in place of TODO"
            )
        problem = self._problem(prediction)
        if not problem:
            message = f"✓ {self.name}: {_shown(prediction, self.decimals)}. {self.because}"
            return Outcome(Status.RIGHT, message, passed=1)
        lines = [f"✗ {self.name}: not {_shown(prediction)}"]
        lines += [aligned("problem", problem), aligned("hint", self.hint)]
        return Outcome(Status.WRONG, "\n".join(lines), failed=(self.name,))

    def _problem(self, prediction: Any) -> str:
        """Empty if the prediction is right, else what is wrong, as exactly as can be said."""
        answer = plain(self.answer())
        try:
            value = plain(prediction)
            if not is_sparse(answer):
                value = anything(value)
        except NotAnAnswerError as error:
            return str(error)
        if odd := _odd_number(answer, value):
            return odd
        if self._agrees(answer, prediction, value):
            return ""
        for explanation, mistaken in self.misconceptions.items():
            if self._agrees(plain(mistaken()), prediction, value):
                return explanation
        if rounded := _rounding(answer, prediction):
            return rounded
        for explanation, mistaken in self.misconceptions.items():
            if _rounding(plain(mistaken()), prediction):
                return explanation
        if _rounded_on_the_way(answer, value):
            return "nearly: a part of it was rounded; write the calculation and let Python do it"
        if not difference(same_value, answer, _scaled(value)):
            return "that is 100 times the answer; a share goes from 0 to 1"
        return difference(same_value, answer, value)

    def _agrees(self, answer: Any, prediction: Any, value: Any) -> bool:
        relative = max(1e-6, relative_precision(prediction))
        if not difference(lambda a, b: same_value(a, b, relative=relative), answer, value):
            return True
        return self.decimals is not None and _agree_in(self.decimals, answer, value)


def _is_partly_todo(prediction: Any) -> bool:
    return isinstance(prediction, (tuple, list)) and any(part is TODO for part in prediction)


def _shown(prediction: Any, decimals: int | None = None) -> str:
    """Show a prediction: a number of any type as Python's own."""
    try:
        value = plain(prediction)
    except NotAnAnswerError:
        return describe(prediction)
    rounded = decimals is not None and isinstance(value, float)
    return describe(round(value, decimals) if rounded else value)


def _odd_number(answer: Any, value: Any) -> str:
    """Why something is not even a number, where one is asked for."""
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return ""
    if isinstance(value, bool):
        return f"{value} is no number; a number is asked for"
    if isinstance(value, str):
        return "a text instead of a number; write it without quotes"
    if isinstance(value, type):
        return "a class instead of a number"
    if isinstance(value, types.ModuleType):
        return "a module instead of a number"
    if callable(value):
        return "a function instead of a number; call it"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)} values instead of a single number"
    return ""


def _agree_in(decimals: int, answer: Any, value: Any) -> bool:
    """Whether two values are the same once both are rounded, or half a unit apart at most."""
    try:
        wanted, given = np.asarray(answer, dtype=float), as_array(value)
    except (NotAnAnswerError, TypeError, ValueError):
        return False
    if wanted.shape != given.shape or given.dtype.kind not in "iuf":
        return False
    near = np.abs(given - wanted) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
    same = np.round(given, decimals) == np.round(wanted, decimals)
    return bool(np.all(near | same))


def _rounding(answer: Any, prediction: Any) -> str:
    """Say so if a number is the answer with fewer digits, and two at least."""
    decimals = decimals_shown(prediction)
    if decimals is None or isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return ""
    value = float(plain(prediction))
    unit = 10.0**-decimals
    if not math.isfinite(answer) or abs(value) < 9.5 * unit:
        return ""
    if abs(value - answer) <= 0.5 * unit * (1 + 1e-9):
        how = "it is rounded"
    elif decimals and 0 <= (abs(answer) - abs(value)) < unit and value * answer > 0:
        how = "it is cut off"
    else:
        return ""
    places = f"{decimals} decimal{'s' * (decimals != 1)}" if decimals else "a whole number"
    return f"nearly: {how} to {places}; write the calculation and let Python do it"


def _rounded_on_the_way(answer: Any, value: Any) -> bool:
    """Whether a fraction is so close that the calculation can only have used rounded numbers."""
    if not isinstance(answer, float) or not isinstance(value, float) or value.is_integer():
        return False
    return math.isfinite(answer) and abs(value - answer) <= 2e-4 * abs(answer)


def _scaled(value: Any) -> Any:
    """Take a hundredth of a number that is given in per cent."""
    return value / 100 if isinstance(value, (int, float)) else None
