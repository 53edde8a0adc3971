"""Pages of notebooks, and the page that lists them: readable from a disk, without a network."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader
from nbformat import NotebookNode
from traitlets.config import Config

from course_utils.work._cells import title_of
from tools.mathml import MathMLExporter

TEMPLATES = Path(__file__).with_name("html_template")
WIDGET_NOTE = "(Something to play with: open this notebook in JupyterLab to use it.)"
LINK_TO_NOTEBOOK = re.compile(r"\[([^\[\]]*)\]\((?:[\w./-]*/)?(\w+)\.ipynb(?:#[^)\s]*)?\)")


def replace_widgets(notebook: NotebookNode) -> None:
    """Put a note, in place, where an output needs a running kernel.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith(("interactive(", "HBox(", "VBox(", "IntSlider(", "FloatSlider(")):
                output.data = {"text/plain": WIDGET_NOTE}


def without_absent(markdown: str, present: Collection[str]) -> str:
    """Keep only the text of links to notebooks that are not there.

    Parameters
    ----------
    markdown : str
        Text of a Markdown cell or document.
    present : collection of str
        File names, without suffix, of the notebooks that are.

    Returns
    -------
    str
        The same with fewer links.

    Examples
    --------
    >>> without_absent("[a](01_a.ipynb), then [b](02_b.ipynb#part)", {"01_a"})
    '[a](01_a.ipynb), then b'
    """
    return LINK_TO_NOTEBOOK.sub(
        lambda found: found[0] if found[2] in present else found[1], markdown
    )


def only_present(notebook: NotebookNode, present: Collection[str]) -> NotebookNode:
    """Copy of a notebook without links to notebooks that are not there.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook; it is not changed.
    present : collection of str
        File names, without suffix, of the notebooks that are.

    Returns
    -------
    NotebookNode
        The copy.
    """
    page = nbformat.from_dict(notebook)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = without_absent(cell.source, present)
    return page


def link_pages(markdown: str) -> str:
    """Let links to notebooks lead to their pages.

    Parameters
    ----------
    markdown : str
        Text of a Markdown cell.

    Returns
    -------
    str
        The same with ``.html`` for ``.ipynb`` in links.

    Examples
    --------
    >>> link_pages("[next](01_align.ipynb#part)")
    '[next](01_align.html#part)'
    """
    return re.sub(r"\]\(([\w./-]+)\.ipynb((?:#[^)\s]*)?)\)", r"](\1.html\2)", markdown)


def to_html(notebook: NotebookNode, name: str) -> str:
    """Page of an executed notebook, readable without a network.

    Pictures carry their description as alt text, what is hidden in JupyterLab is folded, links to
    other notebooks lead to their pages, formulas are MathML.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook; it is not changed.
    name : str
        Title of the page if the notebook has no heading.

    Returns
    -------
    str
        The whole page.
    """
    page = nbformat.from_dict(notebook)
    page.metadata["title"] = title_of(page) or name
    replace_widgets(page)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = link_pages(cell.source)
    exporter = MathMLExporter(
        config=Config({"MathMLExporter": {"exclude_anchor_links": True}}),
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="course",
    )
    text, _ = exporter.from_notebook_node(page, {"metadata": {"name": name}})
    return text


def summary_of(notebook: NotebookNode) -> str:
    """Say what the reader will do, in the one sentence of the first cell, as plain text."""
    first = notebook.cells[0].source if notebook.cells else ""
    found = re.search(r"\*\*What you'll do\.\*\*\s*(.+?)(?:\n\s*\n|\Z)", first, re.S)
    return re.sub(r"[*`$]", "", " ".join(found[1].split())) if found else ""


def index_page(notebooks: Sequence[tuple[str, NotebookNode]]) -> str:
    """Page that links the pages of executed notebooks.

    Parameters
    ----------
    notebooks : sequence of (str, NotebookNode)
        File name without suffix, and the executed copy.

    Returns
    -------
    str
        The whole page: number, title and one line of each.
    """
    items = [
        (name, title_of(notebook) or name, summary_of(notebook), has_failed(notebook))
        for name, notebook in notebooks
    ]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    return environment.get_template("index_page.html.j2").render(items=items)


def has_failed(notebook: NotebookNode) -> bool:
    """Whether a cell of an executed notebook ended in an error."""
    return any(
        output.output_type == "error"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
