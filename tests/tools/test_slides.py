"""Slides follow from a notebook's form."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from small_notebooks import ALT, write

from tools.build_slides import blocks, build, main
from tools.check_pages import problems
from tools.course import ROOT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    build(write(folder), folder / "slides")
    return folder / "slides"


@pytest.fixture(scope="module")
def decks(folder):
    return [
        BeautifulSoup((folder / name).read_text(encoding="utf-8"), "html.parser")
        for name in ("00_add.html", "01_draw.html")
    ]


def seen(slide):
    """What the class sees of a slide."""
    text = BeautifulSoup(str(slide), "html.parser")
    for notes in text.select("aside"):
        notes.decompose()
    return " ".join(text.get_text().split())


def stacks_of(deck):
    return [
        [seen(slide) for slide in stack.find_all("section", recursive=False)]
        for stack in deck.select(".slides > section")
    ]


def test_a_section_is_a_stack_and_a_cell_a_slide(decks):
    assert stacks_of(decks[0]) == [
        ["Add small numbers What you'll do. Add. What you'll learn. how to add"],
        [
            "1. What is a sum? Two numbers x<y become one.",
            "1. What is a sum? Predict: what is 1 + 1? print(1 + 1) 2 & no <more>",
            "Exercise 1 · ●○○ · 3 min Write double. Hint 1 Twice. "
            "def double(x): return TODO check.double(double)",
        ],
        ["Recap One. Two. Three. 02 Draw →"],
    ]


def test_set_up_and_solutions_are_left_out(folder):
    text = (folder / "00_add.html").read_text(encoding="utf-8")
    for gone in ("numpy", "secret", "7 of 7", "not attempted"):
        assert gone not in text


def test_other_prose_is_in_the_notes_of_the_slide_it_belongs_to(decks):
    notes = [note.get_text().strip() for note in decks[0].select("aside.notes")]
    assert notes == ["Time. About 1 minute.", "The teacher says this.", "It is two, as you see."]
    asked = decks[0].select_one(".predict").find_parent("section")
    assert "It is two, as you see." in asked.select_one("aside").get_text()


def test_an_output_appears_one_step_after_its_code(decks):
    (fragment,) = decks[0].select(".fragment")
    assert fragment.get_text() == "2 & no <more>\n"
    code, picture = [
        slide for slide in decks[1].select("section section") if slide.select(".highlight, img")
    ][:2]
    assert "plots.show(figure)" in code.get_text()
    assert code.select("img") == []
    assert [image["alt"] for image in picture.select("img")] == [ALT]


def test_formulas_lists_and_long_code_without_output(decks):
    assert decks[1].select_one("math")["alttext"] == "y = 2 x"
    last = stacks_of(decks[1])[-1][-1]
    assert "line_0 = 0" in last
    assert "line_19 = 19" in last
    assert "open this notebook in JupyterLab" in decks[1].get_text()


def test_decks_need_no_network(folder):
    assert problems(folder) == []
    carried = {path.name for path in (folder / "reveal").iterdir()}
    assert carried == {"LICENSE", "notes.js", "reset.css", "reveal.css", "reveal.js"}
    head = (folder / "reveal" / "reveal.js").read_text(encoding="utf-8")[:200]
    assert "MIT" in head
    (release,) = re.findall(r"reveal\.js \d+\.\d+\.\d+", head)
    for document in ("LICENSE", "CONTRIBUTING.md"):
        assert release in (ROOT / document).read_text(encoding="utf-8")
    assert "Hakim El Hattab" in (folder / "reveal" / "LICENSE").read_text(encoding="utf-8")


def test_blocks_keep_code_and_hints_whole():
    code = "```\na\n\nb\n```"
    hint = "<details><summary>Hint</summary>\n\none\n\ntwo\n\n</details>"
    assert blocks(f"# Title\n{code}\nand\nmore\n\n{hint}\n{hint}") == [
        "# Title",
        code,
        "and\nmore",
        hint,
        hint,
    ]


def test_the_notebook_itself_is_not_changed(tmp_path):
    paths = write(tmp_path)
    before = [nbformat.read(path, as_version=4) for path in paths]
    build(paths, tmp_path / "slides")
    assert [nbformat.read(path, as_version=4) for path in paths] == before


def test_command_line(tmp_path, capsys):
    paths = write(tmp_path)
    assert main(["--output", str(tmp_path / "out"), *map(str, paths)]) == 0
    assert "2 decks, 0 problems" in capsys.readouterr().out
    assert main(["--output", str(tmp_path / "out"), str(paths[0])]) == 0
    assert "01_draw" not in (tmp_path / "out" / "00_add.html").read_text(encoding="utf-8")
    text = paths[0].read_text(encoding="utf-8")
    paths[0].write_text(text.replace("01_draw.ipynb", "nowhere.html"), encoding="utf-8")
    assert main(["--output", str(tmp_path / "out"), str(paths[0])]) == 1
    assert "nowhere.html" in capsys.readouterr().err
    assert main(["77"]) == 2
