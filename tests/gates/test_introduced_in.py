"""What docstrings and lists of names say about the package is true; no framework is imported.

*Introduced in* names the first notebook that uses a function; `__all__` holds the public names;
a module imports only from modules below it; the version is the same wherever it stands.
"""

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils._frameworks import module_names

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "course_utils"
SAYS = re.compile(r"Introduced in \*([^*]+)\*\.")
Definition = ast.FunctionDef | ast.ClassDef


# ---- the package, read without importing it -----------------------------------------------------


def path_of(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@functools.cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


def imports_of(module: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield module, name in it or None, and the name it gets here, for all imports of ours."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == PACKAGE:
            for alias in node.names:
                yield node.module, alias.name, alias.asname or alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == PACKAGE:
                    yield alias.name, None, alias.asname or alias.name


@functools.cache
def definitions(module: str) -> dict[str, Definition]:
    """Return the functions and classes that a module defines or, as a package, passes on."""
    found = {n.name: n for n in tree_of(module).body if isinstance(n, Definition)}
    if path_of(module).name == "__init__.py":
        for source, name, here in imports_of(module):
            there = definitions(source) if source.startswith(f"{module}.") else {}
            if name in there:
                found[here] = there[name]
    return found


def public_modules() -> list[str]:
    """Return modules and packages that a notebook imports from `course_utils`."""
    return [
        name for name in module_names() if name.count(".") == 1 and name.split(".")[1][0] != "_"
    ]


def public_names(module: str) -> set[str]:
    """Return the names without an underscore that a module defines, or a package passes on."""
    names = set(definitions(module))
    for node in tree_of(module).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets += [node.target] if isinstance(node, ast.AnnAssign) else []
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    if path_of(module).name == "__init__.py":
        names |= {here for source, _, here in imports_of(module) if source.startswith(module)}
    return {name for name in names if not name.startswith("_")}


def listed(module: str) -> list[str] | None:
    """Return `__all__`, or None without it."""
    for node in tree_of(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


# ---- the notebooks ------------------------------------------------------------------------------


def code_of(notebook: Path) -> ast.Module:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [
        line
        for cell in cells
        if cell["cell_type"] == "code"
        for line in "".join(cell["source"]).splitlines()
        if line[:1] not in ("%", "!")
    ]
    return ast.parse("\n".join(lines))


def title_of(notebook: Path) -> str:
    first = "".join(json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"])
    return re.match(r"# (.+)", first)[1].strip()


def uses(code: ast.Module) -> set[tuple[str, str]]:
    """Return (module, name) for all names of our modules that code imports or reaches into."""
    modules: dict[str, str] = {}
    found = set()
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            modules |= {a.asname or a.name: f"{PACKAGE}.{a.name}" for a in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            found |= {(node.module, alias.name) for alias in node.names}
    for node in ast.walk(code):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in modules:
            found.add((modules[node.value.id], node.attr))
    return found


@pytest.fixture(scope="module")
def introduced() -> dict[tuple[str, str], str]:
    """Return the title of the first notebook that uses a name, by module and name."""
    first: dict[tuple[str, str], str] = {}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for use in uses(code_of(notebook)):
            first.setdefault(use, title_of(notebook))
    return first


def introduction(module: str, name: str, first: dict[tuple[str, str], str]) -> str | None:
    """Return the title under which a reader meets a name first.

    A notebook uses a function under its name or an older one, and a class also by calling what
    returns it.
    """
    known = definitions(module)
    called = {name}
    if isinstance(known[name], ast.ClassDef):
        called |= {
            other
            for other, node in known.items()
            if isinstance(node, ast.FunctionDef) and node.returns is not None
            if re.search(rf"\b{name}\b", ast.unparse(node.returns))
        }
    called |= {older for older, newer in older_names(module).items() if newer in called}
    titles = [title for (where, what), title in first.items() if where == module and what in called]
    return titles[0] if titles else None  # `first` is in the order of the notebooks


@functools.cache
def older_names(module: str) -> dict[str, str]:
    """Return names that stand for another one, as in `ease = fit_ease`."""
    found = {
        node.targets[0].id: node.value.id
        for node in tree_of(module).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Name)
    }
    for source in {source for source, _, _ in imports_of(module) if source.startswith(module)}:
        if source != module:
            found |= older_names(source)
    return found


# ---- what must hold -----------------------------------------------------------------------------


def test_uses_are_found():
    code = """
from course_utils import metrics as m, plots
from course_utils.noise import gaussian_noise as blur
m.rmse(1, 2); other.psnr; plots.show(lambda: m.psnr)
"""
    assert uses(ast.parse(code)) == {
        ("course_utils.noise", "gaussian_noise"),
        ("course_utils.metrics", "rmse"),
        ("course_utils.metrics", "psnr"),
        ("course_utils.plots", "show"),
    }


@pytest.mark.parametrize("module", public_modules())
def test_introduced_in_names_the_first_notebook(module, introduced):
    wrong = []
    for name, node in sorted(definitions(module).items()):
        if name.startswith("_"):
            continue
        says = SAYS.findall(ast.get_docstring(node) or "")
        title = introduction(module, name, introduced)
        if says != ([title] if title else []):
            wrong.append(f"{name} says {says}, and the first notebook that uses it is {title!r}")
    assert wrong == []


@pytest.mark.parametrize("module", public_modules())
def test_all_lists_the_public_names(module):
    names = listed(module)
    assert names is not None, f"{module} has no __all__"
    assert sorted(public_names(module) - set(names)) == []
    bound = {
        alias.asname or alias.name
        for node in tree_of(module).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert sorted(set(names) - public_names(module) - bound) == []
    assert len(set(names)) == len(names)


def test_a_module_imports_only_from_below():
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    order = re.findall(r"`(\w+)`", re.search(r"bottom to top: ([^.]+)\.", text)[1])
    units = {name.split(".")[1] for name in module_names() if "." in name}
    assert sorted(order) == sorted(units), "CONTRIBUTING lists each module once"
    upward = {
        f"{module} imports {source}"
        for module in module_names()
        if "." in module
        for source, name, _ in imports_of(module)
        for below in [name if source == PACKAGE else source.split(".")[1]]
        for unit in [module.split(".")[1]]
        if below != unit and order.index(below) > order.index(unit)
    }
    assert upward == set()
