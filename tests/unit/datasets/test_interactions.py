"""course_utils.datasets.interactions: wide tables that are read, and what is refused and how."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import direct_calls
from scipy.sparse import csr_array

from course_utils.datasets import load_interactions

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


def test_a_table_of_a_spreadsheet(tmp_path):
    path = wide(tmp_path, "id;a;b\r\nLéon;4,5;\r\nEmma;;2\r\n".encode("cp1252"))
    matrix, row_ids, _ = load_interactions(path, separator=";", decimal=",", encoding="cp1252")
    assert matrix.toarray().tolist() == [[4.5, 0], [0, 2]]
    assert row_ids.tolist() == ["Léon", "Emma"]
    path.write_text("id;a;b\nLéon;4.5;\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"'4\.5' is not a number; .*give decimal='\.'"):
        load_interactions(path, separator=";", decimal=",")


@direct_calls
def test_a_last_line_without_a_break_is_taken_with_a_warning(tmp_path):
    path = wide(tmp_path, WIDE[:-1])
    with pytest.warns(UserWarning, match=r"the last line has no .*: 3 rows below") as caught:
        assert load_interactions(path).matrix.nnz == 3
    assert [warning.filename for warning in caught] == [__file__]


def test_another_scale_can_be_asked_for(tmp_path):
    path = wide(tmp_path, "id,a\nx,10\n")
    with pytest.raises(ValueError, match="10 is out of range; expected a rating from 0.5 to 5"):
        load_interactions(path)
    assert load_interactions(path, rating_range=(1, 10)).matrix[0, 0] == 10


@pytest.mark.slow
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
        (gzip.compress(WIDE.encode(), mtime=0)[:-9], "the gzip file is cut or damaged"),
        ("id,a\nLéon,1\n".encode("latin-1"), "line 2: byte 0xe9 in b'L\\xe9on,1\\n'; the file"),
        ("id,a\nLéon,1\n".encode("latin-1"), "is not text in UTF-8; save it as UTF-8, or give its"),
        ("id,a\nLéon,1\n".encode("utf-16"), "is text in UTF-16, expected UTF-8; save it as UTF"),
        ("id,a\nx\0,1\nx,1\n", "line 2: a zero byte in 'x\\x00,1\\n'; expected text"),
        ("id,a\nx,1\n".encode("utf-16-le"), "line 1: a zero byte in"),
        ("id;a;b\nx;1;2\n", "line 1: one field; expected the name of the row ids and then the"),
        ("id;a;b\nx;1;2\n", "give separator=';' if that is meant"),
        ("id\ta\tb\nx\t1\t2\n", "give separator='\\t' if that is meant"),
        ('id,a\nx,"4,5"\n', "'4,5' is not a number; expected a rating, or nothing where there is"),
        ('id,a\nx,"4,5"\n', "give decimal=',' if that is meant"),
        ("id,a\nx,1_0\n", "line 2, column 'a': '1_0' is not a number"),
        ("x,4,4,2\ny,1,2,3\n", "'4' stands there twice; expected it once; is the line with the"),
        ("x,4,,2\ny,1,2,3\n", "is empty; expected a column id; is the line with the column ids"),
        ("user,item,rating\nu,i,4\n", "'i' is not a number; expected a rating, or nothing"),
        ("user,item,rating\nu,i,4\n", ".pivot(index=…, columns=…, values=…)"),
        ("user,item,rating\n1,31,2.5\n", "make it wide first"),
        ("user,item,rating\n1,3,2.5\n1,2,4\n", "make it wide first"),
        ('id,a\n"x,4\n', "unexpected end of data"),
        ('id,a\n"x"y,4\n', "line 2: "),
    ],
)
def test_a_bad_wide_table_is_refused(tmp_path, text, message):
    path = wide(tmp_path, text)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        load_interactions(path)
    assert str(caught.value).startswith(str(path))


LONG = (
    ". If each line holds one rating (user, item, rating), make it wide first:"
    " pandas.read_csv(path, dtype=str).pivot(index=…, columns=…, values=…).to_csv(…)"
)
MISSING = "; is the line with the column ids missing?"
ONE_FIELD = ", line 1: one field; expected the name of the row ids and then the column ids"
NO_NUMBER = "is not a number; expected a rating, or nothing where there is none"
RANGE = "is out of range; expected a rating from 0.5 to 5, or nothing where there is none"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n\n", " is empty; expected a header line with a column id above each column"),
        ("id,a\n", " holds only a header; expected at least one row of ratings below it"),
        ("id\nx\n", ONE_FIELD),
        ("id;a|b;c\n", f"{ONE_FIELD}; give separator=';' if that is meant"),
        ("id|a;b|c\n", f"{ONE_FIELD}; give separator='|' if that is meant"),
        ("id\ta\n", f"{ONE_FIELD}; give separator='\\t' if that is meant"),
        ("\nid,a,,\n", f", line 2: field 3 is empty; expected a column id{MISSING}"),
        (
            "id,a,b,c,c,b\n",
            f", line 1: column id 'c' stands there twice; expected it once{MISSING}",
        ),
        (
            "id,a,b\nx,1\n",
            ", line 2: 2 fields; expected 3, as in the header (a short last line means that the"
            " file was cut)",
        ),
        ("id,a,b\n,1,2\n", ", line 2: the first field is empty; expected a row id"),
        ("id,a\nx,good\n", f", line 2, column 'a': 'good' {NO_NUMBER}"),
        ("id,a,b,c,d\nx,,,,1_0\n", f", line 2, column 'd': '1_0' {NO_NUMBER}"),
        (
            'id,a,b,c,d\nx,1,"4,5",,\n',
            f", line 2, column 'b': '4,5' {NO_NUMBER}; give decimal=',' if that is meant",
        ),
        ("id,a,b\nx,1,y\n", f", line 2, column 'b': 'y' {NO_NUMBER}{LONG}"),
        (
            'id,a,b,c\nx,,"1,5",\n',
            f", line 2, column 'b': '1,5' {NO_NUMBER}; give decimal=',' if that is meant{LONG}",
        ),
        (
            "id,a\nx,1\ny,,\n",
            ", line 3: 3 fields; expected 2, as in the header (a short last line"
            " means that the file was cut)",
        ),
        (
            "id,a\nx,1\n\nx,2\n",
            ", line 4: row id 'x' stands there twice, so its pairs would be rated"
            " twice; expected each row id once",
        ),
        (
            "id,a,b\nx,1,2\nx,2,1\n",
            ", line 3: row id 'x' stands there twice, so its pairs would be"
            f" rated twice; expected each row id once{LONG}",
        ),
        ("id,a\nx,1\ny,0.25\n", f", line 3, column 'a': 0.25 {RANGE}"),
        ("id,a,b,c\nx,1,,1234567\n", f", line 2, column 'c': 1.23457e+06 {RANGE}{LONG}"),
        (
            'id,a\n"x,4\n',
            ", line 2: unexpected end of data; expected quotes in pairs, doubled within a field"
            " (the file may be cut)",
        ),
        (
            f"id,a\n{'x' * 99}\0,1\n",
            f", line 2: a zero byte in '{'x' * 60}'; expected text. The file is damaged, or in"
            " another encoding, such as encoding='utf-16-le'",
        ),
    ],
)
def test_what_is_wrong_with_a_wide_table_is_said_in_full(tmp_path, text, message):
    path = wide(tmp_path, text)
    with pytest.raises(ValueError, match="table") as error:
        load_interactions(path)
    assert str(error.value) == f"{path}{message}"


def test_of_two_kinds_of_decimals_the_other_one_is_offered(tmp_path):
    path = wide(tmp_path, "id;a\nx;4.5\n")
    with pytest.raises(ValueError, match="number") as error:
        load_interactions(path, separator=";", decimal=",")
    assert str(error.value) == (
        f"{path}, line 2, column 'a': '4.5' {NO_NUMBER}; give decimal='.' if that is meant"
    )


@pytest.mark.parametrize(
    ("encoding", "asked"),
    [
        *(("utf-8", "UTF8"), ("utf-8-sig", "utf_8"), ("utf-8-sig", "utf-8-sig")),
        *(("utf-16", "utf-16"), ("utf-16", "UTF16"), ("latin-1", "latin-1")),
    ],
)
def test_the_encoding_may_be_written_as_people_write_it(tmp_path, encoding, asked):
    path = wide(tmp_path, "ïd,é\nü,4\n".encode(encoding))
    read = load_interactions(path, encoding=asked)
    assert (read.row_ids.tolist(), read.column_ids.tolist()) == (["ü"], ["é"])


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_last_line_may_end_in_every_way(tmp_path, end):
    path = wide(tmp_path, f"id,a{end}x,4{end}")
    assert load_interactions(path).matrix.toarray().tolist() == [[4]]


def test_a_scale_around_zero_has_no_zero_and_nothing_that_becomes_one(tmp_path):
    """A cell with 0 was not rated, and float32 holds no 1e-50."""
    path = wide(tmp_path, "id,a,b,c,d\nx,-1,0,1,-0.0\n")
    matrix = load_interactions(path, rating_range=(-1, 1)).matrix
    assert (matrix.data.tolist(), matrix.indices.tolist()) == ([-1, 1], [0, 2])
    path = wide(tmp_path, "id,a,b,c,d\nx,1,0,1e-50,2\n")
    with pytest.raises(ValueError, match="range") as error:
        load_interactions(path, rating_range=(-1, 1))
    assert str(error.value) == (
        f"{path}, line 2, column 'c': 1e-50 is out of range; expected a rating from -1 to 1, or"
        " nothing where there is none"
    )


def test_what_is_said_of_a_table_without_an_end(tmp_path):
    path = wide(tmp_path, WIDE[:-1])
    with pytest.warns(UserWarning, match="no line break") as caught:
        load_interactions(path)
    (warning,) = caught
    assert str(warning.message).startswith(f"{path}: the last line has no line break, ")
    assert " It was read: 3 rows " in str(warning.message)


def test_a_line_break_within_an_id_stays_what_it_is(tmp_path):
    read = load_interactions(wide(tmp_path, 'id,"a\r\nb"\r\n"x\ry",4\r\n'))
    assert (read.row_ids.tolist(), read.column_ids.tolist()) == (["x\ry"], ["a\r\nb"])


def test_a_cell_that_is_only_a_row_id_in_blanks_is_no_line(tmp_path):
    path = wide(tmp_path, "\n  \nid,a\n \t\nx,4\n\n")
    assert load_interactions(path).matrix.toarray().tolist() == [[4]]


def test_ids_are_text_and_indices_small(tmp_path):
    matrix, rows, columns = load_interactions(wide(tmp_path, "id,2,1\n007,,4\n7,3,2\n"))
    assert (rows.dtype.kind, columns.dtype.kind) == ("U", "U")
    assert (rows.tolist(), columns.tolist()) == (["007", "7"], ["2", "1"])
    assert matrix.has_canonical_format
    assert matrix.indices.dtype == np.int32
    assert (matrix.data.tolist(), matrix.indptr.tolist()) == ([4, 3, 2], [0, 1, 3])


def test_the_encoding_that_was_asked_for_is_named(tmp_path):
    path = wide(tmp_path, b"id,a\nL\x81on,1\n")
    with pytest.raises(ValueError, match="text") as error:
        load_interactions(path, encoding="windows-1252")
    assert str(error.value) == (
        f"{path} is not text in CP1252; save it as UTF-8, or give its encoding, such as"
        " encoding='cp1252' or 'utf-16'"
    )


def test_a_missing_wide_table_is_named(tmp_path):
    expected = "expected a csv file with one row of ratings for each line"
    for path, what in ((tmp_path / "none.csv", "is not there"), (tmp_path, "is a folder")):
        with pytest.raises(FileNotFoundError) as error:
            load_interactions(path)
        assert str(error.value) == f"{path} {what}; {expected}"


def test_rows_and_columns_that_nobody_rated_are_there(tmp_path):
    matrix = load_interactions(wide(tmp_path, "id,a,b,c\nx,,,\ny,4,,\nz,,,\n")).matrix
    assert matrix.toarray().tolist() == [[0, 0, 0], [4, 0, 0], [0, 0, 0]]


def test_of_another_separator_than_the_one_that_was_given_a_comma_may_be_meant(tmp_path):
    path = wide(tmp_path, "id,a\nx,4\n")
    with pytest.raises(ValueError, match="one field") as error:
        load_interactions(path, separator=";")
    assert str(error.value) == f"{path}{ONE_FIELD}; give separator=',' if that is meant"


def test_a_line_of_empty_fields_is_a_line(tmp_path):
    with pytest.raises(ValueError, match="line 2: the first field is empty"):
        load_interactions(wide(tmp_path, "id,a\n,\nx,4\n"))


def test_utf_16_that_was_not_asked_for_is_said_in_full(tmp_path):
    path = wide(tmp_path, "id,a\nx,4\n".encode("utf-16"))
    with pytest.raises(ValueError, match="UTF-16") as error:
        load_interactions(path)
    assert str(error.value) == (
        f"{path} is text in UTF-16, expected UTF-8; save it as UTF-8, or give its encoding, such as"
        " encoding='cp1252' or 'utf-16'"
    )
