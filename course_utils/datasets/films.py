"""Films as bags of features: genres, decades and title words, a row of ones for each film."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from course_utils import _arguments, _objects
from course_utils.datasets._grouplens import NO_GENRES

KINDS = ("genre", "decade", "word")

_YEAR = re.compile(r"\((\d{4})(?:[-–](?:\d{4})?)?\)\s*$")
_WORD = re.compile(r"[^\W\d_]{2,}")
# Articles, prepositions and joining words of the languages that titles are written in.
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "aka an and as at by da das de del der des di die du el for from il in into is it la las "
        "le les los of on or the to un una une with",
    )
)


class FilmFeatures(NamedTuple):
    """Films as rows of ones, a column for each feature.

    Introduced in *Recommend what nobody has rated*.

    Attributes
    ----------
    matrix : csr_array of float64, shape (films, features)
        1 where a film has a feature. A film may have none.
    names : list of str
        "Comedy", "1990s", "ghost": what each column stands for.
    kinds : ndarray of str, shape (features,)
        "genre", "decade" or "word". Columns of one kind stand together.
    """

    matrix: csr_array
    names: list[str]
    kinds: np.ndarray


def film_features(
    movies: pd.DataFrame,
    film_ids: ArrayLike | None = None,
    *,
    kinds: Sequence[str] = KINDS,
    least: int = 3,
) -> FilmFeatures:
    """Describe films by what is known before anybody has rated them.

    Introduced in *Recommend what nobody has rated*.

    Genres are those of the table. The decade comes from the year in brackets at the end of a
    title, and words from the rest: lower-case, of two letters and more, without articles and the
    like. All of it stands in the table of films; no rating is looked at.

    Parameters
    ----------
    movies : pandas.DataFrame
        As :func:`load_movielens` gives it, with ``movieId``, ``title`` and ``genres``.
    film_ids : array_like of int, shape (films,), optional
        Which films to describe, in this order, such as ``item_ids`` of ``items_by_users``. Default:
        all, in the order of the table.
    kinds : sequence of {"genre", "decade", "word"}
        Which columns to make.
    least : int
        A word is a column if so many of the described films have it.

    Returns
    -------
    FilmFeatures
        ``(matrix, names, kinds)``; genres and words in alphabetical order, decades in that of time.

    Raises
    ------
    TypeError
        If `film_ids` or `least` are no integers.
    ValueError
        If `movies` lacks a column or names a film twice, a film is not in it, a kind is unknown or
        given twice, or no film has a feature of a kind that is asked for.

    Examples
    --------
    >>> movies = pd.DataFrame({
    ...     "movieId": [7, 9],
    ...     "title": ["Ghost Ship, The (1952)", "Ghost (1990)"],
    ...     "genres": ["Horror|Mystery", "(no genres listed)"],
    ... })
    >>> features = film_features(movies, [9, 7], least=2)
    >>> features.names
    ['Horror', 'Mystery', '1950s', '1990s', 'ghost']
    >>> features.matrix.toarray()
    array([[0., 0., 0., 1., 1.],
           [1., 1., 1., 0., 1.]])
    """
    wanted = [
        _arguments.choice("kinds", kind, KINDS) for kind in _objects.items("kinds", kinds, "kinds")
    ]
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(f"kinds must be some of {', '.join(KINDS)}, each once, got {list(kinds)}")
    least = _arguments.integer("least", least, 1)
    described = _described(movies, film_ids)
    titles = described["title"].astype(str).tolist()
    bags = {
        "genre": lambda: [_genres(text) for text in described["genres"].astype(str)],
        "decade": lambda: [_decades(year) for year in title_years(titles)],
        "word": lambda: _kept([_words(title) for title in titles], least),
    }
    blocks = [_block(kind, bags[kind]()) for kind in KINDS if kind in wanted]
    names = [name for block_names, _, _ in blocks for name in block_names]
    of_kind = np.repeat([kind for kind in KINDS if kind in wanted], [len(b[0]) for b in blocks])
    starts = np.cumsum([0, *(len(block_names) for block_names, _, _ in blocks)])
    rows = np.concatenate([rows for _, rows, _ in blocks])
    columns = np.concatenate(
        [columns + start for (_, _, columns), start in zip(blocks, starts, strict=False)]
    )
    shape = len(described), len(names)
    return FilmFeatures(csr_array((np.ones(len(rows)), (rows, columns)), shape), names, of_kind)


def title_years(titles: Iterable[str]) -> np.ndarray:
    """Read the year at the end of each title.

    Parameters
    ----------
    titles : iterable of str
        Such as "Toy Story (1995)" or, of a series, "Twin Peaks (1989-1990)".

    Returns
    -------
    ndarray of float64
        The (first) year; NaN where a title ends otherwise.

    Examples
    --------
    >>> title_years(["Toy Story (1995)", "Twin Peaks (1989-1990)", "2001"])
    array([1995., 1989.,   nan])
    """
    found = [_YEAR.search(title) for title in _objects.texts("titles", titles, "titles")]
    return np.array([float(year[1]) if year else np.nan for year in found], dtype=float)


def check_movies(movies: pd.DataFrame) -> None:
    """Refuse what is no table of films, or one without a text where a title or genres should be."""
    _objects.table("movies", movies, ("movieId", "title", "genres"), "load_movielens(…).movies")
    for column in ("title", "genres"):
        missing = movies[column].isna().to_numpy()
        if missing.any():
            raise ValueError(
                f"movies must have a text in each cell of {column}, got none in row "
                f"{int(np.argmax(missing))}; put '' where there is none"
            )


def _described(movies: pd.DataFrame, film_ids: ArrayLike | None) -> pd.DataFrame:
    """Rows of the wanted films, in their order."""
    check_movies(movies)
    if movies["movieId"].duplicated().any():
        again = movies["movieId"][movies["movieId"].duplicated()].iloc[0]
        raise ValueError(f"movies must name each film once, got film {again} again")
    if film_ids is None:
        if not len(movies):
            raise ValueError("movies must hold at least one film, got an empty table")
        return movies
    ids = _arguments.integers("film_ids", film_ids)
    places = pd.Index(movies["movieId"]).get_indexer(ids)
    if not len(ids) or (places < 0).any():
        unknown = f"film {ids[int(np.argmin(places))]}" if len(ids) else "no film"
        raise ValueError(
            f"film_ids must name films of the table, got {unknown}; take both from one edition"
        )
    return movies.iloc[places]


def _genres(text: str) -> set[str]:
    return {part.strip() for part in text.split("|")} - {"", NO_GENRES, "nan", "unknown"}


def _decades(year: float) -> set[str]:
    return set() if np.isnan(year) else {f"{int(year) // 10 * 10}s"}


def _words(title: str) -> set[str]:
    return set(_WORD.findall(_YEAR.sub("", title).lower())) - _STOP_WORDS


def _kept(bags: list[set[str]], least: int) -> list[set[str]]:
    """Leave out what fewer than `least` bags hold."""
    counts = Counter(word for bag in bags for word in bag)
    return [{word for word in bag if counts[word] >= least} for bag in bags]


def _block(kind: str, bags: list[set[str]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the columns of one kind, and the places of its ones."""
    names = sorted(set().union(*bags))
    if not names:
        others = ", ".join(repr(other) for other in KINDS if other != kind)
        raise ValueError(
            f"movies must have a {kind} for some film, got none in {len(bags)} films; "
            f"take kinds from {others}"
        )
    column_of = {name: column for column, name in enumerate(names)}
    rows = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
    columns = [column_of[name] for bag in bags for name in sorted(bag)]
    return names, rows, np.array(columns)
