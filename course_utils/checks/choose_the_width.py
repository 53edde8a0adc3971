"""Checks of *Choose the width of a code*."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    Prediction,
    number_list,
    same_kind,
)

PATIENCE = 2
MIN_DELTA = 0.001

_CELLS, _RATINGS, _STARS = 1000 * 400, 4000, (1, 5)  # half of the ratings are 1, half are 5


def _epochs_until_stop(losses: Sequence[float], min_delta: float) -> int:
    return _stop_and_best(losses, min_delta)[0]


def _stop_and_best(losses: Sequence[float], min_delta: float) -> tuple[int, int]:
    """Epoch after which training stops, and the last one that counted as an improvement."""
    best, waited, best_epoch = math.inf, 0, 0
    for epochs, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best, waited, best_epoch = loss, 0, epochs
        else:
            waited += 1
        if waited == PATIENCE:
            return epochs, best_epoch
    return len(losses), best_epoch


def _losses_problem(losses: Sequence[float]) -> str:
    if not isinstance(losses, (list, tuple)) or not 4 <= len(losses) <= 8:
        return "give a list of 4 to 8 losses"
    if not all(type(loss) in (int, float) and 0 < loss < math.inf for loss in losses):
        return "a loss is a positive number"
    # A list made with geomspace may be a rounding above the half.
    if any(after > before / 2 * (1 + 1e-9) for before, after in itertools.pairwise(losses)):
        return "each loss must be at most half of the one before"
    return ""


def _where_training_stands(broken: bool, losses: list[float]) -> dict[str, str]:
    if broken:
        return {}
    _, best_epoch = _stop_and_best(losses, MIN_DELTA)
    return {
        "detail": f"epoch {best_epoch} of {len(losses)} is the last that improves by more than "
        f"{MIN_DELTA},\nand training stops {PATIENCE} epochs later at the earliest, after epoch "
        f"{best_epoch + PATIENCE}: not before your last one"
    }


def _choose_width(widths: np.ndarray, errors: np.ndarray, slack: float) -> int:
    good_enough = errors <= errors.min() + slack
    return int(widths[np.argmax(good_enough)])


def _error_of_zeros(mean_square: float, density: float = _RATINGS / _CELLS) -> float:
    return math.sqrt(density * mean_square)


@st.composite
def _sweeps(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw a curve of errors; eighths, so that sums and differences are exact."""
    n = draw(st.integers(1, 7))
    widths = sorted(draw(st.sets(st.integers(1, 300), min_size=n, max_size=n)))
    scale = draw(st.sampled_from([1.0, 2.0**-20, 2.0**20]))
    eighths = draw(st.lists(st.integers(1, 24), min_size=n, max_size=n))
    return np.array(widths), scale * np.array(eighths) / 8, scale * draw(st.integers(0, 8)) / 8


def _sweep(widths: Sequence[int], errors: Sequence[float], slack: float) -> tuple:
    return np.array(widths), np.array(errors), slack


break_min_delta = Breaking(
    name="break_min_delta",
    suspect=lambda losses: _epochs_until_stop(losses, MIN_DELTA),
    reference=lambda losses: _epochs_until_stop(losses, 0.0),
    refusal=_losses_problem,
    hint=f"How small must a loss be so that no improvement can reach {MIN_DELTA}?",
    takes=number_list,
    detail=_where_training_stands,
)

choose_width = Exercise(
    name="choose_width",
    reference=_choose_width,
    cases=[
        Case(
            "one elbow",
            _sweep([4, 8, 16, 32], [0.5, 0.375, 0.25, 0.25], 0.0625),
            "8 is 0.125 above the lowest error, 16 has it",
        ),
        Case(
            "a step without gain, and then a gain",
            _sweep([4, 8, 16, 32], [0.5, 0.5, 0.25, 0.25], 0.0625),
            "from 4 to 8 nothing is gained, and yet 16 is far better",
            hint="Compare each error with the lowest of all, not with the next one.",
        ),
        Case(
            "a cheap width is nearly as good",
            _sweep([3, 10, 11, 40, 90], [0.5, 0.3125, 0.28125, 0.25, 0.375], 0.0625),
            "10 is 0.0625 above the lowest error: exactly the slack, and no more",
            hint="*At most* the slack above the lowest, so an error right on the bound counts.",
        ),
        Case(
            "it becomes worse again",
            _sweep([8, 16, 32], [0.25, 0.3125, 0.5], 0.125),
            "the first width is already the best, and the smallest",
            hint="The smallest of the good widths, not the last.",
        ),
        Case(
            "no slack, and two are equally good",
            _sweep([2, 4, 8, 16], [0.5, 0.25, 0.25, 0.375], 0.0),
            "4 and 8 both have the lowest error, and 4 is smaller",
            hint="Without slack only widths with the lowest error are left; take the smallest.",
        ),
        Case(
            "errors of another size",
            _sweep([5, 6, 7], [1024.0, 1000.0, 900.0], 110.0),
            "the bound is 900 + 110: 6 is below it, 5 is not",
            hint="The slack is in the unit of the errors; it is added, not multiplied.",
        ),
        Case(
            "a hair above the bound",
            _sweep([4, 8], [1.000004, 1.0], 0.0),
            "1.000004 is above 1, however little",
            hint="The slack is all the tolerance there is: compare with <=.",
        ),
        Case("one width", _sweep([7], [0.5], 0.0), "there is nothing else to choose"),
    ],
    hint="What is the lowest error of all, and which widths come close enough to it?",
    search=_sweeps(),
    compare=same_kind,
)

predict_all_zeros = Prediction(
    name="predict_all_zeros",
    answer=lambda: _error_of_zeros(float(np.mean(np.square(_STARS)))),
    because="One cell in a hundred holds a rating, of mean square (1 + 25)/2 = 13: √(13/100).",
    hint="What is the squared error in a cell with 1, in a cell with 5, and in an empty one?",
    misconceptions={
        "that is the error on the ratings alone; the empty cells take part, too": lambda: (
            _error_of_zeros(13, density=1)
        ),
        "that takes the square of the mean rating; take the mean of the squares": lambda: (
            _error_of_zeros(9)
        ),
        "that is the mean squared error; the root is still to be taken": lambda: 0.13,
        "that is the mean absolute error; square each error, and take the root at the end": (
            lambda: 0.03
        ),
        "that adds the squares up; half of the ratings are 1, and half are 5": lambda: (
            _error_of_zeros(26)
        ),
        "it is wrong in each cell that holds a rating": lambda: 0.0,
        "only one cell in a hundred holds a rating, not ninety-nine": lambda: _error_of_zeros(
            13, density=0.99
        ),
        "1 % is 0.01": lambda: _error_of_zeros(13, density=0.1),
    },
    decimals=2,
)
