"""MovieLens: the edition that ships with the course, and every other one that is published."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from course_utils._arguments import dense
from course_utils._files import home
from course_utils.datasets._grouplens import find_table, has_header, read_movies, read_ratings
from course_utils.datasets._text import line_of_row
from course_utils.datasets.interactions import Interactions
from course_utils.datasets.shipped import check_shipped, data_directory


class MovieLens(NamedTuple):
    """A MovieLens data set as two tables.

    Introduced in *Check your set-up and find your way*.

    Attributes
    ----------
    ratings : pandas.DataFrame
        One row for each rating, in the order of the file: ``userId`` and ``movieId`` (int32),
        ``rating`` (float32, 0.5–5 stars), ``timestamp`` (int64, seconds since 1970-01-01 UTC).
    movies : pandas.DataFrame
        One row for each film: ``movieId`` (int32), ``title`` ("Toy Story (1995)") and ``genres``
        ("Comedy|Drama").
    """

    ratings: pd.DataFrame
    movies: pd.DataFrame

    def items_by_users(self) -> Interactions:
        """Return the ratings as a sparse matrix with a row for each film, a column for each user.

        Only films and users with at least one rating have a row or a column, both in ascending
        order of their id. Costs O(ratings); the dense matrix is never made. A cell that is not
        stored was not rated.

        Returns
        -------
        Interactions
            ``(matrix, item_ids, user_ids)``: a csr_array of float32 of shape (items, users), the
            ``movieId`` of each row and the ``userId`` of each column (int32).

        Raises
        ------
        ValueError
            If a rating is not finite, or a user rated a film twice; `load_movielens` refuses both,
            so this is for tables of one's own.

        Examples
        --------
        >>> ratings = pd.DataFrame(
        ...     {"userId": [7, 9, 7], "movieId": [20, 20, 10], "rating": [4.0, 0.5, 3.0]}
        ... )
        >>> matrix, item_ids, user_ids = MovieLens(ratings, pd.DataFrame()).items_by_users()
        >>> item_ids, user_ids
        (array([10, 20]), array([7, 9]))
        >>> matrix.toarray()
        array([[3. , 0. ],
               [4. , 0.5]], dtype=float32)
        """
        return self._matrix("movieId", "userId")

    def users_by_items(self) -> Interactions:
        """Return the ratings as a sparse matrix with a row for each user, a column for each film.

        The transpose of `items_by_users`, of which all else holds.

        Returns
        -------
        Interactions
            ``(matrix, user_ids, item_ids)``: a csr_array of float32 of shape (users, items), the
            ``userId`` of each row and the ``movieId`` of each column (int32).

        Examples
        --------
        >>> ratings = pd.DataFrame(
        ...     {"userId": [7, 9, 7], "movieId": [20, 20, 10], "rating": [4.0, 0.5, 3.0]}
        ... )
        >>> MovieLens(ratings, pd.DataFrame()).users_by_items().matrix.toarray()
        array([[3. , 4. ],
               [0. , 0.5]], dtype=float32)
        """
        return self._matrix("userId", "movieId")

    def rated_at(self) -> Interactions:
        """Return when each rating was given as a sparse matrix, a row for each user.

        Of the shape of `users_by_items`, and with a value in the same cells. The first rating of
        each user is ``np.minimum.reduceat(matrix.data, matrix.indptr[:-1])``, as no row is empty.

        Returns
        -------
        Interactions
            ``(matrix, user_ids, item_ids)``: a csr_array of int64, seconds since 1970-01-01 UTC.

        Raises
        ------
        ValueError
            If there are no times: the table of ratings has no column ``timestamp``, or one of them
            is missing or no whole number; or a user rated a film twice.

        Examples
        --------
        >>> ratings = pd.DataFrame({"userId": [7, 9, 7], "movieId": [20, 20, 10],
        ...                         "rating": [4.0, 0.5, 3.0], "timestamp": [50, 60, 40]})
        >>> MovieLens(ratings, pd.DataFrame()).rated_at().matrix.toarray()
        array([[40, 50],
               [ 0, 60]])
        """
        if "timestamp" not in self.ratings:
            raise ValueError(
                "ratings must have a column 'timestamp', got "
                f"{', '.join(map(str, self.ratings.columns))}; without times nothing can be split "
                "by time, take an edition of GroupLens that has them"
            )
        stars, users, films = self.users_by_items()
        times = dense("timestamp", self.ratings["timestamp"], ndim=1, empty=True)
        if (times != np.floor(times)).any():
            wrong = int(np.argmax(times != np.floor(times)))
            raise ValueError(
                f"timestamp must be whole seconds since 1970, got {times[wrong]:g} in row {wrong}"
            )
        rows = pd.Index(users).get_indexer(self.ratings["userId"])
        columns = pd.Index(films).get_indexer(self.ratings["movieId"])
        places = rows.astype(np.int32), columns.astype(np.int32)
        return Interactions(csr_array((times.astype(np.int64), places), stars.shape), users, films)

    def matrix(self) -> Interactions:
        """Return the ratings as a sparse matrix of items × users: another name of `items_by_users`.

        Introduced in *Check your set-up and find your way*.

        Returns
        -------
        Interactions
            ``(matrix, item_ids, user_ids)``; see `items_by_users`.

        Examples
        --------
        >>> load_movielens().matrix().matrix.shape
        (9066, 671)
        """
        return self.items_by_users()

    def _matrix(self, row: str, column: str) -> Interactions:
        rows, row_ids = pd.factorize(self.ratings[row].to_numpy(), sort=True)
        columns, column_ids = pd.factorize(self.ratings[column].to_numpy(), sort=True)
        values = dense("rating", self.ratings["rating"], ndim=1, empty=True, single=True)
        # int32 indices halve the memory; neither films nor users come near 2^31.
        places = (rows.astype(np.int32), columns.astype(np.int32))
        matrix = csr_array(
            (values.astype(np.float32, copy=False), places), shape=(len(row_ids), len(column_ids))
        )
        if matrix.nnz != len(values):  # SciPy has added up what stands in one cell
            again = self.ratings[self.ratings.duplicated([row, column])].iloc[0]
            raise ValueError(
                f"ratings must hold each pair of user and film once, got user {again['userId']:g} "
                f"and film {again['movieId']:g} again; keep one with .drop_duplicates(['userId', "
                "'movieId'])"
            )
        return Interactions(matrix, row_ids, column_ids)


def load_movielens(path: str | os.PathLike[str] | None = None) -> MovieLens:
    """Load MovieLens: the edition that ships with the course, or any GroupLens folder.

    Introduced in *Check your set-up and find your way*.

    Parameters
    ----------
    path : str or path-like, optional
        A folder of any published edition, unpacked; each file may be gzipped, and ``~`` is the
        home folder. ``u.data`` and ``u.item`` (ml-100k), ``ratings.dat`` and ``movies.dat``
        (ml-1m, ml-10m), or ``ratings.csv`` and ``movies.csv`` with a header (ml-20m, ml-25m,
        ml-32m, ml-latest, ml-latest-small). Other files in it are not read. Without it, the
        shipped ml-latest-small of October 2016: 100,004 ratings by 671 users of 9,066 films.
        `download` fetches larger sets and returns such a folder.

    Returns
    -------
    MovieLens
        ``(ratings, movies)``, two tables; ``.items_by_users()`` and ``.users_by_items()`` give the
        sparse matrix, either way round.

    Warns
    -----
    UserWarning
        If the last line of a file has no line break: many published files end so, and so does one
        that was cut within its last field.

    Raises
    ------
    FileNotFoundError
        If the folder or one of the two tables is missing, or the path is that of a zip file.
    ValueError
        If a file is empty, cut or damaged, a column is missing, a line has too few or too many
        fields, an id is not a whole number from 1, a rating is not a number from 0.5 to 5, a user
        rates a film twice, or a rated film is not in the table of films. The message names the
        file, the line and what was expected.

    Notes
    -----
    Read in pieces of a million rows: 20 bytes for each rating in the end, a little more on the way
    there. Lines may end as on Linux, Windows or old Macs.

    Titles are UTF-8 in every ``.csv``. A ``.dat`` or ``u.item`` that is not UTF-8 is latin-1, as
    ml-100k and ml-1m are; ml-10m is UTF-8. ml-100k marks genres by flags; they are written out
    here as in the later editions, "(no genres listed)" where there is none.

    References
    ----------
    F. M. Harper and J. A. Konstan (2015). The MovieLens datasets: history and context. ACM
    Transactions on Interactive Intelligent Systems 5(4), 19. doi:10.1145/2827872

    Examples
    --------
    >>> movielens = load_movielens()
    >>> len(movielens.ratings)
    100004
    >>> movielens.movies.title[movielens.movies.movieId == 1485].item()
    'Liar Liar (1997)'
    >>> movielens.matrix().matrix.shape
    (9066, 671)
    """
    folder = data_directory() / "ml-latest-small" if path is None else home(path)
    _check_folder(folder)
    ratings_path, movies_path = find_table(folder, "ratings"), find_table(folder, "movies")
    if path is None:
        check_shipped(folder.parent, ratings_path)
        check_shipped(folder.parent, movies_path)
    ratings, movies = read_ratings(ratings_path), read_movies(movies_path)
    rated = ratings["movieId"].to_numpy()
    known = np.isin(rated, movies["movieId"].to_numpy(), kind=None)
    if not known.all():
        row = int(np.argmin(known))
        line = line_of_row(ratings_path, row, int(has_header(ratings_path)))
        raise ValueError(
            f"{ratings_path}, line {line}: film {rated[row]} is not in {movies_path}; expected "
            "every rated film there (one of the two files may be cut, or of another edition)"
        )
    return MovieLens(ratings, movies)


def _check_folder(folder: Path) -> None:
    """Refuse what is not a folder, and say what to do with a zip file."""
    if folder.is_dir():
        return
    wanted = "expected a folder with ratings.csv and movies.csv (or .dat, or u.data and u.item)"
    if not folder.exists():
        raise FileNotFoundError(f"{folder} does not exist; {wanted}, such as ml-25m")
    if folder.suffix.lower() != ".zip":
        raise FileNotFoundError(f"{folder} is a file; {wanted}, such as ml-25m")
    if not zipfile.is_zipfile(folder):
        raise ValueError(f"{folder} is not a whole zip file, it was probably cut; get it again")
    raise FileNotFoundError(
        f"{folder} is a zip file; {wanted}. Unpack it with shutil.unpack_archive({str(folder)!r}) "
        "and give the folder that comes out"
    )
