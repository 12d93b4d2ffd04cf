"""Block by block, called as it is rather than traced, since the number of blocks is known at run time only."""

import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.dispatch.pytorch.crossentropy import loss
from objectives.ops.labels import check_shapes
from objectives.ops.linear import BLOCK, LinearCrossentropy, LinearCrossentropyGradient, check_classes


def block_losses(features, weights, biases, labels, mask, **options):
    """Losses of a few items; those that are masked are 0."""
    logits = (features if mask is None else torch.where(mask.unsqueeze(-1), features, 0)) @ weights.T
    logits = logits if biases is None else logits + biases
    return loss(logits, labels, mask=mask, **options)


def blocks(features, weights, labels, mask, *others):
    """Blocks of few enough items, flat, that their logits fit the memory."""
    check_shapes(features, labels)
    mask = None if mask is None else mask.expand(labels.shape)
    height = max(1, BLOCK // (max(1, len(weights)) * features.element_size()))
    flat = [features.reshape(labels.numel(), features.shape[-1]), labels.reshape(-1)]
    flat.append(None if mask is None else mask.reshape(-1))
    flat += [x.expand(labels.shape).reshape(-1) for x in others]
    for start in range(0, max(1, labels.numel()), height):
        yield [None if x is None else x[start : start + height] for x in flat]


@torch.compiler.disable(recursive=True)
def losses_of(features, weights, labels, *, biases=None, mask=None, **options):
    check_classes(weights, biases=biases, **options)
    parts = [
        block_losses(x, weights, biases, y, counts, **options)
        for x, y, counts in blocks(features, weights, labels, mask)
    ]
    return torch.cat(parts).reshape(labels.shape)


@torch.compiler.disable(recursive=True)
def losses_and_gradients_of(features, weights, labels, g, *, biases=None, mask=None, **options):
    check_classes(weights, biases=biases, **options)
    losses, by_features = [], []
    by_weights, by_biases = torch.zeros_like(weights), None if biases is None else torch.zeros_like(biases)
    for x, y, counts, upstream in blocks(features, weights, labels, mask, g):
        with torch.enable_grad():
            trained = [v.detach().requires_grad_() for v in (x, weights, *([] if biases is None else [biases]))]
            w, b = trained[1], None if biases is None else trained[2]
            block = block_losses(trained[0], w, b, y, counts, **options)
            gradients = torch.autograd.grad(block, trained, upstream)
        losses.append(block.detach())
        by_features.append(gradients[0])
        by_weights += gradients[1]
        if biases is not None:
            by_biases += gradients[2]
    results = [torch.cat(losses).reshape(labels.shape), torch.cat(by_features).reshape(features.shape), by_weights]
    return results if biases is None else [*results, by_biases]


@register_kernel(LinearCrossentropy)
def linear_crossentropy(op, features, weights, labels, *options):
    return losses_of(features, weights, labels, **op.named(options))


@register_kernel(LinearCrossentropyGradient)
def linear_crossentropy_gradient(op, features, weights, labels, g, *options):
    results = losses_and_gradients_of(features, weights, labels, g, **op.named(options))
    return tuple(results[not op.with_loss :])
