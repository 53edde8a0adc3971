"""Tell which measurements are older than the code that they measured.

A row of ``results.json`` carries the commit, and a digest of every file that was measured: the
benchmark itself and what it imports from `course_utils` and `benchmarks`. Comments, docstrings and
line breaks do not count, so that a better explanation makes no row old.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# What every benchmark imports, and none of them measures.
NOT_MEASURED = ("benchmarks.harness", "benchmarks.freshness")


def measured_files(topic: str, root: Path = ROOT) -> list[Path]:
    """Find the files that a benchmark measures.

    Parameters
    ----------
    topic : str
        Name of the benchmark, as in ``bench_<topic>.py``.
    root : Path
        The folder that holds `benchmarks` and `course_utils`.

    Returns
    -------
    list of Path
        The benchmark, and the files of the modules and packages of the course that it imports.
        Empty if there is no such benchmark.
    """
    own = root / "benchmarks" / f"bench_{topic}.py"
    if not own.exists():
        return []
    files = {own}
    for name in _imported(ast.parse(own.read_text(encoding="utf-8"))):
        if name not in NOT_MEASURED:
            module = root.joinpath(*name.split("."))
            # `from course_utils.sparse import left_align` also yields a name that is no module.
            files |= set(module.glob("*.py"))
            files |= {file for file in [module.with_suffix(".py")] if file.exists()}
    return sorted(files)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of the course that are imported, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            if node.module not in ("course_utils", "benchmarks"):
                names.append(node.module)
        else:
            continue
        yield from (name for name in names if name.startswith(("course_utils.", "benchmarks.")))


def digest(source: str) -> str:
    r"""Short hash of Python code without its comments, docstrings and line breaks.

    Parameters
    ----------
    source : str
        Text of a module.

    Returns
    -------
    str
        Twelve hexadecimal digits, the same in every version of Python.

    Examples
    --------
    >>> digest("x = 1  # as it is") == digest("'What it is.'\nx = 1")
    True
    """
    marks = {tokenize.INDENT: ">", tokenize.DEDENT: "<", tokenize.NEWLINE: ";"}
    code = ""
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            code += marks[token.type]
        elif token.type == tokenize.NEWLINE:
            if any(part.type != tokenize.STRING for part in statement):  # else a docstring
                code += "".join(part.string for part in statement) + marks[token.type]
            statement = []
        elif token.type not in (tokenize.COMMENT, tokenize.NL):
            statement.append(token)
    # Python 3.11 keeps a formatted string in one piece, with its spaces and doubled braces.
    code = re.sub(r"([{}])\1+", r"\1", "".join(code.split()))
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def state(topic: str, root: Path = ROOT) -> dict[str, Any]:
    """Describe the code that is about to be measured.

    Parameters
    ----------
    topic : str
        Name of the benchmark.
    root : Path
        The folder that holds `benchmarks` and `course_utils`.

    Returns
    -------
    dict
        Commit and whether files differed from it, both None outside a git repository, and the
        digest of each file that is measured.
    """
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--", "benchmarks/*.py", "course_utils")
    return {
        "commit": commit,
        "dirty": None if changes is None else bool(changes),
        "files": {
            file.relative_to(root).as_posix(): digest(file.read_text(encoding="utf-8"))
            for file in measured_files(topic, root)
        },
    }


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git answers, or None where there is no git or no repository."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def old_rows(results: Path, root: Path = ROOT) -> list[str]:
    """Say which rows are older than the code that they measured.

    Parameters
    ----------
    results : Path
        The file in which benchmarks keep what they measured.
    root : Path
        The folder that holds `benchmarks` and `course_utils`.

    Returns
    -------
    list of str
        One line a topic; empty if every row is of today's code.
    """
    lines = []
    for topic, row in json.loads(results.read_text(encoding="utf-8")).items():
        before = row.get("code", {}).get("files")
        if before is None:
            lines.append(f"{topic}: measured {row['measured']}, without a record of the code")
            continue
        now = state(topic, root)["files"]
        changed = sorted(name for name in before | now if before.get(name) != now.get(name))
        if changed:
            lines.append(
                f"{topic}: measured {row['measured']}, since changed: {', '.join(changed)}"
            )
    return lines
