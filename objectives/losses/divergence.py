"""Divergences between discrete probability distributions: Kullback-Leibler and Jensen-Shannon."""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import log_ratio
from objectives._inputs import vectors
from objectives._logits import logits_of, probabilities_of
from objectives._typing import TensorLike
from objectives.lookup import LOG_PROBABILITIES, NON_NEGATIVE, REALS, SIMPLEX, described
from objectives.losses._latent import discrete_divergence, log_probability
from objectives.losses._terms import class_scores, finished, probability, soft
from objectives.ops.selection import nan_where, not_negative, where

__all__ = [
    "generalized_kl_divergence",
    "jensen_shannon_divergence",
    "kl_divergence",
    "kl_divergence_with_log_targets",
    "kl_divergence_with_logits",
]


@described(
    per="item", convex=True, smooth=True, minimizer="probabilities", minimum=0, predictions=SIMPLEX, targets=SIMPLEX
)
def kl_divergence(
    predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Kullback-Leibler (KL) divergence of predicted probabilities from target probabilities, one number per item.

    It is the crossentropy minus the entropy of the targets, infinite where a prediction is 0 and its target is not.

    .. math:: L = \text{KL}(t \,\|\, p) = \sum_c t_c \log \frac{t_c}{p_c}, \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C), usually the output of a softmax, which is traced back to its logits.
    targets : tensor
        Probabilities t (..., C). Exchanged with the predictions they give the reverse divergence.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of both.

    Returns
    -------
    TensorVariable
        Divergences (...), one per item; NaN for probabilities outside [0, 1] by more than 0.1 %.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if the predictions are the output of a log-softmax.

    See Also
    --------
    kl_divergence_with_logits, kl_divergence_with_log_targets, jensen_shannon_divergence

    References
    ----------
    .. [1] Kullback, S. and Leibler, R. A. (1951), "On information and sufficiency", doi:10.1214/aoms/1177729694

    Examples
    --------
    >>> from objectives import kl_divergence
    >>> print(kl_divergence([[0.5, 0.5], [0.9, 0.1]], [[1.0, 0.0], [0.9, 0.1]]).eval().round(4))
    [0.6931 0.    ]
    """
    predictions = probabilities_of(predictions, "kl_divergence_with_logits", axis=axis)
    p, t, mask, are_logs = class_scores(predictions, targets, mask, axis, prepare=_vectors)
    loss = _from_log_predictions(p, t) if are_logs else _relative_entropy(soft(t), probability(p)).sum(axis=-1)
    return finished(loss, mask).astype(predictions.dtype)


@described(
    per="item", convex=True, smooth=True, minimizer="log probabilities", minimum=0, logits=REALS, targets=SIMPLEX
)
def kl_divergence_with_logits(
    logits: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Kullback-Leibler divergence of the softmax of logits from target probabilities, one number per item.

    The stable form of `kl_divergence`. Log-probabilities are logits too: PyTorch's ``kl_div`` and optax's
    ``kl_divergence`` are this function of them.

    .. math:: L = \sum_c t_c \Bigl(\log t_c - z_c + \log \sum_k e^{z_k}\Bigr), \qquad 0 \cdot \infty = 0

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), any real numbers; -inf is fine for classes whose target is 0.
    targets : tensor
        Probabilities t (..., C).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of both.

    Returns
    -------
    TensorVariable
        Divergences (...), one per item.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if the logits are the output of a softmax or sigmoid.

    References
    ----------
    .. [1] Kullback, S. and Leibler, R. A. (1951), "On information and sufficiency", doi:10.1214/aoms/1177729694
    .. [2] Hinton, G., Vinyals, O. and Dean, J. (2015), "Distilling the knowledge in a neural network", arXiv:1503.02531

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
    minimizer="log probabilities",
    minimum=0,
    log_predictions=LOG_PROBABILITIES,
    log_targets=LOG_PROBABILITIES,
)
def kl_divergence_with_log_targets(
    log_predictions: TensorLike, log_targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Kullback-Leibler divergence between distributions given as log-probabilities, one number per item.

    Choose it for two networks, a student and its teacher, whose probabilities may underflow. Nothing is normalized.

    .. math:: L = \sum_c e^{u_c} (u_c - v_c), \qquad 0 \cdot \infty = 0

    Parameters
    ----------
    log_predictions : tensor of float
        Log-probabilities v (..., C), usually the output of a log-softmax.
    log_targets : tensor
        Log-probabilities u (..., C); -inf is a probability of 0.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of both.

    Returns
    -------
    TensorVariable
        Divergences (...), one per item; NaN for log-probabilities above 0.001.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Kullback, S. and Leibler, R. A. (1951), "On information and sufficiency", doi:10.1214/aoms/1177729694

    Examples
    --------
    >>> from objectives import kl_divergence_with_log_targets
    >>> print(kl_divergence_with_log_targets([[-1000.0, 0.0]], [[-0.6931, -0.6931]]).eval().round(2))
    [499.33]
    """
    log_p, log_t, mask = vectors(mask, axis=axis, log_predictions=log_predictions, log_targets=log_targets)
    terms = discrete_divergence(log_probability(log_t), log_probability(log_p))
    return finished(terms.sum(axis=-1), mask)


@described(
    per="item", convex=True, smooth=True, minimizer="target", minimum=0, predictions=NON_NEGATIVE, targets=NON_NEGATIVE
)
def generalized_kl_divergence(
    predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Generalized Kullback-Leibler divergence (I-divergence) of numbers with any sum, one number per item.

    Choose it for intensities and rates. It is `kl_divergence` for probabilities, and half the sum of
    ``tweedie_deviance(power=1)``.

    .. math:: L = \sum_c \Bigl(t_c \log \frac{t_c}{p_c} - t_c + p_c\Bigr), \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Numbers p (..., C), not negative.
    targets : tensor
        Numbers t (..., C), not negative.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Axis over which the terms are summed.

    Returns
    -------
    TensorVariable
        Divergences (...), one per item; NaN for negative numbers.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    References
    ----------
    .. [1] Csiszár, I. (1991), "Why least squares and maximum entropy?", doi:10.1214/aos/1176348385

    Examples
    --------
    >>> from objectives import generalized_kl_divergence
    >>> print(generalized_kl_divergence([[1.0, 3.0]], [[2.0, 0.0]]).eval().round(4))
    [3.3863]
    """
    p, t, mask = vectors(mask, axis=axis, predictions=predictions, targets=targets)
    p, t = not_negative(p), nan_where(t < 0, t)
    return finished((_relative_entropy(t, p) + (p - t)).sum(axis=-1), mask)


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="target",
    minimum=0,
    predictions=SIMPLEX,
    targets=SIMPLEX,
)
def jensen_shannon_divergence(
    predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Jensen-Shannon divergence between probabilities, one number per item: symmetric, and at most log 2.

    Choose it over `kl_divergence` if either side may hold zeros. Its square root is a metric: SciPy's
    ``jensenshannon``.

    .. math:: L = \frac{1}{2} \text{KL}(p \,\|\, m) + \frac{1}{2} \text{KL}(t \,\|\, m), \qquad m = \frac{p + t}{2}

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C).
    targets : tensor
        Probabilities t (..., C).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of both.

    Returns
    -------
    TensorVariable
        Divergences (...), one per item; NaN for probabilities outside [0, 1] by more than 0.1 %.

    Raises
    ------
    TypeError, ValueError
        If ranks, shapes or dtypes do not fit, or if the predictions are the output of a log-softmax.

    References
    ----------
    .. [1] Lin, J. (1991), "Divergence measures based on the Shannon entropy", doi:10.1109/18.61115

    Examples
    --------
    >>> from objectives import jensen_shannon_divergence
    >>> print(jensen_shannon_divergence([[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]).eval().round(4))
    [0.     0.6931]
    """
    p, t, mask = vectors(mask, axis=axis, predictions=probabilities_of(predictions, axis=axis), targets=targets)
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
    # NaN in p stays, also where the target is 0
    return t * log_ratio(where(there, t, 1), where(there | pt.isnan(p), p, 1), excess)


def _from_log_predictions(log_p, targets):
    t = soft(targets)
    there = pt.neq(t, 0)
    terms = t * (pt.log(where(there, t, 1)) - where(there | pt.isnan(log_p), log_p, 0))
    return terms.sum(axis=-1)
