"""course_utils.datasets: what the loaders read, and what they refuse and how."""

import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from course_utils import datasets
from course_utils.datasets import (
    data_directory,
    load_interactions,
    load_mnist,
    load_movielens,
    planted_interactions,
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


# --- the folder of the data ----------------------------------------------------------------------


def test_data_directory_follows_the_environment(monkeypatch, tmp_path):
    assert data_directory() == Path(datasets.__file__).resolve().parent.parent / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data_directory() == tmp_path
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match=r"COURSE_DATA names .*nothing.* unset it"):
        data_directory()


def test_data_directory_says_what_to_do_without_a_checkout(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(
        datasets, "__file__", str(tmp_path / "site" / "course_utils" / "datasets.py")
    )
    with pytest.raises(FileNotFoundError, match=r"pip install -e \..*COURSE_DATA"):
        data_directory()


def test_no_framework_is_imported():
    code = (
        "import sys, course_utils.datasets;"
        "print(sorted({'torch', 'tensorflow', 'keras', 'pooch', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- MNIST ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


def test_mnist_has_the_promised_types(mnist):
    x_train, y_train, x_test, y_test = mnist
    assert x_train.shape == (60_000, 784)
    assert x_test.shape == (10_000, 784)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.shape == (60_000,)
    assert y_test.shape == (10_000,)
    assert y_train.dtype == y_test.dtype == np.uint8
    for array in mnist:
        assert array.flags.writeable
        assert array.flags.c_contiguous


def test_mnist_has_the_known_content(mnist):
    # The mean and the deviation that every MNIST tutorial normalises with, and the known class
    # counts.
    assert mnist.x_train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert mnist.x_train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    assert mnist.x_train.min() == 0
    assert mnist.x_train.max() == 1
    assert np.bincount(mnist.y_train).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    ]
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    # Every pixel is a byte divided by 255, correctly rounded.
    pixels = mnist.x_test[:50].astype(np.float64) * 255
    np.testing.assert_allclose(pixels, np.rint(pixels), atol=1e-4)


@pytest.fixture
def mnist_copy(tmp_path, monkeypatch):
    shutil.copytree(data_directory() / "mnist", tmp_path / "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path / "mnist"


def cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-5000] ^= 0x10
    path.write_bytes(content)


def flip_checksum(path):
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)


def not_gzip(path):
    path.write_bytes(b"<html>404</html>")


def empty(path):
    path.write_bytes(b"")


def labels_instead(path):
    shutil.copy(path.with_name("t10k-labels-idx1-ubyte.gz"), path)


def other_count(path):
    path.write_bytes(
        gzip.compress(b"\0\0\x08\x03\0\0\0\1\0\0\0\x1c\0\0\0\x1c" + bytes(784), mtime=0)
    )


@pytest.mark.parametrize(
    "damage", [cut, flip, flip_checksum, not_gzip, empty, labels_instead, other_count]
)
def test_a_damaged_mnist_file_is_named(mnist_copy, damage):
    path = mnist_copy / "train-images-idx3-ubyte.gz"  # the first to be read, so the test is quick
    damage(path)
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))} is .*build\.py"):
        load_mnist()


def test_the_header_of_an_mnist_file_is_read(mnist_copy):
    path = mnist_copy / "train-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[3] = 9  # the length stays right
    path.write_bytes(gzip.compress(content, mtime=0))
    with pytest.raises(
        ValueError, match=r"train-labels.* header \(2057, 60000\) .*\(2049, 60000\)"
    ):
        load_mnist()


def test_a_missing_mnist_file_is_named(mnist_copy):
    (mnist_copy / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"train-labels-idx1-ubyte\.gz is missing.*build\.py"
    ):
        load_mnist()


# --- MovieLens: what is read ---------------------------------------------------------------------


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
    monkeypatch.setattr(datasets, "_CHUNK_ROWS", 64)
    ratings = load_movielens(tmp_path).ratings
    assert isinstance(ratings.index, pd.RangeIndex)
    np.testing.assert_array_equal(ratings.to_numpy(), table.to_numpy())
    lines = table.to_csv(index=False, lineterminator="\n").splitlines(keepends=True)
    lines[700] = "3,4,five,6\n"
    (tmp_path / "ratings.csv").write_text("".join(lines))
    with pytest.raises(ValueError, match="line 701: rating is 'five'"):
        load_movielens(tmp_path)


# --- MovieLens: what is refused ------------------------------------------------------------------


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
        (RATINGS[:-1], "the last line has no line break"),
        (RATINGS[:-3], "the last line has no line break"),
        (RATINGS[:-6], "line 4: "),
        (gzip.compress(RATINGS.encode(), mtime=0)[:-9], "the gzip file is cut or damaged"),
        (
            gzip.compress(RATINGS.encode(), mtime=0)[:-8] + b"\0" * 8,
            "the gzip file is cut or damaged",
        ),
        (b"\xff\xfe" + RATINGS.encode("utf-16-le"), "line 1: no column"),
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
        ("movieId,title,genres\n10,A,B\n\n10,C,D\n", "line 4: movieId is '10'; expected each film"),
        ("movieId,title,genres\n10,A,B\n20,,B\n", "line 3: title is ''; expected a title"),
        ("movieId,title,genres\n10,A,B\n20,C\n", "line 3: genres is ''"),
        ("movieId,title,genres\n10,A,B\n20,C,D,E\n", "line 3"),
        ("movieId,title,genres\n10,A,B,C\n20,C,D,E\n", "line 2: 4 fields"),
        ('movieId,title,genres\n10,A,B\n20,"C,D\n', "EOF inside string"),
        (MOVIES[:-1], "the last line has no line break"),
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
        ("10::A\n20::B::C\n", "line 1: genres is missing"),
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


def test_a_changed_shipped_file_is_refused(tmp_path, monkeypatch):
    shutil.copytree(data_directory() / "ml-latest-small", tmp_path / "ml-latest-small")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert len(load_movielens().ratings) == 100_004
    shutil.copy(Path(datasets.__file__).parent.parent / "data" / "SHA256SUMS", tmp_path)
    assert len(load_movielens().ratings) == 100_004
    path = tmp_path / "ml-latest-small" / "ratings.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))  # cut between two lines: only the hash can tell
    with pytest.raises(ValueError, match=r"ratings\.csv is not the file that ships.*build\.py"):
        load_movielens()


# --- wide tables ---------------------------------------------------------------------------------

WIDE = ",A101,A103,A105\n0826414346,,4.0,\nB000OVF7JY,5,,1.5\n1882931173,,,\n"


def wide(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["full_matrix.csv.gzip", "table.csv", "table.csv.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_table_of_the_source(tmp_path, name, packed):
    content = gzip.compress(WIDE.encode(), mtime=0) if packed else WIDE.encode()
    matrix, row_ids, column_ids = load_interactions(str(wide(tmp_path, content, name)))
    assert isinstance(matrix, csr_array)
    assert matrix.dtype == np.float32
    assert matrix.toarray().tolist() == [[0, 4, 0], [5, 0, 1.5], [0, 0, 0]]
    assert matrix.nnz == 3
    assert row_ids.tolist() == ["0826414346", "B000OVF7JY", "1882931173"]
    assert column_ids.tolist() == ["A101", "A103", "A105"]


def test_zeros_mean_not_rated(tmp_path):
    text = "id,a,b\nx,0,4\ny,0.0,\n"
    matrix = load_interactions(wide(tmp_path, text)).matrix
    assert matrix.nnz == 1
    assert matrix.toarray().tolist() == [[0, 4], [0, 0]]


def test_quotes_line_ends_and_byte_order_mark(tmp_path):
    text = '\ufeff"id, book","a,1","b"\r\n"x ""1""","4.5",""\r\n\r\n"y",,"2"\r\n'
    matrix, row_ids, column_ids = load_interactions(wide(tmp_path, text))
    assert matrix.toarray().tolist() == [[4.5, 0], [0, 2]]
    assert row_ids.tolist() == ['x "1"', "y"]
    assert column_ids.tolist() == ["a,1", "b"]


def test_another_scale_can_be_asked_for(tmp_path):
    path = wide(tmp_path, "id,a\nx,10\n")
    with pytest.raises(ValueError, match="10 is out of range; expected a rating from 0.5 to 5"):
        load_interactions(path)
    assert load_interactions(path, rating_range=(1, 10)).matrix[0, 0] == 10


@given(
    st.lists(
        st.lists(st.sampled_from([None, 0.5, 1.0, 3.5, 5.0]), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_a_table_written_by_pandas_comes_back(tmp_path_factory, rows):
    table = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=float)
    table.index = pd.Index([f"0{row}" for row in range(len(rows))])
    path = tmp_path_factory.mktemp("wide") / "table.csv"
    table.to_csv(path)
    matrix, row_ids, column_ids = load_interactions(path)
    np.testing.assert_array_equal(matrix.toarray(), table.fillna(0).to_numpy())
    assert matrix.nnz == table.notna().to_numpy().sum()
    assert row_ids.tolist() == list(table.index)
    assert column_ids.tolist() == list(table.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("id\n", "line 1: one field"),
        ("id,a,b\n", "holds only a header"),
        ("id,a,\nx,1,2\n", "line 1: field 3 is empty; expected a column id"),
        ("id,a,a\nx,1,2\n", "line 1: column id 'a' stands there twice"),
        ("id,a,b\nx,1,2\n,1,2\n", "line 3: the first field is empty; expected a row id"),
        ("id,a,b\nx,1,2\ny,1,2\nx,3,4\n", "line 4: row id 'x' stands there twice"),
        ("id,a,b\nx,1,2\ny,1\n", "line 3: 2 fields; expected 3"),
        ("id,a,b\nx,1,2\ny,1,2,3\n", "line 3: 4 fields; expected 3"),
        ("id,a,b\nx,1,2\n\ny,1,good\n", "line 4, column 'b': 'good' is not a number"),
        ("id,a,b\nx,1,2\ny, ,1\n", "line 3, column 'a': ' ' is not a number"),
        ("id,a,b\nx,1,2\ny,,nan\n", "line 3, column 'b': nan is out of range"),
        ("id,a,b\nx,,\ny,,inf\n", "line 3, column 'b': inf is out of range"),
        ("id,a,b\nx,1,2\ny,-1,\n", "line 3, column 'a': -1 is out of range"),
        ("id,a,b\nx,1,2\ny,1,5.5\n", "line 3, column 'b': 5.5 is out of range"),
        ("id,a,b\nx,1,2\ny,1,2.", "the last line has no line break"),
        (gzip.compress(WIDE.encode(), mtime=0)[:-9], "the gzip file is cut or damaged"),
        ("id,a\nLéon,1\n".encode("latin-1"), "not text in UTF-8"),
    ],
)
def test_a_bad_wide_table_is_refused(tmp_path, text, message):
    path = wide(tmp_path, text)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_interactions(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_wide_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv is not there"):
        load_interactions(tmp_path / "none.csv")


# --- planted ratings -----------------------------------------------------------------------------


def plant(**changes):
    usual = {"n_users": 300, "n_items": 200, "rank": 4, "density": 0.3, "noise": 0.25, "seed": 1}
    return planted_interactions(**(usual | changes))


def test_planted_ratings_follow_the_formula():
    planted = plant()
    users, items = planted.user_factors, planted.item_factors
    np.testing.assert_allclose(planted.truth, 3 + 2 * users @ items.T, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(users, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1, atol=1e-6)
    assert np.linalg.matrix_rank(planted.truth - 3) == 4
    assert planted.truth.min() >= 1
    assert planted.truth.max() <= 5
    assert planted.truth.std() == pytest.approx(2 / np.sqrt(4), rel=0.05)
    assert planted.truth.dtype == planted.observed.dtype == np.float32
    assert planted.user_groups.tolist() == [0] * 300


def test_planted_cells_and_noise_are_as_asked():
    planted = plant()
    assert planted.observed.shape == planted.mask.shape == (300, 200)
    assert planted.observed.nnz == planted.mask.sum() == 18_000
    assert planted.observed.has_canonical_format
    rows, columns = planted.observed.nonzero()
    assert planted.mask[rows, columns].all()
    error = planted.observed.toarray()[planted.mask] - planted.truth[planted.mask]
    # 18,000 draws: the mean is known to 0.25/√18000, the deviation to that over √2; five of them
    # each.
    assert abs(error.mean()) < 5 * 0.25 / np.sqrt(18_000)
    assert error.std() == pytest.approx(0.25, abs=5 * 0.25 / np.sqrt(36_000))


def test_the_mask_favours_nobody():
    counts = plant(density=0.5).mask.sum(axis=1)
    # The number of a user's cells is hypergeometric: mean 100, deviation about √50.
    assert abs(counts - 100).max() < 5 * np.sqrt(50)
    assert counts.std() == pytest.approx(np.sqrt(50), rel=0.25)


def test_full_density_and_no_noise_give_the_truth():
    planted = plant(density=1, noise=0)
    np.testing.assert_array_equal(planted.observed.toarray(), planted.truth)


def test_the_seed_decides_and_the_streams_are_apart():
    first, again, other = plant(), plant(), plant(seed=2)
    np.testing.assert_array_equal(first.observed.toarray(), again.observed.toarray())
    assert not np.allclose(first.truth, other.truth)
    quiet, dense = plant(noise=0.0), plant(density=0.6)
    np.testing.assert_array_equal(quiet.mask, first.mask)
    np.testing.assert_array_equal(quiet.truth, first.truth)
    np.testing.assert_array_equal(dense.truth, first.truth)


def test_planted_groups_are_seen_and_their_absence_too():
    def between(planted):
        """Return how much closer users of one group are than users of two, as mean cosine."""
        cosine = planted.user_factors @ planted.user_factors.T
        same = planted.user_groups[:, None] == planted.user_groups
        return cosine[same].mean() - cosine[~same].mean()

    tight, loose = plant(n_groups=3, group_spread=0.2), plant(n_groups=3, group_spread=20.0)
    assert set(tight.user_groups.tolist()) == {0, 1, 2}
    assert between(tight) > 0.9
    assert abs(between(loose)) < 0.1
    same = plant(n_groups=3, group_spread=0)
    assert len(np.unique(same.user_factors.round(5), axis=0)) == 3


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_users": 0}, ValueError, "n_users is 0; expected a whole number of at least 1"),
        ({"n_items": 2.0}, TypeError, "n_items is 2.0; expected a whole number"),
        ({"n_items": True}, TypeError, "n_items is True"),
        ({"rank": 0}, ValueError, "rank is 0; expected a whole number from 1 to 200"),
        ({"rank": 201}, ValueError, "rank is 201"),
        ({"density": 0}, ValueError, "density is 0; expected a fraction above 0"),
        ({"density": 1.1}, ValueError, "density is 1.1"),
        ({"density": float("nan")}, ValueError, "density is nan"),
        ({"noise": -0.1}, ValueError, "noise is -0.1"),
        ({"noise": float("inf")}, ValueError, "noise is inf"),
        ({"n_groups": 5}, ValueError, "n_groups is 5; expected a whole number from 1 to 4"),
        ({"n_groups": 2, "group_spread": -1}, ValueError, "group_spread is -1"),
    ],
)
def test_planted_arguments_are_checked(changes, error, message):
    with pytest.raises(error, match=re.escape(message)):
        plant(**changes)


def test_numpy_integers_are_welcome():
    assert plant(n_users=np.int64(10), rank=np.int32(2)).truth.shape == (10, 200)


def test_no_dense_matrix_is_made(tmp_path):
    """A million users by a million films would be 4 TB; the sparse way takes no notice."""
    ids = [1, 500_000, 1_000_000]
    ratings = HEADER + "".join(f"{user},{film},4,1\n" for user in ids for film in ids)
    movies = "movieId,title,genres\n" + "".join(f"{film},t,g\n" for film in ids)
    matrix, item_ids, user_ids = load_movielens(grouplens(tmp_path, ratings, movies)).matrix()
    assert matrix.shape == (3, 3)
    assert item_ids.tolist() == user_ids.tolist() == ids
