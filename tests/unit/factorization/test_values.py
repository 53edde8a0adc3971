"""What every factorisation does with its numbers: check, scale by a power of two, scale back."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.factorization._values import checked_matrix, rescaled, scaled_to_one

MAKE = pytest.mark.parametrize("make", [np.asarray, sp.csr_array], ids=["dense", "sparse"])


@MAKE
@pytest.mark.parametrize(
    ("given", "wanted"), [("f4", "f4"), ("f8", "f8"), ("i1", "f8"), ("?", "f8"), ("u8", "f8")]
)
def test_numbers_are_double_and_the_type_of_the_result_is_single_only_for_single(
    make, given, wanted
):
    values, dtype = checked_matrix("matrix", make(np.eye(2, 3).astype(given)))
    assert (values.dtype, dtype) == (np.float64, np.dtype(wanted))
    assert sp.issparse(values) == (make is sp.csr_array)


@MAKE
@pytest.mark.parametrize(
    ("largest", "exponent", "left"),
    [(6.0, 3, 0.75), (-6.0, 3, -0.75), (1.0, 1, 0.5), (0.25, -1, 0.5), (-1e-300, -996, None)],
)
def test_the_largest_magnitude_is_moved_next_to_one_and_nothing_is_rounded(
    make, largest, exponent, left
):
    table = np.array([[largest, 0.0, 0.0], [0.0, largest / 3, 0.0]])
    given = make(table)
    values, found = scaled_to_one(given)
    assert found == exponent
    dense = values.toarray() if sp.issparse(values) else values
    assert dense.shape == (2, 3)
    assert (np.ldexp(dense, exponent) == table).all()
    assert 0.5 <= np.abs(dense).max() < 1
    assert left is None or dense[0, 0] == left
    assert ((given.toarray() if sp.issparse(given) else given) == table).all()


@MAKE
def test_zeros_stay_where_they_are(make):
    values, exponent = scaled_to_one(make(np.zeros((2, 3))))
    assert (values.shape, exponent) == ((2, 3), 0)


def test_a_result_is_scaled_back_in_its_type():
    found = rescaled("x", np.array([0.75, -0.5]), 3, np.dtype(np.float32))
    assert (found.tolist(), found.dtype) == ([6.0, -4.0], np.float32)


@pytest.mark.parametrize(("exponent", "dtype"), [(130, np.float32), (1030, np.float64)])
def test_what_a_type_cannot_hold_is_refused_and_says_what_to_do(exponent, dtype):
    assert np.isfinite(rescaled("the factors", np.array([0.5]), exponent - 10, np.dtype(dtype)))
    with pytest.raises(ValueError, match="the factors") as error:
        rescaled("the factors", np.array([0.5]), exponent, np.dtype(dtype))
    assert str(error.value) == (
        f"the factors must be numbers that {np.dtype(dtype)} can hold, got infinity; "
        "divide the matrix by a constant first, or convert it to float64"
    )
