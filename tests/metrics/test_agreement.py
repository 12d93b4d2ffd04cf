"""Agreement of classes: edge cases with values worked out by hand."""

import numpy as np
import pytest

from objectives import balanced_accuracy, cohen_kappa, exact_match, matthews_corrcoef

NAN = float("nan")


def test_balanced_accuracy_averages_target_classes_only():
    """Class 2 is predicted but is not a target."""
    assert balanced_accuracy([0, 0, 2], [0, 0, 1], num_classes=3).eval() == 0.5
    assert balanced_accuracy([0, 0, 2], [0, 0, 1], num_classes=3, adjusted=True).eval() == 0
    assert balanced_accuracy([0, 0], [0, 0], num_classes=3).eval() == 1
    assert np.isnan(balanced_accuracy([0, 0], [0, 0], num_classes=3, adjusted=True).eval())


def test_matthews_corrcoef_is_0_for_a_single_class():
    rng = np.random.default_rng(0)
    one, others, weights = np.full(50, 3), rng.integers(0, 12, 50), rng.uniform(size=50)
    for predictions, targets in ((one, others), (others, one), (one, one)):
        assert matthews_corrcoef(predictions, targets, num_classes=12, weights=weights).eval() == 0
    assert matthews_corrcoef([0, 1], [1, 0], num_classes=2).eval() == -1
    np.testing.assert_allclose(matthews_corrcoef([0, 1, 1], [0, 1, 1], num_classes=2).eval(), 1)


def test_matthews_corrcoef_of_many_items_in_float32():
    """Products of counts would exceed the precision of float32."""
    weights = np.array([4e7, 1e7, 2e7, 3e7], "float32")
    value = matthews_corrcoef([0, 1, 0, 1], [0, 0, 1, 1], num_classes=2, weights=weights).eval()
    np.testing.assert_allclose(value, (4 * 3 - 1 * 2) / np.sqrt(6 * 4 * 5 * 5), rtol=1e-6)


def test_cohen_kappa():
    assert np.isnan(cohen_kappa([1, 1], [1, 1], num_classes=3).eval())
    assert cohen_kappa([0, 0, 1, 1], [0, 1, 0, 1], num_classes=2).eval() == 0
    assert cohen_kappa([0, 1], [1, 0], num_classes=2).eval() == -1
    # one error at distance 1; by chance the distances would add up to 2, 7/3, or 3 if squared
    options = {"num_classes": 3}
    for weighting, chance in ((None, 2), ("linear", 7 / 3), ("quadratic", 3)):
        value = cohen_kappa([0, 1, 1], [0, 1, 2], weighting=weighting, **options).eval()
        np.testing.assert_allclose(value, 1 - 1 / chance)
    with pytest.raises(ValueError, match="weighting must be one of None, 'linear', 'quadratic', not 'cubic'"):
        cohen_kappa([0], [0], weighting="cubic", **options)


def test_a_nan_score_is_visible():
    scores = np.eye(3)
    scores[1, 0] = np.nan
    for function in (balanced_accuracy, matthews_corrcoef, cohen_kappa):
        assert np.isnan(function(scores, [0, 1, 2]).eval()), function.__name__


def test_exact_match():
    predictions, targets = np.array([[0.5, 0.4], [0.5, NAN], [0.1, 0.1]]), [[1, 0], [1, 0], [0, 1]]
    np.testing.assert_array_equal(exact_match(predictions, targets).eval(), [1, 0, 0])
    np.testing.assert_array_equal(exact_match(predictions.T, np.transpose(targets), axis=0).eval(), [1, 0, 0])
    np.testing.assert_array_equal(exact_match(predictions, targets, np.array([[0.5, 0.1]])).eval(), [0, 0, 1])
    mask = np.array([False, True, True])
    np.testing.assert_array_equal(exact_match(predictions, targets, mask=mask).eval(), [0, 0, 0])
    np.testing.assert_array_equal(exact_match(np.zeros((2, 0)), np.zeros((2, 0))).eval(), [1, 1])
    with pytest.raises(TypeError, match="class axis"):
        exact_match(0.5, 1)
