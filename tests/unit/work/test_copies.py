"""Which copy was made of which notebook, and into which of today's notebooks each cell belongs."""

import pytest
from learners import cell, folders, notebook, save

from course_utils.work._copies import (
    Copy,
    Part,
    base_path,
    homes_of,
    parts_of,
    read_bases,
    read_copies,
    read_course,
    successors,
    topic_of,
)


def book(names, title=""):
    """Return a notebook with a cell for each letter, below its title if it has one."""
    cells = [cell(name, f"text {name}") for name in names]
    return notebook([cell("title", f"# {title}"), *cells] if title else cells)


def names_of(cells):
    return "".join(each["id"] for each in cells)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("01_two_words.ipynb", "two_words"),
        ("two_01_words.ipynb", "two_01_words"),
        ("011_x.ipynb", "011_x"),
        ("1_x.ipynb", "1_x"),
        ("01_.ipynb.ipynb", ".ipynb"),
    ],
)
def test_a_topic_is_the_name_without_its_number(name, topic):
    assert topic_of(name) == topic


class TestReading:
    def test_the_course_is_what_begins_with_a_number(self, tmp_path):
        for name in ("10_b.ipynb", "02_a.ipynb", "1_x.ipynb", "mine.ipynb", "03_y.txt"):
            save(tmp_path / name, [cell("a", "x"), cell("a", "y")])
        (tmp_path / "deep").mkdir()
        save(tmp_path / "deep" / "04_z.ipynb", [])
        found = read_course(tmp_path)
        assert list(found) == ["02_a.ipynb", "10_b.ipynb"]
        assert len({each["id"] for each in found["02_a.ipynb"]["cells"]}) == 2
        assert list(read_course(tmp_path, ["b", "x"])) == ["10_b.ipynb"]
        assert read_course(tmp_path, []) == {}

    def test_cells_of_the_course_have_ids_so_its_format_knows_them(self, tmp_path):
        text = '{"nbformat": 4, "nbformat_minor": 2, "cells": [{"cell_type": "raw", "source": ""}]}'
        (tmp_path / "01_a.ipynb").write_text(text)
        found = read_course(tmp_path)["01_a.ipynb"]
        assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)

    def test_a_damaged_notebook_of_the_course_is_named(self, tmp_path):
        (tmp_path / "01_a.ipynb").write_text("{")
        with pytest.raises(ValueError, match=r"^01_a\.ipynb is no whole notebook"):
            read_course(tmp_path)

    def test_bases_lie_in_the_hidden_folder_and_damaged_ones_are_left_out(self, tmp_path):
        assert read_bases(tmp_path) == {}
        for name in ("b.ipynb", "a.ipynb"):
            save(base_path(tmp_path, name), [cell("a", "x"), cell("a", "y")])
        base_path(tmp_path, "aa.ipynb").write_text("{")
        base_path(tmp_path, "c.txt").touch()
        assert base_path(tmp_path, "a.ipynb") == tmp_path / ".course" / "base" / "a.ipynb"
        found = read_bases(tmp_path)
        assert list(found) == ["a.ipynb", "b.ipynb"]
        assert [len({each["id"] for each in held["cells"]}) for held in found.values()] == [2, 2]

    def test_hidden_folders_hold_no_copies(self, tmp_path):
        place = folders(tmp_path / ".hidden").work
        for name in ("a.ipynb", "deep/er/b.ipynb", ".c.ipynb", "deep/.ipynb_checkpoints/d.ipynb"):
            save(place / name, [])
        (place / "e.ipynb").write_text("{")
        (place / "f.txt").touch()
        copies, damaged = read_copies(place, {})
        assert [copy.path for copy in copies] == [place / "a.ipynb", place / "deep/er/b.ipynb"]
        assert [copy.content for copy in copies] == [copy.path.read_bytes() for copy in copies]
        assert damaged == [place / "e.ipynb"]


class TestBaseOfACopy:
    """`found` maps the path of each copy to its base."""

    @pytest.fixture
    def found(self, tmp_path):
        def read(copies, bases, damaged=()):
            for name, names in copies.items():
                save(tmp_path / name, book(names)["cells"])
            for name in damaged:
                (tmp_path / name).parent.mkdir(exist_ok=True)
                (tmp_path / name).write_text("{")
            read, _ = read_copies(tmp_path, {name: book(names) for name, names in bases.items()})
            return {copy.path.relative_to(tmp_path).as_posix(): copy.base for copy in read}

        return read

    def test_the_same_name_decides_before_the_cells(self, found):
        assert found(
            {"a.ipynb": "efgh", "z.ipynb": "abcd"}, {"a.ipynb": "abcd", "b.ipynb": "efgh"}
        ) == {"a.ipynb": "a.ipynb", "z.ipynb": None}

    def test_the_same_name_in_a_deeper_folder_does_not(self, found):
        assert found({"done/a.ipynb": "x", "b.ipynb": "a"}, {"a.ipynb": "abcd"}) == {
            "done/a.ipynb": None,
            "b.ipynb": "a.ipynb",
        }

    def test_a_damaged_copy_keeps_its_base_where_its_name_says_so(self, found):
        bases = {"a.ipynb": "abcd", "b.ipynb": "efgh"}
        assert found(
            {"z.ipynb": "abcd", "y.ipynb": "efgh"}, bases, ["a.ipynb", "deep/b.ipynb"]
        ) == {
            "y.ipynb": "b.ipynb",
            "z.ipynb": None,
        }

    @pytest.mark.parametrize(
        ("names", "base"),
        [("ax", "a.ipynb"), ("x", None), ("abcd", "a.ipynb"), ("", None)],
    )
    def test_a_quarter_of_the_cells_is_enough(self, found, names, base):
        assert found({"z.ipynb": names}, {"a.ipynb": "abcd"}) == {"z.ipynb": base}
        assert found({"z.ipynb": names}, {"a.ipynb": "abcde"}) == {
            "z.ipynb": base if len(names) > 2 else None
        }

    def test_a_base_without_cells_is_nobodys(self, found):
        assert found({"z.ipynb": "x"}, {"a.ipynb": ""}) == {"z.ipynb": None}

    def test_cells_of_two_bases_tell_nothing(self, found):
        assert found({"z.ipynb": "abc"}, {"a.ipynb": "abcx", "b.ipynb": "abcy"}) == {
            "z.ipynb": None
        }

    def test_each_base_has_one_copy_the_one_with_most_cells(self, found):
        bases = {"a.ipynb": "abcd", "b.ipynb": "efgh"}
        copies = {"w.ipynb": "ab", "x.ipynb": "abcefg", "y.ipynb": "abcd", "z.ipynb": "efgh"}
        assert found(copies, bases) == {
            "w.ipynb": None,
            "x.ipynb": None,
            "y.ipynb": "a.ipynb",
            "z.ipynb": "b.ipynb",
        }

    def test_the_first_of_equals_is_the_copy(self, found):
        assert found({"y.ipynb": "abcd", "z.ipynb": "abcd"}, {"a.ipynb": "abcd"}) == {
            "y.ipynb": "a.ipynb",
            "z.ipynb": None,
        }


def test_ids_may_have_several_homes():
    assert homes_of({"a": book("xy"), "b": book("yz")}) == {"x": ["a"], "y": ["a", "b"], "z": ["b"]}


class TestSuccessors:
    @pytest.mark.parametrize(
        ("base", "new", "successor"),
        [
            # the topic decides before the title, the title before the cells
            (("01_x", "abcd", "T"), {"02_x": ("", ""), "03_y": ("abcd", "T")}, "02_x"),
            (("01_x", "abcd", "T"), {"02_y": ("", "T"), "03_z": ("abcd", "")}, "02_y"),
            (("01_x", "abcd", ""), {"02_y": ("", ""), "03_z": ("abcd", "")}, "03_z"),
            # most cells, a quarter of them at least
            (("01_x", "abcd", ""), {"02_y": ("ax", ""), "03_z": ("bc", "")}, "03_z"),
            (("01_x", "abcd", ""), {"02_y": ("a", "")}, "02_y"),
            (("01_x", "abcde", ""), {"02_y": ("a", "")}, None),
            (("01_x", "abcd", ""), {}, None),
            # cells that stand in two of today's notebooks tell nothing
            (("01_x", "abcd", ""), {"02_y": ("abc", ""), "03_z": ("abcd", "")}, "03_z"),
            (("01_x", "abcd", ""), {"02_y": ("abcd", ""), "03_z": ("abcd", "")}, None),
            # two without a title do not have the same one
            (("01_x", "ab", ""), {"02_y": ("", ""), "03_z": ("", "")}, None),
        ],
    )
    def test_topic_then_title_then_cells(self, base, new, successor):
        name, names, title = base
        bases = {f"{name}.ipynb": book(names, title)}
        today = {f"{key}.ipynb": book(*held) for key, held in new.items()}
        assert successors(bases, today) == {
            f"{name}.ipynb": successor and f"{successor}.ipynb",
        }

    def test_cells_of_two_earlier_notebooks_tell_nothing(self):
        bases = {"01_x.ipynb": book("abcd"), "02_y.ipynb": book("abcde")}
        assert successors(bases, {"03_z.ipynb": book("abcde")}) == {
            "01_x.ipynb": None,
            "02_y.ipynb": "03_z.ipynb",
        }


class TestPart:
    def test_each_id_stands_once_in_the_base(self):
        part = Part()
        for each in (cell("a", "x"), cell("b", "y"), cell("a", "z")):
            part.take_base(each)
        assert part.base == [cell("a", "x"), cell("b", "y")]
        assert part.mine == []

    def test_what_somebody_typed_stays_under_another_id(self):
        part = Part()
        part.take(cell("a", "x"), untouched=True)
        part.take(cell("a", "x"), untouched=False)  # the same text once more
        part.take(cell("a", "z"), untouched=True)
        part.take(cell("a", "y", "code"), untouched=False)
        part.take(cell("a", "z"), untouched=False)
        long = "l" * 64
        part.take(cell(long, "x"), untouched=False)
        part.take(cell(long, "y"), untouched=False)
        assert part.mine == [
            cell("a", "x"),
            cell("own-a", "y", "code"),
            cell("own-a-2", "z"),
            cell(long, "x"),
            cell(f"own-{long[:50]}", "y"),
        ]
        assert part.base == []


class TestParts:
    """`parts` says which cells go where: those of the base, and the learner's."""

    @pytest.fixture
    def parts(self, tmp_path):
        def sort(bases, mine, new, closed=()):
            books = {name: book(names) for name, names in bases.items()}
            today = {name: book(names) for name, names in new.items()}
            copies = []
            for name, names in mine.items():
                held = names if isinstance(names, dict) else book(names)
                base = name if name in bases else None
                copies.append(Copy(tmp_path / name, b"", held, base))
            main = successors(books, today)
            found = parts_of(copies, books, today, main, set(closed))
            return {
                name: (names_of(part.base), names_of(part.mine)) for name, part in found.items()
            }

        return sort

    def test_cells_of_one_notebook_stay_together(self, parts):
        assert parts({"01_x": "abc"}, {"01_x": "ab"}, {"02_x": "bcd"}) == {"02_x": ("abc", "ab")}

    def test_a_copy_without_a_base_or_a_successor_or_a_place_is_left_out(self, parts):
        assert parts({"01_x": "abc"}, {"own": "abc"}, {"01_x": "abc"}) == {}
        assert parts({"01_x": "abc"}, {"01_x": "abc"}, {"02_y": ""}) == {}
        assert parts({"01_x": "abc"}, {"01_x": "abc"}, {"01_x": "abc"}, ["01_x"]) == {}
        both = {"01_x": "abc", "02_y": "def"}
        assert parts(both, both, both, ["01_x"]) == {"02_y": ("def", "def")}
        assert parts(both, {"own": "g"} | both, both) == {
            "01_x": ("abc", "abc"),
            "02_y": ("def", "def"),
        }

    def test_cells_move_with_the_course_and_take_along_what_was_added_below_them(self, parts):
        both = {"01_x": "abc", "02_y": "def"}
        mine = {"01_x": "0a1b2c3", "02_y": "def"}
        assert parts(both, mine, {"01_x": "ac", "02_y": "dbef"}) == {
            "01_x": ("ac", "0a1c3"),
            "02_y": ("bdef", "b2def"),
        }

    def test_a_cell_does_not_move_where_nothing_can_be_written(self, parts):
        both = {"01_x": "abc", "02_y": "def"}
        new = {"01_x": "ac", "02_y": "dbef"}
        assert parts(both, both, new, ["02_y"]) == {"01_x": ("abc", "abc")}

    def test_a_cell_with_two_new_homes_or_of_two_notebooks_stays(self, parts):
        three = {"01_x": "abc", "02_y": "def", "03_z": "ghi"}
        new = {"01_x": "ac", "02_y": "dbef", "03_z": "gbhi"}
        assert parts(three, three, new)["01_x"] == ("abc", "abc")
        shared = {"01_x": "abc", "02_y": "bdef"}
        assert parts(shared, shared, {"01_x": "ac", "02_y": "bdef"})["01_x"] == ("abc", "abc")

    def test_a_notebook_that_was_split_off_takes_its_cells_along(self, parts):
        base = {"01_x": "abcdef"}
        new = {"01_x": "abc", "02_new": "def"}
        assert parts(base, {"01_x": "abcd1ef"}, new) == {
            "01_x": ("abc", "abc"),
            "02_new": ("def", "d1ef"),
        }
        # Where it cannot be written, they stay.
        assert parts(base, base, new, ["02_new"]) == {"01_x": ("abcdef", "abcdef")}

    def test_an_id_of_both_halves_goes_where_its_text_is(self, tmp_path):
        """The course may number exercises anew in each notebook."""
        exercise, other = cell("e", "first"), cell("e", "second")
        bases = {"01_x": notebook([cell("a", "A"), cell("e", "second"), cell("b", "B")])}
        new = {
            "01_x": notebook([cell("a", "A"), exercise]),
            "02_new": notebook([other, cell("b", "B")]),
        }
        mine = notebook([cell("a", "A"), cell("e", "my answer"), cell("b", "B")])
        copies = [Copy(tmp_path / "01_x", b"", mine, "01_x")]
        main = {"01_x": "01_x"}
        found = parts_of(copies, bases, new, main, set())
        assert {name: names_of(part.mine) for name, part in found.items()} == {
            "01_x": "a",
            "02_new": "eb",
        }
        new["02_new"]["cells"][0]["source"] = "third"  # neither is the old text: it stays
        found = parts_of(copies, bases, new, main, set())
        assert {name: names_of(part.mine) for name, part in found.items()} == {
            "01_x": "ae",
            "02_new": "b",
        }

    def test_an_id_of_two_new_notebooks_goes_to_the_first(self, tmp_path):
        """Both were split off, and both have changed the text."""
        bases = {"01_x": book("abce")}
        new = {
            "01_x": book("a"),
            "03_new": notebook([*book("c")["cells"], cell("e", "third")]),
            "02_new": notebook([*book("b")["cells"], cell("e", "second")]),
        }
        copies = [Copy(tmp_path / "01_x", b"", book("abce"), "01_x")]
        found = parts_of(copies, bases, new, {"01_x": "01_x"}, set())
        assert {name: names_of(part.mine) for name, part in found.items()} == {
            "01_x": "a",
            "02_new": "be",
            "03_new": "c",
        }

    def test_what_nobody_typed_is_not_kept_twice(self, tmp_path):
        """Two copies become one notebook; both hold a cell of the same id."""
        bases = {"01_x": book("ae"), "02_y": book("be")}
        new = {"01_x": book("abe")}
        main = {"01_x": "01_x", "02_y": "01_x"}
        typed = notebook([cell("b", "text b"), cell("e", "typed")])
        for second, expected in ((book("be"), "aeb"), (typed, "aebown-e")):
            copies = [Copy(tmp_path / "1", b"", book("ae"), "01_x")]
            copies.append(Copy(tmp_path / "2", b"", second, "02_y"))
            found = parts_of(copies, bases, new, main, set())
            assert {name: names_of(part.mine) for name, part in found.items()} == {"01_x": expected}
            assert names_of(found["01_x"].base) == "aeb"
