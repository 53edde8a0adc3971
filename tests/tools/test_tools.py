"""The program that runs the notebooks, tried on small ones."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import run_course
from tools.course import ROOT, find_notebooks, longest_first
from tools.pages import to_html
from tools.stored import truthful

pytestmark = pytest.mark.slow

ALT = 'A "line" that rises & ends.'
OPENING = """# Do toys

**What you'll do.** Play with `toys` and
more.

**Time.** Reading 1 minute; run time about 50 s on two cores."""
GOOD = [
    new_markdown_cell(OPENING),
    new_code_cell("print('a', flush=True)\nprint('b', flush=True)", metadata={"tags": ["setup"]}),
    new_code_cell(
        "from IPython.display import display\n"
        f"data = {{'image/png': 'iVBORw0KGgo=', 'text/plain': {ALT!r}}}\n"
        f"display(data, raw=True, metadata={{'image/png': {{'alt': {ALT!r}}}}})"
    ),
    new_code_cell(
        "print('solved')",
        metadata={
            "tags": ["solution"],
            "jupyter": {"source_hidden": True, "outputs_hidden": True},
            "execution": {"iopub.execute_input": "2020-01-01"},
            "collapsed": True,
        },
    ),
    new_code_cell("import ipywidgets\nipywidgets.IntSlider()"),
    new_markdown_cell("[next](01_bad.ipynb) and [part](01_bad.ipynb#part), $x^2$"),
]
BAD = [
    new_markdown_cell("# Fail"),
    new_code_cell("print('before')"),
    new_code_cell("1 / 0"),
    new_code_cell("print('after')"),
]
DEAD = [new_code_cell("import os\nos._exit(3)")]


def write(path: Path, cells: list, **course: object) -> None:
    notebook = new_notebook(cells=cells, metadata={"course": course, "toc": {}})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Three notebooks, run in place once and the good one a second time."""
    folder = tmp_path_factory.mktemp("course")
    write(folder / "00_good.ipynb", GOOD, seconds=50, framework=None)
    write(folder / "01_bad.ipynb", BAD)
    write(folder / "02_dead.ipynb", DEAD)
    (folder / "03_broken.ipynb").write_text("not json", encoding="utf-8")
    sources = find_notebooks([], folder)
    before = {path.name: path.read_bytes() for path in sources}
    runs = run_course.run_all(sources, folder / "build", in_place=True, jobs=1)
    first = sources[0].read_bytes()
    run_course.run_all(sources[:1], folder / "build", in_place=True)
    html = {path.name: path.read_text("utf-8") for path in (folder / "build/html").glob("*.html")}
    return SimpleNamespace(folder=folder, before=before, runs=runs, first=first, html=html)


def executed(course, name):
    return nbformat.read(course.folder / "build" / "executed" / name, as_version=4)


def test_two_runs_store_the_same_file(course):
    assert course.first != course.before["00_good.ipynb"]
    assert (course.folder / "00_good.ipynb").read_bytes() == course.first


def test_what_is_stored_holds_nothing_of_the_machine_or_the_day(course):
    text = course.first.decode("utf-8")
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    notebook = nbformat.reads(text, as_version=4)
    assert sorted(notebook.metadata) == ["course", "kernelspec", "language_info"]
    assert "version" not in notebook.metadata.language_info
    assert notebook.cells[3].metadata == {
        "cellView": "form",
        "jupyter": {"source_hidden": True, "outputs_hidden": True},
        "tags": ["solution"],
    }
    assert [cell.id for cell in notebook.cells] == [f"cell-{number}" for number in range(6)]
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [
        1,
        2,
        3,
        4,
    ]
    assert notebook.cells[1].outputs == [new_output("stream", name="stdout", text="a\nb\n")]
    assert list(notebook.cells[4].outputs[0].data) == ["text/plain"]  # no random widget id


def test_an_untruthful_run_time_is_corrected_in_both_places(course):
    notebook = nbformat.reads(course.first.decode("utf-8"), as_version=4)
    seconds = notebook.metadata.course.seconds
    assert 1 <= seconds < 50
    assert f"run time about {seconds} s on two cores" in notebook.cells[0].source


@pytest.mark.parametrize(
    ("promised", "measured", "holds"),
    [
        (20, 20.0, True),
        (20, 10.0, True),
        (20, 40.0, True),
        (20, 9.0, False),
        (20, 41.0, False),
        (2, 6.5, True),
        (2, 7.5, False),
        (0, 0.1, False),
        (None, 1.0, False),
        (True, 1.0, False),
        (2.5, 2.5, False),
    ],
)
def test_truthful(promised, measured, holds):
    assert truthful(promised, measured) is holds


def test_the_others_run_when_one_fails(course):
    good, bad, dead, broken = course.runs
    assert good.error == ""
    assert bad.error == "cell 3 ('1 / 0'): ZeroDivisionError: division by zero"
    assert dead.error == "cell 1 ('import os'): the kernel died (out of memory?)"
    assert broken.error.startswith("is no notebook: ")


def test_a_failing_notebook_keeps_its_source_and_what_it_reached(course):
    assert (course.folder / "01_bad.ipynb").read_bytes() == course.before["01_bad.ipynb"]
    outputs = [cell.outputs for cell in executed(course, "01_bad.ipynb").cells[1:]]
    assert [output.output_type for output in outputs[0] + outputs[1]] == ["stream", "error"]
    assert outputs[2] == []
    assert (
        executed(course, "02_dead.ipynb").cells[0].outputs[0].evalue.startswith("the kernel died")
    )


def test_no_half_written_file_is_left(course):
    assert list(course.folder.rglob("*.partial")) == []


def test_pages_are_readable_without_a_network(course):
    page = course.html["00_good.html"]
    sources = re.findall(r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=[\"']([^\"']*)", page)
    assert [url for url in sources if not url.startswith("data:") and "mathjax" not in url] == []
    assert "Something to play with" in page


def test_pictures_on_a_page_carry_their_description(course):
    (picture,) = re.findall(r"<img[^>]*>", course.html["00_good.html"])
    assert re.search(r"""alt='A "line" that rises &amp; ends.'""", picture)


def test_solutions_on_a_page_are_folded(course):
    page = course.html["00_good.html"]
    folded = re.search(r"<details.*?<summary>Show the solution</summary>.*?</details>", page, re.S)
    assert folded is not None
    assert "print" in folded[0]
    assert page.count("<details") == 1


def test_links_on_a_page_lead_to_pages(course):
    page = course.html["00_good.html"]
    assert 'href="01_bad.html"' in page
    assert 'href="01_bad.html#part"' in page


def test_the_index_lists_what_ran(course):
    index = course.html["index.html"]
    assert '<a href="00_good.html">00 · Do toys</a><br>Play with toys and more.</li>' in index
    assert '<a href="01_bad.html">01 · Fail</a>' in index
    assert index.count("This notebook failed.") == 2


def test_a_notebook_saved_while_it_runs_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "00_good.ipynb"
    write(path, GOOD)

    async def save_meanwhile(source, notebook, on_cell, environment):
        source.write_text("edited", encoding="utf-8")
        return run_course.Run(source, notebook, 1.0, "")

    monkeypatch.setattr(run_course, "execute", save_meanwhile)
    (run,) = run_course.run_all([path], tmp_path / "build", in_place=True)
    assert path.read_text(encoding="utf-8") == "edited"
    assert "saved by someone else" in run.error


SLEEPS = """import os, pathlib, time
pathlib.Path("pid").write_text(str(os.getpid()))
time.sleep(300)"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.timeout(100)
@pytest.mark.parametrize(
    ("how", "ctrl_c"),  # which a shell has its background jobs ignore
    [
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_IGN),
    ],
)
def test_an_interruption_stops_the_course_and_leaves_no_kernel(tmp_path, how, ctrl_c):
    write(tmp_path / "00_sleeps.ipynb", [new_code_cell("print(1)"), new_code_cell(SLEEPS)])
    write(tmp_path / "01_waits.ipynb", GOOD)
    paths = map(str, sorted(tmp_path.glob("*.ipynb")))
    options = ["--in-place", "--jobs", "1", "--output", str(tmp_path / "build"), *paths]
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.ipynb")}
    mine = signal.signal(signal.SIGINT, ctrl_c)  # inherited by what is started now
    course = subprocess.Popen(
        [sys.executable, "-m", "tools.run_course", *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        encoding="utf-8",
    )
    signal.signal(signal.SIGINT, mine)
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
        assert course.poll() is None
        time.sleep(0.1)
    course.send_signal(how)
    _, printed = course.communicate(timeout=90)
    assert course.returncode == 130
    assert "✗ 00_sleeps.ipynb: cell 2 ('import os, pathlib, time'): interrupted" in printed
    (kept,) = (tmp_path / "build/executed").iterdir()
    assert nbformat.read(kept, as_version=4).cells[0].outputs[0].text == "1\n"
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.ipynb")} == before
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_what_is_hidden_with_its_outputs_is_folded_with_them():
    hidden = {"jupyter": {"source_hidden": True, "outputs_hidden": True}}
    printed = [new_output("stream", name="stdout", text="the outcome")]
    notebook = new_notebook(
        cells=[
            new_code_cell("first()", metadata={**hidden, "tags": ["solution"]}, outputs=printed),
            new_code_cell("second()", metadata=hidden, outputs=printed),
        ]
    )
    folded = re.findall(r"<details.*?</details>", to_html(notebook, "name"), re.S)
    assert ["Show the solution" in part for part in folded] == [True, False]
    assert all("the outcome" in part for part in folded)


def test_side_by_side_the_course_comes_out_the_same(course, tmp_path):
    sources = [Path(shutil.copy(path, tmp_path)) for path in find_notebooks([], course.folder)]
    runs = run_course.run_all(sources, tmp_path / "build", in_place=True, jobs=3)
    assert [run.source for run in runs] == sources
    assert [run.error for run in runs] == [run.error for run in course.runs]
    for path in sources:
        assert path.read_bytes() == (course.folder / path.name).read_bytes()


@pytest.mark.parametrize(
    ("cores", "gigabytes", "expected"), [(1, 99, 1), (8, 99, 3), (2, 99, 2), (8, 5, 2), (8, 0, 1)]
)
def test_jobs_fit_into_cores_and_memory(tmp_path, cores, gigabytes, expected):
    for name, source in [("00_a", "load_mnist()"), ("01_b", "1"), ("02_c", "2")]:
        write(tmp_path / f"{name}.ipynb", [new_code_cell(source)])
    paths = find_notebooks([], tmp_path)
    assert run_course.jobs_for(paths, cores, gigabytes * 2**30) == expected


def test_the_longest_notebook_begins_first(tmp_path):
    for name, seconds in [("00_a", 5), ("01_b", None), ("02_c", 30), ("03_d", 5)]:
        write(tmp_path / f"{name}.ipynb", GOOD, seconds=seconds)
    order = [path.stem for path in longest_first(find_notebooks([], tmp_path))]
    assert order == ["02_c", "00_a", "03_d", "01_b"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no local sockets")
def test_a_long_temporary_folder_and_a_foreign_kernel_do_no_harm(tmp_path):
    long = tmp_path / ("x" * 90)
    foreign = tmp_path / "data" / "kernels" / "python3"
    for folder in (long, foreign):
        folder.mkdir(parents=True)
    (foreign / "kernel.json").write_text(
        '{"argv": ["/bin/false"], "display_name": "old", "language": "python"}', encoding="utf-8"
    )
    write(tmp_path / "00_good.ipynb", [new_code_cell("import sys\nprint(sys.executable)")])
    environment = {"TMPDIR": str(long), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    options = ["--output", str(tmp_path / "build"), str(tmp_path / "00_good.ipynb")]
    run = subprocess.run(
        [sys.executable, "-m", "tools.run_course", *options],
        cwd=ROOT,
        env=os.environ | environment | {"JUPYTER_PREFER_ENV_PATH": "0"},
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    executed = nbformat.read(tmp_path / "build/executed/00_good.ipynb", as_version=4)
    assert executed.cells[0].outputs[0].text == f"{sys.executable}\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_what_a_program_prints_can_always_be_printed(encoding):
    run = subprocess.run(
        [sys.executable, "-m", "tools.notebook_lint", "01"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert b"UnicodeEncodeError" not in run.stderr
    assert "01_align_and_index: " in run.stdout.decode("utf-8")


def test_find_notebooks(tmp_path):
    for name in ("01_b.ipynb", "00_a.ipynb", "notes.ipynb"):
        write(tmp_path / name, GOOD)
    first, second = tmp_path / "00_a.ipynb", tmp_path / "01_b.ipynb"
    assert find_notebooks([], tmp_path) == [first, second]
    for name in ("01", "01_b", "01_b.ipynb", str(second)):
        assert find_notebooks([name], tmp_path) == [second]
    assert find_notebooks(["01", "00", "00_a"], tmp_path) == [first, second]


def test_unknown_names_are_refused_with_the_list(tmp_path, capsys):
    with pytest.raises(ValueError, match=r"no notebook called '77'; there are:\n  \(none\)"):
        find_notebooks(["77"], tmp_path)
    with pytest.raises(ValueError, match="there is no notebook in"):
        find_notebooks([], tmp_path)
    assert run_course.main(["77"]) == 2
    assert "no notebook called '77'; there are:\n  00_start_here" in capsys.readouterr().err
