"""Losses of one class out of many: extremes, agreement with other libraries, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import aggregate, categorical_crossentropy, categorical_crossentropy_with_logits, squared_error
from objectives.losses.categorical import brier_score, nll_loss
from objectives.losses.noisy_labels import generalized_crossentropy, poly_loss

INF = np.inf


def evaluate(build, *arrays):
    """The losses and their gradient with respect to the first input, without rewrites."""
    inputs = [pt.tensor(shape=(None,) * np.ndim(a), dtype=np.asarray(a).dtype) for a in arrays]
    loss = build(*inputs)
    return pytensor.function(inputs, [loss, pytensor.grad(loss.sum(), inputs[0])])(*arrays)


def test_nll_of_certain_classes():
    log_p = np.array([[0.0, -INF, -INF], [-INF, 0.0, -INF]])
    for targets in (np.array([0, 0]), np.eye(3)[[0, 0]]):
        loss, gradient = evaluate(nll_loss, log_p, targets)
        np.testing.assert_array_equal(loss, [0, INF])
        np.testing.assert_array_equal(gradient, [[-1, 0, 0], [-1, 0, 0]])


def test_nll_of_logits_is_nan():
    """PyTorch gives -3 for the first item."""
    loss, _ = evaluate(
        nll_loss, np.array([[3.0, 1.0], [1e-4, -9.0], [1.0, -2.0], [0.01, -5.0]]), np.array([0, 0, 1, 0])
    )
    np.testing.assert_array_equal(loss, [np.nan, -1e-4, 2, np.nan])
    with pytest.raises(ValueError, match="not logarithms"):
        nll_loss(pt.special.softmax(pt.dmatrix(), axis=-1), pt.lvector())
    with pytest.raises(ValueError, match="not logarithms"):
        nll_loss(pt.sigmoid(pt.dmatrix()), pt.lvector())


def test_nll_of_a_log_softmax_is_the_crossentropy():
    z, y = np.array([[0.0, 1000.0, 5.0], [2.0, -1.0, 0.0]]), np.array([0, 1])
    weights = np.array([1.0, 3.0, 0.5])
    ours = evaluate(lambda z, y: nll_loss(pt.special.log_softmax(z, axis=-1), y, class_weights=weights), z, y)
    theirs = evaluate(lambda z, y: categorical_crossentropy_with_logits(z, y, class_weights=weights), z, y)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.needs("torch")
def test_nll_means_of_pytorch():
    """PyTorch has the class axis second, marks missing labels by -100, and weights the mean by target class."""
    import torch

    rng = np.random.default_rng(0)
    log_p = np.log(rng.dirichlet(np.ones(4), (3, 5))).transpose(0, 2, 1)
    y, weights = rng.integers(0, 4, (3, 5)), rng.uniform(0.5, 2, 4)
    y[0, :2] = -100
    valid = pt.neq(y, -100)
    loss = nll_loss(log_p, y, class_weights=weights, axis=1, mask=valid)
    normalizer = aggregate(pt.as_tensor(weights)[pt.switch(valid, y, 0)], mask=valid, mode="sum")
    value = pytensor.function([], aggregate(loss, mask=valid, normalizer=normalizer))()
    expected = torch.nn.functional.nll_loss(torch.tensor(log_p), torch.tensor(y), weight=torch.tensor(weights))
    np.testing.assert_allclose(value, expected.item(), rtol=1e-12)


@pytest.mark.needs("keras")
def test_generalized_crossentropy_is_that_of_keras():
    from keras import losses

    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(4), 7), rng.integers(0, 4, 7)
    for q in (0.3, 0.7):
        theirs = losses.categorical_generalized_cross_entropy(y, p.astype("float32"), q)
        np.testing.assert_allclose(generalized_crossentropy(p, y, power=q).eval(), np.asarray(theirs), rtol=2e-5)


def test_generalized_crossentropy_lies_between_the_crossentropy_and_the_error():
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(4), 7), rng.integers(0, 4, 7)
    probability = p[np.arange(7), y]
    z = pt.special.softmax(pt.as_tensor(np.log(p)), axis=-1)
    losses = [generalized_crossentropy(x, y, power=q) for x in (p, z) for q in (1, 1e-8)]
    error, near, error_of_softmax, near_of_softmax = pytensor.function([], losses)()
    np.testing.assert_allclose(error, 1 - probability, rtol=1e-12)
    np.testing.assert_allclose(error_of_softmax, 1 - probability, rtol=1e-12)
    np.testing.assert_allclose(near, -np.log(probability), rtol=1e-7)
    np.testing.assert_allclose(near_of_softmax, -np.log(probability), rtol=1e-7)


def test_generalized_crossentropy_of_certain_classes():
    p, y = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), np.array([0, 1])
    for targets in (y, np.eye(3)[y]):
        loss, gradient = evaluate(lambda p, t: generalized_crossentropy(p, t, power=0.5), p, targets)
        np.testing.assert_array_equal(loss, [2, 0])
        np.testing.assert_array_equal(gradient, [[-INF, 0, 0], [0, -1, 0]])
        loss, gradient = evaluate(lambda p, t: generalized_crossentropy(p, t, power=1), p, targets)
        np.testing.assert_array_equal(loss, [1, 0])
        np.testing.assert_array_equal(gradient, [[-1, 0, 0], [0, -1, 0]])
    assert np.isnan(generalized_crossentropy(np.array([[1.1, -0.1]]), [0]).eval()).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_generalized_crossentropy_of_a_saturated_softmax(dtype):
    z = np.array([[0, 1000, 5], [0, 1000, 5], [0, -INF, 0], [0, 0, 0]], dtype)
    y = np.array([0, 1, 1, 2])

    def build(z, t):
        return generalized_crossentropy(pt.special.softmax(z, axis=-1), t, power=0.5)

    for targets in (y, np.eye(3)[y]):
        loss, gradient = evaluate(build, z, targets)
        root = np.sqrt(1 / 3)
        np.testing.assert_allclose(loss, [2, 0, 2, 2 - 2 * root], rtol=1e-6)
        expected = [[0, 0, 0], [0, 0, 0], [0, 0, 0], [root / 3, root / 3, -2 * root / 3]]
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-30)


def test_generalized_crossentropy_of_soft_targets():
    """Softmax outputs and plain probabilities give the same loss, even after the axes are moved."""
    z, t = np.array([[0.3, -0.2, 1.0], [0.0, 800.0, 790.0]]), np.array([[0.7, 0.3, 0.0], [0.5, 0.0, 0.5]])

    def of_softmax(z, t):
        return generalized_crossentropy(pt.special.softmax(z, axis=-1), t)

    def of_moved(z, t):
        return generalized_crossentropy(pt.special.softmax(z, axis=-1)[:, ::-1].T, t[:, ::-1].T, axis=0)

    def of_any(z, t):
        return generalized_crossentropy(1 * pt.special.softmax(z, axis=-1), t)

    for build in (of_moved, of_any):
        for ours, same in zip(evaluate(build, z, t), evaluate(of_softmax, z, t), strict=True):
            np.testing.assert_allclose(ours, same, rtol=1e-12, atol=1e-15)


def test_poly_loss_by_hand():
    z = np.array([[0.0, 1000, 5], [0, 1000, 5], [-INF, 0, 0], [0, 0, 0]])
    y = np.array([0, 1, 1, 2])
    for targets in (y, np.eye(3)[y]):
        loss, gradient = evaluate(poly_loss, z, targets)
        np.testing.assert_allclose(loss, [1002, 0, np.log(2) + 1, np.log(3) + 4 / 3])
        # p - t of the crossentropy plus twice the derivative of 1 - p
        expected = [[-1, 1, 0], [0, 0, 0], [0, -1, 1], [5 / 9, 5 / 9, -10 / 9]]
        np.testing.assert_allclose(gradient, expected, atol=1e-15)


def test_poly_loss_with_coefficient_0_is_the_crossentropy():
    z, t = np.array([[0.3, -0.2, -INF], [0.0, 800.0, 790.0]]), np.array([[0.7, 0.3, 0.0], [0.5, 0.0, 0.5]])
    ours, theirs = (
        evaluate(build, z, t)
        for build in (lambda z, t: poly_loss(z, t, coefficient=0), categorical_crossentropy_with_logits)
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert poly_loss(np.array([[3.0, 0.0]]), [0], coefficient=-1).eval() > 0


def test_brier_score_is_halved_for_two_classes():
    p = np.array([[0.7, 0.3], [0.2, 0.8]])
    np.testing.assert_allclose(brier_score(p, [0, 0]).eval(), squared_error(p[:, 0], [1.0, 1.0]).eval())
    np.testing.assert_allclose(brier_score(p, [0, 0], scale_by_half=False).eval(), [0.18, 1.28])
    unknown = pt.matrix()
    np.testing.assert_allclose(brier_score(unknown, np.array([0, 0])).eval({unknown: p}), [0.09, 0.64])
    with pytest.raises(ValueError, match="scale_by_half must be"):
        brier_score(p, [0, 0], scale_by_half="never")


@pytest.mark.parametrize("num_classes", [2, 4])
@pytest.mark.parametrize("scale_by_half", ["auto", True, False])
def test_brier_score_of_scikit_learn(num_classes, scale_by_half):
    from sklearn import metrics as sklearn

    rng = np.random.default_rng(1)
    p, t = rng.dirichlet(np.ones(num_classes), size=30), rng.integers(0, num_classes, size=30)
    expected = sklearn.brier_score_loss(t, p, scale_by_half=scale_by_half, labels=np.arange(num_classes))
    np.testing.assert_allclose(brier_score(p, t, scale_by_half=scale_by_half).eval().mean(), expected, rtol=1e-12)


def test_missing_labels_are_what_the_mask_says():
    """As in Keras's sparse crossentropy with ignore_class."""
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    value = categorical_crossentropy(p, [0, -1], mask=np.array([True, False])).eval()
    np.testing.assert_allclose(value, [-np.log(0.7), 0])


def test_misuse():
    z, y = pt.dmatrix("z"), pt.lvector("y")
    for function in (nll_loss, generalized_crossentropy, poly_loss):
        with pytest.raises(TypeError, match="floating-point"):
            function(pt.lmatrix(), y)
        with pytest.raises(TypeError, match="rank mismatch"):
            function(z, pt.lscalar())
        with pytest.raises(TypeError, match="class indices must be integers"):
            function(z, pt.dvector())
        with pytest.raises(IndexError, match="outside"):
            function(np.zeros((1, 3)), [3]).eval()
    for loss, option in ((generalized_crossentropy, "power"), (poly_loss, "coefficient")):
        with pytest.raises(TypeError, match=f"{option} .*would enlarge"):
            loss(z, y, **{option: np.full((3, 1), 0.5)})
    for power in (0, -1, 1.5):
        with pytest.raises(ValueError, match="power must be greater than 0 and at most 1"):
            generalized_crossentropy(z, y, power=power)
    with pytest.raises(ValueError, match="log-softmax"):
        generalized_crossentropy(pt.special.log_softmax(z, axis=-1), y)
    with pytest.raises(ValueError, match="coefficient must be at least -1"):
        poly_loss(z, y, coefficient=-2)
    with pytest.raises(ValueError, match="applied twice"):
        poly_loss(pt.special.softmax(z, axis=-1), y)
    with pytest.raises(TypeError, match="class_weights must be a vector"):
        nll_loss(z, y, class_weights=pt.dmatrix())
