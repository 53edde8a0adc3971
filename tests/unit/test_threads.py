"""One thread for small matrices, and the former number afterwards."""

import numpy as np  # noqa: F401 - brings the BLAS
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from course_utils._threads import one_blas_thread


def blas_threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.mark.parametrize(("when", "inside"), [(True, {1}), (False, {2})])
def test_blas_has_one_thread_inside_and_its_own_number_outside(when, inside):
    with threadpool_limits(2, user_api="blas"):
        with one_blas_thread(when):
            assert blas_threads() == inside
        assert blas_threads() == {2}


def test_the_number_comes_back_after_an_error():
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(ZeroDivisionError), one_blas_thread():
            raise ZeroDivisionError
        assert blas_threads() == {2}
