import mlx.core as mx
from pytensor.link.mlx.dispatch.basic import mlx_funcify

from objectives.ops.statistics import Accumulate


@mlx_funcify.register(Accumulate)
def mlx_funcify_accumulate(op, **kwargs):
    def accumulate(state, statistic):
        return op.compute(mx, state, statistic)

    return accumulate
