from functools import partial

import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.ops.sorting import (
    PairOrder,
    WeightedQuantile,
    WeightedRank,
    make_pair_order,
    quantile,
    rank_lists,
)


def cumsum(x):
    return torch.cumsum(x, 0)


def stable_argsort(x):
    return torch.argsort(x, stable=True)


@register_kernel(WeightedQuantile)
def weighted_quantile(op, x, weights):
    return quantile(torch, torch.take_along_dim, x, weights.double(), op.q).to(x.dtype)


def argsort(x, stable):
    return torch.argsort(x, stable=stable)


def add_at(index, values):
    return torch.zeros_like(values).scatter_add(-1, index, values)


@register_kernel(WeightedRank)
def weighted_rank(op, x, weights):
    functions = {"argsort": argsort, "add_at": add_at, "take": partial(torch.take_along_dim, dim=-1)}
    return rank_lists(torch, op, x, weights.double(), **functions).to(weights.dtype)


order = make_pair_order(torch, stable_argsort, cumsum)


@register_kernel(PairOrder)
def pair_order(op, x, y, weights):
    return torch.stack(order(x, y, weights.double())).to(weights.dtype)
