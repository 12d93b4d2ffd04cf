"""Margin losses of scores of two classes."""

import warnings

import pytensor.tensor as pt

from objectives._inputs import elementwise, floating, size_option
from objectives._logits import sigmoid_logits
from objectives.lookup import BINARY_OR_SIGNS, REALS, described
from objectives.losses._terms import finished, probability, signs
from objectives.ops.selection import even_relu, relu, where

__all__ = ["binary_hinge_loss", "perceptron_loss", "squared_hinge_loss"]


@described(convex=True, minimiser="sign of the log odds", minimum=0, predictions=REALS, targets=BINARY_OR_SIGNS)
def binary_hinge_loss(predictions, targets, delta=1, log_odds=None, binary=True, *, mask=None):
    r"""Hinge loss of scores of two classes, element by element.

    .. math:: L = \max(0, \delta - t\, z)

    with the scores :math:`z` and the targets :math:`t \in \{-1, 1\}`.

    Parameters
    ----------
    predictions : tensor of float
        Scores (...), any real numbers; or, with ``log_odds=False``, probabilities in (0, 1).
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN. A vector is aligned with a column
        of predictions, see `align_targets`.
    delta : float or tensor
        Margin, not negative.
    log_odds : bool
        Whether the predictions are scores (log odds). ``False`` turns probabilities into log odds first. Not giving
        it means ``True`` and warns, since Lasagne's default changed from one to the other.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
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
        If `delta` is a negative number.

    Warns
    -----
    FutureWarning
        If `log_odds` is not given.

    Notes
    -----
    Probabilities that are the output of a sigmoid are traced back to its input.

    References
    ----------
    .. [1] Cortes, C. and Vapnik, V. (1995), "Support-vector networks", Machine Learning 20, doi:10.1007/BF00994018
    .. [2] ``lasagne.objectives.binary_hinge_loss``

    Examples
    --------
    >>> from objectives import binary_hinge_loss
    >>> print(binary_hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], log_odds=True).eval())
    [0.  0.5 2. ]
    """
    if log_odds is None:
        warnings.warn(
            "binary_hinge_loss takes predictions as scores (log_odds=True) unless told otherwise; give log_odds=True "
            "or log_odds=False to say which they are",
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
    # A probability that is certain and right costs nothing; its infinite log odds would make the gradient 0 * inf.
    scores = probability(scores)
    uncertain = pt.neq(scores, (y + 1) / 2)
    p = where(uncertain, scores, 0.5)
    return finished(where(uncertain, relu(delta - y * (pt.log(p) - pt.log1p(-p))), 0), mask)


@described(convex=True, smooth=True, minimiser="2 p - 1", minimum=0, predictions=REALS, targets=BINARY_OR_SIGNS)
def squared_hinge_loss(predictions, targets, *, delta=1, binary=True, mask=None):
    r"""Squared hinge loss of scores of two classes, element by element.

    .. math:: L = \max(0, \delta - t\, z)^2

    with the scores :math:`z` and the targets :math:`t \in \{-1, 1\}`.

    Parameters
    ----------
    predictions : tensor of float
        Scores (...), any real numbers.
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN. A vector is aligned with a column
        of predictions, see `align_targets`.
    delta : float or tensor
        Margin, not negative.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
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
        If `delta` is a negative number.

    Notes
    -----
    Unlike `binary_hinge_loss` it has a continuous gradient and is least, on average, at
    :math:`\delta\, (2 P(t = 1) - 1)`, from which the probability can be read off. Outliers weigh more.

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
    short = size_option(delta, "delta", scores) - signs(targets, binary, mask) * scores
    # not relu: the square's gradient has the NaN already
    return finished(pt.square(where(short <= 0, 0, short)), mask)


@described(convex=True, minimiser="0", minimum=0, predictions=REALS, targets=BINARY_OR_SIGNS)
def perceptron_loss(predictions, targets, *, binary=True, mask=None):
    r"""Perceptron loss of scores of two classes, element by element: what is right costs nothing.

    .. math:: L = \max(0, -t\, z)

    with the scores :math:`z` and the targets :math:`t \in \{-1, 1\}`: the hinge loss without a margin.

    Parameters
    ----------
    predictions : tensor of float
        Scores (...), any real numbers.
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}; others give NaN. A vector is aligned with a column
        of predictions, see `align_targets`.
    binary : bool
        Whether targets are in {0, 1} rather than {-1, 1}.
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

    Notes
    -----
    At a score of 0 the gradient is :math:`-t / 2`, half of what it is beyond: a model whose scores are all 0 when it
    starts still learns. Scores of 0 cost nothing, so a model that may shrink its scores should be given a margin,
    see `binary_hinge_loss`.

    References
    ----------
    .. [1] Rosenblatt, F. (1958), "The perceptron: a probabilistic model for information storage and organization in
       the brain", Psychological Review 65, doi:10.1037/h0042519

    Examples
    --------
    >>> from objectives import perceptron_loss
    >>> print(perceptron_loss([2.0, 0.5, -1.0], [1, 0, 1]).eval())
    [0.  0.5 1. ]
    """
    scores, targets, mask = elementwise(predictions, targets, mask)
    return finished(even_relu(-signs(targets, binary, mask) * scores), mask)
