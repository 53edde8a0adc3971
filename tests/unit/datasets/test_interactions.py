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

from course_utils.datasets import (
    load_interactions,
)

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


def test_a_missing_wide_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv is not there"):
        load_interactions(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match=r"is a folder; expected a csv file"):
        load_interactions(tmp_path)
