"""Losses of counts: 0 log 0, the factorial, the Poisson limit, Keras, PyMC, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from pytensor.compile.mode import Mode

from objectives import aggregate
from objectives.losses.counts import (
    negative_binomial_nll_loss,
    poisson_nll_loss,
    poisson_nll_loss_with_log_rate,
)

INF = np.inf


def evaluate(function, predictions, targets, **options):
    p, t = pt.dvector("p"), pt.dvector("t")
    loss = function(p, t, **options)
    outputs = [loss, pytensor.grad(loss.sum(), p)]
    return pytensor.function([p, t], outputs)(np.asarray(predictions, "float64"), np.asarray(targets, "float64"))


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
    found = pytensor.function([t], pytensor.grad(loss, t))([0.0, 0.5, 1.0, 7.3])
    np.testing.assert_allclose(found, scipy.special.psi([1, 1.5, 2, 8.3]) - np.log(1.5), rtol=1e-12)


def test_the_best_rate_is_the_mean_of_counts():
    t = np.random.default_rng(0).poisson(3.2, size=1000)
    for function, best in ((poisson_nll_loss, t.mean()), (poisson_nll_loss_with_log_rate, np.log(t.mean()))):
        _, gradient = evaluate(function, np.full(1000, best), t)
        assert abs(gradient.sum()) < 1e-9
        below, above = (evaluate(function, np.full(1000, best + d), t)[1].sum() for d in (-0.1, 0.1))
        assert below < 0 < above


def negative_binomial(p, t, dispersion, dtype="float64", mode=None, **options):
    """The losses of three arrays, which broadcast, and the gradients of their sum by the three."""
    arrays = [a.astype(dtype).ravel() for a in np.broadcast_arrays(p, t, dispersion)]
    inputs = [pt.vector(dtype=dtype) for _ in arrays]
    loss = negative_binomial_nll_loss(*inputs, **options)
    outputs = [loss, *pytensor.grad(loss.sum(), inputs)]
    return arrays, pytensor.function(inputs, outputs, mode=mode)(*arrays)


COUNTS, MEANS, DISPERSIONS = np.array([0, 1, 7, 400]), np.array([[1e-5], [0.7], [300]]), 10.0 ** np.arange(-12, 6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_negative_binomial_gradients_keep_their_digits(dtype):
    """By sums over whole counts, which need no gamma function."""
    (p, t, a), found = negative_binomial(
        MEANS[..., None], COUNTS[:, None], DISPERSIONS, dtype, mode=Mode("py", "fast_run")
    )
    p, t, a = (x.astype("longdouble") for x in (p, t, a))
    k = np.arange(400)[:, None]
    rising = np.where(k < t, k, 0)
    u = a * p
    log = np.log1p(u)
    by_dispersion = (t * p + p / a) / (1 + u) - log / a**2
    series = sum((-1) ** n * u**n * (1 - 1 / np.longdouble(n + 2)) for n in range(12))
    by_dispersion = np.where(u < 1e-2, t * p / (1 + u) - p**2 * series, by_dispersion)
    expected = [
        (t + 1 / a) * log - t * np.log(p) - np.log1p(a * rising).sum(axis=0),
        (p - t) / (p * (1 + u)),
        by_dispersion - (rising / (1 + a * rising)).sum(axis=0),
    ]
    by_second_order = (t + p) ** 2 / (1 + a * np.maximum(t, p))
    sizes = [p + t * (1 + abs(np.log(p))), 1 + t / p, by_second_order]
    for got, exact, size in zip(found[:2] + found[3:], expected, sizes, strict=True):
        assert (abs(got - exact) <= 100 * np.finfo(dtype).eps * (size + abs(exact))).all()


def test_negative_binomial_of_scipy():
    (p, t, a), (value, _, by_count, _) = negative_binomial(
        MEANS[..., None], COUNTS[:, None], DISPERSIONS[9:], full=True
    )
    np.testing.assert_allclose(value, -scipy.stats.nbinom.logpmf(t, 1 / a, 1 / (1 + a * p)), rtol=1e-9, atol=1e-11)
    psi = scipy.special.psi
    expected = psi(t + 1) - psi(t + 1 / a) + np.log1p(a * p) - np.log(a * p)
    np.testing.assert_allclose(by_count, expected, rtol=1e-9, atol=1e-11)


def test_negative_binomial_without_dispersion_is_poisson():
    p, t = np.array([0.0, 0, 2, 2, 50]), np.array([0.0, 3, 0, 3, 40])
    for full in (False, True):
        _, (value, *_) = negative_binomial(p, t, 0.0, full=full)
        expected, gradient = evaluate(poisson_nll_loss, p, t, full=full)
        np.testing.assert_allclose(value, expected, rtol=1e-13)
    _, (_, by_mean, _, by_dispersion) = negative_binomial(p, t, 0.0)
    np.testing.assert_allclose(by_mean, gradient, rtol=1e-13)
    np.testing.assert_allclose(by_dispersion, (t - (t - p) ** 2) / 2, rtol=1e-12)


def test_negative_binomial_at_the_edges():
    """Nothing counted has the probability (1 + a p) ** (-1 / a); a mean of 0 gives no other count."""
    a = np.array([1e-300, 1e-9, 0.5, 1e9, 1e30, 1e300])
    _, (value, by_mean, by_count, by_dispersion) = negative_binomial(2.0, 0.0, a)
    np.testing.assert_allclose(value, np.log1p(2 * a) / a, rtol=1e-14)
    np.testing.assert_allclose(by_mean[:-1], 1 / (1 + 2 * a[:-1]), rtol=1e-12)
    assert 0 <= by_mean[-1] < 1e-290
    assert np.isfinite([by_count, by_dispersion]).all()
    _, (value, by_mean, *_) = negative_binomial([0.0, 0, -1, 1, 1], [0.0, 1, 0, -1, 1], [1.0, 1, 1, 1, -1])
    np.testing.assert_array_equal(value, [0, INF, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(by_mean, [1, -INF, np.nan, np.nan, np.nan])


def test_negative_binomial_recovers_the_distribution():
    t = np.random.default_rng(0).negative_binomial(2, 2 / (2 + 3.0), size=4000)
    x = pt.dvector("x")
    loss = aggregate(negative_binomial_nll_loss(pt.exp(x[0]), t.astype("float64"), pt.exp(x[1])))
    function = pytensor.function([x], [loss, pytensor.grad(loss, x)])
    found = scipy.optimize.minimize(lambda x: [float(function(x)[0]), function(x)[1]], [0.0, 0.0], jac=True)
    np.testing.assert_allclose(np.exp(found.x[0]), t.mean(), rtol=1e-5)
    np.testing.assert_allclose(np.exp(found.x), [3, 0.5], rtol=0.1)


@pytest.mark.needs("pymc")
def test_pymc_agrees():
    import pymc

    t, mean = np.array([0, 3, 9]), np.array([0.5, 2.0, 7.0])
    expected = -pymc.logp(pymc.NegativeBinomial.dist(mu=mean, alpha=1 / 0.3), t)
    found = negative_binomial_nll_loss(mean, t, 0.3, full=True)
    np.testing.assert_allclose(*pytensor.function([], [found, expected])(), rtol=1e-12)


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
    for function, name in ((poisson_nll_loss, "predictions"), (poisson_nll_loss_with_log_rate, "log_rate")):
        with pytest.raises(TypeError, match="rank mismatch between targets"):
            function(pt.matrix(), pt.vector())
        with pytest.raises(
            TypeError, match=f"{name} must be floating-point numbers, not int64. Are the arguments swapped"
        ):
            function(pt.lvector(), pt.vector())
    with pytest.raises(TypeError, match="rank mismatch between dispersion"):
        negative_binomial_nll_loss(pt.matrix(), pt.matrix(), pt.vector())
    with pytest.raises(TypeError, match="predictions must be floating-point numbers"):
        negative_binomial_nll_loss(pt.lvector(), pt.vector(), pt.vector())


def test_negative_binomial_in_float16():
    arrays = [np.array([x]) for x in (1000.0, 2000.0, 0.5)]
    expected = negative_binomial_nll_loss(*arrays, full=True).eval(mode=Mode("py", None))
    found = negative_binomial_nll_loss(*(a.astype("float16") for a in arrays), full=True).eval(mode=Mode("py", None))
    assert found.dtype == "float16"
    np.testing.assert_allclose(found, expected, rtol=1e-3)
