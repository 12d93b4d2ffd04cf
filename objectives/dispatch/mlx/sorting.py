import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch._functions import register_functions
from objectives.dispatch.mlx.summation import add_up, cumulate
from objectives.ops.sorting import PairOrder, WeightedQuantile, WeightedRank, quantile

# MLX has no searchsorted: ranks and pairs compare all pairs, as the inner graphs do, of whose products MLX fails


@mlx_funcify.register(WeightedQuantile)
def mlx_funcify_weighted_quantile(op, **kwargs):
    def weighted_quantile(x, weights):
        return quantile(mx, mx.take_along_axis, x, weights, op.q, cumulate)

    return weighted_quantile


def weighted_rank(x, weights):
    less = (x[None, :] < x[:, None]).astype(weights.dtype)
    up_to = (x[None, :] <= x[:, None]).astype(weights.dtype)
    return add_up((less + up_to) * weights, 1) / 2


def pair_order(x, y, weights):
    sign_x, sign_y = mx.sign(x[:, None] - x[None, :]), mx.sign(y[:, None] - y[None, :])
    products = (sign_x * sign_y, mx.abs(sign_x), mx.abs(sign_y))
    return mx.stack([add_up(weights * add_up(s * weights, 1), 0) / 2 for s in products])


register_functions(mlx_funcify, {WeightedRank: weighted_rank, PairOrder: pair_order})
