"""Divergences: values and gradients worked out by hand, and comparisons with other libraries."""

from functools import cache

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import kl_div, rel_entr

from objectives import aggregate, categorical_crossentropy, gaussian_kl
from objectives.losses.divergence import (
    generalized_kl_divergence,
    jensen_shannon_divergence,
    kl_divergence,
    kl_divergence_with_log_targets,
    kl_divergence_with_logits,
)

inf, nan = np.inf, np.nan
LOG2, LOG3 = np.log(2), np.log(3)


def of_softmax(z, t):
    return kl_divergence(pt.special.softmax(z, axis=-1), t)


def of_rows_of_softmax(z, t):
    """A softmax whose class axis does not stay whole."""
    return kl_divergence(pt.special.softmax(z, axis=-1).ravel(), t.ravel())[None]


# loss, predictions, targets, value, gradient of the sum by the predictions and by the targets (None: not looked at)
ROWS = [
    # 0 log 0 is 0, in both gradients; a prediction of 0 where the target is positive costs infinity
    (kl_divergence, [[0.5, 0.5, 0]], [[1, 0, 0]], [LOG2], [[-2, 0, 0]], [[LOG2 + 1, 0, 0]]),
    (kl_divergence, [[0.25, 0.75]], [[0.75, 0.25]], [LOG3 / 2], [[-3, -1 / 3]], [[LOG3 + 1, 1 - LOG3]]),
    (kl_divergence, [[1, 0]], [[0.5, 0.5]], [inf], [[-0.5, -inf]], None),
    (kl_divergence, [[1, 0], [0.2, 0.8]], [[1, 0], [0.2, 0.8]], [0, 0], [[-1, 0], [-1, -1]], [[1, 0], [1, 1]]),
    (kl_divergence, [[1e-310, 1]], [[1, 0]], [310 * np.log(10)], None, None),
    # numbers that are not probabilities
    (kl_divergence, [[2, 3], [-1, 1], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5], [-1, 2]], [nan, nan, nan], None, None),
    (kl_divergence, [[0.5, 0.5]], [[1.5, 0.5]], [nan], None, None),
    (kl_divergence_with_logits, [[0, 0]], [[1.5, 0.5]], [nan], None, None),
    # saturated: the gradient by logits is p - t
    (kl_divergence_with_logits, [[0, 1000]], [[1, 0]], [1000], [[-1, 1]], [[1001, 0]]),
    (kl_divergence_with_logits, [[0, -inf, 0]], [[0.5, 0, 0.5]], [0], [[0, 0, 0]], [[1, 0, 1]]),
    (kl_divergence_with_logits, [[0, -inf]], [[0.5, 0.5]], [inf], None, None),
    (of_softmax, [[0, 1000]], [[1, 0]], [1000], [[-1, 1]], [[1001, 0]]),
    (of_rows_of_softmax, [[0, 1000]], [[1, 0]], [1000], [[-1, 1]], [[1001, 0]]),
    (
        kl_divergence_with_log_targets,
        [[-1000, 0, -inf], [-LOG2, -LOG2, -inf]],
        [[-LOG2, -LOG2, -inf], [-1000, 0, -inf]],
        [500 - LOG2, LOG2],
        [[-0.5, -0.5, 0], [0, -1, 0]],
        [[(1001 - LOG2) / 2, (1 - LOG2) / 2, 0], [0, 1 + LOG2, 0]],
    ),
    (kl_divergence_with_log_targets, [[-inf, 0]], [[-LOG2, -LOG2]], [inf], None, None),
    (kl_divergence_with_log_targets, [[0.5, 0.5]], [[-LOG2, -LOG2]], [nan], None, None),
    (
        generalized_kl_divergence,
        [[1, 3], [0, 5], [0, 1]],
        [[2, 0], [0, 5], [1, 1]],
        [2 * LOG2 - 1 + 3, 0, inf],
        [[-1, 1], [1, 0], [-inf, 0]],
        None,
    ),
    (generalized_kl_divergence, [[1, 3]], [[2, 6]], [8 * LOG2 - 4], [[-1, -1]], [[LOG2, LOG2]]),
    (generalized_kl_divergence, [[-1, 1], [1, 1]], [[0, 1], [-1, 1]], [nan, nan], None, None),
    # certain and different: log 2, the maximum; certain and equal: 0
    (
        jensen_shannon_divergence,
        [[1, 0], [1, 0], [0.25, 0.75]],
        [[0, 1], [1, 0], [0.75, 0.25]],
        [LOG2, 0, 0.25 * np.log(0.5) + 0.75 * np.log(1.5)],
        None,
        None,
    ),
    (jensen_shannon_divergence, [[0.25, 0.75]], [[0.75, 0.25]], None, [[-LOG2 / 2, np.log(1.5) / 2]], None),
    (jensen_shannon_divergence, [[-0.5, 1.5]], [[0.5, 0.5]], [nan], None, None),
    (jensen_shannon_divergence, [[0.5, 1.5], [0.5, 0.5]], [[0.5, 0.5], [1.5, 0.5]], [nan, nan], None, None),
    (gaussian_kl, [[1, 0], [0, 0]], [[0, 0], [0, 2 * LOG2]], [0.5, 1.5 - LOG2], [[1, 0], [0, 0]], [[0, 0], [0, 1.5]]),
    (gaussian_kl, [[0.0]], [[-inf]], [inf], [[0]], None),
    # predictions that are not probabilities give NaN, also where the target is 0
    (kl_divergence, [[0.5, nan], [0.5, 5]], [[1, 0], [1, 0]], [nan, nan], None, None),
    (kl_divergence_with_log_targets, [[-LOG2, nan], [-LOG2, 1]], [[0, -inf], [0, -inf]], [nan, nan], None, None),
]


@cache
def compiled(loss):
    """The losses, and the gradients of their sum."""
    p, t = pt.dmatrices("p", "t")
    value = loss(p, t)
    return pytensor.function([p, t], [value, *pytensor.grad(value.sum(), [p, t])])


def test_values_and_gradients():
    for loss, predictions, targets, *expected in ROWS:
        found = compiled(loss)(np.array(predictions, "float64"), np.array(targets, "float64"))
        for value, desired in zip(found, expected, strict=True):
            if desired is not None:
                row = f"{loss.__name__}({predictions}, {targets})"
                np.testing.assert_allclose(value, desired, rtol=1e-12, atol=1e-15, err_msg=row)


def test_zeros_have_finite_gradients():
    """By both arguments, whichever of them are 0."""
    corner = np.array([[1.0, 0, 0], [0, 1, 0], [0.5, 0.5, 0]])
    for loss in (kl_divergence, generalized_kl_divergence, jensen_shannon_divergence):
        assert all(np.isfinite(x).all() for x in compiled(loss)(corner, corner))
    assert all(np.isfinite(x).all() for x in compiled(jensen_shannon_divergence)(corner, corner[::-1]))


def test_the_direction_and_its_reverse():
    rng = np.random.default_rng(0)
    a, b = rng.dirichlet(np.ones(4), size=(2, 5))
    x, y, z = pt.dmatrices("x", "y", "z")
    reverse = kl_divergence(y, pt.special.softmax(z, axis=-1))
    outputs = [kl_divergence(x, y), kl_divergence(y, x), reverse, pytensor.grad(reverse.sum(), z)]
    outputs += [
        kl_divergence_with_log_targets(pt.log(x), pt.log(y)),
        kl_divergence_with_log_targets(pt.log(y), pt.log(x)),
        kl_divergence_with_logits(pt.log(x) + 7, y),
        categorical_crossentropy(x, y) - categorical_crossentropy(y, y),
        jensen_shannon_divergence(x, y),
        generalized_kl_divergence(x, 3 * y),
        aggregate(kl_divergence(x, y)),
    ]
    found = pytensor.function([x, y, z], outputs)(a, b, np.log(a) + 2)
    forward, backward = rel_entr(b, a).sum(-1), rel_entr(a, b).sum(-1)
    assert np.abs(forward - backward).min() > 1e-3
    slope = a * (np.log(a / b) - backward[:, None])
    shannon = jensenshannon(a, b, axis=-1) ** 2
    expected = [forward, backward, backward, slope, forward, backward, forward, forward, shannon]
    expected += [kl_div(3 * b, a).sum(-1), forward.mean()]
    for value, desired in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, desired, rtol=1e-6, atol=1e-12)


@pytest.mark.needs("keras")
def test_keras_agrees():
    import keras

    a, b = np.random.default_rng(0).dirichlet(np.ones(4), size=(2, 5))
    found = kl_divergence(a, b).eval()
    np.testing.assert_allclose(found, np.asarray(keras.losses.kl_divergence(b, a)), rtol=1e-5)


def test_close_distributions_keep_their_digits():
    """They are about sum((p - t)^2) / (2 p), a quarter of it; never negative, as the root of the latter needs."""
    rng = np.random.default_rng(0)
    t = rng.dirichlet(np.ones(8) * 5, size=200)
    p = t * (1 + 1e-3 * rng.normal(size=t.shape))
    p, t = p.astype("float32"), t.astype("float32")
    losses = [generalized_kl_divergence(p, t), jensen_shannon_divergence(p, t)]
    generalized, shannon = pytensor.function([], losses)()
    p, t = p.astype("float64"), t.astype("float64")
    np.testing.assert_allclose(generalized, kl_div(t, p).sum(-1), rtol=0.02)
    np.testing.assert_allclose(shannon, ((p - t) ** 2 / (p + t)).sum(-1) / 4, rtol=0.05)
    assert (shannon > 0).all()


def with_prior(mean, log_variance, m, r, **options):
    return gaussian_kl(mean, log_variance, prior_mean=m, prior_log_variance=r, **options)


def test_priors():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(2, 4, 3))
    m, r = rng.normal(size=(2, 3))
    rows = [np.broadcast_to(x, (4, 3)) for x in (m, r)]
    shift, spread = pt.dvector("m"), pt.dvector("r")
    by_vector = with_prior(mean, log_variance, shift, spread)
    outputs = [
        by_vector,
        with_prior(mean, log_variance, *rows),
        with_prior(mean.T, log_variance.T, shift, spread, axis=0),
        with_prior(mean.T, log_variance.T, *(x.T for x in rows), axis=0),
        with_prior(mean, log_variance, 0.5, -1.0),
        with_prior(mean, log_variance, np.full(3, 0.5), np.full(3, -1.0)),
        with_prior(*rows, mean, log_variance),
        *pytensor.grad(by_vector.sum(), [shift, spread]),
    ]
    found = pytensor.function([shift, spread], outputs)(m, r)

    def by_hand(mean, s, m, r):
        return (np.log(np.exp(r - s)) + (np.exp(s) + (mean - m) ** 2) / np.exp(r) - 1).sum(-1) / 2

    forward, reverse = by_hand(mean, log_variance, m, r), by_hand(m, r, mean, log_variance)
    for value in found[:4]:
        np.testing.assert_allclose(value, forward)
    np.testing.assert_allclose(found[4], by_hand(mean, log_variance, 0.5, -1))
    np.testing.assert_allclose(found[5], found[4])
    np.testing.assert_allclose(found[6], reverse)
    np.testing.assert_allclose(found[7], -((mean - m) / np.exp(r)).sum(0))
    slope = (1 - (np.exp(log_variance) + (mean - m) ** 2) / np.exp(r)).sum(0) / 2
    np.testing.assert_allclose(found[8], slope)


def test_gaussians_close_to_the_prior():
    """s^2 / 4 to first order; e^s - 1 - s without expm1 has no digits left at 1e-9."""
    value = gaussian_kl([[0.0]], [[1e-6]]).eval()
    np.testing.assert_allclose(value, 2.5e-13, rtol=1e-3)


def test_misuse():
    x, y, n = pt.dmatrix("x"), pt.dmatrix("y"), pt.lvector("n")
    for call, error, message in (
        (lambda: kl_divergence(pt.special.log_softmax(x), y), ValueError, "log-softmax.*to kl_divergence_with_logits"),
        (lambda: jensen_shannon_divergence(pt.special.log_softmax(x), y), ValueError, "log-softmax"),
        (
            lambda: kl_divergence_with_logits(pt.special.softmax(x), y),
            ValueError,
            "give the probabilities to kl_divergence$",
        ),
        (lambda: kl_divergence(x, n), TypeError, "rank mismatch between targets"),
        (lambda: kl_divergence(pt.dmatrix(shape=(2, 3)), pt.dmatrix(shape=(2, 4))), TypeError, "shape mismatch"),
        (lambda: kl_divergence_with_logits([[1, 2]], [[0.5, 0.5]]), TypeError, "logits must be floating-point"),
        (lambda: gaussian_kl(x, pt.dvector()), TypeError, "rank mismatch between log_variance"),
        (lambda: gaussian_kl(x, y, prior_mean=pt.dtensor3()), TypeError, "prior_mean"),
        (lambda: generalized_kl_divergence(1.0, 1.0), TypeError, "dimensions"),
    ):
        with pytest.raises(error, match=message):
            call()
