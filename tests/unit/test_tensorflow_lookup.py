"""What the lookup in a second process refuses, and what it says when that process fails.

The lookup itself is compared in embeddings/test_tensorflow.py; here no framework is needed: a
stand-in of NumPy takes what TensorFlow would be given.
"""

import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import tensorflow_lookup as module
from course_utils.embeddings import embedding_bag_inputs
from course_utils.tensorflow_lookup import answer_here, tensorflow_lookup

MATRIX, TABLE, UPSTREAM = sp.csr_array(np.eye(3, 2)), np.ones((2, 4)), np.ones((3, 4))


@pytest.fixture
def second_process(tmp_path, monkeypatch):
    """Let a shell script stand for the interpreter of the second process."""
    if os.name == "nt":
        pytest.skip("needs a shell")

    def stand_in(script):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(path))

    return stand_in


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo no such thing >&2; exit 1",
            "the process with TensorFlow failed:\nno such thing\n",
        ),
        (
            r"printf 'caf\351 \342\234\223' >&2; exit 2",  # no text in UTF-8, then text
            "the process with TensorFlow failed:\ncaf\N{REPLACEMENT CHARACTER} ✓",
        ),
        (
            "echo too large >&2; kill -9 $$",
            "the process with TensorFlow was ended by SIGKILL, for instance for want of memory:\n"
            "too large\n",
        ),
        (
            "exec sleep 30",
            "the process with TensorFlow did not answer within 0.25 s; on a busy machine, run the "
            "cell again or pass a larger timeout",
        ),
    ],
)
def test_a_failure_of_the_second_process_is_told(second_process, script, message):
    second_process(script)
    with pytest.raises(RuntimeError) as error:
        tensorflow_lookup(MATRIX, TABLE, UPSTREAM, timeout=0.25 if "sleep" in script else 60)
    assert str(error.value) == message


def test_a_second_process_that_does_not_start_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    message = "^the process with TensorFlow did not start: .*No such file"
    with pytest.raises(RuntimeError, match=message) as error:
        tensorflow_lookup(MATRIX, TABLE, UPSTREAM)
    assert isinstance(error.value.__cause__, FileNotFoundError)


def test_question_and_answer_go_by_file(monkeypatch):
    """The stand-in for a second process answers with what it was asked."""
    asked = []

    def run(command, **options):
        executable, flag, name, question, answer = command
        assert (executable, flag, name) == (sys.executable, "-m", module.__name__)
        assert not os.path.exists(answer)
        with np.load(question) as arrays:
            np.savez(answer, **arrays)
        asked.append((options["timeout"], os.path.dirname(question)))
        return SimpleNamespace(returncode=0, stderr="some chatter")

    monkeypatch.setattr(subprocess, "run", run)
    matrix = sp.csr_array([[0, 3.0], [5.0, 7.0], [0, 0]])
    table, upstream = np.float32([[1, 2], [4, 8]]), np.float32([[1, 2], [3, 4], [5, 6]])
    answer = tensorflow_lookup(matrix, table, upstream, timeout=7)
    expected = {
        "ids": [1, 0, 1],
        "offsets": [0, 1, 3],
        "weights": [3, 5, 7],
        "table": table,
        "upstream": upstream,
    }
    assert answer.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(answer[name], array)
    assert answer["table"].dtype == answer["upstream"].dtype == np.float32
    tensorflow_lookup([[0, 3]], [[1.0], [2.0]], [[1.0]])
    tensorflow_lookup(np.zeros((0, 2)), [[1.0], [2.0]], np.zeros((0, 1)))
    assert [timeout for timeout, _ in asked] == [7, 300, 300]
    assert not any(os.path.exists(folder) for _, folder in asked)


class Tensor:
    """Numbers, and the linear map from the table that they came by, as a tape would know it."""

    def __init__(self, array, by=None):
        self.array, self.by = array, by

    def numpy(self):
        return self.array

    def __len__(self):
        return len(self.array)

    def __mul__(self, factors):
        assert factors.dtype == self.array.dtype
        return Tensor(self.array * factors, factors.T @ self.by)


class SparseTensor:
    """A table of which few cells are given, as TensorFlow wants it: in order, of exact types."""

    def __init__(self, indices, values, dense_shape):
        assert indices.dtype == np.int64
        assert indices.shape == (len(values), 2)
        assert (indices < dense_shape).all()
        self.indices, self.values, self.shape = indices, values, dense_shape

    def dense(self):
        table = np.zeros(self.shape, self.values.dtype)
        np.add.at(table, tuple(self.indices.T), self.values)
        return table


def looked_up(variable, ids, weights, combiner, *, keep_empty=False):
    """Row by row, from the definition."""
    assert ids.values.dtype == np.int64
    assert weights.values.dtype == variable.array.dtype
    assert ids.shape == weights.shape
    np.testing.assert_array_equal(ids.indices, weights.indices)
    # In each row the entries stand side by side from the left.
    places = [tuple(each) for each in ids.indices]
    assert places == [
        (row, place)
        for row in range(ids.shape[0])
        for place in range(sum(ids.indices[:, 0] == row))
    ]
    assert ids.shape[1] == max((place + 1 for _, place in places), default=0)
    rows = ids.shape[0] if keep_empty else max((row + 1 for row, _ in places), default=0)
    by = np.zeros((rows, len(variable.array)), variable.array.dtype)
    np.add.at(by, (ids.indices[:, 0], ids.values), weights.values)
    if combiner != "sum":
        power = {"mean": 1, "sqrtn": 2}[combiner]
        for row in range(rows):
            own = weights.values[ids.indices[:, 0] == row]
            by[row] /= (own**power).sum() ** (1 / power) if len(own) else 1
    return Tensor(by @ variable.array, by)


class Tape:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def gradient(self, loss, variable):
        assert isinstance(variable, Tensor)
        return SimpleNamespace(dense=loss.by.T)


TENSORFLOW = SimpleNamespace(
    Variable=Tensor,
    SparseTensor=SparseTensor,
    GradientTape=Tape,
    reduce_sum=lambda product: product,
    convert_to_tensor=lambda gradient: Tensor(gradient.dense),
    nn=SimpleNamespace(
        embedding_lookup_sparse=lambda variable, ids, weights, combiner: looked_up(
            variable, ids, weights, combiner
        ),
        safe_embedding_lookup_sparse=lambda variable, ids, weights, combiner: looked_up(
            variable, ids, weights, combiner, keep_empty=True
        ),
    ),
    sparse=SimpleNamespace(
        sparse_dense_matmul=lambda sparse, variable: Tensor(sparse.dense() @ variable.array)
    ),
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "dense",
    [
        [[0, 0, 0], [0, 3, 4], [0, 0, 0], [5, 0, 0], [1, 2, 2], [0, 0, 0]],
        [[0, 0, 0]],
        np.zeros((0, 3)),
    ],
)
def test_what_tensorflow_is_asked(monkeypatch, dtype, dense):
    imported = []
    monkeypatch.setattr(
        module, "import_framework", lambda name: imported.append(name) or TENSORFLOW
    )
    matrix = sp.csr_array(np.array(dense, dtype=float))
    table = np.array([[1, 10], [2, 20], [4, 40]], dtype=dtype)
    upstream = np.arange(1.0, 2 * matrix.shape[0] + 1).reshape(-1, 2)
    answers = answer_here(*embedding_bag_inputs(matrix), table, upstream)
    assert imported == ["keras"]
    assert all(array.dtype == dtype for array in answers.values())
    exact = matrix.toarray() @ table
    kept = max(np.flatnonzero(matrix.toarray().any(axis=1)), default=-1) + 1
    for name in ("sparse_dense_matmul", "safe_embedding_lookup_sparse"):
        np.testing.assert_array_equal(answers.pop(name), exact)
    np.testing.assert_array_equal(answers.pop("sum"), exact[:kept])
    np.testing.assert_array_equal(answers.pop("gradient"), matrix.T @ upstream)
    weights = matrix.toarray()[:kept]
    for name, size in (
        ("mean", weights.sum(axis=1)),
        ("sqrtn", np.sqrt((weights**2).sum(axis=1))),
    ):
        expected = exact[:kept] / np.where(size, size, 1)[:, np.newaxis]
        np.testing.assert_allclose(answers.pop(name), expected, rtol=1e-6)
    assert not answers


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"table": np.array([["a"], ["b"]])}, TypeError, "table must hold real numbers, got text"),
        ({"table": sp.csr_array(TABLE)}, TypeError, "table must be a dense array"),
        ({"table": TABLE[:1]}, ValueError, "a row for each of the 2 columns of matrix, got 1"),
        ({"table": TABLE[0]}, ValueError, r"table must be 2-D with shape \(ids, dimension\)"),
        ({"table": TABLE * np.nan}, ValueError, "table must be finite"),
        ({"upstream": UPSTREAM[0]}, ValueError, r"^upstream must be 2-D with shape \(rows, dimen"),
        ({"upstream": UPSTREAM[:2]}, ValueError, r"shape \(3, 4\), got \(2, 4\)"),
        ({"upstream": UPSTREAM[:, :3]}, ValueError, r"shape \(3, 4\), got \(3, 3\)"),
        ({"upstream": np.ma.masked_array(UPSTREAM, UPSTREAM > 0)}, ValueError, "a plain array"),
        ({"timeout": 0}, ValueError, "timeout must be a number above 0, got 0"),
        ({"matrix": np.ones(3)}, ValueError, "2"),
    ],
)
def test_arguments_are_refused_before_a_process_starts(monkeypatch, changed, error, message):
    monkeypatch.setattr(sys, "executable", None)  # starting one would fail otherwise
    arguments = {"matrix": MATRIX, "table": TABLE, "upstream": UPSTREAM} | changed
    with pytest.raises(error, match=message):
        tensorflow_lookup(**arguments)
