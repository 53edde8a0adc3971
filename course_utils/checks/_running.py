"""Calls of what a learner wrote: limited in time, and watched for what the page forbids."""

from __future__ import annotations

import contextlib
import ctypes
import inspect
import linecache
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from course_utils.checks._answers import is_sparse

SECONDS = 5.0  # of computing, for all calls of one verdict
_POLL = 0.05
# A function that only waits computes nothing; this many seconds of the clock end it as well.
_WAITING = 60.0

_IN_PLACE = frozenset({"sum_duplicates", "eliminate_zeros", "sort_indices", "prune"})
_UNIMPORTANT = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class _Local(threading.local):
    """What each thread knows for itself."""

    judging = False


_local = _Local()


# No subclasses of Exception, so that an `except Exception` of the learner lets them pass.
class TooSlowError(BaseException):
    """The attempt has used up its time."""


class ForbiddenError(BaseException):
    """The attempt called what it was to write."""


def refuse_while_judging(name: str) -> None:
    """Stop an attempt that asks the check itself for the answer."""
    if _local.judging:
        raise ForbiddenError(name)


class Runner:
    """All calls of one attempt within one verdict; a context manager.

    Parameters
    ----------
    attempt : callable
        The learner's function.
    without : sequence of str
        Names such as "numpy.argsort" that it must not call, not even through another function.
    reference : callable, optional
        Must not be called either if it is a function of a module of checks.
    strict : bool
        Whether a RuntimeWarning is raised as an error.
    """

    def __init__(
        self,
        attempt: Callable[..., Any],
        without: Sequence[str] = (),
        reference: Callable[..., Any] | None = None,
        *,
        strict: bool = False,
    ) -> None:
        self._attempt = attempt
        self._strict = strict
        self._guard = _Guard(attempt, without, reference)
        self._watch = _Watch()
        self.warned: list[str] = []

    def __enter__(self) -> Runner:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.stop()
        self._guard.undo()

    @property
    def tidied_by_scipy_alone(self) -> bool:
        """Whether in the last call SciPy, and not the learner, tidied up a stored matrix."""
        return self._guard.tidied_by_scipy == {True}

    def __call__(self, *arguments: Any) -> Any:
        """Call the attempt.

        Raises
        ------
        TooSlowError
            If the time of the verdict is used up.
        ForbiddenError
            If it called what it was to write; the name is the argument.
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if self._strict:
                warnings.simplefilter("error", RuntimeWarning)
            try:
                _local.judging = True
                return self._watch.limited(lambda: self._guard.watched(self._attempt, arguments))
            finally:
                _local.judging = False
                for warning in caught:
                    self._remember(warning)

    def _remember(self, warning: warnings.WarningMessage) -> None:
        if issubclass(warning.category, _UNIMPORTANT):
            return
        code = getattr(inspect.unwrap(self._attempt), "__code__", None)
        line = ""
        if code is not None and warning.filename == code.co_filename:
            line = linecache.getline(warning.filename, warning.lineno).strip()
        first = str(warning.message).strip().split("\n")[0]
        text = f"{warning.category.__name__}: {first}" + (f", in the line `{line}`" if line else "")
        if text not in self.warned:
            self.warned.append(text)


class _Watch:
    """A thread that stops the judged one once it has computed for too long.

    It raises an exception in the judged thread, which works in any thread and on every system as
    long as Python code runs; a single call into compiled code is waited for.
    """

    def __init__(self) -> None:
        self._judged = threading.get_ident()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._armed = False
        self._raised = False

    def start(self) -> None:
        # A browser's Python has no threads; there the learner's own patience is the limit.
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=self._run, daemon=True, name="time limit").start()

    def stop(self) -> None:
        self._closed.set()

    def limited(self, function: Callable[[], Any]) -> Any:
        try:
            try:
                self._armed = True
                return function()
            finally:
                self._disarm()
                self._await_what_is_on_its_way()
        except TooSlowError:
            self._disarm_in_any_case()
            raise

    def _disarm(self) -> None:
        with self._lock:
            self._armed = False

    def _await_what_is_on_its_way(self) -> None:
        # An error raised from outside arrives a few instructions later. Taking it back instead
        # makes Python 3.11 hang in the next profiled call.
        deadline = time.monotonic() + 1
        while self._raised and time.monotonic() < deadline:
            pass

    def _disarm_in_any_case(self) -> None:
        while self._armed:  # a second error may arrive meanwhile
            with contextlib.suppress(TooSlowError):
                self._disarm()
        with contextlib.suppress(TooSlowError):
            for _ in range(1000):
                pass

    def _run(self) -> None:
        computed = waited = 0.0
        before = time.process_time(), time.monotonic()
        while not self._closed.wait(_POLL):
            now = time.process_time(), time.monotonic()
            with self._lock:
                if self._armed and not _is_importing(self._judged):
                    # Other threads compute as well, and other programs take their share.
                    computed += min(now[0] - before[0], now[1] - before[1])
                    waited += now[1] - before[1]
                    if computed > SECONDS or waited > _WAITING:
                        self._raised = True
                        _raise_in(self._judged, TooSlowError)
            before = now


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise an error in another thread."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _is_importing(thread: int) -> bool:
    """Whether a thread is loading a module: it may take seconds, and must not end half way."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class _Guard:
    """Stops every forbidden call below an attempt, by whatever name it was imported.

    While the attempt runs, the code of each forbidden function is one that refuses. What cannot be
    exchanged, such as methods in C and whole modules, is looked for among all calls; that takes
    Python half as long again, or twice as long where many small functions call each other.
    """

    def __init__(
        self,
        attempt: Callable[..., Any],
        without: Sequence[str],
        reference: Callable[..., Any] | None,
    ) -> None:
        self._attempt = attempt
        # In the order given: of several names for one function, learners are told the first.
        self._pending = dict.fromkeys(without)
        self._functions: list[tuple[types.FunctionType, str]] = []
        self._exchanged: list[tuple[types.FunctionType, types.CodeType]] = []
        self._codes: dict[int, str] = {}
        self._builtins: list[tuple[Any, str]] = []
        self._modules: dict[str, str] = {}
        self._replaced: list[tuple[dict[str, Any], str, Any]] = []
        self._imports = _Imports(self._pending, lambda: sys.setprofile(self._see))
        self._running = False
        self.tidied_by_scipy: set[bool] = set()
        if _module_of(reference).startswith("course_utils.checks."):
            self._forbid(reference, "the check's own reference")
        self._resolve()

    def watched(self, attempt: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self._called = ""
        self.tidied_by_scipy.clear()
        self._resolve()
        with self._refusing(), self._seeing(arguments):
            result = attempt(*arguments)
        if self._called:  # and a bare `except:` has kept it quiet
            raise ForbiddenError(self._called)
        return result

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """Exchange the code of the forbidden functions."""
        _local.refuse = self._refuse
        try:
            for function, name in self._functions:
                self._exchange(function, name)
            self._running = True
            yield
        finally:
            self._restore()

    def _restore(self) -> None:
        self._running = False
        for function, code in reversed(self._exchanged):
            function.__code__ = code
        self._exchanged.clear()

    def _exchange(self, function: types.FunctionType, name: str) -> None:
        code = function.__code__
        self._exchanged.append((function, code))
        function.__code__ = _refusing_code(name, code.co_freevars)

    @contextlib.contextmanager
    def _seeing(self, arguments: tuple[Any, ...]) -> Iterator[None]:
        """Look at all calls, if that is needed."""
        if sys.getprofile() is not None:  # somebody measures; there can only be one
            yield
            return
        try:
            sys.meta_path.insert(0, self._imports)
            if self._builtins or self._modules or _any_sparse(arguments):
                sys.setprofile(self._see)
            yield
        finally:
            sys.setprofile(None)
            self._stop_noticing_imports()

    def _stop_noticing_imports(self) -> None:
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self._imports]

    def undo(self) -> None:
        """Leave everything as it was; the end of the time may have come while that was done."""
        if sys.getprofile() == self._see:
            sys.setprofile(None)
        self._stop_noticing_imports()
        self._restore()
        for names, name, value in reversed(self._replaced):
            names[name] = value
        self._replaced.clear()

    def _see(self, frame: types.FrameType, event: str, called: Any) -> None:
        if event == "call":
            code = frame.f_code
            if self._pending or self._modules:
                self._look_at_module(_module_that_runs(frame))
            if id(code) in self._codes:  # of a module that has been loaded only now
                self._refuse(self._codes[id(code)])
            if code.co_name in _IN_PLACE:
                self.tidied_by_scipy.add(_module_that_runs(frame.f_back).startswith("scipy."))
        elif event == "c_call":
            for builtin, name in self._builtins:
                if called is builtin or _is_method(called, builtin):
                    self._refuse(name)

    def _refuse(self, name: str) -> None:
        self._called = name
        raise ForbiddenError(name)

    def _look_at_module(self, module: str) -> None:
        if any(name.partition(".")[0] == module.partition(".")[0] for name in self._pending):
            self._resolve()
        for prefix, name in self._modules.items():
            if module == prefix or module.startswith(f"{prefix}."):
                self._refuse(name)

    def _resolve(self) -> None:
        """Find what the names mean, as far as their modules are loaded."""
        for name in list(self._pending):
            found = _look_up(name)
            if found is None:
                continue
            del self._pending[name]
            owner, value = found
            if isinstance(value, types.ModuleType):
                self._modules[value.__name__] = name
            elif isinstance(value, (types.BuiltinFunctionType, types.MethodDescriptorType)):
                self._builtins.append((value, name))
            elif not self._forbid(value, name):
                self._replace(owner, value, name)

    def _forbid(self, value: Any, name: str) -> bool:
        """Forbid a function, or all methods of a class, if they are written in Python."""
        functions = list(_functions(value))
        known = {function for function, _ in self._functions}
        for function in functions:
            if function in known:
                continue
            self._functions.append((function, name))
            if self._running:
                if not hasattr(function, "__wrapped__"):  # else others have the same code
                    self._codes[id(function.__code__)] = name
                self._exchange(function, name)
        return bool(functions)

    def _replace(self, owner: Any, value: Any, name: str) -> None:
        """Put a refusal in the place of a compiled function or class, whose calls nobody sees."""

        def refusal(*_: Any, **__: Any) -> None:
            self._refuse(name)

        learners = getattr(inspect.unwrap(self._attempt), "__globals__", {})
        for names in (vars(owner), learners):
            for own in [key for key, held in list(names.items()) if held is value]:
                if isinstance(names, dict):
                    self._replaced.append((names, own, value))
                    names[own] = refusal


def _module_that_runs(frame: types.FrameType | None) -> str:
    return str(frame.f_globals.get("__name__")) if frame is not None else ""


def _module_of(function: Any) -> str:
    return str(getattr(function, "__module__", None))


def _look_up(name: str) -> tuple[Any, Any] | None:
    """Find what a dotted name means and what holds it, without importing anything."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        value: Any = sys.modules.get(".".join(parts[:length]))
        if value is None:
            continue
        owner = value
        for part in parts[length:]:
            owner, value = value, getattr(value, part, None)
        return None if value is None else (owner, value)
    return None


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """Python functions behind a function, with what it wraps, or behind a class."""
    if isinstance(value, type):
        for method in vars(value).values():
            if isinstance(method, types.FunctionType):
                yield from _functions(method)
        return
    while value is not None:
        function = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            yield function
        value = getattr(value, "__wrapped__", None)


def _refusing_code(name: str, closed_over: tuple[str, ...]) -> types.CodeType:
    """Code that refuses to be called; Python asks for as many outer variables as before."""

    def refusal(*_: Any, **__: Any) -> None:
        # It runs among the names of the function in whose place it stands.
        from course_utils.checks._running import refuse

        refuse("NAME")

    code = refusal.__code__
    consts = tuple(name if const == "NAME" else const for const in code.co_consts)
    return code.replace(co_consts=consts, co_freevars=closed_over)


def refuse(name: str) -> None:
    """Stop the attempt that has called what it was to write, in whichever thread."""
    getattr(_local, "refuse", _refuse_elsewhere)(name)


def _refuse_elsewhere(name: str) -> None:
    raise ForbiddenError(name)


class _Imports:
    """Notices, among the finders of modules, that one of some names is being imported."""

    def __init__(self, names: Collection[str], notice: Callable[[], None]) -> None:
        self._names = names
        self._notice = notice

    def find_spec(self, module: str, *_: Any) -> None:
        if any(f"{name}.".startswith(f"{module}.") for name in self._names):
            self._notice()


def _any_sparse(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value
    if isinstance(value, (tuple, list, dict)):
        return any(map(_any_sparse, parts))
    return is_sparse(value)


def _is_method(called: Any, descriptor: Any) -> bool:
    owner = getattr(descriptor, "__objclass__", None)
    return (
        owner is not None
        and getattr(called, "__name__", None) == descriptor.__name__
        and isinstance(getattr(called, "__self__", None), owner)
    )
