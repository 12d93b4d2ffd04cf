"""Tables for people and JSON for programs."""

import csv
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmarks.contenders import FLOOR, thread_counts

PACKAGES = ("objectives", "pytensor", "numpy", "numba", "torch", "jax", "jaxlib", "optax", "torchmetrics", "keras")
KIND_STYLES = {"ours": "bold", "peer": "", "floor": "dim"}


def document(options, **sections):
    """The contents of the JSON file: the sections, and the versions and hardware they depend on."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": cpu_name(), "processors": thread_counts(0)["XLA (JAX)"], "system": platform.platform()},
        "device": options.device,
        "versions": {"python": platform.python_version(), **versions()},
        "threads": thread_counts(options.threads),
        "options": {name: value for name, value in vars(options).items() if name != "output"},
        **sections,
    }


def write_json(path, content):
    path.write_text(json.dumps(content, indent=1) + "\n")


def versions():
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def cpu_name():
    """The model of the processor; Linux keeps it where `platform` does not look."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def headline_of(content):
    """One line about the machine."""
    threads = ", ".join(f"{name} {count}" for name, count in content["threads"].items())
    packages = ", ".join(f"{name} {number}" for name, number in content["versions"].items() if number)
    machine = content["machine"]
    return f"{machine['cpu']}, {machine['processors']} processors, {content['device']}\n{packages}\nthreads: {threads}"


def times_table(results):
    """All contenders of all workloads; targets as 'at most / aim'."""
    table = Table(title="Time of a call", title_justify="left")
    table.add_column("workload", overflow="fold")
    table.add_column("contender", no_wrap=True)
    for heading in ("median ms", "minimum", "quartiles", "x copy", "x fastest peer", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("reached", no_wrap=True)
    for result in results:
        label = result["workload"]
        for row in result["contenders"]:
            table.add_row(label, *times_row(row), style=KIND_STYLES[row["kind"]])
            label = ""
        for name in result["errors"]:
            table.add_row(label, name, "failed", style="red")
            label = ""
        table.add_section()
    return table


def write_csv(path, results):
    """A row for each workload: medians in milliseconds, and ratios. docs/benchmarks.csv is one of these."""
    rows = [{row["name"]: row for row in result["contenders"]} for result in results]
    names = list(dict.fromkeys(name for row in rows for name in row))
    ours = [name for name in names if any(name in row and row[name]["kind"] == "ours" for row in rows)]
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["Workload", *("Copy" if n == FLOOR else n for n in names), *(f"{n} / best peer" for n in ours)])
        for result, row in zip(results, rows, strict=True):
            times = [milliseconds(row[name]["median"]) if name in row else "" for name in names]
            ratios = [ratio(row[name]["ratio"]) if name in row else "" for name in ours]
            table.writerow([f"``{result['workload']}``", *times, *ratios])


def summary(results):
    """The median and the worst ratio of each backend to the fastest peer, a line each."""
    ratios: dict[str, list[tuple[float, str]]] = {}
    for result in results:
        for row in result["contenders"]:
            if row["kind"] == "ours" and row["ratio"] is not None:
                ratios.setdefault(row["name"], []).append((row["ratio"], result["workload"]))
    return "\n".join(
        f"{name}: {median(value for value, _ in found):.2f} of the fastest peer in the median of {len(found)} "
        f"workloads, at worst {max(found)[0]:.2f} ({max(found)[1]})"
        for name, found in ratios.items()
    )


def times_row(row):
    quartiles = "-".join(map(milliseconds, row["quartiles"]))
    target = row.get("target")
    cells = [row["name"], milliseconds(row["median"]), milliseconds(row["minimum"]), quartiles]
    cells += [ratio(row["times_floor"]), ratio(row["ratio"])]
    return [*cells, f"{target['at_most']:g} / {target['aim']:g}" if target else "", verdict(target)]


def verdict(target):
    if not target:
        return ""
    if target["reached"]["aim"]:
        return "[green]yes, aim"
    return "[green]yes" if target["reached"]["at_most"] else "[red]no"


def milliseconds(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value):
    return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def memory_table(rows):
    table = Table(title="Peak memory of a call above inputs and results", title_justify="left")
    for heading in ("workload", "contender"):
        table.add_column(heading)
    for heading in ("MB", "results, MB"):
        table.add_column(heading, justify="right")
    for row in rows:
        cells = ["failed", ""] if "error" in row else [f"{row[key]:.2f}" for key in ("peak_mb", "returned_mb")]
        table.add_row(row["workload"], row["contender"], *cells)
    return table


def validation_table(rows, target):
    table = Table(title="Validation in batches, million items a second", title_justify="left")
    table.add_column("contender", no_wrap=True)
    for heading in ("median", "quartiles", "x fastest peer", "processor, ns an item", "items", "grown, MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        lower, upper = (f"{value / 1e6:.3g}" for value in row["quartiles"])
        times = ratio(row["times_fastest_peer"])
        reached = row["times_fastest_peer"] and row["times_fastest_peer"] >= target
        cells = [f"{row['median'] / 1e6:.3g}", f"{lower}-{upper}", f"[green]{times}" if reached else times]
        cells += [f"{row['processor_ns']:.3g}", f"{row['items']:,}", f"{row['grown_mb']:.1f}"]
        table.add_row(row["contender"], *cells)
    return table
