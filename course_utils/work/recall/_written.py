"""Write the questions as a page without scripts, and in the format that Moodle reads."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from course_utils.work.recall._questions import Choice, Question, place_of, shuffled

Places = Mapping[tuple[str, str], tuple[str, str]]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What do you still know?</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; }}
details {{ border: 1px solid #808080; border-radius: 0.3rem; margin: 0.4rem 0;
  padding: 0.4rem 0.8rem; }}
summary {{ cursor: pointer; }}
code {{ font-family: ui-monospace, monospace; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>What do you still know?</h1>
<p>Choose an answer and open it: it says whether it is right, and why.</p>
{sections}
</body>
</html>
"""


def _by_notebook(
    found: Sequence[Question], places: Places
) -> Iterator[tuple[str, Iterator[Question]]]:
    """Yield the title of each notebook with its questions, in the order of the course."""
    ordered = sorted(found, key=lambda each: place_of(each, places)[0])
    yield from itertools.groupby(
        ordered, key=lambda each: place_of(each, places)[1].partition(",")[0]
    )


def as_page(found: Sequence[Question], places: Places) -> str:
    """Write a page without scripts: each answer opens and says why it is right or wrong.

    Parameters
    ----------
    found : sequence of Question
        The questions.
    places : mapping
        Where cells stand; see :func:`places`.

    Returns
    -------
    str
        HTML that loads nothing. Links lead to the notebooks beside the page.
    """
    sections = []
    for title, questions in _by_notebook(found, places):
        sections.append(f"<h2>{html.escape(title)}</h2>")
        for question in questions:
            address, where = place_of(question, places)
            sections.append(f"<h3>{_inline(question.ask)}</h3>")
            sections += [_answer(question, choice) for choice in shuffled(question)]
            sections.append(
                f'<p>Look it up: <a href="{html.escape(address)}">{html.escape(where)}</a></p>'
            )
    return _PAGE.format(sections="\n".join(sections))


def as_details(found: Sequence[Question], places: Places) -> str:
    """Write questions for a cell of Markdown: each answer opens and says why it is right or wrong.

    Parameters
    ----------
    found : sequence of Question
        The questions.
    places : mapping
        Where cells stand; see :func:`places`.

    Returns
    -------
    str
        Markdown in which the answers are folded.
    """
    paragraphs = []
    for question in found:
        address, where = place_of(question, places)
        answers = "\n".join(_answer(question, choice) for choice in shuffled(question))
        paragraphs += [f"<b>{question.ask}</b> ([{where}]({address}))", answers]
    return "\n\n".join(paragraphs)


def _answer(question: Question, choice: Choice) -> str:
    """Write one choice, which opens and says whether it is right, and why."""
    mark = "✓" if choice is question.right else "✗"
    return (
        f"<details><summary>{_inline(choice.text)}</summary>"
        f"<p>{mark} {_inline(choice.because)}</p></details>"
    )


def _inline(text: str) -> str:
    """Write code and emphasis as HTML: within HTML nobody reads Markdown's marks."""

    def as_html(mark: re.Match[str]) -> str:
        code, emphasis = mark.groups()
        return f"<em>{emphasis}</em>" if code is None else f"<code>{code}</code>"

    return re.sub(r"`([^`]*)`|\*([^*`]+)\*", as_html, html.escape(text, quote=False))


def as_gift(found: Sequence[Question], places: Places) -> str:
    r"""Write the questions in GIFT, the text format of Moodle's question bank.

    Parameters
    ----------
    found : sequence of Question
        The questions.
    places : mapping
        Where cells stand; see :func:`places`.

    Returns
    -------
    str
        A category for each notebook; every answer with its feedback.

    Examples
    --------
    >>> from course_utils.work.recall import Choice
    >>> one = Question("a", "sum", "c", "1 + 1 = ?", Choice("2", "Yes."), (Choice("11", "No."),))
    >>> print(as_gift([one], {}))
    $CATEGORY: From sparse matrices to latent codes/a
    <BLANKLINE>
    ::a.sum::[markdown]1 + 1 \= ? {
    =2#Yes.
    ~11#No.
    }
    <BLANKLINE>
    """
    lines = []
    for title, questions in _by_notebook(found, places):
        lines += [f"$CATEGORY: From sparse matrices to latent codes/{title}", ""]
        for question in questions:
            name = f"{question.topic}.{question.name}"
            lines.append(f"::{name}::[markdown]{_escaped(question.ask)} {{")
            for choice in [question.right, *question.wrong]:
                mark = "=" if choice is question.right else "~"
                lines.append(f"{mark}{_escaped(choice.text)}#{_escaped(choice.because)}")
            lines += ["}", ""]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    r"""Put a backslash before what GIFT would take for its own marks."""
    return re.sub(r"([~=#{}:\\])", r"\\\1", text)
