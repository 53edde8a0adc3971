"""Every module with a framework is kept out of the process that may hold none."""

import subprocess

import pytest

from course_utils._frameworks import FRAMEWORKS, framework_of, module_names
from tools import check_units
from tools.check_units import commands, files_that_name


def test_doctests_run_in_the_process_of_their_framework():
    plain, by_framework = commands()
    ignored = [part.partition("=")[2] for part in plain if part.startswith("--ignore=")]
    assert sorted(ignored) == sorted(
        part for command in by_framework.values() for part in command if "course_utils/" in part
    )
    for name in module_names():
        path, framework = name.replace(".", "/"), framework_of(name)
        holding = [
            each for each in ignored if f"{path}/".startswith(f"{each.removesuffix('.py')}/")
        ]
        assert len(holding) == (framework is not None), name
        if framework:
            assert holding[0] in by_framework[framework]


def test_the_process_of_a_framework_reads_the_files_that_name_it():
    assert "tests/unit/torch_models/test_contract.py" in files_that_name("torch")
    assert "tests/unit/torch_models/test_contract.py" not in files_that_name("keras")
    assert set(check_units.LONGEST_FIRST) == set(FRAMEWORKS)


@pytest.mark.parametrize(("options", "types"), [([], 0), (["--types"], 1)])
@pytest.mark.parametrize("failing", [None, "mypy", "torch", "keras", "no:nothing"])
def test_everything_runs_also_after_a_failure(monkeypatch, capsys, options, types, failing):
    ran = []

    def run(command, **how):
        ran.append(command)
        return subprocess.CompletedProcess(command, int(failing in command), "said")

    monkeypatch.setattr(subprocess, "run", run)
    failed = failing in ("torch", "keras") or (failing == "mypy" and bool(types))
    assert check_units.main(options) == int(failed)
    assert len(ran) == 3 + types
    assert capsys.readouterr().out.count("said") == 2 + types
    assert ran[-1] == commands()[0], "it has both cores for itself"
