"""Drive JupyterLab in Chromium as a reader does: open, run all, answer, move, save."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from playwright.sync_api import Browser, Locator, Page, TimeoutError, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
START_TIMEOUT = 240  # seconds: a cold JupyterLab on a busy machine
RUN_TIMEOUT = 900  # seconds for Run All; a quiet machine needs 60 at most, a busy one far more
SETTINGS = {
    # It would ask whether to fetch news, and look for updates.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

# One word once every unfolded code cell has its number, or the text of what stopped the run.
HAS_RUN = """() => {
    const dialog = document.querySelector(".jp-Dialog");
    if (dialog) return "dialog: " + dialog.innerText;
    const panel = document.querySelector(".jp-NotebookPanel");
    const error = panel.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
    if (error) return "error: " + error.innerText;
    const unfolded = ".jp-CodeCell:not(:has(.jp-InputPlaceholder)) .jp-InputPrompt";
    const prompts = [...panel.querySelectorAll(unfolded)];
    return prompts.every(prompt => /\\d/.test(prompt.textContent)) && "done";
}"""


def find_chromium() -> str:
    """Path of the browser: what CHROMIUM names, else the first of the usual names on PATH."""
    wanted = os.environ.get("CHROMIUM")
    for name in [wanted] if wanted else BROWSERS:
        if found := shutil.which(name):
            return found
    raise FileNotFoundError(
        f"no browser: looked for {wanted or ', '.join(BROWSERS)}. Install Chromium (Debian and "
        "Ubuntu: sudo apt install chromium) or name one: CHROMIUM=/path/to/chrome make test-browser"
    )


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        yield browser
        browser.close()


def free_port() -> int:
    """Port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(command: list[str], address: str, folder: Path, log: Path) -> Iterator[None]:
    """Keep a web server running; its settings and its log lie in folders of ours."""
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "JUPYTER_CONFIG_DIR": str(log.parent / "config"),
        "JUPYTER_DATA_DIR": str(log.parent / "data"),
        "JUPYTER_RUNTIME_DIR": str(log.parent / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(log.parent / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(log.parent / "workspaces"),
    }
    for name, settings in SETTINGS.items():
        file = log.parent / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(process, address, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"the server did not answer:\n{log.read_text(encoding='utf-8')[-3000:]}")


@contextlib.contextmanager
def jupyter_lab(folder: Path, log: Path) -> Iterator[str]:
    """Start JupyterLab on a folder; gives the address of its file tree, with `{}` for the token."""
    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += ["--allow-root", f"--ServerApp.root_dir={folder}"]
    # A closed page leaves its kernel running; those of fifteen notebooks would fill the memory.
    command += ["--MappingKernelManager.cull_idle_timeout=60"]
    command += ["--MappingKernelManager.cull_interval=10"]
    home = f"http://127.0.0.1:{port}"
    # Not /api alone: a page that opens before the kernels are known asks which one to take.
    with server(command, f"{home}/api/kernelspecs?token={token}", folder, log):
        yield f"{home}/lab/tree/{{}}?reset&token={token}"


@contextlib.contextmanager
def reader(browser: Browser) -> Iterator[Page]:
    """Page of one person, with cookies of their own, that has to do without the internet."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    outside: list[str] = []
    context.on(
        "request",
        lambda request: (
            outside.append(request.url)
            if request.url.startswith("http") and "//127.0.0.1:" not in request.url
            else None
        ),
    )
    page = context.new_page()
    page.set_default_timeout(START_TIMEOUT * 1000)
    yield page
    context.close()
    assert not outside, f"asked the internet for {outside}"


def copy_stripped(source: Path, folder: Path) -> Path:
    """Copy of a notebook without its outputs, so that every output found later is new."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    target = folder / source.name
    nbformat.write(notebook, target)
    return target


def open_notebook(page: Page, address: str, cells: int) -> None:
    """Open the only notebook of a page and wait for its cells and its kernel."""
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").nth(cells - 1).wait_for(state="attached")
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()


def run_all(page: Page) -> None:
    """Choose Run → Run All Cells; again if the menu did not take the click yet."""
    begun = page.locator(".jp-Dialog, .jp-InputPrompt", has_text=re.compile(r"[*\d]")).first
    for _ in range(10):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with contextlib.suppress(TimeoutError):
            begun.wait_for(timeout=START_TIMEOUT * 100)
            if page.locator(".jp-Dialog", has_text="Select Kernel").count() == 0:
                return
            page.keyboard.press("Enter")  # the one that is offered
            page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
            continue
        page.keyboard.press("Escape")
    raise AssertionError("Run All Cells does nothing")


def wait_until_run(page: Page) -> None:
    """Wait until every code cell has run; an error or a dialog ends it with its text."""
    found = page.wait_for_function(HAS_RUN, timeout=RUN_TIMEOUT * 1000, polling=500)
    state = found.json_value()
    assert state == "done", state
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()


def save(page: Page, path: Path) -> NotebookNode:
    """Save with the keyboard, and read what the file holds then."""
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    deadline = time.monotonic() + START_TIMEOUT
    while path.stat().st_mtime_ns == before:
        assert time.monotonic() < deadline, "nothing was saved"
        page.wait_for_timeout(200)
    page.locator(".jp-Document .jp-mod-dirty").wait_for(state="detached")
    return nbformat.read(path, as_version=4)


def problems(cell: NotebookNode) -> list[NotebookNode]:
    """Errors of an executed cell, and what it wrote to stderr."""
    return [
        output
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


def cell_at(page: Page, position: int) -> Locator:
    """Cell of the open notebook, counted from 0."""
    return page.locator(".jp-Notebook .jp-Cell").nth(position)


def run_cell(page: Page, position: int, source: str | None = None) -> None:
    """Click into a cell, type over it if there is something to type, and press Shift+Enter."""
    cell = cell_at(page, position)
    cell.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source)  # typed letter by letter, the editor would indent it
    page.keyboard.press("Shift+Enter")


def wait_for_output(page: Page, position: int, text: str) -> None:
    """Wait until the output of a cell holds a text."""
    cell_at(page, position).locator(".jp-OutputArea-output", has_text=text).first.wait_for()
