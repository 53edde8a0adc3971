"""Turn notebooks into nbgrader assignments: ``python -m tools.assignment [notebook …]``.

Every exercise becomes a cell to answer and, below it, a graded cell whose test nbgrader hides from
the learner. The test gives the points only if the exercise's own check says ✓, or with
``--partial`` a share of them for each case that is right. Written are
``source/`` and ``nbgrader_config.py``, with which ``nbgrader generate_assignment`` begins;
nbgrader itself is not needed here.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils._files import home
from tools.course import ROOT, program
from tools.stored import to_json, write_atomically

CHECKS = re.compile(r"^from course_utils\.checks import (\w+) as check$", re.M)
HEADING = re.compile(r"^### Exercise \d+ · ([●○]+)", re.M)

ANSWER = """{stub}

### BEGIN SOLUTION
{solution}
### END SOLUTION

check.{name}({arguments})"""

GRADED = """# {points} if the check above says ✓.
### BEGIN HIDDEN TESTS
from course_utils.checks import {module}, require

require({module}.{name}.judge({arguments}))
### END HIDDEN TESTS"""

# nbgrader takes the number in a graded cell's last line for its points.
GRADED_BY_CASES = """# {points}, by cases.
### BEGIN HIDDEN TESTS
from course_utils.checks import {module}, points

points({module}.{name}.judge({arguments}), {most})
### END HIDDEN TESTS"""

CONFIG = '''"""Settings of nbgrader for this course; run nbgrader in this folder."""

c = get_config()
# It takes the place of the solution in what learners get.
c.ClearSolutions.code_stub = {"python": "# Put your answer in place of TODO."}
c.Execute.timeout = 600  # seconds a cell; nbgrader's own 30 are too few on a busy server
'''


def convert(notebook: NotebookNode, *, partial: bool = False) -> NotebookNode:
    """Instructor's version of an assignment.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook of the course; it is not changed.
    partial : bool, default False
        Whether an answer earns its share of the points for each case it is right on.

    Returns
    -------
    NotebookNode
        Without outputs and solution cells. A stub holds its solution between nbgrader's marks,
        and a graded cell follows, worth one point for every ● of the exercise.

    Raises
    ------
    ValueError
        If the notebook imports no checks, or an exercise lacks a part or uses a check of another.
    """
    sources = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    found = CHECKS.search(sources)
    if found is None:
        raise ValueError("found no line `from course_utils.checks import … as check`")
    cells: list[NotebookNode] = []
    graded: set[str] = set()
    for position, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        cells.append(nbformat.from_dict(cell))
        if cell.cell_type == "code":
            cells[-1].update(outputs=[], execution_count=None)
        if "exercise" in tags:
            cells[-1:] = _exercise(notebook.cells, position, found[1], partial)
            name = cells[-1].metadata.nbgrader.grade_id
            if name in graded:
                raise ValueError(f"two exercises use check.{name}; nbgrader needs one name each")
            graded.add(name)
    assignment = nbformat.from_dict(notebook)
    assignment.cells = cells
    return assignment


def _exercise(
    cells: Sequence[NotebookNode], position: int, module: str, partial: bool
) -> list[NotebookNode]:
    """Answer cell and graded cell in place of the stub at a position."""
    stub = cells[position]
    heading = HEADING.search(cells[position - 1].source) if position else None
    solution = cells[position + 1] if position + 1 < len(cells) else None
    if heading is None or solution is None or "solution" not in solution.metadata.get("tags", []):
        raise ValueError(
            f"cell {position + 1}: an exercise is a heading `### Exercise 1 · ●●○ …`, a stub and "
            "a solution, in this order"
        )
    stub_code, name, arguments = _split(stub.source)
    solution_code, _, _ = _split(solution.source)
    points = heading[1].count("●")
    answer = nbformat.from_dict(stub)
    answer.update(outputs=[], execution_count=None)
    answer.source = ANSWER.format(
        stub=stub_code, solution=solution_code, name=name, arguments=arguments
    )
    answer.metadata.nbgrader = _metadata(f"{name}-answer", solution=True)
    source = (GRADED_BY_CASES if partial else GRADED).format(
        points="1 point" if points == 1 else f"{points} points",
        module=module,
        name=name,
        arguments=arguments,
        most=points,
    )
    test = nbformat.v4.new_code_cell(source, id=f"{stub.id}-graded")
    test.metadata.nbgrader = _metadata(name, grade=True, locked=True, points=points)
    return [answer, test]


def _split(source: str) -> tuple[str, str, str]:
    """Code of a stub or a solution, and name and arguments of the check in its last line."""
    code, _, call = source.rstrip().rpartition("\n")
    found = re.fullmatch(r"check\.(\w+)\((.+)\)", call)
    if found is None:
        raise ValueError(f"an exercise has to end in check.name(…), found {call!r}")
    return code.strip(), found[1], found[2]


def _metadata(grade_id: str, **settings: Any) -> NotebookNode:
    """Metadata of a cell in the third edition of nbgrader's format."""
    plain = {"schema_version": 3, "grade_id": grade_id, "task": False}
    return nbformat.from_dict(
        plain | {"grade": False, "solution": False, "locked": False} | settings
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        type=home,
        default=ROOT / "build" / "assignment",
        help="folder of the class (build/assignment)",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="give a share of the points for each case that is right",
    )


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0."""
    for path in options.notebooks:
        assignment = convert(nbformat.read(path, as_version=4), partial=options.partial)
        write_atomically(options.output / "source" / path.stem / path.name, to_json(assignment))
        graded = [
            cell for cell in assignment.cells if cell.metadata.get("nbgrader", {}).get("grade")
        ]
        points = sum(cell.metadata.nbgrader.points for cell in graded)
        print(f"{path.stem}: {len(graded)} exercises, {points} points")
    if not (config := options.output / "nbgrader_config.py").exists():  # a teacher may edit it
        write_atomically(config, CONFIG)
    print(f"next, in {options.output}:  nbgrader generate_assignment {options.notebooks[0].stem}")
    return 0


main = program("assignment", "Write assignments for nbgrader.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
