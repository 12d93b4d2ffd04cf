import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.dispatch.pytorch.crossentropy import unmasked
from objectives.dispatch.pytorch.labels import is_class, pick_class, place_class
from objectives.ops.margin import MulticlassHinge, MulticlassHingeGradient


def hinge(scores, labels, *, delta, mask=None):
    """The loss before it is masked, the scores of the other classes, and the best of them."""
    scores, labels = unmasked(scores, labels, mask)
    others = torch.where(is_class(labels, scores), float("-inf"), scores)
    best = torch.amax(others, dim=-1)
    value = best - pick_class(scores, labels) + delta
    return torch.where(value <= 0, 0, value), others, best, labels


def loss(scores, labels, *, delta, mask=None):
    result, *_ = hinge(scores, labels, delta=delta, mask=mask)
    return result if mask is None else torch.where(mask, result, 0)


def gradient(scores, labels, g, *, delta, mask=None):
    value, others, best, labels = hinge(scores, labels, delta=delta, mask=mask)
    # NaN stays visible, also that of an invalid label.
    g = torch.where(value == 0, 0, torch.where(torch.isnan(value), float("nan"), g))
    tied = (others == best.unsqueeze(-1)).to(scores.dtype)
    result = tied * (g / tied.sum(dim=-1)).unsqueeze(-1) - place_class(g, labels, scores)
    return result if mask is None else torch.where(mask.unsqueeze(-1), result, 0)


@register_kernel(MulticlassHinge)
def multiclass_hinge(op, scores, labels, *options):
    return loss(scores, labels, **op.named(options))


@register_kernel(MulticlassHingeGradient)
def multiclass_hinge_gradient(op, scores, labels, g, *options):
    named = op.named(options)
    result = gradient(scores, labels, g, **named)
    return (loss(scores, labels, **named), result) if op.with_loss else result
