"""Ways through the course, for readers who do not take all of it: topics of notebooks, in order."""

from __future__ import annotations

from typing import Final

ROUTES: Final = {
    "digits": (
        "start_here",
        "compare_svd_and_autoencoder",
        "autoencode_digits",
        "codes_in_two_dimensions",
        "map_digits_with_tsne",
        "denoise_digits",
        "codes_as_features",
        "draw_from_a_code",
    ),
    "recommenders": (
        "start_here",
        "align_and_index",
        "look_up_sparse_embeddings",
        "autoencode_sparse_rows",
        "missing_is_not_zero",
        "autoencode_interactions",
        "choose_the_width",
        "find_similar_films",
        "recommender_ladder",
        "examine_the_exam",
        "recommend_unrated_films",
    ),
    "half a day": (
        "start_here",
        "compare_svd_and_autoencoder",
        "autoencode_digits",
        "recommender_ladder",
    ),
}
