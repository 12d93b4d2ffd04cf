"""Crossentropy of logits and of log-probabilities against class indices or dense targets."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.special import log_softmax, softmax

from objectives.ops.itemwise import ItemGradient, ItemLoss
from objectives.ops.labels import is_class, pick_class, place_class
from objectives.ops.selection import TOLERANCE, nan_where, scaled, select, where
from objectives.ops.shapes import own_shape


def crossentropy(
    scores, targets, *, class_weights=None, label_smoothing=None, largest=1, log=lambda scores, weight: scores
):
    """Crossentropy of log-probabilities, or of scores that ``log(scores, weight)`` turns into log-probabilities.

    Dense targets outside [0, largest] give NaN. Label smoothing makes targets t ``t (1 - share) + share / C``; class
    weights then multiply them.
    """
    if targets.ndim == scores.ndim:
        return _dense(scores, _weighed(_checked(targets, largest), scores, class_weights, label_smoothing), log)
    weight = 1 if class_weights is None else _label_weight(targets, scores, class_weights)
    loss = scaled(weight, -log(pick_class(scores, targets), weight))
    if label_smoothing is None:
        return loss
    uniform = pt.ones((1,), scores.dtype) if class_weights is None else class_weights
    background = _dense(scores, uniform, log) / _num_classes(scores)
    return scaled(1 - label_smoothing, loss) + scaled(label_smoothing, background)


def _dense(scores, targets, log):
    return scaled(targets, -log(scores, targets)).sum(axis=-1)


def _checked(targets, largest):
    """Dense targets, NaN where they are outside their range by more than rounding."""
    tolerance = np.asarray(TOLERANCE, targets.dtype)
    return nan_where((targets < -tolerance) | (targets > largest + tolerance), targets)


def _weighed(targets, scores, class_weights, label_smoothing):
    """Dense targets, smoothed and weighted."""
    if label_smoothing is not None:
        targets = (1 - label_smoothing) * targets + label_smoothing / _num_classes(scores)
    return targets if class_weights is None else targets * class_weights


def _label_weight(labels, scores, class_weights):
    return where(is_class(labels, scores), class_weights, 0).sum(axis=-1)


def _num_classes(scores):
    return own_shape(scores).shape[-1].astype(scores.dtype)


class SoftmaxCrossentropy(ItemLoss):
    r"""Crossentropy of logits z: :math:`\sum_c t_{ic} (\ell_i - z_{ic}) + \lambda \ell_i^2`.

    Here :math:`\ell_i = \log \sum_k e^{z_{ik}}`, and :math:`\lambda` is the option ``z_loss`` (a scalar), or 0. The
    option ``logit_softcap`` s (a scalar) bounds the logits first, to :math:`s \tanh(z / s)`. The targets :math:`t`,
    class indices or dense, are smoothed by the option ``label_smoothing`` (a scalar) and multiplied by the option
    ``class_weights`` (C,). Dense targets are at least 0 and at most the option ``largest`` (a scalar), or 1; others
    make their item NaN. Items outside ``mask`` (...) are 0, whatever they hold.
    """

    @staticmethod
    def expression(logits, targets, *, logit_softcap=None, z_loss=None, mask=None, **options):
        logits, targets = _unmasked(logits, targets, mask)
        z = logits if logit_softcap is None else logit_softcap * pt.tanh(logits / logit_softcap)
        losses = crossentropy(log_softmax(z, axis=-1), targets, **options)
        return select(mask, losses if z_loss is None else losses + z_loss * pt.square(_log_partition(z)))


class SoftmaxCrossentropyGradient(ItemGradient):
    r"""Gradient by the logits: :math:`a_i T_i\, \mathrm{softmax}(z_i)_c - b_i t_{ic}` with :math:`T_i = \sum_c t_{ic}`.

    ``z_loss`` adds :math:`2 \lambda \ell_i` to :math:`T_i`; ``logit_softcap`` multiplies the result by its derivative.
    The weights a and b are usually the same upstream gradient. There are two so that a rewrite can use this Op where
    it cannot prove that both terms have the same factor.
    """

    loss_type = SoftmaxCrossentropy
    num_weights = 2

    @staticmethod
    def expression(
        logits,
        targets,
        a,
        b,
        *,
        class_weights=None,
        label_smoothing=None,
        largest=1,
        logit_softcap=None,
        z_loss=None,
        mask=None,
    ):
        z, targets = _unmasked(logits, targets, mask)
        if logit_softcap is not None:
            tanh = pt.tanh(z / logit_softcap)
            z = logit_softcap * tanh
        p = softmax(z, axis=-1)
        if targets.ndim == z.ndim:
            t = _weighed(_checked(targets, largest), z, class_weights, label_smoothing)
            total = t.sum(axis=-1)
        elif label_smoothing is None:
            total = pt.ones_like(a) if class_weights is None else _label_weight(targets, z, class_weights)
            t = place_class(total, targets, z)
        else:
            t = _weighed(place_class(pt.ones_like(a), targets, z), z, class_weights, label_smoothing)
            # unweighted targets add up to 1
            total = pt.ones_like(a) if class_weights is None else t.sum(axis=-1)
        if z_loss is not None:
            total = total + 2 * z_loss * _log_partition(z)
        gradient = (a * total)[..., None] * p - b[..., None] * t
        if logit_softcap is not None:
            gradient = gradient * (1 - pt.square(tanh))
        return select(None if mask is None else mask[..., None], gradient)


SoftmaxCrossentropy.gradient_type = SoftmaxCrossentropyGradient


def _log_partition(z):
    """The logarithm of the softmax's denominator."""
    largest = disconnected_grad(z.max(axis=-1, keepdims=True))
    return pt.log(pt.exp(z - largest).sum(axis=-1)) + largest[..., 0]


def _unmasked(logits, targets, mask):
    """Logits and targets with zeros where they are masked."""
    if mask is None:
        return logits, targets
    rows = mask[..., None]
    return where(rows, logits, 0), where(rows if targets.ndim == logits.ndim else mask, targets, 0)
