"""Copies are made, found again, and brought up to date."""

import json
import shutil

import learners
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learners import cell, load, save, sources

from course_utils import work
from course_utils.work import _folder
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

    def test_a_changed_course_is_mentioned_and_not_brought(self, place):
        place.start()
        save(place.course / "01_add.ipynb", A[:-1])
        assert place.start() == [
            "the course has changed: `python -m course_utils.work update` brings it here"
        ]

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

    def test_variables_name_the_folders(self, place, monkeypatch):
        monkeypatch.setenv("COURSE_NOTEBOOKS", str(place.course))
        monkeypatch.setenv("COURSE_WORK", str(place.work / "ü b"))
        work.start()
        assert sources(place.work / "ü b" / "01_add.ipynb")[0] == "# Add"

    def test_the_course_itself_is_refused(self, place):
        for folder in (place.course, place.course.parent):
            with pytest.raises(ValueError, match="holds the course itself"):
                work.update(folder, course=place.course)

    def test_without_the_notebooks_it_says_what_it_needs(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_folder, "ROOT", tmp_path)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FileNotFoundError, match="--course FOLDER or in the environment"):
            work.course_folder()
