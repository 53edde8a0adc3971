"""Grids of settings: every error is shown, and a best that lies on the edge is pointed out."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.metrics import grid_report


def last_line(errors, names):
    return grid_report(errors, names).splitlines()[-1]


@pytest.mark.parametrize(
    ("errors", "names", "line"),
    [
        ({1: 0.3, 2: 0.2, 3: 0.4}, "k", "best: k = 2"),
        ({1: 0.1, 2: 0.2, 3: 0.4}, "k", "best: k = 1 (edge of the grid: k = 1)"),
        ({3: 0.1, 2: 0.2, 1: 0.4}, "k", "best: k = 3 (edge of the grid: k = 3)"),
        ({0.8: 0.1}, "share", "best: share = 0.8"),
        ({(8,): 0.1, (4,): 0.2}, ["k"], "best: k = 8 (edge of the grid: k = 8)"),
    ],
)
def test_one_setting(errors, names, line):
    assert last_line(errors, names) == line


@pytest.mark.parametrize(
    ("best", "edge"),
    [
        ((2, 15), ""),
        ((4, 15), " (edge of the grid: k = 4)"),
        ((2, 10), " (edge of the grid: λ = 10)"),
        ((1, 20), " (edge of the grid: k = 1, λ = 20)"),
    ],
)
def test_two_settings(best, edge):
    errors = {(k, l2): 1 - ((k, l2) == best) / 2 for l2 in (20, 10, 15) for k in (4, 1, 2)}
    assert last_line(errors, ("k", "λ")) == f"best: k = {best[0]}, λ = {best[1]}{edge}"


def test_axis_that_was_not_searched_has_no_edge():
    assert last_line({(16, 1): 0.2, (16, 2): 0.1, (16, 3): 0.3}, ("k", "λ")) == (
        "best: k = 16, λ = 2"
    )


def test_grid_need_not_be_full():
    report = grid_report({(1, 10): 0.25, (2, 20): 0.5}, ("k", "λ"))
    assert report.splitlines()[:3] == [
        "k \\ λ      10      20",
        "1      0.2500",
        "2              0.5000",
    ]


def test_every_column_is_as_wide_as_what_is_longest_in_it():
    assert grid_report({1: 0.25, 100: 0.5, 30: 1e-5}, "units") == "\n".join(
        [
            "units",
            "1      0.2500",
            "30     0.0000",
            "100    0.5000",
            "best: units = 30",
        ]
    )
    assert grid_report({(1.5, 2e-10): 100.5, (2.5, 3.0): 7.0}, ("a", "b")) == "\n".join(
        [
            "a \\ b     2e-10         3",
            "1.5    100.5000",
            "2.5                7.0000",
            "best: a = 2.5, b = 3 (edge of the grid: a = 2.5, b = 3)",
        ]
    )


@given(
    st.dictionaries(
        st.tuples(st.integers(-99, 99), st.integers(0, 9)), st.integers(0, 9999), min_size=1
    )
)
def test_every_error_stands_at_its_place(errors):
    report = grid_report({key: value / 10000 for key, value in errors.items()}, ("a", "b"))
    head, *rows, _ = report.splitlines()
    ends = {int(found[0]): found.end() for found in re.finditer(r"\d+", head)}
    shown = {
        (int(row.split()[0]), column): float(row[end - 6 : end])
        for row in rows
        for column, end in ends.items()
        if row[end - 6 : end].strip()
    }
    assert shown == {key: value / 10000 for key, value in errors.items()}


def test_numpy_numbers_are_numbers():
    errors = {(np.int64(k), np.float64(share)): np.float32(k) for k in (1, 2) for share in (0, 1)}
    assert last_line(errors, ("k", "share")).startswith("best: k = 1, share = 0 ")


@pytest.mark.parametrize(
    ("errors", "names", "error", "words"),
    [
        ({}, "k", ValueError, "at least one setting, got none"),
        ({1: np.nan}, "k", ValueError, r"errors\[1\] must be a number"),
        ({1: "low"}, "k", TypeError, r"errors\[1\] must be a number"),
        ({(1, 2): 0.5}, "k", ValueError, r"a part for each of k, got \(1, 2\)"),
        ({1: 0.5}, ("k", "λ"), ValueError, "a part for each of k, λ, got 1"),
        ({(1, 2, 3): 0.5}, ("a", "b", "c"), ValueError, "names must be one or two, got 3"),
    ],
)
def test_refuses_what_is_no_grid(errors, names, error, words):
    with pytest.raises(error, match=words):
        grid_report(errors, names)
