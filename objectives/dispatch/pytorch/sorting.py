import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

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


@pytorch_funcify.register(WeightedQuantile)
def pytorch_funcify_weighted_quantile(op, **kwargs):
    def weighted_quantile(x, weights):
        return quantile(torch, torch.take_along_dim, x, weights, op.q)

    return weighted_quantile


@pytorch_funcify.register(WeightedRank)
def pytorch_funcify_weighted_rank(op, **kwargs):
    return make_weighted_rank(torch, cumsum)


@pytorch_funcify.register(PairOrder)
def pytorch_funcify_pair_order(op, **kwargs):
    compute = make_pair_order(torch, cumsum)

    def pair_order(x, y, weights):
        return torch.stack(compute(x, y, weights))

    return pair_order
