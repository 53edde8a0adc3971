"""What an exercise forbids is refused under any name, and everything is as before afterwards."""

import contextlib
import functools
import importlib
import math
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from judging import assert_judged
from numpy import add as borrowed
from scipy.spatial import KDTree

from course_utils.checks import Case, Exercise, Status, _running

FIRST = (np.array([[3.0], [1.0]]),)


def exercise(*without, arguments=FIRST):
    return Exercise("same", lambda x: x, [Case("a", arguments, "r")], "h", without=without)


def kept(function):
    @functools.wraps(function)
    def outer(x):
        return function(x)

    return outer


@kept
def forbidden(x):
    return x


@kept
def allowed(x):
    return x


def own(name):
    return f"{__name__}.{name}"


@pytest.mark.parametrize(
    ("name", "attempt"),
    [
        ("numpy.sort", lambda x: (np.sort(x), x)[1]),
        ("numpy.sort", lambda x: (np.sort.__wrapped__(x), x)[1]),
        ("scipy.spatial.KDTree", lambda x: (KDTree(x), x)[1]),  # its methods call super()
        ("scipy.spatial", lambda x: (KDTree(x), x)[1]),  # of a module in it
        ("scipy.spatial._kdtree", lambda x: (KDTree(x), x)[1]),
        (own("forbidden"), forbidden),
        (own("forbidden"), lambda x: next(map(forbidden, [x]))),
    ],
)
def test_functions_and_classes_are_refused(name, attempt):
    assert_judged(exercise(name), attempt, Status.WRONG, f"write it yourself, without {name}\n")
    assert_judged(exercise(), attempt, Status.RIGHT)


@pytest.mark.parametrize("attempt", [lambda x: np.add(x, 0), lambda x: borrowed(x, 0)])
def test_what_is_compiled_and_nobody_sees_called_is_refused(attempt):
    assert_judged(exercise("numpy.add"), attempt, Status.WRONG, "yourself, without numpy.add")
    assert_judged(exercise("numpy.multiply"), attempt, Status.RIGHT)
    assert isinstance(np.add, np.ufunc)
    assert borrowed is np.add


@pytest.mark.parametrize("name", ["numpy.add", "math.fsum", "numpy.ndarray.sort"])
def test_what_is_no_function_of_python_may_be_judged_as_well(name):
    check = exercise(name)
    assert_judged(check, functools.partial(np.array, copy=True), Status.RIGHT)
    assert_judged(check, lambda x: (math.sqrt(2), sum([1, 2]), x.max(), x)[-1], Status.RIGHT)


def test_a_name_whose_module_is_not_loaded_hides_no_other():
    check = exercise(*(f"no_such_module_{number}.name" for number in range(20)), "numpy.sort")
    assert_judged(check, lambda x: (np.sort(x), x)[1], Status.WRONG, "without numpy.sort\n")


def test_a_function_of_compiled_code_is_refused():
    check = exercise("math.fsum")
    assert_judged(check, lambda x: (math.fsum([1]), x)[1], Status.WRONG, "without math.fsum\n")


def test_what_shares_a_decorator_is_not_refused():
    assert_judged(exercise(own("forbidden")), allowed, Status.RIGHT)


def test_a_helper_in_another_thread_is_refused():
    def in_a_thread(x):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(forbidden, x).result()

    assert_judged(exercise(own("forbidden")), in_a_thread, Status.WRONG, "write it yourself")


@pytest.mark.parametrize("times", [1, 2])
def test_a_module_that_only_the_attempt_imports_is_refused(times, tmp_path, monkeypatch):
    (tmp_path / "late_helper.py").write_text("def ready(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "late_helper", raising=False)

    def imports(x):
        from late_helper import ready

        for _ in range(times):
            x = ready(x)
        return x

    check = exercise("late_helper.ready")
    assert_judged(check, imports, Status.WRONG, "without late_helper.ready")
    assert_judged(check, imports, Status.WRONG, "without late_helper.ready")  # now it is loaded
    assert imports(3) == 3


LATE = """
import functools

def decorated(function):
    @functools.wraps(function)
    def outer(x):
        return function(x)
    return outer

@decorated
def wrapped(x):
    return x

@decorated
def fine(x):
    return x

def plain(x):
    return x
"""


@pytest.mark.parametrize(
    ("name", "status"), [("wrapped", Status.WRONG), ("plain", Status.WRONG), ("fine", Status.RIGHT)]
)
def test_a_module_in_a_package_that_only_the_attempt_imports(name, status, tmp_path, monkeypatch):
    (tmp_path / "late_package").mkdir()
    (tmp_path / "late_package" / "__init__.py").touch()
    (tmp_path / "late_package" / "helper.py").write_text(LATE)
    monkeypatch.syspath_prepend(tmp_path)

    def imports(x):
        return getattr(importlib.import_module("late_package.helper"), name)(x)

    forbidden = [f"late_package.helper.{each}" for each in ("wrapped", "plain")]
    try:
        outcome = exercise(*forbidden).judge(imports)
    finally:
        for loaded in ("late_package", "late_package.helper"):
            sys.modules.pop(loaded, None)
    assert outcome.status is status
    assert (f"yourself, without late_package.helper.{name}\n" in outcome.message) == (
        status is Status.WRONG
    )


def test_a_method_is_refused_before_it_does_anything():
    seen = []

    def sorts(x):
        seen.append(x)
        x.sort(axis=0)
        return x

    check = exercise("numpy.ndarray.sort")
    assert_judged(check, sorts, Status.WRONG, "yourself, without numpy.ndarray.sort\n")
    np.testing.assert_array_equal(seen[0], FIRST[0])


def test_to_hold_a_method_is_not_to_call_it():
    def held(x):
        return x.sort

    assert_judged(exercise("numpy.ndarray.sort"), lambda x: held(x) and x, Status.RIGHT)


def test_the_end_of_a_verdict_leaves_the_profile_of_somebody_else():
    def of_somebody(*_):
        pass

    guard = _running._Guard(forbidden, (own("forbidden"),), None)
    try:
        for profile, left in ((guard._see, None), (of_somebody, of_somebody), (None, None)):
            sys.setprofile(profile)
            guard.undo()
            assert sys.getprofile() is left
    finally:
        sys.setprofile(None)


def _interrupted(x):
    raise KeyboardInterrupt


def _forever(x):
    while True:
        pass


@pytest.mark.parametrize("attempt", [lambda x: x, np.sort, _interrupted, _forever])
def test_everything_is_as_before(attempt, monkeypatch):
    monkeypatch.setattr(_running, "SECONDS", 0.2)
    functions = [np.sort.__wrapped__, KDTree.query, forbidden, forbidden.__wrapped__]
    before = [function.__code__ for function in functions], list(sys.meta_path)
    names = "numpy.sort", "scipy.spatial.KDTree", own("forbidden"), "no_such_module.name"
    with contextlib.suppress(KeyboardInterrupt):
        exercise(*names).judge(attempt)
    assert ([function.__code__ for function in functions], list(sys.meta_path)) == before
    assert np.sort([2, 1]).tolist() == [1, 2]
    assert forbidden(3) == 3
    assert sys.getprofile() is None


def test_calls_are_only_looked_at_where_that_is_needed():
    """Looking at all calls makes answers with pandas take twice as long."""
    seen = []

    def looks(x):
        seen.append(sys.getprofile() is not None)
        return x

    sparse = (sp.csr_array(FIRST[0]),)
    for check in (
        exercise("numpy.sort", "scipy.spatial.KDTree", "no_such_module.name"),
        exercise("numpy.ndarray.sort"),
        exercise("scipy.spatial"),
        exercise(arguments=sparse),
    ):
        assert_judged(check, looks, Status.RIGHT)
    assert seen == [False, True, True, True]
