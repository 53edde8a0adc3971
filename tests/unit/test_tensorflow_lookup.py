"""What the lookup in a second process refuses, and what it says when that process fails.

The lookup itself is compared in embeddings/test_tensorflow.py; here no framework is needed.
"""

import os
import stat
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.tensorflow_lookup import tensorflow_lookup

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
        ("echo no such thing >&2; exit 1", "process with TensorFlow failed:\nno such thing"),
        ("kill -9 $$", "was ended by SIGKILL, for instance for want of memory"),
        ("exec sleep 30", r"did not answer within 0.5 s; .* pass a larger timeout"),
    ],
)
def test_a_failure_of_the_second_process_is_told(second_process, script, message):
    second_process(script)
    with pytest.raises(RuntimeError, match=message):
        tensorflow_lookup(MATRIX, TABLE, UPSTREAM, timeout=0.5 if "sleep" in script else 60)


def test_a_second_process_that_does_not_start_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(RuntimeError, match="process with TensorFlow did not start"):
        tensorflow_lookup(MATRIX, TABLE, UPSTREAM)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"table": np.array([["a"], ["b"]])}, TypeError, "table must hold real numbers, got text"),
        ({"table": sp.csr_array(TABLE)}, TypeError, "table must be a dense array"),
        ({"table": TABLE[:1]}, ValueError, "a row for each of the 2 columns of matrix, got 1"),
        ({"table": TABLE[0]}, ValueError, r"table must be 2-D with shape \(ids, dimension\)"),
        ({"table": TABLE * np.nan}, ValueError, "table must be finite"),
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
