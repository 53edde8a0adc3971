"""The README and the other documents tell the truth about the course."""

import ast
import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import PureWindowsPath

import yaml
from makefile import make_targets

from course_utils.work import __main__ as program
from tools.course import ROOT, find_notebooks, read
from tools.picture import PICTURE, stored_picture

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_picture_is_the_one_that_a_notebook_computed():
    assert PICTURE.read_bytes() == stored_picture()


def test_every_link_of_the_markdown_files_leads_somewhere():
    for file in [*ROOT.glob("*.md"), ROOT / "data" / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (file.parent / target).exists(), f"{file.name} links {target}"


def test_every_decision_is_linked_where_somebody_new_looks():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len(pages) >= 8
    for page in pages:
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"[{title}](docs/decisions/{page.name})" in guide


def test_make_targets_named_in_the_documents_exist():
    documents = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)\b", documents)) - make_targets() == set()


def test_commands_of_the_documents_are_understood(capsys):
    parser = program._parser()
    found = [
        command
        for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        for command in re.findall(
            r"^ *(?:\$ )?(?:!|\.venv/bin/)?python -m course_utils\.work +([^#\n`]+)",
            file.read_text(encoding="utf-8"),
            re.M,
        )
    ]
    assert len(found) >= 5
    for command in found:
        parser.parse_args(shlex.split(command))  # exits with what is wrong, if anything is


def test_lines_for_windows_name_what_is_there():
    (line,) = re.findall(r"^- \*\*Windows\*\*:.*?(?=^- )", README, re.M | re.S)
    commands = [words.split() for words in re.findall(r"`([^`]+)`", line)]
    started = [command[command.index("-m") + 1] for command in commands if "-m" in command]
    assert all(find_spec(module) for module in started)
    files = [word for command in commands for word in command if word.endswith(".py")]
    assert files == [r"tools\bootstrap.py"]
    assert all((ROOT / PureWindowsPath(file)).is_file() for file in files)
    assert [command[0] for command in commands if command[0] != "py"] == [
        r".venv\Scripts\python"
    ] * len(started)


# Of what the course imports, what Colab has: pip-freeze.txt of github.com/googlecolab/backend-info.
ON_COLAB = """IPython cycler dask distributed ipywidgets keras matplotlib numpy packaging pandas
psutil pyarrow requests scipy seaborn sklearn tensorflow threadpoolctl torch tqdm"""


def test_what_colab_lacks_is_installed_there():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "course_utils").rglob("*.py")]
    for notebook in find_notebooks([]):
        cells = read(notebook)["cells"]
        sources += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    trees = [node for source in sources for node in ast.walk(ast.parse(source))]
    modules = {node.module for node in trees if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in trees if isinstance(node, ast.Import) for name in node.names}
    known = {*ON_COLAB.split(), *sys.stdlib_module_names, "course_utils"}
    foreign = {module.partition(".")[0] for module in modules} - known
    (installed,) = re.findall(r"`%pip install -q ((?!-)[^`]+)`", README)
    assert foreign == set(installed.split())


def test_settings_of_a_hub_can_be_read():
    text = (ROOT / "docs" / "teach.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    settings = yaml.safe_load(block)["singleuser"]
    assert settings["extraEnv"] == {"OMP_NUM_THREADS": "1", "COURSE_WORK": "~/latent-codes"}
    assert settings["memory"]["limit"] == "3G"
    arguments = settings["lifecycleHooks"]["postStart"]["exec"]["command"]
    assert arguments[:3] == ["python", "-m", "course_utils.work"]
    assert program._parser().parse_args(arguments[3:]).run
