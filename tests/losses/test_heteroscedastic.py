"""Noisy logits: no noise, much noise, fresh noise at each call, missing labels, and misuse."""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import parameter
from scipy.special import expit, log_softmax

from objectives import (
    binary_crossentropy_with_logits,
    categorical_crossentropy_with_logits,
    labelled,
)
from objectives.losses.heteroscedastic import (
    heteroscedastic_categorical_crossentropy,
    robust_binary_crossentropy,
    robust_categorical_crossentropy,
)

INF = np.inf
CLASSWISE = [heteroscedastic_categorical_crossentropy, robust_categorical_crossentropy]
ALL = [*CLASSWISE, robust_binary_crossentropy]
RNG = np.random.default_rng(0)
Z, SPREAD, NOISE = RNG.normal(size=(4, 3)), RNG.uniform(0.2, 2, size=(4, 3)), RNG.normal(size=(5, 4, 3))
Y, B = np.array([2, 0, 1, 1]), RNG.integers(0, 2, size=(4, 3))


def evaluate(build, *arrays, mode=None):
    """Losses and their gradients by all inputs."""
    inputs = [pt.tensor(shape=(None,) * a.ndim, dtype="float64") for a in arrays]
    losses = build(*inputs)
    losses = losses if isinstance(losses, list) else [losses]
    gradients = [g for loss in losses for g in pytensor.grad(loss.sum(), inputs)]
    results = pytensor.function(inputs, [*losses, *gradients], mode=mode)(*arrays)
    return results[: len(losses)], results[len(losses) :]


def test_without_spread_they_are_the_crossentropy():
    zero = np.zeros((4, 3))

    def build(z, s):
        variants = [
            f(z, t, s, noise=NOISE, variant=v)
            for f, t in ((robust_categorical_crossentropy, Y), (robust_binary_crossentropy, B))
            for v in ("documented", "astronn")
        ]
        return [heteroscedastic_categorical_crossentropy(z, Y, s, noise=NOISE), *variants]

    losses, gradients = evaluate(build, Z, zero)
    categorical = categorical_crossentropy_with_logits(Z, Y).eval()
    binary = binary_crossentropy_with_logits(Z, B).mean(axis=-1).eval()
    for found, expected in zip(losses, [categorical] * 3 + [binary] * 2, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert all(np.isfinite(g).all() for g in gradients), "the root of a variance of 0, too"
    np.testing.assert_allclose(gradients[3], 1 / 3), "of the last term"


def test_two_classes_by_quadrature():
    """The mean probability under much noise is an integral of the sigmoid over a normal density."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    z, s = np.array([[1.0, 0.0], [-2.0, 0.5]]), np.array([[1.0, 0.0], [0.5, 1.2]])
    d, sd = z[:, 0] - z[:, 1], np.hypot(*s.T)
    expected = -np.log((expit(d + sd * nodes[:, None]) * weights[:, None]).sum(axis=0) / np.sqrt(2 * np.pi))
    noise = np.random.default_rng(0).normal(size=(200_000, 2, 2))
    found = heteroscedastic_categorical_crossentropy(z, [0, 0], s, noise=noise).eval()
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_one_sample_by_hand():
    z, y, n = np.array([[2.0, -1.0, 0.0]]), [1], np.array([[[0.5, 1.0, -1.0]]])
    s = np.array([[0.25, 1.0, 0.04]])
    clean = -log_softmax(z)[0, 1]
    root, plain = (-log_softmax(z + d * n[0])[0, 1] for d in (np.sqrt(s), s))
    penalty = np.expm1(s).mean()

    def elu(x):
        return x if x > 0 else np.expm1(x)

    losses = {
        heteroscedastic_categorical_crossentropy(z, y, s, noise=n): plain,
        robust_categorical_crossentropy(z, y, s, noise=n): clean + elu(clean - root) + penalty,
        robust_categorical_crossentropy(z, y, s, noise=n, variant="astronn"): clean * (1 - elu(clean - plain))
        + penalty,
    }
    for found, expected in zip(pytensor.function([], list(losses))(), losses.values(), strict=True):
        np.testing.assert_allclose(found, [expected], rtol=1e-13)


def test_saturated_and_impossible_classes():
    z = np.array([[0.0, 2000.0, -INF], [1.0, 0.0, -INF], [-INF, -INF, 3.0]])
    (loss,), (gradient, spread) = evaluate(
        lambda z, s: heteroscedastic_categorical_crossentropy(z, [0, 0, 2], s, noise=NOISE[:, :3]), z, SPREAD[:3]
    )
    assert 1990 < loss[0] < 2010 and loss[2] == 0
    assert np.isfinite(loss).all() and np.isfinite(gradient).all() and np.isfinite(spread).all()
    assert (gradient[z == -INF] == 0).all()
    np.testing.assert_allclose(gradient[0], [-1, 1, 0], atol=1e-12)
    dense = heteroscedastic_categorical_crossentropy(z, np.eye(3)[[0, 0, 2]], SPREAD[:3], noise=NOISE[:, :3]).eval()
    np.testing.assert_allclose(dense, loss)


@pytest.mark.parametrize("function", ALL)
def test_class_axis(function):
    """The class axis of everything that has the shape of the logits moves, that of the noise is one further."""
    y = B if function is robust_binary_crossentropy else Y
    expected = function(Z, y, SPREAD, noise=NOISE).eval()
    moved = y.T if y.ndim == 2 else y
    for axis in (0, -2):
        found = function(Z.T, moved, SPREAD.T, noise=NOISE.swapaxes(1, 2), axis=axis).eval()
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    shared = function(Z, y, np.full((4, 1), 0.3), noise=NOISE).eval()
    np.testing.assert_allclose(shared, function(Z, y, np.full((4, 3), 0.3), noise=NOISE).eval(), rtol=1e-14)
    np.testing.assert_allclose(shared, function(Z, y, 0.3, noise=NOISE).eval(), rtol=1e-14)


@pytest.mark.parametrize("function", ALL)
def test_masked_noise_and_spread_do_not_matter(function):
    y = B if function is robust_binary_crossentropy else Y
    mask = np.array([True, False, True, False])
    z, s, n = Z.copy(), SPREAD.copy(), NOISE.copy()
    z[~mask], s[~mask], n[:, ~mask] = np.nan, -INF, np.nan
    rows = mask[:, None] if y.ndim == 2 else mask
    (loss,), gradients = evaluate(lambda z, s, n: function(z, y, s, noise=n, mask=rows), z, s, n)
    np.testing.assert_allclose(loss, np.where(mask, function(Z, y, SPREAD, noise=NOISE).eval(), 0), rtol=1e-13)
    assert all((g[~mask] == 0).all() for g in gradients[:2]) and (gradients[2][:, ~mask] == 0).all()


@pytest.mark.parametrize("variant", ["documented", "astronn"])
def test_missing_labels_are_left_out_once(variant):
    """astroNN multiplies by its correction twice: a row with two labels of three would cost 1.5 times as much."""
    t = B.astype("float64")
    t[0, 1] = t[1, :2] = t[2] = np.nan
    (loss,), (z, s) = evaluate(
        lambda z, s: robust_binary_crossentropy(z, t, s, noise=NOISE, variant=variant, mask=labelled(t)), Z, SPREAD
    )
    for i, there in ((0, [0, 2]), (1, [2]), (3, [0, 1, 2])):
        row = [a[i : i + 1, there] for a in (Z, t, SPREAD)]
        alone = robust_binary_crossentropy(*row, noise=NOISE[:, i : i + 1, there], variant=variant).eval()
        np.testing.assert_allclose(loss[i], alone[0], rtol=1e-13)
    assert loss[2] == 0 and (z[2] == 0).all() and (s[2] == 0).all()
    assert (z[np.isnan(t)] == 0).all() and (s[np.isnan(t)] == 0).all() and (z[~np.isnan(t)] != 0).all()


def test_negative_variances_give_nan():
    assert np.isnan(robust_categorical_crossentropy(Z, Y, -SPREAD, noise=NOISE).eval()).all()


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA", parameter("JAX")])
def test_fresh_noise_at_each_call(mode):
    """The state is the user's, and its update is passed to the function."""
    z, rng = pt.dmatrix("z"), pt.random.shared_rng(seed=1)
    next_rng, noise = rng.normal(size=(2000, *z.shape))
    loss = heteroscedastic_categorical_crossentropy(z, Y, SPREAD, noise=noise)
    with warnings.catch_warnings():
        # PyTensor warns that JAX has a state of its own
        warnings.filterwarnings("ignore", "The RandomType SharedVariables", UserWarning)
        function = pytensor.function([z], loss, updates={rng: next_rng}, mode=mode)
    first, second = np.asarray(function(Z)), np.asarray(function(Z))
    assert (first != second).all()
    np.testing.assert_allclose(first, second, atol=0.15)
    many = np.random.default_rng(2).normal(size=(20_000, 4, 3))
    np.testing.assert_allclose(
        first, heteroscedastic_categorical_crossentropy(Z, Y, SPREAD, noise=many).eval(), atol=0.1
    )


@pytest.mark.parametrize("function", CLASSWISE)
def test_invalid_labels_raise(function):
    y = pt.lvector("y")
    compiled = pytensor.function([y], function(Z, y, SPREAD, noise=NOISE))
    with pytest.raises(IndexError, match="class label 3 at position"):
        compiled([0, 3, 1, 1])


@pytest.mark.parametrize("function", ALL)
def test_misuse(function):
    y = B if function is robust_binary_crossentropy else Y
    with pytest.raises(TypeError, match=r"noise must have an axis of samples.*3 dimensions, not 2: .* draw next_rng"):
        function(Z, y, SPREAD, noise=NOISE[0])
    with pytest.raises(TypeError, match="shape mismatch between the samples of noise"):
        function(Z, y, SPREAD, noise=NOISE[:, :, :2])
    with pytest.raises(TypeError, match=r"rank mismatch between (variance|standard_deviation)"):
        function(Z, y, SPREAD[0], noise=NOISE)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'noise'"):
        function(Z, y, SPREAD)
    with pytest.raises(ValueError, match="logits are the output of a softmax or sigmoid"):
        function(pt.special.softmax(pt.matrix(), axis=-1), y, SPREAD, noise=NOISE)
    with pytest.raises(TypeError, match="logits must be floating-point"):
        function(B, y, SPREAD, noise=NOISE)
    if function is not heteroscedastic_categorical_crossentropy:
        with pytest.raises(ValueError, match="variant must be 'documented' or 'astronn', not 'code'"):
            function(Z, y, SPREAD, noise=NOISE, variant="code")
