import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.dispatch._functions import register_functions
from objectives.ops.softplus import Softplus


def softplus(x):
    return mx.logaddexp(x, mx.array(0, x.dtype))


register_functions(mlx_funcify, {Softplus: softplus})
