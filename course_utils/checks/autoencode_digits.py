"""Checks of *Autoencode digits*."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, number_list, plain

SMALL_NETWORK = (6, 4, 2, 4, 6)


def _parameters(widths: Sequence[int], *, biases: bool = True) -> int:
    return sum((rows + biases) * columns for rows, columns in itertools.pairwise(widths))


def _split_rows(order: np.ndarray, n_validation: int) -> tuple[np.ndarray, np.ndarray]:
    def both_rows(chosen: np.ndarray) -> np.ndarray:
        return np.concatenate([chosen, chosen + len(order)])

    return both_rows(order[n_validation:]), both_rows(order[:n_validation])


def _split_problem(expected: tuple[np.ndarray, np.ndarray], got: Any) -> str:
    """Say what is wrong with a split into rows; their order within a part is free."""
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return "give two arrays: the training rows, then the validation rows"
    parts = [np.asarray(plain(part)) for part in got]
    for name, part in zip(("training", "validation"), parts, strict=True):
        if part.ndim != 1:
            return f"the {name} rows have shape {part.shape}; a part is an array of one axis"
        if part.dtype == bool:
            return f"the {name} rows are a mask; give the numbers of the rows"
        if part.size and part.dtype.kind not in "iu":
            return f"the {name} rows are {part.dtype}; row numbers are an int array"
    training, validation = (part.astype(int) for part in parts)
    n_rows = sum(len(part) for part in expected)
    rows = np.concatenate([training, validation])
    if absent := sorted(set(rows.tolist()) - set(range(n_rows))):
        return f"there is no row {absent[0]}; rows go from 0 to {n_rows - 1}"
    for digit in range(n_rows // 2):
        pair = {digit, digit + n_rows // 2}
        learnt, kept = sorted(pair & set(training)), sorted(pair & set(validation))
        if learnt and kept:
            return f"training row {learnt[0]} and validation row {kept[0]} show the same digit"
    counts = np.bincount(rows, minlength=n_rows)
    if (counts == 0).any():
        return f"row {counts.argmin()} is in neither part"
    if (counts > 1).any():
        return f"row {counts.argmax()} is there {counts.max()} times"
    if set(validation) != set(expected[1]):
        return "other digits for validation than the first ones of `order`"
    return ""


def _smoothed_log_odds(mean: np.ndarray, n_images: int) -> np.ndarray:
    ink = mean * n_images
    return np.log((ink + 1) / (n_images - ink + 1))


def _code_position(encoder_widths: Sequence[int]) -> int:
    return len(encoder_widths) - 1


def _narrowest_position(encoder_widths: Sequence[int]) -> int:
    # The decoder repeats these widths, and argmin names the first of equal ones.
    return int(np.argmin(encoder_widths))


def _widths_problem(encoder_widths: Sequence[int]) -> str:
    legal = (
        isinstance(encoder_widths, (list, tuple))
        and len(encoder_widths) >= 2
        and all(type(width) is int and width > 0 for width in encoder_widths)
    )
    if not legal:
        return "give a list of at least two positive integers: input first, code last"
    if encoder_widths[0] == encoder_widths[-1]:
        return (
            "the last width, the code's, is that of the input; give the encoder's half alone, "
            "the decoder mirrors it"
        )
    return ""


def _shares(losses: Sequence[float]) -> np.ndarray:
    gains = -np.diff(np.asarray(losses, dtype=float))
    return gains / gains.sum()


@st.composite
def _orders(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    # Some with more digits than a byte can count.
    n = draw(st.one_of(st.integers(1, 40), st.integers(1, 400)))
    order = np.random.default_rng(draw(st.integers(0, 1000))).permutation(n)
    return order, draw(st.integers(0, n))


@st.composite
def _means(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    kind = draw(st.sampled_from(["some of each", "grey", "black", "white"]))
    mean = {
        "some of each": rng.integers(0, 21, size=shape) / 20,
        "grey": rng.random(shape),
        "black": np.zeros(shape),
        "white": np.ones(shape),
    }[kind]
    return mean, draw(st.one_of(st.integers(1, 100), st.sampled_from([1000, 60_000, 10**9])))


@st.composite
def _losses(draw: st.DrawFn) -> tuple[list[float]]:
    # Whole numbers times a power of two, so that no way of adding them up rounds.
    steps = draw(st.lists(st.integers(-8, 8), min_size=1, max_size=7).filter(sum))
    scale = 2.0 ** draw(st.integers(-40, 40))
    start = draw(st.integers(-100, 100))
    return ([float(start - total) * scale for total in itertools.accumulate(steps, initial=0)],)


predict_parameters = Prediction(
    name="predict_parameters",
    answer=lambda: _parameters(SMALL_NETWORK),
    because="6·4+4, 4·2+2, 2·4+4 and 4·6+6 add up to it.",
    hint="A layer has one weight for each pair of input and output, and one bias for each output.",
    misconceptions={
        "these are the weights alone; each output has a bias too": lambda: _parameters(
            SMALL_NETWORK, biases=False
        ),
        "the 6 inputs receive nothing, so they have no biases": lambda: (
            _parameters(SMALL_NETWORK) + SMALL_NETWORK[0]
        ),
        "the 6 units of the last layer have biases as well": lambda: (
            _parameters(SMALL_NETWORK) - SMALL_NETWORK[-1]
        ),
        "that is the encoder alone; the decoder has parameters of its own": lambda: _parameters(
            SMALL_NETWORK[:3]
        ),
        "that is twice the encoder; the decoder's layers have other biases": lambda: (
            2 * _parameters(SMALL_NETWORK[:3])
        ),
        "that is the number of units, not of parameters": lambda: sum(SMALL_NETWORK),
        "encoder and decoder share no weights here; each layer has its own": lambda: (
            _parameters(SMALL_NETWORK[:3], biases=False) + sum(SMALL_NETWORK[1:])
        ),
    },
)

split_rows = Exercise(
    name="split_rows",
    reference=_split_rows,
    cases=[
        Case(
            "three digits, one for validation",
            (np.array([2, 0, 1]), 1),
            "rows 2 and 5 are one digit, so they stay on one side",
        ),
        Case(
            "ten digits, three for validation",
            (np.array([3, 7, 0, 9, 1, 5, 2, 8, 6, 4]), 3),
            "six rows to validate on, fourteen to learn from",
        ),
        Case(
            "no digit for validation",
            (np.array([1, 0]), 0),
            "an empty part is still an array, and all rows go to the other",
            hint="A slice such as rows[-n:] takes everything if n is 0.",
        ),
        Case("all digits for validation", (np.array([1, 0]), 2), "now the training part is empty"),
        Case(
            "two hundred digits",
            (np.random.default_rng(0).permutation(200), 50),
            "row numbers go up to 399",
            hint="Does a number of your own, or a small integer type, set a limit?",
        ),
    ],
    hint="What must not be in both parts: a row, or what the row shows?",
    search=_orders(),
    search_hint="Any number of digits may come, in any order, and any share of them is set aside.",
    compare=_split_problem,
)

smoothed_log_odds = Exercise(
    name="smoothed_log_odds",
    reference=_smoothed_log_odds,
    cases=[
        Case("a coin", (np.array([0.5]), 10), "one more on each side leaves even odds even"),
        Case(
            "a quarter of four images",
            (np.array([0.25]), 4),
            "1 to 3 becomes 2 to 4, whose logarithm is -log 2",
        ),
        Case(
            "a pixel that no image inks",
            (np.array([0.0, 0.5]), 98),
            "0 to 98 becomes 1 to 99: no infinity is left",
        ),
        Case(
            "a pixel that every image inks",
            (np.array([1.0]), 98),
            "98 to 0 becomes 99 to 1",
            hint="The image without ink adds 1 below the line, to the images that leave it empty.",
        ),
        Case(
            "a million images",
            (np.array([0.2]), 1_000_000),
            "two images among so many change next to nothing",
            hint="The two images count as two among n_images, not as two halves of the whole.",
        ),
        Case(
            "a mean image",
            (np.array([[0.1, 0.4, 0.0], [0.9, 0.5, 1.0]]), 10),
            "pixel by pixel, same shape",
            hint="NumPy works element by element; nothing has to be summed or averaged.",
        ),
        Case(
            "one image",
            (np.array([0.0, 0.5, 1.0]), 1),
            "with the two more there are three",
            hint="Add one to the ink and one to what is missing, however few images there are.",
        ),
        Case(
            "two pictures of three rows and two columns",
            (np.arange(12).reshape(2, 3, 2) / 12, 24),
            "any number of axes",
            hint="The shape of the result is that of `mean`, whatever that is.",
        ),
    ],
    hint="How much ink is in n_images images with this mean, how much is missing? One more each.",
    search=_means(),
    search_hint="Any shape, any mean from 0 to 1 and any number of images may come.",
    without=("course_utils.keras_models.log_odds",),
)

shares = Exercise(
    name="shares",
    reference=_shares,
    cases=[
        Case("three losses", ([5.0, 4.0, 1.0],), "of a gain of 4, the first step brings 1"),
        Case(
            "one step",
            ([0.5, 0.25],),
            "the only step brings everything",
            hint="Divide by the whole gain, from the first loss to the last.",
        ),
        Case(
            "a step back",
            ([4.0, 5.0, 2.0],),
            "the whole gain is 2; the first step loses half of it, and the second makes up for it",
            hint="The whole gain is the first loss minus the last, and a step back stays negative.",
        ),
        Case(
            "five losses",
            ([16.0, 8.0, 6.0, 5.0, 0.0],),
            "each step alone, not all steps so far",
            hint="Give one number for each pair of neighbours.",
        ),
        Case(
            "it gets worse all the way",
            ([1.0, 2.0, 4.0],),
            "the gain is -3, and the steps bring -1 and -2 of it",
            hint="Two negative numbers give a positive part.",
        ),
        Case(
            "small losses",
            ([3e-9, 2e-9, 1e-9],),
            "parts have no unit: the size of the losses does not matter",
            hint="Nothing has to be rounded or kept away from 0.",
        ),
        Case(
            "a tiny step",
            ([1.0, 0.5, 0.5 - 2.0**-20, 0.0],),
            "about a millionth is not nothing",
            hint="Nothing has to be rounded, and no small part is 0.",
        ),
        Case(
            "a step that changes nothing",
            ([0.25, 0.25, 0.125],),
            "its part is 0",
            hint="Only the whole gain is divided by, and that is not 0.",
        ),
    ],
    hint="How far does each step go, and how far do all of them go together?",
    search=_losses(),
    search_hint="Any number of losses may come, of any size, and some steps may go back.",
)

break_narrowest = Breaking(
    name="break_narrowest",
    suspect=_narrowest_position,
    reference=_code_position,
    refusal=_widths_problem,
    takes=number_list,
    hint="The code is the narrowest layer here, so both agree. Does it have to be?",
)
