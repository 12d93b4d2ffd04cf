import jax
import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.labels import in_range
from objectives.dispatch.jax.summation import wide
from objectives.dispatch.jax.unknown import unknown
from objectives.ops.thresholds import CountsAbove, PairsInOrder


def count(scores, labels, weights, num_classes):
    scores, labels, weights = jnp.asarray(scores, weights.dtype), jnp.asarray(labels), jnp.asarray(weights)
    counted = weights != 0
    lowest = jnp.min(scores, where=counted, initial=jnp.inf)
    falling = -jnp.where(counted, scores, lowest)
    order = jnp.argsort(falling)
    falling = falling[order]
    last = jnp.searchsorted(falling, falling, side="right") - 1
    is_class = labels[order] == jnp.arange(num_classes)[:, None]
    counts = jnp.cumsum(wide(jnp.where(is_class, weights[order], 0)), axis=1).astype(weights.dtype)[:, last]
    valid = ~jnp.isnan(scores).any() & in_range(labels, num_classes).all()
    return jnp.where(valid, jnp.concatenate([-falling[None], counts]), unknown(counts))


@jax_funcify.register(CountsAbove)
def jax_funcify_counts_above(op, **kwargs):
    def counts_above(scores, labels, weights):
        return count(scores, labels, weights, op.num_classes)

    return counts_above


@jax_funcify.register(PairsInOrder)
def jax_funcify_pairs_in_order(op, **kwargs):
    def pairs_in_order(scores, labels, weights):
        def of_class(class_and_scores):
            j, column = class_and_scores
            counted = labels if op.by_class else jnp.where(in_range(labels, op.num_classes), labels == j, -1)
            return op.area(j, count(column, counted, wide(weights), op.num_counted))

        # One class at a time, to bound the memory.
        return jax.lax.map(of_class, (jnp.arange(op.num_classes), jnp.asarray(scores).T)).astype(weights.dtype)

    return pairs_in_order
