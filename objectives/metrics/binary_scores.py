"""Scores that join precision and recall of binary predictions."""

from objectives.lookup import BINARY, REALS, described
from objectives.metrics._ratios import averaged_over_labels, fbeta_of, jaccard_of
from objectives.metrics.confusion import binary_confusion_matrix

__all__ = ["binary_f1_score", "binary_fbeta_score", "binary_jaccard_score"]


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_fbeta_score(
    predictions,
    targets,
    threshold=0.5,
    *,
    beta=1.0,
    axis=None,
    average="macro",
    zero_division=0,
    weights=None,
    mask=None,
):
    r"""The weighted harmonic mean of precision and recall, of all elements or averaged over labels.

    .. math:: F = \frac{(1 + \beta^2)\, TP}{(1 + \beta^2)\, TP + \beta^2\, FN + FP}

    with the true positives TP, false positives FP and false negatives FN, counted with weights.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits.
    targets : tensor
        Targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    beta : float
        How many times more the recall counts than the precision; not negative. Infinity gives the recall.
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
        If `average`, `zero_division` or `beta` is none of these.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the result is NaN.

    Notes
    -----
    A `beta` of 0 gives the precision; the greater it is, the nearer is the recall. For averages and NaN see
    `binary_precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.fbeta_score``

    Examples
    --------
    >>> from objectives import binary_fbeta_score
    >>> print(binary_fbeta_score([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0], beta=2).eval().round(4))
    0.9091
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(fbeta_of(beta), matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_f1_score(
    predictions, targets, threshold=0.5, *, axis=None, average="macro", zero_division=0, weights=None, mask=None
):
    r"""The harmonic mean of precision and recall, of all elements or averaged over labels.

    .. math:: F = \frac{2\, TP}{2\, TP + FN + FP}

    with the true positives TP, false positives FP and false negatives FN, counted with weights.

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
    Also the Dice score, pooled over all elements. For averages and NaN see `binary_precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.f1_score``

    Examples
    --------
    >>> from objectives import binary_f1_score
    >>> print(binary_f1_score([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.8
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(fbeta_of(1), matrix, average, zero_division)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def binary_jaccard_score(
    predictions, targets, threshold=0.5, *, axis=None, average="macro", zero_division=0, weights=None, mask=None
):
    r"""Intersection over union of targets and predictions of 1, of all elements or averaged over labels.

    .. math:: J = \frac{TP}{TP + FP + FN}

    with the true positives TP, false positives FP and false negatives FN, counted with weights.

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
    Also called critical success index. For averages and NaN see `binary_precision`.

    References
    ----------
    .. [1] ``sklearn.metrics.jaccard_score``

    Examples
    --------
    >>> from objectives import binary_jaccard_score
    >>> print(binary_jaccard_score([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.6667
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, axis=axis, weights=weights, mask=mask)
    return averaged_over_labels(jaccard_of, matrix, average, zero_division)
