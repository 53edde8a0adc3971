"""Nobody sees a solution by accident: not in JupyterLab, not on a page, not after Run All."""

import shutil

import nbformat
import pytest

from tests_browser import lab
from tools.course import ROOT, find_notebooks
from tools.notebook_lint import FIRST_LINE
from tools.pages import to_html

SITE = ROOT / "build" / "site"


def is_solution(cell):
    return "solution" in cell.metadata.get("tags", [])


def texts(cells):
    """What cells may show: their sources and, of code cells, the text of their outputs."""
    for cell in cells:
        yield cell.source
        for output in cell.get("outputs", []):
            yield output.get("text", "")
            yield output.get("data", {}).get("text/plain", "")


def tidied(text):
    """A text with single spaces, since a page sets them as it likes."""
    return " ".join(text.split())


def secrets_of(notebook):
    """Lines of solutions and their outputs that stand in no other cell.

    Very short lines may stand anywhere by chance.
    """
    solutions = [cell for cell in notebook.cells if is_solution(cell)]
    others = [cell for cell in notebook.cells if not is_solution(cell)]
    elsewhere = tidied(" ".join(texts(others)))
    found = {tidied(line) for text in texts(solutions) for line in text.split("\n")}
    return {line for line in found - {FIRST_LINE} if len(line) > 6 and line not in elsewhere}


def seen(text, secret_lines):
    shown = tidied(text)
    return sorted(line for line in secret_lines if line in shown)


@pytest.mark.parametrize("source", find_notebooks([]), ids=lambda source: source.stem)
def test_a_page_shows_a_solution_only_after_a_click(source, page, tmp_path):
    notebook = nbformat.read(source, as_version=4)
    secret_lines = secrets_of(notebook)
    assert secret_lines
    path = tmp_path / "page.html"
    path.write_text(to_html(notebook, source.stem), encoding="utf-8")
    page.goto(path.as_uri())
    assert seen(page.locator("body").inner_text(), secret_lines) == []
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    # The test can fail: what a click unfolds is found.
    assert len(seen(page.locator("body").inner_text(), secret_lines)) > len(secret_lines) / 2


@pytest.mark.skipif(not SITE.exists(), reason="the site is not built: make site")
@pytest.mark.parametrize("source", find_notebooks([]), ids=lambda source: source.stem)
def test_the_site_shows_a_solution_only_after_a_click(source, page):
    path = next(SITE.rglob(f"{source.stem}.html"))
    page.goto(path.as_uri())
    secret_lines = secrets_of(nbformat.read(source, as_version=4))
    assert seen(page.locator("main").inner_text(), secret_lines) == []


@pytest.mark.parametrize("source", find_notebooks([]), ids=lambda source: source.stem)
def test_lab_shows_a_solution_only_after_a_click(source, page, lab_address, lab_folder):
    notebook = nbformat.read(source, as_version=4)
    path = lab_folder / f"solutions_{source.name}"
    shutil.copy(source, path)
    lab.open_notebook(page, lab_address.format(path.name), len(notebook.cells))
    secret_lines = secrets_of(notebook)
    solutions = [at for at, cell in enumerate(notebook.cells) if is_solution(cell)]
    for position in solutions:
        cell = lab.cell_at(page, position)
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-InputPlaceholder").wait_for()
        assert cell.locator(".jp-OutputArea-output:visible").count() == 0
        assert seen(cell.inner_text(), secret_lines) == []
    # The test can fail: what a click unfolds is found.
    cell = lab.cell_at(page, solutions[0])
    cell.locator(".jp-InputPlaceholder").click()
    cell.locator(".cm-content").wait_for()
    assert seen(cell.inner_text(), secret_lines) != []
