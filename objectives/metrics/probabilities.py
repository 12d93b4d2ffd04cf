"""Perplexity: how likely a model finds the targets."""

import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from objectives._inputs import OF_LOGITS, as_tensor, items, shown
from objectives._logits import logits_of
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, REALS, described
from objectives.metrics._sets import item_weights, selecting
from objectives.ops.crossentropy import SoftmaxCrossentropy
from objectives.ops.selection import scaled
from objectives.ops.statistics import accumulator_dtype, total_of

__all__ = ["perplexity"]


@described(best="min", per="set", differentiable=False, logits=REALS, targets=CLASSES)
def perplexity(
    logits: TensorLike,
    targets: TensorLike,
    *,
    weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Perplexity: the exponential of the mean crossentropy of the targets.

    Choose it to compare language models: one with perplexity P is as undecided as between P equally likely classes.
    Without the exponential it is `categorical_crossentropy_with_logits`; of probabilities,
    ``pt.exp(aggregate(categorical_crossentropy(...)))``.

    .. math:: P = \exp \frac{\sum_i w_i L_i}{\sum_i w_i}, \qquad L_i = \log \sum_k e^{z_{ik}} - z_{i y_i}

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), such as (batch, time, vocabulary).
    targets : tensor
        Class indices y (...), or one-hot or soft targets (..., C).
    weights, mask : tensor, optional
        Weight w of each item (...), and whether it counts, as ``pt.neq(targets, -100)``; the rest may hold anything.
    axis : int
        Class axis of `logits` and of dense targets.

    Returns
    -------
    TensorVariable
        A number of at least 1, of all items together, also over batches; NaN without items.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks or dtypes do not fit, logits are probabilities, or an index is outside [0, C); NaN where a backend
        cannot raise.

    References
    ----------
    .. [1] ``torchmetrics.functional.text.perplexity``
    .. [2] Jelinek, F. et al. (1977), "Perplexity, a measure of the difficulty ...", doi:10.1121/1.2016299

    Examples
    --------
    >>> from objectives import perplexity
    >>> print(perplexity([[0.0] * 8] * 3, [0, 5, 7]).eval().round(4))
    8.0
    """
    z = logits_of(logits)
    if z.ndim == 1 == as_tensor(targets, "targets").ndim:
        raise TypeError(
            f"logits {shown(z.type.shape)} and targets are vectors, which would be one item: logits are rows (..., C). "
            "For logits z of two classes stack [0, z]"
        )
    mask, weights = selecting(mask, weights)
    z, t, mask = items(z, targets, mask, axis=axis, names=OF_LOGITS)
    losses = SoftmaxCrossentropy.of(z, t, mask=mask)
    dtype = accumulator_dtype(losses.dtype)
    weights = item_weights(losses, mask, weights, dtype)
    return pt.exp(total_of(scaled(weights, losses.astype(dtype))) / total_of(weights))
