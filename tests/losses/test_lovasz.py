"""Lovasz losses against the definition of a Lovasz extension, and numbers by hand."""

from itertools import permutations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import PACKAGES, dtypes, mode, parameter, uncompiled
from pytensor.compile.mode import Mode

from objectives import aggregate, lovasz_hinge_loss, lovasz_softmax_loss


def jaccard_loss(wrong, truth):
    """1 - IoU of a prediction that is wrong at the given pixels and right at the others; none of nothing is right."""
    predicted = truth ^ wrong
    union = (predicted | truth).sum()
    return 1 - (predicted & truth).sum() / union if union else 0.0


def extension(errors, truth):
    """The integral of the set function over the sets of the errors above a threshold, with its gradient."""
    thresholds = np.unique(np.append(errors, 0.0))
    steps = zip(thresholds[1:], thresholds[:-1], strict=True)
    return sum((high - low) * jaccard_loss(errors >= high, truth) for high, low in steps)


def slopes(errors, truth):
    """What each pixel adds to the set of those with greater errors; all errors differ."""
    return np.array([jaccard_loss(errors >= e, truth) - jaccard_loss(errors > e, truth) for e in errors])


def softmax_reference(p, t, m):
    value, gradient = np.zeros((len(p), p.shape[1])), np.zeros_like(p)
    for i in range(len(p)):
        for c in range(p.shape[1]):
            truth, errors = t[i][m[i]] == c, abs((t[i] == c) - p[i, c])[m[i]]
            value[i, c] = extension(errors, truth)
            gradient[i, c][m[i]] = slopes(errors, truth) * np.where(truth, -1, 1)
    return value, gradient


def hinge_reference(z, t, m):
    value, gradient = np.zeros(len(z)), np.zeros_like(z)
    for i in range(len(z)):
        truth, signs = t[i][m[i]] == 1, 2 * t[i][m[i]] - 1
        margins = 1 - signs * z[i][m[i]]
        value[i] = extension(np.maximum(margins, 0), truth)
        gradient[i][m[i]] = slopes(margins, truth) * (margins > 0) * -signs
    return value, gradient


@pytest.mark.parametrize(
    ("backend", "dtype"), [parameter(backend, dtype) for backend in PACKAGES for dtype in dtypes(backend)]
)
@pytest.mark.parametrize("function", [lovasz_softmax_loss, lovasz_hinge_loss])
def test_lovasz_extension_of_images(function, backend, dtype):
    softmax = function is lovasz_softmax_loss
    options, reference = ({"axis": 1}, softmax_reference) if softmax else ({}, hinge_reference)
    p, u = (pt.tensor(dtype=dtype, shape=(None,) * n) for n in ((4, 2) if softmax else (3, 1)))
    t, m = (pt.tensor(dtype=kind, shape=(None,) * 3) for kind in ("int64", "bool"))
    loss = function(p, t, mask=m, **options)
    gradient = pytensor.grad((loss * u).sum(), p)
    rng, tolerance = np.random.default_rng(5), 200 * np.finfo(dtype).eps
    with uncompiled(backend):
        compute = pytensor.function([p, t, m, u], [loss, gradient], mode=mode(backend))
        for number, *size in ((3, 4, 5), (2, 1, 1), (1, 8, 8), (0, 3, 4), (2, 0, 4)):
            labels, mask = rng.integers(0, 3 if softmax else 2, (number, *size)), rng.random((number, *size)) < 0.7
            shape = (number, 4, *size) if softmax else (number, *size)
            x, upstream = rng.normal(size=shape), rng.normal(size=shape[: u.ndim]).astype(dtype)
            x = (np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) if softmax else x).astype(dtype)
            found = compute(x, labels, mask, upstream)
            value, slope = reference(x.astype("float64"), labels, mask)
            slope = slope * upstream.reshape(upstream.shape + (1,) * (x.ndim - u.ndim))
            np.testing.assert_allclose(found[0], value, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(found[1], slope, rtol=tolerance, atol=tolerance)


def with_published_code(p, t, present):
    """``lovasz_softmax`` of the authors (github.com/bermanmaxim/LovaszSoftmax) in NumPy, for one image (N, C)."""
    losses = []
    for c in range(p.shape[1]):
        truth = t == c
        if present and not truth.any():
            continue
        errors = abs(truth - p[:, c])
        order = np.argsort(-errors)
        truth = truth[order]
        jaccard = 1 - (truth.sum() - truth.cumsum()) / (truth.sum() + (~truth).cumsum())
        jaccard[1:] = jaccard[1:] - jaccard[:-1]
        losses.append(errors[order] @ jaccard)
    return np.mean(losses)


def test_absent_classes_count_or_not_as_in_the_published_code():
    rng = np.random.default_rng(6)
    p, t = rng.dirichlet(np.ones(4), size=(3, 8)), rng.integers(0, 2, (3, 8))
    one_hot = np.eye(4)[t]
    loss = lovasz_softmax_loss(p, one_hot)
    found = aggregate(loss, axis=-1), aggregate(loss, mask=one_hot.any(axis=1), axis=-1)
    for value, present in zip(found, (False, True), strict=True):
        expected = [with_published_code(*image, present) for image in zip(p, t, strict=True)]
        np.testing.assert_allclose(value.eval(), expected, rtol=1e-12)


def test_the_order_of_equal_errors_does_not_change_the_loss():
    p, t = np.array([0.25, 0.75, 0.75, 0.25, 0.5, 0.5]), np.array([0, 1, 0, 1, 1, 0])
    orders = np.array(list(permutations(range(6))))
    losses = lovasz_softmax_loss(p[orders][..., None], t[orders][..., None]).eval()
    np.testing.assert_allclose(losses, extension(abs(t - p), t == 1), rtol=1e-12)


def test_slopes_are_finite_differences():
    rng = np.random.default_rng(8)
    p, z, t = rng.uniform(0.1, 0.9, (1, 9, 1)), rng.normal(size=(1, 9)), rng.integers(0, 2, (1, 9))
    for function, x, y in ((lovasz_softmax_loss, p, t[..., None]), (lovasz_hinge_loss, z, t)):
        given = pt.tensor(dtype="float64", shape=x.shape)
        loss = function(given, y).sum()
        value, gradient = (pytensor.function([given], out) for out in (loss, pytensor.grad(loss, given)))
        steps = 1e-6 * np.eye(9).reshape(9, *x.shape)
        found = [(value(x + step) - value(x - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(gradient(x).ravel(), found, rtol=1e-7, atol=1e-7)


def test_lovasz_losses_of_hard_predictions_are_jaccard_losses():
    rng = np.random.default_rng(7)
    truth, predicted = rng.integers(0, 2, (2, 3, 6, 4))
    expected = [jaccard_loss((a != b).ravel(), (b == 1).ravel()) for a, b in zip(predicted, truth, strict=True)]
    found = lovasz_softmax_loss(np.stack([1.0 - predicted, 1.0 * predicted], axis=-1), truth)[:, 1].eval()
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(lovasz_hinge_loss(2.0 * predicted - 1, truth).eval(), 2 * np.array(expected), rtol=1e-12)


def test_lovasz_loss_of_the_batch_as_one_image():
    rng = np.random.default_rng(9)
    z, t = rng.normal(size=(2, 3, 4)), rng.integers(0, 2, (2, 3, 4))
    found = [lovasz_hinge_loss(z, t, pixel_axes=(0, 1, 2)), lovasz_hinge_loss(z.reshape(1, 24), t.reshape(1, 24))[0]]
    np.testing.assert_allclose(*pytensor.function([], found)(), rtol=1e-12)
    p = 1 / (1 + np.exp(-np.stack([z, -z], axis=-1)))
    pooled = (
        lovasz_softmax_loss(p, t, pixel_axes=(0, 1, 2)),
        lovasz_softmax_loss(p.reshape(24, 2), t.ravel(), pixel_axes=0),
    )
    np.testing.assert_allclose(*pytensor.function([], pooled)(), rtol=1e-12)


def test_what_no_pixel_counts_in_costs_nothing():
    x = pt.dmatrix()
    loss = lovasz_hinge_loss(x, [[0, 1], [7, 1]], mask=[[True, True], [False, False]])
    found, gradient = pytensor.function([x], [loss, pytensor.grad(loss.sum(), x)])(np.array([[0, 0], [np.nan, np.inf]]))
    np.testing.assert_array_equal(found, [1, 0])
    np.testing.assert_array_equal(gradient, [[0.5, -0.5], [0, 0]])  # of equal errors the first counts first


@pytest.mark.parametrize("backend", ["NUMBA", "CVM"])
def test_rewrites_find_no_cycle_of_shapes(backend, capfd):
    """PyTensor prints what it finds; a mean asks for the shape of the loss."""
    p, z, t = pt.tensor4(), pt.tensor3(), pt.ltensor3()
    means = [lovasz_softmax_loss(p, t).mean(), lovasz_hinge_loss(z, t).mean()]
    rewritten = Mode("py", mode(backend).provided_optimizer)
    for mean, x in zip(means, (p, z), strict=True):
        pytensor.function([x, t], [mean, pytensor.grad(mean, x)], mode=rewritten)
    assert capfd.readouterr().err == ""


def test_bad_input_of_lovasz_losses():
    x = pt.dmatrix()
    with pytest.raises(TypeError, match="no pixel axes besides the first axis"):
        lovasz_hinge_loss(pt.vector(), pt.lvector())
    with pytest.raises(TypeError, match="no pixel axes besides the first axis"):
        lovasz_softmax_loss(x, pt.lvector())
    with pytest.raises(ValueError, match="pixel_axes: axis 3 is out of bounds"):
        lovasz_hinge_loss(pt.tensor3(), pt.ltensor3(), pixel_axes=3)
    with pytest.raises(ValueError, match="names the class axis"):
        lovasz_softmax_loss(x, pt.lvector(), pixel_axes=1)
    for bad in ([[0.5, 1]], [[-1, 1]], [[2, 1]]):
        loss = lovasz_hinge_loss(x, np.array(bad))
        for found in pytensor.function([x], [loss, pytensor.grad(loss.sum(), x)])(np.zeros((1, 2))):
            assert np.isnan(found).all()
