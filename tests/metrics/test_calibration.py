"""Edge cases of calibration and perplexity, computed by hand."""

import numpy as np
import pytensor.tensor as pt
import pytest
from sklearn.calibration import calibration_curve as curve_of_sklearn

from objectives import (
    binary_calibration_curve,
    binary_calibration_error,
    calibration_error,
    perplexity,
)
from objectives.ops.labels import LabelError


def value(function, *arrays, **options):
    return np.asarray(function(*map(np.asarray, arrays), **options).eval())


def test_edges_belong_to_the_bin_above_but_1_to_the_last():
    curve = value(binary_calibration_curve, [0.0, 0.5, 0.75, 1.0], [0, 1, 0, 1], num_bins=4)
    np.testing.assert_array_equal(curve, [[0, np.nan, 0.5, 0.875], [0, np.nan, 1, 0.5], [1, 0, 1, 2]])


def test_every_edge():
    for num_bins in (3, 7, 10, 15, 49):
        weight = value(binary_calibration_curve, np.arange(num_bins) / num_bins, np.zeros(num_bins), num_bins=num_bins)
        np.testing.assert_array_equal(weight[2], 1)


def test_norms():
    p, t = [0.2, 0.4, 0.9, 0.9], [1, 1, 1, 0]  # gaps of 0.7 and 0.4
    assert value(binary_calibration_error, p, t, num_bins=2).round(12) == 0.55
    assert value(binary_calibration_error, p, t, num_bins=2, norm="l2").round(12) == np.sqrt(0.325).round(12)
    assert value(binary_calibration_error, p, t, num_bins=2, norm="max").round(12) == 0.7
    with pytest.raises(ValueError, match="norm must be"):
        binary_calibration_error(pt.vector(), pt.vector(), norm="l3")
    with pytest.raises(ValueError, match="num_bins must be"):
        binary_calibration_error(pt.vector(), pt.vector(), num_bins=0)


def test_bins_with_items_match_scikit_learn():
    rng = np.random.default_rng(0)
    p, t = rng.random(20), rng.integers(0, 2, size=20)
    share, mean = curve_of_sklearn(t, p, n_bins=10)
    curve = value(binary_calibration_curve, p, t, num_bins=10)
    found = curve[:, curve[2] > 0]
    np.testing.assert_allclose(found[:2], [mean, share], rtol=1e-12)


def test_probabilities_rounded_beyond_the_unit_interval():
    above = np.nextafter(np.float32(1), np.float32(2))
    for norm in ("l1", "l2", "max"):
        binary = value(binary_calibration_error, np.array([0.2, above, -1e-7], "float32"), [0, 1, 0], norm=norm)
        assert binary == value(binary_calibration_error, np.array([0.2, 1, 0], "float32"), [0, 1, 0], norm=norm) > 0
        rows = np.array([[0.2, 0.8], [above, -1e-7]], "float32")
        assert value(calibration_error, rows, [0, 0], norm=norm) == value(
            calibration_error, np.clip(rows, 0, 1), [0, 0], norm=norm
        )


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan])
def test_probabilities_outside_the_unit_interval(p):
    for norm in ("l1", "l2", "max"):
        assert np.isnan(value(binary_calibration_error, [0.2, p], [0, 1], norm=norm))


@pytest.mark.parametrize("row", [[0.9, -0.2, 0.3], [1.1, 0.0, 0.0], [np.nan, 0.5, 0.5]])
def test_rows_outside_the_unit_interval(row):
    assert np.isnan(value(calibration_error, [row, [0.2, 0.3, 0.5]], [0, 2]))


def test_invalid_labels():
    with pytest.raises(LabelError, match="class label 3"):
        value(calibration_error, np.eye(3), [0, 1, 3])
    with pytest.raises(LabelError, match="class label 3"):
        value(perplexity, np.eye(3), [0, 1, 3])
    with pytest.raises(LabelError):
        value(binary_calibration_error, [0.2, 0.7], [0, 2])


def test_perplexity_of_a_uniform_model_and_of_a_certain_one():
    assert value(perplexity, np.zeros((2, 3, 8)), np.ones((2, 3), int)).round(12) == 8
    assert value(perplexity, [[1000.0, 0.0]], [0]) == 1
    assert np.isnan(value(perplexity, [[1.0, 0.0]], [0], mask=[False]))
    # a weight of 0 leaves an infinite loss out
    assert value(perplexity, [[0.0, -np.inf], [0.0, 0.0]], [1, 0], weights=[0.0, 1.0]).round(12) == 2
