"""Precision, recall, specificity, negative predictive value and likelihood ratios of binary predictions."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ratio
from objectives._typing import Average, TensorLike
from objectives.lookup import BINARY, REALS, described
from objectives.metrics._ratios import (
    averaged_over_labels,
    counts_of_labels,
    negative_predictive_value_of,
    precision_of,
    recall_of,
    specificity_of,
)
from objectives.metrics.confusion import binary_confusion_matrix

__all__ = [
    "binary_negative_predictive_value",
    "binary_precision",
    "binary_recall",
    "binary_specificity",
    "class_likelihood_ratios",
]


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
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

    Choose it where false alarms are costly, and `binary_recall` where misses are. For many classes see `precision`.

    .. math:: P = \frac{TP}{TP + FP}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
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
    r"""Recall (sensitivity, true positive rate) of binary predictions: the fraction of targets of 1 that are found.

    Choose it where misses are costly, and `binary_precision` where false alarms are. For many classes see `recall`.

    .. math:: R = \frac{TP}{TP + FN}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
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

    Choose it beside `binary_recall`: neither depends on the class balance. For many classes see `specificity`.

    .. math:: S = \frac{TN}{TN + FP}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
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

    Choose it where negative answers must be reliable. For many classes see `negative_predictive_value`.

    .. math:: V = \frac{TN}{TN + FN}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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


@described(best=None, per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def class_likelihood_ratios(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Likelihood ratios of binary predictions: how a prediction of 1, or of 0, changes the odds of a positive.

    Choose them for diagnostic tests: they do not depend on how frequent positives are. The odds after a test are the
    odds before it times LR+ if it is positive, or LR- if it is negative.

    .. math:: LR_+ = \frac{TP / (TP + FN)}{FP / (FP + TN)}, \qquad LR_- = \frac{FN / (TP + FN)}{TN / (FP + TN)}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of labels to keep, for one pair per label; by default all are pooled.

    Returns
    -------
    TensorVariable
        LR+ (at best infinite) and LR- (at best 0) as a vector (2,), or (2, L) for L labels. LR+ is infinite without
        false positives, LR- without true negatives, where scikit-learn calls them undefined. 0/0 is NaN: both are
        without positives or without negatives.

    Raises
    ------
    TypeError, IndexError
        If ranks do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.class_likelihood_ratios``
    .. [2] Deeks, J. J. and Altman, D. G. (2004), "Diagnostic tests 4: likelihood ratios", doi:10.1136/bmj.329.7458.168

    Examples
    --------
    >>> from objectives import class_likelihood_ratios
    >>> print(class_likelihood_ratios([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 1]).eval().round(4))
    [1.3333 0.6667]
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    counts = counts_of_labels(matrix)

    def of_shares(positives, negatives):
        positives, negatives = positives * counts.not_actual, negatives * counts.actual
        return ratio(positives, negatives, pt.switch(positives > 0, *np.asarray([np.inf, np.nan], positives.dtype)))

    # predictions of 1 first
    return pt.stack([of_shares(matrix[..., 1, k], matrix[..., 0, k]) for k in (1, 0)])
