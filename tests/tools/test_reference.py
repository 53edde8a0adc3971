"""Glossary, traps and identities belong to the notebooks, and their code does what they say."""

import contextlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tools import reference
from tools.links import Page

COURSE = reference.books()
FRAMEWORKS = {"keras": [pytest.mark.keras], "torch": [pytest.mark.torch], "": []}


def params(entries, name):
    return [
        pytest.param(entry, id=getattr(entry, name), marks=FRAMEWORKS[entry.framework])
        for entry in entries
    ]


def test_documents_are_written():
    assert reference.problems(COURSE) == []
    for path, text in reference.written(COURSE).items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python -m tools.reference"


def test_check_names_what_is_old(tmp_path, monkeypatch, capsys):
    path = tmp_path / "glossary.md"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(reference, "written", lambda course: {path: "new"})
    assert reference.main(["--check"]) == 1
    assert "glossary.md is out of date" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "old"


def test_an_entry_without_its_place_is_named(monkeypatch):
    term = reference.Term("a word that nobody uses", "Nothing.")
    trap = reference.traps()[0]
    lost = [replace(trap, notebook="gone"), replace(trap, cell="gone")]
    monkeypatch.setattr(reference, "glossary", lambda: [term])
    monkeypatch.setattr(reference, "traps", lambda: lost)
    found = "\n".join(reference.problems(COURSE))
    assert "no notebook says 'a word that nobody uses'" in found
    assert "there is no notebook 'gone'" in found
    assert f"{trap.notebook} has no cell 'gone'" in found


def test_first_use_takes_whole_words_and_other_forms():
    cells = {"a": reference.Cell("", "The decoders of\nmany networks", True)}
    code = {"a": reference.Cell("", "decoder of many = 1", False)}
    later = reference.Book(Page(Path("02_b.ipynb"), "B", ""), cells)
    course = {"a": reference.Book(Page(Path("01_a.ipynb"), "A", ""), code), "b": later}
    find = reference.first_use
    assert find(reference.Term("decoder", "", spelled=("decoders",)), course) is later
    assert find(reference.Term("Many networks", ""), course) is later
    assert find(reference.Term("decoder", ""), course) is None


def test_a_link_leads_to_the_heading_above_a_cell():
    cells = {"c": reference.Cell("1. What is it?", "", True)}
    book = reference.Book(Page(Path("01_a.ipynb"), "A", ""), cells)
    assert book.link("c") == "[01 A](../notebooks/01_a.ipynb#1.-What-is-it?)"
    assert book.link() == "[01 A](../notebooks/01_a.ipynb)"


def test_terms_are_sentences_and_stand_once():
    terms = reference.glossary()
    names = [term.term.casefold() for term in terms]
    assert len(set(names)) == len(names)
    for term in terms:
        assert re.fullmatch(r"[^.]*(\.\d[^.]*)*\.", term.meaning), term.term


def test_there_is_something_to_look_up():
    assert len(reference.glossary()) >= 80
    assert len(reference.traps()) >= 30
    assert len(reference.identities()) >= 20


def test_plans_fit_into_their_time():
    for plan in reference.plans():
        for part in plan.session:
            minutes = [reference.minutes_of(entry, COURSE) for entry in part.notebooks]
            with_talk = sum(minutes) * 4 / 3
            assert 0 < with_talk <= plan.minutes, (plan.name, part.name, minutes)


def test_minutes_leave_out_what_is_for_home():
    page = Page(Path("00_a.ipynb"), "A", "**Time.** 30 minutes")
    book = reference.Book(page, {}, {"x": 4, "y": 6})
    count = reference.minutes_of
    assert count({"topic": "a"}, {"a": book}) == 30
    assert count({"topic": "a", "later": ["y"]}, {"a": book}) == 24
    assert count({"topic": "a", "later": ["*"]}, {"a": book}) == 20


def test_a_plan_without_its_notebook_or_exercise_is_named(monkeypatch):
    plan = reference.plans()[0]
    part = reference.Session("", [{"topic": "gone"}, {"topic": "start_here", "later": ["gone"]}])
    monkeypatch.setattr(reference, "plans", lambda: [replace(plan, session=[part])])
    found = "\n".join(reference.problems(COURSE))
    assert "there is no notebook 'gone'" in found
    assert "start_here has no exercise ['gone']" in found


def run(code, names):
    """Run lines, and return what they printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, names)  # our own lists, not input
    return printed.getvalue()


def basics(seed):
    return {"np": np, "sp": sp, "rng": np.random.default_rng(seed)}


@pytest.mark.parametrize("identity", params(reference.identities(), "name"))
def test_identity(identity):
    sides = []
    for seed in range(5):
        names = basics(seed)
        run(identity.given, names)
        left, right = eval(identity.left, names), eval(identity.right, names)
        assert np.shape(left) == np.shape(right)
        np.testing.assert_allclose(left, right, rtol=1e-7, atol=1e-8)
        sides.append(left)
    assert not np.array_equal(sides[0], sides[1])  # else nothing random was compared


@pytest.mark.filterwarnings("ignore")  # some traps are warnings that nobody reads
@pytest.mark.parametrize("trap", params(reference.traps(), "see"))
def test_trap(trap):
    if reference.is_error(trap.see):
        with pytest.raises(Exception, match=".") as caught:
            run(trap.code, basics(0))
        assert trap.see in f"{type(caught.value).__name__}: {caught.value}"
    else:
        assert trap.see in run(trap.code, basics(0))
    shown = run(trap.instead, basics(0))
    assert reference.is_error(trap.see) or trap.see not in shown.splitlines()
