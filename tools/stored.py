"""The form in which a notebook is stored: two runs, or two machines, write the same file."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils._files import replace_text

WIDGET = "application/vnd.jupyter.widget-view+json"
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
CELL_METADATA = ("cellView", "jupyter", "tags")

RUN_TIME = re.compile(r"(run time about )(\d+)( s\b)")


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
        if "solution" in cell.metadata.get("tags", []):
            cell.metadata["cellView"] = "form"  # Colab then shows a button instead of the code
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
    replace_text(path, text)
