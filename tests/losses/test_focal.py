"""Focal losses: values by hand, saturation, certainty, agreement with Keras, and misuse."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from objectives import (
    binary_crossentropy,
    binary_crossentropy_with_logits,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
)
from objectives.losses.focal import (
    binary_focal_crossentropy,
    binary_focal_crossentropy_with_logits,
    categorical_focal_crossentropy,
    categorical_focal_crossentropy_with_logits,
)

GAMMAS = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
INF = np.inf


def evaluate(build, *arrays, by=0):
    """Each expression's losses and their gradient with respect to one input, without rewrites."""
    inputs = [pt.tensor(shape=(None,) * np.ndim(a), dtype=np.asarray(a).dtype) for a in arrays]
    losses = build(*inputs)
    outputs = [o for loss in losses for o in (loss, pytensor.grad(loss.sum(), inputs[by]))]
    results = pytensor.function(inputs, outputs)(*arrays)
    return results[::2], results[1::2]


def for_gammas(function, **options):
    return lambda *inputs: [function(*inputs, gamma=gamma, **options) for gamma in GAMMAS]


def test_values_by_hand():
    losses = [
        binary_focal_crossentropy(np.array([0.9, 0.9, 0.5]), [1, 0, 1], gamma=2),
        binary_focal_crossentropy(np.array([0.9, 0.9]), [1, 0], gamma=1, alpha=0.25),
        binary_focal_crossentropy(np.array([0.9]), [1], gamma=1, label_smoothing=0.2),
        categorical_focal_crossentropy(np.array([[0.7, 0.2, 0.1]]), [2], gamma=3),
        categorical_focal_crossentropy(np.array([[0.7, 0.2, 0.1]]), [[0.5, 0.5, 0]], gamma=1, alpha=[1.0, 2.0, 5.0]),
        categorical_focal_crossentropy_with_logits(np.log([[7.0, 2.0, 1.0]]), [0], gamma=2, alpha=0.25),
    ]
    expected = [
        [0.1**2 * -np.log(0.9), 0.9**2 * -np.log(0.1), 0.5**2 * np.log(2)],
        [0.25 * 0.1 * -np.log(0.9), 0.75 * 0.9 * -np.log(0.1)],
        [(1 - 0.9 * 0.9 - 0.1 * 0.1) * -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))],
        [0.9**3 * -np.log(0.1)],
        [0.5 * 0.3 * -np.log(0.7) + 2 * 0.5 * 0.8 * -np.log(0.2)],
        [0.25 * 0.3**2 * -np.log(0.7)],
    ]
    for loss, value in zip(pytensor.function([], losses)(), expected, strict=True):
        np.testing.assert_allclose(loss, value, rtol=1e-12)


@pytest.mark.parametrize(
    ("focal", "plain", "predictions", "targets"),
    [
        (binary_focal_crossentropy, binary_crossentropy, [0.0, 0.0, 0.3, 1.0, 0.7], [0.0, 1.0, 0.2, 1.0, 0.0]),
        (binary_focal_crossentropy_with_logits, binary_crossentropy_with_logits, [-900.0, 3.0, 900.0], [1.0, 0.2, 1]),
        (categorical_focal_crossentropy, categorical_crossentropy, [[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]], [1, 2]),
        (
            categorical_focal_crossentropy_with_logits,
            categorical_crossentropy_with_logits,
            [[0.0, 900.0, -INF], [2.0, 3.0, 0.5]],
            [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]],
        ),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_without_gamma_it_is_the_crossentropy(focal, plain, predictions, targets):
    losses, gradients = evaluate(
        lambda p, t: [focal(p, t, gamma=0), plain(p, t)], np.array(predictions), np.array(targets)
    )
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-14)
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_and_infinite_logits_of_two_classes(dtype):
    z = np.array([-1000, 1000, -INF, INF, -1000, 1000, -INF, INF], dtype)
    t = np.array([1, 1, 1, 1, 0, 0, 0, 0], "int8")
    wrong = (z < 0) == (t == 1)
    losses, gradients = evaluate(for_gammas(binary_focal_crossentropy_with_logits), z, t)
    for loss, gradient in zip(losses, gradients, strict=True):
        np.testing.assert_array_equal(loss, np.where(wrong, np.abs(z), 0))
        np.testing.assert_array_equal(gradient, np.where(wrong, np.sign(z), 0))


@pytest.mark.parametrize(("dtype", "furthest"), [("float32", 24), ("float64", 200)])
def test_relative_accuracy_of_small_losses(dtype, furthest):
    """A right prediction of error e costs e^gamma (e + e^2/2 + ...), also where 1 - e is 1."""
    z = np.linspace(18 if dtype == "float32" else 40, furthest, 9).astype(dtype)
    losses, gradients = evaluate(lambda z: for_gammas(binary_focal_crossentropy_with_logits)(z, pt.ones_like(z)), z)
    for gamma, loss, gradient in zip(GAMMAS[:5], losses, gradients, strict=False):
        expected = np.exp(-(1 + gamma) * z.astype("float64"))
        np.testing.assert_allclose(loss, expected, rtol=1e-4 if dtype == "float32" else 1e-12)
        np.testing.assert_allclose(gradient, -(1 + gamma) * expected, rtol=1e-4 if dtype == "float32" else 1e-12)


def test_second_derivatives_are_finite_where_the_focal_factor_is_0():
    z = np.linspace(-120, 120, 49, dtype="float32")
    x = pt.vector("x", dtype="float32")
    rows = pt.stack([x, pt.zeros_like(x)], axis=-1)
    losses = [
        loss
        for gamma in GAMMAS
        for loss in (
            binary_focal_crossentropy_with_logits(x, pt.ones_like(x), gamma=gamma),
            categorical_focal_crossentropy_with_logits(rows, pt.zeros_like(x, dtype="int64"), gamma=gamma),
        )
    ]
    outputs = [pytensor.grad(pytensor.grad(loss.sum(), x).sum(), x) for loss in losses]
    for curvature in pytensor.function([x], outputs)(z):
        assert np.isfinite(curvature).all() and np.abs(curvature).max() < 10


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_and_infinite_logits_of_many_classes(dtype):
    z = np.array([[0, 1000, 5], [0, 1000, 5], [-INF, 0, 0], [0, -INF, -INF], [0, -INF, -INF]], dtype)
    y = np.array([0, 1, 1, 0, 1])
    losses, gradients = evaluate(for_gammas(categorical_focal_crossentropy_with_logits), z, y)
    dense_losses, dense_gradients = evaluate(for_gammas(categorical_focal_crossentropy_with_logits), z, np.eye(3)[y])
    for gamma, loss, gradient in zip(GAMMAS, losses, gradients, strict=True):
        half = np.log(2) * 0.5**gamma
        np.testing.assert_allclose(loss, [1000, 0, half, 0, INF], rtol=1e-6)
        # d/dp of (1 - p)^gamma (-log p), times the derivative p (1 - p) of the softmax
        slope = 0.5**gamma * (gamma * np.log(2) + 1) / 2
        expected = [[-1, 1, 0], [0, 0, 0], [0, -slope, slope], [0, 0, 0], [1, -1, 0]]
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(dense_losses, losses, rtol=1e-6)
    np.testing.assert_allclose(dense_gradients, gradients, rtol=1e-5, atol=1e-30)


def test_certain_probabilities():
    p, t = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    losses, gradients = evaluate(for_gammas(binary_focal_crossentropy), p, t)
    for gamma, loss, gradient in zip(GAMMAS, losses, gradients, strict=True):
        np.testing.assert_array_equal(loss, [0, 0, INF, INF])
        right = [1, -1] if gamma == 0 else [0, 0]
        np.testing.assert_array_equal(gradient, [*right, -INF, INF])
    for targets in (np.array([1, 0]), np.eye(3)[[1, 0]]):
        losses, gradients = evaluate(for_gammas(categorical_focal_crossentropy), np.eye(3)[[1, 2]], targets)
        for gamma, loss, gradient in zip(GAMMAS, losses, gradients, strict=True):
            np.testing.assert_array_equal(loss, [0, INF])
            np.testing.assert_array_equal(gradient, [[0, -1.0 if gamma == 0 else 0, 0], [-INF, 0, 0]])


def test_probabilities_are_traced_back_to_logits():
    z, y = np.array([[0.0, 1000.0, 5.0], [2.0, -1.0, 0.0]]), np.array([0, 1])

    def build(z, y):
        p, q = pt.special.softmax(z, axis=-1), pt.sigmoid(z)
        t = pt.eye(3)[y]
        return [
            categorical_focal_crossentropy_with_logits(z, y),
            categorical_focal_crossentropy(p, y),
            categorical_focal_crossentropy(p[:, ::-1], 2 - y),
            categorical_focal_crossentropy(p.T, t.T, axis=0),
            binary_focal_crossentropy_with_logits(z, t),
            binary_focal_crossentropy(q, t),
        ]

    losses, gradients = evaluate(build, z, y)
    assert losses[0][0] == 1000 and np.isfinite(gradients).all()
    for i, same in ((1, 0), (2, 0), (3, 0), (5, 4)):
        np.testing.assert_allclose(losses[i], losses[same], rtol=1e-14)
        np.testing.assert_allclose(gradients[i], gradients[same], rtol=1e-14)
    float32 = pt.special.softmax(pt.dmatrix(), axis=-1).astype("float32")
    assert categorical_focal_crossentropy(float32, y).dtype == "float32"
    assert binary_focal_crossentropy(pt.sigmoid(pt.dvector()).astype("float32"), y).dtype == "float32"


def test_gradients_by_targets_and_hyperparameters():
    """Also at hard targets, and with respect to gamma where the error is 0."""
    z, t = np.array([-3.0, -3.0, 0.5, 2.0, 2.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0, 0.0, 0.3])
    _, (gradient,) = evaluate(lambda z, t: [binary_focal_crossentropy_with_logits(z, t)], z, t, by=1)
    step = 1e-6
    above, below = (binary_focal_crossentropy_with_logits(z, t + s).eval() for s in (step, -step))
    np.testing.assert_allclose(gradient, (above - below) / (2 * step), rtol=1e-6)
    p, gamma, alpha = pt.dvector("p"), pt.dscalar("gamma"), pt.dscalar("alpha")
    loss = binary_focal_crossentropy(p, [1, 1, 0, 0], gamma=gamma, alpha=alpha)
    gradients = pytensor.function([p, gamma, alpha], pytensor.grad(loss.sum(), [gamma, alpha]))
    by_gamma, by_alpha = gradients([1.0, 0.5, 0.5, 0.0], 2.0, 0.25)
    np.testing.assert_allclose(by_gamma, -0.25 * np.log(2) ** 2)
    np.testing.assert_allclose(by_alpha, 0, atol=1e-15)


def test_a_balance_of_zero_leaves_out_infinite_losses():
    losses, gradients = evaluate(lambda p: [binary_focal_crossentropy(p, [0, 1], alpha=1.0)], np.array([1.0, 0.5]))
    np.testing.assert_allclose(losses[0], [0, 0.25 * np.log(2)])
    assert gradients[0][0] == 0


def test_unlike_keras_nothing_is_scaled_or_normalized():
    p = np.array([[0.5, 0.2, 0.2]])
    value = categorical_focal_crossentropy(p, [0], gamma=1).eval()
    np.testing.assert_allclose(value, 0.5 * np.log(2), rtol=1e-14)
    assert categorical_focal_crossentropy(np.array([[1.2, -0.1, -0.1]]), [0]).eval() != 0  # NaN
    assert np.isnan(binary_focal_crossentropy(np.array([1.1, -0.1]), [1, 0]).eval()).all()


@pytest.mark.needs("keras")
def test_keras_agrees():
    from keras import losses

    rng = np.random.default_rng(0)
    p, t = rng.uniform(0.05, 0.95, (7, 1)), rng.integers(0, 2, (7, 1)).astype("float64")
    z, q = rng.normal(size=(7, 4)), rng.dirichlet(np.ones(4), 7)
    y = np.eye(4)[rng.integers(0, 4, 7)]
    soft = 0.8 * y + 0.05
    binary = {"alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1}
    pairs = [
        (
            losses.binary_focal_crossentropy(t, p, apply_class_balancing=True, **binary),
            binary_focal_crossentropy(p, t, **binary)[:, 0],
        ),
        (
            losses.binary_focal_crossentropy(t, 4 * p - 2, from_logits=True),
            binary_focal_crossentropy_with_logits(4 * p - 2, t)[:, 0],
        ),
        (losses.categorical_focal_crossentropy(y, q), categorical_focal_crossentropy(q, y, alpha=0.25)),
        (
            losses.categorical_focal_crossentropy(soft, z, from_logits=True, alpha=0.5, gamma=0.7),
            categorical_focal_crossentropy_with_logits(z, soft, alpha=0.5, gamma=0.7),
        ),
    ]
    ours = pytensor.function([], [loss for _, loss in pairs])()
    for (theirs, _), value in zip(pairs, ours, strict=True):
        np.testing.assert_allclose(value, np.asarray(theirs), rtol=2e-5)


def test_misuse():
    p, z, y = pt.dmatrix("p"), pt.dmatrix("z"), pt.lvector("y")
    two_classes = (binary_focal_crossentropy, binary_focal_crossentropy_with_logits)
    many_classes = (categorical_focal_crossentropy, categorical_focal_crossentropy_with_logits)
    for function, targets in [*((f, p) for f in two_classes), *((f, y) for f in many_classes)]:
        with pytest.raises(ValueError, match="gamma must be at least 0, not -1"):
            function(z, targets, gamma=-1)
        with pytest.raises(TypeError, match="gamma must be one number"):
            function(z, targets, gamma=[1.0, 2.0])
        with pytest.raises(TypeError, match="floating-point"):
            function(pt.lmatrix(), targets)
    for function in two_classes:
        with pytest.raises(ValueError, match=r"alpha must be between 0 and 1, not 2\.0"):
            function(z, p, alpha=2)
        with pytest.raises(ValueError, match="label_smoothing must be between 0 and 1"):
            function(z, p, label_smoothing=-0.1)
        with pytest.raises(TypeError, match="rank mismatch"):
            function(z, y)
    for function in many_classes:
        with pytest.raises(TypeError, match="rank mismatch"):
            function(z, pt.lscalar())
        with pytest.raises(TypeError, match="class indices must be integers"):
            function(z, pt.dvector())
        with pytest.raises(TypeError, match="alpha must be a vector"):
            function(z, y, alpha=np.ones((1, 3)))
    for function in (two_classes[1], many_classes[1]):
        with pytest.raises(ValueError, match="applied twice"):
            function(pt.special.softmax(z, axis=-1), p)
    with pytest.raises(ValueError, match="log-softmax"):
        categorical_focal_crossentropy(pt.special.log_softmax(z, axis=-1), y)
