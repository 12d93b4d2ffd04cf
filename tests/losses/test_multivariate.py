"""The likelihood with full covariance: SciPy, factors that are none, what it recovers, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.optimize
import scipy.stats

from objectives import aggregate, gaussian_nll_loss
from objectives.losses.multivariate import multivariate_gaussian_nll_loss

INF = np.inf


def evaluate(p, t, factor, dtype="float64", mask=None, **options):
    """The losses of three arrays, and the gradients of their sum."""
    arrays = [np.asarray(a, dtype) for a in (p, t, factor)]
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=dtype) for a in arrays]
    loss = multivariate_gaussian_nll_loss(*inputs, mask=mask, **options)
    return pytensor.function(inputs, [loss, *pytensor.grad(loss.sum(), inputs)])(*arrays)


def drawn(n=4, d=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), rng.normal(size=(n, d)), np.tril(rng.normal(size=(n, d, d)), -1) + 2 * np.eye(d)


def test_scipy():
    p, t, factors = drawn()
    factors[1] = np.diag([1e-8, 1, 1e8])
    expected = [
        -scipy.stats.multivariate_normal.logpdf(*row, f @ f.T, allow_singular=True)
        for *row, f in zip(t, p, factors, strict=True)
    ]
    expected[1] = -scipy.stats.norm.logpdf(t[1], p[1], np.diag(factors[1])).sum()
    np.testing.assert_allclose(evaluate(p, t, factors, full=True)[0], expected, rtol=1e-12)


def test_independent_entries():
    p, t, _ = drawn()
    spread = np.array([0.5, 1, 3])
    expected = aggregate(gaussian_nll_loss(p, t, (spread**2)[None]), mode="sum", axis=-1).eval()
    np.testing.assert_allclose(evaluate(p, t, np.diag(spread))[0], expected, rtol=1e-12)


def test_a_shared_factor_gets_the_sum_of_gradients():
    p, t, factors = drawn(6)
    for shape in ((6, 3), (2, 3, 3)):
        each = evaluate(p, t, np.broadcast_to(factors[0], (6, 3, 3)))
        shared = evaluate(p.reshape(shape), t.reshape(shape), factors[0])
        np.testing.assert_allclose(shared[0].ravel(), each[0], rtol=1e-12)
        np.testing.assert_allclose(shared[3], each[3].sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factors_that_are_none(dtype):
    """They make their item NaN; nothing above the diagonal is read."""
    p, t, factors = drawn(6)
    clean = evaluate(p, t, factors, dtype)
    bad = factors.copy()
    bad[0, 1, 1], bad[1, 2, 2], bad[2, 0, 0], bad[3, 2, 0] = 0, -1, np.nan, np.nan
    bad[:, 0, 2] = [INF, np.nan, 1, -INF, np.nan, INF]
    mask = np.array([True, True, True, True, True, False])
    found = evaluate(np.where(mask[:, None], p, INF), t, bad, dtype, mask=mask)
    for result, good in zip(found, clean, strict=True):
        assert result.dtype == dtype
        assert np.isnan(result[:4]).reshape(4, -1).any(axis=1).all()
        np.testing.assert_array_equal(result[4], good[4])
        assert (result[5] == 0).all()


def test_half_precision_computes_in_single():
    p, t, factors = (x.astype("float16") for x in drawn())
    value = evaluate(p, t, factors, "float16")[0]
    assert value.dtype == "float16"
    np.testing.assert_allclose(value, evaluate(p, t, factors)[0], rtol=1e-3)


def test_no_items():
    value, *gradients = evaluate(np.zeros((0, 3)), np.zeros((0, 3)), np.eye(3))
    assert value.shape == (0,)
    np.testing.assert_array_equal(gradients[2], np.zeros((3, 3)))


def test_the_best_factor_is_that_of_the_covariance():
    t = np.random.default_rng(0).multivariate_normal([0, 0], [[2, 0.8], [0.8, 1]], size=500)
    x = pt.dvector("x")
    factor = pt.stack([pt.stack([pt.exp(x[0]), 0.0]), pt.stack([x[1], pt.exp(x[2])])])
    loss = aggregate(multivariate_gaussian_nll_loss(np.zeros_like(t), t, factor))
    function = pytensor.function([x], [loss, pytensor.grad(loss, x)])
    best = scipy.optimize.minimize(lambda x: [float(function(x)[0]), function(x)[1]], np.zeros(3), jac=True).x
    expected = np.linalg.cholesky(t.T @ t / len(t))
    np.testing.assert_allclose([np.exp(best[0]), best[1], np.exp(best[2])], expected[np.tril_indices(2)], rtol=1e-4)


def test_misuse():
    with pytest.raises(TypeError, match=r"rank mismatch between scale_tril \(\?,\).*use gaussian_nll_loss"):
        multivariate_gaussian_nll_loss(pt.matrix(), pt.matrix(), pt.vector())
    with pytest.raises(TypeError, match=r"shape mismatch between scale_tril \(3, 3\)"):
        multivariate_gaussian_nll_loss(np.zeros((2, 4)), np.zeros((2, 4)), np.eye(3))
    with pytest.raises(TypeError, match="predictions must be floating-point numbers"):
        multivariate_gaussian_nll_loss(pt.lmatrix(), pt.matrix(), np.eye(3))
