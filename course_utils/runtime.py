"""Start a notebook the same way everywhere: seeds, threads, quiet frameworks, device.

The frameworks are imported inside the functions, because ``import course_utils`` must stay cheap
and because a process may hold only one of them (see :func:`start`).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

# Notebook name of a framework -> the module whose import decides which one this process holds.
_FRAMEWORK_MODULES = {"keras": "tensorflow", "torch": "torch"}

# Packages that also serve when another one is asked for: conda and Colab know one TensorFlow only.
_SUBSTITUTES = {"tensorflow-cpu": "tensorflow"}


def start(
    seed: int = 0, *, framework: str | None = None, threads: int | None = None
) -> np.random.Generator:
    """Seed everything, limit threads and import one framework without its start-up messages.

    Introduced in *Check your set-up and find your way*.

    Parameters
    ----------
    seed : int
        Seed of the returned generator, of Python's `random` and of the framework.
    framework : {"keras", "torch"}, optional
        The one framework this notebook uses. TensorFlow and PyTorch abort when both are loaded
        in a process on machines that have Triton, so asking for the second one is refused.
    threads : int, optional
        CPU threads of the framework. Default: `OMP_NUM_THREADS` if set, else the CPUs this
        process may use.

    Returns
    -------
    numpy.random.Generator
        A generator seeded with `seed`; pass it on instead of using NumPy's global state.

    Raises
    ------
    ValueError
        If `seed`, `framework` or `threads` is not one of the values above.
    RuntimeError
        If the other framework is already loaded, or `framework` is not installed.

    Examples
    --------
    >>> rng = start(seed=0)
    Ready: seed 0
    >>> rng.integers(10)
    np.int64(8)
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an integer of at least 0, got {seed!r}")
    if framework is not None and framework not in _FRAMEWORK_MODULES:
        raise ValueError(f"framework must be 'keras', 'torch' or None, got {framework!r}")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads!r}")
    threads = threads or default_threads()
    random.seed(seed)
    if framework == "keras":
        _start_keras(seed, threads)
    elif framework == "torch":
        _start_torch(seed, threads)
    print(f"Ready: seed {seed}" + (f", framework {framework}" if framework else ""))
    return np.random.default_rng(seed)


def default_threads() -> int:
    """Threads to use when nobody says: `OMP_NUM_THREADS`, else the CPUs of this process.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        If `OMP_NUM_THREADS` is not a positive integer.

    Examples
    --------
    >>> default_threads() >= 1
    True
    """
    text = os.environ.get("OMP_NUM_THREADS", "")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"OMP_NUM_THREADS must be a positive integer, got {text!r}")
        return int(text)
    if hasattr(os, "sched_getaffinity"):  # a container may own fewer CPUs than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def device() -> str:
    """Name of the best PyTorch device of this machine.

    Introduced in *Autoencode interactions in PyTorch*.

    Returns
    -------
    {"cuda", "mps", "cpu"}
        To be passed to `tensor.to(...)`.

    Examples
    --------
    >>> device() in {"cuda", "mps", "cpu"}  # doctest: +SKIP
    True
    """
    torch = _import_framework("torch")
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _start_keras(seed: int, threads: int) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = _import_framework("keras")
    # From the fifth network of a kernel on, TensorFlow warns that it compiles again; that is meant.
    tensorflow.get_logger().setLevel("ERROR")
    # TensorFlow refuses new thread counts once it has run; a re-run of the set-up cell is fine.
    with contextlib.suppress(RuntimeError):
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    importlib.import_module("keras").utils.set_random_seed(seed)


def _start_torch(seed: int, threads: int) -> None:
    # Between two operations OpenMP's threads spin for long, which starves a busy machine; sent to
    # sleep at once ("OMP_WAIT_POLICY=PASSIVE"), they take longer to wake than a small layer takes
    # to compute. Ten thousand turns last some tens of microseconds, about as long as such a gap.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    torch = _import_framework("torch")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)


def _import_framework(framework: str) -> Any:
    for other, module in _FRAMEWORK_MODULES.items():
        if other != framework and module in sys.modules:
            raise RuntimeError(
                f"this process already holds {module}, so {framework!r} cannot start here: "
                "one framework per notebook. Restart the kernel and run the set-up cell first."
            )
    module = _FRAMEWORK_MODULES[framework]
    if module in sys.modules:
        return sys.modules[module]
    try:
        with _quiet_stderr(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ImportError as error:
        raise RuntimeError(
            f"{module} cannot be imported ({error}). "
            "Repair the environment with `make course`, or open notebooks/00_start_here.ipynb."
        ) from error


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hold back what C++ code writes to file descriptor 2; show it if the block fails.

    TensorFlow prints lines with times and process ids while it is imported, which no Python
    setting can silence and which would make a stored output differ on every run.
    """
    try:
        saved = os.dup(2)
    except OSError:  # no descriptor 2, for instance under pythonw on Windows
        yield
        return
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held_back.seek(0)
            os.write(2, held_back.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


class PackageStatus(NamedTuple):
    """One line of the environment report.

    Attributes
    ----------
    name : str
        Name of the package on PyPI.
    problem : str
        Empty if the package is fine, else what is wrong with it.
    repair : str
        The shell command that mends it; empty if nothing is wrong.
    """

    name: str
    problem: str
    repair: str

    def __str__(self) -> str:
        """One printable line: `[ok] numpy` or `[fix: command] numpy: problem`."""
        if not self.problem:
            return f"[ok] {self.name}"
        return f"[fix: {self.repair}] {self.name}: {self.problem}"


def environment_report() -> list[PackageStatus]:
    """Compare the installed packages with what `course-utils` says it needs.

    Introduced in *Check your set-up and find your way*.

    Returns
    -------
    list of PackageStatus
        One entry per package that this platform needs, in the order of `pyproject.toml`.

    Raises
    ------
    RuntimeError
        If `course-utils` itself is not installed.

    Examples
    --------
    >>> [status.name for status in environment_report() if status.problem]
    []
    """
    try:
        requirements = importlib.metadata.requires("course-utils") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise RuntimeError(
            "course-utils is not installed in this environment; from the folder with "
            "pyproject.toml run: python -m pip install -c constraints.txt -e ."
        ) from error
    return check_requirements(requirements)


def check_requirements(requirements: list[str]) -> list[PackageStatus]:
    """Look every requirement up in the running environment.

    Parameters
    ----------
    requirements : list of str
        Requirement lines as in `pyproject.toml`; those whose marker does not hold here, or that
        belong to an extra, are left out.

    Returns
    -------
    list of PackageStatus
        One per remaining requirement, in the given order.

    Examples
    --------
    >>> for status in check_requirements(["numpy>=1", "no-such-package>=2"]):
    ...     print(status)
    [ok] numpy
    [fix: python -m pip install "no-such-package>=2"] no-such-package: not installed
    """
    from packaging.requirements import Requirement

    report = []
    for line in requirements:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name, wanted = requirement.name, str(requirement.specifier)
        installed = _installed_version(name) or _installed_version(_SUBSTITUTES.get(name, name))
        if installed is None:
            problem = "not installed"
        else:
            fits = requirement.specifier.contains(installed, prereleases=True)
            problem = "" if fits else f"version {installed} is installed, {wanted} is needed"
        repair = f'python -m pip install "{name}{wanted}"' if problem else ""
        report.append(PackageStatus(name, problem, repair))
    return report


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
