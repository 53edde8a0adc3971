"""What TensorFlow writes to stderr by itself, whatever it has been told."""

import re

from packaging.version import Version


def without_start_of_xla(stderr: str) -> str:
    """Drop the lines that say XLA has started; before 2.21 no level of logging keeps them away."""
    import tensorflow as tf

    if Version(tf.__version__) >= Version("2.21"):
        return stderr
    own = re.compile(r"WARNING: All log messages before absl::InitializeLog|I0000 ")
    return "".join(line for line in stderr.splitlines(keepends=True) if not own.match(line))
