"""Exercises in which the learner finds an input on which a given function fails."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.checks._answers import NotAnAnswerError, anything, as_array, is_text
from course_utils.checks._compare import same_value
from course_utils.checks._describe import aligned, describe, shown_apart
from course_utils.checks._outcomes import TODO, Outcome, Status
from course_utils.work import record


@dataclass(frozen=True)
class Breaking:
    """Check of an input that is to break a given function.

    Attributes
    ----------
    name : str
        Name of the exercise.
    suspect : callable
        The function with the mistake.
    reference : callable
        The verified function.
    refusal : callable
        `refusal(*arguments)` returns an empty string for a legal input, else why it is none.
    hint : str
        Shown when the suspect survives.
    compare : callable
        `compare(expected, got)` returns an empty string or the difference in words.
    takes : callable, or sequence of callable
        Form in which the functions get the input, for all arguments or one by one. What they raise
        as NotAnAnswerError is the feedback. :func:`anything` (a table for a sparse array, Python's
        numbers for all others), :func:`numbers` (an array of real numbers), :func:`number_list`
        (a list of these), :func:`plain` (which leaves sparse arrays as they are).
    headline : callable, optional
        `headline(broken, *arguments)` in place of "broken" and "the function survives"; the lines
        on expected and got give way to those of detail.
    detail : callable, optional
        `detail(broken, *arguments)` gives lines to add to the feedback, as label -> text.

    Examples
    --------
    >>> breaking = Breaking(
    ...     name="break_square",
    ...     suspect=lambda number: 2 * number,
    ...     reference=lambda number: number**2,
    ...     refusal=lambda number: "" if isinstance(number, int) else "give an integer",
    ...     hint="0 and 2 are the only numbers on which the two agree.",
    ... )
    >>> breaking(TODO)
    ○ break_square: not attempted yet
    >>> breaking(2)
    ✗ break_square: the function survives
      input     2
      result    4
      hint      0 and 2 are the only numbers on which the two agree.
    >>> breaking(3)
    ✓ break_square: broken
      input     3
      expected  9
      got       6
    """

    name: str
    suspect: Callable[..., Any]
    reference: Callable[..., Any]
    refusal: Callable[..., str]
    hint: str
    compare: Callable[[Any, Any], str] = field(default=same_value)
    takes: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] = anything
    headline: Callable[..., str] | None = None
    detail: Callable[..., Mapping[str, str]] | None = None

    def __call__(self, *arguments: Any) -> None:
        """Judge the input and print the feedback."""
        outcome = self.judge(*arguments)
        print(outcome.message)
        record(self, self.name, outcome.status.name.lower())

    def judge(self, *arguments: Any) -> Outcome:
        """Run suspect and reference on the input and compare.

        Parameters
        ----------
        *arguments : object
            The learner's input.

        Returns
        -------
        Outcome
            Not attempted, returned none, wrong (illegal input, or the suspect survives) or right.
        """
        if arguments and all(argument is TODO for argument in arguments):
            return Outcome(Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet")
        if any(argument is TODO for argument in arguments):
            return Outcome(
                Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet (one input is still TODO)"
            )
        if any(argument is None for argument in arguments):
            return Outcome(
                Status.RETURNED_NONE, f"✗ {self.name}: got None – put your input in place of TODO"
            )
        try:
            inputs = self._inputs(arguments)
            if refused := self.refusal(*copy.deepcopy(inputs)):
                return self._illegal(arguments, refused)
            expected = self.reference(*copy.deepcopy(inputs))
        except Exception as error:
            return self._illegal(arguments, _in_plain_words(error, arguments))
        return self._compared(inputs, expected)

    def _inputs(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Take the arguments in the form that the functions expect."""
        self._count(arguments)
        forms = [self.takes] * len(arguments) if callable(self.takes) else self.takes
        return tuple(form(given) for form, given in zip(forms, arguments, strict=True))

    def _count(self, arguments: tuple[Any, ...]) -> None:
        """Refuse more or fewer inputs than the functions have."""
        try:
            parameters = inspect.signature(self.refusal).parameters.values()
        except (TypeError, ValueError):  # a function of compiled code does not tell
            return
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
            return
        needed = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        fewest = sum(parameter.default is parameter.empty for parameter in needed)
        if not fewest <= len(arguments) <= len(needed):
            inputs = "1 input" if len(needed) == 1 else f"{len(needed)} inputs, with commas between"
            raise NotAnAnswerError(f"give {inputs}; got {len(arguments)}")

    def _illegal(self, arguments: tuple[Any, ...], why: str) -> Outcome:
        lines = [f"✗ {self.name}: not a legal input", _input_line(arguments)]
        message = "\n".join([*lines, aligned("problem", why)])
        return Outcome(Status.WRONG, message, failed=(self.name,))

    def _compared(self, inputs: tuple[Any, ...], expected: Any) -> Outcome:
        try:
            got = self.suspect(*copy.deepcopy(inputs))
        except Exception as error:
            broken = True
            found = [
                aligned("expected", describe(expected)),
                aligned("raised", f"{type(error).__name__}: {error}"),
            ]
        else:
            broken = bool(self.compare(expected, got))
            if broken:
                right, wrong = shown_apart(expected, got)
                found = [aligned("expected", right), aligned("got", wrong)]
            else:
                found = [aligned("result", describe(got)), aligned("hint", self.hint)]
        status = Status.RIGHT if broken else Status.WRONG
        says = "broken" if broken else "the function survives"
        lines = [_input_line(inputs), *found]
        if self.headline is not None:
            says, lines = self.headline(broken, *inputs), []
        if self.detail is not None:
            lines += [aligned(label, text) for label, text in self.detail(broken, *inputs).items()]
        message = "\n".join([f"{status.value} {self.name}: {says}", *lines])
        failed = () if broken else (self.name,)
        return Outcome(status, message, passed=int(broken), failed=failed)


def _input_line(arguments: tuple[Any, ...]) -> str:
    return aligned("input", ", ".join(describe(argument) for argument in arguments))


def _in_plain_words(error: Exception, arguments: tuple[Any, ...]) -> str:
    """Why an input could not even be looked at, without the words of NumPy where it helps."""
    if isinstance(error, NotAnAnswerError):
        return str(error)
    for given in arguments:  # rows of different lengths are the most frequent cause
        try:
            array = as_array(anything(given))
        except NotAnAnswerError as reason:
            return str(reason)
        if is_text(array):
            return "a text instead of numbers; write them without quotes"
        if array.dtype.kind == "O" and any(part is None for part in array.flat):
            return "None in the place of a number"
    return f"{type(error).__name__}: {error}"
