"""Deviances: values and gradients worked out by hand, and comparisons with scikit-learn."""

from functools import cache, partial

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from sklearn.metrics import mean_tweedie_deviance

from objectives import aggregate
from objectives.losses.deviance import tweedie_deviance

inf, nan = np.inf, np.nan
LOG2 = np.log(2)

# power, predictions, targets, value, gradient of the sum by the predictions: 2 (p - t) / p^k
ROWS = [
    (0, [1, -2], [3, 1], [4, 9], [-4, -6]),
    # a target of 0 costs twice the prediction, also where that is 0; negative numbers are not counts
    (1, [2, 1, 0, 3, 1e-300, -1, 1], [1, 0, 0, 3, 1e-300, 1, -1], [2 - 2 * LOG2, 2, 0, 0, 0, nan, nan], None),
    (1, [2, 1, 0, 3, 1e30], [1, 0, 0, 3, 0], [2 - 2 * LOG2, 2, 0, 0, 2e30], [1, 2, 2, 0, 2]),
    (1, [0], [1], [inf], [-inf]),
    # 2 (t^.5 / (-.5 * .5) + t p^-.5 / .5 + p^.5 / .5)
    (1.5, [4, 1, 4, 4], [1, 0, 0, 4], [-8 + 2 + 8, 4, 8, 0], [0.75, 2, 1, 0]),
    (1.5, [0, 1, -1], [1, -1, 1], [inf, nan, nan], None),
    (2, [2, 1, 3, 1e-30], [1, 2, 3, 1e30], [2 * LOG2 - 1, 2 - 2 * LOG2, 0, 2e60], [0.5, -2, 0, -2e90]),
    (2, [1, 1, -1], [0, -1, 1], [nan, nan, nan], None),
    (1.5, [0], [1], [inf], [-inf]),
    (1.5, [0], [0], [0], None),
    (2, [0], [1], [inf], [-inf]),
    (3, [0], [1], [inf], [-inf]),
    # of the inverse Gaussian distribution: (t - p)^2 / (t p^2)
    (3, [2, 1, 3], [1, 2, 3], [0.25, 0.5, 0], [0.25, -2, 0]),
    (3, [1, -1], [0, 1], [nan, nan], None),
    # far apart: the power of the greater one is taken first
    (3, [1e100], [1e-100], [1e100], [2e-200]),
    (-1, [1e-100], [1e100], [1e300 / 3], None),
    # targets of 0 and less: 2 (p^3 / 3 - t p^2 / 2)
    (-1, [1, 1, 2, 3, 1], [0, -1, 1, 3, 1e-30], [2 / 3, 5 / 3, 16 / 3 - 4 + 1 / 3, 0, 2 / 3], [2, 4, 4, 0, 2]),
    (-1, [-1, -1], [1, -1], [nan, nan], None),
]


@cache
def compiled(power):
    """The deviances, and the gradients of their sum."""
    p, t = pt.dvectors("p", "t")
    value = tweedie_deviance(p, t, power=power)
    return pytensor.function([p, t], [value, *pytensor.grad(value.sum(), [p, t])])


def test_values_and_gradients():
    for power, predictions, targets, value, gradient in ROWS:
        row = f"power {power}: {predictions}, {targets}"
        with np.errstate(all="ignore"):
            found, *by = compiled(power)(np.array(predictions, "float64"), np.array(targets, "float64"))
        np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-15, err_msg=row)
        if gradient is not None:
            np.testing.assert_allclose(by[0], gradient, rtol=1e-12, atol=1e-14, err_msg=row)
            assert np.isfinite(by[1][np.isfinite(value)]).all(), row
            assert not np.isnan(by[1]).any(), row


def test_scikit_learn_agrees():
    rng = np.random.default_rng(0)
    p, positive = rng.uniform(0.1, 5, size=(2, 40))
    count, real = rng.integers(0, 4, size=40), rng.normal(size=40)
    cases = [(-2.5, real), (-1, real), (0, real), (1, count), (1.001, count), (1.5, count), (1.999, count)]
    cases += [(2, positive), (2.001, positive), (3, positive), (4.5, positive)]
    means = [aggregate(tweedie_deviance(p, t, power=power)) for power, t in cases]
    found = pytensor.function([], means)()
    expected = [mean_tweedie_deviance(t, p, power=power) for power, t in cases]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_close_predictions_and_powers_keep_their_digits():
    """The formula as written has noise of 1e-7, half of it negative, and much more for powers near 1 and 2."""
    t = np.linspace(1, 3, 50).astype("float32")
    p = t + np.float32(1e-4)
    exact = (p.astype("float64") - t) ** 2
    for k in (-1, 1, 1.0001, 1.5, 1.9999, 2, 3):
        deviance = tweedie_deviance(p, t, power=k).eval()
        assert deviance.dtype == "float32"
        np.testing.assert_allclose(deviance, exact / t.astype("float64") ** k, rtol=0.05, err_msg=str(k))


@pytest.mark.parametrize("power", [0.5, 1e-9, 0.999, nan, inf, -inf])
def test_powers_without_a_distribution(power):
    with pytest.raises(ValueError, match="power must be at most 0 or at least 1, not"):
        tweedie_deviance([1.0], [1.0], power=power)


def test_misuse():
    deviance = partial(tweedie_deviance, power=1)
    with pytest.raises(TypeError, match="power must be a number that is known when the loss is built"):
        tweedie_deviance([1.0], [1.0], power=pt.dscalar())
    with pytest.raises(TypeError, match="Are the arguments swapped"):
        deviance([1], [1.0])
    with pytest.raises(TypeError, match="rank mismatch"):
        deviance(pt.dmatrix(), pt.dvector())
