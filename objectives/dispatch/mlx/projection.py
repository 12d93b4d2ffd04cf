import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.projection import SimplexThreshold


def simplex_threshold(z):
    ordered = -mx.sort(-z, axis=-1)
    ranks = mx.arange(1, z.shape[-1] + 1).astype(z.dtype)
    return mx.max((mx.cumsum(ordered, axis=-1) - 1) / ranks, axis=-1)


register_functions(mlx_funcify, {SimplexThreshold: simplex_threshold})
