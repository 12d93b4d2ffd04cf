"""The backends that the sweeps run on, and what cannot run there."""

from functools import cache
from importlib.util import find_spec

import pytensor
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


# What a backend of PyTensor itself cannot do, by the ids of rows.
STACK = "PyTensor 3.0 stacks the operands of a product or sum of three on MLX, which fails where they broadcast"
UNSUPPORTED = {
    ("MLX", row): STACK
    for row in (
        "binary_crossentropy[binary]",
        "binary_crossentropy[probabilities,pos_weight=...,label_smoothing=0.2]",
        "binary_crossentropy[probabilities]",
        "binary_crossentropy_with_logits[binary,label_smoothing=0.3]",
        "binary_crossentropy_with_logits[binary]",
        "binary_crossentropy_with_logits[probabilities,pos_weight=...]",
        "binary_hinge_loss[binary,log_odds=False]",
        "binary_hinge_loss[binary,log_odds=True]",
        "binary_hinge_loss[signs,log_odds=True,binary=False,delta=2]",
        "categorical_crossentropy[labels,class_weights=...,label_smoothing=0.1]",
        "categorical_crossentropy[one_hot,class_weights=...,label_smoothing=0.1]",
        "categorical_crossentropy[one_hot]",
        "categorical_crossentropy[simplex,class_weights=...,label_smoothing=0.1]",
        "categorical_crossentropy[simplex]",
        "categorical_crossentropy_with_logits[labels,class_weights=...,label_smoothing=0.1]",
        "categorical_crossentropy_with_logits[one_hot,class_weights=...,label_smoothing=0.1]",
        "categorical_crossentropy_with_logits[one_hot]",
        "categorical_crossentropy_with_logits[simplex,class_weights=...,label_smoothing=0.1]",
        "categorical_crossentropy_with_logits[simplex]",
        "squared_error[reals]",
    )
    if pytensor.__version__.startswith("3.0.")
}

ALL = [parameter(backend) for backend in MODULES]
