"""Feedback on what the learner wrote: one module per notebook, one engine below them."""

from importlib import import_module
from types import ModuleType

from course_utils.checks.engine import (
    TODO,
    Breaking,
    Case,
    Exercise,
    Outcome,
    Prediction,
    Status,
    points,
    require,
    verdict,
)

__all__ = [
    "TODO",
    "Breaking",
    "Case",
    "Exercise",
    "Outcome",
    "Prediction",
    "Status",
    "points",
    "require",
    "verdict",
]

# Notebooks that learners copied from the first edition import their checks by number.
_FIRST_EDITION = {
    f"notebook_{number:02}": topic
    for number, topic in enumerate(
        (
            "start_here",
            "align_and_index",
            "embed_categories",
            "look_up_sparse_embeddings",
            "compare_svd_and_autoencoder",
            "missing_is_not_zero",
            "autoencode_digits",
            "codes_in_two_dimensions",
            "denoise_digits",
            "codes_as_features",
            "autoencode_interactions",
            "sparse_codes",
            "find_groups",
            "find_similar_films",
            "recommender_ladder",
        )
    )
}


def __getattr__(name: str) -> ModuleType:
    """Find the checks of a notebook of the first edition, such as `notebook_04`."""
    if name not in _FIRST_EDITION:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{_FIRST_EDITION[name]}")
