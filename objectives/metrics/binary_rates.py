"""Precision, recall, specificity and negative predictive value of binary predictions."""

from pytensor.tensor.variable import TensorVariable

from objectives._typing import Average, TensorLike
from objectives.lookup import BINARY, REALS, described
from objectives.metrics._ratios import (
    averaged_over_labels,
    negative_predictive_value_of,
    precision_of,
    recall_of,
    specificity_of,
)
from objectives.metrics.confusion import binary_confusion_matrix

__all__ = ["binary_negative_predictive_value", "binary_precision", "binary_recall", "binary_specificity"]


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_precision(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Precision of binary predictions: the fraction of predictions of 1 that are right.

    Choose it where false alarms are costly, and `binary_recall` where misses are.

    .. math:: P = \frac{TP}{TP + FP}

    with the true positives TP and false positives FP, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or scores for which `threshold` is right.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights : tensor, optional
        Weight of each element, broadcastable to `predictions`; booleans select.
    mask : tensor of bool, optional
        Elements that count; the rest are ignored, whatever they hold.
    label_axis : int, optional
        Axis of labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number, or (L,) for L labels if `average` is None.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    See Also
    --------
    binary_recall, binary_f1_score, precision

    Notes
    -----
    The macro average counts every label, even without a target or prediction of 1, as scikit-learn does. Without
    elements the result is `zero_division`; a NaN prediction makes it NaN.

    References
    ----------
    .. [1] ``sklearn.metrics.precision_score``

    Examples
    --------
    >>> from objectives import binary_precision
    >>> print(binary_precision([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.6667
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(precision_of, matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_recall(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Recall (sensitivity) of binary predictions: the fraction of targets of 1 that are found.

    Choose it where misses are costly, and `binary_precision` where false alarms are. Also called true positive rate.

    .. math:: R = \frac{TP}{TP + FN}

    with the true positives TP and false negatives FN, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or scores for which `threshold` is right.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights : tensor, optional
        Weight of each element, broadcastable to `predictions`; booleans select.
    mask : tensor of bool, optional
        Elements that count; the rest are ignored, whatever they hold.
    label_axis : int, optional
        Axis of labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number, or (L,) for L labels if `average` is None.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    See Also
    --------
    binary_precision, binary_f1_score, recall

    References
    ----------
    .. [1] ``sklearn.metrics.recall_score``

    Examples
    --------
    >>> from objectives import binary_recall
    >>> print(binary_recall([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    1.0
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(recall_of, matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_specificity(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Specificity (true negative rate) of binary predictions: the fraction of targets of 0 that are found.

    Choose it beside `binary_recall`: neither depends on how frequent targets of 1 are.

    .. math:: S = \frac{TN}{TN + FP}

    with the true negatives TN and false positives FP, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or scores for which `threshold` is right.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights : tensor, optional
        Weight of each element, broadcastable to `predictions`; booleans select.
    mask : tensor of bool, optional
        Elements that count; the rest are ignored, whatever they hold.
    label_axis : int, optional
        Axis of labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number, or (L,) for L labels if `average` is None.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    See Also
    --------
    binary_recall, binary_precision, specificity

    References
    ----------
    .. [1] ``torchmetrics.functional.specificity``

    Examples
    --------
    >>> from objectives import binary_specificity
    >>> print(binary_specificity([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.6667
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(specificity_of, matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_negative_predictive_value(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Negative predictive value of binary predictions: the fraction of predictions of 0 that are right.

    Choose it where a negative answer must be reliable; `binary_precision` is the same for positive answers.

    .. math:: V = \frac{TN}{TN + FN}

    with the true negatives TN and false negatives FN, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or scores for which `threshold` is right.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights : tensor, optional
        Weight of each element, broadcastable to `predictions`; booleans select.
    mask : tensor of bool, optional
        Elements that count; the rest are ignored, whatever they hold.
    label_axis : int, optional
        Axis of labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number, or (L,) for L labels if `average` is None.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    See Also
    --------
    binary_precision, binary_specificity, negative_predictive_value

    References
    ----------
    .. [1] ``torchmetrics.functional.negative_predictive_value``

    Examples
    --------
    >>> from objectives import binary_negative_predictive_value
    >>> print(binary_negative_predictive_value([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    1.0
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(negative_predictive_value_of, matrix, average, zero_division)
