"""Class indices and positions as other people bring them: the right rows, or a refusal."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import embeddings, groups, similarity, sparse

CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "NumPy numbers in a list": lambda ids: list(np.array(ids, dtype=np.int16)),
    "Series": lambda ids: pd.Series(ids, dtype="int32", index=range(5, 5 + len(ids))),
    "strided": lambda ids: np.repeat(np.array(ids, dtype=np.int64), 3)[::3],
    "backwards": lambda ids: np.array(ids[::-1], dtype=np.int64)[::-1],
    "read-only": lambda ids: np.frombuffer(np.array(ids, dtype=np.uint16), dtype=np.uint16),
    "masked, nothing hidden": lambda ids: np.ma.masked_array(np.array(ids, dtype=np.int8)),
    **{
        name: lambda ids, name=name: np.array(ids, dtype=name) for name in ("u1", "i1", ">i4", "u8")
    },
}
NUMBERS = {"int": int, "uint8": np.uint8, "int64": np.int64, "0-d": np.array}
DTYPES = ["?", "i1", "u1", "i8", "f4", "f8", "c16"]


@st.composite
def classes(draw):
    """A number of classes up to what int8 holds, and up to eight indices below it."""
    many = draw(st.sampled_from([1, 2, 5, 127]))
    ids = draw(st.lists(st.integers(0, many - 1), min_size=1, max_size=8))
    kind, number = draw(st.sampled_from(list(CONTAINERS))), draw(st.sampled_from(list(NUMBERS)))
    return ids, CONTAINERS[kind](ids), many, NUMBERS[number](many)


@pytest.mark.slow
@given(classes(), st.sampled_from(DTYPES))
@settings(max_examples=200)
def test_indicators_and_one_hot_vectors_hold_one_one_a_row(case, dtype):
    ids, given_ids, many, given_many = case
    right = np.array([[column == each for column in range(many)] for each in ids], dtype=dtype)
    indicator = sparse.index_to_indicator(given_ids, given_many, dtype=dtype)
    dense = embeddings.one_hot(given_ids, given_many, dtype=dtype)
    assert indicator.dtype == dense.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(indicator.toarray(), right)
    np.testing.assert_array_equal(dense, right)
    assert indicator.has_canonical_format


@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1, max_size=4))
def test_one_hot_keeps_the_shape_of_its_indices(table):
    ids = np.array(table, dtype=np.uint8)
    vectors = embeddings.one_hot(ids, 7)
    assert vectors.shape == (*ids.shape, 7)
    np.testing.assert_array_equal(vectors.argmax(axis=-1), ids)


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        ([0, 3], ValueError),
        ([0, -1], ValueError),
        (np.array([2**63], dtype=np.uint64), ValueError),
        ([0.0, 1.0], TypeError),
        ([True, False], TypeError),
        (["0", "1"], TypeError),
        ([0, None], TypeError),
        ([2**70], TypeError),
        (np.ma.masked_array([0, 1], [False, True]), TypeError),
        (np.array([0, 1], dtype="datetime64[D]"), TypeError),
    ],
)
@pytest.mark.parametrize("function", [sparse.index_to_indicator, embeddings.one_hot])
def test_what_is_no_index_is_refused_by_name(function, ids, error):
    with pytest.raises((error, ValueError), match="indices"):
        function(ids, 3)


@pytest.mark.slow
@given(st.data())
def test_a_scorer_answers_positions_of_every_type_alike(data):
    rng = np.random.default_rng(0)
    vectors, rated = rng.standard_normal((6, 3)), sparse.index_to_indicator([0, 1, 0, 1, 1, 0], 2)
    support = data.draw(st.sampled_from([None, rated]))
    scorer = similarity.cosine_scorer(vectors, support=support, min_support=1)
    ids = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    kind = data.draw(st.sampled_from(list(CONTAINERS)))
    # A product of few rows may round the last digit otherwise than one of many.
    right = scorer(np.arange(6))[ids]
    np.testing.assert_allclose(scorer(CONTAINERS[kind](ids)), right, atol=1e-14)


@pytest.mark.parametrize("support", [None, sparse.index_to_indicator([0, 1, 0], 2)])
@pytest.mark.parametrize("items", [[-1], [3], [0.5], [True]])
def test_a_scorer_refuses_what_is_no_position(support, items):
    scorer = similarity.cosine_scorer(np.eye(3), support=support)
    with pytest.raises((TypeError, ValueError), match="indices must"):
        scorer(items)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(1e-150, 1e150))
def test_edges_of_noise_scale_with_its_variance(n, d, sigma):
    plain = np.array(groups.marchenko_pastur_edge(n, d))
    np.testing.assert_allclose(
        groups.marchenko_pastur_edge(np.int32(n), np.array(d), np.float64(sigma)),
        plain * sigma * sigma,
        rtol=1e-12,
    )


@pytest.mark.parametrize("sigma", [1e-200, 1e200])
def test_a_variance_beyond_double_precision_is_refused(sigma):
    with pytest.raises(ValueError, match="change the unit"):
        groups.marchenko_pastur_edge(10, 10, sigma)
