"""Verdicts of *Examine the exam* over several draws of people and starts of the network.

``python -m benchmarks.bench_exam FOLDER`` asks another edition of MovieLens, and stores nothing.
Settings are those of the page: chosen on the ladder, by many of these people.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.harness import Target, report
from course_utils import exams, metrics, rungs
from course_utils.datasets import load_movielens
from course_utils.ranking import top_k
from course_utils.torch_models import denoiser

SEEDS = range(3)
FIFTHS = (0, 1, 2, 3)
Marks = dict[str, np.ndarray]


def models(seed: int) -> dict[str, tuple[exams.Model, Any]]:
    """Return the rungs with the page's settings; the seed is that of the network."""

    def network(train: sp.csr_array, setting: tuple[int, float]) -> rungs.Scorer:
        return denoiser(train, setting, seed=seed)

    return {
        "popularity": (rungs.popularity, None),
        "item-kNN": (rungs.item_knn, 100),
        "PureSVD": (rungs.pure_svd, 64),
        "EASE": (rungs.ease, 200.0),
        "iALS": (rungs.implicit_als, (64, 5.0, 0.01)),
        "network": (network, (160, 0.15)),
    }


def text(values: np.ndarray) -> str:
    """Mean and 95 % interval."""
    low, high = metrics.bootstrap_interval(values)
    return f"{values.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def alone(scores: np.ndarray, hidden: np.ndarray, negatives: int) -> np.ndarray:
    """Each person's recall@10 if every hidden film competes alone with drawn ones."""
    own = metrics.hidden_ranks(scores, hidden)
    found = metrics.sampled_recall(own.ranks, own.rivals, negatives, 10)
    return np.asarray(np.bincount(own.users, found) / np.bincount(own.users))


VIEWS: dict[str, Callable[[np.ndarray, exams.Exam], np.ndarray]] = {
    "NDCG@100": lambda scores, exam: metrics.ndcg_at_k(scores, exam.hidden, 100),
    "NDCG@10": lambda scores, exam: metrics.ndcg_at_k(scores, exam.hidden, 10),
    "recall@1": lambda scores, exam: metrics.recall_at_k(scores, exam.hidden, 1),
    "recall@200": lambda scores, exam: metrics.recall_at_k(scores, exam.hidden, 200),
    "all films": lambda scores, exam: alone(scores, exam.hidden, 10**9),
    "100 drawn": lambda scores, exam: alone(scores, exam.hidden, 100),
    "20 drawn": lambda scores, exam: alone(scores, exam.hidden, 20),
    "likes of ten": lambda scores, exam: exam.train.sum(axis=0)[top_k(scores, 10)].mean(axis=1),
}
# What is compared, the one less the other, and the sign that the page claims; 0 claims none.
PAIRS = (
    ("NDCG@10", "EASE", "network", 1),
    ("100 drawn", "network", "EASE", 1),
    ("all films", "PureSVD", "popularity", 1),
    ("20 drawn", "popularity", "PureSVD", 1),
    ("all films", "item-kNN", "popularity", 0),
    ("20 drawn", "popularity", "item-kNN", 0),
    ("recall@200", "iALS", "EASE", 1),
    ("recall@1", "EASE", "iALS", 0),
    ("likes of ten", "EASE", "PureSVD", 1),
    ("likes of ten", "EASE", "iALS", 1),
    ("likes of ten", "EASE", "item-kNN", 0),
    ("likes of ten", "EASE", "network", 0),
)


def five_exams(likes: sp.csr_array, seed: int) -> dict[str, Marks]:
    """Let all rungs sit the five exams of one deal; by view, the marks of each person."""
    final, _ = exams.deal(likes, seed=seed)
    marks: dict[str, Marks] = {view: {} for view in VIEWS}
    for name, (model, setting) in models(seed).items():
        scored = [(exams.scores(model, setting, exam), exam) for exam in final]
        for view, measure in VIEWS.items():
            marks[view][name] = np.concatenate([measure(*each) for each in scored])
    return marks


def arms(fifth: np.ndarray, seed: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yield each middle fifth with equally many teachers from before, both sides, and after."""
    rng = np.random.default_rng(seed)
    for place in (1, 2, 3):
        before = rng.permutation(np.flatnonzero(fifth < place))
        after = rng.permutation(np.flatnonzero(fifth > place))
        n = min(len(before), len(after))
        both = np.r_[before[: n // 2], after[: n - n // 2]]
        yield place, {"before": before[:n], "both": both, "after": after[:n]}


def judged(
    likes: sp.csr_array, groups: dict[Any, np.ndarray], examined: np.ndarray, common: list[Any]
) -> dict[tuple[str, Any, str], np.ndarray]:
    """NDCG@100 by rung and group of teachers, on all films and on those of `common` groups."""
    people = np.arange(likes.shape[0])
    sat = {
        arm: exams.examine(likes, np.isin(people, group), examined, keep_unknown=True, seed=0)
        for arm, group in groups.items()
    }
    known = np.all([sat[arm].train.sum(axis=0) > 0 for arm in common], axis=0)
    found = {}
    for arm, exam in sat.items():
        hidden = exam.hidden[:, known]
        asked = hidden.any(axis=1)
        for name in ("popularity", "PureSVD", "EASE", "iALS"):
            scores = exams.scores(*models(0)[name], exam)
            found[name, arm, "all films"] = metrics.ndcg_at_k(scores, exam.hidden, 100)
            some = metrics.ndcg_at_k(scores[asked][:, known], hidden[asked], 100)
            found[name, arm, "films known"] = some
    return found


def teachers(likes: sp.csr_array, fifth: np.ndarray, seed: int) -> list[float]:
    """Print what teachers from both sides change; the lower ends on all films and on known ones."""
    found: dict[tuple[str, Any, str], list[np.ndarray]] = {}
    for place, groups in arms(fifth, seed):
        for key, marks in judged(likes, groups, fifth == place, ["before"]).items():
            found.setdefault(key, []).append(marks)
    lows = []
    for name, arm, films in found:
        if arm != "before":
            own, base = (np.concatenate(found[name, each, films]) for each in (arm, "before"))
            print(f"  {name:<11}{arm:<6} less before, {films:<12}{text(own - base)}")
            if arm == "both":
                lows.append(metrics.bootstrap_interval(own - base)[0])
    return lows


def near_and_far(likes: sp.csr_array, fifth: np.ndarray, seed: int) -> None:
    """Print how the last fifth fares with equally many teachers of each earlier one."""
    rng = np.random.default_rng(seed)
    n = min(int((fifth == place).sum()) for place in FIFTHS)
    groups = {f: rng.permutation(np.flatnonzero(fifth == f))[:n] for f in FIFTHS}
    found = judged(likes, groups, fifth == 4, list(FIFTHS))
    for films in ("all films", "films known"):
        for name in ("popularity", "EASE"):
            means = "  ".join(f"{found[name, f, films].mean():.3f}" for f in FIFTHS)
            gap = found[name, FIFTHS[-1], films] - found[name, FIFTHS[0], films]
            print(f"  {name:<11}{films:<12}teachers of fifth 1 … 4: {means}  4 less 1 {text(gap)}")


def main(folder: str | None = None) -> int:
    """Examine, print and, for the edition of the course, store; 1 if a target is missed."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    movielens = load_movielens(folder)
    likes = sp.csr_array((movielens.users_by_items().matrix >= 4).astype(float))
    when = movielens.rated_at().matrix
    enough = np.diff(likes.indptr) >= 5
    likes, when = likes[enough], when[enough]
    first = np.minimum.reduceat(when.data, when.indptr[:-1])
    fifth = np.digitize(first, np.quantile(first, [0.2, 0.4, 0.6, 0.8]))
    print("people × films", likes.shape)
    least: dict[str, list[float]] = {}
    for seed in SEEDS:
        print(f"seed {seed}", flush=True)
        least.setdefault("both less before", []).extend(teachers(likes, fifth, seed))
        near_and_far(likes, fifth, seed)
        marks = five_exams(likes, seed)
        for view, upper, lower, claimed in PAIRS:
            gap = marks[view][upper] - marks[view][lower]
            print(f"  {view:<14}{upper} less {lower}: {text(gap)}", flush=True)
            if claimed:
                claim = f"{view}, {upper} less {lower}"
                least.setdefault(claim, []).append(metrics.bootstrap_interval(gap)[0])
    targets = [
        Target(f"{claim}: lower end, worst of {len(SEEDS)}", min(lows), at_least=0)
        for claim, lows in least.items()
    ]
    if folder is None:
        return int(not report("exam", [], targets))
    print(*targets, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
