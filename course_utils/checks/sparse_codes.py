"""Checks of *Make codes sparse*."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, numbers, same_value

# Three units, a column each, on four rows.
THREE_UNITS = np.array([[0.25, 1, 0], [0.25, 0, 0], [0.25, 0, 0], [0.25, 0, 0]])
TARGET = 0.25


def _means_on_target() -> list[bool]:
    return [bool(np.isclose(mean, TARGET)) for mean in THREE_UNITS.mean(axis=0)]


def _keep_largest(codes: np.ndarray, k: int) -> np.ndarray:
    places = np.argsort(-codes, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
    return kept


def _rescale(codes: np.ndarray, atoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.sqrt((atoms**2).sum(axis=1))
    lengths[lengths == 0] = 1
    return codes * lengths, atoms / lengths[:, np.newaxis]


def _rescaling_problem(expected: tuple[np.ndarray, np.ndarray], got: Any) -> str:
    """Say which of the two demands fails: atoms of length 1, or the same reconstruction."""
    if not (isinstance(got, (tuple, list)) or np.ndim(got) == 3) or len(got) != 2:
        return "give two arrays: the codes, then the atoms"
    codes, atoms = (numbers(part) for part in got)
    if difference := same_value(expected[1], atoms):
        if atoms.shape != expected[1].shape:
            return f"atoms: {difference}"
        lengths = np.sqrt((np.asarray(atoms, dtype=float) ** 2).sum(axis=1))
        if np.allclose(atoms, expected[1], rtol=0.01):
            return "the atoms are nearly right; was something small added to their lengths?"
        shown = ", ".join(f"{length:.4g}" for length in lengths)
        return f"the atoms have lengths {shown}, or point elsewhere"
    if difference := same_value(expected[0], codes):
        if codes.shape != expected[0].shape:
            return f"codes: {difference}"
        of_zeros = ~expected[1].any(axis=1)
        if not same_value(expected[0][:, ~of_zeros], codes[:, ~of_zeros]):
            return "the unit of an atom of zeros has changed; it is to stay as it is"
        return "codes @ atoms is no longer what it was"
    return ""


def _count_units(codes: np.ndarray) -> tuple[float, int]:
    fires = np.asarray(codes) > 0
    return float(fires.sum(axis=1).mean()), int(np.sum(~fires.any(axis=0)))


def _errors(code: ArrayLike, atoms: ArrayLike) -> np.ndarray:
    """Squared error of keeping one unit, for each unit."""
    activity, rows = np.asarray(code, dtype=float), np.asarray(atoms, dtype=float)
    parts = activity[:, np.newaxis] * rows
    return ((parts - parts.sum(axis=0)) ** 2).sum(axis=1)


@dataclass(frozen=True)
class Kept:
    """Which unit was kept and what that costs."""

    unit: int
    error: float

    def __repr__(self) -> str:
        """Say it as the learner should read it."""
        return f"keep my_code[{self.unit}]: squared error {self.error:.4g}"


def _keep_largest_unit(code: Sequence[float], atoms: Sequence[Sequence[float]]) -> Kept:
    unit = int(np.argmax(code))
    return Kept(unit, float(_errors(code, atoms)[unit]))


def _keep_best_unit(code: Sequence[float], atoms: Sequence[Sequence[float]]) -> Kept:
    unit = int(np.argmin(_errors(code, atoms)))
    return Kept(unit, float(_errors(code, atoms)[unit]))


def _costs_more(best: Kept, largest: Kept) -> str:
    """Compare errors alone: two units may be equally good."""
    return same_value(best.error, largest.error)


def _code_problem(code: Any, atoms: Any) -> str:
    activity, rows = np.asarray(code, dtype=float), np.asarray(atoms, dtype=float)
    if activity.shape != (3,) or rows.shape != (3, 2):
        return "give a code of three numbers and three atoms of two numbers each"
    if not np.isfinite(activity).all() or (activity < 0).any():
        return "a code that went through a ReLU holds finite numbers of at least 0"
    if np.count_nonzero(activity == activity.max()) > 1:
        return "two units share the largest activity; one must be strictly the largest"
    if not np.allclose((rows**2).sum(axis=1), 1, rtol=0, atol=1e-3):
        return "each atom must have length 1, such as (1, 0) or (0.6, 0.8)"
    return ""


@st.composite
def _codes_and_k(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Codes with many ties; rows of more than 16 cells, in which an unstable sort mixes them."""
    rows, units = draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 3, 4, 30]))
    scale = draw(st.sampled_from([1.0, 1e-9, 1e9]))
    cells = st.lists(st.integers(-3, 5), min_size=rows * units, max_size=rows * units)
    return np.reshape(draw(cells), (rows, units)) * scale, draw(st.integers(1, units))


@st.composite
def _codes_and_atoms(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rows, units, pixels = (draw(st.integers(1, 3)) for _ in range(3))
    scale = draw(st.sampled_from([0.25, 1e-9, 1e9]))  # quarters: as often short as long
    codes = draw(st.lists(st.integers(-3, 5), min_size=rows * units, max_size=rows * units))
    atoms = draw(st.lists(st.integers(-3, 8), min_size=units * pixels, max_size=units * pixels))
    return np.reshape(codes, (rows, units)) * 1.0, np.reshape(atoms, (units, pixels)) * scale


@st.composite
def _activities(draw: st.DrawFn) -> tuple[np.ndarray]:
    rows, units = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    sizes = st.sampled_from([0.0, 0.0, 1e-9, 0.5, 2.0, 1e6])
    cells = draw(st.lists(sizes, min_size=rows * units, max_size=rows * units))
    return (np.reshape(cells, (rows, units)),)


# Ten steps of 7 through 40 places, so that the equals are scattered.
_LONG_ROW = np.where(np.arange(40) * 7 % 40 < 10, 2.0, 1.0)
_MANY_EQUALS = np.vstack([_LONG_ROW, _LONG_ROW[::-1], np.ones(40)])

predict_paid = Prediction(
    name="predict_paid",
    answer=_means_on_target,
    because=(
        "The first two have the mean 0.25, though only one of them is ever off; "
        "the third never fires, and its mean of 0 is off target too."
    ),
    hint="The divergence of a unit knows one number of its column. Which?",
    misconceptions={
        "the first unit is never off, but the penalty does not ask for that": lambda: [
            False,
            True,
            False,
        ],
        "a unit that never fires is not on target either": lambda: [True, True, True],
        "neither half holds: think of the means, not of the values": lambda: [False, True, True],
        "the second unit is on target as well: what is its mean?": lambda: [True, False, False],
        "some are on target; 0.25 is the mean wanted, not a value to avoid": lambda: [
            False,
            False,
            False,
        ],
        "a mean of 0 is off target, and 1 in one row of four is not": lambda: [True, False, True],
        "the unit that never fires is the only one that pays; means count": lambda: [
            False,
            False,
            True,
        ],
    },
)

keep_largest = Exercise(
    name="keep_largest",
    reference=_keep_largest,
    cases=[
        Case("one row", (np.array([[3.0, 1.0, 2.0]]), 2), "the 1 goes, the places stay"),
        Case(
            "two rows",
            (np.array([[3.0, 1.0, 2.0], [0.1, 0.3, 0.2]]), 1),
            "each row keeps its own largest, however small",
            hint="One limit for the whole matrix would empty the second row. Work along axis 1.",
        ),
        Case(
            "equal values",
            (np.array([[1.0, 2.0, 2.0, 2.0]]), 2),
            "exactly two are kept, and of equals those with the lower index",
            hint="More than k may be at least the k-th largest; topk picks of equals freely.",
        ),
        Case(
            "a negative value far from 0",
            (np.array([[-9.0, 1.0, 2.0]]), 2),
            "the largest are kept, not the farthest from 0",
        ),
        Case(
            "only negative values",
            (np.array([[-3.0, -1.0, -2.0]]), 1),
            "what is kept keeps its value, also below 0",
            hint="A dropped place becomes 0, so 0 may well be larger than what is kept.",
        ),
        Case(
            "nearly equal values",
            (np.array([[1.0, 1.0 + 1e-9, 0.5]]), 1),
            "a little larger is larger: 1 + 10⁻⁹ is more than 1",
            hint="Compare the values as they are, without rounding or a tolerance.",
        ),
        Case(
            "far below 0",
            (np.array([[-1e12, -2e12, -3e12], [-1e-12, 3.0, -2e-12]]), 2),
            "any number may be among the largest",
            hint="No fixed number stands for *taken already*: a value may lie below it.",
        ),
        Case(
            "rows of forty units",
            (_MANY_EQUALS, 17),
            "of equals those further left are kept, in long rows, too",
            hint="Long rows show which sorts and searches leave equals in their order.",
        ),
        Case("k of all", (np.array([[1.0, 0.0, 2.0]]), 3), "nothing has to go"),
    ],
    hint="np.argsort finds places; kind='stable' leaves equals in their order.",
    search=_codes_and_k(),
    without=(
        "torch.topk",
        "torch.Tensor.topk",
        "course_utils.torch_models.keep_top_k",
    ),
)

rescale = Exercise(
    name="rescale",
    reference=_rescale,
    cases=[
        Case(
            "atoms of length 1",
            (np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.6, 0.8]])),
            "nothing is left to do",
        ),
        Case(
            "one long atom",
            (np.array([[1.0, 2.0]]), np.array([[10.0, 0.0], [0.0, 1.0]])),
            "an atom ten times as long did the work of a unit ten times as active",
        ),
        Case(
            "a short atom",
            (np.array([[1.0, 2.0]]), np.array([[0.5, 0.0], [0.0, 1.0]])),
            "it has to grow to length 1, and its unit to shrink",
            hint="Length 1 is asked of every atom with a direction, the short ones too.",
        ),
        Case(
            "an oblique atom",
            (np.array([[1.0], [3.0]]), np.array([[3.0, 4.0]])),
            "its length is 5, by Pythagoras, in every row",
        ),
        Case(
            "very short and very long atoms",
            (np.array([[2.0, 3.0], [1.0, 0.0]]), np.array([[3e-12, -4e-12], [0.0, 2e9]])),
            "an atom has a direction however short it is",
            hint="Only a length of exactly 0 is left alone; add nothing to the others.",
        ),
        Case(
            "more pixels than units",
            (np.array([[-1.0], [2.0], [0.5]]), np.array([[2.0, -2.0, 1.0, 4.0]])),
            "its length is 5, over all of its pixels",
            hint="An atom is a row of `atoms`; a unit is a column of `codes`.",
        ),
        Case(
            "an atom of zeros",
            (np.array([[2.0, 1.0]]), np.array([[0.0, 0.0], [0.0, 2.0]])),
            "it has no direction; leave it and its unit as they are",
            hint="0 / 0 is no number; 0 times a unit switches it off. Which length is harmless?",
        ),
    ],
    hint="If atom j is divided by its length, what must happen to unit j for the same product?",
    search=_codes_and_atoms(),
    compare=_rescaling_problem,
)

break_largest = Breaking(
    name="break_largest",
    suspect=_keep_largest_unit,
    reference=_keep_best_unit,
    refusal=_code_problem,
    hint="Draw the row, code @ atoms, as an arrow. Does the longest part lie nearest to it?",
    compare=_costs_more,
    takes=numbers,
)

count_units = Exercise(
    name="count_units",
    reference=_count_units,
    cases=[
        Case(
            "every unit on, at 1",
            (np.ones((2, 3)),),
            "three units a row, none of them dead: both versions agree",
        ),
        Case(
            "loud and soft units",
            (np.array([[9.0, 0.5, 0.0], [0.0, 0.5, 0.25]]),),
            "two of three are on in each row; how loud they are does not matter",
            hint="Count what is above 0; the sum says how loud, not how many.",
        ),
        Case(
            "a dead unit",
            (np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0], [0.0, 0.0, 3.0]]),),
            "the second is 0 in every row, the first only in some",
            hint=(
                "A unit is a column: axis 0 runs through its rows. "
                "The mean of 2, 1 and 1 stays 1.33, not rounded."
            ),
        ),
        Case(
            "a row without any",
            (np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]),),
            "a row may be empty; that kills no unit",
            hint="Dead is a column of zeros, not a row of zeros.",
        ),
        Case(
            "hardly on",
            (np.array([[1e-12, 0.0, 5.0]]),),
            "1e-12 is not 0: no tolerance",
            hint="In this exercise *on* means above 0.",
        ),
    ],
    hint="Make a table of True and False first; both numbers can be read off it.",
    search=_activities(),
)
