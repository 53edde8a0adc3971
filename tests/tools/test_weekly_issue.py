"""One issue for the weekly checks, opened once and closed once."""

import sys

import pytest

from tools import weekly_issue

PROGRAM = """#!{python}
import json, pathlib, sys
log = pathlib.Path({log!r})
log.write_text(log.read_text() + " ".join(sys.argv[1:3]) + "\\n")
if sys.argv[1:3] == ["issue", "list"]:
    print({listed!r})
"""


@pytest.fixture
def gh(tmp_path, monkeypatch):
    """Stand-in for GitHub's program, that notes how it was called."""
    log = tmp_path / "log"
    log.write_text("")

    def install(listed):
        program = tmp_path / "gh"
        program.write_text(PROGRAM.format(python=sys.executable, log=str(log), listed=listed))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.setenv("RUN_ADDRESS", "https://ci.example/1")
        return log

    return install


OPEN = '[{"number": 9, "title": "The weekly checks fail"}, {"number": 2, "title": "weekly"}]'


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a #! line")
@pytest.mark.parametrize(
    ("result", "listed", "done"),
    [
        ("success", "[]", []),
        ("success", OPEN, ["issue close"]),
        ("failure", "[]", ["issue create"]),
        ("failure", OPEN, ["issue comment"]),
        ("cancelled", "[]", ["issue create"]),
    ],
)
def test_one_issue_is_opened_and_closed(gh, monkeypatch, result, listed, done):
    log = gh(listed)
    monkeypatch.setenv("RESULT", result)
    assert weekly_issue.main() == 0
    assert log.read_text().splitlines() == ["issue list", *done]


def test_what_is_said_names_the_run_and_the_way_to_repeat_it():
    (command,) = weekly_issue.commands(False, [], "https://ci.example/1")
    body = command[command.index("--body") + 1]
    assert "https://ci.example/1" in body
    assert all(f"make test-{name}" in body for name in ("oldest", "newest", "portable", "links"))
