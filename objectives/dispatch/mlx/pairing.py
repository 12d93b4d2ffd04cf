import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.pairing import NO_ITEM, FirstRows, OverRows


@mlx_funcify.register(OverRows)
def mlx_funcify_over_rows(op, **kwargs):
    def over_rows(x, scores):
        result = mx.full(scores.shape[:-1], NO_ITEM, x.dtype)
        result[op.place(x, scores)] = x
        return result

    return over_rows


@mlx_funcify.register(FirstRows)
def mlx_funcify_first_rows(op, **kwargs):
    return lambda x, labels: x[op.place(x, labels)]
