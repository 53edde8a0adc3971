"""Exercises in which the learner writes or mends a function."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.checks._compare import contents, difference, same_value, storage
from course_utils.checks._describe import aligned, describe, shown_apart
from course_utils.checks._outcomes import TODO, Case, Outcome, Status
from course_utils.checks._running import (
    SECONDS,
    ForbiddenError,
    Runner,
    TooSlowError,
    refuse_while_judging,
)
from course_utils.checks._search import smallest_failure
from course_utils.work import record


@dataclass(frozen=True)
class _Trial:
    """What came of an attempt on one input; no status if it is right."""

    status: Status | None
    arguments: tuple[Any, ...] = ()
    expected: Any = None
    got: Any = None
    problem: str = ""
    given: tuple[Any, ...] | None = None  # the input as the attempt left it, if that is the problem


@dataclass(frozen=True)
class Exercise:
    """Check of a function the learner writes or mends.

    Attributes
    ----------
    name : str
        Name of the function.
    reference : callable
        The verified function; its result is what is expected.
    cases : sequence of Case
        Named inputs, tried in this order.
    hint : str
        One sentence that helps whoever got it wrong, without giving the answer away; a hint of
        the case that fails takes its place.
    search : hypothesis strategy, optional
        Produces argument tuples; searched for the smallest counter-example once all named
        cases pass.
    compare : callable
        `compare(expected, got)` returns an empty string or the difference in words:
        :func:`same_value`, :func:`same_kind` where floats are no integers, :func:`same_dtype`.
    accepts : callable, optional
        `accepts(expected, got, *arguments)` in place of compare, where the input says what may
        differ, as with :func:`same_ranking`.
    without : sequence of str
        What the attempt must not call, not even through another function, such as "numpy.argsort",
        "course_utils.sparse.left_align", "sklearn.neighbors.NearestNeighbors",
        "numpy.ndarray.sort", or a whole module. The check's own reference is always among it.
    warnings_are_errors : bool
        Whether a RuntimeWarning, such as that of a division by zero, counts as an error.
    search_hint : str
        Shown in place of the hint when only the search finds a failure.
    detail : callable, optional
        `detail(arguments, expected, got)` gives lines to add to the feedback on a wrong result,
        as label -> text.

    Examples
    --------
    >>> double = Exercise(
    ...     name="double",
    ...     reference=lambda number: 2 * number,
    ...     cases=[Case("two", (2,), "2 * 2 and 2 ** 2 agree"), Case("three", (3,), "no longer")],
    ...     hint="Twice, not squared.",
    ... )
    >>> double(lambda number: TODO)
    ○ double: not attempted yet
    >>> double(lambda number: number**2)
    ✗ double: 1 of 2 cases
      case      three – no longer
      input     3
      expected  6
      got       9
      problem   other values
      hint      Twice, not squared.
    >>> double(lambda number: 2 * number)
    ✓ double: 2 of 2 cases
    """

    name: str
    reference: Callable[..., Any]
    cases: Sequence[Case]
    hint: str
    search: Any = None
    compare: Callable[[Any, Any], str] = field(default=same_value)
    accepts: Callable[..., str] | None = None
    without: Sequence[str] = ()
    warnings_are_errors: bool = False
    search_hint: str = ""
    detail: Callable[..., Mapping[str, str]] | None = None

    def __getattribute__(self, name: str) -> Any:
        """Refuse the reference to an attempt that is being judged."""
        if name == "reference":
            refuse_while_judging("the check's own reference")
        return object.__getattribute__(self, name)

    def __call__(self, attempt: Any) -> None:
        """Judge the attempt and print the feedback."""
        outcome = self.judge(attempt)
        print(outcome.message)
        record(self, self.name, outcome.status.name.lower())

    def judge(self, attempt: Any) -> Outcome:
        """Try the named cases in order, then search for a counter-example.

        Parameters
        ----------
        attempt : callable
            The learner's function.

        Returns
        -------
        Outcome
            One of the six outcomes.
        """
        if attempt is TODO:
            return self._not_attempted()
        if not callable(attempt):
            message = (
                f"✗ {self.name}: pass the function itself, without calling it; "
                f"got {describe(attempt)}"
            )
            return Outcome(Status.WRONG, message, total=self._total())
        runner = Runner(attempt, self.without, self.reference, strict=self.warnings_are_errors)
        with runner:
            return self._judge(runner)

    def _total(self) -> int:
        return len(self.cases) + (self.search is not None)

    def _not_attempted(self) -> Outcome:
        return Outcome(
            Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet", total=self._total()
        )

    def _judge(self, runner: Runner) -> Outcome:
        number = len(self.cases)
        for position, case in enumerate(self.cases):
            trial = self._try(runner, case.arguments)
            if trial.status is Status.NOT_ATTEMPTED:
                return self._not_attempted()
            if trial.status is not None:
                head = f"✗ {self.name}: {position} of {number} cases"
                label = f"{case.name} – {case.reason}"
                message = self._message(head, label, trial, case.hint, runner)
                failed = self._failed(runner, position, trial.status)
                return self._outcome(trial.status, message, failed)
        if (outcome := self._searched_failure(runner)) is not None:
            return outcome
        lines = [f"✓ {self.name}: {number} of {number} cases"]
        if runner.warned:
            fine = f"Python warned ({runner.warned[0]}); the results are right, so that is fine"
            lines.append(aligned("note", fine))
        return self._outcome(Status.RIGHT, "\n".join(lines), ())

    def _outcome(self, status: Status, message: str, failed: tuple[str, ...]) -> Outcome:
        total = self._total()
        return Outcome(status, message, total - len(failed), total, failed)

    def _failed(self, runner: Runner, first: int, status: Status) -> tuple[str, ...]:
        """Names of the cases that fail, from the first one on; the search is not passed then."""
        names = [self.cases[first].name]
        with contextlib.redirect_stdout(io.StringIO()):
            for case in self.cases[first + 1 :]:
                # Another endless loop would take as long as the first.
                slow = status is Status.TOO_SLOW
                if slow or self._try(runner, case.arguments).status is not None:
                    names.append(case.name)
        return (*names, *(["inputs of a search"] if self.search is not None else []))

    def _try(self, runner: Runner, arguments: tuple[Any, ...]) -> _Trial:
        """Find out what the attempt does with one input."""
        expected = self.reference(*copy.deepcopy(arguments))
        given = copy.deepcopy(arguments)  # an attempt that writes into its input harms only itself
        before = contents(given), storage(given)
        try:
            got = runner(*given)
        except TooSlowError:
            slow = f"the verdict has taken {SECONDS:g} seconds; is there a loop that never ends?"
            return _Trial(Status.TOO_SLOW, arguments, expected, problem=slow)
        except ForbiddenError as error:
            return _Trial(Status.WRONG, arguments, expected, problem=_write_it(error))
        except SystemExit as error:
            ends = f"SystemExit: {error} – it ends Python; return a value instead"
            return _Trial(Status.RAISED, arguments, expected, problem=ends)
        except Exception as error:
            raised = f"{type(error).__name__}: {error}"
            return _Trial(Status.RAISED, arguments, expected, problem=raised)
        if got is TODO:
            return _Trial(Status.NOT_ATTEMPTED)
        if got is None:
            return _Trial(Status.RETURNED_NONE, arguments, expected)
        found = (
            difference(self.compare, expected, got)
            if self.accepts is None
            else difference(self.accepts, expected, got, *copy.deepcopy(arguments))
        )
        if found:
            return _Trial(Status.WRONG, arguments, expected, got, found)
        tidied = storage(given) != before[1] and not runner.tidied_by_scipy_alone
        if tidied or contents(given) != before[0]:
            changed = "the result is right, but the input was changed"
            return _Trial(Status.WRONG, arguments, expected, got, changed, given)
        return _Trial(None)

    def _message(self, head: str, label: str, trial: _Trial, hint: str, runner: Runner) -> str:
        """Feedback on a failure."""
        shown = ", ".join(describe(argument) for argument in trial.arguments)
        lines = [head, aligned("case", label), aligned("input", shown)]
        expected, got = describe(trial.expected), "None – is there a `return` at the end?"
        if trial.status is Status.WRONG and trial.got is not None and trial.given is None:
            expected, got = shown_apart(trial.expected, trial.got)
        elif trial.got is not None:
            got = describe(trial.got)
        lines.append(aligned("expected", expected))
        if trial.status is Status.RAISED:
            lines.append(aligned("raised", trial.problem))
        elif trial.status is Status.TOO_SLOW:
            lines.append(aligned("problem", trial.problem))
        else:
            if trial.got is not None or trial.status is Status.RETURNED_NONE:
                lines.append(aligned("got", got))
            if trial.problem:
                lines.append(aligned("problem", trial.problem))
        if trial.given is not None:
            now = ", ".join(describe(argument) for argument in trial.given)
            lines.append(aligned("input now", now))
            hint = "Work on a copy of the input."
        elif self.detail is not None and trial.got is not None:
            more = self.detail(trial.arguments, trial.expected, trial.got)
            lines += [aligned(name, text) for name, text in more.items()]
        lines += [aligned("warned", warning) for warning in runner.warned[:1]]
        return "\n".join([*lines, aligned("hint", hint or self.hint)])

    def _searched_failure(self, runner: Runner) -> Outcome | None:
        """Outcome of the smallest input on which the attempt fails; the same on every run."""
        if self.search is None:
            return None
        trial = None

        def fails(arguments: tuple[Any, ...]) -> bool:
            nonlocal trial
            trial = self._try(runner, arguments)
            if trial.status is Status.TOO_SLOW:
                raise TooSlowError
            return trial.status is not None

        # The attempt may print on each of some hundred calls.
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                arguments = smallest_failure(self.search, fails)
                if arguments is None:
                    return None
                trial = self._try(runner, arguments)
            except TooSlowError:
                pass
        number = len(self.cases)
        failed = ("inputs of a search",)
        if trial is None or trial.status is None:
            unsteady = f"✗ {self.name}: two calls with the same input gave different results"
            return self._outcome(Status.WRONG, unsteady, failed)
        head = f"✗ {self.name}: {number} of {number} cases, but not in general"
        label = "the smallest counter-example a search found"
        message = self._message(head, label, trial, self.search_hint, runner)
        return self._outcome(trial.status, message, failed)


def _write_it(error: ForbiddenError) -> str:
    return f"this exercise asks you to write it yourself, without {error}"
