"""F scores and the Jaccard index of binary predictions, which combine precision and recall."""

from pytensor.tensor.variable import TensorVariable

from objectives._typing import Average, TensorLike
from objectives.lookup import BINARY, REALS, described
from objectives.metrics._ratios import averaged_over_labels, fbeta_of, jaccard_of
from objectives.metrics.confusion import binary_confusion_matrix

__all__ = ["binary_f1_score", "binary_fbeta_score", "binary_jaccard_score"]


@described(per="set", train_with="tversky_loss", predictions=REALS, targets=BINARY)
def binary_fbeta_score(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    beta: float = 1.0,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""F-beta score of binary predictions: the weighted harmonic mean of precision and recall.

    Choose it where misses and false alarms cost differently. For many classes see `fbeta_score`.

    .. math:: F = \frac{(1 + \beta^2)\, TP}{(1 + \beta^2)\, TP + \beta^2\, FN + FP}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    beta : float
        Weight of recall relative to precision, at least 0: above 1 where misses cost more; 1 gives `binary_f1_score`.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.fbeta_score``

    Examples
    --------
    >>> from objectives import binary_fbeta_score
    >>> print(binary_fbeta_score([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0], beta=2).eval().round(4))
    0.9091
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(fbeta_of(beta), matrix, average, zero_division)


@described(per="set", train_with="dice_loss", predictions=REALS, targets=BINARY)
def binary_f1_score(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""F1 score (Dice score) of binary predictions: the harmonic mean of precision and recall.

    Choose it where misses and false alarms cost the same, else `binary_fbeta_score`. For many classes see `f1_score`.

    .. math:: F = \frac{2\, TP}{2\, TP + FN + FP}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.f1_score``

    Examples
    --------
    >>> from objectives import binary_f1_score
    >>> print(binary_f1_score([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.8
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(fbeta_of(1), matrix, average, zero_division)


@described(per="set", train_with="iou_loss", predictions=REALS, targets=BINARY)
def binary_jaccard_score(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    average: Average = "macro",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    label_axis: int | None = None,
) -> TensorVariable:
    r"""Jaccard index (intersection over union, IoU) of binary predictions: the overlap of predictions and targets of 1.

    Choose it for rare events (critical success index). F is `binary_f1_score`. For many classes see `jaccard_score`.

    .. math:: J = \frac{TP}{TP + FP + FN} = \frac{F}{2 - F}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities (...), or scores for which `threshold` is right, and targets (...) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1.
    average : {"macro", "weighted", "micro", None}
        With `label_axis`: mean over all labels, equal or by frequency; pooled counts; or one value per label.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the label from averages.
    weights, mask : tensor, optional
        Weight of each element, and whether it counts (True or False), with broadcasting; the rest may hold anything.
    label_axis : int, optional
        Axis of the L labels to keep, for one value per label to average; by default all are pooled.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (L,) if `average` is None; `zero_division` without elements, NaN for a NaN prediction.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or options do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.jaccard_score``

    Examples
    --------
    >>> from objectives import binary_jaccard_score
    >>> print(binary_jaccard_score([0.2, 0.5, 0.9, 0.6, 0.4], [0, 1, 1, 0, 0]).eval().round(4))
    0.6667
    """
    matrix = binary_confusion_matrix(predictions, targets, threshold, weights=weights, mask=mask, label_axis=label_axis)
    return averaged_over_labels(jaccard_of, matrix, average, zero_division)
