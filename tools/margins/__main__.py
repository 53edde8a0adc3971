"""The program: ``python -m tools.margins [--seeds N] [--jobs N] [notebook …]``."""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import io
import json
import os
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from tqdm import tqdm

from tools.course import NOTEBOOKS, ONE_THREAD, ROOT, find_notebooks, longest_first, program
from tools.margins import kernel
from tools.run_course import execute
from tools.stored import write_atomically

WORK = ROOT / "build" / "margins"
TABLE = NOTEBOOKS / "margins.csv"
HEADER = ("notebook", "verdict", "seeds", "held", "gap", "mean gap", "standard deviation", "least")

Verdict = dict[str, Any]


def digest_of(source: Path) -> str:
    """Digest of a notebook's code and of the package: while it stays, so do the margins."""
    cells = nbformat.read(source, as_version=4).cells
    parts = [cell.source for cell in cells if cell.cell_type == "code"]
    package = sorted((ROOT / "course_utils").rglob("*.py"))
    parts += [path.read_text(encoding="utf-8") for path in package if path.parent.name != "checks"]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _kept(source: Path, shift: int) -> Path:
    return WORK / f"{source.stem}.{shift}.json"


def is_done(source: Path, shift: int, digest: str) -> bool:
    """Whether a notebook was run with these seeds since it last changed."""
    file = _kept(source, shift)
    return file.exists() and json.loads(file.read_text(encoding="utf-8"))["digest"] == digest


async def measure(source: Path, shift: int, digest: str) -> str:
    """Run a notebook with other seeds, and keep what its verdicts found.

    Parameters
    ----------
    source : Path
        The notebook.
    shift : int
        Which other seeds; 0 means its own.
    digest : str
        As :func:`digest_of` gives it.

    Returns
    -------
    str
        Empty, or why the notebook stopped before its end; the verdicts until there are kept.
    """
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = kernel.with_other_seeds(cell.source, shift)
    lines = WORK / f"{source.stem}.{shift}.jsonl"
    lines.unlink(missing_ok=True)
    path = [str(ROOT), str(ROOT / "tests" / "no_network"), os.environ.get("PYTHONPATH", "")]
    environment = ONE_THREAD | {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        kernel.FILE: str(lines),
        kernel.SHIFT: str(shift),
    }
    run = await execute(source, notebook, lambda: None, environment)
    if run.interrupted:
        raise KeyboardInterrupt
    texts = lines.read_text(encoding="utf-8").splitlines() if lines.exists() else []
    found = {"digest": digest, "error": run.error, "verdicts": [json.loads(text) for text in texts]}
    write_atomically(_kept(source, shift), json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    lines.unlink(missing_ok=True)
    return run.error


async def _measure_all(todo: Sequence[tuple[Path, int, str]], jobs: int) -> None:
    free = asyncio.Semaphore(jobs)
    bar = tqdm(total=len(todo), desc="margins", unit="run", disable=None)

    async def one(source: Path, shift: int, digest: str) -> None:
        async with free:
            error = await measure(source, shift, digest)
            bar.update()
            tqdm.write(f"{source.stem}, seeds {shift}: {error or 'ok'}", file=sys.stderr)

    async with asyncio.TaskGroup() as group:
        for job in todo:
            group.create_task(one(*job))
    bar.close()


def rows_of(name: str, runs: Sequence[Sequence[Verdict]]) -> list[dict[str, object]]:
    """Rows of the table for one notebook.

    Parameters
    ----------
    name : str
        Its file name without the ending.
    runs : sequence of sequences of dict
        For each seed, its own first, what the verdicts found: "statement", "condition", "holds"
        and "gap".

    Returns
    -------
    list of dict
        One a verdict of the first run, with the keys of ``HEADER``. The gap is that with the
        notebook's own seeds, the rest is of all seeds.
    """
    keyed = [_by_condition(run) for run in runs]
    rows = []
    for key, verdict in keyed[0].items():
        same = [run[key] for run in keyed if key in run]
        gaps = [other["gap"] for other in same if other["gap"] is not None]
        row: dict[str, object] = dict.fromkeys(HEADER, "") | {
            "notebook": name,
            "verdict": verdict["statement"],
            "seeds": len(same),
            "held": sum(other["holds"] for other in same),
        }
        if verdict["gap"] is not None:
            row |= {
                "gap": f"{verdict['gap']:.3g}",
                "mean gap": f"{statistics.fmean(gaps):.3g}",
                "standard deviation": f"{statistics.pstdev(gaps):.2g}",
                "least": f"{min(gaps):.3g}",
            }
        rows.append(row)
    return rows


def _by_condition(run: Iterable[Verdict]) -> dict[tuple[str, int], Verdict]:
    """Verdicts by condition and how often it came before: the statement may hold a number."""
    found: dict[tuple[str, int], Verdict] = {}
    for verdict in run:
        before = sum(condition == verdict["condition"] for condition, _ in found)
        found[verdict["condition"], before] = verdict
    return found


def to_csv(rows: Iterable[dict[str, object]]) -> str:
    """Table as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _read_table(file: Path) -> list[dict[str, object]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return [dict(row) for row in csv.DictReader(lines)]


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=10, help="seeds of each notebook (10)")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at the same time (2)")


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if a verdict fails with some seed or a notebook stops early."""
    WORK.mkdir(parents=True, exist_ok=True)
    digests = {source: digest_of(source) for source in options.notebooks}
    todo = [
        (source, shift, digests[source])
        for shift in range(options.seeds)
        for source in longest_first(options.notebooks)
        if not is_done(source, shift, digests[source])
    ]
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_measure_all(todo, options.jobs))
    fresh, stopped = [], []
    for source in options.notebooks:
        found = [
            json.loads(_kept(source, shift).read_text(encoding="utf-8"))
            for shift in range(options.seeds)
        ]
        stopped += [
            f"{source.stem}, seeds {k}: {f['error']}" for k, f in enumerate(found) if f["error"]
        ]
        fresh += rows_of(source.stem, [f["verdicts"] for f in found])
    measured = {source.stem for source in options.notebooks}
    there = {source.stem for source in find_notebooks([])} - measured
    kept = [row for row in _read_table(TABLE) if row["notebook"] in there]
    rows = sorted([*kept, *fresh], key=lambda row: str(row["notebook"]))
    write_atomically(TABLE, to_csv(rows))
    failing = [row for row in fresh if row["held"] != options.seeds]
    for row in failing:
        print(f"✗ {row['notebook']}: {row['verdict']}: {row['held']} of {row['seeds']} seeds")
    for line in stopped:
        print(f"✗ {line}")
    print(f"{len(fresh)} verdicts, {len(failing)} of them fail with some seed")
    return int(bool(failing or stopped))


main = program("margins", "Measure the margin of every verdict.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
