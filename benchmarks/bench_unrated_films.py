"""Features learned end to end against the ridge of *Recommend what nobody has rated*.

The page trains each network once, in one of the five exams. Here all five are sat, from several
starts. The penalty of the networks is the best of a grid in two practice exams, with other cold
films; the ridge has its own chosen in each practice exam.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.harness import Target, report
from course_utils import cold_exams, exams
from course_utils.content import ridge_table
from course_utils.datasets import film_features, load_movielens
from course_utils.factorization import fit_ease
from course_utils.metrics import bootstrap_interval, ndcg_at_k
from course_utils.torch_models import FeatureBagAutoencoder, fit

STARTS = 2
MEASURE = "NDCG@100"
PENALTIES = [1.0, 10.0, 100.0]
Scorer = Callable[[sp.csr_array, sp.csr_array], np.ndarray]


def to_ease(train: sp.csr_array, warm: sp.csr_array, setting: tuple[float, float]) -> Scorer:
    """Ridge from features to EASE's weights, with a penalty for each."""
    model = fit_ease(train, setting[0])
    return lambda seen, cold: (cold @ ridge_table(warm, model.scores(seen).T, setting[1])).T


def network(seed: int, **options: Any) -> cold_exams.Model:
    """Return the page's network with one start; its setting is the penalty."""

    def model(train: sp.csr_array, warm: sp.csr_array, penalty: float) -> Scorer:
        trained = FeatureBagAutoencoder(warm, 64, penalty=penalty, seed=seed, **options)
        trained.start_at_popularity(train.sum(axis=0))
        fit(trained, train, epochs=8, batch_size=64, learning_rate=4e-3, seed=seed)

        def score(seen: sp.csr_array, cold: sp.csr_array) -> np.ndarray:
            with torch.no_grad():
                return trained.offers(seen, cold).numpy()

        return score

    return model


NETWORKS: dict[str, dict[str, Any]] = {
    "features alone": {},
    "with ids": {"ids": True},
    "half of the ids dropped": {"ids": True, "drop_ids": 0.5},
}


def main() -> int:
    """Sit the exams, print and store; 1 if a target is missed."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    movielens = load_movielens()
    stars, _, films = movielens.users_by_items()
    likes = sp.csr_array((stars >= 4).astype(float))
    final, practice = cold_exams.deal(likes[np.diff(likes.indptr) >= 5], seed=0)
    features = film_features(movielens.movies, films).matrix

    def practised(model: cold_exams.Model, penalty: float) -> float:
        found = [
            ndcg_at_k(cold_exams.scores(model, penalty, exam, features), exam.hidden, 100).mean()
            for exam in practice[:2]
        ]
        return float(np.mean(found))

    def sit(name: str, model: cold_exams.Model, settings: list[Any]) -> np.ndarray:
        climb: exams.Climb = cold_exams.climb(model, settings, final, practice, features)
        tried = {setting: round(float(v.mean()), 4) for setting, v in climb.practice.items()}
        print(f"{name}: {climb.marks[MEASURE].mean():.4f}, in practice {tried}")
        print(f"  {climb.chosen}", flush=True)
        return climb.marks[MEASURE]

    grid = [(ease, l2) for ease in (100.0, 200.0) for l2 in (30.0, 100.0)]
    ridge = sit("ridge → EASE", to_ease, grid)
    means, targets = {}, []
    for name, options in NETWORKS.items():
        tried = {each: practised(network(0, **options), each) for each in PENALTIES}
        print(f"{name}, in practice", {each: round(v, 4) for each, v in tried.items()})
        penalty = max(tried, key=lambda each: tried[each])
        starts = [
            sit(f"{name}, start {seed}", network(seed, **options), [penalty])
            for seed in range(STARTS)
        ]
        means[name] = np.mean(starts, axis=0)
        low, high = bootstrap_interval(means[name] - ridge)
        print(f"  {STARTS} starts less the ridge {low:+.4f} … {high:+.4f}")
        targets.append(Target(f"{name} less ridge → EASE: lower end", low, at_most=0))
    for name in ("with ids", "half of the ids dropped"):
        low, high = bootstrap_interval(means[name] - means["features alone"])
        print(f"{name} less features alone {low:+.4f} … {high:+.4f}")
    return int(not report("unrated_films", [], targets))


if __name__ == "__main__":
    sys.exit(main())
