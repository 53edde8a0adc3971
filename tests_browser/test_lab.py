"""JupyterLab as a reader meets it: every notebook runs, exercises answer, widgets move."""

import contextlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import TimeoutError

from tests_browser import lab
from tools.course import find_notebooks
from tools.stored import KERNELSPEC, normalise

SLIDER = """import ipywidgets

slider = ipywidgets.IntSlider(value=3, max=9)
answer = ipywidgets.Output()


def show(change):
    answer.clear_output()
    with answer:
        print("squared:", change["new"] ** 2)


slider.observe(show, names="value")
ipywidgets.VBox([slider, answer])"""

# Names of which a cell that shows widgets holds one.
WITH_WIDGETS = ("ipywidgets", "plots.explore_codes(")

# What a widget shows: pictures, text and tables, but not the widget's own number.
SHOWN = """area => [...area.querySelectorAll("img, canvas, pre, table")]
    .map(part => part.src || part.innerText).join("|")"""


def outputs(cell):
    """Kind and text of each output."""
    return [
        (output.output_type, output.get("text") or output.get("data", {}).get("text/plain"))
        for output in cell.outputs
    ]


def use_widgets(page):
    """Move every slider and write into every text box; what is shown has to change."""
    areas = page.locator(".jp-CodeCell .jp-Cell-outputArea", has=page.locator(".jupyter-widgets"))
    for area in areas.all():
        for slider in area.get_by_role("slider").all():
            before = area.evaluate(SHOWN)
            slider.focus()
            page.keyboard.press("ArrowRight")
            wait_for_change(page, area, before)
        for box in area.locator("input[type=text]").all():
            before = area.evaluate(SHOWN)
            box.fill("toy story")
            wait_for_change(page, area, before)
    return areas.count()


def wait_for_change(page, area, before):
    for _ in range(300):
        if area.evaluate(SHOWN) != before:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the widget moved, but still shows {before!r}")


@pytest.mark.parametrize("source", find_notebooks([]), ids=lambda source: source.stem)
def test_run_all_gives_the_stored_outputs(source, page, lab_address, lab_folder):
    stored = nbformat.read(source, as_version=4)
    path = lab.copy_stripped(source, lab_folder)
    lab.open_notebook(page, lab_address.format(path.name), len(stored.cells))
    for position, cell in enumerate(stored.cells):
        if cell.cell_type == "code":
            folded = lab.cell_at(page, position).locator(".jp-InputPlaceholder").count() == 1
            assert folded == ("solution" in cell.metadata.get("tags", [])), cell.source
    lab.run_all(page)
    lab.wait_until_run(page)
    for position, cell in enumerate(stored.cells):
        if "solution" in cell.metadata.get("tags", []):
            solution = lab.cell_at(page, position)
            assert solution.locator(".jp-InputPlaceholder").count() == 1, cell.source
            assert solution.locator(".jp-OutputArea-output:visible").count() == 0, cell.source
    saved = lab.save(page, path)
    normalise(saved)
    for before, after in zip(stored.cells, saved.cells, strict=True):
        if before.cell_type != "code":
            continue
        assert after.execution_count == before.execution_count
        assert lab.problems(after) == []
        if "nbval-ignore-output" not in before.metadata.get("tags", []):
            assert outputs(after) == outputs(before), before.source
    sources = [cell.source for cell in stored.cells if cell.cell_type == "code"]
    widgets = sum(any(name in source for name in WITH_WIDGETS) for source in sources)
    assert use_widgets(page) == widgets


def test_an_exercise_answers_a_wrong_and_a_right_attempt(page, lab_address, lab_folder):
    (source,) = find_notebooks(["align_and_index"])
    cells = nbformat.read(source, as_version=4).cells
    path = lab.copy_stripped(source, lab_folder)
    # Under a name of its own: the old one may still have a kernel, which is about to be stopped.
    path = path.rename(path.with_name("exercises.ipynb"))
    lab.open_notebook(page, lab_address.format(path.name), len(cells))
    position = {cell.id: position for position, cell in enumerate(cells)}
    lab.run_cell(page, position["align-01"])
    lab.wait_for_output(page, position["align-01"], "Ready")
    wrong = {
        "align-15": "def left_align(matrix):\n    return matrix\n\n\ncheck.left_align(left_align)",
        "align-22": "check.predict_row_splits([0, 1, 4, 5])",
    }
    for stub, answer in wrong.items():
        at = position[stub]
        name = answer.partition("check.")[2].partition("(")[0]
        lab.run_cell(page, at)
        lab.wait_for_output(page, at, f"○ {name}: not attempted yet")
        lab.run_cell(page, at, answer)
        lab.wait_for_output(page, at, f"✗ {name}")
        assert "hint" in lab.cell_at(page, at).inner_text()
        lab.run_cell(page, at, cells[at + 1].source)
        lab.wait_for_output(page, at, f"✓ {name}")
    saved = lab.save(page, path)
    for stub in wrong:
        (text,) = outputs(saved.cells[position[stub]])
        assert text[1].startswith("✓")


def test_a_slider_moves(page, lab_address, lab_folder):
    path = lab_folder / "slider.ipynb"
    notebook = new_notebook(cells=[new_code_cell(SLIDER)], metadata={"kernelspec": KERNELSPEC})
    nbformat.write(notebook, path)
    lab.open_notebook(page, lab_address.format(path.name), 1)
    lab.run_all(page)
    lab.wait_until_run(page)
    assert use_widgets(page) == 1
    lab.wait_for_output(page, 0, "squared: 16")


TRAINING = """import torch

from course_utils import torch_models

rows = torch.rand(4_000, 64, generator=torch.Generator().manual_seed(0))
model = torch_models.Autoencoder(64, [32], 4)
history = torch_models.fit(model, rows, epochs=60, batch_size=8)
print("epochs:", len(history.train))"""

SOMETHING_WITH_EPOCHS = ".jp-OutputArea .widget-html-content, .jp-OutputArea .widget-html"


def test_a_training_shows_how_far_it_is(page, lab_address, lab_folder):
    path = lab_folder / "training.ipynb"
    notebook = new_notebook(cells=[new_code_cell(TRAINING)], metadata={"kernelspec": KERNELSPEC})
    nbformat.write(notebook, path)
    lab.open_notebook(page, lab_address.format(path.name), 1)
    lab.run_all(page)
    bar = page.locator(SOMETHING_WITH_EPOCHS, has_text="epoch")
    bar.first.wait_for()
    seen = {bar.first.inner_text()}
    for _ in range(100):
        if len(seen) > 2 or bar.count() == 0:
            break
        page.wait_for_timeout(200)
        with contextlib.suppress(TimeoutError):
            seen.add(bar.first.inner_text(timeout=1_000))
    assert len(seen) > 2  # it moved
    assert any("loss=" in text for text in seen)
    lab.wait_until_run(page)
    lab.wait_for_output(page, 0, "epochs: 60")
    assert page.locator(SOMETHING_WITH_EPOCHS, has_text="epoch").count() == 0  # and is gone
    (cell,) = lab.save(page, path).cells
    assert lab.problems(cell) == []
