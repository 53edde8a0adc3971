"""How long an attempt may compute, what is remembered of its warnings, and who is asked."""

import functools
import importlib
import sys
import threading
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from judging import assert_judged

from course_utils.checks import Case, Exercise, Status, _running
from course_utils.checks._running import ForbiddenError, Runner, TooSlowError


def exercise(*cases, reference=lambda x: x, **options):
    cases = [Case(f"case {number}", (value,), "r") for number, value in enumerate(cases)]
    return Exercise("same", reference, cases, "h", **options)


# ---- time ----------------------------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch):
    """Let a watch look at clocks of which a test gives the readings, at ten of them by default."""

    def run(computing, waiting, *, armed=True, importing=(), slow=5.0):
        """Return at which looks, counted from 1, the judged thread was stopped, and which error."""
        stopped, look = [], 0
        readings = [(computing * step, waiting * step) for step in range(100)]
        watch = _running._Watch()
        watch._armed = armed

        def wait(seconds):
            nonlocal look
            assert seconds == _running._POLL
            look += 1
            return look > 10

        watch._closed = SimpleNamespace(wait=wait)
        monkeypatch.setattr(_running, "SECONDS", slow)
        monkeypatch.setattr(
            _running,
            "time",
            SimpleNamespace(
                process_time=lambda: 1000 + readings[look][0],
                monotonic=lambda: 7000 + readings[look][1],
            ),
        )
        monkeypatch.setattr(
            _running, "_raise_in", lambda thread, error: stopped.append((look, thread, error))
        )
        monkeypatch.setattr(
            _running,
            "_is_importing",
            lambda thread: thread == threading.get_ident() and look in importing,
        )
        watch._run()
        assert all(each[1:] == (threading.get_ident(), TooSlowError) for each in stopped)
        assert watch._raised == bool(stopped)
        return [each[0] for each in stopped]

    return run


@pytest.mark.parametrize(
    ("computing", "waiting", "options", "stopped"),
    [
        (1.0, 1.0, {}, [6, 7, 8, 9, 10]),  # the first look after five seconds
        (0.5, 0.5, {}, []),  # five seconds are allowed
        (2.0, 1.0, {}, [6, 7, 8, 9, 10]),  # two threads compute: no more than the clock counts
        (0.25, 1.0, {}, []),  # it waits for something, or other programs take their share
        (0.0, 6.0, {}, []),  # a minute of waiting is allowed
        (0.0, 7.0, {}, [9, 10]),
        (1.0, 1.0, {"slow": 8.0}, [9, 10]),
        (1.0, 1.0, {"importing": (1, 2, 3)}, [9, 10]),  # loading a module does not count
        (1.0, 1.0, {"armed": False}, []),  # nor does what the check itself computes
    ],
)
def test_what_counts_as_time_of_the_attempt(looks, computing, waiting, options, stopped):
    assert looks(computing, waiting, **options) == stopped


def test_an_error_can_be_raised_in_another_thread():
    ended, ready = [], threading.Event()

    def loops():
        try:
            ready.set()
            while True:
                time.sleep(0.001)
        except TooSlowError as error:
            ended.append(error)

    thread = threading.Thread(target=loops, daemon=True)
    thread.start()
    assert ready.wait(10)
    _running._raise_in(thread.ident, TooSlowError)
    thread.join(10)
    assert [type(error) for error in ended] == [TooSlowError]


def test_a_thread_that_loads_a_module_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "asks_while_loading.py").write_text(
        "import threading\n"
        "from course_utils.checks._running import _is_importing\n"
        "while_loading = _is_importing(threading.get_ident())\n"
        "other_thread = _is_importing(-1)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("asks_while_loading")
    del sys.modules["asks_while_loading"]
    assert (module.while_loading, module.other_thread) == (True, False)
    assert not _running._is_importing(threading.get_ident())


def test_the_thread_with_the_clock_lives_as_long_as_the_verdict():
    def limits():
        return [each for each in threading.enumerate() if each.name == "time limit"]

    seen, of_others = [], limits()

    def attempt(x):
        seen.extend(limits())
        return x

    assert_judged(exercise(1), attempt, Status.RIGHT)
    (thread,) = set(seen).difference(of_others)
    assert thread.daemon  # Python does not wait for it at its end
    thread.join(10)
    assert not thread.is_alive()


def test_a_python_without_threads_judges_without_a_limit(monkeypatch):
    def refuses(*_, **__):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_running, "threading", SimpleNamespace(**vars(threading)))
    monkeypatch.setattr(_running.threading, "Thread", refuses)
    assert_judged(exercise(1), lambda x: x, Status.RIGHT)


def loops(_):
    while True:
        pass


@pytest.mark.slow
def test_after_an_endless_loop_nothing_is_on_its_way_any_more(monkeypatch):
    monkeypatch.setattr(_running, "SECONDS", 0.05)
    with Runner(loops) as runner:
        with pytest.raises(TooSlowError):
            runner(1)
        assert not runner._watch._armed
    # An error that came late would end this.
    until = time.monotonic() + 3 * _running._POLL
    while time.monotonic() < until:
        pass


def test_the_time_of_all_calls_counts_and_between_them_none(monkeypatch):
    armed = []
    with Runner(lambda: armed.append(runner._watch._armed)) as runner:
        armed.append(runner._watch._armed)
        runner()
        armed.append(runner._watch._armed)
    assert armed == [False, True, False]


@pytest.mark.parametrize(("raised", "waited"), [(False, 0), (True, 1)])
def test_an_error_that_was_sent_is_waited_for_a_second(monkeypatch, raised, waited):
    clock = iter(np.arange(1000, 1010, 0.25))
    readings = []

    def monotonic():
        readings.append(next(clock))
        return readings[-1]

    watch = _running._Watch()
    watch._raised = raised
    monkeypatch.setattr(_running, "time", SimpleNamespace(monotonic=monotonic))
    watch._await_what_is_on_its_way()
    assert readings[-1] - readings[0] == waited


def test_a_second_error_does_not_keep_the_clock_running(monkeypatch):
    watch, tries = _running._Watch(), []

    def interrupted():
        tries.append(len(tries))
        if len(tries) < 3:
            raise TooSlowError
        watch._armed = False

    watch._armed = True
    monkeypatch.setattr(watch, "_disarm", interrupted)
    watch._disarm_in_any_case()
    assert tries == [0, 1, 2]


# ---- warnings ------------------------------------------------------------------------------------


def warned(attempt, *arguments, times=1, **options):
    with Runner(attempt, **options) as runner:
        for _ in range(times):
            runner(*arguments)
    return runner.warned


def test_a_warning_is_remembered_once_with_its_line():
    def halves(row):
        return row / row

    zero = np.array([0.0])
    expected = [
        "RuntimeWarning: invalid value encountered in divide, in the line `return row / row`"
    ]
    assert warned(halves, zero, times=3) == expected

    @functools.wraps(halves)
    def wrapped(row):
        return halves(row)

    assert warned(wrapped, zero) == expected
    assert warned(np.log, zero) == ["RuntimeWarning: divide by zero encountered in log"]


def warns_elsewhere():
    exec(compile("import warnings\nwarnings.warn('odd', UserWarning)", "<elsewhere>", "exec"))


def test_the_line_is_shown_only_if_it_is_the_learners():
    assert warned(warns_elsewhere) == ["UserWarning: odd"]


def test_the_first_line_of_each_warning_that_matters_is_kept():
    def chatty():
        for category in (
            DeprecationWarning,
            PendingDeprecationWarning,
            ImportWarning,
            ResourceWarning,
        ):
            warnings.warn("of no importance", category, stacklevel=1)
        warnings.warn_explicit("\n first\nsecond ", UserWarning, "elsewhere.py", 1)
        warnings.warn_explicit("another", FutureWarning, "elsewhere.py", 2)

    assert warned(chatty) == ["UserWarning: first", "FutureWarning: another"]


def test_only_what_is_about_numbers_is_an_error_where_warnings_are():
    assert warned(warns_elsewhere, strict=True) == ["UserWarning: odd"]
    with pytest.raises(RuntimeWarning), Runner(np.log, strict=True) as runner:
        runner(np.array([0.0]))


def test_warnings_of_earlier_cells_do_not_silence_those_of_an_attempt():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert warned(warns_elsewhere, times=2) == ["UserWarning: odd"]


# ---- what an attempt may ask ---------------------------------------------------------------------


def test_the_reference_is_refused_only_while_an_attempt_runs():
    check = exercise(1)
    outcome = assert_judged(check, lambda x: check.reference(x), Status.WRONG)
    assert outcome.message.splitlines()[-2] == (
        "  problem   this exercise asks you to write it yourself, without the check's own reference"
    )
    assert check.reference(7) == 7

    def fails(x):
        raise ValueError

    check.judge(fails)
    assert check.reference(7) == 7
    found = []
    thread = threading.Thread(target=lambda: found.append(check.reference(7)))
    thread.start()
    thread.join()
    assert found == [7]


def test_a_reference_is_forbidden_under_any_name_if_it_is_a_checks_own():
    def own(x):
        return x

    own.__module__ = "course_utils.checks.some_topic"
    asked = "write it yourself, without the check's own reference\n"
    assert_judged(exercise(1, reference=own), own, Status.WRONG, asked)
    own.__module__ = (
        "course_utils.sparse"  # where the learner may find it, unless forbidden by name
    )
    assert_judged(exercise(1, reference=own), own, Status.RIGHT)


def test_another_thread_that_never_asked_is_refused_as_well():
    for name in ("numpy.sort", "own"):
        with pytest.raises(ForbiddenError, match=f"^{name}$"):
            _running._refuse_elsewhere(name)
    errors = []

    def asks():
        try:
            _running.refuse("numpy.sort")
        except ForbiddenError as error:
            errors.append(str(error))

    thread = threading.Thread(target=asks)
    thread.start()
    thread.join()
    assert errors == ["numpy.sort"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("numpy.sort", (np, np.sort)),
        ("numpy", (np, np)),
        ("numpy.ndarray.sort", (np.ndarray, np.ndarray.sort)),
        ("scipy.sparse.csr_array", (sp, sp.csr_array)),
        ("numpy.no_such_function", None),
        ("numpy.no_such_class.method", None),
        ("no_such_module", None),
        ("no_such_module.name", None),
    ],
)
def test_a_name_is_looked_up_without_importing_anything(name, found):
    assert _running._look_up(name) == found
    assert "no_such_module" not in sys.modules


def test_a_module_is_looked_up_by_its_whole_name(monkeypatch):
    inner = SimpleNamespace(name="found")
    monkeypatch.setitem(sys.modules, "outer_package.inner", inner)
    assert _running._look_up("outer_package.inner.name") == (inner, "found")


def plain_function():
    pass


@functools.wraps(plain_function)
def wrapping_function():
    pass


class Several:
    def one(self):
        pass

    @staticmethod
    def two():
        pass

    three = wrapping_function
    four = 4


@pytest.mark.parametrize(
    ("value", "functions"),
    [
        (plain_function, [plain_function]),
        (wrapping_function, [wrapping_function, plain_function]),
        (Several().one, [Several.one]),
        (functools.lru_cache(plain_function), [plain_function]),
        (Several, [Several.one, wrapping_function, plain_function]),
        (len, []),
        (4, []),
    ],
)
def test_the_functions_behind_a_value(value, functions):
    assert list(_running._functions(value)) == functions


TABLE = sp.csr_array([[1]])


@pytest.mark.parametrize(
    ("value", "sparse"),
    [
        (TABLE, True),
        ((1, TABLE), True),
        ([1, [2, (TABLE,)]], True),
        ({"a": 1, "b": {"c": TABLE}}, True),
        ((1, [2], {"a": 3}, np.eye(2)), False),
        ((), False),
    ],
)
def test_a_sparse_array_is_found_in_any_container(value, sparse):
    assert _running._any_sparse(value) is sparse
