"""A benchmark keeps what it measured with the code it measured, and notices when that changes."""

import json

import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks import freshness, harness
from benchmarks.freshness import digest, measured_files, old_rows, state
from tools.course import ROOT

BENCH = """from benchmarks.harness import report
from course_utils import runtime
from course_utils.sparse import left_align


def main():
    from course_utils import metrics
"""


@pytest.fixture
def root(tmp_path):
    """Make a small course with one benchmark."""
    for name, text in {
        "benchmarks/bench_sparse.py": BENCH,
        "benchmarks/harness.py": "",
        "course_utils/__init__.py": "",
        "course_utils/runtime.py": "start = 1\n",
        "course_utils/sparse.py": "def left_align(matrix):\n    return matrix\n",
        "course_utils/metrics/__init__.py": "",
        "course_utils/metrics/errors.py": "rmse = 0\n",
        "course_utils/noise.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def names(root, topic="sparse"):
    return [file.relative_to(root).as_posix() for file in measured_files(topic, root)]


def measure(root):
    """Store a row as a benchmark does."""
    results = root / "results.json"
    row = {"measured": "2026-01-02", "code": state("sparse", root)}
    results.write_text(json.dumps({"sparse": row}), encoding="utf-8")
    return results


def test_what_is_measured_is_what_is_imported_anywhere_in_the_benchmark(root):
    assert names(root) == [
        "benchmarks/bench_sparse.py",
        "course_utils/metrics/__init__.py",
        "course_utils/metrics/errors.py",
        "course_utils/runtime.py",
        "course_utils/sparse.py",
    ]
    assert names(root, "nothing") == []


def test_every_benchmark_of_the_course_measures_the_course():
    for file in (ROOT / "benchmarks").glob("bench_*.py"):
        measured = measured_files(file.stem.removeprefix("bench_"))
        assert any(path.parent != file.parent for path in measured), file.name


def test_a_row_is_of_today_until_its_code_changes(root):
    results = measure(root)
    assert old_rows(results, root) == []
    errors = root / "course_utils/metrics/errors.py"
    errors.write_text('"""Errors."""\n\nrmse = 0  # no error\n', encoding="utf-8")
    (root / "course_utils/noise.py").write_text("noise = 1\n", encoding="utf-8")
    assert old_rows(results, root) == []
    errors.write_text("rmse = 1\n", encoding="utf-8")
    assert old_rows(results, root) == [
        "sparse: measured 2026-01-02, since changed: course_utils/metrics/errors.py"
    ]


def test_a_new_and_a_lost_file_make_a_row_old(root):
    results = measure(root)
    (root / "course_utils/metrics/errors.py").rename(root / "course_utils/metrics/lists.py")
    assert "metrics/errors.py, course_utils/metrics/lists.py" in old_rows(results, root)[0]


def test_a_row_without_a_record_is_reported(root):
    results = root / "results.json"
    results.write_text(json.dumps({"sparse": {"measured": "2026-01-02"}}), encoding="utf-8")
    assert old_rows(results, root) == ["sparse: measured 2026-01-02, without a record of the code"]


CODE = "def f(x):\n    if x:\n        x += 1\n    return f'{{{x}}}'\n"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("    if", "    '''Give x.\n\n    # no comment\n    '''\n    if", True),
        ("x:\n        x", "x:\n\n        # one more\n        x", True),
        ("x += 1", "x +=  (\n1)", False),
        ("f(x)", "f(\n    x  # what it is\n)", True),
        ("+= 1", "+= 2", False),
        ("    return", "        return", False),
        ("    return", "    y = '# no comment'\n    return", False),
    ],
)
def test_digest_sees_code_and_nothing_else(old, new, same):
    assert CODE.count(old) == 1
    assert (digest(CODE.replace(old, new)) == digest(CODE)) == same


def test_digest_is_the_same_in_every_version_of_python():
    assert digest(CODE) == "a2c6dc24b71c"


def test_state_names_the_commit_or_says_that_there_is_none(root, monkeypatch):
    assert (state("sparse", root)["commit"], state("sparse", root)["dirty"]) == (None, None)
    answers = {"rev-parse": "abc", "status": " M course_utils/sparse.py"}
    monkeypatch.setattr(freshness, "_git", lambda root, command, *rest: answers[command])
    assert (state("sparse", root)["commit"], state("sparse", root)["dirty"]) == ("abc", True)
    answers["status"] = ""
    assert state("sparse", root)["dirty"] is False


def test_report_keeps_other_topics_and_writes_whole_files(tmp_path, capsys):
    path = tmp_path / "results.json"
    path.write_text('{"zoo": {"measured": "2026-01-02"}}', encoding="utf-8")
    seconds = {"quick": [1.0, 2.0, 9.0], "slow": [4.0]}
    comparison = harness.Comparison("add", seconds, {"slow": "as expected"})
    met = harness.Target("ratio", comparison.ratio("slow", "quick"), at_least=2)
    missed = harness.Target("median", np.float32(comparison.median("quick")), at_most=1)
    assert not harness.report("sparse", [comparison], [met, missed], path=path)
    results = json.loads(path.read_text(encoding="utf-8"))
    assert list(results) == ["sparse", "zoo"]
    row = results["sparse"]
    assert row["comparisons"][0]["median_seconds"] == {"quick": 2.0, "slow": 4.0}
    assert [target["met"] for target in row["targets"]] == [True, False]
    assert set(row["code"]) == {"commit", "dirty", "files"}
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]
    assert "✗ median: 2 (target ≤ 1)" in capsys.readouterr().out


def test_contenders_take_turns_and_the_first_run_does_not_count():
    ticks, calls = iter(range(100)), []
    contenders = {name: lambda name=name: calls.append(name) for name in "ab"}
    comparison = harness.compare("task", contenders, repeats=2, clock=lambda: next(ticks))
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert comparison.seconds == {"a": [1, 1], "b": [1, 1]}


def test_program_reports_old_rows_and_refuses_unknown_topics(root, monkeypatch, capsys):
    monkeypatch.setattr(program, "RESULTS", measure(root))
    assert program.main(["--old"]) == 0  # other files than those of the small course
    assert "● sparse: measured 2026-01-02, since changed: " in capsys.readouterr().out
    assert program.main(["nothing"]) == 2
    assert "no benchmark called nothing; there are: autoencoder" in capsys.readouterr().out
