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

    .. math::
        \mathrm{FPR}(\theta) = \frac{\sum_i w_i [t_i = 0] [s_i \ge \theta]}{\sum_i w_i [t_i = 0]}, \qquad
        \mathrm{TPR}(\theta) = \frac{\sum_i w_i [t_i = 1] [s_i \ge \theta]}{\sum_i w_i [t_i = 1]}

    with scores :math:`s`, targets :math:`t`, weights :math:`w` and falling thresholds :math:`\theta`: infinity, then
    all scores, or for B bins :math:`(b - 1/2) / (B - 1)` with b = B - 1, ..., 1, and 0.

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive. With `num_bins`, in [0, 1].
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int, optional
        B, at least 2: round scores to B values from 0 to 1, for streams; see `roc_auc_score`.
    weights : tensor, optional
        Weight of each item (...); booleans select.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.
    label_axis : int, optional
        Axis of labels of a label matrix, for one curve per label; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Rows (3, N + 1) for N items, or (3, B + 1): false positive rates, true positive rates, thresholds. With
        `label_axis` one column for each of L labels, (3, N + 1, L).

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or if a target is not 0 or 1 (NaN where the backend cannot raise).

    See Also
    --------
    det_curve, precision_recall_curve, roc_auc_score

    Notes
    -----
    Tied scores, and items that do not count, repeat a point. A rate without items is NaN, and so is everything if a
    score is NaN. Without bins all items are kept over batches; with them each point is a point of the exact curve.

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

    Choose it over `roc_curve`, its mirror image, to compare good detectors on logarithmic axes.

    .. math:: \mathrm{FPR}(\theta), \qquad \mathrm{FNR}(\theta) = 1 - \mathrm{TPR}(\theta)

    with the rates of `roc_curve` at its thresholds, and its rules for ties, NaN and batches. scikit-learn drops points
    at both ends.

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    weights : tensor, optional
        Weight of each item (...); booleans select.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.
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
        If shapes do not fit, or if a target is not 0 or 1 (NaN where the backend cannot raise).

    See Also
    --------
    roc_curve, equal_error_rate

    References
    ----------
    .. [1] ``sklearn.metrics.det_curve``
    .. [2] Martin, A. et al. (1997), "The DET curve in assessment of detection task performance", EUROSPEECH,
       doi:10.21437/Eurospeech.1997-504

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

    Choose it over `roc_curve` if positives are rare.

    .. math::
        P(\theta) = \frac{\sum_i w_i t_i [s_i \ge \theta]}{\sum_i w_i [s_i \ge \theta]}, \qquad
        R(\theta) = \frac{\sum_i w_i t_i [s_i \ge \theta]}{\sum_i w_i t_i}

    with scores :math:`s`, targets :math:`t`, weights :math:`w` and the falling thresholds :math:`\theta` of
    `roc_curve`; at the first, infinity, P = 1 and R = 0.

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive. With `num_bins`, in [0, 1].
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int, optional
        B, at least 2: round scores to B values from 0 to 1, for streams; see `roc_auc_score`.
    weights : tensor, optional
        Weight of each item (...); booleans select.
    mask : tensor of bool, optional
        Items that count (...); the rest are ignored, whatever they hold.
    label_axis : int, optional
        Axis of labels of a label matrix, for one curve per label; by default all elements are pooled.

    Returns
    -------
    TensorVariable
        Rows (3, N + 1) for N items, or (3, B + 1): precision, recall, thresholds. With `label_axis` one column for each
        of L labels, (3, N + 1, L).

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or if a target is not 0 or 1 (NaN where the backend cannot raise).

    See Also
    --------
    roc_curve, average_precision_score, precision_at_recall

    Notes
    -----
    Thresholds fall; those of scikit-learn rise. Without positives the recall is 1 at every score, as there. Ties, NaN
    and batches are treated as in `roc_curve`.

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

    For rows of the curves here, such as ``auc(curve[0], curve[1])`` of ``curve = roc_curve(..., num_bins=1001)``.

    .. math:: A = \sum_{k=1}^{N-1} |x_{k+1} - x_k| \frac{y_k + y_{k+1}}{2}

    with coordinates :math:`x`, which rise or fall, and :math:`y`.

    Parameters
    ----------
    x : tensor
        Coordinates (N,) that never fall, or never rise.
    y : tensor
        Heights (N,).

    Returns
    -------
    TensorVariable
        Scalar; 0 for fewer than two points, and NaN where x rises and falls, which scikit-learn refuses.

    Raises
    ------
    TypeError
        If `x` or `y` is not a vector.

    See Also
    --------
    roc_curve, roc_auc_score

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
