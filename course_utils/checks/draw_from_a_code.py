"""Checks of *Draw from a code*."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils import metrics
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, number_list

REAL = [-1.0, 1.0]
NEAR, PERFECT = 0.4, 1e-4
HINT = (
    "Mean 0 and standard deviation 1 is all the score asks for. Put many drawings in the middle; "
    "how far out must the others be?"
)


def _frechet(drawn: list[Any]) -> float:
    column = np.array([[float(value)] for value in drawn])
    return metrics.frechet_distance(np.array([REAL]).T, column)


def _nearest(drawn: list[Any]) -> float:
    return min(abs(abs(float(value)) - 1) for value in drawn)


def _score_only(drawn: list[Any]) -> str:
    return "good drawings"


def _score_and_look(drawn: list[Any]) -> str:
    # A little slack, so that 1.4 is 0.4 away from 1.
    fooled = _frechet(drawn) <= PERFECT and _nearest(drawn) >= NEAR - 1e-9
    return "not one is like the data" if fooled else _score_only(drawn)


def _drawn_problem(drawn: list[Any]) -> str:
    if not 2 <= len(drawn) <= 10:
        return f"give a list of 2 to 10 numbers, got {len(drawn)}"
    if not all(np.isfinite(float(value)) for value in drawn):
        return "all numbers are finite"
    return ""


def _drawn_detail(broken: bool, drawn: list[Any]) -> Mapping[str, str]:
    values = np.array([float(value) for value in drawn])
    lines = {
        "moments": f"mean {values.mean():.4g}, standard deviation {values.std():.4g}",
        "distance": f"Fréchet {_frechet(drawn):.3g}",
        "nearest": f"the nearest drawing is {_nearest(drawn):.3g} away from -1 or 1",
    }
    return lines if broken else lines | {"hint": HINT}


break_frechet = Breaking(
    name="break_frechet",
    suspect=_score_only,
    reference=_score_and_look,
    refusal=_drawn_problem,
    takes=number_list,
    detail=_drawn_detail,
    headline=lambda broken, drawn: "a perfect score for bad drawings" if broken else "not yet",
    hint=HINT,
)


predict_divergence = Prediction(
    name="predict_divergence",
    answer=lambda: 0.5 * (2**2 + 1 - 1 - np.log(1)),
    decimals=2,
    because="½ (2² + 1 - 1 - log 1) = 2: only the shift of the mean is left.",
    hint="Put m = 2 and s² = 1 into the formula.",
    misconceptions={
        "the half is lost": lambda: 4.0,
        "that is the standard deviation of 2 and the mean of 1": lambda: (
            0.5 * (1 + 4 - 1 - np.log(4))
        ),
        "that takes the variance of 1 for a log-variance": lambda: 0.5 * (4 + np.e - 1 - 1),
        "that forgets to square the mean": lambda: 1.0,
        "the 1 is not subtracted": lambda: 2.5,
        "the sign: a divergence is never negative": lambda: -2.0,
        "that is in bits; nats take the logarithm with base e": lambda: 2 / np.log(2),
        "a divergence of 0 would need equal distributions": lambda: 0.0,
    },
)


def _negative_elbo(
    x: np.ndarray, p: np.ndarray, mean: np.ndarray, log_variance: np.ndarray
) -> np.ndarray:
    reconstruction = -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1)
    divergence = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1)
    return reconstruction + divergence


@st.composite
def _bounds(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    rows, pixels, units = (draw(st.integers(1, top)) for top in (4, 9, 5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    scale = draw(st.sampled_from([0.1, 1.0, 3.0]))
    x = rng.random((rows, pixels)).round(draw(st.sampled_from([0, 3])))
    p = rng.uniform(0.01, 0.99, (rows, pixels))
    return x, p, *(scale * rng.standard_normal((2, rows, units)))


_HALF = np.full((1, 6), 0.5)
_ZERO = np.zeros((1, 2))
negative_elbo = Exercise(
    name="negative_elbo",
    reference=_negative_elbo,
    cases=[
        Case(
            "six fair coins",
            (np.array([[1.0, 0, 1, 1, 0, 0]]), _HALF, _ZERO, _ZERO),
            "a code like the prior is free, and six coins cost 6 log 2 = 4.16",
            hint="One term is a sum over units. What is the other one over pixels?",
        ),
        Case(
            "ten fair coins",
            (np.ones((1, 10)), np.full((1, 10), 0.5), _ZERO, _ZERO),
            "ten coins cost 10 log 2 = 6.93: the number of pixels is that of x",
            hint="A sum knows by itself how many pixels there are; write no number.",
        ),
        Case(
            "three units that cost",
            (_HALF, _HALF, np.array([[1.0, 2.0, 0.0]]), np.zeros((1, 3))),
            "½ (1 + 4) = 2.5 nats for the code, and grey pixels cost 6 log 2",
            hint="The code's term was right before: the sum over its units.",
        ),
        Case(
            "two rows",
            (
                np.array([[1.0, 0.0], [1.0, 1.0]]),
                np.array([[0.9, 0.1], [0.5, 0.5]]),
                np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]),
                np.zeros((2, 3)),
            ),
            "each row has its own price",
            hint="Return one number for each row: sum over axis 1 alone.",
        ),
        Case(
            "a narrow code",
            (_HALF, _HALF, _ZERO, np.array([[-4.0, 1.0]])),
            "a variance of exp(-4) costs 1.51 nats",
            hint="log_variance is the logarithm of the variance.",
        ),
    ],
    hint="A bound needs a sum over pixels and a sum over units, for each row.",
    search=_bounds(),
    search_hint="Each row is the sum over its pixels plus the sum over its units, for any widths.",
)


@st.composite
def _log_weights(draw: st.DrawFn) -> tuple[np.ndarray]:
    draws, rows = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    shift = draw(st.sampled_from([0.0, -100.0, -1e4, 900.0]))
    spread = draw(st.sampled_from([0.0, 1.0, 30.0]))
    return (shift + spread * rng.standard_normal((draws, rows)),)


importance_bound = Exercise(
    name="importance_bound",
    reference=metrics.importance_bound,
    cases=[
        Case(
            "the coin",
            (np.log([[0.2], [0.8]]),),
            "the weights 0.2 and 0.8 have the mean 0.5, and log 0.5 = -0.693",
            hint="First the mean of the weights, then its logarithm; not the other way round.",
        ),
        Case(
            "four draws alike",
            (np.full((4, 2), -3.0),),
            "the mean of equal weights is that weight",
            hint="A mean divides by the number of draws: subtract its logarithm.",
        ),
        Case(
            "three draws, two rows",
            (np.log([[0.2, 1.0], [0.8, 3.0], [0.5, 8.0]]),),
            "each row has its own mean over the draws",
            hint="The draws lie along axis 0, and one number for each row is left.",
        ),
        Case(
            "a digit",
            (np.array([[-801.0, -98.0], [-803.0, -97.0]]),),
            "exp(-801) is 0 for a computer, and its logarithm minus infinity",
            hint="Subtract each row's largest log-weight first, and add it again at the end.",
        ),
        Case(
            "the other way",
            (np.array([[801.0], [803.0]]),),
            "exp(801) is infinite for a computer",
            hint="Subtract each row's largest log-weight first, and add it again at the end.",
        ),
        Case(
            "two digits far apart",
            (np.array([[-5000.0, 3.0], [-5001.0, 2.0]]),),
            "each row needs a shift of its own",
            hint="Subtract each row's own largest log-weight, not the largest of all.",
        ),
        Case("one draw", (np.array([[-2.0, 5.0]]),), "the mean of one weight is itself"),
    ],
    hint="log of the mean of the exponentials, over axis 0, with each row's maximum taken out.",
    search=_log_weights(),
    search_hint="Any number of draws and rows, of any size: log-mean-exp along axis 0.",
    without=("scipy.special.logsumexp", "course_utils.metrics.importance_bound", "torch"),
)
