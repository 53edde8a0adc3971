"""The notebook gate goes red for what it promises, and its known blind spots are the lint's.

Every cell is a test of its own under nbval, so one notebook and one kernel show it all.
"""

from xml.etree import ElementTree

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import check_notebooks
from tools.stored import to_json

pytestmark = pytest.mark.slow

PICTURE = """from IPython.display import display
display({"image/png": "iVBORw0KGgo=", "text/plain": "A line that rises."}, raw=True)"""
CONNECT = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)"


def printed(text: str) -> list[NotebookNode]:
    return [new_output("stream", name="stdout", text=text)]


def picture(description: str, pixels: str = "iVBORw0KGgo=") -> list[NotebookNode]:
    return [
        new_output("display_data", data={"image/png": pixels, "text/plain": description}),
    ]


# What the cell shows: source, stored outputs, tags.
GREEN = {
    "the same text": ("print(3)", printed("3\n"), []),
    "the same value": ("1 + 2", [new_output("execute_result", {"text/plain": "3"})], []),
    "the same picture": (PICTURE, picture("A line that rises."), []),
    "another text in an ignored cell": ("print(3)", printed("4\n"), ["nbval-ignore-output"]),
    "one thread": ("import os\nprint(os.environ['OMP_NUM_THREADS'])", printed("1\n"), []),
}
RED = {
    "another text": ("print(3)", printed("4\n"), []),
    "a digit more": ("print(0.12345)", printed("0.1234\n"), []),
    "nothing stored": ("print(3)", [], []),
    "more stored": ("pass", printed("3\n"), []),
    "stderr": ("import sys\nprint('oops', file=sys.stderr)", [], []),
    "a warning": ("import warnings\nwarnings.warn('careful')", [], []),
    "another description": (PICTURE, picture("A line that falls."), []),
    "a picture gone": ("pass", picture("A line that rises."), []),
    "an exception": ("1 / 0", [], []),
    "an exception in an ignored cell": ("1 / 0", [], ["nbval-ignore-output"]),
    "the network": (CONNECT, [], []),
}
# What nbval does not see; the comment names the rule of the lint that does.
BLIND = {
    "never run": ("print(3)", None, []),  # executed
    "skipped": ("print(3)", printed("4\n"), ["nbval-skip"]),  # tags
    "other pixels": (PICTURE, picture("A line that rises.", "AAAA"), []),  # none: see plots.show
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, str]:
    """Name of a cell -> "" if the gate passes it, else what it reports."""
    folder = tmp_path_factory.mktemp("gate")
    cells = []
    for source, outputs, tags in [*GREEN.values(), *RED.values(), *BLIND.values()]:
        cell = new_code_cell(source, metadata={"tags": tags})
        if outputs is not None:
            cell.outputs, cell.execution_count = outputs, len(cells) + 1
        cells.append(cell)
    path = folder / "01_toy.ipynb"
    path.write_text(to_json(new_notebook(cells=cells)), encoding="utf-8")
    report = folder / "report.xml"
    options = [f"--junitxml={report}", "--color=no", "-p", "no:cacheprovider"]
    run = check_notebooks.check([path], workers=0, options=options, capture=True)
    assert run.returncode == 1, run.stdout + run.stderr
    found = ElementTree.parse(report).iter("testcase")
    texts = ["".join(failure.text for failure in case.iter("failure")) for case in found]
    return dict(zip([*GREEN, *RED, *BLIND], texts, strict=True))


@pytest.mark.parametrize("cell", GREEN)
def test_green(outcomes, cell):
    assert outcomes[cell] == ""


@pytest.mark.parametrize("cell", RED)
def test_red(outcomes, cell):
    assert outcomes[cell] != ""


def test_a_blocked_connection_says_so(outcomes):
    assert "the network is blocked in the tests" in outcomes["the network"]


@pytest.mark.parametrize("cell", BLIND)
def test_blind(outcomes, cell):
    assert outcomes[cell] == ""


def test_unknown_notebooks_are_refused(capsys):
    assert check_notebooks.main(["99_nothing"]) == 2
    assert "no notebook called '99_nothing'" in capsys.readouterr().err
