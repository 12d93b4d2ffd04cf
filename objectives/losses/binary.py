"""Crossentropies of two classes or of independent labels."""

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import OF_LOGITS, OF_SCORES, UNDER_PREDICTIONS, as_tensor, elementwise, floating, option, shown
from objectives._logits import logits_of, sigmoid_logits, warn_of_a_bare_layer
from objectives._typing import TensorLike
from objectives.lookup import BINARY_OR_SIGNS, REALS, UNIT, described
from objectives.losses._terms import finished, probability, signs, smoothed
from objectives.ops.selection import scaled, where
from objectives.ops.softplus import softplus

__all__ = ["binary_crossentropy", "binary_crossentropy_with_logits", "logistic_loss"]


@described(convex=True, smooth=True, minimizer="probability", predictions=UNIT, targets=UNIT)
def binary_crossentropy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    pos_weight: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Binary crossentropy (log loss) of probabilities of two classes or of independent labels, element by element.

    The standard loss of a sigmoid, traced back to its logits. `categorical_crossentropy` is for exclusive classes.

    .. math:: L = -q\, t \log p - (1 - t) \log(1 - p), \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (...) in [0, 1]. Others give NaN, except within rounding.
    targets : tensor
        Targets t (...) in [0, 1], hard or soft; others give NaN.
    pos_weight : tensor, optional
        Factor q of the positive term, one for all or one for each label of the last axis; above 1 it favors recall.
    label_smoothing : float
        Share in [0, 1] by which targets move toward 1/2.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...); infinite for a certain and wrong prediction, since nothing inside [0, 1] is clipped.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] ``lasagne.objectives.binary_crossentropy``
    .. [2] Good, I. J. (1952), "Rational decisions", JRSS B 14, doi:10.1111/j.2517-6161.1952.tb00104.x

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
        return _of_logits(*prepared, pos_weight=pos_weight, label_smoothing=label_smoothing).astype(predictions.dtype)
    warn_of_a_bare_layer(predictions, "sigmoid", "binary_crossentropy_with_logits")
    p, targets, mask = elementwise(predictions, targets, mask, fill=0.5)
    p, t = probability(p), smoothed(targets, label_smoothing)
    # 0 log 0: replace the probability before the logarithm, or its gradient would be 0 / 0.
    positive = _positive_weight(pos_weight, t) * t
    log_p = pt.log(where(pt.neq(positive, 0) | pt.neq(p, 0), p, 1))
    log_not_p = pt.log1p(-where(pt.neq(t, 1) | pt.neq(p, 1), p, 0))
    return finished(-(positive * log_p) - (1 - t) * log_not_p, mask)


@described(convex=True, smooth=True, minimizer="log odds", logits=REALS, targets=UNIT)
def binary_crossentropy_with_logits(
    logits: TensorLike,
    targets: TensorLike,
    *,
    pos_weight: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Binary crossentropy (sigmoid crossentropy, log loss) of logits of two classes or of independent labels.

    Choose it over `binary_crossentropy` whenever you have the logits: it never builds the sigmoid.

    .. math:: L = q\, t \log(1 + e^{-z}) + (1 - t) \log(1 + e^z)

    Parameters
    ----------
    logits : tensor of float
        Logits z (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets t (...) in [0, 1], hard or soft; others give NaN.
    pos_weight : tensor, optional
        Factor q of the positive term, one for all or one for each label of the last axis; above 1 it favors recall.
    label_smoothing : float
        Share in [0, 1] by which targets move toward 1/2.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), accurate over the whole range of logits; the gradient at 0 is 1/2 - t.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit, or the logits are the output of a softmax or sigmoid.

    References
    ----------
    .. [1] Good, I. J. (1952), "Rational decisions", JRSS B 14, doi:10.1111/j.2517-6161.1952.tb00104.x

    Examples
    --------
    >>> from objectives import binary_crossentropy_with_logits
    >>> print(binary_crossentropy_with_logits([0.0, -1000.0, 1000.0], [1, 1, 1]).eval().round(4))
    [6.931e-01 1.000e+03 0.000e+00]
    """
    prepared = elementwise(logits_of(logits, "binary_crossentropy"), targets, mask, names=OF_LOGITS)
    return _of_logits(*prepared, pos_weight=pos_weight, label_smoothing=label_smoothing)


@described(convex=True, smooth=True, minimizer="log odds", minimum=0, scores=REALS, targets=BINARY_OR_SIGNS)
def logistic_loss(
    scores: TensorLike, targets: TensorLike, *, binary: bool = True, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Logistic loss (soft margin loss) of scores of two classes, element by element.

    Choose it for targets in {-1, 1}; for those in {0, 1} it is the same as `binary_crossentropy_with_logits`.

    .. math:: L = \log(1 + e^{-t z}), \qquad t \in \{-1, 1\}

    Parameters
    ----------
    scores : tensor of float
        Scores z (...), any real numbers; infinite ones are fine where they agree with the target.
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...). Unlike PyTorch's ``soft_margin_loss``, they do not overflow.

    Raises
    ------
    TypeError, ValueError
        If ranks or dtypes do not fit, or the scores are the output of a sigmoid.

    See Also
    --------
    binary_hinge_loss, perceptron_loss

    References
    ----------
    .. [1] Friedman, J. et al. (2000), "Additive logistic regression", Annals of Statistics, doi:10.1214/aos/1016218223

    Examples
    --------
    >>> from objectives import logistic_loss
    >>> print(logistic_loss([0.0, -1000.0, 2.0], [1, 1, 0]).eval().round(4))
    [6.9310e-01 1.0000e+03 2.1269e+00]
    """
    scores = floating(scores, "scores")
    if sigmoid_logits(scores) is not None:
        raise ValueError(
            "scores are the output of a sigmoid, which would be applied twice: give its input, or give the "
            "probabilities to binary_crossentropy"
        )
    scores, targets, mask = elementwise(scores, targets, mask, names=OF_SCORES)
    return finished(softplus(-signs(targets, binary, mask) * scores), mask)


def _of_logits(z, targets, mask, *, pos_weight, label_smoothing):
    t = smoothed(targets, label_smoothing)
    # One softplus per class: softplus(z) - t z would cancel where z is large and right.
    loss = scaled(_positive_weight(pos_weight, t) * t, softplus(-z)) + scaled(1 - t, softplus(z))
    return finished(loss, mask)


def _positive_weight(pos_weight, targets):
    """Factors of the positive terms; a vector belongs to the last axis."""
    if pos_weight is None:
        return 1
    weight = as_tensor(pos_weight, "pos_weight")
    if weight.ndim == 1:
        weight = pt.shape_padleft(weight, max(0, targets.ndim - 1))
    elif 0 < weight.ndim < targets.ndim:
        raise TypeError(
            f"pos_weight {shown(weight.type.shape)} must be a number, a vector for the last axis, or have the "
            f"{targets.ndim} dimensions of the targets: pos_weight[None] has one more"
        )
    return option(weight, "pos_weight", targets)
