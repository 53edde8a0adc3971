"""`course_utils.torch_models.tensors`: the door through which rows of any kind come in."""

import numpy as np
import pytest
import scipy.sparse as sp

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def tensors(torch):
    from course_utils.torch_models import tensors

    return tensors


@pytest.fixture
def model(torch):
    """Something to train that does not say what rows it takes."""
    return torch.nn.Linear(3, 1)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("given", [np.float32, np.float64, np.int8])
def test_rows_have_the_models_precision(torch, tensors, model, given, precision):
    model = model.to(getattr(torch, precision))
    rows = np.array([[1, 2, 3]], given)
    for found in (tensors.dense_rows(model, rows), tensors.dense_rows(model, torch.tensor(rows))):
        assert found.dtype == getattr(torch, precision)
        assert found.tolist() == [[1, 2, 3]]
    # Single precision stays: a batch becomes the model's own when it is looked up.
    single = "float32" in (precision, np.dtype(given).name)
    sparse = tensors.sparse_rows(model, sp.csr_array(rows))
    assert sparse.dtype == (np.float32 if single else np.float64)


def test_what_a_tensor_must_be(torch, tensors, model):
    start = "^films must be a dense tensor of real numbers, got "
    with pytest.raises(TypeError, match=start + r"a sparse tensor; use \.to_dense\(\)$"):
        tensors.dense_rows(model, torch.eye(3).to_sparse(), "films")
    with pytest.raises(TypeError, match=start + "torch.complex64$"):
        tensors.dense_rows(model, torch.eye(3) * 1j, "films")


@pytest.mark.parametrize("own", [False, True], ids=["any model", "a model of the course"])
@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.eye(3) * 1j, TypeError, "films must hold real numbers, got complex128"),
        (
            sp.csr_array(np.eye(3) * 1j),
            TypeError,
            "films must hold real numbers, got dtype complex",
        ),
        (np.full((2, 3), np.inf), ValueError, "films must be finite, got infinity"),
        (sp.csr_array([[1, 2, np.inf]]), ValueError, "films must be finite, got inf"),
        (np.zeros((0, 3)), ValueError, r"films must be 2-D with at least one row, got shape \(0,"),
        (sp.csr_array((0, 3)), ValueError, r"films must be 2-D with at least one row, got shape"),
    ],
)
def test_rows_are_refused_by_name(models, tensors, model, own, rows, error, message):
    model = models.Autoencoder(3, [2], 1) if own else model
    with pytest.raises(error, match=f"^{message}"):
        tensors.ready(model, rows, "films")


def test_real_tensors_keep_single_and_double_precision(torch, tensors):
    for given in (np.float32, np.float64):
        assert tensors.real_tensor("x", np.ones(2, given)).numpy().dtype == given
    for given in (torch.float16, torch.bfloat16, torch.int64):
        assert tensors.real_tensor("x", torch.ones(2, dtype=given)).dtype == torch.float32
    assert tensors.real_tensor("x", np.array([1, 2])).tolist() == [1, 2]


def test_real_tensors_may_be_empty_and_hold_nan(tensors):
    assert tensors.real_tensor("x", np.zeros((0, 3))).shape == (0, 3)
    assert tensors.real_tensor("x", [np.nan]).isnan().all()


def test_complex_numbers_are_no_real_tensors(torch, tensors):
    for values in (torch.ones(2) * 1j, np.ones(2) * 1j):
        with pytest.raises(TypeError, match="^x must hold real numbers, got .*complex"):
            tensors.real_tensor("x", values)
