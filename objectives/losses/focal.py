"""Focal losses: crossentropies that care less for what is predicted well."""

from functools import partial

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from objectives._inputs import OF_LOGITS, UNDER_PREDICTIONS, classwise, elementwise, floating, matching, option
from objectives._logits import logits_of, probabilities_of, sigmoid_logits
from objectives._options import at_least, share
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

# Under this logarithm of an error nothing is left of its powers, and zero times it is zero.
VANISHING = -1e4


@described(convex=True, smooth=True, minimiser="probability, moved towards 1/2", predictions=UNIT, targets=UNIT)
def binary_focal_crossentropy(predictions, targets, *, gamma=2.0, alpha=None, label_smoothing=0.0, mask=None):
    r"""Focal loss of probabilities and binary targets, element by element.

    .. math::
        L = a\, e^\gamma\, \bigl(-t \log p - (1 - t) \log(1 - p)\bigr), \qquad e = t (1 - p) + (1 - t)\, p

    with the predictions :math:`p`, the targets :math:`t`, the probability :math:`e` of being wrong and the balance
    :math:`a = \alpha t + (1 - \alpha)(1 - t)` (1 if not given).

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (...) in [0, 1], usually the output of a sigmoid.
    targets : tensor
        Targets (...) in [0, 1], hard or soft; others give NaN. A vector is aligned with a column of predictions, see
        `align_targets`.
    gamma : float
        Exponent of the error, not negative. 0 is the `binary_crossentropy`.
    alpha : float or tensor, optional
        Weight in [0, 1] of positives, where negatives have :math:`1 - \alpha`: a number, or a tensor of the rank of the
        predictions that broadcasts to them.
    label_smoothing : float
        Share :math:`\varepsilon` in [0, 1] by which targets move towards 1/2, before all else.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `predictions`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the predictions are integers.
    ValueError
        If `gamma` is negative, or `alpha` or `label_smoothing` is outside [0, 1].

    Notes
    -----
    Predictions that are the output of a sigmoid are seen when the loss is built, and
    `binary_focal_crossentropy_with_logits` is used. Others are not clipped, see `binary_crossentropy`. Keras takes the
    mean over the last axis, and has ``alpha=0.25`` where it is told to balance.

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
        return _of_logits(*prepared, gamma, alpha, label_smoothing).astype(predictions.dtype)
    p, targets, mask = elementwise(predictions, targets, mask, fill=0.5)
    t = smoothed(targets, label_smoothing)
    balance = _balance(alpha, t)
    # 0 times an infinite loss
    p = where(pt.neq(balance, 0) | (pt.neq(p, 0) & pt.neq(p, 1)), p, 0.5)
    focus = _power(t + (1 - 2 * t) * _fixed_if_certain(p), gamma)
    return finished(balance * (focus * binary_crossentropy(p, t)), mask)


@described(smooth=True, minimiser="log odds, moved towards 0", logits=REALS, targets=UNIT)
def binary_focal_crossentropy_with_logits(logits, targets, *, gamma=2.0, alpha=None, label_smoothing=0.0, mask=None):
    r"""Focal loss of logits and binary targets, element by element.

    .. math::
        L = a\, e^\gamma\, \bigl(t \log(1 + e^{-z}) + (1 - t) \log(1 + e^z)\bigr), \qquad
        e = t\, \sigma(-z) + (1 - t)\, \sigma(z)

    with the logits :math:`z`, the targets :math:`t`, the probability :math:`e` of being wrong and the balance
    :math:`a = \alpha t + (1 - \alpha)(1 - t)` (1 if not given): the `binary_focal_crossentropy` of
    :math:`\sigma(z) = 1 / (1 + e^{-z})`.

    Parameters
    ----------
    logits : tensor of float
        Logits (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets (...) in [0, 1], hard or soft; others give NaN. A vector is aligned with a column of logits, see
        `align_targets`.
    gamma : float
        Exponent of the error, not negative. 0 is the `binary_crossentropy_with_logits`.
    alpha : float or tensor, optional
        Weight in [0, 1] of positives, where negatives have :math:`1 - \alpha`: a number, or a tensor of the rank of the
        logits that broadcasts to them.
    label_smoothing : float
        Share :math:`\varepsilon` in [0, 1] by which targets move towards 1/2, before all else.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `logits`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the logits are integers.
    ValueError
        If `gamma` is negative, `alpha` or `label_smoothing` is outside [0, 1], or the logits are the output of a
        sigmoid.

    Notes
    -----
    The power is taken in logarithms. For hard targets, value and gradient keep their relative accuracy over the whole
    range of logits, for every gamma. The loss is ``optax.sigmoid_focal_loss``.

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
    return _of_logits(*prepared, gamma, alpha, label_smoothing)


def _of_logits(z, targets, mask, gamma, alpha, label_smoothing):
    t = smoothed(targets, label_smoothing)
    # An infinite logit must not make the gradient NaN; where the focus is 0 or 1, larger logits change nothing.
    finite = where(z > -VANISHING, -VANISHING, where(z < VANISHING, VANISHING, z))
    # Where the sigmoid vanishes, its logarithm is the logit.
    focus = _power(t * pt.sigmoid(-finite) + (1 - t) * pt.sigmoid(finite), gamma, log_of_small=-pt.abs(finite))
    return finished(scaled(_balance(alpha, t), focus * binary_crossentropy_with_logits(z, t)), mask)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimiser="class probabilities, moved towards each other",
    predictions=SIMPLEX,
    targets=CLASSES,
)
def categorical_focal_crossentropy(predictions, targets, *, gamma=2.0, alpha=None, axis=-1, mask=None):
    r"""Focal loss of class probabilities and target classes, one number for each item.

    .. math:: L_i = -\sum_c \alpha_c\, t_{ic}\, (1 - p_{ic})^\gamma \log p_{ic}, \qquad 0 \log 0 = 0

    with the predictions :math:`p`, the targets :math:`t` and the class weights :math:`\alpha` (1 if not given). For
    integer targets only the term of the target class is there.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1] that add up to 1 over the class axis, usually the output of a softmax.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    gamma : float
        Exponent of the error, not negative. 0 is the `categorical_crossentropy`.
    alpha : float or tensor, optional
        One factor (C,) for each class, or one for all.
    axis : int
        Class axis of `predictions`, and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If `gamma` is negative, or the predictions are the output of a log-softmax.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    Predictions that are the output of a softmax are seen when the loss is built, which then starts from the logits.
    Others are neither normalised nor clipped. Keras has ``alpha=0.25`` by default, which only scales the loss.

    References
    ----------
    .. [1] Lin, T.-Y. et al. (2017), "Focal loss for dense object detection", arXiv:1708.02002

    Examples
    --------
    >>> from objectives import categorical_focal_crossentropy
    >>> predictions = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]
    >>> print(categorical_focal_crossentropy(predictions, [0, 2]).eval().round(4))
    [0.0321 1.8651]
    """
    predictions = probabilities_of(predictions, "categorical_focal_crossentropy_with_logits")
    scores, targets, mask, are_logs = class_scores(predictions, targets, mask, axis)
    term = _focused_log if are_logs else _focused_log_of_probability
    return finished(_categorical(scores, targets, term, gamma, alpha), mask).astype(predictions.dtype)


@described(
    per="item",
    smooth=True,
    minimiser="log probabilities, moved towards each other",
    logits=REALS,
    targets=CLASSES,
)
def categorical_focal_crossentropy_with_logits(logits, targets, *, gamma=2.0, alpha=None, axis=-1, mask=None):
    r"""Focal loss of logits and target classes, one number for each item.

    .. math::
        L_i = -\sum_c \alpha_c\, t_{ic}\, (1 - e^{\ell_{ic}})^\gamma\, \ell_{ic}, \qquad
        \ell_{ic} = z_{ic} - \log \sum_k e^{z_{ik}}

    with the logits :math:`z`, the targets :math:`t` and the class weights :math:`\alpha` (1 if not given): the
    `categorical_focal_crossentropy` of the softmax of z.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C). A row of zeros
        costs nothing.
    gamma : float
        Exponent of the error, not negative. 0 is the `categorical_crossentropy_with_logits`.
    alpha : float or tensor, optional
        One factor (C,) for each class, or one for all.
    axis : int
        Class axis of `logits`, and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If `gamma` is negative, or the logits are the output of a softmax or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The error is computed from the log-probability. The gradient is finite for every gamma, also where the softmax is
    0 or 1 in the digits of the dtype.

    References
    ----------
    .. [1] Lin, T.-Y. et al. (2017), "Focal loss for dense object detection", arXiv:1708.02002

    Examples
    --------
    >>> from objectives import categorical_focal_crossentropy_with_logits
    >>> logits = [[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0]]
    >>> print(categorical_focal_crossentropy_with_logits(logits, [0, 2]).eval().round(4))
    [1.09e-02 1.00e+03]
    """
    z, targets, mask = classwise(
        logits_of(logits, "categorical_focal_crossentropy"), targets, mask, axis=axis, names=OF_LOGITS
    )
    return finished(_categorical(log_softmax(z, axis=-1), targets, _focused_log, gamma, alpha), mask)


def _categorical(scores, targets, term, gamma, alpha):
    """Crossentropy of the scores, where ``term(scores, weight, gamma=...)`` stands in for their logarithm."""
    if alpha is not None:
        alpha = per_class(alpha, "alpha", scores) if np.ndim(alpha) else matching(alpha, scores)
    return crossentropy(scores, targets, class_weights=alpha, log=partial(term, gamma=gamma))


def _focused_log(log_p, weight, gamma):
    log_p = where(pt.neq(weight, 0) | pt.invert(pt.isinf(log_p)), log_p, 0)
    return _power(-pt.expm1(where(pt.isinf(log_p), VANISHING, log_p)), gamma) * log_p


def _focused_log_of_probability(p, weight, gamma):
    p = possible(p, weight)
    return _power(1 - _fixed_if_certain(p), gamma) * pt.log(p)


def _fixed_if_certain(p):
    """Probabilities, those of 0 and 1 constant: an infinite loss has the infinite gradient of the crossentropy."""
    return where(pt.neq(p, 0), where(pt.neq(p, 1), p, 1), 0)


def _power(error, gamma, log_of_small=VANISHING):
    """``error ** gamma``, in logarithms, whose derivatives exist where the error vanishes."""
    at_least(gamma, "gamma", 0)
    if np.ndim(gamma) != 0:
        raise TypeError("gamma must be one number for all items and classes")
    small = error < np.finfo(error.dtype).eps ** 2
    return pt.exp(matching(gamma, error) * where(small, log_of_small, pt.log(where(small, 1, error))))


def _balance(alpha, targets):
    """Weights of positives and negatives."""
    if alpha is None:
        return 1
    alpha = option(share(alpha, "alpha"), "alpha", targets)
    return alpha * targets + (1 - alpha) * (1 - targets)
