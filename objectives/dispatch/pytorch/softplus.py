import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.ops.softplus import Softplus


def softplus(x):
    return torch.logaddexp(x, torch.zeros_like(x))


@pytorch_funcify.register(Softplus)
def pytorch_funcify_softplus(op, **kwargs):
    return softplus
