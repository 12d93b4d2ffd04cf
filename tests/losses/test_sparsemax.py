"""Sparsemax and Fenchel-Young losses: values by hand, projections, ties, far logits, and misuse."""

from importlib import import_module

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from backends import parameter
from lazy import Lazy

from objectives import categorical_crossentropy_with_logits
from objectives.losses.sparsemax import binary_sparsemax_loss, fenchel_young_loss, multiclass_sparsemax_loss
from objectives.ops.projection import simplex_threshold
from objectives.ops.ranking import even_max

INF = np.inf


def evaluate(build, *arrays, by=0):
    """The losses and their gradient with respect to one input, without rewrites."""
    inputs = [pt.tensor(shape=(None,) * np.ndim(a), dtype=np.asarray(a).dtype) for a in arrays]
    loss = build(*inputs)
    outputs = [loss, pytensor.grad(loss.sum(), inputs[by])]
    return pytensor.function(inputs, outputs)(*arrays)


def log_sum_exp(z):
    return pt.logsumexp(z, axis=-1)


def test_two_classes_by_hand():
    z, t = np.array([1.0, 1.5, 0.0, -3.0, 0.5, -INF, INF]), np.array([1, 1, 1, 1, 0, 0, 0])
    loss, gradient = evaluate(binary_sparsemax_loss, z, t)
    np.testing.assert_allclose(loss, [0, 0, 0.25, 3, 0.5625, 0, INF])
    np.testing.assert_allclose(gradient, [0, 0, -0.5, -1, 0.75, 0, 1])


def test_soft_targets_of_two_classes():
    """0 only where the sparse sigmoid equals the target, which optax promises but breaks for soft targets."""
    t = np.linspace(0, 1, 11)
    z = np.linspace(-3, 3, 61)
    loss, gradient = evaluate(binary_sparsemax_loss, np.repeat(z[:, None], 11, 1), np.repeat(t[None], 61, 0))
    np.testing.assert_allclose(gradient, np.clip((z[:, None] + 1) / 2, 0, 1) - t, atol=1e-15)
    assert (loss > -1e-15).all()
    np.testing.assert_allclose(z[loss[:, 1:-1].argmin(0)], (2 * t - 1)[1:-1], atol=1e-12)
    np.testing.assert_allclose(loss[:, 1:-1].min(0), 0, atol=1e-15)


def test_two_classes_are_many_classes_too():
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=20), rng.integers(0, 2, 20)
    binary = binary_sparsemax_loss(z, t)
    many = multiclass_sparsemax_loss(pt.stack([-z / 2, z / 2], axis=-1), t)
    np.testing.assert_allclose(*pytensor.function([], [binary, many])(), atol=1e-15)


def test_many_classes_by_hand():
    z = [[2.0, 0.5, 1.0], [2.0, 0.5, 1.0], [0.0, 0.0, 0.0], [0.5, 0.0, -3.0], [0.0, -INF, -INF], [1.0, 1.0, 0.0]]
    loss, gradient = evaluate(multiclass_sparsemax_loss, np.array(z), np.array([0, 1, 0, 1, 0, 0]))
    np.testing.assert_allclose(loss, [0, 1.5, 1 / 3, 0.5625, 0, 0.25], atol=1e-15)
    expected = [
        [0, 0, 0],
        [1, -1, 0],
        [-2 / 3, 1 / 3, 1 / 3],
        [0.75, -0.75, 0],
        [0, 0, 0],
        [-0.5, 0.5, 0],
    ]
    np.testing.assert_allclose(gradient, expected, atol=1e-15)


def projections(z):
    """The point of the simplex nearest to each row, by bisection of the threshold."""
    low, high = z.max(-1, keepdims=True) - 1, z.max(-1, keepdims=True)
    for _ in range(100):
        middle = (low + high) / 2
        above = np.maximum(z - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.maximum(z - low, 0)


def test_the_gradient_is_the_projection_minus_the_target():
    rng = np.random.default_rng(0)
    x, labels = pt.dmatrix("x"), pt.lvector("labels")
    losses = multiclass_sparsemax_loss(x, labels)
    function = pytensor.function([x, labels], [losses, pytensor.grad(losses.sum(), x)])
    for num_classes in (1, 2, 7, 400):
        for scale in (1e-3, 1.0, 30.0):
            z = scale * rng.normal(size=(5, num_classes))
            z[1] = z[1].round()
            y = rng.integers(0, num_classes, 5)
            loss, gradient = function(z, y)
            p, own = projections(z), np.take_along_axis(z, y[:, None], axis=-1)
            np.testing.assert_allclose(gradient, p - np.eye(num_classes)[y], atol=1e-12)
            np.testing.assert_allclose(loss, (p * (z - own)).sum(-1) + (1 - (p**2).sum(-1)) / 2, atol=1e-11)


@pytest.mark.parametrize(
    ("backend", "tensor"),
    [
        parameter("PYTORCH", Lazy("torch").as_tensor, name="as_tensor"),
        parameter("MLX", Lazy("mlx.core").array, name="array"),
    ],
)
def test_kernels_of_the_threshold(backend, tensor):
    """They agree with the expression, NaN included."""
    kernel = import_module(f"objectives.dispatch.{backend.lower()}.projection").simplex_threshold
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 5, 7)).astype("float32")
    z[0, 1] = z[0, 1].round()
    z[0, 2, 3] = np.nan
    x = pt.ftensor3("x")
    expression = pytensor.function([x], simplex_threshold.build_inner_graph(x))(z)[0]
    for value in (np.asarray(kernel(tensor(z))), simplex_threshold(z).eval()):
        assert value.dtype == "float32"
        np.testing.assert_allclose(value, expression, rtol=1e-6, atol=1e-6)
    rows = np.maximum(z - expression[..., None], 0).sum(-1)
    np.testing.assert_allclose(rows, np.where(np.isnan(z).any(-1), np.nan, 1), rtol=1e-5)


def test_far_logits():
    """Squares of logits are never subtracted from each other."""
    z = (1e4 + np.array([[0.0, 0.5, -1.0], [0.0, 0.5, -1.0]])).astype("float32")
    loss, gradient = evaluate(multiclass_sparsemax_loss, z, np.array([0, 1]))
    near, near_gradient = evaluate(multiclass_sparsemax_loss, z - np.float32(1e4), np.array([0, 1]))
    np.testing.assert_array_equal(loss, near)
    np.testing.assert_array_equal(gradient, near_gradient)
    loss, gradient = evaluate(multiclass_sparsemax_loss, np.array([[0, 3e38, 1]], "float32"), np.array([0]))
    np.testing.assert_allclose(loss, [3e38], rtol=1e-6)
    np.testing.assert_array_equal(gradient, [[-1, 1, 0]])


def test_nan_stays_visible():
    for row in ([np.nan, 0, 1.0], [0, np.nan, 1.0], [0, 1.0, np.nan]):
        loss, gradient = evaluate(multiclass_sparsemax_loss, np.array([row, [0.0, 1, 2]]), np.array([0, 1]))
        assert np.isnan(loss[0]) and np.isnan(gradient[0]).any()
        assert np.isfinite(loss[1]) and np.isfinite(gradient[1]).all()


def test_second_derivative_of_many_classes():
    """For the classes S of positive probability: 1 - 1/|S| on the diagonal, -1/|S| elsewhere."""
    z = pt.dvector("z")
    gradient = pytensor.grad(multiclass_sparsemax_loss(z, 0), z)
    rows = [pytensor.grad(gradient[i], z) for i in range(4)]
    value = pytensor.function([z], rows)([0.3, 0.0, -5.0, 0.2])
    support = np.array([1.0, 1, 0, 1])
    np.testing.assert_allclose(value, np.diag(support) - np.outer(support, support) / 3, atol=1e-15)


def test_invalid_labels():
    for label in (3, -1):
        with pytest.raises(IndexError, match="outside"):
            multiclass_sparsemax_loss(np.zeros((1, 3)), [label]).eval()


def test_log_sum_exp_gives_the_crossentropy():
    rng = np.random.default_rng(0)
    z, y, t = 10 * rng.normal(size=(4, 3)), rng.integers(0, 3, 4), rng.dirichlet(np.ones(3), 4)
    for targets in (y, t):
        ours = evaluate(lambda z, t: fenchel_young_loss(z, t, log_sum_exp), z, targets)
        theirs = evaluate(categorical_crossentropy_with_logits, z, targets)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_the_maximum_gives_the_perceptron():
    z = np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    loss, gradient = evaluate(lambda z, y: fenchel_young_loss(z, y, even_max), z, np.array([1, 0]))
    np.testing.assert_array_equal(loss, [1, 0])
    np.testing.assert_array_equal(gradient, [[1, -1, 0], [-0.5, 0.5, 0]])


def test_omega_makes_the_least_loss_zero():
    """One-hot targets also cost the same as their class indices."""

    def gini(p):
        return (pt.square(p).sum(axis=-1) - 1) / 2

    def sparse_max(z):
        return multiclass_sparsemax_loss(z, pt.zeros(z.shape[:-1], dtype="int64")) + z[..., 0]

    def half_square(z):
        return 0.5 * pt.square(z).sum(axis=-1)

    rng = np.random.default_rng(0)
    z, y, t = rng.normal(size=(4, 3)), rng.integers(0, 3, 4), rng.dirichlet(np.ones(3), 4)
    losses = [
        fenchel_young_loss(z, y, sparse_max, omega=gini),
        multiclass_sparsemax_loss(z, y),
        fenchel_young_loss(z, t, sparse_max, omega=gini),
        multiclass_sparsemax_loss(z, t),
        fenchel_young_loss(z, y, half_square, omega=half_square),
        fenchel_young_loss(z, np.eye(3)[y], half_square, omega=half_square),
        fenchel_young_loss(t, t, sparse_max, omega=gini),
        fenchel_young_loss(t, t, sparse_max),
    ]
    v = pytensor.function([], losses)()
    for a, b in ((0, 1), (2, 3), (4, 5)):
        np.testing.assert_allclose(v[a], v[b], atol=1e-14)
    np.testing.assert_allclose(v[6], 0, atol=1e-15)
    np.testing.assert_allclose(v[7], (1 - (t**2).sum(-1)) / 2, atol=1e-15)


def test_scores_of_minus_infinity():
    loss, gradient = evaluate(
        lambda z, t: fenchel_young_loss(z, t, log_sum_exp), np.array([[0.0, 0.0, -INF]]), np.array([[1.0, 0, 0]])
    )
    np.testing.assert_allclose(loss, np.log(2))
    np.testing.assert_allclose(gradient, [[-0.5, 0.5, 0]])


def test_misuse():
    z, y = pt.dmatrix("z"), pt.lvector("y")
    with pytest.raises(TypeError, match=r"max_function must reduce the last axis.*turned 2 dimensions into 0: "):
        fenchel_young_loss(z, y, pt.max)
    with pytest.raises(TypeError, match="omega must reduce the last axis"):
        fenchel_young_loss(z, y, log_sum_exp, omega=pt.sum)
    with pytest.raises(TypeError, match="max_function must be a function"):
        fenchel_young_loss(z, y, "logsumexp")
    for function in (multiclass_sparsemax_loss, lambda z, y: fenchel_young_loss(z, y, log_sum_exp)):
        with pytest.raises(TypeError, match="floating-point"):
            function(pt.lmatrix(), y)
        with pytest.raises(TypeError, match="rank mismatch"):
            function(z, pt.lscalar())
        with pytest.raises(TypeError, match="class indices must be integers"):
            function(z, pt.dvector())
    with pytest.raises(TypeError, match="rank mismatch"):
        binary_sparsemax_loss(z, y)
    for function in (multiclass_sparsemax_loss, binary_sparsemax_loss):
        with pytest.raises(ValueError, match="applied twice"):
            function(pt.sigmoid(z), pt.dmatrix())
    wide = fenchel_young_loss(pt.fmatrix(), y, lambda z: log_sum_exp(z).astype("float64"))
    assert wide.dtype == "float32"
