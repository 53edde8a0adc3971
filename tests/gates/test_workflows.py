"""The workflows pin what they use, may do little, and run what runs here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from makefile import make_targets

from tools.course import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# What a job may do beside reading -> why.
PERMISSIONS = {
    "pages": {"pages": "write", "id-token": "write"},
    "weekly": {"contents": "read", "issues": "write"},
    "release": {"contents": "write"},
}
# A step that pastes a stranger's title into a shell, and a key that does not exist.
BAD = """\
on: pull_request_target
jobs:
  greet:
    runs-on: ubuntu-latest
    timeout: 5
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""
# What only GitHub can do.
ON_GITHUB = ("python3 tools/weekly_issue.py", 'gh release create "$TAG" ')


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_workflows():
    assert {path.stem for path in WORKFLOWS} == {"tests", "pages", "weekly", "release"}


@pytest.mark.parametrize(
    "command",
    [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],  # what may stand where
        ["zizmor", "--offline", "--no-progress"],  # what an attacker could use
    ],
    ids=lambda command: command[0],
)
def test_checkers_find_nothing(command, tmp_path):
    good = run_checker(command, WORKFLOWS)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = tmp_path / ".github" / "workflows" / "bad.yml"
    bad.parent.mkdir(parents=True)
    bad.write_text(BAD, encoding="utf-8")
    assert run_checker(command, [bad]).returncode != 0


def run_checker(command, files):
    program = Path(sys.executable).parent / command[0]
    return subprocess.run([program, *command[1:], *files], capture_output=True, encoding="utf-8")


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="needs the program actionlint")
def test_actionlint_finds_nothing():
    run = subprocess.run(["actionlint", *WORKFLOWS], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "")


def test_every_action_is_pinned_by_commit(workflow):
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_a_workflow_may_only_read_and_every_job_ends(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    more = [job["permissions"] for job in workflow["jobs"].values() if "permissions" in job]
    assert len(more) <= 1  # one job, and it does one thing
    assert all(permissions == PERMISSIONS[workflow["name"]] for permissions in more)
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120


def test_nothing_from_outside_is_pasted_into_a_shell(workflow):
    """A tag or a title can hold shell code: what a step needs comes by its environment."""
    assert not [step for step in steps(workflow) if "${{" in step.get("run", "")]


def test_what_runs_is_a_target_that_runs_here(workflow):
    (rows,) = [
        job["strategy"]["matrix"].get("include", []) if "strategy" in job else []
        for job in list(workflow["jobs"].values())[:1]
    ]
    named = {row["target"] for row in rows}
    for step in steps(workflow):
        line = step.get("run", "make help")
        if not line.startswith(ON_GITHUB):
            found = re.fullmatch(r'make (?:([a-z-]+)|"\$TARGET")( .*)?', line)
            assert found is not None
            assert ({found[1]} if found[1] else named) <= make_targets()


def test_every_python_of_the_course_is_tested_on_every_system():
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    matrix = tests["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert [name.partition("-")[0] for name in matrix["system"]] == ["ubuntu", "macos", "windows"]
