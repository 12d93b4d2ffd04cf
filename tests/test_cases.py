"""Rows of the table on every backend: value, gradients and mask, of one dtype, against the row's reference.

Rows come with a mask or without, lengths known or not, and predictions as an input or an expression: see variants.py.

All floats, PyTensor's floatX among them, are of the dtype in which the tests run: ``make test-backends`` runs them in
float64 and in float32. PyTorch's compiler takes part in float32.
"""

from dataclasses import dataclass

import numpy as np
import pytensor
import pytest
from backends import PACKAGES, dtypes, mode, parameter, uncompiled, unsupported
from cases import CASES, FIRST, LAST, Case
from cases.case import check_wrong_numbers, poisoned
from variants import Variant

TOLERANCE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-10, "atol": 1e-12}}
FLOAT = pytensor.config.floatX
# In float32 another row of each function that has several.
CHOSEN = FIRST if FLOAT == "float64" else LAST


def marks(backend, case):
    """The tier of a row on a backend, and why it fails."""
    is_chosen = case in CHOSEN or (backend == "JAX" and FLOAT == "float64") or unsupported(backend, case)
    if not is_chosen:
        yield pytest.mark.exhaustive
    elif backend != "NUMBA" or FLOAT == "float32":
        yield pytest.mark.backends
    if reason := unsupported(backend, case):
        yield pytest.mark.xfail(reason=reason, strict=True)


def rows():
    for backend in PACKAGES:
        for case in CASES if FLOAT in dtypes(backend) else []:
            yield parameter(backend, case, marks=marks(backend, case))


@pytest.mark.parametrize(("backend", "case"), list(rows()))
def test_case(backend, case, record_property):
    variant = Variant.of(CASES.index(case), backend)
    variant = variant._replace(static=variant.static or backend in case.known_lengths)
    kinds = ["value", *["gradient"] * case.differentiable, *["mask"] * variant.masked]
    for name, known in (("functions", [case.function.__name__]), ("backend", backend), ("kinds", kinds)):
        record_property(name, known)
    run = computed(case, backend, variant)
    for kind in kinds:
        CHECKS[kind](run)
    if case.differentiable:
        counted = np.ones(case.mask_shape(), bool) if run.mask is None else run.mask
        check_wrong_numbers(case, run.given, counted, run.again)


@dataclass
class Run:
    """Inputs, with poison under the mask, and results of a case."""

    case: Case
    variant: Variant

    def __post_init__(self):
        self.clean, self.mask = self.case.draw(FLOAT), self.case.mask() if self.variant.masked else None
        self.given = self.clean if self.mask is None else poisoned(self.case, self.clean, self.mask)
        self.predictions = self.variant.split(self.given[0])
        self.rest = [*self.given[1:], self.case.upstream(FLOAT), *([] if self.mask is None else [self.mask])]
        self.arrays = [*self.predictions, *self.rest]
        self.inputs = [self.variant.variable(array) for array in self.arrays]

    def outputs(self):
        split, rest = self.inputs[: len(self.predictions)], self.inputs[len(self.predictions) :]
        extras, (upstream, *mask) = rest[: len(self.clean) - 1], rest[len(self.clean) - 1 :]
        options = {name: a.astype(FLOAT) for name, a in self.case.options.items() if isinstance(a, np.ndarray)}
        options |= {"mask": mask[0]} if mask else {}
        loss = self.case.apply([self.variant.join(split, self.clean[0].shape), *extras], **options)
        by = [split[0], *extras]
        wrt = [by[i] for i in self.case.wrt(self.clean)]
        gradients = pytensor.grad((loss * upstream).sum(), wrt) if wrt else []
        assert {v.dtype for v in (loss, *gradients)} == {FLOAT}
        return [loss, *gradients]

    def take(self, function, eager):
        self.function, self.eager = function, eager
        self.value, *self.gradients = self.again(self.given)

    def again(self, given):
        """Value and gradients for other inputs."""
        arrays = [*self.variant.split(given[0]), *given[1:], *self.rest[len(self.clean) - 1 :]]
        with uncompiled(self.eager):
            value, *gradients = (np.asarray(result) for result in self.function(*arrays))
        if gradients and self.case.wrt(self.clean)[0] == 0:
            gradients[0] = self.variant.gradient(gradients[0], self.clean[0].shape)
        return [value, *gradients]

    def expected(self):
        if self.mask is not None:
            return self.case.expected(self.clean, self.case.upstream(FLOAT), self.mask)
        # of float64, which there is for all rows; float32 rounds the inputs
        return self.case.expected(self.case.draw("float64"), self.case.upstream())


def check_value(run):
    np.testing.assert_allclose(run.value, run.expected()[0], **TOLERANCE[FLOAT])


def check_gradient(run):
    for found, expected in zip(run.gradients, run.expected()[1], strict=True):
        np.testing.assert_allclose(found, expected, **TOLERANCE[FLOAT])


def check_mask(run):
    if run.value.ndim:
        assert (run.case.masked(run.mask, run.value) == 0).all()
    for i, gradient in zip(run.case.wrt(run.clean), run.gradients, strict=True):
        assert (gradient[run.case.left_out(run.mask, run.clean[i])] == 0).all()


CHECKS = {"value": check_value, "gradient": check_gradient, "mask": check_mask}


def computed(case, backend, variant):
    """The run of a case on a backend."""
    run = Run(case, variant)
    eager = backend if FLOAT == "float64" or not case.differentiable else None
    # PyTensor's C code is compiled faster without optimization; ours is tested with it in dispatch/
    with pytensor.config.change_flags(gcc__cxxflags="-O0"):
        function = pytensor.function(run.inputs, run.outputs(), mode=mode(backend), on_unused_input="ignore")
        run.take(function, eager)
    if backend != "JAX":  # whose sums have the wrong dtype in PyTensor: docs/sharp_edges.rst
        assert all(result.dtype == FLOAT for result in (run.value, *run.gradients))
    return run


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[] if case in FIRST else [pytest.mark.exhaustive], id=case.id) for case in CASES],
)
@pytest.mark.needs("jax", "optax")
def test_references_are_what_jax_and_optax_compute(case):
    for dtype in ("float32", "float64"):
        arrays, upstream, mask = case.draw(dtype), case.upstream(dtype), case.mask()
        kept, computed = (find(arrays, upstream, mask) for find in (case.expected, case.computed))
        for known, found in zip([kept[0], *kept[1]], [computed[0], *computed[1]], strict=True):
            np.testing.assert_allclose(known, found, rtol=1e-9, atol=1e-12)
