"""Crossentropies for noisy labels, which bound or reshape the loss of improbable targets."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import OF_LOGITS, are_labels, classwise, fitted, matching
from objectives._logits import logits_of, probabilities_of
from objectives._options import at_least, known_number
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, REALS, SIMPLEX, described
from objectives.losses._terms import checked, class_scores, finished, probability
from objectives.ops.crossentropy import crossentropy
from objectives.ops.labels import pick_class
from objectives.ops.selection import equal, where

__all__ = ["generalized_crossentropy", "poly_loss"]


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="class probabilities, moved apart",
    predictions=SIMPLEX,
    targets=CLASSES,
)
def generalized_crossentropy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    power: TensorLike = 0.7,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Generalized crossentropy of class probabilities, bounded so that wrong labels weigh less, item by item.

    Choose it over `categorical_crossentropy` for noisy labels. A softmax is traced back to its logits.

    .. math:: L_i = \frac{1 - p_i^q}{q}, \qquad p_i = \sum_c t_{ic}\, p_{ic}

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C) that add up to 1 over the class axis; nothing is clipped or normalized.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    power : float
        The power q in (0, 1]: 1 gives the error 1 - p, and toward 0 it becomes `categorical_crossentropy`.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses (...) in [0, 1/q].

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Zhang, Z. and Sabuncu, M. R. (2018), "Generalized cross entropy loss for training deep neural networks with
       noisy labels", arXiv:1805.07836

    Examples
    --------
    >>> from objectives import generalized_crossentropy
    >>> print(generalized_crossentropy([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 2]).eval().round(4))
    [0.3156 1.1435]
    """
    predictions = probabilities_of(predictions, axis=axis)
    if (number := known_number(power)) is not None and not 0 < number <= 1:
        raise ValueError(f"power must be greater than 0 and at most 1, not {number}")
    scores, targets, mask, are_logs = class_scores(predictions, targets, mask, axis)
    targets, power = checked(targets, scores), fitted(matching(power, scores, "power"), "power", (), "loss")
    if are_logs:
        shortfall = -pt.expm1(power * _expected_log(scores, targets))
    else:
        shortfall = _shortfall(_expected(probability(scores), targets), power)
    return finished(shortfall / power, mask).astype(predictions.dtype)


@described(per="item", smooth=True, minimizer="log probabilities, moved apart", logits=REALS, targets=CLASSES)
def poly_loss(
    logits: TensorLike,
    targets: TensorLike,
    *,
    coefficient: TensorLike = 2.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Poly-1 loss of class logits: the categorical crossentropy plus a multiple of the error, item by item.

    Choose it over `categorical_crossentropy_with_logits` to tune the weight of items that are already predicted well.

    .. math:: L_i = \sum_c t_{ic} \bigl(-\log p_{ic} + \varepsilon\, (1 - p_{ic})\bigr), \qquad p = \mathrm{softmax}(z)

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), not their softmax; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    coefficient : float
        Factor :math:`\varepsilon` of the error, at least -1; 0 gives the crossentropy; up to 1 the loss is convex.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `logits` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Leng, Z. et al. (2022), "PolyLoss: a polynomial expansion perspective of classification loss functions",
       arXiv:2204.12511, which finds 2 good for image classification and -1 for object detection

    Examples
    --------
    >>> from objectives import poly_loss
    >>> print(poly_loss([[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0]], [0, 2]).eval().round(4))
    [6.656e-01 1.002e+03]
    """
    at_least(coefficient, "coefficient", -1)
    z, targets, mask = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    factor = fitted(matching(coefficient, z, "coefficient"), "coefficient", (), "loss")
    loss = crossentropy(log_softmax(z, axis=-1), targets, log=lambda log_p, weight: log_p + factor * pt.expm1(log_p))
    return finished(loss, mask)


def _shortfall(p, power):
    """``1 - p ** power``, with the slope of the power at 0."""
    zero = equal(p, 0)
    steep = zero & (power < 1)
    at_zero = where(steep, pt.sqrt(where(steep, p, 1)), p)
    return where(zero, 1 - at_zero, -pt.expm1(power * pt.log(where(zero, 1, p))))


def _expected(p, targets):
    """Probability of the target."""
    if are_labels(targets, p):
        return pick_class(p, targets)
    # A power of 0 has an infinite gradient, which must not be multiplied by targets of 0.
    return where(pt.neq(targets, 0), targets * p, 0).sum(axis=-1)


def _expected_log(log_p, targets):
    """Log-probability of the target; at least -1e4 for dense targets."""
    if are_labels(targets, log_p):
        return pick_class(log_p, targets)
    greatest = disconnected_grad(pt.max(where(pt.neq(targets, 0), log_p, -1e4), axis=-1, keepdims=True))
    ratio = _expected(pt.exp(where(pt.neq(targets, 0), log_p - greatest, 0)), targets)
    impossible = equal(ratio, 0)
    return where(impossible, 0, pt.log(where(impossible, 1, ratio))) + greatest[..., 0]
