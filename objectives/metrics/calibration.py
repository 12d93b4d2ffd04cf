"""Calibration: how far predicted probabilities are from observed frequencies."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import as_labels, classwise, elementwise, floating_scores
from objectives._logits import probabilities_of
from objectives._options import one_of, whole_number
from objectives._typing import TensorLike
from objectives.lookup import BINARY, CLASSES, SIMPLEX, UNIT, described
from objectives.losses._terms import probability
from objectives.metrics._sets import check_rows, item_weights, selecting
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import best_class, binary_target, pick_class
from objectives.ops.selection import TOLERANCE, equal, where
from objectives.ops.statistics import accumulator_dtype, summed

__all__ = [
    "binary_calibration_curve",
    "binary_calibration_error",
    "calibration_curve",
    "calibration_error",
]


@described(
    best="min", per="set", train_with="categorical_crossentropy_with_logits", predictions=SIMPLEX, targets=CLASSES
)
def calibration_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_bins: int = 15,
    norm: Literal["l1", "l2", "max"] = "l1",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Expected calibration error (ECE) of many classes: the mean gap between confidence and accuracy in bins.

    Choose it over `brier_score` to see calibration alone: a model without skill can be calibrated. Of bin b,
    :math:`c_b` is the mean confidence (greatest probability), :math:`a_b` the accuracy and :math:`n_b` the weight.

    .. math:: E = \sum_b \frac{n_b}{n} |a_b - c_b|, \qquad n = \sum_b n_b

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (..., C), usually of a softmax, and class indices (...), or one-hot or soft targets (..., C).
    num_bins : int
        Number of bins of equal width. Lower edges belong to their bin, and 1 to the last.
    norm : {"l1", "l2", "max"}
        Mean (ECE), root mean square (RMSCE), both weighted by :math:`n_b`, or maximum (MCE) of the gaps.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        In [0, 1], 0 is best; NaN without items, or if a probability is NaN or outside [0, 1] by more than 0.1 %.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, for a log-softmax, or an index outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Guo, C. et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599

    Examples
    --------
    >>> from objectives import calibration_error
    >>> print(calibration_error([[0.9, 0.1], [0.3, 0.7]], [0, 0], num_bins=5).eval().round(4))
    0.4
    """
    return _error(_multiclass_bins(predictions, targets, num_bins, mask, weights, axis), norm)


@described(best="min", per="set", train_with="binary_crossentropy_with_logits", predictions=UNIT, targets=BINARY)
def binary_calibration_error(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_bins: int = 15,
    norm: Literal["l1", "l2", "max"] = "l1",
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Expected calibration error (ECE) of two classes: the mean gap between probability and frequency in bins.

    Choose it over `calibration_error` if what matters is the probability of the positive class. Of bin b, :math:`c_b`
    is the mean probability, :math:`a_b` the share of positives and :math:`n_b` the weight.

    .. math:: E = \sum_b \frac{n_b}{n} |a_b - c_b|, \qquad n = \sum_b n_b

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (...) of the positive class, in [0, 1].
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        Number of bins of equal width. Lower edges belong to their bin, and 1 to the last.
    norm : {"l1", "l2", "max"}
        Mean (ECE), root mean square (RMSCE), both weighted by :math:`n_b`, or maximum (MCE) of the gaps.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        In [0, 1], 0 is best; NaN without items, or if a probability is NaN or outside [0, 1] by more than 0.1 %.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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


@described(
    best=None, per="set", train_with="categorical_crossentropy_with_logits", predictions=SIMPLEX, targets=CLASSES
)
def calibration_curve(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_bins: int = 15,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Calibration curve (reliability diagram) of many classes: mean confidence and accuracy by bin of confidence.

    Choose it over `calibration_error` to see whether a model is overconfident, and where.

    .. math:: c_b = \frac{1}{n_b} \sum_{i \in b} w_i \max_k p_{ik}, \qquad
        a_b = \frac{1}{n_b} \sum_{i \in b} w_i [\arg\max_k p_{ik} = t_i], \qquad n_b = \sum_{i \in b} w_i

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities p (..., C), usually of a softmax, and class indices t (...), or one-hot or soft targets (..., C).
    num_bins : int
        Number of bins of equal width. Lower edges belong to their bin, and 1 to the last.
    weights, mask : tensor, optional
        Weight w of each item i (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Rows (3, num_bins): mean confidence and accuracy, NaN for an empty bin, and weight. A probability that is NaN or
        outside [0, 1] by more than 0.1 % makes the first bin NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, for a log-softmax, or an index outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Guo, C. et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599

    Examples
    --------
    >>> from objectives import calibration_curve
    >>> print(calibration_curve([[0.9, 0.1], [0.3, 0.7]], [0, 0], num_bins=4).eval())
    [[nan nan 0.7 0.9]
     [nan nan 0.  1. ]
     [0.  0.  1.  1. ]]
    """
    return pt.stack(_multiclass_bins(predictions, targets, num_bins, mask, weights, axis))


@described(best=None, per="set", train_with="binary_crossentropy_with_logits", predictions=UNIT, targets=BINARY)
def binary_calibration_curve(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_bins: int = 15,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Calibration curve (reliability diagram) of two classes: mean probability and share of positives by bin.

    Choose it over `binary_calibration_error` to see which probabilities are too high or too low.

    .. math:: c_b = \frac{1}{n_b} \sum_{i \in b} w_i p_i, \qquad a_b = \frac{1}{n_b} \sum_{i \in b} w_i t_i, \qquad
        n_b = \sum_{i \in b} w_i

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (...) of the positive class, in [0, 1].
    targets : tensor
        Targets t (...) in {0, 1}, of any dtype.
    num_bins : int
        Number of bins of equal width. Lower edges belong to their bin, and 1 to the last.
    weights, mask : tensor, optional
        Weight w of each item i (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Rows (3, num_bins): mean probability and share of positives, NaN for an empty bin, which scikit-learn drops, and
        weight. A probability that is NaN or outside [0, 1] by more than 0.1 % makes the first bin NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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
    predictions = probabilities_of(predictions, axis=axis)
    mask, weights = selecting(mask, weights)
    check_rows(predictions, targets)
    p, targets, mask = classwise(predictions, targets, mask, axis=axis)
    labels, best = as_labels(targets, p, mask), best_class(p)
    weights = item_weights(labels, mask, weights, accumulator_dtype(p.dtype))
    # Reading the target's probability checks its label.
    weights = where(pt.isnan(pick_class(p, labels)), np.nan, weights)
    is_right = equal(best, labels).astype("int64")
    confidence = where(p.min(axis=-1) < np.asarray(-TOLERANCE, p.dtype), np.nan, p.max(axis=-1))
    return _bins(confidence.ravel(), is_right.ravel(), num_bins, weights.ravel())


def _binary_bins(predictions, targets, num_bins, mask, weights):
    mask, weights = selecting(mask, weights)
    p, targets, mask = elementwise(floating_scores(predictions), targets, mask)
    weights = item_weights(p, mask, weights, accumulator_dtype(p.dtype))
    return _bins(p.ravel(), binary_target(targets).astype("int64").ravel(), num_bins, weights.ravel())


def _bins(confidence, is_right, num_bins, weights):
    """Mean confidence, accuracy and weight of each bin (num_bins,), from vectors of items."""
    whole_number(num_bins, "num_bins", 1)
    confidence = probability(confidence)
    is_valid = pt.invert(pt.isnan(confidence))
    weights, confidence = where(is_valid, weights, np.nan), where(is_valid, confidence, 0)
    column = _bin_of(confidence, num_bins)
    counts, confidences = (
        summed(confusion_counts(is_right, column, w, num_rows=2, num_columns=num_bins)).astype(w.dtype)
        for w in (weights, weights * confidence.astype(weights.dtype))
    )
    weight = counts[0] + counts[1]
    return (confidences[0] + confidences[1]) / weight, counts[1] / weight, weight


def _bin_of(confidence, num_bins):
    """The bin of each of a vector of numbers in [0, 1], exactly: a lower edge belongs to its bin, and 1 to the last."""
    edges = (np.arange(num_bins + 1) / num_bins).astype(confidence.dtype)
    lower, upper = pt.constant(edges[:-1]), pt.constant(np.append(edges[1:-1], np.inf).astype(confidence.dtype))
    # rounding takes the product past one edge at most
    near = pt.minimum((confidence * np.asarray(num_bins, confidence.dtype)).astype("int64"), num_bins - 1)
    return near + pt.ge(confidence, upper[near]).astype("int64") - pt.lt(confidence, lower[near]).astype("int64")


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
