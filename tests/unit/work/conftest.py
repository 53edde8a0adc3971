"""What holds in the tests of a learner's copies."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    """Only a power cut would notice, and no test makes one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield
