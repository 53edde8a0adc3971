"""The search for the smallest failure: how long it goes on, and that it is the same each time."""

import contextlib
import os
import time
from pathlib import Path
from types import SimpleNamespace
from weakref import WeakKeyDictionary

import hypothesis
import pytest
from hypothesis import configuration
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from course_utils.checks import _search
from course_utils.checks._search import smallest_failure

NUMBERS = st.tuples(st.integers(-(10**9), 10**9), st.lists(st.integers()))


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No search has drawn anything yet, as in a new process."""
    monkeypatch.setattr(_search, "DRAWN", WeakKeyDictionary())


@pytest.fixture(autouse=True, params=["course", "default"])
def profile(request):
    """Search as in a notebook as well, where nobody has set up Hypothesis."""
    hypothesis.settings.load_profile(request.param)
    yield request.param
    hypothesis.settings.load_profile("course")


def home_of_hypothesis():
    return getattr(configuration, "__hypothesis_home_directory")


def searched(fails, strategy=NUMBERS):
    """Return what a search finds, and what it has tried."""
    tried = []

    def also_noted(arguments):
        tried.append(arguments)
        return fails(arguments)

    return smallest_failure(strategy, also_noted), tried


def test_nothing_is_found_where_nothing_fails():
    found, tried = searched(lambda arguments: False)
    assert found is None
    assert len(tried) == _search.EXAMPLES == 200


def test_the_smallest_failure_is_found():
    found, tried = searched(lambda arguments: arguments[0] > 1000 and len(arguments[1]) > 1)
    assert found == (1001, [0, 0])
    assert len(tried) <= _search.CALLS


def test_two_searches_try_the_same():
    def fails(arguments):
        return arguments[0] % 7 == 3 and len(arguments[1]) > 2

    assert searched(fails) == searched(fails)


@pytest.mark.parametrize("calls", [1, 12])
def test_a_search_ends_after_so_many_calls_with_what_it_has(monkeypatch, calls):
    def fails(arguments):
        return arguments[0] > 1000

    monkeypatch.setattr(_search, "CALLS", calls)
    found, tried = searched(fails)
    assert len(tried) == calls
    assert found == next(filter(fails, reversed(tried)), None)
    assert (found is None) == (calls == 1)


def test_inputs_are_drawn_once_for_all_attempts():
    drawn = []
    strategy = st.tuples(st.integers().map(lambda value: drawn.append(value) or value))
    first = searched(lambda arguments: False, strategy)
    count = len(drawn)
    assert searched(lambda arguments: False, strategy) == first
    assert len(drawn) == count >= len(first[1])


def test_a_wrong_attempt_after_a_right_one_meets_the_same_as_in_a_new_process():
    def fails(arguments):
        return arguments[0] > 1000 and len(arguments[1]) > 1

    found, tried = searched(fails)
    passed = searched(lambda arguments: False)[1]
    again, afterwards = searched(fails)
    until = next(number for number, arguments in enumerate(passed, 1) if fails(arguments))
    assert (again, afterwards) == (found, passed[:until] + tried)
    # And the right attempt after the wrong one still meets all.
    assert searched(lambda arguments: False) == (None, passed)


@pytest.mark.parametrize("before", [False, True])
def test_inputs_of_a_search_that_was_cut_short_are_not_kept(monkeypatch, before):
    if before:
        searched(lambda arguments: False)
    with monkeypatch.context() as patch:
        patch.setattr(_search, "CALLS", 1)
        searched(lambda arguments: False)
    assert len(searched(lambda arguments: False)[1]) == _search.EXAMPLES


def test_what_fails_but_once_among_known_inputs_is_found_as_well():
    searched(lambda arguments: False)
    failed = []

    def fails(arguments):
        if failed or arguments[0] <= 1000:
            return False
        failed.append(arguments)
        return True

    assert [searched(fails)[0]] == failed


def test_what_fails_but_once_is_found_as_well():
    seen = []

    def fails(arguments):
        seen.append(arguments)
        return seen.count(arguments) == 1 and arguments[0] > 10

    found, tried = searched(fails)
    assert found in tried
    assert found[0] > 10


def test_a_slow_attempt_is_not_taken_for_a_wrong_one():
    def slow(arguments):
        if not tried:
            time.sleep(0.26)  # Hypothesis itself would call a quarter of a second an error
        tried.append(arguments)
        return False

    tried = []
    assert smallest_failure(st.tuples(st.integers(0, 1)), slow) is None
    assert set(tried) == {(0,), (1,)}


def test_an_error_of_the_check_is_an_error():
    def broken(arguments):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        smallest_failure(NUMBERS, broken)


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_settings_of_hypothesis_are_as_before(error, tmp_path):
    during = set()

    def looks(arguments):
        during.add(home_of_hypothesis())
        if error:
            raise error
        return False

    cache = getattr(providers, "CONSTANTS_CACHE", None)
    configuration.set_hypothesis_home_dir(tmp_path)
    try:
        with contextlib.suppress(ZeroDivisionError):
            smallest_failure(NUMBERS, looks)
        after = home_of_hypothesis()
    finally:
        configuration.set_hypothesis_home_dir(None)
    assert after == tmp_path
    assert during == {Path(os.devnull, "hypothesis")}
    assert not list(tmp_path.iterdir())
    assert getattr(providers, "CONSTANTS_CACHE", None) is cache


def test_old_versions_of_hypothesis_collect_no_constants():
    with _search._without_constants(SimpleNamespace()) as nothing:
        assert nothing is None


@pytest.mark.skipif(
    not hasattr(providers, "_get_local_constants"), reason="this version collects none"
)
def test_the_constants_of_other_modules_are_put_aside():
    kept = providers.CONSTANTS_CACHE
    with _search._without_constants(providers):
        fresh = providers.CONSTANTS_CACHE
        assert fresh is not kept
        assert (type(fresh), fresh.max_size) == (type(kept), kept.max_size)
        assert providers._get_local_constants() == providers.Constants()
    assert providers.CONSTANTS_CACHE is kept
