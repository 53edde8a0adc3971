"""The guards in conftest.py, tried on small test files with stand-ins for the frameworks."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]

pytest_plugins = ["pytester"]

LOADS = """
import pytest

{mark}
def test_loads():
    import {module}

def test_goes_on():
    pass
"""


@pytest.fixture
def run(pytester):
    """Run pytest on test files beside a copy of conftest.py."""
    (pytester.path / "no_network").mkdir()
    shutil.copy(HERE / "conftest.py", pytester.path)
    shutil.copy(HERE / "no_network" / "sitecustomize.py", pytester.path / "no_network")
    pytester.makeini("[pytest]\nmarkers =\n keras: k\n torch: t\n")
    pytester.makepyfile(tensorflow="", torch="")
    pytester.syspathinsert()

    def run(tests: dict[str, str], *options: str) -> pytest.RunResult:
        pytester.makepyfile(**{f"test_{name}": text for name, text in tests.items()})
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)

    return run


BOTH = {
    "k": LOADS.format(mark="@pytest.mark.keras", module="tensorflow"),
    "t": LOADS.format(mark="@pytest.mark.torch", module="torch"),
}


def test_a_run_with_both_frameworks_is_refused(run):
    result = run(BOTH)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "one framework per process: run `pytest -m keras`" in result.stderr.str()


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_a_run_with_one_framework_passes(run, framework):
    run(BOTH, "-m", framework).assert_outcomes(passed=1, deselected=3)


def test_a_framework_without_its_marker_fails(run):
    result = run({"x": LOADS.format(mark="", module="torch")}, "-k", "loads")
    result.assert_outcomes(passed=1, errors=1, deselected=1)
    assert "loads {'torch'}: mark the test with pytest.mark.torch" in result.stdout.str()


def test_the_second_framework_fails(run):
    second = LOADS.format(mark="@pytest.mark.keras", module="torch")
    result = run({"k": BOTH["k"], "x": second}, "-k", "loads")
    result.assert_outcomes(passed=2, errors=1, deselected=2)
    assert "loads {'torch'}" in result.stdout.str()


def test_doctests_of_a_framework_module_carry_its_marker(run, pytester):
    folder = pytester.mkdir("course_utils") / "keras_models"
    folder.mkdir()
    (folder / "training.py").write_text('"""\n>>> 1 + 1\n2\n"""')
    files = ["--doctest-modules", "course_utils", "test_k.py"]
    run(BOTH, *files, "-m", "keras").assert_outcomes(passed=2, deselected=1)
    run(BOTH, *files, "-m", "not keras").assert_outcomes(passed=1, deselected=2)


@pytest.mark.slow
def test_examples_are_the_same_in_every_run(run):
    draw = """
import hypothesis
from hypothesis import strategies as st

@hypothesis.given(st.integers())
def test_draw(number):
    print(number)
"""
    first, second = (run({"d": draw}, "-s", "-q") for _ in range(2))
    first.assert_outcomes(passed=1)
    assert len(first.outlines) > 50
    assert first.outlines[:50] == second.outlines[:50]


def test_matplotlib_draws_without_a_screen():
    import matplotlib

    assert matplotlib.get_backend().lower() == "agg"
