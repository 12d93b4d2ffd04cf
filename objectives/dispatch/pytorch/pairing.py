from functools import partial

import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.ops.pairing import NO_ITEM, FirstRows, OverRows


def over_rows(op, x, scores):
    result = torch.full(scores.shape[:-1], NO_ITEM, dtype=x.dtype, device=x.device)
    result[op.place(x, scores)] = x
    return result


def first_rows(op, x, labels):
    return x[op.place(x, labels)]


@pytorch_funcify.register(OverRows)
def pytorch_funcify_over_rows(op, **kwargs):
    return partial(over_rows, op)


@pytorch_funcify.register(FirstRows)
def pytorch_funcify_first_rows(op, **kwargs):
    return partial(first_rows, op)
