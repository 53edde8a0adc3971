"""One small folder for each published edition of MovieLens, to the letter of its layout."""

import gzip
import re

import numpy as np
import pytest
from judging import direct_calls

from course_utils.datasets import load_movielens

# Each: its files, then the ratings and the films that are right.
ITEM_FLAGS = "0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0"
EDITIONS = {
    "ml-100k": (
        {
            "u.data": b"196\t242\t3\t881250949\n186\t267\t1\t891717742\n196\t1373\t5\t881251577\n",
            "u.item": (
                "242|Kolya (1996)|24-Jan-1997||http://us.imdb.com/M/title-exact?Kolya%20(1996)|"
                f"{ITEM_FLAGS}\n"
                "267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
                "1373|Misérables, Les (1995)|01-Jan-1995||http://x|"
                "0|1|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|1|0\n"
                "1374|Nobody's (1996)|01-Jan-1996|||0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
            ).encode("latin-1"),
            "u.genre": (
                b"unknown|0\nAction|1\nAdventure|2\nAnimation|3\nChildren's|4\nComedy|5\nCrime|6\n"
                b"Documentary|7\nDrama|8\nFantasy|9\nFilm-Noir|10\nHorror|11\nMusical|12\n"
                b"Mystery|13\nRomance|14\nSci-Fi|15\nThriller|16\nWar|17\nWestern|18\n\n"
            ),
            "u.user": b"196|49|M|writer|55105\n186|39|F|executive|00000\n",
            "u.info": b"943 users\n1682 items\n100000 ratings\n",
        },
        [[196, 242, 3, 881250949], [186, 267, 1, 891717742], [196, 1373, 5, 881251577]],
        [
            [242, "Kolya (1996)", "Comedy"],
            [267, "unknown", "unknown"],
            [1373, "Misérables, Les (1995)", "Action|Drama|War"],
            [1374, "Nobody's (1996)", "(no genres listed)"],
        ],
    ),
    "ml-1m": (
        {
            "ratings.dat": b"1::1193::5::978300760\n6040::73::3::956704746\n",
            "movies.dat": (
                "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n"
                "73::Misérables, Les (1995)::Drama|Musical\n"
            ).encode("latin-1"),
            "users.dat": b"1::F::1::10::48067\n6040::M::25::6::11106\n",
        },
        [[1, 1193, 5, 978300760], [6040, 73, 3, 956704746]],
        [
            [1193, "One Flew Over the Cuckoo's Nest (1975)", "Drama"],
            [73, "Misérables, Les (1995)", "Drama|Musical"],
        ],
    ),
    "ml-10M100K": (
        {
            "ratings.dat": b"1::122::5::838985046\n1::73::3.5::838983525\n71567::8606::0.5::9123\n",
            "movies.dat": (
                "73::Misérables, Les (1995)::Drama|War\n"
                "122::Boomerang (1992)::Comedy|Romance\n"
                "8606::Pull My Daisy (1958)::(no genres listed)\n"
            ).encode(),
            "tags.dat": b"15::4973::excellent!::1215184630\n",
        },
        [[1, 122, 5, 838985046], [1, 73, 3.5, 838983525], [71567, 8606, 0.5, 9123]],
        [
            [73, "Misérables, Les (1995)", "Drama|War"],
            [122, "Boomerang (1992)", "Comedy|Romance"],
            [8606, "Pull My Daisy (1958)", "(no genres listed)"],
        ],
    ),
    "ml-20m": (
        {
            "ratings.csv": (
                b"userId,movieId,rating,timestamp\n1,11,3.5,1112486027\n138493,83,5.0,1258126920\n"
            ),
            "movies.csv": (
                b"movieId,title,genres\n"
                b'11,"American President, The (1995)",Comedy|Drama|Romance\n'
                b'83,"""Great Performances"" Cats (1998)",Musical\n'
                b"131262,Innocence (2014),Adventure|Fantasy|Horror\n"
            ),
            "genome-tags.csv": b"tagId,tag\n1,007\n",
            "links.csv": b"movieId,imdbId,tmdbId\n11,0112346,9087\n",
        },
        [[1, 11, 3.5, 1112486027], [138493, 83, 5, 1258126920]],
        [
            [11, "American President, The (1995)", "Comedy|Drama|Romance"],
            [83, '"Great Performances" Cats (1998)', "Musical"],
            [131262, "Innocence (2014)", "Adventure|Fantasy|Horror"],
        ],
    ),
    "ml-25m": (
        {
            "ratings.csv": b"userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n",
            "movies.csv": (
                "movieId,title,genres\n296,Pulp Fiction (1994),Comedy|Crime|Drama|Thriller\n"
                "209171,Les Filles du Moyen Âge,(no genres listed)\n"
            ).encode(),
        },
        [[1, 296, 5, 1147880044]],
        [
            [296, "Pulp Fiction (1994)", "Comedy|Crime|Drama|Thriller"],
            [209171, "Les Filles du Moyen Âge", "(no genres listed)"],
        ],
    ),
    "ml-32m": (
        {
            "ratings.csv": b"userId,movieId,rating,timestamp\n200948,292757,4.0,1697063591\n",
            "movies.csv": "movieId,title,genres\n292757,心理 (2023),Drama\n".encode(),
            "checksums.txt": b"0df90835c19151f9d819d0822e190797  ratings.csv\n",
        },
        [[200948, 292757, 4, 1697063591]],
        [[292757, "心理 (2023)", "Drama"]],
    ),
    "ml-latest-small, 2016": (
        {
            "ratings.csv": b"userId,movieId,rating,timestamp\r\n1,31,2.5,1260759144\r\n",
            # ends without a line break, as one published copy does
            "movies.csv": (
                b"movieId,title,genres\r\n31,Dangerous Minds (1995),Drama\r\n"
                b'164979,"Women of \'69, Unboxed",Documentary'
            ),
        },
        [[1, 31, 2.5, 1260759144]],
        [
            [31, "Dangerous Minds (1995)", "Drama"],
            [164979, "Women of '69, Unboxed", "Documentary"],
        ],
    ),
    "ml-latest-small, 2018": (
        {
            "ratings.csv": b"userId,movieId,rating,timestamp\n1,1,4.0,964982703\n",
            "movies.csv": (
                b"movieId,title,genres\n1,Toy Story (1995),Adventure|Animation|Children|Comedy\n"
                b"122896,Pirates (2017),(no genres listed)\n"
            ),
            "tags.csv": b"userId,movieId,tag,timestamp\n2,60756,funny,1445714994\n",
        },
        [[1, 1, 4, 964982703]],
        [
            [1, "Toy Story (1995)", "Adventure|Animation|Children|Comedy"],
            [122896, "Pirates (2017)", "(no genres listed)"],
        ],
    ),
    "ml-latest": (
        {
            "ratings.csv": b"userId,movieId,rating,timestamp\r\n330975,288983,0.5,1689843415\r\n",
            "movies.csv": b"movieId,title,genres\r\n288983,UNZIPPED (2021),Documentary\r\n",
        },
        [[330975, 288983, 0.5, 1689843415]],
        [[288983, "UNZIPPED (2021)", "Documentary"]],
    ),
}


def put(folder, files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.filterwarnings("ignore:.*the last line has no line break")
def test_every_edition_reads(tmp_path, edition, packed):
    files, ratings, films = EDITIONS[edition]
    if packed:
        files = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}
        if "u.genre.gz" in files:  # only the two tables may be packed
            del files["u.genre.gz"]
    movielens = load_movielens(put(tmp_path / edition, files))
    assert movielens.ratings.to_numpy().tolist() == ratings
    assert movielens.movies.to_numpy().tolist() == films
    types = [np.int32, np.int32, np.float32, np.int64]
    assert movielens.ratings.dtypes.to_list() == types
    assert movielens.movies.movieId.dtype == np.int32


def test_the_genres_of_100k_are_those_of_its_own_list(tmp_path):
    files, _, _ = EDITIONS["ml-100k"]
    films = b"242|Kolya (1996)||||0|1|1\n267|unknown||||1|0|0\n1373|A||||0|0|0\n"
    folder = put(tmp_path, files | {"u.item": films, "u.genre": b"odd|0\nFilm-Noir|1\nNew|2\n"})
    kinds = load_movielens(folder).movies.genres.tolist()
    assert kinds == ["Film-Noir|New", "odd", "(no genres listed)"]


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("u.item", b"|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n", b"|2" + b"|0" * 13 + b"\n", "Comedy is '2'"),
        ("u.item", b"|0|0\n267", b"|0\n267", "u.item, line 1: 23 fields"),
        ("u.item", b"\n1374|Nobody's (1996)", b"\n1373|", "line 4: movieId is '1373' again"),
        ("u.item", b"\n1374|Nobody's (1996)", b"\n1374|", "line 4: title is ''"),
        ("u.data", b"196\t242\t3\t", b"196\t242\t9\t", "u.data, line 1: rating is '9'"),
        ("u.data", b"\t1373\t5\t881251577\n", b"\t1373\t5", "u.data, line 3: 3 fields"),
        ("u.data", b"196\t242", b"186\t267", "u.data, line 2: user 186 rates film 267 again"),
        ("u.data", b"\t242\t", b"\t999\t", "u.data, line 1: film 999 is not in"),
    ],
)
def test_a_damaged_100k_is_refused(tmp_path, name, old, new, message):
    files = dict(EDITIONS["ml-100k"][0])
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    with pytest.raises(ValueError, match=re.escape(message)):
        load_movielens(put(tmp_path, files))


@pytest.mark.parametrize("name", ["ratings.csv", "movies.csv"])
@direct_calls
def test_a_last_line_without_a_break_is_taken_with_a_warning(tmp_path, name):
    files, ratings, films = EDITIONS["ml-20m"]
    folder = put(tmp_path, files | {name: files[name].removesuffix(b"\n")})
    rows = {"ratings.csv": 2, "movies.csv": 3}[name]
    message = rf"{re.escape(str(folder / name))}: the last line has no .*: {rows} rows.*sha256"
    with pytest.warns(UserWarning, match=message) as caught:
        movielens = load_movielens(folder)
    assert [warning.filename for warning in caught] == [__file__]
    assert movielens.ratings.to_numpy().tolist() == ratings
    assert movielens.movies.to_numpy().tolist() == films


def test_a_last_row_that_lacks_a_column_nobody_needs_was_cut_too(tmp_path):
    text = b"userId,movieId,rating,timestamp,tag\n1,11,3.5,5,x\n2,83,4.0,6"
    files = EDITIONS["ml-20m"][0] | {"ratings.csv": text}
    with pytest.raises(ValueError, match=r"ratings\.csv, line 3: 4 fields .* expected 5"):
        load_movielens(put(tmp_path, files))


def test_damaged_utf_8_is_not_taken_for_latin_1(tmp_path):
    files = dict(EDITIONS["ml-10M100K"][0])
    films = files["movies.dat"] + "99::Léon (1994)::Drama\n".encode().replace(b"\xa9", b"")
    with pytest.raises(ValueError, match=r"movies\.dat, line 4: byte 0xc3 .* damaged, get it agai"):
        load_movielens(put(tmp_path, files | {"movies.dat": films}))


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("user_id,movieId,rating,timestamp", "no column userId; .*rename 'user_id' to 'userId'"),
        ("userId,MovieID,rating,timestamp", "no column movieId; .*rename 'MovieID' to 'movieId'"),
        ("userId,movieId,Rating,timestamp", "no column rating; .*rename 'Rating' to 'rating'"),
        ("userId,movieId,rating,time_stamp", "rename 'time_stamp' to 'timestamp'"),
        ("userId;movieId;rating;timestamp", "they are separated by ';': save the file with commas"),
        ("userId\tmovieId\trating\ttimestamp", r"separated by '\\t': save the file with commas"),
        ("1,11,4.0,99", "this is a row of data: put the line userId,movieId,rating,timestamp abov"),
        ("userId,movieId,rating,timestamp,rating", "column rating twice; expected it once"),
    ],
)
def test_the_nearest_name_is_offered(tmp_path, header, hint):
    text = f"{header}\n" + ",".join(["1"] * len(header.split(","))) + "\n"
    with pytest.raises(ValueError, match=rf"ratings\.csv, line 1: .*{hint}"):
        load_movielens(put(tmp_path, EDITIONS["ml-20m"][0] | {"ratings.csv": text.encode()}))


def test_where_the_folder_is(tmp_path, monkeypatch):
    files, ratings, _ = EDITIONS["ml-1m"]
    (tmp_path / "Größe 1").mkdir()
    put(tmp_path / "Größe 1" / "ml-1m", files)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_movielens("~/Größe 1/ml-1m").ratings.to_numpy().tolist() == ratings
    with pytest.raises(FileNotFoundError, match="the folder 'ml-1m' in it holds them, give that"):
        load_movielens(tmp_path / "Größe 1")


def test_a_zip_file_is_to_be_unpacked(tmp_path):
    import shutil

    put(tmp_path / "ml-1m", EDITIONS["ml-1m"][0])
    packed = shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path, "ml-1m")
    with pytest.raises(FileNotFoundError, match=r"is a zip.*shutil\.unpack_archive\('.*set\.z"):
        load_movielens(packed)
    (tmp_path / "set.zip").write_bytes((tmp_path / "set.zip").read_bytes()[:-30])
    with pytest.raises(ValueError, match="is not a whole zip file, it was probably cut"):
        load_movielens(packed)


def test_which_way_round(tmp_path):
    movielens = load_movielens(put(tmp_path, EDITIONS["ml-10M100K"][0]))
    items, users = movielens.items_by_users(), movielens.users_by_items()
    assert items.matrix.toarray().tolist() == [[3.5, 0], [5, 0], [0, 0.5]]
    assert items.row_ids.tolist() == users.column_ids.tolist() == [73, 122, 8606]
    assert items.column_ids.tolist() == users.row_ids.tolist() == [1, 71567]
    assert users.matrix.toarray().tolist() == items.matrix.toarray().T.tolist()
    assert users.matrix.format == "csr"
    assert users.matrix.has_canonical_format
    np.testing.assert_array_equal(movielens.matrix().matrix.toarray(), items.matrix.toarray())


def test_ratings_that_do_not_fit_a_matrix_are_refused(tmp_path):
    movielens = load_movielens(put(tmp_path, EDITIONS["ml-10M100K"][0]))
    rating = movielens.ratings.rating.to_numpy()
    twice = movielens._replace(ratings=movielens.ratings.iloc[[0, 1, 2, 1]])
    with pytest.raises(ValueError, match="got user 1 and film 73 again; keep one"):
        twice.users_by_items()
    missing = movielens.ratings.assign(rating=[rating[0], np.nan, rating[2]])
    with pytest.raises(ValueError, match="rating must be finite, got nan at position 1"):
        movielens._replace(ratings=missing).items_by_users()
