"""Margin crossentropies of cosines: parallel vectors, rounding, margins of items, angles in degrees."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import UNREWRITTEN
from pytensor.compile.mode import Mode

from objectives import arcface_loss, categorical_crossentropy_with_logits, cosface_loss

LOSSES = [arcface_loss, cosface_loss]
each_loss = pytest.mark.parametrize("loss", LOSSES)


def with_gradient(function, cosines, labels, *, dtype="float64", mode=None, **options):
    c = pt.matrix("c", dtype=dtype)
    loss = function(c, labels, **options)
    return pytensor.function([c], [loss, pytensor.grad(loss.sum(), c)], mode=mode)(np.asarray(cosines, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", [UNREWRITTEN, "FAST_COMPILE", "NUMBA"])
def test_arcface_of_parallel_vectors(mode, dtype):
    """At a cosine of 1 the slope of the margin is infinite: it counts as cos m. At -1 it is 1."""
    value, gradient = with_gradient(arcface_loss, [[1, 0], [-1, 0]], [0, 0], gamma=2, dtype=dtype, mode=mode)
    own = 2 * np.array([np.cos(0.5), -1 - 0.5 * np.sin(0.5)])
    np.testing.assert_allclose(value, np.log1p(np.exp(-own)), rtol=1e-5)
    slope = 2 / (1 + np.exp(own))
    np.testing.assert_allclose(gradient, np.stack([-slope * [np.cos(0.5), 1], slope], axis=1), rtol=1e-5)


def test_arcface_never_rises_with_the_cosine():
    c = np.linspace(-1, 1, 1001)
    value, gradient = with_gradient(arcface_loss, np.stack([c, 0 * c], axis=1), np.zeros(1001, int), gamma=1)
    assert (np.diff(value) < 0).all() and (gradient[:, 0] < 0).all()


@each_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_embeddings_in_the_direction_of_their_class(loss, dtype):
    """What rounding makes of a cosine of 1 gives no NaN, and the gradient by the embeddings is small."""
    rng = np.random.default_rng(0)
    layer = rng.normal(size=(5, 3)).astype(dtype)
    x, w = pt.matrix("x", dtype=dtype), pt.matrix("w", dtype=dtype)
    unit_x, unit_w = (v / v.norm(2, axis=-1, keepdims=True) for v in (x, w))
    losses = loss(pt.dot(unit_x, unit_w.T), np.arange(5), gamma=1)
    outputs = [losses, *pytensor.grad(losses.sum(), [x, w])]
    for sign in (1, -1):
        value, *gradients = pytensor.function([x, w], outputs)(sign * 7 * layer, layer)
        assert all(np.isfinite(found).all() for found in (value, *gradients))
        assert np.abs(gradients[0]).max() < 1


@each_loss
def test_rounding_of_cosines(loss):
    """A little beyond 1 counts as 1, more is NaN, in value and gradient."""
    value, gradient = with_gradient(loss, [[1 + 1e-4, 0], [1, 0], [1.1, 0], [0, -1.1]], [0, 0, 0, 0])
    assert value[0] == value[1] and np.array_equal(gradient[0], gradient[1])
    assert np.isnan(value[2:]).all() and np.isnan(gradient[[2, 3], [0, 1]]).all()


@each_loss
def test_saturated_losses(loss):
    """exp(gamma) overflows, the loss does not."""
    value, gradient = with_gradient(loss, [[-1, 1, 0], [1, -1, -1]], [0, 0], gamma=1e4)
    lowered = 1e4 * (-1 - 0.5 * np.sin(0.5) if loss is arcface_loss else -1.35)
    np.testing.assert_allclose(value, [1e4 - lowered, 0])
    np.testing.assert_allclose(gradient, [[-1e4, 1e4, 0], [0, 0, 0]])


@each_loss
def test_without_a_margin(loss):
    rng = np.random.default_rng(1)
    c, y = rng.uniform(-1, 1, size=(6, 4)), rng.integers(0, 4, size=6)
    expected = categorical_crossentropy_with_logits(10 * c, y).eval()
    np.testing.assert_allclose(loss(c, y, margin=0, gamma=10).eval(), expected)


@each_loss
def test_margins_of_items(loss):
    c, y, margins = np.array([[0.5, 0.2], [0.5, 0.2], [0.5, 0.2]]), [0, 0, 1], [0.0, 0.3, 0.6]
    together = loss(c, y, margin=margins, gamma=5).eval()
    alone = [loss(c[[i]], y[i : i + 1], margin=margins[i], gamma=5).eval()[0] for i in range(3)]
    np.testing.assert_allclose(together, alone)


@each_loss
def test_a_scale_that_is_learned(loss):
    gamma = pt.dscalar("gamma")
    total = loss([[0.5, -0.2, 0.3]], [0], gamma=gamma).sum()
    slope = pytensor.function([gamma], pytensor.grad(total, gamma))
    high, low = (total.eval({gamma: 3 + step}) for step in (1e-5, -1e-5))
    np.testing.assert_allclose(slope(3.0), (high - low) / 2e-5, rtol=1e-6)


@each_loss
def test_bad_options(loss):
    c, y = pt.dmatrix(), pt.lvector()
    with pytest.raises(ValueError, match="gamma must be positive, not -1"):
        loss(c, y, gamma=-1)
    with pytest.raises(TypeError, match="gamma"):
        loss(c, y, gamma=pt.dvector())
    with pytest.raises(ValueError, match="margin must be at least 0"):
        loss(c, y, margin=-0.1)
    with pytest.raises(ValueError, match="cosines are the output of a softmax or sigmoid"):
        loss(pt.special.softmax(c, axis=-1), y)
    with pytest.raises(TypeError, match=r"cosines must be floating-point numbers.*\(cosines, targets\)"):
        loss(y, c)


def test_an_angle_in_degrees():
    with pytest.raises(ValueError, match=r"in radians, not 28.6: convert degrees, numpy.deg2rad\(28.6\)"):
        arcface_loss(pt.dmatrix(), pt.lvector(), margin=28.6)


def test_margins_of_masked_items_do_not_count():
    for function in (arcface_loss, cosface_loss):
        cosines, margin, gamma = pt.dmatrix(), pt.dvector(), pt.dscalar()
        loss = function(cosines, [0, 1], margin=margin, gamma=gamma, mask=np.array([True, False])).sum()
        compute = pytensor.function(
            [cosines, margin, gamma], pytensor.grad(loss, [cosines, margin, gamma]), mode=Mode("py", None)
        )
        for gradient in compute([[0.5, 0.1], [np.nan, 0.2]], [0.3, np.nan], 4.0):
            assert np.isfinite(gradient).all()


def test_margins_of_the_wrong_length_are_named():
    with pytest.raises(TypeError, match="margin"):
        arcface_loss(np.array([[0.5, 0.1]]), [0], margin=[0.1, 0.2])
