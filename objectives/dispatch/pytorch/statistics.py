import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.ops.statistics import Accumulate


@pytorch_funcify.register(Accumulate)
def pytorch_funcify_accumulate(op, **kwargs):
    def accumulate(state, statistic):
        return op.compute(torch, state, statistic)

    return accumulate
