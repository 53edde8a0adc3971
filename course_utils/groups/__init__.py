"""Look for groups in a table, and ask what the same search finds where there are none.

k-means returns k groups of anything, so every number here comes with a null model: the same
computation on a table from which one thing was taken away.
"""

from course_utils.groups.clusters import Gap, bootstrap_agreement, choose_k, gap_statistic, k_means
from course_utils.groups.noise import marchenko_pastur_density, marchenko_pastur_edge
from course_utils.groups.null_models import (
    centre_observed,
    matched_gaussian,
    permute_columns,
    shuffle_ratings,
)

__all__ = [
    "Gap",
    "bootstrap_agreement",
    "centre_observed",
    "choose_k",
    "gap_statistic",
    "k_means",
    "marchenko_pastur_density",
    "marchenko_pastur_edge",
    "matched_gaussian",
    "permute_columns",
    "shuffle_ratings",
]
