"""How much memory a call needs at its peak."""

import tracemalloc


def peak_of(call):
    """Bytes that Python and NumPy hold at the peak of a call, over what they held before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
