"""Checks of notebook 06, Autoencode digits."""

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from scipy.special import logit

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction
from course_utils.metrics import binary_cross_entropy

SMALL_NETWORK = (6, 4, 2, 4, 6)


def _parameters(widths: Sequence[int], *, biases: bool = True) -> int:
    return sum((rows + biases) * columns for rows, columns in itertools.pairwise(widths))


def _log_odds(mean: np.ndarray) -> np.ndarray:
    return logit(np.clip(mean, 1e-3, 1 - 1e-3))


def _code_position(encoder_widths: Sequence[int]) -> int:
    return len(encoder_widths) - 1


def _widths_problem(encoder_widths: Sequence[int]) -> str:
    legal = (
        isinstance(encoder_widths, (list, tuple))
        and len(encoder_widths) >= 2
        and all(type(width) is int and width > 0 for width in encoder_widths)
    )
    return "" if legal else "give a list of at least two positive integers: input first, code last"


_between = st.floats(0.01, 0.99).map(lambda value: round(value, 2))
_pixel_pairs = st.lists(st.tuples(_between, _between), min_size=1, max_size=3).map(
    lambda pairs: (np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]))
)

predict_parameters = Prediction(
    name="predict_parameters",
    answer=lambda: _parameters(SMALL_NETWORK),
    because="6·4+4, 4·2+2, 2·4+4 and 4·6+6 add up to it.",
    hint="A layer has one weight for each pair of input and output, and one bias for each output.",
    misconceptions={
        "these are the weights alone; each output has a bias too": lambda: _parameters(
            SMALL_NETWORK, biases=False
        ),
        "that is the encoder alone; the decoder has parameters of its own": lambda: _parameters(
            SMALL_NETWORK[:3]
        ),
        "that is twice the encoder; the decoder's layers have other biases": lambda: (
            2 * _parameters(SMALL_NETWORK[:3])
        ),
        "that is the number of units, not of parameters": lambda: sum(SMALL_NETWORK),
    },
)

pixel_loss = Exercise(
    name="pixel_loss",
    reference=binary_cross_entropy,
    cases=[
        Case(
            "a white pixel",
            (np.array([1.0]), np.array([0.8])),
            "only log p counts here, so both versions agree",
        ),
        Case(
            "a black pixel called white",
            (np.array([0.0]), np.array([0.99])),
            "that answer is wrong, so it must be expensive",
        ),
        Case(
            "a grey pixel",
            (np.array([0.25]), np.array([0.25])),
            "a grey pixel is a quarter white and three quarters black: both parts count",
        ),
        Case(
            "four pixels",
            (np.array([[0.0, 1.0], [0.5, 0.2]]), np.array([[0.1, 0.9], [0.5, 0.4]])),
            "the loss is the mean over all pixels of all images",
        ),
    ],
    hint="Which part of the loss speaks about the share of black, 1 - x?",
    search=_pixel_pairs,
)

log_odds = Exercise(
    name="log_odds",
    reference=_log_odds,
    cases=[
        Case("a coin", (np.array([0.5]),), "odds of one to one have the logarithm 0"),
        Case("a bright pixel", (np.array([0.8]),), "four to one: log 4"),
        Case("one to four", (np.array([0.2]),), "the opposite odds have the opposite sign"),
        Case(
            "a pixel that is never lit",
            (np.array([0.0, 0.5]),),
            "log 0 is minus infinity; clip the mean first",
        ),
        Case("a pixel that is always lit", (np.array([1.0]),), "the odds 1 / 0 are no number"),
        Case("a mean image", (np.array([[0.1, 0.4], [0.9, 0.5]]),), "pixel by pixel, same shape"),
    ],
    hint="np.clip(mean, 0.001, 0.999) comes first; the odds of m are m / (1 - m).",
    search=st.lists(st.floats(0, 1).map(lambda value: round(value, 3)), min_size=1, max_size=3).map(
        lambda values: (np.array(values),)
    ),
)

break_position = Breaking(
    name="break_position",
    suspect=lambda encoder_widths: 3,
    reference=_code_position,
    refusal=_widths_problem,
    hint="The input is layer 0. Where does the code land with one layer more, or one less?",
)
