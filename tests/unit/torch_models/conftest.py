"""What the tests of the torch models share."""

import pytest


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def models(torch):
    from course_utils import torch_models

    return torch_models
