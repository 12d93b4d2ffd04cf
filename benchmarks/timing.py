"""Timing: contenders take turns on an otherwise idle machine, and medians are compared.

A computer that others use, too, is never the same for two measurements, so contenders are not measured one after the
other: each round gives every contender one slot, in an order that rotates. A slot waits for an idle machine, makes
an untimed call (another contender has just used the caches), and takes the median of a few timed blocks.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

BLOCKS = 3  # of timed calls in a slot
BLOCK_SECONDS = 0.001  # a block repeats calls that are faster; a slot has 3 blocks and so at least 2 ms
WARM_UP = 3  # calls of each contender before the first round
IDLE_PROBES = 12  # in a row that find nothing else to run
PROBE_SECONDS = 0.0015
STATISTICS = Path("/proc/stat")


@dataclass
class Samples:
    """Seconds of a call, one number for each slot."""

    seconds: list[float] = field(default_factory=list)
    busy: int = 0  # slots that began although the machine was busy


def interleave(steps, rounds, *, idle_seconds, advance=lambda: None):
    """Time functions without arguments in turns.

    ``idle_seconds`` is the longest wait for an idle machine before a slot, 0 for none; ``advance`` is called after
    each slot.
    """
    samples = {name: Samples() for name in steps}
    repeats = {name: _repeats(step) for name, step in steps.items()}
    names = list(steps)
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            samples[name].busy += not wait_until_idle(idle_seconds)
            samples[name].seconds.append(_slot(steps[name], repeats[name]))
            advance()
    return samples


def wait_until_idle(seconds):
    """Wait until no other process runs; False after too long. Only Linux can tell."""
    if not seconds or not STATISTICS.exists():
        return True
    deadline = time.perf_counter() + seconds
    idle = 0
    while idle < IDLE_PROBES:
        if time.perf_counter() > deadline:
            return False
        time.sleep(PROBE_SECONDS)
        idle = idle + 1 if _running() <= 1 else 0
    return True


def _running():
    """The number of threads on this machine that run or could, this one included."""
    lines = STATISTICS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("procs_running"))


def _repeats(step):
    """How many calls fill a block, after calls that warm the contender up."""
    times = [_block(step, 1) for _ in range(WARM_UP)]
    return max(1, round(BLOCK_SECONDS / max(min(times), 1e-9)))


def _slot(step, repeats):
    step()
    return median(_block(step, repeats) for _ in range(BLOCKS))


def _block(step, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats
