"""Operating points of binary scores: single points of the curves, such as the best recall at a given precision."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._options import known_share
from objectives._typing import TensorLike
from objectives.lookup import BINARY, REALS, described
from objectives.metrics._points import exact_points, if_both, if_positives
from objectives.ops.selection import equal, where

__all__ = [
    "equal_error_rate",
    "precision_at_recall",
    "recall_at_precision",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
]


@described(best="min", per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def equal_error_rate(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Equal error rate (EER) of two classes: the error rate where false positive and false negative rates are equal.

    Choose it for biometric and other verification before a threshold is set; `roc_auc_score` covers all thresholds.
    The rates are those of `det_curve`; the highest threshold wins ties. All scores and targets are kept across batches.

    .. math::
        E = \tfrac12 (\mathrm{FPR} + \mathrm{FNR})(\theta^*), \qquad
        \theta^* = \arg\min_\theta |\mathrm{FPR}(\theta) - \mathrm{FNR}(\theta)|

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1], 0 is best; NaN without positives or without negatives, or if a score is NaN.

    Raises
    ------
    TypeError, IndexError
        If shapes do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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
    # XLA may compute the gap twice and round it differently: then no gap would equal the least.
    is_best = pt.le(gap, gap.min() + 4 * np.finfo(gap.dtype).eps)
    # This takes the first of several thresholds, since one rate rises and the other falls.
    rates = where(is_best, false, 1).min() + where(is_best, missed, 0).max()
    return if_both(points, rates / 2)


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def precision_at_recall(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    recall: float,
    return_threshold: bool = False,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Precision at recall, of two classes: the best precision at a given recall or higher.

    Choose it if a detector must find a given share of the positives, and `recall_at_precision` if false alarms are
    costly. P and R are those of `precision_recall_curve`. All scores and targets are kept across batches.

    .. math:: P_r = \max \{ P(\theta) : R(\theta) \ge r \}

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    recall : float
        Least recall r, in [0, 1].
    return_threshold : bool
        Whether to return the threshold as well: of equally good ones, that of the greatest recall.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or a vector (2,) of it and the threshold; NaN without positives, or if a score is NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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
    chosen = _reaching(points.true, points.positives, recall, "recall")
    return if_positives(points, _best(points, points.precision, chosen, points.true, return_threshold))


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def recall_at_precision(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    precision: float,
    return_threshold: bool = False,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Recall at precision, of two classes: the best recall at a given precision or higher.

    Choose it if false alarms are costly: at most a share 1 - p of the alarms may be false; otherwise see
    `precision_at_recall`. P and R are those of `precision_recall_curve`. Scores and targets are kept across batches.

    .. math:: R_p = \max \{ R(\theta) : P(\theta) \ge p \}

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    precision : float
        Least precision p, in [0, 1].
    return_threshold : bool
        Whether to return the threshold as well: of equally good ones, that of the greatest precision.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or a vector (2,) of it and the threshold; 0 and infinity if no score reaches the precision,
        NaN without positives, or if a score is NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``torchmetrics.functional.classification.binary_recall_at_fixed_precision``

    Examples
    --------
    >>> from objectives import recall_at_precision
    >>> print(recall_at_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], precision=0.6, return_threshold=True).eval())
    [1.   0.35]
    """
    points = exact_points(predictions, targets, mask, weights)
    chosen = _reaching(points.true, points.true + points.false, precision, "precision")
    return if_positives(points, _best(points, points.recall, chosen, points.precision, return_threshold))


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def sensitivity_at_specificity(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    specificity: float,
    return_threshold: bool = False,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Sensitivity at specificity, of two classes: the best sensitivity at a given specificity or higher.

    Choose it over `recall_at_precision` if the limit must not depend on the class balance; `specificity_at_sensitivity`
    limits misses. S = TPR and C = 1 - FPR are those of `roc_curve`. All scores and targets are kept across batches.

    .. math:: S_c = \max \{ S(\theta) : C(\theta) \ge c \}

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    specificity : float
        Least specificity c, in [0, 1].
    return_threshold : bool
        Whether to return the threshold as well: of equally good ones, that of the greatest specificity.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or a vector (2,) of it and the threshold; 0 and infinity if no score reaches the
        specificity, NaN without positives or without negatives, or if a score is NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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
    chosen = _reaching(rejected, points.negatives, specificity, "specificity")
    return if_both(points, _best(points, points.true_rate, chosen, rejected, return_threshold))


@described(per="set", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def specificity_at_sensitivity(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    sensitivity: float,
    return_threshold: bool = False,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Specificity at sensitivity, of two classes: the best specificity at a given sensitivity or higher.

    Choose it over `precision_at_recall` if the class balance must not matter; `sensitivity_at_specificity` limits false
    alarms. S = TPR and C = 1 - FPR are those of `roc_curve`. All scores and targets are kept across batches.

    .. math:: C_s = \max \{ C(\theta) : S(\theta) \ge s \}

    Parameters
    ----------
    predictions : tensor
        Scores (...); higher means more likely positive.
    targets : tensor
        Targets (...) in {0, 1}, of any dtype.
    sensitivity : float
        Least sensitivity s, in [0, 1].
    return_threshold : bool
        Whether to return the threshold as well: of equally good ones, that of the greatest sensitivity.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or a vector (2,) of it and the threshold; NaN without positives or without negatives, or if
        a score is NaN.

    Raises
    ------
    TypeError, ValueError, IndexError
        If shapes or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

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
    chosen = _reaching(points.true, points.positives, sensitivity, "sensitivity")
    return if_both(points, _best(points, specificity, chosen, points.true, return_threshold))


def _reaching(count, total, bound, name):
    """The points at which a count reaches a share ``bound`` of a total.

    Their ratio is not compared: Numba and XLA multiply by the reciprocal of the total, and 49 * (1 / 49) is below 1.
    """
    bound = known_share(bound, name)
    # Take the next number below: a bound such as 0.7 may have been rounded up, and 7 of 10 must reach it.
    share = np.nextafter(np.asarray(bound, total.dtype), np.asarray(0, total.dtype))
    return pt.ge(count, share * total)


def _best(points, value, chosen, other, return_threshold):
    """The greatest value of the chosen points, and the threshold where, of equal values, the other is greatest."""
    found = where(chosen, value, 0).max()
    if not return_threshold:
        return found
    chosen = chosen & equal(value, found)
    chosen = chosen & equal(other, where(chosen, other, -1).max())
    return pt.stack([found, where(chosen, points.thresholds, -np.inf).max()])
