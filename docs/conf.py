"""Sphinx configuration. Build: ``python -m sphinx -W -b html docs docs/_build``."""

import sys
from inspect import isclass, isfunction, signature
from pathlib import Path

from sphinx.util.nodes import make_refnode

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent)]

import objectives  # noqa: E402

project = "objectives"
author = "The objectives developers"
copyright = author
release = objectives.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "mathml",
    "messages",
    "pictures",
    "reference",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build", "_generated"]
default_role = "obj"
nitpicky = True
# types in signatures that no page here describes
nitpick_ignore_regex = [(r"py:.*", r"collections\.abc\..*|typing\..*|dict\[.*|numpy\..*")]

html_theme = "furo"
html_title = f"objectives {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["search.js"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

add_module_names = False
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say the types in words
numpydoc_show_class_members = False

plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 110)]
toc_object_entries_show_parents = "hide"

FUNCTIONS = {**vars(objectives), **vars(objectives.plot)}
PUBLIC = {name: value for name, value in FUNCTIONS.items() if isfunction(value) or isclass(value)}
PARAMETERS = {name for value in PUBLIC.values() if isfunction(value) for name in signature(value).parameters}


def link_by_name(app, env, node, contnode):
    """Link a public function or class from any page or docstring by its bare name; names of parameters stay plain."""
    target = node["reftarget"]
    if target in PUBLIC:
        found = env.domains.python_domain.find_obj(env, None, None, target, None, searchmode=1)
        entries = [entry for _, entry in found if not entry.aliased]
        if len(entries) == 1:
            [entry] = entries
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode)
    return contnode if target in PARAMETERS else None


def write_facts(app):
    """A table of what `objectives.facts` knows, for the page that includes it."""
    lines = [".. list-table::", "   :class: facts", "   :header-rows: 1", ""]
    rows = [
        ("Function", "One number for each", "Arguments", "Symmetric", "Convex", "Smooth", "Least at", "Minimum", "Best")
    ]
    for name in objectives.names():
        known = objectives.facts(name)
        ranges = "; ".join(f"{argument}: {values}" for argument, values in known.arguments.items())
        flags = ["yes" if flag else "" for flag in (known.symmetric, known.convex, known.smooth)]
        minimum = "" if known.minimum is None else f"{known.minimum:g}"
        rows.append((f"`{name}`", known.per, ranges, *flags, known.minimizer or "", minimum, known.best or ""))
    for first, *others in rows:
        lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    (folder / "facts.rst").write_text("\n".join(lines) + "\n")


def setup(app):
    app.connect("builder-inited", write_facts)
    app.connect("missing-reference", link_by_name)
