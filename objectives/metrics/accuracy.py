"""Accuracies: binary, top-k, and of all labels of an item."""

import numpy as np
import pytensor.tensor as pt
from pytensor import config
from pytensor.tensor import TensorVariable

from objectives._inputs import (
    aligned_mask,
    as_labels,
    as_tensor,
    class_axis_last,
    classwise,
    elementwise,
    floating_scores,
    of_items,
    option,
)
from objectives._options import whole_number
from objectives._typing import TensorLike
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.ops.labels import binary_target
from objectives.ops.marking import selected
from objectives.ops.ranking import label_rank
from objectives.ops.selection import condition_of, where

__all__ = ["binary_accuracy", "categorical_accuracy", "exact_match"]


@described(train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def binary_accuracy(
    predictions: TensorLike, targets: TensorLike, threshold: TensorLike = 0.5, *, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Binary accuracy: 1 where a thresholded prediction of two classes equals its target, else 0, element by element.

    Its mean is the accuracy; for several labels per item it is 1 minus the Hamming loss. For unbalanced classes see
    `binary_f1_score`, for many classes `categorical_accuracy`, and for all labels of an item at once `exact_match`.

    .. math:: A = [[p \ge \theta] = t]

    Parameters
    ----------
    predictions : tensor
        Probabilities p (...), or logits with ``threshold=0``; NaN is never right.
    targets : tensor
        Targets t (...), in {0, 1}.
    threshold : float or tensor
        Smallest prediction θ that counts as 1.
    mask : tensor of bool, optional
        Elements that count; the rest are 0. For their mean give the mask to `aggregate` as well.

    Returns
    -------
    TensorVariable
        1 or 0 (...), of the dtype of `predictions` (floatX for integers).

    Raises
    ------
    TypeError, IndexError
        If ranks or dtypes do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``lasagne.objectives.binary_accuracy``

    Examples
    --------
    >>> from objectives import binary_accuracy
    >>> print(binary_accuracy([0.2, 0.5, 0.9], [1, 1, 1]).eval())
    [0. 1. 1.]
    """
    p, t, mask = elementwise(floating_scores(predictions), targets, mask)
    t = binary_target(t)
    wrong = pt.neq(pt.ge(p, option(threshold, "threshold", p)), pt.gt(t, 0)) | pt.isnan(p)
    right = pt.invert(condition_of(wrong)).astype(p.dtype)
    return selected(mask, where(pt.lt(t, 0), np.nan, right))


@described(per="item", train_with="categorical_crossentropy_with_logits", predictions=REALS, targets=CLASSES)
def categorical_accuracy(
    predictions: TensorLike,
    targets: TensorLike,
    top_k: int = 1,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Categorical (top-k) accuracy: 1 where the target class is among the k classes of the highest scores, else 0.

    Its mean is the accuracy. For unbalanced classes see `balanced_accuracy`, for two classes `binary_accuracy`. Of tied
    classes the lowest index ranks first, so that k = 1 agrees with ``argmax``.

    .. math:: A_i = [r_i < k], \qquad r_i = |\{j : z_{ij} > z_{i, y_i}\}| + |\{j < y_i : z_{ij} = z_{i, y_i}\}|

    Parameters
    ----------
    predictions : tensor
        Scores z (..., C), larger is better. NaN ranks first, as in ``argmax``, but is never right.
    targets : tensor
        Class indices y (...), or one-hot or soft targets (..., C), whose class is their first largest entry.
    top_k : int
        Number k of highest scores to consider, from 1 to C.
    mask : tensor of bool, optional
        Items (...) that count; the rest are 0. For their mean give the mask to `aggregate` as well.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        1 or 0 (...), of the dtype of `predictions` (floatX for integers).

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, shapes, dtypes or `top_k` do not fit, an index is outside [0, C), or a dense row has no positive
        entry; for targets NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``lasagne.objectives.categorical_accuracy``

    Examples
    --------
    >>> from objectives import categorical_accuracy
    >>> print(categorical_accuracy([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]], [1, 2]).eval())
    [1. 0.]
    """
    _refuse_indices(as_tensor(predictions, "predictions"), as_tensor(targets, "targets"))
    scores = floating_scores(predictions)
    scores, t, mask = classwise(scores, of_items(scores, targets), mask, axis=axis)
    num_classes = scores.type.shape[-1]
    if whole_number(top_k, "top_k", 1) > (num_classes or top_k):
        raise ValueError(f"top_k must be at most the number of classes, {num_classes}, not {top_k}")
    rank = label_rank(scores, as_labels(t, scores, mask))
    hit = pt.lt(rank, top_k).astype(scores.dtype)
    return selected(mask, where(rank < 0, np.nan, hit))


def _refuse_indices(predictions, targets):
    """Raise if predictions are class indices, as from ``argmax``, rather than scores."""
    if "int" in predictions.dtype and "int" in targets.dtype and predictions.ndim == targets.ndim:
        raise TypeError(
            "predictions are integers, as targets are: give the scores of classes, or of class indices "
            "pt.eq(predictions, targets); integer scores beside one-hot targets need "
            f"predictions.astype({config.floatX!r})"
        )


@described(per="item", train_with="binary_crossentropy_with_logits", predictions=REALS, targets=BINARY)
def exact_match(
    predictions: TensorLike,
    targets: TensorLike,
    threshold: TensorLike = 0.5,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Exact match (subset accuracy): 1 where all thresholded labels of an item are right, else 0.

    The strictest measure of several labels per item; `binary_accuracy` scores labels one by one. For labels l:

    .. math:: A_i = \prod_l [[p_{il} \ge \theta] = t_{il}]

    Parameters
    ----------
    predictions : tensor
        Probabilities p (..., L), or logits with ``threshold=0``; NaN is never right.
    targets : tensor
        Targets t (..., L), in {0, 1}.
    threshold : float or tensor
        Smallest prediction θ that counts as 1; for one per label give a tensor of the rank of `predictions`.
    mask : tensor of bool, optional
        Items (...) that count; the rest are 0. For their mean give the mask to `aggregate` as well.
    axis : int
        Axis of labels.

    Returns
    -------
    TensorVariable
        1 or 0 (...), of the dtype of `predictions` (floatX for integers); 1 for an item without labels.

    Raises
    ------
    TypeError, IndexError
        If ranks or dtypes do not fit, or a target is neither 0 nor 1; NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.accuracy_score`` of label indicators

    Examples
    --------
    >>> from objectives import exact_match
    >>> print(exact_match([[0.2, 0.7], [0.9, 0.1]], [[0, 1], [1, 1]]).eval())
    [1. 0.]
    """
    p = floating_scores(predictions)
    items = rows = None
    if mask is not None:
        items = aligned_mask(mask, "items of the predictions", class_axis_last(p, axis).type.shape[:-1])
        rows = pt.expand_dims(items, axis) if items.ndim else items
    right = class_axis_last(binary_accuracy(p, targets, threshold, mask=rows), axis)
    all_right = pt.invert(pt.lt(right, 1).any(axis=-1)).astype(right.dtype)
    return selected(items, where(pt.isnan(right).any(axis=-1), np.nan, all_right))
