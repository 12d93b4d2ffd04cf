"""Every row of the table on every backend: value, gradient and mask against the row's reference."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import MODULES, UNSUPPORTED, dtypes, mode, parameter
from cases import CASES, Case

TOLERANCE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-10, "atol": 1e-12}}


def rows():
    for backend in MODULES:
        for case in CASES:
            for kind in ("value", "gradient", "mask"):
                if kind != "gradient" or case.differentiable:
                    reason = UNSUPPORTED.get((backend, case.id))
                    marks = [pytest.mark.xdist_group(f"{backend}-{case.id}")]
                    if reason:
                        marks.append(pytest.mark.xfail(reason=reason, strict=True))
                    yield parameter(backend, case, kind, marks=marks)


@pytest.mark.parametrize(("backend", "case", "kind"), list(rows()))
def test_case(backend, case, kind, record_property):
    record_property("function", case.function.__name__)
    record_property("backend", backend)
    record_property("kind", kind)
    for run in computed(case, backend):
        CHECKS[kind](case, run)


@dataclass
class Run:
    """Inputs and results of a case for one dtype, masked (with poison under the mask) or not."""

    case: Case
    dtype: str
    masked: bool

    def __post_init__(self):
        self.predictions, self.targets = self.case.draw(self.dtype)
        rng = np.random.default_rng(1)
        shape = self.predictions.shape[: -1 if self.case.itemwise else None]
        self.upstream = rng.normal(size=shape).astype(self.dtype)
        self.mask = rng.random(shape) < 0.6 if self.masked else np.ones(shape, bool)
        self.arrays = [*poisoned(self.case, self.predictions, self.targets, self.mask), self.mask, self.upstream]
        self.inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in self.arrays]

    def outputs(self):
        p, t, m, u = self.inputs
        loss = self.case.function(p, t, **{"mask": m} if self.masked else {}, **self.case.options)
        gradient = [pytensor.grad((loss * u).sum(), p)] if self.case.differentiable else []
        assert {v.dtype for v in (loss, *gradient)} == {self.dtype}
        return [loss, *gradient]

    def left_out(self):
        """Where the gradient must be 0."""
        mask = self.mask[..., None] if self.case.itemwise else self.mask
        return ~np.broadcast_to(mask, self.predictions.shape)


def check_value(case, run):
    expected, _ = case.expected(run.predictions, run.targets, run.upstream)
    np.testing.assert_allclose(run.value, np.where(run.mask, expected, 0), **TOLERANCE[run.dtype])


def check_gradient(case, run):
    _, expected = case.expected(run.predictions, run.targets, run.upstream)
    np.testing.assert_allclose(run.gradient, np.where(run.left_out(), 0, expected), **TOLERANCE[run.dtype])


def check_mask(case, run):
    assert (run.value[~run.mask] == 0).all()
    if case.differentiable:
        assert (run.gradient[run.left_out()] == 0).all()


CHECKS = {"value": check_value, "gradient": check_gradient, "mask": check_mask}


@cache
def computed(case, backend):
    """The runs of a case, computed by one compiled function.

    On most backends masks are tried in float32 and their absence in float64, to compile half as much; all
    combinations run without a backend in test_expressions.py.
    """
    runs = [Run(case, dtypes(backend)[0], masked=True), Run(case, dtypes(backend)[-1], masked=False)]
    outputs = [output for run in runs for output in run.outputs()]
    inputs = [variable for run in runs for variable in run.inputs]
    function = pytensor.function(inputs, outputs, mode=mode(backend), on_unused_input="ignore")
    results = [np.asarray(result) for result in function(*(array for run in runs for array in run.arrays))]
    for run in runs:
        run.value = results.pop(0)
        run.gradient = results.pop(0) if case.differentiable else None
        if backend != "JAX":  # whose sums have the wrong dtype in PyTensor: docs/sharp_edges.rst
            assert all(result.dtype == run.dtype for result in (run.value, run.gradient) if result is not None)
    return runs


def poisoned(case, predictions, targets, mask):
    """The inputs with NaN, infinities and invalid labels where they are masked."""
    rng = np.random.default_rng(2)
    rows = mask[..., None] if mask.ndim < predictions.ndim else mask
    poison = rng.choice([np.nan, np.inf, -np.inf], size=predictions.shape)
    predictions = np.where(rows, predictions, poison).astype(predictions.dtype)
    if targets.dtype.kind == "f":
        return predictions, np.where(rows, targets, poison).astype(targets.dtype)
    bad = rng.choice([-100, 100], size=targets.shape)
    return predictions, np.where(mask if targets.ndim == mask.ndim else rows, targets, bad).astype(targets.dtype)
