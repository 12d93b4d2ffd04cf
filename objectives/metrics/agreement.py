"""How far predicted and target classes agree, corrected for how often classes occur."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import ones_where, ratio
from objectives._options import one_of
from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._ratios import averaged, counts_of_classes, recall_of
from objectives.metrics.confusion import confusion_matrix

__all__ = ["balanced_accuracy", "cohen_kappa", "matthews_corrcoef"]


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def balanced_accuracy(predictions, targets, *, adjusted=False, num_classes=None, weights=None, mask=None, axis=-1):
    r"""The mean over target classes of how many of their items are found.

    .. math:: B = \frac{1}{|Y|} \sum_{c \in Y} \frac{TP_c}{TP_c + FN_c}, \qquad
        B_{adjusted} = \frac{B - 1/|Y|}{1 - 1/|Y|}

    with the classes Y that occur among the targets, and their true positives and false negatives, counted with
    weights.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    adjusted : bool
        Whether predictions by chance shall have 0 rather than 1 over the number of classes.
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `num_classes` is missing or wrong.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    Unlike the macro average of `recall` it leaves out classes that are predicted but are no targets. It is NaN
    without items and, adjusted, of a single class. A NaN among the scores of an item makes the result NaN.

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


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def matthews_corrcoef(predictions, targets, *, num_classes=None, weights=None, mask=None, axis=-1):
    r"""Matthews' correlation coefficient of predicted and target classes.

    .. math:: R = \frac{c - \sum_k t_k p_k}{\sqrt{\sum_k t_k (1 - t_k) \sum_k p_k (1 - p_k)}}

    with the share of items c that are right, and the shares :math:`t_k` and :math:`p_k` of class k among targets and
    predictions, by weight.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number in [-1, 1]; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `num_classes` is missing or wrong.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    0 where all targets, or all predictions, are of one class; NaN without items, or with a NaN among the scores of an
    item. Of two classes it is the phi coefficient. Binary predictions become class indices by
    ``pt.ge(predictions, threshold)``.

    References
    ----------
    .. [1] ``sklearn.metrics.matthews_corrcoef``
    .. [2] Gorodkin, J. (2004), "Comparing two K-category assignments by a K-category correlation coefficient",
       doi:10.1016/j.compbiolchem.2004.09.006

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


@described(per="set", differentiable=False, predictions=REALS, targets=CLASSES)
def cohen_kappa(predictions, targets, *, weighting=None, num_classes=None, weights=None, mask=None, axis=-1):
    r"""Cohen's kappa: how far two classifications agree, beyond what they would by chance.

    .. math:: \kappa = 1 - \frac{\sum_{jk} d_{jk} M_{jk}}{\sum_{jk} d_{jk} T_j P_k / N}

    with the confusion matrix M, its sums over rows :math:`P_k` and columns :math:`T_j`, its total N, and the distance
    of classes :math:`d_{jk}`: :math:`[j \ne k]`, or :math:`|j - k|` if linear, :math:`(j - k)^2` if quadratic.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C), or predicted class indices (...), see `confusion_matrix`.
    targets : tensor
        Class indices (...) from 0 to C - 1; with scores also one-hot or soft targets (..., C).
    weighting : {None, "linear", "quadratic"}
        How the distance of classes grows, if they have an order.
    num_classes : int, optional
        C. Needed for class indices, and for scores whose number of classes is not known statically.
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...).
    axis : int
        Class axis of scores and of dense targets.

    Returns
    -------
    TensorVariable
        A number of at most 1; in floatX, or the dtype of the scores if that is wider.

    Raises
    ------
    TypeError
        If the ranks do not match, or targets are not integers.
    ValueError
        If `weighting` is none of these, or `num_classes` is missing or wrong.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C; elsewhere the result is NaN.

    Notes
    -----
    NaN without items, where all targets and predictions are of one and the same class, or with a NaN among the scores
    of an item.

    References
    ----------
    .. [1] ``sklearn.metrics.cohen_kappa_score``
    .. [2] Cohen, J. (1968), "Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial
       credit", Psychological Bulletin 70(4), doi:10.1037/h0026256

    Examples
    --------
    >>> from objectives import cohen_kappa
    >>> print(cohen_kappa([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3).eval().round(4))
    0.5556
    >>> print(cohen_kappa([0, 1, 2, 1], [0, 1, 1, 1], num_classes=3, weighting="linear").eval().round(4))
    0.6
    """
    distances = {None: np.sign, "linear": np.abs, "quadratic": np.square}
    one_of(weighting, "weighting", distances)
    matrix = confusion_matrix(predictions, targets, num_classes=num_classes, weights=weights, mask=mask, axis=axis)
    classes = np.arange(matrix.type.shape[0])
    distance = distances[weighting](np.abs(classes[:, None] - classes)).astype(matrix.dtype)
    predicted, actual = matrix.sum(axis=0), matrix.sum(axis=1)
    by_chance = actual * (distance * (predicted / actual.sum())[None, :]).sum(axis=1)
    return 1 - ratio((distance * matrix).sum(), by_chance.sum(), np.nan)
