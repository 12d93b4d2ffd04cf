"""Margin losses of one class out of many, or of several."""

import numpy as np
import pytensor.tensor as pt

from objectives._arithmetic import length, mean
from objectives._inputs import are_labels, as_labels, classwise, items, size_option
from objectives._options import known_number
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.losses._terms import finished, pair_shortfalls, per_class, soft
from objectives.ops.labels import is_class, pick_class
from objectives.ops.margin import MulticlassHinge
from objectives.ops.marking import masked
from objectives.ops.ranking import even_max
from objectives.ops.selection import equal, nan_where, relu, scaled, where

__all__ = [
    "multi_margin_loss",
    "multiclass_hinge_loss",
    "multiclass_perceptron_loss",
    "multilabel_margin_loss",
    "one_vs_all_hinge_loss",
]

AHEAD = "target class ahead by the margin"


@described(per="item", convex=True, minimiser=AHEAD, minimum=0, predictions=REALS, targets=CLASSES)
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
        Margin, not negative.
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
    ValueError
        If `delta` is a negative number.
    IndexError
        At run time, for a class index outside [0, C) or a one-hot row that names no class, on Numba and C. On JAX,
        PyTorch and MLX, which cannot raise, the item is NaN in value and gradient.

    Notes
    -----
    Where several other classes share the greatest score, as all do in a network initialised to zero, the gradient is
    shared evenly among them. Keras's ``categorical_hinge`` does not let the best other score fall below 0; with class
    indices it is the loss of one class more, whose score is 0:
    ``multiclass_hinge_loss(pt.concatenate([scores, pt.zeros_like(scores[..., :1])], axis=-1), targets)``.

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
    delta = size_option(delta, "delta", scores[..., 0])
    return finished(masked(mask, MulticlassHinge.of(scores, labels, delta=delta, mask=mask)))


@described(per="item", convex=True, minimiser="equal scores", minimum=0, predictions=REALS, targets=CLASSES)
def multiclass_perceptron_loss(predictions, targets, *, axis=-1, mask=None):
    r"""Perceptron loss of class scores, one number for each item: how far the target class is from the lead.

    .. math:: L_i = \max_j z_{ij} - z_{i, y_i}

    with the scores :math:`z` and the target class :math:`y_i` of item i: 0 if that class has the greatest score.

    Parameters
    ----------
    predictions : tensor of float
        Scores (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot targets (..., C); a soft row stands for
        its most probable class.
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
    Where several classes share the greatest score, the target's among them or not, the gradient of the maximum is
    shared evenly by them. So a network that starts with equal scores learns, as it does with `multiclass_hinge_loss`,
    which adds a margin.

    References
    ----------
    .. [1] Collins, M. (2002), "Discriminative training methods for hidden Markov models: theory and experiments with
       perceptron algorithms", EMNLP, doi:10.3115/1118693.1118694

    Examples
    --------
    >>> from objectives import multiclass_perceptron_loss
    >>> print(multiclass_perceptron_loss([[3.0, 1.0, 0.5], [1.0, 1.5, 0.0]], [0, 0]).eval())
    [0.  0.5]
    """
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
    labels = as_labels(targets, scores, mask)
    best, own = even_max(scores), pick_class(scores, labels)
    # an infinite score of the target class leads, though infinity minus itself is no number
    lead = nan_where(pt.isnan(best - own), best - own)
    return finished(where(pt.isinf(own) & equal(best, own), 0, lead), mask)


@described(per="item", convex=True, minimiser=AHEAD, minimum=0, predictions=REALS, targets=CLASSES)
def multi_margin_loss(predictions, targets, *, p=1, margin=1.0, class_weights=None, axis=-1, mask=None):
    r"""Margin loss of Weston and Watkins: the target class shall lead each other one by a margin.

    .. math:: L_i = \frac{w_{y_i}}{C} \sum_{j \ne y_i} \max(0, m - z_{i, y_i} + z_{ij})^p

    with the scores :math:`z` of C classes, the target class :math:`y_i` of item i, the margin :math:`m` and the class
    weights :math:`w` (1 if not given).

    Parameters
    ----------
    predictions : tensor of float
        Scores (..., C), any real numbers; -inf is fine for classes that are no target.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot targets (..., C); a soft row stands for
        its most probable class.
    p : {1, 2}
        Power of the shortfalls. With 2 the gradient is continuous.
    margin : float or tensor
        Margin, not negative: one number or one for each item (...).
    class_weights : tensor, optional
        One factor (C,) for each class; that of the target class multiplies the loss, and is not raised to `p`.
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
    ValueError
        If `p` is neither 1 nor 2, or `margin` is a negative number.
    IndexError
        At run time, for a class index outside [0, C) or a one-hot row that names no class, on Numba and C. On JAX,
        PyTorch and MLX, which cannot raise, the item is NaN in value and gradient.

    Notes
    -----
    The sum is divided by the number of classes C, not C - 1, as PyTorch's ``multi_margin_loss`` does. With
    `multiclass_hinge_loss` only the best of the other classes counts.

    References
    ----------
    .. [1] Weston, J. and Watkins, C. (1999), "Support vector machines for multi-class pattern recognition", ESANN,
       https://www.esann.org/sites/default/files/proceedings/legacy/es1999-461.pdf
    .. [2] ``torch.nn.MultiMarginLoss``

    Examples
    --------
    >>> from objectives import multi_margin_loss
    >>> print(multi_margin_loss([[3.0, 2.5, 2.5, 0.0], [1.0, 2.0, 1.0, 0.0]], [0, 0]).eval())
    [0.25 0.75]
    """
    if known_number(p) not in (1, 2):
        raise ValueError(f"p must be 1 or 2, not {p!r}")
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
    labels = as_labels(targets, scores, mask)
    target = is_class(labels, scores)
    behind = scores - pick_class(scores, labels)[..., None]
    short = where(target, 0, relu(behind + size_option(margin, "margin", scores[..., 0])[..., None]))
    loss = mean(short if known_number(p) == 1 else pt.square(short), -1)
    if class_weights is not None:
        loss = scaled(where(target, per_class(class_weights, "class_weights", scores), 0).sum(axis=-1), loss)
    return finished(loss, mask)


@described(convex=True, minimiser="sign of the log odds", minimum=0, predictions=REALS, targets=CLASSES)
def one_vs_all_hinge_loss(predictions, targets, *, delta=1, axis=-1, mask=None):
    r"""Hinge loss of each class against all others, one number for each item and class.

    .. math::
        L_{ic} = \max(0, \delta - t_{ic}\, z_{ic}), \qquad t_{ic} = \begin{cases} 1 & c = y_i \\ -1 & c \ne y_i
        \end{cases}

    with the scores :math:`z` and the target class :math:`y_i` of item i.

    Parameters
    ----------
    predictions : tensor of float
        Scores (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot targets (..., C); multi-hot
        ones are fine.
    delta : float or tensor
        Margin, not negative.
    axis : int
        Class axis of `predictions`, and of one-hot targets.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient for all classes.

    Returns
    -------
    TensorVariable
        Losses of the shape and dtype of the predictions. Those of an item are not added up.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form (rank mismatch), or class indices are not integers.
    ValueError
        If `delta` is a negative number.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    For targets (..., C) it is ``binary_hinge_loss(predictions, targets, delta, log_odds=True)`` with a mask of
    items, and `squared_hinge_loss` is its square; class indices ``y`` are then given as ``pt.eye(C)[y]``.

    References
    ----------
    .. [1] Rifkin, R. and Klautau, A. (2004), "In defense of one-vs-all classification", JMLR 5,
       https://www.jmlr.org/papers/v5/rifkin04a.html

    Examples
    --------
    >>> from objectives import one_vs_all_hinge_loss
    >>> print(one_vs_all_hinge_loss([[3.0, -1.0, 0.5], [0.5, 1.5, -2.0]], [0, 0]).eval())
    [[0.  0.  1.5]
     [0.5 2.5 0. ]]
    """
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
    if are_labels(targets, scores):
        own = is_class(targets, scores)
        # where an invalid label cannot raise, it names no class
        targets = where(own.any(axis=-1, keepdims=True), own.astype(scores.dtype), np.nan)
    else:
        targets = soft(targets)
    loss = relu(size_option(delta, "delta", scores) - (2 * targets - 1) * scores)
    rows = None if mask is None else pt.moveaxis(mask[..., None], -1, axis)
    return finished(pt.moveaxis(loss, -1, axis), rows)


@described(
    per="item", convex=True, minimiser="relevant classes ahead by 1", minimum=0, predictions=REALS, targets=BINARY
)
def multilabel_margin_loss(predictions, targets, *, axis=-1, mask=None):
    r"""Margin loss of several target classes: each of them shall lead each other class by 1.

    .. math:: L_i = \frac{1}{C} \sum_{j} \sum_{k} t_{ij} (1 - t_{ik}) \max(0, 1 - z_{ij} + z_{ik})

    with the scores :math:`z` of C classes and the targets :math:`t`: 1 for the classes of item i, 0 for the others.

    Parameters
    ----------
    predictions : tensor of float
        Scores (..., C), any real numbers.
    targets : tensor
        Multi-hot targets (..., C) in {0, 1}.
    axis : int
        Class axis of `predictions` and `targets`.
    mask : tensor of bool, optional
        Items that count (...); the others are 0 in value and gradient.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of the predictions. Those of items with no target class, or all, are 0. Targets
        outside [0, 1] give NaN.

    Raises
    ------
    TypeError
        If the targets do not have the shape of the predictions (rank mismatch).

    Notes
    -----
    All pairs of classes are computed, in memory too: C\ :sup:`2` numbers for each item. PyTorch's
    ``multilabel_margin_loss`` takes lists of class indices that end at the first -1 instead. This turns ``lists`` of
    shape (N, C) into targets:
    ``listed = (pt.cumsum(lists < 0, axis=1) < 1)[:, :, None]``,
    ``targets = pt.any(listed & pt.invert(pt.neq(lists[:, :, None], pt.arange(C))), axis=1)``.

    References
    ----------
    .. [1] Crammer, K. and Singer, Y. (2003), "A family of additive online algorithms for category ranking", JMLR 3,
       https://www.jmlr.org/papers/v3/crammer03b.html
    .. [2] ``torch.nn.MultiLabelMarginLoss``

    Examples
    --------
    >>> from objectives import multilabel_margin_loss
    >>> print(multilabel_margin_loss([[3.0, 0.5, 1.0, 2.5]], [[1, 0, 1, 0]]).eval())
    [0.875]
    """
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
    if are_labels(targets, scores):
        raise TypeError(
            f"rank mismatch between targets and predictions: targets have {targets.ndim} and predictions "
            f"{scores.ndim} dimensions. Give multi-hot targets of the same shape, or one_vs_all_hinge_loss or "
            "multi_margin_loss the index of the one target class"
        )
    relevant = soft(targets)
    weight, short = pair_shortfalls(scores, relevant, 1 - relevant, 1)
    # the mean would ask for the shape of the product, which PyTensor checks by what fails on PyTorch
    return finished((weight * short).sum(axis=(-2, -1)) / length(scores, -1), mask)
