"""Losses of relative errors: values and gradients worked out by hand, and comparisons with other libraries."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from sklearn import metrics as sklearn_metrics

from objectives import aggregate
from objectives.losses.percentage import (
    absolute_percentage_error,
    percentage_error,
    squared_logarithmic_error,
    symmetric_absolute_percentage_error,
)
from objectives.losses.regression import absolute_error

inf, nan = np.inf, np.nan
E2 = np.exp(2)

# loss, predictions, targets, value, gradient of the sum by the predictions and by the targets
ROWS = [
    (
        absolute_percentage_error,
        [1, 6, -6, -4, 0, 1, nan],
        [2, 4, -4, -4, 0, 0, 1],
        [50, 50, 50, 0, 0, 1e9, nan],
        [-50, 25, -25, 0, 0, 1e9, nan],
        [25, -37.5, 37.5, 0, 0, -1e9, nan],
    ),
    # positive below a positive target and above a negative one
    (
        percentage_error,
        [1, 6, -6, -3, 0, 1],
        [2, 4, -4, -4, 0, 0],
        [50, -50, -50, 25, 0, -1e9],
        [-50, -25, 25, 25, -1e9, -1e9],
        [25, 37.5, -37.5, -18.75, 1e9, 1e9],
    ),
    # between 0 and 200, also at infinity on the wrong side; 0 where both are 0; no gradient where the signs differ
    (
        symmetric_absolute_percentage_error,
        [3, 0, 1, 1e300, -inf, 2, 0],
        [1, 0, -5, -1, 1, 2, 4],
        [100, 0, 200, 200, 200, 0, 200],
        [25, 0, 0, 0, 0, 0, -50],
        [-75, 0, 0, 0, 0, 0, 0],
    ),
    # together less than epsilon, which is 1e-7
    (symmetric_absolute_percentage_error, [3e-8], [1e-8], [40], [2e9], [-2e9]),
    # a negative prediction counts as 0 without a gradient; 0 itself has the gradient of positive predictions
    (
        squared_logarithmic_error,
        [E2 - 1, -5, 0, 0, 0, nan],
        [0, 0, E2 - 1, -5, 0, 1],
        [4, 0, 4, nan, 0, nan],
        [4 / E2, 0, -4, nan, 0, nan],
        [-4, 0, 4 / E2, nan, 0, nan],
    ),
    (squared_logarithmic_error, [-5, 1e300], [E2 - 1, 1e300], [4, 0], [0, 0], [4 / E2, 0]),
]


def test_values_and_gradients():
    inputs, outputs, arrays = [], [], []
    for loss, predictions, targets, *_ in ROWS:
        p, t = pt.dvectors("p", "t")
        value = loss(p, t)
        inputs += [p, t]
        arrays += [np.array(predictions, "float64"), np.array(targets, "float64")]
        outputs += [value, *pytensor.grad(value.sum(), [p, t])]
    results = iter(pytensor.function(inputs, outputs)(*arrays))
    for loss, predictions, targets, *expected in ROWS:
        row = f"{loss.__name__}({predictions}, {targets})"
        for desired in expected:
            np.testing.assert_allclose(next(results), desired, rtol=1e-12, atol=1e-12, err_msg=row)


def test_the_parentheses_of_the_percentage_error():
    """astroNN computes t - p / t, which is 200 rather than 0 here."""
    assert aggregate(percentage_error([1.0, 6.0], [2.0, 4.0])).eval() == 0


@pytest.mark.needs("keras")
def test_recipes():
    rng = np.random.default_rng(0)
    p, t = rng.uniform(0.5, 9, size=(4, 3)), rng.uniform(0.5, 9, size=(4, 3))
    x, y = pt.dmatrix("x"), pt.dmatrix("y")
    outputs = {
        "mape": aggregate(absolute_percentage_error(x, y), axis=-1),
        "fractions": aggregate(absolute_percentage_error(x, y, factor=1)),
        "mpe": aggregate(percentage_error(x, y), axis=-1),
        "smape": aggregate(symmetric_absolute_percentage_error(x, y, factor=1)),
        "weighted": aggregate(absolute_error(x, y), normalizer=pt.abs(y).sum()),
        "msle": aggregate(squared_logarithmic_error(x, y), axis=-1),
        "rmsle": pt.sqrt(aggregate(squared_logarithmic_error(x, y))),
    }
    found = pytensor.function([x, y], list(outputs.values()))(p, t)
    found = dict(zip(outputs, found, strict=True))
    np.testing.assert_allclose(found["fractions"], sklearn_metrics.mean_absolute_percentage_error(t, p))
    np.testing.assert_allclose(found["mpe"], (100 - 100 * p / t).mean(-1))
    np.testing.assert_allclose(found["smape"], (2 * np.abs(p - t) / (p + t)).mean())
    np.testing.assert_allclose(found["weighted"], np.abs(p - t).sum() / t.sum())
    np.testing.assert_allclose(found["msle"].mean(), sklearn_metrics.mean_squared_log_error(t, p))
    np.testing.assert_allclose(found["rmsle"], sklearn_metrics.root_mean_squared_log_error(t.ravel(), p.ravel()))
    import keras

    for name in ("mape", "msle"):
        function = {"mape": "mean_absolute_percentage_error", "msle": "mean_squared_logarithmic_error"}[name]
        np.testing.assert_allclose(found[name], np.asarray(getattr(keras.losses, function)(t, p)), rtol=2e-6)


def test_options_that_are_tensors():
    epsilon, factor = pt.dscalar("epsilon"), pt.dvector("factor")
    p, t = np.array([1.0, 3.0]), np.array([0.0, -0.5])
    outputs = [
        loss(p, t, epsilon=epsilon, factor=factor)
        for loss in (absolute_percentage_error, percentage_error, symmetric_absolute_percentage_error)
    ]
    absolute, signed, symmetric = pytensor.function([epsilon, factor], outputs)(2, [1, 10])
    np.testing.assert_allclose(absolute, [0.5, 17.5])
    np.testing.assert_allclose(signed, [-0.5, 17.5])
    np.testing.assert_allclose(symmetric, [1, 20])


@pytest.mark.parametrize("loss", [absolute_percentage_error, percentage_error, symmetric_absolute_percentage_error])
def test_misuse(loss):
    for epsilon in (0, -1, nan):
        with pytest.raises(ValueError, match="epsilon must be positive, not"):
            loss([1.0], [1.0], epsilon=epsilon)
    with pytest.raises(TypeError, match="Are the arguments swapped"):
        loss([1], [1.0])
    with pytest.raises(TypeError, match="rank mismatch"):
        loss(pt.dmatrix(), pt.dvector())
    with pytest.raises(TypeError, match="factor"):
        loss(pt.dmatrix(), pt.dmatrix(), factor=pt.dvector())
