"""Tables written in every form that text takes, read back, and compared with what was written."""

import csv
import gzip
import io
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from course_utils.datasets import _grouplens, load_interactions, load_movielens

GENRES = ["Drama", "Comedy|War", "(no genres listed)"]
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
LATIN = "aZ 09'()&!,." + "ÀÉßéøÿ"  # never UTF-8 by chance: no sign from 0x80 to 0xBF
WIDE = LATIN + "日本Łő–"


def titles(letters):
    return st.text(letters, min_size=1, max_size=12).filter(str.strip)


@st.composite
def published(draw, letters=WIDE):
    """Films and ratings as lists of rows; each pair once, every film known."""
    films = draw(
        st.dictionaries(
            st.integers(1, 2**31 - 1),
            st.tuples(
                titles(letters), st.sampled_from(["Drama", "Comedy|War", "(no genres listed)"])
            ),
            min_size=1,
            max_size=5,
        )
    )
    pairs = draw(
        st.lists(
            st.tuples(st.integers(1, 2**31 - 1), st.sampled_from(sorted(films))),
            min_size=1,
            max_size=9,
            unique=True,
        )
    )
    stars = st.integers(1, 10).map(lambda half: half / 2)
    ratings = [(*pair, draw(stars), draw(st.integers(0, 2**40))) for pair in pairs]
    return [(number, *film) for number, film in films.items()], ratings


def write(path, text, *, encoding="utf-8", last_break=True, packed=False):
    """Write a text; `last_break` is whether its last line keeps its line break."""
    if not last_break:
        text = text.removesuffix("\n").removesuffix("\r")
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)


def csv_text(rows, end, quoting=csv.QUOTE_MINIMAL, separator=","):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=end, quoting=quoting, delimiter=separator).writerows(rows)
    return stream.getvalue()


def check(folder, films, ratings, unfinished):
    """Read a folder in small pieces and compare it with what was written."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        patch.setattr(_grouplens, "_CHUNK_ROWS", 3)
        movielens = load_movielens(folder)
    assert len(caught) == unfinished
    for warning in caught:
        assert "the last line has no line break" in str(warning.message)
    assert movielens.movies.to_numpy().tolist() == [list(film) for film in films]
    columns = [movielens.ratings[name].tolist() for name in movielens.ratings]
    assert list(zip(*columns, strict=True)) == ratings


@pytest.mark.slow
@given(
    table=published(letters=WIDE + '"|:;\t\n'),
    end=ENDS,
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    last_breaks=st.tuples(st.booleans(), st.booleans()),
    packed=st.booleans(),
    whole_numbers=st.booleans(),
)
def test_csv(tmp_path_factory, table, end, encoding, quoting, last_breaks, packed, whole_numbers):
    films, ratings = table
    if any("\n" in title for _, title, _ in films):
        quoting = csv.QUOTE_ALL  # the writer leaves a line break bare if its lines end otherwise
    folder = tmp_path_factory.mktemp("set")
    written = [
        (user, film, int(stars) if whole_numbers and stars.is_integer() else stars, time)
        for user, film, stars, time in ratings
    ]
    form = {"encoding": encoding, "packed": packed}
    text = csv_text([("userId", "movieId", "rating", "timestamp"), *written], end, quoting)
    write(folder / "ratings.csv", text, last_break=last_breaks[0], **form)
    text = csv_text([("movieId", "title", "genres"), *films], end, quoting)
    write(folder / "movies.csv", text, last_break=last_breaks[1], **form)
    check(folder, films, ratings, last_breaks.count(False))


@pytest.mark.slow
@given(
    data=st.data(),
    end=ENDS,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]),
    last_breaks=st.tuples(st.booleans(), st.booleans()),
    packed=st.booleans(),
    first_layout=st.booleans(),
)
def test_layouts_without_a_header(
    tmp_path_factory, data, end, encoding, last_breaks, packed, first_layout
):
    """`first_layout` is that of ml-100k; otherwise it is that of ml-1m and ml-10m."""
    letters = (LATIN if encoding == "latin-1" else WIDE) + ('"' if first_layout else '"|\t;')
    films, ratings = data.draw(published(letters))
    folder = tmp_path_factory.mktemp("set")
    if first_layout:
        flags = {"Drama": 8, "Comedy": 5, "War": 17}
        lines = []
        for number, title, genres in films:
            marks = ["0"] * 19
            for genre in genres.split("|"):
                if genre in flags:
                    marks[flags[genre]] = "1"
            lines.append("|".join([str(number), title, "", "", "http://x", *marks]))
        names, separator = ("u.data", "u.item"), "\t"
    else:
        lines = [f"{number}::{title}::{genres}" for number, title, genres in films]
        names, separator = ("ratings.dat", "movies.dat"), "::"
    rows = [separator.join(map(str, rating)) for rating in ratings]
    for name, text, last_break in zip(names, (rows, lines), last_breaks, strict=True):
        write(
            folder / name,
            "".join(line + end for line in text),
            encoding=encoding,
            last_break=last_break,
            packed=packed,
        )
    check(folder, films, ratings, last_breaks.count(False))


@pytest.mark.slow
@given(table=published(), end=ENDS, data=st.data())
def test_a_cut_is_refused_or_said_or_between_two_lines(tmp_path_factory, table, end, data):
    films, ratings = table
    folder = tmp_path_factory.mktemp("set")
    write(folder / "movies.csv", csv_text([("movieId", "title", "genres"), *films], end))
    text = csv_text([("userId", "movieId", "rating", "timestamp"), *ratings], end)
    kept = data.draw(st.integers(0, len(text) - 1))
    write(folder / "ratings.csv", text[:kept])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            read = load_movielens(folder).ratings
        except ValueError as error:
            assert str(folder / "ratings.csv") in str(error)  # noqa: PT017
            return
    rows = list(zip(*[read[name].tolist() for name in read], strict=True))
    # Whole lines are right; the last one is, or was said to be doubtful.
    assert rows[:-1] == ratings[: len(rows) - 1]
    assert caught or (text[:kept].endswith(("\n", "\r")) and rows[-1] == ratings[len(rows) - 1])


@pytest.mark.slow
@given(table=published(), data=st.data(), name=st.sampled_from(["ratings.csv", "movies.csv"]))
def test_a_cut_gzip_file_is_refused(tmp_path_factory, table, data, name):
    films, ratings = table
    folder = tmp_path_factory.mktemp("set")
    texts = {
        "movies.csv": csv_text([("movieId", "title", "genres"), *films], "\n"),
        "ratings.csv": csv_text([("userId", "movieId", "rating", "timestamp"), *ratings], "\n"),
    }
    for file, text in texts.items():
        write(folder / file, text, packed=True)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ValueError, match=name):
        load_movielens(folder)


IDS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=6),
    st.integers(0, 10**30).map(str),
    st.sampled_from(["007", "7", "NA", "null", "1e5", '"', ";", "a\nb", " x "]),
)


@pytest.mark.slow
@given(
    rows=st.lists(IDS, min_size=1, max_size=5, unique=True),
    columns=st.lists(IDS, min_size=1, max_size=5, unique=True),
    data=st.data(),
    end=ENDS,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    last_break=st.booleans(),
    packed=st.booleans(),
)
def test_wide_tables(
    tmp_path_factory,
    rows,
    columns,
    data,
    end,
    separator,
    decimal,
    encoding,
    quoting,
    last_break,
    packed,
):
    names = "".join(rows + columns)
    assume(names.encode(encoding, "ignore").decode(encoding).removeprefix("\ufeff") == names)
    if "\n" in names:
        quoting = csv.QUOTE_ALL
    cell = st.one_of(st.none(), st.integers(2, 20).map(lambda quarter: quarter / 4))
    values = [[data.draw(cell) for _ in columns] for _ in rows]
    table = [["id", *columns]] + [
        [name, *("" if value is None else str(value).replace(".", decimal) for value in line)]
        for name, line in zip(rows, values, strict=True)
    ]
    path = tmp_path_factory.mktemp("wide") / "table.csv"
    text = csv_text(table, end, quoting, separator)
    write(path, text, encoding=encoding, last_break=last_break, packed=packed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read = load_interactions(
            path,
            separator=separator,
            decimal=decimal,
            encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        )
    assert [str(w.message).startswith(f"{path}: the last line") for w in caught] == (
        [] if last_break else [True]
    )
    assert read.row_ids.tolist() == rows
    assert read.column_ids.tolist() == columns
    expected = np.array([[value or 0 for value in line] for line in values])
    np.testing.assert_array_equal(read.matrix.toarray(), expected)
    assert read.matrix.nnz == np.count_nonzero(expected)


@pytest.mark.slow
@given(
    value=st.floats(-10, 10, width=32),
    low=st.floats(-5, 5),
    width=st.floats(0, 5),
)
def test_the_range_is_compared_before_a_rating_is_rounded(tmp_path_factory, value, low, width):
    path = tmp_path_factory.mktemp("wide") / "table.csv"
    path.write_text(f"id,a\nx,{value!r}\n")
    if value == 0 or low <= value <= low + width:
        matrix = load_interactions(path, rating_range=(low, low + width)).matrix
        assert matrix.toarray().tolist() == [[value]]
    else:
        with pytest.raises(ValueError, match="line 2, column 'a': .* is out of range"):
            load_interactions(path, rating_range=(low, low + width))


def test_the_ends_of_the_range_belong_to_it(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id,a,b\nx,0.7,0.9\n")  # float32(0.7) is below 0.7
    read = load_interactions(path, rating_range=(np.float64(0.7), 0.9)).matrix
    assert read.toarray().tolist() == [[np.float32(0.7), np.float32(0.9)]]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"separator": "::"}, ValueError, "separator must be one character, such as ';', got '::'"),
        ({"separator": ""}, ValueError, "separator must be one character"),
        ({"decimal": ";"}, ValueError, "decimal must be '.' or ',', got ';'"),
        ({"encoding": "klingon"}, ValueError, "encoding must be the name of one, such as 'utf-8'"),
        ({"encoding": "hex"}, ValueError, "encoding must be the name of one"),
        ({"encoding": None}, ValueError, "encoding must be the name of one"),
        ({"rating_range": 5}, TypeError, "rating_range must be two numbers"),
        ({"rating_range": (1, "5")}, TypeError, "the highest of rating_range must be a number"),
        ({"rating_range": (1e39, 1e40)}, ValueError, "the lowest of rating_range must be a numb"),
        ({"rating_range": (5, 1)}, ValueError, "the highest of rating_range must be a number fr"),
        ({"rating_range": (np.nan, 1)}, ValueError, "the lowest of rating_range must be a numb"),
    ],
)
def test_options_are_checked(tmp_path, options, error, message):
    with pytest.raises(error, match=message.replace(".", r"\.")):
        load_interactions(tmp_path / "none.csv", **options)
