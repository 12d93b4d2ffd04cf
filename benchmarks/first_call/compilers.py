"""Log of the compilers behind PyTensor and JAX in this process: what they compiled, how often, for how long."""

import pickle
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

GRAPH = "numba_funcified_fgraph"  # PyTensor's Numba function of a whole graph, which calls one for each Op
XLA_COMPILES = "/jax/core/compile/backend_compile_duration"  # loading from the cache included
XLA_LOADS = "/jax/compilation_cache/cache_retrieval_time_sec"


class Compiled(NamedTuple):
    count: int | None = None
    seconds: float | None = None
    shares: dict[str, float] | None = None  # seconds by Op, where the compiler tells


def watch(backend) -> Callable[[], Compiled]:
    """Start watching the compilers of a backend, and return a function that reports on them at the end."""
    return {"NUMBA": watch_numba, "CVM": watch_c, "JAX": watch_xla}.get(backend, lambda: Compiled)()


# Numba


def watch_numba():
    from numba.core import event

    listener = event.RecordingListener()
    event.register("numba:compile", listener)
    return lambda: numba_compilations(listener.buffer)


def numba_compilations(events):
    """Numba compiles called functions within the function that calls them: a tree with one branch per Op."""
    count, total, shares, stack = 0, 0.0, Counter(), []
    for moment, event in events:
        if event.is_start:
            stack.append((moment, event.data["dispatcher"].py_func.__name__, [0.0]))
            continue
        started, name, (inner,) = stack.pop()
        seconds, callers = moment - started, [caller for _, caller, _ in stack]
        count += 1
        if stack:
            stack[-1][2][0] += seconds
        else:
            total += seconds
        if name == GRAPH:
            shares["the graph itself"] += seconds - inner
        elif all(caller == GRAPH for caller in callers):
            shares[name] += seconds
    return Compiled(count, total, dict(shares))


# C


def watch_c():
    import pytensor

    before = set(c_modules(pytensor.config.compiledir))
    return lambda: c_compilations(set(c_modules(pytensor.config.compiledir)) - before)


def c_modules(folder):
    return [library for library in folder.glob("*/*.so") if (library.parent / "mod.cpp").exists()]


def c_compilations(libraries):
    """A module is written before the compiler starts, and the library when it ends."""
    shares = Counter()
    for library in libraries:
        seconds = library.stat().st_mtime - (library.parent / "mod.cpp").stat().st_mtime
        shares[c_name(library.parent)] += seconds
    return Compiled(len(libraries), sum(shares.values()), dict(shares))


def c_name(folder):
    """The Op that a module belongs to, which is in its key; modules of PyTensor itself have a name and no key."""
    path = folder / "key.pkl"
    if not path.exists():
        return folder.name
    names = {type(op).__name__ for keys in pickle.loads(path.read_bytes()).keys for op in operations(keys)}
    return " ".join(sorted(names)) or "constant"


def operations(key):
    from pytensor.graph.op import Op

    if isinstance(key, Op):
        yield key
    elif isinstance(key, tuple | frozenset):
        for part in key:
            yield from operations(part)


# XLA


def watch_xla():
    import jax

    durations = Counter(), Counter()

    def listen(name, seconds, **_):
        if name in (XLA_COMPILES, XLA_LOADS):
            for counter, amount in zip(durations, (1, seconds), strict=True):
                counter[name] += amount

    jax.monitoring.register_event_duration_secs_listener(listen)
    return lambda: Compiled(*(counter[XLA_COMPILES] - counter[XLA_LOADS] for counter in durations))
