"""Checks of *Autoencode interactions*: stub, solution, and what one would get wrong."""

import numpy as np
import pytest

from course_utils.checks import TODO, Status
from course_utils.checks import autoencode_interactions as check


def status(exercise, *answer):
    return exercise.judge(*answer).status


@pytest.mark.parametrize(
    "answer", [1 / 6 + 5 / 6 / 2, 7 / 12, np.float64(7) / 12, np.float32(7) / 12]
)
def test_density_is_right(answer):
    assert status(check.predict_density, answer) is Status.RIGHT


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (1 / 6, "also where nobody rated"),
        (1.0, "cut to 0"),
        (5 / 12, "as well"),
        (0.5, "ratings themselves"),
        (0.6, "value 0"),
        (1 / 6 + 0.4, "lifts half of those"),
        (0.583, "rounded"),
        (np.float32(0.583), "rounded"),
        ("7/12", "text"),
    ],
)
def test_density_is_wrong_for_a_reason(answer, words):
    outcome = check.predict_density.judge(answer)
    assert outcome.status is Status.WRONG
    assert words in outcome.message


def test_stubs():
    assert status(check.predict_density, TODO) is Status.NOT_ATTEMPTED
    assert status(check.break_min_delta, TODO) is Status.NOT_ATTEMPTED
    assert status(check.masked_rmse, lambda *arguments: TODO) is Status.NOT_ATTEMPTED


@pytest.mark.parametrize(
    "losses",
    [
        [4e-4, 2e-4, 1e-4, 5e-5],
        (1, 1e-3, 5e-4, 2e-4, 1e-4),
        [8e-4, 1e-4, 1e-5, 1e-6],
        np.array([4e-4, 2e-4, 1e-4, 5e-5]),
        [np.float64(4e-4), np.float64(2e-4), 1e-4, 5e-5],
    ],
)
def test_small_losses_break_the_rule(losses):
    assert status(check.break_min_delta, losses) is Status.RIGHT


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([8, 4, 2, 1], "survives"),
        ([8, 4, 2, 1], "epoch 4 of 4 is the last that improves"),
        ([0.004, 0.0012, 0.0006, 0.0003], "epoch 2 of 4 is the last"),
        (np.array([8.0, 4, 2, 1]), "epoch 4 of 4"),
        (np.zeros((4, 2)), "an array of shape (4, 2) instead of a list"),
        ([0.016, 0.008, 0.004, 0.0025], "at most half"),
        ([4e-4, 3e-4, 2e-4, 1e-4], "at most half"),
        ([4e-4, 2e-4, 1e-4], "4 to 8"),
        ([4e-4, 2e-4, 1e-4, 0], "positive"),
        ([4e-4, 2e-4, 1e-4, True], "positive"),
        (4e-4, "one number instead of a list"),
    ],
)
def test_losses_that_do_not_break_it(losses, words):
    outcome = check.break_min_delta.judge(losses)
    assert outcome.status is Status.WRONG
    assert words in outcome.message


def test_stopping_rule_is_that_of_fit():
    torch_free = check._epochs_until_stop([5.0, 3.0, 4.0, 3.5, 3.2, 1.0], 0.0)
    assert torch_free == 4
    assert check._epochs_until_stop([5.0, 4.9995, 4.9991, 1.0], 0.001) == 3


def masked(ratings, hidden, prediction):
    return np.sqrt(((ratings - prediction) ** 2)[hidden & (ratings > 0)].mean())


def in_loops(ratings, hidden, prediction):
    squares = [
        (r - p) ** 2
        for r, h, p in zip(ratings.flat, hidden.flat, prediction.flat, strict=True)
        if h and r
    ]
    return (sum(squares) / len(squares)) ** 0.5


@pytest.mark.parametrize("solution", [masked, in_loops])
def test_masked_rmse_is_right(solution):
    assert status(check.masked_rmse, solution) is Status.RIGHT


WRONG = {
    "all cells": lambda r, h, p: np.sqrt(((r - p) ** 2).mean()),
    "all observed": lambda r, h, p: np.sqrt(((r - p) ** 2)[r > 0].mean()),
    "all hidden": lambda r, h, p: np.sqrt(((r - p) ** 2)[h].mean()),
    "no root": lambda r, h, p: ((r - p) ** 2)[h & (r > 0)].mean(),
    "absolute": lambda r, h, p: np.abs(r - p)[h & (r > 0)].mean(),
    "zeros elsewhere": lambda r, h, p: np.sqrt((((r - p) * (h & (r > 0))) ** 2).mean()),
    "predicted cells": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r > 0) & (p > 0)].mean()),
    "row by row": lambda r, h, p: np.sqrt(
        np.mean(
            [((a - c) ** 2)[b & (a > 0)].mean() for a, b, c in zip(r, h, p, strict=True) if b.any()]
        )
    ),
    "constant": lambda r, h, p: 1.0,
    "rounded predictions": lambda r, h, p: masked(r, h, np.round(p)),
    "cut predictions": lambda r, h, p: masked(r, h, p.astype(int)),
    "no half stars": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r >= 1)].mean()),
    "only good ratings": lambda r, h, p: np.sqrt(((r - p) ** 2)[h & (r > 2)].mean()),
    "clipped predictions": lambda r, h, p: masked(r, h, np.clip(p, 1, 5)),
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("answer", WRONG)
def test_masked_rmse_is_wrong(answer):
    assert status(check.masked_rmse, WRONG[answer]) is Status.WRONG


@pytest.mark.parametrize("answer", ["no root", "absolute", "rounded predictions"])
def test_slips_in_the_formula_get_a_hint_about_the_formula(answer):
    message = check.masked_rmse.judge(WRONG[answer]).message
    assert "root of the mean" in message
    assert "0 of 5 cases" in message


def test_bug_of_the_exercise_gets_a_hint_about_the_cells():
    message = check.masked_rmse.judge(WRONG["all cells"]).message
    assert "Which cells" in message


def test_masked_rmse_must_not_change_its_input():
    def changes(ratings, hidden, prediction):
        hidden &= ratings > 0
        return masked(ratings, hidden, prediction)

    assert status(check.masked_rmse, changes) is Status.WRONG
