"""The backends that the sweeps run on, and what cannot run there."""

import os
from contextlib import nullcontext
from functools import cache

import pytensor
import pytest
from pytensor.compile.mode import Mode, get_mode

from objectives._backends import BACKENDS

# What must be installed for each, beside PyTensor.
PACKAGES = {backend.mode: tuple(filter(None, [backend.library])) for backend in BACKENDS}
CANNOT_RAISE = ("JAX", "PYTORCH", "MLX")


def dtypes(backend):
    """MLX computes in float32; its float64 exists on the CPU alone and for few operations."""
    return ("float32",) if backend == "MLX" else ("float32", "float64")


# Unrewritten expressions with NumPy: what compiled functions are compared with. (FAST_COMPILE makes products of three
# factors, which PyTensor multiplies element by element in Python.)
UNREWRITTEN = Mode("py", None)
# The graphs of Numba, for tests that look at them and need nothing compiled.
REWRITTEN = Mode("py", get_mode("NUMBA").provided_optimizer)
# For tests of what LLVM makes of loops; `make optimized` runs them.
optimized = pytest.mark.skipif(os.environ.get("NUMBA_OPT") == "0", reason="Numba does not optimize in this run")


@cache
def mode(backend):
    return get_mode(backend)


def parameter(backend, *values, marks=(), name=None):
    """A pytest parameter that needs what the backend needs, named by its values."""
    needs = [pytest.mark.needs(*PACKAGES[backend])] if PACKAGES[backend] else []
    return pytest.param(
        backend,
        *values,
        marks=[*needs, *marks],
        id="-".join([backend, *([name] if name else (getattr(value, "id", str(value)) for value in values))]),
    )


def uncompiled(backend):
    """PyTorch, whose compiler takes seconds for each function, computes the same without it."""
    if backend != "PYTORCH":
        return nullcontext()
    import torch

    return torch.compiler.set_stance("force_eager")


# What a backend of PyTensor itself cannot do, by the names of functions and options.
NO_HOST = "compiled functions of MLX cannot call NumPy"
UNSUPPORTED = {
    ("MLX", "clustering_accuracy", "method"): NO_HOST,
    ("MLX", "adjusted_mutual_info_score", "num_clusters"): NO_HOST,
}
for sampled in ("nce_loss", "rank_sampled_softmax_loss", "sampled_softmax_loss"):
    UNSUPPORTED["MLX", sampled, None] = "of several gradients of a row that is read, PyTensor adds only one"
if pytensor.__version__.startswith("3.0."):
    no_gammaln = "MLX has no logarithm of the gamma function"
    UNSUPPORTED["MLX", "negative_binomial_nll_loss", "full"] = no_gammaln
    UNSUPPORTED["MLX", "poisson_nll_loss", "full"] = no_gammaln
    UNSUPPORTED["MLX", "poisson_nll_loss_with_log_rate", "full"] = no_gammaln


def unsupported(backend, case):
    """Why this backend cannot compute the case; None where it can."""
    reasons = (UNSUPPORTED.get((backend, case.function.__name__, option)) for option in (None, *case.options))
    return next(filter(None, reasons), None)


ALL = [parameter(backend) for backend in PACKAGES]
