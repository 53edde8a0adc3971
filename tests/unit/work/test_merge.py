"""Three versions of cells become one, and nothing that somebody typed is lost."""

import learners
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learners import cell

from course_utils.work._cells import identified
from course_utils.work._merge import NOTE, merge

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
