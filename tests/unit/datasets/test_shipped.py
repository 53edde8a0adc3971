"""course_utils.datasets.shipped: where the data lies."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import datasets
from course_utils.datasets import (
    data_directory,
    shipped,
)


def test_data_directory_follows_the_environment(monkeypatch, tmp_path):
    assert data_directory() == Path(datasets.__file__).resolve().parents[2] / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data_directory() == tmp_path
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match=r"COURSE_DATA names .*nothing.* unset it"):
        data_directory()


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
    monkeypatch.setattr(shipped.os, "access", lambda path, mode: False)  # root may read everything
    with pytest.raises(PermissionError, match=f"{re.escape(str(tmp_path))} may not be read; chan"):
        data_directory()


def test_data_directory_says_what_to_do_without_a_checkout(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(
        shipped, "__file__", str(tmp_path / "site/course_utils/datasets/shipped.py")
    )
    with pytest.raises(FileNotFoundError, match=r"pip install -e \..*COURSE_DATA"):
        data_directory()


@pytest.mark.slow
def test_no_framework_is_imported():
    code = (
        "import sys, course_utils.datasets;"
        "print(sorted({'torch', 'tensorflow', 'keras', 'pooch', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
