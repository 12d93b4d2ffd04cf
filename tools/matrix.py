"""Write which functions run on each backend, as the tests found, and the list of functions into the documentation.

    python tools/matrix.py build/matrix-*.json            # write
    python tools/matrix.py --check build/matrix-*.json    # fail if the pages say something else

The JSON files come from ``pytest --matrix FILE``, one for each environment.
"""

import argparse
import json
import re
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

from families import ROOT, families

from objectives import names
from objectives._backends import MODES

COLUMNS = ("value", "gradient")


def read(files):
    """The PyTensor versions by outcome: {(function, backend): {kind: {version: passed}}}, and reasons by cell."""
    cells, reasons, versions = defaultdict(lambda: defaultdict(dict)), {}, set()
    for file in files:
        run = json.loads(Path(file).read_text())
        version = ".".join(run["pytensor"].split(".")[:2])
        versions.add(version)
        for cell in run["cells"]:
            outcome = cells[cell["function"], cell["backend"]][cell["kind"]]
            outcome[version] = outcome.get(version, True) and cell["passed"]
            if cell["reason"]:
                reasons[cell["function"], cell["backend"], version] = cell["reason"]
    return cells, reasons, sorted(versions)


def mark(kinds, kind):
    """✓ where it passed in every version, the versions where it passed in some, – where there is no such thing."""
    if kind not in kinds:
        return "–"
    # a mask belongs to a value, where it was tried with one
    outcomes = {v: passed and kinds.get("mask", {}).get(v, True) for v, passed in kinds[kind].items()}
    passed = [v for v, good in sorted(outcomes.items()) if good]
    return "✓" if len(passed) == len(outcomes) else ", ".join(passed) or "no"


def marks_of(cells, function):
    """What is known of a function on each backend."""
    found = []
    for backend in MODES:
        kinds = cells.get((function, backend))
        marks = [mark(kinds, kind) for kind in COLUMNS] if kinds else ["not run"]
        found.append(marks[0] if len(set(marks)) == 1 else " ".join(marks))
    return found


def alone(cells, versions):
    """What to add to a backend that was not installed with some version, whose marks are of the others alone."""
    ran = {(backend, v) for (_, backend), kinds in cells.items() for seen in kinds.values() for v in seen}
    found = {backend: [v for v in versions if (backend, v) in ran] for backend in MODES}
    return {backend: f"{' and '.join(some)} alone" for backend, some in found.items() if some != versions}


def scope(cells, versions, quote):
    """What was run: functions, versions, and the backends that were not installed with one of these."""
    functions = {function for function, _ in cells}
    lacking = [f"{quote}{name}{quote}" for name in names() if name not in functions]
    without = f" (all but {', '.join(lacking)})" if lacking else ""
    installed = "".join(f", {backend} on {found}" for backend, found in alone(cells, versions).items())
    return f"{len(functions)} losses and measures{without} on PyTensor {' and '.join(versions)}{installed}"


def table(files):
    """The functions that some backend does not compute in every version, and why; all others are only counted."""
    cells, reasons, versions = read(files)
    functions = sorted({function for function, _ in cells})
    marks = {function: marks_of(cells, function) for function in functions}
    odd = [function for function in functions if not set(marks[function]) <= {"✓", "✓ –"}]
    lines = textwrap.wrap(
        f"The tests ran {scope(cells, versions, '`')}: value and gradient, with masks and without. "
        f"{len(functions) - len(odd)} of them run on every backend. The others are these:",
        width=119,
    )
    lines += ["", ".. list-table::", "   :header-rows: 1", "", "   * - Function"]
    lines += [f"     - {backend}" for backend in MODES]
    for function in odd:
        lines.append(f"   * - `{function}`")
        lines += [f"     - {found}" for found in marks[function]]
    lines += ["", "✓ value and gradient, ✓ – a value that has no gradient, a version: only there.", ""]
    for reason in sorted(set(reasons.values())):
        where = sorted({(backend, version) for (_, backend, version), r in reasons.items() if r == reason})
        lines.append(f"- {', '.join(f'{b} with PyTensor {v}' for b, v in where)}: {reason}.")
    return "\n".join(lines) + "\n"


def summary(files):
    """How many functions each backend computes, and by name those that it does not compute in every version."""
    cells, _, versions = read(files)
    functions = sorted({function for function, _ in cells})
    lines = [*textwrap.wrap(f"Of {scope(cells, versions, '``')}, as the tests found them:", width=119), ""]
    for backend, marks in zip(MODES, zip(*(marks_of(cells, f) for f in functions), strict=True), strict=True):
        lacking = defaultdict(list)
        for function, found in zip(functions, marks, strict=True):
            if found not in ("✓", "✓ –"):
                lacking[found.removesuffix(" –")].append(f"``{function}``")
        never = lacking.pop("no", [])
        text = f"all but {', '.join(never)}" if never else "all"
        text += "".join(f"; on {found} alone {', '.join(those)}" for found, those in lacking.items())
        lines += wrapped(f"- {backend}: {text}.")
    return "\n".join(lines) + "\n"


def functions(files=()):
    """The public functions under the headings of the documentation."""
    lines = []
    for package, title in {"losses": "Losses", "metrics": "Measures"}.items():
        lines += [title, "-" * len(title), ""]
        lines += [line for family in families(package) for line in entry(family.title, family.functions())]
        lines.append("")
    text = (ROOT / "docs" / "plot.rst").read_text()
    lines += ["Plots", "-----", ""]
    for section in re.split(r"\n\n\n(?=.+\n-+\n)", text):
        names = re.findall(r"autofunction:: (\w+)", section)
        lines += entry(section.splitlines()[0], names) if names else []
    return "\n".join([*lines, ""])


def entry(title, names):
    return wrapped(f"- {title}: {', '.join(f'`{name}`' for name in names)}")


def wrapped(entry):
    """The lines of one entry of a list."""
    return textwrap.wrap(entry, width=119, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


README, LIST, BACKEND_PAGE = ROOT / "README.rst", ROOT / "docs" / "functions.rst", ROOT / "docs" / "backends.rst"
PARTS = [(README, "backends", summary), (LIST, "functions", functions), (BACKEND_PAGE, "backends", table)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    for page, part, render in PARTS:
        begin, end = f".. {part}-begin\n", f".. {part}-end\n"
        generated = "\n" + render(arguments.files) + "\n"
        text = page.read_text()
        head, rest = text.split(begin)
        old, tail = rest.split(end)
        if arguments.check and old != generated:
            sys.exit(f"{page.name} is out of date: run `make matrix`.\n{generated}")
        if not arguments.check:
            page.write_text(head + begin + generated + end + tail)


if __name__ == "__main__":
    main()
