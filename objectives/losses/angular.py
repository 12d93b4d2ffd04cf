"""Margin crossentropies of cosines, the losses of face recognition: ArcFace and CosFace."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from objectives._inputs import as_labels, classwise, fitted, matching, size_option
from objectives._logits import logits_of
from objectives._options import known_number, positive
from objectives._typing import TensorLike
from objectives.lookup import CLASSES, COSINES, described
from objectives.losses._terms import within
from objectives.losses.categorical import categorical_crossentropy_with_logits
from objectives.ops.labels import is_class, pick_class
from objectives.ops.selection import where

__all__ = ["arcface_loss", "cosface_loss"]

NAMES = "cosines", "targets"
BEST = "1 for the target class, -1 for others"


@described(per="item", minimizer=BEST, cosines=COSINES, targets=CLASSES)
def arcface_loss(
    cosines: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 0.5,
    gamma: TensorLike = 64.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""ArcFace: the categorical crossentropy of scaled cosines with an additive angular margin, item by item.

    Choose it for embeddings that are compared by their cosines, such as those of faces. `cosface_loss` puts its margin
    on the cosine; `circle_loss` compares embeddings with each other.

    .. math:: L_i = -\log \frac{e^{\gamma \cos(\theta_{i, y_i} + m)}}
              {e^{\gamma \cos(\theta_{i, y_i} + m)} + \sum_{c \ne y_i} e^{\gamma \cos \theta_{ic}}}

    Beyond an angle of π - m, where :math:`\cos(\theta + m)` would rise again, it is :math:`\cos \theta - m \sin m`,
    with a jump, as in the authors' first code. At a cosine of 1 its infinite slope counts as :math:`\cos m`.

    Parameters
    ----------
    cosines : tensor of float
        Cosines of the angles θ (..., C) between embeddings and class weights: dot products of vectors of length 1.
    targets : tensor
        Class indices y (...) from 0 to C - 1, or one-hot targets (..., C); a soft row counts as its likeliest class.
    margin, gamma : float or tensor
        Angle m in radians, from 0 to π, one or one for each item (...); and positive scale of the cosines, a scalar.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `cosines` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `cosines`; NaN for cosines outside [-1, 1] by more than rounding.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a target names no class in [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Deng, J. et al. (2019), "ArcFace: additive angular margin loss for deep face recognition", arXiv:1801.07698

    Examples
    --------
    >>> from objectives import arcface_loss
    >>> print(arcface_loss([[0.8, 0.1, -0.3], [0.6, 0.5, 0.2]], [0, 1], gamma=4).eval().round(4))
    [0.294  2.5692]
    """
    _check_angle(margin)
    return _margin_crossentropy(cosines, targets, _with_angle, margin, gamma, mask, axis)


@described(per="item", convex=True, smooth=True, minimizer=BEST, cosines=COSINES, targets=CLASSES)
def cosface_loss(
    cosines: TensorLike,
    targets: TensorLike,
    *,
    margin: TensorLike = 0.35,
    gamma: TensorLike = 64.0,
    mask: TensorLike | None = None,
    axis: int = -1,
) -> TensorVariable:
    r"""CosFace (large margin cosine, AM-Softmax) loss: the crossentropy of scaled cosines with a margin, item by item.

    For embeddings that are compared by their cosines, such as those of faces. It is convex in the cosines, and easier
    to train than `arcface_loss`, whose margin is an angle.

    .. math:: L_i = -\log \frac{e^{\gamma (\cos \theta_{i, y_i} - m)}}
              {e^{\gamma (\cos \theta_{i, y_i} - m)} + \sum_{c \ne y_i} e^{\gamma \cos \theta_{ic}}}

    Parameters
    ----------
    cosines : tensor of float
        Cosines of the angles θ (..., C) between embeddings and class weights: dot products of vectors of length 1.
    targets : tensor
        Class indices y (...) from 0 to C - 1, or one-hot targets (..., C); a soft row counts as its likeliest class.
    margin, gamma : float or tensor
        Margin m, not negative, one or one for each item (...); and positive scale of the cosines, a scalar.
    mask : tensor of bool, optional
        Items (...) that count; the rest are exactly 0 in value and gradient.
    axis : int
        Class axis of `cosines` and of one-hot targets.

    Returns
    -------
    TensorVariable
        Losses (...), of the dtype of `cosines`; NaN for cosines outside [-1, 1] by more than rounding.

    Raises
    ------
    TypeError, ValueError, IndexError
        If inputs or options do not fit, or a target names no class in [0, C); NaN where a backend cannot raise.

    References
    ----------
    .. [1] Wang, H. et al. (2018), "CosFace", arXiv:1801.09414; Wang, F. et al. (2018), arXiv:1801.05599 (AM-Softmax)

    Examples
    --------
    >>> from objectives import cosface_loss
    >>> print(cosface_loss([[0.8, 0.1, -0.3], [0.6, 0.5, 0.2]], [0, 1], gamma=4).eval().round(4))
    [0.2596 2.1128]
    """
    return _margin_crossentropy(cosines, targets, _less, margin, gamma, mask, axis)


def _margin_crossentropy(cosines, targets, lowered, margin, gamma, mask, axis):
    """The crossentropy of cosines, where those of the target classes are lowered by a margin."""
    given = logits_of(cosines, names=NAMES)
    c, targets, counted = classwise(given, targets, mask, axis=axis, names=NAMES)
    labels = as_labels(targets, c, counted)
    c = within(c, -1, 1)
    own = lowered(pick_class(c, labels), _margin_of_items(margin, c, counted))
    scale = fitted(matching(positive(gamma, "gamma"), c), "gamma", (), "loss")
    z = scale * where(is_class(labels, c), own[..., None], c)
    return categorical_crossentropy_with_logits(z, labels, mask=counted)


def _margin_of_items(margin, cosines, counted):
    """A number, or one for each item, 0 where it is masked."""
    margin = size_option(margin, "margin", cosines[..., 0])
    return margin if counted is None or margin.ndim == 0 else where(counted, margin, 0)


def _check_angle(margin):
    if (number := known_number(margin)) is not None and number > np.pi:
        raise ValueError(
            f"margin must be an angle from 0 to pi in radians, not {number}: convert degrees, numpy.deg2rad({number})"
        )


def _with_angle(c, margin):
    """cos(acos(c) + margin), whose infinite slope at 1 counts as cos(margin); it falls on where that would rise."""
    square = (1 - c) * (1 + c)
    inside = square > 0
    sine = where(inside, pt.sqrt(where(inside, square, 1)), 0)
    cos, sin = pt.cos(margin), pt.sin(margin)
    return where(c < -cos, c - margin * sin, c * cos - sine * sin)


def _less(c, margin):
    return c - margin
