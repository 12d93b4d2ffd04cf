"""Agreement of predicted and target classes, corrected for class frequencies."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import ones_where, ratio
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._ratios import averaged, counts_of_classes, recall_of
from objectives.metrics.confusion import confusion_matrix

__all__ = ["balanced_accuracy", "cohen_kappa", "matthews_corrcoef"]


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def balanced_accuracy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    adjusted: bool = False,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Balanced accuracy: the mean recall of the classes that occur among the targets.

    Choose it over accuracy for unbalanced classes. R is the `recall` of a class, and Y the set of classes that have
    targets; the macro average of `recall` also counts classes that are only predicted.

    .. math:: B = \frac{1}{|Y|} \sum_{c \in Y} R_c, \qquad B_{adjusted} = \frac{B - 1/|Y|}{1 - 1/|Y|}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    adjusted : bool
        Whether chance gives 0 instead of 1 over the number of classes; a single class then gives NaN.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [0, 1]; at most 1, and 0 by chance, if `adjusted`. NaN without items and for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.balanced_accuracy_score``

    Examples
    --------
    >>> from objectives import balanced_accuracy
    >>> print(balanced_accuracy([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3).eval().round(4))
    0.8333
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    counts = counts_of_classes(matrix)
    accuracy = averaged(recall_of, counts, "macro", np.nan)
    if not adjusted:
        return accuracy
    chance = ratio(1, ones_where(pt.neq(counts.actual, 0), matrix.dtype).sum(), np.nan)
    return ratio(accuracy - chance, 1 - chance, np.nan)


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def matthews_corrcoef(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Matthews correlation coefficient (MCC) of predicted and target classes; the phi coefficient if there are two.

    Choose it for unbalanced classes, and `cohen_kappa` for ordered ones. c is the fraction of right predictions,
    :math:`t_k` that of targets and :math:`p_k` that of predictions of class k, counted with weights.

    .. math:: R = \frac{c - \sum_k t_k p_k}{\sqrt{\sum_k t_k (1 - t_k) \sum_k p_k (1 - p_k)}}

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), such as ``pt.ge(p, 0.5)`` of binary predictions.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [-1, 1]; 0 if all targets or predictions are of one class, NaN without items and for a NaN score.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.matthews_corrcoef``
    .. [2] Gorodkin, J. (2004), "Comparing two K-category assignments ...", doi:10.1016/j.compbiolchem.2004.09.006

    Examples
    --------
    >>> from objectives import matthews_corrcoef
    >>> print(matthews_corrcoef([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3).eval().round(4))
    0.6455
    """
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    counts = counts_of_classes(matrix)
    total = counts.actual.sum()
    t, p, not_t, not_p, right = (
        count / total
        for count in (counts.actual, counts.predicted, counts.not_actual, counts.not_predicted, counts.true_positives)
    )
    spread = pt.sqrt((t * not_t).sum() * (p * not_p).sum())
    return ratio((right - t * p).sum(), spread, 0)


@described(per="set", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def cohen_kappa(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    weighting: Literal["linear", "quadratic"] | None = None,
    num_classes: int | None = None,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Cohen's kappa: the agreement of predicted and target classes beyond that expected by chance.

    Choose it to compare two raters, with a `weighting` if classes are ordered; see also `matthews_corrcoef`. M is the
    `confusion_matrix`, N its total, and :math:`T_j` and :math:`P_k` are the sums of its rows and columns.

    .. math:: \kappa = 1 - \frac{\sum_{jk} d_{jk} M_{jk}}{\sum_{jk} d_{jk} T_j P_k / N}

    Parameters
    ----------
    predictions, targets : tensor
        Class indices (...) from 0 to C - 1; or scores (..., C), with targets that may be one-hot or soft (..., C), too.
    weighting : {None, "linear", "quadratic"}
        Distance :math:`d_{jk}` of ordered classes: :math:`|j - k|` or its square; None is 1 for any two classes.
    num_classes : int, optional
        C; required for class indices, or if it is not known statically.
    weights, mask : tensor, optional
        Weight of each item (...), and whether it counts (True or False); the rest may hold anything.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        A number of at most 1, 0 by chance; NaN without items, for a NaN score, or if only one class occurs.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.cohen_kappa_score``
    .. [2] Cohen, J. (1968), "Weighted kappa: nominal scale agreement ...", doi:10.1037/h0026256

    Examples
    --------
    >>> from objectives import cohen_kappa
    >>> print(cohen_kappa([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3).eval().round(4))
    0.5556
    """
    distances = {None: np.sign, "linear": np.abs, "quadratic": np.square}
    one_of(weighting, "weighting", distances)
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    classes = np.arange(matrix.type.shape[0])
    distance = distances[weighting](np.abs(classes[:, None] - classes)).astype(matrix.dtype)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    by_chance = actual * (distance * (predicted / actual.sum())[None, :]).sum(axis=1)
    return 1 - ratio((distance * matrix).sum(), by_chance.sum(), np.nan)
