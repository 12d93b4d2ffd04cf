"""Every row of the table on every backend: value, gradients and mask against the row's reference."""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import MODULES, mode, parameter, uncompiled, unsupported
from cases import CASES, FIRST, LAST, Case
from cases.case import poisoned

EXPECTED = {}
TOLERANCE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-10, "atol": 1e-12}}
OLDEST = pytensor.__version__.startswith("3.0.")
FUNCTIONS = [case.function for case in FIRST]


def tried(backend, case):
    """In which dtypes a row is computed, and whether with a mask.

    With the oldest PyTensor all rows on JAX; elsewhere, where each compiler run takes seconds, one row of a function:
    the first with the oldest PyTensor, the last with others. Over the backends and versions it meets both dtypes. All
    combinations run without a backend in test_expressions.py.
    """
    if backend == "JAX" and OLDEST:
        return [("float32", True), *([("float64", False)] if case in FIRST else [])]
    if case not in (FIRST if OLDEST else LAST) and not unsupported(backend, case):
        return []
    turn = FUNCTIONS.index(case.function) + list(MODULES).index(backend) + OLDEST
    return [("float32" if backend == "MLX" or turn % 2 else "float64", True)]


def rows():
    for backend in MODULES:
        for case in CASES:
            if tried(backend, case):
                reason = unsupported(backend, case)
                yield parameter(backend, case, marks=[pytest.mark.xfail(reason=reason, strict=True)] if reason else [])


@pytest.mark.parametrize(("backend", "case"), list(rows()))
def test_case(backend, case, record_property):
    """One test for all, since they share what is compiled."""
    kinds = ["value", "gradient", "mask"] if case.differentiable else ["value", "mask"]
    for name, known in (("functions", [case.function.__name__]), ("backend", backend), ("kinds", kinds)):
        record_property(name, known)
    for run in computed(case, backend):
        for kind in kinds:
            CHECKS[kind](run)


@dataclass
class Run:
    """Inputs and results of a case for one dtype, masked (with poison under the mask) or not."""

    case: Case
    dtype: str
    masked: bool

    def __post_init__(self):
        self.clean = self.case.draw(self.dtype)
        self.upstream = self.case.upstream(self.dtype)
        shape = self.case.mask_shape()
        self.mask = np.random.default_rng(1).random(shape) < 0.6 if self.masked else np.ones(shape, bool)
        self.arrays = [*poisoned(self.case, self.clean, self.mask), self.mask, self.upstream]
        self.inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in self.arrays]

    def outputs(self):
        *given, mask, upstream = self.inputs
        loss = self.case.apply(given, **{"mask": mask} if self.masked else {})
        wrt = [given[i] for i in self.case.wrt(self.clean)]
        gradients = pytensor.grad((loss * upstream).sum(), wrt) if wrt else []
        assert {v.dtype for v in (loss, *gradients)} == {self.dtype}
        return [loss, *gradients]

    def take(self, results):
        """Keep the first of the results, which are this run's."""
        self.value = results.pop(0)
        self.gradients = [results.pop(0) for _ in self.case.wrt(self.clean)]

    def expected(self):
        """The same for all backends."""
        key = self.case, self.dtype, self.masked
        if key not in EXPECTED:
            EXPECTED[key] = self.case.expected(self.clean, self.upstream, self.mask if self.masked else None)
        return EXPECTED[key]


def check_value(run):
    np.testing.assert_allclose(run.value, run.expected()[0], **TOLERANCE[run.dtype])


def check_gradient(run):
    for found, expected in zip(run.gradients, run.expected()[1], strict=True):
        np.testing.assert_allclose(found, expected, **TOLERANCE[run.dtype])


def check_mask(run):
    if run.value.ndim:
        assert (run.case.masked(run.mask, run.value) == 0).all()
    for i, gradient in zip(run.case.wrt(run.clean), run.gradients, strict=True):
        assert (gradient[run.case.left_out(run.mask, run.clean[i])] == 0).all()


CHECKS = {"value": check_value, "gradient": check_gradient, "mask": check_mask}


def computed(case, backend):
    """The runs of a case, computed by one compiled function."""
    runs = [Run(case, dtype, masked) for dtype, masked in tried(backend, case)]
    outputs = [output for run in runs for output in run.outputs()]
    inputs = [variable for run in runs for variable in run.inputs]
    eager = uncompiled(backend) if FUNCTIONS.index(case.function) % 3 else nullcontext()
    # PyTensor's C code is compiled faster without optimisation; ours is tested with it in dispatch/
    with pytensor.config.change_flags(gcc__cxxflags="-O0"), eager:
        function = pytensor.function(inputs, outputs, mode=mode(backend), on_unused_input="ignore")
        results = [np.asarray(result) for result in function(*(array for run in runs for array in run.arrays))]
    for run in runs:
        run.take(results)
        if backend != "JAX":  # whose sums have the wrong dtype in PyTensor: docs/sharp_edges.rst
            assert all(result.dtype == run.dtype for result in (run.value, *run.gradients))
    return runs
