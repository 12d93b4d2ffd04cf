"""Losses of one class out of many."""

import pytensor.tensor as pt

from objectives._inputs import OF_LOGITS, UNDER_PREDICTIONS, classwise, floating, items
from objectives._logits import log_softmax_of, logits_of, probabilities_of, sigmoid_logits, softmax_logits
from objectives.lookup import CLASSES, LOG_PROBABILITIES, REALS, SIMPLEX, described
from objectives.losses._terms import class_scores, finished, per_class, possible, smoothing
from objectives.ops.crossentropy import SoftmaxCrossentropy, crossentropy
from objectives.ops.marking import masked
from objectives.ops.selection import nan_where, where

__all__ = ["categorical_crossentropy", "categorical_crossentropy_with_logits", "nll_loss"]


@described(per="item", convex=True, smooth=True, minimiser="class probabilities", predictions=SIMPLEX, targets=CLASSES)
def categorical_crossentropy(predictions, targets, *, class_weights=None, label_smoothing=0.0, axis=-1, mask=None):
    r"""Crossentropy between class probabilities and target classes, one number for each item.

    .. math:: L_i = -\sum_c w_c\, t_{ic} \log p_{ic}, \qquad 0 \log 0 = 0

    with the predictions :math:`p`, the targets :math:`t` and the class weights :math:`w` (1 if not given). For integer
    targets :math:`y` this is :math:`-w_{y_i} \log p_{i, y_i}`.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1] that add up to 1 over the class axis, usually the output of a softmax.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    class_weights : tensor, optional
        One factor (C,) for each class.
    label_smoothing : float
        Share :math:`\varepsilon` in [0, 1] by which targets move towards the uniform distribution:
        :math:`t (1 - \varepsilon) + \varepsilon / C`.
    axis : int
        Class axis of `predictions`, and of dense targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions. To average with class weights as PyTorch does, divide by the
        weights of the targets: ``aggregate(loss, normalizer=pt.as_tensor(class_weights)[targets].sum())``, where all
        targets are valid classes.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If `label_smoothing` is outside [0, 1], or the predictions are the output of a log-softmax.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    Predictions that are the output of a softmax, also through reshapes, transpositions, indexing and casts, are seen
    when the loss is built, which then starts from the logits. Other predictions are used as they are: nothing is
    clipped or normalised, and a target class of probability 0 costs infinitely much. Probabilities outside
    [0, 1] by more than 0.1 % at a target class give NaN.

    References
    ----------
    .. [1] ``lasagne.objectives.categorical_crossentropy``
    .. [2] Szegedy, C. et al. (2016), "Rethinking the Inception architecture for computer vision", arXiv:1512.00567
       (label smoothing)

    Examples
    --------
    >>> from objectives import categorical_crossentropy
    >>> predictions = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]
    >>> print(categorical_crossentropy(predictions, [0, 2]).eval().round(4))
    [0.3567 2.3026]
    """
    predictions = probabilities_of(predictions, "categorical_crossentropy_with_logits")
    options = {"class_weights": class_weights, "label_smoothing": label_smoothing}
    if predictions.ndim and (logits := softmax_logits(predictions, axis)) is not None:
        prepared = items(logits_of(logits, names=UNDER_PREDICTIONS), targets, mask, axis=axis)
        return _of_logits(*prepared, **options).astype(predictions.dtype)
    scores, targets, mask, are_logs = class_scores(predictions, targets, mask, axis)
    options = _options(scores, **options) | ({} if are_logs else {"log": _log_probability})
    return finished(crossentropy(scores, targets, **options), mask).astype(predictions.dtype)


@described(per="item", convex=True, smooth=True, minimiser="log probabilities", logits=REALS, targets=CLASSES)
def categorical_crossentropy_with_logits(
    logits, targets, *, class_weights=None, label_smoothing=0.0, axis=-1, mask=None
):
    r"""Crossentropy between the softmax of logits and target classes, one number for each item.

    .. math::
        L_i = -\sum_c w_c\, t_{ic} \Bigl(z_{ic} - \log \sum_k e^{z_{ik}}\Bigr), \qquad 0 \cdot \infty = 0

    with the logits :math:`z`, the targets :math:`t` and the class weights :math:`w` (1 if not given): the
    `categorical_crossentropy` of the softmax of z, without ever building it.

    Parameters
    ----------
    logits : tensor of float
        Logits (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C). A row of zeros
        costs nothing.
    class_weights : tensor, optional
        One factor (C,) for each class.
    label_smoothing : float
        Share :math:`\varepsilon` in [0, 1] by which targets move towards the uniform distribution:
        :math:`t (1 - \varepsilon) + \varepsilon / C`.
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
        If `label_smoothing` is outside [0, 1], or the logits are the output of a softmax or sigmoid.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    With class weights and label smoothing the loss is that of PyTorch's ``cross_entropy``, for integer as for dense
    targets. There is no ``ignore_index``: ``mask=pt.neq(targets, -100)`` says it.

    References
    ----------
    .. [1] Bridle, J. S. (1990), "Probabilistic interpretation of feedforward classification network outputs",
       doi:10.1007/978-3-642-76153-9_28
    .. [2] Szegedy, C. et al. (2016), "Rethinking the Inception architecture for computer vision", arXiv:1512.00567
       (label smoothing)

    Examples
    --------
    >>> from objectives import categorical_crossentropy_with_logits
    >>> logits = [[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0]]
    >>> print(categorical_crossentropy_with_logits(logits, [0, 2]).eval().round(4))
    [2.395e-01 1.000e+03]
    """
    prepared = items(logits_of(logits, "categorical_crossentropy"), targets, mask, axis=axis, names=OF_LOGITS)
    return _of_logits(*prepared, class_weights=class_weights, label_smoothing=label_smoothing)


@described(
    per="item",
    convex=True,
    smooth=True,
    minimiser="log probabilities",
    log_predictions=LOG_PROBABILITIES,
    targets=CLASSES,
)
def nll_loss(log_predictions, targets, *, class_weights=None, axis=-1, mask=None):
    r"""Negative log-likelihood of target classes under log-probabilities, one number for each item.

    .. math:: L_i = -\sum_c w_c\, t_{ic}\, \ell_{ic}, \qquad 0 \cdot \infty = 0

    with the log-probabilities :math:`\ell`, the targets :math:`t` and the class weights :math:`w` (1 if not given).
    For integer targets :math:`y` this is :math:`-w_{y_i} \ell_{i, y_i}`.

    Parameters
    ----------
    log_predictions : tensor of float
        Logarithms (..., C) of probabilities that add up to 1 over the class axis, usually the output of a log-softmax;
        -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    class_weights : tensor, optional
        One factor (C,) for each class.
    axis : int
        Class axis of `log_predictions`, and of dense targets. PyTorch has it second, ``axis=1``.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient, whatever stands there, invalid labels too.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the log-probabilities.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, or static shapes differ.
    ValueError
        If the log-probabilities are the output of a softmax or sigmoid, which are no logarithms.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    If the logits are at hand, `categorical_crossentropy_with_logits` of them is the same and faster. A target class
    whose log-probability is greater than 0 by more than 0.001 is NaN: logits that were not normalised give no
    plausible wrong number.

    References
    ----------
    .. [1] Fisher, R. A. (1922), "On the mathematical foundations of theoretical statistics", Philosophical
       Transactions of the Royal Society A 222, doi:10.1098/rsta.1922.0009

    Examples
    --------
    >>> import numpy as np
    >>> from objectives import nll_loss
    >>> print(nll_loss(np.log([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]), [0, 2]).eval().round(4))
    [0.3567 2.3026]
    """
    names = "log_predictions", "targets"
    log_p = floating(log_predictions, "log_predictions", names)
    if log_softmax_of(log_p) is not None or sigmoid_logits(log_p) is not None:
        raise ValueError(
            "log_predictions are the output of a softmax or sigmoid, not logarithms: give the probabilities to "
            "categorical_crossentropy, or take their logarithm, pt.special.log_softmax of the logits"
        )
    log_p, targets, mask = classwise(log_p, targets, mask, axis=axis, names=names)
    options = _options(log_p, class_weights=class_weights)
    return finished(crossentropy(log_p, targets, **options, log=_normalised), mask)


def _of_logits(z, targets, mask, **options):
    return finished(masked(mask, SoftmaxCrossentropy.of(z, targets, **_options(z, **options), mask=mask)))


def _log_probability(p, weight):
    """log p, where 0 log 0 shall be 0."""
    return pt.log(possible(p, weight))


def _normalised(log_p, weight):
    """The log-probability, NaN at a target class where it cannot be one."""
    wrong = pt.neq(weight, 0) & ((log_p > 1e-3) | pt.isnan(log_p))
    # chosen: PyTensor would move a factor into the selection that `classwise` made, and JAX differentiate it
    return where(wrong, nan_where(wrong, log_p), log_p)


def _options(scores, *, class_weights=None, label_smoothing=0.0):
    """The options as tensors that fit the scores, None where they change nothing."""
    return {
        "class_weights": None if class_weights is None else per_class(class_weights, "class_weights", scores),
        "label_smoothing": smoothing(label_smoothing, scores),
    }
