"""A few fixed mutants, each of which must turn its gate red; `make mutants` makes many more.

Gates run in copies of the course, against the package in the copy. A mutant whose text is no
longer in the code fails here: replace it with one that is.
"""

import shutil
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.course import ROOT, find_notebooks
from tools.mutants.notebooks import number_to_change
from tools.mutants.planted import Mutant, copy_course, gate, plant
from tools.stored import to_json

pytestmark = pytest.mark.slow

NOTEBOOK = find_notebooks(["align_and_index"])[0].relative_to(ROOT).as_posix()
MUTANTS = {
    "left_align forgets duplicates and stored zeros": Mutant(
        "course_utils/sparse.py",
        'canonical_csr("matrix", matrix, stored_zeros=False, finite=False, keep_dtype=True)\n'
        "    counts = np.diff(csr.indptr)\n    # The k-th",
        "sp.csr_array(matrix)\n    counts = np.diff(csr.indptr)\n    # The k-th",
        NOTEBOOK,
    ),
    "a constant of a notebook": Mutant(
        NOTEBOOK,
        "matrix = np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 0, 3, 1]])\ncoo",
        "matrix = np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 4, 3, 1]])\ncoo",
        NOTEBOOK,
    ),
    "rmse without the root": Mutant(
        "course_utils/metrics/errors.py",
        "return float(np.sqrt(mean_square))",
        "return float(mean_square)",
        "tests/unit/metrics/test_errors.py",
    ),
    "a check that takes a forgotten return for a wrong value": Mutant(
        "course_utils/checks/_exercise.py",
        "        if got is None:\n            return",
        "        if got is ...:\n            return",
        "tests/checks/test_engine.py",
    ),
    "pictures without alt text": Mutant(
        "course_utils/plots/style.py",
        'metadata={"image/png": {"alt": alt}})',
        "metadata={})",
        "tests/unit/plots/test_show_and_style.py",
    ),
}
NOTEBOOKS = sorted({mutant.gate for mutant in MUTANTS.values() if ".ipynb" in mutant.gate})
TESTS = sorted({mutant.gate for mutant in MUTANTS.values()} - set(NOTEBOOKS))


@pytest.fixture
def tree(tmp_path):
    copy_course(tmp_path / "copy", NOTEBOOKS)
    yield tmp_path / "copy"
    shutil.rmtree(tmp_path)  # pytest would keep some ten copies of the data


@pytest.mark.parametrize("names", [NOTEBOOKS, TESTS], ids=["notebooks", "tests"])
def test_the_copy_is_green_and_imports_its_own_package(tree, names):
    where = str(tree / "course_utils" / "__init__.py")
    if names == NOTEBOOKS:
        cell = new_code_cell("import course_utils\nprint(course_utils.__file__)")
        cell.outputs = [new_output("stream", name="stdout", text=where + "\n")]
        cell.execution_count = 1
        (tree / "probe.ipynb").write_text(to_json(new_notebook(cells=[cell])), encoding="utf-8")
        names = [*names, "probe.ipynb"]
    else:
        probe = (
            f"import course_utils\n\ndef test():\n    assert course_utils.__file__ == {where!r}\n"
        )
        (tree / "tests" / "test_probe.py").write_text(probe, encoding="utf-8")
        names = [*names, "tests/test_probe.py"]
    outcome = gate(tree, names)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_turns_its_gate_red(tree, mutant):
    plant(tree, mutant)
    outcome = gate(tree, [mutant.gate])
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "1 failed" in outcome.stdout


def test_a_stale_mutant_is_refused(tree):
    for old in ("this is nowhere in the file", "return"):
        with pytest.raises(ValueError, match="is stale"):
            plant(
                tree,
                Mutant(
                    "course_utils/metrics/errors.py", old, "", "tests/unit/metrics/test_errors.py"
                ),
            )


def cells(*sources: str, tags: tuple[str, ...] = ()):
    return new_notebook(
        cells=[new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    )


@pytest.mark.parametrize(
    ("sources", "position", "source"),
    [
        (["k = 3", "print([4, 5])"], 1, "print([5, 5])"),
        (["print(2)", "x = [7]\nprint(x)"], 1, "x = [8]\nprint(x)"),
        (["é = 'é'; print(é, 0.5)"], 0, "é = 'é'; print(é, 0.75)"),
        (["print(f(seed=3, x=0.0))"], 0, "print(f(seed=3, x=1.0))"),
        (["a = np.random.default_rng(3)\nk = 9"], 0, "a = np.random.default_rng(3)\nk = 10"),
        (["plt.subplots(2)\nk = 9"], 0, "plt.subplots(2)\nk = 10"),
        (["verdict('few', x < 3)\nk = 1"], 0, "verdict('few', x < 3)\nk = 2"),
    ],
)
def test_number_to_change(sources, position, source):
    assert number_to_change(cells(*sources)) == (position, source)


@pytest.mark.parametrize("tag", ["nbval-ignore-output", "setup", "exercise"])
def test_no_number_is_taken_from_cells_that_are_not_compared(tag):
    assert number_to_change(cells("print(3)", tags=(tag,))) is None


def test_unknown_names_are_refused():
    run = subprocess.run(
        [sys.executable, "-m", "tools.mutants", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert "modules: " in run.stderr
    assert "no notebook called 'nothing'" in run.stderr
