"""course_utils.datasets.shipped: where the data lies."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import datasets
from course_utils.datasets import (
    data_directory,
    shipped,
)
from course_utils.datasets.shipped import check_shipped


def test_data_directory_follows_the_environment(monkeypatch, tmp_path):
    assert data_directory() == Path(datasets.__file__).resolve().parents[2] / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data_directory() == tmp_path
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError) as error:
        data_directory()
    assert str(error.value) == (
        f"the environment variable COURSE_DATA names {tmp_path / 'nothing'}, which is not a folder:"
        " it does not exist or may not be seen; set it to the folder 'data' of the course, or unset"
        " it"
    )


def test_places_with_tilde_spaces_and_umlauts(monkeypatch, tmp_path):
    folder = tmp_path / "Meine Übung" / "data"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("COURSE_DATA", "~/Meine Übung/data")
    assert data_directory() == folder


def test_a_file_is_no_folder(monkeypatch, tmp_path):
    (tmp_path / "data.zip").touch()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data.zip"))
    with pytest.raises(FileNotFoundError, match=r"data\.zip, which is not a folder: it is a file;"):
        data_directory()


def test_a_folder_that_may_not_be_read_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    asked = []  # root may read everything
    monkeypatch.setattr(shipped.os, "access", lambda *given: asked.append(given) or False)
    with pytest.raises(PermissionError) as error:
        data_directory()
    assert str(error.value) == f"the folder {tmp_path} may not be read; change its permissions"
    assert asked == [(tmp_path, os.R_OK | os.X_OK)]


def test_data_directory_says_what_to_do_without_a_checkout(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(
        shipped, "__file__", str(tmp_path / "site/course_utils/datasets/shipped.py")
    )
    folder = tmp_path / "site" / "data"
    for _ in range(2):
        with pytest.raises(FileNotFoundError) as error:
            data_directory()
        assert str(error.value) == (
            f"no data of the course in {folder}; it lies beside course_utils in a checkout and in"
            " the source distribution, not in a wheel. Install the package from the checkout (pip"
            " install -e .), or set the environment variable COURSE_DATA to the course's folder"
            " 'data'"
        )
        folder.mkdir(parents=True, exist_ok=True)  # somebody else's, which has no list of files
    (folder / "SHA256SUMS").touch()
    assert data_directory() == folder


def test_a_shipped_file_must_be_the_one_in_the_list(tmp_path):
    (tmp_path / "films").mkdir()
    path, other = tmp_path / "films" / "a.csv", tmp_path / "b.csv"
    path.write_bytes(b"changed")
    other.write_bytes(b"one's own")
    check_shipped(tmp_path, path)  # a folder without a list is the reader's own
    digest = hashlib.sha256(b"shipped").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(
        f"{'0' * 64}  films/ü.csv\n{digest}  films/a.csv\n", "utf-8"
    )
    check_shipped(tmp_path, other)
    with pytest.raises(ValueError, match="ships") as error:
        check_shipped(tmp_path, path)
    given = hashlib.sha256(b"changed").hexdigest()
    assert str(error.value) == (
        f"{path} is not the file that ships with the course: sha256 is {given}, expected {digest};"
        f" get it back with 'python {tmp_path / 'build.py'}', or with 'git checkout -- data' in the"
        " course"
    )
    path.write_bytes(b"shipped")
    check_shipped(tmp_path, path)


@pytest.mark.slow
def test_no_framework_is_imported():
    code = (
        "import sys, course_utils.datasets;"
        "print(sorted({'torch', 'tensorflow', 'keras', 'pooch', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
