"""Call functions with wrong values, one argument at a time, and write down what they say.

The messages are a part of the course: whoever types a wrong value learns from them. So they are
kept as text that one can read from end to end, and a test compares. Which values are tried
follows from the right one; a function that takes one of them is fine, which is written down too.

``python tests/wrong_arguments.py plain`` (or keras, or torch) writes the text anew; read the
difference before it is committed.
"""

import contextlib
import importlib
import importlib.util
import inspect
import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from course_utils._frameworks import framework_of, module_names

FOLDER = Path(__file__).parent / "unit" / "messages"


class Thing:
    """What no function has a use for."""

    def __repr__(self):
        return "<a thing>"


def of_a_number(value):
    yield from [(repr(wrong), wrong) for wrong in (-1, 0, 1, 2.5, 30, None, True, "2")]
    if isinstance(value, float):
        yield from [(repr(wrong), wrong) for wrong in (float("nan"), float("inf"), -1e-9)]


def of_an_array(right):
    """Wrong kinds, wrong shapes and wrong cells."""
    yield from [("None", None), ("'text'", "text"), ("a thing", Thing()), ("a number", 3.0)]
    yield "one dimension more", right[np.newaxis]
    yield "the first row", right[0]
    yield "no row", right[:0]
    yield "a row fewer", right[:-1]
    yield "the first row twice", np.concatenate([right[:1], right])
    if right.ndim == 2:
        yield "no column", right[:, :0]
        yield "a column fewer", right[:, :-1]
        yield "a column twice", np.concatenate([right, right[:, -1:]], axis=1)
        yield "sparse", sp.csr_array(right)
        yield "rows of unequal length", [[1.0, 2.0], [3.0]]
    yield "text", np.full(right.shape, "a")
    yield "complex", right.astype(complex)
    yield "all equal", np.full_like(right, right.flat[0])
    masked = np.zeros(right.shape, bool)
    masked.flat[0] = True
    yield "masked", np.ma.masked_array(right, masked)
    if right.dtype == bool:
        yield "0 and 1", right.astype(int)
        yield "none true", np.zeros_like(right)
        yield "all true", np.ones_like(right)
        return
    yield "as float", right.astype(float)
    for name, number in (("NaN", np.nan), ("infinity", np.inf), ("minus infinity", -np.inf)):
        yield f"{name} in the last cell", changed(right.astype(float), number)
    for number in (-1, 0.5, 99):
        yield f"{number} in the last cell", changed(right.astype(float), number)
    if right.dtype.kind in "iu":
        for number in (-1, 99):
            yield f"{number} in the last cell, whole", changed(right, number)


def changed(array, number):
    array = array.copy()
    array.flat[-1] = number
    return array


def of_a_sparse_array(right):
    yield from [("None", None), ("'text'", "text"), ("a thing", Thing()), ("a number", 3.0)]
    yield "dense", right.toarray()
    yield "a vector", right.toarray()[0]
    yield "no row", right[:0]
    yield "no column", right[:, :0]
    yield "a row fewer", right[:-1]
    yield "a column fewer", right[:, :-1]
    yield "nothing stored", right * 0 - right * 0
    yield "a row twice", sp.vstack([right[:1], right]).tocsr()
    yield "complex", right.astype(complex)
    for number in (np.nan, np.inf, -1.0, 0.0, 0.5, 99.0):
        values = right.data.astype(float)
        values[-1] = number
        yield (
            f"{number} in the last stored cell",
            sp.csr_array((values, right.indices, right.indptr), shape=right.shape),
        )
    twice = sp.coo_array(right)
    yield (
        "a cell stored twice",
        sp.coo_array(
            (
                np.append(twice.data, twice.data[-1]),
                tuple(np.append(axis, axis[-1]) for axis in twice.coords),
            ),
            shape=right.shape,
        ),
    )


def of_a_frame(right):
    yield from [("None", None), ("'text'", "text"), ("a thing", Thing()), ("no row", right[:0])]
    for name in right.columns:
        yield f"without {name}", right.drop(columns=name)
        yield (
            f"None in {name}",
            right.astype(object).mask(
                np.outer(np.arange(len(right)) == 0, right.columns == name), None
            ),
        )
        yield (
            f"2.5 in {name}",
            right.astype(object).mask(
                np.outer(np.arange(len(right)) == 0, right.columns == name), 2.5
            ),
        )
        yield f"{name} twice the same", right.assign(**{name: right[name].iloc[0]})


def of_a_list(right):
    kind = type(right)
    yield from [("None", None), ("'text'", "text"), ("a thing", Thing()), ("empty", kind())]
    yield "the first alone", kind(list(right)[:1])
    yield "the last twice", kind([*right, list(right)[-1]])
    yield "backwards", kind(list(right)[::-1])
    for wrong in (None, -1, 0.5, 99, "other"):
        yield f"{wrong!r} at the end", kind([*list(right)[:-1], wrong])


def wrong_values(right):
    """Pairs of a name and a value, each in place of a right one."""
    if isinstance(right, (bool, np.bool_)):
        return [(repr(wrong), wrong) for wrong in ("no", 1, None)]
    if isinstance(right, (int, float)):
        return of_a_number(right)
    if isinstance(right, str):
        return [(repr(wrong), wrong) for wrong in ("other", "", 3, None)]
    if isinstance(right, np.ndarray):
        return of_an_array(right)
    if sp.issparse(right):
        return of_a_sparse_array(right)
    if isinstance(right, pd.DataFrame):
        return of_a_frame(right)
    if type(right) in (list, tuple):
        return of_a_list(right)
    return [("None", None), ("'text'", "text"), ("a thing", Thing()), ("3", 3)]


def outcome(function, arguments, folder):
    """What a call says: its error with the text, or "fine"."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function(**arguments)
    except Exception as error:
        text = " ".join(str(error).split()).replace(str(folder), "FOLDER")
        # Another version of PyArrow writes other bytes, so the same part has another checksum.
        text = re.sub(r"-[0-9a-f]{8}\.parquet", "-CHECKSUM.parquet", text)
        return f"{type(error).__name__}: {text}"
    return ", ".join(["fine", *sorted({f"with {each.category.__name__}" for each in caught})])


def lines_for(function, make):
    """The text for one function: what it says to each wrong value of each argument."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        assert (said := outcome(function, make(), folder)).startswith("fine"), said
        lines = []
        for name, right in make().items():
            lines.append(f"  {name}")
            found = {}
            for label, wrong in wrong_values(right):
                said = outcome(function, make() | {name: wrong}, folder)
                if said.endswith(f", got {wrong!r}"):  # so that like messages make one line
                    said = said.removesuffix(repr(wrong)) + "…"
                found.setdefault(said, []).append(label)
            lines += [f"    {said} ← {' | '.join(labels)}" for said, labels in found.items()]
    return lines


def thing_named(name, selves):
    """A function of the course, "metrics.rmse", or a method: "factorization.EASE.scores"."""
    before, _, last = name.rpartition(".")
    if before in selves:
        return getattr(selves[before](), last)
    return getattr(importlib.import_module(f"course_utils.{before}"), last)


def approved(group):
    """The text that was read and found good: function -> its lines."""
    blocks = {}
    text = (FOLDER / f"{group}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith(" "):
            blocks[line] = lines = []
        else:
            lines.append(line)
    return blocks


def messages_that_name_no_argument(group):
    """Refusals from which one cannot tell which of a function's arguments is wrong."""
    found = []
    for name, lines in approved(group).items():
        arguments = {line.strip() for line in lines if not line.startswith("    ")}
        for line in lines:
            said = line.rsplit(" ← ", 1)[0].strip()
            # What is wrong with a file is said of the file.
            refused = line.startswith("    ") and not re.match(
                r"fine|\w+: (there is no \w+ )?(in )?(text|table\.csv|other|t)\b", said
            )
            if refused and not arguments & set(re.findall(r"\w+", said)):
                found.append(f"{name}: {said}")
    return found


def not_called(framework, calls, selves):
    """Public functions with arguments, of modules of a framework, that no call is there for."""
    methods = tuple(f"{owner}." for owner in selves)
    seen = {thing_named(name, selves) for name in calls if not name.startswith(methods)}
    left = []
    for module in module_names():
        parts = module.split(".")[1:]
        if framework_of(module) != framework or any(part.startswith("_") for part in parts):
            continue
        imported = importlib.import_module(module)
        for name in getattr(imported, "__all__", []):
            thing = getattr(imported, name)
            if inspect.isfunction(thing) and inspect.signature(thing).parameters:
                left += [".".join([*parts, name])] if thing not in seen else []
                seen.add(thing)
    return left


def main(group):
    specification = importlib.util.spec_from_file_location("calls", FOLDER / f"test_{group}.py")
    specification.loader.exec_module(calls := importlib.util.module_from_spec(specification))
    text = "".join(
        "\n".join([name, *lines_for(thing_named(name, calls.SELVES), make)]) + "\n"
        for name, make in sorted(calls.CALLS.items())
    )
    (FOLDER / f"{group}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
