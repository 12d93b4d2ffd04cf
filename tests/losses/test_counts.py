"""Losses of counts: 0 log 0, the factorial, Keras, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
import scipy.stats
from pytensor.compile.mode import Mode

from objectives import aggregate
from objectives.losses.counts import poisson_nll_loss, poisson_nll_loss_with_log_rate

INF = np.inf
UNREWRITTEN = Mode(linker="py", optimizer=None)


def evaluate(function, predictions, targets, **options):
    p, t = pt.dvector("p"), pt.dvector("t")
    loss = function(p, t, **options)
    outputs = [loss, pytensor.grad(loss.sum(), p)]
    return pytensor.function([p, t], outputs, mode=UNREWRITTEN)(
        np.asarray(predictions, "float64"), np.asarray(targets, "float64")
    )


def test_rates_of_zero():
    """Keras adds 1e-7 and PyTorch 1e-8 inside the logarithm, so that impossible counts cost little."""
    value, gradient = evaluate(poisson_nll_loss, [0, 0, 2, 2, -1], [0, 3, 0, 3, 0])
    np.testing.assert_allclose(value, [0, INF, 2, 2 - 3 * np.log(2), np.nan])
    np.testing.assert_allclose(gradient[:4], [1, -INF, 1, 1 - 3 / 2])
    value, gradient = evaluate(poisson_nll_loss_with_log_rate, [-INF, -INF, 0, -800], [0, 3, 2, 1])
    np.testing.assert_allclose(value, [0, INF, 1, 800])
    np.testing.assert_allclose(gradient, [0, -3, -1, -1])


def test_negative_counts_give_nan():
    for function in (poisson_nll_loss, poisson_nll_loss_with_log_rate):
        assert np.isnan(evaluate(function, [1.0, 1.0], [-1, -0.5])[0]).all()


def test_the_factorial_is_exact():
    """PyTorch's approximation begins above 1, where it jumps."""
    t = np.arange(40)
    value, _ = evaluate(poisson_nll_loss, np.full(40, 1.5), t, full=True)
    np.testing.assert_allclose(value, -scipy.stats.poisson.logpmf(t, 1.5), rtol=1e-13)
    logs, _ = evaluate(poisson_nll_loss_with_log_rate, np.full(40, np.log(1.5)), t, full=True)
    np.testing.assert_allclose(logs, value, rtol=1e-13)
    near, _ = evaluate(poisson_nll_loss, [1.5] * 2, [1 - 1e-9, 1 + 1e-9], full=True)
    assert abs(near[1] - near[0]) < 1e-8


def test_gradient_by_counts_that_are_not_whole():
    t = pt.dvector("t")
    loss = poisson_nll_loss(np.full(4, 1.5), t, full=True).sum()
    found = pytensor.function([t], pytensor.grad(loss, t), mode="FAST_COMPILE")([0.0, 0.5, 1.0, 7.3])
    np.testing.assert_allclose(found, scipy.special.psi([1, 1.5, 2, 8.3]) - np.log(1.5), rtol=1e-12)


def test_the_best_rate_is_the_mean_of_counts():
    t = np.random.default_rng(0).poisson(3.2, size=1000)
    for function, best in ((poisson_nll_loss, t.mean()), (poisson_nll_loss_with_log_rate, np.log(t.mean()))):
        _, gradient = evaluate(function, np.full(1000, best), t)
        assert abs(gradient.sum()) < 1e-9
        below, above = (evaluate(function, np.full(1000, best + d), t)[1].sum() for d in (-0.1, 0.1))
        assert below < 0 < above


@pytest.mark.needs("keras")
def test_keras_agrees():
    import keras

    rng = np.random.default_rng(0)
    p, t = rng.uniform(0.5, 3, size=(4, 3)), rng.poisson(2.0, size=(4, 3))
    found = aggregate(poisson_nll_loss(p, t), axis=-1).eval()
    np.testing.assert_allclose(
        found, np.asarray(keras.losses.poisson(t.astype("float32"), p.astype("float32"))), rtol=1e-5
    )


def test_misuse():
    for function, name in ((poisson_nll_loss, "predictions"), (poisson_nll_loss_with_log_rate, "predictions")):
        with pytest.raises(TypeError, match="rank mismatch between targets"):
            function(pt.matrix(), pt.vector())
        with pytest.raises(
            TypeError, match=f"{name} must be floating-point numbers, not int64. Are the arguments swapped"
        ):
            function(pt.lvector(), pt.vector())
