"""Block by block in a loop of XLA, whose reverse computes the logits of a block again rather than keeping them."""

from math import prod

import jax
import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.labels import pick_class
from objectives.ops.labels import check_shapes
from objectives.ops.linear import BLOCK, LinearCrossentropy, LinearCrossentropyGradient, check_classes


def scaled(weight, value):
    return weight * jnp.where((weight != 0) | ~jnp.isinf(value), value, 0)


def block_losses(parameters, features, labels, mask):
    """Losses of a few items; those that are masked are 0."""
    weights, biases, class_weights, label_smoothing, logit_softcap, z_loss = parameters
    logits = jnp.where(mask[:, None], features, 0) @ weights.T
    logits = logits if biases is None else logits + biases
    logits = logits if logit_softcap is None else logit_softcap * jnp.tanh(logits / logit_softcap)
    largest = jax.lax.stop_gradient(logits.max(axis=-1, keepdims=True, initial=-jnp.inf))
    log_partition = jnp.log(jnp.exp(logits - largest).sum(axis=-1)) + largest[:, 0]
    labels = jnp.where(mask, labels, 0)
    own = 1 if class_weights is None else class_weights[jnp.clip(labels, 0, len(weights) - 1)]
    losses = scaled(jnp.asarray(own), log_partition - pick_class(logits, labels))
    if label_smoothing is not None:
        each = jnp.ones(1, logits.dtype) if class_weights is None else class_weights
        background = scaled(each, log_partition[:, None] - logits).sum(axis=-1) / len(weights)
        losses = (1 - label_smoothing) * losses + scaled(label_smoothing, background)
    if z_loss is not None:
        losses += z_loss * jnp.square(log_partition)
    return jnp.where(mask, losses, 0)


def split(features, weights, labels, options):
    """An Op's inputs as (parameters, (features, labels, mask) in blocks); padding of the last block is masked."""
    check_shapes(features, labels)
    check_classes(weights, **options)
    items = jnp.asarray(features).reshape(labels.size, features.shape[-1])
    mask = jnp.ones(labels.shape, bool) if options.get("mask") is None else options["mask"]
    mask = jnp.broadcast_to(mask, labels.shape)
    height = max(1, min(len(items), BLOCK // (max(1, len(weights)) * items.dtype.itemsize)))
    more = -len(items) % height

    def by_blocks(x):
        padded = jnp.pad(x, [(0, more), *[(0, 0)] * (x.ndim - 1)])
        return padded.reshape(len(padded) // height, height, *x.shape[1:])

    names = ("biases", "class_weights", "label_smoothing", "logit_softcap", "z_loss")
    parameters = (jnp.asarray(weights), *(options.get(name) for name in names))
    return parameters, [by_blocks(x) for x in (items, jnp.asarray(labels).ravel(), mask.ravel())]


def joined(blocks, shape):
    """The items of all blocks, without what filled the last one."""
    items = blocks.reshape(blocks.shape[0] * blocks.shape[1], *blocks.shape[2:])
    return items[: prod(shape)].reshape(*shape, *blocks.shape[2:])


@jax_funcify.register(LinearCrossentropy)
def jax_funcify_linear_crossentropy(op, **kwargs):
    def linear_crossentropy(features, weights, labels, *options):
        parameters, blocks = split(features, weights, labels, op.named(options))
        compute = jax.checkpoint(lambda block: block_losses(parameters, *block))
        return joined(jax.lax.map(compute, tuple(blocks)), labels.shape)

    return linear_crossentropy


@jax_funcify.register(LinearCrossentropyGradient)
def jax_funcify_linear_crossentropy_gradient(op, **kwargs):
    def linear_crossentropy_gradient(features, weights, labels, g, *options):
        named = op.named(options)
        (weights, biases, *rest), blocks = split(features, weights, labels, named)
        _, (upstream, _, _) = split(jnp.broadcast_to(g, labels.shape)[..., None], weights, labels, {})

        def step(totals, block):
            features, labels, mask, g = block
            trained = (weights, biases, features)
            losses, pull = jax.vjp(lambda w, b, x: block_losses((w, b, *rest), x, labels, mask), *trained)
            *by_parameters, by_features = pull(g[:, 0])
            return jax.tree.map(jnp.add, totals, tuple(by_parameters)), (losses, by_features)

        zeros = jax.tree.map(jnp.zeros_like, (weights, biases))
        (by_weights, by_biases), (losses, by_features) = jax.lax.scan(step, zeros, (*blocks, upstream))
        gradients = [joined(by_features, labels.shape), by_weights, *([] if biases is None else [by_biases])]
        results = [joined(losses, labels.shape), *gradients] if op.with_loss else gradients
        return tuple(results) if len(results) > 1 else results[0]

    return linear_crossentropy_gradient
