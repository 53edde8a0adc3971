"""Copies are made, found again, and brought up to date."""

import json
import os
import shutil
from pathlib import Path

import learners
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learners import cell, load, save, sources

from course_utils import work
from course_utils.work import _folder, _transaction
from course_utils.work._merge import NOTE

A = [
    cell("title", "# Add"),
    cell("a1", "one"),
    cell("exercise-1", "TODO", "code"),
    cell("a2", "two"),
]
B = [cell("title", "# Subtract"), cell("b1", "one"), cell("exercise-1", "TODO", "code")]


@pytest.fixture
def place(tmp_path):
    found = learners.folders(tmp_path)
    save(found.course / "01_add.ipynb", A)
    save(found.course / "02_subtract.ipynb", B)
    found.start = lambda: work.start(found.work, course=found.course)
    found.update = lambda: work.update(found.work, course=found.course)
    return found


def answer(path, name="exercise-1", text="my answer"):
    cells = load(path)
    next(each for each in cells if each["id"] == name)["source"] = text
    save(path, cells)


def unchanged(place):
    """Assert that another update has nothing to do, and that nothing half lies about."""
    before = learners.content(place.work)
    assert [line for line in place.update() if "no whole notebook" not in line] in (
        ["nothing to update"],
        [],
    )
    assert learners.content(place.work) == before
    assert not [name for name in before if "partial" in name or "pending" in name]


class TestStart:
    def test_copies_are_made_once_and_stay(self, place):
        assert place.start() == [f"2 notebooks copied to {place.work}"]
        answer(place.work / "01_add.ipynb")
        before = learners.content(place.work)
        assert place.start() == []
        assert learners.content(place.work) == before

    def test_a_deleted_copy_comes_back_fresh(self, place):
        place.start()
        (place.work / "01_add.ipynb").unlink()
        assert place.start() == [f"1 notebooks copied to {place.work}"]
        assert sources(place.work / "01_add.ipynb") == [each["source"] for each in A]

    def test_a_deleted_copy_comes_back_as_the_course_is_now(self, place):
        place.start()
        (place.work / "01_add.ipynb").unlink()
        save(place.course / "01_add.ipynb", A[:-1])
        assert place.start() == [f"1 notebooks copied to {place.work}"]
        assert sources(place.work / "01_add.ipynb") == [each["source"] for each in A[:-1]]
        unchanged(place)

    def test_without_a_folder_the_copies_lie_beside_the_course(self, place, monkeypatch):
        monkeypatch.delenv("COURSE_WORK", raising=False)
        assert work.start(course=place.course) == [f"2 notebooks copied to {place.work}"]
        save(place.course / "01_add.ipynb", A[:-1])
        assert "01_add.ipynb: 1 cell removed" in work.update(course=place.course)
        assert sources(place.work / "01_add.ipynb") == [each["source"] for each in A[:-1]]

    def test_a_changed_course_is_mentioned_and_not_brought(self, place):
        place.start()
        save(place.course / "01_add.ipynb", A[:-1])
        assert place.start() == [
            "the course has changed: `python -m course_utils.work update` brings it here"
        ]

    def test_a_damaged_copy_is_named_and_no_fresh_one_put_beside_it(self, place):
        place.start()
        (place.work / "done").mkdir()
        (place.work / "02_subtract.ipynb").rename(place.work / "done" / "02_subtract.ipynb")
        for name in ("01_add.ipynb", "done/02_subtract.ipynb"):
            (place.work / name).write_text("{")
        before = learners.content(place.work)
        assert place.start() == [
            f"{name} is no whole notebook and stays as it is; delete it to get a fresh one"
            for name in ("01_add.ipynb", "done/02_subtract.ipynb")
        ]
        assert learners.content(place.work) == before

    def test_what_became_of_an_earlier_notebook_is_not_copied_beside_it(self, place):
        place.start()
        (place.course / "01_add.ipynb").rename(place.course / "04_add.ipynb")
        before = learners.content(place.work)
        mention = "the course has changed: `python -m course_utils.work update` brings it here"
        assert place.start() == [mention]
        assert learners.content(place.work) == before
        save(place.course / "07_new.ipynb", [cell("n", "new"), B[2]])  # an id that many have
        assert place.start() == [f"1 notebooks copied to {place.work}", mention]
        assert sources(place.work / "07_new.ipynb") == ["new", "TODO"]
        assert not (place.work / "04_add.ipynb").exists()

    def test_a_notebook_of_ones_own_is_no_matter(self, place):
        place.start()
        save(place.work / "mine.ipynb", [cell("m", "mine")])
        assert place.start() == []

    def test_a_notebook_that_left_the_course_is_mentioned(self, place):
        place.start()
        (place.course / "02_subtract.ipynb").unlink()
        assert place.start() == [
            "the course has changed: `python -m course_utils.work update` brings it here"
        ]

    def test_a_start_ends_what_a_killed_update_has_begun(self, place, monkeypatch):
        place.start()
        save(place.course / "01_add.ipynb", [*A, cell("a9", "nine")])
        with monkeypatch.context() as patch:
            killed = iter(["recovered", None])  # before its first change and after its journal

            def die(folder):
                if next(killed) is None:
                    raise KeyboardInterrupt
                return []

            patch.setattr(_transaction, "recover", die)
            patch.setattr(_folder, "recover", die)
            with pytest.raises(KeyboardInterrupt):
                place.update()
        answer(place.work / "01_add.ipynb")
        (said,) = place.start()
        assert said.startswith("01_add.ipynb was saved by somebody during the update; it stays, ")
        assert "my answer" in sources(place.work / "01_add.ipynb")

    @pytest.mark.slow
    def test_the_copies_of_the_course_are_its_files_byte_for_byte(self, tmp_path):
        work.start(tmp_path / "copies")
        pristine = work.course_folder()
        names = sorted(path.name for path in pristine.glob("*.ipynb"))
        assert names == sorted(path.name for path in (tmp_path / "copies").glob("*.ipynb"))
        for name in names:
            assert (tmp_path / "copies" / name).read_bytes() == (pristine / name).read_bytes()

    def test_links_of_the_course_lead_somewhere_from_a_copy(self, tmp_path):
        """A link out of the folder, or a picture beside a notebook, would be lost in a copy."""
        import re

        names = {path.name for path in work.course_folder().glob("*.ipynb")}
        for path in work.course_folder().glob("*.ipynb"):
            text = "\n".join(
                each["source"] for each in load(path) if each["cell_type"] == "markdown"
            )
            for target in re.findall(r"\[[^][]*\]\(([^)\s]+)\)", text):
                assert target.startswith(("http", "#", "attachment:")) or (
                    target.partition("#")[0] in names
                ), f"{path.name} links {target}"


class TestUpdate:
    def test_nothing_new_changes_nothing(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        unchanged(place)

    def test_nothing_new_is_nothing_to_write(self, place):
        place.start()
        assert _folder._planned(place.work, place.course).changes == []

    def test_a_copy_without_a_cell_becomes_a_fresh_one(self, place):
        place.start()
        save(place.work / "01_add.ipynb", [])
        first, *rest = place.update()
        assert rest == ["01_add.ipynb: new"]
        assert load(Path(first.partition(": ")[2]) / "01_add.ipynb") == []
        assert sources(place.work / "01_add.ipynb") == [each["source"] for each in A]
        unchanged(place)

    def test_a_correction_arrives_beside_an_answer(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        save(place.course / "01_add.ipynb", [A[0], cell("a1", "one, corrected"), *A[2:]])
        first, second = place.update()
        assert second == "01_add.ipynb: 1 cell renewed"
        backup = first.partition(": ")[2]
        assert "my answer" in sources(place.work / backup / "01_add.ipynb")
        assert sources(place.work / "01_add.ipynb")[1:3] == ["one, corrected", "my answer"]
        unchanged(place)

    def test_all_that_an_update_does_is_said(self, place):
        third = [cell("u", "# Third"), cell("u1", "one"), cell("u2", "two"), cell("u3", "three")]
        save(place.course / "03_third.ipynb", third)
        save(place.course / "05_damaged.ipynb", [cell("d", "damaged")])
        save(place.course / "08_gone.ipynb", [cell("g", "gone")])
        place.start()
        (place.work / "05_damaged.ipynb").write_text("{")
        answer(place.work / "02_subtract.ipynb")
        save(place.course / "01_add.ipynb", [*A[1:], cell("a9", "nine")])
        save(place.course / "02_subtract.ipynb", [*B[:2], cell("exercise-1", "TODO 2", "code")])
        (place.course / "03_third.ipynb").unlink()
        save(place.course / "04_fourth.ipynb", [cell("u", "# Fourth"), *third[1:]])
        save(place.course / "06_new.ipynb", [cell("n", "new")])
        (place.course / "08_gone.ipynb").unlink()
        first, *rest = place.update()
        assert first.startswith(f"your copies as they were: {place.work / '.course' / 'backups'}")
        assert rest == [
            "05_damaged.ipynb is no whole notebook and stays as it is; delete it to get a fresh"
            " one",
            "01_add.ipynb: 1 cell added, 1 removed",
            "02_subtract.ipynb: 1 cell changed by you and by the course: the new text stands below"
            " yours",
            "04_fourth.ipynb: 1 cell renewed",
            "06_new.ipynb: new",
            "03_third.ipynb: its cells are in 04_fourth.ipynb now",
        ]
        kept = [
            "01_add.ipynb",
            "02_subtract.ipynb",
            "04_fourth.ipynb",
            "05_damaged.ipynb",
            "06_new.ipynb",
            "08_gone.ipynb",
        ]
        assert sorted(path.name for path in place.work.glob("*.ipynb")) == kept
        base = place.work / ".course" / "base"
        assert sorted(path.name for path in base.iterdir()) == kept
        unchanged(place)

    def test_metadata_of_the_notebook_are_merged_as_those_of_its_cells(self, place):
        def described(path, metadata):
            book = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps(book | {"metadata": metadata}), encoding="utf-8")

        described(place.course / "01_add.ipynb", {"kernel": 1, "language": 1, "old": 1})
        place.start()
        described(place.work / "01_add.ipynb", {"kernel": 2, "language": 2, "old": 1, "own": 1})
        described(place.course / "01_add.ipynb", {"kernel": 1, "language": 3})
        assert place.update()[1:] == ["01_add.ipynb: no text changed"]
        found = json.loads((place.work / "01_add.ipynb").read_text(encoding="utf-8"))["metadata"]
        assert found == {"kernel": 2, "language": 3, "own": 1}
        # where two become one, those of the copy on the same topic count
        described(place.work / "02_subtract.ipynb", {"kernel": 5})
        (place.course / "01_add.ipynb").unlink()
        save(place.course / "02_subtract.ipynb", [*B, *A[1:]])
        described(place.course / "02_subtract.ipynb", {})
        place.update()
        found = json.loads((place.work / "02_subtract.ipynb").read_text(encoding="utf-8"))
        assert found["metadata"] == {"kernel": 5}

    def test_a_copy_by_hand_keeps_its_own_metadata(self, place):
        shutil.copytree(place.course, place.work)
        path = place.work / "01_add.ipynb"
        book = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(book | {"metadata": {"own": 1}}), encoding="utf-8")
        place.update()
        found = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        assert found == {"own": 1, "course": {}}

    def test_a_renamed_copy_whose_new_name_is_damaged_stays_where_it_is(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        (place.course / "01_add.ipynb").rename(place.course / "04_add.ipynb")
        (place.work / "04_add.ipynb").write_text("{")
        save(place.course / "04_add.ipynb", [*A, cell("a9", "nine")])
        place.update()
        assert (place.work / "04_add.ipynb").read_text() == "{"
        assert {"my answer", "nine"} <= set(sources(place.work / "01_add.ipynb"))
        unchanged(place)

    def test_a_number_that_changes_moves_a_copy_within_its_folder(self, place):
        place.start()
        (place.work / "done").mkdir()
        (place.work / "01_add.ipynb").rename(place.work / "done" / "01_add.ipynb")
        (place.course / "01_add.ipynb").rename(place.course / "04_add.ipynb")
        place.update()
        assert not (place.work / "04_add.ipynb").exists()
        assert [path.name for path in (place.work / "done").iterdir()] == ["04_add.ipynb"]
        unchanged(place)

    def test_a_second_copy_that_the_learner_made_is_left_alone(self, place):
        place.start()
        shutil.copy(place.work / "01_add.ipynb", place.work / "spare.ipynb")
        answer(place.work / "spare.ipynb", text="spare answer")
        before = (place.work / "spare.ipynb").read_bytes()
        save(place.course / "01_add.ipynb", [*A, cell("a9", "nine")])
        place.update()
        assert sources(place.work / "01_add.ipynb")[-1] == "nine"
        assert (place.work / "spare.ipynb").read_bytes() == before
        unchanged(place)

    def test_where_both_changed_both_stand(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        save(place.course / "01_add.ipynb", [*A[:2], cell("exercise-1", "TODO 2", "code"), A[3]])
        place.update()
        assert sources(place.work / "01_add.ipynb")[2:4] == ["my answer", f"# {NOTE}\nTODO 2"]
        unchanged(place)

    def test_another_number_and_another_topic_find_their_copies(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        answer(place.work / "02_subtract.ipynb", text="another")
        (place.course / "01_add.ipynb").rename(place.course / "03_add.ipynb")
        (place.course / "02_subtract.ipynb").rename(place.course / "01_take_away.ipynb")
        place.update()
        assert sorted(path.name for path in place.work.glob("*.ipynb")) == [
            "01_take_away.ipynb",
            "03_add.ipynb",
        ]
        assert "my answer" in sources(place.work / "03_add.ipynb")
        assert "another" in sources(place.work / "01_take_away.ipynb")
        unchanged(place)

    def test_a_split_notebook_takes_its_answers_along_though_ids_repeat(self, place):
        both = [*A, cell("a3", "three"), cell("exercise-2", "TODO", "code"), cell("a4", "four")]
        save(place.course / "01_add.ipynb", both)
        place.start()
        answer(place.work / "01_add.ipynb", text="first answer")
        answer(place.work / "01_add.ipynb", "exercise-2", "second answer")
        save(place.course / "01_add.ipynb", A)
        save(place.course / "05_more.ipynb", [cell("title", "# More"), *both[4:]])
        assert place.start() == [
            "the course has changed: `python -m course_utils.work update` brings it here"
        ]
        place.update()
        assert "first answer" in sources(place.work / "01_add.ipynb")
        assert sources(place.work / "05_more.ipynb") == ["# More", "three", "second answer", "four"]
        unchanged(place)

    def test_two_notebooks_that_become_one_keep_both_answers(self, place):
        place.start()
        answer(place.work / "01_add.ipynb", text="first")
        answer(place.work / "02_subtract.ipynb", text="second")
        (place.course / "02_subtract.ipynb").unlink()
        save(place.course / "01_add.ipynb", [*A, B[1]])
        place.update()
        assert [path.name for path in place.work.glob("*.ipynb")] == ["01_add.ipynb"]
        assert {"first", "second"} <= set(sources(place.work / "01_add.ipynb"))
        assert "# Subtract" not in sources(place.work / "01_add.ipynb")
        unchanged(place)

    def test_a_copy_that_the_learner_moved_and_renamed_keeps_its_place(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        (place.work / "done").mkdir()
        (place.work / "01_add.ipynb").rename(place.work / "done" / "mine.ipynb")
        save(place.course / "01_add.ipynb", [*A, cell("a9", "nine")])
        place.update()
        assert not (place.work / "01_add.ipynb").exists()
        assert sources(place.work / "done" / "mine.ipynb")[-1] == "nine"
        unchanged(place)

    def test_a_name_that_the_learner_gave_to_another_copy_is_left_to_it(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        (place.work / "01_add.ipynb").rename(place.work / "03_new.ipynb")
        save(place.course / "03_new.ipynb", [cell("n", "new")])
        place.update()
        assert "my answer" in sources(place.work / "03_new.ipynb")
        assert sources(place.work / "03_new-course.ipynb") == ["new"]

    def test_a_notebook_that_left_the_course_stays_with_the_learner(self, place):
        place.start()
        answer(place.work / "02_subtract.ipynb")
        (place.course / "02_subtract.ipynb").unlink()
        place.update()
        assert "my answer" in sources(place.work / "02_subtract.ipynb")
        unchanged(place)

    @pytest.mark.parametrize("broken", ["", "{", "[]", '{"cells": 3}', '{"cells": []}', "\xff"])
    def test_a_damaged_copy_stays_and_is_named(self, place, broken):
        place.start()
        answer(place.work / "02_subtract.ipynb")
        path = place.work / "01_add.ipynb"
        path.write_text(broken, encoding="latin-1")
        # A cell moves into the damaged one.
        save(place.course / "01_add.ipynb", [*A, B[1]])
        save(place.course / "02_subtract.ipynb", [B[0], B[2]])
        assert any("01_add.ipynb is no whole notebook" in line for line in place.update())
        assert path.read_text(encoding="latin-1") == broken
        assert "my answer" in sources(place.work / "02_subtract.ipynb")
        unchanged(place)

    def test_a_damaged_base_costs_nothing_that_was_typed(self, place):
        place.start()
        answer(place.work / "01_add.ipynb")
        (place.work / ".course" / "base" / "01_add.ipynb").write_text("{")
        place.update()
        assert sources(place.work / "01_add.ipynb")[2:4] == ["my answer", f"# {NOTE}\nTODO"]
        unchanged(place)

    def test_a_save_during_the_update_wins(self, place, monkeypatch):
        place.start()
        save(place.course / "01_add.ipynb", [*A, cell("a9", "nine")])
        path = place.work / "01_add.ipynb"
        plan = _folder._planned

        def slowly(*folders):
            planned = plan(*folders)
            answer(path)
            return planned

        monkeypatch.setattr(_folder, "_planned", slowly)
        assert "saved by somebody during the update" in place.update()[1]
        assert "my answer" in sources(path)

    def test_ids_that_an_editor_has_left_out_come_back(self, place):
        save(place.course / "01_add.ipynb", [*A, cell("a9", "two\nlines")])
        place.start()
        path = place.work / "01_add.ipynb"
        cells = [{key: each[key] for key in each if key != "id"} for each in load(path)]
        cells[-1]["source"] = "two\r\nlines"
        save(path, cells)
        place.update()
        found = [(each["id"], each["source"]) for each in load(path)]
        expected = [(each["id"], each["source"]) for each in A]
        assert found == [*expected, ("a9", "two\nlines")]
        unchanged(place)

    def test_files_of_older_editors_are_read(self, place):
        place.start()
        path = place.work / "01_add.ipynb"
        old = json.loads(path.read_text(encoding="utf-8"))
        for each in old["cells"]:
            del each["id"]
            each["source"] = [f"{line}\r\n" for line in "".join(each["source"]).splitlines()]
        path.write_bytes(b"\xef\xbb\xbf" + json.dumps(old | {"nbformat_minor": 4}).encode())
        place.update()
        unchanged(place)


class TestCopiedByHand:
    """A hub's hook copies with `cp -rn`: what is there stays, what is new is added."""

    def test_ids_that_an_editor_has_left_out_are_found_by_their_texts(self, place):
        shutil.copytree(place.course, place.work)
        path = place.work / "01_add.ipynb"
        cells = [{key: each[key] for key in each if key != "id"} for each in load(path)]
        cells[1]["source"] = "my answer"
        save(path, cells)
        place.update()
        assert sorted(sources(path)) == ["# Add", "TODO", "my answer", "one", "two"]
        assert {each["id"] for each in load(path)} > {"title", "a1", "exercise-1", "a2"}
        unchanged(place)

    def test_a_cell_that_moves_into_it_brings_its_answer_along(self, place):
        (place.course / "01_add.ipynb").unlink()
        exercise = cell("exercise-9", "TODO 9", "code")
        save(place.course / "02_subtract.ipynb", [*B, exercise])
        place.start()
        answer(place.work / "02_subtract.ipynb", "exercise-9", "my answer")
        save(place.course / "02_subtract.ipynb", B)
        save(place.course / "01_add.ipynb", [*A, exercise])
        shutil.copy(place.course / "01_add.ipynb", place.work)
        own = cell("own", "own text")
        save(place.work / "01_add.ipynb", [*A, exercise, own])
        place.update()
        found = sources(place.work / "01_add.ipynb")
        assert sorted(found) == sorted([*(each["source"] for each in A), "my answer", "own text"])
        assert sources(place.work / "02_subtract.ipynb") == [each["source"] for each in B]
        unchanged(place)

    def test_plain_notebooks_without_a_base(self, place):
        shutil.copytree(place.course, place.work)
        answer(place.work / "01_add.ipynb")
        assert place.start() == [
            "the course has changed: `python -m course_utils.work update` brings it here"
        ]
        place.update()
        assert sources(place.work / "01_add.ipynb")[2:4] == ["my answer", f"# {NOTE}\nTODO"]
        save(place.course / "01_add.ipynb", [A[0], cell("a1", "corrected"), *A[2:]])
        place.update()
        assert sources(place.work / "01_add.ipynb")[1:3] == ["corrected", "my answer"]
        unchanged(place)

    def test_a_folder_of_copies_that_is_updated_and_copied_again(self, place, tmp_path):
        shared = tmp_path / "shared"
        work.start(shared, course=place.course)
        shutil.copytree(shared, place.work)
        answer(place.work / "01_add.ipynb")
        (place.course / "01_add.ipynb").rename(place.course / "04_add.ipynb")
        save(place.course / "04_add.ipynb", [A[0], cell("a1", "corrected"), *A[2:]])
        work.update(shared, course=place.course)
        for path in shared.rglob("*"):  # as `cp -rn` does
            target = place.work / path.relative_to(shared)
            if path.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        place.update()
        assert "my answer" in sources(place.work / "04_add.ipynb")
        assert "corrected" in sources(place.work / "04_add.ipynb")
        unchanged(place)


@pytest.mark.slow
@settings(max_examples=100)
@given(st.data())
def test_no_typed_line_is_lost_whatever_the_course_becomes(tmp_path_factory, data):
    place = learners.folders(tmp_path_factory.mktemp("random"))
    course = {"01_add.ipynb": A, "02_subtract.ipynb": B}
    for name, cells in course.items():
        save(place.course / name, cells)
    if data.draw(st.booleans()):
        work.start(place.work, course=place.course)
    else:
        shutil.copytree(place.course, place.work)
    lines = []
    for name in course:
        cells, typed = learners.edited(data.draw, load(place.work / name))
        save(place.work / data.draw(st.sampled_from([name, f"mine {name}"])), cells)
        lines += typed
    pool = learners.renewed(data.draw, [*A, *(each for each in B if each["id"] == "b1")])
    cut = data.draw(st.integers(0, len(pool)))
    names = st.sampled_from(["01_add", "02_subtract", "07_sum", "09_other", "10_more"])
    for path in place.course.glob("*.ipynb"):
        path.unlink()
    for name, cells in zip(
        data.draw(st.lists(names, min_size=2, max_size=2, unique=True)),
        (pool[:cut], pool[cut:]),
        strict=True,
    ):
        save(place.course / f"{name}.ipynb", cells)
    work.update(place.work, course=place.course)
    after = learners.content(place.work)
    whole = "\n".join(
        text
        for path in place.work.rglob("*.ipynb")
        if ".course" not in path.parts
        for text in sources(path)
    )
    assert [line for line in lines if line not in whole] == []
    work.update(place.work, course=place.course)
    assert learners.content(place.work) == after


class TestFolders:
    def test_a_read_only_course_puts_the_copies_into_the_home_folder(self, place, monkeypatch):
        monkeypatch.delenv("COURSE_WORK", raising=False)
        assert work.work_folder(course=place.course) == place.work.resolve()
        monkeypatch.setattr(_folder.os, "access", lambda *_: False)
        monkeypatch.setenv("HOME", str(place.course.parent / "home"))
        monkeypatch.setenv("USERPROFILE", str(place.course.parent / "home"))
        home = place.course.parent.resolve() / "home"
        assert work.work_folder(course=place.course) == home / "latent-codes"

    def test_whether_the_folder_or_the_one_above_can_be_written_decides(self, place, monkeypatch):
        monkeypatch.delenv("COURSE_WORK", raising=False)
        asked = []
        monkeypatch.setattr(_folder.os, "access", lambda *given: asked.append(given) or True)
        work.work_folder(course=place.course)
        place.work.mkdir()
        work.work_folder(course=place.course)
        assert asked == [(place.work.parent, os.W_OK), (place.work, os.W_OK)]

    def test_what_is_named_goes_before_the_variable_and_the_variable_before_the_default(
        self, place, monkeypatch
    ):
        other, mine = place.course.with_name("other"), place.work.with_name("mine")
        save(other / "07_x.ipynb", [])
        monkeypatch.setenv("COURSE_NOTEBOOKS", str(other))
        monkeypatch.setenv("COURSE_WORK", str(mine))
        assert work.course_folder(place.course) == place.course
        assert work.course_folder() == other
        assert work.work_folder(place.work) == place.work
        assert work.work_folder() == mine
        monkeypatch.delenv("COURSE_WORK")
        assert work.work_folder() == other.parent / "work"
        monkeypatch.setenv("HOME", str(place.work.parent))
        monkeypatch.setenv("USERPROFILE", str(place.work.parent))
        assert work.course_folder("~/notebooks") == place.course
        assert work.work_folder("~/mine", course=place.course) == mine

    def test_the_course_lies_beside_the_package_or_where_one_stands(self, place, monkeypatch):
        monkeypatch.delenv("COURSE_NOTEBOOKS", raising=False)
        root = place.course.with_name("root")
        monkeypatch.setattr(_folder, "ROOT", root)
        monkeypatch.chdir(place.course.parent)
        save(root / "notebooks" / "unnumbered.ipynb", [])
        assert work.course_folder() == place.course
        save(root / "notebooks" / "00_x.ipynb", [])
        assert work.course_folder() == root / "notebooks"

    def test_variables_name_the_folders(self, place, monkeypatch):
        monkeypatch.setenv("COURSE_NOTEBOOKS", str(place.course))
        monkeypatch.setenv("COURSE_WORK", str(place.work / "ü b"))
        work.start()
        assert sources(place.work / "ü b" / "01_add.ipynb")[0] == "# Add"

    def test_the_course_itself_is_refused(self, place):
        for folder in (place.course, place.course.parent, place.course.parent.parent):
            with pytest.raises(ValueError, match="course itself") as error:
                work.update(folder, course=place.course)
            assert str(error.value) == (
                f"{folder} holds the course itself; choose another folder for the copies"
            )
        assert work.work_folder(place.course / "work", course=place.course).name == "work"

    def test_without_the_notebooks_it_says_what_it_needs(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_folder, "ROOT", tmp_path)
        monkeypatch.chdir(tmp_path)
        needs = (
            ": an installed package does not hold them, they come with the course's repository or"
            " its source distribution. Name their folder with --course FOLDER or in the environment"
            " variable COURSE_NOTEBOOKS"
        )
        monkeypatch.delenv("COURSE_NOTEBOOKS", raising=False)
        places = f"{tmp_path / 'notebooks'} or {tmp_path / 'notebooks'}"
        for named, looked_at in ((None, places), (tmp_path / "gone", tmp_path / "gone")):
            with pytest.raises(FileNotFoundError) as error:
                work.course_folder(named)
            assert str(error.value) == f"no notebooks of the course in {looked_at}{needs}"
