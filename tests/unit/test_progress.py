"""The one progress bar: where it shows, that it vanishes, and that stored outputs have none."""

import os
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from tqdm import tqdm

from course_utils import _progress
from course_utils._progress import epochs_bar


class Terminal:
    """Takes the place of stderr."""

    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text

    def flush(self):
        pass

    def isatty(self):
        return True


def train(progress, epochs=3, total=3):
    with epochs_bar(total, progress=progress) as advance:
        for epoch in range(epochs):
            advance(0.5 + epoch, 0.5)


def on_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())  # not in a fixture: pytest sets it once more
    return sys.stderr


def test_a_program_sees_nothing_unless_it_asks(capfd):
    train(None)
    train(False)
    assert capfd.readouterr() == ("", "")
    train(True)
    written = capfd.readouterr()
    assert written.out == ""
    assert "3/3" in written.err
    assert "loss=2.5, best=0.5" in written.err


def test_a_terminal_has_a_bar_after_a_while(monkeypatch):
    terminal = on_terminal(monkeypatch)
    train(None)
    assert terminal.written.strip() == ""  # it was over before anybody had to wait
    monkeypatch.setattr(_progress, "_DELAY", 0.0)
    train(None)
    assert "epoch" in terminal.written


@pytest.mark.parametrize("epochs", [0, 2, 3])
def test_the_bar_vanishes_also_if_training_stops_early(monkeypatch, epochs):
    terminal = on_terminal(monkeypatch)
    train(True, epochs)
    assert terminal.written.rsplit("\r", 2)[-2].strip() == ""


def test_the_bar_vanishes_when_training_fails(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with pytest.raises(KeyboardInterrupt), epochs_bar(3, progress=True) as advance:
        advance(1.0, 1.0)
        raise KeyboardInterrupt
    assert terminal.written.rsplit("\r", 2)[-2].strip() == ""


def test_a_resumed_training_counts_what_was_done(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with epochs_bar(9, initial=7, progress=True) as advance:
        advance(1.0, 1.0)
    assert "8/9" in terminal.written


class Bar:
    """Takes the place of tqdm's bar: what it is made with, and what is done with it."""

    made = None

    def __init__(self, **options):
        Bar.made, self.done, self.n, self.total = self, [], options["initial"], options["total"]
        self.options = options

    def set_postfix_str(self, text, *, refresh):
        self.done.append((text, refresh))

    def update(self):
        self.n += 1
        self.done.append("update")

    def refresh(self):
        self.done.append("refresh")

    def close(self):
        self.done.append(f"close at {self.n} of {self.total}")


@pytest.mark.parametrize(
    ("progress", "in_page", "on_a_terminal", "shown", "delay"),
    [
        (None, False, False, False, 2.0),
        (None, True, False, True, 2.0),
        (None, False, True, True, 2.0),
        (True, False, False, True, 0.0),
        (False, True, True, False, 2.0),
    ],
)
def test_where_a_bar_shows_and_when(monkeypatch, progress, in_page, on_a_terminal, shown, delay):
    monkeypatch.setattr(_progress, "_bar_class", lambda: Bar)
    monkeypatch.setattr(_progress, "_in_page", lambda: in_page)
    on_terminal(monkeypatch).isatty = lambda: on_a_terminal
    with epochs_bar(5, initial=2, progress=progress) as advance:
        advance(0.123456, 0.1)
    assert Bar.made.options == {
        "total": 5,
        "initial": 2,
        "unit": "epoch",
        "leave": False,
        "delay": delay,
        "disable": not shown,
    }
    refreshed = ["refresh"] * (progress is True)
    told = ("loss=0.1235, best=0.1", False)
    assert Bar.made.done == [told, "update", *refreshed, "close at 3 of 3"]


def test_nothing_was_done_before_unless_one_says_so(monkeypatch):
    monkeypatch.setattr(_progress, "_bar_class", lambda: Bar)
    with epochs_bar(5):
        pass
    assert (Bar.made.options["initial"], Bar.made.options["disable"]) == (0, True)


@pytest.mark.parametrize(
    ("shell", "session", "kernel", "page"),
    [
        (SimpleNamespace(kernel=1), None, True, False),
        (SimpleNamespace(kernel=1), "/page.ipynb", True, True),
        (SimpleNamespace(), "/page.ipynb", False, False),  # IPython on a terminal
        (None, "/page.ipynb", False, False),
        ("no IPython", "/page.ipynb", False, False),
    ],
)
def test_who_watches(monkeypatch, shell, session, kernel, page):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    if session:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    if shell == "no IPython":
        monkeypatch.delitem(sys.modules, "IPython", raising=False)
    else:
        ipython = SimpleNamespace(get_ipython=lambda: shell)
        monkeypatch.setitem(sys.modules, "IPython", ipython)
    widgets = SimpleNamespace(tqdm="a bar of widgets")
    monkeypatch.setitem(sys.modules, "tqdm.notebook", widgets)
    assert (_progress._in_kernel(), _progress._in_page()) == (kernel, page)
    expected = "a bar of widgets" if kernel else tqdm
    assert _progress._bar_class() == expected


def test_refuses_words():
    with pytest.raises(TypeError, match=r"^progress must be True or False, got 'no'$"):
        train("no")


CELL = """
from course_utils import _progress
_progress._DELAY = 0
with _progress.epochs_bar(4) as advance:
    advance(1.5, 1.5)
    advance(0.5, 0.5)
print("done")
"""


def outputs_of_a_kernel(monkeypatch, session):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    if session:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    cell = nbformat.v4.new_code_cell(CELL)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, kernel_name="python3", timeout=60)
    client.execute()
    return cell.outputs, client


@pytest.mark.slow
def test_a_notebook_that_a_program_runs_stores_no_bar(monkeypatch):
    outputs, _ = outputs_of_a_kernel(monkeypatch, None)
    assert [(output.output_type, output.text) for output in outputs] == [("stream", "done\n")]


@pytest.mark.slow
def test_a_notebook_in_a_page_has_a_bar_of_widgets_and_nothing_on_stderr(monkeypatch):
    outputs, client = outputs_of_a_kernel(monkeypatch, "/page.ipynb")
    bar, text = outputs
    assert "application/vnd.jupyter.widget-view+json" in bar.data
    assert (text.name, text.text) == ("stdout", "done\n")
    assert any(state.get("value") == 2 for state in client.widget_state.values())


@pytest.mark.slow
def test_importing_it_loads_neither_tqdm_nor_ipython():
    code = "import sys, course_utils._progress; print({'tqdm', 'IPython'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout == "set()\n"
