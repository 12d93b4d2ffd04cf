"""Scores that join precision and recall of a class."""

from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._ratios import averaged_over_classes, fbeta_of, jaccard_of
from objectives.metrics.confusion import confusion_matrix

__all__ = ["f1_score", "fbeta_score", "jaccard_score"]


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def fbeta_score(
    predictions,
    targets,
    *,
    beta=1.0,
    num_classes=None,
    average="macro",
    absent="ignore",
    zero_division=0,
    weights=None,
    mask=None,
    axis=-1,
):
    r"""The weighted harmonic mean of precision and recall, averaged over classes.

    .. math:: F_c = \frac{(1 + \beta^2)\, TP_c}{(1 + \beta^2)\, TP_c + \beta^2\, FN_c + FP_c}

    with the true positives :math:`TP_c`, false positives :math:`FP_c` and false negatives :math:`FN_c` of class c,
    counted with weights.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    beta : float
        How many times more the recall counts than the precision; not negative. Infinity gives the recall.
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
        If `average`, `absent`, `zero_division`, `beta` or `num_classes` is none of these.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    A `beta` of 0 gives the precision; the greater it is, the nearer is the recall. For averages, absent classes and NaN
    see `precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.fbeta_score``

    Examples
    --------
    >>> from objectives import fbeta_score
    >>> print(fbeta_score([0, 1, 2, 1], [0, 1, 1, 1], beta=2, num_classes=3, average=None).eval().round(4))
    [1.     0.7143 0.    ]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(fbeta_of(beta), matrix, average, zero_division, absent)


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def f1_score(
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
    r"""The harmonic mean of precision and recall, averaged over classes.

    .. math:: F_c = \frac{2\, TP_c}{2\, TP_c + FN_c + FP_c}

    with the true positives :math:`TP_c`, false positives :math:`FP_c` and false negatives :math:`FN_c` of class c,
    counted with weights.

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
    That of a class is also its Dice score, pooled over all items. For averages, absent classes and NaN see `precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.f1_score``

    Examples
    --------
    >>> from objectives import f1_score
    >>> print(f1_score([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.  0.8 0. ]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(fbeta_of(1), matrix, average, zero_division, absent)


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def jaccard_score(
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
    r"""Intersection over union of the items of a class and those taken for it, averaged over classes.

    .. math:: J_c = \frac{TP_c}{TP_c + FP_c + FN_c}

    with the true positives :math:`TP_c`, false positives :math:`FP_c` and false negatives :math:`FN_c` of class c,
    counted with weights.

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
    The macro average of pixels is known as mean IoU. For averages, absent classes and NaN see `precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.jaccard_score``

    Examples
    --------
    >>> from objectives import jaccard_score
    >>> print(jaccard_score([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.     0.6667 0.    ]
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    return averaged_over_classes(jaccard_of, matrix, average, zero_division, absent)
