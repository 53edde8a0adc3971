"""The lookup against `tf.nn.embedding_lookup_sparse`; TensorFlow runs in this very process."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.embeddings import (
    COMBINERS,
    embedding_bag_inputs,
    one_hot,
    sparse_embedding_lookup,
)
from course_utils.runtime import import_framework
from course_utils.tensorflow_lookup import answer_here, tensorflow_lookup

pytestmark = pytest.mark.keras

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


@pytest.fixture(scope="module")
def tf():
    return import_framework("keras")


def awkward(seed, dtype=np.float64, rows=23, ids=11):
    """Empty rows first, in the middle and last, stored zeros, unsorted columns."""
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((rows, ids)) * (rng.random((rows, ids)) < 0.4)
    dense[[0, 9, 10, rows - 2, rows - 1]] = 0
    matrix = sp.csr_array(dense.astype(dtype))
    matrix.data[:3] = 0
    matrix.indices[matrix.indptr[5] : matrix.indptr[6]] = np.flip(
        matrix.indices[matrix.indptr[5] : matrix.indptr[6]]
    )
    table = rng.standard_normal((ids, 4)).astype(dtype)
    return matrix, table, rng.standard_normal((rows, 4)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", ["csr", "csc"])
def test_all_combiners_and_the_gradient_agree(seed, dtype, form):
    matrix, table, upstream = awkward(seed, dtype)
    answers = answer_here(*embedding_bag_inputs(matrix), table, upstream)
    matrix = matrix.asformat(form)
    for combiner in COMBINERS:
        ours = sparse_embedding_lookup(matrix, table, combiner=combiner)
        theirs = answers[combiner]
        assert ours.dtype == theirs.dtype == dtype
        # The last two rows are empty: TensorFlow leaves them out.
        assert len(theirs) == len(ours) - 2
        assert (ours[-2:] == 0).all()
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours[:-2] / scale, theirs / scale, atol=TOLERANCE[dtype])
    ours = sparse_embedding_lookup(matrix.T, upstream)
    np.testing.assert_allclose(ours, answers["gradient"], atol=50 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_functions_of_tensorflow_keep_every_row(dtype):
    matrix, table, upstream = awkward(1, dtype)
    answers = answer_here(*embedding_bag_inputs(matrix), table, upstream)
    expected = matrix.toarray() @ table
    for name in ("sparse_dense_matmul", "safe_embedding_lookup_sparse"):
        assert answers[name].shape == expected.shape
        scale = np.abs(expected).max()
        np.testing.assert_allclose(answers[name] / scale, expected / scale, atol=TOLERANCE[dtype])


def test_duplicates_in_the_sum():
    matrix = sp.csr_array(([1.0, 2.0, 4.0], [1, 1, 0], [0, 3]), shape=(1, 2))
    table = np.array([[1.0], [10.0]])
    as_stored = (matrix.indices, matrix.indptr[:-1], matrix.data)
    answers = answer_here(*as_stored, table, np.ones((1, 1)))
    for combiner in ("sum", "mean"):
        ours = sparse_embedding_lookup(matrix, table, combiner=combiner)
        np.testing.assert_allclose(ours, answers[combiner], rtol=1e-14)
    # Here the two definitions part: a matrix cell given twice is one weight, their sum.
    ours = sparse_embedding_lookup(matrix, table, combiner="sqrtn")
    np.testing.assert_allclose(ours, 34 / np.hypot(1 + 2, 4))
    np.testing.assert_allclose(answers["sqrtn"], 34 / np.sqrt(1 + 4 + 16))


def test_a_divisor_of_zero_gives_zeros_in_both():
    matrix, table = sp.csr_array([[1.0, -1.0], [0.0, 2.0]]), np.array([[5.0], [3.0]])
    theirs = answer_here(*embedding_bag_inputs(matrix), table, np.ones((2, 1)))["mean"]
    np.testing.assert_array_equal(theirs, [[0.0], [3.0]])
    np.testing.assert_array_equal(sparse_embedding_lookup(matrix, table, combiner="mean"), theirs)


def test_the_second_process_says_the_same():
    matrix, table, upstream = awkward(0)
    here = answer_here(*embedding_bag_inputs(matrix), table, upstream)
    there = tensorflow_lookup(matrix, table, upstream)
    assert here.keys() == there.keys()
    for key in here:
        np.testing.assert_array_equal(here[key], there[key])


# --- the Keras layer of the lesson on categories ------------------------------------------------


@pytest.fixture
def embedding(tf):
    import keras

    layer = keras.layers.Embedding(10, 4, name="my_embedding")
    layer.build()
    layer.set_weights([np.arange(40, dtype=np.float32).reshape(10, 4)])
    return layer


def test_keras_layer_is_one_hot_times_table(embedding):
    indices = np.array([[3], [3], [0], [9]])
    table = embedding.get_weights()[0]
    np.testing.assert_array_equal(embedding(indices), one_hot(indices, 10) @ table)
    np.testing.assert_array_equal(embedding(indices)[:, 0], table[[3, 3, 0, 9]])


def test_keras_layer_truncates_fractions_where_one_hot_refuses(embedding):
    np.testing.assert_array_equal(embedding(np.array([3.7])), embedding(np.array([3])))
    with pytest.raises(TypeError, match="integers, got float64"):
        one_hot([3.7], 10)


def test_keras_layer_takes_minus_one_for_the_last_row_as_numpy_does(embedding):
    table = embedding.get_weights()[0]
    np.testing.assert_array_equal(embedding(np.array([-1]))[0], table[9])
    np.testing.assert_array_equal(table[-1], table[9])
    with pytest.raises(ValueError, match="indices must lie in 0 … 9, got -1"):
        one_hot([-1], 10)


def test_keras_layer_on_the_cpu_raises_for_an_id_past_the_end(tf, embedding):
    with tf.device("cpu"), pytest.raises(tf.errors.InvalidArgumentError, match="10 is not in"):
        embedding(np.array([10]))
    with pytest.raises(ValueError, match="indices must lie in 0 … 9, got 10"):
        one_hot([10], 10)


def test_a_given_table_stays_trainable_unless_frozen(tf):
    import keras

    for trainable in (True, False):
        keras.utils.set_random_seed(0)
        layer = keras.layers.Embedding(10, 4, trainable=trainable)
        model = keras.Sequential([keras.Input((1,)), layer, keras.layers.Flatten()])
        model.add(keras.layers.Dense(1))
        layer.set_weights([np.arange(40, dtype=np.float32).reshape(10, 4)])
        model.compile("sgd", "mse")
        before = layer.get_weights()[0]
        model.fit(np.array([[3], [7]]), np.array([[0.0], [1.0]]), verbose=0)
        moved = np.flatnonzero((layer.get_weights()[0] != before).any(axis=1))
        assert moved.tolist() == ([3, 7] if trainable else [])


def test_input_length_does_nothing_any_more(tf):
    import keras

    with pytest.warns(UserWarning, match="input_length"):
        layer = keras.layers.Embedding(10, 4, input_length=1)
    assert layer(np.zeros((2, 5))).shape == (2, 5, 4)  # not one id per row, and no complaint


def test_models_that_share_a_layer_share_its_weights(embedding):
    import keras

    inputs = keras.Input((1,), dtype="int32")
    sequence = keras.Model(inputs, embedding(inputs))
    flat = keras.Model(inputs, keras.layers.Flatten()(embedding(inputs)))
    assert sequence.output_shape == (None, 1, 4)
    assert flat.output_shape == (None, 4)
    flat.set_weights([np.ones((10, 4))])
    np.testing.assert_array_equal(sequence.predict(np.array([[3]]), verbose=0), np.ones((1, 1, 4)))
    union = {id(weight): weight.shape for model in (sequence, flat) for weight in model.weights}
    assert sum(int(np.prod(shape)) for shape in union.values()) == 40


def test_compiled_model_takes_any_id_past_the_end_for_the_last_row(embedding):
    import keras

    model = keras.Sequential([keras.Input((1,)), embedding])
    model.compile("sgd", "mse", jit_compile=True)
    row = model.predict(np.array([[1000]]), verbose=0)[0, 0]
    np.testing.assert_array_equal(row, embedding.get_weights()[0][9])
