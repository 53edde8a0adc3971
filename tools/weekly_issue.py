"""Open, add to or close the one issue of the weekly checks: ``python3 tools/weekly_issue.py``.

Runs on GitHub with `gh`, on the bare interpreter. RESULT is "success" if all checks passed, and
RUN_ADDRESS the page of the run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

TITLE = "The weekly checks fail"
BODY = """The course was checked with its oldest and its newest dependencies, as on an older
processor, and for links to pages that are gone; at least one of these failed: {address}

`make test-oldest`, `make test-newest`, `make test-portable` and `make test-links` do the same on
any machine. This issue closes itself when all pass."""


def commands(passed: bool, opened: list[int], address: str) -> list[list[str]]:
    """Say what `gh` is to do.

    Parameters
    ----------
    passed : bool
        Whether all checks passed.
    opened : list of int
        Numbers of the open issues of this title.
    address : str
        Of the run.

    Returns
    -------
    list of list of str
        Command lines.

    Examples
    --------
    >>> commands(True, [7], "https://ci.example/1")
    [['gh', 'issue', 'close', '7', '--comment', 'All pass again: https://ci.example/1']]
    >>> commands(True, [], "https://ci.example/1")
    []
    """
    if passed:
        comment = ["--comment", f"All pass again: {address}"]
        return [["gh", "issue", "close", str(number), *comment] for number in opened]
    if opened:
        return [["gh", "issue", "comment", str(opened[0]), "--body", f"Again: {address}"]]
    return [["gh", "issue", "create", "--title", TITLE, "--body", BODY.format(address=address)]]


def open_issues() -> list[int]:
    """Numbers of the open issues of this title, oldest first."""
    search = ["gh", "issue", "list", "--state", "open", "--json", "number,title", "--limit", "100"]
    run = subprocess.run(
        [*search, "--search", f'"{TITLE}" in:title'], check=True, capture_output=True, text=True
    )
    return sorted(issue["number"] for issue in json.loads(run.stdout) if issue["title"] == TITLE)


def main() -> int:
    """Exit status 0; an error of `gh` is raised."""
    passed = os.environ["RESULT"] == "success"
    for command in commands(passed, open_issues(), os.environ["RUN_ADDRESS"]):
        subprocess.run(command, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
