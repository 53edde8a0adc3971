"""What `make` can be asked for."""

import re

from tools.course import ROOT


def make_targets():
    """Return the names of all targets of the Makefile that are no files."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name for line in re.findall(r"^([a-z -]+):", text, flags=re.M) for name in line.split()}
