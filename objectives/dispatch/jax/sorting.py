import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.summation import wide
from objectives.ops.sorting import (
    PairOrder,
    WeightedQuantile,
    WeightedRank,
    make_pair_order,
    make_weighted_rank,
    quantile,
)


@jax_funcify.register(WeightedQuantile)
def jax_funcify_weighted_quantile(op, **kwargs):
    def weighted_quantile(x, weights):
        return quantile(jnp, jnp.take_along_axis, jnp.asarray(x), wide(weights), op.q).astype(x.dtype)

    return weighted_quantile


@jax_funcify.register(WeightedRank)
def jax_funcify_weighted_rank(op, **kwargs):
    compute = make_weighted_rank(jnp)
    return lambda x, weights: compute(jnp.asarray(x), wide(weights)).astype(weights.dtype)


@jax_funcify.register(PairOrder)
def jax_funcify_pair_order(op, **kwargs):
    compute = make_pair_order(jnp, jnp.argsort)  # which is stable

    def pair_order(x, y, weights):
        return jnp.stack(compute(jnp.asarray(x), jnp.asarray(y), wide(weights))).astype(weights.dtype)

    return pair_order
