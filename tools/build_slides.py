"""Make slides: ``python -m tools.build_slides [--output DIR] [notebook …]``.

A deck follows from a notebook's form; nobody marks cells for it. Every ``##`` section is a stack
of slides: first its question with the opening paragraph, then the code with what the class is to
predict, then what came out. All other prose becomes the speaker's notes (key S). Set-up cells and
solutions are left out, so that a deck can be given away.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course_utils._files import home
from course_utils.work._cells import title_of
from tools.check_pages import problems
from tools.course import ROOT, program, report
from tools.mathml import markdown_to_html
from tools.pages import index_page, link_pages, only_present, replace_widgets
from tools.stored import write_atomically

TEMPLATE = Path(__file__).with_name("slides_template")
ONE_SLIDE = 18  # lines of code and output that fit together
# Sections that are shown in full; of others the class sees the beginning.
WHOLE = ("Exercise", "Recap", "Common mistakes", "Going further", "References")
STYLE = HtmlFormatter(style="a11y-high-contrast-light")


@dataclass
class Slide:
    """One slide.

    Attributes
    ----------
    parts : list of str
        What the class sees, as HTML.
    notes : list of str
        What the speaker reads, as HTML.
    """

    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def blocks(markdown: str) -> list[str]:
    r"""Split a text at its blank lines, but not inside fenced code or ``<details>``.

    Parameters
    ----------
    markdown : str
        Text of a Markdown cell.

    Returns
    -------
    list of str
        Its blocks.

    Examples
    --------
    >>> blocks("# Title\n\none\nparagraph\n\n<details>\n\nhint\n\n</details>")
    ['# Title', 'one\nparagraph', '<details>\n\nhint\n\n</details>']
    """
    whole = r"```.*?```|<details>.*?</details>|[^\n]+(?:\n[^\n]+)*?(?=\n\s*\n|\n```|\n<details>|\Z)"
    return [found.strip() for found in re.findall(whole, markdown.strip(), flags=re.S)]


def render(markdown: str) -> str:
    """Render Markdown as HTML whose links lead to the beginning of other decks."""
    return markdown_to_html(re.sub(r"\.html#[^)\s]*\)", ".html)", link_pages(markdown))).strip()


def code(cell: NotebookNode) -> str:
    """HTML of a cell's code, coloured; two blank lines become one."""
    return str(highlight(re.sub(r"\n{3,}", "\n\n", cell.source), PythonLexer(), STYLE))


def outputs(cell: NotebookNode) -> Iterator[tuple[str, int]]:
    """HTML of every output of a cell, and its height in lines of text."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""))
            picture = data["image/png"].replace("\n", "")
            yield f'<img src="data:image/png;base64,{picture}" alt="{alt}">', ONE_SLIDE
        else:
            text = output.get("text") or data.get("text/plain", "")
            yield f'<pre class="output">{html.escape(text)}</pre>', len(text.splitlines())


def slides_of_code(cell: NotebookNode, predict: list[str]) -> list[Slide]:
    """Slides of a code cell: prediction and code, then, at the next step, what came out."""
    source = Slide([*predict, code(cell)])
    shown = list(outputs(cell))
    lines = len(cell.source.splitlines()) + sum(lines for _, lines in shown)
    if not shown or lines <= ONE_SLIDE:
        source.parts += [f'<div class="fragment">{part}</div>' for part, _ in shown]
        return [source]
    return [source, Slide([part for part, _ in shown])]


def stacks(notebook: NotebookNode) -> list[list[Slide]]:
    """Slides of a notebook, one stack for each section.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook with stored outputs.

    Returns
    -------
    list of list of Slide
        The first stack holds the title.
    """
    made: list[list[Slide]] = [[]]
    predict: list[str] = []  # waits for the next code cell
    for cell in notebook.cells:
        if {"setup", "solution"} & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "code" and "exercise" in cell.metadata.get("tags", []):
            made[-1][-1].parts.append(code(cell))  # below its goal
            continue
        if cell.cell_type == "code":
            made[-1] += slides_of_code(cell, predict)
            predict = []
            continue
        for text in _sections(cell.source):
            if re.match("##? ", text) and made[-1]:
                made.append([])
            slide, asked = _slide_of_text(text)
            predict += asked
            if slide.parts or not made[-1]:
                made[-1].append(slide)
            else:  # prose after an output belongs to the slide before
                made[-1][-1].notes += slide.notes
    return made


def _sections(markdown: str) -> list[str]:
    """Split a Markdown cell in front of each heading."""
    return [text for text in re.split(r"^(?=#{1,3} )", markdown, flags=re.M) if text.strip()]


def _slide_of_text(text: str) -> tuple[Slide, list[str]]:
    """Slide of a piece of prose, empty if it is only for the notes; and its predictions."""
    slide, predict, first = Slide(), [], True
    heading = re.match(r"#{1,3} (.*)", text)
    opening = text.startswith("# ")
    whole = heading is not None and heading[1].startswith(WHOLE)
    for block in blocks(text):
        shown = render(block)
        if re.match(r"\*Predict:\*", block):
            predict.append(f'<div class="predict">{shown}</div>')
        elif block.startswith("#"):
            slide.parts.append(shown)
        elif whole:
            slide.parts.append(f'<div class="small">{shown}</div>')
        elif opening and re.match(r"\*\*What you'll (?:do|learn)|- ", block):
            slide.parts.append(shown)
        elif heading and not opening and (first or re.match(r"\$\$|\||- |\d\. |```", block)):
            slide.parts.append(shown)
            first = False
        else:
            slide.notes.append(shown)
    return slide, predict


def deck(notebook: NotebookNode, name: str) -> str:
    """Deck of a notebook, to be opened beside a folder ``reveal``.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook with stored outputs; it is not changed.
    name : str
        Title of the page if the notebook has no heading.

    Returns
    -------
    str
        The whole page.
    """
    page = nbformat.from_dict(notebook)
    replace_widgets(page)
    template = Environment(loader=FileSystemLoader(TEMPLATE)).get_template("deck.html.j2")
    return template.render(
        title=html.escape(title_of(page) or name),
        stacks=stacks(page),
        code_style=STYLE.get_style_defs(".highlight"),
    )


def build(notebooks: Sequence[Path], output: Path) -> None:
    """Write the decks, a page that lists them, and reveal.js beside them.

    Links to notebooks that are not among them become plain text.

    Parameters
    ----------
    notebooks : sequence of Path
        The notebooks, in reading order.
    output : Path
        Folder of the decks; what is there is removed first.
    """
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(TEMPLATE / "reveal", output / "reveal")
    present = {path.stem for path in notebooks}
    read = [
        (path.stem, only_present(nbformat.read(path, as_version=4), present)) for path in notebooks
    ]
    for name, notebook in read:
        write_atomically(output / f"{name}.html", deck(notebook, name))
    write_atomically(output / "index.html", index_page(read))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=home, default=ROOT / "build" / "slides")


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if a page has a problem."""
    build(options.notebooks, options.output.resolve())
    index = options.output / "index.html"
    return report(problems(options.output), f"{len(options.notebooks)} decks, {{}}: {index}")


main = program("build_slides", "Make slides.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
