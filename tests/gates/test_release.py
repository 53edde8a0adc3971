"""A release agrees with itself, and says where its data is."""

import json
import tomllib

import pytest
import yaml

from course_utils.datasets import shipped
from tools import release
from tools.course import ROOT

CHANGELOG = """# Changes

## [Unreleased]

- later

## [1.2.0] - 2026-02-01

- new

## [1.1.0] - 2026-01-01

- old
"""


def test_the_release_agrees_with_itself():
    assert release.problems() == []


def test_a_tag_names_the_version():
    version = release.package_version((ROOT / "course_utils/__init__.py").read_text("utf-8"))
    assert release.problems(tag=f"v{version}") == []
    (problem,) = release.problems(tag=version)
    assert problem == f"the tag is {version}, course_utils is {version}; tag it as v{version}"


def test_the_version_stands_in_one_place():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in pyproject["project"]
    attribute = pyproject["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert attribute == "course_utils.__version__"


def test_the_newest_release_is_not_the_unreleased():
    found = release.newest(CHANGELOG)
    assert found == ("1.2.0", "2026-02-01", "- new\n")
    with pytest.raises(ValueError, match=r"## \[1\.2\.3\]"):
        release.newest("# Changes\n")


@pytest.mark.parametrize(
    ("name", "before", "after", "message"),
    [
        ("course_utils/__init__.py", "1.2.0", "1.3.0", "course_utils is 1.3.0"),
        ("CITATION.cff", "1.2.0", "1.1.0", "--stamp"),
        ("CITATION.cff", "2026-02-01", "2026-01-01", "--stamp"),
    ],
)
def test_each_contradiction_is_named(tmp_path, name, before, after, message):
    files = {
        "CHANGELOG.md": CHANGELOG,
        "course_utils/__init__.py": '__version__ = "1.2.0"\n',
        "CITATION.cff": "cff-version: 1.2.0\nversion: 1.2.0\ndate-released: 2026-02-01\n",
    }
    (tmp_path / "course_utils").mkdir()
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert release.problems(tmp_path) == []
    text = files[name].replace(f"\nversion: {before}", f"\nversion: {after}")
    (tmp_path / name).write_text(
        text if text != files[name] else files[name].replace(before, after), encoding="utf-8"
    )
    (problem,) = release.problems(tmp_path)
    assert message in problem


def test_zenodo_and_citation_tell_the_same():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert zenodo["title"] == citation["title"]
    assert zenodo["keywords"] == citation["keywords"]
    assert zenodo["creators"] == [{"name": a["name"]} for a in citation["authors"]]
    assert zenodo["license"] in citation["license"]


def test_a_foreign_folder_of_that_name_is_not_taken_for_the_data(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    (tmp_path / "data").mkdir()
    place = tmp_path / "course_utils" / "datasets" / "shipped.py"
    monkeypatch.setattr(shipped, "__file__", str(place))
    with pytest.raises(FileNotFoundError, match="COURSE_DATA"):
        shipped.data_directory()
