"""What only a fresh process can tell: peak memory, and the time until the first result.

    python -m benchmarks.processes memory NUMBA categorical/4096x1000

runs one measurement in the process itself and prints it as JSON; `benchmarks.__main__` starts such processes.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks import contenders, workloads

ROOT = Path(__file__).parent.parent
COLD_START_REPEATS = 5
MEMORY_WORKLOADS = ("categorical/4096x1000", "categorical/512x50000")
COLD_START_WORKLOADS = ("categorical/4096x1000",)
RESET_PEAK = "5"  # what to write into clear_refs, see proc(5)

# Freed arrays go back to the system, so that the peak of a call is not hidden by what an earlier call left behind.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


def memory(maker, workload, arrays):
    """MB that a call needs at its peak, above what is there before it and what it returns."""
    maker.load()
    contender = maker.make(workload, arrays)
    for _ in range(2):
        results = contender.step()
    returned = sum(contender.fetch(result).nbytes for result in results)
    del results
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    contender.step()
    peak = resident("VmHWM")
    return {"peak_mb": max(0, peak - before - returned) / 1e6, "returned_mb": returned / 1e6}


def resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def cold_start(maker, workload, arrays):
    """Seconds to import, and then to build the function, compile it and call it once."""
    start = time.perf_counter()
    maker.load()
    imported = time.perf_counter()
    maker.make(workload, arrays).step()
    return {"import_s": imported - start, "first_call_s": time.perf_counter() - imported}


MEASUREMENTS = {"memory": memory, "cold-start": cold_start}


# In the process that starts them


def measure(what, names, options, advance):
    """Rows of the table, one for each workload and contender."""
    labels = MEMORY_WORKLOADS if what == "memory" else COLD_START_WORKLOADS
    rows = []
    for label in labels:
        for name in names:
            advance(f"{label}: {name}")
            rows.append({"workload": label, "contender": name, **repeated(what, name, label, options)})
    return rows


def repeated(what, name, label, options):
    """One measurement of memory; the median of some cold starts, after one that fills the caches on disk."""
    if what == "memory":
        return in_process(what, name, label, options)
    results = [in_process(what, name, label, options) for _ in range(COLD_START_REPEATS + 1)][1:]
    failed = next((result for result in results if "error" in result), None)
    return failed or {key: median(result[key] for result in results) for key in results[0]}


def in_process(what, name, label, options):
    command = [sys.executable, "-m", "benchmarks.processes", what, name, label]
    command += ["--threads", str(options.threads)] + (["--quick"] if options.quick else [])
    environment = os.environ | (MALLOC if what == "memory" else {})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


# In the process of its own


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measurement", choices=MEASUREMENTS)
    parser.add_argument("contender")
    parser.add_argument("workload")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    contenders.set_environment(options.threads, "cpu")
    found, _ = contenders.makers(contenders.BACKENDS, contenders.PEERS, options.threads, "cpu")
    maker = next(maker for maker in found if maker.name == options.contender)
    (workload,) = workloads.select([options.workload], quick=options.quick)
    result = MEASUREMENTS[options.measurement](maker, workload, workload.arrays())
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
