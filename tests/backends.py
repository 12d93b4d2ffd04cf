"""The backends that the sweeps run on, and what cannot run there."""

from functools import cache
from importlib.util import find_spec

import pytest
from pytensor.compile.mode import get_mode

MODULES = {"NUMBA": "numba", "CVM": None, "JAX": "jax", "PYTORCH": "torch", "MLX": "mlx"}
CANNOT_RAISE = ("JAX", "PYTORCH", "MLX")


def dtypes(backend):
    """MLX computes in float32; its float64 exists on the CPU alone and for few operations."""
    return ("float32",) if backend == "MLX" else ("float32", "float64")


def is_installed(backend):
    return MODULES[backend] is None or find_spec(MODULES[backend]) is not None


@cache
def mode(backend):
    return get_mode(backend)


def parameter(backend, *values, marks=()):
    """A pytest parameter that is skipped where the backend is not installed."""
    missing = pytest.mark.skipif(not is_installed(backend), reason=f"{MODULES[backend]} is not installed")
    return pytest.param(
        backend,
        *values,
        marks=[missing, *marks],
        id="-".join([backend, *(getattr(value, "id", str(value)) for value in values)]),
    )


ALL = [parameter(backend) for backend in MODULES]
