"""Margin losses of class scores, with one target class or several per item."""

from typing import Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._arithmetic import length, mean
from objectives._inputs import are_labels, as_labels, classwise, items, size_option
from objectives._options import known_number
from objectives._typing import TensorLike
from objectives.lookup import BINARY, CLASSES, REALS, described
from objectives.losses._terms import checked, dense, finished, pair_shortfalls, per_class, soft
from objectives.ops.crossentropy import crossentropy
from objectives.ops.labels import is_class, pick_class
from objectives.ops.margin import MulticlassHinge
from objectives.ops.marking import masked
from objectives.ops.ranking import even_max
from objectives.ops.selection import equal, nan_where, relu, scaled, where

__all__ = [
    "categorical_hinge_loss",
    "multi_margin_loss",
    "multiclass_hinge_loss",
    "multiclass_perceptron_loss",
    "multilabel_margin_loss",
    "one_vs_all_hinge_loss",
]

AHEAD = "target class ahead by the margin"


@described(per="item", convex=True, minimizer=AHEAD, minimum=0, predictions=REALS, targets=CLASSES)
def multiclass_hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    delta: TensorLike = 1,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Multiclass hinge loss of Crammer and Singer, from the best wrong class alone, item by item.

    Choose it where only the greatest score matters; in `multi_margin_loss` every wrong class counts. Keras's
    `categorical_hinge_loss` has one class more, of score 0.

    .. math:: L_i = \max\bigl(0, \delta + \max_{j \ne y_i} z_{ij} - z_{i, y_i}\bigr)

    Parameters
    ----------
    predictions : tensor of float
        Scores z (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot targets (..., C); a soft row counts as its most probable class.
    delta : tensor
        Margin, not negative: one number or one for each item (...).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Losses (...). Wrong classes that share the greatest score share its gradient evenly.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a target names no class in [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Crammer, K. and Singer, Y. (2001), JMLR 2, https://jmlr.org/papers/v2/crammer01a.html

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


@described(per="item", convex=True, minimizer=AHEAD, minimum=0, predictions=REALS, targets=CLASSES)
def categorical_hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 1.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Categorical hinge loss of class scores and one-hot or soft targets, as in Keras, item by item.

    Choose `multiclass_hinge_loss`, the standard, for targets that name one class: here the target class counts as a
    wrong one of score 0, so that negative scores of the other classes do not help.

    .. math:: L_i = \max\Bigl(0, m + \max_c\, (1 - t_{ic}) z_{ic} - \sum_c t_{ic} z_{ic}\Bigr)

    Parameters
    ----------
    predictions : tensor of float
        Scores z (..., C), any real numbers.
    targets : tensor
        One-hot or soft targets t (..., C) in [0, 1], or class indices (...) from 0 to C - 1.
    margin : float or tensor
        Margin m, not negative, one number or one for each item (...).
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses (...). Classes that share the greatest :math:`(1 - t) z` share its gradient evenly.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] ``keras.losses.CategoricalHinge``

    Examples
    --------
    >>> from objectives import categorical_hinge_loss
    >>> print(categorical_hinge_loss([[3.0, 1.0, 0.5], [-1.0, -5.0, -5.0]], [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]).eval())
    [0.5 2. ]
    """
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
    targets = checked(targets, scores)
    wrong = even_max(scaled(1 - dense(targets, scores), scores))
    return finished(relu(size_option(margin, "margin", wrong) + wrong + crossentropy(scores, targets)), mask)


@described(per="item", convex=True, minimizer="equal scores", minimum=0, predictions=REALS, targets=CLASSES)
def multiclass_perceptron_loss(
    predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Multiclass perceptron loss: the lag of the score of the target class behind the greatest, item by item.

    Scores of 0 cost nothing, so prefer `multiclass_hinge_loss` for a model that can shrink its scores.

    .. math:: L_i = \max_j z_{ij} - z_{i, y_i}

    Parameters
    ----------
    predictions : tensor of float
        Scores z (..., C), any real numbers; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot targets (..., C); a soft row counts as its most probable class.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Losses (...). Classes that share the greatest score share its gradient evenly.

    Raises
    ------
    TypeError, IndexError
        If inputs do not fit, or a target names no class in [0, C); NaN where a backend cannot raise.

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
    # An infinite score of the target class leads, though infinity minus itself is NaN.
    leads = pt.isinf(own) & equal(best, own)
    lead = where(leads, 0, best) - where(leads, 0, own)
    return finished(nan_where(pt.isnan(lead), lead), mask)


@described(per="item", convex=True, minimizer=AHEAD, minimum=0, predictions=REALS, targets=CLASSES)
def multi_margin_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    power: Literal[1, 2] = 1,
    margin: TensorLike = 1.0,
    class_weights: TensorLike | None = None,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""Multiclass margin loss of Weston and Watkins, summed over all wrong classes, item by item.

    Choose it where the order of the wrong classes matters too; in `multiclass_hinge_loss` only the best one counts.

    .. math:: L_i = \frac{w_{y_i}}{C} \sum_{j \ne y_i} \max(0, m - z_{i, y_i} + z_{ij})^r

    Parameters
    ----------
    predictions : tensor of float
        Scores z (..., C), any real numbers; -inf is fine for classes that are not targets.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot targets (..., C); a soft row counts as its most probable class.
    power : {1, 2}
        The power r of each shortfall; with 2 the gradient is continuous.
    margin : tensor
        Margin m, not negative: one number or one for each item (...).
    class_weights : tensor, optional
        Factor w (C,) of the items of each class; it is not raised to `power`.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Losses (...): sums divided by C, not C - 1, as in ``torch.nn.MultiMarginLoss``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a target names no class in [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Weston, J. and Watkins, C. (1999), "Support vector machines for multi-class pattern recognition", ESANN

    Examples
    --------
    >>> from objectives import multi_margin_loss
    >>> print(multi_margin_loss([[3.0, 2.5, 2.5, 0.0], [1.0, 2.0, 1.0, 0.0]], [0, 0]).eval())
    [0.25 0.75]
    """
    if known_number(power) not in (1, 2):
        raise ValueError(f"power must be 1 or 2, not {power!r}")
    scores, targets, mask = classwise(predictions, targets, mask, axis=axis)
    labels = as_labels(targets, scores, mask)
    margin = size_option(margin, "margin", scores[..., 0])[..., None]
    target, behind = is_class(labels, scores), scores - pick_class(scores, labels)[..., None]
    left_out = target  # an infinite score minus itself is NaN
    if class_weights is not None:
        weights = where(target, per_class(class_weights, "class_weights", scores), 0).sum(axis=-1)
        left_out |= equal(weights, 0)[..., None] & pt.isinf(behind)
    short = where(target, 0, relu(where(left_out, 0, behind) + margin))
    loss = mean(short if known_number(power) == 1 else pt.square(short), -1)
    loss = loss if class_weights is None else scaled(weights, loss)
    return finished(loss, mask)


@described(convex=True, minimizer="sign of the log odds", minimum=0, predictions=REALS, targets=CLASSES)
def one_vs_all_hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 1,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""One-vs-all hinge loss: a binary hinge loss of each class against the rest, for each item and class.

    Choose it for one binary classifier per class. Its square is `squared_hinge_loss` with targets ``pt.eye(C)[y]``.

    .. math:: L_{ic} = \max\bigl(0, m - (2 t_{ic} - 1)\, z_{ic}\bigr)

    Parameters
    ----------
    predictions : tensor of float
        Scores z (..., C), any real numbers.
    targets : tensor
        Class indices (...) from 0 to C - 1, or one-hot or multi-hot targets t (..., C).
    margin : tensor
        Margin m, not negative.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient, for all classes.
    axis : int
        Class axis of `predictions` and of dense targets.

    Returns
    -------
    TensorVariable
        Losses of the shape of the predictions.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a class index is outside [0, C); NaN where a backend cannot raise.

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
    scores, t, items_mask = classwise(predictions, targets, mask, axis=axis)
    if are_labels(t, scores):
        own = is_class(t, scores)
        # On backends that cannot raise, an invalid label matches no class.
        t = where(own.any(axis=-1, keepdims=True), own.astype(scores.dtype), np.nan)
    else:
        t = soft(t)
    loss = relu(size_option(margin, "margin", scores) - (2 * t - 1) * scores)
    rows = None if mask is None else pt.moveaxis(items_mask[..., None], -1, axis)
    return finished(pt.moveaxis(loss, -1, axis), rows)


@described(
    per="item", convex=True, minimizer="relevant classes ahead by 1", minimum=0, predictions=REALS, targets=BINARY
)
def multilabel_margin_loss(
    predictions: TensorLike, targets: TensorLike, *, mask: TensorLike | None = None, axis: int = -1
) -> TensorVariable:
    r"""Multilabel margin loss: each target class must lead each other class by 1, item by item.

    Choose it to rank the classes of an item that has several; for independent decisions use `one_vs_all_hinge_loss`.

    .. math:: L_i = \frac{1}{C} \sum_{j} \sum_{k} t_{ij} (1 - t_{ik}) \max(0, 1 - z_{ij} + z_{ik})

    Parameters
    ----------
    predictions, targets : tensor of float
        Scores z (..., C), of which all C² pairs are held in memory, and multi-hot targets t (..., C) in {0, 1}.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `predictions` and `targets`.

    Returns
    -------
    TensorVariable
        Losses (...), 0 for items without a target class or without any other.

    Raises
    ------
    TypeError
        If ranks, shapes or dtypes do not fit.

    Notes
    -----
    PyTorch's function of this name takes ``lists`` (N, C) of class indices that end at the first -1. To convert them:
    ``listed = (pt.cumsum(lists < 0, axis=1) < 1)[:, :, None]``,
    ``targets = pt.any(listed & pt.invert(pt.neq(lists[:, :, None], pt.arange(C))), axis=1)``.

    References
    ----------
    .. [1] Crammer, K. and Singer, Y. (2003), JMLR 3, https://www.jmlr.org/papers/v3/crammer03b.html

    Examples
    --------
    >>> from objectives import multilabel_margin_loss
    >>> print(multilabel_margin_loss([[3.0, 0.5, 1.0, 2.5]], [[1, 0, 1, 0]]).eval())
    [0.875]
    """
    scores, t, mask = classwise(predictions, targets, mask, axis=axis)
    if are_labels(t, scores):
        raise TypeError(
            f"rank mismatch between targets and predictions: targets have {t.ndim} and predictions "
            f"{scores.ndim} dimensions. Give multi-hot targets of the same shape, or give class indices to "
            "multi_margin_loss or one_vs_all_hinge_loss"
        )
    relevant = soft(t)
    weight, short = pair_shortfalls(scores, relevant, 1 - relevant, 1)
    # Not `mean`, which would infer the shape of the product with an assertion that fails on PyTorch.
    return finished((weight * short).sum(axis=(-2, -1)) / length(scores, -1), mask)
