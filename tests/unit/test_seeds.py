"""Seeds as numbers, as the libraries take them that know no NumPy generators."""

import numpy as np
import pytest

from course_utils import _seeds


@pytest.mark.parametrize("seed", [0, 5, np.int32(5), np.uint8(7)])
def test_an_integer_is_its_own_number(seed):
    assert _seeds.number_of(seed, 7) == seed
    assert type(_seeds.number_of(seed, 7)) is int


def test_a_generator_draws_every_number_and_no_other():
    rng = np.random.default_rng(0)
    assert {_seeds.number_of(rng, 2) for _ in range(100)} == {0, 1, 2}
    assert _seeds.number_of(np.random.default_rng(1), 2**63 - 1) != _seeds.number_of(rng, 2**63 - 1)


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "seed must be an integer of at least 0 or a numpy.random.Generator"),
        (0.5, TypeError, "seed must be an integer of at least 0 or a numpy.random.Generator"),
        (True, TypeError, "got True"),
        (None, TypeError, "got None"),
        (np.random.RandomState(0), TypeError, "numpy.random.Generator, got"),
        (8, ValueError, "seed must be an integer from 0 to 7, got 8"),
    ],
)
def test_what_is_no_seed_or_too_large_is_refused(seed, error, message):
    with pytest.raises(error, match=message):
        _seeds.number_of(seed, 7)
