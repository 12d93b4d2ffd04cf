"""jax.grad of the JAX-compiled loss is right, as for users who hand PyTensor graphs to JAX samplers and optimizers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES
from cases.case import covers, spread
from lazy import jax, jnp
from test_extremes import ELEMENTWISE, ITEMWISE, huber_without_end

from objectives import beta_nll_loss, log_cosh_loss

pytestmark = pytest.mark.needs("jax")
BEYOND = np.nextafter(np.float32(1), np.float32(2))


def jax_gradients(loss, inputs, arrays, wrt=(0,)):
    function = pytensor.function(inputs, loss, mode="JAX", on_unused_input="ignore").vm.jit_fn
    gradients = jax.grad(lambda *given: function(*given)[0], wrt)(*map(jnp.asarray, arrays))
    return [np.asarray(gradient) for gradient in gradients]


# has a factor that is a constant for PyTensor's gradient alone, as its docstring says
ROWS = [case for case in CASES if case.differentiable and case.function is not beta_nll_loss]


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.id)
def test_rows(case):
    arrays, upstream = case.draw("float64"), case.upstream()
    mask = case.mask()
    wrt = case.wrt(arrays)
    hidden = [i in wrt and covers(mask, a) for i, a in enumerate(arrays)]
    poisoned = [np.where(spread(mask, a), a, np.nan) if hide else a for hide, a in zip(hidden, arrays, strict=True)]
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=a.dtype.name) for a in (*arrays, mask)]
    loss = (case.apply(inputs[:-1], mask=inputs[-1]) * upstream).sum()
    _, expected = case.expected(arrays, upstream, mask)
    found = jax_gradients(loss, inputs, [*poisoned, mask], tuple(wrt))
    for gradient, desired in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, desired, rtol=1e-10, atol=1e-12)


def test_extremes():
    for loss, predictions, targets, _, gradient in ELEMENTWISE + ITEMWISE:
        # what rounding took beyond 1 is a constant for PyTensor's gradient alone; JAX gives 0 times an infinite delta
        if BEYOND in np.asarray(predictions) or loss is huber_without_end:
            continue
        p = pt.vector() if np.ndim(predictions) == 1 else pt.matrix()
        (found,) = jax_gradients(loss(p, np.asarray(targets)).sum(), [p], [np.asarray(predictions)])
        np.testing.assert_allclose(
            found, gradient, rtol=1e-12, atol=1e-300, err_msg=f"{loss.__name__}({predictions}, {targets})"
        )


def test_large_errors():
    p = pt.vector()
    (gradient,) = jax_gradients(log_cosh_loss(p, 0.0).sum(), [p], [np.array([-1e10, -800, 0, 0.5, 800, 1e10])])
    np.testing.assert_allclose(gradient, [-1, -1, 0, np.tanh(0.5), 1, 1], rtol=1e-14)


def test_a_label_outside_the_range_is_nan():
    from objectives import categorical_crossentropy_with_logits

    z, y = pt.matrix(), pt.lvector()
    loss = categorical_crossentropy_with_logits(z, y).sum()
    (gradient,) = jax_gradients(loss, [z, y], [np.zeros((2, 3)), np.array([1, 7])])
    assert np.isfinite(gradient[0]).all() and np.isnan(gradient[1]).all()
