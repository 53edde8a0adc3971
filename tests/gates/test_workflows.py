"""The workflows pin what they use, may do little, and run what runs here."""

import re

import pytest
import yaml

from tools.course import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
)


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_workflows():
    assert {path.stem for path in WORKFLOWS} >= {"tests", "pages"}


def test_every_action_is_pinned_by_commit(workflow):
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_a_workflow_may_only_read_and_every_job_ends(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert set(job.get("permissions", ())) <= {"pages", "id-token"}


def test_what_runs_is_a_target_that_runs_here(workflow):
    for step in steps(workflow):
        if "run" in step:
            target = re.fullmatch(r"make ([a-z-]+) PYTHON=python", step["run"])
            assert target is not None
            assert target[1] in TARGETS


def test_every_python_of_the_course_is_tested_on_every_system():
    tests = yaml.safe_load((WORKFLOWS[-1]).read_text(encoding="utf-8"))
    matrix = tests["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert [name.partition("-")[0] for name in matrix["system"]] == ["ubuntu", "macos", "windows"]
