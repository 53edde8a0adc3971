"""Whole messages about the files of GroupLens, and what counts as a number in them."""

import numpy as np
import pandas as pd
import pytest

from course_utils.datasets import _grouplens
from course_utils.datasets._grouplens import find_table, has_header, read_movies, read_ratings

HEADER = "userId,movieId,rating,timestamp\n"
FILMS = "movieId,title,genres\n"
ITEM = ["1", "A (1995)", "", "", ""]


@pytest.fixture
def refused(tmp_path):
    """Read a file of some name and content, and return what is said of it, without its path."""

    def read(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        table = read_ratings if name.startswith(("ratings", "u.data")) else read_movies
        with pytest.raises(ValueError, match=name) as error:
            table(path)
        assert str(error.value).startswith(str(path))
        return str(error.value).removeprefix(str(path))

    return read


NAMES = {
    "ratings": "ratings.csv, ratings.csv.gz, ratings.dat, ratings.dat.gz, u.data, u.data.gz",
    "movies": "movies.csv, movies.csv.gz, movies.dat, movies.dat.gz, u.item, u.item.gz",
}


class TestPlaces:
    @pytest.mark.parametrize("table", ["ratings", "movies"])
    def test_the_first_of_the_known_names_is_taken(self, tmp_path, table):
        names = NAMES[table].split(", ")
        (tmp_path / names[0]).mkdir()  # a folder of that name is no table
        for name in reversed(names[1:]):
            (tmp_path / name).touch()
            assert find_table(tmp_path, table) == tmp_path / name

    @pytest.mark.parametrize("table", ["ratings", "movies"])
    def test_what_was_looked_for_is_said_and_a_folder_in_it_that_holds_it(self, tmp_path, table):
        expected = f"no {table} in {tmp_path}; expected one of {NAMES[table]}"
        (tmp_path / ".hidden").mkdir()
        (tmp_path / ".hidden" / NAMES[table].split(", ")[0]).touch()
        with pytest.raises(FileNotFoundError) as error:
            find_table(tmp_path, table)
        assert str(error.value) == expected
        for folder, name in (("ml-b", 0), ("ml-a", 5), ("ml-a/deeper", 0)):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / NAMES[table].split(", ")[name]).touch()
        with pytest.raises(FileNotFoundError) as error:
            find_table(tmp_path, table)
        assert str(error.value) == (
            f"{expected}; the folder 'ml-a' in it holds them, give that one"
        )

    def test_only_csv_has_a_header(self, tmp_path):
        names = [name for names in NAMES.values() for name in names.split(", ")]
        assert [name for name in names if has_header(tmp_path / name)] == [
            "ratings.csv",
            "ratings.csv.gz",
            "movies.csv",
            "movies.csv.gz",
        ]


class TestRatings:
    LENGTH = (
        "expected 4 (userId, movieId, rating, timestamp); a last line that is too short means that"
        " the file was cut"
    )
    HEADER_NAMES = "expected userId, movieId, rating, timestamp"

    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("ratings.csv", "", " is empty; expected userId, movieId, rating, timestamp"),
            ("ratings.csv", " \n\n", " is empty; expected userId, movieId, rating, timestamp"),
            (
                "ratings.csv",
                HEADER,
                " holds no ratings; expected at least one line below the header",
            ),
            ("ratings.csv", HEADER + "1,2\n", f", line 2: 2 fields in '1,2'; {LENGTH}"),
            ("ratings.dat", "1::2::3\n", f", line 1: 3 fields in '1::2::3'; {LENGTH}"),
            ("u.data", "1\t2\t3\t4\t5\n", f", line 1: 5 fields in '1\\t2\\t3\\t4\\t5'; {LENGTH}"),
            (
                "ratings.csv",
                HEADER + f"1,2,3,4,{'x' * 99}\n",
                f", line 2: 5 fields in '1,2,3,4,{'x' * 72}'; {LENGTH}",
            ),
            ("ratings.csv", HEADER + "1,2,3,4\n1,3,3", f", line 3: 3 fields in '1,3,3'; {LENGTH}"),
            (
                "ratings.csv",
                f"{HEADER}1,2,5.5,4\n",
                ", line 2: rating is '5.5'; expected a number from 0.5 to 5",
            ),
            (
                "ratings.csv",
                f"{HEADER}1,2,3,x\n",
                ", line 2: timestamp is 'x'; expected a whole number from 0 to 9223372036854775807",
            ),
            (
                "u.data",
                "1\t0\t3\t4\n",
                ", line 1: movieId is '0'; expected a whole number from 1 to 2147483647",
            ),
            (
                "ratings.dat",
                "1::2::3::4\n1::3::3::4\n1::2::3::4\n",
                ", line 3: user 1 rates film 2 again (first on line 1); expected each pair of user"
                " and film once",
            ),
            (
                "ratings.csv",
                "userId,movieId,rating,timestamp,tag\n1,2,3,4,x\n1,3,3,4,a\0b\n",
                ", after line 1: a zero byte; the file is damaged, get it again",
            ),
        ],
    )
    def test_what_is_wrong_is_said_in_full(self, refused, name, text, message):
        assert refused(name, text) == message

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            (
                "userId,movieId,rating,timestamp,rating",
                "column rating twice; expected it once",
            ),
            (
                "user_id,movieId,rating,timestamp",
                "no column userId; the header names user_id, movieId, rating, timestamp;"
                f" {HEADER_NAMES}; rename 'user_id' to 'userId'",
            ),
            (
                "x,y,Rating,time",
                "no column userId, movieId, rating, timestamp; the header names x, y, Rating, time;"
                f" {HEADER_NAMES}",
            ),
            (
                "movieId,rating,timestamp,MOVIE ID",
                "no column userId; the header names movieId, rating, timestamp, MOVIE ID;"
                f" {HEADER_NAMES}",
            ),
            (
                "a|b",
                "no column userId, movieId, rating, timestamp; the header names a|b;"
                f" {HEADER_NAMES}; they are separated by '|': save the file with commas",
            ),
            (
                "a b",
                "no column userId, movieId, rating, timestamp; the header names a b;"
                f" {HEADER_NAMES}",
            ),
            (
                " 7 ,20,4,100",
                "no column userId, movieId, rating, timestamp; the header names  7 , 20, 4, 100;"
                f" {HEADER_NAMES}; this is a row of data: put the line"
                " userId,movieId,rating,timestamp above it",
            ),
        ],
    )
    def test_what_is_wrong_with_a_header_is_said_in_full(self, refused, header, message):
        text = f"\n{header}\n" + ",".join("1" * len(header.split(","))) + "\n"
        assert refused("ratings.csv", text) == f", line 2: {message}"

    def test_a_quoted_field_may_hold_a_comma(self, refused, tmp_path):
        path = tmp_path / "ratings.csv"
        path.write_text('"tag, or none",userId,movieId,rating,timestamp\n"a,b",1,2,3,4\n')
        assert read_ratings(path).to_numpy().tolist() == [[1, 2, 3, 4]]

    def test_rows_of_a_later_piece_have_their_own_lines(self, refused, monkeypatch):
        monkeypatch.setattr(_grouplens, "_CHUNK_ROWS", 2)
        rows = [f"1,{film},3,4\n" for film in range(1, 6)]
        text = HEADER + "\n".join(rows)  # with blank lines between them
        assert refused("ratings.csv", f"{text}1,9,0,4\n").startswith(", line 11: rating is '0'")
        dat = "".join(rows).replace(",", "::")
        assert refused("ratings.dat", f"{dat}1::9::0::4\n").startswith(", line 6: rating is '0'")

    def test_the_index_is_that_of_the_rows_and_columns_have_compact_types(self, tmp_path):
        path = tmp_path / "u.data"
        path.write_text("1\t2\t3\t4\n2\t2\t3.5\t5\n")
        found = read_ratings(path)
        expected = pd.DataFrame(
            {
                "userId": np.array([1, 2], np.int32),
                "movieId": np.array([2, 2], np.int32),
                "rating": np.array([3, 3.5], np.float32),
                "timestamp": np.array([4, 5], np.int64),
            }
        )
        pd.testing.assert_frame_equal(found, expected)

    @pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
    def test_the_same_film_or_the_same_user_is_no_repeat(self, tmp_path, order):
        rows = ["1,2147483647,3,4\n", "2,2147483647,3,4\n", "2147483647,1,3,4\n"]
        path = tmp_path / "ratings.csv"
        path.write_text(HEADER + "".join(rows[place] for place in order))
        assert len(read_ratings(path)) == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("7", 7), (" +7 ", 7), ("-7", -7), ("7.", 7), ("7.00", 7), ("007", 7)),
        *(("7.5", None), ("", None), ("1_0", None), ("٣", None), ("1e3", None), (".0", None)),
    ],
)
def test_a_whole_number_may_have_a_point_and_zeros(text, number):
    assert _grouplens._whole(text) == number


@pytest.mark.parametrize(
    ("values", "whole"),
    [
        ([1, 5], True),
        ([0, 5], False),
        ([1, 6], False),
        ([1.0, 5.0], True),
        ([1.0, 4.5], False),
        ([1.0, np.nan], False),
        ([0.0, 1.0], False),
        ([6.0], False),
        ([True], False),
        (["1"], False),
        (np.array([1, 5], dtype=np.uint64), True),
        ([], True),
    ],
)
def test_a_column_is_whole_if_all_its_numbers_are_and_in_range(values, whole):
    column = pd.Series(values, dtype=float if len(values) == 0 else None)
    assert _grouplens._all_whole(column, 1, 5) is whole


@pytest.mark.parametrize(("value", "whole"), [(2.0**53, True), (2.0**53 + 2, False)])
def test_a_float_is_a_whole_number_as_far_as_all_of_them_are_floats(value, whole):
    assert _grouplens._all_whole(pd.Series([value]), 0, 2**63 - 1) is whole
    assert _grouplens._all_whole(pd.Series([int(value)]), 0, 2**63 - 1)


class TestFilms:
    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("movies.csv", "", " is empty; expected movieId, title, genres"),
            ("movies.csv", " , \n\n", " is empty; expected movieId, title, genres"),
            ("movies.dat", "\n \n", " is empty; expected movieId, title, genres"),
            (
                "movies.csv",
                FILMS + "1,A\n",
                ", line 2: 2 fields in '1,A'; expected 3 (movieId, title, genres); a last line that"
                " is too short means that the file was cut",
            ),
            (
                "movies.csv",
                FILMS + '1,"A,B\n',
                ", line 2: unexpected end of data; expected movieId, title, genres, with quotes in"
                " pairs; the file may be cut",
            ),
            (
                "movies.csv",
                "movieId,name,genres\n1,A,B\n",
                ", line 1: no column title; the header names movieId, name, genres; expected"
                " movieId, title, genres",
            ),
            (
                "movies.csv",
                FILMS + "1.0,A,B\n1,A,B\n",
                ", line 3: movieId is '1' again; expected each film once",
            ),
            ("movies.dat", "1::::B\n", ", line 1: title is ''; expected a title"),
            (
                "movies.csv",
                FILMS + "1,A,\n",
                ", line 2: genres is ''; expected genres separated by |, or (no genres listed)",
            ),
            (
                "movies.csv",
                FILMS + "0,A,B\n",
                ", line 2: movieId is '0'; expected a whole number from 1 to 2147483647",
            ),
            (
                "u.item",
                "|".join([*ITEM, *"0100000000000000002"]) + "\n",
                ", line 1: Western is '2'; expected 0 or 1",
            ),
        ],
    )
    def test_what_is_wrong_is_said_in_full(self, refused, name, text, message):
        assert refused(name, text) == message

    def test_a_line_of_the_first_edition_has_its_own_fields(self, refused):
        said = refused("u.item", "|".join([*ITEM, "1"]) + "\n")
        assert said.startswith(
            ", line 1: 6 fields in '1|A (1995)||||1'; expected 24 (movieId, title, release, video"
            " release, URL, unknown, Action, Adventure, Animation, Children's, Comedy, Crime,"
        )

    def test_a_table_of_films_may_be_empty_below_its_header(self, tmp_path):
        (tmp_path / "movies.csv").write_text(FILMS)
        found = read_movies(tmp_path / "movies.csv")
        assert list(found) == ["movieId", "title", "genres"]
        assert len(found) == 0
        assert found["movieId"].dtype == np.int32

    def test_lines_end_as_on_linux_windows_or_old_macs(self, tmp_path):
        path = tmp_path / "movies.dat"
        path.write_bytes(b"1::A\x0b::B\r\n\r2::C\x1c::D\n\r\n3::E::F\r")
        found = read_movies(path)
        assert found.to_numpy().tolist() == [[1, "A\x0b", "B"], [2, "C\x1c", "D"], [3, "E", "F"]]

    def test_a_quoted_title_may_hold_a_line_break(self, tmp_path, refused):
        path = tmp_path / "movies.csv"
        path.write_bytes((FILMS + '1,"A\r\nB",C\n').encode())
        assert read_movies(path)["title"].tolist() == ["A\r\nB"]
        said = refused("movies.csv", FILMS + '1,"A\nB",C\n2,,D\n')
        assert said == ", line 4: title is ''; expected a title"

    def test_columns_are_found_by_name(self, tmp_path):
        path = tmp_path / "movies.csv"
        path.write_text("genres,year,title,movieId\nDrama,1995,A,7\n")
        assert read_movies(path).to_numpy().tolist() == [[7, "A", "Drama"]]

    @pytest.mark.parametrize(("place", "genre"), [*enumerate(_grouplens._ITEM_GENRES)])
    def test_each_flag_of_the_first_edition_is_a_genre(self, tmp_path, place, genre):
        flags = ["0"] * 19
        flags[place] = "1"
        (tmp_path / "u.item").write_text("|".join([*ITEM, *flags]) + "\n")
        assert read_movies(tmp_path / "u.item")["genres"].tolist() == [genre]

    def test_the_list_of_genres_may_be_in_latin_1(self, tmp_path):
        (tmp_path / "u.genre").write_bytes("Drame\xe9|0\nA|B|1\n".encode("latin-1"))
        (tmp_path / "u.item").write_text("|".join([*ITEM, "1", "1"]) + "\n")
        assert read_movies(tmp_path / "u.item")["genres"].tolist() == ["Drame\xe9|A|B"]
