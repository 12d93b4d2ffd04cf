"""Precision, recall, specificity and negative predictive value of each class."""

from typing import Literal

from pytensor.tensor.variable import TensorVariable

from objectives._typing import Average, TensorLike
from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._class_counts import class_counts
from objectives.metrics._ratios import (
    averaged_over_classes,
    negative_predictive_value_of,
    precision_of,
    recall_of,
    specificity_of,
)

__all__ = ["negative_predictive_value", "precision", "recall", "specificity"]


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def precision(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    top_k: int = 1,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Precision: the fraction of items predicted as a class that belong to it, averaged over classes.

    Choose it where false alarms are costly, and `recall` where misses are. For two classes see `binary_precision`.

    .. math:: P_c = \frac{TP_c}{TP_c + FP_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    top_k : int
        Number k of classes with the greatest scores that each item is predicted to be in, from 1 to C. As in Keras, the
        micro average is top-k accuracy divided by k.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.precision_score``

    Examples
    --------
    >>> from objectives import precision
    >>> print(precision([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1. 1. 0.]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis, top_k)
    return averaged_over_classes(precision_of, counts, average, zero_division, absent)


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def recall(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    top_k: int = 1,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Recall (sensitivity, true positive rate): the fraction of a class's items that are found, averaged over classes.

    Choose it where misses are costly, and `precision` where false alarms are; see also `balanced_accuracy`. For two
    classes see `binary_recall`.

    .. math:: R_c = \frac{TP_c}{TP_c + FN_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    top_k : int
        Number k of classes with the greatest scores that each item is predicted to be in, from 1 to C.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.recall_score``

    Examples
    --------
    >>> from objectives import recall
    >>> print(recall([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.     0.6667 0.    ]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis, top_k)
    return averaged_over_classes(recall_of, counts, average, zero_division, absent)


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def specificity(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Specificity (true negative rate): the fraction of items outside a class that are not predicted to be in it.

    Choose it beside `recall`: neither depends on the class balance. For two classes see `binary_specificity`.

    .. math:: S_c = \frac{TN_c}{TN_c + FP_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``torchmetrics.functional.specificity``

    Examples
    --------
    >>> from objectives import specificity
    >>> print(specificity([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.   1.   0.75]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis)
    return averaged_over_classes(specificity_of, counts, average, zero_division, absent)


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def negative_predictive_value(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Negative predictive value: the fraction of items not predicted as a class that do not belong to it.

    Choose it where negative answers must be reliable. For two classes see `binary_negative_predictive_value`.

    .. math:: V_c = \frac{TN_c}{TN_c + FN_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``torchmetrics.functional.negative_predictive_value``

    Examples
    --------
    >>> from objectives import negative_predictive_value
    >>> print(negative_predictive_value([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.  0.5 1. ]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis)
    return averaged_over_classes(negative_predictive_value_of, counts, average, zero_division, absent)
