"""The checks of *Make codes sparse* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from judging import assert_judged

from course_utils.checks import TODO, Status
from course_utils.checks import sparse_codes as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([True, True, False], Status.RIGHT, "only one of them is ever off"),
        ((True, True, False), Status.RIGHT, "off target too"),
        (np.array([True, True, False]), Status.RIGHT, "off target"),
        ([1, 1, 0], Status.RIGHT, "off target"),
        ([False, True, False], Status.WRONG, "does not ask for that"),
        ([True, True, True], Status.WRONG, "never fires"),
        ([False, True, True], Status.WRONG, "neither half"),
        ([True, False, False], Status.WRONG, "what is its mean"),
        ([False, False, False], Status.WRONG, "not a value to avoid"),
        ([True, False, True], Status.WRONG, "a mean of 0 is off target"),
        ([False, False, True], Status.WRONG, "the only one that pays"),
        ([0.0, 0.0, 1.0], Status.WRONG, "the only one that pays"),
        ([True, True], Status.WRONG, "shape"),
    ],
)
def test_predict_paid(answer, status, text):
    assert_judged(check.predict_paid, answer, status, text)


def solved_largest(codes, k):
    places = np.argsort(-codes, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
    return kept


def row_by_row(codes, k):
    kept = []
    for row in codes:
        chosen = sorted(range(len(row)), key=lambda unit: (-row[unit], unit))[:k]
        kept.append([value if unit in chosen else 0.0 for unit, value in enumerate(row)])
    return kept


def by_limit(codes, k):
    return np.where(codes >= np.sort(codes, axis=1)[:, [-k]], codes, 0)


def one_limit_for_all(codes, k):
    return np.where(codes >= np.sort(codes.ravel())[-k * len(codes)], codes, 0)


def farthest_from_zero(codes, k):
    return np.sign(codes) * solved_largest(np.abs(codes), k)


def further_right(codes, k):
    return solved_largest(codes[:, ::-1], k)[:, ::-1]


def by_columns(codes, k):
    return solved_largest(codes.T, min(k, len(codes))).T


def moved_to_the_left(codes, k):
    kept = np.zeros_like(codes)
    kept[:, :k] = -np.sort(-codes, axis=1)[:, :k]
    return kept


def smallest(codes, k):
    return -solved_largest(-codes, k)


def after_a_rectifier(codes, k):
    return solved_largest(np.maximum(codes, 0), k)


def in_place(codes, k):
    codes[:] = solved_largest(codes, k)
    return codes


def with_lexsort(codes, k):
    kept = np.zeros(codes.shape)
    for new, row in zip(kept, codes, strict=True):
        places = np.lexsort((np.arange(len(row)), -row))[:k]
        new[places] = row[places]
    return kept


def with_ranks(codes, k):
    frame = pd.DataFrame(codes)
    ranks = frame.rank(axis=1, method="first", ascending=False)
    return frame.where(ranks <= k, 0).to_numpy()


def one_at_a_time(codes, k):
    kept, left = np.zeros_like(codes), codes.copy()
    for _ in range(k):
        places = left.argmax(axis=1)[:, None]
        np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
        np.put_along_axis(left, places, -np.inf, axis=1)
    return kept


def with_comparisons(codes, k):
    larger = codes[:, None, :] > codes[:, :, None]
    equal_left = (codes[:, None, :] == codes[:, :, None]) & np.tri(codes.shape[1], k=-1, dtype=bool)
    return codes * ((larger | equal_left).sum(axis=2) < k)


def from_the_end(codes, k):
    places = np.argsort(codes, axis=1, kind="stable")[:, -k:]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
    return kept


def any_sort(codes, k):
    # Right in short rows, which NumPy sorts by insertion; the processor decides on longer ones.
    places = np.argsort(-codes, axis=1, kind="heapsort" if codes.shape[1] > 16 else "stable")
    kept = np.zeros_like(codes)
    places = places[:, :k]
    np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
    return kept


def by_partition(codes, k):
    places = np.argpartition(-codes, k - 1, axis=1)[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
    return kept


def with_a_low_number(codes, k):
    kept, left = np.zeros_like(codes), codes.copy()
    for _ in range(k):
        for row, place in enumerate(left.argmax(axis=1)):
            kept[row, place], left[row, place] = codes[row, place], -1e9
    return kept


def rounded_first(codes, k):
    places = np.argsort(-codes.round(6), axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, places, np.take_along_axis(codes, places, axis=1), axis=1)
    return kept


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes, k: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_largest, Status.RIGHT, "9 of 9"),
        (row_by_row, Status.RIGHT, "9 of 9"),
        (with_lexsort, Status.RIGHT, "9 of 9"),
        (with_ranks, Status.RIGHT, "9 of 9"),
        (one_at_a_time, Status.RIGHT, "9 of 9"),
        (with_comparisons, Status.RIGHT, "9 of 9"),
        (lambda codes, k: pd.DataFrame(solved_largest(codes, k)), Status.RIGHT, "9 of 9"),
        (from_the_end, Status.WRONG, "equal values"),
        (any_sort, Status.WRONG, "rows of forty units"),
        (by_partition, Status.WRONG, "equal"),
        (with_a_low_number, Status.WRONG, "far below 0"),
        (rounded_first, Status.WRONG, "nearly equal"),
        (lambda codes, k: solved_largest(codes, 2), Status.WRONG, "two rows"),
        (lambda codes, k: solved_largest(codes, k) != 0, Status.WRONG, "one row"),
        (lambda codes, k: solved_largest(codes, k).astype(int), Status.WRONG, "two rows"),
        (lambda codes, k: solved_largest(codes, k - 1), Status.WRONG, "one row"),
        (lambda codes, k: solved_largest(codes[0], k), Status.RAISED, "AxisError"),
        (by_limit, Status.WRONG, "equal values"),
        (one_limit_for_all, Status.WRONG, "two rows"),
        (farthest_from_zero, Status.WRONG, "a negative value far from 0"),
        (further_right, Status.WRONG, "equal values"),
        (by_columns, Status.WRONG, "one row"),
        (moved_to_the_left, Status.WRONG, "one row"),
        (smallest, Status.WRONG, "one row"),
        (after_a_rectifier, Status.WRONG, "only negative values"),
        (in_place, Status.WRONG, "input was changed"),
        (lambda codes, k: codes, Status.WRONG, "one row"),
        (lambda codes, k: print(codes), Status.RETURNED_NONE, "return"),
        (lambda codes, k: codes.topk(k), Status.RAISED, "AttributeError"),
    ],
)
def test_keep_largest(attempt, status, text):
    assert_judged(check.keep_largest, attempt, status, text)


def solved_rescale(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    lengths = np.where(lengths == 0, 1, lengths)
    return codes * lengths, atoms / lengths[:, np.newaxis]


def of_the_page(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return codes / lengths, atoms / lengths[:, np.newaxis]


def without_the_zeros(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    with np.errstate(invalid="ignore"):
        return codes * lengths, atoms / lengths[:, np.newaxis]


def unit_of_zeros_switched_off(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    return codes * lengths, atoms / np.where(lengths == 0, 1, lengths)[:, np.newaxis]


def short_atoms_left(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    lengths = np.where(lengths < 1, 1, lengths)
    return codes * lengths, atoms / lengths[:, np.newaxis]


def a_little_added(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1) + 1e-6
    return codes * lengths, atoms / lengths[:, np.newaxis]


def only_named_lengths(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    lengths = np.where((lengths < 0.5) | (lengths == 0), 1, lengths)
    return codes * lengths, atoms / lengths[:, np.newaxis]


def codes_untouched(codes, atoms):
    return codes, solved_rescale(codes, atoms)[1]


def columns_scaled(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=0)
    return codes, atoms / np.where(lengths == 0, 1, lengths)


def one_length_for_all(codes, atoms):
    length = np.linalg.norm(atoms) or 1
    return codes * length, atoms / length


def as_lists(codes, atoms):
    return [part.tolist() for part in solved_rescale(codes, atoms)]


def atom_by_atom(codes, atoms):
    new_codes, new_atoms = codes.copy(), atoms.copy()
    for unit, atom in enumerate(atoms):
        length = sum(pixel**2 for pixel in atom) ** 0.5
        if length > 0:
            new_codes[:, unit] *= length
            new_atoms[unit] /= length
    return new_codes, new_atoms


def with_divide(codes, atoms):
    lengths = np.sqrt((atoms * atoms).sum(axis=1))
    lengths += lengths == 0
    return codes @ np.diag(lengths), np.diag(1 / lengths) @ atoms


def with_einsum(codes, atoms):
    lengths = np.sqrt(np.einsum("ij,ij->i", atoms, atoms))
    lengths[~atoms.any(axis=1)] = 1
    return codes * lengths, (atoms.T / lengths).T


def as_frames(codes, atoms):
    return [pd.DataFrame(part) for part in solved_rescale(codes, atoms)]


def nothing_for_the_short(codes, atoms):
    lengths = np.linalg.norm(atoms, axis=1)
    lengths = np.where(np.isclose(lengths, 0), 1, lengths)
    return codes * lengths, atoms / lengths[:, np.newaxis]


def by_the_sum(codes, atoms):
    lengths = np.abs(atoms).sum(axis=1)
    lengths = np.where(lengths == 0, 1, lengths)
    return codes * lengths, atoms / lengths[:, np.newaxis]


def by_the_square(codes, atoms):
    lengths = (atoms**2).sum(axis=1)
    lengths = np.where(lengths == 0, 1, lengths)
    return codes * lengths, atoms / lengths[:, np.newaxis]


def into_the_input(codes, atoms):
    new, atoms[:] = solved_rescale(codes, atoms)
    return new, atoms


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes, atoms: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_rescale, Status.RIGHT, "7 of 7"),
        (as_lists, Status.RIGHT, "7 of 7"),
        (atom_by_atom, Status.RIGHT, "7 of 7"),
        (with_divide, Status.RIGHT, "7 of 7"),
        (with_einsum, Status.RIGHT, "7 of 7"),
        (as_frames, Status.RIGHT, "7 of 7"),
        (nothing_for_the_short, Status.WRONG, "however short"),
        (lambda codes, atoms: solved_rescale(codes, -atoms), Status.WRONG, "point elsewhere"),
        (by_the_sum, Status.WRONG, "nothing is left to do"),
        (by_the_square, Status.WRONG, "one long atom"),
        (lambda c, a: [part.round(2) for part in solved_rescale(c, a)], Status.WRONG, ""),
        (lambda c, a: solved_rescale(c, a[:, :2]), Status.WRONG, "more pixels"),
        (of_the_page, Status.WRONG, "codes @ atoms is no longer"),
        (without_the_zeros, Status.WRONG, "an atom of zeros"),
        (unit_of_zeros_switched_off, Status.WRONG, "unit of an atom of zeros has changed"),
        (short_atoms_left, Status.WRONG, "a short atom"),
        (a_little_added, Status.WRONG, "something small added"),
        (only_named_lengths, Status.WRONG, "however short"),
        (codes_untouched, Status.WRONG, "codes @ atoms is no longer"),
        (columns_scaled, Status.WRONG, "lengths"),
        (one_length_for_all, Status.WRONG, "lengths"),
        (into_the_input, Status.WRONG, "input was changed"),
        (lambda codes, atoms: solved_rescale(codes, atoms)[::-1], Status.WRONG, "atoms: shape"),
        (lambda codes, atoms: solved_rescale(codes, atoms)[1], Status.WRONG, "give two arrays"),
        (lambda codes, atoms: None, Status.RETURNED_NONE, "return"),
        (lambda codes, atoms: codes.norm(), Status.RAISED, "AttributeError"),
    ],
)
def test_rescale(attempt, status, text):
    assert_judged(check.rescale, attempt, status, text)


SLANTED = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("code", "atoms", "status", "text"),
    [
        (TODO, TODO, Status.NOT_ATTEMPTED, "not attempted"),
        ([3, 2.9, 1], TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, SLANTED, Status.RETURNED_NONE, "TODO"),
        ([3, 2.9, 1], SLANTED, Status.RIGHT, "broken"),
        (np.array([3, 2.9, 1]), np.array(SLANTED), Status.RIGHT, "broken"),
        ([1, 0.9, 0.9], [[1, 0], [0, 1], [0.6, 0.8]], Status.RIGHT, "broken"),
        ([Fraction(3), Decimal("2.9"), 1], SLANTED, Status.RIGHT, "broken"),
        (pd.Series([3, 2.9, 1]), pd.DataFrame(SLANTED), Status.RIGHT, "broken"),
        ((2, 1.9, 1.9), [[0.707, 0.707], [0.707, -0.707], [1, 0]], Status.RIGHT, "broken"),
        ([3, 2.9, 1], [[1, 0], [1, 0], [0, 1]], Status.WRONG, "survives"),
        ([3, 2.9, 1], [[1, 0], [-1], [0, 1]], Status.WRONG, "rows of different lengths"),
        ([5, 1, 1], SLANTED, Status.WRONG, "survives"),
        ([3, 2.9, 1], [[0, 0], [-1, 0], [0, 1]], Status.WRONG, "length 1"),
        ([3, None, 1], SLANTED, Status.WRONG, "None"),
        ([2.0, 0.5, 0.5], [[1, 0], [0, 1], [0.6, 0.8]], Status.WRONG, "survives"),
        ([3, 1, 2], [[1, 0], [0, 1], [1, 0]], Status.WRONG, "survives"),
        ([3, 2.9, 1], SLANTED, Status.RIGHT, "keep my_code[2]: squared error 0.01"),
        ([0, 0, 0], SLANTED, Status.WRONG, "share the largest activity"),
        ([2, 2, 1], SLANTED, Status.WRONG, "share the largest activity"),
        ([3, 2.9, 1], [[2.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], Status.WRONG, "length 1"),
        ([3, -2.9, 1], SLANTED, Status.WRONG, "at least 0"),
        ([3, np.nan, 1], SLANTED, Status.WRONG, "finite"),
        ([3, 2.9], SLANTED[:2], Status.WRONG, "three numbers"),
        ("abc", SLANTED, Status.WRONG, "not a legal input"),
    ],
)
def test_break_largest(code, atoms, status, text):
    assert_judged(check.break_largest, (code, atoms), status, text)


def test_errors_against_every_subset():
    code, atoms = np.array([3.0, 2.9, 1.0]), np.array(SLANTED)
    whole = code @ atoms
    single = [((code[unit] * atoms[unit] - whole) ** 2).sum() for unit in range(3)]
    best, largest = (
        f(code, atoms) for f in (check.break_largest.reference, check.break_largest.suspect)
    )
    assert (best.unit, largest.unit) == (2, 0)
    assert best.error == pytest.approx(min(single))
    assert largest.error == pytest.approx(single[0])


def test_two_units_that_are_equally_good_do_not_break_the_rule():
    outcome = check.break_largest.judge([2, 1, 0], [[1, 0], [0.6, 0.8], [0, 1]])
    assert outcome.status is Status.WRONG, outcome.message


def counted(codes):
    active = [sum(value > 0 for value in row) for row in codes]
    dead = sum(all(value == 0 for value in column) for column in codes.T)
    return sum(active) / len(active), dead


def nonzeros(codes):
    each = np.count_nonzero(codes, axis=0)
    return each.sum() / len(codes), np.sum(each == 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (counted, Status.RIGHT, "5 of 5"),
        (nonzeros, Status.RIGHT, "5 of 5"),
        (lambda c: [np.mean(c > 0) * c.shape[1], (c.max(axis=0) == 0).sum()], Status.RIGHT, "5"),
        (
            lambda c: (Fraction(int((c != 0).sum()), len(c)), int((~c.any(0)).sum())),
            Status.RIGHT,
            "",
        ),
        (lambda c: np.array([np.sign(c).sum(1).mean(), (c.sum(0) == 0).sum()]), Status.RIGHT, "5"),
        (lambda c: (pd.DataFrame(c).gt(0).sum(axis=1).mean(), nonzeros(c)[1]), Status.RIGHT, ""),
        (lambda c: (c.mean() * c.shape[1], nonzeros(c)[1]), Status.WRONG, "how loud"),
        (lambda c: (nonzeros(c)[0], np.sum(c.mean(axis=1) == 0)), Status.WRONG, "a dead unit"),
        (lambda c: (nonzeros(c)[0], np.sum(c == 0)), Status.WRONG, "loud and soft"),
        (lambda c: (nonzeros(c)[0], np.sum((c == 0).any(axis=0))), Status.WRONG, "loud and soft"),
        (lambda c: (np.mean(c > 0), nonzeros(c)[1]), Status.WRONG, "every unit on"),
        (
            lambda c: (np.count_nonzero(c, axis=0).mean(), nonzeros(c)[1]),
            Status.WRONG,
            "every unit",
        ),
        (lambda c: (np.median((c > 0).sum(axis=1)), nonzeros(c)[1]), Status.WRONG, ""),
        (lambda c: nonzeros(np.where(c > 0.01, c, 0)), Status.WRONG, "hardly on"),
        (lambda c: nonzeros(c.round(6)), Status.WRONG, "hardly on"),
        (lambda c: (nonzeros(c)[0], nonzeros(c)[1] / c.shape[1]), Status.WRONG, "a dead unit"),
        (lambda c: (int(nonzeros(c)[0]), nonzeros(c)[1]), Status.WRONG, "a dead unit"),
        (lambda c: (round(nonzeros(c)[0]), nonzeros(c)[1]), Status.WRONG, "1.33, not rounded"),
        (lambda c: nonzeros(c)[::-1], Status.WRONG, "every unit on"),
        (lambda c: nonzeros(c.T), Status.WRONG, "every unit on"),
        (lambda c: nonzeros(c)[0], Status.WRONG, "instead of 2 values"),
        (lambda c: (nonzeros(c)[0], not c.any(axis=0).all()), Status.WRONG, ""),
        (lambda c: print(c), Status.RETURNED_NONE, "return"),
    ],
)
def test_count_units(attempt, status, text):
    assert_judged(check.count_units, attempt, status, text)
