"""Crossentropies whose care for improbable target classes is bounded or changed."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.special import log_softmax

from objectives._inputs import OF_LOGITS, are_labels, classwise, fitted, matching
from objectives._logits import logits_of, probabilities_of
from objectives._options import at_least, known_number
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
    minimiser="class probabilities, moved apart",
    predictions=SIMPLEX,
    targets=CLASSES,
)
def generalized_crossentropy(predictions, targets, *, q=0.7, axis=-1, mask=None):
    r"""Generalised crossentropy, bounded so that wrong labels weigh less, one number for each item.

    .. math:: L_i = \frac{1 - p_i^q}{q}, \qquad p_i = \sum_c t_{ic}\, p_{ic}

    with the predictions :math:`p_{ic}` and the targets :math:`t`. For integer targets :math:`y` the probability is
    :math:`p_i = p_{i, y_i}`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1] that add up to 1 over the class axis, usually the output of a softmax.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    q : float
        Robustness in (0, 1]. For q = 1 the loss is the error 1 - p, towards 0 it becomes the
        `categorical_crossentropy`.
    axis : int
        Class axis of `predictions`, and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...) in [0, 1/q], of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If `q` is outside (0, 1], or the predictions are the output of a log-softmax.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    Predictions that are the output of a softmax are seen when the loss is built, which then starts from the logits,
    and whose gradient is finite. That by a probability of 0 is infinite unless q is 1. Nothing is clipped or
    normalised.

    References
    ----------
    .. [1] Zhang, Z. and Sabuncu, M. R. (2018), "Generalized cross entropy loss for training deep neural networks with
       noisy labels", arXiv:1805.07836

    Examples
    --------
    >>> from objectives import generalized_crossentropy
    >>> predictions = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]
    >>> print(generalized_crossentropy(predictions, [0, 2]).eval().round(4))
    [0.3156 1.1435]
    """
    predictions = probabilities_of(predictions)
    if (number := known_number(q)) is not None and not 0 < number <= 1:
        raise ValueError(f"q must be greater than 0 and at most 1, not {number}")
    scores, targets, mask, are_logs = class_scores(predictions, targets, mask, axis)
    targets, q = checked(targets, scores), fitted(matching(q, scores), "q", (), "loss")
    if are_logs:
        shortfall = -pt.expm1(q * _expected_log(scores, targets))
    else:
        shortfall = _shortfall(_expected(probability(scores), targets), q)
    return finished(shortfall / q, mask).astype(predictions.dtype)


@described(per="item", smooth=True, minimiser="log probabilities, moved apart", logits=REALS, targets=CLASSES)
def poly_loss(logits, targets, *, epsilon=2.0, axis=-1, mask=None):
    r"""Crossentropy of logits plus a multiple of the error, one number for each item.

    .. math::
        L_i = \sum_c t_{ic} \bigl(-\log p_{ic} + \varepsilon\, (1 - p_{ic})\bigr), \qquad
        p_{ic} = \frac{e^{z_{ic}}}{\sum_k e^{z_{ik}}}

    with the logits :math:`z`, the targets :math:`t` and the factor :math:`\varepsilon` of the error. For integer
    targets only the term of the target class is there.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C). A row of zeros
        costs nothing.
    epsilon : float
        Factor of the error, from -1 on: 0 is the `categorical_crossentropy_with_logits`. The source found 2 to be good
        for images, -1 for finding objects.
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
        If `epsilon` is less than -1, where probable targets would cost more, or the logits are the output of a softmax
        or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The crossentropy is :math:`\sum_{j \ge 1} (1 - p)^j / j`; this loss, Poly-1, adds to the factor of its first term.
    It is convex in the logits for epsilon from -1 to 1.

    References
    ----------
    .. [1] Leng, Z. et al. (2022), "PolyLoss: a polynomial expansion perspective of classification loss functions",
       arXiv:2204.12511

    Examples
    --------
    >>> from objectives import poly_loss
    >>> print(poly_loss([[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0]], [0, 2]).eval().round(4))
    [6.656e-01 1.002e+03]
    """
    at_least(epsilon, "epsilon", -1)
    z, targets, mask = classwise(logits_of(logits), targets, mask, axis=axis, names=OF_LOGITS)
    epsilon = fitted(matching(epsilon, z), "epsilon", (), "loss")
    loss = crossentropy(log_softmax(z, axis=-1), targets, log=lambda log_p, weight: log_p + epsilon * pt.expm1(log_p))
    return finished(loss, mask)


def _shortfall(p, q):
    """``1 - p ** q``, whose slope at 0 is that of the power."""
    zero = equal(p, 0)
    steep = zero & (q < 1)
    at_zero = where(steep, pt.sqrt(where(steep, p, 1)), p)
    return where(zero, 1 - at_zero, -pt.expm1(q * pt.log(where(zero, 1, p))))


def _expected(p, targets):
    """The probability of the target."""
    if are_labels(targets, p):
        return pick_class(p, targets)
    # the gradient of a power of 0 is infinite: it must not meet targets of 0
    return where(pt.neq(targets, 0), targets * p, 0).sum(axis=-1)


def _expected_log(log_p, targets):
    """The logarithm of the probability of the target, for dense targets no less than -1e4."""
    if are_labels(targets, log_p):
        return pick_class(log_p, targets)
    greatest = disconnected_grad(pt.max(where(pt.neq(targets, 0), log_p, -1e4), axis=-1, keepdims=True))
    ratio = _expected(pt.exp(where(pt.neq(targets, 0), log_p - greatest, 0)), targets)
    impossible = equal(ratio, 0)
    return where(impossible, 0, pt.log(where(impossible, 1, ratio))) + greatest[..., 0]
