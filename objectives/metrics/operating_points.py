"""Single points of curves of binary scores, such as the recall that a precision leaves."""

import numpy as np
import pytensor.tensor as pt

from objectives.lookup import BINARY, REALS, described
from objectives.metrics._points import exact_points, if_both, if_positives
from objectives.ops.selection import where

__all__ = [
    "equal_error_rate",
    "precision_at_recall",
    "recall_at_precision",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
]


@described(best="min", per="set", differentiable=False, predictions=REALS, targets=BINARY)
def equal_error_rate(predictions, targets, *, weights=None, mask=None):
    r"""The error rate at the threshold where false positives and false negatives are equally frequent.

    .. math::
        E = \tfrac12 (\mathrm{FPR} + \mathrm{FNR})(\theta^*), \qquad
        \theta^* = \arg\min_\theta |\mathrm{FPR}(\theta) - \mathrm{FNR}(\theta)|

    with the rates of `det_curve`; of equally good thresholds :math:`\theta` the highest.

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
        The rate, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, it
        is NaN.

    Notes
    -----
    NaN if there are no positives or no negatives, and with a NaN among the scores. All items must be there at once:
    over batches, scores and targets are kept, and memory grows with the data.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_eer``

    Examples
    --------
    >>> from objectives import equal_error_rate
    >>> print(equal_error_rate([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).eval())
    0.5
    """
    points = exact_points(predictions, targets, mask, weights)
    false, missed = points.false_rate, (points.positives - points.true) / points.positives
    gap = abs(false - missed)
    # XLA may compute the gap twice and round it differently, so that none would be the least
    is_best = pt.le(gap, gap.min() + 4 * np.finfo(gap.dtype).eps)
    # the first of several: one rate rises, the other falls
    rates = where(is_best, false, 1).min() + where(is_best, missed, 0).max()
    return if_both(points, rates / 2)


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def precision_at_recall(predictions, targets, *, recall, weights=None, mask=None):
    r"""The greatest precision of thresholds whose recall is at least a given one.

    .. math:: P_r = \max \{ P(\theta) : R(\theta) \ge r \}

    with precision :math:`P` and recall :math:`R` at the thresholds :math:`\theta` of
    `precision_recall_curve`, and 0 if there is none.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    recall : float
        The least recall r, in [0, 1].
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The precision, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `recall` is outside [0, 1].
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, it
        is NaN.

    Notes
    -----
    NaN if there are no positives, and with a NaN among the scores. The threshold
    can be read off `precision_recall_curve`.

    All items must be there at once: over batches, scores and targets are kept, and memory grows with the data.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_precision_at_fixed_recall``

    Examples
    --------
    >>> from objectives import precision_at_recall
    >>> print(precision_at_recall([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], recall=0.9).eval().round(4))
    0.6667
    """
    points = exact_points(predictions, targets, mask, weights)
    return if_positives(points, _best(points.precision, points.true, points.positives, recall, "recall"))


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def recall_at_precision(predictions, targets, *, precision, weights=None, mask=None):
    r"""The greatest recall of thresholds whose precision is at least a given one.

    .. math:: R_p = \max \{ R(\theta) : P(\theta) \ge p \}

    with recall :math:`R` and precision :math:`P` at the thresholds :math:`\theta` of
    `precision_recall_curve`, and 0 if there is none.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    precision : float
        The least precision p, in [0, 1].
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The recall, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `precision` is outside [0, 1].
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, it
        is NaN.

    Notes
    -----
    NaN if there are no positives, and with a NaN among the scores. The threshold
    can be read off `precision_recall_curve`.

    All items must be there at once: over batches, scores and targets are kept, and memory grows with the data.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_recall_at_fixed_precision``

    Examples
    --------
    >>> from objectives import recall_at_precision
    >>> print(recall_at_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], precision=0.9).eval())
    0.5
    """
    points = exact_points(predictions, targets, mask, weights)
    predicted = points.true + points.false
    return if_positives(points, _best(points.recall, points.true, predicted, precision, "precision"))


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def sensitivity_at_specificity(predictions, targets, *, specificity, weights=None, mask=None):
    r"""The greatest sensitivity of thresholds whose specificity is at least a given one.

    .. math:: S_c = \max \{ S(\theta) : C(\theta) \ge c \}

    with sensitivity :math:`S` and specificity :math:`C` at the thresholds :math:`\theta` of `roc_curve`,
    and 0 if there is none.
    The sensitivity is the true positive rate, the specificity 1 minus the false positive rate.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    specificity : float
        The least specificity c, in [0, 1].
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The sensitivity, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `specificity` is outside [0, 1].
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, it
        is NaN.

    Notes
    -----
    NaN if there are no positives or no negatives, and with a NaN among the scores. The threshold
    can be read off `roc_curve`.

    All items must be there at once: over batches, scores and targets are kept, and memory grows with the data.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_sensitivity_at_specificity``

    Examples
    --------
    >>> from objectives import sensitivity_at_specificity
    >>> print(sensitivity_at_specificity([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], specificity=0.9).eval())
    0.5
    """
    points = exact_points(predictions, targets, mask, weights)
    rejected = points.negatives - points.false
    return if_both(points, _best(points.true_rate, rejected, points.negatives, specificity, "specificity"))


@described(per="set", differentiable=False, predictions=REALS, targets=BINARY)
def specificity_at_sensitivity(predictions, targets, *, sensitivity, weights=None, mask=None):
    r"""The greatest specificity of thresholds whose sensitivity is at least a given one.

    .. math:: C_s = \max \{ C(\theta) : S(\theta) \ge s \}

    with specificity :math:`C` and sensitivity :math:`S` at the thresholds :math:`\theta` of `roc_curve`,
    and 0 if there is none.
    The sensitivity is the true positive rate, the specificity 1 minus the false positive rate.

    Parameters
    ----------
    predictions : tensor
        Scores (...) of which greater speaks for the positive class.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    sensitivity : float
        The least sensitivity s, in [0, 1].
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).

    Returns
    -------
    TensorVariable
        The specificity, a scalar in floatX, or the dtype of the predictions if that is wider.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    ValueError
        If `sensitivity` is outside [0, 1].
    IndexError
        At run time, for a target that is not 0 or 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise, it
        is NaN.

    Notes
    -----
    NaN if there are no positives or no negatives, and with a NaN among the scores. The threshold
    can be read off `roc_curve`.

    All items must be there at once: over batches, scores and targets are kept, and memory grows with the data.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_specificity_at_sensitivity``

    Examples
    --------
    >>> from objectives import specificity_at_sensitivity
    >>> print(specificity_at_sensitivity([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], sensitivity=0.9).eval())
    0.5
    """
    points = exact_points(predictions, targets, mask, weights)
    specificity = (points.negatives - points.false) / points.negatives
    return if_both(points, _best(specificity, points.true, points.positives, sensitivity, "sensitivity"))


def _best(value, count, total, bound, name):
    """The greatest value where a count reaches its bound, a share of a total, else 0.

    Not by their ratio: Numba and XLA multiply with the reciprocal of the total, and 49 times 1 / 49 is less than 1.
    """
    if not 0 <= bound <= 1:
        raise ValueError(f"{name} must be in [0, 1], not {bound!r}")
    # the number below: a bound such as 0.7 may be rounded up, and 7 of 10 reach it
    share = np.nextafter(np.asarray(bound, total.dtype), np.asarray(0, total.dtype))
    return where(pt.ge(count, share * total), value, 0).max()
