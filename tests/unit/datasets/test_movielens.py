"""course_utils.datasets.movielens: what is read, and what is refused and how."""

import gzip
import hashlib
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from course_utils import datasets
from course_utils.datasets import (
    _grouplens,
    data_directory,
    load_movielens,
)

HEADER = "userId,movieId,rating,timestamp\n"
RATINGS = HEADER + "1,10,4.0,100\n1,20,0.5,101\n7,20,5.0,102\n"
MOVIES = 'movieId,title,genres\n10,Léon (1994),Drama\n20,"Null, The (2001)",Comedy|Drama\n'


def grouplens(
    folder: Path, ratings=RATINGS, movies=MOVIES, ending=".csv", encoding="utf-8"
) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in (("ratings", ratings), ("movies", movies)):
        content = text if isinstance(text, bytes) else text.encode(encoding)
        if content:
            (folder / f"{name}{ending}").write_bytes(content)
        else:
            (folder / f"{name}{ending}").touch()
    return folder


def test_shipped_movielens():
    ratings, movies = load_movielens()
    assert ratings.dtypes.to_dict() == {
        "userId": np.int32,
        "movieId": np.int32,
        "rating": np.float32,
        "timestamp": np.int64,
    }
    assert isinstance(ratings.index, pd.RangeIndex)
    assert len(ratings) == 100_004
    assert ratings.iloc[0].tolist() == [1, 31, 2.5, 1260759144]
    assert movies.movieId.dtype == np.int32
    assert movies.title[movies.movieId == 1485].item() == "Liar Liar (1997)"
    assert not movies.isna().any().any()


@pytest.mark.slow
def test_matrix_equals_the_pivot_of_the_source():
    movielens = load_movielens()
    matrix, item_ids, user_ids = movielens.matrix()
    assert isinstance(matrix, csr_array)
    assert matrix.dtype == np.float32
    assert matrix.indices.dtype == np.int32
    assert matrix.shape == (9066, 671)
    pivot = movielens.ratings.pivot(index="movieId", columns="userId", values="rating").fillna(0)
    np.testing.assert_array_equal(matrix.toarray(), pivot.to_numpy())
    np.testing.assert_array_equal(item_ids, pivot.index)
    np.testing.assert_array_equal(user_ids, pivot.columns)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_folder(tmp_path, packed, line_end):
    ratings, movies = (text.replace("\n", line_end).encode() for text in (RATINGS, MOVIES))
    if packed:
        grouplens(tmp_path, gzip.compress(ratings, mtime=0), gzip.compress(movies), ".csv.gz")
    else:
        grouplens(tmp_path, ratings, movies)
    movielens = load_movielens(str(tmp_path))
    assert movielens.ratings.userId.tolist() == [1, 1, 7]
    assert movielens.ratings.rating.tolist() == [4.0, 0.5, 5.0]
    assert movielens.ratings.timestamp.tolist() == [100, 101, 102]
    assert movielens.movies.title.tolist() == ["Léon (1994)", "Null, The (2001)"]
    assert movielens.movies.genres.tolist() == ["Drama", "Comedy|Drama"]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    grouplens(tmp_path, RATINGS, MOVIES, encoding="utf-8-sig")
    assert len(load_movielens(tmp_path).ratings) == 3


def test_gzip_is_known_by_its_bytes_not_by_the_name(tmp_path):
    grouplens(tmp_path, gzip.compress(RATINGS.encode(), mtime=0), gzip.compress(MOVIES.encode()))
    assert len(load_movielens(tmp_path).ratings) == 3


def test_dat_folder(tmp_path):
    # "\x85" ends a line for str.splitlines, and is a letter of old Windows texts.
    grouplens(
        tmp_path,
        "1::1193::5::978300760\n6040::661::3::978302109\n",
        "661::James and the Giant Peach: Again (1996)::Animation|Children's\n"
        "1193::Léon\x85 (1994)::Drama\n",
        ".dat",
        "latin-1",
    )
    movielens = load_movielens(tmp_path)
    assert movielens.ratings.to_numpy().tolist() == [
        [1, 1193, 5, 978300760],
        [6040, 661, 3, 978302109],
    ]
    assert movielens.movies.title.tolist() == [
        "James and the Giant Peach: Again (1996)",
        "Léon\x85 (1994)",
    ]
    assert movielens.matrix().matrix.toarray().tolist() == [[0, 3], [5, 0]]


def test_columns_are_found_by_name_and_others_ignored(tmp_path):
    text = "timestamp,rating,tag,userId,movieId\n5,4.0,x,1,10\n6,3.5,,2,20\n"
    ratings = load_movielens(grouplens(tmp_path, text)).ratings
    assert list(ratings.columns) == ["userId", "movieId", "rating", "timestamp"]
    assert ratings.to_numpy().tolist() == [[1, 10, 4, 5], [2, 20, 3.5, 6]]


def test_whole_numbers_with_a_point_are_whole(tmp_path):
    text = HEADER + "7.0,10.0,4,102.0\n8.0,10,4,9007199254740992.0\n"
    movies = "movieId,title,genres\n10.0,A,B\n"
    ratings, films = load_movielens(grouplens(tmp_path, text, movies))
    assert ratings.to_numpy().tolist() == [[7, 10, 4, 102], [8, 10, 4, 2**53]]
    assert films.movieId.tolist() == [10]


def test_truths_are_no_numbers(tmp_path):
    text = HEADER + "True,10,4,102\nTrue,20,4,103\n"  # pandas would read two users 1
    with pytest.raises(ValueError, match=r"ratings\.csv, line 2: userId is 'True'"):
        load_movielens(grouplens(tmp_path, text))


def test_large_time_stamps_are_exact(tmp_path):
    text = HEADER + f"7,10,4,{2**53 + 1}\n8,10,4,{2**63 - 1}\n"
    ratings = load_movielens(grouplens(tmp_path, text)).ratings
    assert ratings.timestamp.tolist() == [2**53 + 1, 2**63 - 1]


def test_films_named_like_missing_values_stay(tmp_path):
    movies = "movieId,title,genres\n10,NA,Drama\n20,null,Drama\n"
    assert load_movielens(grouplens(tmp_path, movies=movies)).movies.title.tolist() == [
        "NA",
        "null",
    ]


def test_a_long_file_is_read_in_pieces(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    places = rng.permutation(50 * 40)[:1000]  # neither sorted by user nor by film
    table = pd.DataFrame(
        {
            "userId": places // 40 + 1,
            "movieId": places % 40 + 1,
            "rating": rng.integers(1, 11, 1000) / 2,
            "timestamp": rng.integers(0, 2**33, 1000),
        }
    )
    movies = "movieId,title,genres\n" + "".join(f"{i},t,g\n" for i in range(1, 41))
    grouplens(tmp_path, table.to_csv(index=False, lineterminator="\n"), movies)
    monkeypatch.setattr(_grouplens, "_CHUNK_ROWS", 64)
    ratings = load_movielens(tmp_path).ratings
    assert isinstance(ratings.index, pd.RangeIndex)
    np.testing.assert_array_equal(ratings.to_numpy(), table.to_numpy())
    lines = table.to_csv(index=False, lineterminator="\n").splitlines(keepends=True)
    lines[700] = "3,4,five,6\n"
    (tmp_path / "ratings.csv").write_text("".join(lines))
    with pytest.raises(ValueError, match="line 701: rating is 'five'"):
        load_movielens(tmp_path)


def test_no_dense_matrix_is_made(tmp_path):
    """A million users by a million films would be 4 TB; the sparse way takes no notice."""
    ids = [1, 500_000, 1_000_000]
    ratings = HEADER + "".join(f"{user},{film},4,1\n" for user in ids for film in ids)
    movies = "movieId,title,genres\n" + "".join(f"{film},t,g\n" for film in ids)
    matrix, item_ids, user_ids = load_movielens(grouplens(tmp_path, ratings, movies)).matrix()
    assert matrix.shape == (3, 3)
    assert item_ids.tolist() == user_ids.tolist() == ids


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,20,good,102", "rating is 'good'; expected a number from 0.5 to 5"),
        ("7,20,0,102", "rating is '0'; expected a number from 0.5 to 5"),
        ("7,20,5.5,102", "rating is '5.5'"),
        ("7,20,-1,102", "rating is '-1'"),
        ("7,20,,102", "rating is ''"),
        ("7,20,NaN,102", "rating is 'NaN'"),
        ("7,20,inf,102", "rating is 'inf'"),
        ("7.5,20,4,102", "userId is '7.5'; expected a whole number from 1 to 2147483647"),
        ("0,20,4,102", "userId is '0'"),
        ("-7,20,4,102", "userId is '-7'"),
        ("5000000000,20,4,102", "userId is '5000000000'"),
        ("99999999999999999999,20,4,102", "userId is '99999999999999999999'"),
        ("True,20,4,102", "userId is 'True'"),
        ("1_0,20,4,102", "userId is '1_0'"),
        ("7,20,4,102\0", "timestamp is '102\\x00'"),
        ("7,x,4,102", "movieId is 'x'"),
        (",20,4,102", "userId is ''"),
        ("7,20,4,late", "timestamp is 'late'"),
        ("7,20,4,-3", "timestamp is '-3'"),
        ("7,20,4", "3 fields in '7,20,4'; expected 4 (userId, movieId, rating, timestamp)"),
        ("7,20,4,102,9", "5 fields in '7,20,4,102,9'; expected 4"),
        ("7,30,4,102", "film 30 is not in"),
    ],
)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_bad_csv_line_is_named(tmp_path, line, message, place):
    first, second = "1,10,4.0,100", "1,20,0.5,101"
    lines = {
        "first": [line, "8,10,4.0,100", second],
        "middle": [first, "", line, second],
        "last": [first, second, line],
    }[place]
    number = {"first": 2, "middle": 4, "last": 4}[place]
    grouplens(tmp_path, HEADER + "".join(f"{text}\n" for text in lines))
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_movielens(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'ratings.csv'}, line {number}: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1::10::six::1", "rating is 'six'"),
        ("1::10::9::1", "rating is '9'"),
        ("1::10::4", "3 fields"),
        ("1::10::4::1::2", "5 fields"),
        ("1:10:4:1", "1 fields"),
        ("1:x:10::4::1", "3 fields"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_bad_dat_line_is_named(tmp_path, line, message, place):
    lines = ["2::10::4::1"]
    lines.insert(place, line)
    grouplens(tmp_path, "\n".join(lines) + "\n", "10::A::B\n", ".dat")
    with pytest.raises(ValueError, match=rf"ratings\.dat, line {place + 1}: {re.escape(message)}"):
        load_movielens(tmp_path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1,10,4,1", "1,10,3,2"], "line 3: user 1 rates film 10 again (first on line 2)"),
        (["1,10,4,1", "", "1,20,4,1", "1,10,4,1"], "line 5: user 1 rates film 10 again (first on"),
        (
            ["1,10,4,1", "7,20,4,1", "7,20,4,1"],
            "line 4: user 7 rates film 20 again (first on line 3",
        ),
    ],
)
def test_a_repeated_pair_is_named(tmp_path, lines, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load_movielens(grouplens(tmp_path, HEADER + "\n".join(lines) + "\n"))


def test_the_first_of_several_repeats_is_named(tmp_path):
    text = HEADER + "9,20,4,1\n9,10,4,1\n1,20,4,1\n9,20,3,1\n9,10,3,1\n9,20,3,1\n"
    with pytest.raises(ValueError, match=r"line 5: user 9 rates film 20 again \(first on line 2\)"):
        load_movielens(grouplens(tmp_path, text))


def test_a_field_too_many_in_every_line_is_seen(tmp_path):
    text = HEADER + "7,20,4,4,9\n8,20,4,4,9\n"  # shifted by one, all values would be in range
    with pytest.raises(ValueError, match=r"line 2: 5 fields in '7,20,4,4,9'; expected 4"):
        load_movielens(grouplens(tmp_path, text))


@pytest.mark.parametrize("missing", ["userId", "movieId", "rating", "timestamp"])
def test_a_missing_column_is_named(tmp_path, missing):
    text = RATINGS.replace(missing, "other")
    with pytest.raises(ValueError, match=rf"ratings\.csv, line 1: no column {missing}; .* other"):
        load_movielens(grouplens(tmp_path, text))


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ("", "ratings.csv is empty"),
        ("\n\n", "ratings.csv is empty"),
        (HEADER.replace(",", "\r"), "line 1: no column"),
        (HEADER, "holds no ratings"),
        (RATINGS[:-6], "line 4: "),
        (gzip.compress(RATINGS.encode(), mtime=0)[:-9], "the gzip file is cut or damaged"),
        (
            gzip.compress(RATINGS.encode(), mtime=0)[:-8] + b"\0" * 8,
            "the gzip file is cut or damaged",
        ),
        (b"\xff\xfe" + RATINGS.encode("utf-16-le"), "is text in UTF-16, expected UTF-8"),
    ],
)
def test_a_cut_ratings_file_is_refused(tmp_path, ratings, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_movielens(grouplens(tmp_path, ratings))
    assert str(tmp_path / "ratings.csv") in str(caught.value)


@pytest.mark.parametrize(
    ("movies", "message"),
    [
        ("", "movies.csv is empty"),
        (
            "movieId,name,genres\n10,A,B\n",
            "line 1: no column title; the header names movieId, name, genres",
        ),
        ("movieId,title,genres\nten,A,B\n", "line 2: movieId is 'ten'; expected a whole number"),
        ("movieId,title,genres\n1.5,A,B\n", "line 2: movieId is '1.5'"),
        (
            "movieId,title,genres\n10,A,B\n\n10,C,D\n",
            "line 4: movieId is '10' again; expected",
        ),
        ("movieId,title,genres\n10,A,B\n20,,B\n", "line 3: title is ''; expected a title"),
        ("movieId,title,genres\n10,A,B\n20,C\n", "line 3: 2 fields in '20,C'; expected 3"),
        ("movieId,title,genres\n10,A,B\n20,C,D,E\n", "line 3"),
        ("movieId,title,genres\n10,A,B,C\n20,C,D,E\n", "line 2: 4 fields"),
        ('movieId,title,genres\n10,A,B\n20,"C,D\n', "line 3: unexpected end of data"),
        (MOVIES.encode("latin-1"), "not text in UTF-8"),
        ("movieId,title,genres\n10,A,B\n", "line 3: film 20 is not in"),
        (gzip.compress(MOVIES.encode(), mtime=0)[:-9], "the gzip file is cut or damaged"),
    ],
)
def test_a_bad_films_file_is_refused(tmp_path, movies, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_movielens(grouplens(tmp_path, movies=movies))
    assert str(tmp_path / "movies.csv") in str(caught.value)


@pytest.mark.parametrize(
    ("movies", "message"),
    [
        ("10::A\n20::B::C\n", "line 1: 2 fields in '10::A'; expected 3"),
        ("10::A::B\n20::A::B::C\n", "line 2: 4 fields"),
    ],
)
def test_a_bad_films_dat_is_refused(tmp_path, movies, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load_movielens(grouplens(tmp_path, "1::10::4::1\n", movies, ".dat"))


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing does not exist; expected a folder"):
        load_movielens(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match=r"no ratings in .*ratings\.csv.*ratings\.dat"):
        load_movielens(tmp_path)
    grouplens(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"ratings\.csv is a file; expected a folder"):
        load_movielens(tmp_path / "ratings.csv")
    (tmp_path / "movies.csv").unlink()
    with pytest.raises(FileNotFoundError, match="no movies in"):
        load_movielens(tmp_path)


@pytest.mark.slow
def test_a_changed_shipped_file_is_refused(tmp_path, monkeypatch):
    shutil.copytree(data_directory() / "ml-latest-small", tmp_path / "ml-latest-small")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert len(load_movielens().ratings) == 100_004
    shutil.copy(Path(datasets.__file__).parents[2] / "data" / "SHA256SUMS", tmp_path)
    assert len(load_movielens().ratings) == 100_004
    path = tmp_path / "ml-latest-small" / "ratings.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))  # cut between two lines: only the hash can tell
    with pytest.raises(ValueError, match=r"ratings\.csv is not the file that ships.*build\.py"):
        load_movielens()


def test_times_stand_where_the_stars_stand(tmp_path):
    loaded = load_movielens(grouplens(tmp_path))
    when, users, films = loaded.rated_at()
    stars = loaded.users_by_items().matrix
    assert (users.tolist(), films.tolist()) == ([1, 7], [10, 20])
    assert when.dtype == np.int64
    assert when.toarray().tolist() == [[100, 101], [0, 102]]
    np.testing.assert_array_equal(when.indices, stars.indices)
    np.testing.assert_array_equal(when.indptr, stars.indptr)


def test_the_shipped_times_are_those_of_the_file():
    loaded = load_movielens()
    when, users, films = loaded.rated_at()
    row = loaded.ratings.iloc[77_777]
    place = np.searchsorted(users, row["userId"]), np.searchsorted(films, row["movieId"])
    assert when[place] == row["timestamp"]
    first = loaded.ratings.groupby("userId").timestamp.min().to_numpy()
    np.testing.assert_array_equal(np.minimum.reduceat(when.data, when.indptr[:-1]), first)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda table: table.drop(columns="timestamp"), "must have a column 'timestamp', got use"),
        (lambda table: table.assign(timestamp=[1.0, np.nan, 2]), "timestamp must be finite"),
        (lambda table: table.assign(timestamp=[1, 2.5, 3]), "whole seconds since 1970, got 2.5"),
        (lambda table: pd.concat([table, table]), "each pair of user and film once"),
    ],
)
def test_without_times_nothing_is_split(tmp_path, change, text):
    loaded = load_movielens(grouplens(tmp_path))
    with pytest.raises(ValueError, match=text):
        loaded._replace(ratings=change(loaded.ratings)).rated_at()


def test_what_is_wrong_with_times_is_said_in_full(tmp_path):
    loaded = load_movielens(grouplens(tmp_path))
    bare = loaded._replace(ratings=loaded.ratings.drop(columns="timestamp"))
    with pytest.raises(ValueError, match="timestamp") as error:
        bare.rated_at()
    assert str(error.value) == (
        "ratings must have a column 'timestamp', got userId, movieId, rating; without times nothing"
        " can be split by time, take an edition of GroupLens that has them"
    )
    halves = loaded._replace(ratings=loaded.ratings.assign(timestamp=[1, 2.5, 3.5]))
    with pytest.raises(ValueError, match="timestamp") as error:
        halves.rated_at()
    assert str(error.value) == ("timestamp must be whole seconds since 1970, got 2.5 in row 1")


@pytest.mark.parametrize("column", ["rating", "timestamp"])
def test_a_column_that_is_there_twice_is_refused(tmp_path, column):
    loaded = load_movielens(grouplens(tmp_path))
    twice = pd.concat([loaded.ratings, loaded.ratings[[column]]], axis=1)
    with pytest.raises(ValueError, match=f"{column} must "):
        loaded._replace(ratings=twice).rated_at()


def test_what_is_said_of_a_table_without_an_end(tmp_path):
    for name, text, rows in (("ratings", RATINGS, 3), ("movies", MOVIES, 2)):
        folder = grouplens(tmp_path / name)
        (folder / f"{name}.csv").write_text(text[:-1], encoding="utf-8")
        with pytest.warns(UserWarning, match="no line break") as caught:
            load_movielens(folder)
        (warning,) = caught
        said = f"{folder / name}.csv: the last line has no line break, "
        assert str(warning.message).startswith(said)
        assert f" It was read: {rows} rows " in str(warning.message)


def test_a_repeat_in_a_table_of_ones_own_is_said_in_full(tmp_path):
    loaded = load_movielens(grouplens(tmp_path))
    rows = loaded.ratings.iloc[[0, 2, 1, 2, 0]]
    with pytest.raises(ValueError, match="pair") as error:
        loaded._replace(ratings=rows).items_by_users()
    assert str(error.value) == (
        "ratings must hold each pair of user and film once, got user 7 and film 20 again; keep one"
        " with .drop_duplicates(['userId', 'movieId'])"
    )


def test_matrices_have_small_types_and_ids_in_their_order(tmp_path):
    text = HEADER + "9,20,4.0,100\n1,20,0.5,101\n9,10,5.0,102\n"
    loaded = load_movielens(grouplens(tmp_path, text))
    for found, shape, rows in (
        (loaded.items_by_users(), [[0, 5], [0.5, 4]], [10, 20]),
        (loaded.users_by_items(), [[0, 0.5], [5, 4]], [1, 9]),
        (loaded.rated_at(), [[0, 101], [102, 100]], [1, 9]),
    ):
        assert found.matrix.toarray().tolist() == shape
        assert found.matrix.indices.dtype == found.matrix.indptr.dtype == np.int32
        assert found.row_ids.tolist() == rows
        assert found.row_ids.dtype == found.column_ids.dtype == np.int32
        assert sorted([found.row_ids.tolist(), found.column_ids.tolist()]) == [[1, 9], [10, 20]]
    assert loaded.rated_at().matrix.dtype == np.int64
    assert loaded.items_by_users().matrix.dtype == np.float32


def test_tables_without_ratings_are_a_matrix_without_cells():
    names = ["userId", "movieId", "rating", "timestamp"]
    empty = datasets.MovieLens(pd.DataFrame({name: [] for name in names}), pd.DataFrame())
    assert empty.items_by_users().matrix.shape == (0, 0)
    assert empty.rated_at().matrix.shape == (0, 0)


def test_half_precision_is_exact_and_a_rating_may_be_anything_finite(tmp_path):
    loaded = load_movielens(grouplens(tmp_path))
    for dtype in (np.float16, np.int8, np.float64):
        ratings = loaded.ratings.assign(rating=np.array([4, 0, 5], dtype=dtype))
        found = loaded._replace(ratings=ratings).users_by_items().matrix
        assert found.dtype == np.float32
        assert found.toarray().tolist() == [[4, 0], [0, 5]]
        assert found.nnz == 3


def test_a_rated_film_that_is_not_in_the_table_is_said_in_full(tmp_path):
    ratings = HEADER + "\n1,10,4.0,100\n1,30,0.5,101\n7,40,5.0,102\n"
    grouplens(tmp_path, ratings)
    with pytest.raises(ValueError, match="film 30") as error:
        load_movielens(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'ratings.csv'}, line 4: film 30 is not in {tmp_path / 'movies.csv'}; expected"
        " every rated film there (one of the two files may be cut, or of another edition)"
    )
    grouplens(tmp_path / "dat", "1::30::4::1\n", "10::A::B\n", ".dat")
    with pytest.raises(ValueError, match=r"ratings\.dat, line 1: film 30 is not in"):
        load_movielens(tmp_path / "dat")


def test_what_is_no_folder_is_said_in_full(tmp_path):
    wanted = "expected a folder with ratings.csv and movies.csv (or .dat, or u.data and u.item)"
    packed, text = tmp_path / "set.ZIP", tmp_path / "set.csv"
    with zipfile.ZipFile(packed, "w"):
        pass
    text.touch()
    (tmp_path / "cut.zip").touch()
    for path, error, message in (
        (tmp_path / "gone", FileNotFoundError, f" does not exist; {wanted}, such as ml-25m"),
        (text, FileNotFoundError, f" is a file; {wanted}, such as ml-25m"),
        (
            tmp_path / "cut.zip",
            ValueError,
            " is not a whole zip file, it was probably cut; get it again",
        ),
        (
            packed,
            FileNotFoundError,
            f" is a zip file; {wanted}. Unpack it with shutil.unpack_archive({str(packed)!r}) and"
            " give the folder that comes out",
        ),
    ):
        with pytest.raises(error) as caught:
            load_movielens(path)
        assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize("name", ["ratings.csv", "movies.csv"])
def test_without_a_path_the_tables_must_be_the_shipped_ones(tmp_path, monkeypatch, name):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    folder = grouplens(tmp_path / "ml-latest-small")
    assert len(load_movielens().ratings) == 3
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  ml-latest-small/{name}\n")
    assert len(load_movielens().ratings) == 3
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  ml-latest-small/{name}\n")
    with pytest.raises(ValueError, match=rf"{name} is not the file that ships"):
        load_movielens()
    assert len(load_movielens(folder).ratings) == 3  # a folder that is named is the reader's own
