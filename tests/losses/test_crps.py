"""Continuous ranked probability scores: integrals, limits, ties, bias, propriety, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.optimize
from scipy.integrate import quad
from scipy.stats import norm

from objectives import absolute_error
from objectives.losses.crps import ensemble_crps, gaussian_crps

INF = np.inf
LEAST = np.sqrt(2 / np.pi) - np.sqrt(1 / np.pi)


def evaluate(build, *arrays, dtype="float64"):
    arrays = [np.asarray(a, dtype) for a in arrays]
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype=dtype) for a in arrays]
    loss = build(*inputs)
    outputs = [loss, *pytensor.grad(loss.sum(), inputs)]
    function = pytensor.function(inputs, outputs)
    with np.errstate(over="ignore"):  # in the branch that is not selected
        value, *gradients = function(*arrays)
    assert value.dtype == dtype
    return value, gradients


def test_ensembles_by_hand():
    x, t = [[1.0, 2.0, 4.0], [4.0, 1.0, 2.0], [3.0, 3.0, 3.0]], [3.0, 3.0, 1.0]
    value, (gradient, target) = evaluate(ensemble_crps, x, t)
    np.testing.assert_allclose(value, [4 / 3 - 12 / 18, 4 / 3 - 12 / 18, 2])
    np.testing.assert_allclose(gradient[0], [-1 / 3 + 2 / 9, -1 / 3, 1 / 3 - 2 / 9])
    np.testing.assert_allclose(gradient[1], gradient[0][[2, 0, 1]])
    np.testing.assert_allclose(gradient[2], 1 / 3), "equal members have equal gradients"
    np.testing.assert_allclose(target, [1 / 3, 1 / 3, -1], atol=1e-15)
    value, (gradient, _) = evaluate(lambda x, t: ensemble_crps(x, t, fair=True), x, t)
    np.testing.assert_allclose(value, [4 / 3 - 1, 4 / 3 - 1, 2])
    np.testing.assert_allclose(gradient[0], [0, -1 / 3, 0], atol=1e-15)


def test_one_member():
    x, t = np.array([[1.0], [5.0]]), np.array([3.0, 2.5])
    value, (gradient, _) = evaluate(ensemble_crps, x, t)
    np.testing.assert_array_equal(value, absolute_error(x[:, 0], t).eval())
    np.testing.assert_array_equal(gradient, [[-1], [1]])
    assert np.isnan(evaluate(lambda x, t: ensemble_crps(x, t, fair=True), x, t)[0]).all()


def test_the_score_is_an_integral_over_steps():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(5, 7)), rng.normal(size=5)
    x[0, :3], t[1] = x[0, 0], x[1, 2]
    found, (gradient, _) = evaluate(ensemble_crps, x, t)
    for members, target, loss in zip(x, t, found, strict=True):
        edges = np.sort([*members, target])
        below = [(np.mean(members <= a) - (target <= a)) ** 2 for a in edges[:-1]]
        np.testing.assert_allclose(loss, np.sum(np.diff(edges) * below), rtol=1e-12)
    np.testing.assert_allclose(gradient[0, :3], gradient[0, 0])
    assert (found >= 0).all()


def test_targets_and_members_far_from_zero():
    """The difference of two large means would have no digits left in float32."""
    x, t = np.array([[1e4, 1e4 + 0.25, 1e4 + 1]]), [1e4 + 0.5]
    value, _ = evaluate(ensemble_crps, x, t, dtype="float32")
    expected, _ = evaluate(ensemble_crps, x - 1e4, [0.5])
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_infinite_members():
    value, (gradient, _) = evaluate(ensemble_crps, [[INF, 1.0], [-INF, INF]], [1.0, 0.0])
    np.testing.assert_array_equal(value, [INF, INF])
    np.testing.assert_allclose(gradient, [[1 / 4, 1 / 4], [-1 / 4, 1 / 4]])
    fair, _ = evaluate(lambda x, t: ensemble_crps(x, t, fair=True), [[INF, 1.0]], [2.0])
    np.testing.assert_array_equal(fair, [0]), "between the two members"


def test_many_members_become_the_distribution():
    """Members are the quantiles of a normal distribution, or samples, where only the fair score has no bias."""
    levels = (np.arange(4000) + 0.5) / 4000
    p, t, s = np.array([0.0, 1.0, -2.0]), np.array([0.3, -2.0, 2.0]), np.array([1.0, 0.5, 2.0])
    expected = gaussian_crps(p, t, s).eval()
    quantiles = p[:, None] + s[:, None] * norm.ppf(levels)
    np.testing.assert_allclose(ensemble_crps(quantiles, t).eval(), expected, rtol=1e-3)
    draws = p + s * np.random.default_rng(0).normal(size=(5, 40_000, 3))
    fair, biased = (
        ensemble_crps(draws, np.tile(t, (40_000, 1)), axis=0, fair=fair).eval().mean(axis=0) for fair in (True, False)
    )
    np.testing.assert_allclose(fair, expected, atol=0.02)
    np.testing.assert_allclose(biased - fair, s / np.sqrt(np.pi) / 5, rtol=0.02)


@pytest.mark.parametrize("z", [0.0, 0.3, -1.0, 2.5, -8.0])
def test_closed_form_against_its_integral(z):
    s = 0.7
    below = quad(lambda x: norm.cdf(x, z * s, s) ** 2, -40 * s, 0, points=[z * s] if z < 0 else None, limit=200)[0]
    above = quad(lambda x: norm.sf(x, z * s, s) ** 2, 0, 40 * s, points=[z * s] if z > 0 else None, limit=200)[0]
    np.testing.assert_allclose(gaussian_crps([z * s], [0.0], [s]).eval(), [below + above], rtol=1e-7)


def test_no_seam_where_the_tails_begin():
    z = np.linspace(-60, 60, 481)
    expected = 0.7 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    value, (mean, _, _) = evaluate(gaussian_crps, 0.7 * z, 0 * z, 0 * z + 0.7)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    np.testing.assert_allclose(mean, 2 * norm.cdf(z) - 1, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tails_and_certainty(dtype):
    error = [0.0, 2.0, -2.0, 0.0, 1e3, -1e30, INF, 1e-15, 1.0, 1.0, 0.0]
    spread = [0.0, 0.0, 0.0, 2.0, 1.0, 1e-3, 1.0, 1e-15, 1e-30, 1e9, 1e-30]
    value, (mean, _, deviation) = evaluate(gaussian_crps, error, np.zeros(11), spread, dtype=dtype)
    offset = 1 / np.sqrt(np.pi)
    one = 2 * norm.cdf(1) - 1 + 2 * norm.pdf(1) - offset
    expected = [0, 2, 2, 2 * LEAST, 1e3 - offset, 1e30, INF, 1e-15 * one, 1, 1e9 * LEAST, 1e-30 * LEAST]
    np.testing.assert_allclose(value, expected, rtol=1e-6 if dtype == "float32" else 1e-13)
    np.testing.assert_allclose(mean, [0, 1, -1, 0, 1, -1, 1, 2 * norm.cdf(1) - 1, 1, 0, 0], rtol=1e-6, atol=1e-8)
    far = -offset
    np.testing.assert_allclose(
        deviation, [LEAST, far, far, LEAST, far, far, far, 2 * norm.pdf(1) - offset, far, LEAST, LEAST], rtol=1e-6
    )


def test_negative_deviations_give_nan():
    value, _ = evaluate(gaussian_crps, [0.0, 9.0], [0.0, 0.0], [-1.0, -1.0])
    assert np.isnan(value).all()


def test_the_score_is_proper():
    """On average it is least at the mean and deviation from which the targets were drawn."""
    targets = 1.5 + 0.7 * norm.ppf((np.arange(2000) + 0.5) / 2000)
    x = pt.dvector("x")
    mean = gaussian_crps(pt.zeros(2000) + x[0], targets, pt.exp(x[1])).mean()
    function = pytensor.function([x], [mean, pytensor.grad(mean, x)])
    found = scipy.optimize.minimize(
        lambda v: (lambda a, b: (float(a), b))(*function(v)), [0.0, 0.5], jac=True, tol=1e-12
    )
    np.testing.assert_allclose([found.x[0], np.exp(found.x[1])], [1.5, 0.7], rtol=2e-3)


def test_misuse():
    with pytest.raises(
        TypeError,
        match=r"rank mismatch between targets \(\?, \?\) and predictions \(\?, \?\): an ensemble has one target",
    ):
        ensemble_crps(pt.matrix(), pt.matrix())
    with pytest.raises(TypeError, match="shape mismatch between targets"):
        ensemble_crps(np.zeros((3, 5)), np.zeros(4))
    with pytest.raises(TypeError, match="predictions must be floating-point"):
        ensemble_crps(pt.lmatrix(), pt.vector())
    with pytest.raises(TypeError, match="predictions need an axis of ensemble members"):
        ensemble_crps(pt.scalar(), pt.scalar())
    with pytest.raises(TypeError, match="rank mismatch between standard_deviation"):
        gaussian_crps(pt.matrix(), pt.matrix(), pt.vector())
