import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.softplus import Softplus


def softplus(x):
    return mx.logaddexp(x, mx.array(0, x.dtype))


@mlx_funcify.register(Softplus)
def mlx_funcify_softplus(op, **kwargs):
    return softplus
