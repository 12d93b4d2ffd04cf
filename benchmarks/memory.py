"""Peak memory, which only a fresh process can measure.

    python -m benchmarks.memory NUMBA categorical/4096x1000

measures in the process itself and prints the result as JSON; `benchmarks.__main__` starts such processes.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import contenders, workloads
from benchmarks.processes import in_process

WORKLOADS = ("categorical/4096x1000", "categorical/512x50000", "linear_large_vocabulary/128x64x256000")
RESET_PEAK = "5"  # what to write into clear_refs, see proc(5)

# Freed arrays go back to the system, so that the peak of a call is not hidden by what an earlier call left behind.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


def peak_of(maker, workload, arrays):
    """MB that a call needs at its peak, beyond the memory before it and its results."""
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


# In the process that starts them


def measure(names, options, advance):
    """Rows of the table, one for each workload and contender."""
    rows = []
    for label in WORKLOADS:
        for name in names:
            advance(f"{label}: {name}")
            arguments = [name, label, "--threads", options.threads, *(["--quick"] if options.quick else [])]
            result = in_process("benchmarks.memory", *arguments, environment=MALLOC)
            rows.append({"workload": label, "contender": name, **result})
    return rows


# In the process of its own


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contender")
    parser.add_argument("workload")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    contenders.set_environment(options.threads, "cpu")
    found, _ = contenders.makers(contenders.BACKENDS, contenders.PEERS, options.threads, "cpu")
    maker = next(maker for maker in found if maker.name == options.contender)
    (workload,) = workloads.select([options.workload], quick=options.quick)
    result = peak_of(maker, workload, workload.arrays())
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
