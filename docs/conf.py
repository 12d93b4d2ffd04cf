"""Sphinx configuration. Build: ``python -m sphinx -W -b html docs docs/_build``."""

from inspect import isfunction, signature

from sphinx.util.nodes import make_refnode

import objectives

project = "objectives"
author = "The objectives developers"
copyright = author
release = objectives.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc"]
exclude_patterns = ["_build"]
default_role = "obj"
nitpicky = True

html_theme = "furo"
html_title = f"objectives {release}"

add_module_names = False
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"

PUBLIC = {name: value for name, value in vars(objectives).items() if isfunction(value)}
PARAMETERS = {name for function in PUBLIC.values() for name in signature(function).parameters}


def link_by_name(app, env, node, contnode):
    """Link a public function from any page or docstring by its bare name; names of parameters stay plain."""
    target = node["reftarget"]
    if target in PUBLIC:
        found = env.domains.python_domain.find_obj(env, None, None, target, None, searchmode=1)
        if len(found) == 1:
            [(_, entry)] = found
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode)
    return contnode if target in PARAMETERS else None


def setup(app):
    app.connect("missing-reference", link_by_name)
