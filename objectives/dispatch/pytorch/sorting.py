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


def stable_argsort(x):
    return torch.argsort(x, stable=True)


@register_kernel(WeightedQuantile)
def weighted_quantile(op, x, weights):
    return quantile(torch, torch.take_along_dim, x, weights.double(), op.q).to(x.dtype)


rank, order = make_weighted_rank(torch, cumsum), make_pair_order(torch, stable_argsort, cumsum)


@register_kernel(WeightedRank)
def weighted_rank(op, x, weights):
    return rank(x, weights.double()).to(weights.dtype)


@register_kernel(PairOrder)
def pair_order(op, x, y, weights):
    return torch.stack(order(x, y, weights.double())).to(weights.dtype)
