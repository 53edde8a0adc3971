"""Answers may be tensors of PyTorch, with a gradient or without: they count as numbers."""

import numpy as np
import pytest
from judging import assert_judged

from course_utils.checks import Status, align_and_index, start_here
from course_utils.checks.engine import Case, Exercise, same_kind

pytestmark = pytest.mark.torch


@pytest.fixture
def torch():
    import torch

    return torch


@pytest.mark.parametrize("options", [{}, {"requires_grad": True}], ids=["plain", "with gradient"])
def test_a_tensor_is_a_prediction(torch, options):
    for right in (torch.tensor(0.8, **options), torch.tensor([0.8], **options)[0]):
        assert_judged(start_here.predict_share, right, Status.RIGHT, "0.8")
    wrong = torch.tensor(0.2, **options)
    assert_judged(start_here.predict_share, wrong, Status.WRONG, "*not* 0")


def test_a_tensor_is_a_list_of_numbers(torch):
    right = torch.tensor([0, 1, 1, 4, 5, 5])
    assert_judged(align_and_index.predict_row_splits, right, Status.RIGHT)
    assert_judged(align_and_index.predict_row_splits, right[1:], Status.WRONG, "starts somewhere")
    assert_judged(align_and_index.break_class_sizes, torch.tensor([128]), Status.RIGHT, "broken")


def test_a_function_may_return_a_tensor(torch):
    def row_splits(rows, num_rows):
        counts = torch.bincount(torch.from_numpy(rows.astype(np.int64)), minlength=num_rows)
        return torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])

    check = Exercise(
        "row_splits",
        lambda rows, n: np.searchsorted(np.sort(rows), np.arange(n + 1)),
        [Case("empty rows", (np.array([2, 0, 0]), 4), "two of four")],
        "Count.",
        compare=same_kind,
    )
    assert_judged(check, row_splits, Status.RIGHT, "1 of 1")
    assert_judged(
        check,
        lambda rows, n: row_splits(rows, n).double(),
        Status.WRONG,
        "instead of integers",
    )
