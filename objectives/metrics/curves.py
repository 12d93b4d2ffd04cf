"""Curves of binary scores over all thresholds."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import floating_scores
from objectives.lookup import BINARY, REALS, described
from objectives.metrics._points import exact_points, trapezoid
from objectives.ops.selection import where

__all__ = [
    "auc",
    "det_curve",
    "precision_recall_curve",
    "roc_curve",
]


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=BINARY)
def roc_curve(predictions, targets, *, weights=None, mask=None):
    r"""False and true positive rates at every threshold.

    .. math::
        \mathrm{FPR}(\theta) = \frac{\sum_i w_i [t_i = 0] [s_i \ge \theta]}{\sum_i w_i [t_i = 0]}, \qquad
        \mathrm{TPR}(\theta) = \frac{\sum_i w_i [t_i = 1] [s_i \ge \theta]}{\sum_i w_i [t_i = 1]}

    with the scores :math:`s`, the targets :math:`t`, the weights :math:`w` (1 if not given) and the thresholds
    :math:`\theta`: infinity and all scores, falling.

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
        Rows (3, N + 1) for N items: false positive rates, true positive rates, thresholds; in floatX, or the dtype of
        the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, the
        curve is NaN.

    Notes
    -----
    The length is that of the items, however many scores are equal: these, and items that do not count, repeat points.
    Without positives, or without negatives, their rate is NaN. With a NaN among the scores all is NaN.

    All items must be there at once: over batches, scores and targets are kept, and memory grows with the data. See
    `binned_roc_curve` for constant memory.

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
    points = exact_points(predictions, targets, mask, weights)
    return pt.stack([points.false_rate, points.true_rate, points.thresholds])


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=BINARY)
def det_curve(predictions, targets, *, weights=None, mask=None):
    r"""False positive and false negative rates at every threshold: the detection error tradeoff.

    .. math:: \mathrm{FPR}(\theta), \qquad \mathrm{FNR}(\theta) = 1 - \mathrm{TPR}(\theta)

    with the rates of `roc_curve` at the thresholds :math:`\theta`.

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
        Rows (3, N + 1) for N items: false positive rates, false negative rates, falling thresholds; in floatX, or the
        dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        As of `roc_curve`.

    Notes
    -----
    It is `roc_curve` upside down, with the same rules, and keeps all items as that does. scikit-learn leaves out
    points at both ends.

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
    points = exact_points(predictions, targets, mask, weights)
    missed = (points.positives - points.true) / points.positives
    return pt.stack([points.false_rate, missed, points.thresholds])


@described(best=None, per="set", differentiable=False, predictions=REALS, targets=BINARY)
def precision_recall_curve(predictions, targets, *, weights=None, mask=None):
    r"""Precision and recall at every threshold.

    .. math::
        P(\theta) = \frac{\sum_i w_i t_i [s_i \ge \theta]}{\sum_i w_i [s_i \ge \theta]}, \qquad
        R(\theta) = \frac{\sum_i w_i t_i [s_i \ge \theta]}{\sum_i w_i t_i}

    with the scores :math:`s`, the targets :math:`t`, the weights :math:`w` (1 if not given) and the thresholds
    :math:`\theta`: infinity, where P = 1 and R = 0, and all scores, falling.

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
        Rows (3, N + 1) for N items: precision, recall, thresholds; in floatX, or the dtype of the predictions if that
        is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, the
        curve is NaN.

    Notes
    -----
    The points of scikit-learn from the last to the first, so that thresholds fall as in `roc_curve`, whose notes on
    equal scores, NaN and batches hold here too: all items are kept. Without positives the recall is 1 at every score,
    as in scikit-learn.

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
    points = exact_points(predictions, targets, mask, weights)
    return pt.stack([points.precision, points.recall, points.thresholds])


@described(per="set", differentiable=False, x=REALS, y=REALS)
def auc(x, y):
    r"""The area under a curve of straight lines between points.

    .. math:: A = \sum_{k=1}^{N-1} |x_{k+1} - x_k| \frac{y_k + y_{k+1}}{2}

    with the coordinates :math:`x` and :math:`y`, of which x rises or falls.

    Parameters
    ----------
    x : tensor
        Coordinates (N,) that never fall, or never rise.
    y : tensor
        Heights (N,).

    Returns
    -------
    TensorVariable
        The area, a scalar of the dtype of `x` (floatX for integers); 0 for fewer than two points, and NaN where x
        rises and falls.

    Raises
    ------
    TypeError
        If `x` or `y` is not a vector.

    Notes
    -----
    For rows of the curves of this package, such as ``auc(curve[0], curve[1])`` with ``curve = binned_roc_curve(...)``.
    Over batches it is exact as these are. scikit-learn refuses an x that is not monotone.

    References
    ----------
    .. [1] ``sklearn.metrics.auc``

    Examples
    --------
    >>> from objectives import auc
    >>> print(auc([0.0, 0.5, 1.0], [0.0, 1.0, 1.0]).eval())
    0.75
    """
    x, y = floating_scores(x, "x"), floating_scores(y, "y")
    if x.ndim != 1 or y.ndim != 1:
        raise TypeError(f"x and y must be vectors, not of {x.ndim} and {y.ndim} dimensions")
    steps, area = x[1:] - x[:-1], trapezoid(x, y)
    falls, rises = (steps < 0).any(), (steps > 0).any()
    return where(falls & rises, np.nan, where(falls, -area, area))
