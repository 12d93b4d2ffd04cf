"""Divergences between probability distributions, one number for each pair of them."""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from objectives._arithmetic import log_ratio
from objectives._inputs import vectors
from objectives._logits import (
    logits_of,
    probabilities_of,
)
from objectives.lookup import LOG_PROBABILITIES, NON_NEGATIVE, REALS, SIMPLEX, described
from objectives.losses._latent import discrete_divergence, log_probability
from objectives.losses._terms import class_scores, finished, probability, soft
from objectives.ops.selection import nan_where, where

__all__ = [
    "generalized_kl_divergence",
    "jensen_shannon_divergence",
    "kl_divergence",
    "kl_divergence_with_log_targets",
    "kl_divergence_with_logits",
]


@described(
    per="item", convex=True, smooth=True, minimiser="probabilities", minimum=0, predictions=SIMPLEX, targets=SIMPLEX
)
def kl_divergence(predictions, targets, *, axis=-1, mask=None):
    r"""Kullback-Leibler divergence of predicted from target probabilities, one number for each item.

    .. math:: L_i = \text{KL}(t_i \,\|\, p_i) = \sum_c t_{ic} \log \frac{t_{ic}}{p_{ic}}, \qquad 0 \log 0 = 0

    with the predictions :math:`p` and the targets :math:`t`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1] that add up to 1 over the class axis, usually the output of a softmax.
    targets : tensor
        Probabilities (..., C) of the same shape.
    axis : int
        Class axis of both.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Divergences (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the predictions are integers.
    ValueError
        If the predictions are the output of a log-softmax.

    Notes
    -----
    This is the crossentropy less the entropy of the targets. Exchange the arguments for the reverse divergence
    :math:`\text{KL}(p \,\|\, t)`; gradients flow to both. Nothing is clipped or normalised: a prediction of 0 costs
    infinitely much unless the target is 0, which costs nothing, with gradients of 0. Probabilities outside [0, 1] by
    more than 0.1 % give NaN. Predictions that are the output of a softmax, also through reshapes, transpositions,
    indexing and casts, are seen when the loss is built, which then starts from the logits.

    References
    ----------
    .. [1] Kullback, S. and Leibler, R. A. (1951), "On information and sufficiency", Annals of Mathematical Statistics
       22, doi:10.1214/aoms/1177729694

    Examples
    --------
    >>> from objectives import kl_divergence
    >>> predictions, targets = [[0.5, 0.5], [0.9, 0.1]], [[1.0, 0.0], [0.9, 0.1]]
    >>> print(kl_divergence(predictions, targets).eval().round(4))
    [0.6931 0.    ]
    """
    predictions = probabilities_of(predictions, "kl_divergence_with_logits")
    p, t, mask, are_logs = class_scores(predictions, targets, mask, axis, prepare=_vectors)
    loss = _from_log_predictions(p, t) if are_logs else _relative_entropy(soft(t), probability(p)).sum(axis=-1)
    return finished(loss, mask).astype(predictions.dtype)


@described(
    per="item", convex=True, smooth=True, minimiser="log probabilities", minimum=0, logits=REALS, targets=SIMPLEX
)
def kl_divergence_with_logits(logits, targets, *, axis=-1, mask=None):
    r"""Kullback-Leibler divergence of the softmax of logits from target probabilities, one number for each item.

    .. math::
        L_i = \sum_c t_{ic} \Bigl(\log t_{ic} - z_{ic} + \log \sum_k e^{z_{ik}}\Bigr), \qquad 0 \cdot \infty = 0

    with the logits :math:`z` and the targets :math:`t`: the `kl_divergence` of the softmax of z, without ever building
    it.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers; -inf is fine for classes whose target is 0. Log-probabilities are logits,
        too.
    targets : tensor
        Probabilities (..., C) of the same shape.
    axis : int
        Class axis of both.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Divergences (...), of the dtype of the logits.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the logits are integers.
    ValueError
        If the logits are the output of a softmax or sigmoid.

    Notes
    -----
    PyTorch's ``kl_div`` and optax's ``kl_divergence`` take log-probabilities: both are this function of them. Targets
    outside [0, 1] by more than 0.1 % give NaN.

    References
    ----------
    .. [1] Kullback, S. and Leibler, R. A. (1951), "On information and sufficiency", Annals of Mathematical Statistics
       22, doi:10.1214/aoms/1177729694
    .. [2] Hinton, G., Vinyals, O. and Dean, J. (2015), "Distilling the knowledge in a neural network",
       arXiv:1503.02531

    Examples
    --------
    >>> from objectives import kl_divergence_with_logits
    >>> print(kl_divergence_with_logits([[0.0, 0.0], [0.0, 1000.0]], [[0.5, 0.5], [1.0, 0.0]]).eval())
    [   0. 1000.]
    """
    z, t, mask = vectors(mask, axis=axis, logits=logits_of(logits, "kl_divergence"), targets=targets)
    return finished(_from_log_predictions(log_softmax(z, axis=-1), t), mask)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimiser="log probabilities",
    minimum=0,
    log_predictions=LOG_PROBABILITIES,
    log_targets=LOG_PROBABILITIES,
)
def kl_divergence_with_log_targets(log_predictions, log_targets, *, axis=-1, mask=None):
    r"""Kullback-Leibler divergence between distributions given by their logarithms, one number for each item.

    .. math:: L_i = \sum_c e^{u_{ic}} (u_{ic} - v_{ic}), \qquad 0 \cdot \infty = 0

    with the log-probabilities :math:`v` of the predictions and :math:`u` of the targets.

    Parameters
    ----------
    log_predictions : tensor of float
        Log-probabilities (..., C), usually the output of a log-softmax.
    log_targets : tensor
        Log-probabilities (..., C) of the same shape; -inf is a probability of 0.
    axis : int
        Class axis of both.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Divergences (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the predictions are integers.

    Notes
    -----
    For two networks, a student and its teacher, whose probabilities may underflow. The logarithms are used as they
    are, not normalised; those above 0.001, which are no log-probabilities, give NaN. Exchange the arguments for the
    reverse divergence.

    References
    ----------
    .. [1] Kullback, S. and Leibler, R. A. (1951), "On information and sufficiency", Annals of Mathematical Statistics
       22, doi:10.1214/aoms/1177729694

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import kl_divergence_with_log_targets
    >>> log_predictions, log_targets = [[-1000.0, 0.0]], [[np.log(0.5), np.log(0.5)]]
    >>> print(kl_divergence_with_log_targets(log_predictions, log_targets).eval().round(4))
    [499.3069]
    """
    log_p, log_t, mask = vectors(mask, axis=axis, log_predictions=log_predictions, log_targets=log_targets)
    terms = discrete_divergence(log_probability(log_t), log_probability(log_p))
    return finished(terms.sum(axis=-1), mask)


@described(
    per="item", convex=True, smooth=True, minimiser="target", minimum=0, predictions=NON_NEGATIVE, targets=NON_NEGATIVE
)
def generalized_kl_divergence(predictions, targets, *, axis=-1, mask=None):
    r"""Kullback-Leibler divergence of numbers that need not add up to 1, one number for each item.

    .. math:: L_i = \sum_c \Bigl(t_{ic} \log \frac{t_{ic}}{p_{ic}} - t_{ic} + p_{ic}\Bigr), \qquad 0 \log 0 = 0

    with the predictions :math:`p` and the targets :math:`t`: the Bregman divergence of :math:`x \log x - x`, also
    called I-divergence.

    Parameters
    ----------
    predictions : tensor of float
        Numbers (..., C) that are not negative, such as intensities or rates.
    targets : tensor
        Numbers (..., C) that are not negative, of the same shape.
    axis : int
        Axis over which the terms are summed.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Divergences (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the predictions are integers.

    Notes
    -----
    It is the `kl_divergence` where both add up to 1, and half the sum of ``tweedie_deviance(power=1)``. Negative
    numbers give NaN; a prediction of 0 costs infinitely much unless the target is 0.

    References
    ----------
    .. [1] Csiszár, I. (1991), "Why least squares and maximum entropy? An axiomatic approach to inference for linear
       inverse problems", Annals of Statistics 19, doi:10.1214/aos/1176348385

    Examples
    --------
    >>> from objectives import generalized_kl_divergence
    >>> print(generalized_kl_divergence([[1.0, 3.0]], [[2.0, 0.0]]).eval().round(4))
    [3.3863]
    """
    p, t, mask = vectors(mask, axis=axis, predictions=predictions, targets=targets)
    p, t = nan_where(p < 0, p), nan_where(t < 0, t)
    return finished((_relative_entropy(t, p) + (p - t)).sum(axis=-1), mask)


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimiser="target",
    minimum=0,
    predictions=SIMPLEX,
    targets=SIMPLEX,
)
def jensen_shannon_divergence(predictions, targets, *, axis=-1, mask=None):
    r"""Jensen-Shannon divergence between probabilities, one number for each item: symmetric and bounded.

    .. math::
        L_i = \frac{1}{2} \text{KL}(p_i \,\|\, m_i) + \frac{1}{2} \text{KL}(t_i \,\|\, m_i), \qquad
        m = \frac{p + t}{2}

    with the predictions :math:`p` and the targets :math:`t`. It is between 0 and :math:`\log 2`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1] that add up to 1 over the class axis.
    targets : tensor
        Probabilities (..., C) of the same shape.
    axis : int
        Class axis of both.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Divergences (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the ranks or static shapes differ, or the predictions are integers.
    ValueError
        If the predictions are the output of a log-softmax.

    Notes
    -----
    Its root is a metric, SciPy's ``jensenshannon``. Probabilities of 0 are fine on both sides, with finite gradients;
    those outside [0, 1] by more than 0.1 % give NaN. Nothing is normalised.

    References
    ----------
    .. [1] Lin, J. (1991), "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory
       37, doi:10.1109/18.61115

    Examples
    --------
    >>> from objectives import jensen_shannon_divergence
    >>> predictions, targets = [[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]
    >>> print(jensen_shannon_divergence(predictions, targets).eval().round(4))
    [0.     0.6931]
    """
    predictions = probabilities_of(predictions)
    p, t, mask = vectors(mask, axis=axis, predictions=predictions, targets=targets)
    p, t = probability(p), probability(t)
    middle, excess = (p + t) / 2, (p - t) / 2
    terms = _relative_entropy(p, middle, excess) + _relative_entropy(t, middle, -excess)
    return finished(terms.sum(axis=-1) / 2, mask)


def _vectors(predictions, targets, mask, *, axis, fill=1):
    return vectors(mask, axis=axis, predictions=predictions, targets=targets)


def _relative_entropy(t, p, excess=None):
    """``t * log(t / p)``, 0 in value and all gradients where t is 0; for ``excess`` see `log_ratio`."""
    there = pt.neq(t, 0)
    excess = where(there, t - p if excess is None else excess, 0)
    # a NaN stays visible, also where the target is 0
    return t * log_ratio(where(there, t, 1), where(there | pt.isnan(p), p, 1), excess)


def _from_log_predictions(log_p, targets):
    t = soft(targets)
    there = pt.neq(t, 0)
    terms = t * (pt.log(where(there, t, 1)) - where(there | pt.isnan(log_p), log_p, 0))
    return terms.sum(axis=-1)
