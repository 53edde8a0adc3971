"""Scores that several topics share, each defined by its formula."""

from course_utils.metrics.draws import (
    coverage,
    frechet_distance,
    importance_bound,
    nearest_distance,
)
from course_utils.metrics.errors import bce_floor, binary_cross_entropy, psnr, rmse
from course_utils.metrics.grids import grid_report
from course_utils.metrics.intervals import (
    MaskedScore,
    bootstrap_interval,
    masked_rmse,
    mean_interval,
    people_needed,
)
from course_utils.metrics.lists import ndcg_at_k, recall_at_k
from course_utils.metrics.maps import continuity, dead_units, knn_accuracy, trustworthiness
from course_utils.metrics.sampled import HiddenRanks, hidden_ranks, sampled_recall

__all__ = [
    "HiddenRanks",
    "MaskedScore",
    "bce_floor",
    "binary_cross_entropy",
    "bootstrap_interval",
    "continuity",
    "coverage",
    "dead_units",
    "frechet_distance",
    "grid_report",
    "hidden_ranks",
    "importance_bound",
    "knn_accuracy",
    "masked_rmse",
    "mean_interval",
    "ndcg_at_k",
    "nearest_distance",
    "people_needed",
    "psnr",
    "recall_at_k",
    "rmse",
    "sampled_recall",
    "trustworthiness",
]
