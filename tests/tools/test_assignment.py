"""Assignments for nbgrader: what is converted, graded and hidden.

What nbgrader itself makes of them is tried in tests_browser/test_nbgrader.py.
"""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import assignment
from tools.course import find_notebooks

SETUP = """import numpy as np

from course_utils.checks import TODO
from course_utils.checks import start_here as check"""
STUB = """def share_of_zeros(matrix):
    return TODO


check.share_of_zeros(share_of_zeros)"""
SOLUTION = STUB.replace("TODO", "float(np.mean(matrix == 0))")
WRONG = STUB.replace("TODO", "0.5")


def small_notebook(stub=STUB, solution=SOLUTION, heading="### Exercise 1 · ●●○ · 5 min\n\nGoal."):
    return new_notebook(
        cells=[
            new_code_cell(SETUP, id="setup", metadata={"tags": ["setup"]}),
            new_markdown_cell(heading, id="goal"),
            new_code_cell(stub, id="stub", metadata={"tags": ["exercise"]}, execution_count=2),
            new_code_cell(solution, id="solved", metadata={"tags": ["solution"]}),
            new_markdown_cell("The end.", id="end"),
        ]
    )


def without_region(source, kind):
    """Do with a cell what nbgrader does when it makes the learner's version."""
    return re.sub(rf"### BEGIN {kind}\n.*?### END {kind}\n?", "", source, flags=re.S)


def marks(source):
    """Grade an answer the way nbgrader does: points unless the graded cell raises."""
    names = {}
    exec(SETUP, names)
    exec(source, names)
    graded = assignment.convert(small_notebook()).cells[3]
    try:
        exec(graded.source, names)
    except AssertionError as error:
        return 0, str(error).splitlines()[0]
    return graded.metadata.nbgrader.points, ""


def test_an_exercise_becomes_an_answer_and_a_graded_cell():
    cells = assignment.convert(small_notebook()).cells
    assert [cell.id for cell in cells] == ["setup", "goal", "stub", "stub-graded", "end"]
    answer, graded = (cell.metadata.nbgrader for cell in cells[2:4])
    assert (answer.solution, answer.grade, answer.locked) == (True, False, False)
    assert (graded.solution, graded.grade, graded.locked) == (False, True, True)
    assert graded.points == 2
    assert answer.grade_id != graded.grade_id == "share_of_zeros"


@pytest.mark.parametrize(
    ("source", "points", "feedback"),
    [
        (SOLUTION, 2, ""),
        (STUB, 0, "○ share_of_zeros: not attempted yet"),
        (WRONG, 0, "✗ share_of_zeros: 0 of "),
    ],
)
def test_points_come_from_the_check_of_the_exercise(source, points, feedback, capsys):
    got, message = marks(source)
    assert got == points
    assert message.startswith(feedback)
    assert ("✓" in capsys.readouterr().out) == (points > 0)


@pytest.mark.parametrize(
    ("source", "least", "most"),
    [
        (SOLUTION, 2, 2),
        (STUB, 0, 0),
        (WRONG, 0, 0),
        (STUB.replace("TODO", "float(np.mean(matrix <= 0))"), 1.0, 1.9),
    ],
)
def test_points_by_cases_where_the_teacher_says_so(source, least, most, capsys):
    names = {}
    exec(SETUP, names)
    exec(source, names)
    graded = assignment.convert(small_notebook(), partial=True).cells[3]
    assert graded.metadata.nbgrader.points == 2
    *statements, last = without_marks(graded.source)
    exec("\n".join(statements), names)
    capsys.readouterr()
    if most == 0:  # nbgrader takes a 0 in the last line for full marks, and an error for none
        with pytest.raises(AssertionError, match="share_of_zeros"):
            eval(last, names)
        return
    assert least <= eval(last, names) <= most
    assert ("wrong in: " in capsys.readouterr().out) == (most < 2)


def without_marks(source):
    return [line for line in source.splitlines() if not line.startswith("#")]


def test_an_answer_cannot_bring_its_own_check():
    assert marks("check = share_of_zeros = require = lambda *given: None")[0] == 0


def test_the_instructor_holds_the_solution_and_the_learner_the_stub():
    answer, graded = assignment.convert(small_notebook()).cells[2:4]
    names = {}
    exec(SETUP, names)
    exec(answer.source, names)
    assert names["share_of_zeros"](names["np"].array([0, 1])) == 0.5
    released = without_region(answer.source, "SOLUTION")
    assert "np.mean" not in released
    assert released.split() == STUB.split()
    assert (
        without_region(graded.source, "HIDDEN TESTS") == "# 2 points if the check above says ✓.\n"
    )


def test_outputs_go_and_the_original_stays():
    original = small_notebook()
    original.cells[0].outputs = [nbformat.v4.new_output("stream", text="Ready")]
    before = nbformat.writes(original)
    converted = assignment.convert(original)
    assert nbformat.writes(original) == before
    code = [cell for cell in converted.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    nbformat.validate(converted)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heading": "### Something else"}, "cell 3: an exercise is a heading"),
        ({"stub": "share = TODO"}, "has to end in check.name"),
        ({"solution": "share = 1"}, "has to end in check.name"),
    ],
)
def test_an_unfit_exercise_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        assignment.convert(small_notebook(**changes))


def test_an_exercise_without_a_solution_is_refused():
    notebook = small_notebook()
    del notebook.cells[3]
    with pytest.raises(ValueError, match="a stub and a solution"):
        assignment.convert(notebook)


def test_a_name_that_two_exercises_share_is_refused():
    notebook = small_notebook()
    notebook.cells += small_notebook().cells[1:]
    with pytest.raises(ValueError, match=r"two exercises use check\.share_of_zeros"):
        assignment.convert(notebook)


def test_a_notebook_without_checks_is_refused():
    notebook = small_notebook()
    notebook.cells[0].source = "x = 1"
    with pytest.raises(ValueError, match="found no line"):
        assignment.convert(notebook)


@pytest.mark.parametrize("path", find_notebooks([]), ids=lambda path: path.stem)
def test_every_notebook_converts(path):
    notebook = nbformat.read(path, as_version=4)
    converted = assignment.convert(notebook)
    nbformat.validate(converted)
    exercises = [cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]
    headings = "\n".join(
        re.findall(r"^### Exercise.*$", "\n".join(c.source for c in notebook.cells), re.M)
    )
    graded = [c.metadata.nbgrader for c in converted.cells if "nbgrader" in c.metadata]
    points = [cell.points for cell in graded if cell.grade]
    assert len(points) == len(exercises) >= 3
    assert sum(points) == headings.count("●")
    assert len({cell.grade_id for cell in graded}) == len(graded)
    for cell in exercises:  # what the learner gets is the stub that the lint and nbval know
        (answer,) = (c for c in converted.cells if c.id == cell.id)
        assert without_region(answer.source, "SOLUTION").split() == cell.source.split()


def test_the_program_writes_a_course_and_keeps_an_edited_config(tmp_path, capsys):
    assert assignment.main(["00", "--output", str(tmp_path)]) == 0
    assert "00_start_here: 4 exercises, " in capsys.readouterr().out
    assert (tmp_path / "source/00_start_here/00_start_here.ipynb").is_file()
    config = tmp_path / "nbgrader_config.py"
    compile(config.read_text(encoding="utf-8"), config.name, "exec")
    config.write_text("# mine", encoding="utf-8")
    assert assignment.main(["00", "--output", str(tmp_path)]) == 0
    assert config.read_text(encoding="utf-8") == "# mine"


def test_the_program_refuses_an_unknown_name(capsys):
    assert assignment.main(["99"]) == 2
    assert "no notebook called '99'" in capsys.readouterr().err
