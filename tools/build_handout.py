"""Make handouts: ``python -m tools.build_handout [--output DIR] [notebook …]``.

A handout is a notebook without its solutions: as a page to read or print, and as a notebook with
no outputs, so that a prediction is made before anything is seen.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode

from course_utils._files import home
from tools.check_pages import problems
from tools.course import ROOT, program, report
from tools.pages import index_page, only_present, to_html
from tools.stored import to_json, write_atomically


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """Leave out the solutions and what stubs have printed.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook of the course; it is not changed.

    Returns
    -------
    NotebookNode
        A copy. All other outputs are still there.
    """
    remover = TagRemovePreprocessor(
        enabled=True, remove_cell_tags={"solution"}, remove_all_outputs_tags={"exercise"}
    )
    return remover.preprocess(nbformat.from_dict(notebook), {})[0]


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Leave out every output and every execution count, in a copy."""
    return ClearOutputPreprocessor(enabled=True).preprocess(nbformat.from_dict(notebook), {})[0]


def build(notebooks: Sequence[Path], output: Path) -> Path:
    """Write notebooks and pages without solutions, and an archive of them.

    Links to notebooks that are not among them become plain text.

    Parameters
    ----------
    notebooks : sequence of Path
        The notebooks, in reading order.
    output : Path
        Folder of the handouts; what is there is removed first.

    Returns
    -------
    Path
        The zip file beside the folder.
    """
    shutil.rmtree(output, ignore_errors=True)
    present = {path.stem for path in notebooks}
    handouts = [
        (path.stem, only_present(without_solutions(nbformat.read(path, as_version=4)), present))
        for path in notebooks
    ]
    for name, handout in handouts:
        write_atomically(output / f"{name}.ipynb", to_json(without_outputs(handout)))
        write_atomically(output / f"{name}.html", to_html(handout, name))
    write_atomically(output / "index.html", index_page(handouts))
    return Path(shutil.make_archive(str(output), "zip", output.parent, output.name))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=home, default=ROOT / "build" / "handout")


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if a page has a problem."""
    archive = build(options.notebooks, options.output.resolve())
    count = len(options.notebooks)
    summary = f"{count} notebooks without solutions, {{}}: {archive}"
    return report(problems(options.output), summary)


main = program("build_handout", "Make notebooks without solutions.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
