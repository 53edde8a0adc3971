"""Checks of *Scale past one machine*."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    NotAnAnswerError,
    Prediction,
    number_list,
    plain,
    same_dtype,
)

# ---- what must not be averaged ------------------------------------------------------------------

Film = list[list[Any]]  # stars in part 0 and in part 1

_PARTS, _MOST = 2, 20
_HINT = (
    "A mean of a part does not say how many ratings it is made of. Where should film A have most "
    "of its ratings: where both are liked, or where both are not?"
)


def _two_parts(value: Any) -> Film:
    """Take a film: two rows of numbers, of whatever container, of equal lengths or not."""
    value = plain(value)
    if (isinstance(value, np.ndarray) and value.ndim == 0) or not isinstance(
        value, (list, tuple, np.ndarray)
    ):
        raise NotAnAnswerError("a film is a list of two lists of stars, such as [[5, 4], [1]]")
    if len(value) != _PARTS:
        raise NotAnAnswerError(f"a film has stars in {_PARTS} parts, got {len(value)}")
    return [number_list(part) for part in value]


def _mean(stars: list[Any]) -> Fraction:
    return sum(map(Fraction, stars), Fraction(0)) / len(stars)


def _over_all(film: Film) -> Fraction:
    return _mean([star for part in film for star in part])


def _better_by_parts(film_a: Film, film_b: Film) -> str:
    by_parts = [_mean([_mean(part) for part in film]) for film in (film_a, film_b)]
    return "film A" if by_parts[0] > by_parts[1] else "film B"


def _better(film_a: Film, film_b: Film) -> str:
    return "film B" if _over_all(film_b) > _over_all(film_a) else "film A"


def _films_problem(film_a: Film, film_b: Film) -> str:
    for name, film in (("A", film_a), ("B", film_b)):
        for part, stars in enumerate(film):
            if not 1 <= len(stars) <= _MOST:
                return f"1 to {_MOST} ratings each, film {name} has {len(stars)} in part {part}"
            for star in stars:
                if not (0.5 <= star <= 5 and 2 * star == int(2 * star)):
                    return f"ratings are half stars from 0.5 to 5, got {star}"
    for part in range(_PARTS):
        a, b = _mean(film_a[part]), _mean(film_b[part])
        if a <= b:
            return (
                f"film A must have the higher mean in each part; in part {part} it has "
                f"{float(a):.4g}, and film B {float(b):.4g}"
            )
    return ""


def _films_detail(broken: bool, film_a: Film, film_b: Film) -> Mapping[str, str]:
    def both(a: Fraction, b: Fraction) -> str:
        return f"film A {float(a):.3g}, film B {float(b):.3g}"

    lines = {
        f"part {part}": both(_mean(film_a[part]), _mean(film_b[part])) for part in range(_PARTS)
    }
    lines["together"] = both(_over_all(film_a), _over_all(film_b))
    return lines if broken else lines | {"hint": _HINT}


break_mean_of_means = Breaking(
    name="break_mean_of_means",
    suspect=_better_by_parts,
    reference=_better,
    refusal=_films_problem,
    takes=_two_parts,
    detail=_films_detail,
    headline=lambda broken, *films: (
        "film A wins in each part and loses over all" if broken else "film A wins over all, too"
    ),
    hint=_HINT,
)


# ---- normalising a loss over unequal parts ------------------------------------------------------


def _whole_gradient(gradients: np.ndarray, rows: np.ndarray) -> np.ndarray:
    some = rows > 0
    return np.asarray((rows[some] / rows.sum()) @ gradients[some])


@st.composite
def _shares(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    ranks, weights = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    most = draw(st.sampled_from([1, 3, 40, 3_000]))
    rows = rng.integers(0, most + 1, ranks)
    rows[draw(st.integers(0, ranks - 1))] += 1  # one rank has a row
    scale = draw(st.sampled_from([0.01, 1.0, 1000.0]))
    gradients = scale * rng.uniform(-1, 3, (ranks, weights)).round(3)
    gradients[rows == 0] = np.nan
    return gradients, rows


whole_gradient = Exercise(
    name="whole_gradient",
    reference=_whole_gradient,
    compare=same_dtype,
    cases=[
        Case(
            "equal shares",
            (np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([4, 4])),
            "with equal shares the mean of the two is right",
            hint="Each gradient counts as often as its rank has rows, divided by all rows.",
        ),
        Case(
            "two rows and one",
            (np.array([[1.0, 0.0], [4.0, 3.0]]), np.array([2, 1])),
            "(2 · 1 + 1 · 4) / 3 = 2 and (2 · 0 + 1 · 3) / 3 = 1",
            hint="A gradient of two rows counts twice; divide by the rows, not by the ranks.",
        ),
        Case(
            "three ranks, one weight",
            (np.array([[100.2], [-1001.0], [0.2]]), np.array([10, 1, 5])),
            "any number of ranks and weights",
            hint="Let the arrays say how many ranks and weights there are, and rows in all.",
        ),
        Case("one rank", (np.array([[3.0, -1.0, 0.0]]), np.array([7])), "nothing is shared out"),
        Case(
            "an empty rank",
            (np.array([[1.0, 2.0], [np.nan, np.nan], [5.0, 0.0]]), np.array([3, 0, 1])),
            "a rank without a row adds nothing, though its mean is NaN",
            hint="0 times NaN is NaN: leave out ranks without rows before you add up.",
        ),
        Case(
            "only one rank has rows",
            (np.array([[np.nan] * 3, [2.0, 4.0, 8.0]]), np.array([0, 1])),
            "the whole batch is on one rank",
            hint="Divide by all rows of the batch, which are 1 here.",
        ),
    ],
    hint="The whole batch averages over rows; each rank's gradient stands for as many as it has.",
    search=_shares(),
    search_hint="Weigh each gradient by its share of all rows, and leave out ranks without any.",
)


# ---- predicting bytes ---------------------------------------------------------------------------

FILMS, NUMBERS, NAMED = 87_585, 160, 1_000

predict_sparse_bytes = Prediction(
    name="predict_sparse_bytes",
    answer=lambda: NAMED * (8 + 4 * NUMBERS),
    because="1,000 rows of 8 + 4 · 160 = 648 bytes; the dense gradient has 56,054,400.",
    hint="How many rows does the gradient name? Each costs its index and all its numbers.",
    misconceptions={
        "that is the dense gradient, a number for each film and unit": lambda: 4 * FILMS * NUMBERS,
        "the indices are missing: one of 8 bytes for each row": lambda: 4 * NAMED * NUMBERS,
        "an index has 8 bytes here, not 4": lambda: NAMED * (4 + 4 * NUMBERS),
        "float32 has 4 bytes, not 8": lambda: NAMED * (8 + 8 * NUMBERS),
        "there is one index for a row, not one for each number": lambda: NAMED * NUMBERS * (8 + 4),
        "a row has 160 numbers, not one": lambda: NAMED * (8 + 4),
        "a row has 160 numbers of 4 bytes, not of one": lambda: NAMED * (8 + NUMBERS),
        "that is one row; the batch names 1,000": lambda: 8 + 4 * NUMBERS,
        "all films have an index in that; only those of the batch are sent": lambda: (
            8 * FILMS + 4 * NAMED * NUMBERS
        ),
        "that many rows are not sent; only those of the batch": lambda: FILMS * (8 + 4 * NUMBERS),
        "that is in bits; a byte has 8": lambda: 8 * NAMED * (8 + 4 * NUMBERS),
        "that is in kilobytes": lambda: NAMED * (8 + 4 * NUMBERS) / 1e3,
        "that is in megabytes": lambda: NAMED * (8 + 4 * NUMBERS) / 1e6,
    },
)
