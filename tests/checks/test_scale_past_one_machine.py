"""The checks of *Scale past one machine* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction
from itertools import compress

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged, assert_right, quickly

from course_utils.checks import TODO, Status
from course_utils.checks import scale_past_one_machine as check

FEW, MANY = [[5], [2, 2, 2, 2]], [[4, 4, 4, 4], [1]]  # 2.6 together, and 3.4


@pytest.mark.parametrize(
    ("films", "status", "text"),
    [
        ((TODO, TODO), Status.NOT_ATTEMPTED, "not attempted"),
        ((FEW, TODO), Status.NOT_ATTEMPTED, "one input"),
        ((None, MANY), Status.RETURNED_NONE, "TODO"),
        ((FEW, MANY), Status.RIGHT, "film A 2.6, film B 3.4"),
        (((tuple(FEW[0]), tuple(FEW[1])), tuple(map(tuple, MANY))), Status.RIGHT, "wins in each"),
        (([[5.0], [2.5] * 5], [[4.5] * 5, [2.0]]), Status.RIGHT, "part 0"),
        (([np.array([5]), np.full(20, 1)], [np.full(20, 4), [0.5]]), Status.RIGHT, "together"),
        (([[Fraction(5)], [Fraction(3, 2)] * 3], [[4] * 3, [1]]), Status.RIGHT, "part 1"),
        (([[Decimal("5")], [Decimal("1.5")] * 3], [[4] * 3, [1]]), Status.RIGHT, ""),
        (([pd.Series([5]), pd.Series([2, 2, 2])], MANY), Status.RIGHT, "loses over all"),
        ((FEW[::-1], MANY[::-1]), Status.RIGHT, "film A 2.6"),
        (([np.ones(1, np.float32) * 5, np.ones(9, np.int8)], [[4] * 9, [0.5]]), Status.RIGHT, ""),
        (([range(5, 6), [2] * 9], MANY), Status.RIGHT, ""),
        (([[5], [2, 2, 2, 2]], [[4.5] * 4, [1.5]]), Status.RIGHT, "film B 3.9"),
        (([[5, 5], [2, 2]], [[4, 4], [1, 1]]), Status.WRONG, "A wins over all, too"),
        (([[5], [2]], [[4], [1]]), Status.WRONG, "does not say how many"),
        (([[5, 5, 5, 5], [2]], [[4], [1, 1, 1, 1]]), Status.WRONG, "most of its ratings"),
        (([[4], [1, 1]], [[4, 4], [0.5]]), Status.WRONG, "in part 0 it has 4, and film B 4"),
        ((MANY, FEW), Status.WRONG, "higher mean in each part"),
        (([[5], [1]], [[4], [2]]), Status.WRONG, "in part 1 it has 1"),
        (([[6], [2, 2, 2, 2]], MANY), Status.WRONG, "half stars from 0.5 to 5, got 6"),
        (([[4.9], [2, 2, 2, 2]], MANY), Status.WRONG, "half stars"),
        (([[5], [0]], MANY), Status.WRONG, "half stars"),
        (([[5], [np.nan]], MANY), Status.WRONG, "half stars"),
        (([[5], [np.inf]], MANY), Status.WRONG, "half stars"),
        (([[5], []], MANY), Status.WRONG, "1 to 20 ratings"),
        (([[5], [2] * 21], MANY), Status.WRONG, "1 to 20 ratings"),
        (([[5], [2], [1]], MANY), Status.WRONG, "in 2 parts, got 3"),
        (([5, 2], MANY), Status.WRONG, "instead of a list"),
        ((3.5, MANY), Status.WRONG, "list of two lists"),
        (("5, 2", MANY), Status.WRONG, "list of two lists"),
        (({0: [5], 1: [2]}, MANY), Status.WRONG, "not a legal input"),
        (([["5"], ["2"]], MANY), Status.WRONG, "not a legal input"),
        ((FEW, MANY, MANY), Status.WRONG, "give 2 inputs"),
    ],
)
def test_break_mean_of_means(films, status, text):
    quickly(assert_judged, check.break_mean_of_means, films, status, text)


def by_mask(gradients, rows):
    some = rows > 0
    return (gradients[some] * rows[some, None]).sum(axis=0) / rows.sum()


def by_loop(gradients, rows):
    total = np.zeros(gradients.shape[1])
    for gradient, n in zip(gradients, rows, strict=True):
        if n:
            total += n * gradient
    return total / sum(rows)


def by_average(gradients, rows):
    return np.average(gradients[rows > 0], axis=0, weights=rows[rows > 0])


def by_nansum(gradients, rows):
    return np.nansum(gradients * rows[:, None], axis=0) / rows.sum()


def by_where(gradients, rows):
    return np.where(rows[:, None] > 0, gradients, 0).T @ rows / rows.sum()


def by_zeros(gradients, rows):
    return rows @ np.nan_to_num(gradients) / np.sum(rows)


def as_list(gradients, rows):
    return by_loop(gradients, rows).tolist()


def by_einsum(gradients, rows):
    known = ~np.isnan(gradients[:, 0])
    return np.einsum("r,rw->w", rows[known] / rows[known].sum(), gradients[known])


def by_frame(gradients, rows):
    return pd.DataFrame(gradients).mul(rows, axis=0).sum() / rows.sum()


def by_python(gradients, rows):
    pairs = list(compress(zip(gradients.tolist(), rows.tolist(), strict=True), rows))
    everything = sum(n for _, n in pairs)
    return [sum(g[w] * n for g, n in pairs) / everything for w in range(gradients.shape[1])]


def by_copies(gradients, rows):
    return np.repeat(gradients, rows, axis=0).mean(axis=0)


def by_ddp(gradients, rows):
    share = np.nan_to_num(gradients) * (rows / rows.sum() * len(rows))[:, None]
    return share.mean(axis=0)


def by_writing(gradients, rows):
    gradients[rows == 0] = 0
    return rows @ gradients / rows.sum()


@pytest.mark.parametrize(
    "attempt",
    [
        by_mask,
        by_loop,
        by_average,
        by_nansum,
        by_where,
        by_zeros,
        as_list,
        by_einsum,
        by_frame,
        by_python,
        by_copies,
        by_ddp,
    ],
)
def test_whole_gradient_takes_every_style(attempt):
    assert_right(check.whole_gradient, attempt, "6 of 6")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda g, r: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (lambda g, r: None, Status.RETURNED_NONE, "return"),
        (lambda g, r: np.mean(g, axis=0), Status.WRONG, "counts twice"),
        (lambda g, r: np.nanmean(g, axis=0), Status.WRONG, "counts twice"),
        (lambda g, r: g.sum(axis=0), Status.WRONG, "equal shares"),
        (lambda g, r: r @ g, Status.WRONG, "divided by all rows"),
        (lambda g, r: r @ g / len(r), Status.WRONG, "equal shares"),
        (lambda g, r: r @ g / r.sum(), Status.WRONG, "0 times NaN"),
        (lambda g, r: np.nan_to_num(r @ g / r.sum()), Status.WRONG, "an empty rank"),
        (lambda g, r: np.average(g, axis=0, weights=r), Status.WRONG, "0 times NaN"),
        (lambda g, r: r @ np.nan_to_num(g) / (r.sum() * len(r)), Status.WRONG, "equal shares"),
        (lambda g, r: by_mask(g, r) * (r > 0).sum() / len(r), Status.WRONG, "an empty rank"),
        (lambda g, r: by_mask(g, r) * len(r), Status.WRONG, "equal shares"),
        (lambda g, r: g.mean(axis=1), Status.WRONG, "equal shares"),
        (lambda g, r: by_mask(g, r).mean(), Status.WRONG, "shape"),
        (lambda g, r: by_mask(g, r).sum(), Status.WRONG, "shape"),
        (lambda g, r: by_mask(g, r)[None], Status.WRONG, "shape"),
        (lambda g, r: g[r.argmax()], Status.WRONG, "equal shares"),
        (lambda g, r: (r[0] * g[0] + r[1] * g[1]) / r.sum(), Status.WRONG, "how many ranks"),
        (lambda g, r: r @ np.nan_to_num(g) / (r.sum() + 1e-3), Status.WRONG, ""),
        (lambda g, r: r @ np.nan_to_num(g) // r.sum(), Status.WRONG, ""),
        (lambda g, r: by_mask(g, r).astype(int), Status.WRONG, ""),
        (lambda g, r: r**0.5 @ np.nan_to_num(g) / (r**0.5).sum(), Status.WRONG, "twice"),
        (lambda g, r: by_mask(g, r.astype(np.int8)), Status.WRONG, ""),
        (lambda g, r: by_mask(g, r).astype(np.float16), Status.WRONG, "float16 instead of float64"),
        (lambda g, r: by_mask(g, r).astype(np.float32), Status.WRONG, "float32 instead of float64"),
        (lambda g, r: by_mask(g.astype(np.float16), r), Status.WRONG, ""),
        (lambda g, r: by_mask(g.astype(np.float32), r) * 1.0, Status.WRONG, "three ranks"),
        (by_writing, Status.WRONG, "input was changed"),
        (lambda g: g, Status.RAISED, "TypeError"),
        (lambda g, r: check.whole_gradient.reference(g, r), Status.WRONG, "write it yourself"),
    ],
)
def test_whole_gradient_catches(attempt, status, text):
    quickly(assert_judged, check.whole_gradient, attempt, status, text)


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (648_000, Status.RIGHT, "648 bytes"),
        (1000 * (8 + 160 * 4), Status.RIGHT, "648 bytes"),
        (648e3, Status.RIGHT, ""),
        (np.int64(648_000), Status.RIGHT, ""),
        (np.array(648_000), Status.RIGHT, ""),
        (Fraction(648_000), Status.RIGHT, ""),
        (Decimal("648000"), Status.RIGHT, ""),
        (
            np.zeros(1000, np.int64).nbytes + np.zeros((1000, 160), np.float32).nbytes,
            Status.RIGHT,
            "56,054,400",
        ),
        (4 * 87_585 * 160, Status.WRONG, "dense gradient"),
        (640_000, Status.WRONG, "indices are missing"),
        (644_000, Status.WRONG, "8 bytes here"),
        (1_288_000, Status.WRONG, "float32 has 4"),
        (1_920_000, Status.WRONG, "one index for a row"),
        (12_000, Status.WRONG, "160 numbers, not one"),
        (168_000, Status.WRONG, "of 4 bytes"),
        (648, Status.WRONG, "one row"),
        (648.0, Status.WRONG, ""),
        (0.648, Status.WRONG, "megabytes"),
        (5_184_000, Status.WRONG, "bits"),
        (87_585 * 648, Status.WRONG, "only those of the batch"),
        (8 * 87_585 + 640_000, Status.WRONG, "only those of the batch"),
        (161_000, Status.WRONG, "its index and all its numbers"),
        (-648_000, Status.WRONG, ""),
        (0, Status.WRONG, ""),
        ("648000", Status.WRONG, "quotes"),
        ([648_000], Status.WRONG, ""),
        (np.nan, Status.WRONG, ""),
        (True, Status.WRONG, ""),
    ],
)
def test_predict_sparse_bytes(answer, status, text):
    quickly(assert_judged, check.predict_sparse_bytes, answer, status, text)
