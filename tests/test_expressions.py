"""Every row of the table without a backend: no rewrite, all shapes, dtypes and axes, and the second derivative.

Nothing is compiled here, so that much can be tried.
"""

from functools import lru_cache
from inspect import signature

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from cases import CASES, CLASSES, FIRST, ITEMS
from cases.case import binary, labels, one_hot, poisoned, signs
from measures import MEASURES

import objectives

DIFFERENTIABLE = [case for case in CASES if case.differentiable]
DISCRETE = (binary, labels, one_hot, signs)
# A vector of weights or quantiles goes with the last axis, which a column does not have.
ELEMENTWISE = [
    case
    for case in CASES
    if case.mask_shape() == case.result_shape() == (ITEMS, CLASSES)
    and not any(np.ndim(option) for option in case.options.values())
]
# Measures of which less is better.
ERRORS = (objectives.label_ranking_loss, objectives.coverage_error, objectives.fall_out_at_k, objectives.brier_score)
TOLERANCE = {"float16": 2e-2, "float32": 2e-5, "float64": 1e-10}


def parametrize(cases):
    return pytest.mark.parametrize("case", list(cases), ids=lambda case: case.id)


each_case = parametrize(CASES)
each_function = parametrize(FIRST)
each_differentiable_case = parametrize(DIFFERENTIABLE)


def variables(arrays, *, static=False):
    return [pt.tensor(shape=a.shape if static else (None,) * a.ndim, dtype=a.dtype.name) for a in arrays]


@lru_cache(maxsize=4)
def compiled(case, types, mode, masked, ndim, **options):
    """A function of inputs, of what the losses are multiplied with before they are differentiated, and a mask."""
    variables = [variable_type() for variable_type in types]
    inputs, upstream, mask = (variables[:-2], *variables[-2:]) if masked else (variables[:-1], variables[-1], None)
    loss = case.apply(inputs, **options, **({"mask": mask} if masked else {}))
    if loss.ndim == ndim:
        loss = pt.moveaxis(loss, options.get("axis", -1), -1)
    wrt = [inputs[i] for i in case.wrt(inputs)]
    outputs = [loss, *(pytensor.grad((loss * upstream).sum(), wrt) if wrt else [])]
    return pytensor.function(variables, outputs, mode=mode, on_unused_input="ignore")


def evaluate(case, arrays, *, shape=(ITEMS, CLASSES), mode=None, static=False, mask=None, **options):
    """The loss, and its gradients by the inputs of `Case.wrt`."""
    given = [*arrays, case.upstream(arrays[0].dtype, shape=shape), *([] if mask is None else [mask])]
    types = tuple(variable.type for variable in variables(given, static=static))
    value, *gradients = compiled(case, types, mode, mask is not None, len(shape), **options)(*given)
    assert value.dtype == arrays[0].dtype
    # gradients in float16 become float32 where a kernel's weights or PyTensor's constants are
    assert {gradient.dtype for gradient in gradients} <= {arrays[0].dtype, np.promote_types(arrays[0].dtype, "float32")}
    return value, gradients


def check(case, arrays, results, tolerance, *, shape=(ITEMS, CLASSES)):
    value, gradients = case.expected(arrays, case.upstream(arrays[0].dtype, shape=shape))
    np.testing.assert_allclose(results[0], value, rtol=tolerance, atol=tolerance)
    for found, expected in zip(results[1], gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@each_case
def test_value_and_gradient(case):
    arrays = case.draw("float64")
    check(case, arrays, evaluate(case, arrays), TOLERANCE["float64"])


@each_function
def test_float32_and_few_rewrites(case):
    arrays = case.draw("float32")
    check(case, arrays, evaluate(case, arrays, mode="FAST_COMPILE"), TOLERANCE["float32"])


@each_function
def test_float16(case):
    arrays = case.draw("float16")
    check(case, arrays, evaluate(case, arrays), TOLERANCE["float16"])


@pytest.mark.parametrize("shape", [(CLASSES,), (2, 1, 3, CLASSES), (0, CLASSES)], ids=str)
@parametrize(case for case in FIRST if case.leading_dimensions)
def test_leading_dimensions(case, shape):
    arrays = case.draw("float64", shape=shape)
    check(case, arrays, evaluate(case, arrays, shape=shape), TOLERANCE["float64"], shape=shape)


@each_function
def test_static_shapes(case):
    arrays = case.draw("float64")
    check(case, arrays, evaluate(case, arrays, static=True), TOLERANCE["float64"])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int32", "uint32", "int64", "uint64", "float32"])
@parametrize(case for case in FIRST if case.targets in DISCRETE)
def test_target_dtypes(case, dtype):
    predictions, targets, *extras = case.draw("float64")
    if targets.ndim < predictions.ndim and dtype == "float32":
        dtype = "int32"  # class indices are never floats: test_misuse.py
    targets = (targets % 2 if dtype == "bool" or dtype.startswith("u") else targets).astype(dtype)
    arrays = [predictions, targets, *extras]
    check(case, arrays, evaluate(case, arrays), TOLERANCE["float64"])


@pytest.mark.parametrize("axis", [0, 1, -2])
@parametrize(case for case in FIRST if "axis" in signature(case.function).parameters and case.axis_moves)
def test_class_axis(case, axis):
    shape = (2, 3, CLASSES)
    arrays = case.draw("float64", shape=shape)
    expected, expected_gradients = case.expected(arrays, case.upstream(shape=shape))
    moved = [np.moveaxis(a, -1, axis) if a.ndim == len(shape) else a for a in arrays]
    value, gradients = evaluate(case, moved, shape=shape, axis=axis)
    np.testing.assert_allclose(value, expected, rtol=1e-10)
    for gradient, desired in zip(gradients, expected_gradients, strict=True):
        back = np.moveaxis(gradient, axis, -1) if gradient.ndim == len(shape) else gradient
        np.testing.assert_allclose(back, desired, rtol=1e-10, atol=1e-12)


@each_case
def test_mask_hides_everything_under_it(case):
    arrays = case.draw("float64")
    mask = case.mask()
    clean = None
    for poison, bad_label in ((None, 0), (np.nan, -100), (np.inf, 100), (-np.inf, CLASSES)):
        bad = arrays if poison is None else poisoned(case, arrays, mask, poison=poison, bad_label=bad_label)
        value, gradients = evaluate(case, bad, mask=mask)
        if clean is None:
            clean = value, gradients
            expected = case.expected(arrays, case.upstream(), mask)
            np.testing.assert_allclose(value, expected[0], rtol=1e-10, atol=1e-12)
            for gradient, desired in zip(gradients, expected[1], strict=True):
                np.testing.assert_allclose(gradient, desired, rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(value, clean[0])
        for i, gradient, desired in zip(case.wrt(arrays), gradients, clean[1], strict=True):
            np.testing.assert_array_equal(gradient, desired)
            assert (gradient[case.left_out(mask, arrays[i])] == 0).all()
    assert clean[0].ndim == 0 or (case.masked(mask, clean[0]) == 0).all()


@pytest.mark.parametrize("poisoned", ["predictions", "targets", "both"])
def test_mask_protects_the_gradients_of_hyperparameters_and_targets(poisoned):
    mask = np.array([True, False])
    p, t, rate, weights = pt.dmatrix("p"), pt.dmatrix("t"), pt.dscalar("rate"), pt.dvector("weights")
    losses = {
        "huber": objectives.huber_loss(p, t, rate, mask=mask[:, None]),
        "hinge": objectives.binary_hinge_loss(p, pt.round(t), rate, log_odds=True, mask=mask[:, None]),
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
    function = pytensor.function([p, t, rate, weights], gradients)
    for found, expected in zip(function(*inputs), function(good, good, *inputs[2:]), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert np.isfinite(found).all()


@each_case
def test_nan_inside_the_mask_stays_visible(case):
    arrays = case.draw("float64")
    arrays[0][0] = np.nan
    mask = np.ones(case.mask_shape(), bool)
    value, gradients = evaluate(case, arrays, mask=mask)
    if not case.differentiable:
        expected = np.nan if case.function in ERRORS else 0
        np.testing.assert_array_equal(value[0], expected, err_msg="a prediction of NaN is never right")
    elif case.function is objectives.zeros_loss:
        assert (value == 0).all()
    elif value.ndim and not case.coupled:
        assert np.isnan(value[0]).all() and not np.isnan(value[1:]).any()
        assert not np.isnan(gradients[0][1:]).any()
    else:
        assert np.isnan(value).any()


@each_differentiable_case
def test_second_derivative(case):
    predictions, *others = case.draw("float64", shape=(2, CLASSES))
    p = pt.tensor(shape=(None,) * predictions.ndim, dtype="float64")
    loss = case.apply([p, *others]).sum()
    gradient = pytensor.grad(loss, p)
    direction = np.random.default_rng(4).normal(size=predictions.shape)
    # the gradient of a piecewise linear loss does not depend on the predictions
    curvature = pytensor.grad((gradient * direction).sum(), p, disconnected_inputs="ignore")
    function = pytensor.function([p], [gradient, curvature], on_unused_input="ignore")
    step = 1e-6
    difference = (function(predictions + step * direction)[0] - function(predictions - step * direction)[0]) / (
        2 * step
    )
    np.testing.assert_allclose(function(predictions)[1], difference, rtol=1e-5, atol=1e-6)


@each_case
def test_static_shape_of_the_result(case):
    arrays = case.draw("float64")
    assert case.apply(variables(arrays, static=True)).type.shape == case.result_shape()


@each_function
def test_numpy_arrays_do_as_well(case):
    arrays = case.draw("float64")
    np.testing.assert_allclose(case.apply(arrays).eval(), evaluate(case, arrays)[0], rtol=1e-12)


@parametrize(ELEMENTWISE)
def test_columns_take_vectors(case):
    """(N, 1) with targets and mask (N,) is (N, 1), not (N, N)."""
    arrays = case.draw("float64")
    p, m = pt.col("p"), pt.vector("m", dtype="bool")
    others = [pt.tensor(shape=(None,), dtype=a.dtype.name) for a in arrays[1:]]
    function = pytensor.function([p, *others, m], case.apply([p, *others], mask=m))
    mask = np.arange(ITEMS) % 2 == 0
    value = function(arrays[0][:, :1], *(a[:, 0] for a in arrays[1:]), mask)
    np.testing.assert_allclose(value[:, 0], np.where(mask, evaluate(case, arrays)[0][:, 0], 0), rtol=1e-14)


def test_every_public_function_has_a_row():
    from objectives import losses, metrics

    public = {name for package in (losses, metrics) for name in dir(package) if callable(getattr(package, name))}
    assert {"squared_error", "categorical_accuracy"} <= public
    # losses/test_adaptive.py, losses/test_sequence.py, metrics/test_curves.py
    elsewhere = {"adaptive_log_softmax", "ctc_forward_variables", "auc"}
    rows = {row.function.__name__ for row in (*CASES, *MEASURES)}
    assert rows == public - elsewhere
    assert all(getattr(objectives, name) for name in public)


@parametrize(case for case in CASES if case.torch)
@pytest.mark.needs("torch")
def test_pytorch_agrees(case):
    """A second reference where PyTorch is installed, its gradients by autograd."""
    import torch

    arrays = case.draw("float64")
    wrt = case.wrt(arrays)
    tensors = [torch.tensor(a, requires_grad=i in wrt) for i, a in enumerate(arrays)]
    expected = case.torch(*tensors)
    (expected * torch.as_tensor(case.upstream())).sum().backward()
    value, gradients = evaluate(case, arrays)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    for i, gradient in zip(wrt, gradients, strict=True):
        np.testing.assert_allclose(gradient, tensors[i].grad.numpy(), rtol=1e-10, atol=1e-12)
