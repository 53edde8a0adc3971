"""Margins of verdicts: the gap of a condition, other seeds, the table."""

import ast
import asyncio
import json

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools.margins import __main__ as program
from tools.margins.gap import gap_of
from tools.margins.kernel import with_other_seeds
from tools.stored import to_json

WORLD = {
    "np": np,
    "loss": 0.25,
    "losses": np.array([0.25, 0.75]),
    "table": pd.DataFrame({"loss": [0.25, 0.75]}),
    "titles": {"a"},
}


@pytest.mark.parametrize(
    ("condition", "gap"),
    [
        ("loss < 1", 0.75),
        ("loss > 1", -0.75),
        ("0 <= loss < 1", 0.25),
        ("not loss > 1", 0.75),
        ("loss < 1 and loss > 0.125", 0.125),
        ("loss < 1 or loss > 0.125", 0.75),
        ("loss < 1 and losses.any()", 0.75),
        ("(losses < 1).all()", 0.25),
        ("np.all(losses < 1)", 0.25),
        ("(losses > 0.5).any()", 0.25),
        ("(table.loss < 1).all()", 0.25),
        ("losses.max() - losses.min() < 1", 0.5),
        ("loss == 0.25", None),
        ("np.allclose(losses, losses)", None),
        ("titles <= {'a', 'b'}", None),
        ("losses.all()", None),
    ],
)
def test_the_gap_of_a_condition(condition, gap):
    assert gap_of(ast.parse(condition, mode="eval").body, WORLD) == gap


def test_seeds_in_the_text_of_a_cell_are_changed_and_nothing_else():
    source = "model = f(seed=0)\ntorch.manual_seed(start)\nKMeans(2, random_state=1)"
    changed = with_other_seeds(source, 1).splitlines()
    assert changed == [
        "model = f(seed=0)",
        "torch.manual_seed(start + 10007)",
        "KMeans(2, random_state=1 + 10007)",
    ]
    assert with_other_seeds(source, 0) == source
    comment = "x = 1  # kept, since nothing is seeded"
    assert with_other_seeds(comment, 1) == comment


def verdict(condition, gap, *, holds=True, statement="it is so"):
    return {"statement": statement, "condition": condition, "holds": holds, "gap": gap}


def test_the_table_counts_seeds_and_takes_the_least_gap():
    runs = [
        [verdict("a < b", 0.5), verdict("same(a)", None), verdict("a < b", 3.0)],
        [verdict("a < b", 0.25), verdict("same(a)", None), verdict("a < b", 1.0)],
        [verdict("a < b", -0.75, holds=False), verdict("same(a)", None)],
    ]
    first, same, second = program.rows_of("05_page", runs)
    assert (first["seeds"], first["held"], first["gap"], first["least"]) == (3, 2, "0.5", "-0.75")
    assert (first["mean gap"], first["standard deviation"]) == ("0", "0.54")
    assert (same["held"], same["gap"]) == (3, "")
    assert (second["seeds"], second["least"]) == (2, "1")


def small_notebook(folder, code):
    source = folder / "01_small.ipynb"
    cells = [new_code_cell(cell) for cell in ("from course_utils.checks import verdict", *code)]
    source.write_text(to_json(new_notebook(cells=cells)), encoding="utf-8")
    return source


@pytest.mark.slow
def test_a_notebook_draws_from_other_seeds_and_no_verdict_stops_it(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "WORK", tmp_path)
    source = small_notebook(
        tmp_path,
        (
            "import numpy as np\nx = np.random.default_rng(0).random()",
            "from course_utils import _seeds\n"
            "verdict('a seed is a number', _seeds.number_of(3, 10**9) < 4)",
            "rng = np.random.default_rng(1)\nverdict('drawn', rng.random() < 0)",
            "verdict('below', x < 0.7)\nverdict('the stream goes on', rng.random() < 1)",
        ),
    )
    found = []
    for shift in (0, 1):
        digest = program.digest_of(source)
        assert not program.is_done(source, shift, digest)
        assert asyncio.run(program.measure(source, shift, digest)) == ""
        assert program.is_done(source, shift, digest)
        assert not program.is_done(source, shift, "another")
        file = tmp_path / f"01_small.{shift}.json"
        found.append(json.loads(file.read_text(encoding="utf-8"))["verdicts"])
    own, other = found
    assert [line["holds"] for line in own] == [True, False, True, True]
    assert [line["holds"] for line in other][:2] == [False, False]
    assert own[2]["gap"] == pytest.approx(0.7 - np.random.default_rng(0).random())
    # A condition that draws is measured with the next draw, of which the page loses none.
    drawn = np.random.default_rng(1).random(3)
    assert own[1]["gap"] == pytest.approx(-drawn[1])
    assert own[3]["gap"] == pytest.approx(1 - drawn[2])
    assert other[2]["gap"] != own[2]["gap"]


@pytest.mark.slow
def test_a_process_that_a_page_starts_draws_from_the_same_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "WORK", tmp_path)
    draw = "import numpy as np; print(np.random.default_rng(0).random())"
    command = f"[sys.executable, '-c', {draw!r}]"
    source = small_notebook(
        tmp_path,
        (
            f"import subprocess, sys\ndrawn = float(subprocess.check_output({command}))",
            "import numpy as np\nown = np.random.default_rng(0).random()",
            "verdict('the same', drawn == own)\nverdict('low', own < 0.6)",
        ),
    )
    for shift in (0, 1):
        assert asyncio.run(program.measure(source, shift, "digest")) == ""
    found = [json.loads((tmp_path / f"01_small.{s}.json").read_text("utf-8")) for s in (0, 1)]
    same, low = zip(*(run["verdicts"] for run in found), strict=True)
    assert [line["holds"] for line in same] == [True, True]
    assert low[0]["gap"] != low[1]["gap"]


@pytest.mark.slow
def test_a_notebook_that_stops_says_where(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "WORK", tmp_path)
    source = small_notebook(
        tmp_path, ("verdict('first', 1 < 2)", "1 / 0", "verdict('last', 1 < 2)")
    )
    assert "ZeroDivisionError" in asyncio.run(program.measure(source, 0, "digest"))
    kept = json.loads((tmp_path / "01_small.0.json").read_text(encoding="utf-8"))
    assert [line["statement"] for line in kept["verdicts"]] == ["first"]
