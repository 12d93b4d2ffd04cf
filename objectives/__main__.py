"""``python -m objectives`` prints what a report of a problem needs: versions, backends, threads, compiler and BLAS."""

import os
import platform
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import pytensor

from objectives._backends import BACKENDS
from objectives.ops.threads import allowed
from objectives.version import __version__

# What is imported and installed, where the name of the distribution does not say it.
MODULES = {"mlx": "mlx.core"}
EXTRAS = {"mlx": '"mlx[cpu]"'} if sys.platform == "linux" else {}


def version_of(package: str, module: str | None = None) -> str:
    """The version of a distribution, unless the module of it is given and cannot be imported."""
    install = f"pip install {EXTRAS.get(package, package)}"
    try:
        found = version(package)
    except PackageNotFoundError:
        return f"not installed ({install})"
    try:
        import_module(module or "builtins")
    except Exception as error:  # a library that lacks a driver may raise anything
        reason = " ".join(str(error).split())
        return f"{found}, but cannot be imported ({install}): {reason}"
    return found


def lines() -> Iterator[tuple[str, str]]:
    """What there is, and its version or setting."""
    config = pytensor.config
    yield "objectives", __version__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    for package in ("pytensor", "numpy", "scipy", "numba"):
        yield package, version_of(package)
    for backend in BACKENDS:
        if backend.library:
            module = MODULES.get(backend.library, backend.library)
            yield f"{backend.library} (mode {backend.mode})", version_of(backend.library, module)
    cores = os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "not set")
    yield "threads", f"{allowed(cores)} of {cores} cores, OMP_NUM_THREADS: {limit}"
    yield "C compiler", config.cxx or "none found: mode CVM computes in Python"
    yield "BLAS", config.blas__ldflags or "none linked to C: mode CVM multiplies matrices by NumPy"
    yield "floatX", config.floatX
    yield "mode", f"{config.mode}, linker {config.linker}"
    yield "compiled code", str(config.compiledir)


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTensor warns of missing BLAS, of which a line tells
        for name, value in lines():
            print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
