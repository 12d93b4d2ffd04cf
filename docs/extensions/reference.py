"""The reference: a page for each family of losses and measures, with an entry for each function.

The pages are written from the modules of the package before Sphinx reads its sources: a function that a module lists
in ``__all__`` is there by itself. An entry is the docstring, to which are added a line of facts, a picture of a loss of
one prediction and one target, and the names that other libraries have for the function, for the index and the search.
"""

import csv
import inspect
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import objectives
from objectives.lookup import facts
from tools.families import families

PORTING = Path(objectives.__file__).parent / "porting"
ABBREVIATED = {"bce", "kl", "mse", "mae", "mape", "msle", "nll", "ctc"}  # in capitals in the names of classes
BACKENDS = Path(__file__).parent.parent / "backends.rst"
PACKAGES = {"losses": "Losses", "metrics": "Measures"}
PER = {"element": "one number per element", "item": "one number per item", "set": "one number, or a few, per set"}


def write_pages(app):
    """Write all pages into docs/reference; a page that has not changed keeps its time, so that it is not built anew."""
    folder = Path(app.srcdir) / "reference"
    pages = {}
    for package in PACKAGES:
        found = families(package)
        pages |= {f"{package}/{family.page}.rst": page(family) for family in found}
        pages[f"{package}/all.inc"] = overview(package, found)
    for old in folder.rglob("*.*"):
        if str(old.relative_to(folder)) not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def page(family):
    functions = family.functions()
    lines = [*heading(family.title, "="), *introduction(family.modules), *summary(functions), ""]
    for name in functions:
        lines += [*heading(name, "-"), *index(name), ".. currentmodule:: objectives", ""]
        lines += [f".. autofunction:: {name}", ""]
    return "\n".join(lines)


def overview(package, found):
    """All functions under the titles of their families, for the page that includes it."""
    lines = [".. toctree::", "   :hidden:", "   :titlesonly:", ""]
    lines += [f"   reference/{package}/{family.page}" for family in found] + ["", ""]
    for family in found:
        linked = f":doc:`{family.title} <reference/{package}/{family.page}>`"
        lines += [f".. rubric:: {linked}", "", *summary(family.functions()), ""]
    return "\n".join(lines)


def heading(text, line):
    return [text, line * len(text), ""]


def introduction(modules):
    """What the docstrings of the modules say."""
    return [rooted(line) for module in modules for line in [*inspect.cleandoc(docstring(module)).splitlines(), ""]]


def rooted(line):
    """Docstrings name pages as seen from the root of the documentation."""
    return re.sub(r"(:doc:`(?:[^`<]*<)?)(?=\w+>?`)", r"\1/", line)


def docstring(module):
    package, _, name = module.rpartition(".")
    return vars(__import__(package, fromlist=[name]))[name].__doc__


def summary(functions):
    lines = [".. list-table::", "   :class: summary", "   :widths: 35 65", ""]
    for name in functions:
        lines += [f"   * - `{name}`", f"     - {sentence(name)}"]
    return lines


def sentence(name):
    """The first paragraph of a docstring."""
    return " ".join(inspect.getdoc(getattr(objectives, name)).partition("\n\n")[0].split())


def index(name):
    called = {*foreign_names()[name], class_name(name)} - {name}
    entries = [f"   ! single: {word}" for word in sorted(called)]
    return [".. index::", *entries, f"   :name: names of {name}", ""]  # see static/search.js


@cache
def foreign_names():
    """The names that other libraries, and people, have for each function, from the tables of objectives/porting."""
    names = defaultdict(set)
    for file in sorted(PORTING.glob("*.csv")):
        of_people = file.name == "names.csv"
        for theirs, ours, *_ in csv.reader(file.read_text().splitlines()):
            called = theirs.split() if of_people else [re.split(r"\W", theirs.split("(")[0])[-1]]
            for function in set(re.findall(r"\w+(?=\()", ours)) & set(objectives.names()):
                names[function].update(filter(None, called))
                if of_people:
                    names[function].update(form for name in called for form in variants(name, function))
    return names


def variants(name, function):
    """A function's name as classes have it, BCEWithLogitsLoss of bce_with_logits, and in words, mean squared error."""
    joined = class_name(name)
    if function in objectives.losses.__all__ and not joined.endswith(("Loss", "Error")):
        yield f"{joined}Loss"
    if "_" in name:
        yield joined
        yield name.replace("_", " ")


def class_name(name):
    first, *others = name.split("_")
    first = first.upper() if first in ABBREVIATED else first.capitalize()
    return first + "".join(part.capitalize() for part in others)


def add_facts(app, what, name, obj, options, lines):
    """Put a line of facts before the parameters, and a picture below it. Runs before numpydoc reads the docstring."""
    lines[:] = map(rooted, lines)
    short = name.rpartition(".")[2]
    if what != "function" or short not in objectives.names() or "Parameters" not in lines:
        return
    at = lines.index("Parameters")
    picture, words = app.config.pictures.get(short, ("", ""))
    shown = ["", f".. image:: /{picture}", f"   :alt: {short}: {words}", "   :class: curve"] if picture else []
    lines[at:at] = [fact_line(short), *shown, ""]


def fact_line(name):
    known = facts(name)
    words = [PER[known.per].capitalize()]
    words += [word for word in ("symmetric", "convex", "smooth") if getattr(known, word)]
    words += [f"least at the {known.minimizer}"] if known.minimizer else []
    words += [f"minimum {known.minimum:g}"] if known.minimum is not None else []
    words += (
        [{"min": "least is best", "max": "greatest is best"}[known.best]]
        if known.best and not known.differentiable
        else []
    )
    lacking = exceptions().get(name)
    words += [f"not on {lacking} with every version" if lacking else "all backends"]
    return f"*{' · '.join(words)}*"


@cache
def exceptions():
    """The backends that do not compute a function in each version, from the table that ``make matrix`` writes."""
    part = BACKENDS.read_text().split(".. backends-begin")[1].split(".. backends-end")[0]
    columns, *rows = [[cell.strip(" `\n") for cell in row.split("\n     - ")] for row in part.split("   * - ")[1:]]
    found = {}
    for function, *cells in rows:
        marks = [cell.partition("\n")[0] for cell in cells]
        lacking = [b for b, mark in zip(columns[1:], marks, strict=True) if mark not in ("✓", "✓ –")]
        found[function] = ", ".join(lacking)
    return found


def setup(app):
    app.add_config_value("pictures", {}, "")
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", add_facts, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
