"""Growth of sums over parts, on one process and on Dask, and a training step on two ranks.

The data have the shape of ml-32m, cut into 16 parts; 1, 4 and 16 of them are added up: counts and
sums of all films, and the Gram matrix of the thousand most rated. Each measurement runs in a
process of its own, for peak memory is that of a whole life: VmHWM, as the kernel keeps it, since
``ru_maxrss`` of a worker is its parent's. All results must be the same bits. Processor time is
that of all processes together and leaves out the start of a cluster; wall time of two workers says
something on a machine with two idle cores only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Comparison, Target, report
from course_utils.distributed import (
    fold,
    gram,
    launch,
    list_parts,
    local_cluster,
    read_part,
    totals,
    write_like_movielens,
)

PARTS, COLUMNS, REPEATS = 16, 1000, 3
CONTENDERS = {"loop": 0, "1 worker": 1, "2 workers": 2}
FILMS, STEPS, BATCH = 20_000, 8, 1000
ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def peak_mib() -> float:
    """Peak memory of this process so far, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def add_up(folder: str, parts: str, workers: str) -> dict[str, Any]:
    """Add up some parts, and return seconds, peak memory and a digest of the result."""
    paths = list_parts(folder)
    columns = np.load(Path(folder, "columns.npy"))
    started = time.perf_counter()
    with local_cluster(int(workers)) if int(workers) else contextlib.nullcontext() as client:
        ready = time.perf_counter()

        def spent() -> float:
            others = client.run(time.process_time).values() if client else ()
            return time.process_time() + sum(others)

        before = spent()
        found = fold(totals, paths[: int(parts)], client=client)
        products = fold(gram, paths[: int(parts)], columns, client=client)
        wall, cpu = time.perf_counter() - ready, spent() - before
        peak = max(client.run(peak_mib).values()) if client else peak_mib()
    arrays = [*map(np.asarray, found), products]
    digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    return {"wall": wall, "cpu": cpu, "peak": peak, "start": ready - started, "digest": digest}


def in_a_process(*arguments: object) -> dict[str, Any]:
    """Call :func:`add_up` in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_scale", *map(str, arguments)],
        env=os.environ | ONE_THREAD,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(run.stdout)


def exponent(small: float, large: float) -> float:
    """Growth of a quantity while the data grow sixteenfold: 0 for none, 1 for as much."""
    return math.log(large / small, PARTS)


def train() -> None:
    """Train on the rank that this is, and print the processor seconds of its steps."""
    import scipy.sparse as sp
    import torch.distributed as dist

    from course_utils.distributed.training import shared_steps
    from course_utils.torch_models import SparseInputAutoencoder, fit

    dist.init_process_group("gloo")
    shape = (STEPS * BATCH, FILMS)
    rows = sp.random_array(shape, density=0.002, rng=0, dtype=np.float32).tocsr()
    model = SparseInputAutoencoder(FILMS, [], 64, seed=0)
    with shared_steps(model) as traffic:
        fit(model, rows[:BATCH], epochs=1, batch_size=BATCH, progress=False)  # not counted
        before = time.process_time()
        fit(model, rows, epochs=1, batch_size=BATCH, progress=False)
        seconds = time.process_time() - before
    print(json.dumps({"cpu": seconds, "bytes": traffic.bytes // traffic.steps}))
    dist.destroy_process_group()


def ranks_measured(world: int) -> tuple[float, int]:
    """Processor seconds of the busiest rank, and bytes that each gives in a step."""
    lines = launch(__file__, "train", ranks=world).splitlines()
    found = [json.loads(line) for line in lines]
    return max(each["cpu"] for each in found), found[0]["bytes"]


def growth(
    folder: str,
) -> tuple[list[Comparison], dict[tuple[str, int], dict[str, list[Any]]]]:
    """Measure all contenders on 1, 4 and 16 parts, in turns."""
    measured: dict[tuple[str, int], dict[str, list[Any]]] = {}
    for _ in range(REPEATS):
        for parts in (1, 4, PARTS):
            for name, workers in CONTENDERS.items():
                cell = measured.setdefault((name, parts), defaultdict(list))
                for what, value in in_a_process("add", folder, parts, workers).items():
                    cell[what].append(value)
    for parts in (1, 4, PARTS):
        digests = {value for name in CONTENDERS for value in measured[name, parts]["digest"]}
        if len(digests) > 1:
            raise AssertionError(f"{parts} parts added up to {len(digests)} different results")
    comparisons = []
    for what, says in (("cpu", "processor"), ("wall", "wall")):
        for parts in (1, 4, PARTS):
            task = f"totals and Gram of {COLUMNS} films, {parts} part(s), {says} time"
            cells = {name: measured[name, parts] for name in CONTENDERS}
            comparison = Comparison(task, {name: cell[what] for name, cell in cells.items()})
            for name, cell in cells.items():
                note = f"peak {max(cell['peak']):.0f} MiB a process"
                start = f", {statistics.median(cell['start']):.1f} s to start"
                comparison.notes[name] = note + (start if CONTENDERS[name] else "")
            comparisons.append(comparison)
    return comparisons, measured


def measure(folder: str) -> bool:
    """Write the data, measure all, and report."""
    before = time.process_time()
    paths = write_like_movielens(folder, parts=PARTS)
    found = fold(totals, paths[:1])
    written = time.process_time() - before
    before = time.process_time()
    ratings = sum(read_part(path).nnz for path in paths)
    read = time.process_time() - before
    every = sum(path.stat().st_size for path in paths)
    np.save(Path(folder, "columns.npy"), np.argsort(-found.counts, kind="stable")[:COLUMNS])
    print(f"{ratings:,} ratings in {every:,} bytes, written in {written:.1f} s of processor time\n")
    comparisons, measured = growth(folder)

    def median(name: str, parts: int, what: str) -> float:
        return statistics.median(measured[name, parts][what])

    def grown(name: str, what: str) -> float:
        return exponent(median(name, 1, what), median(name, PARTS, what))

    ranks: dict[int, list[float]] = {1: [], 2: []}
    sizes = {}
    for _ in range(REPEATS):
        for world, seconds in ranks.items():
            cpu, sizes[world] = ranks_measured(world)
            seconds.append(cpu / STEPS)
    task = f"a step of {FILMS:,} → 64 → {FILMS:,} with {BATCH} rows, processor time"
    names = {1: "one process", 2: "the busier of two ranks"}
    steps = Comparison(task, {names[world]: seconds for world, seconds in ranks.items()})
    steps.notes = {names[world]: f"{size:,} bytes of gradients" for world, size in sizes.items()}
    comparisons.append(steps)
    peak = max(max(measured["2 workers", parts]["peak"]) for parts in (1, 4, PARTS))
    targets = [
        Target("exponent of processor time, loop", grown("loop", "cpu"), at_most=1.1),
        Target("exponent of peak memory, loop", grown("loop", "peak"), at_most=0.1),
        Target("exponent of peak memory, a worker of two", grown("2 workers", "peak"), at_most=0.1),
        Target("peak memory of a worker, MiB", peak, at_most=350),
        Target("reading, µs of processor time a rating", 1e6 * read / ratings, at_most=0.06),
        Target("generating, µs of processor time a rating", 1e6 * written / ratings, at_most=2),
        Target(
            "busier of two ranks over one process",
            steps.ratio(*reversed(names.values())),
            at_most=0.8,  # 0.64 on an Intel Xeon, 0.69 on an AMD EPYC; sums travel as well
        ),
    ]
    return report("scale", comparisons, targets)


def main(arguments: list[str]) -> int:
    """Measure, or be one of the processes that are measured."""
    if arguments[:1] == ["add"]:
        print(json.dumps(add_up(*arguments[1:])))
        return 0
    if arguments[:1] == ["train"]:
        train()
        return 0
    # What torchrun starts is this file, which must find the packages.
    os.environ.update(ONE_THREAD, PYTHONPATH=str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        return int(not measure(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
