"""Every row of the table without a backend: no rewrite, all shapes, dtypes and axes, and the second derivative.

Nothing is compiled here, so that much can be tried.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES, CLASSES, binary, labels, one_hot, signs
from pytensor.compile.mode import Mode

import objectives

UNREWRITTEN = Mode(linker="py", optimizer=None)
MODES = [pytest.param(UNREWRITTEN, id="unrewritten"), pytest.param("FAST_COMPILE", id="FAST_COMPILE")]
DIFFERENTIABLE = [case for case in CASES if case.differentiable]
DISCRETE = (binary, labels, one_hot, signs)
ELEMENTWISE = [case for case in CASES if not case.itemwise and "pos_weight" not in case.options]
TOLERANCE = {"float16": 2e-2, "float32": 2e-5, "float64": 1e-10}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_differentiable_case = pytest.mark.parametrize("case", DIFFERENTIABLE, ids=lambda case: case.id)


def upstream(case, predictions, seed=1):
    shape = predictions.shape[:-1] if case.itemwise else predictions.shape
    return np.random.default_rng(seed).normal(size=shape).astype(predictions.dtype)


def evaluate(case, predictions, targets, *, mode=UNREWRITTEN, static=False, mask=None, **options):
    """Loss and gradient, the latter None for measures."""
    p, t = (
        pt.tensor(shape=a.shape if static else (None,) * a.ndim, dtype=a.dtype.name) for a in (predictions, targets)
    )
    options = case.options | options | ({} if mask is None else {"mask": mask})
    loss = case.function(p, t, **options)
    outputs = [loss]
    if case.differentiable:
        u = upstream(case, np.moveaxis(predictions, options.get("axis", -1), -1))
        outputs.append(pytensor.grad((loss * u).sum(), p))
    results = pytensor.function([p, t], outputs, mode=mode, on_unused_input="ignore")(predictions, targets)
    assert results[0].dtype == predictions.dtype
    return (*results, None)[:2]


def check(case, predictions, targets, results, tolerance):
    value, gradient = case.expected(predictions, targets, upstream(case, predictions))
    np.testing.assert_allclose(results[0], value, rtol=tolerance, atol=tolerance)
    if case.differentiable:
        np.testing.assert_allclose(results[1], gradient, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_case
def test_value_and_gradient(case, dtype, mode):
    predictions, targets = case.draw(dtype)
    check(case, predictions, targets, evaluate(case, predictions, targets, mode=mode), TOLERANCE[dtype])


@each_case
def test_float16(case):
    predictions, targets = case.draw("float16")
    check(case, predictions, targets, evaluate(case, predictions, targets, mode="FAST_COMPILE"), TOLERANCE["float16"])


@pytest.mark.parametrize(
    "shape", [(CLASSES,), (2, 3, CLASSES), (2, 1, 3, CLASSES), (0, CLASSES), (1, CLASSES)], ids=str
)
@each_case
def test_leading_dimensions(case, shape):
    predictions, targets = case.draw("float64", shape=shape)
    check(case, predictions, targets, evaluate(case, predictions, targets), TOLERANCE["float64"])


@each_case
def test_static_shapes(case):
    predictions, targets = case.draw("float64")
    check(case, predictions, targets, evaluate(case, predictions, targets, static=True), TOLERANCE["float64"])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int32", "uint32", "int64", "uint64", "float32"])
@pytest.mark.parametrize("case", [case for case in CASES if case.targets in DISCRETE], ids=lambda case: case.id)
def test_target_dtypes(case, dtype):
    predictions, targets = case.draw("float64")
    if targets.ndim < predictions.ndim and dtype == "float32":
        dtype = "int32"  # class indices are never floats: test_misuse.py
    targets = (targets % 2 if dtype == "bool" or dtype.startswith("u") else targets).astype(dtype)
    check(case, predictions, targets, evaluate(case, predictions, targets), TOLERANCE["float64"])


@pytest.mark.parametrize("axis", [0, 1, -2])
@pytest.mark.parametrize("case", [case for case in CASES if case.itemwise], ids=lambda case: case.id)
def test_class_axis(case, axis):
    predictions, targets = case.draw("float64", shape=(2, 3, CLASSES))
    dense = targets.ndim == predictions.ndim
    expected, expected_gradient = case.expected(predictions, targets, upstream(case, predictions))
    moved = np.moveaxis(predictions, -1, axis)
    value, gradient = evaluate(case, moved, np.moveaxis(targets, -1, axis) if dense else targets, axis=axis)
    np.testing.assert_allclose(value, expected, rtol=1e-10)
    if case.differentiable:
        np.testing.assert_allclose(np.moveaxis(gradient, axis, -1), expected_gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@each_case
def test_mask_hides_everything_under_it(case, mode):
    predictions, targets = case.draw("float64")
    mask = np.random.default_rng(3).random(upstream(case, predictions).shape) < 0.5
    clean, clean_gradient = evaluate(case, predictions, targets, mode=mode)
    rows = mask[..., None] if case.itemwise else mask
    for poison, bad_label in ((np.nan, -100), (np.inf, 100), (-np.inf, CLASSES)):
        bad_predictions = np.where(rows, predictions, poison)
        good = mask if targets.ndim < predictions.ndim else rows
        bad_targets = np.where(good, targets, poison if targets.dtype.kind == "f" else bad_label).astype(targets.dtype)
        value, gradient = evaluate(case, bad_predictions, bad_targets, mask=mask, mode=mode)
        np.testing.assert_array_equal(value, np.where(mask, clean, 0))
        if case.differentiable:
            np.testing.assert_array_equal(gradient, np.where(rows, clean_gradient, 0))


@pytest.mark.parametrize("poisoned", ["predictions", "targets", "both"])
def test_mask_protects_the_gradients_of_hyperparameters_and_targets(poisoned):
    mask = np.array([True, False])
    p, t, rate, weights = pt.dmatrix("p"), pt.dmatrix("t"), pt.dscalar("rate"), pt.dvector("weights")
    losses = {
        "huber": objectives.huber_loss(p, t, rate, mask=mask[:, None]),
        "hinge": objectives.binary_hinge_loss(p, t, rate, log_odds=True, mask=mask[:, None]),
        "binary": objectives.binary_crossentropy(p, t, pos_weight=weights, label_smoothing=rate, mask=mask[:, None]),
        "logits": objectives.binary_crossentropy_with_logits(p, t, pos_weight=weights, mask=mask[:, None]),
        "classes": objectives.categorical_crossentropy_with_logits(p, t, class_weights=weights, mask=mask),
        "probabilities": objectives.categorical_crossentropy(
            p, t, class_weights=weights, label_smoothing=rate, mask=mask
        ),
    }
    good, bad = np.array([[0.3, 0.7], [0.6, 0.4]]), np.array([[0.3, 0.7], [np.nan, np.inf]])
    inputs = [
        bad if poisoned != "targets" else good,
        bad if poisoned != "predictions" else good,
        0.1,
        np.array([1.0, 2.0]),
    ]
    gradients = [
        pytensor.grad(loss.sum(), variable, disconnected_inputs="ignore")
        for loss in losses.values()
        for variable in (p, t, rate, weights)
    ]
    function = pytensor.function([p, t, rate, weights], gradients, mode=UNREWRITTEN)
    for found, expected in zip(function(*inputs), function(good, good, *inputs[2:]), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert np.isfinite(found).all()


@each_case
def test_nan_inside_the_mask_stays_visible(case):
    predictions, targets = case.draw("float64")
    predictions[0, :] = np.nan
    mask = np.ones(upstream(case, predictions).shape, bool)
    value, gradient = evaluate(case, predictions, targets, mask=mask)
    if case.differentiable:
        assert np.isnan(value[0]).all() and not np.isnan(value[1:]).any()
        assert not np.isnan(gradient[1:]).any()
    else:
        assert (value[0] == 0).all(), "a prediction of NaN is never right"


@each_differentiable_case
def test_second_derivative(case):
    predictions, targets = case.draw("float64", shape=(2, CLASSES))
    p = pt.matrix("p")
    loss = case.function(p, targets, **case.options).sum()
    gradient = pytensor.grad(loss, p)
    direction = np.random.default_rng(4).normal(size=predictions.shape)
    # the gradient of a piecewise linear loss does not depend on the predictions
    curvature = pytensor.grad((gradient * direction).sum(), p, disconnected_inputs="ignore")
    function = pytensor.function([p], [gradient, curvature], mode="FAST_COMPILE")
    step = 1e-6
    difference = (function(predictions + step * direction)[0] - function(predictions - step * direction)[0]) / (
        2 * step
    )
    np.testing.assert_allclose(function(predictions)[1], difference, rtol=1e-5, atol=1e-6)


@each_case
def test_static_shape_of_the_result(case):
    predictions, targets = case.draw("float64")
    p, t = (pt.tensor(shape=a.shape, dtype=a.dtype.name) for a in (predictions, targets))
    expected = predictions.shape[:-1] if case.itemwise else predictions.shape
    assert case.function(p, t, **case.options).type.shape == expected


@each_case
def test_numpy_arrays_do_as_well(case):
    predictions, targets = case.draw("float64")
    value = case.function(predictions, targets, **case.options).eval()
    np.testing.assert_allclose(value, evaluate(case, predictions, targets)[0], rtol=1e-12)


@pytest.mark.parametrize("case", ELEMENTWISE, ids=lambda case: case.id)
def test_columns_take_vectors(case):
    """(N, 1) with targets and mask (N,) is (N, 1), not (N, N)."""
    predictions, targets = case.draw("float64")
    p, t, m = pt.col("p"), pt.tensor("t", shape=(None,), dtype=targets.dtype.name), pt.vector("m", dtype="bool")
    function = pytensor.function([p, t, m], case.function(p, t, mask=m, **case.options), mode=UNREWRITTEN)
    mask = np.arange(len(targets)) % 2 == 0
    value = function(predictions[:, :1], targets[:, 0], mask)
    np.testing.assert_array_equal(value[:, 0], np.where(mask, evaluate(case, predictions, targets)[0][:, 0], 0))


def test_every_public_function_has_a_row():
    from objectives import losses, metrics

    public = {name for package in (losses, metrics) for name in dir(package) if callable(getattr(package, name))}
    assert {"squared_error", "categorical_accuracy"} <= public
    assert {case.function.__name__ for case in CASES} == public
    assert all(getattr(objectives, name) for name in public)


@pytest.mark.parametrize("case", [case for case in CASES if case.torch], ids=lambda case: case.id)
def test_pytorch_agrees(case):
    """A second reference where PyTorch is installed, its gradient by autograd."""
    torch = pytest.importorskip("torch")
    predictions, targets = case.draw("float64")
    p = torch.tensor(predictions, requires_grad=True)
    expected = case.torch(p, torch.as_tensor(targets))
    (expected * torch.as_tensor(upstream(case, predictions))).sum().backward()
    value, gradient = evaluate(case, predictions, targets)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(gradient, p.grad.numpy(), rtol=1e-10, atol=1e-12)
