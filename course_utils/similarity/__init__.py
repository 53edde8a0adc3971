"""Find similar items without ever holding all pairs, and find out whether they are similar.

The n × n matrix of cosines is what everybody writes first and nobody needs: ten neighbours of each
item are n × 10 numbers. And a list of neighbours looks convincing whatever made it, so the second
half of this package asks people who were kept aside.
"""

from course_utils.similarity.evaluation import (
    Questions,
    SimilarityEvaluation,
    draw_questions,
    evaluate_similarity,
)
from course_utils.similarity.neighbours import (
    Neighbours,
    Scorer,
    cosine_scorer,
    similar_items,
    top_k_cosine,
)

__all__ = [
    "Neighbours",
    "Questions",
    "Scorer",
    "SimilarityEvaluation",
    "cosine_scorer",
    "draw_questions",
    "evaluate_similarity",
    "similar_items",
    "top_k_cosine",
]
