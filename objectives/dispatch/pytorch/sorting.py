import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.ops.sorting import (
    PairOrder,
    WeightedQuantile,
    WeightedRank,
    make_pair_order,
    make_weighted_rank,
    quantile,
)


def cumsum(x):
    return torch.cumsum(x, 0)


@register_kernel(WeightedQuantile)
def weighted_quantile(op, x, weights):
    return quantile(torch, torch.take_along_dim, x, weights, op.q)


rank, order = make_weighted_rank(torch, cumsum), make_pair_order(torch, cumsum)


@register_kernel(WeightedRank)
def weighted_rank(op, x, weights):
    return rank(x, weights)


@register_kernel(PairOrder)
def pair_order(op, x, y, weights):
    return torch.stack(order(x, y, weights))
