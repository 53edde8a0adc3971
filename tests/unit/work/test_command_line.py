"""The command line, without make, without git, and in a folder that only has a package."""

import subprocess
import sys

import learners
import pytest
from learners import cell, save

from course_utils.work import __main__ as program


@pytest.fixture
def place(tmp_path):
    found = learners.folders(tmp_path)
    save(found.course / "00_first.ipynb", [cell("a", "# First")])
    found.options = ["--folder", str(found.work), "--course", str(found.course)]
    return found


def test_start_and_update_say_what_they_do(place, capsys):
    assert program.main([*place.options, "start"]) == 0
    assert f"your copies: {place.work.resolve()}" in capsys.readouterr().out
    assert program.main([*place.options, "update"]) == 0
    assert capsys.readouterr().out == "nothing to update\n"


def test_lab_opens_the_first_copy(place, monkeypatch):
    opened = []
    monkeypatch.setattr(program.subprocess, "call", lambda command: opened.append(command) or 0)
    assert program.main([*place.options, "lab"]) == 0
    assert opened == [
        [sys.executable, "-m", "jupyterlab", str(place.work.resolve() / "00_first.ipynb")]
    ]


def test_what_is_missing_is_said_in_one_line(place, capsys):
    assert program.main(["--course", str(place.work), "start"]) == 2
    assert "no notebooks of the course in" in capsys.readouterr().err


@pytest.mark.slow
def test_as_a_module_from_anywhere(place, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "course_utils.work", *place.options, "start"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "1 notebooks copied" in run.stdout
