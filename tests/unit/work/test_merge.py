"""Three versions of cells become one, and nothing that somebody typed is lost."""

import learners
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learners import cell

from course_utils.work._cells import identified
from course_utils.work._merge import NOTE, Counts, merge, merged_mapping, woven

BASE = [cell("a", "A"), cell("b", "B", "code"), cell("c", "C")]


def merged(base, mine, new):
    cells, counts = merge(base, mine, new)
    assert len({each["id"] for each in cells}) == len(cells)
    return [each["source"] for each in cells], str(counts)


def test_untouched_cells_take_the_new_text_and_learners_cells_stay():
    mine = [BASE[0], cell("b", "B2", "code"), cell("own", "mine"), BASE[2]]
    new = [cell("a", "A2"), BASE[1], cell("d", "D"), cell("c", "C2")]
    assert merged(BASE, mine, new) == (["A2", "B2", "mine", "D", "C2"], "2 cells renewed, 1 added")


def test_where_both_changed_the_new_text_stands_below_and_only_once():
    mine = [cell("a", "A mine"), cell("b", "%%time\nB mine", "code")]
    new = [cell("a", "A2"), cell("b", "%%time\nB2", "code")]
    below = [f"*{NOTE}*\n\nA2", f"%%time\n# {NOTE}\nB2"]
    first, counts = merge(BASE[:2], mine, new)
    assert [each["source"] for each in first] == ["A mine", below[0], "%%time\nB mine", below[1]]
    assert str(counts).startswith("2 cells changed by you and by the course")
    assert merge(new, first, new)[0] == first
    # even if nobody knows any more what the copy was made from
    assert merge([], first, new)[0] == first


def test_a_second_correction_replaces_the_note_unless_the_learner_wrote_into_it():
    new, newer = [cell("a", "A2")], [cell("a", "A3")]
    cells, _ = merge(BASE[:1], [cell("a", "A mine")], new)
    assert merged(new, cells, newer)[0] == ["A mine", f"*{NOTE}*\n\nA3"]
    cells[1] = dict(cells[1], source=f"{cells[1]['source']}\nand mine")
    assert merged(new, cells, newer)[0] == [
        "A mine",
        f"*{NOTE}*\n\nA3",
        f"*{NOTE}*\n\nA2\nand mine",
    ]


def test_what_goes_goes_only_where_nobody_typed():
    mine = [cell("a", "A mine"), BASE[1], BASE[2]]
    assert merged(BASE, mine, []) == (["A mine"], "2 cells removed")


def test_a_cell_that_the_learner_deleted_stays_deleted():
    assert merged(BASE, BASE[1:], [cell("a", "A2"), *BASE[1:]])[0] == ["B", "C"]


def test_the_learners_order_counts_if_the_learner_moved_a_cell():
    new = [cell("x", "X"), BASE[2], *BASE[:2]]
    assert merged(BASE, [BASE[1], BASE[0], BASE[2]], new)[0] == ["X", "B", "A", "C"]
    assert merged(BASE, BASE, new)[0] == ["X", "C", "A", "B"]


def test_outputs_and_metadata_of_untouched_cells_stay():
    run = cell("b", "B", "code", outputs=[1], metadata={"fold": True, "tags": ["x"]})
    base = [cell("b", "B", "code", metadata={"tags": ["x"]})]
    new = [cell("b", "B", "code", metadata={"tags": ["y"]})]
    (result,), counts = merge(base, [run], new)
    assert (result["outputs"], result["metadata"]) == ([1], {"fold": True, "tags": ["y"]})
    assert str(counts) == "no text changed"


def test_a_changed_kind_of_cell_counts_as_typed():
    assert merged(BASE[:1], [cell("a", "A", "code")], [cell("a", "A2")])[0] == [
        "A",
        f"*{NOTE}*\n\nA2",
    ]


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("%%time", f"%%time\n# {NOTE}\n"),
        ("%%time\nB2\nC2", f"%%time\n# {NOTE}\nB2\nC2"),
        ("%time B2\nC2", f"# {NOTE}\n%time B2\nC2"),
        ("x = '%%'\nB2", f"# {NOTE}\nx = '%%'\nB2"),
    ],
)
def test_a_cell_magic_stays_in_its_line(text, noted):
    assert merged(BASE[1:2], [cell("b", "B mine", "code")], [cell("b", text, "code")])[0] == [
        "B mine",
        noted,
    ]


def test_a_cell_that_the_course_left_as_it_was_keeps_the_learners_text_and_gets_its_metadata():
    base = [cell("a", "A", metadata={"tags": ["x"], "old": 1})]
    mine = [cell("a", "A mine", metadata={"tags": ["x"], "old": 1, "fold": True})]
    new = [cell("a", "A", metadata={"tags": ["y"]})]
    (result,), counts = merge(base, mine, new)
    assert result == cell("a", "A mine", metadata={"tags": ["y"], "fold": True})
    assert counts == Counts()


def test_a_cell_of_which_nobody_knows_the_base_takes_the_metadata_of_the_course():
    mine = [cell("a", "A", metadata={"tags": ["x"], "fold": True})]
    (result,), counts = merge([], mine, [cell("a", "A", metadata={"tags": ["y"]})])
    assert result["metadata"] == {"tags": ["y"], "fold": True}
    assert counts == Counts()


def test_a_note_has_an_id_of_its_own_and_all_else_of_the_courses_cell():
    new = cell("a", "A2", metadata={"tags": ["y"]})
    (mine, note), counts = merge(BASE[:1], [cell("a", "A mine")], [new])
    assert mine == cell("a", "A mine")
    assert note == new | {"source": f"*{NOTE}*\n\nA2", "id": note["id"]}
    assert note["id"].startswith("update-")
    assert counts == Counts(both=1)


def test_every_kind_of_change_is_counted():
    def two(letter, text):
        return [cell(f"{letter}{number}", text) for number in (1, 2)]

    base = [each for letter in "abcde" for each in two(letter, letter)]
    mine = [*base[:6], *two("d", "mine"), cell("own", "mine")]  # both e were deleted
    new = [*two("a", "new"), *two("b", "b"), *two("d", "new"), *two("e", "new"), *two("f", "new")]
    _, counts = merge(base, mine, new)
    assert counts == Counts(renewed=2, added=2, removed=2, both=2)


def test_metadata_that_the_learner_changed_stay_beside_the_same_text():
    base = [cell("a", "A", metadata={"fold": False, "tags": ["x"]})]
    mine = [cell("a", "A", metadata={"fold": True, "tags": ["x"]})]
    assert merge(base, mine, base)[0] == mine


def test_a_note_that_stands_there_already_is_the_learners():
    new = [cell("a", "A2"), cell("c", "C")]
    (mine, note, last), _ = merge(BASE, [cell("a", "A mine"), BASE[2]], new)
    moved = [mine, last, dict(note, metadata={"fold": True})]
    assert merge([], moved, new)[0] == moved


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(), "no text changed"),
        (Counts(renewed=1), "1 cell renewed"),
        (Counts(added=11), "11 cells added"),
        (
            Counts(removed=1, both=2),
            "1 cell removed, 2 changed by you and by the course: the new text stands below yours",
        ),
        (Counts(1, 2, 3), "1 cell renewed, 2 added, 3 removed"),
    ],
)
def test_what_was_done_is_said_in_words(counts, said):
    assert str(counts) == said


@pytest.mark.parametrize(
    ("was", "mine", "now", "result"),
    [
        ({}, {}, {"a": 1}, {"a": 1}),
        ({}, {"a": 2}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 3}),
        ({"a": 1}, {}, {"a": 1}, {}),
        ({"a": 1}, {}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({"a": 1}, {"a": 2}, {}, {"a": 2}),
        ({"a": 1}, {}, {}, {}),
        ({"a": None}, {"b": 1}, {}, {"b": 1}),
    ],
)
def test_metadata_take_what_the_course_has_changed(was, mine, now, result):
    before = dict(mine)
    assert merged_mapping(was, mine, now) == result
    assert mine == before


@pytest.mark.parametrize(
    ("main", "other", "result"),
    [
        ("", "abc", "abc"),
        ("abc", "", "abc"),
        ("ab", "xab", "xab"),
        ("ab", "axyb", "axyb"),
        ("ba", "axyb", "baxy"),
        ("abc", "cxa", "abcx"),
    ],
)
def test_what_only_the_other_order_has_follows_what_precedes_it_there(main, other, result):
    assert "".join(woven(main, other)) == result


class TestIdentified:
    def test_missing_illegal_and_repeated_ids_are_made_good(self):
        cells = [cell("a", "x"), cell("a", "y"), cell("not legal!", "z"), cell(None, "z")]
        names = [each["id"] for each in identified(cells)]
        assert names[0] == "a"
        assert len(set(names)) == 4
        assert identified(identified(cells)) == identified(cells)

    def test_a_cell_with_a_new_id_and_the_text_of_a_missing_one_is_that_one(self):
        found = identified([cell("new", "B", "code"), cell("other", "own")], BASE)
        assert [each["id"] for each in found] == ["b", "other"]

    def test_colab_keeps_ids_in_the_metadata(self):
        bare = {"cell_type": "markdown", "source": "x", "metadata": {"id": "colab_1"}}
        assert identified([bare])[0]["id"] == "colab_1"


@pytest.mark.slow
@settings(max_examples=400)
@given(st.data())
def test_no_typed_line_is_lost_and_a_second_merge_changes_nothing(data):
    base = learners.renewed(data.draw, BASE)
    typed, lines = learners.edited(data.draw, base)
    mine = identified([dict(each, metadata={}) for each in typed], base)
    new = learners.renewed(data.draw, base)
    cells, _ = merge(base, mine, new)
    whole = "\n".join(each["source"] for each in cells)
    assert [line for line in lines if line not in whole] == []
    assert merge(new, identified(cells, new), new)[0] == cells
    # What is new in the course stands there, too, unless the learner deleted the cell.
    deleted = {each["id"] for each in base} - {each["id"] for each in mine}
    old = {each["source"] for each in base}
    for each in new:
        assert each["id"] in deleted or each["source"] in old or each["source"] in whole


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_a_learner_goes_through_several_updates(data):
    course = BASE
    mine, lines = list(BASE), []
    for _ in range(3):
        mine, lines = learners.edited(data.draw, mine)
        mine = identified([dict(each, metadata={}) for each in mine], course)
        newer = learners.renewed(data.draw, course)
        mine, _ = merge(course, mine, newer)
        course = newer
    whole = "\n".join(each["source"] for each in mine)
    assert [line for line in lines if line not in whole] == []
