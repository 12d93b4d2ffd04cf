import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.dispatch.pytorch.labels import pick_class, place_class
from objectives.ops.crossentropy import SoftmaxCrossentropy, SoftmaxCrossentropyGradient
from objectives.ops.labels import check_shapes
from objectives.ops.selection import TOLERANCE


def unmasked(z, targets, mask):
    if mask is None:
        return z, targets
    rows = mask.unsqueeze(-1)
    return torch.where(rows, z, 0), torch.where(rows if targets.ndim == z.ndim else mask, targets, 0)


def distribution(z, targets, class_weights, label_smoothing, largest):
    """What each class counts: the targets, smoothed and weighed."""
    if targets.ndim < z.ndim:
        check_shapes(z, targets)
        targets = place_class(torch.ones(targets.shape, dtype=z.dtype, device=z.device), targets, z)
    else:
        inside = (targets >= -TOLERANCE) & (targets <= largest + TOLERANCE)
        targets = torch.where(inside, targets, float("nan"))
    if label_smoothing is not None:
        targets = (1 - label_smoothing) * targets + label_smoothing / z.shape[-1]
    return targets if class_weights is None else targets * class_weights


def scaled(weight, value):
    return weight * torch.where((weight != 0) | ~torch.isinf(value), value, 0)


def softcapped(logits, cap):
    return logits if cap is None else cap * torch.tanh(logits / cap)


def loss(
    z,
    targets,
    *,
    class_weights=None,
    label_smoothing=None,
    largest=1,
    logit_softcap=None,
    z_loss=None,
    mask=None,
):
    z, targets = unmasked(z, targets, mask)
    z = softcapped(z, logit_softcap)
    log_p = torch.log_softmax(z, dim=-1)
    if targets.ndim < z.ndim and label_smoothing is None:
        # a gather rather than a sum over all classes
        result = -pick_class(log_p, targets)
        if class_weights is not None:
            weight = pick_class(class_weights.expand(z.shape), targets)
            result = scaled(weight, result)
    else:
        result = -scaled(distribution(z, targets, class_weights, label_smoothing, largest), log_p).sum(dim=-1)
    if z_loss is not None:
        result = result + z_loss * torch.logsumexp(z, dim=-1).square()
    return result if mask is None else torch.where(mask, result, 0)


def gradient(z, targets, a, b, *, class_weights=None, label_smoothing=None, largest=1, z_loss=None, mask=None):
    """The gradient by capped logits, of which those that are masked are 0."""
    t = distribution(z, targets, class_weights, label_smoothing, largest)
    total = t.sum(dim=-1)
    if z_loss is not None:
        total = total + 2 * z_loss * torch.logsumexp(z, dim=-1)
    result = (a * total).unsqueeze(-1) * torch.softmax(z, dim=-1) - b.unsqueeze(-1) * t
    return result if mask is None else torch.where(mask.unsqueeze(-1), result, 0)


@register_kernel(SoftmaxCrossentropy)
def softmax_crossentropy(op, z, targets, *options):
    return loss(z, targets, **op.named(options))


@register_kernel(SoftmaxCrossentropyGradient)
def softmax_crossentropy_gradient(op, z, targets, a, b, *options):
    named = op.named(options)
    cap = named.pop("logit_softcap", None)
    z, targets = unmasked(z, targets, named.get("mask"))
    z = softcapped(z, cap)  # once, for loss and gradient
    result = gradient(z, targets, a, b, **named)
    if cap is not None:
        result = result * (1 - (z / cap).square())
    return (loss(z, targets, **named), result) if op.with_loss else result
