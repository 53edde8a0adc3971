"""The machinery under every exercise: outcomes, named cases, search for a counter-example.

Three kinds of exercise share one set of outcomes: :class:`Exercise` (write or mend a function),
:class:`Prediction` (say what will come out) and :class:`Breaking` (find an input on which a
given function fails). Each is called with the learner's attempt and prints what it found; its
:meth:`judge` returns the same as data, for the tests. How to write a check, with all options and
helpers, stands in CONTRIBUTING.md.
"""

from course_utils.checks._answers import (
    NotAnAnswerError,
    anything,
    as_written,
    number_list,
    numbers,
    plain,
)
from course_utils.checks._breaking import Breaking
from course_utils.checks._compare import same_dtype, same_kind, same_ranking, same_value
from course_utils.checks._describe import describe
from course_utils.checks._exercise import Exercise
from course_utils.checks._outcomes import TODO, Case, Outcome, Status, points, require, verdict
from course_utils.checks._prediction import Prediction

__all__ = [
    "TODO",
    "Breaking",
    "Case",
    "Exercise",
    "NotAnAnswerError",
    "Outcome",
    "Prediction",
    "Status",
    "anything",
    "as_written",
    "describe",
    "number_list",
    "numbers",
    "plain",
    "points",
    "require",
    "same_dtype",
    "same_kind",
    "same_ranking",
    "same_value",
    "verdict",
]
