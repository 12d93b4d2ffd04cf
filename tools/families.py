"""The families of losses and measures: the modules of the package under the headings of the documentation."""

import ast
import csv
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TITLES = ROOT / "docs" / "families.csv"


class Family(NamedTuple):
    """A heading, the name of its page, and the modules below it."""

    title: str
    page: str
    modules: list[str]

    def functions(self):
        return [name for module in self.modules for name in public(module)]


def families(package):
    """The families of a package in the order of docs/families.csv; modules that are not listed there come last."""
    there = [path.stem for path in sorted((ROOT / "objectives" / package).glob("[!_]*.py"))]
    listed = [row for row in csv.reader(TITLES.read_text().splitlines()) if row[0] == package]
    found = [Family(title, modules.split()[0], modules.split()) for _, title, modules in listed]
    known = {module for family in found for module in family.modules}
    found += [Family(name.replace("_", " ").capitalize(), name, [name]) for name in there if name not in known]
    paths = [family._replace(modules=[f"objectives.{package}.{m}" for m in family.modules]) for family in found]
    return [family for family in paths if family.functions()]


def public(module):
    """The names in ``__all__`` of a module, read from its source."""
    tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text())
    values = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return ast.literal_eval(values[0])
