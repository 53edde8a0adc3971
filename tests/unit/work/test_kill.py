"""Whenever the process dies, each file is one whole version, and the next run ends the work."""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import learners
import pytest
from learners import cell, save

from course_utils import work

A = [cell(f"a{number}", f"text {number}") for number in range(6)]


class Killed(BaseException):
    """Not an Exception, so nothing catches it by accident."""


@pytest.fixture
def place(tmp_path):
    """A learner with answers, and a course that was split and corrected since."""
    found = learners.folders(tmp_path)
    save(found.course / "01_add.ipynb", A)
    save(found.course / "02_other.ipynb", [cell("o", "other")])
    work.start(found.work, course=found.course)
    for name in ("01_add.ipynb", "02_other.ipynb"):
        cells = learners.load(found.work / name)
        cells[-1]["source"] = f"typed into {name}"
        save(found.work / name, cells)
    save(found.course / "01_add.ipynb", [cell("a0", "corrected"), *A[1:3]])
    save(found.course / "04_new.ipynb", A[3:])
    (found.course / "02_other.ipynb").rename(found.course / "03_other.ipynb")
    return found


def copy_of(folder, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target


def assert_whole(folder, before, after):
    """Each notebook in the folder is one of the two whole versions, whichever; none is missing."""
    now = {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}
    for name, held in now.items():
        assert held in (before.get(name), after.get(name)), name
    assert {name for name in before if name in after and "/" not in name} <= set(now)
    typed = b"".join(now.values())
    for line in (b"typed into 01_add.ipynb", b"typed into 02_other.ipynb"):
        assert line in typed


# Each changes a file, so just before and just after each the process may die.
OPERATIONS = [(os, "replace"), (os, "mkdir"), (os, "fsync"), (pathlib.Path, "unlink")]


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_death_at_each_file_operation(place, tmp_path, monkeypatch, dies):
    undisturbed = copy_of(place.work, tmp_path / "undisturbed")
    before = learners.content(undisturbed)
    calls = {"left": 10**9, "seen": 0}

    def counting(real):
        def call(*arguments, **options):
            calls["seen"] += 1
            calls["left"] -= 1
            if calls["left"] == 0 and dies == "before":
                raise Killed
            try:
                return real(*arguments, **options)
            finally:
                if calls["left"] == 0:
                    raise Killed

        return call

    monkeypatch.setattr(os, "fsync", lambda _: None)  # slow, and only a power cut would notice
    for owner, name in OPERATIONS:
        monkeypatch.setattr(owner, name, counting(getattr(owner, name)))
    work.update(undisturbed, course=place.course)
    after, total = learners.content(undisturbed), calls["seen"]
    assert total > 30
    for moment in range(1, total + 1):
        disturbed = copy_of(place.work, tmp_path / "disturbed")
        calls["left"] = moment
        with pytest.raises(Killed):
            work.update(disturbed, course=place.course)
        calls["left"] = 10**9
        assert_whole(disturbed, before, after)
        work.update(disturbed, course=place.course)
        assert learners.content(disturbed) == after


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_real_kills(place, tmp_path):
    undisturbed = copy_of(place.work, tmp_path / "undisturbed")
    before = learners.content(undisturbed)
    start = time.perf_counter()
    work.update(undisturbed, course=place.course)
    takes = time.perf_counter() - start  # on this machine, as busy as it is
    after = learners.content(undisturbed)
    code = (
        "import sys, course_utils.work as w; print('ready', flush=True); sys.stdin.readline(); "
        "w.update(sys.argv[1], course=sys.argv[2]); print('done')"
    )
    moments, survived = random.Random(0), 0
    for number in range(12):
        disturbed = copy_of(place.work, tmp_path / "disturbed")
        with subprocess.Popen(
            [sys.executable, "-c", code, str(disturbed), str(place.course)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            process.stdout.readline()
            process.stdin.write("\n")
            process.stdin.flush()
            time.sleep(takes * moments.uniform(number, number + 1) / 12)
            process.kill()
            survived += "done" in process.stdout.read()
        assert_whole(disturbed, before, after)
        work.update(disturbed, course=place.course)
        assert learners.content(disturbed) == after
    assert survived < 12


@pytest.mark.slow
def test_an_update_waits_for_another_one(place):
    """The second finds the work done, and never the files of the first."""
    code = "import sys, course_utils.work as w; print(w.update(sys.argv[1], course=sys.argv[2]))"
    command = [sys.executable, "-c", code, str(place.work), str(place.course)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("nothing to update" in out for out, _ in said) == 1
