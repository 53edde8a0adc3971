"""Every rule of the notebook lint passes a good notebook and catches one spoilt in one place."""

import copy
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebook_lint
from tools.stored import normalise, to_json

ALT = "A line that rises from left to right."
WORDS = "The words between the code say what is asked, and why the answer holds. "


def printed(text: str) -> list[NotebookNode]:
    return [new_output("stream", name="stdout", text=text + "\n")]


def code(source: str, output: str = "", **metadata: object) -> NotebookNode:
    cell = new_code_cell(source, metadata=metadata)
    cell.outputs = printed(output) if output else []
    return cell


def exercise(number: int, kind: str) -> list[NotebookNode]:
    hints = "".join(
        f"<details><summary>Hint {hint}</summary>Look again.</details>\n" for hint in (1, 2)
    )
    name = f"answer_{number}"
    return [
        new_markdown_cell(f"### Exercise {number} · ●●○ · 8 min\n\n*{kind}* {WORDS}\n\n{hints}"),
        code(
            f"{name} = TODO\ncheck.{name}({name})",
            f"○ {name}: not attempted yet",
            tags=["exercise"],
        ),
        code(
            f"# A solution\n{name} = 4\ncheck.{name}({name})",
            f"✓ {name}: 4",
            tags=["solution"],
            jupyter={"source_hidden": True, "outputs_hidden": True},
            cellView="form",
        ),
    ]


def step(number: int) -> list[NotebookNode]:
    return [
        new_markdown_cell(
            f"## {number}. Does it hold?\n\n{WORDS}\n\n*Predict:* what will be printed?"
        ),
        code(f"total = sum(range({number}))\nprint(total)", str(sum(range(number)))),
        new_markdown_cell(WORDS * 2),
        code('verdict("the sum is small", total < 10)', "✓ the sum is small"),
    ]


@pytest.fixture
def good() -> NotebookNode:
    opening = (
        "# Add numbers\n\n"
        "**What you'll do.** Add a few numbers.\n\n"
        "**What you'll learn.**\n\n- how to add\n- how to check\n- how to stop\n\n"
        "**What you'll need.** Nothing.\n\n"
        "**Time.** Reading and exercises 25 minutes; run time about 2 s on two cores."
    )
    picture = code("plots.show(figure, alt=description)")
    picture.outputs = [
        new_output(
            "display_data",
            data={"image/png": "iVBORw0KGgo=", "text/plain": ALT},
            metadata={"image/png": {"alt": ALT}},
        )
    ]
    measured = code(
        "from torch import nn\nprint('took 12.3 ms')",
        "took 12.3 ms",
        tags=["nbval-ignore-output"],
    )
    ending = (
        "## Recap\n\nWe added `1.5`. We checked it. We stopped.\n\n"
        "## Common mistakes\n\nAdding twice.\n\n"
        "## Going further\n\nSubtract.\n\n"
        "## References\n\n- Eckart & Young (1936). doi:10.1007/BF02288367\n\n"
        "[02 Go on →](02_go_on.ipynb)"
    )
    cells = [
        new_markdown_cell(opening),
        code(
            "from course_utils import runtime\nrng = runtime.start(seed=0, framework='torch')",
            "Ready: seed 0, framework torch",
            tags=["setup"],
        ),
        *step(1),
        picture,
        *exercise(1, "Predict."),
        *step(2),
        *exercise(2, "Find the bug."),
        *step(3),
        measured,
        code('verdict("it is quick", True)', "✓ it is quick"),
        *exercise(3, "What breaks it?"),
        *step(4),
        new_markdown_cell(ending),
    ]
    notebook = new_notebook(cells=cells)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:02}"
    for number, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        cell.execution_count = number
    notebook.metadata["course"] = {"seconds": 2, "framework": "torch"}
    normalise(notebook)
    return notebook


def write_neighbour(folder: Path) -> None:
    neighbour = new_notebook(cells=[new_markdown_cell("# Go on")])
    (folder / "02_go_on.ipynb").write_text(to_json(neighbour), encoding="utf-8")


@pytest.fixture
def rules_broken(tmp_path) -> Callable[[NotebookNode | str], set[str]]:
    def rules_broken(notebook: NotebookNode | str, name: str = "01_add.ipynb") -> set[str]:
        write_neighbour(tmp_path)
        path = tmp_path / name
        text = notebook if isinstance(notebook, str) else to_json(notebook)
        path.write_text(text, encoding="utf-8")
        return {problem.rule for problem in notebook_lint.lint(path)}

    return rules_broken


def at(notebook: NotebookNode, text: str) -> NotebookNode:
    """Return the first cell whose source holds the text."""
    return next(cell for cell in notebook.cells if text in cell.source)


def replace(old: str, new: str) -> Callable[[NotebookNode], None]:
    """Spoil the source of the first cell that holds `old`."""

    def spoil(notebook: NotebookNode) -> None:
        cell = at(notebook, old)
        cell.source = cell.source.replace(old, new, 1)

    return spoil


def output_of(text: str, output: str) -> Callable[[NotebookNode], None]:
    """Give the first cell whose source holds `text` another printed output."""

    def spoil(notebook: NotebookNode) -> None:
        at(notebook, text).outputs = printed(output)

    return spoil


def tagged(text: str, *tags: str) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        at(notebook, text).metadata["tags"] = list(tags)

    return spoil


def course(**entries: object) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        notebook.metadata["course"].update(entries)

    return spoil


def promise(seconds: int) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        course(seconds=seconds)(notebook)
        replace("about 2 s", f"about {seconds} s")(notebook)

    return spoil


def drop(*texts: str) -> Callable[[NotebookNode], None]:
    """Remove cells and keep the execution counts without a gap."""

    def spoil(notebook: NotebookNode) -> None:
        for text in texts:
            notebook.cells.remove(at(notebook, text))
        recount(notebook)

    return spoil


def recount(notebook: NotebookNode) -> None:
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.execution_count = number


def add_cells(count: int) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        for number in range(count):
            cell = new_markdown_cell("More.")
            cell.id = f"more-{number}"
            notebook.cells.insert(3, cell)

    return spoil


def picture_output(notebook: NotebookNode) -> NotebookNode:
    return at(notebook, "plots.show").outputs[0]


def never_run(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None


def append_output(output: NotebookNode) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        at(notebook, "total =").outputs.append(output)

    return spoil


def add_exercises(notebook: NotebookNode) -> None:
    for number in (4, 5, 6):
        cells = exercise(number, "")
        for position, cell in enumerate(cells):
            cell.id = f"more-{number}-{position}"
        notebook.cells[-1:-1] = cells
    recount(notebook)


def swap(first: str, second: str) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        one, other = at(notebook, first), at(notebook, second)
        i, j = notebook.cells.index(one), notebook.cells.index(other)
        notebook.cells[i], notebook.cells[j] = other, one
        recount(notebook)

    return spoil


def much_code(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if TOTAL in cell.source:
            cell.source += "\ntotal += 0" * 18


def same_id_twice(notebook: NotebookNode) -> None:
    notebook.cells[3].id = notebook.cells[2].id


ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])
STDERR = new_output("stream", name="stderr", text="oops\n")
TOTAL = "print(total)"

SPOILT = [
    ("valid", same_id_twice),
    ("valid", lambda notebook: notebook.cells[2].update(colour="red")),
    ("stored-form", lambda notebook: notebook.cells[3].metadata.update(execution={"iopub": "9"})),
    ("stored-form", lambda notebook: notebook.metadata.language_info.update(version="3.11.7")),
    ("executed", lambda notebook: at(notebook, TOTAL).update(execution_count=7)),
    ("executed", never_run),
    ("no-error", append_output(ERROR)),
    ("no-stderr", append_output(STDERR)),
    ("pictures", lambda notebook: picture_output(notebook).metadata.clear()),
    ("pictures", lambda notebook: picture_output(notebook).data.update({"text/plain": "else"})),
    ("pictures", replace("The words", "![](02_go_on.ipynb) The words")),
    ("pictures", replace("The words", '<img src="02_go_on.ipynb"> The words')),
    ("machine-traces", output_of(TOTAL, "read /opt/me/x.csv")),
    ("machine-traces", output_of(TOTAL, r"read D:\me\x.csv")),
    ("machine-traces", output_of(TOTAL, "<object at 0x7f3a2b1c>")),
    ("machine-traces", output_of(TOTAL, "<Figure size 640x480 with 1 Axes>")),
    ("machine-traces", output_of(TOTAL, "keras 3.15.1")),
    ("machine-traces", output_of(TOTAL, "took 12.3 ms")),
    ("machine-traces", output_of(TOTAL, "UserWarning: careful")),
    ("machine-traces", output_of(TOTAL, "100%|##| 3/3")),
    ("machine-traces", output_of("took", "read /tmp/x.csv")),
    ("cell-count", add_cells(60)),
    ("cell-size", replace(TOTAL, "\n".join([TOTAL] + ["# more"] * 20))),
    ("cell-size", replace(TOTAL, f"{TOTAL}  # {'x' * 90}")),
    ("cell-size", replace(WORDS * 2, "")),
    ("tags", tagged(TOTAL, "nbval-skip")),
    ("tags", tagged(TOTAL, "raises-exception")),
    ("tags", replace(TOTAL, f"# NBVAL_IGNORE_OUTPUT\n{TOTAL}")),
    ("plain-python", replace(TOTAL, f"%time {TOTAL}")),
    ("formulas", replace("## 1. Does it hold?", r"## 1. Does $\equals{1}{1}$ hold?")),
    ("prose", replace(WORDS, WORDS * 100)),
    ("prose", much_code),
    ("title", replace("## 1. ", "# More\n\n## 1. ")),
    ("title", replace("# Add numbers", "Add numbers")),
    ("opening", replace("**What you'll need.**", "**Needs.**")),
    ("opening", replace("- how to stop", "- stopping")),
    ("opening", replace("- how to stop\n", "")),
    ("run-time", course(seconds=0)),
    ("run-time", course(seconds=9)),
    ("run-time", promise(61)),
    ("run-time", replace("run time about 2 s on two cores", "quick")),
    ("setup", lambda notebook: notebook.cells[1].metadata.pop("tags")),
    ("setup", replace("rng =", "import re\n" * 9 + "rng =")),
    ("setup", output_of("runtime.start", "Ready\nand more")),
    ("framework", replace("from torch import nn", "from torch import nn\nimport keras")),
    ("framework", replace("from course_utils import", "import torch\nfrom course_utils import")),
    ("framework", replace("framework='torch'", "framework='keras'")),
    ("framework", course(framework="keras")),
    ("framework", replace("from torch import nn", "from course_utils import keras_models")),
    ("steps", replace("## 4. Does it hold?", "## 5. Does it hold?")),
    ("steps", replace("## 4. Does it hold?", "## 4. It holds.")),
    ("steps", replace("## 4. Does it hold?", "### Does it hold?")),
    ("predictions", replace("*Predict:*", "Guess:")),
    ("checkpoints", replace('verdict("the sum', 'print("the sum')),
    ("ignored-outputs", drop("it is quick")),
    ("ignored-outputs", replace('verdict("it is quick"', 'print("it is quick"')),
    ("ending", replace("## Common mistakes", "## Mistakes")),
    ("ending", replace("We stopped.", "We stopped. We slept.")),
    ("ending", replace("Subtract.", "")),
    ("references", replace("(1936)", "")),
    ("references", replace("doi:10.1007/BF02288367", "Psychometrika")),
    ("references", replace("- Eckart", "Eckart")),
    ("links", replace("Subtract.", "[Subtract](15_nowhere.ipynb).")),
    ("written-links", replace("\n\n[02 Go on →](02_go_on.ipynb)", "")),
    ("written-links", replace("Subtract.", "[01 Plus](01_add.ipynb).")),
    ("named-by-title", replace("Subtract.", "See notebook 02.")),
    ("named-by-title", replace("Subtract.", "See [notebook\n02](02_go_on.ipynb).")),
    ("named-by-title", replace("sum(range(2))", "sum(range(2))  # as in Notebook 02")),
    ("exercise-count", add_exercises),
    ("exercise-count", replace("*Find the bug.*", "*Mend it.*")),
    ("exercise-cells", replace("### Exercise 2 ·", "### Exercise 3 ·")),
    ("exercise-cells", replace("●●○ · 8 min", "hard")),
    ("exercise-cells", replace("<summary>Hint 2</summary>", "<summary>More</summary>")),
    ("exercise-cells", swap("answer_1 = TODO", "answer_1 = 4")),
    ("exercise-cells", drop("answer_1 = 4")),
    ("exercise-cells", replace("# A solution\n", "")),
    ("exercise-cells", lambda notebook: at(notebook, "answer_1 = 4").metadata.pop("jupyter")),
    ("stored-form", lambda notebook: at(notebook, "answer_1 = 4").metadata.pop("cellView")),
    ("exercise-cells", replace("answer_1 = TODO", "answer_1 = 3")),
    ("exercise-cells", replace("answer_1 = 4", "answer_1 = TODO")),
    ("exercise-cells", replace("check.answer_1(", "check.answer_2(")),
    ("exercise-cells", output_of("answer_1 = TODO", "✗ answer_1: wrong")),
    ("exercise-cells", output_of("answer_1 = 4", "✗ answer_1: wrong")),
    ("exercise-cells", tagged("plots.show", "exercise")),
    ("exercise-leaks", replace("sum(range(2))", "sum(range(answer_1))")),
]


def test_a_good_notebook_keeps_all_rules(good, rules_broken):
    assert rules_broken(good) == set()


@pytest.mark.parametrize(("rule", "spoil"), SPOILT, ids=[rule for rule, _ in SPOILT])
def test_one_spoilt_place_breaks_one_rule(good, rules_broken, rule, spoil):
    before = copy.deepcopy(good)
    spoil(good)
    assert good != before, "the control changes nothing"
    assert rules_broken(good) == {rule}


def test_file_name(good, rules_broken):
    replace("\n\n[02 Go on →](02_go_on.ipynb)", "")(good)
    assert rules_broken(good, "add.ipynb") == {"file-name"}


def test_file_size(good, rules_broken, monkeypatch):
    monkeypatch.setattr(notebook_lint, "MAX_BYTES", 1000)
    assert rules_broken(good) == {"file-size"}


def test_every_rule_has_a_negative_control():
    assert {rule for rule, _ in SPOILT} | {"file-name", "file-size"} == set(notebook_lint.RULES)


def test_a_rebound_name_is_no_leak(good, rules_broken):
    replace("total = sum(range(2))", "answer_1 = 2\ntotal = sum(range(answer_1))")(good)
    assert rules_broken(good) == set()


def test_program_names_file_cell_rule_and_remedy(good, tmp_path, capsys):
    write_neighbour(tmp_path)
    tagged(TOTAL, "nbval-skip")(good)
    path = tmp_path / "01_add.ipynb"
    path.write_text(to_json(good), encoding="utf-8")
    assert notebook_lint.main([str(path)]) == 1
    printed_text = capsys.readouterr().out
    assert "01_add.ipynb, cell 4: [tags] tag 'nbval-skip' is not one of" in printed_text
    assert "1 notebooks, 1 problems" in printed_text


def test_program_refuses_unknown_names_and_broken_files(tmp_path, capsys):
    assert notebook_lint.main(["99_nothing"]) == 2
    assert "no notebook called '99_nothing'" in capsys.readouterr().err
    broken = tmp_path / "01_broken.ipynb"
    broken.write_text("not json", encoding="utf-8")
    assert notebook_lint.main([str(broken)]) == 2
    assert "is no notebook" in capsys.readouterr().err


def test_valid_notebooks_are_read_as_nbformat_reads_them(good, tmp_path):
    path = tmp_path / "01_add.ipynb"
    path.write_text(to_json(good), encoding="utf-8")
    assert notebook_lint.load(path).nb == nbformat.read(path, as_version=4)
