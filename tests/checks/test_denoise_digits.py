"""The checks of *Remove noise from digits* catch what learners get wrong."""

import functools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax

from course_utils.checks import TODO, Status
from course_utils.checks import denoise_digits as check
from course_utils.metrics import psnr


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (10 * np.log10(50), Status.RIGHT, "3 decibels"),
        (psnr([0.5, 0.5], [0.7, 0.5]), Status.RIGHT, "3 decibels"),
        (np.float32(10 * np.log10(50)), Status.RIGHT, "3 decibels"),
        (np.array(10 * np.log10(50)), Status.RIGHT, "3 decibels"),
        (-10 * np.log10(0.04 / 2), Status.RIGHT, "3 decibels"),
        (20 * np.log10(1 / np.sqrt(0.02)), Status.RIGHT, "3 decibels"),
        (20.0, Status.WRONG, "mean is taken of the squares"),
        (-20 * np.log10(0.2), Status.WRONG, "half of the pixels are right"),
        (10.0, Status.WRONG, "mean of the errors"),
        (-10 * np.log10(0.2), Status.WRONG, "the error itself"),
        (0.02, Status.WRONG, "decibels are missing"),
        (10 * np.log10(0.02), Status.WRONG, "below"),
        (20 * np.log10(50), Status.WRONG, "10 in front, not 20"),
        (np.log10(50), Status.WRONG, "tenth"),
        (10 * np.log(50), Status.WRONG, "natural logarithm"),
        (16.99, Status.WRONG, "rounded"),
        (12, Status.WRONG, "squared error of each half"),
    ],
)
def test_predict_psnr(answer, status, text):
    assert_judged(check.predict_psnr, answer, status, text)


def bytes_solved(truth, image):
    return 10 * np.log10(1 / np.mean((truth / 255 - image / 255) ** 2))


def bytes_in(kind):
    return lambda truth, image: (
        10 * np.log10(255**2 / np.mean((truth.astype(kind) - image.astype(kind)) ** 2))
    )


def bytes_by_loop(truth, image):
    squares = [(int(a) - int(b)) ** 2 for a, b in zip(truth.ravel(), image.ravel(), strict=True)]
    return 10 * math.log10(255**2 * len(squares) / sum(squares))


def bytes_by_distance(truth, image):
    length = np.linalg.norm(truth.astype(float).ravel() - image.astype(float).ravel())
    return 20 * np.log10(255 * np.sqrt(truth.size) / length)


def bytes_by_larger_minus_smaller(truth, image):
    apart = (np.maximum(truth, image) - np.minimum(truth, image)).astype(np.int64)
    return 10 * np.log10(255**2 / np.mean(apart**2))


def mean_of_decibels(truth, image):
    squares = (truth.astype(float) - image).reshape(len(truth), -1) ** 2
    with np.errstate(divide="ignore"):
        return float(np.mean(10 * np.log10(255**2 / squares.mean(axis=1))))


def bytes_as_integers(truth, image):
    return 20 * np.log10(255) - 10 * np.log10(np.mean((truth.astype(int) - image) ** 2))


def bytes_with_the_bug(truth, image):
    mean_square = np.mean((truth - image) ** 2)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / mean_square)


def squared_as_bytes(truth, image):
    difference = np.abs(truth.astype(int) - image).astype(np.uint8)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / np.mean(difference**2))


def cast_too_late(truth, image):
    return 10 * np.log10(255**2 / np.mean((truth - image).astype(float) ** 2))


def as_signed_bytes(truth, image):
    difference = (truth.astype(int) - image).astype(np.int8).astype(float)
    return 10 * np.log10(255**2 / np.mean(difference**2))


def peak_of_one(truth, image):
    return 10 * np.log10(1 / np.mean((truth.astype(float) - image) ** 2))


def one_number_per_picture(truth, image):
    return 10 * np.log10(255**2 / np.mean((truth.astype(float) - image) ** 2, axis=-1))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda truth, image: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (bytes_solved, Status.RIGHT, "6 of 6"),
        (bytes_as_integers, Status.RIGHT, "6 of 6"),
        *((bytes_in(kind), Status.RIGHT, "6 of 6") for kind in ("int32", "i8", "f4", "f8", "u2")),
        (bytes_by_loop, Status.RIGHT, "6 of 6"),
        (bytes_by_distance, Status.RIGHT, "6 of 6"),
        (bytes_by_larger_minus_smaller, Status.RIGHT, "6 of 6"),
        (lambda truth, image: Fraction(bytes_solved(truth, image)), Status.RIGHT, "6 of 6"),
        (lambda truth, image: np.array(bytes_solved(truth, image)), Status.RIGHT, "6 of 6"),
        (bytes_in("int16"), Status.WRONG, "int16 ends at 32,767"),
        (bytes_in("int8"), Status.WRONG, "calls this picture perfect"),
        (lambda truth, image: psnr(truth / 255, image / 255), Status.WRONG, "write it yourself"),
        (mean_of_decibels, Status.WRONG, "black taken for white"),
        (lambda truth, image: -bytes_solved(truth, image), Status.WRONG, "brighter by 3"),
        (lambda truth, image: bytes_solved(truth, image) / 10, Status.WRONG, "brighter by 3"),
        (lambda truth, image: 2 * bytes_solved(truth, image), Status.WRONG, "brighter by 3"),
        (lambda truth, image: round(bytes_solved(truth, image), 1), Status.WRONG, "brighter by 3"),
        (lambda truth, image: bytes_solved(truth[:2], image[:2]), Status.WRONG, "three pictures"),
        (bytes_with_the_bug, Status.WRONG, "calls this picture perfect"),
        (squared_as_bytes, Status.WRONG, "calls this picture perfect"),
        (cast_too_late, Status.WRONG, "brighter by 3"),
        (as_signed_bytes, Status.WRONG, "black taken for white"),
        (peak_of_one, Status.WRONG, "square of 255 still"),
        (one_number_per_picture, Status.WRONG, "shape"),
        (lambda truth, image: 42.0, Status.WRONG, "brighter by 3"),
        (lambda truth, image: print(truth), Status.RETURNED_NONE, "return"),
        (lambda truth, image: truth.decibels, Status.RAISED, "AttributeError"),
    ],
)
def test_psnr_of_bytes(attempt, status, text):
    assert_judged(check.psnr_of_bytes, attempt, status, text)


def test_error_of_sixteen_is_what_the_notebook_says_it_is():
    truth, image = check.psnr_of_bytes.cases[1].arguments
    assert bytes_with_the_bug(truth, image) == np.inf
    truth, image = check.psnr_of_bytes.cases[0].arguments
    assert bytes_with_the_bug(truth, image) == pytest.approx(bytes_solved(truth, image))


def prototypes_solved(noisy, prototypes, sigma):
    answers = []
    for picture in noisy:
        squares = np.array([((picture - prototype) ** 2).sum() for prototype in prototypes])
        weights = np.exp(-(squares - squares.min()) / (2 * sigma**2))
        answers.append(weights / weights.sum() @ prototypes)
    return np.array(answers)


def with_squares(change):
    """Build an attempt that differs from the solution in its exponents alone."""

    def attempt(noisy, prototypes, sigma):
        squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
        exponents = change(squares, noisy.shape[1], sigma)
        weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True) @ prototypes

    return attempt


def underflowing(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    weights = np.exp(-squares / (2 * sigma**2))
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=1, keepdims=True) @ prototypes


def smallest_square_of_all_rows(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    weights = np.exp(-(squares - squares.min()) / (2 * sigma**2))
    with np.errstate(invalid="ignore"):
        return weights / weights.sum(axis=1, keepdims=True) @ prototypes


def one_on_underflow(noisy, prototypes, sigma):
    return np.nan_to_num(underflowing(noisy, prototypes, sigma), nan=1.0)


def nearest_on_underflow(noisy, prototypes, sigma):
    answer = underflowing(noisy, prototypes, sigma)
    return np.where(np.isnan(answer), nearest_prototype(noisy, prototypes, sigma), answer)


def nearest_prototype(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    return prototypes[squares.argmin(axis=1)]


def normalised_over_the_pictures(noisy, prototypes, sigma):
    squares = ((noisy[:, None] - prototypes[None]) ** 2).sum(axis=2)
    weights = np.exp(-squares / (2 * sigma**2))
    return weights / weights.sum(axis=0) @ prototypes


def different_prototypes_only(noisy, prototypes, sigma):
    return prototypes_solved(noisy, np.unique(prototypes, axis=0), sigma)


def each_pixel_for_itself(noisy, prototypes, sigma):
    columns = zip(noisy.T, prototypes.T, strict=True)
    answers = [prototypes_solved(n[:, None], p[:, None], sigma)[:, 0] for n, p in columns]
    return np.stack(answers, axis=1)


def written_into_the_noisy(noisy, prototypes, sigma):
    noisy[:] = prototypes_solved(noisy, prototypes, sigma)
    return noisy


def by_distances(noisy, prototypes, sigma):
    exponents = -cdist(noisy, prototypes, "sqeuclidean") / (2 * sigma**2)
    weights = np.exp(exponents - exponents.max(axis=1)[:, None])
    return np.einsum("nk,kp->np", weights, prototypes) / weights.sum(axis=1)[:, None]


def by_differences_of_exponents(noisy, prototypes, sigma):
    answer = np.zeros_like(noisy)
    for row, picture in zip(answer, noisy, strict=True):
        exponents = [-float(((picture - p) ** 2).sum()) / (2 * sigma**2) for p in prototypes]
        top = max(exponents)
        weights = [math.exp(exponent - top) for exponent in exponents]
        for weight, prototype in zip(weights, prototypes, strict=True):
            row += weight / math.fsum(weights) * prototype
    return answer


def by_frames(noisy, prototypes, sigma):
    squares = pd.DataFrame(cdist(noisy, prototypes) ** 2 / (2 * sigma**2))
    weights = np.exp(-squares.sub(squares.min(axis=1), axis=0))
    return weights.div(weights.sum(axis=1), axis=0).to_numpy() @ prototypes


def by_scipy_softmax(noisy, prototypes, sigma):
    return softmax(-(cdist(noisy, prototypes) ** 2) / (2 * sigma**2), axis=1) @ prototypes


def by_scipy_logsumexp(noisy, prototypes, sigma):
    exponents = -(cdist(noisy, prototypes) ** 2) / (2 * sigma**2)
    return np.exp(exponents - logsumexp(exponents, axis=1, keepdims=True)) @ prototypes


@pytest.mark.parametrize("attempt", [by_distances, by_differences_of_exponents, by_frames])
def test_posterior_mean_in_other_styles(attempt):
    assert_judged(check.posterior_mean, attempt, Status.RIGHT, "9 of 9")


@pytest.mark.parametrize("attempt", [by_scipy_softmax, by_scipy_logsumexp])
def test_posterior_mean_is_to_be_written(attempt):
    assert_judged(check.posterior_mean, attempt, Status.WRONG, "write it yourself")


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda noisy, prototypes, sigma: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (prototypes_solved, Status.RIGHT, "9 of 9"),
        (lambda *given: prototypes_solved(*given).tolist(), Status.WRONG, "instead of an array"),
        (with_squares(lambda squares, n, sigma: -squares / (2 * sigma**2)), Status.RIGHT, "9 of"),
        (with_squares(lambda squares, n, sigma: -squares / sigma**2), Status.WRONG, "one pixel"),
        (with_squares(lambda squares, n, sigma: -squares / (2 * sigma)), Status.WRONG, "one pixel"),
        (
            with_squares(lambda squares, n, sigma: -np.sqrt(squares) / (2 * sigma**2)),
            Status.WRONG,
            "two pixels",  # with one pixel at distances of 0, 0.5 and 1, the root changes nothing
        ),
        (
            with_squares(lambda squares, n, sigma: squares / (2 * sigma**2)),
            Status.WRONG,
            "one pixel",
        ),
        (
            with_squares(lambda squares, n, sigma: -squares / n / (2 * sigma**2)),
            Status.WRONG,
            "added over its pixels",
        ),
        (underflowing, Status.WRONG, "little noise"),
        (smallest_square_of_all_rows, Status.WRONG, "three pictures"),
        (one_on_underflow, Status.WRONG, "three pictures"),
        (nearest_on_underflow, Status.WRONG, "a tie"),
        (nearest_prototype, Status.WRONG, "half way"),
        (normalised_over_the_pictures, Status.WRONG, "half way"),
        (different_prototypes_only, Status.WRONG, "one prototype twice"),
        (each_pixel_for_itself, Status.WRONG, "two pixels"),
        (lambda noisy, prototypes, sigma: noisy, Status.WRONG, "one prototype"),
        (written_into_the_noisy, Status.WRONG, "input was changed"),
        (lambda noisy, prototypes, sigma: print(sigma), Status.RETURNED_NONE, "return"),
        (lambda noisy, prototypes, sigma: noisy.mean_of, Status.RAISED, "AttributeError"),
    ],
)
def test_posterior_mean(attempt, status, text):
    assert_judged(check.posterior_mean, attempt, status, text)


def picture(*rows):
    values = np.zeros((7, 7), int)
    values[list(rows)] = 1
    return values


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (picture(1, 4), Status.RIGHT, "broken"),
        (picture(2, 5).T.tolist(), Status.RIGHT, "broken"),
        (picture(1, 5).astype(float), Status.RIGHT, "broken"),
        (picture(1, 4).astype(bool), Status.RIGHT, "broken"),
        (tuple(map(tuple, picture(1, 4).tolist())), Status.RIGHT, "broken"),
        (picture(1, 5)[::-1].astype(np.uint8), Status.RIGHT, "broken"),
        (
            picture(0, 3),
            Status.WRONG,
            "therefore counts twice",
        ),  # the mirrored border doubles the first line
        (picture(0, 6), Status.WRONG, "therefore counts twice"),
        (picture(2, 4), Status.WRONG, "survives"),  # the row between sees both lines
        (picture(2, 3), Status.WRONG, "survives"),
        (np.indices((7, 7)).sum(axis=0) % 2, Status.WRONG, "survives"),
        (picture(3), Status.WRONG, "7 pixels have ink; at least 14 must"),
        (picture(1, 4) * 0.5, Status.WRONG, "0 or 1"),
        (np.ones((28, 28)), Status.WRONG, "7 rows of 7 pixels"),
        ([[1, 0], [0]], Status.WRONG, "not a legal input"),
    ],
)
def test_break_median(attempt, status, text):
    assert_judged(check.break_median, attempt, status, text)


def safest_by_loop(scores):
    found, highest = None, -math.inf
    for name, row in scores.items():
        worst = min(row.values())
        if found is None or worst > highest:
            found, highest = name, worst
    return found


def safest_by_numpy(scores):
    table = np.array([list(row.values()) for row in scores.values()])
    return list(scores)[int(table.min(axis=1).argmax())]


def safest_by_sorting(scores):
    return sorted(scores, key=lambda name: -min(scores[name].values()))[0]


def safest_by_pairs(scores):
    better = lambda a, b: b if b[0] > a[0] else a  # noqa: E731
    return functools.reduce(better, [(min(row.values()), n) for n, row in scores.items()])[1]


def safest_by_series(scores):
    worst = pd.Series({name: min(row.values()) for name, row in scores.items()})
    return worst.index[int(worst.to_numpy().argmax())]


def safest_by_next(scores):
    worst = {name: min(row.values()) for name, row in scores.items()}
    return next(name for name in worst if worst[name] == max(worst.values()))


def best_by(summary):
    return lambda scores: max(scores, key=lambda name: summary(list(scores[name].values())))


def safest_from_zero(scores):
    found, highest = "nothing", 0
    for name, row in scores.items():
        if min(row.values()) > highest:
            found, highest = name, min(row.values())
    return found


def finite_only(scores):
    worst = {n: min([v for v in row.values() if v < 1e9] or [0]) for n, row in scores.items()}
    return max(worst, key=worst.get)


def last_of_equals(scores):
    return max(reversed(scores), key=lambda name: min(scores[name].values()))


def by_alphabet(scores):
    return max(sorted(scores), key=lambda name: min(scores[name].values()))


def name_of_a_test(scores):
    return min(next(iter(scores.values())), key=next(iter(scores.values())).get)


def best_gone(scores):
    name = safest_by_loop(scores)
    scores[name].popitem()
    return name


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda scores: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (best_by(min), Status.RIGHT, "7 of 7"),
        (best_by(np.min), Status.RIGHT, "7 of 7"),
        (best_by(lambda row: sorted(row)[0]), Status.RIGHT, "7 of 7"),
        (best_by(lambda row: -max(-value for value in row)), Status.RIGHT, "7 of 7"),
        (safest_by_loop, Status.RIGHT, "7 of 7"),
        (safest_by_numpy, Status.RIGHT, "7 of 7"),
        (safest_by_sorting, Status.RIGHT, "7 of 7"),
        (safest_by_pairs, Status.RIGHT, "7 of 7"),
        (safest_by_series, Status.RIGHT, "7 of 7"),
        (safest_by_next, Status.RIGHT, "7 of 7"),
        (lambda scores: np.str_(safest_by_loop(scores)), Status.RIGHT, "7 of 7"),
        (best_by(np.mean), Status.WRONG, "lowest score first"),
        (best_by(sum), Status.WRONG, "lowest score first"),
        (best_by(max), Status.WRONG, "lowest score first"),
        (best_by(np.median), Status.WRONG, "lowest score first"),
        (best_by(lambda row: row[-1]), Status.WRONG, "a tie"),
        (best_by(lambda row: row[0]), Status.WRONG, "lowest score first"),
        (lambda scores: min(scores, key=lambda n: min(scores[n].values())), Status.WRONG, "good"),
        (safest_from_zero, Status.WRONG, "Do not start with 0"),
        (finite_only, Status.WRONG, "deal with infinity"),
        (last_of_equals, Status.WRONG, "order of the dict"),
        (by_alphabet, Status.WRONG, "order of the dict"),
        (name_of_a_test, Status.WRONG, "another name"),
        (lambda scores: [safest_by_loop(scores)], Status.WRONG, "instead of a name"),
        (lambda scores: min(scores[safest_by_loop(scores)].values()), Status.WRONG, "a name"),
        (lambda scores: list(scores).index(safest_by_loop(scores)), Status.WRONG, "a name"),
        (lambda scores: "conv", Status.WRONG, "another name"),
        (best_gone, Status.WRONG, "input was changed"),
        (lambda scores: print(scores), Status.RETURNED_NONE, "return"),
        (lambda scores: scores.values().min(), Status.RAISED, "AttributeError"),
    ],
)
def test_safest(attempt, status, text):
    assert_judged(check.safest, attempt, status, text)
