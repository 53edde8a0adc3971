"""Two small notebooks in the course's form, for the tests of site, slides and handouts."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.stored import to_json

ALT = 'A "line" that rises & ends at one.'
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
FIRST = [
    new_markdown_cell(
        "# Add small numbers\n\n**What you'll do.** Add.\n\n"
        "**What you'll learn.**\n\n- how to add\n\n**Time.** About 1 minute."
    ),
    new_code_cell("import numpy", metadata={"tags": ["setup"]}),
    new_markdown_cell(
        "## 1. What is a sum?\n\nTwo numbers $x < y$ become one.\n\nThe teacher says this.\n\n"
        "*Predict:* what is 1 + 1?"
    ),
    new_code_cell("print(1 + 1)", outputs=[new_output("stream", text="2 & no <more>\n")]),
    new_markdown_cell("It is two, as you see."),
    new_markdown_cell(
        "### Exercise 1 · ●○○ · 3 min\n\nWrite `double`.\n\n"
        "<details><summary>Hint 1</summary>\n\nTwice.\n\n</details>"
    ),
    new_code_cell(
        "def double(x):\n    return TODO\n\n\ncheck.double(double)",
        metadata={"tags": ["exercise"]},
        outputs=[new_output("stream", text="○ double: not attempted yet\n")],
    ),
    new_code_cell(
        "def double(x):\n    return x + x  # the secret\n\n\ncheck.double(double)",
        metadata={"tags": ["solution"], "jupyter": {"source_hidden": True, "outputs_hidden": True}},
        outputs=[new_output("stream", text="✓ double: 7 of 7 cases\n")],
    ),
    new_markdown_cell("## Recap\n\nOne. Two. Three.\n\n[02 Draw →](01_draw.ipynb#What-is-a-line?)"),
]
SECOND = [
    new_markdown_cell("# Draw a line\n\n**What you'll do.** Draw."),
    new_markdown_cell("## What is a line?\n\nA picture.\n\n$$ y = 2 x $$\n\nMore."),
    new_code_cell(
        "plots.show(figure)",
        outputs=[
            new_output(
                "display_data",
                {"image/png": PIXEL, "text/plain": ALT},
                metadata={"image/png": {"alt": ALT}},
            )
        ],
    ),
    new_code_cell(
        "slider()", outputs=[new_output("display_data", {"text/plain": "IntSlider(value=0)"})]
    ),
    new_code_cell("\n".join(f"line_{number} = {number}" for number in range(20))),
    new_markdown_cell("[← 01 Add](00_add.ipynb)"),
]


def write(folder: Path) -> list[Path]:
    """Write both notebooks and name their files."""
    paths = [folder / "00_add.ipynb", folder / "01_draw.ipynb"]
    for path, cells in zip(paths, (FIRST, SECOND), strict=True):
        notebook = nbformat.from_dict(new_notebook(cells=cells))
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        path.write_text(to_json(notebook), encoding="utf-8")
    return paths
