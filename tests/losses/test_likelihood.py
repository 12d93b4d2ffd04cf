"""Likelihoods: extremes, accuracy of the normalizers, what their minimizers recover, recipes, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from pytensor.compile.mode import Mode

from objectives import aggregate, categorical_crossentropy, categorical_crossentropy_with_logits, labelled
from objectives.losses.likelihood import (
    beta_nll_loss,
    gaussian_nll_loss,
    laplace_nll_loss,
    robust_squared_error,
    student_t_nll_loss,
)

SPREAD_LOSSES = [
    beta_nll_loss,
    gaussian_nll_loss,
    laplace_nll_loss,
    robust_squared_error,
    lambda p, t, s, **options: student_t_nll_loss(p, t, s, degrees_of_freedom=3.0, **options),
]
NAMES = ["beta", "gaussian", "laplace", "robust", "student"]


def with_errors(p, t, s, e, **options):
    return robust_squared_error(p, t, s, label_errors=e, **options)


def evaluate(build, *arrays, dtype="float64"):
    """The losses of an expression, and the gradients of their sum by all inputs."""
    arrays = [np.asarray(a, dtype) for a in arrays]
    inputs = [pt.tensor(shape=tuple(1 if n == 1 else None for n in a.shape), dtype=dtype) for a in arrays]
    loss = build(*inputs)
    gradients = pytensor.grad(loss.sum(), inputs, disconnected_inputs="ignore")
    function = pytensor.function(inputs, [loss, *gradients])
    with np.errstate(over="ignore"):  # in the branch that is not selected
        value, *gradients = function(*arrays)
    assert value.dtype == dtype
    return value, gradients


def test_values_by_hand():
    p, t = np.array([1.0, 2.0]), np.array([3.0, 2.0])
    v = np.array([4.0, 0.25])
    half_log, error = np.array([np.log(2), -np.log(2)]), np.array([0.5, 0])
    losses = {
        gaussian_nll_loss(p, t, v): half_log + error,
        gaussian_nll_loss(p, t, v, full=True): half_log + error + 0.5 * np.log(2 * np.pi),
        beta_nll_loss(p, t, v, beta=0.5): [2 * (np.log(2) + 0.5), -0.5 * np.log(2)],
        laplace_nll_loss(p, t, v): [np.log(4) + 0.5, -np.log(4)],
        laplace_nll_loss(p, t, v, full=True): [np.log(8) + 0.5, -np.log(2)],
        student_t_nll_loss(p, t, v, degrees_of_freedom=1): np.log(np.pi * v) + np.array([np.log(1.25), 0]),
        robust_squared_error(p, t, np.log(v)): half_log + error,
        robust_squared_error(p, t, np.log(v), label_errors=2.0): [0.5 * np.log(8) + 0.25, 0.5 * np.log(4.25)],
    }
    results = pytensor.function([], list(losses))()
    for found, expected in zip(results, losses.values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


def test_small_variances_count_as_epsilon_and_have_no_gradient():
    """PyTorch reports -5e11 for the variance of 1e-9."""
    value, (mean, _, variance) = evaluate(gaussian_nll_loss, np.ones(5), np.zeros(5), [1e-9, 0.0, 1e-6, 2e-6, -1e-9])
    np.testing.assert_allclose(value[:3], 0.5 * np.log(1e-6) + 0.5e6, rtol=1e-12)
    np.testing.assert_allclose(mean[:4], [1e6, 1e6, 1e6, 0.5e6], rtol=1e-12)
    np.testing.assert_allclose(variance[:4], [0, 0, 0, 0.5 * (1 / 2e-6 - 1 / 4e-12)], rtol=1e-12)
    assert np.isnan(value[4]) and np.isnan(mean[4]), "a negative variance is an error, not a small one"
    value, (mean, _, variance) = evaluate(beta_nll_loss, np.ones(2), np.zeros(2), [1e-9, 1e-6])
    np.testing.assert_allclose(value, 1e-3 * (0.5 * np.log(1e-6) + 0.5e6), rtol=1e-12)
    np.testing.assert_allclose(mean, 1e3, rtol=1e-12)
    np.testing.assert_array_equal(variance, 0)


@pytest.mark.parametrize("loss", SPREAD_LOSSES, ids=NAMES)
def test_a_column_of_spreads_is_shared_by_the_rows(loss):
    p, t, s = np.array([[0.1, 0.7], [0.6, -0.4]]), np.array([[0.0, 1.0], [2.0, 0.5]]), np.array([[0.5], [2.0]])
    value, (_, _, shared) = evaluate(loss, p, t, s)
    expected, (_, _, each) = evaluate(loss, p, t, np.repeat(s, 2, axis=1))
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(shared, each.sum(axis=1, keepdims=True), rtol=1e-13)
    assert loss(0.0, pt.vector(), pt.vector()).ndim == 1, "one mean for all, as of returns"


def test_large_errors_do_not_overflow_on_the_way():
    value, (gradient, _) = evaluate(
        lambda p, t: gaussian_nll_loss(p, t, np.float32([1e10])), [1e20], [0.0], dtype="float32"
    )
    np.testing.assert_allclose(value, [0.5e30], rtol=1e-6)
    np.testing.assert_allclose(gradient, [1e10], rtol=1e-6)
    value, (gradient, _, scale) = evaluate(SPREAD_LOSSES[4], [1e30, np.inf], [0.0, 0.0], [1.0, 1.0], dtype="float32")
    np.testing.assert_allclose(value[0], -scipy.stats.t.logpdf(1e30, 3), rtol=1e-6)
    np.testing.assert_allclose(gradient, [4e-30, 0], rtol=1e-6)
    np.testing.assert_allclose(scale, [-3, -3], rtol=1e-6)
    assert np.isposinf(value[1])


def test_an_exact_prediction_of_the_median_has_no_gradient():
    value, (gradient, _, scale) = evaluate(laplace_nll_loss, [1.0, 1.0], [1.0, 1.0], [2.0, 0.5])
    np.testing.assert_allclose(value, np.log([2, 0.5]))
    np.testing.assert_array_equal(gradient, 0)
    np.testing.assert_allclose(scale, [0.5, 2])


def test_scales_that_are_not_positive_give_nan():
    p, t, s = np.array([1.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.0, -1.0])
    for loss in (SPREAD_LOSSES[2], SPREAD_LOSSES[4]):
        assert np.isnan(evaluate(loss, p, t, s)[0]).all()
    no_nu = np.array([0.0, -1.0, np.nan])
    value, _ = evaluate(lambda p, t, s, nu: student_t_nll_loss(p, t, s, degrees_of_freedom=nu), p, t, t, no_nu)
    assert np.isnan(value).all()


NU = np.logspace(-3, 9, 49)


def test_student_normalizer():
    """Against scipy, the derivative against digamma; large degrees of freedom in float32 against the normal density."""

    def build(nu):
        return student_t_nll_loss(pt.zeros_like(nu), pt.zeros_like(nu), pt.ones_like(nu), degrees_of_freedom=nu)

    value, (gradient,) = evaluate(build, NU)
    few = NU < 1e3
    np.testing.assert_allclose(value[few], -scipy.stats.t.logpdf(0, NU[few]), rtol=1e-12)
    psi = scipy.special.digamma
    expected = 0.5 * (psi(NU / 2) - psi((NU + 1) / 2) + 1 / NU)
    np.testing.assert_allclose(gradient[few], expected[few], rtol=1e-8)
    normal = 0.5 * np.log(2 * np.pi)
    # -log t(0) is that of the normal distribution plus 1/(4 nu) for many degrees of freedom
    np.testing.assert_allclose(value[~few], normal + 1 / (4 * NU[~few]), rtol=1e-10)
    np.testing.assert_allclose(gradient[NU > 1e4], -1 / (4 * NU[NU > 1e4] ** 2), rtol=1e-3, atol=1e-17)
    single, _ = evaluate(build, NU, dtype="float32")
    np.testing.assert_allclose(single, value, rtol=1e-6)


def test_beta_one_gives_the_mean_the_gradient_of_a_squared_error():
    p, t, v = np.array([1.0, -2.0]), np.array([3.0, 0.5]), np.array([4.0, 0.1])
    plain, (mean, _, variance) = evaluate(gaussian_nll_loss, p, t, v)
    for beta in (0, 0.5, 1):
        value, gradients = evaluate(lambda *a, beta=beta: beta_nll_loss(*a, beta=beta), p, t, v)
        np.testing.assert_allclose(value, v**beta * plain, rtol=1e-14)
        np.testing.assert_allclose(gradients[0], v**beta * mean, rtol=1e-14)
        np.testing.assert_allclose(gradients[2], v**beta * variance, rtol=1e-14)
    np.testing.assert_allclose(gradients[0], p - t, rtol=1e-14)


S = np.array([-1000.0, -300, -50, -1, 0, 1, 50, 300, 1000])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_variances_of_any_size(dtype):
    """exp(s) overflows in astroNN, and exp(-s) meets an error of 0."""
    p, s = np.repeat([0.0, 1.0], len(S)), np.tile(S, 2)
    value, (mean, _, variance) = evaluate(lambda p, t, s: robust_squared_error(p, t, s), p, 0 * p, s, dtype=dtype)
    with np.errstate(over="ignore"):
        precision = np.exp(-s).astype(dtype).astype("float64")
    np.testing.assert_allclose(value[p == 0], s[p == 0] / 2, rtol=1e-6)
    np.testing.assert_allclose(variance[p == 0], 0.5)
    np.testing.assert_array_equal(mean[p == 0], 0)
    fine = (p == 1) & np.isfinite(precision)
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(value[fine], (0.5 * (precision + s))[fine], rtol=tolerance)
    np.testing.assert_allclose(mean[fine], precision[fine], rtol=tolerance)
    np.testing.assert_allclose(variance[fine], (0.5 - 0.5 * precision)[fine], rtol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exact_predictions_have_no_gradient_however_small_the_variance(dtype):
    """Also where rewrites square exp(-s / 2), which overflows before its root does."""
    t, s = pt.vector(dtype=dtype), pt.vector(dtype=dtype)
    p = pt.vector(dtype=dtype)
    loss = robust_squared_error(p, t, s)
    function = pytensor.function([p, t, s], [loss, *pytensor.grad(loss.sum(), [p, t, s])], mode=Mode("py", "fast_run"))
    log_variance = np.array([-1000, -800, -120, -50, 0], dtype)
    value, mean, target, variance = function(0 * log_variance, 0 * log_variance, log_variance)
    np.testing.assert_allclose(value, log_variance / 2, rtol=1e-6)
    np.testing.assert_array_equal([mean, target], 0)
    np.testing.assert_allclose(variance, 0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_label_errors(dtype):
    e = np.array([0.0, 1e-3, 1.0, 30.0])
    s, e = (a.ravel() for a in np.meshgrid(S[2:-2], e))
    value, (mean, _, ds, de) = evaluate(with_errors, np.ones_like(s), 0 * s, s, e, dtype=dtype)
    v = np.exp(s) + e**2
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    fine = v > 1e-10 if dtype == "float32" else v > 0
    np.testing.assert_allclose(value[fine], (0.5 * (1 / v + np.log(v)))[fine], rtol=tolerance)
    np.testing.assert_allclose(mean[fine], (1 / v)[fine], rtol=tolerance)
    by_v = 0.5 * (1 / v - 1 / v**2)
    np.testing.assert_allclose(ds[fine], (by_v * np.exp(s))[fine], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(de[fine], (by_v * 2 * e)[fine], rtol=tolerance, atol=tolerance)
    known, _ = evaluate(lambda s: with_errors(pt.ones_like(s), 0.0, s, 1.0), S, dtype=dtype)
    np.testing.assert_allclose(known, 0.5 * (np.exp(-np.logaddexp(S, 0)) + np.logaddexp(S, 0)), rtol=1e-5, atol=1e-20)


def test_missing_labels_as_in_astronn():
    """Each row is the mean over its labels: the correction for missing ones once, and nothing for none."""
    rng = np.random.default_rng(0)
    p, t, s = rng.normal(size=(3, 3, 4))
    e = rng.random((3, 4))
    for missing in (np.nan, -9999.0):
        t[0, 1] = t[1, :3] = t[2] = missing
        e[0, 1] = missing

        def rows(p, s, t, e, missing=missing):
            there = labelled(t, missing)
            return aggregate(with_errors(p, t, s, e, mask=there), mask=there, axis=-1)

        value, (dp, ds, *_) = evaluate(rows, p, s, t, e)
        there = np.array([[True, False, True, True], [False, False, False, True], [False] * 4])
        v = np.exp(s) + e**2
        each = 0.5 * ((p - t) ** 2 / v + np.log(v))
        expected = [each[0][there[0]].mean(), each[1, 3], 0]
        np.testing.assert_allclose(value, expected, rtol=1e-13)
        share = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
        np.testing.assert_allclose(dp, np.where(there, (p - t) / v, 0) * share, rtol=1e-13)
        np.testing.assert_allclose(
            ds, np.where(there, np.exp(s) * 0.5 * (1 - (p - t) ** 2 / v) / v, 0) * share, rtol=1e-11
        )


def fitted(loss, targets):
    """Location and spread (by its logarithm) at which the mean loss is least."""
    x = pt.dvector("x")
    mean = aggregate(loss(x[0], targets, pt.exp(x[1])))
    function = pytensor.function([x], [mean, pytensor.grad(mean, x)])
    found = scipy.optimize.minimize(
        lambda x: [float(v) if v.ndim == 0 else v for v in function(x)], [0.1, 0.1], jac=True, tol=1e-12
    )
    return found.x[0], np.exp(found.x[1])


def test_minimizers_recover_the_distribution_of_the_targets():
    rng = np.random.default_rng(0)
    x = 1.5 + 0.7 * rng.normal(size=5000)
    location, variance = fitted(gaussian_nll_loss, x)
    np.testing.assert_allclose([location, variance], [x.mean(), x.var()], rtol=1e-5)
    np.testing.assert_allclose([location, variance], [1.5, 0.49], rtol=0.05)
    x = rng.laplace(1.5, 0.7, size=5001)
    _, scale = fitted(lambda _, t, b: laplace_nll_loss(np.median(x), t, b), x)
    np.testing.assert_allclose(scale, np.abs(x - np.median(x)).mean(), rtol=1e-5)
    x = 1.5 + 0.7 * rng.standard_t(4, size=5000)
    found = fitted(lambda m, t, b: student_t_nll_loss(m, t, b, degrees_of_freedom=4), x)
    np.testing.assert_allclose(found, scipy.stats.t.fit(x, fix_df=4)[1:], rtol=1e-3)
    np.testing.assert_allclose(found, [1.5, 0.7], rtol=0.05)
    errors = rng.uniform(0.1, 2, size=5000)
    x = 1.5 + np.sqrt(0.49 + errors**2) * rng.normal(size=5000)
    location, variance = fitted(lambda m, t, v: with_errors(m, t, pt.log(v), errors), x)
    np.testing.assert_allclose([location, variance], [1.5, 0.49], rtol=0.1)


def test_recipes_of_log_probabilities_and_entropies():
    rng = np.random.default_rng(0)
    value, mean, variance, logits = (
        *rng.normal(size=(2, 3, 4)),
        rng.uniform(0.5, 2, size=(3, 4)),
        rng.normal(size=(3, 5)),
    )
    labels, other = np.array([4, 0, 2]), scipy.special.softmax(rng.normal(size=(3, 5)), axis=-1)
    p = scipy.special.softmax(logits, axis=-1)
    certain = np.array([[1.0, 0.0], [0.5, 0.5]])
    normals = [scipy.stats.multivariate_normal(m, np.diag(v)) for m, v in zip(mean, variance, strict=True)]
    pairs = {
        -aggregate(gaussian_nll_loss(mean, value, variance, full=True), mode="sum", axis=-1): [
            n.logpdf(x) for n, x in zip(normals, value, strict=True)
        ],
        pt.log(2 * np.pi * np.e * pt.as_tensor(variance)).sum(axis=-1) / 2: [n.entropy() for n in normals],
        -categorical_crossentropy_with_logits(logits, labels): scipy.special.log_softmax(logits, axis=-1)[
            range(3), labels
        ],
        -categorical_crossentropy(p, labels): np.log(p[range(3), labels]),
        categorical_crossentropy(p, p): scipy.stats.entropy(p, axis=-1),
        categorical_crossentropy_with_logits(logits, pt.special.softmax(logits, axis=-1)): scipy.stats.entropy(
            p, axis=-1
        ),
        categorical_crossentropy(certain, certain): [0, np.log(2)],
        categorical_crossentropy(other, p): -(p * np.log(other)).sum(axis=-1),
    }
    for found, expected in zip(pytensor.function([], list(pairs))(), pairs.values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", SPREAD_LOSSES, ids=NAMES)
def test_shapes_that_do_not_fit(loss):
    with pytest.raises(TypeError, match="rank mismatch between targets"):
        loss(pt.matrix(), pt.vector(), pt.matrix())
    with pytest.raises(TypeError, match=r"rank mismatch between (variance|scale|log_variance)"):
        loss(pt.matrix(), pt.matrix(), pt.vector())
    with pytest.raises(TypeError, match=r"would enlarge the (predictions|result)|larger than both"):
        loss(pt.col(), pt.col(), pt.row())
    with pytest.raises(TypeError, match="predictions must be floating-point"):
        loss(pt.lvector(), pt.vector(), pt.vector())


def test_options_out_of_range():
    x = pt.vector()
    for epsilon in (0, -1e-6, np.float32(0)):
        with pytest.raises(ValueError, match="epsilon must be positive, not"):
            gaussian_nll_loss(x, x, x, epsilon=epsilon)
    with pytest.raises(ValueError, match=r"epsilon must be positive, not 0.0"):
        beta_nll_loss(x, x, x, epsilon=0)
    for beta in (-0.1, 1.1):
        with pytest.raises(ValueError, match="beta must be between 0 and 1, not"):
            beta_nll_loss(x, x, x, beta=beta)
    with pytest.raises(ValueError, match=r"degrees_of_freedom must be positive, not 0.0"):
        student_t_nll_loss(x, x, x, degrees_of_freedom=0)
