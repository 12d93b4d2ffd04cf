"""How likely or how close the targets are under predicted probabilities."""

import pytensor.tensor as pt

from objectives._inputs import OF_LOGITS, are_labels, classwise, items
from objectives._logits import logits_of, probabilities_of
from objectives._options import one_of
from objectives.lookup import CLASSES, REALS, SIMPLEX, described
from objectives.losses._terms import checked, probability
from objectives.metrics._sets import check_rows, item_weights, selecting
from objectives.ops.counting import EntryCount
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.labels import is_class, pick_class
from objectives.ops.marking import loss, selected
from objectives.ops.selection import scaled, where
from objectives.ops.statistics import accumulator_dtype, total_of

__all__ = ["brier_score", "perplexity"]


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimiser="class probabilities",
    minimum=0,
    predictions=SIMPLEX,
    targets=CLASSES,
)
def brier_score(predictions, targets, *, scale_by_half="auto", axis=-1, mask=None):
    r"""Squared distance of class probabilities from the target, one number for each item.

    .. math:: B_i = \sum_c (p_{ic} - t_{ic})^2

    with the predictions :math:`p` and the targets :math:`t`, one-hot rows of class indices; half of it for two
    classes.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1] that add up to 1 over the class axis.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets (..., C).
    scale_by_half : bool or "auto"
        Whether to halve it, so that it is in [0, 1] rather than [0, 2]; by default for two classes, where it is then
        the squared error of the probability of either class.
    axis : int
        Class axis of predictions and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0.

    Returns
    -------
    TensorVariable
        Scores (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If `scale_by_half` is neither a bool nor "auto", or the predictions are the output of a log-softmax.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN.

    Notes
    -----
    A proper scoring rule. Of probabilities (...) of the positive class alone it is `squared_error`.

    References
    ----------
    .. [1] ``sklearn.metrics.brier_score_loss``
    .. [2] Brier, G. W. (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather Review
       78(1), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2

    Examples
    --------
    >>> from objectives import aggregate, brier_score
    >>> scores = brier_score([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 2])
    >>> print(scores.eval().round(4), aggregate(scores).eval().round(4))
    [0.14 1.46] 0.8
    """
    one_of(scale_by_half, "scale_by_half", (True, False, "auto"))
    predictions = probabilities_of(predictions)
    p, targets, mask = classwise(predictions, targets, mask, axis=axis)
    p, targets = probability(p), checked(targets, p)
    if are_labels(targets, p):
        others = where(is_class(targets, p), 0, p)
        score = (others**2).sum(axis=-1) + (1 - pick_class(p, targets)) ** 2
    else:
        score = ((p - targets) ** 2).sum(axis=-1)
    return loss(selected(mask, score * _scale(p, scale_by_half)))


def _scale(p, scale_by_half):
    if scale_by_half != "auto":
        return 0.5 if scale_by_half else 1
    if p.type.shape[-1] is not None:
        return 0.5 if p.type.shape[-1] == 2 else 1
    return where(pt.neq(EntryCount(axis=(p.ndim - 1,))(p), 2), pt.ones((), p.dtype), 0.5)


@described(best="min", per="set", differentiable=False, logits=REALS, targets=CLASSES)
def perplexity(logits, targets, *, weights=None, mask=None, axis=-1):
    r"""The exponential of the mean crossentropy: among how many equally likely classes a model is undecided.

    .. math:: P = \exp \frac{\sum_i w_i L_i}{\sum_i w_i}, \qquad L_i = \log \sum_k e^{z_{ik}} - z_{i y_i}

    with the logits :math:`z`, the target classes :math:`y` and the weights :math:`w` (1 if not given).

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), such as (batch, time, vocabulary).
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets (..., C).
    weights : tensor, optional
        How much each item counts (...); booleans choose items.
    mask : tensor of bool, optional
        Items that count (...), such as ``pt.neq(targets, -100)``.
    axis : int
        Class axis of logits and of dense targets.

    Returns
    -------
    TensorVariable
        The perplexity, a scalar in floatX, or the dtype of the logits if that is wider.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, or class indices are not integers.
    ValueError
        If the logits are the output of a softmax or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the perplexity is NaN.

    Notes
    -----
    NaN if nothing counts. The two sums add up over batches: it is the exponential of the mean over all items, not the
    mean of those of batches. Of probabilities it is ``pt.exp(aggregate(categorical_crossentropy(...)))``; without the
    exponential that is the log loss.

    References
    ----------
    .. [1] ``torchmetrics.functional.text.perplexity``
    .. [2] Jelinek, F. et al. (1977), "Perplexity, a measure of the difficulty of speech recognition tasks", The
       Journal of the Acoustical Society of America 62(S1), doi:10.1121/1.2016299

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import perplexity
    >>> print(perplexity(np.zeros((3, 8)), [0, 5, 7]).eval().round(4))
    8.0
    """
    logits = logits_of(logits)
    check_rows(logits, targets)
    mask, weights = selecting(mask, weights)
    z, targets, mask = items(logits, targets, mask, axis=axis, names=OF_LOGITS)
    losses = SoftmaxCrossentropy.of(z, targets, mask=mask)
    dtype = accumulator_dtype(losses.dtype)
    weights = item_weights(losses, mask, weights, dtype)
    return pt.exp(total_of(scaled(weights, losses.astype(dtype))) / total_of(weights))
