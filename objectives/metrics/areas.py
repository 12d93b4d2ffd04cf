"""Areas under curves of binary scores, and of scores of classes."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import as_labels, classwise, floating_scores
from objectives._options import one_of
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.metrics._points import (
    between,
    exact_points,
    if_both,
    kept_weights,
    roc_area,
    step_area,
)
from objectives.metrics._sets import check_rows, checked_number, selecting
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import pick_class
from objectives.ops.selection import where
from objectives.ops.statistics import joined, wide_sum
from objectives.ops.thresholds import PairsInOrder

__all__ = [
    "average_precision_score",
    "log_auc",
    "multiclass_roc_auc_score",
    "roc_auc_score",
]


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def roc_auc_score(predictions, targets, *, max_fpr=None, weights=None, mask=None):
    r"""The area under the ROC curve: how likely a positive item has a greater score than a negative one.

    .. math:: A = P(s^+ > s^-) + \tfrac12 P(s^+ = s^-)

    with the scores :math:`s^+` of positive and :math:`s^-` of negative items. Up to a false positive rate m it is
    standardised, :math:`\tfrac12 (1 + (A_m - m^2/2) / (m - m^2/2))`, so that 1/2 is chance and 1 the best.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class: probabilities, logits or any others.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    max_fpr : float, optional
        The greatest false positive rate m, in (0, 1].
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The area, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `max_fpr` is outside (0, 1].
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, the
        area is NaN.

    Notes
    -----
    NaN if there are no positives or no negatives, and with a NaN among the scores.

    Exact, for which all items must be there at once: over batches, scores and targets are kept, and memory grows with
    the data. `binned_roc_auc_score` needs constant memory.

    References
    ----------
    .. [1] ``sklearn.metrics.roc_auc_score``
    .. [2] McClish, D. K. (1989), "Analyzing a portion of the ROC curve", Medical Decision Making 9(3),
       doi:10.1177/0272989X8900900307

    Examples
    --------
    >>> from objectives import roc_auc_score
    >>> print(roc_auc_score([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval())
    0.75
    """
    if max_fpr is not None and not 0 < max_fpr <= 1:
        raise ValueError(f"max_fpr must be in (0, 1], not {max_fpr!r}")
    points = exact_points(predictions, targets, mask, weights)
    if max_fpr in (None, 1):
        return roc_area(points)
    left, right, y_left, y_right = between(points, 0, max_fpr)
    area = wide_sum((right - left) * (y_left + y_right)).astype(left.dtype) / 2
    chance = max_fpr**2 / 2
    return if_both(points, 0.5 * (1 + (area - chance) / (max_fpr - chance)))


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def multiclass_roc_auc_score(
    predictions,
    targets,
    *,
    multi_class="ovr",
    average="macro",
    num_classes=None,
    weights=None,
    mask=None,
    axis=-1,
):
    r"""The area under the ROC curve of each class against the rest or another class, averaged over classes or pairs.

    .. math::
        A_{\mathrm{ovr}} = \frac1C \sum_j A(j \mid \text{rest}), \qquad
        A_{\mathrm{ovo}} = \frac{2}{C (C - 1)} \sum_{j < k} \frac{A(j \mid k) + A(k \mid j)}{2}

    where :math:`A(j \mid k)` is the `roc_auc_score` of the scores of class j, among items of class j, which are the
    positives, and of class k.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), of which greater speaks for the class.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets (..., C).
    multi_class : {"ovr", "ovo"}
        Each class against the rest, or each pair of classes.
    average : {"macro", "weighted"} or None
        Whether all classes or pairs count the same or by their items; None gives the areas (C,) of the classes
        against the rest, for "ovr".
    num_classes : int, optional
        C, if the predictions do not tell it statically.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of predictions and of dense targets.

    Returns
    -------
    TensorVariable
        The average area, a scalar in floatX, or the dtype of the predictions if that is wider; or areas (C,).

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `multi_class`, `average` or `num_classes` is wrong.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the area is NaN.

    Notes
    -----
    NaN with a NaN among the scores, and if a class has no items, where scikit-learn averages over the other pairs for
    "ovo": to do so here, leave out the scores of that class and number the classes without it.

    Exact, for which all items must be there at once: over batches, scores and targets are kept, and memory grows with
    the data, which are sorted once for each class.

    References
    ----------
    .. [1] ``sklearn.metrics.roc_auc_score``
    .. [2] Hand, D. J. and Till, R. J. (2001), "A simple generalisation of the area under the ROC curve for multiple
       class classification problems", Machine Learning 45, doi:10.1023/A:1010920819831

    Examples
    --------
    >>> from objectives import multiclass_roc_auc_score
    >>> scores = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]]
    >>> print(multiclass_roc_auc_score(scores, [0, 1, 2, 1]).eval().round(4))
    0.9583
    """
    one_of(multi_class, "multi_class", ("ovr", "ovo"))
    one_of(average, "average", ("macro", "weighted", *[None] * (multi_class == "ovr")))
    check_rows(predictions, targets)
    mask, weights = selecting(mask, weights)
    predictions, targets, mask = classwise(floating_scores(predictions), targets, mask, axis=axis)
    num_classes = checked_number(num_classes, predictions.type.shape[-1])
    targets = as_labels(targets, predictions, mask)
    # the score of the target is read for its check of the label, batch by batch
    checked = where(pt.isnan(pick_class(predictions, targets))[..., None], np.nan, predictions)
    scores = joined(checked.reshape((-1, num_classes)))
    labels = joined(targets.ravel())
    weights = kept_weights(targets, scores, mask, weights)
    sizes = confusion_counts(labels, labels, weights, num_rows=num_classes, num_columns=num_classes).sum(axis=1)
    sizes = sizes.astype(weights.dtype)
    pairs = PairsInOrder(num_classes=num_classes, by_class=multi_class == "ovo")(scores, labels, weights)
    areas = (_against_rest if multi_class == "ovr" else _of_pairs)(pairs, sizes)
    if average is None:
        return areas
    return areas.sum() / num_classes if average == "macro" else (sizes * areas).sum() / sizes.sum()


def _against_rest(pairs, sizes):
    """The area of each class."""
    return pairs / (sizes * (sizes.sum() - sizes))


def _of_pairs(pairs, sizes):
    """The mean area of the pairs that each class is in.

    Their mean is that of all pairs; with the weights of the pairs, the sums of two classes, it is that as well.
    """
    areas = (pairs + pairs.T) / (2 * sizes[:, None] * sizes)
    num_classes = sizes.type.shape[0]
    itself = pt.as_tensor_variable(np.eye(num_classes, dtype=bool))
    return where(itself, 0, areas).sum(axis=1) / (num_classes - 1)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def average_precision_score(predictions, targets, *, weights=None, mask=None):
    r"""The average of the precision over the recall.

    .. math:: AP = \sum_k (R_k - R_{k-1}) P_k

    with precision :math:`P_k` and recall :math:`R_k` at the thresholds of `precision_recall_curve`: the precision at
    each positive item, averaged.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The average, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, it
        is NaN.

    Notes
    -----
    Nothing is interpolated. 0 if there are no positives, as in scikit-learn; NaN if there are no items at all, and
    with a NaN among the scores.

    Exact, for which all items must be there at once: over batches, scores and targets are kept, and memory grows with
    the data. `binned_average_precision_score` needs constant memory.

    References
    ----------
    .. [1] ``sklearn.metrics.average_precision_score``

    Examples
    --------
    >>> from objectives import average_precision_score
    >>> print(average_precision_score([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval().round(4))
    0.8333
    """
    return step_area(exact_points(predictions, targets, mask, weights))


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def log_auc(predictions, targets, *, fpr_range=(0.001, 0.1), weights=None, mask=None):
    r"""The area under the ROC curve over the logarithm of the false positive rate, for the earliest hits.

    .. math:: A = \frac{1}{\log_{10} b - \log_{10} a} \int_a^b \mathrm{TPR} \; d \log_{10} \mathrm{FPR}

    with the rates of `roc_curve` and the range from a to b.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    fpr_range : pair of float
        False positive rates a and b, with 0 < a < b <= 1.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The area, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `fpr_range` is not such a pair.
    IndexError
        As of `roc_auc_score`.

    Notes
    -----
    The curve is linear in the false positive rate to find its points at a and b, and the area is that of trapezoids
    over the logarithm, as in torchmetrics. NaN if there are no positives or no negatives, and with a NaN among the
    scores. All items are kept, and memory grows with the data.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_logauc``
    .. [2] Mysinger, M. M. and Shoichet, B. K. (2010), "Rapid context-dependent ligand desolvation in molecular
       docking", Journal of Chemical Information and Modeling 50(9), doi:10.1021/ci100214a

    Examples
    --------
    >>> from objectives import log_auc
    >>> print(log_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], fpr_range=(0.1, 1)).eval().round(4))
    0.6505
    """
    low, high = fpr_range
    if not 0 < low < high <= 1:
        raise ValueError(f"fpr_range must be a pair (a, b) with 0 < a < b <= 1, not {fpr_range!r}")
    points = exact_points(predictions, targets, mask, weights)
    left, right, y_left, y_right = between(points, low, high)
    area = wide_sum((pt.log(right) - pt.log(left)) * (y_left + y_right)).astype(left.dtype) / 2
    return if_both(points, area / float(np.log(high / low)))
