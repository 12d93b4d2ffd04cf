"""The tables of the first call: on the screen, and as reStructuredText for the documentation."""

import csv
import io
from textwrap import indent

from rich.table import Table

from benchmarks.first_call.measure import STARTS

PHASES = ("import", "graph", "rewriting", "linking", "call", "total")
REST = ("compilations", "of which", "rewriting again", "without ours")
GREATEST = 6  # Ops whose share is shown
LEAST_SECONDS = 0.05  # of a share


def phases_table(rows):
    """Seconds of each phase; compiling is part of linking on C, and of the call elsewhere."""
    table = Table(title="The first call with empty caches, and with full ones; seconds", title_justify="left")
    for heading in ("workload", "contender", "caches"):
        table.add_column(heading, no_wrap=True)
    for heading in (*PHASES, *REST):
        table.add_column(heading, justify="right")
    for row in rows:
        for start in STARTS:
            table.add_row(*phases_row(row, start))
    return table


def phases_row(row, start):
    names = [row["workload"], row["contender"], "empty" if start == "cold" else "full"]
    if "error" in row:
        return [*names, "failed"]
    found = row[start]
    numbers = [seconds(found.get(phase)) for phase in PHASES]
    count = "" if found["count"] is None else f"{found['count']:g}"
    again = (found.get(key) for key in ("rewriting_again", "rewriting_without_ours"))
    return [*names, *numbers, count, seconds(found["seconds"]), *map(seconds, again)]


def seconds(value):
    return "" if value is None else f"{value:.2f}"


def shares_table(rows):
    """Compile time of each Op, with empty caches."""
    table = Table(title="What was compiled with empty caches; seconds", title_justify="left")
    for heading in ("workload", "contender", "Ops"):
        table.add_column(heading)
    for row in rows:
        if shares := row.get("cold", {}).get("shares"):
            table.add_row(row["workload"], row["contender"], shares_text(shares))
    return table


def shares_text(shares):
    greatest = sorted(shares.items(), key=lambda item: -item[1])[:GREATEST]
    return ", ".join(f"{name} {value:.1f}" for name, value in greatest if value >= LEAST_SECONDS)


def restructured(rows):
    """The same tables for the documentation."""
    phases = [["workload", "contender", "caches", *PHASES, *REST]]
    phases += [phases_row(row, start) for row in rows if "error" not in row for start in STARTS]
    found = [row for row in rows if row.get("cold", {}).get("shares")]
    shares = [["workload", "contender", "seconds of compiling each Op"]]
    shares += [[row["workload"], row["contender"], shares_text(row["cold"]["shares"])] for row in found]
    return "\n".join(csv_table(lines) for lines in (phases, shares) if len(lines) > 1)


def csv_table(lines):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return ".. csv-table::\n   :header-rows: 1\n\n" + indent(text.getvalue(), "   ")
