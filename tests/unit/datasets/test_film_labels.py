"""Labels of films: every genre and decade that the table names, and nothing else."""

import re

import numpy as np
import pandas as pd
import pytest

from course_utils.datasets import film_labels, load_movielens

MOVIES = pd.DataFrame(
    {
        "movieId": [10, 20, 30, 40, 50, 60],
        "title": [
            "2001: A Space Odyssey (1968)",
            "Heat (1995) ",
            "Untitled",
            "Cosmos",
            "Dangerous Minds (199)",
            "Once (a) Time (1999)",
        ],
        "genres": ["Sci-Fi", "Action|Crime", "(no genres listed)", "unknown", "Drama", "Drama"],
    }
)


def test_genres_then_decades_in_the_order_asked_for():
    labels = film_labels(MOVIES, [40, 10, 20, 60])
    assert labels.index.tolist() == [40, 10, 20, 60]
    assert labels.columns.tolist() == ["Action", "Crime", "Drama", "Sci-Fi", "1960s", "1990s"]
    assert labels.dtypes.unique().tolist() == [np.dtype(bool)]
    carried = [set(labels.columns[row]) for row in labels.to_numpy()]
    expected = [set(), {"Sci-Fi", "1960s"}, {"Action", "Crime", "1990s"}, {"Drama", "1990s"}]
    assert carried == expected


def test_a_film_without_a_year_has_no_decade():
    labels = film_labels(MOVIES, [30, 50, 60], least=0)
    assert labels.loc[[30, 50], "1990s"].tolist() == [False, False]


def test_rare_labels_and_those_of_all_are_left_out():
    assert film_labels(MOVIES, [50, 60, 20], least=0.5).columns.tolist() == ["Drama", "1990s"]
    assert film_labels(MOVIES, [60]).columns.tolist() == []
    assert "1990s" not in film_labels(MOVIES, [20, 60], least=0)


def test_the_shipped_table_is_read_as_a_plain_loop_reads_it():
    movies = load_movielens().movies
    ids = movies["movieId"].to_numpy()[::7]
    labels = film_labels(movies, ids, least=0.02)
    rows = movies.set_index("movieId")
    counts: dict[str, int] = {}
    for film in ids:
        found = [g for g in rows.genres[film].split("|") if g not in ("(no genres listed)",)]
        year = re.search(r"\((\d\d\d)\d\)$", rows.title[film].strip())
        for label in found + ([f"{year[1]}0s"] if year else []):
            counts[label] = counts.get(label, 0) + 1
    frequent = {label: n for label, n in counts.items() if n >= 0.02 * len(ids)}
    assert labels.sum().to_dict() == frequent


def test_what_is_not_in_the_table_is_refused():
    with pytest.raises(ValueError, match="must stand in the table of films, got 7"):
        film_labels(MOVIES, [10, 7])
    with pytest.raises(TypeError, match="film_ids"):
        film_labels(MOVIES, [1.5])
    with pytest.raises(ValueError, match="least"):
        film_labels(MOVIES, [10], least=1.5)


def test_what_is_not_in_the_table_is_said_in_full():
    with pytest.raises(ValueError, match="got 7") as error:
        film_labels(MOVIES, [10, 7, 8])
    assert str(error.value) == (
        "film_ids must stand in the table of films, got 7; give ids of movieId"
    )


def test_a_label_of_two_in_a_hundred_is_kept_unless_told_otherwise():
    ids = range(1, 101)
    genres = ["War"] + ["Drama"] * 2 + ["Comedy|Crime"] * 97
    movies = pd.DataFrame({"movieId": ids, "title": ["A"] * 100, "genres": genres})
    assert film_labels(movies, ids).columns.tolist() == ["Comedy", "Crime", "Drama"]
    every = ["Comedy", "Crime", "Drama", "War"]
    assert film_labels(movies, ids, least=0.01).columns.tolist() == every
    assert film_labels(movies, ids, least=0).columns.tolist() == every
    assert film_labels(movies, ids, least=0.97).columns.tolist() == ["Comedy", "Crime"]
    assert film_labels(movies, ids, least=1).columns.tolist() == []


def test_an_edition_without_the_words_for_no_genre_has_labels_too():
    movies = MOVIES.iloc[[0, 1]]
    labels = film_labels(movies, [10, 20])
    assert labels.columns.tolist() == ["Action", "Crime", "Sci-Fi", "1960s", "1990s"]
