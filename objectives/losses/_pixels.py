"""Inputs of the losses of segmentation: predictions and dense targets of pixels, and the axes of the pixels."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from objectives._inputs import are_labels, classwise, floating
from objectives.losses._terms import probability, soft
from objectives.ops.labels import one_hot
from objectives.ops.selection import where


def pixels(predictions, targets, axis, pixel_axes, mask):
    """Predictions and dense targets, 0 where masked, with the class axis last; the pixel axes; the mask."""
    _check_class_axis(axis)
    axes = _pixel_axes(pixel_axes, axis, floating(predictions, "predictions").ndim)
    p, t, mask = classwise(predictions, targets, mask, axis=axis)
    if are_labels(t, p):
        t = one_hot(t, p)
        t = t if mask is None else where(mask[..., None], t, 0)
    else:
        t = soft(t)
    p = probability(p)
    # float16 overflows in sums of large images
    p, t = (p.astype("float32"), t.astype("float32")) if p.dtype == "float16" else (p, t)
    return p, t, axes, mask


def _check_class_axis(axis):
    if not isinstance(axis, int | np.integer):
        remedy = f": the axes to sum over are pixel_axes={axis!r}" if isinstance(axis, tuple | list) else ""
        raise TypeError(f"axis must be an integer, the class axis, not {axis!r}{remedy}")


def _pixel_axes(pixel_axes, axis, ndim):
    """The pixel axes, once the class axis is the last."""
    if ndim == 0:
        return ()  # `classwise` raises
    class_axis = normalize_axis_index(int(axis), ndim)
    axes = pixel_axes_of(pixel_axes, ndim, class_axis)
    if class_axis in axes:
        raise ValueError(
            f"pixel_axes={pixel_axes} names the class axis, axis={axis}, which is kept: give the pixel axes alone. "
            "For one loss over all classes use generalized_dice_loss(class_weighting='uniform')"
        )
    return tuple(i - (i > class_axis) for i in axes)


def pixel_axes_of(pixel_axes, ndim, class_axis=None):
    """The axes that are named, or else all but the first, that of items, and the class axis if there is one."""
    others = set(range(1, ndim)) - {class_axis}
    axes = others if pixel_axes is None else set(normalize_axis_tuple(pixel_axes, ndim, "pixel_axes"))
    if not axes:
        classes, image = ("", "(N,)") if class_axis is None else (" and the class axis", "(N, C)")
        raise TypeError(
            f"predictions with {ndim} dimensions have no pixel axes besides the first axis (items){classes}: name the "
            f"axes to sum over, for example pixel_axes=0 for the pixels {image} of one image"
        )
    return tuple(sorted(axes))
