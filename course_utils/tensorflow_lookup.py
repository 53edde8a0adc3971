"""What TensorFlow makes of a sparse lookup, computed in a process of its own.

A process that holds PyTorch must not load TensorFlow as well, see
:func:`course_utils.runtime.start`; so a notebook that compares the two asks a second process for
TensorFlow's arrays.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils.embeddings import COMBINERS, embedding_bag_inputs
from course_utils.runtime import import_framework

__all__ = ["answer_here", "tensorflow_lookup"]


def tensorflow_lookup(
    matrix: ArrayLike | sp.sparray | sp.spmatrix,
    table: ArrayLike,
    upstream: ArrayLike,
    *,
    timeout: float = 300.0,
) -> dict[str, np.ndarray]:
    """Let `tf.nn.embedding_lookup_sparse` do the lookup in a second process.

    Introduced in *Look up embeddings from a sparse matrix*.

    Takes the few seconds that TensorFlow needs to start.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, ids)
        Weights, as for :func:`course_utils.embeddings.sparse_embedding_lookup`.
    table : array_like of real numbers, shape (ids, dimension)
        One row per id. TensorFlow computes in its type: float32, and float64 for all others.
    upstream : array_like, shape (rows, dimension)
        Gradient of a loss with respect to the combiner "sum".
    timeout : float
        Seconds after which the second process is given up.

    Returns
    -------
    dict of str to ndarray
        Under "sum", "mean" and "sqrtn" TensorFlow's results, which lack the empty rows at the end
        of `matrix`; under "gradient" the gradient with respect to `table`. Two ways to the sum that
        keep every row stand under "sparse_dense_matmul" and "safe_embedding_lookup_sparse".

    Raises
    ------
    TypeError
        If an argument holds no real numbers, or `table` or `upstream` is sparse.
    ValueError
        If the shapes do not fit each other, or a value is not finite.
    RuntimeError
        If the second process fails, is killed or is too slow; the message holds what it said.
    """
    ids, offsets, weights = embedding_bag_inputs(matrix)
    table = _arguments.dense("table", table, ndim=2, shape="(ids, dimension)", single=True)
    upstream = _arguments.dense(
        "upstream", upstream, ndim=2, shape="(rows, dimension)", empty=True, single=True
    )
    timeout = _arguments.number("timeout", timeout, above=0)
    known: Any = matrix  # NumPy's annotations do not know that it takes the shape of sparse ones
    columns = np.shape(known)[1]
    if len(table) != columns:
        raise ValueError(
            f"table must have a row for each of the {columns} columns of matrix, got {len(table)}"
        )
    wanted = (len(offsets), table.shape[1])
    if upstream.shape != wanted:
        raise ValueError(
            "upstream must have a row for each row of matrix and the columns of table, shape "
            f"{wanted}, got {upstream.shape}"
        )
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        np.savez(
            question, ids=ids, offsets=offsets, weights=weights, table=table, upstream=upstream
        )
        _ask([sys.executable, "-m", __name__, str(question), str(answer)], timeout)
        with np.load(answer) as arrays:
            return dict(arrays)


def _ask(command: list[str], timeout: float) -> None:
    """Run the second process to its end, or say how it ended instead."""
    try:
        finished = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"the process with TensorFlow did not answer within {timeout:g} s; on a busy machine, "
            "run the cell again or pass a larger timeout"
        ) from None
    except OSError as error:
        raise RuntimeError(f"the process with TensorFlow did not start: {error}") from error
    if finished.returncode < 0:
        name = signal.Signals(-finished.returncode).name
        raise RuntimeError(
            f"the process with TensorFlow was ended by {name}, for instance for want of memory:\n"
            f"{finished.stderr}"
        )
    if finished.returncode:
        raise RuntimeError(f"the process with TensorFlow failed:\n{finished.stderr}")


def answer_here(
    ids: np.ndarray,
    offsets: np.ndarray,
    weights: np.ndarray,
    table: np.ndarray,
    upstream: np.ndarray,
) -> dict[str, np.ndarray]:
    """Compute the four arrays in this process, which then holds TensorFlow.

    Used by the course's own second process; a notebook calls :func:`tensorflow_lookup`.

    Parameters
    ----------
    ids, offsets, weights : ndarray
        Of :func:`course_utils.embeddings.embedding_bag_inputs`.
    table : ndarray, shape (ids, dimension)
        One row per id.
    upstream : ndarray, shape (rows, dimension)
        Gradient with respect to the sum.

    Returns
    -------
    dict of str to ndarray
        As :func:`tensorflow_lookup`.
    """
    tf = import_framework("keras")
    # TensorFlow wants two sparse tensors whose rows are left-aligned lists: ids, and weights.
    counts = np.diff(offsets, append=len(ids))
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.arange(len(ids)) - np.repeat(offsets, counts)
    positions = np.column_stack([rows, places]).astype(np.int64)
    shape = (len(counts), int(counts.max(initial=0)))
    sparse_ids = tf.SparseTensor(positions, ids.astype(np.int64), shape)
    sparse_weights = tf.SparseTensor(positions, weights.astype(table.dtype), shape)

    def look_up(combiner: str) -> Any:
        return tf.nn.embedding_lookup_sparse(
            variable, sparse_ids, sparse_weights, combiner=combiner
        )

    variable = tf.Variable(table)
    answers = {combiner: look_up(combiner).numpy() for combiner in COMBINERS}
    with tf.GradientTape() as tape:
        sums = look_up("sum")
        loss = tf.reduce_sum(sums * upstream[: len(sums)].astype(table.dtype))
    gradient = tape.gradient(loss, variable)
    return answers | {
        "gradient": tf.convert_to_tensor(gradient).numpy(),
        "sparse_dense_matmul": tf.sparse.sparse_dense_matmul(
            tf.SparseTensor(
                np.column_stack([rows, ids]).astype(np.int64),
                weights.astype(table.dtype),
                (len(counts), len(table)),
            ),
            variable,
        ).numpy(),
        "safe_embedding_lookup_sparse": tf.nn.safe_embedding_lookup_sparse(
            variable, sparse_ids, sparse_weights, combiner="sum"
        ).numpy(),
    }


if __name__ == "__main__":
    with np.load(sys.argv[1]) as arrays:
        _results: dict[str, Any] = answer_here(**arrays)
    np.savez(sys.argv[2], **_results)
