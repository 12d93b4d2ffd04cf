"""Whether predictions are right."""

import numpy as np
import pytensor.tensor as pt

from objectives._inputs import aligned_mask, as_labels, class_axis_last, classwise, elementwise, floating_scores, option
from objectives._options import whole_number
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.ops.labels import binary_target
from objectives.ops.marking import selected
from objectives.ops.ranking import label_rank
from objectives.ops.selection import condition_of, where

__all__ = ["binary_accuracy", "categorical_accuracy", "exact_match"]


@described(differentiable=False, predictions=REALS, targets=BINARY)
def binary_accuracy(predictions, targets, threshold=0.5, *, mask=None):
    r"""Whether thresholded predictions equal binary targets, element by element.

    .. math:: A = [[p \ge \theta] = t]

    with the predictions :math:`p`, the threshold :math:`\theta` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor
        Probabilities (...), or any scores that the threshold fits, such as logits with ``threshold=0``.
    targets : tensor
        Targets (...) in {0, 1}. A vector is aligned with a column of predictions, see `align_targets`.
    threshold : float or tensor
        Least prediction that counts as 1.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0.

    Returns
    -------
    TensorVariable
        1 where the prediction is right, 0 where it is not (...), of the dtype of the predictions (floatX for
        integers), so that `aggregate` and its gradient-free mean keep that dtype.

    Raises
    ------
    TypeError
        If the ranks differ or static shapes cannot be paired.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the element is NaN.

    Notes
    -----
    A prediction of NaN is never right; a target that is neither 0 nor 1 gives NaN. For the mean over the elements that
    count give the mask to `aggregate`, too.

    References
    ----------
    .. [1] ``lasagne.objectives.binary_accuracy``

    Examples
    --------
    >>> from objectives import binary_accuracy
    >>> print(binary_accuracy([0.2, 0.5, 0.9], [1, 1, 1]).eval())
    [0. 1. 1.]
    """
    predictions, targets, mask = elementwise(floating_scores(predictions), targets, mask)
    threshold = option(threshold, "threshold", predictions)
    targets = binary_target(targets)
    wrong = pt.neq(pt.ge(predictions, threshold), pt.gt(targets, 0)) | pt.isnan(predictions)
    right = pt.invert(condition_of(wrong)).astype(predictions.dtype)
    return selected(mask, where(pt.lt(targets, 0), np.nan, right))


@described(per="item", differentiable=False, predictions=REALS, targets=CLASSES)
def categorical_accuracy(predictions, targets, top_k=1, *, axis=-1, mask=None):
    r"""Whether the target class is among the k classes of the greatest scores, for each item.

    .. math:: A_i = [r_i < k], \qquad r_i = |\{j : z_{ij} > z_{i, y_i}\}| + |\{j < y_i : z_{ij} = z_{i, y_i}\}|

    with the scores :math:`z` and the target class :math:`y_i`: the rank is counted by comparison, without sorting.

    Parameters
    ----------
    predictions : tensor
        Scores (..., C): probabilities, logits or any others of which greater is better.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C), whose class is
        that of their first greatest entry.
    top_k : int
        How many of the best classes count, from 1 to C.
    axis : int
        Class axis of `predictions`, and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0.

    Returns
    -------
    TensorVariable
        1 for a hit, 0 otherwise (...), of the dtype of the predictions (floatX for integers).

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form (rank mismatch), or class indices are not integers.
    ValueError
        If `top_k` is not a whole number from 1 to C, where C is known when the graph is built. (Otherwise every class
        is among more than C.)
    IndexError
        At run time, for a class index outside [0, C), or a dense row without a positive entry, on Numba and C. On
        JAX, PyTorch and MLX, which cannot raise, the item is NaN.

    Notes
    -----
    Of equal scores the one of the lower class index comes first, so that exactly k classes are in the top k, a hit
    stays one as k grows, and k = 1 agrees with ``argmax``. NaN scores come before all others, as in ``argmax``, but a
    target whose own score is NaN is never a hit.

    References
    ----------
    .. [1] ``lasagne.objectives.categorical_accuracy``

    Examples
    --------
    >>> from objectives import categorical_accuracy
    >>> predictions = [[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]]
    >>> print(categorical_accuracy(predictions, [1, 2]).eval())
    [1. 0.]
    >>> print(categorical_accuracy(predictions, [1, 2], top_k=2).eval())
    [1. 1.]
    """
    scores, targets, mask = classwise(floating_scores(predictions), targets, mask, axis=axis)
    num_classes = scores.type.shape[-1]
    if whole_number(top_k, "top_k", 1) > (num_classes or top_k):
        raise ValueError(f"top_k must be at most the number of classes, {num_classes}, not {top_k}")
    rank = label_rank(scores, as_labels(targets, scores, mask))
    hit = pt.lt(rank, top_k).astype(scores.dtype)
    return selected(mask, where(rank < 0, np.nan, hit))


@described(per="item", differentiable=False, predictions=REALS, targets=BINARY)
def exact_match(predictions, targets, threshold=0.5, *, axis=-1, mask=None):
    r"""Whether thresholded predictions of all labels are right, for each item.

    .. math:: A_i = \prod_l [[p_{il} \ge \theta] = t_{il}]

    with the predictions :math:`p`, the threshold :math:`\theta` and the targets :math:`t` of label l.

    Parameters
    ----------
    predictions : tensor
        Probabilities (..., L), or any scores that the threshold fits.
    targets : tensor
        Targets (..., L) in {0, 1}.
    threshold : float or tensor
        Least prediction that counts as 1; of several, such as one for each label, in the rank of the predictions.
    axis : int
        The axis of labels.
    mask : tensor of bool, optional
        Items that count (...); the others are 0.

    Returns
    -------
    TensorVariable
        1 where all labels are right, 0 elsewhere (...), of the dtype of the predictions (floatX for integers).

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or there is no axis of labels.
    IndexError
        At run time, for a target that is neither 0 nor 1, on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN.

    Notes
    -----
    Also called subset accuracy. A prediction of NaN is never right; an item with a target that is neither 0 nor 1 is
    NaN. An item without labels is right.

    References
    ----------
    .. [1] ``sklearn.metrics.accuracy_score`` of label indicators

    Examples
    --------
    >>> from objectives import exact_match
    >>> print(exact_match([[0.2, 0.7], [0.9, 0.1]], [[0, 1], [1, 1]]).eval())
    [1. 0.]
    """
    predictions = floating_scores(predictions)
    rows = None
    if mask is not None:
        mask = aligned_mask(mask, "items of the predictions", class_axis_last(predictions, axis).type.shape[:-1])
        rows = pt.expand_dims(mask, axis) if mask.ndim else mask
    right = class_axis_last(binary_accuracy(predictions, targets, threshold, mask=rows), axis)
    all_right = pt.invert(pt.lt(right, 1).any(axis=-1)).astype(right.dtype)
    return selected(mask, where(pt.isnan(right).any(axis=-1), np.nan, all_right))
