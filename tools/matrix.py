"""Write what the tests found to run on each backend into README.rst and docs/backends.rst.

    python tools/matrix.py build/matrix-*.json            # write
    python tools/matrix.py --check build/matrix-*.json    # fail if the files say something else

The JSON files come from ``pytest --matrix FILE``, one for each environment.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.rst", ROOT / "docs" / "backends.rst"]
BEGIN, END = ".. backends-begin\n", ".. backends-end\n"
BACKENDS = ["NUMBA", "CVM", "JAX", "PYTORCH", "MLX"]
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
    # a mask belongs to a value: neither counts without the other
    outcomes = {v: passed and kinds["mask"].get(v, False) for v, passed in kinds[kind].items()}
    passed = [v for v, good in sorted(outcomes.items()) if good]
    return "✓" if len(passed) == len(outcomes) else ", ".join(passed) or "no"


def table(files):
    cells, reasons, versions = read(files)
    lines = [f"Value and gradient on PyTensor {' and '.join(versions)}, with masks, as the tests found them:", ""]
    lines += [".. list-table::", "   :header-rows: 1", "", "   * - Function"]
    lines += [f"     - {backend}" for backend in BACKENDS]
    for function in sorted({function for function, _ in cells}):
        lines.append(f"   * - ``{function}``")
        for backend in BACKENDS:
            kinds = cells.get((function, backend))
            marks = [mark(kinds, kind) for kind in COLUMNS] if kinds else ["not run"]
            lines.append(f"     - {marks[0] if len(set(marks)) == 1 else ' '.join(marks)}")
    lines += ["", "✓ value and gradient, ✓ – a value that has no gradient, a version: only there.", ""]
    for reason in sorted(set(reasons.values())):
        where = sorted({(backend, version) for (_, backend, version), r in reasons.items() if r == reason})
        lines.append(f"- {', '.join(f'{b} with PyTensor {v}' for b, v in where)}: {reason}.")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    generated = "\n" + table(arguments.files) + "\n"
    for page in PAGES:
        text = page.read_text()
        head, rest = text.split(BEGIN)
        old, tail = rest.split(END)
        if arguments.check and old != generated:
            sys.exit(f"{page.name} says something else than the tests found: run `make matrix`.\n{generated}")
        if not arguments.check:
            page.write_text(head + BEGIN + generated + END + tail)


if __name__ == "__main__":
    main()
