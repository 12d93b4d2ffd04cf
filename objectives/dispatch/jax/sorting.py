import jax.numpy as jnp
from pytensor.link.jax.dispatch.basic import jax_funcify

from objectives.dispatch.jax.summation import wide
from objectives.ops.sorting import (
    PairOrder,
    WeightedQuantile,
    WeightedRank,
    make_pair_order,
    quantile,
    rank_lists,
)


@jax_funcify.register(WeightedQuantile)
def jax_funcify_weighted_quantile(op, **kwargs):
    def weighted_quantile(x, weights):
        return quantile(jnp, jnp.take_along_axis, jnp.asarray(x), wide(weights), op.q).astype(x.dtype)

    return weighted_quantile


@jax_funcify.register(WeightedRank)
def jax_funcify_weighted_rank(op, **kwargs):
    def weighted_rank(x, weights):
        ranks = rank_lists(jnp, op, jnp.asarray(x), wide(weights), argsort=argsort, add_at=add_at)
        return ranks.astype(weights.dtype)

    return weighted_rank


def argsort(x, stable):
    return jnp.argsort(x)  # which is stable


def add_at(index, values):
    return jnp.zeros_like(values).at[jnp.arange(len(index))[:, None], index].add(values)


@jax_funcify.register(PairOrder)
def jax_funcify_pair_order(op, **kwargs):
    compute = make_pair_order(jnp, jnp.argsort)  # which is stable

    def pair_order(x, y, weights):
        return jnp.stack(compute(jnp.asarray(x), jnp.asarray(y), wide(weights))).astype(weights.dtype)

    return pair_order
