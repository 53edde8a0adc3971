"""The README and the map of notebook 00 tell the truth about the notebooks."""

import re
from pathlib import Path

import nbformat
import pytest

from tools.course import NOTEBOOKS, ROOT, find_notebooks
from tools.picture import PICTURE, stored_picture

README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = [path.name for path in find_notebooks([])]


def test_picture_is_the_one_that_notebook_06_computed():
    assert PICTURE.read_bytes() == stored_picture()


def test_every_link_of_the_markdown_files_leads_somewhere():
    for file in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (file.parent / target).exists(), f"{file.name} links {target}"


@pytest.mark.parametrize("name", NAMES)
def test_readme_lists_every_notebook_with_its_minutes(name):
    (minutes,) = re.findall(rf"\(notebooks/{re.escape(name)}\) \|[^|]*\| (\d+) \|", README)
    first = nbformat.read(NOTEBOOKS / name, as_version=4).cells[0].source
    assert re.search(rf"\*\*Time\.\*\*[^.]*\b{minutes} minutes", first)


def test_map_in_notebook_00_links_every_other_notebook():
    text = Path(NOTEBOOKS / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert [name for name in NAMES[1:] if f"| [{name[:2]} " not in text] == []


def test_make_targets_named_in_the_documents_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.M))
    documents = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)\b", documents)) - targets == set()
