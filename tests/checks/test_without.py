"""Every name that an exercise forbids means something, so that a misspelt one is noticed."""

import importlib
import pkgutil

import pytest

from course_utils import checks
from course_utils._frameworks import FRAMEWORKS, framework_of
from course_utils.checks import Exercise


def _forbidden():
    """Every name given in `without=` of an exercise, with the exercise."""
    for module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        topic = importlib.import_module(module.name)
        for exercise in vars(topic).values():
            if isinstance(exercise, Exercise):
                yield from ((exercise.name, name) for name in exercise.without)


def _framework(name):
    """Framework that is loaded by importing a name."""
    package = name.partition(".")[0]
    if package in {"tensorflow", "keras"}:
        return "keras"
    return "torch" if package == "torch" else framework_of(".".join(name.split(".")[:2]))


def _marked(exercise, name):
    framework = _framework(name)
    marks = [getattr(pytest.mark, framework)] if framework in FRAMEWORKS else []
    return pytest.param(name, marks=marks, id=f"{exercise}-{name}")


def _resolve(name):
    """Import the longest part of a dotted name that is a module, and look up what is left."""
    module, *attributes = _split(name)
    value = module
    for attribute in attributes:
        value = getattr(value, attribute)
    return value


def _split(name):
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ".".join(parts[:length])
        try:
            return importlib.import_module(path), *parts[length:]
        except ModuleNotFoundError as error:
            if not path.startswith(error.name or ""):
                raise  # the module is there, and what it needs is not
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", [_marked(*pair) for pair in sorted(set(_forbidden()))])
def test_a_forbidden_name_means_something(name):
    assert _resolve(name) is not None


@pytest.mark.parametrize("name", ["numpy.argsrot", "nunpy.argsort", "numpy.ndarray.srt"])
def test_a_misspelt_name_would_be_noticed(name):
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        _resolve(name)
