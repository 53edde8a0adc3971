"""Measure contenders side by side, print a table and keep it in ``results.json``.

Times on a shared machine mean little by themselves, so contenders take turns within one run and
every statement is a ratio of medians from that run.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.freshness import state
from course_utils._files import replace_atomically

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Target:
    """A bound that a measured value has to keep.

    Attributes
    ----------
    claim : str
        What is promised, as a phrase.
    value : float
        What was measured.
    at_least, at_most : float, optional
        The bound; exactly one of them is given.
    """

    claim: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        """Refuse a target without a bound or with two."""
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"{self.claim!r} needs either at_least or at_most")
        # A number of NumPy cannot be stored, and what was measured for minutes would be lost.
        object.__setattr__(self, "value", float(self.value))

    @property
    def met(self) -> bool:
        """Whether the measured value keeps the bound."""
        if self.at_least is not None:
            return self.value >= self.at_least
        assert self.at_most is not None
        return self.value <= self.at_most

    def __str__(self) -> str:
        """Show the claim with value, bound and mark on one line."""
        bound = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
        return f"{'✓' if self.met else '✗'} {self.claim}: {self.value:.4g} (target {bound})"


@dataclass
class Comparison:
    """Times of the contenders of one task.

    Attributes
    ----------
    task : str
        What every contender computed, with its size.
    seconds : dict of str to list of float
        Contender -> seconds of each of its runs.
    notes : dict of str to str
        Contender -> a remark for the table, such as the loss it reached.
    """

    task: str
    seconds: dict[str, list[float]]
    notes: dict[str, str] = field(default_factory=dict)

    def median(self, contender: str) -> float:
        """Median seconds of a contender."""
        return statistics.median(self.seconds[contender])

    def ratio(self, slower: str, faster: str) -> float:
        """How many times longer `slower` takes than `faster`, by medians."""
        return self.median(slower) / self.median(faster)

    def table(self) -> str:
        """Text table: contender, median, spread, ratio to the fastest, number of runs, note."""
        fastest = min(map(self.median, self.seconds))
        lines = [
            self.task,
            f"  {'contender':<34}{'median':>11}{'min … max':>25}{'ratio':>10}  runs  note",
        ]
        for contender, runs in self.seconds.items():
            spread = f"{_duration(min(runs))} … {_duration(max(runs))}"
            lines.append(
                f"  {contender:<34}{_duration(self.median(contender)):>11}{spread:>25}"
                f"{self.median(contender) / fastest:>9.1f}×  {len(runs):>4}  "
                f"{self.notes.get(contender, '')}".rstrip()
            )
        return "\n".join(lines)


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def compare(
    task: str,
    contenders: Mapping[str, Callable[[], Any]],
    *,
    repeats: int = 7,
    budget: float = 20.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Run the contenders in turns and keep the time of each run.

    Parameters
    ----------
    task : str
        What is measured, with its size.
    contenders : mapping of str to callable
        Name -> function without arguments. A first run of each is not counted (imports, caches,
        compilation), unless it alone takes a quarter of `budget`.
    repeats : int
        Counted runs of each contender.
    budget : float
        Seconds after which a contender gets no further run; each has at least one that counts.
    clock : callable
        What reads the time: `time.perf_counter`, or `time.process_time` where all contenders run on
        one thread, so that other work on the machine does not count.

    Returns
    -------
    Comparison
        All times.
    """
    seconds: dict[str, list[float]] = {}
    spent: dict[str, float] = {}
    for name, run in contenders.items():
        spent[name] = _time(run, clock)
        seconds[name] = [spent[name]] if spent[name] > budget / 4 else []
    for _ in range(repeats):
        for name, run in contenders.items():
            if not seconds[name] or (len(seconds[name]) < repeats and spent[name] < budget):
                seconds[name].append(_time(run, clock))
                spent[name] += seconds[name][-1]
    return Comparison(task, seconds)


def _time(run: Callable[[], Any], clock: Callable[[], float]) -> float:
    start = clock()
    run()
    return clock() - start


def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores, threads in use, Python and platform."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    return {
        "processor": processor,
        "cpus": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def report(
    topic: str,
    comparisons: list[Comparison],
    targets: list[Target],
    *,
    path: Path = RESULTS,
) -> bool:
    """Print tables and targets and store them under `topic`, with machine, day and code.

    Parameters
    ----------
    topic : str
        Key in the results file; an earlier entry is replaced, other topics stay.
    comparisons : list of Comparison
        What was measured.
    targets : list of Target
        The promises made about it.
    path : Path
        The results file.

    Returns
    -------
    bool
        Whether all targets are met.
    """
    for comparison in comparisons:
        print(comparison.table(), end="\n\n")
    for target in targets:
        print(target)
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    results[topic] = {
        "machine": machine(),
        "code": state(topic),
        "measured": time.strftime("%Y-%m-%d"),
        "comparisons": [
            {
                "task": comparison.task,
                "median_seconds": {
                    name: round(comparison.median(name), 9) for name in comparison.seconds
                },
                "runs": {name: len(runs) for name, runs in comparison.seconds.items()},
                "notes": comparison.notes,
            }
            for comparison in comparisons
        ],
        "targets": [asdict(target) | {"met": target.met} for target in targets],
    }
    text = json.dumps(dict(sorted(results.items())), indent=2, ensure_ascii=False) + "\n"
    replace_atomically(path, lambda file: file.write(text.encode("utf-8")))
    return all(target.met for target in targets)
