"""The machinery under every exercise: outcomes, named cases, search for a counter-example.

Three kinds of exercise share one set of outcomes: :class:`Exercise` (write or mend a function),
:class:`Prediction` (say what will come out) and :class:`Breaking` (find an input on which a
given function fails). Each is called with the learner's attempt and prints what it found; its
:meth:`judge` returns the same as data, for the tests.
"""

from __future__ import annotations

import contextlib
import copy
import enum
import io
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import scipy.sparse as sp


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
    WRONG = "✗"
    RIGHT = "✓"


@dataclass(frozen=True)
class Outcome:
    """Result of a check.

    Attributes
    ----------
    status : Status
        Which of the five outcomes it is.
    message : str
        The text the learner reads.
    """

    status: Status
    message: str


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


def _is_sparse(value: Any) -> bool:
    # SciPy's own issparse narrows the type to a base class without dtype and shape.
    return bool(sp.issparse(value))


def _contents(value: Any) -> Any:
    """Something that compares equal as long as nobody writes into the value."""
    if isinstance(value, (tuple, list)):
        return [_contents(part) for part in value]
    if _is_sparse(value):  # what it means: SciPy itself sorts and adds up what is stored, in place
        return _contents(value.toarray())
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype, value.shape, value.tobytes()
    return repr(value)


def same_value(expected: Any, got: Any) -> str:
    """Compare two results of a function and say in words how they differ.

    Parameters
    ----------
    expected, got : scalar, array_like, scipy sparse array, or tuple/list of these
        Sparse arrays are compared by shape, dtype and dense values, so any sparse format and
        any order of storage will do. Floats may differ by rounding (relative 1e-6).

    Returns
    -------
    str
        Empty if they agree, else the difference.

    Examples
    --------
    >>> same_value(np.array([1, 2]), [1, 2])
    ''
    >>> same_value(np.zeros((2, 3)), np.zeros((2, 2)))
    'shape (2, 2) instead of (2, 3)'
    """
    if isinstance(expected, tuple):
        if not isinstance(got, (tuple, list)):
            return f"one {type(got).__name__} instead of {len(expected)} values"
        if len(got) != len(expected):
            return f"{len(got)} values instead of {len(expected)}"
        for position, pair in enumerate(zip(expected, got, strict=True)):
            if difference := same_value(*pair):
                return f"value {position}: {difference}"
        return ""
    if _is_sparse(expected):
        if not _is_sparse(got):
            return f"a {type(got).__name__} instead of a sparse array"
        if got.dtype != expected.dtype and got.shape == expected.shape:
            return f"dtype {got.dtype} instead of {expected.dtype}"
        return same_value(expected.toarray(), got.toarray())
    if _is_sparse(got):
        return "a sparse array instead of a dense one"
    expected, got = np.asarray(expected), np.asarray(got)
    if got.dtype.kind in "US" and expected.dtype.kind in "biuf":
        return "a text instead of a number"
    if got.dtype.kind == "c" and expected.dtype.kind in "biuf":
        return "complex numbers instead of real ones"
    if got.dtype == object or (got.dtype.kind in "US") != (expected.dtype.kind in "US"):
        return f"values of dtype {got.dtype} instead of {expected.dtype}"
    if got.shape != expected.shape:
        return f"shape {got.shape} instead of {expected.shape}"
    if expected.dtype.kind in "fc" or got.dtype.kind in "fc":
        agree = np.allclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True)
    else:
        agree = np.array_equal(got, expected)
    return "" if agree else "other values"


def _difference(compare: Callable[[Any, Any], str], expected: Any, got: Any) -> str:
    """Difference in words, also for a result so odd that it cannot even be compared."""
    try:
        return compare(expected, got)
    except Exception as error:
        return f"not comparable ({type(error).__name__}: {error})"


def describe(value: Any) -> str:
    """Text of a value as the learner should see it.

    Parameters
    ----------
    value : object
        Sparse arrays are shown by their dense values, with format and dtype in front; what is
        stored follows if the values do not give it away (stored zeros, duplicates, order).

    Returns
    -------
    str
        One line, or several if the value is an array with rows.

    Examples
    --------
    >>> print(describe(sp.csc_array([[0, 5], [2, 0]])))
    csc_array, int64:
    [[0 5]
     [2 0]]
    >>> print(describe(sp.csr_array(([5, 0], [1, 0], [0, 2]), shape=(1, 2))))
    csr_array, int64:
    [[0 5]]
    stored: data [5 0], indices [1 0], indptr [0 2]
    """
    if _is_sparse(value):
        kind = type(value).__name__
        return "\n".join([f"{kind}, {value.dtype}:", str(value.toarray()), *_storage(value)])
    if isinstance(value, np.ndarray):
        return str(value)
    if isinstance(value, (float, np.floating)):
        return f"{value:.7g}"  # the digits that same_value compares
    if isinstance(value, tuple):
        return "(" + ", ".join(describe(part) for part in value) + ")"
    return repr(value)


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


def _field(label: str, text: str) -> str:
    """One aligned line of feedback; the rest of a longer text is indented below it."""
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"  {label:<9} {first}", *(" " * 12 + line for line in rest)])


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
        One sentence that helps whoever got it wrong, without giving the answer away.
    search : hypothesis strategy, optional
        Produces argument tuples; searched for the smallest counter-example once all named
        cases pass.
    compare : callable
        `compare(expected, got)` returns an empty string or the difference in words.

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

    def __call__(self, attempt: Any) -> None:
        """Judge the attempt and print the feedback."""
        print(self.judge(attempt).message)

    def judge(self, attempt: Any) -> Outcome:
        """Try the named cases in order, then search for a counter-example.

        Parameters
        ----------
        attempt : callable
            The learner's function.

        Returns
        -------
        Outcome
            One of the five outcomes.
        """
        if attempt is TODO:
            return self._not_attempted()
        if not callable(attempt):
            return Outcome(
                Status.WRONG,
                f"✗ {self.name}: pass the function itself, without calling it; "
                f"got {describe(attempt)}",
            )
        for passed, case in enumerate(self.cases):
            if failure := self._try(attempt, case.arguments, case.hint):
                if failure.status is Status.NOT_ATTEMPTED:
                    return self._not_attempted()
                head = f"✗ {self.name}: {passed} of {len(self.cases)} cases"
                label = _field("case", f"{case.name} – {case.reason}")
                return Outcome(failure.status, "\n".join([head, label, failure.message]))
        if (failure := self._searched_failure(attempt)) is not None:
            return failure
        return Outcome(Status.RIGHT, f"✓ {self.name}: {len(self.cases)} of {len(self.cases)} cases")

    def _not_attempted(self) -> Outcome:
        return Outcome(Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet")

    def _try(
        self, attempt: Callable[..., Any], arguments: tuple[Any, ...], hint: str = ""
    ) -> Outcome | None:
        """Outcome of one input, or None if the attempt is right on it."""
        expected = self.reference(*copy.deepcopy(arguments))
        shown = ", ".join(describe(argument) for argument in arguments)
        lines = [_field("input", shown), _field("expected", describe(expected))]
        given = copy.deepcopy(arguments)  # an attempt that writes into its input harms only itself
        untouched = _contents(given)
        try:
            got = attempt(*given)
        except Exception as error:
            lines.append(_field("raised", f"{type(error).__name__}: {error}"))
            return self._failure(Status.RAISED, lines, hint)
        if got is TODO:
            return self._not_attempted()
        if got is None:
            lines.append(_field("got", "None – is there a `return` at the end?"))
            return self._failure(Status.RETURNED_NONE, lines, hint)
        difference = _difference(self.compare, expected, got)
        lines.append(_field("got", describe(got)))
        if difference:
            lines.append(_field("problem", difference))
            return self._failure(Status.WRONG, lines, hint)
        if _contents(given) != untouched:
            lines.append(_field("problem", "the result is right, but the input was changed"))
            lines.append(_field("input now", ", ".join(describe(argument) for argument in given)))
            return self._failure(Status.WRONG, lines, "Work on a copy of the input.")
        return None

    def _failure(self, status: Status, lines: list[str], hint: str) -> Outcome:
        return Outcome(status, "\n".join([*lines, _field("hint", hint or self.hint)]))

    def _searched_failure(self, attempt: Callable[..., Any]) -> Outcome | None:
        """Outcome of the smallest input on which the attempt fails; the same on every run."""
        import hypothesis

        if self.search is None:
            return None
        quiet = hypothesis.settings(
            database=None,
            deadline=None,
            derandomize=True,
            max_examples=200,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        failure = None
        # The attempt may print or warn on each of some hundred calls.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                arguments = hypothesis.find(
                    self.search,
                    lambda arguments: self._try(attempt, arguments) is not None,
                    settings=quiet,
                    random=random.Random(0),
                )
                failure = self._try(attempt, arguments)
            except hypothesis.errors.NoSuchExample:
                return None
            except hypothesis.errors.Flaky:
                pass
        if failure is None:
            return Outcome(
                Status.WRONG,
                f"✗ {self.name}: two calls with the same input gave different results",
            )
        head = f"✗ {self.name}: {len(self.cases)} of {len(self.cases)} cases, but not in general"
        label = _field("case", "the smallest counter-example a search found")
        return Outcome(failure.status, "\n".join([head, label, failure.message]))


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

    def __call__(self, prediction: Any) -> None:
        """Judge the prediction and print the feedback."""
        print(self.judge(prediction).message)

    def judge(self, prediction: Any) -> Outcome:
        """Compare a prediction with the computed answer.

        Parameters
        ----------
        prediction : object
            The learner's value.

        Returns
        -------
        Outcome
            Not attempted, returned none, wrong or right.
        """
        if prediction is TODO:
            return Outcome(Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet")
        if prediction is None:
            return Outcome(
                Status.RETURNED_NONE, f"✗ {self.name}: got None – put your value in place of TODO"
            )
        difference = _difference(same_value, self.answer(), prediction)
        if not difference:
            return Outcome(Status.RIGHT, f"✓ {self.name}: {describe(prediction)}. {self.because}")
        if self._is_rounded(prediction):
            difference = "nearly: it is rounded; write the calculation and let Python do it"
        for explanation, mistaken in self.misconceptions.items():
            if not _difference(same_value, mistaken(), prediction):
                difference = explanation
                break
        lines = [f"✗ {self.name}: not {describe(prediction)}"]
        lines += [_field("problem", difference), _field("hint", self.hint)]
        return Outcome(Status.WRONG, "\n".join(lines))

    def _is_rounded(self, prediction: Any) -> bool:
        """Whether a single number agrees with a fractional answer in its first two digits."""
        answer = self.answer()
        numbers = isinstance(answer, float) and isinstance(prediction, (int, float, np.number))
        return numbers and bool(np.isclose(prediction, answer, rtol=0.01, atol=0))


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

    def __call__(self, *arguments: Any) -> None:
        """Judge the input and print the feedback."""
        print(self.judge(*arguments).message)

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
        if any(argument is TODO for argument in arguments):
            return Outcome(Status.NOT_ATTEMPTED, f"○ {self.name}: not attempted yet")
        if any(argument is None for argument in arguments):
            return Outcome(
                Status.RETURNED_NONE, f"✗ {self.name}: got None – put your input in place of TODO"
            )
        shown = _field("input", ", ".join(describe(argument) for argument in arguments))
        try:
            refused = self.refusal(*arguments)
            expected = "" if refused else self.reference(*copy.deepcopy(arguments))
        except Exception as error:
            refused = f"{type(error).__name__}: {error}"
        if refused:
            lines = [f"✗ {self.name}: not a legal input", shown, _field("problem", refused)]
            return Outcome(Status.WRONG, "\n".join(lines))
        try:
            got = self.suspect(*copy.deepcopy(arguments))
        except Exception as error:
            got_line = _field("raised", f"{type(error).__name__}: {error}")
        else:
            if not self.compare(expected, got):
                lines = [f"✗ {self.name}: the function survives", shown]
                lines += [_field("result", describe(got)), _field("hint", self.hint)]
                return Outcome(Status.WRONG, "\n".join(lines))
            got_line = _field("got", describe(got))
        lines = [f"✓ {self.name}: broken", shown]
        lines += [_field("expected", describe(expected)), got_line]
        return Outcome(Status.RIGHT, "\n".join(lines))
