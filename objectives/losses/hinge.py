"""Hinge and perceptron losses of scores of two classes."""

import warnings

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import elementwise, floating, size_option
from objectives._logits import sigmoid_logits
from objectives._typing import TensorLike
from objectives.lookup import BINARY_OR_SIGNS, REALS, described
from objectives.losses._terms import finished, probability, signs
from objectives.ops.selection import even_relu, relu, where

__all__ = ["binary_hinge_loss", "perceptron_loss", "squared_hinge_loss"]


@described(convex=True, minimizer="sign of the log odds", minimum=0, predictions=REALS, targets=BINARY_OR_SIGNS)
def binary_hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    delta: TensorLike = 1,
    log_odds: bool | None = None,
    binary: bool = True,
    *,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Hinge loss of scores of two classes, the loss of support vector machines, element by element.

    Choose it for scores that only need the right sign; for probabilities use `binary_crossentropy_with_logits`.

    .. math:: L = \max(0, \delta - t\, z), \qquad t \in \{-1, 1\}

    Parameters
    ----------
    predictions : tensor of float
        Scores z (...), any real numbers; or, with ``log_odds=False``, probabilities in [0, 1].
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN.
    delta : tensor
        Margin :math:`\delta`, not negative.
    log_odds : bool
        Whether predictions are scores (log odds), not probabilities; if not given, True, with a ``FutureWarning``.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...).

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] Cortes, C. and Vapnik, V. (1995), "Support-vector networks", Machine Learning 20, doi:10.1007/BF00994018

    Examples
    --------
    >>> from objectives import binary_hinge_loss
    >>> print(binary_hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], log_odds=True).eval())
    [0.  0.5 2. ]
    """
    if log_odds is None:
        warnings.warn(
            "binary_hinge_loss takes predictions as scores (log_odds=True) by default; give log_odds=True for scores, "
            "or log_odds=False for probabilities",
            FutureWarning,
            stacklevel=3,
        )
    scores = floating(predictions, "predictions")
    dtype = scores.dtype
    logits = scores if log_odds or log_odds is None else sigmoid_logits(scores)
    scores, targets, mask = elementwise(scores if logits is None else logits, targets, mask, fill=0.5)
    y = signs(targets, binary, mask)
    delta = size_option(delta, "delta", scores)
    if logits is not None:
        return finished(relu(delta - y * scores), mask).astype(dtype)
    # A certain and right probability costs nothing; its infinite log odds would make the gradient 0 * inf.
    scores = probability(scores)
    uncertain = pt.neq(scores, (y + 1) / 2)
    p = where(uncertain, scores, 0.5)
    return finished(where(uncertain, relu(delta - y * (pt.log(p) - pt.log1p(-p))), 0), mask)


@described(convex=True, smooth=True, minimizer="2 p - 1", minimum=0, predictions=REALS, targets=BINARY_OR_SIGNS)
def squared_hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 1,
    binary: bool = True,
    mask: TensorLike | None = None,
) -> TensorVariable:
    r"""Squared hinge loss of scores of two classes, element by element.

    Unlike `binary_hinge_loss` it has a continuous gradient, but it is more sensitive to outliers.

    .. math:: L = \max(0, m - t\, z)^2, \qquad t \in \{-1, 1\}

    Parameters
    ----------
    predictions : tensor of float
        Scores z (...), any real numbers.
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN.
    margin : tensor
        Margin m, not negative.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), on average least at m (2p - 1), where p is the probability of the positive class.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] Zhang, T. (2004), "Statistical behavior and consistency of classification methods based on convex risk
       minimization", Annals of Statistics 32, doi:10.1214/aos/1079120130

    Examples
    --------
    >>> from objectives import squared_hinge_loss
    >>> print(squared_hinge_loss([2.0, 0.5, -1.0], [1, 1, 1]).eval())
    [0.   0.25 4.  ]
    """
    scores, targets, mask = elementwise(predictions, targets, mask)
    short = size_option(margin, "margin", scores) - signs(targets, binary, mask) * scores
    # relu is not needed: the gradient of the square already passes NaN on.
    return finished(pt.square(where(short <= 0, 0, short)), mask)


@described(convex=True, minimizer="0", minimum=0, predictions=REALS, targets=BINARY_OR_SIGNS)
def perceptron_loss(
    predictions: TensorLike, targets: TensorLike, *, binary: bool = True, mask: TensorLike | None = None
) -> TensorVariable:
    r"""Perceptron loss of scores of two classes, the hinge loss without a margin, element by element.

    Scores of 0 cost nothing, so prefer `binary_hinge_loss` for a model that can shrink its scores.

    .. math:: L = \max(0, -t\, z), \qquad t \in \{-1, 1\}

    Parameters
    ----------
    predictions : tensor of float
        Scores z (...), any real numbers.
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
    mask : tensor of bool, optional
        Elements that count; the rest are exactly 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...). The gradient at a score of 0 is -t/2, so a model that starts with scores of 0 learns.

    Raises
    ------
    TypeError
        If ranks or dtypes do not fit.

    See Also
    --------
    multiclass_perceptron_loss, squared_hinge_loss

    References
    ----------
    .. [1] Rosenblatt, F. (1958), "The perceptron", Psychological Review 65, doi:10.1037/h0042519

    Examples
    --------
    >>> from objectives import perceptron_loss
    >>> print(perceptron_loss([2.0, 0.5, -1.0], [1, 0, 1]).eval())
    [0.  0.5 1. ]
    """
    scores, targets, mask = elementwise(predictions, targets, mask)
    return finished(even_relu(-signs(targets, binary, mask) * scores), mask)
