"""Feedback on what the learner wrote: one module per notebook, one engine below them."""

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
