"""The files that set the course up agree with each other."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Name on PyPI -> name on conda-forge, where they differ.
CONDA_NAMES = {
    "dask": "dask-core",
    "matplotlib": "matplotlib-base",
    "tensorflow-cpu": "tensorflow",
    "torch": "pytorch",
}


def pypi_bounds() -> dict[str, SpecifierSet]:
    """Conda name -> bounds, as pyproject.toml states them."""
    bounds: dict[str, SpecifierSet] = {}
    for line in PROJECT["dependencies"]:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        name = CONDA_NAMES.get(name, name)
        assert bounds.setdefault(name, requirement.specifier) == requirement.specifier
    return bounds


def conda_bounds() -> dict[str, SpecifierSet]:
    """Conda name -> bounds, as environment.yml states them."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    lines = [line.partition(" ") for line in environment["dependencies"]]
    return {name: SpecifierSet(bound) for name, _, bound in lines if name not in ("pip", "python")}


def constraints() -> dict[str, Version]:
    """Canonical name -> pinned version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def test_conda_and_pip_ask_for_the_same():
    assert conda_bounds() == pypi_bounds()


def test_binder_finds_a_python_that_the_course_supports():
    """repo2docker reads exactly this form, and takes its own default where it finds another."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (version,) = re.findall(r"^python =(\d+\.\d+)$", "\n".join(environment["dependencies"]), re.M)
    assert version in SpecifierSet(PROJECT["requires-python"])


def test_every_direct_dependency_is_pinned_within_its_bounds():
    pins = constraints()
    wanted = sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])
    for line in wanted:
        requirement = Requirement(line)
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement.name} is missing from constraints.txt"
        assert requirement.specifier.contains(pin), f"{line} excludes the pinned {pin}"


def test_pinned_packages_take_the_first_release_of_the_lowest_python():
    """Debian 12 has Python 3.11.2; a package that asks for 3.11.5 ends the set-up there."""
    (minor,) = re.findall(r">=(\d+\.\d+)", PROJECT["requires-python"])
    lowest = f"{minor}.0"
    pins = constraints()
    refused = [
        f"{package.name} {package.version} asks for Python {wanted}"
        for package in distributions()
        if pins.get(canonicalize_name(package.name)) == Version(package.version)
        and (wanted := package.metadata.get("Requires-Python"))
        and not SpecifierSet(wanted).contains(lowest)
    ]
    assert refused == []


def test_bootstrap_knows_the_same_python_versions():
    tree = ast.parse((ROOT / "tools/bootstrap.py").read_text(encoding="utf-8"))
    (limits,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
    )
    oldest, newest = limits
    accepted = SpecifierSet(PROJECT["requires-python"])
    inside = [minor for minor in range(30) if f"3.{minor}" in accepted]
    assert inside == list(range(oldest[1], newest[1] + 1))


def test_bootstrap_refuses_an_unfit_python_with_a_message(tmp_path):
    script = (ROOT / "tools/bootstrap.py").read_text(encoding="utf-8")
    future = script.replace(
        "OLDEST, NEWEST = (3, 11), (3, 13)", "OLDEST, NEWEST = (3, 90), (3, 91)"
    )
    assert future != script
    (tmp_path / "bootstrap.py").write_text(future, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(tmp_path / "bootstrap.py"), "env"], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "the course needs 3.90 to 3.91" in run.stderr
    assert "PYTHON=" in run.stderr
    assert not (tmp_path.parent / "env").exists()


def test_import_loads_nothing_else():
    """The import has to cost under 0.2 s; loading no other module keeps it near 0.002 s."""
    code = (
        "import sys; before = set(sys.modules); import course_utils; "
        "print(sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "['course_utils']\n"


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<!\w)/work/",
        r"/root/",
        r"/home/\w",
        r"C:\\Users",
        r"extra-index-url[= ]+['\"]?\w+://(?!\w+\.example\.)",
        r"pypi\.(org|python)",
        r"files\.pythonhosted",
        r"registry\.npmjs",
        r"deb\.debian",
    ],
)
def test_no_file_names_a_path_of_one_machine_or_a_registry(pattern):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    offenders = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path == Path(__file__) or path.suffix in {".gz", ".png"} or not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":  # base64 of a picture may spell anything
            text = re.sub(r'"image/png": "[^"]*"', "", text)
        offenders += [f"{name}: {match[0]}" for match in re.finditer(pattern, text)]
    assert offenders == []
