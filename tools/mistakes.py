"""Write which wrong answers to expect: ``python -m tools.mistakes``, in some minutes.

The tests of the checks hold every exercise against wrong answers, most of which somebody gave. This
program runs those tests, listens to what the checks say, and writes ``docs/mistakes.md``: for each
exercise the wrong answers, and the sentence with which its check meets each. A teacher reads it
before the lesson.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from course_utils.checks import Breaking, Exercise, Prediction, Status
from course_utils.work._copies import read_course
from course_utils.work._progress import Standing, standings
from tools.course import NOTEBOOKS, ROOT, program
from tools.stored import write_atomically

DOCUMENT = ROOT / "docs" / "mistakes.md"
MOST = 8  # wrong answers of one exercise; a teacher has to read them
_LONGEST = 90
# One process holds one framework. SciPy, which is imported here before pytest looks at warnings,
# would have turned this one off.
_OPTIONS = ["-q", "-m", "not keras and not torch", "-W", "ignore:the matrix subclass"]
# Names that say nothing about the answer.
_NAMELESS = re.compile(r"<lambda>|attempt|answer|wrong|wrapped|solution|solved|inner|given", re.I)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, and what its check says.

    Attributes
    ----------
    exercise : str
        Topic and name, such as "align_and_index.left_align".
    answer : str
        The answer in a few words, or as it was written; empty for a function without a name.
    about, hint : str
        What is wrong with it, and the hint that the learner gets.
    """

    exercise: str
    answer: str
    about: str
    hint: str


class Listener:
    """A plugin of pytest that notes what the checks say of wrong answers."""

    def __init__(self) -> None:
        self.case = ""
        self.found: list[Mistake] = []

    def pytest_runtest_setup(self, item: Any) -> None:
        """Remember the name of the case that runs."""
        self.case = item.callspec.id if hasattr(item, "callspec") else ""

    def heard(self, exercise: object, answer: tuple[object, ...], outcome: Any) -> None:
        """Note a verdict on a wrong answer."""
        name = _name_of(exercise)
        if outcome.status is Status.WRONG and name:
            words = _in_words(answer, self.case)
            self.found.append(Mistake(name, words, *feedback(outcome.message)))


def _name_of(exercise: object) -> str:
    for module, held in list(sys.modules.items()):
        if module.startswith("course_utils.checks."):
            for name, value in vars(held).items():
                if value is exercise:
                    return f"{module.removeprefix('course_utils.checks.')}.{name}"
    return ""


def _in_words(answer: tuple[object, ...], case: str) -> str:
    """Answer as it was written, or the name of its function in words; empty if neither tells."""
    if not any(callable(part) for part in answer):
        text = ", ".join(" ".join(repr(part).split()) for part in answer)
        return f"`{text}`" if len(text) <= _LONGEST and "`" not in text else ""
    names = [getattr(part, "__name__", "") for part in answer] + [case.split("-")[0]]
    for name in names:
        if name and not _NAMELESS.search(name) and not re.search(r"\d$", name):
            return name.replace("_", " ")
    return ""


def feedback(message: str) -> tuple[str, str]:
    r"""Take from a check's message what tells a teacher most.

    Parameters
    ----------
    message : str
        All that the check says.

    Returns
    -------
    about, hint : str
        The case at which a function fails, or what is wrong with a value; and the hint, or "".

    Examples
    --------
    >>> feedback("✗ f: 1 of 2 cases\n  case      an empty row\n  hint      Count\n    again.")
    ('an empty row', 'Count again.')
    """
    parts: dict[str, str] = {}
    name = ""
    first, *others = message.splitlines()
    for line in others:
        begun = re.match(r" {2}(\w+) +(.*)", line)
        if begun:
            name, text = begun[1], begun[2]
        else:
            text = f"{parts.get(name, '')} {line.strip()}"
        parts[name] = text
    about = parts.get("case") or parts.get("problem") or first.partition(": ")[2]
    return about, parts.get("hint", "")


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a listener hear every verdict."""
    kinds: list[Any] = [Exercise, Prediction, Breaking]
    before = {kind: kind.judge for kind in kinds}

    def heard(judge: Callable[..., Any]) -> Callable[..., Any]:
        def judged(exercise: object, *answer: object) -> Any:
            outcome = judge(exercise, *answer)
            listener.heard(exercise, answer, outcome)
            return outcome

        return judged

    for kind in kinds:
        kind.judge = heard(before[kind])
    try:
        yield
    finally:
        for kind in kinds:
            kind.judge = before[kind]


def by_exercise(found: Sequence[Mistake]) -> dict[str, list[Mistake]]:
    """Sort mistakes by exercise, each piece of feedback once, at most ``MOST``.

    Parameters
    ----------
    found : sequence of Mistake
        All of them.

    Returns
    -------
    dict of str to list of Mistake
        Exercise -> its mistakes, in the order of the tests.
    """
    chosen: dict[str, list[Mistake]] = {}
    for mistake in sorted(found, key=lambda each: not each.answer):  # those with a name first
        of = chosen.setdefault(mistake.exercise, [])
        new = all(
            (mistake.about, mistake.hint) != (other.about, other.hint)
            and (mistake.answer != other.answer or not mistake.answer)
            for other in of
        )
        if new and len(of) < MOST:
            of.append(mistake)
    return chosen


def page(found: Mapping[str, Sequence[Mistake]], course: Sequence[Standing]) -> str:
    """Document with the mistakes.

    Parameters
    ----------
    found : mapping of str to sequence of Mistake
        Exercise -> its mistakes.
    course : sequence of Standing
        Notebooks with the names of their exercises.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "# Wrong answers to expect",
        "",
        "<!-- Written by python -m tools.mistakes from the tests of the checks. -->",
        "",
        "For each exercise, wrong answers with which its check was tested, and how it meets them.",
        "A name in words is what a wrong function does.",
    ]
    for notebook in course:
        lines += ["", f"## {notebook.name}"]
        for number, name in enumerate(notebook.exercises, 1):
            lines += ["", f"**Exercise {number}, `{name}`**", ""]
            of = found.get(f"{notebook.topic}.{name}", ())
            hints = {mistake.hint for mistake in of}
            shared = len(of) > 1 and len(hints) == 1
            if shared and (hint := hints.pop()):
                lines += [f"Hint: {_plain(hint)}", ""]
            for mistake in of:
                told = [mistake.about, "" if shared else mistake.hint]
                sentences = ". ".join(_plain(text.rstrip(".")) for text in told if text)
                end = "" if sentences.endswith(("?", "!")) else "."
                answer = f"{mistake.answer}: " if mistake.answer else ""
                lines.append(f"- {answer}{sentences}{end}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text in which only code is marked."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_<\[\]$|])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts) if len(parts) % 2 else text.replace("`", "")


def notebooks() -> list[Standing]:
    """All notebooks of the course with the names of their exercises."""
    return standings(read_course(NOTEBOOKS), ())


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tests", nargs="*", default=[str(ROOT / "tests" / "checks")])


def _run(options: argparse.Namespace) -> int:
    """Exit status: that of the tests, and nothing is written if one fails."""
    listener = Listener()
    with listening(listener):
        status = int(pytest.main([*_OPTIONS, *options.tests], plugins=[listener]))
    if status == 0:
        found = by_exercise(listener.found)
        write_atomically(DOCUMENT, page(found, notebooks()))
        print(f"wrote {DOCUMENT.relative_to(ROOT)}: {sum(map(len, found.values()))} wrong answers")
    return status


main = program("mistakes", "Write the wrong answers.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
