"""The order of all rewrites, as the docstring of `objectives.rewriting` has it, is that of PyTensor's database."""

import re

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.db import RewriteDatabase

from objectives import rewriting

ENTRY = re.compile(r"^ +(-?[\d.]+)  (\S+) in (\S+) \[(.*)\]$", re.MULTILINE)


def registered(database, position=None):
    """(position, name, file, tags) of each rewrite of this package in a database and in those that it holds."""
    for name, rewriters in database.__db__.items():
        if [rewriter.name for rewriter in rewriters] != [name]:
            continue  # a tag
        (rewriter,) = rewriters
        at = database.__position__.get(name) if position is None else position
        if isinstance(rewriter, RewriteDatabase) and position is None:
            yield from registered(rewriter, at)
        elif file := file_of(rewriter):
            tags = {tag for tag, tagged in database.__db__.items() if rewriter in tagged}
            tags -= {name, type(rewriter).__name__}
            yield at, re.sub(r"^c_\w+Kernel", "c_*Kernel", name), file, tuple(sorted(tags))


def file_of(rewriter):
    """The file that defines a rewriter, or the function that it applies node by node; None for PyTensor's own."""
    function = getattr(getattr(rewriter, "node_rewriter", rewriter), "fn", None)
    module = getattr(function, "__module__", type(rewriter).__module__)
    package, *rest = module.removeprefix("objectives.rewriting.").removeprefix("objectives.").split(".")
    return "/".join([package, *rest]) if module.startswith("objectives.") else None


def test_the_sheet_lists_all_rewrites_in_order():
    sheet = [
        (float(position), name, file, tuple(filter(None, tags.split(", "))))
        for position, name, file, tags in ENTRY.findall(rewriting.__doc__)
    ]
    assert [entry[0] for entry in sheet] == sorted(entry[0] for entry in sheet)
    assert sorted(set(registered(optdb))) == sorted(sheet)
