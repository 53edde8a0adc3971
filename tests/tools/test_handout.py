"""Handouts hold no solution: tried on small notebooks, and on every notebook of the course."""

import re
import zipfile

import nbformat
import pytest
from bs4 import BeautifulSoup
from small_notebooks import ALT, write

from tools.build_handout import build, main, without_outputs, without_solutions
from tools.course import find_notebooks
from tools.pages import to_html
from tools.stored import to_json

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handout")
    archive = build(write(folder), folder / "handout")
    return folder / "handout", archive


def test_every_form_is_there_and_archived(handout):
    folder, archive = handout
    names = ["00_add.html", "00_add.ipynb", "01_draw.html", "01_draw.ipynb", "index.html"]
    assert sorted(path.name for path in folder.iterdir()) == names
    with zipfile.ZipFile(archive) as opened:
        files = {name for name in opened.namelist() if not name.endswith("/")}
        assert files == {f"handout/{name}" for name in names}
        for name in names:
            assert opened.read(f"handout/{name}") == (folder / name).read_bytes()


def test_solutions_and_answers_are_gone_and_the_rest_is_not(handout):
    folder, _ = handout
    for name in ("00_add.ipynb", "00_add.html"):
        text = (folder / name).read_text(encoding="utf-8")
        for gone in ("the secret", "7 of 7 cases", "not attempted yet"):
            assert gone not in text
        for kept in ("TODO", "Hint 1", "What is a sum?"):
            assert kept in text


def test_notebook_is_empty_and_page_keeps_its_pictures(handout):
    folder, _ = handout
    notebook = nbformat.read(folder / "01_draw.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    page = BeautifulSoup((folder / "01_draw.html").read_text(encoding="utf-8"), "html.parser")
    assert [picture["alt"] for picture in page.select("img")] == [ALT]


def test_the_notebook_itself_is_not_changed(tmp_path):
    path = write(tmp_path)[0]
    notebook = nbformat.read(path, as_version=4)
    without_outputs(without_solutions(notebook))
    assert notebook == nbformat.read(path, as_version=4)


def own_lines(notebook):
    """Lines of solutions, outputs included, that stand nowhere else in a notebook."""

    def text(cell):
        return cell.source + "\n" + "".join(o.get("text", "") for o in cell.get("outputs", []))

    solutions = [c for c in notebook.cells if "solution" in c.metadata.get("tags", [])]
    others = "\n".join(text(cell) for cell in notebook.cells if cell not in solutions)
    lines = {line.strip() for cell in solutions for line in text(cell).splitlines()}
    return {line for line in lines if line not in others}


@pytest.mark.parametrize("path", find_notebooks([]), ids=lambda path: path.stem)
def test_no_line_of_a_solution_is_left_in_any_handout_of_the_course(path):
    notebook = nbformat.read(path, as_version=4)
    secret = own_lines(notebook)
    assert len(secret) >= 3
    handout = without_solutions(notebook)
    cells = without_outputs(handout).cells
    text = "\n".join([cell.source for cell in cells] + [to_json(handout)])
    page = re.sub(r"<[^>]+>", "", to_html(handout, path.stem))
    assert [line for line in secret if line in text or line in page] == []


def test_command_line(tmp_path, capsys):
    paths = write(tmp_path)
    assert main(["--output", str(tmp_path / "out"), *map(str, paths)]) == 0
    assert "2 notebooks without solutions, 0 problems" in capsys.readouterr().out
    assert main(["--output", str(tmp_path / "out"), str(paths[0])]) == 0
    page = (tmp_path / "out" / "00_add.html").read_text(encoding="utf-8")
    assert "02 Draw →" in page  # as text: the notebook is not there
    assert "01_draw" not in page
    text = paths[0].read_text(encoding="utf-8")
    paths[0].write_text(text.replace("01_draw.ipynb", "nowhere.html"), encoding="utf-8")
    assert main(["--output", str(tmp_path / "out"), str(paths[0])]) == 1
    assert "nowhere.html" in capsys.readouterr().err
    assert main(["77"]) == 2
    assert "no notebook called '77'" in capsys.readouterr().err
