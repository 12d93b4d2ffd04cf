"""Margin losses."""

import warnings

import pytensor.tensor as pt

from objectives._inputs import as_labels, elementwise, floating, items, option
from objectives._probabilities import sigmoid_logits
from objectives.losses._terms import finished
from objectives.ops.margin import MulticlassHinge
from objectives.ops.selection import relu, where

__all__ = ["binary_hinge_loss", "multiclass_hinge_loss"]


def binary_hinge_loss(predictions, targets, delta=1, log_odds=None, binary=True, *, mask=None):
    r"""Hinge loss of scores of two classes, element by element.

    .. math:: L = \max(0, \delta - t\, z)

    with the scores :math:`z` and the targets :math:`t \in \{-1, 1\}`.

    Parameters
    ----------
    predictions : tensor of float
        Scores (...), any real numbers; or, with ``log_odds=False``, probabilities in (0, 1).
    targets : tensor
        Targets (...) in {0, 1}, or with ``binary=False`` in {-1, 1}. A vector is aligned with a column of
        predictions, see `align_targets`.
    delta : float or tensor
        Margin.
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
            stacklevel=2,
        )
    scores = floating(predictions, "predictions")
    dtype = scores.dtype
    logits = scores if log_odds or log_odds is None else sigmoid_logits(scores)
    scores, targets, mask = elementwise(scores if logits is None else logits, targets, mask, fill=0.5)
    signs = 2 * targets - 1 if binary else targets
    delta = option(delta, "delta", scores)
    if logits is not None:
        return finished(relu(delta - signs * scores), mask).astype(dtype)
    # A probability that is certain and right costs nothing; its infinite log odds would make the gradient 0 * inf.
    uncertain = pt.neq(scores, (signs + 1) / 2)
    p = where(uncertain, scores, 0.5)
    return finished(where(uncertain, relu(delta - signs * (pt.log(p) - pt.log1p(-p))), 0), mask)


def multiclass_hinge_loss(predictions, targets, delta=1, *, axis=-1, mask=None):
    r"""Hinge loss of Crammer and Singer: the target class shall lead all others by a margin.

    .. math:: L_i = \max\bigl(0, \max_{j \ne y_i} z_{ij} - z_{i, y_i} + \delta\bigr)

    with the scores :math:`z` and the target class :math:`y_i` of item i.

    Parameters
    ----------
    predictions : tensor of float
        Scores (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot targets (..., C); a soft row stands for
        its most probable class.
    delta : float or tensor
        Margin.
    axis : int
        Class axis of `predictions`, and of one-hot targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form (rank mismatch), or class indices are not integers.
    IndexError
        At run time, for a class index outside [0, C) or a one-hot row that names no class, on Numba and C. On JAX,
        PyTorch and MLX, which cannot raise, the item is NaN in value and gradient.

    Notes
    -----
    Where several other classes share the greatest score, as all do in a network initialised to zero, the gradient is
    shared evenly among them.

    References
    ----------
    .. [1] Crammer, K. and Singer, Y. (2001), "On the algorithmic implementation of multiclass kernel-based vector
       machines", JMLR 2, https://jmlr.org/papers/v2/crammer01a.html
    .. [2] ``lasagne.objectives.multiclass_hinge_loss``

    Examples
    --------
    >>> from objectives import multiclass_hinge_loss
    >>> print(multiclass_hinge_loss([[3.0, 1.0, 0.5], [1.0, 1.5, 0.0]], [0, 0]).eval())
    [0.  1.5]
    """
    scores, targets, mask = items(predictions, targets, mask, axis=axis)
    labels = as_labels(targets, scores, mask)
    return finished(MulticlassHinge.of(scores, labels, delta=option(delta, "delta", scores[..., 0]), mask=mask))
