"""The site: what the checks of its pages notice, and the real one, built as `make site` does."""

import functools
import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from small_notebooks import ALT, write

from course_utils.work._cells import title_of
from tools.build_site import heading_slug, prepare, theme_options
from tools.check_pages import problems
from tools.course import ROOT, find_notebooks

# Under xdist one worker builds the site for all tests.
pytestmark = pytest.mark.slow
NOTEBOOKS = find_notebooks([])
ADDRESS = "https://github.com/somebody/some-course"
PAGE = """<!DOCTYPE html><html lang="en"><head><meta name="viewport" content="width=device-width">
<title>Page</title><link rel="stylesheet" href="style.css"><link rel="canonical" href="https://a.b">
</head><body><h1 id="top">Page</h1><h2>Part</h2><a href="#top">up</a> <a href="https://a.b">far</a>
<img src="data:image/png;base64,x" alt="A dot."></body></html>"""


def check(folder, old="", new="", css=""):
    """Problems of a page in which one thing is changed."""
    assert old in PAGE
    (folder / "page.html").write_text(PAGE.replace(old, new), encoding="utf-8")
    (folder / "style.css").write_text(css, encoding="utf-8")
    return problems(folder)


def test_a_good_page_has_no_problem(tmp_path):
    assert check(tmp_path, css="a { background: url(data:image/png;base64,x); }") == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("style.css", "//host/style.css", "<link> fetches //host/style.css"),
        ("</body>", "<script src='https://host/a.js'></script>", "<script> fetches https://host"),
        ("data:image/png;base64,x", "http://host/a.png", "<img> fetches http://host/a.png"),
        ("<h2>", "<style>@import 'https://host/a.css'</style><h2>", "style of <style> fetches"),
        ("<h2>", "<p style=\"background: url('//host/a.png')\"></p><h2>", "style of <p> fetches"),
        ("#top", "#bottom", "leads to #bottom, where there is no such anchor"),
        ("#top", "other.html", "leads to other.html, which does not exist"),
        ('"A dot."', '" "', "picture without a description"),
        (' alt="A dot."', "", "picture without a description"),
        ("A dot.", "data:image/png;base64,x", "picture without a description"),
        ("h2>", "h3>", "<h3> 'Part' follows a heading of level 1"),
        ("h2>", "h1>", "2 headings of level 1 instead of one"),
        ("<h2>", '<h2 id="top">', "id 'top' stands 2 times"),
        (' lang="en"', "", "does not say its language"),
        ("Page</title>", "</title>", "no title"),
        ('name="viewport"', "", "no viewport"),
    ],
)
def test_a_fault_is_named(tmp_path, old, new, message):
    (found,) = check(tmp_path, old, new)
    assert found.startswith("page.html: ")
    assert message in found


def test_a_style_sheet_is_read_too(tmp_path):
    (found,) = check(tmp_path, css="@font-face { src: url(https://host/a.woff) }")
    assert found == "style.css: fetches https://host/a.woff"


def test_what_myst_nb_is_told(tmp_path):
    first, second = (nbformat.read(path, as_version=4) for path in write(tmp_path))
    solution = prepare(first).cells[7]
    assert solution.metadata["tags"] == ["solution", "hide-cell"]
    assert solution.metadata["mystnb"]["code_prompt_show"] == "Show solution"
    assert first.cells[7].metadata["tags"] == ["solution"]  # the notebook itself is not changed
    page = prepare(second)
    assert page.cells[2].metadata["mystnb"] == {"image": {"alt": ALT}}
    assert "open this notebook in JupyterLab" in page.cells[3].outputs[0].data["text/plain"]


def test_two_pictures_in_a_cell_are_refused(tmp_path):
    notebook = nbformat.read(write(tmp_path)[1], as_version=4)
    notebook.cells[2].outputs *= 2
    with pytest.raises(ValueError, match="cell 'cell-2' shows 2 pictures"):
        prepare(notebook)


def test_anchors_are_those_of_jupyterlab():
    assert heading_slug("What is a line?") == "What-is-a-line?"


def test_launch_links_come_from_one_address():
    assert "launch_buttons" not in theme_options("")
    assert set(theme_options(ADDRESS)["launch_buttons"]) >= {"binderhub_url", "colab_url"}
    elsewhere = theme_options("https://git.example.org/somebody/some-course")
    assert "colab_url" not in elsewhere["launch_buttons"]
    assert elsewhere["repository_url"].startswith("https://git.example.org")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the whole site with the network blocked and frameworks that cannot be imported."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("keras", "tensorflow", "torch"):
        (folder / f"{name}.py").write_text("raise RuntimeError('the site needs no framework')")
    path = os.pathsep.join([str(folder), str(ROOT / "tests" / "no_network")])
    command = [sys.executable, "-m", "tools.build_site", "--repository", ADDRESS]
    run = subprocess.run(
        [*command, "--output", str(folder / "site")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 problems" in run.stdout
    return folder / "site"


@functools.cache
def soup(site, name):
    return BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_page_of_a_notebook(site, path):
    notebook = nbformat.read(path, as_version=4)
    page = soup(site, f"notebooks/{path.stem}.html")
    article = page.select_one("article")
    alts = [
        output.metadata["image/png"]["alt"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert [picture["alt"] for picture in article.select("img")] == alts
    folded = article.select("details.hide")
    solutions = [cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])]
    assert len(folded) == len(solutions) > 0
    for details, cell in zip(folded, solutions, strict=True):
        assert not details.has_attr("open")
        assert "Show solution" in details.select_one("summary").get_text()
        assert cell.source in details.get_text()
    formulas = sum("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert len(article.select("math")) >= formulas
    assert article.select(".MathJax, .math") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_of_a_notebook(site, path):
    page = soup(site, f"notebooks/{path.stem}.html")
    here = NOTEBOOKS.index(path)
    names = ["index.html", *(f"{other.stem}.html" for other in NOTEBOOKS)]
    assert page.select_one(".prev-next-area .left-prev")["href"].endswith(names[here])
    if path != NOTEBOOKS[-1]:
        assert page.select_one(".prev-next-area .right-next")["href"] == names[here + 2]
    hrefs = {link.get("href", "") for link in page.select("header a, .article-header-buttons a")}
    assert f"../_sources/notebooks/{path.name}" in hrefs
    assert (site / "_sources/notebooks" / path.name).read_bytes() == path.read_bytes()
    launched = f"main/notebooks/{path.name}"
    assert any(h.startswith("https://mybinder.org/v2/gh/somebody/some-course/main") for h in hrefs)
    assert any("/github/somebody/some-course/blob/" in h and h.endswith(launched) for h in hrefs)


def test_first_page_is_the_readme_and_the_side_bar_lists_everything(site):
    page = soup(site, "index.html")
    assert "Two commands" in page.select_one("article").get_text()
    listed = [link.get_text().strip() for link in page.select("nav.bd-links a")]
    for path in NOTEBOOKS:
        title = title_of(nbformat.read(path, as_version=4)).replace("'", "’")
        assert f"{path.name[:2]} {title}" in [text.replace("'", "’") for text in listed]
    modules = {path.stem for path in (ROOT / "course_utils").glob("[a-z]*.py")}
    about = {"Teach with this course", "The data", "How to change the course"}
    assert modules | {"checks"} | about <= set(listed)


def test_reference_has_signature_parameters_errors_and_example(site):
    text = soup(site, "api/sparse.html").select_one("article").get_text()
    for part in ("left_align(matrix", "Introduced in", "Parameters", "Raises", ">>> "):
        assert part in text
    networks = soup(site, "api/keras_models.html").select_one("article").get_text()
    assert "mlp_autoencoder(" in networks
    assert "Alias for field number" not in networks
    references = soup(site, "api/embeddings.html").select(".citation-list")
    assert [part.get("role") for part in references] == [None]  # its entries are no list items


def test_search_and_dark_mode_work_without_a_server(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    found = json.loads(re.fullmatch(r"Search\.setIndex\((.*)\)", index)[1])
    assert "autoencod" in found["terms"]
    assert {f"notebooks/{path.stem}" for path in NOTEBOOKS} <= set(found["docnames"])
    assert soup(site, "index.html").select("button.theme-switch-button")
