"""Build the site: ``python -m tools.build_site [--repository URL] [notebook …]``.

The stored outputs become a book with search, an API reference and folded solutions. Nothing is
executed and nothing is fetched, neither while the pages are built nor while they are read.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

from course_utils._files import home
from course_utils._frameworks import module_names
from course_utils.work._cells import title_of
from tools.check_pages import problems
from tools.course import ROOT, program, report
from tools.pages import only_present, replace_widgets, without_absent
from tools.stored import to_json, write_atomically

DOCS = ROOT / "docs"
# Documents of the repository that are pages of the site as they are.
DOCUMENTS = {
    "docs/glossary.md": "Glossary",
    "docs/traps.md": "Traps, by what you see",
    "docs/identities.md": "Identities",
    "docs/teach.md": "Teach with this course",
    "docs/plans.md": "Lesson plans",
    "docs/mistakes.md": "Wrong answers to expect",
    "docs/project.md": "A project of your own",
    "docs/missing.md": "What is missing",
    "data/README.md": "The data",
    "CONTRIBUTING.md": "How to change the course",
}
DECISIONS = sorted(path.relative_to(ROOT).as_posix() for path in DOCS.glob("decisions/*.md"))
LINKED = ("LICENSE", "CITATION.cff", "docs/picture.png", "data/SHA256SUMS")


def repository() -> str:
    """Address of the repository, from ``[project.urls]`` in pyproject.toml; empty if not there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project.get("urls", {}).get("Repository", ""))


def theme_options(address: str) -> dict[str, Any]:
    """Options of the theme.

    Parameters
    ----------
    address : str
        The repository's address. Without it the pages have no links to launch a notebook.

    Returns
    -------
    dict
        ``html_theme_options`` for Sphinx.
    """
    options: dict[str, Any] = {
        "use_download_button": True,
        "use_fullscreen_button": False,
        "use_source_button": False,
        "show_toc_level": 2,
        "show_navbar_depth": 1,
        "navbar_persistent": [],  # the side bar has the search field already
    }
    if address:
        launch = {
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        }
        if address.startswith("https://github.com/"):  # Colab opens notebooks of no other host
            launch["colab_url"] = "https://colab.research.google.com"
        options |= {
            "repository_url": address,
            "repository_branch": "main",
            "use_repository_button": True,
            "use_issues_button": True,  # fills in on which page something is wrong
            "launch_buttons": launch,
        }
    return options


def heading_slug(title: str) -> str:
    """Anchor of a heading, the same as in JupyterLab, so that a link works in both."""
    return title.replace(" ", "-")


def prepare(notebook: NotebookNode) -> NotebookNode:
    """Say in MyST-NB's words what the course's own tags and metadata say.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook with stored outputs; it is not changed.

    Returns
    -------
    NotebookNode
        A copy in which solutions are folded under "Show solution", pictures carry their alt text,
        and a widget is replaced by a note.

    Raises
    ------
    ValueError
        If one cell shows several pictures: MyST-NB knows one alt text per cell.
    """
    page = nbformat.from_dict(notebook)
    replace_widgets(page)
    for cell in page.cells:
        if cell.cell_type != "code":
            continue
        options: dict[str, Any] = {}
        if "solution" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "hide-cell"]
            options |= {"code_prompt_show": "Show solution", "code_prompt_hide": "Hide solution"}
        alts = [
            output.metadata.get("image/png", {}).get("alt", "")
            for output in cell.outputs
            if "image/png" in output.get("data", {})
        ]
        if len(alts) > 1:
            raise ValueError(f"cell {cell.id!r} shows {len(alts)} pictures; show one per cell")
        if alts:
            options["image"] = {"alt": alts[0]}
        if options:
            cell.metadata["mystnb"] = options
    return page


def toctree(caption: str, pages: dict[str, str]) -> str:
    """Part of the side bar as a MyST directive, from page -> title there."""
    entries = [f"{title} <{page}>" for page, title in pages.items()]
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])


def api_page(name: str, module: str) -> str:
    """Page of one module: everything public in it that has a docstring."""
    automodule = f"```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```"
    return f"# course_utils.{name}\n\n{automodule}\n"


def lay_out(notebooks: Sequence[Path], folder: Path) -> None:
    """Write everything that Sphinx reads into an empty folder.

    Links to notebooks that are not among those given become plain text.

    Parameters
    ----------
    notebooks : sequence of Path
        The notebooks, in reading order.
    folder : Path
        Where to; what is there is removed first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    present = {path.stem for path in notebooks}
    for name in LINKED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in [*DOCUMENTS, *DECISIONS]:
        text = (ROOT / name).read_text(encoding="utf-8")
        write_atomically(folder / name, without_absent(text, present))
    for name in ("conf.py", "site.css"):
        shutil.copy(DOCS / name, folder / name)
    titles = {}
    for path in notebooks:
        page = only_present(prepare(nbformat.read(path, as_version=4)), present)
        write_atomically(folder / "notebooks" / path.name, to_json(page))
        titles[f"notebooks/{path.stem}"] = f"{path.name[:2]} {title_of(page)}"

    names = [name.split(".") for name in module_names()]
    modules = {parts[1]: parts[1] for parts in names if len(parts) == 2 and parts[1][0] != "_"}
    modules["checks"] = "checks.engine"
    for name, module in modules.items():
        write_atomically(folder / "api" / f"{name}.md", api_page(name, f"course_utils.{module}"))

    # The README is the first page, so that the two never tell different things.
    index = without_absent((ROOT / "README.md").read_text(encoding="utf-8"), present)
    index += "\n" + toctree("Notebooks", titles)
    index += "\n" + toctree("Functions", {f"api/{name}": name for name in sorted(modules)})
    index += "\n" + toctree("About", {page.removesuffix(".md"): t for page, t in DOCUMENTS.items()})
    reasons = {name: _heading(ROOT / name) for name in DECISIONS}
    index += "\n" + toctree(
        "Decisions", {page.removesuffix(".md"): t for page, t in reasons.items()}
    )
    write_atomically(folder / "index.md", index)


def _heading(document: Path) -> str:
    """First line of a Markdown document, without the #."""
    return document.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def build(notebooks: Sequence[Path], output: Path, *, address: str) -> list[str]:
    """Build the site.

    Parameters
    ----------
    notebooks : sequence of Path
        The notebooks, in reading order.
    output : Path
        Folder of the site; sources and Sphinx's notes go into folders beside it.
    address : str
        The repository's address, or an empty string.

    Returns
    -------
    list of str
        What is wrong, one line each; empty if all is well.
    """
    source = output.with_name(output.name + "-source")
    lay_out(notebooks, source)
    shutil.rmtree(output, ignore_errors=True)
    app = Sphinx(
        srcdir=source,
        confdir=source,
        outdir=output,
        doctreedir=output.with_name(output.name + "-doctrees"),
        buildername="html",
        confoverrides={"html_theme_options": theme_options(address)},
        status=None,
        warningiserror=True,
        freshenv=True,
    )
    app.build()
    for path in notebooks:  # a download is the notebook itself, not the copy made for Sphinx
        shutil.copy(path, output / "_sources" / "notebooks" / path.name)
    warned = [f"Sphinx exits with {app.statuscode}"] if app.statuscode else []
    return warned + problems(output)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=home, default=ROOT / "build" / "site")
    parser.add_argument(
        "--repository",
        default=repository(),
        help="address for the launch links (Repository in [project.urls] of pyproject.toml)",
    )


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if Sphinx warned or a page has a problem."""
    found = build(options.notebooks, options.output.resolve(), address=options.repository)
    pages = len(list(options.output.rglob("*.html")))
    status = report(found, f"{pages} pages, {{}}")
    print(f"read them in a browser:  {options.output / 'index.html'}")
    return status


main = program("build_site", "Build a site.", _run, _options)

if __name__ == "__main__":
    sys.exit(main())
