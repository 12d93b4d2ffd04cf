"""Measurements of the workloads, and their ratios."""

import gc
from statistics import median, quantiles

from benchmarks.contenders import check
from benchmarks.timing import interleave


def measure(workload, makers, *, rounds, idle_seconds, report, advance):
    """Build, compare and time the contenders of a workload, and return what goes into the JSON file.

    ``report`` is told what goes on, ``advance`` that a slot is done. A contender that fails or computes something else
    is not timed; the message takes the place of its times.
    """
    contenders, errors = build(workload, makers, report)
    report("timing")
    samples = interleave({c.name: c.step for c in contenders}, rounds, idle_seconds=idle_seconds, advance=advance)
    timed = [{"name": c.name, "kind": c.kind, **statistics(samples[c.name])} for c in contenders]
    add_ratios(timed, workload.targets)
    del contenders
    gc.collect()
    return {
        "workload": workload.label,
        "name": workload.name,
        "dtype": workload.dtype,
        "shape": workload.shape,
        "elements": workload.elements,
        "contenders": timed,
        "errors": errors,
    }


def build(workload, makers, report):
    """Contenders whose results agree with those of the first peer that is exact enough, or else of the first of all."""
    arrays = workload.arrays()
    contenders, errors, expected = [], {}, None
    for maker in sorted(makers, key=lambda maker: (workload.is_rough(maker.name), maker.kind != "peer")):
        report(f"compiling for {maker.name}")
        try:
            contender = maker.make(workload, arrays)
            if contender.kind != "floor":
                expected = check(contender, expected, workload.tolerance(maker.name))
        except Exception as error:  # of whatever library; the others go on
            errors[maker.name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        else:
            contenders.append(contender)
    order = [maker.name for maker in makers]
    return sorted(contenders, key=lambda contender: order.index(contender.name)), errors


def statistics(samples):
    """Milliseconds of a call."""
    times = [1000 * seconds for seconds in samples.seconds]
    lower, _, upper = quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
    return {
        "median": median(times),
        "minimum": min(times),
        "quartiles": [lower, upper],
        "samples": times,
        "busy": samples.busy,
    }


def add_ratios(timed, targets):
    """Relative to the fastest peer of the same run and to the floor; and which targets that reaches."""
    peers = [row for row in timed if row["kind"] == "peer"]
    fastest = min(peers, key=lambda row: row["median"], default=None)
    floor = next((row for row in timed if row["kind"] == "floor"), None)
    for row in timed:
        row["ratio"] = row["median"] / fastest["median"] if fastest else None
        row["fastest_peer"] = fastest["name"] if fastest else None
        row["times_floor"] = row["median"] / floor["median"] if floor else None
        target = targets.get(row["name"])
        if target and fastest:
            reached = {"at_most": row["ratio"] <= target.at_most, "aim": row["ratio"] <= target.aim}
            row["target"] = {**target._asdict(), "reached": reached}
