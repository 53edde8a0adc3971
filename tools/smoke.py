"""Ask an installed course_utils whether it works: ``python tools/smoke.py WHAT [data]``.

`WHAT` is ``plain``, ``keras`` or ``torch``, for one process holds one framework. With ``plain``
comes the folder of the data. The script is run by the interpreter of the environment that is
tried; it stands on the standard library and on what was installed, never on the checkout.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path


def plain(data: str) -> None:
    """Import all that needs no framework, look for the digits without and with their folder."""
    import course_utils
    from course_utils._frameworks import framework_of, module_names

    home = Path(course_utils.__file__).resolve()
    if not home.is_relative_to(Path(sys.prefix).resolve()):
        raise SystemExit(f"this is not the installed package: {home}")
    names = [name for name in module_names() if framework_of(name) is None]
    for name in names:
        importlib.import_module(name)
    print(f"course_utils {course_utils.__version__}: {len(names)} modules imported")

    from course_utils.datasets import load_mnist

    os.environ.pop("COURSE_DATA", None)
    try:
        load_mnist()
    except FileNotFoundError as error:
        if "COURSE_DATA" not in str(error):
            raise SystemExit(f"the message does not say what to do: {error}") from error
        print(f"load_mnist without data says: {error}")
    else:
        raise SystemExit("load_mnist found data where none was installed")
    os.environ["COURSE_DATA"] = data
    mnist = load_mnist()
    print(f"load_mnist with COURSE_DATA: {mnist.x_train.shape}, {mnist.x_test.shape}")

    import numpy as np
    from scipy import sparse

    from course_utils.embeddings import sparse_embedding_lookup

    found = sparse_embedding_lookup(sparse.csr_array([[0.0, 2.0]]), np.array([[1.0], [3.0]]))
    if np.asarray(found).tolist() != [[6.0]]:
        raise SystemExit(f"2 × 3 is {found}")
    print("a weighted lookup: 2 × 3 = 6")


def framework(name: str) -> None:
    """Import every module that needs a framework."""
    from course_utils._frameworks import framework_of, module_names

    names = [module for module in module_names() if framework_of(module) == name]
    for module in names:
        importlib.import_module(module)
    print(f"{name}: {len(names)} modules imported")


if __name__ == "__main__":
    # The message may hold characters that a code page of Windows lacks.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    what, *rest = sys.argv[1:]
    plain(*rest) if what == "plain" else framework(what)
