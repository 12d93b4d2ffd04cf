"""NaN of what is not valid reaches the exponentials of a user: XLA drops literal ones that it can see there."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import categorical_crossentropy_with_logits, fgmm_vae_loss, squared_error
from objectives.ops.selection import nan_where, where

x = pt.matrix("x", dtype="float32")
GIVEN = np.array([[0.1, -1], [2, -2], [0.5, -0.5]], "float32")
CHECKED = {
    "factor": nan_where(pt.exp(x).sum(axis=-1, keepdims=True) > 3, x),
    "choice": where(pt.exp(x).sum(axis=-1, keepdims=True) > 3, np.nan, x),
    "other": where(pt.exp(x).sum(axis=-1, keepdims=True) <= 3, x, np.nan),
}
FUNCTIONS = {
    "exp": pt.exp,
    "share": lambda y: (pt.exp(y) * where(pt.neq(pt.exp(y), 0), y, 0)).sum(axis=-1),
    "cosh": pt.cosh,
    "sigmoid": pt.sigmoid,
    "logsumexp": lambda y: pt.logsumexp(y, axis=-1),
}


@pytest.mark.parametrize("checked", CHECKED)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.needs("jax")
def test_unknown_items_stay_unknown(function, checked):
    value = FUNCTIONS[function](CHECKED[checked])
    compute = pytensor.function([x], [value, pytensor.grad(value.sum(), x)], mode="JAX")
    for _ in range(20):
        found, gradient = map(np.asarray, compute(GIVEN))
        unknown = np.isnan(found).reshape(3, -1)
        assert unknown[1].all() and not unknown[[0, 2]].any()
        assert not np.isnan(gradient[[0, 2]]).any()
        if checked == "factor":
            assert np.isnan(gradient[1]).all()


@pytest.mark.needs("jax")
def test_perplexity_of_an_invalid_label():
    labels = pt.lvector()
    compute = pytensor.function([x, labels], pt.exp(categorical_crossentropy_with_logits(x, labels)), mode="JAX")
    np.testing.assert_array_equal(np.isnan(compute(GIVEN, [0, 2, 1])), [False, True, False])


@pytest.mark.needs("jax")
def test_factors_whose_probabilities_do_not_add_up_to_one():
    inputs = [pt.tensor(shape=shape, dtype="float32") for shape in [(1, 1)] * 4 + [(1, 2, 2), (1, 2)]]
    prior = np.zeros((2, 2, 1), "float32"), np.log(np.full((2, 2), 0.5, "float32")), np.log(np.full(2, 0.5, "float32"))
    loss = fgmm_vae_loss(*inputs, *prior, factors="categorical")
    compute = pytensor.function(inputs, loss, mode="JAX")
    ones, halves = np.ones((1, 1), "float32"), np.log(np.full((1, 2, 2), 0.5, "float32"))
    for _ in range(50):
        assert np.isnan(compute(ones, ones, ones, ones, halves, np.array([[1, -1]], "float32"))).all()


@pytest.mark.needs("jax")
@pytest.mark.parametrize("length", [0, 3])
def test_vectors_of_nan_keep_their_length(length):
    y = pt.scalar("y", dtype="float32")
    value = pt.exp(pt.switch(squared_error(y, 0) > 1, np.full(length, np.nan, "float32"), y))
    found = np.asarray(pytensor.function([y], value, mode="JAX")(np.float32(3)))
    np.testing.assert_array_equal(found, np.full(length, np.nan))


@pytest.mark.needs("jax")
def test_data_that_are_shared():
    """A function without arguments: what NaN is computed from is a shared variable."""
    y = pytensor.shared(GIVEN)
    compute = pytensor.function([], pt.exp(nan_where(pt.exp(y).sum(axis=-1, keepdims=True) > 3, y)), mode="JAX")
    for _ in range(20):
        np.testing.assert_array_equal(np.isnan(compute()), [[False] * 2, [True] * 2, [False] * 2])
