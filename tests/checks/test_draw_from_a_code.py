"""The checks of *Draw from a code* catch what learners get wrong."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged
from scipy.integrate import quad
from scipy.special import entr, logsumexp, rel_entr, xlog1py, xlogy
from scipy.stats import bernoulli, norm

from course_utils import metrics
from course_utils.checks import TODO, Status
from course_utils.checks import draw_from_a_code as check

ROOT = 2.5**0.5


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([-ROOT, 0, 0, 0, ROOT], Status.RIGHT, "perfect score"),
        ((0, 0, 2**0.5, -(2**0.5)), Status.RIGHT, "perfect score"),
        ([-1.414, 0.0, 0.0, 1.414], Status.RIGHT, "Fréchet"),
        (np.array([-1.5811, 0, 0, 0, 1.5811]), Status.RIGHT, "nearest"),
        (np.array([-ROOT, 0, 0, 0, ROOT], dtype=np.float32), Status.RIGHT, "perfect"),
        (pd.Series([0, 0, 0, 0, -2, 2, 0, 0]), Status.RIGHT, "perfect score"),
        ([3, *[-1 / 3] * 9], Status.RIGHT, "standard deviation 1"),
        ([Fraction(-1, 2), Fraction(-1, 2), Fraction(-1, 2), Fraction(-1, 2), 2], Status.RIGHT, ""),
        ([Decimal("-2"), *[Decimal("0.5")] * 4], Status.RIGHT, "perfect"),
        ([0.5, 0.5, 0.5, 0.5, -2], Status.RIGHT, "perfect score"),
        (np.array([-2, 2, *[0] * 6], dtype=np.int8), Status.RIGHT, "perfect score"),
        (np.repeat([-(3**0.5), 0, 3**0.5], [1, 4, 1]).tolist(), Status.RIGHT, "perfect score"),
        ((-2.0, 2, 0, 0, 0, 0, 0, np.int64(0)), Status.RIGHT, "perfect score"),
        ([-1, 1], Status.WRONG, "nearest drawing is 0 away"),
        ([1, -1, 1, -1], Status.WRONG, "not yet"),
        ([1, 3], Status.WRONG, "mean 2"),
        ([0, 0], Status.WRONG, "standard deviation 0"),
        ([-(1.5**0.5), 0, 1.5**0.5], Status.WRONG, "0.225 away"),
        ([-1.6, 0, 0, 0, 1.7], Status.WRONG, "Fréchet"),
        ([-1.5, -0.5, 0.5, 1.5], Status.WRONG, "Put many drawings in the middle"),
        ([-3, 3], Status.WRONG, "standard deviation 3"),
        ([0, 0, 0, 0, -ROOT, ROOT], Status.WRONG, "not yet"),
        ([0.0], Status.WRONG, "2 to 10 numbers"),
        ([0] * 9 + [2, -2], Status.WRONG, "2 to 10 numbers"),
        ([-np.inf, 0, np.inf], Status.WRONG, "not a legal input"),
        ([[0, 0], [1, 1]], Status.WRONG, "not a legal input"),
        (0.0, Status.WRONG, "not a legal input"),
        ("0, 0", Status.WRONG, "not a legal input"),
        (["0", "0"], Status.WRONG, "not a legal input"),
        (np.linspace(-1.7, 1.7, 10), Status.WRONG, "nearest drawing"),
    ],
)
def test_break_frechet(answer, status, text):
    assert_judged(check.break_frechet, answer, status, text)


def surprise_less(z):
    return norm.pdf(z, 2) * (norm.logpdf(z, 2) - norm.logpdf(z))


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (2, Status.RIGHT, "shift of the mean"),
        (2.0, Status.RIGHT, "shift of the mean"),
        (0.5 * (4 + 1 - 1 - np.log(1)), Status.RIGHT, "log 1"),
        (np.float32(2), Status.RIGHT, "log 1"),
        (np.array(2.0), Status.RIGHT, "log 1"),
        (Fraction(4, 2), Status.RIGHT, "log 1"),
        (Decimal("2.00"), Status.RIGHT, "log 1"),
        (2**2 / 2, Status.RIGHT, "log 1"),
        (np.dot([2.0, 0.0], [1.0, 3.0]), Status.RIGHT, "log 1"),
        (np.float16(2), Status.RIGHT, "log 1"),
        (-0.5 * (1 + math.log(1) - 2**2 - 1), Status.RIGHT, "log 1"),
        (quad(surprise_less, -8, 12)[0], Status.RIGHT, "log 1"),
        (4, Status.WRONG, "the half is lost"),
        (4.0, Status.WRONG, "the half is lost"),
        (2.36, Status.WRONG, "log-variance"),
        (1.31, Status.WRONG, "standard deviation of 2"),
        (1, Status.WRONG, "forgets to square"),
        (2.5, Status.WRONG, "not subtracted"),
        (-2, Status.WRONG, "never negative"),
        (2.89, Status.WRONG, "bits"),
        (0, Status.WRONG, "equal distributions"),
        (3, Status.WRONG, "m = 2"),
        (1.9, Status.WRONG, "m = 2"),
        ("2", Status.WRONG, "quotes"),
        ([2], Status.WRONG, ""),
        (np.inf, Status.WRONG, ""),
        (True, Status.WRONG, ""),
    ],
)
def test_predict_divergence(answer, status, text):
    assert_judged(check.predict_divergence, answer, status, text)


def code_cost(mean, log_variance):
    return 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1)


def pixel_costs(x, p):
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


def elbo_by_loop(x, p, mean, log_variance):
    result = []
    for row in range(len(x)):
        total = 0.0
        for i in range(x.shape[1]):
            a, b = x[row, i], p[row, i]
            total -= a * np.log(b) + (1 - a) * np.log(1 - b)
        for m, v in zip(mean[row], log_variance[row], strict=True):
            total += 0.5 * (m * m + np.exp(v) - 1 - v)
        result.append(total)
    return result


def elbo_with_mean_times_width(x, p, mean, log_variance):
    return x.shape[1] * pixel_costs(x, p).mean(axis=1) + code_cost(mean, log_variance)


def elbo_with_einsum(x, p, mean, log_variance):
    rec = np.einsum("ij,ij->i", x, np.log(p)) + np.einsum("ij,ij->i", 1 - x, np.log1p(-p))
    return code_cost(mean, log_variance) - rec


def elbo_with_logits(x, p, mean, log_variance):
    logits = np.log(p) - np.log1p(-p)
    return (np.logaddexp(0, logits) - x * logits).sum(1) + code_cost(mean, log_variance)


def elbo_as_frame(x, p, mean, log_variance):
    return pd.DataFrame(pixel_costs(x, p)).sum(axis=1) + code_cost(mean, log_variance)


def elbo_as_tuple(*arguments):
    return tuple(elbo_by_loop(*arguments))


def elbo_by_scipy(x, p, mean, log_variance):
    # The log probability of a coin is linear in x.
    zero, one = bernoulli.logpmf(0, p), bernoulli.logpmf(1, p)
    return code_cost(mean, log_variance) - ((1 - x) * zero + x * one).sum(axis=-1)


def elbo_by_rel_entr(x, p, mean, log_variance):
    # What is above the floor, plus the floor.
    above = rel_entr(x, p) + rel_entr(1 - x, 1 - p)
    floor = entr(x) + entr(1 - x)
    return (above + floor).sum(axis=1) + code_cost(mean, log_variance)


def elbo_by_xlogy(x, p, mean, log_variance):
    gain = xlogy(x, p) + xlog1py(1 - x, -p)
    return code_cost(mean, log_variance) - np.ones(x.shape[1]) @ gain.T


def elbo_by_comprehension(x, p, mean, log_variance):
    return np.array(
        [
            pixel_costs(a, b).sum() + np.sum(m**2 + np.exp(v) - 1 - v) / 2
            for a, b, m, v in zip(x, p, mean, log_variance, strict=True)
        ]
    )


def elbo_with_wrong_clip(x, p, mean, log_variance):
    return pixel_costs(x, p.clip(0.05, 0.95)).sum(1) + code_cost(mean, log_variance)


def elbo_with_drawn_code(x, p, mean, log_variance):
    squares = (mean + np.exp(log_variance / 2)) ** 2
    return pixel_costs(x, p).sum(1) + (squares - 1 - log_variance).sum(1) / 2


def elbo_that_writes(x, p, mean, log_variance):
    mean *= mean
    return pixel_costs(x, p).sum(1) + (mean + np.exp(log_variance) - 1 - log_variance).sum(1) / 2


def elbo_by_deviation(x, p, mean, log_variance):
    s = np.exp(log_variance / 2)
    return pixel_costs(x, p).sum(1) - np.log(s).sum(1) + 0.5 * (mean**2 + s**2 - 1).sum(1)


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda *a: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (lambda *a: None, Status.RETURNED_NONE, "return"),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(axis=1) + code_cost(m, v),
            Status.RIGHT,
            "5 of 5",
        ),
        (elbo_by_loop, Status.RIGHT, "5 of 5"),
        (elbo_with_mean_times_width, Status.RIGHT, "5 of 5"),
        (elbo_with_einsum, Status.RIGHT, "5 of 5"),
        (elbo_with_logits, Status.RIGHT, "5 of 5"),
        (elbo_as_frame, Status.RIGHT, "5 of 5"),
        (elbo_as_tuple, Status.RIGHT, "5 of 5"),
        (elbo_by_scipy, Status.RIGHT, "5 of 5"),
        (elbo_by_deviation, Status.RIGHT, "5 of 5"),
        (elbo_by_rel_entr, Status.RIGHT, "5 of 5"),
        (elbo_by_xlogy, Status.RIGHT, "5 of 5"),
        (elbo_by_comprehension, Status.RIGHT, "5 of 5"),
        (elbo_with_wrong_clip, Status.WRONG, ""),
        (elbo_with_drawn_code, Status.WRONG, ""),
        (elbo_that_writes, Status.WRONG, "input was changed"),
        (
            lambda x, p, m, v: -np.log(np.where(x == 1, p, 1 - p)).sum(1) + code_cost(m, v),
            Status.WRONG,
            "",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).mean(axis=1) + code_cost(m, v),
            Status.WRONG,
            "What is the other one",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).mean(1) + code_cost(m, v) / m.shape[1],
            Status.WRONG,
            "six fair coins",
        ),
        (
            lambda x, p, m, v: 6 * pixel_costs(x, p).mean(axis=1) + code_cost(m, v),
            Status.WRONG,
            "write no number",
        ),
        (
            lambda x, p, m, v: 784 * pixel_costs(x, p).mean(axis=1) + code_cost(m, v),
            Status.WRONG,
            "six fair coins",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(1) + code_cost(m, v) / m.shape[1],
            Status.WRONG,
            "right before",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum() + code_cost(m, v),
            Status.WRONG,
            "axis 1",
        ),
        (
            lambda x, p, m, v: (pixel_costs(x, p).sum(1) + code_cost(m, v)).mean(),
            Status.WRONG,
            "",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(0).sum() + code_cost(m, v),
            Status.WRONG,
            "axis 1",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(1) - code_cost(m, v),
            Status.WRONG,
            "three units",
        ),
        (
            lambda x, p, m, v: -pixel_costs(x, p).sum(1) + code_cost(m, v),
            Status.WRONG,
            "six fair coins",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(1) + 2 * code_cost(m, v),
            Status.WRONG,
            "three units",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(1) + 0.5 * (m**2).sum(1),
            Status.WRONG,
            "a narrow code",
        ),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(1) + code_cost(m, 2 * v),
            Status.WRONG,
            "logarithm of the variance",
        ),
        (lambda x, p, m, v: -(x * np.log(p)).sum(1) + code_cost(m, v), Status.WRONG, "six"),
        (
            lambda x, p, m, v: pixel_costs(x, p).sum(1) / np.log(2) + code_cost(m, v),
            Status.WRONG,
            "six",
        ),
        (lambda x, p, m, v: pixel_costs(x, p).sum(1), Status.WRONG, "three units"),
        (
            lambda x, p, m, v: [pixel_costs(x, p).sum(1)[0] + code_cost(m, v)[0]],
            Status.WRONG,
            "two rows",
        ),
        (lambda x, p: 0, Status.RAISED, "TypeError"),
    ],
)
def test_negative_elbo(attempt, status, text):
    assert_judged(check.negative_elbo, attempt, status, text)


def bound_shifted(log_weights):
    top = log_weights.max(axis=0)
    return top + np.log(np.mean(np.exp(log_weights - top), axis=0))


def bound_by_logaddexp(log_weights):
    return np.logaddexp.reduce(log_weights, axis=0) - np.log(len(log_weights))


def bound_by_loop(log_weights):
    draws, rows = log_weights.shape
    result = np.zeros(rows)
    for row in range(rows):
        top = max(log_weights[:, row])
        result[row] = top + np.log(sum(np.exp(w - top) for w in log_weights[:, row]) / draws)
    return result


def bound_as_list(log_weights):
    return bound_shifted(log_weights).tolist()


def bound_kept(log_weights):
    top = log_weights.max(axis=0, keepdims=True)
    return np.squeeze(top + np.log(np.exp(log_weights - top).mean(axis=0, keepdims=True)), axis=0)


def bound_transposed(log_weights):
    rows = log_weights.T
    top = rows.max(axis=1, keepdims=True)
    total = np.exp(rows - top).sum(axis=1)
    return top[:, 0] + np.log(total) - np.log(log_weights.shape[0])


def bound_one_by_one(log_weights):
    total = log_weights[0]
    for more in log_weights[1:]:
        total = np.logaddexp(total, more)
    return total - np.log(log_weights.shape[0])


def bound_by_smallest_of_columns(log_weights):
    found = []
    for column in log_weights.T:
        order = np.sort(column)[::-1]
        found.append(order[0] + np.log1p(np.exp(order[1:] - order[0]).sum()) - np.log(len(order)))
    return tuple(found)


def bound_by_frame(log_weights):
    table = pd.DataFrame(log_weights)
    return table.max() + np.log(np.exp(table - table.max()).mean())


def bound_by_mathematics(log_weights):
    found = np.empty(log_weights.shape[1])
    for i, column in enumerate(log_weights.T.tolist()):
        top = max(column)
        found[i] = top + math.log(math.fsum(math.exp(w - top) for w in column) / len(column))
    return found


def bound_along_axis(log_weights):
    return np.apply_along_axis(lambda w: bound_shifted(w[:, None])[0], 0, log_weights)


def bound_in_float32(log_weights):
    return bound_shifted(log_weights.astype(np.float32))


def bound_with_one_shift(log_weights):
    top = log_weights.max()
    return top + np.log(np.mean(np.exp(log_weights - top), axis=0))


def bound_that_writes(log_weights):
    top = log_weights.max(axis=0)
    log_weights -= top
    return top + np.log(np.exp(log_weights).mean(axis=0))


def bound_unshifted_back(log_weights):
    return np.log(np.exp(log_weights - log_weights.max(axis=0)).mean(axis=0))


def bound_of_rows(log_weights):
    top = log_weights.max(axis=1)
    return top + np.log(np.exp(log_weights - top[:, None]).mean(axis=1))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda w: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (lambda w: None, Status.RETURNED_NONE, "return"),
        (bound_shifted, Status.RIGHT, "7 of 7"),
        (bound_by_logaddexp, Status.RIGHT, "7 of 7"),
        (bound_by_loop, Status.RIGHT, "7 of 7"),
        (bound_as_list, Status.RIGHT, "7 of 7"),
        (bound_kept, Status.RIGHT, "7 of 7"),
        (bound_transposed, Status.RIGHT, "7 of 7"),
        (bound_one_by_one, Status.RIGHT, "7 of 7"),
        (lambda w: tuple(bound_shifted(w)), Status.RIGHT, "7 of 7"),
        (bound_by_smallest_of_columns, Status.RIGHT, "7 of 7"),
        (bound_by_frame, Status.RIGHT, "7 of 7"),
        (bound_by_mathematics, Status.RIGHT, "7 of 7"),
        (bound_along_axis, Status.RIGHT, "7 of 7"),
        (bound_in_float32, Status.RIGHT, "7 of 7"),
        (lambda w: w.max(axis=0) - np.log(len(w)), Status.WRONG, "the coin"),
        (lambda w: w.mean(axis=0), Status.WRONG, "not the other way round"),
        (lambda w: np.log(np.exp(w).mean(axis=0)), Status.WRONG, "a digit"),
        (lambda w: np.logaddexp.reduce(w, axis=0), Status.WRONG, "the coin"),
        (lambda w: np.log(np.exp(w).sum(axis=0)), Status.WRONG, "the coin"),
        (lambda w: np.logaddexp.reduce(w, axis=0) - np.log(2), Status.WRONG, "number of draws"),
        (
            lambda w: np.logaddexp.reduce(w, axis=0) - np.log(w.shape[1]),
            Status.WRONG,
            "the coin",
        ),
        (bound_with_one_shift, Status.WRONG, "own largest"),
        (bound_that_writes, Status.WRONG, "input was changed"),
        (bound_unshifted_back, Status.WRONG, ""),
        (bound_of_rows, Status.WRONG, ""),
        (lambda w: w.max(axis=0), Status.WRONG, "the coin"),
        (lambda w: bound_shifted(w).mean(), Status.WRONG, ""),
        (lambda w: np.exp(bound_shifted(w)), Status.WRONG, "the coin"),
        (lambda w: -bound_shifted(w), Status.WRONG, "the coin"),
        (
            lambda w: np.log(np.exp(w.clip(-700, 700)).mean(axis=0)),
            Status.WRONG,
            "a digit",
        ),
        (lambda w: np.log(np.exp(w).mean(axis=0) + 1e-300), Status.WRONG, ""),
        (lambda w: logsumexp(w, axis=0) - np.log(len(w)), Status.WRONG, "logsumexp"),
        (lambda w: metrics.importance_bound(w), Status.WRONG, "write it yourself"),
        (lambda w: w.average(), Status.RAISED, "AttributeError"),
    ],
)
def test_importance_bound(attempt, status, text):
    assert_judged(check.importance_bound, attempt, status, text)
