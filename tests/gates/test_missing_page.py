"""The page on missing values has each function that takes a matrix, and no other name."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLES = re.compile(r"shape \(\w[^),]*, [^)]+\)")


def functions():
    """Public functions, dotted, and whether a parameter of theirs is a matrix."""
    for path in sorted((ROOT / "course_utils").rglob("*.py")):
        module = path.relative_to(ROOT / "course_utils").parts[0].removesuffix(".py")
        if module == "checks" or path.name.startswith("_"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                text = ast.get_docstring(node) or ""
                parameters = re.search(r"\nParameters\n-+\n(.*?)\n\n(Returns|Raises)\n", text, re.S)
                yield f"{module}.{node.name}", bool(parameters and TABLES.search(parameters[1]))


def test_every_function_that_takes_a_matrix_has_one_row():
    page = (ROOT / "docs" / "missing.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`(\w+\.\w+)`", row.split("|")[1])]
    found = dict(functions()) | {"factorization.ease": True}  # the older name of fit_ease
    assert len(listed) == len(set(listed)), "a function stands in two rows"
    assert {name for name, takes in found.items() if takes} <= set(listed)
    assert set(listed) <= set(found)
    assert all(row.count("|") == 6 for row in rows)
