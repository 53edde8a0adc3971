"""Run the examples of each docstring once; the file beside this one says which.

`tools.mutants` copies this file among the tests of a mutated copy of the course.
"""

import doctest
import importlib
import json
from pathlib import Path

import pytest

_CHOSEN = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
_PLAIN = _CHOSEN["group"] == "plain"
pytestmark = [] if _PLAIN else [getattr(pytest.mark, _CHOSEN["group"])]


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in _CHOSEN["examples"].items() for name in names],
)
def test_example(module, name):
    """Compare what an example prints with what its docstring says."""
    thing = imported = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    runner, finder = doctest.DocTestRunner(), doctest.DocTestFinder(recurse=False)
    for example in finder.find(thing, name, globs=vars(imported).copy()):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
