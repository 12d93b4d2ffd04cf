"""Losses of segmentation: how badly predicted and true regions overlap, one number for each item and class."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from objectives._arithmetic import ratio
from objectives._inputs import are_labels, classwise, floating, size_option
from objectives._options import one_of
from objectives.lookup import CLASSES, UNIT, described
from objectives.losses._terms import finished, probability, soft
from objectives.ops.labels import is_class
from objectives.ops.ranking import even_max
from objectives.ops.selection import where
from objectives.ops.shapes import own_shape

__all__ = ["dice_loss", "generalized_dice_loss", "iou_loss", "tversky_loss"]

# Soft targets of a class that add up to less are no targets: the square of their inverse could overflow.
EMPTY = 1e-12


@described(per="item", symmetric=True, smooth=True, minimiser="hard target", predictions=UNIT, targets=CLASSES)
def dice_loss(predictions, targets, *, smooth=1.0, axis=-1, pixel_axes=None, mask=None):
    r"""Dice loss of a segmentation, one number for each item and class.

    .. math::
        L_{bc} = 1 - \frac{2 I + 2 s}{P + T + 2 s}, \qquad I = \sum_i p_i\, t_i, \quad P = \sum_i p_i, \quad
        T = \sum_i t_i

    with the predictions :math:`p` and the targets :math:`t` of class c at the pixels i of item b, and the smoothing
    s.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1], such as (B, H, W, C), usually the output of a softmax, or of a sigmoid where
        classes may overlap.
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    smooth : float or tensor
        What is added to the intersection, not negative: the loss of a class that is neither there nor predicted is
        then 0, and that of a small class is damped.
    axis : int
        Class axis of `predictions`, and of dense targets: 1 for images (B, C, H, W).
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` that are summed over; all but the first and the class axis if not given.
        ``pixel_axes=(0, 1, 2)`` takes a batch (B, H, W, C) as one image.
    mask : tensor of bool, optional
        Pixels (...) that count; the others leave all sums and get no gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1], of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, static shapes differ, `axis` is
        no integer, or there is no axis to sum over.
    ValueError
        If `smooth` is a negative number, or `pixel_axes` names the class axis.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The mean over classes is ``aggregate(loss, axis=-1)``, weights of classes are its weights, and ``loss[..., 1:]``
    leaves out a background of class 0. For a binary segmentation without a class axis give
    ``predictions[..., None], targets[..., None]``. Optax adds `smooth` in the same place; where it is written
    :math:`(2 I + s) / (P + T + s)`, s is twice as large. A class without targets and predictions, or masked wholly,
    has loss 0 and no gradient, also with ``smooth=0``. Probabilities outside [0, 1] by more than 0.1 % give NaN.

    References
    ----------
    .. [1] Milletari, F., Navab, N. and Ahmadi, S.-A. (2016), "V-Net: fully convolutional neural networks for
       volumetric medical image segmentation", arXiv:1606.04797

    Examples
    --------
    >>> from objectives import dice_loss
    >>> predictions = [[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]]
    >>> print(dice_loss(predictions, [[0, 1, 1]], smooth=0.0).eval().round(4))
    [[0.4286 0.1765]]
    """
    return _tversky(predictions, targets, 0.5, 0.5, smooth, axis, pixel_axes, mask)


@described(per="item", symmetric=True, smooth=True, minimiser="hard target", predictions=UNIT, targets=CLASSES)
def iou_loss(predictions, targets, *, smooth=1.0, axis=-1, pixel_axes=None, mask=None):
    r"""Loss of the intersection over union (Jaccard index) of a segmentation, one number for each item and class.

    .. math::
        L_{bc} = 1 - \frac{I + s}{P + T - I + s}, \qquad I = \sum_i p_i\, t_i, \quad P = \sum_i p_i, \quad
        T = \sum_i t_i

    with the predictions :math:`p` and the targets :math:`t` of class c at the pixels i of item b, and the smoothing
    s.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1], such as (B, H, W, C).
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    smooth : float or tensor
        What is added to the intersection and the union, not negative.
    axis : int
        Class axis of `predictions`, and of dense targets.
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` that are summed over; all but the first and the class axis if not given.
    mask : tensor of bool, optional
        Pixels (...) that count; the others leave all sums and get no gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1], of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, static shapes differ, `axis` is
        no integer, or there is no axis to sum over.
    ValueError
        If `smooth` is a negative number, or `pixel_axes` names the class axis.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    The `tversky_loss` with alpha = beta = 1. With the Dice loss D of the same inputs and ``smooth=0`` it is
    :math:`2 D / (1 + D)`: both have the same minimum, this one is steeper near it. For the rest see `dice_loss`.

    References
    ----------
    .. [1] Rahman, M. A. and Wang, Y. (2016), "Optimizing intersection-over-union in deep neural networks for image
       segmentation", doi:10.1007/978-3-319-50835-1_22

    Examples
    --------
    >>> from objectives import iou_loss
    >>> predictions = [[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]]
    >>> print(iou_loss(predictions, [[0, 1, 1]], smooth=0.0).eval().round(4))
    [[0.6 0.3]]
    """
    return _tversky(predictions, targets, 1, 1, smooth, axis, pixel_axes, mask)


@described(per="item", smooth=True, minimiser="hard target", predictions=UNIT, targets=CLASSES)
def tversky_loss(predictions, targets, *, alpha=0.5, beta=0.5, smooth=1.0, axis=-1, pixel_axes=None, mask=None):
    r"""Tversky loss of a segmentation: false positives and false negatives weigh differently.

    .. math::
        L_{bc} = 1 - \frac{I + s}{I + \alpha F^+ + \beta F^- + s}, \qquad I = \sum_i p_i\, t_i, \quad
        F^+ = \sum_i p_i (1 - t_i), \quad F^- = \sum_i (1 - p_i)\, t_i

    with the predictions :math:`p` and the targets :math:`t` of class c at the pixels i of item b, and the smoothing
    s: one number for each item and class.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1], such as (B, H, W, C).
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    alpha : float or tensor
        Weight of false positives, not negative.
    beta : float or tensor
        Weight of false negatives, not negative. More than `alpha` finds more of small regions.
    smooth : float or tensor
        What is added to the intersection, not negative.
    axis : int
        Class axis of `predictions`, and of dense targets.
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` that are summed over; all but the first and the class axis if not given.
    mask : tensor of bool, optional
        Pixels (...) that count; the others leave all sums and get no gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (B, C) in [0, 1], of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, static shapes differ, `axis` is
        no integer, or there is no axis to sum over.
    ValueError
        If `alpha`, `beta` or `smooth` is a negative number, or `pixel_axes` names the class axis.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    `alpha` belongs to false positives as in the paper; in Keras 3.15 the two are exchanged. With 0.5 and 0.5 it is the
    `dice_loss`, with 1 and 1 the `iou_loss`. For the rest see `dice_loss`.

    References
    ----------
    .. [1] Salehi, S. S. M., Erdogmus, D. and Gholipour, A. (2017), "Tversky loss function for image segmentation using
       3D fully convolutional deep networks", arXiv:1706.05721

    Examples
    --------
    >>> from objectives import tversky_loss
    >>> predictions = [[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]]
    >>> print(tversky_loss(predictions, [[0, 1, 1]], alpha=0.3, beta=0.7, smooth=0.0).eval().round(4))
    [[0.4595 0.1566]]
    """
    return _tversky(predictions, targets, alpha, beta, smooth, axis, pixel_axes, mask)


@described(per="item", smooth=True, minimiser="hard target", predictions=UNIT, targets=CLASSES)
def generalized_dice_loss(predictions, targets, *, weighting="square", smooth=0.0, axis=-1, pixel_axes=None, mask=None):
    r"""Generalised Dice loss of a segmentation: the overlap of all classes at once, rare classes weighing more.

    .. math::
        L_b = 1 - \frac{2 \sum_c w_c I_c + 2 s}{\sum_c w_c (P_c + T_c) + 2 s}, \qquad w_c = \frac{1}{T_c^2}

    with :math:`I_c = \sum_i p_{ic}\, t_{ic}`, :math:`P_c = \sum_i p_{ic}` and :math:`T_c = \sum_i t_{ic}` over the
    pixels i of item b, the predictions :math:`p`, the targets :math:`t` and the smoothing s: one number for each item.

    Parameters
    ----------
    predictions : tensor of float
        Probabilities (..., C) in [0, 1], such as (B, H, W, C).
    targets : tensor
        Class indices (...) from 0 to C - 1 of any integer dtype, or one-hot or soft targets (..., C).
    weighting : {"square", "simple", "uniform"}
        Weights of the classes: :math:`1 / T_c^2`, :math:`1 / T_c` or 1.
    smooth : float or tensor
        What is added to the weighted intersection, not negative. The weights of large classes are small, so that
        little of it goes a long way.
    axis : int
        Class axis of `predictions`, and of dense targets.
    pixel_axes : int or tuple of int, optional
        Axes of `predictions` that are summed over; all but the first and the class axis if not given.
    mask : tensor of bool, optional
        Pixels (...) that count; the others leave all sums and get no gradient, whatever stands there.

    Returns
    -------
    TensorVariable
        Losses (B,) in [0, 1], of the dtype of the predictions.

    Raises
    ------
    TypeError
        If the rank of the targets fits neither form, class indices are not integers, static shapes differ, `axis` is
        no integer, or there is no axis to sum over.
    ValueError
        If `weighting` is none of the three, `smooth` is a negative number, or `pixel_axes` names the class axis.
    IndexError
        At run time, for a class index outside [0, C), on Numba and C. On JAX, PyTorch and MLX, which cannot raise,
        the item is NaN in value and gradient.

    Notes
    -----
    A class that an item does not have gets the largest weight among those that it has, so that items do not depend
    on each other; the weights of an item without any targets are 1. An item without targets and predictions has loss
    0 and no gradient. Optax' function of this name is something else: a mean of Dice losses, weighted by how rare the
    classes are in the batch, which is ``aggregate(dice_loss(predictions, targets), weights[None, :])``.

    References
    ----------
    .. [1] Sudre, C. H. et al. (2017), "Generalised Dice overlap as a deep learning loss function for highly unbalanced
       segmentations", arXiv:1707.03237

    Examples
    --------
    >>> from objectives import generalized_dice_loss
    >>> predictions = [[[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]]
    >>> print(generalized_dice_loss(predictions, [[0, 1, 1]]).eval().round(4))
    [0.3333]
    """
    p, t, axes = _pixels(predictions, targets, axis, pixel_axes, mask)
    hits, false_positives, false_negatives = _sums(p, t, axes)
    weights = _weights(t.sum(axis=axes), weighting)
    missed = (weights * (0.5 * false_positives + 0.5 * false_negatives)).sum(axis=-1)
    return _loss((weights * hits).sum(axis=-1), missed, smooth, predictions)


def _tversky(predictions, targets, alpha, beta, smooth, axis, pixel_axes, mask):
    hits, false_positives, false_negatives = _sums(*_pixels(predictions, targets, axis, pixel_axes, mask))
    alpha, beta = size_option(alpha, "alpha", hits), size_option(beta, "beta", hits)
    return _loss(hits, alpha * false_positives + beta * false_negatives, smooth, predictions)


def _pixels(predictions, targets, axis, pixel_axes, mask):
    """Predictions and dense targets, 0 where masked, with the classes last, and the axes of the pixels."""
    _check_class_axis(axis)
    axes = _pixel_axes(pixel_axes, axis, floating(predictions, "predictions").ndim)
    p, t, mask = classwise(predictions, targets, mask, axis=axis)
    if are_labels(t, p):
        t = _one_hot(t, p)
        t = t if mask is None else where(mask[..., None], t, 0)
    else:
        t = soft(t)
    p = probability(p)
    # the sums of a large image are more than float16 can hold
    return (p.astype("float32"), t.astype("float32"), axes) if p.dtype == "float16" else (p, t, axes)


def _one_hot(labels, like):
    """Indicators of the classes, NaN for an invalid label where the backend cannot raise."""
    valid = (labels >= 0) & (labels < own_shape(like).shape[-1])
    return where(valid[..., None], is_class(labels, like).astype(like.dtype), np.nan)


def _check_class_axis(axis):
    if not isinstance(axis, int | np.integer):
        remedy = f": the axes to sum over are pixel_axes={axis!r}" if isinstance(axis, tuple | list) else ""
        raise TypeError(f"axis must be an integer, the class axis, not {axis!r}{remedy}")


def _pixel_axes(pixel_axes, axis, ndim):
    """The axes of the pixels where that of the classes has become the last."""
    if ndim == 0:
        return ()  # `classwise` says what is missing
    class_axis = normalize_axis_index(int(axis), ndim)
    axes = set(range(1, ndim)) - {class_axis} if pixel_axes is None else normalize_axis_tuple(pixel_axes, ndim)
    if not axes:
        raise TypeError(
            f"predictions with {ndim} dimensions have no pixels beside the first axis, of items, and that of the "
            "classes: name the axes to sum over, for example pixel_axes=0 for the pixels (N, C) of one image"
        )
    if class_axis in axes:
        raise ValueError(
            f"pixel_axes={pixel_axes} names the class axis, axis={axis}, which is kept. Give the axes of the pixels; "
            "generalized_dice_loss(weighting='uniform') is the loss over all classes together"
        )
    return tuple(sorted(i - (i > class_axis) for i in axes))


def _sums(p, t, axes):
    """Hits, false positives and false negatives; as sums of their own, without the errors of differences."""
    return (p * t).sum(axis=axes), (p * (1 - t)).sum(axis=axes), ((1 - p) * t).sum(axis=axes)


def _weights(sizes, weighting):
    """The weights of the classes in an item, from how much of each there is."""
    if one_of(weighting, "weighting", ("square", "simple", "uniform")) == "uniform":
        return 1
    present = sizes > EMPTY
    inverse = where(present, 1 / where(present, sizes, 1), 0)
    weights = inverse * inverse if weighting == "square" else inverse
    largest = even_max(weights)
    return where(present, weights, where(largest > 0, largest, 1)[..., None])


def _loss(hits, missed, smooth, predictions):
    """``1 - (hits + smooth) / (hits + missed + smooth)`` without the difference, and 0 for nothing at all."""
    everything = hits + missed + size_option(smooth, "smooth", hits)
    return finished(ratio(missed, everything).astype(floating(predictions, "predictions").dtype))
