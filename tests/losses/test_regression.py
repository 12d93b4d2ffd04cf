"""Regression losses: values and gradients worked out by hand, and comparisons with other libraries."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from sklearn import metrics as sklearn_metrics

from objectives import aggregate, huber_loss, squared_error
from objectives.losses.quantile import quantile_loss
from objectives.losses.regression import absolute_error, log_cosh_loss, signed_error, smooth_l1_loss, zeros_loss

inf, nan = np.inf, np.nan
LOG2 = np.log(2)


def kinked(p, t):
    return smooth_l1_loss(p, t, beta=0)


def short(p, t):
    return smooth_l1_loss(p, t, beta=0.5)


def low(p, t):
    return quantile_loss(p, t, quantile=0.1)


def lowest(p, t):
    return quantile_loss(p, t, quantile=0)


# loss, predictions, targets, value, gradients of the sum by both
ROWS = [
    (absolute_error, [1, -1, 2, inf, nan], [3, 1, 2, 0, 0], [2, 2, 0, inf, nan], [-1, -1, 0, 1, nan]),
    # half a unit beyond 0.5: 1/4 for the round part, and the rest
    (short, [0.25, 0.5, -1, inf], [0, 0, 0, 0], [0.0625, 0.25, 0.75, inf], [0.5, 1, -1, 1]),
    (kinked, [1, -1, 2, inf], [3, 1, 2, 0], [2, 2, 0, inf], [-1, -1, 0, 1]),
    (smooth_l1_loss, [0, 0.5, 3, -inf], [0, 0, 0, 0], [0, 0.125, 2.5, inf], [0, 0.5, 1, -1]),
    # log((e^d + e^-d) / 2) overflows from 710 on, and |d| + log(1 + e^(-2|d|)) - log 2 has no digits left at 1e-9
    (
        log_cosh_loss,
        [0, 1e-9, 1000, -1e300, inf, nan],
        [0, 0, 0, 0, 0, 0],
        [0, 5e-19, 1000 - LOG2, 1e300, inf, nan],
        [0, 1e-9, 1, -1, 1, nan],
    ),
    (log_cosh_loss, [np.log(2), np.log(4)], [0, 0], [np.log(1.25), np.log(2.125)], [0.6, 15 / 17]),
    # where one expression hands over to the other
    (log_cosh_loss, [1, -1], [0, 0], [0.43378083048302719] * 2, [0.76159415595576489, -0.76159415595576489]),
    (low, [1, 3, 2, inf, -inf], [3, 1, 2, 0, 0], [0.2, 1.8, 0, inf, inf], [-0.1, 0.9, 0, 0.9, -0.1]),
    (lowest, [-2, 2, -inf, inf], [0, 0, 0, 0], [0, 2, 0, inf], [0, 1, 0, 1]),
    (signed_error, [1, 6, inf], [2, 4, 0], [-1, 2, inf], [1, 1, 1]),
    (zeros_loss, [1, nan, inf], [2, 4, inf], [0, 0, 0], [0, 0, 0]),
]


def test_values_and_gradients():
    """All rows in one compiled function; the gradient of the targets is the negative of that of the predictions."""
    inputs, outputs, arrays = [], [], []
    for loss, predictions, targets, *_ in ROWS:
        p, t = pt.dvectors("p", "t")
        value = loss(p, t)
        inputs += [p, t]
        arrays += [np.array(predictions, "float64"), np.array(targets, "float64")]
        outputs += [value, *pytensor.grad(value.sum(), [p, t])]
    results = iter(pytensor.function(inputs, outputs)(*arrays))
    for loss, predictions, targets, value, gradient in ROWS:
        row = f"{loss.__name__}({predictions}, {targets})"
        np.testing.assert_allclose(next(results), value, rtol=1e-12, atol=0, err_msg=row)
        np.testing.assert_allclose(next(results), gradient, rtol=1e-12, atol=0, err_msg=row)
        np.testing.assert_allclose(next(results), -np.array(gradient), rtol=1e-12, atol=0, err_msg=row)


def test_the_dtype_of_squared_errors():
    """That of the first argument, unless only the second is of floating point."""
    single, double, integers = pt.fvector(), pt.dvector(), pt.lvector()
    assert squared_error(single, double).dtype == squared_error(integers, single).dtype == "float32"
    assert squared_error(double, single).dtype == squared_error(integers, integers).dtype == "float64"


def test_float32_keeps_its_digits():
    d = pt.fvector("d")
    loss = log_cosh_loss(d, np.zeros(4, "float32"))
    value, gradient = pytensor.function([d], [loss, pytensor.grad(loss.sum(), d)])(
        np.array([1e-4, 0.3, 0.999, 1.001], "float32")
    )
    d = np.array([1e-4, 0.3, 0.999, 1.001], "float32").astype("float64")
    assert value.dtype == gradient.dtype == "float32"
    np.testing.assert_allclose(value, np.log1p(2 * np.sinh(d / 2) ** 2), rtol=5e-7)
    np.testing.assert_allclose(gradient, np.tanh(d), rtol=5e-7)


def test_smooth_l1_is_huber_divided_by_its_bound():
    p, t, beta = np.linspace(-3, 3, 13), np.zeros(13), pt.dscalar("beta")
    outputs = [smooth_l1_loss(p, t, beta=beta), huber_loss(p, t, beta)]
    outputs.append(pytensor.grad(outputs[0].sum(), beta))
    function = pytensor.function([beta], outputs)
    for bound in (0.5, 1, 2):
        smooth, huber, slope = function(bound)
        np.testing.assert_allclose(smooth, huber / bound)
        np.testing.assert_allclose(slope, -np.where(np.abs(p) <= bound, p**2 / bound**2, 1).sum() / 2)
    smooth, _, slope = function(0)
    np.testing.assert_array_equal(smooth, np.abs(p))
    assert np.isfinite(slope)


def test_second_derivatives_where_there_is_no_error():
    """1, as everywhere in the quadratic part, also along other errors."""
    p, direction = pt.dvector("p"), pt.dvector("direction")
    for loss in (huber_loss, smooth_l1_loss, log_cosh_loss):
        gradient = pytensor.grad(loss(p, 0).sum(), p)
        curvature = pytensor.grad((gradient * direction).sum(), p)
        np.testing.assert_allclose(curvature.eval({p: np.zeros(3), direction: [1.0, -2.0, 0.0]}), [1, -2, 0])


def test_several_quantiles():
    rng = np.random.default_rng(0)
    p, t, levels = rng.normal(size=(7, 3)), rng.normal(size=7), [0.1, 0.5, 0.9]
    matrix, vector, q = pt.dmatrix("p"), pt.dvector("t"), pt.dvector("q")
    loss = quantile_loss(matrix, vector[:, None], quantile=q)
    outputs = [loss, pytensor.grad(loss.sum(), q), quantile_loss(matrix, vector[:, None], quantile=levels)]
    value, slopes, constant = pytensor.function([matrix, vector, q], outputs)(p, t, levels)
    np.testing.assert_array_equal(value, constant)
    np.testing.assert_allclose(slopes, (t[:, None] - p).sum(0))
    for column, level in enumerate(levels):
        expected = sklearn_metrics.mean_pinball_loss(t, p[:, column], alpha=level)
        np.testing.assert_allclose(value[:, column].mean(), expected)
    mask = t > 0
    masked = quantile_loss(p, t[:, None], quantile=levels, mask=mask[:, None])
    np.testing.assert_array_equal(masked.eval(), np.where(mask[:, None], value, 0))


def test_quantile_minimises():
    targets = np.random.default_rng(0).exponential(size=999)
    grid = np.linspace(0, 4, 2001)[:, None]
    for level in (0.1, 0.5, 0.9):
        mean = quantile_loss(np.broadcast_to(grid, (2001, 999)), targets[None], quantile=level).eval(
            mode="FAST_COMPILE"
        )
        assert abs(grid[mean.mean(1).argmin(), 0] - np.quantile(targets, level)) < 0.01


@pytest.mark.needs("keras")
def test_recipes():
    """Functions of other libraries, written as aggregates of a loss."""
    rng = np.random.default_rng(0)
    p, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    maps, mask = rng.normal(size=(2, 3, 4)), rng.random((4, 3)) < 0.6
    x, y, m = pt.dmatrix("x"), pt.dmatrix("y"), pt.dtensor3("m")
    outputs = {
        "l2": 0.5 * squared_error(x, y),
        "euclidean": aggregate(squared_error(x, y), normalizer=2 * x.shape[0]),
        "mse": aggregate(squared_error(x, y), axis=-1),
        "rmse": pt.sqrt(aggregate(squared_error(x, y))),
        "mae": aggregate(absolute_error(x, y), axis=-1),
        "bias": aggregate(signed_error(x, y)),
        "masked": aggregate(absolute_error(x, y, mask=mask), mask=mask, mode="normalized_sum"),
        "log_cosh": aggregate(log_cosh_loss(x, y), axis=-1),
        "reconstruction": aggregate(aggregate(aggregate(squared_error(m, 0.0), axis=-1), mode="sum", axis=-1)),
    }
    found = pytensor.function([x, y, m], list(outputs.values()))(p, t, maps)
    found = dict(zip(outputs, found, strict=True))
    np.testing.assert_allclose(found["l2"], (p - t) ** 2 / 2)
    np.testing.assert_allclose(found["euclidean"], ((p - t) ** 2).sum() / 8)
    np.testing.assert_allclose(found["mse"].mean(), sklearn_metrics.mean_squared_error(t, p))
    np.testing.assert_allclose(found["mae"].mean(), sklearn_metrics.mean_absolute_error(t, p))
    np.testing.assert_allclose(found["rmse"], sklearn_metrics.root_mean_squared_error(t.ravel(), p.ravel()))
    np.testing.assert_allclose(found["bias"], p.mean() - t.mean())
    np.testing.assert_allclose(found["masked"], np.abs(p - t)[mask].mean())
    np.testing.assert_allclose(found["reconstruction"], (maps**2).mean(-1).sum(-1).mean())
    import keras

    for name, function in (("mse", "mean_squared_error"), ("mae", "mean_absolute_error"), ("log_cosh", "log_cosh")):
        np.testing.assert_allclose(found[name], np.asarray(getattr(keras.losses, function)(t, p)), rtol=1e-6)


def test_misuse():
    for call, error, message in (
        (lambda: smooth_l1_loss([1.0], [1.0], beta=-1), ValueError, "beta must be at least 0, not -1"),
        (lambda: quantile_loss([1.0], [1.0], quantile=1.5), ValueError, r"quantile must be between 0 and 1, not 1\.5"),
        (lambda: quantile_loss([[1.0]], [[1.0]], quantile=[0.5, 50]), ValueError, r"between 0 and 1, not \[0\.5, 50\]"),
        (lambda: quantile_loss([1.0], [1.0], quantile=pt.constant(nan)), ValueError, "quantile must be between"),
        (lambda: quantile_loss(pt.col(), pt.col(), quantile=[0.1, 0.9]), TypeError, "quantile"),
        (lambda: absolute_error([1, 2], [1.0, 2.0]), TypeError, "Are the arguments swapped"),
        (lambda: log_cosh_loss(pt.dmatrix(), pt.dvector()), TypeError, "rank mismatch"),
        (lambda: signed_error(pt.dmatrix(shape=(2, 3)), pt.dmatrix(shape=(3, 2))), TypeError, "shape mismatch"),
        (lambda: zeros_loss([1.0, 2.0], [[1.0, 2.0]]), TypeError, "rank mismatch"),
    ):
        with pytest.raises(error, match=message):
            call()
