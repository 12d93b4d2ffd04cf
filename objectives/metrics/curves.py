"""ROC, precision-recall and detection error tradeoff curves of binary scores, and the area under any curve."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import floating_scores
from objectives._typing import TensorLike
from objectives.lookup import BINARY, REALS, described
from objectives.metrics._points import curve_points, exact_points, trapezoid
from objectives.ops.selection import where

__all__ = [
    "auc",
    "det_curve",
    "precision_recall_curve",
    "roc_curve",
]


@described(best=None, per="set", train_with="wmw_auc_loss", predictions=REALS, targets=BINARY)
def roc_curve(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_bins: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""ROC curve of two classes: false and true positive rates at every threshold.

    Choose it to compare detectors at all thresholds, or to choose one; `roc_auc_score` is its area. For rare positives
    see `precision_recall_curve`, for errors on logarithmic scales `det_curve`.

    .. math:: \mathrm{FPR}(\theta) = \frac{\sum_i w_i [t_i = 0] [s_i \ge \theta]}{\sum_i w_i [t_i = 0]}, \qquad
        \mathrm{TPR}(\theta) = \frac{\sum_i w_i [t_i = 1] [s_i \ge \theta]}{\sum_i w_i [t_i = 1]}

    Parameters
    ----------
    predictions, targets : tensor
        Scores s (...), higher for likelier positives, in [0, 1] with `num_bins`; and targets t (...) in {0, 1}.
    num_bins : int, optional
        B, at least 2: round scores to B values from 0 to 1, for streams; by default all items are kept across batches.
    weights, mask : tensor, optional
        Weight w of each item (...), and whether it counts (True or False); the rest may hold anything.
    label_axis : int, optional
        Axis of labels of a label matrix, for one curve per label; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Rows (3, N + 1) for N items: false positive rates, true positive rates and thresholds θ, which fall from
        infinity through all scores; or (3, B + 1), see :doc:`validation`. With `label_axis` (3, N + 1, L) for L labels.
        Ties, and items that do not count, repeat a point. A rate without items is NaN; a NaN score makes all NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.roc_curve(drop_intermediate=False)``

    Examples
    --------
    >>> from objectives import roc_curve
    >>> print(roc_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval())
    [[0.   0.   0.5  0.5  1.  ]
     [0.   0.5  0.5  1.   1.  ]
     [ inf 0.8  0.4  0.35 0.1 ]]
    """
    points = curve_points(predictions, targets, num_bins, mask, weights, label_axis)
    return pt.stack([points.false_rate, points.true_rate, points.thresholds])


@described(best=None, per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def det_curve(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Detection error tradeoff (DET) curve of two classes: false positive and false negative rates at every threshold.

    Choose it over `roc_curve`, its mirror image, to compare good detectors on logarithmic scales; `equal_error_rate` is
    a point of it. The rates are those of `roc_curve`, with its thresholds and its rules for ties, NaN and batches;
    scikit-learn drops points at both ends.

    .. math:: \mathrm{FPR}(\theta), \qquad \mathrm{FNR}(\theta) = 1 - \mathrm{TPR}(\theta)

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    label_axis : int, optional
        Axis of labels of a label matrix, for one curve per label; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Rows (3, N + 1) for N items, or (3, N + 1, L) for L labels: false positive rates, false negative rates,
        thresholds.

    Raises
    ------
    TypeError, IndexError
        If shapes do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.det_curve``
    .. [2] Martin, A. et al. (1997), "The DET curve in assessment ...", doi:10.21437/Eurospeech.1997-504

    Examples
    --------
    >>> from objectives import det_curve
    >>> print(det_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])[1].eval())
    [1.  0.5 0.5 0.  0. ]
    """
    points = exact_points(predictions, targets, mask, weights, label_axis)
    missed = (points.positives - points.true) / points.positives
    return pt.stack([points.false_rate, missed, points.thresholds])


@described(best=None, per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def precision_recall_curve(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_bins: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Precision-recall curve of two classes: precision and recall at every threshold.

    Choose it over `roc_curve` if positives are rare. `average_precision_score` is the area under it.

    .. math:: P(\theta) = \frac{\sum_i w_i t_i [s_i \ge \theta]}{\sum_i w_i [s_i \ge \theta]}, \qquad
        R(\theta) = \frac{\sum_i w_i t_i [s_i \ge \theta]}{\sum_i w_i t_i}

    Parameters
    ----------
    predictions, targets : tensor
        Scores s (...), higher for likelier positives, in [0, 1] with `num_bins`; and targets t (...) in {0, 1}.
    num_bins : int, optional
        B, at least 2: round scores to B values from 0 to 1, for streams; by default all items are kept across batches.
    weights, mask : tensor, optional
        Weight w of each item (...), and whether it counts (True or False); the rest may hold anything.
    label_axis : int, optional
        Axis of labels of a label matrix, for one curve per label; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Rows (3, N + 1) for N items, or (3, B + 1): precision, recall and thresholds θ, which fall, while those of
        scikit-learn rise; ties, NaN and `label_axis` as in `roc_curve`. At the first threshold, infinity, precision is
        1 and recall 0. Without positives recall is 1 at every score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.precision_recall_curve``

    Examples
    --------
    >>> from objectives import precision_recall_curve
    >>> print(precision_recall_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval().round(4))
    [[1.     1.     0.5    0.6667 0.5   ]
     [0.     0.5    0.5    1.     1.    ]
     [   inf 0.8    0.4    0.35   0.1   ]]
    """
    points = curve_points(predictions, targets, num_bins, mask, weights, label_axis)
    return pt.stack([points.precision, points.recall, points.thresholds])


@described(per="set", differentiable=False, x=REALS, y=REALS)
def auc(x: TensorLike, y: TensorLike) -> TensorVariable:
    r"""Area under a curve by the trapezoidal rule.

    Choose it for the rows of a curve, ``auc(curve[0], curve[1])``, such as a `roc_curve` of a few bins. Exact areas of
    scores are `roc_auc_score` and `average_precision_score`.

    .. math:: A = \sum_{k=1}^{N-1} |x_{k+1} - x_k| \frac{y_k + y_{k+1}}{2}

    Parameters
    ----------
    x : tensor
        Coordinates x (N,) that never fall, or never rise.
    y : tensor
        Heights y (N,).

    Returns
    -------
    TensorVariable
        Scalar; 0 for fewer than two points, and NaN where x rises and falls, which scikit-learn refuses.

    Raises
    ------
    TypeError
        If `x` or `y` is not a vector.

    References
    ----------
    .. [1] ``sklearn.metrics.auc``

    Examples
    --------
    >>> from objectives import auc
    >>> print(auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0]).eval())
    0.75
    """
    points, heights = floating_scores(x, "x"), floating_scores(y, "y")
    if points.ndim != 1 or heights.ndim != 1:
        raise TypeError(f"x and y must be vectors (N,), but have {points.ndim} and {heights.ndim} dimensions")
    steps, area = points[1:] - points[:-1], trapezoid(points, heights)
    falls, rises = (steps < 0).any(), (steps > 0).any()
    return where(falls & rises, np.nan, where(falls, -area, area))
