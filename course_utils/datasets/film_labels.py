"""What the table of films says about each: genres, and the decade in its title."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from course_utils._arguments import integers, number
from course_utils.datasets._grouplens import NO_GENRES
from course_utils.datasets.films import check_movies

_NOT_GENRES = [NO_GENRES, "unknown"]  # the second is ml-100k's


def film_labels(movies: pd.DataFrame, film_ids: ArrayLike, *, least: float = 0.02) -> pd.DataFrame:
    """Label films by genre and by the decade of the year that ends their title.

    Introduced in *Read and steer a code*.

    Parameters
    ----------
    movies : pandas.DataFrame
        The second table of :func:`load_movielens`: ``movieId``, ``title``, ``genres``.
    film_ids : array_like of int, shape (n,)
        The films to label, in this order.
    least : float
        A label that fewer than this share of the films carry is left out, and so is one that all
        films carry; from 0 to 1.

    Returns
    -------
    pandas.DataFrame of bool, shape (n, labels)
        A row for each film, indexed by its id. Columns are genres in alphabetic order, such as
        "Comedy", then decades, such as "1990s". A film may have several genres or none; without
        a year it has no decade.

    Raises
    ------
    TypeError
        If `film_ids` holds no integers, or `least` is not a number.
    ValueError
        If a film is not in the table, or an argument is out of range.

    Examples
    --------
    >>> movies = pd.DataFrame({
    ...     "movieId": [1, 2, 3],
    ...     "title": ["Toy Story (1995)", "Heat (1995) ", "Tron (1982)"],
    ...     "genres": ["Animation|Comedy", "Action|Crime", "Action"],
    ... })
    >>> film_labels(movies, [3, 1]).astype(int).reset_index(drop=True)
       Action  Animation  Comedy  1980s  1990s
    0       1          0       0      1      0
    1       0          1       1      0      1
    """
    ids = integers("film_ids", film_ids)
    least = number("least", least, 0, 1)
    check_movies(movies)
    table = movies.set_index("movieId")
    if len(lost := ids[~np.isin(ids, table.index)]):
        raise ValueError(
            f"film_ids must stand in the table of films, got {lost[0]}; give ids of movieId"
        )
    films = table.loc[ids]
    genres = films["genres"].str.get_dummies("|").drop(columns=_NOT_GENRES, errors="ignore")
    years = films["title"].str.extract(r"\((\d{3})\d\)\s*$", expand=False)
    decades = pd.get_dummies(years + "0s")
    labels = pd.concat([genres, decades], axis=1).astype(bool)
    shares = labels.mean()
    return labels.loc[:, (shares >= least) & (shares < 1)]
