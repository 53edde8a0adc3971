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

from tools.check_pages import problems
from tools.run_course import ROOT, index_page, notebook_options, to_html, to_json, write_atomically


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
    handouts = [
        (path.stem, without_solutions(nbformat.read(path, as_version=4))) for path in notebooks
    ]
    for name, handout in handouts:
        write_atomically(output / f"{name}.ipynb", to_json(without_outputs(handout)))
        write_atomically(output / f"{name}.html", to_html(handout, name))
    write_atomically(output / "index.html", index_page(handouts))
    return Path(shutil.make_archive(str(output), "zip", output.parent, output.name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default ``sys.argv[1:]``.

    Returns
    -------
    int
        0, or 1 if a page has a problem, or 2 if a name is unknown.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.build_handout", description="Make notebooks without solutions."
    )
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "handout")
    options = notebook_options(parser, arguments)
    if options is None:
        return 2
    archive = build(options.notebooks, options.output.resolve())
    found = problems(options.output)
    for line in found:
        print(f"✗ {line}", file=sys.stderr)
    print(f"{len(options.notebooks)} notebooks without solutions, {len(found)} problems: {archive}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
