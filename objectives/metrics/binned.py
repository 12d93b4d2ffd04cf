"""Curves of binary scores, and areas under them, in constant memory: of scores that are rounded to bins."""

import pytensor.tensor as pt

from objectives.lookup import BINARY, UNIT, described
from objectives.metrics._points import binned_points, roc_area, step_area

__all__ = [
    "binned_average_precision_score",
    "binned_precision_recall_curve",
    "binned_roc_auc_score",
    "binned_roc_curve",
]


@described(per="set", differentiable=False, predictions=UNIT, targets=BINARY)
def binned_roc_auc_score(predictions, targets, *, num_bins=1001, weights=None, mask=None):
    r"""The area under the ROC curve of scores that are rounded to equally spaced values, in constant memory.

    .. math:: A = \frac{1}{n^+ n^-} \sum_b n_b^+ \Bigl(\sum_{a < b} n_a^- + \tfrac12 n_b^-\Bigr)

    with the weights :math:`n_b^+` of positive and :math:`n_b^-` of negative items whose score is nearest to
    :math:`b / (B - 1)`, for b = 0, ..., B - 1, and their sums :math:`n^+` and :math:`n^-`.

    Parameters
    ----------
    predictions : tensor
        Scores (...) in [0, 1]; of logits take the sigmoid.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        The number B of values from 0 to 1 to which scores are rounded.
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
        If `num_bins` is not a whole number of at least 2.
    IndexError
        As of `roc_auc_score`.

    Notes
    -----
    Only pairs in one bin are undecided, so that it differs from `roc_auc_score` by at most
    :math:`\tfrac12 \sum_b n_b^+ n_b^- / (n^+ n^-)`. It is exact for scores that are multiples of 1 / (B - 1).

    Counts by bin add up over batches. A score outside [0, 1] by more than 0.1 %, or NaN, makes the area NaN. NaN too
    if there are no positives or no negatives.

    References
    ----------
    .. [1] ``keras.metrics.AUC``, whose thresholds are others

    Examples
    --------
    >>> from objectives import binned_roc_auc_score
    >>> print(binned_roc_auc_score([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], num_bins=101).eval())
    0.75
    """
    return roc_area(binned_points(predictions, targets, num_bins, mask, weights))


@described(per="set", differentiable=False, predictions=UNIT, targets=BINARY)
def binned_average_precision_score(predictions, targets, *, num_bins=1001, weights=None, mask=None):
    r"""The average precision of scores that are rounded to equally spaced values, in constant memory.

    .. math:: AP = \sum_b \frac{n_b^+}{n^+} \frac{T_b}{T_b + F_b}

    with the weights :math:`n_b^+` of positive items whose score is nearest to :math:`b / (B - 1)`, their sum
    :math:`n^+`, and the weights :math:`T_b` of positive and :math:`F_b` of negative items in bin b and those above.

    Parameters
    ----------
    predictions : tensor
        Scores (...) in [0, 1]; of logits take the sigmoid.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        The number B of values from 0 to 1 to which scores are rounded.
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
    ValueError
        If `num_bins` is not a whole number of at least 2.
    IndexError
        As of `average_precision_score`.

    Notes
    -----
    Only the order within a bin is unknown, so that it differs from `average_precision_score` by at most
    :math:`\sum_b \frac{n_b^+}{n^+} \bigl(\frac{T_b}{T_b + F_{b+1}} - \frac{T_{b+1}}{T_{b+1} + F_b}\bigr)`. It is
    exact for scores that are multiples of 1 / (B - 1).

    Counts by bin add up over batches. A score outside [0, 1] by more than 0.1 %, or NaN, makes the average NaN. 0 if
    there are no positives, NaN if there are no items.

    References
    ----------
    .. [1] ``sklearn.metrics.average_precision_score``

    Examples
    --------
    >>> from objectives import binned_average_precision_score
    >>> print(binned_average_precision_score([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], num_bins=101).eval().round(4))
    0.8333
    """
    return step_area(binned_points(predictions, targets, num_bins, mask, weights))


@described(best=None, per="set", differentiable=False, predictions=UNIT, targets=BINARY)
def binned_roc_curve(predictions, targets, *, num_bins=1001, weights=None, mask=None):
    r"""The ROC curve of scores that are rounded to equally spaced values, in constant memory.

    .. math:: \mathrm{FPR}(\theta_b), \mathrm{TPR}(\theta_b), \qquad \theta_b = \frac{b - 1/2}{B - 1}

    with the rates of `roc_curve` at the thresholds :math:`\theta_b` for b = B - 1, ..., 0, the last of which is 0.

    Parameters
    ----------
    predictions : tensor
        Scores (...) in [0, 1]; of logits take the sigmoid.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        The number B of values from 0 to 1 to which scores are rounded.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        Rows (3, num_bins + 1): false positive rates, true positive rates, thresholds, of which the first is infinite;
        in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `num_bins` is not a whole number of at least 2.
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, the
        curve is NaN.

    Notes
    -----
    Each point is one of the exact curve; what is approximate is only that there are no others. Counts by bin add up
    over batches. A score outside [0, 1] by more than 0.1 %, or NaN, makes the rates NaN.

    References
    ----------
    .. [1] ``sklearn.metrics.roc_curve``

    Examples
    --------
    >>> from objectives import binned_roc_curve
    >>> print(binned_roc_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], num_bins=3).eval())
    [[0.   0.   0.5  1.  ]
     [0.   0.5  1.   1.  ]
     [ inf 0.75 0.25 0.  ]]
    """
    points = binned_points(predictions, targets, num_bins, mask, weights)
    return pt.stack([points.false_rate, points.true_rate, points.thresholds])


@described(best=None, per="set", differentiable=False, predictions=UNIT, targets=BINARY)
def binned_precision_recall_curve(predictions, targets, *, num_bins=1001, weights=None, mask=None):
    r"""Precision and recall of scores that are rounded to equally spaced values, in constant memory.

    .. math:: P(\theta_b), R(\theta_b), \qquad \theta_b = \frac{b - 1/2}{B - 1}

    with those of `precision_recall_curve` at the thresholds :math:`\theta_b` for b = B - 1, ..., 0, the last of which
    is 0.

    Parameters
    ----------
    predictions : tensor
        Scores (...) in [0, 1]; of logits take the sigmoid.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    num_bins : int
        The number B of values from 0 to 1 to which scores are rounded.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        Rows (3, num_bins + 1): precision, recall, thresholds, of which the first is infinite; in floatX, or the dtype
        of the predictions if that is wider. The precision above all scores is 1.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `num_bins` is not a whole number of at least 2.
    IndexError
        As of `binned_roc_curve`.

    Notes
    -----
    As of `binned_roc_curve`.

    References
    ----------
    .. [1] ``sklearn.metrics.precision_recall_curve``

    Examples
    --------
    >>> from objectives import binned_precision_recall_curve
    >>> print(binned_precision_recall_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], num_bins=3)[0].eval().round(4))
    [1.     1.     0.6667 0.5   ]
    """
    points = binned_points(predictions, targets, num_bins, mask, weights)
    return pt.stack([points.precision, points.recall, points.thresholds])
