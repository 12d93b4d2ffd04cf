"""Runs of the first call, each in its own process: contenders take turns, each round with fresh empty caches."""

import os
import tempfile
from fnmatch import fnmatch
from importlib.util import find_spec
from statistics import median

from benchmarks.first_call.phases import BACKENDS, CONTENDERS, WORKLOADS
from benchmarks.processes import in_process
from benchmarks.timing import wait_until_idle

PEERS = {"jax.jit": "optax", "torch.compile": "torch"}  # and what they need
STARTS = ("cold", "warm")


def measure(workload, options, idle_seconds, advance):
    """Rows of the table: the medians of each contender on a workload, cold and warm, or its error."""
    names = contenders(workload, options)
    results = {name: [] for name in names}
    for turn in range(options.rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            advance(f"{workload}, round {turn + 1} of {options.rounds}: {name}")
            results[name].append(cold_and_warm(name, workload, options, idle_seconds))
    return [{"workload": workload, "contender": name, **summary(results[name])} for name in names]


def selected(patterns):
    return [workload for workload in WORKLOADS if any(fnmatch(workload, pattern) for pattern in patterns)]


def contenders(workload, options):
    """Each backend and PyTensor alone on it, then the peers; none that is not installed.

    PyTensor alone cannot index by ``arange(n)`` on JAX where n is symbolic, as the crossentropies by hand do.
    """
    backends = [backend for backend in BACKENDS if backend in options.backend or not options.backend_given]
    backends = [backend for backend in backends if backend != "JAX" or find_spec("jax")]
    plain = [f"plain {backend}" for backend in backends]
    peers = [name for name, module in PEERS.items() if name in options.peers and find_spec(module)]
    return [name for name in (*backends, *plain, *peers) if name != "plain JAX" or workload == "elementwise"]


def cold_and_warm(name, workload, options, idle_seconds):
    """The phases with empty caches, and those of a second process that finds them filled."""
    with tempfile.TemporaryDirectory() as folder:
        busy = not wait_until_idle(idle_seconds)
        starts = {start: start_of(name, workload, options, folder, start) for start in STARTS}
    return {"busy": busy, **starts}


def start_of(name, workload, options, folder, start):
    arguments = [name, workload, "--threads", options.threads, *(["--rewriting"] if start == "warm" else [])]
    return in_process("benchmarks.first_call.phases", *arguments, environment=environment_of(name, folder))


def environment_of(name, folder):
    """Each library keeps what it compiles in the folder, JAX also what took less than a second.

    The backend is PyTensor's default as well, in which it compiles graphs within Ops.
    """
    _, backend = CONTENDERS[name]
    flags = [os.environ.get("PYTENSOR_FLAGS"), f"base_compiledir={folder}/pytensor", backend and f"mode={backend}"]
    return {
        "PYTENSOR_FLAGS": ",".join(filter(None, flags)),
        "JAX_COMPILATION_CACHE_DIR": f"{folder}/jax",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TORCHINDUCTOR_CACHE_DIR": f"{folder}/torch",
    }


# Medians


def summary(results):
    errors = [result[start]["error"] for result in results for start in STARTS if "error" in result[start]]
    if errors:
        return {"error": errors[0]}
    medians = {start: medians_of([result[start] for result in results]) for start in STARTS}
    return {**medians, "busy": sum(result["busy"] for result in results), "samples": results}


def medians_of(results):
    """The median of each number, those of the Ops too; None stays."""
    return {key: median_of([result[key] for result in results]) for key in results[0]}


def median_of(values):
    if isinstance(values[0], dict):
        names = {name for value in values for name in value}
        return {name: median(value.get(name, 0) for value in values) for name in names}
    return None if values[0] is None else median(values)
