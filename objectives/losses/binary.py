"""Losses of two classes, or of many labels that are independent of each other."""

import pytensor.tensor as pt

from objectives._inputs import OF_LOGITS, OF_SCORES, UNDER_PREDICTIONS, as_tensor, elementwise, floating, option, shown
from objectives._logits import logits_of, sigmoid_logits
from objectives.lookup import BINARY_OR_SIGNS, REALS, UNIT, described
from objectives.losses._terms import finished, probability, signs, smoothed
from objectives.ops.selection import scaled, where
from objectives.ops.softplus import softplus

__all__ = ["binary_crossentropy", "binary_crossentropy_with_logits", "logistic_loss"]


@described(convex=True, smooth=True, minimiser="probability", predictions=UNIT, targets=UNIT)
def binary_crossentropy(predictions, targets, *, pos_weight=None, label_smoothing=0.0, mask=None):
    r"""Crossentropy between probabilities and binary targets, element by element.

    .. math:: L = -q\, t \log p - (1 - t) \log(1 - p), \qquad 0 \log 0 = 0

    with the predictions :math:`p`, the targets :math:`t` and the weight of positives :math:`q`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (...) in [0, 1], usually the output of a sigmoid.
    targets : tensor
        Targets (...) in [0, 1], hard or soft; others give NaN. A vector is aligned with a column of predictions, see
        `align_targets`.
    pos_weight : float or tensor, optional
        Factor :math:`q` of the positive term, a number or one for each label of the last axis. More than 1 favours
        recall, less than 1 precision.
    label_smoothing : float
        Share :math:`\varepsilon` in [0, 1] by which targets move towards 1/2: :math:`t (1 - \varepsilon) +
        \varepsilon / 2`.
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
        If `label_smoothing` is outside [0, 1].

    Notes
    -----
    Predictions that are the output of a sigmoid, also through reshapes, transpositions, indexing and casts, are seen
    when the loss is built, and `binary_crossentropy_with_logits` is used. Other predictions are used as they are:
    nothing inside [0, 1] is clipped, a certain and wrong prediction costs infinitely much, numbers that rounding has
    taken beyond 0 or 1 count as that, and those outside by more than 0.1 % give NaN. A softmax is not looked through
    here: give `categorical_crossentropy` the classes that exclude each other.

    References
    ----------
    .. [1] ``lasagne.objectives.binary_crossentropy``
    .. [2] Good, I. J. (1952), "Rational decisions", Journal of the Royal Statistical Society B 14,
       doi:10.1111/j.2517-6161.1952.tb00104.x

    Examples
    --------
    >>> from objectives import binary_crossentropy
    >>> print(binary_crossentropy([0.8, 0.8, 0.5], [1, 0, 1]).eval().round(4))
    [0.2231 1.6094 0.6931]
    """
    predictions = floating(predictions, "predictions")
    logits = sigmoid_logits(predictions)
    if logits is not None:
        prepared = elementwise(logits_of(logits, names=UNDER_PREDICTIONS), targets, mask)
        return _of_logits(*prepared, pos_weight, label_smoothing).astype(predictions.dtype)
    p, targets, mask = elementwise(predictions, targets, mask, fill=0.5)
    p, t = probability(p), smoothed(targets, label_smoothing)
    # 0 log 0: the probability is replaced before the logarithm, since 0 / 0 in its gradient could not be undone
    positive = _positive_weight(pos_weight, t) * t
    log_p = pt.log(where(pt.neq(positive, 0) | pt.neq(p, 0), p, 1))
    log_not_p = pt.log1p(-where(pt.neq(t, 1) | pt.neq(p, 1), p, 0))
    return finished(-(positive * log_p) - (1 - t) * log_not_p, mask)


@described(convex=True, smooth=True, minimiser="log odds", logits=REALS, targets=UNIT)
def binary_crossentropy_with_logits(logits, targets, *, pos_weight=None, label_smoothing=0.0, mask=None):
    r"""Crossentropy between the sigmoid of logits and binary targets, element by element.

    .. math::
        L = q\, t \log(1 + e^{-z}) + (1 - t) \log(1 + e^z)

    with the logits :math:`z`, the targets :math:`t` and the weight of positives :math:`q`: the `binary_crossentropy`
    of :math:`p = 1 / (1 + e^{-z})`, without ever building p.

    Parameters
    ----------
    logits : tensor of float
        Logits (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets (...) in [0, 1], hard or soft; others give NaN. A vector is aligned with a column of logits, see
        `align_targets`.
    pos_weight : float or tensor, optional
        Factor :math:`q` of the positive term, a number or one for each label of the last axis.
    label_smoothing : float
        Share :math:`\varepsilon` in [0, 1] by which targets move towards 1/2.
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
        If `label_smoothing` is outside [0, 1], or the logits are the output of a sigmoid.

    Notes
    -----
    Value and gradient keep their relative accuracy over the whole range of logits; the gradient at 0 is
    :math:`1/2 - t`.

    References
    ----------
    .. [1] Good, I. J. (1952), "Rational decisions", Journal of the Royal Statistical Society B 14,
       doi:10.1111/j.2517-6161.1952.tb00104.x

    Examples
    --------
    >>> from objectives import binary_crossentropy_with_logits
    >>> print(binary_crossentropy_with_logits([0.0, -1000.0, 1000.0], [1, 1, 1]).eval().round(4))
    [6.931e-01 1.000e+03 0.000e+00]
    """
    prepared = elementwise(logits_of(logits, "binary_crossentropy"), targets, mask, names=OF_LOGITS)
    return _of_logits(*prepared, pos_weight, label_smoothing)


@described(convex=True, smooth=True, minimiser="log odds", minimum=0, scores=REALS, targets=BINARY_OR_SIGNS)
def logistic_loss(scores, targets, *, binary=True, mask=None):
    r"""Logistic loss of scores of two classes, element by element.

    .. math:: L = \log(1 + e^{-t z})

    with the scores :math:`z` and the targets :math:`t \in \{-1, 1\}`.

    Parameters
    ----------
    scores : tensor of float
        Scores (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN. A vector is aligned with a column
        of scores, see `align_targets`.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
    mask : tensor of bool, optional
        Elements that count, broadcastable to `scores`; the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the scores.

    Raises
    ------
    TypeError
        If the ranks differ, static shapes cannot be paired, or the scores are integers.
    ValueError
        If the scores are the output of a sigmoid.

    Notes
    -----
    The `binary_hinge_loss` with its corner rounded off, and for targets in {0, 1} the
    `binary_crossentropy_with_logits`. PyTorch calls the form for {-1, 1} ``soft_margin_loss``, which overflows where
    a score is far on the wrong side; this one does not.

    References
    ----------
    .. [1] Friedman, J., Hastie, T. and Tibshirani, R. (2000), "Additive logistic regression: a statistical view of
       boosting", Annals of Statistics 28, doi:10.1214/aos/1016218223

    Examples
    --------
    >>> from objectives import logistic_loss
    >>> print(logistic_loss([0.0, -1000.0, 2.0], [1, 1, 0]).eval().round(4))
    [6.9310e-01 1.0000e+03 2.1269e+00]
    """
    scores = floating(scores, "scores")
    if sigmoid_logits(scores) is not None:
        raise ValueError(
            "scores are the output of a sigmoid, so that it would be applied twice: give what goes into it, or give "
            "the probabilities to binary_crossentropy"
        )
    scores, targets, mask = elementwise(scores, targets, mask, names=OF_SCORES)
    return finished(softplus(-signs(targets, binary, mask) * scores), mask)


def _of_logits(z, targets, mask, pos_weight, label_smoothing):
    t = smoothed(targets, label_smoothing)
    # One softplus for each class, not softplus(z) - t z, which cancels where z is large and the target is right.
    loss = scaled(_positive_weight(pos_weight, t) * t, softplus(-z)) + scaled(1 - t, softplus(z))
    return finished(loss, mask)


def _positive_weight(pos_weight, targets):
    """Factors of the positive terms: a vector goes with the last axis."""
    if pos_weight is None:
        return 1
    weight = as_tensor(pos_weight, "pos_weight")
    if weight.ndim == 1:
        weight = pt.shape_padleft(weight, max(0, targets.ndim - 1))
    elif 0 < weight.ndim < targets.ndim:
        raise TypeError(
            f"pos_weight {shown(weight.type.shape)} must be a number, a vector for the last axis, or have the "
            f"{targets.ndim} dimensions of the predictions: pos_weight[None] has one more"
        )
    return option(weight, "pos_weight", targets)
