"""Cells are read from any editor's file, and written as Jupyter writes them."""

import hashlib
import json

import nbformat
import pytest
from learners import cell, notebook

from course_utils.work._cells import (
    digest,
    fresh_id,
    from_bytes,
    headings_above,
    identified,
    same_text,
    title_of,
    to_bytes,
    without_outputs,
)


def file_of(cells, **more):
    return json.dumps(notebook(cells) | more).encode()


class TestReading:
    def test_sources_become_one_text_with_plain_line_ends(self):
        lines = {"cell_type": "raw", "source": ["one\r\n", "two\r\n"], "id": "a", "metadata": {}}
        whole = cell("b", "one\r\n\rtwo", "code", metadata={"tags": ["x"]})
        found = from_bytes(file_of([lines, whole]), "a.ipynb")
        assert found["cells"] == [
            lines | {"source": "one\ntwo\n"},
            whole | {"source": "one\n\rtwo"},
        ]

    def test_a_byte_order_mark_and_missing_metadata_are_no_matter(self):
        content = {"cells": [{"cell_type": "code", "source": "x"}], "nbformat": 4, "own": [1]}
        found = from_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode(), "a.ipynb")
        assert found == content | {
            "cells": [{"cell_type": "code", "source": "x", "metadata": {}}],
            "metadata": {},
        }

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"\xff", "UnicodeDecodeError"),
            (b"{", "JSONDecodeError"),
            (b"[]", "TypeError"),
            (b'{"nbformat": 4}', "KeyError('cells')"),
            (b'{"cells": []}', "KeyError('nbformat')"),
            (b'{"cells": 3, "nbformat": 4}', "TypeError"),
            (b"[" * 100_000, "RecursionError"),
            (file_of([cell("a", 3)]), "TypeError"),
            (
                file_of([cell("a", "x", "heading")]),
                "ValueError('there is a cell of an unknown kind'",
            ),
            (
                file_of([cell("a", "x", metadata=[])]),
                "ValueError('there is a cell of an unknown kind",
            ),
        ],
    )
    def test_what_is_no_notebook_is_named(self, content, problem):
        with pytest.raises(ValueError, match="no whole notebook") as error:
            from_bytes(content, "02_x.ipynb")
        assert str(error.value).startswith(f"02_x.ipynb is no whole notebook: {problem}")

    @pytest.mark.parametrize("other", [{"nbformat": 3}, {"nbformat": "4"}, {"metadata": []}])
    def test_another_format_is_named(self, other):
        with pytest.raises(ValueError, match="format") as error:
            from_bytes(file_of([], **other), "02_x.ipynb")
        assert str(error.value) == "02_x.ipynb is no notebook of format 4"


class TestWriting:
    def test_a_notebook_is_written_as_jupyter_writes_it(self):
        book = notebook([cell("a", "# Ü\n\ntext"), cell("b", "x = 1\n", "code"), cell("c", "")])
        assert to_bytes(book).decode() == nbformat.writes(nbformat.from_dict(book)) + "\n"
        assert from_bytes(to_bytes(book), "") == book

    def test_half_of_a_letter_is_spelt_out_and_comes_back(self):
        book = notebook([cell("a", "ü \ud83d"), cell("b", "two\nlines", "code")])
        written = to_bytes(book)
        assert written.isascii()
        assert from_bytes(written, "") == book
        whole = to_bytes(from_bytes(written.replace(b"\\ud83d", b"?"), ""))
        assert len(written.splitlines()) == len(whole.splitlines())
        assert [line[: len(line) - len(line.lstrip())] for line in written.splitlines()] == [
            line[: len(line) - len(line.lstrip())] for line in whole.splitlines()
        ]
        assert written.endswith(b"}\n")

    def test_what_a_later_merge_needs_is_kept_and_nothing_else(self):
        run = cell("a", "x", "code", outputs=[1], execution_count=3, metadata={"tags": ["t"]})
        picture = cell("b", "![](attachment:p)", attachments={"p": {}})
        bare = {"cell_type": "raw", "source": "r"}
        found = without_outputs(notebook([run, picture, bare]))
        assert found == notebook(
            [
                run | {"outputs": [], "execution_count": None},
                cell("b", "![](attachment:p)"),
                bare,
            ]
        )


class TestTexts:
    def test_the_same_text_in_another_kind_of_cell_is_another(self):
        one = cell("a", "x", "code", outputs=[1])
        assert same_text(one, cell("b", "x", "code"))
        assert not same_text(one, cell("a", "y", "code", outputs=[1]))
        assert not same_text(one, cell("a", "x"))

    def test_a_digest_is_the_beginning_of_the_sha256(self):
        assert digest("ü") == hashlib.sha256("ü".encode()).hexdigest()[:8]
        assert digest("\ud83d") != digest("\ud83e")  # halves of letters, which editors may leave

    @pytest.mark.parametrize(
        ("cells", "title"),
        [
            ([cell("a", "# code", "code"), cell("b", "text\n#  The title \nmore")], "The title"),
            ([cell("a", "## Part"), cell("b", "# One"), cell("c", "# Two")], "One"),
            ([cell("a", ["#", " ", "One\n", "text"])], "One"),
            ([cell("a", "## Part"), cell("b", "#no")], ""),
            ([], ""),
        ],
    )
    def test_the_title_is_the_first_heading_of_a_text(self, cells, title):
        assert title_of({"cells": cells}) == title

    def test_a_cell_stands_under_the_last_heading_above_it(self):
        texts = ["# Title", "text\n### 1. One\n## 2. Two", "no heading", "## 3. Three"]
        cells = [cell("a", text) for text in texts]
        cells.insert(3, cell("b", "## code", "code"))
        assert headings_above(cells) == ["", "1. One", "1. One", "1. One", "3. Three"]


class TestIds:
    @pytest.mark.parametrize(
        ("used", "name"), [([], "own"), (["own"], "own-2"), (["own", "own-2", "own-4"], "own-3")]
    )
    def test_the_first_free_number_is_taken(self, used, name):
        assert fresh_id("own", iter(used)) == name

    def test_missing_illegal_and_repeated_ids_get_one_of_their_text(self):
        own = f"own-{digest('x')}"
        cells = [
            cell("a", "x"),
            cell("a", "x"),
            cell("no space", "x"),
            cell("a" * 65, "x"),
            cell(None, "y"),
            cell(7, "y"),
            cell("", "y", metadata={"id": "colab_2"}),
            cell("a" * 64, "y"),
        ]
        assert [each["id"] for each in identified(cells)] == [
            "a",
            own,
            f"{own}-2",
            f"{own}-3",
            f"own-{digest('y')}",
            f"own-{digest('y')}-2",
            "colab_2",
            "a" * 64,
        ]

    def test_a_made_up_id_is_not_one_that_stands_further_down(self):
        own = f"own-{digest('x')}"
        found = identified([cell(None, "x"), cell(own, "z")])
        assert [each["id"] for each in found] == [f"{own}-2", own]

    def test_only_a_missing_cell_lends_its_id_and_only_once(self):
        known = [cell("a", "x"), cell("b", "x"), cell("c", "z"), cell("d", "x", "code")]
        mine = [cell("new", "x"), cell("b", "x"), cell("newer", "x"), cell(None, "z")]
        found = identified(mine, known)
        assert [each["id"] for each in found] == ["a", "b", "newer", "c"]
        assert [each["source"] for each in found] == ["x", "x", "x", "z"]
        assert mine[0]["id"] == "new"

    def test_a_known_id_stays_though_its_text_is_that_of_a_missing_cell(self):
        known = [cell("a", "x"), cell("b", "y")]
        assert [each["id"] for each in identified([cell("a", "y")], known)] == ["a"]
