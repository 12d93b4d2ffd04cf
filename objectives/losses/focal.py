"""Focal losses: crossentropies that down-weight easy examples."""

from functools import partial

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import (
    OF_LOGITS,
    UNDER_PREDICTIONS,
    classwise,
    elementwise,
    floating,
    matching,
    of_items,
    option,
)
from objectives._logits import logits_of, probabilities_of, sigmoid_logits, warn_of_a_bare_layer
from objectives._options import at_least, share
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, REALS, SIMPLEX, UNIT, described
from objectives.losses._terms import class_scores, finished, per_class, possible, smoothed
from objectives.losses.binary import binary_crossentropy, binary_crossentropy_with_logits
from objectives.ops.crossentropy import crossentropy
from objectives.ops.selection import scaled, where

__all__ = [
    "binary_focal_crossentropy",
    "binary_focal_crossentropy_with_logits",
    "categorical_focal_crossentropy",
    "categorical_focal_crossentropy_with_logits",
]

# Log-errors are cut off here: every power of the error is then 0, and 0 * log stays 0 instead of NaN.
VANISHING = -1e4


@described(convex=True, smooth=True, minimizer="probability, moved toward 1/2", predictions=UNIT, targets=UNIT)
def binary_focal_crossentropy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    gamma: TensorLike = 2.0,
    alpha: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Focal loss of probabilities of two classes or of independent labels, element by element.

    Choose it over `binary_crossentropy` where easy negatives outnumber the rest; a sigmoid is traced to its logits.

    .. math:: L = -a\, e^\gamma \bigl(t \log p + (1 - t) \log(1 - p)\bigr), \qquad e = t (1 - p) + (1 - t)\, p

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (...) in [0, 1]. Others give NaN, except within rounding.
    targets : tensor
        Targets t (...) in [0, 1], hard or soft; others give NaN.
    gamma : float
        Exponent of the error e, not negative; 0 gives `binary_crossentropy`.
    alpha : tensor, optional
        Weight of positives in [0, 1], for the balance a = alpha t + (1 - alpha)(1 - t); by default a is 1.
    label_smoothing : float
        Share in [0, 1] by which targets first move toward 1/2.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...). Keras's are their means over the last axis.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] Lin, T.-Y. et al. (2017), "Focal loss for dense object detection", arXiv:1708.02002

    Examples
    --------
    >>> from objectives import binary_focal_crossentropy
    >>> print(binary_focal_crossentropy([0.8, 0.9, 0.5], [1, 0, 1]).eval().round(4))
    [0.0089 1.8651 0.1733]
    """
    predictions = floating(predictions, "predictions")
    if (logits := sigmoid_logits(predictions)) is not None:
        prepared = elementwise(logits_of(logits, names=UNDER_PREDICTIONS), targets, mask)
        loss = _of_logits(*prepared, gamma=gamma, alpha=alpha, label_smoothing=label_smoothing)
        return loss.astype(predictions.dtype)
    warn_of_a_bare_layer(predictions, "sigmoid", "binary_focal_crossentropy_with_logits")
    p, targets, mask = elementwise(predictions, targets, mask, fill=0.5)
    t = smoothed(targets, label_smoothing)
    balance = _balance(alpha, t)
    # Keep 0 times an infinite loss out of the graph.
    p = where(pt.neq(balance, 0) | (pt.neq(p, 0) & pt.neq(p, 1)), p, 0.5)
    focus = _power(t + (1 - 2 * t) * _fixed_if_certain(p), gamma)
    return finished(balance * (focus * binary_crossentropy(p, t)), mask)


@described(smooth=True, minimizer="log odds, moved toward 0", logits=REALS, targets=UNIT)
def binary_focal_crossentropy_with_logits(
    logits: TensorLike,
    targets: TensorLike,
    *,
    gamma: TensorLike = 2.0,
    alpha: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Focal loss of logits of two classes or of independent labels, element by element.

    Choose it over `binary_focal_crossentropy` whenever you have the logits. It is ``optax.sigmoid_focal_loss``.

    .. math:: L = -a\, e^\gamma \bigl(t \log p + (1 - t) \log(1 - p)\bigr), \qquad e = t (1 - p) + (1 - t)\, p

    Parameters
    ----------
    logits : tensor of float
        Logits z (...), with p as their sigmoid; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets t (...) in [0, 1], hard or soft; others give NaN.
    gamma : float
        Exponent of the error e, not negative; 0 gives `binary_crossentropy_with_logits`.
    alpha : tensor, optional
        Weight of positives in [0, 1], for the balance a = alpha t + (1 - alpha)(1 - t); by default a is 1.
    label_smoothing : float
        Share in [0, 1] by which targets first move toward 1/2.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...). For hard targets they are accurate over the whole range of logits, as is the gradient.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit, or the logits are the output of a softmax or sigmoid.

    References
    ----------
    .. [1] Lin, T.-Y. et al. (2017), "Focal loss for dense object detection", arXiv:1708.02002

    Examples
    --------
    >>> from objectives import binary_focal_crossentropy_with_logits
    >>> print(binary_focal_crossentropy_with_logits([0.0, -1000.0, 1000.0], [1, 1, 1]).eval().round(4))
    [1.733e-01 1.000e+03 0.000e+00]
    """
    prepared = elementwise(logits_of(logits, "binary_focal_crossentropy"), targets, mask, names=OF_LOGITS)
    return _of_logits(*prepared, gamma=gamma, alpha=alpha, label_smoothing=label_smoothing)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="class probabilities, moved toward each other",
    predictions=SIMPLEX,
    targets=CLASSES,
)
def categorical_focal_crossentropy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    gamma: TensorLike = 2.0,
    alpha: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Focal loss of class probabilities and integer, one-hot or soft targets, item by item.

    Choose it over `categorical_crossentropy` where easy items outnumber the rest; a softmax is traced to its logits.

    .. math:: L_i = -\sum_c \alpha_c\, t_{ic}\, (1 - p_{ic})^\gamma \log p_{ic}, \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C) that add up to 1 over the class axis; nothing is clipped or normalized.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    gamma : float
        Exponent of the error, not negative; 0 gives `categorical_crossentropy`.
    alpha : tensor, optional
        Factor of all classes or of each class (C,). Keras's default of 0.25 only scales the loss.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of dense targets.

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
    .. [1] Lin, T.-Y. et al. (2017), "Focal loss for dense object detection", arXiv:1708.02002

    Examples
    --------
    >>> from objectives import categorical_focal_crossentropy
    >>> print(categorical_focal_crossentropy([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 2]).eval().round(4))
    [0.0321 1.8651]
    """
    predictions = probabilities_of(predictions, "categorical_focal_crossentropy_with_logits", axis=axis)
    targets = of_items(predictions, targets)
    scores, targets, mask, are_logs = class_scores(predictions, targets, mask, axis)
    term = _focused_log if are_logs else _focused_log_of_probability
    return finished(_categorical(scores, targets, term, gamma, alpha), mask).astype(predictions.dtype)


@described(
    per="item",
    smooth=True,
    minimizer="log probabilities, moved toward each other",
    logits=REALS,
    targets=CLASSES,
)
def categorical_focal_crossentropy_with_logits(
    logits: TensorLike,
    targets: TensorLike,
    *,
    gamma: TensorLike = 2.0,
    alpha: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Focal loss of class logits and integer, one-hot or soft targets, item by item.

    Choose it over `categorical_focal_crossentropy` whenever you have the logits: its gradient is always finite.

    .. math:: L_i = -\sum_c \alpha_c\, t_{ic}\, (1 - p_{ic})^\gamma \log p_{ic}, \qquad p = \mathrm{softmax}(z)

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), not their softmax; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    gamma : float
        Exponent of the error, not negative; 0 gives `categorical_crossentropy_with_logits`.
    alpha : tensor, optional
        Factor of all classes or of each class (C,).
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
    .. [1] Lin, T.-Y. et al. (2017), "Focal loss for dense object detection", arXiv:1708.02002

    Examples
    --------
    >>> from objectives import categorical_focal_crossentropy_with_logits as focal_loss
    >>> print(focal_loss([[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0]], [0, 2]).eval().round(4))
    [1.09e-02 1.00e+03]
    """
    z, targets = logits_of(logits, "categorical_focal_crossentropy"), of_items(logits, targets, OF_LOGITS)
    z, targets, mask = classwise(z, targets, mask, axis=axis, names=OF_LOGITS)
    return finished(_categorical(log_softmax(z, axis=-1), targets, _focused_log, gamma, alpha), mask)


def _of_logits(z, targets, mask, *, gamma, alpha, label_smoothing):
    t = smoothed(targets, label_smoothing)
    # Infinite logits would make the gradient NaN; beyond this bound the error is 0 or 1 anyway.
    finite = where(z > -VANISHING, -VANISHING, where(z < VANISHING, VANISHING, z))
    # Where the sigmoid underflows, its logarithm is the logit.
    focus = _power(t * pt.sigmoid(-finite) + (1 - t) * pt.sigmoid(finite), gamma, log_of_small=-pt.abs(finite))
    return finished(scaled(_balance(alpha, t), focus * binary_crossentropy_with_logits(z, t)), mask)


def _categorical(scores, targets, term, gamma, alpha):
    """Crossentropy of the scores, where ``term(scores, weight, gamma=...)`` stands in for their logarithm."""
    if alpha is not None:
        alpha = per_class(alpha, "alpha", scores) if np.ndim(alpha) else matching(alpha, scores, "alpha")
    return crossentropy(scores, targets, class_weights=alpha, log=partial(term, gamma=gamma))


def _focused_log(log_p, weight, gamma):
    log_p = where(pt.neq(weight, 0) | pt.invert(pt.isinf(log_p)), log_p, 0)
    return _power(-pt.expm1(where(pt.isinf(log_p), VANISHING, log_p)), gamma) * log_p


def _focused_log_of_probability(p, weight, gamma):
    p = possible(p, weight)
    return _power(1 - _fixed_if_certain(p), gamma) * pt.log(p)


def _fixed_if_certain(p):
    """Probabilities, with 0 and 1 as constants, so that an infinite loss has the gradient of the crossentropy."""
    return where(pt.neq(p, 0), where(pt.neq(p, 1), p, 1), 0)


def _power(error, gamma, log_of_small=VANISHING):
    """``error ** gamma`` by logarithms, whose derivatives exist where the error is 0."""
    at_least(gamma, "gamma", 0)
    if np.ndim(gamma) != 0:
        raise TypeError(f"gamma must be one number for all items, not {np.ndim(gamma)}-d")
    small = error < np.finfo(error.dtype).eps ** 2
    return pt.exp(matching(gamma, error, "gamma") * where(small, log_of_small, pt.log(where(small, 1, error))))


def _balance(alpha, targets):
    """Weights of positives and negatives: alpha and 1 - alpha."""
    if alpha is None:
        return 1
    alpha = option(share(alpha, "alpha"), "alpha", targets)
    return alpha * targets + (1 - alpha) * (1 - targets)
