"""Copies of the first edition, which name checks by number, keep working."""

import importlib
from pathlib import Path

import pytest

from course_utils import checks

TOPICS = {path.stem for path in Path(checks.__file__).parent.glob("[a-z]*.py")} - {"engine"}


@pytest.mark.parametrize(("number", "topic"), checks._FIRST_EDITION.items())
def test_the_number_of_the_first_edition_finds_its_topic(number, topic):
    names = {}
    exec(f"from course_utils.checks import {number} as check", names)
    assert names["check"] is importlib.import_module(f"course_utils.checks.{topic}")
    assert topic in TOPICS


def test_other_names_are_unknown():
    with pytest.raises(AttributeError, match="has no attribute 'notebook_99'"):
        checks.notebook_99  # noqa: B018
