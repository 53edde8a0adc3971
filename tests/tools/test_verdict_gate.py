"""The gate tells verdicts that can fail from verdicts that cannot."""

import json
import types
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tools.verdict_gate import perturbations, report, shaken_by


class History(NamedTuple):
    train: list
    best_epoch: int


WORLD = {
    "np": np,
    "loss": 0.05,
    "losses": {"network": 0.05, "PCA": 0.08},
    "lengths": [3, 5, 8],
    "codes": np.array([[1.0, 2.0], [3.0, 5.0]]),
    "same": np.array([[1.0, 2.0], [3.0, 5.0]]),
    "csr": sp.csr_array(np.array([[0.0, 2.0], [3.0, 0.0]])),
    "indptr": np.array([0, 2, 5, 9]),
    "counts": np.array([2, 3, 4]),
    "seen": np.array([[True, False], [False, True]]),
    "history": History([0.3, 0.2], 1),
    "table": pd.DataFrame({"stars": [4.0, 3.0], "title": ["a", "b"]}),
    "film": "Liar Liar",
    "moved": [],
}


@pytest.mark.parametrize(
    "condition",
    [
        "loss < 0.1",
        "0.04 < loss < 0.06",
        "losses['network'] < losses['PCA']",
        "lengths == sorted(lengths)",
        "lengths[-1] == 8",
        "np.array_equal(codes, same)",
        "codes.shape == (2, 2)",
        "np.allclose(csr.toarray().sum(axis=1), [2, 3])",
        "np.array_equal(indptr[1:], np.cumsum(counts))",
        "seen.any(axis=1).all()",
        "not (seen & ~seen.T).any()",
        "len(history.train) < 5",
        "history.best_epoch == 1",
        "table.stars.mean() > 3",
        "moved == []",
        "np.log(np.e) == 1 and len(lengths) == 3",
    ],
)
def test_a_verdict_that_measures_something_is_shaken(condition):
    assert eval(condition, dict(WORLD)), "the verdict has to hold to begin with"
    assert shaken_by(condition, WORLD)["shaken_by"]


@pytest.mark.parametrize(
    "condition",
    [
        "np.array_equal(np.cumsum(np.diff(indptr)), indptr[1:] - indptr[0])",  # for every indptr
        "codes.size == np.prod(codes.shape)",
        "np.array_equal(codes, codes)",
        "len(lengths) >= 0",
        "loss < 100",
        "loss < 0.1 or loss >= 0.1",
        "True",
    ],
)
def test_a_verdict_that_holds_whatever_was_measured_is_not(condition):
    assert eval(condition, dict(WORLD))
    assert not shaken_by(condition, WORLD)["shaken_by"]


def run(code, **names):
    """Define functions as a notebook does."""
    world = {"__name__": "__main__", "np": np, **names}
    exec(code, world)
    return world


def test_what_a_function_of_the_notebook_reads_is_measured():
    world = run(
        "def above(name): return scores[name] > scores['chance']\n"
        "def surely(name): return above(name)",
        scores={"EASE": 0.3, "chance": 0.1},
    )
    assert shaken_by("surely('EASE')", world)["shaken_by"] == "scores"


def test_what_a_function_of_the_notebook_gives_is_measured():
    world = run("def twice(x): return x + x", x=np.arange(3.0))
    assert shaken_by("np.allclose(twice(x), 2 * x)", world)["shaken_by"] == "twice(x)"


def test_nothing_of_the_notebook_is_changed():
    rng = np.random.default_rng(0)
    codes = np.ones((2, 2))
    world = {"codes": codes, "rng": rng, "np": np}
    shaken_by("(codes + rng.random() > 0.5).all()", world)
    assert codes.tolist() == [[1, 1], [1, 1]]
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("value", [print, np, np.ndarray, types, None, object(), "", {}])
def test_what_is_no_data_has_no_perturbation(value, monkeypatch):
    monkeypatch.setattr(types, "detach", print, raising=False)  # as the module torch has
    assert [other for other in perturbations(value) if not isinstance(other, str)] == []


def test_the_report_names_the_verdicts_that_never_turned(tmp_path):
    lines = [
        {"statement": "good", "condition": "a < 1", "shaken_by": "a", "perturbed": ["a"]},
        {"statement": "weak", "condition": "a < 9", "shaken_by": "", "perturbed": ["a"]},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "7.jsonl").write_text(text, encoding="utf-8")
    assert report(tmp_path) == (2, ["weak: a < 9 (a)"])
