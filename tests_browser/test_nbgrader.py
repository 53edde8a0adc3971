"""nbgrader gives a right, a wrong and an empty submission the marks they deserve."""

import csv
import itertools
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools import assignment
from tools.course import find_notebooks

(SOURCE,) = find_notebooks(["align_and_index"])
NAME = SOURCE.stem
# One right prediction among answers that are wrong in four different ways.
WRONG = {
    "align-15": "def left_align(matrix):\n    return matrix",
    "align-22": "my_row_splits = [0, 1, 1, 4, 5, 5]",
    "align-25": "def row_splits(rows, num_rows):\n    raise KeyError(num_rows)",
    "align-40": "my_class_sizes = [1, 2",
}


def nbgrader(*arguments, folder):
    """Run a command of nbgrader the way a teacher does."""
    scripts = Path(sys.executable).parent
    path = os.pathsep.join([str(scripts), os.environ["PATH"]])
    run = subprocess.run(
        [scripts / "nbgrader", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": path, "JUPYTER_CONFIG_DIR": str(folder / "config")},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run


def submission(released, answers):
    """What a learner hands in: answers in place of stubs, the last line kept."""
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = "\n\n\n".join([answers[cell.id], cell.source.splitlines()[-1]])
    return notebook


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Folder of the class, and the learner's version of the notebook."""
    folder = tmp_path_factory.mktemp("class")
    assert assignment.main([NAME, "--output", str(folder)]) == 0
    nbgrader("generate_assignment", NAME, folder=folder)
    return folder, nbformat.read(folder / "release" / NAME / SOURCE.name, as_version=4)


def test_learners_get_neither_solutions_nor_tests(released):
    text = nbformat.writes(released[1])
    assert "BEGIN" not in text
    assert "judge(" not in text
    for cell in nbformat.read(SOURCE, as_version=4).cells:
        if "solution" in cell.metadata.get("tags", []):
            assert cell.source not in text
            assert cell.id not in {other.id for other in released[1].cells}


def test_three_marks(released):
    folder, notebook = released
    cells = nbformat.read(SOURCE, as_version=4).cells
    right = {
        stub.id: solution.source
        for stub, solution in itertools.pairwise(cells)
        if "exercise" in stub.metadata.get("tags", [])
    }
    assert right.keys() == WRONG.keys()
    for learner, answers in {"right": right, "wrong": WRONG, "empty": {}}.items():
        path = folder / "submitted" / learner / NAME / SOURCE.name
        path.parent.mkdir(parents=True)
        nbformat.write(submission(notebook, answers), path)
    nbgrader("autograde", NAME, folder=folder)
    nbgrader("generate_feedback", NAME, folder=folder)
    nbgrader("export", "--to", "marks.csv", folder=folder)
    with (folder / "marks.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    marks = {
        learner: (float(row["score"]), float(row["max_score"])) for learner, row in rows.items()
    }
    print("marks:", marks)
    assert marks == {"right": (7, 7), "wrong": (1, 7), "empty": (0, 7)}
    feedback = folder / "feedback" / "wrong" / NAME / f"{NAME}.html"
    assert "left_align: 0 of 7 cases" in feedback.read_text(encoding="utf-8")
