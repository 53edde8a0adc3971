"""What the functions say to wrong values, word for word: see ``plain.txt`` beside this file."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.tree import DecisionTreeClassifier
from wrong_arguments import (
    approved,
    lines_for,
    messages_that_name_no_argument,
    not_called,
    thing_named,
)

from course_utils import (
    cold_exams,
    distributed,
    exams,
    factorization,
    groups,
    similarity,
    steering,
)
from course_utils.features import Parts

GENERATOR = np.random.default_rng(0)
# People by items: every person likes something and no item is liked by all.
LIKES = sp.csr_array(
    np.array(
        [
            [1, 1, 0, 1, 0, 1],
            [0, 1, 1, 0, 1, 1],
            [1, 0, 1, 1, 1, 0],
            [1, 1, 1, 0, 0, 1],
            [0, 1, 0, 1, 1, 1],
            [1, 0, 1, 1, 1, 1],
            [1, 1, 0, 0, 1, 1],
            [0, 1, 1, 1, 0, 1],
        ]
    )
)
# The first four people have not heard of the first item.
NEWS = sp.csr_array(LIKES.toarray() * ((np.arange(8)[:, np.newaxis] > 3) | (np.arange(6) > 0)))
STARS = sp.csr_array(LIKES.toarray() * (1 + np.arange(48).reshape(8, 6) % 5))
BY_ITEM = STARS.T.tocsr()
CODES = GENERATOR.normal(size=(8, 2))
POINTS = GENERATOR.uniform(0.05, 0.95, size=(8, 3))
SCORES = GENERATOR.normal(size=(8, 6))
TABLE = GENERATOR.normal(size=(6, 2))
HIDDEN = LIKES.toarray() > 0
LABELS = np.arange(8) % 2 == 0
SUPPORT = (LIKES.T @ LIKES).toarray()
GENRES = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], bool)
MOVIES = pd.DataFrame(
    {
        "movieId": [1, 2, 3],
        "title": ["Toy Story (1995)", "Toy Soldiers (1991)", "Tron (1982)"],
        "genres": ["Animation|Comedy", "Action", "(no genres listed)"],
    }
)
FIRST_HALF = np.arange(8) < 4
NEW_FILMS = np.array([True, False, False, False, True, False])
COLD = cold_exams.examine(LIKES, FIRST_HALF, ~FIRST_HALF, NEW_FILMS, least=1)
EXAMS, PRACTICE = exams.deal(np.ones((6, 120)), folds=3)
COLD_EXAMS, COLD_PRACTICE = cold_exams.deal(np.ones((6, 300)), folds=3)
RIDGE = {"alpha": 1.0, "l2": 1.0, "by_weight": True}


def label_budget_curve():
    tree = DecisionTreeClassifier(max_depth=1, random_state=0)
    return {
        "features": Parts(POINTS, POINTS, POINTS),
        "labels": Parts(LABELS, LABELS, LABELS),
        "candidates": {"tree": tree},
        "budgets": [8],
        "draws": 1,
        "folds": 2,
        "seed": 0,
        "workers": 1,
    }


def popularity(train, setting):
    likes = np.asarray(train.sum(axis=0), float).ravel()
    return lambda seen: np.tile(likes + len(str(setting)), (seen.shape[0], 1))


def cold_popularity(train, features, setting):
    return lambda seen, cold: np.full((seen.shape[0], cold.shape[0]), len(str(setting)))


def questions():
    return {
        "train": BY_ITEM,
        "held_out": BY_ITEM,
        "genres": GENRES,
        "liked": 4.0,
        "queries_per_user": 2,
        "seed": 0,
    }


def part():
    """A part of a table on disk, in the working folder."""
    return distributed.write_part(".", STARS.astype(float), number=0, parts=1)


def write_lists():
    np.save("weights.npy", distributed.ease_from_gram((LIKES.T @ LIKES).toarray(), l2=1.0))
    return {
        "paths": [part()],
        "weights": Path("weights.npy"),
        "columns": np.arange(6),
        "folder": Path(),
        "k": 2,
    }


def load_interactions():
    path = Path("table.csv")
    path.write_text("book;A101;A103\n0826414346;;4,0\nB000OVF7JY;5,0;0\n", encoding="utf-8")
    return {
        "path": path,
        "rating_range": (0.5, 5.0),
        "separator": ";",
        "decimal": ",",
        "encoding": "utf-8",
    }


# Function -> a call of it that is right, with arguments as small as they may be.
CALLS = {
    "cold_exams.deal": lambda: {"interactions": LIKES, "folds": 3, "least": 2, "seed": 0},
    "cold_exams.examine": lambda: {
        "interactions": LIKES,
        "teachers": FIRST_HALF,
        "examined": ~FIRST_HALF,
        "cold": NEW_FILMS,
        "warm": ~NEW_FILMS,
        "least": 1,
        "seed": 0,
    },
    "cold_exams.examine_later": lambda: {
        "interactions": NEWS,
        "times": sp.csr_array(NEWS.toarray() * (1 + np.arange(8)[:, np.newaxis])),
        "share": 0.5,
        "least": 1,
        "seed": 0,
    },
    "cold_exams.climb": lambda: {
        "model": cold_popularity,
        "settings": [0.0, 1.0],
        "final": COLD_EXAMS,
        "practice": COLD_PRACTICE,
        "features": np.ones((300, 1)),
    },
    "cold_exams.reveal": lambda: {"exam": COLD, "count": 1, "seed": 0},
    "cold_exams.scores": lambda: {
        "model": cold_popularity,
        "setting": 1.0,
        "exam": COLD,
        "features": CODES[:6],
    },
    "content.fold_in_items": lambda: {
        "likes": LIKES,
        "codes": CODES,
        "prior": TABLE,
        **RIDGE,
    },
    "content.ridge_table": lambda: {"features": LIKES, "targets": CODES, "l2": 1.0},
    "datasets.film_features": lambda: {
        "movies": MOVIES,
        "film_ids": np.array([3, 1]),
        "kinds": ("genre", "decade", "word"),
        "least": 1,
    },
    "datasets.film_labels": lambda: {
        "movies": MOVIES,
        "film_ids": np.array([3, 1]),
        "least": 0.02,
    },
    "datasets.load_interactions": load_interactions,
    "datasets.planted_dictionary": lambda: {
        "n_rows": 8,
        "n_features": 4,
        "n_atoms": 4,
        "k": 2,
        "noise": 0.05,
        "pair": "free",
        "seed": 0,
    },
    "datasets.planted_interactions": lambda: {
        "n_users": 8,
        "n_items": 6,
        "rank": 2,
        "density": 0.5,
        "noise": 0.1,
        "seed": 0,
        "n_groups": 2,
        "group_spread": 0.5,
    },
    "datasets.title_years": lambda: {"titles": ["Toy Story (1995)", "2001"]},
    "distributed.cluster_commands": lambda: {
        "scheduler_file": Path("cluster.json"),
        "host": "127.0.0.1",
    },
    "distributed.cooccurrence": lambda: {"path": part()},
    "distributed.describe_part": lambda: {"path": part()},
    "distributed.ease_from_gram": lambda: {"gram": (LIKES.T @ LIKES).toarray(), "l2": 1.0},
    "distributed.gram": lambda: {"path": part(), "columns": np.arange(6), "values": "rated"},
    "distributed.list_parts": lambda: {"folder": part().parent},
    "distributed.read_part": lambda: {
        "path": part(),
        "columns": np.arange(6),
        "values": "stars",
    },
    "distributed.top_directions": lambda: {
        "paths": [part()],
        "k": 2,
        "columns": np.arange(6),
        "passes": 1,
        "extra": 1,
        "seed": 0,
    },
    "distributed.torchrun_command": lambda: {
        "script": Path("script.py"),
        "ranks": 2,
        "nodes": 1,
        "endpoint": "host:29500",
        "restarts": 0,
    },
    "distributed.totals": lambda: {"path": part()},
    "distributed.write_like_movielens": lambda: {
        "folder": Path(),
        "users": 4,
        "items": 400,
        "ratings": 200,
        "parts": 2,
        "seed": 0,
    },
    "distributed.write_lists": write_lists,
    "distributed.write_part": lambda: {
        "folder": Path(),
        "stars": STARS.astype(float),
        "number": 0,
        "parts": 1,
        "first_user": 0,
    },
    "embeddings.embedding_bag_inputs": lambda: {"matrix": STARS},
    "embeddings.one_hot": lambda: {
        "indices": np.array([0, 2]),
        "num_classes": 3,
        "dtype": np.float32,
    },
    "embeddings.sparse_embedding_lookup": lambda: {
        "matrix": STARS,
        "table": TABLE,
        "combiner": "sum",
        "kernel": "auto",
    },
    "exams.climb": lambda: {
        "model": popularity,
        "settings": [0.0, 1.0],
        "exams": EXAMS,
        "practice": PRACTICE,
    },
    "exams.deal": lambda: {
        "interactions": LIKES,
        "folds": 3,
        "share": 0.5,
        "least": 2,
        "times": STARS,
        "seed": 0,
    },
    "exams.examine": lambda: {
        "interactions": LIKES,
        "teachers": FIRST_HALF,
        "examined": ~FIRST_HALF,
        "share": 0.5,
        "least": 2,
        "keep_unknown": False,
        "times": STARS,
        "seed": 0,
    },
    "exams.hide_share": lambda: {"rows": LIKES, "share": 0.5, "times": STARS, "seed": 0},
    "exams.marks": lambda: {"values": np.tile(SCORES, 20), "hidden": np.tile(HIDDEN, 20)},
    "exams.scores": lambda: {"model": popularity, "setting": 1.0, "exam": EXAMS[0]},
    "factorization.EASE.scores": lambda: {"rows": LIKES},
    "factorization.ImplicitALS.codes": lambda: {"interactions": LIKES},
    "factorization.ImplicitALS.parts": lambda: {"interactions": LIKES[:1], "item": 1},
    "factorization.ImplicitALS.scores": lambda: {"interactions": LIKES},
    "factorization.SVD.fold_in": lambda: {"ratings": STARS, "where": HIDDEN, "l2": 1.0},
    "factorization.alternating_least_squares": lambda: {
        "ratings": STARS,
        "k": 2,
        "l2": 0.1,
        "rounds": 2,
        "seed": 0,
    },
    "factorization.ease": lambda: {"interactions": LIKES, "l2": 1.0},
    "factorization.fit_ease": lambda: {"interactions": LIKES, "l2": 1.0},
    "factorization.fit_implicit_als": lambda: {
        "interactions": LIKES,
        "k": 2,
        **RIDGE,
        "rounds": 2,
        "seed": 0,
    },
    "factorization.rank_k_rmse": lambda: {"matrix": STARS, "k": 2},
    "factorization.truncated_svd": lambda: {"matrix": STARS, "k": 2},
    "features.draw_rows": lambda: {"n_rows": 8, "budget": 3, "draw": 0, "seed": 0},
    "features.label_budget_curve": label_budget_curve,
    "features.mean_interval": lambda: {"values": np.arange(4.0), "level": 0.95},
    "features.nearest_rows": lambda: {"codes": CODES, "queries": CODES[:3], "k": 2},
    "groups.bootstrap_agreement": lambda: {"points": POINTS, "k": 2, "pairs": 1, "seed": 0},
    "groups.centre_observed": lambda: {"ratings": STARS},
    "groups.choose_k": lambda: {
        "numbers": np.array([1, 2, 3]),
        "gap": np.array([0.0, 0.9, 0.95]),
        "error": np.array([0.1, 0.1, 0.1]),
    },
    "groups.gap_statistic": lambda: {
        "points": POINTS,
        "numbers": [1, 2],
        "null": groups.matched_gaussian,
        "draws": 2,
        "seed": 0,
    },
    "groups.k_means": lambda: {"points": POINTS, "k": 2, "restarts": 1, "seed": 0},
    "groups.marchenko_pastur_density": lambda: {
        "values": np.arange(3.0),
        "n": 8,
        "d": 3,
        "sigma": 1.0,
    },
    "groups.marchenko_pastur_edge": lambda: {"n": 8, "d": 3, "sigma": 1.0},
    "groups.matched_gaussian": lambda: {"points": POINTS, "seed": 0},
    "groups.permute_columns": lambda: {"table": POINTS, "seed": 0},
    "groups.shuffle_ratings": lambda: {"ratings": STARS, "seed": 0},
    "metrics.bce_floor": lambda: {"x": POINTS},
    "metrics.binary_cross_entropy": lambda: {"truth": POINTS, "prediction": POINTS},
    "metrics.bootstrap_interval": lambda: {
        "values": np.arange(4.0),
        "level": 0.95,
        "resamples": 10,
        "seed": 0,
    },
    "metrics.continuity": lambda: {"x": POINTS, "codes": CODES, "k": 2},
    "metrics.coverage": lambda: {"real": POINTS, "drawn": POINTS + 0.01, "k": 2},
    "metrics.dead_units": lambda: {"codes": POINTS},
    "metrics.frechet_distance": lambda: {"x": POINTS, "y": POINTS + 0.01},
    "metrics.grid_report": lambda: {"errors": {2: 0.5, 4: 0.3}, "names": "k"},
    "metrics.hidden_ranks": lambda: {"scores": SCORES, "relevant": HIDDEN, "seed": 0},
    "metrics.importance_bound": lambda: {"log_weights": CODES},
    "metrics.knn_accuracy": lambda: {
        "codes": CODES,
        "labels": LABELS.astype(int),
        "test_codes": CODES + 0.01,
        "test_labels": LABELS.astype(int),
        "k": 2,
    },
    "metrics.masked_rmse": lambda: {
        "hidden": STARS,
        "prediction": SCORES,
        "baseline": SCORES + 0.5,
        "level": 0.95,
        "resamples": 10,
        "seed": 0,
    },
    "metrics.mean_interval": lambda: {"values": np.arange(4.0), "level": 0.95},
    "metrics.ndcg_at_k": lambda: {"scores": SCORES, "relevant": HIDDEN, "k": 2},
    "metrics.nearest_distance": lambda: {"points": POINTS, "known": POINTS + 0.01},
    "metrics.people_needed": lambda: {"gap": 0.5, "spread": 1.0, "power": 0.8, "level": 0.95},
    "metrics.psnr": lambda: {"truth": POINTS, "image": POINTS + 0.01},
    "metrics.recall_at_k": lambda: {"scores": SCORES, "relevant": HIDDEN, "k": 2},
    "metrics.rmse": lambda: {"truth": STARS.toarray(), "prediction": SCORES, "where": HIDDEN},
    "metrics.sampled_recall": lambda: {
        "ranks": np.array([2, 0, 8]),
        "rivals": np.array([10, 10, 10]),
        "negatives": 1,
        "k": 1,
    },
    "metrics.trustworthiness": lambda: {"x": POINTS, "codes": CODES, "k": 2},
    "noise.gaussian_noise": lambda: {"images": POINTS, "sigma": 0.1, "seed": 0},
    "noise.mask_observed": lambda: {"matrix": STARS, "fraction": 0.5, "seed": 0},
    "output_curve.fit_output_curve": lambda: {
        "answer": CODES,
        "target": CODES[:, ::-1],
        "bins": 2,
    },
    "ranking.top_k": lambda: {"scores": SCORES, "k": 2},
    "reading.match_atoms": lambda: {"learnt": POINTS, "truth": POINTS[:4], "either_sign": False},
    "reading.rank_sums": lambda: {"activity": CODES, "labels": LABELS[:, np.newaxis]},
    "reading.read_units": lambda: {
        "activity": CODES,
        "labels": np.stack([LABELS, LABELS[::-1]], axis=1),
        "half": np.arange(8) < 4,
        "k": 2,
        "level": 0.05,
    },
    "reading.top_share": lambda: {"activity": CODES, "labels": LABELS[:, np.newaxis], "k": 2},
    "rungs.ease": lambda: {"train": LIKES, "l2": 1.0},
    "rungs.implicit_als": lambda: {"train": LIKES, "setting": (2, 1.0, 1.0)},
    "rungs.item_knn": lambda: {"train": LIKES, "k": 2},
    "rungs.popularity": lambda: {"train": LIKES},
    "rungs.pure_svd": lambda: {"train": LIKES, "k": 2},
    "similarity.Questions.ask": lambda: {"scorer": lambda items: SCORES[items % 8]},
    "similarity.cosine_scorer": lambda: {
        "vectors": BY_ITEM,
        "support": SUPPORT,
        "min_support": 1,
        "shrink": 1.0,
    },
    "similarity.draw_questions": questions,
    "similarity.evaluate_similarity": lambda: {
        "scorer": lambda items: SCORES[items % 8],
        **questions(),
    },
    "similarity.similar_items": lambda: {
        "query": 1,
        "vectors": BY_ITEM,
        "k": 2,
        "support": SUPPORT,
        "min_support": 1,
        "shrink": 1.0,
    },
    "similarity.top_k_cosine": lambda: {
        "vectors": BY_ITEM,
        "k": 2,
        "block_rows": 4,
    },
    "sparse.check_indices": lambda: {"indices": np.array([0, 2]), "num_classes": 3},
    "sparse.from_ragged": lambda: {
        "values": np.array([5, 8, 2]),
        "row_splits": np.array([0, 2, 2, 3]),
        "num_columns": 2,
    },
    "sparse.index_to_indicator": lambda: {
        "indices": np.array([0, 2]),
        "num_classes": 3,
        "dtype": np.float32,
    },
    "sparse.left_align": lambda: {"matrix": STARS, "trim": False},
    "sparse.to_ragged": lambda: {"matrix": STARS},
    "steering.gain_at_price": lambda: {
        "steering": steering.Steering(
            np.arange(3.0),
            np.array([[0.1], [0.3], [0.9]]),
            np.array([[1.0], [0.8], [0.2]]),
        ),
        "price": 0.5,
    },
    "steering.steer": lambda: {
        "scores": SCORES,
        "bonus": np.arange(6.0),
        "wanted": np.arange(6) > 3,
        "hidden": HIDDEN,
        "strengths": np.array([0.0, 1.0]),
        "k": 2,
    },
}
# The object of which a method is called.
SELVES = {
    "factorization.EASE": lambda: factorization.fit_ease(LIKES, 1.0),
    "factorization.ImplicitALS": lambda: factorization.fit_implicit_als(LIKES, 2, **RIDGE),
    "factorization.SVD": lambda: factorization.truncated_svd(STARS.astype(float), 2),
    "similarity.Questions": lambda: similarity.draw_questions(
        BY_ITEM, BY_ITEM, GENRES, queries_per_user=2
    ),
}


# Functions whose arguments are other things, or that start processes: they have tests of their own.
ELSEWHERE = re.compile(
    r"(checks|plots|runtime|tensorflow_lookup|work)\.|ranking\.(?!top_k$)|exams\.climb_by$|"
    r"datasets\.(download|load_movielens)$|"
    r"distributed\.(add|command_cluster|connect|fold|launch|local_cluster|torchrun_environment|"
    r"write_grouplens)$"
)


@pytest.mark.parametrize("name", CALLS)
def test_every_wrong_value_gets_the_message_that_was_approved(name):
    assert lines_for(thing_named(name, SELVES), CALLS[name]) == approved("plain")[name]


def test_every_message_names_an_argument():
    assert messages_that_name_no_argument("plain") == []


def test_every_public_function_is_called():
    assert [name for name in not_called(None, CALLS, SELVES) if not ELSEWHERE.match(name)] == []
