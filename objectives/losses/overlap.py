"""Overlap losses of segmentation: Dice, IoU and Tversky."""

from collections.abc import Sequence
from typing import Literal

from pytensor.tensor import TensorVariable

from objectives._arithmetic import ratio
from objectives._inputs import floating, size_option
from objectives._options import one_of
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, UNIT, described
from objectives.losses._pixels import pixels
from objectives.losses._terms import finished
from objectives.ops.ranking import even_max
from objectives.ops.selection import where

__all__ = ["dice_loss", "generalized_dice_loss", "iou_loss", "tversky_loss"]

# Soft targets of a class with a smaller sum count as none: the square of its inverse could overflow.
EMPTY = 1e-12


@described(per="item", symmetric=True, smooth=True, minimizer="hard target", predictions=UNIT, targets=CLASSES)
def dice_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    smooth: TensorLike = 1.0,
    mask: TensorLike | None = None,
    axis: int = -1,
    pixel_axes: int | Sequence[int] | None = None,
) -> TensorVariable:
    r"""Dice loss: 1 minus the Dice coefficient (F1 score) of a segmentation, for each item and class.

    Choose it where regions are small compared with the background; `tversky_loss` also trades false positives for false
    negatives, and `generalized_dice_loss` balances classes. ``aggregate(loss, axis=-1)`` averages classes.

    .. math:: L = 1 - \frac{2 \sum_i p_i\, t_i + 2 s}{\sum_i p_i + \sum_i t_i + 2 s}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities p (..., C) of pixels i, usually (B, H, W, C), and class indices (...) or dense targets t (..., C).
        For binary images give ``predictions[..., None]`` and ``targets[..., None]``.
    smooth : float or tensor
        Smoothing s, not negative: damps the loss of small regions. (Libraries that add s, not 2 s, need twice as much.)
    mask : tensor of bool, optional
        Pixels (...) that count; the rest are in no sum and have a gradient of exactly 0.
    axis : int
        Class axis of `predictions` and of dense targets: 1 for (B, C, H, W).
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` to sum over; by default all but the first and the class axis.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1]; 0 for a class without targets and predictions. ``loss[..., 1:]`` drops a background.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Milletari, F. et al. (2016), "V-Net", arXiv:1606.04797

    Examples
    --------
    >>> from objectives import dice_loss
    >>> print(dice_loss([[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]], [[0, 1, 1]], smooth=0.0).eval().round(4))
    [[0.4286 0.1765]]
    """
    return _tversky(predictions, targets, 0.5, 0.5, smooth, axis, pixel_axes, mask)


@described(per="item", symmetric=True, smooth=True, minimizer="hard target", predictions=UNIT, targets=CLASSES)
def iou_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    smooth: TensorLike = 1.0,
    mask: TensorLike | None = None,
    axis: int = -1,
    pixel_axes: int | Sequence[int] | None = None,
) -> TensorVariable:
    r"""IoU loss: 1 minus the intersection over union (Jaccard index) of a segmentation, for each item and class.

    Steeper than `dice_loss` D near their common minimum: 2 D / (1 + D) if ``smooth=0``; `tversky_loss` is more general.

    .. math:: L = 1 - \frac{I + s}{\sum_i p_i + \sum_i t_i - I + s}, \qquad I = \sum_i p_i\, t_i

    Parameters
    ----------
    predictions : tensor of float
        Probabilities p (..., C) of pixels i, usually (B, H, W, C).
    targets : tensor
        Class indices (...), or one-hot or soft targets t (..., C).
    smooth : float or tensor
        Smoothing s, not negative: damps the loss of small regions.
    mask : tensor of bool, optional
        Pixels (...) that count; the rest are in no sum and have a gradient of exactly 0.
    axis : int
        Class axis of `predictions` and of dense targets: 1 for (B, C, H, W).
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` to sum over; by default all but the first and the class axis.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1], of the dtype of `predictions`; 0 for a class without targets and predictions.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Rahman, M. A. and Wang, Y. (2016), "Optimizing intersection-over-union", doi:10.1007/978-3-319-50835-1_22

    Examples
    --------
    >>> from objectives import iou_loss
    >>> print(iou_loss([[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]], [[0, 1, 1]], smooth=0.0).eval().round(4))
    [[0.6 0.3]]
    """
    return _tversky(predictions, targets, 1, 1, smooth, axis, pixel_axes, mask)


@described(per="item", smooth=True, minimizer="hard target", predictions=UNIT, targets=CLASSES)
def tversky_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    alpha: TensorLike = 0.5,
    beta: TensorLike = 0.5,
    smooth: TensorLike = 1.0,
    mask: TensorLike | None = None,
    axis: int = -1,
    pixel_axes: int | Sequence[int] | None = None,
) -> TensorVariable:
    r"""Tversky loss: overlap loss of a segmentation with separate weights of false positives and false negatives.

    Choose it over `dice_loss` if missing a small region is worse than a false alarm: a larger `beta` finds more. With
    1/2 and 1/2 it is the `dice_loss`, with 1 and 1 the `iou_loss`.

    .. math:: L = 1 - \frac{I + s}{I + \alpha F^+ + \beta F^- + s}, \qquad I = \sum_i p_i\, t_i, \quad
        F^+ = \sum_i p_i (1 - t_i), \quad F^- = \sum_i (1 - p_i)\, t_i

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities p (..., C) of pixels i, usually (B, H, W, C), and class indices (...) or dense targets t (..., C).
    alpha, beta : float or tensor
        Weights of false positives and of false negatives, not negative, as in the paper; Keras 3.15 exchanges them.
    smooth : float or tensor
        Smoothing s, not negative: damps the loss of small regions.
    mask : tensor of bool, optional
        Pixels (...) that count; the rest are in no sum and have a gradient of exactly 0.
    axis : int
        Class axis of `predictions` and of dense targets: 1 for (B, C, H, W).
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` to sum over; by default all but the first and the class axis.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1], of the dtype of `predictions`; 0 for a class without targets and predictions.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Salehi, S. S. M. et al. (2017), "Tversky loss function for image segmentation", arXiv:1706.05721

    Examples
    --------
    >>> from objectives import tversky_loss
    >>> predictions = [[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]]
    >>> print(tversky_loss(predictions, [[0, 1, 1]], alpha=0.3, beta=0.7, smooth=0.0).eval().round(4))
    [[0.4595 0.1566]]
    """
    return _tversky(predictions, targets, alpha, beta, smooth, axis, pixel_axes, mask)


@described(per="item", smooth=True, minimizer="hard target", predictions=UNIT, targets=CLASSES)
def generalized_dice_loss(
    predictions: TensorLike,
    targets: TensorLike,
    *,
    class_weighting: Literal["square", "simple", "uniform"] = "square",
    smooth: TensorLike = 0.0,
    mask: TensorLike | None = None,
    axis: int = -1,
    pixel_axes: int | Sequence[int] | None = None,
) -> TensorVariable:
    r"""Generalized Dice loss: one Dice loss over all classes of a segmentation, in which small classes weigh more.

    Choose it over `dice_loss` if classes differ much in size. Optax's function of this name is something else, the Dice
    losses weighted by class: ``aggregate(dice_loss(predictions, targets), weights[None, :])``.

    .. math:: L = 1 - \frac{2 \sum_c w_c \sum_i p_{ic}\, t_{ic} + 2 s}{\sum_c w_c (\sum_i p_{ic} + T_c) + 2 s}, \qquad
              w_c = \frac{1}{T_c^2}, \quad T_c = \sum_i t_{ic}

    Parameters
    ----------
    predictions, targets : tensor
        Probabilities p (..., C) of pixels i, usually (B, H, W, C), and class indices (...) or dense targets t (..., C).
    class_weighting : {"square", "simple", "uniform"}
        Class weights w: 1/T², 1/T or 1. A class that an item lacks gets the largest weight of those it has.
    smooth : float or tensor
        Smoothing s, not negative. A little goes a long way, since weights are small.
    mask : tensor of bool, optional
        Pixels (...) that count; the rest are in no sum and have a gradient of exactly 0.
    axis : int
        Class axis of `predictions` and of dense targets: 1 for (B, C, H, W).
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` to sum over; by default all but the first and the class axis.

    Returns
    -------
    TensorVariable
        Losses (B,) in [0, 1], of the dtype of `predictions`; 0 for an item without targets and predictions.

    Raises
    ------
    TypeError, ValueError, IndexError
        If ranks, dtypes or options do not fit, or an index is outside [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Sudre, C. H. et al. (2017), "Generalised Dice overlap as a deep learning loss function", arXiv:1707.03237

    Examples
    --------
    >>> from objectives import generalized_dice_loss
    >>> print(generalized_dice_loss([[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]], [[0, 1, 1]]).eval().round(4))
    [0.3333]
    """
    p, t, axes, _ = pixels(predictions, targets, axis, pixel_axes, mask)
    hits, false_positives, false_negatives = _sums(p, t, axes)
    weights = _weights(t.sum(axis=axes), class_weighting)
    missed = (weights * (0.5 * false_positives + 0.5 * false_negatives)).sum(axis=-1)
    return _loss((weights * hits).sum(axis=-1), missed, smooth, predictions)


def _tversky(predictions, targets, alpha, beta, smooth, axis, pixel_axes, mask):
    p, t, axes, _ = pixels(predictions, targets, axis, pixel_axes, mask)
    hits, false_positives, false_negatives = _sums(p, t, axes)
    alpha, beta = size_option(alpha, "alpha", hits), size_option(beta, "beta", hits)
    return _loss(hits, alpha * false_positives + beta * false_negatives, smooth, predictions)


def _sums(p, t, axes):
    """True positives, false positives and false negatives, summed separately to avoid the rounding of differences."""
    return (p * t).sum(axis=axes), (p * (1 - t)).sum(axis=axes), ((1 - p) * t).sum(axis=axes)


def _weights(sizes, class_weighting):
    """The weights of the classes of an item, from their sizes."""
    if one_of(class_weighting, "class_weighting", ("square", "simple", "uniform")) == "uniform":
        return 1
    present = sizes > EMPTY
    inverse = where(present, 1 / where(present, sizes, 1), 0)
    weights = inverse * inverse if class_weighting == "square" else inverse
    largest = even_max(weights)
    return where(present, weights, where(largest > 0, largest, 1)[..., None])


def _loss(hits, missed, smooth, predictions):
    """``1 - (hits + smooth) / (hits + missed + smooth)`` without cancellation, and 0 for 0/0."""
    everything = hits + missed + size_option(smooth, "smooth", hits)
    return finished(ratio(missed, everything).astype(floating(predictions, "predictions").dtype))
