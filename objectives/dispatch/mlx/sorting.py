from functools import partial

import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch._functions import register_functions
from objectives.dispatch.mlx.summation import add_up, cumulate
from objectives.ops.sorting import PairOrder, WeightedQuantile, WeightedRank, quantile, rank_lists


@mlx_funcify.register(WeightedQuantile)
def mlx_funcify_weighted_quantile(op, **kwargs):
    def weighted_quantile(x, weights):
        return quantile(mx, mx.take_along_axis, x, weights, op.q, cumulate)

    return weighted_quantile


@mlx_funcify.register(WeightedRank)
def mlx_funcify_weighted_rank(op, **kwargs):
    return partial(rank_lists, mx, op, argsort=argsort, add_at=add_at, cumsum=cumulate_last)


def argsort(x, stable):
    return mx.argsort(x, axis=-1)  # which is stable


def add_at(index, values):
    return mx.zeros_like(values).at[mx.arange(len(index))[:, None], index].add(values)


def cumulate_last(x):
    return cumulate(x, x.ndim - 1)


def pair_order(x, y, weights):
    # MLX has no searchsorted, and fails at products in the inner graph: compare all pairs here.
    sign_x, sign_y = mx.sign(x[:, None] - x[None, :]), mx.sign(y[:, None] - y[None, :])
    products = (sign_x * sign_y, mx.abs(sign_x), mx.abs(sign_y))
    return mx.stack([add_up(weights * add_up(s * weights, 1), 0) / 2 for s in products])


register_functions(mlx_funcify, {PairOrder: pair_order})
