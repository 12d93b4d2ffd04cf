"""Crossentropies and the Brier score of one class out of many."""

from typing import Any, Literal

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import OF_LOGITS, UNDER_PREDICTIONS, are_labels, classwise, floating, items, of_items
from objectives._logits import log_softmax_of, logits_of, probabilities_of, sigmoid_logits, softmax_logits
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, LOG_PROBABILITIES, REALS, SIMPLEX, described
from objectives.losses._terms import (
    checked,
    class_scores,
    finished,
    per_class,
    possible,
    probability,
    scalar_weight,
    smoothing,
    softcap,
)
from objectives.mistakes import warn_of_mistake
from objectives.ops.counting import EntryCount
from objectives.ops.crossentropy import SoftmaxCrossentropy, crossentropy
from objectives.ops.labels import is_class, pick_class
from objectives.ops.marking import masked
from objectives.ops.selection import nan_where, where

__all__ = ["brier_score", "categorical_crossentropy", "categorical_crossentropy_with_logits", "nll_loss"]


@described(per="item", convex=True, smooth=True, minimizer="class probabilities", predictions=SIMPLEX, targets=CLASSES)
def categorical_crossentropy(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    class_weights: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Categorical crossentropy (log loss) of class probabilities and integer, one-hot or soft targets, item by item.

    The standard loss of a softmax, traced back to its logits. `binary_crossentropy` is for independent labels.

    .. math:: L_i = -\sum_c w_c\, t_{ic} \log p_{ic}, \qquad 0 \log 0 = 0

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C) that add up to 1 over the class axis; nothing is clipped or normalized.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    class_weights : tensor, optional
        Factor w (C,) of each class.
    label_smoothing : float
        Share in [0, 1] by which targets move toward the uniform distribution.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses (...). NaN where a target class has a probability outside [0, 1], except within rounding.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``lasagne.objectives.categorical_crossentropy``; label smoothing: arXiv:1512.00567

    Examples
    --------
    >>> from objectives import categorical_crossentropy
    >>> print(categorical_crossentropy([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 2]).eval().round(4))
    [0.3567 2.3026]
    """
    predictions = probabilities_of(predictions, "categorical_crossentropy_with_logits", axis=axis)
    targets = of_items(predictions, targets)
    options: dict[str, Any] = {"class_weights": class_weights, "label_smoothing": label_smoothing}
    if predictions.ndim and (logits := softmax_logits(predictions, axis)) is not None:
        prepared = items(logits_of(logits, names=UNDER_PREDICTIONS), targets, mask, axis=axis)
        return _of_logits(*prepared, **options).astype(predictions.dtype)
    scores, targets, mask, are_logs = class_scores(predictions, targets, mask, axis)
    options = _options(scores, **options) | ({} if are_logs else {"log": _log_probability})
    return finished(crossentropy(scores, targets, **options), mask).astype(predictions.dtype)


@described(per="item", convex=True, smooth=True, minimizer="log probabilities", logits=REALS, targets=CLASSES)
def categorical_crossentropy_with_logits(
    logits: TensorLike,
    targets: TensorLike,
    *,
    class_weights: TensorLike | None = None,
    label_smoothing: TensorLike = 0.0,
    logit_softcap: TensorLike | None = None,
    z_loss: TensorLike = 0.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Categorical crossentropy (softmax crossentropy) of logits and integer, one-hot or soft targets, item by item.

    Choose it over `categorical_crossentropy` whenever you have the logits, and `linear_crossentropy` where they are too
    many to hold. ``mask=pt.neq(targets, -100)`` leaves out missing labels.

    .. math:: L_i = \sum_c w_c\, t_{ic} (\ell_i - z_{ic}) + \lambda \ell_i^2, \qquad \ell_i = \log \sum_k e^{z_{ik}}

    Parameters
    ----------
    logits : tensor of float
        Logits z (..., C), not their softmax; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    class_weights : tensor, optional
        Factor w (C,) of each class.
    label_smoothing : float
        Share in [0, 1] by which targets move toward the uniform distribution.
    logit_softcap : float, optional
        Bound s > 0 of the logits, which become s tanh(z / s) (arXiv:2408.00118).
    z_loss : float
        Weight :math:`\lambda`, not negative, of the squared log-sum-exp, which keeps logits small (arXiv:2204.02311).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `logits` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses (...), as from PyTorch's ``cross_entropy`` with ``reduction="none"``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Bridle, J. S. (1990), "Probabilistic interpretation of ... outputs", doi:10.1007/978-3-642-76153-9_28

    Examples
    --------
    >>> from objectives import categorical_crossentropy_with_logits
    >>> print(categorical_crossentropy_with_logits([[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0]], [0, 2]).eval().round(4))
    [2.395e-01 1.000e+03]
    """
    z, targets = logits_of(logits, "categorical_crossentropy"), of_items(logits, targets, OF_LOGITS)
    z, t, counted = items(z, targets, mask, axis=axis, names=OF_LOGITS)
    penalties = {"logit_softcap": softcap(logit_softcap, z), "z_loss": scalar_weight(z_loss, "z_loss", z)}
    options: dict[str, Any] = {"class_weights": class_weights, "label_smoothing": label_smoothing}
    return _of_logits(z, t, counted, penalties, **options)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimizer="log probabilities",
    log_predictions=LOG_PROBABILITIES,
    targets=CLASSES,
)
def nll_loss(
    log_predictions: TensorLike,
    targets: TensorLike,
    *,
    class_weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Negative log-likelihood of classes: the categorical crossentropy of log-probabilities, item by item.

    For the output of a log-softmax. With the logits, `categorical_crossentropy_with_logits` is the same and faster.

    .. math:: L_i = -\sum_c w_c\, t_{ic}\, \ell_{ic}, \qquad 0 \cdot \infty = 0

    Parameters
    ----------
    log_predictions : tensor of float
        Log-probabilities (..., C), the :math:`\ell` above; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    class_weights : tensor, optional
        Factor w (C,) of each class.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `log_predictions` and of dense targets. PyTorch has it second, ``axis=1``.

    Returns
    -------
    TensorVariable
        Losses (...). NaN where a target class has a log-probability above 0.001, as logits may have.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Fisher, R. A. (1922), "On the mathematical foundations of theoretical statistics", Philosophical
       Transactions of the Royal Society A 222, doi:10.1098/rsta.1922.0009

    Examples
    --------
    >>> from objectives import nll_loss
    >>> print(nll_loss([[-0.3567, -1.6094, -2.3026], [-2.3026, -0.2231, -2.3026]], [0, 2]).eval())
    [0.3567 2.3026]
    """
    names = "log_predictions", "targets"
    log_p = floating(log_predictions, "log_predictions", names)
    if log_softmax_of(log_p) is not None or sigmoid_logits(log_p) is not None:
        raise ValueError(
            "log_predictions are the output of a softmax or sigmoid, not logarithms: give the probabilities to "
            "categorical_crossentropy, or take their logarithm, pt.special.log_softmax of the logits"
        )
    log_p, targets, mask = classwise(log_p, of_items(log_p, targets, names), mask, axis=axis, names=names)
    options = _options(log_p, class_weights=class_weights)
    return finished(crossentropy(log_p, targets, **options, log=_normalized), mask)


@described(
    per="item",
    symmetric=True,
    convex=True,
    smooth=True,
    minimizer="class probabilities",
    minimum=0,
    predictions=SIMPLEX,
    targets=CLASSES,
)
def brier_score(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    scale_by_half: bool | Literal["auto"] = "auto",
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Brier score: the squared error of class probabilities, a proper scoring rule, item by item.

    Bounded, unlike `categorical_crossentropy`. With the probability (...) of one of two classes use `squared_error`.

    .. math:: B_i = \sum_c (p_{ic} - t_{ic})^2

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C) that add up to 1 over the class axis.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or soft targets t (..., C).
    scale_by_half : bool or "auto"
        Whether to halve the score, from [0, 2] to [0, 1]; "auto" does so for two classes, as scikit-learn does.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Scores (...); 0 is best.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``sklearn.metrics.brier_score_loss``
    .. [2] Brier, G. W. (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather Review
       78(1), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2

    Examples
    --------
    >>> from objectives import brier_score
    >>> print(brier_score([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 2]).eval().round(4))
    [0.14 1.46]
    """
    one_of(scale_by_half, "scale_by_half", (True, False, "auto"))
    p = probabilities_of(predictions, axis=axis)
    p, targets, mask = classwise(p, of_items(p, targets), mask, axis=axis)
    p, targets = probability(p), checked(targets, p)
    if are_labels(targets, p):
        others = where(is_class(targets, p), 0, p)
        score = (others**2).sum(axis=-1) + (1 - pick_class(p, targets)) ** 2
    else:
        score = ((p - targets) ** 2).sum(axis=-1)
    return finished(score * _scale(p, scale_by_half), mask)


def _of_logits(z, targets, mask, penalties=None, **options):
    if z.type.shape[-1] == 1:
        warn_of_mistake(
            "there is one class, whose probability is always 1, so that the loss is always 0: for one score of two "
            "classes use binary_crossentropy_with_logits"
        )
    options = _options(z, **options) | (penalties or {})
    return finished(masked(mask, SoftmaxCrossentropy.of(z, targets, **options, mask=mask)))


def _log_probability(p, weight):
    """log p, with 0 log 0 = 0."""
    return pt.log(possible(p, weight))


def _normalized(log_p, weight):
    """The log-probability, NaN at a target class if it is too large to be one."""
    wrong = pt.neq(weight, 0) & ((log_p > 1e-3) | pt.isnan(log_p))
    # A selection on top: PyTensor would move a factor into that of `classwise`, and JAX would differentiate both sides.
    return where(wrong, nan_where(wrong, log_p), log_p)


def _options(scores, *, class_weights=None, label_smoothing=0.0):
    """Options as tensors that fit the scores; None for those that change nothing."""
    return {
        "class_weights": None if class_weights is None else per_class(class_weights, "class_weights", scores),
        "label_smoothing": smoothing(label_smoothing, scores),
    }


def _scale(p, scale_by_half):
    if scale_by_half != "auto":
        return 0.5 if scale_by_half else 1
    if p.type.shape[-1] is not None:
        return 0.5 if p.type.shape[-1] == 2 else 1
    return where(pt.neq(EntryCount(axis=(p.ndim - 1,))(p), 2), pt.ones((), p.dtype), 0.5)
