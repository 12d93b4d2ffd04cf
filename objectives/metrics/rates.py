"""How much of what is taken for a class is right, and how much of a class is found."""

from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._ratios import (
    averaged_over_classes,
    negative_predictive_value_of,
    precision_of,
    recall_of,
    specificity_of,
)
from objectives.metrics.confusion import confusion_matrix

__all__ = ["negative_predictive_value", "precision", "recall", "specificity"]


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def precision(
    predictions,
    targets,
    *,
    num_classes=None,
    average="macro",
    absent="ignore",
    zero_division=0,
    weights=None,
    mask=None,
    axis=-1,
):
    r"""How many of the items that are taken for a class are of it, averaged over classes.

    .. math:: P_c = \frac{TP_c}{TP_c + FP_c}

    with the true positives :math:`TP_c` and false positives :math:`FP_c` of class c, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    average : {"macro", "weighted", "micro", None}
        The mean over classes, equally or by their share of the targets; the ratio of all counts together; or the
        vector of all classes.
    absent : {"ignore", "count"}
        Whether the macro average leaves out classes that are neither targets nor predicted, or counts them too.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such classes out of averages.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number, or (C,) without an average; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `average`, `absent`, `zero_division` or `num_classes` is none of these.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    The macro average is one of the classes that occur among targets or predictions: the number is the same however many
    more there could be. ``absent="count"`` averages over all C, as scikit-learn does if it is given their list as
    ``labels``. Where there are no items 0/0 stands for the average, too. A NaN among the scores of an item makes
    the result NaN. All that is accumulated over batches is the confusion matrix, which other measures of the same
    inputs share.

    References
    ----------
    .. [1] ``sklearn.metrics.precision_score``

    Examples
    --------
    >>> from objectives import precision
    >>> print(precision([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1. 1. 0.]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(precision_of, matrix, average, zero_division, absent)


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def recall(
    predictions,
    targets,
    *,
    num_classes=None,
    average="macro",
    absent="ignore",
    zero_division=0,
    weights=None,
    mask=None,
    axis=-1,
):
    r"""How many of the items of a class are taken for it, averaged over classes.

    .. math:: R_c = \frac{TP_c}{TP_c + FN_c}

    with the true positives :math:`TP_c` and false negatives :math:`FN_c` of class c, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    average : {"macro", "weighted", "micro", None}
        The mean over classes, equally or by their share of the targets; the ratio of all counts together; or the
        vector of all classes.
    absent : {"ignore", "count"}
        Whether the macro average leaves out classes that are neither targets nor predicted, or counts them too.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such classes out of averages.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number, or (C,) without an average; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `average`, `absent`, `zero_division` or `num_classes` is none of these.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    Also called sensitivity or true positive rate. For averages, absent classes and NaN see `precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.recall_score``

    Examples
    --------
    >>> from objectives import recall
    >>> print(recall([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.     0.6667 0.    ]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(recall_of, matrix, average, zero_division, absent)


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def specificity(
    predictions,
    targets,
    *,
    num_classes=None,
    average="macro",
    absent="ignore",
    zero_division=0,
    weights=None,
    mask=None,
    axis=-1,
):
    r"""How many of the items that are not of a class are not taken for it, averaged over classes.

    .. math:: S_c = \frac{TN_c}{TN_c + FP_c}

    with the true negatives :math:`TN_c` and false positives :math:`FP_c` of class c, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    average : {"macro", "weighted", "micro", None}
        The mean over classes, equally or by their share of the targets; the ratio of all counts together; or the
        vector of all classes.
    absent : {"ignore", "count"}
        Whether the macro average leaves out classes that are neither targets nor predicted, or counts them too.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such classes out of averages.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number, or (C,) without an average; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `average`, `absent`, `zero_division` or `num_classes` is none of these.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    Also called true negative rate. For averages, absent classes and NaN see `precision`.

    References
    ----------
    .. [1] ``torchmetrics.functional.specificity``

    Examples
    --------
    >>> from objectives import specificity
    >>> print(specificity([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.   1.   0.75]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(specificity_of, matrix, average, zero_division, absent)


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def negative_predictive_value(
    predictions,
    targets,
    *,
    num_classes=None,
    average="macro",
    absent="ignore",
    zero_division=0,
    weights=None,
    mask=None,
    axis=-1,
):
    r"""How many of the items that are not taken for a class are not of it, averaged over classes.

    .. math:: V_c = \frac{TN_c}{TN_c + FN_c}

    with the true negatives :math:`TN_c` and false negatives :math:`FN_c` of class c, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    average : {"macro", "weighted", "micro", None}
        The mean over classes, equally or by their share of the targets; the ratio of all counts together; or the
        vector of all classes.
    absent : {"ignore", "count"}
        Whether the macro average leaves out classes that are neither targets nor predicted, or counts them too.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such classes out of averages.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number, or (C,) without an average; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `average`, `absent`, `zero_division` or `num_classes` is none of these.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    For averages, absent classes and NaN see `precision`.

    References
    ----------
    .. [1] ``torchmetrics.functional.negative_predictive_value``

    Examples
    --------
    >>> from objectives import negative_predictive_value
    >>> print(negative_predictive_value([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.  0.5 1. ]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(negative_predictive_value_of, matrix, average, zero_division, absent)
