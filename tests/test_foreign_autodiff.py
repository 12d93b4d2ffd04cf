"""jax.grad of the JAX-compiled loss is right, as for users who hand PyTensor graphs to JAX samplers and optimisers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES
from test_expressions import upstream
from test_extremes import ELEMENTWISE, ITEMWISE

jax = pytest.importorskip("jax")


def jax_gradient(loss, inputs, arrays):
    function = pytensor.function(inputs, loss, mode="JAX", on_unused_input="ignore").vm.jit_fn
    return np.asarray(jax.grad(lambda p, *rest: function(p, *rest)[0])(*map(jax.numpy.asarray, arrays)))


@pytest.mark.parametrize("case", [case for case in CASES if case.differentiable], ids=lambda case: case.id)
def test_rows(case):
    predictions, targets = case.draw("float64")
    u = upstream(case, predictions)
    mask = np.random.default_rng(5).random(u.shape) < 0.7
    rows = mask[..., None] if case.itemwise else mask
    poisoned = np.where(rows, predictions, np.nan)
    p, t, m = (
        pt.matrix(),
        pt.tensor(shape=(None,) * targets.ndim, dtype=targets.dtype.name),
        pt.tensor(shape=(None,) * mask.ndim, dtype="bool"),
    )
    loss = (case.function(p, t, mask=m, **case.options) * u).sum()
    _, expected = case.expected(predictions, targets, u)
    gradient = jax_gradient(loss, [p, t, m], [poisoned, targets, mask])
    np.testing.assert_allclose(gradient, np.where(rows, expected, 0), rtol=1e-10, atol=1e-12)


def test_extremes():
    for loss, predictions, targets, _, gradient in ELEMENTWISE + ITEMWISE:
        p = pt.vector() if np.ndim(predictions) == 1 else pt.matrix()
        found = jax_gradient(loss(p, np.asarray(targets)).sum(), [p], [np.asarray(predictions)])
        np.testing.assert_allclose(
            found, gradient, rtol=1e-12, atol=1e-300, err_msg=f"{loss.__name__}({predictions}, {targets})"
        )


def test_a_label_outside_the_range_is_nan():
    from objectives import categorical_crossentropy_with_logits

    z, y = pt.matrix(), pt.lvector()
    loss = categorical_crossentropy_with_logits(z, y).sum()
    gradient = jax_gradient(loss, [z, y], [np.zeros((2, 3)), np.array([1, 7])])
    assert np.isfinite(gradient[0]).all() and np.isnan(gradient[1]).all()
