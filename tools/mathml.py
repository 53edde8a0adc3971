"""Formulas that every browser typesets by itself, without a network and without JavaScript."""

from __future__ import annotations

import re
from typing import Any

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

THIN_SPACE = '<mspace width="0.17em"></mspace>'


def to_mathml(tex: str, *, display: bool) -> str:
    r"""Turn a formula into MathML.

    Parameters
    ----------
    tex : str
        The formula without its dollar signs.
    display : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``<math>`` element that keeps the TeX as its ``alttext``.

    Raises
    ------
    ValueError
        If the formula cannot be converted; the message holds it.

    Examples
    --------
    >>> to_mathml("x", display=False).startswith('<math alttext="x" ')
    True
    >>> to_mathml(r"\fraction{1}{2}", display=False)
    Traceback (most recent call last):
    ValueError: cannot typeset the formula '\\fraction{1}{2}'; use simpler TeX
    """
    element = convert(tex, display="block" if display else "inline")
    if "\\" in element or "<mi>&<" in element:  # commands it does not know are left as they are
        raise ValueError(f"cannot typeset the formula {tex!r}; use simpler TeX")
    # A name such as log stands apart from what follows, unless it carries an index.
    element = re.sub(r"(?<!<msub>)(?<!<msup>)(<mi>[a-z]{2,}</mi>)", r"\1" + THIN_SPACE, element)
    spoken = " ".join(tex.split()).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return element.replace("<math ", f'<math alttext="{spoken}" ', 1)


class _MathRenderer(IPythonRenderer):
    """Renders formulas as MathML; one that cannot be typeset stays TeX and is remembered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.left_as_tex: list[str] = []

    def _formula(self, tex: str, *, display: bool) -> str:
        try:
            return to_mathml(tex, display=display)
        except ValueError:
            self.left_as_tex.append(tex)
            return f"<code>{self.escape_html(tex)}</code>"

    def heading(self, text: str, level: int, **_: Any) -> str:
        """Let a heading be linked as in JupyterLab."""
        anchor = re.sub(r"<[^>]+>", "", text).replace(" ", "-").replace('"', "&quot;")
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def block_math(self, body: str) -> str:
        return self._formula(body, display=True)

    def inline_math(self, body: str) -> str:
        return self._formula(body, display=False)


def unreadable_formulas(markdown: str) -> list[str]:
    r"""List the formulas of a Markdown text that cannot be typeset.

    Parameters
    ----------
    markdown : str
        Text with formulas between dollar signs.

    Returns
    -------
    list of str
        Their TeX, in order.

    Examples
    --------
    >>> unreadable_formulas(r"Both $x^2$ and $\squared{x}$.")
    ['\\squared{x}']
    """
    renderer = _MathRenderer(escape=False)
    MarkdownWithMath(renderer=renderer).render(markdown)
    return renderer.left_as_tex


def markdown_to_html(markdown: str) -> str:
    """Render a text as nbconvert renders a Markdown cell, with formulas as MathML.

    Parameters
    ----------
    markdown : str
        Text with formulas between dollar signs.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> markdown_to_html("A *small* text.").strip()
    '<p>A <em>small</em> text.</p>'
    """
    renderer = _MathRenderer(escape=False, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(markdown))


class MathMLExporter(HTMLExporter):
    """nbconvert's HTML pages with formulas as MathML instead of TeX for MathJax."""

    def markdown2html(self, context: Any, source: str) -> str:
        """Render a Markdown cell; the context holds its attachments."""
        renderer = _MathRenderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            exclude_anchor_links=self.exclude_anchor_links,
            **self.lexer_options,
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))

    # Jinja passes the context only to functions that say so, as the overridden one does.
    markdown2html.jinja_pass_arg = HTMLExporter.markdown2html.jinja_pass_arg  # type: ignore[attr-defined]
