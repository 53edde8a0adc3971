"""Left-aligned matrices are TensorFlow's ragged tensors, and TensorFlow takes no others."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils import runtime
from course_utils.sparse import from_ragged, left_align, to_ragged

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def tf():
    runtime.start(framework="keras")
    import tensorflow

    return tensorflow


def random_matrix(seed, rows=30, cols=12, density=0.3):
    """Sparse matrix with some empty rows, the last one among them, in no left-aligned state."""
    matrix = sp.random_array(
        (rows, cols), density=density, rng=np.random.default_rng(seed), dtype=np.float32
    ).toarray()
    matrix[[0, 7, rows - 1]] = 0
    return sp.csr_array(matrix)


def as_sparse_tensor(tf, matrix):
    coo = sp.coo_array(matrix)
    positions = np.column_stack([coo.row, coo.col]).astype(np.int64)
    return tf.sparse.reorder(tf.SparseTensor(positions, coo.data, matrix.shape))


@pytest.mark.parametrize("seed", range(5))
def test_to_ragged_agrees_with_tensorflow(tf, seed):
    matrix = random_matrix(seed)
    ragged = tf.RaggedTensor.from_sparse(as_sparse_tensor(tf, left_align(matrix)))
    values, row_splits = to_ragged(matrix)
    np.testing.assert_array_equal(ragged.values.numpy(), values)
    np.testing.assert_array_equal(ragged.row_splits.numpy(), row_splits)
    assert ragged.row_splits.numpy().dtype == row_splits.dtype


@pytest.mark.parametrize("seed", range(5))
def test_tensorflow_refuses_what_is_not_aligned(tf, seed):
    with pytest.raises(tf.errors.InvalidArgumentError, match="not right-ragged"):
        tf.RaggedTensor.from_sparse(as_sparse_tensor(tf, random_matrix(seed)))


@pytest.mark.parametrize("seed", range(5))
def test_from_ragged_agrees_with_tensorflow(tf, seed):
    values, row_splits = to_ragged(random_matrix(seed))
    ragged = tf.RaggedTensor.from_row_splits(values, row_splits)
    np.testing.assert_array_equal(
        ragged.to_tensor().numpy(), from_ragged(values, row_splits).toarray()
    )
