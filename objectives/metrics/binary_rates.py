"""How many binary predictions are right, and how many binary targets are found."""

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
    predictions, targets, threshold=0.5, *, axis=None, average="macro", zero_division=0, weights=None, mask=None
):
    r"""How many of the predictions of 1 are right, of all elements or averaged over labels.

    .. math:: P = \frac{TP}{TP + FP}

    with the true positives TP and false positives FP, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    axis : int, optional
        The axis of labels; all elements are pooled if not given.
    average : {"macro", "weighted", "micro", None}
        With `axis`, the mean over labels, equally or by their share of the targets of 1; the ratio of all counts
        together; or the vector of all labels.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such labels out of averages.
    weights : tensor, optional
        How much each element counts, broadcastable to `predictions`; booleans choose elements.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`.

    Returns
    -------
    TensorVariable
        A number, or (L,) of L labels without an average; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `average` or `zero_division` is none of these.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the result is NaN.

    Notes
    -----
    Labels are questions of their own, so that the macro average is one of all, whether or not they occur, as in
    scikit-learn. Where there are no elements 0/0 stands for the average, too. A prediction of NaN makes
    the result NaN. All that is accumulated over batches is the binary confusion matrix, which other measures of the
    same inputs share.

    References
    ----------
    .. [1] ``sklearn.metrics.precision_score``

    Examples
    --------
    >>> from objectives import binary_precision
    >>> print(binary_precision([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.6667
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(precision_of, matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_recall(
    predictions, targets, threshold=0.5, *, axis=None, average="macro", zero_division=0, weights=None, mask=None
):
    r"""How many of the targets of 1 are found, of all elements or averaged over labels.

    .. math:: R = \frac{TP}{TP + FN}

    with the true positives TP and false negatives FN, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    axis : int, optional
        The axis of labels; all elements are pooled if not given.
    average : {"macro", "weighted", "micro", None}
        With `axis`, the mean over labels, equally or by their share of the targets of 1; the ratio of all counts
        together; or the vector of all labels.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such labels out of averages.
    weights : tensor, optional
        How much each element counts, broadcastable to `predictions`; booleans choose elements.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`.

    Returns
    -------
    TensorVariable
        A number, or (L,) of L labels without an average; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `average` or `zero_division` is none of these.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the result is NaN.

    Notes
    -----
    Also called sensitivity or true positive rate. For averages and NaN see `binary_precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.recall_score``

    Examples
    --------
    >>> from objectives import binary_recall
    >>> print(binary_recall([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    1.0
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(recall_of, matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_specificity(
    predictions, targets, threshold=0.5, *, axis=None, average="macro", zero_division=0, weights=None, mask=None
):
    r"""How many of the targets of 0 are found, of all elements or averaged over labels.

    .. math:: S = \frac{TN}{TN + FP}

    with the true negatives TN and false positives FP, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    axis : int, optional
        The axis of labels; all elements are pooled if not given.
    average : {"macro", "weighted", "micro", None}
        With `axis`, the mean over labels, equally or by their share of the targets of 1; the ratio of all counts
        together; or the vector of all labels.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such labels out of averages.
    weights : tensor, optional
        How much each element counts, broadcastable to `predictions`; booleans choose elements.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`.

    Returns
    -------
    TensorVariable
        A number, or (L,) of L labels without an average; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `average` or `zero_division` is none of these.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the result is NaN.

    Notes
    -----
    Also called true negative rate. For averages and NaN see `binary_precision`.

    References
    ----------
    .. [1] ``torchmetrics.functional.specificity``

    Examples
    --------
    >>> from objectives import binary_specificity
    >>> print(binary_specificity([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.6667
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(specificity_of, matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_negative_predictive_value(
    predictions, targets, threshold=0.5, *, axis=None, average="macro", zero_division=0, weights=None, mask=None
):
    r"""How many of the predictions of 0 are right, of all elements or averaged over labels.

    .. math:: V = \frac{TN}{TN + FN}

    with the true negatives TN and false negatives FN, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    axis : int, optional
        The axis of labels; all elements are pooled if not given.
    average : {"macro", "weighted", "micro", None}
        With `axis`, the mean over labels, equally or by their share of the targets of 1; the ratio of all counts
        together; or the vector of all labels.
    zero_division : {0, 1, nan}
        What stands for 0/0; NaN leaves such labels out of averages.
    weights : tensor, optional
        How much each element counts, broadcastable to `predictions`; booleans choose elements.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`.

    Returns
    -------
    TensorVariable
        A number, or (L,) of L labels without an average; in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `average` or `zero_division` is none of these.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the result is NaN.

    Notes
    -----
    For averages and NaN see `binary_precision`.

    References
    ----------
    .. [1] ``torchmetrics.functional.negative_predictive_value``

    Examples
    --------
    >>> from objectives import binary_negative_predictive_value
    >>> print(binary_negative_predictive_value([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    1.0
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(negative_predictive_value_of, matrix, average, zero_division)
