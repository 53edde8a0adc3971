"""Films as bags of features, against titles read by hand and against the table that ships."""

import re

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets
from course_utils.datasets.films import film_features, title_years


def table(titles, genres=None, ids=None):
    n = len(titles)
    return pd.DataFrame(
        {
            "movieId": range(1, n + 1) if ids is None else ids,
            "title": titles,
            "genres": ["Drama"] * n if genres is None else genres,
        }
    )


def bags_of(features):
    """Names of the features of each film."""
    matrix, names, _ = features
    return [sorted(np.array(names)[matrix[[row]].indices]) for row in range(matrix.shape[0])]


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Toy Story (1995)", 1995),
        ("Toy Story (1995) ", 1995),
        ("2001: A Space Odyssey (1968)", 1968),
        ("Twin Peaks (1989-1990)", 1989),
        ("Fawlty Towers (1975–1979)", 1975),
        ("Still Running (2014-)", 2014),
        ("(500) Days of Summer (2009)", 2009),
        ("1984 (1984)", 1984),
        ("Babylon 5", np.nan),
        ("Blade (1998) Runner", np.nan),
        ("", np.nan),
    ],
)
def test_years(title, year):
    np.testing.assert_array_equal(title_years([title]), [year])


def test_a_film_is_the_bag_of_what_its_line_says():
    movies = table(
        ["Ghost Ship, The (1952)", "Ghost (1990)", "The Ship of Ghost II (1998)", "ship"],
        ["Horror|Mystery", "(no genres listed)", "Horror", "unknown"],
    )
    features = film_features(movies, least=2)
    assert bags_of(features) == [
        ["1950s", "Horror", "Mystery", "ghost", "ship"],
        ["1990s", "ghost"],
        ["1990s", "Horror", "ghost", "ship"],
        ["ship"],
    ]
    assert features.kinds.tolist() == ["genre"] * 2 + ["decade"] * 2 + ["word"] * 2
    assert set(features.matrix.data) == {1.0}


def test_a_word_counts_once_a_title_and_by_the_described_films():
    movies = table(["New York, New York (1977)", "New Age (1994)", "York (1999)"])
    assert film_features(movies, [1, 3], kinds=["word"], least=2).names == ["york"]
    assert film_features(movies, kinds=["word"], least=2).names == ["new", "york"]


def test_films_stand_in_the_order_asked_for():
    movies = table(["A (1990)", "B (1980)", "C (1970)"], ids=[9, 4, 7])
    assert bags_of(film_features(movies, [7, 9, 7], kinds=["decade"])) == [
        ["1970s"], ["1990s"], ["1970s"],
    ]  # fmt: skip


def test_kinds_may_be_left_out_and_their_order_does_not_matter():
    movies = datasets.load_movielens().movies
    whole = film_features(movies)
    for kinds in (["genre"], ["word", "decade"], ["decade", "word"]):
        some = film_features(movies, kinds=kinds)
        kept = np.isin(whole.kinds, kinds)
        assert some.names == np.array(whole.names)[kept].tolist()
        assert (some.matrix != whole.matrix[:, np.flatnonzero(kept)]).nnz == 0


def test_the_films_that_ship():
    movielens = datasets.load_movielens()
    ids = movielens.users_by_items().column_ids
    matrix, names, kinds = film_features(movielens.movies, ids)
    assert matrix.shape == (len(ids), len(names)) == (9066, len(kinds))
    lines = movielens.movies.set_index("movieId").loc[ids]
    for genre in ("Comedy", "IMAX", "Film-Noir"):
        expected = lines.genres.str.split("|").map(lambda parts, g=genre: g in parts)
        found = matrix[:, [names.index(genre)]].toarray()[:, 0] > 0
        np.testing.assert_array_equal(found, expected)
    expected = lines.title.str.contains(r"\(199\d\)\s*$")
    found = matrix[:, [names.index("1990s")]].toarray()[:, 0] > 0
    np.testing.assert_array_equal(found, expected)
    assert matrix[:, kinds == "word"].sum(axis=0).min() >= 3
    assert not {"the", "of", "a", "no genres listed"} & set(names)


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"movies": pd.DataFrame({"title": ["A"]})}, ValueError, "got none with movieId"),
        ({"movies": [1]}, TypeError, "movies must be a table"),
        ({"movies": table(["A", "B"], ids=[3, 3])}, ValueError, "got film 3 again"),
        ({"movies": table([])}, ValueError, "at least one film"),
        ({"film_ids": [1, 8]}, ValueError, "got film 8"),
        ({"film_ids": []}, ValueError, "got no film"),
        ({"film_ids": [1.5]}, TypeError, "film_ids"),
        ({"kinds": ["actor"]}, ValueError, "kinds"),
        ({"kinds": ["word", "word"]}, ValueError, "each once"),
        ({"kinds": []}, ValueError, "kinds"),
        ({"least": 0}, ValueError, "least"),
        ({"least": 2.0}, TypeError, "least"),
        ({"least": 5}, ValueError, "must have a word for some film"),
    ],
)
def test_refusals(changed, error, text):
    options = {"movies": table(["Ghost (1990)", "Ghost (1991)"]), "least": 1}
    with pytest.raises(error, match=re.escape(text)):
        film_features(**(options | changed))


@pytest.mark.parametrize(
    ("movies", "message"),
    [
        (
            table(["A (1990)", None, "C", None]),
            "movies must have a text in each cell of title, got none in row 1; put '' where there"
            " is none",
        ),
        (
            table(["A", "B", "C", "D"], ids=[1, 5, 1, 5]),
            "movies must name each film once, got film 1 again",
        ),
        (table([]), "movies must hold at least one film, got an empty table"),
        (
            table(["1", "2"]),
            "movies must have a decade for some film, got none in 2 films; take kinds from 'genre',"
            " 'word'",
        ),
        (
            table(["Ghost (1990)"], ["(no genres listed)"]),
            "movies must have a genre for some film, got none in 1 films; take kinds from"
            " 'decade', 'word'",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_said_in_full(movies, message):
    with pytest.raises(ValueError, match="movies") as error:
        film_features(movies, least=1)
    assert str(error.value) == message


def test_what_is_wrong_with_the_films_or_kinds_asked_for_is_said_in_full():
    movies = table(["Ghost (1990)", "Ghost (1991)"], ids=[3, 5])
    for options, message in (
        (
            {"film_ids": [5, 8, 9]},
            "film_ids must name films of the table, got film 8; take both from one edition",
        ),
        (
            {"film_ids": []},
            "film_ids must name films of the table, got no film; take both from one edition",
        ),
        (
            {"kinds": ["word", "genre", "word"]},
            "kinds must be some of genre, decade, word, each once, got ['word', 'genre', 'word']",
        ),
        ({"kinds": ()}, "kinds must be some of genre, decade, word, each once, got []"),
    ):
        with pytest.raises(ValueError, match="must") as error:
            film_features(movies, **options)
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Ghost Ship, The (1952)", {"ghost", "ship"}),
        ("L'Été à Zürich", {"été", "zürich"}),
        ("Se7en 2 x_y ab", {"se", "en", "ab"}),
        ("Ghost (1990) (1991)", {"ghost"}),
        ("A An THE and", set()),
        ("", set()),
    ],
)
def test_words_are_of_two_letters_and_more_and_no_articles(title, words):
    movies = table([title, "zzz"])
    features = film_features(movies, kinds=["word"], least=1)
    assert set(bags_of(features)[0]) == words


def test_a_word_that_three_films_have_is_a_column_unless_told_otherwise():
    movies = table(["Ghost", "Ghost Ship", "Ghost Ship", "Ship Rare"])
    assert film_features(movies, kinds=["word"]).names == ["ghost", "ship"]
    assert film_features(movies, kinds=["word"], least=4 - 1).names == ["ghost", "ship"]
    assert film_features(movies, kinds=["word"], least=1).names == ["ghost", "rare", "ship"]


def test_genres_are_read_without_blanks_and_decades_from_the_year():
    movies = table(
        ["A (1999)", "B (2000)", "C (2009)"], [" Drama | War", "War||Drama", "nan|unknown|War"]
    )
    features = film_features(movies, kinds=["genre", "decade"])
    assert features.names == ["Drama", "War", "1990s", "2000s"]
    assert features.kinds.tolist() == ["genre", "genre", "decade", "decade"]
    assert features.matrix.toarray().tolist() == [[1, 1, 1, 0], [1, 1, 0, 1], [0, 1, 0, 1]]
    assert features.matrix.dtype == np.float64


def test_years_of_no_titles_are_no_years():
    assert title_years(iter([])).tolist() == []
    assert title_years([]).dtype == np.float64


def test_a_film_without_a_feature_has_a_row_all_the_same():
    features = film_features(table(["Untitled", "A (1990)", "Untitled"]), kinds=["decade"])
    assert features.matrix.toarray().tolist() == [[0], [1], [0]]
