"""The README and the other documents tell the truth about the course."""

import re
import shlex

import yaml
from makefile import make_targets

from course_utils.work import __main__ as program
from tools.course import ROOT
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


def test_settings_of_a_hub_can_be_read():
    text = (ROOT / "docs" / "teach.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    settings = yaml.safe_load(block)["singleuser"]
    assert settings["extraEnv"] == {"OMP_NUM_THREADS": "1", "COURSE_WORK": "~/latent-codes"}
    assert settings["memory"]["limit"] == "3G"
    arguments = settings["lifecycleHooks"]["postStart"]["exec"]["command"]
    assert arguments[:3] == ["python", "-m", "course_utils.work"]
    assert program._parser().parse_args(arguments[3:]).run
