"""Run the benchmarks, each topic in a process of its own: ``python -m benchmarks [topic …]``.

``python -m benchmarks --old`` names the rows of ``results.json`` whose code has changed since.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.freshness import old_rows
from benchmarks.harness import RESULTS


def main(arguments: list[str]) -> int:
    """Run the named topics, or all; the exit status is 1 if a target is missed."""
    if arguments == ["--old"]:
        old = old_rows(RESULTS)
        for line in old:
            print(f"● {line}")
        print(f"{len(old)} benchmarks are older than their code; make bench measures again")
        return 0
    known = sorted(
        file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py")
    )
    topics = arguments or known
    if unknown := sorted(set(topics) - set(known)):
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    failed = []
    for topic in topics:
        print(f"── {topic} " + "─" * (76 - len(topic)), flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.bench_{topic}"]).returncode:
            failed.append(topic)
        print(flush=True)
    print(f"targets missed in: {', '.join(failed)}" if failed else "all targets met")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
