"""The project's page runs, from its first line to its last, on two tables that are not films."""

import re

import numpy as np
import pytest

from course_utils import datasets
from tools import project_tables
from tools.course import ROOT

PAGE = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S))
PATH = "build/project/words.csv"


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    return {path.stem: path for path in project_tables.write(folder)}


@pytest.mark.parametrize("name", ["words", "ink"])
def test_tables_are_read_as_they_were_counted(name, tables):
    rows, columns, cells = getattr(project_tables, name)()
    found = datasets.load_interactions(tables[name], rating_range=(1, 5))
    np.testing.assert_array_equal(found.matrix.toarray(), cells)
    assert (found.row_ids.tolist(), found.column_ids.tolist()) == (rows, columns)
    assert cells.min() == 0
    assert cells.max() == 5
    assert cells.shape[1] >= 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["words", "ink"])
def test_the_page_runs(name, tables, capsys):
    assert CODE.count(PATH) == 1
    names = {}
    exec(CODE.replace(PATH, tables[name].as_posix()), names)  # the page itself
    said = capsys.readouterr().out
    assert said.count("less popularity") == 3
    for rung in names["results"].values():
        assert np.isfinite(rung.marks["NDCG@10"]).all()
    best = max(rung.marks["NDCG@10"].mean() for rung in names["results"].values())
    assert best > names["results"]["popularity"].marks["NDCG@10"].mean()


def test_twelve_questions_and_fourteen_points():
    questions = re.findall(r"^\*\*(\d+)\. ", PAGE, re.M)
    assert questions == [str(number) for number in range(1, 13)]
    rubric = [line for line in PAGE.splitlines() if line.startswith("| ") and "| 0 |" not in line]
    assert 2 * len([line for line in rubric if line.count("|") == 5]) == 14


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    assert project_tables.main(["--output", str(tmp_path / "new")]) == 0
    assert "ink.csv" in capsys.readouterr().out
