"""Run the notebooks: ``python -m tools.run_course [--in-place] [--jobs N] [notebook …]``.

Every notebook runs in a fresh kernel of this interpreter, several side by side, the longest first.
Executed copies and HTML pages go to ``build/``; with ``--in-place`` the outputs are stored in the
notebooks as well, in a form that two runs write identically. A notebook that fails does not stop
the others, and Ctrl-C leaves no kernel behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
import psutil
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm
from traitlets import default
from traitlets.config import Config

from course_utils._files import home
from tools.course import ONE_THREAD, ROOT, longest_first, program
from tools.pages import has_failed, index_page, to_html
from tools.stored import normalise, to_json, truthful, write_atomically

CELL_TIMEOUT = 600  # seconds; ten times what a whole notebook may take
SOCKET_PATH = 90  # characters; a local socket's path has to be shorter than 104 to 108
GIGABYTE = 2**30


@dataclass(frozen=True)
class Run:
    """What became of one notebook.

    Attributes
    ----------
    source : Path
        The notebook in the working tree.
    notebook : NotebookNode
        The executed copy, partial if it failed.
    seconds : float
        Wall time, kernel start included.
    error : str
        Empty, or what went wrong and in which cell.
    interrupted : bool
        Whether it was the user who stopped it.
    promised : object
        The run time that the notebook promised before, in seconds; None if it promised none, or
        if others ran beside it, when its time says little.
    """

    source: Path
    notebook: NotebookNode
    seconds: float
    error: str
    interrupted: bool = False
    promised: object = None


# ------------------------------------------------------------------------------------- one kernel


class _OwnKernelSpecs(KernelSpecManager):
    """Knows one kernel, that of this interpreter, whatever kernels the user has installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())


class _OwnKernel(AsyncKernelManager):
    """Starts this interpreter."""

    @default("kernel_spec_manager")
    def _own_kernel_specs(self) -> KernelSpecManager:
        return _OwnKernelSpecs(parent=self)


@contextmanager
def _private_folder() -> Iterator[tuple[Config, dict[str, str]]]:
    """Folder of one kernel, which is gone afterwards: sockets, connection file, history.

    Kernels warn about open TCP ports, so sockets are used instead; where no folder has a path
    short enough for them, or the system has none, ports after all.

    Yields
    ------
    config : Config
        How to talk to the kernel.
    environment : dict of str to str
        What to add to its environment.
    """
    parents = [Path(tempfile.gettempdir()), Path("/tmp")]
    short = [
        folder
        for folder in parents
        if os.name != "nt" and len(os.fsencode(folder)) < SOCKET_PATH - len("/tmpabcdefgh/kernel-5")
    ]
    parent = next((folder for folder in short if os.access(folder, os.W_OK)), parents[0])
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        manager = {"connection_file": str(folder / "kernel.json")}
        if parent in short:
            manager |= {"transport": "ipc", "ip": str(folder / "kernel")}
        # What the user tells IPython to do at its start must not show in a stored output.
        environment = {"IPYTHONDIR": str(folder / "ipython")}
        if not (Path.home().is_dir() and os.access(Path.home(), os.W_OK)):
            environment["MPLCONFIGDIR"] = str(folder / "matplotlib")  # it would warn on stderr
        yield Config({"KernelManager": manager}), environment


async def execute(
    source: Path,
    notebook: NotebookNode,
    on_cell: Callable[[], object],
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run one notebook in a fresh kernel that starts in the notebook's own folder.

    Parameters
    ----------
    source : Path
        Where the notebook comes from; the kernel starts in its folder.
    notebook : NotebookNode
        Its content; the outputs are stored here.
    on_cell : callable
        Called after every cell.
    environment : mapping of str to str, optional
        What to add to the environment of the kernel.

    Returns
    -------
    Run
        With `error` set if a cell failed, timed out or lost its kernel, or if the task that runs
        it was cancelled; cells after it have no output then.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":  # outputs of an earlier run would hide where this one ended
            cell.outputs, cell.execution_count = [], None
    problem, position, interrupted = "", 0, False
    start = time.perf_counter()
    with _private_folder() as (config, private):
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_manager_class=_OwnKernel,
            resources={"metadata": {"path": str(source.parent)}},
            record_timing=False,
            config=config,
        )
        client.reset_execution_trackers()
        client.create_kernel_manager()
        try:
            # Not by client.async_execute(), which takes Ctrl-C for itself.
            await client.async_start_new_kernel(env=os.environ | private | dict(environment or {}))
            await client.async_start_new_kernel_client()
            for position, cell in enumerate(notebook.cells):
                await client.async_execute_cell(cell, position, client.code_cells_executed + 1)
                on_cell()
        except CellExecutionError as failure:
            problem = f"{failure.ename}: {failure.evalue}"
        except CellTimeoutError:
            problem = f"took longer than {CELL_TIMEOUT} s"
        except (DeadKernelError, asyncio.CancelledError) as failure:
            # nbclient takes a cancelled task for a dead kernel.
            task = asyncio.current_task()
            interrupted = isinstance(failure, asyncio.CancelledError) or bool(
                task and task.cancelling()
            )
            problem = "interrupted" if interrupted else "the kernel died (out of memory?)"
        except (RuntimeError, OSError) as failure:  # the kernel does not start
            problem = str(failure)
        finally:
            await _end(client, kindly=not problem)
    seconds = time.perf_counter() - start
    if not problem:
        return Run(source, notebook, seconds, "")
    failing = notebook.cells[position]
    if not has_failed(notebook) and failing.cell_type == "code":
        failing.outputs.append(
            nbformat.v4.new_output("error", ename="Stopped", evalue=problem, traceback=[problem])
        )
    first_line = next(iter(failing.source.splitlines()), "").strip()
    error = f"cell {position + 1} ({first_line[:60]!r}): {problem}"
    return Run(source, notebook, seconds, error, interrupted)


async def _end(client: NotebookClient, *, kindly: bool) -> None:
    """Stop a kernel; if it is not to be asked kindly, with every process that it has started."""
    manager = client.km
    group = getattr(getattr(manager, "provisioner", None), "pgid", None)
    if manager is not None:
        client.shutdown_kernel = "graceful" if kindly else "immediate"
        await client._async_cleanup_kernel()
    if group and not kindly:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


# ------------------------------------------------------------------------------ many side by side


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container may own fewer than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int:
    """Bytes of memory that are free, in a container of what it may use."""
    free = psutil.virtual_memory().available
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return min(free, int(limit) - used) if limit.isdecimal() else free


def jobs_for(sources: Sequence[Path], cores: int, memory: int) -> int:
    """Notebooks to run at the same time.

    Parameters
    ----------
    sources : sequence of Path
        The notebooks.
    cores : int
        Processors there are.
    memory : int
        Bytes that are free.

    Returns
    -------
    int
        At least 1; never so many that the largest of them would not fit into memory together, at
        3 GB for a notebook with digits and 2 GB for another.
    """
    needs = sorted(3 if b"load_mnist" in path.read_bytes() else 2 for path in sources)
    jobs = 0
    while needs and jobs < cores:
        memory -= needs.pop() * GIGABYTE
        if memory < 0:
            break
        jobs += 1
    return max(1, jobs)


@dataclass
class _Course:
    """One run of the program: its options, its progress bar and what has ended so far."""

    sources: Sequence[Path]
    output: Path
    jobs: int
    in_place: bool
    bar: tqdm[Any]

    def __post_init__(self) -> None:
        self.runs: list[Run] = []
        self.running: list[str] = []

    async def run(self) -> list[Run]:
        """Run every notebook; a cancelled task ends those that run and starts no other."""
        free = asyncio.Semaphore(self.jobs)
        tasks = [
            asyncio.create_task(self._wait(free, path)) for path in longest_first(self.sources)
        ]
        # A task that is cancelled once stores what it has; it must not be cancelled twice.
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()  # raises what nobody expected, such as a full disk
        return sorted(self.runs, key=lambda run: run.source.name)

    async def _wait(self, free: asyncio.Semaphore, source: Path) -> None:
        async with free:
            self.running.append(source.name[:2])
            self.bar.set_postfix_str("running " + " ".join(sorted(self.running)))
            run = await self._run_and_store(source)
            self.running.remove(source.name[:2])
            self.runs.append(run)
            line = f"[{len(self.runs)}/{len(self.sources)}] {source.stem}  {run.seconds:.0f} s  "
            tqdm.write(line + _state(run), file=sys.stderr)

    async def _run_and_store(self, source: Path) -> Run:
        before = source.read_bytes()
        try:
            notebook = nbformat.reads(before.decode("utf-8"), as_version=4)
        except (ValueError, nbformat.ValidationError) as error:
            first_line = str(error).splitlines()[0]
            return Run(source, nbformat.v4.new_notebook(), 0, f"is no notebook: {first_line}")
        alone = self.jobs == 1
        environment = {} if alone else ONE_THREAD
        run = await execute(source, notebook, self.bar.update, environment)
        promised = notebook.metadata.get("course", {}).get("seconds")
        measured = not run.error and (alone or promised is None)
        normalise(run.notebook, run.seconds if measured else None)
        write_atomically(self.output / "executed" / source.name, to_json(run.notebook))
        page = await asyncio.to_thread(to_html, run.notebook, source.stem)
        write_atomically(self.output / "html" / f"{source.stem}.html", page)
        if self.in_place and not run.error:
            if source.read_bytes() != before:
                return replace(
                    run, error="was saved by someone else while it ran; it was left alone"
                )
            write_atomically(source, to_json(run.notebook))
        return replace(run, promised=promised if alone else None)


def run_all(
    sources: Sequence[Path], output: Path, *, in_place: bool, jobs: int | None = None
) -> list[Run]:
    """Run notebooks side by side and write what came out, also of those that fail.

    Parameters
    ----------
    sources : sequence of Path
        The notebooks.
    output : Path
        Folder for ``executed/`` and ``html/``.
    in_place : bool
        Store the outputs of notebooks that succeed in the notebooks themselves. A notebook that
        somebody saved while it ran is left as it is, and that is reported.
    jobs : int, optional
        How many at the same time; where it is more than one, each works with one thread. Default:
        as many as cores and memory allow.

    Returns
    -------
    list of Run
        One per notebook that was begun, in reading order.
    """
    jobs = jobs or jobs_for(sources, cores(), free_memory())
    cells = sum(path.read_bytes().count(b'"cell_type"') for path in sources)
    with (
        tqdm(total=cells, desc="course", unit="cell", disable=not sys.stderr.isatty()) as bar,
        asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner,
    ):
        runs = runner.run(_until_terminated(_Course(sources, output, jobs, in_place, bar)))
    executed = [
        (file.stem, nbformat.read(file, as_version=4))
        for file in sorted((output / "executed").glob("*.ipynb"))
    ]
    write_atomically(output / "html" / "index.html", index_page(executed))
    return runs


async def _until_terminated(course: _Course) -> list[Run]:
    """Run a course, and answer a polite request to end as Ctrl-C is answered.

    Not by way of Ctrl-C: what a script starts in the background is deaf to that.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(task.cancel))
    try:
        return await course.run()
    finally:
        signal.signal(signal.SIGTERM, before)


def _state(run: Run) -> str:
    """Say what became of a run."""
    if run.error:
        return f"FAILED: {run.error}"
    if run.promised is not None and not truthful(run.promised, run.seconds):
        return f"ok, though it promises {run.promised} s"
    return "ok"


# ------------------------------------------------------------------------------------- the program


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in-place", action="store_true", help="store the outputs in the notebooks as well"
    )
    parser.add_argument(
        "--output", type=home, default=ROOT / "build", help="folder for what is made (build)"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        help="notebooks at the same time (as many as cores and memory allow); with 1, promised "
        "run times are measured as well",
    )


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if a notebook failed, 130 if interrupted."""
    runs = run_all(options.notebooks, options.output, in_place=options.in_place, jobs=options.jobs)
    failed = [run for run in runs if run.error]
    for run in failed:
        print(f"✗ {run.source.name}: {run.error}", file=sys.stderr)
    print(f"{len(runs) - len(failed)} of {len(options.notebooks)} notebooks ran")
    print(f"read them in a browser:  {options.output / 'html' / 'index.html'}")
    print(f"executed notebooks:      {options.output / 'executed'}")
    if len(runs) < len(options.notebooks) or any(run.interrupted for run in runs):
        return 130
    return int(bool(failed))


main = program("run_course", "Run the notebooks and make HTML pages.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
