"""Block by block, each of which MLX can forget before the next; the graph grows with the number of blocks."""

import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch.mlx.labels import pick_class
from objectives.ops.labels import check_shapes
from objectives.ops.linear import BLOCK, LinearCrossentropy, LinearCrossentropyGradient, check_classes


def scaled(weight, value):
    return weight * mx.where(mx.isinf(value) & (weight == 0), mx.zeros_like(value), value)


def block_losses(
    features,
    weights,
    biases,
    labels,
    mask,
    *,
    class_weights=None,
    label_smoothing=None,
    logit_softcap=None,
    z_loss=None,
):
    """Losses of a few items; those that are masked are 0."""
    logits = mx.where(mx.expand_dims(mask, -1), features, mx.zeros_like(features)) @ weights.T
    logits = logits if biases is None else logits + biases
    logits = logits if logit_softcap is None else logit_softcap * mx.tanh(logits / logit_softcap)
    log_partition = mx.logsumexp(logits, axis=-1) if logits.size else mx.zeros(logits.shape[:-1], logits.dtype)
    labels = mx.where(mask, labels, mx.zeros_like(labels))
    losses = log_partition - pick_class(logits, labels)
    if class_weights is not None:
        losses = scaled(pick_class(mx.broadcast_to(class_weights, logits.shape), labels), losses)
    if label_smoothing is not None:
        each = mx.ones_like(logits[:1]) if class_weights is None else class_weights
        background = mx.mean(scaled(each, mx.expand_dims(log_partition, -1) - logits), axis=-1)
        losses = (1 - label_smoothing) * losses + scaled(label_smoothing, background)
    if z_loss is not None:
        losses = losses + z_loss * mx.square(log_partition)
    return mx.where(mask, losses, mx.zeros_like(losses))


def blocks(features, weights, labels, mask, *others):
    check_shapes(features, labels)
    mask = mx.broadcast_to(mx.array(True) if mask is None else mask, labels.shape)
    height = max(1, BLOCK // (4 * max(1, weights.shape[0])))
    flat = [features.reshape(labels.size, features.shape[-1]), labels.reshape(-1), mask.reshape(-1)]
    flat += [mx.broadcast_to(x, labels.shape).reshape(-1) for x in others]
    for start in range(0, max(1, labels.size), height):
        yield [x[start : start + height] for x in flat]


@mlx_funcify.register(LinearCrossentropy)
def mlx_funcify_linear_crossentropy(op, **kwargs):
    def linear_crossentropy(features, weights, labels, *options):
        named = op.named(options)
        check_classes(weights, **named)
        biases, mask = named.pop("biases", None), named.pop("mask", None)
        parts = [
            block_losses(x, weights, biases, *rest, **named) for x, *rest in blocks(features, weights, labels, mask)
        ]
        return mx.concatenate(parts).reshape(labels.shape)

    return linear_crossentropy


@mlx_funcify.register(LinearCrossentropyGradient)
def mlx_funcify_linear_crossentropy_gradient(op, **kwargs):
    def linear_crossentropy_gradient(features, weights, labels, g, *options):
        named = op.named(options)
        check_classes(weights, **named)
        biases, mask = named.pop("biases", None), named.pop("mask", None)
        parameters = [weights] if biases is None else [weights, biases]
        losses, by_features, totals = [], [], [mx.zeros_like(p) for p in parameters]
        for x, y, counts, upstream in blocks(features, weights, labels, mask, g):

            def compute(x, weights, biases=None, y=y, counts=counts):
                return block_losses(x, weights, biases, y, counts, **named)

            (block,), (by_x, *by_parameters) = mx.vjp(compute, [x, *parameters], [upstream])
            losses.append(block)
            by_features.append(by_x)
            totals = [total + more for total, more in zip(totals, by_parameters, strict=True)]
        results = [mx.concatenate(losses).reshape(labels.shape), mx.concatenate(by_features).reshape(features.shape)]
        results = [*results, *totals][not op.with_loss :]
        return tuple(results)

    return linear_crossentropy_gradient
