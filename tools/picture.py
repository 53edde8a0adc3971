"""Copy the README's picture out of *Autoencode digits*: ``python -m tools.picture``.

The README shows what a notebook computed, so the picture is taken from the stored outputs; a test
compares the two.
"""

from __future__ import annotations

import base64
import sys

import nbformat

from course_utils._files import replace_atomically
from tools.course import ROOT, find_notebooks

PICTURE = ROOT / "docs" / "picture.png"
DESCRIPTION = "Ten digits in four rows"


def stored_picture() -> bytes:
    """Return the picture of the notebook whose description begins with :data:`DESCRIPTION`.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    ValueError
        If the notebook holds no such picture, or several.
    """
    (source,) = find_notebooks(["autoencode_digits"])
    notebook = nbformat.read(source, as_version=4)
    pictures = [
        output.data["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get("text/plain", "").startswith(DESCRIPTION)
    ]
    if len(pictures) != 1:
        raise ValueError(
            f"{source.name} must hold one picture whose description begins with "
            f"{DESCRIPTION!r}, found {len(pictures)}"
        )
    return base64.b64decode(pictures[0])


def main() -> int:
    """Write the picture and say where it is."""
    replace_atomically(PICTURE, lambda file: file.write(stored_picture()))
    print(f"wrote {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
