"""Which module needs which framework: the one table, for the package, its tests and its tools."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Final

# Name of a framework, as notebooks, markers and options say it -> the module whose import decides
# that this process holds it.
FRAMEWORKS: Final = {"keras": "tensorflow", "torch": "torch"}

# Modules that import a framework when they are imported; what lies inside one of them, too.
_NEEDS: Final = {
    "course_utils.distributed.training": "torch",
    "course_utils.keras_models": "keras",
    "course_utils.torch_models": "torch",
}


def framework_of(module: str) -> str | None:
    """Return the framework that a module brings into the process.

    Parameters
    ----------
    module : str
        Dotted name, such as ``"course_utils.torch_models.training"``, or the name of a framework
        or its package.

    Returns
    -------
    {"keras", "torch"} or None
        None if importing it needs neither.

    Examples
    --------
    >>> framework_of("course_utils.torch_models.training"), framework_of("tensorflow")
    ('torch', 'keras')
    >>> framework_of("course_utils.sparse") is None
    True
    """
    for framework, package in FRAMEWORKS.items():
        if module.split(".")[0] in (framework, package):
            return framework
    for needy, framework in _NEEDS.items():
        if module == needy or module.startswith(f"{needy}."):
            return framework
    return None


def module_names() -> list[str]:
    """List the dotted names of all modules of this package, without importing one.

    Returns
    -------
    list of str
        Packages and what they hold, sorted.

    Examples
    --------
    >>> "course_utils.checks.engine" in module_names()
    True
    """
    return sorted(_walk(Path(__file__).parent, "course_utils"))


def _walk(folder: Path, package: str) -> list[str]:
    names = [package]
    for module in pkgutil.iter_modules([str(folder)]):
        name = f"{package}.{module.name}"
        names += _walk(folder / module.name, name) if module.ispkg else [name]
    return names
