"""Perplexity: how likely a model finds the targets."""

import pytensor.tensor as pt

from objectives._inputs import floating, items
from objectives._probabilities import refuse_probabilities
from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._sets import check_rows, item_weights, selecting
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.selection import scaled
from objectives.ops.statistics import accumulator_dtype, total_of

__all__ = ["perplexity"]


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
    logits = floating(logits, "logits")
    refuse_probabilities(logits)
    check_rows(logits, targets)
    mask, weights = selecting(mask, weights)
    z, targets, mask = items(logits, targets, mask, axis=axis)
    losses = SoftmaxCrossentropy.of(z, targets, mask=mask)
    dtype = accumulator_dtype(losses.dtype)
    weights = item_weights(losses, mask, weights, dtype)
    return pt.exp(total_of(scaled(weights, losses.astype(dtype))) / total_of(weights))
