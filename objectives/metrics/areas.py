"""Areas under curves: ROC AUC of two and of many classes, average precision, logAUC."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import as_labels, classwise, floating_scores
from objectives._options import known_share, one_of
from objectives._typing import Average, LabelAverage, TensorLike
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.metrics._label_areas import (
    average_precisions,
    averaged,
    label_axis_of,
    mean_of_items,
    roc_areas,
)
from objectives.metrics._points import (
    between,
    curve_points,
    exact_points,
    falling,
    if_both,
    kept_weights,
    roc_area,
    step_area,
)
from objectives.metrics._ratios import AVERAGES
from objectives.metrics._sets import check_rows, checked_number, selecting
from objectives.ops.confusion import confusion_counts
from objectives.ops.labels import pick_class
from objectives.ops.selection import equal, where
from objectives.ops.shapes import own_shape
from objectives.ops.statistics import joined, wide_sum
from objectives.ops.thresholds import PairsInOrder, counts_above

__all__ = [
    "average_precision_score",
    "log_auc",
    "multiclass_roc_auc_score",
    "roc_auc_score",
]


@described(per="set", train_with="wmw_auc_loss", predictions=REALS, targets=BINARY)
def roc_auc_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    average: LabelAverage = "macro",
    max_fpr: float | None = None,
    num_bins: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""ROC AUC of two classes, or multi-label: the probability that a positive item scores higher than a negative one.

    1 is best and 1/2 is chance, whatever the class balance; for rare positives prefer `average_precision_score`, for
    many classes `multiclass_roc_auc_score`. :math:`s^\pm` are scores of positive and negative items. The partial area
    :math:`A_m` up to a false positive rate m is standardized to :math:`\tfrac12 (1 + (A_m - m^2/2) / (m - m^2/2))`.

    .. math:: A = P(s^+ > s^-) + \tfrac12 P(s^+ = s^-)

    Parameters
    ----------
    predictions, targets : tensor
        Scores (...), higher for likelier positives, in [0, 1] with `num_bins`; and targets (...) in {0, 1}.
    average : {"macro", "weighted", "micro", "samples", None}
        With `label_axis`: mean over labels, equal or by positives; pooled; mean over items, by mean weight; one each.
    max_fpr : float, optional
        Greatest false positive rate m of a partial area, in (0, 1].
    num_bins : int, optional
        B, at least 2, such as 1001 for streams: round scores to B values from 0 to 1 and keep only their counts over
        batches. The area is then off by at most half the share of pairs in the same bin; by default it is exact.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    label_axis : int, optional
        Axis of labels of a label matrix, for one area per label to average; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Scalar, or areas (L,) of L labels if `average` is None; NaN without positives or without negatives, or if a
        score is NaN, and so are averages of such areas; "weighted" leaves out labels without positives.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.roc_auc_score``
    .. [2] McClish, D. K. (1989), "Analyzing a portion of the ROC curve", doi:10.1177/0272989X8900900307

    Examples
    --------
    >>> from objectives import roc_auc_score
    >>> print(roc_auc_score([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval())
    0.75
    """
    if max_fpr is not None and not 0 < known_share(max_fpr, "max_fpr"):
        raise ValueError(f"max_fpr must be positive, not {max_fpr!r}")
    axis = label_axis_of(average, label_axis, max_fpr=max_fpr, num_bins=num_bins)
    if average == "samples":
        return mean_of_items(roc_areas, predictions, targets, mask, weights, label_axis)
    points = curve_points(predictions, targets, num_bins, mask, weights, axis)
    return averaged(_partial_area(points, max_fpr), points, average)


def _partial_area(points, max_fpr):
    """The area of each curve up to this false positive rate, standardized."""
    if max_fpr in (None, 1):
        return roc_area(points)
    left, right, y_left, y_right = between(points, 0, max_fpr)
    area = wide_sum((right - left) * (y_left + y_right), axis=0).astype(left.dtype) / 2
    chance = max_fpr**2 / 2
    return if_both(points, 0.5 * (1 + (area - chance) / (max_fpr - chance)))


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def multiclass_roc_auc_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    multi_class: Literal["ovr", "ovo"] = "ovr",
    average: Average = "macro",
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""ROC AUC of many classes: the area of each class against the rest, or of each pair of classes, averaged.

    Choose "ovo" if class frequencies must not matter. :math:`A(j \mid k)` is the `roc_auc_score` of the scores of class
    j, for positives of class j and negatives of class k. All scores and targets are kept across batches.

    .. math:: A_{\mathrm{ovr}} = \frac1C \sum_j A(j \mid \text{rest}), \qquad
        A_{\mathrm{ovo}} = \frac{2}{C (C - 1)} \sum_{j < k} \frac{A(j \mid k) + A(k \mid j)}{2}

    Parameters
    ----------
    predictions, targets : tensor
        Scores (..., C), and class indices (...) from 0 to C - 1 or one-hot or soft targets (..., C).
    multi_class : {"ovr", "ovo"}
        Each class against the rest, or each pair of classes.
    average : {"macro", "weighted", "micro", None}
        Mean over classes or pairs, equal or by frequency; only for "ovr", pooled one-hot targets, or each class.
    num_classes : int, optional
        C; required if it is not known statically.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Scalar, or areas (C,); NaN if a score is NaN. A class without items is NaN and makes averages NaN; scikit-learn
        skips its pairs for "ovo": to do so here, leave out its scores and renumber the classes.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.roc_auc_score``
    .. [2] Hand, D. J. and Till, R. J. (2001), "A simple generalisation of the area ...", doi:10.1023/A:1010920819831

    Examples
    --------
    >>> from objectives import multiclass_roc_auc_score
    >>> scores = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]]
    >>> print(multiclass_roc_auc_score(scores, [0, 1, 2, 1]).eval().round(4))
    0.9583
    """
    one_of(multi_class, "multi_class", ("ovr", "ovo"))
    one_of(average, "average", AVERAGES if multi_class == "ovr" else ("macro", "weighted"))
    check_rows(predictions, targets)
    mask, weights = selecting(mask, weights)
    p, t, mask = classwise(floating_scores(predictions), targets, mask, axis=axis)
    number = checked_number(num_classes, p.type.shape[-1])
    t = as_labels(t, p, mask)
    # Reading the target's score checks its label, batch by batch.
    checked = where(pt.isnan(pick_class(p, t))[..., None], np.nan, p)
    scores, labels = joined(checked.reshape((-1, number))), joined(t.ravel())
    w = kept_weights(t, scores, mask, weights)
    if average == "micro":
        return _pooled(scores, labels, w, number)
    sizes = confusion_counts(labels, labels, w, num_rows=number, num_columns=number).sum(axis=1).astype(w.dtype)
    pairs = PairsInOrder(num_classes=number, by_class=multi_class == "ovo")(scores, labels, w)
    areas = (_against_rest if multi_class == "ovr" else _of_pairs)(pairs, sizes)
    if average is None:
        return areas
    return areas.sum() / number if average == "macro" else (sizes * areas).sum() / sizes.sum()


def _against_rest(pairs, sizes):
    """The area of each class against the rest."""
    return pairs / (sizes * (sizes.sum() - sizes))


def _pooled(scores, labels, weights, number):
    """The area of the scores of all classes together."""
    is_class = equal(labels[:, None], np.arange(number))
    each = pt.second(own_shape(scores), own_shape(weights[:, None]))
    rows = counts_above(scores.ravel(), is_class.astype("int8").ravel(), each.ravel())
    return roc_area(falling(rows))


def _of_pairs(pairs, sizes):
    """The mean area of the pairs of each class.

    The mean over classes is the mean over pairs. It still is where each class weighs as many items as it has, and
    each pair as many as both of its classes have.
    """
    areas = (pairs + pairs.T) / (2 * sizes[:, None] * sizes)
    num_classes = sizes.type.shape[0]
    itself = pt.as_tensor_variable(np.eye(num_classes, dtype=bool))
    return where(itself, 0, areas).sum(axis=1) / (num_classes - 1)


@described(per="set", train_with="wmw_auc_loss", predictions=REALS, targets=BINARY)
def average_precision_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    average: LabelAverage = "macro",
    num_bins: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Average precision of two classes, or multi-label: the area under the precision-recall curve, not interpolated.

    Choose it over `roc_auc_score` if positives are rare. 1 is best; chance is the share of positives. P and R are
    precision and recall at the thresholds of `precision_recall_curve`.

    .. math:: AP = \sum_k (R_k - R_{k-1}) P_k

    Parameters
    ----------
    predictions, targets : tensor
        Scores (...), higher for likelier positives, in [0, 1] with `num_bins`; and targets (...) in {0, 1}.
    average : {"macro", "weighted", "micro", "samples", None}
        With `label_axis`: mean over labels, equal or by their positives; pooled; mean over items; one value per label.
    num_bins : int, optional
        Round scores to this many values from 0 to 1, for streams; :doc:`validation` bounds the error. Exact by default.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    label_axis : int, optional
        Axis of labels of a label matrix, for one area per label to average; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Scalar, or (L,) for L labels if `average` is None; 0 without positives, NaN without items or for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.average_precision_score``

    Examples
    --------
    >>> from objectives import average_precision_score
    >>> print(average_precision_score([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval().round(4))
    0.8333
    """
    axis = label_axis_of(average, label_axis, num_bins=num_bins)
    if average == "samples":
        return mean_of_items(average_precisions, predictions, targets, mask, weights, label_axis)
    points = curve_points(predictions, targets, num_bins, mask, weights, axis)
    return averaged(step_area(points), points, average)


@described(per="set", train_with="wmw_auc_loss", predictions=REALS, targets=BINARY)
def log_auc(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    fpr_range: tuple[float, float] = (0.001, 0.1),
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""LogAUC of two classes: the area under the ROC curve over the logarithm of the false positive rate.

    Choose it over `roc_auc_score` if only the first hits matter, as in the virtual screening of molecules. The area is
    that of trapezoids between the points of `roc_curve` and those interpolated at a and b. All scores and targets are
    kept across batches.

    .. math:: A = \frac{1}{\log_{10} b - \log_{10} a} \int_a^b \mathrm{TPR} \; d \log_{10} \mathrm{FPR}

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    fpr_range : pair of float
        False positive rates a and b, with 0 < a < b <= 1.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        Scalar; NaN without positives or without negatives, or if a score is NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_logauc``
    .. [2] Mysinger, M. M. and Shoichet, B. K. (2010), "Rapid context-dependent ligand desolvation in molecular
       docking", doi:10.1021/ci100214a

    Examples
    --------
    >>> from objectives import log_auc
    >>> print(log_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], fpr_range=(0.1, 1)).eval().round(4))
    0.6505
    """
    if np.shape(fpr_range) != (2,) or not 0 < fpr_range[0] < fpr_range[1] <= 1:
        raise ValueError(f"fpr_range must be a pair (a, b) with 0 < a < b <= 1, not {fpr_range!r}")
    low, high = fpr_range
    points = exact_points(predictions, targets, mask, weights)
    left, right, y_left, y_right = between(points, low, high)
    area = wide_sum((pt.log(right) - pt.log(left)) * (y_left + y_right)).astype(left.dtype) / 2
    return if_both(points, area / float(np.log(high / low)))
