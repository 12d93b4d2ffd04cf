from functools import partial

import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit

from objectives.dispatch.numba._registration import make_in_numpy, register_kernel, register_kernel_maker
from objectives.ops.sorting import (
    PairOrder,
    WeightedQuantile,
    WeightedRank,
    make_pair_order,
)

# No fastmath, which assumes that there is no NaN or infinity.
compiled = partial(numba_njit, fastmath=False)
EPSILON = float(np.finfo("float64").eps)


@compiled
def stable_argsort(x):
    return np.argsort(x, kind="mergesort")


pairs = compiled(make_pair_order(np, stable_argsort, compiled=compiled))


@compiled
def quantile_of_column(x, weights, q):
    counts = weights != 0
    x, weights = x[counts], weights[counts].astype(np.float64)
    if np.isnan(x).any() or not weights.sum() > 0:
        return np.nan
    order = np.argsort(x)
    cumulated = np.cumsum(weights[order])
    share, slack = q * cumulated[-1], 2 * EPSILON * cumulated[-1]
    low = min(np.searchsorted(cumulated, share - slack, side="left"), x.size - 1)
    high = min(np.searchsorted(cumulated, share + slack, side="right"), x.size - 1)
    return x[order[low]] / 2 + x[order[high]] / 2


@register_kernel_maker(WeightedQuantile)
def make_weighted_quantile(op, node):
    q = op.q

    def weighted_quantile(x, weights):
        result = np.empty(x.shape[1], x.dtype)
        for j in range(x.shape[1]):
            result[j] = quantile_of_column(x[:, j], weights[:, j], q)
        return result

    return weighted_quantile


register_kernel_maker(WeightedRank)(make_in_numpy)


@register_kernel(PairOrder)
def pair_order(x, y, weights):
    same, different_x, different_y = pairs(x, y, weights.astype(np.float64))
    return np.array([same, different_x, different_y], weights.dtype)
