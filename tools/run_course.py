"""Run the notebooks: ``python -m tools.run_course [--in-place] [--output DIR] [notebook …]``.

Every notebook runs in reading order in a fresh kernel. Executed copies and HTML pages go to
``build/``; with ``--in-place`` the outputs are stored in the notebooks as well, in a form that two
runs write identically. A notebook that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import html
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm
from traitlets.config import Config

from tools.mathml import MathMLExporter

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
TEMPLATES = Path(__file__).with_name("html_template")

CELL_TIMEOUT = 600  # seconds; ten times what a whole notebook may take
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGET_NOTE = "(Something to play with: open this notebook in JupyterLab to use it.)"

# What a notebook and a cell keep; everything else an editor or a kernel adds differs by machine.
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
CELL_METADATA = ("jupyter", "tags")

RUN_TIME = re.compile(r"(run time about )(\d+)( s\b)")


@dataclass(frozen=True)
class Run:
    """What became of one notebook.

    Attributes
    ----------
    source : Path
        The notebook in the working tree.
    notebook : NotebookNode
        The executed copy, partial if it failed.
    seconds : float
        Wall time, kernel start included.
    error : str
        Empty, or what went wrong and in which cell.
    interrupted : bool
        Whether it was the user who stopped it.
    promised : object
        The run time that the notebook promised before, in seconds, or None.
    """

    source: Path
    notebook: NotebookNode
    seconds: float
    error: str
    interrupted: bool = False
    promised: object = None


def find_notebooks(names: Sequence[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """Notebooks in reading order.

    Parameters
    ----------
    names : sequence of str
        Paths, file names, stems or numbers such as "03"; empty means all.
    folder : Path
        Where the course's notebooks are.

    Returns
    -------
    list of Path
        Sorted by file name, without duplicates.

    Raises
    ------
    ValueError
        If a name fits no notebook; the message lists what there is.
    """
    known = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        if not known:
            raise ValueError(f"there is no notebook in {folder}")
        return known
    chosen = set()
    for name in names:
        path = Path(name)
        if path.suffix == ".ipynb" and path.is_file():
            chosen.add(path.resolve())
            continue
        fitting = [file for file in known if path.name in (file.name, file.stem, file.stem[:2])]
        if not fitting:
            there = "\n".join(f"  {file.stem}" for file in known) or "  (none)"
            raise ValueError(f"no notebook called {name!r}; there are:\n{there}")
        chosen.update(file.resolve() for file in fitting)
    return sorted(chosen, key=lambda file: file.name)


def notebook_options(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> argparse.Namespace | None:
    """Read a command line that names notebooks.

    Parameters
    ----------
    parser : ArgumentParser
        The other options of the program; the names are added to it.
    arguments : sequence of str, optional
        Command line; default ``sys.argv[1:]``.

    Returns
    -------
    Namespace or None
        The options, `notebooks` being paths as from :func:`find_notebooks`. None if a name fits no
        notebook, which is said on the standard error output.
    """
    parser.add_argument(
        "notebooks", nargs="*", help="number, name or path, such as 03; default: all of them"
    )
    options = parser.parse_args(arguments)
    try:
        options.notebooks = find_notebooks(options.notebooks)
    except ValueError as error:
        print(error, file=sys.stderr)
        return None
    return options


def execute(source: Path, notebook: NotebookNode, on_cell: Callable[[], object]) -> Run:
    """Run one notebook in a fresh kernel that starts in the notebook's own folder.

    Parameters
    ----------
    source : Path
        Where the notebook comes from; the kernel starts in its folder.
    notebook : NotebookNode
        Its content; the outputs are stored here.
    on_cell : callable
        Called after every cell.

    Returns
    -------
    Run
        With `error` set if a cell failed, timed out or lost its kernel; cells after it have no
        output then.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":  # outputs of an earlier run would hide where this one ended
            cell.outputs, cell.execution_count = [], None
    problem, position, interrupted = "", 0, False
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(source.parent)}},
            record_timing=False,
            config=_transport(sockets),
        )
        client.reset_execution_trackers()
        try:
            # The loop is here and not in client.execute(), so that Ctrl-C arrives as an exception.
            with client.setup_kernel():
                for position, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, position, client.code_cells_executed + 1)
                    on_cell()
        except CellExecutionError as failure:
            problem = f"{failure.ename}: {failure.evalue}"
        except CellTimeoutError:
            problem = f"took longer than {CELL_TIMEOUT} s"
        except DeadKernelError:
            problem = "the kernel died (out of memory?)"
        except RuntimeError as failure:  # the kernel does not start
            problem = str(failure)
        except KeyboardInterrupt:
            problem, interrupted = "interrupted", True
    seconds = time.perf_counter() - start
    if not problem:
        return Run(source, notebook, seconds, "")
    failing = notebook.cells[position]
    if not has_failed(notebook) and failing.cell_type == "code":
        failing.outputs.append(
            nbformat.v4.new_output("error", ename="Stopped", evalue=problem, traceback=[problem])
        )
    first_line = next(iter(failing.source.splitlines()), "").strip()
    error = f"cell {position + 1} ({first_line[:60]!r}): {problem}"
    return Run(source, notebook, seconds, error, interrupted)


def _transport(folder: str) -> Config:
    """Talk to the kernel through sockets in a folder of ours: kernels warn about open TCP ports."""
    if os.name == "nt":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": str(Path(folder) / "kernel")}})


def has_failed(notebook: NotebookNode) -> bool:
    """Whether a cell of an executed notebook ended in an error."""
    return any(
        output.output_type == "error"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def normalise(notebook: NotebookNode, seconds: float | None = None) -> None:
    """Bring an executed notebook, in place, into the form in which it is stored.

    What differs between two runs or two machines is removed: time stamps, version of Python,
    random ids of widgets, the pieces in which printed text happened to arrive.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook.
    seconds : float, optional
        Measured run time. It replaces the promised one, in the metadata and in the first cell,
        only if that is no longer truthful.
    """
    course = dict(notebook.metadata.get("course", {}))
    if seconds is not None and not truthful(course.get("seconds"), seconds):
        course["seconds"] = math.ceil(seconds)
        first = notebook.cells[0]
        first.source = RUN_TIME.sub(rf"\g<1>{course['seconds']}\g<3>", first.source)
    notebook.metadata = nbformat.from_dict(
        {"course": course, "kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO}
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        )
        if cell.cell_type == "code":
            cell.outputs = _normalise_outputs(cell.outputs)


def truthful(promised: Any, measured: float) -> bool:
    """Whether a promised run time still describes a measured one, on a quiet or a busy machine.

    Parameters
    ----------
    promised : object
        Whole seconds, or anything else if there is no promise yet.
    measured : float
        Seconds.

    Returns
    -------
    bool
        Within a factor of two, or five seconds (a busy machine starts kernels slowly).

    Examples
    --------
    >>> truthful(20, 12.3), truthful(20, 41.0), truthful(2, 6.9), truthful(None, 1.0)
    (True, False, True, False)
    """
    if not isinstance(promised, int) or isinstance(promised, bool) or promised < 1:
        return False
    return promised / 2 <= measured <= promised * 2 or abs(promised - measured) <= 5


def _normalise_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    stored: list[NotebookNode] = []
    for output in outputs:
        output.pop("transient", None)
        if "data" in output:
            output.data.pop(WIDGET, None)  # its id is random, and its state is never stored
        before = stored[-1] if stored else None
        if (
            before is not None
            and output.output_type == before.output_type == "stream"
            and output.name == before.name
        ):
            before.text += output.text
        else:
            stored.append(output)
    return stored


def to_json(notebook: NotebookNode) -> str:
    """Text of a notebook file: sorted keys, one space of indent, a newline at the end."""
    return nbformat.v4.writes(notebook).rstrip("\n") + "\n"


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that nobody ever sees half of it.

    Parameters
    ----------
    path : Path
        The file; its folder is made if needed.
    text : str
        Its content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    os.replace(partial, path)


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

    Pictures carry their description as alt text, hidden sources are folded, links to other
    notebooks lead to their pages, formulas are MathML.

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


def title_of(notebook: NotebookNode) -> str:
    """Text of the first heading, or an empty string."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^# +(.+)$", cell.source, re.M)):
            return found[1].strip()
    return ""


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
    items = []
    for name, notebook in notebooks:
        title = html.escape(title_of(notebook) or name)
        failed = "<br><strong>This notebook failed.</strong>" if has_failed(notebook) else ""
        items.append(
            f'<li><a href="{html.escape(name)}.html">{html.escape(name[:2])} · {title}</a>'
            f"<br>{html.escape(summary_of(notebook))}{failed}</li>"
        )
    return INDEX.format(items="\n".join(items))


INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>From sparse matrices to latent codes</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; }}
li {{ list-style: none; margin: 0 0 1rem; }}
ul {{ padding: 0; }}
</style>
</head>
<body>
<main>
<h1>From sparse matrices to latent codes</h1>
<ul>
{items}
</ul>
<p>The pages work without a network. To change code and see what happens, open the notebooks in
JupyterLab.</p>
</main>
</body>
</html>
"""


def run_all(sources: Sequence[Path], output: Path, *, in_place: bool) -> list[Run]:
    """Run notebooks one after the other and write what came out, also of those that fail.

    Parameters
    ----------
    sources : sequence of Path
        The notebooks, in the order in which to run them.
    output : Path
        Folder for ``executed/`` and ``html/``.
    in_place : bool
        Store the outputs of notebooks that succeed in the notebooks themselves. A notebook that
        somebody saved while it ran is left as it is, and that is reported.

    Returns
    -------
    list of Run
        One per notebook.
    """
    runs = []
    interactive = sys.stderr.isatty()
    with tqdm(total=len(sources), desc="course", unit="notebook", disable=not interactive) as bar:
        for number, source in enumerate(sources, start=1):
            run = _run_and_store(source, output, in_place=in_place, interactive=interactive)
            runs.append(run)
            bar.update()
            line = f"[{number}/{len(sources)}] {source.stem}  {run.seconds:.0f} s  "
            tqdm.write(line + _state(run), file=sys.stderr)
            if run.interrupted:
                break
    executed = [
        (file.stem, nbformat.read(file, as_version=4))
        for file in sorted((output / "executed").glob("*.ipynb"))
    ]
    write_atomically(output / "html" / "index.html", index_page(executed))
    return runs


def _run_and_store(source: Path, output: Path, *, in_place: bool, interactive: bool) -> Run:
    before = source.read_bytes()
    try:
        notebook = nbformat.reads(before.decode("utf-8"), as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        first_line = str(error).splitlines()[0]
        return Run(source, nbformat.v4.new_notebook(), 0, f"is no notebook: {first_line}")
    cells = len(notebook.cells)
    with tqdm(
        total=cells, desc=source.stem, unit="cell", leave=False, disable=not interactive
    ) as bar:
        run = execute(source, notebook, bar.update)
    promised = notebook.metadata.get("course", {}).get("seconds")
    normalise(run.notebook, run.seconds if not run.error else None)
    write_atomically(output / "executed" / source.name, to_json(run.notebook))
    page = to_html(run.notebook, source.stem)
    write_atomically(output / "html" / f"{source.stem}.html", page)
    if in_place and not run.error:
        if source.read_bytes() != before:
            return replace(run, error="was saved by someone else while it ran; it was left alone")
        write_atomically(source, to_json(run.notebook))
    return replace(run, promised=promised)


def _state(run: Run) -> str:
    """Say what became of a run."""
    if run.error:
        return f"FAILED: {run.error}"
    if run.promised is not None and not truthful(run.promised, run.seconds):
        return f"ok, though it promises {run.promised} s"
    return "ok"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; default ``sys.argv[1:]``.

    Returns
    -------
    int
        0, or 1 if a notebook failed, 2 if a name is unknown, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.run_course", description="Run the notebooks and make HTML pages."
    )
    parser.add_argument(
        "--in-place", action="store_true", help="store the outputs in the notebooks as well"
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build", help="folder for what is made (build)"
    )
    options = notebook_options(parser, arguments)
    if options is None:
        return 2
    runs = run_all(options.notebooks, options.output, in_place=options.in_place)
    failed = [run for run in runs if run.error]
    for run in failed:
        print(f"✗ {run.source.name}: {run.error}", file=sys.stderr)
    print(f"{len(runs) - len(failed)} of {len(runs)} notebooks ran")
    print(f"read them in a browser:  {options.output / 'html' / 'index.html'}")
    print(f"executed notebooks:      {options.output / 'executed'}")
    if runs[-1].interrupted:
        return 130
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
