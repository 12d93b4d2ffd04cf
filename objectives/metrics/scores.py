"""F scores and the Jaccard index of each class, which combine precision and recall."""

from typing import Literal

from pytensor.tensor.variable import TensorVariable

from objectives._typing import Average, TensorLike
from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._class_counts import class_counts
from objectives.metrics._ratios import averaged_over_classes, fbeta_of, jaccard_of

__all__ = ["f1_score", "fbeta_score", "jaccard_score"]


@described(per="set", train_with="tversky_loss", predictions=REALS, targets=CLASSES)
def fbeta_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    beta: float = 1.0,
    num_classes: int | None = None,
    top_k: int = 1,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""F-beta score: the weighted harmonic mean of precision and recall, averaged over classes.

    Choose it where misses and false alarms cost differently, else `f1_score`. For two classes see `binary_fbeta_score`.

    .. math:: F_c = \frac{(1 + \beta^2)\, TP_c}{(1 + \beta^2)\, TP_c + \beta^2\, FN_c + FP_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    beta : float
        Weight of recall relative to precision, at least 0: above 1 where misses cost more. Infinity gives recall.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    top_k : int
        Number k of classes with the greatest scores that each item is predicted to be in, from 1 to C.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.fbeta_score``

    Examples
    --------
    >>> from objectives import fbeta_score
    >>> print(fbeta_score([0, 1, 2, 1], [0, 1, 1, 1], beta=2, num_classes=3, average=None).eval().round(4))
    [1.     0.7143 0.    ]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis, top_k)
    return averaged_over_classes(fbeta_of(beta), counts, average, zero_division, absent)


@described(per="set", train_with="dice_loss", predictions=REALS, targets=CLASSES)
def f1_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    top_k: int = 1,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""F1 score (Dice score): the harmonic mean of precision and recall, averaged over classes.

    Choose it where misses and false alarms cost the same, else `fbeta_score`. For two classes see `binary_f1_score`.

    .. math:: F_c = \frac{2\, TP_c}{2\, TP_c + FN_c + FP_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    top_k : int
        Number k of classes with the greatest scores that each item is predicted to be in, from 1 to C.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.f1_score``

    Examples
    --------
    >>> from objectives import f1_score
    >>> print(f1_score([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.  0.8 0. ]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis, top_k)
    return averaged_over_classes(fbeta_of(1), counts, average, zero_division, absent)


@described(per="set", train_with="iou_loss", predictions=REALS, targets=CLASSES)
def jaccard_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    average: Average = "macro",
    absent: Literal["ignore", "count"] = "ignore",
    zero_division: float = 0,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Jaccard index (intersection over union, IoU) of predicted and actual items, averaged over classes.

    Choose it for segmentation, as mean IoU over pixels. F is `f1_score`. For two classes see `binary_jaccard_score`.

    .. math:: J_c = \frac{TP_c}{TP_c + FP_c + FN_c} = \frac{F_c}{2 - F_c}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    average : {"macro", "weighted", "micro", None}
        Mean over classes, equal or by frequency; pooled counts; or one value per class.
    absent : {"ignore", "count"}
        Whether the macro average ignores classes that are neither targets nor predictions, or counts all C.
    zero_division : {0, 1, nan}
        Value of 0/0; NaN drops the class from averages.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1], or (C,) if `average` is None; `zero_division` without items, NaN for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.jaccard_score``

    Examples
    --------
    >>> from objectives import jaccard_score
    >>> print(jaccard_score([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, average=None).eval().round(4))
    [1.     0.6667 0.    ]
    """
    counts = class_counts(predictions, targets, num_classes, weights, mask, axis)
    return averaged_over_classes(jaccard_of, counts, average, zero_division, absent)
