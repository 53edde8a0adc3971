"""The one table of frameworks agrees with what the modules import."""

import ast
from pathlib import Path

import pytest

import course_utils
from course_utils import _frameworks

ROOT = Path(course_utils.__file__).resolve().parent


def source(module):
    path = ROOT.parent / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported_at_the_top(module):
    """What importing a module imports: statements outside functions, in any `if` or `try`."""
    stack = list(ast.parse(source(module).read_text(encoding="utf-8")).body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stack += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def test_every_python_file_of_the_package_is_a_module():
    files = {path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts}
    assert {source(module) for module in _frameworks.module_names()} == files


@pytest.mark.parametrize("module", _frameworks.module_names())
def test_a_module_imports_the_framework_of_its_row_and_no_other(module):
    needed = {_frameworks.framework_of(name) for name in imported_at_the_top(module)}
    assert needed - {None} <= {_frameworks.framework_of(module)}


@pytest.mark.parametrize(
    ("name", "framework"),
    [
        ("keras", "keras"),
        ("keras.layers", "keras"),
        ("tensorflow.nn", "keras"),
        ("torch", "torch"),
        ("torch.nn.functional", "torch"),
        ("torchvision", None),
        ("course_utils.torch_models", "torch"),
        ("course_utils.torch_models.training", "torch"),
        ("course_utils.torch_models_of_old", None),
        ("course_utils.distributed", None),
        ("course_utils.sparse", None),
    ],
)
def test_the_framework_of_a_name(name, framework):
    assert _frameworks.framework_of(name) == framework


def test_the_needy_packages_do_import_their_framework():
    for package, framework in _frameworks._NEEDS.items():
        inside = [name for name in _frameworks.module_names() if name.startswith(package)]
        imported = {name.split(".")[0] for module in inside for name in imported_at_the_top(module)}
        assert _frameworks.FRAMEWORKS[framework] in imported
