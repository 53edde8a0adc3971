"""Checks of *Embed categories*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils import embeddings
from course_utils.checks.engine import (
    Breaking,
    Case,
    Exercise,
    Prediction,
    as_written,
    numbers,
)

TABLE_BEFORE = np.arange(6.0).reshape(3, 2)


def _are_valid(indices: Any, num_classes: int) -> bool:
    values = np.asarray(indices)
    if values.size == 0:
        return True
    return bool(values.dtype.kind in "iu" and values.min() >= 0 and values.max() < num_classes)


def _moved_rows(after: Any) -> list[int]:
    return np.flatnonzero((np.asarray(after, dtype=float) != TABLE_BEFORE).any(axis=1)).tolist()


def _moved_row_sums(after: Any) -> list[int]:
    """Rows whose change has a sum other than 0, also where rounding has made it one."""
    rounded = (np.asarray(after, dtype=float) - TABLE_BEFORE).sum(axis=1)
    on_paper = (as_written(after) - as_written(TABLE_BEFORE)).sum(axis=1)
    return np.flatnonzero((rounded != 0) & (np.abs(on_paper) > 1e-15)).tolist()


def _table_problem(after: Any) -> str:
    values = np.asarray(after, dtype=float)
    if values.shape != TABLE_BEFORE.shape:
        return f"a table of shape {TABLE_BEFORE.shape} is needed, got shape {values.shape}"
    if not np.isfinite(values).all():
        return "every number has to be finite"
    return "" if _moved_rows(values) else "no row has moved, so there is nothing to notice"


_INTEGERS = [np.dtype(name) for name in ("i8", "i4", "i2", "i1", "u1", "u2")]
_FLOATS = [np.float64, np.float32, np.float16]


@st.composite
def _ids(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Draw ids of categories, of any integer type that holds them, and the number of categories."""
    num_classes = draw(st.one_of(st.integers(1, 6), st.sampled_from([20, 127, 300])))
    some = st.integers(0, num_classes - 1)
    indices = draw(st.lists(some, max_size=20))
    fitting = [kind for kind in _INTEGERS if np.iinfo(kind).max >= max(indices, default=0)]
    return np.array(indices, dtype=draw(st.sampled_from(fitting))), num_classes


@st.composite
def _ids_or_not(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Draw ids as above; often one of them, or their type, is wrong."""
    indices, num_classes = draw(_ids())
    what = draw(st.sampled_from(["ids", "one is wrong", "floats", "objects", "truth values"]))
    if what == "one is wrong" and indices.size:
        indices = indices.astype(np.int64)
        place = draw(st.integers(0, len(indices) - 1))
        wrong = [-1, -num_classes, num_classes, num_classes + 1, 256 * num_classes, 2**40]
        indices[place] = draw(st.sampled_from(wrong))
    elif what == "floats":
        indices = indices.astype(draw(st.sampled_from(_FLOATS)))
        indices += draw(st.sampled_from([0, 0.5, -0.5, np.nan]))
    elif what == "objects":
        indices = np.array(indices.tolist(), dtype=object)
    elif what == "truth values":
        indices = indices > 0
    return indices, num_classes


one_hot = Exercise(
    name="one_hot",
    reference=embeddings.one_hot,
    without=("course_utils.embeddings.one_hot", "course_utils.sparse.index_to_indicator"),
    cases=[
        Case("one index", (np.array([3]), 10), "this is the vector of step 1"),
        Case(
            "a category that occurs twice",
            (np.array([1, 0, 1]), 3),
            "each occurrence gets a row of its own",
        ),
        Case(
            "indices that fall",
            (np.array([4, 2, 2, 0]), 5),
            "row 0 belongs to the first index, and the order of the indices stays",
            hint="Neither sort the indices nor drop those that occur twice.",
        ),
        Case(
            "a category that does not occur",
            (np.array([0, 1]), 4),
            "the width is the number of categories, whichever of them turn up",
            hint="num_classes says how wide the result is; indices.max() + 1 does not.",
        ),
        Case(
            "more indices than categories",
            (np.array([1, 0, 1, 1]), 2),
            "the number of rows and the width have nothing to do with each other",
            hint="len(indices) rows, num_classes columns.",
        ),
        Case(
            "a short type and many categories",
            (np.array([3, 130], dtype=np.uint8), 300),
            "the type of the indices has nothing to do with the number of categories",
            hint="Keep the type of the indices out of the result, and of what you calculate.",
        ),
        Case(
            "no index at all",
            (np.array([], dtype=int), 3),
            "an empty batch has shape (0, 3), so that it can still be multiplied",
            hint="np.zeros((len(indices), num_classes)) is right for an empty list, too.",
        ),
    ],
    hint="Start from zeros, one row per index, and put a single 1 into each row.",
    search=_ids(),
    search_hint="Nothing but indices and num_classes may decide what comes out, not their types.",
)

predict_parameters = Prediction(
    name="predict_parameters",
    answer=lambda: 10 * 4 + 4 * 2 + 2,
    because="The table counts once, and the new layer adds 4 · 2 weights and 2 biases.",
    hint="Which of the numbers are new, and which has another model already?",
    misconceptions={
        "that counts the shared table once for every model": lambda: 4 * 40 + 10,
        "that is what the new model holds, plus another copy of the table": lambda: 40 + 50,
        "a Dense layer has biases as well": lambda: 40 + 4 * 2,
        "those are the shared ones only; the new layer has some of its own": lambda: 40,
        "those are the new ones only; the shared table is there as well": lambda: 4 * 2 + 2,
        "that gives the Dense layer its biases and forgets its weights": lambda: 40 + 2,
        "a Dense layer has one bias per output, not per input": lambda: 40 + 4 * 2 + 4,
        "that counts the table once for every model and the new layer not at all": lambda: 4 * 40,
        "the three models above share their table: it is one, not three": lambda: 3 * 40 + 10,
    },
)

are_valid = Exercise(
    name="are_valid",
    reference=_are_valid,
    cases=[
        Case("first and last category", (np.array([0, 9, 3]), 10), "0 and 9 are both in range"),
        Case(
            "one past the end",
            (np.array([2, 10]), 10),
            "ten categories are numbered 0 to 9",
            hint="Compare with < and not with <=.",
        ),
        Case(
            "minus one",
            (np.array([4, -1]), 10),
            "it would be taken for the last row",
            hint="A range has two ends.",
        ),
        Case(
            "a fraction",
            (np.array([3.7]), 10),
            "it would be cut to 3",
            hint="Look at indices.dtype: kind 'i' is for signed integers, 'u' for unsigned ones.",
        ),
        Case(
            "whole numbers stored as floats",
            (np.array([3.0, 1.0]), 10),
            "float ids mean that something was computed with them, and large ones are inexact",
            hint="Look at the type of the array, not at the values.",
        ),
        Case(
            "short integers",
            (np.array([2, 9], dtype=np.int32), 10),
            "an integer of 32 bits is an integer",
            hint="Ask for the kind of the type, indices.dtype.kind, not for one type.",
        ),
        Case(
            "unsigned integers",
            (np.array([2, 9], dtype=np.uint8), 10),
            "an integer without a sign is an integer",
            hint="Kind 'u' is for unsigned integers.",
        ),
        Case(
            "a wrong id in the middle",
            (np.array([1, 3, 0, 2, 4, 0, 1, 7, 2, 3]), 5),
            "one wrong id is enough, wherever it stands",
            hint="The smallest and the largest decide, not the first and the last.",
        ),
        Case(
            "floats of 32 bits",
            (np.array([2.0, 1.0], dtype=np.float32), 10),
            "a float is no integer, however short it is",
            hint="Ask for the kind of the type, indices.dtype.kind, not for one type.",
        ),
        Case(
            "truth values",
            (np.array([True, False]), 10),
            "a mask is not a list of ids",
            hint="Name the kinds you accept, not those you refuse.",
        ),
        Case(
            "objects",
            (np.array([1, 2], dtype=object), 10),
            "such an array can hold anything, and Keras does not take it",
            hint="Name the kinds you accept, not those you refuse.",
        ),
        Case(
            "no ids",
            (np.array([], dtype=int), 10),
            "an empty batch holds no wrong id",
            hint="Answer True for it first: min() and max() of nothing raise an error.",
        ),
        Case(
            "no ids, stored as floats",
            (np.array([]), 10),
            "np.array([]) is a float array, and there is still no wrong id in it",
            hint="Ask for the size before you ask for the type.",
        ),
    ],
    hint="Three questions: are they integers, is the smallest at least 0, is the largest in range?",
    search=_ids_or_not(),
    search_hint="The number of categories is an argument, and every single id has to be looked at.",
)

break_moved_rows = Breaking(
    name="break_moved_rows",
    suspect=_moved_row_sums,
    reference=_moved_rows,
    refusal=_table_problem,
    takes=numbers,
    hint="A sum can stay the same although every number in it moves.",
)

predict_own_neighbour = Prediction(
    name="predict_own_neighbour",
    answer=lambda: (1 + 4 * 0.65) / 5,
    because="The film shares all genres with itself: (1 + 4 · 0.65) / 5.",
    hint="Add up five overlaps, of which one is the film's own, and divide by five.",
    decimals=2,
    misconceptions={
        "one of the five neighbours is the film itself, whose overlap is 1": lambda: 0.65,
        "the score is a mean of five; one of them is 1": lambda: (1 + 0.65) / 2,
        "there are five neighbours in all, the film among them": lambda: (1 + 5 * 0.65) / 6,
        "the film is as like itself as it can be: 1, not 0": lambda: 4 * 0.65 / 5,
        "that is the sum; the score is a mean": lambda: 1 + 4 * 0.65,
        "divide by five: the film itself counts as a neighbour": lambda: (1 + 4 * 0.65) / 4,
        "only the film itself has an overlap of 1": lambda: 1.0,
    },
)
