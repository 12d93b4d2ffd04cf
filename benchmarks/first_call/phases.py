"""The phases of one first call, in its own process.

    python -m benchmarks.first_call.phases NUMBA readme

prints them as JSON; `benchmarks.first_call.measure` starts such processes.
"""

import argparse
import json
import sys
import time
from importlib import import_module

from benchmarks import contenders
from benchmarks.first_call import compilers

BACKENDS = ("NUMBA", "CVM", "JAX")
CONTENDERS = {
    **{backend: ("in_pytensor", backend) for backend in BACKENDS},
    **{f"plain {backend}": ("in_plain", backend) for backend in BACKENDS},
    "jax.jit": ("in_jax", None),
    "torch.compile": ("in_torch", None),
}
MODULES = {"NUMBA": "numba", "JAX": "jax"}  # of the backends, imported with the rest
WORKLOADS = ("elementwise", "crossentropy", "readme", "digits")
NOT_COUNTED = ("matplotlib.pyplot", "rich.progress", "sklearn.model_selection", "sklearn.datasets")  # of the example
OURS = (*contenders.REWRITES, "c_kernels")
REWRITINGS = 3  # of which the quickest counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rewriting", action="store_true", help="time the rewriting again, with and without ours")
    options = parser.parse_args()
    contenders.set_environment(options.threads, "cpu")
    sys.stdout.write(json.dumps(phases(options)) + "\n")


def phases(options):
    module, backend = CONTENDERS[options.contender]
    if options.workload == "digits" and module == "in_pytensor":
        for name in NOT_COUNTED:
            import_module(name)
    started = time.perf_counter()
    build = getattr(import_module(f"benchmarks.first_call.{module}"), options.workload)
    if backend in MODULES:
        import_module(MODULES[backend])
    imported = time.perf_counter()
    compiled = compilers.watch("JAX" if module == "in_jax" else backend)
    result = {"import": imported - started, **(pytensor_phases(build, backend) if backend else jit_phases(build))}
    result["total"] = sum(result.values())
    result.update(compiled()._asdict())
    if options.rewriting and module == "in_pytensor":
        result.update(rewriting_again(build, backend))
    return result


def pytensor_phases(build, mode):
    """PyTensor's total times of rewriting and linking; on Numba and JAX the call compiles."""
    started = time.perf_counter()
    call = build(mode)
    rewriting, linking = spent()
    built = time.perf_counter()
    call()
    called = time.perf_counter() - built
    late_rewriting, late_linking = (late - early for late, early in zip(spent(), (rewriting, linking), strict=True))
    return {
        "graph": built - started - rewriting - linking,
        "rewriting": rewriting + late_rewriting,
        "linking": linking + late_linking,
        "call": called - late_rewriting - late_linking,
    }


def spent():
    from pytensor.compile.debug import profiling

    return profiling.total_graph_rewrite_time, profiling.total_time_linker


def jit_phases(build):
    started = time.perf_counter()
    build()()
    return {"call": time.perf_counter() - started}


# Our rewrites


def rewriting_again(build, mode):
    """Seconds to rewrite again, with our rewrites and without those that a mode can exclude."""
    from pytensor.compile.mode import get_mode

    modes = {"rewriting_again": get_mode(mode), "rewriting_without_ours": get_mode(mode).excluding(*OURS)}
    return {name: min(rewriting_of(build, mode) for _ in range(REWRITINGS)) for name, mode in modes.items()}


def rewriting_of(build, mode):
    before, _ = spent()
    build(without_compiler(mode))
    return spent()[0] - before


def without_compiler(mode):
    """The mode with a linker that is quick and asks for the same rewrites."""
    from pytensor.compile.mode import Mode
    from pytensor.link.basic import PerformLinker

    linker = PerformLinker()
    linker.required_rewrites = mode.linker.required_rewrites
    linker.incompatible_rewrites = mode.linker.incompatible_rewrites
    return Mode(linker, mode.provided_optimizer)


if __name__ == "__main__":
    main()
