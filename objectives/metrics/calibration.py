"""Whether probabilities are as large as the frequencies of what they predict."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import as_labels, classwise, elementwise, floating_scores
from objectives._logits import probabilities_of
from objectives._options import one_of, whole_number
from objectives.lookup import BINARY, CLASSES, SIMPLEX, UNIT, described
from objectives.losses._terms import probability
from objectives.metrics._sets import check_rows, item_weights, selecting
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import best_class, binary_target, pick_class
from objectives.ops.selection import equal, where
from objectives.ops.statistics import accumulator_dtype, summed

__all__ = [
    "binary_calibration_curve",
    "binary_calibration_error",
    "calibration_curve",
    "calibration_error",
]


@described(best="min", per="set", differentiable=False, predictions=SIMPLEX, targets=CLASSES)
def calibration_error(predictions, targets, *, num_bins=15, norm="l1", weights=None, mask=None, axis=-1):
    r"""How far confidence is from accuracy, over bins of confidence.

    .. math::
        E_1 = \sum_b \frac{n_b}{n} |a_b - c_b|, \qquad
        E_2 = \sqrt{\sum_b \frac{n_b}{n} (a_b - c_b)^2}, \qquad
        E_\infty = \max_b |a_b - c_b|

    with the mean confidence :math:`c_b`, which is the greatest probability of an item, the accuracy :math:`a_b` and
    the weight :math:`n_b` of the items in each of `num_bins` bins of equal width, and :math:`n = \sum_b n_b`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1], usually the output of a softmax.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets (..., C).
    num_bins : int
        The number of bins. All but the last, which ends at 1, are without their upper end.
    norm : {"l1", "l2", "max"}
        Which of the errors: expected, root mean square or greatest.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of predictions and of dense targets.

    Returns
    -------
    TensorVariable
        The error, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, or class indices are not integers.
    ValueError
        If `num_bins` or `norm` is wrong, or the predictions are the output of a log-softmax.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the error is NaN.

    Notes
    -----
    Sums by bin add up over batches. NaN if nothing counts, and with a confidence that is NaN or above 1 by more than
    0.1 %.

    References
    ----------
    .. [1] Guo, C. et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599
    .. [2] ``torchmetrics.functional.classification.multiclass_calibration_error``

    Examples
    --------
    >>> from objectives import calibration_error
    >>> predictions = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.35, 0.65]]
    >>> print(calibration_error(predictions, [0, 1, 1, 1], num_bins=5).eval().round(4))
    0.3375
    """
    return _error(_multiclass_bins(predictions, targets, num_bins, mask, weights, axis), norm)


@described(best="min", per="set", differentiable=False, predictions=UNIT, targets=BINARY)
def binary_calibration_error(predictions, targets, *, num_bins=15, norm="l1", weights=None, mask=None):
    r"""How far the probability of the positive class is from its frequency, over bins of the probability.

    .. math::
        E_1 = \sum_b \frac{n_b}{n} |a_b - c_b|, \qquad
        E_2 = \sqrt{\sum_b \frac{n_b}{n} (a_b - c_b)^2}, \qquad
        E_\infty = \max_b |a_b - c_b|

    with the mean probability :math:`c_b`, the share of positives :math:`a_b` and the weight :math:`n_b` of the items
    in each of `num_bins` bins of equal width, and :math:`n = \sum_b n_b`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (...) of the positive class, in [0, 1].
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        The number of bins. All but the last, which ends at 1, are without their upper end.
    norm : {"l1", "l2", "max"}
        Which of the errors: expected, root mean square or greatest.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The error, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `num_bins` or `norm` is wrong.
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, the
        error is NaN.

    Notes
    -----
    Sums by bin add up over batches. NaN if nothing counts, and with a probability that is NaN or outside [0, 1] by
    more than 0.1 %.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_calibration_error``

    Examples
    --------
    >>> from objectives import binary_calibration_error
    >>> print(binary_calibration_error([0.1, 0.2, 0.7, 0.9], [0, 1, 1, 1], num_bins=2).eval().round(4))
    0.275
    """
    return _error(_binary_bins(predictions, targets, num_bins, mask, weights), norm)


@described(best=None, per="set", differentiable=False, predictions=SIMPLEX, targets=CLASSES)
def calibration_curve(predictions, targets, *, num_bins=15, weights=None, mask=None, axis=-1):
    r"""Mean confidence, accuracy and weight by bins of confidence, for a reliability diagram.

    .. math::
        c_b = \frac{1}{n_b} \sum_{i \in b} w_i \max_k p_{ik}, \qquad
        a_b = \frac{1}{n_b} \sum_{i \in b} w_i [\arg\max_k p_{ik} = y_i], \qquad
        n_b = \sum_{i \in b} w_i

    with the probabilities :math:`p`, the target classes :math:`y` and the weights :math:`w` (1 if not given).

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1], usually the output of a softmax.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets (..., C).
    num_bins : int
        The number of bins of equal width. All but the last, which ends at 1, are without their upper end.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of predictions and of dense targets.

    Returns
    -------
    TensorVariable
        Rows (3, num_bins): mean confidence, accuracy, weight; in floatX, or the dtype of the predictions if that is
        wider. The first two are NaN for bins without items.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, or class indices are not integers.
    ValueError
        If `num_bins` is not a positive whole number, or the predictions are the output of a log-softmax.
    IndexError
        As of `calibration_error`.

    Notes
    -----
    Sums by bin add up over batches. A confidence that is NaN or above 1 by more than 0.1 % makes the first bin
    NaN.

    References
    ----------
    .. [1] Guo, C. et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599

    Examples
    --------
    >>> from objectives import calibration_curve
    >>> predictions = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.35, 0.65]]
    >>> print(calibration_curve(predictions, [0, 1, 1, 1], num_bins=4).eval().round(4))
    [[  nan   nan 0.675 0.85 ]
     [  nan   nan 1.    0.5  ]
     [0.    0.    2.    2.   ]]
    """
    return pt.stack(_multiclass_bins(predictions, targets, num_bins, mask, weights, axis))


@described(best=None, per="set", differentiable=False, predictions=UNIT, targets=BINARY)
def binary_calibration_curve(predictions, targets, *, num_bins=15, weights=None, mask=None):
    r"""Mean probability, share of positives and weight by bins of the probability, for a reliability diagram.

    .. math::
        c_b = \frac{1}{n_b} \sum_{i \in b} w_i p_i, \qquad
        a_b = \frac{1}{n_b} \sum_{i \in b} w_i t_i, \qquad
        n_b = \sum_{i \in b} w_i

    with the probabilities :math:`p`, the targets :math:`t` and the weights :math:`w` (1 if not given).

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (...) of the positive class, in [0, 1].
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        The number of bins of equal width. All but the last, which ends at 1, are without their upper end.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        Rows (3, num_bins): mean probability, share of positives, weight; in floatX, or the dtype of the predictions
        if that is wider. The first two are NaN for bins without items, which scikit-learn leaves out.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `num_bins` is not a positive whole number.
    IndexError
        As of `binary_calibration_error`.

    Notes
    -----
    Sums by bin add up over batches. A probability that is NaN or outside [0, 1] by more than 0.1 % makes the
    first bin NaN.

    References
    ----------
    .. [1] ``sklearn.calibration.calibration_curve``

    Examples
    --------
    >>> from objectives import binary_calibration_curve
    >>> print(binary_calibration_curve([0.1, 0.2, 0.7, 0.9], [0, 1, 1, 1], num_bins=2).eval().round(4))
    [[0.15 0.8 ]
     [0.5  1.  ]
     [2.   2.  ]]
    """
    return pt.stack(_binary_bins(predictions, targets, num_bins, mask, weights))


def _multiclass_bins(predictions, targets, num_bins, mask, weights, axis):
    predictions = probabilities_of(predictions)
    mask, weights = selecting(mask, weights)
    check_rows(predictions, targets)
    p, targets, mask = classwise(predictions, targets, mask, axis=axis)
    labels, best = as_labels(targets, p, mask), best_class(p)
    weights = item_weights(labels, mask, weights, accumulator_dtype(p.dtype))
    # the probability of the target is read for its check of the label
    weights = where(pt.isnan(pick_class(p, labels)), np.nan, weights)
    is_right = equal(best, labels).astype("int64")
    return _bins(p.max(axis=-1).ravel(), is_right.ravel(), num_bins, weights.ravel())


def _binary_bins(predictions, targets, num_bins, mask, weights):
    mask, weights = selecting(mask, weights)
    p, targets, mask = elementwise(floating_scores(predictions), targets, mask)
    weights = item_weights(p, mask, weights, accumulator_dtype(p.dtype))
    return _bins(p.ravel(), binary_target(targets).astype("int64").ravel(), num_bins, weights.ravel())


def _bins(confidence, is_right, num_bins, weights):
    """Mean confidence, accuracy and weight (num_bins,) of vectors of items."""
    whole_number(num_bins, "num_bins", 1)
    confidence = probability(confidence)
    is_valid = pt.invert(pt.isnan(confidence))
    weights, confidence = where(is_valid, weights, np.nan), where(is_valid, confidence, 0)
    edges = (np.arange(1, num_bins) / num_bins).astype(confidence.dtype)
    column = pt.ge(confidence[:, None], edges).astype("int64").sum(axis=1)
    counts, confidences = (
        summed(confusion_counts(is_right, column, w, num_rows=2, num_columns=num_bins)).astype(w.dtype)
        for w in (weights, weights * confidence.astype(weights.dtype))
    )
    weight = counts[0] + counts[1]
    return (confidences[0] + confidences[1]) / weight, counts[1] / weight, weight


def _error(bins, norm):
    one_of(norm, "norm", ("l1", "l2", "max"))
    confidence, accuracy, weight = bins
    gap = where(pt.neq(weight, 0), abs(accuracy - confidence), 0)
    total = weight.sum()
    if norm == "l1":
        return (weight * gap).sum() / total
    if norm == "l2":
        return pt.sqrt((weight * gap**2).sum() / total)
    return where(total > 0, gap.max(), np.nan)
