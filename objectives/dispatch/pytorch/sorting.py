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


def stable_argsort(x):
    return torch.argsort(x, stable=True)


@pytorch_funcify.register(WeightedQuantile)
def pytorch_funcify_weighted_quantile(op, **kwargs):
    def weighted_quantile(x, weights):
        return quantile(torch, torch.take_along_dim, x, weights.double(), op.q).to(x.dtype)

    return weighted_quantile


@pytorch_funcify.register(WeightedRank)
def pytorch_funcify_weighted_rank(op, **kwargs):
    compute = make_weighted_rank(torch, cumsum)

    def weighted_rank(x, weights):
        return compute(x, weights.double()).to(weights.dtype)

    return weighted_rank


@pytorch_funcify.register(PairOrder)
def pytorch_funcify_pair_order(op, **kwargs):
    compute = make_pair_order(torch, stable_argsort, cumsum)

    def pair_order(x, y, weights):
        return torch.stack(compute(x, y, weights.double())).to(weights.dtype)

    return pair_order
