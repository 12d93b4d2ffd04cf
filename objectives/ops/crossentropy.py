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
    """Crossentropy of log-probabilities, or of scores of which ``log(scores, weight)`` are the log-probabilities.

    Dense targets outside [0, largest] are NaN. Label smoothing moves targets t towards ``t (1 - share) + share / C``;
    class weights then multiply them.
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
    """Targets of every class, after smoothing and weighing."""
    if label_smoothing is not None:
        targets = (1 - label_smoothing) * targets + label_smoothing / _num_classes(scores)
    return targets if class_weights is None else targets * class_weights


def _label_weight(labels, scores, class_weights):
    return where(is_class(labels, scores), class_weights, 0).sum(axis=-1)


def _num_classes(scores):
    return own_shape(scores).shape[-1].astype(scores.dtype)


class SoftmaxCrossentropy(ItemLoss):
    r"""Crossentropy of logits z: :math:`\sum_c t_{ic} (\log \sum_k e^{z_{ik}} - z_{ic})`.

    The targets :math:`t`, class indices or dense, are smoothed by the option ``label_smoothing`` (a scalar) and
    weighed by ``class_weights`` (C,). Dense targets are at least 0 and at most the option ``largest`` (a scalar), or 1;
    others make their item NaN. Items outside ``mask`` (...) are 0, whatever stands there.
    """

    @staticmethod
    def expression(logits, targets, *, class_weights=None, label_smoothing=None, largest=1, mask=None):
        logits, targets = _unmasked(logits, targets, mask)
        options = {"class_weights": class_weights, "label_smoothing": label_smoothing, "largest": largest}
        return select(mask, crossentropy(log_softmax(logits, axis=-1), targets, **options))


class SoftmaxCrossentropyGradient(ItemGradient):
    r"""Gradient by the logits: :math:`a_i T_i\, \mathrm{softmax}(z_i)_c - b_i t_{ic}` with :math:`T_i = \sum_c t_{ic}`.

    Both weights are the gradient of the loss, usually. That they may differ lets a rewrite find this Op in graphs
    whose two terms have factors that are equal without it being provable.
    """

    loss_type = SoftmaxCrossentropy
    num_weights = 2

    @staticmethod
    def expression(logits, targets, a, b, *, class_weights=None, label_smoothing=None, largest=1, mask=None):
        z, targets = _unmasked(logits, targets, mask)
        p = softmax(z, axis=-1)
        if targets.ndim == z.ndim:
            t = _weighed(_checked(targets, largest), z, class_weights, label_smoothing)
            total = t.sum(axis=-1)
        elif label_smoothing is None:
            total = pt.ones_like(a) if class_weights is None else _label_weight(targets, z, class_weights)
            t = place_class(total, targets, z)
        else:
            t = _weighed(place_class(pt.ones_like(a), targets, z), z, class_weights, label_smoothing)
            # targets that are not weighed add up to 1
            total = pt.ones_like(a) if class_weights is None else t.sum(axis=-1)
        gradient = (a * total)[..., None] * p - b[..., None] * t
        return select(None if mask is None else mask[..., None], gradient)


SoftmaxCrossentropy.gradient_type = SoftmaxCrossentropyGradient


def softcapped(logits, cap):
    """Logits between -cap and cap, nearly as they are where they are small."""
    return logits if cap is None else cap * pt.tanh(logits / cap)


def partition_penalty(logits, weight):
    """The weighted square of the logarithm of the softmax's denominator."""
    largest = disconnected_grad(logits.max(axis=-1, keepdims=True))
    log_partition = pt.log(pt.exp(logits - largest).sum(axis=-1)) + largest[..., 0]
    return weight * pt.square(log_partition)


class PenalizedCrossentropy(ItemLoss):
    """`SoftmaxCrossentropy` of logits that the option ``logit_softcap`` bounds, with a penalty of weight ``z_loss``.

    It lasts until a rewrite has looked for the layer of its logits, then becomes what it is made of.
    """

    @staticmethod
    def expression(logits, targets, *, logit_softcap=None, z_loss=None, mask=None, **options):
        if mask is not None:
            logits = where(mask[..., None], logits, 0)
        z = softcapped(logits, logit_softcap)
        losses = SoftmaxCrossentropy.of(z, targets, **options, mask=mask)
        return losses if z_loss is None else losses + select(mask, partition_penalty(z, z_loss))


class PenalizedCrossentropyGradient(ItemGradient):
    loss_type = PenalizedCrossentropy


PenalizedCrossentropy.gradient_type = PenalizedCrossentropyGradient


def _unmasked(logits, targets, mask):
    """Logits and targets with zeros where they are masked."""
    if mask is None:
        return logits, targets
    rows = mask[..., None]
    return where(rows, logits, 0), where(rows if targets.ndim == logits.ndim else mask, targets, 0)
