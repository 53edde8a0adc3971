"""Sphinx's settings for the site. `make site` lays out the pages and calls Sphinx."""

from importlib import import_module
from operator import attrgetter

from docutils import nodes

from course_utils._frameworks import framework_of, module_names
from tools.mathml import to_mathml

project = "From sparse matrices to latent codes"
author = "The authors of From sparse matrices to latent codes"
copyright = "text and figures CC BY 4.0, code MIT"
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "sphinx.ext.viewcode"]

# The pages show what is stored in the notebooks; nothing is executed here.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "tools.build_site.heading_slug"

# One process holds one framework, and a build needs none. Whatever needs none either is imported
# before there are stand-ins for them, which SciPy would take for the real ones.
for name in module_names():
    if framework_of(name) is None:
        import_module(name)
autodoc_mock_imports = ["keras", "tensorflow", "torch"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
toc_object_entries_show_parents = "hide"
default_role = "literal"  # `x` in a docstring is code
numpydoc_show_class_members = False  # autodoc lists them

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system has it
html_sourcelink_suffix = ""
html_math_renderer = "mathml"


def _formula(translator: nodes.NodeVisitor, node: nodes.Element, *, display: bool) -> None:
    """Write a formula as MathML, which browsers typeset without JavaScript."""
    element = to_mathml(node.astext(), display=display)
    translator.body.append(f'<div class="formula">{element}</div>' if display else element)
    raise nodes.SkipNode


def _inline(translator: nodes.NodeVisitor, node: nodes.Element) -> None:
    _formula(translator, node, display=False)


def _block(translator: nodes.NodeVisitor, node: nodes.Element) -> None:
    _formula(translator, node, display=True)


def _skip_fields(app, what, name, obj, skip, options):
    """Leave out what Python itself says about the fields of a named tuple; Attributes has them."""
    return True if str(obj.__doc__).startswith("Alias for field number") else None


def _plain_citations(app, page, template, context, document):
    """Take Sphinx's role off lists of references, whose entries are not marked as list items."""
    if "body" in context:
        marked, plain = '<div role="list" class="citation-list">', '<div class="citation-list">'
        context["body"] = context["body"].replace(marked, plain)


def _own_source(app, module, attribute):
    """Link the source of what a module or package holds, once.

    What it only hands on is linked where it belongs, and what a stand-in of a framework has
    decorated seems to be from that framework.
    """
    try:
        found = attrgetter(attribute)(import_module(module)).__module__
    except (AttributeError, ImportError):
        return None
    return None if f"{found}.".startswith(f"{module}.") else module


def setup(app):
    """Register the renderer of formulas, what the reference leaves out, and how it is repaired."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("autodoc-skip-member", _skip_fields)
    app.connect("viewcode-follow-imported", _own_source)
    app.connect("html-page-context", _plain_citations)
