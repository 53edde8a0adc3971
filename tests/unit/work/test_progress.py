"""How far a learner has come: by exercise, by notebook and by route, in words and as squares."""

import learners
import numpy as np
import pytest
from learners import cell, save
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba

from course_utils import plots, work
from course_utils.work import Verdict, _progress
from course_utils.work._progress import Standing
from course_utils.work._record import note

ROUTES = {"short": ("add", "away", "gone"), "empty": ("gone",)}


def exercise(source, tags=("exercise",)):
    return cell("e", source, "code", metadata={"tags": list(tags)})


PAGES = {
    "00_add.ipynb": [
        cell("t", "# Add"),
        exercise("def one():\n    return TODO\n\n\ncheck.one(one)"),
        exercise("check.one(solution)", ["solution"]),
        exercise("check.two(TODO)"),
        cell("plain", "check.three(1)", "code"),
    ],
    "01_away.ipynb": [cell("t", "# Take away"), exercise("check.one(1)"), exercise("no check")],
    "02_read.ipynb": [cell("t", "# Read")],
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Three notebooks with three exercises, and copies beside them."""
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    monkeypatch.setattr(_progress, "ROUTES", ROUTES)
    found = learners.folders(tmp_path)
    for name, cells in PAGES.items():
        save(found.course / name, cells)
    work.start(found.work, course=found.course)
    return found


def standings(*verdicts):
    books = {name: {"cells": cells} for name, cells in PAGES.items()}
    given = [Verdict(exercise, verdict, "") for exercise, verdict in verdicts]
    return _progress.standings(books, given)


def test_an_exercise_is_known_by_its_topic_and_name():
    assert standings(("away.one", "right"), ("add.two", "wrong"), ("gone.one", "right")) == [
        Standing("00 Add", "add", {"one": "open", "two": "tried"}),
        Standing("01 Take away", "away", {"one": "done"}),
        Standing("02 Read", "read", {}),
    ]


@pytest.mark.parametrize(
    ("verdicts", "state"),
    [
        ([], "open"),
        (["wrong"], "tried"),
        (["raised", "wrong"], "tried"),
        (["right"], "done"),
        (["wrong", "right", "wrong"], "done"),
    ],
)
def test_right_once_is_done(verdicts, state):
    found, *_ = standings(*(("add.one", verdict) for verdict in verdicts))
    assert found.exercises == {"one": state, "two": "open"}
    assert [found.count(each) for each in ("open", state)] == (
        [2, 2] if state == "open" else [1, 1]
    )


def test_notebooks_and_routes_are_said_in_lines(place):
    note(place.work, "add.one", "right")
    note(place.work, "add.two", "wrong")
    assert work.progress(place.work, course=place.course) == [
        "✓ ✗          00 Add",
        "○            01 Take away",
        "             02 Read",
        "",
        "✓ done   ✗ tried   ○ open",
        "",
        "all: 1 of 3 exercises done, 1 tried; next: 00 Add",
        "short: 1 of 3 exercises done, 1 tried; next: 00 Add",
        "empty: 0 of 0 exercises done, 0 tried",
    ]
    note(place.work, "add.two", "right")
    assert work.progress(place.work, course=place.course)[-3:] == [
        "all: 2 of 3 exercises done, 0 tried; next: 01 Take away",
        "short: 2 of 3 exercises done, 0 tried; next: 01 Take away",
        "empty: 0 of 0 exercises done, 0 tried",
    ]
    note(place.work, "away.one", "right")
    assert work.progress(place.work, course=place.course)[-3:] == [
        "all: 3 of 3 exercises done, 0 tried",
        "short: 3 of 3 exercises done, 0 tried",
        "empty: 0 of 0 exercises done, 0 tried",
    ]


def test_the_record_is_that_of_the_folder_named_or_of_the_one_beside_the_course(place):
    other = place.work.with_name("other")
    work.start(other, course=place.course)
    note(other, "add.one", "right")
    note(place.work, "add.two", "right")
    assert work.progress(other, course=place.course)[0] == "✓ ○          00 Add"
    assert work.progress(course=place.course)[0] == "○ ✓          00 Add"


def test_outside_of_the_copies_a_notebook_says_where_they_come_from(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    work.show_progress()
    assert capsys.readouterr().out == (
        "This notebook is no copy of your own, so nothing is recorded. `make lab`, or "
        "`python -m course_utils.work lab`, makes copies and opens them.\n"
    )


def test_before_the_first_verdict_nothing_is_drawn(place, monkeypatch, capsys):
    monkeypatch.chdir(place.work)
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(place.course))
    monkeypatch.setattr(_progress, "_draw", lambda _: pytest.fail("drawn"))
    work.show_progress()
    assert capsys.readouterr().out == (
        "all: 0 of 3 exercises done, 0 tried; next: 00 Add\n"
        "short: 0 of 3 exercises done, 0 tried; next: 00 Add\n"
        "empty: 0 of 0 exercises done, 0 tried\n"
        "\n"
        "The checks write into .course/progress.jsonl; COURSE_PROGRESS=off turns that off.\n"
    )


def test_after_it_the_standings_are_drawn_below_the_routes(place, monkeypatch, capsys):
    monkeypatch.chdir(place.work)
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(place.course))
    drawn = []
    monkeypatch.setattr(_progress, "_draw", drawn.append)
    note(place.work, "away.one", "wrong")
    work.show_progress()
    assert drawn == [standings(("away.one", "wrong"))]
    assert capsys.readouterr().out == (
        "all: 0 of 3 exercises done, 1 tried; next: 00 Add\n"
        "short: 0 of 3 exercises done, 1 tried; next: 00 Add\n"
        "empty: 0 of 0 exercises done, 0 tried\n"
    )


@pytest.fixture
def drawn(monkeypatch):
    """Draw standings, and return the figure and its description."""
    shown = []
    monkeypatch.setattr(plots, "show", lambda figure, *, alt: shown.append((figure, alt)))

    def draw(found):
        _progress._draw(found)
        figure, alt = shown.pop()
        plt.close(figure)
        return figure, alt

    return draw


BLUE, ORANGE, GREY = (
    to_rgba(each) for each in (plots.COLORS["blue"], plots.COLORS["orange"], "#eeeeee")
)


def test_each_exercise_is_a_square_with_its_mark(drawn):
    figure, alt = drawn(standings(("add.one", "right"), ("add.two", "wrong")))
    assert alt == (
        "A row of squares for each notebook, one for each exercise: 1 of 3 are done, 1 tried and"
        " not right yet, the rest open."
    )
    (axes,) = figure.axes  # no bar of colours
    assert list(axes.collections[0].get_linewidths()) == [2]  # squares stand apart
    marks = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert marks == {(0.5, 0.5): "✓", (1.5, 0.5): "✗", (0.5, 1.5): "○"}
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "00 Add",
        "01 Take away",
        "02 Read",
    ]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("exercise", "")


@pytest.mark.parametrize(
    ("verdicts", "colours"),
    [
        (
            [("add.one", "right"), ("add.two", "wrong")],
            [[BLUE, ORANGE], [GREY, None], [None, None]],
        ),
        ([("add.two", "wrong")], [[GREY, ORANGE], [GREY, None], [None, None]]),
        (
            [("add.one", "right"), ("add.two", "right"), ("away.one", "wrong")],
            [[BLUE, BLUE], [ORANGE, None], [None, None]],
        ),
    ],
)
def test_the_colour_is_that_of_the_state(drawn, verdicts, colours):
    figure, _ = drawn(standings(*verdicts))
    found = figure.axes[0].collections[0].get_facecolors().reshape(3, 2, 4)
    for row, wanted in zip(found, colours, strict=True):
        for colour, each in zip(row, wanted, strict=True):
            if each is None:
                assert colour[3] == 0
            else:
                np.testing.assert_allclose(colour, each)


def test_a_page_is_as_wide_as_it_is_and_higher_with_more_notebooks(drawn):
    one = Standing("00 A", "a", {"x": "open"})
    sizes = [drawn([one] * count)[0].get_size_inches() for count in (1, 11)]
    np.testing.assert_allclose(sizes, [(7, 1.12), (7, 4.32)])
