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

from course_utils import _arguments
from course_utils._frameworks import FRAMEWORKS

__all__ = [
    "PackageStatus",
    "check_requirements",
    "default_threads",
    "device",
    "environment_report",
    "import_framework",
    "start",
]

# Keras seeds NumPy's global generator, too, which takes 32 bits.
_LARGEST_SEED = 2**32 - 1

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
        Seed of the returned generator, of Python's `random` and of the framework, from 0 to
        4294967295.
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
    TypeError
        If `seed` or `threads` is no integer, or `framework` no text.
    ValueError
        If one of them is not one of the values above, or `OMP_NUM_THREADS` holds no number.
    RuntimeError
        If the other framework is already loaded, or `framework` is not installed.

    Examples
    --------
    >>> rng = start(seed=0)
    Ready: seed 0
    >>> rng.integers(10)
    np.int64(8)
    """
    seed = _arguments.integer("seed", seed, 0, _LARGEST_SEED)
    if framework is not None:
        framework = _arguments.choice("framework", framework, FRAMEWORKS)
    if threads is None:
        threads = default_threads()
    threads = _arguments.integer("threads", threads, 1)
    random.seed(seed)
    if framework == "keras":
        _start_keras(seed, threads)
    elif framework == "torch":
        _start_torch(seed, threads)
    print(f"Ready: seed {seed}" + (f", framework {framework}" if framework else ""))
    return np.random.default_rng(seed)


def default_threads() -> int:
    """Threads to use when nobody says: `OMP_NUM_THREADS`, else the CPUs of this process.

    Introduced in *Use codes as features*.

    As in OpenMP, `OMP_NUM_THREADS` may be a list with a number for each level of nested loops,
    such as ``4,2``; the first one counts.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        If `OMP_NUM_THREADS` holds anything but positive integers.

    Examples
    --------
    >>> default_threads() >= 1
    True
    """
    text = os.environ.get("OMP_NUM_THREADS", "").strip()
    if text:
        levels = [level.strip() for level in text.split(",")]
        if not all(level.isdecimal() and int(level) > 0 for level in levels):
            raise ValueError(
                "the environment variable OMP_NUM_THREADS must be a positive integer, or several "
                f"with commas between them, got {text!r}; correct it or unset it"
            )
        return int(levels[0])
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
    torch = import_framework("torch")
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _start_keras(seed: int, threads: int) -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = import_framework("keras")
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
    torch = import_framework("torch")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)


def import_framework(framework: str) -> Any:
    """Import TensorFlow or PyTorch without start-up messages, if this process holds no other.

    Used by the course's own functions; a notebook calls :func:`start`.

    Parameters
    ----------
    framework : {"keras", "torch"}
        Which one.

    Returns
    -------
    module
        ``tensorflow`` or ``torch``.

    Raises
    ------
    TypeError
        If `framework` is no text.
    ValueError
        If it is another one.
    RuntimeError
        If the other framework is already loaded, or this one cannot be imported.

    Examples
    --------
    >>> import_framework("torch").__name__  # doctest: +SKIP
    'torch'
    """
    framework = _arguments.choice("framework", framework, FRAMEWORKS)
    for other, module in FRAMEWORKS.items():
        if other != framework and module in sys.modules:
            raise RuntimeError(
                f"this process already holds {module}, so {framework!r} cannot start here: "
                "one framework per notebook. Restart the kernel and run the set-up cell first."
            )
    module = FRAMEWORKS[framework]
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

    Introduced in *Check your set-up and find your way*.

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

    Introduced in *Check your set-up and find your way*.

    Parameters
    ----------
    requirements : list of str
        Requirement lines as in `pyproject.toml`; those whose marker does not hold here, or that
        belong to an extra, are left out.

    Returns
    -------
    list of PackageStatus
        One per remaining requirement, in the given order.

    Raises
    ------
    TypeError
        If `requirements` is a single text.
    ValueError
        If a line is no requirement.
    RuntimeError
        If `packaging`, which reads the lines, is missing itself.

    Examples
    --------
    >>> for status in check_requirements(["numpy>=1", "no-such-package>=2"]):
    ...     print(status)
    [ok] numpy
    [fix: python -m pip install "no-such-package>=2"] no-such-package: not installed
    """
    if isinstance(requirements, str):
        raise TypeError(
            f"requirements must be a list of lines, got the text {requirements!r}; put it in [ ]"
        )
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError as error:
        raise RuntimeError(
            "packaging is not installed in this environment; run: python -m pip install packaging"
        ) from error

    report = []
    for line in requirements:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            raise ValueError(
                f"requirements must hold lines such as 'numpy>=2.0', got {line!r}"
            ) from error
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
