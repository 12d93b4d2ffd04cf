import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.labels import in_range
from objectives.ops.thresholds import CountsAbove


@jax_funcify.register(CountsAbove)
def jax_funcify_counts_above(op, **kwargs):
    def counts_above(scores, labels, weights):
        scores, labels, weights = jnp.asarray(scores, weights.dtype), jnp.asarray(labels), jnp.asarray(weights)
        counted = weights != 0
        lowest = jnp.min(scores, where=counted, initial=jnp.inf)
        falling = -jnp.where(counted, scores, lowest)
        order = jnp.argsort(falling)
        falling = falling[order]
        last = jnp.searchsorted(falling, falling, side="right") - 1
        is_class = labels[order] == jnp.arange(op.num_classes)[:, None]
        counts = jnp.cumsum(jnp.where(is_class, weights[order], 0), axis=1)[:, last]
        valid = ~jnp.isnan(scores).any() & in_range(labels, op.num_classes).all()
        return jnp.where(valid, jnp.concatenate([-falling[None], counts]), jnp.nan)

    return counts_above
