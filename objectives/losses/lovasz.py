"""Lovasz losses of segmentation, convex stand-ins for the intersection over union of hard predictions."""

from collections.abc import Sequence

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._inputs import elementwise, floating
from objectives._typing import TensorLike
from objectives.lookup import BINARY, CLASSES, REALS, UNIT, described
from objectives.losses._pixels import pixel_axes_of, pixels
from objectives.losses._terms import finished, signs
from objectives.ops.selection import nan_where, neither, relu, scaled, select, where
from objectives.ops.sorting import weighted_rank

__all__ = ["lovasz_hinge_loss", "lovasz_softmax_loss"]


@described(per="item", convex=True, minimizer="hard target", minimum=0, predictions=UNIT, targets=CLASSES)
def lovasz_softmax_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    mask: TensorLike | None = None,
    axis: int = -1,
    pixel_axes: int | Sequence[int] | None = None,
) -> TensorVariable:
    r"""Lovasz-softmax: a convex loss of segmentation that is 1 - IoU at hard predictions, for each item and class.

    Choose it to tune a model for `jaccard_score`, often after training with a crossentropy; `iou_loss` is smooth, but
    not convex. It takes N log N time for N pixels.

    .. math::
        L = \sum_k m_{(k)} \bigl[\Delta_J(\{(1), \ldots, (k)\}) - \Delta_J(\{(1), \ldots, (k - 1)\})\bigr], \qquad
        m_i = |t_i - p_i|, \quad m_{(1)} \ge m_{(2)} \ge \ldots

    with the Jaccard loss :math:`\Delta_J` of a prediction that is wrong at these pixels and right at the others.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C) of pixels i, usually (B, H, W, C).
    targets : tensor
        Class indices (...), or one-hot targets t (..., C); others than 0 and 1 give NaN.
    mask : tensor of bool, optional
        Pixels (...) that count; the rest are in no sum and have a gradient of exactly 0.
    axis : int
        Class axis of `predictions` and of dense targets: 1 for (B, C, H, W).
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` to sum over; by default all but the first and the class axis. With the first as well it is
        one loss (C,) for the batch.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1], of the dtype of `predictions`; 0 for an item without pixels that count.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    Notes
    -----
    A class that an item lacks costs its greatest probability. To leave it out (``classes="present"`` in the paper's
    code), average the others: with one-hot targets ``aggregate(loss, mask=targets.any(axis=(1, 2)), axis=-1)``.
    Equal errors do not change the value; the gradient, a subgradient there, takes them in the order of the pixels.

    References
    ----------
    .. [1] Berman, M. et al. (2018), "The Lovasz-softmax loss", arXiv:1705.08790

    Examples
    --------
    >>> from objectives import lovasz_softmax_loss
    >>> print(lovasz_softmax_loss([[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]], [[0, 1, 1]]).eval().round(4))
    [[0.5  0.25]]
    """
    p, t, axes, counted = pixels(predictions, targets, axis, pixel_axes, mask)
    positive = t > 0.5
    errors = nan_where(neither(t, 0, 1) | pt.isnan(t), where(positive, 1 - p, p))
    loss = _extension(errors, positive, counted if counted is None else counted[..., None], axes)
    return finished(loss.astype(floating(predictions, "predictions").dtype))


@described(per="item", convex=True, minimizer="hard target", minimum=0, predictions=REALS, targets=BINARY)
def lovasz_hinge_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    mask: TensorLike | None = None,
    pixel_axes: int | Sequence[int] | None = None,
) -> TensorVariable:
    r"""Lovasz hinge: a convex loss of binary segmentation, above 1 - IoU of the signs of scores, for each item.

    Choose it to tune scores of one foreground for `binary_jaccard_score`; `lovasz_softmax_loss` is for probabilities.

    .. math::
        L = \sum_k \max(0, m_{(k)}) \bigl[\Delta_J(\{(1), \ldots, (k)\}) - \Delta_J(\{(1), \ldots, (k - 1)\})\bigr],
        \qquad m_i = 1 - (2 t_i - 1)\, z_i

    with the order and the Jaccard loss of `lovasz_softmax_loss`. An image without foreground costs its greatest error.

    Parameters
    ----------
    predictions : tensor of float
        Scores z (...) of pixels i, any real numbers, usually (B, H, W).
    targets : tensor
        Targets t (...) in {0, 1}; others give NaN.
    mask : tensor of bool, optional
        Pixels (...) that count; the rest are in no sum and have a gradient of exactly 0.
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` to sum over; by default all but the first. With all it is one loss for the batch.

    Returns
    -------
    TensorVariable
        Losses (B,), of the dtype of `predictions`; 0 for an item without pixels that count.

    Raises
    ------
    TypeError, ValueError
        If ranks, dtypes or options do not fit.

    References
    ----------
    .. [1] Yu, J. and Blaschko, M. (2015), "Learning submodular losses with the Lovasz hinge", ICML
    .. [2] Berman, M. et al. (2018), "The Lovasz-softmax loss", arXiv:1705.08790

    Examples
    --------
    >>> from objectives import lovasz_hinge_loss
    >>> print(lovasz_hinge_loss([[2.0, 0.5, -1.0]], [[1, 1, 0]]).eval())
    [0.25]
    """
    z, t, mask = elementwise(predictions, targets, mask)
    if z.dtype == "float16":
        z, t = z.astype("float32"), t.astype("float32")
    axes = pixel_axes_of(pixel_axes, z.ndim)
    y = signs(t, True, mask)
    loss = _extension(relu(1 - y * z), y > 0, mask, axes)
    return finished(loss.astype(floating(predictions, "predictions").dtype))


def _extension(errors, positive, mask, axes):
    """The Lovasz extension of the Jaccard loss over these axes, of errors that are 0 or more."""
    last, dtype = tuple(range(-len(axes), 0)), errors.dtype
    given = (errors, positive.astype(dtype), pt.invert(positive).astype(dtype))
    errors, positive, negative = (pt.moveaxis(select(mask, x), axes, last) for x in given)
    loss = scaled(_steps(errors, positive, negative, last), errors).sum(axis=last)
    return nan_where(pt.isnan(loss), loss)  # in the gradient of all its pixels


def _steps(errors, positive, negative, axes):
    """How much each pixel adds to the Jaccard loss, the greatest error first, with no difference of close numbers.

    A constant for the gradient: the loss is piecewise linear.
    """
    found, wrong = (weighted_rank(-errors, x, "order", len(axes)) for x in (positive, negative))
    total = positive.sum(axis=axes, keepdims=True)
    union = total + wrong
    # an image without the class loses all by its first error
    left = where(union > 0, ratio(total - found, union), 1)
    return disconnected_grad(ratio(positive + negative * left, union + negative))
