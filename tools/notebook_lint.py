"""Watch what nbval cannot see: ``python -m tools.notebook_lint [notebook …]``.

nbval runs a notebook and compares text. It passes a notebook that was never run, compares no
picture and knows nothing of how the course is built. Each rule below is one function that yields
what it found; its name in the report is the function's name with hyphens.
"""

from __future__ import annotations

import argparse
import ast
import copy
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.course import program
from tools.links import MAP, notebook_text, pages
from tools.mathml import unreadable_formulas
from tools.stored import normalise, to_json

MAX_BYTES = 2_000_000
MAX_LINES, MAX_SETUP_LINES, MAX_WIDTH = 20, 10, 100
CELLS = range(25, 81)
STEPS = range(4, 7)
EXERCISES = range(3, 6)
MAX_SECONDS = 60
WORDS_PER_LINE = (5.0, 15.0)  # aim at 6 to 12
MIN_ALT = 20

IGNORE = "nbval-ignore-output"
TAGS = {"setup", "exercise", "solution", IGNORE}
OPENING = ["What you'll do.", "What you'll learn.", "What you'll need.", "Time."]
ENDING = ["Recap", "Common mistakes", "Going further", "References"]
# Module -> the framework that it brings into the process.
FRAMEWORKS = {
    "tensorflow": "keras",
    "keras": "keras",
    "course_utils.keras_models": "keras",
    "torch": "torch",
    "course_utils.torch_models": "torch",
}

RUN_TIME = re.compile(r"run time about (\d+) s on two cores")
FIRST_LINE = "# A solution"
EXERCISE = re.compile(r"### Exercise (\d+) · (●○○|●●○|●●●) · (\d+) min$")
STEP = re.compile(r"## (\d+)\. (.+)$")
NUMBERED = re.compile(r"\bnotebooks?\s+\d\d\b", re.I)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What must not stand in any stored output, and what must not stand in a compared one.
NEVER_IN_OUTPUT = {
    "a path of one machine": re.compile(
        r"(?<![\w/])/(?:home|work|root|tmp|usr|opt|var|Users|content|mnt)/|\b[A-Z]:\\"
    ),
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}"),
    "a warning": re.compile(r"\b\w*Warning:"),
    "a progress bar": re.compile(r"\r|it/s\b|%\||━"),
    "an object instead of its content": re.compile(r"<(?:Figure|Axes|matplotlib|function|bound)\b"),
}
NOT_WHERE_COMPARED = {
    "a version": re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?![\w.])"),
    "a duration": re.compile(r"(?<![\w.])\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds)\b"),
}

Finding = tuple[int | None, str]  # position of the cell, or None for the whole file; message


@dataclass(frozen=True)
class Problem:
    """One broken rule.

    Attributes
    ----------
    file : Path
        The notebook.
    cell : int or None
        Position of the cell, counted from 1; None if the whole notebook is meant.
    rule : str
        Name of the rule.
    message : str
        What is wrong and what to do.
    """

    file: Path
    cell: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        """Show one line: file, cell, rule and message."""
        place = f"{self.file.name}" + (f", cell {self.cell}" if self.cell else "")
        return f"{place}: [{self.rule}] {self.message}"


@dataclass(frozen=True)
class Subject:
    """A notebook as the rules see it.

    Attributes
    ----------
    path : Path
        The file.
    text : str
        Its content.
    nb : NotebookNode
        The same, parsed.
    """

    path: Path
    text: str
    nb: NotebookNode

    @cached_property
    def code(self) -> list[tuple[int, NotebookNode]]:
        """Positions and code cells."""
        return [(i, cell) for i, cell in enumerate(self.nb.cells) if cell.cell_type == "code"]

    @cached_property
    def prose(self) -> list[tuple[int, NotebookNode]]:
        """Positions and Markdown cells."""
        return [(i, cell) for i, cell in enumerate(self.nb.cells) if cell.cell_type == "markdown"]

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """Positions and heading lines, in order."""
        return [
            (i, line.rstrip())
            for i, cell in self.prose
            for line in _without_code(cell.source).splitlines()
            if re.match(r"#{1,6} ", line)
        ]

    @cached_property
    def steps(self) -> list[tuple[str, int, int]]:
        """Heading, first and last+1 position of every ``## N. …`` section."""
        sections = [(i, line) for i, line in self.headings if line.startswith("## ")]
        ends = [i for i, _ in sections[1:]] + [len(self.nb.cells)]
        return [
            (line, i, end)
            for (i, line), end in zip(sections, ends, strict=True)
            if STEP.match(line)
        ]

    @cached_property
    def trees(self) -> dict[int, ast.Module]:
        """Syntax tree of every code cell that is plain Python."""
        trees = {}
        for i, cell in self.code:
            try:
                trees[i] = ast.parse(cell.source)
            except SyntaxError:
                continue
        return trees

    def section(self, heading: str) -> str | None:
        """Text below a heading, up to the next one; None if there is no such heading."""
        text = "\n\n".join(cell.source for _, cell in self.prose)
        found = re.search(rf"^{re.escape(heading)}[ \t]*$(.*?)(?=^#{{1,6}} |\Z)", text, re.M | re.S)
        return found[1].strip() if found else None

    @property
    def course(self) -> dict[str, object]:
        """The course's own metadata: promised seconds and framework."""
        return dict(self.nb.metadata.get("course", {}))


def _without_code(markdown: str) -> str:
    """Markdown without fenced blocks, whose comments look like headings."""
    return re.sub(r"^```.*?^```", "", markdown, flags=re.M | re.S)


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _lines(cell: NotebookNode) -> list[str]:
    """Lines of a cell that are not blank."""
    return [line for line in cell.source.splitlines() if line.strip()]


def _text(cell: NotebookNode) -> str:
    """All text of a cell's outputs, pictures' descriptions included."""
    parts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        else:
            data = output.get("data", {})
            parts += [text for kind, text in data.items() if kind.startswith("text/")]
    return "\n".join(parts)


def _has_verdict(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "verdict(" in cell.source and IGNORE not in _tags(cell)


RULES: dict[str, Callable[[Subject], Iterator[Finding]]] = {}


def rule(
    function: Callable[[Subject], Iterator[Finding]],
) -> Callable[[Subject], Iterator[Finding]]:
    """Enter a function into :data:`RULES` under its own name."""
    RULES[function.__name__.strip("_").replace("_", "-")] = function
    return function


# ---------------------------------------------------------------- the file and its stored outputs


@rule
def file_name(subject: Subject) -> Iterator[Finding]:
    """Named NN_topic.ipynb, so that the reading order is the order of names."""
    if not re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", subject.path.name):
        yield None, "name the file NN_topic.ipynb in small letters"


@rule
def file_size(subject: Subject) -> Iterator[Finding]:
    """Small enough to open in a browser."""
    size = len(subject.text.encode())
    if size > MAX_BYTES:
        yield None, f"{size:,} bytes, allowed are {MAX_BYTES:,}: draw fewer or smaller pictures"


@rule
def valid(subject: Subject) -> Iterator[Finding]:
    """Keep to the notebook format, with a unique id on every cell."""
    ids = [cell.get("id") for cell in subject.nb.cells]
    for i, name in enumerate(ids):
        if name is None or name in ids[:i]:
            yield i, "give the cell an id of its own"
            return  # nbformat would invent one and go on
    try:
        nbformat.validate(copy.deepcopy(subject.nb))
    except nbformat.ValidationError as error:
        yield None, f"not valid nbformat: {str(error).splitlines()[0]}"


@rule
def stored_form(subject: Subject) -> Iterator[Finding]:
    """Store it as `run_course` does: nothing that differs by machine, editor or day."""
    normal = copy.deepcopy(subject.nb)
    normalise(normal)
    if to_json(normal) != subject.text:
        yield None, "not in its stored form: python -m tools.run_course --in-place brings it there"


@rule
def executed(subject: Subject) -> Iterator[Finding]:
    """Run from top to bottom in one fresh kernel."""
    for expected, (i, cell) in enumerate(subject.code, start=1):
        if cell.execution_count != expected:
            yield (
                i,
                f"execution count {cell.execution_count} instead of {expected}: "
                "run the notebook from the top with run_course --in-place",
            )
            return


@rule
def no_error(subject: Subject) -> Iterator[Finding]:
    """No stored output is an error."""
    for i, cell in subject.code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield i, f"ends in {output.ename}: mend the cell and run the notebook again"


@rule
def no_stderr(subject: Subject) -> Iterator[Finding]:
    """Nothing is written to standard error."""
    for i, cell in subject.code:
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                line = output.text.strip().splitlines()[:1]
                yield i, f"writes to stderr {line}: remove the cause, do not hide it"


@rule
def pictures(subject: Subject) -> Iterator[Finding]:
    """Every picture carries a description, which is also the text that nbval compares."""
    for i, cell in subject.code:
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if not kind.startswith("image/"):
                    continue
                alt = output.metadata.get(kind, {}).get("alt", "")
                if len(alt) < MIN_ALT:
                    yield i, "picture without a description: use plots.show(figure, alt=…)"
                elif output.data.get("text/plain") != alt:
                    yield i, "text/plain differs from the alt text: use plots.show(figure, alt=…)"
    for i, cell in subject.prose:
        if re.search(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"])", _without_code(cell.source)):
            yield i, "picture without a description: write ![what it shows](file)"


@rule
def machine_traces(subject: Subject) -> Iterator[Finding]:
    """Nothing in an output that differs by machine, run or version."""
    for i, cell in subject.code:
        forbidden = dict(NEVER_IN_OUTPUT)
        if IGNORE not in _tags(cell):
            forbidden |= NOT_WHERE_COMPARED
        text = _text(cell)
        for what, pattern in forbidden.items():
            if found := pattern.search(text):
                line = text[text.rfind("\n", 0, found.start()) + 1 :].splitlines()[0]
                yield i, f"output shows {what}: {line.strip()[:80]!r}"


# --------------------------------------------------------------------------------------- the cells


@rule
def cell_count(subject: Subject) -> Iterator[Finding]:
    """As long as one sitting."""
    count = len(subject.nb.cells)
    if count not in CELLS:
        yield None, f"{count} cells, allowed are {CELLS.start} to {CELLS.stop - 1}"


@rule
def cell_size(subject: Subject) -> Iterator[Finding]:
    """Short cells with lines that fit a projector; none is empty."""
    for i, cell in enumerate(subject.nb.cells):
        lines = _lines(cell)
        if not cell.source.strip():
            yield i, "empty cell: remove it"
        if cell.cell_type != "code":
            continue
        if len(lines) > MAX_LINES:
            yield (
                i,
                f"{len(lines)} lines, allowed are {MAX_LINES}: split the cell or move code to "
                "course_utils",
            )
        for line in lines:
            if len(line) > MAX_WIDTH:
                yield i, f"a line of {len(line)} characters, allowed are {MAX_WIDTH}: break it"


@rule
def tags(subject: Subject) -> Iterator[Finding]:
    """Only tags the course uses; nothing that switches nbval off."""
    for i, cell in enumerate(subject.nb.cells):
        for tag in _tags(cell):
            if tag not in TAGS:
                yield i, f"tag {tag!r} is not one of {', '.join(sorted(TAGS))}"
        if cell.cell_type == "code" and (
            found := re.search(r"#\s*((?:PYTEST_VALIDATE|NBVAL)_\w+)", cell.source)
        ):
            yield i, f"comment {found[1]}: nbval obeys it, and nobody sees it; use the tag"


@rule
def plain_python(subject: Subject) -> Iterator[Finding]:
    """Every code cell is Python; no magic, no shell command."""
    for i, cell in subject.code:
        if i not in subject.trees and cell.source.strip():
            yield i, "not plain Python: write it without magics and shell commands"


@rule
def formulas(subject: Subject) -> Iterator[Finding]:
    """Every formula can be typeset on the pages, which do without JavaScript."""
    for i, cell in enumerate(subject.nb.cells):
        if cell.cell_type == "markdown":
            for tex in unreadable_formulas(cell.source):
                yield i, f"the formula {tex!r} cannot be typeset; use simpler TeX"


@rule
def prose(subject: Subject) -> Iterator[Finding]:
    """Enough words around the code, and not too many."""
    low, high = WORDS_PER_LINE
    ratio = words_per_line(subject)
    if not low <= ratio <= high:
        yield (
            None,
            f"{ratio:.1f} words of prose per line of code; aim at 6 to 12 "
            f"(accepted: {low:g} to {high:g})",
        )


def words_per_line(subject: Subject) -> float:
    """Words of Markdown per line of code; references, tables, map and comments not counted."""
    words = 0
    for _, cell in subject.prose:
        text = re.split(r"^## References", _without_code(cell.source), flags=re.M)[0]
        text = re.sub(r"^\|.*$", "", MAP.sub("", text), flags=re.M)
        words += len(re.findall(r"\w[\w'’-]*", re.sub(r"\$[^$]*\$|`[^`]*`|<[^>]+>", " x ", text)))
    lines = [line.strip() for _, cell in subject.code for line in cell.source.splitlines()]
    return words / max(1, sum(bool(line) and not line.startswith("#") for line in lines))


# ------------------------------------------------------------------------------------- the anatomy


@rule
def title(subject: Subject) -> Iterator[Finding]:
    """One title, in the first line of the first cell."""
    titles = [i for i, line in subject.headings if line.startswith("# ")]
    first = subject.nb.cells[0] if subject.nb.cells else None
    if titles != [0] or first is None or not first.source.startswith("# "):
        yield 0, "start the first cell with the only '# Verb title' of the notebook"


@rule
def opening(subject: Subject) -> Iterator[Finding]:
    """Say what the reader will do, learn and need, and how long it takes."""
    first = subject.nb.cells[0].source if subject.nb.cells else ""
    parts = re.findall(r"^\*\*(.+?)\*\*", first, re.M)
    if parts != OPENING:
        yield 0, f"the first cell needs the bold parts {OPENING} in this order, it has {parts}"
        return
    learn = first.split("**What you'll learn.**")[1].split("**What you'll need.**")[0]
    bullets = re.findall(r"^[-*] +(.*)$", learn, re.M)
    if len(bullets) not in (3, 4) or not all(line.startswith("how to ") for line in bullets):
        yield 0, "What you'll learn needs three or four bullets that start with 'how to '"


@rule
def run_time(subject: Subject) -> Iterator[Finding]:
    """Promise a measured run time within the bound, the same in metadata and in the first cell."""
    seconds = subject.course.get("seconds")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
        yield None, f"metadata.course.seconds is {seconds!r}: run_course --in-place measures it"
        return
    if seconds > MAX_SECONDS:
        yield None, f"takes {seconds} s, allowed are {MAX_SECONDS} s: train less or on less"
    told = RUN_TIME.search(subject.nb.cells[0].source)
    if told is None:
        yield 0, "Time needs 'run time about N s on two cores'"
    elif int(told[1]) != seconds:
        yield 0, f"tells {told[1]} s, but metadata.course.seconds is {seconds}"


@rule
def setup(subject: Subject) -> Iterator[Finding]:
    """Set up in the second cell: short, starts the runtime, prints one line."""
    tagged = [i for i, cell in subject.code if "setup" in _tags(cell)]
    if tagged != [1]:
        yield 1, "the second cell, and no other, is the set-up cell: code with the tag 'setup'"
        return
    cell = subject.nb.cells[1]
    if len(_lines(cell)) > MAX_SETUP_LINES:
        yield 1, f"the set-up cell has more than {MAX_SETUP_LINES} lines"
    if "runtime.start(" not in cell.source:
        yield 1, "the set-up cell calls runtime.start(seed=0)"
    if len(_text(cell).strip().splitlines()) != 1:
        yield 1, "the set-up cell prints one stable line"


@rule
def framework(subject: Subject) -> Iterator[Finding]:
    """At most one framework, started by the runtime before it is imported, and declared."""
    imported: dict[str, int] = {}
    started: tuple[int, int] | None = None
    declared = None
    for i, tree in subject.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "runtime.start":
                started = started or (i, node.lineno)
                for keyword in node.keywords:
                    if keyword.arg == "framework" and isinstance(keyword.value, ast.Constant):
                        declared = keyword.value.value
    for i, tree in subject.trees.items():
        for node in ast.walk(tree):
            for name in sorted(_frameworks_imported(node)):
                imported.setdefault(name, i)
                if started is None or (i, node.lineno) < started:  # type: ignore[attr-defined]
                    yield i, f"imports {name} before runtime.start(framework={name!r})"
    if len(imported) > 1:
        yield max(imported.values()), "imports Keras and PyTorch: one framework per notebook"
    for name, i in imported.items():
        if len(imported) == 1 and declared != name:
            yield i, f"imports {name}: runtime.start needs framework={name!r}"
    if subject.course.get("framework", "missing") != declared:
        yield (
            None,
            f"metadata.course.framework is {subject.course.get('framework', 'missing')!r}, "
            f"runtime.start says {declared!r}",
        )


def _frameworks_imported(node: ast.AST) -> set[str]:
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return {
        framework
        for module in modules
        for prefix, framework in FRAMEWORKS.items()
        if module == prefix or module.startswith(prefix + ".")
    }


@rule
def steps(subject: Subject) -> Iterator[Finding]:
    """Four to six numbered steps whose titles ask."""
    if len(subject.steps) not in STEPS:
        yield (
            None,
            f"{len(subject.steps)} steps ('## N. …?'), allowed are "
            f"{STEPS.start} to {STEPS.stop - 1}",
        )
    for number, (line, i, _) in enumerate(subject.steps, start=1):
        found = STEP.match(line)
        assert found is not None
        if int(found[1]) != number:
            yield i, f"step {found[1]} stands where step {number} belongs"
        if not found[2].endswith("?"):
            yield i, f"the title of a step asks a question: {line!r}"


@rule
def predictions(subject: Subject) -> Iterator[Finding]:
    """Every step lets the reader predict before the code."""
    for line, start, end in subject.steps:
        cells = subject.nb.cells[start:end]
        predicts = [
            k
            for k, cell in enumerate(cells)
            if cell.cell_type == "markdown" and re.search(r"^\*Predict:\*", cell.source, re.M)
        ]
        if not predicts:
            yield start, f"no line starting '*Predict:*' in {line!r}"
        elif not any(cell.cell_type == "code" for cell in cells[predicts[0] :]):
            yield start + predicts[0], "nothing runs after the prediction"


@rule
def checkpoints(subject: Subject) -> Iterator[Finding]:
    """Every step ends in a verdict that nbval compares."""
    for line, start, end in subject.steps:
        if not any(_has_verdict(cell) for cell in subject.nb.cells[start:end]):
            yield start, f"no compared verdict(…) in {line!r}"


@rule
def ignored_outputs(subject: Subject) -> Iterator[Finding]:
    """Have what is not compared judged by a verdict before the next heading."""
    heading_at = {i for i, _ in subject.headings}
    for i, cell in subject.code:
        if IGNORE not in _tags(cell):
            continue
        for j in range(i + 1, len(subject.nb.cells) + 1):
            if j == len(subject.nb.cells) or j in heading_at:
                yield i, "its output is not compared: add a verdict cell before the next heading"
                break
            if _has_verdict(subject.nb.cells[j]):
                break


@rule
def ending(subject: Subject) -> Iterator[Finding]:
    """Recap in three sentences, common mistakes, going further, references."""
    sections = [line.removeprefix("## ") for _, line in subject.headings if line.startswith("## ")]
    if sections[-len(ENDING) :] != ENDING:
        yield None, f"the last sections must be {', '.join(ENDING)}, they are {sections[-4:]}"
        return
    recap = subject.section("## Recap") or ""
    text = re.sub(r"`[^`]*`|\$[^$]*\$", "x", recap)
    sentences = len(re.findall(r"[.!?](?=[)*_”\"]*(?:\s|\Z))", text))
    if sentences != 3:
        yield None, f"the recap has {sentences} sentences instead of three"
    for name in ENDING[1:3]:
        if not subject.section(f"## {name}"):
            yield None, f"nothing below '## {name}'"


@rule
def references(subject: Subject) -> Iterator[Finding]:
    """Every reference has a year and an identifier."""
    entries = re.findall(r"^[-*] +(.*(?:\n  +.*)*)", subject.section("## References") or "", re.M)
    if not entries:
        yield None, "list the references: '- Author (year). Title. DOI or arXiv id'"
    for entry in entries:
        year = re.search(r"\b(?:18|19|20)\d\d\b", entry)
        identifier = re.search(r"\b10\.\d{4,}/|arXiv|ISBN|https?://", entry, re.I)
        if not (year and identifier):
            yield None, f"reference without year or DOI/arXiv/ISBN/link: {entry[:60]!r}"


@rule
def links(subject: Subject) -> Iterator[Finding]:
    """Links to files lead somewhere."""
    for i, cell in subject.prose:
        for target in LINK.findall(_without_code(cell.source)):
            file = target.partition("#")[0]
            if (
                file
                and not re.match(r"[a-z]+:", file)
                and not (subject.path.parent / file).exists()
            ):
                yield i, f"link to {file}, which does not exist"


@rule
def written_links(subject: Subject) -> Iterator[Finding]:
    """Lead to its neighbours and to other notebooks as `tools.links` writes it."""
    course = pages(subject.path.parent)
    if subject.path.name not in [page.path.name for page in course]:
        return
    wanted = nbformat.v4.reads(notebook_text(subject.path, course))
    for i, (cell, linked) in enumerate(zip(subject.nb.cells, wanted.cells, strict=True)):
        if cell.source != linked.source:
            yield i, "links to notebooks are out of date: python -m tools.links writes them"


@rule
def named_by_title(subject: Subject) -> Iterator[Finding]:
    """Call another notebook by its title, best in a link: numbers change when one is put in."""
    for i, cell in enumerate(subject.nb.cells):
        if found := NUMBERED.search(cell.source):
            yield i, f"calls a notebook by its number, {found[0]!r}: link its title instead"


# ----------------------------------------------------------------------------------- the exercises


@rule
def exercise_count(subject: Subject) -> Iterator[Finding]:
    """Three to five exercises, numbered; one to predict, one with a bug, one to break."""
    found = [(i, line) for i, line in subject.headings if line.startswith("### Exercise")]
    if len(found) not in EXERCISES:
        yield (
            None,
            f"{len(found)} exercises, allowed are {EXERCISES.start} to {EXERCISES.stop - 1}",
        )
        return
    texts = [subject.nb.cells[i].source.lower() for i, _ in found]
    for word, kind in (
        ("predict", "predict"),
        ("bug", "find the bug"),
        ("break", "what breaks it?"),
    ):
        if not any(word in text for text in texts):
            yield None, f"no exercise of the kind '{kind}'"


@rule
def exercise_cells(subject: Subject) -> Iterator[Finding]:
    """Build an exercise of three cells: text with hints, stub, folded solution; one check."""
    heads = [i for i, line in subject.headings if line.startswith("### Exercise")]
    belongs = set()
    for number, i in enumerate(heads, start=1):
        first = EXERCISE.match(subject.nb.cells[i].source.splitlines()[0])
        if first is None or int(first[1]) != number:
            yield i, f"start the cell with '### Exercise {number} · ●●○ · 8 min'"
        for hint in (1, 2):
            if f"<details><summary>Hint {hint}</summary>" not in subject.nb.cells[i].source:
                yield i, f"needs <details><summary>Hint {hint}</summary>…</details>"
        belongs |= {i + 1, i + 2}
        stub, solution = (
            (subject.nb.cells[i + k] if i + k < len(subject.nb.cells) else None) for k in (1, 2)
        )
        if stub is None or "exercise" not in _tags(stub):
            yield i, "the next cell must be the stub, a code cell with the tag 'exercise'"
            continue
        if solution is None or "solution" not in _tags(solution):
            yield i + 1, "the next cell must be the solution, a code cell with the tag 'solution'"
            continue
        if solution.source.splitlines()[0] != FIRST_LINE:
            why = "JupyterLab shows the first line of a folded cell"
            yield i + 2, f"a solution begins with the line '{FIRST_LINE}': {why}"
        for part in ("source_hidden", "outputs_hidden"):
            if solution.metadata.get("jupyter", {}).get(part) is not True:
                yield i + 2, f"a solution needs the metadata jupyter.{part}: true"
        if "TODO" not in stub.source:
            yield i + 1, "a stub holds TODO where the learner's answer goes"
        if "TODO" in solution.source:
            yield i + 2, "a solution holds no TODO"
        checks = [set(re.findall(r"\bcheck\.(\w+)\(", cell.source)) for cell in (stub, solution)]
        if not checks[0] or checks[0] != checks[1]:
            yield i + 1, "stub and solution must call the same check.NAME(…)"
        if "not attempted yet" not in _text(stub):
            yield i + 1, "a stub prints '○ name: not attempted yet'"
        if not _text(solution).startswith("✓"):
            yield i + 2, "a solution prints '✓ …'"
    for i, cell in enumerate(subject.nb.cells):
        if i not in belongs and {"exercise", "solution"} & set(_tags(cell)):
            yield i, "a stub or a solution without its '### Exercise' cell in front"


@rule
def exercise_leaks(subject: Subject) -> Iterator[Finding]:
    """Nothing later depends on what the learner wrote."""
    learner: set[str] = set()
    for i, cell in subject.code:
        if i not in subject.trees:
            continue
        bound, read = _names(subject.trees[i])
        if {"exercise", "solution"} & set(_tags(cell)):
            learner |= bound
            continue
        if leaked := sorted((read - bound) & learner):
            yield i, f"reads {', '.join(leaked)}, which an exercise defines"
        learner -= bound


def _names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names that a cell binds at its top level, and names that it reads anywhere."""
    bound: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
            continue
        for part in ast.walk(node):
            if isinstance(part, (ast.Import, ast.ImportFrom)):
                bound |= {(alias.asname or alias.name).partition(".")[0] for alias in part.names}
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                bound.add(part.id)
    read = {
        part.id
        for part in ast.walk(tree)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    }
    return bound, read


# ------------------------------------------------------------------------------------- the program


def load(path: Path) -> Subject:
    """Read a notebook.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Subject
        What the rules look at.

    Raises
    ------
    ValueError
        If the file is no notebook of format 4.
    """
    text = path.read_text(encoding="utf-8")
    try:
        # The reader below this one repairs what the rule `valid` has to see.
        return Subject(path, text, nbformat.v4.reads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no notebook: {error}") from error


def lint(path: Path) -> list[Problem]:
    """Apply every rule to one notebook.

    Parameters
    ----------
    path : Path
        The notebook.

    Returns
    -------
    list of Problem
        Empty if the notebook keeps all rules.
    """
    subject = load(path)
    return [
        Problem(path, None if cell is None else cell + 1, name, message)
        for name, check in RULES.items()
        for cell, message in check(subject)
    ]


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if a rule is broken, or 2 if a file is no notebook."""
    try:
        problems = {path: lint(path) for path in options.notebooks}
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for path, found in problems.items():
        subject = load(path)
        print(
            f"{'✗' if found else '✓'} {path.stem}: {len(subject.nb.cells)} cells, "
            f"{subject.course.get('seconds')} s, "
            f"{words_per_line(subject):.1f} words of prose per line of code"
        )
        for problem in found:
            print(f"    {problem}")
    total = sum(map(len, problems.values()))
    print(f"{len(RULES)} rules, {len(problems)} notebooks, {total} problems")
    return int(total > 0)


main = program("notebook_lint", "Check the notebooks against the rules.", _run)

if __name__ == "__main__":
    sys.exit(main())
