"""axe-core finds nothing serious on the pages that the course makes."""

from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from tools.course import ROOT, find_notebooks
from tools.pages import index_page, to_html

SERIOUS = {"serious", "critical"}
SITE = ROOT / "build" / "site"


def violations(page):
    """Rule, place and markup of whatever is serious on the open page."""
    # What is folded is not looked at; what unfolds fades in, and is pale for a moment.
    page.add_style_tag(content="* { animation: none !important; transition: none !important; }")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    found = Axe().run(page).response["violations"]
    return [
        (violation["id"], node["target"], node["html"][:200])
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def site_pages():
    """Pages of the site if `make site` has built it, the generated sources of modules apart."""
    return sorted(
        path
        for path in SITE.rglob("*.html")
        if not any(part.startswith("_") for part in path.relative_to(SITE).parts)
    )


def show(page, text: str, path: Path):
    path.write_text(text, encoding="utf-8")
    page.goto(path.as_uri())


@pytest.mark.parametrize("source", find_notebooks([]), ids=lambda source: source.stem)
def test_page_of_a_notebook(source, page, tmp_path):
    notebook = nbformat.read(source, as_version=4)
    show(page, to_html(notebook, source.stem), tmp_path / "page.html")
    assert violations(page) == []


def test_page_that_lists_the_notebooks(page, tmp_path):
    notebooks = [(path.stem, nbformat.read(path, as_version=4)) for path in find_notebooks([])]
    show(page, index_page(notebooks), tmp_path / "index.html")
    assert violations(page) == []


@pytest.mark.parametrize("path", site_pages(), ids=lambda path: path.stem)
def test_page_of_the_site(path, page):
    page.goto(path.as_uri())
    assert violations(page) == []


def test_a_serious_violation_would_be_found(page, tmp_path):
    """Without this, an axe that does not run would look like a page without faults."""
    text = '<html lang="en"><title>x</title><main><h1>x</h1><img src="x.png"></main></html>'
    show(page, text, tmp_path / "bad.html")
    assert [rule for rule, _, _ in violations(page)] == ["image-alt"]
