"""What an exercise forbids is refused under any name, and everything is as before afterwards."""

import contextlib
import functools
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
        (own("forbidden"), forbidden),
        (own("forbidden"), lambda x: next(map(forbidden, [x]))),
    ],
)
def test_functions_and_classes_are_refused(name, attempt):
    assert_judged(exercise(name), attempt, Status.WRONG, f"write it yourself, without {name}")
    assert_judged(exercise(), attempt, Status.RIGHT)


@pytest.mark.parametrize("attempt", [lambda x: np.add(x, 0), lambda x: borrowed(x, 0)])
def test_what_is_compiled_and_nobody_sees_called_is_refused(attempt):
    assert_judged(exercise("numpy.add"), attempt, Status.WRONG, "yourself, without numpy.add")
    assert_judged(exercise("numpy.multiply"), attempt, Status.RIGHT)
    assert isinstance(np.add, np.ufunc)
    assert borrowed is np.add


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
